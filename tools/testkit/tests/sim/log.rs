//! Logs: pushed to a mirror, cut at every message, and pushed again.

use detente_core::AccordId;
use detente_node::{Shared, push, push_all};
use detente_testkit::{Cut, Member, SimEntropy, Terms, When, World};

use crate::{assert_settled, assert_sound, bring, code, size};

/// A world in which A has written acts that B has not seen.
fn unseen(seed: u64, acts: usize) -> (World, AccordId) {
    let world = World::new(seed, 2);
    let mut accord = None;
    for act in 0..acts {
        let terms = Terms { cap: 1_000 + act as u64, ..Terms::default() };
        let text = world.text(&terms);
        accord = Some(world.node(0).propose(&text, None).unwrap().0);
    }
    (world, accord.unwrap())
}

#[test]
fn a_push_brings_the_log_and_takes_the_cosignature() {
    let (world, accord) = unseen(30, 3);
    let link = world.link(0, 1);
    push(&world.members[0].shared, &link, accord).unwrap();
    assert_eq!(link.count(), 4, "open, checkpoint, bodies, entries");
    let again = world.link(0, 1);
    push(&world.members[0].shared, &again, accord).unwrap();
    assert_eq!(again.count(), 1, "nothing is left to bring");
    let (a, b) = (&world.members[0], &world.members[1]);
    assert_eq!(a.leaves(accord, a.id), b.leaves(accord, a.id));
    assert_eq!(a.leaves(accord, a.id).len(), 4, "the card and three texts");
    let status = world.node(0).status(accord).unwrap();
    let own = status.logs.iter().find(|log| log.party == "CERT A");
    assert_eq!(own.unwrap().cosigned_by, ["CERT B"]);
    assert_sound(&world, accord);
}

#[test]
fn an_empty_log_is_no_trouble() {
    let (world, accord) = unseen(31, 1);
    bring(&world, (0, 1), accord);
    // B has the accord and has written nothing.
    push(&world.members[1].shared, &world.link(1, 0), accord).unwrap();
    push_all(&world.members[1].shared, &world.link(1, 0)).unwrap();
    assert_eq!(size(&world, 0, accord, world.members[1].id), 0);
}

/// Cuts a push at every message, on either side of it, and pushes again.
fn cut_everywhere(seed: u64, acts: usize, at_least: u64) {
    let mut at = 0;
    loop {
        let mut whole = 0;
        for when in [When::Before, When::After] {
            let (world, accord) = unseen(seed, acts);
            let cut = Some(Cut { at, when });
            let link = world.cut_link((0, 1), cut);
            let shared = &world.members[0].shared;
            match push(shared, &link, accord) {
                Ok(()) => whole += 1,
                Err(error) => assert_eq!(error.code(), "line_cut"),
            }
            bring(&world, (0, 1), accord);
            let text = world.node(1).status(accord).unwrap().texts[0].digest.clone();
            world.node(1).sign_text(accord, Some(&text), None).unwrap();
            world.sync().unwrap();
            let (a, b) = (&world.members[0], &world.members[1]);
            assert_eq!(a.leaves(accord, a.id).len(), acts + 1);
            assert_eq!(b.leaves(accord, b.id).len(), 2);
            assert_settled(&world, accord);
            assert_sound(&world, accord);
        }
        if whole == 2 {
            assert!(at >= at_least, "a push of {at} messages");
            return;
        }
        at += 1;
    }
}

#[test]
fn a_push_that_was_cut_anywhere_goes_on_from_there() {
    cut_everywhere(32, 3, 4);
}

#[test]
fn two_pushes_in_a_row_may_be_cut() {
    for first in 0..5 {
        for second in 0..5 {
            let (world, accord) = unseen(33, 2);
            for (at, when) in [(first, When::After), (second, When::Before)] {
                let link = world.cut_link((0, 1), Some(Cut { at, when }));
                let _ = push(&world.members[0].shared, &link, accord);
                // The log grows between the two.
                let second = world.text(&Terms { cap: 2_000 + at, ..Terms::default() });
                world.node(0).propose(&second, None).unwrap();
            }
            world.sync().unwrap();
            let (a, b) = (&world.members[0], &world.members[1]);
            assert_eq!(a.leaves(accord, a.id).len(), 5);
            assert_eq!(a.leaves(accord, a.id), b.leaves(accord, a.id));
            world.assert_no_fork();
            assert_sound(&world, accord);
        }
    }
}

#[test]
fn a_log_longer_than_one_package_goes_over_and_resumes() {
    let (world, accord) = World::in_force(34, &Terms::default());
    // More than one tile of 256; a stop by the duty officer is the shortest act.
    for _ in 0..256 {
        world.node(0).stop(accord, "x", None).unwrap();
    }
    let mut at = 4;
    // Cut after the first package, then at each message from there on.
    loop {
        let cut = Some(Cut { at, when: When::After });
        let link = world.cut_link((0, 1), cut);
        if push(&world.members[0].shared, &link, accord).is_ok() {
            break;
        }
        at = 2;
    }
    world.sync().unwrap();
    assert_eq!(size(&world, 1, accord, world.members[0].id), 259);
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn a_mirror_that_lost_everything_is_filled_again() {
    let (mut world, accord) = World::in_force(35, &Terms::default());
    let (a, b) = (world.members[0].id, world.members[1].id);
    // B's disk is gone; its keys are not. What it has written itself is lost to it.
    let fresh = Member::new("CERT B", SimEntropy::new(35 * 64 + 1));
    assert_eq!(fresh.id, b, "the same keys");
    fresh.node().add_party(world.members[0].card.bytes()).unwrap();
    world.members[1] = fresh;
    bring(&world, (0, 1), accord);
    assert_eq!(size(&world, 1, accord, a), 3);
    let status = world.node(0).status(accord).unwrap();
    let own = status.logs.iter().find(|log| log.party == "CERT A").unwrap();
    assert_eq!(own.cosigned_by, ["CERT B"]);
}

#[test]
fn three_parties_hold_each_others_logs() {
    let world = World::new(36, 3);
    let accord = world.agree(&Terms::default());
    for at in 0..3 {
        assert!(world.node(at).status(accord).unwrap().in_force);
    }
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn acts_that_have_seen_what_is_not_here_wait() {
    let world = World::new(37, 3);
    let text = world.text(&Terms::default());
    let (accord, _) = world.node(0).propose(&text, None).unwrap();
    bring(&world, (0, 1), accord);
    world.node(1).sign_text(accord, None, None).unwrap();
    // C hears of B's signature before it hears of what B signed.
    bring(&world, (1, 2), accord);
    assert!(world.node(2).status(accord).unwrap().waiting > 0);
    assert_eq!(code(world.node(2).sign_text(accord, None, None)), "unknown");
    bring(&world, (0, 2), accord);
    assert_eq!(world.node(2).status(accord).unwrap().waiting, 0);
    world.node(2).sign_text(accord, None, None).unwrap();
    world.node(0).sign_text(accord, None, None).unwrap();
    world.sync().unwrap();
    assert!(world.node(2).status(accord).unwrap().in_force);
    assert_settled(&world, accord);
    assert_sound(&world, accord);
}

#[test]
fn what_one_peer_holds_up_does_not_hold_up_the_others() {
    use std::sync::Arc;
    use std::sync::mpsc;

    use detente_core::PartyId;
    use detente_node::ports::{Link, LinkError, Stream};
    use detente_peer::{Request, Response};

    /// A peer that lets us wait until the test says otherwise.
    struct Slow(PartyId, std::sync::Mutex<(mpsc::Sender<()>, mpsc::Receiver<()>)>);

    impl Link for Slow {
        fn peer(&self) -> PartyId {
            self.0
        }

        fn request(&self, _: &Request) -> Result<Response, LinkError> {
            let (asked, go) = &*self.1.lock().unwrap();
            asked.send(()).unwrap();
            let _ = go.recv();
            Err(LinkError::Cut)
        }

        fn open(&self, _: &Request) -> Result<Box<dyn Stream>, LinkError> {
            Err(LinkError::Cut)
        }
    }

    let world = World::new(38, 3);
    let accord = world.agree(&Terms::default());
    let (asked, was_asked) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    let slow = Slow(world.members[1].id, std::sync::Mutex::new((asked, may_go)));
    let shared: Arc<Shared> = Arc::clone(&world.members[0].shared);
    let stuck = std::thread::spawn(move || push(&shared, &slow, accord).is_err());
    was_asked.recv().unwrap();
    world.node(0).stop(accord, "news for C", None).unwrap();
    bring(&world, (0, 2), accord);
    drop(go);
    assert!(stuck.join().unwrap());
    assert_eq!(size(&world, 2, accord, world.members[0].id), 4);
}
