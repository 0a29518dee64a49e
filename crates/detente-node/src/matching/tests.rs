//! Beginning a run: no item is lost on its way into the engine.

use detente_core::act::{Answer, Offer};
use detente_core::{Digest, RunId};
use detente_match::{Engine, Learn, MAX_ITEM_BYTES, Mode, Params, Role, Seed};
use detente_state::{ENTERED_MIN, entered};

use super::begin;
use crate::error::{Class, NodeError};

fn try_begin(engine: &Engine, keys: Vec<Vec<u8>>) -> Result<u64, NodeError> {
    let params = Params {
        role: Role::Initiator,
        mode: Mode::Which,
        learn: Learn::Both,
        context: [7; 32],
        own_len: 4,
        peer_len: 4,
    };
    let session = begin(engine, params, keys.into_iter().map(Ok), Seed::new([9; 32]))?;
    Ok(session.progress().items_total)
}

#[test]
fn an_item_that_no_engine_takes_ends_the_run_and_is_not_left_out() {
    for engine in Engine::ALL.into_iter().filter(|engine| engine.has(Mode::Which)) {
        assert_eq!(try_begin(&engine, vec![b"a".to_vec(), b"b".to_vec()]).unwrap(), 8);
        for bad in [Vec::new(), vec![7; MAX_ITEM_BYTES + 1]] {
            // First, in the middle and last.
            for place in 0..3 {
                let mut keys = vec![b"a".to_vec(), b"b".to_vec()];
                keys.insert(place, bad.clone());
                let error = try_begin(&engine, keys).unwrap_err();
                assert_eq!(error.class(), Class::Environment, "{engine:?} {place}");
                assert!(error.to_string().contains("item"), "{error}");
            }
        }
    }
}

#[test]
fn more_items_than_were_agreed_do_not_begin() {
    let keys = (0..5u8).map(|item| vec![item]).collect::<Vec<_>>();
    for engine in Engine::ALL.into_iter().filter(|engine| engine.has(Mode::Which)) {
        assert!(try_begin(&engine, keys.clone()).is_err());
        assert!(try_begin(&engine, keys[..4].to_vec()).is_ok());
    }
}

/// What core charges, which knows no engine, against what the engines let a cheat enter.
#[test]
fn the_budget_charges_what_an_engine_gives_without_effort() {
    let charge = |engine: &Engine, len: u32, peer_len: Option<u32>| {
        let (run, commitment) = (RunId::new([1; 32]), Digest::new([2; 32]));
        let offer = Offer {
            run,
            text: commitment,
            clause: "1".to_owned(),
            mode: detente_core::act::Mode::Which,
            learn: detente_core::act::Learn::Both,
            normal_form: 1,
            engine: engine.name().to_owned(),
            size: len,
            commitment,
        };
        let answer = peer_len.map(|size| Answer { run, offer: commitment, size, commitment });
        entered(&offer, answer.as_ref())
    };
    let steps = (0..=28).flat_map(|log| {
        let power = 1u32 << log;
        [power - 1, power, power + 1, power + power / 4, power + power / 2]
    });
    let lengths = (0..300u32).chain(steps).chain([37_376, 40_000]);
    let lengths: Vec<u32> = lengths.filter(|len| *len <= 1 << 28).collect();
    let peers = [0, 64, 1 << 20, (1 << 20) + 1, 3 << 20, 1 << 24, (1 << 28) - 1, 1 << 28];
    for engine in Engine::ALL {
        for len in &lengths {
            for peer in peers {
                let charged = charge(&engine, *len, Some(peer));
                let free = engine.entered_free(*len, peer);
                let what = format!("{engine:?} {len} {peer}");
                assert!(charged >= u64::from(*len) && charged <= free, "{what}");
                if engine == Engine::Ecdh {
                    assert_eq!(charged, u64::from(*len), "{what}");
                } else if *len <= 64 && peer <= 1 << 20 {
                    assert_eq!(charged, free, "{what}");
                }
                // Never too little by more than a factor of 3.2; of 1.9 in one bin.
                let tenths = if len.max(&peer) <= &(1 << 20) { 19 } else { 32 };
                assert!(free * 10 <= charged * tenths, "{what}: {free} and {charged}");
                // The answer only adds.
                assert!(charge(&engine, *len, None) <= charged, "{what}");
            }
        }
    }
    let vole = &Engine::ALL[1];
    assert_eq!(charge(vole, 1, None), ENTERED_MIN);
    assert_eq!((charge(vole, 1, Some(1 << 28)), charge(vole, 147, None)), (37_376, 147));
}
