//! Matching: terms and commitments into the record, and what a run amounts to. The run itself is in
//! `run.rs`. Neither side's items are touched before both commitments stand in both logs.

use detente_accord::{MatchRule, Pad};
use detente_core::act::{Blame, Body, Close, Learn, MAX_REASON, Mode, Outcome};
use detente_core::party::Role;
use detente_core::{AccordId, Digest, RunId};
use detente_intel::Observable;
use detente_match::{Engine, Item, Padding, Params, Seed, Session};
use detente_state::Run;

use crate::error::NodeError;
use crate::node::Node;
use crate::ports::{LinkError, RunRow};
use crate::report::MatchReport;

mod contexts;
mod explain;
mod list;
mod lost;
mod open;
mod run;

pub(crate) use list::commit;

pub(crate) use run::TakenRuns;
pub(crate) use run::misbehaved;
pub use run::{
    OnProgress, RESUME_SECONDS, Relink, match_peer, pull, respond_match, resume_match, run_match,
};

/// How far an offer's date may be from now when it is taken up, in seconds: a budget counts runs by
/// their dates.
pub(crate) const OFFER_SECONDS_MAX: u64 = 900;

impl Node {
    fn known_run(&self, accord: AccordId, run: RunId) -> Result<&Run, NodeError> {
        self.state(accord)?
            .runs
            .get(&run)
            .ok_or_else(|| NodeError::unknown("run in effect", &run.short(), "see the history"))
    }

    /// The engine and its terms, as both logs hold them, and the secret of this end.
    fn terms(&mut self, row: &RunRow) -> Result<(Engine, Params, Seed), NodeError> {
        let seed = Seed::new(self.random()?);
        let run = self.known_run(row.accord, row.run)?;
        let (by, _, answer) = run.answer.as_ref().ok_or_else(|| self.unanswered(row))?;
        let responder = if row.initiator { row.peer } else { self.party() };
        if *by != responder {
            return Err(NodeError::damaged("another party answered the run"));
        }
        let mut answer_bytes = Vec::new();
        for part in [answer.offer.as_bytes(), answer.commitment.as_bytes()] {
            answer_bytes.extend(part);
        }
        let (size, commitment) = (run.offer.size, run.offer.commitment);
        // Binds the run to both commitments, sizes and all terms: the offer's leaf states the rest.
        let context = Digest::of(
            "detente/match-context/1",
            &[
                row.run.as_bytes(),
                run.act.as_bytes(),
                commitment.as_bytes(),
                &answer_bytes,
                &answer.size.to_be_bytes(),
            ],
        );
        let room = match run.offer.mode {
            Mode::Payload => u32::try_from(self.room(row.accord, row.run)?).unwrap_or(u32::MAX),
            Mode::Which | Mode::Count | Mode::Lookup => 0,
        };
        let (own_len, peer_len) =
            if row.initiator { (size, answer.size) } else { (answer.size, size) };
        let params = Params {
            role: if row.initiator {
                detente_match::Role::Initiator
            } else {
                detente_match::Role::Responder
            },
            mode: match run.offer.mode {
                Mode::Which => detente_match::Mode::Which,
                Mode::Count => detente_match::Mode::CountOnly,
                Mode::Lookup => return Err(NodeError::damaged("a query is no run of a matcher")),
                Mode::Payload => detente_match::Mode::Payload { bytes: room },
            },
            learn: match run.offer.learn {
                Learn::Both => detente_match::Learn::Both,
                Learn::Initiator => detente_match::Learn::Initiator,
            },
            context: *context.as_bytes(),
            own_len,
            peer_len,
        };
        let engine = Engine::from_name(&run.offer.engine)
            .ok_or_else(|| NodeError::damaged("the run's engine is none of ours"))?;
        Ok((engine, params, seed))
    }

    /// Why a run has no answer though the other side has said that it takes it up.
    fn unanswered(&self, row: &RunRow) -> NodeError {
        let waits = self.book(row.accord).is_ok_and(|book| {
            let folded = book.state.parties.get(&row.peer).map_or(0, |state| state.folded);
            (book.logs.of(row.peer).len() as u64) > folded
        });
        if waits {
            return NodeError::denied(
                "match_waits",
                "the other side has seen acts of a third party that are not here yet",
                "let that party connect, and offer a new run",
            );
        }
        // Its log does not say so, or not in a way that the accord allows.
        misbehaved("match_unanswered", "its answer has no effect".to_owned())
    }

    /// Records the outcome of a run and keeps what is common.
    fn close(
        &mut self,
        row: &RunRow,
        matched: &[Observable],
        outcome: &detente_match::Outcome,
    ) -> Result<(), NodeError> {
        let row = RunRow { common: outcome.count, ..row.clone() };
        self.store.put_run(&row, matched)?;
        let close = Close {
            run: row.run,
            outcome: Outcome::Done {
                count: outcome.count,
                transcript: Digest::new(outcome.transcript),
            },
        };
        self.perform(row.accord, Some(Role::Analyst), Body::CloseMatch(close))?;
        Ok(())
    }

    /// Records an abort.
    pub(crate) fn abort(
        &mut self,
        accord: AccordId,
        run: RunId,
        error: &NodeError,
    ) -> Result<(), NodeError> {
        let blame = match error {
            NodeError::Link(LinkError::Misbehaved(_)) | NodeError::Misbehaved { .. } => Blame::Peer,
            NodeError::Link(_) => Blame::Line,
            NodeError::PeerRefused(_) => Blame::Peer,
            _ => Blame::Own,
        };
        // What this side found out about itself stays here; the code alone goes on record.
        let mut reason = match blame {
            Blame::Own => error.code().to_owned(),
            _ => crate::mirror::chain(error),
        };
        let left = self.may_have_left(accord, run).unwrap_or_default();
        reason.truncate(reason.floor_char_boundary(MAX_REASON - left.len().min(MAX_REASON)));
        reason.push_str(&left);
        let close = Close { run, outcome: Outcome::Aborted { blame, reason } };
        self.perform(accord, Some(Role::Analyst), Body::CloseMatch(close))?;
        Ok(())
    }

    /// How a run went, for this side.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn match_report(&self, accord: AccordId, run: RunId) -> Result<MatchReport, NodeError> {
        let known = self.known_run(accord, run)?;
        let row = self
            .store
            .run(run)?
            .ok_or_else(|| NodeError::unknown("run of this home", &run.short(), "see history"))?;
        let answered = known.answer.as_ref().map_or(0, |(_, _, answer)| answer.size);
        let (own_size, peer_size) =
            if row.initiator { (known.offer.size, answered) } else { (answered, known.offer.size) };
        let transcript = match known.closes.get(&self.party()) {
            Some((_, Close { outcome: Outcome::Done { transcript, .. }, .. })) => {
                transcript.to_string()
            }
            _ => String::new(),
        };
        let matched = self.store.matched(run)?;
        Ok(MatchReport {
            run: run.to_string(),
            accord: self.book(accord)?.row.slug.clone(),
            clause: row.clause.clone(),
            mode: known.offer.mode.name().to_owned(),
            peer: self.name_of(row.peer),
            initiator: row.initiator,
            own_items: row.items,
            own_size,
            peer_size,
            common: row.common,
            items: matched
                .iter()
                .map(|item| (item.kind().name().to_owned(), item.value().to_owned()))
                .collect(),
            transcript,
            agreed: known.agreed().is_some(),
            learnt: self.learnt(known, &row, own_size)?,
            contexts: None,
        })
    }

    /// What the other side has learnt of this side, in plain words.
    fn learnt(&self, run: &Run, row: &RunRow, own_size: u32) -> Result<Vec<String>, NodeError> {
        let peer = self.name_of(row.peer);
        let learns = run.offer.learn == Learn::Both || !row.initiator;
        let mut words = vec![if own_size == row.items {
            format!("{peer} learnt that you entered {own_size} indicators")
        } else {
            format!("{peer} learnt that you entered at most {own_size} indicators, not how many")
        }];
        words.push(match (learns, run.offer.mode) {
            (false, _) => format!("{peer} learnt nothing of what is common"),
            (true, Mode::Lookup) => format!("{peer} learnt which of what it asked you list"),
            (true, Mode::Which | Mode::Payload) => {
                format!("{peer} learnt which of its own indicators you hold too")
            }
            (true, Mode::Count) => format!(
                "{peer} learnt how many indicators are common; a program that breaks the protocol \
                 could learn which of its own"
            ),
        });
        let text = self.governing(row.accord).ok();
        let kinds = text.and_then(|text| match &text.clause(&row.clause)?.rule {
            Some(detente_accord::Rule::Match(rule)) => Some(rule.kinds.clone()),
            _ => None,
        });
        words.extend(explain::guesses(&peer, &kinds.unwrap_or_default()));
        Ok(words)
    }
}

/// The engine's end of a run over items in their normal form, which stream in and are not kept: the
/// engine has 36 bytes for each place of the padded list, and in the fallback a copy of each item
/// until it is blinded.
pub(crate) fn begin(
    engine: &Engine,
    params: Params,
    keys: impl Iterator<Item = Result<Vec<u8>, NodeError>>,
    seed: Seed,
) -> Result<Session, NodeError> {
    let mut refused = None;
    // An iterator can't fail, and an item that was left out would be a match lost in silence.
    let items = keys.map_while(|key| {
        let item = key.and_then(|key| Item::new(key).map_err(NodeError::damaged));
        item.map_err(|error| refused = Some(error)).ok()
    });
    let session = Session::new(engine, params, items, seed);
    match refused {
        Some(error) => Err(error),
        None => session.map_err(NodeError::damaged),
    }
}

/// A clause's padding as the engine knows it.
pub(crate) const fn padding(pad: Pad) -> Padding {
    match pad {
        Pad::Multiple(of) => Padding::Multiple(of),
        Pad::None => Padding::None,
        Pad::PowerOfTwo => Padding::PowerOfTwo,
    }
}

/// The engine that a clause asks for in a mode, in the version of this program.
pub(crate) fn own_engine(rule: &MatchRule, mode: Mode) -> Result<Engine, NodeError> {
    let wanted = rule.engine(mode);
    Engine::ALL
        .into_iter()
        .find(|engine| wanted.is_named_by(engine.name()))
        .ok_or_else(|| NodeError::damaged(format!("this program has no engine {wanted}")))
}

pub(crate) fn refused(error: &detente_state::MatchRefusal) -> NodeError {
    let words = crate::mirror::chain(error);
    NodeError::denied(error.code(), words, "see `detente accord status` for what is left")
}

#[cfg(test)]
mod tests;
