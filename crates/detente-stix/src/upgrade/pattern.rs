//! STIX patterns of 2.0 in the words of 2.1: names of properties, of hashes, and times.

use super::observable::{hash_21, renamed};

/// The pattern with the names of 2.1. Text literals are not touched, but for times after `START`
/// and `STOP`, which are written with a `t` since 2.1.
pub(super) fn pattern_21(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    // The type of an object path, when its colon has just been passed.
    let mut kind: Option<&str> = None;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => literal_length(rest),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (piece, after) = rest.split_at(length);
        match (first, kind.take()) {
            ('\'', _) => literal(piece, &mut out),
            (_, Some(kind)) => out.push_str(renamed(kind, piece).unwrap_or(piece)),
            _ if is_word(first) && out.ends_with("hashes.") => out.push_str(hash_21(piece)),
            _ => out.push_str(piece),
        }
        if is_word(first) && after.starts_with(':') {
            out.push(':');
            kind = Some(piece);
            rest = after.get(1..).unwrap_or("");
        } else {
            rest = after;
        }
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

/// The length of the text literal at the beginning, with its quotation marks.
fn literal_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn literal(piece: &str, out: &mut String) {
    let before = out.trim_end();
    let is_time = before.ends_with("START") || before.ends_with("STOP");
    if is_time && before.len() < out.len() {
        out.push('t');
    }
    match piece {
        "'ssdeep'" if out.ends_with("hashes.") => out.push_str("'SSDEEP'"),
        piece => out.push_str(piece),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rewrites() {
        for (from, to) in [
            ("[ipv4-addr:value = '198.51.100.3']", "[ipv4-addr:value = '198.51.100.3']"),
            (
                "[file:created = t'2016-01-01T00:00:00Z' AND file:name='file:created']",
                "[file:ctime = t'2016-01-01T00:00:00Z' AND file:name='file:created']",
            ),
            (
                "[process:created=t'a'] AND [(process:binary_ref.created = 1)]",
                "[process:created_time=t'a'] AND [(process:image_ref.created = 1)]",
            ),
            (
                concat!(
                    "[file:hashes.ssdeep = 'a' OR file:hashes.'ssdeep' = 'b' OR",
                    " file:hashes.MD5 = 'ssdeep']"
                ),
                concat!(
                    "[file:hashes.SSDEEP = 'a' OR file:hashes.'SSDEEP' = 'b' OR",
                    " file:hashes.MD5 = 'ssdeep']"
                ),
            ),
            (
                concat!(
                    "[url:value = 'it\\'s: file:created'] START '2016-01-01T00:00:00Z'",
                    " STOP '2017-01-01T00:00:00Z'"
                ),
                concat!(
                    "[url:value = 'it\\'s: file:created'] START t'2016-01-01T00:00:00Z'",
                    " STOP t'2017-01-01T00:00:00Z'"
                ),
            ),
            (
                "[windows-registry-key:modified > 1] START t'a' STOP t'b'",
                "[windows-registry-key:modified_time > 1] START t'a' STOP t'b'",
            ),
            ("[x:\u{e9}:a", "[x:\u{e9}:a"),
            ("file:", "file:"),
        ] {
            assert_eq!(pattern_21(from), to);
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,60}") {
            let _ = pattern_21(&text);
        }

        #[test]
        fn is_stable(text in "\\[(file|process):(created|name|x) = '[a-z:' ]{0,10}'\\]") {
            let once = pattern_21(&text);
            prop_assert_eq!(pattern_21(&once), once);
        }
    }
}
