//! Cosignatures, and the keys that log and cosign.

use std::collections::BTreeMap;

use detente_core::PartyId;

use super::desk::Desk;
use super::log::LogRead;
use super::name;
use crate::layout::mirror_key;
use crate::path;
use crate::report::{Place, chain, show};

/// Each key serves one purpose of one party: otherwise a log could cosign itself.
pub(super) fn check_keys(desk: &mut Desk<'_>, logs: &BTreeMap<PartyId, LogRead>) {
    let mut owners: BTreeMap<[u8; 32], PartyId> = BTreeMap::new();
    for (&party, log) in logs {
        for key in [log.card.log_key, log.card.mirror_key] {
            if let Some(other) = owners.insert(key, party) {
                let what = format!(
                    "{} and {} use one key for their logs or mirrors",
                    name(logs, other),
                    name(logs, party)
                );
                let place = Place::path(path::card(party)).of(party);
                desk.findings.broken("key_shared", place, what);
            }
        }
    }
}

/// Who cosigned the checkpoint of this log.
pub(super) fn check(
    desk: &mut Desk<'_>,
    logs: &BTreeMap<PartyId, LogRead>,
    party: PartyId,
    log: &LogRead,
) -> Vec<PartyId> {
    let at = || Place::path(path::checkpoint(party)).of(party);
    let Some(checkpoint) = &log.checkpoint else {
        return Vec::new();
    };
    let mut known = vec![(log.key.name().clone(), log.key.id())];
    let mut cosigned = Vec::new();
    for (&other, theirs) in logs.iter().filter(|(other, _)| **other != party) {
        let key = match mirror_key(other, &theirs.card) {
            Ok(key) => key,
            Err(error) => {
                let place = Place::path(path::card(other)).of(other);
                desk.findings.broken(error.code(), place, chain(&error));
                continue;
            }
        };
        known.push((key.name().clone(), key.id()));
        match checkpoint.cosignatures(&[key]) {
            Ok(found) if found.is_empty() => {
                let (whose, other) = (name(logs, party), name(logs, other));
                let what = format!("{other} has not cosigned this checkpoint of {whose} yet");
                desk.findings.note("not_cosigned", at(), what);
            }
            Ok(_) => {
                desk.facts.cosignatures += 1;
                cosigned.push(other);
            }
            Err(error) => desk.findings.broken(error.code(), at(), chain(&error)),
        }
    }
    for line in checkpoint.checkpoint().lines() {
        let is_known = |(name, id): &(_, _)| line.name() == name && line.id() == *id;
        if !known.iter().any(is_known) {
            let signer = show(line.name().as_str());
            let what = format!("a line by {signer} was not checked: no party has such a key");
            desk.findings.note("unknown_signer", at(), what);
        }
    }
    cosigned
}
