//! Rice codes in a stream of bits: how sorted numbers are written as gaps.
//!
//! A gap g under the parameter k is q = g >> k ones, a zero, and the low k bits of g, the highest
//! first. Bits fill bytes from the highest; what is left of the last byte is filled with ones,
//! fewer than eight, which begin no code that ends. Source: Rice and Plaunt (1971), Golomb (1966).

/// Writes codes.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    word: u64,
    /// Bits in `word`, below 8 between calls.
    filled: u32,
}

impl BitWriter {
    /// Writes the low `count` bits of `bits`, at most 56.
    fn put(&mut self, bits: u64, count: u32) {
        debug_assert!(count <= 56, "a word keeps up to 7 bits from before");
        self.word = (self.word << count) | (bits & mask(count));
        self.filled += count;
        while self.filled >= 8 {
            self.filled -= 8;
            self.bytes.push((self.word >> self.filled).to_le_bytes()[0]);
        }
    }

    /// Writes a gap under the parameter `plain`, at most 64.
    pub(super) fn gap(&mut self, gap: u64, plain: u32) {
        let mut ones = gap.checked_shr(plain).unwrap_or(0);
        while ones >= 32 {
            self.put(mask(32), 32);
            ones -= 32;
        }
        #[expect(clippy::cast_possible_truncation, reason = "below 32")]
        let ones = ones as u32;
        self.put(mask(ones) << 1, ones + 1);
        if plain > 32 {
            self.put(gap >> 32, plain - 32);
        }
        self.put(gap, plain.min(32));
    }

    /// The bytes, the last filled with ones.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.filled > 0 {
            let rest = 8 - self.filled;
            self.put(mask(rest), rest);
        }
        self.bytes
    }
}

/// Reads codes.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Place of the next bit.
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> BitReader<'a> {
        BitReader { bytes, at: 0 }
    }

    /// Whether nothing is left but what fills the last byte; an error if that is not ones.
    pub(super) fn at_end(&self) -> Result<bool, Malformed> {
        let left = self.bytes.len() * 8 - self.at;
        if left >= 8 {
            return Ok(false);
        }
        let last = self.bytes.last().copied().unwrap_or(u8::MAX);
        #[expect(clippy::cast_possible_truncation, reason = "below 8")]
        let ones = mask(left as u32).to_le_bytes()[0];
        if last & ones == ones { Ok(true) } else { Err(Malformed) }
    }

    /// The next 64 bits, zeros behind the end.
    fn peek(&self) -> u64 {
        let first = self.at / 8;
        let shift = self.at % 8;
        let word = match self.bytes.get(first..first + 8).and_then(|word| word.try_into().ok()) {
            Some(word) => u64::from_be_bytes(word),
            None => {
                let mut word = [0; 8];
                let tail = self.bytes.get(first..).unwrap_or_default();
                for (to, from) in word.iter_mut().zip(tail) {
                    *to = *from;
                }
                u64::from_be_bytes(word)
            }
        };
        word << shift
    }

    fn skip(&mut self, count: u32) -> Result<(), Malformed> {
        self.at += count as usize;
        if self.at > self.bytes.len() * 8 { Err(Malformed) } else { Ok(()) }
    }

    /// At most 56 bits.
    fn take(&mut self, count: u32) -> Result<u64, Malformed> {
        let bits = if count == 0 { 0 } else { self.peek() >> (64 - count) };
        self.skip(count)?;
        Ok(bits)
    }

    /// Reads a gap under the parameter `plain`; refuses one of `limit` or more.
    pub(super) fn gap(&mut self, plain: u32, limit: u128) -> Result<u64, Malformed> {
        let mut ones = 0_u128;
        loop {
            let run = self.peek().leading_ones().min(56);
            self.skip(run)?;
            ones += u128::from(run);
            if run < 56 {
                break;
            }
        }
        self.skip(1)?;
        let high = if plain > 32 { self.take(plain - 32)? } else { 0 };
        let low = self.take(plain.min(32))?;
        let gap = (ones << plain) | (u128::from(high) << 32) | u128::from(low);
        if gap >= limit {
            return Err(Malformed);
        }
        u64::try_from(gap).map_err(|_| Malformed)
    }
}

/// The bits are no code that an encoder writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

const fn mask(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}
