//! What can go wrong in a run, sorted by who is to blame.
//!
//! The crate has no faults of the environment: it does no I/O.

use thiserror::Error;

use crate::psi::ecdh::DecodeError;
pub use detente_lookup::Blame;
use detente_lookup::LookupError;

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

/// A look-up knows by itself who is at fault.
impl From<LookupError> for Error {
    fn from(error: LookupError) -> Error {
        match error.blame() {
            Blame::Caller => Error::Caller(CallerFault::Lookup(error)),
            Blame::Peer => Error::Peer(PeerFault::Lookup(error)),
        }
    }
}

/// Faults of the program at this end.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallerFault {
    /// A bucket was given when none was asked for.
    #[error("no bucket is due")]
    BucketNotDue,
    /// Another context was given when it was settled.
    #[error("the context of the run is settled")]
    ContextSettled,
    /// A context longer than the terms allow.
    #[error("context has {got} bytes, at most {max} allowed")]
    ContextTooLong {
        /// Its bytes.
        got: usize,
        /// The limit of the terms.
        max: u32,
    },
    /// More or fewer contexts than there are common items in the batch.
    #[error("{got} contexts given, {due} are due")]
    ContextsMiscounted {
        /// Contexts given.
        got: usize,
        /// Common items of the batch.
        due: usize,
    },
    /// Contexts were given when none were asked for.
    #[error("no contexts are due")]
    ContextsNotDue,
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
    /// The key to evaluate with is not the one of the terms.
    #[error("the key is another than the one of the terms")]
    KeyDiffers,
    /// Our list has no layout under the keys tried: too many items in one part of it. Chance
    /// below 2^-40 for each key.
    #[error("the list could not be laid out; offer a new run")]
    LayoutFailed,
    /// A padded length above the limit.
    #[error("list of {got} items, at most {max} allowed")]
    ListTooLong {
        /// The padded length.
        got: u32,
        /// The limit.
        max: u32,
    },
    /// What was entered can't be looked up, or a bucket of the filter that was kept is damaged.
    #[error(transparent)]
    Lookup(LookupError),
    /// A look-up in which the other end asks, in which both learn, or of nothing.
    #[error("in a look-up the initiator asks for one value at least, and learns alone")]
    LookupTerms,
    /// The engine can't go on after a cut line.
    #[error("this engine does not go on after a cut")]
    NotResumable,
    /// The outcome was asked for before the run had ended.
    #[error("the run has not ended")]
    NotDone,
    /// The engine does not have this mode.
    #[error("this engine does not have this mode")]
    ModeUnknown,
    /// Contexts in a run in which one end does not learn what is common, or of a length that is
    /// not 1 to [`MAX_PAYLOAD_BYTES`](crate::MAX_PAYLOAD_BYTES).
    #[error("contexts of {bytes} bytes: both ends must learn, and the length is at most {max}")]
    PayloadTerms {
        /// The length asked for.
        bytes: u32,
        /// The limit.
        max: u32,
    },
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
            CallerFault::BucketNotDue => "bucket_not_due",
            CallerFault::ContextSettled => "context_settled",
            CallerFault::ContextTooLong { .. } => "context_too_long",
            CallerFault::ContextsMiscounted { .. } => "contexts_miscounted",
            CallerFault::ContextsNotDue => "contexts_not_due",
            CallerFault::DuplicateItem { .. } => "duplicate_item",
            CallerFault::ItemEmpty => "item_empty",
            CallerFault::ItemTooLong { .. } => "item_too_long",
            CallerFault::KeyDiffers => "key_differs",
            CallerFault::LayoutFailed => "layout_failed",
            CallerFault::ListTooLong { .. } => "list_too_long",
            CallerFault::Lookup(error) => error.code(),
            CallerFault::LookupTerms => "lookup_terms",
            CallerFault::ModeUnknown => "mode_unknown",
            CallerFault::NotDone => "not_done",
            CallerFault::NotResumable => "not_resumable",
            CallerFault::PayloadTerms { .. } => "payload_terms",
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
    /// The share that was committed to is another one than the share shown.
    #[error("peer shows another share than it had committed to")]
    CommitmentBroken,
    /// A context that opens, but is not filled up with zeros or says a length above the agreed one.
    #[error("context {index} of the peer is malformed")]
    ContextMalformed {
        /// Its place among the common items.
        index: u32,
    },
    /// A context that does not open: changed, of another item, of another run, or sealed without
    /// the item.
    #[error("context {index} of the peer does not open")]
    ContextUnopened {
        /// Its place among the common items.
        index: u32,
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
    /// The bits that the peer entered into the transfers differ from column to column: it may be
    /// after our secret.
    #[error("peer's transfers are not consistent")]
    ExtensionInconsistent,
    /// More common items than the peer's list, or ours, has places: it entered more than was
    /// agreed.
    #[error("{got} common items, but the lists agreed hold at most {max}")]
    FoundTooMany {
        /// Common items so far.
        got: usize,
        /// Length of the shorter list.
        max: u32,
    },
    /// The proof of what is common does not hold: the peer claims items that it does not have.
    #[error("peer claims common items without proof")]
    FoundUnproved,
    /// Bytes that are no frame.
    #[error("frame of {got} bytes is malformed")]
    FrameMalformed {
        /// Its bytes.
        got: usize,
    },
    /// A frame above the limit.
    #[error("frame has {got} bytes, at most {max} allowed")]
    FrameTooLong {
        /// Its bytes.
        got: usize,
        /// The limit.
        max: usize,
    },
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
    /// A query or a reply that no honest peer sends.
    #[error(transparent)]
    Lookup(LookupError),
    /// The bytes are no message.
    #[error("malformed message")]
    Malformed(#[source] DecodeError),
    /// Counts of masks that do not add up to the agreed number.
    #[error("peer's masks are not as many as agreed")]
    MasksMiscounted,
    /// Masks that are not in strictly ascending order.
    #[error("mask {index} is not in ascending order")]
    MasksUnsorted {
        /// Its place.
        index: u32,
    },
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
    /// After a cut, the peer wants what it has acknowledged or what was never sent.
    #[error("peer goes on at a place that is not held")]
    ResumeUnknown,
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
    /// A base transfer that is not valid.
    #[error("base transfer {index} is not valid")]
    TransferInvalid {
        /// Its number.
        index: usize,
    },
    /// The two ends have not seen the same messages.
    #[error("peer has seen other messages than we")]
    TranscriptDiffers,
    /// The trees that the peer gave do not fit each other: it may be after our noise.
    #[error("peer's trees are not consistent")]
    TreesInconsistent,
    /// Answers of a count must be in ascending order.
    #[error("answer {index} is not in ascending order")]
    Unsorted {
        /// Its place in the list.
        index: u32,
    },
    /// The answer of a run in which only the initiator learns was not left blank.
    #[error("confirmation shows an answer that must stay blank")]
    VerdictShown,
    /// A frame of another length than its step and offset ask for.
    #[error("frame carries {got} bytes, {expected} are due")]
    WrongFrame {
        /// Bytes in it.
        got: usize,
        /// Bytes due.
        expected: u64,
    },
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
    /// A frame that does not follow the one before.
    #[error("frame starts at byte {got}, {expected} is due")]
    WrongOffset {
        /// Its offset.
        got: u64,
        /// The offset due.
        expected: u64,
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
            PeerFault::CommitmentBroken => "commitment_broken",
            PeerFault::ContextMalformed { .. } => "context_malformed",
            PeerFault::ContextUnopened { .. } => "context_unopened",
            PeerFault::CountDiffers { .. } => "count_differs",
            PeerFault::DigestDiffers => "digest_differs",
            PeerFault::DuplicatePoint => "duplicate_point",
            PeerFault::ExtensionInconsistent => "extension_inconsistent",
            PeerFault::FoundTooMany { .. } => "found_too_many",
            PeerFault::FoundUnproved => "found_unproved",
            PeerFault::FrameMalformed { .. } => "frame_malformed",
            PeerFault::FrameTooLong { .. } => "frame_too_long",
            PeerFault::IdentityPoint { .. } => "identity_point",
            PeerFault::InvalidPoint { .. } => "invalid_point",
            PeerFault::KeyReflected => "key_reflected",
            PeerFault::Lookup(error) => error.code(),
            PeerFault::Malformed(error) => error.code(),
            PeerFault::MasksMiscounted => "masks_miscounted",
            PeerFault::MasksUnsorted { .. } => "masks_unsorted",
            PeerFault::OutOfOrder { .. } => "out_of_order",
            PeerFault::PointsReflected => "points_reflected",
            PeerFault::ProofFailed { .. } => "proof_failed",
            PeerFault::ProofMisplaced { .. } => "proof_misplaced",
            PeerFault::ResumeUnknown => "resume_unknown",
            PeerFault::TermsDiffer => "terms_differ",
            PeerFault::TooFewPoints { .. } => "too_few_points",
            PeerFault::TooManyPoints { .. } => "too_many_points",
            PeerFault::TransferInvalid { .. } => "transfer_invalid",
            PeerFault::TranscriptDiffers => "transcript_differs",
            PeerFault::TreesInconsistent => "trees_inconsistent",
            PeerFault::Unsorted { .. } => "unsorted",
            PeerFault::VerdictShown => "verdict_shown",
            PeerFault::WrongFrame { .. } => "wrong_frame",
            PeerFault::WrongLength { .. } => "wrong_length",
            PeerFault::WrongOffset { .. } => "wrong_offset",
            PeerFault::WrongStart { .. } => "wrong_start",
        }
    }
}
