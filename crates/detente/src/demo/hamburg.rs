//! The story of July 2017, and what would have been: a working group agreed by one and discussed by
//! the other, the reversal after thirteen hours, a ceasefire without a scope, and then an accord,
//! from its first brackets to the notice that ends it.
//!
//! Nothing is staged: each step is a command of the same name on two real nodes, over TLS. Only
//! the clocks are the story's. Every step is checked against what both nodes then tell; what does
//! not come out as it should ends the story with that.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use detente_core::{Digest, Span, UnixSeconds};
use detente_node::ports::Clock;
use detente_node::report::{ActReport, EventReport, PartyReport, StatusReport};
use detente_table::{
    About, Line, MatrixReport, MeetingReport, Motion, On, PositionsReport, Toward, WordsReport,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::teller::Teller;
use crate::command::{ActCommand, ActWord, Command, Engine};
use crate::draft::{Side, fill};
use crate::fail::Failure;
use crate::table::TableCommand;
use crate::verify::{VerifyReport, verify};
use detente_table::exposure;

/// What the story calls its accord.
pub const SLUG: &str = "hamburg";
/// When it begins: the evening of the meeting.
const BEGINS: &str = "2017-07-07T18:00:00Z";
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
const GROUP: &str = "working group on cyber security";

/// The story's clock, the same for both nodes.
#[derive(Clone)]
pub struct StoryClock(Arc<AtomicU64>);

impl StoryClock {
    /// Stands at the beginning.
    pub fn new() -> StoryClock {
        let begins = UnixSeconds::parse(BEGINS).map_or(0, UnixSeconds::get);
        StoryClock(Arc::new(AtomicU64::new(begins)))
    }

    fn forward(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(self.0.load(Ordering::Relaxed))
    }
}

/// Two nodes, where they lie, and their clock.
pub struct Story<'a> {
    pub dir: &'a Path,
    pub a: &'a Engine,
    pub b: &'a Engine,
    pub names: [&'static str; 2],
    pub clock: StoryClock,
}

fn ask<T: DeserializeOwned>(engine: &Engine, command: &Command) -> Result<T, Failure> {
    let value = engine.run(command, &mut |_| {})?;
    serde_json::from_value(value)
        .map_err(|error| Failure::environment("json", error, "report this"))
}

fn table<T: DeserializeOwned>(engine: &Engine, command: TableCommand) -> Result<T, Failure> {
    ask(engine, &Command::Table(command))
}

/// What does not come out as the story says ends it.
fn expect(holds: bool, what: &str, got: impl std::fmt::Debug) -> Result<(), Failure> {
    if holds {
        return Ok(());
    }
    Err(Failure::environment("story", format!("{what}: {got:?}"), "report this"))
}

/// The matter of the story's first days, with its whole scope.
fn group() -> About {
    About::Subject {
        name: GROUP.to_owned(),
        domain: "state conduct in cyberspace".to_owned(),
        territory: "systems on the territory of either party".to_owned(),
        target: "elections and critical infrastructure".to_owned(),
        until: "2018-07-07".to_owned(),
    }
}

fn step(name: &str, on: About, note: &str) -> Motion {
    let (step, note) = (name.to_owned(), note.to_owned());
    Motion::Step { step, on, from: None, until: None, note }
}

fn reply(answer: &str, act: &str, reason: &str) -> Motion {
    let (answer, act, reason) = (answer.to_owned(), act.to_owned(), reason.to_owned());
    Motion::Reply { answer, act, reason, precludes: false }
}

impl Story<'_> {
    /// The whole story; says whether the audit at its end found the record sound.
    pub fn run(&self, teller: &mut Teller) -> Result<bool, Failure> {
        self.meet(teller)?;
        self.reversal(teller)?;
        self.ceasefire(teller)?;
        let clean = self.negotiate(teller)?;
        self.sign(teller, &clean)?;
        self.suspend(teller)?;
        self.leave(teller)?;
        self.audit(teller)
    }

    fn moves(&self, engine: &Engine, motion: Motion, role: &str) -> Result<ActReport, Failure> {
        self.clock.forward(1);
        let (accord, motion) = (SLUG.to_owned(), Box::new(motion));
        let role = Some(role.to_owned());
        let supersedes = None;
        table(engine, TableCommand::Move { accord, motion, role, unconfirmed: false, supersedes })
    }

    fn acts(
        &self,
        engine: &Engine,
        act: ActWord,
        text: Option<&str>,
    ) -> Result<ActReport, Failure> {
        self.clock.forward(1);
        let (accord, text) = (SLUG.to_owned(), text.map(str::to_owned));
        let reason = "the story goes on".to_owned();
        ask(engine, &Command::Act(ActCommand { act, accord, text, reason, role: None }))
    }

    fn positions(&self) -> Result<PositionsReport, Failure> {
        table(self.a, TableCommand::Positions { accord: SLUG.to_owned(), at: None })
    }

    fn level(&self, topic: &str, name: &str) -> Result<Option<String>, Failure> {
        let report = self.positions()?;
        let topic = report.topics.iter().find(|known| known.topic == topic);
        let stand = topic.and_then(|topic| topic.stands.iter().find(|own| own.party == name));
        Ok(stand.map(|stand| stand.level.clone()))
    }

    fn status(&self, engine: &Engine) -> Result<StatusReport, Failure> {
        let mut all: Vec<StatusReport> =
            ask(engine, &Command::Status { accord: Some(SLUG.to_owned()) })?;
        all.pop().ok_or_else(|| Failure::environment("story", "no status", "report this"))
    }

    /// The cells of one clause: what the first party gives, and what the second gives.
    fn cells(&self, engine: &Engine, clause: &str) -> Result<Vec<String>, Failure> {
        let report: Option<MatrixReport> =
            table(engine, TableCommand::Matrix { accord: SLUG.to_owned(), at: None })?;
        let rows = report.map(|report| report.clauses).unwrap_or_default();
        let row = rows.into_iter().find(|row| row.clause == clause);
        let cells = row.map(|row| row.cells).unwrap_or_default();
        Ok(cells.into_iter().map(|cell| cell.standing).collect())
    }

    fn meet(&self, teller: &mut Teller) -> Result<(), Failure> {
        for (from, to) in [(self.a, self.b), (self.b, self.a)] {
            let card = hex::encode(from.shared.lock().card().bytes());
            ask::<PartyReport>(to, &Command::AddParty { card })?;
        }
        let with = vec![self.names[1].to_owned()];
        let _: StatusReport = table(self.a, TableCommand::Open { slug: SLUG.to_owned(), with })?;
        let agreed = self.moves(self.a, step("agree-ad-referendum", group(), ""), "head")?;
        let floated = self.moves(self.b, step("float", group(), "discussed"), "head")?;
        for (engine, level, words) in [
            (self.a, "agreed-ad-referendum", "we agreed to establish a working group"),
            (self.b, "floated", "we discussed forming a unit"),
        ] {
            let on = On::Subject(GROUP.to_owned());
            let line = Line { on, level: level.to_owned(), words: words.to_owned() };
            let meeting = "Hamburg, 7 July 2017".to_owned();
            let held = "2017-07-07".to_owned();
            self.moves(engine, Motion::Readout { meeting, held, lines: vec![line] }, "head")?;
        }
        let accounts: Vec<MeetingReport> =
            table(self.b, TableCommand::Meetings { accord: SLUG.to_owned() })?;
        let agreement = accounts.first().and_then(|meeting| meeting.topics.first());
        let agreement = agreement.map(|topic| topic.agreement.clone()).unwrap_or_default();
        expect(agreement == "contradicted", "two readouts that differ", &agreement)?;
        let lines = [agreed.summary, floated.summary, format!("{GROUP}: {agreement}")];
        teller.step(
            "7 July 2017: one side agrees, the other discusses; each files its readout",
            &lines,
        );
        Ok(())
    }

    fn reversal(&self, teller: &mut Teller) -> Result<(), Failure> {
        // Thirteen hours after it was floated.
        self.clock.forward(13 * HOUR - 3);
        let words = "that we discussed it doesn't mean that it can happen; it can't";
        self.moves(self.b, step("decline", group(), words), "minister")?;
        let post = Motion::Attach {
            speaker: self.names[1].to_owned(),
            on: On::Subject(GROUP.to_owned()),
            level: "floated".to_owned(),
            made: "2017-07-07T20:00:00Z".to_owned(),
            source: "a post of that day".to_owned(),
            document: Digest::plain(b"the post, word for word").to_string(),
            quote: "discussed forming an impenetrable cyber security unit".to_owned(),
        };
        self.moves(self.a, post, "head")?;
        let mut lines = Vec::new();
        for engine in [self.a, self.b] {
            let history: Vec<EventReport> =
                ask(engine, &Command::History { accord: SLUG.to_owned() })?;
            let event = history.iter().find(|event| event.effect == "reversal");
            let note = event.and_then(|event| event.note.clone()).unwrap_or_default();
            let shown = note.starts_with("from floated to withdrawn after 13 hours");
            expect(shown, "a reversal after 13 hours", &note)?;
            lines = vec![format!("REVERSAL of {}: {note}", self.names[1])];
        }
        let level = self.level(GROUP, self.names[0])?;
        expect(level.as_deref() == Some("agreed-ad-referendum"), "the other side stays", &level)?;
        lines.push(format!("{} still stands at: agreed ad referendum", self.names[0]));
        lines.push("the post is attached by its digest: shown, without effect".to_owned());
        teller.step("13 hours later: the step back is dated, on both nodes", &lines);
        Ok(())
    }

    fn ceasefire(&self, teller: &mut Teller) -> Result<(), Failure> {
        let bare = About::Subject {
            name: "ceasefire".to_owned(),
            domain: String::new(),
            territory: String::new(),
            target: String::new(),
            until: "2018-07-07".to_owned(),
        };
        let before = self.status(self.b)?.logs;
        let refused = self.moves(self.b, step("agree-ad-referendum", bare, ""), "minister");
        let Err(failure) = refused else {
            return expect(false, "a ceasefire without a scope is refused", ());
        };
        expect(self.status(self.b)?.logs == before, "nothing was entered", ())?;
        let lines = [failure.error.clone(), format!("try: {}", failure.remedy.unwrap_or_default())];
        teller.step("\"But a ceasefire can\": where, for whom, until when? It is refused", &lines);
        Ok(())
    }

    /// The text is put forward, bracketed, and agreed; gives the clean text's digest.
    fn negotiate(&self, teller: &mut Teller) -> Result<String, Failure> {
        self.clock.forward(30 * DAY);
        let side = |engine: &Engine| {
            let node = engine.shared.lock();
            Side { name: node.card().value().name.clone(), id: node.party() }
        };
        let sides = [side(self.a), side(self.b)];
        let text = fill("confidence-2013", SLUG, &sides, self.clock.now())?;
        let accord = detente_accord::Accord::parse(text.as_bytes())
            .map_err(|error| Failure::from(detente_node::NodeError::from(error)))?;
        let path = self.dir.join("accord.toml");
        std::fs::write(&path, &text).map_err(|error| Failure::io("writing", &path, &error))?;
        let exposed = exposure::report(&accord, self.clock.now())?;
        self.clock.forward(1);
        let _: ActReport = ask(self.a, &Command::Propose { text, role: None })?;
        let whole = || About::Text { text: None };
        self.moves(self.b, step("support", whole(), "as a whole"), "head")?;
        let (words, unit) = (Some("acknowledges it".to_owned()), "clause 2.5".to_owned());
        let bracket = |options: &[&str], note: &str| Motion::Bracket {
            unit: unit.clone(),
            words: words.clone(),
            options: options.iter().map(ToString::to_string).collect(),
            leave_out: false,
            note: note.to_owned(),
        };
        let offered = bracket(&["confirms its receipt"], "an acknowledgement admits nothing");
        self.moves(self.b, offered.clone(), "head")?;
        let words_of = |engine| -> Result<WordsReport, Failure> {
            let (accord, language) = (SLUG.to_owned(), None);
            table(engine, TableCommand::Words { accord, language })
        };
        let open = words_of(self.a)?;
        expect(open.open == 1, "one bracket is open", open.open)?;
        self.moves(self.a, offered, "head")?;
        let clean = words_of(self.b)?;
        expect(clean.open == 0, "no bracket is open", clean.open)?;
        let digest = clean.clean.unwrap_or_default();
        let lines = [
            format!("{} of {} cells could ever open", exposed.open, exposed.cells),
            format!("open brackets: 1, held by {}, in clause 2.5", self.names[1]),
            format!(
                "both hold the same words: the clean text is {}",
                digest.get(..8).unwrap_or("")
            ),
        ];
        let figures = json!({ "open": exposed.open, "cells": exposed.cells, "clean": digest });
        let title = "A month later: a text after that of 2013, all it could open, a bracket, clean";
        teller.data(title, &lines, figures);
        Ok(digest)
    }

    fn sign(&self, teller: &mut Teller, clean: &str) -> Result<(), Failure> {
        let signed = self.acts(self.a, ActWord::Sign, Some(clean))?;
        let text = || About::Text { text: Some(clean.to_owned()) };
        let initialled = self.moves(self.b, step("initial", text(), ""), "head")?;
        let ad_referendum = self.moves(self.b, step("sign-ad-referendum", text(), ""), "head")?;
        let waiting = self.status(self.a)?;
        expect(!waiting.in_force, "nothing binds before the capital confirms", &waiting.standing)?;
        self.clock.forward(9 * DAY);
        let confirmed = self.moves(self.b, reply("confirm", &ad_referendum.act, ""), "minister")?;
        let mut standings = Vec::new();
        for engine in [self.a, self.b] {
            let status = self.status(engine)?;
            expect(status.in_force, "in force on both nodes", &status.standing)?;
            standings.push(status.standing);
        }
        let mut lines = vec![signed.summary, initialled.summary, ad_referendum.summary];
        lines.push("9 days later:".to_owned());
        lines.push(confirmed.summary);
        lines.extend(standings.pop());
        teller.step("Initialled, signed ad referendum, confirmed by the capital", &lines);
        Ok(())
    }

    fn suspend(&self, teller: &mut Teller) -> Result<(), Failure> {
        self.clock.forward(20 * DAY);
        // The text wants seven days of notice.
        let from = self.clock.now().plus(Span::seconds(8 * DAY)).to_string();
        let suspension = |clause: &str| Motion::Suspend {
            clauses: vec![clause.to_owned()],
            toward: Toward::Out,
            parties: Vec::new(),
            from: Some(from.clone()),
            until: None,
            reason: "no receipt for nine releases".to_owned(),
            answers: None,
        };
        let hotline = self.moves(self.a, suspension("3.1"), "minister");
        let Err(refused) = hotline else {
            return expect(false, "the hotline can't be suspended", ());
        };
        let held = self.moves(self.a, suspension("2.1"), "minister")?;
        let before = self.cells(self.b, "2.1")?;
        expect(before == ["running", "running"], "the notice runs first", &before)?;
        self.clock.forward(9 * DAY);
        let mut shown = vec![refused.error, held.summary.clone()];
        let expected = |cells: &[String], want: [&str; 2]| cells.iter().eq(want.iter());
        for (motion, engine, role, want) in [
            (None, self.b, "", ["paused", "running"]),
            (
                Some(reply("contest", &held.act, "the accord knows no such ground")),
                self.b,
                "head",
                ["paused, contested", "running"],
            ),
            (
                Some(Motion::Resume { act: held.act.clone(), reason: "answered".to_owned() }),
                self.a,
                "minister",
                ["running", "running"],
            ),
        ] {
            if let Some(motion) = motion {
                shown.push(self.moves(engine, motion, role)?.summary);
            }
            for engine in [self.a, self.b] {
                let cells = self.cells(engine, "2.1")?;
                expect(expected(&cells, want), "clause 2.1 in both directions", &cells)?;
            }
            shown.push(format!("clause 2.1: {} | {}", want[0], want[1]));
        }
        teller.step("One clause, one direction: suspended, contested, resumed", &shown);
        Ok(())
    }

    fn leave(&self, teller: &mut Teller) -> Result<(), Failure> {
        self.clock.forward(10 * DAY);
        let given = self.acts(self.b, ActWord::Denounce, None)?;
        let running = self.status(self.a)?;
        expect(running.in_force && running.notice.is_some(), "the notice runs", &running.notice)?;
        // The notice is ninety days.
        self.clock.forward(91 * DAY);
        let mut lines = vec![given.summary];
        for engine in [self.a, self.b] {
            let ended = self.status(engine)?;
            expect(!ended.in_force, "the accord has ended", &ended.standing)?;
            lines.push(ended.standing);
        }
        lines.dedup();
        teller.step("Denounced with notice; in force until it has run", &lines);
        Ok(())
    }

    fn audit(&self, teller: &mut Teller) -> Result<bool, Failure> {
        let record = self.dir.join("record");
        let export = Command::Export { accord: SLUG.to_owned(), to: record.clone() };
        let _: Value = ask(self.a, &export)?;
        let report: VerifyReport = verify(&record)?;
        let histories = [self.a, self.b].map(|engine| -> Result<Vec<EventReport>, Failure> {
            ask(engine, &Command::History { accord: SLUG.to_owned() })
        });
        let [a, b] = histories;
        let (a, b) = (a?, b?);
        expect(a == b, "both nodes tell the same history", (a.len(), b.len()))?;
        let lines = [
            format!("{} acts, the same on both nodes", a.len()),
            (if report.sound { "SOUND" } else { "NOT SOUND" }).to_owned(),
        ];
        teller.step("An outsider replays all of it, offline", &lines);
        Ok(report.sound)
    }
}
