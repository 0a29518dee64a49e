//! Texts to start from: what the program brings along, to be filled with the names of the parties
//! and then changed by them.
//!
//! Is: the list of templates, which are the files of `accords/`, and how they are filled. Is not:
//! any say in what a text may say; a filled text is read like every other.
//!
//! A template is a text with placeholders `@WORD@`: `@SLUG@`, `@EXPIRES@`, `@A_NAME@` and
//! `@A_ROOT@` for each party by its letter. What stands between a line `#@ each party` (or `#@ each
//! pair`) and a line `#@ end` is written for each of them: `@HANDLE@`, `@NAME@`, `@ROOT@`;
//! `@FIRST@`, `@SECOND@`, and `@PAIR@`, which counts from 1.

use std::ops::RangeInclusive;

use detente_accord::{Accord, Faults};
use detente_core::{PartyId, Span, UnixSeconds};

#[cfg(test)]
mod tests;

/// How long a filled text lives, in seconds: a year of 365 days.
const LIFE_SECONDS: u64 = 365 * 86_400;

/// Most members of an ISAC's text, which has a matching clause for each two: 66.
const MAX_MEMBERS: usize = 12;

/// A text to start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// What it is called, and its file in `accords/` without the extension.
    pub name: &'static str,
    /// What it is for, in one line.
    pub purpose: &'static str,
    /// For how many parties it has room.
    pub parties: RangeInclusive<usize>,
    text: &'static str,
}

/// The name of the template for whoever names none.
pub const DEFAULT_TEMPLATE: &str = "matching";

/// All templates; the first is [`DEFAULT_TEMPLATE`].
pub const TEMPLATES: &[Template] = &[
    Template {
        name: DEFAULT_TEMPLATE,
        purpose: "match indicators, release the context of what both hold",
        parties: 2..=2,
        text: include_str!("../../../accords/matching.toml"),
    },
    Template {
        name: "confidence-2013",
        purpose: "confidence between two states: CERT links, inquiries, voice line, working group",
        parties: 2..=2,
        text: include_str!("../../../accords/confidence-2013.toml"),
    },
    Template {
        name: "assistance-2015",
        purpose: "assistance between two states: requests on clocks, status, hotline, dialogue",
        parties: 2..=2,
        text: include_str!("../../../accords/assistance-2015.toml"),
    },
    Template {
        name: "isac-nis2",
        purpose: "members of an ISAC: warnings on the clocks of NIS2, comparison two by two",
        parties: 2..=MAX_MEMBERS,
        text: include_str!("../../../accords/isac-nis2.toml"),
    },
    Template {
        name: "banks",
        purpose: "two banks: matching and look-ups of what attacks their customers",
        parties: 2..=2,
        text: include_str!("../../../accords/banks.toml"),
    },
];

/// One party of a text, as it is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// Its name.
    pub name: String,
    /// Its fingerprint.
    pub id: PartyId,
}

/// Why a template can't be filled. All of them are the caller's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// It has room for fewer parties, or needs more.
    #[error("the template {name} is for {} parties, and {got} are named", room(parties))]
    Parties {
        /// Its name.
        name: &'static str,
        /// For how many it has room.
        parties: RangeInclusive<usize>,
        /// How many there are.
        got: usize,
    },
    /// What was filled in makes no sound text.
    #[error("what is filled in makes no sound text: {0}")]
    Unsound(Faults),
}

impl TemplateFault {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            TemplateFault::Parties { .. } => "template_parties",
            TemplateFault::Unsound(_) => "bad_draft",
        }
    }

    /// What to do.
    pub fn remedy(&self) -> String {
        match self {
            TemplateFault::Parties { parties, .. } => {
                format!("name the {} others, or choose another template", others(parties))
            }
            TemplateFault::Unsound(faults) => {
                faults.0.first().map_or_else(String::new, |fault| fault.remedy.clone())
            }
        }
    }
}

/// `2`, or `2 to 12`.
fn room(parties: &RangeInclusive<usize>) -> String {
    match (parties.start(), parties.end()) {
        (least, most) if least == most => least.to_string(),
        (least, most) => format!("{least} to {most}"),
    }
}

fn others(parties: &RangeInclusive<usize>) -> String {
    room(&(parties.start().saturating_sub(1)..=parties.end().saturating_sub(1)))
}

/// The template of this name.
pub fn template(name: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.name == name)
}

impl Template {
    /// For how many parties it has room, in words: `2`, or `2 to 12`.
    pub fn room(&self) -> String {
        room(&self.parties)
    }

    /// The text between these parties, which expires a year after `now`.
    ///
    /// # Errors
    /// [`TemplateFault`]: too few or too many parties, or a slug or parties that no text takes.
    pub fn fill(
        &self,
        slug: &str,
        sides: &[Side],
        now: UnixSeconds,
    ) -> Result<String, TemplateFault> {
        if !self.parties.contains(&sides.len()) {
            let (name, parties, got) = (self.name, self.parties.clone(), sides.len());
            return Err(TemplateFault::Parties { name, parties, got });
        }
        let expires = now.plus(Span::seconds(LIFE_SECONDS)).to_string();
        let filling = Filling { slug, sides, day: expires.get(..10).unwrap_or_default() };
        let text = filling.fill(self.text);
        Accord::parse(text.as_bytes()).map_err(TemplateFault::Unsound)?;
        Ok(text)
    }
}

/// What a line of a template is written for.
#[derive(Clone, Copy)]
enum For {
    /// The text as a whole.
    Text,
    /// The party at this place.
    Party(usize),
    /// The parties at these places, and the number of their pair.
    Pair(usize, usize, usize),
}

struct Filling<'a> {
    slug: &'a str,
    sides: &'a [Side],
    day: &'a str,
}

impl Filling<'_> {
    fn fill(&self, template: &str) -> String {
        let mut out = String::new();
        let mut lines = template.split_inclusive('\n');
        while let Some(line) = lines.next() {
            let each = match line.trim_end() {
                "#@ each party" => (0..self.sides.len()).map(For::Party).collect(),
                "#@ each pair" => self.pairs(),
                _ => {
                    self.put(line, For::Text, &mut out);
                    continue;
                }
            };
            let block: String =
                lines.by_ref().take_while(|line| line.trim_end() != "#@ end").collect();
            for one in each {
                self.put(&block, one, &mut out);
            }
        }
        out
    }

    fn pairs(&self) -> Vec<For> {
        let count = self.sides.len();
        let each =
            (0..count).flat_map(|first| (first + 1..count).map(move |second| (first, second)));
        each.zip(1..).map(|((first, second), number)| For::Pair(first, second, number)).collect()
    }

    /// Writes a piece with its placeholders filled in. What is filled in is not looked at again: a
    /// party may be called like a placeholder.
    fn put(&self, piece: &str, whom: For, out: &mut String) {
        let mut rest = piece;
        while let Some((before, after)) = rest.split_once('@') {
            out.push_str(before);
            let found = after
                .split_once('@')
                .and_then(|(word, after)| Some((self.value(word, whom)?, after)));
            match found {
                Some((value, after)) => {
                    out.push_str(&value);
                    rest = after;
                }
                None => {
                    out.push('@');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
    }

    fn value(&self, word: &str, whom: For) -> Option<String> {
        match (word, whom) {
            ("SLUG", _) => return Some(quotable(self.slug)),
            ("EXPIRES", _) => return Some(self.day.to_owned()),
            ("HANDLE", For::Party(at)) | ("FIRST", For::Pair(at, _, _)) => return handle(at),
            ("SECOND", For::Pair(_, at, _)) => return handle(at),
            ("PAIR", For::Pair(_, _, number)) => return Some(number.to_string()),
            ("NAME", For::Party(at)) => return self.name(at),
            ("ROOT", For::Party(at)) => return self.root(at),
            _ => {}
        }
        let (letter, what) = word.split_once('_')?;
        let at = (0..self.sides.len()).find(|at| handle(*at).as_deref() == Some(letter))?;
        match what {
            "NAME" => self.name(at),
            "ROOT" => self.root(at),
            _ => None,
        }
    }

    fn name(&self, at: usize) -> Option<String> {
        self.sides.get(at).map(|side| quotable(&side.name))
    }

    fn root(&self, at: usize) -> Option<String> {
        self.sides.get(at).map(|side| side.id.to_string())
    }
}

/// The id of the party at this place: a letter.
fn handle(at: usize) -> Option<String> {
    let letter = ('A'..='Z').nth(at)?;
    Some(letter.to_string())
}

/// Words as they stand within the quotes of a TOML string.
fn quotable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}
