//! The tree with its manifests and sources read: what the rules look at.
//!
//! Is: the crates of the workspace with their dependencies by kind, and every `.rs` file scanned.
//! Is not: a judgement; a manifest that cannot be read is kept as a complaint for the rule on it.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::source::{Source, mark_test_modules};
use crate::tree::Tree;

/// The whole repository, parsed once.
#[derive(Debug)]
pub struct House {
    tree: Tree,
    rooms: Vec<Room>,
    sources: Vec<Source>,
    members: Vec<String>,
    complaints: Vec<(String, String)>,
}

/// One crate of the workspace.
#[derive(Clone, Debug)]
pub struct Room {
    /// Package name.
    pub name: String,
    /// Folder, without a slash at the end.
    pub folder: String,
    /// Packages it needs to build.
    pub dependencies: Vec<String>,
    /// Packages its tests need beyond these.
    pub dev_dependencies: Vec<String>,
    /// Whether its manifest takes the lints of the workspace.
    pub inherits_lints: bool,
}

impl Room {
    /// The path of its manifest.
    #[must_use]
    pub fn manifest(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }
}

impl House {
    /// Parses the manifests under `crates/`, `tools/` and `tests/`, and scans the sources.
    #[must_use]
    pub fn new(tree: Tree) -> Self {
        let mut complaints = Vec::new();
        let mut parse = |path: &str| match tree.text(path).unwrap_or_default().parse::<Table>() {
            Ok(table) => table,
            Err(error) => {
                complaints.push((path.to_owned(), format!("is no TOML: {}", error.message())));
                Table::new()
            }
        };
        let root = parse("Cargo.toml");
        let manifests: Vec<(String, Table)> = tree
            .texts()
            .filter_map(|(path, _)| Some((path, room_folder(path)?)))
            .map(|(path, folder)| (folder.to_owned(), parse(path)))
            .collect();
        let names = renames(&root);
        let rooms = manifests.iter().map(|(folder, table)| room(folder, table, &names)).collect();
        let mut sources: Vec<Source> = tree
            .texts()
            .filter(|(path, _)| path.ends_with(".rs"))
            .map(|(path, text)| Source::new(path, text))
            .collect();
        mark_test_modules(&mut sources);
        let members = strings(root.get("workspace").and_then(|w| w.get("members")));
        Self { tree, rooms, sources, members, complaints }
    }

    /// The files.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The crates, by folder.
    #[must_use]
    pub fn rooms(&self) -> &[Room] {
        &self.rooms
    }

    /// The crate of this name.
    #[must_use]
    pub fn room(&self, name: &str) -> Option<&Room> {
        self.rooms.iter().find(|room| room.name == name)
    }

    /// Every `.rs` file, by path.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The `.rs` files under `src/` of one crate: not its examples, benches and outer tests.
    pub fn sources_of(&self, room: &Room) -> impl Iterator<Item = &Source> {
        let prefix = format!("{}/src/", room.folder);
        self.sources.iter().filter(move |source| source.path.starts_with(&prefix))
    }

    /// The folders that the workspace manifest lists.
    #[must_use]
    pub fn members(&self) -> &[String] {
        &self.members
    }

    /// Manifests that could not be read, with the reason.
    #[must_use]
    pub fn complaints(&self) -> &[(String, String)] {
        &self.complaints
    }
}

/// `crates/x/Cargo.toml` → `crates/x`; nothing for manifests elsewhere or deeper.
fn room_folder(path: &str) -> Option<&str> {
    let folder = path.strip_suffix("/Cargo.toml")?;
    let (top, rest) = folder.split_once('/')?;
    (["crates", "tools", "tests"].contains(&top) && !rest.contains('/')).then_some(folder)
}

fn room(folder: &str, table: &Table, names: &BTreeMap<String, String>) -> Room {
    let package = table.get("package").and_then(|p| p.get("name")).and_then(Value::as_str);
    let lints = table.get("lints").and_then(|l| l.get("workspace")).and_then(Value::as_bool);
    let mut dependencies = Vec::new();
    let mut dev_dependencies = Vec::new();
    // Dependencies stand at the top, or once more for each target platform.
    let targets = table.get("target").and_then(Value::as_table).into_iter().flatten();
    let tables = targets.filter_map(|(_, t)| t.as_table()).chain([table]);
    for table in tables {
        dependencies.extend(packages(table.get("dependencies"), names));
        dependencies.extend(packages(table.get("build-dependencies"), names));
        dev_dependencies.extend(packages(table.get("dev-dependencies"), names));
    }
    Room {
        name: package.unwrap_or_default().to_owned(),
        folder: folder.to_owned(),
        dependencies,
        dev_dependencies,
        inherits_lints: lints == Some(true),
    }
}

/// Keys of `[workspace.dependencies]` whose package has another name.
fn renames(root: &Table) -> BTreeMap<String, String> {
    let table = root.get("workspace").and_then(|w| w.get("dependencies")).and_then(Value::as_table);
    let rename = |(key, value): (&String, &Value)| {
        Some((key.clone(), value.get("package")?.as_str()?.to_owned()))
    };
    table.into_iter().flatten().filter_map(rename).collect()
}

fn packages(table: Option<&Value>, names: &BTreeMap<String, String>) -> Vec<String> {
    let name = |(key, value): (&String, &Value)| {
        let own = value.get("package").and_then(Value::as_str).map(str::to_owned);
        own.or_else(|| names.get(key).cloned()).unwrap_or_else(|| key.clone())
    };
    table.and_then(Value::as_table).into_iter().flatten().map(name).collect()
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}
