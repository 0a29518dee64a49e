//! Each reason for which an object stays, and the order of the reasons.

use detente_accord::Accord;
use detente_core::{Kind, Span, Tlp, UnixSeconds};
use detente_state::{NotInForce, Released};

use super::{
    Allow, Ban, Draft, NOW, accord, allow, ask, ban, clause_of, denied, facts, only, question,
};
use crate::{Denial, Verdict, decide};

const MONTH: Span = Span::seconds(30 * 86_400);

fn permit(id: &str, rule: Allow) -> Draft {
    Draft::Allow(id.to_owned(), rule)
}

fn forbid(id: &str, rule: Ban) -> Draft {
    Draft::Ban(id.to_owned(), rule)
}

#[test]
fn what_a_clause_permits_leaves_and_names_it() {
    let rule = Allow { matched: true, cap: Some((5, None)), ..allow() };
    let verdict = ask(&only(rule), &facts());
    let Verdict::Allow(allowance) = verdict else { panic!("{verdict:?}") };
    assert_eq!(&*allowance.clause, "1");
    assert_eq!(
        allowance.to_string(),
        "domain, TLP:GREEN within TLP:AMBER, matched, 1 of 5 in 30 days"
    );
}

#[test]
fn without_an_accord_in_force_nothing_leaves() {
    let (accord, facts) = (only(allow()), facts());
    for error in [
        NotInForce::NotSigned,
        NotInForce::NotYet { since: NOW },
        NotInForce::Expired { at: NOW },
        NotInForce::Denounced { since: NOW },
    ] {
        let mut question = question(&accord, &facts);
        question.rules = Err(error.clone());
        let denial = denied(decide(&question));
        assert_eq!(denial, Denial::NotInForce(error));
        assert_eq!((denial.code(), denial.clause()), ("not_in_force", None));
    }
}

#[test]
fn a_stop_comes_before_all_else() {
    let accord = accord(&[permit("1", allow()), forbid("2", ban())]);
    let facts = facts();
    let mut question = question(&accord, &facts);
    question.stopped_by = Some("CERT B".to_owned());
    let denial = denied(decide(&question));
    assert_eq!(denial.code(), "stopped");
    assert_eq!(denial.to_string(), "stopped by CERT B");
}

#[test]
fn an_unknown_marking_is_closed() {
    let mut facts = facts();
    facts.marking_unknown = true;
    let denial = denied(ask(&only(allow()), &facts));
    assert_eq!(denial, Denial::MarkingUnknown);
    assert_eq!(denial.code(), "marking_unknown");
}

#[test]
fn no_clause_no_release() {
    let facts = facts();
    let elsewhere = Allow { from: "B", ..allow() };
    let other = Allow { kinds: vec![Kind::Url], ..allow() };
    for accord in [accord(&[Draft::Match("1".to_owned())]), only(elsewhere), only(other)] {
        let denial = denied(ask(&accord, &facts));
        assert_eq!(denial.code(), "no_permit");
        assert_eq!(
            denial.to_string(),
            "no clause permits it from A to B: domain, TLP:GREEN, matched"
        );
    }
}

#[test]
fn any_party_means_the_parties_of_the_accord() {
    let (accord, facts) = (only(allow()), facts());
    for (from, to) in
        [("A", ""), ("", "B"), ("A", "Z"), ("Z", "A"), ("A", "*"), ("A", "A"), ("", "")]
    {
        let mut question = question(&accord, &facts);
        (question.from, question.to) = (from, to);
        assert_eq!(denied(decide(&question)).code(), "no_permit", "{from:?} {to:?}");
    }
    for (from, to) in [("A", "B"), ("B", "A"), ("C", "A")] {
        let mut question = question(&accord, &facts);
        (question.from, question.to) = (from, to);
        assert_eq!(clause_of(&decide(&question)), "1");
    }
}

#[test]
fn a_prohibition_wins_and_says_by_what() {
    let labelled = Ban { labels: vec!["insider", "victim"], ..ban() };
    let accord = accord(&[permit("1", allow()), forbid("3", labelled)]);
    let mut facts = facts();
    assert_eq!(clause_of(&ask(&accord, &facts)), "1");
    facts.labels = vec!["phishing".to_owned(), "victim".to_owned()];
    let denial = denied(ask(&accord, &facts));
    assert_eq!((denial.code(), denial.clause()), ("forbidden", Some("3")));
    assert_eq!(denial.to_string(), "clause 3 forbids it: label \"victim\"");
}

#[test]
fn a_prohibition_holds_within_its_scope() {
    let facts = facts();
    for (ban, holds) in [
        (ban(), true),
        (Ban { from: "A", to: "B", ..ban() }, true),
        (Ban { from: "B", ..ban() }, false),
        (Ban { to: "C", ..ban() }, false),
        (Ban { kinds: vec![Kind::Domain], ..ban() }, true),
        (Ban { kinds: vec![Kind::Url], ..ban() }, false),
        (Ban { min_tlp: Some(Tlp::Clear), ..ban() }, true),
        (Ban { min_tlp: Some(Tlp::Green), ..ban() }, true),
        (Ban { min_tlp: Some(Tlp::Amber), ..ban() }, false),
        (Ban { labels: vec!["victim"], ..ban() }, false),
    ] {
        let said = format!("{ban:?}");
        let verdict = ask(&accord(&[permit("1", allow()), forbid("2", ban)]), &facts);
        assert_eq!(matches!(verdict, Verdict::Deny(_)), holds, "{said}");
    }
}

/// Who writes a label otherwise must not get past its prohibition.
#[test]
fn labels_are_compared_as_people_read_them() {
    let banned = vec!["victim", "État-Major", "Straße", "ΣΟΦΟΣ"];
    let accord = accord(&[permit("1", allow()), forbid("2", Ban { labels: banned, ..ban() })]);
    for (label, same) in [
        ("Victim", true),
        (" VICTIM\t", true),
        ("ÉTAT-MAJOR", true),
        ("état-major", true),
        ("STRASSE", true),
        ("strasse", true),
        ("σοφος", true),
        ("σοφοσ", true),
        ("victims", false),
        ("etat-major", false),
        ("", false),
    ] {
        let mut facts = facts();
        facts.labels = vec![label.to_owned()];
        let verdict = ask(&accord, &facts);
        assert_eq!(matches!(verdict, Verdict::Deny(_)), same, "{label:?}");
    }
}

#[test]
fn the_most_restrictive_wins_whatever_the_numbers() {
    let wide = Allow { max_tlp: Tlp::Red, ..allow() };
    for (one, two) in [("1", "2"), ("2", "1")] {
        let accord = accord(&[permit(one, wide.clone()), forbid(two, ban())]);
        assert_eq!(denied(ask(&accord, &facts())).clause(), Some(two));
    }
    let two = accord(&[permit("1", wide), forbid("3.10", ban()), forbid("3.9", ban())]);
    assert_eq!(denied(ask(&two, &facts())).clause(), Some("3.9"), "by number, not by letter");
}

/// Matched domains up to amber until 2028, two in thirty days and a thousand bytes.
fn bounded() -> Accord {
    only(Allow {
        matched: true,
        cap: Some((2, Some(1_000))),
        expires: Some("2028-01-01"),
        ..allow()
    })
}

#[test]
fn ceiling_matched_and_expiry_each_have_their_reason() {
    let accord = bounded();
    let mut object = facts();
    let mut question = question(&accord, &object);
    question.matched = false;
    let denial = denied(decide(&question));
    assert_eq!((denial.code(), denial.clause()), ("not_matched", Some("1")));

    let end = UnixSeconds::parse("2028-01-01").unwrap();
    question.matched = true;
    question.now = end.minus(Span::seconds(1));
    assert_eq!(clause_of(&decide(&question)), "1");
    question.now = end;
    let clause = "1".into();
    let expired = Denial::Expired { clause, at: end };
    assert_eq!(denied(decide(&question)), expired);

    object.tlp = Tlp::AmberStrict;
    let denial = denied(ask(&accord, &object));
    assert_eq!(denial.code(), "tlp_ceiling");
    assert_eq!(denial.to_string(), "marked TLP:AMBER+STRICT, clause 1 lets go up to TLP:AMBER");
}

#[test]
fn a_cap_is_of_objects_and_of_bytes() {
    let (accord, object) = (bounded(), facts());
    let max = u64::MAX;
    for (count, bytes, reached) in [
        (2, 0, Some("objects")),
        (1, 901, Some("bytes")),
        (1, 900, None),
        (max, max, Some("objects")),
        (1, max, Some("bytes")),
    ] {
        let counter = |clause: &str, per: Span| {
            assert_eq!((clause, per), ("1", MONTH));
            Released { count, bytes }
        };
        let mut question = question(&accord, &object);
        question.used = &counter;
        let said = match decide(&question) {
            Verdict::Allow(_) => None,
            Verdict::Deny(denial) => {
                assert_eq!(denial.code(), "cap_reached");
                let Denial::Cap { what, .. } = denial else { panic!("{denial}") };
                Some(what)
            }
        };
        assert_eq!(said, reached, "{count} objects, {bytes} bytes");
    }
}

#[test]
fn the_nearest_miss_is_named() {
    let matched = Allow { matched: true, ..allow() };
    let clear = Allow { max_tlp: Tlp::Clear, ..allow() };
    let expired = Allow { expires: Some("2020-01-01"), ..allow() };
    let capped = Allow { cap: Some((1, None)), ..allow() };
    let all = [permit("1", matched), permit("2", clear), permit("3", expired), permit("4", capped)];
    let facts = facts();
    let full = |_: &str, _: Span| Released { count: 1, bytes: 1 };
    for (upto, code) in
        [(1, "not_matched"), (2, "tlp_ceiling"), (3, "permit_expired"), (4, "cap_reached")]
    {
        for reverse in [false, true] {
            let mut some = all[..upto].to_vec();
            if reverse {
                some.reverse();
            }
            let accord = accord(&some);
            let mut question = question(&accord, &facts);
            question.matched = false;
            question.used = &full;
            let denial = denied(decide(&question));
            assert_eq!(denial.code(), code);
            assert_eq!(denial.clause(), Some(upto.to_string().as_str()));
        }
    }
}

#[test]
fn among_permissions_the_first_by_number_that_lets_go_is_named() {
    let capped = Allow { cap: Some((1, None)), ..allow() };
    let accord = accord(&[permit("10", allow()), permit("9.2", capped), permit("9.10", allow())]);
    let facts = facts();
    assert_eq!(clause_of(&ask(&accord, &facts)), "9.2");
    let full = |_: &str, _: Span| Released { count: 1, bytes: 1 };
    let mut question = question(&accord, &facts);
    question.used = &full;
    assert_eq!(clause_of(&decide(&question)), "9.10");
}
