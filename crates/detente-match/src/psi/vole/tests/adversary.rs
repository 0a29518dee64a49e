//! A peer that departs from the protocol, at either end: what it is called, and that no wrong
//! answer comes of it.

use super::support::{CLASSICAL, drive, ends, items, params, session};
use crate::error::{Blame, Error, PeerFault};
use crate::params::{Learn, Role};
use crate::psi::vole::frame::{CHUNK_BYTES, Frame, Place};
use crate::psi::vole::layout::{At, Step};
use crate::psi::vole::session::Session;

/// What an end says to a frame before it goes to the other.
type Tamper<'a> = &'a mut dyn FnMut(bool, &mut Vec<u8>);

/// Carries frames, changed as `tamper` says (whether the initiator sent it, and the frame), until
/// someone refuses; then the fault and who found it (the initiator or not).
fn tampered(a: &mut Session, b: &mut Session, tamper: Tamper<'_>) -> Option<(Error, bool)> {
    while !(a.is_done() && b.is_done()) {
        let mut moved = false;
        while let Some(mut frame) = a.poll().unwrap() {
            moved = true;
            tamper(true, &mut frame);
            if let Err(fault) = b.input(&frame) {
                return Some((fault, false));
            }
        }
        while let Some(mut frame) = b.poll().unwrap() {
            moved = true;
            tamper(false, &mut frame);
            if let Err(fault) = a.input(&frame) {
                return Some((fault, true));
            }
        }
        assert!(moved, "both wait");
    }
    None
}

fn place(frame: &[u8]) -> Option<Place> {
    match Frame::decode(frame) {
        Ok(Frame::Part { place, .. }) => Some(place),
        _ => None,
    }
}

fn pair() -> (Session, Session) {
    ends(Learn::Both, &items(0..60), &items(30..90))
}

/// Adds to one byte of the first frame of a step, at a place in its content.
fn one_byte(step: Step, at: usize) -> Option<(Error, bool)> {
    let (mut a, mut b) = pair();
    let mut done = false;
    let fault = tampered(&mut a, &mut b, &mut |_, frame| {
        if !done && place(frame).is_some_and(|place| place.at.step == step) {
            done = true;
            let content = frame.len() - 13;
            frame[13 + at % content] ^= 1;
        }
    });
    assert!(done, "{step:?} never came");
    // The one that found it is void and stays so.
    let (fault, by_initiator) = fault?;
    let voided = if by_initiator { &mut a } else { &mut b };
    assert_eq!(voided.poll().unwrap_err(), fault);
    assert_eq!(voided.input(&[]).unwrap_err(), fault);
    Some((fault, by_initiator))
}

/// The code of the fault that the other end finds.
fn code_of(step: Step, at: usize) -> &'static str {
    let (fault, _) = one_byte(step, at).expect("it is found");
    assert_eq!(fault.blame(), Blame::Peer);
    fault.code()
}

#[test]
fn each_changed_step_is_found_under_its_own_name() {
    // Bits of the extension that differ in one column: the check fails where Delta has a one.
    let found = (0..20).filter_map(|i| one_byte(Step::Noise, 10_000 * i + 3)).collect::<Vec<_>>();
    assert!(found.iter().all(|(fault, _)| fault.code() == "extension_inconsistent"));
    assert!(found.len() > 3, "about half of the columns: {}", found.len());
    // The commitment to w, and what it commits to.
    assert_eq!(code_of(Step::Trees, 0), "commitment_broken");
    assert_eq!(code_of(Step::Masks, 32), "commitment_broken");
    // A tree's last block enters always; the proof of the trees.
    assert_eq!(code_of(Step::Masks, 5), "trees_inconsistent");
    // The masked sum of the check.
    assert_eq!(code_of(Step::Columns, 16), "trees_inconsistent");
    // The claim of common items, and its proof.
    assert_eq!(code_of(Step::Found, 0), "found_unproved");
    assert_eq!(code_of(Step::Found, 12), "found_unproved");
    // What both must agree on at the end.
    assert_eq!(code_of(Step::Confirm, 0), "count_differs");
    assert_eq!(code_of(Step::Confirm, 9), "digest_differs");
    assert_eq!(code_of(Step::Confirm, 71), "transcript_differs");
}

#[test]
fn a_changed_byte_anywhere_voids_the_run_or_changes_nothing() {
    // Base transfers, trees, columns, masks: by a check of its own, or by the transcript at last.
    for step in [
        Step::Choice,
        Step::Reply,
        Step::Noise,
        Step::Trees,
        Step::Challenge,
        Step::Columns,
        Step::Masks,
    ] {
        for i in 0..6 {
            let fault = one_byte(step, 7919 * i + 1);
            assert!(fault.is_some(), "{step:?} {i}: a changed byte went through");
        }
    }
}

#[test]
fn columns_that_hold_other_values_find_nothing_new() {
    // A receiver that encodes another list than it says gets masks of that list only: here all
    // columns are replaced. The masks do not match, and it can prove nothing.
    let (mut a, mut b) = pair();
    let fault = tampered(&mut a, &mut b, &mut |_, frame| {
        if place(frame).is_some_and(|place| place.at.step == Step::Columns) {
            frame[13 + 48..].fill(7);
        }
    });
    // The honest initiator finds nothing common; the transcripts differ.
    assert_eq!(fault.map(|(fault, _)| fault.code()), Some("transcript_differs"));
}

#[test]
fn frames_out_of_place_are_refused() {
    type Change = fn(&mut Vec<u8>);
    let changes: [(&str, Step, Change); 8] = [
        ("out_of_order", Step::Noise, |frame| frame[0] = Step::Columns as u8),
        ("out_of_order", Step::Noise, |frame| frame[1] = 1),
        ("out_of_order", Step::Masks, |frame| frame[0] = Step::Confirm as u8),
        ("wrong_offset", Step::Trees, |frame| frame[5] = 1),
        ("wrong_frame", Step::Trees, |frame| frame.truncate(frame.len() - 1)),
        ("wrong_frame", Step::Columns, |frame| frame.push(0)),
        ("frame_malformed", Step::Reply, |frame| frame[0] = 77),
        ("frame_malformed", Step::Reply, |frame| frame.truncate(5)),
    ];
    for (code, step, change) in changes {
        let (mut a, mut b) = pair();
        let mut done = false;
        let fault = tampered(&mut a, &mut b, &mut |_, frame| {
            if !done && place(frame).is_some_and(|place| place.at.step == step) {
                done = true;
                change(frame);
            }
        });
        assert_eq!(fault.map(|(fault, _)| fault.code()), Some(code), "{step:?}");
    }
}

#[test]
fn frames_that_are_too_long_are_refused_before_they_are_read() {
    let (mut a, _) = pair();
    let fault = a.input(&vec![1; CHUNK_BYTES + 14]).unwrap_err();
    assert_eq!(fault.code(), "frame_too_long");
}

#[test]
fn repeated_and_missing_frames_are_refused() {
    let (mut a, mut b) = pair();
    let hello = a.poll().unwrap().unwrap();
    b.input(&hello).unwrap();
    assert_eq!(b.input(&hello).unwrap_err().code(), "out_of_order");

    // Nothing before the hello.
    let (mut a, mut b) = pair();
    let (_, choice) = (b.poll().unwrap().unwrap(), b.poll().unwrap());
    assert!(choice.is_none(), "nothing leaves before the other's terms");
    a.poll().unwrap().unwrap();
    let part = [Step::Choice as u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(a.input(&part).unwrap_err().code(), "out_of_order");

    // A frame twice.
    let (mut a, mut b) = pair();
    let mut held = Vec::new();
    tampered(&mut a, &mut b, &mut |_, frame| {
        if place(frame).is_some_and(|place| place.at.step == Step::Noise) && held.is_empty() {
            held.clone_from(frame);
        }
    });
    let (mut a, mut b) = pair();
    let fault = tampered(&mut a, &mut b, &mut |_, frame| {
        if place(frame).is_some_and(|place| place.at.step == Step::Columns) {
            frame.clone_from(&held);
        }
    });
    assert_eq!(fault.map(|(fault, _)| fault.code()), Some("out_of_order"));
}

#[test]
fn nothing_comes_after_the_end() {
    let (mut a, mut b) = pair();
    drive(&mut a, &mut b);
    let part = [Step::Confirm as u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(a.input(&part).unwrap_err(), Error::Peer(PeerFault::AfterFinish { got: "confirm" }));
}

#[test]
fn other_terms_show_in_the_first_frame() {
    let own = items(0..60);
    let base = params(Role::Responder, Learn::Both, 60, 60);
    let mut others = vec![base; 4];
    others[0].context = [6; 32];
    others[1].learn = Learn::Initiator;
    others[2].own_len = 61;
    others[3].peer_len = 61;
    for other in others {
        let a = params(Role::Initiator, Learn::Both, 60, 60);
        let mut a = session(a, &CLASSICAL, &own, 1);
        let mut b = session(other, &CLASSICAL, &own, 2);
        let hello = b.poll().unwrap().unwrap();
        assert_eq!(a.input(&hello).unwrap_err(), Error::Peer(PeerFault::TermsDiffer));
    }
}

#[test]
fn an_early_end_gives_no_answer() {
    for stop in 0..8 {
        let (mut a, mut b) = pair();
        for _ in 0..stop {
            while let Some(frame) = a.poll().unwrap() {
                b.input(&frame).unwrap();
            }
            if let Some(frame) = b.poll().unwrap() {
                a.input(&frame).unwrap();
            }
        }
        if !a.is_done() {
            assert_eq!(a.finish().unwrap_err().code(), "not_done");
        }
        if !b.is_done() {
            assert_eq!(b.finish().unwrap_err().code(), "not_done");
        }
    }
}

#[test]
fn a_cut_line_goes_on_at_the_very_frame() {
    // The line is cut after each number of frames; what was under way is lost with it.
    for cut in 0..40 {
        let (mut a, mut b) = ends(Learn::Both, &items(0..3000), &items(2000..9000));
        let mut count = 0;
        let mut cuts = 0;
        while !(a.is_done() && b.is_done()) {
            let mut moved = false;
            for turn in [true, false] {
                let (from, to) = if turn { (&mut a, &mut b) } else { (&mut b, &mut a) };
                while let Some(frame) = from.poll().unwrap() {
                    moved = true;
                    count += 1;
                    if count % (cut + 3) == 0 && cuts < 5 {
                        // This frame is lost, and so is all that either thinks is on its way.
                        cuts += 1;
                        from.reconnect().unwrap();
                        to.reconnect().unwrap();
                        break;
                    }
                    to.input(&frame).unwrap();
                }
            }
            assert!(moved, "both wait after a cut, {cut}");
        }
        let (first, second) = (a.finish().unwrap(), b.finish().unwrap());
        assert_eq!(first.count, Some(1000), "{cut}");
        assert_eq!(first.transcript, second.transcript);
    }
}

#[test]
fn a_peer_cannot_go_back_to_what_it_has_acknowledged() {
    for (step, bin, offset) in [
        (Step::Noise, 0, 0),
        (Step::Columns, 1, 0),
        (Step::Columns, 0, 5),
        (Step::Columns, 0, u64::MAX << 20),
        (Step::Confirm, 0, 0),
    ] {
        let (mut a, mut b) = pair();
        // Until the columns are on their way.
        'run: loop {
            while let Some(frame) = a.poll().unwrap() {
                if place(&frame).is_some_and(|place| place.at.step == Step::Columns) {
                    break 'run;
                }
                b.input(&frame).unwrap();
            }
            while let Some(frame) = b.poll().unwrap() {
                a.input(&frame).unwrap();
            }
        }
        a.reconnect().unwrap();
        b.reconnect().unwrap();
        let hello = b.poll().unwrap().unwrap();
        let Frame::Hello { terms, expects } = Frame::decode(&hello).unwrap() else { panic!() };
        assert_eq!(expects, Place { at: At { step: Step::Columns, bin: 0 }, offset: 0 });
        let hello = Frame::hello(&terms, Place { at: At { step, bin }, offset });
        assert_eq!(a.input(&hello).unwrap_err(), Error::Peer(PeerFault::ResumeUnknown));
    }
}
