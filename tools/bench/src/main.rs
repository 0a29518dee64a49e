//! One end of a matching run as a process of its own, over the node's TLS sessions on loopback.
//!
//! `detente-bench listen` waits for one run and ends; its first line tells its address and key.
//! `detente-bench run` carries one through. Each prints its figures as one JSON line: wall and CPU
//! seconds of the run, bytes, what was found.
//! `detente-bench line` is a slow line between them (`line.rs`). `tools/bench/match.py` starts all
//! and puts other programs beside them.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program that prints figures")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

mod line;

use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Parser, Subcommand};
use detente_core::{AccordId, PartyId, RunId};
use detente_match::{Engine, Item, Learn, Mode, Params, Role, Seed, Session, VoleOptions};
use detente_net::{Handler, Identity, Pins, dial, listen, new_transport_key};
use detente_node::ports::{Link, Stream};
use detente_peer::{Request, Response};
use serde_json::{Value, json};

/// Measures one end of a matching run.
#[derive(Parser)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Waits for one run and takes it up.
    Listen(Lists),
    /// Offers a run to a process that listens.
    Run {
        /// Its address.
        #[arg(long)]
        to: String,
        /// Its transport key, as it printed it.
        #[arg(long)]
        key: String,
        #[command(flatten)]
        lists: Lists,
    },
    /// A slow line to a process that listens; it stays until it is stopped.
    Line {
        /// Where it leads.
        #[arg(long)]
        to: String,
        /// Each direction carries so much. Megabits a second.
        #[arg(long, default_value_t = 100.0)]
        rate_mbit: f64,
        /// There and back. Milliseconds.
        #[arg(long, default_value_t = 50.0)]
        round_trip_ms: f64,
    },
}

#[derive(Args, Clone)]
struct Lists {
    /// Items of this end.
    #[arg(long, default_value_t = 1 << 20)]
    own: u32,
    /// Items of the other end.
    #[arg(long, default_value_t = 1 << 20)]
    peer: u32,
    /// The engine, by its name in an offer.
    #[arg(long, default_value = "vole-mlkem768/1")]
    engine: String,
    /// Lists in one piece, not in bins.
    #[arg(long)]
    whole: bool,
    /// Makes the list while it is taken in: it takes no memory, and its making counts.
    #[arg(long)]
    stream: bool,
    /// Only the side that offers learns.
    #[arg(long)]
    one_sided: bool,
}

/// The parties of a measurement: transport keys are told on the command line.
const DIALLER: PartyId = PartyId::new([1; 32]);
const LISTENER: PartyId = PartyId::new([2; 32]);

impl Lists {
    fn run(&self, role: Role) -> Result<Run> {
        let params = Params {
            role,
            mode: Mode::Which,
            learn: if self.one_sided { Learn::Initiator } else { Learn::Both },
            context: [1; 32],
            own_len: self.own,
            peer_len: self.peer,
        };
        let engine = match Engine::from_name(&self.engine) {
            Some(Engine::Vole(options)) => {
                Engine::Vole(VoleOptions { whole: self.whole, ..options })
            }
            Some(engine) => engine,
            None => bail!("no engine {}", self.engine),
        };
        // Half of the shorter list is common; names as long as those of real hosts.
        let shift = self.own.min(self.peer) / 2;
        let start = if role == Role::Initiator { 0 } else { self.peer - shift };
        let names = start..start + self.own;
        let made = (!self.stream).then(|| names.clone().map(name).collect()).transpose()?;
        Ok(Run { engine, params, names, made })
    }
}

/// A run before it begins.
struct Run {
    engine: Engine,
    params: Params,
    names: std::ops::Range<u32>,
    /// The list, made before the clock starts; if none, names are made as they are taken in.
    made: Option<Vec<Item>>,
}

/// A name as long as that of a real host.
fn name(i: u32) -> Result<Item> {
    Ok(Item::new(format!("domain\0host-{i:08x}.example"))?)
}

impl Run {
    fn begin(&self) -> Result<Session> {
        let seed = Seed::new([self.params.role.code(); 32]);
        Ok(match &self.made {
            Some(made) => Session::new(&self.engine, self.params.clone(), made, seed)?,
            None => {
                let names = self.names.clone().map_while(|i| name(i).ok());
                Session::new(&self.engine, self.params.clone(), names, seed)?
            }
        })
    }
}

/// Drives a session and measures it.
fn measure(run: &Run, stream: &mut dyn Stream) -> Result<Value> {
    let (begun, cpu) = (Instant::now(), cpu_seconds()?);
    let mut session = run.begin()?;
    let (mut sent, mut received) = (0u64, 0u64);
    loop {
        while let Some(bytes) = stream.try_recv()? {
            received += bytes.len() as u64;
            session.input(&bytes)?;
        }
        if let Some(message) = session.poll()? {
            sent += message.len() as u64;
            stream.send(message)?;
        } else if session.is_done() {
            break;
        } else {
            let bytes = stream.recv()?.ok_or_else(|| anyhow!("the line was cut"))?;
            received += bytes.len() as u64;
            session.input(&bytes)?;
        }
    }
    let outcome = session.finish()?;
    Ok(json!({
        "wall_s": begun.elapsed().as_secs_f64(),
        "cpu_s": cpu_seconds()? - cpu,
        "sent": sent,
        "received": received,
        "common": outcome.count,
    }))
}

/// User and system time of this process, to a hundredth (proc(5), fields 14 and 15).
fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("only on Linux")?;
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / 100.0)
}

/// Takes up one run.
struct Responder {
    run: Mutex<Option<Run>>,
    done: mpsc::Sender<Result<Value>>,
}

impl Handler for Responder {
    fn respond(&self, _: &dyn Link, _: &Request) -> Response {
        Response::Done
    }

    fn respond_stream(&self, _: &dyn Link, _: &Request, stream: &mut dyn Stream) {
        let run = self.run.lock().map(|mut held| held.take()).unwrap_or_default();
        let figures =
            run.ok_or_else(|| anyhow!("one run only")).and_then(|run| measure(&run, stream));
        // The dialler ends the line when it has all; this process must not end before.
        while let Ok(Some(_)) = stream.recv() {}
        let _ = self.done.send(figures);
    }
}

/// Answers nothing: the dialler is not asked.
struct Silent;

impl Handler for Silent {
    fn respond(&self, _: &dyn Link, _: &Request) -> Response {
        Response::Done
    }

    fn respond_stream(&self, _: &dyn Link, _: &Request, _: &mut dyn Stream) {}
}

fn main() -> Result<()> {
    let Command { verb } = Command::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    let figures = match verb {
        Verb::Listen(lists) => {
            let run = Mutex::new(Some(lists.run(Role::Responder)?));
            let identity = Identity::new(&new_transport_key()?)?;
            let (done, waits) = mpsc::channel();
            let handler = Arc::new(Responder { run, done });
            // Whoever knows the address: it is a measurement on loopback.
            let pins: Pins = Arc::new(|_| Some(DIALLER));
            let begun = Arc::new(|_| {});
            let listening =
                runtime.block_on(listen(&identity, "127.0.0.1:0", pins, handler, begun))?;
            let (address, key) = (listening.address, hex::encode(identity.spki()));
            println!("{}", json!({ "address": address.to_string(), "key": key }));
            waits.recv()??
        }
        Verb::Run { to, key, lists } => {
            let run = lists.run(Role::Initiator)?;
            let identity = Identity::new(&new_transport_key()?)?;
            let pin = (LISTENER, hex::decode(key)?);
            let link = runtime.block_on(dial(&identity, pin, &to, Arc::new(Silent)))?;
            let request =
                Request::BeginMatch { accord: AccordId::new([1; 32]), run: RunId::new([1; 32]) };
            let mut stream = link.open(&request)?;
            let figures = measure(&run, stream.as_mut())?;
            // Answered only after all before it has arrived.
            link.request(&Request::Pull)?;
            figures
        }
        Verb::Line { to, rate_mbit, round_trip_ms } => {
            return runtime.block_on(line::serve(to, rate_mbit, round_trip_ms));
        }
    };
    println!("{figures}");
    Ok(())
}
