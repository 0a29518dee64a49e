//! Acts: signed statements by one party in one accord.
//!
//! An act is a header, which is signed and logged, and a body, which travels beside the log and is
//! bound to the header by a salted digest. A log can thus be shown without its contents, and any
//! body can be disclosed later and proved.

mod account;
mod admit;
mod alert;
mod body;
mod bracket;
mod consent;
mod erase;
mod feedback;
mod header;
mod keys;
mod kind;
mod lookup;
mod matching;
mod presented;
mod release;
mod reply;
mod reserve;
mod retraction;
mod stance;
mod suspend;
#[cfg(test)]
mod tests;
mod topic;

pub use account::{MAX_READOUT, Readout, ReadoutLine, Statement};
pub use admit::{Admission, AdmitFault};
pub use alert::{AlertName, AlertsSeen, MAX_ALERTS};
pub use body::{Body, MAX_BODY, MAX_REASON, MAX_TEXT};
pub use bracket::{Change, MAX_CHANGES, MAX_OPTION, MAX_OPTIONS, MAX_QUOTE, MAX_QUOTES, MAX_UNIT};
pub use consent::{
    Consent, ConsentAsk, ConsentRefusal, ConsentScope, MAX_CONSENT, Passage, onward,
};
pub use erase::Erasure;
pub use feedback::{Feedback, FeedbackLine, MAX_FEEDBACK, MAX_SIGHTED, UnknownUpshot, Upshot};
pub use header::{Header, MAX_SEEN, Seen};
pub use keys::Paired;
pub use kind::{ActKind, UnknownAct};
pub use lookup::{Filter, LOOKUP_KEY_LEN};
pub use matching::{
    Answer, Blame, Close, Engine, Learn, MAX_CLAUSE_ID, Mode, Offer, Outcome, UnknownWord,
};
pub use presented::{MAX_CONSENT_BODY, Presented};
pub use release::{MAX_LABEL, MAX_LABELS, MAX_MANIFEST, ManifestEntry, ObjectFacts, ReleaseBody};
pub(crate) use release::{read_kind, read_labels, read_tlp};
pub use reply::{Answering, Reply};
pub use reserve::Unilateral;
pub use retraction::{
    Done, MAX_PASSED, OwnCopies, Passed, RetractReason, Retraction, RetractionAnswer, UnknownDone,
    UnknownOwnCopies, UnknownRetractReason,
};
pub use stance::{MAX_CLAUSES, MAX_NOTE, MAX_SUBJECT, Matter, Stance, Step, Subject};
pub use suspend::{MAX_WAYS, Suspension, Way};
pub use topic::Topic;

use std::fmt;

use crate::encode::{DecodeError, DecodeFault};
use crate::id::Digest;
use crate::key::{PublicKey, SigningKey};
use crate::sign::{Unverified, Verified, VerifyError, sign};

/// The salt of a body: 32 random bytes, so that a short body can't be guessed from its digest.
pub type Salt = [u8; 32];

/// An act whose signature holds and whose body is the one that was signed.
#[derive(Clone)]
pub struct Act {
    header: Verified<Header>,
    body: Body,
    salt: Salt,
    body_bytes: Vec<u8>,
}

impl Act {
    /// Signs a new act. The caller fills the header but for its body digest.
    pub fn create(mut header: Header, body: Body, salt: Salt, key: &SigningKey) -> Act {
        let body_bytes = body.encode();
        header.kind = body.kind();
        header.body = body_digest(&salt, &body_bytes);
        Act { header: sign(header, key), body, salt, body_bytes }
    }

    /// Joins a verified header with its body.
    ///
    /// # Errors
    /// [`ActFault`]: the body is another one, is malformed or is of another kind.
    pub fn join(header: Verified<Header>, salt: Salt, body: &[u8]) -> Result<Act, ActFault> {
        if body.len() > MAX_BODY {
            return Err(ActFault::BodyTooLong { got: body.len() });
        }
        if body_digest(&salt, body) != header.value().body {
            return Err(ActFault::OtherBody);
        }
        let decoded = Body::decode(header.value().kind, body)?;
        Ok(Act { header, body: decoded, salt, body_bytes: body.to_vec() })
    }

    /// What was signed.
    pub fn header(&self) -> &Header {
        self.header.value()
    }

    /// The statement.
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// The key that signed.
    pub const fn key(&self) -> crate::id::KeyId {
        self.header.key()
    }

    /// The leaf of the log.
    pub fn leaf(&self) -> &[u8] {
        self.header.bytes()
    }

    /// Names this act: SHA-256 of its leaf.
    pub fn digest(&self) -> Digest {
        self.header.digest()
    }

    /// The salt of the body.
    pub const fn salt(&self) -> &Salt {
        &self.salt
    }

    /// The canonical bytes of the body.
    pub fn body_bytes(&self) -> &[u8] {
        &self.body_bytes
    }
}

/// Says which act it is, not what it says: bodies are long and may be confidential.
impl fmt::Debug for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Act({}, {})", self.header().kind, self.digest().short())
    }
}

/// Reads a leaf and checks its signatures under `key`.
///
/// # Errors
/// [`ActFault`]: malformed, or not signed by `key`.
pub fn open_leaf(leaf: &[u8], key: &PublicKey) -> Result<Verified<Header>, ActFault> {
    Ok(Unverified::<Header>::read(leaf)?.verify(key)?)
}

/// The salted digest that binds a body to its header.
pub fn body_digest(salt: &Salt, body: &[u8]) -> Digest {
    Digest::of("detente/body/1", &[salt, body])
}

/// Why an act is refused. Every one of these is the author's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActFault {
    /// The body is too long.
    #[error("body has {got} bytes, at most {MAX_BODY} allowed")]
    BodyTooLong {
        /// Bytes found.
        got: usize,
    },
    /// Header or body is not in its canonical form.
    #[error("act is malformed")]
    Malformed(#[from] DecodeError),
    /// The signatures do not hold.
    #[error("act is not signed by the key it names")]
    NotSigned(#[from] VerifyError),
    /// The body is not the one whose digest was signed.
    #[error("the body is not the one that was signed")]
    OtherBody,
}

impl ActFault {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            ActFault::BodyTooLong { .. } => "act_body_too_long",
            ActFault::Malformed(_) => "act_malformed",
            ActFault::NotSigned(_) => "act_not_signed",
            ActFault::OtherBody => "act_other_body",
        }
    }
}

/// A malformed act with a rule as its reason.
pub(crate) const fn rule(offset: usize, text: &'static str) -> DecodeError {
    DecodeError { offset, fault: DecodeFault::Rule(text) }
}
