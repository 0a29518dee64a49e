//! The messages and their bytes.
//!
//! What is checked here: lengths and counts, before anything is allocated. What is not: whether
//! points and scalars are valid and whether a message fits the run; that is the session's.

use thiserror::Error;

use super::params::{CHUNK_POINTS, Encoded, POINT_BYTES, PROOF_BYTES};

const KEY_COMMIT: u8 = 1;
const BLINDED: u8 = 2;
const DOUBLED_PROVED: u8 = 3;
const DOUBLED_SORTED: u8 = 4;
const CONFIRM: u8 = 5;

/// One message of a run, to be carried whole and in order by an authenticated channel.
///
/// All integers are big-endian. A message of points holds 1 to [`CHUNK_POINTS`] of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message(pub(super) Body);

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// The sender's key point and the digest of the terms it entered.
    KeyCommit { point: Encoded, terms: [u8; 32] },
    /// Points `start..` of the sender's list.
    Blinded { start: u32, points: Vec<Encoded> },
    /// Points `start..` of the receiver's list raised to the sender's key.
    Doubled { start: u32, points: Vec<Encoded>, proof: Option<[u8; PROOF_BYTES]> },
    /// What the sender found and saw.
    Confirm { count: u64, digest: [u8; 32], transcript: [u8; 32] },
}

impl Message {
    /// Longest encoding of a message. Bytes.
    pub const MAX_BYTES: usize = 7 + CHUNK_POINTS as usize * POINT_BYTES + PROOF_BYTES;

    /// The kind of message in snake case, for logs.
    pub fn kind(&self) -> &'static str {
        match self.0 {
            Body::KeyCommit { .. } => "key_commit",
            Body::Blinded { .. } => "blinded",
            Body::Doubled { .. } => "doubled",
            Body::Confirm { .. } => "confirm",
        }
    }

    /// The bytes of this message; their number depends on the agreed lengths alone.
    pub fn encode(&self) -> Vec<u8> {
        match &self.0 {
            Body::KeyCommit { point, terms } => [&[KEY_COMMIT][..], point, terms].concat(),
            Body::Blinded { start, points } => encode_points(BLINDED, *start, points, &[]),
            Body::Doubled { start, points, proof: Some(proof) } => {
                encode_points(DOUBLED_PROVED, *start, points, proof)
            }
            Body::Doubled { start, points, proof: None } => {
                encode_points(DOUBLED_SORTED, *start, points, &[])
            }
            Body::Confirm { count, digest, transcript } => {
                [&[CONFIRM][..], &count.to_be_bytes(), digest, transcript].concat()
            }
        }
    }

    /// Reads exactly one message.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not what [`Message::encode`] gives for some message.
    pub fn decode(bytes: &[u8]) -> Result<Message, DecodeError> {
        if bytes.len() > Message::MAX_BYTES {
            return Err(DecodeError::TooLong { got: bytes.len(), max: Message::MAX_BYTES });
        }
        let mut reader = Reader(bytes);
        let body = match reader.take::<1>()? {
            [KEY_COMMIT] => Body::KeyCommit { point: reader.take()?, terms: reader.take()? },
            [BLINDED] => {
                let (start, points) = reader.points()?;
                Body::Blinded { start, points }
            }
            [DOUBLED_PROVED] => {
                let (start, points) = reader.points()?;
                Body::Doubled { start, points, proof: Some(reader.take()?) }
            }
            [DOUBLED_SORTED] => {
                let (start, points) = reader.points()?;
                Body::Doubled { start, points, proof: None }
            }
            [CONFIRM] => Body::Confirm {
                count: u64::from_be_bytes(reader.take()?),
                digest: reader.take()?,
                transcript: reader.take()?,
            },
            [tag] => return Err(DecodeError::UnknownTag { tag }),
        };
        match reader.0.len() {
            0 => Ok(Message(body)),
            extra => Err(DecodeError::TrailingBytes { extra }),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "only this module's decoder and the session \
    build messages, both with at most CHUNK_POINTS points"
)]
fn encode_points(tag: u8, start: u32, points: &[Encoded], proof: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(7 + points.len() * POINT_BYTES + proof.len());
    bytes.push(tag);
    bytes.extend_from_slice(&start.to_be_bytes());
    bytes.extend_from_slice(&(points.len() as u16).to_be_bytes());
    bytes.extend_from_slice(points.as_flattened());
    bytes.extend_from_slice(proof);
    bytes
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some((head, tail)) = self.0.split_first_chunk::<N>() else {
            return Err(DecodeError::Truncated { missing: N - self.0.len() });
        };
        self.0 = tail;
        Ok(*head)
    }

    fn points(&mut self) -> Result<(u32, Vec<Encoded>), DecodeError> {
        let start = u32::from_be_bytes(self.take()?);
        let count = u16::from_be_bytes(self.take()?);
        if count == 0 {
            return Err(DecodeError::NoPoints);
        }
        if u32::from(count) > CHUNK_POINTS {
            return Err(DecodeError::TooManyPoints { got: count, max: CHUNK_POINTS });
        }
        let bytes = usize::from(count) * POINT_BYTES;
        let Some((head, tail)) = self.0.split_at_checked(bytes) else {
            return Err(DecodeError::Truncated { missing: bytes - self.0.len() });
        };
        self.0 = tail;
        Ok((start, head.as_chunks().0.to_vec()))
    }
}

/// Why bytes are no message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// A message of points without points.
    #[error("message of points holds none")]
    NoPoints,
    /// Above [`Message::MAX_BYTES`].
    #[error("message has {got} bytes, at most {max} allowed")]
    TooLong {
        /// Bytes given.
        got: usize,
        /// The limit.
        max: usize,
    },
    /// Above [`CHUNK_POINTS`].
    #[error("message holds {got} points, at most {max} allowed")]
    TooManyPoints {
        /// Points announced.
        got: u16,
        /// The limit.
        max: u32,
    },
    /// Bytes after the end of the message.
    #[error("{extra} bytes after the message")]
    TrailingBytes {
        /// How many.
        extra: usize,
    },
    /// The message ends early.
    #[error("message lacks {missing} bytes")]
    Truncated {
        /// How many.
        missing: usize,
    },
    /// The first byte names no message.
    #[error("no message has the tag {tag}")]
    UnknownTag {
        /// The byte.
        tag: u8,
    },
}

impl DecodeError {
    /// A stable name of the fault in snake case.
    pub fn code(&self) -> &'static str {
        match self {
            DecodeError::NoPoints => "malformed_no_points",
            DecodeError::TooLong { .. } => "malformed_too_long",
            DecodeError::TooManyPoints { .. } => "malformed_too_many_points",
            DecodeError::TrailingBytes { .. } => "malformed_trailing_bytes",
            DecodeError::Truncated { .. } => "malformed_truncated",
            DecodeError::UnknownTag { .. } => "malformed_unknown_tag",
        }
    }
}
