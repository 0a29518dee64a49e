//! Seeded mutation of known inputs.
//!
//! Is: the usual cuts and bumps (bits, bytes, lengths, copies, joins), small pure functions of the
//! random row. Is not: guided; and its random row is no cryptography.

/// Bytes at which parsers turn: ends of ranges, CBOR heads, text marks.
const EDGES: &[u8] = &[
    0x00, 0x01, 0x09, 0x0a, 0x0d, 0x17, 0x18, 0x1b, 0x1f, 0x20, 0x22, 0x2c, 0x2d, 0x2e, 0x2f, 0x3a,
    0x40, 0x58, 0x5b, 0x5f, 0x7b, 0x7f, 0x80, 0x98, 0x9b, 0x9f, 0xa0, 0xbf, 0xc0, 0xe2, 0xf7, 0xff,
];

/// Numbers at which lengths turn.
const LENGTHS: &[u64] = &[0, 1, 0x7f, 0xff, 0x100, 0xffff, 0x1_0000, 0x7fff_ffff, u64::MAX / 2];

/// An input never grows beyond this (bytes).
const MAX_LEN: usize = 1 << 18;

/// SplitMix64 (Steele, Lea, Flood 2014): one row of numbers for each seed and name.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        let mix = |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        Self(name.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, mix))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 when the bound is 0.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let at = self.below(from.len());
        from.get(at).copied()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn printable(&mut self) -> u8 {
        b' ' + self.byte() % 95
    }
}

/// Makes inputs from seeds.
pub(crate) struct Mutator<'a> {
    own: &'a [Vec<u8>],
    all: &'a [Vec<u8>],
}

impl<'a> Mutator<'a> {
    /// Takes the seeds of one target, and these with what is good for others.
    pub(crate) fn new(own: &'a [Vec<u8>], all: &'a [Vec<u8>]) -> Self {
        Self { own, all }
    }

    /// The next input: mostly one of the target's own seeds, changed once or more, mostly once.
    pub(crate) fn next(&mut self, random: &mut Random) -> Vec<u8> {
        let mut input = match random.below(64) {
            0 => (0..random.below(300)).map(|_| random.byte()).collect(),
            1..8 => seed(self.all, random).to_vec(),
            _ => seed(self.own, random).to_vec(),
        };
        // Text stays text: otherwise each input would end at the check of its encoding.
        let text = std::str::from_utf8(&input).is_ok() && random.below(8) != 0;
        loop {
            if text && random.below(2) == 0 {
                change_line(&mut input, random);
            } else {
                self.change(&mut input, text, random);
            }
            if random.below(3) != 0 {
                break;
            }
        }
        input.truncate(MAX_LEN);
        input
    }

    fn change(&self, input: &mut Vec<u8>, text: bool, random: &mut Random) {
        let at = random.below(input.len());
        let scale = random.below(8);
        let len = 1 + random.below(1 << scale);
        let end = (at + len).min(input.len());
        let byte = if text { random.printable() } else { random.byte() };
        let edge = random.pick(EDGES).filter(|edge| !text || edge.is_ascii()).unwrap_or(byte);
        match random.below(11) {
            0 if !text => flip(input, at, 1 << random.below(8)),
            1 => set(input, at, edge),
            2 => set(input, at, byte),
            3 => bump(input, at),
            4 => input.insert(at, edge),
            5 => drop(input.drain(at..end)),
            6 => input.truncate(at),
            7 if !text => write_length(input, at, random),
            8 => repeat(input, at..end, random.below(64)),
            9 => {
                let piece = slice(seed(self.all, random), random);
                input.splice(at..at, piece.iter().copied());
            }
            _ => {
                let piece = slice(seed(self.all, random), random);
                input.splice(at..end, piece.iter().copied());
            }
        }
    }
}

/// Takes a line out, doubles it, or puts it elsewhere.
fn change_line(input: &mut Vec<u8>, random: &mut Random) {
    let mut lines: Vec<&[u8]> = input.split_inclusive(|&b| b == b'\n').collect();
    let (from, to) = (random.below(lines.len()), random.below(lines.len()));
    if lines.is_empty() {
        return;
    }
    match random.below(3) {
        0 => drop(lines.remove(from)),
        1 => lines.insert(to, lines[from]),
        _ => lines.swap(from, to),
    }
    *input = lines.concat();
}

fn seed<'a>(seeds: &'a [Vec<u8>], random: &mut Random) -> &'a [u8] {
    seeds.get(random.below(seeds.len())).map_or(&[], Vec::as_slice)
}

fn flip(input: &mut [u8], at: usize, bit: u8) {
    if let Some(slot) = input.get_mut(at) {
        *slot ^= bit;
    }
}

fn bump(input: &mut [u8], at: usize) {
    if let Some(slot) = input.get_mut(at) {
        *slot = slot.wrapping_add(1);
    }
}

fn set(input: &mut [u8], at: usize, byte: u8) {
    if let Some(slot) = input.get_mut(at) {
        *slot = byte;
    }
}

/// Puts a telling number over what stands there, in 1, 2, 4 or 8 bytes of either order.
fn write_length(input: &mut [u8], at: usize, random: &mut Random) {
    let mut number = random.pick(LENGTHS).unwrap_or(0).to_be_bytes();
    let width = 1 << random.below(4);
    let bytes = &mut number[8 - width..];
    if random.below(2) == 0 {
        bytes.reverse();
    }
    for (slot, byte) in input.iter_mut().skip(at).zip(bytes) {
        *slot = *byte;
    }
}

/// Doubles a piece many times: long lists, deep nesting.
fn repeat(input: &mut Vec<u8>, range: std::ops::Range<usize>, times: usize) {
    let piece: Vec<u8> = input.get(range.clone()).unwrap_or_default().repeat(times);
    if input.len() + piece.len() <= MAX_LEN {
        input.splice(range.end..range.end, piece);
    }
}

fn slice<'a>(seed: &'a [u8], random: &mut Random) -> &'a [u8] {
    let from = random.below(seed.len());
    let len = random.below(seed.len() - from + 1);
    &seed[from..from + len]
}
