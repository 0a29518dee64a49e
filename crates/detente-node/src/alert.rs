//! Alerts: what the record lets leave more than before, until this party's auditor has seen it.
//!
//! They are computed when somebody asks, not at each fold. What a change opens is kept by the
//! change's digest while the process lives.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use detente_core::act::{ActKind, AlertName, AlertsSeen, Body, MAX_ALERTS};
use detente_core::party::Role;
use detente_core::{AccordId, Digest, PartyId};
use detente_gate::{Opening, Widening, openings, widening};
use detente_table::{AlertReport, alert};

use crate::error::NodeError;
use crate::named::begins;
use crate::node::Node;

/// Changes whose tables are compared at one asking. Count: a text made to be costly takes about a
/// second, and a peer may put forward as many as it likes. What is left out is an alert all the
/// same.
const MAX_COMPARED: usize = 32;
/// Changes of which is kept what they open. Count.
const MAX_KEPT: usize = 256;

/// What changes open, by the digest of the change and the text; or why that is not known.
pub(crate) type Kept = BTreeMap<(Digest, Digest), Arc<Result<Option<Widening>, String>>>;

impl Node {
    /// What a change opens, computed or kept; none if too many were computed at this asking.
    fn opened(
        &self,
        accord: AccordId,
        opening: &Opening,
        left: &mut usize,
    ) -> Result<Arc<Result<Option<Widening>, String>>, NodeError> {
        let change = (opening.name.change, opening.after);
        let mut kept = self.alerts_kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.get(&change) {
            return Ok(Arc::clone(found));
        }
        let Some(rest) = left.checked_sub(1) else {
            let words = "too many changes to compare at once; acknowledge some, and ask again";
            return Ok(Arc::new(Err(words.to_owned())));
        };
        *left = rest;
        let found = widening(self.state(accord)?, opening, self.now());
        let found = Arc::new(found.map_err(|fault| fault.to_string()));
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(change, Arc::clone(&found));
        Ok(found)
    }

    /// Alerts that this party's auditor has not acknowledged; with `all`, the others too.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn alerts(&self, accord: AccordId, all: bool) -> Result<Vec<AlertReport>, NodeError> {
        let names = |party: PartyId| self.name_of(party);
        let (book, own) = (self.book(accord)?, self.party());
        let mut left = MAX_COMPARED;
        let mut reports = Vec::new();
        // The newest first: what is left uncompared is old.
        for opening in openings(&book.state, &book.logs).into_iter().rev() {
            if !all && book.state.alert_seen(own, opening.name).is_some() {
                continue;
            }
            let opened = self.opened(accord, &opening, &mut left)?;
            let found = match &*opened {
                Ok(None) => continue,
                Ok(Some(found)) => Ok(found),
                Err(words) => Err(words.clone()),
            };
            let told = (book.row.slug.as_str(), own);
            reports.extend(alert(&book.state, told, &names, (&opening, found)));
        }
        reports.reverse();
        Ok(reports)
    }

    /// The auditor has seen these alerts: those of the acts that begin so, or all that are open.
    ///
    /// # Errors
    /// [`NodeError::Unknown`] if there is no such alert; [`NodeError::Denied`] if the role may not.
    pub fn acknowledge_alerts(
        &mut self,
        accord: AccordId,
        (acts, note): (&[String], &str),
        role: Option<Role>,
    ) -> Result<Vec<Digest>, NodeError> {
        let named = |report: &AlertReport| {
            acts.is_empty() || acts.iter().any(|act| begins(&report.act, act))
        };
        let open = self.alerts(accord, false)?;
        let mut names: Vec<AlertName> = Vec::new();
        for report in open.iter().filter(|report| named(report)) {
            let digest = |hex: &str| hex.parse::<Digest>().map_err(NodeError::damaged);
            names.push(AlertName { act: digest(&report.act)?, change: digest(&report.change)? });
        }
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            let name = acts.first().map_or("", String::as_str);
            let remedy = "see `detente alerts`: give eight digits of the act, or none for all";
            return Err(NodeError::unknown("open alert", name, remedy));
        }
        let role = Some(role.unwrap_or(Role::Auditor));
        let role = self.role_for(accord, ActKind::AcknowledgeAlert, role, None)?;
        let mut entered = Vec::new();
        for part in names.chunks(MAX_ALERTS) {
            let seen = AlertsSeen { alerts: part.to_vec(), note: note.to_owned() };
            seen.check().map_err(|words| {
                NodeError::denied("bad_note", words, "write a shorter, plain note")
            })?;
            let body = Body::AcknowledgeAlert(seen);
            entered.push(self.perform(accord, Some(role), body)?);
        }
        Ok(entered)
    }
}
