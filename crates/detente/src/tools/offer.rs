//! What tools of the house can read: the house's own collections, and those of each accord.

use detente_core::AccordId;
use detente_desk::{INDICATORS, Received, Released};
use detente_node::Shared;
use detente_taxii::client::collection_of;
use detente_taxii::{Collection, House, Root, collection_id};
use serde::{Deserialize, Serialize};

use super::{OWN, RAISED};
use crate::fail::Failure;

/// A collection, as people name it and as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Its id in TAXII.
    pub id: String,
    /// Its key in rights, which is its alias in TAXII.
    pub key: String,
    /// Where it is on the server, with its id, by which clients of TAXII name it.
    pub path: String,
    /// What people may call it: `received/ACCORD/PARTY`.
    pub name: String,
    /// What is in it.
    pub title: String,
    /// The path of its root.
    pub root: String,
    /// Whether tools may add to it.
    pub takes: bool,
}

impl Offer {
    /// A collection to which tools may not add.
    pub fn new(house: &str, (key, name): (String, String), title: String, root: &str) -> Offer {
        let id = collection_id(house, &key);
        let path = format!("/{root}/collections/{id}/");
        Offer { id, key, path, name, title, root: root.to_owned(), takes: false }
    }
}

/// A collection that follows something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The own list.
    Own,
    /// What a party released.
    Received(Received),
    /// What may be released to a party.
    Released(Released),
}

/// Every collection of this node; what follows something beside its key. Feeds have a name and what
/// people call their collection.
pub fn offers(
    shared: &Shared,
    feeds: &[(String, String)],
) -> Result<Vec<(Offer, Option<View>)>, Failure> {
    let house = shared.lock().party().to_string();
    let plain = |key: &str, title: &str, takes, view| {
        let names = (key.to_owned(), key.to_owned());
        (Offer { takes, ..Offer::new(&house, names, title.to_owned(), OWN) }, view)
    };
    let mut all = vec![
        plain(OWN, "What tools of the house bring, and STIX objects of imported files", true, None),
        plain(RAISED, "What came to own as STIX 2.0, raised to 2.1", false, None),
        plain(INDICATORS, "The own list as STIX indicators of this party", false, Some(View::Own)),
    ];
    for (name, title) in feeds {
        all.push(plain(&collection_of(name), &format!("Feed {name}: {title}"), false, None));
    }
    let node = shared.lock();
    // A text that somebody only proposes offers nothing, and takes nobody's name.
    let begun = |accord: &AccordId| {
        node.state(*accord)
            .is_ok_and(|state| state.in_force.is_some() || !state.releases.is_empty())
    };
    let mut accords = node.accords();
    accords.retain(|(accord, _)| begun(accord));
    for (accord, slug) in &accords {
        let alone = accords.iter().filter(|(_, other)| other == slug).count() == 1;
        let digits = accord.to_string().chars().take(8).collect::<String>();
        let slug = if alone { slug.clone() } else { format!("{slug}-{digits}") };
        let root = format!("accords/{slug}");
        for party in node.other_parties(*accord)? {
            let who = node.name_of(party);
            let received = Received { accord: *accord, from: party };
            let released = Released { accord: *accord, to: party };
            all.push((
                Offer::new(
                    &house,
                    (received.key(), format!("received/{slug}/{who}")),
                    format!("Received from {who} under {slug}"),
                    &root,
                ),
                Some(View::Received(received)),
            ));
            all.push((
                Offer::new(
                    &house,
                    (released.key(), format!("releasable/{slug}/{who}")),
                    format!("Releasable to {who} under {slug}: to read it is a release"),
                    &root,
                ),
                Some(View::Released(released)),
            ));
        }
    }
    Ok(all)
}

/// The collections as TAXII shows them: one root for the house, one for each accord.
pub fn house(title: &str, offers: &[(Offer, Option<View>)]) -> House {
    let mut roots: Vec<Root> = Vec::new();
    for (offer, _) in offers {
        let collection = Collection {
            id: offer.id.clone(),
            key: offer.key.clone(),
            title: offer.title.clone(),
            description: offer.name.clone(),
            takes: offer.takes,
            raises_to: (offer.key == OWN).then(|| RAISED.to_owned()),
            listed: offer.key == OWN,
        };
        match roots.iter_mut().find(|root| root.path == offer.root) {
            Some(root) => root.collections.push(collection),
            None => {
                let own = offer.root == OWN;
                let accord = offer.root.rsplit('/').next().unwrap_or_default();
                roots.push(Root {
                    path: offer.root.clone(),
                    title: if own { "The house".to_owned() } else { format!("Accord {accord}") },
                    description: "For the house's own tools".to_owned(),
                    collections: vec![collection],
                });
            }
        }
    }
    House { title: format!("detente of {title}"), roots }
}

/// The key of the collection that a person names.
pub fn named<'o>(name: &str, offers: &'o [Offer]) -> Result<&'o Offer, Failure> {
    let exact = offers.iter().find(|offer| offer.key == name);
    if let Some(offer) = exact {
        return Ok(offer);
    }
    let words = name.to_lowercase();
    let meant: Vec<&Offer> =
        offers.iter().filter(|offer| offer.name.to_lowercase() == words).collect();
    match meant.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::usage(
            "bad_collection",
            format!("there is no collection {name:?}"),
            "see `detente account collections`",
        )),
        _ => Err(Failure::usage(
            "bad_collection",
            format!("{name:?} could be several collections"),
            "give its key: see `detente account collections`",
        )),
    }
}
