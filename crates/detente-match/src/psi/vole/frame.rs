//! Steps cut into frames, and put together again.
//!
//! ```text
//! frame   step u8 | bin u32 | offset u64 | bytes            little-endian
//! hello   0 | terms 32 | step u8 | bin u32 | offset u64     the first frame of each connection
//! ```
//!
//! Every frame of a step but the last holds [`CHUNK_BYTES`]; nothing else is accepted, so the bytes
//! of a run do not hang on how it was sent. What was sent is kept until the peer's next step shows
//! that it has arrived: a cut line goes on where it was cut.

use super::layout::{At, Layout, Step};
use crate::error::PeerFault;
use detente_vole::field::F128;
use detente_vole::memory::Pages;

/// Bytes of a step in one frame. Choice: small against a step, so that progress shows.
pub(crate) const CHUNK_BYTES: usize = 1 << 20;
/// Bytes before the payload of a frame.
const HEAD_BYTES: usize = 13;
const HELLO: u8 = 0;
const HELLO_BYTES: usize = 1 + 32 + HEAD_BYTES;

/// Longest frame. Bytes.
pub(crate) const FRAME_BYTES: usize = HEAD_BYTES + CHUNK_BYTES;

/// A place in the stream of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) at: At,
    pub(crate) offset: u64,
}

/// A frame as read.
pub(crate) enum Frame<'a> {
    Hello { terms: [u8; 32], expects: Place },
    Part { place: Place, bytes: &'a [u8] },
}

impl<'a> Frame<'a> {
    /// Reads one frame.
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Frame<'a>, PeerFault> {
        if bytes.len() > FRAME_BYTES {
            return Err(PeerFault::FrameTooLong { got: bytes.len(), max: FRAME_BYTES });
        }
        let malformed = PeerFault::FrameMalformed { got: bytes.len() };
        if bytes.first() == Some(&HELLO) {
            let (terms, rest) = bytes[1..].split_first_chunk::<32>().ok_or(malformed.clone())?;
            let (expects, rest) = place(rest).ok_or(malformed.clone())?;
            return if rest.is_empty() {
                Ok(Frame::Hello { terms: *terms, expects })
            } else {
                Err(malformed)
            };
        }
        let (place, bytes) = place(bytes).ok_or(malformed)?;
        Ok(Frame::Part { place, bytes })
    }

    /// The bytes of a hello.
    pub(crate) fn hello(terms: &[u8; 32], expects: Place) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HELLO_BYTES);
        bytes.push(HELLO);
        bytes.extend_from_slice(terms);
        head(expects, &mut bytes);
        bytes
    }
}

fn place(bytes: &[u8]) -> Option<(Place, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>()?;
    let step = Step::from_code(head[0])?;
    let bin = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
    let offset = u64::from_le_bytes(*head[5..].first_chunk::<8>()?);
    Some((Place { at: At { step, bin }, offset }, rest))
}

fn head(place: Place, into: &mut Vec<u8>) {
    into.push(place.at.step as u8);
    into.extend_from_slice(&place.at.bin.to_le_bytes());
    into.extend_from_slice(&place.offset.to_le_bytes());
}

/// The content of a step that goes out.
pub(crate) struct Content {
    pub(super) head: Vec<u8>,
    /// Bytes after the head.
    pub(super) body: Body,
}

/// The long part of a step.
pub(crate) enum Body {
    None,
    /// Elements, written as they go.
    Blocks(Pages<F128>),
    Bytes(Pages<u8>),
}

impl Content {
    pub(super) fn bytes(head: Vec<u8>) -> Content {
        Content { head, body: Body::None }
    }

    fn len(&self) -> u64 {
        let body = match &self.body {
            Body::None => 0,
            Body::Blocks(blocks) => F128::BYTES * blocks.len(),
            Body::Bytes(bytes) => bytes.len(),
        };
        (self.head.len() + body) as u64
    }

    /// Writes the bytes from `offset` on. Offsets of chunks are multiples of 16, and so is the
    /// length of a head before blocks.
    fn write(&self, offset: usize, mut count: usize, into: &mut Vec<u8>) {
        let mut offset = offset;
        if offset < self.head.len() {
            let part = &self.head[offset..(offset + count).min(self.head.len())];
            into.extend_from_slice(part);
            count -= part.len();
            offset += part.len();
        }
        // 0 if the part ended within the head.
        let first = offset.saturating_sub(self.head.len());
        match &self.body {
            Body::None => {}
            Body::Blocks(blocks) => {
                let (first, count) = (first / F128::BYTES, count / F128::BYTES);
                F128::write(blocks.get(first..first + count).unwrap_or_default(), into);
            }
            Body::Bytes(bytes) => {
                into.extend_from_slice(bytes.get(first..first + count).unwrap_or_default());
            }
        }
    }
}

/// Steps on their way out.
pub(crate) struct Outbox {
    /// Steps that may not have arrived yet, in order.
    steps: Vec<(At, Content)>,
    /// The next byte to send: number in `steps`, offset.
    cursor: (usize, u64),
}

impl Outbox {
    pub(super) fn new() -> Outbox {
        Outbox { steps: Vec::new(), cursor: (0, 0) }
    }

    pub(super) fn push(&mut self, at: At, content: Content) {
        self.steps.push((at, content));
    }

    /// Forgets what was sent: the peer's step shows that it has arrived.
    pub(super) fn arrived(&mut self) {
        self.steps.drain(..self.cursor.0);
        self.cursor.0 = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cursor.0 >= self.steps.len()
    }

    /// Whether a step is held here, sent or not.
    pub(super) fn holds(&self, at: At) -> bool {
        self.steps.iter().any(|(held, _)| *held == at)
    }

    /// Whether all is sent but, if the peer's step is a confirmation, our own.
    pub(super) fn is_empty_but(&self, peer: Step) -> bool {
        let mut unsent = self.steps.iter().skip(self.cursor.0);
        unsent.all(|(at, _)| peer == Step::Confirm && at.step == Step::Confirm)
    }

    /// The next frame.
    pub(super) fn next(&mut self) -> Option<(Place, Vec<u8>)> {
        let (number, offset) = self.cursor;
        let (at, content) = self.steps.get(number)?;
        let count = (content.len() - offset).min(CHUNK_BYTES as u64) as usize;
        let place = Place { at: *at, offset };
        let mut bytes = Vec::with_capacity(HEAD_BYTES + count);
        head(place, &mut bytes);
        content.write(offset as usize, count, &mut bytes);
        let next = offset + count as u64;
        self.cursor = if next >= content.len() { (number + 1, 0) } else { (number, next) };
        Some((place, bytes))
    }

    /// Goes to the place that the peer expects next, after a cut. `None` if it is not held here.
    pub(super) fn rewind(&mut self, expects: Place, upcoming: Option<At>) -> Option<()> {
        if let Some(number) = self.steps.iter().position(|(at, _)| *at == expects.at) {
            let len = self.steps[number].1.len();
            if expects.offset == len {
                self.cursor = (number + 1, 0);
                return Some(());
            }
            if !expects.offset.is_multiple_of(CHUNK_BYTES as u64) || expects.offset > len {
                return None;
            }
            self.cursor = (number, expects.offset);
            return Some(());
        }
        // All that is held has arrived, and the peer waits for the next.
        (upcoming == Some(expects.at) && expects.offset == 0).then(|| {
            self.cursor = (self.steps.len(), 0);
        })
    }
}

/// Checks that a frame is the very next part of a step.
pub(super) fn check_part(
    layout: &Layout,
    expected: Place,
    place: Place,
    got: usize,
) -> Result<(), PeerFault> {
    if place.at != expected.at {
        return Err(PeerFault::OutOfOrder { got: place.at.step.name() });
    }
    if place.offset != expected.offset {
        return Err(PeerFault::WrongOffset { got: place.offset, expected: expected.offset });
    }
    let due = (layout.len(place.at) - expected.offset).min(CHUNK_BYTES as u64);
    if got as u64 != due {
        return Err(PeerFault::WrongFrame { got, expected: due });
    }
    Ok(())
}
