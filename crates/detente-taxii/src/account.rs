//! Accounts: what a tool may see and do.

use detente_core::Tlp;

/// The longest name of an account. Bytes.
pub const MAX_ACCOUNT: usize = 64;

/// How close an object is held: its colour, or closed where its marking is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u8);

impl Level {
    /// Every level from open to closed.
    pub const ALL: [Level; 6] = [Level(0), Level(1), Level(2), Level(3), Level(4), Level(5)];
    /// The marking is unknown or contradicts itself.
    pub const CLOSED: Level = Level(5);

    /// The level of a colour.
    pub const fn of(tlp: Tlp) -> Level {
        Level(tlp.code())
    }

    /// Its number in the store: 0 to 5.
    pub const fn code(self) -> u8 {
        self.0
    }

    /// The level with this number; one that is unknown is closed.
    pub const fn from_code(code: u8) -> Level {
        if code < Level::CLOSED.0 { Level(code) } else { Level::CLOSED }
    }

    /// Its name: a colour, or `closed`.
    pub fn name(self) -> &'static str {
        Tlp::from_code(self.0).map_or("closed", Tlp::name)
    }
}

/// An account whose holder has proved itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// The closest objects that it sees.
    pub clearance: Level,
    /// Collections that it may read, by their keys.
    pub reads: Vec<String>,
    /// Collections to which it may add and from which it may take.
    pub writes: Vec<String>,
    /// The colour of what it adds without a marking; none: as closed as RED.
    pub unmarked: Option<Tlp>,
}

impl Account {
    /// Whether it may read this collection.
    pub fn may_read(&self, key: &str) -> bool {
        self.reads.iter().any(|known| known == key)
    }

    /// Whether it may write to this collection.
    pub fn may_write(&self, key: &str) -> bool {
        self.writes.iter().any(|known| known == key)
    }

    /// Whether it knows of this collection at all.
    pub fn knows(&self, key: &str) -> bool {
        self.may_read(key) || self.may_write(key)
    }
}
