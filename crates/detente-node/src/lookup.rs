//! Look-ups: a small private query of one party against the list of another.
//!
//! The holder evaluates its list once for each key and publishes a filter of the values
//! (`publish.rs`); the other side fetches it or the update to it (`fetch.rs`); a query is an offer,
//! an answer and two closes on record, with one exchange of elements between them (`query.rs`).
//! What it tells whom is said before anything is asked (`explain.rs`).

use detente_accord::{MatchRule, Rule};
use detente_core::act::{Filter, Mode};
use detente_core::{AccordId, Digest, PartyId};
use detente_lookup::{Key, Shape};
use detente_match::{Blame, Engine, Progress};
use detente_state::{MatchRefusal, Published};

use crate::error::NodeError;
use crate::handling::Door;
use crate::matching::{misbehaved, own_engine, refused};
use crate::node::Node;
use crate::ports::Evaluation;

mod explain;
mod fetch;
mod publish;
mod query;

pub use fetch::refresh;
pub(crate) use fetch::{filter_part, update_part};
pub use publish::publish;
pub use query::{Lines, lookup};
pub(crate) use query::{Replies, answer_lookup, forget_reply};

/// Buckets that are read, written or checked in one go: about 1.4 MB.
const BUCKETS_AT_ONCE: u32 = 256;

/// The terms of a clause of look-ups, as they stand now.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    accord: AccordId,
    clause: String,
    text: Digest,
    rule: MatchRule,
    shape: Shape,
    holder: PartyId,
    asker: PartyId,
}

impl Terms {
    /// Names the clause in the store.
    fn scope(&self) -> Digest {
        scope(self.accord, &self.clause)
    }

    /// Names the key of an epoch; the node's secret makes the key of it.
    fn key_info(&self, epoch: u32) -> Digest {
        Digest::of(
            "detente/lookup-key/1",
            &[
                self.accord.as_bytes(),
                self.text.as_bytes(),
                self.clause.as_bytes(),
                &epoch.to_be_bytes(),
            ],
        )
    }

    /// Refuses what only the side that asks does.
    fn asks(&self, node: &Node) -> Result<(), NodeError> {
        if self.asker == node.party() {
            return Ok(());
        }
        let clause = &self.clause;
        Err(NodeError::denied(
            "match_other_direction",
            format!("under clause {clause} this side holds the list, and the other asks"),
            "publish the own list with --publish",
        ))
    }

    /// The engine that the clause asks for.
    fn engine(&self) -> Result<Engine, NodeError> {
        own_engine(&self.rule, Mode::Lookup)
    }

    fn evaluation(&self, epoch: u32) -> Evaluation {
        Evaluation { scope: self.scope(), key: self.key_info(epoch) }
    }
}

fn scope(accord: AccordId, clause: &str) -> Digest {
    Digest::of("detente/lookup-scope/1", &[accord.as_bytes(), clause.as_bytes()])
}

/// Whose list this node may look up in under a clause.
///
/// # Errors
/// [`NodeError`] if nothing is in force, there is no such clause, or this side holds.
pub fn lookup_holder(node: &Node, accord: AccordId, clause: &str) -> Result<PartyId, NodeError> {
    let terms = node.lookup_terms(accord, clause)?;
    terms.asks(node)?;
    Ok(terms.holder)
}

impl Node {
    /// The terms of a clause of look-ups of which this party is a side.
    pub(crate) fn lookup_terms(&self, accord: AccordId, clause: &str) -> Result<Terms, NodeError> {
        let text = self.governing(accord)?;
        let none = || {
            NodeError::denied(
                "no_lookup_clause",
                format!("clause {clause} of the accord in force is no clause of look-ups"),
                "`detente accord text` shows the clauses: look-ups have mode = \"lookup\"",
            )
        };
        let rule = match text.clause(clause).and_then(|clause| clause.rule.as_ref()) {
            Some(Rule::Match(rule)) => rule.clone(),
            _ => return Err(none()),
        };
        let terms = rule.lookup.clone().ok_or_else(none)?;
        let side = |holds: bool| {
            let handle = rule.between.iter().find(|handle| (**handle == terms.holder) == holds);
            let party =
                handle.and_then(|handle| text.parties.iter().find(|party| party.handle == *handle));
            party.map(|party| party.id).ok_or_else(none)
        };
        let (holder, asker) = (side(true)?, side(false)?);
        if self.party() != holder && self.party() != asker {
            let party = self.name_of(self.party());
            return Err(refused(&MatchRefusal::NotASide { clause: clause.to_owned(), party }));
        }
        Ok(Terms {
            accord,
            clause: clause.to_owned(),
            text: text.digest,
            shape: Shape::new(terms.filter_items).map_err(fault)?,
            rule,
            holder,
            asker,
        })
    }

    /// The filter that stands on record.
    fn standing(&self, terms: &Terms) -> Result<Option<Published>, NodeError> {
        Ok(self.state(terms.accord)?.filter(&terms.text, &terms.clause).cloned())
    }

    /// The key of an epoch: derived, so that nothing new has to be kept. Labels of its own keep it
    /// apart from what else comes of that secret.
    fn lookup_key(&self, terms: &Terms, epoch: u32) -> Result<Key, NodeError> {
        Key::derive(&self.keys.log, terms.key_info(epoch).as_bytes()).map_err(fault)
    }

    /// Decides which contexts vouch for their observables towards the other side.
    fn door(&self, terms: &Terms, to: PartyId) -> Result<Door<'_>, NodeError> {
        Ok(Door::new(self.governing_with(terms.accord, to)?, (self.party(), to), &terms.clause))
    }
}

/// A fault of the engine as the node tells it.
fn fault(error: impl Into<detente_match::Error>) -> NodeError {
    let error = error.into();
    match error.blame() {
        Blame::Peer => misbehaved(error.code(), error.to_string()),
        Blame::Caller => NodeError::damaged(error),
    }
}

/// So many of so many items.
fn items(done: u64, total: u64) -> Progress {
    Progress { items_done: done.min(total), items_total: total, ..Progress::default() }
}

/// Refuses a clause of look-ups where a run of the other modes is meant.
pub(crate) fn is_no_lookup(rule: &MatchRule, clause: &str) -> Result<(), NodeError> {
    match rule.lookup {
        None => Ok(()),
        Some(_) => Err(NodeError::denied(
            "match_other_mode",
            format!("clause {clause} allows look-ups, not runs"),
            "use `detente lookup`",
        )),
    }
}

/// A filter on record, for people.
fn describe(published: &Published) -> crate::report::FilterReport {
    let Filter { epoch, items, digest, .. } = &published.filter;
    crate::report::FilterReport {
        act: published.act.to_string(),
        published: published.at.to_string(),
        epoch: *epoch,
        items: *items,
        digest: digest.to_string(),
    }
}
