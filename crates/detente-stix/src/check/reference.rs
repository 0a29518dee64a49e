//! Checks of identifiers that point, of extensions and of granular markings.

use serde_json::{Map, Value};

use super::format::LANGUAGE;
use super::kind::{Class, Extension, Target};
use super::object::class_of;
use super::vocabulary::EXTENSION_TYPE;
use super::walk::{Walk, type_of};
use crate::identifier::{Identifier, excerpt, is_type_name};

const EXTENSION_PREFIX: &str = "extension-definition--";

fn may_point(target: Target, kind: &str) -> bool {
    let class = class_of(kind);
    match target {
        Target::Any => class != Some(Class::Bundle),
        Target::Domain => matches!(class, None | Some(Class::Domain)),
        Target::Node => matches!(class, None | Some(Class::Domain | Class::Observable)),
        Target::Own => true,
        Target::Observable => matches!(class, None | Some(Class::Observable)),
        Target::Observation => {
            matches!(class, None | Some(Class::Observable | Class::Relationship))
        }
        Target::Types(types) => types.contains(&kind),
    }
}

impl Walk<'_> {
    /// An identifier, and whether what it names may stand here.
    pub(super) fn reference(&mut self, text: &str, target: Target, section: &'static str) {
        let is_global = matches!(target, Target::Own | Target::Types(["marking-definition"]));
        if let (Some(container), false) = (self.container, is_global) {
            return self.local_reference(container, text, target, section);
        }
        let id = match Identifier::parse(text) {
            Ok(id) => id,
            Err(fault) => return self.must("identifier", "2.9", fault.to_string()),
        };
        if !id.is_rfc4122() {
            let words = "the UUID has no version 1 to 5 or another variant than RFC 4122's";
            self.must("identifier", "2.9", words);
        }
        if !may_point(target, id.kind()) {
            self.must("reference", section, format!("may not refer to {}", id.kind()));
        }
    }

    /// A reference inside the deprecated container (STIX 2.1 §2.13).
    fn local_reference(
        &mut self,
        container: &Map<String, Value>,
        text: &str,
        target: Target,
        section: &'static str,
    ) {
        let Some(object) = container.get(text) else {
            let words = format!("{:?} is no key of the container", excerpt(text));
            return self.must("reference", "2.13", words);
        };
        let kind = object.get("type").and_then(Value::as_str).unwrap_or("");
        if is_type_name(kind) && !may_point(target, kind) {
            self.must("reference", section, format!("may not refer to {kind}"));
        }
    }

    /// The property `extensions` (STIX 2.1 §3.2, §3.10, §7.3, §11.3).
    pub(super) fn extensions(&mut self, map: &Map<String, Value>, known: &'static [Extension]) {
        if map.is_empty() {
            self.must("empty-dictionary", "2.3", "an empty dictionary is prohibited");
        }
        for (key, value) in map {
            self.at(key, |walk| {
                let Value::Object(content) = value else {
                    let found = type_of(value);
                    return walk.must("type", "3.2", format!("is {found}, must be an object"));
                };
                if let Some(extension) = known.iter().find(|extension| extension.name == key) {
                    walk.part(content, extension.record);
                } else if key.starts_with(EXTENSION_PREFIX) {
                    walk.defined_extension(key, content);
                } else {
                    walk.custom_extension(key, content);
                }
            });
        }
    }

    /// An extension that has a definition, somewhere.
    fn defined_extension(&mut self, key: &str, content: &Map<String, Value>) {
        match Identifier::parse(key) {
            Ok(id) if id.is_rfc4122() => {}
            _ => self.must("identifier", "2.9", "the key is no identifier of an extension"),
        }
        match content.get("extension_type") {
            Some(Value::String(kind)) => {
                self.at("extension_type", |walk| walk.enumeration(kind, &EXTENSION_TYPE));
            }
            Some(_) => self.at("extension_type", |w| w.must("type", "3.2", "must be a string")),
            None => self.must("missing", "3.2", "property extension_type is missing"),
        }
        for (name, value) in content {
            if name != "extension_type" {
                self.at(name, |walk| walk.custom_property(name, value, false));
            }
        }
    }

    fn custom_extension(&mut self, key: &str, content: &Map<String, Value>) {
        if is_type_name(key) && key.ends_with("-ext") {
            let words = "a custom extension should be one with a definition";
            self.should("custom-extension", "11.3", words);
        } else {
            let words = "the key is neither an extension of the standard nor an identifier";
            self.must("extension-key", "3.2", words);
        }
        if content.is_empty() {
            self.must("empty-dictionary", "11.3.1", "an extension has at least one property");
        }
        for (name, value) in content {
            self.at(name, |walk| walk.custom_property(name, value, false));
        }
    }

    /// A marking definition has no extensions but those with a definition (STIX 2.1 §7.2.1).
    pub(super) fn marking_extensions(&mut self, object: &Map<String, Value>) {
        let Some(Value::Object(extensions)) = object.get("extensions") else { return };
        if extensions.keys().any(|key| !key.starts_with(EXTENSION_PREFIX)) {
            let words = "a marking definition is only extended by extensions with a definition";
            self.at("extensions", |walk| walk.must("extension-key", "11.3", words));
        }
    }

    /// The property `granular_markings` (STIX 2.1 §7.2.3).
    pub(super) fn granular(&mut self, list: &[Value]) {
        if list.is_empty() {
            self.must("empty-list", "2.12", "an empty list is prohibited");
        }
        for (index, marking) in list.iter().enumerate() {
            self.at_index(index, |walk| match marking {
                Value::Object(marking) => walk.granular_marking(marking),
                other => {
                    let found = type_of(other);
                    walk.must("type", "7.2.3", format!("is {found}, must be an object"));
                }
            });
        }
    }

    fn granular_marking(&mut self, marking: &Map<String, Value>) {
        let section = "7.2.3";
        if marking.contains_key("lang") == marking.contains_key("marking_ref") {
            self.must("one-of", section, "exactly one of lang and marking_ref must be there");
        }
        if !marking.contains_key("selectors") {
            self.must("missing", section, "property selectors is missing");
        }
        for (name, value) in marking {
            self.at(name, |walk| match (name.as_str(), value) {
                ("lang", Value::String(text)) => walk.text(text, &LANGUAGE),
                ("marking_ref", Value::String(text)) => {
                    walk.reference(text, Target::Types(&["marking-definition"]), section);
                    if walk.root.get("id").and_then(Value::as_str) == Some(text) {
                        walk.must("marking-cycle", "3.2", "a marking must not mark itself");
                    }
                }
                ("selectors", Value::Array(selectors)) => walk.selectors(selectors),
                ("lang" | "marking_ref" | "selectors", _) => {
                    walk.must("type", section, "has the wrong type");
                }
                (name, value) => walk.custom_property(name, value, true),
            });
        }
    }

    fn selectors(&mut self, selectors: &[Value]) {
        if selectors.is_empty() {
            self.must("empty-list", "2.12", "an empty list is prohibited");
        }
        for (index, selector) in selectors.iter().enumerate() {
            self.at_index(index, |walk| match selector {
                Value::String(selector) if select(walk.root, selector).is_some() => {}
                Value::String(selector) => {
                    let words = format!("{:?} selects nothing of the object", excerpt(selector));
                    walk.must("selector", "7.2.3", words);
                }
                _ => walk.must("type", "7.2.3", "must be a string"),
            });
        }
    }
}

/// What a selector selects.
pub(crate) fn select<'o>(object: &'o Map<String, Value>, selector: &str) -> Option<&'o Value> {
    let mut components = selector.split('.');
    let first = components.next()?;
    components.try_fold(object.get(first)?, |value, component| match value {
        Value::Object(map) => map.get(component),
        Value::Array(list) => {
            let index = component.strip_prefix('[')?.strip_suffix(']')?;
            let plain = !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit());
            list.get(index.parse::<usize>().ok().filter(|_| plain)?)
        }
        _ => None,
    })
}
