//! A poll: reads a collection of another server from where the last one ended, page by page.
//!
//! A state machine without a line or a clock: [`Poll::ask`] says what to ask for, [`Poll::answer`]
//! and [`Poll::cut`] take what came of it and say what to do next. Each page comes with the cursor
//! that holds once its objects are durable.
//!
//! Dates added are read from an inclusive bound. The standard makes `added_after` exclusive, and
//! that is enough where dates are microseconds and differ for any two objects. Where a server's
//! clock is coarse, or one request stamps all of its objects alike, objects with the same date lie
//! on both sides of a page's end or come between two polls, and an exclusive bound would lose them.
//! So what is asked for begins a microsecond before the last date: what was there already comes
//! once more, and is known by its id and version.
//!
//! Objects may also come to light later than their dates say: a server that stamps them before it
//! commits them shows them out of order for a while. So a poll begins [`OVERLAP`] below the last
//! date, until one has been made so long after that date was reached and has found none later.
//!
//! A request with a token is never repeated after an answer that may have been given and lost.
//! There are servers (medallion) that give one token for a whole session and move on with each
//! request: the page that was lost would never come. The poll begins anew by date instead.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::client::answer::{Answer, Ask, MAX_ANSWER, get, redirected, target};
use crate::client::cursor::Cursor;
use crate::client::envelope::{Envelope, envelope, resource};
use crate::client::fault::{ClientFault, refused, shortened};
use crate::client::seek::below;
use crate::client::stamp::Stamp;
use crate::client::wait::{WITHIN, retry_after};
use crate::moment::Moment;

/// Objects that a page is asked for. Count.
pub const PAGE: u32 = 1_000;
/// Objects that a page is asked for at most, where as many share a date. Count.
pub const MAX_PAGE_ASKED: u32 = 64_000;
/// The most pages of one poll. Count.
pub const MAX_PAGES: u64 = 100_000;
/// The most bytes of one poll.
pub const MAX_POLL_BYTES: u64 = 64 * 1024 * 1024 * 1024;
/// The most pages in a row that hold nothing though there is more. Count.
pub const MAX_EMPTY: u32 = 1_000;
/// How often a request is tried that fails in passing. Count.
pub const MAX_TRIES: u32 = 5;
/// How often a poll begins anew by date without having come further. Count.
pub const MAX_RESTARTS: u32 = 5;
/// How far ahead of this clock a date added may be. Seconds.
const MAX_AHEAD: i64 = 24 * 3_600;
/// How long after its date an object may come to light. Seconds.
pub const OVERLAP: i64 = 300;

/// What is to be done next.
#[derive(Debug)]
pub enum Turn<'a> {
    /// Ask again, with what [`Poll::ask`] says now.
    Ask,
    /// Make these objects durable, then keep the cursor, then ask again unless it was the last.
    Page(Page<'a>),
    /// Wait, then ask again.
    Wait {
        /// How long. Seconds.
        seconds: u64,
        /// Why.
        why: ClientFault,
    },
}

/// Objects of one page.
#[derive(Debug)]
pub struct Page<'a> {
    /// Their bytes, as they came.
    pub objects: Vec<&'a RawValue>,
    /// How far the collection has been read once they are durable.
    pub cursor: Cursor,
    /// Whether the poll has come to its end.
    pub last: bool,
}

/// What a server does otherwise than the standard says, as far as it matters to whoever reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    /// It does not say when objects were added: every poll reads all of them.
    pub undated: bool,
    /// It says that objects were added in the future, which is not believed.
    pub ahead: bool,
    /// Its pages are not in the order in which objects were added.
    pub disorder: bool,
    /// How often it refused a token that it gave. Count.
    pub refused_tokens: u32,
    /// More objects share this date than it shows, and it gives no way to the others: these are
    /// missing.
    pub gaps: Vec<Stamp>,
}

/// How the next page is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Way {
    /// By date, inclusively.
    Date,
    /// By date, exclusively: past more objects of one date than a page shows.
    Past(Stamp),
    /// By the server's token, with the date with which it was got.
    Token(String),
    /// A page was not found: whether the collection is.
    Probe,
}

/// A running poll.
#[derive(Debug)]
pub struct Poll {
    objects: Url,
    /// Where the cursor was at the beginning; it never goes back.
    start: Option<Stamp>,
    /// From which date this poll began to read.
    begin: Option<Stamp>,
    /// How far this poll has read.
    read: Option<Stamp>,
    /// Since when objects below the date of the beginning may come to light.
    since: Option<i64>,
    /// When the first answer came.
    began: Option<Moment>,
    /// When the last one did.
    now: Moment,
    /// From which date pages are asked for.
    from: Option<Stamp>,
    way: Way,
    /// The latest date of the page before, while pages come by token.
    edge: Option<Stamp>,
    /// The latest date of all pages.
    reached: Option<Stamp>,
    limit: u32,
    /// The most that a page is asked for: less than what was too much once.
    ceiling: u32,
    /// What a page is asked for as a rule: less where pages were too large.
    usual: u32,
    seed: u64,
    redirect: Option<String>,
    hops: u8,
    tries: u32,
    restarts: u32,
    /// Where the cursor was at the last restart.
    restarted: Option<Stamp>,
    pages: u64,
    bytes: u64,
    empty: u32,
    seen: BTreeSet<u64>,
    held: usize,
    oddities: Oddities,
}

impl Poll {
    /// Goes on from this cursor. The seed spreads waits over time.
    pub fn new(objects: Url, cursor: Cursor, seed: u64) -> Poll {
        let begin = cursor.begin(OVERLAP);
        Poll {
            objects,
            start: cursor.after,
            since: cursor.since,
            begin,
            read: begin,
            began: None,
            now: Moment::START,
            from: begin,
            way: Way::Date,
            edge: None,
            reached: None,
            limit: PAGE,
            ceiling: MAX_PAGE_ASKED,
            usual: PAGE,
            seed,
            redirect: None,
            hops: 0,
            tries: 0,
            restarts: 0,
            restarted: None,
            pages: 0,
            bytes: 0,
            empty: 0,
            seen: BTreeSet::new(),
            held: 0,
            oddities: Oddities::default(),
        }
    }

    /// What the server did otherwise than the standard says.
    pub const fn oddities(&self) -> &Oddities {
        &self.oddities
    }

    /// Pages that came.
    pub const fn pages(&self) -> u64 {
        self.pages
    }

    /// What to ask for now.
    pub fn ask(&self) -> Ask {
        if let Some(to) = &self.redirect {
            return get(to.clone());
        }
        if self.way == Way::Probe {
            let collection = self.objects.join("../").unwrap_or_else(|_| self.objects.clone());
            return get(target(&collection));
        }
        let mut query = Serializer::new(String::new());
        query.append_pair("limit", &self.limit.to_string());
        let bound = match self.way {
            Way::Past(stamp) => Some(stamp),
            Way::Date | Way::Token(_) | Way::Probe => self.from.map(Stamp::before),
        };
        if let Some(bound) = bound {
            query.append_pair("added_after", &bound.to_string());
        }
        if let Way::Token(next) = &self.way {
            query.append_pair("next", next);
        }
        get(format!("{}?{}", self.objects.path(), query.finish()))
    }

    /// The line failed before an answer came.
    ///
    /// # Errors
    /// [`ClientFault::Cut`] when it has failed too often.
    pub fn cut(&mut self, why: String) -> Result<Turn<'static>, ClientFault> {
        let why = ClientFault::Cut(why);
        self.forget_token(&why)?;
        self.try_again(why, None)
    }

    /// The answer was larger than is read.
    ///
    /// # Errors
    /// [`ClientFault::PageTooLarge`] if one object was asked for.
    pub fn overflow(&mut self) -> Result<Turn<'static>, ClientFault> {
        let why = ClientFault::PageTooLarge { max: MAX_ANSWER };
        self.weigh(MAX_ANSWER)?;
        self.forget_token(&why)?;
        self.smaller().ok_or(why)
    }

    /// Asks for fewer objects, if it can, and never again for as many.
    fn smaller(&mut self) -> Option<Turn<'static>> {
        if self.limit <= 1 || self.way == Way::Probe {
            return None;
        }
        self.limit = self.limit.div_ceil(4);
        self.ceiling = self.limit;
        self.usual = self.usual.min(self.limit);
        Some(Turn::Ask)
    }

    fn try_again(
        &mut self,
        why: ClientFault,
        asked: Option<u64>,
    ) -> Result<Turn<'static>, ClientFault> {
        self.tries += 1;
        if self.tries >= MAX_TRIES {
            return Err(why);
        }
        let seconds = WITHIN.after(self.tries, self.seed, asked);
        Ok(Turn::Wait { seconds, why })
    }

    /// What to do about an answer. `now` is this machine's time.
    ///
    /// # Errors
    /// [`ClientFault`]: the poll has come to nothing more; the last cursor that was handed out
    /// still holds.
    pub fn answer<'a>(&mut self, now: Moment, answer: &'a Answer) -> Result<Turn<'a>, ClientFault> {
        let asked = self.ask().target;
        self.began.get_or_insert(now);
        self.now = now;
        if let Some(to) = redirected(&self.objects, &asked, answer, &mut self.hops)? {
            self.redirect = Some(to);
            return Ok(Turn::Ask);
        }
        if answer.status == 200 || answer.status == 204 {
            if let Err(ClientFault::Cut(why)) = answer.check_end() {
                return self.cut(why);
            }
            if self.way == Way::Probe {
                // The collection is there, so it was the page that had nothing.
                self.is_it(answer)?;
                return Ok(self.end(Vec::new()));
            }
            return self.page(now, answer);
        }
        let wait = answer.header("retry-after").and_then(|header| retry_after(header, now));
        match refused(&asked, answer, wait) {
            busy @ ClientFault::Busy { .. } => {
                // What says that it is busy has done nothing; of the others nobody knows.
                if !matches!(answer.status, 429 | 503) {
                    self.forget_token(&busy)?;
                }
                self.try_again(busy, wait)
            }
            large @ ClientFault::TooLarge { .. } => self.smaller().ok_or(large),
            fault @ (ClientFault::Unauthenticated { .. } | ClientFault::Forbidden { .. }) => {
                Err(fault)
            }
            // The server refuses its own token, perhaps because it is old.
            fault if matches!(self.way, Way::Token(_)) => {
                self.oddities.refused_tokens += 1;
                self.forget_token(&fault)?;
                Ok(Turn::Ask)
            }
            // Some servers have no page where no object fits.
            ClientFault::NotFound { .. } if self.way != Way::Probe => {
                (self.way, self.redirect) = (Way::Probe, None);
                Ok(Turn::Ask)
            }
            fault => Err(fault),
        }
    }

    /// Goes on by date instead of by the token that was asked with.
    fn forget_token(&mut self, why: &ClientFault) -> Result<(), ClientFault> {
        if !matches!(self.way, Way::Token(_)) {
            return Ok(());
        }
        if self.read > self.restarted {
            self.restarts = 0;
        }
        self.restarts += 1;
        if self.restarts > MAX_RESTARTS {
            return Err(why.clone());
        }
        self.restarted = self.read;
        self.seen.clear();
        (self.way, self.from, self.edge) = (Way::Date, self.read, None);
        (self.redirect, self.hops) = (None, 0);
        Ok(())
    }

    /// Whether what answers for the collection is the collection.
    fn is_it(&self, answer: &Answer) -> Result<(), ClientFault> {
        #[derive(Deserialize)]
        struct Resource {
            id: String,
        }
        answer.check()?;
        let found: Resource = resource("collection", ("media types", 0), &answer.body)?;
        let there = self.objects.join("../../").ok().and_then(|all| below(&all, &[&found.id]).ok());
        let here = self.objects.join("../").ok();
        if there
            .zip(here)
            .is_some_and(|(there, here)| there.path().eq_ignore_ascii_case(here.path()))
        {
            return Ok(());
        }
        let why = format!("its id is {:?}", shortened(&found.id));
        Err(ClientFault::Malformed { what: "collection that was asked for", why })
    }

    /// The last page.
    fn end<'a>(&mut self, objects: Vec<&'a RawValue>) -> Turn<'a> {
        self.read = self.begin.max(self.reached);
        Turn::Page(Page { objects, cursor: self.cursor(true), last: true })
    }

    /// How far the collection has been read, in this poll or before.
    fn cursor(&self, last: bool) -> Cursor {
        let after = self.start.max(self.read);
        let began = self.began.unwrap_or_default().micros();
        let had_time = |since| began.saturating_sub(since) >= OVERLAP * 1_000_000;
        let since = match self.since {
            _ if after > self.start => Some(self.now.micros()),
            Some(since) if last && had_time(since) => None,
            since => since,
        };
        Cursor { after, since }
    }

    fn page<'a>(&mut self, now: Moment, answer: &'a Answer) -> Result<Turn<'a>, ClientFault> {
        if !answer.body.trim_ascii().is_empty() {
            answer.check()?;
        }
        let page = envelope(&answer.body)?;
        (self.redirect, self.hops, self.tries) = (None, 0, 0);
        self.count(&page, answer)?;
        let dates = self.dates(now, answer);
        if let Some((first, last)) = dates {
            self.order(first);
            self.edge = Some(last);
            self.reached = self.reached.max(Some(last));
        }
        if !page.more.unwrap_or(page.next.is_some()) {
            return Ok(self.end(page.objects));
        }
        match page.next {
            Some(next) => self.go_on_by_token(next, &page.objects)?,
            None => self.go_on_by_date(dates, page.objects.len())?,
        }
        self.held = page.objects.len();
        Ok(Turn::Page(Page { objects: page.objects, cursor: self.cursor(false), last: false }))
    }

    /// Sees whether a page that came by token goes on where the one before ended. Only then the one
    /// before counts as read: what comes out of order may have any date.
    fn order(&mut self, first: Stamp) {
        let (Way::Token(_), Some(edge)) = (&self.way, self.edge) else { return };
        if first < edge {
            self.oddities.disorder = true;
        }
        if self.oddities.disorder {
            self.read = self.begin;
        } else {
            self.read = self.read.max(Some(edge));
        }
    }

    /// Holds a page to the bounds of a poll.
    fn count(&mut self, page: &Envelope<'_>, answer: &Answer) -> Result<(), ClientFault> {
        self.pages += 1;
        self.weigh(answer.body.len())?;
        self.empty = if page.objects.is_empty() { self.empty + 1 } else { 0 };
        let endless = |what, max| Err(ClientFault::Endless { what, max });
        if self.empty > MAX_EMPTY {
            return endless("empty pages in a row", u64::from(MAX_EMPTY));
        }
        if self.pages > MAX_PAGES {
            return endless("pages", MAX_PAGES);
        }
        Ok(())
    }

    /// Counts bytes that came, whether anything could be done with them or not.
    fn weigh(&mut self, bytes: usize) -> Result<(), ClientFault> {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if self.bytes > MAX_POLL_BYTES {
            return Err(ClientFault::Endless { what: "bytes", max: MAX_POLL_BYTES });
        }
        Ok(())
    }

    /// When the objects of a page were added, as far as that can be believed. Dates of a page
    /// without objects are those of nothing.
    fn dates(&mut self, now: Moment, answer: &Answer) -> Option<(Stamp, Stamp)> {
        if self.empty > 0 {
            return None;
        }
        let read = |name| answer.header(name).and_then(Stamp::read);
        let last = read("x-taxii-date-added-last");
        let first = read("x-taxii-date-added-first").or(last);
        let (Some(first), Some(last)) = (first, last) else {
            self.oddities.undated = true;
            return None;
        };
        // The page goes back in time, and so may what is behind it.
        self.oddities.disorder |= first > last;
        let (first, last) = (first.min(last), first.max(last));
        if last.is_beyond(now, MAX_AHEAD) {
            // Whoever believed it would pass over all that comes until then.
            self.oddities.ahead = true;
            return None;
        }
        Some((first, last))
    }

    /// The token may be that of the page before: it then names a session, not a place.
    fn go_on_by_token(&mut self, next: String, objects: &[&RawValue]) -> Result<(), ClientFault> {
        let bytes = objects.iter().map(|object| object.get());
        if !objects.is_empty() && !self.seen.insert(digest(bytes)) {
            return Err(ClientFault::Circle);
        }
        self.way = Way::Token(next);
        Ok(())
    }

    /// There is more and no token: the next page begins where this one ended.
    fn go_on_by_date(
        &mut self,
        dates: Option<(Stamp, Stamp)>,
        count: usize,
    ) -> Result<(), ClientFault> {
        let Some((_, last)) = dates else {
            let why = "neither gives a next nor says when objects were added";
            return Err(ClientFault::Stuck(why));
        };
        if self.oddities.disorder {
            let why =
                "its pages are not in the order in which objects were added, and it gives no next";
            return Err(ClientFault::Stuck(why));
        }
        let by_token = matches!(self.way, Way::Token(_));
        match self.from {
            Some(from) if last < from => return Err(ClientFault::Circle),
            Some(from) if last == from && !by_token => return self.go_past(last, count),
            _ => {}
        }
        (self.way, self.from, self.limit) = (Way::Date, Some(last), self.usual);
        (self.edge, self.read) = (None, Some(last));
        Ok(())
    }

    /// Nothing but one date fits on a page: asks for more of it, then goes past it.
    fn go_past(&mut self, date: Stamp, count: usize) -> Result<(), ClientFault> {
        if let Way::Past(stamp) = self.way {
            // The server knows finer dates than it writes.
            if stamp == date.end() {
                return Err(ClientFault::Circle);
            }
            self.way = Way::Past(date.end());
            return Ok(());
        }
        let grew = self.limit == self.usual || count > self.held;
        if grew && self.limit < self.ceiling {
            self.limit = self.limit.saturating_mul(4).min(self.ceiling);
        } else {
            self.oddities.gaps.push(date);
            (self.way, self.limit) = (Way::Past(date), self.usual);
        }
        Ok(())
    }
}

/// A mark by which texts are known again. Not against malice: a server that made two pages look
/// alike would only end its own poll.
fn digest<'a>(texts: impl Iterator<Item = &'a str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    texts.for_each(|text| text.hash(&mut hasher));
    hasher.finish()
}
