//! Suspension by clause and direction, and countermeasures.
//!
//! A suspension says which clauses it holds up and for whom, so that what goes on is as plain as
//! what does not. Source: Vienna Convention on the Law of Treaties, articles 57, 60 and 65; the
//! itemised suspensions of New START in 2023.

use crate::act::stance::{
    MAX_CLAUSES, MAX_NOTE, check_note, check_times, read_clauses, read_time, write_times,
};
use crate::act::{MAX_SEEN, rule};
use crate::encode::{DecodeError, Reader, Writer};
use crate::id::{Digest, PartyId};
use crate::time::UnixSeconds;

/// Most directions of one suspension: to and from each other party of an accord.
pub const MAX_WAYS: usize = 2 * MAX_SEEN;

/// A direction: what goes from one party to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Way {
    /// Who gives.
    pub from: PartyId,
    /// Who gets.
    pub to: PartyId,
}

/// What is held up, why and until when. The body of a suspension and of a countermeasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// The text in force.
    pub text: Digest,
    /// From when, if later than the act.
    pub effective: Option<UnixSeconds>,
    /// Until when, if it has an end of its own.
    pub expires: Option<UnixSeconds>,
    /// Its clauses, ascending, at least one.
    pub clauses: Vec<String>,
    /// The directions, ascending, at least one; the author is an end of each.
    pub ways: Vec<Way>,
    /// Why.
    pub reason: String,
    /// Of a countermeasure: the other side's act that it answers.
    pub answers: Option<Digest>,
}

impl Suspension {
    /// Whether it says all that it must. `counter` is for a countermeasure.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn check(&self, counter: bool) -> Result<(), &'static str> {
        if self.clauses.is_empty() || self.clauses.len() > MAX_CLAUSES {
            return Err("the scope names no clause, or too many");
        }
        if self.ways.is_empty() || self.ways.len() > MAX_WAYS {
            return Err("the scope names no direction, or too many");
        }
        if !self.clauses.windows(2).all(|pair| pair[0] < pair[1])
            || !self.ways.windows(2).all(|pair| pair[0] < pair[1])
        {
            return Err("clauses or directions are not in ascending order");
        }
        if self.ways.iter().any(|way| way.from == way.to) {
            return Err("a direction goes from a party to itself");
        }
        if counter != self.answers.is_some() {
            return Err("a countermeasure names the act that it answers, and nothing else does");
        }
        if self.reason.trim().is_empty() {
            return Err("the act gives no reason");
        }
        check_times(self.effective, self.expires)?;
        check_note(&self.reason)
    }

    pub(super) fn write(&self, w: &mut Writer) {
        let optional = [self.effective, self.expires].iter().flatten().count();
        w.map(4 + optional + usize::from(self.answers.is_some()));
        w.uint(1).bytes(self.text.as_bytes());
        write_times(w, self.effective, self.expires);
        w.uint(4).array(self.clauses.len());
        for clause in &self.clauses {
            w.text(clause);
        }
        w.uint(5).array(self.ways.len());
        for way in &self.ways {
            w.array(2).bytes(way.from.as_bytes()).bytes(way.to.as_bytes());
        }
        w.uint(6).text(&self.reason);
        if let Some(answers) = &self.answers {
            w.uint(7).bytes(answers.as_bytes());
        }
    }

    pub(super) fn read(r: &mut Reader<'_>, counter: bool) -> Result<Suspension, DecodeError> {
        let mut fields = r.map()?;
        fields.required(r, 1)?;
        let text = Digest::new(r.fixed()?);
        let effective = if fields.optional(r, 2)? { Some(read_time(r)?) } else { None };
        let expires = if fields.optional(r, 3)? { Some(read_time(r)?) } else { None };
        fields.required(r, 4)?;
        let clauses = read_clauses(r)?;
        fields.required(r, 5)?;
        let mut ways = Vec::new();
        for _ in 0..r.array(MAX_WAYS)? {
            r.tuple(2)?;
            ways.push(Way { from: PartyId::new(r.fixed()?), to: PartyId::new(r.fixed()?) });
        }
        fields.required(r, 6)?;
        let reason = r.text(MAX_NOTE)?.to_owned();
        let answers = if fields.optional(r, 7)? { Some(Digest::new(r.fixed()?)) } else { None };
        fields.end(r)?;
        let read = Suspension { text, effective, expires, clauses, ways, reason, answers };
        read.check(counter).map_err(|words| rule(r.offset(), words))?;
        Ok(read)
    }
}
