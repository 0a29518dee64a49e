//! One structure over all lists, and what it says of an observable.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use aho_corasick::AhoCorasick;
use detente_core::Kind;
use detente_intel::Observable;
use regex::bytes::RegexSet;

use crate::entry::prefix_of;
use crate::exact::Table;
use crate::kinds::KindSet;
use crate::match_type::MatchType;
use crate::nets::Nets;
use crate::setting::{Setting, Verdict};

mod build;
#[cfg(test)]
mod tests;

pub use build::{IndexFault, MAX_INDEX_ENTRIES, MAX_INDEX_TEXT, MAX_LISTS};

/// What is kept of a list beside its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListInfo {
    /// The name, by which lists are told apart.
    pub name: String,
    /// The description.
    pub description: String,
    /// The version that the file states.
    pub version: u64,
    /// How entries are compared with values.
    pub match_type: MatchType,
    /// The kinds of observable that the list speaks of.
    pub kinds: KindSet,
    /// What a hit does.
    pub setting: Setting,
    /// How many entries the list has, whether it is off or not.
    pub entries: usize,
    /// Whether hosts of e-mail addresses are looked up in a list of host names.
    names_mail: bool,
}

/// One list that an observable is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit<'a> {
    /// The list.
    pub list: &'a ListInfo,
    /// The entry that matched, in normal form; a regular expression as written. Of several the
    /// most specific: the longest host name, prefix or substring, of equally long substrings the
    /// first in byte order; of regular expressions the first in the list.
    pub entry: Cow<'a, str>,
}

/// What all lists say of one observable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding<'a> {
    /// Each list at most once, in the order in which the index was built.
    pub hits: Vec<Hit<'a>>,
}

impl Finding<'_> {
    /// Block if any list that blocks has a hit, else inform if any list has one, else clear.
    pub fn verdict(&self) -> Verdict {
        let each = self.hits.iter().map(|hit| Verdict::from(hit.list.setting));
        each.max().unwrap_or(Verdict::Clear)
    }
}

/// Many lists, ready to be asked. Nothing changes after building, so threads may share it.
#[derive(Debug)]
pub struct Index {
    lists: Vec<ListInfo>,
    strings: Table,
    string_kinds: KindSet,
    hosts: Table,
    host_kinds: KindSet,
    nets: Nets,
    substrings: Substrings,
    regexes: Regexes,
}

/// The substrings of all lists as one automaton.
#[derive(Debug, Default)]
struct Substrings {
    automaton: Option<AhoCorasick>,
    /// The text of each pattern, and its lists in ascending order.
    patterns: Vec<(String, Vec<u16>)>,
    kinds: KindSet,
}

/// The regular expressions of all lists as one automaton.
#[derive(Debug, Default)]
struct Regexes {
    set: Option<RegexSet>,
    /// The list of each expression, and how it is written there.
    patterns: Vec<(u16, String)>,
    kinds: KindSet,
}

impl Index {
    /// The lists, in the order in which they came.
    pub fn lists(&self) -> &[ListInfo] {
        &self.lists
    }

    /// What all lists say of an observable.
    pub fn check(&self, observable: &Observable) -> Finding<'_> {
        let mut found = Found { index: self, kind: observable.kind(), hits: Vec::new() };
        if self.string_kinds.contains(observable.kind()) {
            for list in self.strings.lists(observable.value()) {
                found.add(list, || Cow::Owned(observable.value().to_owned()));
            }
        }
        self.check_host(observable, &mut found);
        if let Some(net) = prefix_of(observable) {
            for (list, entry) in self.nets.lists(net) {
                found.add(list, || Cow::Owned(entry.to_string()));
            }
        }
        self.check_substrings(observable, &mut found);
        self.check_regexes(observable, &mut found);
        found.finish()
    }

    /// The host itself and every name above it, the longest first.
    fn check_host(&self, observable: &Observable, found: &mut Found<'_>) {
        if !self.host_kinds.contains(observable.kind()) {
            return;
        }
        let Some(host) = host_of(observable) else {
            return;
        };
        let is_mail = observable.kind() == Kind::Email;
        // No name above an address is asked for. The last label of a domain, and so of every entry
        // that is none, begins with a letter.
        let top = host.rsplit('.').next().unwrap_or(host);
        let is_address = top.contains(':') || top.starts_with(|c: char| c.is_ascii_digit());
        let mut rest = Some(host);
        while let Some(name) = rest {
            for list in self.hosts.lists(name) {
                if is_mail && !self.lists.get(usize::from(list)).is_some_and(|l| l.names_mail) {
                    continue;
                }
                found.add(list, || Cow::Owned(name.to_owned()));
            }
            rest = name.split_once('.').map(|(_, above)| above).filter(|_| !is_address);
        }
    }

    fn check_substrings<'a>(&'a self, observable: &Observable, found: &mut Found<'a>) {
        let Some(automaton) = &self.substrings.automaton else {
            return;
        };
        if !self.substrings.kinds.contains(observable.kind()) {
            return;
        }
        // Patterns are in lower case; of values only URLs have upper case.
        let value = observable.value();
        let lower =
            value.bytes().any(|b| b.is_ascii_uppercase()).then(|| value.to_ascii_lowercase());
        let value = lower.as_deref().unwrap_or(value);
        // Many substrings may end at one place: only each list's best is kept.
        let mut best: BTreeMap<u16, &'a str> = BTreeMap::new();
        for matched in automaton.find_overlapping_iter(value) {
            let Some((text, lists)) = self.substrings.patterns.get(matched.pattern().as_usize())
            else {
                continue;
            };
            for list in lists {
                let kept = best.entry(*list).or_insert(text);
                if (Reverse(text.len()), text.as_str()) < (Reverse(kept.len()), *kept) {
                    *kept = text;
                }
            }
        }
        for (list, text) in best {
            found.add(list, || Cow::Borrowed(text));
        }
    }

    fn check_regexes<'a>(&'a self, observable: &Observable, found: &mut Found<'a>) {
        let Some(set) = &self.regexes.set else {
            return;
        };
        if !self.regexes.kinds.contains(observable.kind()) {
            return;
        }
        for at in set.matches(observable.value().as_bytes()) {
            if let Some((list, written)) = self.regexes.patterns.get(at) {
                found.add(*list, || Cow::Borrowed(written));
            }
        }
    }
}

/// Hits while they are gathered.
struct Found<'a> {
    index: &'a Index,
    kind: Kind,
    /// By number of the list, in ascending order.
    hits: Vec<(u16, Hit<'a>)>,
}

impl<'a> Found<'a> {
    /// Adds a hit, unless the list does not speak of this kind or has one already.
    fn add(&mut self, list: u16, entry: impl FnOnce() -> Cow<'a, str>) {
        let Some(info) = self.index.lists.get(usize::from(list)) else {
            return;
        };
        if info.kinds.contains(self.kind)
            && let Err(place) = self.hits.binary_search_by_key(&list, |(other, _)| *other)
        {
            self.hits.insert(place, (list, Hit { list: info, entry: entry() }));
        }
    }

    fn finish(self) -> Finding<'a> {
        Finding { hits: self.hits.into_iter().map(|(_, hit)| hit).collect() }
    }
}

/// The host in an observable: a domain or address itself, the host of a URL, of an e-mail address.
fn host_of(observable: &Observable) -> Option<&str> {
    let value = observable.value();
    match observable.kind() {
        Kind::Domain | Kind::Ipv4 | Kind::Ipv6 => Some(value),
        Kind::Email => value.rsplit_once('@').map(|(_, host)| host),
        Kind::Url => {
            // In normal form: user and password escaped, no fragment, the host in lower case.
            let (_, rest) = value.split_once("://")?;
            let authority = rest.split(['/', '?']).next().unwrap_or(rest);
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            let host = match host.strip_prefix('[') {
                Some(inside) => inside.split(']').next().unwrap_or(inside),
                None => host.split(':').next().unwrap_or(host),
            };
            Some(host.strip_suffix('.').unwrap_or(host))
        }
        _ => None,
    }
}
