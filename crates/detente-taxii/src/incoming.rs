//! An object in an envelope: what must be known of it before it lies on a shelf.

use std::borrow::Cow;

use detente_core::Tlp;
use detente_intel::Markings;
use detente_intel::read::{MAX_DEPTH, MAX_OBJECT, object_markings};
use serde::Deserialize;
use uuid::Uuid;

use crate::account::Level;
use crate::moment::Moment;

/// The longest type of an object. Bytes (section 3.2 of STIX 2.1 allows 250).
const MAX_TYPE: usize = 250;

/// The properties on which a shelf stands; one that stands there twice is refused.
#[derive(Deserialize)]
pub(crate) struct Head<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    spec_version: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    created: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    modified: Option<Cow<'a, str>>,
}

/// What a shelf stands on.
pub(crate) struct Known {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) spec: &'static str,
    pub(crate) version: Option<Moment>,
}

/// Reads the head of an object, or says what is wrong with it.
pub(crate) fn head(bytes: &[u8]) -> Result<Known, String> {
    if bytes.len() > MAX_OBJECT {
        return Err(format!("{} bytes; at most {MAX_OBJECT} are taken", bytes.len()));
    }
    if depth(bytes) > MAX_DEPTH {
        return Err(format!("nested more than {MAX_DEPTH} deep"));
    }
    if !is_object(bytes) {
        return Err("it is no JSON object".to_owned());
    }
    let head: Head<'_> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let named = head.id.rsplit_once("--");
    let sound = named.is_some_and(|(kind, uuid)| {
        kind == head.kind && uuid.len() == 36 && Uuid::try_parse(uuid).is_ok()
    });
    if !sound || head.kind.is_empty() || head.kind.len() > MAX_TYPE {
        return Err("its id is not its type, two hyphens and a UUID".to_owned());
    }
    if head.kind == "bundle" {
        return Err("a bundle is no object of an envelope: send its objects".to_owned());
    }
    let spec = match head.spec_version.as_deref() {
        Some("2.1") => "2.1",
        None | Some("2.0") => spec_of(&head),
        Some(_) => return Err("its spec_version is neither 2.0 nor 2.1".to_owned()),
    };
    let time = |name: &str, text: &Option<Cow<'_, str>>| match text {
        None => Ok(None),
        Some(text) => match Moment::read(text) {
            Some(moment) => Ok(Some(moment)),
            None => Err(format!("{name} is no time with a Z, in the years 1 to 9999")),
        },
    };
    let created = time("created", &head.created)?;
    let version = time("modified", &head.modified)?.or(created);
    Ok(Known { id: head.id.into_owned(), kind: head.kind.into_owned(), spec, version })
}

/// Whether this begins as an object: serde would take a list of the values in the right order too.
pub(crate) fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().first() == Some(&b'{')
}

/// Without `spec_version` an object with `created` is one of STIX 2.0, and any other is a
/// cyber-observable object of 2.1, where the property is optional.
fn spec_of(head: &Head<'_>) -> &'static str {
    if head.created.is_some() || head.spec_version.is_some() { "2.0" } else { "2.1" }
}

/// How deep a JSON value nests. It is known to be JSON already.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut text, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            b'{' | b'[' if !text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// How close an object is held: by its own markings, and those that `defined` knows.
pub(crate) fn level(
    bytes: &[u8],
    unmarked: Option<Tlp>,
    mut defined: impl FnMut(&str) -> Option<Markings>,
) -> Result<Level, String> {
    let found = object_markings(bytes).map_err(|error| error.to_string())?;
    let mut all = |mut markings: Markings, open: Vec<String>| {
        for id in open {
            match defined(&id) {
                Some(known) => markings.merge(&known),
                None => markings.add_unknown(&id),
            }
        }
        markings
    };
    let whole = all(found.whole, found.whole_open);
    let parts = all(found.parts, found.parts_open);
    if whole.is_closed() || whole.is_conflicting() || parts.is_closed() {
        return Ok(Level::CLOSED);
    }
    // Parts may differ from each other and from the whole: the closest counts for all of it.
    let colour = whole.tlp().or(unmarked).unwrap_or(Tlp::Red);
    Ok(Level::of(parts.tlp().map_or(colour, |part| part.max(colour))))
}
