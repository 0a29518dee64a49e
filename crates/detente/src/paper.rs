//! Texts on paper: their difference word by word, documents to print and sign, annexes.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use detente_accord::{Accord, Faults, MAX_ANNEX};
use detente_core::Digest;
use detente_core::act::MAX_TEXT;
use detente_node::report::StatusReport;
use detente_paper::{
    DocumentFault, DocumentFormat, Edit, MAX_DOCUMENT, Redline, RedlineFault, RedlineNames,
    read_document, redline, write_document, write_redline,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::command::Command;
use crate::fail::{Failure, FaultReport};
use crate::verb::{Context, read_input};
use crate::{output, print_json, print_text};

/// Fewest digits of a digest that stand for all of it.
const MIN_PREFIX: usize = 8;

/// Commands on texts as documents.
#[derive(Debug, Subcommand)]
pub enum PaperVerb {
    /// Show what a text changes against another, word by word.
    Redline {
        /// The old text: a file, `-`, the digest of a text in the record (eight digits of its start
        /// are enough) or an accord, which means its text in force.
        old: String,
        /// The new text, named likewise.
        new: String,
        /// The accord, if digests are named and several have such a text.
        #[arg(long)]
        accord: Option<String>,
        /// As what to write it.
        #[arg(long, value_enum, default_value_t = RedlineFormat::Text)]
        format: RedlineFormat,
        #[command(flatten)]
        out: OutArg,
    },
    /// Write a text as a document to read, print and sign; `accord import` takes the text from it.
    Export {
        /// The text: a file, `-`, the digest of a text in the record or an accord, which means its
        /// text in force.
        text: String,
        /// The accord, if a digest is named and several have such a text.
        #[arg(long)]
        accord: Option<String>,
        /// As what to write it; toml is the text itself.
        #[arg(long, value_enum, default_value_t = ExportFormat::Markdown)]
        format: ExportFormat,
        #[command(flatten)]
        out: OutArg,
    },
    /// Take the text from a document, byte for byte; one whose readable part is not that of its
    /// text is refused, with the place.
    Import {
        /// The document, Markdown or HTML, or the text itself; `-` is stdin.
        file: PathBuf,
        #[command(flatten)]
        out: OutArg,
    },
    /// Annexes of a text, and files that should be them.
    #[command(subcommand)]
    Annex(AnnexVerb),
}

/// Commands on annexes.
#[derive(Debug, Subcommand)]
pub enum AnnexVerb {
    /// Compare a file with the digest in a text.
    Check {
        /// The text: a file, `-`, a digest or an accord.
        text: String,
        /// The annex by its id.
        annex: String,
        /// The file.
        file: PathBuf,
    },
    /// List the annexes of a text.
    List {
        /// The text: a file, `-`, a digest or an accord.
        text: String,
    },
}

/// Where to write.
#[derive(Clone, Debug, Args)]
pub struct OutArg {
    /// Write it to this file instead.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// How a difference is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RedlineFormat {
    /// A page with its style.
    Html,
    /// Markdown.
    Markdown,
    /// For a terminal: [-gone-], {+new+}, in colour where there is colour.
    Text,
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One page with its style, fit to be printed.
    Html,
    /// Markdown.
    Markdown,
    /// The text itself.
    Toml,
}

/// Does what was typed; the result is the exit code.
pub fn run(context: &Context, verb: PaperVerb) -> Result<u8, Failure> {
    match verb {
        PaperVerb::Redline { old, new, accord, format, out } => {
            let old = Text::find(context, &old, accord.as_deref())?;
            let new = Text::find(context, &new, accord.as_deref())?;
            show_redline(context, &old, &new, format, &out)
        }
        PaperVerb::Export { text, accord, format, out } => {
            let text = Text::find(context, &text, accord.as_deref())?;
            export(context, &text, format, &out)
        }
        PaperVerb::Import { file, out } => import(context, &file, &out),
        PaperVerb::Annex(AnnexVerb::List { text }) => {
            let annexes = annexes(&Text::find(context, &text, None)?.parse()?);
            if context.json {
                print_json(&annexes);
            } else {
                output::annexes(&annexes);
            }
            Ok(0)
        }
        PaperVerb::Annex(AnnexVerb::Check { text, annex, file }) => {
            let accord = Text::find(context, &text, None)?.parse()?;
            check_annex(context, &accord, &annex, &file)
        }
    }
}

/// A text and what the user called it.
struct Text {
    name: String,
    text: String,
}

impl Text {
    /// The text in a file, by its digest in the record, or in force of an accord.
    fn find(context: &Context, name: &str, accord: Option<&str>) -> Result<Text, Failure> {
        let path = Path::new(name);
        if path.is_file() || name == "-" {
            let bytes = read_input(path, MAX_TEXT as u64 + 1)?;
            let text = utf8(bytes, path)?;
            return Ok(Text { name: name.to_owned(), text });
        }
        let is_digest = name.len() >= MIN_PREFIX && name.bytes().all(|b| b.is_ascii_hexdigit());
        let command = match (is_digest, accord) {
            (true, Some(accord)) => text_of(accord, Some(name)),
            (true, None) => text_of(&accord_with(context, name)?, Some(name)),
            (false, _) => text_of(name, None),
        };
        let (text, _) = context.ask::<String>(&command)?;
        Ok(Text { name: name.to_owned(), text })
    }

    fn parse(&self) -> Result<Accord, Failure> {
        Accord::parse(self.text.as_bytes()).map_err(|faults| faulty(&faults, &self.name))
    }
}

fn text_of(accord: &str, text: Option<&str>) -> Command {
    Command::Text { accord: accord.to_owned(), text: text.map(str::to_owned) }
}

/// The accord of which a text is, by the start of its digest.
fn accord_with(context: &Context, digest: &str) -> Result<String, Failure> {
    let (reports, _) = context.ask::<Vec<StatusReport>>(&Command::Status { accord: None })?;
    let has =
        |report: &&StatusReport| report.texts.iter().any(|text| text.digest.starts_with(digest));
    let hits: Vec<&StatusReport> = reports.iter().filter(has).collect();
    match hits.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => {
            let words = format!("{digest:?} is no file, and no text of an accord here");
            Err(Failure::usage("unknown_text", words, "see `detente accord status`"))
        }
        several => {
            let words = format!("{} accords have a text {digest:?}", several.len());
            Err(Failure::usage("ambiguous_text", words, "name one: --accord ACCORD"))
        }
    }
}

fn utf8(bytes: Vec<u8>, path: &Path) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| {
        let words = format!("{} is not UTF-8", path.display());
        Failure::refused("not_utf8", words, "save the file as UTF-8")
    })
}

/// A failure with every fault of a text.
fn faulty(faults: &Faults, file: &str) -> Failure {
    let mut failure = Failure::refused("accord_text_faulty", faults, "mend the text");
    failure.faults = faults.0.iter().map(|fault| FaultReport::of(fault, Some(file))).collect();
    failure
}

/// Prints what was written, or writes it to a file.
fn put(context: &Context, out: &OutArg, written: &str, report: &Value) -> Result<u8, Failure> {
    if let Some(path) = &out.out {
        std::fs::write(path, written).map_err(|error| Failure::io("writing", path, &error))?;
    }
    if context.json {
        print_json(report);
    } else if out.out.is_none() {
        print_text(written);
    }
    Ok(0)
}

fn show_redline(
    context: &Context,
    old: &Text,
    new: &Text,
    format: RedlineFormat,
    out: &OutArg,
) -> Result<u8, Failure> {
    let redline = redline(&old.text, &new.text).map_err(|fault| {
        let name = match &fault {
            RedlineFault::Old(_) => &old.name,
            RedlineFault::New(_) => &new.name,
        };
        faulty(fault.faults(), name)
    })?;
    let names = RedlineNames { old: &old.name, new: &new.name };
    let page = |format| write_redline(&redline, names, format).map_err(|fault| paper(&fault));
    let written = match format {
        RedlineFormat::Html => page(DocumentFormat::Html)?,
        RedlineFormat::Markdown => page(DocumentFormat::Markdown)?,
        RedlineFormat::Text if out.out.is_none() && !context.json => {
            output::redline(&redline);
            return Ok(0);
        }
        RedlineFormat::Text => output::redline_plain(&redline),
    };
    put(context, out, &written, &redline_json(&redline, old, new))
}

fn redline_json(redline: &Redline, old: &Text, new: &Text) -> Value {
    let edit = |edit: &Edit| match edit {
        Edit::Added(words) => json!({ "added": words }),
        Edit::Removed(words) => json!({ "removed": words }),
        Edit::Same(words) => json!({ "same": words }),
    };
    let digest = |text: &Text| Digest::plain(text.text.as_bytes()).to_string();
    let units: Vec<Value> = redline
        .units
        .iter()
        .map(|unit| {
            let fields: Vec<Value> = unit
                .fields
                .iter()
                .map(|field| {
                    let edits: Vec<Value> = field.edits.iter().map(edit).collect();
                    json!({ "field": field.path, "words": edits })
                })
                .collect();
            json!({
                "unit": unit.unit.to_string(),
                "change": unit.kind.name(),
                "moved": unit.moved,
                "fields": fields,
            })
        })
        .collect();
    json!({ "old": digest(old), "new": digest(new), "units": units, "same": redline.same })
}

fn export(
    context: &Context,
    text: &Text,
    format: ExportFormat,
    out: &OutArg,
) -> Result<u8, Failure> {
    let accord = text.parse()?;
    let document = |format| write_document(&text.text, format).map_err(|fault| paper(&fault));
    let (name, written) = match format {
        ExportFormat::Html => ("html", document(DocumentFormat::Html)?),
        ExportFormat::Markdown => ("markdown", document(DocumentFormat::Markdown)?),
        ExportFormat::Toml => ("toml", text.text.clone()),
    };
    let report = json!({
        "accord": accord.slug,
        "text": accord.digest.to_string(),
        "format": name,
        "file": out.out,
        "document": out.out.is_none().then_some(&written),
    });
    put(context, out, &written, &report)
}

fn import(context: &Context, file: &Path, out: &OutArg) -> Result<u8, Failure> {
    let document = utf8(read_input(file, MAX_DOCUMENT as u64 + 1)?, file)?;
    let text = match Accord::parse(document.as_bytes()) {
        Ok(_) => document,
        Err(faults) => match read_document(&document) {
            Ok(text) => text,
            // Then it was meant as the text itself.
            Err(DocumentFault::NoDocument | DocumentFault::NoText)
                if file.extension().is_some_and(|extension| extension == "toml") =>
            {
                return Err(faulty(&faults, &file.display().to_string()));
            }
            Err(DocumentFault::Text(faults)) => {
                return Err(faulty(&faults, "the text in the document"));
            }
            Err(fault) => return Err(paper(&fault)),
        },
    };
    let digest = Digest::plain(text.as_bytes()).to_string();
    let report = json!({
        "text": digest,
        "file": out.out,
        "toml": out.out.is_none().then_some(&text),
    });
    put(context, out, &text, &report)?;
    if let (Some(path), false) = (&out.out, context.json) {
        print_text(&format!("{}: text {digest}\n", path.display()));
    }
    Ok(0)
}

/// A document that is refused, and what can be done.
fn paper(fault: &DocumentFault) -> Failure {
    let remedy = match fault {
        DocumentFault::Edited { .. } | DocumentFault::OtherDigest { .. } => {
            "edit the text, not the document: ask its sender for the text, and compare both with \
             `detente accord redline`"
        }
        DocumentFault::NoDocument | DocumentFault::NoText => {
            "name a document that `detente accord export` wrote, unchanged: no editor or mail \
             program may change its line ends"
        }
        DocumentFault::OtherVersion(_) => {
            "take the text from the end of the document by hand and compare its digest: sha256sum"
        }
        DocumentFault::Text(_) => "mend the text",
        DocumentFault::TooLong => "",
    };
    Failure::refused(fault.code(), fault, remedy)
}

/// An annex of a text, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnnexReport {
    /// What the text calls it.
    pub id: String,
    /// What it is for.
    pub kind: String,
    /// Its title by language.
    pub title: Vec<(String, String)>,
    /// Its SHA-256.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
    /// Its media type.
    pub media_type: String,
}

fn annexes(accord: &Accord) -> Vec<AnnexReport> {
    let report = |annex: &detente_accord::Annex| AnnexReport {
        id: annex.id.clone(),
        kind: annex.kind.name().to_owned(),
        title: annex.title.clone(),
        sha256: annex.sha256.to_string(),
        bytes: annex.bytes,
        media_type: annex.media_type.clone(),
    };
    accord.annexes.iter().map(report).collect()
}

fn check_annex(context: &Context, accord: &Accord, id: &str, file: &Path) -> Result<u8, Failure> {
    let annex = accord.annexes.iter().find(|annex| annex.id == id).ok_or_else(|| {
        let known: Vec<&str> = accord.annexes.iter().map(|annex| annex.id.as_str()).collect();
        let remedy = format!("the text has: {}", known.join(", "));
        Failure::usage("unknown_annex", format!("the text has no annex {id:?}"), &remedy)
    })?;
    let bytes = crate::home::read_bounded(file, MAX_ANNEX)?;
    annex.check(&bytes).map_err(|fault| {
        let words = format!("{} is not annex {id}: {fault}", file.display());
        Failure::refused(fault.code(), words, "ask for the file that was agreed on")
    })?;
    if context.json {
        print_json(&json!({ "annex": id, "file": file, "sha256": annex.sha256.to_string() }));
    } else {
        let file = file.display();
        print_text(&format!(
            "{file} is annex {id}: {} bytes, SHA-256 {}\n",
            annex.bytes, annex.sha256
        ));
    }
    Ok(0)
}
