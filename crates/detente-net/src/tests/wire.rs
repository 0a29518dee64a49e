//! An end that is not ours: frames by hand, against a session of B's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use detente_peer::limits::MAX_OPEN_EXCHANGES;
use detente_peer::{Frame, FrameKind, HEAD_LEN, Request, Response, StreamId, frame_len};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::{Instant, advance, timeout};

use super::{A, Gate, Told, answer, ask, waiting};
use crate::session::Session;
use detente_node::ports::{Link as _, LinkError};

/// The other end of a line to a session that A has dialled.
struct Wire(DuplexStream);

impl Wire {
    fn to(handler: Arc<Told>) -> (Wire, Session) {
        let (own, other) = tokio::io::duplex(1 << 20);
        (Wire(own), Session::start(other, A, false, handler))
    }

    async fn bytes(&mut self, bytes: &[u8]) {
        // The other end may be gone already: that is what some tests wait for.
        let _ = self.0.write_all(bytes).await;
    }

    async fn frame(&mut self, count: u32, kind: FrameKind, payload: Vec<u8>) {
        self.frame_of(StreamId::new(count, true), kind, payload).await;
    }

    async fn frame_of(&mut self, stream: StreamId, kind: FrameKind, payload: Vec<u8>) {
        let frame = Frame { stream, kind, payload };
        self.bytes(&frame.encode().unwrap()).await;
    }

    /// The next frame; none if the session has ended.
    async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; HEAD_LEN];
        self.0.read_exact(&mut head).await.ok()?;
        let mut bytes = vec![0; frame_len(head).unwrap()];
        self.0.read_exact(&mut bytes).await.ok()?;
        Some(Frame::decode(&bytes).unwrap())
    }

    /// Asks and gets the answer.
    async fn asks(&mut self, count: u32, number: u8) -> Option<Response> {
        self.frame(count, FrameKind::Request, ask(number).encode()).await;
        let frame = self.next().await?;
        assert_eq!((frame.stream, frame.kind), (StreamId::new(count, true), FrameKind::Response));
        Some(Response::decode(&frame.payload).unwrap())
    }

    /// That the session has ended, and said nothing more.
    async fn ended(mut self, session: &Session) {
        assert_eq!(self.next().await, None);
        session.closed().await;
    }
}

#[tokio::test]
async fn what_nobody_asked_ends_the_session() {
    let (mut wire, session) = Wire::to(Told::echo());
    assert_eq!(wire.asks(0, 7).await, Some(answer(7)));
    let ours = StreamId::new(0, false);
    wire.frame_of(ours, FrameKind::Response, answer(1).encode()).await;
    wire.ended(&session).await;
    // An answer to the peer's own request is one, too.
    let (mut wire, session) = Wire::to(Told::echo());
    wire.frame(0, FrameKind::Response, answer(1).encode()).await;
    wire.ended(&session).await;
}

#[tokio::test]
async fn an_exchange_is_begun_under_the_own_numbers() {
    for kind in [FrameKind::Request, FrameKind::Open] {
        let (mut wire, session) = Wire::to(Told::echo());
        wire.frame_of(StreamId::new(0, false), kind, ask(1).encode()).await;
        wire.ended(&session).await;
    }
}

#[tokio::test]
async fn data_of_streams_that_are_none_is_dropped() {
    let (mut wire, session) = Wire::to(Told::echo());
    for stream in [StreamId::new(5, true), StreamId::new(5, false)] {
        wire.frame_of(stream, FrameKind::Data, vec![1; 1_000]).await;
        wire.frame_of(stream, FrameKind::End, Vec::new()).await;
        wire.frame_of(stream, FrameKind::Data, vec![1; 1_000]).await;
    }
    assert_eq!(wire.asks(1, 9).await, Some(answer(9)));
    assert!(!session.is_closed());
    assert_eq!(session.streams_open(), 0);
}

#[tokio::test]
async fn a_stream_has_one_beginning_and_one_end() {
    let gate = Gate::default();
    let stuck = gate.clone();
    let hold = move || {
        let stuck = stuck.clone();
        Told::streaming(move |_| stuck.wait())
    };
    let (mut wire, session) = Wire::to(hold());
    wire.frame(1, FrameKind::Open, ask(1).encode()).await;
    wire.frame(1, FrameKind::Open, ask(1).encode()).await;
    wire.ended(&session).await;
    let (mut wire, session) = Wire::to(hold());
    wire.frame(1, FrameKind::Open, ask(1).encode()).await;
    wire.frame(1, FrameKind::End, Vec::new()).await;
    wire.frame(1, FrameKind::Data, vec![1]).await;
    wire.ended(&session).await;
    gate.open();
}

#[tokio::test]
async fn nonsense_ends_the_session() {
    let valid = Frame {
        stream: StreamId::new(0, true),
        kind: FrameKind::Request,
        payload: ask(1).encode(),
    };
    let valid = valid.encode().unwrap();
    let mut cases = vec![
        vec![0, 0, 0, 0],
        vec![0, 0, 0, 1, 0xff],
        [&[0, 0, 0, 9][..], &[0x83; 9]].concat(),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
    ];
    for at in HEAD_LEN..valid.len() {
        let mut bad = valid.clone();
        bad[at] = 0xff;
        // The number in the request is free to be anything.
        if Frame::decode(&bad[HEAD_LEN..])
            .is_ok_and(|frame| Request::decode(&frame.payload).is_ok())
        {
            continue;
        }
        cases.push(bad);
    }
    assert!(cases.len() > 10);
    for case in cases {
        let (mut wire, session) = Wire::to(Told::echo());
        wire.bytes(&case).await;
        wire.0.shutdown().await.unwrap();
        wire.ended(&session).await;
    }
}

#[tokio::test]
async fn a_frame_that_claims_too_much_ends_the_session_before_it_comes() {
    let largest = u32::try_from(detente_peer::limits::MAX_FRAME).unwrap();
    for claim in [u32::MAX, 1 << 31, largest + 1] {
        let (mut wire, session) = Wire::to(Told::echo());
        wire.bytes(&claim.to_be_bytes()).await;
        wire.ended(&session).await;
    }
    // The largest that may be claimed is waited for.
    let (mut wire, session) = Wire::to(Told::echo());
    wire.bytes(&largest.to_be_bytes()).await;
    let none = timeout(Duration::from_millis(50), wire.next()).await;
    assert!(none.is_err() && !session.is_closed());
}

#[tokio::test]
async fn so_many_exchanges_may_be_open_and_no_more() {
    let gate = Gate::default();
    let (stuck, begun) = (gate.clone(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&begun);
    let told = Told::new(move |_, number| {
        count.fetch_add(1, Ordering::SeqCst);
        stuck.wait();
        answer(number)
    });
    let (mut wire, session) = Wire::to(told);
    let most = u32::try_from(MAX_OPEN_EXCHANGES).unwrap();
    for count in 0..most {
        wire.frame(count, FrameKind::Request, ask(1).encode()).await;
    }
    while begun.load(Ordering::SeqCst) < MAX_OPEN_EXCHANGES {
        tokio::task::yield_now().await;
    }
    assert!(!session.is_closed());
    // One more, as a stream: streams and requests are counted together.
    wire.frame(most, FrameKind::Open, ask(1).encode()).await;
    session.closed().await;
    assert_eq!(begun.load(Ordering::SeqCst), MAX_OPEN_EXCHANGES);
    gate.open();
}

#[tokio::test]
async fn who_waits_for_its_answers_may_go_on_for_ever() {
    let (mut wire, session) = Wire::to(Told::echo());
    for count in 0..u32::try_from(MAX_OPEN_EXCHANGES).unwrap() * 4 {
        assert_eq!(wire.asks(count, 3).await, Some(answer(3)));
    }
    assert!(!session.is_closed());
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_the_peers_fault_and_ends_the_session() {
    let (mut wire, session) = Wire::to(Told::echo());
    let asking = session.clone();
    let asking = tokio::task::spawn_blocking(move || asking.request(&ask(1)));
    let frame = wire.next().await.unwrap();
    assert_eq!((frame.kind, frame.stream.is_dialler()), (FrameKind::Request, false));
    wire.frame_of(frame.stream, FrameKind::Response, vec![0xff]).await;
    assert!(matches!(asking.await.unwrap(), Err(LinkError::Misbehaved(_))));
    wire.ended(&session).await;
}

#[tokio::test]
async fn an_answer_counts_once() {
    let (mut wire, session) = Wire::to(Told::echo());
    let asking = session.clone();
    let asking = tokio::task::spawn_blocking(move || asking.request(&ask(1)));
    let frame = wire.next().await.unwrap();
    wire.frame_of(frame.stream, FrameKind::Response, answer(1).encode()).await;
    wire.frame_of(frame.stream, FrameKind::Response, answer(2).encode()).await;
    assert_eq!(asking.await.unwrap(), Ok(answer(1)));
    wire.ended(&session).await;
}

#[tokio::test(start_paused = true)]
async fn a_line_on_which_nothing_comes_is_cut() {
    let (wire, session) = Wire::to(Told::echo());
    let begun = Instant::now();
    wire.ended(&session).await;
    assert!(begun.elapsed() >= Duration::from_secs(179) && begun.elapsed().as_secs() < 200);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_comes_byte_by_byte_gets_no_more_time() {
    let (mut wire, session) = Wire::to(Told::echo());
    let begun = Instant::now();
    for byte in [0, 0] {
        wire.bytes(&[byte]).await;
        tokio::time::sleep(Duration::from_secs(80)).await;
        assert!(!session.is_closed());
    }
    wire.bytes(&[0]).await;
    wire.ended(&session).await;
    assert!(begun.elapsed().as_secs() < 200);
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_trickles_in_is_given_up() {
    let (mut wire, session) = Wire::to(Told::echo());
    let begun = Instant::now();
    wire.bytes(&1_000u32.to_be_bytes()).await;
    for _ in 0..11 {
        wire.bytes(&[0]).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(!session.is_closed());
    }
    wire.ended(&session).await;
    assert!(begun.elapsed().as_secs() < 140, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_word_now_and_then_keeps_the_line() {
    let (mut wire, session) = Wire::to(Told::echo());
    for count in 0..20 {
        assert_eq!(wire.asks(count, 1).await, Some(answer(1)));
        advance(Duration::from_secs(150)).await;
    }
    assert!(!session.is_closed());
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_left() {
    let (own, other) = tokio::io::duplex(32);
    let session = Session::start(other, A, false, Told::echo());
    let mut wire = Wire(own);
    let begun = Instant::now();
    // It asks and does not read what it is answered.
    for count in 0..8 {
        wire.frame(count, FrameKind::Request, ask(1).encode()).await;
    }
    session.closed().await;
    let after = begun.elapsed().as_secs();
    assert!((60..100).contains(&after), "after {after} s");
}

#[tokio::test]
async fn a_stream_that_the_peer_opens_is_served_and_ends() {
    let (mut wire, session) = Wire::to(Told::echo());
    wire.frame(3, FrameKind::Open, ask(1).encode()).await;
    for n in 0..10 {
        wire.frame(3, FrameKind::Data, vec![n]).await;
    }
    wire.frame(3, FrameKind::End, Vec::new()).await;
    for n in 0..10 {
        let frame = wire.next().await.unwrap();
        assert_eq!((frame.kind, frame.payload), (FrameKind::Data, vec![n]));
    }
    let last = wire.next().await.unwrap();
    assert_eq!((last.kind, last.payload.len()), (FrameKind::End, 0));
    // The number is free again once both have ended.
    while session.streams_open() > 0 {
        tokio::task::yield_now().await;
    }
    wire.frame(3, FrameKind::Open, ask(1).encode()).await;
    wire.frame(3, FrameKind::End, Vec::new()).await;
    assert_eq!(wire.next().await.unwrap().kind, FrameKind::End);
}

#[tokio::test]
async fn a_stream_of_ours_that_the_peer_never_answers_ends_with_the_line() {
    let (wire, session) = Wire::to(Told::echo());
    let reading = session.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let mut stream = reading.open(&ask(1)).unwrap();
        assert_eq!(stream.try_recv(), Ok(None));
        stream.recv()
    });
    while session.streams_open() == 0 {
        tokio::task::yield_now().await;
    }
    drop(wire);
    assert_eq!(reading.await.unwrap(), Err(LinkError::Cut));
    session.closed().await;
    assert_eq!(session.streams_open(), 0);
    waiting(|| {}).await;
}
