//! `accord.json`: which accord this is, who its parties are, how long their logs are.
//!
//! Written by hand, so that there is one spelling. The reader takes that spelling line by line and
//! only what the audit begins with; the comparison of the whole folder checks the rest.

use detente_accord::{MAX_PARTIES, MAX_SLUG};
use detente_core::{AccordId, PartyId, log_origin, words};

/// The format and its version.
const FORMAT: &str = "detente/record/1";

/// What the file says of a party.
pub(crate) struct PartyLine<'a> {
    pub(crate) id: PartyId,
    /// None as long as the party has not entered its card.
    pub(crate) name: Option<&'a str>,
    pub(crate) size: u64,
}

/// What the audit begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) accord: AccordId,
    pub(crate) slug: String,
    /// Objects that were written beside it.
    pub(crate) objects: usize,
    /// Parties with the size of their logs, in the order of the file.
    pub(crate) parties: Vec<(PartyId, u64)>,
}

/// Why a head is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeadError {
    #[error("line {line} is not as this format writes it")]
    Line { line: usize },
    #[error("the file is not UTF-8")]
    NotUtf8,
    #[error("the accord's id is not that of its slug and parties")]
    OtherAccord,
    #[error("an accord has 2 to {MAX_PARTIES} parties, each once, in ascending order")]
    Parties,
    #[error("the slug is not of at most {MAX_SLUG} lower-case letters, digits and hyphens")]
    Slug,
}

/// Checks what must hold between slug, parties and id.
pub(crate) fn check_head(
    accord: AccordId,
    slug: &str,
    parties: &[PartyId],
) -> Result<(), HeadError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if slug.len() > MAX_SLUG || !slug.bytes().all(plain) {
        return Err(HeadError::Slug);
    }
    let ascending = parties.windows(2).all(|pair| pair[0] < pair[1]);
    if !ascending || !(2..=MAX_PARTIES).contains(&parties.len()) {
        return Err(HeadError::Parties);
    }
    if AccordId::derive(slug, parties) != accord {
        return Err(HeadError::OtherAccord);
    }
    Ok(())
}

/// The file with another number of objects.
pub(crate) fn recount(file: &[u8], from: usize, to: usize) -> Vec<u8> {
    let line = |objects: usize| format!("  \"objects\": {objects},\n");
    String::from_utf8_lossy(file).replacen(&line(from), &line(to), 1).into_bytes()
}

/// Writes the file.
pub(crate) fn write(
    accord: AccordId,
    slug: &str,
    objects: usize,
    parties: &[PartyLine<'_>],
) -> Vec<u8> {
    let mut out = String::from("{\n");
    out.push_str(&format!("  \"format\": {},\n", quote(FORMAT)));
    out.push_str(&format!("  \"accord\": \"{accord}\",\n"));
    out.push_str(&format!("  \"slug\": {},\n", quote(slug)));
    out.push_str(&format!("  \"objects\": {objects},\n"));
    out.push_str("  \"parties\": [\n");
    for (at, party) in parties.iter().enumerate() {
        let name = party.name.map_or_else(|| "null".to_owned(), quote);
        let origin = quote(&log_origin(accord, party.id));
        out.push_str("    {\n");
        out.push_str(&format!("      \"id\": \"{}\",\n", party.id));
        out.push_str(&format!("      \"name\": {name},\n"));
        out.push_str(&format!("      \"fingerprint\": {},\n", quote(&words(&party.id))));
        out.push_str(&format!("      \"origin\": {origin},\n"));
        out.push_str(&format!("      \"size\": {}\n", party.size));
        out.push_str(if at + 1 < parties.len() { "    },\n" } else { "    }\n" });
    }
    out.push_str("  ]\n}\n");
    out.into_bytes()
}

/// A JSON string (RFC 8259 §7): only what must be escaped is.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The lines of the file, counted.
struct Lines<'a> {
    rest: std::str::Lines<'a>,
    line: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a str, HeadError> {
        self.line += 1;
        self.rest.next().ok_or(self.wrong())
    }

    const fn wrong(&self) -> HeadError {
        HeadError::Line { line: self.line }
    }

    /// What stands between `before` and `after` on the next line.
    fn between(&mut self, before: &str, after: &str) -> Result<&'a str, HeadError> {
        let line = self.next()?;
        let inner = line.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        inner.ok_or(self.wrong())
    }

    fn exactly(&mut self, want: &str) -> Result<(), HeadError> {
        if self.next()? == want {
            return Ok(());
        }
        Err(self.wrong())
    }

    fn parsed<T: std::str::FromStr>(&self, text: &str) -> Result<T, HeadError> {
        text.parse().map_err(|_| self.wrong())
    }
}

/// Reads the head of the file.
pub(crate) fn read(bytes: &[u8]) -> Result<Head, HeadError> {
    let text = std::str::from_utf8(bytes).map_err(|_| HeadError::NotUtf8)?;
    let lines = &mut Lines { rest: text.lines(), line: 0 };
    lines.exactly("{")?;
    lines.exactly(&format!("  \"format\": {},", quote(FORMAT)))?;
    let accord = lines.between("  \"accord\": \"", "\",")?;
    let accord = lines.parsed(accord)?;
    let slug = lines.between("  \"slug\": \"", "\",")?.to_owned();
    // Another spelling of the number is found when the whole file is compared.
    let objects = lines.between("  \"objects\": ", ",")?.parse().unwrap_or(0);
    lines.exactly("  \"parties\": [")?;
    let mut parties = Vec::new();
    loop {
        if parties.len() == MAX_PARTIES {
            return Err(HeadError::Parties);
        }
        lines.exactly("    {")?;
        let id = lines.between("      \"id\": \"", "\",")?;
        let id = lines.parsed(id)?;
        lines.between("      \"name\": ", ",")?;
        lines.between("      \"fingerprint\": \"", "\",")?;
        lines.between("      \"origin\": \"", "\",")?;
        let size = lines.between("      \"size\": ", "")?;
        parties.push((id, lines.parsed(size)?));
        match lines.next()? {
            "    }" => break,
            "    }," => {}
            _ => return Err(lines.wrong()),
        }
    }
    lines.exactly("  ]")?;
    lines.exactly("}")?;
    let ids: Vec<PartyId> = parties.iter().map(|(party, _)| *party).collect();
    check_head(accord, &slug, &ids)?;
    Ok(Head { accord, slug, objects, parties })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Head, HeadError, PartyLine, quote, read, write};
    use detente_core::{AccordId, PartyId};

    const PARTIES: [PartyId; 2] = [PartyId::new([1; 32]), PartyId::new([2; 32])];

    fn sample(name: Option<&str>) -> (AccordId, Vec<u8>) {
        let accord = AccordId::derive("test-0", &PARTIES);
        let line = |id, size| PartyLine { id, name, size };
        let lines = [line(PARTIES[0], 7), line(PARTIES[1], 0)];
        (accord, write(accord, "test-0", 3, &lines))
    }

    #[test]
    fn a_head_comes_back() {
        let (accord, bytes) = sample(Some("a \"quoted\" \\ name"));
        let slug = "test-0".to_owned();
        let parties = vec![(PARTIES[0], 7), (PARTIES[1], 0)];
        assert_eq!(read(&bytes), Ok(Head { accord, slug, objects: 3, parties }));
    }

    #[test]
    fn strings_are_json() {
        assert_eq!(quote("a\"b\\c\u{1}é"), "\"a\\\"b\\\\c\\u0001é\"");
    }

    #[test]
    fn an_id_that_is_not_of_its_parties_is_refused() {
        let (accord, bytes) = sample(None);
        let text = String::from_utf8(bytes).unwrap();
        let other = AccordId::new([9; 32]);
        let text = text.replace(&format!("\"{accord}\""), &format!("\"{other}\""));
        assert_eq!(read(text.as_bytes()), Err(HeadError::OtherAccord));
        let slug = text.replace("test-0", "test-1");
        assert_eq!(read(slug.as_bytes()), Err(HeadError::OtherAccord));
        let slug = text.replace("test-0", "../../x");
        assert_eq!(read(slug.as_bytes()), Err(HeadError::Slug));
    }

    proptest! {
        #[test]
        fn foreign_bytes_never_panic(
            at in any::<prop::sample::Index>(),
            junk in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let (_, mut bytes) = sample(Some("x"));
            let at = at.index(bytes.len());
            bytes.splice(at..at, junk);
            let _ = read(&bytes);
        }
    }
}
