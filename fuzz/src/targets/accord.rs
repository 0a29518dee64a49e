//! Targets of detente-accord: units of a text, changes of a text under negotiation.

use detente_accord::{Change, Choice, Rolling, UnitKey, split};
use detente_core::{Digest, PartyId};

use crate::Target;

/// The table of this crate.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "accord_change", run: change, seeds: change_seeds },
    Target { name: "accord_units", run: units, seeds: || vec![SOUND.as_bytes().to_vec()] },
];

/// A text that both sides hold.
pub(super) const SOUND: &str = include_str!("../../seeds/core_accord/sound.toml");
const A: PartyId = PartyId::new([0xa; 32]);
const B: PartyId = PartyId::new([0xb; 32]);

/// A text in units: they are the text, and each is one by itself.
fn units(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(units) = split(text) else { return false };
    let whole: String = units.iter().map(|unit| unit.text).collect();
    assert!(units.is_empty() || whole == text, "the units are not the text");
    for unit in units.iter().take(8) {
        let again = split(unit.text).map(|units| units.iter().map(|u| u.key.clone()).collect());
        assert_eq!(again, Ok(vec![unit.key.clone()]), "a unit is none by itself");
    }
    true
}

/// A change of one unit by the other side: parts with a zero byte between, namely the unit, a
/// letter (`n` a new unit, `b` one that starts from ours), the note, the words in brackets with
/// line feeds between, then the options; an empty one leaves the unit out.
fn change(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let mut parts = text.split('\0');
    let Some(Ok(unit)) = parts.next().map(str::parse::<UnitKey>) else { return false };
    let starts = parts.next() == Some("b");
    let note = parts.next().unwrap_or_default().to_owned();
    let words = parts.next().unwrap_or_default();
    let words = words.split('\n').filter(|words| !words.is_empty()).map(str::to_owned).collect();
    let options = parts.map(|option| (!option.is_empty()).then(|| option.to_owned())).collect();
    let mut rolling = Rolling::new(&[A, B]);
    rolling.propose(A, None, SOUND).expect("sound");
    rolling.hold(B, SOUND, None).expect("sound");
    let ours = split(SOUND).expect("sound").into_iter().find(|own| own.key == unit);
    let base = ours.filter(|_| starts).map(|own| own.digest());
    let before = rolling.clone();
    let change = Change { unit: unit.clone(), base, options, words, note };
    let taken = rolling.change(B, std::slice::from_ref(&change)).is_ok();
    if !taken {
        assert_eq!(rolling, before, "a refused change has an effect");
        return false;
    }
    for option in change.options.iter().flatten() {
        let choice = Choice::Text(Digest::plain(option.as_bytes()));
        assert_eq!(rolling.content(&unit, choice), Some(option.as_str()), "an option is lost");
    }
    let open: usize = rolling.open().iter().map(|open| open.brackets).sum();
    let shown: usize = rolling.view(None).iter().map(|view| view.brackets).sum();
    assert_eq!(open, shown, "brackets are counted in two ways");
    assert_eq!(open == 0, rolling.clean().is_ok(), "clean with brackets");
    true
}

fn change_seeds() -> Vec<Vec<u8>> {
    let units = split(SOUND).expect("sound");
    let clause = units.iter().find(|unit| unit.key.table() == "clause").expect("a clause");
    let (key, text) = (clause.key.to_string(), clause.text);
    let other = text.replace("prose.en = \"", "prose.en = \"Now and then ");
    let new = "\n[[clause]]\nid = \"9\"\nprose.en = \"x\"\n";
    vec![
        format!("{key}\0b\0why\0\0{other}").into_bytes(),
        format!("{key}\0b\0\0\0{other}\0{text}\0").into_bytes(),
        format!("{key}\0b\0\0").into_bytes(),
        format!("clause 9\0n\0\0\0{new}").into_bytes(),
    ]
}
