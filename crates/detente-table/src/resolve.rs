//! Names that people write, made into what acts carry: parties, texts, acts, times, clauses.

use detente_core::{Digest, PartyId, UnixSeconds};
use detente_state::State;

use crate::motion::MotionFault;

/// Least digits of a digest that name a text or an act.
const MIN_DIGITS: usize = 8;

/// Looks names up in the state of an accord.
pub struct Resolver<'a> {
    /// The accord.
    pub state: &'a State,
    /// Who asks.
    pub own: PartyId,
    /// The party that a name or a fingerprint's beginning means.
    pub party: &'a dyn Fn(&str) -> Option<PartyId>,
}

impl Resolver<'_> {
    /// A text: by the beginning of its digest, or the only one that can be meant: the clean text,
    /// the only one proposed, the one in force.
    pub(crate) fn text(&self, named: Option<&str>) -> Result<Digest, MotionFault> {
        let Some(name) = named else {
            let clean = self.state.clean.as_ref().and_then(|clean| clean.as_ref().ok());
            let mut texts = self.state.texts.keys();
            let only = texts.next().filter(|_| texts.next().is_none());
            let force = self.state.in_force.map(|force| force.text);
            return clean.or(only).copied().or(force).ok_or(MotionFault::WhichText);
        };
        let hits = self.state.texts.keys().filter(|digest| digest.to_string().starts_with(name));
        one(hits.copied(), name).ok_or_else(|| MotionFault::UnknownText { name: short(name) })
    }

    /// An act by the beginning of its digest.
    pub(crate) fn act(&self, name: &str) -> Result<Digest, MotionFault> {
        let hits = self.state.history.iter().map(|event| event.act);
        let hits = hits.filter(|digest| digest.to_string().starts_with(name));
        one(hits, name).ok_or_else(|| MotionFault::UnknownAct { name: short(name) })
    }

    /// A party by name, handle in a text, or the beginning of its fingerprint.
    pub(crate) fn party(&self, name: &str) -> Result<PartyId, MotionFault> {
        let handles = self.state.texts.values().flat_map(|text| &text.accord.parties);
        let by_handle = handles.filter(|party| party.handle == name).map(|party| party.id).next();
        let found = (self.party)(name).or(by_handle);
        let found = found.filter(|party| self.state.parties.contains_key(party));
        found.ok_or_else(|| MotionFault::UnknownParty { name: short(name) })
    }

    /// The only other party, or the one named.
    pub(crate) fn others(&self, named: &[String]) -> Result<Vec<PartyId>, MotionFault> {
        if named.is_empty() {
            let all = self.state.parties.keys().copied().filter(|party| *party != self.own);
            return Ok(all.collect());
        }
        named.iter().map(|name| self.party(name)).collect()
    }
}

/// A day or a moment.
pub(crate) fn time(text: &str) -> Result<UnixSeconds, MotionFault> {
    UnixSeconds::parse(text).map_err(|_| MotionFault::BadTime { text: short(text) })
}

/// Clauses as an act names them: ascending, each once.
pub(crate) fn clauses(named: &[String]) -> Vec<String> {
    let mut ids: Vec<String> = named.iter().map(|id| id.trim().to_owned()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn one(mut hits: impl Iterator<Item = Digest>, name: &str) -> Option<Digest> {
    let first = hits.next().filter(|_| name.len() >= MIN_DIGITS)?;
    hits.all(|hit| hit == first).then_some(first)
}

fn short(name: &str) -> String {
    name.chars().take(80).collect()
}
