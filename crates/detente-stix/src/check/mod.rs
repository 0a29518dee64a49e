//! Whether an object follows STIX 2.1: every MUST and SHOULD that can be seen in the object
//! itself.
//!
//! The standard stands here as tables, one for each type of object, part and extension
//! (`domain`, `observable`, `meta`, `extension`, `common`, `vocabulary`); `walk` is the one
//! interpreter that compares an object with them, `rules` holds what tables cannot say. Section
//! numbers are those of STIX 2.1 with errata 01.
//!
//! What is not checked: whether references resolve, whether a language content mirrors the object
//! it translates, the registries of media types, service names and IPFIX elements, and the syntax
//! of STIX patterns, for which the caller may bring a rule ([`Options::pattern_rule`]).

mod common;
mod domain;
mod extension;
mod format;
mod kind;
mod meta;
mod object;
mod observable;
mod reference;
mod registry;
mod relations;
mod report;
mod rules;
#[cfg(test)]
mod tests;
pub(crate) mod tlp;
mod vocabulary;
mod walk;

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::tree::Tree;
use walk::Walk;

pub(crate) use reference::select;
pub use report::{Finding, Level, MAX_FINDINGS, Report};

/// The longest bundle that is checked, in bytes. One object is at most
/// [`MAX_OBJECT`](crate::MAX_OBJECT) long.
pub const MAX_BUNDLE: usize = 256 * 1024 * 1024;

/// Says what is wrong with a STIX pattern, if anything.
pub type PatternRule<'r> = &'r dyn Fn(&str) -> Result<(), String>;

/// What a check may use beyond the object.
#[derive(Clone, Copy, Default)]
pub struct Options<'r> {
    /// Checks the patterns of indicators whose pattern type is `stix`.
    pub pattern_rule: Option<PatternRule<'r>>,
}

/// Checks one object, or a bundle and all objects in it, without a rule for patterns.
///
/// Bytes that are no JSON object give a report with that as its one finding.
pub fn check(bytes: &[u8]) -> Report {
    check_with(bytes, Options::default())
}

/// Checks one object, or a bundle and all objects in it.
pub fn check_with(bytes: &[u8], options: Options<'_>) -> Report {
    let tree = match Tree::parse(bytes, MAX_BUNDLE) {
        Ok(tree) => tree,
        Err(fault) => {
            let mut report = Report::default();
            report.push(Finding {
                path: String::new(),
                code: fault.code(),
                words: fault.to_string(),
                section: "1.2.10",
                level: Level::Must,
            });
            return report;
        }
    };
    let empty = Map::new();
    let Value::Object(object) = &tree.value else {
        let mut walk = Walk::new(&empty, None);
        walk.must("type", "3.2", "a STIX object is a JSON object");
        return walk.report;
    };
    let mut walk = Walk::new(object, options.pattern_rule);
    for key in &tree.doubled {
        walk.must("doubled-key", "2.3", format!("key {key:?} stands twice in one object"));
    }
    walk.object(object);
    if object.get("type").and_then(Value::as_str) == Some("bundle") {
        bundle(&mut walk, object);
    }
    walk.report
}

/// The objects of a bundle (STIX 2.1 §8).
fn bundle(walk: &mut Walk<'_>, bundle: &Map<String, Value>) {
    let Some(objects) = bundle.get("objects") else { return };
    let mut seen = HashSet::new();
    walk.at("objects", |walk| {
        let Value::Array(objects) = objects else {
            let found = walk::type_of(objects);
            return walk.must("type", "8.1", format!("is {found}, must be a list"));
        };
        if objects.is_empty() {
            walk.must("empty-list", "2.12", "an empty list is prohibited");
        }
        for (index, value) in objects.iter().enumerate() {
            walk.at_index(index, |walk| {
                let Value::Object(object) = value else {
                    let found = walk::type_of(value);
                    return walk.must("type", "8.1", format!("is {found}, must be an object"));
                };
                if object.get("type").and_then(Value::as_str) == Some("bundle") {
                    return walk.must("nested-bundle", "8.1", "a bundle is no STIX object");
                }
                let mut member = Walk::new(object, walk.pattern_rule);
                member.object(object);
                walk.adopt(member.report);
                let version = (object.get("id"), object.get("modified"));
                if version.0.is_some() && !seen.insert(version) {
                    walk.should("duplicate", "3.6", "the same version stands here twice");
                }
            });
        }
    });
}
