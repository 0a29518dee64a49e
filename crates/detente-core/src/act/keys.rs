//! Acts on keys: what a rotation, a delegation and a revocation carry. What they say and whether it
//! holds: [`crate::roster`].

use crate::encode::{DecodeError, Reader, Writer};
use crate::roster::{Delegation, Revocation};
use crate::sign::Unverified;

/// Longest statement on a key, in bytes: a delegation is the longest.
const MAX_STATEMENT: usize = Unverified::<Delegation>::MAX_BYTES;
/// Longest revocation, in bytes.
const MAX_REVOCATION: usize = Unverified::<Revocation>::MAX_BYTES;

/// One statement as two keys have signed it: the key whose office it is about, and the new key,
/// which so shows that somebody has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paired {
    /// Signed by the key that is followed, or that lends its powers.
    pub by_holder: Vec<u8>,
    /// Signed by the new key.
    pub by_new: Vec<u8>,
}

impl Paired {
    pub(super) fn write(&self, w: &mut Writer) {
        w.array(2).bytes(&self.by_holder).bytes(&self.by_new);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Paired, DecodeError> {
        r.tuple(2)?;
        let by_holder = r.bytes(MAX_STATEMENT)?.to_vec();
        Ok(Paired { by_holder, by_new: r.bytes(MAX_STATEMENT)?.to_vec() })
    }
}

pub(super) fn read_revocation(r: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    r.tuple(1)?;
    Ok(r.bytes(MAX_REVOCATION)?.to_vec())
}
