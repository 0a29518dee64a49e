//! How a server is trusted, and how the house proves itself to it.

use std::fmt;

use zeroize::Zeroizing;

/// Whose word is taken that a server is the right one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// The authorities that this machine trusts.
    #[default]
    System,
    /// These authorities alone, as PEM.
    Authorities(Vec<u8>),
    /// The certificate itself, by the SHA-256 of its DER bytes; neither its names nor its dates
    /// count.
    Pin([u8; 32]),
}

/// How the house proves who it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Proof {
    /// Not at all.
    #[default]
    Nobody,
    /// A user and a password.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: Zeroizing<String>,
    },
    /// A bearer token.
    Bearer(Zeroizing<String>),
    /// A client certificate.
    Certificate {
        /// The certificate and its chain, as PEM.
        chain: Vec<u8>,
        /// Its key, as PEM.
        key: Zeroizing<Vec<u8>>,
    },
}

impl Proof {
    /// What it is, in one word.
    pub const fn name(&self) -> &'static str {
        match self {
            Proof::Nobody => "nothing",
            Proof::Basic { .. } => "password",
            Proof::Bearer(_) => "token",
            Proof::Certificate { .. } => "certificate",
        }
    }
}

/// Says what it is and none of it.
impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proof({})", self.name())
    }
}
