//! What is said of an observable now: of each source and origin the words that came last.
//!
//! Words are never edited, only followed by others. Where they say which version of an object they
//! are, an older version that comes late follows nothing. What a source once marked more closely
//! stays so close, whatever clock or order its words came by; what it takes back stands as taken
//! back until it says something again.

use std::collections::BTreeMap;

use detente_core::UnixSeconds;

use crate::{Context, Markings};

/// What a source says now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its words, marked as closely as it ever marked them; [`Context::revoked`] if it took them
    /// back.
    pub context: Context,
    /// When that source first said something of this origin.
    pub first: UnixSeconds,
    /// When it said this.
    pub last: UnixSeconds,
}

/// The words in force, the newest first, out of all that were said of one observable in the order
/// in which they came. What one import brings in several lines is said all at once.
pub fn in_force(sightings: Vec<(Context, UnixSeconds)>) -> Vec<Standing> {
    // Most have been spoken of once.
    if let [(context, at)] = &sightings[..] {
        return vec![Standing { context: context.clone(), first: *at, last: *at }];
    }
    let mut known: BTreeMap<(String, Option<String>), Known> = BTreeMap::new();
    for (context, added) in &sightings {
        let known = known.entry(key(context)).or_insert_with(|| Known::new(*added));
        known.first = known.first.min(*added);
        known.version = known.version.max(context.modified);
        keep_closest(&mut known.closest, &context.markings);
    }
    // Those that are no older version than another.
    let is_old = |known: &Known, context: &Context| {
        context.modified.is_some_and(|modified| known.version.is_some_and(|last| modified < last))
    };
    for (context, added) in &sightings {
        let Some(known) = known.get_mut(&key(context)) else { continue };
        if !is_old(known, context) {
            known.last = known.last.max(*added);
            known.revoked = context.revoked;
        }
    }
    let mut standing: Vec<Standing> = Vec::new();
    for (mut context, added) in sightings.into_iter().rev() {
        let Some(known) = known.get_mut(&key(&context)) else { continue };
        let last = added == known.last && !is_old(known, &context);
        // Words and their withdrawal may come together: the later of them counts.
        if last && context.revoked == known.revoked && !known.told {
            keep_closest(&mut context.markings, &known.closest);
            known.told = context.revoked;
            standing.push(Standing { context, first: known.first, last: known.last });
        }
    }
    // Stable: of one moment, what came later stands first.
    standing.sort_by_key(|one| std::cmp::Reverse(one.last));
    standing
}

/// What has become of words that are not in force any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its source has said something else since.
    Replaced,
    /// Its source has taken them back.
    TakenBack,
}

impl Fate {
    /// A stable machine name.
    pub const fn name(self) -> &'static str {
        match self {
            Fate::Replaced => "replaced",
            Fate::TakenBack => "taken_back",
        }
    }
}

/// What has become of each of these words, in their order; nothing of those in force.
pub fn fates(sightings: &[(Context, UnixSeconds)]) -> Vec<Option<Fate>> {
    let standing = in_force(sightings.to_vec());
    let fate = |(context, added): &(Context, UnixSeconds)| {
        let now = standing.iter().find(|one| key(&one.context) == key(context))?;
        if now.context.revoked {
            return Some(Fate::TakenBack);
        }
        let same = now.last == *added && now.context.modified == context.modified;
        (context.revoked || !same).then_some(Fate::Replaced)
    };
    sightings.iter().map(fate).collect()
}

/// What is known of a source and origin.
struct Known {
    first: UnixSeconds,
    last: UnixSeconds,
    /// The newest version of its object.
    version: Option<i64>,
    /// Whether its last words took back what it said.
    revoked: bool,
    /// Whether that was told.
    told: bool,
    closest: Markings,
}

impl Known {
    fn new(at: UnixSeconds) -> Known {
        let (first, last) = (at, UnixSeconds::new(0));
        let (version, closest) = (None, Markings::none());
        Known { first, last, version, revoked: false, told: false, closest }
    }
}

fn key(context: &Context) -> (String, Option<String>) {
    (context.source.clone(), context.origin.clone())
}

/// Raises a marking to what the same source said before.
fn keep_closest(markings: &mut Markings, other: &Markings) {
    if let Some(tlp) = other.tlp() {
        markings.raise(tlp);
    }
    if other.is_closed() && !markings.is_closed() {
        markings.add_unknown("its source marked it before so that nobody here understood it");
    }
    for text in other.texts().iter().filter(|text| is_handling(text)) {
        if !markings.texts().contains(text) {
            markings.add_text(text);
        }
    }
}

/// Whether a text says more of handling than a colour.
fn is_handling(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let prefixes = ["pap:", "rel to ", "orcon", "detente:", "iep", "tlp:ex:chr"];
    prefixes.iter().any(|prefix| lower.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use detente_core::Tlp;

    use super::*;

    fn said(source: &str, label: &str, at: u64) -> (Context, UnixSeconds) {
        let mut context = Context::from_source(source);
        context.add_label(label);
        (context, UnixSeconds::new(at))
    }

    fn marked(tlp: Tlp, at: u64) -> (Context, UnixSeconds) {
        let (mut context, at) = said("feed", tlp.name(), at);
        context.markings = Markings::of(tlp);
        (context, at)
    }

    fn revoked(at: u64) -> (Context, UnixSeconds) {
        let (mut context, at) = said("feed", "gone", at);
        context.revoked = true;
        (context, at)
    }

    fn told(all: Vec<(Context, UnixSeconds)>) -> Vec<(String, u64, u64)> {
        let label = |one: &Standing| one.context.labels[0].clone();
        let told = |one: Standing| (label(&one), one.first.get(), one.last.get());
        in_force(all).into_iter().map(told).collect()
    }

    #[test]
    fn the_last_words_of_each_source_count() {
        let all = vec![
            said("feed", "old", 10),
            said("other", "x", 20),
            said("feed", "new", 30),
            said("feed", "new too", 30),
            said("other", "an older clock", 5),
        ];
        let known = [("new too", 10, 30), ("new", 10, 30), ("x", 5, 20)];
        assert_eq!(told(all), known.map(|(label, first, last)| (label.to_owned(), first, last)));
    }

    #[test]
    fn origins_of_one_source_are_told_apart() {
        let mut one = said("feed", "a", 10);
        one.0.origin = Some("indicator--1".to_owned());
        assert_eq!(told(vec![one, said("feed", "b", 20)]).len(), 2);
        assert_eq!(told(Vec::new()), []);
    }

    #[test]
    fn what_was_marked_more_closely_stays_so() {
        for all in [
            vec![marked(Tlp::Clear, 10), marked(Tlp::Red, 20)],
            vec![marked(Tlp::Red, 10), marked(Tlp::Clear, 20)],
            vec![marked(Tlp::Red, 20), marked(Tlp::Clear, 10)],
        ] {
            let standing = in_force(all);
            assert_eq!(standing.len(), 1);
            assert_eq!(standing[0].context.markings.tlp(), Some(Tlp::Red));
            assert!(!standing[0].context.markings.is_conflicting());
        }
        let mut closed = marked(Tlp::Green, 10);
        closed.0.markings.add_unknown("x");
        let standing = in_force(vec![closed, marked(Tlp::Green, 20)]);
        assert!(standing[0].context.markings.is_closed());
    }

    #[test]
    fn an_older_version_that_comes_late_follows_nothing() {
        let version = |label: &str, modified: i64, at: u64| {
            let (mut context, at) = said("feed", label, at);
            context.modified = Some(modified);
            (context, at)
        };
        assert_eq!(
            told(vec![version("new", 7, 10), version("old", 5, 20)]),
            [("new".to_owned(), 10, 10)]
        );
        let mut gone = version("gone", 9, 15);
        gone.0.revoked = true;
        let late = in_force(vec![version("new", 7, 10), gone.clone(), version("newer", 8, 20)]);
        assert!(late.len() == 1 && late[0].context.revoked);
        let again = in_force(vec![version("new", 7, 10), gone, version("newest", 10, 20)]);
        assert!(again.len() == 1 && !again[0].context.revoked);
        // An older clock.
        assert_eq!(
            told(vec![version("old", 5, 30), version("new", 7, 20)]),
            [("new".to_owned(), 20, 20)]
        );
    }

    #[test]
    fn what_is_taken_back_stands_as_that_until_it_is_said_again() {
        let gone = in_force(vec![said("feed", "a", 10), said("x", "b", 15), revoked(20)]);
        assert_eq!(gone.len(), 2);
        assert!(gone[0].context.revoked && !gone[1].context.revoked);
        let at_once = in_force(vec![said("feed", "a", 10), said("feed", "b", 20), revoked(20)]);
        assert_eq!(at_once.len(), 1);
        assert!(at_once[0].context.revoked);
        let all = [said("feed", "a", 10), said("x", "b", 15), revoked(20)];
        let back = Some(Fate::TakenBack);
        assert_eq!(fates(&all), [back, None, back]);
        assert_eq!(
            fates(&[said("feed", "a", 10), said("feed", "b", 20)]),
            [Some(Fate::Replaced), None]
        );
        let again = in_force(vec![revoked(20), said("feed", "a", 20)]);
        assert_eq!(again.len(), 1);
        assert!(!again[0].context.revoked);
    }
}
