//! The statements of a home on its keys: files in the order in which they were made, and the text
//! in which a revocation travels.
//!
//! A file holds deterministic CBOR `[kind of act, body]`. It is signed by itself and no secret.

use std::fs;

use detente_core::act::{ActKind, Body};
use detente_core::encode::{Reader, Writer};

use super::folder;
use crate::armour;
use crate::fail::Failure;
use crate::home::{Home, read_bounded, write_secret};

/// Longest file of a statement, in bytes.
const MAX_FILE: u64 = 32 * 1024;
/// Most statements in a home: as many keys as a log can name, and as many revocations.
const MAX_STATEMENTS: usize = 512;

const WHAT: &str = "REVOCATION";

/// The bytes of a file.
pub(super) fn encode(body: &Body) -> Vec<u8> {
    let mut w = Writer::new();
    w.array(2).uint(body.kind().code().into()).bytes(&body.encode());
    w.into_bytes()
}

/// The statement in a file.
pub(super) fn decode(bytes: &[u8]) -> Result<Body, Failure> {
    let parse = || {
        let mut r = Reader::new(bytes);
        r.tuple(2)?;
        let code = r.uint8("kind of act")?;
        let body = r.bytes(bytes.len())?.to_vec();
        r.finish()?;
        Ok::<_, detente_core::encode::DecodeError>((code, body))
    };
    let bad = |what: String| {
        let words = format!("a statement on keys is unusable: {what}");
        Failure::environment("statement_file", words, "restore a backup")
    };
    let (code, body) = parse().map_err(|error| bad(error.to_string()))?;
    let kind = ActKind::from_code(code).filter(|kind| kind.moves_keys());
    let kind = kind.ok_or_else(|| bad("it is of another kind".to_owned()))?;
    Body::decode(kind, &body).map_err(|error| bad(error.to_string()))
}

/// The statements of a home, in order.
pub fn load(home: &Home) -> Result<Vec<Body>, Failure> {
    let dir = folder(home);
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let listed = fs::read_dir(&dir).map_err(|error| Failure::io("reading", &dir, &error))?;
    let mut paths = Vec::new();
    for entry in listed {
        let path = entry.map_err(|error| Failure::io("reading", &dir, &error))?.path();
        // What a killed process left half written has another ending.
        if path.extension().is_some_and(|ending| ending == "statement") {
            paths.push(path);
        }
        if paths.len() > MAX_STATEMENTS {
            let words = format!("{} has more than {MAX_STATEMENTS} statements", dir.display());
            return Err(Failure::environment("statement_file", words, "make a new home"));
        }
    }
    paths.sort();
    paths.iter().map(|path| decode(&read_bounded(path, MAX_FILE)?)).collect()
}

/// Keeps a statement behind the others.
pub(super) fn keep(home: &Home, body: &Body) -> Result<(), Failure> {
    let dir = folder(home);
    if !dir.exists() {
        fs::create_dir(&dir).map_err(|error| Failure::io("creating", &dir, &error))?;
    }
    let count = load(home)?.len();
    if count >= MAX_STATEMENTS {
        let words = format!("a home keeps at most {MAX_STATEMENTS} statements on keys");
        return Err(Failure::refused("too_many_statements", words, "make a new home"));
    }
    let path = dir.join(format!("{count:04}-{}.statement", body.kind()));
    write_secret(&path, &encode(body))
}

/// A revocation as text that survives mail, print and paste.
pub(super) fn armour(revocation: &[u8], heading: &str) -> String {
    armour::write(WHAT, revocation, heading)
}

/// The revocation in such a text.
pub(super) fn unarmour(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let none = || {
        let words = "the file holds no revocation";
        Failure::refused("no_revocation", words, "give a file that `detente key prepare` wrote")
    };
    let text = std::str::from_utf8(bytes).map_err(|_| none())?;
    armour::read(WHAT, text).flatten().ok_or_else(none)
}

#[cfg(test)]
mod tests {
    use detente_core::act::{Body, Paired};

    use super::{armour, decode, encode, keep, load, unarmour};
    use crate::home::Home;

    #[test]
    fn statements_come_back_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        assert!(load(&home).unwrap().is_empty());
        let paired = |byte| Paired { by_holder: vec![byte], by_new: vec![byte; 2] };
        let all: Vec<Body> = (0..12)
            .map(|n| match n % 3 {
                0 => Body::RotateKey(paired(n)),
                1 => Body::Delegate(paired(n)),
                _ => Body::RevokeKey { revocation: vec![n] },
            })
            .collect();
        for body in &all {
            keep(&home, body).unwrap();
            assert_eq!(&decode(&encode(body)).unwrap(), body);
        }
        assert_eq!(load(&home).unwrap(), all);
        std::fs::write(folder.path().join("statements/0003-rotate-key.statement"), b"x").unwrap();
        assert_eq!(load(&home).unwrap_err().code, "statement_file");
    }

    #[test]
    fn other_acts_are_no_statements_on_keys() {
        let stop = Body::Stop { reason: "x".to_owned() };
        assert_eq!(decode(&encode(&stop)).unwrap_err().code, "statement_file");
    }

    #[test]
    fn a_revocation_survives_mail() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = armour(&bytes, "Revokes the key of A's analyst").replace('\n', "\r\n");
        assert_eq!(unarmour(format!("> mail\n{text}bye").as_bytes()).unwrap(), bytes);
        for bad in ["", "x", "-----BEGIN DETENTE REVOCATION-----\nAA"] {
            assert_eq!(unarmour(bad.as_bytes()).unwrap_err().code, "no_revocation");
        }
    }
}
