//! A text to start from: which template, and between whom.

use std::path::PathBuf;

use clap::Args;
use detente_core::UnixSeconds;
use detente_core::name::look_alike;
use detente_node::report::PartyReport;
pub use detente_paper::Side;
use detente_paper::{DEFAULT_TEMPLATE, TEMPLATES, Template, TemplateFault, template};
use serde::{Deserialize, Serialize};

use crate::fail::Failure;

/// Fewest digits of a fingerprint that stand for all of it.
const MIN_PREFIX: usize = 8;

/// What `accord draft` takes.
#[derive(Clone, Debug, Args)]
pub struct DraftArgs {
    /// What the parties will call the accord: lower-case letters, digits, hyphens.
    #[arg(required_unless_present = "templates")]
    pub slug: Option<String>,
    /// The other party: its name or fingerprint. Once for each, if the template has room.
    #[arg(long, value_name = "PARTY", required_unless_present = "templates")]
    pub with: Vec<String>,
    /// The template.
    #[arg(long, value_name = "NAME", default_value = DEFAULT_TEMPLATE)]
    pub template: String,
    /// List the templates, each with what it is for; write no text.
    #[arg(long, conflicts_with_all = ["slug", "with", "out"])]
    pub templates: bool,
    /// Write it to this file instead.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// A template, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateReport {
    /// Its name.
    pub template: String,
    /// For how many parties it has room: `2`, or `2 to 12`.
    pub parties: String,
    /// What it is for.
    pub purpose: String,
}

/// All templates.
pub fn templates() -> Vec<TemplateReport> {
    let report = |template: &Template| TemplateReport {
        template: template.name.to_owned(),
        parties: template.room(),
        purpose: template.purpose.to_owned(),
    };
    TEMPLATES.iter().map(report).collect()
}

/// The party that `--with` names: by its name, or by its fingerprint or eight or more first digits
/// of it. A name that people could take for another party's is not enough.
pub fn counterpart<'a>(known: &'a [PartyReport], with: &str) -> Result<&'a PartyReport, Failure> {
    let by_id = |party: &&PartyReport| with.len() >= MIN_PREFIX && party.id.starts_with(with);
    let mut hits: Vec<&PartyReport> = known.iter().filter(by_id).collect();
    if hits.is_empty() && known.iter().any(|party| party.name == with) {
        hits = known.iter().filter(|party| look_alike(&party.name, with)).collect();
    }
    match hits.as_slice() {
        [one] => Ok(one),
        [] => {
            let words = format!("no party {with:?} is known here");
            Err(Failure::usage("unknown_party", words, "see `detente party list`"))
        }
        several => {
            let words = format!("{with:?} may mean {} parties", several.len());
            let each = several.iter().map(|party| format!("{} ({})", party.id, party.name));
            let each: Vec<String> = each.collect();
            let remedy = format!("name one by its fingerprint: --with {}", each.join(" or "));
            Err(Failure::usage("ambiguous_party", words, &remedy))
        }
    }
}

/// The text of the template that is called `name` between these parties, expiring in a year.
pub fn fill(name: &str, slug: &str, sides: &[Side], now: UnixSeconds) -> Result<String, Failure> {
    let Some(template) = template(name) else {
        let words = format!("there is no template {name:?}");
        let known: Vec<&str> = TEMPLATES.iter().map(|template| template.name).collect();
        let remedy = format!("name one of: {}", known.join(", "));
        return Err(Failure::usage("unknown_template", words, &remedy));
    };
    let failure = |fault: TemplateFault| {
        let remedy = fault.remedy();
        Failure::usage(fault.code(), fault, &remedy)
    };
    template.fill(slug, sides, now).map_err(failure)
}

/// The text on matching between two parties, expiring in a year.
pub fn draft(slug: &str, a: &Side, b: &Side, now: UnixSeconds) -> Result<String, Failure> {
    fill(DEFAULT_TEMPLATE, slug, &[a.clone(), b.clone()], now)
}

#[cfg(test)]
mod tests;
