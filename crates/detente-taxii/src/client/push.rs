//! Adding to a collection of another server: envelopes within its size, and what becomes of them
//! (sections 5.5 and 4.3 of TAXII 2.1).
//!
//! What is added again is known to the server by its bytes, so whatever fails in passing is tried
//! again as it is.

use std::collections::VecDeque;

use serde::Deserialize;
use url::Url;

use crate::client::answer::{Answer, Ask, get, redirected, target};
use crate::client::envelope::{Bounded, resource};
use crate::client::fault::{ClientFault, Words, refused, shortened};
use crate::client::poll::MAX_TRIES;
use crate::client::seek::below;
use crate::client::wait::{WITHIN, retry_after};
use crate::moment::Moment;

/// The most objects of one envelope. Count.
pub const MAX_ENVELOPE: usize = 1_000;
/// The most bytes of one envelope, whatever the server takes.
pub const MAX_ENVELOPE_BYTES: u64 = 16 * 1024 * 1024;
/// The most lines of a status that are read. Count.
const MAX_LINES: usize = 100_000;
/// How often a server is asked what became of an envelope. Count.
const MAX_ASKED: u32 = 12;

const OPEN: &[u8] = b"{\"objects\":[";
const CLOSE: &[u8] = b"]}";

/// An object to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Its STIX id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// An object that a server did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Its STIX id, as far as the server says.
    pub id: String,
    /// Its version, as far as the server says.
    pub version: String,
    /// Why, as far as the server says.
    pub why: String,
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub enum PushTurn {
    /// Ask, with what [`Push::ask`] says now.
    Ask,
    /// Wait, then ask.
    Wait {
        /// How long. Seconds.
        seconds: u64,
        /// Why; none where the server is at work.
        why: Option<ClientFault>,
    },
    /// All of it has been taken or refused.
    Done,
}

#[derive(Debug)]
enum State {
    /// So many objects at the front are on their way.
    Sending(usize),
    /// They were taken; what became of them is not known yet.
    Following {
        count: usize,
        url: String,
        asked: u32,
    },
    Done,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    id: Option<String>,
    status: String,
    #[serde(default)]
    success_count: u64,
    #[serde(default)]
    failure_count: u64,
    #[serde(default)]
    failures: Bounded<Line, MAX_LINES>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

/// Objects on their way to one collection.
#[derive(Debug)]
pub struct Push {
    objects: Url,
    root: Url,
    max: u64,
    waiting: VecDeque<Parcel>,
    state: State,
    seed: u64,
    hops: u8,
    tries: u32,
    redirect: Option<String>,
    /// Objects that the server has taken.
    pub added: u64,
    /// Objects that it has not.
    pub failed: Vec<Failed>,
}

impl Push {
    /// Brings these objects to a collection whose root takes bodies of so many bytes.
    pub fn new(root: Url, objects: Url, max_content: u64, parcels: Vec<Parcel>, seed: u64) -> Push {
        let mut push = Push {
            objects,
            root,
            max: max_content.min(MAX_ENVELOPE_BYTES),
            waiting: parcels.into(),
            state: State::Done,
            seed,
            hops: 0,
            tries: 0,
            redirect: None,
            added: 0,
            failed: Vec::new(),
        };
        push.load(MAX_ENVELOPE);
        push
    }

    /// Whether nothing is left to do.
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Makes the next envelope: so many objects at most. What is too large alone stays out.
    fn load(&mut self, most: usize) {
        (self.redirect, self.hops, self.tries) = (None, 0, 0);
        let room = self.max.saturating_sub((OPEN.len() + CLOSE.len()) as u64);
        while let Some(first) = self.waiting.front() {
            if first.bytes.len() as u64 <= room {
                break;
            }
            let why = format!("larger than the {} bytes that the server takes", self.max);
            self.refuse_first(&why);
        }
        let (mut count, mut held) = (0, 0_u64);
        for parcel in self.waiting.iter().take(most.max(1)) {
            let more = parcel.bytes.len() as u64 + u64::from(count > 0);
            if held + more > room {
                break;
            }
            held += more;
            count += 1;
        }
        self.state = if count == 0 { State::Done } else { State::Sending(count) };
    }

    fn refuse_first(&mut self, why: &str) {
        if let Some(Parcel { id, version, .. }) = self.waiting.pop_front() {
            self.failed.push(Failed { id, version, why: why.to_owned() });
        }
    }

    /// What to ask for now; none when all is done.
    pub fn ask(&self) -> Option<Ask> {
        match &self.state {
            State::Done => None,
            State::Following { url, .. } => Some(get(url.clone())),
            State::Sending(count) => {
                let mut body = OPEN.to_vec();
                for (at, parcel) in self.waiting.iter().take(*count).enumerate() {
                    if at > 0 {
                        body.push(b',');
                    }
                    body.extend_from_slice(&parcel.bytes);
                }
                body.extend_from_slice(CLOSE);
                let target = self.redirect.clone().unwrap_or_else(|| target(&self.objects));
                Some(Ask { target, body: Some(body) })
            }
        }
    }

    /// The line failed before an answer came.
    ///
    /// # Errors
    /// [`ClientFault::Cut`] when it has failed too often.
    pub fn cut(&mut self, why: String) -> Result<PushTurn, ClientFault> {
        self.try_again(ClientFault::Cut(why), None)
    }

    fn try_again(&mut self, why: ClientFault, asked: Option<u64>) -> Result<PushTurn, ClientFault> {
        self.tries += 1;
        if self.tries >= MAX_TRIES {
            return Err(why);
        }
        let seconds = WITHIN.after(self.tries, self.seed, asked);
        Ok(PushTurn::Wait { seconds, why: Some(why) })
    }

    /// What to do about an answer. `now` is this machine's time.
    ///
    /// # Errors
    /// [`ClientFault`]: it has come to nothing more. What is not counted yet is to be brought
    /// again.
    pub fn answer(&mut self, now: Moment, answer: &Answer) -> Result<PushTurn, ClientFault> {
        let Some(ask) = self.ask() else { return Ok(PushTurn::Done) };
        if let Some(to) = self.redirected(&ask, answer)? {
            self.redirect = Some(to.clone());
            if let State::Following { url, .. } = &mut self.state {
                *url = to;
            }
            return Ok(PushTurn::Ask);
        }
        if matches!(answer.status, 200..=202) {
            if let Err(cut) = answer.check_end() {
                return self.try_again(cut, None);
            }
            return self.status(answer);
        }
        let wait = answer.header("retry-after").and_then(|header| retry_after(header, now));
        match (refused(&ask.target, answer, wait), &self.state) {
            (busy @ ClientFault::Busy { .. }, _) => self.try_again(busy, wait),
            (ClientFault::TooLarge { .. }, State::Sending(count)) if *count > 1 => {
                let half = *count / 2;
                self.load(half);
                Ok(PushTurn::Ask)
            }
            (ClientFault::TooLarge { words }, State::Sending(_)) => {
                self.refuse_first(&format!("too large for the server{words}"));
                self.load(MAX_ENVELOPE);
                Ok(self.next())
            }
            // One that the server can't read at all keeps no other out.
            (
                ClientFault::Refused { status: status @ (400 | 422), words, .. },
                State::Sending(n),
            ) => self.unreadable(*n, status, &words),
            (fault, _) => Err(fault),
        }
    }

    /// An envelope that can't be read is halved until the object is found that is to blame.
    fn unreadable(
        &mut self,
        count: usize,
        status: u16,
        words: &Words,
    ) -> Result<PushTurn, ClientFault> {
        if count > 1 {
            self.load(count / 2);
            return Ok(PushTurn::Ask);
        }
        self.refuse_first(&format!("the server refuses it ({status}{words})"));
        self.load(MAX_ENVELOPE);
        Ok(self.next())
    }

    const fn next(&self) -> PushTurn {
        if self.is_done() { PushTurn::Done } else { PushTurn::Ask }
    }

    /// Where a redirect leads. One that would turn adding into reading is not followed.
    fn redirected(&mut self, ask: &Ask, answer: &Answer) -> Result<Option<String>, ClientFault> {
        if ask.body.is_some() && matches!(answer.status, 301..=303) {
            let to = shortened(answer.header("location").unwrap_or(""));
            let why = "not where the same may be added (it is no 307 or 308)";
            return Err(ClientFault::Redirect { to, why });
        }
        redirected(&self.objects, &ask.target, answer, &mut self.hops)
    }

    /// Reads a status resource: of an envelope that was sent, or of one that is followed.
    fn status(&mut self, answer: &Answer) -> Result<PushTurn, ClientFault> {
        answer.check()?;
        let status: Status = resource("status", ("lines", MAX_LINES), &answer.body)?;
        let (count, asked, url) = match &self.state {
            State::Sending(count) => (*count, 0, None),
            State::Following { count, url, asked } => (*count, *asked, Some(url.clone())),
            State::Done => return Ok(PushTurn::Done),
        };
        (self.tries, self.hops, self.redirect) = (0, 0, None);
        if status.status == "complete" {
            self.settle(count, &status);
            self.waiting.drain(..count.min(self.waiting.len()));
            self.load(MAX_ENVELOPE);
            return Ok(self.next());
        }
        if asked >= MAX_ASKED {
            return Err(ClientFault::Pending);
        }
        let url = match (url, status.id) {
            (Some(url), _) => url,
            (None, Some(id)) if !id.is_empty() && id.len() <= 256 => {
                target(&below(&self.root, &["status", &id])?)
            }
            _ => return Err(ClientFault::Pending),
        };
        self.state = State::Following { count, url, asked: asked + 1 };
        Ok(PushTurn::Wait { seconds: WITHIN.after(asked + 1, self.seed, None), why: None })
    }

    /// Counts what became of an envelope.
    fn settle(&mut self, count: usize, status: &Status) {
        let named = status.failures.0.len();
        for line in &status.failures.0 {
            let text =
                |text: &Option<String>, none: &str| shortened(text.as_deref().unwrap_or(none));
            self.failed.push(Failed {
                id: text(&line.id, "unknown"),
                version: text(&line.version, ""),
                why: text(&line.message, "the server says no reason"),
            });
        }
        let count = count as u64;
        // A server that names fewer than it counts must not make failures look like successes.
        let failures = status.failure_count.max(named as u64).min(count);
        let succeeded = match status.success_count {
            0 if failures == 0 => count,
            said => said.min(count - failures),
        };
        self.added += succeeded;
        for _ in named as u64..count - succeeded {
            self.failed.push(Failed {
                id: "unknown".to_owned(),
                version: String::new(),
                why: "the server counts it as failed and does not name it".to_owned(),
            });
        }
    }
}
