//! Offers and answers: a commitment to the own list, and what goes on record with it.
//!
//! Both go the same way: what may be done is asked while the node is held, the list is read and
//! committed to while it is free, and what may be done is asked once more before the act.

use detente_accord::MatchRule;
use detente_core::act::{Answer, Body, Mode, Offer};
use detente_core::party::Role;
use detente_core::{AccordId, Digest, PartyId, RunId};
use detente_intel::NORMAL_FORM_VERSION;
use detente_match::Engine;
use detente_state::{Entry, MatchRefusal};

use super::list::{Entered, Shape, Source, enter};
use super::{OFFER_SECONDS_MAX, OnProgress, own_engine, refused};
use crate::error::NodeError;
use crate::node::{Node, Shared};
use crate::ports::RunRow;

/// What is to be entered under a clause.
struct Plan {
    source: Source,
    shape: Shape,
    salt_seed: [u8; 32],
    peer: PartyId,
    /// The text whose clause it is.
    text: Digest,
}

/// What an offer adds to it.
struct OfferPlan {
    plan: Plan,
    mode: Mode,
    rule: MatchRule,
    engine: Engine,
}

/// Offers a run: terms and commitment go into the record.
pub(super) fn offer(
    shared: &Shared,
    accord: AccordId,
    (clause, count_only): (&str, bool),
    progress: OnProgress<'_>,
) -> Result<(RunRow, Entered), NodeError> {
    let OfferPlan { plan, mode, rule, engine } =
        shared.lock().plan_offer(accord, clause, count_only)?;
    let Plan { source, shape, salt_seed, peer, text } = plan;
    let entered = enter(shared, source, shape, salt_seed, progress)?;
    let mut node = shared.lock();
    let run = RunId::new(node.random()?);
    let offer = Offer {
        run,
        text,
        clause: clause.to_owned(),
        mode,
        learn: rule.learn,
        normal_form: NORMAL_FORM_VERSION,
        engine: engine.name().to_owned(),
        size: entered.size,
        commitment: entered.commitment,
    };
    let (own, now) = (node.party(), node.act_time(accord)?);
    node.state(accord)?.check_offer(own, &offer, now).map_err(|error| refused(&error))?;
    let row = row((accord, run), peer, (clause, true), &entered);
    node.store.put_run(&row, &[])?;
    node.perform(accord, Some(Role::Analyst), Body::OfferMatch(offer))?;
    Ok((row, entered))
}

/// Takes up a run that the peer's log offers, or says why not. One at a time for each peer: who
/// offers many has this side commit to one list after the other, and never to one that was closed
/// meanwhile.
pub(super) fn answer(
    shared: &Shared,
    peer: PartyId,
    (accord, run): (AccordId, RunId),
    progress: OnProgress<'_>,
) -> Result<(RunRow, Entered), NodeError> {
    let entering = shared.entering(peer);
    let _entering = entering.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let plan = shared.lock().plan_answer(peer, accord, run)?;
    let Plan { source, shape, salt_seed, .. } = plan;
    let entered = enter(shared, source, shape, salt_seed, progress)?;
    let mut node = shared.lock();
    node.may_answer(peer, (accord, run), entered.size)?;
    let offered = node.known_run(accord, run)?;
    let (clause, act) = (offered.offer.clause.clone(), offered.act);
    let row = row((accord, run), peer, (&clause, false), &entered);
    node.store.put_run(&row, &[])?;
    let (size, commitment) = (entered.size, entered.commitment);
    let answer = Answer { run, offer: act, size, commitment };
    node.perform(accord, Some(Role::Analyst), Body::AnswerMatch(answer))?;
    Ok((row, entered))
}

fn row(
    (accord, run): (AccordId, RunId),
    peer: PartyId,
    (clause, initiator): (&str, bool),
    entered: &Entered,
) -> RunRow {
    RunRow {
        run,
        accord,
        peer,
        clause: clause.to_owned(),
        initiator,
        salt_seed: entered.salt_seed,
        items: entered.items,
        common: None,
    }
}

impl Node {
    fn plan_offer(
        &mut self,
        accord: AccordId,
        clause: &str,
        count_only: bool,
    ) -> Result<OfferPlan, NodeError> {
        let own = self.party();
        let now = self.act_time(accord)?;
        let probe = Entry { party: own, clause, size: 0, offers: true };
        let rule = self.state(accord)?.may_match(&probe, now).map_err(|e| refused(&e))?.clone();
        crate::lookup::is_no_lookup(&rule, clause)?;
        let peer = super::match_peer(self, accord, clause)?;
        let mode = if count_only { Mode::Count } else { rule.mode };
        let engine = own_engine(&rule, mode)?;
        let plan = self.plan(accord, (peer, clause), &rule)?;
        Ok(OfferPlan { plan, mode, rule, engine })
    }

    fn plan_answer(
        &mut self,
        peer: PartyId,
        accord: AccordId,
        run: RunId,
    ) -> Result<Plan, NodeError> {
        let rule = self.may_answer(peer, (accord, run), 0)?;
        let clause = self.known_run(accord, run)?.offer.clause.clone();
        self.plan(accord, (peer, &clause), &rule)
    }

    fn plan(
        &mut self,
        accord: AccordId,
        (peer, clause): (PartyId, &str),
        rule: &MatchRule,
    ) -> Result<Plan, NodeError> {
        let source = self.source(accord, (peer, clause), &rule.kinds)?;
        let shape = Shape { max: rule.max_items, pad: rule.pad };
        let text = self.governing_with(accord, peer)?.digest;
        Ok(Plan { source, shape, salt_seed: self.random()?, peer, text })
    }

    /// Whether a run of the peer may be taken up with a list of so many items, and the clause's
    /// terms.
    fn may_answer(
        &self,
        peer: PartyId,
        (accord, run): (AccordId, RunId),
        size: u32,
    ) -> Result<MatchRule, NodeError> {
        let offered = self.known_run(accord, run)?;
        let offer = &offered.offer;
        let deny = |words: &str| NodeError::denied("match_not_open", words, "offer a new run");
        if offered.initiator != peer || offered.answer.is_some() || !offered.closes.is_empty() {
            return Err(deny("the run is not open"));
        }
        if offer.mode == Mode::Lookup {
            return Err(deny("it is a query, which comes with its elements"));
        }
        let now = self.act_time(accord)?;
        if offered.offered.get().abs_diff(self.now().get()) > OFFER_SECONDS_MAX {
            return Err(deny("the offer is dated too far from now"));
        }
        if Engine::from_name(&offer.engine).is_none() || offer.normal_form != NORMAL_FORM_VERSION {
            return Err(deny("engine or normal form is another version than ours"));
        }
        let entry = Entry { party: self.party(), clause: &offer.clause, size, offers: false };
        let state = self.state(accord)?;
        let rule = state.may_match(&entry, now).map_err(|error| refused(&error))?;
        // As the fold asks: under a newer text the clause may have other terms.
        let governing = state.governing((self.party(), None), None, now);
        let in_force = governing.map_err(|error| refused(&error.into()))?.digest;
        if offer.text != in_force {
            return Err(refused(&MatchRefusal::OtherText { named: offer.text, in_force }));
        }
        Ok(rule.clone())
    }
}
