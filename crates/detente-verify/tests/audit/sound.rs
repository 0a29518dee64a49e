//! Records that hold.

use std::collections::BTreeMap;

use detente_core::act::{Body, Header};
use detente_core::{Digest, Tlp};
use detente_log::{Checkpoint, Hash, ProofBundle, Tile, leaf_hash};
use detente_verify::{Report, Severity, audit, files};

use crate::world::{A, B, C, World, key, object};

#[track_caller]
pub fn assert_sound(report: &Report) {
    assert!(report.is_sound(), "{:#?}", report.findings);
}

pub fn codes(report: &Report, severity: Severity) -> Vec<&'static str> {
    let found = report.findings.iter();
    let found = found.filter(|finding| finding.severity == severity);
    found.map(|finding| finding.code).collect()
}

#[test]
fn a_whole_story_is_sound() {
    let world = World::story();
    let folder = files(&world.record()).unwrap();
    let report = audit(&folder);
    assert_sound(&report);
    assert_eq!(report.findings, []);
    let facts = report.facts;
    let entries: usize = world.logs.values().map(Vec::len).sum();
    assert_eq!(facts.entries, entries as u64);
    // Each act, each card, each checkpoint.
    assert_eq!(facts.signatures, entries as u64 + 4);
    assert_eq!((facts.cosignatures, facts.releases, facts.receipts), (2, 1, 1));
    assert_eq!((facts.objects, facts.proofs), (2, entries as u64));
    assert_eq!(facts.files, folder.len() as u64);
    assert_eq!(report.history.len(), entries);
    let agreed = report.agreed.unwrap();
    assert_eq!(agreed.text, world.digest());
    for party in &report.parties {
        assert_eq!(party.words, detente_core::words(&party.id));
        assert_eq!(party.cosigned_by.len(), 1);
    }
}

#[test]
fn the_same_record_gives_the_same_folder() {
    let record = World::story().record();
    assert_eq!(files(&record).unwrap(), files(&record).unwrap());
}

#[test]
fn the_folder_is_what_the_specifications_say() {
    let world = World::story();
    let folder = files(&world.record()).unwrap();
    let party = world.id(A);
    let file = |path: &str| &folder[&format!("logs/{party}/{path}")];
    let checkpoint = Checkpoint::parse(file("checkpoint")).unwrap();
    let body = checkpoint.unverified_body();
    assert_eq!(*body.head(), world.head(A));
    let size = world.logs[&party].len();
    let tile = Tile::new(0, 0, u16::try_from(size).unwrap()).unwrap();
    let hashes = detente_log::decode_tile(&tile, file(&tile.path())).unwrap();
    let leaves: Vec<Hash> = world.logs[&party].iter().map(|act| leaf_hash(act.leaf())).collect();
    assert_eq!(hashes, leaves);
    let vkey = String::from_utf8(file("vkey").clone()).unwrap();
    let key = detente_log::VerifierKey::parse(vkey.trim_end()).unwrap();
    let log = detente_log::TrustedLog::from_key(key).unwrap();
    for (index, leaf) in leaves.iter().enumerate() {
        let bytes = file(&format!("proofs/{index}.tlog-proof"));
        let bundle = ProofBundle::parse(bytes).unwrap();
        bundle.verify(leaf, &log).unwrap();
    }
    let vkey = file(&format!("{}.vkey", world.id(B)));
    let vkey = String::from_utf8(vkey.clone()).unwrap();
    let key = detente_log::CosignerKey::parse(vkey.trim_end()).unwrap();
    let verified = checkpoint.verify(&log).unwrap();
    assert_eq!(verified.cosignatures(&[key]).unwrap().len(), 1);
    for (path, bytes) in &folder {
        let name = path.rsplit('/').next().unwrap();
        if path.starts_with("texts/") || path.starts_with("objects/") {
            assert_eq!(name.split('.').next().unwrap(), Digest::plain(bytes).to_string());
        }
    }
    let text = format!("texts/{}.toml", world.digest());
    assert_eq!(folder[&text], world.text);
}

#[test]
fn a_log_of_more_than_a_tile_is_sound() {
    let mut world = World::story();
    for _ in 0..260 {
        for (stop, what) in [(true, "on"), (false, "off")] {
            let reason = what.to_owned();
            world.act(
                B,
                if stop { Body::Stop { reason } } else { Body::Resume { reason, act: None } },
            );
        }
    }
    let folder = files(&world.record()).unwrap();
    let full = format!("logs/{}/tile/0/001", world.id(B));
    assert_eq!(folder[&full].len(), 256 * 32);
    assert!(folder.contains_key(&format!("logs/{}/tile/1/000.p/2", world.id(B))));
    let report = audit(&folder);
    assert_sound(&report);
}

#[test]
fn a_party_without_a_log_is_a_note() {
    let mut world = World::new();
    let text = world.text.clone();
    let b = world.id(B);
    world.logs.get_mut(&b).unwrap().clear();
    world.act(A, Body::Propose { text, base: None });
    let mut record = world.record_of(&[A]);
    record.objects = BTreeMap::new();
    let report = audit(&files(&record).unwrap());
    assert_sound(&report);
    // It has cosigned already, with a key that no card shows yet.
    let notes = codes(&report, Severity::Note);
    assert_eq!(notes, ["log_absent", "unknown_signer"]);
    assert_eq!(report.parties.iter().filter(|p| p.name.is_none()).count(), 1);
}

#[test]
fn what_is_not_shown_or_not_yet_done_is_a_note() {
    let mut world = World::story();
    let address = *world.objects.keys().next().unwrap();
    world.objects.remove(&address);
    let mut record = world.record();
    let head = world.sign_head(A, world.head(A));
    record.logs.get_mut(&world.id(A)).unwrap().checkpoint = head.to_string().into_bytes();
    let report = audit(&files(&record).unwrap());
    assert_sound(&report);
    assert_eq!(codes(&report, Severity::Note), ["not_cosigned", "object_absent"]);
}

/// The count in accord.json once stood in the first finding, as if that file had been altered.
#[test]
fn a_missing_object_is_what_is_missing() {
    let world = World::story();
    let mut folder = files(&world.record()).unwrap();
    let gone = folder.keys().find(|path| path.starts_with("objects/")).unwrap().clone();
    folder.remove(&gone);
    let report = audit(&folder);
    assert_eq!(codes(&report, Severity::Broken), ["object_missing"]);
    assert_eq!(report.findings[0].place.path.as_ref(), Some(&gone));
}

#[test]
fn a_line_by_an_unknown_witness_is_a_note() {
    let world = World::story();
    let mut record = world.record();
    let log = record.logs.get_mut(&world.id(A)).unwrap();
    log.checkpoint.extend_from_slice("\u{2014} witness.example AAAAAQI=\n".as_bytes());
    let report = audit(&files(&record).unwrap());
    assert_sound(&report);
    assert_eq!(codes(&report, Severity::Note), ["unknown_signer"]);
}

#[test]
fn acts_that_cross_on_their_way_are_no_breach() {
    let mut world = World::new();
    world.agree();
    let run = world.run(1);
    let header = world.header(A);
    let objects = [object("a.example", Tlp::Amber)];
    let release = world.self_made(Some(run), &objects);
    let reason = "at once".to_owned();
    world.act(B, Body::Stop { reason });
    // A's clock runs on, but it has not seen the stop.
    let (sequence, time) = (header.sequence, world.now());
    let crossing = Header { time, ..header };
    let mut seen_it = world.header(A);
    seen_it.sequence = sequence;
    let mut other = World::new();
    other.logs = world.logs.clone();
    other.objects = world.objects.clone();
    other.clock = world.clock;
    world.act_by(A, crossing, Body::Release(release.clone()));
    let report = audit(&files(&world.record()).unwrap());
    assert_sound(&report);
    assert_eq!(codes(&report, Severity::Note), ["act_crossed", "receipt_missing"]);
    // Had it seen the stop, it would be one.
    other.act_by(A, seen_it, Body::Release(release));
    let report = audit(&files(&other.record()).unwrap());
    assert_eq!(codes(&report, Severity::Breach), ["stopped"]);
}

#[test]
fn what_an_author_had_not_seen_does_not_excuse_it() {
    let mut world = World::new();
    world.agree();
    let run = world.run(1);
    let reason = "at once".to_owned();
    world.act(B, Body::Stop { reason });
    let header = world.header(A);
    let objects = [object("a.example", Tlp::Amber)];
    let release = world.self_made(Some(run), &objects);
    let reason = "it is over".to_owned();
    world.act(B, Body::Resume { reason, act: None });
    // In the fold the stop is lifted before the release, but A knew of the stop alone.
    let time = world.now();
    world.act_by(A, Header { time, ..header }, Body::Release(release));
    let report = audit(&files(&world.record()).unwrap());
    assert_eq!(codes(&report, Severity::Breach), ["stopped"]);
}

#[test]
fn with_three_parties_a_release_holds_for_those_it_may_go_to() {
    let release = |receiver: usize| {
        let mut world = World::three();
        world.agree();
        let run = world.run(1);
        let body = world.self_made(Some(run), &[object("a.example", Tlp::Amber)]);
        let manifest = body.manifest_digest();
        let release = world.act(A, Body::Release(body));
        world.act(receiver, Body::Receipt { release, manifest });
        audit(&files(&world.record()).unwrap())
    };
    let report = release(B);
    assert_sound(&report);
    assert_eq!(report.facts.cosignatures, 6);
    assert_eq!(codes(&report, Severity::Note), ["release_narrow"]);
    let report = release(C);
    assert_eq!(codes(&report, Severity::Breach), ["release_receiver"]);
}

#[test]
fn an_act_without_power_is_without_effect_and_a_note() {
    let mut world = World::new();
    world.agree();
    let header = world.header(A);
    let text = world.digest();
    let reason = "no".to_owned();
    // The duty officer may stop and nothing else.
    world.act_with(A, header, Body::Refuse { text, reason }, &key(13));
    let report = audit(&files(&world.record()).unwrap());
    assert_sound(&report);
    assert_eq!(codes(&report, Severity::Note), ["act_unconfirmed"]);
}

/// Nothing on record says that B erased what it may no longer keep: worth knowing, and no breach,
/// since the record can't show that it was kept. Only B's own clock can say that the time is over.
#[test]
fn what_was_never_said_to_be_erased_is_noted_by_the_clock_of_who_owes_it() {
    let late = |side: usize| {
        let mut world = World::story();
        let header = world.header(side);
        let time = header.time.plus("P200D".parse().unwrap());
        let body = Body::Stop { reason: "a pause".to_owned() };
        world.act_by(side, Header { time, ..header }, body);
        audit(&files(&world.record()).unwrap())
    };
    let report = late(B);
    assert_sound(&report);
    assert!(codes(&report, Severity::Note).contains(&"duty_unsaid"), "{:?}", report.findings);
    // A's clock says nothing of what B owes.
    let report = late(A);
    assert_sound(&report);
    assert!(!codes(&report, Severity::Note).contains(&"duty_unsaid"), "{:?}", report.findings);
}
