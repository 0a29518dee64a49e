//! A text under negotiation as people read it: with brackets, and who holds them.
//!
//! Is: typed pieces, from which text, HTML and JSON are written, so that they say the same. Parties
//! are ids; whoever prints knows their names.

use std::collections::{BTreeMap, BTreeSet};

use detente_core::PartyId;

use super::{Choice, Rolling, Slot, Stand};
use crate::align::{MAX_ALIGNED, Stretch, Token, align, join, tokens};
use crate::field::{Field, by_path, fields, language};
use crate::unit::UnitKey;

/// What is called a field where two contents differ in comments and layout alone.
const AS_WRITTEN: &str = "as written";

/// A unit that the parties do not agree on yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenUnit {
    /// Which.
    pub unit: UnitKey,
    /// Brackets in it: where words part, and one around all of it if a party has reserved its
    /// position, would leave it out, or has not spoken of it.
    pub brackets: usize,
    /// The options that are held, the earliest first, with who holds each.
    pub options: Vec<OptionView>,
    /// Who has reserved its position.
    pub reserved: Vec<PartyId>,
    /// Who has not spoken of it.
    pub silent: Vec<PartyId>,
}

/// An option on the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionView {
    /// How the unit would read.
    pub choice: Choice,
    /// Who would accept that.
    pub holders: Vec<PartyId>,
}

/// A unit of the current text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitView {
    /// Which.
    pub unit: UnitKey,
    /// How it reads, if that is agreed; a unit that is agreed to be left out is not shown.
    pub agreed: Option<Choice>,
    /// Brackets in it; none if it is agreed.
    pub brackets: usize,
    /// The options that are held, with who holds each.
    pub options: Vec<OptionView>,
    /// Who has reserved its position.
    pub reserved: Vec<PartyId>,
    /// Who has not spoken of it.
    pub silent: Vec<PartyId>,
    /// What it says, field by field.
    pub fields: Vec<FieldView>,
    /// What parties noted on it.
    pub notes: Vec<(PartyId, String)>,
}

/// A field of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldView {
    /// Where it stands: `prose.en`, `permit.cap.count`.
    pub path: String,
    /// What it says.
    pub pieces: Vec<Piece>,
}

/// A stretch of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Words that stand in all options.
    Plain(String),
    /// Words in brackets.
    Bracket(Vec<Alternative>),
}

/// One wording within brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// Who holds it; nobody, if it stands there only because somebody has bracketed it.
    pub holders: Vec<PartyId>,
    /// The wording.
    pub offer: Offer,
}

/// A wording within brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// No words here.
    Nothing,
    /// The words are not accepted, and others are not offered.
    Open,
    /// These words.
    Words(String),
}

impl Rolling {
    /// The open units, in the order of the table.
    pub fn open(&self) -> Vec<OpenUnit> {
        let open = self.slots.iter().filter(|slot| self.closed(slot).is_none());
        open.map(|slot| {
            let (reserved, silent) = (slot.reserved(), self.silent(slot));
            OpenUnit {
                unit: slot.key.clone(),
                brackets: self.brackets(slot, &self.field_views(slot)),
                options: slot.options(),
                reserved,
                silent,
            }
        })
        .collect()
    }

    /// The current text, unit by unit in the order of the table; with a language, without the words
    /// in others.
    pub fn view(&self, only: Option<&str>) -> Vec<UnitView> {
        let mut views = Vec::new();
        for slot in &self.slots {
            let agreed = self.closed(slot);
            if agreed == Some(Choice::LeftOut) {
                continue;
            }
            let mut fields = self.field_views(slot);
            let brackets = self.brackets(slot, &fields);
            fields.retain(|field| {
                only.is_none_or(|only| language(&field.path).is_none_or(|own| own == only))
            });
            let notes = slot.stands.iter().filter(|(_, stand)| !stand.note.is_empty());
            views.push(UnitView {
                unit: slot.key.clone(),
                agreed,
                brackets,
                options: slot.options(),
                reserved: slot.reserved(),
                silent: self.silent(slot),
                fields,
                notes: notes.map(|(party, stand)| (*party, stand.note.clone())).collect(),
            });
        }
        views
    }

    /// The content of a unit with this digest, if it was ever on the table.
    pub fn content(&self, unit: &UnitKey, choice: Choice) -> Option<&str> {
        let Choice::Text(digest) = choice else { return None };
        self.slots[self.at(unit)?].contents.get(&digest).map(AsRef::as_ref)
    }

    fn silent(&self, slot: &Slot) -> Vec<PartyId> {
        self.parties.iter().copied().filter(|party| !slot.stands.contains_key(party)).collect()
    }

    fn brackets(&self, slot: &Slot, fields: &[FieldView]) -> usize {
        if self.closed(slot).is_some() {
            return 0;
        }
        let pieces = fields.iter().flat_map(|field| &field.pieces);
        let words = pieces.filter(|piece| matches!(piece, Piece::Bracket(_))).count();
        let whole = !self.silent(slot).is_empty()
            || slot.stands.values().any(|stand| {
                stand.holds.contains(&Choice::LeftOut)
                    || (stand.holds.is_empty() && stand.words.is_empty())
            });
        (words + usize::from(whole)).max(1)
    }

    /// The fields of a unit, the options of each laid beside one another.
    fn field_views(&self, slot: &Slot) -> Vec<FieldView> {
        let versions = self.versions(slot);
        let read: Option<Vec<Vec<Field>>> =
            versions.iter().map(|version| fields(&slot.key, version.content)).collect();
        let read = read.filter(|_| versions.len() <= MAX_ALIGNED);
        let mut views: Vec<FieldView> = Vec::new();
        if let Some(read) = &read {
            let values: Vec<BTreeMap<&str, &str>> =
                read.iter().map(|fields| by_path(fields)).collect();
            let mut seen: BTreeSet<&str> = BTreeSet::new();
            for field in read.iter().flatten().filter(|field| seen.insert(&field.path)) {
                let path = field.path.as_str();
                let own = values.iter().map(|values| *values.get(path).unwrap_or(&""));
                let pieces = pieces(&versions, &own.collect::<Vec<_>>());
                views.push(FieldView { path: path.to_owned(), pieces });
            }
        }
        let parted = views.iter().any(|view| view.pieces.iter().any(Piece::is_bracket));
        let differ = versions.windows(2).any(|pair| pair[0].content != pair[1].content);
        if read.is_none() || (differ && !parted) {
            let values: Vec<&str> = versions.iter().map(|version| version.content).collect();
            let path = AS_WRITTEN.to_owned();
            views.push(FieldView { path, pieces: pieces(&versions, &values) });
        }
        views
    }

    /// The contents to lay beside one another: those held, and those that somebody has bracketed.
    fn versions<'a>(&self, slot: &'a Slot) -> Vec<Version<'a>> {
        let agreed = self.closed(slot);
        let mut versions: Vec<Version<'a>> = Vec::new();
        for choice in &slot.offered {
            let Choice::Text(digest) = choice else { continue };
            let Some(content) = slot.contents.get(digest) else { continue };
            let mut holders = Vec::new();
            let mut bracketed = Vec::new();
            for (party, stand) in &slot.stands {
                if stand.holds.contains(choice) {
                    holders.push(*party);
                } else if stand.reserved.contains(choice) {
                    bracketed.push((*party, stand));
                }
            }
            let shown = match agreed {
                Some(agreed) => agreed == *choice,
                None => !holders.is_empty() || !bracketed.is_empty(),
            };
            if !shown {
                continue;
            }
            versions.push(Version { content, holders, words: None });
            for (party, stand) in bracketed.into_iter().filter(|(_, stand)| stand.has_words()) {
                let words = Some(stand.words.as_slice());
                versions.push(Version { content, holders: vec![party], words });
            }
        }
        versions
    }
}

/// A content to be laid beside others.
struct Version<'a> {
    content: &'a str,
    holders: Vec<PartyId>,
    /// Words of it that its holder has bracketed without another offer.
    words: Option<&'a [String]>,
}

impl Stand {
    fn has_words(&self) -> bool {
        !self.words.is_empty()
    }
}

impl Slot {
    fn options(&self) -> Vec<OptionView> {
        let mut options = Vec::new();
        for choice in &self.offered {
            let holders = self.stands.iter().filter(|(_, stand)| stand.holds.contains(choice));
            let holders: Vec<PartyId> = holders.map(|(party, _)| *party).collect();
            if !holders.is_empty() {
                options.push(OptionView { choice: *choice, holders });
            }
        }
        options
    }

    fn reserved(&self) -> Vec<PartyId> {
        let reserved = self.stands.iter().filter(|(_, stand)| stand.holds.is_empty());
        reserved.map(|(party, _)| *party).collect()
    }
}

impl Piece {
    /// Whether words stand in brackets here.
    pub const fn is_bracket(&self) -> bool {
        matches!(self, Piece::Bracket(_))
    }
}

/// Lays the values of one field beside one another.
fn pieces(versions: &[Version<'_>], values: &[&str]) -> Vec<Piece> {
    let mut options: Vec<Vec<Token<'_>>> = Vec::new();
    for (version, value) in versions.iter().zip(values) {
        let mut words = tokens(value);
        for quote in version.words.unwrap_or_default() {
            bracket(&mut words, quote);
        }
        options.push(words);
    }
    let mut pieces = Vec::new();
    for stretch in align(&options) {
        match stretch {
            Stretch::Same(tokens) if tokens.iter().all(|token| token.word.is_some()) => {
                pieces.push(Piece::Plain(join(&tokens)));
            }
            Stretch::Same(tokens) => {
                let all = (0..versions.len()).collect();
                pieces.push(bracket_of(versions, vec![(all, tokens)]));
            }
            Stretch::Parted(wordings) => pieces.push(bracket_of(versions, wordings)),
        }
    }
    pieces
}

fn bracket_of(versions: &[Version<'_>], wordings: Vec<(Vec<usize>, Vec<Token<'_>>)>) -> Piece {
    let mut alternatives = Vec::new();
    for (at, tokens) in wordings {
        let mut holders: Vec<PartyId> =
            at.iter().flat_map(|at| versions[*at].holders.iter().copied()).collect();
        holders.sort_unstable();
        holders.dedup();
        let offer = if tokens.is_empty() {
            Offer::Nothing
        } else if tokens.iter().all(|token| token.word.is_none()) {
            Offer::Open
        } else {
            Offer::Words(join(&tokens))
        };
        alternatives.push(Alternative { holders, offer });
    }
    Piece::Bracket(alternatives)
}

/// Puts an empty token in the place of quoted words.
fn bracket(tokens: &mut Vec<Token<'_>>, quote: &str) {
    let quote: Vec<_> = crate::align::tokens(quote).into_iter().map(|token| token.word).collect();
    let same = |window: &[Token<'_>]| window.iter().zip(&quote).all(|(a, b)| a.word == *b);
    let place = tokens.windows(quote.len().max(1)).position(same);
    if let Some(at) = place.filter(|_| !quote.is_empty()) {
        let spaced = tokens[at].spaced;
        tokens.splice(at..at + quote.len(), [Token { word: None, spaced }]);
    }
}
