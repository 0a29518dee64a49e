//! Whatever a server's clock, page size and way of paging, and wherever a poll is cut off: what is
//! kept in the end is exactly what the server has.

use std::collections::BTreeSet;

use proptest::prelude::*;
use url::Url;

use super::now;
use crate::client::answer::{Answer, Ask};
use crate::client::cursor::Cursor;
use crate::client::poll::{Poll, Turn};
use crate::client::stamp::Stamp;
use crate::message::TAXII;
use crate::moment::Moment;

/// How a server says how to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paging {
    /// `more` and `next`.
    Token,
    /// The same, with one token for all pages: each request takes the next one away.
    Session,
    /// `next` alone.
    NextAlone,
    /// `more` alone: go on by date.
    MoreAlone,
}

#[derive(Clone, Debug)]
struct Server {
    /// When each object was added, ascending; its number is its id. Microseconds.
    added: Vec<i64>,
    /// The unit of what it stores and compares. Microseconds.
    stored: i64,
    /// The unit of what it writes; never finer than what it stores.
    written: i64,
    /// The most objects of a page.
    page: usize,
    paging: Paging,
    dated: bool,
    /// It refuses the tokens that it has given.
    tokens_end: bool,
    /// It has no page where nothing fits.
    no_empty_page: bool,
    /// Each so many pages, one is empty though there is more.
    hollow: usize,
    asked: usize,
    /// What is left of the session, and the filters with which it was begun.
    session: Option<(String, Vec<usize>)>,
}

const START: i64 = 1_767_225_600_000_000;

impl Server {
    fn date(&self, number: usize) -> i64 {
        self.added[number].div_euclid(self.stored) * self.stored
    }

    fn written(&self, micros: i64) -> String {
        let text = Moment::of(micros.div_euclid(self.written) * self.written).unwrap().to_string();
        let (whole, fraction) = text.trim_end_matches('Z').split_once('.').unwrap();
        match self.written {
            1 => format!("{whole}.{fraction}Z"),
            1_000 => format!("{whole}.{}Z", &fraction[..3]),
            _ => format!("{whole}Z"),
        }
    }

    fn answer(&mut self, ask: &Ask) -> Answer {
        self.asked += 1;
        let none = Answer { status: 404, ..Answer::default() };
        let typed = vec![("content-type".to_owned(), TAXII.to_owned())];
        let Some((path, query)) = ask.target.split_once('?') else {
            let there = ask.target == "/api/collections/c/";
            return if there {
                Answer { status: 200, headers: typed, body: br#"{"id":"c"}"#.to_vec() }
            } else {
                none
            };
        };
        assert_eq!(path, "/api/collections/c/objects/");
        let mut after = i64::MIN;
        let (mut limit, mut from, mut session) = (usize::MAX, 0, None);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "added_after" => {
                    assert!(Stamp::read(&value).is_some());
                    after = Moment::read(&value).unwrap().micros();
                }
                "limit" => limit = value.parse().unwrap(),
                "next" if value == "session" => session = self.session.take(),
                "next" => from = value.parse().unwrap(),
                other => panic!("{other}"),
            }
        }
        let by_token = query.contains("&next=");
        let filters = after.to_string();
        let other = session.as_ref().is_some_and(|(begun, _)| *begun != filters);
        let gone = query.ends_with("&next=session") && session.is_none();
        if other || gone || (by_token && self.tokens_end) {
            return Answer { status: 400, ..Answer::default() };
        }
        let meant: Vec<usize> = match session {
            Some((_, left)) => left,
            None => (from..self.added.len()).filter(|n| self.date(*n) > after).collect(),
        };
        if meant.is_empty() && self.no_empty_page {
            return none;
        }
        let hollow = self.hollow > 0
            && self.paging != Paging::MoreAlone
            && self.asked.is_multiple_of(self.hollow);
        let count = if hollow { 0 } else { self.page.min(limit).min(meant.len()) };
        let page = &meant[..count];
        let more = count < meant.len();
        let mut headers = typed;
        if let (Some(first), Some(last), true) = (page.first(), page.last(), self.dated) {
            for (name, n) in [("first", first), ("last", last)] {
                let date = self.written(self.date(*n));
                headers.push((format!("x-taxii-date-added-{name}"), date));
            }
        }
        let objects: Vec<String> = page.iter().map(|n| format!(r#"{{"n":{n}}}"#)).collect();
        let next = page.last().map_or(from, |n| n + 1).max(meant.first().copied().unwrap_or(0));
        // A token must differ from the one it was asked with, also after an empty page.
        let next = if hollow {
            format!("{}{next}", "0".repeat(self.asked % 50 + 1))
        } else {
            next.to_string()
        };
        if more && self.paging == Paging::Session {
            self.session = Some((filters, meant.get(count..).unwrap_or_default().to_vec()));
        }
        let body = format!("{{{}\"objects\":[{}]}}", self.rest(more, &next), objects.join(","));
        Answer { status: 200, headers, body: body.into_bytes() }
    }

    /// What a page says of the next one.
    fn rest(&self, more: bool, next: &str) -> String {
        match self.paging {
            Paging::Session if more => r#""more":true,"next":"session","#.to_owned(),
            Paging::Token if more => format!(r#""more":true,"next":"{next}","#),
            Paging::NextAlone if more => format!(r#""next":"{next}","#),
            Paging::MoreAlone if more => r#""more":true,"#.to_owned(),
            Paging::Token | Paging::Session => r#""more":false,"#.to_owned(),
            Paging::NextAlone | Paging::MoreAlone => String::new(),
        }
    }
}

/// What befalls a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Well,
    Cut,
    Busy,
    /// The answer comes, its objects are durable, and the process ends before the cursor is.
    DiesBeforeCursor,
    /// The process ends once the cursor is durable.
    DiesAfterCursor,
    /// Tokens that were given so far are refused from now on.
    TokensEnd,
}

fn objects() -> Url {
    Url::parse("https://h.example/api/collections/c/objects/").unwrap()
}

#[derive(Default)]
struct Client {
    kept: BTreeSet<usize>,
    cursor: Cursor,
    gaps: bool,
    /// Polls that were begun: an hour lies between two.
    polls: i64,
}

impl Client {
    /// Polls until the end or the process's; says whether it came to the end.
    fn poll(&mut self, server: &mut Server, fates: &mut impl Iterator<Item = Fate>) -> bool {
        let kept = Cursor::from_json(&self.cursor.to_json());
        assert_eq!(kept, self.cursor);
        let mut poll = Poll::new(objects(), kept, 7);
        self.polls += 1;
        let at = Moment::of(now().micros() + self.polls * 3_600_000_000).unwrap();
        for _ in 0..10_000 {
            let fate = fates.next().unwrap_or(Fate::Well);
            let came = match fate {
                Fate::Cut => {
                    // It went, and what came of it is lost.
                    server.answer(&poll.ask());
                    if poll.cut("cut".to_owned()).is_err() {
                        return false;
                    }
                    continue;
                }
                Fate::Busy => Answer { status: 503, ..Answer::default() },
                Fate::TokensEnd => {
                    server.tokens_end = true;
                    server.answer(&poll.ask())
                }
                _ => server.answer(&poll.ask()),
            };
            server.tokens_end = false;
            match poll.answer(at, &came) {
                Err(fault) => {
                    assert!(
                        matches!(fate, Fate::Busy | Fate::TokensEnd | Fate::Cut),
                        "{fault}: {server:?}"
                    );
                    return false;
                }
                Ok(Turn::Ask | Turn::Wait { .. }) => {}
                Ok(Turn::Page(page)) => {
                    for object in &page.objects {
                        let text = object.get();
                        self.kept.insert(text[5..text.len() - 1].parse().unwrap());
                    }
                    if fate == Fate::DiesBeforeCursor {
                        return false;
                    }
                    self.cursor = page.cursor;
                    self.gaps |= !poll.oddities().gaps.is_empty();
                    if page.last {
                        return true;
                    }
                    if fate == Fate::DiesAfterCursor {
                        return false;
                    }
                }
            }
        }
        panic!("no end: {server:?}");
    }
}

fn server() -> impl Strategy<Value = Server> {
    let paging = prop_oneof![Just(Paging::Token), Just(Paging::NextAlone), Just(Paging::MoreAlone)];
    let units = prop_oneof![
        Just((1, 1)),
        Just((1, 1_000)),
        Just((1_000, 1_000)),
        Just((1, 1_000_000)),
        Just((1_000_000, 1_000_000))
    ];
    let odd = (any::<bool>(), any::<bool>(), 0_usize..4);
    (paging, units, 1_usize..30, odd).prop_map(
        |(paging, (stored, written), page, (dated, no_empty_page, hollow))| Server {
            added: Vec::new(),
            stored,
            written,
            page,
            paging,
            // Without dates there is no going on by date.
            dated: dated || paging == Paging::MoreAlone,
            tokens_end: false,
            session: None,
            no_empty_page,
            // One of one would be all.
            hollow: if hollow == 1 { 0 } else { hollow },
            asked: 0,
        },
    )
}

/// Steps of the server's clock: many objects at once, and gaps of each unit.
fn step() -> impl Strategy<Value = i64> {
    prop_oneof![4 => Just(0_i64), 4 => 1_i64..3, 2 => 1_i64..3_000, 1 => 1_i64..3_000_000]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        12 => Just(Fate::Well),
        1 => Just(Fate::Cut),
        1 => Just(Fate::Busy),
        1 => Just(Fate::DiesBeforeCursor),
        1 => Just(Fate::DiesAfterCursor),
        1 => Just(Fate::TokensEnd),
    ]
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_is_made_up(
        mut server in server(),
        rounds in proptest::collection::vec(
            (proptest::collection::vec(step(), 0..80), proptest::collection::vec(fate(), 0..60)),
            1..5,
        ),
    ) {
        let (mut client, mut clock) = (Client::default(), START);
        for (steps, fates) in rounds {
            for step in steps {
                clock += step;
                server.added.push(clock);
            }
            let mut fates = fates.into_iter();
            while !client.poll(&mut server, &mut fates) {}
        }
        // One more, with nothing in its way.
        prop_assert!(client.poll(&mut server, &mut std::iter::empty()));
        let all: BTreeSet<usize> = (0..server.added.len()).collect();
        if client.gaps {
            // Said aloud, and only where more objects share a date than a page shows.
            prop_assert_eq!(server.paging, Paging::MoreAlone);
            prop_assert!(client.kept.is_subset(&all));
        } else {
            prop_assert_eq!(&client.kept, &all);
        }
        // What has been read is not read again, but for the last date.
        if server.dated {
            let before = server.asked;
            prop_assert!(client.poll(&mut server, &mut std::iter::empty()));
            let last = server.added.last().map(|last| server.written(*last));
            let same = server.added.iter().filter(|at| Some(server.written(**at)) == last).count();
            let pages = 3 + same.div_ceil(server.page);
            prop_assert!(server.asked - before <= 2 * pages + 8, "{server:?}");
        }
    }
}
