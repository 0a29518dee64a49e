//! How fast a record is laid out and audited: `audit_speed [ENTRIES]`, a thousand without.
//!
//! Two logs of half as many entries each; every entry is an act with a hybrid signature.

#![expect(clippy::print_stdout, reason = "a program that measures and prints")]
#![expect(clippy::unwrap_used, reason = "a program that may end, and what it shares with tests")]
#![expect(
    clippy::disallowed_methods,
    reason = "a program that measures; the crate itself has no clock"
)]

#[path = "../tests/audit/world.rs"]
mod world;

use std::time::Instant;

use detente_core::act::Body;
use detente_verify::{audit, files};
use world::{A, B, World};

fn main() {
    let entries = std::env::args().nth(1);
    let entries: usize = entries.map_or(1_000, |text| text.parse().unwrap());
    let mut world = World::story();
    let mut side = A;
    while world.logs.values().map(Vec::len).sum::<usize>() < entries {
        let reason = "on".to_owned();
        // Roots of thousands of entries are slow to compute anew for each act.
        let mut header = world.header_unseen(side);
        header.seen = world.logs[&world.id(side)].last().unwrap().header().seen.clone();
        world.act_by(side, header, Body::Stop { reason });
        side = if side == A { B } else { A };
    }
    let record = world.record();
    let start = Instant::now();
    let folder = files(&record).unwrap();
    let laid_out = start.elapsed();
    let start = Instant::now();
    let report = audit(&folder);
    let audited = start.elapsed();
    assert!(report.is_sound(), "{:#?}", report.findings);
    let bytes: usize = folder.values().map(Vec::len).sum();
    println!("{entries} entries, {} files, {bytes} bytes", folder.len());
    println!("laid out in {laid_out:.1?}, audited in {audited:.1?}");
    println!("{:?}", report.facts);
}
