//! AES-128 with a key that is no secret: as a permutation for tree levels, rows and public
//! randomness. Both the library's cipher and the schedule that the vector kernels load.

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};

use crate::field::F128;

/// Rounds and one: keys of the schedule.
const ROUND_KEYS: usize = 11;

/// The AES S-box (FIPS 197 §5.1.1), made from the inverse in GF(2^8) and the affine map.
const SBOX: [u8; 256] = sbox();

/// AES-128 under a **public** key: the schedule is computed by table.
#[derive(Clone)]
pub struct Aes {
    cipher: aes::Aes128Enc,
    schedule: [F128; ROUND_KEYS],
}

impl Aes {
    /// Prepares a public key.
    pub fn new(key: F128) -> Aes {
        let cipher = aes::Aes128Enc::new(&Array::from(key.to_bytes()));
        Aes { cipher, schedule: schedule(key) }
    }

    /// Round keys in order.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "for vector kernels"))]
    pub(crate) fn round_keys(&self) -> &[F128; ROUND_KEYS] {
        &self.schedule
    }

    /// Encrypts in place, by the library.
    pub fn encrypt(&self, blocks: &mut [F128]) {
        let mut bytes = [Array::from([0; F128::BYTES]); 8];
        for part in blocks.chunks_mut(bytes.len()) {
            let used = &mut bytes[..part.len()];
            for (byte, block) in used.iter_mut().zip(&*part) {
                *byte = Array::from(block.to_bytes());
            }
            self.cipher.encrypt_blocks(used);
            for (block, byte) in part.iter_mut().zip(&*used) {
                *block = F128::from_bytes(byte.0);
            }
        }
    }

    /// One block.
    pub fn encrypt_one(&self, block: F128) -> F128 {
        let mut one = [block];
        self.encrypt(&mut one);
        one[0]
    }
}

/// Key expansion (FIPS 197 §5.2) for a public key.
fn schedule(key: F128) -> [F128; ROUND_KEYS] {
    let mut keys = [key; ROUND_KEYS];
    let mut constant = 1u8;
    for round in 1..ROUND_KEYS {
        let before = keys[round - 1].to_bytes();
        let mut next = before;
        for i in 0..4 {
            // RotWord and SubWord of the last word.
            next[i] ^= SBOX[usize::from(before[12 + (i + 1) % 4])];
        }
        next[0] ^= constant;
        for i in 4..16 {
            next[i] ^= next[i - 4];
        }
        constant = double(constant);
        keys[round] = F128::from_bytes(next);
    }
    keys
}

/// Times X in GF(2^8) modulo X^8 + X^4 + X^3 + X + 1.
const fn double(a: u8) -> u8 {
    (a << 1) ^ (if a >> 7 == 1 { 0x1b } else { 0 })
}

const fn sbox() -> [u8; 256] {
    let mut table = [0u8; 256];
    // p runs over the powers of 3, q over those of its inverse.
    let (mut p, mut q) = (1u8, 1u8);
    loop {
        p ^= double(p);
        q ^= q << 1;
        q ^= q << 2;
        q ^= q << 4;
        if q >> 7 == 1 {
            q ^= 0x09;
        }
        let s = q ^ q.rotate_left(1) ^ q.rotate_left(2) ^ q.rotate_left(3) ^ q.rotate_left(4);
        table[p as usize] = s ^ 0x63;
        if p == 1 {
            break;
        }
    }
    table[0] = 0x63;
    table
}
