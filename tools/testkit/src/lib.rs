//! Simulated worlds for tests: nodes with real stores and keys, on clocks, entropy and lines that a
//! test controls.
//!
//! Is: [`World`] with its [`Member`]s, [`SimClock`], [`SimEntropy`], [`FaultyStore`], [`SimLink`]
//! with planned cuts, [`Terms`] that write accords, and [`Forger`], a party that breaks the rules.
//! Is not: a mock. Every message is encoded and read back, every act is signed, every write is a
//! transaction of the real store. The same seed gives the same world, to the byte.

#![forbid(unsafe_code)]
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "only tests use this crate: what fails here is a failing test"
)]

mod clock;
mod entropy;
mod forger;
mod line;
mod store;
mod stream;
mod text;
mod world;

pub use clock::{START, SimClock};
pub use entropy::{Dice, SimEntropy};
pub use forger::{Forger, MuteLink};
pub use line::{Cut, End, NodeEnd, Seal, SealBook, SimLink, Tamper, When};
pub use store::{FaultyStore, Strike};
pub use text::{ACCORD, Terms};
pub use world::{Member, World, context, observable};
