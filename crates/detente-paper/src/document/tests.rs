use proptest::prelude::*;

use super::{
    DocumentFault, DocumentFormat, MAX_DOCUMENT, RedlineNames, read_document, write_document,
    write_redline,
};
use crate::{SOUND, redline};

const BOTH: [DocumentFormat; 2] = [DocumentFormat::Html, DocumentFormat::Markdown];
const RICH: &str = include_str!("../../../../vectors/accord/sound_divergent.toml");
const ANNEX: &str = include_str!("../../../../vectors/accord/sound_annex.toml");
const AMENDMENT: &str = include_str!("../../../../vectors/accord/sound_amendment.toml");

#[test]
fn the_text_comes_back_byte_for_byte() {
    for text in [SOUND, RICH, ANNEX, AMENDMENT, SOUND.trim_end()] {
        for text in [text.to_owned(), text.replace('\n', "\r\n"), format!("{text}\n# ```` <!--\n")]
        {
            for format in BOTH {
                let document = write_document(&text, format).unwrap();
                assert_eq!(read_document(&document).as_ref(), Ok(&text), "{format}");
            }
        }
    }
}

#[test]
fn a_document_says_what_the_text_says() {
    for format in BOTH {
        let text = RICH.replace("CERT Alpha", "CERT <Alpha> & *Söhne*");
        let document = write_document(&text, format).unwrap();
        let alpha = match format {
            DocumentFormat::Html => "CERT &lt;Alpha&gt; &amp; *Söhne*",
            DocumentFormat::Markdown => "CERT \\<Alpha\\> \\& \\*Söhne\\*",
        };
        for says in [
            alpha,
            "A sound accord",
            "what a sensor reports",
            "A wants a normal form",
            "Either party may release matched indicators",
            "max tlp",
            "90 days",
            "Signature",
            "duty-officer",
        ] {
            assert!(document.contains(says), "{format} {says}\n{document}");
        }
        let document = write_document(AMENDMENT, format).unwrap();
        assert!(document.contains("Governs from") && document.contains(&"c".repeat(64)));
        let german = SOUND.replace("[\"en\", \"de\"]", "[\"de\", \"en\"]");
        let document = write_document(&german, format).unwrap();
        assert!(document.contains("Unterschriften"), "{document}");
    }
    let html = write_document(ANNEX, DocumentFormat::Html).unwrap();
    assert!(!html.contains("<script") && !html.contains("src=") && !html.contains("href="));
    assert!(html.contains("@page") && html.contains("What is off limits / Was tabu ist"));
}

#[test]
fn an_edited_document_is_refused_with_the_place() {
    for format in BOTH {
        let document = write_document(SOUND, format).unwrap();
        let edited = document.replacen("90 days", "10 days", 1);
        let line = 1 + document[..document.find("90 days").unwrap()].matches('\n').count();
        let fault = read_document(&edited).unwrap_err();
        let DocumentFault::Edited { line: at, says, text } = &fault else { panic!("{fault}") };
        assert!(*at == line && says.contains("10 days") && text.contains("90 days"), "{fault}");
        // The text was edited, the readable part not.
        let at = document.rfind("P90D").unwrap();
        let edited = format!("{}P10D{}", &document[..at], &document[at + 4..]);
        assert_eq!(read_document(&edited).unwrap_err().code(), "document_digest");
        // Something was put behind it, or the end was cut off.
        let more = format!("{document}and more\n");
        assert_eq!(read_document(&more).unwrap_err().code(), "document_edited");
        let cut = &document[..document.len() - 40];
        assert!(read_document(cut).is_err());
        // Line ends were changed on the way.
        let fault = read_document(&document.replace('\n', "\r\n")).unwrap_err();
        assert!(matches!(fault.code(), "no_document" | "document_without_text"), "{fault}");
        let version = match format {
            DocumentFormat::Html => document.replace("data-version=\"1\"", "data-version=\"2\""),
            DocumentFormat::Markdown => document.replace("detente-text 1", "detente-text 2"),
        };
        assert_eq!(read_document(&version).unwrap_err().code(), "document_version");
    }
}

/// Both readable part and digest fit one another, but the text is not sound, or was swapped for one
/// that hides in the other.
#[test]
fn a_forged_document_is_refused() {
    for format in BOTH {
        let honest = write_document(SOUND, format).unwrap();
        let inner = write_document(&SOUND.replace("P90D", "P10D"), format).unwrap();
        let both = format!("{honest}{inner}");
        assert_eq!(read_document(&both).unwrap_err().code(), "document_edited");
        assert_eq!(read_document("# x\n").unwrap_err().code(), "document_without_text");
        assert_eq!(read_document("x").unwrap_err().code(), "no_document");
    }
    let forged = "# x\n<!-- detente-text 1 sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca\
        495991b7852b855 bytes=0 -->\n```toml\n```\n";
    assert_eq!(read_document(forged).unwrap_err().code(), "text_faulty");
    let far = forged.replace("bytes=0", "bytes=99999999");
    assert_eq!(read_document(&far).unwrap_err().code(), "document_without_text");
    let long = "# ".to_owned() + &"x".repeat(MAX_DOCUMENT);
    assert_eq!(read_document(&long).unwrap_err(), DocumentFault::TooLong);
}

#[test]
fn a_redline_is_a_page_too() {
    let new = SOUND.replace("sends receipts", "sends <receipts>").replace("P90D", "P30D");
    let redline = redline(SOUND, &new).unwrap();
    let names = RedlineNames { old: "v1", new: "v2" };
    let html = write_redline(&redline, names, DocumentFormat::Html).unwrap();
    assert!(html.contains("<ins>&lt;</ins> receipts <ins>&gt;</ins>"), "{html}");
    assert!(html.contains("<del>P90D</del> <ins>P30D</ins>") && html.contains("v1 \u{2192} v2"));
    let markdown = write_redline(&redline, names, DocumentFormat::Markdown).unwrap();
    assert!(markdown.contains("**notice** <del>P90D</del> <ins>P30D</ins>"), "{markdown}");
    assert!(
        markdown.contains("## clause 4: changed") && markdown.contains("10 units are the same")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_title_comes_back(title in "[\\PC&&[^\\p{C}\"\\\\0-9]]{1,40}") {
        let text = SOUND.replace("A sound accord", &title);
        for format in BOTH {
            if let Ok(document) = write_document(&text, format) {
                prop_assert_eq!(read_document(&document), Ok(text.clone()));
            }
        }
    }

    #[test]
    fn any_document_is_taken_or_refused(
        from in 0_usize..4_000,
        to in 0_usize..400,
        c in any::<char>(),
    ) {
        for format in BOTH {
            let document = write_document(SOUND, format).unwrap();
            let chars: Vec<char> = document.chars().collect();
            let from = from % chars.len();
            let mut edited: String = chars[..from].iter().collect();
            edited.push(c);
            edited.extend(chars.iter().skip(from + to));
            if edited != document {
                prop_assert!(read_document(&edited).is_err());
            }
        }
    }
}
