//! Decides a list of objects in order and makes the release of those that may leave.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use detente_accord::{Accord, Rule};
use detente_core::act::{
    Body, MAX_BODY, MAX_MANIFEST, ManifestEntry, ObjectFacts, ReleaseBody, Way,
};
use detente_core::object::Object;
use detente_core::{Digest, Kind, PartyId, RunId, Span, Transform, UnixSeconds};
use detente_state::{NotInForce, Released, State};

use crate::decide::{Question, decide};
use crate::rules::Rules;
use crate::verdict::{Denial, Verdict};

/// One object and the gate's answer.
#[derive(Clone, Debug)]
pub struct Decided {
    /// SHA-256 of the object's bytes.
    pub address: Digest,
    /// The object; one that may leave, as it leaves: what its clause takes out is not in it.
    pub object: Object,
    /// Its canonical bytes.
    pub bytes: Vec<u8>,
    /// The answer.
    pub verdict: Verdict,
}

impl Decided {
    /// What the gate saw.
    pub fn facts(&self) -> ObjectFacts {
        self.object.facts(&self.bytes)
    }
}

/// Who asks to release to whom, when, and on which run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) from: PartyId,
    pub(crate) to: PartyId,
    pub(crate) run: Option<RunId>,
    pub(crate) now: UnixSeconds,
}

/// Decides on objects in the order given; what one uses of a cap is gone for the next.
///
/// With `run`, the caller vouches that each object's indicator is in that run's answer; the run
/// counts only if both sides closed it alike, or while it is under way and brings contexts.
pub fn decide_all(
    state: &State,
    (from, to): (PartyId, PartyId),
    run: Option<RunId>,
    objects: Vec<Object>,
    now: UnixSeconds,
) -> Vec<Decided> {
    let asked = Asked { from, to, run, now };
    let mut tally = Tally::new(state, asked);
    let mut seen: BTreeSet<Digest> = BTreeSet::new();
    let mut decided = Vec::with_capacity(objects.len());
    for object in objects {
        let one = tally.weigh(object);
        // The same bytes twice are one object.
        if seen.insert(one.address) {
            tally.count(&one);
            decided.push(one);
        }
    }
    decided
}

/// Decides object after object, counting what has left.
pub(crate) struct Tally<'a> {
    state: &'a State,
    asked: Asked,
    /// The text in force, made ready, and the two parties' handles in it.
    rules: Result<Rules, NotInForce>,
    handles: (String, String),
    /// Who has stopped everything; none while a clause runs that no stop holds up.
    stopped_by: Option<String>,
    /// Clauses that do not run between the two now, and why.
    held: BTreeMap<String, Arc<str>>,
    /// The kinds of indicator that the run told both sides of.
    told: &'a [Kind],
    /// What had left before, by clause and window; and what this release adds, by clause.
    before: RefCell<BTreeMap<(String, Span), Released>>,
    own: BTreeMap<String, Released>,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(state: &'a State, asked: Asked) -> Tally<'a> {
        let accord = state.governing((asked.from, Some(asked.to)), None, asked.now);
        let handle = |party: PartyId| {
            let named = accord.as_ref().ok().and_then(|accord| accord.party(party));
            named.map_or(String::new(), |party| party.handle.clone())
        };
        Tally {
            state,
            asked,
            handles: (handle(asked.from), handle(asked.to)),
            stopped_by: stopped_by(state, accord.as_ref().ok().copied(), asked.now),
            held: held(state, accord.as_ref().ok().copied(), asked),
            rules: accord.map(Rules::new),
            told: told(state, asked),
            before: RefCell::default(),
            own: BTreeMap::new(),
        }
    }

    /// As if a run under this clause of the text in force had told of every indicator.
    pub(crate) fn for_clause(state: &'a State, asked: Asked, clause: &str) -> Tally<'a> {
        let text = state.governing((asked.from, Some(asked.to)), None, asked.now).ok();
        let told = text.map_or(&[][..], |text| kinds(text, clause));
        Tally { told, ..Tally::new(state, asked) }
    }

    /// Decides on an object, and makes of one that may leave what its clause lets leave. Counts
    /// nothing.
    pub(crate) fn weigh(&self, object: Object) -> Decided {
        let bytes = object.encode();
        // What can't be read back would be refused over there, and its facts would spoil the
        // manifest that is signed.
        let verdict = match Object::decode(&bytes) {
            Err(error) => Verdict::Deny(Denial::Malformed(error)),
            Ok(_) => {
                let size = |transforms: &[Transform]| match transforms {
                    [] => length(&bytes),
                    some => length(&Transform::all(some, &object).encode()),
                };
                self.ask(&object.facts(&bytes), &size, None)
            }
        };
        match &verdict {
            Verdict::Allow(allowance) if !allowance.transforms.is_empty() => {
                let object = Transform::all(&allowance.transforms, &object);
                let bytes = object.encode();
                Decided { address: Object::address(&bytes), object, bytes, verdict }
            }
            _ => Decided { address: Object::address(&bytes), object, bytes, verdict },
        }
    }

    /// Counts what may leave as left.
    pub(crate) fn count(&mut self, one: &Decided) {
        if let Verdict::Allow(allowance) = &one.verdict {
            self.add(&allowance.clause, length(&one.bytes));
        }
    }

    fn add(&mut self, clause: &str, bytes: u32) {
        let sum = self.own.entry(clause.to_owned()).or_default();
        *sum = sum.plus(Released { count: 1, bytes: bytes.into() });
    }

    /// Asks about an object on record under its clause alone, and counts it: what the clause takes
    /// out is out already, so that a clause before it could look as if it had had room.
    ///
    /// # Errors
    /// What the gate says instead; a permission if another clause would let it go.
    fn replay(&mut self, entry: &ManifestEntry) -> Result<(), Verdict> {
        let ask = |under| self.ask(&entry.facts, &|_| entry.facts.bytes, under);
        match ask(Some(&entry.clause)) {
            Verdict::Allow(allowance) if *allowance.transforms != *entry.transforms => {
                Err(Verdict::Deny(Denial::OtherTransforms { clause: allowance.clause }))
            }
            Verdict::Allow(_) => {
                self.add(&entry.clause, entry.facts.bytes);
                Ok(())
            }
            denied @ Verdict::Deny(_) => Err(match ask(None) {
                other @ Verdict::Allow(_) => other,
                Verdict::Deny(_) => denied,
            }),
        }
    }

    fn ask(
        &self,
        facts: &ObjectFacts,
        size: &dyn Fn(&[Transform]) -> u32,
        under: Option<&str>,
    ) -> Verdict {
        let Asked { from, to, now, .. } = self.asked;
        let used = |clause: &str, per| {
            let mut before = self.before.borrow_mut();
            // The state does not change under a tally: its releases are summed up once.
            let before = before
                .entry((clause.to_owned(), per))
                .or_insert_with(|| self.state.released(from, clause, per, now));
            before.plus(self.own.get(clause).copied().unwrap_or_default())
        };
        let came = |per| self.state.came(to, from, per, now);
        decide(&Question {
            rules: self.rules.as_ref().map_err(Clone::clone),
            stopped_by: self.stopped_by.clone(),
            held: &|clause| self.held.get(clause).cloned(),
            from: &self.handles.0,
            to: &self.handles.1,
            facts,
            matched: self.told.contains(&facts.kind),
            consent: false,
            now,
            used: &used,
            came: &came,
            size,
            under,
        })
    }
}

/// The permissions of a text.
fn permits(accord: Option<&Accord>) -> impl Iterator<Item = &str> {
    let clauses = accord.map_or(&[][..], |accord| accord.clauses.as_slice()).iter();
    clauses
        .filter(|clause| matches!(clause.rule, Some(Rule::Permit(_))))
        .map(|clause| clause.id.as_str())
}

/// The permissions that do not run between the two now, and why.
fn held(state: &State, accord: Option<&Accord>, asked: Asked) -> BTreeMap<String, Arc<str>> {
    let way = Way { from: asked.from, to: asked.to };
    let Some(text) = accord.map(|accord| accord.digest) else { return BTreeMap::new() };
    let cell = |id| state.standing_to_leave(text, (id, way), asked.now);
    let cells = permits(accord).map(|id| (id, cell(id)));
    cells
        .filter(|(_, cell)| !cell.standing.runs())
        .map(|(id, cell)| (id.to_owned(), cell.to_string().into()))
        .collect()
}

/// Who has stopped everything. Where the text has permissions that no stop holds up, the others
/// are held one by one.
fn stopped_by(state: &State, accord: Option<&Accord>, now: UnixSeconds) -> Option<String> {
    let (party, _) = state.stopped_at(now)?;
    let never = accord.map_or(&[][..], |accord| accord.terms.suspension.never.as_slice());
    let insulated = permits(accord).any(|id| never.iter().any(|own| own == id));
    (!insulated).then(|| state.name_of(party))
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// The address under which an object would leave now, as far as a permission takes anything out.
pub fn address_there(
    state: &State,
    (from, to): (PartyId, PartyId),
    run: Option<RunId>,
    now: UnixSeconds,
) -> impl Fn(&Object) -> Digest {
    let tally = Tally::new(state, Asked { from, to, run, now });
    move |object| tally.weigh(object.clone()).address
}

/// The kinds of indicator of which the run told the releasing side which ones both hold, or tells
/// while it is under way, if it is a run between the two.
fn told(state: &State, Asked { from, to, run, now }: Asked) -> &[Kind] {
    let run = run.and_then(|run| state.runs.get(&run));
    let Some(run) = run.filter(|run| run.backs_release(from, now) && run.has(to)) else {
        return &[];
    };
    // By the text under which it was offered; another may be in force by now.
    let text = state.texts.get(&run.offer.text);
    text.map_or(&[], |text| kinds(&text.accord, &run.offer.clause))
}

/// The kinds of a matching clause.
fn kinds<'a>(accord: &'a Accord, clause: &str) -> &'a [Kind] {
    match accord.clause(clause).and_then(|clause| clause.rule.as_ref()) {
        Some(Rule::Match(rule)) => &rule.kinds,
        _ => &[],
    }
}

/// Objects that may leave, with the manifest for the record. Only the gate makes one.
#[derive(Clone, Debug)]
pub struct Release {
    to: PartyId,
    body: ReleaseBody,
    objects: Vec<(Digest, Vec<u8>)>,
}

/// Why no release can be made of a list of verdicts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseFault {
    /// Nothing may leave.
    #[error("nothing may leave")]
    Nothing,
    /// An object is not the one that the recorded manifest names at its place.
    #[error("object {place} is not the one on record")]
    OtherObject {
        /// Place in the manifest.
        place: usize,
    },
    /// A stop holds, or the accord is no longer in force: what is on record waits.
    #[error("{0}")]
    Stopped(String),
    /// No release with this manifest has effect in the record.
    #[error("no release with this manifest is on record")]
    NotOnRecord,
    /// The manifest is longer than an act may be.
    #[error("the manifest has {got} bytes, an act holds at most {MAX_BODY}: release less at once")]
    TooLong {
        /// Bytes of the manifest.
        got: usize,
    },
    /// More objects than one release holds.
    #[error("{got} objects may leave, one release holds at most {MAX_MANIFEST}")]
    TooMany {
        /// Objects that may leave.
        got: usize,
    },
}

impl ReleaseFault {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            ReleaseFault::Nothing => "release_nothing",
            ReleaseFault::NotOnRecord => "release_not_on_record",
            ReleaseFault::OtherObject { .. } => "release_other_object",
            ReleaseFault::Stopped(_) => "release_stopped",
            ReleaseFault::TooLong { .. } => "release_too_long",
            ReleaseFault::TooMany { .. } => "release_too_many",
        }
    }
}

impl Release {
    /// Decides on objects and takes those that may leave.
    ///
    /// # Errors
    /// [`ReleaseFault`].
    pub fn decide(
        state: &State,
        (from, to): (PartyId, PartyId),
        run: Option<RunId>,
        objects: Vec<Object>,
        now: UnixSeconds,
    ) -> Result<Release, ReleaseFault> {
        let accord = state.governing((from, Some(to)), None, now);
        let accord = accord.map_err(|_| ReleaseFault::Nothing)?;
        let mut manifest = Vec::new();
        let mut leaving = Vec::new();
        for decided in decide_all(state, (from, to), run, objects, now) {
            let facts = decided.facts();
            if let Verdict::Allow(allowance) = decided.verdict {
                manifest.push(allowance.entry(decided.address, facts));
                leaving.push((decided.address, decided.bytes));
            }
        }
        if manifest.is_empty() {
            return Err(ReleaseFault::Nothing);
        }
        if manifest.len() > MAX_MANIFEST {
            return Err(ReleaseFault::TooMany { got: manifest.len() });
        }
        let body = ReleaseBody { text: accord.digest, run, manifest };
        // Signed, it would stand in a log that nobody could read on.
        let got = Body::Release(body.clone()).encode().len();
        if got > MAX_BODY {
            return Err(ReleaseFault::TooLong { got });
        }
        Ok(Release { to, body, objects: leaving })
    }

    /// A release that stands in the record already, to be sent again after a cut: nothing is
    /// decided anew but whether a stop holds now.
    ///
    /// # Errors
    /// [`ReleaseFault::NotOnRecord`] if the record has no such release,
    /// [`ReleaseFault::OtherObject`] if an object is not the recorded one,
    /// [`ReleaseFault::Stopped`] if nothing may leave now.
    pub fn recorded(
        state: &State,
        to: PartyId,
        body: &ReleaseBody,
        objects: Vec<Vec<u8>>,
        now: UnixSeconds,
    ) -> Result<Release, ReleaseFault> {
        // Else this would be a way around the gate.
        let manifest = body.manifest_digest();
        let receiver = state.parties.contains_key(&to);
        let known = state.releases.iter().find(|known| known.manifest == manifest);
        let Some(from) = known.filter(|_| receiver).map(|known| known.author) else {
            return Err(ReleaseFault::NotOnRecord);
        };
        match state.governing((from, Some(to)), None, now) {
            Err(error) => return Err(ReleaseFault::Stopped(error.to_string())),
            Ok(accord) if accord.digest != body.text => {
                let words = "another text has come into force since".to_owned();
                return Err(ReleaseFault::Stopped(words));
            }
            Ok(_) => {}
        }
        if let Some((by, stop)) = state.stopped_at(now) {
            let words = format!("stopped by {} until {}", state.name_of(by), stop.lapses);
            return Err(ReleaseFault::Stopped(words));
        }
        for entry in &body.manifest {
            let way = Way { from, to };
            let cell = state.standing_to_leave(body.text, (&entry.clause, way), now);
            if !cell.standing.runs() {
                let words = format!("clause {} does not run: {cell}", entry.clause);
                return Err(ReleaseFault::Stopped(words));
            }
        }
        let mut leaving = Vec::with_capacity(body.manifest.len());
        for (place, entry) in body.manifest.iter().enumerate() {
            match objects.get(place) {
                Some(bytes) if Object::address(bytes) == entry.object => {
                    leaving.push((entry.object, bytes.clone()));
                }
                _ => return Err(ReleaseFault::OtherObject { place }),
            }
        }
        Ok(Release { to, body: body.clone(), objects: leaving })
    }

    /// From objects that were decided on one by one, and the manifest that names them.
    pub(crate) const fn of(
        to: PartyId,
        body: ReleaseBody,
        objects: Vec<(Digest, Vec<u8>)>,
    ) -> Release {
        Release { to, body, objects }
    }

    /// Who receives it.
    pub const fn to(&self) -> PartyId {
        self.to
    }

    /// What goes into the record.
    pub const fn body(&self) -> &ReleaseBody {
        &self.body
    }

    /// The objects, by address.
    pub fn objects(&self) -> &[(Digest, Vec<u8>)] {
        &self.objects
    }

    /// Asks the gate again about a release in the record: the state just before it, its author, the
    /// receiver and time must let each object go under the clause that the release names, with what
    /// that clause takes out taken out. A release under another text
    /// than the one in force fails at its first place.
    ///
    /// Judge an author by what it knew ([`detente_state::Logs::fold_known_to`]).
    ///
    /// # Errors
    /// The place in the manifest and what the gate says of it.
    pub fn replay(
        state: &State,
        (from, to): (PartyId, PartyId),
        body: &ReleaseBody,
        now: UnixSeconds,
    ) -> Result<(), (usize, Verdict)> {
        let run = body.run;
        let mut tally = Tally::new(state, Asked { from, to, run, now });
        match state.governing((from, Some(to)), None, now) {
            Ok(accord) if accord.digest != body.text => {
                return Err((0, Verdict::Deny(Denial::NotInForce(NotInForce::NotSigned))));
            }
            Ok(_) => {}
            Err(error) => return Err((0, Verdict::Deny(Denial::NotInForce(error)))),
        }
        for (index, entry) in body.manifest.iter().enumerate() {
            tally.replay(entry).map_err(|verdict| (index, verdict))?;
        }
        Ok(())
    }
}
