//! Transfers between honest ends, and what is refused.

use super::extension::message_bytes;
use super::*;
use crate::simd::Simd;

const CONTEXT: [u8; 32] = [7; 32];
const SUITES: [BaseTransfer; 2] = [BaseTransfer::MlKem768, BaseTransfer::Ristretto255];
const DELTA: F128 = F128(0x0123_4567_89ab_cdef_0f1e_2d3c_4b5a_6978);

fn base(suite: BaseTransfer) -> (Vec<Key>, Vec<[Key; 2]>) {
    let (chooser, message) = Chooser::choose(suite, &CONTEXT, &[1; 32], DELTA);
    assert_eq!(message.len(), suite.choice_bytes());
    let (reply, pairs) = reply(suite, &CONTEXT, &[2; 32], &message).unwrap();
    assert_eq!(reply.len(), suite.reply_bytes());
    (chooser.finish(&CONTEXT, &reply).unwrap(), pairs)
}

#[test]
fn the_chosen_key_arrives_and_the_other_does_not() {
    for suite in SUITES {
        let (chosen, pairs) = base(suite);
        for (index, (key, pair)) in chosen.iter().zip(&pairs).enumerate() {
            let side = usize::from(DELTA.bit(index));
            assert_eq!(*key, pair[side], "{suite:?} {index}");
            assert_ne!(*key, pair[1 - side]);
        }
    }
}

#[test]
fn base_messages_of_other_lengths_or_shape_are_refused() {
    for suite in SUITES {
        let (chooser, message) = Chooser::choose(suite, &CONTEXT, &[1; 32], DELTA);
        for bad in [&message[1..], &message[..0], &[&message[..], &[0]].concat()] {
            assert!(reply(suite, &CONTEXT, &[2; 32], bad).is_err());
        }
        let (answer, _) = reply(suite, &CONTEXT, &[2; 32], &message).unwrap();
        assert!(chooser.finish(&CONTEXT, &answer[1..]).is_err());
    }
    // Coefficients above the modulus.
    let (_, mut message) = Chooser::choose(BaseTransfer::MlKem768, &CONTEXT, &[1; 32], DELTA);
    let at = 5 * BaseTransfer::MlKem768.choice_bytes() / BASE;
    message[at..at + 3].fill(0xff);
    let refused = reply(BaseTransfer::MlKem768, &CONTEXT, &[2; 32], &message).unwrap_err();
    assert_eq!(refused, InvalidTransfer { index: 5 });
    // No element, and the identity.
    let suite = BaseTransfer::Ristretto255;
    let (chooser, message) = Chooser::choose(suite, &CONTEXT, &[1; 32], DELTA);
    for bad in [[0xff; 32], [0; 32]] {
        let mut message = message.clone();
        message[64 * 9 + 32..64 * 10].copy_from_slice(&bad);
        let refused = reply(suite, &CONTEXT, &[2; 32], &message).unwrap_err();
        assert_eq!(refused, InvalidTransfer { index: 9 });
    }
    assert!(chooser.finish(&CONTEXT, &[0xff; 32]).is_err());
}

#[test]
fn another_context_gives_other_keys() {
    for suite in SUITES {
        let (chooser, message) = Chooser::choose(suite, &CONTEXT, &[1; 32], DELTA);
        let (answer, pairs) = reply(suite, &[8; 32], &[2; 32], &message).unwrap();
        let chosen = chooser.finish(&CONTEXT, &answer).unwrap();
        assert!(chosen.iter().zip(&pairs).all(|(key, pair)| !pair.contains(key)));
    }
}

fn ends() -> (DeltaSide, NoiseSide) {
    let (chosen, pairs) = base(BaseTransfer::Ristretto255);
    (DeltaSide::new(DELTA, &chosen), NoiseSide::new(&pairs))
}

fn bits(count: usize) -> Vec<F128> {
    (0..count as u128)
        .map(|i| F128(i.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)))
        .collect()
}

#[test]
fn extensions_correlate_again_and_again() {
    for simd in Simd::available() {
        let (mut delta, mut noise) = ends();
        for blocks in [1, 2, 7, 0, 30] {
            let bits = bits(blocks);
            let (message, t) = noise.extend(simd, &CONTEXT, &bits, F128(99));
            assert_eq!(message.len(), message_bytes(blocks));
            let q = delta.extend(simd, &CONTEXT, blocks, &message).unwrap();
            for i in 0..128 * blocks {
                let entered = F128::mask(bits[i / 128].bit(i % 128));
                assert!(q.0[i] == t.0[i] ^ DELTA.and(entered), "{} {blocks} {i}", simd.name());
            }
        }
    }
}

#[test]
fn other_bits_in_one_column_are_caught_but_for_the_guess_of_a_bit() {
    let simd = Simd::detect();
    let blocks = 3;
    for column in [0, 3, 64, 127] {
        let (mut delta, mut noise) = ends();
        let (mut message, _) = noise.extend(simd, &CONTEXT, &bits(blocks), F128(99));
        // Another bit in this column: with the hash drawn anew, the column's R(t_j) no longer fits
        // where Delta has a one; where it has a zero, u_j is not used at all.
        message[16 * (blocks + 1) * column + 5] ^= 4;
        let sent = 16 * 128 * (blocks + 1);
        let (mut again, _) = ends().1.extend(simd, &CONTEXT, &bits(blocks), F128(99));
        again[..sent].copy_from_slice(&message[..sent]);
        noise_checks(simd, blocks, &mut again);
        let result = delta.extend(simd, &CONTEXT, blocks, &again);
        if DELTA.bit(column) {
            assert_eq!(result.err(), Some(ExtensionError::CheckFailed));
        } else {
            assert!(result.is_ok());
        }
    }
}

/// Puts the honest check for the first part of `message` behind it: what a cheat would do.
fn noise_checks(simd: Simd, blocks: usize, message: &mut [u8]) {
    let (_, pairs) = base(BaseTransfer::Ristretto255);
    extension::forge_check(simd, &CONTEXT, &pairs, (&bits(blocks), F128(99)), message);
}

#[test]
fn any_changed_byte_of_the_check_is_caught() {
    let simd = Simd::detect();
    let blocks = 2;
    let (_, mut noise) = ends();
    let (message, _) = noise.extend(simd, &CONTEXT, &bits(blocks), F128(99));
    for at in (0..message.len()).step_by(97) {
        let mut bad = message.clone();
        bad[at] ^= 1;
        let result = ends().0.extend(simd, &CONTEXT, blocks, &bad);
        assert_eq!(result.err(), Some(ExtensionError::CheckFailed), "byte {at}");
    }
    for bad in [&message[1..], &[&message[..], &[0]].concat()] {
        let result = ends().0.extend(simd, &CONTEXT, blocks, bad);
        assert_eq!(result.err(), Some(ExtensionError::Length));
    }
    let result = ends().0.extend(simd, &[8; 32], blocks, &message);
    assert_eq!(result.err(), Some(ExtensionError::CheckFailed));
}
