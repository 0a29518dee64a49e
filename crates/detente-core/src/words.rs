//! Fingerprints as words, so that two people can compare them by voice.
//!
//! The words are BIP-39's English list: 2,048 words, no two with the same first four letters.
//! Twelve words carry the first 132 bits of a fingerprint, so that finding a second key with the
//! same words costs 2^132 tries.

use crate::id::PartyId;

/// Words in a spoken fingerprint.
pub const WORDS: usize = 12;
const BITS_PER_WORD: usize = 11;

/// The spoken fingerprint of a party.
pub fn words(party: &PartyId) -> String {
    let list = bip39::Language::English.word_list();
    let spoken: Vec<&str> = (0..WORDS)
        .filter_map(|word| {
            let index = (0..BITS_PER_WORD).fold(0usize, |index, bit| {
                let at = word * BITS_PER_WORD + bit;
                let byte = party.as_bytes()[at / 8];
                (index << 1) | usize::from((byte >> (7 - at % 8)) & 1)
            });
            list.get(index).copied()
        })
        .collect();
    spoken.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{WORDS, words};
    use crate::id::PartyId;

    #[test]
    fn known_words() {
        assert_eq!(words(&PartyId::new([0; 32])), ["abandon"; WORDS].join(" "));
        assert_eq!(words(&PartyId::new([0xff; 32])), ["zoo"; WORDS].join(" "));
    }

    #[test]
    fn early_bits_change_the_words() {
        let mut bytes = [7; 32];
        let before = words(&PartyId::new(bytes));
        bytes[16] ^= 0x80;
        assert_ne!(before, words(&PartyId::new(bytes)));
        assert_eq!(before.split(' ').count(), WORDS);
    }
}
