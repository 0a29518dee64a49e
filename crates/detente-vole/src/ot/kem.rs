//! Base transfers on ML-KEM-768 (MR19 figure 8 and appendix D.3; FIPS 203).
//!
//! The chooser makes one key pair and sends two would-be public keys r_0, r_1: r_(1-b) is uniform,
//! and r_b + H(r_(1-b)) is its true key. The other encapsulates to r_0 + H(r_1) and r_1 + H(r_0).
//! It
//! cannot tell which of the two can be opened (module LWE), and a chooser cannot open both, since
//! each hangs on a hash of the other. Sums are those of the key's vector modulo q; the matrix seed
//! is one for both.

use libcrux_ml_kem::mlkem768::{
    MlKem768Ciphertext, MlKem768PrivateKey, MlKem768PublicKey, decapsulate, encapsulate,
    generate_key_pair,
};
use rayon::prelude::*;
use zeroize::{Zeroize, Zeroizing};

use super::{BASE, Binding, InvalidTransfer, Key};
use crate::field::F128;

/// The modulus of ML-KEM.
const Q: u16 = 3329;
/// Coefficients of a public vector: rank 3, degree 256.
const COEFFICIENTS: usize = 768;
/// Its encoding at 12 bits a coefficient (FIPS 203 §4.2.1, ByteEncode_12). Bytes.
const VECTOR_BYTES: usize = COEFFICIENTS * 3 / 2;
/// The seed of the matrix. Bytes.
const MATRIX_BYTES: usize = 32;
const CIPHERTEXT_BYTES: usize = 1088;
/// A private key with all that decapsulation needs (FIPS 203 algorithm 16). Bytes.
const PRIVATE_BYTES: usize = 2400;

/// The chooser's part of one transfer. Bytes.
pub(super) const CHOICE_BYTES: usize = 2 * VECTOR_BYTES + MATRIX_BYTES;
/// The answer's part. Bytes.
pub(super) const REPLY_BYTES: usize = 2 * CIPHERTEXT_BYTES;

type Vector = [u16; COEFFICIENTS];

/// A private key as bytes, since the library's own type is not erased.
type Private = Zeroizing<[u8; PRIVATE_BYTES]>;

/// One transfer's part of the answer, and its keys.
type Answered = (Vec<u8>, [Key; 2]);

/// The chooser's key pairs and choices.
pub(crate) struct Chooser {
    keys: Vec<Private>,
    choice: F128,
}

impl Drop for Chooser {
    fn drop(&mut self) {
        self.choice.zeroize();
    }
}

impl Chooser {
    pub(super) fn choose(context: &[u8; 32], secret: &Key, choice: F128) -> (Chooser, Vec<u8>) {
        let made: Vec<(Private, Vec<u8>)> = (0..BASE)
            .into_par_iter()
            .map(|index| Binding { context, index }.choose(secret, choice.bit(index)))
            .collect();
        let (keys, parts): (Vec<_>, Vec<_>) = made.into_iter().unzip();
        (Chooser { keys, choice }, parts.concat())
    }

    pub(super) fn finish(
        self,
        context: &[u8; 32],
        reply: &[u8],
    ) -> Result<Vec<Key>, InvalidTransfer> {
        let parts = reply.as_chunks::<REPLY_BYTES>().0;
        if parts.len() != BASE || reply.len() != BASE * REPLY_BYTES {
            return Err(InvalidTransfer { index: parts.len().min(BASE) });
        }
        let open = |(index, (key, part)): (usize, (&Private, &[u8; REPLY_BYTES]))| {
            let side = usize::from(self.choice.bit(index));
            // Both are read, so that memory tells nothing of the choice.
            let chosen = select(side == 1, &part[..CIPHERTEXT_BYTES], &part[CIPHERTEXT_BYTES..]);
            let chosen: [u8; CIPHERTEXT_BYTES] = chosen.try_into().unwrap_or([0; CIPHERTEXT_BYTES]);
            let private = MlKem768PrivateKey::from(**key);
            let shared = decapsulate(&private, &MlKem768Ciphertext::from(chosen));
            Binding { context, index }.key(side, &shared, &chosen)
        };
        Ok(self.keys.par_iter().zip(parts).enumerate().map(open).collect())
    }
}

/// Encapsulates to both keys of each transfer.
pub(super) fn reply(
    context: &[u8; 32],
    secret: &Key,
    message: &[u8],
) -> Result<(Vec<u8>, Vec<[Key; 2]>), InvalidTransfer> {
    let parts = message.as_chunks::<CHOICE_BYTES>().0;
    if parts.len() != BASE || message.len() != BASE * CHOICE_BYTES {
        return Err(InvalidTransfer { index: parts.len().min(BASE) });
    }
    let made: Result<Vec<Answered>, InvalidTransfer> = parts
        .par_iter()
        .enumerate()
        .map(|(index, part)| Binding { context, index }.reply(secret, part))
        .collect();
    let (parts, keys): (Vec<_>, Vec<_>) = made?.into_iter().unzip();
    Ok((parts.concat(), keys))
}

impl Binding<'_> {
    fn choose(&self, secret: &Key, bit: bool) -> (Private, Vec<u8>) {
        let mut seed = [0; 64];
        self.hasher("detente-match/vole/1 kem seed", 0)
            .update(secret)
            .finalize_xof()
            .fill(&mut seed);
        let pair = generate_key_pair(seed);
        seed.zeroize();
        let key = Zeroizing::new(*pair.sk());
        let (vector, matrix) = pair.pk().split_at(VECTOR_BYTES);
        // Our own key is canonical.
        let own = read(vector).unwrap_or([0; COEFFICIENTS]);
        let mut hasher = self.hasher("detente-match/vole/1 kem dummy", 0);
        let other = uniform(hasher.update(secret));
        let side = usize::from(bit);
        let hashed = self.hash(matrix, 1 - side, &write(&other));
        let mine = combine(&own, &hashed, |a, b| a + Q - b);
        let (mine, other) = (write(&mine), write(&other));
        let mut part = select(bit, &mine, &other);
        part.extend(select(bit, &other, &mine));
        part.extend_from_slice(matrix);
        (key, part)
    }

    fn reply(&self, secret: &Key, part: &[u8; CHOICE_BYTES]) -> Result<Answered, InvalidTransfer> {
        let invalid = InvalidTransfer { index: self.index };
        let (vectors, matrix) = part.split_at(2 * VECTOR_BYTES);
        let (low, high) = vectors.split_at(VECTOR_BYTES);
        let sides = [low, high];
        let mut ciphertexts = Vec::with_capacity(REPLY_BYTES);
        let mut keys = [[0; 32]; 2];
        for side in 0..2 {
            let given = read(sides[side]).ok_or(invalid)?;
            let hashed = self.hash(matrix, 1 - side, sides[1 - side]);
            let mut public = write(&combine(&given, &hashed, |a, b| a + b));
            public.extend_from_slice(matrix);
            let public: [u8; VECTOR_BYTES + MATRIX_BYTES] =
                public.try_into().map_err(|_| invalid)?;
            let mut coins = self.hasher("detente-match/vole/1 kem coins", side);
            let coins = *coins.update(secret).finalize().as_bytes();
            let (ciphertext, shared) = encapsulate(&MlKem768PublicKey::from(public), coins);
            keys[side] = self.key(side, &shared, ciphertext.as_slice());
            ciphertexts.extend_from_slice(ciphertext.as_slice());
        }
        Ok((ciphertexts, keys))
    }

    /// H of one side's vector: a uniform vector.
    fn hash(&self, matrix: &[u8], side: usize, vector: &[u8]) -> Vector {
        let mut hasher = self.hasher("detente-match/vole/1 kem hash", side);
        uniform(hasher.update(matrix).update(vector))
    }

    /// The key of one side.
    fn key(&self, side: usize, shared: &[u8], ciphertext: &[u8]) -> Key {
        let mut hasher = self.hasher("detente-match/vole/1 kem key", side);
        *hasher.update(shared).update(ciphertext).finalize().as_bytes()
    }
}

/// `ones` if `bit`, else `zeros`; equal lengths, without a branch.
fn select(bit: bool, zeros: &[u8], ones: &[u8]) -> Vec<u8> {
    let mask = 0u8.wrapping_sub(u8::from(bit));
    zeros.iter().zip(ones).map(|(zero, one)| zero ^ (mask & (zero ^ one))).collect()
}

/// A uniform vector from a hash, by rejection of 12-bit values (FIPS 203 algorithm 7).
fn uniform(hasher: &blake3::Hasher) -> Vector {
    let mut stream = hasher.finalize_xof();
    let mut vector = [0; COEFFICIENTS];
    let mut filled = 0;
    while filled < COEFFICIENTS {
        let mut bytes = [0; 192];
        stream.fill(&mut bytes);
        for pair in bytes.as_chunks::<3>().0 {
            for value in unpack(*pair) {
                if value < Q && filled < COEFFICIENTS {
                    vector[filled] = value;
                    filled += 1;
                }
            }
        }
    }
    vector
}

fn unpack([a, b, c]: [u8; 3]) -> [u16; 2] {
    [u16::from(a) | (u16::from(b & 15) << 8), (u16::from(b) >> 4) | (u16::from(c) << 4)]
}

/// A vector whose coefficients are all below q.
fn read(bytes: &[u8]) -> Option<Vector> {
    let mut vector = [0; COEFFICIENTS];
    for (pair, bytes) in vector.as_chunks_mut::<2>().0.iter_mut().zip(bytes.as_chunks::<3>().0) {
        *pair = unpack(*bytes);
    }
    vector.iter().all(|&value| value < Q).then_some(vector)
}

fn write(vector: &Vector) -> Vec<u8> {
    let pack = |[low, high]: &[u16; 2]| {
        [*low as u8, (low >> 8) as u8 | ((high & 15) << 4) as u8, (high >> 4) as u8]
    };
    vector.as_chunks::<2>().0.iter().flat_map(pack).collect()
}

fn combine(a: &Vector, b: &Vector, with: impl Fn(u16, u16) -> u16) -> Vector {
    std::array::from_fn(|i| with(a[i], b[i]) % Q)
}
