//! Clauses that both apply before their text is in force: they work as if it were, until a notice.

use crate::support::{Pair, list, number, text};

const RELEASE: [&str; 4] = ["release", "alba-borea", "--matched", "last"];
const END: [&str; 2] = ["--expires", "2090-01-01"];

/// A party applies clauses of the proposed text.
fn adopt(home: &crate::support::Home, clauses: &[&str]) {
    let mut args = vec!["accord", "adopt-provisionally", "alba-borea"];
    clauses.iter().for_each(|clause| args.extend(["--clause", clause]));
    args.extend(END);
    home.run(&args).exits(0);
}

#[test]
fn what_both_apply_works_until_one_gives_notice() {
    let pair = Pair::met(false, true);
    let file = pair.draft("accord.toml", |text| text);
    let _serving = pair.b.serve();
    let names = pair.world.write("names.txt", "one.example.com\ntwo.example.com\n");
    for home in [&pair.a, &pair.b] {
        home.import(&[&names, "--tlp", "green"]);
    }
    pair.a.run(&["accord", "propose", &file]).exits(0);
    // One side alone applies nothing.
    adopt(&pair.a, &["1", "2"]);
    let matching = ["match", "alba-borea", "--clause", "1"];
    pair.a.fails(1, "match_not_in_force", &matching);
    adopt(&pair.b, &["1", "2"]);
    let status = pair.a.json(&["accord", "status", "alba-borea"]);
    assert_eq!(status[0]["in_force"], false, "{status:#}");
    assert!(text(&status[0], "standing").contains("applied provisionally"), "{status:#}");
    let exposure = pair.a.json(&["accord", "exposure", "alba-borea"]);
    let applied = list(&exposure, "applied");
    assert_eq!(applied.len(), 4, "two clauses, both ways: {exposure:#}");
    let shown = pair.a.run(&["accord", "exposure", "alba-borea"]).exits(0);
    shown.says("applied provisionally: clause 2 from Alba to Borea");
    pair.b.run(&["accord", "matrix", "alba-borea"]).exits(0).says("provisional");

    let run = pair.a.json(&matching);
    assert_eq!(number(&run, "common"), 2, "{run:#}");
    let done = pair.a.json(&RELEASE);
    assert_eq!(number(&done, "allowed"), 2, "{done:#}");
    assert!(!done["receipt"].is_null(), "{done:#}");
    let found = pair.b.json(&["search", "one.example.com"]);
    assert_eq!(list(&found, "received").len(), 1, "{found:#}");

    // B will not become a party. What left stays where it is; nothing more leaves.
    let refuse = ["accord", "refuse", &file, "--reason", "our parliament has said no"];
    pair.b.run(&refuse).exits(0);
    pair.a.run(&["sync"]).exits(0);
    let again = [&RELEASE[..], &["--again", "--json"]].concat();
    let after = pair.a.run(&again);
    assert_ne!(after.code, 0, "{after}");
    assert!(after.out.contains("not in force") || after.out.contains("not_in_force"), "{after}");
    pair.a.fails(1, "match_not_in_force", &matching);
    let exposure = pair.a.json(&["accord", "exposure", "alba-borea"]);
    assert_eq!(list(&exposure, "applied").len(), 0, "{exposure:#}");
    // Both records say the same, and an auditor agrees with each decision.
    pair.sound("provisional");
}
