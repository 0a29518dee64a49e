//! A query: its acts, its one exchange of elements, and what it found.
//!
//! Asker: offer with a commitment, blinded elements, proof checked, values looked up, close.
//! Holder: offer judged by the record (clause, caps, budget), answer that names the filter whose
//! key evaluates, close. Both closes state the same transcript. The asker's count stays with it:
//! the record would tell the holder.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use detente_core::act::{Answer, Body, Close, Learn, Mode, Offer, Outcome};
use detente_core::party::Role;
use detente_core::{AccordId, Digest, PartyId, RunId};
use detente_intel::{NORMAL_FORM_VERSION, Observable};
use detente_lookup::ELEMENT_BYTES;
use detente_match::{Engine, Params, Role as End, Seed, Session, padded_len};
use detente_peer::{Refusal, Request, Response};
use detente_state::{Entry, Published, Run};

use super::fetch::no_filter;
use super::{Terms, describe, fault, refresh};
use crate::error::{Class, NodeError};
use crate::matching::{
    OFFER_SECONDS_MAX, OnProgress, begin, commit, misbehaved, padding, pull, refused,
};
use crate::node::{Node, Shared};
use crate::ports::{Link, LinkError, RunRow};
use crate::push::{push, unexpected};
use crate::report::LookupReport;

/// How often a query is sent again over a new line.
const RESENDS_MAX: u32 = 4;

/// Gives a line to the holder, a new one if the last was cut.
pub type Lines<'a> = &'a dyn Fn() -> Result<Box<dyn Link + 'a>, NodeError>;

/// The last answer to each peer under each accord, until the peer has closed the query: one whose
/// answer was cut off is answered again in the same bytes, and costs neither work nor budget.
pub(crate) type Replies = Mutex<BTreeMap<(PartyId, AccordId), Reply>>;

/// What a query was answered with.
#[derive(Clone)]
pub(crate) struct Reply {
    run: RunId,
    /// The elements that were asked, as a digest.
    asked: Digest,
    bytes: Vec<u8>,
}

/// What is asked, and what may not be.
struct Asked {
    entered: Vec<Observable>,
    held_out: Vec<(Observable, &'static str)>,
}

/// A query that stands in the own log.
struct Offered {
    row: RunRow,
    engine: Engine,
    known: Known,
}

/// What of a query both sides have on record before it is answered.
#[derive(Clone, Copy)]
struct Known {
    run: RunId,
    /// The offer's leaf, which states all terms.
    offer: Digest,
    /// The asker's commitment.
    asked: Digest,
    /// Values, padding included.
    size: u32,
}

impl Known {
    /// What the proof is bound to: both commitments and, by the offer's leaf, all terms. The
    /// holder's commitment is the filter on record, by its act.
    fn context(&self, filter: Digest) -> [u8; 32] {
        let Known { run, offer, asked, .. } = self;
        let parts = [run.as_bytes(), offer.as_bytes(), asked.as_bytes(), filter.as_bytes()];
        *Digest::of("detente/lookup-context/1", &parts.map(|part| &part[..])).as_bytes()
    }

    /// The terms of the run at this node's end, under a filter on record: its act and its key.
    fn params(&self, node: PartyId, terms: &Terms, (act, key): (Digest, [u8; 32])) -> Params {
        let (asked, listed) = (self.size, terms.shape.items());
        let holds = node == terms.holder;
        let (own_len, peer_len) = if holds { (listed, asked) } else { (asked, listed) };
        Params {
            role: if holds { End::Responder } else { End::Initiator },
            mode: detente_match::Mode::Lookup { key },
            learn: detente_match::Learn::Initiator,
            context: self.context(act),
            own_len,
            peer_len,
        }
    }
}

/// Looks values up in the other side's list. The filter on record is fetched first if it is not
/// here.
///
/// # Errors
/// [`NodeError`]; once the query is offered, its abort is on record too.
pub fn lookup(
    shared: &Shared,
    lines: Lines<'_>,
    accord: AccordId,
    (clause, values): (&str, &[Observable]),
    progress: OnProgress<'_>,
) -> Result<LookupReport, NodeError> {
    // Before anything is fetched: a query that can't be made costs nothing.
    let asked = {
        let node = shared.lock();
        let terms = node.lookup_terms(accord, clause)?;
        let asked = node.admitted(&terms, values)?;
        node.query_size(&terms, asked.entered.len())?;
        asked
    };
    let mut link = lines()?;
    let fetched = refresh(shared, link.as_ref(), accord, clause, progress)?.bytes;
    let (terms, filter, offered) = shared.lock().offer_query(accord, clause, &asked)?;
    let carried = carry(shared, (&mut link, lines), (&terms, &filter), (&offered, &asked));
    let run = offered.row.run;
    let found = match carried {
        Ok((found, transcript)) => {
            let mut node = shared.lock();
            let common = Some(found.iter().filter(|found| **found).count() as u64);
            node.store.put_run(&RunRow { common, ..offered.row.clone() }, &[])?;
            let close = Close { run, outcome: Outcome::Done { count: None, transcript } };
            node.perform(accord, Some(Role::Analyst), Body::CloseMatch(close))?;
            found
        }
        Err(error) => {
            shared.lock().abort(accord, run, &error)?;
            // The line may be the very thing that failed; the record goes at the next contact.
            let _ = push(shared, link.as_ref(), accord);
            return Err(error);
        }
    };
    // What was learnt is told, whether or not the close reaches the holder now.
    let _ = push(shared, link.as_ref(), accord);
    shared.lock().lookup_report(&terms, &offered, &asked, (&found, &filter, fetched))
}

impl Node {
    /// Sorts out what may not be asked: other kinds, and what is closed, red or forbidden here.
    fn admitted(&self, terms: &Terms, values: &[Observable]) -> Result<Asked, NodeError> {
        terms.asks(self)?;
        let mut asked = Asked { entered: Vec::new(), held_out: Vec::new() };
        let door = self.door(terms, terms.holder)?;
        let mut values: Vec<&Observable> = values.iter().collect();
        values.sort();
        values.dedup();
        for value in values {
            let contexts = self.store.contexts(value)?;
            let kind = value.kind();
            let vouched = || {
                // What is not in the own list has no context of its own: the default colour and no
                // label, so that a prohibition by kind holds for it too.
                let bare = detente_intel::Context::from_source("asked");
                let contexts = if contexts.is_empty() { vec![bare] } else { contexts.clone() };
                contexts.iter().any(|context| door.vouches(kind, context))
            };
            if !terms.rule.kinds.contains(&kind) {
                asked.held_out.push((value.clone(), "the clause does not cover its kind"));
            } else if !vouched() {
                asked.held_out.push((
                    value.clone(),
                    "its marking, the clause's ceiling or a prohibition keeps it in",
                ));
            } else {
                asked.entered.push(value.clone());
            }
        }
        Ok(asked)
    }

    /// The length that a query of so many values shows.
    fn query_size(&self, terms: &Terms, count: usize) -> Result<u32, NodeError> {
        let real = u32::try_from(count).unwrap_or(u32::MAX);
        if real == 0 {
            return Err(NodeError::denied(
                "lookup_nothing_to_ask",
                "nothing that was given may be asked under this clause",
                "`detente lookup --explain` with the same values says why",
            ));
        }
        let size = padded_len(real, padding(terms.rule.pad));
        let max = terms.rule.max_items;
        if size > max {
            return Err(NodeError::denied(
                "match_too_many_items",
                format!("{real} values ({size} with padding), the clause allows {max} a query"),
                "ask in several queries, or agree on a larger cap",
            ));
        }
        Ok(size)
    }

    /// Puts a query on record.
    fn offer_query(
        &mut self,
        accord: AccordId,
        clause: &str,
        asked: &Asked,
    ) -> Result<(Terms, Published, Offered), NodeError> {
        self.not_stopped(accord)?;
        let terms = self.lookup_terms(accord, clause)?;
        let filter = self.standing(&terms)?.ok_or_else(|| no_filter(clause))?;
        let size = self.query_size(&terms, asked.entered.len())?;
        let (salt_seed, run) = (self.random()?, RunId::new(self.random()?));
        let commitment = commit(&salt_seed, &asked.entered, size)?;
        let engine = terms.engine()?;
        let offer = Offer {
            run,
            text: terms.text,
            clause: clause.to_owned(),
            mode: Mode::Lookup,
            learn: Learn::Initiator,
            normal_form: NORMAL_FORM_VERSION,
            engine: engine.name().to_owned(),
            size,
            commitment,
        };
        let now = self.act_time(accord)?;
        let own = self.party();
        self.state(accord)?.check_offer(own, &offer, now).map_err(|error| refused(&error))?;
        let row = RunRow {
            run,
            accord,
            peer: terms.holder,
            clause: clause.to_owned(),
            initiator: true,
            salt_seed,
            items: u32::try_from(asked.entered.len()).unwrap_or(u32::MAX),
            common: None,
        };
        self.store.put_run(&row, &[])?;
        self.store.put_asked(run, &asked.entered)?;
        let act = self.perform(accord, Some(Role::Analyst), Body::OfferMatch(offer))?;
        let known = Known { run, offer: act, asked: commitment, size };
        Ok((terms, filter, Offered { row, engine, known }))
    }

    /// The holder's answer and close, which it must have brought with its reply.
    fn answered(
        &self,
        terms: &Terms,
        run: RunId,
        filter: &Published,
    ) -> Result<(Answer, Option<Digest>), NodeError> {
        let run = self.state(terms.accord)?.runs.get(&run);
        let run = run.ok_or_else(|| NodeError::damaged("the own query is not on record"))?;
        let answer = match &run.answer {
            Some((by, _, answer)) if *by == terms.holder => answer.clone(),
            _ => {
                let words = "it replied, and its log has no answer in effect";
                return Err(misbehaved("lookup_unanswered", words.to_owned()));
            }
        };
        let named = &self.state(terms.accord)?.filters;
        let named = named.iter().find(|published| published.act == answer.commitment);
        // A newer filter of the same key does: only the key evaluates.
        if named.is_none_or(|named| named.filter.key != filter.filter.key) {
            return Err(NodeError::denied(
                "lookup_key_changed",
                "the holder began another key while the query was under way",
                "run the command again: it fetches the new filter",
            ));
        }
        let closed = match run.closes.get(&terms.holder) {
            Some((_, Close { outcome: Outcome::Done { transcript, .. }, .. })) => Some(*transcript),
            _ => None,
        };
        Ok((answer, closed))
    }
}

/// Sends the query, checks what comes back, and looks it up.
fn carry<'a>(
    shared: &Shared,
    (link, lines): (&mut Box<dyn Link + 'a>, Lines<'a>),
    (terms, filter): (&Terms, &Published),
    (offered, asked): (&Offered, &Asked),
) -> Result<(Vec<bool>, Digest), NodeError> {
    let Offered { engine, known, .. } = offered;
    let (accord, run) = (terms.accord, known.run);
    let params = known.params(terms.asker, terms, (filter.act, filter.filter.key));
    let keys = asked.entered.iter().map(|asked| Ok(asked.match_key()));
    let seed = Seed::new(shared.lock().random()?);
    let mut session = begin(engine, params, keys, seed)?;
    let reply = ask(shared, (link, lines), (accord, run), &mut session)?;
    shared.lock().not_stopped(accord)?;
    let judged = shared.lock().answered(terms, run, filter);
    let (answer, closed) = match judged {
        // The line may have gone just behind the reply: ask for the acts once more.
        Err(NodeError::Misbehaved { .. }) | Ok((_, None)) => {
            pull(link.as_ref())?;
            shared.lock().answered(terms, run, filter)?
        }
        judged => judged?,
    };
    // The answer may name a newer filter of the same key.
    session.rebind(known.context(answer.commitment)).map_err(fault)?;
    session.input(&reply).map_err(fault)?;
    look_up(shared, terms, filter, &mut session)?;
    let outcome = session.finish().map_err(fault)?;
    let transcript = Digest::new(outcome.transcript);
    if closed != Some(transcript) {
        let words = "its log does not close the query with the transcript of what it sent";
        return Err(misbehaved("transcript_differs", words.to_owned()));
    }
    let mut found = vec![false; asked.entered.len()];
    for place in outcome.common.into_iter().flatten() {
        if let Some(found) = found.get_mut(place) {
            *found = true;
        }
    }
    Ok((found, transcript))
}

/// Sends the query, again over another line if one is cut, and gives the reply.
fn ask<'a>(
    shared: &Shared,
    (link, lines): (&mut Box<dyn Link + 'a>, Lines<'a>),
    (accord, run): (AccordId, RunId),
    session: &mut Session,
) -> Result<Vec<u8>, NodeError> {
    let mut resends = 0;
    loop {
        let elements = session.poll().map_err(fault)?.unwrap_or_default();
        let request = Request::Lookup { accord, run, elements };
        let sent = push(shared, link.as_ref(), accord).and_then(|()| Ok(link.request(&request)?));
        match sent {
            Ok(Response::Evaluated { bytes }) => return Ok(bytes),
            Ok(other) => return Err(unexpected(other)),
            Err(NodeError::Link(LinkError::Cut)) if resends < RESENDS_MAX => {
                resends += 1;
                *link = lines()?;
                session.reconnect().map_err(fault)?;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Gives the session the buckets of the filter that it wants.
fn look_up(
    shared: &Shared,
    terms: &Terms,
    filter: &Published,
    session: &mut Session,
) -> Result<(), NodeError> {
    let (scope, name) = (terms.scope(), filter.filter.digest);
    let node = shared.lock();
    while let Some(number) = session.bucket_due() {
        let read = node.store.buckets(scope, name, number..number.saturating_add(1))?;
        let bucket = read.first().ok_or_else(|| NodeError::damaged("the filter is gone"))?;
        session.give_bucket(bucket).map_err(fault)?;
    }
    Ok(())
}

/// Answers [`Request::Lookup`]: judges the offer by the record, evaluates, and puts answer and
/// close on record before the reply leaves.
pub(crate) fn answer_lookup(
    shared: &Shared,
    link: &dyn Link,
    (accord, run): (AccordId, RunId),
    elements: &[u8],
) -> Result<Response, NodeError> {
    let peer = link.peer();
    let asked = Digest::plain(elements);
    forget_reply(shared, peer, accord);
    let again = {
        let replies = shared.replies.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = replies.get(&(peer, accord));
        reply.filter(|reply| reply.run == run && reply.asked == asked).cloned()
    };
    if let Some(Reply { bytes, .. }) = again {
        let repeatable = shared.lock().repeatable(accord, run);
        if let Err(error) = repeatable {
            return Ok(not_taken_up(&error));
        }
        push(shared, link, accord)?;
        return Ok(Response::Evaluated { bytes });
    }
    let taken = shared.lock().take_query(peer, accord, run, elements.len());
    let session = match taken {
        Ok(taken) => taken,
        Err(error) => {
            decline(shared, link, (accord, run), &error);
            return Ok(not_taken_up(&error));
        }
    };
    let ended = evaluate(session, elements).and_then(|(bytes, transcript)| {
        // A stop ends a query that is under way.
        let mut node = shared.lock();
        node.not_stopped(accord)?;
        let close = Close { run, outcome: Outcome::Done { count: None, transcript } };
        node.perform(accord, Some(Role::Analyst), Body::CloseMatch(close))?;
        Ok(bytes)
    });
    match ended {
        Ok(bytes) => {
            let kept = Reply { run, asked, bytes: bytes.clone() };
            let mut replies = shared.replies.lock().unwrap_or_else(PoisonError::into_inner);
            replies.insert((peer, accord), kept);
            drop(replies);
            push(shared, link, accord)?;
            Ok(Response::Evaluated { bytes })
        }
        Err(error) => {
            shared.lock().abort(accord, run, &error)?;
            let _ = push(shared, link, accord);
            Err(error)
        }
    }
}

/// The holder's end of a run: the reply, and what both have seen then.
fn evaluate(mut session: Session, elements: &[u8]) -> Result<(Vec<u8>, Digest), NodeError> {
    session.input(elements).map_err(fault)?;
    let reply = session.poll().map_err(fault)?.unwrap_or_default();
    let outcome = session.finish().map_err(fault)?;
    Ok((reply, Digest::new(outcome.transcript)))
}

/// What the peer is told of a query that is not answered.
fn not_taken_up(error: &NodeError) -> Response {
    // The words may hold what is this node's alone.
    let code = if error.class() == Class::Environment { "internal" } else { error.code() };
    Response::Refused(Refusal::new(code, "this node does not take up the query"))
}

/// Drops the reply that is kept for a peer, once its close of the query is here: it has the reply,
/// or will not ask for it any more.
pub(crate) fn forget_reply(shared: &Shared, peer: PartyId, accord: AccordId) {
    let place = (peer, accord);
    let kept = {
        let replies = shared.replies.lock().unwrap_or_else(PoisonError::into_inner);
        replies.get(&place).map(|reply| reply.run)
    };
    let Some(kept) = kept else { return };
    let closed = shared.lock().state(accord).is_ok_and(|state| {
        state.runs.get(&kept).is_none_or(|known| known.closes.contains_key(&peer))
    });
    if closed {
        let mut replies = shared.replies.lock().unwrap_or_else(PoisonError::into_inner);
        if replies.get(&place).is_some_and(|reply| reply.run == kept) {
            replies.remove(&place);
        }
    }
}

/// Puts on record that a query is not taken up, if it is open.
fn decline(shared: &Shared, link: &dyn Link, (accord, run): (AccordId, RunId), error: &NodeError) {
    let declined = {
        let mut node = shared.lock();
        let open =
            node.state(accord).ok().and_then(|state| state.runs.get(&run)).is_some_and(|known| {
                known.answer.is_none()
                    && known.offer.mode == Mode::Lookup
                    && known.initiator == link.peer()
                    && !known.closes.contains_key(&node.party())
            });
        open && node.abort(accord, run, error).is_ok()
    };
    if declined {
        // It goes at the next contact if it does not go now; the peer is told all the same.
        let _ = push(shared, link, accord);
    }
}

impl Node {
    /// Checks that a query may be answered again in the same bytes: what stops a first answer stops
    /// this one.
    fn repeatable(&self, accord: AccordId, run: RunId) -> Result<(), NodeError> {
        self.not_stopped(accord)?;
        let text = self.governing(accord)?.digest;
        let known = self.state(accord)?.runs.get(&run);
        if known.is_some_and(|known| known.offer.text == text) {
            return Ok(());
        }
        let words = "another text is in force than that under which the query was offered";
        Err(NodeError::denied("match_not_open", words, "offer a new query"))
    }

    /// Takes up a query that the peer's log offers, or says why not. Gives this end of the run.
    fn take_query(
        &mut self,
        peer: PartyId,
        accord: AccordId,
        run: RunId,
        bytes: usize,
    ) -> Result<Session, NodeError> {
        self.not_stopped(accord)?;
        let deny = |words: &str| NodeError::denied("match_not_open", words, "offer a new query");
        let known = self.state(accord)?.runs.get(&run).cloned();
        let known = known.ok_or_else(|| deny("no such query is in effect"))?;
        let offer = &known.offer;
        if offer.mode != Mode::Lookup
            || known.initiator != peer
            || known.answer.is_some()
            || !known.closes.is_empty()
        {
            return Err(deny("the query is not open"));
        }
        if known.offered.get().abs_diff(self.now().get()) > OFFER_SECONDS_MAX {
            return Err(deny("the offer is dated too far from now"));
        }
        let ours = Engine::from_name(&offer.engine) == Some(Engine::Voprf);
        if !ours || offer.normal_form != NORMAL_FORM_VERSION {
            return Err(deny("engine or normal form is another version than ours"));
        }
        if bytes as u64 != u64::from(offer.size) * ELEMENT_BYTES as u64 {
            return Err(misbehaved(
                "query_size",
                format!("{bytes} bytes of elements, {} values were offered", offer.size),
            ));
        }
        let terms = self.lookup_terms(accord, &offer.clause)?;
        let filter = self.standing(&terms)?.ok_or_else(|| no_filter(&offer.clause))?;
        let key = self.lookup_key(&terms, filter.filter.epoch)?;
        if *key.public() != filter.filter.key {
            return Err(NodeError::denied(
                "lookup_other_key",
                "the filter on record was made with another secret than this home has",
                "publish with --new-key",
            ));
        }
        let now = self.act_time(accord)?;
        let entry = Entry { party: self.party(), clause: &offer.clause, size: 0, offers: false };
        self.state(accord)?.may_match(&entry, now).map_err(|error| refused(&error))?;
        let query = Known { run, offer: known.act, asked: offer.commitment, size: offer.size };
        let params = query.params(self.party(), &terms, (filter.act, filter.filter.key));
        let session = Session::hold(&params, key).map_err(fault)?;
        let answer = Answer { run, offer: known.act, size: 0, commitment: filter.act };
        self.perform(accord, Some(Role::Analyst), Body::AnswerMatch(answer))?;
        Ok(session)
    }

    fn lookup_report(
        &self,
        terms: &Terms,
        offered: &Offered,
        asked: &Asked,
        (found, filter, fetched): (&[bool], &Published, u64),
    ) -> Result<LookupReport, NodeError> {
        let told = |observable: &Observable| {
            (observable.kind().name().to_owned(), observable.value().to_owned())
        };
        let with = |want: bool| {
            let pairs = asked.entered.iter().zip(found);
            pairs.filter(|(_, found)| **found == want).map(|(value, _)| told(value)).collect()
        };
        let run = self.state(terms.accord)?.runs.get(&offered.row.run);
        let agreed = run.and_then(Run::agreed);
        Ok(LookupReport {
            run: offered.row.run.to_string(),
            accord: self.book(terms.accord)?.row.slug.clone(),
            clause: terms.clause.clone(),
            holder: self.name_of(terms.holder),
            asked: offered.row.items,
            size: offered.known.size,
            found: with(true),
            absent: with(false),
            held_out: asked
                .held_out
                .iter()
                .map(|(value, why)| {
                    let (kind, value) = told(value);
                    (kind, value, (*why).to_owned())
                })
                .collect(),
            filter: describe(filter),
            fetched,
            transcript: agreed.map_or_else(String::new, |(_, digest)| digest.to_string()),
            agreed: agreed.is_some(),
            learnt: self.told_holder(terms, (offered.row.items, offered.known.size)),
        })
    }
}
