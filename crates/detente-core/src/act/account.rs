//! Accounts of what was said outside the record: statements with their source, and readouts of
//! meetings. They show beside the positions and have no effect on them.

use crate::act::rule;
use crate::act::stance::{MAX_NOTE, MAX_SUBJECT, check_note, read_time};
use crate::act::topic::Topic;
use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::id::{Digest, PartyId};
use crate::level::Level;
use crate::name::is_plain;
use crate::time::UnixSeconds;

/// Most lines of a readout.
pub const MAX_READOUT: usize = 256;

/// A statement made outside: a press line, a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Which party it was made for.
    pub speaker: PartyId,
    /// What it was about.
    pub topic: Topic,
    /// How far it went by its own words.
    pub claimed: Level,
    /// When it was made.
    pub made: UnixSeconds,
    /// Where it can be found, in words.
    pub source: String,
    /// SHA-256 of the document.
    pub document: Digest,
    /// The words.
    pub quote: String,
}

/// One side's account of a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readout {
    /// What both sides call the meeting: `Hamburg, 7 July 2017`.
    pub meeting: String,
    /// When it was held.
    pub held: UnixSeconds,
    /// Line by line, ascending by topic, each once.
    pub lines: Vec<ReadoutLine>,
}

/// What one side says of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadoutLine {
    /// What it was about.
    pub topic: Topic,
    /// How far the two came.
    pub level: Level,
    /// In words.
    pub words: String,
}

fn read_level(r: &mut Reader<'_>) -> Result<Level, DecodeError> {
    let got = r.uint8("level")?;
    let level = Level::from_code(got);
    level.ok_or_else(|| r.fail(DecodeFault::BadValue { what: "level", got: got.into() }))
}

impl Statement {
    /// Whether it says all that it must.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        self.topic.check()?;
        if self.source.trim().is_empty() || self.source.len() > MAX_SUBJECT {
            return Err("the statement has no source, or one too long");
        }
        if !is_plain(&self.source) {
            return Err("the source has hidden characters");
        }
        if self.quote.trim().is_empty() {
            return Err("the statement has no words");
        }
        check_note(&self.quote)
    }

    pub(super) fn write(&self, w: &mut Writer) {
        self.topic.write(w.array(7).bytes(self.speaker.as_bytes()));
        w.uint(self.claimed.code().into()).uint(self.made.get()).text(&self.source);
        w.bytes(self.document.as_bytes()).text(&self.quote);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Statement, DecodeError> {
        r.tuple(7)?;
        let speaker = PartyId::new(r.fixed()?);
        let topic = Topic::read(r)?;
        let claimed = read_level(r)?;
        let made = read_time(r)?;
        let source = r.text(MAX_SUBJECT)?.to_owned();
        let document = Digest::new(r.fixed()?);
        let quote = r.text(MAX_NOTE)?.to_owned();
        let read = Statement { speaker, topic, claimed, made, source, document, quote };
        read.check().map_err(|words| rule(r.offset(), words))?;
        Ok(read)
    }
}

impl Readout {
    /// Whether it says all that it must.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        let name = self.meeting.trim();
        if name.is_empty() || self.meeting.len() > MAX_SUBJECT || !is_plain(name) {
            return Err("the meeting has no name, one too long or one with hidden characters");
        }
        if self.lines.is_empty() || self.lines.len() > MAX_READOUT {
            return Err("the readout has no line, or too many");
        }
        if !self.lines.windows(2).all(|pair| pair[0].topic < pair[1].topic) {
            return Err("lines are not in ascending order of topics");
        }
        self.lines.iter().try_for_each(|line| {
            line.topic.check()?;
            check_note(&line.words)
        })
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.array(3).text(&self.meeting).uint(self.held.get()).array(self.lines.len());
        for line in &self.lines {
            line.topic.write(w.array(3));
            w.uint(line.level.code().into()).text(&line.words);
        }
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Readout, DecodeError> {
        r.tuple(3)?;
        let meeting = r.text(MAX_SUBJECT)?.to_owned();
        let held = read_time(r)?;
        let mut lines = Vec::new();
        for _ in 0..r.array(MAX_READOUT)? {
            r.tuple(3)?;
            let topic = Topic::read(r)?;
            let level = read_level(r)?;
            lines.push(ReadoutLine { topic, level, words: r.text(MAX_NOTE)?.to_owned() });
        }
        let read = Readout { meeting, held, lines };
        read.check().map_err(|words| rule(r.offset(), words))?;
        Ok(read)
    }
}
