//! What a party with its own keys, or the exporter, could try.

use detente_core::act::{Act, Body};
use detente_core::{Digest, RunId, Tlp};
use detente_verify::{Finding, Record, Report, Severity, audit, files};

use crate::sound::{assert_sound, codes};
use crate::world::{A, B, World, entry, key, object};

pub fn report(record: &Record) -> Report {
    audit(&files(record).unwrap())
}

#[track_caller]
pub fn the(report: &Report, severity: Severity, code: &str) -> Finding {
    let mut found = report.findings.iter();
    let hit = found.find(|f| f.severity == severity && f.code == code);
    hit.unwrap_or_else(|| panic!("no {code}: {:#?}", report.findings)).clone()
}

/// Its log key signs a shorter log, and its mirror line is that of the longer one or none.
fn resigned(world: &World, side: usize, size: usize) -> Record {
    let mut record = world.record();
    let head = world.head_at(side, size);
    let log = record.logs.get_mut(&world.id(side)).unwrap();
    log.entries.truncate(size);
    log.checkpoint = world.sign_head(side, head).to_string().into_bytes();
    record
}

#[test]
fn a_dropped_entry_that_the_other_had_seen_is_found() {
    let world = World::story();
    let size = world.logs[&world.id(A)].len();
    let report = report(&resigned(&world, A, size - 1));
    let found = the(&report, Severity::Broken, "entries_withheld");
    assert_eq!(found.place.party, Some(world.id(A)));
    assert_eq!(found.place.entry, Some(size as u64 - 1));
    assert!(found.place.path.unwrap().ends_with("/checkpoint"));
}

#[test]
fn a_dropped_entry_in_a_cosigned_log_is_found() {
    let world = World::story();
    let size = world.logs[&world.id(B)].len();
    let mut record = resigned(&world, B, size - 1);
    // Nobody has seen B's last act, but A has cosigned the log with it: the line can't be kept.
    let whole = String::from_utf8(world.log_record(B).checkpoint).unwrap();
    let line = whole.lines().last().unwrap();
    let without = record.logs[&world.id(B)].checkpoint.clone();
    let with = [&without, line.as_bytes(), b"\n"].concat();
    record.logs.get_mut(&world.id(B)).unwrap().checkpoint = with.clone();
    assert_eq!(files(&record).unwrap_err().code(), "layout_cosignature");
    let mut folder = files(&world.record()).unwrap();
    let path = format!("logs/{}/checkpoint", world.id(B));
    folder.insert(path.clone(), with);
    let found = the(&audit(&folder), Severity::Broken, "cosign_invalid");
    assert_eq!(found.place.path, Some(path));
    // Without the line it is a log that is not cosigned: the other side's copy tells.
    record.logs.get_mut(&world.id(B)).unwrap().checkpoint = without;
    let report = report(&record);
    assert_sound(&report);
    assert_eq!(codes(&report, Severity::Note), ["not_cosigned"]);
}

#[test]
fn a_rewritten_history_is_found() {
    let world = World::story();
    let mut record = world.record();
    // A signs its own stop in the place of an act that B has seen, and all that follows anew.
    let mut other = World::new();
    other.agree();
    let reason = "never happened".to_owned();
    other.act(A, Body::Stop { reason });
    while other.logs[&other.id(A)].len() < world.logs[&world.id(A)].len() {
        let reason = "filler".to_owned();
        other.act(A, Body::Stop { reason });
    }
    let log = record.logs.get_mut(&world.id(A)).unwrap();
    log.entries = other.logs[&other.id(A)].iter().map(entry).collect();
    log.checkpoint = other.sign_head(A, other.head(A)).to_string().into_bytes();
    record.objects.clear();
    let found = the(&report(&record), Severity::Broken, "history_differs");
    assert_eq!(found.place.party, Some(world.id(A)));
}

#[test]
fn an_entry_by_a_key_that_is_not_on_the_card_is_found() {
    let mut world = World::story();
    let header = world.header(A);
    let sequence = header.sequence;
    let reason = "forged".to_owned();
    world.act_with(A, header, Body::Stop { reason }, &key(99));
    let found = the(&report(&world.record()), Severity::Broken, "log_unknown_key");
    assert_eq!(found.place.party, Some(world.id(A)));
    assert_eq!(found.place.entry, Some(sequence));
    assert!(found.place.path.unwrap().contains("/tile/entries/"));
}

#[test]
fn an_object_over_the_ceiling_with_a_self_made_manifest_is_found() {
    let mut world = World::new();
    world.agree();
    let run = world.run(1);
    let body = world.self_made(Some(run), &[object("a.example", Tlp::Red)]);
    let manifest = body.manifest_digest();
    let release = world.act(A, Body::Release(body));
    world.act(B, Body::Receipt { release, manifest });
    let found = the(&report(&world.record()), Severity::Breach, "tlp_ceiling");
    assert_eq!(found.place.party, Some(world.id(A)));
    assert!(found.what.contains("CERT Alpha"), "{}", found.what);
    assert!(found.what.contains("TLP:RED"), "{}", found.what);
}

#[test]
fn a_manifest_that_lies_about_its_object_is_found() {
    let mut world = World::new();
    world.agree();
    let run = world.run(1);
    let mut body = world.self_made(Some(run), &[object("a.example", Tlp::Red)]);
    body.manifest[0].facts.tlp = Tlp::Clear;
    let address = body.manifest[0].object;
    world.act(A, Body::Release(body));
    let found = the(&report(&world.record()), Severity::Breach, "object_other_facts");
    assert_eq!(found.place.path, Some(format!("objects/{address}")));
}

#[test]
fn bytes_that_are_no_object_are_found() {
    let mut world = World::new();
    world.agree();
    let run = world.run(1);
    let mut body = world.self_made(Some(run), &[object("a.example", Tlp::Clear)]);
    world.objects.clear();
    let bytes = b"something else".to_vec();
    let address = Digest::plain(&bytes);
    body.manifest[0].object = address;
    world.objects.insert(address, bytes);
    world.act(A, Body::Release(body));
    let found = the(&report(&world.record()), Severity::Breach, "object_malformed");
    assert_eq!(found.place.path, Some(format!("objects/{address}")));
}

#[test]
fn an_object_that_no_release_names_is_found() {
    let mut world = World::story();
    let bytes = object("smuggled.example", Tlp::Clear).encode();
    let address = Digest::plain(&bytes);
    world.objects.insert(address, bytes);
    let found = the(&report(&world.record()), Severity::Broken, "object_unnamed");
    assert_eq!(found.place.path, Some(format!("objects/{address}")));
}

#[test]
fn a_release_on_no_run_or_under_another_clause_is_found() {
    let mut world = World::new();
    world.agree();
    let body = world.self_made(None, &[object("a.example", Tlp::Clear)]);
    world.act(A, Body::Release(body));
    the(&report(&world.record()), Severity::Breach, "not_matched");
    let mut world = World::new();
    world.agree();
    let run = world.run(1);
    let mut body = world.self_made(Some(run), &[object("a.example", Tlp::Clear)]);
    body.manifest[0].clause = "1".to_owned();
    world.act(A, Body::Release(body));
    the(&report(&world.record()), Severity::Breach, "release_other_clause");
}

#[test]
fn a_release_before_anything_is_in_force_is_found() {
    let mut world = World::new();
    let body = world.self_made(None, &[object("a.example", Tlp::Clear)]);
    world.act(A, Body::Release(body));
    the(&report(&world.record()), Severity::Breach, "not_in_force");
}

#[test]
fn a_release_by_a_key_without_power_is_found() {
    let mut world = World::new();
    world.agree();
    let run = world.run(1);
    let body = world.self_made(Some(run), &[object("a.example", Tlp::Clear)]);
    let header = world.header(A);
    // The minister may sign, not release.
    world.act_with(A, header, Body::Release(body), &key(11));
    the(&report(&world.record()), Severity::Breach, "act_unconfirmed");
}

#[test]
fn an_offer_beyond_the_caps_is_found() {
    for (size, runs, code) in [(1_001, 1, "match_too_many_items"), (10, 5, "match_runs_used_up")] {
        let mut world = World::new();
        world.agree();
        for run in 0..runs {
            let offer = world.offer(RunId::new([run; 32]), size);
            world.act(A, Body::OfferMatch(offer));
        }
        let found = the(&report(&world.record()), Severity::Breach, code);
        assert_eq!(found.place.party, Some(world.id(A)));
    }
}

#[test]
fn a_cosignature_of_an_older_checkpoint_is_found() {
    let world = World::story();
    let size = world.logs[&world.id(A)].len();
    let older = world.cosign(A, &world.sign_head(A, world.head_at(A, size - 1)));
    let line = older.checkpoint().lines()[1].to_string();
    let newest = world.sign_head(A, world.head(A)).to_string();
    let mut folder = files(&world.record()).unwrap();
    let path = format!("logs/{}/checkpoint", world.id(A));
    folder.insert(path.clone(), format!("{newest}{line}").into_bytes());
    let found = the(&audit(&folder), Severity::Broken, "cosign_invalid");
    assert_eq!(found.place.path, Some(path));
}

#[test]
fn a_forged_receipt_is_found() {
    // A puts a receipt into B's log with its own key.
    let mut world = World::story();
    let release = world.logs[&world.id(A)].last().unwrap().digest();
    let manifest = Digest::new([1; 32]);
    let receipt = Body::Receipt { release, manifest };
    let header = world.header(B);
    world.act_with(B, header, receipt.clone(), &key(14));
    the(&report(&world.record()), Severity::Broken, "log_unknown_key");
    // B acknowledges another manifest than was released; A acknowledges itself.
    for side in [B, A] {
        let mut world = World::story();
        world.act(side, receipt.clone());
        the(&report(&world.record()), Severity::Breach, "receipt_false");
    }
    // B acknowledges twice: that is only a note.
    let mut world = World::story();
    let again = world.logs[&world.id(B)].iter().find_map(|act| match act.body() {
        Body::Receipt { .. } => Some(act.body().clone()),
        _ => None,
    });
    world.act(B, again.unwrap());
    let report = report(&world.record());
    assert_sound(&report);
    assert_eq!(codes(&report, Severity::Note), ["act_void"]);
}

#[test]
fn an_act_moved_to_another_place_is_found() {
    let world = World::story();
    let mut record = world.record();
    let mut acts: Vec<Act> = world.logs[&world.id(A)].clone();
    acts.swap(2, 3);
    let log = record.logs.get_mut(&world.id(A)).unwrap();
    log.entries = acts.iter().map(entry).collect();
    let mut moved = World::new();
    moved.logs.insert(world.id(A), acts);
    log.checkpoint = moved.sign_head(A, moved.head(A)).to_string().into_bytes();
    let found = the(&report(&record), Severity::Broken, "log_misplaced_entry");
    assert_eq!((found.place.party, found.place.entry), (Some(world.id(A)), Some(2)));
}

#[test]
fn acts_that_wait_for_each_other_are_found() {
    let mut world = World::new();
    let reason = "x".to_owned();
    let mut header = world.header(A);
    header.seen[0].size = 2;
    let stop = Body::Stop { reason };
    let theirs = world.header(B);
    // B's act is made first, so that its root is known; A's then claims to have seen it, and B's
    // claims A's. Neither root can be right at once, so one of the two is found out as well.
    world.act_by(B, theirs, stop.clone());
    header.seen[0].root = *world.head(B).root.as_bytes();
    world.act_by(A, header, stop.clone());
    let mut again = World::new();
    let mut theirs = again.header(B);
    theirs.seen[0].size = 2;
    theirs.seen[0].root = *world.head(A).root.as_bytes();
    again.act_by(B, theirs, stop);
    again.logs.insert(again.id(A), world.logs[&world.id(A)].clone());
    let report = report(&again.record());
    the(&report, Severity::Broken, "acts_wait");
    the(&report, Severity::Broken, "history_differs");
}

#[test]
fn one_key_for_two_purposes_is_found() {
    use detente_core::sign::sign;
    let mut world = World::new();
    let theirs = world.sides[A].card.value().log_key;
    let mut card = world.sides[B].card.value().clone();
    card.mirror_key = theirs;
    let card = sign(card, &world.sides[B].root);
    let header = detente_core::act::Header { sequence: 0, ..world.header(B) };
    world.logs.insert(world.id(B), Vec::new());
    let body = Body::Designate { card: card.bytes().to_vec() };
    world.act_with(B, header, body, &key(44));
    let mut record = world.record();
    for side in [A, B] {
        let log = record.logs.get_mut(&world.id(side)).unwrap();
        let head = world.sign_head(side, world.head(side));
        log.checkpoint = head.to_string().into_bytes();
    }
    the(&report(&record), Severity::Broken, "key_shared");
}

#[test]
fn a_record_that_does_not_hold_together_is_not_laid_out() {
    let world = World::story();
    let record = world.record();
    let a = world.id(A);
    let refused = |change: &dyn Fn(&mut Record), code: &str| {
        let mut record = record.clone();
        change(&mut record);
        assert_eq!(files(&record).unwrap_err().code(), code);
    };
    refused(&|r| r.parties.reverse(), "layout_head");
    refused(&|r| r.slug = "other".to_owned(), "layout_head");
    refused(&|r| r.logs.get_mut(&a).unwrap().entries.clear(), "layout_length");
    refused(&|r| drop(r.logs.get_mut(&a).unwrap().entries.pop()), "layout_checkpoint_differs");
    refused(&|r| r.logs.get_mut(&a).unwrap().checkpoint[0] ^= 1, "layout_checkpoint");
    refused(&|r| r.logs.get_mut(&a).unwrap().entries[0].body[9] ^= 1, "layout_card");
    refused(&|r| r.logs.get_mut(&a).unwrap().entries[1].leaf = vec![0; 70_000], "layout_length");
    refused(&|r| r.logs.get_mut(&a).unwrap().entries[1].leaf.clear(), "layout_checkpoint_differs");
    refused(&|r| r.objects.values_mut().for_each(Vec::clear), "layout_object_address");
    let stranger = detente_core::PartyId::new([1; 32]);
    refused(
        &|r| {
            let log = r.logs[&a].clone();
            r.logs.insert(stranger, log);
        },
        "layout_stranger",
    );
    refused(
        &|r| {
            let b = *r.logs.keys().find(|party| **party != a).unwrap();
            r.logs.get_mut(&a).unwrap().entries = r.logs[&b].entries.clone();
        },
        "layout_other_card",
    );
}
