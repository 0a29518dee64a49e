//! What an export says about itself: written or passed over, and a summary that adds up.

use std::collections::BTreeMap;

use crate::Format;

/// What became of one indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the export.
    Written,
    /// It is not, for this reason.
    PassedOver(Reason),
}

/// Why an indicator is not in the export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Its colour is more closed than [`crate::Options::max_tlp`].
    #[error("its colour is above the ceiling of this export")]
    AboveCeiling,
    /// Its context exceeds a bound of `detente_intel`.
    #[error("its context is longer than allowed")]
    ContextBound,
    /// The same entry is in this export already.
    #[error("it is in this export already")]
    Duplicate,
    /// It is no longer valid, and the format cannot say until when it was.
    #[error("it is no longer valid")]
    Expired,
    /// More distinct entries than [`crate::MAX_REMEMBERED`].
    #[error("the export has as many entries as can be told apart")]
    ExportFull,
    /// It is not valid yet, and the format cannot say from when it is.
    #[error("it is not valid yet")]
    NotYetValid,
    /// The marking says more than the format can carry.
    #[error("the format cannot carry its handling")]
    HandlingNotCarried,
    /// The format has no entry for this kind of observable.
    #[error("the format has no entry for this kind")]
    KindNotInFormat,
    /// Its marking was not understood.
    #[error("its marking is closed")]
    MarkingClosed,
    /// More than one colour was named.
    #[error("more than one colour was named")]
    MarkingConflicting,
    /// No colour was named, and the caller gives none.
    #[error("it has no colour")]
    MarkingMissing,
    /// A name that the format gives a meaning of its own.
    #[error("the format gives such a name a meaning of its own")]
    NameReserved,
    /// The name does not fit under the origin of the zone.
    #[error("the name does not fit under the origin of the zone")]
    NameTooLong,
    /// A file digest, which the consumer reads from lists beside its rules.
    #[error("file digests are read from lists beside the rules")]
    NeedsFileList,
    /// Its origin does not offer it for detection.
    #[error("its origin does not offer it for detection")]
    NotForDetection,
    /// PAP AMBER or RED: nothing may be blocked.
    #[error("its PAP colour does not allow to block")]
    PapForbids,
    /// Its origin names it only together with something else.
    #[error("its origin names it only together with something else")]
    PartOfConjunction,
    /// A prefix of length 0.
    #[error("a prefix of everything")]
    PrefixTooWide,
    /// The rule would be longer than the consumer reads.
    #[error("the rule would be longer than its consumer reads")]
    RuleTooLong,
    /// No signature number is left in the range.
    #[error("no signature number is left in the range")]
    SidRangeFull,
    /// A time outside the years 1 to 9999.
    #[error("a time outside the years 1 to 9999")]
    TimeOutOfRange,
    /// More distinct marking definitions than [`crate::MAX_DEFINITIONS`].
    #[error("more distinct marking definitions than one bundle may have")]
    TooManyMarkings,
    /// A URL whose scheme the consumer cannot see.
    #[error("the consumer does not see URLs of this scheme")]
    UrlScheme,
    /// It ends before it begins.
    #[error("it ends before it begins")]
    ValidityContradiction,
    /// A value that STIX does not allow in an observable object.
    #[error("the standard does not allow such a value")]
    ValueNotInStandard,
}

impl Reason {
    /// A stable machine name.
    pub const fn code(self) -> &'static str {
        match self {
            Reason::AboveCeiling => "above_ceiling",
            Reason::ContextBound => "context_bound",
            Reason::Duplicate => "duplicate",
            Reason::Expired => "expired",
            Reason::ExportFull => "export_full",
            Reason::HandlingNotCarried => "handling_not_carried",
            Reason::KindNotInFormat => "kind_not_in_format",
            Reason::MarkingClosed => "marking_closed",
            Reason::MarkingConflicting => "marking_conflicting",
            Reason::MarkingMissing => "marking_missing",
            Reason::NameReserved => "name_reserved",
            Reason::NameTooLong => "name_too_long",
            Reason::NeedsFileList => "needs_file_list",
            Reason::NotForDetection => "not_for_detection",
            Reason::NotYetValid => "not_yet_valid",
            Reason::PapForbids => "pap_forbids",
            Reason::PartOfConjunction => "part_of_conjunction",
            Reason::PrefixTooWide => "prefix_too_wide",
            Reason::RuleTooLong => "rule_too_long",
            Reason::SidRangeFull => "sid_range_full",
            Reason::TimeOutOfRange => "time_out_of_range",
            Reason::TooManyMarkings => "too_many_markings",
            Reason::UrlScheme => "url_scheme",
            Reason::ValidityContradiction => "validity_contradiction",
            Reason::ValueNotInStandard => "value_not_in_standard",
        }
    }
}

/// The account of one export. One indicator may become several rules or objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What was written.
    pub format: Format,
    /// Bytes written.
    pub bytes: u64,
    /// Indicators handed over.
    pub seen: u64,
    /// Indicators in the export.
    pub written: u64,
    /// MISP events in the export.
    pub events: u64,
    /// Indicators passed over, by [`Reason::code`].
    pub passed_over: BTreeMap<&'static str, u64>,
}

impl Summary {
    /// Nothing yet.
    pub(crate) fn new(format: Format) -> Summary {
        Summary { format, bytes: 0, seen: 0, written: 0, events: 0, passed_over: BTreeMap::new() }
    }

    /// Counts one indicator.
    pub(crate) fn count(&mut self, outcome: Outcome) {
        self.seen += 1;
        match outcome {
            Outcome::Written => self.written += 1,
            Outcome::PassedOver(reason) => {
                *self.passed_over.entry(reason.code()).or_default() += 1;
            }
        }
    }

    /// Indicators passed over for any reason.
    pub fn passed_over_total(&self) -> u64 {
        self.passed_over.values().sum()
    }

    /// Whether every indicator is accounted for.
    pub fn is_balanced(&self) -> bool {
        self.seen == self.written + self.passed_over_total()
    }
}
