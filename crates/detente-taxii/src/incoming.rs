//! An object in an envelope: what must be known of it before it lies on a shelf.

use detente_core::Tlp;
use detente_read::object_markings;
use detente_stix::{Object, SpecVersion};

use crate::account::Level;
use crate::moment::Moment;
use crate::shelve::Terms;

/// What a shelf stands on.
pub(crate) struct Known {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) spec: &'static str,
    pub(crate) version: Option<Moment>,
    pub(crate) level: Level,
}

/// The type of an object, and how close a shelf would hold it.
///
/// # Errors
/// Why it cannot lie on a shelf.
pub fn would_lie(bytes: &[u8], terms: Terms) -> Result<(String, Level), String> {
    known(bytes, terms).map(|known| (known.kind, known.level))
}

/// Reads what must be known of an object, or says what is wrong with it.
pub(crate) fn known(bytes: &[u8], terms: Terms) -> Result<Known, String> {
    let (head, _) = Object::read(bytes).map_err(|fault| fault.to_string())?.into_parts();
    if head.kind == "bundle" {
        return Err("a bundle is no object of an envelope: send its objects".to_owned());
    }
    let spec = match head.spec() {
        SpecVersion::V20 => "2.0",
        SpecVersion::V21 => "2.1",
        SpecVersion::Other => return Err("its spec_version is neither 2.0 nor 2.1".to_owned()),
    };
    let version = match head.version() {
        None => None,
        Some(time) => Some(Moment::read(time.as_str()).ok_or("its version is no time")?),
    };
    let level = level(bytes, terms.unmarked)?;
    let level = terms.at_least.map_or(level, |colour| level.max(Level::of(colour)));
    let (id, kind) = (head.id.as_str().to_owned(), head.kind.into_owned());
    Ok(Known { id, kind, spec, version, level })
}

/// How close an object is held, by its own markings. A marking that is not well-known closes,
/// whatever definition somebody gives for it: STIX names TLP by its standing ids alone, and a
/// definition that opened would let one account open what another one brings.
fn level(bytes: &[u8], unmarked: Option<Tlp>) -> Result<Level, String> {
    let found = object_markings(bytes).map_err(|error| error.to_string())?;
    let open = !(found.whole_open.is_empty() && found.parts_open.is_empty());
    let (whole, parts) = (found.whole, found.parts);
    if open || whole.is_closed() || whole.is_conflicting() || parts.is_closed() {
        return Ok(Level::CLOSED);
    }
    // Parts may differ from each other and from the whole: the closest counts for all of it.
    let colour = whole.tlp().or(unmarked).unwrap_or(Tlp::Red);
    Ok(Level::of(parts.tlp().map_or(colour, |part| part.max(colour))))
}
