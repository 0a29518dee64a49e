//! The heads of own logs in a file beside the database: by it, an old copy of the database that was
//! put back is noticed before anything rests on it.
//!
//! A head is written beside the file before the entries are durable, and takes its place after: on
//! a full disk nothing is entered whose head can't be written, and the file never runs ahead of a
//! database that was left alone. Text, one log a line: accord, size and root. Is not: a help if the
//! whole folder was put back; then the other side notices.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use detente_core::{AccordId, Digest, PartyId};
use detente_log::{RootBuilder, TreeHead};
use detente_node::ports::{LogKey, StoreError};
use rusqlite::Connection;

use super::fault::Fault;
use super::log;

/// First line of the file.
const TITLE: &str = "detente heads 1";
/// Longest file that is read, in bytes: about 100,000 accords.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The heads of one party's own logs, and the file that has them.
#[derive(Debug)]
pub(super) struct Heads {
    path: PathBuf,
    party: PartyId,
    known: Known,
}

/// Size and root of each own log.
type Known = BTreeMap<AccordId, (u64, Digest)>;

/// Heads that lie beside the file.
pub(super) struct Ready(Known);

impl Heads {
    /// Reads the file and compares it with the database; one that is not there is made.
    pub(super) fn open(
        conn: &Connection,
        path: &Path,
        party: PartyId,
    ) -> Result<Heads, StoreError> {
        let mut heads = Heads { path: path.to_owned(), party, known: read(path)? };
        for (accord, (size, root)) in &heads.known {
            let key = LogKey { accord: *accord, party };
            check(conn, key, (*size, root)).map_err(StoreError::from)?;
        }
        // A process that died between the two writes leaves the file behind the database.
        let before = heads.known.clone();
        for key in log::keys(conn).map_err(StoreError::from)? {
            let head = log::find(conn, key).map_err(StoreError::from)?;
            if let Some(head) = head.filter(|head| key.party == party && head.size() > 0) {
                let root = Digest::new(*head.edge.root().as_bytes());
                heads.known.insert(key.accord, (head.size(), root));
            }
        }
        if heads.known != before {
            heads.write()?;
        }
        Ok(heads)
    }

    /// An own log is about to grow to this head: puts on disk what the file will be.
    pub(super) fn prepare(&self, key: LogKey, head: TreeHead) -> Result<Option<Ready>, StoreError> {
        if key.party != self.party {
            return Ok(None);
        }
        let mut known = self.known.clone();
        known.insert(key.accord, (head.size.get(), Digest::new(*head.root.as_bytes())));
        self.write_beside(&known)?;
        Ok(Some(Ready(known)))
    }

    /// The log has grown, and the database has it. A file that can't be put in its place lags,
    /// which the next one, or the next opening, makes up for.
    pub(super) fn grown(&mut self, Ready(known): Ready) {
        self.known = known;
        let _ = in_place(&self.path);
    }

    fn write(&self) -> Result<(), StoreError> {
        self.write_beside(&self.known)?;
        in_place(&self.path).map_err(|error| failed("writing", &self.path, &error))
    }

    fn write_beside(&self, known: &Known) -> Result<(), StoreError> {
        let mut text = format!("{TITLE}\n");
        for (accord, (size, root)) in known {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{accord} {size} {root}");
        }
        put_beside(&self.path, text.as_bytes())
            .map_err(|error| failed("writing", &self.path, &error))
    }
}

/// Where a file is written before it takes the place of this one.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// Writes a file beside this one, to disk.
fn put_beside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Puts the file that was written beside this one in its place, whole.
fn in_place(path: &Path) -> io::Result<()> {
    fs::rename(beside(path), path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn failed(what: &str, path: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Failed(format!("{what} {}: {error}", path.display())),
    }
}

fn read(path: &Path) -> Result<BTreeMap<AccordId, (u64, Digest)>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(failed("reading", path, &error)),
    };
    let mut text = String::new();
    file.take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| failed("reading", path, &error))?;
    let damaged = |line: usize| {
        StoreError::Damaged(format!("{}, line {line}: not a head of a log", path.display()))
    };
    let mut lines = text.lines().zip(1..);
    if lines.next().is_none_or(|(title, _)| title != TITLE) {
        return Err(damaged(1));
    }
    let mut known = BTreeMap::new();
    for (line, number) in lines {
        let (accord, size, root) = parse(line).ok_or_else(|| damaged(number))?;
        known.insert(accord, (size, root));
    }
    Ok(known)
}

fn parse(line: &str) -> Option<(AccordId, u64, Digest)> {
    let mut words = line.split(' ');
    let (accord, size, root) = (words.next()?, words.next()?, words.next()?);
    let whole = words.next().is_none();
    Some((accord.parse().ok()?, size.parse().ok()?, root.parse().ok()?)).filter(|_| whole)
}

/// That the log holds at least what it held when its head was written down.
fn check(conn: &Connection, key: LogKey, (size, root): (u64, &Digest)) -> Result<(), Fault> {
    let old = |words: String| Fault::Store(StoreError::OldCopy(words));
    let head = log::find(conn, key)?;
    let have = head.as_ref().map_or(0, log::Head::size);
    let head = head.filter(|_| have >= size).ok_or_else(|| {
        let accord = key.accord.short();
        old(format!("its own log in accord {accord} had {size} entries, the database has {have}"))
    })?;
    let mut builder = RootBuilder::new();
    if have > size {
        log::each_entry(conn, &head, key, 0..size, |entry| {
            builder
                .push_entry(&entry.leaf)
                .map_err(|fault| super::fault::damaged(fault.to_string()))
        })?;
    }
    let there = if have == size { head.edge.root() } else { builder.head().root };
    if there.as_bytes() == root.as_bytes() {
        return Ok(());
    }
    let accord = key.accord.short();
    Err(old(format!("its own log in accord {accord} had other entries among the first {size}")))
}
