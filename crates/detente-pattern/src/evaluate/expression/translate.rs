//! Regular expressions of PCRE, as STIX has them, rewritten for the `regex` crate.
//!
//! What both read alike passes; what they read differently is rewritten; the rest is refused with
//! its reason, so that no expression quietly means something else. Refused: look-around, atomic,
//! conditional and recursive groups, backreferences, possessive quantifiers, octal escapes, `\h`,
//! `\v`, `\R`, `\K`, `\Q`, the extended flag, the multi-line flag elsewhere than at the start,
//! `{,n}`, and `$` before more. Classes such as `\d` and `\w` are those of Unicode.

use super::literal;

/// The rewritten expression, or why it is refused. Linear in the text.
pub(super) fn translate(text: &str, bytes: bool) -> Result<String, String> {
    let chars = text.chars().collect();
    let levels = vec![Level::default()];
    let mut translator = Translator {
        chars,
        at: 0,
        out: String::new(),
        levels,
        last: Last::Nothing,
        multi_line: false,
        bytes,
    };
    translator.run()?;
    Ok(translator.out)
}

/// One group, or the whole.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Whether a `$` stands before in this branch.
    ended: bool,
    /// Whether one stands in an earlier branch.
    ended_before: bool,
}

/// What a quantifier would repeat.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    Nothing,
    Atom,
    /// A group that holds a `$`.
    EndedGroup,
}

struct Translator {
    chars: Vec<char>,
    at: usize,
    out: String,
    levels: Vec<Level>,
    last: Last,
    multi_line: bool,
    bytes: bool,
}

fn refuse<T>(reason: &str) -> Result<T, String> {
    Err(reason.to_owned())
}

impl Translator {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn run(&mut self) -> Result<(), String> {
        while let Some(c) = self.peek(0) {
            self.at += 1;
            match c {
                '\\' => self.escape()?,
                '[' => {
                    self.atom()?;
                    self.class()?;
                }
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => {
                    self.out.push('|');
                    self.last = Last::Nothing;
                    if let Some(level) = self.levels.last_mut() {
                        level.ended_before |= level.ended;
                        level.ended = false;
                    }
                }
                '$' => self.end()?,
                '^' => self.anchor("^")?,
                '.' => {
                    self.atom()?;
                    self.out.push('.');
                }
                '*' | '+' | '?' => self.quantifier(&c.to_string(), c == '?')?,
                '{' => match self.counted()? {
                    Some(text) => self.quantifier(&text, false)?,
                    None => self.character('{')?,
                },
                _ => self.character(c)?,
            }
        }
        if self.levels.len() == 1 { Ok(()) } else { refuse("a group without end") }
    }

    fn ended(&self) -> bool {
        self.levels.last().is_some_and(|level| level.ended)
    }

    /// Something that takes part of the text follows.
    fn atom(&mut self) -> Result<(), String> {
        if self.ended() {
            return refuse("$ before more");
        }
        self.last = Last::Atom;
        Ok(())
    }

    fn character(&mut self, c: char) -> Result<(), String> {
        self.atom()?;
        literal(&mut self.out, c, self.bytes);
        Ok(())
    }

    fn anchor(&mut self, text: &str) -> Result<(), String> {
        self.atom()?;
        self.last = Last::Nothing;
        self.out.push_str(text);
        Ok(())
    }

    /// `$`: the end, or before a line break at the end. The engine knows only the end, so the line
    /// break is taken along, which changes nothing as long as nothing follows.
    fn end(&mut self) -> Result<(), String> {
        self.last = Last::Nothing;
        if self.multi_line {
            self.out.push('$');
            return Ok(());
        }
        if let Some(level) = self.levels.last_mut() {
            level.ended = true;
        }
        self.out.push_str(r"(?:\n?\z)");
        Ok(())
    }

    fn quantifier(&mut self, text: &str, optional: bool) -> Result<(), String> {
        match self.last {
            Last::Nothing => return refuse("nothing to repeat, or a quantifier twice"),
            Last::EndedGroup if !optional => return refuse("$ in what is repeated"),
            _ => {}
        }
        self.out.push_str(text);
        self.last = Last::Nothing;
        match self.peek(0) {
            Some('+') => refuse("a possessive quantifier"),
            // Lazy or not, the answer is the same.
            Some('?') => {
                self.at += 1;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// `{n}`, `{n,}` or `{n,m}` behind its brace; nothing when the brace means itself.
    fn counted(&mut self) -> Result<Option<String>, String> {
        let tail = self.chars.get(self.at..).unwrap_or(&[]);
        let is_part = |c: &&char| c.is_ascii_digit() || **c == ',';
        let inside: String = tail.iter().take_while(is_part).collect();
        let commas = inside.matches(',').count();
        if tail.get(inside.len()) != Some(&'}') || inside.is_empty() || commas > 1 {
            return Ok(None);
        }
        if inside.starts_with(',') {
            return refuse("a quantifier without lower bound");
        }
        self.at += inside.len() + 1;
        Ok(Some(format!("{{{inside}}}")))
    }

    /// Behind `(`. No group is kept, so every sort is one that is not.
    fn open(&mut self) -> Result<(), String> {
        let first = self.at == 1;
        if self.peek(0) == Some('*') {
            return refuse("a verb");
        }
        if self.peek(0) == Some('?') {
            self.at += 1;
            let named = (self.peek(0), self.peek(1));
            match named {
                (Some(':'), _) => self.at += 1,
                (Some('P'), Some('<')) => self.name(2)?,
                (Some('<'), Some(c)) if c != '=' && c != '!' => self.name(1)?,
                _ => return self.flags(first),
            }
        }
        self.atom()?;
        self.out.push_str("(?:");
        self.levels.push(Level::default());
        self.last = Last::Nothing;
        Ok(())
    }

    fn name(&mut self, skip: usize) -> Result<(), String> {
        self.at += skip;
        let tail = self.chars.get(self.at..).unwrap_or(&[]);
        let is_part = |c: &&char| c.is_ascii_alphanumeric() || **c == '_';
        let length = tail.iter().take_while(is_part).count();
        if length == 0 || tail.get(length) != Some(&'>') {
            return refuse("a group name");
        }
        self.at += length + 1;
        Ok(())
    }

    /// `(?i)` or `(?i:`, behind the question mark.
    fn flags(&mut self, first: bool) -> Result<(), String> {
        let tail = self.chars.get(self.at..).unwrap_or(&[]);
        let flags: String = tail.iter().take_while(|c| "ims-".contains(**c)).collect();
        let closes = tail.get(flags.len()).copied();
        if flags.is_empty() || !matches!(closes, Some(')' | ':')) || flags.matches('-').count() > 1
        {
            return refuse("look-around, an atomic, conditional or recursive group, or a flag");
        }
        if flags.contains('m') {
            if !first || closes != Some(')') || flags.contains('-') {
                return refuse("the multi-line flag elsewhere than at the start");
            }
            self.multi_line = true;
        }
        self.at += flags.len() + 1;
        self.out.push_str("(?");
        self.out.push_str(&flags);
        if closes == Some(')') {
            self.out.push(')');
            self.last = Last::Nothing;
            return Ok(());
        }
        self.atom()?;
        self.out.push(':');
        self.levels.push(Level::default());
        self.last = Last::Nothing;
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let closed = self.levels.pop().unwrap_or_default();
        let Some(outer) = self.levels.last_mut() else {
            return refuse("a group without beginning");
        };
        let ended = closed.ended || closed.ended_before;
        outer.ended |= ended;
        self.out.push(')');
        self.last = if ended { Last::EndedGroup } else { Last::Atom };
        Ok(())
    }

    /// Behind a backslash outside of classes.
    fn escape(&mut self) -> Result<(), String> {
        let Some(c) = self.peek(0) else {
            return refuse("a backslash at the end");
        };
        match c {
            'A' | 'z' | 'b' | 'B' => {
                self.at += 1;
                self.anchor(&format!("\\{c}"))
            }
            'Z' => {
                self.at += 1;
                let multi_line = std::mem::replace(&mut self.multi_line, false);
                let ended = self.end();
                self.multi_line = multi_line;
                ended
            }
            _ => {
                self.atom()?;
                self.shared_escape(c)
            }
        }
    }

    /// Escapes that mean the same inside and outside of classes. Stands before `c`.
    fn shared_escape(&mut self, c: char) -> Result<(), String> {
        self.at += 1;
        match c {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'n' | 'r' | 't' | 'f' | 'a' => {
                self.out.push('\\');
                self.out.push(c);
                Ok(())
            }
            'x' => self.hexadecimal(),
            'p' | 'P' => {
                self.out.push('\\');
                self.out.push(c);
                self.property()
            }
            _ if c.is_alphanumeric() => refuse(&format!("\\{c}")),
            _ => {
                literal(&mut self.out, c, self.bytes);
                Ok(())
            }
        }
    }

    /// `\x41` or `\x{41}`, behind the `x`.
    fn hexadecimal(&mut self) -> Result<(), String> {
        let braces = self.peek(0) == Some('{');
        let from = self.at + usize::from(braces);
        let tail = self.chars.get(from..).unwrap_or(&[]);
        let digits: String = tail.iter().take_while(|c| c.is_ascii_hexdigit()).take(8).collect();
        let digits = if braces { digits.as_str() } else { digits.get(..2).unwrap_or("") };
        let closed = !braces || tail.get(digits.len()) == Some(&'}');
        if digits.is_empty() || !closed {
            return refuse("a hexadecimal escape");
        }
        self.at = from + digits.len() + usize::from(braces);
        // Of the two forms only the short one is a byte where bytes are matched.
        match u32::from_str_radix(digits, 16) {
            Ok(value) if value < 256 => self.out.push_str(&format!("\\x{value:02X}")),
            _ => self.out.push_str(&format!("\\x{{{digits}}}")),
        }
        Ok(())
    }

    /// `\pL` or `\p{Greek}`, behind the `p`.
    fn property(&mut self) -> Result<(), String> {
        let tail = self.chars.get(self.at..).unwrap_or(&[]);
        let length = match tail.first() {
            Some('{') => tail.iter().position(|c| *c == '}').map(|end| end + 1),
            Some(c) if c.is_ascii_alphabetic() => Some(1),
            _ => None,
        };
        let Some(length) = length else {
            return refuse("a Unicode property");
        };
        self.out.extend(tail.iter().take(length));
        self.at += length;
        Ok(())
    }

    /// A class behind its `[`.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.peek(0) == Some('^') {
            self.at += 1;
            self.out.push('^');
        }
        let mut first = true;
        while let Some(c) = self.peek(0) {
            match c {
                ']' if !first => {
                    self.at += 1;
                    self.out.push(']');
                    return Ok(());
                }
                '[' if matches!(self.peek(1), Some(':' | '.' | '=')) => self.named_class()?,
                '-' if self.peek(1) == Some('-') => return refuse("-- in a class"),
                '-' => {
                    self.at += 1;
                    self.out.push('-');
                }
                '\\' => {
                    self.at += 1;
                    match self.peek(0) {
                        Some('b') => {
                            self.at += 1;
                            self.out.push_str(r"\x08");
                        }
                        Some(c) => self.shared_escape(c)?,
                        None => return refuse("a backslash at the end"),
                    }
                }
                _ => {
                    self.at += 1;
                    literal(&mut self.out, c, self.bytes);
                }
            }
            first = false;
        }
        refuse("a class without end")
    }

    /// `[:alpha:]`, before its `[`.
    fn named_class(&mut self) -> Result<(), String> {
        let tail = self.chars.get(self.at + 2..).unwrap_or(&[]);
        let is_part = |c: &&char| c.is_ascii_lowercase() || **c == '^';
        let name: String = tail.iter().take_while(is_part).collect();
        let closes = tail.get(name.len()) == Some(&':') && tail.get(name.len() + 1) == Some(&']');
        if self.peek(1) != Some(':') || !closes {
            return refuse("a class within a class");
        }
        self.at += name.len() + 4;
        self.out.push_str(&format!("[:{name}:]"));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    fn found(expression: &str, text: &str) -> bool {
        let translated =
            translate(expression, false).unwrap_or_else(|r| panic!("{expression}: {r}"));
        Regex::new(&translated).unwrap_or_else(|e| panic!("{translated}: {e}")).is_match(text)
    }

    #[test]
    fn what_engines_read_differently_means_what_pcre_says() {
        for (expression, text, expected) in [
            ("a$", "a\n", true),
            ("a$", "a\n\n", false),
            ("^(a$|b)", "a\n", true),
            ("(a$)?", "b", true),
            (r"a\Z", "a\n", true),
            (r"a\z", "a\n", false),
            ("(?m)a$", "a\nb", true),
            ("[[a]", "[", true),
            ("[[a]b]", "[b]", true),
            ("[[a]b]", "b", false),
            ("[a&&b]", "&", true),
            ("[a~~b]", "~", true),
            ("[]a]", "]", true),
            ("[^]a]", "]", false),
            (r"[\b]", "\u{8}", true),
            (r"\<a", "<a", true),
            (r"a\>", "a>", true),
            ("a{", "a{", true),
            ("a{x}", "a{x}", true),
            (r"\b{start}", "start", false),
            ("a}", "a}", true),
            ("a]", "a]", true),
            (r"\@\/\ \-\_\%", "@/ -_%", true),
            ("[[:alpha:]]", "1", false),
            ("(?<n>a)(?P<m>b)", "ab", true),
            ("a+?b", "aab", true),
            (r"\x41\x{42}", "AB", true),
            ("(?i)ab(?-i:C)", "ABC", true),
            ("(?i)ab(?-i:C)", "ABc", false),
            ("", "anything", true),
            ("é", "café", true),
        ] {
            assert_eq!(found(expression, text), expected, "{expression} in {text:?}");
        }
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        for expression in [
            "a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b", "(?>a)", "(?(1)a)", "(?R)", "(?|a)", "(?#c)",
            r"(a)\1", r"\0", "a++", "a*+", "a?+", "a{2}+", "a**", "a{,3}", "*a", "(?x)a", "(?u)a",
            "a(?m)b", "(?m:a)", "a$b", "(a$)b", "(a$|c)b", "(a$)*", r"a$\b", r"\h", r"\v", r"\R",
            r"\K", r"\Qa\E", r"\u0041", "[a--b]", "[[.a.]]", "[[:x", "(*UTF8)a", "(", ")", "[a",
            "a\\", r"\x4", r"\x{4", r"\p", "(?P=n)", "(?P>n)", "(?<n", "(?",
        ] {
            assert!(translate(expression, false).is_err(), "{expression}");
        }
    }
}
