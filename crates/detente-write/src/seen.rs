//! What is in the export already, remembered in bounded memory.

use std::collections::HashSet;

use crate::{Reason, id};

/// Distinct entries of one export that are remembered; a further one is passed over.
pub const MAX_REMEMBERED: usize = 4_000_000;

/// Digests of the entries of one export. At most about 130 MB.
#[derive(Debug, Default)]
pub(crate) struct Seen(HashSet<[u8; 16]>);

impl Seen {
    /// Remembers an entry.
    ///
    /// # Errors
    /// [`Reason::Duplicate`] if it was there, [`Reason::ExportFull`] if there is no room.
    pub(crate) fn add(&mut self, parts: &[&str]) -> Result<(), Reason> {
        let digest = id::digest(parts);
        if self.0.contains(&digest) {
            return Err(Reason::Duplicate);
        }
        if self.0.len() >= MAX_REMEMBERED {
            return Err(Reason::ExportFull);
        }
        self.0.insert(digest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_a_duplicate() {
        let mut seen = Seen::default();
        assert_eq!(seen.add(&["domain", "evil.com"]), Ok(()));
        assert_eq!(seen.add(&["domain", "evil.com"]), Err(Reason::Duplicate));
        assert_eq!(seen.add(&["url", "evil.com"]), Ok(()));
    }
}
