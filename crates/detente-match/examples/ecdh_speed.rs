//! How fast the Diffie-Hellman matcher is on this machine: both ends in one process, messages
//! through their encodings, all cores.
//!
//! `cargo run --release -p detente-match --example ecdh_speed -- [ITEMS [PEER_ITEMS [MODE]]]`
//! with MODE `which` (default) or `count`. Half of the shorter list is common. CPU time: put
//! `time` in front.

#![expect(clippy::print_stdout, reason = "a program that prints figures")]

use std::process::ExitCode;

use detente_match::ecdh::{Message, Session};
use detente_match::{Error, Item, Learn, Mode, Params, Role, Seed};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u32| match args.get(at) {
        Some(text) => text.parse().ok(),
        None => Some(default),
    };
    let mode = match args.get(2).map(String::as_str) {
        None | Some("which") => Some(Mode::Which),
        Some("count") => Some(Mode::CountOnly),
        Some(_) => None,
    };
    let (Some(own), Some(peer), Some(mode)) = (number(0, 10_000), number(1, 10_000), mode) else {
        println!("usage: ecdh_speed [ITEMS [PEER_ITEMS [which|count]]]");
        return ExitCode::from(2);
    };
    match measure(own, peer, mode) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("the run failed: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a stopwatch around the engine, not inside it")]
fn measure(own: u32, peer: u32, mode: Mode) -> Result<(), Error> {
    let common = own.min(peer) / 2;
    let initiator = session(Role::Initiator, mode, 0..own, peer)?;
    let responder = session(Role::Responder, mode, own - common..own - common + peer, own)?;
    let mut ends = [initiator, responder];
    let mut bytes = 0;

    let begin = std::time::Instant::now();
    while !ends.iter().all(Session::is_done) {
        for from in [0, 1] {
            while let Some(message) = ends[from].poll()? {
                let encoded = message.encode();
                bytes += encoded.len();
                ends[1 - from].input(Message::decode(&encoded)?)?;
            }
        }
    }
    let seconds = begin.elapsed().as_secs_f64();

    let [initiator, _] = ends;
    let found = initiator.finish()?.count;
    let items = f64::from(own) + f64::from(peer);
    println!("{own} x {peer} items, {mode:?}: {found:?} common, {common} expected");
    println!("{seconds:.2} s wall, {:.0} items/s over both lists", items / seconds);
    #[expect(clippy::cast_precision_loss, reason = "a figure to read")]
    let traffic = bytes as f64;
    println!("{:.1} MB both ways, {:.1} bytes an item", traffic / 1e6, traffic / items);
    Ok(())
}

fn session(
    role: Role,
    mode: Mode,
    numbers: std::ops::Range<u32>,
    peer_len: u32,
) -> Result<Session, Error> {
    let own_len = numbers.end - numbers.start;
    let items = numbers.map(|number| Item::new(format!("host-{number}.example.org")));
    let params = Params { role, mode, learn: Learn::Both, context: [1; 32], own_len, peer_len };
    Session::new(params, items.collect::<Result<_, _>>()?, Seed::new([role as u8; 32]))
}
