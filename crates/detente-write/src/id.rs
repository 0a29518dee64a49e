//! Ids that are the same each time: UUID version 5 (RFC 9562 section 5.5) and short digests.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The namespace of every id made here, drawn once at random.
const NAMESPACE: Uuid = Uuid::from_u128(0x8bee_e5d8_ce54_416c_bc13_1898_f386_306a);

/// A UUID of these parts. Each is preceded by its length, so that no two lists read alike.
pub(crate) fn uuid(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&NAMESPACE, &joined(parts))
}

/// The first 16 bytes of the SHA-256 of these parts.
pub(crate) fn digest(parts: &[&str]) -> [u8; 16] {
    let full = Sha256::digest(joined(parts));
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(full) {
        *to = from;
    }
    short
}

fn joined(parts: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(uuid(&["ab", "c"]), uuid(&["a", "bc"]));
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_eq!(uuid(&["a"]), uuid(&["a"]));
        assert_eq!(uuid(&["a"]).get_version_num(), 5);
    }
}
