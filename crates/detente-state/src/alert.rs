//! Alerts that auditors have seen. Which alerts there are is computed from the acts, in
//! `detente-gate`; here is only who has acknowledged which.

use detente_core::act::{AlertName, AlertsSeen, Header};
use detente_core::{Digest, PartyId, UnixSeconds};

use super::{Effect, State};

/// An alert that a party's auditor has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertSeen {
    /// The act that says so, by the digest of its leaf.
    pub act: Digest,
    /// When, by that party's clock.
    pub time: UnixSeconds,
}

impl State {
    /// Whether a party's auditor has seen an alert.
    pub fn alert_seen(&self, party: PartyId, alert: AlertName) -> Option<AlertSeen> {
        self.alerts_seen.get(&(party, alert)).copied()
    }

    pub(super) fn acknowledge_alerts(
        &mut self,
        header: &Header,
        act: Digest,
        own: &AlertsSeen,
    ) -> Result<Effect, String> {
        // Nobody has seen what an act opens that is not on record.
        if let Some(alert) = own.alerts.iter().find(|alert| !self.acts.contains_key(&alert.act)) {
            return Err(format!("act {} is not on record", alert.act.short()));
        }
        let before = self.alerts_seen.len();
        for alert in &own.alerts {
            let seen = AlertSeen { act, time: header.time };
            self.alerts_seen.entry((header.author, *alert)).or_insert(seen);
        }
        if self.alerts_seen.len() == before {
            return Err("these alerts are acknowledged already".to_owned());
        }
        Ok(Effect::InEffect)
    }
}
