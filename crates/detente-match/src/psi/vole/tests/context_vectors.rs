//! Known answers of contexts for `vectors/match-vole.json`: seals layer for layer, whole runs, and
//! runs in which one frame was changed.

use serde_json::{Value, json};

use super::support::{CLASSICAL, items, params, session};
use super::vectors::{block, hex, run};
use crate::params::{Learn, Mode, Params, Role};
use crate::psi::vole::BinContext;
use crate::psi::vole::exchange::{Exchange, LABEL_BYTES, Root};
use crate::psi::vole::layout::{Layout, Step};
use crate::psi::vole::session::Session;
use detente_vole::simd::Simd;

/// What is done to a frame.
type Change = fn(&mut Vec<u8>);

/// Bytes of a context in all of these.
const BYTES: u32 = 48;

fn terms(role: Role, own: usize, peer: usize) -> Params {
    Params { mode: Mode::Payload { bytes: BYTES }, ..params(role, Learn::Both, own, peer) }
}

/// Batches as each end seals them: the sum of all layers.
fn seals() -> Value {
    let contents: [&[u8]; 3] = [b"", b"a context", &[0xff; BYTES as usize]];
    let numbers = [0u32, 3, 77];
    let mut layout = Layout::new(&terms(Role::Responder, 128, 64), &CLASSICAL);
    if let Some(shape) = &mut layout.contexts {
        shape.count = 3;
    }
    let context = BinContext::new(Simd::detect(), &layout.terms, 1);
    let sealed = [Role::Initiator, Role::Responder].map(|from| {
        let roots: Vec<Root> = numbers
            .iter()
            .map(|number| Root::new(&context, *number, block("proof", u64::from(*number)).0))
            .collect();
        let mut exchange = Exchange::default();
        exchange.turn(0);
        let give = contents.map(<[u8]>::to_vec);
        let (_, content) =
            exchange.seal((&layout, from), &roots, &[9; LABEL_BYTES], &give).unwrap();
        ::hex::encode(content.head)
    });
    json!({
        "terms": ::hex::encode(layout.terms),
        "bin": 1,
        "bytes": BYTES,
        "label": ::hex::encode([9; LABEL_BYTES]),
        "items": numbers.iter().zip(contents).map(|(number, content)| json!({
            "number": number,
            "proof": hex(block("proof", *number as u64)),
            "context": ::hex::encode(content),
        })).collect::<Vec<_>>(),
        "from_initiator": sealed[0],
        "from_responder": sealed[1],
    })
}

/// Takes what has come and gives what is due: the item's place in words.
fn exchange(end: &mut Session, got: &mut Vec<String>, name: &str) {
    if let Some(contexts) = end.take() {
        got.extend(contexts.contents.iter().map(|content| String::from_utf8_lossy(content).into()));
    }
    let Some(due) = end.due() else { return };
    let give: Vec<Vec<u8>> = due.common[due.range]
        .iter()
        .map(|place| format!("{name} on {place}").into_bytes())
        .collect();
    end.give(&[1; LABEL_BYTES], &give).unwrap();
}

/// One run with a frame changed, or none.
fn changed(change: Option<(usize, Change)>) -> (Value, Option<&'static str>) {
    let (a, b) = (items(0..60), items(40..140));
    let mut a = session(terms(Role::Initiator, 64, 128), &CLASSICAL, &a, 1);
    let mut b = session(terms(Role::Responder, 128, 64), &CLASSICAL, &b, 2);
    let (mut got_a, mut got_b) = (Vec::new(), Vec::new());
    let (frames, fault) = run(
        (&mut a, &mut b),
        |at, frame| {
            if let Some((number, change)) = change
                && number == at
            {
                change(frame);
            }
        },
        |initiator, end| {
            if initiator {
                exchange(end, &mut got_a, "initiator");
            } else {
                exchange(end, &mut got_b, "responder");
            }
        },
    );
    let value = match (fault, change) {
        (None, None) => {
            let (first, second) = (a.finish().unwrap(), b.finish().unwrap());
            json!({
                "bytes": BYTES,
                "frames": frames,
                "initiator": first.common,
                "responder": second.common,
                "initiator_got": got_a,
                "responder_got": got_b,
                "transcript": ::hex::encode(first.transcript),
            })
        }
        _ => Value::Null,
    };
    (value, fault)
}

fn bad() -> Value {
    const SEALED: usize = 4 + BYTES as usize + 16;
    const FIRST: usize = 13 + LABEL_BYTES;
    let (contexts, returns) = (12, 13);
    let cases: [(&str, usize, Change); 9] = [
        ("context_flipped", contexts, |frame| frame[FIRST + 5] ^= 1),
        ("context_tag", contexts, |frame| frame[FIRST + SEALED - 1] ^= 1),
        ("contexts_swapped", contexts, |frame| {
            let (first, second) = frame[FIRST..].split_at_mut(SEALED);
            first.swap_with_slice(&mut second[..SEALED]);
        }),
        ("contexts_missing", contexts, |frame| frame.truncate(frame.len() - SEALED)),
        ("contexts_too_many", contexts, |frame| frame.extend([0; SEALED])),
        ("contexts_of_another_step", contexts, |frame| frame[0] = Step::Returns as u8),
        ("contexts_of_another_batch", contexts, |frame| frame[1] = 1),
        ("return_flipped", returns, |frame| frame[FIRST + 2 * SEALED] ^= 1),
        ("returns_missing", returns, |frame| frame.truncate(FIRST)),
    ];
    let cases = cases.map(|(name, number, change)| {
        let (_, fault) = changed(Some((number, change)));
        json!({ "name": name, "frame": number, "code": fault })
    });
    cases.into_iter().collect()
}

pub(super) fn contexts() -> Value {
    json!({ "seals": seals(), "good": changed(None).0, "bad": bad() })
}
