//! The contexts of one common item as they go within a matching run: objects side by side, as many
//! as fit the room that the clause gives.
//!
//! ```text
//! slot    nothing, or [object, ...]    canonical bytes of objects as byte strings, 1 to 64
//! ```
//!
//! Not here: what an object is (`object.rs`), the seal and the filling (detente-match).

use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::object::MAX_OBJECT;

/// Most objects in one slot.
pub const MAX_SLOT: usize = 64;

/// The objects of one item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    objects: Vec<Vec<u8>>,
}

impl Slot {
    /// Whether another object of so many bytes fits a room of `room` bytes.
    pub fn fits(&self, bytes: usize, room: usize) -> bool {
        let count = self.objects.len() + 1;
        let used: usize = self.objects.iter().map(|object| string_len(object.len())).sum();
        count <= MAX_SLOT && head_len(count) + used + string_len(bytes) <= room
    }

    /// Adds an object's canonical bytes; the caller has asked [`Slot::fits`].
    pub fn push(&mut self, object: Vec<u8>) {
        self.objects.push(object);
    }

    /// The objects' bytes, in order.
    pub fn objects(&self) -> &[Vec<u8>] {
        &self.objects
    }

    /// The bytes of the slot; none if there is no object.
    pub fn encode(&self) -> Vec<u8> {
        if self.objects.is_empty() {
            return Vec::new();
        }
        let mut w = Writer::new();
        w.array(self.objects.len());
        for object in &self.objects {
            w.bytes(object);
        }
        w.into_bytes()
    }

    /// Reads a slot that a peer filled. What the objects are is not looked at.
    ///
    /// # Errors
    /// [`DecodeError`] for anything but the one form of at most [`MAX_SLOT`] byte strings.
    pub fn decode(bytes: &[u8]) -> Result<Slot, DecodeError> {
        let mut slot = Slot::default();
        if bytes.is_empty() {
            return Ok(slot);
        }
        let mut r = Reader::new(bytes);
        let count = r.array(MAX_SLOT)?;
        if count == 0 {
            return Err(r.fail(DecodeFault::Rule("an empty list of contexts")));
        }
        for _ in 0..count {
            slot.push(r.bytes(MAX_OBJECT)?.to_vec());
        }
        r.finish()?;
        Ok(slot)
    }
}

/// Bytes of a CBOR head with this argument (RFC 8949 §3).
const fn head_len(argument: usize) -> usize {
    match argument {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        _ => 5,
    }
}

const fn string_len(bytes: usize) -> usize {
    head_len(bytes) + bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MAX_SLOT, Slot};

    proptest! {
        #[test]
        fn slots_come_back_and_fit_as_they_say(
            lengths in proptest::collection::vec(0usize..700, 0..70), room in 1usize..5000,
        ) {
            let mut slot = Slot::default();
            for length in lengths {
                let before = slot.clone();
                let fits = slot.fits(length, room);
                slot.push(vec![7; length]);
                let bytes = slot.encode().len();
                prop_assert_eq!(fits, bytes <= room && slot.objects().len() <= MAX_SLOT);
                if !fits {
                    slot = before;
                }
            }
            prop_assert_eq!(Slot::decode(&slot.encode()), Ok(slot));
        }

        #[test]
        fn what_decodes_encodes_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(slot) = Slot::decode(&bytes) {
                prop_assert_eq!(slot.encode(), bytes);
            }
        }
    }

    #[test]
    fn other_forms_are_refused() {
        assert_eq!(Slot::decode(&[]), Ok(Slot::default()));
        for bad in [
            // An empty list, a longer head, a byte too many, one missing, no byte string.
            &[0x80][..],
            &[0x98, 1, 0x41, 7],
            &[0x81, 0x41, 7, 0],
            &[0x81, 0x41],
            &[0x81, 0x01],
            &[0x9a, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(Slot::decode(bad).is_err(), "{bad:02x?}");
        }
        let many = Slot { objects: vec![vec![]; MAX_SLOT + 1] };
        assert!(Slot::decode(&many.encode()).is_err());
    }
}
