//! What the receiver of a release no longer keeps.
//!
//! Is: a statement that the bytes of objects are gone, by their addresses. Is not: a proof of it,
//! since no program sees what others keep.

use crate::act::{MAX_MANIFEST, rule};
use crate::encode::{DecodeError, Reader, Writer};
use crate::id::Digest;

/// Objects of one release that its receiver has erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// The release, by the digest of its leaf.
    pub release: Digest,
    /// Objects by address, ascending, each once; at most [`MAX_MANIFEST`].
    pub objects: Vec<Digest>,
}

impl Erasure {
    /// Whether it says all that it must.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.objects.is_empty() || self.objects.len() > MAX_MANIFEST {
            return Err("the act names no object, or too many");
        }
        if !self.objects.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err("objects are not in ascending order, or repeat");
        }
        Ok(())
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.array(2).bytes(self.release.as_bytes()).array(self.objects.len());
        for object in &self.objects {
            w.bytes(object.as_bytes());
        }
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Erasure, DecodeError> {
        r.tuple(2)?;
        let release = Digest::new(r.fixed()?);
        let mut objects = Vec::new();
        for _ in 0..r.array(MAX_MANIFEST)? {
            objects.push(Digest::new(r.fixed()?));
        }
        let read = Erasure { release, objects };
        read.check().map_err(|words| rule(r.offset(), words))?;
        Ok(read)
    }
}
