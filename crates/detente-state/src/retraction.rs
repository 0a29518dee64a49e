//! Releases that were taken back or narrowed, and what their receivers say that they did.
//!
//! A retraction needs no accord in force, and neither stop nor suspension holds it up: it carries
//! no object. It is its author's word on its own release, so the order of its own log decides what
//! the author may still release, whatever the dates say. An answer is the receiver's word: the
//! record shows that it was given, and no more.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use detente_core::act::{Header, ManifestEntry, RetractReason, Retraction, RetractionAnswer};
use detente_core::{Digest, Pap, PartyId, Tlp, UnixSeconds};

use super::release::ReleaseState;
use super::{Effect, State};

/// Most retractions of one release, also those that were taken back: what a peer's log can make the
/// fold look through.
pub const MAX_RETRACTIONS: usize = 128;
/// Most answers of one party to one retraction.
pub const MAX_ANSWERS: usize = 64;

/// An object of a release, as far as a retraction asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its address.
    pub object: Digest,
    /// The colour under which it left.
    pub tlp: Tlp,
    /// The PAP colour under which it left, if it had one.
    pub pap: Option<Pap>,
}

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

/// The objects of a manifest, ascending by address.
pub(super) fn named(manifest: &[ManifestEntry]) -> Arc<[Named]> {
    let of = |entry: &ManifestEntry| Named {
        object: entry.object,
        tlp: entry.facts.tlp,
        pap: entry.facts.handling.pap,
    };
    let mut all: Vec<Named> = manifest.iter().map(of).collect();
    all.sort_unstable_by_key(|named| named.object);
    all.into()
}

impl State {
    /// What `author` has later said of an object that it released; none if nothing, or if it took
    /// that back.
    pub fn mark(&self, author: PartyId, object: Digest) -> Option<Mark> {
        let places = self.retracted.get(&(author, object))?.iter();
        let standing =
            places.filter_map(|at| self.retractions.get(*at)).filter(|own| own.lifted.is_none());
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
        let named = Arc::clone(&release.named);
        let receivers = self.receivers(release);
        let find = |object: &Digest| {
            let at = named.binary_search_by_key(object, |known| known.object);
            at.ok().and_then(|at| named.get(at))
        };
        if let Some(stranger) = own.objects.iter().find(|object| find(object).is_none()) {
            return Err(format!("object {} is not in the release", stranger.short()));
        }
        let objects: Arc<[Digest]> = if own.objects.is_empty() {
            let mut all: Vec<Digest> = named.iter().map(|known| known.object).collect();
            all.dedup();
            all.into()
        } else {
            own.objects.as_slice().into()
        };
        let mut news = false;
        for known in objects.iter().filter_map(find) {
            news |= self.is_news(header.author, known, own)?;
        }
        if !news {
            return Err("all of it was taken back before, or is marked as narrowly".to_owned());
        }
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
    pub(super) fn lift_retraction(&mut self, header: &Header, act: Digest) -> Option<Effect> {
        let mut own = self.retractions.iter_mut();
        let own = own.find(|own| own.act == act && own.author == header.author)?;
        own.lifted.get_or_insert(header.time);
        Some(Effect::InEffect)
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
