//! Duties and dates of an accord, as this party sees them.

use detente_core::{AccordId, PartyId, UnixSeconds};
use detente_state::{Duties, duties};
use detente_table::duties::{Asking, DutiesReport, Whose};

use crate::error::NodeError;
use crate::node::Node;

impl Node {
    /// What is owed by whom until when at `at`, or now, and what became of it.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn duties(
        &self,
        accord: AccordId,
        whose: Whose,
        at: Option<UnixSeconds>,
    ) -> Result<DutiesReport, NodeError> {
        let now = at.unwrap_or_else(|| self.now());
        let book = self.book(accord)?;
        let names = |party: PartyId| self.name_of(party);
        let asking = Asking { accord: &book.row.slug, own: self.party(), whose, now };
        let found = self.owed(accord, now)?;
        Ok(detente_table::duties::duties(&book.state, &found, &names, &asking))
    }

    /// The duties of an accord as of a moment.
    pub(crate) fn owed(&self, accord: AccordId, now: UnixSeconds) -> Result<Duties, NodeError> {
        let book = self.book(accord)?;
        Ok(duties(&book.logs, &book.state, &|_| now))
    }
}
