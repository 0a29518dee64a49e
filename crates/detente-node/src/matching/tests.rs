//! Beginning a run: no item is lost on its way into the engine.

use detente_match::{Engine, Learn, MAX_ITEM_BYTES, Mode, Params, Role, Seed};

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
    for engine in Engine::ALL {
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
    for engine in Engine::ALL {
        assert!(try_begin(&engine, keys.clone()).is_err());
        assert!(try_begin(&engine, keys[..4].to_vec()).is_ok());
    }
}
