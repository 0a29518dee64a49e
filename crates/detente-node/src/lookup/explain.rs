//! What a look-up tells whom, in plain words, before anything is asked.

use detente_core::{AccordId, Kind};
use detente_intel::Observable;
use detente_lookup::FALSE_POSITIVE_BITS;
use detente_match::padded_len;

use super::{Terms, describe};
use crate::error::NodeError;
use crate::matching::padding;
use crate::node::Node;
use crate::report::LookupPreview;

impl Node {
    /// What look-ups under this clause tell the two sides. Nothing is asked, nothing leaves.
    ///
    /// # Errors
    /// [`NodeError`]: nothing in force, no such clause.
    pub fn explain_lookup(
        &self,
        accord: AccordId,
        clause: &str,
        values: &[Observable],
    ) -> Result<LookupPreview, NodeError> {
        let terms = self.lookup_terms(accord, clause)?;
        let now = self.act_time(accord)?;
        let (runs, used) = self.state(accord)?.used(terms.asker, clause, &terms.rule, now);
        let standing = self.standing(&terms)?;
        let holds = terms.holder == self.party();
        let mut words = if holds {
            self.words_to_holder(&terms)
        } else {
            let real = u32::try_from(values.len()).unwrap_or(u32::MAX);
            let shown = (real, padded_len(real, padding(terms.rule.pad)));
            let mut words = if real > 0 { self.told_holder(&terms, shown) } else { Vec::new() };
            words.push(format!(
                "you learn whether {} lists what you ask, and nothing of the rest; an absent value \
                 is reported as listed with a chance of 2^-{FALSE_POSITIVE_BITS}",
                self.name_of(terms.holder)
            ));
            words
        };
        let budget = &terms.rule.budget;
        words.push(format!(
            "{} has used {runs} of {} queries and {used} of {} values in {}; a query that is given \
             up counts too",
            self.name_of(terms.asker),
            budget.runs,
            budget.items,
            budget.per
        ));
        words.push(
            "filter and query rest on Diffie-Hellman: who keeps the filter and has a large \
             quantum computer later can try values against it"
                .to_owned(),
        );
        Ok(LookupPreview {
            clause: clause.to_owned(),
            holder: self.name_of(terms.holder),
            asker: self.name_of(terms.asker),
            engine: terms.engine()?.name().to_owned(),
            filter: standing.as_ref().map(describe),
            words,
        })
    }

    fn words_to_holder(&self, terms: &Terms) -> Vec<String> {
        let asker = self.name_of(terms.asker);
        let budget = &terms.rule.budget;
        let mut words = vec![
            format!(
                "{asker} learns that you list at most {} indicators, not how many",
                terms.shape.items()
            ),
            format!("{asker} learns of each value that it asks whether you list it"),
            "you learn how many values a query may have, rounded up, and when; not which, and not \
             what was found"
                .to_owned(),
            format!(
                "each new filter tells {asker} how many entries changed since the last; what it \
                 asked before it can look up again in the new filter without a query"
            ),
        ];
        let low = Kind::guessable(&terms.rule.kinds);
        if !low.is_empty() {
            words.push(format!(
                "{} can be guessed one by one: {asker} may try {} values in {}",
                low.join(", "),
                budget.items,
                budget.per
            ));
        }
        words
    }

    /// What a query tells the holder: real and shown number of values.
    pub(super) fn told_holder(&self, terms: &Terms, (real, size): (u32, u32)) -> Vec<String> {
        let holder = self.name_of(terms.holder);
        let many = if real == size {
            format!("{holder} learns that you ask for {size} values, and when")
        } else {
            format!(
                "{holder} learns that you ask for at most {size} values, not that it is {real}, \
                 and when"
            )
        };
        vec![many, format!("{holder} learns neither which they are nor what is found")]
    }
}
