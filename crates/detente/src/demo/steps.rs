//! The steps between two running nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use detente_accord::Accord;
use detente_node::report::{
    ActReport, ImportReport, MatchReport, PartyReport, ReleaseReport, SearchReport, StatusReport,
};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::data::{ALPHA, BETA, Holding, csv, may_show, observable};
use super::teller::Teller;
use crate::command::{ActCommand, ActWord, Command, Engine, ImportFile};
use crate::draft::{Side, draft};
use crate::fail::Failure;
use crate::import::TableArgs;
use crate::output::number;
use crate::releasing::{Leaving, ReleaseCommand};
use crate::verify::{VerifyReport, verify};
use crate::world;
use detente_table::exposure;

/// What the demo calls its accord.
pub const SLUG: &str = "demo";

/// Two nodes and where they lie.
pub struct Walk<'a> {
    pub dir: &'a Path,
    pub a: &'a Engine,
    pub b: &'a Engine,
    pub names: [&'static str; 2],
}

fn ask<T: DeserializeOwned>(engine: &Engine, command: &Command) -> Result<T, Failure> {
    let value = engine.run(command, &mut |_| {})?;
    serde_json::from_value(value)
        .map_err(|error| Failure::environment("json", error, "report this"))
}

impl Walk<'_> {
    /// All steps; says whether the audit at the end found the record sound and the altered one not.
    pub fn run(&self, teller: &mut Teller) -> Result<bool, Failure> {
        self.exchange_cards(teller)?;
        self.agree(teller)?;
        self.import(teller)?;
        let run = self.matching(teller)?;
        self.release(teller, &run)?;
        self.stop(teller, &run)?;
        self.verify(teller)
    }

    fn exchange_cards(&self, teller: &mut Teller) -> Result<(), Failure> {
        for (from, to) in [(self.a, self.b), (self.b, self.a)] {
            let card = hex::encode(from.shared.lock().card().bytes());
            ask::<PartyReport>(to, &Command::AddParty { card })?;
        }
        let lines = ["each pins the other's keys; no certificate authority is asked".to_owned()];
        teller.step("They exchange party cards after comparing the words", &lines);
        Ok(())
    }

    fn agree(&self, teller: &mut Teller) -> Result<(), Failure> {
        let side = |engine: &Engine| {
            let node = engine.shared.lock();
            Side { name: node.card().value().name.clone(), id: node.party() }
        };
        let text = draft(SLUG, &side(self.a), &side(self.b), world::now())?;
        let path = self.dir.join("accord.toml");
        std::fs::write(&path, &text).map_err(|error| Failure::io("writing", &path, &error))?;
        let accord = Accord::parse(text.as_bytes())
            .map_err(|error| Failure::from(detente_node::NodeError::from(error)))?;
        let table = exposure::report(&accord, world::now())?;
        let lines = [
            format!(
                "{} clauses; text {} (SHA-256 of accord.toml)",
                accord.clauses.len(),
                &table.text[..16]
            ),
            format!(
                "{} of {} cells are open, all under clause 2: matched indicators up to TLP:AMBER",
                table.open, table.cells
            ),
            "everything else is closed, whatever a node is told to do".to_owned(),
        ];
        let figures = json!({ "open": table.open, "cells": table.cells });
        teller.data(
            "Before anyone signs: all that could ever leave under the text",
            &lines,
            figures,
        );

        let propose = Command::Propose { text, role: None };
        let sign = Command::Act(ActCommand {
            act: ActWord::Sign,
            accord: SLUG.to_owned(),
            text: None,
            reason: String::new(),
            role: None,
        });
        let mut lines = Vec::new();
        for (engine, name, command) in [
            (self.a, self.names[0], &propose),
            (self.a, self.names[0], &sign),
            (self.b, self.names[1], &sign),
        ] {
            let report: ActReport = ask(engine, command)?;
            let held = report.delivered.iter().filter(|delivery| delivery.cosigned).count();
            lines.push(format!(
                "{name} {}; the other side {}",
                report.summary,
                if held > 0 { "holds it and has cosigned it" } else { "does not have it yet" }
            ));
        }
        lines.push(self.standing(self.a)?);
        teller
            .step("They propose and sign; each act stands in a log that the other cosigns", &lines);
        Ok(())
    }

    fn standing(&self, engine: &Engine) -> Result<String, Failure> {
        let status = Command::Status { accord: Some(SLUG.to_owned()) };
        let reports: Vec<StatusReport> = ask(engine, &status)?;
        Ok(reports.first().map(|report| report.standing.clone()).unwrap_or_default())
    }

    fn import(&self, teller: &mut Teller) -> Result<(), Failure> {
        let mut lines = Vec::new();
        for (engine, name, holding) in
            [(self.a, self.names[0], &ALPHA), (self.b, self.names[1], &BETA)]
        {
            let file = format!("{}.csv", name.to_lowercase().replace(' ', "-"));
            let path = self.dir.join(&file);
            std::fs::write(&path, csv(holding, name))
                .map_err(|error| Failure::io("writing", &path, &error))?;
            let import = Command::Import {
                files: vec![ImportFile {
                    table: TableArgs::default(),
                    path,
                    source: format!("{name} sensors (generated)"),
                    name: file,
                    format: "auto".to_owned(),
                    tlp: None,
                }],
                all_refusals: false,
            };
            let reports: Vec<ImportReport> = ask(engine, &import)?;
            let taken: u64 = reports.iter().map(|report| report.taken).sum();
            let refused: u64 =
                reports.iter().flat_map(|report| &report.refused).map(|(_, count)| count).sum();
            lines.push(format!("{name}: {} taken, {refused} refused", number(taken)));
        }
        teller.step("Each imports its own indicators (generated, and labelled so)", &lines);
        Ok(())
    }

    fn matching(&self, teller: &mut Teller) -> Result<String, Failure> {
        let command = |count_only| Command::Match {
            accord: SLUG.to_owned(),
            clause: "1".to_owned(),
            count_only,
        };
        let report: MatchReport = ask(self.a, &command(false))?;
        let found: BTreeSet<&String> = report.items.iter().map(|(_, value)| value).collect();
        let values = |holding: &Holding| -> BTreeSet<String> {
            let shown = (holding.from..holding.upto).filter(|number| may_show(*number));
            shown.map(|number| observable(number).1).collect()
        };
        let plain: BTreeSet<String> =
            values(&ALPHA).intersection(&values(&BETA)).cloned().collect();
        let equal = found.iter().copied().eq(plain.iter());
        if !equal || !report.agreed {
            return Err(Failure::environment(
                "wrong_answer",
                format!("the match found {}, a plain intersection {}", found.len(), plain.len()),
                "report this",
            ));
        }
        let mut lines = vec![
            format!(
                "{} in common: the same as a plain intersection of the generated sets",
                number(found.len() as u64)
            ),
            "what is TLP:RED or forbidden by clause 3 did not enter".to_owned(),
            format!(
                "sizes on the wire are padded: {} and {}",
                number(report.own_size.into()),
                number(report.peer_size.into())
            ),
            format!("both recorded transcript {}", &report.transcript[..16]),
        ];
        lines.extend(report.learnt.iter().cloned());
        let figures = json!({ "common": found.len(), "run": report.run, "equal": equal });
        teller.data("They match: both learn what both hold, and nothing else", &lines, figures);

        let counted: MatchReport = ask(self.b, &command(true))?;
        let lines = [format!(
            "{} learnt that {} are in common, and not which",
            self.names[1],
            number(counted.common.unwrap_or_default())
        )];
        teller.step("The other way round, and only how many", &lines);
        Ok(report.run)
    }

    fn release(&self, teller: &mut Teller, run: &str) -> Result<(), Failure> {
        let command = |dry_run| releasing(run, dry_run);
        let dry: ReleaseReport = ask(self.a, &command(true))?;
        let mut reasons: BTreeMap<String, (u64, String)> = BTreeMap::new();
        for object in dry.objects.iter().filter(|object| !object.allowed) {
            let clause = object.clause.clone().unwrap_or_default();
            let entry = reasons
                .entry(format!("{} clause {clause}", object.code))
                .or_insert_with(|| (0, object.reason.clone()));
            entry.0 += 1;
        }
        let mut lines =
            vec![format!("{} would leave, {} would stay", number(dry.allowed), number(dry.denied))];
        lines.extend(
            reasons
                .values()
                .map(|(count, reason)| format!("{} stay, for example: {reason}", number(*count))),
        );
        teller.step("Dry run of a release: the gate's verdict on each object", &lines);

        let report: ReleaseReport = ask(self.a, &command(false))?;
        let landed = report.objects.iter().find(|object| object.allowed);
        let mut lines = vec![
            format!("{} objects left, each under its clause", number(report.allowed)),
            format!("acknowledged by {} at {}", report.to, report.receipt.unwrap_or_default()),
        ];
        if let Some(object) = landed {
            let query = Command::Search { query: object.value.clone() };
            let found: SearchReport = ask(self.b, &query)?;
            if let Some(received) = found.received.first() {
                lines.push(format!(
                    "at {}: {} from {}, clause {}, {}, keep until {}",
                    self.names[1],
                    found.value,
                    received.from,
                    received.clause,
                    received.tlp,
                    received.keep_until.clone().unwrap_or_default()
                ));
            }
        }
        teller.step(
            "The release: what the gate lets go arrives with origin, marking, clause",
            &lines,
        );
        Ok(())
    }

    fn stop(&self, teller: &mut Teller, run: &str) -> Result<(), Failure> {
        let act = |act, reason: &str, role: &str| {
            Command::Act(ActCommand {
                act,
                accord: SLUG.to_owned(),
                text: None,
                reason: reason.to_owned(),
                role: Some(role.to_owned()),
            })
        };
        let stop = act(ActWord::Stop, "a source may be in danger", "duty-officer");
        ask::<ActReport>(self.b, &stop)?;
        let stopped: ReleaseReport = ask(self.a, &releasing(run, true))?;
        let reason = stopped.objects.first().map(|object| object.reason.clone());
        ask::<ActReport>(self.b, &act(ActWord::Resume, "the source is safe", "minister"))?;
        let lines = [
            format!("{}'s duty officer stops everything", self.names[1]),
            format!(
                "{} may release {} objects: {}",
                self.names[0],
                stopped.allowed,
                reason.unwrap_or_default()
            ),
            "the minister lifts the stop; both acts stay on record".to_owned(),
        ];
        teller.step("An emergency stop, and its end", &lines);
        Ok(())
    }

    fn verify(&self, teller: &mut Teller) -> Result<bool, Failure> {
        let record = self.dir.join("record");
        let export = Command::Export { accord: SLUG.to_owned(), to: record.clone() };
        let exported: crate::export::ExportReport = ask(self.a, &export)?;
        let report = verify(&record)?;
        let checked: Vec<String> = report
            .facts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| format!("{} {what}", number(*count)))
            .collect();
        let lines = [
            format!("{} files, {} entries", number(exported.files), exported.entries),
            format!("checked: {}", checked.join(", ")),
            (if report.sound { "SOUND" } else { "NOT SOUND" }).to_owned(),
        ];
        teller.step("An outsider checks the exported record, offline", &lines);
        let caught = self.alter(teller, &record)?;
        Ok(report.sound && caught)
    }

    /// Flips one bit of the signed text in a copy and checks that the audit names the file.
    fn alter(&self, teller: &mut Teller, record: &Path) -> Result<bool, Failure> {
        let copy = self.dir.join("record-altered");
        copy_folder(record, &copy)?;
        let texts = copy.join("texts");
        let text = texts
            .read_dir()
            .ok()
            .and_then(|mut entries| entries.next()?.ok())
            .map(|entry| entry.path())
            .ok_or_else(|| Failure::environment("no_text", "the record has no text", ""))?;
        let mut bytes = std::fs::read(&text).map_err(|e| Failure::io("reading", &text, &e))?;
        let middle = bytes.len() / 2;
        if let Some(byte) = bytes.get_mut(middle) {
            *byte ^= 1;
        }
        std::fs::write(&text, bytes).map_err(|error| Failure::io("writing", &text, &error))?;
        let report: VerifyReport = verify(&copy)?;
        let name = text.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let named = report
            .findings
            .iter()
            .find(|finding| finding.path.as_ref().is_some_and(|path| path.ends_with(&name)));
        let caught = !report.sound && named.is_some();
        let lines = [
            format!("one bit of texts/{}... flipped in a copy", name.get(..16).unwrap_or_default()),
            named.map_or_else(|| "NOT FOUND".to_owned(), |finding| finding.line.clone()),
        ];
        teller.step("One altered bit is found and named", &lines);
        Ok(caught)
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::io("copying", from, &error);
    std::fs::create_dir_all(to).map_err(failed)?;
    for entry in from.read_dir().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(failed)?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target).map_err(failed)?;
        }
    }
    Ok(())
}

/// The release of what a run found.
fn releasing(run: &str, dry_run: bool) -> Command {
    let what = Leaving::Matched { run: run.to_owned(), onward: false };
    Command::Release(ReleaseCommand { accord: SLUG.to_owned(), what, dry_run, again: false })
}
