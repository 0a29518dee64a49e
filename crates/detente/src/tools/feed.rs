//! `feed`: collections of other servers that the house reads or adds to.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use detente_feed::{FeedReport, Feeds, Ground, Request};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{OWN, now, open_shelf};
use crate::command::{self, Command, Engine, OnProgress, Progress};
use crate::fail::Failure;
use crate::home::Home;
use crate::verb::Context;
use crate::{output, print_json, print_text};

/// Collections of other servers that the house reads or adds to.
#[derive(Debug, Args)]
pub struct FeedArgs {
    #[command(subcommand)]
    verb: FeedVerb,
}

#[derive(Debug, Subcommand)]
enum FeedVerb {
    /// Read from a TAXII 2.1 server, or add to one: it is asked what it has, and the feed is kept.
    ///
    /// URL is the address of its discovery, of an API root or of a collection. What a feed brings
    /// lies on the shelf in a collection of its own, feed:NAME, and its indicators enter the own
    /// list. Under a name that is taken, the same collection may be added again, with other
    /// credentials or times: it is read on where it was.
    Add(Box<AddArgs>),
    /// All feeds: when each was read last, what came, what is due. With a NAME also the objects
    /// that did not come or go as they should.
    List {
        /// One feed.
        name: Option<String>,
    },
    /// Read now what feeds have that is new.
    ///
    /// Exit code 1 if anything was not taken as it came: the others are taken all the same. A
    /// serving node does so by itself.
    Poll {
        /// One feed; all without it.
        name: Option<String>,
    },
    /// Add what is new among the own objects to the servers of feeds made with --push.
    ///
    /// This is for the house's own tools, such as MISP or OpenCTI. It is no release: what is to
    /// leave for other parties leaves by an accord.
    Push {
        /// One feed; all without it.
        name: Option<String>,
    },
    /// Forget a feed, and take what it brought from the shelf. The own list stays as it is.
    Remove {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Args)]
struct AddArgs {
    /// The server: https://..., or http://... on this machine itself.
    url: String,
    /// What to call the feed: letters, digits, dots, hyphens and underscores; the server's name
    /// without it.
    #[arg(long)]
    name: Option<String>,
    /// The collection, by id, alias or title, if the server has several.
    #[arg(long, value_name = "COLLECTION")]
    collection: Option<String>,
    /// The house's user there.
    #[arg(long, requires = "password_file")]
    user: Option<String>,
    /// The user's password, from this file.
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// A bearer token, from this file.
    #[arg(long, value_name = "FILE", conflicts_with = "user")]
    token_file: Option<PathBuf>,
    /// A client certificate, from this PEM file.
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with_all = ["user", "token_file"])]
    certificate: Option<PathBuf>,
    /// The key of the client certificate, PEM.
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Trust these certificate authorities alone, PEM; without it those of this machine.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Trust the server by the SHA-256 of its certificate, in hex: for one that signs itself.
    #[arg(long, value_name = "HEX", conflicts_with = "ca")]
    pin: Option<String>,
    /// The colour of what comes without a marking; without it such objects are as close as RED.
    #[arg(long, value_name = "TLP", conflicts_with = "push")]
    unmarked: Option<String>,
    /// Hold all that comes as close as this at least: green, amber, amber+strict or red.
    #[arg(long, value_name = "TLP", conflicts_with = "push")]
    at_least: Option<String>,
    /// How long after one poll the next begins while the node serves: seconds, or 30s, 15m, 1h, 2d.
    #[arg(long, value_name = "TIME", default_value = "1h")]
    every: String,
    /// The most bytes that what it brings may take here; 8 GiB without it.
    #[arg(long, value_name = "BYTES", conflicts_with = "push")]
    max_bytes: Option<u64>,
    /// Add own objects to the collection instead of reading it.
    #[arg(long)]
    push: bool,
    /// The closest own objects that are added there.
    #[arg(long, value_name = "TLP", requires = "push", default_value = "clear")]
    clearance: String,
}

/// What a node can be told about feeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "feed")]
pub enum FeedCommand {
    /// Read feeds.
    Poll { name: Option<String> },
    /// Add to feeds.
    Push { name: Option<String> },
}

/// The feeds of a home.
pub fn feeds(home: &Home) -> Arc<Feeds> {
    let home = home.clone();
    let open = Box::new(move || open_shelf(&home));
    Arc::new(Feeds::new(Ground { open, clock: now, own: OWN }))
}

impl AddArgs {
    fn request(self) -> Request {
        Request {
            url: self.url,
            name: self.name,
            collection: self.collection,
            password: self.user.zip(self.password_file),
            token: self.token_file,
            certificate: self.certificate.zip(self.key),
            authorities: self.ca,
            pin: self.pin,
            unmarked: self.unmarked,
            at_least: self.at_least,
            every: self.every,
            max_bytes: self.max_bytes,
            push: self.push.then_some(self.clearance),
        }
    }
}

/// Does what is asked of feeds; the result is the exit code.
pub fn feed(context: &Context, args: FeedArgs) -> Result<u8, Failure> {
    context.home().check()?;
    let feeds = feeds(context.home());
    match args.verb {
        FeedVerb::Add(args) => {
            let added = feeds.add(&args.request())?;
            if context.json { print_json(&added) } else { print_text(&added.text()) }
        }
        FeedVerb::List { name } => {
            let all = feeds.list(name.as_deref())?;
            if context.json {
                print_json(&all);
            } else if all.is_empty() {
                print_text("no feed yet: `detente feed add URL`\n");
            } else {
                all.iter().for_each(|one| print_text(&one.text()));
            }
        }
        FeedVerb::Poll { name } => return run(context, FeedCommand::Poll { name }),
        FeedVerb::Push { name } => return run(context, FeedCommand::Push { name }),
        FeedVerb::Remove { name } => {
            feeds.remove(&name)?;
            if context.json {
                print_json(&json!({ "removed": name }));
            } else {
                print_text(&format!("{name} is removed, and what it brought is off the shelf\n"));
            }
        }
    }
    Ok(0)
}

/// Reads or adds to feeds and prints what came of each. The exit code is that of the worst.
fn run(context: &Context, command: FeedCommand) -> Result<u8, Failure> {
    let (reports, value) = context.ask::<Vec<FeedReport>>(&Command::Feed(command))?;
    if context.json {
        print_json(&value);
    } else if reports.is_empty() {
        print_text("no such feed yet: `detente feed add URL`\n");
    }
    for report in reports.iter().filter(|_| !context.json) {
        print_text(&report.text());
        report.failed.iter().for_each(output::failure);
    }
    Ok(reports.iter().map(FeedReport::code).max().unwrap_or(0))
}

impl Engine {
    /// Does what it is told about feeds; the answer is the reports as JSON.
    ///
    /// # Errors
    /// [`Failure`]: nothing was tried. What fails of one feed is in its report.
    pub fn feed(&self, command: &FeedCommand, progress: OnProgress<'_>) -> Result<Value, Failure> {
        let (name, push) = match command {
            FeedCommand::Poll { name } => (name.as_deref(), false),
            FeedCommand::Push { name } => (name.as_deref(), true),
        };
        let mut step = |report: &FeedReport| {
            let (what, note) = if push {
                (format!("adding to {}", report.feed), format!("{} taken", report.added))
            } else {
                let note = format!("page {}, {} new", report.pages, report.added);
                (format!("reading {}", report.feed), note)
            };
            // Nobody says beforehand how many there are.
            let (done, total) = (report.objects, 0);
            progress(Progress { what, done, total, note, counts: true });
        };
        command::json(&self.feeds.run_all(&self.shared, (name, push), &mut step)?)
    }
}
