//! Finding a collection: discovery, API roots and their collections (sections 4 and 5.1 of TAXII
//! 2.1), from whatever address of the server an operator has.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use crate::client::answer::{
    Answer, Ask, MAX_URL, address, get, redirected, same_origin, slashed, target,
};
use crate::client::envelope::{Bounded, resource};
use crate::client::fault::{ClientFault, refused, shortened};

/// The most API roots that are looked at. Count.
pub const MAX_ROOTS: usize = 100;
/// The most collections of all API roots together. Count.
pub const MAX_COLLECTIONS: usize = 10_000;
/// What an API root takes if it does not say. Bytes.
const DEFAULT_CONTENT: u64 = 10 * 1024 * 1024;

/// A collection of another server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The address of its API root, which it has in common with others.
    pub root: Arc<Url>,
    /// Its id.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Its other name, if it has one.
    pub alias: Option<String>,
    /// Whether this account may read it.
    pub can_read: bool,
    /// Whether this account may add to it.
    pub can_write: bool,
    /// The largest body that its API root takes. Bytes.
    pub max_content: u64,
}

impl Found {
    /// Whether an operator means it by this id, alias or title.
    pub fn is_named(&self, name: &str) -> bool {
        self.id.eq_ignore_ascii_case(name)
            || self.alias.as_deref() == Some(name)
            || self.title == name
    }

    /// The address of its objects.
    ///
    /// # Errors
    /// [`ClientFault::Address`].
    pub fn objects(&self) -> Result<Url, ClientFault> {
        objects(&self.root, &self.id)
    }
}

/// The address of the objects of a collection.
///
/// # Errors
/// [`ClientFault::Address`] if root and id make none.
pub fn objects(root: &Url, id: &str) -> Result<Url, ClientFault> {
    below(root, &["collections", id, "objects"])
}

/// The address below another one with these parts, each encoded.
pub(crate) fn below(root: &Url, parts: &[&str]) -> Result<Url, ClientFault> {
    let bad = ClientFault::Address { url: shortened(root.as_str()), why: "has no path" };
    let mut url = root.clone();
    let Ok(mut path) = url.path_segments_mut() else { return Err(bad) };
    path.pop_if_empty().extend(parts).push("");
    drop(path);
    Ok(url)
}

/// What a server shows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What people call it.
    pub title: String,
    /// All collections of all of its API roots.
    pub collections: Vec<Found>,
    /// API roots that would not be read, each with the reason.
    pub passed_over: Vec<(String, ClientFault)>,
    /// The collection that the address itself names.
    pub named: Option<String>,
}

/// Any of what may lie behind an address: discovery has `api_roots`, an API root `versions`. What
/// is of another type than it should be is passed over where it is not needed.
#[derive(Deserialize)]
struct Any {
    #[serde(default)]
    title: Option<Box<RawValue>>,
    #[serde(default)]
    api_roots: Option<Bounded<Box<RawValue>, MAX_ROOTS>>,
    #[serde(default)]
    versions: Option<Box<RawValue>>,
    #[serde(default)]
    max_content_length: Option<Box<RawValue>>,
}

impl Any {
    fn title(&self) -> String {
        let title = self.title.as_deref().and_then(text);
        shortened(&title.unwrap_or_default())
    }

    /// What it speaks: a list, or one text as some write it.
    fn versions(&self) -> Vec<String> {
        let Some(raw) = self.versions.as_deref() else { return Vec::new() };
        match serde_json::from_str::<Bounded<String, MAX_ROOTS>>(raw.get()) {
            Ok(list) => list.0,
            Err(_) => text(raw).into_iter().collect(),
        }
    }

    /// The largest body that it takes: a number, in quotes or not.
    fn max_content(&self) -> Option<f64> {
        let raw = self.max_content_length.as_deref()?;
        serde_json::from_str(raw.get()).ok().or_else(|| text(raw)?.trim().parse().ok())
    }
}

fn text(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    collections: Bounded<Box<RawValue>, MAX_COLLECTIONS>,
}

#[derive(Deserialize)]
struct Information {
    id: String,
    #[serde(default)]
    title: Option<Box<RawValue>>,
    #[serde(default)]
    alias: Option<Box<RawValue>>,
    #[serde(default)]
    can_read: Option<Box<RawValue>>,
    #[serde(default)]
    can_write: Option<Box<RawValue>>,
}

/// Whether this is true, as a word of JSON or in quotes.
fn is_true(raw: Option<&RawValue>) -> bool {
    raw.is_some_and(|raw| raw.get().trim_matches('"').eq_ignore_ascii_case("true"))
}

/// Asks a server; what fails below HTTP is a [`ClientFault::Cut`].
pub type Exchange<'a> = &'a mut dyn FnMut(&Ask) -> Result<Answer, ClientFault>;

/// Finds what a server has, beginning at any address of it: discovery, an API root, a collection or
/// its objects, or the bare host.
///
/// # Errors
/// [`ClientFault`] if nothing can be read there. An API root that can't be read is passed over and
/// named.
pub fn seek(from: &Url, exchange: Exchange<'_>) -> Result<Seen, ClientFault> {
    let mut seen = Seen::default();
    if let Some((root, id)) = of_collection(from) {
        seen.named = Some(id);
        root_at(&root, None, &mut seen, exchange)?;
        return Ok(seen);
    }
    let body = match read(from, from, exchange) {
        // The standard's own place for discovery (section 4.1).
        Err(ClientFault::NotFound { .. } | ClientFault::MediaType { .. })
            if from.path().trim_matches('/').is_empty() =>
        {
            read(from, &below(from, &["taxii2"])?, exchange)?
        }
        other => other?,
    };
    let any: Any = resource("discovery resource", ("API roots", MAX_ROOTS), &body)?;
    let title = any.title();
    let Some(roots) = any.api_roots else {
        if any.versions.is_none() && any.max_content_length.is_none() {
            return Err(ClientFault::Malformed {
                what: "discovery resource or API root",
                why: "it has neither api_roots nor versions".to_owned(),
            });
        }
        root_at(from, Some(any), &mut seen, exchange)?;
        return Ok(seen);
    };
    seen.title = shortened(&title);
    let mut visited: Vec<Url> = Vec::new();
    for raw in roots.0 {
        let Some(address) = text(&raw) else { continue };
        let (root, elsewhere) = match there(from, &address) {
            Ok(root) => (Some(root), None),
            // Behind a proxy, servers give names that hold inside alone.
            Err(fault) => (same_path(from, &address), Some(fault)),
        };
        let looked = match root {
            Some(root) if visited.contains(&root) => Ok(()),
            Some(root) => {
                visited.push(root.clone());
                root_at(&root, None, &mut seen, exchange)
            }
            None => Ok(()),
        };
        match (looked, elsewhere) {
            // Without credentials that hold here, none of them will show more.
            (Err(fault @ (ClientFault::Cut(_) | ClientFault::Busy { .. })), _) => {
                return Err(fault);
            }
            (Ok(()), None) => {}
            (Ok(()), Some(_))
                if seen.collections.iter().any(|one| visited.last() == Some(&*one.root)) => {}
            (_, Some(fault)) | (Err(fault), None) => {
                seen.passed_over.push((shortened(&address), fault));
            }
        }
    }
    Ok(seen)
}

/// The root and the id of the collection that an address names.
fn of_collection(url: &Url) -> Option<(Url, String)> {
    let parts: Vec<&str> = url.path().split('/').filter(|part| !part.is_empty()).collect();
    let at = parts.iter().rposition(|part| *part == "collections")?;
    let id = crate::filter::decoded(parts.get(at + 1)?)?.into_owned();
    let mut root = url.clone();
    root.set_path(&format!("/{}/", parts.get(..at)?.join("/")));
    Some((slashed(root), id))
}

/// The address of an API root, which must be on the same server.
fn there(from: &Url, text: &str) -> Result<Url, ClientFault> {
    let bad = |why| ClientFault::Address { url: shortened(text), why };
    if text.len() > MAX_URL {
        return Err(bad("longer than an address may be"));
    }
    let root = from.join(text.trim()).map_err(|_| bad("no address of an API root"))?;
    if !same_origin(from, &root) {
        // Credentials are for the server that the operator has named.
        return Err(bad("an API root on another server: add the feed under it if you trust it"));
    }
    address(root.as_str())
}

/// The path of an address elsewhere, on this server.
fn same_path(from: &Url, text: &str) -> Option<Url> {
    let there =
        from.join(text.trim()).ok().filter(|there| text.len() <= MAX_URL && there.has_host())?;
    let mut here = from.clone();
    here.set_path(there.path());
    (!there.path().trim_matches('/').is_empty()).then(|| slashed(here))
}

/// Reads an API root, if that has not been done, and its collections.
fn root_at(
    root: &Url,
    known: Option<Any>,
    seen: &mut Seen,
    exchange: Exchange<'_>,
) -> Result<(), ClientFault> {
    let any = match known {
        Some(any) => any,
        None => {
            let body = read(root, root, exchange)?;
            resource("API root", ("versions", MAX_ROOTS), &body)?
        }
    };
    let versions = any.versions();
    // `taxii-2.1` is how drafts of the standard wrote it.
    let speaks = |version: &String| version.contains("2.1");
    if !versions.is_empty() && !versions.iter().any(speaks) {
        let found = shortened(&versions.join(", "));
        return Err(ClientFault::Malformed {
            what: "API root of TAXII 2.1",
            why: format!("it speaks {found}"),
        });
    }
    let max_content = content(any.max_content());
    let body = read(root, &below(root, &["collections"])?, exchange)?;
    let listed: Listed = resource("list of collections", ("collections", MAX_COLLECTIONS), &body)?;
    if seen.title.is_empty() {
        seen.title = any.title();
    }
    if seen.collections.len() + listed.collections.0.len() > MAX_COLLECTIONS {
        return Err(ClientFault::TooMany { what: "collections", max: MAX_COLLECTIONS });
    }
    let root = Arc::new(root.clone());
    for raw in listed.collections.0 {
        let one = match serde_json::from_str::<Information>(raw.get()) {
            Ok(one) if can_be_id(&one.id) => one,
            other => {
                // One that is odd hides no other.
                let why =
                    other.err().map_or_else(|| "its id is none".to_owned(), |e| e.to_string());
                let fault = ClientFault::Malformed { what: "collection", why: shortened(&why) };
                if seen.passed_over.len() < MAX_ROOTS {
                    seen.passed_over.push((shortened(root.as_str()), fault));
                }
                continue;
            }
        };
        seen.collections.push(Found {
            root: Arc::clone(&root),
            title: shortened(
                &one.title.as_deref().and_then(text).unwrap_or_else(|| one.id.clone()),
            ),
            id: one.id,
            alias: one.alias.as_deref().and_then(text).map(|alias| shortened(&alias)),
            can_read: is_true(one.can_read.as_deref()),
            can_write: is_true(one.can_write.as_deref()),
            max_content,
        });
    }
    Ok(())
}

/// Whether a collection can be asked for by this id; dots would lead out of the collections.
fn can_be_id(id: &str) -> bool {
    !matches!(id, "" | "." | "..") && id.len() <= 256
}

/// A length as servers write it: a whole number, however large or odd.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped first")]
fn content(said: Option<f64>) -> u64 {
    match said {
        Some(length) if length >= 1.0 => length.min(1e15) as u64,
        _ => DEFAULT_CONTENT,
    }
}

/// Reads a resource, wherever on the server it is.
fn read(server: &Url, url: &Url, exchange: Exchange<'_>) -> Result<Vec<u8>, ClientFault> {
    let mut at = target(url);
    let mut hops = 0;
    loop {
        let answer = exchange(&get(at.clone()))?;
        if let Some(to) = redirected(server, &at, &answer, &mut hops)? {
            at = to;
            continue;
        }
        if answer.status != 200 {
            return Err(refused(&at, &answer, None));
        }
        answer.check()?;
        answer.check_end()?;
        return Ok(answer.body);
    }
}

/// Which collection is meant, or why that is not clear.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// There is none that this account may use so.
    #[error("the server shows no collection that this account may {0}")]
    None(&'static str),
    /// There is none of that name.
    #[error("the server shows no collection {0:?}")]
    Unknown(String),
    /// There are several.
    #[error("the server has several collections: {0}")]
    Several(String),
    /// There is one, and the account may not use it so.
    #[error("this account may not {deed} the collection {name:?}")]
    Forbidden {
        /// Which.
        name: String,
        /// What it may not do.
        deed: &'static str,
    },
}

impl Unclear {
    /// A stable machine name.
    pub const fn code(&self) -> &'static str {
        match self {
            Unclear::None(_) => "feed_no_collection",
            Unclear::Unknown(_) => "feed_unknown_collection",
            Unclear::Several(_) => "feed_several_collections",
            Unclear::Forbidden { .. } => "feed_forbidden",
        }
    }
}

/// The collection that is meant by a name, or the only one that may be used so.
///
/// # Errors
/// [`Unclear`], which lists what there is.
pub fn choose<'a>(seen: &'a Seen, name: Option<&str>, write: bool) -> Result<&'a Found, Unclear> {
    let deed = if write { "add to" } else { "read" };
    let fits = |one: &&Found| if write { one.can_write } else { one.can_read };
    let name = name.map(Cow::Borrowed).or(seen.named.as_deref().map(Cow::Borrowed));
    let meant: Vec<&Found> = match &name {
        Some(name) => seen.collections.iter().filter(|one| one.is_named(name)).collect(),
        None => seen.collections.iter().filter(fits).collect(),
    };
    match (meant.as_slice(), &name) {
        ([one], _) if fits(one) => Ok(one),
        ([one], _) => Err(Unclear::Forbidden { name: one.title.clone(), deed }),
        ([], Some(name)) => Err(Unclear::Unknown(shortened(name))),
        ([], None) => Err(Unclear::None(deed)),
        (several, _) => {
            let line =
                |one: &&Found| format!("{} ({:?} at {})", one.id, one.title, one.root.path());
            let all: Vec<String> = several.iter().take(50).map(line).collect();
            Err(Unclear::Several(all.join(", ")))
        }
    }
}
