//! Objects released and received.

use std::collections::BTreeSet;

use detente_core::object::Object;
use detente_core::{Digest, Kind, Tlp, UnixSeconds};
use detente_node::ports::{ReceivedRow, Spared, Store};

use super::{Done, accord, digest, is_failed, observable, party};

/// The bytes of an object about a domain.
fn bytes(domain: &str, comment: &str) -> Vec<u8> {
    let object = Object {
        kind: Kind::Domain,
        value: domain.to_owned(),
        tlp: Tlp::Green,
        marking_unknown: false,
        markings: vec![],
        labels: vec![],
        source: None,
        origin: None,
        comment: Some(comment.to_owned()),
        confidence: None,
        valid_from: None,
        valid_until: None,
        handling: detente_core::Handling::default(),
    };
    object.encode()
}

fn row(release: u8, place: u32, bytes: Vec<u8>) -> ReceivedRow {
    ReceivedRow {
        address: Object::address(&bytes),
        accord: accord(1),
        from: party(release),
        release: digest(release),
        place,
        clause: "3.2".to_owned(),
        received: UnixSeconds::new(1_000),
        keep_until: (place % 2 == 1).then_some(UnixSeconds::new(2_000)),
        bytes,
    }
}

pub(super) fn objects_are_found_by_address(store: &mut dyn Store) -> Done {
    let (out, both) = (bytes("a.example.com", "out"), bytes("b.example.com", "both ways"));
    let (out_at, both_at) = (Object::address(&out), Object::address(&both));
    assert_eq!(store.object(out_at)?, None);
    let released = [(out_at, out.clone()), (both_at, both.clone())];
    store.put_released(&released)?;
    store.put_released(&released)?;
    store.put_received(&[row(1, 0, both.clone())])?;
    let came = row(1, 1, bytes("c.example.com", "in"));
    store.put_received(std::slice::from_ref(&came))?;
    assert_eq!(store.object(out_at)?, Some(out));
    assert_eq!(store.object(both_at)?, Some(both));
    assert_eq!(store.object(came.address)?, Some(came.bytes));
    assert_eq!(store.object(digest(9))?, None);
    // What was released and never received is about nothing that was received.
    assert_eq!(store.received(&observable("a.example.com")?)?, []);
    Ok(())
}

pub(super) fn erased_objects_are_gone(store: &mut dyn Store) -> Done {
    let body = |number: u8| bytes("a.example.com", &format!("{number}"));
    let rows = [row(1, 0, body(0)), row(1, 1, body(1)), row(2, 0, body(1)), row(1, 2, body(2))];
    store.put_received(&rows)?;
    store.put_released(&[(rows[3].address, body(2))])?;
    let erased: Vec<(Digest, bool)> =
        rows.iter().map(|row| (row.address, row.address == rows[3].address)).collect();
    store.erase_received(party(1), &erased)?;
    store.erase_received(party(1), &erased)?;
    assert_eq!(store.object(rows[0].address)?, None);
    // Another party released the same, and this node released the last one itself.
    assert_eq!(store.object(rows[1].address)?, Some(body(1)));
    assert_eq!(store.object(rows[3].address)?, Some(body(2)));
    assert_eq!(store.received(&observable("a.example.com")?)?, rows[2..3]);
    Ok(())
}

pub(super) fn received_are_counted_to_the_gap(store: &mut dyn Store) -> Done {
    assert_eq!(store.received_upto(digest(1))?, 0);
    let at = |release, place| row(release, place, bytes("a.example.com", &format!("{place}")));
    store.put_received(&[at(1, 1), at(1, 2), at(1, 4)])?;
    assert_eq!(store.received_upto(digest(1))?, 0);
    store.put_received(&[at(1, 0), at(2, 0)])?;
    assert_eq!(store.received_upto(digest(1))?, 3);
    store.put_received(&[at(1, 3), at(1, 0), at(1, u32::MAX)])?;
    assert_eq!(store.received_upto(digest(1))?, 5);
    assert_eq!(store.received_upto(digest(2))?, 1);
    let mut counts = store.received_counts()?;
    counts.sort();
    assert_eq!(counts, [(party(1), 6), (party(2), 1)]);
    Ok(())
}

pub(super) fn received_are_found_by_observable(store: &mut dyn Store) -> Done {
    let rows = [
        row(1, 5, bytes("a.example.com", "first")),
        row(1, 0, bytes("b.example.com", "other")),
        row(2, 0, bytes("a.example.com", "second")),
        row(1, 1, bytes("a.example.com", "first")),
    ];
    store.put_received(&rows)?;
    // The same again, later: the first arrival stands.
    store.put_received(&[ReceivedRow { received: UnixSeconds::new(5_000), ..rows[0].clone() }])?;
    let found = store.received(&observable("a.example.com")?)?;
    assert_eq!(found, [rows[0].clone(), rows[2].clone(), rows[3].clone()]);
    assert_eq!(store.received(&observable("b.example.com")?)?, rows[1..2]);
    assert_eq!(store.received(&observable("c.example.com")?)?, []);
    Ok(())
}

pub(super) fn bad_object_keeps_out_its_batch(store: &mut dyn Store) -> Done {
    let good = row(1, 0, bytes("a.example.com", "good"));
    let no_object = row(1, 1, b"no object".to_vec());
    let mislabelled = ReceivedRow {
        address: Digest::plain(b"something else"),
        ..row(1, 1, bytes("a.example.com", "mislabelled"))
    };
    for bad in [no_object, mislabelled] {
        assert!(is_failed(&store.put_received(&[good.clone(), bad])));
        assert_eq!(store.received_upto(digest(1))?, 0);
        assert_eq!(store.object(good.address)?, None);
    }
    let swapped = [(good.address, good.bytes.clone()), (digest(3), good.bytes.clone())];
    assert!(is_failed(&store.put_released(&swapped)));
    assert_eq!(store.object(good.address)?, None);
    Ok(())
}

/// What may no longer be kept goes, and nothing else: not what came another time and may be kept,
/// not what this node released itself, and not what is under a hold.
pub(super) fn erased_is_what_is_over(store: &mut dyn Store) -> Done {
    let until =
        |row: ReceivedRow, until| ReceivedRow { keep_until: Some(UnixSeconds::new(until)), ..row };
    let (gone, own, twice) =
        (bytes("a.example.com", "1"), bytes("a.example.com", "2"), bytes("a.example.com", "3"));
    let held = bytes("c.example.com", "4");
    let at = |bytes: &[u8]| Object::address(bytes);
    store.put_released(&[(at(&own), own.clone())])?;
    store.put_received(&[
        until(row(1, 0, gone.clone()), 2_000),
        until(row(1, 1, own.clone()), 1_999),
        until(row(1, 2, twice.clone()), 2_000),
        until(row(2, 0, twice.clone()), 2_001),
        ReceivedRow { keep_until: None, ..row(2, 1, bytes("b.example.com", "for good")) },
        until(row(3, 0, held.clone()), 1_000),
    ])?;
    assert_eq!(store.received_of(digest(1))?, [at(&gone), at(&own), at(&twice)]);
    let spared =
        Spared { own: BTreeSet::from([at(&own)]), held: BTreeSet::from([at(&held), at(&twice)]) };
    assert_eq!(store.erase_expired(UnixSeconds::new(1_998), &spared)?, 0);
    assert_eq!(store.erase_expired(UnixSeconds::new(2_000), &spared)?, 2);
    assert_eq!(store.erase_expired(UnixSeconds::new(2_000), &spared)?, 0);
    assert_eq!(store.received_of(digest(1))?, [at(&twice)], "the hold holds each time it came");
    let spared = Spared { held: BTreeSet::from([at(&held)]), ..spared };
    assert_eq!(store.erase_expired(UnixSeconds::new(2_000), &spared)?, 1);
    assert_eq!(store.received_of(digest(3))?, [at(&held)]);
    assert_eq!(store.object(at(&held))?, Some(held));
    assert_eq!(store.received_of(digest(1))?, []);
    assert_eq!(store.received_of(digest(2))?.len(), 2);
    assert_eq!(store.object(at(&gone))?, None);
    assert_eq!(store.object(at(&own))?, Some(own));
    assert_eq!(store.object(at(&twice))?, Some(twice));
    assert_eq!(store.received(&observable("a.example.com")?)?.len(), 1);
    Ok(())
}
