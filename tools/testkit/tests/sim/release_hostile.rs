//! A hostile sender: what it releases is refused, and the receiver keeps nothing of it.

use detente_core::act::{Body, ManifestEntry, ReleaseBody};
use detente_core::object::Object;
use detente_core::party::Role;
use detente_core::{AccordId, Digest, Kind, RunId, Tlp};
use detente_node::ports::Store as _;
use detente_peer::{Request, Response};
use detente_testkit::{ACCORD, Forger, Terms, World};

use crate::hostile::put_objects;
use crate::{assert_sound, matched, refusal};

/// In force, and a run has found x.example at both.
fn ready(seed: u64, terms: &Terms) -> (World, AccordId, RunId) {
    let (world, accord) = World::in_force(seed, terms);
    for member in &world.members {
        member.hold_domains(&["x.example", "y.example"], Tlp::Green);
    }
    let run = matched(&world, accord);
    (world, accord, run)
}

pub(crate) fn object(value: &str) -> Object {
    Object {
        kind: Kind::Domain,
        value: value.to_owned(),
        tlp: Tlp::Green,
        marking_unknown: false,
        markings: Vec::new(),
        labels: Vec::new(),
        source: Some("s".to_owned()),
        origin: None,
        comment: None,
        confidence: None,
        valid_from: None,
        valid_until: None,
        handling: detente_core::Handling::default(),
    }
}

pub(crate) fn entry(object: &Object) -> ManifestEntry {
    let bytes = object.encode();
    ManifestEntry {
        transforms: Vec::new(),
        object: Object::address(&bytes),
        clause: "2".to_owned(),
        facts: object.facts(&bytes),
    }
}

/// The release that A's forger writes.
fn body(world: &World, accord: AccordId, run: RunId, objects: &[Object]) -> ReleaseBody {
    let text = world.node(1).state(accord).unwrap().in_force.unwrap().text;
    ReleaseBody {
        text,
        run: Some(run),
        manifest: objects.iter().map(entry).collect(),
        to: None,
        consent: None,
    }
}

/// Enters a release into A's log by this role and brings the log to B; its digest.
fn enter(world: &World, accord: AccordId, role: Role, body: ReleaseBody) -> Digest {
    let mut forger = Forger::take_over(&world.members[0], accord);
    let seen = forger.see(&world.members[1]);
    let act = forger.act(role, Body::Release(body), |header| header.seen = seen);
    let digest = forger.enter(&act);
    let response = forger.upload(&world.members[1].shared, &world.ids(), ACCORD);
    assert!(matches!(response, Response::Cosigned { .. }), "{response:?}");
    // The next one goes on from here.
    forger.keep();
    digest
}

fn ask(world: &World, accord: AccordId, request: &Request) -> Response {
    Forger::begin(&world.members[0], accord).ask(&world.members[1].shared, request)
}

fn count(world: &World) -> u64 {
    let counts = world.members[1].store.real().received_counts().unwrap();
    counts.iter().map(|(_, count)| count).sum()
}

/// Offers and sends a release; the first refusal. Nothing is kept and nothing acknowledged.
fn refused(world: &World, accord: AccordId, release: Digest, objects: &[Vec<u8>]) -> String {
    let open = ask(world, accord, &Request::OpenRelease { accord, release });
    let sent = ask(world, accord, &put_objects(accord, release, 0, objects));
    assert_eq!(count(world), 0);
    let state = world.node(1).state(accord).unwrap().clone();
    assert!(state.releases.iter().all(|known| known.receipt.is_none()));
    if let Response::Refused(first) = &open {
        assert_eq!(refusal(&sent), first.code);
    }
    refusal(&sent).to_owned()
}

#[test]
fn a_sound_release_is_taken() {
    let (world, accord, run) = ready(140, &Terms::default());
    let sound = object("x.example");
    let digest = enter(
        &world,
        accord,
        Role::Analyst,
        body(&world, accord, run, std::slice::from_ref(&sound)),
    );
    let open = ask(&world, accord, &Request::OpenRelease { accord, release: digest });
    assert_eq!(open, Response::ReleaseState { next: 0 });
    // The sender takes no receipt: for B that is a line that was cut.
    let sent = ask(&world, accord, &put_objects(accord, digest, 0, &[sound.encode()]));
    assert_eq!(refusal(&sent), "line_cut");
    assert_eq!(count(&world), 1);
    let state = world.node(1).state(accord).unwrap().clone();
    assert!(state.releases[0].receipt.is_some());
}

#[test]
fn objects_that_are_not_in_the_manifest_are_refused() {
    let (world, accord, run) = ready(141, &Terms::default());
    let sound = object("x.example");
    let digest = enter(
        &world,
        accord,
        Role::Analyst,
        body(&world, accord, run, std::slice::from_ref(&sound)),
    );
    let mut altered = sound.clone();
    altered.comment = Some("more".to_owned());
    let mut longer = sound.encode();
    longer.push(0);
    for bytes in [altered.encode(), object("y.example").encode(), longer, vec![0; 40], Vec::new()] {
        assert_eq!(refused(&world, accord, digest, &[bytes]), "other_object");
    }
    // One sound object and one too many: neither is kept.
    let more = [sound.encode(), object("y.example").encode()];
    assert_eq!(refused(&world, accord, digest, &more), "other_object");
    assert_eq!(refused(&world, accord, digest, &[]), "empty_batch");
    // Not from the front: told where to begin.
    let ahead = ask(&world, accord, &put_objects(accord, digest, 1, &[sound.encode()]));
    assert_eq!(ahead, Response::ReleaseState { next: 0 });
    assert_eq!(count(&world), 0);
}

#[test]
fn facts_that_are_not_the_objects_are_refused() {
    let (world, accord, run) = ready(142, &Terms::default());
    // The manifest says green; the object is red, forbidden, closed, of another kind or size.
    let red = Object { tlp: Tlp::Red, ..object("x.example") };
    let labelled = Object { labels: vec!["victim".to_owned()], ..object("x.example") };
    let closed = Object { marking_unknown: true, ..object("x.example") };
    for lying in [red, labelled, closed] {
        let mut release = body(&world, accord, run, std::slice::from_ref(&lying));
        let honest = entry(&object("x.example")).facts;
        release.manifest[0].facts = honest;
        let digest = enter(&world, accord, Role::Analyst, release);
        assert_eq!(refused(&world, accord, digest, &[lying.encode()]), "other_object");
    }
    let mut release = body(&world, accord, run, &[object("x.example")]);
    release.manifest[0].facts.bytes += 1;
    let digest = enter(&world, accord, Role::Analyst, release);
    let bytes = object("x.example").encode();
    assert_eq!(refused(&world, accord, digest, &[bytes]), "other_object");
}

#[test]
fn a_release_that_the_gate_would_not_let_go_is_refused() {
    type Break = fn(&mut Vec<Object>);
    let breaks: [(&str, Break); 4] = [
        ("over the ceiling", |all| all[0].tlp = Tlp::Red),
        ("forbidden label", |all| all[0].labels = vec!["Victim".to_owned()]),
        ("closed marking", |all| all[0].marking_unknown = true),
        ("beyond the cap", |all| {
            all.push(object("y.example"));
            all.push(Object { source: None, ..object("y.example") });
        }),
    ];
    for (why, tweak) in breaks {
        let (world, accord, run) = ready(143, &Terms { cap: 2, ..Terms::default() });
        let mut objects = vec![object("x.example")];
        tweak(&mut objects);
        let digest = enter(&world, accord, Role::Analyst, body(&world, accord, run, &objects));
        let bytes: Vec<Vec<u8>> = objects.iter().map(Object::encode).collect();
        let code = refused(&world, accord, digest, &bytes);
        assert_eq!(code, "release_breaks_accord", "{why}");
        let report = world.audit(1, accord);
        assert!(!report.is_sound(), "{why}: the record shows the breach");
    }
}

#[test]
fn a_release_under_another_clause_or_kind_is_refused() {
    let (world, accord, run) = ready(144, &Terms::default());
    for clause in ["1", "3", "9"] {
        let mut release = body(&world, accord, run, &[object("x.example")]);
        release.manifest[0].clause = clause.to_owned();
        let digest = enter(&world, accord, Role::Analyst, release);
        let bytes = object("x.example").encode();
        assert_eq!(refused(&world, accord, digest, &[bytes]), "release_breaks_accord");
    }
    let url =
        Object { kind: Kind::Url, value: "http://x.example/".to_owned(), ..object("x.example") };
    let digest =
        enter(&world, accord, Role::Analyst, body(&world, accord, run, std::slice::from_ref(&url)));
    assert_eq!(refused(&world, accord, digest, &[url.encode()]), "release_breaks_accord");
}

#[test]
fn what_no_run_found_at_both_is_refused() {
    let (world, accord, run) = ready(145, &Terms::default());
    // In the manifest of a sound run, but not in its answer.
    let slipped = object("slipped.example");
    let digest = enter(
        &world,
        accord,
        Role::Analyst,
        body(&world, accord, run, std::slice::from_ref(&slipped)),
    );
    assert_eq!(refused(&world, accord, digest, &[slipped.encode()]), "other_object");
    // Not in normal form.
    let odd = object("X.EXAMPLE");
    let digest =
        enter(&world, accord, Role::Analyst, body(&world, accord, run, std::slice::from_ref(&odd)));
    assert_eq!(refused(&world, accord, digest, &[odd.encode()]), "other_object");
    // Resting on no run at all, and on one that never was.
    let mut release = body(&world, accord, run, &[object("x.example")]);
    release.run = None;
    let digest = enter(&world, accord, Role::Analyst, release);
    let bytes = object("x.example").encode();
    assert_eq!(
        refused(&world, accord, digest, std::slice::from_ref(&bytes)),
        "release_breaks_accord"
    );
    let never = RunId::new([9; 32]);
    let release = body(&world, accord, never, &[object("x.example")]);
    let digest = enter(&world, accord, Role::Analyst, release);
    assert_eq!(refused(&world, accord, digest, &[bytes]), "release_without_effect");
}

#[test]
fn a_release_without_effect_is_refused() {
    let (world, accord, run) = ready(146, &Terms::default());
    let bytes = [object("x.example").encode()];
    let mut other = body(&world, accord, run, &[object("x.example")]);
    other.text = Digest::new([1; 32]);
    let digest = enter(&world, accord, Role::Analyst, other);
    assert_eq!(refused(&world, accord, digest, &bytes), "release_without_effect");
    // By a role that may not release.
    let sound = body(&world, accord, run, &[object("x.example")]);
    let digest = enter(&world, accord, Role::Minister, sound);
    assert_eq!(refused(&world, accord, digest, &bytes), "release_without_effect");
    // Not in the log at all, and an act that is no release.
    let nothing = Digest::new([8; 32]);
    assert_eq!(refused(&world, accord, nothing, &bytes), "unknown_release");
    let history = world.node(1).state(accord).unwrap().history.clone();
    let a = world.members[0].id;
    let proposal = history.iter().find(|event| event.author == a && event.sequence == 1).unwrap();
    assert_eq!(refused(&world, accord, proposal.act, &bytes), "unknown_release");
}

#[test]
fn a_release_while_a_stop_holds_is_refused() {
    let (world, accord, run) = ready(147, &Terms::default());
    world.node(1).stop(accord, "now", None).unwrap();
    crate::bring(&world, (1, 0), accord);
    let digest =
        enter(&world, accord, Role::Analyst, body(&world, accord, run, &[object("x.example")]));
    let bytes = object("x.example").encode();
    assert_eq!(refused(&world, accord, digest, &[bytes]), "release_breaks_accord");
}

#[test]
fn objects_of_a_third_partys_release_are_refused() {
    let world = World::new(148, 3);
    let accord = world.agree(&Terms::default());
    for member in &world.members {
        member.hold_domains(&["x.example"], Tlp::Green);
    }
    let run = matched(&world, accord);
    let link = world.link(0, 1);
    let report = detente_node::release(&world.members[0].shared, &link, accord, run).unwrap();
    world.sync().unwrap();
    let release: Digest = report.act.unwrap().parse().unwrap();
    // C holds A's log with the release in it, and asks B to take its objects from C.
    let c = Forger::begin(&world.members[2], accord);
    let bytes = world.members[1].store.real().object(report.objects[0].address.parse().unwrap());
    let request = put_objects(accord, release, 0, &[bytes.unwrap().unwrap()]);
    for at in [0, 1] {
        let response = c.ask(&world.members[at].shared, &request);
        assert_eq!(refusal(&response), "unknown_release");
    }
    assert_sound(&world, accord);
}
