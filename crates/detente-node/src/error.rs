//! What can go wrong in a use case, sorted by who is at fault.

use detente_accord::Faults;
use detente_core::party::CardFault;
use detente_peer::Refusal;

use crate::ports::{EntropyError, LinkError, StoreError};

/// Who must do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The caller asked for what there is not, or in a form that can't be.
    Caller,
    /// Disk, database or operating system.
    Environment,
    /// The line, or the other node is away: try again.
    Line,
    /// The other node broke the protocol or the accord; it is on record.
    Peer,
    /// The accord, an authority or the other node says no.
    Refused,
}

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// A text has faults.
    #[error("the text of the accord is refused")]
    Accord(#[from] Faults),
    /// A card is unsound.
    #[error("the party card is refused")]
    Card(#[from] CardFault),
    /// The own record fails its own checks.
    #[error("the record of this home is damaged: {0}")]
    Damaged(String),
    /// The accord or an authority says no.
    #[error("{words}")]
    Denied {
        /// A stable machine code.
        code: &'static str,
        /// What is refused and why.
        words: String,
        /// What to do.
        remedy: String,
    },
    /// No entropy.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The session failed.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The other node broke the protocol.
    #[error("the other node broke the protocol: {words}")]
    Misbehaved {
        /// A stable machine code.
        code: String,
        /// What it did.
        words: String,
    },
    /// The other node says no.
    #[error("the other node refuses")]
    PeerRefused(#[source] Refusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such thing.
    #[error("there is no {what} {name:?}")]
    Unknown {
        /// Party, accord, clause, run ...
        what: &'static str,
        /// As it was asked for.
        name: String,
        /// What to do.
        remedy: String,
    },
}

impl NodeError {
    /// A denial.
    pub fn denied(
        code: &'static str,
        words: impl Into<String>,
        remedy: impl Into<String>,
    ) -> NodeError {
        NodeError::Denied { code, words: words.into(), remedy: remedy.into() }
    }

    /// Something that is not there.
    pub fn unknown(what: &'static str, name: &str, remedy: impl Into<String>) -> NodeError {
        let name = name.chars().take(100).collect();
        NodeError::Unknown { what, name, remedy: remedy.into() }
    }

    /// A damaged record.
    pub fn damaged(error: impl std::fmt::Display) -> NodeError {
        NodeError::Damaged(error.to_string())
    }

    /// Who must act.
    pub const fn class(&self) -> Class {
        match self {
            NodeError::Accord(_) | NodeError::Card(_) => Class::Refused,
            NodeError::Denied { .. } | NodeError::PeerRefused(_) => Class::Refused,
            NodeError::Damaged(_) | NodeError::Entropy(_) | NodeError::Store(_) => {
                Class::Environment
            }
            NodeError::Link(LinkError::Misbehaved(_)) | NodeError::Misbehaved { .. } => Class::Peer,
            NodeError::Link(_) => Class::Line,
            NodeError::Unknown { .. } => Class::Caller,
        }
    }

    /// A stable machine code.
    pub fn code(&self) -> &str {
        match self {
            NodeError::Accord(faults) => faults.code(),
            NodeError::Card(fault) => fault.code(),
            NodeError::Damaged(_) => "record_damaged",
            NodeError::Denied { code, .. } => code,
            NodeError::Entropy(_) => "no_entropy",
            NodeError::Link(LinkError::Cut) => "line_cut",
            NodeError::Link(LinkError::Misbehaved(_)) => "peer_misbehaved",
            NodeError::Link(LinkError::Unreachable { .. }) => "peer_unreachable",
            NodeError::Misbehaved { code, .. } => code,
            NodeError::PeerRefused(refusal) => &refusal.code,
            NodeError::Store(error) => error.code(),
            NodeError::Unknown { .. } => "unknown",
        }
    }

    /// What to do, if it can be said.
    pub fn remedy(&self) -> Option<&str> {
        match self {
            NodeError::Denied { remedy, .. } | NodeError::Unknown { remedy, .. } => Some(remedy),
            NodeError::Damaged(_) => {
                Some("keep this folder as it is, restore a backup beside it, and verify an export")
            }
            NodeError::Link(LinkError::Cut) => Some("run the command again: it goes on from there"),
            NodeError::Store(error) => error.remedy(),
            _ => None,
        }
    }
}
