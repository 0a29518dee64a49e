//! Words that can be taken for others: letters of two scripts in one word, and words that look like
//! another word of the same text.
//!
//! Is: a list for people, with code points; a text that has such words is not refused for them,
//! since every language borrows. Names of parties that look alike are refused when a text is read.
//! Is not: all of UTS #39; see [`detente_core::name`].

use std::collections::{BTreeMap, BTreeSet};

use detente_core::name::{latin, mixed_word};

use crate::align::tokens;
use crate::fault::Faults;
use crate::field::{fields, language};
use crate::unit::{UnitKey, split};

/// Most words that are listed.
pub const MAX_CONFUSABLES: usize = 100;
/// Longest word that is listed whole, in characters.
const MAX_WORD: usize = 60;

/// A word that can be taken for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusable {
    /// The unit in which it stands first.
    pub unit: UnitKey,
    /// The field: `prose.en`.
    pub field: String,
    /// The word.
    pub word: String,
    /// Its letters that are not ASCII, each with its code point: `с U+0441`.
    pub letters: Vec<String>,
    /// The word that it looks like, if that stands in the text too; none if it mixes scripts.
    pub like: Option<String>,
}

/// A word where it stands first.
struct Place {
    unit: UnitKey,
    field: String,
}

/// The words of a text that can be taken for others, in the order of the text, each once. Prose and
/// meanings are compared within their language; names, ids and titles with all of their sort.
///
/// # Errors
/// [`Faults`] if the text can't be split into units.
pub fn confusables(text: &str) -> Result<Vec<Confusable>, Faults> {
    let mut found: Vec<Confusable> = Vec::new();
    let mut seen: BTreeSet<(Option<String>, String)> = BTreeSet::new();
    // By language, how a word reads when look-alikes are made Latin: the first such word.
    let mut alike: BTreeMap<(Option<String>, String), String> = BTreeMap::new();
    for unit in split(text)? {
        for field in fields(&unit.key, unit.text).unwrap_or_default() {
            let language = language(&field.path).map(str::to_owned);
            for token in tokens(&field.value) {
                let Some(word) = token.word.filter(|word| word.chars().any(char::is_alphabetic))
                else {
                    continue;
                };
                let low = word.to_lowercase();
                if !seen.insert((language.clone(), low.clone())) {
                    continue;
                }
                let first = alike.entry((language.clone(), latin(word))).or_insert(low.clone());
                let like = (*first != low).then(|| first.clone());
                if found.len() < MAX_CONFUSABLES && (like.is_some() || mixed_word(word).is_some()) {
                    let place = Place { unit: unit.key.clone(), field: field.path.clone() };
                    found.push(confusable(place, word, like));
                }
            }
        }
    }
    Ok(found)
}

fn confusable(place: Place, word: &str, like: Option<String>) -> Confusable {
    let letters: BTreeSet<char> = word.chars().filter(|c| !c.is_ascii()).collect();
    Confusable {
        unit: place.unit,
        field: place.field,
        word: word.chars().take(MAX_WORD).collect(),
        letters: letters.iter().map(|c| format!("{c} U+{:04X}", u32::from(*c))).collect(),
        like: like.map(|like| like.chars().take(MAX_WORD).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_CONFUSABLES, confusables};
    use crate::tests::SOUND;

    fn shown(text: &str) -> Vec<String> {
        let found = confusables(text).unwrap();
        let shown = found.iter().map(|one| {
            let like = one.like.as_deref().unwrap_or("two scripts");
            format!("{} {} {} [{}] {like}", one.unit, one.field, one.word, one.letters.join(", "))
        });
        shown.collect()
    }

    #[test]
    fn words_of_two_scripts_and_words_that_look_like_others_are_listed() {
        assert_eq!(shown(SOUND), [""; 0]);
        let text = SOUND.replace("sends receipts", "sends re\u{441}eipts, or receipts");
        assert_eq!(
            shown(&text),
            [
                "clause 4 prose.en re\u{441}eipts [\u{441} U+0441] two scripts",
                "clause 4 prose.en receipts [] re\u{441}eipts"
            ]
        );
        // A word of another script alone is nothing; one like a Latin word of its language is.
        let text = SOUND.replace("sends receipts", "sends \u{43d}\u{435}\u{442}");
        assert_eq!(shown(&text), [""; 0]);
        let text = SOUND.replace("sends receipts", "sends a \u{430} receipt");
        assert_eq!(shown(&text), ["clause 4 prose.en \u{430} [\u{430} U+0430] a"]);
        let text = SOUND.replace("id = \"indicator\"", "id = \"indicat\u{43e}r\"");
        assert_eq!(
            shown(&text),
            [
                "definition indicat\u{43e}r id indicat\u{43e}r [\u{43e} U+043E] two scripts",
                "clause 2 permit.object indicator [] indicat\u{43e}r"
            ]
        );
    }

    #[test]
    fn the_list_is_bounded() {
        let words: Vec<String> = (0..2_000).map(|n| format!("x{n}\u{430}")).collect();
        let text = format!("[[clause]]\nid = \"1\"\nprose.en = \"{}\"\n", words.join(" "));
        assert_eq!(confusables(&text).unwrap().len(), MAX_CONFUSABLES);
        assert!(confusables("[").is_err());
    }
}
