//! What the operator wants of a list, and what comes of it for one observable.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a hit on a list does. Set per list by whoever runs the node; a list carries none itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    /// The list is not looked at.
    Off,
    /// A hit is told, and nothing else happens.
    Inform,
    /// A hit keeps the observable from being acted on.
    Block,
}

impl Setting {
    /// Every setting, from the weakest on.
    pub const ALL: [Setting; 3] = [Setting::Off, Setting::Inform, Setting::Block];

    /// The name that people write and read.
    pub const fn name(self) -> &'static str {
        match self {
            Setting::Off => "off",
            Setting::Inform => "inform",
            Setting::Block => "block",
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown setting {0:?}, expected off, inform or block")]
pub struct UnknownSetting(pub String);

impl FromStr for Setting {
    type Err = UnknownSetting;

    fn from_str(text: &str) -> Result<Setting, UnknownSetting> {
        Setting::ALL
            .into_iter()
            .find(|setting| setting.name() == text)
            .ok_or_else(|| UnknownSetting(text.chars().take(64).collect()))
    }
}

/// What all lists together say of one observable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// On no list that is looked at.
    Clear,
    /// On lists that only inform.
    Inform,
    /// On at least one list that blocks.
    Block,
}

impl Verdict {
    /// The name that people read.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Clear => "clear",
            Verdict::Inform => "inform",
            Verdict::Block => "block",
        }
    }
}

impl From<Setting> for Verdict {
    /// What one hit on a list with this setting amounts to.
    fn from(setting: Setting) -> Verdict {
        match setting {
            Setting::Off => Verdict::Clear,
            Setting::Inform => Verdict::Inform,
            Setting::Block => Verdict::Block,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for setting in Setting::ALL {
            assert_eq!(setting.name().parse(), Ok(setting));
            assert_eq!(Verdict::from(setting).name() == "clear", setting == Setting::Off);
        }
        assert_eq!("Block".parse::<Setting>(), Err(UnknownSetting("Block".to_owned())));
    }

    #[test]
    fn block_outweighs_inform() {
        assert!(Verdict::Block > Verdict::Inform && Verdict::Inform > Verdict::Clear);
    }
}
