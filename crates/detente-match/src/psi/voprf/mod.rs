//! A look-up as a run: one question, one reply, then the filter.
//!
//! Is: both ends of it as state machines on `lookup`, and the digest of what they said. Is not:
//! publishing, fetching or updating a filter, which are no runs: see `lookup`.
//! Source: `docs/protocol/matching-lookup.md` §3.

mod asker;
mod holder;
#[cfg(test)]
mod tests;

pub(super) use asker::Asker;
pub(super) use holder::Holder;

use sha2::{Digest, Sha256};

use crate::error::{CallerFault, Error};
use crate::params::{Learn, Mode, Params, Role};
use crate::psi::Progress;
use detente_lookup::{ELEMENT_BYTES, MAX_FILTER_ITEMS, MAX_QUERY, PROOF_BYTES, Shape};

/// What the transcript is hashed under: the house's digest, whose last part is the version.
const LABEL_TRANSCRIPT: &[u8] = b"detente/lookup-transcript/1";

/// The terms of a look-up, as one end entered them.
struct Terms {
    context: [u8; 32],
    /// The holder's key on record.
    key: [u8; ELEMENT_BYTES],
    /// Values in the query, padding included.
    size: u32,
    shape: Shape,
}

impl Terms {
    /// Checks what this end, in its role, entered.
    fn new(params: &Params, role: Role) -> Result<Terms, CallerFault> {
        let Mode::Lookup { key } = params.mode else {
            return Err(CallerFault::ModeUnknown);
        };
        if params.role != role || params.learn != Learn::Initiator {
            return Err(CallerFault::LookupTerms);
        }
        let (size, filter) = match role {
            Role::Initiator => (params.own_len, params.peer_len),
            Role::Responder => (params.peer_len, params.own_len),
        };
        for (got, max) in [(size, MAX_QUERY), (filter, MAX_FILTER_ITEMS)] {
            if got > max {
                return Err(CallerFault::ListTooLong { got, max });
            }
        }
        if size == 0 {
            return Err(CallerFault::LookupTerms);
        }
        let shape = Shape::new(filter).map_err(CallerFault::Lookup)?;
        Ok(Terms { context: params.context, key, size, shape })
    }

    /// How far a run is in which the query has come over, or the reply too.
    fn progress(&self, asked: bool, replied: bool) -> Progress {
        let (size, element) = (u64::from(self.size), ELEMENT_BYTES as u64);
        let (query, reply) = (size * element, size * element + PROOF_BYTES as u64);
        Progress {
            items_done: if replied { size } else { 0 },
            items_total: size,
            bytes_done: if asked { query } else { 0 } + if replied { reply } else { 0 },
            bytes_total: query + reply,
        }
    }
}

/// What both ends have seen: D(label; context, SHA-256 of the query, SHA-256 of the reply), each
/// part behind its length in 8 bytes, big-endian (`docs/protocol/matching-lookup.md` §3).
fn transcript(context: &[u8; 32], query: &[u8], reply: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new().chain_update(LABEL_TRANSCRIPT).chain_update([0]);
    for part in [*context, Sha256::digest(query).into(), Sha256::digest(reply).into()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Why an end that is void goes no further.
fn refuse_if_void(fault: Option<&Error>) -> Result<(), Error> {
    fault.map_or(Ok(()), |fault| Err(fault.clone()))
}
