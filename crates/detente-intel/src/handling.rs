//! Handling beside the TLP colour: what marking texts say of PAP, category, origin of the threat,
//! purpose, releasability and the originator's control.
//!
//! Read: MISP taxonomy `PAP` (version 3); FIRST IEP 1.0 and 2.0 in the spellings of the MISP
//! taxonomies `iep` and `iep2-policy`, of FIRST's JSON and of the STIX extension; `REL TO ...` and
//! `ORCON`; and tags of this program's own, such as `detente:category="election-system"`. IEP is
//! read as restrictions only: whatever it says that nothing here can keep closes the marking.
//!
//! Of several texts about one thing the most restrictive counts; where none is, nothing is known.

use detente_core::{Pap, Purpose, Tlp};

use crate::{Markings, parse_unix_seconds};

/// Prefixes of the MISP taxonomies of IEP 1.0 and 2.0.
const IEP: [&str; 2] = ["iep:", "iep2-policy:"];

/// What the texts of a marking say. Parties are named as people wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stated {
    /// The most closed PAP colour.
    pub pap: Option<Pap>,
    /// What it is about; none if nothing or several things are said.
    pub category: Option<String>,
    /// Where the threat comes from: a party's name or `third`.
    pub threat: Option<String>,
    /// What it is given for.
    pub purpose: Option<Purpose>,
    /// To whom alone it may go: those whom every list names.
    pub releasable: Option<Vec<String>>,
    /// Whose consent each release needs; an empty name if it is not said whose.
    pub originator: Option<String>,
}

/// One thing that a text says.
enum Says {
    Pap(Pap),
    Category(String),
    Threat(String),
    Purpose(Purpose),
    Releasable(Vec<String>),
    Originator(String),
    /// Something that asks nothing of the gate.
    Nothing,
}

/// Whether a tag is one of those that are read here.
pub(crate) fn is_handling(lower: &str) -> bool {
    let prefixes = ["pap:", "detente:", "rel to "];
    prefixes.iter().chain(&IEP).any(|prefix| lower.starts_with(prefix)) || lower == "orcon"
}

/// Takes a tag that is about handling into a marking: a colour or a hidden source at once, all
/// else as its text. What can't be read or kept closes the marking.
pub(crate) fn take(markings: &mut Markings, tag: &str) {
    let lower = tag.trim().to_ascii_lowercase();
    match says(tag) {
        Some(_) => markings.keep(tag),
        None => markings.add_unknown(tag),
    }
    let Some((key, value)) = statement(&lower) else { return };
    match (key.as_str(), value) {
        // IEP has no AMBER+STRICT, and WHITE is CLEAR: neither is ever read as more open.
        ("traffic-light-protocol" | "tlp", colour) => match colour.parse::<Tlp>() {
            Ok(tlp) => markings.add_tlp(tlp),
            Err(_) => markings.add_unknown(tag),
        },
        ("provider-attribution" | "attribution", "must not" | "must-not") => markings.hide_source(),
        _ => {}
    }
}

/// `key="value"`, in whatever case it came.
fn machine_tag(tag: &str) -> Option<(&str, &str)> {
    let (key, value) = tag.split_once('=')?;
    Some((key.trim(), value.trim().trim_matches('"').trim()))
}

/// A statement of an IEP policy: its name, with hyphens whatever it came with, and its value.
fn statement(lower: &str) -> Option<(String, &str)> {
    let policy = IEP.iter().find_map(|prefix| lower.strip_prefix(prefix))?;
    machine_tag(policy).map(|(key, value)| (key.replace('_', "-"), value))
}

/// What a text says; none if it is not understood.
fn says(text: &str) -> Option<Says> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    if let Some(colour) = lower.strip_prefix("pap:") {
        let colour = colour.trim();
        let pap = if colour == "white" { Ok(Pap::Clear) } else { colour.parse() };
        return pap.ok().map(Says::Pap);
    }
    if IEP.iter().any(|prefix| lower.starts_with(prefix)) {
        let (key, value) = statement(&lower)?;
        return iep(&key, value);
    }
    if lower == "orcon" {
        return Some(Says::Originator(String::new()));
    }
    if lower.starts_with("rel to ") {
        return Some(Says::Releasable(names(text.get("rel to ".len()..)?)));
    }
    let (key, value) = machine_tag(text.get("detente:".len()..)?)?;
    if !lower.starts_with("detente:") || value.is_empty() {
        return None;
    }
    Some(match key.to_ascii_lowercase().as_str() {
        "category" => Says::Category(value.to_lowercase()),
        "threat-origin" => Says::Threat(value.to_owned()),
        "purpose" => Says::Purpose(value.to_ascii_lowercase().parse().ok()?),
        "releasable-to" => Says::Releasable(names(value)),
        "originator" => Says::Originator(value.to_owned()),
        _ => return None,
    })
}

/// One statement of an IEP policy, as a restriction.
fn iep(key: &str, value: &str) -> Option<Says> {
    match (key, value.replace('-', " ").as_str()) {
        ("permitted-actions", actions) => Some(Says::Pap(match actions {
            "none" | "contact for instruction" | "internally visible actions" => Pap::Red,
            "externally visible indirect actions" => Pap::Amber,
            "externally visible direct actions" => Pap::Green,
            _ => return None,
        })),
        // A colour is read elsewhere. The line is always encrypted.
        ("traffic-light-protocol" | "tlp", _)
        | ("encrypt-in-transit", "may" | "must")
        | ("provider-attribution" | "attribution", "may" | "must" | "must not")
        | ("encrypt-at-rest" | "obfuscate-affected-parties", "may")
        // These bind the receiver: the text travels with the object.
        | (
            "affected-party-notifications" | "unmodified-resale" | "commercial-use",
            "may" | "must not",
        )
        // What names and describes the policy asks nothing.
        | ("id" | "iep-id" | "name" | "description", _)
        | ("version" | "iep-version", "1" | "1.0" | "2" | "2.0") => Some(Says::Nothing),
        // What restricts from a day on may restrict before it too. When a policy ends is not for a
        // marking to tell, which knows no time: an end closes.
        ("start-date", _) => parse_unix_seconds(value).map(|_| Says::Nothing),
        // A link to terms is one to look up; terms in prose close.
        ("reference" | "external-reference" | "external-references", _) => {
            is_link(value).then_some(Says::Nothing)
        }
        _ => None,
    }
}

/// Whether a text is a link and nothing else.
pub fn is_link(text: &str) -> bool {
    let lower = text.trim().to_ascii_lowercase();
    (lower.starts_with("https://") || lower.starts_with("http://"))
        && !lower.contains(char::is_whitespace)
}

fn names(list: &str) -> Vec<String> {
    let parts = list.split([',', ';']).map(str::trim).filter(|name| !name.is_empty());
    parts.map(str::to_owned).collect()
}

/// What several texts say of one thing: alike, or nothing.
#[derive(Default)]
struct One<T>(Option<Option<T>>);

impl<T: PartialEq> One<T> {
    fn add(&mut self, value: T) {
        self.0 = Some(match self.0.take() {
            None => Some(value),
            Some(Some(had)) if had == value => Some(had),
            Some(_) => None,
        });
    }

    fn get(self) -> Option<T> {
        self.0.flatten()
    }
}

impl Markings {
    /// What the texts say about handling.
    pub fn stated(&self) -> Stated {
        let (mut category, mut threat, mut purpose) = (One(None), One(None), One(None));
        let mut stated = Stated::default();
        for text in self.texts().iter().filter(|text| is_handling(&text.to_ascii_lowercase())) {
            match says(text) {
                Some(Says::Pap(pap)) => stated.pap = stated.pap.max(Some(pap)),
                Some(Says::Category(word)) => category.add(word),
                Some(Says::Threat(from)) => threat.add(from),
                Some(Says::Purpose(word)) => purpose.add(word),
                Some(Says::Releasable(list)) => {
                    let both = |had: Vec<String>| {
                        had.into_iter().filter(|name| list.contains(name)).collect()
                    };
                    stated.releasable =
                        Some(stated.releasable.take().map_or_else(|| list.clone(), both));
                }
                // Two originators: the consent of one is not enough, so it is nobody's to give.
                Some(Says::Originator(name)) => {
                    let had = stated.originator.take();
                    let same = had.is_none_or(|had| had == name);
                    stated.originator = Some(if same { name } else { String::new() });
                }
                Some(Says::Nothing) | None => {}
            }
        }
        Stated { category: category.get(), threat: threat.get(), purpose: purpose.get(), ..stated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(tags: &[&str]) -> Markings {
        let mut markings = Markings::none();
        for tag in tags {
            assert!(markings.add_tag(tag), "{tag}");
        }
        markings
    }

    #[test]
    fn the_most_restrictive_counts() {
        let stated = marked(&["PAP:GREEN", "pap:red", "PAP:WHITE"]).stated();
        assert_eq!(stated.pap, Some(Pap::Red));
        let stated =
            marked(&["REL TO A, B;C", "detente:releasable-to=\"B,C\"", "rel to C"]).stated();
        assert_eq!(stated.releasable, Some(vec!["C".to_owned()]));
        let stated = marked(&["rel to A", "rel to B"]).stated();
        assert_eq!(stated.releasable, Some(Vec::new()));
    }

    #[test]
    fn what_contradicts_itself_is_unknown() {
        let one = marked(&["detente:category=\"Election-System\"", "detente:threat-origin=third"]);
        let stated = one.stated();
        assert_eq!(stated.category.as_deref(), Some("election-system"));
        assert_eq!(stated.threat.as_deref(), Some("third"));
        let two = marked(&[
            "detente:category=\"power\"",
            "detente:category=\"water\"",
            "detente:category=\"power\"",
            "detente:threat-origin=\"A\"",
            "detente:threat-origin=\"B\"",
            "detente:purpose=\"network-defence\"",
            "detente:purpose=\"intelligence\"",
            "detente:originator=\"A\"",
            "detente:originator=\"B\"",
        ]);
        let unknown = Stated { originator: Some(String::new()), ..Stated::default() };
        assert!(!two.is_closed());
        assert_eq!(two.stated(), unknown);
    }

    #[test]
    fn what_is_not_understood_closes() {
        for tag in [
            "PAP:PURPLE",
            "pap:",
            "detente:",
            "detente:category",
            "detente:category=\"\"",
            "detente:purpose=\"fun\"",
            "detente:colour=\"red\"",
            "iep:",
            "iep:permitted-actions=\"all\"",
            "iep:traffic-light-protocol=\"purple\"",
            "iep:encrypt-at-rest=\"MUST\"",
            "iep:obfuscate-affected-parties=\"MUST\"",
            "iep:end-date=\"2030-01-01\"",
            "iep:anything=\"MAY\"",
            "iep:encrypt-in-transit=\"maybe\"",
            "iep:version=\"3.0\"",
            "iep:start-date=\"soon\"",
            "iep:external-reference=\"as we agreed\"",
            "iep2-policy:end_date=\"2030-01-01T00:00:00Z\"",
            "iep2-policy:permitted_actions=\"all\"",
            "iep2-policy:tlp",
            "iep2-reference:id_ref=\"x\"",
        ] {
            assert!(marked(&[tag]).is_closed(), "{tag}");
        }
    }

    #[test]
    fn iep_restricts_and_never_widens() {
        let policy = marked(&[
            "tlp:amber+strict",
            "iep:traffic-light-protocol=\"AMBER\"",
            "iep:permitted-actions=\"EXTERNALLY VISIBLE INDIRECT ACTIONS\"",
            "iep:encrypt-in-transit=\"MUST\"",
            "iep:provider-attribution=\"MUST NOT\"",
            "iep:unmodified-resale=\"MUST NOT\"",
        ]);
        assert_eq!(policy.tlp(), Some(Tlp::AmberStrict));
        assert!(policy.is_source_hidden() && !policy.is_closed());
        assert_eq!(policy.stated().pap, Some(Pap::Amber));
        let none = marked(&["PAP:CLEAR", "iep:permitted-actions=\"NONE\"", "iep:tlp=\"WHITE\""]);
        assert_eq!((none.tlp(), none.stated().pap), (Some(Tlp::Clear), Some(Pap::Red)));
    }

    /// Every statement of IEP 2.0 but an end, in the spelling of MISP's taxonomy.
    #[test]
    fn a_whole_policy_is_read() {
        let policy = marked(&[
            "iep2-policy:id=\"01bc4353-4829-4d55-8d52-0ab7e0790df9\"",
            "iep2-policy:name=\"Sharing group A\"",
            "iep2-policy:description=\"For members.\"",
            "iep2-policy:iep_version=\"2.0\"",
            "iep2-policy:start_date=\"2017-01-01T00:00:00Z\"",
            "iep2-policy:encrypt_in_transit=\"must\"",
            "iep2-policy:permitted_actions=\"externally-visible-direct-actions\"",
            "iep2-policy:affected_party_notifications=\"may\"",
            "iep2-policy:tlp=\"amber\"",
            "iep2-policy:attribution=\"must-not\"",
            "iep2-policy:unmodified_resale=\"must-not\"",
            "iep2-policy:external_reference=\"https://www.example.org/iep\"",
        ]);
        assert!(!policy.is_closed() && policy.is_source_hidden(), "{policy:?}");
        assert_eq!((policy.tlp(), policy.stated().pap), (Some(Tlp::Amber), Some(Pap::Green)));
    }

    #[test]
    fn the_originator_may_be_nameless() {
        assert_eq!(marked(&["ORCON"]).stated().originator.as_deref(), Some(""));
        let named = marked(&["detente:originator=\"CERT Alpha\""]);
        assert_eq!(named.stated().originator.as_deref(), Some("CERT Alpha"));
    }
}
