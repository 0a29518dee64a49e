//! A home: the folder of one party's node, its files and its lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fail::Failure;

/// Longest card file, in bytes.
pub const MAX_CARD_FILE: u64 = 64 * 1024;

/// The folder of a node.
#[derive(Clone, Debug)]
pub struct Home {
    dir: PathBuf,
}

/// What `init` was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where `serve` listens, `host:port`; none if this node only dials.
    pub listen: Option<String>,
}

impl Home {
    /// The home at this path, whether it is there or not.
    pub fn at(dir: &Path) -> Home {
        Home { dir: dir.to_owned() }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The own card.
    pub fn card(&self) -> PathBuf {
        self.dir.join("card")
    }

    /// A key file.
    pub fn key(&self, name: &str) -> PathBuf {
        self.dir.join("keys").join(format!("{name}.key"))
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.dir.join("node.db")
    }

    /// The heads of own logs: what tells an old copy of the database.
    pub fn heads(&self) -> PathBuf {
        self.dir.join("heads")
    }

    /// The settings.
    pub fn config(&self) -> PathBuf {
        self.dir.join("config.toml")
    }

    /// The socket on which a serving node takes commands.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("control.sock")
    }

    /// Makes the folder, for its owner only.
    pub fn create(&self) -> Result<(), Failure> {
        if self.card().exists() {
            return Err(Failure::refused(
                "home_exists",
                format!("{} is a home already", self.dir.display()),
                "choose another folder with --home, or use the one that is there",
            ));
        }
        let keys = self.dir.join("keys");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&keys)
            .map_err(|error| Failure::io("creating", &keys, &error))?;
        for dir in [&self.dir, &keys] {
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
                .map_err(|error| Failure::io("protecting", dir, &error))?;
        }
        Ok(())
    }

    /// Another process holds this home.
    pub fn busy(&self) -> Failure {
        Failure::environment(
            "home_busy",
            format!("another process holds {}", self.dir.display()),
            "wait for it to end, or end it",
        )
    }

    /// Checks that this is a home.
    pub fn check(&self) -> Result<(), Failure> {
        if self.card().exists() {
            return Ok(());
        }
        Err(Failure::usage(
            "no_home",
            format!("{} is no home of a node", self.dir.display()),
            "make one with `detente --home DIR init --party NAME`, or name another with --home",
        ))
    }

    /// The settings.
    pub fn read_config(&self) -> Result<Config, Failure> {
        let path = self.config();
        if !path.exists() {
            return Ok(Config::default());
        }
        let bytes = read_bounded(&path, 64 * 1024)?;
        let text = String::from_utf8_lossy(&bytes);
        toml::from_str(&text).map_err(|error| {
            let words = format!("{} is not readable: {}", path.display(), error.message());
            Failure::environment("config", words, "mend the file")
        })
    }

    /// Takes the lock that makes this process the only writer; none if another one has it. It is
    /// held until the file is dropped.
    pub fn try_lock(&self) -> Result<Option<File>, Failure> {
        let path = self.dir.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| Failure::io("opening", &path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(Failure::io("locking", &path, &error)),
        }
    }
}

/// Writes a new file that only its owner can read, whole or not at all.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_with_mode(path, bytes, 0o600)
}

/// Writes a file whole or not at all: beside it, to disk, then in its place.
pub fn write_with_mode(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let failed = |error: &std::io::Error| Failure::io("writing", path, error);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    // One that a killed process left behind is not written through.
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(mode)
        .open(&beside)
        .map_err(|error| failed(&error))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| failed(&error))?;
    fs::rename(&beside, path).map_err(|error| failed(&error))?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| failed(&error))
}

/// Reads a file of at most `max` bytes.
pub fn read_bounded(path: &Path, max: u64) -> Result<Vec<u8>, Failure> {
    let file = File::open(path).map_err(|error| Failure::io("reading", path, &error))?;
    let mut bytes = Vec::new();
    file.take(max + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::io("reading", path, &error))?;
    if bytes.len() as u64 > max {
        let words = format!("{} has more than {max} bytes", path.display());
        return Err(Failure::refused("file_too_long", words, "check that it is the right file"));
    }
    Ok(bytes)
}
