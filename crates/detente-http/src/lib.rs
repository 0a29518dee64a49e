//! HTTPS to other servers, as their client.
//!
//! In scope: one client of one server: TLS with the system's authorities, given ones or a pinned
//! certificate; who the house is there; bounds on time and size. What is asked and what an answer
//! means is [`detente_taxii::client`]'s.
//!
//! Out of scope: redirects and waits, which are decided there; proxies; answers that are
//! compressed, which nobody asks for.

#![forbid(unsafe_code)]

mod client;
mod secrets;
#[cfg(test)]
mod tests;
mod tls;

pub use client::{Client, LineFault, MAX_HEAD, MAX_HEADERS, NoClient, Times};
pub use tls::TlsFault;
