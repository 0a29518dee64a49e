//! Reads the rules that the gate decides by: permissions and prohibitions.

use super::asks::{Asks, read_asks, read_pap, read_releasable};
use super::clause::{Cap, Deadline, Forbid, Only, Onward, Permit, Reciprocity};
use super::language::Said;
use super::parse::{Time, read_counted_deadline};
use super::parse_clause::{Around, MAX_COUNT, kinds_said, read_direction, read_kinds};
use super::prose::Param;
use super::table::Table;
use detente_core::act::MAX_LABEL;
use detente_core::{Kind, ObjectKind, Span, Tlp, Transform};

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
    let reciprocity = read_reciprocity(rule, params);
    let transforms = read_transforms(rule, asks.as_ref(), params);
    let retention = read_period(rule, ("retention", "P180D"), params);
    let feedback = read_period(rule, ("feedback", "P14D"), params);
    let onward = read_onward(rule, params);
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
        reciprocity,
        transforms,
        retention,
        onward,
        feedback,
        expires,
    })
}

/// A period with its clock: how long the receiver may keep an object, by when it says what came
/// of it.
fn read_period(
    rule: &Table<'_>,
    (key, such_as): (&'static str, &str),
    params: &mut Vec<Param>,
) -> Option<Deadline> {
    let period = rule.table(key).and_then(|table| {
        let deadline = read_counted_deadline(&table, "within");
        if !table.has("within") {
            table.missing("within", format!("write within = \"{such_as}\""));
        }
        table.finish();
        deadline
    });
    let [within, clock] = ["within", "clock"].map(|field| format!("{key}.{field}"));
    match period {
        Some(period) => {
            params.push(Param::value(&within, Said::period(&period)));
            params.push(Param::value(&clock, Said::clock(period.clock)));
        }
        None if rule.has(key) => {
            params.extend([within, clock].map(|name| Param::unread(&name)));
        }
        None => {}
    }
    period
}

fn read_reciprocity(rule: &Table<'_>, params: &mut Vec<Param>) -> Option<Reciprocity> {
    const FIELDS: [&str; 4] = ["give", "take", "slack", "per"];
    let table = rule.table("reciprocity");
    let read = table.and_then(|table| {
        for field in FIELDS.into_iter().filter(|field| !table.has(field)) {
            table.missing(field, "write { give = 1, take = 1, slack = 20, per = \"P90D\" }");
        }
        let number = |field| table.number(field, MAX_COUNT);
        let (give, take, slack) = (number("give"), number("take"), number("slack"));
        let per = table.parsed::<Span>("per");
        table.finish();
        Some(Reciprocity { give: give?, take: take?, slack: slack?, per: per? })
    });
    match read {
        Some(Reciprocity { give, take, slack, per }) => params.extend([
            Param::new("reciprocity.give", give, true),
            Param::new("reciprocity.take", take, true),
            Param::new("reciprocity.slack", slack, true),
            Param::value("reciprocity.per", Said::span(per)),
        ]),
        None if rule.has("reciprocity") => {
            params.extend(FIELDS.map(|field| Param::unread(&format!("reciprocity.{field}"))));
        }
        None => {}
    }
    read
}

/// What is taken out of objects: of indicators, the only ones that a node can change.
fn read_transforms(
    rule: &Table<'_>,
    asks: Option<&Asks>,
    params: &mut Vec<Param>,
) -> Vec<Transform> {
    let mut transforms = rule.list::<Transform>("transform").unwrap_or_default();
    transforms.sort_unstable();
    let others = asks.is_some_and(|asks| asks.objects != [ObjectKind::Indicator]);
    if rule.has("transform") && others {
        rule.fault(
            "bad_value",
            format!("{} transforms other objects than indicators", rule.name),
            "write a clause for indicators alone",
        );
    }
    if !transforms.is_empty() {
        let said: Vec<Said> = transforms.iter().map(|one| Said::transform(*one)).collect();
        params.push(Param::value("transform", Said::join(&said, "and", "und")));
    } else if rule.has("transform") {
        params.push(Param::unread("transform"));
    }
    transforms
}

fn read_onward(rule: &Table<'_>, params: &mut Vec<Param>) -> Option<Onward> {
    let onward = rule.parsed::<Onward>("onward");
    match onward {
        Some(onward) => params.push(Param::value("onward", Said::onward(onward))),
        None if rule.has("onward") => params.push(Param::unread("onward")),
        None => {}
    }
    onward
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
