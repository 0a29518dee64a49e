//! A holder that evaluates falsely, an asker that sends what is no query.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::traits::Identity;

use super::{CONTEXT, key, query};
use crate::Blame;
use crate::{LookupError, MAX_QUERY, Query};

#[test]
fn every_changed_byte_of_an_answer_is_found() {
    let (key, query) = (key("a"), query(3, 4));
    let reply = key.evaluate(&CONTEXT, &query.message()).unwrap();
    for place in 0..reply.len() {
        let mut changed = reply.clone();
        changed[place] ^= 1;
        let fault = query.finish(key.public(), &CONTEXT, &changed).unwrap_err();
        assert_eq!(fault.blame(), Blame::Peer);
        let element = place / 32;
        let known = match fault {
            LookupError::InvalidElement { index } => index == element && element < 4,
            LookupError::ProofFailed => true,
            _ => false,
        };
        assert!(known, "byte {place}: {fault}");
    }
}

#[test]
fn another_key_run_order_or_length_is_found() {
    let (key, other, query) = (key("a"), key("b"), query(4, 4));
    let sent = query.message();
    let reply = key.evaluate(&CONTEXT, &sent).unwrap();
    let finish = |reply: &[u8]| query.finish(key.public(), &CONTEXT, reply).err();
    assert_eq!(finish(&reply), None);
    let foreign = other.evaluate(&CONTEXT, &sent).unwrap();
    assert_eq!(finish(&foreign), Some(LookupError::ProofFailed));
    let other_run = key.evaluate(&[8; 32], &sent).unwrap();
    assert_eq!(finish(&other_run), Some(LookupError::ProofFailed));
    let swapped = [&reply[32..64], &reply[..32], &reply[64..]].concat();
    assert_eq!(finish(&swapped), Some(LookupError::ProofFailed));
    let wrong = |got| Some(LookupError::MessageLength { got, want: reply.len() });
    assert_eq!(finish(&reply[1..]), wrong(reply.len() - 1));
    assert_eq!(finish(&[]), wrong(0));
    let identity = [RistrettoPoint::identity().compress().as_bytes(), &reply[32..]].concat();
    assert_eq!(finish(&identity), Some(LookupError::InvalidElement { index: 0 }));
    let fault = query.finish(&[0; 32], &CONTEXT, &reply).unwrap_err();
    assert_eq!(fault, LookupError::InvalidKey);
}

#[test]
fn what_is_no_query_is_refused() {
    let key = key("a");
    let sent = query(2, 2).message();
    let refused = |query: &[u8]| key.evaluate(&CONTEXT, query).unwrap_err();
    assert_eq!(refused(&[]), LookupError::QuerySize { got: 0 });
    assert_eq!(refused(&sent[..33]), LookupError::QueryUneven { got: 33 });
    let many = vec![0; (MAX_QUERY as usize + 1) * 32];
    assert_eq!(refused(&many), LookupError::QuerySize { got: MAX_QUERY as usize + 1 });
    let mut broken = sent;
    broken[32..].fill(0xff);
    assert_eq!(refused(&broken), LookupError::InvalidElement { index: 1 });
    broken[32..].fill(0);
    assert_eq!(refused(&broken), LookupError::InvalidElement { index: 1 });
}

#[test]
fn queries_have_bounds() {
    let new = |inputs, size| Query::new(inputs, size, &[1; 32]).err();
    assert_eq!(new(vec![], 0), Some(LookupError::QuerySize { got: 0 }));
    assert_eq!(new(vec![vec![1]; 3], 2), Some(LookupError::QuerySize { got: 3 }));
    let got = MAX_QUERY as usize + 1;
    assert_eq!(new(vec![], MAX_QUERY + 1), Some(LookupError::QuerySize { got }));
    let long = vec![vec![1], vec![0; 65_536]];
    assert_eq!(new(long, 2), Some(LookupError::InputUnusable { index: 1 }));
}
