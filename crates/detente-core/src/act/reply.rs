//! Acts that say something about one earlier act: confirm, retract, contest, revoke a notice,
//! object to a reservation.
//!
//! Source: Vienna Convention on the Law of Treaties, articles 8 (confirmation), 20 (objection), 65
//! (contesting) and 68 (revocation).

use crate::act::stance::{MAX_NOTE, check_note};
use crate::act::{ActKind, rule};
use crate::encode::{DecodeError, Reader, Writer};
use crate::id::Digest;

/// What is said of the earlier act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answering {
    /// The party stands by what it had done without authority, alone or ad referendum.
    Confirm,
    /// The party takes its own act back.
    Retract,
    /// The party does not recognise the other's suspension or countermeasure.
    Contest,
    /// The party takes its notice of leaving back.
    RevokeNotice,
    /// The party objects to the other's reservation.
    Object,
    /// The party accepts the other's reservation before silence does.
    Accept,
}

impl Answering {
    /// Every answer.
    pub const ALL: [Answering; 6] = [
        Answering::Confirm,
        Answering::Retract,
        Answering::Contest,
        Answering::RevokeNotice,
        Answering::Object,
        Answering::Accept,
    ];

    /// The kind of act.
    pub const fn kind(self) -> ActKind {
        match self {
            Answering::Confirm => ActKind::Confirm,
            Answering::Retract => ActKind::Retract,
            Answering::Contest => ActKind::Contest,
            Answering::RevokeNotice => ActKind::RevokeNotice,
            Answering::Object => ActKind::Object,
            Answering::Accept => ActKind::Accept,
        }
    }

    /// The answer that acts of this kind give.
    pub fn of(kind: ActKind) -> Option<Answering> {
        Answering::ALL.into_iter().find(|answer| answer.kind() == kind)
    }
}

/// The body of an [`Answering`] act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The earlier act, by the digest of its leaf.
    pub act: Digest,
    /// Why; may be empty for a confirmation.
    pub reason: String,
    /// Of an objection alone: the accord shall not be in force between the two at all.
    pub precludes: bool,
}

impl Reply {
    /// Whether the body may stand in such an act.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self, answering: Answering) -> Result<(), &'static str> {
        if self.precludes && answering != Answering::Object {
            return Err("only an objection can keep the accord from being in force");
        }
        let needs_reason = !matches!(answering, Answering::Confirm | Answering::Accept);
        if needs_reason && self.reason.trim().is_empty() {
            return Err("the act gives no reason");
        }
        check_note(&self.reason)
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.array(3).bytes(self.act.as_bytes()).text(&self.reason).bool(self.precludes);
    }

    pub(super) fn read(r: &mut Reader<'_>, answering: Answering) -> Result<Reply, DecodeError> {
        r.tuple(3)?;
        let act = Digest::new(r.fixed()?);
        let reason = r.text(MAX_NOTE)?.to_owned();
        let reply = Reply { act, reason, precludes: r.bool()? };
        reply.check(answering).map_err(|words| rule(r.offset(), words))?;
        Ok(reply)
    }
}
