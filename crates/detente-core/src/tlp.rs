//! The Traffic Light Protocol, version 2.0 (FIRST, August 2022), ordered from open to closed.
//!
//! `WHITE` of TLP 1.0 reads as [`Tlp::Clear`]. A text that names no colour is not a colour: the
//! caller decides what unmarked means, and in detente that is never "open".

use std::fmt;
use std::str::FromStr;

/// A TLP 2.0 colour. `a < b` means that `a` is more open than `b`, so the most restrictive of
/// several markings is their maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Tlp {
    /// May go to anyone.
    Clear = 0,
    /// The community, no publicly accessible channel.
    Green = 1,
    /// The organisation and its clients, on need to know.
    Amber = 2,
    /// The organisation only.
    AmberStrict = 3,
    /// The named recipients only.
    Red = 4,
}

impl Tlp {
    /// Every colour from open to closed.
    pub const ALL: [Tlp; 5] = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red];

    /// The signed code of this colour.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The colour with this code, if there is one.
    pub fn from_code(code: u8) -> Option<Tlp> {
        Tlp::ALL.into_iter().find(|tlp| tlp.code() == code)
    }

    /// The name in accords and options: lower case, `amber+strict` with a plus.
    pub const fn name(self) -> &'static str {
        match self {
            Tlp::Clear => "clear",
            Tlp::Green => "green",
            Tlp::Amber => "amber",
            Tlp::AmberStrict => "amber+strict",
            Tlp::Red => "red",
        }
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TLP:{}", self.name().to_ascii_uppercase())
    }
}

/// The text names no TLP colour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown TLP colour {0:?}: use clear, green, amber, amber+strict or red")]
pub struct UnknownTlp(pub String);

impl FromStr for Tlp {
    type Err = UnknownTlp;

    /// Reads `amber`, `TLP:AMBER`, `tlp:amber+strict`, `TLP:WHITE` and the like, in any case.
    fn from_str(text: &str) -> Result<Tlp, UnknownTlp> {
        let lower = text.trim().to_ascii_lowercase();
        let colour = lower.strip_prefix("tlp:").unwrap_or(&lower);
        if colour == "white" {
            return Ok(Tlp::Clear);
        }
        Tlp::ALL
            .into_iter()
            .find(|tlp| tlp.name() == colour)
            .ok_or_else(|| UnknownTlp(text.chars().take(64).collect()))
    }
}
