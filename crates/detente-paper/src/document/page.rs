//! What a document says, before it is Markdown or HTML: so that both say the same.

use std::collections::BTreeMap;

use detente_accord::field::fields;
use detente_accord::{Accord, Clause, Meaning, UnitKey, split};
use detente_core::words;

use super::label::{Labels, labels};

/// A document.
pub(super) struct Page {
    pub(super) labels: &'static Labels,
    pub(super) title: String,
    /// SHA-256 of the text.
    pub(super) digest: String,
    pub(super) blocks: Vec<Block>,
}

/// A part of a document.
pub(super) enum Block {
    /// A heading of level 2 to 4.
    Heading(u8, String),
    /// Labels and values.
    Facts(Vec<(String, String)>),
    /// A table: its head, its rows.
    Table(Vec<String>, Vec<Vec<String>>),
    /// One wording in several languages.
    Texts(Vec<(String, String)>),
    /// A place to sign: who, and what is to be filled in.
    Signature(String, Vec<String>),
}

impl Page {
    /// The document of a sound text.
    pub(super) fn of(accord: &Accord, text: &str) -> Page {
        let labels = accord.languages.first().map_or("", String::as_str);
        let labels = self::labels(labels);
        let mut page = Page {
            labels,
            title: accord.title.clone(),
            digest: accord.digest.to_string(),
            blocks: Vec::new(),
        };
        page.head(accord);
        page.parties(accord);
        page.terms(accord);
        page.clauses(accord, text);
        page.annexes(accord);
        page.ends(accord);
        page.signatures(accord);
        page
    }

    fn heading(&mut self, level: u8, words: impl Into<String>) {
        self.blocks.push(Block::Heading(level, words.into()));
    }

    fn head(&mut self, accord: &Accord) {
        let l = self.labels;
        let none = l.none.to_owned();
        let mut facts = vec![
            (l.accord, accord.slug.clone()),
            (l.text, self.digest.clone()),
            (l.bindingness, accord.bindingness.name().to_owned()),
            (l.languages, accord.languages.join(", ")),
            (l.prevailing, accord.prevailing.clone().unwrap_or(none)),
            (l.expires, accord.expires.to_string()),
        ];
        facts.extend(accord.effective.map(|time| (l.effective, time.to_string())));
        facts.extend(accord.amends.map(|text| (l.amends, text.to_string())));
        facts.push((l.default_tlp, accord.default_tlp.to_string()));
        self.facts(facts);
    }

    fn facts(&mut self, facts: Vec<(&str, String)>) {
        let owned = facts.into_iter().map(|(label, value)| (label.to_owned(), value));
        self.blocks.push(Block::Facts(owned.collect()));
    }

    fn parties(&mut self, accord: &Accord) {
        let l = self.labels;
        self.heading(2, l.parties);
        let head = [l.party, l.name, l.fingerprint, l.in_words].map(str::to_owned);
        let rows = accord.parties.iter().map(|party| {
            let id = party.id.to_string();
            vec![party.handle.clone(), party.name.clone(), id, words(&party.id)]
        });
        self.blocks.push(Block::Table(head.to_vec(), rows.collect()));
        if accord.authorities.is_empty() {
            return;
        }
        self.heading(2, l.powers);
        let head = [l.party, l.office, l.may].map(str::to_owned);
        let rows = accord.authorities.iter().map(|authority| {
            let may: Vec<&str> = authority.may.iter().map(|kind| kind.name()).collect();
            let role = authority.role.name().to_owned();
            vec![name_of(accord, &authority.party), role, may.join(", ")]
        });
        self.blocks.push(Block::Table(head.to_vec(), rows.collect()));
    }

    fn terms(&mut self, accord: &Accord) {
        let l = self.labels;
        if !accord.definitions.is_empty() {
            self.heading(2, l.terms);
        }
        for definition in &accord.definitions {
            match &definition.meaning {
                Meaning::Agreed(texts) => {
                    self.heading(3, format!("{} ({})", definition.id, l.agreed));
                    self.blocks.push(Block::Texts(texts.clone()));
                }
                Meaning::Divergent(meanings) => {
                    self.heading(3, format!("{} ({})", definition.id, l.divergent));
                    for (handle, texts) in meanings {
                        self.heading(4, name_of(accord, handle));
                        self.blocks.push(Block::Texts(texts.clone()));
                    }
                }
            }
            if !definition.note.is_empty() {
                self.heading(4, l.note);
                self.blocks.push(Block::Texts(definition.note.clone()));
            }
        }
    }

    fn clauses(&mut self, accord: &Accord, text: &str) {
        self.heading(2, self.labels.clauses);
        let units = split(text).unwrap_or_default();
        let units: BTreeMap<&UnitKey, &str> =
            units.iter().map(|unit| (&unit.key, unit.text)).collect();
        for clause in &accord.clauses {
            self.heading(3, format!("{} {}", self.labels.clause, clause.id));
            self.blocks.push(Block::Texts(clause.prose.clone()));
            let unit = units.get(&UnitKey::clause(&clause.id)).copied().unwrap_or_default();
            self.rule(accord, clause, unit);
        }
    }

    /// The rule of a clause, parameter by parameter.
    fn rule(&mut self, accord: &Accord, clause: &Clause, unit: &str) {
        let l = self.labels;
        let Some(rule) = &clause.rule else { return };
        let mut facts = vec![(l.rule.to_owned(), rule.name().to_owned())];
        let key = UnitKey::clause(&clause.id);
        for field in fields(&key, unit).unwrap_or_default() {
            let Some(path) = field.path.strip_prefix(rule.name()) else { continue };
            let Some(path) = path.strip_prefix('.') else { continue };
            let value = match path {
                "from" | "to" | "actor" | "holder" | "between" => {
                    let handles = field.value.split(", ");
                    handles.map(|handle| name_of(accord, handle)).collect::<Vec<_>>().join(", ")
                }
                _ => field.value,
            };
            facts.push((path.replace(['.', '_'], " "), value));
        }
        self.blocks.push(Block::Facts(facts));
    }

    fn annexes(&mut self, accord: &Accord) {
        let l = self.labels;
        if accord.annexes.is_empty() {
            return;
        }
        self.heading(2, l.annexes);
        let head = ["", l.title, l.kind, l.media_type, l.bytes, "SHA-256"].map(str::to_owned);
        let rows = accord.annexes.iter().map(|annex| {
            let titles: Vec<&str> = annex.title.iter().map(|(_, title)| title.as_str()).collect();
            vec![
                annex.id.clone(),
                titles.join(" / "),
                annex.kind.name().to_owned(),
                annex.media_type.clone(),
                annex.bytes.to_string(),
                annex.sha256.to_string(),
            ]
        });
        self.blocks.push(Block::Table(head.to_vec(), rows.collect()));
    }

    fn ends(&mut self, accord: &Accord) {
        let l = self.labels;
        self.heading(2, l.emergency);
        let roles: Vec<&str> = accord.emergency.stop_by.iter().map(|role| role.name()).collect();
        self.facts(vec![
            (l.stop_by, roles.join(", ")),
            (l.lapses, accord.emergency.lapses.to_string()),
        ]);
        self.heading(2, l.exit);
        let mut facts = vec![(l.notice, accord.exit.notice.within.to_string())];
        if !accord.exit.survives.is_empty() {
            facts.push((l.survives, accord.exit.survives.join(", ")));
        }
        self.facts(facts);
    }

    fn signatures(&mut self, accord: &Accord) {
        let l = self.labels;
        self.heading(2, l.signatures);
        for party in &accord.parties {
            let who = format!("{} {}: {}", party.name, l.signs, self.digest);
            let blanks = [l.name, l.office, l.date, l.signature].map(str::to_owned);
            self.blocks.push(Block::Signature(who, blanks.to_vec()));
        }
    }
}

/// A party as people know it.
fn name_of(accord: &Accord, handle: &str) -> String {
    if handle == "*" {
        let first = accord.languages.first().map_or("", String::as_str);
        return labels(first).any_party.to_owned();
    }
    let party = accord.parties.iter().find(|party| party.handle == handle);
    party.map_or_else(|| handle.to_owned(), |party| format!("{} ({handle})", party.name))
}
