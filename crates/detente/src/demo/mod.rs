//! The main job, walked through: two nodes in a folder, over TLS on loopback, with generated data.
//!
//! Nothing here is staged: each step does what the command of the same name does, and its figures
//! are read off what came of it.

mod data;
mod hamburg;
mod steps;
mod teller;

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::args::StoryName;
use crate::fail::Failure;
use crate::home::{Home, write_secret};
use crate::init::{NewParty, init};
use crate::passphrase::Source;
use crate::run::{Local, lock};
use crate::serve::{self, Serving};
use crate::world::SystemClock;
use detente_core::key::Suite;
use detente_node::ports::Clock;
use teller::Teller;

/// One party of the demo.
struct Side {
    name: &'static str,
    home: Home,
    address: String,
}

/// Runs a story; with `stay`, leaves both nodes up until the process is asked to end.
pub fn demo(story: StoryName, dir: &Path, stay: bool, json: bool) -> Result<u8, Failure> {
    if dir.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::refused(
            "folder_not_empty",
            format!("{} is not empty", dir.display()),
            "name a new folder with --dir, or remove this one",
        ));
    }
    std::fs::create_dir_all(dir).map_err(|error| Failure::io("creating", dir, &error))?;
    let dir = std::path::absolute(dir).map_err(|error| Failure::io("naming", dir, &error))?;
    let mut teller = Teller::new(json);
    let sides = [
        Side { name: "CERT Alpha", home: Home::at(&dir.join("alpha")), address: free_address()? },
        Side { name: "CERT Beta", home: Home::at(&dir.join("beta")), address: free_address()? },
    ];
    let passphrase = make_parties(&dir, &sides, &mut teller)?;
    let [alpha, beta] = &sides;
    let clock = hamburg::StoryClock::new();
    let opened = |side: &Side| -> Result<(Local, Serving), Failure> {
        match story {
            StoryName::Matching => start(side, &passphrase, Box::new(SystemClock)),
            StoryName::Hamburg => start(side, &passphrase, Box::new(clock.clone())),
        }
    };
    let (a, _a_serving) = opened(alpha)?;
    let (b, _b_serving) = opened(beta)?;
    let names = [alpha.name, beta.name];
    let (dir, a_engine, b_engine) = (dir.as_path(), &a.engine, &b.engine);
    let (accord, sound) = match story {
        StoryName::Matching => {
            let walk = steps::Walk { dir, a: a_engine, b: b_engine, names };
            (steps::SLUG, walk.run(&mut teller)?)
        }
        StoryName::Hamburg => {
            let clock = clock.clone();
            let story = hamburg::Story { dir, a: a_engine, b: b_engine, names, clock };
            (hamburg::SLUG, story.run(&mut teller)?)
        }
    };
    teller.end(dir, accord, (sound, stay));
    if stay {
        serve::wait(&a)?;
    }
    Ok(u8::from(!sound))
}

/// Makes both parties under one passphrase, which stays in the folder so that the reader can go on.
fn make_parties(dir: &Path, sides: &[Side; 2], teller: &mut Teller) -> Result<PathBuf, Failure> {
    let path = dir.join("passphrase");
    let mut random = Zeroizing::new([0; 16]);
    crate::keystore::random(random.as_mut())?;
    let passphrase = Zeroizing::new(hex::encode(*random));
    write_secret(&path, passphrase.as_bytes())?;
    let mut lines = Vec::new();
    for side in sides {
        let (name, listen) = (side.name, Some(side.address.as_str()));
        let party = NewParty { name, listen, address: None, suite: Suite::default() };
        let report = init(&side.home, &party, passphrase.clone())?;
        lines.push(format!("{}: {}", side.name, report.words));
    }
    lines.push("root key and four role keys each, Ed25519 and ML-DSA-65, encrypted at rest".into());
    teller.step("Two parties make their keys; fingerprints are words to be read aloud", &lines);
    Ok(path)
}

fn start(
    side: &Side,
    passphrase: &Path,
    clock: Box<dyn Clock>,
) -> Result<(Local, Serving), Failure> {
    let source = Source { file: Some(passphrase.to_owned()) };
    let local = Local::open_at(&side.home, lock(&side.home)?, &source, clock)?;
    let serving = serve::start(&side.home, &local, Some(&side.address))?;
    Ok((local, serving))
}

/// A port that is free now.
fn free_address() -> Result<String, Failure> {
    let failed = |error| Failure::environment("no_port", error, "no port on loopback is free");
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
    Ok(listener.local_addr().map_err(failed)?.to_string())
}
