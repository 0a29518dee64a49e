//! Adding to a collection of another server: envelopes within its size, and what becomes of them
//! (sections 5.5 and 4.3 of TAXII 2.1).
//!
//! What is added again is known to the server by its bytes, so whatever fails in passing is tried
//! again as it is.
//!
//! An envelope that the server refuses is taken apart until the object is found that is to blame:
//! for its size by halves from the front, for what it is in all its parts by turns, so that sound
//! ones go soon. A server that takes nothing at all may be out of order rather than right: then
//! no object is to blame, and all of them are to be brought again.

use std::collections::VecDeque;

use serde::Deserialize;
use url::Url;

use crate::client::answer::{Answer, Ask, get, redirected, target};
use crate::client::envelope::{Bounded, resource};
use crate::client::fault::{ClientFault, refused, shortened};
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
/// Envelopes that a server may refuse for what they are before it has taken any. Count.
const MAX_REFUSALS: u32 = 64;

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

impl Parcel {
    fn failed(self, why: &str) -> Failed {
        Failed { id: self.id, version: self.version, why: why.to_owned() }
    }
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
    /// The first part is on its way.
    Sending,
    /// It was taken; what became of it is not known yet.
    Following {
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
    /// The most objects of an envelope.
    most: usize,
    /// What is left, in parts of which each is an envelope or more; none is empty.
    parts: VecDeque<Vec<Parcel>>,
    state: State,
    /// Whether the server has taken an envelope.
    took: bool,
    refusals: u32,
    /// Objects that it refused while it had taken nothing, and how it said so the last time.
    suspects: Vec<Failed>,
    refused: Option<ClientFault>,
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
            most: MAX_ENVELOPE,
            parts: VecDeque::from([parcels]),
            state: State::Done,
            took: false,
            refusals: 0,
            suspects: Vec::new(),
            refused: None,
            seed,
            hops: 0,
            tries: 0,
            redirect: None,
            added: 0,
            failed: Vec::new(),
        };
        push.load();
        push
    }

    /// Whether nothing is left to do.
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Makes the next envelope of the first part. What is too large alone stays out.
    fn load(&mut self) {
        (self.redirect, self.hops, self.tries) = (None, 0, 0);
        let room = self.max.saturating_sub((OPEN.len() + CLOSE.len()) as u64);
        while let Some(part) = self.parts.front_mut() {
            let large = part.extract_if(.., |parcel| parcel.bytes.len() as u64 > room);
            let why = format!("larger than the {} bytes that the server takes", self.max);
            self.failed.extend(large.map(|parcel| parcel.failed(&why)));
            let (mut count, mut held) = (0, 0_u64);
            for parcel in part.iter().take(self.most) {
                let more = parcel.bytes.len() as u64 + u64::from(count > 0);
                if held + more > room {
                    break;
                }
                held += more;
                count += 1;
            }
            if count == 0 {
                self.parts.pop_front();
                continue;
            }
            let rest = part.split_off(count);
            if !rest.is_empty() {
                self.parts.insert(1, rest);
            }
            self.state = State::Sending;
            return;
        }
        self.state = State::Done;
    }

    /// What to ask for now; none when all is done.
    pub fn ask(&self) -> Option<Ask> {
        match &self.state {
            State::Done => None,
            State::Following { url, .. } => Some(get(url.clone())),
            State::Sending => {
                let mut body = OPEN.to_vec();
                for (at, parcel) in self.parts.front().into_iter().flatten().enumerate() {
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
            (fault @ ClientFault::TooLarge { .. }, State::Sending) => self.too_large(fault),
            // One that the server can't read at all keeps no other out.
            (fault @ ClientFault::Refused { status: 400 | 422, .. }, State::Sending) => {
                self.unreadable(fault)
            }
            (fault, _) => Err(fault),
        }
    }

    /// An envelope that is too large is halved, and no later one is as large.
    fn too_large(&mut self, fault: ClientFault) -> Result<PushTurn, ClientFault> {
        let count = self.parts.front().map_or(0, Vec::len);
        if count <= 1 {
            return self.suspect(fault);
        }
        self.most = count / 2;
        self.load();
        Ok(PushTurn::Ask)
    }

    /// An envelope that can't be read is halved; its halves come after what waits already.
    fn unreadable(&mut self, fault: ClientFault) -> Result<PushTurn, ClientFault> {
        if self.parts.front().is_none_or(|part| part.len() <= 1) {
            return self.suspect(fault);
        }
        self.count_refusal(&fault)?;
        if let Some(mut part) = self.parts.pop_front() {
            let rest = part.split_off(part.len() / 2);
            self.parts.extend([part, rest]);
        }
        self.load();
        Ok(PushTurn::Ask)
    }

    fn count_refusal(&mut self, fault: &ClientFault) -> Result<(), ClientFault> {
        self.refusals += 1;
        if !self.took && self.refusals > MAX_REFUSALS {
            return Err(fault.clone());
        }
        Ok(())
    }

    /// The server refuses an object alone: that one is to blame if it takes others.
    fn suspect(&mut self, fault: ClientFault) -> Result<PushTurn, ClientFault> {
        self.count_refusal(&fault)?;
        let why = fault.to_string();
        let part = self.parts.pop_front().unwrap_or_default();
        self.suspects.extend(part.into_iter().map(|parcel| parcel.failed(&why)));
        self.refused = Some(fault);
        self.load();
        self.next()
    }

    fn next(&mut self) -> Result<PushTurn, ClientFault> {
        if self.took {
            self.failed.append(&mut self.suspects);
        } else if let (true, Some(fault)) = (self.is_done(), self.refused.take()) {
            return Err(fault);
        }
        Ok(if self.is_done() { PushTurn::Done } else { PushTurn::Ask })
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
        let (asked, url) = match &self.state {
            State::Sending => (0, None),
            State::Following { url, asked } => (*asked, Some(url.clone())),
            State::Done => return Ok(PushTurn::Done),
        };
        (self.tries, self.hops, self.redirect) = (0, 0, None);
        if status.status == "complete" {
            let part = self.parts.pop_front().unwrap_or_default();
            self.settle(part.len(), &status);
            self.took = true;
            self.load();
            return self.next();
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
        self.state = State::Following { url, asked: asked + 1 };
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
