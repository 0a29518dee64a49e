//! Two honest ends.

use detente_node::ports::{Link as _, LinkError};
use detente_peer::limits::MAX_STREAM_BACKLOG;

use super::{A, B, Gate, Told, answer, ask, asks, pipe, waiting};
use crate::stream::Inbox;

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_both_ways_at_once() {
    let (a, b) = pipe(Told::echo(), Told::echo());
    assert_eq!((a.peer(), b.peer()), (B, A));
    let threads: Vec<_> = (0..8)
        .map(|n| {
            let session = if n % 2 == 0 { a.clone() } else { b.clone() };
            tokio::task::spawn_blocking(move || {
                for number in 0..100 {
                    let asked = session.request(&ask(number));
                    assert_eq!(asked, Ok(answer(number)));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_asked_may_ask_back_before_it_answers() {
    // B asks A for half before it answers; A does the same, down to zero.
    let halve = || {
        Told::new(|link, number| match number {
            0 => answer(0),
            _ => link.request(&ask(number / 2)).unwrap(),
        })
    };
    let (a, b) = pipe(halve(), halve());
    assert_eq!(asks(&a, 200).await, Ok(answer(0)));
    assert_eq!(asks(&b, 100).await, Ok(answer(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_to_who_asked_whatever_their_order() {
    let gate = Gate::default();
    let late = gate.clone();
    let told = Told::new(move |_, number| {
        if number == 1 {
            late.wait();
        }
        answer(number)
    });
    let (a, _b) = pipe(Told::echo(), told);
    let first = a.clone();
    let first = tokio::task::spawn_blocking(move || first.request(&ask(1)));
    for number in 2..50 {
        assert_eq!(asks(&a, number).await, Ok(answer(number)));
    }
    gate.open();
    assert_eq!(first.await.unwrap(), Ok(answer(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_stream_come_in_order_and_end_with_it() {
    let (a, _b) = pipe(Told::echo(), Told::echo());
    waiting(move || {
        let mut one = a.open(&ask(1)).unwrap();
        let mut other = a.open(&ask(2)).unwrap();
        for n in 0..200u32 {
            one.send(n.to_be_bytes().to_vec()).unwrap();
            other.send(vec![]).unwrap();
        }
        for n in 0..200u32 {
            assert_eq!(one.recv(), Ok(Some(n.to_be_bytes().to_vec())));
            assert_eq!(other.recv(), Ok(Some(vec![])));
        }
        assert_eq!(one.try_recv(), Ok(None));
        assert_eq!(a.request(&ask(3)), Ok(answer(3)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_comes_after_all_messages() {
    let told = Told::streaming(|stream| {
        for n in 0..3 {
            stream.send(vec![n]).unwrap();
        }
    });
    let (a, _b) = pipe(Told::echo(), told);
    waiting(move || {
        let mut stream = a.open(&ask(1)).unwrap();
        for n in 0..3 {
            assert_eq!(stream.recv(), Ok(Some(vec![n])));
        }
        for _ in 0..2 {
            assert_eq!(stream.recv(), Ok(None));
            assert_eq!(stream.try_recv(), Ok(None));
        }
        // The other side has left; what still goes there is dropped, and the line stays.
        stream.send(vec![9]).unwrap();
        assert_eq!(a.request(&ask(2)), Ok(answer(2)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_message_goes_through() {
    let (a, _b) = pipe(Told::echo(), Told::echo());
    waiting(move || {
        let mut stream = a.open(&ask(1)).unwrap();
        let large = vec![7; 6 * 1024 * 1024];
        stream.send(large.clone()).unwrap();
        assert_eq!(stream.recv(), Ok(Some(large)));
        // What does not fit a frame is the sender's own fault, and ends nothing.
        let too_large = stream.send(vec![7; 9 * 1024 * 1024]);
        assert!(matches!(too_large, Err(LinkError::Misbehaved(_))), "{too_large:?}");
        assert_eq!(a.request(&ask(2)), Ok(answer(2)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_wakes_all_who_wait() {
    let gate = OpenAtEnd(Gate::default());
    let stuck = gate.0.clone();
    let told = Told::new(move |_, number| {
        stuck.wait();
        answer(number)
    });
    let (a, b) = pipe(Told::echo(), told);
    let asking = a.clone();
    let asking = tokio::task::spawn_blocking(move || asking.request(&ask(1)));
    let reading = a.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let mut stream = reading.open(&ask(2)).unwrap();
        // The line may go before this is sent.
        let sent = stream.send(vec![1]);
        assert!(matches!(sent, Ok(()) | Err(LinkError::Cut)), "{sent:?}");
        (stream.recv(), stream.recv(), stream.recv())
    });
    // The stream is open there; now the line goes.
    while b.streams_open() == 0 {
        tokio::task::yield_now().await;
    }
    b.close();
    assert_eq!(asking.await.unwrap(), Err(LinkError::Cut));
    let (first, second, third) = reading.await.unwrap();
    assert!(first == Ok(Some(vec![1])) || first == Err(LinkError::Cut));
    assert_eq!((second, third), (Err(LinkError::Cut), Err(LinkError::Cut)));
    a.closed().await;
    assert_eq!(asks(&a, 3).await, Err(LinkError::Cut));
    let open = a.clone();
    assert!(waiting(move || open.open(&ask(4)).is_err()).await);
    assert!(b.is_closed());
}

/// Lets go what waits when a test ends, however it ends: the runtime waits for it.
struct OpenAtEnd(Gate);

impl Drop for OpenAtEnd {
    fn drop(&mut self) {
        self.0.open();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_closed_at_once_ends_the_line() {
    for _ in 0..50 {
        let (a, b) = pipe(Told::echo(), Told::echo());
        a.close();
        assert!(a.is_closed());
        let ended = tokio::time::timeout(std::time::Duration::from_secs(5), b.closed()).await;
        assert!(ended.is_ok(), "the other side never hears of it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_takes_only_its_own_answer_with_it() {
    let told = Told::new(|_, number| {
        assert_ne!(number, 13, "as the test wants");
        answer(number)
    });
    let (a, _b) = pipe(Told::echo(), told);
    let unlucky = a.clone();
    let unlucky = tokio::task::spawn_blocking(move || unlucky.request(&ask(13)));
    for _ in 0..100 {
        assert_eq!(asks(&a, 1).await, Ok(answer(1)));
    }
    a.close();
    assert_eq!(unlucky.await.unwrap(), Err(LinkError::Cut));
}

#[test]
fn what_waits_on_a_stream_is_bounded() {
    let inbox = Inbox::default();
    // Pages that nobody touches take no memory.
    let quarter = || vec![0; MAX_STREAM_BACKLOG / 4];
    for _ in 0..3 {
        assert!(inbox.push(quarter()));
    }
    assert!(!inbox.push(quarter()), "with what each message costs it is too much");
    let inbox = Inbox::default();
    assert!(!inbox.push(vec![0; MAX_STREAM_BACKLOG]));
    let inbox = Inbox::default();
    inbox.end();
    assert!(!inbox.push(vec![1]), "nothing comes after the end");
}

#[test]
fn who_waits_is_woken_when_the_runtime_ends() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let gate = Gate::default();
    let stuck = gate.clone();
    let told = Told::new(move |_, number| {
        stuck.wait();
        answer(number)
    });
    let (a, b) = {
        let _in = runtime.enter();
        pipe(Told::echo(), told)
    };
    let asking = a.clone();
    let asking = std::thread::spawn(move || asking.request(&ask(1)));
    let reading = b.clone();
    let reading = std::thread::spawn(move || reading.open(&ask(2)).and_then(|mut s| s.recv()));
    while a.streams_open() == 0 {
        std::thread::yield_now();
    }
    runtime.shutdown_background();
    assert_eq!(asking.join().unwrap(), Err(LinkError::Cut));
    assert_eq!(reading.join().unwrap(), Err(LinkError::Cut));
    assert!(a.is_closed() && b.is_closed());
    gate.open();
}
