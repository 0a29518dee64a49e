//! Sockets and TLS: carries the peer protocol between two nodes.
//!
//! One TLS 1.3 session over TCP, key exchange X25519MLKEM768 only, both sides pinned by the raw
//! public keys (RFC 7250) on their party cards: no certificate, no authority. Either side may have
//! dialled; requests go both ways.
//!
//! This crate knows nothing of storage, of the matching engine or of the command line.

#![forbid(unsafe_code)]

mod dial;
mod listen;
mod session;
mod stream;
#[cfg(test)]
mod tests;
mod tls;

pub use dial::{dial, resolve};
pub use listen::{Listening, listen};
pub use session::{Handler, Session};
pub use tls::{Identity, NetError, Pins, new_transport_key};
