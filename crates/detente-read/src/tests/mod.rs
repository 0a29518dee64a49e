//! The readers as a whole: what is taken, refused and skipped, and that nothing goes unaccounted.

mod csv;
mod hosts;
mod json;
mod list;
mod misp;
mod ndjson;
mod openioc;
mod pattern;
mod property;
mod stix;
mod vectors;

use std::io::{self, BufReader, Read};

use super::{Format, Options, ReadFault, Refusal, Sink, SinkFault, Summary, read};
use detente_intel::Indicator;

/// A sink that keeps everything.
#[derive(Default)]
pub(crate) struct Kept {
    taken: Vec<Indicator>,
    /// What its source has taken back.
    revoked: Vec<Indicator>,
    refused: Vec<Refusal>,
    progress: Vec<u64>,
    fail_at: Option<usize>,
}

impl Sink for Kept {
    fn take(&mut self, indicator: Indicator) -> Result<(), SinkFault> {
        if self.fail_at == Some(self.taken.len()) {
            return Err(SinkFault("full".into()));
        }
        let all = if indicator.context.revoked { &mut self.revoked } else { &mut self.taken };
        all.push(indicator);
        Ok(())
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.refused.push(refusal);
    }

    fn progress(&mut self, bytes_read: u64) {
        self.progress.push(bytes_read);
    }
}

impl Kept {
    /// Which of what was taken is closed, in order.
    pub(crate) fn closed(&self) -> Vec<bool> {
        self.taken.iter().map(|one| one.context.markings.is_closed()).collect()
    }

    fn values(&self) -> Vec<String> {
        self.taken.iter().map(|i| format!("{:?}", i.observable)).collect()
    }

    fn codes(&self) -> Vec<(String, &'static str)> {
        self.refused.iter().map(|r| (r.place.to_string(), r.reason.code())).collect()
    }
}

fn options(format: Format) -> Options {
    Options { format, source: "test".to_owned(), ..Options::default() }
}

fn run_with(options: &Options, content: impl AsRef<[u8]>) -> (Kept, Summary) {
    let mut kept = Kept::default();
    let summary = read(content.as_ref(), options, &mut kept).expect("content is never a fault");
    assert!(summary.is_balanced(), "{summary:?}");
    assert_eq!(summary.taken, kept.taken.len() as u64);
    assert_eq!(summary.refused_total(), kept.refused.len() as u64);
    for indicator in &kept.taken {
        assert_eq!(indicator.context.check(), Ok(()));
    }
    for refusal in &kept.refused {
        assert!(!refusal.excerpt.chars().any(char::is_control), "{refusal:?}");
    }
    (kept, summary)
}

fn run(format: Format, content: impl AsRef<[u8]>) -> (Kept, Summary) {
    run_with(&options(format), content)
}

/// A reader that gives one byte at a time, so that every buffer boundary is tried.
struct Drip<'a>(&'a [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match (self.0.split_first(), buffer.first_mut()) {
            (Some((byte, rest)), Some(slot)) => {
                *slot = *byte;
                self.0 = rest;
                Ok(1)
            }
            _ => Ok(0),
        }
    }
}

fn dripped(format: Format, content: &[u8]) -> (Kept, Summary) {
    let mut kept = Kept::default();
    let input = BufReader::with_capacity(1, Drip(content));
    let summary = read(input, &options(format), &mut kept).expect("content is never a fault");
    (kept, summary)
}

#[test]
fn auto_tells_formats_apart() {
    for (content, format) in [
        ("evil.com\n", Format::List),
        ("[2001:db8::1]\n", Format::List),
        ("{evil.com}\n", Format::List),
        ("", Format::List),
        ("# a list\n1.2.3.4\n", Format::List),
        ("evil.com,some comment\n", Format::List),
        ("type,indicator,tlp\ndomain,evil.com,red\n", Format::Csv),
        (
            "# a feed\n# \"first_seen_utc\",\"ioc_id\",\"ioc_value\"\n\"x\",\"1\",\"evil.com\"\n",
            Format::Csv,
        ),
        ("\"2020-01-01\",\"evil.com\"\n", Format::Csv),
        ("{\"type\":\"bundle\",\"objects\":[]}", Format::Stix),
        (" \n[ {\"type\":\"indicator\"} ]", Format::Stix),
        ("{\"objects\":[{\"description\":\"\\\"Event\\\"\"}],\"x\":{\"Event\":1}}", Format::Stix),
        ("\u{feff}{\"Event\":{}}", Format::Misp),
        ("{\"response\":[]}", Format::Misp),
        ("[{\"Event\":{}}]", Format::Misp),
        ("0.0.0.0 bad.example\n", Format::Hosts),
        ("<?xml version=\"1.0\"?>\n<ioc id=\"1\"/>", Format::OpenIoc),
        ("\u{feff}<!-- x --><OpenIOC/>", Format::OpenIoc),
        ("<p:x xmlns:p=\"http://schemas.mandiant.com/2010/ioc\"/>", Format::OpenIoc),
        ("<bob@example.org>\n<evil.com>\n", Format::List),
        ("{\"type\":\"a\"}\n{\"type\":\"b\"}", Format::Ndjson),
        ("{\"type\":\"tool\",\"id\":\"tool--1\"}\n", Format::Ndjson),
        ("{\"a\":\n{\"b\":1}}", Format::Auto),
        ("<html>evil.com</html>", Format::Auto),
    ] {
        let (_, summary) = run(Format::Auto, content);
        assert_eq!(summary.format, format, "{content:?}");
    }
}

#[test]
fn what_is_none_of_ours_is_named_and_not_read() {
    let uuid = "57fec633-8d42-44d9-90df-dd15dfaceea8";
    let manifest =
        format!("{{\"{uuid}\": {{\"Orgc\": {{}}, \"info\": \"x\", \"timestamp\": \"1\"}}}}");
    let hashes = format!("d41d8cd98f00b204e9800998ecf8427e,{uuid}\n").repeat(500);
    let stix1 = "<stix:STIX_Package xmlns:stix=\"http://stix.mitre.org/stix-1\">x</x>";
    for (content, code) in [
        ("<!DOCTYPE html>\n<p>evil.com", "markup"),
        ("<?xml version=\"1.0\"?><rss><link>http://evil.com/</link></rss>", "markup"),
        (stix1, "stix_1"),
        (&manifest, "misp_manifest"),
        (&hashes, "misp_hashes"),
        ("{\"evil.com\": [1]}", "unknown_json"),
    ] {
        let (kept, summary) = run(Format::Auto, content);
        assert_eq!(summary.broken.as_ref().map(|reason| reason.code()), Some(code), "{content}");
        assert_eq!((kept.taken.len(), summary.format), (0, Format::Auto), "{content}");
    }
    // Said to be a list, it is one.
    assert_eq!(run(Format::List, "<p>evil.com</p>\n").1.broken, None);
    assert_eq!(run(Format::List, &hashes).1.taken, 500);
}

#[test]
fn what_is_no_text_is_a_fault() {
    for (content, code) in [(&b"\x1f\x8b\x08\x00"[..], "compressed"), (b"PK\x03\x04", "compressed")]
    {
        let fault = read(content, &options(Format::Auto), &mut Kept::default());
        assert_eq!(fault.map_err(|fault| fault.code()), Err(code));
    }
}

#[test]
fn faults_of_input_and_sink_come_back() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    for format in Format::ALL {
        let head = b"{\"objects\":[".as_slice();
        let input = BufReader::new(head.chain(Broken));
        let fault = read(input, &options(format), &mut Kept::default());
        assert!(matches!(fault, Err(ReadFault::Io(_))), "{format:?}");
    }
    let mut full = Kept { fail_at: Some(1), ..Kept::default() };
    let fault = read(&b"a.com\nb.com\nc.com\n"[..], &options(Format::List), &mut full);
    assert!(matches!(fault, Err(ReadFault::Sink(_))));
    assert_eq!(full.taken.len(), 1);
}

#[test]
fn progress_moves_on_to_the_end() {
    let content = "evil.com\n".repeat(200_000);
    let (kept, summary) = run(Format::List, &content);
    assert!(kept.progress.len() > 3 && kept.progress.is_sorted());
    assert_eq!(kept.progress.last(), Some(&(content.len() as u64)));
    assert_eq!(summary.taken, 200_000);
}

#[test]
fn default_colour_fills_gaps_and_opens_nothing() {
    use detente_core::Tlp;
    let content = "indicator,tlp\na.com,\nb.com,red\nc.com,green\nd.com,secret!\n";
    let options = Options { default_tlp: Some(Tlp::Amber), ..options(Format::Csv) };
    let (kept, summary) = run_with(&options, content);
    let colours: Vec<Tlp> =
        kept.taken.iter().map(|i| i.context.markings.effective(Tlp::Clear)).collect();
    assert_eq!(colours, [Tlp::Amber, Tlp::Red, Tlp::Green, Tlp::Red]);
    assert_eq!(summary.closed, 1);
}

/// Windows programs write lists so; they were once refused whole.
#[test]
fn utf16_behind_its_mark_is_text() {
    let text = "evil.com\r\n# \u{1f600} in a comment\n1.2.3.4\n";
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (mark, body) in [(b"\xff\xfe", little), (b"\xfe\xff", big)] {
        let content = [mark.as_slice(), &body].concat();
        let (kept, summary) = run(Format::Auto, &content);
        assert_eq!(kept.values(), ["domain:evil.com", "ipv4:1.2.3.4"]);
        assert_eq!((summary.lines, summary.bytes), (3, text.len() as u64));
        let (drip, dripped) = dripped(Format::Auto, &content);
        assert_eq!((kept.taken, summary), (drip.taken, dripped));
    }
    // A lone half of a pair, and half a unit at the end, cost their lines.
    let (kept, _) = run(Format::Auto, b"\xff\xfea\0.\0c\0o\0m\0\n\0\x00\xd8b\0.\0c\0c\0\n\0x");
    assert_eq!(kept.values(), ["domain:a.com"]);
    assert_eq!(kept.refused.len(), 2);
}
