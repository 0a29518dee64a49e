//! Releases that were taken back or narrowed, and what their receivers say that they did.
//!
//! A retraction needs no accord in force, and neither stop nor suspension holds it up: it carries
//! no object. It is its author's word on its own release, so the order of its own log decides what
//! the author may still release, whatever the dates say. An answer is the receiver's word: the
//! record shows that it was given, and no more.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use detente_core::act::{Header, RetractReason, Retraction, RetractionAnswer};
use detente_core::{Digest, Pap, PartyId, Tlp, UnixSeconds};

use super::release::{Named, ReleaseState};
use super::{Effect, State};

/// Objects that all retractions of a party in an accord name together, lifted ones counted too:
/// what bounds the fold of a log that is full of them. Count.
pub const MAX_PLACES: u64 = 4_000_000;
/// Most retractions of one release, also those that were taken back: what a peer's log can make the
/// fold look through.
pub const MAX_RETRACTIONS: usize = 128;
/// Most answers of one party to one retraction.
pub const MAX_ANSWERS: usize = 64;

/// A retraction as the acts tell it.
#[derive(Clone, Debug)]
pub struct TakenBack {
    /// The act, by the digest of its leaf.
    pub act: Digest,
    /// Who had released.
    pub author: PartyId,
    /// Its place in that party's log.
    pub place: u64,
    /// When, by the author's clock.
    pub time: UnixSeconds,
    /// What it says.
    pub said: Retraction,
    /// The objects, ascending: all of the release if it names none.
    pub objects: Arc<[Digest]>,
    /// When the author took the retraction itself back.
    pub lifted: Option<UnixSeconds>,
    /// Who must answer: who receives the release, as far as the record tells.
    pub receivers: Vec<PartyId>,
    /// When each receiver first showed that it had seen it, by that party's clock.
    pub seen: BTreeMap<PartyId, UnixSeconds>,
    /// Answers in the order of the fold; the last of each receiver counts.
    pub answers: Vec<AnswerState>,
}

/// An answer to a retraction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerState {
    /// The act, by the digest of its leaf.
    pub act: Digest,
    /// Who.
    pub by: PartyId,
    /// When, by that party's clock.
    pub time: UnixSeconds,
    /// What it says.
    pub said: RetractionAnswer,
}

impl TakenBack {
    /// The answer of a receiver that counts.
    pub fn answer_of(&self, party: PartyId) -> Option<&AnswerState> {
        self.answers.iter().rev().find(|answer| answer.by == party)
    }

    /// Receivers that have not answered. None are asked about a retraction that was taken back.
    pub fn unanswered(&self) -> impl Iterator<Item = PartyId> + '_ {
        let asked = if self.lifted.is_none() { self.receivers.as_slice() } else { &[] };
        asked.iter().copied().filter(|party| self.answer_of(*party).is_none())
    }
}

/// What the author's retractions amount to for one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The retraction that counts: the first that takes it back, else the last that narrows it.
    pub act: Digest,
    /// When, by the author's clock.
    pub time: UnixSeconds,
    /// Why.
    pub reason: RetractReason,
    /// Whether it was taken back; else it is narrowed.
    pub gone: bool,
    /// The most closed colour that was given later.
    pub tlp: Option<Tlp>,
    /// The most closed PAP colour that was given later.
    pub pap: Option<Pap>,
}

/// Retractions by author and object, as places in [`State::retractions`].
pub(super) type ByObject = Arc<BTreeMap<(PartyId, Digest), Vec<usize>>>;

/// Retractions by receiver and author that the receiver has not shown to have seen, in the order of
/// the author's log, as places in [`State::retractions`].
pub(super) type Unseen = BTreeMap<(PartyId, PartyId), VecDeque<usize>>;

impl State {
    /// What `author` has later said of an object that it released; none if nothing, or if it took
    /// that back.
    pub fn mark(&self, author: PartyId, object: Digest) -> Option<Mark> {
        let places = self.retracted.get(&(author, object))?.iter();
        // Those that were taken back are not among the places any more.
        let standing = places.filter_map(|at| self.retractions.get(*at));
        let mut mark: Option<Mark> = None;
        for own in standing {
            let (tlp, pap) = mark.map_or((None, None), |mark| (mark.tlp, mark.pap));
            let (tlp, pap) = (tlp.max(own.said.tlp), pap.max(own.said.pap));
            let next = Mark {
                act: own.act,
                time: own.time,
                reason: own.said.reason,
                gone: !own.said.narrows(),
                tlp,
                pap,
            };
            mark = match mark {
                Some(before) if before.gone => Some(Mark { tlp, pap, ..before }),
                _ => Some(next),
            };
        }
        mark
    }

    /// Who receives a release, as far as the record tells; if it does not, every other party.
    pub fn receivers(&self, release: &ReleaseState) -> Vec<PartyId> {
        if let Some(to) = self.receiver(release) {
            return vec![to];
        }
        self.parties.keys().copied().filter(|party| *party != release.author).collect()
    }

    /// A release with effect, or one that came to nothing: what its author signed may have left
    /// before an act that voids it came to be known.
    pub fn any_release(&self, act: Digest) -> Option<&ReleaseState> {
        self.releases.iter().chain(&self.void_releases).find(|known| known.act == act)
    }

    pub(super) fn retract_release(
        &mut self,
        header: &Header,
        act: Digest,
        own: &Retraction,
    ) -> Result<Effect, String> {
        let release = self.any_release(own.release).ok_or("no such release is on record")?;
        if release.author != header.author {
            return Err("a party takes back its own releases".to_owned());
        }
        let of_it = |other: &&TakenBack| other.said.release == own.release;
        if self.retractions.iter().filter(of_it).count() >= MAX_RETRACTIONS {
            return Err(format!("the release was taken back {MAX_RETRACTIONS} times"));
        }
        let receivers = self.receivers(release);
        let find = |object: &Digest| release.object(*object);
        if let Some(stranger) = own.objects.iter().find(|object| find(object).is_none()) {
            return Err(format!("object {} is not in the release", stranger.short()));
        }
        let objects: Arc<[Digest]> = if own.objects.is_empty() {
            release.objects.iter().map(|known| known.object).collect()
        } else {
            own.objects.as_slice().into()
        };
        let places = self.places.get(&header.author).copied().unwrap_or_default();
        let places = places.saturating_add(objects.len() as u64);
        if places > MAX_PLACES {
            return Err(format!("the party's retractions name more than {MAX_PLACES} objects"));
        }
        let mut news = false;
        for known in objects.iter().filter_map(find) {
            news |= self.is_news(header.author, known, own)?;
            // A narrowing must be none for all of them; taking back is something new at once.
            if news && !own.narrows() {
                break;
            }
        }
        if !news {
            return Err("all of it was taken back before, or is marked as narrowly".to_owned());
        }
        self.places.insert(header.author, places);
        let place = self.retractions.len();
        let by_object = Arc::make_mut(&mut self.retracted);
        for object in objects.iter() {
            by_object.entry((header.author, *object)).or_default().push(place);
        }
        for receiver in &receivers {
            self.unseen.entry((*receiver, header.author)).or_default().push_back(place);
        }
        self.retractions.push(TakenBack {
            act,
            author: header.author,
            place: header.sequence,
            time: header.time,
            said: own.clone(),
            objects,
            lifted: None,
            receivers,
            seen: BTreeMap::new(),
            answers: Vec::new(),
        });
        Ok(Effect::InEffect)
    }

    /// Whether a retraction says something new of an object.
    fn is_news(&self, author: PartyId, known: &Named, own: &Retraction) -> Result<bool, String> {
        let mark = self.mark(author, known.object);
        if !own.narrows() {
            return Ok(mark.is_none_or(|mark| !mark.gone));
        }
        if mark.is_some_and(|mark| mark.gone) {
            return Ok(false);
        }
        let tlp = mark.and_then(|mark| mark.tlp).max(Some(known.tlp));
        let pap = mark.and_then(|mark| mark.pap).max(known.pap);
        let wider = own.tlp.is_some_and(|new| Some(new) < tlp)
            || own.pap.is_some_and(|new| Some(new) < pap);
        if wider {
            let object = known.object.short();
            return Err(format!("object {object} is marked more narrowly already"));
        }
        Ok(own.tlp.is_some() && own.tlp > tlp || own.pap.is_some() && own.pap > pap)
    }

    pub(super) fn answer_retraction(
        &mut self,
        header: &Header,
        act: Digest,
        own: &RetractionAnswer,
    ) -> Result<Effect, String> {
        let mut all = self.retractions.iter_mut();
        let known = all.find(|known| known.act == own.retraction);
        let known = known.ok_or("no retraction with that digest is in effect")?;
        if !known.receivers.contains(&header.author) {
            return Err("the party receives nothing of what was taken back".to_owned());
        }
        // Whatever the dates say: nobody answers what it had not seen.
        if !header.knew(known.author, known.place) {
            return Err("the party had not seen the retraction".to_owned());
        }
        let before = known.answers.iter().filter(|answer| answer.by == header.author);
        if before.count() >= MAX_ANSWERS {
            return Err(format!("the party has answered {MAX_ANSWERS} times"));
        }
        if known.answer_of(header.author).is_some_and(|last| last.said == *own) {
            return Err("the party has answered so already".to_owned());
        }
        let (by, time, said) = (header.author, header.time, own.clone());
        known.answers.push(AnswerState { act, by, time, said });
        Ok(Effect::InEffect)
    }

    /// Takes a retraction of the author's own back: what it was about holds again.
    pub(super) fn lift_retraction(
        &mut self,
        header: &Header,
        act: Digest,
    ) -> Option<Result<Effect, String>> {
        let mut all = self.retractions.iter_mut().enumerate();
        let (place, own) = all.find(|(_, own)| own.act == act && own.author == header.author)?;
        if own.lifted.is_some() {
            return Some(Err("the retraction was taken back already".to_owned()));
        }
        own.lifted = Some(header.time);
        let by_object = Arc::make_mut(&mut self.retracted);
        for object in own.objects.iter() {
            if let Some(places) = by_object.get_mut(&(header.author, *object)) {
                places.retain(|at| *at != place);
            }
        }
        Some(Ok(Effect::InEffect))
    }

    /// Whether an act is a retraction of the party's own.
    pub(super) fn is_retraction(&self, party: PartyId, act: Digest) -> bool {
        self.retractions.iter().any(|own| own.act == act && own.author == party)
    }

    /// Keeps when the author of an act first shows that it had seen retractions.
    pub(super) fn note_retractions_seen(&mut self, header: &Header) {
        for ((observer, author), places) in &mut self.unseen {
            if *observer != header.author {
                continue;
            }
            // An author's retractions stand in the order of its log.
            while let Some(own) = places.front().and_then(|at| self.retractions.get_mut(*at))
                && header.knew(*author, own.place)
            {
                own.seen.insert(header.author, header.time);
                places.pop_front();
            }
        }
    }
}
