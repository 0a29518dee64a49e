//! Every constant of the Diffie-Hellman matcher, with unit and source. A change of any of them
//! is a new version of the protocol, whose number stands in every label.

use sha2::{Digest, Sha256};

use crate::params::{Params, Role};

/// Most points in one message, and exactly so many in all messages of a list but the last.
/// Count. Choice: 64 KiB of points; about a tenth of a second of work for one core, so progress
/// shows, while one proof of 64 bytes a chunk stays below 0.1 % of the traffic.
pub const CHUNK_POINTS: u32 = 2048;

/// Encoding of a ristretto255 element. Bytes (RFC 9496 §4).
pub(super) const POINT_BYTES: usize = 32;

pub(super) use detente_lookup::dleq::PROOF_BYTES;

/// Coefficient with which a pair enters the sums of a proof. Bytes: 128 bits, so that a false
/// pair slips through with probability 2^-128 a try, as hard as a discrete logarithm here
/// (Bellare, Garay, Rabin 1998, small exponents test).
pub(super) const COEFFICIENT_BYTES: usize = 16;

/// What is kept of a point to find it again in another list. Bytes: among 2^25 points two
/// differ in 128 bits but for a probability of 2^-79.
pub(super) const TAG_BYTES: usize = 16;

/// Points that one task raises and encodes together. Count: shares one inversion (about 250
/// multiplications) among 64 points; smaller than a chunk so that all cores get a part.
pub(super) const BATCH_POINTS: usize = 64;

// Labels of hashes. Each ends in a zero byte, so none is a prefix of another.
pub(super) const LABEL_TERMS: &[u8] = b"detente-match/ecdh/1 terms\0";
pub(super) const LABEL_SEED: &[u8] = b"detente-match/ecdh/1 seed\0";
pub(super) const LABEL_ITEM: &[u8] = b"detente-match/ecdh/1 item\0";
pub(super) const LABEL_DUMMY: &[u8] = b"detente-match/ecdh/1 dummy\0";
pub(super) const LABEL_STATEMENT: &[u8] = b"detente-match/ecdh/1 dleq statement\0";
pub(super) const LABEL_COEFFICIENT: &[u8] = b"detente-match/ecdh/1 dleq coefficient\0";
pub(super) const LABEL_NONCE: &[u8] = b"detente-match/ecdh/1 dleq nonce\0";
pub(super) const LABEL_CHALLENGE: &[u8] = b"detente-match/ecdh/1 dleq challenge\0";
pub(super) const LABEL_COMMON: &[u8] = b"detente-match/ecdh/1 common\0";
pub(super) const LABEL_TRANSCRIPT: &[u8] = b"detente-match/ecdh/1 transcript\0";

/// The encoding of a point as it travels.
pub(super) type Encoded = [u8; POINT_BYTES];

/// Digest of the agreed terms, the same at both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms(pub(super) [u8; 32]);

impl Terms {
    pub(super) fn new(params: &Params) -> Terms {
        let (initiator, responder) = match params.role {
            Role::Initiator => (params.own_len, params.peer_len),
            Role::Responder => (params.peer_len, params.own_len),
        };
        let hash = Sha256::new()
            .chain_update(LABEL_TERMS)
            .chain_update(params.context)
            .chain_update([params.mode.code(), params.learn.code()])
            .chain_update(initiator.to_be_bytes())
            .chain_update(responder.to_be_bytes());
        Terms(hash.finalize().into())
    }
}

/// Points in the chunk that begins at `start` of a list of `len`; 0 at its end.
pub(super) fn chunk_len(len: u32, start: u32) -> u32 {
    len.saturating_sub(start).min(CHUNK_POINTS)
}
