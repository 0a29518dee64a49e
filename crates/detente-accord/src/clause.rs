//! Clauses and their machine rules.

use std::fmt;
use std::str::FromStr;

use super::asks::Asks;
use detente_core::act::{ActKind, Engine, Learn, Mode};
use detente_core::{Kind, Pap, Tlp, Transform};
use detente_core::{Span, UnixSeconds};

/// A numbered clause: prose in each language and at most one machine rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// `3.1`.
    pub id: String,
    /// Prose by language, its parameters filled in, in the accord's order of languages.
    pub prose: Vec<(String, String)>,
    /// What the machine does with it.
    pub rule: Option<Rule>,
    /// Acts on it that need a second person of the party.
    pub two_person: Vec<ActKind>,
    /// The line where it begins, from 1.
    pub line: usize,
}

/// A machine rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Objects of this scope may not leave, whatever else is permitted.
    Forbid(Forbid),
    /// The parties may match.
    Match(MatchRule),
    /// A party must do something in time. Shown, not enforced by the gate.
    Oblige(Oblige),
    /// Objects of this scope may leave.
    Permit(Permit),
}

impl Rule {
    /// The name of the rule's table.
    pub const fn name(&self) -> &'static str {
        match self {
            Rule::Forbid(_) => "forbid",
            Rule::Match(_) => "match",
            Rule::Oblige(_) => "oblige",
            Rule::Permit(_) => "permit",
        }
    }
}

/// One side of a direction: a party by its handle, or every party.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// `*`.
    Any,
    /// The party with this handle.
    Handle(String),
}

impl Side {
    /// Whether the party with this handle is meant.
    pub fn is(&self, handle: &str) -> bool {
        match self {
            Side::Any => true,
            Side::Handle(own) => own == handle,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Side::Any => f.write_str("any party"),
            Side::Handle(handle) => f.write_str(handle),
        }
    }
}

impl FromStr for Side {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Side, Self::Err> {
        Ok(if text == "*" { Side::Any } else { Side::Handle(text.to_owned()) })
    }
}

/// Which indicators a permit covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Only {
    /// Any indicator of its kinds.
    Any,
    /// Only those that a run under this accord found at both sides.
    Matched,
}

impl Only {
    /// The word in a text.
    pub const fn name(self) -> &'static str {
        match self {
            Only::Any => "any",
            Only::Matched => "matched",
        }
    }
}

impl FromStr for Only {
    type Err = UnknownOnly;

    fn from_str(text: &str) -> Result<Only, UnknownOnly> {
        match text {
            "any" => Ok(Only::Any),
            "matched" => Ok(Only::Matched),
            _ => Err(UnknownOnly),
        }
    }
}

/// `only` is neither word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write \"matched\" (only what both hold) or \"any\"")]
pub struct UnknownOnly;

/// A ceiling on what leaves in a rolling window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Objects.
    pub count: u64,
    /// Bytes, if bounded.
    pub bytes: Option<u64>,
    /// The window, ending now.
    pub per: Span,
}

/// For `take` objects that came from the receiver in the window, `give` may leave under the clause,
/// and `slack` more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reciprocity {
    /// Objects that may leave ...
    pub give: u64,
    /// ... for so many that came.
    pub take: u64,
    /// Objects that may leave beyond that.
    pub slack: u64,
    /// The window, ending now.
    pub per: Span,
}

impl Reciprocity {
    /// How many objects may leave in the window if so many came.
    pub fn room(&self, came: u64) -> u64 {
        let earned = u128::from(came) * u128::from(self.give) / u128::from(self.take.max(1));
        u64::try_from(earned).unwrap_or(u64::MAX).saturating_add(self.slack)
    }
}

/// Whether who receives may pass it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Onward {
    /// Freely, as far as its markings go.
    Allowed,
    /// After the releasing party has consented.
    Consent,
    /// Not at all.
    Forbidden,
}

impl Onward {
    /// The word in a text.
    pub const fn name(self) -> &'static str {
        match self {
            Onward::Allowed => "allowed",
            Onward::Consent => "consent",
            Onward::Forbidden => "forbidden",
        }
    }
}

impl FromStr for Onward {
    type Err = UnknownOnward;

    fn from_str(text: &str) -> Result<Onward, UnknownOnward> {
        [Onward::Allowed, Onward::Consent, Onward::Forbidden]
            .into_iter()
            .find(|word| word.name() == text)
            .ok_or(UnknownOnward)
    }
}

/// `onward` is none of its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write \"allowed\", \"consent\" or \"forbidden\"")]
pub struct UnknownOnward;

/// A permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Who releases.
    pub from: Side,
    /// Who receives.
    pub to: Side,
    /// What sort of indicators, sorted; none if it is not about indicators.
    pub kinds: Vec<Kind>,
    /// Which of them.
    pub only: Only,
    /// What it asks besides.
    pub asks: Asks,
    /// The most closed colour that may leave under this clause.
    pub max_tlp: Tlp,
    /// The most closed PAP colour that may; none means that it does not ask.
    pub max_pap: Option<Pap>,
    /// Whether only what is marked releasable to the receiver may leave.
    pub releasable: bool,
    /// How much may leave.
    pub cap: Option<Cap>,
    /// How much more may leave than comes back.
    pub reciprocity: Option<Reciprocity>,
    /// What is taken out of an object before it leaves, sorted.
    pub transforms: Vec<Transform>,
    /// How long the receiver may keep it, and from when.
    pub retention: Option<Deadline>,
    /// Whether the receiver may pass it on; none means that the clause does not say.
    pub onward: Option<Onward>,
    /// By when the receiver says what came of it.
    pub feedback: Option<Deadline>,
    /// When the permission ends by itself.
    pub expires: Option<UnixSeconds>,
}

/// A prohibition. It overrides every permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forbid {
    /// Who may not release.
    pub from: Side,
    /// Who may not receive.
    pub to: Side,
    /// What sort of indicators; none means every sort.
    pub kinds: Vec<Kind>,
    /// What it asks besides.
    pub asks: Asks,
    /// Only objects with one of these labels; none means all.
    pub labels: Vec<String>,
    /// Only objects at least as closed as this; none means all.
    pub min_tlp: Option<Tlp>,
    /// Only objects at least as closed as this by PAP; none means all.
    pub min_pap: Option<Pap>,
}

/// Room for the contexts of one common item that a clause may give, in bytes.
pub const PAYLOAD_BYTES: std::ops::RangeInclusive<u64> = 256..=4_096;

/// The terms on which the parties match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchRule {
    /// The two parties, by handle.
    pub between: Vec<String>,
    /// What sort of indicators, sorted.
    pub kinds: Vec<Kind>,
    /// What a run tells.
    pub mode: Mode,
    /// Who learns it.
    pub learn: Learn,
    /// How the common items are found, where the clause picks it.
    pub engine: Option<Engine>,
    /// Room for the contexts of one common item, in mode `payload`: all are filled up to it. Bytes.
    pub payload_bytes: Option<u32>,
    /// The most closed colour of what may enter; none means that the clause does not ask.
    pub max_tlp: Option<Tlp>,
    /// Most items of one side in one run, padding included.
    pub max_items: u32,
    /// How often and how much.
    pub budget: Budget,
    /// What hides the true sizes.
    pub pad: Pad,
    /// Whose list is looked up in; in mode lookup, and only there.
    pub lookup: Option<LookupTerms>,
}

/// What look-ups need besides the terms of a run. The party of a clause that does not hold asks;
/// cap, budget and padding are those of its queries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupTerms {
    /// The party whose list it is, by handle.
    pub holder: String,
    /// Values in the filter, padding included: what the other side learns of the list's length.
    pub filter_items: u32,
}

impl MatchRule {
    /// Whether a run in this mode keeps to the clause: it tells what the clause says, or less.
    /// Contexts tell more than which items are common, and that more than how many.
    pub const fn covers(&self, mode: Mode) -> bool {
        match self.mode {
            Mode::Count => matches!(mode, Mode::Count),
            Mode::Which => matches!(mode, Mode::Count | Mode::Which),
            Mode::Payload => !matches!(mode, Mode::Lookup),
            Mode::Lookup => matches!(mode, Mode::Lookup),
        }
    }

    /// The engine of a run in this mode: the clause's, or the fast and post-quantum one. Only how
    /// many is told by one engine alone.
    pub fn engine(&self, mode: Mode) -> Engine {
        match mode {
            Mode::Count => Engine::Ecdh,
            Mode::Lookup => Engine::Voprf,
            Mode::Which | Mode::Payload => self.engine.unwrap_or(Engine::VoleMlKem768),
        }
    }
}

/// How many runs, and how many items in all, one party may enter in a rolling window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Runs that one party may offer.
    pub runs: u64,
    /// Items that one party may enter in all its runs, padding included.
    pub items: u64,
    /// The window, ending now.
    pub per: Span,
}

/// How sizes are rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pad {
    /// To the next multiple of this.
    Multiple(u32),
    /// Not at all: the true size shows.
    None,
    /// To the next power of two.
    PowerOfTwo,
}

impl fmt::Display for Pad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pad::Multiple(of) => write!(f, "multiple of {of}"),
            Pad::None => f.write_str("none"),
            Pad::PowerOfTwo => f.write_str("power of two"),
        }
    }
}

impl FromStr for Pad {
    type Err = UnknownPad;

    fn from_str(text: &str) -> Result<Pad, UnknownPad> {
        match text {
            "none" => Ok(Pad::None),
            "power-of-two" => Ok(Pad::PowerOfTwo),
            _ => text
                .strip_prefix("multiple:")
                .and_then(|of| of.parse().ok())
                .filter(|of| (2..=1 << 20).contains(of))
                .map(Pad::Multiple)
                .ok_or(UnknownPad),
        }
    }
}

/// `pad` is none of its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write \"none\", \"power-of-two\" or \"multiple:1000\" (2 to 1048576)")]
pub struct UnknownPad;

/// When a clock starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClockStart {
    /// When the act stands in its author's log.
    Act,
    /// When the party that must act came to know.
    Awareness,
    /// When the accord came into force.
    Effective,
    /// When the other side acknowledged.
    Receipt,
}

impl ClockStart {
    /// The word in a text.
    pub const fn name(self) -> &'static str {
        match self {
            ClockStart::Act => "act",
            ClockStart::Awareness => "awareness",
            ClockStart::Effective => "effective",
            ClockStart::Receipt => "receipt",
        }
    }
}

impl FromStr for ClockStart {
    type Err = UnknownClock;

    fn from_str(text: &str) -> Result<ClockStart, UnknownClock> {
        [ClockStart::Act, ClockStart::Awareness, ClockStart::Effective, ClockStart::Receipt]
            .into_iter()
            .find(|start| start.name() == text)
            .ok_or(UnknownClock)
    }
}

/// `clock` is none of its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write \"act\", \"awareness\", \"effective\" or \"receipt\"")]
pub struct UnknownClock;

/// A span and when it starts to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// How long.
    pub within: Span,
    /// From when.
    pub clock: ClockStart,
    /// Which days count.
    pub days: Days,
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.days, self.within.get() / 86_400) {
            (Days::Calendar, _) => write!(f, "{}", self.within),
            (Days::Working, 1) => f.write_str("1 working day"),
            (Days::Working, days) => write!(f, "{days} working days"),
        }
    }
}

/// Which days of a deadline count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Days {
    /// Every day, to the second.
    #[default]
    Calendar,
    /// Working days of the text's calendar, each to its end.
    Working,
}

impl Days {
    /// The word in a text.
    pub const fn name(self) -> &'static str {
        match self {
            Days::Calendar => "calendar",
            Days::Working => "working",
        }
    }
}

impl FromStr for Days {
    type Err = UnknownDays;

    fn from_str(text: &str) -> Result<Days, UnknownDays> {
        [Days::Calendar, Days::Working]
            .into_iter()
            .find(|days| days.name() == text)
            .ok_or(UnknownDays)
    }
}

/// `days` is neither word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write \"working\" or \"calendar\"")]
pub struct UnknownDays;

/// A duty with a deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oblige {
    /// Who must act.
    pub actor: Side,
    /// What it must do.
    pub verb: String,
    /// What sets it off.
    pub on: String,
    /// By when.
    pub deadline: Deadline,
    /// What follows if it does not.
    pub breach: String,
}
