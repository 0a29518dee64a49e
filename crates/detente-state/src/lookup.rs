//! Filters to look up in: which stand, and which may be published.

use super::{Effect, Entry, MatchRefusal, State};
use detente_core::UnixSeconds;
use detente_core::act::{Act, Answer, Filter, Offer};
use detente_core::{Digest, PartyId};

/// A filter on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The act, by the digest of its leaf.
    pub act: Digest,
    /// Who holds the list.
    pub holder: PartyId,
    /// When, by the holder's clock.
    pub at: UnixSeconds,
    /// What it says.
    pub filter: Filter,
}

impl State {
    /// The filter that stands under a clause of a text: the last that its holder published.
    pub fn filter(&self, text: &Digest, clause: &str) -> Option<&Published> {
        let mut filters = self.filters.iter().rev();
        filters.find(|other| other.filter.text == *text && other.filter.clause == clause)
    }

    /// Whether a party may publish this filter now.
    ///
    /// # Errors
    /// [`MatchRefusal`].
    pub fn check_filter(
        &self,
        author: PartyId,
        filter: &Filter,
        now: UnixSeconds,
    ) -> Result<(), MatchRefusal> {
        let in_force = self.governing((author, None), None, now)?.digest;
        if filter.text != in_force {
            return Err(MatchRefusal::OtherText { named: filter.text, in_force });
        }
        let clause = filter.clause.as_str();
        let entry = Entry { party: author, clause, size: 0, offers: false };
        let rule = self.may_match(&entry, now)?;
        let other = |what| MatchRefusal::OtherTerms { clause: clause.to_owned(), what };
        let terms = rule.lookup.as_ref().ok_or_else(|| other("mode"))?;
        if filter.items != terms.filter_items {
            return Err(other("length of the filter"));
        }
        if !rule.engine(rule.mode).is_named_by(&filter.engine) {
            return Err(other("engine"));
        }
        // Within an epoch there is one key, and each filter says which one it follows; a new epoch
        // has another key and begins anew.
        let follows = match self.filter(&in_force, clause).map(|last| &last.filter) {
            None => filter.previous.is_none(),
            Some(last) if last.epoch == filter.epoch => {
                filter.key == last.key && filter.previous == Some(last.digest)
            }
            Some(last) => {
                filter.epoch > last.epoch && filter.key != last.key && filter.previous.is_none()
            }
        };
        if follows { Ok(()) } else { Err(other("filter (it does not follow the last)")) }
    }

    pub(super) fn publish_filter(&mut self, act: &Act, filter: &Filter) -> Result<Effect, String> {
        let header = act.header();
        self.check_filter(header.author, filter, header.time).map_err(|e| e.to_string())?;
        self.filters.push(Published {
            act: act.digest(),
            holder: header.author,
            at: header.time,
            filter: filter.clone(),
        });
        Ok(Effect::InEffect)
    }

    /// The answer to a query enters nothing: it names the filter that stands, whose key evaluates.
    pub(super) fn check_lookup_answer(&self, offer: &Offer, answer: &Answer) -> Result<(), String> {
        let stands = self.filter(&offer.text, &offer.clause).map(|filter| filter.act);
        if answer.size != 0 || stands != Some(answer.commitment) {
            return Err("it does not name the filter that stands".to_owned());
        }
        Ok(())
    }
}
