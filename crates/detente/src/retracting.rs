//! The commands `retract` and `retractions`: take back what was released, see what became of that,
//! answer others who take back, and pass it on.

use clap::{Args, Subcommand};
use detente_core::act::{Done, OwnCopies, RetractReason};
use detente_core::{Pap, Tlp};
use detente_node::{AnswerWords, TakeBack};
use detente_table::RetractionReport;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::args::RoleArg;
use crate::command::{Command, Engine, json, parse_role};
use crate::fail::Failure;
use crate::output;
use crate::tools;
use crate::verb::Context;

/// What `retract` takes.
#[derive(Debug, Args)]
pub struct RetractArgs {
    /// The accord.
    pub accord: String,
    /// The release: at least eight digits of the start of its digest, or `last`.
    pub release: String,
    /// Only these of its objects: by address, or by what they observe. Without it, all.
    #[arg(long = "object", num_args = 1.., value_name = "OBJECT")]
    pub objects: Vec<String>,
    /// wrong, false-positive, marking-changed, source-withdrew, legal-order or other.
    #[arg(long)]
    pub reason: String,
    /// Why, in words; needed for `other`.
    #[arg(long, default_value = "")]
    pub words: String,
    /// Take nothing back, but mark it with this closer TLP colour from now on.
    #[arg(long)]
    pub tlp: Option<String>,
    /// The same with a closer PAP colour.
    #[arg(long)]
    pub pap: Option<String>,
    #[command(flatten)]
    pub role: RoleArg,
}

/// What `retractions` takes.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct RetractionsArgs {
    /// One accord; all without it.
    pub accord: Option<String>,
    /// Only those that somebody must still answer or pass on.
    #[arg(long)]
    pub open: bool,
    #[command(subcommand)]
    pub verb: Option<RetractionsVerb>,
}

/// What can be done about the retraction of another party.
#[derive(Debug, Subcommand)]
pub enum RetractionsVerb {
    /// Answer otherwise than this node did by itself.
    Answer {
        /// The accord.
        accord: String,
        /// The retraction: at least eight digits of the start of its digest.
        act: String,
        /// What is done: out-of-use, erased, kept, absent or narrowed. `erased` erases it.
        #[arg(long)]
        done: Option<String>,
        /// Why, in words; needed for `kept`.
        #[arg(long)]
        words: Option<String>,
        /// Own indicators of the same value: stand, or held-out of runs, filters and releases.
        #[arg(long)]
        own: Option<String>,
        #[command(flatten)]
        role: RoleArg,
    },
    /// Take it back from those to whom this party has released the same since.
    Forward {
        /// The accord in which it was taken back.
        accord: String,
        /// The retraction: at least eight digits of the start of its digest.
        act: String,
        /// Why, in words, to those to whom it goes.
        #[arg(long, default_value = "")]
        words: String,
        /// Do not tell whoever took it back who they are.
        #[arg(long)]
        unnamed: bool,
    },
}

/// What a node can be told about retractions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "retraction")]
pub enum RetractionCommand {
    /// Take a release back.
    Take {
        accord: String,
        release: String,
        objects: Vec<String>,
        reason: String,
        words: String,
        tlp: Option<String>,
        pap: Option<String>,
        role: Option<String>,
    },
    /// List.
    List { accord: Option<String>, open: bool },
    /// Answer.
    Answer {
        accord: String,
        act: String,
        done: Option<String>,
        words: Option<String>,
        own: Option<String>,
        role: Option<String>,
    },
    /// Pass on.
    Forward { accord: String, act: String, words: String, unnamed: bool },
}

/// Takes a release back.
pub fn retract(context: &Context, args: RetractArgs) -> Result<u8, Failure> {
    let RetractArgs { accord, release, objects, reason, words, tlp, pap, role } = args;
    let role = role.role;
    let take = RetractionCommand::Take { accord, release, objects, reason, words, tlp, pap, role };
    context.show(&Command::Retraction(take), output::act)
}

/// Lists retractions, or does something about one.
pub fn retractions(context: &Context, args: RetractionsArgs) -> Result<u8, Failure> {
    let acts = |command| {
        context.show::<Vec<detente_node::report::ActReport>>(&Command::Retraction(command), |all| {
            all.iter().for_each(output::act);
        })
    };
    match args.verb {
        Some(RetractionsVerb::Answer { accord, act, done, words, own, role }) => {
            let role = role.role;
            acts(RetractionCommand::Answer { accord, act, done, words, own, role })
        }
        Some(RetractionsVerb::Forward { accord, act, words, unnamed }) => {
            acts(RetractionCommand::Forward { accord, act, words, unnamed })
        }
        None => {
            let list = RetractionCommand::List { accord: args.accord, open: args.open };
            context.show::<Vec<RetractionReport>>(&Command::Retraction(list), |reports| {
                output::retractions(reports);
            })
        }
    }
}

fn word<T: std::str::FromStr>(what: &str, text: &str, known: &str) -> Result<T, Failure> {
    text.parse().map_err(|_| {
        let words = format!("{text:?} is no {what}");
        Failure::usage("bad_option", words, &format!("use {known}"))
    })
}

fn names<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> String {
    let words: Vec<&str> = all.iter().map(|one| name(*one)).collect();
    words.join(", ")
}

impl Engine {
    /// Does what it is told about retractions; the answer is the report as JSON.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn retraction(&self, command: &RetractionCommand) -> Result<Value, Failure> {
        match command {
            RetractionCommand::Take { .. } => self.take_back(command),
            RetractionCommand::List { accord, open } => self.list(accord.as_deref(), *open),
            RetractionCommand::Answer { accord, act, done, words, own, role } => {
                let done = done
                    .as_deref()
                    .map(|text| word::<Done>("deed", text, &names(Done::ALL, Done::name)));
                let own = own.as_deref().map(|text| {
                    let known = names(OwnCopies::ALL, OwnCopies::name);
                    word::<OwnCopies>("choice on own indicators", text, &known)
                });
                let words = AnswerWords {
                    done: done.transpose()?,
                    words: words.clone(),
                    own: own.transpose()?,
                };
                let role = parse_role(role.as_deref())?;
                let accord = self.shared.lock().find_accord(accord)?;
                self.exchange(accord)?;
                let act = self.shared.lock().answer_retraction(accord, act, words, role)?;
                // What was erased goes from what tools read too.
                tools::settle(&self.home, &self.shared)?;
                Ok(Value::Array(vec![self.report(accord, act)?]))
            }
            RetractionCommand::Forward { accord, act, words, unnamed } => {
                let accord = self.shared.lock().find_accord(accord)?;
                self.exchange(accord)?;
                let sent = self.shared.lock().forward_retraction(accord, act, (words, *unnamed))?;
                let reports: Result<Vec<Value>, Failure> =
                    sent.into_iter().map(|(other, act)| self.report(other, act)).collect();
                // Those to whom it went may have answered at once: whoever began hears of that.
                self.exchange(accord)?;
                Ok(Value::Array(reports?))
            }
        }
    }

    fn take_back(&self, command: &RetractionCommand) -> Result<Value, Failure> {
        let RetractionCommand::Take { accord, release, objects, reason, words, tlp, pap, role } =
            command
        else {
            return Err(Failure::usage("bad_command", "nothing is taken back", ""));
        };
        let known = names(RetractReason::ALL, RetractReason::name);
        let colour = |text: &String| {
            let text = text.to_lowercase();
            word::<Tlp>("TLP colour", text.trim_start_matches("tlp:"), "a TLP colour")
        };
        let pap_colour = |text: &String| {
            let text = text.to_lowercase();
            let text = text.trim_start_matches("pap:");
            word::<Pap>("PAP colour", text, &names(Pap::ALL, Pap::name))
        };
        let what = TakeBack {
            release,
            objects,
            reason: word("reason", reason, &known)?,
            words,
            tlp: tlp.as_ref().map(colour).transpose()?,
            pap: pap.as_ref().map(pap_colour).transpose()?,
        };
        let role = parse_role(role.as_deref())?;
        let (accord, act) = {
            let mut node = self.shared.lock();
            let accord = node.find_accord(accord)?;
            (accord, node.take_back(accord, &what, role)?)
        };
        self.report(accord, act)
    }

    fn list(&self, name: Option<&str>, open: bool) -> Result<Value, Failure> {
        let accords = self.named_or_all(name)?;
        let mut reports = Vec::new();
        for accord in &accords {
            self.exchange(*accord)?;
        }
        for accord in accords {
            let mut node = self.shared.lock();
            // What came in one accord may answer what was taken back in another.
            node.attend_retractions(accord)?;
            reports.extend(node.retractions(accord)?);
        }
        reports.retain(|report| report.open || !open);
        json(&reports)
    }
}
