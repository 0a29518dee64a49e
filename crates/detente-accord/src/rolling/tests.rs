mod laws;

use detente_core::{Digest, PartyId};

use super::{Change, Choice, Offer, Piece, Rolling, RollingFault};
use crate::tests::SOUND;
use crate::unit::{UnitKey, split};

const A: PartyId = PartyId::new([0xa; 32]);
const B: PartyId = PartyId::new([0xb; 32]);

fn key(text: &str) -> UnitKey {
    text.parse().unwrap()
}

fn unit<'a>(text: &'a str, of: &str) -> &'a str {
    split(text).unwrap().iter().find(|unit| unit.key == key(of)).unwrap().text
}

fn change(of: &str, base: Option<&str>, options: &[Option<&str>], words: &[&str]) -> Change {
    Change {
        unit: key(of),
        base: base.map(|base| Digest::plain(base.as_bytes())),
        options: options.iter().map(|option| option.map(str::to_owned)).collect(),
        words: words.iter().map(ToString::to_string).collect(),
        note: String::new(),
    }
}

/// A field of a unit with its brackets, as one line.
fn shown(rolling: &Rolling, of: &str, path: &str) -> String {
    let views = rolling.view(None);
    let view = views.iter().find(|view| view.unit == key(of)).expect("shown");
    let field = view.fields.iter().find(|field| field.path == path).expect("a field");
    let who = |holders: &[PartyId]| -> String {
        holders.iter().map(|id| if *id == A { 'A' } else { 'B' }).collect()
    };
    let pieces = field.pieces.iter().map(|piece| match piece {
        Piece::Plain(words) => words.clone(),
        Piece::Bracket(alternatives) => alternatives
            .iter()
            .map(|one| match &one.offer {
                Offer::Nothing => format!("[{}: -]", who(&one.holders)),
                Offer::Open => format!("[{}: ?]", who(&one.holders)),
                Offer::Words(words) => format!("[{}: {words}]", who(&one.holders)),
            })
            .collect::<Vec<_>>()
            .join(""),
    });
    pieces.collect::<Vec<_>>().join(" ")
}

/// Both parties hold the sound text.
fn agreed() -> Rolling {
    let mut rolling = Rolling::new(&[A, B]);
    rolling.propose(A, None, SOUND).unwrap();
    rolling.hold(B, SOUND, None).unwrap();
    assert_eq!(rolling.clean().as_deref(), Ok(SOUND));
    rolling
}

fn open(rolling: &Rolling) -> Vec<String> {
    rolling.open().iter().map(|open| format!("{}: {}", open.unit, open.brackets)).collect()
}

#[test]
fn a_proposal_is_all_in_brackets_until_the_other_side_speaks() {
    let mut rolling = Rolling::new(&[B, A]);
    rolling.propose(A, None, SOUND).unwrap();
    assert_eq!(rolling.open().len(), 12);
    let first = &rolling.open()[0];
    assert_eq!(
        (first.options[0].holders.as_slice(), first.silent.as_slice()),
        (&[A][..], &[B][..])
    );
    rolling.hold(B, SOUND, Some(&[key("clause 1"), key("head")])).unwrap();
    assert_eq!(rolling.open().len(), 10);
    assert!(rolling.clean().is_err());
}

#[test]
fn concurrent_texts_merge_clause_by_clause() {
    let mut rolling = agreed();
    let ours = SOUND.replace("sends receipts", "sends a receipt");
    let theirs = SOUND.replace("title = \"A test accord\"", "title = \"A better accord\"");
    rolling.propose(A, Some(SOUND), &ours).unwrap();
    rolling.propose(B, Some(SOUND), &theirs).unwrap();
    assert_eq!(open(&rolling), ["accord: 1", "clause 4: 1"]);
    assert_eq!(
        shown(&rolling, "clause 4", "prose.en"),
        "{actor} sends [B: receipts][A: a receipt] within {within} from {clock}."
    );
    assert_eq!(shown(&rolling, "accord", "title"), "A [A: test][B: better] accord");
    // Each accepts the other's: the text holds both changes.
    rolling.hold(A, &theirs, Some(&[key("accord")])).unwrap();
    rolling.hold(B, &ours, Some(&[key("clause 4")])).unwrap();
    let both = ours.replace("A test accord", "A better accord");
    assert_eq!(rolling.clean(), Ok(both));
}

#[test]
fn concurrent_changes_of_one_clause_stand_side_by_side() {
    let mut rolling = agreed();
    let old = unit(SOUND, "clause 4");
    let must = old.replace("sends receipts", "must send receipts");
    let should = old.replace("sends receipts", "should send receipts");
    rolling.change(A, &[change("clause 4", Some(old), &[Some(&must)], &[])]).unwrap();
    rolling.change(B, &[change("clause 4", Some(old), &[Some(&should), Some(old)], &[])]).unwrap();
    assert_eq!(
        shown(&rolling, "clause 4", "prose.en"),
        "{actor} [B: sends][A: must send][B: should send] receipts within {within} from {clock}."
    );
    assert_eq!(open(&rolling), ["clause 4: 1"]);
    // One of the options that B would accept is enough.
    rolling.hold(A, SOUND, Some(&[key("clause 4")])).unwrap();
    assert_eq!(rolling.clean().as_deref(), Ok(SOUND));
}

#[test]
fn words_are_bracketed_without_another_offer() {
    let mut rolling = agreed();
    let old = unit(SOUND, "clause 4");
    rolling.change(A, &[change("clause 4", Some(old), &[], &["sends receipts"])]).unwrap();
    assert_eq!(
        shown(&rolling, "clause 4", "prose.en"),
        "{actor} [B: sends receipts][A: ?] within {within} from {clock}."
    );
    assert_eq!(open(&rolling), ["clause 4: 1"]);
    // B lets it go: the words stay on the table though nobody holds them.
    rolling.let_go(B, &[key("clause 4")]).unwrap();
    assert_eq!(
        shown(&rolling, "clause 4", "prose.en"),
        "{actor} [: sends receipts][A: ?] within {within} from {clock}."
    );
    assert_eq!(rolling.open()[0].reserved, [A, B]);
    // A whole text that says nothing of the clause lifts no bracket.
    rolling.propose(A, Some(SOUND), &SOUND.replace("A test", "A fine")).unwrap();
    assert_eq!(open(&rolling), ["accord: 1", "clause 4: 2"]);
}

#[test]
fn clauses_are_put_in_and_left_out() {
    let mut rolling = agreed();
    let five = "\n[[clause]]\nid = \"3.1\"\nprose.en = \"x\"\nprose.de = \"y\"\n";
    let mut new = change("clause 3.1", None, &[Some(five)], &[]);
    new.note = "we need this".to_owned();
    rolling.change(A, &[new]).unwrap();
    let old = unit(SOUND, "clause 2");
    rolling.change(B, &[change("clause 2", Some(old), &[None], &[])]).unwrap();
    assert_eq!(open(&rolling), ["clause 2: 1", "clause 3.1: 1"]);
    let order: Vec<String> = rolling.view(None).iter().map(|v| v.unit.to_string()).collect();
    assert_eq!(order[8..11], ["clause 3", "clause 3.1", "clause 4"]);
    let views = rolling.view(Some("de"));
    let view = views.iter().find(|view| view.unit == key("clause 3.1")).unwrap();
    assert_eq!((view.silent.as_slice(), view.notes.len()), (&[B][..], 1));
    let paths: Vec<&str> = view.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(paths, ["id", "prose.de"]);
    rolling.change(A, &[change("clause 2", Some(old), &[Some(old), None], &[])]).unwrap();
    rolling.change(B, &[change("clause 3.1", None, &[Some(five)], &[])]).unwrap();
    let clean = rolling.clean().unwrap();
    assert_eq!(
        clean,
        SOUND
            .replace(old, "")
            .replace("\n[[clause]]\nid = \"4\"", &format!("{five}\n[[clause]]\nid = \"4\""))
    );
}

#[test]
fn what_nobody_wants_holds_nothing_up() {
    let mut rolling = agreed();
    let more = format!("{SOUND}\n[[clause]]\nid = \"9\"\nprose.en = \"x\"\nprose.de = \"y\"\n");
    rolling.propose(A, Some(SOUND), &more).unwrap();
    assert_eq!(open(&rolling), ["clause 9: 1"]);
    rolling.propose(A, Some(&more), SOUND).unwrap();
    assert_eq!(rolling.clean().as_deref(), Ok(SOUND), "B never spoke of it");
    // A text is as it was written, also if its last line has no end.
    let cut = SOUND.trim_end();
    rolling.hold(A, cut, None).unwrap();
    rolling.hold(B, cut, None).unwrap();
    assert_eq!(rolling.clean().as_deref(), Ok(cut));
}

#[test]
fn layout_alone_is_a_difference_too() {
    let mut rolling = agreed();
    let ours = SOUND.replace("[exit]\n", "# how to leave\n[exit]\n");
    rolling.propose(A, Some(SOUND), &ours).unwrap();
    assert_eq!(open(&rolling), ["exit: 1"]);
    assert!(shown(&rolling, "exit", "as written").contains("[A: # how to leave]"));
    let old = unit(SOUND, "exit");
    assert_eq!(
        rolling.content(&key("exit"), Choice::Text(Digest::plain(old.as_bytes()))),
        Some(old)
    );
}

#[track_caller]
fn refused(change: Change, code: &str, says: &str) {
    let before = agreed();
    let mut rolling = before.clone();
    // A good change in the same act has no effect either.
    let old = unit(SOUND, "exit");
    let good = super::Change { unit: key("exit"), ..self::change("exit", Some(old), &[None], &[]) };
    let fault = rolling.change(A, &[good, change]).unwrap_err();
    assert_eq!(fault.code(), code, "{fault}");
    assert!(fault.to_string().contains(says), "{fault}");
    assert_eq!(rolling, before);
}

#[test]
fn a_change_names_its_base_and_offers_just_its_unit() {
    let old = unit(SOUND, "clause 4");
    let other = unit(SOUND, "clause 3");
    let base = Some(old);
    refused(change("clause 4", Some("x"), &[Some(old)], &[]), "unknown_base", "clause 4");
    refused(change("clause 9", base, &[None], &[]), "unknown_base", "clause 9");
    refused(change("clause 4", None, &[], &[]), "no_base", "clause 4");
    refused(change("clause 4", None, &[Some(old)], &["sends"]), "no_base", "clause 4");
    refused(change("clause 4", base, &[Some(other)], &[]), "not_that_unit", "it is clause 3");
    refused(change("clause 4", base, &[Some("#")], &[]), "not_that_unit", "no unit");
    let two = format!("{old}{other}");
    refused(change("clause 4", base, &[Some(&two)], &[]), "not_that_unit", "2 units");
    refused(change("clause 4", base, &[Some("[[clause")], &[]), "not_that_unit", "fault");
    let hidden = format!("{old}# \u{202e}\n");
    refused(change("clause 4", base, &[Some(&hidden)], &[]), "not_that_unit", "right-to-left");
    refused(change("exit", base, &[None], &[]), "repeated", "exit");
    refused(change("clause 4", base, &[None, None], &[]), "repeated", "clause 4");
    let mut note = change("clause 4", base, &[None], &[]);
    note.note = "a\u{200b}".to_owned();
    refused(note.clone(), "hidden_character", "zero width space");
    note.note = "x".repeat(2_001);
    refused(note, "too_much", "bytes of a note: at most 2000");
}

#[test]
fn brackets_quote_words_that_stand_there_once() {
    let old = unit(SOUND, "clause 4");
    let quote = |words: &str| change("clause 4", Some(old), &[], &[words]);
    refused(quote("never"), "not_one_quote", "stand 0 times");
    refused(quote("receip"), "not_one_quote", "stand 0 times");
    refused(quote("{actor}"), "not_one_quote", "stand 2 times");
    refused(quote(" "), "not_one_quote", "stand 0 times");
    refused(quote("\u{202e}"), "hidden_character", "U+202E");
    refused(quote(&"x ".repeat(1_001)), "too_much", "bytes of bracketed words");
    let many: Vec<&str> = vec!["sends"; 65];
    refused(change("clause 4", Some(old), &[], &many), "too_much", "brackets in a unit");
}

#[test]
fn there_is_a_most_of_everything() {
    let old = unit(SOUND, "clause 4");
    let options: Vec<String> = (0..17).map(|n| format!("{old}# {n}\n")).collect();
    let options: Vec<Option<&str>> = options.iter().map(|option| Some(option.as_str())).collect();
    refused(change("clause 4", Some(old), &options, &[]), "too_much", "options for a unit");
    let long = format!("{old}# {}\n", "x".repeat(70_000));
    refused(change("clause 4", Some(old), &[Some(&long)], &[]), "too_much", "bytes of an option");
    let mut rolling = agreed();
    let many: Vec<Change> = (0..201).map(|n| change(&format!("x{n}"), None, &[], &[])).collect();
    let fault = rolling.change(A, &many).unwrap_err();
    assert_eq!(fault, RollingFault::TooMuch { what: "changes in one act", most: 200 });
    // One side can't fill the table for the other.
    let new = |n: usize| {
        let content = format!("[[clause]]\nid = \"{n}\"\n");
        change(&format!("clause {n}"), None, &[Some(&content)], &[])
    };
    let fill: Vec<Change> = (100..4_088).map(new).collect();
    for some in fill.chunks(200) {
        rolling.change(A, some).unwrap();
    }
    assert_eq!(rolling.change(A, &[new(5_000)]), Err(RollingFault::TooManyUnits));
    assert_eq!(rolling.change(B, &[new(5_000)]), Ok(()));
    assert_eq!(rolling.propose(PartyId::new([1; 32]), None, SOUND), Err(RollingFault::NotAParty));
    assert_eq!(rolling.let_go(A, &[key("clause 99")]).unwrap_err().code(), "unknown_unit");
    let unknown = rolling.hold(A, SOUND, Some(&[key("clause 99")])).unwrap_err();
    assert_eq!(unknown.to_string(), "no unit clause 99 is on the table");
    assert_eq!(rolling.propose(A, None, "[").unwrap_err().code(), "text_faulty");
}

/// Many long options of one clause, by as many parties as there may be.
#[test]
fn megabytes_of_brackets_are_shown_in_time() {
    let parties: Vec<PartyId> = (0..32).map(|n| PartyId::new([n; 32])).collect();
    let mut rolling = Rolling::new(&parties);
    for (n, party) in parties.iter().enumerate() {
        let option = |m: usize| {
            let words = format!("w{n} x{m} ").repeat(1_000);
            Some(format!("[[clause]]\nid = \"1\"\nprose.en = \"{words}\"\n"))
        };
        let options = (0..16).map(option).collect();
        let unit = key("clause 1");
        let change = Change { unit, base: None, options, words: Vec::new(), note: String::new() };
        rolling.change(*party, &[change]).unwrap();
    }
    let views = rolling.view(None);
    assert_eq!((views[0].options.len(), views[0].brackets), (512, 1));
}
