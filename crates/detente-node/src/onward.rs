//! What binds who received an object: by which clause it came, how long it may be kept, whether it
//! may go on, what it may be used for, and by when something is to be said of it.

use detente_accord::{Accord, Onward, Permit, Rule};
use detente_core::act::{Act, Body, ReleaseBody};
use detente_core::{AccordId, Digest, UnixSeconds};
use detente_gate::{Denial, Passing};
use detente_state::{Duty, ReleaseState, Source};

use crate::error::NodeError;
use crate::node::Node;
use crate::ports::ReceivedRow;
use crate::report::{OwedReport, TermsReport};

/// A permission under which something came, with its text.
struct Came<'a> {
    text: &'a Accord,
    rule: &'a Permit,
}

impl Node {
    fn release_body(&self, row: &ReceivedRow) -> Option<&ReleaseBody> {
        match self.book(row.accord).ok()?.act(row.from, row.release).map(Act::body) {
            Some(Body::Release(body)) => Some(body),
            _ => None,
        }
    }

    fn came(&self, accord: AccordId, text: Digest, clause: &str) -> Option<Came<'_>> {
        let text = &self.state(accord).ok()?.texts.get(&text)?.accord;
        match text.clause(clause)?.rule.as_ref()? {
            Rule::Permit(rule) => Some(Came { text, rule }),
            _ => None,
        }
    }

    /// The terms on which a received object is here.
    pub(crate) fn terms_of(&self, row: &ReceivedRow) -> Result<TermsReport, NodeError> {
        let body = self.release_body(row);
        let came = body.and_then(|body| self.came(row.accord, body.text, &row.clause));
        let entry = body.and_then(|body| body.manifest.get(row.place as usize));
        let stated = entry.and_then(|entry| entry.facts.handling.purpose);
        let purposes = match (stated, &came) {
            (Some(purpose), _) => vec![purpose.name().to_owned()],
            (None, Some(came)) => {
                came.rule.asks.purposes.iter().map(|p| p.name().to_owned()).collect()
            }
            (None, None) => Vec::new(),
        };
        Ok(TermsReport {
            onward: onward(came.as_ref().and_then(|came| came.rule.onward)).to_owned(),
            purposes,
            feedback: self.owed_for(row)?,
        })
    }

    /// The feedback that is owed for the release that brought an object, under its clause.
    fn owed_for(&self, row: &ReceivedRow) -> Result<Option<OwedReport>, NodeError> {
        let own = self.party();
        let told = self
            .state(row.accord)?
            .account_of(row.release, own)
            .and_then(|account| account.told.get(&row.address));
        if let Some(told) = told {
            let (upshot, at) = (told.upshot.name().to_owned(), told.time.to_string());
            return Ok(Some(OwedReport { due: None, told: Some((upshot, at)) }));
        }
        let owed = self.owed(row.accord, self.now())?;
        let is = |duty: &&Duty| {
            duty.source == Source::Feedback
                && duty.trigger == Some(row.release)
                && duty.clause.as_deref() == Some(row.clause.as_str())
        };
        let duty = owed.list.iter().find(is);
        Ok(duty.map(|duty| OwedReport { due: duty.due.map(|due| due.to_string()), told: None }))
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

/// What a clause says of passing on, as the report says it.
pub(crate) const fn onward(word: Option<Onward>) -> &'static str {
    match word {
        Some(word) => word.name(),
        None => "not said",
    }
}
