//! Adding to another server.

use proptest::prelude::*;
use serde_json::json;
use url::Url;

use super::{answer, now};
use crate::client::push::{Parcel, Push, PushTurn};

fn parcels(sizes: &[usize]) -> Vec<Parcel> {
    let one = |(n, size): (usize, &usize)| Parcel {
        id: format!("x--{n}"),
        version: n.to_string(),
        bytes: format!(r#"{{"n":{n},"pad":"{}"}}"#, "x".repeat(*size)).into_bytes(),
    };
    sizes.iter().enumerate().map(one).collect()
}

fn push(max: u64, sizes: &[usize]) -> Push {
    let root = Url::parse("https://h.example/api/").expect("a URL");
    let objects = Url::parse("https://h.example/api/collections/c/objects/").expect("a URL");
    Push::new(root, objects, max, parcels(sizes), 3)
}

/// The numbers of the objects that are on their way.
fn sent(push: &Push) -> Vec<u64> {
    let body = push.ask().and_then(|ask| ask.body).expect("an envelope");
    let value: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    let objects = value["objects"].as_array().expect("objects");
    objects.iter().map(|object| object["n"].as_u64().expect("a number")).collect()
}

fn complete(success: usize, failures: &[(&str, &str)]) -> String {
    let failures: Vec<_> =
        failures.iter().map(|(id, message)| json!({"id": id, "message": message})).collect();
    json!({
        "id": "s 1", "status": "complete", "total_count": success + failures.len(),
        "success_count": success, "failure_count": failures.len(), "failures": failures,
        "pending_count": 0
    })
    .to_string()
}

#[test]
fn follows_the_status_until_all_is_said() {
    let mut push = push(1 << 20, &[1, 1]);
    assert_eq!(sent(&push), [0, 1]);
    let pending = r#"{"id":"s 1","status":"pending","total_count":2,"success_count":0,
        "failure_count":0,"pending_count":2}"#;
    let turn = push.answer(now(), &answer(202, &[], pending)).expect("a turn");
    assert!(matches!(turn, PushTurn::Wait { why: None, .. }), "{turn:?}");
    let ask = push.ask().expect("a request");
    assert_eq!((ask.target.as_str(), ask.body), ("/api/status/s%201/", None));
    let done = complete(1, &[("x--1", "no\u{7}")]);
    assert_eq!(push.answer(now(), &answer(200, &[], &done)).expect("a turn"), PushTurn::Done);
    assert_eq!((push.added, push.failed.len(), push.ask()), (1, 1, None));
    assert_eq!((push.failed[0].id.as_str(), push.failed[0].why.as_str()), ("x--1", "no"));
    let mut never = self::push(1 << 20, &[1]);
    let ended = (0..100).find_map(|_| never.answer(now(), &answer(202, &[], pending)).err());
    assert_eq!(ended.expect("an end").code(), "feed_pending");
}

#[test]
fn failures_that_are_counted_and_not_named_are_failures() {
    let mut push = push(1 << 20, &[1, 1, 1]);
    let body = r#"{"id":"s","status":"complete","success_count":1,"failure_count":2}"#;
    push.answer(now(), &answer(202, &[], body)).expect("a turn");
    assert_eq!((push.added, push.failed.len()), (1, 2));
}

#[test]
fn what_is_too_large_alone_keeps_no_other_out() {
    let mut push = push(200, &[10, 500, 10]);
    assert_eq!((push.failed.len(), push.failed[0].id.as_str()), (1, "x--1"));
    assert_eq!(sent(&push), [0, 2]);
    push.answer(now(), &answer(202, &[], &complete(2, &[]))).expect("a turn");
    assert!(push.is_done());
}

#[test]
fn refusals_end_it_and_busy_servers_are_waited_for() {
    for (status, code) in
        [(401, "feed_unauthenticated"), (403, "feed_forbidden"), (404, "feed_not_found")]
    {
        let fault = push(1 << 20, &[1]).answer(now(), &answer(status, &[], "{}"));
        assert_eq!(fault.expect_err("a fault").code(), code);
    }
    let turn = push(1 << 20, &[1]).answer(now(), &answer(429, &[("retry-after", "9")], ""));
    assert!(matches!(turn, Ok(PushTurn::Wait { seconds: 9, .. })), "{turn:?}");
    let moved = answer(302, &[("location", "/b/")], "");
    let fault = push(1 << 20, &[1]).answer(now(), &moved).expect_err("a fault");
    assert_eq!(fault.code(), "feed_redirect");
    let mut moved_on = push(1 << 20, &[1]);
    moved_on.answer(now(), &answer(307, &[("location", "/b/")], "")).expect("a turn");
    assert_eq!(moved_on.ask().expect("a request").target, "/b/");
}

/// A server that is out of order refuses everything for a while.
#[test]
fn a_server_that_takes_nothing_is_to_blame_and_no_object_is() {
    for (status, code) in [(400, "feed_refused"), (422, "feed_refused"), (413, "feed_too_large")] {
        for count in [1, 40, 1_000] {
            let mut push = push(1 << 20, &vec![1; count]);
            let refused = answer(status, &[], r#"{"title":"on strike"}"#);
            let mut posts = 0;
            let fault = loop {
                posts += 1;
                if let Err(fault) = push.answer(now(), &refused) {
                    break fault;
                }
            };
            assert_eq!(fault.code(), code);
            assert!(push.failed.is_empty() && push.added == 0, "{status} {count}");
            assert!(posts <= 90, "{posts} envelopes");
        }
    }
}

/// What is sound goes soon, and what is to blame is found in few requests.
#[test]
fn only_what_is_left_is_taken_apart() {
    let mut push = push(1 << 20, &[1; 1_000]);
    let (mut posts, mut first) = (0, None);
    while push.ask().is_some() {
        posts += 1;
        let numbers = sent(&push);
        let answered = if numbers.contains(&7) {
            answer(422, &[], "{}")
        } else {
            first.get_or_insert(posts);
            answer(202, &[], &complete(numbers.len(), &[]))
        };
        push.answer(now(), &answered).expect("a turn");
    }
    assert_eq!((push.added, push.failed.len(), push.failed[0].id.as_str()), (999, 1, "x--7"));
    assert!(first <= Some(3) && posts <= 25, "{first:?} of {posts}");
}

proptest! {
    /// A server that takes bodies of so many bytes and so many objects, and can't read some.
    #[test]
    fn each_object_is_added_or_named(
        sizes in proptest::collection::vec(0_usize..400, 0..60), said in 50_u64..2_000,
        takes in 30_usize..2_000, most in 1_usize..20,
        bad in proptest::collection::btree_set(0_u64..60, 0..4),
    ) {
        let mut push = push(said, &sizes);
        let mut added = Vec::new();
        while let Some(ask) = push.ask() {
            let body = ask.body.expect("an envelope");
            prop_assert!(body.len() as u64 <= said);
            let numbers = sent(&push);
            let answered = if body.len() > takes || numbers.len() > most {
                answer(413, &[], "")
            } else if numbers.iter().any(|n| bad.contains(n)) {
                answer(422, &[], "{}")
            } else {
                added.extend(numbers.iter().copied());
                answer(202, &[], &complete(numbers.len(), &[]))
            };
            match push.answer(now(), &answered) {
                Ok(_) => {}
                // A server that takes nothing at all is brought all of it again.
                Err(_) => {
                    prop_assert!(added.is_empty());
                    return Ok(());
                }
            }
        }
        prop_assert_eq!(push.added, added.len() as u64);
        let failed = push.failed.iter().map(|one| one.version.parse::<u64>().expect("a number"));
        let mut all: Vec<u64> = added.into_iter().chain(failed).collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..sizes.len() as u64).collect::<Vec<_>>());
    }
}
