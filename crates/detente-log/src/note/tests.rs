use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{MAX_NOTE_BYTES, Note, NoteError, encode_signature_lines, parse_signature_lines};
use crate::blame::Blame;
use crate::key::{KeyName, KeyNameError, NoteSigner, VerifierKey};
use crate::testing::log_signer;

const TEXT: &str = "first\n\nlast\n";

fn signer(name: &str, seed: u8) -> NoteSigner {
    NoteSigner::new(KeyName::new(name).unwrap(), &[seed; 32])
}

#[test]
fn signed_notes_verify() {
    let (one, two) = (log_signer(), signer("two.example", 2));
    let note = Note::sign(TEXT, &[&one, &two]).unwrap();
    let keys = [two.verifier().clone(), one.verifier().clone()];
    let verified = Note::parse(note.to_string().as_bytes()).unwrap().verify(&keys).unwrap();
    assert_eq!(verified.text(), TEXT);
    assert_eq!(verified.signers(), [two.verifier().name().clone(), one.verifier().name().clone()]);
    assert_eq!(verified.note(), &note);
}

#[test]
fn texts_that_no_note_can_carry() {
    let one = log_signer();
    for text in ["", "no newline", "tab\t\n", "zero\0\n"] {
        assert_eq!(Note::sign(text, &[&one]), Err(NoteError::Text), "{text:?}");
    }
    assert_eq!(Note::sign(TEXT, &[]), Err(NoteError::Unsigned));
    let twice = Note::sign(TEXT, &[&one, &one]);
    assert_eq!(twice, Err(NoteError::Duplicate { name: one.verifier().name().clone() }));
    let long = "x".repeat(MAX_NOTE_BYTES - 10) + "\n";
    assert!(matches!(Note::sign(&long, &[&one]), Err(NoteError::TooLong { .. })));
}

#[test]
fn long_notes_are_refused_before_they_are_read() {
    let bytes = vec![b'\xff'; MAX_NOTE_BYTES + 1];
    let error = Note::parse(&bytes).unwrap_err();
    assert_eq!(error, NoteError::TooLong { got: MAX_NOTE_BYTES + 1 });
    assert_eq!(error.blame(), Blame::Peer);
}

#[test]
fn keys_with_one_name_and_id_are_the_callers_fault() {
    let one = log_signer();
    let keys = [one.verifier().clone(), one.verifier().clone()];
    let error = Note::sign(TEXT, &[&one]).unwrap().verify(&keys).unwrap_err();
    assert!(matches!(error, NoteError::AmbiguousKey { .. }));
    assert_eq!(error.blame(), Blame::Caller);
}

#[test]
fn names_without_spaces_or_plus() {
    assert_eq!(KeyName::new(""), Err(KeyNameError::Empty));
    for name in ["a b", "a+b", "a\u{a0}b", "a\u{2003}b", "a\u{85}b", "a\nb", "a\u{1}b"] {
        assert_eq!(KeyName::new(name), Err(KeyNameError::Character), "{name:?}");
    }
    assert_eq!(KeyName::new("bücher.example/a").unwrap().as_str(), "bücher.example/a");
}

#[test]
fn secrets_are_not_printed() {
    let shown = format!("{:?}", signer("a", 0xab));
    assert!(shown.contains("SecretKey,") && !shown.contains("abab") && !shown.contains("171"));
}

#[test]
fn answers_are_lines_and_nothing_else() {
    let note = Note::sign(TEXT, &[&log_signer()]).unwrap();
    let body = encode_signature_lines(note.lines());
    assert_eq!(parse_signature_lines(body.as_bytes()).unwrap(), note.lines());
    for wrong in ["", "\n", "x\n", body.trim_end(), &format!("{body}\n"), &format!("\n{body}")] {
        assert!(parse_signature_lines(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in any::<Vec<u8>>()) {
        if let Ok(note) = Note::parse(&bytes) {
            prop_assert_eq!(note.to_string().into_bytes(), bytes.clone());
        }
        if let Ok(lines) = parse_signature_lines(&bytes) {
            prop_assert_eq!(encode_signature_lines(&lines).into_bytes(), bytes);
        }
    }

    #[test]
    fn near_notes_are_read_in_one_way(
        text in "([ab\n]{0,9}\n\n)?(\u{2014}|-)( [a+ ]{0,3}){0,2} [A-D+/=]{0,12}\n?",
    ) {
        if let Ok(note) = Note::parse(text.as_bytes()) {
            prop_assert_eq!(note.to_string(), text);
        }
    }

    #[test]
    fn vkeys_are_read_in_one_way(text in "[a+]{0,3}\\+[0-9a-fA-F]{7,9}\\+[A-Za-z0-9+/=]{0,48}") {
        if let Ok(key) = VerifierKey::parse(&text) {
            prop_assert_eq!(key.to_vkey(), text);
        }
    }

    /// Not one altered byte passes: what is not read differently is refused.
    #[test]
    fn altered_notes_are_refused(at in any::<proptest::sample::Index>(), bit in 0_u8..8) {
        let one = log_signer();
        let mut bytes = Note::sign(TEXT, &[&one]).unwrap().to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let keys = [one.verifier().clone()];
        prop_assert!(Note::parse(&bytes).and_then(|note| note.verify(&keys)).is_err());
    }
}
