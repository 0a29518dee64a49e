//! What can go wrong in a run, sorted by who is to blame.
//!
//! The crate has no faults of the environment: it does no I/O.

use thiserror::Error;

use crate::psi::ecdh::DecodeError;

/// Why a run cannot start or go on. A session that returned one is void and returns it again.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// This end's program entered something that the engine does not take.
    #[error(transparent)]
    Caller(#[from] CallerFault),
    /// The peer sent something that an honest peer with the same terms never sends.
    #[error(transparent)]
    Peer(#[from] PeerFault),
}

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The program at this end.
    Caller,
    /// The other end.
    Peer,
}

impl Error {
    /// Who is at fault.
    pub fn blame(&self) -> Blame {
        match self {
            Error::Caller(_) => Blame::Caller,
            Error::Peer(_) => Blame::Peer,
        }
    }

    /// A stable name of the fault in snake case, for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Caller(fault) => fault.code(),
            Error::Peer(fault) => fault.code(),
        }
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Error {
        Error::Peer(PeerFault::Malformed(error))
    }
}

/// Faults of the program at this end.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallerFault {
    /// Two of our items are equal. Counts would be wrong, so it is not mended silently.
    #[error("items {first} and {second} are equal")]
    DuplicateItem {
        /// Position of the one in the list given.
        first: usize,
        /// Position of the other.
        second: usize,
    },
    /// An item without bytes.
    #[error("item is empty")]
    ItemEmpty,
    /// An item above the limit.
    #[error("item has {got} bytes, at most {max} allowed")]
    ItemTooLong {
        /// Its bytes.
        got: usize,
        /// The limit.
        max: usize,
    },
    /// A padded length above the limit.
    #[error("list of {got} items, at most {max} allowed")]
    ListTooLong {
        /// The padded length.
        got: u32,
        /// The limit.
        max: u32,
    },
    /// The outcome was asked for before the run had ended.
    #[error("the run has not ended")]
    NotDone,
    /// More items than the padded length that both ends agreed.
    #[error("{items} items do not fit the agreed length of {padded}")]
    PaddingTooShort {
        /// Items given.
        items: usize,
        /// The agreed length.
        padded: u32,
    },
}

impl CallerFault {
    /// A stable name of the fault in snake case.
    pub fn code(&self) -> &'static str {
        match self {
            CallerFault::DuplicateItem { .. } => "duplicate_item",
            CallerFault::ItemEmpty => "item_empty",
            CallerFault::ItemTooLong { .. } => "item_too_long",
            CallerFault::ListTooLong { .. } => "list_too_long",
            CallerFault::NotDone => "not_done",
            CallerFault::PaddingTooShort { .. } => "padding_too_short",
        }
    }
}

/// Faults of the peer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PeerFault {
    /// A message after the run had ended.
    #[error("message {got} after the end of the run")]
    AfterFinish {
        /// Its kind.
        got: &'static str,
    },
    /// Answers to points that we have not sent yet, or that are not due at all.
    #[error("answer to point {start}, but only {asked} points were asked")]
    AnswerUnasked {
        /// First point that it answers.
        start: u32,
        /// Points that we have sent.
        asked: u32,
    },
    /// The peer counted differently.
    #[error("peer counts {theirs} common items, we count {ours}")]
    CountDiffers {
        /// Our count.
        ours: u64,
        /// Its count.
        theirs: u64,
    },
    /// The peer has other common points.
    #[error("peer has other common items")]
    DigestDiffers,
    /// The peer's list holds one point twice.
    #[error("peer's list holds the same point twice")]
    DuplicatePoint,
    /// The neutral element, which would match every other neutral element.
    #[error("point {index} is the identity")]
    IdentityPoint {
        /// Its place in its list; 0 for a key.
        index: u32,
    },
    /// Bytes that are not the canonical encoding of a point (RFC 9496 §4.3.1).
    #[error("point {index} is not a canonical encoding")]
    InvalidPoint {
        /// Its place in its list; 0 for a key.
        index: u32,
    },
    /// The peer gave our own key point back.
    #[error("peer reflects our key")]
    KeyReflected,
    /// The bytes are no message.
    #[error("malformed message")]
    Malformed(#[source] DecodeError),
    /// A message that does not fit the state of the run.
    #[error("message {got} out of order")]
    OutOfOrder {
        /// Its kind.
        got: &'static str,
    },
    /// The peer gave points of our own list back as its list.
    #[error("peer's list reflects our points")]
    PointsReflected,
    /// The proof that a chunk was raised with the committed key does not hold.
    #[error("proof for the points from {start} does not hold")]
    ProofFailed {
        /// First point of the chunk.
        start: u32,
    },
    /// A proof is missing where the mode has one, or present where it has none.
    #[error("answer from {start} is of the other mode")]
    ProofMisplaced {
        /// First point of the chunk.
        start: u32,
    },
    /// The peer entered other terms: context, mode, who learns, lengths or version.
    #[error("peer's terms differ from ours")]
    TermsDiffer,
    /// The peer wants to end the run before its lists are complete.
    #[error("{got} of {expected} points when the peer confirmed")]
    TooFewPoints {
        /// Points received, answers included.
        got: u64,
        /// Points due.
        expected: u64,
    },
    /// The peer goes on after its list is complete.
    #[error("points after the end of a list of {len}")]
    TooManyPoints {
        /// The agreed length.
        len: u32,
    },
    /// The two ends have not seen the same messages.
    #[error("peer has seen other messages than we")]
    TranscriptDiffers,
    /// Answers of a count must be in ascending order.
    #[error("answer {index} is not in ascending order")]
    Unsorted {
        /// Its place in the list.
        index: u32,
    },
    /// The answer of a run in which only the initiator learns was not left blank.
    #[error("confirmation shows an answer that must stay blank")]
    VerdictShown,
    /// A chunk of another length than the list and its start ask for.
    #[error("chunk from {start} has {got} points, {expected} are due")]
    WrongLength {
        /// First point of the chunk.
        start: u32,
        /// Points in it.
        got: usize,
        /// Points due.
        expected: u32,
    },
    /// A chunk that does not follow the one before.
    #[error("chunk starts at {got}, {expected} is due")]
    WrongStart {
        /// Its start.
        got: u32,
        /// The start due.
        expected: u32,
    },
}

impl PeerFault {
    /// A stable name of the fault in snake case.
    pub fn code(&self) -> &'static str {
        match self {
            PeerFault::AfterFinish { .. } => "after_finish",
            PeerFault::AnswerUnasked { .. } => "answer_unasked",
            PeerFault::CountDiffers { .. } => "count_differs",
            PeerFault::DigestDiffers => "digest_differs",
            PeerFault::DuplicatePoint => "duplicate_point",
            PeerFault::IdentityPoint { .. } => "identity_point",
            PeerFault::InvalidPoint { .. } => "invalid_point",
            PeerFault::KeyReflected => "key_reflected",
            PeerFault::Malformed(error) => error.code(),
            PeerFault::OutOfOrder { .. } => "out_of_order",
            PeerFault::PointsReflected => "points_reflected",
            PeerFault::ProofFailed { .. } => "proof_failed",
            PeerFault::ProofMisplaced { .. } => "proof_misplaced",
            PeerFault::TermsDiffer => "terms_differ",
            PeerFault::TooFewPoints { .. } => "too_few_points",
            PeerFault::TooManyPoints { .. } => "too_many_points",
            PeerFault::TranscriptDiffers => "transcript_differs",
            PeerFault::Unsorted { .. } => "unsorted",
            PeerFault::VerdictShown => "verdict_shown",
            PeerFault::WrongLength { .. } => "wrong_length",
            PeerFault::WrongStart { .. } => "wrong_start",
        }
    }
}
