//! What can go wrong in a look-up, sorted by who is to blame.

use super::params::{
    ELEMENT_BYTES, MAX_BUCKET_BYTES, MAX_FILTER_ITEMS, MAX_INPUT_BYTES, MAX_QUERY, MIN_FILTER_ITEMS,
};

/// Which end is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The program at this end.
    Caller,
    /// The other end.
    Peer,
}

/// Why a look-up, a filter or an update is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// A bucket holds what no encoder writes.
    #[error("bucket {bucket} of the filter is malformed")]
    BucketMalformed {
        /// Its number, from 0.
        bucket: u32,
    },
    /// A bucket takes more bytes than its length can say. Chance below 2^-30,000.
    #[error("bucket {bucket} of the filter takes more than {MAX_BUCKET_BYTES} bytes")]
    BucketTooLong {
        /// Its number, from 0.
        bucket: u32,
    },
    /// A filter of another size than was agreed.
    #[error("the filter has {got} values, agreed are {want}")]
    FilterMiscounted {
        /// Values in it.
        got: u64,
        /// Values agreed.
        want: u32,
    },
    /// A length for which there is no filter.
    #[error("a filter of {got} values; {MIN_FILTER_ITEMS} to {MAX_FILTER_ITEMS} are possible")]
    FilterSize {
        /// Values asked for.
        got: u32,
    },
    /// More real values than the agreed length.
    #[error("{got} values do not fit into a filter of {max}")]
    FilterTooSmall {
        /// Real values.
        got: u64,
        /// The agreed length.
        max: u32,
    },
    /// Values given out of order.
    #[error("values of the filter out of order")]
    FilterUnsorted,
    /// An input that the group can't take, or of more than `MAX_INPUT_BYTES`.
    #[error("value {index} can't be looked up (at most {MAX_INPUT_BYTES} bytes)")]
    InputUnusable {
        /// Its place, from 0.
        index: usize,
    },
    /// An element that is no canonical encoding, or is the identity.
    #[error("element {index} of the message is no element of the group")]
    InvalidElement {
        /// Its place, from 0.
        index: usize,
    },
    /// A key that is no element of the group.
    #[error("the key on record is no element of the group")]
    InvalidKey,
    /// A message of another length than the number of values gives.
    #[error("message of {got} bytes, {want} expected")]
    MessageLength {
        /// Bytes received.
        got: usize,
        /// Bytes expected.
        want: usize,
    },
    /// The evaluation was not made with the key on record.
    #[error("the proof does not hold: evaluated with another key than the one on record")]
    ProofFailed,
    /// A query of no values or of too many.
    #[error("{got} values in a query; 1 to {MAX_QUERY} are possible")]
    QuerySize {
        /// Values in it.
        got: usize,
    },
    /// A query's bytes are no whole number of elements.
    #[error("a query of {got} bytes is no whole number of elements of {ELEMENT_BYTES}")]
    QueryUneven {
        /// Bytes received.
        got: usize,
    },
    /// An update holds what no encoder writes.
    #[error("the update is malformed")]
    UpdateMalformed,
    /// An update for a filter of another size.
    #[error("the update is for a filter of {got} values, not {want}")]
    UpdateMisfits {
        /// Values it speaks of.
        got: u32,
        /// Values of the filter.
        want: u32,
    },
}

impl LookupError {
    /// Who is at fault.
    pub const fn blame(&self) -> Blame {
        match self {
            LookupError::BucketTooLong { .. }
            | LookupError::FilterSize { .. }
            | LookupError::FilterTooSmall { .. }
            | LookupError::FilterUnsorted
            | LookupError::InputUnusable { .. } => Blame::Caller,
            LookupError::BucketMalformed { .. }
            | LookupError::FilterMiscounted { .. }
            | LookupError::InvalidElement { .. }
            | LookupError::InvalidKey
            | LookupError::MessageLength { .. }
            | LookupError::ProofFailed
            | LookupError::QuerySize { .. }
            | LookupError::QueryUneven { .. }
            | LookupError::UpdateMalformed
            | LookupError::UpdateMisfits { .. } => Blame::Peer,
        }
    }

    /// A stable name of the fault in snake case.
    pub const fn code(&self) -> &'static str {
        match self {
            LookupError::BucketMalformed { .. } => "bucket_malformed",
            LookupError::BucketTooLong { .. } => "bucket_too_long",
            LookupError::FilterMiscounted { .. } => "filter_miscounted",
            LookupError::FilterSize { .. } => "filter_size",
            LookupError::FilterTooSmall { .. } => "filter_too_small",
            LookupError::FilterUnsorted => "filter_unsorted",
            LookupError::InputUnusable { .. } => "input_unusable",
            LookupError::InvalidElement { .. } => "invalid_element",
            LookupError::InvalidKey => "invalid_key",
            LookupError::MessageLength { .. } => "message_length",
            LookupError::ProofFailed => "proof_failed",
            LookupError::QuerySize { .. } => "query_size",
            LookupError::QueryUneven { .. } => "query_uneven",
            LookupError::UpdateMalformed => "update_malformed",
            LookupError::UpdateMisfits { .. } => "update_misfits",
        }
    }
}
