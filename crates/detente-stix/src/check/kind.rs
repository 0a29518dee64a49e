//! The words in which the tables speak: what a property may hold, which properties an object has,
//! which rules hold between them.

use serde_json::{Map, Value};

use super::format::Format;
use super::report::Level;
use super::vocabulary::Vocabulary;
use super::walk::Walk;

/// What a property holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Any value of the standard's types: what is not defined here.
    Any,
    /// `true` or `false`.
    Boolean,
    /// Keys and values.
    Dictionary(&'static Dictionary),
    /// A term of a closed list.
    Enum(&'static Vocabulary),
    /// The extensions that an object of this type has by name.
    Extensions(&'static [Extension]),
    /// Granular markings.
    Granular,
    /// Hash names and values. The level is that of names outside the vocabulary.
    Hashes(Level),
    /// A whole number within bounds.
    Integer(i64, i64),
    /// A list whose elements are all alike.
    List(&'static Kind),
    /// A number within bounds.
    Number(f64, f64),
    /// A term, if possible one of a list.
    Open(&'static Vocabulary),
    /// An object with its own table.
    Part(&'static Record),
    /// An identifier, and what it may point at.
    Reference(Target),
    /// Any text.
    String,
    /// A text or a whole number.
    StringOrInteger,
    /// A text of a certain form.
    Text(&'static Format),
    /// A time.
    Time(Precision),
}

/// How finely a time must be written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    Any,
    /// At least three digits after the second.
    Millisecond,
    /// No digits after the second.
    Second,
}

/// What an identifier may point at. Types the standard does not know pass everywhere but where
/// single types are named: what they are is for their extension to say.
#[derive(Clone, Copy)]
pub(super) enum Target {
    /// Any STIX object; a bundle is none.
    Any,
    /// SDOs only.
    Domain,
    /// SDOs and SCOs.
    Node,
    /// The object itself: any type, and no key of a container.
    Own,
    /// SCOs and SROs.
    Observation,
    /// SCOs only.
    Observable,
    /// These types only.
    Types(&'static [&'static str]),
}

/// A dictionary (STIX 2.1 §2.3).
pub(super) struct Dictionary {
    /// What every value is.
    pub value: Kind,
    /// The form of the keys, beyond what every dictionary asks for.
    pub key: Option<&'static Format>,
    /// Whether keys keep the case they have elsewhere, so that capitals are no fault.
    pub keeps_case: bool,
}

/// A predefined extension (STIX 2.1 §3.10).
pub(super) struct Extension {
    pub name: &'static str,
    pub record: &'static Record,
}

/// One property in a table.
pub(super) struct Property {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
}

/// A property that must be there.
pub(super) const fn must(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, required: true }
}

/// A property that may be there.
pub(super) const fn may(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, required: false }
}

/// A rule between the properties of one object. All but the first are MUSTs.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// A property that SHOULD be there.
    Advised(&'static str),
    /// At least one of these.
    AnyOf(&'static [&'static str]),
    /// Not both of these.
    NotBoth(&'static str, &'static str),
    /// The first only together with the second.
    Needs(&'static str, &'static str),
    /// The first is not before the second.
    NotBefore(&'static str, &'static str),
    /// The first is after the second.
    After(&'static str, &'static str),
    /// What is said in code.
    Special(fn(&mut Walk<'_>, &Map<String, Value>)),
}

/// The table of one type.
pub(super) struct Record {
    /// The section of STIX 2.1 that defines it.
    pub section: &'static str,
    pub properties: &'static [Property],
    pub rules: &'static [Rule],
}

impl Record {
    pub(super) fn find(&self, name: &str) -> Option<&'static Property> {
        self.properties.iter().find(|property| property.name == name)
    }
}

/// The class of a top-level object, which decides its common properties (STIX 2.1 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Bundle,
    Domain,
    ExtensionDefinition,
    Language,
    Marking,
    Observable,
    Relationship,
}

// Shorthands of the tables.
pub(super) const STRINGS: Kind = Kind::List(&Kind::String);
pub(super) const TIME: Kind = Kind::Time(Precision::Any);
/// Whole numbers must fit a double (STIX 2.1 §2.10).
pub(super) const MAX_INTEGER: i64 = (1 << 53) - 1;
pub(super) const INTEGER: Kind = Kind::Integer(-MAX_INTEGER, MAX_INTEGER);
pub(super) const NATURAL: Kind = Kind::Integer(0, MAX_INTEGER);
