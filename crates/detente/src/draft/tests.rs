//! Each template: no finding of the check, and what it lets leave.

use detente_accord::Accord;
use detente_core::{PartyId, UnixSeconds};
use detente_paper::TEMPLATES;

use super::{Side, fill, templates};
use crate::check::check;
use detente_table::exposure::{answer, report};

const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);

fn filled(name: &str, count: usize) -> String {
    let names = ["Alba", "Borea", "Cora"].into_iter().zip(1..).take(count);
    let sides = names.map(|(name, byte)| Side { name: name.into(), id: PartyId::new([byte; 32]) });
    let sides: Vec<Side> = sides.collect();
    fill(name, "x", &sides, NOW).unwrap_or_else(|failure| panic!("{name}: {failure:?}"))
}

/// Asks the exposure of a filled template: `no`, `in part` or `yes`, and the clauses that permit.
fn ask(name: &str, count: usize, words: &str) -> (String, String) {
    let accord = Accord::parse(filled(name, count).as_bytes()).unwrap();
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    let answer = answer(&accord, &words, NOW).unwrap_or_else(|failure| panic!("{failure:?}"));
    (answer.answer, answer.permits.join(" "))
}

#[track_caller]
fn says(found: (String, String), answer: &str, clauses: &str) {
    assert_eq!((found.0.as_str(), found.1.as_str()), (answer, clauses));
}

/// The words of a question about an object that a template lets go.
const PLAIN: &str = "from=A to=B kind=domain matched=yes label=apt";

#[test]
fn each_is_listed_and_checks_without_finding() {
    assert_eq!(templates().len(), TEMPLATES.len());
    for template in TEMPLATES {
        let text = filled(template.name, *template.parties.start());
        let found = check("x.toml", text.as_bytes(), NOW);
        assert!(found.sound && found.code() == 0, "{}: {found:?}", template.name);
        assert!(found.confusables.is_empty() && found.words_unread.is_empty(), "{found:?}");
    }
    let failed = fill("treaty", "x", &[], NOW).unwrap_err();
    assert_eq!(failed.code, "unknown_template");
    assert!(failed.remedy.unwrap().contains("matching"));
}

/// What names people leaves under no template, whatever else is true of it.
#[test]
fn each_opens_something_and_nothing_that_names_people_or_is_red() {
    for template in TEMPLATES {
        let count = *template.parties.start();
        let accord = Accord::parse(filled(template.name, count).as_bytes()).unwrap();
        let table = report(&accord, NOW).unwrap();
        assert!(table.open > 0 && table.open < table.cells / 4, "{}", template.name);
        for closed in ["label=victim", "label=source", "tlp=red", "kind=email label=victim"] {
            assert_eq!(ask(template.name, count, closed).0, "no", "{}: {closed}", template.name);
        }
    }
}

#[test]
fn matching_lets_out_what_both_hold() {
    says(ask("matching", 2, &format!("{PLAIN} tlp=amber")), "yes", "2");
    says(ask("matching", 2, "matched=no"), "no", "");
}

/// Each side tells the other what seems to come from it, and nothing else.
#[test]
fn confidence_lets_out_what_seems_to_come_from_the_other_side() {
    let ask = |words: &str| ask("confidence-2013", 2, words);
    for (from, to, clause) in [("A", "B", "2.1"), ("B", "A", "2.2")] {
        let plain = format!("from={from} to={to} kind=sha256 matched=no tlp=amber label=apt");
        says(ask(&format!("{plain} threat_origin={to}")), "yes", clause);
        for origin in [from, "third", "unknown"] {
            says(ask(&format!("{plain} threat_origin={origin}")), "no", "");
        }
    }
    for closed in ["tlp=amber+strict", "kind=email", "kind=report", "kind=malware-sample"] {
        says(ask(closed), "no", "");
    }
    assert_eq!(ask("label=natural-person").0, "no");
}

#[test]
fn assistance_lets_out_what_has_a_purpose() {
    let ask = |words: &str| ask("assistance-2015", 2, words);
    for purpose in ["law-enforcement", "incident-response", "network-defence"] {
        says(ask(&format!("{PLAIN} tlp=amber purpose={purpose}")), "yes", "2.1");
    }
    for closed in ["purpose=intelligence", "purpose=unknown", "tlp=amber+strict", "kind=email"] {
        says(ask(closed), "no", "");
    }
}

/// Matched up to amber, all else up to green; between each two members, in each direction.
#[test]
fn an_isac_has_two_ceilings() {
    let ask = |words: &str| ask("isac-nis2", 3, words);
    for (from, to) in [("A", "B"), ("B", "C"), ("C", "A")] {
        let plain = format!("from={from} to={to} kind=url label=apt");
        says(ask(&format!("{plain} matched=yes tlp=amber")), "yes", "2.2");
        says(ask(&format!("{plain} matched=no tlp=green")), "yes", "2.3");
        says(ask(&format!("{plain} matched=no tlp=amber")), "no", "");
    }
    assert_eq!(ask("label=customer-data").0, "no");
    says(ask("tlp=amber+strict"), "no", "");
    let text = filled("isac-nis2", 3);
    for pair in ["[\"A\", \"B\"]", "[\"A\", \"C\"]", "[\"B\", \"C\"]"] {
        assert_eq!(text.matches(&format!("between = {pair}")).count(), 1, "{pair}");
    }
}

#[test]
fn banks_let_out_what_both_hold_for_defence_alone() {
    let ask = |words: &str| ask("banks", 2, words);
    says(ask(&format!("{PLAIN} tlp=amber purpose=network-defence")), "yes", "2.1");
    for closed in ["matched=no", "purpose=law-enforcement", "purpose=unknown", "kind=email"] {
        says(ask(closed), "no", "");
    }
    for label in ["account-data", "customer-data", "natural-person"] {
        assert_eq!(ask(&format!("label={label}")).0, "no");
    }
}
