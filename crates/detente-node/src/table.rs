//! The table: acts of negotiation as people ask for them, and what they amount to.
//!
//! An act that would have no effect is refused before it is entered, with the fold's own reason:
//! what is on record stays for ever. Only one thing is entered without effect, and only if asked
//! for: an act without authority, which waits until the party confirms it.

use detente_core::act::{Act, Admission, Body, Header};
use detente_core::party::Role;
use detente_core::{AccordId, Digest, PartyId, UnixSeconds};
use detente_state::{Effect, State};
use detente_table::{
    MatrixReport, MeetingReport, Motion, MotionFault, PositionsReport, Resolver, WordsReport,
};

use crate::error::NodeError;
use crate::named::only;
use crate::node::Node;
use crate::ports::AccordRow;
use crate::roster::Signs;

/// By whom a motion is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct By {
    /// The role; none for the first that has the power.
    pub role: Option<Role>,
    /// Whether the act is to be entered though its role has no power for it.
    pub unconfirmed: bool,
    /// The own act in whose place it stands, by the digest of its leaf.
    pub supersedes: Option<Digest>,
}

impl By {
    /// A role that acts within its powers.
    pub const fn role(role: Role) -> By {
        By { role: Some(role), unconfirmed: false, supersedes: None }
    }
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
        let named = |name: &str| {
            let hits = self.parties_named(name);
            if hits.len() == 1 { hits.first().copied() } else { None }
        };
        let state = self.state(accord)?;
        let resolver = Resolver { state, own: self.party(), party: &named };
        let body = motion.body(&resolver).map_err(refused)?;
        let role = match self.role_for(accord, body.kind(), by.role, body.governing()) {
            Ok(role) => role,
            // Who asks for it gets it on record, without effect.
            Err(_) if by.unconfirmed && by.role.is_some() => by.role.unwrap_or(Role::Head),
            Err(error) => return Err(error),
        };
        self.foresee(accord, &By { role: Some(role), ..by }, &body)?;
        let digests = self.enter_all(accord, vec![(Some(role), body)], by.supersedes)?;
        digests.first().copied().ok_or_else(|| NodeError::damaged("no act was entered"))
    }

    /// The act that a name means: the beginning of its digest, eight digits or more.
    ///
    /// # Errors
    /// [`NodeError::Unknown`] if there is none or the name could mean several.
    pub fn find_act(&self, accord: AccordId, name: &str) -> Result<Digest, NodeError> {
        let history = &self.state(accord)?.history;
        let found = only(history.iter().map(|event| event.act), |act| *act, name);
        found.ok_or_else(|| NodeError::unknown("act", name, "see `detente accord history`"))
    }

    /// Refuses what would have no effect.
    pub(crate) fn foresee(&self, accord: AccordId, by: &By, body: &Body) -> Result<(), NodeError> {
        let unconfirmed = by.unconfirmed;
        let Some(act) = self.draft(accord, by, body)? else { return Ok(()) };
        let book = self.book(accord)?;
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

    /// An act as it would be entered next; none without a key for the role.
    pub(crate) fn draft(
        &self,
        accord: AccordId,
        by: &By,
        body: &Body,
    ) -> Result<Option<Act>, NodeError> {
        let role = by.role.unwrap_or(Role::Head);
        let next = self.book(accord)?.admissions.get(&self.party()).map_or(0, Admission::next);
        let header = Header {
            accord,
            author: self.party(),
            kind: body.kind(),
            sequence: next,
            time: self.act_time(accord)?,
            supersedes: by.supersedes,
            seen: self.seen(accord)?,
            body: Digest::new([0; 32]),
        };
        let roster = self.own_roster(accord)?;
        let signs = Signs { accord, role, kind: body.kind(), suite: self.suite_of(accord, body)? };
        let key = self.key_for(&roster, &signs).ok();
        Ok(key.map(|key| Act::create(header, body.clone(), [0; 32], key)))
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
