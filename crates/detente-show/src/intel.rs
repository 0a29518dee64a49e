//! Indicators, matches, releases.

use anstream::println;
use detente_ports::report::{
    ContextsReport, CountReport, ImportReport, MatchPreview, MatchReport, ObjectReport, OwedReport,
    ReceivedReport, ReleaseReport, SearchReport, StixReport, TermsReport,
};

use crate::{number, safe, table};

/// Items of a match or release shown without being asked for more.
const SHOWN: usize = 20;

/// What imports took and refused.
pub fn imports(reports: &[ImportReport], all_refusals: bool) {
    for report in reports {
        // Of many files only the counts, unless every refusal is asked for.
        let shown = if reports.len() > 1 && !all_refusals { 0 } else { usize::MAX };
        if let Some(why) = &report.passed_over {
            println!("{}: passed over: {why}", safe(&report.file));
        } else {
            imported(report, shown);
            let refused: u64 = report.refused.iter().map(|(_, count)| count).sum();
            let told = report.refusals.len() as u64;
            let advised = report.stix.as_ref().is_some_and(|stix| stix.should > 0);
            if reports.len() == 1 && !all_refusals && (refused > told || advised) {
                println!("    ... list every one with --refusals");
            }
        }
    }
    if reports.len() > 1 {
        if !all_refusals && reports.iter().any(has_more) {
            println!("list every refusal with --refusals");
        }
        let sum = |f: fn(&ImportReport) -> u64| number(reports.iter().map(f).sum());
        let count = |f: fn(&&ImportReport) -> bool| number(reports.iter().filter(f).count() as u64);
        println!(
            "{} files: {} items, {} taken, {} new indicators; {} failed or broke off, {} gave \
             nothing, {} passed over",
            count(|report| report.passed_over.is_none()),
            sum(|report| report.seen),
            sum(|report| report.taken),
            sum(|report| report.new_observables),
            count(|report| report.failed.is_some() || report.broken.is_some()),
            count(|report| report.nothing.is_some()),
            count(|report| report.passed_over.is_some()),
        );
    }
}

/// Whether there is more to say of a file than its numbers.
fn has_more(report: &ImportReport) -> bool {
    let stix = report.stix.as_ref().is_some_and(|stix| {
        stix.differ + stix.refused + stix.must + stix.should > 0 || !stix.remarks.is_empty()
    });
    stix || !report.refused.is_empty()
}

/// What became of one file.
fn imported(report: &ImportReport, shown: usize) {
    if let Some(failed) = &report.failed {
        println!("{}: FAILED: {}", safe(&report.file), safe(&failed.error));
        println!(
            "  {} items of it are kept ({} new indicators, {} new contexts), the rest is not",
            number(report.taken),
            number(report.new_observables),
            number(report.new_contexts)
        );
        println!("  try: {}", safe(&failed.remedy));
    } else {
        println!(
            "{} ({}): {} items, {} taken ({} new indicators, {} new contexts)",
            safe(&report.file),
            report.format,
            number(report.seen),
            number(report.taken),
            number(report.new_observables),
            number(report.new_contexts)
        );
    }
    for (what, counts) in [("refused", &report.refused), ("skipped", &report.skipped)] {
        for (code, count) in counts {
            println!("  {what} {}: {code}", number(*count));
        }
    }
    if report.closed > 0 {
        println!(
            "  {} are closed: a marking is not understood, so they never leave",
            number(report.closed)
        );
    }
    if report.conflicting > 0 {
        println!(
            "  {} are marked with more than one colour: the closest counts, and exports leave them \
             out unless asked",
            number(report.conflicting)
        );
    }
    unread(&report.unread);
    if let Some(stix) = &report.stix {
        objects(stix, shown);
    }
    for list in &report.warned {
        println!(
            "  {} on the warninglist {:?}, which is set to {}",
            number(list.hits),
            safe(&list.list),
            list.setting
        );
    }
    if report.shortened > 0 {
        println!("  {} contexts were too long and were cut", number(report.shortened));
    }
    for refusal in report.refusals.iter().take(shown) {
        println!(
            "    {}: {}: {}",
            safe(&refusal.place),
            safe(&refusal.reason),
            safe(&refusal.excerpt)
        );
    }
    if let Some(broken) = &report.broken {
        println!("  BROKE OFF: the rest of the file could not be read: {}", safe(broken));
    }
    if let Some(nothing) = &report.nothing {
        println!("  NOTHING TAKEN: {}", safe(nothing));
    }
    if let Some(remedy) = &report.remedy {
        println!("  try: {}", safe(remedy));
    }
}

/// Times and numbers that have no effect.
pub(crate) fn unread(counts: &[(String, u64)]) {
    for (name, count) in counts {
        println!(
            "  {} times {} is not understood: it is kept as text and has no effect",
            number(*count),
            safe(name)
        );
    }
}

/// What became of STIX objects as such.
fn objects(report: &StixReport, shown: usize) {
    println!(
        "  {} STIX objects: {} new on the shelf, {} there already; {} differ from what is there, \
         {} refused",
        number(report.objects),
        number(report.added),
        number(report.known),
        number(report.differ),
        number(report.refused)
    );
    if report.differ > 0 {
        println!(
            "  what lies there stays: for those that differ, have their producer give them a later \
             `modified`"
        );
    }
    if report.raised > 0 {
        println!("  {} STIX 2.1 objects were made of those of 2.0", number(report.raised));
    }
    levels("on the shelf", &report.levels);
    for (why, count) in &report.closed_by {
        println!("    closed {}: {}", number(*count), safe(why));
    }
    if report.must + report.should > 0 {
        let kept = match (report.added + report.known, report.differ + report.refused) {
            (0, _) => "",
            (_, 0) => "; all are kept as they came",
            _ => "; those that are kept are kept as they came",
        };
        println!(
            "  {} of them break a MUST of the standard, {} more do not follow a SHOULD{kept}",
            number(report.must),
            number(report.should)
        );
    }
    remarks(report, shown);
}

/// What a check of a collection found.
pub fn collection_checked(collection: &str, report: &StixReport) {
    println!(
        "{}: {} objects, {} of them break a MUST of the standard, {} more do not follow a SHOULD",
        safe(collection),
        number(report.objects),
        number(report.must),
        number(report.should)
    );
    remarks(report, usize::MAX);
}

fn remarks(report: &StixReport, shown: usize) {
    for remark in report.remarks.iter().take(shown) {
        let place = if remark.path.is_empty() { "object" } else { &remark.path };
        println!(
            "    objects[{}] {}: {}: {}: {}",
            remark.object,
            safe(&remark.id),
            remark.level,
            safe(place),
            safe(&remark.words)
        );
    }
}

/// How close objects are held, and who sees those that are closed.
pub(crate) fn levels(what: &str, levels: &[(String, u64)]) {
    if levels.is_empty() {
        return;
    }
    let each: Vec<String> =
        levels.iter().map(|(level, count)| format!("{} {level}", number(*count))).collect();
    println!("  {what}: {}", each.join(", "));
    if levels.iter().any(|(level, _)| level == "closed") {
        println!(
            "  closed: their marking is not understood or names several colours; accounts with \
             --clearance closed alone read them"
        );
    }
}

/// Numbers by kind.
pub fn counts(report: &CountReport) {
    let mut table = table(&["kind", "indicators", "contexts"]);
    for (kind, own, contexts) in &report.kinds {
        table.add_row([kind.clone(), number(*own), number(*contexts)]);
    }
    let all: u64 = report.kinds.iter().map(|(_, own, _)| own).sum();
    table.add_row(["all".to_owned(), number(all), String::new()]);
    println!("{table}");
    for (party, count) in &report.received {
        println!("received from {}: {} objects", safe(party), number(*count));
    }
}

/// What is known of one observable.
pub fn search(report: &SearchReport) {
    println!("{} {}", report.kind, safe(&report.value));
    if report.own.is_empty() && report.received.is_empty() {
        println!("  not known here, and nobody released anything about it");
    }
    if report.held_out {
        println!("  own ones are held out: this side has them from what was taken back since");
    }
    for hit in &report.warned {
        println!(
            "  on the warninglist {:?} ({}), by {}",
            safe(&hit.list),
            hit.setting,
            safe(&hit.entry)
        );
    }
    for context in &report.own {
        println!(
            "  own: {}{}{}, score {}{}",
            safe(&context.source),
            context.tlp.as_ref().map_or(String::new(), |tlp| format!(", {tlp}")),
            if context.closed { ", closed: a marking is not understood" } else { "" },
            context.score,
            match context.fate.as_deref() {
                None => "",
                Some("taken_back") => ": TAKEN BACK by its source since",
                Some(_) => ": replaced by what its source said since",
            }
        );
        if let Some(who) = &context.control {
            println!(
                "    came after what {} controls: leaves to others with its consent alone",
                safe(who)
            );
        }
        if !context.labels.is_empty() {
            println!("    labels: {}", safe(&context.labels.join(", ")));
        }
        if let Some(text) = &context.description {
            println!("    {}", safe(text));
        }
    }
    for object in &report.received {
        received("  ", object);
    }
    if report.expired > 0 {
        println!(
            "  {} objects came that may no longer be kept: erase them with `detente expire`",
            number(report.expired)
        );
    }
    for told in &report.feedback {
        let times =
            if told.sighted > 0 { format!(" {} times", told.sighted) } else { String::new() };
        println!(
            "  feedback of {} under {} at {}: {}{times}",
            safe(&told.from),
            safe(&told.accord),
            told.at,
            told.upshot
        );
        if !told.note.is_empty() {
            println!("    {}", safe(&told.note));
        }
    }
}

/// On which terms a received object is here.
fn terms(indent: &str, terms: &TermsReport) {
    let onward = match terms.onward.as_str() {
        "allowed" => "may be passed on, as far as its markings go",
        "consent" => "may be passed on after the releasing party has consented",
        "forbidden" => "may not be passed on",
        _ => "passing it on is not allowed: the clause says nothing of it",
    };
    println!("{indent}  {onward}");
    if !terms.purposes.is_empty() {
        println!("{indent}  for: {}", safe(&terms.purposes.join(", ")));
    }
    match &terms.feedback {
        Some(OwedReport { told: Some((upshot, at)), .. }) => {
            println!("{indent}  feedback given at {at}: {upshot}");
        }
        Some(OwedReport { due: Some(due), .. }) => println!("{indent}  feedback owed by {due}"),
        Some(_) => println!("{indent}  feedback is owed"),
        None => {}
    }
}

/// One object that another party released.
fn received(indent: &str, object: &ReceivedReport) {
    println!(
        "{indent}from {} under {} clause {}, {}, received {}{}",
        safe(&object.from),
        safe(&object.accord),
        object.clause,
        object.tlp,
        object.received,
        object.keep_until.as_ref().map_or(String::new(), |until| format!(", keep until {until}"))
    );
    if let Some(who) = &object.control {
        println!(
            "{indent}  under the control of {}: goes on with its consent alone (object {})",
            safe(who),
            object.address.get(..16).unwrap_or_default()
        );
    }
    terms(indent, &object.terms);
    if let Some(source) = &object.source {
        println!("{indent}  source there: {}", safe(source));
    }
    if !object.labels.is_empty() {
        println!("{indent}  labels: {}", safe(&object.labels.join(", ")));
    }
    if let Some(text) = &object.comment {
        println!("{indent}  {}", safe(text));
    }
    if let Some(retracted) = &object.retracted {
        super::retraction::retracted(&format!("{indent}  "), retracted);
    }
}

/// How a run went.
pub fn matched(report: &MatchReport) {
    println!("run {} with {}, clause {}", &report.run[..16], safe(&report.peer), report.clause);
    match report.common {
        Some(common) => println!(
            "  {} in common of {} entered here (the other side sees {}, with padding) and at \
             most {} entered there (with theirs)",
            number(common),
            number(report.own_items.into()),
            number(report.own_size.into()),
            number(report.peer_size.into())
        ),
        None => println!("  this side was not told what is common"),
    }
    for (kind, value) in report.items.iter().take(SHOWN) {
        println!("    {kind:<9} {}", safe(value));
    }
    if report.items.len() > SHOWN {
        println!("    ... {} more: see --json or --out FILE", report.items.len() - SHOWN);
    }
    if report.agreed {
        println!("  both sides recorded transcript {}", report.transcript.get(..16).unwrap_or(""));
    } else {
        println!("  the other side has not recorded its outcome yet: nothing can rest on this run");
    }
    if let Some(contexts) = &report.contexts {
        exchanged(contexts);
    }
    for line in &report.learnt {
        println!("  {}", safe(line));
    }
}

/// What a run brought of contexts, both ways.
fn exchanged(contexts: &ContextsReport) {
    let given = &contexts.given;
    println!(
        "  contexts received: {}; given: {}, {} stay, {} are there already",
        number(contexts.received.len() as u64),
        number(given.allowed),
        number(given.denied),
        number(given.there)
    );
    if contexts.passed_over > 0 {
        println!(
            "  contexts of {} more common items had no room in one run: release them",
            number(contexts.passed_over)
        );
    }
    for found in contexts.received.iter().take(SHOWN) {
        println!("    {:<9} {}", found.kind, safe(&found.value));
        received("      ", &found.context);
    }
    if contexts.received.len() > SHOWN {
        println!("    ... {} more: see --json or `search`", contexts.received.len() - SHOWN);
    }
    let stay: Vec<&ObjectReport> =
        given.objects.iter().filter(|object| !object.allowed && !object.there).collect();
    stays(&stay, given.denied);
    match (&given.act, &given.receipt) {
        (Some(act), Some(receipt)) => {
            println!("  release {} is on record; acknowledged at {receipt}", &act[..16]);
        }
        (Some(act), None) => {
            println!("  release {} is on record; not acknowledged yet", &act[..16]);
        }
        (None, _) => println!("  no context left this side"),
    }
}

/// Contexts that stay, with the reason, of so many.
fn stays(objects: &[&ObjectReport], all: u64) {
    for object in objects.iter().take(SHOWN) {
        println!("    STAYS {:<9} {}: {}", object.kind, safe(&object.value), safe(&object.reason));
    }
    if all > SHOWN as u64 {
        println!("    ... {} more stay: see --json", all - SHOWN as u64);
    }
}

/// What a run would tell the other side.
pub fn explained(preview: &MatchPreview) {
    println!(
        "a run under clause {} with {}, mode {}, engine {}: nothing has left",
        safe(&preview.clause),
        safe(&preview.peer),
        preview.mode,
        preview.engine
    );
    for line in &preview.words {
        println!("  {}", safe(line));
    }
    if let Some(contexts) = &preview.contexts {
        stays(&contexts.stays.iter().collect::<Vec<_>>(), contexts.stay);
    }
}

/// What a release did, or would do.
pub fn release(report: &ReleaseReport) {
    let ground = match (&report.run, &report.consent) {
        (Some(run), _) => format!("run {}", run.get(..16).unwrap_or_default()),
        (None, Some(consent)) => format!("consent {}", consent.get(..16).unwrap_or_default()),
        (None, None) => "own indicators".to_owned(),
    };
    println!(
        "{} to {}, {ground}: {} objects {}, {} stay, {} are there already",
        safe(&report.accord),
        safe(&report.to),
        number(report.allowed),
        if report.dry_run { "would leave" } else { "leave" },
        number(report.denied),
        number(report.there)
    );
    let mut table = table(&["verdict", "clause", "kind", "value", "marked", "source", "why"]);
    let shown = if report.dry_run { report.objects.len() } else { SHOWN };
    for object in report.objects.iter().take(shown) {
        table.add_row([
            match (object.allowed, object.there) {
                (true, _) => "leaves",
                (false, true) => "is there",
                (false, false) => "STAYS",
            }
            .to_owned(),
            object.clause.clone().unwrap_or_default(),
            object.kind.clone(),
            safe(&object.value),
            object.tlp.clone(),
            object.source.as_deref().map_or(String::new(), safe),
            safe(&object.reason),
        ]);
    }
    println!("{table}");
    if report.objects.len() > shown {
        println!("... {} more: see --json or --dry-run", report.objects.len() - shown);
    }
    if report.unlisted > 0 {
        println!("... {} more are counted and not listed", number(report.unlisted));
    }
    if report.acts.len() > 1 {
        println!("it took {} releases; the last:", number(report.acts.len() as u64));
    }
    match (&report.act, &report.receipt) {
        (Some(act), Some(receipt)) => {
            println!("release {} is on record; acknowledged at {receipt}", &act[..16]);
        }
        (Some(act), None) => {
            println!("release {} is on record; not acknowledged yet", &act[..16]);
        }
        (None, _) if report.dry_run => println!("nothing left: this was a dry run"),
        (None, _) => println!("nothing left"),
    }
}
