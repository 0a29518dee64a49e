//! An old copy of a store is put back: the node must notice before it writes a fork.

use std::path::Path;
use std::sync::Arc;

use detente_node::ports::StoreError;
use detente_node::{Class, NodeError, Shared, pull, push};
use detente_store::SqliteStore;
use detente_testkit::{FaultyStore, Member, NodeEnd, SimEntropy, SimLink, Terms, World};

use crate::{assert_sound, bring, code};

/// Copies a store that nobody has open.
fn copy(from: &Path, to: &Path) {
    for end in ["", "-wal", "-shm"] {
        let name = |path: &Path| format!("{}{end}", path.display());
        if Path::new(&name(from)).exists() {
            std::fs::copy(name(from), name(to)).unwrap();
        }
    }
}

/// The node of a party on a store in a file, as the end of a line.
fn on_file(member: &Member, path: &Path) -> (Arc<Shared>, Arc<NodeEnd>) {
    let store = FaultyStore::new(SqliteStore::open(path).unwrap());
    let shared = Arc::new(Shared::new(member.open_on(store).unwrap()));
    (Arc::clone(&shared), NodeEnd::new(shared))
}

/// Writes one more act.
fn propose_more(world: &World, shared: &Shared) -> Result<(), NodeError> {
    let text = world.text(&Terms { title: "once more".to_owned(), ..Terms::default() });
    shared.lock().propose(&text, None).map(drop)
}

#[test]
fn a_node_that_went_back_refuses_to_push_and_writes_no_fork() {
    let dir = tempfile::tempdir().unwrap();
    let (file, old) = (dir.path().join("a.db"), dir.path().join("old.db"));
    let world = World::new(60, 2);
    let (a, b) = (&world.members[0], &world.members[1]);
    {
        let (shared, end) = on_file(a, &file);
        shared.lock().add_party(b.card.bytes()).unwrap();
        let text = world.text(&Terms::default());
        let (accord, _) = shared.lock().propose(&text, None).unwrap();
        push(&shared, &SimLink::new(end, b.end.clone()), accord).unwrap();
    }
    copy(&file, &old);
    let accord = {
        let (shared, end) = on_file(a, &file);
        let accord = shared.lock().accords()[0].0;
        shared.lock().sign_text(accord, None, None).unwrap();
        let link = SimLink::new(end, b.end.clone()).sealed(&world.seals);
        push(&shared, &link, accord).unwrap();
        accord
    };
    // The old copy is put back, and the node goes on as if nothing had been.
    copy(&old, &file);
    let (shared, end) = on_file(a, &file);
    shared.lock().refuse_text(accord, None, "changed our mind", None).unwrap();
    let link = SimLink::new(end, b.end.clone()).sealed(&world.seals);
    // The old copy has as many entries as B holds, but not the same: B can prove that, and does.
    assert_eq!(code(push(&shared, &link, accord)), "old_copy");
    assert!(b.evidence(a.id).is_empty(), "no fork left the house");
    assert_eq!(b.leaves(accord, a.id).len(), 3);
    assert_eq!(world.seals.all().last().unwrap().1, 3, "nothing was sent after the signature");
    // Nor does a second try, nor what the peer asks for, bring the fork over.
    assert_eq!(code(push(&shared, &link, accord)), "old_copy");
    let back = SimLink::new(b.end.clone(), NodeEnd::new(Arc::clone(&shared)));
    assert_eq!(code(pull(&back)), "internal");
    assert!(b.evidence(a.id).is_empty());
    // From now on it writes nothing more, not even when it is opened anew.
    assert_eq!(code(propose_more(&world, &shared)), "old_copy");
    drop((shared, link, back));
    {
        let (shared, _end) = on_file(a, &file);
        assert_eq!(code(propose_more(&world, &shared)), "old_copy");
    }
    let mut all = world.seals.all();
    all.sort_unstable();
    all.dedup();
    assert!(all.windows(2).all(|pair| (&pair[0].0, pair[0].1) != (&pair[1].0, pair[1].1)));
}

#[test]
fn a_node_that_went_back_behind_its_mirror_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (file, old) = (dir.path().join("a.db"), dir.path().join("old.db"));
    let world = World::new(61, 2);
    let (a, b) = (&world.members[0], &world.members[1]);
    let accord = {
        let (shared, end) = on_file(a, &file);
        shared.lock().add_party(b.card.bytes()).unwrap();
        let text = world.text(&Terms::default());
        let (accord, _) = shared.lock().propose(&text, None).unwrap();
        push(&shared, &SimLink::new(end, b.end.clone()), accord).unwrap();
        accord
    };
    copy(&file, &old);
    {
        let (shared, end) = on_file(a, &file);
        shared.lock().sign_text(accord, None, None).unwrap();
        push(&shared, &SimLink::new(end, b.end.clone()), accord).unwrap();
    }
    let newer = dir.path().join("newer.db");
    copy(&file, &newer);
    copy(&old, &file);
    let (shared, end) = on_file(a, &file);
    let pushed = push(&shared, &SimLink::new(end, b.end.clone()), accord);
    match pushed {
        Err(error @ NodeError::Store(StoreError::OldCopy(_))) => {
            assert_eq!(error.class(), Class::Environment);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(code(propose_more(&world, &shared)), "old_copy");
    drop(shared);
    // The newer copy is restored, and all is well.
    copy(&newer, &file);
    let (shared, end) = on_file(a, &file);
    propose_more(&world, &shared).unwrap();
    push(&shared, &SimLink::new(end, b.end.clone()), accord).unwrap();
}

#[test]
fn a_node_that_went_back_and_wrote_more_shows_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let (file, old) = (dir.path().join("a.db"), dir.path().join("old.db"));
    let world = World::new(64, 2);
    let (a, b) = (&world.members[0], &world.members[1]);
    let accord = {
        let (shared, end) = on_file(a, &file);
        shared.lock().add_party(b.card.bytes()).unwrap();
        let text = world.text(&Terms::default());
        let (accord, _) = shared.lock().propose(&text, None).unwrap();
        push(&shared, &SimLink::new(end, b.end.clone()), accord).unwrap();
        accord
    };
    copy(&file, &old);
    {
        let (shared, end) = on_file(a, &file);
        shared.lock().sign_text(accord, None, None).unwrap();
        push(&shared, &SimLink::new(end, b.end.clone()), accord).unwrap();
    }
    copy(&old, &file);
    let (shared, end) = on_file(a, &file);
    // Longer than what B holds, so its size alone gives nothing away.
    for reason in ["first", "second", "third"] {
        let text = world.text(&Terms { title: reason.to_owned(), ..Terms::default() });
        shared.lock().propose(&text, None).unwrap();
    }
    let link = SimLink::new(end, b.end.clone()).sealed(&world.seals);
    assert_eq!(code(push(&shared, &link, accord)), "old_copy");
    assert!(world.seals.all().is_empty(), "no checkpoint went over");
    assert!(b.evidence(a.id).is_empty(), "no fork left the house");
    assert_eq!(b.leaves(accord, a.id).len(), 3);
}

#[test]
fn a_mirror_that_went_back_is_brought_forward_again() {
    let dir = tempfile::tempdir().unwrap();
    let (file, old) = (dir.path().join("b.db"), dir.path().join("old.db"));
    let world = World::new(62, 2);
    let (a, b) = (&world.members[0], &world.members[1]);
    let bring_one = |title: &str| {
        let (shared, end) = on_file(b, &file);
        let _ = shared.lock().add_party(a.card.bytes());
        let text = world.text(&Terms { title: title.to_owned(), ..Terms::default() });
        let (accord, _) = a.node().propose(&text, None).unwrap();
        push(&a.shared, &SimLink::new(a.end.clone(), end), accord).unwrap();
        shared.lock().state(accord).unwrap().parties[&a.id].folded
    };
    assert_eq!(bring_one("first"), 2);
    copy(&file, &old);
    assert_eq!(bring_one("second"), 3);
    copy(&old, &file);
    assert_eq!(bring_one("third"), 4, "as if nothing had been");
    assert!(b.evidence(a.id).is_empty() && a.evidence(b.id).is_empty());
}

/// A node that lost its own log can't judge acts that have seen it: it takes none, and says so.
#[test]
fn who_lost_its_own_log_takes_no_acts_that_have_seen_it() {
    let (world, accord) = World::in_force(63, &Terms::default());
    let fresh = Member::new("CERT B", SimEntropy::new(63 * 64 + 1));
    fresh.node().add_party(world.members[0].card.bytes()).unwrap();
    let link = SimLink::new(world.members[0].end.clone(), fresh.end);
    let shared = &world.members[0].shared;
    push(shared, &link, accord).unwrap();
    world.node(0).stop(accord, "x", None).unwrap();
    assert_eq!(code(push(shared, &link, accord)), "seen_other_log");
    // The disk that was thought lost is found.
    bring(&world, (0, 1), accord);
    assert_sound(&world, accord);
}
