//! The protocol above an ideal dealer of VOLE outputs (RS21 figure 4, functionality F_vole): stores,
//! masks and what is found, without transfers, trees or code below.

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::support::{CLASSICAL, items, params};
use crate::item::Item;
use crate::params::{Learn, Role};
use crate::psi::vole::BinContext;
use crate::psi::vole::layout::Layout;
use crate::psi::vole::list::List;
use crate::psi::vole::masks::{Common, Sorted, Theirs, encoded_len};
use detente_vole::field::F128;
use detente_vole::okvs::{self, Decoder, Digest};
use detente_vole::simd::Simd;

fn block(text: &str, i: usize) -> F128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(text.as_bytes()).update(&(i as u64).to_le_bytes());
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    F128::from_bytes(bytes)
}

/// What the dealer gives: Delta and B to the sender, A' and C = A' Delta + B to the receiver.
struct Dealt {
    delta: F128,
    b: Vec<F128>,
    a: Vec<F128>,
    c: Vec<F128>,
}

fn deal(simd: Simd, count: usize) -> Dealt {
    let delta = block("delta", 0);
    let b: Vec<F128> = (0..count).map(|i| block("b", i)).collect();
    let a: Vec<F128> = (0..count).map(|i| block("a", i)).collect();
    let c = a.iter().zip(&b).map(|(a, b)| simd.mul(*a, delta) ^ *b).collect();
    Dealt { delta, b, a, c }
}

fn list(simd: Simd, layout: &Layout, role: Role, items: &[Vec<u8>], padded: usize) -> List {
    let items = items.iter().map(|item| Item::new(item.clone()).unwrap());
    let room = match role {
        Role::Initiator => layout.receiver_room,
        Role::Responder => layout.sender_room,
    };
    let mut rng = ChaCha20Rng::from_seed([role.code(); 32]);
    List::new(simd, layout, items, (u32::try_from(padded).unwrap(), room), &mut rng).unwrap()
}

/// Places of common items at both ends.
fn run(simd: Simd, x: &[Vec<u8>], y: &[Vec<u8>], break_column: Option<usize>) -> [Vec<u32>; 2] {
    let lengths = (x.len().max(1), y.len().max(1));
    let params = params(Role::Initiator, Learn::Both, lengths.0, lengths.1);
    let layout = Layout::new(&params, &CLASSICAL);
    let receiver = list(simd, &layout, Role::Initiator, x, lengths.0);
    let sender = list(simd, &layout, Role::Responder, y, lengths.1);
    let context = BinContext::new(simd, &layout.terms, 0);
    let (key, w) = (block("key", 0), block("w", 0));
    let clusters = receiver.bin(0);
    let digests: Vec<&[Digest]> = clusters.iter().map(|cluster| cluster.digests).collect();
    let p = okvs::encode(simd, &layout.store, key, &digests).unwrap();
    let Dealt { delta, b, a, c } = deal(simd, layout.store.all_columns());
    // What goes over the line, and K = B + A Delta.
    let mut columns: Vec<F128> = p.iter().zip(&a).map(|(p, a)| *p ^ *a).collect();
    if let Some(at) = break_column {
        columns[at] ^= F128(1);
    }
    let k: Vec<F128> = b.iter().zip(&columns).map(|(b, a)| *b ^ simd.mul(*a, delta)).collect();
    let store = Decoder::new(simd, &layout.store, key, &k);
    let theirs = sender.bin(0);
    let sorted = Sorted::gather(lengths.1, |gathering| {
        context.masks(&store, &theirs, (w, Some(delta)), |entries| gathering.add(entries));
    });
    let sorted = sorted.unwrap();
    let mut written = vec![0; encoded_len(lengths.1)];
    sorted.write(&mut written);
    let read = Theirs::read(lengths.1, &written).unwrap();
    let store = Decoder::new(simd, &layout.store, key, &c);
    let found = context.masks(&store, &clusters, (w, None), |entries| read.look_up(entries));
    let found = found.into_iter().fold(Common::default(), Common::and);
    let selected = sorted.select(&read.into_bitmap()).unwrap();
    assert_eq!(found.sum, selected.sum, "both ends have the same proofs");
    [found, selected].map(|common| {
        let mut places: Vec<u32> = common.items.iter().map(|item| item.origin).collect();
        places.sort_unstable();
        places
    })
}

#[test]
fn exactly_the_common_items_have_equal_masks() {
    for simd in Simd::available() {
        for (x, y) in [
            (0..0, 0..0),
            (0..1, 0..1),
            (0..1, 1..2),
            (0..300, 150..500),
            (0..2000, 1990..2100),
            (5..40, 0..20_000),
        ] {
            let [first, second] = run(simd, &items(x.clone()), &items(y.clone()), None);
            let both = x.start.max(y.start)..x.end.min(y.end).max(x.start.max(y.start));
            let at = |start: u64| both.clone().map(|i| (i - start) as u32).collect::<Vec<_>>();
            assert_eq!((first, second), (at(x.start), at(y.start)), "{} {x:?} {y:?}", simd.name());
        }
    }
}

/// A column that is not the store's breaks the masks of the items that hang on it, and makes none.
#[test]
fn a_broken_column_finds_less_and_never_more() {
    let simd = Simd::detect();
    let (x, y) = (items(0..300), items(0..300));
    let mut less = 0;
    for column in (0..400).step_by(10) {
        let [first, second] = run(simd, &x, &y, Some(column));
        assert_eq!(first, second);
        less += usize::from(first.len() < 300);
    }
    assert!(less > 20, "{less}");
}
