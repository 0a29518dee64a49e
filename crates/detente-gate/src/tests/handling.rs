//! Facts beside kind and colour: what is unknown denies, and each refusal says which fact it was.

use detente_accord::Accord;
use detente_core::act::ObjectFacts;
use detente_core::{Handling, Pap, Purpose, Whose};
use detente_state::ConsentGap;

use super::{
    Allow, Ban, Draft, More, accord, allow, ask, ban, clause_of, denied, facts, id, only, question,
};
use crate::{Verdict, decide};

fn with(handling: Handling) -> ObjectFacts {
    ObjectFacts { handling, ..facts() }
}

fn permit(more: More) -> Accord {
    only(Allow { more, ..allow() })
}

fn forbid(more: More) -> Accord {
    let rule = Ban { more, ..ban() };
    accord(&[Draft::Allow("1".to_owned(), allow()), Draft::Ban("2".to_owned(), rule)])
}

/// A rule that asks for one fact; an object that has it as asked, and one that has it otherwise.
fn asked() -> Vec<(More, Handling, Handling, &'static str)> {
    let none = Handling::default;
    let category = |word: &str| Handling { category: Some(word.to_owned()), ..none() };
    let threat = |whose| Handling { threat: Some(whose), ..none() };
    let purpose = |purpose| Handling { purpose: Some(purpose), ..none() };
    vec![
        (
            More { categories: vec!["power"], ..More::default() },
            category("power"),
            category("water"),
            "category",
        ),
        (
            More { threat: vec!["B"], ..More::default() },
            threat(Whose::Party(id("B"))),
            threat(Whose::Third),
            "origin of the threat",
        ),
        (
            More { purposes: vec![Purpose::NetworkDefence], ..More::default() },
            purpose(Purpose::NetworkDefence),
            purpose(Purpose::Intelligence),
            "purpose",
        ),
    ]
}

#[test]
fn a_permission_that_asks_covers_what_is_known_to_be_so() {
    for (more, inside, outside, fact) in asked() {
        let text = permit(more);
        assert_eq!(clause_of(&ask(&text, &with(inside))), "1");
        let denial = denied(ask(&text, &with(outside)));
        assert_eq!(denial.code(), "outside_clause");
        assert_eq!(denial.to_string(), format!("clause 1 does not cover its {fact}"));
        let denial = denied(ask(&text, &facts()));
        assert_eq!((denial.code(), denial.clause()), ("fact_unknown", Some("1")));
        assert_eq!(denial.to_string(), format!("clause 1 asks for its {fact}, which is unknown"));
    }
}

#[test]
fn a_prohibition_that_asks_covers_what_is_unknown() {
    for (more, inside, outside, fact) in asked() {
        let text = forbid(more);
        assert_eq!(denied(ask(&text, &with(inside))).to_string(), "clause 2 forbids it");
        assert_eq!(clause_of(&ask(&text, &with(outside))), "1");
        let denial = denied(ask(&text, &facts()));
        assert_eq!(denial.to_string(), format!("clause 2 forbids it: its {fact} is unknown"));
    }
}

#[test]
fn pap_is_a_ceiling_and_a_floor() {
    let more = More { pap: Some(Pap::Green), ..More::default() };
    let (ceiling, floor) = (permit(more.clone()), forbid(more));
    for (pap, up, down) in [
        (Some(Pap::Clear), None, None),
        (Some(Pap::Green), None, Some("forbidden")),
        (Some(Pap::Amber), Some("pap_ceiling"), Some("forbidden")),
        (Some(Pap::Red), Some("pap_ceiling"), Some("forbidden")),
        (None, Some("fact_unknown"), Some("forbidden")),
    ] {
        let object = with(Handling { pap, ..Handling::default() });
        let code = |verdict| match verdict {
            Verdict::Allow(_) => None,
            Verdict::Deny(denial) => Some(denial.code()),
        };
        assert_eq!(code(ask(&ceiling, &object)), up, "{pap:?}");
        assert_eq!(code(ask(&floor, &object)), down, "{pap:?}");
    }
    let red = with(Handling { pap: Some(Pap::Red), ..Handling::default() });
    let denial = denied(ask(&ceiling, &red));
    assert_eq!(denial.to_string(), "marked PAP:RED, clause 1 lets go up to PAP:GREEN");
}

#[test]
fn a_list_of_receivers_binds_whatever_the_clauses_say() {
    let to = |parties: &[&str]| Handling {
        releasable: Some(parties.iter().map(|handle| id(handle)).collect()),
        ..Handling::default()
    };
    let text = only(allow());
    assert_eq!(clause_of(&ask(&text, &with(to(&["A", "B"])))), "1");
    for list in [&["A", "C"][..], &[]] {
        assert_eq!(denied(ask(&text, &with(to(list)))).code(), "not_releasable");
    }
    let listed = only(Allow { listed: true, ..allow() });
    assert_eq!(clause_of(&ask(&listed, &with(to(&["B"])))), "1");
    assert_eq!(denied(ask(&listed, &facts())).code(), "not_listed");
    assert_eq!(denied(ask(&listed, &with(to(&["C"])))).code(), "not_releasable");
}

#[test]
fn another_originator_must_consent_and_under_the_very_clause() {
    let text = accord(&[
        Draft::Allow("1".to_owned(), allow()),
        Draft::Allow("2".to_owned(), allow()),
        Draft::Allow("3".to_owned(), Allow { to: "A", from: "B", ..allow() }),
    ]);
    // B, who receives, is no exception: it has to say so.
    for whose in [Whose::Third, Whose::Party(id("B")), Whose::Party(id("C"))] {
        let object = with(Handling { originator: Some(whose), ..Handling::default() });
        let mut question = question(&text, &object);
        assert_eq!(denied(decide(&question)).code(), "consent_missing");
        for gap in [ConsentGap::Retracted, ConsentGap::OtherReceiver] {
            question.consent = Err(gap);
            assert_eq!(denied(decide(&question)).code(), gap.code());
        }
        for clause in ["1", "2"] {
            question.consent = Ok(clause);
            assert_eq!(clause_of(&decide(&question)), clause);
        }
        // A consent opens nothing: the clause itself must let the object go.
        for clause in ["3", "4"] {
            question.consent = Ok(clause);
            assert_eq!(denied(decide(&question)).code(), "no_permit", "{clause}");
        }
        (question.consent, question.under) = (Ok("2"), Some("1"));
        assert_eq!(denied(decide(&question)).code(), "consent_other_clause");
    }
}

#[test]
fn who_is_the_originator_needs_no_consent() {
    let text = only(allow());
    let own = Some(Whose::Party(id("A")));
    let object = with(Handling { originator: own, ..Handling::default() });
    assert_eq!(clause_of(&ask(&text, &object)), "1");
    // All else binds it as ever.
    let red = ObjectFacts { tlp: detente_core::Tlp::Red, ..object };
    assert_eq!(denied(ask(&text, &red)).code(), "tlp_ceiling");
}

/// A territory is a party's by its id: whoever is no party of the text is a third to it.
#[test]
fn a_stranger_is_a_third() {
    let text = permit(More { threat: vec!["third"], ..More::default() });
    let stranger = Whose::Party(detente_core::PartyId::new([9; 32]));
    let from = |whose| with(Handling { threat: Some(whose), ..Handling::default() });
    assert_eq!(clause_of(&ask(&text, &from(stranger))), "1");
    assert_eq!(denied(ask(&text, &from(Whose::Party(id("A"))))).code(), "outside_clause");
    let unknown = permit(More { threat: vec!["unknown"], ..More::default() });
    assert_eq!(clause_of(&ask(&unknown, &facts())), "1");
    assert_eq!(denied(ask(&unknown, &from(Whose::Third))).code(), "outside_clause");
}

#[test]
fn categories_are_compared_as_people_read_them() {
    let text = forbid(More { categories: vec!["power"], ..More::default() });
    for (word, covered) in [("Power", true), (" POWER ", true), ("powers", false), ("pöwer", false)]
    {
        let object = with(Handling { category: Some(word.to_owned()), ..Handling::default() });
        assert_eq!(matches!(ask(&text, &object), Verdict::Deny(_)), covered, "{word}");
    }
}
