//! A MISP feed: a file for each event, and a manifest that says what each is about.
//!
//! It is made of what the MISP writer wrote, line by line, so that no event is held. Source: what
//! PyMISP writes as a feed (`MISPEvent.to_feed`, `feed_meta_generator`).

use std::io::{self, BufRead, Write};

use serde_json::{Map, Value};

/// How a line ends with which an event begins, and that with which it ends.
const OPEN: &str = ",\"Attribute\":[";
const CLOSE: &str = "]}}";
/// What a manifest says of an event.
const TOLD: [&str; 7] = ["Orgc", "Tag", "info", "date", "analysis", "threat_level_id", "timestamp"];

/// Opens a file of the feed by its name.
pub type OpenFile<'a> = &'a mut dyn FnMut(&str) -> io::Result<Box<dyn Write>>;

/// Writes the events of a MISP export as files of a feed, `manifest.json` last; says how many
/// events there are.
///
/// # Errors
/// The input is no export of this crate (`InvalidData`), or a file failed.
pub fn write_misp_feed(input: &mut dyn BufRead, open: OpenFile<'_>) -> io::Result<u64> {
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "not a MISP export of this program");
    let mut manifest = Map::new();
    let mut event: Option<Box<dyn Write>> = None;
    for line in input.lines() {
        let line = line?;
        if let Some(file) = &mut event {
            let last = line.trim_end_matches(',') == CLOSE;
            writeln!(file, "{}", if last { CLOSE } else { line.as_str() })?;
            if last {
                file.flush()?;
                event = None;
            }
        } else if let Some(head) = line.strip_suffix(OPEN) {
            let whole: Value = serde_json::from_str(&format!("{head}}}}}"))?;
            let said = whole.get("Event").and_then(Value::as_object).ok_or_else(wrong)?;
            let uuid = said.get("uuid").and_then(Value::as_str).ok_or_else(wrong)?;
            // It is to be the name of a file, and leads nowhere else.
            if !uuid.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
                return Err(wrong());
            }
            let told = said.iter().filter(|(key, _)| TOLD.contains(&key.as_str()));
            let told: Map<String, Value> =
                told.map(|(key, value)| (key.clone(), value.clone())).collect();
            let mut file = open(&format!("{uuid}.json"))?;
            writeln!(file, "{line}")?;
            event = Some(file);
            manifest.insert(uuid.to_owned(), Value::Object(told));
        } else if !matches!(line.as_str(), "{\"response\":[" | "]}" | "") {
            return Err(wrong());
        }
    }
    if event.is_some() {
        return Err(wrong());
    }
    let mut file = open("manifest.json")?;
    serde_json::to_writer(&mut file, &manifest)?;
    writeln!(file)?;
    file.flush()?;
    Ok(manifest.len() as u64)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::rc::Rc;

    use super::*;
    use crate::{Entered, Export, Format, Meta, Options};
    use detente_core::{Tlp, UnixSeconds};
    use detente_intel::{Context, Indicator, Markings, Observable};

    type Files = Rc<RefCell<BTreeMap<String, Vec<u8>>>>;

    struct File(String, Files);

    impl Write for File {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.borrow_mut().entry(self.0.clone()).or_default().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn feed(input: &[u8]) -> (io::Result<u64>, BTreeMap<String, Vec<u8>>) {
        let files = Files::default();
        let mut open = |name: &str| -> io::Result<Box<dyn Write>> {
            Ok(Box::new(File(name.to_owned(), Rc::clone(&files))))
        };
        let done = write_misp_feed(&mut &*input, &mut open);
        let files = files.borrow().clone();
        (done, files)
    }

    fn exported(values: &[(&str, Tlp)]) -> (Vec<u8>, u64) {
        let mut out = Vec::new();
        let at = UnixSeconds::new(1_800_000_000);
        let meta = Meta { producer: "Alba".to_owned(), title: "own, \"list\"".to_owned(), at };
        let mut options = Options::new(Format::Misp, Tlp::Red);
        options.misp.attributes_per_event = 2;
        let mut export = Export::begin(meta, options, &mut out).expect("sound options");
        for (value, tlp) in values {
            let observable = Observable::detect(value).expect("a value");
            let mut context = Context::from_source("x");
            context.markings = Markings::of(*tlp);
            context.describe("a \"comment\"\n]}}\n,\"Attribute\":[");
            let indicator = Indicator { observable, context };
            export.put(&indicator, Entered { first: at, last: at }).expect("memory holds it");
        }
        let summary = export.end().expect("memory holds it");
        (out, summary.events)
    }

    #[test]
    fn each_event_is_a_file_and_the_manifest_names_it() {
        let values = [
            ("a.com", Tlp::Green),
            ("b.com", Tlp::Green),
            ("c.com", Tlp::Green),
            ("d.com", Tlp::Red),
        ];
        let (export, events) = exported(&values);
        let (done, files) = feed(&export);
        assert_eq!((done.expect("an own export"), events, files.len()), (3, 3, 4));
        let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("JSON");
        let whole = read(&export);
        let manifest = read(&files["manifest.json"]);
        for event in whole["response"].as_array().expect("events") {
            let uuid = event["Event"]["uuid"].as_str().expect("a uuid");
            assert_eq!(&read(&files[&format!("{uuid}.json")]), event);
            for key in TOLD {
                assert_eq!(manifest[uuid][key], event["Event"][key], "{key}");
            }
        }
        let (done, files) = feed(&exported(&[]).0);
        assert_eq!((done.expect("an own export"), files.len()), (0, 1));
    }

    #[test]
    fn what_is_no_export_of_ours_is_refused() {
        let (export, _) = exported(&[("a.com", Tlp::Green)]);
        let text = String::from_utf8(export).expect("JSON");
        let cut = text.get(..text.len() - 8).expect("ASCII").to_owned();
        let out = text.replace("\"uuid\":\"", "\"uuid\":\"../");
        for bad in [cut, out, "{}".to_owned(), "evil.com\n".to_owned()] {
            assert!(feed(bad.as_bytes()).0.is_err(), "{bad}");
        }
    }
}
