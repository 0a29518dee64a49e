//! The five ways in which MISP's lists are compared with values.

use std::fmt;
use std::str::FromStr;

/// How the entries of a list are compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchType {
    /// The address or prefix lies in the entry.
    Cidr,
    /// The host is the entry or a name below it.
    Hostname,
    /// The regular expression finds something in the value.
    Regex,
    /// The value is the entry.
    String,
    /// The value contains the entry.
    Substring,
}

impl MatchType {
    /// Every type, in alphabetical order.
    pub const ALL: [MatchType; 5] = [
        MatchType::Cidr,
        MatchType::Hostname,
        MatchType::Regex,
        MatchType::String,
        MatchType::Substring,
    ];

    /// The name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            MatchType::Cidr => "cidr",
            MatchType::Hostname => "hostname",
            MatchType::Regex => "regex",
            MatchType::String => "string",
            MatchType::Substring => "substring",
        }
    }
}

impl fmt::Display for MatchType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no type of list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown type of list {0:?}, expected cidr, hostname, regex, string or substring")]
pub struct UnknownMatchType(pub String);

impl FromStr for MatchType {
    type Err = UnknownMatchType;

    fn from_str(text: &str) -> Result<MatchType, UnknownMatchType> {
        MatchType::ALL
            .into_iter()
            .find(|match_type| match_type.name() == text)
            .ok_or_else(|| UnknownMatchType(text.chars().take(64).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for match_type in MatchType::ALL {
            assert_eq!(match_type.name().parse(), Ok(match_type));
        }
        assert_eq!("CIDR".parse::<MatchType>(), Err(UnknownMatchType("CIDR".to_owned())));
    }
}
