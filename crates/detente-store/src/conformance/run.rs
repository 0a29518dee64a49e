//! Matching runs.

use detente_core::RunId;
use detente_intel::Observable;
use detente_node::ports::{RunRow, Store, StoreError};

use super::{Done, accord, observable, party};

fn row(n: u8) -> RunRow {
    RunRow {
        run: RunId::new([n; 32]),
        accord: accord(1),
        peer: party(2),
        clause: format!("{n}.1"),
        initiator: n.is_multiple_of(2),
        salt_seed: [n ^ 0xff; 32],
        items: u32::MAX,
        common: None,
    }
}

fn observables(texts: &[&str]) -> Result<Vec<Observable>, StoreError> {
    texts.iter().map(|text| observable(text)).collect()
}

pub(super) fn runs_are_replaced(store: &mut dyn Store) -> Done {
    assert_eq!(store.run(row(1).run)?, None);
    assert_eq!(store.matched(row(1).run)?, []);
    for n in [1, 3, 2] {
        store.put_run(&row(n), &[])?;
    }
    store.put_run(&RunRow { accord: accord(9), ..row(9) }, &[])?;
    assert_eq!(store.runs(accord(1))?, [row(2), row(3), row(1)]);
    let common = observables(&["10.0.0.1", "b.example.com", "a.example.com"])?;
    let done = RunRow { common: Some(3), ..row(3) };
    store.put_run(&done, &common)?;
    assert_eq!(store.run(done.run)?, Some(done.clone()));
    assert_eq!(store.runs(accord(1))?, [row(2), done.clone(), row(1)]);
    assert_eq!(store.runs(accord(7))?, []);
    let sorted = |mut list: Vec<Observable>| {
        list.sort();
        list
    };
    assert_eq!(sorted(store.matched(done.run)?), sorted(common.clone()));
    // A run that is kept again without what it found has still found it.
    store.put_run(&done, &[])?;
    assert_eq!(sorted(store.matched(done.run)?), sorted(common));
    assert_eq!(store.matched(row(1).run)?, []);
    Ok(())
}

pub(super) fn matched_is_of_accord_and_peer(store: &mut dyn Store) -> Done {
    let a = observable("a.example.com")?;
    store.put_run(&RunRow { common: Some(1), ..row(1) }, std::slice::from_ref(&a))?;
    let other = RunRow { accord: accord(5), peer: party(6), ..row(2) };
    store.put_run(&other, &observables(&["b.example.com"])?)?;
    assert!(store.is_matched(accord(1), party(2), &a)?);
    assert!(!store.is_matched(accord(1), party(6), &a)?);
    assert!(!store.is_matched(accord(5), party(2), &a)?);
    assert!(!store.is_matched(accord(5), party(6), &a)?);
    assert!(!store.is_matched(accord(1), party(2), &observable("b.example.com")?)?);
    assert!(store.is_matched(accord(5), party(6), &observable("b.example.com")?)?);
    Ok(())
}
