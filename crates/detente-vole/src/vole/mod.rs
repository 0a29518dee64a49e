//! Silent vector oblivious linear evaluation over GF(2^128), against a malicious peer.
//!
//! The *sender* holds one element Delta and gets B; the *receiver* gets A and C with
//! C = A Delta + B in every place; A is pseudorandom and unknown to the sender. From 128 base
//! transfers (`ot`) come some ten thousand correlated transfers; they place a few hundred noise
//! values in punctured trees (`tree.rs`); a linear code (`code.rs`) compresses the noise to the
//! output. `sender.rs` and `receiver.rs` are the two ends, `check.rs` what convinces the receiver
//! that the trees were made as they should.
//! Not here: what the correlations are for, and messages' bytes.

pub mod check;
pub mod code;
pub mod receiver;
pub mod sender;
#[cfg(test)]
mod tests;
mod tree;
