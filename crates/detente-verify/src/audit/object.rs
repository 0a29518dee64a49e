//! Released objects: their address, their form, and whether they are what their manifest says.

use std::collections::{BTreeMap, BTreeSet};

use detente_core::act::{Body, ManifestEntry, ObjectFacts};
use detente_core::object::{MAX_OBJECT, Object};
use detente_core::{Digest, Whose};
use detente_state::Logs;

use super::desk::Desk;
use crate::json::Head;
use crate::path;
use crate::report::Place;

/// Absent objects that a release names one by one; beyond that they are counted.
const MAX_ABSENT: usize = 8;

/// The objects of the folder.
pub(super) struct Objects {
    pub(super) bytes: BTreeMap<Digest, Vec<u8>>,
    /// What the gate would see; none for bytes that are no object.
    facts: BTreeMap<Digest, Option<ObjectFacts>>,
}

/// Reads every object and checks its address.
pub(super) fn read(desk: &mut Desk<'_>) -> Objects {
    let mut objects = Objects { bytes: BTreeMap::new(), facts: BTreeMap::new() };
    let from = path::OBJECTS.to_owned();
    let listed = desk.paths().range(from..);
    let listed = listed.take_while(|path| path.starts_with(path::OBJECTS));
    // A file with another name is left to the comparison.
    let named: Vec<(String, Digest)> = listed
        .filter_map(|path| {
            let digest = path.strip_prefix(path::OBJECTS)?.parse().ok()?;
            Some((path.clone(), digest))
        })
        .collect();
    for (path, address) in named {
        let Some(bytes) = desk.read(&path, MAX_OBJECT) else {
            continue;
        };
        let found = Digest::plain(&bytes);
        if found != address {
            let what = format!("its bytes have the SHA-256 {found}");
            desk.findings.broken("object_address", Place::path(path), what);
            continue;
        }
        let facts = Object::decode(&bytes).ok();
        let facts = facts.map(|object| object.facts(&bytes));
        objects.facts.insert(address, facts);
        objects.bytes.insert(address, bytes);
    }
    objects
}

/// How many objects that were released and that the folder counts are not in it. An object may be
/// withheld, but then it is not counted.
pub(super) fn missing(objects: &Objects, (head, acts): (&Head, &Logs)) -> usize {
    let acts = head.parties.iter().flat_map(|(party, _)| acts.of(*party));
    let released = acts.filter_map(|act| match act.body() {
        Body::Release(release) => Some(&release.manifest),
        _ => None,
    });
    let absent: BTreeSet<Digest> = released
        .flatten()
        .map(|entry| entry.object)
        .filter(|address| !objects.bytes.contains_key(address))
        .collect();
    let missing = head.objects.saturating_sub(objects.bytes.len());
    if missing <= absent.len() { missing } else { 0 }
}

/// Leaves a finding on a released object that is not here.
fn absent(desk: &mut Desk<'_>, place: Place, missing: usize) {
    let known = place.path.as_deref().is_some_and(|path| desk.findings.is_broken(path));
    match missing {
        0 => desk.findings.note("object_absent", place, "released, and not in this folder"),
        // Its bytes are other ones: that is said already.
        _ if known => {}
        _ => {
            let what = "released, and counted in accord.json, but this file is missing";
            desk.findings.broken("object_missing", place, what);
        }
    }
}

/// Checks every manifest against the objects, and every object against the manifests.
pub(super) fn check(
    desk: &mut Desk<'_>,
    objects: &Objects,
    (head, acts): (&Head, &Logs),
    whole: bool,
) {
    let missing = missing(objects, (head, acts));
    let mut named: BTreeSet<Digest> = BTreeSet::new();
    let mut sound: BTreeSet<Digest> = BTreeSet::new();
    for act in head.parties.iter().flat_map(|(party, _)| acts.of(*party)) {
        let Body::Release(release) = act.body() else {
            continue;
        };
        let header = act.header();
        let (author, sequence) = (header.author, header.sequence);
        let mut absents = 0;
        for entry in &release.manifest {
            let address = entry.object;
            named.insert(address);
            let place = || Place::path(path::object(address)).of(author).entry(sequence);
            match objects.facts.get(&address) {
                None => {
                    absents += 1;
                    if absents <= MAX_ABSENT {
                        absent(desk, place(), missing);
                    }
                }
                Some(Some(facts)) if *facts == entry.facts => {
                    if is_stripped(objects, entry) {
                        sound.insert(address);
                    } else {
                        let out: Vec<&str> = entry.transforms.iter().map(|t| t.name()).collect();
                        let what = format!("the release says {}, and it is not", out.join(", "));
                        desk.findings.breach("object_not_transformed", place(), what);
                    }
                }
                Some(Some(facts)) => {
                    let what = format!(
                        "the release says {}, the object says {}",
                        facts_in_words(&entry.facts),
                        facts_in_words(facts)
                    );
                    desk.findings.breach("object_other_facts", place(), what);
                }
                Some(None) => {
                    let what = "what was released is no object";
                    desk.findings.breach("object_malformed", place(), what);
                }
            }
        }
        if absents > MAX_ABSENT {
            let all = release.manifest.len();
            let what = format!("{absents} of {all} released objects are not in this folder");
            let place = Place::act(author, sequence);
            desk.findings.note("object_absent", place, what);
        }
    }
    desk.facts.objects += sound.len() as u64;
    if !whole {
        // A release may stand in what could not be read.
        return;
    }
    for address in objects.bytes.keys().filter(|address| !named.contains(address)) {
        let place = Place::path(path::object(*address));
        let what = "no release names this object";
        desk.findings.broken("object_unnamed", place, what);
    }
}

/// Whether what the release says it took out of an object is out.
fn is_stripped(objects: &Objects, entry: &ManifestEntry) -> bool {
    let bytes = objects.bytes.get(&entry.object).map_or(&[][..], Vec::as_slice);
    entry.transforms.is_empty()
        || Object::decode(bytes).is_ok_and(|object| entry.is_of(&object, bytes))
}

fn facts_in_words(facts: &ObjectFacts) -> String {
    let handling = &facts.handling;
    let known = [
        handling.category.as_ref().map(|word| format!("category {word:?}")),
        handling.pap.map(|pap| pap.to_string()),
        handling.threat.map(|whose| format!("threat from {}", whose_in_words(whose))),
        handling.purpose.map(|purpose| format!("for {purpose}")),
        handling.releasable.as_ref().map(|list| format!("releasable to {} parties", list.len())),
        handling.originator.map(|whose| format!("originator {}", whose_in_words(whose))),
    ];
    let known: String = known.into_iter().flatten().map(|word| format!(", {word}")).collect();
    format!(
        "{} {}, {}{}, labels [{}], {} bytes{}",
        facts.object,
        facts.kind,
        facts.tlp,
        if facts.marking_unknown { ", closed by a marking" } else { "" },
        crate::report::show(&facts.labels.join(", ")),
        facts.bytes,
        crate::report::show(&known)
    )
}

fn whose_in_words(whose: Whose) -> String {
    match whose {
        Whose::Third => "no party".to_owned(),
        Whose::Party(party) => party.short(),
    }
}
