//! The repository as a map from path to text.
//!
//! Is: the one place of this crate that touches the disk; every rule works on the map.
//! Is not: a view of git. Folders that `.gitignore` names are left out by the list below.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

/// Folders that hold nothing of the house: version control, build output, tools, fuzz output.
const SKIPPED_FOLDERS: &[&str] =
    &[".git", ".test", "target", "fuzz/artifacts", "fuzz/corpus", "fuzz/target"];

/// Files over this size (bytes) are data, known by their path only.
const MAX_TEXT_LEN: u64 = 4 << 20;

/// Paths with `/` between the parts, relative to the root; `None` where the file is not text.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    files: BTreeMap<String, Option<String>>,
}

impl Tree {
    /// Reads every file below `root` but those in the skipped folders.
    ///
    /// # Errors
    /// When a folder or a file cannot be read.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        tree.read_folder(root, "")?;
        Ok(tree)
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> anyhow::Result<()> {
        let entries =
            std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                anyhow::bail!("a file name in {} is not UTF-8", folder.display());
            };
            let path = format!("{prefix}{name}");
            let kind = entry.file_type()?;
            if kind.is_dir() && !SKIPPED_FOLDERS.contains(&path.as_str()) {
                self.read_folder(&entry.path(), &format!("{path}/"))?;
            } else if kind.is_file() {
                let text = if entry.metadata()?.len() <= MAX_TEXT_LEN {
                    let bytes = std::fs::read(entry.path()).context(path.clone())?;
                    String::from_utf8(bytes).ok()
                } else {
                    None
                };
                self.files.insert(path, text);
            }
        }
        Ok(())
    }

    /// Puts a text in, or replaces it.
    pub fn insert(&mut self, path: &str, text: &str) {
        self.files.insert(path.to_owned(), Some(text.to_owned()));
    }

    /// Takes a file out.
    pub fn remove(&mut self, path: &str) {
        self.files.remove(path);
    }

    /// The text of a file, if it is there and is text.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// Every text, by path.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// Whether a file or a folder of this path is there; the empty path is the root.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.files.contains_key(path)
            || self.files.keys().any(|file| file.starts_with(&folder))
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Tree;

    #[test]
    fn reads_texts_and_skips_build_output() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |path: &str, bytes: &[u8]| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, bytes).expect("a file");
        };
        put("a/b.rs", b"//! B.\n");
        put("target/debug/x.rs", b"//! X.\n");
        put("picture", &[0xff, 0xfe]);
        let tree = Tree::read(folder.path()).expect("a tree");
        assert_eq!(tree.text("a/b.rs"), Some("//! B.\n"));
        assert_eq!(tree.len(), 2);
        assert!(tree.has("picture") && tree.text("picture").is_none());
        assert!(tree.has("a") && tree.has("") && !tree.has("a/b") && !tree.has("target"));
    }
}
