//! What the other side would learn from a run, in plain words, before anything leaves.

use detente_core::act::{Learn, Mode};
use detente_core::{AccordId, Tlp};
use detente_match::{Engine, padded_len};
use detente_state::Entry;

use super::{own_engine, padding, refused};
use crate::error::NodeError;
use crate::node::Node;
use crate::report::{ContextPreview, MatchPreview};

impl Node {
    /// What a run under this clause would tell the other side. Nothing is offered, nothing leaves.
    ///
    /// # Errors
    /// [`NodeError`] as for an offer: nothing in force, no such clause, a stop.
    pub fn explain_match(
        &self,
        accord: AccordId,
        clause: &str,
        count_only: bool,
    ) -> Result<MatchPreview, NodeError> {
        let own = self.party();
        let now = self.act_time(accord)?;
        let probe = Entry { party: own, clause, size: 0, offers: true };
        let state = self.state(accord)?;
        let rule = state.may_match(&probe, now).map_err(|error| refused(&error))?;
        crate::lookup::is_no_lookup(rule, clause)?;
        let peer = super::match_peer(self, accord, clause)?;
        let mode = if count_only { Mode::Count } else { rule.mode };
        let engine = own_engine(rule, mode)?;
        let all = self.store.count(&rule.kinds)?;
        let mut contexts = match (mode, rule.payload_bytes) {
            (Mode::Payload, Some(room)) => Some(ContextPreview { room, ..Default::default() }),
            _ => None,
        };
        let source = self.source(accord, (peer, clause), &rule.kinds)?;
        let mut reader = source.reader();
        let mut entered = 0u32;
        while let Some(items) = reader.next(self)? {
            entered = entered.saturating_add(u32::try_from(items.len()).unwrap_or(u32::MAX));
            if let Some(contexts) = &mut contexts {
                self.preview_contexts(accord, (clause, peer), &items, contexts)?;
            }
        }
        let size = padded_len(entered, padding(rule.pad));
        let (runs, used) = state.used(own, clause, rule, now);
        let name = self.name_of(peer);
        let mut words = vec![self.sizes(&name, (entered, size), all)];
        words.push(told(&name, mode, rule.learn));
        words.extend(contexts.iter().map(|contexts| {
            format!(
                "of the contexts of what you enter, {} would leave if their indicator is common, \
                 each on record before it leaves, and {} stay; caps count what leaves, and \
                 contexts of all else stay here",
                contexts.may_leave, contexts.stay
            )
        }));
        words.push(format!(
            "this is run {} of {} in {}, and {} of {} items are used: each further run on a \
             changed list tells {name} what the change did to the answer",
            runs + 1,
            rule.budget.runs,
            rule.budget.per,
            used,
            rule.budget.items
        ));
        words.extend(counted(&engine, size));
        words.extend(ceiling(rule.max_tlp, self.governing(accord)?.default_tlp));
        words.extend(guesses(&name, &rule.kinds));
        words.extend(overstated(&name, &engine, rule.max_items));
        words.push(
            "who offers learns first and can stop then; a stop is on record and uses the budget"
                .to_owned(),
        );
        Ok(MatchPreview {
            clause: clause.to_owned(),
            peer: name,
            mode: mode.name().to_owned(),
            engine: engine.name().to_owned(),
            entered,
            held_out: all.saturating_sub(u64::from(entered)),
            size,
            words,
            contexts,
        })
    }

    fn sizes(&self, peer: &str, (entered, size): (u32, u32), all: u64) -> String {
        let out = all.saturating_sub(u64::from(entered));
        let held_out = if out == 0 {
            String::new()
        } else {
            format!(
                "; {out} more stay out, since their marking, the clause's ceiling or a prohibition \
                 keeps them in"
            )
        };
        if size == entered {
            format!("{peer} would learn that you enter {entered} indicators{held_out}")
        } else {
            format!(
                "{peer} would learn that you enter at most {size} indicators, not that it is \
                 {entered}{held_out}"
            )
        }
    }
}

/// What the answer tells the other side.
fn told(peer: &str, mode: Mode, learn: Learn) -> String {
    match (learn, mode) {
        (Learn::Initiator, _) => format!("{peer} would learn nothing of what is common"),
        (Learn::Both, Mode::Lookup) => format!("{peer} would learn which of what it asks you list"),
        (Learn::Both, Mode::Which | Mode::Payload) => {
            format!("{peer} would learn which of its own indicators you hold too")
        }
        (Learn::Both, Mode::Count) => format!(
            "{peer} would learn how many indicators are common; a program that breaks the protocol \
             could learn which of its own"
        ),
    }
}

/// How a short list counts, where it counts for more than it is.
fn counted(engine: &Engine, size: u32) -> Option<String> {
    let least = engine.entered_free(0, 0);
    (u64::from(size) < least).then(|| {
        format!(
            "the run uses {least} of the budget of items: so many a program that breaks the \
             protocol could try with the shortest list"
        )
    })
}

/// Up to which colour anything enters, where the clause says it.
fn ceiling(max: Option<Tlp>, unmarked: Tlp) -> Option<String> {
    max.map(|max| {
        format!(
            "the clause lets in what is marked up to {max}; what is unmarked counts as {unmarked}"
        )
    })
}

/// How many values a party that offers can have tried beyond the cap.
fn overstated(peer: &str, engine: &Engine, max: u32) -> Option<String> {
    let bound = engine.entered_bound(max);
    (bound > u64::from(max)).then(|| {
        format!(
            "if {peer} offers the run and its program breaks the protocol, it can have tried up to \
             {bound} values instead of {max}"
        )
    })
}

/// Which kinds can be guessed one by one.
pub(super) fn guesses(peer: &str, kinds: &[detente_core::Kind]) -> Option<String> {
    let low = detente_core::Kind::guessable(kinds);
    (!low.is_empty()).then(|| {
        format!(
            "{} can be guessed one by one: {peer} may enter addresses it does not hold, up to \
             the cap",
            low.join(", ")
        )
    })
}
