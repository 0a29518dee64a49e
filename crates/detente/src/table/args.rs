//! The words of the table.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use detente_table::duties::Whose;
use detente_table::{About, On, Toward};

use crate::args::RoleArg;

/// Commands of the negotiating table.
#[derive(Debug, Subcommand)]
pub enum TableVerb {
    /// Open an accord with others before there is a text, to take positions on matters.
    Open {
        /// What the parties will call the accord: lower-case letters, digits, hyphens.
        slug: String,
        /// The other parties: name or fingerprint.
        #[arg(long, required = true)]
        with: Vec<String>,
    },
    /// Put an idea forward without a text.
    Float(StepArgs),
    /// Support a matter, a text or clauses of one in principle.
    Support(StepArgs),
    /// Keep this party's position open.
    ReservePosition(StepArgs),
    /// Agree, if the capital does: it confirms with `accord confirm`.
    AgreeAdReferendum(StepArgs),
    /// Initial a text: these are the words.
    Initial(StepArgs),
    /// Sign a text, if the capital confirms with `accord confirm`.
    SignAdReferendum(StepArgs),
    /// Ratify a signed text.
    Ratify(StepArgs),
    /// Accede to a text that this party has not signed.
    Accede(StepArgs),
    /// Apply clauses before the text is in force; needs --expires.
    AdoptProvisionally(StepArgs),
    /// Decline a matter or clauses; a whole text is declined with `accord refuse`.
    Decline(StepArgs),
    /// Stand by an earlier act of this party: one without authority, alone or ad referendum.
    Confirm(ReplyArgs),
    /// Take an earlier act of this party back.
    Retract(ReplyArgs),
    /// Do not recognise a suspension or countermeasure of the other side.
    Contest(ReplyArgs),
    /// Take this party's notice of leaving back.
    RevokeNotice(ReplyArgs),
    /// Object to a reservation of the other side.
    Object(ReplyArgs),
    /// Accept a reservation of the other side.
    Accept(ReplyArgs),
    /// Exclude clauses of a text for this party.
    Reserve(AsideArgs),
    /// Say how this party reads clauses of a text, without effect on them.
    Declare(AsideArgs),
    /// Hold up clauses of the text in force, in one direction or both.
    Suspend(SuspendArgs),
    /// Hold up clauses in answer to an act of the other side.
    Countermeasure {
        #[command(flatten)]
        suspend: SuspendArgs,
        /// The act that it answers, by its digest.
        #[arg(long, value_name = "ACT")]
        answers: String,
    },
    /// Correct an error in a text, if all parties make the same correction.
    Correct {
        /// The accord.
        accord: String,
        /// The corrected text, a TOML file.
        file: PathBuf,
        /// The text with the error, by its digest.
        #[arg(long)]
        text: Option<String>,
        /// Which error.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Put words or a whole clause of the text under negotiation into brackets.
    Bracket(BracketArgs),
    /// Attach a statement made outside, by the digest of its document: it shows, without effect.
    Attach(AttachArgs),
    /// File this party's account of a meeting, from a TOML file.
    Readout {
        /// The accord.
        accord: String,
        /// `meeting`, `held`, and for each topic `[[line]]` with `clause` or `subject`, `level`,
        /// `words`.
        file: PathBuf,
        #[command(flatten)]
        by: ByArgs,
    },
    /// The accounts of all meetings side by side.
    Meetings {
        /// The accord.
        accord: String,
    },
    /// Where each party stands on each clause and matter, now or at a past moment.
    Positions {
        /// The accord.
        accord: String,
        /// A day or a moment.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Who owes what until when, and what became of it, by the record.
    ///
    /// Duties arise from `[clause.oblige]`, from `feedback` and `retention` of permissions under
    /// which something was released, and from `[meetings]`. A duty is met only if both logs bear it
    /// out; where they do not agree it is disputed.
    Duties {
        /// The accord.
        accord: String,
        /// A day or a moment.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// Only what `us` or `them` owe.
        #[arg(long, value_name = "WHO", value_parser = whose)]
        owed_by: Option<Whose>,
        /// As an iCalendar file, for the calendar that people use anyway.
        #[arg(long, conflicts_with = "json")]
        ics: bool,
    },
    /// What binds whom: each clause in each direction, now or at another moment, and why.
    Matrix {
        /// The accord.
        accord: String,
        /// A day or a moment.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
}

/// By which role.
#[derive(Clone, Debug, Args)]
pub struct ByArgs {
    #[command(flatten)]
    pub role: RoleArg,
    /// Enter the act though the role named with --as has no power for it: it has no effect until
    /// this party confirms it.
    #[arg(long, requires = "role")]
    pub unconfirmed: bool,
    /// An earlier act of this party and of the same kind, in whose place this one stands: its
    /// digest or the start of it, from `accord history`. It stays on record.
    #[arg(long, value_name = "ACT")]
    pub supersedes: Option<String>,
}

/// A step, and what it is about: a text, clauses of one, or a subject with its whole scope.
#[derive(Clone, Debug, Args)]
pub struct StepArgs {
    /// The accord.
    pub accord: String,
    /// A clause; may stand several times. Without it and without --subject: the whole text.
    #[arg(long)]
    pub clause: Vec<String>,
    /// The text by its digest, if several can be meant.
    #[arg(long)]
    pub text: Option<String>,
    /// A matter that stands in no text yet.
    #[arg(long, conflicts_with_all = ["clause", "text"])]
    pub subject: Option<String>,
    /// Of a subject: in which field.
    #[arg(long, default_value = "", requires = "subject")]
    pub domain: String,
    /// Of a subject: where.
    #[arg(long, default_value = "", requires = "subject")]
    pub territory: String,
    /// Of a subject: against or for whom.
    #[arg(long, default_value = "", requires = "subject")]
    pub target: String,
    /// Of a subject: until when it is meant.
    #[arg(long, default_value = "", requires = "subject", hide_default_value = true)]
    pub until: String,
    /// From when the step holds, if later than now.
    #[arg(long, value_name = "TIME")]
    pub effective: Option<String>,
    /// Until when the step holds.
    #[arg(long, value_name = "TIME")]
    pub expires: Option<String>,
    /// In words.
    #[arg(long, default_value = "")]
    pub note: String,
    #[command(flatten)]
    pub by: ByArgs,
}

impl StepArgs {
    /// What the step is about.
    pub fn about(&self) -> About {
        let text = self.text.clone();
        match &self.subject {
            Some(name) => About::Subject {
                name: name.clone(),
                domain: self.domain.clone(),
                territory: self.territory.clone(),
                target: self.target.clone(),
                until: self.until.clone(),
            },
            None if self.clause.is_empty() => About::Text { text },
            None => About::Clauses { text, clauses: self.clause.clone() },
        }
    }
}

/// Something about one earlier act.
#[derive(Clone, Debug, Args)]
pub struct ReplyArgs {
    /// The accord.
    pub accord: String,
    /// The earlier act by its digest, as `accord history --json` and `accord positions` show it.
    pub act: String,
    /// Why.
    #[arg(long, default_value = "")]
    pub reason: String,
    /// Of an objection: the accord shall not be in force between the two at all.
    #[arg(long)]
    pub precludes: bool,
    #[command(flatten)]
    pub by: ByArgs,
}

/// A reservation or declaration.
#[derive(Clone, Debug, Args)]
pub struct AsideArgs {
    /// The accord.
    pub accord: String,
    /// A clause; may stand several times.
    #[arg(long, required = true)]
    pub clause: Vec<String>,
    /// What the party states.
    #[arg(long)]
    pub statement: String,
    /// The text by its digest, if several can be meant.
    #[arg(long)]
    pub text: Option<String>,
    #[command(flatten)]
    pub by: ByArgs,
}

/// A suspension.
#[derive(Clone, Debug, Args)]
pub struct SuspendArgs {
    /// The accord.
    pub accord: String,
    /// A clause; may stand several times.
    #[arg(long, required = true)]
    pub clause: Vec<String>,
    /// `out` (what this side gives), `in` (what the other side gives) or `both`.
    #[arg(long, value_parser = toward)]
    pub direction: Toward,
    /// With which party; without it, all others.
    #[arg(long)]
    pub party: Vec<String>,
    /// From when, if later than now.
    #[arg(long, value_name = "TIME")]
    pub effective: Option<String>,
    /// Until when, if it has an end of its own.
    #[arg(long, value_name = "TIME")]
    pub expires: Option<String>,
    /// Why.
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub by: ByArgs,
}

fn whose(word: &str) -> Result<Whose, String> {
    match word {
        "us" => Ok(Whose::Us),
        "them" => Ok(Whose::Them),
        _ => Err("write us or them".to_owned()),
    }
}

fn toward(word: &str) -> Result<Toward, String> {
    match word {
        "in" => Ok(Toward::In),
        "out" => Ok(Toward::Out),
        "both" => Ok(Toward::Both),
        _ => Err("write out, in or both".to_owned()),
    }
}

/// Brackets.
#[derive(Clone, Debug, Args)]
pub struct BracketArgs {
    /// The accord.
    pub accord: String,
    /// The clause.
    #[arg(long, conflicts_with = "unit", required_unless_present = "unit")]
    pub clause: Option<String>,
    /// Another unit of the text: accord, exit, "definition indicator", "party A".
    #[arg(long)]
    pub unit: Option<String>,
    /// The words to bracket, as they stand; without them, the whole unit.
    #[arg(long)]
    pub words: Option<String>,
    /// What this party would accept in their place; may stand several times. Without any option the
    /// brackets offer nothing.
    #[arg(long)]
    pub option: Vec<String>,
    /// The whole unit as this party would accept it, a TOML file; may stand several times.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["words", "option"])]
    pub file: Vec<PathBuf>,
    /// This party would accept the text without them.
    #[arg(long)]
    pub leave_out: bool,
    /// Why.
    #[arg(long, default_value = "")]
    pub note: String,
    #[command(flatten)]
    pub by: ByArgs,
}

/// A statement made outside.
#[derive(Clone, Debug, Args)]
pub struct AttachArgs {
    /// The accord.
    pub accord: String,
    /// The party that it was made for: name, fingerprint or id in the text.
    #[arg(long)]
    pub speaker: String,
    /// On which clause.
    #[arg(long, conflicts_with = "subject", required_unless_present = "subject")]
    pub clause: Option<String>,
    /// On which matter.
    #[arg(long)]
    pub subject: Option<String>,
    /// How far it went by its own words: stated, floated, agreed, ...
    #[arg(long)]
    pub level: String,
    /// When it was made.
    #[arg(long, value_name = "TIME")]
    pub made: String,
    /// Where it can be found.
    #[arg(long)]
    pub source: String,
    /// The document: its digest goes on record, not the file.
    #[arg(long, value_name = "FILE")]
    pub document: PathBuf,
    /// The words.
    #[arg(long)]
    pub quote: String,
    #[command(flatten)]
    pub by: ByArgs,
}

/// A clause or a subject.
pub fn on(clause: Option<&String>, subject: Option<&String>) -> On {
    match (clause, subject) {
        (Some(id), _) => On::Clause(id.clone()),
        (None, subject) => On::Subject(subject.cloned().unwrap_or_default()),
    }
}
