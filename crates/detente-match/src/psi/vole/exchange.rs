//! Contexts of common items: each end gives the other one for each, sealed, batch for batch.
//!
//! ```text
//! contexts k   sender to receiver: [label 32, in batch 0] | a sealed context for each item
//! returns k    back: the same for the same items
//! sealed       ChaCha20-Poly1305 (RFC 8439) of: length u32 | context | zeros; bytes + 20
//! ```
//!
//! They go when the receiver has proved what is common, so for common items alone: contexts of
//! other items leave no end, sealed or not. The key of each comes from the item's own value, which
//! only who could compute the item's mask knows. Batches go in turn, so that whoever stops has had
//! one more than the other at the most. Reasons: `docs/adr/0010-payload.md`.

use std::ops::Range;

use chacha20poly1305::aead::AeadInPlace as _;
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit as _, Nonce, Tag};
use zeroize::Zeroizing;

use super::BinContext;
use super::frame::{CHUNK_BYTES, Content};
use super::layout::{Layout, Step};
use crate::error::{CallerFault, PeerFault};
use crate::params::{Learn, MAX_PAYLOAD_BYTES, Mode, Params, Role};
use crate::psi::{Contexts, Due};

/// Bytes of the label before the first batch of each end.
pub(super) const LABEL_BYTES: usize = 32;
/// Bytes before a context within its seal.
const LENGTH_BYTES: usize = 4;
/// Bytes of the seal's tag.
const TAG_BYTES: usize = 16;

/// How long contexts are, and how many there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Longest context. Bytes.
    pub(super) bytes: u32,
    /// Common items; 0 until all bins are done.
    pub(super) count: u32,
}

impl Shape {
    /// Bytes of one sealed context.
    fn sealed(self) -> usize {
        LENGTH_BYTES + self.bytes as usize + TAG_BYTES
    }

    /// Contexts of one batch: as many as fit one frame beside a label.
    fn batch(self) -> u32 {
        ((CHUNK_BYTES - LABEL_BYTES) / self.sealed()) as u32
    }

    /// Batches of each end. Where nothing is common, one goes too: it holds the label.
    pub(super) fn batches(self) -> u32 {
        self.count.div_ceil(self.batch()).max(1)
    }

    /// The common items of a batch, by their order.
    fn range(self, number: u32) -> Range<usize> {
        let at = |number: u32| number.saturating_mul(self.batch()).min(self.count) as usize;
        at(number)..at(number.saturating_add(1))
    }

    /// Bytes of a batch.
    pub(super) fn len(self, number: u32) -> usize {
        let label = if number == 0 { LABEL_BYTES } else { 0 };
        label + self.range(number).len() * self.sealed()
    }
}

/// The secret of a common item.
pub(super) struct Root(Zeroizing<[u8; 32]>);

impl Root {
    /// From the proof of the item with this number among the sender's masks of the bin. The number
    /// goes in so that a guess tries one item, not all at once.
    pub(super) fn new(context: &BinContext, number: u32, proof: u128) -> Root {
        let mut hasher = blake3::Hasher::new_derive_key("detente-match/vole/1 context");
        hasher.update(&context.context).update(&number.to_le_bytes());
        Root(Zeroizing::new(*hasher.update(&proof.to_le_bytes()).finalize().as_bytes()))
    }

    /// The cipher for one direction, by who seals. Each key seals one context.
    pub(super) fn cipher(&self, from: Role) -> ChaCha20Poly1305 {
        let mut hasher = blake3::Hasher::new_derive_key("detente-match/vole/1 context key");
        hasher.update(&*self.0).update(&[from.code()]);
        let key = Zeroizing::new(*hasher.finalize().as_bytes());
        ChaCha20Poly1305::new(Key::from_slice(&*key))
    }
}

/// What a seal is bound to beside its key: terms and place among the common items.
pub(super) fn bound(terms: &[u8; 32], index: usize) -> [u8; 36] {
    let mut bytes = [0; 36];
    bytes[..32].copy_from_slice(terms);
    bytes[32..].copy_from_slice(&(index as u32).to_le_bytes());
    bytes
}

/// Whether the terms of contexts make sense.
pub(super) fn check(params: &Params) -> Result<(), CallerFault> {
    match params.mode {
        Mode::Which => Ok(()),
        Mode::CountOnly | Mode::Lookup { .. } => Err(CallerFault::ModeUnknown),
        Mode::Payload { bytes } => {
            let sound = params.learn == Learn::Both && (1..=MAX_PAYLOAD_BYTES).contains(&bytes);
            let max = MAX_PAYLOAD_BYTES;
            sound.then_some(()).ok_or(CallerFault::PayloadTerms { bytes, max })
        }
    }
}

/// The exchange at one end: whose turn it is, and what has come and was not taken yet.
#[derive(Default)]
pub(super) struct Exchange {
    /// The batch that this end has to give now.
    due: Option<u32>,
    held: Option<Contexts>,
}

impl Exchange {
    /// Checks how many items are common, once all bins are done. Who has proved more than the
    /// lists agreed can hold has entered more than it said.
    pub(super) fn count(params: &Params, found: usize) -> Result<u32, PeerFault> {
        let max = params.own_len.min(params.peer_len);
        let count = u32::try_from(found).ok().filter(|count| *count <= max);
        count.ok_or(PeerFault::FoundTooMany { got: found, max })
    }

    /// This end has to give a batch.
    pub(super) fn turn(&mut self, number: u32) {
        self.due = Some(number);
    }

    /// Whether something has come that was not taken.
    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Whether the peer can't honestly send this step now: while a batch is due from this end, the
    /// peer has nothing to send but waits for it. Who took one then would let the peer see this
    /// end's contexts after it had confirmed, outside of the transcript.
    pub(super) fn is_early(&self, step: Step) -> bool {
        match step {
            // A confirmation may come while the peer's last batch is not taken yet.
            Step::Confirm => self.due.is_some(),
            Step::Contexts | Step::Returns => self.due.is_some() || self.held.is_some(),
            _ => false,
        }
    }

    /// What is to be given now, when what came before was taken.
    pub(super) fn due<'a>(&self, shape: Option<Shape>, common: &'a [usize]) -> Option<Due<'a>> {
        let number = self.due.filter(|_| self.held.is_none())?;
        Some(Due { common, range: shape?.range(number) })
    }

    pub(super) fn take(&mut self) -> Option<Contexts> {
        self.held.take()
    }

    /// Seals the batch that is due.
    pub(super) fn seal(
        &mut self,
        (layout, own): (&Layout, Role),
        roots: &[Root],
        label: &[u8; LABEL_BYTES],
        contents: &[Vec<u8>],
    ) -> Result<(u32, Content), CallerFault> {
        let number = self.due.filter(|_| self.held.is_none()).ok_or(CallerFault::ContextsNotDue)?;
        let shape = layout.contexts.ok_or(CallerFault::ContextsNotDue)?;
        let range = shape.range(number);
        if contents.len() != range.len() {
            let (got, due) = (contents.len(), range.len());
            return Err(CallerFault::ContextsMiscounted { got, due });
        }
        if let Some(long) = contents.iter().find(|content| content.len() > shape.bytes as usize) {
            return Err(CallerFault::ContextTooLong { got: long.len(), max: shape.bytes });
        }
        let mut bytes = Vec::with_capacity(shape.len(number));
        if number == 0 {
            bytes.extend_from_slice(label);
        }
        for ((content, index), root) in contents.iter().zip(range.clone()).zip(&roots[range]) {
            let start = bytes.len();
            bytes.extend_from_slice(&(content.len() as u32).to_le_bytes());
            bytes.extend_from_slice(content);
            bytes.resize(start + shape.sealed() - TAG_BYTES, 0);
            let bound = bound(&layout.terms, index);
            let tag = root
                .cipher(own)
                .encrypt_in_place_detached(&Nonce::default(), &bound, &mut bytes[start..])
                // Only for lengths beyond 2^38 bytes.
                .map_err(|_| CallerFault::ContextTooLong {
                    got: content.len(),
                    max: shape.bytes,
                })?;
            bytes.extend_from_slice(&tag);
        }
        self.due = None;
        Ok((number, Content::bytes(bytes)))
    }

    /// Opens a batch of the peer and holds it until it is taken.
    pub(super) fn open(
        &mut self,
        (layout, peer): (&Layout, Role),
        (common, roots): (&[usize], &[Root]),
        number: u32,
        bytes: &[u8],
    ) -> Result<(), PeerFault> {
        let malformed = || PeerFault::FrameMalformed { got: bytes.len() };
        let shape = layout.contexts.ok_or_else(malformed)?;
        let (label, sealed) = match bytes.split_first_chunk::<LABEL_BYTES>() {
            Some((label, sealed)) if number == 0 => (*label, sealed),
            _ if number == 0 => return Err(malformed()),
            _ => ([0; LABEL_BYTES], bytes),
        };
        let range = shape.range(number);
        let mut contents = Vec::with_capacity(range.len());
        let all = sealed.chunks_exact(shape.sealed()).zip(range.clone()).zip(&roots[range.clone()]);
        for ((sealed, index), root) in all {
            let (body, tag) = sealed.split_at(sealed.len() - TAG_BYTES);
            let mut body = body.to_vec();
            root.cipher(peer)
                .decrypt_in_place_detached(
                    &Nonce::default(),
                    &bound(&layout.terms, index),
                    &mut body,
                    Tag::from_slice(tag),
                )
                .map_err(|_| PeerFault::ContextUnopened { index: index as u32 })?;
            let malformed = PeerFault::ContextMalformed { index: index as u32 };
            let (length, _) = body.split_first_chunk::<LENGTH_BYTES>().ok_or(malformed.clone())?;
            let length = u32::from_le_bytes(*length);
            if length > shape.bytes {
                return Err(malformed);
            }
            let filled = body.split_off(LENGTH_BYTES + length as usize);
            if filled.iter().any(|byte| *byte != 0) {
                return Err(malformed);
            }
            body.drain(..LENGTH_BYTES);
            contents.push(body);
        }
        let first = (number == 0).then_some(label);
        let last = number + 1 >= shape.batches();
        let places = common[range].to_vec();
        self.held = Some(Contexts { label: first, places, contents, last });
        Ok(())
    }
}
