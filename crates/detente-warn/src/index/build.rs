//! Putting lists into one index, with bounds on all of them together.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;

use super::{Index, ListInfo, Regexes, Substrings};
use crate::exact::Table;
use crate::kinds::KindSet;
use crate::list::{self, Entries, List, MAX_SUBSTRING_TEXT};
use crate::match_type::MatchType;
use crate::nets::Nets;
use crate::pcre::{self, MAX_REGEX_SET, MAX_REGEXES};
use crate::setting::Setting;

/// The most lists of an index.
pub const MAX_LISTS: usize = 4096;

/// The most entries of an index, over all its lists that are not off.
pub const MAX_INDEX_ENTRIES: usize = 16_000_000;

/// The most bytes of entries of the `string` lists of an index, and of its `hostname` lists.
pub const MAX_INDEX_TEXT: usize = 1024 * 1024 * 1024;

/// What is gathered while lists come in.
#[derive(Default)]
struct Builder {
    strings: Table,
    string_kinds: KindSet,
    hosts: Table,
    host_kinds: KindSet,
    nets: Nets,
    substrings: BTreeMap<String, Vec<u16>>,
    substring_text: usize,
    substring_kinds: KindSet,
    regexes: Regexes,
    translated: Vec<String>,
    entries: usize,
}

impl Index {
    /// Builds the index of some lists, each with what a hit on it does. Lists that are off stay in
    /// [`Index::lists`] and never hit.
    ///
    /// # Errors
    /// [`IndexFault`] if two lists have the same name or all together go over a bound.
    pub fn build(lists: impl IntoIterator<Item = (List, Setting)>) -> Result<Index, IndexFault> {
        let mut infos: Vec<ListInfo> = Vec::new();
        let mut names = BTreeSet::new();
        let mut builder = Builder::default();
        for (list, setting) in lists {
            let number = u16::try_from(infos.len()).unwrap_or(u16::MAX);
            if infos.len() >= MAX_LISTS {
                return Err(IndexFault::TooManyLists);
            }
            if !names.insert(list.name.clone()) {
                return Err(IndexFault::RepeatedName { name: list.name });
            }
            let entries = list.entries();
            if setting != Setting::Off && !list.kinds.is_empty() {
                builder.take(number, &list)?;
            }
            infos.push(ListInfo {
                name: list.name,
                description: list.description,
                version: list.version,
                match_type: list.match_type,
                kinds: list.kinds,
                setting,
                entries,
                names_mail: list.names_mail,
            });
        }
        builder.finish(infos)
    }
}

impl Builder {
    fn take(&mut self, number: u16, list: &List) -> Result<(), IndexFault> {
        self.entries = self.entries.saturating_add(list.entries());
        if self.entries > MAX_INDEX_ENTRIES {
            return Err(IndexFault::TooManyEntries { name: list.name.clone() });
        }
        match &list.entries {
            Entries::Prefixes(prefixes) => {
                for prefix in prefixes {
                    self.nets.push(number, *prefix);
                }
                Ok(())
            }
            Entries::Regexes(regexes) => self.take_regexes(number, list, regexes),
            Entries::Texts(texts) if list.match_type == MatchType::Substring => {
                self.substring_text = self.substring_text.saturating_add(texts.bytes());
                if self.substring_text > MAX_SUBSTRING_TEXT {
                    return Err(IndexFault::SubstringsTooLong { name: list.name.clone() });
                }
                self.substring_kinds = self.substring_kinds.union(list.kinds);
                for text in texts.iter() {
                    let lists = self.substrings.entry(text.to_owned()).or_default();
                    if lists.last() != Some(&number) {
                        lists.push(number);
                    }
                }
                Ok(())
            }
            Entries::Texts(texts) => {
                let (table, kinds) = match list.match_type {
                    MatchType::Hostname => (&mut self.hosts, &mut self.host_kinds),
                    _ => (&mut self.strings, &mut self.string_kinds),
                };
                *kinds = kinds.union(list.kinds);
                let fits = table.bytes().saturating_add(texts.bytes()) <= MAX_INDEX_TEXT;
                if fits && texts.iter().all(|text| table.push(number, text)) {
                    Ok(())
                } else {
                    Err(IndexFault::TextTooLong { name: list.name.clone() })
                }
            }
        }
    }

    fn take_regexes(
        &mut self,
        number: u16,
        list: &List,
        regexes: &[list::Regex],
    ) -> Result<(), IndexFault> {
        if self.translated.len().saturating_add(regexes.len()) > MAX_REGEXES {
            return Err(IndexFault::TooManyRegexes { name: list.name.clone() });
        }
        self.regexes.kinds = self.regexes.kinds.union(list.kinds);
        for regex in regexes {
            self.regexes.patterns.push((number, regex.written.clone()));
            self.translated.push(regex.translated.clone());
        }
        Ok(())
    }

    fn finish(mut self, lists: Vec<ListInfo>) -> Result<Index, IndexFault> {
        self.strings.finish();
        self.hosts.finish();
        self.nets.finish();
        let mut substrings = Substrings { kinds: self.substring_kinds, ..Substrings::default() };
        if !self.substrings.is_empty() {
            substrings.patterns = self.substrings.into_iter().collect();
            let texts = substrings.patterns.iter().map(|(text, _)| text);
            substrings.automaton = Some(AhoCorasick::new(texts).map_err(IndexFault::Substrings)?);
        }
        let mut regexes = self.regexes;
        if !self.translated.is_empty() {
            let set = pcre::compile(&self.translated).ok_or(IndexFault::RegexesTooLarge)?;
            regexes.set = Some(set);
        }
        Ok(Index {
            lists,
            strings: self.strings,
            string_kinds: self.string_kinds,
            hosts: self.hosts,
            host_kinds: self.host_kinds,
            nets: self.nets,
            substrings,
            regexes,
        })
    }
}

/// Why lists cannot be put into one index. Where one list went over a bound, it is named: without
/// it the others may fit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexFault {
    /// All regular expressions together compile to more than [`MAX_REGEX_SET`].
    #[error("the regular expressions of all lists need more than {MAX_REGEX_SET} bytes")]
    RegexesTooLarge,
    /// Two lists have the same name.
    #[error("more than one list is named {name:?}")]
    RepeatedName {
        /// The name.
        name: String,
    },
    /// The automaton over substrings cannot be built.
    #[error("the substrings of all lists cannot be searched together")]
    Substrings(#[source] aho_corasick::BuildError),
    /// More bytes of substrings than [`MAX_SUBSTRING_TEXT`].
    #[error("with list {name:?} there are more than {MAX_SUBSTRING_TEXT} bytes of substrings")]
    SubstringsTooLong {
        /// The list that went over the bound.
        name: String,
    },
    /// More bytes of strings or of host names than [`MAX_INDEX_TEXT`].
    #[error("with list {name:?} there are more than {MAX_INDEX_TEXT} bytes of entries")]
    TextTooLong {
        /// The list that went over the bound.
        name: String,
    },
    /// More entries than [`MAX_INDEX_ENTRIES`].
    #[error("with list {name:?} there are more than {MAX_INDEX_ENTRIES} entries")]
    TooManyEntries {
        /// The list that went over the bound.
        name: String,
    },
    /// More lists than [`MAX_LISTS`].
    #[error("more than {MAX_LISTS} lists")]
    TooManyLists,
    /// More regular expressions than [`MAX_REGEXES`].
    #[error("with list {name:?} there are more than {MAX_REGEXES} regular expressions")]
    TooManyRegexes {
        /// The list that went over the bound.
        name: String,
    },
}

impl IndexFault {
    /// A stable machine name.
    pub fn code(&self) -> &'static str {
        match self {
            IndexFault::RegexesTooLarge => "regexes_too_large",
            IndexFault::RepeatedName { .. } => "repeated_name",
            IndexFault::Substrings(_) => "substrings",
            IndexFault::SubstringsTooLong { .. } => "substrings_too_long",
            IndexFault::TextTooLong { .. } => "text_too_long",
            IndexFault::TooManyEntries { .. } => "too_many_entries",
            IndexFault::TooManyLists => "too_many_lists",
            IndexFault::TooManyRegexes { .. } => "too_many_regexes",
        }
    }
}
