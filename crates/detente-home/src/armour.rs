//! Bytes as text that survives mail, print and paste: base64 between two lines that say what it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Characters of base64 in a line.
const LINE: usize = 76;

/// The text of `bytes` that are a `what`, under a heading of the caller's.
pub fn write(what: &str, bytes: &[u8], heading: &str) -> String {
    let mut text = format!("{heading}\n{}\n", begin(what));
    let encoded = STANDARD.encode(bytes);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&end(what));
    text.push('\n');
    text
}

/// The bytes of a `what` in a text, if it begins; and if it ends, and is sound.
pub fn read(what: &str, text: &str) -> Option<Option<Vec<u8>>> {
    let (_, rest) = text.split_once(&begin(what))?;
    let decoded = rest.split_once(&end(what)).and_then(|(body, _)| {
        let joined: String = body.split_ascii_whitespace().collect();
        STANDARD.decode(joined).ok()
    });
    Some(decoded)
}

fn begin(what: &str) -> String {
    format!("-----BEGIN DETENTE {what}-----")
}

fn end(what: &str) -> String {
    format!("-----END DETENTE {what}-----")
}
