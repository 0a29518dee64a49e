use super::{DecodeFault, Reader, Writer};
use proptest::prelude::*;

/// A value of the dialect, for round trips.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Uint(u64),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Value>),
    Bool(bool),
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(Value::Uint),
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(Value::Bytes),
        ".{0,40}".prop_map(Value::Text),
        any::<bool>().prop_map(Value::Bool),
    ];
    leaf.prop_recursive(3, 30, 5, |inner| {
        proptest::collection::vec(inner, 0..5).prop_map(Value::Array)
    })
}

fn write(w: &mut Writer, value: &Value) {
    match value {
        Value::Uint(n) => drop(w.uint(*n)),
        Value::Bytes(b) => drop(w.bytes(b)),
        Value::Text(t) => drop(w.text(t)),
        Value::Bool(b) => drop(w.bool(*b)),
        Value::Array(items) => {
            w.array(items.len());
            items.iter().for_each(|item| write(w, item));
        }
    }
}

fn read(r: &mut Reader<'_>, like: &Value) -> Value {
    match like {
        Value::Uint(_) => Value::Uint(r.uint().unwrap()),
        Value::Bytes(_) => Value::Bytes(r.bytes(1000).unwrap().to_vec()),
        Value::Text(_) => Value::Text(r.text(1000).unwrap().to_owned()),
        Value::Bool(_) => Value::Bool(r.bool().unwrap()),
        Value::Array(items) => {
            assert_eq!(r.array(10).unwrap(), items.len());
            Value::Array(items.iter().map(|item| read(r, item)).collect())
        }
    }
}

proptest! {
    #[test]
    fn values_come_back(value in value()) {
        let mut w = Writer::new();
        write(&mut w, &value);
        let bytes = w.into_bytes();
        // A library that we did not write accepts each item and finds the same end.
        let mut foreign = minicbor::Decoder::new(&bytes);
        foreign.skip().unwrap();
        prop_assert_eq!(foreign.position(), bytes.len());
        let mut r = Reader::new(&bytes);
        prop_assert_eq!(read(&mut r, &value), value);
        r.finish().unwrap();
    }

    #[test]
    fn signed_integers_come_back(n in any::<i64>()) {
        let mut w = Writer::new();
        w.int(n);
        let bytes = w.into_bytes();
        prop_assert_eq!(minicbor::Decoder::new(&bytes).i64().unwrap(), n);
        prop_assert_eq!(Reader::new(&bytes).int().unwrap(), n);
    }

    #[test]
    fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = Reader::new(&bytes).uint();
        let _ = Reader::new(&bytes).int();
        let _ = Reader::new(&bytes).bytes(16);
        let _ = Reader::new(&bytes).text(16);
        let _ = Reader::new(&bytes).array(16);
        let _ = Reader::new(&bytes).fixed::<4>();
    }

    #[test]
    fn what_reads_as_an_integer_is_written_the_same(
        bytes in proptest::collection::vec(any::<u8>(), 0..10),
    ) {
        let mut r = Reader::new(&bytes);
        if let Ok(n) = r.int() {
            let mut w = Writer::new();
            w.int(n);
            prop_assert_eq!(w.into_bytes(), bytes[..r.offset()].to_vec());
        }
    }
}

#[test]
fn other_forms_of_the_same_value_are_refused() {
    for (bytes, why) in [
        (&[0x18, 0x17][..], "23 in two bytes"),
        (&[0x19, 0x00, 0xff], "255 in three bytes"),
        (&[0x1a, 0x00, 0x00, 0xff, 0xff], "65535 in five bytes"),
        (&[0x1f], "indefinite integer"),
        (&[0x1c], "reserved head"),
    ] {
        let fault = Reader::new(bytes).uint().unwrap_err().fault;
        assert_eq!(fault, DecodeFault::NotShortest, "{why}");
    }
    assert!(Reader::new(&[0x5f, 0x41, 0x00, 0xff]).bytes(9).is_err(), "indefinite string");
    assert!(Reader::new(&[0xf9, 0x00, 0x00]).uint().is_err(), "float");
}

#[test]
fn lengths_are_checked_before_anything_is_allocated() {
    // A byte string that claims 2^40 bytes.
    let bytes = [0x5b, 0, 0, 1, 0, 0, 0, 0, 0];
    let fault = Reader::new(&bytes).bytes(1 << 20).unwrap_err().fault;
    assert_eq!(fault, DecodeFault::TooLong { got: 1 << 40, max: 1 << 20 });
}

#[test]
fn map_keys_are_sorted_known_and_single() {
    let read = |bytes: &[u8]| {
        let mut r = Reader::new(bytes);
        let mut fields = r.map()?;
        fields.required(&mut r, 1)?;
        r.uint()?;
        if fields.optional(&mut r, 2)? {
            r.uint()?;
        }
        fields.end(&r)?;
        r.finish()
    };
    assert!(read(&[0xa1, 1, 7]).is_ok());
    assert!(read(&[0xa2, 1, 7, 2, 8]).is_ok());
    assert!(read(&[0xa2, 2, 8, 1, 7]).is_err(), "unsorted");
    assert!(read(&[0xa2, 1, 7, 1, 7]).is_err(), "duplicate");
    assert!(read(&[0xa2, 1, 7, 3, 7]).is_err(), "unknown");
    assert!(read(&[0xa1, 2, 7]).is_err(), "required field missing");
    assert!(read(&[0xa1, 1, 7, 0]).is_err(), "trailing byte");
}
