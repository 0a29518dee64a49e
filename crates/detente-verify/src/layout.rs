//! The folder of an exported record: every path and every byte, from a [`Record`] alone.
//!
//! Is: deterministic, so that the auditor lays out what it has read and compares. Is not: an audit:
//! it refuses only what can't be laid out (a log without a card, a checkpoint that is not of these
//! entries), and looks at no act's signature.

use std::collections::BTreeMap;

use detente_core::act::{ActKind, Body, Header};
use detente_core::encode::DecodeError;
use detente_core::party::{Card, CardFault};
use detente_core::sign::{Unverified, Verified};
use detente_core::{AccordId, Digest, PartyId, log_origin, mirror_name};
use detente_log::{
    Checkpoint, CheckpointError, CosignError, CosignerKey, KeyName, KeyNameError, LeafIndex,
    MAX_ENTRY_BYTES, ProofBundle, PublicKey, PublicKeyError, TreeSize, TrustedLog, VerifierKey,
    encode_bundle, encode_tile, entry_tiles_changed, prove_inclusion, tiles_changed,
};

use crate::folder::{MAX_CHECKPOINT, MAX_ENTRIES};
use crate::json::{self, PartyLine};
use crate::record::{EntryRecord, LogRecord, Record, write_body};
use crate::tree::Tree;
use crate::{path, readme};

/// Proofs of inclusion per log: those of the last entries. Older ones can be made from the tiles.
pub const MAX_PROOFS: usize = 4_096;

/// Why a record can't be laid out. Each is a fault of who made the record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// The first entry carries no sound card.
    #[error("the log of {} does not begin with a sound card", party.short())]
    Card {
        /// Whose log.
        party: PartyId,
        /// What is wrong with it.
        #[source]
        source: CardFault,
    },
    /// The checkpoint is malformed, or not signed by its log.
    #[error("the checkpoint of {} does not hold", party.short())]
    Checkpoint {
        /// Whose log.
        party: PartyId,
        /// What is wrong with it.
        #[source]
        source: CheckpointError,
    },
    /// The checkpoint is of another size or root than the entries, too long, or spelled in another
    /// way than its parts.
    #[error("the checkpoint of {} states another {what} than the record has", party.short())]
    CheckpointDiffers {
        /// Whose log.
        party: PartyId,
        /// Length, size, root or spelling.
        what: &'static str,
    },
    /// A cosignature by a party does not hold.
    #[error("a cosignature of the log of {} does not hold", party.short())]
    Cosignature {
        /// Whose log.
        party: PartyId,
        /// What is wrong with it.
        #[source]
        source: CosignError,
    },
    /// Slug, parties and id of the accord do not fit together.
    #[error("the record's head does not hold: {0}")]
    Head(String),
    /// A log or mirror key of a card is unusable.
    #[error("a key on the card of {} is unusable", party.short())]
    Key {
        /// Whose card.
        party: PartyId,
        /// What is wrong with it.
        #[source]
        source: PublicKeyError,
    },
    /// A log without entries, with too many, or with one that is too long.
    #[error("the log of {} has {got} {what}, at least 1 and at most {max} allowed", party.short())]
    Length {
        /// Whose log.
        party: PartyId,
        /// Entries, or bytes in an entry.
        what: &'static str,
        /// Found.
        got: usize,
        /// Allowed.
        max: usize,
    },
    /// An entry is no act.
    #[error("entry {index} of the log of {} is no act", party.short())]
    Malformed {
        /// Whose log.
        party: PartyId,
        /// Which entry.
        index: usize,
        /// What is wrong with it.
        #[source]
        source: DecodeError,
    },
    /// A name that no key can have.
    #[error("no key can have the name of the log of {}", party.short())]
    Name {
        /// Whose log.
        party: PartyId,
        /// What is wrong with it.
        #[source]
        source: KeyNameError,
    },
    /// An object's address is not the SHA-256 of its bytes.
    #[error("object {} is not what its address says", address.short())]
    ObjectAddress {
        /// Its address in the record.
        address: Digest,
    },
    /// The card in a log is of another party.
    #[error("the log of {} begins with the card of {}", party.short(), card.short())]
    OtherCard {
        /// Whose log.
        party: PartyId,
        /// Whose card.
        card: PartyId,
    },
    /// The tree has no such part: a fault of this program.
    #[error("the tree of {} lacks a {what}", party.short())]
    Part {
        /// Whose log.
        party: PartyId,
        /// Tile, bundle or proof.
        what: &'static str,
    },
    /// A log of somebody who is not a party.
    #[error("{} is not a party of the accord", party.short())]
    Stranger {
        /// Whose log.
        party: PartyId,
    },
}

impl LayoutError {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            LayoutError::Card { .. } => "layout_card",
            LayoutError::Checkpoint { .. } => "layout_checkpoint",
            LayoutError::CheckpointDiffers { .. } => "layout_checkpoint_differs",
            LayoutError::Cosignature { .. } => "layout_cosignature",
            LayoutError::Head(_) => "layout_head",
            LayoutError::Key { .. } => "layout_key",
            LayoutError::Length { .. } => "layout_length",
            LayoutError::Malformed { .. } => "layout_malformed",
            LayoutError::Name { .. } => "layout_name",
            LayoutError::ObjectAddress { .. } => "layout_object_address",
            LayoutError::OtherCard { .. } => "layout_other_card",
            LayoutError::Part { .. } => "layout_part",
            LayoutError::Stranger { .. } => "layout_stranger",
        }
    }
}

/// The whole folder: path to bytes.
///
/// # Errors
/// [`LayoutError`] for a record that has no such folder.
pub fn files(record: &Record) -> Result<BTreeMap<String, Vec<u8>>, LayoutError> {
    let mut files = BTreeMap::new();
    Plan::new(record)?.emit(&mut |path, bytes| {
        files.insert(path, bytes);
    })?;
    Ok(files)
}

/// The card in the first entry of a log.
pub(crate) fn card_of(party: PartyId, body: &[u8]) -> Result<Verified<Card>, LayoutError> {
    let card = |source| LayoutError::Card { party, source };
    let opened = match Body::decode(ActKind::Designate, body) {
        Ok(Body::Designate { card: bytes }) => Card::open(&bytes).map_err(card)?,
        // Decoding as this kind gives no other body.
        Ok(_) => {
            return Err(LayoutError::Part { party, what: "card" });
        }
        Err(error) => return Err(card(CardFault::Malformed(error))),
    };
    match opened.value().party() {
        own if own == party => Ok(opened),
        other => Err(LayoutError::OtherCard { party, card: other }),
    }
}

/// The key that signs a party's log.
pub(crate) fn log_key(
    accord: AccordId,
    party: PartyId,
    card: &Card,
) -> Result<VerifierKey, LayoutError> {
    let name = |source| LayoutError::Name { party, source };
    let name = KeyName::new(&log_origin(accord, party)).map_err(name)?;
    let key = PublicKey::from_bytes(&card.log_key);
    let key = key.map_err(|source| LayoutError::Key { party, source })?;
    Ok(VerifierKey::new(name, key))
}

/// The key with which a party cosigns.
pub(crate) fn mirror_key(party: PartyId, card: &Card) -> Result<CosignerKey, LayoutError> {
    let name = |source| LayoutError::Name { party, source };
    let name = KeyName::new(&mirror_name(party)).map_err(name)?;
    let key = PublicKey::from_bytes(&card.mirror_key);
    let key = key.map_err(|source| LayoutError::Key { party, source })?;
    Ok(CosignerKey::new(name, key))
}

/// The texts that an entry proposes: none or one.
fn text_of(
    party: PartyId,
    index: usize,
    entry: &EntryRecord,
) -> Result<Option<Vec<u8>>, LayoutError> {
    let malformed = |source| LayoutError::Malformed { party, index, source };
    let header = Unverified::<Header>::read(&entry.leaf).map_err(malformed)?;
    if header.claim().kind != ActKind::Propose {
        return Ok(None);
    }
    match Body::decode(ActKind::Propose, &entry.body).map_err(malformed)? {
        Body::Propose { text, .. } => Ok(Some(text)),
        _ => Ok(None),
    }
}

/// A record that can be laid out.
pub(crate) struct Plan<'a> {
    record: &'a Record,
    logs: BTreeMap<PartyId, LogPlan<'a>>,
    /// By log: the keys of the parties that cosigned its checkpoint.
    cosigned: BTreeMap<PartyId, BTreeMap<PartyId, CosignerKey>>,
    texts: BTreeMap<Digest, Vec<u8>>,
}

struct LogPlan<'a> {
    party: PartyId,
    entries: &'a [EntryRecord],
    stored: &'a [u8],
    checkpoint: Checkpoint,
    card: Verified<Card>,
    key: VerifierKey,
    mirror: CosignerKey,
    tree: Tree,
}

impl<'a> Plan<'a> {
    /// Checks that the record can be laid out.
    pub(crate) fn new(record: &'a Record) -> Result<Plan<'a>, LayoutError> {
        json::check_head(record.accord, &record.slug, &record.parties)
            .map_err(|error| LayoutError::Head(error.to_string()))?;
        let mut logs = BTreeMap::new();
        let mut texts = BTreeMap::new();
        let mut cosigned = BTreeMap::new();
        for (&party, log) in &record.logs {
            if !record.parties.contains(&party) {
                return Err(LayoutError::Stranger { party });
            }
            logs.insert(party, LogPlan::new(record.accord, party, log)?);
            for (index, entry) in log.entries.iter().enumerate() {
                if let Some(text) = text_of(party, index, entry)? {
                    texts.insert(Digest::plain(&text), text);
                }
            }
        }
        for log in logs.values() {
            cosigned.insert(log.party, log.cosigned(&logs)?);
        }
        let other = |(address, bytes): &(&Digest, &Vec<u8>)| Digest::plain(bytes) != **address;
        if let Some((&address, _)) = record.objects.iter().find(other) {
            return Err(LayoutError::ObjectAddress { address });
        }
        Ok(Plan { record, logs, cosigned, texts })
    }

    /// Where the checkpoint begins in each proof of a log, counted from the end; and its proofs.
    pub(crate) fn proofs(&self, party: PartyId) -> Option<(usize, usize)> {
        let log = self.logs.get(&party)?;
        Some((log.stored.len(), log.entries.len().min(MAX_PROOFS)))
    }

    /// Gives each file, one after the other.
    pub(crate) fn emit(&self, out: &mut dyn FnMut(String, Vec<u8>)) -> Result<(), LayoutError> {
        out(path::README.to_owned(), readme::TEXT.as_bytes().to_vec());
        out(path::ACCORD.to_owned(), self.accord_json());
        for (digest, text) in &self.texts {
            out(path::text(*digest), text.clone());
        }
        for (digest, bytes) in &self.record.objects {
            out(path::object(*digest), bytes.clone());
        }
        for log in self.logs.values() {
            self.emit_keys(log, out);
            log.emit_tiles(out)?;
            log.emit_entries(out)?;
        }
        Ok(())
    }

    fn accord_json(&self) -> Vec<u8> {
        let line = |party: &PartyId| {
            let log = self.logs.get(party);
            PartyLine {
                id: *party,
                name: log.map(|log| log.card.value().name.as_str()),
                size: log.map_or(0, |log| log.entries.len() as u64),
            }
        };
        let lines: Vec<PartyLine<'_>> = self.record.parties.iter().map(line).collect();
        let objects = self.record.objects.len();
        json::write(self.record.accord, &self.record.slug, objects, &lines)
    }

    fn emit_keys(&self, log: &LogPlan<'_>, out: &mut dyn FnMut(String, Vec<u8>)) {
        let line = |key: String| format!("{key}\n").into_bytes();
        out(path::card(log.party), log.card.bytes().to_vec());
        out(path::checkpoint(log.party), log.stored.to_vec());
        out(path::vkey(log.party), line(log.key.to_vkey()));
        for (other, key) in self.cosigned.get(&log.party).into_iter().flatten() {
            let path = path::mirror_vkey(log.party, *other);
            out(path, line(key.to_vkey()));
        }
    }
}

impl<'a> LogPlan<'a> {
    fn new(
        accord: AccordId,
        party: PartyId,
        log: &'a LogRecord,
    ) -> Result<LogPlan<'a>, LayoutError> {
        let length = |what, got, max| LayoutError::Length { party, what, got, max };
        let entries = log.entries.as_slice();
        let first = match entries.first() {
            Some(first) if entries.len() <= MAX_ENTRIES => first,
            _ => return Err(length("entries", entries.len(), MAX_ENTRIES)),
        };
        let too_long = |entry: &&EntryRecord| entry.leaf.len() > MAX_ENTRY_BYTES;
        if let Some(entry) = entries.iter().find(too_long) {
            let got = entry.leaf.len();
            return Err(length("bytes in an entry", got, MAX_ENTRY_BYTES));
        }
        let card = card_of(party, &first.body)?;
        let key = log_key(accord, party, card.value())?;
        let mirror = mirror_key(party, card.value())?;
        let tree = Tree::of(entries.iter().map(|entry| entry.leaf.as_slice()))
            .map_err(|_| LayoutError::Part { party, what: "node" })?;
        let checkpoint = check_checkpoint(party, &log.checkpoint, &key, &tree)?;
        Ok(LogPlan { party, entries, stored: &log.checkpoint, checkpoint, card, key, mirror, tree })
    }

    /// The parties that cosigned the checkpoint, with their keys. A line that does not hold is
    /// refused.
    fn cosigned(
        &self,
        logs: &BTreeMap<PartyId, LogPlan<'_>>,
    ) -> Result<BTreeMap<PartyId, CosignerKey>, LayoutError> {
        let party = self.party;
        let others = logs.values().filter(|other| other.party != party);
        let keys: Vec<CosignerKey> = others.clone().map(|other| other.mirror.clone()).collect();
        let verified = self.checkpoint.verify(&trusted(party, &self.key)?);
        let verified = verified.map_err(|source| LayoutError::Checkpoint { party, source })?;
        let found = verified.cosignatures(&keys);
        let found = found.map_err(|source| LayoutError::Cosignature { party, source })?;
        let signed = |other: &&LogPlan<'_>| {
            let mut found = found.iter();
            found.any(|cosignature| cosignature.name() == other.mirror.name())
        };
        let signed = others.filter(signed);
        Ok(signed.map(|other| (other.party, other.mirror.clone())).collect())
    }

    fn size(&self) -> TreeSize {
        self.tree.head().size
    }

    fn emit_tiles(&self, out: &mut dyn FnMut(String, Vec<u8>)) -> Result<(), LayoutError> {
        let part = |what| LayoutError::Part { party: self.party, what };
        for tile in tiles_changed(TreeSize::ZERO, self.size()) {
            let hashes = self.tree.tile(&tile).ok_or(part("tile"))?;
            out(path::tile(self.party, &tile), encode_tile(hashes));
        }
        for tile in entry_tiles_changed(TreeSize::ZERO, self.size()) {
            let start = usize::try_from(tile.index()).unwrap_or(usize::MAX);
            let start = start.saturating_mul(256);
            let end = start.saturating_add(usize::from(tile.width()));
            let entries = self.entries.get(start..end).ok_or(part("bundle"))?;
            let leaves: Vec<&[u8]> = entries.iter().map(|entry| entry.leaf.as_slice()).collect();
            let bytes = encode_bundle(&leaves).map_err(|_| part("bundle"))?;
            out(path::bundle(self.party, &tile), bytes);
        }
        Ok(())
    }

    fn emit_entries(&self, out: &mut dyn FnMut(String, Vec<u8>)) -> Result<(), LayoutError> {
        let first_proof = self.entries.len().saturating_sub(MAX_PROOFS);
        for (at, entry) in self.entries.iter().enumerate() {
            let index = at as u64;
            let bytes = write_body(&entry.salt, &entry.body);
            out(path::body(self.party, index), bytes);
            if at < first_proof {
                continue;
            }
            let leaf = LeafIndex::new(index);
            let proof = prove_inclusion(&self.tree, leaf, self.size());
            let proof =
                proof.map_err(|_| LayoutError::Part { party: self.party, what: "proof" })?;
            let bundle = ProofBundle::new(leaf, proof, self.checkpoint.clone());
            let bytes = bundle.to_string().into_bytes();
            out(path::proof(self.party, index), bytes);
        }
        Ok(())
    }
}

/// A log whose origin is the name of its key.
pub(crate) fn trusted(party: PartyId, key: &VerifierKey) -> Result<TrustedLog, LayoutError> {
    TrustedLog::from_key(key.clone()).map_err(|source| LayoutError::Checkpoint { party, source })
}

fn check_checkpoint(
    party: PartyId,
    bytes: &[u8],
    key: &VerifierKey,
    tree: &Tree,
) -> Result<Checkpoint, LayoutError> {
    let differs = |what| Err(LayoutError::CheckpointDiffers { party, what });
    if bytes.len() > MAX_CHECKPOINT {
        return differs("length");
    }
    let refused = |source| LayoutError::Checkpoint { party, source };
    let checkpoint = Checkpoint::parse(bytes).map_err(refused)?;
    let verified = checkpoint.verify(&trusted(party, key)?).map_err(refused)?;
    // Proofs hold the checkpoint as its parts spell it: there must be no other spelling.
    if checkpoint.to_string().as_bytes() != bytes {
        return differs("spelling");
    }
    if verified.head().size != tree.head().size {
        return differs("size");
    }
    if verified.head().root != tree.head().root {
        return differs("root");
    }
    Ok(checkpoint)
}
