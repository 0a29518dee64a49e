//! Honest runs give what a plain intersection of the two sets gives, in every setting.

use std::collections::BTreeSet;

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::Case;
use crate::params::{Learn, Mode, Padding, padded_len};
use crate::psi::ecdh::params::CHUNK_POINTS;

const MODES: [Mode; 2] = [Mode::Which, Mode::CountOnly];
const LEARN: [Learn; 2] = [Learn::Both, Learn::Initiator];

/// Runs `case` in the order `order` and compares with the plain intersection.
fn check(case: &Case, order: u64) {
    let [left, right] = &case.lists;
    let common: BTreeSet<_> = {
        let right: BTreeSet<_> = right.iter().collect();
        left.iter().filter(|item| right.contains(item)).collect()
    };
    let outcomes = case.run_tampered(order, |_, message| vec![message]).map(Result::unwrap);
    assert_eq!(outcomes[0].transcript, outcomes[1].transcript);
    for (end, (outcome, list)) in outcomes.iter().zip(&case.lists).enumerate() {
        let learns = end == 0 || case.learn == Learn::Both;
        let places: Vec<_> = (0..list.len()).filter(|&at| common.contains(&list[at])).collect();
        assert_eq!(outcome.count, learns.then_some(common.len() as u64), "{case:?}");
        assert_eq!(outcome.common, (learns && case.mode == Mode::Which).then_some(places));
    }
}

/// A subset of the numbers below `universe`, shuffled, as items of varying lengths.
fn random_list(rng: &mut ChaCha20Rng, universe: u32) -> Vec<Vec<u8>> {
    let mut list: Vec<_> = (0..universe)
        .filter(|_| rng.next_u32().is_multiple_of(2))
        .map(|n| vec![n.to_le_bytes()[0]; 1 + n as usize % 5])
        .collect();
    for last in (1..list.len()).rev() {
        list.swap(last, rng.next_u32() as usize % (last + 1));
    }
    list
}

#[test]
fn thousands_of_small_runs_agree_with_the_plain_intersection() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for number in 0..3000_usize {
        let lists = [random_list(&mut rng, 9), random_list(&mut rng, 9)];
        let bucket = [Padding::None, Padding::PowerOfTwo, Padding::Multiple(5)][number % 3];
        let lens = [0, 1].map(|end| padded_len(u32::try_from(lists[end].len()).unwrap(), bucket));
        let mut seeds = [[0; 32]; 2];
        seeds.iter_mut().for_each(|seed| rng.fill_bytes(seed));
        let mut context = [0; 32];
        rng.fill_bytes(&mut context);
        let (mode, learn) = (MODES[number / 3 % 2], LEARN[number / 6 % 2]);
        check(&Case { mode, learn, context, seeds, lists, lens }, number as u64);
    }
}

#[test]
fn corner_cases_in_every_setting() {
    let many: Vec<u32> = (0..40).collect();
    let pairs: [[&[u32]; 2]; 9] = [
        [&[], &[]],
        [&[], &[1]],
        [&[1], &[]],
        [&[1], &[1]],
        [&[1], &[2]],
        [&[1, 2, 3], &[3, 2, 1]],
        [&[1, 2, 3], &[4, 5, 6]],
        [&many, &[39]],
        [&[0], &many],
    ];
    for (mode, learn) in MODES.iter().flat_map(|mode| LEARN.map(|learn| (*mode, learn))) {
        for lists in pairs {
            for padding in [0, 3] {
                let mut case = Case::numbered(mode, learn, lists);
                case.lens = case.lens.map(|len| len + padding);
                check(&case, 0);
            }
        }
    }
}

#[test]
fn lists_of_several_chunks_in_every_setting() {
    let left: Vec<u32> = (0..2 * CHUNK_POINTS + 5).collect();
    let right: Vec<u32> = (CHUNK_POINTS..2 * CHUNK_POINTS + 1).collect();
    for (mode, learn) in MODES.iter().flat_map(|mode| LEARN.map(|learn| (*mode, learn))) {
        let mut case = Case::numbered(mode, learn, [&left, &right]);
        case.lens = [3 * CHUNK_POINTS, CHUNK_POINTS + 9];
        check(&case, 5);
    }
}

#[test]
fn transcripts_do_not_hang_on_the_interleaving_but_on_the_messages() {
    let case = Case::numbered(Mode::Which, Learn::Both, [&[1, 2, 3], &[2, 3, 4]]);
    let transcript = |case: &Case| case.run()[0].as_ref().unwrap().transcript;
    let mut other = case.clone();
    other.seeds[0] = [9; 32];
    assert_eq!(transcript(&case), transcript(&case));
    assert_ne!(transcript(&case), transcript(&other));
}
