//! The fast matcher: VOLE-PSI (RS21) on RR22's store and a silent VOLE, against a malicious peer.
//!
//! The initiator is the *receiver*: it encodes its list as a store P of values H_B(x), and sends
//! A = P + A' for a pseudorandom A' of which the responder, the *sender*, knows nothing. From the
//! VOLE C = A' Delta + B the sender has K = B + A Delta = C + P Delta, and so for each of its items
//! a mask H_o(K(y) - Delta H_B(y) + w, y) that equals the receiver's H_o(C(y) + w, y) if and only
//! if y is encoded. The receiver learns which masks it has too; where both learn, it proves to the
//! sender that it could compute them.
//!
//! `layout.rs` has what follows from the terms, `frame.rs` the bytes, `list.rs` items on their way
//! in, `receiver.rs` and `sender.rs` the two ends, `exchange.rs` contexts of what is common,
//! `masks.rs` what goes back, `session.rs` the state machine around them. Byte-exact messages,
//! security and limits: `docs/protocol/matching-vole.md`.

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
use zeroize::Zeroizing;

use detente_vole::field::{F128, Secret};
use detente_vole::okvs::{Decoder, Digest, clusters_of_task};
use detente_vole::ot::BaseTransfer;
use detente_vole::simd::{LANES, Simd};
use exchange::Root;
use list::Cluster;
use masks::{Common, Entry};

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

/// The items that a receiver can enter whatever it can compute: one for each column of its store.
pub(super) fn entered_free(options: &VoleOptions, len: u32, peer_len: u32) -> u64 {
    let (bins, store) = layout::cut(len, peer_len, options.whole);
    store.all_columns() as u64 * u64::from(bins)
}

/// Keys and hashes of one bin.
struct BinContext {
    simd: Simd,
    context: [u8; 32],
    mask_key: [u8; 32],
}

impl BinContext {
    fn new(simd: Simd, terms: &[u8; 32], bin: u32) -> BinContext {
        let mut hasher = blake3::Hasher::new_derive_key("detente-match/vole/1 bin");
        hasher.update(terms).update(&bin.to_le_bytes());
        let context = *hasher.finalize().as_bytes();
        let mask_key = blake3::derive_key("detente-match/vole/1 mask", &context);
        BinContext { simd, context, mask_key }
    }

    /// The commitment to the sender's share of w.
    fn commit(&self, share: F128) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("detente-match/vole/1 commit");
        *hasher.update(&self.context).update(&share.to_bytes()).finalize().as_bytes()
    }

    /// Computes the masks of a bin's items, cluster by cluster on all cores, and takes them to
    /// `then`: what the store gives for each, less `delta` times its value at the end that knows
    /// Delta, hashed with w.
    fn masks<T: Send>(
        &self,
        store: &Decoder<'_>,
        clusters: &[Cluster<'_>],
        (w, delta): (F128, Option<F128>),
        then: impl Fn(&[Entry]) -> T + Sync,
    ) -> Vec<T> {
        // As much room as any needs: a vector that grows leaves what it held behind, not erased.
        let most = clusters.iter().map(|cluster| cluster.digests.len()).max().unwrap_or(0);
        let room = || Secret(Vec::with_capacity(most));
        clusters
            .par_iter()
            .enumerate()
            .with_min_len(clusters_of_task(clusters.len()))
            .map_init(
                || (room(), room(), Zeroizing::new(Vec::with_capacity(most))),
                |(work, values, entries), (number, cluster)| {
                    store.decode(number, cluster.digests, work, values);
                    if let Some(delta) = delta {
                        work.0.clear();
                        work.0.extend(cluster.digests.iter().map(|digest| digest.value));
                        self.simd.mul_add(&mut values.0, &work.0, delta);
                    }
                    entries.clear();
                    self.hash(&values.0, w, *cluster, entries);
                    then(entries)
                },
            )
            .collect()
    }

    /// H_o: the mask and the proof of each item of a cluster, given its value without w.
    fn hash(&self, values: &[F128], w: F128, cluster: Cluster<'_>, into: &mut Vec<Entry>) {
        let Cluster { digests, origin } = cluster;
        let lanes = values.chunks(LANES).zip(digests.chunks(LANES)).zip(origin.chunks(LANES));
        for ((values, digests), origin) in lanes {
            let mut inputs = [[0u8; 48]; LANES];
            for ((input, value), digest) in inputs.iter_mut().zip(values).zip(digests) {
                *input = input_of(*value ^ w, *digest);
            }
            let hashes = self.simd.hash_short(&self.mask_key, &inputs.each_ref().map(|i| &i[..]));
            into.extend(hashes.iter().zip(origin).map(|(hash, origin)| {
                let [mask, proof] =
                    [0, 1].map(|half| u128::from_le_bytes(hash.as_chunks().0[half]));
                Entry::new(mask, proof, *origin)
            }));
        }
    }

    /// What convinces the sender of a claim: the claim, and the sum of the proofs of its items,
    /// each of which looks random to who can't compute the item's mask.
    fn proof(&self, bitmap: &[u8], common: &Common) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("detente-match/vole/1 found");
        hasher.update(&self.context).update(bitmap).update(&common.sum.to_le_bytes());
        *hasher.finalize().as_bytes()
    }
}

/// What H_o hashes.
fn input_of(value: F128, digest: Digest) -> [u8; 48] {
    let mut input = [0; 48];
    input[..16].copy_from_slice(&value.to_bytes());
    input[16..].copy_from_slice(&digest.to_bytes());
    input
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
    /// Adds a bin whose common items were found or proved: places in the list that came in.
    fn close_bin(&mut self, places: impl Iterator<Item = usize>, proof: &[u8; 32]) {
        self.common.extend(places);
        let mut hasher = blake3::Hasher::new_derive_key("detente-match/vole/1 common");
        self.digest = *hasher.update(&self.digest).update(proof).finalize().as_bytes();
    }
}
