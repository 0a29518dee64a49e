//! The rolling text of the accord: what is on the table, who holds what, and the clean text once
//! nothing is open.

use detente_accord::{Accord, Rolling, RollingFault, UnitKey};
use detente_core::act::{Change, Header, Topic};
use detente_core::{Digest, Level, PartyId};

use super::stand::Ground;
use super::{Effect, State, TextState};

/// The clean text, or why there is none though nothing is open.
pub type Clean = Result<Digest, String>;

impl State {
    /// The text under negotiation.
    pub const fn rolling(&self) -> &Rolling {
        &self.rolling
    }

    /// Puts a whole text on the table.
    pub(super) fn table_text(
        &mut self,
        header: &Header,
        base: Option<Digest>,
        text: &[u8],
    ) -> Result<(), String> {
        let text = std::str::from_utf8(text).map_err(|_| "the text is not UTF-8")?;
        let base = base.and_then(|base| self.texts.get(&base));
        let base = base.and_then(|base| std::str::from_utf8(&base.bytes).ok());
        self.words_moved = true;
        self.rolling.propose(header.author, base, text).map_err(|fault| fault.to_string())
    }

    /// A party stands by the words of a text: of these clauses, or all of it.
    pub(super) fn hold_words(
        &mut self,
        party: PartyId,
        text: Digest,
        clauses: Option<&[Topic]>,
    ) -> Result<(), String> {
        self.words_moved = true;
        let Some(known) = self.texts.get(&text) else { return Ok(()) };
        let words = std::str::from_utf8(&known.bytes).unwrap_or_default();
        let units = clauses.map(units).transpose()?;
        let held = self.rolling.hold(party, words, units.as_deref());
        held.map_err(|fault| fault.to_string())
    }

    /// A party stands by no words of these clauses any more. Clauses that are on no table are no
    /// fault: a position can be taken on what was never negotiated here.
    pub(super) fn let_go_of_words(
        &mut self,
        party: PartyId,
        clauses: &[Topic],
    ) -> Result<(), String> {
        self.words_moved = true;
        match self.rolling.let_go(party, &units(clauses)?) {
            Ok(()) | Err(RollingFault::UnknownUnit { .. }) => Ok(()),
            Err(fault) => Err(fault.to_string()),
        }
    }

    pub(super) fn bracket(
        &mut self,
        header: &Header,
        act: Digest,
        changes: &[Change],
    ) -> Result<Effect, String> {
        let mut read = Vec::with_capacity(changes.len());
        for change in changes {
            read.push(detente_accord::Change {
                unit: change.unit.parse().map_err(|_| no_unit(&change.unit))?,
                base: change.base,
                options: change.options.clone(),
                words: change.words.clone(),
                note: change.note.clone(),
            });
        }
        let clause = |change: &&detente_accord::Change| change.unit.table() == "clause";
        let topics = |offers: bool| -> Vec<Topic> {
            let own = read.iter().filter(clause);
            let own = own.filter(|change| change.options.is_empty() != offers);
            own.filter_map(|change| Some(Topic::Clause(change.unit.name()?.to_owned()))).collect()
        };
        self.has_room(header.author, &[topics(false), topics(true)].concat())?;
        self.words_moved = true;
        self.rolling.change(header.author, &read).map_err(|fault| fault.to_string())?;
        // New words are none of a text's: the act itself stands for them.
        let ground = Ground::of(header, act, Some(act));
        let bare = self.stand(ground, &topics(false), Level::Reserved);
        let offered = self.stand(ground, &topics(true), Level::Proposed);
        Ok(match (bare, offered) {
            // One event tells of both.
            (Effect::Reversal(mut bare), Effect::Reversal(offered)) => {
                if offered.before > bare.before {
                    (bare.before, bare.after) = (offered.before, offered.after);
                }
                bare.topics.extend(offered.topics);
                Effect::Reversal(bare)
            }
            (bare @ Effect::Reversal(_), _) => bare,
            (_, offered) => offered,
        })
    }

    /// Once nothing is open, the clean text can be signed like any that was proposed.
    pub(super) fn settle_words(&mut self, header: &Header, act: Digest) {
        self.clean = None;
        if !self.rolling.is_clean() {
            return;
        }
        let Ok(text) = self.rolling.clean() else { return };
        if text.is_empty() {
            return;
        }
        self.clean = Some(match Accord::parse(text.as_bytes()) {
            Ok(accord) if accord.id() != self.accord => {
                Err("the clean text is of another accord: its id or its parties differ".to_owned())
            }
            Ok(accord) => {
                let digest = accord.digest;
                self.texts.entry(digest).or_insert_with(|| TextState {
                    act: Some(act),
                    ..TextState::new(accord, text.into_bytes(), header.author, header.time)
                });
                Ok(digest)
            }
            Err(faults) => Err(faults.to_string()),
        });
    }
}

fn no_unit(name: &str) -> String {
    format!("{name:?} names no unit of a text")
}

/// Clauses as units of the text.
fn units(clauses: &[Topic]) -> Result<Vec<UnitKey>, String> {
    let ids = clauses.iter().filter_map(|topic| match topic {
        Topic::Clause(id) => Some(format!("clause {id}")),
        Topic::Subject(_) => None,
    });
    ids.map(|name| name.parse().map_err(|_| no_unit(&name))).collect()
}
