//! The fast matcher: VOLE-PSI (RS21) on RR22's store and a silent VOLE, against a malicious peer.
//!
//! The initiator is the *receiver*: it encodes its list as a store P of values H_B(x), and sends A
//! =
//! P + A' for a pseudorandom A' of which the responder, the *sender*, knows nothing. From the VOLE
//! C = A' Delta + B the sender has K = B + A Delta = C + P Delta, and so for each of its items a
//! mask
//! H_o(K(y) - Delta H_B(y) + w, y) that equals the receiver's H_o(C(y) + w, y) if and only if y is
//! encoded. The receiver learns which masks it has too; where both learn, it proves to the sender
//! that it could compute them.
//!
//! `layout.rs` has what follows from the terms, `frame.rs` the bytes, `list.rs` items on their way
//! in, `receiver.rs` and `sender.rs` the two ends, `exchange.rs` contexts of what is common,
//! `masks.rs` what goes back, `session.rs` the
//! state
//! machine around them. Byte-exact messages, security and limits: `docs/protocol/matching-vole.md`.

mod exchange;
mod frame;
mod layout;
mod list;
mod masks;
mod receiver;
mod sender;
mod session;
#[cfg(test)]
mod tests;

pub(crate) use session::Session;

use rayon::prelude::*;

use crate::field::F128;
use crate::okvs::Rows;
use crate::ot::BaseTransfer;
use crate::simd::{LANES, Simd};
use exchange::Root;
use masks::Masks;

/// What the fast matcher is told beyond the terms of every matcher; both ends must enter the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VoleOptions {
    /// What the base transfers stand on.
    pub base: BaseTransfer,
    /// Lists of any length in one piece, not in bins: faster by a little, with far more memory.
    pub whole: bool,
}

/// Hashes that a cheat is thought to compute in the time of a run. Log2 of a count.
const CHEAT_HASHES_LOG2: f64 = 80.0;

/// The most items that a receiver who breaks the protocol can have tried against a list as long as
/// its own.
pub(super) fn entered_bound(options: &VoleOptions, len: u32) -> u64 {
    let (bins, store) = layout::cut(len, len, options.whole);
    store.overfit_bound(CHEAT_HASHES_LOG2) * u64::from(bins)
}

/// Keys and hashes of one bin.
struct BinContext {
    simd: Simd,
    context: [u8; 32],
}

impl BinContext {
    fn new(simd: Simd, terms: &[u8; 32], bin: u32) -> BinContext {
        let mut hasher = blake3::Hasher::new_derive_key("detente-match/vole/1 bin");
        hasher.update(terms).update(&bin.to_le_bytes());
        BinContext { simd, context: *hasher.finalize().as_bytes() }
    }

    /// The commitment to the sender's share of w.
    fn commit(&self, share: F128) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("detente-match/vole/1 commit");
        *hasher.update(&self.context).update(&share.to_bytes()).finalize().as_bytes()
    }

    /// H_o: the mask and the proof of each item, given its decoded value with w added.
    fn masks(&self, rows: &Rows, values: &[F128], w: F128, origin: &[u32]) -> Masks {
        let key = blake3::derive_key("detente-match/vole/1 mask", &self.context);
        let mut all = Masks::with_len(values.len());
        let chunk = LANES * 256;
        let Masks { masks, proofs, origin: places } = &mut all;
        masks
            .par_chunks_mut(chunk)
            .zip(proofs.par_chunks_mut(chunk))
            .zip(places.par_chunks_mut(chunk))
            .enumerate()
            .for_each(|(number, ((masks, proofs), places))| {
                let first = number * chunk;
                for start in (0..masks.len()).step_by(LANES) {
                    let count = LANES.min(masks.len() - start);
                    let mut inputs = [[0u8; 48]; LANES];
                    for (i, input) in inputs.iter_mut().enumerate().take(count) {
                        let at = first + start + i;
                        input[..16].copy_from_slice(&(values[at] ^ w).to_bytes());
                        input[16..].copy_from_slice(&rows.digests[at].to_bytes());
                    }
                    let hashes = self.simd.hash_short(&key, &inputs.each_ref().map(|i| &i[..]));
                    for (i, hash) in hashes.iter().enumerate().take(count) {
                        let halves = hash.as_chunks::<16>().0;
                        masks[start + i] = u128::from_le_bytes(halves[0]);
                        proofs[start + i] = F128::from_bytes(halves[1]);
                        places[start + i] = origin[rows.origin[first + start + i] as usize];
                    }
                }
            });
        all
    }
}

/// Proofs of common items, in the order of the sender's masks, as one hash.
struct ProofHash(blake3::Hasher);

impl ProofHash {
    fn new(context: &BinContext) -> ProofHash {
        let mut hasher = blake3::Hasher::new_derive_key("detente-match/vole/1 found");
        hasher.update(&context.context);
        ProofHash(hasher)
    }

    fn add(&mut self, proof: F128) {
        self.0.update(&proof.to_bytes());
    }

    fn finish(self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }
}

/// What an end has found over all bins so far.
#[derive(Default)]
struct Tally {
    /// Places of common items in the list that came in.
    common: Vec<usize>,
    /// Secrets of the common items, in the same order, where contexts go with them.
    roots: Vec<Root>,
    /// Proof hashes of the bins, chained.
    digest: [u8; 32],
}

impl Tally {
    /// Adds a bin whose common items were found or proved.
    fn close_bin(&mut self, proof: &[u8; 32]) {
        let mut hasher = blake3::Hasher::new_derive_key("detente-match/vole/1 common");
        self.digest = *hasher.update(&self.digest).update(proof).finalize().as_bytes();
    }
}
