//! A look-up through the one interface: what is found, and what each side may do wrong.

use crate::error::{Blame, CallerFault, Error, PeerFault};
use crate::item::{Item, Seed};
use crate::params::{Learn, Mode, Params, Role};
use crate::psi::{Engine, Outcome, Session};
use detente_lookup::{FilterWriter, Key, LookupError, MAX_FILTER_ITEMS, MAX_QUERY, Shape, dummies};

/// Values in the filter and in the query, padding included.
const FILTER: u32 = 3000;
const SIZE: u32 = 4;

fn key(info: &str) -> Key {
    Key::derive(&[7; 32], info.as_bytes()).unwrap()
}

fn params(role: Role) -> Params {
    let (own_len, peer_len) = match role {
        Role::Initiator => (SIZE, FILTER),
        Role::Responder => (FILTER, SIZE),
    };
    let mode = Mode::Lookup { key: *key("a").public() };
    Params { role, mode, learn: Learn::Initiator, context: [9; 32], own_len, peer_len }
}

fn items(names: &[&str]) -> Vec<Item> {
    names.iter().map(|name| Item::new(name.as_bytes()).unwrap()).collect()
}

fn try_ask(params: Params, names: &[&str]) -> Result<Session, Error> {
    Session::new(&Engine::Voprf, params, items(names), Seed::new([3; 32]))
}

fn ask(names: &[&str]) -> Session {
    try_ask(params(Role::Initiator), names).unwrap()
}

fn hold() -> Session {
    Session::hold(&params(Role::Responder), key("a")).unwrap()
}

/// The filter of some names: each bucket as it is kept.
fn filter(names: &[&str]) -> Vec<Vec<u8>> {
    let (key, shape) = (key("a"), Shape::new(FILTER).unwrap());
    let mut values = key.values(&shape, names).unwrap();
    values.extend(dummies(&key, &shape, FILTER - u32::try_from(names.len()).unwrap()));
    values.sort_unstable();
    let mut writer = FilterWriter::new(shape);
    for value in values {
        writer.push(value).unwrap();
    }
    let (buckets, _) = writer.finish().unwrap();
    buckets.into_iter().map(|bucket| bucket.bytes).collect()
}

/// Query and reply of an honest run.
fn exchange(asker: &mut Session) -> (Vec<u8>, Vec<u8>, Session) {
    let mut holder = hold();
    let query = asker.poll().unwrap().unwrap();
    holder.input(&query).unwrap();
    let reply = holder.poll().unwrap().unwrap();
    (query, reply, holder)
}

fn look_up(asker: &mut Session, filter: &[Vec<u8>]) -> Vec<u32> {
    let mut wanted = Vec::new();
    while let Some(number) = asker.bucket_due() {
        asker.give_bucket(&filter[number as usize]).unwrap();
        wanted.push(number);
    }
    wanted
}

#[test]
fn what_is_listed_is_found_and_the_holder_learns_nothing() {
    let mut asker = ask(&["c", "x", "a"]);
    assert_eq!(asker.progress().items_total, u64::from(SIZE));
    let (query, reply, holder) = exchange(&mut asker);
    assert_eq!((query.len(), reply.len()), (SIZE as usize * 32, SIZE as usize * 32 + 64));
    assert!(holder.is_done() && !asker.is_done());
    asker.input(&reply).unwrap();
    let wanted = look_up(&mut asker, &filter(&["a", "b", "c"]));
    assert!(wanted.windows(2).all(|pair| pair[0] < pair[1]), "each bucket once, rising");
    let progress = asker.progress();
    assert_eq!(progress.bytes_done, progress.bytes_total);
    assert!(asker.is_done());
    let (asked, held) = (asker.finish().unwrap(), holder.finish().unwrap());
    assert_eq!((asked.common, asked.count), (Some(vec![0, 2]), Some(2)));
    let transcript = asked.transcript;
    assert_eq!(held, Outcome { common: None, count: None, transcript });
}

#[test]
fn the_transcript_is_the_one_of_the_page() {
    // Computed from docs/protocol/matching-lookup.md by another program.
    let want = "10ce1c06f2f3eda08891b2e2382711977bad8748a0ba524523b264eff16e5694";
    assert_eq!(hex::encode(super::transcript(&[9; 32], b"query", b"reply")), want);
}

#[test]
fn after_a_cut_the_same_query_goes_out_again() {
    let mut asker = ask(&["a"]);
    let query = asker.poll().unwrap();
    assert_eq!(asker.poll().unwrap(), None);
    asker.reconnect().unwrap();
    assert_eq!(asker.poll().unwrap(), query);
    assert_eq!(hold().reconnect(), Err(CallerFault::NotResumable.into()));
}

#[test]
fn a_reply_to_another_context_is_found_and_the_run_stays_void() {
    let mut asker = ask(&["a"]);
    let (_, reply, _) = exchange(&mut asker);
    asker.rebind([8; 32]).unwrap();
    let fault = asker.input(&reply).unwrap_err();
    assert_eq!((fault.blame(), fault.code()), (Blame::Peer, "proof_failed"));
    assert_eq!(asker.poll(), Err(fault.clone()));
    assert_eq!(asker.rebind([9; 32]), Err(fault.clone()));
    assert_eq!(asker.reconnect(), Err(fault.clone()));
    assert_eq!(asker.input(&reply), Err(fault.clone()));
    assert_eq!(asker.bucket_due(), None);
    assert_eq!(asker.finish(), Err(fault));
}

#[test]
fn a_context_is_bound_until_the_reply_is_here() {
    let mut asker = ask(&["a"]);
    asker.rebind([8; 32]).unwrap();
    let query = asker.poll().unwrap().unwrap();
    asker.rebind([9; 32]).unwrap();
    let mut holder = hold();
    holder.input(&query).unwrap();
    asker.input(&holder.poll().unwrap().unwrap()).unwrap();
    let settled = Err(CallerFault::ContextSettled.into());
    assert_eq!((asker.rebind([9; 32]), hold().rebind([9; 32])), (settled.clone(), settled));
    look_up(&mut asker, &filter(&[]));
    assert_eq!(asker.finish().unwrap().transcript, holder.finish().unwrap().transcript);
}

#[test]
fn messages_come_once_and_in_their_order() {
    let mut asker = ask(&["a"]);
    let early = ask(&["a"]).input(&[0; 192]);
    assert_eq!(early, Err(PeerFault::OutOfOrder { got: "reply" }.into()));
    let (query, reply, mut holder) = exchange(&mut asker);
    assert_eq!(holder.poll().unwrap(), None);
    assert_eq!(holder.input(&query), Err(PeerFault::AfterFinish { got: "query" }.into()));
    assert!(holder.finish().is_err());
    asker.input(&reply).unwrap();
    assert_eq!(asker.input(&reply), Err(PeerFault::AfterFinish { got: "reply" }.into()));
}

#[test]
fn every_changed_byte_of_query_and_reply_is_the_peers_fault_or_shows_in_the_transcript() {
    let (query, reply, holder) = exchange(&mut ask(&["a"]));
    let honest = holder.finish().unwrap().transcript;
    for place in 0..reply.len() {
        let mut asker = ask(&["a"]);
        asker.poll().unwrap();
        let mut changed = reply.clone();
        changed[place] ^= 1;
        assert_eq!(asker.input(&changed).unwrap_err().blame(), Blame::Peer, "byte {place}");
    }
    for place in 0..query.len() {
        let mut changed = query.clone();
        changed[place] ^= 1;
        let mut holder = hold();
        match holder.input(&changed) {
            Err(fault) => assert_eq!(fault.blame(), Blame::Peer, "byte {place}"),
            Ok(()) => {
                holder.poll().unwrap();
                assert_ne!(holder.finish().unwrap().transcript, honest, "byte {place}");
            }
        }
    }
}

#[test]
fn a_query_of_another_length_than_agreed_is_not_evaluated() {
    for got in [0, 31, 32 * 3, 32 * 5] {
        let fault = hold().input(&vec![0; got]).unwrap_err();
        let want = LookupError::MessageLength { got, want: SIZE as usize * 32 };
        assert_eq!(fault, Error::Peer(PeerFault::Lookup(want)));
    }
}

#[test]
fn a_damaged_bucket_is_no_fault_of_the_peer_and_the_right_one_may_follow() {
    let mut asker = ask(&["a", "b"]);
    assert_eq!(asker.give_bucket(&[]), Err(CallerFault::BucketNotDue.into()));
    assert_eq!(hold().give_bucket(&[]), Err(CallerFault::BucketNotDue.into()));
    let (_, reply, _) = exchange(&mut asker);
    asker.input(&reply).unwrap();
    let bucket = asker.bucket_due().unwrap();
    let damaged = LookupError::BucketMalformed { bucket };
    assert_eq!(asker.give_bucket(&[0; 9]), Err(CallerFault::Lookup(damaged).into()));
    look_up(&mut asker, &filter(&["b"]));
    assert_eq!(asker.bucket_due(), None);
    assert_eq!(asker.give_bucket(&[]), Err(CallerFault::BucketNotDue.into()));
    assert_eq!(asker.finish().unwrap().common, Some(vec![1]));
}

#[test]
fn no_answer_is_given_before_all_is_looked_up() {
    let not_done = Err(CallerFault::NotDone.into());
    assert_eq!(ask(&["a"]).finish(), not_done);
    assert_eq!(hold().finish(), not_done);
    let mut asker = ask(&["a"]);
    let (_, reply, _) = exchange(&mut asker);
    asker.input(&reply).unwrap();
    assert_eq!(asker.finish(), not_done);
    // Nothing but padding wants no bucket.
    let mut asker = ask(&[]);
    let (_, reply, _) = exchange(&mut asker);
    asker.input(&reply).unwrap();
    assert!(asker.is_done());
    assert_eq!(asker.finish().unwrap().count, Some(0));
}

#[test]
fn terms_that_are_no_look_up_are_refused() {
    let own = params(Role::Initiator);
    let refused = |params: Params, names: &[&str]| try_ask(params, names).err();
    let with = |own_len, peer_len| Params { own_len, peer_len, ..own.clone() };
    let long = |got, max| Some(CallerFault::ListTooLong { got, max }.into());
    assert_eq!(refused(with(MAX_QUERY + 1, 9), &[]), long(MAX_QUERY + 1, MAX_QUERY));
    let max = MAX_FILTER_ITEMS;
    assert_eq!(refused(with(4, max + 1), &[]), long(max + 1, max));
    let empty = LookupError::FilterSize { got: 0 };
    assert_eq!(refused(with(4, 0), &[]), Some(CallerFault::Lookup(empty).into()));
    let terms = Some(Error::from(CallerFault::LookupTerms));
    assert_eq!(refused(with(0, 9), &[]), terms);
    assert_eq!(refused(Params { learn: Learn::Both, ..own.clone() }, &[]), terms);
    assert_eq!(refused(params(Role::Responder), &[]), terms);
    let which = Params { mode: Mode::Which, ..own.clone() };
    assert_eq!(refused(which, &[]), Some(CallerFault::ModeUnknown.into()));
    let short = CallerFault::PaddingTooShort { items: 5, padded: 4 };
    assert_eq!(refused(own.clone(), &["a", "b", "c", "d", "e"]), Some(short.into()));
    let equal = CallerFault::DuplicateItem { first: 0, second: 2 };
    assert_eq!(refused(own.clone(), &["a", "b", "a"]), Some(equal.into()));
    let hold = |params: &Params, info| Session::hold(params, key(info)).err();
    assert_eq!(hold(&own, "a"), terms);
    assert_eq!(hold(&params(Role::Responder), "b"), Some(CallerFault::KeyDiffers.into()));
}
