//! Identifiers of STIX objects: `object-type--UUID` (STIX 2.1 §2.9).

use std::borrow::Cow;
use std::fmt;

/// The longest type name, in bytes (STIX 2.1 §3.1).
pub const MAX_TYPE: usize = 250;
/// The longest identifier, in bytes: a type name, two hyphens and a UUID.
pub const MAX_IDENTIFIER: usize = MAX_TYPE + 2 + UUID_LENGTH;
/// The shortest type name, in bytes (STIX 2.1 §3.1).
const MIN_TYPE: usize = 3;
/// A UUID as text, in bytes (RFC 4122 §3).
const UUID_LENGTH: usize = 36;

/// Text that is `object-type--UUID`. The bytes are kept as they came.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier<'a>(Cow<'a, str>);

/// The text is no identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierFault {
    /// What stands before the two hyphens is no type name.
    #[error("identifier {0:?} does not begin with a type name")]
    Type(String),
    /// What stands after the two hyphens is no UUID.
    #[error("identifier {0:?} does not end with two hyphens and a UUID")]
    Uuid(String),
}

impl IdentifierFault {
    /// A stable code for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            IdentifierFault::Type(_) => "stix-identifier-type",
            IdentifierFault::Uuid(_) => "stix-identifier-uuid",
        }
    }
}

impl<'a> Identifier<'a> {
    /// Takes text that has the form of an identifier. Any UUID is taken, in either case of its
    /// letters; [`Identifier::is_rfc4122`] tells the ones the standard allows.
    ///
    /// # Errors
    /// [`IdentifierFault`] names the half that is wrong.
    pub fn parse(text: impl Into<Cow<'a, str>>) -> Result<Identifier<'a>, IdentifierFault> {
        let text = text.into();
        let split = text.len().checked_sub(UUID_LENGTH).and_then(|at| text.split_at_checked(at));
        let Some((before, uuid)) = split else {
            return Err(IdentifierFault::Uuid(excerpt(&text)));
        };
        let Some(kind) = before.strip_suffix("--").filter(|_| is_uuid(uuid)) else {
            return Err(IdentifierFault::Uuid(excerpt(&text)));
        };
        if !is_type_name(kind) {
            return Err(IdentifierFault::Type(excerpt(&text)));
        }
        Ok(Identifier(text))
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The type of the object that is named.
    pub fn kind(&self) -> &str {
        let end = self.0.len().saturating_sub(UUID_LENGTH + 2);
        self.0.get(..end).unwrap_or("")
    }

    /// The UUID as it is written.
    pub fn uuid(&self) -> &str {
        self.0.get(self.0.len().saturating_sub(UUID_LENGTH)..).unwrap_or("")
    }

    /// The version digit of the UUID (RFC 4122 §4.1.3), 0 to 15.
    pub fn uuid_version(&self) -> u8 {
        self.hex_digit(14)
    }

    /// Whether the UUID is one of the variant and the versions 1 to 5 that RFC 4122 defines.
    pub fn is_rfc4122(&self) -> bool {
        (1..=5).contains(&self.uuid_version()) && (8..=11).contains(&self.hex_digit(19))
    }

    /// The same identifier, free of the bytes it was read from.
    pub fn into_owned(self) -> Identifier<'static> {
        Identifier(Cow::Owned(self.0.into_owned()))
    }

    fn hex_digit(&self, at: usize) -> u8 {
        let digit = self.uuid().as_bytes().get(at).and_then(|b| (*b as char).to_digit(16));
        digit.and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0)
    }
}

impl fmt::Display for Identifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Identifier<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Whether the text names a type: `a-z`, `0-9` and single hyphens, beginning with a letter, 3 to
/// [`MAX_TYPE`] bytes (STIX 2.1 §3.1, §11.2.1).
pub fn is_type_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    (MIN_TYPE..=MAX_TYPE).contains(&bytes.len())
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.iter().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !text.contains("--")
}

fn is_uuid(text: &str) -> bool {
    text.len() == UUID_LENGTH
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// What is shown of a refused text.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";

    #[test]
    fn takes_apart() {
        let id = Identifier::parse(GOOD).expect("an identifier");
        assert_eq!(id.kind(), "indicator");
        assert_eq!(id.uuid(), "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f");
        assert_eq!(id.uuid_version(), 4);
        assert!(id.is_rfc4122());
        assert_eq!(id.to_string(), GOOD);
        let later = Identifier::parse("ipv4-addr--8e2e2d2b-17d4-7cbf-938f-98ee46b3cd3f");
        assert!(!later.expect("an identifier").is_rfc4122());
    }

    #[test]
    fn refuses() {
        for (text, code) in [
            ("", "stix-identifier-uuid"),
            ("0", "stix-identifier-uuid"),
            ("indicator", "stix-identifier-uuid"),
            ("indicator-8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "stix-identifier-uuid"),
            ("indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3", "stix-identifier-uuid"),
            ("indicator--8e2e2d2b17d44cbf938f98ee46b3cd3f1234", "stix-identifier-uuid"),
            ("indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3g", "stix-identifier-uuid"),
            ("é-8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "stix-identifier-uuid"),
            ("Indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "stix-identifier-type"),
            ("x_y--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "stix-identifier-type"),
            ("xy--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "stix-identifier-type"),
            ("x-a--b--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "stix-identifier-type"),
        ] {
            let fault = Identifier::parse(text).expect_err(text);
            assert_eq!(fault.code(), code, "{text}");
        }
        assert!(Identifier::parse(format!("{}--{}", "a".repeat(250), &GOOD[11..])).is_ok());
        assert!(Identifier::parse(format!("{}--{}", "a".repeat(251), &GOOD[11..])).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,60}") {
            if let Ok(id) = Identifier::parse(text.clone()) {
                prop_assert_eq!(format!("{}--{}", id.kind(), id.uuid()), text);
            }
        }
    }
}
