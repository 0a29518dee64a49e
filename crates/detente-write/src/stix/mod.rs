//! STIX 2.1: a bundle, or its objects one a line.
//!
//! An indicator is this producer's own object with its own id; what its origin called it stands in
//! `external_references`. Every marking definition that an object uses is in the export, before it.

mod marking;
mod object;

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::{Map, Value, json};

pub use marking::MAX_DEFINITIONS;
pub use object::indicator_ids;

use crate::export::{Put, WriteFault, Writer};
use crate::screen::Item;
use crate::seen::Seen;
use crate::{Format, Meta, Options, Reason, StixObjects, id};

/// When the objects were made that say the same in every export, since their ids are made from what
/// they say: the producer, its markings.
const FORM_CREATED: &str = "2026-01-01T00:00:00.000Z";

/// Who says what objects say.
struct Author {
    identity: String,
    producer: String,
}

pub(crate) struct Stix {
    author: Author,
    bundle: Option<String>,
    objects: StixObjects,
    definitions: BTreeSet<String>,
    seen: Seen,
    wrote: bool,
}

impl Stix {
    pub(crate) fn new(meta: Meta, options: &Options) -> Stix {
        let bundle = (options.format == Format::Stix).then(|| {
            let parts = ["bundle", &meta.producer, &meta.title, &meta.at.get().to_string()];
            format!("bundle--{}", id::uuid(&parts))
        });
        let author = Author {
            identity: format!("identity--{}", id::uuid(&["identity", &meta.producer])),
            producer: meta.producer,
        };
        Stix {
            author,
            bundle,
            objects: options.stix,
            definitions: BTreeSet::new(),
            seen: Seen::default(),
            wrote: false,
        }
    }

    fn emit(&mut self, out: &mut dyn Write, object: &Map<String, Value>) -> Result<(), WriteFault> {
        if self.wrote {
            out.write_all(if self.bundle.is_some() { b",\n" } else { b"\n" })?;
        }
        self.wrote = true;
        serde_json::to_writer(&mut *out, object)?;
        Ok(())
    }

    /// The objects of one item: the definitions of its markings that are not there yet, then
    /// itself. Nothing is remembered unless all of it can be written.
    fn objects(&mut self, item: &Item<'_>) -> Result<Vec<Map<String, Value>>, Reason> {
        let (indicators, observables) = match self.objects {
            StixObjects::Both => (true, true),
            StixObjects::Indicators => (true, false),
            StixObjects::Observables => (false, true),
        };
        let mut bodies = Vec::new();
        if indicators {
            let marked = marking::of(item, &self.author, true);
            bodies.push((object::indicator(item, &self.author, &marked)?, marked));
        }
        if observables {
            let marked = marking::of(item, &self.author, false);
            match object::observable(item, &marked) {
                Ok(body) => bodies.push((body, marked)),
                Err(_) if indicators => {}
                Err(reason) => return Err(reason),
            }
        }
        let mut list = Vec::new();
        let mut last = Err(Reason::Duplicate);
        for (body, marked) in bodies {
            let new = |one: &&marking::Definition| !self.definitions.contains(&one.id);
            let new: Vec<marking::Definition> =
                marked.definitions.iter().filter(new).cloned().collect();
            if self.definitions.len() + new.len() > MAX_DEFINITIONS {
                return Err(Reason::TooManyMarkings);
            }
            let id = body.get("id").and_then(Value::as_str).unwrap_or("");
            if let Err(reason) = self.seen.add(&[id]) {
                last = if reason == Reason::Duplicate { last } else { Err(reason) };
                continue;
            }
            last = Ok(());
            for definition in new {
                self.definitions.insert(definition.id);
                list.push(definition.body);
            }
            list.push(body);
        }
        if list.is_empty() { last.map(|()| list) } else { Ok(list) }
    }
}

impl Writer for Stix {
    fn begin(&mut self, out: &mut dyn Write) -> Result<(), WriteFault> {
        if let Some(bundle) = &self.bundle {
            writeln!(out, "{{\"type\":\"bundle\",\"id\":{},\"objects\":[", json!(bundle))?;
        }
        let author = &self.author;
        let identity = object::map(json!({
            "type": "identity",
            "spec_version": "2.1",
            "id": author.identity,
            "created": FORM_CREATED,
            "modified": FORM_CREATED,
            "name": author.producer,
            "identity_class": "organization",
        }));
        self.emit(out, &identity)
    }

    fn put(&mut self, out: &mut dyn Write, item: &Item<'_>) -> Put {
        match self.objects(item) {
            Ok(list) => {
                for object in list {
                    self.emit(out, &object)?;
                }
                Ok(Ok(()))
            }
            Err(reason) => Ok(Err(reason)),
        }
    }

    fn end(&mut self, out: &mut dyn Write) -> Result<(), WriteFault> {
        out.write_all(if self.bundle.is_some() { b"\n]}\n" } else { b"\n" })?;
        Ok(())
    }
}
