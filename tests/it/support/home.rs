//! A temporary world, and the homes in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::process::{Outcome, Serving, detente, free_port};

/// A folder for one story; taken away at its end.
pub struct World {
    dir: TempDir,
}

impl World {
    /// An empty world but for the passphrase.
    pub fn new() -> World {
        let dir = TempDir::with_prefix("detente-it-").unwrap();
        std::fs::write(dir.path().join("passphrase"), "correct horse battery\n").unwrap();
        World { dir }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// A home that nobody has made yet.
    pub fn home(&self, name: &str, listens: bool) -> Home {
        self.home_in(&self.path(name), name, listens)
    }

    /// A home in another folder.
    pub fn home_in(&self, dir: &Path, name: &str, listens: bool) -> Home {
        Home {
            dir: dir.to_owned(),
            name: name.to_owned(),
            passphrase: self.path("passphrase"),
            log: self.path(&format!("{name}.log")),
            address: listens.then(|| format!("127.0.0.1:{}", free_port())),
        }
    }

    /// A home with its party.
    pub fn party(&self, name: &str, listens: bool) -> Home {
        let home = self.home(name, listens);
        home.init().exits(0);
        home
    }

    /// `detente verify` on a folder of this world.
    #[track_caller]
    pub fn verify(&self, folder: &str) -> Outcome {
        Outcome::of(detente().args(["verify", "--json"]).arg(self.path(folder)))
    }
}

/// The folder of one party's node.
pub struct Home {
    /// Where it is.
    pub dir: PathBuf,
    /// The party's name.
    pub name: String,
    /// Where it listens, if it does.
    pub address: Option<String>,
    passphrase: PathBuf,
    log: PathBuf,
}

impl Home {
    /// The binary for this home.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.bare(args);
        command.arg("--passphrase-file").arg(&self.passphrase);
        command
    }

    /// The binary for this home, without its passphrase.
    pub fn bare(&self, args: &[&str]) -> Command {
        let mut command = detente();
        command.arg("--home").arg(&self.dir).args(args);
        command
    }

    /// Makes the party.
    #[track_caller]
    pub fn init(&self) -> Outcome {
        let mut command = self.command(&["init", "--party", &self.name]);
        if let Some(address) = &self.address {
            command.args(["--listen", address]);
        }
        Outcome::of(&mut command)
    }

    /// Runs a command.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Outcome {
        Outcome::of(&mut self.command(args))
    }

    /// Runs a command that must be done; gives its report.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        Outcome::of(self.command(args).arg("--json")).exits(0).json()
    }

    /// Runs a command that must fail with this exit code and machine code, and say why.
    #[track_caller]
    pub fn fails(&self, exit: i32, code: &str, args: &[&str]) -> Value {
        let outcome = Outcome::of(self.command(args).arg("--json")).exits(exit);
        let failure = outcome.json();
        assert_eq!(failure["exit"], exit, "{outcome}");
        assert_eq!(failure["code"], code, "{outcome}");
        assert!(!super::text(&failure, "error").is_empty(), "{outcome}");
        failure
    }

    /// Imports a file; gives its one report.
    #[track_caller]
    pub fn import(&self, args: &[&str]) -> Value {
        let reports = self.json(&[&["import"], args].concat());
        assert_eq!(reports.as_array().unwrap().len(), 1, "{reports:#}");
        reports[0].clone()
    }

    /// Serves until the result is dropped.
    #[track_caller]
    pub fn serve(&self) -> Serving {
        Serving::start(&mut self.command(&["serve", "--json"]), self.log.clone())
    }

    /// Serves tools too, until the result is dropped.
    pub fn serve_tools(&self, args: &[&str]) -> Serving {
        let serve = ["serve", "--json", "--taxii", "127.0.0.1:0"];
        Serving::start(&mut self.command(&[&serve[..], args].concat()), self.log.clone())
    }

    /// Writes the card of this party to a file.
    #[track_caller]
    pub fn card(&self, to: &Path) -> String {
        let to = to.display().to_string();
        self.run(&["party", "card", "--out", &to]).exits(0);
        to
    }

    /// The id of this party.
    #[track_caller]
    pub fn id(&self) -> String {
        let card = self.json(&["party", "card"]);
        super::text(&card["party"], "id").to_owned()
    }

    /// Every file of this home, with its bytes.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut folders = vec![self.dir.clone()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir().unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() {
                    let bytes = std::fs::read(&path).unwrap();
                    files.push((path, bytes));
                }
            }
        }
        files
    }
}
