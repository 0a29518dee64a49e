//! `account`: which tools may ask the TAXII server, and what they may see.

use std::path::PathBuf;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, SaltString};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use detente_core::Tlp;
use detente_desk::INDICATORS;
use detente_store::AccountRow;
use detente_taxii::{Account, Level, MAX_ACCOUNT};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::offer::{Offer, named};
use super::{OWN, RAISED, now, open_shelf};
use crate::command::{Command, FIRST_REFUSALS, Progress};
use crate::desk::DeskCommand;
use crate::fail::{Failure, exit};
use crate::home::read_bounded;
use crate::progress::Bar;
use crate::verb::Context;

/// Shortest password. Characters.
const MIN_PASSWORD: usize = 12;
/// Longest file with a password. Bytes.
const MAX_PASSWORD: u64 = 1_024;
/// Longest certificate file. Bytes.
const MAX_CERTIFICATE: u64 = 64 * 1024;

/// Which tools may ask the TAXII server, and what they may see.
#[derive(Debug, Args)]
pub struct AccountArgs {
    #[command(subcommand)]
    verb: AccountVerb,
}

#[derive(Debug, Subcommand)]
enum AccountVerb {
    /// Make an account, or change the one of this name. It proves itself by a token, which is shown
    /// once, or by a password or client certificate.
    Add(AddArgs),
    /// All accounts.
    List,
    /// What there is to be read: the house's collections and those of each accord.
    Collections,
    /// Check what lies in a collection against STIX 2.1, whoever brought it: MUST and SHOULD apart,
    /// with the property. Ends 1 if a MUST is broken.
    Check {
        /// The collection, by alias.
        #[arg(default_value = OWN)]
        collection: String,
        /// Tell of all, and of what is only advised.
        #[arg(long)]
        all: bool,
    },
    /// Take an account away; it is shut out at once.
    Remove {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Args)]
struct AddArgs {
    /// Its name: letters, digits, dots, hyphens and underscores.
    name: String,
    /// The closest objects that it sees: clear, green, amber, amber+strict or red; `closed` sees
    /// also what has unknown or contradictory markings.
    #[arg(long, default_value = "clear")]
    clearance: String,
    /// A collection that it may read, by alias; may be given again: own (what tools bring and
    /// imports read as STIX), raised (what of it is STIX 2.0, raised to 2.1), indicators (the own
    /// list, from whatever it was read), feed:NAME, received/ACCORD/PARTY (what a party released),
    /// releasable/ACCORD/PARTY (to read it is a release to that party). Without --read and --write:
    /// own.
    #[arg(long, value_name = "COLLECTION")]
    read: Vec<String>,
    /// A collection to which it may add; may be given again.
    #[arg(long, value_name = "COLLECTION")]
    write: Vec<String>,
    /// The colour of what it adds without a marking; without it such objects are as close as RED.
    #[arg(long, value_name = "TLP")]
    unmarked: Option<String>,
    /// A password, from this file, of 12 characters or more.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// A client certificate, from this PEM file.
    #[arg(long, value_name = "FILE", conflicts_with = "password_file")]
    certificate: Option<PathBuf>,
}

/// An account as it is shown.
#[derive(Serialize)]
struct Shown {
    name: String,
    clearance: &'static str,
    read: Vec<String>,
    write: Vec<String>,
    unmarked: Option<&'static str>,
    proves_itself_by: &'static str,
    made: String,
    /// Whether an account of this name was there before: what proved it proves nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced: Option<bool>,
    /// Shown once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl Shown {
    fn of(row: &AccountRow, token: Option<&str>) -> Shown {
        let account = &row.account;
        Shown {
            name: account.name.clone(),
            clearance: account.clearance.name(),
            read: account.reads.clone(),
            write: account.writes.clone(),
            unmarked: account.unmarked.map(Tlp::name),
            proves_itself_by: match (&row.password, &row.token) {
                (Some(_), _) => "password",
                (None, Some(_)) => "token",
                (None, None) => "certificate",
            },
            made: row.made.to_string(),
            replaced: None,
            token: token.map(str::to_owned),
        }
    }

    fn print(&self) {
        let list = |all: &[String]| {
            if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
        };
        let text = format!(
            "{}\n  sees     up to {}\n  reads    {}\n  writes   {}\n  unmarked {}\n  proof    {}\n",
            self.name,
            self.clearance.to_uppercase(),
            list(&self.read),
            list(&self.write),
            self.unmarked.map_or("as close as RED".to_owned(), str::to_uppercase),
            self.proves_itself_by,
        );
        crate::print_text(&text);
        if self.replaced.is_some() {
            crate::print_text(
                "  replaced the account of this name: what proved it before is void\n",
            );
        }
        if let Some(token) = &self.token {
            crate::print_text(&format!(
                "  token    {token}\n           shown this once: keep it\n"
            ));
        }
    }
}

/// The collections that names may mean. Those of the house are known without asking the node.
pub(super) fn offers_of<'a>(
    context: &Context,
    mut names: impl Iterator<Item = &'a String>,
) -> Result<Vec<Offer>, Failure> {
    if names.all(|name| [OWN, RAISED, INDICATORS].contains(&name.as_str())) {
        let offer = |key: &str, takes| Offer {
            takes,
            ..Offer::new("", (key.to_owned(), key.to_owned()), String::new(), OWN)
        };
        return Ok(vec![offer(OWN, true), offer(RAISED, false), offer(INDICATORS, false)]);
    }
    Ok(context.ask::<Vec<Offer>>(&Command::Desk(DeskCommand::Collections))?.0)
}

/// Runs `account`.
pub fn account(context: &Context, args: &AccountArgs) -> Result<u8, Failure> {
    let (home, json) = (context.home(), context.json);
    home.check()?;
    match &args.verb {
        AccountVerb::Add(args) => {
            let (row, token) =
                made(args, &offers_of(context, args.read.iter().chain(&args.write))?)?;
            let mut shelf = open_shelf(home)?;
            let had = shelf.account(&args.name).map_err(|error| failed(&error))?.is_some();
            let kept = shelf.put_account(&row).map_err(|error| failed(&error))?;
            if !kept {
                let words = format!("there are {} accounts", detente_store::MAX_ACCOUNTS);
                return Err(Failure::refused("too_many_accounts", words, "remove some"));
            }
            let mut shown = Shown::of(&row, token.as_ref().map(|token| token.as_str()));
            shown.replaced = had.then_some(true);
            if json { crate::print_json(&shown) } else { shown.print() }
        }
        AccountVerb::Collections => {
            return context.show::<Vec<Offer>>(
                &Command::Desk(DeskCommand::Collections),
                |offers| {
                    for offer in offers {
                        let name = crate::output::safe(&offer.name);
                        let title = crate::output::safe(&offer.title);
                        crate::print_text(&format!(
                            "{name}\n  key      {}\n  holds    {title}\n  at       {}\n",
                            offer.key, offer.path
                        ));
                    }
                },
            );
        }
        AccountVerb::Check { collection, all } => return check(context, collection, *all),
        AccountVerb::List => {
            let rows = open_shelf(home)?.accounts().map_err(|error| failed(&error))?;
            let all: Vec<Shown> = rows.iter().map(|row| Shown::of(row, None)).collect();
            if json {
                crate::print_json(&all);
            } else if all.is_empty() {
                crate::print_text("no account yet: `detente account add NAME`\n");
            } else {
                all.iter().for_each(Shown::print);
            }
        }
        AccountVerb::Remove { name } => {
            if !open_shelf(home)?.remove_account(name).map_err(|error| failed(&error))? {
                let words = format!("there is no account {name:?}");
                return Err(Failure::usage("unknown", words, "see `detente account list`"));
            }
            if json {
                crate::print_json(&serde_json::json!({ "removed": name }));
            } else {
                crate::print_text(&format!("{name} is removed\n"));
            }
        }
    }
    Ok(0)
}

/// Runs `account check`.
fn check(context: &Context, name: &String, all: bool) -> Result<u8, Failure> {
    let offers = offers_of(context, std::iter::once(name))?;
    let collection = &named(name, &offers)?.key;
    let keep = if all { usize::MAX } else { FIRST_REFUSALS };
    let mut bar = Bar::new(context.json);
    let mut progress = |done| {
        let (what, note) = (collection.clone(), String::new());
        bar.update(&Progress { what, done, total: 0, note, counts: true });
    };
    let shelf = open_shelf(context.home())?;
    let report = detente_desk::check_collection(&shelf, collection, keep, &mut progress);
    bar.finish();
    let report = report.map_err(|error| failed(&error))?;
    match context.json {
        true => crate::print_json(&serde_json::json!({
            "collection": collection,
            "objects": report.objects,
            "must": report.must,
            "should": report.should,
            "remarks": report.remarks,
        })),
        false => crate::output::collection_checked(collection, &report),
    }
    Ok(if report.must == 0 { 0 } else { exit::REFUSED })
}

fn failed(error: &detente_taxii::ShelfError) -> Failure {
    let remedy = "if its certificate is another account's, remove that one first";
    Failure::environment("shelf", error, remedy)
}

fn made(
    args: &AddArgs,
    offers: &[Offer],
) -> Result<(AccountRow, Option<Zeroizing<String>>), Failure> {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if args.name.is_empty() || args.name.len() > MAX_ACCOUNT || !args.name.chars().all(sound) {
        let words = format!("{:?} is no name of an account", args.name);
        let remedy = "use 1 to 64 letters, digits, dots, hyphens and underscores";
        return Err(Failure::usage("bad_account_name", words, remedy));
    }
    let colour = |text: &str| {
        text.parse::<Tlp>().map_err(|error| {
            Failure::usage(
                "bad_tlp",
                error,
                "for --clearance also closed: see `detente account add --help`",
            )
        })
    };
    let clearance = match args.clearance.as_str() {
        "closed" => Level::CLOSED,
        text => Level::of(colour(text)?),
    };
    let unmarked = args.unmarked.as_deref().map(colour).transpose()?;
    let mut reads = args.read.clone();
    if reads.is_empty() && args.write.is_empty() {
        reads.push(OWN.to_owned());
    }
    let mut writes = args.write.clone();
    for name in reads.iter_mut().chain(&mut writes) {
        let offer = named(name, offers)?;
        name.clone_from(&offer.key);
    }
    let takes = |key: &&String| offers.iter().any(|offer| offer.takes && offer.key == **key);
    if let Some(bad) = writes.iter().find(|key| !takes(key)) {
        let words = format!("nothing is added to the collection {bad:?} as such");
        return Err(Failure::usage("bad_collection", words, "add to own"));
    }
    let account = Account { name: args.name.clone(), clearance, reads, writes, unmarked };
    let mut row =
        AccountRow { account, password: None, token: None, certificate: None, made: now() };
    let mut token = None;
    match (&args.password_file, &args.certificate) {
        (Some(file), _) => row.password = Some(hashed(&read_password(file)?)?),
        (None, Some(file)) => row.certificate = Some(fingerprint(file)?),
        (None, None) => {
            let mut bytes = Zeroizing::new([0; 32]);
            crate::keystore::random(bytes.as_mut())?;
            let text = Zeroizing::new(format!("dt_{}", URL_SAFE_NO_PAD.encode(*bytes)));
            row.token = Some(Sha256::digest(text.as_bytes()).into());
            token = Some(text);
        }
    }
    Ok((row, token))
}

fn read_password(file: &std::path::Path) -> Result<Zeroizing<String>, Failure> {
    let bytes = Zeroizing::new(read_bounded(file, MAX_PASSWORD)?);
    let bad = |words: &str, remedy: &str| {
        Failure::usage("bad_password", format!("{}: {words}", file.display()), remedy)
    };
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| bad("it is not UTF-8", "write it as one line of UTF-8 text"))?;
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.chars().count() < MIN_PASSWORD {
        let words = format!("a password has {MIN_PASSWORD} characters or more");
        return Err(bad(&words, "take a longer one"));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

fn hashed(password: &str) -> Result<String, Failure> {
    let mut salt = [0; 16];
    crate::keystore::random(&mut salt)?;
    let bad = |error: argon2::password_hash::Error| {
        Failure::environment("password_hash", error, "report this")
    };
    let salt = SaltString::encode_b64(&salt).map_err(bad)?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt).map_err(bad)?;
    Ok(hash.to_string())
}

fn fingerprint(file: &std::path::Path) -> Result<[u8; 32], Failure> {
    let bytes = read_bounded(file, MAX_CERTIFICATE)?;
    let certificate = CertificateDer::from_pem_slice(&bytes).map_err(|error| {
        let words = format!("{}: no certificate can be read: {error}", file.display());
        Failure::usage("bad_certificate", words, "give a PEM file with the tool's certificate")
    })?;
    Ok(Sha256::digest(certificate.as_ref()).into())
}
