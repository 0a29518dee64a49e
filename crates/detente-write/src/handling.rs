//! What a marking says beside its colour, as texts that our own readers read the same way.

use detente_core::Tlp;
use detente_intel::Markings;

/// What closes a marking when it is read again: no reader understands it.
pub(crate) const NOT_UNDERSTOOD: &str = "detente:handling=\"not-understood\"";
/// The Chatham House rule: the source is not named.
pub(crate) const CHATHAM_HOUSE: &str = "tlp:ex:chr";

/// The texts of a marking without those that only name a colour. A closed marking ends with
/// [`NOT_UNDERSTOOD`], so that it stays closed whoever reads the others.
pub(crate) fn beside_colour(markings: &Markings) -> Vec<&str> {
    let mut texts: Vec<&str> =
        markings.texts().iter().map(String::as_str).filter(|text| !is_colour(text)).collect();
    let hides = |text: &&str| {
        let mut alone = Markings::none();
        alone.add_tag(text) && alone.is_source_hidden()
    };
    if markings.is_source_hidden() && !texts.iter().any(hides) {
        texts.push(CHATHAM_HOUSE);
    }
    if markings.is_closed() {
        texts.push(NOT_UNDERSTOOD);
    }
    texts
}

/// As a marking reads its texts: blanks behind the prefix do not matter.
fn is_colour(text: &str) -> bool {
    let lower = text.trim().to_ascii_lowercase();
    let colour = lower.strip_prefix("tlp:").unwrap_or(&lower);
    colour.parse::<Tlp>().is_ok() || Markings::none().add_stix_id(text)
}

/// A label as it may stand among tags: one that would be read as a marking is set apart, because
/// its author did not mean it as one.
pub(crate) fn plain_label(label: &str) -> String {
    if Markings::none().add_tag(label) { format!("label:{label}") } else { label.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_left_out_and_closed_stays_closed() {
        let mut markings = Markings::of(Tlp::Green);
        for text in ["tlp:green", "TLP:WHITE", "tlp: clear", "PAP:AMBER", "tlp:ex:chr"] {
            markings.add_text(text);
        }
        markings.add_stix_id("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb");
        assert_eq!(beside_colour(&markings), ["PAP:AMBER", "tlp:ex:chr"]);
        markings.add_text("for friends");
        let texts = beside_colour(&markings);
        assert_eq!(texts, ["PAP:AMBER", "tlp:ex:chr", "for friends", NOT_UNDERSTOOD]);
        let mut again = Markings::none();
        assert!(again.add_tag(NOT_UNDERSTOOD) && again.is_closed());
    }

    #[test]
    fn a_label_is_no_marking() {
        assert_eq!(plain_label("tlp:clear"), "label:tlp:clear");
        assert_eq!(plain_label("detente:purpose=\"x\""), "label:detente:purpose=\"x\"");
        assert_eq!(plain_label("c2"), "c2");
    }
}
