//! `export`: the own list as a file for other programs.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use detente_core::{Kind, Tlp};
use detente_desk::{DeskError, ExportOrder, IndicatorExport};
use detente_home::part::{Part, new_folder};
use detente_write::{Action, Format, Options, Policy, StixObjects, WriteFault, write_misp_feed};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::DeskCommand;
use crate::command::{Command, Engine, OnProgress, Progress, json};
use crate::fail::{Failure, chain};
use crate::import::Spool;
use crate::output;
use crate::verb::Context;

/// What `export` takes.
#[derive(Clone, Debug, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct ExportArgs {
    /// csv, hosts, misp, ndjson, rpz, sigma, stix, stix-ndjson, suricata or zeek.
    #[arg(long)]
    format: String,
    /// The closest colour that may be in the file: clear, green, amber, amber+strict or red. Who
    /// will read the file decides it, so there is no default.
    #[arg(long, value_name = "TLP")]
    tlp: String,
    /// Write to this file, whole or not at all; without it, or with `-`, print.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The colour of what has none; without it such indicators are left out.
    #[arg(long, value_name = "TLP")]
    unmarked: Option<String>,
    /// Only this kind; may be repeated.
    #[arg(long)]
    kind: Vec<String>,
    /// Only what is still worth so much, from 0 to 100: the score falls with the time since it was
    /// last seen.
    #[arg(long, value_name = "SCORE", default_value_t = 0,
        value_parser = clap::value_parser!(u8).range(0..=100))]
    min_score: u8,
    /// What the file is called within; ids of rules and events are made from it, so keep it.
    #[arg(long, default_value = "Indicators")]
    title: String,
    /// Write nothing; say what would be in the file, and what not and why.
    #[arg(long, conflicts_with = "out")]
    dry_run: bool,
    /// Write what became of every statement to this file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
    /// The file stays with this party: take what another party controls, and what only some may
    /// have, also where the format can't say so.
    #[arg(long)]
    own_use: bool,
    /// Take what has a marking that nobody here understands, as RED; not in hosts, rpz, sigma,
    /// suricata and zeek.
    #[arg(long)]
    closed: bool,
    /// Take what has more than one colour, as the closest of them.
    #[arg(long)]
    conflicting: bool,
    /// hosts, rpz, sigma, suricata, zeek: take also what its origin does not offer for detection
    /// alone.
    #[arg(long)]
    all: bool,
    /// hosts: name `::` too.
    #[arg(long)]
    hosts_ipv6: bool,
    /// misp: AMBER may be seen by the community of the server, not only by the organisation.
    #[arg(long)]
    misp_amber_to_community: bool,
    /// misp: make --out a new folder with a file for each event and a manifest: a MISP feed.
    #[arg(long, requires = "out")]
    misp_feed: bool,
    /// rpz: the name of the zone.
    #[arg(long, value_name = "DOMAIN", default_value = "rpz.invalid")]
    rpz_origin: String,
    /// rpz: nxdomain, nodata, drop, passthru, or a domain to point to.
    #[arg(long, default_value = "nxdomain")]
    rpz_policy: String,
    /// rpz: names below a domain are meant too.
    #[arg(long)]
    rpz_wildcards: bool,
    /// stix, stix-ndjson: which objects.
    #[arg(long, value_enum, default_value_t = Objects::Indicators)]
    stix_objects: Objects,
    /// suricata: drop what matches, not only alert.
    #[arg(long)]
    suricata_drop: bool,
    /// suricata: names below a domain match too.
    #[arg(long)]
    suricata_subdomains: bool,
    /// suricata: signature numbers, FIRST-LAST.
    #[arg(long, value_name = "RANGE", default_value = "1000000-1999999")]
    suricata_sids: String,
    /// suricata: the revision of the rules.
    #[arg(long, default_value_t = 1)]
    suricata_rev: u32,
}

/// Which STIX objects are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
enum Objects {
    /// Indicators and cyber-observable objects.
    Both,
    /// Indicators.
    Indicators,
    /// Cyber-observable objects.
    Observables,
}

/// What a node is told about an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportCommand {
    /// What was typed.
    args: Box<ExportArgs>,
    /// The file to fill, which is there; none for a dry run.
    to: Option<PathBuf>,
    /// The file for the account, which is there.
    account: Option<PathBuf>,
}

impl ExportArgs {
    fn order(&self) -> Result<ExportOrder, Failure> {
        let bad = |code: &str, error: &dyn std::fmt::Display| {
            Failure::usage(code, error, "see `detente export --help`")
        };
        let colour = |text: &String| text.parse::<Tlp>().map_err(|error| bad("bad_tlp", &error));
        let format: Format = self.format.parse().map_err(|error| bad("bad_format", &error))?;
        let mut options = Options::new(format, colour(&self.tlp)?);
        options.default_tlp = self.unmarked.as_ref().map(colour).transpose()?;
        options.own_use = self.own_use;
        options.write_closed = self.closed;
        options.write_conflicting = self.conflicting;
        options.detection_only = !self.all;
        options.hosts_ipv6 = self.hosts_ipv6;
        options.misp.amber_to_community = self.misp_amber_to_community;
        options.rpz.origin.clone_from(&self.rpz_origin);
        options.rpz.wildcards = self.rpz_wildcards;
        options.rpz.policy = match self.rpz_policy.as_str() {
            "nxdomain" => Policy::Nxdomain,
            "nodata" => Policy::Nodata,
            "drop" => Policy::Drop,
            "passthru" => Policy::Passthru,
            domain => Policy::LocalCname(domain.to_owned()),
        };
        options.stix = match self.stix_objects {
            Objects::Both => StixObjects::Both,
            Objects::Indicators => StixObjects::Indicators,
            Objects::Observables => StixObjects::Observables,
        };
        let suricata = &mut options.suricata;
        suricata.action = if self.suricata_drop { Action::Drop } else { Action::Alert };
        suricata.subdomains = self.suricata_subdomains;
        suricata.rev = self.suricata_rev;
        let range = self.suricata_sids.split_once('-');
        let range = range.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        (suricata.first_sid, suricata.last_sid) = range.ok_or_else(|| {
            bad("bad_range", &format_args!("{:?} is no FIRST-LAST", self.suricata_sids))
        })?;
        if self.misp_feed && options.format != Format::Misp {
            return Err(bad("bad_option", &"--misp-feed is for --format misp"));
        }
        let mut kinds = Vec::new();
        for kind in &self.kind {
            kinds.push(kind.parse::<Kind>().map_err(|error| bad("unknown_kind", &error))?);
        }
        if kinds.is_empty() {
            kinds = Kind::ALL.to_vec();
        }
        Ok(ExportOrder { title: self.title.clone(), kinds, options, min_score: self.min_score })
    }
}

impl Engine {
    /// Exports the own list.
    pub fn export_list(
        &self,
        command: &ExportCommand,
        progress: OnProgress<'_>,
    ) -> Result<Value, Failure> {
        let order = command.args.order()?;
        let index = self.warnings.index()?;
        let counts = self.shared.lock().counts()?;
        let wanted = |name: &str| order.kinds.iter().any(|kind| kind.name() == name);
        let of_kinds = counts.kinds.iter().filter(|(name, ..)| wanted(name));
        let total = of_kinds.map(|(_, _, contexts)| contexts).sum();
        let mut out: Box<dyn Write> = match &command.to {
            Some(path) => Box::new(BufWriter::new(filled(path)?)),
            None => Box::new(io::sink()),
        };
        let mut account = match &command.account {
            Some(path) => Some(BufWriter::new(filled(path)?)),
            None => None,
        };
        let report = detente_desk::export(
            &self.shared,
            &order,
            index.as_deref(),
            (&mut out, account.as_mut().map(|account| account as &mut dyn Write)),
            &mut |done| {
                let (what, note) = ("exporting".to_owned(), String::new());
                progress(Progress { what, done, total, note, counts: true });
            },
        );
        let report = report.map_err(failed)?;
        if let (Some(mut account), Some(path)) = (account, &command.account) {
            account.flush().map_err(|error| Failure::io("writing", path, &error))?;
        }
        json(&report)
    }
}

/// A file that the asking process has made, to be filled.
fn filled(path: &Path) -> Result<File, Failure> {
    let opened = OpenOptions::new().write(true).truncate(true).open(path);
    opened.map_err(|error| Failure::io("opening", path, &error))
}

fn failed(error: DeskError) -> Failure {
    match error {
        DeskError::Node(error) => error.into(),
        DeskError::Write(WriteFault::Option { option, why }) => {
            let words = format!("the option {option} cannot be followed: {why}");
            Failure::usage("bad_option", words, "see `detente export --help`")
        }
        error => Failure::environment("export", chain(&error), "free disk space and try again"),
    }
}

/// Runs `export`.
pub fn export(context: &Context, args: ExportArgs) -> Result<u8, Failure> {
    context.home().check()?;
    // What was typed wrongly is said before anything is made.
    args.order()?;
    let printed = args.out.as_deref().is_none_or(|out| out == Path::new("-"));
    if context.json && printed && !args.dry_run {
        return Err(Failure::usage(
            "two_outputs",
            "the file and the report cannot both be printed",
            "name a file with --out",
        ));
    }
    let account = match &args.account {
        Some(path) => Some(Part::beside(path, false)?),
        None => None,
    };
    let target = match (args.dry_run, printed, &args.out) {
        (true, ..) => Target::None,
        (_, false, Some(out)) if args.misp_feed => {
            Target::Feed(Spool::create(context.home())?, out.clone())
        }
        (false, false, Some(out)) => Target::File(Part::beside(out, true)?),
        _ => Target::Printed(Spool::create(context.home())?),
    };
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| Failure::io("naming", path, &error))
    };
    let to = match &target {
        Target::None => None,
        Target::File(part) => Some(absolute(part.path())?),
        Target::Printed(spool) | Target::Feed(spool, _) => Some(absolute(spool.path())?),
    };
    let told = account.as_ref().map(|part| absolute(part.path())).transpose()?;
    let command = ExportCommand { args: Box::new(args), to, account: told };
    let (mut report, _) =
        context.ask::<IndicatorExport>(&Command::Desk(DeskCommand::Export(command)))?;
    let tried = matches!(target, Target::None);
    report.file = target.deliver()?;
    if let Some(account) = account {
        account.keep()?;
    }
    if context.json {
        crate::print_json(&report);
    } else {
        output::exported(&report, tried);
    }
    Ok(0)
}

/// Where an export goes once it is whole.
enum Target {
    None,
    File(Part),
    Feed(Spool, PathBuf),
    Printed(Spool),
}

impl Target {
    fn deliver(self) -> Result<Option<PathBuf>, Failure> {
        match self {
            Target::None => Ok(None),
            Target::File(part) => part.keep().map(Some),
            Target::Feed(spool, folder) => new_folder(&folder, |dir| {
                let mut export = BufReader::new(File::open(spool.path())?);
                write_misp_feed(&mut export, &mut |name| {
                    Ok(Box::new(BufWriter::new(File::create_new(dir.join(name))?)))
                })
            })
            .map(|_| Some(folder)),
            Target::Printed(spool) => {
                let path = spool.path();
                let copied = File::open(path)
                    .and_then(|mut file| io::copy(&mut file, &mut io::stdout().lock()));
                match copied {
                    // Who reads the first lines only has had what it wanted.
                    Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                        Err(Failure::io("printing", path, &error))
                    }
                    _ => Ok(None),
                }
            }
        }
    }
}
