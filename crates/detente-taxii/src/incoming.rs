//! An object in an envelope: what must be known of it before it lies on a shelf.

use detente_core::Tlp;
use detente_read::head_markings;
use detente_stix::{Header, Identifier, Object, SpecVersion};

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
    /// Whether it is as close as that because it says nothing of its handling.
    pub(crate) unmarked: bool,
    pub(crate) creator: Option<String>,
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
    let (level, unmarked) = level(&head, terms.unmarked)?;
    let level = terms.at_least.map_or(level, |colour| level.max(Level::of(colour)));
    let (id, kind) = (head.id.as_str().to_owned(), head.kind.into_owned());
    let creator = head.created_by_ref.map(|id| id.as_str().to_owned());
    Ok(Known { id, kind, spec, version, level, unmarked, creator })
}

/// Who made an object, by its own words.
pub fn creator_of(bytes: &[u8]) -> Option<String> {
    let head = Header::read(bytes).ok()?;
    head.created_by_ref.map(|id| id.as_str().to_owned())
}

/// How close an object is held, by its own markings, and whether that is because it has none. A
/// marking that is not well-known closes,
/// whatever definition somebody gives for it: STIX names TLP by its standing ids alone, and a
/// definition that opened would let one account open what another one brings.
fn level(head: &Header<'_>, unmarked: Option<Tlp>) -> Result<(Level, bool), String> {
    let whole = head.object_marking_refs.iter().map(Identifier::as_str);
    let parts = head.granular_marking_refs.iter().map(Identifier::as_str);
    let found = head_markings(whole, parts, head.labels.as_deref());
    let found = found.map_err(|error| error.to_string())?;
    let open =
        head.granular_without || !(found.whole_open.is_empty() && found.parts_open.is_empty());
    let (whole, parts) = (found.whole, found.parts);
    if open || whole.is_closed() || whole.is_conflicting() || parts.is_closed() {
        return Ok((Level::CLOSED, false));
    }
    // Parts may differ from each other and from the whole: the closest counts for all of it.
    let colour = whole.tlp().or(unmarked);
    let (colour, says_nothing) = (colour.unwrap_or(Tlp::Red), colour.is_none());
    Ok((Level::of(parts.tlp().map_or(colour, |part| part.max(colour))), says_nothing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use detente_read::object_markings;
    use proptest::prelude::*;

    /// How close an object is by its bytes alone, whatever has been read of its head.
    fn by_bytes(bytes: &[u8]) -> Level {
        let Ok(found) = object_markings(bytes) else { return Level::CLOSED };
        let open = !(found.whole_open.is_empty() && found.parts_open.is_empty());
        if open
            || found.whole.is_closed()
            || found.whole.is_conflicting()
            || found.parts.is_closed()
        {
            return Level::CLOSED;
        }
        let colour = found.whole.tlp().unwrap_or(Tlp::Red);
        Level::of(found.parts.tlp().map_or(colour, |part| part.max(colour)))
    }

    fn marking() -> impl Strategy<Value = String> {
        prop::sample::select(vec![
            "94868c89-83c2-464b-929b-a1a8aa3c8487",
            "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
            "e828b379-4e03-4974-9ac4-e53a884c97c1",
            "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
        ])
        .prop_map(|uuid| format!(r#""marking-definition--{uuid}""#))
    }

    fn list(of: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
        prop::collection::vec(of, 0..3).prop_map(|all| format!("[{}]", all.join(",")))
    }

    fn part() -> impl Strategy<Value = String> {
        prop_oneof![
            3 => marking().prop_map(|id| format!(r#"{{"marking_ref":{id},"selectors":["name"]}}"#)),
            1 => Just(r#"{"lang":"de","selectors":["name"]}"#.to_owned()),
            1 => Just(r#"{"selectors":["name"]}"#.to_owned()),
        ]
    }

    fn labels() -> impl Strategy<Value = String> {
        let label = prop::sample::select(vec![r#""tlp:red""#, r#""tlp:green""#, r#""x""#, "1"]);
        let label = label.prop_map(str::to_owned);
        let other = prop::sample::select(vec![r#""tlp:amber""#, "null", "{}", "1"]);
        prop_oneof![3 => list(label), 1 => other.prop_map(str::to_owned)]
    }

    proptest! {
        /// The head says of the handling what the whole object says.
        #[test]
        fn the_head_is_as_close_as_the_object(
            whole in prop::option::of(list(marking())),
            parts in prop::option::of(list(part())),
            labels in prop::option::of(labels()),
        ) {
            let mut json = String::from(
                r#"{"type":"tool","id":"tool--aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa","name":"a""#,
            );
            let all =
                [("object_marking_refs", whole), ("granular_markings", parts), ("labels", labels)];
            for (name, value) in all {
                if let Some(value) = value {
                    json.push_str(&format!(r#","{name}":{value}"#));
                }
            }
            json.push('}');
            let (head, _) = Object::read(json.as_bytes()).unwrap().into_parts();
            let (found, _) = level(&head, None).unwrap();
            prop_assert_eq!(found, by_bytes(json.as_bytes()), "{}", json);
        }
    }
}
