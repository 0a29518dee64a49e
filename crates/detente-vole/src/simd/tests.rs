//! Each kernel against its twin, and the twins against other sources.

use super::*;

fn block(i: u64) -> F128 {
    let hash = ::blake3::hash(&i.to_le_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    F128::from_bytes(bytes)
}

fn blocks(start: u64, count: usize) -> Vec<F128> {
    (0..count as u64).map(|i| block(start + i)).collect()
}

/// Product bit by bit.
fn slow_mul(a: F128, b: F128) -> F128 {
    let (mut sum, mut power) = (F128::ZERO, a);
    for i in 0..128 {
        sum ^= power.and(F128::mask(b.bit(i)));
        power = power.times_x();
    }
    sum
}

#[test]
fn products_agree_with_the_definition() {
    for simd in Simd::available() {
        for i in 0..200 {
            let (a, b) = (block(i), block(i + 1000));
            assert!(simd.mul(a, b) == slow_mul(a, b), "{} {i}", simd.name());
        }
        for edge in [0, 1, 2, u128::MAX, 1 << 127, u128::from(u64::MAX), !0 << 64] {
            for other in [0, 1, u128::MAX, 1 << 127, 1 << 64] {
                let (a, b) = (F128(edge), F128(other));
                assert!(simd.mul(a, b) == slow_mul(a, b), "{edge:x} {other:x}");
            }
        }
        for len in 0..20 {
            let (mut sums, from) = (blocks(0, len), blocks(50, len));
            let expected: Vec<F128> =
                sums.iter().zip(&from).map(|(s, f)| *s ^ slow_mul(*f, block(7))).collect();
            simd.mul_add(&mut sums, &from, block(7));
            assert!(sums == expected, "{} {len}", simd.name());
        }
    }
}

#[test]
fn aes_is_that_of_the_standard() {
    // FIPS 197, appendix C.1.
    let key: [u8; 16] = std::array::from_fn(|i| i as u8);
    let plain: [u8; 16] = std::array::from_fn(|i| 0x11 * i as u8);
    let cipher = hex::decode("69c4e0d86a7b0430d8cdb78070b4c55a").unwrap();
    let aes = Aes::new(F128::from_bytes(key));
    let plain = F128::from_bytes(plain);
    assert_eq!(aes.encrypt_one(plain).to_bytes().to_vec(), cipher);
    for simd in Simd::available() {
        let mut one = [plain];
        simd.mmo(&aes, &mut one);
        assert_eq!((one[0] ^ plain).to_bytes().to_vec(), cipher, "{}", simd.name());
    }
    // Appendix A.1: the last round key of another key.
    let key = hex::decode("2b7e151628aed2a6abf7158809cf4f3c").unwrap();
    let aes = Aes::new(F128::from_bytes(key.try_into().unwrap()));
    let last = aes.round_keys()[10].to_bytes();
    assert_eq!(hex::encode(last), "d014f9a8c9ee2589e13f0cc8b6630ca6");
}

#[test]
fn all_tiers_give_the_same() {
    let keys = [Aes::new(block(1)), Aes::new(block(2))];
    let twin = Simd::PORTABLE;
    for simd in Simd::available() {
        for len in (0..70).chain([255, 256, 257]) {
            let (mut got, mut expected) = (blocks(9, len), blocks(9, len));
            simd.mmo(&keys[0], &mut got);
            twin.mmo(&keys[0], &mut expected);
            assert!(got == expected, "mmo {} {len}", simd.name());

            let parents = blocks(3, len);
            let (mut got, mut expected) = (vec![F128::ZERO; 2 * len], vec![F128::ZERO; 2 * len]);
            let sums = simd.ggm_level(&keys, &parents, &mut got);
            assert!(sums == twin.ggm_level(&keys, &parents, &mut expected));
            assert!(got == expected, "ggm {} {len}", simd.name());

            for start in [0, 5, u64::MAX - 3] {
                let sum = simd.dot_stream(&keys[1], start, &parents);
                let same = twin.dot_stream(&keys[1], start, &parents);
                // Counters of 64 bits wrap alike only below the top.
                assert!(start > 5 || sum == same, "dot {} {len} {start}", simd.name());
            }
        }
    }
}

#[test]
fn decoding_agrees() {
    let sparse = blocks(0, 101);
    let dense = blocks(500, 3);
    let rows = blocks(1000, 333);
    let columns = Columns { sparse: &sparse, dense: &dense };
    let expected: Vec<F128> = rows
        .iter()
        .map(|row| {
            let places = places(*row, 101);
            let mut sum = places.iter().fold(F128::ZERO, |sum, &p| sum ^ sparse[p as usize]);
            let mut power = F128(1);
            for d in &dense {
                power = slow_mul(power, *row);
                sum ^= slow_mul(power, *d);
            }
            sum
        })
        .collect();
    for simd in Simd::available() {
        let mut got = vec![F128::ZERO; rows.len()];
        simd.decode(columns, &rows, &mut got);
        assert!(got == expected, "{}", simd.name());
    }
}

#[test]
fn places_are_distinct_and_spread() {
    for len in [3, 4, 100, 20_000] {
        let mut seen = vec![0u32; len as usize];
        for i in 0..3000 {
            let [a, b, c] = places(block(i), len);
            assert!(a != b && b != c && a != c && a.max(b).max(c) < len);
            for place in [a, b, c] {
                seen[place as usize] += 1;
            }
        }
        let most = f64::from(*seen.iter().max().unwrap());
        let mean = 9000.0 / f64::from(len);
        assert!(most < mean + 6.0 * mean.sqrt() + 6.0, "{len} {most}");
    }
    assert_eq!(cluster(F128(0), 7), 0);
    assert_eq!(cluster(F128(u128::MAX), 7), 6);
}

#[test]
fn short_hashes_are_those_of_the_library() {
    let key = [42; 32];
    let text: Vec<u8> = (0..=255).collect();
    for simd in Simd::available() {
        for start in 0..=56 {
            let inputs: [&[u8]; LANES] = std::array::from_fn(|i| &text[i..i + start + i]);
            let got = simd.hash_short(&key, &inputs);
            for (input, got) in inputs.iter().zip(got) {
                assert_eq!(got, *::blake3::keyed_hash(&key, input).as_bytes());
            }
        }
    }
}

#[test]
fn transposing_moves_each_bit() {
    let rows: [F128; 128] = blocks(0, 128).try_into().unwrap();
    for simd in Simd::available() {
        let mut got = rows;
        simd.transpose(&mut got);
        for (i, row) in rows.iter().enumerate() {
            for (j, column) in got.iter().enumerate() {
                assert_eq!(row.bit(j), column.bit(i), "{} {i} {j}", simd.name());
            }
        }
    }
}

/// The convolution as its definition reads.
fn slow_convolve(x: &[F128], taps: &[F128]) -> Vec<F128> {
    let mut y: Vec<F128> = Vec::new();
    for (p, &x) in x.iter().enumerate() {
        let (g, k) = (p / 4, p % 4);
        let mut sum = x;
        if g >= 7 {
            sum ^= y[4 * (g - 7) + k].times_x();
        }
        for q in 1..=6.min(g) {
            for j in 0..4 {
                if taps[g].bit(24 * k + 4 * (q - 1) + j) {
                    sum ^= y[4 * (g - q) + j];
                }
            }
        }
        for j in 0..k {
            if taps[g].bit(96 + k * (k - 1) / 2 + j) {
                sum ^= y[4 * g + j];
            }
        }
        y.push(sum);
    }
    y
}

#[test]
fn convolutions_follow_their_definition() {
    let taps = blocks(70, 25);
    for simd in Simd::available() {
        let x = blocks(0, 100);
        let mut one: Vec<[F128; 1]> = x.iter().map(|x| [*x]).collect();
        simd.convolve(&mut one, &taps, false);
        let expected = slow_convolve(&x, &taps);
        assert!(one.as_flattened() == expected, "{}", simd.name());

        let mut pair: Vec<[F128; 2]> = x.iter().map(|x| [*x, x.times_x()]).collect();
        simd.convolve(&mut pair, &taps, true);
        let reversed: Vec<F128> = x.iter().rev().copied().collect();
        let mut expected = slow_convolve(&reversed, &taps);
        expected.reverse();
        for (got, expected) in pair.iter().zip(expected) {
            assert!(*got == [expected, expected.times_x()], "{}", simd.name());
        }
    }
}

#[test]
fn gathering_sums_seven_places() {
    let inputs: Vec<[F128; 2]> = (0..50).map(|i| [block(i), block(i + 100)]).collect();
    let places: Vec<u32> = (0..70).map(|i| (i * 13 % 50) as u32).collect();
    for simd in Simd::available() {
        let u: Vec<[F128; 2]> = (200..210).map(|i| [block(i), block(i + 100)]).collect();
        let (mut first, mut second) = (vec![block(7); 10], vec![block(8); 10]);
        simd.gather([&mut first, &mut second], &u, &inputs, &places);
        let mut one = vec![block(7); 10];
        let only = |pairs: &[[F128; 2]]| pairs.iter().map(|pair| [pair[0]]).collect::<Vec<_>>();
        simd.gather([&mut one], &only(&u), &only(&inputs), &places);
        assert!(one == first);
        for (i, out) in first.into_iter().zip(second).enumerate() {
            let mut expected = [u[i][0], block(8) ^ u[i][1]];
            for place in &places[7 * i..7 * i + 7] {
                for (sum, input) in expected.iter_mut().zip(inputs[*place as usize]) {
                    *sum ^= input;
                }
            }
            assert!(out == expected.into());
        }
    }
}
