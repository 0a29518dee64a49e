//! Reads the rules of matching clauses.

use super::clause::{Budget, LookupTerms, MatchRule, PAYLOAD_BYTES, Pad};
use super::language::Said;
use super::parse::known_handle;
use super::parse_clause::{Around, MAX_COUNT, kinds_said, read_kinds};
use super::prose::Param;
use super::table::Table;
use detente_core::act::{Engine, Learn, Mode};
use detente_core::{Span, Tlp};

/// Most items of one side in one run that a clause may allow.
const MAX_ITEMS: u64 = 1 << 28;
/// Most values in one query of look-ups: what the batch proof of the engine takes.
const MAX_QUERY: u64 = 1 << 14;
/// Most values in a filter to look up in: the engine's limit.
const MAX_FILTER_ITEMS: u64 = 1 << 24;
/// Reads the rule of a matching clause, and shows its parameters.
pub(super) fn read_match(
    rule: &Table<'_>,
    around: &Around<'_>,
    params: &mut Vec<Param>,
) -> Option<MatchRule> {
    let between = read_between(rule, around);
    let kinds = read_kinds(rule, true);
    let mode = rule.required_as::<Mode>(
        "mode",
        "write mode = \"which\", \"payload\", \"count\" or \"lookup\"",
    );
    let learn = rule.required_as::<Learn>("answer", "write answer = \"both\" or \"initiator\"");
    let engine = read_engine(rule, mode);
    let lookup = read_lookup(rule, mode, learn, between.as_deref());
    let payload_bytes = read_payload_bytes(rule, mode, learn);
    let max_tlp = rule.parsed::<Tlp>("max_tlp");
    match max_tlp {
        Some(max) => params.push(Param::new("max_tlp", max, true)),
        None if rule.has("max_tlp") => params.push(Param::unread("max_tlp")),
        None => {}
    }
    if !rule.has("max_items") {
        rule.missing("max_items", "cap the set of one side: max_items = 200000");
    }
    let most = if mode == Some(Mode::Lookup) { MAX_QUERY } else { MAX_ITEMS };
    let max_items = rule.number("max_items", most).and_then(|n| u32::try_from(n).ok());
    let pad = rule.required_as::<Pad>(
        "pad",
        "say whether sizes are hidden: pad = \"none\", \"power-of-two\" or \"multiple:1000\"",
    );
    let budget = match rule.table("budget") {
        Some(table) => read_budget(&table),
        None => {
            rule.missing("budget", "write budget = { runs = 4, items = 400000, per = \"P30D\" }");
            None
        }
    };
    rule.finish();
    let read = MatchRule {
        between: between?,
        kinds: kinds?,
        mode: mode?,
        learn: learn?,
        engine,
        payload_bytes,
        max_tlp,
        max_items: max_items?,
        budget: budget?,
        pad: pad?,
        lookup: lookup?,
    };
    show(&read, around, params);
    Some(read)
}

/// Shows the parameters of a rule to the prose of its clause.
fn show(rule: &MatchRule, around: &Around<'_>, params: &mut Vec<Param>) {
    let names: Vec<String> = rule.between.iter().map(|handle| around.name(handle)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    params.extend([
        Param::value("between", Said::list(&names, "and", "und")),
        Param::value("kinds", kinds_said(&rule.kinds)),
        Param::said("mode", Said::mode(rule.mode)),
        Param::said("answer", Said::answer(rule.learn)),
        Param::said("pad", Said::pad(rule.pad)),
        Param::new("max_items", rule.max_items, true),
        Param::new("budget.runs", rule.budget.runs, true),
        Param::new("budget.items", rule.budget.items, true),
        Param::value("budget.per", Said::span(rule.budget.per)),
    ]);
    if let Some(engine) = rule.engine {
        params.push(Param::new("engine", engine, false));
    }
    if let Some(terms) = &rule.lookup {
        params.push(Param::value("holder", Said::same(around.name(&terms.holder))));
        params.push(Param::new("filter_items", terms.filter_items, true));
    }
    match rule.payload_bytes {
        Some(bytes) => params.push(Param::new("payload_bytes", bytes, true)),
        None if rule.mode == Mode::Payload => params.push(Param::unread("payload_bytes")),
        None => {}
    }
}

/// The two parties that match.
fn read_between(rule: &Table<'_>, around: &Around<'_>) -> Option<Vec<String>> {
    let between = rule.list::<String>("between");
    if !rule.has("between") {
        rule.fault(
            "no_scope",
            format!("{} does not say between whom", rule.name),
            format!("write between = [\"{}\"]", around.handles.join("\", \"")),
        );
    }
    if let Some(between) = &between {
        for handle in between {
            known_handle(rule, handle, around.handles);
        }
        if between.len() != 2 {
            rule.fault(
                "bad_value",
                format!("{} is between {} parties", rule.name, between.len()),
                "name exactly two",
            );
        }
    }
    between
}

/// The room for contexts, in the mode that has them. Both must learn the answer there: contexts go
/// for what both know to be common.
fn read_payload_bytes(rule: &Table<'_>, mode: Option<Mode>, learn: Option<Learn>) -> Option<u32> {
    let (min, max) = (*PAYLOAD_BYTES.start(), *PAYLOAD_BYTES.end());
    if mode.is_some_and(|mode| mode != Mode::Payload) && rule.has("payload_bytes") {
        rule.fault(
            "bad_value",
            format!("{} has room for contexts, and its mode brings none", rule.name),
            "write mode = \"payload\", or leave payload_bytes out",
        );
    }
    if mode == Some(Mode::Payload) && learn == Some(Learn::Initiator) {
        rule.fault(
            "bad_value",
            format!("{} brings contexts to parties that do not both learn the answer", rule.name),
            "write answer = \"both\", or mode = \"which\"",
        );
    }
    if mode == Some(Mode::Payload) && !rule.has("payload_bytes") {
        rule.missing("payload_bytes", "give the contexts of one item room: payload_bytes = 1024");
    }
    let bytes = rule.number("payload_bytes", max)?;
    if bytes < min {
        rule.fault(
            "bad_value",
            format!("{} gives contexts {bytes} bytes", rule.name),
            format!("write payload_bytes from {min} to {max}"),
        );
        return None;
    }
    // A fault already where the mode brings none.
    u32::try_from(bytes).ok().filter(|_| mode == Some(Mode::Payload))
}

/// The engine, where the clause picks one.
fn read_engine(rule: &Table<'_>, mode: Option<Mode>) -> Option<Engine> {
    let engine = rule.parsed::<Engine>("engine");
    if mode == Some(Mode::Payload) && engine == Some(Engine::Ecdh) {
        rule.fault(
            "bad_value",
            format!("{} brings contexts by an engine that can't", rule.name),
            format!("write engine = \"{}\", or leave it out", Engine::VoleMlKem768),
        );
    }
    if mode == Some(Mode::Count) && engine.is_some_and(|engine| engine != Engine::Ecdh) {
        rule.fault(
            "bad_value",
            format!("{} tells only how many by an engine that can't", rule.name),
            format!("write engine = \"{}\", or leave it out", Engine::Ecdh),
        );
    }
    if engine.is_some()
        && mode.is_some()
        && (mode == Some(Mode::Lookup)) != (engine == Some(Engine::Voprf))
    {
        rule.fault(
            "bad_value",
            format!("{} names an engine that its mode can't use", rule.name),
            format!("look-ups have engine = \"{}\", and nothing else has", Engine::Voprf),
        );
    }
    engine
}

/// Who holds and how long its filter is: required of look-ups, refused of all else. None if it
/// can't be read.
fn read_lookup(
    rule: &Table<'_>,
    mode: Option<Mode>,
    learn: Option<Learn>,
    between: Option<&[String]>,
) -> Option<Option<LookupTerms>> {
    if mode != Some(Mode::Lookup) {
        for key in ["holder", "filter_items"].into_iter().filter(|key| rule.has(key)) {
            rule.fault(
                "bad_value",
                format!("{} has `{key}` and is no clause of look-ups", rule.name),
                "write mode = \"lookup\", or leave it out",
            );
        }
        return Some(None);
    }
    if learn == Some(Learn::Both) {
        rule.fault(
            "bad_value",
            format!("{} would tell both sides what a look-up finds", rule.name),
            "write answer = \"initiator\": who asks learns, who holds does not",
        );
    }
    let holder = rule.required("holder", "say whose list is looked up in: holder = \"A\"");
    if let (Some(holder), Some(between)) = (&holder, between)
        && !between.contains(holder)
    {
        rule.fault(
            "bad_value",
            format!("{} is between others than its holder {holder:?}", rule.name),
            format!("write holder = \"{}\"", between.join("\" or \"")),
        );
    }
    if !rule.has("filter_items") {
        rule.missing("filter_items", "agree on the filter's length: filter_items = 1048576");
    }
    let filter_items =
        rule.number("filter_items", MAX_FILTER_ITEMS).and_then(|n| u32::try_from(n).ok());
    Some(Some(LookupTerms { holder: holder?, filter_items: filter_items? }))
}

fn read_budget(table: &Table<'_>) -> Option<Budget> {
    for key in ["runs", "items", "per"] {
        if !table.has(key) {
            table.missing(key, "write { runs = 4, items = 400000, per = \"P30D\" }");
        }
    }
    let runs = table.number("runs", MAX_COUNT);
    let items = table.number("items", MAX_COUNT);
    let per = table.parsed::<Span>("per");
    table.finish();
    Some(Budget { runs: runs?, items: items?, per: per? })
}
