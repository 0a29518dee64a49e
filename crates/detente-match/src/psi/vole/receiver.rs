//! The initiator's end: it encodes its list and learns first.

use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use zeroize::Zeroize;

use super::exchange::Root;
use super::frame::Content;
use super::layout::{At, COLUMNS_HEAD, Layout, MASKS_HEAD, Step, TREES_HEAD};
use super::list::List;
use super::masks::Sorted;
use super::{BinContext, ProofHash, Tally};
use crate::error::{CallerFault, Error, PeerFault};
use crate::field::{F128, Secret};
use crate::okvs::{self, EncodeError, Rows};
use crate::ot::{self, NoiseSide};
use crate::simd::Simd;
use crate::vole::receiver::{Expanded, Noise, unzip};

/// Keys of the store that are tried before giving up. Count: each fails with 2^-40.
const STORE_KEYS: usize = 4;

/// What a bin knows when its bits have left.
struct Bin {
    context: BinContext,
    bits: Secret,
    correlations: Secret,
    store: Option<Store>,
    /// The trees as they came, and the challenge that answers them.
    trees: Option<(Vec<u8>, F128)>,
    columns: Option<Masked>,
}

/// The encoded list.
struct Store {
    key: F128,
    rows: Rows,
    columns: Vec<F128>,
}

/// What is left when the columns have left.
struct Masked {
    /// C, whole.
    c: Secret,
    rows: Rows,
    share: F128,
    commitment: [u8; 32],
    expected: [u8; 32],
}

/// The receiver.
pub(super) struct Receiver {
    simd: Simd,
    list: List,
    rng: ChaCha20Rng,
    noise: Option<NoiseSide>,
    bin: Option<Bin>,
    pub(super) tally: Tally,
}

impl Receiver {
    pub(super) fn new(simd: Simd, list: List, rng: ChaCha20Rng) -> Receiver {
        Receiver { simd, list, rng, noise: None, bin: None, tally: Tally::default() }
    }

    fn draw(&mut self) -> F128 {
        let mut bytes = [0; F128::BYTES];
        self.rng.fill_bytes(&mut bytes);
        F128::from_bytes(bytes)
    }

    /// Takes the sender's keys of the base transfers; gives the answer.
    pub(super) fn choice(&mut self, layout: &Layout, bytes: &[u8]) -> Result<Content, Error> {
        let mut secret = [0; 32];
        self.rng.fill_bytes(&mut secret);
        let answer = ot::reply(layout.suite, &layout.terms, &secret, bytes);
        secret.zeroize();
        let (reply, keys) =
            answer.map_err(|invalid| PeerFault::TransferInvalid { index: invalid.index })?;
        self.noise = Some(NoiseSide::new(&keys));
        Ok(Content::bytes(reply))
    }

    /// Begins a bin: gives the bits of its noise, masked.
    pub(super) fn begin(&mut self, layout: &Layout, bin: u32) -> Option<Content> {
        let context = BinContext::new(self.simd, &layout.terms, bin);
        let bits = Secret((0..layout.batch.blocks()).map(|_| self.draw()).collect());
        let blind = self.draw();
        let noise = self.noise.as_mut()?;
        let (message, correlations) = noise.extend(self.simd, &context.context, &bits.0, blind);
        self.bin =
            Some(Bin { context, bits, correlations, store: None, trees: None, columns: None });
        Some(Content::bytes(message))
    }

    /// Takes the trees; gives the challenge.
    pub(super) fn trees(&mut self, bytes: Vec<u8>) -> Content {
        let challenge = self.draw();
        if let Some(bin) = &mut self.bin {
            bin.trees = Some((bytes, challenge));
        }
        Content::bytes(challenge.to_bytes().to_vec())
    }

    /// Work that can be done now while nothing is to be sent or read; gives the columns when they
    /// are ready, and whether anything was done.
    pub(super) fn work(
        &mut self,
        layout: &Layout,
        at: At,
    ) -> Result<(bool, Option<Content>), Error> {
        let Some(bin) = &self.bin else { return Ok((false, None)) };
        if bin.store.is_none() && bin.columns.is_none() {
            let store = self.encode(layout, at.bin)?;
            if let Some(bin) = &mut self.bin {
                bin.store = Some(store);
            }
            return Ok((true, None));
        }
        if bin.trees.is_some() {
            return Ok((true, self.mask(layout)));
        }
        Ok((false, None))
    }

    fn encode(&mut self, layout: &Layout, number: u32) -> Result<Store, Error> {
        for _ in 0..STORE_KEYS {
            let key = self.draw();
            let digests = self.list.digests(number);
            let Some(rows) = Rows::new(self.simd, &layout.store, key, digests) else { continue };
            match okvs::encode(self.simd, &layout.store, &rows) {
                Ok(columns) => return Ok(Store { key, rows, columns }),
                Err(EncodeError::Dependent) => {}
                Err(EncodeError::Duplicate(first, second)) => {
                    let origin = self.list.origin(number);
                    return Err(Error::Caller(CallerFault::DuplicateItem {
                        first: origin[first as usize] as usize,
                        second: origin[second as usize] as usize,
                    }));
                }
            }
        }
        Err(Error::Caller(CallerFault::LayoutFailed))
    }

    /// Expands the noise and masks the store with it.
    fn mask(&mut self, layout: &Layout) -> Option<Content> {
        let share = self.draw();
        let bin = self.bin.as_mut()?;
        let (trees, challenge) = bin.trees.take()?;
        let Store { key, rows, columns } = bin.store.take()?;
        let (commitment, trees) = trees.split_first_chunk::<TREES_HEAD>()?;
        let noise = Noise {
            simd: self.simd,
            context: bin.context.context,
            shape: &layout.batch,
            bits: &bin.bits.0,
            correlations: &bin.correlations.0,
        };
        let expanded: Expanded = noise.expand(trees, challenge);
        let (c, mut a) = unzip(&expanded.outputs);
        for (a, p) in a.iter_mut().zip(&columns) {
            *a ^= *p;
        }
        let mut head = Vec::with_capacity(COLUMNS_HEAD);
        for block in [key, expanded.masked, share] {
            head.extend(block.to_bytes());
        }
        let expected = expanded.expected;
        bin.columns = Some(Masked { c, rows, share, commitment: *commitment, expected });
        Some(Content { head, blocks: a })
    }

    /// Takes the masks: finds what is common. Gives the answer for the sender.
    pub(super) fn masks(
        &mut self,
        layout: &Layout,
        at: At,
        bytes: &[u8],
    ) -> Result<Content, PeerFault> {
        let out_of_order = PeerFault::OutOfOrder { got: Step::Masks.name() };
        let bin = self.bin.take().ok_or(out_of_order.clone())?;
        let masked = bin.columns.ok_or(out_of_order)?;
        let (head, masks) = bytes.split_at(MASKS_HEAD.min(bytes.len()));
        let (proof, share) = head.split_at(32.min(head.len()));
        // Nothing that the trees gave is used before the sender has shown that they were true.
        if proof != masked.expected {
            return Err(PeerFault::TreesInconsistent);
        }
        let share = F128::from_bytes(share.try_into().unwrap_or_default());
        if bin.context.commit(share) != masked.commitment {
            return Err(PeerFault::CommitmentBroken);
        }
        let values = okvs::decode(self.simd, &layout.store, &masked.c.0, &masked.rows);
        let w = share ^ masked.share;
        let own = bin.context.masks(&masked.rows, &values, w, self.list.origin(at.bin));
        let sender_items = layout.sender_items as usize;
        let own = Sorted::new(own, &[], sender_items);
        let mut bitmap = vec![0u8; sender_items.div_ceil(8)];
        let mut proofs = ProofHash::new(&bin.context);
        let Tally { common, roots, .. } = &mut self.tally;
        let list = &self.list;
        own.find(sender_items, masks, |number, at| {
            let item = own.item(at).and_then(|(proof, at)| Some((proof, list.place(at)?)));
            if let Some((proof, place)) = item {
                bitmap[number / 8] |= 1 << (number % 8);
                proofs.add(proof);
                common.push(place);
                if layout.contexts.is_some() {
                    roots.push(Root::new(&bin.context, number, proof));
                }
            }
        })?;
        let proof = proofs.finish();
        self.tally.close_bin(&proof);
        bitmap.extend_from_slice(&proof);
        Ok(Content::bytes(bitmap))
    }
}
