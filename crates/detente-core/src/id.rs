//! Names of things: 32-byte newtypes that can't be mixed up.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

macro_rules! id32 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = 32;

            /// Wraps bytes that are known to be such an id.
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// The first eight hex digits, for people.
            pub fn short(&self) -> String {
                hex::encode(&self.0[..4])
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.short())
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let mut bytes = [0; 32];
                // Lower case only: one spelling per id.
                if text.bytes().any(|b| b.is_ascii_uppercase()) {
                    return Err(BadId);
                }
                hex::decode_to_slice(text, &mut bytes).map_err(|_| BadId)?;
                Ok(Self(bytes))
            }
        }
    };
}

id32!(
    /// A party: the SHA-256 of its root public key. It is also the party's fingerprint.
    PartyId
);
id32!(
    /// An accord: see [`AccordId::derive`].
    AccordId
);
id32!(
    /// One matching run, chosen at random by the initiator.
    RunId
);
id32!(
    /// A public key: the SHA-256 of its canonical bytes.
    KeyId
);
id32!(
    /// A SHA-256 of something named by the field that holds it.
    Digest
);

/// The text is not 64 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected 64 lower-case hex digits")]
pub struct BadId;

impl Digest {
    /// SHA-256 over `label`, a zero byte, and each part preceded by its length (8 bytes, big
    /// endian), so that no two lists of parts give the same input.
    pub fn of(label: &str, parts: &[&[u8]]) -> Digest {
        let mut hash = Sha256::new();
        hash.update(label.as_bytes());
        hash.update([0]);
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Digest(hash.finalize().into())
    }

    /// Plain SHA-256, for what people check with `sha256sum`.
    pub fn plain(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }
}

impl AccordId {
    /// The id of the accord that `parties` call `slug`: both sides derive the same one, and
    /// nobody else can claim it, because it names their root keys.
    pub fn derive(slug: &str, parties: &[PartyId]) -> AccordId {
        let mut sorted: Vec<PartyId> = parties.to_vec();
        sorted.sort_unstable();
        let mut parts: Vec<&[u8]> = vec![slug.as_bytes()];
        parts.extend(sorted.iter().map(|party| party.as_bytes().as_slice()));
        AccordId(*Digest::of("detente/accord-id/1", &parts).as_bytes())
    }
}

/// The origin line of a party's log in an accord, and the name of the key that signs it
/// (C2SP tlog-checkpoint, signed-note).
pub fn log_origin(accord: AccordId, party: PartyId) -> String {
    format!("detente/{accord}/{party}")
}

/// The name of the key with which a party cosigns other parties' logs (C2SP tlog-cosignature).
pub fn mirror_name(party: PartyId) -> String {
    format!("detente-mirror/{party}")
}

#[cfg(test)]
mod tests {
    use super::{AccordId, Digest, PartyId};

    #[test]
    fn ids_have_one_spelling() {
        let id = PartyId::new([0xab; 32]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().to_uppercase().parse::<PartyId>().is_err());
        assert!("ab".parse::<PartyId>().is_err());
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(Digest::of("l", &[b"ab", b"c"]), Digest::of("l", &[b"a", b"bc"]));
        assert_ne!(Digest::of("l", &[b"ab"]), Digest::of("l", &[b"ab", b""]));
    }

    #[test]
    fn an_accord_id_does_not_depend_on_who_derives_it() {
        let (a, b) = (PartyId::new([1; 32]), PartyId::new([2; 32]));
        assert_eq!(AccordId::derive("x", &[a, b]), AccordId::derive("x", &[b, a]));
        assert_ne!(AccordId::derive("x", &[a, b]), AccordId::derive("y", &[a, b]));
    }
}
