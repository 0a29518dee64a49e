//! Text into a tree.
//!
//! Grammar: STIX 2.1 section 9 and the OASIS grammar `STIXPattern.g4`. Among observations AND binds
//! tighter than OR, and OR than FOLLOWEDBY; within brackets AND tighter than OR. By recursive
//! descent, no deeper than [`MAX_DEPTH`] parentheses of each sort.

use crate::fault::PatternFault;
use crate::lexer::{Kind, Lexer, Token};
use crate::tree::{
    Comparison, ComparisonExpression, Constant, ObservationExpression, Operator, Qualifier, Seconds,
};
use crate::{Dialect, MAX_COMPARISONS, MAX_DEPTH, MAX_PATTERN, MAX_QUALIFIERS};

mod comparison;

/// Words that are no names.
const KEYWORDS: [&str; 19] = [
    "AND",
    "EXISTS",
    "FOLLOWEDBY",
    "IN",
    "ISSUBSET",
    "ISSUPERSET",
    "LAST",
    "LIKE",
    "MATCHES",
    "NOT",
    "OR",
    "REPEATS",
    "SECONDS",
    "START",
    "STOP",
    "TIMES",
    "WITHIN",
    "false",
    "true",
];

pub(crate) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

pub(crate) fn parse(text: &str, dialect: Dialect) -> Result<ObservationExpression, PatternFault> {
    if text.len() > MAX_PATTERN {
        return Err(PatternFault::TooLong { bytes: text.len() });
    }
    let mut lexer = Lexer::new(text, dialect);
    let token = lexer.next()?;
    let mut parser = Parser { lexer, token, dialect, comparisons: 0 };
    let root = parser.followed_by(0)?;
    if parser.token.kind == Kind::End {
        Ok(root)
    } else {
        parser.expected("AND, OR, FOLLOWEDBY, a qualifier or the end")
    }
}

/// Stands before `token`, which is not yet taken.
struct Parser<'t> {
    lexer: Lexer<'t>,
    token: Token<'t>,
    dialect: Dialect,
    comparisons: usize,
}

impl<'t> Parser<'t> {
    fn expected<T>(&self, expected: &'static str) -> Result<T, PatternFault> {
        Err(PatternFault::Expected { at: self.token.at, expected })
    }

    /// Takes the token and goes on to the next.
    fn advance(&mut self) -> Result<Kind<'t>, PatternFault> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, next).kind)
    }

    fn is_word(&self, word: &str) -> bool {
        match self.token.kind {
            Kind::Word(found) if self.dialect == Dialect::Lenient => {
                found.eq_ignore_ascii_case(word)
            }
            Kind::Word(found) => found == word,
            _ => false,
        }
    }

    fn eat_word(&mut self, word: &str) -> Result<bool, PatternFault> {
        let found = self.is_word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn eat(&mut self, symbol: &str) -> Result<bool, PatternFault> {
        let found = matches!(self.token.kind, Kind::Symbol(found) if found == symbol);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn need(&mut self, symbol: &str, expected: &'static str) -> Result<(), PatternFault> {
        if self.eat(symbol)? { Ok(()) } else { self.expected(expected) }
    }

    fn need_word(&mut self, word: &'static str) -> Result<(), PatternFault> {
        if self.eat_word(word)? { Ok(()) } else { self.expected(word) }
    }

    fn followed_by(&mut self, depth: usize) -> Result<ObservationExpression, PatternFault> {
        let mut parts = vec![self.or(depth)?];
        while self.eat_word("FOLLOWEDBY")? {
            parts.push(self.or(depth)?);
        }
        Ok(one_or(parts, ObservationExpression::FollowedBy))
    }

    fn or(&mut self, depth: usize) -> Result<ObservationExpression, PatternFault> {
        let mut parts = vec![self.and(depth)?];
        while self.eat_word("OR")? {
            parts.push(self.and(depth)?);
        }
        Ok(one_or(parts, ObservationExpression::Or))
    }

    fn and(&mut self, depth: usize) -> Result<ObservationExpression, PatternFault> {
        let mut parts = vec![self.observation(depth)?];
        while self.eat_word("AND")? {
            parts.push(self.observation(depth)?);
        }
        Ok(one_or(parts, ObservationExpression::And))
    }

    /// Brackets or a group, with the qualifiers behind.
    fn observation(&mut self, depth: usize) -> Result<ObservationExpression, PatternFault> {
        if self.eat("(")? {
            if depth >= MAX_DEPTH {
                return Err(PatternFault::TooDeep { at: self.token.at });
            }
            let inner = self.followed_by(depth + 1)?;
            self.need(")", "AND, OR, FOLLOWEDBY, a qualifier or a closing parenthesis")?;
            let qualifiers = self.qualifiers()?;
            if qualifiers.is_empty() {
                return Ok(inner);
            }
            return Ok(ObservationExpression::Qualified(Box::new(inner), qualifiers));
        }
        self.need("[", "an opening bracket or parenthesis")?;
        let test = ObservationExpression::Test(self.comparisons_or(0)?);
        self.need("]", "AND, OR or a closing bracket")?;
        let at = self.token.at;
        let qualifiers = self.qualifiers()?;
        if qualifiers.is_empty() {
            return Ok(test);
        }
        if let Some(qualifier) = duplicate(&qualifiers) {
            // Only a group may have two of one sort, so parentheses are meant.
            if self.dialect == Dialect::Strict || depth >= MAX_DEPTH {
                return Err(PatternFault::Duplicate { at, qualifier });
            }
        }
        Ok(ObservationExpression::Qualified(Box::new(test), qualifiers))
    }

    fn qualifiers(&mut self) -> Result<Vec<Qualifier>, PatternFault> {
        let mut found = Vec::new();
        while let Some(qualifier) = self.qualifier()? {
            if found.len() >= MAX_QUALIFIERS {
                return Err(PatternFault::TooMany { at: self.token.at, what: "qualifiers" });
            }
            found.push(qualifier);
        }
        Ok(found)
    }

    fn qualifier(&mut self) -> Result<Option<Qualifier>, PatternFault> {
        if self.eat_word("WITHIN")? {
            let seconds = self.seconds()?;
            self.need_word("SECONDS")?;
            Ok(Some(Qualifier::Within(seconds)))
        } else if self.eat_word("REPEATS")? {
            let at = self.token.at;
            let times = match self.constant("a whole number of times")? {
                (Constant::Integer(times), false) => times,
                _ => {
                    return Err(PatternFault::Expected { at, expected: "a whole number of times" });
                }
            };
            self.need_word("TIMES")?;
            let times = u64::try_from(times).ok().filter(|times| *times > 0);
            let wrong = "a number of times that is 0 or too large";
            Ok(Some(Qualifier::Repeats(times.ok_or(PatternFault::Number { at, wrong })?)))
        } else if self.eat_word("START")? {
            let start = self.time()?;
            self.need_word("STOP")?;
            Ok(Some(Qualifier::StartStop(start, self.time()?)))
        } else {
            Ok(None)
        }
    }

    fn seconds(&mut self) -> Result<Seconds, PatternFault> {
        let at = self.token.at;
        let wrong = || PatternFault::Number { at, wrong: "a window that is 0 or too long" };
        match self.constant("a number of seconds")? {
            (Constant::Integer(seconds), false) => {
                let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
                Ok(Seconds::Whole(seconds.ok_or_else(wrong)?))
            }
            (Constant::Float(seconds), false) if seconds > 0.0 => Ok(Seconds::Fraction(seconds)),
            (Constant::Float(_), false) => Err(wrong()),
            _ => Err(PatternFault::Expected { at, expected: "a number of seconds" }),
        }
    }

    fn time(&mut self) -> Result<crate::Timestamp, PatternFault> {
        let at = self.token.at;
        let expected = "a time such as t'2017-07-08T00:00:00Z'";
        match self.constant(expected)?.0 {
            Constant::Timestamp(time) => Ok(time),
            // STIX 2.0 wrote plain texts here.
            Constant::Text(text) if self.dialect == Dialect::Lenient => {
                crate::Timestamp::parse(&text).ok_or(PatternFault::Expected { at, expected })
            }
            _ => Err(PatternFault::Expected { at, expected }),
        }
    }

    /// A constant, and whether a minus stands before it.
    fn constant(&mut self, expected: &'static str) -> Result<(Constant, bool), PatternFault> {
        if self.is_word("true") || self.is_word("false") {
            let value = self.is_word("true");
            self.advance()?;
            return Ok((Constant::Boolean(value), false));
        }
        if !matches!(self.token.kind, Kind::Constant { .. }) {
            return self.expected(expected);
        }
        match self.advance()? {
            Kind::Constant { value, minus } => Ok((value, minus)),
            _ => self.expected(expected),
        }
    }
}

/// The only part by itself, or all of them joined.
fn one_or<T>(mut parts: Vec<T>, join: impl FnOnce(Vec<T>) -> T) -> T {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

/// The first word of a qualifier that stands twice.
pub(crate) fn duplicate(qualifiers: &[Qualifier]) -> Option<&'static str> {
    let word = |qualifier: &Qualifier| match qualifier {
        Qualifier::Within(_) => "WITHIN",
        Qualifier::Repeats(_) => "REPEATS",
        Qualifier::StartStop(..) => "START",
    };
    let twice = |at: usize, one: &Qualifier| {
        qualifiers.iter().skip(at + 1).any(|other| word(other) == word(one))
    };
    let mut each = qualifiers.iter().enumerate();
    each.find(|(at, one)| twice(*at, one)).map(|(_, one)| word(one))
}
