//! Decides a list of objects in order and makes the release of those that may leave.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use detente_accord::{Accord, Rule};
use detente_core::act::{
    Body, MAX_BODY, MAX_MANIFEST, ManifestEntry, ObjectFacts, ReleaseBody, Way,
};
use detente_core::object::Object;
use detente_core::{Digest, Handling, Kind, PartyId, RunId, Span, Transform, UnixSeconds, Whose};
use detente_state::{ConsentGap, NotInForce, Passing, Released, State};

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

/// On what a release rests besides the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ground {
    /// The run that found the indicators at both sides, if it rests on one.
    pub run: Option<RunId>,
    /// The originator's consent, by the digest of its leaf, if it rests on one.
    pub consent: Option<Digest>,
    /// Whether the release states its receiver: what rests on no run must.
    pub named: bool,
}

impl From<Option<RunId>> for Ground {
    fn from(run: Option<RunId>) -> Ground {
        Ground { run, consent: None, named: run.is_none() }
    }
}

impl Ground {
    /// What rests on nothing but the text.
    pub const NONE: Ground = Ground { run: None, consent: None, named: true };

    /// What rests on an originator's consent.
    pub const fn consent(consent: Digest) -> Ground {
        Ground { run: None, consent: Some(consent), named: true }
    }

    fn of(body: &ReleaseBody) -> Ground {
        Ground { run: body.run, consent: body.consent, named: body.to.is_some() }
    }
}

/// Who asks to release to whom, when, and on what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) from: PartyId,
    pub(crate) to: PartyId,
    pub(crate) ground: Ground,
    pub(crate) now: UnixSeconds,
}

/// Decides on objects in the order given; what one uses of a cap is gone for the next.
///
/// With a run, the caller vouches that each object's indicator is in that run's answer; the run
/// counts only if both sides closed it alike, or while it is under way and brings contexts.
pub fn decide_all(
    state: &State,
    (from, to): (PartyId, PartyId),
    ground: impl Into<Ground>,
    objects: Vec<Object>,
    now: UnixSeconds,
) -> Vec<Decided> {
    let asked = Asked { from, to, ground: ground.into(), now };
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

/// Bytes of an object as it would leave under these transforms.
type SizeOf<'a> = &'a dyn Fn(&[Transform]) -> u32;

/// Decides object after object, counting what has left: for more objects than are to be held at
/// once.
pub struct Tally<'a> {
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
    /// Nothing counted yet but what is on record; from one party to another.
    pub fn begin(
        state: &'a State,
        (from, to): (PartyId, PartyId),
        ground: impl Into<Ground>,
        now: UnixSeconds,
    ) -> Tally<'a> {
        Tally::new(state, Asked { from, to, ground: ground.into(), now })
    }

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
    pub fn weigh(&self, object: Object) -> Decided {
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
                self.ask(&object.facts(&bytes), (&size, None), None)
            }
        };
        let mut one = Decided { address: Object::address(&bytes), object, bytes, verdict };
        let Verdict::Allow(allowance) = &one.verdict else { return one };
        if !allowance.transforms.is_empty() {
            one.object = Transform::all(&allowance.transforms, &one.object);
            one.bytes = one.object.encode();
            one.address = Object::address(&one.bytes);
        }
        // What the clause takes out is known only now, and with it what the consent must name.
        if let Err(gap) = self.consent(&one.object.handling, Some(one.address)) {
            one.verdict = Verdict::Deny(Denial::Consent(gap));
        } else if let Err(denial) = self.taken_back(one.address) {
            one.verdict = Verdict::Deny(denial);
        }
        one
    }

    /// Whether the releaser has later said of these very bytes that they are not so, or not to be
    /// used under their marking. Who releases them again takes the retraction back first.
    fn taken_back(&self, address: Digest) -> Result<(), Denial> {
        match self.state.mark(self.asked.from, address) {
            None => Ok(()),
            Some(mark) => Err(Denial::TakenBack { act: mark.act.short(), at: mark.time }),
        }
    }

    /// The clause under which the originator's consent lets an object go; none if it needs no
    /// consent, being under nobody's control or under that of who releases it.
    fn consent(
        &self,
        handling: &Handling,
        address: Option<Digest>,
    ) -> Result<Option<String>, ConsentGap> {
        let Asked { from, to, ground, now } = self.asked;
        let originator = match handling.originator {
            None => return Ok(None),
            Some(Whose::Party(own)) if own == from => return Ok(None),
            // Nobody can consent for somebody who is not known.
            Some(Whose::Third) => return Err(ConsentGap::Missing),
            Some(Whose::Party(party)) => party,
        };
        let act = ground.consent.ok_or(ConsentGap::Missing)?;
        let (_, consent) = self.state.consent_stands(act, now)?;
        let clause = consent.scope.clause.clone();
        let passing = Passing {
            holder: from,
            receiver: to,
            clause: &clause,
            originator,
            purpose: handling.purpose,
            address,
            now,
        };
        self.state.consented(Some(act), &passing)?;
        Ok(Some(clause))
    }

    /// Counts what may leave as left.
    pub fn count(&mut self, one: &Decided) {
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
        self.taken_back(entry.object).map_err(Verdict::Deny)?;
        let (size, address) = (|_: &[Transform]| entry.facts.bytes, Some(entry.object));
        let ask = |under| self.ask(&entry.facts, (&size, address), under);
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
        (size, address): (SizeOf<'_>, Option<Digest>),
        under: Option<&str>,
    ) -> Verdict {
        let consent = self.consent(&facts.handling, address);
        let consent = match &consent {
            Ok(clause) => clause.as_deref().ok_or(ConsentGap::Missing),
            Err(gap) => Err(*gap),
        };
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
            consent,
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
    ground: impl Into<Ground>,
    now: UnixSeconds,
) -> impl Fn(&Object) -> Digest {
    let tally = Tally::new(state, Asked { from, to, ground: ground.into(), now });
    move |object| tally.weigh(object.clone()).address
}

/// The kinds of indicator of which the run told the releasing side which ones both hold, or tells
/// while it is under way, if it is a run between the two.
fn told(state: &State, Asked { from, to, ground, now }: Asked) -> &[Kind] {
    let run = ground.run.and_then(|run| state.runs.get(&run));
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
        ground: impl Into<Ground>,
        objects: Vec<Object>,
        now: UnixSeconds,
    ) -> Result<Release, ReleaseFault> {
        let ground = ground.into();
        let accord = state.governing((from, Some(to)), None, now);
        let accord = accord.map_err(|_| ReleaseFault::Nothing)?;
        let mut manifest = Vec::new();
        let mut leaving = Vec::new();
        for decided in decide_all(state, (from, to), ground, objects, now) {
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
        let body = ReleaseBody {
            text: accord.digest,
            run: ground.run,
            manifest,
            to: ground.named.then_some(to),
            consent: ground.consent,
        };
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
        (from, to): (PartyId, PartyId),
        body: &ReleaseBody,
        objects: Vec<Vec<u8>>,
        now: UnixSeconds,
    ) -> Result<Release, ReleaseFault> {
        // Else this would be a way around the gate.
        let manifest = body.manifest_digest();
        let receiver = state.parties.contains_key(&to);
        // By its author: another party may enter the same body.
        let mut own = state.releases.iter().filter(|known| known.author == from);
        if !receiver || !own.any(|known| known.manifest == manifest) {
            return Err(ReleaseFault::NotOnRecord);
        }
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
        // It left in no part yet: what was taken back, or has ended, keeps it here.
        if let Some(consent) = body.consent
            && let Err(gap) = state.consent_stands(consent, now)
        {
            return Err(ReleaseFault::Stopped(gap.to_string()));
        }
        for entry in &body.manifest {
            if let Some(mark) = state.mark(from, entry.object) {
                let words = format!("retraction {} took back part of it", mark.act.short());
                return Err(ReleaseFault::Stopped(words));
            }
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
        let mut tally = Tally::new(state, Asked { from, to, ground: Ground::of(body), now });
        if body.to.is_some_and(|named| named != to) {
            return Err((0, Verdict::Deny(Denial::OtherReceiver)));
        }
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
