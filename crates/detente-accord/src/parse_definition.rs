//! Reads terms: what all parties mean by one, or what each means by it and how that diverges.

use std::collections::BTreeSet;

use super::language::Tongue;
use super::parse::{check_languages, known_handle};
use super::prose::Plain;
use super::table::Table;
use super::{Definition, Meaning};

/// What definitions must know of the text around them.
pub(super) struct Around<'a> {
    pub(super) languages: &'a [String],
    /// Whether the text lists its languages; otherwise each text would seem to be in a wrong one.
    pub(super) known: bool,
    pub(super) handles: &'a [String],
    pub(super) clause_ids: &'a BTreeSet<String>,
}

/// Words by language.
type Texts = Vec<(String, String)>;

pub(super) fn read_definitions(root: &Table<'_>, around: &Around<'_>) -> Vec<Definition> {
    let mut definitions: Vec<Definition> = Vec::new();
    for table in root.tables("definition") {
        let id = table.required("id", "name the term");
        let status = table.required("status", "write \"agreed\" or \"divergent\"");
        let text = table.table("text");
        if !table.has("text") {
            table.missing("text", "write text.en = \"...\" for each language");
        }
        let note = table.table("note");
        table.finish();
        let (Some(id), Some(status), Some(text)) = (id, status, text) else {
            continue;
        };
        if definitions.iter().any(|other| other.id == id) {
            table.fault("repeated", format!("{id:?} is defined twice"), "define a term once");
        }
        let name = format!("definition {id:?}");
        let term = format!("the term of {name}");
        let at = table.at("id");
        Plain { source: table.source, at: &at, what: &term, clause_ids: around.clause_ids }
            .check_all(around.languages, &id);
        let meaning = match status.as_str() {
            "agreed" => {
                if table.has("note") {
                    let what = format!("{name} is agreed, and has a note on a divergence");
                    table.fault("bad_value", what, "take the note out");
                }
                Meaning::Agreed(around.texts(&text, &name))
            }
            "divergent" => Meaning::Divergent(around.meanings(&text, &name)),
            _ => {
                let what = format!("status of {name} is {status:?}");
                table.fault("bad_value", what, "write \"agreed\" or \"divergent\"");
                continue;
            }
        };
        let note = note.map(|note| around.texts(&note, &format!("the note on {name}")));
        definitions.push(Definition { id, meaning, note: note.unwrap_or_default() });
    }
    definitions
}

impl Around<'_> {
    /// Words in each language of the text.
    fn texts(&self, table: &Table<'_>, name: &str) -> Texts {
        let mut texts: Texts = Vec::new();
        for (language, text, at) in table.entries() {
            let what = format!("{name} in {language}");
            let plain =
                Plain { source: table.source, at: &at, what: &what, clause_ids: self.clause_ids };
            plain.check(Tongue::of(&language), &text);
            texts.push((language, text));
        }
        if self.known {
            check_languages(table, name, &texts, self.languages);
        }
        let place = |tag: &String| self.languages.iter().position(|known| known == tag);
        texts.sort_by_key(|(language, _)| place(language));
        texts
    }

    /// What each party means.
    fn meanings(&self, table: &Table<'_>, name: &str) -> Vec<(String, Texts)> {
        const REMEDY: &str = "write what each party means in each language, such as text.A.en and \
            text.B.en; or agree on one meaning and write status = \"agreed\"";
        if table.has_strings() {
            let what = format!("{name} is divergent, but does not say who means what");
            table.fault("one_meaning", what, REMEDY);
            return Vec::new();
        }
        let mut meanings: Vec<(String, Texts)> = Vec::new();
        for (handle, texts) in table.tables_by_name() {
            if known_handle(table, &handle, self.handles) {
                let texts = self.texts(&texts, &format!("{name} of party {handle}"));
                meanings.push((handle, texts));
            }
        }
        for handle in self.handles {
            if !meanings.iter().any(|(own, _)| own == handle) {
                let what = format!("{name} does not say what party {handle} means");
                table.fault("missing_party", what, REMEDY);
            }
        }
        let words = |texts: &Texts| -> Vec<String> {
            let words = texts.iter().map(|(_, text)| text.split_whitespace());
            words.map(|words| words.collect::<Vec<_>>().join(" ")).collect()
        };
        let alike = meanings.windows(2).all(|pair| words(&pair[0].1) == words(&pair[1].1));
        if alike && meanings.len() > 1 {
            let what = format!("{name} is divergent, but all parties mean the same");
            table.fault("one_meaning", what, REMEDY);
        }
        let place = |own: &String| self.handles.iter().position(|handle| handle == own);
        meanings.sort_by_key(|(handle, _)| place(handle));
        meanings
    }
}
