//! Handling markings: what the originator allows, as one TLP 2.0 colour and the texts it came from.
//!
//! Most restrictive wins, always: over STIX object and granular markings, over MISP event and
//! attribute tags, over repeated colours. What is not understood counts as closed and is flagged
//! ([`Markings::is_closed`]); nothing here ever opens anything.
//!
//! Sources: FIRST TLP 2.0 (August 2022); STIX 2.1 section 7.2 (TLP 1 definitions, section 7.2.1.4)
//! and the OASIS extension definition "TLP 2.0"; MISP taxonomy `tlp`. What else there
//! is on handling is kept as text, and read in `handling.rs`.

use detente_core::Tlp;
use serde::{Deserialize, Serialize};

/// Marking texts kept per indicator; one more makes the marking closed.
pub const MAX_MARKING_TEXTS: usize = 32;
/// The longest marking text kept, in bytes; a longer one is cut and makes the marking closed.
pub const MAX_MARKING_TEXT: usize = 256;

/// The STIX marking definitions of TLP 2.0 and TLP 1.0, and the id that OpenCTI gives to
/// AMBER+STRICT.
const STIX_TLP: [(&str, Tlp); 10] = [
    ("94868c89-83c2-464b-929b-a1a8aa3c8487", Tlp::Clear),
    ("bab4a63c-aed9-4cf5-a766-dfca5abac2bb", Tlp::Green),
    ("55d920b0-5e8b-4f79-9ee9-91f868d9b421", Tlp::Amber),
    ("939a9414-2ddd-4d32-a0cd-375ea402b003", Tlp::AmberStrict),
    ("e828b379-4e03-4974-9ac4-e53a884c97c1", Tlp::Red),
    ("613f2e26-407d-48c7-9eca-b8e91df99dc9", Tlp::Clear),
    ("34098fce-860f-48ae-8e50-ebd3cc5e41da", Tlp::Green),
    ("f88d31f6-486f-44da-b317-01333bde0b82", Tlp::Amber),
    ("826578e1-40ad-459f-bc73-ede076f81f37", Tlp::AmberStrict),
    ("5e57c739-391a-4eb3-b6be-7d15ca92d5ed", Tlp::Red),
];

/// Prefixes of MISP taxonomies that restrict handling and that nobody here can interpret: their
/// tags close the marking.
const FOREIGN_REGIMES: [&str; 7] = [
    "acs-marking:",
    "cssa:sharing-class",
    "de-vs:",
    "dcso-sharing:",
    "fr-classif:",
    "iep2-reference:",
    "nato:",
];

/// The marking of one indicator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Markings {
    tlp: Option<Tlp>,
    closed: bool,
    conflicting: bool,
    source_hidden: bool,
    texts: Vec<String>,
}

impl Markings {
    /// No marking at all.
    pub fn none() -> Markings {
        Markings::default()
    }

    /// One colour that the importer gives.
    pub fn of(tlp: Tlp) -> Markings {
        let mut markings = Markings::default();
        markings.add_tlp(tlp);
        markings
    }

    /// The most restrictive colour named, if any was.
    pub fn tlp(&self) -> Option<Tlp> {
        self.tlp
    }

    /// Whether a marking was not understood, contradicts its own definition, or did not fit. Such
    /// an indicator must not leave, whatever colour it also has.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether more than one colour was named; the most restrictive one counts.
    pub fn is_conflicting(&self) -> bool {
        self.conflicting
    }

    /// Whether `tlp:ex:chr` (Chatham House rule) forbids naming the source.
    pub fn is_source_hidden(&self) -> bool {
        self.source_hidden
    }

    /// Whether nothing at all was said.
    pub fn is_unmarked(&self) -> bool {
        self.tlp.is_none() && !self.closed
    }

    /// The marking texts as they came: tags, marking-definition ids, PAP. In order of appearance,
    /// each once, at most [`MAX_MARKING_TEXTS`] of at most [`MAX_MARKING_TEXT`] bytes.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The colour that counts: RED if the marking is closed, else the named colour, else `default`.
    pub fn effective(&self, default: Tlp) -> Tlp {
        if self.closed { Tlp::Red } else { self.tlp.unwrap_or(default) }
    }

    /// Adds a colour.
    pub fn add_tlp(&mut self, tlp: Tlp) {
        self.conflicting |= self.tlp.is_some_and(|had| had != tlp);
        self.tlp = Some(self.tlp.map_or(tlp, |had| had.max(tlp)));
    }

    /// Raises the colour to at least this one; one that was named already contradicts nothing.
    pub fn raise(&mut self, tlp: Tlp) {
        self.tlp = Some(self.tlp.map_or(tlp, |had| had.max(tlp)));
    }

    /// Adds a text that says how to handle the object but that is not understood: closes it.
    pub fn add_unknown(&mut self, text: &str) {
        self.closed = true;
        self.keep(text);
    }

    /// Reads a text that is known to be a marking, such as a CSV cell: a colour in any of its
    /// spellings, `PAP:...`, `REL TO ...` and the like; anything else closes the marking.
    pub fn add_text(&mut self, text: &str) {
        let text = text.trim();
        if !text.is_empty() && !self.add_tag(text) {
            match text.parse::<Tlp>() {
                Ok(tlp) => {
                    self.add_tlp(tlp);
                    self.keep(text);
                }
                Err(_) => self.add_unknown(text),
            }
        }
    }

    /// Reads a MISP tag. Returns whether it is about handling; other tags are left alone.
    pub fn add_tag(&mut self, tag: &str) -> bool {
        let lower = tag.trim().to_ascii_lowercase();
        if let Some(colour) = lower.strip_prefix("tlp:") {
            self.add_tlp_tag(tag, colour);
            true
        } else if crate::handling::is_handling(&lower) {
            crate::handling::take(self, tag);
            true
        } else if FOREIGN_REGIMES.iter().any(|prefix| lower.starts_with(prefix)) {
            self.add_unknown(tag);
            true
        } else {
            false
        }
    }

    fn add_tlp_tag(&mut self, tag: &str, colour: &str) {
        if colour == "ex:chr" {
            self.hide_source();
            self.keep(tag);
            return;
        }
        match colour.parse::<Tlp>() {
            Ok(tlp) => {
                self.add_tlp(tlp);
                self.keep(tag);
            }
            Err(_) => self.add_unknown(tag),
        }
    }

    /// Adds a STIX marking that is defined by an id alone. Returns whether the id is a known one;
    /// if not, nothing is changed and the caller looks for its definition.
    pub fn add_stix_id(&mut self, id: &str) -> bool {
        match stix_tlp(id) {
            Some(tlp) => {
                self.add_tlp(tlp);
                self.keep(id);
                true
            }
            None => false,
        }
    }

    /// Takes over everything that `other` says: the most restrictive of both.
    pub fn merge(&mut self, other: &Markings) {
        if let Some(tlp) = other.tlp {
            self.add_tlp(tlp);
        }
        self.closed |= other.closed;
        self.conflicting |= other.conflicting;
        self.source_hidden |= other.source_hidden;
        for text in &other.texts {
            self.keep(text);
        }
    }

    /// Forbids to name the source.
    pub(crate) fn hide_source(&mut self) {
        self.source_hidden = true;
    }

    pub(crate) fn keep(&mut self, text: &str) {
        let text = text.trim();
        let end = text.floor_char_boundary(MAX_MARKING_TEXT);
        let (kept, cut) = text.split_at(end);
        self.closed |= !cut.is_empty();
        if self.texts.iter().any(|had| had == kept) {
            return;
        }
        if self.texts.len() >= MAX_MARKING_TEXTS {
            self.closed = true;
        } else {
            self.texts.push(kept.to_owned());
        }
    }
}

/// The colour that a STIX marking-definition id stands for.
pub fn stix_tlp(id: &str) -> Option<Tlp> {
    let uuid = id.strip_prefix("marking-definition--")?;
    STIX_TLP.iter().find(|(known, _)| known.eq_ignore_ascii_case(uuid)).map(|(_, tlp)| *tlp)
}

/// The stored and sent spelling of [`Markings`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tlp: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    closed: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    conflicting: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    source_hidden: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    texts: Vec<String>,
}

impl From<Markings> for Wire {
    fn from(markings: Markings) -> Wire {
        Wire {
            tlp: markings.tlp.map(|tlp| tlp.name().to_owned()),
            closed: markings.closed,
            conflicting: markings.conflicting,
            source_hidden: markings.source_hidden,
            texts: markings.texts,
        }
    }
}

impl TryFrom<Wire> for Markings {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Markings, String> {
        let fits = wire.texts.len() <= MAX_MARKING_TEXTS
            && wire.texts.iter().all(|text| text.len() <= MAX_MARKING_TEXT);
        if !fits {
            return Err("more or longer marking texts than allowed".to_owned());
        }
        let tlp = match wire.tlp {
            Some(name) => {
                Some(name.parse().map_err(|fault: detente_core::UnknownTlp| fault.to_string())?)
            }
            None => None,
        };
        Ok(Markings {
            tlp,
            closed: wire.closed,
            conflicting: wire.conflicting,
            source_hidden: wire.source_hidden,
            texts: wire.texts,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn most_restrictive_wins_in_any_order() {
        for order in [["tlp:green", "TLP:RED", "tlp:white"], ["TLP:RED", "tlp:white", "tlp:green"]]
        {
            let mut markings = Markings::none();
            for tag in order {
                assert!(markings.add_tag(tag));
            }
            assert_eq!(markings.tlp(), Some(Tlp::Red));
            assert!(markings.is_conflicting() && !markings.is_closed());
        }
    }

    #[test]
    fn spellings_of_one_colour() {
        for text in ["white", "TLP:WHITE", "tlp:clear", "Clear", " TLP:CLEAR "] {
            let mut markings = Markings::none();
            markings.add_text(text);
            assert_eq!((markings.tlp(), markings.is_closed()), (Some(Tlp::Clear), false), "{text}");
        }
        let mut markings = Markings::none();
        markings.add_text("TLP:AMBER+STRICT");
        assert_eq!(markings.effective(Tlp::Clear), Tlp::AmberStrict);
    }

    #[test]
    fn what_is_not_understood_closes() {
        for text in
            ["tlp:purple", "TLP:", "tlp:unclear", "internal use only", "nato:classification=\"NS\""]
        {
            let mut markings = Markings::of(Tlp::Clear);
            markings.add_text(text);
            assert!(markings.is_closed(), "{text}");
            assert_eq!(markings.effective(Tlp::Clear), Tlp::Red, "{text}");
            assert_eq!(markings.texts(), [text.trim()], "{text}");
        }
    }

    #[test]
    fn other_tags_are_left_alone_and_pap_is_kept() {
        let mut markings = Markings::none();
        assert!(!markings.add_tag("misp-galaxy:threat-actor=\"Sofacy\""));
        assert!(markings.add_tag("PAP:AMBER") && markings.add_tag("tlp:ex:chr"));
        assert!(markings.is_unmarked() && markings.is_source_hidden());
        assert_eq!(markings.effective(Tlp::Amber), Tlp::Amber);
        assert_eq!(markings.texts().len(), 2);
    }

    #[test]
    fn stix_ids_of_both_versions() {
        let mut markings = Markings::none();
        assert!(!markings.add_stix_id("marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168"));
        assert!(markings.is_unmarked());
        assert!(markings.add_stix_id("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"));
        assert_eq!(markings.tlp(), Some(Tlp::Clear));
        assert!(markings.add_stix_id("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"));
        assert_eq!(markings.tlp(), Some(Tlp::AmberStrict));
    }

    #[test]
    fn too_much_to_keep_closes() {
        let mut many = Markings::none();
        for n in 0..=MAX_MARKING_TEXTS {
            many.add_tag(&format!("PAP:{n}"));
        }
        assert!(many.is_closed());
        let mut long = Markings::none();
        long.add_tag(&format!("pap:{}", "é".repeat(MAX_MARKING_TEXT)));
        assert!(long.is_closed() && long.texts()[0].len() <= MAX_MARKING_TEXT);
    }

    #[test]
    fn stored_form_is_bounded() {
        let texts = vec!["x"; MAX_MARKING_TEXTS + 1];
        let json = serde_json::json!({"texts": texts}).to_string();
        assert!(serde_json::from_str::<Markings>(&json).is_err());
        assert!(serde_json::from_str::<Markings>(r#"{"tlp":"purple"}"#).is_err());
    }

    /// Colours, other words, and noise.
    const MARKS: &str = "(tlp:|TLP:|)(red|amber|green|clear|x|.{0,12})";

    proptest! {
        #[test]
        fn adding_never_opens(texts in proptest::collection::vec(MARKS, 0..40)) {
            let mut markings = Markings::none();
            for text in &texts {
                let before = markings.clone();
                markings.add_text(text);
                prop_assert!(!before.is_closed() || markings.is_closed());
                prop_assert!(before.tlp() <= markings.tlp());
            }
            let json = serde_json::to_string(&markings).expect("plain data");
            prop_assert_eq!(serde_json::from_str::<Markings>(&json).expect("own output"), markings);
        }

        #[test]
        fn merge_is_at_least_both(a in MARKS, b in MARKS) {
            let (mut left, mut right) = (Markings::none(), Markings::none());
            left.add_text(&a);
            right.add_text(&b);
            let mut both = left.clone();
            both.merge(&right);
            prop_assert!(both.tlp() >= left.tlp().max(right.tlp()));
            prop_assert_eq!(both.is_closed(), left.is_closed() || right.is_closed());
        }
    }
}
