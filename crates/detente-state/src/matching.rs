//! Matching runs: terms, caps, budgets, outcome.

use std::collections::BTreeMap;

use super::{Cell, Effect, NotInForce, State, entered};
use detente_accord::{Accord, MatchRule, Rule};
use detente_core::UnixSeconds;
use detente_core::act::{Act, Answer, Close, Header, Learn, Mode, Offer, Outcome, Way};
use detente_core::{Digest, PartyId};

/// How long after its answer a run may carry releases while nobody has closed it, in seconds: a
/// day. A run is over in minutes; one that was left open must not be a door for good.
pub const OPEN_RUN_SECONDS_MAX: u64 = 86_400;

/// A run as the acts tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The offer, by the digest of its leaf.
    pub act: Digest,
    /// Terms and the initiator's commitment.
    pub offer: Offer,
    /// Who offered.
    pub initiator: PartyId,
    /// When, by the initiator's clock.
    pub offered: UnixSeconds,
    /// Who took it up, when, with what.
    pub answer: Option<(PartyId, UnixSeconds, Answer)>,
    /// How each side closed it.
    pub closes: BTreeMap<PartyId, (UnixSeconds, Close)>,
    /// The numbers of the closes in their logs.
    pub closed_at: BTreeMap<PartyId, u64>,
}

impl Run {
    /// The answer that both sides closed with: their transcripts agree and, where both state a
    /// count, their counts.
    pub fn agreed(&self) -> Option<(Option<u64>, Digest)> {
        let (responder, _, _) = self.answer.as_ref()?;
        let done = |party: &PartyId| match self.closes.get(party) {
            Some((_, Close { outcome: Outcome::Done { count, transcript }, .. })) => {
                Some((*count, *transcript))
            }
            _ => None,
        };
        let (own, other) = (done(&self.initiator)?, done(responder)?);
        let counts = match (own.0, other.0) {
            (Some(a), Some(b)) if a != b => return None,
            (a, b) => a.or(b),
        };
        (own.1 == other.1).then_some((counts, own.1))
    }

    /// Whether the run told this party which items both sides hold, so that it can know what is
    /// matched: both closed it alike, it was not only a count, and this side learnt the answer.
    pub fn told_which(&self, party: PartyId) -> bool {
        let learns = self.offer.learn == Learn::Both || self.initiator == party;
        let tells = matches!(self.offer.mode, Mode::Which | Mode::Payload);
        self.agreed().is_some() && tells && self.has(party) && learns
    }

    /// Whether a release of this party may rest on the run: it told the party which items are
    /// common, or it is under way and brings contexts, which leave within it and are on record
    /// first. Under way is what was answered at most [`OPEN_RUN_SECONDS_MAX`] before `now`.
    pub fn backs_release(&self, party: PartyId, now: UnixSeconds) -> bool {
        self.told_which(party) || (self.closes.is_empty() && self.brings(party, now))
    }

    /// Whether the run brings this party's contexts now, if nobody has closed it.
    fn brings(&self, party: PartyId, now: UnixSeconds) -> bool {
        let answered = self.answer.as_ref().map(|(_, at, _)| at.get());
        let under_way = |at: u64| now.get() <= at.saturating_add(OPEN_RUN_SECONDS_MAX);
        self.offer.mode == Mode::Payload && answered.is_some_and(under_way) && self.has(party)
    }

    /// As [`Run::backs_release`], by what the author of an act had seen when it made it. A close
    /// that it had not seen may stand before the act in the fold all the same: someone dated it
    /// back, or has a slower clock. It takes nothing away from what had left by then.
    pub(super) fn backed_release(&self, header: &Header) -> bool {
        let open = !self.seen_closed(header) && self.brings(header.author, header.time);
        self.told_which(header.author) || open
    }

    /// Whether the author of an act had closed the run before, or had seen it closed.
    fn seen_closed(&self, header: &Header) -> bool {
        self.closed_at.iter().any(|(party, at)| header.knew(*party, *at))
    }

    /// Whether this party takes part.
    pub fn has(&self, party: PartyId) -> bool {
        self.initiator == party || self.answer.as_ref().is_some_and(|(other, _, _)| *other == party)
    }
}

/// By when, and by whose knowledge, an entry is judged.
#[derive(Clone, Copy)]
enum Asked<'a> {
    /// Now, by all that is known.
    Now(UnixSeconds),
    /// At the time of an act, by the stops that its author had seen.
    By(&'a Header),
}

/// A set that a party would enter into a run.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The party.
    pub party: PartyId,
    /// The matching clause.
    pub clause: &'a str,
    /// Items, padding included.
    pub size: u32,
    /// Whether the party offers the run or takes one up.
    pub offers: bool,
}

/// Why a party may not enter a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatchRefusal {
    /// Nothing is in force.
    #[error(transparent)]
    NotInForce(#[from] NotInForce),
    /// The clause does not run between the two: suspended, reserved, or one is not bound.
    #[error("clause {clause} does not run: {why}")]
    Held {
        /// The clause.
        clause: String,
        /// Why, in words.
        why: String,
    },
    /// Nothing to look up in.
    #[error("the holder of clause {0} has published no filter under the text in force")]
    NoFilter(String),
    /// The holder asks, or the asker answers or publishes.
    #[error("under clause {clause} {holder} holds and the other side asks")]
    OtherDirection {
        /// The clause.
        clause: String,
        /// Who holds, by handle.
        holder: String,
    },
    /// Another text is in force.
    #[error("the run names text {}, in force is {}", named.short(), in_force.short())]
    OtherText {
        /// The text that the run names.
        named: Digest,
        /// The text in force.
        in_force: Digest,
    },
    /// The clause is no matching clause of the text.
    #[error("clause {0} is no matching clause of the accord in force")]
    NoSuchClause(String),
    /// The clause is between others.
    #[error("clause {clause} does not name {party} as a side")]
    NotASide {
        /// The clause.
        clause: String,
        /// The party.
        party: String,
    },
    /// The run's terms are not the clause's.
    #[error("the run's {what} is not what clause {clause} says")]
    OtherTerms {
        /// The clause.
        clause: String,
        /// Mode, answer, run or offer.
        what: &'static str,
    },
    /// The set is too large.
    #[error("{size} items, clause {clause} allows {max} in one run")]
    TooManyItems {
        /// The clause.
        clause: String,
        /// Items offered, padding included.
        size: u32,
        /// The clause's cap.
        max: u32,
    },
    /// The budget of runs is used up.
    #[error("clause {clause} allows {max} runs in {per}, and {used} were offered")]
    RunsUsedUp {
        /// The clause.
        clause: String,
        /// Runs offered in the window.
        used: u64,
        /// The clause's budget.
        max: u64,
        /// The window.
        per: detente_core::Span,
    },
    /// The budget of items is used up.
    #[error(
        "clause {clause} allows {max} items in {per}: {used} were entered, {size} more do not fit"
    )]
    ItemsUsedUp {
        /// The clause.
        clause: String,
        /// Items entered in the window.
        used: u64,
        /// Items that would be entered, as [`entered`] counts them.
        size: u64,
        /// The clause's budget.
        max: u64,
        /// The window.
        per: detente_core::Span,
    },
    /// Everything is stopped.
    #[error("stopped by {0}")]
    Stopped(String),
}

impl MatchRefusal {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            MatchRefusal::ItemsUsedUp { .. } => "match_items_used_up",
            MatchRefusal::NoFilter(_) => "match_no_filter",
            MatchRefusal::NoSuchClause(_) => "match_no_such_clause",
            MatchRefusal::NotASide { .. } => "match_not_a_side",
            MatchRefusal::NotInForce(_) => "match_not_in_force",
            MatchRefusal::OtherDirection { .. } => "match_other_direction",
            MatchRefusal::OtherTerms { .. } => "match_other_terms",
            MatchRefusal::OtherText { .. } => "match_other_text",
            MatchRefusal::RunsUsedUp { .. } => "match_runs_used_up",
            MatchRefusal::Held { .. } => "match_clause_held",
            MatchRefusal::Stopped(_) => "match_stopped",
            MatchRefusal::TooManyItems { .. } => "match_too_many_items",
        }
    }
}

/// The matching clause with this id.
pub(crate) fn match_rule<'a>(accord: &'a Accord, clause: &str) -> Option<&'a MatchRule> {
    match &accord.clause(clause)?.rule {
        Some(Rule::Match(rule)) => Some(rule),
        _ => None,
    }
}

impl State {
    /// Whether a party may enter a set at `now`, and the clause's terms.
    ///
    /// Both sides ask this before a run, of themselves and of the other; the fold asks it again.
    ///
    /// # Errors
    /// [`MatchRefusal`] with the cap or budget and what is used of it.
    pub fn may_match(
        &self,
        entry: &Entry<'_>,
        now: UnixSeconds,
    ) -> Result<&MatchRule, MatchRefusal> {
        self.may_enter(entry, entry.size.into(), Asked::Now(now))
    }

    /// What keeps a clause of matching from running between its two sides. A run goes both ways.
    fn match_held(
        &self,
        accord: &Accord,
        (clause, rule): (&str, &MatchRule),
        header: Option<&Header>,
        now: UnixSeconds,
    ) -> Option<Cell> {
        let party = |handle: &String| {
            let named = accord.parties.iter().find(|party| party.handle == *handle);
            named.map(|party| party.id)
        };
        let (from, to) = (party(rule.between.first()?)?, party(rule.between.get(1)?)?);
        let ways = [Way { from, to }, Way { from: to, to: from }];
        ways.into_iter().find_map(|way| self.held_for(accord.digest, (clause, way), header, now))
    }

    /// As [`State::may_match`], for a set that uses `charge` of the budget of items.
    fn may_enter(
        &self,
        entry: &Entry<'_>,
        charge: u64,
        asked: Asked<'_>,
    ) -> Result<&MatchRule, MatchRefusal> {
        let Entry { party, clause, size, offers } = *entry;
        let (now, stopped) = match asked {
            Asked::Now(now) => (now, self.stopped_at(now).map(|(by, _)| by)),
            Asked::By(header) => (header.time, self.stopped_for(header)),
        };
        let header = match asked {
            Asked::Now(_) => None,
            Asked::By(header) => Some(header),
        };
        let accord = self.governing((party, None), header, now)?;
        if let Some(by) = stopped {
            return Err(MatchRefusal::Stopped(self.name_of(by)));
        }
        let named = || clause.to_owned();
        let rule = match_rule(accord, clause).ok_or_else(|| MatchRefusal::NoSuchClause(named()))?;
        let handle = accord.party(party).map(|party| party.handle.as_str());
        if !handle.is_some_and(|handle| rule.between.iter().any(|side| side == handle)) {
            let party = self.name_of(party);
            return Err(MatchRefusal::NotASide { clause: named(), party });
        }
        if let Some(cell) = self.match_held(accord, (clause, rule), header, now) {
            return Err(MatchRefusal::Held { clause: named(), why: cell.to_string() });
        }
        if let Some(terms) = &rule.lookup
            && (handle == Some(terms.holder.as_str())) == offers
        {
            let holder = terms.holder.clone();
            return Err(MatchRefusal::OtherDirection { clause: named(), holder });
        }
        if size > rule.max_items {
            let max = rule.max_items;
            return Err(MatchRefusal::TooManyItems { clause: named(), size, max });
        }
        let (runs, items) = self.used(party, clause, rule, now);
        let (budget, per) = (&rule.budget, rule.budget.per);
        if offers && runs >= budget.runs {
            let (used, max) = (runs, budget.runs);
            return Err(MatchRefusal::RunsUsedUp { clause: named(), used, max, per });
        }
        if items.saturating_add(charge) > budget.items {
            let (used, max, size) = (items, budget.items, charge);
            return Err(MatchRefusal::ItemsUsedUp { clause: named(), used, size, max, per });
        }
        Ok(rule)
    }

    /// Runs offered and items entered by `party` under `clause` in the window that ends `now`;
    /// items of offers as [`entered`] counts them. Aborted runs count: otherwise aborting would be
    /// a way to probe for nothing.
    pub fn used(
        &self,
        party: PartyId,
        clause: &str,
        rule: &MatchRule,
        now: UnixSeconds,
    ) -> (u64, u64) {
        let from = now.minus(rule.budget.per);
        let mut used = (0, 0u64);
        for run in self.runs.values().filter(|run| run.offer.clause == clause) {
            if run.initiator == party && run.offered > from {
                used.0 += 1;
                let answer = run.answer.as_ref().map(|(_, _, answer)| answer);
                used.1 = used.1.saturating_add(entered(&run.offer, answer));
            }
            if let Some((by, at, answer)) = &run.answer
                && *by == party
                && *at > from
            {
                used.1 = used.1.saturating_add(answer.size.into());
            }
        }
        used
    }

    pub(super) fn offer_match(&mut self, act: &Act, offer: &Offer) -> Result<Effect, String> {
        let header = act.header();
        let asked = Asked::By(header);
        self.check_terms(header.author, offer, asked).map_err(|e| e.to_string())?;
        self.runs.insert(
            offer.run,
            Run {
                act: act.digest(),
                offer: offer.clone(),
                initiator: header.author,
                offered: header.time,
                answer: None,
                closes: BTreeMap::new(),
                closed_at: BTreeMap::new(),
            },
        );
        Ok(Effect::InEffect)
    }

    /// Whether an offer keeps to the clause it names.
    ///
    /// # Errors
    /// [`MatchRefusal`].
    pub fn check_offer(
        &self,
        author: PartyId,
        offer: &Offer,
        now: UnixSeconds,
    ) -> Result<(), MatchRefusal> {
        self.check_terms(author, offer, Asked::Now(now))
    }

    fn check_terms(
        &self,
        author: PartyId,
        offer: &Offer,
        asked: Asked<'_>,
    ) -> Result<(), MatchRefusal> {
        let (now, header) = match asked {
            Asked::Now(now) => (now, None),
            Asked::By(header) => (header.time, Some(header)),
        };
        let in_force = self.governing((author, None), header, now)?.digest;
        if offer.text != in_force {
            return Err(MatchRefusal::OtherText { named: offer.text, in_force });
        }
        let (clause, size) = (offer.clause.as_str(), offer.size);
        let entry = Entry { party: author, clause, size, offers: true };
        let rule = self.may_enter(&entry, entered(offer, None), asked)?;
        let other = |what| MatchRefusal::OtherTerms { clause: offer.clause.clone(), what };
        if !rule.covers(offer.mode) {
            return Err(other("mode"));
        }
        if offer.learn != rule.learn {
            return Err(other("answer"));
        }
        if !rule.engine(offer.mode).is_named_by(&offer.engine) {
            return Err(other("engine"));
        }
        if rule.lookup.is_some() && self.filter(&offer.text, &offer.clause).is_none() {
            return Err(MatchRefusal::NoFilter(offer.clause.clone()));
        }
        if self.runs.contains_key(&offer.run) {
            return Err(other("run (it is used already)"));
        }
        Ok(())
    }

    pub(super) fn answer_match(
        &mut self,
        header: &Header,
        answer: &Answer,
    ) -> Result<Effect, String> {
        let run = self.runs.get(&answer.run).ok_or("no such run was offered")?;
        if run.act != answer.offer {
            return Err("it answers another offer".to_owned());
        }
        if run.answer.is_some() || run.initiator == header.author || run.seen_closed(header) {
            return Err("the run is not open to this party".to_owned());
        }
        // Under a newer text the clause may have other terms than those that were offered.
        let governing = self.governing((header.author, None), Some(header), header.time);
        let in_force = governing.map_err(|e| e.to_string())?;
        if run.offer.text != in_force.digest {
            let (named, in_force) = (run.offer.text, in_force.digest);
            return Err(MatchRefusal::OtherText { named, in_force }.to_string());
        }
        let clause = run.offer.clause.clone();
        let (party, size) = (header.author, answer.size);
        let entry = Entry { party, clause: &clause, size, offers: false };
        let rule = self.may_enter(&entry, size.into(), Asked::By(header));
        let rule = rule.map_err(|error| error.to_string())?;
        if rule.lookup.is_some() {
            self.check_lookup_answer(&run.offer, answer)?;
        }
        if let Some(run) = self.runs.get_mut(&answer.run) {
            run.answer = Some((header.author, header.time, answer.clone()));
        }
        Ok(Effect::InEffect)
    }

    pub(super) fn close_match(&mut self, header: &Header, close: &Close) -> Result<Effect, String> {
        let run = self.runs.get(&close.run).ok_or("no such run was offered")?;
        let declines = run.answer.is_none()
            && matches!(close.outcome, Outcome::Aborted { .. })
            && self.is_side(header.author, &run.offer);
        if !run.has(header.author) && !declines {
            return Err("the party takes no part in the run".to_owned());
        }
        if run.answer.is_none() && matches!(close.outcome, Outcome::Done { .. }) {
            return Err("a run that nobody took up can't be done".to_owned());
        }
        if run.closes.contains_key(&header.author) {
            return Err("the party has closed this run already".to_owned());
        }
        if let Some(run) = self.runs.get_mut(&close.run) {
            run.closes.insert(header.author, (header.time, close.clone()));
            run.closed_at.insert(header.author, header.sequence);
        }
        Ok(Effect::InEffect)
    }

    /// Whether the clause under which a run was offered names this party.
    fn is_side(&self, party: PartyId, offer: &Offer) -> bool {
        let accord = self.texts.get(&offer.text).map(|text| &text.accord);
        let sides = accord.and_then(|accord| {
            let handle = &accord.party(party)?.handle;
            Some(match_rule(accord, &offer.clause)?.between.contains(handle))
        });
        sides.unwrap_or(false)
    }
}

/// How a run ended, in words.
pub(super) fn close_summary(close: &Close) -> String {
    let run = close.run.short();
    match &close.outcome {
        Outcome::Done { count: Some(count), transcript } => {
            format!("closes run {run}: {count} in common, transcript {}", transcript.short())
        }
        Outcome::Done { count: None, transcript } => {
            format!("closes run {run}: learnt nothing, transcript {}", transcript.short())
        }
        Outcome::Aborted { blame, reason } => {
            format!("aborts run {run}, blaming {blame}: {reason}")
        }
    }
}
