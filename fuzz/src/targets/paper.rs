//! Targets of detente-paper: documents that somebody sends, two texts that are compared.

use detente_paper::{DocumentFormat, Edit, read_document, redline, write_document};

use super::accord::SOUND;
use crate::Target;

/// The table of this crate.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "paper_document", run: document, seeds: document_seeds },
    Target { name: "paper_redline", run: difference, seeds: difference_seeds },
];

/// A document; what is taken from it gives just that document again.
fn document(bytes: &[u8]) -> bool {
    let Ok(document) = std::str::from_utf8(bytes) else { return false };
    let Ok(text) = read_document(document) else { return false };
    let again = [DocumentFormat::Html, DocumentFormat::Markdown]
        .map(|format| write_document(&text, format).expect("its text is sound"));
    assert!(again.iter().any(|again| again == document), "a document says something else");
    true
}

fn document_seeds() -> Vec<Vec<u8>> {
    [DocumentFormat::Html, DocumentFormat::Markdown]
        .map(|format| write_document(SOUND, format).expect("sound").into_bytes())
        .to_vec()
}

/// Two texts with a zero byte between.
fn difference(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Some((old, new)) = text.split_once('\0') else { return false };
    let Ok(redline) = redline(old, new) else { return false };
    assert!(old != new || redline.units.is_empty(), "a text differs from itself");
    let fields = redline.units.iter().flat_map(|unit| &unit.fields);
    for field in fields {
        let same = field.edits.iter().all(|edit| matches!(edit, Edit::Same(_)));
        assert!(!same, "a field that is the same is shown as changed");
    }
    true
}

fn difference_seeds() -> Vec<Vec<u8>> {
    let new = SOUND.replace("P10D", "P5D").replace("clause 2", "clause 1");
    vec![format!("{SOUND}\0{new}").into_bytes(), format!("{new}\0{SOUND}").into_bytes()]
}
