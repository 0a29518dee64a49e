//! The peer protocol without I/O: what two nodes say to each other, and how much of it.
//!
//! One session carries many exchanges, in both directions at once, so it does not matter which of
//! the two could be dialled. An exchange is a request with its response, or a stream of messages.
//! Everything read from a peer is bounded by a named maximum in [`limits`].
//!
//! This crate knows nothing of sockets, clocks, storage or keys.

#![forbid(unsafe_code)]

mod frame;
pub mod limits;
mod message;
#[cfg(test)]
mod tests;

pub use frame::{Frame, FrameError, FrameKind, HEAD_LEN, StreamId, frame_len};
pub use message::{ObjectBatch, Refusal, Request, Response};

/// The version of this protocol.
pub const VERSION: u16 = 1;
