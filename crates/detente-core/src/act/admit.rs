//! Takes the entries of one party's log, one after the other, and lets only sound acts through.

use crate::act::{Act, ActFault, ActKind, Body, Header, Salt, Seen};
use crate::id::{AccordId, KeyId, PartyId};
use crate::party::{Card, CardFault};
use crate::roster::{Entered, Roster};
use crate::sign::{Unverified, Verified};
use crate::time::UnixSeconds;

/// Why an entry can't stand in a log. Every one of these is the log's author's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdmitFault {
    /// The act itself is unsound.
    #[error("entry {index} is no sound act")]
    Act {
        /// Place in the log.
        index: u64,
        /// What is wrong with it.
        #[source]
        source: ActFault,
    },
    /// The card in the first entry is unsound.
    #[error("entry 0 does not carry a sound party card")]
    Card(#[from] CardFault),
    /// The first entry is not the author's card.
    #[error("entry {index} is a {kind} act: a log begins with a designate act")]
    Designation {
        /// Place in the log.
        index: u64,
        /// The kind found.
        kind: ActKind,
    },
    /// The header names another accord, author or place.
    #[error("entry {index} states another {what} than its log has")]
    Misplaced {
        /// Place in the log.
        index: u64,
        /// Accord, author or sequence.
        what: &'static str,
    },
    /// The author's clock or its view of another log goes back.
    #[error("entry {index} goes back: its {what} is older than in the entry before")]
    GoesBack {
        /// Place in the log.
        index: u64,
        /// Time or seen checkpoint.
        what: &'static str,
    },
    /// An act on keys came without its body.
    #[error("entry {index} changes the author's keys: its body can't be withheld")]
    Withheld {
        /// Place in the log.
        index: u64,
    },
    /// The author has named no such key before.
    #[error("entry {index} is signed by key {}, which its author has not named", key.short())]
    UnknownKey {
        /// Place in the log.
        index: u64,
        /// The key named.
        key: KeyId,
    },
}

impl AdmitFault {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            AdmitFault::Act { source, .. } => source.code(),
            AdmitFault::Card(fault) => fault.code(),
            AdmitFault::Designation { .. } => "log_designation",
            AdmitFault::Withheld { .. } => "log_withheld_keys",
            AdmitFault::Misplaced { .. } => "log_misplaced_entry",
            AdmitFault::GoesBack { .. } => "log_goes_back",
            AdmitFault::UnknownKey { .. } => "log_unknown_key",
        }
    }
}

/// The gate of one log: what the next entry must satisfy.
#[derive(Clone, Debug)]
pub struct Admission {
    accord: AccordId,
    author: PartyId,
    /// Keys with which entries are checked. Which of them may do what, the fold decides.
    roster: Option<Roster>,
    next: u64,
    last_time: UnixSeconds,
    last_seen: Vec<Seen>,
}

impl Admission {
    /// The start of `author`'s log in `accord`.
    pub fn new(accord: AccordId, author: PartyId) -> Admission {
        let last_time = UnixSeconds::new(0);
        Admission { accord, author, roster: None, next: 0, last_time, last_seen: Vec::new() }
    }

    /// The author's newest card, once its first entry was admitted.
    pub fn card(&self) -> Option<&Card> {
        self.roster.as_ref().map(Roster::card)
    }

    /// The author's keys, once its first entry was admitted.
    pub const fn roster(&self) -> Option<&Roster> {
        self.roster.as_ref()
    }

    /// The author's time in the newest entry; the next may not be older.
    pub const fn last_time(&self) -> UnixSeconds {
        self.last_time
    }

    /// The place of the next entry.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Checks the next entry with its body and, if it is sound, moves on.
    ///
    /// # Errors
    /// [`AdmitFault`]; nothing has changed then.
    pub fn admit(&mut self, leaf: &[u8], salt: Salt, body: &[u8]) -> Result<Act, AdmitFault> {
        let index = self.next;
        let act_fault = |source| AdmitFault::Act { index, source };
        if index == 0 {
            let (act, card) = self.admit_card(leaf, salt, body)?;
            self.advance(&act);
            self.roster = Some(Roster::new(card));
            return Ok(act);
        }
        let unverified = Unverified::<Header>::read(leaf).map_err(|e| act_fault(e.into()))?;
        // A new card or a rotation may be entered by a key that it brings itself.
        let moved = self.moved_by(unverified.claim(), body);
        let header = self.verify(unverified, moved.as_ref().or(self.roster.as_ref()))?;
        let act = Act::join(header, salt, body).map_err(act_fault)?;
        self.advance(&act);
        if moved.is_some() {
            self.roster = moved;
        }
        Ok(act)
    }

    /// Checks the next entry whose body is withheld.
    ///
    /// # Errors
    /// [`AdmitFault`]; nothing has changed then. Acts on keys, as the first entry is one, can't be
    /// withheld.
    pub fn admit_leaf(&mut self, leaf: &[u8]) -> Result<Verified<Header>, AdmitFault> {
        let index = self.next;
        let unverified = Unverified::<Header>::read(leaf)
            .map_err(|error| AdmitFault::Act { index, source: error.into() })?;
        let header = self.verify(unverified, self.roster.as_ref())?;
        if header.value().kind.moves_keys() {
            return Err(AdmitFault::Withheld { index });
        }
        self.advance_header(header.value());
        Ok(header)
    }

    /// The keys as an act on keys leaves them. One that changes nothing, because a signature in it
    /// does not hold or its signer may not, stands in the log all the same: the fold says why.
    fn moved_by(&self, claim: &Header, body: &[u8]) -> Option<Roster> {
        if !claim.kind.moves_keys() {
            return None;
        }
        let mut moved = self.roster.clone()?;
        let entered = Entered { accord: self.accord, at: claim.time };
        let body = Body::decode(claim.kind, body).ok()?;
        moved.take(&body, entered).ok().map(|()| moved)
    }

    fn verify(
        &self,
        unverified: Unverified<Header>,
        roster: Option<&Roster>,
    ) -> Result<Verified<Header>, AdmitFault> {
        let (index, key) = (self.next, unverified.key());
        let public = roster.and_then(|roster| roster.key(key));
        let public = public.ok_or(AdmitFault::UnknownKey { index, key })?;
        let header = unverified
            .verify(public)
            .map_err(|error| AdmitFault::Act { index, source: error.into() })?;
        self.check(header.value())?;
        Ok(header)
    }

    fn admit_card(&self, leaf: &[u8], salt: Salt, body: &[u8]) -> Result<(Act, Card), AdmitFault> {
        let act_fault = |source| AdmitFault::Act { index: 0, source };
        let unverified = Unverified::<Header>::read(leaf).map_err(|e| act_fault(e.into()))?;
        // Before the body: the body of another kind may look like a card's.
        let kind = unverified.claim().kind;
        if kind != ActKind::Designate {
            return Err(AdmitFault::Designation { index: 0, kind });
        }
        let decoded = Body::decode(kind, body).map_err(|e| act_fault(e.into()))?;
        let Body::Designate { card } = decoded else {
            let kind = decoded.kind();
            return Err(AdmitFault::Designation { index: 0, kind });
        };
        let card = Card::open(&card)?.into_value();
        if card.party() != self.author {
            return Err(AdmitFault::Misplaced { index: 0, what: "author" });
        }
        // The root signed the card and can stay offline: any key on the card may enter it.
        let key = unverified.key();
        let role = card.role_of(key).ok_or(AdmitFault::UnknownKey { index: 0, key })?;
        let header = unverified.verify(&role.key).map_err(|e| act_fault(e.into()))?;
        let act = Act::join(header, salt, body).map_err(act_fault)?;
        self.check(act.header())?;
        Ok((act, card))
    }

    fn check(&self, header: &Header) -> Result<(), AdmitFault> {
        let index = self.next;
        let misplaced = |what| Err(AdmitFault::Misplaced { index, what });
        if header.accord != self.accord {
            return misplaced("accord");
        }
        if header.author != self.author {
            return misplaced("author");
        }
        if header.sequence != index {
            return misplaced("sequence");
        }
        if header.time < self.last_time {
            return Err(AdmitFault::GoesBack { index, what: "time" });
        }
        for last in &self.last_seen {
            let now = header.seen.iter().find(|seen| seen.party == last.party);
            // The same size with another root is another log, and no newer view of this one.
            let older = |now: &Seen| now.size < last.size || (now.size == last.size && now != last);
            if now.is_none_or(older) {
                return Err(AdmitFault::GoesBack { index, what: "seen checkpoint" });
            }
        }
        Ok(())
    }

    fn advance(&mut self, act: &Act) {
        self.advance_header(act.header());
    }

    fn advance_header(&mut self, header: &Header) {
        self.next += 1;
        self.last_time = header.time;
        self.last_seen.clone_from(&header.seen);
    }
}

#[cfg(test)]
mod tests;
