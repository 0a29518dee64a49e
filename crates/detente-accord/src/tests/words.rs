//! Terms that parties mean differently, annexes, amendments: what a text says of them.

use super::{SOUND, refused};
use crate::{Accord, AnnexFault, AnnexKind, Meaning};
use detente_core::Digest;

const AGREED: &str = "status = \"agreed\"\ntext.en = \"a normalised observable\"\ntext.de = \"ein \
    normalisiertes Merkmal\"\n";
const DIVERGENT: &str = "status = \"divergent\"\n\
    text.B.en = \"what a sensor reports\"\ntext.B.de = \"was ein Sensor meldet\"\n\
    text.A.de = \"ein normalisiertes Merkmal\"\ntext.A.en = \"a normalised observable\"\n\
    note.en = \"A wants a normal form\"\nnote.de = \"A will eine Normalform\"\n";
const ANNEX: &str = "[[annex]]\nid = \"objects\"\nkind = \"protected-objects\"\n\
    title.en = \"What is off limits\"\ntitle.de = \"Was tabu ist\"\nbytes = 3\n\
    sha256 = \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"\n\
    media_type = \"text/csv\"\n\n";

fn parse(text: &str) -> Accord {
    Accord::parse(text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

#[test]
fn each_party_says_what_it_means() {
    let accord = parse(&SOUND.replace(AGREED, DIVERGENT));
    let definition = &accord.definitions[0];
    let Meaning::Divergent(meanings) = &definition.meaning else { panic!("{definition:?}") };
    assert_eq!((meanings[0].0.as_str(), meanings[1].0.as_str()), ("A", "B"));
    assert_eq!(meanings[0].1[0], ("en".to_owned(), "a normalised observable".to_owned()));
    assert_eq!(definition.note[1].0, "de");
    assert!(matches!(parse(SOUND).definitions[0].meaning, Meaning::Agreed(_)));
}

#[test]
fn a_divergence_is_said_whole() {
    assert!(SOUND.contains(AGREED), "{AGREED}");
    let with = |from: &str, to: &str| {
        assert!(DIVERGENT.contains(from), "{from}");
        DIVERGENT.replace(from, to)
    };
    let one = "status = \"divergent\"\ntext.en = \"a\"\ntext.de = \"b\"\n";
    refused(AGREED, one, "one_meaning", "does not say who means what");
    let same = with("what a sensor reports", "a normalised  observable")
        .replace("was ein Sensor meldet", "ein normalisiertes Merkmal");
    refused(AGREED, &same, "one_meaning", "all parties mean the same");
    refused(AGREED, &with("text.B", "text.C"), "unknown_party", "names party \"C\"");
    refused(AGREED, &with("text.B", "text.C"), "missing_party", "what party B means");
    let part = with("text.B.de = \"was ein Sensor meldet\"\n", "");
    refused(AGREED, &part, "missing_language", "of party B has no text in de");
    refused(AGREED, &with("note.de", "note.fr"), "missing_language", "the note on");
    refused(AGREED, &with("A wants", "500 want"), "prose_contradicts", "500");
    refused(AGREED, &with("reports", "reports in a day"), "prose_contradicts", "a day");
    let noted = format!("{AGREED}note.en = \"x\"\n");
    refused(AGREED, &noted, "bad_value", "is agreed, and has a note");
    refused("status = \"agreed\"", "status = \"vague\"", "bad_value", "vague");
}

#[test]
fn annexes_stand_by_their_digest_and_are_shown_by_title() {
    let text = SOUND
        .replace("[[clause]]\nid = \"1\"", &format!("{ANNEX}[[clause]]\nid = \"1\""))
        .replace("clause 2 notwithstanding", "clause 2 notwithstanding, see {annex.objects}")
        .replace("ungeachtet Klausel 2", "ungeachtet Klausel 2, siehe {annex.objects}");
    let accord = parse(&text);
    let annex = &accord.annexes[0];
    assert_eq!((annex.kind, annex.bytes), (AnnexKind::ProtectedObjects, 3));
    let prose = &accord.clause("3").unwrap().prose;
    assert!(
        prose[0].1.ends_with("see What is off limits (SHA-256 ba7816bf8f01cfea)."),
        "{prose:?}"
    );
    assert!(prose[1].1.ends_with("siehe Was tabu ist (SHA-256 ba7816bf8f01cfea)."), "{prose:?}");
    assert_eq!(annex.check(b"abc"), Ok(()));
    assert_eq!(annex.check(b"abcd"), Err(AnnexFault::Length { have: 4, want: 3 }));
    let fault = AnnexFault::Content { have: Digest::plain(b"abd"), want: annex.sha256 };
    assert_eq!(annex.check(b"abd"), Err(fault));
    let unknown = text.replace("{annex.objects}", "{annex.others}");
    assert!(Accord::parse(unknown.as_bytes()).is_err());
}

#[test]
fn an_annex_says_what_it_is() {
    let at = "[[clause]]\nid = \"1\"";
    let with = |from: &str, to: &str| {
        assert!(ANNEX.contains(from), "{from}");
        format!("{}{at}", ANNEX.replace(from, to))
    };
    refused(at, &with("\"objects\"", "\"Objects 1\""), "bad_value", "the id of an annex");
    refused(at, &with("protected-objects", "list"), "bad_value", "`kind`");
    refused(at, &with("bytes = 3", "bytes = -3"), "bad_value", "`bytes`");
    refused(at, &with("bytes = 3", "bytes = 300000000"), "bad_value", "268435456");
    refused(at, &with("bytes = 3\n", ""), "missing_field", "no `bytes`");
    refused(at, &with("ba7816", "BA7816"), "bad_value", "`sha256`");
    refused(at, &with("text/csv", "csv"), "bad_value", "the media type");
    refused(at, &with("title.de", "title.fr"), "missing_language", "annex \"objects\"");
    refused(at, &with("off limits", "marked red"), "prose_contradicts", "TLP:RED");
    let twice = format!("{}{}", ANNEX, with("", ""));
    refused(at, &twice, "repeated", "annex \"objects\" stands twice");
    let many: String = (0..101).map(|n| ANNEX.replace("objects\"", &format!("o{n}\""))).collect();
    let text = SOUND.replace(at, &format!("{many}{at}").replace("protected-o", "o"));
    assert!(Accord::parse(text.as_bytes()).unwrap_err().0.iter().any(|f| f.code == "too_many"));
}

#[test]
fn an_amendment_says_what_it_amends_and_from_when_it_governs() {
    let expires = "expires = \"2030-12-31\"\n";
    let amends = format!("amends = \"{}\"\neffective = \"2029-01-01\"\n", Digest::plain(b"x"));
    let accord = parse(&SOUND.replace(expires, &format!("{expires}{amends}")));
    assert_eq!(accord.amends, Some(Digest::plain(b"x")));
    assert_eq!(accord.effective.unwrap().to_string(), "2029-01-01T00:00:00Z");
    let shown = SOUND
        .replace(expires, &format!("{expires}{amends}"))
        .replace("from {clock}.", "from {clock}, as of {accord.effective}.");
    assert!(parse(&shown).clauses[3].prose[0].1.ends_with("as of 2029-01-01T00:00:00Z."));
    let plain = parse(SOUND);
    assert_eq!((plain.amends, plain.effective), (None, None));
    let late = format!("{expires}effective = \"2031-01-01\"\n");
    refused(expires, &late, "bad_value", "has expired by then");
    refused(expires, &format!("{expires}amends = \"abc\"\n"), "bad_value", "`amends`");
}
