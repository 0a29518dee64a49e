//! The digest of a run: what both ends have seen, whatever order the two directions met in.
//!
//! One SHA-256 for each direction over every message but the confirmations, each preceded by
//! its length (four bytes, big-endian); at the end one hash over both.

use sha2::{Digest, Sha256};

use super::msgs::{Body, Message};
use super::params::{LABEL_TRANSCRIPT, Terms};
use crate::params::Role;

pub(super) struct Transcript {
    terms: Terms,
    from_initiator: Sha256,
    from_responder: Sha256,
}

impl Transcript {
    pub(super) fn new(terms: Terms) -> Transcript {
        Transcript { terms, from_initiator: Sha256::new(), from_responder: Sha256::new() }
    }

    /// Notes a message that `sender` sent. Confirmations carry the digest, so they are not in it.
    #[expect(clippy::cast_possible_truncation, reason = "a message has at most MAX_BYTES bytes")]
    pub(super) fn note(&mut self, sender: Role, message: &Message) {
        if matches!(message.0, Body::Confirm { .. }) {
            return;
        }
        let bytes = message.encode();
        let hash = match sender {
            Role::Initiator => &mut self.from_initiator,
            Role::Responder => &mut self.from_responder,
        };
        hash.update((bytes.len() as u32).to_be_bytes());
        hash.update(bytes);
    }

    /// The digest of all messages noted so far.
    pub(super) fn digest(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update(LABEL_TRANSCRIPT)
            .chain_update(self.terms.0)
            .chain_update(self.from_initiator.clone().finalize())
            .chain_update(self.from_responder.clone().finalize())
            .finalize()
            .into()
    }
}
