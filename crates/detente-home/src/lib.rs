//! The folder of a node: its files and lock, keys at rest, clock and chance.
//!
//! In scope: what a command needs before there is a node ([`home`], [`keystore`], [`passphrase`]),
//! the system's clock and chance ([`world`]), bytes as text in files ([`armour`]), and how a
//! command fails ([`fail`]); the warninglists that lie there ([`warninglists`]); files that
//! are whole or not there ([`part`]).
//!
//! Out of scope: what commands do, and databases.

#![forbid(unsafe_code)]

pub mod armour;
pub mod fail;
pub mod home;
pub mod keystore;
pub mod part;
pub mod passphrase;
pub mod warninglists;
pub mod world;
