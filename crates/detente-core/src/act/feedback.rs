//! What came of released objects, as their receiver tells it.
//!
//! Is: the body of one act about one release, object by object. Is not: the object's contents; who
//! reads the record without them learns that something was blocked, not what.

use crate::act::rule;
use crate::act::stance::{MAX_NOTE, check_note};
use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::id::Digest;

/// Most objects in one feedback. Count.
pub const MAX_FEEDBACK: usize = 4_096;
/// Most sightings that one line states. Count.
pub const MAX_SIGHTED: u32 = 1_000_000_000;

/// What came of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Upshot {
    /// It is in use: a rule, a list, an analysis.
    Used = 1,
    /// Something was blocked by it.
    Blocked = 2,
    /// It was seen, so many times.
    Sighted = 3,
    /// It was wrong.
    FalsePositive = 4,
    /// It was of no use.
    NoUse = 5,
}

impl Upshot {
    /// Every upshot in the order of its code.
    pub const ALL: [Upshot; 5] =
        [Upshot::Used, Upshot::Blocked, Upshot::Sighted, Upshot::FalsePositive, Upshot::NoUse];

    /// The signed code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The upshot with this code.
    pub fn from_code(code: u8) -> Option<Upshot> {
        Upshot::ALL.into_iter().find(|upshot| upshot.code() == code)
    }

    /// The word in options and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Upshot::Used => "used",
            Upshot::Blocked => "blocked",
            Upshot::Sighted => "sighted",
            Upshot::FalsePositive => "false-positive",
            Upshot::NoUse => "no-use",
        }
    }
}

impl std::fmt::Display for Upshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no upshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown upshot {0:?}: write used, blocked, sighted, false-positive or no-use")]
pub struct UnknownUpshot(pub String);

impl std::str::FromStr for Upshot {
    type Err = UnknownUpshot;

    fn from_str(text: &str) -> Result<Upshot, UnknownUpshot> {
        Upshot::ALL
            .into_iter()
            .find(|upshot| upshot.name() == text)
            .ok_or_else(|| UnknownUpshot(text.chars().take(64).collect()))
    }
}

/// What came of one object of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedbackLine {
    /// The object, by its address.
    pub object: Digest,
    /// What came of it.
    pub upshot: Upshot,
    /// How often it was seen, 1 to [`MAX_SIGHTED`]; 0 unless it was sighted. Count.
    pub sighted: u32,
}

/// What came of objects of one release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// The release, by the digest of its leaf.
    pub release: Digest,
    /// Object by object, ascending by address, each once; at most [`MAX_FEEDBACK`].
    pub lines: Vec<FeedbackLine>,
    /// In words; may be empty.
    pub note: String,
}

impl Feedback {
    /// Whether it says all that it must.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.lines.is_empty() || self.lines.len() > MAX_FEEDBACK {
            return Err("the feedback names no object, or too many");
        }
        if !self.lines.windows(2).all(|pair| pair[0].object < pair[1].object) {
            return Err("objects are not in ascending order, or repeat");
        }
        let counted = |line: &FeedbackLine| match line.upshot {
            Upshot::Sighted => (1..=MAX_SIGHTED).contains(&line.sighted),
            _ => line.sighted == 0,
        };
        if !self.lines.iter().all(counted) {
            return Err("sightings are counted, from 1, and nothing else is");
        }
        check_note(&self.note)
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.array(3).bytes(self.release.as_bytes()).array(self.lines.len());
        for line in &self.lines {
            w.array(3).bytes(line.object.as_bytes());
            w.uint(line.upshot.code().into()).uint(line.sighted.into());
        }
        w.text(&self.note);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Feedback, DecodeError> {
        r.tuple(3)?;
        let release = Digest::new(r.fixed()?);
        let mut lines = Vec::new();
        for _ in 0..r.array(MAX_FEEDBACK)? {
            r.tuple(3)?;
            let object = Digest::new(r.fixed()?);
            let got = r.uint8("upshot")?;
            let upshot = Upshot::from_code(got)
                .ok_or_else(|| r.fail(DecodeFault::BadValue { what: "upshot", got: got.into() }))?;
            lines.push(FeedbackLine { object, upshot, sighted: r.uint32("sightings")? });
        }
        let read = Feedback { release, lines, note: r.text(MAX_NOTE)?.to_owned() };
        read.check().map_err(|words| rule(r.offset(), words))?;
        Ok(read)
    }
}
