//! Rules that tables cannot say.

use serde_json::{Map, Value};

use super::format::{LANGUAGE, is_property_name};
use super::kind::Class;
use super::object::class_of;
use super::relations::is_listed;
use super::walk::{Walk, type_of};
use crate::identifier::{Identifier, excerpt};

type Object = Map<String, Value>;

fn text<'o>(object: &'o Object, name: &str) -> Option<&'o str> {
    object.get(name).and_then(Value::as_str)
}

fn flag(object: &Object, name: &str) -> Option<bool> {
    object.get(name).and_then(Value::as_bool)
}

/// STIX 2.1 §2.5.1, §4.1.1, §4.19.1.
pub(super) fn external_reference(walk: &mut Walk<'_>, reference: &Object) {
    if reference.contains_key("url") && !reference.contains_key("hashes") {
        walk.should("advised", "2.5.1", "property hashes should be there with a url");
    }
    let (source, id) = (text(reference, "source_name"), text(reference, "external_id"));
    let registry = match (source, id) {
        (Some(source @ ("cve" | "capec")), _) => source,
        (Some(_), Some(id)) if is_cve(id) => "cve",
        (Some(_), Some(id)) if is_capec(id) => "capec",
        _ => return,
    };
    if source != Some(registry) {
        walk.must("source-name", "2.5", format!("the source_name of such an id is {registry}"));
    }
    let form = if registry == "cve" { is_cve } else { is_capec };
    if !id.is_some_and(form) {
        walk.must("external-id", "2.5", format!("external_id is no identifier of {registry}"));
    }
}

/// `CVE-`, a year, and a number of at least four digits, with leading zeros only up to four.
fn is_cve(id: &str) -> bool {
    let Some((year, number)) = id.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    year.len() == 4
        && digits(year)
        && digits(number)
        && number.len() >= 4
        && (number.len() == 4 || !number.starts_with('0'))
}

fn is_capec(id: &str) -> bool {
    let number = id.strip_prefix("CAPEC-").unwrap_or("");
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

/// STIX 2.1 §4.7.1: the pattern is one of its language. For STIX patterns the caller knows.
pub(super) fn pattern(walk: &mut Walk<'_>, indicator: &Object) {
    let (Some("stix"), Some(pattern)) =
        (text(indicator, "pattern_type"), text(indicator, "pattern"))
    else {
        return;
    };
    let Some(rule) = walk.pattern_rule else { return };
    if let Err(words) = rule(pattern) {
        walk.at("pattern", |walk| walk.must("pattern", "9", words));
    }
}

/// STIX 2.1 §4.11.1.
pub(super) fn malware(walk: &mut Walk<'_>, malware: &Object) {
    if flag(malware, "is_family") == Some(true) && !malware.contains_key("name") {
        walk.must("missing", "4.11.1", "property name is missing, a family must have one");
    }
}

/// STIX 2.1 §4.14.1, §2.13.
pub(super) fn observed_data(walk: &mut Walk<'_>, observed: &Object) {
    if let Some(Value::Array(refs)) = observed.get("object_refs") {
        let observable = |value: &Value| {
            let id = value.as_str().and_then(|text| Identifier::parse(text).ok());
            id.is_some_and(|id| !matches!(class_of(id.kind()), Some(Class::Relationship)))
        };
        if !refs.is_empty() && !refs.iter().any(observable) {
            let words = "at least one reference is to a cyber observable";
            walk.at("object_refs", |walk| walk.must("any-of", "4.14.1", words));
        }
    }
    let Some(objects) = observed.get("objects") else { return };
    walk.at("objects", |walk| {
        walk.should("deprecated", "2.13", "objects inside observed-data are deprecated");
        match objects {
            Value::Object(objects) => container(walk, objects),
            other => {
                let found = type_of(other);
                walk.must("type", "2.13", format!("is {found}, must be a dictionary"));
            }
        }
    });
}

fn container(walk: &mut Walk<'_>, objects: &Object) {
    for (key, value) in objects {
        walk.at(key, |walk| match value {
            Value::Object(object) => {
                // A walk of its own: its references are keys, its markings select from itself.
                let mut inner = Walk::new(object, walk.pattern_rule);
                inner.container = Some(objects);
                inner.contained(object);
                walk.adopt(inner.report);
            }
            other => {
                let found = type_of(other);
                walk.must("type", "2.13", format!("is {found}, must be an object"));
            }
        });
    }
}

/// STIX 2.1 §5.1.2.
pub(super) fn relationship(walk: &mut Walk<'_>, relationship: &Object) {
    let end = |name| Identifier::parse(text(relationship, name)?).ok();
    let (Some(kind), Some(source), Some(target)) =
        (text(relationship, "relationship_type"), end("source_ref"), end("target_ref"))
    else {
        return;
    };
    let known = |end: &Identifier<'_>| class_of(end.kind()).is_some();
    if known(&source) && known(&target) && !is_listed(source.kind(), kind, target.kind()) {
        let (source, target) = (source.kind(), target.kind());
        let words =
            format!("{source} {} {target} is no relationship of the standard", excerpt(kind));
        walk.should("relationship", "5.1.2", words);
    }
}

/// STIX 2.1 §6.6.1.
pub(super) fn email_message(walk: &mut Walk<'_>, message: &Object) {
    let (with, without) = match flag(message, "is_multipart") {
        Some(true) => ("true", "body"),
        Some(false) => ("false", "body_multipart"),
        None => return,
    };
    if message.contains_key(without) {
        let words = format!("{without} must not be there if is_multipart is {with}");
        walk.must("not-both", "6.6.1", words);
    }
}

/// STIX 2.1 §6.12.1.
pub(super) fn network_traffic(walk: &mut Walk<'_>, traffic: &Object) {
    if flag(traffic, "is_active") == Some(true) && traffic.contains_key("end") {
        walk.must("not-both", "6.12.1", "end must not be there if is_active is true");
    }
    let Some(Value::Object(extensions)) = traffic.get("extensions") else { return };
    let Some(Value::Array(protocols)) = traffic.get("protocols") else { return };
    for (name, protocol) in [("http-request-ext", "http"), ("icmp-ext", "icmp"), ("tcp-ext", "tcp")]
    {
        let named = protocols.iter().any(|value| value.as_str() == Some(protocol));
        if extensions.contains_key(name) && !named {
            let words = format!("{protocol} should be listed, since {name} is there");
            walk.at("protocols", |walk| walk.should("protocol-listed", "6.12.1", words));
        }
    }
}

/// STIX 2.1 §6.12.2.
pub(super) fn http_request(walk: &mut Walk<'_>, request: &Object) {
    for name in ["request_method", "request_version"] {
        if text(request, name).is_some_and(|text| text.chars().any(char::is_uppercase)) {
            walk.at(name, |walk| walk.should("lower-case", "6.12.2", "should be in lower case"));
        }
    }
}

/// STIX 2.1 §7.1.1.
pub(super) fn language_content(walk: &mut Walk<'_>, content: &Object) {
    let Some(contents) = content.get("contents") else { return };
    walk.at("contents", |walk| {
        let Value::Object(contents) = contents else {
            let found = type_of(contents);
            return walk.must("type", "7.1.1", format!("is {found}, must be a dictionary"));
        };
        for (language, translation) in contents {
            walk.at(language, |walk| {
                walk.text(language, &LANGUAGE);
                let Value::Object(translation) = translation else {
                    let found = type_of(translation);
                    return walk.must("type", "7.1.1", format!("is {found}, must be an object"));
                };
                for name in translation.keys() {
                    if !is_property_name(name) {
                        let words = format!("{name:?} is no property name");
                        walk.must("property-name", "7.1.1", words);
                    }
                }
            });
        }
    });
}

/// STIX 2.1 §7.2.1.
pub(super) fn marking_definition(walk: &mut Walk<'_>, marking: &Object) {
    let own = text(marking, "id");
    if let (Some(id), Some(Value::Array(refs))) = (own, marking.get("object_marking_refs"))
        && refs.iter().any(|value| value.as_str() == Some(id))
    {
        let words = "a marking must not mark itself";
        walk.at("object_marking_refs", |walk| walk.must("marking-cycle", "3.2", words));
    }
    if !marking.contains_key("extensions") {
        for name in ["definition_type", "definition"] {
            if !marking.contains_key(name) {
                let words = format!("property {name} is missing, and there are no extensions");
                walk.must("missing", "7.2.1", words);
            }
        }
    }
    let definition = match marking.get("definition") {
        Some(Value::Object(definition)) => Some(definition),
        Some(other) => {
            let found = type_of(other);
            let words = format!("is {found}, must be an object");
            return walk.at("definition", |walk| walk.must("type", "7.2.1", words));
        }
        None => None,
    };
    match text(marking, "definition_type") {
        Some("statement") if definition.is_some_and(|d| text(d, "statement").is_none()) => {
            let words = "a statement marking holds the property statement, a string";
            walk.at("definition", |walk| walk.must("missing", "7.2.1.3", words));
        }
        Some("statement" | "tlp") | None => {}
        Some(other) => {
            let words = format!("a marking of type {:?} should use an extension", excerpt(other));
            walk.at("definition_type", |w| w.should("marking-type", "7.2.1", words));
        }
    }
    super::tlp::tlp(walk, marking);
}

/// STIX 2.1 §7.3.1.
pub(super) fn extension_definition(walk: &mut Walk<'_>, definition: &Object) {
    let Some(Value::Array(types)) = definition.get("extension_types") else { return };
    let at_top = types.iter().any(|kind| kind.as_str() == Some("toplevel-property-extension"));
    let listed = definition.contains_key("extension_properties");
    if listed && !at_top {
        let words = "extension_properties only go with a toplevel-property-extension";
        walk.must("needs", "7.3.1", words);
    }
    if at_top && !listed {
        walk.should("advised", "7.3.1", "property extension_properties should be there");
    }
}
