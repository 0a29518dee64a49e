//! An auditor has seen alerts: changes that let more leave than before.
//!
//! Alerts themselves are computed from the record, never entered: see `detente-gate`. This act only
//! says that one was seen, and by which role.

use crate::act::rule;
use crate::act::stance::{MAX_NOTE, check_note};
use crate::encode::{DecodeError, Reader, Writer};
use crate::id::Digest;

/// Most alerts that one act acknowledges.
pub const MAX_ALERTS: usize = 256;

/// Alerts that were seen. The body of an `acknowledge-alert` act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertsSeen {
    /// The alerts, ascending, at least one, at most [`MAX_ALERTS`].
    pub alerts: Vec<AlertName>,
    /// A remark; may be empty. At most [`MAX_NOTE`] bytes.
    pub note: String,
}

/// Names an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlertName {
    /// The act that opens something, by the digest of its leaf.
    pub act: Digest,
    /// The change that the alert is about: the same act against another text in force is another
    /// alert.
    pub change: Digest,
}

impl AlertsSeen {
    /// Whether it says all that it must.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.alerts.is_empty() || self.alerts.len() > MAX_ALERTS {
            return Err("the act names no alert, or too many");
        }
        if !self.alerts.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err("alerts are not in ascending order");
        }
        check_note(&self.note)
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.array(2).array(self.alerts.len());
        for alert in &self.alerts {
            w.array(2).bytes(alert.act.as_bytes()).bytes(alert.change.as_bytes());
        }
        w.text(&self.note);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<AlertsSeen, DecodeError> {
        r.tuple(2)?;
        let mut alerts = Vec::new();
        for _ in 0..r.array(MAX_ALERTS)? {
            r.tuple(2)?;
            let act = Digest::new(r.fixed()?);
            alerts.push(AlertName { act, change: Digest::new(r.fixed()?) });
        }
        let read = AlertsSeen { alerts, note: r.text(MAX_NOTE)?.to_owned() };
        read.check().map_err(|words| rule(r.offset(), words))?;
        Ok(read)
    }
}
