//! The secret keys of a running node, unlocked.

use std::fmt;

use detente_core::key::SigningKey;
use detente_core::party::Role;
use zeroize::Zeroizing;

/// Keys that a node signs with. The root key is not among them: it stays locked after `init`.
pub struct Keys {
    /// Role keys.
    pub roles: Vec<(Role, SigningKey)>,
    /// Seed of the Ed25519 key that signs checkpoints of own logs.
    pub log: Zeroizing<[u8; 32]>,
    /// Seed of the Ed25519 key that cosigns other parties' logs.
    pub mirror: Zeroizing<[u8; 32]>,
}

impl Keys {
    /// The key of a role.
    pub fn role(&self, role: Role) -> Option<&SigningKey> {
        self.roles.iter().find(|(own, _)| *own == role).map(|(_, key)| key)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}
