//! Consent of an originator: this party asks for what it received, answers for what it released,
//! and shows a consent where its receiver has no part in the record.
//!
//! Who is asked sees by digest alone what would go on. So before a consent is given, the digests
//! are computed again from the objects that were released: nobody consents to other bytes.

use std::collections::BTreeSet;
use std::sync::Arc;

use detente_accord::Onward;
use detente_core::act::{
    Act, Body, Consent, ConsentAsk, ConsentRefusal, ConsentScope, MAX_CONSENT, Passage, Presented,
    onward,
};
use detente_core::object::Object;
use detente_core::party::Role;
use detente_core::{AccordId, Digest, PartyId, Purpose, RunId, Transform, UnixSeconds, Whose};
use detente_gate::{Ground, Tally, Verdict};
use detente_state::{ConsentAnswer, ConsentAsked};

use crate::book::Book;
use crate::error::NodeError;
use crate::named::{begins, only};
use crate::node::Node;
use crate::object::observed;
use crate::ports::ReceivedRow;
use crate::report::{ConsentObject, ConsentReport};
use crate::search::named_observable;

/// What this party would pass on.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Values, or addresses of received objects.
    pub of: Vec<String>,
    /// The only originator that is meant, if it must be said.
    pub originator: Option<PartyId>,
    /// Under which accord it is to go on.
    pub accord: AccordId,
    /// To whom.
    pub to: PartyId,
    /// For which purpose alone.
    pub purpose: Option<Purpose>,
    /// The run on which the release will rest, if its clause asks for one.
    pub run: Option<RunId>,
    /// Until when.
    pub until: UnixSeconds,
    /// Why.
    pub reason: String,
}

/// What is consented to, of what was asked.
#[derive(Clone, Debug, Default)]
pub struct Narrow {
    /// These objects alone, by the start of their addresses; all if none is named.
    pub only: Vec<String>,
    /// Until when, if that is sooner.
    pub until: Option<UnixSeconds>,
    /// A note.
    pub note: String,
}

/// A received object, who controls it, and how it goes on.
struct Going {
    row: ReceivedRow,
    passage: Passage,
    clause: String,
    transforms: Vec<Transform>,
}

impl Node {
    /// Asks the originator of received objects whether they may go on. Gives the accord in which
    /// they came, and the request.
    ///
    /// # Errors
    /// [`NodeError::Denied`]: nothing was received under that, it came from several originators or
    /// under several accords, its clause forbids to pass it on, or no clause would let it go.
    pub fn ask_consent(
        &mut self,
        wish: &Wish,
        role: Option<Role>,
    ) -> Result<(AccordId, Digest), NodeError> {
        let (home, originator, rows) = self.received_under(wish)?;
        let mut going = Vec::with_capacity(rows.len());
        for row in rows {
            going.push(self.going_on(row, originator, wish)?);
        }
        going.sort_by_key(|one| one.passage);
        let Some(first) = going.first() else {
            return Err(NodeError::denied("nothing_received", "nothing is asked for", "name it"));
        };
        let same = |one: &&Going| one.clause != first.clause || one.transforms != first.transforms;
        if let Some(other) = going.iter().find(same) {
            return Err(NodeError::denied(
                "several_clauses",
                format!(
                    "some would go on under clause {}, some under {}",
                    first.clause, other.clause
                ),
                format!("ask for each on its own, first for {}", other.row.address.short()),
            ));
        }
        let scope = ConsentScope {
            clause: first.clause.clone(),
            transforms: first.transforms.clone(),
            objects: going.iter().map(|one| one.passage).collect(),
            holder: self.party(),
            receiver: wish.to,
            accord: wish.accord,
            purpose: wish.purpose,
            expires: wish.until,
        };
        let ask = ConsentAsk { originator, scope, reason: wish.reason.clone() };
        ask.check().map_err(|words| NodeError::denied("bad_request", words, "see the help"))?;
        let act = self.perform_in_effect(home, role, Body::AskConsent(ask))?;
        Ok((home, act))
    }

    /// What is meant was received under whose control, and under which accord.
    fn received_under(
        &self,
        wish: &Wish,
    ) -> Result<(AccordId, PartyId, Vec<ReceivedRow>), NodeError> {
        let mut found: Option<(AccordId, PartyId)> = None;
        let mut rows = Vec::new();
        let mut seen = BTreeSet::new();
        for name in &wish.of {
            let mut hits = 0;
            for (row, object) in self.received_named(name)? {
                let Some(control) = self.control_of(&row, &object)? else { continue };
                let originator = control.originator;
                if wish.originator.is_some_and(|meant| meant != originator) || originator == wish.to
                {
                    continue;
                }
                hits += 1;
                if control.onward == Some(Onward::Forbidden) {
                    return Err(NodeError::denied(
                        "onward_forbidden",
                        format!("clause {} forbids to pass {name} on", row.clause),
                        "only a new text can change that",
                    ));
                }
                if *found.get_or_insert((row.accord, originator)) != (row.accord, originator) {
                    return Err(NodeError::denied(
                        "several_originators",
                        "it came from several originators, or under several accords",
                        "ask for each on its own: name the addresses that `search` prints, or the \
                         originator with --originator",
                    ));
                }
                if seen.insert(row.address) {
                    rows.push(row);
                }
            }
            if hits == 0 {
                return Err(NodeError::denied(
                    "nothing_received",
                    format!("nothing that another party controls was received about {name}"),
                    "`detente search` shows what was received, and under whose control it is",
                ));
            }
        }
        if rows.len() > MAX_CONSENT {
            let words = format!("{} objects, a request holds {MAX_CONSENT}", rows.len());
            return Err(NodeError::denied("too_many_objects", words, "ask in several requests"));
        }
        let (home, originator) = found.ok_or_else(|| {
            NodeError::denied("nothing_received", "nothing is asked for", "name values")
        })?;
        Ok((home, originator, rows))
    }

    /// Received objects by value, or one by its address.
    fn received_named(&self, name: &str) -> Result<Vec<(ReceivedRow, Object)>, NodeError> {
        let address: Option<Digest> = name.parse().ok();
        let observable = match address.map(|address| self.object_at(address)).transpose()? {
            Some(Some(object)) => observed(&object)?,
            _ => named_observable(name)?,
        };
        let (mut rows, now) = (Vec::new(), self.now());
        for row in self.store.received(&observable)? {
            let kept = row.is_kept(now);
            if kept && address.is_none_or(|address| address == row.address) {
                let object = Object::decode(&row.bytes).map_err(NodeError::damaged)?;
                rows.push((row, object));
            }
        }
        Ok(rows)
    }

    /// How a received object would go on, if its originator consents.
    fn going_on(
        &self,
        row: ReceivedRow,
        originator: PartyId,
        wish: &Wish,
    ) -> Result<Going, NodeError> {
        let came = Object::decode(&row.bytes).map_err(NodeError::damaged)?;
        if came.handling.originator == Some(Whose::Third) {
            let words =
                format!("{} is marked ORCON without a name: nobody can consent", came.value);
            let remedy = "ask who released it to release it again under its name";
            return Err(NodeError::denied("originator_unknown", words, remedy));
        }
        let goes = onward(&came, originator, wish.purpose).ok_or_else(|| {
            let words = format!("{} is marked for another purpose", came.value);
            NodeError::denied("other_purpose", words, "ask for the purpose that it is marked for")
        })?;
        let now = self.act_time(wish.accord)?;
        let ground = Ground { run: wish.run, ..Ground::NONE };
        let tally = Tally::begin(self.state(wish.accord)?, (self.party(), wish.to), ground, now);
        // All but the consent itself: what no clause would let go is not asked for.
        let mut free = goes.clone();
        free.handling.originator = None;
        match tally.weigh(free).verdict {
            Verdict::Allow(allowance) => {
                let goes = Transform::all(&allowance.transforms, &goes);
                let goes = Object::address(&goes.encode());
                Ok(Going {
                    passage: Passage { came: row.address, goes },
                    clause: allowance.clause.to_string(),
                    transforms: allowance.transforms.to_vec(),
                    row,
                })
            }
            Verdict::Deny(denial) => Err(NodeError::denied(
                denial.code(),
                format!("{} would stay here all the same: {denial}", goes.value),
                "a consent opens no clause: see `detente accord exposure`",
            )),
        }
    }

    /// Consents to what was asked of this party, or to less of it.
    ///
    /// # Errors
    /// [`NodeError`]: no such request waits, or what would go on is not what this party released.
    pub fn give_consent(
        &mut self,
        accord: AccordId,
        ask: &str,
        (narrow, role): (&Narrow, Option<Role>),
    ) -> Result<Digest, NodeError> {
        let asked = self.find_ask(accord, ask)?;
        let (act, mut scope) = (asked.act, asked.ask.scope.clone());
        if !narrow.only.is_empty() {
            let named =
                |passage: &Passage| narrow.only.iter().any(|name| begins(&passage.came, name));
            scope.objects.retain(named);
            if scope.objects.is_empty() {
                let remedy = "`detente consent list` shows what is asked for";
                return Err(NodeError::unknown("object", &narrow.only.join(", "), remedy));
            }
        }
        // Of those that are left: one in another form does not stand in the way of the others.
        for passage in &scope.objects {
            self.check_passage(accord, (passage, &scope))?;
        }
        scope.expires = narrow.until.map_or(scope.expires, |until| until.min(scope.expires));
        let body = Body::Consent(Consent { ask: act, scope, note: narrow.note.clone() });
        self.perform_in_effect(accord, role, body)
    }

    /// Checks that what would go on is what this party released, marked as its own.
    fn check_passage(
        &self,
        accord: AccordId,
        (passage, scope): (&Passage, &ConsentScope),
    ) -> Result<(), NodeError> {
        let deny = |words: String| {
            NodeError::denied("consent_other_form", words, "refuse it, or consent to the others")
        };
        let Some(came) = self.object_at(passage.came)? else {
            return Err(deny(format!("object {} is not here any more", passage.came.short())));
        };
        if self.forbids_onward(accord, passage.came)? {
            return Err(NodeError::denied(
                "onward_forbidden",
                format!(
                    "object {} left under a clause that forbids passing it on",
                    passage.came.short()
                ),
                "refuse it, or consent to the others",
            ));
        }
        let goes = onward(&came, self.party(), scope.purpose);
        let goes = goes.map(|goes| Transform::all(&scope.transforms, &goes).encode());
        if goes.map(|bytes| Object::address(&bytes)) == Some(passage.goes) {
            return Ok(());
        }
        Err(deny(format!("what would go on of {} is not what this party released", came.value)))
    }

    /// Whether a release of this party brought an object under a clause that forbids passing it on.
    fn forbids_onward(&self, accord: AccordId, object: Digest) -> Result<bool, NodeError> {
        let (book, own) = (self.book(accord)?, self.party());
        let released = book.state.releases.iter().filter(|known| known.author == own);
        Ok(released.into_iter().any(|known| {
            let Some(named) = known.object(object) else { return false };
            let Some(Body::Release(body)) = book.act(own, known.act).map(Act::body) else {
                return false;
            };
            let came = self.came(accord, body.text, &named.clause);
            came.is_some_and(|came| came.rule.onward == Some(Onward::Forbidden))
        }))
    }

    /// Refuses what was asked of this party.
    ///
    /// # Errors
    /// [`NodeError`]: no such request waits.
    pub fn refuse_consent(
        &mut self,
        accord: AccordId,
        ask: &str,
        (reason, role): (&str, Option<Role>),
    ) -> Result<Digest, NodeError> {
        let ask = self.find_ask(accord, ask)?.act;
        let body = Body::RefuseConsent(ConsentRefusal { ask, reason: reason.to_owned() });
        self.perform_in_effect(accord, role, body)
    }

    /// The request to this party that a name means.
    fn find_ask(&self, accord: AccordId, name: &str) -> Result<ConsentAsked, NodeError> {
        let own = self.party();
        let asks = self.state(accord)?.consents.asks();
        let asks = asks.filter(|asked| asked.ask.originator == own);
        one_named(asks, |asked| asked.act, name).cloned()
    }

    /// The consent to this party that a name means, wherever it stands: its digest and the accord
    /// under which it lets objects go.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn find_consent(&self, name: &str) -> Result<(Digest, AccordId, PartyId), NodeError> {
        let own = self.party();
        let asks = self.books().flat_map(|book| book.state.consents.asks());
        let given = asks.filter_map(|asked| match &asked.answer {
            ConsentAnswer::Given { act, consent, .. } if consent.scope.holder == own => {
                Some((*act, consent.scope.accord, consent.scope.receiver))
            }
            _ => None,
        });
        one_named(given, |(act, ..)| *act, name)
    }

    /// The accord in whose record a consent to this party stands.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn consent_home(&self, consent: Digest) -> Result<AccordId, NodeError> {
        Ok(self.book_of_consent(consent)?.row.id)
    }

    fn book_of_consent(&self, consent: Digest) -> Result<&Book, NodeError> {
        let mut books = self.books();
        let found = books.find(|book| book.state.consents.asked_by(consent).is_some());
        found.ok_or_else(|| unknown_consent(consent))
    }

    /// A consent to this party: the accord in whose record it stands, the originator, and what it
    /// says; it must stand at this time.
    pub(crate) fn own_consent(
        &self,
        consent: Digest,
        now: UnixSeconds,
    ) -> Result<(AccordId, PartyId, Arc<Consent>), NodeError> {
        let book = self.book_of_consent(consent)?;
        let stands = book.state.consent_stands(consent, now);
        let (originator, given) = stands.map_err(|gap| {
            let remedy = "ask again with `detente consent ask`";
            NodeError::denied(gap.code(), gap.to_string(), remedy)
        })?;
        if given.scope.holder != self.party() {
            return Err(unknown_consent(consent));
        }
        Ok((book.row.id, originator, given))
    }

    /// A consent with all that proves it, from the record in which it stands.
    pub(crate) fn presented(
        &self,
        home: AccordId,
        consent: Digest,
    ) -> Result<Presented, NodeError> {
        let book = self.book(home)?;
        let damaged = || NodeError::damaged("a consent that was folded is not in the record");
        let asked = book.state.consents.asked_by(consent).ok_or_else(damaged)?;
        let originator = asked.ask.originator;
        let act = book.act(originator, consent).ok_or_else(damaged)?;
        // The newest card on which the key stands: others see the card alone, not what followed.
        let mut cards = book.logs.of(originator).iter().rev().filter_map(|act| match act.body() {
            Body::Designate { card } => Some(card),
            _ => None,
        });
        let open =
            |card: &Vec<u8>| Presented::open(card, act.leaf(), *act.salt(), act.body_bytes()).ok();
        cards.find_map(open).ok_or_else(|| {
            NodeError::denied(
                "consent_key_not_on_card",
                "the key that consented is on no card of the originator: others can't check it",
                "ask the originator to renew its card (`detente key renew`), and for a new consent",
            )
        })
    }

    /// Every request for consent in an accord, the newest last.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn consents(&self, accord: AccordId) -> Result<Vec<ConsentReport>, NodeError> {
        let book = self.book(accord)?;
        let now = self.now();
        let mut asks: Vec<&ConsentAsked> = book.state.consents.asks().collect();
        asks.sort_by_key(|asked| (asked.time, asked.act));
        let mut reports = Vec::with_capacity(asks.len());
        for asked in asks {
            reports.push(self.report_consent(&book.row.slug, asked, now)?);
        }
        Ok(reports)
    }

    fn report_consent(
        &self,
        slug: &str,
        asked: &ConsentAsked,
        now: UnixSeconds,
    ) -> Result<ConsentReport, NodeError> {
        let (ask, own) = (&asked.ask, self.party());
        let over = |scope: &ConsentScope| scope.expires <= now;
        let (standing, consent, answered, words) = match &asked.answer {
            ConsentAnswer::Open if over(&ask.scope) => ("expired", None, None, None),
            ConsentAnswer::Open => ("open", None, None, None),
            ConsentAnswer::Withdrawn => ("withdrawn", None, None, None),
            ConsentAnswer::Refused { time, reason } => {
                ("refused", None, Some(*time), Some(reason.clone()))
            }
            ConsentAnswer::Given { act, time, consent, retracted } => {
                let standing = match retracted {
                    Some(_) => "retracted",
                    None if over(&consent.scope) => "expired",
                    None => "given",
                };
                (standing, Some((*act, consent)), Some(*time), Some(consent.note.clone()))
            }
        };
        let scope = consent.map_or(&ask.scope, |(_, consent)| &consent.scope);
        let mut objects = Vec::with_capacity(scope.objects.len());
        for passage in &scope.objects {
            let object = self.object_at(passage.came)?;
            objects.push(ConsentObject {
                came: passage.came.to_string(),
                goes: passage.goes.to_string(),
                kind: object.as_ref().map(|object| object.kind.name().to_owned()),
                value: object.map(|object| object.value),
            });
        }
        let known = self.book(scope.accord).map(|book| book.row.slug.clone());
        Ok(ConsentReport {
            accord: slug.to_owned(),
            ask: asked.act.to_string(),
            asked: asked.time.to_string(),
            by: self.name_of(scope.holder),
            originator: self.name_of(ask.originator),
            for_us: ask.originator == own,
            to: self.name_of(scope.receiver),
            under: known.unwrap_or_else(|_| scope.accord.to_string()),
            clause: scope.clause.clone(),
            purpose: scope.purpose.map(|purpose| purpose.name().to_owned()),
            taken_out: scope.transforms.iter().map(|out| out.name().to_owned()).collect(),
            expires: scope.expires.to_string(),
            reason: ask.reason.clone(),
            standing: standing.to_owned(),
            consent: consent.map(|(act, _)| act.to_string()),
            answered: answered.map(|time| time.to_string()),
            words: words.filter(|words| !words.is_empty()),
            objects,
        })
    }
}

fn unknown_consent(consent: Digest) -> NodeError {
    NodeError::unknown("consent", &consent.to_string(), "see `detente consent list`")
}

/// The only request or consent whose digest begins so.
fn one_named<T>(
    all: impl Iterator<Item = T>,
    digest: impl Fn(&T) -> Digest,
    name: &str,
) -> Result<T, NodeError> {
    let remedy = "give eight digits or more of its digest: see `detente consent list`";
    only(all, digest, name)
        .ok_or_else(|| NodeError::unknown("single request or consent", name, remedy))
}
