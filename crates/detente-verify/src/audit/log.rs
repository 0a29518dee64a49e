//! One party's log: card, checkpoint, entries, bodies, tree, and the rule of admission.

use detente_core::act::{Act, Admission, AdmitFault, Header, body_digest};
use detente_core::party::Card;
use detente_core::sign::Unverified;
use detente_core::{AccordId, PartyId};
use detente_log::{
    Checkpoint, MAX_BUNDLE_BYTES, TreeSize, VerifiedCheckpoint, VerifierKey, decode_bundle,
    entry_tiles_changed,
};

use super::desk::Desk;
use crate::folder::{MAX_BODY_FILE, MAX_CHECKPOINT, MAX_ENTRIES};
use crate::layout::{LayoutError, card_of, log_key, trusted};
use crate::path;
use crate::record::{EntryRecord, LogRecord, read_body};
use crate::report::{Place, chain};
use crate::tree::Tree;

/// What could be read of a log.
pub(super) struct LogRead {
    pub(super) card: Card,
    pub(super) key: VerifierKey,
    /// None if the log did not sign it.
    pub(super) checkpoint: Option<VerifiedCheckpoint>,
    /// Entries up to the first that could not be read.
    pub(super) record: LogRecord,
    /// Over every entry whose leaf could be read.
    pub(super) tree: Tree,
    /// Acts up to the first that was not admitted, until they are gathered for the fold.
    pub(super) acts: Vec<Act>,
    /// Every entry was read and admitted, and they have the size and root of the checkpoint.
    pub(super) whole: bool,
}

/// Whether there is anything of the log, or should be.
pub(super) fn is_there(desk: &mut Desk<'_>, party: PartyId, size: u64) -> bool {
    let prefix = path::log(party);
    let mut from = desk.paths().range(prefix.clone()..);
    if size > 0 || from.next().is_some_and(|path| path.starts_with(&prefix)) {
        return true;
    }
    let what = format!("there is no log of {}: it has not begun one", party.short());
    desk.findings.note("log_absent", Place::default().of(party), what);
    false
}

/// Reads and checks a log; none if there is no way to begin.
pub(super) fn read(desk: &mut Desk<'_>, accord: AccordId, party: PartyId) -> Option<LogRead> {
    let first = read_entry_body(desk, party, 0)?;
    let (card, key) = match open_card(accord, party, &first.1) {
        Ok(opened) => opened,
        Err(error) => {
            let place = Place::act(party, 0);
            desk.findings.broken(error.code(), place, chain(&error));
            return None;
        }
    };
    desk.facts.signatures += 1;
    let at = || Place::path(path::checkpoint(party)).of(party);
    let stored = desk.read(&path::checkpoint(party), MAX_CHECKPOINT)?;
    let parsed = match Checkpoint::parse(&stored) {
        Ok(parsed) => parsed,
        Err(error) => {
            desk.findings.broken(error.code(), at(), chain(&error));
            return None;
        }
    };
    let checkpoint = verify_checkpoint(desk, party, &parsed, &key);
    let size = parsed.unverified_body().head().size;
    if size.is_zero() || size.get() > MAX_ENTRIES as u64 {
        let what = format!("it states {size} entries: 1 to {MAX_ENTRIES} are read");
        desk.findings.broken("checkpoint_size", at(), what);
        return None;
    }
    let leaves = read_leaves(desk, party, size);
    let tree = Tree::of(leaves.iter().map(Vec::as_slice)).ok()?;
    let grown = check_root(desk, party, &parsed, &tree);
    let entries = read_bodies(desk, party, leaves, first);
    let acts = admit(desk, (accord, party), &entries, grown);
    let whole = grown && checkpoint.is_some() && acts.len() as u64 == size.get();
    Some(LogRead {
        card,
        key,
        checkpoint,
        record: LogRecord { checkpoint: stored, entries },
        tree,
        acts,
        whole,
    })
}

fn open_card(
    accord: AccordId,
    party: PartyId,
    body: &[u8],
) -> Result<(Card, VerifierKey), LayoutError> {
    let card = card_of(party, body)?.into_value();
    let key = log_key(accord, party, &card)?;
    Ok((card, key))
}

fn verify_checkpoint(
    desk: &mut Desk<'_>,
    party: PartyId,
    parsed: &Checkpoint,
    key: &VerifierKey,
) -> Option<VerifiedCheckpoint> {
    let at = || Place::path(path::checkpoint(party)).of(party);
    let log = trusted(party, key).ok()?;
    match parsed.verify(&log) {
        Ok(verified) => {
            desk.facts.signatures += 1;
            Some(verified)
        }
        Err(error) => {
            desk.findings.broken(error.code(), at(), chain(&error));
            None
        }
    }
}

/// The leaves in the bundles, up to the first bundle that can't be read.
fn read_leaves(desk: &mut Desk<'_>, party: PartyId, size: TreeSize) -> Vec<Vec<u8>> {
    let mut leaves = Vec::new();
    for tile in entry_tiles_changed(TreeSize::ZERO, size) {
        let path = path::bundle(party, &tile);
        let Some(bytes) = desk.read(&path, MAX_BUNDLE_BYTES) else {
            break;
        };
        match decode_bundle(&bytes, tile.width()) {
            Ok(bundle) => leaves.extend(bundle.into_iter().map(<[u8]>::to_vec)),
            Err(error) => {
                let place = Place::path(path).of(party);
                desk.findings.broken(error.code(), place, chain(&error));
                break;
            }
        }
    }
    leaves
}

/// Whether all entries were read and have the checkpoint's root.
fn check_root(desk: &mut Desk<'_>, party: PartyId, parsed: &Checkpoint, tree: &Tree) -> bool {
    let stated = parsed.unverified_body().head();
    let found = tree.head();
    if found.size != stated.size {
        // A bundle could not be read, and that is a finding already.
        return false;
    }
    if found.root != stated.root {
        let what = format!(
            "it states root {}, the {} entries in the bundles have root {}",
            stated.root, found.size, found.root
        );
        let place = Place::path(path::checkpoint(party)).of(party);
        desk.findings.broken("root_differs", place, what);
        return false;
    }
    true
}

fn read_entry_body(desk: &mut Desk<'_>, party: PartyId, index: u64) -> Option<([u8; 32], Vec<u8>)> {
    let bytes = desk.read(&path::body(party, index), MAX_BODY_FILE)?;
    match read_body(&bytes) {
        Ok(read) => Some(read),
        Err(error) => {
            let what = format!("not a salt and a body: {}", chain(&error));
            let place = Place::act(party, index);
            desk.findings.broken("body_malformed", place, what);
            None
        }
    }
}

/// Joins leaves with their bodies, up to the first that can't be read.
fn read_bodies(
    desk: &mut Desk<'_>,
    party: PartyId,
    leaves: Vec<Vec<u8>>,
    first: ([u8; 32], Vec<u8>),
) -> Vec<EntryRecord> {
    let mut entries = Vec::with_capacity(leaves.len());
    let mut first = Some(first);
    for (index, leaf) in leaves.into_iter().enumerate() {
        let read = match first.take() {
            Some(first) => Some(first),
            None => read_entry_body(desk, party, index as u64),
        };
        let Some((salt, body)) = read else { break };
        entries.push(EntryRecord { leaf, salt, body });
    }
    entries
}

/// The acts, up to the first that may not stand in the log.
fn admit(
    desk: &mut Desk<'_>,
    (accord, party): (AccordId, PartyId),
    entries: &[EntryRecord],
    grown: bool,
) -> Vec<Act> {
    let mut admission = Admission::new(accord, party);
    let mut acts = Vec::with_capacity(entries.len());
    for entry in entries {
        let index = admission.next();
        match admission.admit(&entry.leaf, entry.salt, &entry.body) {
            Ok(act) => acts.push(act),
            Err(fault) => {
                refuse(desk, party, (index, entries.len() as u64), entry, (&fault, grown));
                break;
            }
        }
    }
    desk.facts.signatures += acts.len() as u64;
    desk.facts.entries += acts.len() as u64;
    acts
}

/// Names the file at fault. The tree speaks for the leaf, the leaf for the body.
fn refuse(
    desk: &mut Desk<'_>,
    party: PartyId,
    (index, size): (u64, u64),
    entry: &EntryRecord,
    (fault, grown): (&AdmitFault, bool),
) {
    let header = Unverified::<Header>::read(&entry.leaf);
    let bound =
        header.is_ok_and(|header| header.claim().body == body_digest(&entry.salt, &entry.body));
    let path = if grown && !bound {
        path::body(party, index)
    } else {
        path::bundle_of(party, index, size)
    };
    let place = |path: String| Place::path(path).of(party).entry(index);
    let mut what = chain(fault);
    let rest = size.saturating_sub(index + 1);
    if rest > 0 {
        what.push_str(&format!("; the {rest} entries after it were not looked at"));
    }
    desk.findings.broken(fault.code(), place(path), &*what);
    if !grown && !bound {
        // Either may be the altered one.
        let path = path::body(party, index);
        desk.findings.broken(fault.code(), place(path), what);
    }
}
