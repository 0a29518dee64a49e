//! Regular expressions as MISP writes them, `/.../i`, made into ones that run in linear time.
//!
//! MISP hands each entry to PHP's `preg_match`, that is PCRE with delimiters and flags after them.
//! The engine here has no look-around, back-references, recursion, atomic groups or possessive
//! quantifiers, as those need backtracking. An entry that uses them is refused and named, and so is
//! one that the two engines would read differently. What is accepted matches the same values.
//!
//! Without the flag `u` PCRE works on bytes, and `\w`, `\d`, `\s` and letter case are ASCII's.

use regex::bytes::{RegexBuilder, RegexSet, RegexSetBuilder};

use crate::entry::EntryFault;

/// The most regular expressions of one list, those that are left out counted, and of one index.
pub const MAX_REGEXES: usize = 4096;

/// The largest compiled program of one regular expression, in bytes.
pub const MAX_REGEX_PROGRAM: usize = 256 * 1024;

/// The largest compiled program of all regular expressions of an index together, in bytes.
pub const MAX_REGEX_SET: usize = 8 * 1024 * 1024;

/// Deepest nesting of groups.
const MAX_NEST: u32 = 64;

/// Bytes that a search may use to remember states, per thread that searches.
const SEARCH_CACHE: usize = 4 * 1024 * 1024;

/// Flags after the closing delimiter, as far as they change what matches.
#[derive(Clone, Copy, Default)]
struct Flags {
    anchored: bool,
    dot_all: bool,
    ignore_case: bool,
    multi_line: bool,
    unicode: bool,
}

/// Reads one entry and gives the expression in this engine's writing, flags included.
pub(crate) fn translate(entry: &str) -> Result<String, EntryFault> {
    let (body, flags) = split(entry)?;
    let flags = read_flags(flags)?;
    check_dialect(body)?;
    // On its own first, so that an unbalanced `)` cannot close the group put around it below.
    RegexBuilder::new(body)
        .unicode(flags.unicode)
        .case_insensitive(flags.ignore_case)
        .dot_matches_new_line(flags.dot_all)
        .multi_line(flags.multi_line)
        .size_limit(MAX_REGEX_PROGRAM)
        .nest_limit(MAX_NEST)
        .build()
        .map_err(|fault| match fault {
            regex::Error::CompiledTooBig(_) => EntryFault::RegexTooLarge,
            // The last line says what is wrong, those before it draw where.
            other => EntryFault::RegexSyntax(last_line(&other.to_string())),
        })?;
    let mut inner = String::new();
    for (on, letter) in [(flags.ignore_case, 'i'), (flags.multi_line, 'm'), (flags.dot_all, 's')] {
        if on {
            inner.push(letter);
        }
    }
    inner.push_str(if flags.unicode { "u" } else { "-u" });
    let start = if flags.anchored { r"\A" } else { "" };
    Ok(format!("{start}(?{inner}:{body})"))
}

/// All expressions as one automaton; `None` if they are too large together.
pub(crate) fn compile(translated: &[String]) -> Option<RegexSet> {
    RegexSetBuilder::new(translated)
        .size_limit(MAX_REGEX_SET)
        .dfa_size_limit(SEARCH_CACHE)
        .nest_limit(MAX_NEST.saturating_add(1))
        .build()
        .ok()
}

fn last_line(text: &str) -> String {
    let line = text.lines().last().unwrap_or("").trim();
    line.strip_prefix("error: ").unwrap_or(line).chars().take(120).collect()
}

/// Takes delimiters and flags apart, as PHP does.
fn split(entry: &str) -> Result<(&str, &str), EntryFault> {
    let entry = entry.trim_start();
    let open = entry.chars().next().ok_or(EntryFault::Empty)?;
    if !open.is_ascii() || open.is_ascii_alphanumeric() || open == '\\' || open.is_ascii_control() {
        return Err(EntryFault::RegexDelimiter);
    }
    let close = match open {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        '<' => '>',
        same => same,
    };
    let rest = entry.get(open.len_utf8()..).unwrap_or("");
    let end = if open == close { find_plain(rest, close) } else { find_nested(rest, open, close) };
    let end = end.ok_or(EntryFault::RegexDelimiter)?;
    let body = rest.get(..end).unwrap_or("");
    let flags = rest.get(end.saturating_add(1)..).unwrap_or("");
    Ok((body, flags))
}

/// The first delimiter that no backslash precedes.
fn find_plain(text: &str, close: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let found = !escaped && c == close;
        escaped = !escaped && c == '\\';
        found.then_some(at)
    })
}

/// The bracket that closes the one before the text.
fn find_nested(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 1_usize;
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        if !escaped && c == open {
            depth = depth.saturating_add(1);
        } else if !escaped && c == close {
            depth = depth.saturating_sub(1);
        }
        escaped = !escaped && c == '\\';
        (depth == 0).then_some(at)
    })
}

fn read_flags(text: &str) -> Result<Flags, EntryFault> {
    let mut flags = Flags::default();
    for c in text.chars() {
        match c {
            'A' => flags.anchored = true,
            'i' => flags.ignore_case = true,
            'm' => flags.multi_line = true,
            's' => flags.dot_all = true,
            'u' => flags.unicode = true,
            // Greed, studying and the end before a final line feed change nothing about whether a
            // value without line feeds matches. `g` is JavaScript's: PHP refuses it, so that MISP
            // never matches such an entry, but public lists have it and mean no more than "find".
            'D' | 'S' | 'U' | 'g' | ' ' | '\n' | '\r' => {}
            other => return Err(EntryFault::RegexFlag(other)),
        }
    }
    Ok(flags)
}

/// Refuses what PCRE and this engine would both accept but read differently, and names the
/// commonest of what this engine lacks. What is left is read alike or refused by the engine.
fn check_dialect(body: &str) -> Result<(), EntryFault> {
    let mut rest = body;
    let mut after_quantifier = false;
    while let Some(c) = rest.chars().next() {
        let step = match c {
            '\\' => escape(rest)?,
            '[' => class(rest)?,
            '(' => group(rest)?,
            _ => c.len_utf8(),
        };
        // `a+?` is lazy in both; `a++` is possessive in PCRE and `(a+)+` here.
        if after_quantifier && c == '+' {
            return Err(EntryFault::RegexUnsupported("possessive quantifier"));
        }
        after_quantifier = !after_quantifier && matches!(c, '*' | '+' | '?' | '}');
        rest = rest.get(step..).unwrap_or("");
    }
    Ok(())
}

/// The length of the escape that the text begins with.
fn escape(text: &str) -> Result<usize, EntryFault> {
    let mut chars = text.chars().skip(1);
    let (first, second) = (chars.next(), chars.next());
    let unsupported = match first {
        Some('1'..='9' | 'g' | 'k') => "back-reference",
        Some('<' | '>') => r"\< or \>",
        Some('b' | 'B') if second == Some('{') => r"\b{",
        Some('K') => r"\K",
        Some('G') => r"\G",
        Some('Q' | 'E') => r"\Q or \E",
        _ => return Ok(1 + first.map_or(0, char::len_utf8)),
    };
    Err(EntryFault::RegexUnsupported(unsupported))
}

/// The length of the character class that the text begins with.
fn class(text: &str) -> Result<usize, EntryFault> {
    let mut at = if text.starts_with("[^") { 2 } else { 1 };
    // A `]` that comes first is a member of the class.
    if text.get(at..).is_some_and(|rest| rest.starts_with(']')) {
        at += 1;
    }
    while let Some(rest) = text.get(at..)
        && let Some(c) = rest.chars().next()
    {
        match c {
            ']' => return Ok(at + 1),
            '\\' => at += 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            '[' => match rest.find(":]") {
                Some(end) if rest.starts_with("[:") => at += end + 2,
                _ => return Err(EntryFault::RegexUnsupported("[ within a class")),
            },
            _ if ["&&", "--", "~~"].iter().any(|operator| rest.starts_with(operator)) => {
                return Err(EntryFault::RegexUnsupported("&&, -- or ~~ within a class"));
            }
            _ => at += c.len_utf8(),
        }
    }
    Err(EntryFault::RegexSyntax("unclosed character class".to_owned()))
}

/// The length of what opens the group that the text begins with, up to where its body starts.
fn group(text: &str) -> Result<usize, EntryFault> {
    let unsupported = |what| Err(EntryFault::RegexUnsupported(what));
    let Some(rest) = text.strip_prefix("(?") else {
        return if text.starts_with("(*") { unsupported("(*verb)") } else { Ok(1) };
    };
    let name = rest.strip_prefix("P<").or_else(|| rest.strip_prefix('<'));
    match rest.chars().next() {
        Some('=' | '!') => return unsupported("look-ahead"),
        Some('>') => return unsupported("atomic group"),
        Some('#') => return unsupported("comment"),
        Some('|') => return unsupported("branch reset"),
        Some('(') => return unsupported("conditional group"),
        Some('R' | '0'..='9' | '+' | '&') => return unsupported("recursion"),
        _ => {}
    }
    if name.is_some_and(|name| name.starts_with(['=', '!'])) {
        return unsupported("look-behind");
    }
    if name.is_some() {
        return Ok(2);
    }
    let flags = rest.split([':', ')']).next().unwrap_or("");
    if flags.chars().any(|c| !matches!(c, 'i' | 'm' | 's' | 'U' | '-')) {
        return unsupported("flag or construct after (?");
    }
    Ok(2 + flags.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(entry: &str, value: &str) -> bool {
        let translated = translate(entry).expect("a supported expression");
        compile(&[translated]).expect("a small set").is_match(value.as_bytes())
    }

    #[test]
    fn delimiters_and_flags_are_php_s() {
        assert!(matches("/^ABUSE@/i", "abuse@evil.com"));
        assert!(!matches("/^ABUSE@/", "abuse@evil.com"));
        assert!(matches(r"#^https?://[^/]+/a\.js$#", "https://evil.com/a.js"));
        assert!(matches(r"/a\/b/", "a/b"));
        assert!(matches("{a{2}}", "aa"));
        assert!(matches("(a(b)c)", "abc"));
        assert!(matches("  ~a~", "xa"));
        assert!(!matches("/b/A", "ab"));
        assert!(matches("/a|b/A", "bc"));
        assert!(!matches("/a|b/A", "cb"));
        assert!(matches("/0?55501[0-9]{2}/g", "05550122"));
    }

    #[test]
    fn bytes_without_flag_u_and_characters_with_it() {
        assert!(!matches(r"/^.$/", "\u{fc}"));
        assert!(matches(r"/^.$/u", "\u{fc}"));
        assert!(!matches(r"/^\w$/", "\u{fc}"));
    }

    #[test]
    fn what_needs_backtracking_is_named() {
        for (entry, what) in [
            (r"/(a)\1/", "back-reference"),
            ("/a(?=b)/", "look-ahead"),
            ("/a(?!b)/", "look-ahead"),
            ("/(?<=a)b/", "look-behind"),
            ("/(?<!a)b/", "look-behind"),
            ("/(?>a)b/", "atomic group"),
            ("/(?R)/", "recursion"),
            ("/a*+b/", "possessive quantifier"),
            ("/a{2}+b/", "possessive quantifier"),
            ("/[a&&b]/", "&&, -- or ~~ within a class"),
            ("/[a[b]/", "[ within a class"),
            (r"/\<a/", r"\< or \>"),
            ("/(?x)a b/", "flag or construct after (?"),
        ] {
            assert_eq!(translate(entry), Err(EntryFault::RegexUnsupported(what)), "{entry}");
        }
    }

    #[test]
    fn bad_entries_are_refused() {
        assert_eq!(translate("evil"), Err(EntryFault::RegexDelimiter));
        assert_eq!(translate("/evil"), Err(EntryFault::RegexDelimiter));
        assert_eq!(translate(r"\evil\"), Err(EntryFault::RegexDelimiter));
        assert_eq!(translate("/a/x"), Err(EntryFault::RegexFlag('x')));
        assert_eq!(translate("/a{9999}{99}/"), Err(EntryFault::RegexTooLarge));
        for entry in ["/a)(b/", "/(a/", "/[a/", r"/\p{L}/", "/*a/"] {
            assert!(matches!(translate(entry), Err(EntryFault::RegexSyntax(_))), "{entry}");
        }
    }

    #[test]
    fn lazy_quantifiers_classes_and_groups_pass() {
        for entry in
            ["/a+?b/", "/[]a]/", "/[^]a]/", r"/[\]a+]+/", "/[[:alpha:]]+x/", "/(?:a|b)/", "/(?i)a/"]
        {
            assert!(translate(entry).is_ok(), "{entry}");
        }
        assert!(matches("/(?<name>a)(?P<other>b)/", "ab"));
        assert!(matches(r"/^(security|noc)\@.*\..*$/i", "noc@evil.com"));
    }
}
