//! Common properties (STIX 2.1 §3.2) and the parts that many objects share (§2.5, §2.11).

use super::format::{LANGUAGE, LOWER_HYPHEN, URL};
use super::kind::{Class, Kind, Precision, Property, Record, Rule, Target, may, must};
use super::report::Level;
use super::rules;

/// The names of all common properties. On an object that does not use one, it may not be reused
/// for something else.
pub(super) const COMMON_NAMES: [&str; 15] = [
    "type",
    "spec_version",
    "id",
    "created_by_ref",
    "created",
    "modified",
    "revoked",
    "labels",
    "confidence",
    "lang",
    "external_references",
    "object_marking_refs",
    "granular_markings",
    "defanged",
    "extensions",
];
/// Names kept for later versions of the standard (STIX 2.1 §3.8).
pub(super) const RESERVED_NAMES: [&str; 5] =
    ["severity", "username", "phone_number", "phone_numbers", "action"];

const IDENTITY: Kind = Kind::Reference(Target::Types(&["identity"]));
const MARKING: Kind = Kind::Reference(Target::Types(&["marking-definition"]));
const OWN_ID: Kind = Kind::Reference(Target::Own);
const MILLIS: Kind = Kind::Time(Precision::Millisecond);

pub(super) static EXTERNAL_REFERENCE: Record = Record {
    section: "2.5",
    properties: &[
        must("source_name", Kind::String),
        may("description", Kind::String),
        may("url", Kind::Text(&URL)),
        may("hashes", Kind::Hashes(Level::Must)),
        may("external_id", Kind::String),
    ],
    rules: &[
        Rule::AnyOf(&["description", "url", "external_id"]),
        Rule::Special(rules::external_reference),
    ],
};

pub(super) static KILL_CHAIN_PHASE: Record = Record {
    section: "2.11",
    properties: &[
        must("kill_chain_name", Kind::Text(&LOWER_HYPHEN)),
        must("phase_name", Kind::Text(&LOWER_HYPHEN)),
    ],
    rules: &[],
};

static KILL_CHAIN_PART: Kind = Kind::Part(&KILL_CHAIN_PHASE);
pub(super) const KILL_CHAIN_PHASES: Kind = Kind::List(&KILL_CHAIN_PART);

const VERSIONED: [Property; 6] = [
    must("type", Kind::String),
    must("spec_version", Kind::String),
    must("id", OWN_ID),
    must("created", MILLIS),
    must("modified", MILLIS),
    may("revoked", Kind::Boolean),
];
const LABELS: Property = may("labels", Kind::List(&Kind::String));
const CONFIDENCE: Property = may("confidence", Kind::Integer(0, 100));
const CREATOR: Property = may("created_by_ref", IDENTITY);
static EXTERNAL_PART: Kind = Kind::Part(&EXTERNAL_REFERENCE);
const EXTERNAL: Property = may("external_references", Kind::List(&EXTERNAL_PART));
const MARKINGS: Property = may("object_marking_refs", Kind::List(&MARKING));
const GRANULAR: Property = may("granular_markings", Kind::Granular);
const EXTENSIONS: Property = may("extensions", Kind::Extensions(&[]));

static CORE: [Property; 14] = {
    let [a, b, c, d, e, f] = VERSIONED;
    let lang = may("lang", Kind::Text(&LANGUAGE));
    let [g, h, i] = [CREATOR, LABELS, CONFIDENCE];
    [a, b, c, d, e, f, g, h, i, lang, EXTERNAL, MARKINGS, GRANULAR, EXTENSIONS]
};

static EXTENSION_DEFINITION: [Property; 11] = {
    let [a, b, c, d, e, f] = VERSIONED;
    [a, b, c, d, e, f, must("created_by_ref", IDENTITY), LABELS, EXTERNAL, MARKINGS, GRANULAR]
};

static LANGUAGE_CONTENT: [Property; 13] = {
    let [a, b, c, d, e, f] = VERSIONED;
    [a, b, c, d, e, f, CREATOR, LABELS, CONFIDENCE, EXTERNAL, MARKINGS, GRANULAR, EXTENSIONS]
};

static MARKING_DEFINITION: [Property; 9] = [
    must("type", Kind::String),
    must("spec_version", Kind::String),
    must("id", OWN_ID),
    must("created", MILLIS),
    CREATOR,
    EXTERNAL,
    MARKINGS,
    GRANULAR,
    EXTENSIONS,
];

static OBSERVABLE: [Property; 7] = [
    must("type", Kind::String),
    must("id", OWN_ID),
    may("spec_version", Kind::String),
    may("defanged", Kind::Boolean),
    MARKINGS,
    GRANULAR,
    EXTENSIONS,
];

static BUNDLE: [Property; 2] = [must("type", Kind::String), must("id", OWN_ID)];

/// The common properties an object of the class has.
pub(super) fn common(class: Class) -> &'static [Property] {
    match class {
        Class::Bundle => &BUNDLE,
        Class::Domain | Class::Relationship => &CORE,
        Class::ExtensionDefinition => &EXTENSION_DEFINITION,
        Class::Language => &LANGUAGE_CONTENT,
        Class::Marking => &MARKING_DEFINITION,
        Class::Observable => &OBSERVABLE,
    }
}
