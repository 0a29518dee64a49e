//! Marking definitions: TLP 2.0 by its OASIS extension, a policy for what may be done, a statement
//! for all that no machine can be told.
//!
//! Sources: STIX 2.1 section 7.2 and the OASIS extension definition "TLP 2.0", whose ids and times
//! are fixed. For PAP there is no standard definition: it goes into labels, as tags of MISP do,
//! where every reader of ours takes it, and so does what `detente:` tags say. Beside statements of
//! FIRST IEP, and where there are no labels, it is said in the words of IEP 2.0 in an extension of
//! this program's own, since the OASIS extension for IEP asks for statements that a PAP colour does
//! not make.

use std::collections::BTreeMap;

use detente_core::{Pap, Tlp};
use serde_json::{Map, Value, json};

use super::Author;
use super::object::map;
use crate::handling::{CHATHAM_HOUSE, beside_colour};
use crate::id;
use crate::screen::Item;
use crate::text::one_line;

/// Marking definitions of one export.
pub const MAX_DEFINITIONS: usize = 1024;
/// What a statement says of colours that contradict each other.
const CONTRADICTORY: &str = "contradictory colours";
/// What a statement says of a marking of which nothing is left to say.
const NOT_UNDERSTOOD: &str = "a marking that was not understood";
/// The longest statement, in bytes.
const MAX_STATEMENT: usize = 2048;

const TLP_EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";
/// When OASIS made the TLP 2.0 definitions.
const TLP_CREATED: &str = "2022-10-01T00:00:00.000Z";

/// An object that markings need, and its id.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub(super) id: String,
    pub(super) body: Map<String, Value>,
}

/// How an object is marked.
pub(super) struct Marked {
    /// The definitions it uses and what they use, in the order in which they must stand.
    pub(super) definitions: Vec<Definition>,
    /// Its `object_marking_refs`.
    pub(super) refs: Vec<String>,
    /// Labels that say how to handle it.
    pub(super) labels: Vec<String>,
}

/// What the texts of a marking come to.
#[derive(Default)]
struct Sorted<'t> {
    labels: Vec<String>,
    policy: BTreeMap<String, &'t str>,
    /// Whether something is left that neither a label nor a policy can say.
    rest: bool,
}

/// How an item is marked; observables have no labels, so there a statement says it.
pub(super) fn of(item: &Item<'_>, author: &Author, has_labels: bool) -> Marked {
    let tlp = tlp_definition(item.tlp);
    let mut marked =
        Marked { refs: vec![tlp.id.clone()], definitions: vec![tlp], labels: Vec::new() };
    let mut texts = beside_colour(item.markings());
    let is_closed = item.markings().is_closed() || item.markings().is_conflicting();
    if item.markings().is_conflicting() {
        texts.push(CONTRADICTORY);
    }
    if texts.is_empty() && is_closed {
        texts.push(NOT_UNDERSTOOD);
    }
    if texts.is_empty() {
        return marked;
    }
    let mut sorted = sort(&texts);
    let pap = item.markings().stated().pap;
    match pap {
        Some(pap) if has_labels && sorted.policy.is_empty() => {
            sorted.labels.push(format!("PAP:{}", pap.name().to_ascii_uppercase()));
        }
        Some(pap) => {
            sorted.policy.insert("permitted_actions".to_owned(), actions(pap));
        }
        None => {}
    }
    // Whoever reads the statement does not understand it either, and holds the object as closely.
    sorted.rest |= is_closed
        || (pap.is_none() && !sorted.policy.is_empty())
        || (!has_labels && !sorted.labels.is_empty());
    if sorted.rest {
        marked.add(statement(&texts, author));
        return marked;
    }
    marked.labels = sorted.labels;
    if !sorted.policy.is_empty() {
        let extension = policy_extension(author);
        marked.definitions.push(extension.clone());
        marked.add(policy(&sorted.policy, &extension.id, author));
    }
    marked
}

impl Marked {
    fn add(&mut self, definition: Definition) {
        self.refs.push(definition.id.clone());
        self.definitions.push(definition);
    }
}

/// Sorts texts into labels and statements of a policy. What they say of permitted actions and
/// colour is left out: it is taken from the whole marking, where the most restrictive counts.
fn sort<'t>(texts: &[&'t str]) -> Sorted<'t> {
    let mut sorted = Sorted::default();
    for text in texts {
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("pap:") {
            continue;
        }
        if lower == CHATHAM_HOUSE {
            sorted.state("provider_attribution", "must-not");
        } else if lower.starts_with("iep:") {
            let said = text.get("iep:".len()..).and_then(|said| said.split_once('='));
            let (key, value) = said.unwrap_or(("", ""));
            let key = key.trim().to_ascii_lowercase().replace('-', "_");
            match key.as_str() {
                "permitted_actions" | "tlp" | "traffic_light_protocol" => {}
                "attribution" => sorted.state("provider_attribution", value),
                key => sorted.state(key, value),
            }
        } else if lower.starts_with("detente:") {
            sorted.labels.push((*text).to_owned());
        } else if lower.starts_with("rel to ") {
            let names = text.get("rel to ".len()..).unwrap_or("").trim();
            sorted.labels.push(format!("detente:releasable-to=\"{names}\""));
        } else {
            sorted.rest = true;
        }
    }
    sorted
}

impl<'t> Sorted<'t> {
    /// Adds a statement; two that differ cannot both stand in one policy.
    fn state(&mut self, key: &str, value: &'t str) {
        let value = value.trim().trim_matches('"').trim();
        let had = self.policy.insert(key.to_owned(), value);
        self.rest |= key.is_empty() || had.is_some_and(|had| !had.eq_ignore_ascii_case(value));
    }
}

/// The permitted actions of IEP that allow no more than a PAP colour.
fn actions(pap: Pap) -> &'static str {
    match pap {
        Pap::Red => "internally-visible-actions",
        Pap::Amber => "externally-visible-indirect-actions",
        Pap::Green | Pap::Clear => "externally-visible-direct-actions",
    }
}

fn tlp_definition(tlp: Tlp) -> Definition {
    let uuid = match tlp {
        Tlp::Clear => "94868c89-83c2-464b-929b-a1a8aa3c8487",
        Tlp::Green => "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        Tlp::Amber => "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        Tlp::AmberStrict => "939a9414-2ddd-4d32-a0cd-375ea402b003",
        Tlp::Red => "e828b379-4e03-4974-9ac4-e53a884c97c1",
    };
    let id = format!("marking-definition--{uuid}");
    let body = json!({
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": id,
        "created": TLP_CREATED,
        "name": tlp.to_string(),
        "extensions": {
            TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": tlp.name()},
        },
    });
    Definition { id, body: map(body) }
}

fn statement(texts: &[&str], author: &Author) -> Definition {
    let said = one_line(&format!("Handling: {}", texts.join("; ")), MAX_STATEMENT);
    let parts = ["statement", &author.producer, &said];
    let id = format!("marking-definition--{}", id::uuid(&parts));
    let body = json!({
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": id,
        "created_by_ref": author.identity,
        "created": super::FORM_CREATED,
        "definition_type": "statement",
        "definition": {"statement": said},
    });
    Definition { id, body: map(body) }
}

fn policy(statements: &BTreeMap<String, &str>, extension_id: &str, author: &Author) -> Definition {
    let mut extension = map(json!({"extension_type": "property-extension"}));
    let mut said = Vec::new();
    for (key, value) in statements {
        extension.insert(key.clone(), json!(value));
        said.push(format!("{key}={value}"));
    }
    let id =
        format!("marking-definition--{}", id::uuid(&["policy", &author.producer, &said.join(";")]));
    let body = json!({
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": id,
        "created_by_ref": author.identity,
        "created": super::FORM_CREATED,
        "name": "Permitted actions",
        "extensions": {extension_id: extension},
    });
    Definition { id, body: map(body) }
}

fn policy_extension(author: &Author) -> Definition {
    let id = format!("extension-definition--{}", id::uuid(&["policy extension", &author.producer]));
    let body = json!({
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": id,
        "created_by_ref": author.identity,
        "created": super::FORM_CREATED,
        "modified": super::FORM_CREATED,
        "name": "detente policy",
        "description": "Statements in the words of FIRST IEP 2.0, each a property with a string.",
        "schema": "docs/protocol/exports.md of detente",
        "version": "1.0.0",
        "extension_types": ["property-extension"],
    });
    Definition { id, body: map(body) }
}
