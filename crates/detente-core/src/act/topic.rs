//! What a position is about, by one name: a clause of the text, or a matter in no text yet.

use std::fmt;

use crate::act::matching::MAX_CLAUSE_ID;
use crate::act::rule;
use crate::act::stance::MAX_SUBJECT;
use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::name::is_plain;

/// A clause by its id, or a subject by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// `3.1`.
    Clause(String),
    /// `working group on cyber security`.
    Subject(String),
}

impl Topic {
    /// Whether it names something, openly.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        let (name, max) = match self {
            Topic::Clause(id) => (id, MAX_CLAUSE_ID),
            Topic::Subject(name) => (name, MAX_SUBJECT),
        };
        if name.trim().is_empty() || name.len() > max || !is_plain(name) {
            return Err("a topic is empty, too long or has hidden characters");
        }
        Ok(())
    }

    pub(super) fn write(&self, w: &mut Writer) {
        match self {
            Topic::Clause(id) => w.array(2).uint(1).text(id),
            Topic::Subject(name) => w.array(2).uint(2).text(name),
        };
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Topic, DecodeError> {
        r.tuple(2)?;
        let topic = match r.uint8("topic")? {
            1 => Topic::Clause(r.text(MAX_CLAUSE_ID)?.to_owned()),
            2 => Topic::Subject(r.text(MAX_SUBJECT)?.to_owned()),
            got => return Err(r.fail(DecodeFault::BadValue { what: "topic", got: got.into() })),
        };
        topic.check().map_err(|words| rule(r.offset(), words))?;
        Ok(topic)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Topic::Clause(id) => write!(f, "clause {id}"),
            Topic::Subject(name) => f.write_str(name),
        }
    }
}
