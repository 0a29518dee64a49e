//! Reads the parts of a text around its clauses.

use std::collections::BTreeSet;

use toml::de::DeTable;

use super::clause::Days;
use super::fault::{Fault, Faults};
use super::language::Said;
use super::prose::{Param, Plain};
use super::table::{Source, Table};
use super::{
    Accord, Authority, Bindingness, Clause, ClockStart, Deadline, Emergency, Exit, Forbid,
    MAX_CATEGORIES, MAX_PARTIES, MAX_ROWS, Party, Permit, Rule, calendar, is_slug, parse_annex,
    parse_clause, parse_definition, terms,
};
use detente_core::Tlp;
use detente_core::act::{ActKind, MAX_TEXT};
use detente_core::key::Suite;
use detente_core::name;
use detente_core::party::Role;
use detente_core::{BadTime, Span, UnixSeconds};
use detente_core::{Digest, PartyId};

pub(super) fn parse(bytes: &[u8]) -> Result<Accord, Faults> {
    let one = |line, code, what: String, remedy: &str| {
        Faults(vec![Fault { line, code, what, remedy: remedy.to_owned() }])
    };
    if bytes.len() > MAX_TEXT {
        let what = format!("the text has {} bytes", bytes.len());
        return Err(one(1, "too_long", what, "an accord has at most 262144 bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let upto = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + upto.iter().filter(|byte| **byte == b'\n').count();
        one(line, "not_utf8", "the text is not UTF-8".to_owned(), "save the file as UTF-8")
    })?;
    let source = Source::new(text);
    let root = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| source.line(span.start));
        one(line, "not_toml", error.message().to_owned(), "mend the TOML")
    })?;
    let read = {
        let table = Table::new(&source, root.get_ref(), 0..0, "the text");
        read_accord(&table, Digest::plain(bytes))
    };
    let faults = source.into_faults();
    let Some(accord) = read.filter(|_| faults.is_empty()) else { return Err(Faults(faults)) };
    // What is in force can also be negotiated, unit by unit.
    super::unit::split(text)?;
    Ok(accord)
}

fn read_accord(root: &Table<'_>, digest: Digest) -> Option<Accord> {
    check_format(root);
    let remedy = "add a table [accord] with id, title, bindingness, languages";
    let head = root.table("accord").or_else(|| {
        root.missing("accord", remedy);
        None
    })?;
    let languages = read_languages(&head);
    let (handles, parties) = read_parties(root);
    let authorities = read_authorities(root, &handles);
    let clauses = clause_tables(root);
    let ids = parse_clause::clause_ids(&clauses);
    // Without a list of languages each text would seem to be in a wrong one.
    let known = languages.is_some();
    let languages = languages.unwrap_or_else(|| written_languages(&clauses));
    let definitions = {
        let (languages, handles, clause_ids) = (&languages, &handles, &ids);
        let around = parse_definition::Around { languages, known, handles, clause_ids };
        parse_definition::read_definitions(root, &around)
    };
    let annexes = parse_annex::read_annexes(root, &languages, &ids);
    let title = read_title(&head, &languages, &ids);
    let (expires, default_tlp) = read_terms(&head);
    let effective = read_effective(&head, expires);
    let emergency = read_emergency(root);
    let exit = read_exit(root);
    let terms = terms::read_terms(root, handles.len(), &ids);
    let mut common = common_params(
        expires,
        default_tlp,
        emergency.as_ref().map(|emergency| emergency.lapses),
        exit.as_ref().map(|exit| exit.notice.within),
    );
    common.extend(terms::params(&terms).into_iter().chain(effective.map(governs)));
    let around = parse_clause::Around {
        languages: &languages,
        handles: &handles,
        parties: &parties,
        ids: &ids,
        common: &common,
        annexes: &annexes.params,
    };
    let clauses = parse_clause::read_clauses(clauses, &around);
    check_rows(root, handles.len(), &clauses);
    let slug = read_slug(&head);
    let (bindingness, suite) = read_nature(&head);
    let prevailing = read_prevailing(&head, known.then_some(languages.as_slice()));
    let amends = head.parsed::<Digest>("amends");
    head.finish();
    root.finish();
    Some(Accord {
        slug: slug?,
        title: title?,
        bindingness: bindingness?,
        suite: suite?,
        languages,
        prevailing: prevailing?,
        expires: expires?,
        expires_line: root.source.line(head.at("expires").start),
        amends,
        effective,
        default_tlp: default_tlp?,
        parties,
        authorities,
        definitions,
        annexes: annexes.all,
        clauses,
        emergency: emergency?,
        exit: exit?,
        terms,
        digest,
    })
}

fn read_languages(head: &Table<'_>) -> Option<Vec<String>> {
    let languages = head.list::<String>("languages");
    if languages.is_none() && !head.has("languages") {
        head.missing("languages", "write languages = [\"en\"]");
    }
    languages
}

fn clause_tables<'a>(root: &Table<'a>) -> Vec<Table<'a>> {
    let clauses = root.tables("clause");
    if clauses.is_empty() && !root.has("clause") {
        root.missing("clause", "write at least one [[clause]] with id, prose and a rule");
    }
    clauses
}

fn check_format(root: &Table<'_>) {
    if root.number("format", u64::MAX) != Some(1) {
        root.source.fault_at(
            1,
            "format",
            "the text does not say which format it has".to_owned(),
            "begin with `format = 1`",
        );
    }
}

/// From when the text governs, as clauses may show it.
fn governs(effective: UnixSeconds) -> Param {
    Param::value("accord.effective", Said::same(effective)).optional()
}

/// What each clause may show of the text's own terms. None is of a field that could not be read.
fn common_params(
    expires: Option<UnixSeconds>,
    default_tlp: Option<Tlp>,
    lapses: Option<Span>,
    notice: Option<Span>,
) -> Vec<Param> {
    let shown = [
        ("accord.expires", expires.map(Said::same)),
        ("accord.default_tlp", default_tlp.map(Said::same)),
        ("emergency.lapses", lapses.map(Said::span)),
        ("exit.notice", notice.map(Said::span)),
    ];
    let param = |(name, said): (&str, Option<Said>)| match said {
        Some(said) => Param::value(name, said).optional(),
        None => Param::unread(name),
    };
    shown.into_iter().map(param).collect()
}

/// The languages in which prose stands, for a text that does not list them.
fn written_languages(clauses: &[Table<'_>]) -> Vec<String> {
    let prose = clauses.iter().filter_map(|clause| clause.peek_keys("prose"));
    let languages: BTreeSet<String> = prose.flatten().collect();
    languages.into_iter().collect()
}

/// The exposure table of a text must be one that people can have computed and read.
fn check_rows(root: &Table<'_>, parties: usize, clauses: &[Clause]) {
    let mut labels: BTreeSet<&str> = BTreeSet::new();
    let mut categories: BTreeSet<&str> = BTreeSet::new();
    for clause in clauses {
        if let Some(Rule::Forbid(rule)) = &clause.rule {
            labels.extend(rule.labels.iter().map(String::as_str));
        }
        categories.extend(match &clause.rule {
            Some(Rule::Forbid(Forbid { asks, .. }) | Rule::Permit(Permit { asks, .. })) => {
                asks.categories.iter().map(String::as_str)
            }
            _ => [].iter().map(String::as_str),
        });
    }
    if categories.len() > MAX_CATEGORIES {
        let what = format!("the text names {} categories", categories.len());
        root.fault("too_many", what, format!("name at most {MAX_CATEGORIES}"));
    }
    let directions = parties * parties.saturating_sub(1);
    let rows = directions.saturating_mul(labels.len() + 1);
    if rows > MAX_ROWS {
        root.fault(
            "too_many",
            format!(
                "{parties} parties and {} labels of prohibitions make {rows} pairs of direction \
                 and label",
                labels.len()
            ),
            format!("write prohibitions with fewer labels: at most {MAX_ROWS} pairs"),
        );
    }
}

/// A time in a text.
pub(super) struct Time(pub(super) UnixSeconds);

impl std::str::FromStr for Time {
    type Err = BadTime;

    fn from_str(text: &str) -> Result<Time, BadTime> {
        UnixSeconds::parse(text).map(Time)
    }
}

impl std::str::FromStr for Bindingness {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Bindingness, &'static str> {
        [Bindingness::Legal, Bindingness::Political, Bindingness::Technical]
            .into_iter()
            .find(|word| word.name() == text)
            .ok_or("write political, legal or technical")
    }
}

fn read_slug(head: &Table<'_>) -> Option<String> {
    let slug = head.required("id", "write id = \"hamburg-0\"")?;
    if !is_slug(&slug) {
        head.fault(
            "bad_value",
            format!("the accord's id is {slug:?}"),
            "use at most 64 lower-case letters, digits and hyphens",
        );
        return None;
    }
    Some(slug)
}

fn read_title(
    head: &Table<'_>,
    languages: &[String],
    clause_ids: &BTreeSet<String>,
) -> Option<String> {
    let title = head.required("title", "write one line for people")?;
    let at = head.at("title");
    Plain { source: head.source, at: &at, what: "the title", clause_ids }
        .check_all(languages, &title);
    Some(title)
}

/// When the text ends by itself, and what an unmarked indicator counts as.
fn read_terms(head: &Table<'_>) -> (Option<UnixSeconds>, Option<Tlp>) {
    let expires = head.required_as::<Time>("expires", "write expires = \"2027-12-31\"");
    let default_tlp = head.required_as::<Tlp>(
        "default_tlp",
        "say what an unmarked indicator counts as, for example default_tlp = \"amber+strict\"",
    );
    (expires.map(|time| time.0), default_tlp)
}

/// From when the text governs, if it says so.
fn read_effective(head: &Table<'_>, expires: Option<UnixSeconds>) -> Option<UnixSeconds> {
    let effective = head.parsed::<Time>("effective")?.0;
    if let Some(expires) = expires.filter(|expires| *expires <= effective) {
        head.source.fault(
            &head.at("effective"),
            "bad_value",
            format!("the text governs from {effective}, and has expired by then, at {expires}"),
            "write an earlier `effective` or a later `expires`",
        );
    }
    Some(effective)
}

/// How binding the text is and with which suite it is signed: hybrid, if it names none.
fn read_nature(head: &Table<'_>) -> (Option<Bindingness>, Option<Suite>) {
    let bindingness = head.required_as("bindingness", "write political, legal or technical");
    let named = head.has("suite");
    let suite = if named { head.parsed::<Suite>("suite") } else { Some(Suite::default()) };
    (bindingness, suite)
}

/// `languages` is none if the text does not list them rightly, which is a fault already.
fn read_prevailing(head: &Table<'_>, languages: Option<&[String]>) -> Option<Option<String>> {
    let word = head.required("prevailing", "name a language, or write prevailing = \"none\"")?;
    if word == "none" {
        return Some(None);
    }
    let languages = languages?;
    if languages.contains(&word) {
        return Some(Some(word));
    }
    head.fault(
        "bad_value",
        format!("`prevailing` is {word:?}, which is none of the languages"),
        format!("write one of {} or \"none\"", languages.join(", ")),
    );
    None
}

/// The handles of all parties, also of those with a fault, and the parties without one.
fn read_parties(root: &Table<'_>) -> (Vec<String>, Vec<Party>) {
    let tables = root.tables("party");
    if !(2..=MAX_PARTIES).contains(&tables.len()) {
        root.fault(
            "parties",
            format!("the text names {} parties", tables.len()),
            format!("write 2 to {MAX_PARTIES} tables [[party]] with id, name and root"),
        );
    }
    let mut handles: Vec<String> = Vec::new();
    let mut parties: Vec<Party> = Vec::new();
    for table in tables {
        let handle = table.required("id", "write a short name such as id = \"A\"");
        let name = table.required("name", "write the party's name");
        let id = table.required_as::<PartyId>(
            "root",
            "write the fingerprint that `detente party card` prints: 64 hex digits",
        );
        table.finish();
        handles.extend(handle.clone());
        let (Some(handle), Some(name), Some(id)) = (handle, name, id) else {
            continue;
        };
        let party = Party { handle, name, id };
        if is_distinct(&table, &party, &parties) {
            parties.push(party);
        }
    }
    (handles, parties)
}

/// Whether a party can't be taken for one of the others, by people or by programs.
fn is_distinct(table: &Table<'_>, party: &Party, others: &[Party]) -> bool {
    let Party { handle, name, id } = party;
    let fault = |what, remedy: &str| {
        table.fault("repeated", what, remedy);
        false
    };
    if handle == "*" {
        return fault("a party has the id \"*\", which means every party".to_owned(), "name it A");
    }
    for (word, key) in [(handle, "id"), (name, "name")] {
        if let Some(mixed) = name::mixed_word(word) {
            table.fault(
                "mixed_scripts",
                format!("the {key} of party {handle:?} mixes letters of two scripts in {mixed:?}"),
                "write each word with the letters of one script",
            );
            return false;
        }
    }
    for other in others {
        if other.id == *id {
            let what = format!("parties {:?} and {handle:?} have the same root", other.handle);
            return fault(what, "give each party its own fingerprint: `detente party list`");
        }
        if other.handle == *handle {
            return fault(format!("party {handle:?} stands twice"), "give each its own id");
        }
        if name::look_alike(&other.handle, handle) {
            let what = format!("the ids of parties {:?} and {handle:?} look alike", other.handle);
            return fault(what, "give each party an id of its own, such as A and B");
        }
        if name::look_alike(&other.name, name) {
            let what = format!(
                "the names of parties {:?} and {handle:?} look alike: {:?} and {name:?}",
                other.handle, other.name
            );
            return fault(what, "give each party a name that nobody takes for the other's");
        }
    }
    true
}

/// Checks that a handle is one of the parties.
pub(super) fn known_handle(table: &Table<'_>, handle: &str, handles: &[String]) -> bool {
    let known = handles.iter().any(|known| known == handle);
    if !known {
        table.fault(
            "unknown_party",
            format!("{} names party {handle:?}", table.name),
            format!("use one of: {}", handles.join(", ")),
        );
    }
    known
}

fn read_authorities(root: &Table<'_>, handles: &[String]) -> Vec<Authority> {
    let mut authorities: Vec<Authority> = Vec::new();
    for table in root.tables("authority") {
        let party = table.required("party", "name the party by its id in this text");
        let role = table.required_as::<Role>("role", "name the role");
        let may = table.list::<ActKind>("may");
        if !table.has("may") {
            table.missing("may", "list the acts, for example may = [\"sign\", \"denounce\"]");
        }
        table.finish();
        let (Some(party), Some(role), Some(may)) = (party, role, may) else {
            continue;
        };
        if known_handle(&table, &party, handles) {
            authorities.push(Authority { party, role, may });
        }
    }
    for handle in handles {
        let mut own = authorities.iter().filter(|a| a.party == *handle).peekable();
        if own.peek().is_some() && !own.any(|a| a.may.contains(&ActKind::Sign)) {
            root.fault(
                "nobody_signs",
                format!("no role of party {handle} may sign"),
                "give one [[authority]] of that party \"sign\", or leave its authority to its card",
            );
        }
    }
    authorities
}

/// Every language once, no other.
pub(super) fn check_languages(
    table: &Table<'_>,
    what: &str,
    texts: &[(String, String)],
    languages: &[String],
) {
    let have: BTreeSet<&str> = texts.iter().map(|(language, _)| language.as_str()).collect();
    for language in languages {
        if !have.contains(language.as_str()) {
            table.fault(
                "missing_language",
                format!("{what} has no text in {language}"),
                format!("add one in {language}, or take {language} out of `languages`"),
            );
        }
    }
    for language in have {
        if !languages.iter().any(|known| known == language) {
            table.fault(
                "unknown_language",
                format!("{what} has a text in {language}"),
                format!("add {language} to `languages`, or take the text out"),
            );
        }
    }
}

/// A span under `key` with its clock beside it.
pub(super) fn read_deadline(table: &Table<'_>, key: &'static str) -> Option<Deadline> {
    let within = table.parsed::<Span>(key);
    let clock = table.parsed::<ClockStart>("clock");
    if table.has(key) && !table.has("clock") {
        table.fault(
            "deadline_without_clock",
            format!("{} has `{key}`, but no clock", table.name),
            "say when it starts: clock = \"act\", \"awareness\", \"effective\" or \"receipt\"",
        );
    }
    Some(Deadline { within: within?, clock: clock?, days: Days::Calendar })
}

/// A deadline that may count working days.
pub(super) fn read_counted_deadline(table: &Table<'_>, key: &'static str) -> Option<Deadline> {
    let days = table.parsed::<Days>("days");
    let deadline = read_deadline(table, key)?;
    if days == Some(Days::Working) && !calendar::fits(deadline.within) {
        let most = calendar::MAX_WORKING_DAYS;
        table.fault(
            "bad_value",
            format!("`{key}` in {} is no number of working days", table.name),
            format!("write whole days, at most {most}: within = \"P5D\""),
        );
    }
    if table.has("days") && days.is_none() {
        return None;
    }
    Some(Deadline { days: days.unwrap_or_default(), ..deadline })
}

fn read_emergency(root: &Table<'_>) -> Option<Emergency> {
    let Some(table) = root.table("emergency") else {
        root.missing("emergency", "add [emergency] with stop_by, lapses and clock");
        return None;
    };
    let stop_by = table.list::<Role>("stop_by");
    if !table.has("stop_by") {
        table.missing("stop_by", "list roles, for example stop_by = [\"duty-officer\"]");
    }
    if !table.has("lapses") {
        table.missing("lapses", "say when a stop ends by itself: lapses = \"P10D\"");
    }
    let lapses = read_deadline(&table, "lapses");
    if lapses.is_some_and(|deadline| deadline.clock != ClockStart::Act) {
        table.fault(
            "bad_value",
            "a stop lapses by another clock than the act's".to_owned(),
            "write clock = \"act\"",
        );
    }
    table.finish();
    Some(Emergency { stop_by: stop_by?, lapses: lapses?.within })
}

fn read_exit(root: &Table<'_>) -> Option<Exit> {
    let Some(table) = root.table("exit") else {
        root.missing("exit", "add [exit] with notice and clock");
        return None;
    };
    if !table.has("notice") {
        table.missing("notice", "say how long the notice runs: notice = \"P90D\"");
    }
    let notice = read_deadline(&table, "notice");
    if notice.is_some_and(|deadline| deadline.clock != ClockStart::Act) {
        table.fault(
            "bad_value",
            "a notice runs by another clock than the act's".to_owned(),
            "write clock = \"act\": the notice runs from the act that gives it",
        );
    }
    let survives = table.list::<String>("survives").unwrap_or_default();
    table.finish();
    Some(Exit { notice: notice?, survives })
}
