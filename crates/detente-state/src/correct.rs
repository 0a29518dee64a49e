//! Correction of errors in a text.
//!
//! Source: Vienna Convention on the Law of Treaties, article 79: the corrected text takes the place
//! of the defective one, with the signatures on it, once all parties have made the same correction.
//! A text that has come into force is not corrected here: acts rest on it by its digest. It is
//! amended.

use std::collections::{BTreeMap, BTreeSet};

use detente_accord::Accord;
use detente_core::act::Header;
use detente_core::{Digest, PartyId};

use super::{Effect, State, TextState};

/// Who has made which correction: from text, to text.
pub(super) type Corrections = BTreeMap<(Digest, Digest), BTreeSet<PartyId>>;

impl State {
    pub(super) fn correct(
        &mut self,
        header: &Header,
        act: Digest,
        (text, corrected): (Digest, &[u8]),
    ) -> Result<Effect, String> {
        let accord = Accord::parse(corrected).map_err(|faults| faults.to_string())?;
        let old = self.texts.get(&text).ok_or("no such text was proposed")?;
        // Acts name the text in force by its digest: what they rest on must not change behind them.
        if self.completed.contains(&text) {
            return Err("the text has come into force: mend it by an amendment".to_owned());
        }
        if accord.id() != self.accord {
            return Err("the corrected text is of another accord".to_owned());
        }
        if accord.digest == text {
            return Err("the corrected text is the same".to_owned());
        }
        if self.texts.contains_key(&accord.digest) {
            return Err("the corrected text was proposed as a text of its own".to_owned());
        }
        let digest = accord.digest;
        let made = self.corrections.entry((text, digest)).or_default();
        if !made.insert(header.author) {
            return Err("the party has made this correction".to_owned());
        }
        if !old.accord.parties.iter().all(|party| made.contains(&party.id)) {
            return Ok(Effect::InEffect);
        }
        let (act_of, bytes) = (Some(act), corrected.to_vec());
        let mended = TextState { accord, bytes, act: act_of, ..old.clone() };
        self.texts.insert(digest, mended);
        if let Some(old) = self.texts.get_mut(&text) {
            old.votes.clear();
            old.positions.clear();
        }
        self.corrected.insert(text, (digest, act));
        Ok(Effect::InEffect)
    }
}
