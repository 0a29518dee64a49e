//! One end of a run: which frame may come when, and what it leads to.
//!
//! ```text
//! hello       both ways, on each connection: terms, and the place from which to go on
//! choice      sender to receiver: base transfers
//! reply       back
//! per bin:
//!   noise     receiver to sender: bits of the extension
//!   trees     back; with the commitment to the sender's share of w
//!   challenge receiver to sender
//!   columns   receiver to sender: the masked store, its key, the receiver's share of w
//!   masks     back; the proof of the trees, the sender's share of w
//!   found     receiver to sender, where both learn
//! per batch of common items, where contexts go with them (`exchange.rs`):
//!   contexts  sender to receiver
//!   returns   back
//! confirm     both ways, after all else
//! ```
//!
//! Nothing here does I/O or waits. Work happens in [`Session::poll`] and [`Session::input`]; the
//! longest piece is one step of one bin.

use std::borrow::Borrow;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::exchange::{self, Exchange};
use super::frame::{Content, Frame, Outbox, Place, check_part};
use super::layout::{At, Layout, Step};
use super::list::List;
use super::receiver::Receiver;
use super::sender::Sender;
use super::{Tally, VoleOptions};
use crate::error::{CallerFault, Error, PeerFault};
use crate::item::{Item, Seed};
use crate::params::{Learn, Params, Role};
use crate::psi::{Contexts, Due, Outcome, Progress};
use detente_vole::memory::Pages;
use detente_vole::simd::Simd;

/// Which end this is.
enum End {
    Receiver(Box<Receiver>),
    Sender(Box<Sender>),
}

impl End {
    fn tally(&self) -> &Tally {
        match self {
            End::Receiver(receiver) => &receiver.tally,
            End::Sender(sender) => &sender.tally,
        }
    }
}

/// One end of a run of the fast matcher.
pub(crate) struct Session {
    params: Params,
    layout: Layout,
    end: End,
    exchange: Exchange,
    outbox: Outbox,
    /// The next part that the peer must send; `None` after its last.
    expected: Option<Place>,
    /// What has come of that step.
    buffer: Pages<u8>,
    /// The step that is under way.
    at: At,
    hello_sent: bool,
    hello_received: bool,
    /// Frames of each direction that have entered the transcript.
    sent: Digest,
    received: Digest,
    done_bytes: u64,
    own_confirm: Option<Verdict>,
    /// The peer's confirmation that came before ours could be made.
    their_confirm: Option<Pages<u8>>,
    confirmed: bool,
    finished: bool,
    fault: Option<Error>,
}

/// A running digest of one direction, and how far it has gone.
struct Digest {
    hasher: blake3::Hasher,
    /// The place after the last frame that entered.
    past: Option<Place>,
}

/// What this end found, before the peer confirmed it.
struct Verdict {
    count: u64,
    digest: [u8; 32],
    transcript: [u8; 32],
}

impl Session {
    pub(crate) fn new(
        simd: Simd,
        params: Params,
        options: &VoleOptions,
        items: impl Iterator<Item: Borrow<Item> + Sync>,
        seed: &Seed,
    ) -> Result<Session, Error> {
        params.check_fast(0)?;
        exchange::check(&params)?;
        let layout = Layout::new(&params, options);
        let mut rng = generator(seed, &layout.terms, params.role);
        let (most, room) = match params.role {
            Role::Initiator => (layout.receiver_items, layout.receiver_room),
            Role::Responder => (layout.sender_items, layout.sender_room),
        };
        let list = List::new(simd, &layout, items, (params.own_len, room), &mut rng)?;
        if (0..layout.bins).any(|bin| list.len(bin) > most as usize) {
            return Err(CallerFault::LayoutFailed.into());
        }
        let end = match params.role {
            Role::Initiator => End::Receiver(Box::new(Receiver::new(simd, list, rng))),
            Role::Responder => End::Sender(Box::new(Sender::new(simd, list, rng))),
        };
        let digest = || Digest { hasher: blake3::Hasher::new(), past: None };
        let mut session = Session {
            end,
            exchange: Exchange::default(),
            outbox: Outbox::new(),
            expected: None,
            buffer: Pages::zeros(0),
            at: At { step: Step::Choice, bin: 0 },
            hello_sent: false,
            hello_received: false,
            sent: digest(),
            received: digest(),
            done_bytes: 0,
            own_confirm: None,
            their_confirm: None,
            confirmed: false,
            finished: false,
            fault: None,
            params,
            layout,
        };
        session.expected = session.awaited(session.at).map(|at| Place { at, offset: 0 });
        if let End::Sender(sender) = &mut session.end {
            let choice = sender.choose(&session.layout);
            session.outbox.push(session.at, choice);
        }
        Ok(session)
    }

    /// The next frame to send, computed now; `None` while waiting for the peer and at the end.
    pub(crate) fn poll(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.refuse_if_void()?;
        if !self.hello_sent {
            self.hello_sent = true;
            // Who has everything stands behind the last byte.
            let end = At { step: Step::Confirm, bin: 0 };
            let end = Place { at: end, offset: self.layout.len(end) };
            let expects = self.expected.unwrap_or(end);
            let hello = Frame::hello(&self.layout.terms, expects);
            self.conclude();
            return Ok(Some(hello));
        }
        if !self.hello_received {
            return Ok(None);
        }
        loop {
            if let Some((place, bytes)) = self.outbox.next() {
                let new = self.sent.enter(place, &bytes);
                if new {
                    self.done_bytes += bytes.len() as u64;
                }
                self.conclude();
                return Ok(Some(bytes));
            }
            match self.work() {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) => {
                    self.fault = Some(error.clone());
                    return Err(error);
                }
            }
        }
    }

    /// Takes the next frame of the peer.
    pub(crate) fn input(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.refuse_if_void()?;
        let result = self.accept(bytes);
        if let Err(error) = &result {
            self.fault = Some(error.clone());
        }
        self.conclude();
        result
    }

    /// Forgets the connection, not the run: after a cut, both ends begin again with a hello and go
    /// on where the line was cut.
    pub(crate) fn reconnect(&mut self) -> Result<(), Error> {
        self.refuse_if_void()?;
        self.hello_sent = false;
        self.hello_received = false;
        // Its last frame may be what was lost.
        self.finished = false;
        Ok(())
    }

    pub(crate) fn progress(&self) -> Progress {
        let total = self.layout.total();
        let items = u64::from(self.params.own_len) + u64::from(self.params.peer_len);
        let done = self.done_bytes.min(total);
        Progress {
            items_done: (u128::from(items) * u128::from(done) / u128::from(total.max(1))) as u64,
            items_total: items,
            bytes_done: done,
            bytes_total: total,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.fault.is_none() && self.finished && !self.exchange.is_held()
    }

    pub(crate) fn finish(mut self) -> Result<Outcome, Error> {
        self.refuse_if_void()?;
        let Some(Verdict { transcript, .. }) =
            self.own_confirm.filter(|_| self.finished && !self.exchange.is_held())
        else {
            return Err(CallerFault::NotDone.into());
        };
        let learns = self.params.learns();
        let tally = match &mut self.end {
            End::Receiver(receiver) => &mut receiver.tally,
            End::Sender(sender) => &mut sender.tally,
        };
        let mut common = std::mem::take(&mut tally.common);
        common.sort_unstable();
        let count = common.len() as u64;
        Ok(Outcome { common: learns.then_some(common), count: learns.then_some(count), transcript })
    }

    fn refuse_if_void(&self) -> Result<(), Error> {
        self.fault.clone().map_or(Ok(()), Err)
    }

    /// Whether this end sends a step.
    fn sends(&self, step: Step) -> bool {
        Layout::from_receiver(step) == matches!(self.end, End::Receiver(_))
    }

    /// The first step at or after `at` that the peer sends.
    fn awaited(&self, at: At) -> Option<At> {
        let mut at = Some(at);
        while let Some(now) = at {
            if now.step == Step::Confirm || !self.sends(now.step) {
                return Some(now);
            }
            at = self.layout.next(at);
        }
        None
    }

    fn accept(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match Frame::decode(bytes)? {
            Frame::Hello { terms, expects } => self.accept_hello(&terms, expects),
            Frame::Part { place, bytes: part } => {
                if !self.hello_received {
                    return Err(PeerFault::OutOfOrder { got: place.at.step.name() }.into());
                }
                let Some(expected) = self.expected else {
                    return Err(PeerFault::AfterFinish { got: place.at.step.name() }.into());
                };
                check_part(&self.layout, expected, place, part.len())?;
                // The peer can only send this when all of ours before it has arrived; confirmations
                // may cross.
                let step = place.at.step;
                if !self.outbox.is_empty_but(step) || self.exchange.is_early(step) {
                    return Err(PeerFault::OutOfOrder { got: step.name() }.into());
                }
                if place.at.step != Step::Confirm {
                    self.received.enter(place, bytes);
                }
                self.done_bytes += bytes.len() as u64;
                self.accept_part(place, part)
            }
        }
    }

    fn accept_hello(&mut self, terms: &[u8; 32], expects: Place) -> Result<(), Error> {
        if self.hello_received {
            return Err(PeerFault::OutOfOrder { got: "hello" }.into());
        }
        if *terms != self.layout.terms {
            return Err(PeerFault::TermsDiffer.into());
        }
        // Where the peer waits: in what we hold, or for what we have not made yet.
        let upcoming = self.upcoming();
        self.outbox.rewind(expects, upcoming).ok_or(PeerFault::ResumeUnknown)?;
        self.hello_received = true;
        Ok(())
    }

    /// The first step that this end has yet to make.
    fn upcoming(&self) -> Option<At> {
        let mut at = Some(self.at);
        while let Some(now) = at {
            let made = self.outbox.holds(now) || self.sent.has_passed(now);
            if (now.step == Step::Confirm || self.sends(now.step)) && !made {
                return Some(now);
            }
            at = self.layout.next(at);
        }
        None
    }

    fn accept_part(&mut self, place: Place, part: &[u8]) -> Result<(), Error> {
        let Place { at, offset } = place;
        // Columns are used as they come; all else is collected, bounded by its length.
        let streamed = at.step == Step::Columns;
        match &mut self.end {
            End::Sender(sender) if streamed => sender.columns(offset, part)?,
            _ => self.keep(at, offset, part)?,
        }
        let next = offset + part.len() as u64;
        if next < self.layout.len(at) {
            self.expected = Some(Place { at, offset: next });
            return Ok(());
        }
        self.outbox.arrived();
        let bytes = std::mem::replace(&mut self.buffer, Pages::zeros(0));
        self.expected = match at.step {
            Step::Confirm => None,
            _ => self
                .layout
                .next(Some(at))
                .and_then(|next| self.awaited(next))
                .map(|at| Place { at, offset: 0 }),
        };
        self.step_done(at, bytes)
    }

    /// Puts a part where it belongs in its step.
    fn keep(&mut self, at: At, offset: u64, part: &[u8]) -> Result<(), PeerFault> {
        if offset == 0 {
            self.buffer = Pages::zeros(self.layout.len(at) as usize);
        }
        let place = offset as usize..offset as usize + part.len();
        // `check_part` has seen that it belongs there.
        let wrong = PeerFault::WrongFrame { got: part.len(), expected: 0 };
        self.buffer.get_mut(place).ok_or(wrong)?.copy_from_slice(part);
        Ok(())
    }

    /// What is to be given now of contexts.
    pub(crate) fn due(&self) -> Option<Due<'_>> {
        self.exchange.due(self.layout.contexts, &self.end.tally().common)
    }

    /// Takes what has come of contexts.
    pub(crate) fn take(&mut self) -> Option<Contexts> {
        self.exchange.take()
    }

    /// Seals what is due of contexts and lets it go.
    pub(crate) fn give(&mut self, label: &[u8; 32], contexts: &[Vec<u8>]) -> Result<(), Error> {
        self.refuse_if_void()?;
        let (ends, roots) = ((&self.layout, self.params.role), &self.end.tally().roots);
        let (number, content) = self.exchange.seal(ends, roots, label, contexts)?;
        let step = if self.sends(Step::Contexts) { Step::Contexts } else { Step::Returns };
        let at = At { step, bin: number };
        self.outbox.push(at, content);
        self.at = at;
        if step == Step::Returns {
            self.at = self.layout.next(Some(at)).unwrap_or(at);
        }
        Ok(())
    }

    /// Opens a batch of the peer's contexts; then it is this end's turn, if it has another to give.
    fn open(&mut self, at: At, bytes: &[u8]) -> Result<(), PeerFault> {
        let Tally { common, roots, .. } = self.end.tally();
        let peer = (&self.layout, self.params.role.other());
        self.exchange.open(peer, (common, roots), at.bin, bytes)?;
        self.at = self.layout.next(Some(at)).unwrap_or(at);
        if self.at.step != Step::Confirm {
            self.exchange.turn(self.at.bin);
        }
        Ok(())
    }

    /// A step of the peer is complete.
    fn step_done(&mut self, at: At, bytes: Pages<u8>) -> Result<(), Error> {
        let layout = &self.layout;
        let step = |step| At { step, bin: at.bin };
        match (&mut self.end, at.step) {
            (End::Receiver(receiver), Step::Choice) => {
                let reply = receiver.choice(layout, &bytes)?;
                self.outbox.push(step(Step::Reply), reply);
                self.begin(0);
            }
            (End::Receiver(receiver), Step::Trees) => {
                self.outbox.push(step(Step::Challenge), receiver.trees(bytes));
                self.at = step(Step::Challenge);
            }
            (End::Receiver(receiver), Step::Masks) => {
                let found = receiver.masks(layout, at, &bytes)?;
                if layout.answers {
                    self.outbox.push(step(Step::Found), found);
                }
                self.after_bin(at.bin)?;
            }
            (End::Sender(sender), Step::Reply) => {
                sender.reply(layout, &bytes)?;
                self.at = step(Step::Noise);
            }
            (End::Sender(sender), Step::Noise) => {
                let trees = sender.noise(layout, at, &bytes)?;
                self.outbox.push(step(Step::Trees), trees);
                self.at = step(Step::Trees);
            }
            (End::Sender(sender), Step::Challenge) => {
                sender.challenge(&bytes)?;
                self.at = step(Step::Columns);
            }
            (End::Sender(sender), Step::Columns) => {
                let masks = sender.mask(layout, at)?;
                self.outbox.push(step(Step::Masks), masks);
                self.at = step(Step::Masks);
                if !layout.answers {
                    self.after_bin(at.bin)?;
                }
            }
            (End::Sender(sender), Step::Found) => {
                sender.found(layout, &bytes)?;
                self.after_bin(at.bin)?;
            }
            (_, Step::Contexts | Step::Returns) => self.open(at, &bytes)?,
            (_, Step::Confirm) => self.accept_confirm(bytes)?,
            (_, other) => return Err(PeerFault::OutOfOrder { got: other.name() }.into()),
        }
        Ok(())
    }

    /// The receiver's first step of a bin.
    fn begin(&mut self, bin: u32) {
        let at = At { step: Step::Noise, bin };
        self.at = at;
        if let End::Receiver(receiver) = &mut self.end
            && let Some(noise) = receiver.begin(&self.layout, bin)
        {
            self.outbox.push(at, noise);
        }
    }

    /// A bin is done at this end.
    fn after_bin(&mut self, bin: u32) -> Result<(), PeerFault> {
        if bin + 1 < self.layout.bins {
            self.begin(bin + 1);
        } else if let Some(shape) = &mut self.layout.contexts {
            shape.count = Exchange::count(&self.params, self.end.tally().common.len())?;
            self.at = At { step: Step::Contexts, bin: 0 };
            if matches!(self.end, End::Sender(_)) {
                self.exchange.turn(0);
            }
        } else {
            self.at = At { step: Step::Confirm, bin: 0 };
        }
        Ok(())
    }

    /// Work that waits for nothing; whether there was any.
    fn work(&mut self) -> Result<bool, Error> {
        if self.at.step == Step::Confirm && self.own_confirm.is_none() {
            // What the caller has not looked at can't be confirmed.
            let made = !self.exchange.is_held() && self.confirm();
            if made && let Some(theirs) = self.their_confirm.take() {
                self.judge_confirm(&theirs)?;
            }
            return Ok(made);
        }
        let End::Receiver(receiver) = &mut self.end else { return Ok(false) };
        let (worked, columns) = receiver.work(&self.layout, self.at)?;
        if let Some(columns) = columns {
            self.at = At { step: Step::Columns, bin: self.at.bin };
            self.outbox.push(self.at, columns);
        }
        Ok(worked)
    }

    /// Makes our confirmation, when all of both directions has entered the transcript.
    fn confirm(&mut self) -> bool {
        let all_received = self.expected.is_none_or(|place| place.at.step == Step::Confirm);
        if !all_received {
            return false;
        }
        let (sent, received) = (self.sent.finish(), self.received.finish());
        let (initiator, responder) = match self.params.role {
            Role::Initiator => (sent, received),
            Role::Responder => (received, sent),
        };
        let mut hasher = blake3::Hasher::new_derive_key("detente-match/vole/1 transcript");
        hasher.update(&self.layout.terms).update(&initiator).update(&responder);
        let transcript = *hasher.finalize().as_bytes();
        let tally = self.end.tally();
        let (count, digest) = match self.params.learn {
            Learn::Both => (tally.common.len() as u64, tally.digest),
            Learn::Initiator => (0, [0; 32]),
        };
        let mut bytes = Vec::with_capacity(72);
        bytes.extend_from_slice(&count.to_le_bytes());
        bytes.extend_from_slice(&digest);
        bytes.extend_from_slice(&transcript);
        self.outbox.push(self.at, Content::bytes(bytes));
        self.own_confirm = Some(Verdict { count, digest, transcript });
        true
    }

    fn accept_confirm(&mut self, bytes: Pages<u8>) -> Result<(), PeerFault> {
        if self.own_confirm.is_none() && self.at.step == Step::Confirm {
            if self.exchange.is_held() {
                // An honest peer's confirmation follows its last batch at once. Ours waits until
                // the caller has taken that batch, and what theirs says is judged then.
                self.their_confirm = Some(bytes);
                return Ok(());
            }
            self.confirm();
        }
        self.judge_confirm(&bytes)
    }

    /// Holds the peer's confirmation against ours.
    fn judge_confirm(&mut self, bytes: &[u8]) -> Result<(), PeerFault> {
        let out_of_order = PeerFault::OutOfOrder { got: Step::Confirm.name() };
        let own = self.own_confirm.as_ref().ok_or(out_of_order.clone())?;
        let (count, rest) = bytes.split_first_chunk::<8>().ok_or(out_of_order)?;
        let (digest, transcript) = rest.split_at(32.min(rest.len()));
        let theirs = u64::from_le_bytes(*count);
        if transcript != own.transcript {
            return Err(PeerFault::TranscriptDiffers);
        }
        if self.params.learn == Learn::Initiator && (theirs != 0 || digest != [0; 32]) {
            return Err(PeerFault::VerdictShown);
        }
        if theirs != own.count {
            return Err(PeerFault::CountDiffers { ours: own.count, theirs });
        }
        if digest != own.digest {
            return Err(PeerFault::DigestDiffers);
        }
        self.confirmed = true;
        Ok(())
    }

    /// Ends the run when both confirmations have gone their way.
    fn conclude(&mut self) {
        let connected = self.hello_sent && self.hello_received;
        if connected && self.confirmed && self.own_confirm.is_some() && self.outbox.is_empty() {
            self.finished = true;
        }
    }
}

impl Digest {
    /// Enters a frame, once; whether it was new.
    fn enter(&mut self, place: Place, frame: &[u8]) -> bool {
        let later = self
            .past
            .is_none_or(|past| (place.at.order(), place.offset) > (past.at.order(), past.offset));
        if later {
            self.past = Some(place);
            if place.at.step != Step::Confirm {
                self.hasher.update(&(frame.len() as u32).to_le_bytes()).update(frame);
            }
        }
        later
    }

    /// Whether some part of a step has entered.
    fn has_passed(&self, at: At) -> bool {
        self.past.is_some_and(|past| past.at.order() >= at.order())
    }

    fn finish(&self) -> [u8; 32] {
        *self.hasher.finalize().as_bytes()
    }
}

/// The generator of a session. Terms and role go in, so that a seed used twice by mistake does
/// not give the same secrets in two runs or at two ends.
fn generator(seed: &Seed, terms: &[u8; 32], role: Role) -> ChaCha20Rng {
    let mut hasher = blake3::Hasher::new_derive_key("detente-match/vole/1 seed");
    hasher.update(seed.expose()).update(terms).update(&[role.code()]);
    ChaCha20Rng::from_seed(*hasher.finalize().as_bytes())
}
