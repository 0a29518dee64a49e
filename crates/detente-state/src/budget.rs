//! What a list uses up of a budget of items.
//!
//! A list counts by its agreed length, and at least by what its party can have tried without effort
//! where it keeps to no protocol. Only the initiator of a run of the VOLE engines can try more than
//! it says: its store has columns left over. This is the least of them, for the shortest list; what
//! remains above it is in `docs/protocol/matching-vole.md` §8 and §9 (up to 1.9 times a list in one
//! bin and 3.2 times in many; twice that with 2^80 hashes). Whole numbers alone, since both sides
//! and every auditor must get the same.

use detente_core::act::{Answer, Engine, Offer};

/// What the shortest list can hold under a VOLE engine, by bin. Count: the columns of a store for
/// 64 items, the fewest for which one is laid out (RR22 §3; matching-vole §2 and §8).
pub const ENTERED_MIN: u64 = 146;

/// Items of a bin of the VOLE engines, at most on average. Count (matching-vole §2).
const BIN_ITEMS: u32 = 1 << 20;

/// Most bins of the VOLE engines. Count (matching-vole §2).
const BINS_MAX: u32 = 1 << 8;

/// What the initiator of a run uses of its budget of items: by the offer alone before there is an
/// answer, and the rest once the answer tells a longer list, and with it more bins.
pub fn entered(offer: &Offer, answer: Option<&Answer>) -> u64 {
    let own = u64::from(offer.size);
    let vole = [Engine::VoleMlKem768, Engine::VoleRistretto255];
    if !vole.iter().any(|engine| engine.is_named_by(&offer.engine)) {
        return own;
    }
    let longest = offer.size.max(answer.map_or(0, |answer| answer.size));
    let bins = longest.div_ceil(BIN_ITEMS).clamp(1, BINS_MAX);
    own.max(ENTERED_MIN * u64::from(bins))
}
