//! Where each party stands on each clause and matter, now and at any past moment; reversals.
//!
//! Each party's stands on a topic are kept in the order of the fold and never taken away, so that
//! what was said before still shows.

use std::collections::BTreeMap;
use std::fmt;

use detente_core::act::{ActKind, Header, Matter, Stance, Step, Topic};
use detente_core::{Digest, Level, PartyId, Span, UnixSeconds};

use super::{Effect, State};

/// Most stands of one party on one topic that the fold keeps: what a peer's log can make this node
/// hold and look through. Who has taken that many can still step back, refuse and leave.
pub const MAX_STANDS: usize = 256;

/// One stand of a party on a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// How far it goes.
    pub level: Level,
    /// By what sort of act.
    pub kind: ActKind,
    /// The act, by the digest of its leaf.
    pub act: Digest,
    /// The text that it is about, if a text.
    pub text: Option<Digest>,
    /// When, by the author's clock.
    pub since: UnixSeconds,
    /// From when it holds, if later.
    pub effective: Option<UnixSeconds>,
    /// Until when it holds, if not for good.
    pub expires: Option<UnixSeconds>,
}

impl Stand {
    fn has_begun(&self, now: UnixSeconds) -> bool {
        self.since <= now && self.effective.is_none_or(|effective| effective <= now)
    }

    fn has_lapsed(&self, now: UnixSeconds) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// A later act of lower commitment by the same party on the same topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// On what.
    pub topics: Vec<Topic>,
    /// The highest level before.
    pub before: Level,
    /// The level after.
    pub level: Level,
    /// The time between the two.
    pub after: Span,
}

/// Most topics that the words of a reversal name one by one.
const NAMED: usize = 8;

impl fmt::Display for Reversal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from {} to {} after {} on ", self.before, self.level, self.after.words())?;
        let clauses = self.topics.iter().filter(|topic| matches!(topic, Topic::Clause(_))).count();
        for (at, topic) in self.topics.iter().take(NAMED).enumerate() {
            match (topic, at) {
                (Topic::Clause(id), 0) if clauses > 1 => write!(f, "clauses {id}")?,
                (Topic::Clause(id), 1..) => write!(f, ", {id}")?,
                (topic, 0) => write!(f, "{topic}")?,
                (topic, _) => write!(f, ", {topic}")?,
            }
        }
        match self.topics.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// What a stand is taken by: all of it but the topic and the level.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground {
    pub(super) party: PartyId,
    pub(super) kind: ActKind,
    pub(super) act: Digest,
    pub(super) text: Option<Digest>,
    pub(super) since: UnixSeconds,
    pub(super) effective: Option<UnixSeconds>,
    pub(super) expires: Option<UnixSeconds>,
}

impl Ground {
    /// That of an act on a text, from its own time on.
    pub(super) const fn of(header: &Header, act: Digest, text: Option<Digest>) -> Ground {
        Ground {
            party: header.author,
            kind: header.kind,
            act,
            text,
            since: header.time,
            effective: None,
            expires: None,
        }
    }
}

impl State {
    /// Where a party stands on a topic at `now`; none if it has said nothing, or nothing that still
    /// holds.
    pub fn stand_at(&self, party: PartyId, topic: &Topic, now: UnixSeconds) -> Option<&Stand> {
        let stands = self.stands.get(&party)?.get(topic)?;
        // A short stand on top does not make one forget what lies below it.
        stands.iter().rev().find(|stand| stand.has_begun(now) && !stand.has_lapsed(now))
    }

    /// Every topic on which anybody has taken a stand: clauses by number, then subjects.
    pub fn topics(&self) -> Vec<Topic> {
        let mut topics: Vec<Topic> =
            self.stands.values().flat_map(|stands| stands.keys().cloned()).collect();
        topics.extend(self.statements.iter().map(|attached| attached.statement.topic.clone()));
        topics.sort_by_cached_key(topic_order);
        topics.dedup();
        topics
    }

    /// Moves a party to `level` on topics; says whether that is a reversal.
    pub(super) fn stand(&mut self, ground: Ground, topics: &[Topic], level: Level) -> Effect {
        let mut lowered: Vec<Topic> = Vec::new();
        let mut before: Option<(Level, UnixSeconds)> = None;
        for topic in topics {
            let last = self.stand_at(ground.party, topic, ground.since).cloned();
            let Some(last) = last else {
                self.push_stand(ground, topic, level);
                continue;
            };
            let same = self.same_words(topic, last.text, ground.text);
            // Who goes on with the same words at a lower level stays where it was: to propose what
            // one has signed is no step back.
            let builds = level > Level::Reserved;
            if last.level == level && same || builds && same && level < last.level {
                continue;
            }
            self.push_stand(ground, topic, level);
            if level < last.level && !(builds && self.governs(topic, last.text)) {
                lowered.push(topic.clone());
                if before.is_none_or(|(highest, _)| last.level > highest) {
                    before = Some((last.level, last.since));
                }
            }
        }
        match before {
            Some((before, since)) => {
                let after = Span::seconds(ground.since.get().saturating_sub(since.get()));
                Effect::Reversal(Reversal { topics: lowered, before, level, after })
            }
            None => Effect::InEffect,
        }
    }

    /// Whether a party may take one more stand on each of these topics.
    pub(super) fn has_room(&self, party: PartyId, topics: &[Topic]) -> Result<(), String> {
        let Some(stands) = self.stands.get(&party) else { return Ok(()) };
        let full = |topic: &&Topic| stands.get(*topic).is_some_and(|own| own.len() >= MAX_STANDS);
        match topics.iter().find(full) {
            Some(topic) => Err(format!("the party has taken {MAX_STANDS} stands on {topic}")),
            None => Ok(()),
        }
    }

    fn push_stand(&mut self, ground: Ground, topic: &Topic, level: Level) {
        let stands = self.stands.entry(ground.party).or_default();
        let stands = stands.entry(topic.clone()).or_default();
        // The same again is nothing new.
        if stands.last().is_some_and(|last| {
            (last.level, last.text, last.effective, last.expires)
                == (level, ground.text, ground.effective, ground.expires)
        }) {
            return;
        }
        stands.push(Stand {
            level,
            kind: ground.kind,
            act: ground.act,
            text: ground.text,
            since: ground.since,
            effective: ground.effective,
            expires: ground.expires,
        });
    }

    /// Whether two texts say the same in a clause. A subject has no words but its name.
    fn same_words(&self, topic: &Topic, one: Option<Digest>, other: Option<Digest>) -> bool {
        let Topic::Clause(id) = topic else { return true };
        if one == other {
            return true;
        }
        let clause = |text: Option<Digest>| self.texts.get(&text?)?.accord.clause(id);
        match (clause(one), clause(other)) {
            (Some(one), Some(other)) => one.prose == other.prose && one.rule == other.rule,
            _ => false,
        }
    }

    /// Whether the text in force is the one a stand was about: to negotiate on from what is in
    /// force is no step back from it.
    fn governs(&self, topic: &Topic, text: Option<Digest>) -> bool {
        matches!(topic, Topic::Clause(_))
            && self.in_force.is_some_and(|force| Some(force.text) == text)
    }

    /// The topics of a matter.
    pub(super) fn topics_of(&self, matter: &Matter) -> Result<Vec<Topic>, String> {
        match matter {
            Matter::Subject(subject) => Ok(vec![Topic::Subject(subject.name.clone())]),
            Matter::Text { text } => {
                let text = self.texts.get(text).ok_or("no such text was proposed")?;
                let clauses = text.accord.clauses.iter();
                Ok(clauses.map(|clause| Topic::Clause(clause.id.clone())).collect())
            }
            Matter::Clauses { text, clauses } => {
                self.known_clauses(*text, clauses)?;
                Ok(clauses.iter().cloned().map(Topic::Clause).collect())
            }
        }
    }

    /// Whether a proposed text has all these clauses.
    pub(super) fn known_clauses(&self, text: Digest, clauses: &[String]) -> Result<(), String> {
        let text = self.texts.get(&text).ok_or("no such text was proposed")?;
        match clauses.iter().find(|id| text.accord.clause(id).is_none()) {
            Some(id) => Err(format!("the text has no clause {id}")),
            None => Ok(()),
        }
    }

    /// All clauses of a text as topics.
    pub(super) fn all_clauses(&self, text: Digest) -> Vec<Topic> {
        self.topics_of(&Matter::Text { text }).unwrap_or_default()
    }

    /// A step on the ladder.
    pub(super) fn step(
        &mut self,
        header: &Header,
        act: Digest,
        (step, stance): (Step, &Stance),
    ) -> Result<Effect, String> {
        not_over(stance, header.time)?;
        let topics = self.topics_of(&stance.matter)?;
        // To step back must stay possible, and can't be done twice in a row.
        if step != Step::Decline {
            self.has_room(header.author, &topics)?;
        }
        let text = stance.matter.text();
        let ground = Ground {
            effective: stance.effective,
            expires: stance.expires,
            ..Ground::of(header, act, text)
        };
        match (step, text) {
            (Step::Ratify | Step::Accede, Some(text)) => self.consent(header, step, text)?,
            (Step::SignAdReferendum, Some(text)) => self.sign_ad_referendum(header, act, text)?,
            (Step::AdoptProvisionally, _) => return self.adopt_provisionally(header, act, stance),
            (Step::Decline, _) => self.decline_provisional(header, stance),
            (Step::AgreeAdReferendum, _) => {
                self.await_capital(header, act, (step, stance.clone()));
            }
            _ => {}
        }
        let level = step.level().ok_or("the act has no level")?;
        match (&stance.matter, text) {
            (Matter::Text { .. }, Some(text)) if level > Level::Reserved => {
                self.hold_words(header.author, text, None)?;
            }
            (Matter::Clauses { .. }, Some(text)) if level > Level::Reserved => {
                self.hold_words(header.author, text, Some(&topics))?;
            }
            (Matter::Text { .. } | Matter::Clauses { .. }, _) => {
                self.let_go_of_words(header.author, &topics)?;
            }
            _ => {}
        }
        Ok(self.stand(ground, &topics, level))
    }
}

/// What has ended can't be begun or confirmed.
pub(super) fn not_over(stance: &Stance, now: UnixSeconds) -> Result<(), String> {
    if let Some(expires) = stance.expires.filter(|expires| *expires <= now) {
        return Err(format!("it ended at {expires}, before it was made"));
    }
    match &stance.matter {
        Matter::Subject(subject) if subject.until <= now => {
            Err(format!("its scope ended at {}, before it was made", subject.until))
        }
        _ => Ok(()),
    }
}

/// Clauses in the order of their numbers, then subjects by name.
fn topic_order(topic: &Topic) -> (bool, Vec<(usize, String)>) {
    match topic {
        Topic::Clause(id) => {
            (false, id.split('.').map(|part| (part.len(), part.to_owned())).collect())
        }
        Topic::Subject(name) => (true, vec![(0, name.clone())]),
    }
}

/// The stands of all parties.
pub(super) type Stands = BTreeMap<PartyId, BTreeMap<Topic, Vec<Stand>>>;
