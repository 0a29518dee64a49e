//! What the fast matcher is built of, without I/O: a silent VOLE and a key-value store.
//!
//! Is: the field GF(2^128) ([`field`]), its vector kernels ([`simd`], the only `unsafe` of the
//! house), large vectors ([`memory`]), oblivious transfer ([`ot`]), vector oblivious linear
//! evaluation on it ([`vole`]), and the oblivious key-value store ([`okvs`]). [`security`] holds
//! all parameters of these with unit and source, and the formulas that give sizes from them; the
//! limits of a run are those of detente-match.
//! Is not: messages, items, terms, who learns what: see `psi/vole` of detente-match. This crate
//! knows nothing of the other detente crates; it uses worker threads (rayon) and nothing else of
//! the machine.
//!
//! The pieces are safe only in the order and with the checks of `docs/protocol/matching-vole.md`;
//! the reasons for each number are in `docs/adr/0008-vole-matching.md`.

pub mod field;
pub mod memory;
#[expect(
    clippy::cast_possible_truncation,
    reason = "counts here are bounded by the shapes of `security`, which fit 32 bits"
)]
pub mod okvs;
#[expect(
    clippy::cast_possible_truncation,
    reason = "counts here are bounded by the shapes of `security`, which fit 32 bits"
)]
pub mod ot;
#[expect(
    clippy::cast_possible_truncation,
    reason = "lengths of lists are 32 bits, and all else follows from them"
)]
pub mod security;
#[expect(clippy::cast_possible_truncation, reason = "cutting words is what kernels do")]
pub mod simd;
#[expect(
    clippy::cast_possible_truncation,
    reason = "counts here are bounded by the shapes of `security`, which fit 32 bits"
)]
pub mod vole;
