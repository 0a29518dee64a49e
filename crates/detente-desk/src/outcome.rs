//! How imports end: what is said of a file, and whether the command has done what it was asked.

use std::collections::BTreeMap;

use detente_node::report::{FailedBy, ImportFailure, ImportReport};
use detente_read::{Format, Skip, Summary};

/// How a command ends that imported files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// Something of every file was taken, or there was nothing in it.
    Well,
    /// A file was refused, broke off, or gave nothing.
    Refused,
    /// The disk, the system or the store failed.
    Failed,
}

/// How a command ends for which these were the files.
pub fn ended(reports: &[ImportReport]) -> Ended {
    let alone = reports.len() == 1;
    // A README in a folder of feeds fails nothing.
    let gave = |report: &ImportReport| report.nothing.is_none() && report.passed_over.is_none();
    let in_vain = !reports.iter().any(gave);
    reports.iter().map(|report| one(report, alone, in_vain)).max().unwrap_or(Ended::Well)
}

fn one(report: &ImportReport, alone: bool, in_vain: bool) -> Ended {
    match &report.failed {
        Some(ImportFailure { by: FailedBy::File | FailedBy::Store, .. }) => Ended::Failed,
        Some(_) => Ended::Refused,
        None if report.broken.is_some() => Ended::Refused,
        None if in_vain && report.nothing.is_some() => Ended::Refused,
        // What lies beside others is passed over; by itself, it is all that was asked for.
        None if alone && report.passed_over.is_some() && report.bytes > 0 => Ended::Refused,
        None => Ended::Well,
    }
}

/// The report on a file that nobody has read, because the store failed at one before.
pub fn not_tried(file: &str) -> ImportReport {
    ImportReport {
        file: file.to_owned(),
        failed: Some(ImportFailure {
            by: FailedBy::Store,
            code: "not_tried".to_owned(),
            error: "not tried, since the store failed before".to_owned(),
            remedy: "mend what the first failure names, then import again".to_owned(),
        }),
        ..ImportReport::default()
    }
}

/// The name of a format that was found; one that none of ours is has no name.
pub(crate) fn format_name(format: Format) -> String {
    let name = if format == Format::Auto { "unknown" } else { format.name() };
    name.to_owned()
}

/// Takes over the account of a file that was read.
pub(crate) fn account(report: &mut ImportReport, summary: Summary) {
    let list = |counts: &BTreeMap<&'static str, u64>| {
        counts.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect()
    };
    report.format = format_name(summary.format);
    report.bytes = summary.bytes;
    report.seen = summary.seen;
    report.taken = summary.taken;
    report.refused = list(&summary.refused);
    report.skipped = list(&summary.skipped);
    report.closed = summary.closed;
    report.conflicting = summary.conflicting;
    report.shortened = summary.shortened;
    report.unread = list(&summary.unread);
    if let Some(reason) = summary.broken {
        if reason.is_beside() {
            report.passed_over = Some(format!("{reason}: {}", reason.remedy()));
        } else {
            report.remedy = Some(reason.remedy().to_owned());
            report.broken = Some(reason.to_string());
        }
    }
}

/// Says of a file that was read whole and of which nothing came why that is so.
pub(crate) fn judge(report: &mut ImportReport) {
    let kept = report.stix.as_ref().map_or(0, |stix| stix.added + stix.known);
    let other = report.failed.is_some() || report.broken.is_some() || report.passed_over.is_some();
    if other || report.taken + kept > 0 {
        return;
    }
    if report.bytes == 0 {
        report.nothing = Some("the file is empty".to_owned());
        return;
    }
    // A header, comments and blank lines are an empty table; withdrawn items are told on purpose.
    let empty = [
        Skip::Blank,
        Skip::Comment,
        Skip::Deleted,
        Skip::Header,
        Skip::HostsBoilerplate,
        Skip::Proposal,
        Skip::Revoked,
    ];
    let is_empty = |code: &str| empty.iter().any(|skip| skip.code() == code);
    let refused: u64 = report.refused.iter().map(|(_, count)| count).sum();
    let skipped = report.skipped.iter().filter(|(code, _)| !is_empty(code));
    let differ = report.stix.as_ref().map_or(0, |stix| stix.differ);
    let met = refused + skipped.map(|(_, count)| count).sum::<u64>() + differ;
    if met == 0 {
        return;
    }
    report.nothing = Some("nothing of this file was taken".to_owned());
    // Objects that differ have a remedy of their own.
    if differ == 0 {
        let words = "see the refusals; name what the file is with --format, or its columns with \
                     --column; --preview shows how it is read";
        report.remedy = Some(words.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use detente_node::report::StixReport;

    fn judged(report: ImportReport) -> (Option<String>, Ended) {
        let mut report = ImportReport { bytes: 9, ..report };
        judge(&mut report);
        let end = ended(std::slice::from_ref(&report));
        (report.nothing, end)
    }

    #[test]
    fn nothing_is_no_success() {
        let counts = |code: &str| vec![(code.to_owned(), 3)];
        let stix = |added, differ| Some(StixReport { added, differ, ..StixReport::default() });
        let none = ImportReport::default;
        for (report, want) in [
            (ImportReport { refused: counts("address"), ..none() }, Ended::Refused),
            (ImportReport { skipped: counts("no_observable"), ..none() }, Ended::Refused),
            (ImportReport { skipped: counts("header"), ..none() }, Ended::Well),
            (ImportReport { skipped: counts("revoked"), ..none() }, Ended::Well),
            (ImportReport { taken: 1, refused: counts("address"), ..none() }, Ended::Well),
            (ImportReport { stix: stix(0, 2), ..none() }, Ended::Refused),
            (
                ImportReport { stix: stix(1, 2), skipped: counts("other_object"), ..none() },
                Ended::Well,
            ),
            (none(), Ended::Well),
        ] {
            let (nothing, end) = judged(report.clone());
            assert_eq!((nothing.is_some(), end), (want == Ended::Refused, want), "{report:?}");
        }
        let mut empty = none();
        judge(&mut empty);
        assert_eq!(empty.nothing.as_deref(), Some("the file is empty"));
        // Beside a file that gave something it fails nothing.
        assert_eq!(ended(&[empty.clone(), none()]), Ended::Well);
        assert_eq!(ended(&[empty.clone(), empty]), Ended::Refused);
        assert_eq!(ended(&[]), Ended::Well);
    }

    #[test]
    fn what_lies_beside_others_is_passed_over() {
        let over = |bytes| ImportReport {
            passed_over: Some("a manifest".to_owned()),
            bytes,
            ..ImportReport::default()
        };
        assert_eq!(ended(&[over(9)]), Ended::Refused);
        assert_eq!(ended(&[over(9), over(9)]), Ended::Well);
        assert_eq!(ended(&[over(0)]), Ended::Well);
    }
}
