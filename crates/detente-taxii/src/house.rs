//! What a server offers: API roots and their collections (sections 4 and 5 of TAXII 2.1).

use serde::Serialize;
use uuid::Uuid;

use crate::account::Account;
use crate::fault::Fault;
use crate::message::{Response, STIX, TAXII};

/// The largest body that is taken. Bytes.
pub const MAX_BODY: usize = 64 * 1024 * 1024;

/// Under which the ids of collections are made from their keys (UUID version 5).
const NAMESPACE: Uuid = Uuid::from_u128(0x6d3f_5f3e_7d0b_4c1a_9a52_0c5b_8e1f_77d1);

/// All that a server offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct House {
    /// Whose server it is.
    pub title: String,
    /// The roots; the first is the default.
    pub roots: Vec<Root>,
}

/// An API root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Its path without slashes at either end: `own`, `accords/alba-borea`.
    pub path: String,
    /// What people call it.
    pub title: String,
    /// What is there.
    pub description: String,
    /// Its collections.
    pub collections: Vec<Collection>,
}

/// A collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Its id, by [`collection_id`].
    pub id: String,
    /// Its key in rights and on the shelf.
    pub key: String,
    /// What people call it.
    pub title: String,
    /// What is there.
    pub description: String,
    /// Whether tools may add to it at all.
    pub takes: bool,
    /// The collection to which objects of STIX 2.0 that come here go too, raised to 2.1.
    pub raises_to: Option<String>,
    /// Whether what is brought here enters the own list.
    pub listed: bool,
}

#[derive(Serialize)]
struct Discovery<'a> {
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    api_roots: Vec<String>,
}

#[derive(Serialize)]
struct RootInformation<'a> {
    title: &'a str,
    description: &'a str,
    versions: [&'static str; 1],
    max_content_length: usize,
}

#[derive(Serialize)]
struct CollectionInformation<'a> {
    id: String,
    title: &'a str,
    description: &'a str,
    alias: &'a str,
    can_read: bool,
    can_write: bool,
    media_types: [&'static str; 1],
}

#[derive(Serialize)]
struct Collections<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    collections: Vec<CollectionInformation<'a>>,
}

/// The id of the collection with this key in a house: the same whenever it is asked for, and no
/// other house's (section 5.2.1: it is unique everywhere).
pub fn collection_id(house: &str, key: &str) -> String {
    let house = Uuid::new_v5(&NAMESPACE, house.as_bytes());
    Uuid::new_v5(&house, key.as_bytes()).to_string()
}

impl Collection {
    /// Whether a path names it: by its id, or by its key, which is its alias.
    fn is_named(&self, name: &str) -> bool {
        self.key == name || self.id.eq_ignore_ascii_case(name)
    }

    fn information(&self, account: &Account) -> CollectionInformation<'_> {
        CollectionInformation {
            id: self.id.clone(),
            title: &self.title,
            description: &self.description,
            alias: &self.key,
            can_read: account.may_read(&self.key),
            can_write: self.takes && account.may_write(&self.key),
            media_types: [STIX],
        }
    }
}

impl House {
    /// Answers discovery: the roots of which the account knows a collection.
    pub(crate) fn discovery(&self, account: &Account) -> Response {
        let known = self.roots.iter().filter(|root| root.is_known(account));
        let api_roots: Vec<String> = known.map(|root| format!("/{}/", root.path)).collect();
        let default = api_roots.first().cloned();
        Response::of(200, &Discovery { title: &self.title, default, api_roots })
    }

    /// The root at the front of a path, and what of the path is behind it.
    pub(crate) fn root<'p>(&self, path: &'p str, account: &Account) -> Option<(&Root, &'p str)> {
        self.roots.iter().filter(|root| root.is_known(account)).find_map(|root| {
            let rest = path.strip_prefix(root.path.as_str())?;
            let rest = if rest.is_empty() { rest } else { rest.strip_prefix('/')? };
            Some((root, rest))
        })
    }
}

impl Root {
    fn is_known(&self, account: &Account) -> bool {
        self.collections.iter().any(|collection| account.knows(&collection.key))
    }

    /// Answers for the root itself.
    pub(crate) fn information(&self) -> Response {
        Response::of(
            200,
            &RootInformation {
                title: &self.title,
                description: &self.description,
                versions: [TAXII],
                max_content_length: MAX_BODY,
            },
        )
    }

    /// Answers with the collections of which the account knows.
    pub(crate) fn list(&self, account: &Account) -> Response {
        let known = self.collections.iter().filter(|one| account.knows(&one.key));
        let collections = known.map(|one| one.information(account)).collect();
        Response::of(200, &Collections { collections })
    }

    /// A collection of which the account knows, by its id or alias.
    pub(crate) fn collection(&self, name: &str, account: &Account) -> Result<&Collection, Fault> {
        let mut known = self.collections.iter().filter(|one| account.knows(&one.key));
        known.find(|one| one.is_named(name)).ok_or(Fault::NotFound("collection"))
    }

    /// Answers for one collection.
    pub(crate) fn describe(&self, collection: &Collection, account: &Account) -> Response {
        Response::of(200, &collection.information(account))
    }
}
