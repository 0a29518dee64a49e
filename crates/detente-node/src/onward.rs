//! What binds who received an object: by which clause it came, how long it may be kept, whether it
//! may go on, what it may be used for, and by when something is to be said of it.

use std::collections::BTreeMap;

use detente_accord::{Accord, Onward, Permit, Rule};
use detente_core::act::{Act, Body, ReleaseBody};
use detente_core::object::Object;
use detente_core::{AccordId, Digest, UnixSeconds};
use detente_gate::{Denial, Passing};
use detente_state::{Duties, Duty, ReleaseState, Source};

use crate::error::NodeError;
use crate::node::Node;
use crate::ports::ReceivedRow;
use crate::report::{OwedReport, TermsReport};

/// What is known already: terms by release and clause, and what is owed by accord.
#[derive(Default)]
pub(crate) struct KnownTerms {
    terms: BTreeMap<(Digest, String), TermsReport>,
    owed: BTreeMap<AccordId, Duties>,
}

/// A permission under which something came, with its text.
pub(crate) struct Came<'a> {
    text: &'a Accord,
    pub(crate) rule: &'a Permit,
}

impl Node {
    fn release_body(&self, row: &ReceivedRow) -> Option<&ReleaseBody> {
        match self.book(row.accord).ok()?.act(row.from, row.release).map(Act::body) {
            Some(Body::Release(body)) => Some(body),
            _ => None,
        }
    }

    /// What the clause that let an object go says of passing it on.
    pub(crate) fn onward_of(&self, row: &ReceivedRow) -> Result<Option<Onward>, NodeError> {
        let gone = || NodeError::damaged("a received object's release is not in the record");
        let body = self.release_body(row).ok_or_else(gone)?;
        Ok(self.came(row.accord, body.text, &row.clause).and_then(|came| came.rule.onward))
    }

    pub(crate) fn came(&self, accord: AccordId, text: Digest, clause: &str) -> Option<Came<'_>> {
        let text = &self.state(accord).ok()?.texts.get(&text)?.accord;
        match text.clause(clause)?.rule.as_ref()? {
            Rule::Permit(rule) => Some(Came { text, rule }),
            _ => None,
        }
    }

    /// The terms on which a received object is here. What is the same for all objects that came
    /// under one clause of one release is found once, and kept in `known`.
    pub(crate) fn terms_of(
        &self,
        row: &ReceivedRow,
        object: &Object,
        known: &mut KnownTerms,
    ) -> Result<TermsReport, NodeError> {
        let key = (row.release, row.clause.clone());
        if !known.terms.contains_key(&key) {
            let terms = self.terms_under(row, &mut known.owed)?;
            known.terms.insert(key.clone(), terms);
        }
        let mut terms = known.terms.get(&key).cloned().unwrap_or_default();
        if let Some(purpose) = object.handling.purpose {
            terms.purposes = vec![purpose.name().to_owned()];
        }
        let account = self.state(row.accord)?.account_of(row.release, self.party());
        if let Some(told) = account.and_then(|account| account.told.get(&row.address)) {
            let (upshot, at) = (told.upshot.name().to_owned(), told.time.to_string());
            terms.feedback = Some(OwedReport { due: None, told: Some((upshot, at)) });
        }
        Ok(terms)
    }

    /// What the clause says under which an object came.
    fn terms_under(
        &self,
        row: &ReceivedRow,
        owed: &mut BTreeMap<AccordId, Duties>,
    ) -> Result<TermsReport, NodeError> {
        let body = self.release_body(row);
        let came = body.and_then(|body| self.came(row.accord, body.text, &row.clause));
        let purposes = came.as_ref().map_or_else(Vec::new, |came| {
            came.rule.asks.purposes.iter().map(|purpose| purpose.name().to_owned()).collect()
        });
        let onward = came.as_ref().and_then(|came| came.rule.onward);
        // All duties of the accord are computed for it: once, and where feedback is asked for.
        let asked = came.as_ref().is_some_and(|came| came.rule.feedback.is_some());
        if asked && !owed.contains_key(&row.accord) {
            owed.insert(row.accord, self.owed(row.accord, self.now())?);
        }
        let owed = owed.get(&row.accord).map_or(&[][..], |duties| duties.list.as_slice());
        let is = |duty: &&Duty| {
            duty.source == Source::Feedback
                && duty.trigger == Some(row.release)
                && duty.clause.as_deref() == Some(row.clause.as_str())
        };
        let duty = owed.iter().find(is);
        Ok(TermsReport {
            onward: onward.map_or("not said", Onward::name).to_owned(),
            purposes,
            feedback: duty
                .map(|duty| OwedReport { due: duty.due.map(|due| due.to_string()), told: None }),
        })
    }

    /// Until when objects of a release may be kept under a clause, by the record alone.
    pub(crate) fn kept_until(
        &self,
        accord: AccordId,
        release: &ReleaseState,
        clause: &str,
    ) -> Option<UnixSeconds> {
        let act = self.book(accord).ok()?.act(release.author, release.act)?;
        let Body::Release(body) = act.body() else { return None };
        let Came { text, rule } = self.came(accord, body.text, clause)?;
        let deadline = rule.retention?;
        let start = match deadline.clock {
            detente_accord::ClockStart::Act => release.time,
            detente_accord::ClockStart::Effective => {
                self.state(accord).ok()?.bound_since(release.author, body.text)?
            }
            _ => release.receipt?.time,
        };
        Some(text.terms.calendar.due(start, &deadline))
    }

    /// Whether a received object may be passed on to others at all, by the clause under which it
    /// came; what it may leave under besides, the gate decides as of every object.
    pub(crate) fn passing(&self, row: &ReceivedRow) -> Result<(), Denial> {
        let state = self.state(row.accord).ok();
        if let Some(mark) = state.and_then(|state| state.mark(row.from, row.address)) {
            return Err(Denial::TakenBack { act: mark.act.short(), at: mark.time });
        }
        let body = self.release_body(row);
        let came = body.and_then(|body| self.came(row.accord, body.text, &row.clause));
        let passing = Passing {
            onward: came.and_then(|came| came.rule.onward),
            clause: row.clause.as_str().into(),
            accord: self.book(row.accord).map_or_else(|_| String::new(), |b| b.row.slug.clone()),
            from: self.name_of(row.from),
        };
        passing.decide()
    }
}
