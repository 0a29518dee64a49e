//! The only markings that may speak of TLP: four objects of TLP 1 that the standard prints (STIX
//! 2.1 §7.2.1.4), five of TLP 2.0 that OASIS's extension prints.

use serde_json::{Map, Value};

use super::walk::Walk;
use crate::identifier::excerpt;

/// The extension that carries TLP 2.0.
const TLP2_EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

/// All that a standing marking has; with anything more it is another instance.
const TLP1_PROPERTIES: [&str; 7] =
    ["type", "spec_version", "id", "created", "name", "definition_type", "definition"];
const TLP2_PROPERTIES: [&str; 6] = ["type", "spec_version", "id", "created", "name", "extensions"];

/// One standing marking.
pub(crate) struct Standing {
    pub id: &'static str,
    pub name: &'static str,
    pub level: &'static str,
    pub created: &'static str,
}

const fn standing(
    created: &'static str,
    id: &'static str,
    name: &'static str,
    level: &'static str,
) -> Standing {
    Standing { id, name, level, created }
}

const TLP1_CREATED: &str = "2017-01-20T00:00:00.000Z";
const TLP2_CREATED: &str = "2022-10-01T00:00:00.000Z";

/// TLP 1.
pub(crate) const TLP1: [Standing; 4] = [
    standing(
        TLP1_CREATED,
        "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
        "TLP:WHITE",
        "white",
    ),
    standing(
        TLP1_CREATED,
        "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
        "TLP:GREEN",
        "green",
    ),
    standing(
        TLP1_CREATED,
        "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
        "TLP:AMBER",
        "amber",
    ),
    standing(
        TLP1_CREATED,
        "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
        "TLP:RED",
        "red",
    ),
];

/// TLP 2.0.
const TLP2: [Standing; 5] = [
    standing(
        TLP2_CREATED,
        "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
        "TLP:CLEAR",
        "clear",
    ),
    standing(
        TLP2_CREATED,
        "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        "TLP:GREEN",
        "green",
    ),
    standing(
        TLP2_CREATED,
        "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        "TLP:AMBER",
        "amber",
    ),
    standing(
        TLP2_CREATED,
        "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        "TLP:AMBER+STRICT",
        "amber+strict",
    ),
    standing(
        TLP2_CREATED,
        "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
        "TLP:RED",
        "red",
    ),
];

/// Checks that a marking definition that speaks of TLP is a standing one, and that one with the
/// identifier of a standing one is that.
pub(super) fn tlp(walk: &mut Walk<'_>, marking: &Map<String, Value>) {
    let text = |name: &str| marking.get(name).and_then(Value::as_str);
    let id = text("id").unwrap_or("");
    let tlp1 = marking.get("definition").and_then(|d| d.get("tlp"));
    if (text("definition_type") == Some("tlp") || TLP1.iter().any(|one| one.id == id))
        && !is_standing(marking, tlp1, &TLP1, &TLP1_PROPERTIES)
    {
        refuse(walk, tlp1, "7.2.1.4");
    }
    let extension = marking.get("extensions").and_then(|all| all.get(TLP2_EXTENSION));
    if extension.is_some() || TLP2.iter().any(|one| one.id == id) {
        let level = extension.and_then(|extension| extension.get("tlp_2_0"));
        if !is_standing(marking, level, &TLP2, &TLP2_PROPERTIES) {
            refuse(walk, level, "7.3");
        }
    }
}

fn is_standing(
    marking: &Map<String, Value>,
    level: Option<&Value>,
    all: &[Standing],
    properties: &[&str],
) -> bool {
    let text = |name: &str| marking.get(name).and_then(Value::as_str).unwrap_or("");
    let level = level.and_then(Value::as_str).unwrap_or("");
    marking.keys().all(|name| properties.contains(&name.as_str()))
        && all.iter().any(|one| {
            one.id == text("id")
                && one.name == text("name")
                && one.level == level
                && one.created == text("created")
        })
}

fn refuse(walk: &mut Walk<'_>, level: Option<&Value>, section: &'static str) {
    let level = excerpt(level.and_then(Value::as_str).unwrap_or(""));
    walk.must("tlp", section, format!("is none of the standing TLP markings: {level:?}"));
}
