//! Known documents: `vectors/paper/expect.json` says which give which text, and what is found in
//! the others. They are made by `make_documents.py` beside this file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use detente_core::Digest;
use detente_paper::{DocumentFault, DocumentFormat, read_document, write_document};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/paper")
}

#[test]
fn documents_give_their_text_or_say_why_not() {
    let expect = fs::read_to_string(folder().join("expect.json")).expect("the file is there");
    let expect: Value = serde_json::from_str(&expect).expect("the file is JSON");
    assert_eq!(expect["version"], 1);
    let mut names = BTreeSet::from(["expect.json".to_owned()]);
    for case in expect["cases"].as_array().expect("cases") {
        let name = case["name"].as_str().expect("a name");
        names.insert(name.to_owned());
        let document = fs::read_to_string(folder().join(name)).expect("the document is there");
        match read_document(&document) {
            Ok(text) => {
                let digest = Digest::plain(text.as_bytes()).to_string();
                assert_eq!(case["sha256"], digest, "{name}");
                let html = name.ends_with(".html");
                let format = if html { DocumentFormat::Html } else { DocumentFormat::Markdown };
                assert_eq!(write_document(&text, format), Ok(document), "{name}");
            }
            Err(fault) => {
                assert_eq!(case["code"], fault.code(), "{name}: {fault}");
                if let DocumentFault::Edited { line, .. } = fault {
                    assert_eq!(case["line"], line, "{name}");
                }
            }
        }
    }
    let there = fs::read_dir(folder()).expect("the folder is there");
    let there = there.map(|file| file.expect("a file").file_name().into_string().expect("a name"));
    assert_eq!(there.collect::<BTreeSet<String>>(), names, "each has its line in expect.json");
}
