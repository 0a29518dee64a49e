//! Deterministic identifiers of cyber observables (STIX 2.1 §2.9, §3.4): a UUIDv5 over the
//! canonical JSON of the properties that contribute to it, so that two parties who saw the same
//! thing name it alike.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::identifier::Identifier;
use crate::jcs::canonical;

/// The name space of deterministic identifiers: `00abedb4-aa42-466c-9c01-fed23315a9b7`.
pub const SCO_NAMESPACE: Uuid = Uuid::from_u128(0x00ab_edb4_aa42_466c_9c01_fed2_3315_a9b7);
/// Which hash contributes when there are several (STIX 2.1 §6.1.1, §6.7.1, §6.18.1).
const HASH_PREFERENCE: [&str; 4] = ["MD5", "SHA-1", "SHA-256", "SHA-512"];

/// The ID Contributing Properties of a type; nothing for a type that is no cyber observable of
/// the standard, an empty list for `process`.
pub fn contributing_properties(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "artifact" => &["hashes", "payload_bin"],
        "autonomous-system" => &["number"],
        "directory" => &["path"],
        "domain-name" | "email-addr" | "ipv4-addr" | "ipv6-addr" | "mac-addr" | "url" => &["value"],
        "email-message" => &["from_ref", "subject", "body"],
        "file" => &["hashes", "name", "extensions", "parent_directory_ref"],
        "mutex" => &["name"],
        "network-traffic" => &[
            "start",
            "end",
            "src_ref",
            "dst_ref",
            "src_port",
            "dst_port",
            "protocols",
            "extensions",
        ],
        "process" => &[],
        "software" => &["name", "cpe", "swid", "vendor", "version"],
        "user-account" => &["account_type", "user_id", "account_login"],
        "windows-registry-key" => &["key", "values"],
        "x509-certificate" => &["hashes", "serial_number"],
        _ => return None,
    })
}

/// The deterministic identifier of a cyber observable. Nothing if the type is none of the
/// standard's, or if no contributing property is present: then a UUIDv4 must be used.
///
/// Of several hashes none of which the standard prefers, the first as written contributes.
pub fn sco_id(object: &Map<String, Value>) -> Option<Identifier<'static>> {
    let kind = object.get("type")?.as_str()?;
    let mut name = Map::new();
    for property in contributing_properties(kind)? {
        let Some(value) = object.get(*property) else { continue };
        let value = match value {
            Value::Object(hashes) if *property == "hashes" => one_hash(hashes)?,
            value => value.clone(),
        };
        name.insert((*property).to_owned(), value);
    }
    if name.is_empty() {
        return None;
    }
    let uuid = Uuid::new_v5(&SCO_NAMESPACE, canonical(&Value::Object(name)).as_bytes());
    Identifier::parse(format!("{kind}--{uuid}")).ok()
}

fn one_hash(hashes: &Map<String, Value>) -> Option<Value> {
    let preferred = HASH_PREFERENCE.iter().find_map(|name| hashes.get_key_value(*name));
    let (name, hash) = preferred.or_else(|| hashes.iter().next())?;
    Some(Value::Object(Map::from_iter([(name.clone(), hash.clone())])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        let object: Map<String, Value> = serde_json::from_str(text).expect("an object");
        sco_id(&object).map(|id| id.to_string())
    }

    /// Identifiers that the standard itself prints.
    #[test]
    fn as_the_standard_prints_them() {
        for (text, id) in [
            (
                r#"{"type":"ipv4-addr","value":"198.51.100.3"}"#,
                "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4",
            ),
            (
                r#"{"type":"domain-name","value":"example.com"}"#,
                "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7",
            ),
        ] {
            assert_eq!(of(text).as_deref(), Some(id));
        }
    }

    /// Identifiers that PyPI `stix2` computes.
    #[test]
    fn as_stix2_computes_them() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/stix-ids.json");
        let text = std::fs::read_to_string(path).expect("vectors");
        let all: Value = serde_json::from_str(&text).expect("JSON");
        for case in all["ids"].as_array().expect("ids") {
            let id = sco_id(case["object"].as_object().expect("an object"));
            assert_eq!(id.as_ref().map(Identifier::as_str), case["id"].as_str(), "{case}");
        }
    }

    #[test]
    fn none_without_contributing_properties() {
        assert_eq!(of(r#"{"type":"process","pid":1}"#), None);
        assert_eq!(of(r#"{"type":"email-message","is_multipart":false}"#), None);
        assert_eq!(of(r#"{"type":"x-thing","value":"a"}"#), None);
        assert_eq!(of(r#"{"value":"a"}"#), None);
        assert_eq!(of(r#"{"type":"file","hashes":{}}"#), None);
    }

    #[test]
    fn one_hash_contributes() {
        let both = of(r#"{"type":"file","hashes":{"SHA-256":"b","MD5":"a"},"size":1}"#);
        assert_eq!(both, of(r#"{"type":"file","hashes":{"MD5":"a"}}"#));
        assert_ne!(both, of(r#"{"type":"file","hashes":{"SHA-256":"b"}}"#));
    }
}
