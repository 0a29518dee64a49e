//! Checks of whole objects: common properties, identifiers, custom content.

use serde_json::{Map, Value};

use super::common::{COMMON_NAMES, RESERVED_NAMES, common};
use super::format::{BINARY, HEX, is_property_name};
use super::kind::{Class, Property, Record};
use super::walk::Walk;
use super::{domain, meta, observable};
use crate::identifier::{Identifier, is_type_name};
use crate::observable_types::is_observable;
use crate::sco_id::{contributing_properties, sco_id};

/// An object of a type that the standard does not define has common properties only.
static CUSTOM: Record = Record { section: "11.2.1", properties: &[], rules: &[] };

/// The class of a type the standard defines.
pub(super) fn class_of(kind: &str) -> Option<Class> {
    if domain::record(kind).is_some() {
        Some(Class::Domain)
    } else if is_observable(kind) {
        Some(Class::Observable)
    } else {
        meta::record(kind).map(|(class, _)| class)
    }
}

fn table_of(kind: &str) -> Option<(Class, &'static Record)> {
    if let Some(record) = domain::record(kind) {
        return Some((Class::Domain, record));
    }
    observable::record(kind).map(|record| (Class::Observable, record)).or(meta::record(kind))
}

/// Whether the object has an extension of one of these types (STIX 2.1 §7.3).
fn extends(object: &Map<String, Value>, types: &[&str]) -> bool {
    let Some(Value::Object(extensions)) = object.get("extensions") else { return false };
    extensions.values().any(|extension| {
        let kind = extension.get("extension_type").and_then(Value::as_str);
        kind.is_some_and(|kind| types.contains(&kind))
    })
}

impl Walk<'_> {
    /// Checks one top-level object.
    pub(super) fn object(&mut self, object: &Map<String, Value>) {
        let Some(kind) = self.kind(object) else { return };
        let (class, record) = match table_of(kind) {
            Some(found) => found,
            None => (self.custom_object(kind, object), &CUSTOM),
        };
        self.properties(object, class, record);
        for property in common(class) {
            if property.required && !object.contains_key(property.name) {
                self.must("missing", "3.2", format!("property {} is missing", property.name));
            }
        }
        self.required(object, record);
        self.rules(object, record);
        self.order(object, ["modified", "created"], true, "3.2");
        self.spec_version(object, class);
        self.own_id(object, kind, class);
    }

    /// The type, or nothing if without it nothing more can be said.
    pub(super) fn kind<'o>(&mut self, object: &'o Map<String, Value>) -> Option<&'o str> {
        match object.get("type") {
            Some(Value::String(kind)) if is_type_name(kind) && kind != "action" => Some(kind),
            Some(Value::String(kind)) => {
                let shown: String = kind.chars().take(80).collect();
                self.at("type", |w| {
                    w.must("type-name", "3.1", format!("{shown:?} is no type name"));
                });
                None
            }
            Some(_) => {
                self.at("type", |w| w.must("type", "3.2", "must be a string"));
                None
            }
            None => {
                self.must("missing", "3.2", "property type is missing");
                None
            }
        }
    }

    /// What an object of an unknown type is: what its extension says, else an observable if it
    /// has no times of its own.
    fn custom_object(&mut self, kind: &str, object: &Map<String, Value>) -> Class {
        if extends(object, &["new-sco"]) {
            return Class::Observable;
        }
        if extends(object, &["new-sdo", "new-sro"]) {
            return Class::Domain;
        }
        let words = format!("custom type {kind} should be defined by an extension");
        self.should("custom-object", "11.2", words);
        if object.contains_key("created") || object.contains_key("modified") {
            Class::Domain
        } else {
            Class::Observable
        }
    }

    fn properties(&mut self, object: &Map<String, Value>, class: Class, record: &'static Record) {
        let is_custom = std::ptr::eq(record, &CUSTOM);
        let at_top = extends(object, &["toplevel-property-extension"]);
        for (name, value) in object {
            self.at(name, |walk| {
                let shared = || common(class).iter().find(|property| property.name == name);
                if let Some(Property { kind, .. }) = record.find(name) {
                    walk.value(value, *kind, record.section);
                } else if let Some(Property { kind, .. }) = shared() {
                    walk.value(value, *kind, "3.2");
                } else if COMMON_NAMES.contains(&name.as_str()) {
                    walk.unused_common(name, value, class);
                } else {
                    walk.custom_property(name, value, !is_custom && !at_top);
                }
            });
        }
        if class == Class::Marking {
            self.marking_extensions(object);
        }
    }

    /// A common property that objects of this class do not use.
    fn unused_common(&mut self, name: &str, value: &Value, class: Class) {
        if name == "defanged" {
            self.must("defanged", "3.2", "only cyber observables may have property defanged");
        } else {
            let words = format!("property {name} is not used by objects of this type");
            self.should("unused-common", "3.2", words);
        }
        // What handling rests on keeps its form everywhere; the rest is custom content.
        let handling = class != Class::Bundle
            && ["object_marking_refs", "granular_markings", "extensions"].contains(&name);
        match common(Class::Domain).iter().find(|property| handling && property.name == name) {
            Some(property) => self.value(value, property.kind, "3.2"),
            None => self.any(value),
        }
    }

    /// A property that no table names.
    pub(super) fn custom_property(&mut self, name: &str, value: &Value, remark: bool) {
        if RESERVED_NAMES.contains(&name) {
            self.must("reserved", "3.8", format!("property name {name} is reserved"));
        } else if !is_property_name(name) {
            let words = format!("{name:?} is no property name");
            self.must("property-name", "3.1", words);
        } else if remark {
            let words = format!("custom property {name} should be defined by an extension");
            self.should("custom-property", "11.1", words);
        }
        match value {
            Value::String(text) if name.ends_with("_bin") => self.text(text, &BINARY),
            Value::String(text) if name.ends_with("_hex") => self.text(text, &HEX),
            value if name.ends_with("_bin") || name.ends_with("_hex") => {
                let found = super::walk::type_of(value);
                self.must("type", "3.1", format!("is {found}, must be a string"));
            }
            value => self.any(value),
        }
    }

    fn spec_version(&mut self, object: &Map<String, Value>, class: Class) {
        match object.get("spec_version") {
            Some(Value::String(version)) if version != "2.1" && class != Class::Bundle => {
                let words = format!("{version:?} is not 2.1");
                self.at("spec_version", |walk| walk.must("spec-version", "3.2", words));
            }
            _ => {}
        }
    }

    fn own_id(&mut self, object: &Map<String, Value>, kind: &str, class: Class) {
        let Some(Value::String(text)) = object.get("id") else { return };
        // A text that is no identifier has been told of by the table.
        let Ok(id) = Identifier::parse(text.as_str()) else { return };
        self.at("id", |walk| {
            if id.kind() != kind {
                walk.must("id-type", "2.9", format!("does not begin with the type {kind}"));
            }
            match (class, contributing_properties(kind)) {
                (Class::Observable, Some(names)) => walk.observable_id(object, &id, names),
                (Class::Observable, None) => {}
                _ if id.uuid_version() != 4 => {
                    walk.should("id-version", "2.9", "the UUID should be of version 4");
                }
                _ => {}
            }
        });
    }

    fn observable_id(&mut self, object: &Map<String, Value>, id: &Identifier<'_>, names: &[&str]) {
        if !names.iter().any(|name| object.contains_key(*name)) {
            if id.uuid_version() != 4 {
                let words = "no property contributes to the identifier: the UUID must be version 4";
                self.must("id-version", "2.9", words);
            }
        } else if id.uuid_version() != 5 {
            self.should("id-version", "2.9", "the UUID should be of version 5");
        } else if sco_id(object)
            .is_some_and(|wanted| !wanted.as_str().eq_ignore_ascii_case(id.as_str()))
        {
            let words = "is not the deterministic identifier of the contributing properties";
            self.should("id-deterministic", "3.4", words);
        }
    }

    /// Checks an object of the deprecated container, which needs no identifier.
    pub(super) fn contained(&mut self, object: &Map<String, Value>) {
        let Some(kind) = self.kind(object) else { return };
        let record = match table_of(kind) {
            Some((Class::Observable, record)) => record,
            Some(_) => return self.must("container-type", "2.13", "is no cyber observable"),
            None => &CUSTOM,
        };
        self.properties(object, Class::Observable, record);
        self.required(object, record);
        self.rules(object, record);
        let id = object.get("id").and_then(Value::as_str).map(Identifier::parse);
        if id.is_some_and(|id| id.is_ok_and(|id| id.kind() != kind)) {
            let words = format!("does not begin with the type {kind}");
            self.at("id", |walk| walk.must("id-type", "2.9", words));
        }
    }
}
