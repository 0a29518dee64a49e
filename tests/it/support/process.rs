//! Runs the binary: once for an answer, or as a node that serves.

use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

/// Asks a TAXII server by plain HTTP; the body of its answer.
#[track_caller]
pub fn get(address: &str, path: &str, token: &str) -> String {
    ask(address, (&format!("GET {path}"), token), "")
}

/// The same for a TAXII envelope that is posted.
pub fn post(address: &str, path: &str, token: &str, envelope: &str) -> String {
    ask(address, (&format!("POST {path}"), token), envelope)
}

/// The same for what is to be taken away.
pub fn delete(address: &str, path: &str, token: &str) -> String {
    ask(address, (&format!("DELETE {path}"), token), "")
}

fn ask(address: &str, (what, token): (&str, &str), body: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut line = std::net::TcpStream::connect(address).unwrap();
    let head = format!(
        "{what} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Accept: application/taxii+json;version=2.1\r\nConnection: close\r\n\
         Content-Type: application/taxii+json;version=2.1\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    line.write_all(head.as_bytes()).unwrap();
    line.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned())
}

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap().to_owned()
}

/// The binary under test.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(given) = std::env::var_os("DETENTE_BIN") {
            let path = workspace().join(given);
            assert!(path.is_file(), "DETENTE_BIN: no file {}", path.display());
            return path;
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--quiet", "--package", "detente"])
            .current_dir(workspace())
            .status();
        assert!(built.is_ok_and(|status| status.success()), "cargo build");
        // Cargo's folder for tests lies in its target folder, wherever that is.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        target.join("debug/detente")
    })
}

/// The binary with nothing of this environment that would change what it does.
pub fn detente() -> Command {
    let mut command = Command::new(binary());
    for name in ["DETENTE_HOME", "DETENTE_PASSPHRASE", "DETENTE_LOG"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code.
    pub code: i32,
    /// What it printed.
    pub out: String,
    /// What it printed on stderr.
    pub err: String,
    what: String,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { code, out, err, what } = self;
        write!(f, "{what}\nexit {code}\n-- out\n{out}\n-- err\n{err}")
    }
}

impl Outcome {
    /// Runs a command to its end. It must end by itself, with a documented code.
    #[track_caller]
    pub fn of(command: &mut Command) -> Outcome {
        Outcome::fed(command, None)
    }

    /// The same, with this on stdin.
    #[track_caller]
    pub fn fed(command: &mut Command, input: Option<&[u8]>) -> Outcome {
        if input.is_some() {
            command.stdin(Stdio::piped());
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        if let Some(input) = input {
            // Who refuses the beginning need not read the rest.
            let _ = child.stdin.take().unwrap().write_all(input);
        }
        Outcome::after(child, command)
    }

    /// Waits for a child that was spawned with both outputs piped.
    #[track_caller]
    pub fn after(child: Child, command: &Command) -> Outcome {
        let done = child.wait_with_output().unwrap();
        let mut words: Vec<String> = Vec::new();
        for word in command.get_args() {
            words.push(word.to_string_lossy().into_owned());
        }
        let outcome = Outcome {
            code: done.status.code().unwrap_or(-1),
            out: String::from_utf8(done.stdout).expect("stdout is UTF-8"),
            err: String::from_utf8_lossy(&done.stderr).into_owned(),
            what: words.join(" "),
        };
        assert!((0..=5).contains(&outcome.code), "no such code: {outcome}");
        assert!(!outcome.err.contains("panicked"), "{outcome}");
        outcome
    }

    /// It ended so.
    #[track_caller]
    pub fn exits(self, code: i32) -> Outcome {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// It said this, on either output.
    #[track_caller]
    pub fn says(self, words: &str) -> Outcome {
        let said = self.out.contains(words) || self.err.contains(words);
        assert!(said, "did not say {words:?}: {self}");
        self
    }

    /// What it printed, as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("no JSON, {error}: {self}"))
    }
}

/// A port of loopback that nobody has now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Waits a moment: between two looks at another process, or so that a kill falls in its midst.
#[expect(clippy::disallowed_methods, reason = "another process does not tell when it is so far")]
pub fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

/// Looks again and again until it is so; fails after about so many seconds.
#[track_caller]
pub fn wait_until(what: &str, seconds: u64, mut so: impl FnMut() -> bool) {
    for _ in 0..seconds * 10 {
        if so() {
            return;
        }
        pause(100);
    }
    panic!("not after {seconds} s: {what}");
}

/// A node that serves, ended when it is dropped.
pub struct Serving {
    child: Child,
    log: PathBuf,
    /// Where it listens, if it does.
    pub address: Option<String>,
    /// Where it answers tools, if it does.
    pub taxii: Option<String>,
}

impl Serving {
    /// Starts `command`, a `serve --json`, and waits until it serves.
    #[track_caller]
    pub fn start(command: &mut Command, log: PathBuf) -> Serving {
        let file = File::options().create(true).append(true).open(&log);
        command.stdout(Stdio::piped()).stderr(Stdio::from(file.unwrap()));
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut begun = String::new();
        let said: Option<Value> = loop {
            match lines.next() {
                Some(line) => begun.push_str(&line.unwrap()),
                None => break None,
            }
            if let Ok(value) = serde_json::from_str(&begun) {
                break Some(value);
            }
        };
        let mut serving = Serving { child, log, address: None, taxii: None };
        let Some(said) = said else {
            let code = serving.child.wait();
            panic!("serve ended, {code:?}: {begun}\n{}", serving.log());
        };
        serving.address = said["address"].as_str().map(str::to_owned);
        serving.taxii = said["taxii"].as_str().map(str::to_owned);
        serving
    }

    /// What it said on stderr, all of its predecessors at that home included.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether it is still there.
    pub fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as an operator does; gives its exit code.
    pub fn end(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(sent.success(), "kill -TERM {id}");
        self.child.wait().unwrap().code()
    }

    /// The most memory that it ever held, in MiB.
    pub fn peak_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kib = line.unwrap().split_whitespace().nth(1).unwrap();
        kib.parse::<u64>().unwrap() / 1024
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = self.log();
        if std::thread::panicking() {
            eprintln!("-- {}\n{log}", self.log.display());
        }
        assert!(
            std::thread::panicking() || !log.contains("panicked"),
            "a serving node panicked:\n{log}"
        );
    }
}
