//! Alerts: which acts let more leave than before, or would.
//!
//! Computed from the record, never entered and never declared. [`openings`] names the acts that may
//! open something, and costs little; [`widening`] says what one opens: the exact difference of the
//! exposure tables, and the terms beside the table that became looser. A text is compared with the
//! one in force that it would take the place of, whatever day its proposal is dated to: what was in
//! force when its author says that it wrote it decides nothing.
//!
//! Two things open without an act, and so without an alert: a stop that lapses and a suspension
//! that ends on the day it states.

use std::collections::BTreeMap;

use detente_accord::{Accord, Onward, Permit, Rule};
use detente_core::act::{Act, AlertName, Answering, Body, Matter, Step, Way};
use detente_core::{Digest, PartyId, Transform, UnixSeconds};
use detente_state::{Effect, Event, Logs, State};

use crate::diagram::TooComplex;
use crate::exposure::{Difference, Turn, Turned, diff, diff_of};
use crate::layout::{Axis, Sets, Wanted};
use crate::rules::Rules;
use crate::space::Space;

/// By what sort of act something opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OpeningKind {
    /// A text that is not in force is on the table: proposed, corrected, or clean of brackets.
    TextProposed,
    /// A party binds itself to a text.
    TextSigned,
    /// A reservation was taken back.
    ReservationWithdrawn,
    /// A suspension or countermeasure was ended.
    SuspensionEnded,
    /// A stop was lifted.
    StopLifted,
    /// A party applies clauses of a text before it is in force.
    ClausesApplied,
}

impl OpeningKind {
    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            OpeningKind::TextProposed => "text-proposed",
            OpeningKind::TextSigned => "text-signed",
            OpeningKind::ReservationWithdrawn => "reservation-withdrawn",
            OpeningKind::SuspensionEnded => "suspension-ended",
            OpeningKind::StopLifted => "stop-lifted",
            OpeningKind::ClausesApplied => "clauses-applied",
        }
    }
}

/// An act that may open something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// What an auditor acknowledges.
    pub name: AlertName,
    /// By what sort of act.
    pub kind: OpeningKind,
    /// Whose act.
    pub author: PartyId,
    /// When, by its author's clock.
    pub time: UnixSeconds,
    /// The text in force that it is compared with, if a text replaces one.
    pub before: Option<Digest>,
    /// The text under which it opens.
    pub after: Digest,
    /// Whether that text governs, or has governed.
    pub in_force: bool,
    change: Change,
}

/// What changes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    /// One text takes the place of another, or of none.
    Text,
    /// The same; the new one stands in an act alone, which is not agreed yet.
    Corrected(Vec<u8>),
    /// These clauses run again in these directions.
    Released(Vec<String>, Vec<Way>),
    /// Everything runs again that a stop held up.
    Started,
}

/// What an act opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widening {
    /// Cells that open, or whose objects leave in another form that takes less out; no two regions
    /// share a cell.
    pub regions: Vec<Turned>,
    /// Cells of these regions by direction.
    pub by_way: BTreeMap<Way, u64>,
    /// What the table does not hold and became looser, in words.
    pub looser: Vec<String>,
}

/// Every act that may open something, in the order of the fold.
pub fn openings(state: &State, logs: &Logs) -> Vec<Opening> {
    let mut forces: Vec<Digest> = state.earlier.iter().map(|force| force.text).collect();
    forces.extend(state.in_force.map(|force| force.text));
    let events = state.history.iter().map(|event| (event.act, event)).collect();
    let desk = Desk { state, logs, forces, events };
    let first: BTreeMap<Digest, Digest> =
        state.texts.iter().filter_map(|(text, known)| Some((known.act?, *text))).collect();
    let mut all = Vec::new();
    for event in &state.history {
        if let Some(text) = first.get(&event.act) {
            all.extend(desk.text(event, *text, OpeningKind::TextProposed, Change::Text));
        }
        if matches!(event.effect, Effect::InEffect | Effect::Reversal(_)) {
            all.extend(desk.opening(event));
        }
    }
    all
}

struct Desk<'a> {
    state: &'a State,
    logs: &'a Logs,
    /// Texts that are or were in force, the earliest first.
    forces: Vec<Digest>,
    events: BTreeMap<Digest, &'a Event>,
}

impl<'a> Desk<'a> {
    fn opening(&self, event: &Event) -> Option<Opening> {
        match self.act(event)?.body() {
            // What was confirmed has its effect by the confirmation, and is named by it.
            Body::Reply(Answering::Confirm, reply) => {
                self.does(event, self.act(self.events.get(&reply.act)?)?.body())
            }
            body => self.does(event, body),
        }
    }

    /// What an act opens that says this, itself or by confirming it.
    fn does(&self, event: &Event, body: &Body) -> Option<Opening> {
        match body {
            Body::Correct { corrected, .. } => {
                let text = Digest::plain(corrected);
                // Once all have made it, the text stands, and its own act is named.
                if self.state.texts.contains_key(&text) {
                    return None;
                }
                let change = Change::Corrected(corrected.clone());
                self.text(event, text, OpeningKind::TextProposed, change)
            }
            Body::Reply(Answering::Retract, reply) => self.reservation(event, reply.act),
            Body::Resume { act, .. } => self.resumed(event, *act),
            Body::Stance(Step::AdoptProvisionally, stance) => self.applied(event, &stance.matter),
            body => self.text(event, bound(body)?, OpeningKind::TextSigned, Change::Text),
        }
    }

    /// Clauses that a party applies before their text is in force: with another that does the same
    /// they let things leave.
    fn applied(&self, event: &Event, matter: &Matter) -> Option<Opening> {
        let Matter::Clauses { text, clauses } = matter else { return None };
        let change = Change::Released(clauses.clone(), self.ways(event.author));
        let parts: [&[u8]; 3] = [b"applied", text.as_bytes(), event.act.as_bytes()];
        let kind = OpeningKind::ClausesApplied;
        Some(opening(event, kind, (None, *text), (true, change), &parts))
    }

    /// Both directions between a party and each other.
    fn ways(&self, own: PartyId) -> Vec<Way> {
        let others = self.state.parties.keys().filter(|party| **party != own);
        let both = |other: &PartyId| [Way { from: own, to: *other }, Way { from: *other, to: own }];
        others.flat_map(both).collect()
    }

    fn act(&self, event: &Event) -> Option<&'a Act> {
        self.logs.of(event.author).get(usize::try_from(event.sequence).ok()?)
    }

    /// A text against the one that it took the place of, or would.
    fn text(
        &self,
        event: &Event,
        text: Digest,
        kind: OpeningKind,
        change: Change,
    ) -> Option<Opening> {
        let at = self.forces.iter().position(|force| *force == text);
        let before = match at {
            Some(at) => at.checked_sub(1).and_then(|at| self.forces.get(at)),
            None => self.forces.last(),
        };
        let before = before.copied();
        let was: [u8; 32] = before.map_or([0; 32], |before| *before.as_bytes());
        let parts: [&[u8]; 3] = [b"text", &was, text.as_bytes()];
        Some(opening(event, kind, (before, text), (at.is_some(), change), &parts))
    }

    fn reservation(&self, event: &Event, act: Digest) -> Option<Opening> {
        let own = self.state.reservations.iter().find(|own| own.act == act)?;
        let change = Change::Released(own.clauses.clone(), self.ways(own.party));
        self.released(event, OpeningKind::ReservationWithdrawn, (own.act, own.text), change)
    }

    fn resumed(&self, event: &Event, act: Option<Digest>) -> Option<Opening> {
        if let Some(act) = act {
            let held = self.state.suspensions.iter().find(|held| held.act == act)?;
            let change = Change::Released(held.clauses.clone(), held.ways.clone());
            return self.released(event, OpeningKind::SuspensionEnded, (act, held.text), change);
        }
        let text = *self.forces.last()?;
        let (kind, change) = (OpeningKind::StopLifted, Change::Started);
        // Not by the text: the next one in force makes no second alert of an old stop.
        let parts: [&[u8]; 2] = [b"stop", event.act.as_bytes()];
        Some(opening(event, kind, (None, text), (true, change), &parts))
    }

    fn released(
        &self,
        event: &Event,
        kind: OpeningKind,
        (held, text): (Digest, Digest),
        change: Change,
    ) -> Option<Opening> {
        // Of a text that never governed, the alert on the text says all that it opens.
        let in_force = self.forces.contains(&text);
        let parts: [&[u8]; 3] = [b"held", held.as_bytes(), text.as_bytes()];
        in_force.then(|| opening(event, kind, (None, text), (true, change), &parts))
    }
}

fn opening(
    event: &Event,
    kind: OpeningKind,
    (before, after): (Option<Digest>, Digest),
    (in_force, change): (bool, Change),
    parts: &[&[u8]],
) -> Opening {
    let name = AlertName { act: event.act, change: Digest::of("detente/alert/1", parts) };
    let (author, time) = (event.author, event.time);
    Opening { name, kind, author, time, before, after, in_force, change }
}

/// The text to which an act binds its party.
fn bound(body: &Body) -> Option<Digest> {
    match body {
        Body::Sign { text } => Some(*text),
        Body::Stance(Step::Ratify | Step::Accede | Step::SignAdReferendum, stance) => {
            match &stance.matter {
                Matter::Text { text } => Some(*text),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What an act opens; none if nothing. Caps count as unused, reservations and suspensions of a new
/// text as not there: it is the most that may ever leave.
///
/// # Errors
/// [`TooComplex`] for texts made to be costly: nobody can say then that nothing opens.
pub fn widening(
    state: &State,
    opening: &Opening,
    now: UnixSeconds,
) -> Result<Option<Widening>, TooComplex> {
    let known = |text: Digest| state.texts.get(&text).map(|text| &text.accord);
    let parsed;
    let after = match &opening.change {
        Change::Corrected(bytes) => {
            parsed = Accord::parse(bytes).ok();
            parsed.as_ref()
        }
        _ => known(opening.after),
    };
    let Some(after) = after else { return Ok(None) };
    let before = opening.before.and_then(known);
    let (found, looser) = match &opening.change {
        Change::Text | Change::Corrected(_) => match before {
            Some(before) => (diff(before, after, now)?, looser(before, after)),
            None => (from_nothing(after, &[], now)?, matches_of(after)),
        },
        Change::Released(clauses, ways) => {
            (released(after, clauses, ways, now)?, rematched(after, clauses))
        }
        Change::Started => {
            let never: Vec<&str> =
                after.terms.suspension.never.iter().map(String::as_str).collect();
            (from_nothing(after, &never, now)?, matches_of(after))
        }
    };
    let widens = |turned: &Turned| match turned.turn {
        Turn::Opens => true,
        Turn::Closes => false,
        Turn::Changes => !takes_more_out(before.unwrap_or(after), after, turned),
    };
    let regions: Vec<Turned> = found.regions.into_iter().filter(widens).collect();
    if regions.is_empty() && looser.is_empty() {
        return Ok(None);
    }
    let space = Space::of(&before.map_or(vec![after], |before| vec![after, before]));
    Ok(Some(Widening { by_way: by_way(&space, &regions), regions, looser }))
}

/// What opens if nothing but these clauses ran before.
fn from_nothing(accord: &Accord, ran: &[&str], now: UnixSeconds) -> Result<Difference, TooComplex> {
    let rules = Rules::new(accord);
    let after = rules.alive(now);
    let before = only(&rules, after.clone(), &|id| ran.contains(&id));
    diff_of((&rules, before), (&rules, after), &Wanted::new())
}

/// What opens if these clauses run again in these directions.
fn released(
    accord: &Accord,
    clauses: &[String],
    ways: &[Way],
    now: UnixSeconds,
) -> Result<Difference, TooComplex> {
    let rules = Rules::new(accord);
    let parties = rules.space.parties.len();
    let place =
        |way: &Way| Some(rules.space.party(way.from)? * parties + rules.space.party(way.to)?);
    let mut pairs: Vec<usize> = ways.iter().filter_map(place).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let words = pairs.iter().map(|pair| Axis::Direction.word(&rules.space, *pair));
    let words: Vec<String> = words.collect();
    let wanted = Wanted::from([(Axis::Direction, pairs)]);
    let after = rules.alive(now);
    let before = only(&rules, after.clone(), &|id| !clauses.iter().any(|held| held == id));
    let mut found = diff_of((&rules, before), (&rules, after), &wanted)?;
    // An axis that is not said whole means all that were asked for: here, some.
    for region in &mut found.regions {
        if let Some(directions) = region.values.first_mut() {
            directions.get_or_insert_with(|| words.clone());
        }
    }
    Ok(found)
}

/// Of the clauses that speak, the permissions that are meant; and all prohibitions.
fn only(rules: &Rules, mut sets: Sets, meant: &dyn Fn(&str) -> bool) -> Sets {
    for (at, id) in rules.permits.clauses.iter().enumerate() {
        if !meant(id)
            && let Some(word) = sets.permits.get_mut(at / 64)
        {
            *word &= !(1 << (at % 64));
        }
    }
    sets
}

/// Whether objects of a region leave with at least as much taken out as before, by whichever
/// permission they leave.
fn takes_more_out(before: &Accord, after: &Accord, turned: &Turned) -> bool {
    let out = |accord: &Accord, id: &str| -> Option<Vec<Transform>> {
        match accord.clause(id)?.rule.as_ref()? {
            Rule::Permit(permit) => Some(permit.transforms.clone()),
            _ => None,
        }
    };
    let mut was = turned.before.iter().filter_map(|id| out(before, id));
    was.all(|was| {
        let mut is = turned.after.iter().filter_map(|id| out(after, id));
        is.all(|is| was.iter().all(|transform| is.contains(transform)))
    })
}

/// Cells by direction: a region is a product, so each of its directions has as many.
fn by_way(space: &Space, regions: &[Turned]) -> BTreeMap<Way, u64> {
    let parties = space.parties.len();
    let all = Axis::Direction.values(space);
    let words: BTreeMap<String, Way> = all
        .iter()
        .filter_map(|pair| {
            let (from, _) = space.parties.get(pair / parties)?;
            let (to, _) = space.parties.get(pair % parties)?;
            Some((Axis::Direction.word(space, *pair), Way { from: *from, to: *to }))
        })
        .collect();
    let mut by_way: BTreeMap<Way, u64> = BTreeMap::new();
    for region in regions {
        let named: Vec<&Way> = match region.values.first() {
            Some(Some(named)) => named.iter().filter_map(|word| words.get(word)).collect(),
            _ => words.values().collect(),
        };
        let each = region.cells / (named.len().max(1) as u64);
        for way in named {
            *by_way.entry(*way).or_default() += each;
        }
    }
    by_way
}

/// Matching clauses of a text that began to run: they let the other side learn what is common.
fn matches_of(accord: &Accord) -> Vec<String> {
    let clauses = accord.clauses.iter();
    let matching = clauses.filter(|clause| matches!(clause.rule, Some(Rule::Match(_))));
    matching.map(|clause| format!("clause {} lets the parties match", clause.id)).collect()
}

fn rematched(accord: &Accord, clauses: &[String]) -> Vec<String> {
    let rule = |id: &String| accord.clause(id).and_then(|clause| clause.rule.as_ref());
    let matching = clauses.iter().filter(|id| matches!(rule(id), Some(Rule::Match(_))));
    matching.map(|id| format!("clause {id} lets the parties match again")).collect()
}

/// What the table does not hold and is looser in the new text, in words.
fn looser(before: &Accord, after: &Accord) -> Vec<String> {
    let mut words = Vec::new();
    if after.default_tlp < before.default_tlp {
        let (was, is) = (before.default_tlp, after.default_tlp);
        words.push(format!("what is not marked counts as {is}, no longer as {was}"));
    }
    if after.expires > before.expires {
        words.push(format!("the text ends at {}, no longer at {}", after.expires, before.expires));
    }
    for clause in &after.clauses {
        let id = &clause.id;
        let old = before.clause(id).and_then(|clause| clause.rule.as_ref());
        match (old, &clause.rule) {
            (Some(Rule::Permit(was)), Some(Rule::Permit(is))) => {
                words.extend(looser_permit(was, is).map(|what| format!("clause {id}: {what}")));
            }
            (_, Some(Rule::Permit(_))) => {
                words.push(format!("clause {id} is a new permission, with a cap of its own"));
            }
            (Some(was), Some(is @ Rule::Match(_))) if was == is => {}
            (old, Some(Rule::Match(_))) => {
                let what = if matches!(old, Some(Rule::Match(_))) { "changes" } else { "is new" };
                words.push(format!("clause {id} on matching {what}"));
            }
            _ => {}
        }
    }
    words
}

/// What bounds a permission beside the table, where it is looser.
fn looser_permit<'a>(was: &'a Permit, is: &'a Permit) -> impl Iterator<Item = &'static str> {
    let cap = match (&was.cap, &is.cap) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(was), Some(is)) => {
            let bytes = |bytes: Option<u64>| bytes.unwrap_or(u64::MAX);
            is.count > was.count || is.per < was.per || bytes(is.bytes) > bytes(was.bytes)
        }
    };
    let ratio = was.reciprocity.is_some() && was.reciprocity != is.reciprocity;
    let end = |end: Option<UnixSeconds>| end.unwrap_or(UnixSeconds::MAX);
    // What the clause does not say, it leaves free.
    let onward = |onward: Option<Onward>| onward.unwrap_or(Onward::Allowed);
    let kept = match (was.retention, is.retention) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(was), Some(is)) => is.within > was.within || is.clock != was.clock,
    };
    let found = [
        (cap, "more may leave in a window"),
        (ratio, "what leaves is bound otherwise, or no more, to what comes back"),
        (end(is.expires) > end(was.expires), "it ends later, or not by itself"),
        (onward(is.onward) < onward(was.onward), "the receiver may pass it on more freely"),
        (kept, "the receiver may keep it longer"),
    ];
    found.into_iter().filter(|(is, _)| *is).map(|(_, what)| what)
}
