//! The initiator's end: it encodes its list and learns first.

use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use zeroize::Zeroize;

use super::exchange::Root;
use super::frame::{Body, Content};
use super::layout::{At, COLUMNS_HEAD, Layout, MASKS_HEAD, Step, TREES_HEAD};
use super::list::List;
use super::masks::{Common, Found, Theirs};
use super::{BinContext, Tally};
use crate::error::{CallerFault, Error, PeerFault};
use detente_vole::field::{F128, Secret};
use detente_vole::memory::Pages;
use detente_vole::okvs::{self, Decoder, Digest, EncodeError};
use detente_vole::ot::{self, NoiseSide};
use detente_vole::simd::Simd;
use detente_vole::vole::check::codes;
use detente_vole::vole::receiver::Noise;
use detente_vole::vole::sender::Names;

/// Keys of the store that are tried before giving up. Count: each fails with 2^-40.
const STORE_KEYS: usize = 4;

/// The stream of the end's generator from which they come; all else comes from stream 0.
const STORE_STREAM: u64 = 1;

/// What a bin knows when its bits have left.
struct Bin {
    context: BinContext,
    names: Names,
    bits: Secret,
    correlations: Secret,
    /// The trees as they came, and the challenge that answers them.
    trees: Option<(Pages<u8>, F128)>,
    masked: Option<Masked>,
}

/// The encoded items of a bin.
struct Store {
    bin: u32,
    key: F128,
    columns: Pages<F128>,
}

/// What is left when the columns have left.
struct Masked {
    /// C, whole.
    c: Pages<F128>,
    key: F128,
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
    /// Encoded in advance: of this bin, or of the next.
    store: Option<Store>,
    /// Draws the keys of stores, so that the other draws do not hang on when one is encoded.
    keys: ChaCha20Rng,
    pub(super) tally: Tally,
}

impl Receiver {
    pub(super) fn new(simd: Simd, list: List, rng: ChaCha20Rng) -> Receiver {
        let mut keys = rng.clone();
        keys.set_stream(STORE_STREAM);
        let (noise, bin, store) = (None, None, None);
        Receiver { simd, list, rng, noise, bin, store, keys, tally: Tally::default() }
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
        let names = Names { context: context.context, codes: codes(&context.context, &message) };
        self.bin = Some(Bin { context, names, bits, correlations, trees: None, masked: None });
        Some(Content::bytes(message))
    }

    /// Takes the trees; gives the challenge.
    pub(super) fn trees(&mut self, bytes: Pages<u8>) -> Content {
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
        if self.store.is_none() {
            // While the peer works: the first bin before it begins, the next when this has left.
            let due = match &self.bin {
                None => (at.step == Step::Choice).then_some(0),
                Some(bin) => Some(at.bin + u32::from(bin.masked.is_some())),
            };
            let Some(due) = due.filter(|bin| *bin < layout.bins) else { return Ok((false, None)) };
            self.store = Some(self.encode(layout, due)?);
            return Ok((true, None));
        }
        let ready = self.bin.as_ref().is_some_and(|bin| bin.trees.is_some());
        Ok(if ready { (true, self.mask(layout, at)) } else { (false, None) })
    }

    fn encode(&mut self, layout: &Layout, number: u32) -> Result<Store, Error> {
        for _ in 0..STORE_KEYS {
            let mut key = [0; F128::BYTES];
            self.keys.fill_bytes(&mut key);
            let key = F128::from_bytes(key);
            let bin = self.list.bin(number);
            let clusters: Vec<&[Digest]> = bin.iter().map(|cluster| cluster.digests).collect();
            match okvs::encode(self.simd, &layout.store, key, &clusters) {
                Ok(columns) => return Ok(Store { bin: number, key, columns }),
                Err(EncodeError::Dependent) => {}
                Err(EncodeError::Duplicate(cluster, first, second)) => {
                    let origin = bin[cluster].origin;
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
    fn mask(&mut self, layout: &Layout, at: At) -> Option<Content> {
        let share = self.draw();
        let bin = self.bin.as_mut()?;
        let (trees, challenge) = bin.trees.take()?;
        let Store { key, mut columns, .. } = self.store.take_if(|store| store.bin == at.bin)?;
        let (commitment, trees) = trees.split_first_chunk::<TREES_HEAD>()?;
        let noise = Noise {
            simd: self.simd,
            names: bin.names,
            shape: &layout.batch,
            bits: &bin.bits.0,
            correlations: &bin.correlations.0,
        };
        let expanded = noise.expand(trees, challenge, &mut columns);
        let mut head = Vec::with_capacity(COLUMNS_HEAD);
        for block in [key, expanded.masked, share] {
            head.extend(block.to_bytes());
        }
        let (c, expected) = (expanded.outputs, expanded.expected);
        bin.masked = Some(Masked { c, key, share, commitment: *commitment, expected });
        Some(Content { head, body: Body::Blocks(columns) })
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
        let masked = bin.masked.ok_or(out_of_order)?;
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
        let theirs = Theirs::read(layout.sender_items as usize, masks)?;
        let store = Decoder::new(self.simd, &layout.store, masked.key, &masked.c);
        let w = share ^ masked.share;
        let look_up = |entries: &_| theirs.look_up(entries);
        let common = bin.context.masks(&store, &self.list.bin(at.bin), (w, None), look_up);
        let mut common = common.into_iter().fold(Common::default(), Common::and);
        let mut answer = theirs.into_bitmap();
        let proof = bin.context.proof(&answer, &common);
        answer.extend_from_slice(&proof);
        if layout.contexts.is_some() {
            // Both ends take common items in the order of the sender's masks.
            common.items.sort_unstable_by_key(|item| item.number);
            let root = |item: &Found| Root::new(&bin.context, item.number, item.proof);
            self.tally.roots.extend(common.items.iter().map(root));
        }
        let list = &self.list;
        let places = common.items.iter().filter_map(|item| list.place(item.origin));
        self.tally.close_bin(places, &proof);
        Ok(Content::bytes(answer))
    }
}
