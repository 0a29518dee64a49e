//! Carrying a run out: the engine's messages over a stream, and over another one after a cut; then
//! outcome or abort into the record.
//!
//! A cut ends no run of an engine that can go on. The side that offered comes back with
//! `ResumeMatch`; the other keeps the run for [`RESUME_SECONDS`], one for each peer. What the
//! engine
//! has sent and received is not lost: the two go on at the very frame.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use detente_core::{AccordId, PartyId, RunId, UnixSeconds};
use detente_intel::Observable;
use detente_match::{Progress, Session};
use detente_peer::{Refusal, Request, Response};
use detente_state::Entry;

use super::contexts::{self, Contexts};
use super::list::Entered;
use super::open::{answer, offer};
use super::refused;
use crate::error::{Class, NodeError};
use crate::node::{Node, Shared};
use crate::ports::{Link, LinkError, RunRow, Stream};
use crate::push::{push, unexpected};
use crate::report::{ContextsReport, MatchReport};

/// Hears how far a run is.
pub type OnProgress<'a> = &'a mut dyn FnMut(Progress);

/// Gives a line to the other side, a new one if the last was cut.
pub type Relink<'a> = &'a dyn Fn() -> Result<Box<dyn Link + 'a>, NodeError>;

/// How often a run goes on over a new line before it is given up, at either side. Count.
const RESUMES_MAX: u32 = 16;

/// How long a run whose line was cut is kept for the other side to come back. Seconds.
pub const RESUME_SECONDS: u64 = 120;

/// A run that was taken up, from its first message until it is closed.
pub(crate) struct Taken {
    accord: AccordId,
    run: RunId,
    /// Gone when the run is closed.
    work: Option<Work>,
    /// Counts the lines over which it went. Who drives it over an older one has lost it: that line
    /// may be dead without knowing.
    line: u64,
    /// When its line was cut, if it was and no other has come.
    cut: Option<UnixSeconds>,
}

/// What a run is driven with.
struct Work {
    row: RunRow,
    entered: Arc<Entered>,
    held: Held,
}

/// A session, and what it brings beside the answer.
pub(super) struct Held {
    pub(super) session: Session,
    pub(super) contexts: Contexts,
}

impl Held {
    fn new(session: Session) -> Held {
        Held { session, contexts: Contexts::default() }
    }

    /// What the run has brought, once it is done.
    fn finish(self) -> Carried {
        Ok((self.session.finish().map_err(engine)?, self.contexts))
    }
}

/// What a run brought, or why it is void.
type Carried = Result<(detente_match::Outcome, Contexts), NodeError>;

/// What a run is driven with at this side.
pub(super) struct Desk<'a> {
    pub(super) shared: &'a Shared,
    pub(super) link: &'a dyn Link,
    pub(super) row: &'a RunRow,
    pub(super) entered: &'a Entered,
}

/// The runs that a node has taken up, one for each peer.
pub(crate) type TakenRuns = Mutex<BTreeMap<PartyId, Arc<Mutex<Taken>>>>;

/// Whoever drives a session: the side that offered has it for itself, the other may lose it to a
/// newer line.
pub(super) enum Seat<'a> {
    Own(&'a mut Held),
    Taken(&'a Mutex<Taken>, u64),
}

impl Seat<'_> {
    /// Does something with the session, for a moment.
    pub(super) fn with<T>(
        &mut self,
        work: impl FnOnce(&mut Held) -> Result<T, NodeError>,
    ) -> Result<T, NodeError> {
        match self {
            Seat::Own(held) => work(held),
            Seat::Taken(taken, line) => {
                let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
                let lost = taken.line != *line;
                match &mut taken.work {
                    Some(work_held) if !lost => work(&mut work_held.held),
                    _ => Err(LinkError::Cut.into()),
                }
            }
        }
    }
}

/// Offers a run to the other side of a clause and carries it through.
///
/// # Errors
/// [`NodeError`]; once the run is offered, its abort is on record too.
pub fn run_match(
    shared: &Shared,
    relink: Relink<'_>,
    accord: AccordId,
    (clause, count_only): (&str, bool),
    progress: OnProgress<'_>,
) -> Result<MatchReport, NodeError> {
    let mut link = relink()?;
    pull(link.as_ref())?;
    let (row, entered) = offer(shared, accord, (clause, count_only), progress)?;
    let carried = carry(shared, (&mut link, relink), &row, &entered, progress);
    let contexts = conclude(shared, link.as_ref(), &row, &entered, carried)?;
    // The other side's close is part of the answer: without it nothing may rest on the run.
    pull(link.as_ref())?;
    report(shared, &row, contexts)
}

/// The other party of a matching clause.
///
/// # Errors
/// [`NodeError`] if nothing is in force or there is no such clause.
pub fn match_peer(node: &Node, accord: AccordId, clause: &str) -> Result<PartyId, NodeError> {
    let own = node.party();
    let probe = Entry { party: own, clause, size: 0, offers: true };
    let state = node.state(accord)?;
    let now = node.act_time(accord)?;
    let rule = state.may_match(&probe, now).map_err(|error| refused(&error))?;
    let text = node.governing(accord)?;
    text.parties
        .iter()
        .find(|party| party.id != own && rule.between.contains(&party.handle))
        .map(|party| party.id)
        .ok_or_else(|| NodeError::damaged("a matching clause has one side"))
}

fn carry<'a>(
    shared: &Shared,
    (link, relink): (&mut Box<dyn Link + 'a>, Relink<'a>),
    row: &RunRow,
    entered: &Entered,
    progress: OnProgress<'_>,
) -> Carried {
    push(shared, link.as_ref(), row.accord)?;
    let (accord, run) = (row.accord, row.run);
    let mut stream = open(link.as_ref(), &Request::BeginMatch { accord, run })?;
    let mut held = Held::new(session(shared, row, entered)?);
    let mut resumes = 0;
    loop {
        let desk = Desk { shared, link: link.as_ref(), row, entered };
        match drive(&desk, &mut Seat::Own(&mut held), (stream.as_mut(), progress)) {
            Ok(()) => return held.finish(),
            Err(NodeError::Link(LinkError::Cut)) if resumes < RESUMES_MAX => {
                resumes += 1;
                held.session.reconnect().map_err(|_| LinkError::Cut)?;
                *link = relink()?;
                stream = match open(link.as_ref(), &Request::ResumeMatch { accord, run }) {
                    // It has ended the run for a reason of its own, which its record tells.
                    Err(NodeError::PeerRefused(_)) => return Err(LinkError::Cut.into()),
                    opened => opened?,
                };
            }
            Err(error) => return Err(error),
        }
    }
}

/// Sets up the engine. The node is held for the terms alone: to hash a long list takes seconds.
fn session(shared: &Shared, row: &RunRow, entered: &Entered) -> Result<Session, NodeError> {
    let (engine, params, seed) = shared.lock().terms(row)?;
    super::begin(&engine, params, entered.keys(shared), seed)
}

/// Opens a run's stream and hears whether the other side takes it up.
fn open(link: &dyn Link, request: &Request) -> Result<Box<dyn Stream>, NodeError> {
    let mut stream = link.open(request)?;
    let first = stream.recv()?.ok_or(LinkError::Cut)?;
    match Response::decode(&first) {
        Ok(Response::Done) => Ok(stream),
        Ok(other) => Err(unexpected(other)),
        Err(error) => Err(misbehaved("malformed_response", error.to_string())),
    }
}

/// Takes up a run that the peer begins.
///
/// # Errors
/// [`NodeError`]; the peer is told first, and an abort is on record.
pub fn respond_match(
    shared: &Shared,
    link: &dyn Link,
    (accord, run): (AccordId, RunId),
    stream: &mut dyn Stream,
    progress: OnProgress<'_>,
) -> Result<MatchReport, NodeError> {
    shared.sweep_runs();
    let answered = answer(shared, link.peer(), (accord, run), progress);
    let (row, entered) = match answered {
        Ok(answered) => answered,
        Err(error) => {
            let declined = {
                let mut node = shared.lock();
                let open = node.known_run(accord, run).is_ok_and(|known| {
                    // A run that is taken up already is carried elsewhere, and closed there.
                    known.answer.is_none()
                        && known.initiator == link.peer()
                        && !known.closes.contains_key(&node.party())
                });
                open && node.abort(accord, run, &error).is_ok()
            };
            if declined {
                // It goes at the next contact if it does not go now; the peer is told all the same.
                let _ = push(shared, link, accord);
            }
            // The words may hold what is ours alone, such as how many indicators we have.
            let code = if error.class() == Class::Environment { "internal" } else { error.code() };
            let refusal = Refusal::new(code, "this node does not take up the run");
            stream.send(Response::Refused(refusal).encode())?;
            return Err(error);
        }
    };
    let begun = push(shared, link, accord)
        .and_then(|()| Ok(stream.send(Response::Done.encode())?))
        .and_then(|()| session(shared, &row, &entered));
    let session = match begun {
        Ok(session) => session,
        Err(error) => {
            let contexts = conclude(shared, link, &row, &entered, Err(error))?;
            return report(shared, &row, contexts);
        }
    };
    let work = Some(Work { row, entered: Arc::new(entered), held: Held::new(session) });
    let taken = Taken { accord, run, work, line: 0, cut: None };
    let taken = Arc::new(Mutex::new(taken));
    shared.take_run(link.peer(), Arc::clone(&taken));
    go_on(shared, link, &taken, 0, (stream, progress))
}

/// Takes up a run again whose line was cut, at the peer's word.
///
/// # Errors
/// [`NodeError`]; the peer is told first.
pub fn resume_match(
    shared: &Shared,
    link: &dyn Link,
    (accord, run): (AccordId, RunId),
    stream: &mut dyn Stream,
    progress: OnProgress<'_>,
) -> Result<MatchReport, NodeError> {
    let held = shared.taken_run(link.peer(), accord, run);
    let line = held.filter(|taken| !shared.worn_out(link.peer(), taken)).and_then(|taken| {
        let line = {
            let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.work.as_mut()?.held.session.reconnect().ok()?;
            taken.line += 1;
            taken.cut = None;
            taken.line
        };
        Some((taken, line))
    });
    let Some((taken, line)) = line else {
        let refusal = Refusal::new("match_not_held", "this node does not hold such a run");
        stream.send(Response::Refused(refusal).encode())?;
        return Err(NodeError::denied("match_not_held", "no such run waits", "offer a new run"));
    };
    if let Err(error) = stream.send(Response::Done.encode()) {
        shared.cut_run(&taken, line);
        return Err(error.into());
    }
    go_on(shared, link, &taken, line, (stream, progress))
}

/// Drives a run that was taken up. After a cut it waits for the other side, and nothing is on
/// record yet.
fn go_on(
    shared: &Shared,
    link: &dyn Link,
    taken: &Arc<Mutex<Taken>>,
    line: u64,
    (stream, progress): (&mut dyn Stream, OnProgress<'_>),
) -> Result<MatchReport, NodeError> {
    let with = {
        let taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.work.as_ref().map(|work| (work.row.clone(), Arc::clone(&work.entered)))
    };
    let Some((row, entered)) = with else { return Err(LinkError::Cut.into()) };
    let desk = Desk { shared, link, row: &row, entered: &entered };
    let driven = drive(&desk, &mut Seat::Taken(taken, line), (stream, progress));
    if let Err(NodeError::Link(LinkError::Cut)) = driven
        && shared.cut_run(taken, line)
    {
        return Err(LinkError::Cut.into());
    }
    let Some(Work { held, .. }) = shared.end_run(link.peer(), taken, line) else {
        return Err(LinkError::Cut.into());
    };
    let carried = driven.and_then(|()| held.finish());
    let contexts = conclude(shared, link, &row, &entered, carried)?;
    report(shared, &row, contexts)
}

impl Shared {
    /// Holds a run that is taken up. One for each peer: an older one is given up.
    fn take_run(&self, peer: PartyId, taken: Arc<Mutex<Taken>>) {
        let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let older = all.insert(peer, taken);
        drop(all);
        if let Some(older) = older {
            self.give_up(&older);
        }
    }

    /// The run that is held for this peer, if it is this one.
    fn taken_run(&self, peer: PartyId, accord: AccordId, run: RunId) -> Option<Arc<Mutex<Taken>>> {
        let all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = Arc::clone(all.get(&peer)?);
        drop(all);
        let held = taken.lock().unwrap_or_else(PoisonError::into_inner);
        let same = held.accord == accord && held.run == run;
        drop(held);
        same.then_some(taken)
    }

    /// Gives up a run that has gone over as many lines as a run may; whether it was one. Otherwise
    /// a peer that cuts every line in time could hold its memory for good.
    fn worn_out(&self, peer: PartyId, taken: &Arc<Mutex<Taken>>) -> bool {
        let line = taken.lock().unwrap_or_else(PoisonError::into_inner).line;
        if line < u64::from(RESUMES_MAX) {
            return false;
        }
        let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(&peer).is_some_and(|other| Arc::ptr_eq(other, taken)) {
            all.remove(&peer);
        }
        drop(all);
        self.give_up(taken);
        true
    }

    /// Notes that a run's line was cut; whether the run waits for another, or goes on over one.
    fn cut_run(&self, taken: &Mutex<Taken>, line: u64) -> bool {
        let now = self.lock().now();
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.line != line {
            return true;
        }
        let waits = taken.work.as_mut().is_some_and(|work| work.held.session.reconnect().is_ok());
        taken.cut = waits.then_some(now);
        waits
    }

    /// Takes a run out of those that are held, if this line is its last.
    fn end_run(&self, peer: PartyId, taken: &Arc<Mutex<Taken>>, line: u64) -> Option<Work> {
        let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = taken.lock().unwrap_or_else(PoisonError::into_inner);
        if held.line != line {
            return None;
        }
        // Nobody else can go on with it now.
        held.line += 1;
        if all.get(&peer).is_some_and(|other| Arc::ptr_eq(other, taken)) {
            all.remove(&peer);
        }
        held.work.take()
    }

    /// Gives up runs for which nobody came back in time: the abort goes on record.
    pub fn sweep_runs(&self) {
        let now = self.lock().now();
        let late = |taken: &Arc<Mutex<Taken>>| {
            // Who works on it now has a line.
            let Ok(taken) = taken.try_lock() else { return false };
            taken.cut.is_some_and(|cut| now.get() > cut.get() + RESUME_SECONDS)
        };
        let stale: Vec<Arc<Mutex<Taken>>> = {
            let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            let peers: Vec<PartyId> =
                all.iter().filter(|(_, taken)| late(taken)).map(|(peer, _)| *peer).collect();
            peers.iter().filter_map(|peer| all.remove(peer)).collect()
        };
        for taken in stale {
            self.give_up(&taken);
        }
    }

    /// Ends a run that is no longer held. Who drives it still, over whatever line, has lost it: so
    /// there is no run without its close on record.
    fn give_up(&self, taken: &Mutex<Taken>) {
        let (accord, run, open) = {
            let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.line += 1;
            (taken.accord, taken.run, taken.work.take().is_some())
        };
        if open {
            // It goes to the other side at the next contact; a failing store says so by itself.
            let _ = self.lock().abort(accord, run, &LinkError::Cut.into());
        }
    }
}

/// Puts outcome or abort on record and brings it to the other side.
fn conclude(
    shared: &Shared,
    link: &dyn Link,
    row: &RunRow,
    entered: &Entered,
    carried: Carried,
) -> Result<Option<ContextsReport>, NodeError> {
    let carried = carried.and_then(|(outcome, mut contexts)| {
        let common = outcome.common.as_deref().unwrap_or_default();
        entered.texts(shared, common, &mut contexts.texts)?;
        let matched = common.iter().filter_map(|place| contexts.texts.remove(place)).collect();
        Ok((outcome, contexts, matched))
    });
    match carried {
        Ok((outcome, contexts, matched)) => {
            let matched: Vec<Observable> = matched;
            let kept = {
                let mut node = shared.lock();
                node.close(row, &matched, &outcome)?;
                node.keep_contexts(row, contexts)?
            };
            push(shared, link, row.accord)?;
            Ok(kept)
        }
        Err(error) => {
            shared.lock().abort(row.accord, row.run, &error)?;
            // The line may be the very thing that failed; the record goes at the next contact.
            let _ = push(shared, link, row.accord);
            Err(error)
        }
    }
}

/// How a run went for this side, contexts with it.
fn report(
    shared: &Shared,
    row: &RunRow,
    contexts: Option<ContextsReport>,
) -> Result<MatchReport, NodeError> {
    let node = shared.lock();
    let mut report = node.match_report(row.accord, row.run)?;
    if let Some(mut contexts) = contexts {
        node.complete_contexts(row.accord, &mut contexts)?;
        report.contexts = Some(contexts);
    }
    Ok(report)
}

/// Asks the other side to push what it has.
///
/// # Errors
/// [`NodeError`].
pub fn pull(link: &dyn Link) -> Result<(), NodeError> {
    match link.request(&Request::Pull)? {
        Response::Done => Ok(()),
        other => Err(unexpected(other)),
    }
}

/// Carries the engine's messages until it is done.
fn drive(
    desk: &Desk<'_>,
    seat: &mut Seat<'_>,
    (stream, progress): (&mut dyn Stream, OnProgress<'_>),
) -> Result<(), NodeError> {
    let input = |seat: &mut Seat<'_>, bytes: &[u8]| {
        seat.with(|held| held.session.input(bytes).map_err(engine))
    };
    loop {
        while let Some(bytes) = stream.try_recv()? {
            input(seat, &bytes)?;
        }
        // A stop ends a run that is under way.
        desk.shared.lock().not_stopped(desk.row.accord)?;
        contexts::exchange(desk, seat)?;
        let (next, done) = seat.with(|Held { session, .. }| {
            progress(session.progress());
            Ok((session.poll().map_err(engine)?, session.is_done()))
        })?;
        // Nothing is held while the line takes its time.
        if let Some(message) = next {
            stream.send(message)?;
        } else if done {
            return Ok(());
        } else {
            let bytes = stream.recv()?.ok_or(LinkError::Cut)?;
            input(seat, &bytes)?;
        }
    }
}

pub(super) fn engine(error: detente_match::Error) -> NodeError {
    match error.blame() {
        detente_match::Blame::Peer => misbehaved(error.code(), error.to_string()),
        detente_match::Blame::Caller => NodeError::damaged(error),
    }
}

pub(crate) fn misbehaved(code: &str, words: String) -> NodeError {
    NodeError::Misbehaved { code: code.to_owned(), words }
}
