//! Cards, evidence and accords.

use detente_core::UnixSeconds;
use detente_node::ports::{AccordRow, Store};

use super::{Done, accord, party};

pub(super) fn cards_are_replaced(store: &mut dyn Store) -> Done {
    assert!(store.cards()?.is_empty());
    store.put_card(party(1), b"old")?;
    store.put_card(party(2), b"other")?;
    store.put_card(party(1), b"new")?;
    let mut cards = store.cards()?;
    cards.sort();
    assert_eq!(cards, [b"new".to_vec(), b"other".to_vec()]);
    Ok(())
}

pub(super) fn evidence_is_counted(store: &mut dyn Store) -> Done {
    assert!(store.evidence()?.is_empty());
    for (n, code, bytes) in
        [(1, "fork", "a"), (2, "fork", "a"), (1, "rollback", "a"), (1, "fork", "b")]
    {
        store.put_evidence(party(n), UnixSeconds::new(5), code, bytes.as_bytes())?;
    }
    let mut evidence = store.evidence()?;
    evidence.sort();
    let expected = [(1, "fork", 2), (1, "rollback", 1), (2, "fork", 1)];
    assert_eq!(evidence, expected.map(|(n, code, count)| (party(n), code.to_owned(), count)));
    Ok(())
}

pub(super) fn doubts_come_and_go(store: &mut dyn Store) -> Done {
    assert!(store.doubts()?.is_empty());
    store.put_doubt(accord(1), party(2), Some("first"))?;
    store.put_doubt(accord(1), party(2), Some("longer"))?;
    store.put_doubt(accord(1), party(1), Some("other"))?;
    let all = [(accord(1), party(1), "other"), (accord(1), party(2), "longer")];
    assert_eq!(store.doubts()?, all.map(|(a, p, words)| (a, p, words.to_owned())));
    store.put_doubt(accord(1), party(1), None)?;
    store.put_doubt(accord(7), party(7), None)?;
    assert_eq!(store.doubts()?.len(), 1);
    Ok(())
}

pub(super) fn accords_are_kept(store: &mut dyn Store) -> Done {
    assert!(store.accords()?.is_empty());
    let row = |n, slug: &str| AccordRow {
        id: accord(n),
        slug: slug.to_owned(),
        parties: vec![party(1), party(2), party(n)],
    };
    let (first, second) = (row(9, "banks"), row(3, "states"));
    store.put_accord(&second)?;
    store.put_accord(&first)?;
    // What is there stays as it is.
    store.put_accord(&AccordRow { slug: "other".to_owned(), parties: vec![], ..first.clone() })?;
    assert_eq!(store.accords()?, [first, second]);
    Ok(())
}
