//! The table: acts of negotiation as people ask for them, and what they amount to.
//!
//! An act that would have no effect is refused before it is entered, with the fold's own reason:
//! what is on record stays for ever. Only one thing is entered without effect, and only if asked
//! for: an act without authority, which waits until the party confirms it.

use detente_core::act::{Act, Admission, Body, Header, Step};
use detente_core::party::Role;
use detente_core::{AccordId, Digest, PartyId, UnixSeconds};
use detente_state::{Effect, State};
use detente_table::{
    MatrixReport, MeetingReport, Motion, MotionFault, PositionsReport, Resolver, WordsReport,
};

use crate::error::NodeError;
use crate::node::Node;
use crate::ports::AccordRow;

/// By whom a motion is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct By {
    /// The role; none for the first that has the power.
    pub role: Option<Role>,
    /// Whether the act is to be entered though its role has no power for it.
    pub unconfirmed: bool,
}

impl Node {
    /// Opens an accord with other parties before there is a text: positions can be taken on
    /// matters.
    ///
    /// # Errors
    /// [`NodeError::Denied`]: a bad name, no other party, or one whose card is not here.
    pub fn open_accord(&mut self, slug: &str, others: &[PartyId]) -> Result<AccordId, NodeError> {
        if !detente_accord::is_slug(slug) {
            return Err(NodeError::denied(
                "bad_slug",
                format!("an accord can't be called {slug:?}"),
                "use at most 64 lower-case letters, digits and hyphens",
            ));
        }
        let mut parties = others.to_vec();
        parties.push(self.party());
        parties.sort_unstable();
        parties.dedup();
        if parties.len() < 2 {
            return Err(NodeError::denied("no_other_party", "nobody is at the table", "name one"));
        }
        let stranger = parties
            .iter()
            .find(|party| **party != self.party() && !self.contacts.contains_key(party));
        if let Some(stranger) = stranger {
            return Err(NodeError::denied(
                "stranger",
                format!("no card of party {} is here", stranger.short()),
                "add its card with `detente party add FILE`",
            ));
        }
        let row =
            AccordRow { id: AccordId::derive(slug, &parties), slug: slug.to_owned(), parties };
        let id = row.id;
        self.store.put_accord(&row)?;
        self.load(row)?;
        Ok(id)
    }

    /// Enters what a person asks for at the table.
    ///
    /// # Errors
    /// [`NodeError::Denied`]: the motion makes no act, its role has no power for it, or it would
    /// have no effect.
    pub fn move_motion(
        &mut self,
        accord: AccordId,
        motion: &Motion,
        by: By,
    ) -> Result<Digest, NodeError> {
        let named = |name: &str| self.party_named(name);
        let state = self.state(accord)?;
        let resolver = Resolver { state, own: self.party(), party: &named };
        let body = motion.body(&resolver).map_err(refused)?;
        let governing = match &body {
            Body::Stance(Step::Ratify | Step::Accede, stance) => stance.matter.text(),
            _ => None,
        };
        let role = match self.role_for(accord, body.kind(), by.role, governing) {
            Ok(role) => role,
            // Who asks for it gets it on record, without effect.
            Err(_) if by.unconfirmed && by.role.is_some() => by.role.unwrap_or(Role::Head),
            Err(error) => return Err(error),
        };
        self.foresee(accord, role, &body, by.unconfirmed)?;
        let digests = self.enter(accord, vec![(role, body)])?;
        digests.first().copied().ok_or_else(|| NodeError::damaged("no act was entered"))
    }

    /// Refuses what would have no effect.
    pub(crate) fn foresee(
        &self,
        accord: AccordId,
        role: Role,
        body: &Body,
        unconfirmed: bool,
    ) -> Result<(), NodeError> {
        let book = self.book(accord)?;
        let next = book.admissions.get(&self.party()).map_or(0, Admission::next);
        let header = Header {
            accord,
            author: self.party(),
            kind: body.kind(),
            sequence: next,
            time: self.act_time(accord)?,
            supersedes: None,
            seen: self.seen(accord)?,
            body: Digest::new([0; 32]),
        };
        let Some(key) = self.keys.role(role) else { return Ok(()) };
        let act = Act::create(header, body.clone(), [0; 32], key);
        match book.state.foresee(&act, self.card().value()) {
            Effect::Void { reason } => Err(NodeError::denied(
                "without_effect",
                format!("the act would have no effect: {reason}"),
                "nothing was entered; see `detente accord status`",
            )),
            // A second person is asked for by the text: such an act is to be entered.
            Effect::Unconfirmed { .. }
                if unconfirmed || book.state.asks_two(body.kind(), body).is_some() =>
            {
                Ok(())
            }
            Effect::Unconfirmed { reason } => Err(NodeError::denied(
                "no_authority",
                reason,
                "let a role act that may, or enter it all the same with --unconfirmed",
            )),
            Effect::InEffect | Effect::Reversal(_) => Ok(()),
        }
    }

    /// A party whose card is here, by name or the beginning of its fingerprint.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn contact_named(&self, name: &str) -> Result<PartyId, NodeError> {
        let found = self.party_named(name).filter(|party| *party != self.party());
        found.ok_or_else(|| {
            NodeError::unknown("party", name, "list parties with `detente party list`")
        })
    }

    /// The party with this name, or whose fingerprint begins so.
    fn party_named(&self, name: &str) -> Option<PartyId> {
        let own = std::iter::once((self.party(), &self.card().value().name));
        let others = self.contacts.iter().map(|(id, card)| (*id, &card.value().name));
        let all: Vec<(PartyId, &String)> = own.chain(others).collect();
        let by_name = all.iter().filter(|(_, known)| known.eq_ignore_ascii_case(name));
        let by_print =
            all.iter().filter(|(id, _)| name.len() >= 8 && id.to_string().starts_with(name));
        let mut hits = by_name.chain(by_print);
        let first = hits.next()?;
        hits.all(|other| other.0 == first.0).then_some(first.0)
    }

    /// Where all parties stand at `at`, or now.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn positions(
        &self,
        accord: AccordId,
        at: Option<UnixSeconds>,
    ) -> Result<PositionsReport, NodeError> {
        let names = |party: PartyId| self.name_of(party);
        let at = at.unwrap_or_else(|| self.now());
        Ok(detente_table::positions(self.state(accord)?, &names, at))
    }

    /// What binds whom at `at`, or now: clause by clause, direction by direction.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn matrix(
        &self,
        accord: AccordId,
        at: Option<UnixSeconds>,
    ) -> Result<Option<MatrixReport>, NodeError> {
        let names = |party: PartyId| self.name_of(party);
        let at = at.unwrap_or_else(|| self.now());
        Ok(detente_table::matrix(self.state(accord)?, &names, at))
    }

    /// The text under negotiation.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn words(
        &self,
        accord: AccordId,
        language: Option<&str>,
    ) -> Result<WordsReport, NodeError> {
        let names = |party: PartyId| self.name_of(party);
        Ok(detente_table::words(self.state(accord)?, &names, language))
    }

    /// The accounts of all meetings side by side.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn meetings(&self, accord: AccordId) -> Result<Vec<MeetingReport>, NodeError> {
        let names = |party: PartyId| self.name_of(party);
        let state: &State = self.state(accord)?;
        Ok(detente_table::meetings(state, &names))
    }
}

fn refused(fault: MotionFault) -> NodeError {
    NodeError::denied(fault.code(), fault.to_string(), fault.remedy())
}
