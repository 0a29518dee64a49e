//! Each act in one line of words, for the history.

use detente_core::act::{
    Act, Answering, Body, ConsentScope, Matter, Reply, Retraction, RetractionAnswer, Stance, Step,
    Suspension, Unilateral,
};
use detente_core::{Digest, PartyId};

use super::State;

/// Most clauses that a line names one by one.
const NAMED: usize = 8;

impl State {
    pub(super) fn summary(&self, act: &Act) -> String {
        match act.body() {
            Body::Propose { text, base } => {
                let from = base.map_or_else(String::new, |base| format!(", from {}", base.short()));
                format!("proposes text {}{from}", Digest::plain(text).short())
            }
            Body::Sign { text } => format!("signs text {}", text.short()),
            Body::Refuse { text, reason } => format!("refuses text {}: {reason}", text.short()),
            Body::Denounce { text, effective, reason } => {
                format!("denounces text {}, effective {effective}: {reason}", text.short())
            }
            Body::Stop { reason } => format!("stops all that leaves: {reason}"),
            Body::Resume { reason, act: None } => format!("lifts its stop: {reason}"),
            Body::Resume { reason, act: Some(act) } => {
                format!("ends its suspension {}: {reason}", act.short())
            }
            Body::Stance(step, stance) => step_words(*step, stance),
            Body::Reply(answering, reply) => reply_words(*answering, reply),
            Body::Correct { text, corrected, reason } => format!(
                "corrects text {} to {}: {reason}",
                text.short(),
                Digest::plain(corrected).short()
            ),
            Body::Reserve(own) => aside_words("makes a reservation to", own),
            Body::Declare(own) => aside_words("declares how it reads", own),
            Body::Suspend(own) => self.held_words("suspends", own),
            Body::Countermeasure(own) => self.held_words("takes a countermeasure on", own),
            Body::Bracket(changes) => {
                let units: Vec<String> =
                    changes.iter().map(|change| change.unit.clone()).take(NAMED).collect();
                let more = changes.len().saturating_sub(NAMED);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("puts brackets into {}{more}", units.join(", "))
            }
            Body::Attach(own) => format!(
                "attaches a statement of {} on {} ({}, {}): {}",
                self.name_of(own.speaker),
                own.topic,
                own.claimed,
                own.source,
                own.quote
            ),
            Body::Readout(own) => {
                format!("files its account of {} ({} topics)", own.meeting, own.lines.len())
            }
            Body::RetractRelease(own) => retraction_words(own),
            Body::AnswerRetraction(own) => answer_words(own),
            Body::AcknowledgeAlert(own) => {
                let s = if own.alerts.len() == 1 { "" } else { "s" };
                format!("has seen {} alert{s}", own.alerts.len())
            }
            body => self.consent_words(body).unwrap_or_else(|| matching_words(body)),
        }
    }

    /// An act of consent in words; none for another one.
    fn consent_words(&self, body: &Body) -> Option<String> {
        Some(match body {
            Body::AskConsent(ask) => {
                format!(
                    "asks {} whether {}: {}",
                    self.name_of(ask.originator),
                    self.passes(&ask.scope),
                    ask.reason
                )
            }
            Body::Consent(consent) => {
                let note = if consent.note.is_empty() {
                    String::new()
                } else {
                    format!(": {}", consent.note)
                };
                format!("consents that {}{note}", self.passes(&consent.scope))
            }
            Body::RefuseConsent(refusal) => {
                format!("refuses the consent that {} asks: {}", refusal.ask.short(), refusal.reason)
            }
            Body::PresentConsent(shown) => format!(
                "shows consent {} of {} ({}), which stands in another record, that {}",
                shown.digest().short(),
                shown.name(),
                shown.originator().short(),
                self.passes(&shown.consent().scope)
            ),
            _ => return None,
        })
    }

    /// What a consent is about, in words.
    fn passes(&self, scope: &ConsentScope) -> String {
        let place = if scope.accord == self.accord {
            String::new()
        } else {
            format!(" of accord {}", scope.accord.short())
        };
        let purpose = scope.purpose.map_or_else(String::new, |purpose| format!(" for {purpose}"));
        format!(
            "{} passes {} objects on to {} under clause {}{place}{purpose} until {}",
            self.name_of(scope.holder),
            scope.objects.len(),
            self.name_of(scope.receiver),
            scope.clause,
            scope.expires
        )
    }

    fn held_words(&self, verb: &str, own: &Suspension) -> String {
        let name = |party: PartyId| self.name_of(party);
        let ways: Vec<String> = own
            .ways
            .iter()
            .take(NAMED)
            .map(|way| format!("{} to {}", name(way.from), name(way.to)))
            .collect();
        let answers =
            own.answers.map_or_else(String::new, |act| format!(" in answer to {}", act.short()));
        let until = own.expires.map_or_else(String::new, |end| format!(" until {end}"));
        format!(
            "{verb} {} ({}){until}{answers}: {}",
            clauses_words(&own.clauses),
            ways.join(", "),
            own.reason
        )
    }
}

fn matching_words(body: &Body) -> String {
    match body {
        Body::OfferMatch(offer) => format!(
            "offers matching run {} under clause {}: {} items, mode {}",
            offer.run.short(),
            offer.clause,
            offer.size,
            offer.mode
        ),
        Body::AnswerMatch(answer) => {
            format!("takes up run {}: {} items", answer.run.short(), answer.size)
        }
        Body::CloseMatch(close) => super::matching::close_summary(close),
        Body::Release(release) => format!(
            "releases {} objects under clause {}",
            release.manifest.len(),
            super::release::clauses(release)
        ),
        Body::Receipt { release, .. } => format!("acknowledges release {}", release.short()),
        Body::PublishFilter(filter) => format!(
            "publishes a filter of {} values under clause {}, key {}",
            filter.items, filter.clause, filter.epoch
        ),
        Body::Feedback(own) => {
            let release = own.release.short();
            format!("says what came of {} objects of release {release}", own.lines.len())
        }
        Body::Erase(own) => {
            let release = own.release.short();
            format!("no longer keeps {} objects of release {release}", own.objects.len())
        }
        other => other.kind().name().to_owned(),
    }
}

fn retraction_words(own: &Retraction) -> String {
    let what = match own.objects.len() {
        0 => format!("release {}", own.release.short()),
        1 => format!("1 object of release {}", own.release.short()),
        more => format!("{more} objects of release {}", own.release.short()),
    };
    let words = if own.words.is_empty() { String::new() } else { format!(": {}", own.words) };
    let marks = own.tlp.map(|tlp| tlp.to_string()).into_iter();
    let marks: Vec<String> = marks.chain(own.pap.map(|pap| pap.to_string())).collect();
    if marks.is_empty() {
        return format!("takes back {what} ({}){words}", own.reason.name());
    }
    format!("narrows {what} to {}{words}", marks.join(", "))
}

fn answer_words(own: &RetractionAnswer) -> String {
    let words = if own.words.is_empty() { String::new() } else { format!(": {}", own.words) };
    let passed = match own.passed.len() {
        0 => String::new(),
        count => format!(", passed on to {count}"),
    };
    format!("answers retraction {}: {}{passed}{words}", own.retraction.short(), own.done.name())
}

fn clauses_words(clauses: &[String]) -> String {
    let named: Vec<&str> = clauses.iter().map(String::as_str).take(NAMED).collect();
    let more = clauses.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let noun = if clauses.len() == 1 { "clause" } else { "clauses" };
    format!("{noun} {}{more}", named.join(", "))
}

fn matter_words(matter: &Matter) -> String {
    match matter {
        Matter::Clauses { text, clauses } => {
            format!("{} of text {}", clauses_words(clauses), text.short())
        }
        Matter::Subject(subject) => format!(
            "{:?} ({}; {}; {}; until {})",
            subject.name, subject.domain, subject.territory, subject.target, subject.until
        ),
        Matter::Text { text } => format!("text {}", text.short()),
    }
}

fn step_words(step: Step, stance: &Stance) -> String {
    let verb = match step {
        Step::Float => "floats",
        Step::Support => "supports in principle",
        Step::ReservePosition => "reserves its position on",
        Step::AgreeAdReferendum => "agrees ad referendum to",
        Step::Initial => "initials",
        Step::SignAdReferendum => "signs ad referendum",
        Step::Ratify => "ratifies",
        Step::Accede => "accedes to",
        Step::AdoptProvisionally => "applies provisionally",
        Step::Decline => "declines",
    };
    let mut words = format!("{verb} {}", matter_words(&stance.matter));
    if let Some(effective) = stance.effective {
        words.push_str(&format!(" from {effective}"));
    }
    if let Some(expires) = stance.expires {
        words.push_str(&format!(" until {expires}"));
    }
    if !stance.note.is_empty() {
        words.push_str(&format!(": {}", stance.note));
    }
    words
}

fn reply_words(answering: Answering, reply: &Reply) -> String {
    let verb = match answering {
        Answering::Confirm => "confirms its act",
        Answering::Retract => "retracts its act",
        Answering::Contest => "contests the suspension",
        Answering::RevokeNotice => "revokes its notice",
        Answering::Object => "objects to the reservation",
        Answering::Accept => "accepts the reservation",
    };
    let whole = if reply.precludes { ", and to the accord between the two" } else { "" };
    let reason =
        if reply.reason.is_empty() { String::new() } else { format!(": {}", reply.reason) };
    format!("{verb} {}{whole}{reason}", reply.act.short())
}

fn aside_words(verb: &str, own: &Unilateral) -> String {
    let clauses = clauses_words(&own.clauses);
    format!("{verb} {clauses} of text {}: {}", own.text.short(), own.statement)
}
