//! From the words of the table to a command: files are read, motions made.

use std::path::Path;

use detente_core::Digest;
use detente_core::act::{MAX_OPTION, MAX_TEXT};
use detente_table::{Line, Motion};
use serde::Deserialize;

use super::TableCommand;
use super::args::{
    AsideArgs, AttachArgs, BracketArgs, ByArgs, ReplyArgs, StepArgs, SuspendArgs, TableVerb, on,
};
use crate::fail::Failure;
use crate::home::read_bounded;

/// Longest document whose digest is attached, in bytes.
const MAX_DOCUMENT: u64 = 256 * 1024 * 1024;
/// Longest file of a readout, in bytes.
const MAX_READOUT_FILE: u64 = 1024 * 1024;

/// A readout as its author writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadoutFile {
    meeting: String,
    held: String,
    #[serde(rename = "line")]
    lines: Vec<Line>,
}

impl TableVerb {
    /// The command, its files read.
    ///
    /// # Errors
    /// [`Failure`]: a file that can't be read.
    pub fn command(self) -> Result<TableCommand, Failure> {
        Ok(match self {
            TableVerb::Open { slug, with } => TableCommand::Open { slug, with },
            TableVerb::Float(args) => step("float", args),
            TableVerb::Support(args) => step("support", args),
            TableVerb::ReservePosition(args) => step("reserve-position", args),
            TableVerb::AgreeAdReferendum(args) => step("agree-ad-referendum", args),
            TableVerb::Initial(args) => step("initial", args),
            TableVerb::SignAdReferendum(args) => step("sign-ad-referendum", args),
            TableVerb::Ratify(args) => step("ratify", args),
            TableVerb::Accede(args) => step("accede", args),
            TableVerb::AdoptProvisionally(args) => step("adopt-provisionally", args),
            TableVerb::Decline(args) => step("decline", args),
            TableVerb::Confirm(args) => reply("confirm", args),
            TableVerb::Retract(args) => reply("retract", args),
            TableVerb::Contest(args) => reply("contest", args),
            TableVerb::RevokeNotice(args) => reply("revoke-notice", args),
            TableVerb::Object(args) => reply("object", args),
            TableVerb::Accept(args) => reply("accept", args),
            TableVerb::Reserve(AsideArgs { accord, clause, statement, text, by }) => {
                moved(accord, Motion::Reserve { text, clauses: clause, statement }, by)
            }
            TableVerb::Declare(AsideArgs { accord, clause, statement, text, by }) => {
                moved(accord, Motion::Declare { text, clauses: clause, statement }, by)
            }
            TableVerb::Suspend(args) => suspend(args, None),
            TableVerb::Countermeasure { suspend: args, answers } => suspend(args, Some(answers)),
            TableVerb::Correct { accord, file, text, reason, by } => {
                let corrected = text_of(&file, MAX_TEXT as u64)?;
                moved(accord, Motion::Correct { text, corrected, reason }, by)
            }
            TableVerb::Bracket(args) => bracket(args)?,
            TableVerb::Attach(args) => attach(args)?,
            TableVerb::Readout { accord, file, by } => {
                let text = text_of(&file, MAX_READOUT_FILE)?;
                let ReadoutFile { meeting, held, lines } =
                    toml::from_str(&text).map_err(|error| {
                        let remedy = "write meeting, held and for each topic [[line]] with clause \
                                      or subject, level and words";
                        Failure::refused("not_a_readout", error.message(), remedy)
                            .in_file(&file.display().to_string())
                    })?;
                moved(accord, Motion::Readout { meeting, held, lines }, by)
            }
            TableVerb::Meetings { accord } => TableCommand::Meetings { accord },
            TableVerb::Positions { accord, at } => TableCommand::Positions { accord, at },
            TableVerb::Duties { accord, at, owed_by, ics: _ } => {
                TableCommand::Duties { accord, whose: owed_by.unwrap_or_default(), at }
            }
            TableVerb::Matrix { accord, at } => TableCommand::Matrix { accord, at },
        })
    }
}

fn moved(accord: String, motion: Motion, by: ByArgs) -> TableCommand {
    let (role, unconfirmed, supersedes) = (by.role.role, by.unconfirmed, by.supersedes);
    TableCommand::Move { accord, motion: Box::new(motion), role, unconfirmed, supersedes }
}

fn step(name: &str, args: StepArgs) -> TableCommand {
    let on = args.about();
    let StepArgs { accord, effective, expires, note, by, .. } = args;
    let step = name.to_owned();
    moved(accord, Motion::Step { step, on, from: effective, until: expires, note }, by)
}

fn reply(name: &str, args: ReplyArgs) -> TableCommand {
    let ReplyArgs { accord, act, reason, precludes, by } = args;
    moved(accord, Motion::Reply { answer: name.to_owned(), act, reason, precludes }, by)
}

fn suspend(args: SuspendArgs, answers: Option<String>) -> TableCommand {
    let SuspendArgs { accord, clause, direction, party, effective, expires, reason, by } = args;
    let motion = Motion::Suspend {
        clauses: clause,
        toward: direction,
        parties: party,
        from: effective,
        until: expires,
        reason,
        answers,
    };
    moved(accord, motion, by)
}

fn bracket(args: BracketArgs) -> Result<TableCommand, Failure> {
    let BracketArgs { accord, clause, unit, words, option, file, leave_out, note, by } = args;
    let unit = unit.unwrap_or_else(|| format!("clause {}", clause.unwrap_or_default()));
    let mut options = option;
    for file in &file {
        options.push(text_of(file, MAX_OPTION as u64)?);
    }
    Ok(moved(accord, Motion::Bracket { unit, words, options, leave_out, note }, by))
}

fn attach(args: AttachArgs) -> Result<TableCommand, Failure> {
    let AttachArgs { accord, speaker, clause, subject, level, made, source, document, quote, by } =
        args;
    let document = Digest::plain(&read_bounded(&document, MAX_DOCUMENT)?).to_string();
    let on = on(clause.as_ref(), subject.as_ref());
    let motion = Motion::Attach { speaker, on, level, made, source, document, quote };
    Ok(moved(accord, motion, by))
}

fn text_of(file: &Path, max: u64) -> Result<String, Failure> {
    String::from_utf8(read_bounded(file, max)?).map_err(|_| {
        Failure::refused("not_utf8", format!("{} is not UTF-8", file.display()), "save it as UTF-8")
    })
}
