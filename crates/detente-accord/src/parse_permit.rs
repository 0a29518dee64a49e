//! Reads the rules that the gate decides by: permissions and prohibitions.

use super::asks::{Asks, read_asks, read_pap, read_releasable};
use super::clause::{Cap, Deadline, Forbid, Only, Permit};
use super::language::Said;
use super::parse::{Time, read_deadline};
use super::parse_clause::{Around, MAX_COUNT, kinds_said, read_direction, read_kinds};
use super::prose::Param;
use super::table::Table;
use detente_core::act::MAX_LABEL;
use detente_core::{Kind, ObjectKind, Span, Tlp};

/// Kinds are of indicators: named in a rule that is about indicators, and in no other.
fn read_kinds_of(rule: &Table<'_>, asks: Option<&Asks>, permit: bool) -> Option<Vec<Kind>> {
    let Some(asks) = asks else {
        // What it is about could not be read: that is the fault.
        rule.value("kinds");
        return None;
    };
    let indicators = asks.objects.contains(&ObjectKind::Indicator);
    if rule.has("kinds") && (!indicators || (!permit && asks.objects.len() > 1)) {
        rule.fault(
            "bad_value",
            format!("{} has `kinds` and speaks of other objects than indicators", rule.name),
            "kinds are of indicators: leave them out, or write a clause for indicators alone",
        );
    }
    read_kinds(rule, permit && indicators)
}

/// Prose shows the kinds of a rule that names any.
fn show_kinds(rule: &Table<'_>, kinds: &[Kind], params: &mut Vec<Param>) {
    if !kinds.is_empty() || rule.has("kinds") {
        params.push(Param::value("kinds", kinds_said(kinds)));
    }
}

/// Reads a permission, and shows its parameters.
pub(super) fn read_permit(
    rule: &Table<'_>,
    around: &Around<'_>,
    params: &mut Vec<Param>,
) -> Option<Permit> {
    let asks = read_asks(rule, around, false, params);
    let direction = read_direction(rule, around.handles);
    let kinds = read_kinds_of(rule, asks.as_ref(), true);
    if !rule.has("only") {
        rule.fault(
            "no_scope",
            format!("{} does not say whether it covers matched indicators only", rule.name),
            "write only = \"matched\" or only = \"any\"",
        );
    }
    let only = rule.parsed::<Only>("only");
    let indicators = |asks: &Asks| asks.objects.contains(&ObjectKind::Indicator);
    if only == Some(Only::Matched) && asks.as_ref().is_some_and(|asks| !indicators(asks)) {
        rule.fault(
            "bad_value",
            format!("{} covers matched objects, and only indicators are matched", rule.name),
            "write only = \"any\"",
        );
    }
    if !rule.has("max_tlp") {
        rule.fault(
            "no_scope",
            format!("{} has no marking ceiling", rule.name),
            "write max_tlp = \"amber\" (clear, green, amber, amber+strict or red)",
        );
    }
    let max_tlp = rule.parsed::<Tlp>("max_tlp");
    let max_pap = read_pap(rule, "max_pap", params);
    let releasable = read_releasable(rule, direction.as_ref().map(|(_, to)| to), params);
    let cap = rule.table("cap").and_then(|cap| read_cap(&cap, params));
    if rule.has("cap") && cap.is_none() {
        params.extend(["cap.count", "cap.per", "cap.bytes"].map(Param::unread));
    }
    let retention = read_retention(rule, params);
    let expires = rule.parsed::<Time>("expires").map(|time| time.0);
    rule.finish();
    let (kinds, (from, to)) = (kinds?, direction?);
    params.extend(around.direction(&from, &to));
    show_kinds(rule, &kinds, params);
    params.push(Param::new("max_tlp", max_tlp?, true));
    params.push(Param::said("only", Said::only(only?)));
    match expires {
        Some(expires) => params.push(Param::new("expires", expires, true)),
        None if rule.has("expires") => params.push(Param::unread("expires")),
        None => {}
    }
    Some(Permit {
        from,
        to,
        kinds,
        only: only?,
        asks: asks?,
        max_tlp: max_tlp?,
        max_pap,
        releasable,
        cap,
        retention,
        expires,
    })
}

/// How long the receiver may keep it, and from when.
fn read_retention(rule: &Table<'_>, params: &mut Vec<Param>) -> Option<Deadline> {
    let table = rule.table("retention");
    let retention = table.and_then(|table| {
        let deadline = read_deadline(&table, "within");
        if !table.has("within") {
            table.missing("within", "write within = \"P180D\"");
        }
        table.finish();
        deadline
    });
    match retention {
        Some(retention) => {
            params.push(Param::value("retention.within", Said::span(retention.within)));
            params.push(Param::value("retention.clock", Said::clock(retention.clock)));
        }
        None if rule.has("retention") => {
            params.extend(["retention.within", "retention.clock"].map(Param::unread));
        }
        None => {}
    }
    retention
}

fn read_cap(cap: &Table<'_>, params: &mut Vec<Param>) -> Option<Cap> {
    if !cap.has("count") {
        cap.missing("count", "say how many: count = 200");
    }
    if !cap.has("per") {
        cap.missing("per", "say in which window: per = \"P30D\"");
    }
    let count = cap.number("count", MAX_COUNT);
    let bytes = cap.number("bytes", MAX_COUNT);
    let per = cap.parsed::<Span>("per");
    cap.finish();
    let (count, per) = (count?, per?);
    params.push(Param::new("cap.count", count, true));
    params.push(Param::value("cap.per", Said::span(per)));
    if let Some(bytes) = bytes {
        params.push(Param::new("cap.bytes", bytes, true));
    }
    Some(Cap { count, bytes, per })
}

/// Reads a prohibition, and shows its parameters.
pub(super) fn read_forbid(
    rule: &Table<'_>,
    around: &Around<'_>,
    params: &mut Vec<Param>,
) -> Option<Forbid> {
    let asks = read_asks(rule, around, true, params);
    let direction = read_direction(rule, around.handles);
    let kinds = read_kinds_of(rule, asks.as_ref(), false);
    let labels = rule.list::<String>("labels");
    if rule.has("labels") && labels.is_none() {
        params.push(Param::unread("labels"));
    }
    let mut labels = labels.unwrap_or_default();
    labels.sort();
    for label in labels.iter().filter(|label| label.len() > MAX_LABEL) {
        rule.fault(
            "bad_value",
            format!("label {label:?} in {} is too long", rule.name),
            format!("a label has at most {MAX_LABEL} bytes"),
        );
    }
    let min_tlp = rule.parsed::<Tlp>("min_tlp");
    let min_pap = read_pap(rule, "min_pap", params);
    rule.finish();
    let (kinds, (from, to)) = (kinds?, direction?);
    params.extend(around.direction(&from, &to));
    show_kinds(rule, &kinds, params);
    if !labels.is_empty() {
        let words: Vec<&str> = labels.iter().map(String::as_str).collect();
        params.push(Param::value("labels", Said::list(&words, "or", "oder")));
    }
    match min_tlp {
        Some(tlp) => params.push(Param::new("min_tlp", tlp, true)),
        None if rule.has("min_tlp") => params.push(Param::unread("min_tlp")),
        None => {}
    }
    Some(Forbid { from, to, kinds, asks: asks?, labels, min_tlp, min_pap })
}
