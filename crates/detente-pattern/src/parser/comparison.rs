//! What stands inside the brackets: comparisons, operators, paths and sets.

use super::{
    Comparison, ComparisonExpression, Constant, Dialect, Kind, MAX_COMPARISONS, MAX_DEPTH,
    Operator, Parser, PatternFault, is_keyword, one_or,
};
use crate::MAX_STEPS;
use crate::tree::{ObjectPath, Step};

const WORDS: [(&str, Operator); 5] = [
    ("IN", Operator::In),
    ("LIKE", Operator::Like),
    ("MATCHES", Operator::Matches),
    ("ISSUBSET", Operator::IsSubset),
    ("ISSUPERSET", Operator::IsSuperset),
];

fn operator_of(symbol: &str) -> Option<Operator> {
    Some(match symbol {
        "=" | "==" => Operator::Equal,
        "!=" | "<>" => Operator::NotEqual,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        _ => return None,
    })
}

impl Parser<'_> {
    pub(super) fn comparisons_or(
        &mut self,
        depth: usize,
    ) -> Result<ComparisonExpression, PatternFault> {
        let mut parts = vec![self.comparisons_and(depth)?];
        while self.eat_word("OR")? {
            parts.push(self.comparisons_and(depth)?);
        }
        Ok(one_or(parts, ComparisonExpression::Or))
    }

    fn comparisons_and(&mut self, depth: usize) -> Result<ComparisonExpression, PatternFault> {
        let mut parts = vec![self.comparison_or_group(depth)?];
        while self.eat_word("AND")? {
            parts.push(self.comparison_or_group(depth)?);
        }
        Ok(one_or(parts, ComparisonExpression::And))
    }

    fn comparison_or_group(&mut self, depth: usize) -> Result<ComparisonExpression, PatternFault> {
        if !self.eat("(")? {
            return Ok(ComparisonExpression::Comparison(self.comparison()?));
        }
        if depth >= MAX_DEPTH {
            return Err(PatternFault::TooDeep { at: self.token.at });
        }
        let inner = self.comparisons_or(depth + 1)?;
        self.need(")", "AND, OR or a closing parenthesis")?;
        Ok(inner)
    }

    fn comparison(&mut self) -> Result<Comparison, PatternFault> {
        let mut negated = self.eat_word("NOT")?;
        if self.eat_word("EXISTS")? {
            self.count(1)?;
            let path = self.path()?;
            let constants = Vec::new();
            return Ok(Comparison { path, operator: Operator::Exists, negated, constants });
        }
        if negated && self.dialect == Dialect::Strict {
            return self.expected("EXISTS");
        }
        let path = self.path()?;
        negated |= self.eat_word("NOT")?;
        let operator = self.operator()?;
        let constants = self.constants(operator)?;
        self.count(constants.len().max(1))?;
        Ok(Comparison { path, operator, negated, constants })
    }

    fn count(&mut self, more: usize) -> Result<(), PatternFault> {
        self.comparisons += more;
        if self.comparisons > MAX_COMPARISONS {
            return Err(PatternFault::TooMany { at: self.token.at, what: "comparisons" });
        }
        Ok(())
    }

    fn operator(&mut self) -> Result<Operator, PatternFault> {
        if let Kind::Symbol(symbol) = self.token.kind
            && let Some(operator) = operator_of(symbol)
        {
            self.advance()?;
            return Ok(operator);
        }
        match WORDS.into_iter().find(|(word, _)| self.is_word(word)) {
            Some((_, operator)) => {
                self.advance()?;
                Ok(operator)
            }
            None => self.expected("a comparison operator"),
        }
    }

    fn constants(&mut self, operator: Operator) -> Result<Vec<Constant>, PatternFault> {
        let at = self.token.at;
        match operator {
            Operator::In => self.set(),
            Operator::Equal | Operator::NotEqual => Ok(vec![self.constant("a constant")?.0]),
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => match self.constant("a constant that has an order")?.0 {
                Constant::Boolean(_) => {
                    let expected = "a constant that has an order";
                    Err(PatternFault::Expected { at, expected })
                }
                constant => Ok(vec![constant]),
            },
            _ => match self.constant("a quoted text")?.0 {
                text @ Constant::Text(_) => Ok(vec![text]),
                _ => Err(PatternFault::Expected { at, expected: "a quoted text" }),
            },
        }
    }

    fn set(&mut self) -> Result<Vec<Constant>, PatternFault> {
        self.need("(", "a set in parentheses")?;
        let mut constants = Vec::new();
        if self.eat(")")? {
            return Ok(constants);
        }
        loop {
            if constants.len() >= MAX_COMPARISONS {
                return Err(PatternFault::TooMany { at: self.token.at, what: "comparisons" });
            }
            constants.push(self.constant("a constant")?.0);
            if self.eat(")")? {
                return Ok(constants);
            }
            self.need(",", "a comma or the end of the set")?;
        }
    }

    fn path(&mut self) -> Result<ObjectPath, PatternFault> {
        let object_type = match self.token.kind {
            Kind::Word(word) if !is_keyword(word) => word.to_owned(),
            _ => return self.expected("an object path"),
        };
        self.advance()?;
        self.need(":", "a colon behind the object type")?;
        let mut steps = vec![self.property()?];
        loop {
            let at = self.token.at;
            let step = if self.eat(".")? {
                self.property()?
            } else if self.eat("[")? {
                self.place()?
            } else {
                return Ok(ObjectPath { object_type, steps });
            };
            if steps.len() >= MAX_STEPS {
                return Err(PatternFault::TooMany { at, what: "steps" });
            }
            steps.push(step);
        }
    }

    fn property(&mut self) -> Result<Step, PatternFault> {
        let expected = "a property name";
        let name = match &self.token.kind {
            // Hyphens need quotes in STIX 2.1, not so in 2.0, and feeds leave them out.
            Kind::Word(word) if self.dialect == Dialect::Lenient => (*word).to_owned(),
            Kind::Word(word) if !is_keyword(word) && !word.contains('-') => (*word).to_owned(),
            Kind::Constant { value: Constant::Text(name), .. } => name.clone(),
            _ => return self.expected(expected),
        };
        self.advance()?;
        Ok(Step::Property(name))
    }

    /// What stands in brackets behind a property, and the closing bracket.
    fn place(&mut self) -> Result<Step, PatternFault> {
        let expected = "a place in the list, from 0, or *";
        let at = self.token.at;
        let step = if self.eat("*")? {
            Step::Every
        } else {
            match self.constant(expected)? {
                (Constant::Integer(place), false) => Step::Index(
                    u32::try_from(place)
                        .map_err(|_| PatternFault::Number { at, wrong: "a place too far" })?,
                ),
                _ => return Err(PatternFault::Expected { at, expected }),
            }
        };
        self.need("]", "a closing bracket")?;
        Ok(step)
    }
}
