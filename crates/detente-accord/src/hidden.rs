//! Characters that show as nothing or change the direction of writing, found and named.
//!
//! Is: where such a character stands in a text and what it is called, so that a refusal can name
//! it. Which characters count is decided in [`detente_core::name`]; line ends and tabs are layout.

use std::ops::Range;

use detente_core::name::is_plain;

/// The first hidden character of a text and its place, in bytes.
pub(super) fn find(text: &str) -> Option<(Range<usize>, char)> {
    // Most lines are plain: they are looked at as a whole.
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if !is_plain(line.trim_end_matches(['\n', '\r'])) {
            let mut hits = line.char_indices().filter(|(_, c)| is_hidden(*c));
            if let Some((at, c)) = hits.next() {
                let at = start + at;
                return Some((at..at + c.len_utf8(), c));
            }
        }
        start += line.len();
    }
    None
}

fn is_hidden(c: char) -> bool {
    let mut buffer = [0; 4];
    !matches!(c, '\n' | '\r' | '\t') && !is_plain(c.encode_utf8(&mut buffer))
}

/// What a hidden character is called: its number, and its name where people may know it.
pub(super) fn describe(c: char) -> String {
    let name = match c {
        '\u{ad}' => "soft hyphen",
        '\u{61c}' => "Arabic letter mark",
        '\u{200b}' => "zero width space",
        '\u{200c}' => "zero width non-joiner",
        '\u{200d}' => "zero width joiner",
        '\u{200e}' => "left-to-right mark",
        '\u{200f}' => "right-to-left mark",
        '\u{202a}' => "left-to-right embedding",
        '\u{202b}' => "right-to-left embedding",
        '\u{202c}' => "end of a direction",
        '\u{202d}' => "left-to-right override",
        '\u{202e}' => "right-to-left override",
        '\u{2066}' => "left-to-right isolate",
        '\u{2067}' => "right-to-left isolate",
        '\u{2068}' => "first strong isolate",
        '\u{2069}' => "end of an isolate",
        '\u{feff}' => "byte order mark",
        c if c.is_control() => "control character",
        _ => "invisible character",
    };
    format!("U+{:04X} ({name})", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::{describe, find};

    #[test]
    fn the_first_hidden_character_is_found_and_named() {
        assert_eq!(find("plain\r\n\ttext ä\n"), None);
        let (at, c) = find("ä\nb\u{202e}c\u{200b}").unwrap();
        assert_eq!((at, c), (4..7, '\u{202e}'));
        assert_eq!(describe(c), "U+202E (right-to-left override)");
        assert_eq!(describe('\u{7}'), "U+0007 (control character)");
        assert_eq!(describe('\u{3164}'), "U+3164 (invisible character)");
    }
}
