//! Reads clauses: rule, parameters, prose.

use std::collections::{BTreeMap, BTreeSet};

use super::Party;
use super::clause::{Clause, Oblige, Rule, Side};
use super::language::Said;
use super::parse::{Time, check_languages, known_handle, read_counted_deadline};
use super::parse_match::read_match;
use super::parse_permit::{read_forbid, read_permit};
use super::prose::{Param, Plain, Prose};
use super::table::Table;
use detente_core::act::{ActKind, MAX_CLAUSE_ID};
use detente_core::{Kind, Span};

/// Ceiling for counts and bytes in caps and budgets.
pub(super) const MAX_COUNT: u64 = 1 << 48;

/// What clauses must know of the text around them.
pub(super) struct Around<'a> {
    pub(super) languages: &'a [String],
    /// The parties' ids in this text, also of those whose tables have a fault.
    pub(super) handles: &'a [String],
    pub(super) parties: &'a [Party],
    /// Ids of all clauses.
    pub(super) ids: &'a BTreeSet<String>,
    /// Parameters of the text itself, which each clause may show.
    pub(super) common: &'a [Param],
    /// By language, the annexes to which each clause may refer.
    pub(super) annexes: &'a BTreeMap<String, Vec<Param>>,
}

impl Around<'_> {
    pub(super) fn name(&self, handle: &str) -> String {
        let party = self.parties.iter().find(|party| party.handle == handle);
        party.map_or(handle, |party| &party.name).to_owned()
    }

    /// A side in words, if it stands alone.
    fn side(&self, side: &Side) -> Said {
        match side {
            Side::Handle(handle) => Said::same(self.name(handle)),
            Side::Any => Said::any_party(self.handles.len() == 2),
        }
    }

    /// Both ends of a direction in words.
    pub(super) fn direction(&self, from: &Side, to: &Side) -> [Param; 2] {
        let other = || Said::other_party(self.handles.len() == 2);
        let said = match (from, to) {
            (Side::Any, Side::Any) => [self.side(from), other()],
            (Side::Any, Side::Handle(_)) => [other(), self.side(to)],
            (Side::Handle(_), Side::Any) => [self.side(from), other()],
            (Side::Handle(_), Side::Handle(_)) => [self.side(from), self.side(to)],
        };
        let [from, to] = said;
        [Param::said("from", from), Param::said("to", to)]
    }
}

/// The ids that clauses have, in so far as they are strings.
pub(super) fn clause_ids(tables: &[Table<'_>]) -> BTreeSet<String> {
    tables.iter().filter_map(|table| table.peek("id")).collect()
}

pub(super) fn read_clauses(tables: Vec<Table<'_>>, around: &Around<'_>) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = Vec::new();
    for mut table in tables {
        let Some(id) = read_id(&table) else { continue };
        table.name = format!("clause {id}");
        if clauses.iter().any(|other| other.id == id) {
            table.fault("repeated", format!("clause {id} stands twice"), "number it anew");
        }
        let mut params = Vec::new();
        let rule = read_rule(&table, around, &mut params);
        read_own_params(&table, around, rule.as_ref(), &mut params);
        params.extend_from_slice(around.common);
        // A rule that could not be read has no full list of parameters: checking prose against it
        // would bury the true fault under false ones.
        let unread = rule.is_none()
            && ["permit", "forbid", "match", "oblige"].into_iter().any(|key| table.has(key));
        let prose = if unread {
            table.value("prose");
            Vec::new()
        } else {
            read_prose(&table, &id, around, &params)
        };
        let two_person = read_two_person(&table);
        table.finish();
        clauses.push(Clause { id, prose, rule, two_person, line: table.line() });
    }
    clauses
}

/// Acts for which a clause can ask for a second person: those that the fold can hold until another
/// key of the party confirms them.
const TWO_PERSON: &[ActKind] = &[
    ActKind::Sign,
    ActKind::Denounce,
    ActKind::Ratify,
    ActKind::Accede,
    ActKind::AdoptProvisionally,
    ActKind::Reserve,
    ActKind::Suspend,
    ActKind::Countermeasure,
    ActKind::Resume,
];

fn read_two_person(table: &Table<'_>) -> Vec<ActKind> {
    let acts = table.list::<ActKind>("two_person").unwrap_or_default();
    for kind in acts.iter().filter(|kind| !TWO_PERSON.contains(kind)) {
        let names: Vec<&str> = TWO_PERSON.iter().map(|kind| kind.name()).collect();
        table.fault(
            "bad_value",
            format!("{} asks two persons for {kind}", table.name),
            format!("name some of: {}", names.join(", ")),
        );
    }
    acts
}

/// Constants that a clause declares for its prose. One beside a rule could gainsay the rule, and
/// one in words could state what prose may not.
fn read_own_params(
    table: &Table<'_>,
    around: &Around<'_>,
    rule: Option<&Rule>,
    params: &mut Vec<Param>,
) {
    let Some(own) = table.table("params") else { return };
    let decides = matches!(rule, Some(Rule::Permit(_) | Rule::Forbid(_) | Rule::Match(_)));
    for (name, value, at) in own.entries() {
        let name = format!("params.{name}");
        let span = value.parse::<Span>().ok();
        let is_value = span.is_some()
            || value.parse::<Time>().is_ok()
            || value.bytes().all(|b| b.is_ascii_digit());
        if is_value && decides {
            table.source.fault(
                &at,
                "prose_contradicts",
                format!("{} has a rule, and beside it {name} = {value}", table.name),
                "show what the rule says, or move the constant to a clause without such a rule",
            );
            params.push(Param::unread(&name));
            continue;
        }
        if !is_value {
            let what = format!("{name} of {}", table.name);
            let words =
                Plain { source: table.source, at: &at, what: &what, clause_ids: around.ids };
            words.check_all(around.languages, &value);
        }
        params.push(match span {
            Some(span) => Param::value(&name, Said::span(span)),
            None => Param::new(&name, value, true),
        });
    }
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
    around: &Around<'_>,
    params: &[Param],
) -> Vec<(String, String)> {
    let languages = around.languages;
    let Some(texts) = table.table("prose") else {
        table.missing("prose", "write prose.en = \"...\" for each language");
        return Vec::new();
    };
    let (source, clause_ids) = (table.source, around.ids);
    let mut filled: Vec<(String, String)> = Vec::new();
    for (language, text, at) in texts.entries() {
        let annexes = around.annexes.get(&language).map_or(&[][..], Vec::as_slice);
        let prose = Prose { source, clause: id, params, annexes, clause_ids };
        let text = prose.fill(&language, &text, &at);
        filled.push((language, text));
    }
    check_languages(table, &format!("clause {id}"), &filled, languages);
    filled.sort_by_key(|(language, _)| languages.iter().position(|known| known == language));
    filled
}

fn read_rule(table: &Table<'_>, around: &Around<'_>, params: &mut Vec<Param>) -> Option<Rule> {
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
        read_permit(&rule, around, params).map(Rule::Permit)
    } else if let Some(rule) = forbid {
        read_forbid(&rule, around, params).map(Rule::Forbid)
    } else if let Some(rule) = matching {
        read_match(&rule, around, params).map(Rule::Match)
    } else if let Some(rule) = oblige {
        read_oblige(&rule, around, params).map(Rule::Oblige)
    } else {
        None
    }
}

/// A direction: both ends named, known and different.
pub(super) fn read_direction(rule: &Table<'_>, handles: &[String]) -> Option<(Side, Side)> {
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
pub(super) fn read_kinds(rule: &Table<'_>, required: bool) -> Option<Vec<Kind>> {
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

pub(super) fn kinds_said(kinds: &[Kind]) -> Said {
    Said::same(kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "))
}

fn read_oblige(rule: &Table<'_>, around: &Around<'_>, params: &mut Vec<Param>) -> Option<Oblige> {
    let actor = rule.required_as::<Side>("actor", "name the party that must act, or \"*\"");
    if let Some(Side::Handle(handle)) = &actor {
        known_handle(rule, handle, around.handles);
    }
    let verb = rule.required("verb", "say what it must do: verb = \"acknowledge\"");
    let on = rule.required("on", "say what sets it off: on = \"release\"");
    if !rule.has("within") {
        rule.missing("within", "say by when: within = \"PT24H\"");
    }
    let deadline = read_counted_deadline(rule, "within");
    let breach = rule.required("breach", "say what follows: breach = \"escalate to the heads\"");
    rule.finish();
    let deadline = deadline?;
    let (actor, verb, on, breach) = (actor?, verb?, on?, breach?);
    params.push(Param::said("actor", around.side(&actor)));
    params.push(Param::value("within", Said::period(&deadline)));
    params.push(Param::value("clock", Said::clock(deadline.clock)));
    for (name, words) in [("verb", &verb), ("on", &on), ("breach", &breach)] {
        params.push(Param::new(name, words, false));
        let at = rule.at(name);
        let what = format!("`{name}` in {}", rule.name);
        let plain = Plain { source: rule.source, at: &at, what: &what, clause_ids: around.ids };
        plain.check_all(around.languages, words);
    }
    Some(Oblige { actor, verb, on, deadline, breach })
}
