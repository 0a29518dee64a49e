//! The command line.

use std::path::PathBuf;

use crate::table::TableVerb;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use detente_core::key::Suite;

use crate::alerting::AlertsArgs;
use crate::consent::ConsentVerb;
use crate::desk::{ExportArgs, WarnVerb};
use crate::draft::DraftArgs;
use crate::feedback::FeedbackArgs;
use crate::import::TableArgs;
use crate::keys::KeyVerb;
use crate::looking::LookupArgs;
use crate::paper::PaperVerb;
use crate::releasing::ReleaseArgs;
use crate::retracting::{RetractArgs, RetractionsArgs};
use crate::tools::{AccountArgs, FeedArgs, TaxiiArgs};

/// Cyber security co-operation between parties that do not trust each other.
///
/// Exit codes: 0 done; 1 refused, or a check found something; 2 wrong arguments; 3 disk, database
/// or passphrase; 4 the other node is away or the line was cut; 5 the other node broke the
/// protocol.
#[derive(Debug, Parser)]
#[command(name = "detente", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Verb,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Folder of this party's node.
    #[arg(long, global = true, env = "DETENTE_HOME", default_value = "detente-home")]
    pub home: PathBuf,
    /// Print the result as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// File that holds the passphrase of the home. Without it: the environment variable
    /// DETENTE_PASSPHRASE, or a prompt.
    #[arg(long, global = true, value_name = "FILE", env = "DETENTE_PASSPHRASE_FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a party: root key, role keys, transport, log and mirror keys, card and store.
    Init {
        /// Name of the party.
        #[arg(long)]
        party: String,
        /// Where this node listens, HOST:PORT. Without it, it only dials.
        #[arg(long)]
        listen: Option<String>,
        /// Where others reach it, if that is another HOST:PORT.
        #[arg(long)]
        address: Option<String>,
        /// The suite of the root key: hybrid, or cnsa2 for accords that ask for it (`suite =
        /// "cnsa2"` in the text). With cnsa2 each role gets a key of either suite.
        #[arg(long, default_value = "hybrid")]
        suite: Suite,
    },
    /// Party cards: the own one, and those of others.
    #[command(subcommand)]
    Party(PartyVerb),
    /// Keys: list, rotate, renew, delegate, revoke.
    #[command(subcommand)]
    Key(KeyVerb),
    /// Accords: check a text, see all that it would let leave, propose, sign, follow.
    #[command(subcommand)]
    Accord(AccordVerb),
    /// Import indicators from lists, text, CSV, STIX, MISP, OpenIOC or NDJSON; `-` is stdin.
    ///
    /// Folders are walked with all folders in them; hidden files, links that lead out of the folder
    /// and what is no file are passed over, and listed. Exit code 1 if a file was refused, broke
    /// off, or if nothing came of any though something stands in them: the others are taken in all
    /// the same.
    Import {
        /// Files, folders, or `-`.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// auto, list, hosts, csv, stix, misp, ndjson or openioc.
        #[arg(long, default_value = "auto")]
        format: String,
        /// Colour of what the files do not mark: clear, green, amber, amber+strict or red.
        #[arg(long)]
        tlp: Option<String>,
        /// Name of the source; the file's name without it.
        #[arg(long)]
        source: Option<String>,
        /// List every refusal, line by line.
        #[arg(long)]
        refusals: bool,
        #[command(flatten)]
        table: TableArgs,
        /// Keep nothing; show what the files would bring: all of it in numbers, also STIX objects
        /// and hits on warninglists, the first items and refusals as they are.
        #[arg(long)]
        preview: bool,
    },
    /// Write the own list as a file for other programs: MISP, Suricata, Zeek, resolvers ...
    ///
    /// A marking is never widened: what is above --tlp, what the format can't carry, what was taken
    /// back, what a warninglist blocks stays out, and is counted. What leaves to other parties is a
    /// release; this file is the own tools'.
    Export(ExportArgs),
    /// Lists of values that are too common to act on.
    #[command(subcommand)]
    Warninglist(WarnVerb),
    /// Numbers of indicators by kind, own and received.
    Count,
    /// Print own observables in normal form, one a line.
    List {
        /// Only this kind.
        #[arg(long)]
        kind: Option<String>,
    },
    /// What is known of one domain, address, URL, hash or e-mail address, here and from others; or,
    /// with --text, which of the own indicators have some words said of them.
    #[command(group = ArgGroup::new("what").required(true).args(["value", "text"]))]
    Search {
        /// The observable; defanged spellings are understood.
        value: Option<String>,
        /// Words in source, labels, comments and ids; all of them, the last may be a beginning.
        #[arg(long, num_args = 1.., value_name = "WORD")]
        text: Vec<String>,
        /// With --text: so many at most.
        #[arg(long, value_name = "COUNT", default_value_t = 50, requires = "text")]
        limit: usize,
    },
    /// Which indicators on the shelf observed data fulfil, by their STIX patterns.
    ///
    /// FILE is STIX: `observed-data` with the objects that they name, as a bundle or a list. All
    /// observations are taken together, as a pattern may ask for several.
    Observe {
        /// The file.
        file: PathBuf,
        /// The collection of the indicators, by alias: see `account collections`.
        #[arg(long, default_value = "own")]
        collection: String,
    },
    /// Run the node: answer other parties, and take this home's commands meanwhile.
    Serve {
        /// Listen on another HOST:PORT than `init` was told.
        #[arg(long)]
        listen: Option<String>,
        #[command(flatten)]
        taxii: TaxiiArgs,
    },
    /// Accounts of the house's own tools, which speak TAXII to `serve --taxii`.
    Account(AccountArgs),
    /// Collections of other TAXII servers that the house reads or adds to.
    Feed(FeedArgs),
    /// Exchange what is outstanding with all parties that can be reached.
    Sync,
    /// Learn which indicators both sides hold, and nothing else; under a clause in mode `payload`,
    /// also what each side may let leave of their context.
    Match {
        /// The accord.
        accord: String,
        /// The matching clause.
        #[arg(long)]
        clause: String,
        /// Learn only how many.
        #[arg(long)]
        count_only: bool,
        /// Run nothing; say in plain words what the other side would learn.
        #[arg(long, conflicts_with = "out")]
        explain: bool,
        /// Write what is common to this file, one value a line. A count has no items to write.
        #[arg(long, conflicts_with = "count_only")]
        out: Option<PathBuf>,
    },
    /// Look a few values up in the other side's list, or publish the own list for that.
    ///
    /// The side that holds publishes a filter; the other fetches it once, then only what changed.
    /// Who holds learns how many values are asked at most and when, neither which nor what is
    /// found. Not post-quantum.
    Lookup(LookupArgs),
    /// Let indicators leave, as far as the accord permits: what a run found, a selection of the own
    /// ones, or what their originator has consented to.
    Release(ReleaseArgs),
    /// Ask the originator of what was received whether it may go on to another party, and answer
    /// what others ask.
    ///
    /// What is marked ORCON, and what came under a clause with `onward = "consent"`, goes on with
    /// its originator's consent alone. `detente accord retract` takes a consent back.
    #[command(subcommand)]
    Consent(ConsentVerb),
    /// Acts that let more leave than before, or would, until this party's auditor has seen them.
    ///
    /// Computed from the record: a text against the one in force, a reservation taken back, a
    /// suspension ended, a stop lifted. Exit code 1 while one is open.
    Alerts(AlertsArgs),
    /// Take back what was released, or mark it more closely, and say so to whoever has it.
    ///
    /// It goes though a stop or a suspension holds: nothing leaves with it but addresses. Over
    /// there it is no live indicator from then on. Stays open in `retractions` until it is
    /// answered.
    Retract(RetractArgs),
    /// What was taken back by whom, who has answered, and what still waits.
    Retractions(RetractionsArgs),
    /// Say what came of received objects: their releasing party sees it, and the duty counts it.
    Feedback(FeedbackArgs),
    /// Erase received objects that may no longer be kept, and say so on record.
    Expire,
    /// The record.
    #[command(subcommand)]
    Log(LogVerb),
    /// Check an exported record, offline, without a node.
    Verify {
        /// The exported folder.
        folder: PathBuf,
    },
    /// Walk through the main job: two nodes, an accord, a match, a release, an audit.
    Demo {
        /// Which: `matching` is the main job; `hamburg` an accord from a first word to its end.
        #[arg(long, value_enum, default_value_t = StoryName::Matching)]
        story: StoryName,
        /// Folder for both nodes; must be new or empty.
        #[arg(long, default_value = "detente-demo")]
        dir: PathBuf,
        /// Leave both nodes up at the end.
        #[arg(long)]
        serve: bool,
    },
    /// Print completions for a shell.
    Completions {
        /// bash, zsh, fish, elvish or powershell.
        shell: clap_complete::Shell,
    },
}

/// The stories of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoryName {
    /// July 2017: positions, brackets, signature, suspension, notice.
    Hamburg,
    /// Two nodes match and release.
    Matching,
}

/// Commands on parties.
#[derive(Debug, Subcommand)]
pub enum PartyVerb {
    /// Print this party's card, to be given to others.
    Card {
        /// Write it to this file instead.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Add a party by its card, after showing its fingerprint; `-` is stdin.
    Add {
        /// The card.
        file: PathBuf,
        /// The fingerprint was compared already: do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// List this party and its contacts.
    List,
}

/// Commands on accords.
#[derive(Debug, Subcommand)]
pub enum AccordVerb {
    /// Print a text to start from, between this party and others.
    ///
    /// The text is a template with the names of the parties filled in; it expires in a year. Read
    /// it, change it, then see `accord check` and `accord exposure`. `--templates` lists the
    /// templates.
    Draft(DraftArgs),
    /// Check a text: every fault with its line and remedy; the prose of a sound one as it reads.
    Check {
        /// The text, a TOML file.
        file: PathBuf,
    },
    /// Everything that may ever leave under a text: the whole table, computed, not sampled.
    ///
    /// Cells of the table are the product of direction, object, TLP, PAP, matched or not, category,
    /// origin of the threat, purpose, list of receivers, and label. Open cells are gathered in
    /// regions that share no cell; every other cell is closed.
    Exposure {
        /// A TOML file, or an accord.
        accord: String,
        /// The table as CSV.
        #[arg(long, conflicts_with_all = ["json", "ask"])]
        csv: bool,
        /// One question: could an object like this leave, and by which clause? Words such as
        /// `from=A kind=domain tlp=amber category=energy label=victim`; what is not said may be
        /// anything.
        #[arg(long, num_args = 1.., value_name = "WORD=VALUE")]
        ask: Vec<String>,
    },
    /// Which cells of the exposure table open or close if one text replaces another.
    Diff {
        /// The old text: a TOML file, or an accord.
        before: String,
        /// The new text: a TOML file, or an accord.
        after: String,
        /// The table as CSV.
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
    /// Put a text forward.
    Propose {
        /// The text, a TOML file.
        file: PathBuf,
        #[command(flatten)]
        role: RoleArg,
    },
    /// Sign a text; it is in force when all parties have signed the same bytes.
    Sign {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        role: RoleArg,
    },
    /// Decline a text.
    Refuse {
        #[command(flatten)]
        which: Which,
        /// Why.
        #[arg(long, default_value = "no reason given")]
        reason: String,
        #[command(flatten)]
        role: RoleArg,
    },
    /// Stop everything that leaves, at once.
    Stop {
        /// The accord.
        accord: String,
        /// Why.
        #[arg(long, default_value = "no reason given")]
        reason: String,
        #[command(flatten)]
        role: RoleArg,
    },
    /// Lift this party's stop, or end a suspension of its own.
    Resume {
        /// The accord.
        accord: String,
        /// The suspension or countermeasure, by the digest of its act; without it, the stop.
        #[arg(long)]
        act: Option<String>,
        /// Why.
        #[arg(long, default_value = "no reason given")]
        reason: String,
        #[command(flatten)]
        role: RoleArg,
    },
    /// Give notice of leaving.
    Denounce {
        /// The accord.
        accord: String,
        /// Why.
        #[arg(long, default_value = "no reason given")]
        reason: String,
        #[command(flatten)]
        role: RoleArg,
    },
    /// Where accords stand: what binds whom, what is used up, what is delivered.
    Status {
        /// One accord; all without it.
        accord: Option<String>,
    },
    /// Every act, with what it did.
    History {
        /// The accord.
        accord: String,
    },
    /// Print the text: with brackets and who holds them while it is negotiated, else as it stands.
    /// It is what is here: `detente sync` fetches what the others have said since.
    Text {
        #[command(flatten)]
        which: Which,
        /// Print the text in force, though another is negotiated.
        #[arg(long, conflicts_with = "text")]
        in_force: bool,
        /// With brackets: leave out the words in other languages.
        #[arg(long)]
        language: Option<String>,
    },
    #[command(flatten)]
    Table(Box<TableVerb>),
    #[command(flatten)]
    Paper(PaperVerb),
}

/// An accord and, if several of its texts are open, which.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// The accord, or the file of its text.
    pub accord: String,
    /// The text by its digest, if several are open.
    #[arg(long)]
    pub text: Option<String>,
}

/// By which role.
#[derive(Clone, Debug, Args)]
pub struct RoleArg {
    /// Act as minister, head, duty-officer, analyst or auditor; without it, as the first that has
    /// the power.
    #[arg(long = "as", value_name = "ROLE")]
    pub role: Option<String>,
}

/// Commands on the record.
#[derive(Debug, Subcommand)]
pub enum LogVerb {
    /// Write the record of an accord into a folder that anyone can check.
    Export {
        /// The accord.
        accord: String,
        /// A new or empty folder.
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
}
