//! Those who mean ill, and machines that fail: bounded, refused, on record, and nothing lost.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use detente_core::encode::Writer;
use detente_core::{Digest, RunId};
use detente_node::ports::Link as _;
use detente_peer::{Frame, FrameKind, Request, Response, StreamId};

use crate::support::{
    Home, Hostile, Manners, Outcome, Pair, Random, Serving, World, card_of, history, list, number,
    openssl, stranger, text, wait_until,
};

/// More than a node with a few indicators ever needs.
const MOST_MIB: u64 = 400;

fn connect(home: &Home) -> TcpStream {
    let line = TcpStream::connect(home.address.as_deref().unwrap()).unwrap();
    line.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    line
}

/// After whatever was tried, the other party is served as before.
#[track_caller]
fn still_serves(pair: &Pair, serving: &mut Serving) {
    assert!(serving.lives(), "{}", serving.log());
    assert!(serving.peak_mib() < MOST_MIB, "{} MiB", serving.peak_mib());
    let status = pair.a.json(&["accord", "status"]);
    assert_eq!(status[0]["asked"][0]["cosigned"], true, "{status:#}");
}

#[test]
fn garbage_on_the_port_is_cut() {
    let (pair, mut serving) = Pair::agreed();
    let mut random = Random::new();
    let hello = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut openings: Vec<Vec<u8>> = (0..8).map(|_| random.bytes(20_000)).collect();
    openings.push(hello.as_bytes().to_vec());
    openings.push(Vec::new());
    // A TLS record that promises much, and one with a broken ClientHello.
    openings.push(vec![0x16, 3, 1, 0xff, 0xff]);
    openings.push([&[0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc][..], &random.bytes(16_000)].concat());
    for opening in openings {
        let mut line = connect(&pair.b);
        let _ = line.write_all(&opening);
        let _ = line.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = line.read_to_end(&mut answer);
        // A TLS alert at most.
        assert!(answer.len() < 100, "{answer:?}");
    }
    still_serves(&pair, &mut serving);
}

/// Connections that are opened and never say a word.
#[test]
fn half_open_connections_do_not_shut_others_out() {
    let (pair, mut serving) = Pair::agreed();
    let silent: Vec<TcpStream> = (0..150).map(|_| connect(&pair.b)).collect();
    let mut tries = 0;
    wait_until("A is served", 40, || {
        tries += 1;
        let report = pair.a.json(&["sync"]);
        report[0]["cosigned"] == true
    });
    eprintln!("served at try {tries}, with {} lines open", silent.len());
    drop(silent);
    still_serves(&pair, &mut serving);
}

#[test]
fn who_is_on_no_card_gets_no_answer() {
    let (pair, mut serving) = Pair::agreed();
    let heard = stranger(&pair.b);
    assert!(heard.is_err(), "a stranger was answered: {heard:?}");
    // A certificate is no raw public key, whoever signed it; nor is none.
    let [key, cert] = ["key.pem", "cert.pem"].map(|n| pair.world.path(n).display().to_string());
    openssl().accepts(&[
        "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=Alba", "-days", "1",
        "-keyout", &key, "-out", &cert,
    ]);
    let address = pair.b.address.as_deref().unwrap();
    let client = ["s_client", "-connect", address, "-brief"];
    for more in [
        &[][..],
        &["-tls1_2"],
        &["-tls1_3", "-cert", &cert, "-key", &key],
        &["-tls1_3", "-groups", "X25519"],
    ] {
        let (good, said) = openssl().run(&[&client[..], more].concat());
        assert!(!good, "{more:?}: {said}");
        assert!(!said.contains("CONNECTION ESTABLISHED"), "{more:?}: {said}");
    }
    still_serves(&pair, &mut serving);
}

/// A pair, and at B a third party whose program is this test.
fn with_hostile() -> (Pair, Serving, Hostile) {
    let (pair, serving) = Pair::agreed();
    let hostile = Hostile::new("Mallory");
    let card = pair.world.write("mallory.card", hostile.card_file());
    pair.b.run(&["party", "add", &card, "--yes"]).exits(0);
    (pair, serving, hostile)
}

#[test]
fn a_known_party_with_bad_frames_is_cut() {
    let (pair, mut serving, hostile) = with_hostile();
    let mut random = Random::new();
    let frame = |stream, kind, payload: &[u8]| {
        let payload = payload.to_vec();
        let frame = Frame { stream, kind, payload };
        frame.encode().unwrap()
    };
    let theirs = StreamId::new(0, false);
    let ours = StreamId::new(0, true);
    let bad: Vec<(&str, Vec<u8>)> = vec![
        ("a frame of 4 GiB", vec![0xff; 4]),
        ("a frame beyond the bound", (9_u32 << 20).to_be_bytes().to_vec()),
        ("noise", [&[0, 0, 1, 0][..], &random.bytes(256)].concat()),
        ("an array of 2^60", vec![0, 0, 0, 9, 0x9b, 0x10, 0, 0, 0, 0, 0, 0, 0]),
        ("deep arrays", [&[0, 0, 0x10, 0][..], &[0x81; 0x1000]].concat()),
        ("an answer that nobody asked for", frame(ours, FrameKind::Response, b"\x80")),
        ("an exchange under the other's number", frame(theirs, FrameKind::Request, b"\x80")),
        ("a stream under the other's number", frame(theirs, FrameKind::Open, b"\x80")),
        ("a request that is none", frame(ours, FrameKind::Request, &random.bytes(64))),
    ];
    for (what, bytes) in bad {
        let mut line = hostile.raw(&pair.b);
        assert!(line.say(&bytes), "{what}");
        assert!(line.cut_within(20).is_some(), "{what}: the line stands");
        assert!(serving.lives(), "{what}: {}", serving.log());
    }
    // More exchanges at once than anyone needs: cut, or bounded.
    let mut line = hostile.raw(&pair.b);
    let open = Request::Pull.encode();
    for n in 0..5_000 {
        if !line.say(&frame(StreamId::new(n, true), FrameKind::Open, &open)) {
            break;
        }
    }
    drop(line);
    // Half a frame, and then nothing.
    let mut line = hostile.raw(&pair.b);
    assert!(line.say(&[0, 0x10, 0, 0, 1, 2, 3]));
    still_serves(&pair, &mut serving);
}

/// The code of a refusal.
#[track_caller]
fn refusal(response: Response) -> String {
    match response {
        Response::Refused(refusal) => {
            assert!(!refusal.words.is_empty(), "{refusal:?}");
            refusal.code
        }
        other => panic!("not refused: {other:?}"),
    }
}

/// What the request for a batch of objects says on the wire, for an accord and a release of others.
fn objects(accord: &[u8; 32], release: &[u8; 32]) -> Request {
    let mut w = Writer::new();
    w.array(5).uint(8).bytes(accord).bytes(release).uint(0);
    w.array(1).bytes(b"stolen");
    Request::decode(&w.into_bytes()).unwrap()
}

#[test]
fn a_known_party_out_of_turn_is_refused() {
    let (pair, mut serving, hostile) = with_hostile();
    let b = card_of(&pair.b).value().party();
    let session = hostile.session(&pair.b, Manners::Polite);
    let ask = |request: &Request| session.request(request).unwrap();
    let hello = |version, party| Request::Hello { version, party, software: "mallory".to_owned() };
    assert_eq!(ask(&hello(1, hostile.party())), Response::Done);
    assert_eq!(refusal(ask(&hello(2, hostile.party()))), "other_version");
    assert_eq!(refusal(ask(&hello(1, card_of(&pair.a).value().party()))), "other_party");

    // The accord of the other two is none of its business.
    let status = pair.a.json(&["accord", "status"]);
    let foreign: [u8; 32] = {
        let digest: Digest = text(&status[0], "id").parse().unwrap();
        *digest.as_bytes()
    };
    let accord = detente_core::AccordId::new(foreign);
    let run = RunId::new([1; RunId::LEN]);
    let release = Digest::new([2; 32]);
    let act = |request: &Request| {
        let code = refusal(ask(request));
        eprintln!("{code}");
    };
    act(&Request::BeginMatch { accord, run });
    act(&Request::OpenRelease { accord, release });
    act(&objects(&foreign, &[2; 32]));
    act(&hostile.checkpoint(accord, 0, b"x"));
    let (start, bodies) = (0, vec![([0; 32], vec![0; 100])]);
    act(&Request::Bodies { accord, start, bodies });
    let body = vec![0xff; 1000];
    act(&Request::AddEntries { accord, body: body.clone() });
    act(&Request::AddCheckpoint { accord, body });
    let mut stream = session.open(&Request::BeginMatch { accord, run }).unwrap();
    let answer = stream.recv().unwrap().unwrap();
    refusal(Response::decode(&answer).unwrap());

    // Accords that are not what their id says, or not with us.
    let (own, opening) = hostile.accord("mine", b);
    let parties = vec![hostile.party()];
    let slug = "mine".to_owned();
    act(&Request::OpenLog { accord: own, slug: slug.clone(), parties });
    let Request::OpenLog { parties, .. } = opening else {
        panic!("an opening is OpenLog");
    };
    act(&Request::OpenLog { accord, slug, parties });
    // Nothing of all that shows anywhere.
    let after = pair.b.json(&["accord", "status"]);
    assert_eq!(after.as_array().unwrap().len(), 1, "{after:#}");
    assert_eq!(history(&pair.b, "Alba").len(), 3);
    still_serves(&pair, &mut serving);
}

/// A party may open logs for so many accords and no more.
#[test]
fn a_known_party_cannot_fill_the_disk_with_accords() {
    let (pair, mut serving, hostile) = with_hostile();
    let b = card_of(&pair.b).value().party();
    let session = hostile.session(&pair.b, Manners::Polite);
    let mut refused = None;
    for n in 0..300 {
        let (_, opening) = hostile.accord(&format!("accord-{n}"), b);
        if let Response::Refused(refusal) = session.request(&opening).unwrap() {
            refused = Some((n, refusal.code));
            break;
        }
    }
    assert_eq!(refused, Some((256, "too_many_accords".to_owned())));
    still_serves(&pair, &mut serving);
}

/// Two checkpoints of one log that can't both be true: refused, and kept as evidence.
#[test]
fn a_fork_is_refused_and_kept_as_evidence() {
    let (pair, mut serving, hostile) = with_hostile();
    let b = card_of(&pair.b).value().party();
    let session = hostile.session(&pair.b, Manners::Polite);
    let (accord, opening) = hostile.accord("forked", b);
    let evidence = || {
        let parties = pair.b.json(&["party", "list"]);
        let parties = parties.as_array().unwrap().clone();
        let hostile = parties.iter().find(|party| party["name"] == "Mallory");
        number(hostile.unwrap(), "evidence")
    };
    let started = Response::LogState { pending: 0, next: 0 };
    assert_eq!(session.request(&opening).unwrap(), started);
    let one = hostile.checkpoint(accord, 0, b"one history");
    assert_eq!(session.request(&one).unwrap(), Response::Done);
    assert_eq!(evidence(), 0);
    let two = hostile.checkpoint(accord, 1, b"another history");
    let code = refusal(session.request(&two).unwrap());
    assert_eq!(evidence(), 1, "{code}");
    pair.b.run(&["party", "list"]).exits(0).says("1 pieces are kept against it");
    still_serves(&pair, &mut serving);
}

/// One that takes every question and answers none: others are served, and so is this home.
#[test]
fn a_party_that_never_answers_holds_up_no_other() {
    let (pair, mut serving, hostile) = with_hostile();
    let session = hostile.session(&pair.b, Manners::Mute);
    let drafted = pair.b.run(&["accord", "draft", "mute", "--with", "Mallory"]).exits(0);
    let file = pair.world.write("mute.toml", drafted.out);
    // This one waits for the answer that never comes.
    let mut waiting = pair.b.command(&["accord", "propose", &file]).spawn().unwrap();
    wait_until("the proposal stands in the log", 20, || {
        let status = pair.b.bare(&["accord", "text", "mute"]).output().unwrap();
        let unproposed = String::from_utf8_lossy(&status.stderr).contains("there is no accord");
        assert!(waiting.try_wait().unwrap().is_none(), "it was answered");
        !unproposed
    });
    for n in 0..3 {
        let reason = n.to_string();
        let stop = ["accord", "stop", "alba-borea", "--reason", &reason];
        let report = pair.a.json(&stop);
        assert_eq!(report["delivered"][0]["cosigned"], true, "{report:#}");
        pair.b.json(&["list"]);
    }
    assert_eq!(history(&pair.b, "Alba").len(), 6);
    assert!(!session.is_closed(), "the mute one has gone: nothing was tried");
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    session.close();
    still_serves(&pair, &mut serving);
}

/// What lies in the home is foreign too, once somebody else could write there.
#[test]
fn planted_files_are_bounded() {
    let world = World::new();
    let home = world.party("Alba", false);
    let asks = ["list"];
    let plant = |path: &Path, edit: &dyn Fn(&Path), code: i32| {
        let good = fs::read(path).unwrap();
        edit(path);
        let outcome = home.run(&asks);
        assert_eq!(outcome.code, code, "{}: {outcome}", path.display());
        assert!(outcome.err.contains("error"), "{outcome}");
        let _ = fs::remove_file(path);
        fs::write(path, good).unwrap();
        home.run(&asks).exits(0);
    };
    let giant = |path: &Path| {
        fs::File::create(path).unwrap().set_len(1 << 40).unwrap();
    };
    let key = home.dir.join("keys/analyst.key");
    plant(&key, &giant, 1);
    plant(&home.dir.join("card"), &giant, 1);
    plant(&key, &|path| fs::write(path, b"").unwrap(), 3);
    plant(&key, &|path| fs::write(path, Random::new().bytes(134)).unwrap(), 3);
    // A key file that asks for 4 TiB of memory to be opened.
    let greedy = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        let memory = [0x1a, 0, 1, 0, 0];
        let at = bytes.windows(5).position(|part| part == memory).unwrap();
        bytes[at + 1..at + 5].fill(0xff);
        fs::write(path, bytes).unwrap();
    };
    plant(&key, &greedy, 3);
    // One key in the place of another.
    let other = home.dir.join("keys/minister.key");
    let swap = |path: &Path| {
        fs::copy(&other, path).unwrap();
    };
    plant(&key, &swap, 3);
    plant(&home.dir.join("card"), &|path| fs::write(path, b"x").unwrap(), 3);
}

/// Bits that rot in the database: the record is read as it was written, or not at all.
#[test]
fn a_damaged_database_is_told_or_changes_nothing() {
    let (pair, serving) = Pair::agreed();
    drop(serving);
    let file = pair.world.write("x.txt", "evil.example.com\n45.1.2.3\n");
    pair.b.import(&[&file]);
    let want = history(&pair.b, "Alba");
    let path = pair.b.dir.join("node.db");
    let good = fs::read(&path).unwrap();
    let export = pair.world.path("export").display().to_string();
    let mut random = Random::new();
    let mut told = 0;
    for round in 0..24 {
        let mut bad = good.clone();
        let at = random.flip(&mut bad);
        // Most pages hold nothing of the record: hit some more in one go.
        for _ in 0..round % 4 * 25 {
            random.flip(&mut bad);
        }
        fs::write(&path, &bad).unwrap();
        let outcome = pair.b.run(&["accord", "history", "alba-borea", "--json"]);
        match outcome.code {
            0 => {
                let events = outcome.json();
                let mut events = events.as_array().unwrap().clone();
                events.retain(|event| event["party"] == "Alba");
                assert_eq!(events, want, "byte {at}: another record, in silence");
                let exported = pair.b.run(&["log", "export", "alba-borea", "--to", &export]);
                if exported.code == 0 {
                    pair.world.verify("export").exits(0);
                }
                let _ = fs::remove_dir_all(&export);
            }
            3 => {
                told += 1;
                assert!(!text(&outcome.json(), "error").is_empty(), "{outcome}");
            }
            code => panic!("byte {at}: exit {code}: {outcome}"),
        }
        for name in ["node.db-wal", "node.db-shm"] {
            let _ = fs::remove_file(pair.b.dir.join(name));
        }
    }
    eprintln!("{told} of 24 told");
    assert!(told > 3, "{told}");
    for bad in [Vec::new(), good[..good.len() / 2].to_vec(), random.bytes(good.len())] {
        fs::write(&path, &bad).unwrap();
        let outcome = pair.b.run(&["accord", "history", "alba-borea", "--json"]);
        // An empty file is an empty database: then there is no such accord.
        assert!([2, 3].contains(&outcome.code), "{outcome}");
        fs::write(&path, &good).unwrap();
    }
    assert_eq!(history(&pair.b, "Alba"), want);
}

/// A small disk of its own, if this process may mount one; unmounted when dropped.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: std::path::PathBuf, mib: u32) -> Option<SmallDisk> {
        fs::create_dir(&at).unwrap();
        let size = format!("size={mib}m");
        let mut mount = Command::new("mount");
        let done = mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at).output();
        let done = done.ok()?;
        if done.status.success() {
            return Some(SmallDisk(at));
        }
        eprintln!("no mount here: {}", String::from_utf8_lossy(&done.stderr));
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Runs a command that fails for want of space: exit 3 and clear words.
#[track_caller]
fn full(command: &mut Command) {
    let outcome = Outcome::of(command.arg("--json")).exits(3);
    let said = outcome.json();
    // An import says it of the file.
    let failure = if said.is_array() { &said[0]["failed"] } else { &said };
    let words = format!("{} {}", text(failure, "error"), failure["remedy"]);
    assert!(words.contains("disk"), "{outcome}");
}

fn lines(from: u32, count: u32) -> String {
    (from..from + count).map(|n| format!("host-number-{n}.example.com\n")).collect()
}

/// The disk runs full under a home: imports and acts fail, what was acknowledged stays, and all goes
/// on when there is space.
#[test]
fn a_full_disk_loses_nothing() {
    let world = World::new();
    let Some(disk) = SmallDisk::mount(world.path("disk"), 12) else {
        // Who may not mount meets the same want of space as a limit on the size of files.
        return a_limit_on_files_loses_nothing_at(&world);
    };
    let home = world.home_in(&disk.0.join("home"), "Alba", false);
    home.init().exits(0);
    let other = world.party("Borea", false);
    let card = other.card(&world.path("borea.card"));
    home.run(&["party", "add", &card, "--yes"]).exits(0);
    let draft = home.run(&["accord", "draft", "alba-borea", "--with", "Borea"]).exits(0);
    let accord = world.write("accord.toml", draft.out);
    home.run(&["accord", "propose", &accord]).exits(0);
    let small = world.write("small.txt", lines(0, 500));
    home.import(&[&small]);
    let before = history(&home, "Alba");

    // What somebody else keeps on this disk, and will take away.
    let ballast = disk.0.join("ballast");
    fs::write(&ballast, vec![0; 4 << 20]).unwrap();
    let large = world.write("large.txt", lines(10_000, 100_000));
    full(&mut home.command(&["import", &large]));
    let held = home.json(&["list"]).as_array().unwrap().len();
    assert!(held >= 500, "{held}");
    // Not a block is left, not even for one act.
    let filler = disk.0.join("filler");
    fill(&filler);
    full(&mut home.command(&["accord", "sign", "alba-borea"]));
    full(&mut home.command(&["import", &small, "--source", "again"]));
    fs::remove_file(&ballast).unwrap();

    assert_eq!(history(&home, "Alba"), before);
    home.run(&["accord", "sign", "alba-borea"]).exits(0);
    assert_eq!(history(&home, "Alba").len(), before.len() + 1);
    let again = home.import(&[&small]);
    assert_eq!(number(&again, "new_observables"), 0, "{again:#}");
    let to = world.path("export").display().to_string();
    home.run(&["log", "export", "alba-borea", "--to", &to]).exits(0);
    world.verify("export").exits(0);
}

/// Fills a disk to its last byte.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    for size in [1 << 16, 1 << 12, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

/// The same by `ulimit -f`: no file may grow beyond so many KiB.
#[test]
fn a_limit_on_files_loses_nothing() {
    a_limit_on_files_loses_nothing_at(&World::new());
}

fn a_limit_on_files_loses_nothing_at(world: &World) {
    let home = world.party("Cedra", false);
    let small = world.write("small.txt", lines(0, 500));
    home.import(&[&small]);
    let large = world.write("large.txt", lines(10_000, 60_000));
    let limited = |args: &[&str]| {
        let plain = home.command(args);
        let mut command = Command::new("bash");
        // Without the trap the kernel would end the process instead of telling it.
        let script = "trap '' XFSZ; ulimit -f 1500; exec \"$0\" \"$@\"";
        command.args(["-c", script]).arg(plain.get_program()).args(plain.get_args());
        command.env_remove("DETENTE_HOME").stdin(std::process::Stdio::null());
        command
    };
    Outcome::of(&mut limited(&["list"])).exits(0);
    let outcome = Outcome::of(limited(&["import", &large]).arg("--json")).exits(3);
    let report = &outcome.json()[0];
    assert!(!text(&report["failed"], "error").is_empty(), "{outcome}");
    let held = home.json(&["list"]).as_array().unwrap().len();
    assert!((500..60_500).contains(&held), "{held}");
    assert_eq!(held as u64, 500 + number(report, "taken"), "it says how many are kept");
    home.import(&[&large]);
    assert_eq!(home.json(&["list"]).as_array().unwrap().len(), 60_500);
    let found = home.json(&["search", "host-number-7.example.com"]);
    assert_eq!(list(&found, "own").len(), 1);
}
