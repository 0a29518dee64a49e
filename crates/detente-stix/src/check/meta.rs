//! The tables of the relationship objects (STIX 2.1 §5), the meta objects (§7) and the bundle (§8).

use super::format::{PROPERTY_NAME, RELATIONSHIP_TYPE};
use super::kind::{Class, Kind, Record, Rule, TIME, Target, may, must};
use super::rules;
use super::vocabulary as v;

/// The class and table of a type, or nothing for a type that is none of these.
pub(super) fn record(kind: &str) -> Option<(Class, &'static Record)> {
    Some(match kind {
        "bundle" => (Class::Bundle, &BUNDLE),
        "extension-definition" => (Class::ExtensionDefinition, &EXTENSION_DEFINITION),
        "language-content" => (Class::Language, &LANGUAGE_CONTENT),
        "marking-definition" => (Class::Marking, &MARKING_DEFINITION),
        "relationship" => (Class::Relationship, &RELATIONSHIP),
        "sighting" => (Class::Relationship, &SIGHTING),
        _ => return None,
    })
}

static RELATIONSHIP: Record = Record {
    section: "5.1.2",
    properties: &[
        must("relationship_type", Kind::Text(&RELATIONSHIP_TYPE)),
        may("description", Kind::String),
        must("source_ref", Kind::Reference(Target::Node)),
        must("target_ref", Kind::Reference(Target::Node)),
        may("start_time", TIME),
        may("stop_time", TIME),
    ],
    rules: &[Rule::After("stop_time", "start_time"), Rule::Special(rules::relationship)],
};

static SIGHTING: Record = Record {
    section: "5.2.1",
    properties: &[
        may("description", Kind::String),
        may("first_seen", TIME),
        may("last_seen", TIME),
        may("count", Kind::Integer(0, 999_999_999)),
        must("sighting_of_ref", Kind::Reference(Target::Domain)),
        may("observed_data_refs", Kind::List(&Kind::Reference(Target::Types(&["observed-data"])))),
        may(
            "where_sighted_refs",
            Kind::List(&Kind::Reference(Target::Types(&["identity", "location"]))),
        ),
        may("summary", Kind::Boolean),
    ],
    rules: &[Rule::NotBefore("last_seen", "first_seen")],
};

static LANGUAGE_CONTENT: Record = Record {
    section: "7.1.1",
    properties: &[
        must("object_ref", Kind::Reference(Target::Any)),
        may("object_modified", TIME),
        // Looked into by its own rule: its keys are language tags.
        must("contents", Kind::Any),
    ],
    rules: &[Rule::Special(rules::language_content)],
};

static MARKING_DEFINITION: Record = Record {
    section: "7.2.1",
    properties: &[
        may("name", Kind::String),
        may("definition_type", Kind::String),
        may("definition", Kind::Any),
    ],
    rules: &[Rule::Special(rules::marking_definition)],
};

static EXTENSION_DEFINITION: Record = Record {
    section: "7.3.1",
    properties: &[
        must("name", Kind::String),
        may("description", Kind::String),
        must("schema", Kind::String),
        must("version", Kind::String),
        must("extension_types", Kind::List(&Kind::Enum(&v::EXTENSION_TYPE))),
        may("extension_properties", Kind::List(&Kind::Text(&PROPERTY_NAME))),
    ],
    rules: &[Rule::Advised("description"), Rule::Special(rules::extension_definition)],
};

static BUNDLE: Record = Record {
    section: "8.1",
    // The objects are walked by the caller, one by one.
    properties: &[may("objects", Kind::Any)],
    rules: &[],
};
