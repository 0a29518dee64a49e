//! Which duties have arisen: every trigger in the record, against every obligation of its text.

use std::collections::{BTreeMap, BTreeSet};

use detente_accord::{Accord, ClockStart, Deadline, Oblige, Permit, Rule};
use detente_core::act::{Act, Body, Readout, ReleaseBody, Way};
use detente_core::{Digest, PartyId, UnixSeconds};

use super::evidence::Evidence;
use super::settle::{Case, settle};
use super::{Dispute, Duties, Duty, Fulfilment, MAX_DUTIES, Source, Uncomputed, every};
use crate::release::ReleaseState;
use crate::{Effect, Logs, Standing, State};

/// What sets an obligation off, of what the record can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    Release,
    Proposal,
    Meeting,
    Force,
}

/// What fulfils an obligation, of what the record can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Receipt,
    Feedback,
    Reply,
    Readout,
}

fn trigger_of(on: &str) -> Option<On> {
    match on {
        "release" => Some(On::Release),
        "proposal" | "propose" => Some(On::Proposal),
        "meeting" => Some(On::Meeting),
        "entry into force" => Some(On::Force),
        _ => None,
    }
}

fn deed_of(on: On, verb: &str) -> Option<Deed> {
    match (on, verb) {
        (On::Release, "acknowledge" | "receipt") => Some(Deed::Receipt),
        (On::Release, "feedback" | "give feedback" | "report") => Some(Deed::Feedback),
        (On::Proposal, "reply" | "respond" | "answer") => Some(Deed::Reply),
        (On::Meeting, "readout" | "file a readout" | "report") => Some(Deed::Readout),
        (On::Force, "review" | "meet") => Some(Deed::Readout),
        _ => None,
    }
}

/// The duties that the record shows, as of `now`, which may differ by who owes them: an auditor
/// without a clock takes the time of each party's last act, so that nobody is in breach by the
/// clock of another.
pub fn duties(logs: &Logs, state: &State, now: &dyn Fn(PartyId) -> UnixSeconds) -> Duties {
    let mut found = Arising::new(logs, state, now);
    let mut meetings: BTreeMap<&str, Vec<(&Act, &Readout)>> = BTreeMap::new();
    for event in &state.history {
        let place = usize::try_from(event.sequence).ok();
        let act = place.and_then(|place| logs.of(event.author).get(place));
        let Some(act) = act.filter(|act| found.holds(act)) else { continue };
        match act.body() {
            Body::Release(body) => found.released(act, body),
            Body::Propose { text, .. } => found.proposed(act, Digest::plain(text)),
            Body::Readout(readout) => {
                meetings.entry(&readout.meeting).or_default().push((act, readout));
            }
            _ => {}
        }
    }
    for (name, accounts) in &meetings {
        found.met(name, accounts);
    }
    found.entered(&meetings);
    found.meets();
    let mut duties = Duties { list: found.duties, left_out: 0, uncomputed: uncomputed(state) };
    // What is met makes room first: nobody hides a breach behind duties that it has met.
    duties.list.sort_by_key(|duty| (duty.fulfilment.is_met(), duty.due.is_none(), duty.due));
    duties.keep(MAX_DUTIES);
    duties.list.sort_by_key(|duty| (duty.due.is_none(), duty.due));
    duties
}

/// The obligations of the text in force that no act tells.
fn uncomputed(state: &State) -> Vec<Uncomputed> {
    let text = state.in_force.and_then(|force| state.texts.get(&force.text));
    let clauses = text.map_or(&[][..], |text| text.accord.clauses.as_slice()).iter();
    clauses
        .filter_map(|clause| {
            let Some(Rule::Oblige(rule)) = &clause.rule else { return None };
            let why = match trigger_of(&rule.on) {
                None => format!("no act of the record is a {:?}", rule.on),
                Some(on) if deed_of(on, &rule.verb).is_none() => {
                    format!("no act of the record says that somebody did {:?}", rule.verb)
                }
                Some(_) => return None,
            };
            let (verb, on) = (rule.verb.clone(), rule.on.clone());
            Some(Uncomputed { clause: clause.id.clone(), verb, on, why })
        })
        .collect()
}

/// An obligation and what set it off.
struct Arisen<'d> {
    text: &'d Accord,
    clause: Option<&'d str>,
    source: Source,
    verb: &'d str,
    breach: &'d str,
    deadline: Deadline,
    about: String,
    trigger: Option<&'d Act>,
    owed_by: PartyId,
    owed_to: &'d [PartyId],
    starts: Option<UnixSeconds>,
    deed: Option<&'d Act>,
    progress: (usize, usize),
}

impl<'d> Arisen<'d> {
    /// What a clause obliges one party to towards others, with nothing done for it yet.
    fn obliged(
        text: &'d Accord,
        (clause, rule): (&'d str, &'d Oblige),
        (owed_by, owed_to): (PartyId, &'d [PartyId]),
    ) -> Arisen<'d> {
        Arisen {
            text,
            clause: Some(clause),
            source: Source::Oblige,
            verb: &rule.verb,
            breach: &rule.breach,
            deadline: rule.deadline,
            about: String::new(),
            trigger: None,
            owed_by,
            owed_to,
            starts: None,
            deed: None,
            progress: (0, 1),
        }
    }
}

struct Arising<'a> {
    logs: &'a Logs,
    state: &'a State,
    now: &'a dyn Fn(PartyId) -> UnixSeconds,
    evidence: Evidence<'a>,
    /// Acts in effect, by author and place.
    effective: BTreeSet<(PartyId, u64)>,
    releases: BTreeMap<Digest, &'a ReleaseState>,
    /// The place of the receipt of a release in the log of who acknowledged it.
    receipts: BTreeMap<(Digest, PartyId), u64>,
    duties: Vec<Duty>,
}

/// A release, who received it, and what they said of it.
struct Received<'a> {
    act: &'a Act,
    text: &'a Accord,
    known: &'a ReleaseState,
    to: PartyId,
    handle: &'a str,
    receipt: Option<&'a Act>,
}

impl<'a> Arising<'a> {
    fn new(
        logs: &'a Logs,
        state: &'a State,
        now: &'a dyn Fn(PartyId) -> UnixSeconds,
    ) -> Arising<'a> {
        let mut effective = BTreeSet::new();
        let mut receipts = BTreeMap::new();
        for event in &state.history {
            if !matches!(event.effect, Effect::InEffect | Effect::Reversal(_)) {
                continue;
            }
            effective.insert((event.author, event.sequence));
            let place = usize::try_from(event.sequence).ok();
            let act = place.and_then(|place| logs.of(event.author).get(place));
            if let Some(Body::Receipt { release, .. }) = act.map(Act::body) {
                receipts.entry((*release, event.author)).or_insert(event.sequence);
            }
        }
        Arising {
            logs,
            state,
            now,
            evidence: Evidence::new(logs, state),
            effective,
            releases: state.releases.iter().map(|known| (known.act, known)).collect(),
            receipts,
            duties: Vec::new(),
        }
    }

    fn holds(&self, act: &Act) -> bool {
        self.effective.contains(&(act.header().author, act.header().sequence))
    }

    fn text(&self, digest: Digest) -> Option<&'a Accord> {
        self.state.texts.get(&digest).map(|text| &text.accord)
    }

    fn at(&self, party: PartyId, place: u64) -> Option<&'a Act> {
        self.logs.of(party).get(usize::try_from(place).ok()?)
    }

    /// When a clock starts, but for those that only the deed's own sort can tell.
    fn starts(&self, clock: ClockStart, act: &Act, own: PartyId) -> Option<UnixSeconds> {
        match clock {
            ClockStart::Act => Some(act.header().time),
            ClockStart::Awareness | ClockStart::Receipt => self.evidence.known_to(act, own),
            ClockStart::Effective => self.force_at(act.header().time),
        }
    }

    fn force_at(&self, at: UnixSeconds) -> Option<UnixSeconds> {
        let all = self.state.earlier.iter().chain(&self.state.in_force);
        all.filter(|force| force.since <= at).map(|force| force.since).next_back()
    }

    fn owe(&mut self, arisen: Arisen<'_>) {
        let now = (self.now)(arisen.owed_by);
        if arisen.trigger.is_some_and(|act| act.header().time > now) {
            return;
        }
        let deadline = arisen.deadline;
        let due = arisen.starts.map(|starts| arisen.text.terms.calendar.due(starts, &deadline));
        let deed = arisen.deed.filter(|deed| deed.header().time <= now);
        let by_act = matches!(deadline.clock, ClockStart::Act);
        let unknown = arisen
            .trigger
            .filter(|_| by_act)
            .and_then(|act| self.evidence.unknown_until(act, arisen.owed_by));
        let fair = unknown.map(|at| (at, arisen.text.terms.calendar.due(at, &deadline)));
        let fulfilment = due.map_or(Fulfilment::Waiting, |due| {
            let case = Case {
                text: arisen.text.digest,
                clause: arisen.clause,
                owed_by: arisen.owed_by,
                owed_to: arisen.owed_to,
                due,
                fair,
                deed,
                progress: arisen.progress,
                now,
            };
            settle(&case, (self.logs, self.state), &self.evidence)
        });
        self.duties.push(Duty {
            text: arisen.text.digest,
            clause: arisen.clause.map(str::to_owned),
            source: arisen.source,
            verb: arisen.verb.to_owned(),
            about: arisen.about,
            trigger: arisen.trigger.map(Act::digest),
            owed_by: Some(arisen.owed_by),
            owed_to: match arisen.owed_to {
                [only] => Some(*only),
                _ => None,
            },
            deadline,
            starts: arisen.starts,
            due,
            fulfilment,
            breach: arisen.breach.to_owned(),
        });
    }

    /// Obligations of a text that this sets off and the record can tell.
    fn obliging(text: &'a Accord, on: On) -> impl Iterator<Item = (&'a str, &'a Oblige, Deed)> {
        text.clauses.iter().filter_map(move |clause| match &clause.rule {
            Some(Rule::Oblige(rule)) if trigger_of(&rule.on) == Some(on) => {
                Some((clause.id.as_str(), rule, deed_of(on, &rule.verb)?))
            }
            _ => None,
        })
    }

    /// Whether a clause obliges between the two: not if it is reserved, or one is not bound.
    fn between(&self, clause: &str, (by, to): (PartyId, PartyId), at: UnixSeconds) -> bool {
        let cell = self.state.standing(clause, Way { from: by, to }, at);
        cell.standing != Standing::NotInForce
    }

    /// Whether a clause obliges a party towards any other: not one that has reserved it, or is not
    /// bound.
    fn obliges(&self, clause: &str, (by, text): (PartyId, &Accord), at: UnixSeconds) -> bool {
        let mut others = text.parties.iter().filter(|other| other.id != by);
        others.any(|other| self.between(clause, (by, other.id), at))
    }

    fn released(&mut self, act: &'a Act, body: &'a ReleaseBody) {
        let known = self.releases.get(&act.digest()).copied();
        let (Some(text), Some(known)) = (self.text(body.text), known) else { return };
        let Some(to) = self.state.receiver(known) else { return };
        let Some(party) = text.party(to) else { return };
        let receipt = self.receipts.get(&(known.act, to)).and_then(|place| self.at(to, *place));
        let receipt = receipt.filter(|receipt| receipt.header().time <= (self.now)(to));
        let handle = party.handle.as_str();
        let received = Received { act, text, known, to, handle, receipt };
        for (clause, rule, deed) in Self::obliging(text, On::Release) {
            self.obliged(&received, (clause, rule), deed);
        }
        for clause in known.by_clause.keys() {
            let rule = text.clause(clause).and_then(|own| own.rule.as_ref());
            if let Some(Rule::Permit(rule)) = rule {
                self.permitted(&received, clause, rule);
            }
        }
    }

    fn obliged(&mut self, received: &Received<'a>, (clause, rule): (&str, &Oblige), deed: Deed) {
        let &Received { act, text, known, to, handle, receipt } = received;
        let header = act.header();
        if !rule.actor.is(handle) || !self.between(clause, (to, header.author), header.time) {
            return;
        }
        let by_receipt = rule.deadline.clock == ClockStart::Receipt && deed != Deed::Receipt;
        let starts = if by_receipt {
            receipt.map(|receipt| receipt.header().time)
        } else {
            self.starts(rule.deadline.clock, act, to)
        };
        let (deed, progress) = match deed {
            Deed::Feedback => self.told(known, to, None),
            _ => (receipt, (usize::from(receipt.is_some()), 1)),
        };
        self.owe(Arisen {
            about: format!("release {}", known.act.short()),
            trigger: Some(act),
            starts,
            deed,
            progress,
            ..Arisen::obliged(text, (clause, rule), (to, &[header.author]))
        });
    }

    /// The duties of the receiver that a permission states.
    fn permitted(&mut self, received: &Received<'a>, clause: &str, rule: &Permit) {
        let &Received { act, text, known, to, receipt, .. } = received;
        let told = (Source::Feedback, "give feedback", rule.feedback);
        let erased = (Source::Retention, "erase", rule.retention);
        for (source, verb, deadline) in [told, erased] {
            let Some(deadline) = deadline else { continue };
            let starts = match deadline.clock {
                ClockStart::Receipt | ClockStart::Awareness => receipt.map(|own| own.header().time),
                clock => self.starts(clock, act, to),
            };
            let (deed, progress) = match source {
                Source::Retention => self.erased(known, to, clause),
                _ => self.told(known, to, Some(clause)),
            };
            self.owe(Arisen {
                text,
                clause: Some(clause),
                source,
                verb,
                breach: "",
                deadline,
                about: format!("release {}", known.act.short()),
                trigger: Some(act),
                owed_by: to,
                owed_to: &[act.header().author],
                starts,
                deed,
                progress,
            });
        }
    }

    /// The act with which a receiver had told of every object of a release, or of those under one
    /// clause; and of how many it has.
    fn told(
        &self,
        release: &ReleaseState,
        by: PartyId,
        clause: Option<&str>,
    ) -> (Option<&'a Act>, (usize, usize)) {
        let account = self.state.account_of(release.act, by);
        let steps =
            objects(release, clause).map(|object| Some(account?.told.get(object)?.first.place));
        self.last(by, steps)
    }

    fn erased(
        &self,
        release: &ReleaseState,
        by: PartyId,
        clause: &str,
    ) -> (Option<&'a Act>, (usize, usize)) {
        let account = self.state.account_of(release.act, by);
        let steps =
            objects(release, Some(clause)).map(|object| Some(account?.erased.get(object)?.place));
        self.last(by, steps)
    }

    fn last(
        &self,
        by: PartyId,
        steps: impl Iterator<Item = Option<u64>>,
    ) -> (Option<&'a Act>, (usize, usize)) {
        let (mut done, mut of, mut last) = (0, 0, None);
        let now = (self.now)(by);
        for step in steps {
            of += 1;
            let early =
                |place: &u64| self.at(by, *place).is_some_and(|act| act.header().time <= now);
            let step = step.filter(early);
            done += usize::from(step.is_some());
            last = last.max(step);
        }
        let act = last.filter(|_| done == of).and_then(|place| self.at(by, place));
        (act, (done, of))
    }

    fn proposed(&mut self, act: &'a Act, digest: Digest) {
        let (author, time) = (act.header().author, act.header().time);
        let Ok(text) = self.state.in_force_at(time) else { return };
        let about = format!("proposal of text {}", digest.short());
        for (clause, rule, _) in Self::obliging(text, On::Proposal) {
            let others = text.parties.iter().filter(|own| own.id != author);
            for party in others.filter(|own| rule.actor.is(&own.handle)) {
                if !self.between(clause, (party.id, author), time) {
                    continue;
                }
                let deed = self.reply(party.id, act, digest);
                self.owe(Arisen {
                    about: about.clone(),
                    trigger: Some(act),
                    starts: self.starts(rule.deadline.clock, act, party.id),
                    deed,
                    ..Arisen::obliged(text, (clause, rule), (party.id, &[author]))
                });
            }
        }
    }

    /// The first act of a party on a proposed text, made in knowledge of the proposal.
    fn reply(&self, by: PartyId, proposal: &Act, text: Digest) -> Option<&'a Act> {
        let header = proposal.header();
        let on_it = |body: &Body| match body {
            Body::Sign { text: own } | Body::Refuse { text: own, .. } => *own == text,
            Body::Propose { base, .. } => *base == Some(text),
            Body::Correct { text: own, .. } => *own == text,
            Body::Stance(_, stance) => stance.matter.text() == Some(text),
            Body::Reserve(own) | Body::Declare(own) => own.text == text,
            Body::Bracket(_) => true,
            _ => false,
        };
        let mut own = self.logs.of(by).iter();
        own.find(|act| {
            act.header().knew(header.author, header.sequence)
                && on_it(act.body())
                && self.holds(act)
        })
    }

    /// A meeting of which somebody has filed an account.
    fn met(&mut self, name: &str, accounts: &[(&'a Act, &'a Readout)]) {
        let Some((first, told)) = accounts.first() else { return };
        let Ok(text) = self.state.in_force_at(told.held) else { return };
        let about = format!("meeting {name}");
        for (clause, rule, _) in Self::obliging(text, On::Meeting) {
            for party in text.parties.iter().filter(|own| rule.actor.is(&own.handle)) {
                if !self.obliges(clause, (party.id, text), told.held) {
                    continue;
                }
                let own = accounts.iter().find(|(act, _)| act.header().author == party.id);
                let (trigger, held) = own.map_or((first, told.held), |(act, own)| (act, own.held));
                let starts = match rule.deadline.clock {
                    // A meeting is no act: its day counts, as who owes the account gives it.
                    ClockStart::Act => Some(held),
                    clock => self.starts(clock, trigger, party.id),
                };
                let to = others(text, party.id);
                self.owe(Arisen {
                    about: about.clone(),
                    trigger: Some(trigger),
                    starts,
                    deed: own.map(|(act, _)| *act),
                    ..Arisen::obliged(text, (clause, rule), (party.id, &to))
                });
                self.one_sided(accounts);
            }
        }
    }

    /// Nobody is in breach because one other side alone says that there was a meeting.
    fn one_sided(&mut self, accounts: &[(&'a Act, &'a Readout)]) {
        if let ([(only, _)], Some(last)) = (accounts, self.duties.last_mut())
            && matches!(last.fulfilment, Fulfilment::Breached { .. })
        {
            let why = Dispute::OneSided(only.header().author);
            last.fulfilment = Fulfilment::Disputed { act: None, why };
        }
    }

    /// What is due once a text is in force: reviews, told by a party's account of a meeting.
    fn entered(&mut self, meetings: &BTreeMap<&str, Vec<(&'a Act, &'a Readout)>>) {
        let state = self.state;
        for force in state.earlier.iter().chain(&state.in_force) {
            let Some(text) = self.text(force.text) else { continue };
            for (clause, rule, _) in Self::obliging(text, On::Force) {
                for party in text.parties.iter().filter(|own| rule.actor.is(&own.handle)) {
                    let bound = self.obliges(clause, (party.id, text), force.since);
                    if !bound || (self.now)(party.id) < force.since {
                        continue;
                    }
                    let own = meetings.values().flatten().filter(|(act, told)| {
                        act.header().author == party.id && told.held >= force.since
                    });
                    let first = own.min_by_key(|(act, _)| act.header().sequence);
                    let to = others(text, party.id);
                    self.owe(Arisen {
                        about: "entry into force".to_owned(),
                        starts: Some(force.since),
                        deed: first.map(|(act, _)| *act),
                        ..Arisen::obliged(text, (clause, rule), (party.id, &to))
                    });
                }
            }
        }
    }

    /// The next meeting, by the terms of the text that governs.
    fn meets(&mut self) {
        let now = self.state.parties.keys().map(|party| (self.now)(*party)).min();
        let Some(now) = now else { return };
        let Ok(text) = self.state.in_force_at(now) else { return };
        let (Some(meetings), Some(force)) = (text.terms.meetings, self.force_at(now)) else {
            return;
        };
        let last = self.state.last_meeting(now).map_or(force, |held| held.max(force));
        let due = last.plus(meetings.every);
        let late = now.get().checked_sub(due.get());
        self.duties.push(Duty {
            text: text.digest,
            clause: None,
            source: Source::Meetings,
            verb: "meet".to_owned(),
            about: "the last meeting of which all filed an account".to_owned(),
            trigger: None,
            owed_by: None,
            owed_to: None,
            deadline: every(meetings.every),
            starts: Some(last),
            due: Some(due),
            fulfilment: late.map_or(Fulfilment::Open { done: 0, of: 1 }, |by| {
                Fulfilment::Breached { by: detente_core::Span::seconds(by) }
            }),
            breach: format!("dormant after {} missed meetings", meetings.dormant_after),
        });
    }
}

fn others(text: &Accord, own: PartyId) -> Vec<PartyId> {
    text.parties.iter().map(|party| party.id).filter(|party| *party != own).collect()
}

fn objects<'r>(
    release: &'r ReleaseState,
    clause: Option<&'r str>,
) -> impl Iterator<Item = &'r Digest> {
    let own = release.objects.iter();
    own.filter(move |known| clause.is_none_or(|clause| *clause == *known.clause))
        .map(|known| &known.object)
}
