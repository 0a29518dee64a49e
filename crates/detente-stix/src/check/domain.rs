//! The tables of the domain objects (STIX 2.1 §4).

use super::common::KILL_CHAIN_PHASES;
use super::format::{COUNTRY, PRODUCT};
use super::kind::{Kind, Record, Rule, STRINGS, TIME, Target, may, must};
use super::rules;
use super::vocabulary as v;

const SEEN: Rule = Rule::NotBefore("last_seen", "first_seen");
const OBJECT_REFS: Kind = Kind::List(&Kind::Reference(Target::Any));
const SOFTWARE: Kind = Kind::Reference(Target::Types(&["software"]));
const MOTIVATION: Kind = Kind::Open(&v::ATTACK_MOTIVATION);
const MOTIVATIONS: Kind = Kind::List(&MOTIVATION);

/// The table of a type, or nothing for a type the standard does not define as a domain object.
pub(super) fn record(kind: &str) -> Option<&'static Record> {
    Some(match kind {
        "attack-pattern" => &ATTACK_PATTERN,
        "campaign" => &CAMPAIGN,
        "course-of-action" => &COURSE_OF_ACTION,
        "grouping" => &GROUPING,
        "identity" => &IDENTITY,
        "incident" => &INCIDENT,
        "indicator" => &INDICATOR,
        "infrastructure" => &INFRASTRUCTURE,
        "intrusion-set" => &INTRUSION_SET,
        "location" => &LOCATION,
        "malware" => &MALWARE,
        "malware-analysis" => &MALWARE_ANALYSIS,
        "note" => &NOTE,
        "observed-data" => &OBSERVED_DATA,
        "opinion" => &OPINION,
        "report" => &REPORT,
        "threat-actor" => &THREAT_ACTOR,
        "tool" => &TOOL,
        "vulnerability" => &VULNERABILITY,
        _ => return None,
    })
}

static ATTACK_PATTERN: Record = Record {
    section: "4.1.1",
    properties: &[
        must("name", Kind::String),
        may("description", Kind::String),
        may("aliases", STRINGS),
        may("kill_chain_phases", KILL_CHAIN_PHASES),
    ],
    rules: &[],
};

static CAMPAIGN: Record = Record {
    section: "4.2.1",
    properties: &[
        must("name", Kind::String),
        may("description", Kind::String),
        may("aliases", STRINGS),
        may("first_seen", TIME),
        may("last_seen", TIME),
        may("objective", Kind::String),
    ],
    rules: &[SEEN],
};

static COURSE_OF_ACTION: Record = Record {
    section: "4.3.1",
    properties: &[must("name", Kind::String), may("description", Kind::String)],
    rules: &[],
};

static GROUPING: Record = Record {
    section: "4.4.1",
    properties: &[
        may("name", Kind::String),
        may("description", Kind::String),
        must("context", Kind::Open(&v::GROUPING_CONTEXT)),
        must("object_refs", OBJECT_REFS),
    ],
    rules: &[],
};

static IDENTITY: Record = Record {
    section: "4.5.1",
    properties: &[
        must("name", Kind::String),
        may("description", Kind::String),
        may("roles", STRINGS),
        may("identity_class", Kind::Open(&v::IDENTITY_CLASS)),
        may("sectors", Kind::List(&Kind::Open(&v::INDUSTRY_SECTOR))),
        may("contact_information", Kind::String),
    ],
    rules: &[],
};

static INCIDENT: Record = Record {
    section: "4.6.1",
    properties: &[must("name", Kind::String), may("description", Kind::String)],
    rules: &[],
};

static INDICATOR: Record = Record {
    section: "4.7.1",
    properties: &[
        may("name", Kind::String),
        may("description", Kind::String),
        may("indicator_types", Kind::List(&Kind::Open(&v::INDICATOR_TYPE))),
        must("pattern", Kind::String),
        must("pattern_type", Kind::Open(&v::PATTERN_TYPE)),
        may("pattern_version", Kind::String),
        must("valid_from", TIME),
        may("valid_until", TIME),
        may("kill_chain_phases", KILL_CHAIN_PHASES),
    ],
    rules: &[
        Rule::After("valid_until", "valid_from"),
        Rule::Advised("name"),
        Rule::Advised("description"),
        Rule::Special(rules::pattern),
    ],
};

static INFRASTRUCTURE: Record = Record {
    section: "4.8.1",
    properties: &[
        must("name", Kind::String),
        may("description", Kind::String),
        may("infrastructure_types", Kind::List(&Kind::Open(&v::INFRASTRUCTURE_TYPE))),
        may("aliases", STRINGS),
        may("kill_chain_phases", KILL_CHAIN_PHASES),
        may("first_seen", TIME),
        may("last_seen", TIME),
    ],
    rules: &[SEEN],
};

static INTRUSION_SET: Record = Record {
    section: "4.9.1",
    properties: &[
        must("name", Kind::String),
        may("description", Kind::String),
        may("aliases", STRINGS),
        may("first_seen", TIME),
        may("last_seen", TIME),
        may("goals", STRINGS),
        may("resource_level", Kind::Open(&v::ATTACK_RESOURCE_LEVEL)),
        may("primary_motivation", MOTIVATION),
        may("secondary_motivations", MOTIVATIONS),
    ],
    rules: &[SEEN],
};

static LOCATION: Record = Record {
    section: "4.10.1",
    properties: &[
        may("name", Kind::String),
        may("description", Kind::String),
        may("latitude", Kind::Number(-90.0, 90.0)),
        may("longitude", Kind::Number(-180.0, 180.0)),
        may("precision", Kind::Number(f64::MIN, f64::MAX)),
        may("region", Kind::Open(&v::REGION)),
        may("country", Kind::Text(&COUNTRY)),
        may("administrative_area", Kind::String),
        may("city", Kind::String),
        may("street_address", Kind::String),
        may("postal_code", Kind::String),
    ],
    rules: &[
        Rule::AnyOf(&["region", "country", "latitude"]),
        Rule::Needs("latitude", "longitude"),
        Rule::Needs("longitude", "latitude"),
        Rule::Needs("precision", "latitude"),
        Rule::Needs("precision", "longitude"),
    ],
};

static MALWARE: Record = Record {
    section: "4.11.1",
    properties: &[
        may("name", Kind::String),
        may("description", Kind::String),
        may("malware_types", Kind::List(&Kind::Open(&v::MALWARE_TYPE))),
        must("is_family", Kind::Boolean),
        may("aliases", STRINGS),
        may("kill_chain_phases", KILL_CHAIN_PHASES),
        may("first_seen", TIME),
        may("last_seen", TIME),
        may("operating_system_refs", Kind::List(&SOFTWARE)),
        may("architecture_execution_envs", Kind::List(&Kind::Open(&v::PROCESSOR_ARCHITECTURE))),
        may("implementation_languages", Kind::List(&Kind::Open(&v::IMPLEMENTATION_LANGUAGE))),
        may("capabilities", Kind::List(&Kind::Open(&v::MALWARE_CAPABILITIES))),
        may("sample_refs", Kind::List(&Kind::Reference(Target::Types(&["artifact", "file"])))),
    ],
    rules: &[SEEN, Rule::Special(rules::malware)],
};

static MALWARE_ANALYSIS: Record = Record {
    section: "4.12.1",
    properties: &[
        must("product", Kind::Text(&PRODUCT)),
        may("version", Kind::String),
        may("host_vm_ref", SOFTWARE),
        may("operating_system_ref", SOFTWARE),
        may("installed_software_refs", Kind::List(&SOFTWARE)),
        may("configuration_version", Kind::String),
        may("modules", STRINGS),
        may("analysis_engine_version", Kind::String),
        may("analysis_definition_version", Kind::String),
        may("submitted", TIME),
        may("analysis_started", TIME),
        may("analysis_ended", TIME),
        may("result_name", Kind::String),
        may("result", Kind::Open(&v::MALWARE_RESULT)),
        may("analysis_sco_refs", Kind::List(&Kind::Reference(Target::Observable))),
        may("sample_ref", Kind::Reference(Target::Types(&["artifact", "file", "network-traffic"]))),
    ],
    rules: &[Rule::AnyOf(&["result", "analysis_sco_refs"])],
};

static NOTE: Record = Record {
    section: "4.13.1",
    properties: &[
        may("abstract", Kind::String),
        must("content", Kind::String),
        may("authors", STRINGS),
        must("object_refs", OBJECT_REFS),
    ],
    rules: &[],
};

static OBSERVED_DATA: Record = Record {
    section: "4.14.1",
    properties: &[
        must("first_observed", TIME),
        must("last_observed", TIME),
        must("number_observed", Kind::Integer(1, 999_999_999)),
        // The deprecated container is looked into by its own rule.
        may("objects", Kind::Any),
        may("object_refs", Kind::List(&Kind::Reference(Target::Observation))),
    ],
    rules: &[
        Rule::NotBefore("last_observed", "first_observed"),
        Rule::AnyOf(&["objects", "object_refs"]),
        Rule::NotBoth("objects", "object_refs"),
        Rule::Special(rules::observed_data),
    ],
};

static OPINION: Record = Record {
    section: "4.15.1",
    properties: &[
        may("explanation", Kind::String),
        may("authors", STRINGS),
        must("opinion", Kind::Enum(&v::OPINION)),
        must("object_refs", OBJECT_REFS),
    ],
    rules: &[],
};

static REPORT: Record = Record {
    section: "4.16.1",
    properties: &[
        must("name", Kind::String),
        may("description", Kind::String),
        may("report_types", Kind::List(&Kind::Open(&v::REPORT_TYPE))),
        must("published", TIME),
        must("object_refs", OBJECT_REFS),
    ],
    rules: &[],
};

static THREAT_ACTOR: Record = Record {
    section: "4.17.1",
    properties: &[
        must("name", Kind::String),
        may("description", Kind::String),
        may("threat_actor_types", Kind::List(&Kind::Open(&v::THREAT_ACTOR_TYPE))),
        may("aliases", STRINGS),
        may("first_seen", TIME),
        may("last_seen", TIME),
        may("roles", Kind::List(&Kind::Open(&v::THREAT_ACTOR_ROLE))),
        may("goals", STRINGS),
        may("sophistication", Kind::Open(&v::THREAT_ACTOR_SOPHISTICATION)),
        may("resource_level", Kind::Open(&v::ATTACK_RESOURCE_LEVEL)),
        may("primary_motivation", MOTIVATION),
        may("secondary_motivations", MOTIVATIONS),
        may("personal_motivations", MOTIVATIONS),
    ],
    rules: &[SEEN],
};

static TOOL: Record = Record {
    section: "4.18.1",
    properties: &[
        must("name", Kind::String),
        may("description", Kind::String),
        may("tool_types", Kind::List(&Kind::Open(&v::TOOL_TYPE))),
        may("aliases", STRINGS),
        may("kill_chain_phases", KILL_CHAIN_PHASES),
        may("tool_version", Kind::String),
    ],
    rules: &[],
};

static VULNERABILITY: Record = Record {
    section: "4.19.1",
    properties: &[must("name", Kind::String), may("description", Kind::String)],
    rules: &[],
};
