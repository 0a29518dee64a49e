//! From what was typed to what is done and printed.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::CommandFactory as _;
use detente_accord::Accord;
use detente_core::act::MAX_TEXT;
use detente_core::party::Card;
use detente_core::sign::Verified;
use detente_node::report::{
    CountReport, ImportReport, LookupReport, MatchReport, PartyReport, ReleaseReport,
};
use detente_node::report_card;
use detente_table::duties::{DutiesReport, icalendar};
use detente_table::{Motion, WordsReport, exposure};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::args::{AccordVerb, Cli, Global, LogVerb, PartyVerb, Verb, Which};
use crate::command::{ActCommand, ActWord, Command, Progress};
use crate::consent::{ConsentCommand, ConsentVerb};
use crate::desk::DeskCommand;
use crate::draft::DraftArgs;
use crate::fail::{Failure, exit};
use crate::home::{Home, MAX_CARD_FILE, read_bounded, write_secret};
use crate::import::{self, Naming};
use crate::looking::LookCommand;
use crate::passphrase::Source;
use crate::progress::Bar;
use crate::table::{TableCommand, TableVerb};
use crate::{
    alerting, card_file, check, demo, desk, draft, init, keys, output, paper, party_name,
    print_json, print_text, retracting, run, serve, tools, verify, world,
};

/// Where a command works and how it speaks.
pub struct Context {
    home: Home,
    passphrase: Source,
    /// Whether a program reads what is printed.
    pub json: bool,
}

impl Context {
    /// The home.
    pub const fn home(&self) -> &Home {
        &self.home
    }

    /// Where its passphrase comes from.
    pub const fn passphrase(&self) -> &Source {
        &self.passphrase
    }

    /// Runs a command and gives its report.
    pub fn ask<T: DeserializeOwned>(&self, command: &Command) -> Result<(T, Value), Failure> {
        let mut bar = Bar::new(self.json);
        let answer = run::run(&self.home, &self.passphrase, command, &mut |news: Progress| {
            bar.update(&news);
        });
        bar.finish();
        let value = answer?;
        let report = T::deserialize(&value)
            .map_err(|error| Failure::environment("json", error, "restart `serve`"))?;
        Ok((report, value))
    }

    /// Runs a command and prints its report, for people or programs.
    pub fn show<T: DeserializeOwned>(
        &self,
        command: &Command,
        print: impl FnOnce(&T),
    ) -> Result<u8, Failure> {
        let (report, value) = self.ask::<T>(command)?;
        if self.json {
            print_json(&value);
        } else {
            print(&report);
        }
        Ok(0)
    }
}

/// Does what was typed; the result is the exit code.
pub fn run(cli: Cli) -> Result<u8, Failure> {
    let Global { home, json, passphrase_file } = cli.global;
    let context =
        Context { home: Home::at(&home), passphrase: Source { file: passphrase_file }, json };
    match cli.command {
        Verb::Init { party, listen, address, suite } => {
            let (listen, address) = (listen.as_deref(), address.as_deref());
            init_home(&context, &init::NewParty { name: &party, listen, address, suite })
        }
        Verb::Party(verb) => party(&context, verb),
        Verb::Key(verb) => keys::run(&context, verb),
        Verb::Accord(verb) => accord(&context, verb),
        Verb::Import { files, format, tlp, source, refusals, table, preview } => {
            let naming = Naming { format, tlp, source, table };
            let run = if preview { desk::previewing } else { importing };
            run(&context, &files, &naming, refusals)
        }
        Verb::Export(args) => desk::export(&context, args),
        Verb::Warninglist(verb) => desk::warninglist(&context, verb),
        Verb::Count => context.show::<CountReport>(&Command::Counts, output::counts),
        Verb::List { kind } => {
            let (all, value) = context.ask::<Vec<(String, String)>>(&Command::List { kind })?;
            if json {
                print_json(&value);
            } else {
                print_text(&lines(&all));
            }
            Ok(0)
        }
        Verb::Search { value, text, limit } => searching(&context, value, &text, limit),
        Verb::Observe { file, collection } => tools::observe(&context, &file, &collection),
        Verb::Serve { listen, taxii } => serve_home(&context, listen.as_deref(), &taxii),
        Verb::Account(args) => tools::account(&context, &args),
        Verb::Feed(args) => tools::feed(&context, args),
        Verb::Sync => sync(&context),
        Verb::Match { accord, clause, count_only, explain: true, .. } => {
            let command = Command::ExplainMatch { accord, clause, count_only };
            context.show::<detente_node::report::MatchPreview>(&command, output::explained)
        }
        Verb::Match { accord, clause, count_only, out, .. } => {
            matching(&context, &Command::Match { accord, clause, count_only }, out.as_deref())
        }
        Verb::Lookup(args) => looking_up(&context, args.deed()?),
        Verb::Release(args) => releasing(&context, &Command::Release(args.command()?)),
        Verb::Consent(verb) => consent(&context, verb),
        Verb::Alerts(args) => alerting::alerts(&context, args),
        Verb::Retract(args) => retracting::retract(&context, args),
        Verb::Retractions(args) => retracting::retractions(&context, args),
        Verb::Feedback(args) => {
            let command = Command::Feedback(args.into());
            context.show::<Vec<_>>(&command, |reports| reports.iter().for_each(output::act))
        }
        Verb::Expire => context.show(&Command::Expire, output::erased),
        Verb::Log(LogVerb::Export { accord, to }) => export(&context, accord, &to),
        Verb::Verify { folder } => {
            let report = verify::verify(&folder)?;
            let code = if report.sound { 0 } else { exit::REFUSED };
            show(json, &report, output::verified)?;
            Ok(code)
        }
        Verb::Demo { story, dir, serve } => demo::demo(story, &dir, serve, json),
        Verb::Completions { shell } => {
            let mut bytes = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "detente", &mut bytes);
            print_text(&String::from_utf8_lossy(&bytes));
            Ok(0)
        }
    }
}

fn init_home(context: &Context, party: &init::NewParty<'_>) -> Result<u8, Failure> {
    let passphrase = context.passphrase.read(true)?;
    let report = init::init(&context.home, party, passphrase)?;
    show(context.json, &report, |report| output::parties(std::slice::from_ref(report)))
}

fn show<T: serde::Serialize>(
    json: bool,
    report: &T,
    print: impl FnOnce(&T),
) -> Result<u8, Failure> {
    if json {
        print_json(report);
    } else {
        print(report);
    }
    Ok(0)
}

fn sync(context: &Context) -> Result<u8, Failure> {
    context.show::<Vec<detente_node::report::DeliveryReport>>(&Command::Sync, |reports| {
        for report in reports {
            let words = report.reason.as_deref().unwrap_or("up to date");
            print_text(&format!("{}: {}\n", output::safe(&report.party), output::safe(words)));
        }
    })
}

/// Prints a report that came as JSON, for programs or people.
fn print<T>(json: bool, value: &Value, report: &T, people: impl FnOnce(&T)) {
    if json {
        print_json(value);
    } else {
        people(report);
    }
}

fn lines(items: &[(String, String)]) -> String {
    let mut text = String::new();
    for (_, value) in items {
        text.push_str(value);
        text.push('\n');
    }
    text
}

/// Imports, and says so with the exit code if a file was refused, broke off or could not be read.
fn importing(
    context: &Context,
    paths: &[PathBuf],
    naming: &Naming,
    refusals: bool,
) -> Result<u8, Failure> {
    context.home.check()?;
    let found = import::find(&context.home, paths, naming)?;
    let mut reports = Vec::new();
    if !found.files.is_empty() {
        let command = Command::Import { files: found.files.clone(), all_refusals: refusals };
        reports = context.ask::<Vec<ImportReport>>(&command)?.0;
    }
    reports.extend(found.others.iter().cloned());
    show(context.json, &reports, |reports| output::imports(reports, refusals))?;
    Ok(import::exit_code(&reports))
}

fn searching(
    context: &Context,
    value: Option<String>,
    text: &[String],
    limit: usize,
) -> Result<u8, Failure> {
    if let Some(query) = value {
        return context.show(&Command::Search { query }, output::search);
    }
    let command = Command::Desk(DeskCommand::Words { text: text.join(" "), limit });
    context.show::<Vec<_>>(&command, |found| output::found(found, limit))
}

fn looking_up(context: &Context, deed: LookCommand) -> Result<u8, Failure> {
    let command = Command::Look(deed.clone());
    match deed {
        LookCommand::Ask { .. } => {
            let (report, value) = context.ask::<LookupReport>(&command)?;
            print(context.json, &value, &report, output::looked_up);
            Ok(if report.agreed { 0 } else { exit::REFUSED })
        }
        LookCommand::Explain { .. } => context.show(&command, output::lookup_explained),
        LookCommand::Publish { .. } => context.show(&command, output::published),
        LookCommand::Refresh { .. } => context.show(&command, output::refreshed),
    }
}

fn consent(context: &Context, verb: ConsentVerb) -> Result<u8, Failure> {
    let command = Command::Consent(verb.command()?);
    match &command {
        Command::Consent(ConsentCommand::List { .. }) => {
            context.show::<Vec<_>>(&command, |reports| output::consents(reports))
        }
        _ => context.show(&command, output::act),
    }
}

fn releasing(context: &Context, command: &Command) -> Result<u8, Failure> {
    let (report, value) = context.ask::<ReleaseReport>(command)?;
    print(context.json, &value, &report, output::release);
    // Nothing may leave although something was to: the gate refuses.
    let refused = report.allowed == 0 && (report.denied > 0 || report.there == 0);
    Ok(if refused { exit::REFUSED } else { 0 })
}

fn matching(context: &Context, command: &Command, out: Option<&Path>) -> Result<u8, Failure> {
    let (report, value) = context.ask::<MatchReport>(command)?;
    if let Some(path) = out {
        write_secret(path, lines(&report.items).as_bytes())?;
    }
    print(context.json, &value, &report, output::matched);
    Ok(if report.agreed { 0 } else { exit::REFUSED })
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::io("naming", path, &error))
}

fn export(context: &Context, accord: String, to: &Path) -> Result<u8, Failure> {
    let command = Command::Export { accord, to: absolute(to)? };
    context.show::<crate::export::ExportReport>(&command, |report| {
        print_text(&format!(
            "{}: {} entries, {} objects, {} files in {}\ncheck it with: detente verify {}\n",
            output::safe(&report.accord),
            report.entries,
            report.objects,
            report.files,
            report.folder.display(),
            report.folder.display()
        ));
    })
}

fn serve_home(
    context: &Context,
    listen: Option<&str>,
    taxii: &tools::TaxiiArgs,
) -> Result<u8, Failure> {
    let lock = run::lock(&context.home)?;
    let config = context.home.read_config()?;
    let local = run::Local::open(&context.home, lock, &context.passphrase)?;
    let address = listen.map(str::to_owned).or(config.listen);
    let serving = serve::start(&context.home, &local, address.as_deref())?;
    let answering = tools::start(&context.home, &local.engine, &local.runtime, taxii)?;
    let feeds =
        detente_feed::schedule(Arc::clone(&local.engine.feeds), Arc::clone(&local.engine.shared));
    let name = local.engine.shared.lock().card().value().name.clone();
    if context.json {
        print_json(&json!({
            "serving": name,
            "address": serving.address,
            "taxii": answering.as_ref().map(|answering| answering.address),
        }));
    } else {
        let place = serving.address.map_or_else(
            || "dialling only".to_owned(),
            |address| format!("listening on {address}"),
        );
        let tools = answering.as_ref().map_or_else(String::new, |answering| {
            let scheme = if taxii.taxii_plain { "http" } else { "https" };
            format!(", tools at {scheme}://{}/taxii2/", answering.address)
        });
        print_text(&format!("serving {}, {place}{tools}; end with ctrl-c\n", output::safe(&name)));
    }
    let _ = std::io::stdout().flush();
    serve::wait(&local)?;
    drop((serving, answering, feeds));
    local.runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    Ok(0)
}

fn party(context: &Context, verb: PartyVerb) -> Result<u8, Failure> {
    match verb {
        PartyVerb::Card { out } => {
            context.home.check()?;
            let card = init::read_card(&context.home)?;
            let report = report_card(card.value());
            let value = json!({ "card": card_file::encode(card.bytes()), "party": report });
            let text = if context.json {
                format!("{value:#}\n")
            } else {
                card_file::write(card.bytes(), &report)
            };
            if let Some(path) = &out {
                std::fs::write(path, &text)
                    .map_err(|error| Failure::io("writing", path, &error))?;
            }
            // A program that asks for JSON gets some, wherever the card went.
            if out.is_none() || context.json {
                print_text(&text);
            }
            Ok(0)
        }
        PartyVerb::Add { file, yes } => {
            context.home.check()?;
            let bytes = card_file::read(&read_input(&file, MAX_CARD_FILE * 2)?)?;
            let card = Card::open(&bytes)
                .map_err(|error| Failure::from(detente_node::NodeError::from(error)))?;
            add_party(context, &card, yes)
        }
        PartyVerb::List => {
            context.show::<Vec<PartyReport>>(&Command::Parties, |parties| output::parties(parties))
        }
    }
}

/// Adds a party once somebody has confirmed its fingerprint. A name that people could take for that
/// of another party is said aloud, and no answer at a prompt is enough for it.
fn add_party(context: &Context, card: &Verified<Card>, yes: bool) -> Result<u8, Failure> {
    let new = report_card(card.value());
    let (known, _) = context.ask::<Vec<PartyReport>>(&Command::Parties)?;
    let warnings = party_name::warnings(&new, &known);
    for warning in warnings.iter().filter(|_| !context.json) {
        output::warn(warning);
    }
    if let (Some(first), false) = (warnings.first(), yes) {
        return Err(Failure::refused(
            "doubtful_name",
            first,
            "compare the words of both fingerprints by voice; if both parties are who they say, \
             add the card with --yes",
        ));
    }
    confirm(&new, yes, context.json)?;
    let command = Command::AddParty { card: hex::encode(card.bytes()) };
    let (report, mut value) = context.ask::<PartyReport>(&command)?;
    if let (Some(fields), false) = (value.as_object_mut(), warnings.is_empty()) {
        fields.insert("warnings".to_owned(), json!(warnings));
    }
    print(context.json, &value, &report, |report| {
        print_text(&format!("added {}\n", output::safe(&report.name)));
    });
    Ok(0)
}

/// Shows the fingerprint and asks whether it is the right one.
fn confirm(report: &PartyReport, yes: bool, json: bool) -> Result<(), Failure> {
    if !json {
        print_text(&format!(
            "{}\n  fingerprint  {}\n  in words     {}\n",
            output::safe(&report.name),
            report.id,
            report.words
        ));
    }
    if yes {
        return Ok(());
    }
    let unasked = Failure::usage(
        "not_confirmed",
        "nobody confirmed the fingerprint",
        "compare the words with the other party by voice, then add the card with --yes",
    );
    if json || !std::io::stdin().is_terminal() {
        return Err(unasked);
    }
    print_text("Did the other party read the same words to you? [yes/no] ");
    let _ = std::io::stdout().flush();
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    if read.is_ok() && answer.trim() == "yes" { Ok(()) } else { Err(unasked) }
}

/// Reads a file, or stdin for `-`.
pub fn read_input(path: &Path, max: u64) -> Result<Vec<u8>, Failure> {
    if path != Path::new("-") {
        return read_bounded(path, max);
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .take(max)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::io("reading", path, &error))?;
    Ok(bytes)
}

fn accord(context: &Context, verb: AccordVerb) -> Result<u8, Failure> {
    match verb {
        AccordVerb::Draft(args) => draft_text(context, &args),
        AccordVerb::Check { file } => check_text(context, &file),
        AccordVerb::Exposure { accord, csv, ask } => expose(context, accord, (csv, &ask)),
        AccordVerb::Diff { before, after, csv } => {
            let (before, after) = (sound_text(context, &before)?, sound_text(context, &after)?);
            let report = exposure::difference(&before, &after, world::now())?;
            if csv {
                print_text(&exposure::difference_csv(&report));
                return Ok(0);
            }
            show(context.json, &report, output::difference)
        }
        AccordVerb::Propose { file, role } => {
            let bytes = read_input(&file, MAX_TEXT as u64)?;
            let text = String::from_utf8(bytes).map_err(|_| {
                Failure::refused("not_utf8", format!("{} is not UTF-8", file.display()), "")
            })?;
            let command = Command::Propose { text, role: role.role };
            context
                .show(&command, output::act)
                .map_err(|failure| failure.in_file(&file.display().to_string()))
        }
        AccordVerb::Sign { which, role } => {
            act(context, ActWord::Sign, &which, String::new(), role.role)
        }
        AccordVerb::Refuse { which, reason, role } => {
            act(context, ActWord::Refuse, &which, reason, role.role)
        }
        AccordVerb::Stop { accord, reason, role } => {
            act(context, ActWord::Stop, &Which { accord, text: None }, reason, role.role)
        }
        AccordVerb::Resume { accord, act: Some(act), reason, role } => {
            let motion = Box::new(Motion::Resume { act, reason });
            let (role, unconfirmed) = (role.role, false);
            let supersedes = None;
            let command = TableCommand::Move { accord, motion, role, unconfirmed, supersedes };
            context.show(&Command::Table(command), output::act)
        }
        AccordVerb::Resume { accord, act: None, reason, role } => {
            act(context, ActWord::Resume, &Which { accord, text: None }, reason, role.role)
        }
        AccordVerb::Denounce { accord, reason, role } => {
            act(context, ActWord::Denounce, &Which { accord, text: None }, reason, role.role)
        }
        AccordVerb::Status { accord } => {
            context.show::<Vec<_>>(&Command::Status { accord }, |reports| output::status(reports))
        }
        AccordVerb::History { accord } => {
            context.show::<Vec<_>>(&Command::History { accord }, |events| output::history(events))
        }
        AccordVerb::Paper(verb) => paper::run(context, verb),
        AccordVerb::Text { which, in_force, language } => {
            accord_text(context, which, (in_force, language))
        }
        AccordVerb::Table(verb) => at_the_table(context, *verb),
    }
}

/// All that may ever leave, and of an accord what is applied provisionally.
fn expose(context: &Context, name: String, (csv, ask): (bool, &[String])) -> Result<u8, Failure> {
    let accord = sound_text(context, &name)?;
    if !ask.is_empty() {
        let report = exposure::answer(&accord, ask, world::now())?;
        return show(context.json, &report, output::answer);
    }
    let mut report = exposure::report(&accord, world::now())?;
    if !Path::new(&name).is_file() && name != "-" {
        let command = TableCommand::Applied { accord: name };
        report.applied = context.ask(&Command::Table(command))?.0;
    }
    if csv {
        print_text(&exposure::exposure_csv(&report));
        return Ok(0);
    }
    show(context.json, &report, output::exposure)
}

/// The text as it stands, or with brackets while it is negotiated.
fn accord_text(
    context: &Context,
    which: Which,
    (in_force, language): (bool, Option<String>),
) -> Result<u8, Failure> {
    if which.text.is_none() && !in_force {
        let command = TableCommand::Words { accord: which.accord.clone(), language };
        let (report, value) = context.ask::<WordsReport>(&Command::Table(command))?;
        if report.open > 0 {
            if context.json {
                print_json(&value);
            } else {
                output::words(&report);
            }
            return Ok(0);
        }
        if let Some(clean) = report.clean {
            let which = Which { accord: which.accord, text: Some(clean) };
            return accord_text(context, which, (true, None));
        }
    }
    let command = Command::Text { accord: which.accord, text: which.text };
    let (text, value) = context.ask::<String>(&command)?;
    if context.json {
        print_json(&value);
    } else {
        print_text(&text);
    }
    Ok(0)
}

fn at_the_table(context: &Context, verb: TableVerb) -> Result<u8, Failure> {
    if let TableVerb::Duties { ics: true, .. } = &verb {
        let command = Command::Table(verb.command()?);
        let (report, _) = context.ask::<DutiesReport>(&command)?;
        print_text(&icalendar(&report));
        return Ok(0);
    }
    let command = Command::Table(verb.command()?);
    match &command {
        Command::Table(TableCommand::Duties { .. }) => context.show(&command, output::duties),
        Command::Table(TableCommand::Positions { .. }) => context.show(&command, output::positions),
        Command::Table(TableCommand::Matrix { .. }) => {
            context.show::<Option<_>>(&command, |report| output::matrix(report.as_ref()))
        }
        Command::Table(TableCommand::Meetings { .. }) => {
            context.show::<Vec<_>>(&command, |reports| output::meetings(reports))
        }
        Command::Table(TableCommand::Open { .. }) => {
            context.show(&command, |report| output::status(std::slice::from_ref(report)))
        }
        _ => context.show(&command, output::act),
    }
}

/// An act on an accord that is named by its slug, its id or the file of its text.
fn act(
    context: &Context,
    act: ActWord,
    which: &Which,
    reason: String,
    role: Option<String>,
) -> Result<u8, Failure> {
    let (mut accord, mut text) = (which.accord.clone(), which.text.clone());
    let file = Path::new(&which.accord);
    if file.is_file() {
        let bytes = read_bounded(file, MAX_TEXT as u64)?;
        let parsed = Accord::parse(&bytes).map_err(|error| {
            Failure::from(detente_node::NodeError::from(error)).in_file(&which.accord)
        })?;
        accord = parsed.id().to_string();
        // Signing a file means these very bytes.
        text = text.or_else(|| Some(parsed.digest.to_string()));
    }
    let command = Command::Act(ActCommand { act, accord, text, reason, role });
    context.show(&command, output::act)
}

fn check_text(context: &Context, file: &Path) -> Result<u8, Failure> {
    let bytes = read_input(file, MAX_TEXT as u64 + 1)?;
    let report = check::check(&file.display().to_string(), &bytes, world::now());
    let code = report.code();
    show(context.json, &report, output::checked)?;
    Ok(code)
}

/// The text in a file, or the one in force of an accord.
fn text_or_file(context: &Context, name: &str) -> Result<Vec<u8>, Failure> {
    let path = Path::new(name);
    if path.is_file() || name == "-" {
        return read_input(path, MAX_TEXT as u64 + 1);
    }
    let command = Command::Text { accord: name.to_owned(), text: None };
    Ok(context.ask::<String>(&command)?.0.into_bytes())
}

/// A text that holds no fault, from a file or an accord.
fn sound_text(context: &Context, name: &str) -> Result<Accord, Failure> {
    let text = text_or_file(context, name)?;
    let faults = |error| Failure::from(detente_node::NodeError::from(error));
    Accord::parse(&text).map_err(faults).map_err(|failure| failure.in_file(name))
}

fn draft_text(context: &Context, args: &DraftArgs) -> Result<u8, Failure> {
    if args.templates {
        return show(context.json, &draft::templates(), |all| output::templates(all));
    }
    let (parties, _) = context.ask::<Vec<PartyReport>>(&Command::Parties)?;
    let side = |party: &PartyReport| -> Result<draft::Side, Failure> {
        let id = party.id.parse().map_err(|error| Failure::environment("party", error, ""))?;
        Ok(draft::Side { name: party.name.clone(), id })
    };
    let Some((own, others)) = parties.split_first() else {
        return Err(Failure::environment("party", "this home has no card", "make a new home"));
    };
    let mut sides = vec![side(own)?];
    for with in &args.with {
        sides.push(side(draft::counterpart(others, with)?)?);
    }
    let slug = args.slug.as_deref().unwrap_or_default();
    let text = draft::fill(&args.template, slug, &sides, world::now())?;
    if let Some(path) = &args.out {
        std::fs::write(path, &text).map_err(|error| Failure::io("writing", path, &error))?;
    }
    if context.json {
        print_json(&json!({
            "accord": slug, "template": args.template, "file": args.out, "text": text
        }));
    } else if args.out.is_none() {
        print_text(&text);
    }
    Ok(0)
}
