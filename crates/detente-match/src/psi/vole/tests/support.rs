//! Ends of runs, and how they are driven.

use crate::item::{Item, Seed};
use crate::params::{Learn, Mode, Params, Role};
use crate::psi::VoleOptions;
use crate::psi::vole::session::Session;
use detente_vole::ot::BaseTransfer;
use detente_vole::simd::Simd;

/// The suite with the small messages.
pub(super) const CLASSICAL: VoleOptions =
    VoleOptions { base: BaseTransfer::Ristretto255, whole: false };

pub(super) fn params(role: Role, learn: Learn, own: usize, peer: usize) -> Params {
    Params {
        role,
        mode: Mode::Which,
        learn,
        context: [5; 32],
        own_len: u32::try_from(own).unwrap(),
        peer_len: u32::try_from(peer).unwrap(),
    }
}

pub(super) fn item(i: u64) -> Vec<u8> {
    // Lengths on both sides of a block.
    let width = usize::try_from(i % 90).unwrap() + 1;
    format!("item-{i:0>width$}").into_bytes()
}

pub(super) fn items(range: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    range.map(item).collect()
}

pub(super) fn session(
    params: Params,
    options: &VoleOptions,
    items: &[Vec<u8>],
    seed: u8,
) -> Session {
    let seed = Seed::new([seed; 32]);
    let items = items.iter().map(|item| Item::new(item.clone()).unwrap());
    Session::new(Simd::detect(), params, options, items, &seed).unwrap()
}

/// Both ends over the same items of both sides.
pub(super) fn ends(learn: Learn, a: &[Vec<u8>], b: &[Vec<u8>]) -> (Session, Session) {
    (
        session(params(Role::Initiator, learn, a.len(), b.len()), &CLASSICAL, a, 1),
        session(params(Role::Responder, learn, b.len(), a.len()), &CLASSICAL, b, 2),
    )
}

/// Carries frames until both ends are done.
pub(super) fn drive(a: &mut Session, b: &mut Session) {
    while !(a.is_done() && b.is_done()) {
        let mut moved = false;
        while let Some(frame) = a.poll().unwrap() {
            moved = true;
            b.input(&frame).unwrap();
        }
        while let Some(frame) = b.poll().unwrap() {
            moved = true;
            a.input(&frame).unwrap();
        }
        assert!(moved, "both wait");
    }
}
