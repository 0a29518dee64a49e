//! The record: own logs are written here, and nowhere else.

use detente_core::act::{Act, ActKind, Body, Header, Seen};
use detente_core::party::Role;
use detente_core::{AccordId, Digest, PartyId, UnixSeconds, log_origin, mirror_name};
use detente_log::{
    Appender, Checkpoint, CheckpointBody, CosignerKey, KeyName, NoteSigner, Origin, PublicKey,
    TreeHead, TreeSize, TrustedLog, VerifierKey, root_at,
};

use crate::error::NodeError;
use crate::node::Node;
use crate::ports::LogTiles;
use crate::ports::{EntryRow, LogAppend, LogKey, StoreError};
use crate::table::By;

impl Node {
    /// The own log of an accord.
    pub(crate) fn own_log(&self, accord: AccordId) -> LogKey {
        LogKey { accord, party: self.party() }
    }

    /// Signs acts, enters them into the own log with a new checkpoint, and folds them: all or none.
    /// Returns the digests of the acts asked for.
    pub(crate) fn enter(
        &mut self,
        accord: AccordId,
        acts: Vec<(Role, Body)>,
    ) -> Result<Vec<Digest>, NodeError> {
        let acts = acts.into_iter().map(|(role, body)| (Some(role), body)).collect();
        self.enter_all(accord, acts, None)
    }

    /// As [`Node::enter`]; acts of no role are acts on keys, and the last act may take the place of
    /// an earlier one. What the log lacks of the card and of statements on own keys comes first.
    pub(crate) fn enter_all(
        &mut self,
        accord: AccordId,
        asked_for: Vec<(Option<Role>, Body)>,
        supersedes: Option<Digest>,
    ) -> Result<Vec<Digest>, NodeError> {
        self.is_newest(accord)?;
        let key = self.own_log(accord);
        let row = self.store.log(key)?;
        let asked = asked_for.len();
        let missing = self.missing_key_acts(accord)?.into_iter().map(|body| (None, body));
        let acts: Vec<_> = missing.chain(asked_for).collect();
        if acts.is_empty() {
            return Ok(Vec::new());
        }
        let signed = self.sign_acts(accord, row.edge.size().get(), acts, supersedes)?;
        let mut appender = Appender::new(row.edge);
        let mut entries = Vec::with_capacity(signed.len());
        for act in &signed {
            appender.push_entry(act.leaf()).map_err(NodeError::damaged)?;
            entries.push(EntryRow {
                leaf: act.leaf().to_vec(),
                salt: *act.salt(),
                body: act.body_bytes().to_vec(),
            });
        }
        // What this node would refuse from a peer it does not write itself.
        let own = self.party();
        let (admission, admitted) =
            self.book(accord)?.try_admit(own, &entries).map_err(NodeError::damaged)?;
        let append = appender.finish();
        let checkpoint = self.sign_checkpoint(accord, append.edge.head())?.to_string();
        let write = LogAppend {
            entries: &entries,
            append: &append,
            checkpoint: Some(checkpoint.as_bytes()),
        };
        if let Err(error) = self.store.append(key, &write) {
            self.doubt(accord);
            return Err(error.into());
        }
        let digests = admitted.iter().rev().take(asked).rev().map(Act::digest).collect();
        self.book_mut(accord)?.commit(own, admission, admitted);
        Ok(digests)
    }

    /// Checks that nobody holds a newer own log than is here: to write on would make a fork, which
    /// the others can prove.
    ///
    /// # Errors
    /// [`StoreError::OldCopy`].
    pub fn is_newest(&self, accord: AccordId) -> Result<(), NodeError> {
        let mut doubts = self.doubts.iter().filter(|((of, _), _)| *of == accord);
        match doubts.next() {
            None => Ok(()),
            Some((_, words)) => Err(StoreError::OldCopy(words.clone()).into()),
        }
    }

    /// Keeps what a peer holds against an own log, or takes it back.
    pub(crate) fn set_doubt(
        &mut self,
        accord: AccordId,
        peer: PartyId,
        doubt: Option<&str>,
    ) -> Result<(), NodeError> {
        if self.doubts.get(&(accord, peer)).map(String::as_str) == doubt {
            return Ok(());
        }
        // First in memory: it holds even if the store refuses.
        match doubt {
            Some(words) => self.doubts.insert((accord, peer), words.to_owned()),
            None => self.doubts.remove(&(accord, peer)),
        };
        Ok(self.store.put_doubt(accord, peer, doubt)?)
    }

    /// Signs acts that stand one after the other from place `first` on.
    fn sign_acts(
        &mut self,
        accord: AccordId,
        first: u64,
        acts: Vec<(Option<Role>, Body)>,
        supersedes: Option<Digest>,
    ) -> Result<Vec<Act>, NodeError> {
        let own = self.party();
        let last = first + acts.len() as u64;
        let seen = self.seen(accord)?;
        let time = self.act_time(accord)?;
        let salts = acts.iter().map(|_| self.random()).collect::<Result<Vec<_>, NodeError>>()?;
        let keys = self.signers(accord, &acts)?;
        let mut signed = Vec::with_capacity(acts.len());
        for (place, (((_, body), salt), key)) in
            (first..).zip(acts.into_iter().zip(salts).zip(keys))
        {
            let header = Header {
                accord,
                author: own,
                kind: body.kind(),
                sequence: place,
                time,
                supersedes: supersedes.filter(|_| place + 1 == last),
                seen: seen.clone(),
                body: Digest::new([0; 32]),
            };
            signed.push(Act::create(header, body, salt, key));
        }
        Ok(signed)
    }

    /// The time that the next act states, and with which it is decided: the author's clock never
    /// goes back within its log, even if the machine's does.
    pub(crate) fn act_time(&self, accord: AccordId) -> Result<UnixSeconds, NodeError> {
        let last = self.book(accord)?.admissions.get(&self.party()).map(|a| a.last_time());
        Ok(self.now().max(last.unwrap_or(UnixSeconds::new(0))))
    }

    /// How much of each other party's log counts here: all of it is what an act's author knew. Acts
    /// that still wait are left out, so that no own act ever waits for what somebody claims to have
    /// seen.
    pub(crate) fn seen(&self, accord: AccordId) -> Result<Vec<Seen>, NodeError> {
        let book = self.book(accord)?;
        let mut all = Vec::new();
        for party in book.others(self.party()) {
            let folded = book.state.parties.get(&party).map_or(0, |state| state.folded);
            if folded > 0 {
                let size = TreeSize::new(folded).map_err(NodeError::damaged)?;
                let key = LogKey { accord, party };
                let tiles = LogTiles { store: self.store.as_ref(), key };
                let root = root_at(&tiles.hashes(size), size).map_err(NodeError::damaged)?;
                all.push(Seen { party, size: folded, root: *root.as_bytes() });
            }
        }
        all.sort_unstable();
        Ok(all)
    }

    /// Signs a checkpoint of an own log.
    pub(crate) fn sign_checkpoint(
        &self,
        accord: AccordId,
        head: TreeHead,
    ) -> Result<Checkpoint, NodeError> {
        let name = log_origin(accord, self.party());
        let origin = Origin::new(&name).map_err(NodeError::damaged)?;
        let name = KeyName::new(&name).map_err(NodeError::damaged)?;
        let signer = NoteSigner::new(name, &self.keys.log);
        CheckpointBody::new(origin, head).sign(&[&signer]).map_err(NodeError::damaged)
    }

    /// What verifies the checkpoints of a party's log: its origin and the log key on its card.
    pub(crate) fn trusted_log(&self, key: LogKey) -> Result<TrustedLog, NodeError> {
        let card =
            if key.party == self.party() { self.card().value() } else { self.contact(key.party)? };
        let name = KeyName::new(&log_origin(key.accord, key.party)).map_err(NodeError::damaged)?;
        let public = PublicKey::from_bytes(&card.log_key).map_err(NodeError::damaged)?;
        TrustedLog::from_key(VerifierKey::new(name, public)).map_err(NodeError::damaged)
    }

    /// What verifies a party's cosignatures.
    pub(crate) fn cosigner_key(&self, party: PartyId) -> Result<CosignerKey, NodeError> {
        let card = self.contact(party)?;
        let name = KeyName::new(&mirror_name(party)).map_err(NodeError::damaged)?;
        let public = PublicKey::from_bytes(&card.mirror_key).map_err(NodeError::damaged)?;
        Ok(CosignerKey::new(name, public))
    }

    /// Performs one act by a role that has the power.
    pub(crate) fn perform(
        &mut self,
        accord: AccordId,
        role: Option<Role>,
        body: Body,
    ) -> Result<Digest, NodeError> {
        let kind = body.kind();
        let governing = match body.governing() {
            None => self.state(accord)?.resting_on(&body),
            text => text,
        };
        let role = self.role_for(accord, kind, role, governing)?;
        debug_assert_ne!(kind, ActKind::Designate);
        let digests = self.enter(accord, vec![(role, body)])?;
        digests.first().copied().ok_or_else(|| NodeError::damaged("no act was entered"))
    }

    /// The same, refused if the act would have no effect.
    pub(crate) fn perform_in_effect(
        &mut self,
        accord: AccordId,
        role: Option<Role>,
        body: Body,
    ) -> Result<Digest, NodeError> {
        let role = self.role_for(accord, body.kind(), role, None)?;
        self.foresee(accord, &By::role(role), &body)?;
        self.perform(accord, Some(role), body)
    }
}
