//! Three parties on three nodes, and a text that is in force once two have ratified it.

use crate::support::{Home, World, list, text};

/// The clause of the matrix between two parties, as one home's record has it.
#[track_caller]
fn cell(home: &Home, clause: &str, from: &str, to: &str) -> String {
    let matrix = home.json(&["accord", "matrix", "isac-1"]);
    let way = list(&matrix, "ways").iter().position(|way| way[0] == from && way[1] == to);
    let row = list(&matrix, "clauses").iter().find(|row| row["clause"] == clause);
    let (way, row) = (way.expect("the way is there"), row.expect("the clause is there"));
    text(&list(row, "cells")[way], "standing").to_owned()
}

#[test]
fn what_two_have_ratified_binds_the_two_and_the_third_when_it_follows() {
    let world = World::new();
    let a = world.party("Alba", false);
    let (b, c) = (world.party("Borea", true), world.party("Corda", true));
    for from in [&a, &b, &c] {
        let card = from.card(&world.path(&format!("{}.card", from.name)));
        for to in [&a, &b, &c].into_iter().filter(|to| to.name != from.name) {
            to.run(&["party", "add", &card, "--yes"]).exits(0);
        }
    }
    let serving = [b.serve(), c.serve()];
    let parties = ["--with", "Borea", "--with", "Corda"];
    let template = ["accord", "draft", "isac-1", "--template", "isac-nis2"];
    let drafted = a.run(&[template.as_slice(), &parties].concat()).exits(0).out;
    let by = drafted.replacen("by = \"signature\"", "by = \"ratification\"", 1);
    assert_ne!(by, drafted);
    let file = world.write("isac.toml", by);
    a.run(&["accord", "propose", &file]).exits(0);
    for home in [&a, &b, &c] {
        home.run(&["accord", "sign", "isac-1"]).exits(0);
    }
    a.run(&["accord", "ratify", "isac-1"]).exits(0);
    let status = b.json(&["accord", "status", "isac-1"]);
    assert_eq!(status[0]["in_force"], false, "one is not enough: {status:#}");
    b.run(&["accord", "ratify", "isac-1"]).exits(0);
    a.run(&["sync"]).exits(0);
    for home in [&a, &b, &c] {
        assert_eq!(cell(home, "2.2", "Alba", "Borea"), "running", "{}", home.name);
        assert_eq!(cell(home, "2.2", "Alba", "Corda"), "not in force", "{}", home.name);
    }
    let seen = world.write("x.txt", "evil.example.com\n45.1.2.3\n");
    for home in [&a, &b, &c] {
        home.import(&[&seen, "--source", "feed", "--tlp", "green"]);
    }
    assert_eq!(a.json(&["match", "isac-1", "--clause", "2.1.1"])["common"], 2);
    a.fails(1, "match_clause_held", &["match", "isac-1", "--clause", "2.1.2"]);
    c.run(&["accord", "ratify", "isac-1"]).exits(0);
    assert_eq!(a.json(&["match", "isac-1", "--clause", "2.1.2"])["common"], 2);
    assert_eq!(cell(&c, "2.2", "Corda", "Borea"), "running");
    a.run(&["sync"]).exits(0);
    let to = world.path("record").display().to_string();
    a.run(&["log", "export", "isac-1", "--to", &to]).exits(0);
    let report = world.verify("record").exits(0).json();
    assert_eq!((&report["sound"], list(&report, "parties").len()), (&true.into(), 3), "{report:#}");
    drop(serving);
}
