//! Contexts of common items: who gets which, and what a peer that cheats with them is called.

use std::collections::BTreeMap;

use super::support::{CLASSICAL, item, items, params, session};
use crate::error::{Blame, CallerFault, Error, PeerFault};
use crate::item::{Item, Seed};
use crate::params::{Learn, MAX_PAYLOAD_BYTES, Mode, Params, Role};
use crate::psi::vole::frame::{Frame, Place};
use crate::psi::vole::layout::Step;
use crate::psi::vole::session::Session;
use crate::psi::{self, Engine, VoleOptions};
use detente_vole::simd::Simd;

/// Bytes of the frame's head.
const HEAD: usize = 13;

fn terms(role: Role, bytes: u32, own: usize, peer: usize) -> Params {
    Params { mode: Mode::Payload { bytes }, ..params(role, Learn::Both, own, peer) }
}

/// One end with its items, its contexts by place, and what it got by place.
struct End {
    session: Session,
    label: [u8; 32],
    contexts: Vec<Vec<u8>>,
    got: BTreeMap<usize, Vec<u8>>,
    /// Places in the order in which contexts came.
    order: Vec<usize>,
    got_label: Option<[u8; 32]>,
    got_last: bool,
}

impl End {
    fn new(params: Params, items: &[Vec<u8>], seed: u8) -> End {
        let bytes = match params.mode {
            Mode::Payload { bytes } => bytes as usize,
            _ => 0,
        };
        // Of all lengths: none, short, as long as may be.
        let contexts = (0..items.len()).map(|i| {
            let length = [0, 1, bytes / 2, bytes][i % 4];
            (0..length).map(|j| (i + j) as u8 ^ seed).collect()
        });
        End {
            contexts: contexts.collect(),
            session: session(params, &CLASSICAL, items, seed),
            label: [seed; 32],
            got: BTreeMap::new(),
            order: Vec::new(),
            got_label: None,
            got_last: false,
        }
    }

    /// Takes and gives what is due.
    fn exchange(&mut self) {
        if let Some(contexts) = self.session.take() {
            assert!(!self.got_last, "nothing comes after the last");
            self.got_last = contexts.last;
            self.got_label = self.got_label.or(contexts.label);
            assert_eq!(contexts.places.len(), contexts.contents.len());
            self.order.extend(&contexts.places);
            for (place, content) in contexts.places.into_iter().zip(contexts.contents) {
                assert!(self.got.insert(place, content).is_none(), "one context an item");
            }
        }
        let Some(due) = self.session.due() else { return };
        let give: Vec<Vec<u8>> =
            due.common[due.range].iter().map(|place| self.contexts[*place].clone()).collect();
        self.session.give(&self.label, &give).unwrap();
    }
}

/// What happens to a frame on its way; the initiator's or not.
type Tamper<'a> = &'a mut dyn FnMut(bool, &mut Vec<u8>);

fn place(frame: &[u8]) -> Option<Place> {
    match Frame::decode(frame) {
        Ok(Frame::Part { place, .. }) => Some(place),
        _ => None,
    }
}

/// Drives both to the end or the first fault.
fn drive(a: &mut End, b: &mut End, tamper: Tamper<'_>) -> Option<Error> {
    while !(a.session.is_done() && b.session.is_done()) {
        let mut moved = false;
        for initiator in [true, false] {
            let (from, to) = if initiator { (&mut *a, &mut *b) } else { (&mut *b, &mut *a) };
            from.exchange();
            loop {
                let mut frame = match from.session.poll() {
                    Ok(Some(frame)) => frame,
                    Ok(None) => break,
                    // A confirmation that had to wait is judged when its turn comes.
                    Err(error) => return Some(error),
                };
                moved = true;
                tamper(initiator, &mut frame);
                if let Err(error) = to.session.input(&frame) {
                    return Some(error);
                }
                from.exchange();
            }
        }
        assert!(moved, "both wait");
    }
    None
}

/// Both ends over these lists.
fn pair(bytes: u32, a: &[Vec<u8>], b: &[Vec<u8>]) -> (End, End) {
    (
        End::new(terms(Role::Initiator, bytes, a.len(), b.len()), a, 1),
        End::new(terms(Role::Responder, bytes, b.len(), a.len()), b, 2),
    )
}

fn small() -> (End, End) {
    pair(64, &items(0..60), &items(30..90))
}

/// Holds what each end got against the plain intersection.
fn check(a: End, b: End, list_a: &[Vec<u8>], list_b: &[Vec<u8>]) -> u64 {
    assert_eq!((a.got_label, b.got_label), (Some([2; 32]), Some([1; 32])));
    assert!(a.got_last && b.got_last);
    let (first, second) = (a.session.finish().unwrap(), b.session.finish().unwrap());
    assert_eq!(first.transcript, second.transcript);
    let count = first.count.unwrap();
    assert_eq!((a.got.len() as u64, b.got.len() as u64), (count, count));
    let place_in_b: BTreeMap<&Vec<u8>, usize> =
        list_b.iter().enumerate().map(|(i, item)| (item, i)).collect();
    let want: Vec<usize> =
        (0..list_a.len()).filter(|i| place_in_b.contains_key(&list_a[*i])).collect();
    assert_eq!(first.common, Some(want));
    for (pa, pb) in a.order.iter().zip(&b.order) {
        assert_eq!(list_a[*pa], list_b[*pb], "the order is the same at both ends");
        assert_eq!(a.got[pa], b.contexts[*pb]);
        assert_eq!(b.got[pb], a.contexts[*pa]);
    }
    count
}

#[test]
fn contexts_of_common_items_come_over_and_no_others() {
    for (n, m, shift, bytes) in [
        (0, 0, 0, 64),
        (5, 5, 5, 64),
        (1, 1, 0, 1),
        (100, 100, 50, 256),
        (1000, 30, 990, MAX_PAYLOAD_BYTES),
        // Several batches, the last one short.
        (900, 1000, 100, MAX_PAYLOAD_BYTES),
        // One batch that is full to the last place.
        (254, 254, 0, MAX_PAYLOAD_BYTES),
    ] {
        let a: Vec<Vec<u8>> = (0..n).map(item).collect();
        let b: Vec<Vec<u8>> = (shift..shift + m).map(item).collect();
        let (mut first, mut second) = pair(bytes, &a, &b);
        assert_eq!(drive(&mut first, &mut second, &mut |_, _| {}), None);
        let progress = first.session.progress();
        assert_eq!(progress.bytes_done, progress.bytes_total, "{n} {m}");
        check(first, second, &a, &b);
    }
}

#[test]
fn random_lists_give_the_plain_answer() {
    let mut state = 0x0dd0_15ea_5eed_5eedu64;
    let mut draw = move |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut common = 0;
    for _ in 0..10 {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for i in 0..1 + draw(1500) {
            let who = draw(4);
            if who & 1 == 1 {
                a.push(item(i));
            }
            if who & 2 == 2 {
                b.insert(draw(b.len() as u64 + 1) as usize, item(i));
            }
        }
        let bytes = 1 + u32::try_from(draw(u64::from(MAX_PAYLOAD_BYTES))).unwrap();
        let (mut first, mut second) = pair(bytes, &a, &b);
        assert_eq!(drive(&mut first, &mut second, &mut |_, _| {}), None);
        common += check(first, second, &a, &b);
    }
    assert!(common > 500, "{common}");
}

/// In bins, the order of common items runs over all of them.
#[test]
fn contexts_follow_the_last_bin() {
    let (a, b) = (items(0..1_050_000), items(1_049_000..1_051_000));
    let (mut first, mut second) = pair(512, &a, &b);
    assert_eq!(drive(&mut first, &mut second, &mut |_, _| {}), None);
    assert_eq!(check(first, second, &a, &b), 1000);
}

/// Frames are of one shape whatever the contexts are: how long each is, and whether there is any,
/// does not show.
#[test]
fn lengths_say_only_how_many_are_common() {
    let shape = |fill: Option<usize>| {
        let (mut a, mut b) = small();
        if let Some(length) = fill {
            a.contexts.iter_mut().chain(&mut b.contexts).for_each(|c| *c = vec![7; length]);
        }
        let mut lengths = Vec::new();
        drive(&mut a, &mut b, &mut |who, frame| lengths.push((who, frame.len())));
        lengths
    };
    let some = shape(None);
    assert_eq!(shape(Some(0)), some);
    assert_eq!(shape(Some(64)), some);
}

/// Changes the first frame of a step; the fault that the other end finds.
fn changed(step: Step, change: impl FnOnce(&mut Vec<u8>)) -> Error {
    let (mut a, mut b) = small();
    let mut change = Some(change);
    let fault = drive(&mut a, &mut b, &mut |_, frame| {
        if place(frame).is_some_and(|place| place.at.step == step)
            && let Some(change) = change.take()
        {
            change(frame);
        }
    });
    let fault = fault.expect("it is found");
    assert_eq!(fault.blame(), Blame::Peer);
    // Who found it is void, and stays so.
    let voided = if step == Step::Contexts { &mut a.session } else { &mut b.session };
    assert_eq!(voided.poll().unwrap_err(), fault);
    assert!(!voided.is_done());
    fault
}

#[test]
fn each_tampered_context_is_found_and_named() {
    let sealed = 4 + 64 + 16;
    for (step, label) in [(Step::Contexts, HEAD + 32), (Step::Returns, HEAD + 32)] {
        // A byte of the length, of the content, of the filling, of the tag.
        for at in [0, 10, 67, 68, 83] {
            let fault = changed(step, |frame| frame[label + 2 * sealed + at] ^= 1);
            assert_eq!(fault, PeerFault::ContextUnopened { index: 2 }.into(), "{step:?} {at}");
        }
        // Two contexts for each other.
        let fault = changed(step, |frame| {
            let (first, second) = frame[label..].split_at_mut(sealed);
            first.swap_with_slice(&mut second[..sealed]);
        });
        assert_eq!(fault, PeerFault::ContextUnopened { index: 0 }.into());
        // One twice.
        let fault = changed(step, |frame| {
            frame.copy_within(label..label + sealed, label + sealed);
        });
        assert_eq!(fault, PeerFault::ContextUnopened { index: 1 }.into());
        // Random bytes: sealed by who can't compute the item's value.
        let fault = changed(step, |frame| frame[label + sealed..].fill(0x5a));
        assert_eq!(fault, PeerFault::ContextUnopened { index: 1 }.into());
        // Missing ones, one more, another length.
        for change in [sealed, 1] {
            let fault = changed(step, |frame| frame.truncate(frame.len() - change));
            assert_eq!(fault.code(), "wrong_frame");
            let fault = changed(step, |frame| frame.extend(vec![0; change]));
            assert_eq!(fault.code(), "wrong_frame");
        }
        // Out of turn.
        let fault = changed(step, |frame| frame[0] = Step::Confirm as u8);
        assert_eq!(fault.code(), "out_of_order");
        let fault = changed(step, |frame| frame[1] = 1);
        assert_eq!(fault.code(), "out_of_order");
    }
}

/// The label is bound by the transcript: another one voids the run at its end.
#[test]
fn a_changed_label_voids_the_run() {
    for step in [Step::Contexts, Step::Returns] {
        let (mut a, mut b) = small();
        let fault = drive(&mut a, &mut b, &mut |_, frame| {
            if place(frame).is_some_and(|place| place.at.step == step) {
                frame[HEAD] ^= 1;
            }
        });
        assert_eq!(fault.map(|fault| fault.code()), Some("transcript_differs"));
    }
}

/// What one run sealed does not open in another, not even one over the same lists and secrets.
#[test]
fn contexts_of_another_run_do_not_open() {
    for step in [Step::Contexts, Step::Returns] {
        let mut held = Vec::new();
        let (mut a, mut b) = small();
        drive(&mut a, &mut b, &mut |_, frame| {
            if place(frame).is_some_and(|place| place.at.step == step) {
                held.clone_from(frame);
            }
        });
        let (own, peer) = (items(0..60), items(30..90));
        let other = |role| Params { context: [9; 32], ..terms(role, 64, 60, 60) };
        let mut a = End::new(other(Role::Initiator), &own, 1);
        let mut b = End::new(other(Role::Responder), &peer, 2);
        let fault = drive(&mut a, &mut b, &mut |_, frame| {
            if place(frame).is_some_and(|place| place.at.step == step) {
                frame.clone_from(&held);
            }
        });
        assert_eq!(fault, Some(PeerFault::ContextUnopened { index: 0 }.into()));
    }
}

/// One direction's contexts, sent back, do not open in the other.
#[test]
fn contexts_sent_back_do_not_open() {
    let (mut a, mut b) = small();
    let mut held = Vec::new();
    let fault = drive(&mut a, &mut b, &mut |_, frame| match place(frame) {
        Some(place) if place.at.step == Step::Contexts => held = frame[HEAD..].to_vec(),
        Some(place) if place.at.step == Step::Returns => frame[HEAD..].copy_from_slice(&held),
        _ => {}
    });
    assert_eq!(fault, Some(PeerFault::ContextUnopened { index: 0 }.into()));
}

/// Sealed by who has the keys, and not as the page says.
#[test]
fn what_opens_is_looked_at() {
    use chacha20poly1305::Nonce;
    use chacha20poly1305::aead::{Aead as _, Payload};

    use crate::psi::vole::BinContext;
    use crate::psi::vole::exchange::{Exchange, Root, bound};
    use crate::psi::vole::layout::Layout;

    let mut layout = Layout::new(&terms(Role::Initiator, 8, 4, 4), &CLASSICAL);
    layout.contexts.as_mut().unwrap().count = 1;
    let context = BinContext::new(Simd::detect(), &layout.terms, 0);
    let roots = [Root::new(&context, 0, 7)];
    let open = |plain: &[u8]| {
        let aad = &bound(&layout.terms, 0)[..];
        let payload = Payload { msg: plain, aad };
        let sealed = roots[0].cipher(Role::Responder).encrypt(&Nonce::default(), payload).unwrap();
        let batch = [vec![9; 32], sealed].concat();
        let mut exchange = Exchange::default();
        exchange.open((&layout, Role::Responder), (&[3], &roots), 0, &batch)?;
        Ok::<_, PeerFault>(exchange.take().unwrap())
    };
    let got = open(b"\x02\0\0\0ab\0\0\0\0\0\0").unwrap();
    assert_eq!((got.places, got.contents, got.last), (vec![3], vec![b"ab".to_vec()], true));
    for bad in [
        // Not filled with zeros; longer than the room; far longer.
        &b"\x02\0\0\0ab\0\0\0\0\0\x01"[..],
        b"\x09\0\0\0abcdefgh",
        b"\xff\xff\xff\xffabcdefgh",
    ] {
        assert_eq!(open(bad), Err(PeerFault::ContextMalformed { index: 0 }));
    }
}

/// A list that is longer than agreed: the responder answers for more items than the initiator's
/// list has places. The engine's own checks keep an honest program from it, so the count is
/// asked for by itself.
#[test]
fn more_common_items_than_a_list_holds_are_refused() {
    use crate::psi::vole::exchange::Exchange;
    let params = terms(Role::Responder, 64, 1000, 3);
    assert_eq!(Exchange::count(&params, 3), Ok(3));
    let fault = PeerFault::FoundTooMany { got: 4, max: 3 };
    assert_eq!(Exchange::count(&params, 4), Err(fault));
}

#[test]
fn a_cut_line_goes_on_at_the_very_batch() {
    let (list_a, list_b) = (items(0..900), items(100..1000));
    for cut in 0..25 {
        let (mut a, mut b) = pair(MAX_PAYLOAD_BYTES, &list_a, &list_b);
        let (mut count, mut cuts) = (0, 0);
        while !(a.session.is_done() && b.session.is_done()) {
            let mut moved = false;
            for turn in [true, false] {
                let (from, to) = if turn { (&mut a, &mut b) } else { (&mut b, &mut a) };
                from.exchange();
                while let Some(frame) = from.session.poll().unwrap() {
                    moved = true;
                    count += 1;
                    if count % (cut + 3) == 0 && cuts < 9 {
                        cuts += 1;
                        from.session.reconnect().unwrap();
                        to.session.reconnect().unwrap();
                        break;
                    }
                    to.session.input(&frame).unwrap();
                    to.exchange();
                    from.exchange();
                }
            }
            assert!(moved, "both wait after a cut, {cut}");
        }
        assert_eq!(check(a, b, &list_a, &list_b), 800, "{cut}");
    }
}

#[test]
fn what_is_not_taken_holds_up_the_run() {
    let (mut a, mut b) = small();
    drive_until_held(&mut a, &mut b);
    assert!(a.session.due().is_none(), "what came is looked at first");
    assert_eq!(
        a.session.give(&[0; 32], &[]).unwrap_err(),
        Error::Caller(CallerFault::ContextsNotDue)
    );
    assert_eq!(a.session.poll().unwrap(), None);
    assert!(!a.session.is_done());
    assert_eq!(drive(&mut a, &mut b, &mut |_, _| {}), None);
}

fn drive_until_held(a: &mut End, b: &mut End) {
    loop {
        while let Some(frame) = a.session.poll().unwrap() {
            b.session.input(&frame).unwrap();
        }
        b.exchange();
        while let Some(frame) = b.session.poll().unwrap() {
            a.session.input(&frame).unwrap();
            if place(&frame).is_some_and(|place| place.at.step == Step::Contexts) {
                return;
            }
        }
    }
}

/// The frames of an honest run, by who sent them. Runs over the same lists and seeds are the same
/// byte for byte: they stand for what an end that knows all secrets could send at another time.
fn honest(bytes: u32, list_a: &[Vec<u8>], list_b: &[Vec<u8>]) -> Vec<(bool, Vec<u8>)> {
    let (mut a, mut b) = pair(bytes, list_a, list_b);
    let mut frames = Vec::new();
    let note = &mut |who, frame: &mut Vec<u8>| frames.push((who, frame.clone()));
    assert_eq!(drive(&mut a, &mut b, note), None);
    frames
}

fn frame_of(frames: &[(bool, Vec<u8>)], initiator: bool, step: Step, bin: u32) -> &Vec<u8> {
    let wanted = |(who, frame): &&(bool, Vec<u8>)| {
        *who == initiator
            && place(frame).is_some_and(|place| (place.at.step, place.at.bin) == (step, bin))
    };
    &frames.iter().find(wanted).unwrap().1
}

/// Carries frames, and nothing of contexts, until the sender has to give its first batch.
fn drive_until_due(a: &mut End, b: &mut End) {
    while b.session.due().is_none() {
        while let Some(frame) = a.session.poll().unwrap() {
            b.session.input(&frame).unwrap();
        }
        while let Some(frame) = b.session.poll().unwrap() {
            a.session.input(&frame).unwrap();
        }
    }
}

/// A receiver that sends all of its own at once would have the sender's contexts after both
/// confirmed, outside of the transcript.
#[test]
fn returns_before_our_contexts_are_out_of_order() {
    let lists =
        [(items(0..60), items(30..90), 64), (items(0..900), items(100..1000), MAX_PAYLOAD_BYTES)];
    for (list_a, list_b, bytes) in lists {
        let frames = honest(bytes, &list_a, &list_b);
        let (mut a, mut b) = pair(bytes, &list_a, &list_b);
        drive_until_due(&mut a, &mut b);
        let fault = b.session.input(frame_of(&frames, true, Step::Returns, 0)).unwrap_err();
        assert_eq!(fault, PeerFault::OutOfOrder { got: "returns" }.into());
        // Void: nothing goes out any more, contexts least of all.
        assert!(b.session.take().is_none() && !b.session.is_done());
        let give = vec![Vec::new(); b.session.due().map_or(0, |due| due.range.len())];
        assert_eq!(b.session.give(&[0; 32], &give).unwrap_err(), fault);
        assert_eq!(b.session.poll().unwrap_err(), fault);
    }
}

/// A sender that goes on before it has what is due to it.
#[test]
fn contexts_before_our_returns_are_out_of_order() {
    let (list_a, list_b) = (items(0..900), items(100..1000));
    let frames = honest(MAX_PAYLOAD_BYTES, &list_a, &list_b);
    for taken in [false, true] {
        let (mut a, mut b) = pair(MAX_PAYLOAD_BYTES, &list_a, &list_b);
        drive_until_held(&mut a, &mut b);
        let got = taken.then(|| a.session.take().unwrap());
        assert!(got.is_none_or(|got| !got.last), "there are more batches");
        let fault = a.session.input(frame_of(&frames, false, Step::Contexts, 1)).unwrap_err();
        assert_eq!(fault, PeerFault::OutOfOrder { got: "contexts" }.into(), "{taken}");
    }
}

/// Neither end takes a confirmation while its own batch is due.
#[test]
fn a_confirmation_before_our_batch_is_out_of_order() {
    let frames = honest(64, &items(0..60), &items(30..90));
    let (mut a, mut b) = small();
    drive_until_due(&mut a, &mut b);
    let fault = b.session.input(frame_of(&frames, true, Step::Confirm, 0)).unwrap_err();
    assert_eq!(fault, PeerFault::OutOfOrder { got: "confirm" }.into());
    for taken in [false, true] {
        let (mut a, mut b) = small();
        drive_until_held(&mut a, &mut b);
        assert!(!taken || a.session.take().is_some());
        let fault = a.session.input(frame_of(&frames, false, Step::Confirm, 0)).unwrap_err();
        assert_eq!(fault, PeerFault::OutOfOrder { got: "confirm" }.into(), "{taken}");
    }
}

/// An honest receiver's confirmation follows its last batch; ours goes when that was taken.
#[test]
fn what_was_not_taken_is_not_confirmed() {
    for change in [0, 1] {
        let (mut a, mut b) = small();
        drive_until_held(&mut a, &mut b);
        a.exchange();
        while let Some(mut frame) = a.session.poll().unwrap() {
            if place(&frame).is_some_and(|place| place.at.step == Step::Confirm) {
                frame[HEAD] ^= change;
            }
            b.session.input(&frame).unwrap();
        }
        assert_eq!(b.session.poll().unwrap(), None, "the caller has not looked yet");
        assert!(!b.session.is_done());
        b.exchange();
        if change == 1 {
            let fault = PeerFault::CountDiffers { ours: 30, theirs: 31 };
            assert_eq!(b.session.poll().unwrap_err(), fault.clone().into());
            assert!(!b.session.is_done());
            assert_eq!(b.session.finish().unwrap_err(), fault.into());
            continue;
        }
        assert_eq!(drive(&mut a, &mut b, &mut |_, _| {}), None);
    }
}

#[test]
fn a_callers_slips_are_named_and_void_nothing() {
    let (mut a, mut b) = small();
    assert!(a.session.due().is_none());
    assert_eq!(b.session.give(&[0; 32], &[]).unwrap_err().code(), "contexts_not_due");
    drive_until_due(&mut a, &mut b);
    assert_eq!(
        b.session.give(&[0; 32], &vec![vec![]; 29]).unwrap_err().code(),
        "contexts_miscounted"
    );
    let long = b.session.give(&[0; 32], &vec![vec![0; 65]; 30]).unwrap_err();
    assert_eq!(long, Error::Caller(CallerFault::ContextTooLong { got: 65, max: 64 }));
    assert_eq!(drive(&mut a, &mut b, &mut |_, _| {}), None);
}

#[test]
fn terms_that_make_no_sense_are_refused() {
    let none = std::iter::empty::<Item>;
    let new = |params| {
        Session::new(Simd::detect(), params, &CLASSICAL, none(), &Seed::new([1; 32])).err()
    };
    for bytes in [0, MAX_PAYLOAD_BYTES + 1, u32::MAX] {
        let max = MAX_PAYLOAD_BYTES;
        let fault = CallerFault::PayloadTerms { bytes, max };
        assert_eq!(new(terms(Role::Initiator, bytes, 0, 0)), Some(fault.into()));
    }
    let one = Params { learn: Learn::Initiator, ..terms(Role::Initiator, 64, 0, 0) };
    assert_eq!(new(one).map(|fault| fault.code()), Some("payload_terms"));
    // The matcher that has no contexts says so.
    let params = terms(Role::Initiator, 64, 1, 1);
    let one = vec![Item::new("x").unwrap()];
    let fault = psi::Session::new(&Engine::Ecdh, params, one, Seed::new([1; 32])).err();
    assert_eq!(fault, Some(CallerFault::ModeUnknown.into()));
}

/// Runs with and without contexts, and with another length, are not the same run.
#[test]
fn the_length_of_contexts_is_a_term() {
    let own = items(0..10);
    for mode in [Mode::Which, Mode::Payload { bytes: 65 }] {
        let mut a = session(terms(Role::Initiator, 64, 10, 10), &CLASSICAL, &own, 1);
        let other = Params { mode, ..terms(Role::Responder, 64, 10, 10) };
        let mut b = session(other, &CLASSICAL, &own, 2);
        let hello = b.poll().unwrap().unwrap();
        assert_eq!(a.input(&hello).unwrap_err(), PeerFault::TermsDiffer.into());
    }
}

/// The same through the face of the crate, on the post-quantum base.
#[test]
fn the_face_of_the_crate_gives_the_same() {
    let end = |role, range: std::ops::Range<u64>| {
        let list: Vec<Item> =
            items(range).into_iter().map(|item| Item::new(item).unwrap()).collect();
        let engine = Engine::Vole(VoleOptions::default());
        psi::Session::new(&engine, terms(role, 100, 40, 40), list, Seed::new([role.code(); 32]))
    };
    let mut ends = [end(Role::Initiator, 0..40).unwrap(), end(Role::Responder, 20..60).unwrap()];
    let mut got = [0, 0];
    while !ends.iter().all(psi::Session::is_done) {
        for (turn, got) in got.iter_mut().enumerate() {
            let [a, b] = &mut ends;
            let (from, to) = if turn == 0 { (a, b) } else { (b, a) };
            if let Some(contexts) = from.take() {
                *got += contexts.contents.len();
                assert!(contexts.contents.iter().all(|content| content == b"a context"));
                assert_eq!(format!("{contexts:?}"), "Contexts(20)");
            }
            if let Some(due) = from.due() {
                let give = vec![b"a context".to_vec(); due.range.len()];
                from.give(&[0; 32], &give).unwrap();
            }
            while let Some(frame) = from.poll().unwrap() {
                to.input(&frame).unwrap();
            }
        }
    }
    assert_eq!(got, [20, 20]);
    let [a, b] = ends.map(|end| end.finish().unwrap());
    assert_eq!((a.count, b.count), (Some(20), Some(20)));
}
