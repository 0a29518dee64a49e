//! The secret keys of a running node, unlocked.

use std::fmt;

use detente_core::act::Body;
use detente_core::key::SigningKey;
use detente_core::party::Role;
use zeroize::Zeroizing;

/// Keys that a node signs with. The root key is not among them: it stays locked after `init`.
pub struct Keys {
    /// Role keys; during a rotation the old and the new one.
    pub roles: Vec<(Role, SigningKey)>,
    /// Keys to which powers were lent: the statements say whose.
    pub deputies: Vec<SigningKey>,
    /// What the party says of its keys: rotations, delegations and revocations, in the order in
    /// which they were made. Every own log gets them.
    pub statements: Vec<Body>,
    /// Seed of the Ed25519 key that signs checkpoints of own logs.
    pub log: Zeroizing<[u8; 32]>,
    /// Seed of the Ed25519 key that cosigns other parties' logs.
    pub mirror: Zeroizing<[u8; 32]>,
}

impl Keys {
    /// Every key that signs acts; those of roles first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &SigningKey> {
        self.roles.iter().map(|(_, key)| key).chain(&self.deputies)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}
