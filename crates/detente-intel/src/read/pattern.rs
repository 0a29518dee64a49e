//! STIX patterns: the comparisons that one names, for the observables in them.
//!
//! Grammar: STIX 2.1 section 9 (the OASIS ANTLR grammar `STIXPattern.g4`). Parsed: observation and
//! comparison expressions with AND, OR, FOLLOWEDBY, NOT, parentheses, EXISTS, all comparison
//! operators, sets, and the qualifiers WITHIN, REPEATS, START/STOP. Not here: evaluation. Text is
//! taken as it stands: a pattern is never refanged.

/// The longest pattern, in bytes.
pub const MAX_PATTERN: usize = 256 * 1024;
/// Comparisons of one pattern (each value of a set counts).
pub const MAX_COMPARISONS: usize = 10_000;
/// Parentheses within each other.
pub const MAX_PATTERN_DEPTH: usize = 64;

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in STIX 2.1 section 9.6.1")]
pub enum Operator {
    Equal,
    Exists,
    Greater,
    GreaterOrEqual,
    In,
    IsSubset,
    IsSuperset,
    Less,
    LessOrEqual,
    Like,
    Matches,
    NotEqual,
}

impl Operator {
    /// As it is written in a pattern.
    pub const fn text(self) -> &'static str {
        match self {
            Operator::Equal => "=",
            Operator::Exists => "EXISTS",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::In => "IN",
            Operator::IsSubset => "ISSUBSET",
            Operator::IsSuperset => "ISSUPERSET",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Like => "LIKE",
            Operator::Matches => "MATCHES",
            Operator::NotEqual => "!=",
        }
    }
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Object type and path without quotes, such as `file:hashes.SHA-256`.
    pub path: String,
    /// The operator.
    pub operator: Operator,
    /// The values compared with: one, several for a set, none for EXISTS. Strings are unescaped,
    /// other literals stand as written.
    pub values: Vec<String>,
    /// Whether NOT stands before the operator.
    pub negated: bool,
}

/// A parsed pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// Its comparisons in order.
    pub comparisons: Vec<Comparison>,
    /// Whether AND or FOLLOWEDBY joins anything, so that a single comparison says more than the
    /// pattern does.
    pub is_conjunction: bool,
}

/// The text is no STIX pattern, or one beyond the bounds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expected} at byte {at}")]
pub struct PatternFault {
    /// Where, in bytes from the start.
    pub at: usize,
    /// What is missing or wrong there.
    pub expected: &'static str,
}

pub(super) fn parse(text: &str) -> Result<Pattern, PatternFault> {
    if text.len() > MAX_PATTERN {
        return Err(PatternFault { at: MAX_PATTERN, expected: "the pattern is too long" });
    }
    let mut parser = Parser { text, at: 0, pattern: Pattern::default(), values: 0 };
    parser.observations(0)?;
    parser.space();
    if parser.at < text.len() {
        return parser.fail("AND, OR, FOLLOWEDBY or the end expected");
    }
    Ok(parser.pattern)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    pattern: Pattern,
    values: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn fail<T>(&self, expected: &'static str) -> Result<T, PatternFault> {
        Err(PatternFault { at: self.at, expected })
    }

    /// Passes white space and comments.
    fn space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            let length = if trimmed.starts_with("//") {
                trimmed.find('\n').unwrap_or(trimmed.len())
            } else if trimmed.starts_with("/*") {
                trimmed.find("*/").map_or(trimmed.len(), |end| end + 2)
            } else {
                return;
            };
            self.at += length;
        }
    }

    fn eat(&mut self, symbol: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len();
        }
        found
    }

    fn need(&mut self, symbol: &str, expected: &'static str) -> Result<(), PatternFault> {
        if self.eat(symbol) { Ok(()) } else { self.fail(expected) }
    }

    /// Takes a keyword, in any case as the OASIS grammar's tools do.
    fn keyword(&mut self, word: &str) -> bool {
        self.space();
        let rest = self.rest();
        let matched = rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
        let ends = rest.get(word.len()..).is_some_and(|tail| {
            !tail.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        });
        if matched && ends {
            self.at += word.len();
        }
        matched && ends
    }

    fn observations(&mut self, depth: usize) -> Result<(), PatternFault> {
        if depth > MAX_PATTERN_DEPTH {
            return self.fail("parentheses too deep");
        }
        loop {
            if self.eat("(") {
                self.observations(depth + 1)?;
                self.need(")", "a closing parenthesis expected")?;
            } else {
                self.need("[", "an observation in brackets expected")?;
                self.comparisons(0)?;
                self.need("]", "a closing bracket expected")?;
            }
            self.qualifiers()?;
            if self.keyword("AND") || self.keyword("FOLLOWEDBY") {
                self.pattern.is_conjunction = true;
            } else if !self.keyword("OR") {
                return Ok(());
            }
        }
    }

    fn qualifiers(&mut self) -> Result<(), PatternFault> {
        loop {
            if self.keyword("WITHIN") {
                self.literal()?;
                if !self.keyword("SECONDS") {
                    return self.fail("SECONDS expected");
                }
            } else if self.keyword("REPEATS") {
                self.literal()?;
                if !self.keyword("TIMES") {
                    return self.fail("TIMES expected");
                }
            } else if self.keyword("START") {
                self.literal()?;
                if !self.keyword("STOP") {
                    return self.fail("STOP expected");
                }
                self.literal()?;
            } else {
                return Ok(());
            }
        }
    }

    fn comparisons(&mut self, depth: usize) -> Result<(), PatternFault> {
        if depth > MAX_PATTERN_DEPTH {
            return self.fail("parentheses too deep");
        }
        loop {
            if self.eat("(") {
                self.comparisons(depth + 1)?;
                self.need(")", "a closing parenthesis expected")?;
            } else {
                self.comparison()?;
            }
            if self.keyword("AND") {
                self.pattern.is_conjunction = true;
            } else if !self.keyword("OR") {
                return Ok(());
            }
        }
    }

    fn comparison(&mut self) -> Result<(), PatternFault> {
        let mut negated = self.keyword("NOT");
        let exists = self.keyword("EXISTS");
        let path = self.path()?;
        let (operator, values) = if exists {
            (Operator::Exists, Vec::new())
        } else {
            negated |= self.keyword("NOT");
            let operator = self.operator()?;
            let values = if operator == Operator::In { self.set()? } else { vec![self.literal()?] };
            (operator, values)
        };
        self.values += values.len().max(1);
        if self.values > MAX_COMPARISONS {
            return self.fail("too many comparisons");
        }
        self.pattern.comparisons.push(Comparison { path, operator, values, negated });
        Ok(())
    }

    /// `type:step.step[0].'quoted step'`, returned without quotes and brackets' spaces.
    fn path(&mut self) -> Result<String, PatternFault> {
        self.space();
        let mut path = self.name("an object path expected")?;
        self.need(":", "a colon after the object type expected")?;
        path.push(':');
        loop {
            self.space();
            if self.rest().starts_with('\'') {
                path.push_str(&self.string()?);
            } else {
                path.push_str(&self.name("a property name expected")?);
            }
            self.space();
            while self.rest().starts_with('[') {
                let Some(end) = self.rest().find(']') else {
                    return self.fail("a closing bracket expected");
                };
                path.push_str(self.rest().get(..=end).unwrap_or(""));
                self.at += end + 1;
                self.space();
            }
            if !self.rest().starts_with('.') {
                return Ok(path);
            }
            self.at += 1;
            path.push('.');
        }
    }

    fn name(&mut self, expected: &'static str) -> Result<String, PatternFault> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(rest.len());
        if end == 0 {
            return self.fail(expected);
        }
        self.at += end;
        Ok(rest.get(..end).unwrap_or("").to_owned())
    }

    fn operator(&mut self) -> Result<Operator, PatternFault> {
        const SYMBOLS: [(&str, Operator); 8] = [
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("!=", Operator::NotEqual),
            ("<>", Operator::NotEqual),
            ("==", Operator::Equal),
            ("=", Operator::Equal),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        const WORDS: [(&str, Operator); 5] = [
            ("IN", Operator::In),
            ("LIKE", Operator::Like),
            ("MATCHES", Operator::Matches),
            ("ISSUBSET", Operator::IsSubset),
            ("ISSUPERSET", Operator::IsSuperset),
        ];
        if let Some((_, operator)) = SYMBOLS.into_iter().find(|(symbol, _)| self.eat(symbol)) {
            return Ok(operator);
        }
        match WORDS.into_iter().find(|(word, _)| self.keyword(word)) {
            Some((_, operator)) => Ok(operator),
            None => self.fail("a comparison operator expected"),
        }
    }

    fn set(&mut self) -> Result<Vec<String>, PatternFault> {
        self.need("(", "a set in parentheses expected")?;
        let mut values = Vec::new();
        loop {
            if values.len() >= MAX_COMPARISONS {
                return self.fail("too many comparisons");
            }
            values.push(self.literal()?);
            if self.eat(")") {
                return Ok(values);
            }
            self.need(",", "a comma or the end of the set expected")?;
        }
    }

    fn literal(&mut self) -> Result<String, PatternFault> {
        self.space();
        let rest = self.rest();
        if rest.starts_with('\'') {
            return self.string();
        }
        // h'00', b'AA==', t'2017-07-08T00:00:00Z'
        if rest.starts_with(['h', 'b', 't']) && rest.get(1..2) == Some("'") {
            self.at += 1;
            return self.string();
        }
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
            .unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or("");
        let number = word.parse::<f64>().is_ok_and(f64::is_finite);
        if !(number || word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false")) {
            return self.fail("a literal expected");
        }
        self.at += end;
        Ok(word.to_owned())
    }

    fn string(&mut self) -> Result<String, PatternFault> {
        let mut out = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => {
                    self.at += at + 1;
                    return Ok(out);
                }
                // Only the quote and the backslash are escaped (STIX 2.1 section 9.2); before any
                // other character the backslash was meant as itself.
                '\\' => match chars.next() {
                    Some((_, next @ ('\'' | '\\'))) => out.push(next),
                    Some((_, next)) => out.extend(['\\', next]),
                    None => break,
                },
                _ => out.push(c),
            }
        }
        self.fail("a closing quote expected")
    }
}
