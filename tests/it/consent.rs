//! Consent of an originator: Borea tells Alba under its control, and Alba would tell Corva.

use serde_json::Value;

use crate::support::{Home, Pair, Serving, World, count, list, number, stix, text};

/// The draft, with any indicator in the place of matched ones; passed on with consent alone.
fn any(text: String) -> String {
    let text = text.replace("only = \"matched\"", "only = \"any\"");
    let text = text.replace("retention = {", "onward = \"consent\"\nretention = {");
    let from = "The receiver keeps it for";
    assert!(text.contains(from), "{text}");
    text.replace(from, "Onward: {onward}. The receiver keeps it for")
}

/// Three parties: Alba has an accord with Borea and another with Corva, which know of each other
/// nothing.
struct Three {
    a: Home,
    b: Home,
    c: Home,
    world: World,
    _serving: [Serving; 3],
}

impl Three {
    fn agreed() -> Three {
        let world = World::new();
        let [a, b, c] = ["Alba", "Borea", "Corva"].map(|name| world.party(name, true));
        let serving = [a.serve(), b.serve(), c.serve()];
        for other in [&b, &c] {
            for (from, to) in [(&a, other), (other, &a)] {
                let card = from.card(&world.path(&format!("{}.card", from.name)));
                to.run(&["party", "add", &card, "--yes"]).exits(0);
            }
            let slug = format!("alba-{}", other.name.to_lowercase());
            let drafted = a.run(&["accord", "draft", &slug, "--with", &other.name]).exits(0);
            let file = world.write(&format!("{slug}.toml"), any(drafted.out));
            a.run(&["accord", "propose", &file]).exits(0);
            a.run(&["accord", "sign", &file]).exits(0);
            other.run(&["sync"]).exits(0);
            other.run(&["accord", "sign", &file]).exits(0);
            let status = a.json(&["accord", "status", &slug]);
            assert_eq!(status[0]["in_force"], true, "{status:#}");
        }
        Three { a, b, c, world, _serving: serving }
    }

    /// Both ends of an accord export it, and both exports are sound; gives A's report.
    #[track_caller]
    fn sound(&self, slug: &str, other: &Home) -> Value {
        let reports = [&self.a, other].map(|home| {
            let folder = format!("{slug}-{}", home.name);
            let to = self.world.path(&folder).display().to_string();
            home.run(&["log", "export", slug, "--to", &to]).exits(0);
            self.world.verify(&folder).exits(0).json()
        });
        for report in &reports {
            assert_eq!(report["sound"], true, "{report:#}");
        }
        let [own, _] = reports;
        own
    }
}

const TO_A: [&str; 3] = ["release", "alba-borea", "--own"];
const TO_C: [&str; 3] = ["release", "alba-corva", "--own"];

#[test]
fn what_another_controls_goes_on_with_its_consent_alone() {
    let three = Three::agreed();
    let (a, b, c) = (&three.a, &three.b, &three.c);
    let rows: &[(&str, &str, &[&str])] = &[
        ("hers.example.com", "green", &["detente:originator=\"Borea\""]),
        ("told.example.com", "green", &[]),
    ];
    b.import(&[&three.world.write("b.json", stix(rows)), "--source", "desk"]);
    // Its own originator needs nobody's consent.
    assert_eq!(number(&b.json(&TO_A), "allowed"), 2);
    for name in ["hers", "told"] {
        let found = a.json(&["search", &format!("{name}.example.com")]);
        let received = &found["received"][0];
        assert_eq!(text(received, "control"), "Borea");
        assert_eq!(received["terms"]["onward"], "consent");
    }
    a.run(&["search", "hers.example.com"]).exits(0).says("under the control of Borea");

    // Imported again as if it were the own, it is still Borea's.
    let copied = three.world.write("copied.txt", "hers.example.com\ntold.example.com\n");
    a.import(&[&copied, "--tlp", "green", "--source", "ours"]);
    let own = three.world.write("own.txt", "own.example.com\n");
    a.import(&[&own, "--tlp", "green", "--source", "ours"]);
    let dry = a.json(&[&TO_C[..], &["--dry-run"]].concat());
    let codes: Vec<&str> = list(&dry, "objects").iter().map(|o| text(o, "code")).collect();
    assert_eq!(codes.iter().filter(|code| **code == "consent_missing").count(), 2, "{dry:#}");
    assert_eq!(number(&dry, "allowed"), 1, "{dry:#}");
    a.run(&[&TO_C[..], &["--dry-run"]].concat()).exits(0).says("originator must consent");
    // Borea itself may be told what it told.
    assert_eq!(number(&a.json(&[&TO_A[..], &["--dry-run"]].concat()), "allowed"), 3);

    // Nor does a run tell Corva what Borea told.
    for (slug, entered, held_out) in [("alba-corva", 1, 2), ("alba-borea", 3, 0)] {
        let told = a.json(&["match", slug, "--clause", "1", "--explain"]);
        let found = (number(&told, "entered"), number(&told, "held_out"));
        assert_eq!(found, (entered, held_out), "{told:#}");
    }

    // Asked, narrowed, given.
    let ask = ["consent", "ask", "alba-corva", "hers.example.com", "told.example.com"];
    let more = ["--until", "2099-01-01", "--reason", "they are hit too"];
    let asked = a.json(&[&ask[..], &more].concat());
    assert_eq!(text(&asked, "accord"), "alba-borea", "{asked:#}");
    let request = text(&asked, "act").to_owned();
    b.run(&["consent", "list"]).exits(0).says("Alba asks Borea  OPEN").says("hers.example.com");
    let open = b.json(&["consent", "list", "alba-borea"]);
    let objects = list(&open[0], "objects");
    let hers = objects.iter().find(|o| o["value"] == "hers.example.com").unwrap();
    let came = text(hers, "came").to_owned();
    // Who asks can't answer, and an analyst may not.
    a.fails(2, "unknown", &["consent", "give", "alba-borea", &request]);
    let give = ["consent", "give", "alba-borea", &request, "--only", &came];
    b.fails(1, "no_authority", &[&give[..], &["--as", "analyst"]].concat());
    let given = b.json(&give);
    let consent = text(&given, "act").to_owned();
    a.run(&["sync"]).exits(0);
    a.run(&["consent", "list", "alba-borea"]).exits(0).says("GIVEN");
    a.run(&["accord", "status", "alba-borea"]).exits(0).says(&consent[..16]);

    // It leaves as Borea's: Corva sees that, and whose consent it was.
    let release = ["release", "alba-corva", "--consent", &consent[..16]];
    let dry = a.json(&[&release[..], &["--dry-run"]].concat());
    assert_eq!((number(&dry, "allowed"), number(&dry, "denied")), (1, 0), "{dry:#}");
    a.fails(1, "consent_other_holder", &["release", "alba-borea", "--consent", &consent]);
    let done = a.json(&release);
    assert_eq!(number(&done, "allowed"), 1, "{done:#}");
    assert!(!done["receipt"].is_null(), "{done:#}");
    let found = c.json(&["search", "hers.example.com"]);
    let received = &found["received"][0];
    assert_eq!(text(received, "from"), "Alba", "{found:#}");
    assert!(!received["control"].is_null(), "{found:#}");
    assert_eq!(list(&c.json(&["search", "told.example.com"]), "received").len(), 0);
    c.run(&["accord", "history", "alba-corva"]).exits(0).says("shows consent").says("Borea");
    // Once is enough.
    let again = a.json(&[&release[..], &["--dry-run"]].concat());
    assert_eq!((number(&again, "allowed"), number(&again, "there")), (0, 1), "{again:#}");

    // Taken back, it carries nothing more.
    let retract = ["accord", "retract", "alba-borea", &consent, "--reason", "a leak"];
    b.run(&retract).exits(0);
    a.fails(1, "consent_retracted", &release);
    a.run(&["consent", "list", "alba-borea"]).exits(0).says("RETRACTED");
    three.sound("alba-borea", b);
    let report = three.sound("alba-corva", c);
    assert!(report.to_string().contains("consent_elsewhere"), "{report:#}");
}

#[test]
fn a_refusal_says_why_and_nothing_leaves() {
    let three = Three::agreed();
    let (a, b) = (&three.a, &three.b);
    let names = three.world.write("b.txt", "told.example.com\n");
    b.import(&[&names, "--tlp", "green"]);
    assert_eq!(number(&b.json(&TO_A), "allowed"), 1);
    let more = ["--until", "2099-01-01", "--reason", "they are hit too"];
    let nothing = ["consent", "ask", "alba-corva", "unknown.example.com"];
    a.fails(1, "nothing_received", &[&nothing[..], &more].concat());
    let ask = ["consent", "ask", "alba-corva", "told.example.com"];
    let purpose = ["--purpose", "network-defence"];
    let asked = a.json(&[&ask[..], &more, &purpose].concat());
    let request = text(&asked, "act");
    let refuse = ["consent", "refuse", "alba-borea", request, "--reason", "not to them"];
    b.run(&refuse).exits(0).says("not to them");
    b.fails(1, "without_effect", &refuse);
    a.run(&["sync"]).exits(0);
    let listed = a.json(&["consent", "list", "alba-borea"]);
    assert_eq!(text(&listed[0], "standing"), "refused", "{listed:#}");
    assert_eq!(text(&listed[0], "words"), "not to them");
    a.fails(2, "unknown", &["release", "alba-corva", "--consent", request]);
    three.sound("alba-borea", b);
}

/// Own indicators without a match: by kind, source, value, file and time; never twice.
#[test]
fn own_indicators_leave_where_a_clause_permits_any() {
    let (pair, _serving) = Pair::agreed_on(any);
    let one = "one.example.com\n192.0.2.7\n";
    pair.a.import(&[&pair.world.write("one.txt", one), "--tlp", "green", "--source", "one"]);
    let two = "two.example.com\nred.example.com\n";
    pair.a.import(&[&pair.world.write("two.txt", two), "--tlp", "green", "--source", "two"]);
    let red = pair.world.write("red.txt", "red.example.com\n");
    pair.a.import(&[&red, "--tlp", "red", "--source", "dark"]);
    let dry = |more: &[&str]| {
        // Exit code 1 where something stays and nothing would leave.
        let report = pair.a.run(&[&TO_A[..], &["--dry-run", "--json"], more].concat()).json();
        assert!(report["act"].is_null() && report["run"].is_null(), "{report:#}");
        (number(&report, "allowed"), number(&report, "denied"), number(&report, "there"))
    };
    assert_eq!(dry(&[]), (4, 1, 0));
    assert_eq!(dry(&["--kind", "ipv4"]), (1, 0, 0));
    assert_eq!(dry(&["--source", "two", "--kind", "domain"]), (2, 0, 0));
    assert_eq!(dry(&["--value", "red[.]example[.]com"]), (1, 1, 0));
    // A selection that takes nothing is a refusal.
    pair.a.run(&[&TO_A[..], &["--since", "2099-01-01"]].concat()).exits(1).says("nothing left");
    let values = pair.world.write("values.txt", "# mine\none.example.com\nelse.example.com\n");
    assert_eq!(dry(&["--values", &values]), (1, 0, 0));
    let nothing = pair.world.write("nothing.txt", "# none\n");
    pair.a.fails(2, "nothing_selected", &[&TO_A[..], &["--values", &nothing]].concat());
    pair.a.run(&["release", "alba-borea"]).exits(2);
    pair.a.run(&["release", "alba-borea", "--kind", "ipv4"]).exits(2);

    let done = pair.a.json(&[&TO_A[..], &["--source", "one"]].concat());
    assert_eq!(number(&done, "allowed"), 2, "{done:#}");
    assert!(!done["receipt"].is_null(), "{done:#}");
    assert_eq!(dry(&[]), (2, 1, 2));
    pair.a.run(&TO_A).exits(0).says("own indicators").says("2 are there already");
    assert_eq!(dry(&[]), (0, 1, 4));
    assert_eq!(dry(&["--again"]), (4, 1, 0));
    let found = pair.b.json(&["search", "two.example.com"]);
    assert_eq!(text(&found["received"][0], "from"), "Alba", "{found:#}");
    assert_eq!(list(&pair.b.json(&["search", "red.example.com"]), "received").len(), 1);
    pair.sound("own");
}

/// More than one act holds goes in several, and the cap counts over all of them.
#[test]
fn a_large_selection_goes_in_batches_within_its_cap() {
    let cap = "count = 20000";
    let (pair, _serving) = Pair::agreed_on(|text| any(text).replace(cap, "count = 5000"));
    let names: String = (0..5_003).map(|n| format!("h{n}.example.com\n")).collect();
    pair.a.import(&[&pair.world.write("names.txt", names), "--tlp", "green"]);
    let dry = pair.a.json(&[&TO_A[..], &["--dry-run"]].concat());
    assert_eq!((number(&dry, "allowed"), number(&dry, "denied")), (5_000, 3));
    let done = pair.a.json(&TO_A);
    assert_eq!((number(&done, "allowed"), number(&done, "denied")), (5_000, 3));
    assert_eq!(list(&done, "acts").len(), 2);
    assert!(!done["receipt"].is_null());
    assert_eq!(count(&pair.b.json(&["count"]), "received", "Alba"), 5_000);
    let again = pair.a.run(&[&TO_A[..], &["--json"]].concat()).exits(1).json();
    assert_eq!((number(&again, "allowed"), number(&again, "there")), (0, 5_000));
    pair.sound("batches");
}

/// The clause on matched indicators lets nothing go without a match, and says so.
#[test]
fn own_indicators_stay_where_only_matched_ones_may_go() {
    let (pair, _serving) = Pair::agreed();
    let file = pair.world.write("one.txt", "one.example.com\n");
    pair.a.import(&[&file, "--tlp", "green"]);
    let report = pair.a.run(&[&TO_A[..], &["--json"]].concat()).exits(1).json();
    assert_eq!((number(&report, "allowed"), number(&report, "denied")), (0, 1));
    assert_eq!(text(&report["objects"][0], "code"), "not_matched", "{report:#}");
}
