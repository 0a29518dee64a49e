//! One list, read from the `list.json` of MISP's warninglists.

use ipnet::IpNet;

use crate::entry::{self, EntryFault, MAX_ENTRY, MAX_EXCERPT, Refusal};
use crate::kinds::KindSet;
use crate::match_type::{MatchType, UnknownMatchType};
use crate::pcre::{self, MAX_REGEXES};
use crate::text::Texts;
use crate::wire::{self, Wire};

#[cfg(test)]
mod tests;

/// The largest file of a list, in bytes. The largest public one has 25 MB.
pub const MAX_LIST: usize = 64 * 1024 * 1024;

/// The most entries of a list. The largest public ones have a million.
pub const MAX_ENTRIES: usize = 2_000_000;

/// The longest name of a list, in bytes.
pub const MAX_NAME: usize = 512;

/// The longest description of a list, in bytes.
pub const MAX_DESCRIPTION: usize = 16 * 1024;

/// The most attribute types that a list names.
pub const MAX_MATCHING_ATTRIBUTES: usize = 1024;

/// How many refused entries of a list are kept; the rest is counted.
pub const MAX_REFUSALS: usize = 10_000;

/// The most bytes of entries of a `substring` list, and of all such lists of an index: its
/// automaton takes tens of bytes for each.
pub const MAX_SUBSTRING_TEXT: usize = 4 * 1024 * 1024;

/// One list: what its file says of it, and its entries in normal form.
#[derive(Clone, Debug)]
pub struct List {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) version: u64,
    pub(crate) match_type: MatchType,
    pub(crate) kinds: KindSet,
    /// Whether e-mail addresses are named among the types, not only meant with all others.
    pub(crate) names_mail: bool,
    pub(crate) entries: Entries,
    refusals: Vec<Refusal>,
    refused_total: usize,
}

/// Entries in the form in which the type of the list needs them.
#[derive(Clone, Debug)]
pub(crate) enum Entries {
    Prefixes(Vec<IpNet>),
    Regexes(Vec<Regex>),
    Texts(Texts),
}

/// A regular expression: as written in the file, and as the engine takes it.
#[derive(Clone, Debug)]
pub(crate) struct Regex {
    pub(crate) written: String,
    pub(crate) translated: String,
}

impl List {
    /// Reads one `list.json`.
    ///
    /// Entries that cannot be used are left out and told by [`List::refusals`]. Every entry is
    /// brought into normal form: addresses and prefixes masked, host names as the normal form of
    /// domains, strings that are observables as those are written, substrings in ASCII lower case.
    ///
    /// # Errors
    /// [`ListFault`] if the file is no list at all or goes over a bound.
    pub fn read(bytes: &[u8]) -> Result<List, ListFault> {
        if bytes.len() > MAX_LIST {
            return Err(ListFault::TooLarge { got: bytes.len() });
        }
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(ListFault::NoObject);
        }
        let wire: Wire<'_> = serde_json::from_slice(bytes).map_err(ListFault::Json)?;
        let mut list = header(&wire)?;
        for (at, item) in wire.list.kept.iter().enumerate() {
            let fault = match item {
                wire::Entry::Text(text) => match list.take(text) {
                    Ok(()) => continue,
                    Err(fault) => fault,
                },
                wire::Entry::Other => EntryFault::NotText,
            };
            list.refuse(at, item, fault);
        }
        if let Entries::Texts(texts) = &mut list.entries {
            texts.shrink();
        }
        Ok(list)
    }

    /// The name, at most [`MAX_NAME`] bytes and not empty. MISP tells lists apart by it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The description, at most [`MAX_DESCRIPTION`] bytes.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The version that the file states.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// How entries are compared with values.
    pub fn match_type(&self) -> MatchType {
        self.match_type
    }

    /// The kinds of observable that the list speaks of. With none of them it never hits.
    pub fn kinds(&self) -> KindSet {
        self.kinds
    }

    /// How many entries are in use. Repeated ones count each time.
    pub fn entries(&self) -> usize {
        match &self.entries {
            Entries::Prefixes(prefixes) => prefixes.len(),
            Entries::Regexes(regexes) => regexes.len(),
            Entries::Texts(texts) => texts.len(),
        }
    }

    /// The entries that were left out, the first [`MAX_REFUSALS`] of them, in the file's order.
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// How many entries were left out.
    pub fn refused_total(&self) -> usize {
        self.refused_total
    }

    fn take(&mut self, text: &str) -> Result<(), EntryFault> {
        if text.len() > MAX_ENTRY {
            return Err(EntryFault::TooLong { got: text.len() });
        }
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(EntryFault::Empty);
        }
        let kinds = self.kinds;
        match &mut self.entries {
            Entries::Prefixes(prefixes) => prefixes.push(entry::prefix(trimmed)?),
            Entries::Regexes(regexes) => {
                // Those that were left out cost as much to read.
                if regexes.len().saturating_add(self.refused_total) >= MAX_REGEXES {
                    return Err(EntryFault::TooMany);
                }
                // Spaces at the end are flags to PHP, and those within may be meant.
                let translated = pcre::translate(text)?;
                regexes.push(Regex { written: text.to_owned(), translated });
            }
            Entries::Texts(texts) => {
                let taken = match self.match_type {
                    MatchType::Hostname => texts.push(&entry::hostname(trimmed)?),
                    MatchType::Substring => {
                        texts.bytes().saturating_add(trimmed.len()) <= MAX_SUBSTRING_TEXT
                            && texts.push(&trimmed.to_ascii_lowercase())
                    }
                    _ => texts.push(&entry::spelling(trimmed, kinds)),
                };
                if !taken {
                    return Err(EntryFault::TooMany);
                }
            }
        }
        Ok(())
    }

    fn refuse(&mut self, at: usize, item: &wire::Entry<'_>, fault: EntryFault) {
        self.refused_total = self.refused_total.saturating_add(1);
        if self.refusals.len() < MAX_REFUSALS {
            let excerpt = match item {
                wire::Entry::Text(text) => text.chars().take(MAX_EXCERPT).collect(),
                wire::Entry::Other => String::new(),
            };
            self.refusals.push(Refusal { entry: at, excerpt, fault });
        }
    }
}

/// All but the entries.
fn header(wire: &Wire<'_>) -> Result<List, ListFault> {
    let name = wire.name.trim();
    if name.is_empty() {
        return Err(ListFault::NoName);
    }
    if name.len() > MAX_NAME {
        return Err(ListFault::NameTooLong { got: name.len() });
    }
    let name = name.to_owned();
    if wire.description.len() > MAX_DESCRIPTION {
        return Err(ListFault::DescriptionTooLong { name, got: wire.description.len() });
    }
    if wire.list.total > MAX_ENTRIES {
        return Err(ListFault::TooManyEntries { name, got: wire.list.total });
    }
    if wire.matching_attributes.total > MAX_MATCHING_ATTRIBUTES {
        return Err(ListFault::TooManyAttributes { name, got: wire.matching_attributes.total });
    }
    let version = match &wire.version {
        wire::Version::Number(number) => Some(*number),
        wire::Version::Text(text) => text.trim().parse().ok(),
    };
    let Some(version) = version else {
        return Err(ListFault::Version { name });
    };
    let match_type = match wire.match_type.first().parse() {
        Ok(match_type) => match_type,
        Err(source) => return Err(ListFault::Type { name, source }),
    };
    let entries = match match_type {
        MatchType::Cidr => Entries::Prefixes(Vec::new()),
        MatchType::Regex => Entries::Regexes(Vec::new()),
        _ => Entries::Texts(Texts::default()),
    };
    let (kinds, names_mail) = applies_to(wire);
    Ok(List {
        name,
        description: wire.description.trim().to_owned(),
        version,
        match_type,
        kinds,
        names_mail,
        entries,
        refusals: Vec::new(),
        refused_total: 0,
    })
}

/// The kinds that the list speaks of, and whether it names e-mail addresses.
fn applies_to(wire: &Wire<'_>) -> (KindSet, bool) {
    if wire.matching_attributes.total == 0 {
        return (KindSet::all(), false);
    }
    let mail = KindSet::of(&[detente_core::Kind::Email]);
    let (mut kinds, mut names_mail) = (KindSet::NONE, false);
    for attribute in &wire.matching_attributes.kept {
        if let wire::Entry::Text(text) = attribute {
            let named = KindSet::of_attribute(text);
            names_mail |= named != KindSet::all() && named.intersects(mail);
            kinds = kinds.union(named);
        }
    }
    (kinds, names_mail)
}

/// Why a file is no list. The caller adds which file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListFault {
    /// Longer description than [`MAX_DESCRIPTION`].
    #[error("list {name:?}: a description of {got} bytes, at most {MAX_DESCRIPTION} allowed")]
    DescriptionTooLong {
        /// The name of the list.
        name: String,
        /// The length found, in bytes.
        got: usize,
    },
    /// Not the JSON of a list; the source says where.
    #[error("not a warninglist in JSON")]
    Json(#[source] serde_json::Error),
    /// Longer name than [`MAX_NAME`].
    #[error("a name of {got} bytes, at most {MAX_NAME} allowed")]
    NameTooLong {
        /// The length found, in bytes.
        got: usize,
    },
    /// An empty name.
    #[error("the list has no name")]
    NoName,
    /// JSON, if at all, that is no object.
    #[error("no warninglist: a JSON object with the name and the entries of a list was expected")]
    NoObject,
    /// Larger file than [`MAX_LIST`].
    #[error("{got} bytes, at most {MAX_LIST} allowed")]
    TooLarge {
        /// The size found, in bytes.
        got: usize,
    },
    /// More attribute types than [`MAX_MATCHING_ATTRIBUTES`].
    #[error("list {name:?}: {got} matching attributes, at most {MAX_MATCHING_ATTRIBUTES} allowed")]
    TooManyAttributes {
        /// The name of the list.
        name: String,
        /// The number found.
        got: usize,
    },
    /// More entries than [`MAX_ENTRIES`].
    #[error("list {name:?}: {got} entries, at most {MAX_ENTRIES} allowed")]
    TooManyEntries {
        /// The name of the list.
        name: String,
        /// The number found.
        got: usize,
    },
    /// None of the five types.
    #[error("list {name:?} cannot be matched")]
    Type {
        /// The name of the list.
        name: String,
        /// The type found.
        #[source]
        source: UnknownMatchType,
    },
    /// A version that is no number.
    #[error("list {name:?}: the version is no number")]
    Version {
        /// The name of the list.
        name: String,
    },
}

impl ListFault {
    /// A stable machine name.
    pub fn code(&self) -> &'static str {
        match self {
            ListFault::DescriptionTooLong { .. } => "description_too_long",
            ListFault::Json(_) | ListFault::NoObject => "json",
            ListFault::NameTooLong { .. } => "name_too_long",
            ListFault::NoName => "no_name",
            ListFault::TooLarge { .. } => "too_large",
            ListFault::TooManyAttributes { .. } => "too_many_attributes",
            ListFault::TooManyEntries { .. } => "too_many_entries",
            ListFault::Type { .. } => "type",
            ListFault::Version { .. } => "version",
        }
    }
}
