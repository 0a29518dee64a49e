//! Accords: propose, sign, refuse, stop, resume, denounce; where they stand and how they came
//! there.

use detente_accord::{Accord, Rule};
use detente_core::act::{Body, MAX_REASON};
use detente_core::party::Role;
use detente_core::{AccordId, Digest, PartyId, UnixSeconds};
use detente_log::Checkpoint;
use detente_state::{Effect, Position, State};
use detente_table::AlertReport;

use crate::error::NodeError;
use crate::named::only;
use crate::node::Node;
use crate::ports::{AccordRow, LogKey};
use crate::report::{ClauseReport, EventReport, LogReport, StatusReport, TextReport};

impl Node {
    /// Puts a text forward. Opens the accord's book if it is new.
    ///
    /// # Errors
    /// [`NodeError::Accord`] with every fault of the text; [`NodeError::Denied`] if this party or a
    /// card is missing, or if the text has expired.
    pub fn propose(
        &mut self,
        text: &[u8],
        role: Option<Role>,
    ) -> Result<(AccordId, Digest), NodeError> {
        let accord = Accord::parse(text)?;
        expired(&accord, self.now())?;
        let own = self.party();
        if accord.party(own).is_none() {
            return Err(NodeError::denied(
                "not_a_party",
                format!("the text does not name this party ({own})"),
                "write this party's fingerprint as `root` of one [[party]]",
            ));
        }
        for party in accord.parties.iter().filter(|party| party.id != own) {
            if !self.contacts.contains_key(&party.id) {
                return Err(NodeError::denied(
                    "stranger",
                    format!("no card of party {} ({}) is here", party.handle, party.id.short()),
                    "add its card with `detente party add FILE`",
                ));
            }
        }
        let mut parties: Vec<PartyId> = accord.parties.iter().map(|party| party.id).collect();
        parties.sort_unstable();
        let row = AccordRow { id: accord.id(), slug: accord.slug, parties };
        let id = row.id;
        self.store.put_accord(&row)?;
        self.load(row)?;
        let act = self.perform(id, role, Body::Propose { text: text.to_vec(), base: None })?;
        Ok((id, act))
    }

    /// The text that `sign` and `refuse` mean when none is named: the only one that is open.
    fn open_text(&self, accord: AccordId, named: Option<&str>) -> Result<Digest, NodeError> {
        let state = self.state(accord)?;
        let own = self.party();
        if let Some(name) = named {
            let found = only(state.texts.keys().copied(), |digest| *digest, name);
            let unknown = || NodeError::unknown("text", name, "see `detente accord status`");
            return found.ok_or_else(unknown);
        }
        let open: Vec<Digest> = state
            .texts
            .iter()
            .filter(|(_, text)| {
                let position = text.positions.get(&own);
                matches!(position, None | Some(Position::Proposed { .. }))
            })
            .map(|(digest, _)| *digest)
            .collect();
        match open.as_slice() {
            [one] => Ok(*one),
            [] => Err(NodeError::unknown(
                "open text",
                &self.book(accord)?.row.slug,
                "nothing waits for a signature: see `detente accord status`",
            )),
            _ => Err(NodeError::denied(
                "several_texts",
                format!("{} texts are open", open.len()),
                "name one by its digest: --text DIGEST",
            )),
        }
    }

    /// Binds this party to a text, if all others sign the same.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn sign_text(
        &mut self,
        accord: AccordId,
        text: Option<&str>,
        role: Option<Role>,
    ) -> Result<Digest, NodeError> {
        let text = self.open_text(accord, text)?;
        let position = self
            .state(accord)?
            .texts
            .get(&text)
            .and_then(|t| t.positions.get(&self.party()).cloned());
        if let Some(Position::Signed { since }) = position {
            return Err(NodeError::denied(
                "already_signed",
                format!("this party signed text {} at {since}", text.short()),
                "nothing is left to do on this side",
            ));
        }
        if let Some(proposed) = self.state(accord)?.texts.get(&text) {
            expired(&proposed.accord, self.act_time(accord)?)?;
        }
        self.perform(accord, role, Body::Sign { text })
    }

    /// Declines a text.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn refuse_text(
        &mut self,
        accord: AccordId,
        text: Option<&str>,
        reason: &str,
        role: Option<Role>,
    ) -> Result<Digest, NodeError> {
        let text = self.open_text(accord, text)?;
        if self.state(accord)?.in_force.is_some_and(|force| force.text == text) {
            return Err(NodeError::denied(
                "in_force",
                "the text is in force",
                "leave it with `detente accord denounce`",
            ));
        }
        self.perform(accord, role, Body::Refuse { text, reason: bounded(reason)? })
    }

    /// Stops everything that leaves, at once.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn stop(
        &mut self,
        accord: AccordId,
        reason: &str,
        role: Option<Role>,
    ) -> Result<Digest, NodeError> {
        // Not `in_force`: a stop must hold though this clock is slower than that of the last party
        // to sign, and does no harm once the accord has ended.
        let state = self.state(accord)?;
        let applies = state.provisional.iter().any(|own| own.party == self.party());
        if state.in_force.is_none() && !applies {
            return Err(NodeError::denied(
                "not_in_force",
                "the accord is not in force: no text is signed by all parties",
                "see `detente accord status`",
            ));
        }
        self.perform(accord, role, Body::Stop { reason: bounded(reason)? })
    }

    /// Lifts the own stop.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn resume(
        &mut self,
        accord: AccordId,
        reason: &str,
        role: Option<Role>,
    ) -> Result<Digest, NodeError> {
        if !self.state(accord)?.stops.contains_key(&self.party()) {
            return Err(NodeError::denied(
                "no_stop",
                "this party has called no stop",
                "only the party that stopped can resume",
            ));
        }
        self.perform(accord, role, Body::Resume { reason: bounded(reason)?, act: None })
    }

    /// Gives notice of leaving, effective when the accord's notice has run.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn denounce(
        &mut self,
        accord: AccordId,
        reason: &str,
        role: Option<Role>,
    ) -> Result<Digest, NodeError> {
        let text = self.in_force(accord)?;
        let (digest, notice) = (text.digest, text.exit.notice.within);
        let effective = self.act_time(accord)?.plus(notice);
        let reason = bounded(reason)?;
        self.perform(accord, role, Body::Denounce { text: digest, reason, effective })
    }

    /// The text in force for the next act.
    pub(crate) fn in_force(&self, accord: AccordId) -> Result<&Accord, NodeError> {
        let now = self.act_time(accord)?;
        self.state(accord)?.in_force_at(now).map_err(|error| {
            NodeError::denied(
                "not_in_force",
                format!("the accord is not in force: {error}"),
                "see `detente accord status`",
            )
        })
    }

    /// The text that governs the next act between this party and others: the one in force, or one
    /// that is applied provisionally.
    pub(crate) fn governing(&self, accord: AccordId) -> Result<&Accord, NodeError> {
        self.governs(accord, None)
    }

    /// The same between this party and one other: what a third party applies does not matter.
    pub(crate) fn governing_with(
        &self,
        accord: AccordId,
        peer: PartyId,
    ) -> Result<&Accord, NodeError> {
        self.governs(accord, Some(peer))
    }

    fn governs(&self, accord: AccordId, peer: Option<PartyId>) -> Result<&Accord, NodeError> {
        let (own, now) = (self.party(), self.act_time(accord)?);
        self.state(accord)?.governing((own, peer), None, now).map_err(|error| {
            NodeError::denied(
                "not_in_force",
                format!("the accord is not in force: {error}"),
                "see `detente accord status`",
            )
        })
    }

    /// Every accord, by slug.
    pub fn accords(&self) -> Vec<(AccordId, String)> {
        let mut all: Vec<(AccordId, String)> =
            self.books().map(|book| (book.row.id, book.row.slug.clone())).collect();
        all.sort_by(|a, b| a.1.cmp(&b.1));
        all
    }

    /// The other parties of an accord.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn other_parties(&self, accord: AccordId) -> Result<Vec<PartyId>, NodeError> {
        Ok(self.book(accord)?.others(self.party()))
    }

    /// The bytes of the text in force, or of a text by digest.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn text(&self, accord: AccordId, named: Option<&str>) -> Result<Vec<u8>, NodeError> {
        let state = self.state(accord)?;
        let applied = || state.governing((self.party(), None), None, self.now()).ok();
        let digest = match (named, state.in_force) {
            (None, Some(force)) => force.text,
            (None, None) if applied().is_some() => {
                applied().map_or(Digest::new([0; 32]), |text| text.digest)
            }
            (Some(_), _) | (None, None) => self.open_text(accord, named)?,
        };
        state
            .texts
            .get(&digest)
            .map(|text| text.bytes.clone())
            .ok_or_else(|| NodeError::unknown("text", &digest.to_string(), "see status"))
    }

    /// What binds whom, now, and why.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn status(&self, accord: AccordId) -> Result<StatusReport, NodeError> {
        let book = self.book(accord)?;
        let state = &book.state;
        let now = self.now();
        let standing = state.in_force_at(now);
        let text = state.in_force.map(|force| force.text);
        let governing = text.and_then(|digest| state.texts.get(&digest)).map(|text| &text.accord);
        let newest = || state.texts.values().max_by_key(|text| text.proposed).map(|t| &t.accord);
        let owed = self.owed(accord, now)?;
        let names = |party: PartyId| self.name_of(party);
        Ok(StatusReport {
            next_due: detente_table::duties::next_due(&owed, &names, self.party()),
            troubled: detente_table::duties::troubled(&owed) as u64,
            accord: book.row.slug.clone(),
            id: book.row.id.to_string(),
            in_force: standing.is_ok(),
            standing: match &standing {
                Ok(_) => {
                    let since = state.in_force.map_or(now, |force| force.since);
                    format!("in force since {since}")
                }
                Err(error) => match state.governing((self.party(), None), None, now) {
                    Ok(text) => format!(
                        "not in force: {error}; clauses of text {} are applied provisionally, see \
                         `detente accord matrix`",
                        text.digest.short()
                    ),
                    Err(_) => format!("not in force: {error}"),
                },
            },
            text: text.map(|digest| digest.to_string()),
            title: governing.or_else(newest).map(|accord| accord.title.clone()),
            expires: governing.map(|accord| accord.expires.to_string()),
            stopped: state.stopped_at(now).map(|(party, stop)| {
                let who = self.name_of(party);
                format!("by {who} since {}, lapses {}: {}", stop.since, stop.lapses, stop.reason)
            }),
            notice: state.notice.as_ref().map(|notice| {
                let who = self.name_of(notice.party);
                format!("by {who} at {}, effective {}", notice.given, notice.effective)
            }),
            texts: self.text_reports(state),
            consents: {
                let mut all = self.consents(accord)?;
                all.retain(|one| matches!(one.standing.as_str(), "open" | "given"));
                all
            },
            clauses: governing.map_or_else(Vec::new, |text| self.clause_reports(state, text, now)),
            logs: self.log_reports(accord)?,
            waiting: state.waiting,
            retractions: self.open_retractions(accord)?,
            alerts: self.alerts(accord, false)?.iter().map(AlertReport::words).collect(),
            asked: Vec::new(),
        })
    }

    fn text_reports(&self, state: &State) -> Vec<TextReport> {
        let mut texts: Vec<_> = state.texts.iter().collect();
        texts.sort_by_key(|(_, text)| text.proposed);
        texts
            .into_iter()
            .map(|(digest, text)| TextReport {
                digest: digest.to_string(),
                title: text.accord.title.clone(),
                proposer: self.name_of(text.proposer),
                proposed: text.proposed.to_string(),
                positions: text
                    .accord
                    .parties
                    .iter()
                    .map(|party| {
                        let words = match text.positions.get(&party.id) {
                            None => "has not answered".to_owned(),
                            Some(Position::Refused { since, reason }) => {
                                format!("refused at {since}: {reason}")
                            }
                            Some(position) => {
                                format!("{} at {}", position.name(), position.since())
                            }
                        };
                        (self.name_of(party.id), words)
                    })
                    .collect(),
            })
            .collect()
    }

    fn clause_reports(&self, state: &State, text: &Accord, now: UnixSeconds) -> Vec<ClauseReport> {
        let used = |id: &str, rule: &Rule| -> Vec<(String, String)> {
            let parties = text.parties.iter();
            match rule {
                Rule::Match(rule) => parties
                    .filter(|party| rule.between.contains(&party.handle))
                    .map(|party| {
                        let (runs, items) = state.used(party.id, id, rule, now);
                        let budget = &rule.budget;
                        let words = format!(
                            "{runs} of {} runs, {items} of {} items in {}",
                            budget.runs, budget.items, budget.per
                        );
                        (self.name_of(party.id), words)
                    })
                    .collect(),
                Rule::Permit(rule) => parties
                    .filter(|party| rule.from.is(&party.handle))
                    .filter_map(|party| {
                        let cap = rule.cap.as_ref()?;
                        let left = state.released(party.id, id, cap.per, now);
                        let words =
                            format!("{} of {} objects in {}", left.count, cap.count, cap.per);
                        Some((self.name_of(party.id), words))
                    })
                    .collect(),
                Rule::Forbid(_) | Rule::Oblige(_) => Vec::new(),
            }
        };
        text.clauses
            .iter()
            .map(|clause| ClauseReport {
                id: clause.id.clone(),
                rule: clause.rule.as_ref().map_or("prose", Rule::name).to_owned(),
                prose: clause.prose.first().map(|(_, prose)| prose.clone()).unwrap_or_default(),
                used: clause.rule.as_ref().map_or_else(Vec::new, |rule| used(&clause.id, rule)),
            })
            .collect()
    }

    fn log_reports(&self, accord: AccordId) -> Result<Vec<LogReport>, NodeError> {
        let book = self.book(accord)?;
        let mut logs = Vec::new();
        for party in &book.row.parties {
            let key = LogKey { accord, party: *party };
            let row = self.store.log(key)?;
            let mut cosigned_by = Vec::new();
            if let Some(note) = &row.checkpoint
                && let Ok(checkpoint) = Checkpoint::parse(note)
                && *party == self.party()
            {
                let checkpoint =
                    checkpoint.verify(&self.trusted_log(key)?).map_err(NodeError::damaged)?;
                for other in book.others(self.party()) {
                    let cosigner = self.cosigner_key(other)?;
                    if checkpoint.cosignatures(&[cosigner]).is_ok_and(|found| !found.is_empty()) {
                        cosigned_by.push(self.name_of(other));
                    }
                }
            } else if row.checkpoint.is_some() {
                cosigned_by.push(self.name_of(self.party()));
            }
            logs.push(LogReport {
                party: self.name_of(*party),
                entries: row.edge.size().get(),
                root: row.edge.root().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect(),
                cosigned_by,
            });
        }
        Ok(logs)
    }

    /// Every act in the order of the fold.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn history(&self, accord: AccordId) -> Result<Vec<EventReport>, NodeError> {
        let state = self.state(accord)?;
        Ok(state
            .history
            .iter()
            .map(|event| {
                let (effect, note) = match &event.effect {
                    Effect::InEffect => ("in effect", None),
                    Effect::Reversal(reversal) => ("reversal", Some(reversal.to_string())),
                    Effect::Unconfirmed { reason } => ("unconfirmed", Some(reason.clone())),
                    Effect::Void { reason } => ("void", Some(reason.clone())),
                };
                EventReport {
                    time: event.time.to_string(),
                    party: self.name_of(event.author),
                    role: event.role.map(|role| role.name().to_owned()),
                    kind: event.kind.name().to_owned(),
                    summary: event.summary.clone(),
                    effect: effect.to_owned(),
                    note,
                    sequence: event.sequence,
                    act: event.act.to_string(),
                    superseded_by: state.superseded.get(&event.act).map(Digest::to_string),
                }
            })
            .collect())
    }

    /// The summary of an act, for the report on it.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn summary(&self, accord: AccordId, act: Digest) -> Result<String, NodeError> {
        let event = self.state(accord)?.history.iter().find(|event| event.act == act).cloned();
        Ok(event.map_or_else(String::new, |event| match event.effect {
            Effect::InEffect => event.summary,
            Effect::Reversal(reversal) => {
                format!("{} (a reversal, {reversal})", event.summary)
            }
            Effect::Unconfirmed { reason } | Effect::Void { reason } => {
                format!("{} (without effect: {reason})", event.summary)
            }
        }))
    }
}

/// A text that has expired binds nobody: the fold counts no signature under it.
fn expired(text: &Accord, now: UnixSeconds) -> Result<(), NodeError> {
    if text.expires > now {
        return Ok(());
    }
    Err(NodeError::denied(
        "expired",
        format!("the text expired at {}, and it is {now}", text.expires),
        "write a later `expires` into the text and propose that",
    ))
}

/// A reason as an act can carry it.
fn bounded(reason: &str) -> Result<String, NodeError> {
    if reason.len() <= MAX_REASON {
        return Ok(reason.to_owned());
    }
    Err(NodeError::denied(
        "reason_too_long",
        format!("the reason has {} bytes, an act carries at most {MAX_REASON}", reason.len()),
        "say it in fewer words",
    ))
}
