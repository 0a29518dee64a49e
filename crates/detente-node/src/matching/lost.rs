//! Runs that nobody drives any more: the node ended while they were under way.
//!
//! What such a run knew is gone with the process, so it can only be closed: a run that stands open
//! looks as if it went on, and in mode `payload` carries releases.

use detente_core::act::ActKind;
use detente_core::party::Role;
use detente_core::{AccordId, RunId};

use crate::error::NodeError;
use crate::node::Node;

impl Node {
    /// Closes every run of this party that its log has not closed, as an abort of its own. Whoever
    /// opens a home calls this once, before anything else is begun on it: then no run is driven.
    /// Accords in which nothing can be written are passed over: an old copy of the home, or a text
    /// that gives the analyst no power to close.
    ///
    /// Returns how many were closed; they go to the other side at the next contact.
    ///
    /// # Errors
    /// [`NodeError::Store`], [`NodeError::Entropy`].
    pub fn close_lost_runs(&mut self) -> Result<u64, NodeError> {
        let own = self.party();
        let open = |(run, known): (&RunId, &detente_state::Run)| {
            (known.has(own) && !known.closes.contains_key(&own)).then_some(*run)
        };
        let lost: Vec<(AccordId, Vec<RunId>)> = self
            .books()
            .map(|book| (book.row.id, book.state.runs.iter().filter_map(open).collect()))
            .collect();
        let mut closed = 0;
        for (accord, runs) in lost {
            let role = Some(Role::Analyst);
            let may = self.role_for(accord, ActKind::CloseMatch, role, None).is_ok();
            if !may || self.is_newest(accord).is_err() {
                continue;
            }
            for run in runs {
                self.abort(accord, run, &ended())?;
                closed += 1;
            }
        }
        Ok(closed)
    }
}

fn ended() -> NodeError {
    NodeError::denied("node_ended", "the node ended while the run was under way", "offer a new run")
}
