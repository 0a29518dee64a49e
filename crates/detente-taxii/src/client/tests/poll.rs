//! Polls, one quirk after the other.

use url::Url;

use super::{answer, now};
use crate::client::answer::Answer;
use crate::client::cursor::Cursor;
use crate::client::poll::{MAX_EMPTY, MAX_TRIES, Poll, Turn};
use crate::client::stamp::Stamp;
use crate::client::wait::MAX_RETRY_AFTER;
use crate::moment::Moment;

const LAST: &str = "x-taxii-date-added-last";
const FIRST: &str = "x-taxii-date-added-first";
const T1: &str = "2026-01-02T03:04:05.000001Z";
const T2: &str = "2026-01-02T03:04:05.000002Z";
const T3: &str = "2026-01-02T03:04:05.000003Z";

fn poll() -> Poll {
    from(Cursor::default())
}

fn from(cursor: Cursor) -> Poll {
    let objects = Url::parse("https://h.example/api/collections/c%201/objects/").expect("a URL");
    Poll::new(objects, cursor, 1)
}

fn after(text: &str) -> Cursor {
    Cursor { after: Stamp::read(text), since: None }
}

fn code(poll: &mut Poll, answer: &Answer) -> &'static str {
    poll.answer(now(), answer).expect_err("a fault").code()
}

/// Gives a page; says how many objects came and whether it was the last.
fn page(poll: &mut Poll, headers: &[(&str, &str)], body: &str) -> (usize, bool, Cursor) {
    match poll.answer(now(), &answer(200, headers, body)) {
        Ok(Turn::Page(page)) => {
            (page.objects.len(), page.last, Cursor { since: None, ..page.cursor })
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn asks_by_token_with_the_date_that_it_was_got_with() {
    let mut poll = from(after(T1));
    let bound = "added_after=2026-01-02T03%3A04%3A05.000000Z";
    let path = "/api/collections/c%201/objects/";
    assert_eq!(poll.ask().target, format!("{path}?limit=1000&{bound}"));
    let body = r#"{"more":true,"next":"a b&c","objects":[1]}"#;
    let (count, last, cursor) = page(&mut poll, &[(FIRST, T1), (LAST, T2)], body);
    assert_eq!((count, last), (1, false));
    assert_eq!(poll.ask().target, format!("{path}?limit=1000&{bound}&next=a+b%26c"));
    // Whether pages come in order, the next one tells.
    assert_eq!(cursor, after(T1));
    let body = r#"{"more":true,"next":"d","objects":[2]}"#;
    let (_, _, cursor) = page(&mut poll, &[(FIRST, T2), (LAST, T3)], body);
    assert_eq!((&cursor, Cursor::from_json(&cursor.to_json())), (&after(T2), cursor.clone()));
    let (_, last, cursor) = page(&mut poll, &[(LAST, T3)], r#"{"more":false,"objects":[3]}"#);
    assert!(last);
    assert_eq!(cursor, after(T3));
}

/// As medallion does: what was lost with a line would be passed over.
#[test]
fn a_token_that_names_a_session_is_not_asked_with_twice() {
    let body = |n: u32| format!(r#"{{"more":true,"next":"session","objects":[{n}]}}"#);
    let begun = || {
        let mut poll = poll();
        page(&mut poll, &[(FIRST, T1), (LAST, T1)], &body(1));
        page(&mut poll, &[(FIRST, T2), (LAST, T2)], &body(2));
        assert!(poll.ask().target.ends_with("&next=session"));
        poll
    };
    let by_date = |poll: &Poll| poll.ask().target.ends_with("05.000000Z");
    let mut cut = begun();
    cut.cut("reset".to_owned()).expect("a turn");
    assert!(by_date(&cut), "{}", cut.ask().target);
    // What came again is no circle.
    page(&mut cut, &[(FIRST, T1), (LAST, T1)], &body(1));
    for status in [500, 502, 504, 408, 400, 404, 410, 422] {
        let (mut failed, answered) = (begun(), answer(status, &[], "{}"));
        failed.answer(now(), &answered).expect("a turn");
        assert!(by_date(&failed), "{status}: {}", failed.ask().target);
    }
    let mut large = begun();
    large.overflow().expect("a turn");
    assert!(by_date(&large) && large.ask().target.contains("limit=250&"));
    for status in [429, 503] {
        let (mut busy, answered) = (begun(), answer(status, &[], "{}"));
        busy.answer(now(), &answered).expect("a turn");
        assert!(busy.ask().target.ends_with("&next=session"), "{status}");
    }
    assert_eq!(code(&mut begun(), &answer(401, &[], "{}")), "feed_unauthenticated");
    // It comes no further, again and again.
    let mut never = begun();
    let ended = (0..100).find_map(|_| {
        let refused = answer(400, &[], "{}");
        never.answer(now(), &refused).map(|_| ()).err().or_else(|| {
            page(&mut never, &[(FIRST, T1), (LAST, T1)], &body(1));
            None
        })
    });
    assert_eq!(ended.expect("an end").code(), "feed_refused");
}

#[test]
fn more_without_next_goes_on_by_date() {
    let mut poll = poll();
    let (_, last, cursor) = page(&mut poll, &[(LAST, T2)], r#"{"more":true,"objects":[{}]}"#);
    assert_eq!((last, cursor), (false, after(T2)));
    let body = r#"{"more":true,"objects":[{}]}"#;
    assert_eq!(code(&mut from(Cursor::default()), &answer(200, &[], body)), "feed_stuck");
    // Nothing but one date on a page: ask for more of it, then go past it, and say so.
    let mut gaps = 0;
    for _ in 0..20 {
        page(&mut poll, &[(LAST, T2)], body);
        gaps = poll.oddities().gaps.len();
        if gaps > 0 {
            break;
        }
    }
    assert_eq!(gaps, 1);
    assert!(poll.ask().target.ends_with("limit=1000&added_after=2026-01-02T03%3A04%3A05.000002Z"));
    assert_eq!(code(&mut poll, &answer(200, &[(LAST, T2)], body)), "feed_circle");
    let mut back = from(after(T2));
    assert_eq!(code(&mut back, &answer(200, &[(LAST, T1)], body)), "feed_circle");
}

#[test]
fn what_goes_in_a_circle_ends() {
    let mut poll = from(Cursor::default());
    page(&mut poll, &[], r#"{"next":"a","objects":[1]}"#);
    assert_eq!(code(&mut poll, &answer(200, &[], r#"{"next":"b","objects":[1]}"#)), "feed_circle");
    let mut poll = from(Cursor::default());
    for n in 0..MAX_EMPTY {
        page(&mut poll, &[], &format!(r#"{{"more":true,"next":"{n}"}}"#));
    }
    let body = r#"{"more":true,"next":"z"}"#;
    assert_eq!(code(&mut poll, &answer(200, &[], body)), "feed_endless");
}

#[test]
fn dates_that_can_not_be_are_not_believed() {
    let ahead = [(FIRST, T1), (LAST, "2099-12-31T23:59:59.999999Z")];
    let mut poll = from(after(T1));
    let (_, _, cursor) = page(&mut poll, &ahead, r#"{"objects":[1]}"#);
    assert_eq!(cursor, after(T1));
    assert!(poll.oddities().ahead);
    let mut poll = from(after(T1));
    let (_, _, cursor) = page(&mut poll, &[(LAST, "1e400")], r#"{"objects":[1]}"#);
    assert_eq!(cursor, after(T1));
    assert!(poll.oddities().undated);
    // Turned round they still say what is between them.
    let mut poll = from(Cursor::default());
    let (_, _, cursor) = page(&mut poll, &[(FIRST, T2), (LAST, T1)], r#"{"objects":[1]}"#);
    assert_eq!(cursor, after(T2));
}

#[test]
fn pages_that_go_back_in_time_keep_the_cursor_where_it_was() {
    let mut poll = poll();
    page(&mut poll, &[(FIRST, T2), (LAST, T2)], r#"{"next":"a","objects":[1]}"#);
    let body = r#"{"next":"b","objects":[2]}"#;
    let (_, _, cursor) = page(&mut poll, &[(FIRST, T2), (LAST, T3)], body);
    assert_eq!(cursor, after(T2));
    let body = r#"{"next":"c","objects":[3]}"#;
    let (_, _, cursor) = page(&mut poll, &[(FIRST, T1), (LAST, T1)], body);
    assert!(poll.oddities().disorder);
    assert_eq!(cursor, Cursor::default());
    let (_, last, cursor) = page(&mut poll, &[], r#"{"objects":[4]}"#);
    assert!(last);
    assert_eq!(cursor, after(T3));
}

#[test]
fn waits_as_the_server_asks_and_gives_up_in_the_end() {
    let busy = [
        answer(503, &[("retry-after", "120")], ""),
        answer(429, &[("retry-after", "Mon, 01 Jun 2026 00:02:00 GMT")], ""),
    ];
    for busy in busy {
        match poll().answer(now(), &busy) {
            Ok(Turn::Wait { seconds, why }) => {
                assert_eq!((seconds, why.code()), (120, "feed_busy"));
            }
            other => panic!("{other:?}"),
        }
    }
    let long = answer(503, &[("retry-after", "99999999999999999999")], "");
    match poll().answer(now(), &long) {
        Ok(Turn::Wait { seconds, .. }) => assert_eq!(seconds, MAX_RETRY_AFTER),
        other => panic!("{other:?}"),
    }
    for status in [408, 429, 500, 502, 503, 504] {
        let mut poll = poll();
        for _ in 1..MAX_TRIES {
            let busy = answer(status, &[], "<html>");
            let turn = poll.answer(now(), &busy).expect("a turn");
            assert!(matches!(turn, Turn::Wait { .. }));
        }
        assert_eq!(code(&mut poll, &answer(status, &[], "<html>")), "feed_busy");
    }
    let mut cut = poll();
    for _ in 1..MAX_TRIES {
        cut.cut("reset".to_owned()).expect("a turn");
    }
    // What came meanwhile begins the count anew.
    page(&mut cut, &[], r#"{"next":"a","objects":[1]}"#);
    assert!(cut.cut("reset".to_owned()).is_ok());
}

#[test]
fn refusals_have_names_and_remedies() {
    let words = r#"{"title":"No","description":"not you\u0007","http_status":"403"}"#;
    for (status, code) in [
        (400, "feed_refused"),
        (401, "feed_unauthenticated"),
        (403, "feed_forbidden"),
        (404, "feed_not_found"),
        (406, "feed_not_acceptable"),
        (416, "feed_ranges"),
        (206, "feed_ranges"),
        (418, "feed_refused"),
    ] {
        let answered = answer(status, &[], words);
        let mut poll = poll();
        if status == 404 {
            // The first asks for the page, the second for the collection.
            poll.answer(now(), &answered).expect("a turn");
        }
        let fault = poll.answer(now(), &answered).expect_err("a fault");
        assert_eq!(fault.code(), code, "{status}");
        assert!(!fault.remedy().is_empty());
        assert!(fault.to_string().contains("not you"), "{fault}");
        assert!(!fault.to_string().contains('\u{7}'), "{fault}");
    }
    let html = Answer {
        status: 200,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        body: b"<html>Log in</html>".to_vec(),
    };
    assert_eq!(code(&mut poll(), &html), "feed_media_type");
}

#[test]
fn a_page_that_is_not_there_is_empty_if_the_collection_is() {
    let mut found = from(after(T1));
    found.answer(now(), &answer(404, &[], "{}")).expect("a turn");
    assert_eq!(found.ask().target, "/api/collections/c%201/");
    let (count, last, cursor) = page(&mut found, &[], r#"{"id":"C 1"}"#);
    assert_eq!((count, last, cursor), (0, true, after(T1)));
    // What answers in the collection's place is not the collection.
    let html = Answer {
        status: 200,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        body: b"<html>Log in</html>".to_vec(),
    };
    for (other, code) in [
        (html, "feed_media_type"),
        (answer(200, &[], r#"{"id":"c 2"}"#), "feed_malformed"),
        (answer(200, &[], "{}"), "feed_malformed"),
        (answer(204, &[("content-type", "x/y")], ""), "feed_malformed"),
    ] {
        let mut poll = from(after(T1));
        poll.answer(now(), &answer(404, &[], "{}")).expect("a turn");
        assert_eq!(self::code(&mut poll, &other), code, "{other:?}");
    }
    let mut gone = from(after(T1));
    gone.answer(now(), &answer(404, &[], "{}")).expect("a turn");
    assert_eq!(code(&mut gone, &answer(404, &[], "{}")), "feed_not_found");
}

#[test]
fn pages_that_are_too_large_are_asked_for_in_parts() {
    let mut poll = poll();
    for _ in 0..5 {
        poll.overflow().expect("a turn");
    }
    assert!(poll.ask().target.ends_with("limit=1"), "{}", poll.ask().target);
    assert_eq!(poll.overflow().expect_err("a fault").code(), "feed_page_too_large");
    let mut poll = from(Cursor::default());
    poll.answer(now(), &answer(413, &[], "")).expect("a turn");
    assert!(poll.ask().target.ends_with("limit=250"));
    page(&mut poll, &[(LAST, T1)], r#"{"more":true,"objects":[1]}"#);
    assert!(poll.ask().target.contains("limit=250&"), "it stays so");
}

/// A server that refuses more than 250 objects, and has more of one date.
#[test]
fn what_was_too_much_once_is_not_asked_for_again() {
    let mut poll = poll();
    let mut asked = Vec::new();
    while poll.oddities().gaps.is_empty() && asked.len() < 100 {
        let target = poll.ask().target;
        let limit = target.split('=').nth(1).and_then(|rest| rest.split('&').next());
        let limit: u32 = limit.and_then(|limit| limit.parse().ok()).expect("a limit");
        asked.push(limit);
        if limit > 250 {
            poll.answer(now(), &answer(413, &[], "")).expect("a turn");
        } else {
            page(&mut poll, &[(LAST, T1)], r#"{"more":true,"objects":[1]}"#);
        }
    }
    assert_eq!(asked, [1_000, 250, 250]);
    // What is too large to be read counts to the bytes of a poll all the same.
    let mut large = from(Cursor::default());
    let ended = (0..2_000).find_map(|_| {
        large.overflow().err().or_else(|| {
            page(&mut large, &[(LAST, T1)], r#"{"more":true,"next":"a","objects":[]}"#);
            None
        })
    });
    assert!(ended.is_some());
}

#[test]
fn dates_of_a_page_without_objects_are_not_believed() {
    for (status, body) in [(200, ""), (204, ""), (200, "{}"), (200, r#"{"more":false}"#)] {
        let mut poll = from(after(T1));
        let framed = [("content-length", "0"), (FIRST, T2), (LAST, T3)];
        let turn = poll.answer(now(), &answer(status, &framed, body)).map(|turn| match turn {
            Turn::Page(page) => (page.last, page.cursor.after),
            other => panic!("{other:?}"),
        });
        assert_eq!(turn, Ok((true, Stamp::read(T1))), "{status} {body}");
    }
    // Without objects and with more, it comes no further by date.
    let body = r#"{"more":true,"objects":[]}"#;
    assert_eq!(code(&mut from(after(T1)), &answer(200, &[(LAST, T3)], body)), "feed_stuck");
}

/// A line that ends in the midst of an answer of no given length.
#[test]
fn an_answer_that_ended_with_the_line_is_no_page() {
    for body in ["", " \n", "{", r#"{"objects":[{"a":"#] {
        let mut poll = from(after(T1));
        for _ in 1..MAX_TRIES {
            let half = answer(200, &[(LAST, T3)], body);
            let turn = poll.answer(now(), &half).expect("a turn");
            assert!(matches!(turn, Turn::Wait { .. }), "{turn:?}");
        }
        assert_eq!(code(&mut poll, &answer(200, &[(LAST, T3)], body)), "feed_cut");
    }
    let mut whole = from(after(T1));
    let said = answer(200, &[("content-length", "1")], "{");
    assert_eq!(code(&mut whole, &said), "feed_malformed");
}

#[test]
fn descending_pages_without_a_token_end_the_poll_aloud() {
    let mut down = from(Cursor::default());
    let body = r#"{"more":true,"objects":[1]}"#;
    assert_eq!(code(&mut down, &answer(200, &[(FIRST, T3), (LAST, T2)], body)), "feed_stuck");
    // With one they are all read, and only then the cursor moves.
    let mut down = from(after(T1));
    let body = r#"{"more":true,"next":"a","objects":[2]}"#;
    let (_, _, cursor) = page(&mut down, &[(FIRST, T3), (LAST, T2)], body);
    assert!(down.oddities().disorder);
    assert_eq!(cursor, after(T1));
    let (_, last, cursor) = page(&mut down, &[(FIRST, T2), (LAST, T1)], r#"{"objects":[1]}"#);
    assert_eq!((last, cursor), (true, after(T3)));
}

/// An object that was stamped before it was committed comes to light below the last date.
#[test]
fn what_comes_to_light_late_is_read() {
    let late = "2026-05-31T23:58:00.000000Z";
    let bound = |poll: &Poll| poll.ask().target.rsplit('=').next().map(str::to_owned);
    let below = Some("2026-05-31T23%3A52%3A59.999999Z".to_owned());
    let at = |seconds: i64| Moment::of(now().micros() + seconds * 1_000_000).expect("a time");
    // Reads to the end with this page; gives what is kept.
    let read = |cursor: &Cursor, seconds, date: &str, body: &str| {
        let mut poll = from(Cursor::from_json(&cursor.to_json()));
        let asked = bound(&poll);
        match poll.answer(at(seconds), &answer(200, &[(LAST, date)], body)) {
            Ok(Turn::Page(page)) => (asked, page.cursor),
            other => panic!("{other:?}"),
        }
    };
    let (_, first) = read(&Cursor::default(), 0, late, r#"{"objects":[1]}"#);
    // It comes again in parts, and the cursor does not go back meanwhile.
    let early = "2026-05-31T23:55:00.000000Z";
    let (asked, part) = read(&first, 400, early, r#"{"more":true,"objects":[0]}"#);
    assert_eq!((asked, part.after), (below.clone(), Stamp::read(late)));
    let (asked, early) = read(&part, 100, early, r#"{"objects":[0]}"#);
    assert_eq!((asked, early.after), (below.clone(), Stamp::read(late)));
    // So soon after the date was reached, more may come; later, once none came, no more does.
    let (asked, settled) = read(&early, 300, late, r#"{"objects":[1]}"#);
    assert_eq!(asked, below);
    let (asked, settled) = read(&settled, 301, late, r#"{"objects":[1]}"#);
    assert_eq!(asked.as_deref(), Some("2026-05-31T23%3A57%3A59.999999Z"));
    // Until it moves again.
    let later = "2026-05-31T23:59:00.000000Z";
    let (_, moved) = read(&settled, 900, later, r#"{"objects":[2]}"#);
    let (asked, _) = read(&moved, 99_999, later, r#"{"objects":[2]}"#);
    assert_eq!(asked.as_deref(), Some("2026-05-31T23%3A53%3A59.999999Z"));
}

#[test]
fn redirects_are_followed_on_the_same_server() {
    let mut poll = poll();
    poll.answer(now(), &answer(308, &[("location", "/b/?limit=1000")], "")).expect("a turn");
    assert_eq!(poll.ask().target, "/b/?limit=1000");
    page(&mut poll, &[], r#"{"next":"a","objects":[1]}"#);
    assert!(poll.ask().target.starts_with("/api/"));
    let away = answer(302, &[("location", "https://evil.example/")], "");
    assert_eq!(code(&mut poll, &away), "feed_redirect");
    let round = answer(302, &[("location", "/b/")], "");
    let mut hops = 0;
    while poll.answer(now(), &round).is_ok() {
        hops += 1;
    }
    assert_eq!(hops, usize::from(crate::client::MAX_HOPS));
}
