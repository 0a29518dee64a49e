//! Reads annexes, and shows them to prose.

use std::collections::{BTreeMap, BTreeSet};

use detente_core::Digest;

use super::annex::{Annex, AnnexKind, MAX_ANNEX, MAX_ANNEXES, SHOWN_DIGITS};
use super::language::{Said, Tongue};
use super::parse::check_languages;
use super::prose::{Param, Plain};
use super::table::Table;

/// Longest id of an annex, in bytes.
const MAX_ID: usize = 64;
/// Longest media type (RFC 6838, section 4.2: two names of 127), in bytes.
const MAX_MEDIA_TYPE: usize = 255;

/// Annexes, and for each language the parameters by which prose may refer to them.
pub(super) struct Annexes {
    pub(super) all: Vec<Annex>,
    pub(super) params: BTreeMap<String, Vec<Param>>,
}

pub(super) fn read_annexes(
    root: &Table<'_>,
    languages: &[String],
    clause_ids: &BTreeSet<String>,
) -> Annexes {
    let tables = root.tables("annex");
    if tables.len() > MAX_ANNEXES {
        let what = format!("the text has {} annexes", tables.len());
        root.fault("too_many", what, format!("write at most {MAX_ANNEXES}"));
    }
    let mut all: Vec<Annex> = Vec::new();
    let mut params: BTreeMap<String, Vec<Param>> = BTreeMap::new();
    for table in tables.iter().take(MAX_ANNEXES) {
        let Some(id) = read_id(table) else { continue };
        if all.iter().any(|other| other.id == id) {
            table.fault("repeated", format!("annex {id:?} stands twice"), "give each its own id");
        }
        let annex = read_annex(table, &id, languages, clause_ids);
        let name = format!("annex.{id}");
        for language in languages {
            let title = annex.as_ref().and_then(|annex| {
                let mut titles = annex.title.iter();
                titles.find(|(own, _)| own == language).map(|(_, title)| (title, annex.sha256))
            });
            let param = match title {
                Some((title, sha256)) => {
                    let digest = sha256.to_string();
                    let start = digest.get(..SHOWN_DIGITS).unwrap_or_default();
                    let shown = Said::same(format!("{title} (SHA-256 {start})"));
                    Param::value(&name, shown).optional()
                }
                None => Param::unread(&name),
            };
            params.entry(language.clone()).or_default().push(param);
        }
        all.extend(annex);
    }
    Annexes { all, params }
}

fn read_id(table: &Table<'_>) -> Option<String> {
    let id = table.required("id", "name the annex: id = \"protected-objects\"")?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if id.len() > MAX_ID || !id.bytes().all(plain) {
        let remedy = format!("use at most {MAX_ID} lower-case letters, digits and hyphens");
        table.fault("bad_value", format!("the id of an annex is {id:?}"), remedy);
        return None;
    }
    Some(id)
}

fn read_annex(
    table: &Table<'_>,
    id: &str,
    languages: &[String],
    clause_ids: &BTreeSet<String>,
) -> Option<Annex> {
    let name = format!("annex {id:?}");
    let kind = table.required_as::<AnnexKind>("kind", "say what it is: kind = \"template\"");
    let digest = "write sha256 = \"...\", as `sha256sum` prints it for the file";
    let sha256 = table.required_as::<Digest>("sha256", digest);
    if !table.has("bytes") {
        table.missing("bytes", "write the length of the file in bytes: bytes = 1024");
    }
    let bytes = table.number("bytes", MAX_ANNEX);
    let media_type = read_media_type(table, &name);
    let titles = table.table("title");
    if !table.has("title") {
        table.missing("title", "write title.en = \"...\" for each language");
    }
    table.finish();
    let mut title = Vec::new();
    for (language, text, at) in titles?.entries() {
        let what = format!("the title of {name} in {language}");
        Plain { source: table.source, at: &at, what: &what, clause_ids }
            .check(Tongue::of(&language), &text);
        title.push((language, text));
    }
    check_languages(table, &name, &title, languages);
    title.sort_by_key(|(language, _)| languages.iter().position(|known| known == language));
    let id = id.to_owned();
    Some(Annex { id, kind: kind?, title, sha256: sha256?, bytes: bytes?, media_type: media_type? })
}

fn read_media_type(table: &Table<'_>, name: &str) -> Option<String> {
    let media_type = table.required("media_type", "write media_type = \"text/csv\"")?;
    let part = |part: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
        !part.is_empty() && part.bytes().all(plain)
    };
    let parts = media_type.split_once('/');
    if media_type.len() > MAX_MEDIA_TYPE || !parts.is_some_and(|(a, b)| part(a) && part(b)) {
        let what = format!("the media type of {name} is {media_type:?}");
        table.fault("bad_value", what, "write a type and a subtype, such as text/csv");
        return None;
    }
    Some(media_type)
}
