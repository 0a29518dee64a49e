//! Targets of detente-match: what the other end of a run may send.

use detente_lookup::{
    Change, FilterWriter, Key, Shape, dummies, encode_update, read_bucket, read_update,
};
use detente_match::ecdh::{Message, Session};
use detente_match::{BaseTransfer, Engine, Item, Learn, Mode, Params, Role, Seed, VoleOptions};

use crate::Target;

/// The table of this crate.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "match_message", run: message, seeds: messages },
    Target { name: "match_session", run: session, seeds: || vec![framed(&messages())] },
    Target { name: "match_vole_frame", run: vole_frame, seeds: hello },
    Target { name: "match_lookup", run: lookup, seeds: lookups },
];

/// One message. One form for each value.
fn message(bytes: &[u8]) -> bool {
    let message = Message::decode(bytes);
    if let Ok(message) = &message {
        assert_eq!(message.encode(), bytes, "another form of the same message was read");
    }
    message.is_ok()
}

/// A whole run with a peer that sends what it likes: messages, each after its length (2 bytes).
fn session(bytes: &[u8]) -> bool {
    let mut own = open(Role::Initiator);
    let mut rest = bytes;
    while let Some((len, tail)) = rest.split_first_chunk::<2>() {
        drain(&mut own);
        let len = usize::from(u16::from_be_bytes(*len)).min(tail.len());
        let (message, tail) = tail.split_at(len);
        rest = tail;
        let taken = Message::decode(message).is_ok_and(|message| own.input(message).is_ok());
        if !taken {
            break;
        }
    }
    drain(&mut own);
    // Whatever the peer sent, a run that ends has an answer, and one that does not end has none.
    let done = own.is_done();
    assert_eq!(own.finish().is_ok(), done, "the answer and the state do not agree");
    done
}

/// Three items each, two of them common; everything else is fixed.
fn open(role: Role) -> Session {
    let names: [&[u8]; 3] = match role {
        Role::Initiator => [b"a", b"b", b"c"],
        Role::Responder => [b"b", b"c", b"d"],
    };
    let items = names.map(|name| Item::new(name).expect("a short item")).to_vec();
    let params = Params {
        role,
        mode: Mode::Which,
        learn: Learn::Both,
        context: [9; 32],
        own_len: 4,
        peer_len: 4,
    };
    Session::new(params, items, Seed::new([role.code(); 32])).expect("sound terms")
}

/// Everything that a session has to say now.
fn drain(session: &mut Session) -> Vec<Message> {
    std::iter::from_fn(|| session.poll().ok().flatten()).collect()
}

/// What an honest responder sends in a whole run.
fn messages() -> Vec<Vec<u8>> {
    let (mut own, mut peer) = (open(Role::Initiator), open(Role::Responder));
    let mut sent = Vec::new();
    loop {
        let (to_peer, to_own) = (drain(&mut own), drain(&mut peer));
        if to_peer.is_empty() && to_own.is_empty() {
            return sent;
        }
        for message in to_own {
            sent.push(message.encode());
            own.input(message).expect("an honest peer");
        }
        for message in to_peer {
            peer.input(message).expect("an honest peer");
        }
    }
}

fn framed(messages: &[Vec<u8>]) -> Vec<u8> {
    let frame = |message: &Vec<u8>| {
        let len = u16::try_from(message.len()).expect("a short message");
        [&len.to_be_bytes()[..], message].concat()
    };
    messages.iter().flat_map(frame).collect()
}

/// One end of a run of the fast matcher, three items each, two of them common.
fn open_vole(role: Role) -> detente_match::Session {
    let names: [&[u8]; 3] = match role {
        Role::Initiator => [b"a", b"b", b"c"],
        Role::Responder => [b"b", b"c", b"d"],
    };
    let items = names.map(|name| Item::new(name).expect("a short item")).to_vec();
    let params = Params {
        role,
        mode: Mode::Which,
        learn: Learn::Both,
        context: [9; 32],
        own_len: 4,
        peer_len: 4,
    };
    let options = VoleOptions { base: BaseTransfer::Ristretto255, whole: false };
    let seed = Seed::new([role.code(); 32]);
    detente_match::Session::new(&Engine::Vole(options), params, items, seed).expect("sound terms")
}

/// The first frame of an honest responder.
fn hello() -> Vec<Vec<u8>> {
    open_vole(Role::Responder).poll().ok().flatten().into_iter().collect()
}

/// The first bytes that a peer sends, whatever they are.
fn vole_frame(bytes: &[u8]) -> bool {
    let mut own = open_vole(Role::Initiator);
    let taken = own.input(bytes).is_ok();
    assert!(!own.is_done(), "nothing can be done after one frame");
    taken
}

/// What look-ups read from a peer: a bucket, an update, a query, an answer. What is read is written
/// again in the same bytes.
fn lookup(bytes: &[u8]) -> bool {
    let shape = Shape::new(1100).expect("a length that a clause may have");
    let bucket = read_bucket(&shape, 0, bytes);
    if let Ok(values) = &bucket {
        let mut writer = FilterWriter::new(shape);
        for value in values {
            writer.push(*value).expect("a bucket's values rise");
        }
        // A value of the second bucket closes the first.
        writer.push((1 << shape.value_bits()) - 1).expect("it is the largest");
        assert_eq!(writer.take()[0].bytes, bytes, "another form of the same bucket was read");
    }
    let update = read_update(&shape, bytes);
    if let Ok(change) = &update {
        let again = encode_update(&shape, change).expect("what was read can be written");
        assert_eq!(again, bytes, "another form of the same update was read");
    }
    let (mut asker, mut holder) = open_lookup();
    let query = holder.input(bytes);
    asker.poll().expect("a sound query");
    let answer = asker.input(bytes);
    assert!(!asker.is_done(), "nothing is found before it was looked up");
    bucket.is_ok() || update.is_ok() || query.is_ok() || answer.is_ok()
}

/// Both ends of a look-up of one item.
fn open_lookup() -> (detente_match::Session, detente_match::Session) {
    let key = Key::derive(&[1; 32], b"fuzz").expect("the key is sound");
    let terms = |role, own_len, peer_len| Params {
        role,
        mode: Mode::Lookup { key: *key.public() },
        learn: Learn::Initiator,
        context: [2; 32],
        own_len,
        peer_len,
    };
    let (own, peer) = (terms(Role::Initiator, 1, 1100), terms(Role::Responder, 1100, 1));
    let items = [Item::new(*b"a").expect("a short item")];
    let asker = detente_match::Session::new(&Engine::Voprf, own, items, Seed::new([3; 32]));
    let holder = detente_match::Session::hold(&peer, key);
    (asker.expect("sound terms"), holder.expect("sound terms"))
}

fn lookups() -> Vec<Vec<u8>> {
    let shape = Shape::new(1100).expect("a length that a clause may have");
    let key = Key::derive(&[1; 32], b"fuzz").expect("the key is sound");
    let mut values: Vec<u64> = dummies(&key, &shape, 1100).collect();
    values.sort_unstable();
    let mut writer = FilterWriter::new(shape);
    for value in &values {
        writer.push(*value).expect("they are sorted");
    }
    let (buckets, _) = writer.finish().expect("there are 1100");
    let change = Change { removed: vec![3, 900], added: vec![7, 1 << 50] };
    let update = encode_update(&shape, &change).expect("as many come as go");
    let (mut asker, mut holder) = open_lookup();
    let query = asker.poll().ok().flatten().expect("the asker begins");
    holder.input(&query).expect("an honest asker");
    let reply = holder.poll().ok().flatten().expect("the holder replies");
    vec![buckets[0].bytes.clone(), update, query, reply]
}
