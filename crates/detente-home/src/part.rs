//! Files and folders that take their place when they are whole, and are gone if they never are.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::fail::Failure;
use crate::keystore;

/// A name beside this one that nobody has.
fn beside(target: &Path) -> Result<PathBuf, Failure> {
    let mut tag = [0; 8];
    keystore::random(&mut tag)?;
    let Some(name) = target.file_name() else {
        let words = format!("{} names no file", target.display());
        return Err(Failure::usage("no_file", words, "name a file with --out"));
    };
    let name = format!(".{}.{}.part", name.to_string_lossy(), hex::encode(tag));
    Ok(target.with_file_name(name))
}

/// Makes a folder and has it filled; it is there when it is whole, for its owner alone.
///
/// # Errors
/// [`Failure`]: something is there already, what fills it, or the disk.
pub fn new_folder<T>(
    target: &Path,
    fill: impl FnOnce(&Path) -> io::Result<T>,
) -> Result<T, Failure> {
    if target.symlink_metadata().is_ok() {
        let words = format!("{} is there already", target.display());
        let remedy = "name a folder that is not there, and let it take the other's place then";
        return Err(Failure::usage("folder_there", words, remedy));
    }
    let path = beside(target)?;
    let made = DirBuilder::new().mode(0o700).create(&path).and_then(|()| fill(&path));
    made.and_then(|filled| {
        for entry in path.read_dir()? {
            File::open(entry?.path())?.sync_all()?;
        }
        std::fs::rename(&path, target).map(|()| filled)
    })
    .map_err(|error| {
        let _ = std::fs::remove_dir_all(&path);
        Failure::io("writing", target, &error)
    })
}

/// A file that takes its place when it is whole, and is gone if it never is.
#[derive(Debug)]
pub struct Part {
    path: PathBuf,
    target: PathBuf,
}

impl Part {
    /// With `shared` who could read a file that it replaces can read this one; else its owner
    /// alone.
    ///
    /// # Errors
    /// [`Failure`]: the target names no file, or the disk.
    pub fn beside(target: &Path, shared: bool) -> Result<Part, Failure> {
        let path = beside(target)?;
        let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path);
        let failed = |error: io::Error| Failure::io("writing", target, &error);
        let file = file.map_err(failed)?;
        let part = Part { path, target: target.to_owned() };
        if shared && let Ok(had) = target.metadata() {
            let mode = had.permissions().mode() & 0o777;
            file.set_permissions(std::fs::Permissions::from_mode(mode)).map_err(failed)?;
        }
        Ok(part)
    }

    /// Where it lies until it is whole.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets it take its place.
    ///
    /// # Errors
    /// [`Failure`]: the disk.
    pub fn keep(self) -> Result<PathBuf, Failure> {
        let failed = |error: io::Error| Failure::io("writing", &self.target, &error);
        // On disk before it takes the place of another.
        File::open(&self.path).and_then(|file| file.sync_all()).map_err(failed)?;
        std::fs::rename(&self.path, &self.target).map_err(failed)?;
        Ok(self.target.clone())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Renamed, it is not there any more.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_whole_or_not_there() {
        let room = tempfile::tempdir().expect("a folder");
        let target = room.path().join("feed");
        let failed = new_folder(&target, |dir| {
            std::fs::write(dir.join("a"), "x")?;
            Err::<(), _>(io::Error::other("full"))
        });
        assert!(failed.is_err() && room.path().read_dir().expect("there").next().is_none());
        new_folder(&target, |dir| std::fs::write(dir.join("a"), "x")).expect("there is room");
        assert_eq!(std::fs::read(target.join("a")).expect("written"), b"x");
        let again = new_folder(&target, |_| Ok(())).map_err(|failure| failure.code);
        assert_eq!(again, Err("folder_there".to_owned()));
    }
}
