//! What a person asks for at the table, and the body of the act that says it.

use std::ops::Range;

use detente_core::act::{
    Answering, Body, Change, Matter, Readout, ReadoutLine, Reply, Stance, Statement, Step, Subject,
    Suspension, Topic, Unilateral, Way,
};
use detente_core::name::{is_plain, mixed_word};
use detente_core::{Digest, Level};
use serde::{Deserialize, Serialize};

use crate::resolve::{Resolver, clauses, time};

/// What an act is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "about")]
#[expect(missing_docs, reason = "each field is what its name says, as a person writes it")]
pub enum About {
    /// A text, all of it; without a digest, the only one that can be meant.
    Text { text: Option<String> },
    /// Clauses of a text.
    Clauses { text: Option<String>, clauses: Vec<String> },
    /// A matter in no text yet.
    Subject { name: String, domain: String, territory: String, target: String, until: String },
}

/// Which way a suspension goes, seen from its author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Toward {
    /// What the other side gives.
    In,
    /// What this side gives.
    Out,
    /// Both.
    Both,
}

/// A clause by its number, or a subject by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// `3.1`.
    Clause(String),
    /// `working group`.
    Subject(String),
}

/// One line of a readout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it is about.
    #[serde(flatten)]
    pub on: On,
    /// How far the two came.
    pub level: String,
    /// In words.
    #[serde(default)]
    pub words: String,
}

/// What a person asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "motion")]
#[expect(missing_docs, reason = "each field is what its name says, as a person writes it")]
pub enum Motion {
    /// A step on the ladder, by the name of its act.
    Step { step: String, on: About, from: Option<String>, until: Option<String>, note: String },
    /// Something about one earlier act, by the name of the new one.
    Reply { answer: String, act: String, reason: String, precludes: bool },
    /// A reservation.
    Reserve { text: Option<String>, clauses: Vec<String>, statement: String },
    /// An interpretative declaration.
    Declare { text: Option<String>, clauses: Vec<String>, statement: String },
    /// A suspension, or a countermeasure if it answers an act.
    Suspend {
        clauses: Vec<String>,
        toward: Toward,
        parties: Vec<String>,
        from: Option<String>,
        until: Option<String>,
        reason: String,
        answers: Option<String>,
    },
    /// The end of an own suspension.
    Resume { act: String, reason: String },
    /// A correction: the text with the error and the text without it.
    Correct { text: Option<String>, corrected: String, reason: String },
    /// Brackets in one unit of the rolling text. `words` are bracketed as they stand; each option
    /// replaces them, or the whole unit if there are none.
    Bracket {
        unit: String,
        words: Option<String>,
        options: Vec<String>,
        leave_out: bool,
        note: String,
    },
    /// A statement made outside, with the SHA-256 of its document.
    Attach {
        speaker: String,
        on: On,
        level: String,
        made: String,
        source: String,
        document: String,
        quote: String,
    },
    /// An account of a meeting.
    Readout { meeting: String, held: String, lines: Vec<Line> },
}

/// Why a motion makes no act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MotionFault {
    /// A word is none of its list.
    #[error("{what} is {got:?}")]
    UnknownWord {
        /// What it should be.
        what: &'static str,
        /// What was written.
        got: String,
        /// What can be written.
        words: String,
    },
    /// Several texts could be meant.
    #[error("several texts, or none, could be meant")]
    WhichText,
    /// No text, or several, have a digest that begins so.
    #[error("no one text has a digest that begins with {name:?}")]
    UnknownText {
        /// What was written.
        name: String,
    },
    /// No act, or several, have a digest that begins so.
    #[error("no one act has a digest that begins with {name:?}")]
    UnknownAct {
        /// What was written.
        name: String,
    },
    /// Not a party of this accord.
    #[error("{name:?} is no party of this accord")]
    UnknownParty {
        /// What was written.
        name: String,
    },
    /// No day and no moment.
    #[error("{text:?} is neither a day nor a moment")]
    BadTime {
        /// What was written.
        text: String,
    },
    /// The unit is not on the table.
    #[error("{unit:?} is no unit on the table")]
    UnknownUnit {
        /// What was written.
        unit: String,
    },
    /// The words do not stand in the unit just once.
    #[error("the words {words:?} stand {times} times in {unit}")]
    NotOnce {
        /// Where.
        unit: String,
        /// Which words.
        words: String,
        /// How often.
        times: usize,
    },
    /// The scope or another part is missing or open.
    #[error("{0}")]
    Unsound(&'static str),
    /// A name mixes letters of two scripts.
    #[error("{word:?} mixes letters of two scripts")]
    MixedScripts {
        /// Which word.
        word: String,
    },
}

impl MotionFault {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            MotionFault::UnknownWord { .. } => "unknown_word",
            MotionFault::WhichText => "several_texts",
            MotionFault::UnknownText { .. } => "unknown_text",
            MotionFault::UnknownAct { .. } => "unknown_act",
            MotionFault::UnknownParty { .. } => "unknown_party",
            MotionFault::BadTime { .. } => "bad_time",
            MotionFault::UnknownUnit { .. } => "unknown_unit",
            MotionFault::NotOnce { .. } => "not_one_quote",
            MotionFault::Unsound(_) => "no_scope",
            MotionFault::MixedScripts { .. } => "mixed_scripts",
        }
    }

    /// What to do.
    pub fn remedy(&self) -> String {
        match self {
            MotionFault::UnknownWord { words, .. } => format!("write one of: {words}"),
            MotionFault::WhichText => {
                "name a text by its digest: --text DIGEST; see `detente accord status`".to_owned()
            }
            MotionFault::UnknownText { .. } => {
                "write at least 8 digits; see `detente accord status`".to_owned()
            }
            MotionFault::UnknownAct { .. } => {
                "write at least 8 digits; see `detente accord history`".to_owned()
            }
            MotionFault::UnknownParty { .. } => {
                "write its name, its id in the text or its fingerprint".to_owned()
            }
            MotionFault::BadTime { .. } => {
                "write a day such as 2027-12-31 or a moment such as 2027-12-31T12:00:00Z".to_owned()
            }
            MotionFault::UnknownUnit { .. } => {
                "see `detente accord text`; a clause is --clause 3.1".to_owned()
            }
            MotionFault::NotOnce { .. } => "quote words that stand there just once".to_owned(),
            MotionFault::Unsound(_) => {
                "say what, in which field, where, for whom and until when; name clauses one by one"
                    .to_owned()
            }
            MotionFault::MixedScripts { .. } => {
                "write each word with the letters of one script".to_owned()
            }
        }
    }
}

impl Motion {
    /// The body of the act that says it.
    ///
    /// # Errors
    /// [`MotionFault`]: the author's own, before anything is signed.
    pub fn body(&self, with: &Resolver<'_>) -> Result<Body, MotionFault> {
        match self {
            Motion::Step { step, on, from, until, note } => {
                let step = step_named(step)?;
                let stance = Stance {
                    matter: matter(on, with)?,
                    effective: from.as_deref().map(time).transpose()?,
                    expires: until.as_deref().map(time).transpose()?,
                    note: note.clone(),
                };
                stance.check(step).map_err(MotionFault::Unsound)?;
                Ok(Body::Stance(step, stance))
            }
            Motion::Reply { answer, act, reason, precludes } => {
                let answering = answering_named(answer)?;
                let (act, reason) = (with.act(act)?, reason.clone());
                let reply = Reply { act, reason, precludes: *precludes };
                reply.check(answering).map_err(MotionFault::Unsound)?;
                Ok(Body::Reply(answering, reply))
            }
            Motion::Reserve { text, clauses, statement } => {
                Ok(Body::Reserve(unilateral(text.as_deref(), clauses, statement, with)?))
            }
            Motion::Declare { text, clauses, statement } => {
                Ok(Body::Declare(unilateral(text.as_deref(), clauses, statement, with)?))
            }
            Motion::Suspend { .. } => self.suspension(with),
            Motion::Resume { act, reason } => {
                Ok(Body::Resume { reason: reason.clone(), act: Some(with.act(act)?) })
            }
            Motion::Correct { text, corrected, reason } => Ok(Body::Correct {
                text: with.text(text.as_deref())?,
                corrected: corrected.clone().into_bytes(),
                reason: reason.clone(),
            }),
            Motion::Bracket { .. } => self.change(with),
            Motion::Attach { .. } => self.statement(with),
            Motion::Readout { meeting, held, lines } => readout(meeting, held, lines),
        }
    }

    fn suspension(&self, with: &Resolver<'_>) -> Result<Body, MotionFault> {
        let Motion::Suspend { clauses: named, toward, parties, from, until, reason, answers } =
            self
        else {
            return Err(MotionFault::Unsound("no suspension"));
        };
        let mut ways: Vec<Way> = Vec::new();
        for other in with.others(parties)? {
            let (out, back) =
                (Way { from: with.own, to: other }, Way { from: other, to: with.own });
            match toward {
                Toward::Out => ways.push(out),
                Toward::In => ways.push(back),
                Toward::Both => ways.extend([out, back]),
            }
        }
        ways.sort_unstable();
        ways.dedup();
        let force = with.state.in_force.ok_or(MotionFault::Unsound("no text is in force"))?;
        let suspension = Suspension {
            text: force.text,
            effective: from.as_deref().map(time).transpose()?,
            expires: until.as_deref().map(time).transpose()?,
            clauses: clauses(named),
            ways,
            reason: reason.clone(),
            answers: answers.as_deref().map(|act| with.act(act)).transpose()?,
        };
        let counter = answers.is_some();
        suspension.check(counter).map_err(MotionFault::Unsound)?;
        Ok(if counter { Body::Countermeasure(suspension) } else { Body::Suspend(suspension) })
    }

    fn change(&self, with: &Resolver<'_>) -> Result<Body, MotionFault> {
        let Motion::Bracket { unit, words, options, leave_out, note } = self else {
            return Err(MotionFault::Unsound("no brackets"));
        };
        let key = unit.parse().map_err(|_| MotionFault::UnknownUnit { unit: unit.clone() })?;
        let base = with.state.rolling().start_of(with.own, &key).map(str::to_owned);
        if base.is_none() && (options.is_empty() || words.is_some()) {
            return Err(MotionFault::UnknownUnit { unit: unit.clone() });
        }
        let mut offers: Vec<Option<String>> = Vec::new();
        for option in options {
            offers.push(Some(match (&base, words) {
                (Some(base), Some(words)) => put_in(unit, base, words, option)?,
                _ => option.clone(),
            }));
        }
        if *leave_out {
            offers.push(match (&base, words) {
                (Some(base), Some(words)) => Some(put_in(unit, base, words, "")?),
                _ => None,
            });
        }
        // Words are named in bare brackets alone: an option shows for itself what it changes.
        let quoted = words.iter().filter(|_| offers.is_empty()).cloned().collect();
        let change = Change {
            unit: unit.clone(),
            base: base.map(|base| Digest::plain(base.as_bytes())),
            options: offers,
            words: quoted,
            note: note.clone(),
        };
        change.check().map_err(MotionFault::Unsound)?;
        Ok(Body::Bracket(vec![change]))
    }

    fn statement(&self, with: &Resolver<'_>) -> Result<Body, MotionFault> {
        let Motion::Attach { speaker, on, level, made, source, document, quote } = self else {
            return Err(MotionFault::Unsound("no statement"));
        };
        let statement = Statement {
            speaker: with.party(speaker)?,
            topic: topic(on),
            claimed: level_named(level)?,
            made: time(made)?,
            source: source.clone(),
            document: document
                .parse()
                .map_err(|_| MotionFault::Unsound("the document has no SHA-256"))?,
            quote: quote.clone(),
        };
        statement.check().map_err(MotionFault::Unsound)?;
        Ok(Body::Attach(statement))
    }
}

/// A unit with words in the place of others that stand in it once, however its lines are broken.
fn put_in(unit: &str, base: &str, words: &str, option: &str) -> Result<String, MotionFault> {
    let hits: Vec<Range<usize>> =
        base.char_indices().filter_map(|(at, _)| stretch(base, at, words)).collect();
    match hits.as_slice() {
        [one] => {
            let mut text = base.to_owned();
            text.replace_range(one.clone(), option);
            Ok(text)
        }
        hits => {
            let (unit, words) = (unit.to_owned(), words.to_owned());
            Err(MotionFault::NotOnce { unit, words, times: hits.len() })
        }
    }
}

/// Where words end that begin at a place of a text, any blanks between them.
fn stretch(text: &str, start: usize, words: &str) -> Option<Range<usize>> {
    let mut rest = text.get(start..)?;
    for (at, word) in words.split_whitespace().enumerate() {
        if at > 0 {
            let trimmed = rest.trim_start();
            // Two words do not run into one another.
            if trimmed.len() == rest.len() {
                return None;
            }
            rest = trimmed;
        }
        rest = rest.strip_prefix(word)?;
    }
    let end = text.len() - rest.len();
    (end > start).then_some(start..end)
}

fn readout(meeting: &str, held: &str, lines: &[Line]) -> Result<Body, MotionFault> {
    let mut read: Vec<ReadoutLine> = Vec::new();
    for line in lines {
        let (topic, level) = (topic(&line.on), level_named(&line.level)?);
        read.push(ReadoutLine { topic, level, words: line.words.clone() });
    }
    read.sort_by(|a, b| a.topic.cmp(&b.topic));
    let readout = Readout { meeting: meeting.to_owned(), held: time(held)?, lines: read };
    readout.check().map_err(MotionFault::Unsound)?;
    Ok(Body::Readout(readout))
}

fn matter(on: &About, with: &Resolver<'_>) -> Result<Matter, MotionFault> {
    match on {
        About::Text { text } => Ok(Matter::Text { text: with.text(text.as_deref())? }),
        About::Clauses { text, clauses: named } => {
            Ok(Matter::Clauses { text: with.text(text.as_deref())?, clauses: clauses(named) })
        }
        About::Subject { name, domain, territory, target, until } => {
            if let Some(word) = mixed_word(name).filter(|_| is_plain(name)) {
                return Err(MotionFault::MixedScripts { word: word.to_owned() });
            }
            Ok(Matter::Subject(Subject {
                name: name.clone(),
                domain: domain.clone(),
                territory: territory.clone(),
                target: target.clone(),
                until: time(until)?,
            }))
        }
    }
}

fn unilateral(
    text: Option<&str>,
    named: &[String],
    statement: &str,
    with: &Resolver<'_>,
) -> Result<Unilateral, MotionFault> {
    let (text, statement) = (with.text(text)?, statement.to_owned());
    let own = Unilateral { text, clauses: clauses(named), statement };
    own.check().map_err(MotionFault::Unsound)?;
    Ok(own)
}

fn topic(on: &On) -> Topic {
    match on {
        On::Clause(id) => Topic::Clause(id.clone()),
        On::Subject(name) => Topic::Subject(name.clone()),
    }
}

fn step_named(name: &str) -> Result<Step, MotionFault> {
    Step::ALL.into_iter().find(|step| step.kind().name() == name).ok_or_else(|| {
        let words: Vec<&str> = Step::ALL.iter().map(|step| step.kind().name()).collect();
        unknown("the step", name, &words)
    })
}

fn answering_named(name: &str) -> Result<Answering, MotionFault> {
    Answering::ALL.into_iter().find(|answer| answer.kind().name() == name).ok_or_else(|| {
        let words: Vec<&str> = Answering::ALL.iter().map(|answer| answer.kind().name()).collect();
        unknown("the answer", name, &words)
    })
}

fn level_named(name: &str) -> Result<Level, MotionFault> {
    name.parse().map_err(|_| unknown("the level", name, &Level::ALL.map(Level::name)))
}

fn unknown(what: &'static str, got: &str, words: &[&str]) -> MotionFault {
    let got = got.chars().take(80).collect();
    MotionFault::UnknownWord { what, got, words: words.join(", ") }
}
