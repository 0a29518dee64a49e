//! Look-ups: the RFC's answers, filters and updates as properties, and a side that cheats.

mod adversary;
mod filters;
mod rfc;
mod vectors;

use super::{Key, Query, Shape};

const SECRET: [u8; 32] = [7; 32];
const CONTEXT: [u8; 32] = [9; 32];

fn key(info: &str) -> Key {
    Key::derive(&SECRET, info.as_bytes()).unwrap()
}

fn shape(items: u32) -> Shape {
    Shape::new(items).unwrap()
}

fn inputs(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| format!("host-{n}.example.com").into_bytes()).collect()
}

fn query(count: usize, size: u32) -> Query {
    Query::new(inputs(count), size, &[3; 32]).unwrap()
}

#[test]
fn a_look_up_gives_what_the_holder_computes_alone() {
    let (key, shape) = (key("a"), shape(5000));
    for (count, size) in [(1, 1), (3, 8), (130, 256), (1, 2000)] {
        let query = query(count, size);
        assert_eq!(query.message().len(), size as usize * 32);
        let reply = key.evaluate(&CONTEXT, &query.message()).unwrap();
        let outputs = query.finish(key.public(), &CONTEXT, &reply).unwrap();
        assert_eq!(outputs.values(&shape), key.values(&shape, &inputs(count)).unwrap());
    }
}

#[test]
fn other_epochs_have_other_keys_values_and_dummies() {
    let shape = shape(1 << 12);
    let (a, b) = (key("a"), key("b"));
    assert_ne!(a.public(), b.public());
    assert_ne!(a.values(&shape, &inputs(3)).unwrap(), b.values(&shape, &inputs(3)).unwrap());
    let of = |key: &Key, count| super::dummies(key, &shape, count).collect::<Vec<u64>>();
    assert_ne!(of(&a, 4), of(&b, 4));
    assert_eq!(of(&a, 4), of(&a, 9)[..4]);
    assert_eq!(key("a").public(), a.public());
}

#[test]
fn secrets_print_nothing() {
    let shown = format!("{:?} {:?}", key("a"), query(2, 2));
    assert_eq!(shown, "Key(..) Query(2 elements)");
}
