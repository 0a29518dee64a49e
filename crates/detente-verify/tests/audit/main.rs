//! The auditor over records that were really signed, and over what forgers make of them.

#![expect(clippy::panic, clippy::unwrap_used, reason = "tests, and what they share")]

mod alert;
mod consent;
mod flip;
mod forgery;
mod hostile;
mod retraction;
mod sound;
mod world;
