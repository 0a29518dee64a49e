//! What follows from the terms alone: the steps of a run, who sends each, and how long it is.

use super::exchange::Shape;
use crate::params::{Learn, Mode, Params, Role};
use crate::psi::vole::VoleOptions;
use detente_vole::ot::{BaseTransfer, extension_bytes};
use detente_vole::security::{BIN_ITEMS, BINS_MAX, BatchShape, LAMBDA, StoreShape, max_load};

/// Label of the terms; its number is the version of all that this folder does.
const LABEL_TERMS: &str = "detente-match/vole/1 terms";

/// Bytes before the columns: key of the store, masked sum of the check, the receiver's share of w.
pub(super) const COLUMNS_HEAD: usize = 3 * 16;
/// Bytes before the masks: proof of the check, the sender's share of w.
pub(super) const MASKS_HEAD: usize = 32 + 16;
/// Bytes before the trees: the commitment to the sender's share of w.
pub(super) const TREES_HEAD: usize = 32;

/// One step of a run: a message as the protocol counts them; it travels in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Step {
    /// The sender's would-be keys of the base transfers.
    Choice = 1,
    /// The answer to them.
    Reply = 2,
    /// The receiver's bits of the extension, masked, with the check.
    Noise = 3,
    /// The sums of all trees' levels.
    Trees = 4,
    /// The challenge of the trees' check.
    Challenge = 5,
    /// The masked store.
    Columns = 6,
    /// A mask for each of the sender's items.
    Masks = 7,
    /// Which masks are common, and the proof of it.
    Found = 8,
    /// What an end found and saw.
    Confirm = 9,
    /// The sender's contexts of common items: a batch.
    Contexts = 10,
    /// The receiver's for the same items.
    Returns = 11,
}

impl Step {
    const ALL: [Step; 11] = [
        Step::Choice,
        Step::Reply,
        Step::Noise,
        Step::Trees,
        Step::Challenge,
        Step::Columns,
        Step::Masks,
        Step::Found,
        Step::Confirm,
        Step::Contexts,
        Step::Returns,
    ];

    pub(super) fn from_code(code: u8) -> Option<Step> {
        Step::ALL.into_iter().find(|step| *step as u8 == code)
    }

    /// The name of the step in snake case, for logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Step::Choice => "choice",
            Step::Reply => "reply",
            Step::Noise => "noise",
            Step::Trees => "trees",
            Step::Challenge => "challenge",
            Step::Columns => "columns",
            Step::Masks => "masks",
            Step::Found => "found",
            Step::Confirm => "confirm",
            Step::Contexts => "contexts",
            Step::Returns => "returns",
        }
    }
}

/// A step of one bin, or of one batch of contexts; other steps have bin 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) step: Step,
    pub(crate) bin: u32,
}

impl At {
    /// Ascending in the order of a run: the bins, the batches of contexts, the end.
    pub(super) fn order(self) -> (u8, u32, u8) {
        let part = match self.step {
            Step::Contexts | Step::Returns => 1,
            Step::Confirm => 2,
            _ => 0,
        };
        (part, self.bin, self.step as u8)
    }
}

/// How a run is cut and how long each of its steps is.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(super) bins: u32,
    /// Most items of one bin: the receiver's, the sender's.
    pub(super) receiver_items: u32,
    pub(super) sender_items: u32,
    /// Most items of one cluster of a bin: the receiver's, the sender's.
    pub(super) receiver_room: u32,
    pub(super) sender_room: u32,
    pub(super) store: StoreShape,
    pub(super) batch: BatchShape,
    pub(super) suite: BaseTransfer,
    /// Whether the receiver tells the sender what is common.
    pub(super) answers: bool,
    /// Contexts that go with what is common, if any do.
    pub(super) contexts: Option<Shape>,
    /// Digest of the terms.
    pub(super) terms: [u8; 32],
}

impl Layout {
    /// The initiator is the receiver; it learns first.
    pub(crate) fn new(params: &Params, options: &VoleOptions) -> Layout {
        let suite = options.base;
        let (receiver, sender) = match params.role {
            Role::Initiator => (params.own_len, params.peer_len),
            Role::Responder => (params.peer_len, params.own_len),
        };
        let (bins, store) = cut(receiver, sender, options.whole);
        let (receiver_items, sender_items) = (load(receiver, bins), load(sender, bins));
        let sender_room = room(sender_items, bins, store.clusters);
        let batch = BatchShape::new(store.all_columns());
        let mut hasher = blake3::Hasher::new_derive_key(LABEL_TERMS);
        hasher.update(&params.context);
        hasher.update(&[params.mode.code(), params.learn.code(), suite.code()]);
        let numbers = [
            receiver,
            sender,
            bins,
            receiver_items,
            sender_items,
            store.clusters,
            store.sparse,
            store.dense,
        ];
        for number in numbers {
            hasher.update(&number.to_le_bytes());
        }
        for part in &batch.parts {
            for number in [part.outputs, part.trees, part.depth] {
                hasher.update(&(number as u64).to_le_bytes());
            }
        }
        let contexts = match params.mode {
            Mode::Payload { bytes } => Some(Shape { bytes, count: 0 }),
            Mode::CountOnly | Mode::Lookup { .. } | Mode::Which => None,
        };
        if let Some(Shape { bytes, .. }) = contexts {
            hasher.update(&bytes.to_le_bytes());
        }
        let terms = *hasher.finalize().as_bytes();
        let answers = params.learn == Learn::Both;
        Layout {
            bins,
            receiver_items,
            sender_items,
            receiver_room: store.capacity,
            sender_room,
            store,
            batch,
            suite,
            answers,
            contexts,
            terms,
        }
    }

    /// The bin of a digest.
    pub(super) fn bin_of(&self, row: u128) -> u32 {
        (((row >> 64) * u128::from(self.bins)) >> 64) as u32
    }

    /// The step that comes after one, or the first.
    pub(super) fn next(&self, at: Option<At>) -> Option<At> {
        let Some(At { step, bin }) = at else { return Some(At { step: Step::Choice, bin: 0 }) };
        let same = |step| Some(At { step, bin });
        let next_bin = || {
            let more = bin + 1 < self.bins;
            Some(if more {
                At { step: Step::Noise, bin: bin + 1 }
            } else if self.contexts.is_some() {
                At { step: Step::Contexts, bin: 0 }
            } else {
                At { step: Step::Confirm, bin: 0 }
            })
        };
        match step {
            Step::Choice => same(Step::Reply),
            Step::Reply => same(Step::Noise),
            Step::Noise => same(Step::Trees),
            Step::Trees => same(Step::Challenge),
            Step::Challenge => same(Step::Columns),
            Step::Columns => same(Step::Masks),
            Step::Masks if self.answers => same(Step::Found),
            Step::Masks | Step::Found => next_bin(),
            Step::Contexts => same(Step::Returns),
            Step::Returns => {
                let more = self.contexts.is_some_and(|shape| bin + 1 < shape.batches());
                let step = if more { Step::Contexts } else { Step::Confirm };
                Some(At { step, bin: if more { bin + 1 } else { 0 } })
            }
            Step::Confirm => None,
        }
    }

    /// Whether the receiver sends a step; both send `Confirm`.
    pub(super) fn from_receiver(step: Step) -> bool {
        use Step::{Challenge, Columns, Found, Noise, Reply, Returns};
        matches!(step, Reply | Noise | Challenge | Columns | Found | Returns)
    }

    /// Bytes of a step.
    pub(super) fn len(&self, At { step, bin }: At) -> u64 {
        let len = match step {
            Step::Choice => self.suite.choice_bytes(),
            Step::Reply => self.suite.reply_bytes(),
            Step::Noise => extension_bytes(self.batch.blocks()),
            Step::Trees => TREES_HEAD + self.batch.tree_bytes(),
            Step::Challenge => 16,
            Step::Columns => COLUMNS_HEAD + 16 * self.store.all_columns(),
            Step::Masks => MASKS_HEAD + super::masks::encoded_len(self.sender_items as usize),
            Step::Found => (self.sender_items as usize).div_ceil(8) + 32,
            Step::Confirm => 8 + 32 + 32,
            Step::Contexts | Step::Returns => self.contexts.map_or(0, |shape| shape.len(bin)),
        };
        len as u64
    }

    /// Bytes of all steps, both directions; of contexts, as far as it is known how many there are.
    pub(super) fn total(&self) -> u64 {
        let mut total = self.len(At { step: Step::Confirm, bin: 0 });
        let mut at = self.next(None);
        while let Some(now) = at {
            total += self.len(now);
            at = self.next(Some(now));
        }
        total
    }
}

/// The bins of lists of these lengths, and the store of each.
pub(super) fn cut(receiver: u32, sender: u32, whole: bool) -> (u32, StoreShape) {
    let bins = bins(receiver, sender, whole);
    (bins, StoreShape::new(load(receiver, bins).into(), bins))
}

/// Most items of one bin.
fn load(items: u32, bins: u32) -> u32 {
    let lambda = f64::from(LAMBDA) + f64::from(bins).log2();
    max_load(items.into(), bins.into(), lambda) as u32
}

/// Most items of one of the sender's clusters, over all bins.
fn room(items: u32, bins: u32, clusters: u32) -> u32 {
    let lambda = f64::from(LAMBDA) + (f64::from(bins) * f64::from(clusters)).log2();
    max_load(items.into(), clusters.into(), lambda) as u32
}

/// Into how many bins lists of these lengths are cut: so that the longer one has at most
/// [`BIN_ITEMS`] in each on average.
fn bins(receiver: u32, sender: u32, whole: bool) -> u32 {
    let longest = u64::from(receiver.max(sender));
    if whole { 1 } else { longest.div_ceil(BIN_ITEMS).clamp(1, BINS_MAX) as u32 }
}
