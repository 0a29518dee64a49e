//! Programs that are not ours. One that is missing is a failure, and its message says what to do.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::process::workspace;

/// A program of others.
pub struct Foreign {
    path: PathBuf,
    first: Vec<PathBuf>,
}

impl Foreign {
    /// Runs it; gives whether it ended with 0, and all that it said.
    #[track_caller]
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> (bool, String) {
        let mut command = Command::new(&self.path);
        let done = command.args(&self.first).args(args).stdin(Stdio::null()).output();
        let done = done.unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
        let said = [done.stdout, done.stderr].concat();
        (done.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// Starts it; it must say that it is ready, and ends with the result.
    #[track_caller]
    pub fn start<S: AsRef<OsStr>>(&self, args: &[S]) -> Running {
        let mut command = Command::new(&self.path);
        command.args(&self.first).args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let running = Running(child);
        assert!(line.contains("\"ok\": true"), "{} says: {line}", self.path.display());
        running
    }

    /// Runs it; it must accept.
    #[track_caller]
    pub fn accepts<S: AsRef<OsStr>>(&self, args: &[S]) -> String {
        let (good, said) = self.run(args);
        assert!(good, "{} refuses: {said}", self.path.display());
        said
    }

    /// Runs it; it must refuse, for a reason that it gives.
    #[track_caller]
    pub fn refuses<S: AsRef<OsStr>>(&self, args: &[S]) -> String {
        let (good, said) = self.run(args);
        assert!(!good, "{} accepts: {said}", self.path.display());
        assert!(said.contains("\"reason\""), "no reason: {said}");
        // A checker that can't start refuses everything and proves nothing.
        assert!(!said.contains("missing: "), "{said}");
        said
    }
}

/// A program that runs until this is dropped.
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether the checks by others are left out on purpose.
fn without_foreign() -> bool {
    std::env::var_os("DETENTE_IT_WITHOUT_FOREIGN").is_some_and(|value| value == "1")
}

fn find(variable: &str, usual: &str, make: &str) -> Option<PathBuf> {
    if without_foreign() {
        eprintln!(
            "left out, as DETENTE_IT_WITHOUT_FOREIGN=1 asks: the checks that need {variable}"
        );
        return None;
    }
    let given = std::env::var_os(variable).map(|given| workspace().join(given));
    let path = given.unwrap_or_else(|| workspace().join(usual));
    assert!(
        path.is_file(),
        "{variable}: no file {}. {make}; or leave such checks out with \
         DETENTE_IT_WITHOUT_FOREIGN=1",
        path.display()
    );
    Some(path)
}

/// Python with a script of `tests/foreign`; none if the checks by others are left out.
pub fn python(script: &str) -> Option<Foreign> {
    let make = "./test it makes one with the packages that the script names";
    let path = find("DETENTE_PY", ".test/venv/bin/python", make)?;
    let script = workspace().join("tests/foreign").join(script);
    Some(Foreign { path, first: vec![script] })
}

/// The Go checker; none if the checks by others are left out.
pub fn go_checker() -> Option<Foreign> {
    let make = "Build tests/foreign/go-sumdb (its head says how), or let ./test it do so";
    let path = find("DETENTE_GO_CHECKER", ".test/bin/go-sumdb", make)?;
    Some(Foreign { path, first: Vec::new() })
}

/// A program of the system.
pub fn run_tool(name: &str) -> Foreign {
    Foreign { path: name.into(), first: Vec::new() }
}

/// OpenSSL's command.
pub fn openssl() -> Foreign {
    run_tool("openssl")
}
