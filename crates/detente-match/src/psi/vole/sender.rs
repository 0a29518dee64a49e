//! The responder's end: it owns Delta and gives a mask for each of its items.

use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use zeroize::{Zeroize, Zeroizing};

use super::exchange::Root;
use super::frame::{Body, Content};
use super::layout::{At, COLUMNS_HEAD, Layout, Step, TREES_HEAD};
use super::list::List;
use super::masks::{Entry, Found, Sorted, encoded_len};
use super::{BinContext, Tally};
use crate::error::{CallerFault, Error, PeerFault};
use detente_vole::field::F128;
use detente_vole::memory::Pages;
use detente_vole::okvs::Decoder;
use detente_vole::ot::{Chooser, DeltaSide, ExtensionError};
use detente_vole::simd::Simd;
use detente_vole::vole::check::codes;
use detente_vole::vole::sender::{Expanded, Grown, Names};

/// How far a bin is.
enum Stage {
    Grown { grown: Box<Grown>, share: F128 },
    Expanded { expanded: Box<Expanded>, share: F128, head: Option<Head> },
    Masked(Sorted),
}

/// What comes before the receiver's columns.
#[derive(Clone, Copy)]
struct Head {
    key: F128,
    masked: F128,
    share: F128,
}

/// The sender.
pub(super) struct Sender {
    simd: Simd,
    list: List,
    rng: ChaCha20Rng,
    delta: F128,
    chooser: Option<Chooser>,
    transfers: Option<DeltaSide>,
    bin: Option<(BinContext, Stage)>,
    pub(super) tally: Tally,
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.delta.zeroize();
    }
}

impl Sender {
    pub(super) fn new(simd: Simd, list: List, rng: ChaCha20Rng) -> Sender {
        let mut sender = Sender {
            simd,
            list,
            rng,
            delta: F128::ZERO,
            chooser: None,
            transfers: None,
            bin: None,
            tally: Tally::default(),
        };
        sender.delta = sender.draw();
        sender
    }

    fn draw(&mut self) -> F128 {
        let mut bytes = [0; F128::BYTES];
        self.rng.fill_bytes(&mut bytes);
        F128::from_bytes(bytes)
    }

    fn secret(&mut self) -> [u8; 32] {
        let mut secret = [0; 32];
        self.rng.fill_bytes(&mut secret);
        secret
    }

    /// The base transfers, chosen by Delta.
    pub(super) fn choose(&mut self, layout: &Layout) -> Content {
        let mut secret = self.secret();
        let (chooser, message) = Chooser::choose(layout.suite, &layout.terms, &secret, self.delta);
        secret.zeroize();
        self.chooser = Some(chooser);
        Content::bytes(message)
    }

    /// Takes the answer to them.
    pub(super) fn reply(&mut self, layout: &Layout, bytes: &[u8]) -> Result<(), PeerFault> {
        let out_of_order = PeerFault::OutOfOrder { got: Step::Reply.name() };
        let chooser = self.chooser.take().ok_or(out_of_order)?;
        let mut keys = chooser
            .finish(&layout.terms, bytes)
            .map_err(|invalid| PeerFault::TransferInvalid { index: invalid.index })?;
        self.transfers = Some(DeltaSide::new(self.delta, &keys));
        keys.zeroize();
        Ok(())
    }

    /// Takes a bin's noise; gives the trees.
    pub(super) fn noise(
        &mut self,
        layout: &Layout,
        at: At,
        bytes: &[u8],
    ) -> Result<Content, PeerFault> {
        let out_of_order = PeerFault::OutOfOrder { got: Step::Noise.name() };
        let context = BinContext::new(self.simd, &layout.terms, at.bin);
        let transfers = self.transfers.as_mut().ok_or(out_of_order)?;
        let blocks = layout.batch.blocks();
        let correlations =
            transfers.extend(self.simd, &context.context, blocks, bytes).map_err(|error| {
                match error {
                    ExtensionError::CheckFailed => PeerFault::ExtensionInconsistent,
                    ExtensionError::Length => PeerFault::FrameMalformed { got: bytes.len() },
                }
            })?;
        let share = self.draw();
        let mut seed = self.secret();
        let names = Names { context: context.context, codes: codes(&context.context, bytes) };
        let (grown, trees) =
            Grown::grow(self.simd, names, &layout.batch, (self.delta, &correlations.0), &seed);
        seed.zeroize();
        let mut message = Vec::with_capacity(TREES_HEAD + trees.len());
        message.extend_from_slice(&context.commit(share));
        message.extend_from_slice(&trees);
        self.bin = Some((context, Stage::Grown { grown: Box::new(grown), share }));
        Ok(Content::bytes(message))
    }

    /// Takes the challenge: expands.
    pub(super) fn challenge(&mut self, bytes: &[u8]) -> Result<(), PeerFault> {
        let out_of_order = PeerFault::OutOfOrder { got: Step::Challenge.name() };
        let (context, stage) = self.bin.take().ok_or(out_of_order.clone())?;
        let Stage::Grown { grown, share } = stage else { return Err(out_of_order) };
        let challenge = F128::from_bytes(bytes.try_into().unwrap_or_default());
        let expanded = Box::new(grown.expand(challenge));
        self.bin = Some((context, Stage::Expanded { expanded, share, head: None }));
        Ok(())
    }

    /// Takes a part of the columns: K = B + A Delta, as they come. Parts begin and end at elements.
    pub(super) fn columns(&mut self, offset: u64, bytes: &[u8]) -> Result<(), PeerFault> {
        let out_of_order = PeerFault::OutOfOrder { got: Step::Columns.name() };
        let Some((_, Stage::Expanded { expanded, head, .. })) = &mut self.bin else {
            return Err(out_of_order);
        };
        let mut blocks = bytes.as_chunks::<16>().0;
        let mut first = offset as usize / F128::BYTES;
        if offset == 0 {
            let (start, rest) = blocks.split_at((COLUMNS_HEAD / F128::BYTES).min(blocks.len()));
            let [key, masked, share] = start else { return Err(out_of_order) };
            let [key, masked, share] = [key, masked, share].map(|b| F128::from_bytes(*b));
            *head = Some(Head { key, masked, share });
            blocks = rest;
        } else {
            first -= COLUMNS_HEAD / F128::BYTES;
        }
        let mut columns = [F128::ZERO; 256];
        for blocks in blocks.chunks(columns.len()) {
            for (column, block) in columns.iter_mut().zip(blocks) {
                *column = F128::from_bytes(*block);
            }
            let end = (first + blocks.len()).min(expanded.outputs.len());
            let into = &mut expanded.outputs[first.min(end)..end];
            self.simd.mul_add(into, &columns[..blocks.len()], self.delta);
            first += blocks.len();
        }
        Ok(())
    }

    /// All columns are there: gives the masks.
    pub(super) fn mask(&mut self, layout: &Layout, at: At) -> Result<Content, Error> {
        let out_of_order = PeerFault::OutOfOrder { got: Step::Columns.name() };
        let (context, stage) = self.bin.take().ok_or(out_of_order.clone())?;
        let Stage::Expanded { expanded, share, head: Some(head) } = stage else {
            return Err(out_of_order.into());
        };
        let proof = expanded.prove(self.simd, self.delta, head.masked);
        let padded = layout.sender_items as usize;
        let more = padded.checked_sub(self.list.len(at.bin)).ok_or(CallerFault::LayoutFailed)?;
        let fill = (0..more).map(|_| Entry::fill(self.draw().0));
        let fill: Zeroizing<Vec<Entry>> = Zeroizing::new(fill.collect());
        let store = Decoder::new(self.simd, &layout.store, head.key, &expanded.outputs);
        let secrets = (share ^ head.share, Some(self.delta));
        let clusters = self.list.bin(at.bin);
        let sorted = Sorted::gather(padded, |gathering| {
            gathering.add(&fill);
            context.masks(&store, &clusters, secrets, |entries| gathering.add(entries));
        })?;
        drop(expanded);
        if let Some((first, second)) = sorted.equal() {
            let (first, second) = (first as usize, second as usize);
            return Err(CallerFault::DuplicateItem { first, second }.into());
        }
        let head = [&proof[..], &share.to_bytes()[..]].concat();
        let mut masks = Pages::zeros(encoded_len(padded));
        sorted.write(&mut masks);
        self.bin = Some((context, Stage::Masked(sorted)));
        Ok(Content { head, body: Body::Bytes(masks) })
    }

    /// Takes what the receiver found, if it can prove it.
    pub(super) fn found(&mut self, layout: &Layout, bytes: &[u8]) -> Result<(), PeerFault> {
        let out_of_order = PeerFault::OutOfOrder { got: Step::Found.name() };
        let (context, stage) = self.bin.take().ok_or(out_of_order.clone())?;
        let Stage::Masked(sorted) = stage else { return Err(out_of_order) };
        let count = layout.sender_items as usize;
        let (bitmap, claimed) = bytes.split_at(count.div_ceil(8).min(bytes.len()));
        let is_set = |number: usize| bitmap[number / 8] >> (number % 8) & 1 == 1;
        if (count..8 * bitmap.len()).any(is_set) {
            return Err(PeerFault::FoundUnproved);
        }
        // What stands for no item can't be common.
        let common = sorted.select(bitmap).ok_or(PeerFault::FoundUnproved)?;
        let places = common.items.iter().map(|item| self.list.place(item.origin));
        let places: Option<Vec<usize>> = places.collect();
        let places = places.ok_or(PeerFault::FoundUnproved)?;
        let proof = context.proof(bitmap, &common);
        if proof != claimed {
            return Err(PeerFault::FoundUnproved);
        }
        if layout.contexts.is_some() {
            let root = |item: &Found| Root::new(&context, item.number, item.proof);
            self.tally.roots.extend(common.items.iter().map(root));
        }
        self.tally.close_bin(places.into_iter(), &proof);
        Ok(())
    }
}
