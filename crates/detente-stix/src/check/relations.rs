//! The relationships that the standard defines (STIX 2.1 §3.7 and the second part of every
//! section of §4 and §6).

use crate::observable_types::is_observable;

/// Whether the standard defines a relationship of that name between objects of these types.
pub(super) fn is_listed(source: &str, kind: &str, target: &str) -> bool {
    match kind {
        "related-to" => true,
        "derived-from" | "duplicate-of" => source == target,
        "consists-of" if source == "infrastructure" && is_observable(target) => true,
        _ => RELATIONS.iter().any(|(from, kinds, to)| {
            *from == source && kinds.contains(&kind) && to.contains(&target)
        }),
    }
}

type Relation = (&'static str, &'static [&'static str], &'static [&'static str]);

const INFRASTRUCTURE: &[&str] = &["infrastructure"];
const LOCATION: &[&str] = &["location"];
const MALWARE: &[&str] = &["malware"];
const MEANS: &[&str] = &["attack-pattern", "infrastructure", "malware", "tool"];
const NETWORK: &[&str] = &["ipv4-addr", "ipv6-addr", "domain-name", "url"];
const VICTIMS: &[&str] = &["identity", "location", "vulnerability"];
const VICTIMS_AND_MACHINES: &[&str] = &["identity", "infrastructure", "location", "vulnerability"];
const VULNERABILITY: &[&str] = &["vulnerability"];

const RELATIONS: &[Relation] = &[
    ("attack-pattern", &["delivers"], MALWARE),
    ("attack-pattern", &["targets"], VICTIMS),
    ("attack-pattern", &["uses"], &["malware", "tool"]),
    ("campaign", &["attributed-to"], &["intrusion-set", "threat-actor"]),
    ("campaign", &["compromises"], INFRASTRUCTURE),
    ("campaign", &["originates-from"], LOCATION),
    ("campaign", &["targets"], VICTIMS),
    ("campaign", &["uses"], MEANS),
    ("course-of-action", &["investigates"], &["indicator"]),
    (
        "course-of-action",
        &["mitigates"],
        &["attack-pattern", "indicator", "malware", "tool", "vulnerability"],
    ),
    ("course-of-action", &["remediates"], &["malware", "vulnerability"]),
    ("domain-name", &["resolves-to"], &["domain-name", "ipv4-addr", "ipv6-addr"]),
    ("identity", &["located-at"], LOCATION),
    (
        "indicator",
        &["indicates"],
        &[
            "attack-pattern",
            "campaign",
            "infrastructure",
            "intrusion-set",
            "malware",
            "threat-actor",
            "tool",
        ],
    ),
    ("indicator", &["based-on"], &["observed-data"]),
    ("infrastructure", &["communicates-with"], INFRASTRUCTURE),
    ("infrastructure", &["communicates-with"], NETWORK),
    ("infrastructure", &["consists-of"], &["infrastructure", "observed-data"]),
    ("infrastructure", &["controls"], &["infrastructure", "malware"]),
    ("infrastructure", &["delivers"], MALWARE),
    ("infrastructure", &["has"], VULNERABILITY),
    ("infrastructure", &["hosts"], &["malware", "tool"]),
    ("infrastructure", &["located-at"], LOCATION),
    ("infrastructure", &["uses"], INFRASTRUCTURE),
    ("intrusion-set", &["attributed-to"], &["threat-actor"]),
    ("intrusion-set", &["compromises", "hosts", "owns"], INFRASTRUCTURE),
    ("intrusion-set", &["originates-from"], LOCATION),
    ("intrusion-set", &["targets"], VICTIMS),
    ("intrusion-set", &["uses"], MEANS),
    ("ipv4-addr", &["belongs-to"], &["autonomous-system"]),
    ("ipv4-addr", &["resolves-to"], &["mac-addr"]),
    ("ipv6-addr", &["belongs-to"], &["autonomous-system"]),
    ("ipv6-addr", &["resolves-to"], &["mac-addr"]),
    ("malware", &["authored-by"], &["intrusion-set", "threat-actor"]),
    ("malware", &["beacons-to", "exfiltrates-to"], INFRASTRUCTURE),
    ("malware", &["communicates-with"], NETWORK),
    ("malware", &["controls", "variant-of"], MALWARE),
    ("malware", &["downloads", "drops"], &["file", "malware", "tool"]),
    ("malware", &["exploits"], VULNERABILITY),
    ("malware", &["originates-from"], LOCATION),
    ("malware", &["targets"], VICTIMS_AND_MACHINES),
    ("malware", &["uses"], MEANS),
    (
        "malware-analysis",
        &[
            "analysis-of",
            "av-analysis-of",
            "characterizes",
            "dynamic-analysis-of",
            "static-analysis-of",
        ],
        MALWARE,
    ),
    ("threat-actor", &["attributed-to", "impersonates"], &["identity"]),
    ("threat-actor", &["compromises", "hosts", "owns"], INFRASTRUCTURE),
    ("threat-actor", &["located-at"], LOCATION),
    ("threat-actor", &["targets"], VICTIMS),
    ("threat-actor", &["uses"], MEANS),
    ("tool", &["delivers", "drops"], MALWARE),
    ("tool", &["has"], VULNERABILITY),
    ("tool", &["targets"], VICTIMS_AND_MACHINES),
    ("tool", &["uses"], INFRASTRUCTURE),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        assert!(is_listed("indicator", "indicates", "malware"));
        assert!(is_listed("infrastructure", "consists-of", "file"));
        assert!(is_listed("tool", "duplicate-of", "tool"));
        assert!(!is_listed("tool", "duplicate-of", "malware"));
        assert!(!is_listed("malware", "indicates", "indicator"));
    }

    /// Every type that the table names is one of the standard.
    #[test]
    fn names_known_types() {
        for (from, _, to) in RELATIONS {
            for kind in to.iter().chain([from]) {
                assert!(super::super::object::class_of(kind).is_some(), "{kind}");
            }
        }
    }
}
