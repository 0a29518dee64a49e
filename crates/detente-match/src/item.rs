//! The thing that is matched, and the secret that feeds a run. Both are erased on drop and
//! print nothing.
//!
//! Not here: what an item means or how it comes to its normal form.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::CallerFault;
use crate::params::{MAX_ITEM_BYTES, SEED_BYTES};

/// One item: 1 to [`MAX_ITEM_BYTES`] opaque bytes, equal at both ends if and only if the bytes
/// are equal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item(Box<[u8]>);

impl Item {
    /// Takes bytes that are already in normal form.
    ///
    /// # Errors
    /// [`CallerFault::ItemEmpty`] and [`CallerFault::ItemTooLong`].
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Item, CallerFault> {
        let item = Item(bytes.into().into_boxed_slice());
        match item.0.len() {
            0 => Err(CallerFault::ItemEmpty),
            got if got > MAX_ITEM_BYTES => {
                Err(CallerFault::ItemTooLong { got, max: MAX_ITEM_BYTES })
            }
            _ => Ok(item),
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Erases and frees the bytes once the item has been blinded.
    pub(crate) fn erase(&mut self) {
        self.0.zeroize();
        self.0 = Box::default();
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Item(..)")
    }
}

/// The secret from which a session draws its key, its order, its dummies and its nonces.
///
/// It must come from the operating system's generator and be used for one run: whoever knows
/// it can try items against the run's points.
#[derive(ZeroizeOnDrop)]
pub struct Seed([u8; SEED_BYTES]);

impl Seed {
    /// Takes 32 secret, uniform bytes.
    pub fn new(bytes: [u8; SEED_BYTES]) -> Seed {
        Seed(bytes)
    }

    pub(crate) fn expose(&self) -> &[u8; SEED_BYTES] {
        &self.0
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Item, Seed};
    use crate::error::CallerFault;
    use crate::params::MAX_ITEM_BYTES;

    #[test]
    fn items_have_bounds() {
        assert_eq!(Item::new([]).unwrap_err(), CallerFault::ItemEmpty);
        assert!(Item::new([7; MAX_ITEM_BYTES]).is_ok());
        assert_eq!(
            Item::new([7; MAX_ITEM_BYTES + 1]).unwrap_err(),
            CallerFault::ItemTooLong { got: 4097, max: 4096 },
        );
    }

    #[test]
    fn secrets_print_nothing() {
        let shown = format!("{:?} {:?}", Item::new(*b"secret").unwrap(), Seed::new([0xab; 32]));
        assert_eq!(shown, "Item(..) Seed(..)");
    }
}
