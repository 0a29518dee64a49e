//! Targets of detente-match: what the other end of a run may send.

use detente_match::ecdh::{Message, Session};
use detente_match::{BaseTransfer, Engine, Item, Learn, Mode, Params, Role, Seed, VoleOptions};

use crate::Target;

/// The table of this crate.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "match_message", run: message, seeds: messages },
    Target { name: "match_session", run: session, seeds: || vec![framed(&messages())] },
    Target { name: "match_vole_frame", run: vole_frame, seeds: hello },
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
