//! How fast the fast matcher is on this machine: both ends in one process, messages through their
//! encodings, all cores.
//!
//! `cargo run --release -p detente-match --example vole_speed -- [ITEMS [PEER_ITEMS [whole]]]`;
//! `whole` makes no bins. Half of the shorter list is common. CPU
//! time: put `time` in front.

#![expect(clippy::print_stdout, reason = "a program that prints figures")]

use std::process::ExitCode;

use detente_match::{Engine, Error, Item, Learn, Mode, Params, Role, Seed, Session, VoleOptions};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u32| match args.get(at) {
        Some(text) => text.parse().ok(),
        None => Some(default),
    };
    let whole = args.get(2).is_some_and(|word| word == "whole");
    let (Some(own), Some(peer)) = (number(0, 1 << 20), number(1, 1 << 20)) else {
        println!("usage: vole_speed [ITEMS [PEER_ITEMS [whole]]]");
        return ExitCode::from(2);
    };
    match measure(own, peer, whole) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(own: u32, peer: u32, whole: bool) -> Result<(), Error> {
    let shift = own.min(peer) / 2;
    let mut a = session(Role::Initiator, own, peer, 0, whole)?;
    let mut b = session(Role::Responder, peer, own, own - shift, whole)?;
    let (mut frames, mut bytes) = (0u64, 0u64);
    while !(a.is_done() && b.is_done()) {
        while let Some(frame) = a.poll()? {
            frames += 1;
            bytes += frame.len() as u64;
            b.input(&frame)?;
        }
        while let Some(frame) = b.poll()? {
            frames += 1;
            bytes += frame.len() as u64;
            a.input(&frame)?;
        }
    }
    let (first, second) = (a.finish()?, b.finish()?);
    let per_item = bytes as f64 / f64::from(own.max(peer));
    println!(
        "{own} x {peer}: {:?} and {:?} common; {frames} frames, {bytes} bytes, {per_item:.2} each",
        first.count, second.count
    );
    Ok(())
}

fn session(
    role: Role,
    own_len: u32,
    peer_len: u32,
    start: u32,
    whole: bool,
) -> Result<Session, Error> {
    let params =
        Params { role, mode: Mode::Which, learn: Learn::Both, context: [1; 32], own_len, peer_len };
    let items: Result<Vec<Item>, _> = (start..start + own_len)
        .map(|i| Item::new(format!("domain\0host-{i:08x}.example")))
        .collect();
    let engine = Engine::Vole(VoleOptions { whole, ..VoleOptions::default() });
    let seed = Seed::new([role as u8; 32]);
    Session::new(&engine, params, items?, seed)
}
