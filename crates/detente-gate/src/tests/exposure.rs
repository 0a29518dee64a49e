//! The exposure table says what the gate says.

use std::collections::BTreeSet;

use detente_core::{Kind, Tlp, UnixSeconds};

use super::{Allow, Ban, Draft, NOW, accord, allow, ban, only};
use crate::{Verdict, exposure};

#[test]
fn the_table_has_every_cell_once() {
    let labelled = |labels| Ban { labels, ..ban() };
    let accord = accord(&[
        Draft::Allow("1".to_owned(), allow()),
        Draft::Ban("2".to_owned(), labelled(vec!["victim", "insider"])),
        Draft::Ban("3".to_owned(), labelled(vec!["victim"])),
    ]);
    let table = exposure(&accord, NOW);
    // Six directions, two labels and none.
    assert_eq!(table.cells.len(), 6 * 14 * 5 * 2 * 3);
    let keys: BTreeSet<_> = table
        .cells
        .iter()
        .map(|cell| {
            let direction = cell.direction.clone();
            (direction, cell.kind, cell.tlp, cell.matched, cell.label.clone())
        })
        .collect();
    assert_eq!(keys.len(), table.cells.len());
    assert!(table.cells.iter().all(|cell| cell.direction.from != cell.direction.to));
    // Domains up to amber, in six directions, matched or not, without a forbidden label.
    assert_eq!(table.open().count(), 6 * 3 * 2);
    for (cell, clause) in table.open() {
        assert_eq!((cell.kind, clause), (Kind::Domain, "1"));
        assert!(cell.tlp <= Tlp::Amber && cell.label.is_none());
    }
}

#[test]
fn a_text_without_permission_opens_nothing() {
    let table = exposure(&accord(&[Draft::Match("1".to_owned())]), NOW);
    assert_eq!(table.cells.len(), 6 * 14 * 5 * 2);
    assert_eq!(table.open().count(), 0);
}

#[test]
fn caps_are_taken_as_unused_and_expiry_as_of_the_day_asked() {
    let rule =
        Allow { cap: Some((1, Some(1))), expires: Some("2028-01-01"), matched: true, ..allow() };
    let accord = only(rule);
    let open = |now| exposure(&accord, now).open().count();
    assert_eq!(open(NOW), 6 * 3);
    assert_eq!(open(UnixSeconds::parse("2028-01-01").unwrap()), 0);
    let table = exposure(&accord, NOW);
    let shut = table.cells.iter().find(|cell| cell.kind == Kind::Domain && !cell.matched);
    let Verdict::Deny(denial) = &shut.unwrap().verdict else { panic!() };
    assert_eq!(denial.code(), "not_matched");
}
