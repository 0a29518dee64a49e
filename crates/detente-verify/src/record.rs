//! A record in memory: what is exported, and what the auditor reads back.
//!
//! Is: the logs of an accord with their bodies, and the objects that were released. Is not:
//! checked; [`files`](crate::files) refuses what can't be laid out, [`audit`](fn@crate::audit)
//! checks the rest.

use std::collections::BTreeMap;

use detente_core::act::{MAX_BODY, Salt};
use detente_core::encode::{DecodeError, Reader, Writer};
use detente_core::{AccordId, Digest, PartyId};

/// The record of one accord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which accord.
    pub accord: AccordId,
    /// What its parties call it.
    pub slug: String,
    /// All its parties, ascending.
    pub parties: Vec<PartyId>,
    /// The log of each party that has begun one.
    pub logs: BTreeMap<PartyId, LogRecord>,
    /// Released objects by their SHA-256: those that the exporter holds and shows.
    pub objects: BTreeMap<Digest, Vec<u8>>,
}

/// The log of one party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    /// The signed note with the log's signature and the cosignatures, exactly as stored.
    pub checkpoint: Vec<u8>,
    /// Every entry, from the first on: as many as the checkpoint states.
    pub entries: Vec<EntryRecord>,
}

/// One entry of a log with the body that travels beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRecord {
    /// The signed header, byte for byte.
    pub leaf: Vec<u8>,
    /// The salt of the body.
    pub salt: Salt,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// The file of a body: deterministic CBOR `[salt, body]`.
pub(crate) fn write_body(salt: &Salt, body: &[u8]) -> Vec<u8> {
    let mut w = Writer::new();
    w.array(2).bytes(salt).bytes(body);
    w.into_bytes()
}

/// Reads what [`write_body`] wrote.
pub(crate) fn read_body(bytes: &[u8]) -> Result<(Salt, Vec<u8>), DecodeError> {
    let mut r = Reader::new(bytes);
    r.tuple(2)?;
    let salt = r.fixed()?;
    let body = r.bytes(MAX_BODY)?.to_vec();
    r.finish()?;
    Ok((salt, body))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{read_body, write_body};

    proptest! {
        #[test]
        fn a_body_file_has_one_form(
            salt in any::<[u8; 32]>(), body in proptest::collection::vec(any::<u8>(), 0..300),
            bit in any::<prop::sample::Index>(),
        ) {
            let mut bytes = write_body(&salt, &body);
            prop_assert_eq!(read_body(&bytes), Ok((salt, body)));
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok((salt, body)) = read_body(&bytes) {
                prop_assert_eq!(write_body(&salt, &body), bytes);
            }
        }

        #[test]
        fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_body(&bytes);
        }
    }
}
