//! HTTPS for the tools of the house: who they are, how much they may ask.
//!
//! In scope: TLS with a certificate, HTTP/1.1 and 2, accounts by password, bearer token or client
//! certificate, rates, sizes, slow clients, and the audit. What is asked and answered is
//! [`detente_taxii`]'s; where accounts and objects lie is behind [`Store`].
//!
//! Out of scope: other parties' nodes, which speak the peer protocol.

#![forbid(unsafe_code)]

mod audit;
mod body;
mod line;
mod login;
mod rate;
mod serve;
mod tls;

pub use audit::AuditLog;
pub use login::{Credential, Secret, Store};
pub use rate::Rate;
pub use serve::{Ground, Listening, MAX_CONNECTIONS, Opener, Service, listen};
pub use tls::{Tls, TlsError, self_signed};
