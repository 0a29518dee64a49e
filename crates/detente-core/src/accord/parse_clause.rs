//! Reads clauses: rule, parameters, prose.

use std::collections::BTreeSet;

use super::clause::{
    Budget, Cap, Clause, Forbid, MatchRule, Oblige, Only, Pad, Permit, Rule, Side,
};
use super::parse::{Time, check_languages, known_handle, read_deadline};
use super::prose::{Param, Prose};
use super::table::Table;
use crate::act::{Engine, Learn, MAX_CLAUSE_ID, MAX_LABEL, Mode};
use crate::kind::Kind;
use crate::time::Span;
use crate::tlp::Tlp;

/// Most items of one side in one run that a clause may allow.
const MAX_ITEMS: u64 = 1 << 28;
/// Ceiling for counts and bytes in caps and budgets.
const MAX_COUNT: u64 = 1 << 48;

pub(super) fn read_clauses(
    root: &Table<'_>,
    languages: &[String],
    handles: &[String],
) -> Vec<Clause> {
    let tables = root.tables("clause");
    if tables.is_empty() {
        root.missing("clause", "write at least one [[clause]] with id, prose and a rule");
    }
    let ids: BTreeSet<String> = tables.iter().filter_map(|table| table.text("id")).collect();
    let mut clauses: Vec<Clause> = Vec::new();
    for mut table in tables {
        let Some(id) = read_id(&table) else { continue };
        table.name = format!("clause {id}");
        if clauses.iter().any(|other| other.id == id) {
            table.fault("repeated", format!("clause {id} stands twice"), "number it anew");
        }
        let mut params = Vec::new();
        let rule = read_rule(&table, handles, &mut params);
        if let Some(own) = table.table("params") {
            for (name, value, _) in own.entries() {
                params.push(Param::new(&format!("params.{name}"), value, true));
            }
        }
        // A rule that could not be read has no full list of parameters: checking prose against it
        // would bury the true fault under false ones.
        let unread = rule.is_none()
            && ["permit", "forbid", "match", "oblige"].into_iter().any(|key| table.has(key));
        let prose = if unread {
            table.value("prose");
            Vec::new()
        } else {
            read_prose(&table, &id, languages, &params, &ids)
        };
        table.finish();
        clauses.push(Clause { id, prose, rule, line: table.line() });
    }
    clauses
}

fn read_id(table: &Table<'_>) -> Option<String> {
    let id = table.required("id", "number the clause: id = \"3.1\"")?;
    let numbered = id.len() <= MAX_CLAUSE_ID
        && id
            .split('.')
            .all(|part| !part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit()))
        && !id.split('.').any(str::is_empty);
    if !numbered {
        table.fault(
            "bad_value",
            format!("clause id {id:?} is no number"),
            "number clauses like 3 or 3.1, from 1 and without leading zeros",
        );
        return None;
    }
    Some(id)
}

fn read_prose(
    table: &Table<'_>,
    id: &str,
    languages: &[String],
    params: &[Param],
    ids: &BTreeSet<String>,
) -> Vec<(String, String)> {
    let Some(texts) = table.table("prose") else {
        table.missing("prose", "write prose.en = \"...\" for each language");
        return Vec::new();
    };
    let prose = Prose { source: table.source, clause: id, params, clause_ids: ids };
    let mut filled: Vec<(String, String)> = Vec::new();
    for (language, text, at) in texts.entries() {
        let text = prose.fill(&language, &text, &at);
        filled.push((language, text));
    }
    check_languages(table, &format!("clause {id}"), &filled, languages);
    filled.sort_by_key(|(language, _)| languages.iter().position(|known| known == language));
    filled
}

fn read_rule(table: &Table<'_>, handles: &[String], params: &mut Vec<Param>) -> Option<Rule> {
    let permit = table.table("permit");
    let forbid = table.table("forbid");
    let matching = table.table("match");
    let oblige = table.table("oblige");
    let count = [&permit, &forbid, &matching, &oblige].iter().filter(|rule| rule.is_some()).count();
    if count > 1 {
        table.fault(
            "many_rules",
            format!("{} has {count} rules", table.name),
            "write one rule a clause; split the clause",
        );
        return None;
    }
    if let Some(rule) = permit {
        read_permit(&rule, handles, params).map(Rule::Permit)
    } else if let Some(rule) = forbid {
        read_forbid(&rule, handles, params).map(Rule::Forbid)
    } else if let Some(rule) = matching {
        read_match(&rule, handles, params).map(Rule::Match)
    } else if let Some(rule) = oblige {
        read_oblige(&rule, handles, params).map(Rule::Oblige)
    } else {
        None
    }
}

/// A direction: both ends named, known and different.
fn read_direction(rule: &Table<'_>, handles: &[String]) -> Option<(Side, Side)> {
    let side = |key: &'static str| -> Option<Side> {
        if !rule.has(key) {
            rule.fault(
                "no_scope",
                format!("{} does not say `{key}` whom", rule.name),
                format!("write {key} = \"{}\", or \"*\" for every party", handles.join("\" or \"")),
            );
            return None;
        }
        let side = rule.parsed::<Side>(key)?;
        match &side {
            Side::Handle(handle) if !known_handle(rule, handle, handles) => None,
            _ => Some(side),
        }
    };
    let (from, to) = (side("from"), side("to"));
    let (from, to) = (from?, to?);
    if from == to && from != Side::Any {
        rule.fault(
            "no_scope",
            format!("{} goes from {from} to itself", rule.name),
            "name two different parties",
        );
        return None;
    }
    Some((from, to))
}

/// Kinds of observables, sorted. In a permission or a match they must be named one by one.
fn read_kinds(rule: &Table<'_>, required: bool) -> Option<Vec<Kind>> {
    if !rule.has("kinds") {
        if required {
            let all: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
            rule.fault(
                "no_scope",
                format!("{} does not say which kinds of indicators", rule.name),
                format!("write kinds = [...] from: {}", all.join(", ")),
            );
            return None;
        }
        return Some(Vec::new());
    }
    let mut kinds = rule.list::<Kind>("kinds")?;
    kinds.sort_unstable();
    Some(kinds)
}

fn join(kinds: &[Kind]) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

/// `object` names what is released; in this format there is one sort.
fn read_object(rule: &Table<'_>) {
    match rule.text("object").as_deref() {
        Some("indicator") => {}
        Some(other) => rule.fault(
            "bad_value",
            format!("{} speaks of object {other:?}", rule.name),
            "write object = \"indicator\"",
        ),
        None => rule.fault(
            "no_scope",
            format!("{} does not say which objects", rule.name),
            "write object = \"indicator\"",
        ),
    }
}

fn read_permit(rule: &Table<'_>, handles: &[String], params: &mut Vec<Param>) -> Option<Permit> {
    read_object(rule);
    let direction = read_direction(rule, handles);
    let kinds = read_kinds(rule, true);
    if !rule.has("only") {
        rule.fault(
            "no_scope",
            format!("{} does not say whether it covers matched indicators only", rule.name),
            "write only = \"matched\" or only = \"any\"",
        );
    }
    let only = rule.parsed::<Only>("only");
    if !rule.has("max_tlp") {
        rule.fault(
            "no_scope",
            format!("{} has no marking ceiling", rule.name),
            "write max_tlp = \"amber\" (clear, green, amber, amber+strict or red)",
        );
    }
    let max_tlp = rule.parsed::<Tlp>("max_tlp");
    let cap = rule.table("cap").and_then(|cap| read_cap(&cap, params));
    let retention = rule.table("retention").and_then(|table| {
        let deadline = read_deadline(&table, "within");
        if !table.has("within") {
            table.missing("within", "write within = \"P180D\"");
        }
        table.finish();
        deadline
    });
    let expires = rule.parsed::<Time>("expires").map(|time| time.0);
    rule.finish();
    let kinds = kinds?;
    params.push(Param::new("kinds", join(&kinds), false));
    params.push(Param::new("max_tlp", max_tlp?, true));
    params.push(Param::new("only", only?.name(), false));
    if let Some(retention) = retention {
        params.push(Param::new("retention.within", retention.within, true));
        params.push(Param::new("retention.clock", retention.clock.name(), false));
    }
    if let Some(expires) = expires {
        params.push(Param::new("expires", expires, true));
    }
    let (from, to) = direction?;
    Some(Permit { from, to, kinds, only: only?, max_tlp: max_tlp?, cap, retention, expires })
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
    params.push(Param::new("cap.per", per, true));
    if let Some(bytes) = bytes {
        params.push(Param::new("cap.bytes", bytes, true));
    }
    Some(Cap { count, bytes, per })
}

fn read_forbid(rule: &Table<'_>, handles: &[String], params: &mut Vec<Param>) -> Option<Forbid> {
    read_object(rule);
    let direction = read_direction(rule, handles);
    let kinds = read_kinds(rule, false);
    let mut labels = rule.list::<String>("labels").unwrap_or_default();
    labels.sort();
    for label in labels.iter().filter(|label| label.len() > MAX_LABEL) {
        rule.fault(
            "bad_value",
            format!("label {label:?} in {} is too long", rule.name),
            format!("a label has at most {MAX_LABEL} bytes"),
        );
    }
    let min_tlp = rule.parsed::<Tlp>("min_tlp");
    rule.finish();
    let kinds = kinds?;
    if !kinds.is_empty() {
        params.push(Param::new("kinds", join(&kinds), false));
    }
    if !labels.is_empty() {
        params.push(Param::new("labels", labels.join(", "), true));
    }
    if let Some(tlp) = min_tlp {
        params.push(Param::new("min_tlp", tlp, true));
    }
    let (from, to) = direction?;
    Some(Forbid { from, to, kinds, labels, min_tlp })
}

fn read_match(rule: &Table<'_>, handles: &[String], params: &mut Vec<Param>) -> Option<MatchRule> {
    let between = rule.list::<String>("between");
    if !rule.has("between") {
        rule.fault(
            "no_scope",
            format!("{} does not say between whom", rule.name),
            format!("write between = [\"{}\"]", handles.join("\", \"")),
        );
    }
    if let Some(between) = &between {
        for handle in between {
            known_handle(rule, handle, handles);
        }
        if between.len() != 2 {
            rule.fault(
                "bad_value",
                format!("{} is between {} parties", rule.name, between.len()),
                "name exactly two",
            );
        }
    }
    let kinds = read_kinds(rule, true);
    let mode = rule.required_as::<Mode>("mode", "write mode = \"which\" or \"count\"");
    let learn = rule.required_as::<Learn>("answer", "write answer = \"both\" or \"initiator\"");
    let engine = read_engine(rule, mode);
    if !rule.has("max_items") {
        rule.missing("max_items", "cap the set of one side: max_items = 200000");
    }
    let max_items = rule.number("max_items", MAX_ITEMS).and_then(|n| u32::try_from(n).ok());
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
    let (kinds, mode, learn, pad) = (kinds?, mode?, learn?, pad?);
    let (max_items, budget) = (max_items?, budget?);
    params.extend([
        Param::new("kinds", join(&kinds), false),
        Param::new("mode", mode, false),
        Param::new("answer", learn, false),
        Param::new("pad", pad, false),
        Param::new("max_items", max_items, true),
        Param::new("budget.runs", budget.runs, true),
        Param::new("budget.items", budget.items, true),
        Param::new("budget.per", budget.per, true),
    ]);
    if let Some(engine) = engine {
        params.push(Param::new("engine", engine, false));
    }
    let between = between?;
    Some(MatchRule { between, kinds, mode, learn, engine, max_items, budget, pad })
}

/// The engine, where the clause picks one.
fn read_engine(rule: &Table<'_>, mode: Option<Mode>) -> Option<Engine> {
    let engine = rule.parsed::<Engine>("engine");
    if mode == Some(Mode::Count) && engine.is_some_and(|engine| engine != Engine::Ecdh) {
        rule.fault(
            "bad_value",
            format!("{} tells only how many by an engine that can't", rule.name),
            format!("write engine = \"{}\", or leave it out", Engine::Ecdh),
        );
    }
    engine
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

fn read_oblige(rule: &Table<'_>, handles: &[String], params: &mut Vec<Param>) -> Option<Oblige> {
    let actor = rule.required_as::<Side>("actor", "name the party that must act, or \"*\"");
    if let Some(Side::Handle(handle)) = &actor {
        known_handle(rule, handle, handles);
    }
    let verb = rule.required("verb", "say what it must do: verb = \"acknowledge\"");
    let on = rule.required("on", "say what sets it off: on = \"release\"");
    if !rule.has("within") {
        rule.missing("within", "say by when: within = \"PT24H\"");
    }
    let deadline = read_deadline(rule, "within");
    let breach = rule.required("breach", "say what follows: breach = \"escalate to the heads\"");
    rule.finish();
    let deadline = deadline?;
    params.push(Param::new("within", deadline.within, true));
    params.push(Param::new("clock", deadline.clock.name(), false));
    Some(Oblige { actor: actor?, verb: verb?, on: on?, deadline, breach: breach? })
}
