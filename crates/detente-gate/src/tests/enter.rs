//! What may show in a matching run.

use detente_core::{Handling, Kind, Tlp};

use super::{Allow, Ban, Draft, accord, allow, ban};
use crate::{Entrant, Rules, may_enter};

const UNKNOWN: &Handling = &Handling {
    category: None,
    pap: None,
    threat: None,
    purpose: None,
    releasable: None,
    originator: None,
};

fn entrant(tlp: Tlp, labels: &[String]) -> Entrant<'_> {
    Entrant { kind: Kind::Domain, tlp, marking_unknown: false, labels, handling: UNKNOWN }
}

#[test]
fn what_is_closed_never_enters() {
    let rules = Rules::new(&accord(&[Draft::Allow(
        "1".to_owned(),
        Allow { max_tlp: Tlp::Red, ..allow() },
    )]));
    assert!(may_enter(&rules, ("A", "B"), None, &entrant(Tlp::Clear, &[])));
    let closed = Entrant { marking_unknown: true, ..entrant(Tlp::Clear, &[]) };
    assert!(!may_enter(&rules, ("A", "B"), None, &closed));
}

#[test]
fn red_enters_only_where_a_permission_goes_as_far() {
    for (max_tlp, from, enters) in [
        (Tlp::Amber, "*", false),
        (Tlp::AmberStrict, "*", false),
        (Tlp::Red, "*", true),
        (Tlp::Red, "A", true),
        (Tlp::Red, "B", false),
    ] {
        let to = if from == "B" { "A" } else { "*" };
        let rules = Rules::new(&accord(&[Draft::Allow(
            "1".to_owned(),
            Allow { max_tlp, from, to, ..allow() },
        )]));
        assert_eq!(
            may_enter(&rules, ("A", "B"), None, &entrant(Tlp::Red, &[])),
            enters,
            "{max_tlp}"
        );
        assert!(may_enter(&rules, ("A", "B"), None, &entrant(Tlp::AmberStrict, &[])), "{max_tlp}");
    }
}

#[test]
fn what_a_prohibition_covers_stays_out() {
    let rule = Ban { from: "A", to: "B", labels: vec!["victim"], ..ban() };
    let rules = Rules::new(&accord(&[
        Draft::Allow("1".to_owned(), allow()),
        Draft::Ban("2".to_owned(), rule),
    ]));
    let labels = ["Victim ".to_owned()];
    assert!(!may_enter(&rules, ("A", "B"), None, &entrant(Tlp::Clear, &labels)));
    // It is forbidden in one direction.
    assert!(may_enter(&rules, ("B", "A"), None, &entrant(Tlp::Clear, &labels)));
    assert!(may_enter(&rules, ("A", "B"), None, &entrant(Tlp::Clear, &["source".to_owned()])));
}

#[test]
fn the_clause_of_a_run_may_have_a_ceiling_of_its_own() {
    let rules = Rules::new(&accord(&[Draft::Allow("1".to_owned(), allow())]));
    for ceiling in Tlp::ALL {
        for tlp in Tlp::ALL.into_iter().filter(|tlp| *tlp != Tlp::Red) {
            let enters = may_enter(&rules, ("A", "B"), Some(ceiling), &entrant(tlp, &[]));
            assert_eq!(enters, tlp <= ceiling, "{tlp} under {ceiling}");
        }
        // It opens nothing: no permission goes as far as red here.
        assert!(!may_enter(&rules, ("A", "B"), Some(ceiling), &entrant(Tlp::Red, &[])));
    }
}
