//! Names inside cyber observables that changed between STIX 2.0 part 4 and STIX 2.1 §6.

use serde_json::{Map, Value};

/// How the name begins under which a property is kept that 2.1 has no place for.
pub const KEPT_PREFIX: &str = "x_stix20_";

/// The name of a property in 2.1, or nothing if it has not changed.
pub(super) fn renamed(kind: &str, property: &str) -> Option<&'static str> {
    Some(match (kind, property) {
        ("directory" | "file", "created") => "ctime",
        ("directory" | "file", "modified") => "mtime",
        ("directory" | "file", "accessed") => "atime",
        ("process", "created") => "created_time",
        ("process", "binary_ref") => "image_ref",
        ("user-account", "password_last_changed") => "credential_last_changed",
        ("windows-registry-key", "modified") => "modified_time",
        _ => return None,
    })
}

/// Whether 2.1 has no place for the property.
fn is_gone(kind: &str, property: &str) -> bool {
    matches!(
        (kind, property),
        ("file", "is_encrypted" | "encryption_algorithm" | "decryption_key")
            | ("process", "name" | "arguments")
            | ("archive-ext", "version")
            | ("raster-image-ext", "image_compression_algorithm")
            | ("socket-ext", "protocol_family")
    )
}

/// The name under which a property stands in 2.1.
pub(super) fn name_21(kind: &str, property: &str) -> String {
    if is_gone(kind, property) {
        return format!("{KEPT_PREFIX}{property}");
    }
    renamed(kind, property).unwrap_or(property).to_owned()
}

/// The inner object with the names of 2.1, without identifier.
pub(super) fn observable_21(kind: &str, object: &Map<String, Value>) -> Map<String, Value> {
    let mut raised = Map::new();
    for (property, value) in object {
        let value = match (property.as_str(), value) {
            ("extensions", Value::Object(extensions)) => extensions_21(extensions),
            ("additional_header_fields", Value::Object(fields)) => lists_of(fields),
            _ => value.clone(),
        };
        raised.insert(name_21(kind, property), value);
    }
    hash_names(&mut raised);
    raised
}

fn extensions_21(extensions: &Map<String, Value>) -> Value {
    let raise = |(name, content): (&String, &Value)| {
        let Value::Object(content) = content else { return (name.clone(), content.clone()) };
        let raised = content.iter().map(|(property, value)| {
            let value = match (property.as_str(), value) {
                ("request_header", Value::Object(header)) => lists_of(header),
                _ => value.clone(),
            };
            (name_21(name, property), value)
        });
        (name.clone(), Value::Object(raised.collect()))
    };
    Value::Object(extensions.iter().map(raise).collect())
}

/// Header fields are lists in 2.1, since a field may stand twice.
fn lists_of(fields: &Map<String, Value>) -> Value {
    let list = |value: &Value| match value {
        Value::Array(_) => value.clone(),
        value => Value::Array(vec![value.clone()]),
    };
    Value::Object(fields.iter().map(|(name, value)| (name.clone(), list(value))).collect())
}

/// Hash names whose case changed, at any depth; recursion is bounded by the parse.
pub(super) fn hash_names(object: &mut Map<String, Value>) {
    for (name, value) in object.iter_mut() {
        let is_hashes = name == "hashes" || name.ends_with("_hashes");
        match value {
            Value::Object(hashes) if is_hashes => {
                *hashes = std::mem::take(hashes)
                    .into_iter()
                    .map(|(hash, digest)| (hash_21(&hash).to_owned(), digest))
                    .collect();
            }
            Value::Object(inner) => hash_names(inner),
            Value::Array(list) => {
                for element in list {
                    if let Value::Object(inner) = element {
                        hash_names(inner);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The name of a hash in 2.1.
pub(super) fn hash_21(name: &str) -> &str {
    if name == "ssdeep" { "SSDEEP" } else { name }
}
