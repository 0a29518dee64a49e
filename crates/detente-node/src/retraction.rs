//! Retractions: own releases taken back or narrowed, and what this node does when another party
//! takes back what came from it.
//!
//! A retraction that arrives is obeyed at once: what it names is no live indicator any more, and
//! own indicators that this side has only since it had them from there enter no run, filter or
//! release. The answer says so, and goes without being asked for. Whether to take back from others
//! what was passed on is this party's own word to them: it is entered on command, so that no peer
//! can make this node withdraw what it told somebody else.

use std::collections::{BTreeMap, BTreeSet};

use detente_core::act::{
    Act, ActKind, Body, Done, OwnCopies, Passed, RetractReason, Retraction, RetractionAnswer,
};
use detente_core::party::Role;
use detente_core::{AccordId, Digest, Kind, Pap, PartyId, Tlp, UnixSeconds, Whose};
use detente_intel::Observable;
use detente_state::TakenBack;
use detente_table::{OnwardReport, RetractionReport, retractions};

use crate::error::NodeError;
use crate::named::{MIN_PREFIX, only};
use crate::node::Node;
use crate::object::observed;
use crate::own::Turn;
use crate::report::RetractedReport;
use crate::search::named_observable;
use crate::table::By;

/// What of a release is taken back, and why.
#[derive(Clone, Debug)]
pub struct TakeBack<'a> {
    /// The release: the start of its digest, or `last`.
    pub release: &'a str,
    /// Its objects by address or by what they observe; none means all.
    pub objects: &'a [String],
    /// Why.
    pub reason: RetractReason,
    /// Why, in words.
    pub words: &'a str,
    /// The colour from now on, if the objects stay there.
    pub tlp: Option<Tlp>,
    /// The PAP colour from now on.
    pub pap: Option<Pap>,
}

/// What a person answers to a retraction; what is none stays as it was answered before.
#[derive(Clone, Debug, Default)]
pub struct AnswerWords {
    /// What was done.
    pub done: Option<Done>,
    /// Why.
    pub words: Option<String>,
    /// What becomes of own indicators of the same value.
    pub own: Option<OwnCopies>,
}

/// An object of a retraction that is here.
#[derive(Clone)]
struct Here {
    address: Digest,
    observable: Observable,
    received: UnixSeconds,
}

/// Objects that were looked up, by who released them and address: a peer may name the same ones in
/// one retraction after the other.
type Looked = BTreeMap<(PartyId, Digest), Option<Here>>;

/// An object that this party has released.
struct Sent {
    accord: AccordId,
    release: Digest,
    time: UnixSeconds,
    object: Digest,
}

/// Objects that this party has released, by kind and value.
type SentIndex = BTreeMap<(Kind, String), Vec<Sent>>;

/// What went on: a release and its objects in question.
type Onward = BTreeMap<(AccordId, Digest), BTreeSet<Digest>>;

/// Own observables that enter no run, filter or release.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeldOut(BTreeSet<(Kind, String)>);

impl HeldOut {
    /// Whether an observable is held out.
    pub(crate) fn has(&self, observable: &Observable) -> bool {
        self.names(observable.kind(), observable.value())
    }

    /// The same by kind and value in normal form.
    pub(crate) fn names(&self, kind: Kind, value: &str) -> bool {
        !self.0.is_empty() && self.0.contains(&(kind, value.to_owned()))
    }
}

impl Node {
    /// Takes an own release back, whole or in part, or narrows the marking of what it brought. It
    /// goes whatever stops hold: it carries nothing but addresses.
    ///
    /// # Errors
    /// [`NodeError::Unknown`]: no such release or object; [`NodeError::Denied`]: nothing new is
    /// said, a marking would widen, or no role may.
    pub fn take_back(
        &mut self,
        accord: AccordId,
        what: &TakeBack<'_>,
        role: Option<Role>,
    ) -> Result<Digest, NodeError> {
        let release = self.own_release(accord, what.release)?;
        let mut objects = BTreeSet::new();
        for name in what.objects {
            objects.extend(self.objects_named(accord, release, name)?);
        }
        let retraction = Retraction {
            release,
            objects: objects.into_iter().collect(),
            reason: what.reason,
            words: what.words.to_owned(),
            tlp: what.tlp,
            pap: what.pap,
            because: None,
        };
        self.enter_retraction(accord, retraction, role)
    }

    fn enter_retraction(
        &mut self,
        accord: AccordId,
        own: Retraction,
        role: Option<Role>,
    ) -> Result<Digest, NodeError> {
        own.check().map_err(|words| {
            NodeError::denied("bad_retraction", words, "see `detente retract --help`")
        })?;
        // The analyst's, where it may: a home may have no other key.
        let analyst = self.role_for(accord, ActKind::RetractRelease, Some(Role::Analyst), None);
        let role = role.or(analyst.ok());
        self.perform_in_effect(accord, role, Body::RetractRelease(own))
    }

    /// An own release by the start of its digest, or the last.
    fn own_release(&self, accord: AccordId, name: &str) -> Result<Digest, NodeError> {
        let own = self.party();
        let state = self.state(accord)?;
        let all = state.releases.iter().chain(&state.void_releases);
        let all = all.filter(|known| known.author == own).map(|known| known.act);
        let found = if name == "last" {
            state.releases.iter().rev().find(|known| known.author == own).map(|known| known.act)
        } else {
            only(all, |act| *act, name)
        };
        found.ok_or_else(|| {
            let remedy = "give the start of its digest: see `detente accord history`, or `last`";
            NodeError::unknown("release of this party", name, remedy)
        })
    }

    /// The objects of a release that a person names: by address, or by what they observe.
    fn objects_named(
        &self,
        accord: AccordId,
        release: Digest,
        name: &str,
    ) -> Result<Vec<Digest>, NodeError> {
        let known = self.state(accord)?.any_release(release);
        let named = known.map_or(&[][..], |known| &known.objects);
        if let Some(one) = only(named, |known| known.object, name) {
            return Ok(vec![one.object]);
        }
        let observable = named_observable(name)?;
        let mut found = Vec::new();
        for known in named {
            if self.is_about(known.object, &observable)? {
                found.push(known.object);
            }
        }
        if found.is_empty() {
            let remedy = "see what it brought: `detente release --dry-run`, or the other side's \
                          `detente search`";
            return Err(NodeError::unknown("object in the release", name, remedy));
        }
        Ok(found)
    }

    /// The objects of another party's retraction that came here and are still here.
    fn here(&self, taken: &TakenBack, looked: &mut Looked) -> Result<Vec<Here>, NodeError> {
        let mut all = Vec::new();
        for address in taken.objects.iter().copied() {
            let key = (taken.author, address);
            let known = match looked.get(&key) {
                Some(known) => known.clone(),
                None => {
                    let found = self.look(taken.author, address)?;
                    looked.insert(key, found.clone());
                    found
                }
            };
            all.extend(known);
        }
        Ok(all)
    }

    /// An object that a party released to this one, if it is here.
    fn look(&self, from: PartyId, address: Digest) -> Result<Option<Here>, NodeError> {
        let Some(object) = self.object_at(address)? else { return Ok(None) };
        let observable = observed(&object)?;
        let received = self.store.arrived(from, address)?;
        Ok(received.map(|received| Here { address, observable, received }))
    }

    /// Whether this side has an observable of its own only since it had it from there: then its own
    /// word on it is no second one. What stood here before came from elsewhere, and no peer can
    /// make it go.
    fn came_only_from(&self, here: &Here) -> Result<Option<bool>, NodeError> {
        let first = self.store.first_sighting(&here.observable)?;
        Ok(first.map(|first| first > here.received))
    }

    /// Own observables that are held out, by this party's own answers to retractions.
    pub(crate) fn held_out(&self) -> Result<HeldOut, NodeError> {
        let held = self.turns()?.into_iter().filter(|(_, turn)| matches!(turn, Turn::HeldOut(_)));
        Ok(HeldOut(held.map(|(key, _)| key).collect()))
    }

    /// Own observables that are held out and since when, and those that were until their
    /// retractions were lifted.
    pub(crate) fn turns(&self) -> Result<BTreeMap<(Kind, String), Turn>, NodeError> {
        let own = self.party();
        let (mut turns, mut looked) = (BTreeMap::new(), Looked::new());
        for taken in self.books().flat_map(|book| &book.state.retractions) {
            let answer = taken.answer_of(own);
            let Some(answer) = answer.filter(|answer| answer.said.own == OwnCopies::HeldOut) else {
                continue;
            };
            let turn = taken.lifted.map_or(Turn::HeldOut(answer.time), Turn::Lifted);
            for here in self.here(taken, &mut looked)? {
                // What is sighted after the answer is a word of its own: no peer holds it out.
                let first = self.store.first_sighting(&here.observable)?;
                if first.is_some_and(|first| first > here.received && first <= answer.time) {
                    let key = (here.observable.kind(), here.observable.value().to_owned());
                    let had: &mut Turn = turns.entry(key).or_insert(turn);
                    *had = (*had).max(turn);
                }
            }
        }
        Ok(turns)
    }

    /// Answers that are due in an accord: to retractions that nobody here has answered, and to
    /// those whose way down the chain has been answered since. None if no role may answer.
    pub(crate) fn due_answers(&self, accord: AccordId) -> Result<Vec<RetractionAnswer>, NodeError> {
        let own = self.party();
        let retractions = &self.book(accord)?.state.retractions;
        let mine = |taken: &&TakenBack| taken.lifted.is_none() && taken.receivers.contains(&own);
        if !retractions.iter().any(|taken| mine(&taken))
            || self.role_for(accord, ActKind::AnswerRetraction, Some(Role::Analyst), None).is_err()
        {
            return Ok(Vec::new());
        }
        let (mut due, mut looked) = (Vec::new(), Looked::new());
        for taken in retractions.iter().filter(mine) {
            match taken.answer_of(own) {
                None => due.push(self.first_answer(taken, &mut looked)?),
                Some(last) => {
                    let mut next = last.said.clone();
                    for on in next.passed.iter_mut().filter(|on| on.answered.is_none()) {
                        on.answered = on.retraction.and_then(|act| self.all_answered(act));
                    }
                    if next != last.said {
                        next.passed.sort_unstable();
                        next.passed.dedup();
                        due.push(next);
                    }
                }
            }
        }
        Ok(due)
    }

    /// What this node does about a retraction unasked.
    fn first_answer(
        &self,
        taken: &TakenBack,
        looked: &mut Looked,
    ) -> Result<RetractionAnswer, NodeError> {
        let here = self.here(taken, looked)?;
        let mut own = OwnCopies::None;
        for one in &here {
            match self.came_only_from(one)? {
                Some(true) => own = OwnCopies::HeldOut,
                Some(false) if own == OwnCopies::None => own = OwnCopies::Stand,
                _ => {}
            }
        }
        let (done, own) = match (here.is_empty(), taken.said.narrows()) {
            (true, _) => (Done::Absent, OwnCopies::None),
            (false, true) if own == OwnCopies::None => (Done::Narrowed, own),
            (false, true) => (Done::Narrowed, OwnCopies::Stand),
            (false, false) => (Done::OutOfUse, own),
        };
        let retraction = taken.act;
        Ok(RetractionAnswer { retraction, done, words: String::new(), own, passed: Vec::new() })
    }

    /// When all receivers of an own retraction had answered it; none while one has not.
    fn all_answered(&self, act: Digest) -> Option<UnixSeconds> {
        let mut all = self.books().flat_map(|book| &book.state.retractions);
        let taken = all.find(|taken| taken.act == act)?;
        let first = |party: &PartyId| {
            let mut answers = taken.answers.iter();
            answers.find(|answer| answer.by == *party).map(|answer| answer.time)
        };
        let times: Option<Vec<UnixSeconds>> = taken.receivers.iter().map(first).collect();
        times?.into_iter().max()
    }

    /// Answers the retractions of others that nobody has answered, and says of earlier answers what
    /// has come of them since.
    ///
    /// # Errors
    /// [`NodeError`] if an answer can't be entered.
    pub fn attend_retractions(&mut self, accord: AccordId) -> Result<(), NodeError> {
        for answer in self.due_answers(accord)? {
            self.perform(accord, Some(Role::Analyst), Body::AnswerRetraction(answer))?;
        }
        Ok(())
    }

    /// Answers a retraction as a person decides. What is to be erased is erased first: the record
    /// must not say it before it is so.
    ///
    /// # Errors
    /// [`NodeError::Unknown`]; [`NodeError::Denied`]: nothing new is said, or own indicators would
    /// lose what holds them out.
    pub fn answer_retraction(
        &mut self,
        accord: AccordId,
        act: &str,
        words: AnswerWords,
        role: Option<Role>,
    ) -> Result<Digest, NodeError> {
        let own = self.party();
        let taken = self.retraction_named(accord, act)?;
        let mut looked = Looked::new();
        let mut answer = match taken.answer_of(own) {
            Some(last) => last.said.clone(),
            None => self.first_answer(taken, &mut looked)?,
        };
        answer.done = words.done.unwrap_or(answer.done);
        answer.words = words.words.unwrap_or(answer.words);
        answer.own = words.own.unwrap_or(answer.own);
        let (from, here) = (taken.author, self.here(taken, &mut looked)?);
        if answer.done == Done::Erased && answer.own == OwnCopies::HeldOut {
            return Err(NodeError::denied(
                "holds_out",
                "own indicators are held out because of what would be erased",
                "let them stand (--own stand), or leave it out of use",
            ));
        }
        answer.check().map_err(|words| {
            let remedy = "see `detente retractions answer --help`";
            NodeError::denied("bad_answer", words, remedy)
        })?;
        let role = role.unwrap_or(Role::Analyst);
        let role = self.role_for(accord, ActKind::AnswerRetraction, Some(role), None)?;
        let erased = answer.done == Done::Erased;
        let body = Body::AnswerRetraction(answer);
        self.foresee(accord, &By::role(role), &body)?;
        if erased {
            let released = self.released_here();
            let erase: Vec<(Digest, bool)> =
                here.iter().map(|one| (one.address, released.contains(&one.address))).collect();
            self.store.erase_received(from, &erase)?;
        }
        self.perform(accord, Some(role), body)
    }

    /// A retraction of another party that this one must answer, by the start of its digest.
    fn retraction_named(&self, accord: AccordId, name: &str) -> Result<&TakenBack, NodeError> {
        let own = self.party();
        let all = &self.state(accord)?.retractions;
        let mine = all.iter().filter(|taken| taken.receivers.contains(&own));
        let remedy = "see `detente retractions`";
        only(mine, |taken| taken.act, name)
            .ok_or_else(|| NodeError::unknown("retraction to answer", name, remedy))
    }

    /// Everything that this party has ever released.
    fn released_here(&self) -> BTreeSet<Digest> {
        let own = self.party();
        let states = self.books().map(|book| &book.state);
        let all = states.flat_map(|state| state.releases.iter().chain(&state.void_releases));
        let all = all.filter(|known| known.author == own);
        all.flat_map(|known| known.objects.iter().map(|named| named.object)).collect()
    }

    /// What this party has released with effect since the first of these came, by what it observes.
    fn sent_index<'a>(&self, here: impl Iterator<Item = &'a Here>) -> Result<SentIndex, NodeError> {
        let own = self.party();
        let mut index = SentIndex::new();
        let Some(since) = here.map(|one| one.received).min() else { return Ok(index) };
        for book in self.books() {
            let releases = book.state.releases.iter();
            for known in releases.filter(|known| known.author == own && since <= known.time) {
                for named in known.objects.iter() {
                    let Some(object) = self.object_at(named.object)? else { continue };
                    let (accord, release) = (book.row.id, known.act);
                    let sent = Sent { accord, release, time: known.time, object: named.object };
                    index.entry((object.kind, object.value)).or_default().push(sent);
                }
            }
        }
        Ok(index)
    }

    /// Own releases that brought others the same indicators since they came from there, with the
    /// objects in question.
    fn onward(&self, taken: &TakenBack, here: &[Here], sent: &SentIndex) -> Onward {
        let mut all = Onward::new();
        for one in here {
            let key = (one.observable.kind(), one.observable.value().to_owned());
            let later = sent.get(&key).map_or(&[][..], Vec::as_slice).iter();
            for sent in later.filter(|sent| one.received <= sent.time) {
                all.entry((sent.accord, sent.release)).or_default().insert(sent.object);
            }
        }
        all.retain(|(accord, release), _| {
            let book = self.book(*accord).ok();
            let known = book.and_then(|book| Some((book, book.state.any_release(*release)?)));
            known.is_some_and(|(book, known)| {
                book.state.receivers(known).iter().any(|party| *party != taken.author)
            })
        });
        all
    }

    /// Takes back from others what was passed on to them, and tells whoever took it back first.
    /// With `unnamed` it is not told who they are.
    ///
    /// # Errors
    /// [`NodeError::Unknown`]; [`NodeError::Denied`] if there is nothing to pass on.
    pub fn forward_retraction(
        &mut self,
        accord: AccordId,
        act: &str,
        (words, unnamed): (&str, bool),
    ) -> Result<Vec<(AccordId, Digest)>, NodeError> {
        let taken = self.retraction_named(accord, act)?.clone();
        let mut entered: Vec<(AccordId, Digest)> = Vec::new();
        let mut passed: BTreeSet<Passed> = BTreeSet::new();
        let here = self.here(&taken, &mut Looked::new())?;
        for ((other, release), objects) in
            self.onward(&taken, &here, &self.sent_index(here.iter())?)
        {
            let objects = objects.into_iter().collect();
            let reason = match taken.said.narrows() {
                true => RetractReason::MarkingChanged,
                false => RetractReason::SourceWithdrew,
            };
            let on = Retraction {
                release,
                objects,
                reason,
                words: words.to_owned(),
                tlp: taken.said.tlp,
                pap: taken.said.pap,
                because: Some(taken.act),
            };
            let act = match self.enter_retraction(other, on, None) {
                Ok(act) => act,
                // All of it was taken back before, or is marked as narrowly.
                Err(NodeError::Denied { code: "without_effect", .. }) => continue,
                Err(error) => return Err(error),
            };
            entered.push((other, act));
            let state = self.state(other)?;
            let known = state.any_release(release);
            let receivers = known.map_or_else(Vec::new, |known| state.receivers(known));
            for to in receivers {
                let to = if unnamed { Whose::Third } else { Whose::Party(to) };
                passed.insert(Passed { to, retraction: Some(act), answered: None });
            }
        }
        if entered.is_empty() {
            return Err(NodeError::denied(
                "nothing_to_forward",
                "no release of this party brought others what was taken back",
                "see `detente retractions`",
            ));
        }
        self.tell_passed(accord, &taken, passed)?;
        Ok(entered)
    }

    fn tell_passed(
        &mut self,
        accord: AccordId,
        taken: &TakenBack,
        passed: BTreeSet<Passed>,
    ) -> Result<(), NodeError> {
        let mut answer = match taken.answer_of(self.party()) {
            Some(last) => last.said.clone(),
            None => self.first_answer(taken, &mut Looked::new())?,
        };
        let mut all: BTreeSet<Passed> = answer.passed.into_iter().collect();
        all.extend(passed);
        // More than an answer holds: the rest shows here, and at those to whom it went.
        answer.passed = all.into_iter().take(detente_core::act::MAX_PASSED).collect();
        self.perform(accord, Some(Role::Analyst), Body::AnswerRetraction(answer))?;
        Ok(())
    }

    /// The retractions of an accord, with what of each this party has passed on.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn retractions(&self, accord: AccordId) -> Result<Vec<RetractionReport>, NodeError> {
        let names = |party: PartyId| self.name_of(party);
        let book = self.book(accord)?;
        let own = self.party();
        let mut reports = retractions(&book.state, (&book.row.slug, own), &names);
        let foreign = |taken: &TakenBack| taken.author != own && taken.lifted.is_none();
        let mut looked = Looked::new();
        for taken in book.state.retractions.iter().filter(|taken| foreign(taken)) {
            self.here(taken, &mut looked)?;
        }
        let sent = self.sent_index(looked.values().flatten())?;
        for (report, taken) in reports.iter_mut().zip(&book.state.retractions) {
            if !foreign(taken) {
                continue;
            }
            let here = self.here(taken, &mut looked)?;
            for ((other, release), objects) in self.onward(taken, &here, &sent) {
                let onward = self.report_onward(taken, (other, release, &objects))?;
                report.open |= taken.receivers.contains(&own) && onward.answered.is_none();
                report.onward.push(onward);
            }
        }
        Ok(reports)
    }

    fn report_onward(
        &self,
        taken: &TakenBack,
        (other, release, objects): (AccordId, Digest, &BTreeSet<Digest>),
    ) -> Result<OnwardReport, NodeError> {
        let book = self.book(other)?;
        let known = book.state.any_release(release);
        let to = known.map_or_else(Vec::new, |known| book.state.receivers(known));
        let mut sent = book.state.retractions.iter();
        // One that was taken back for another reason counts as well: it went there.
        let forwarded = sent.find(|own| {
            own.said.release == release
                && own.lifted.is_none()
                // That something is marked more narrowly does not say that it is not so.
                && (!own.said.narrows() || taken.said.narrows())
                && (own.said.because == Some(taken.act)
                    || objects.iter().all(|object| own.objects.binary_search(object).is_ok()))
        });
        let forwarded = forwarded.map(|own| own.act);
        Ok(OnwardReport {
            accord: book.row.slug.clone(),
            to: to.into_iter().map(|party| self.name_of(party)).collect(),
            release: release.to_string(),
            objects: objects.len() as u64,
            forwarded: forwarded.map(|act| act.to_string()),
            answered: forwarded.and_then(|act| self.all_answered(act)).map(|time| time.to_string()),
        })
    }

    /// Retractions that somebody must still answer or pass on, in words, for the status.
    pub(crate) fn open_retractions(&self, accord: AccordId) -> Result<Vec<String>, NodeError> {
        let open = self.retractions(accord)?.into_iter().filter(|report| report.open);
        let words = |report: RetractionReport| {
            let silent = report.receivers.iter().filter(|receiver| receiver.answered.is_none());
            let mut waits: Vec<String> =
                silent.map(|receiver| format!("no answer from {}", receiver.party)).collect();
            let chain = report.receivers.iter().filter_map(|receiver| receiver.answer.as_ref());
            let further = chain.flat_map(|answer| &answer.passed);
            let further = further.filter(|on| on.answered.is_none()).count();
            if further > 0 {
                waits.push(format!("passed on to {further} who have not answered"));
            }
            let kept = report.onward.iter().filter(|onward| onward.forwarded.is_none());
            waits.extend(kept.map(|on| format!("not passed on to {}", on.to.join(", "))));
            let act = report.act.get(..MIN_PREFIX).unwrap_or_default();
            let waits = waits.join("; ");
            format!("retraction {act} by {} at {}: {waits}", report.author, report.time)
        };
        Ok(open.map(words).collect())
    }

    /// What its releaser has later said of a received object.
    pub(crate) fn report_mark(
        &self,
        accord: AccordId,
        (from, address): (PartyId, Digest),
    ) -> Result<Option<RetractedReport>, NodeError> {
        let state = self.state(accord)?;
        let Some(mark) = state.mark(from, address) else { return Ok(None) };
        let said = state.retractions.iter().find(|taken| taken.act == mark.act);
        Ok(Some(RetractedReport {
            act: mark.act.to_string(),
            time: mark.time.to_string(),
            reason: mark.reason.name().to_owned(),
            words: said.map_or_else(String::new, |taken| taken.said.words.clone()),
            gone: mark.gone,
            tlp: mark.tlp.map(|tlp| tlp.to_string()),
            pap: mark.pap.map(|pap| pap.to_string()),
        }))
    }

    /// Whether a release of a peer was taken back, whole or in part: it is not taken in any more.
    pub(crate) fn is_retracted(&self, accord: AccordId, act: &Act) -> Result<bool, NodeError> {
        let Body::Release(body) = act.body() else { return Ok(false) };
        let (state, from) = (self.state(accord)?, act.header().author);
        let gone = |object| state.mark(from, object).is_some_and(|mark| mark.gone);
        Ok(body.manifest.iter().any(|entry| gone(entry.object)))
    }
}
