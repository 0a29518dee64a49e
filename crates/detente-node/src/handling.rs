//! What an indicator's markings say of its handling, in the terms of one accord: names of parties
//! become parties. A name that is no party's is a third's; it never stands for a party.

use detente_accord::{Accord, Party, Rule};
use detente_core::act::MAX_LABEL;
use detente_core::{Handling, Kind, PartyId, Tlp, Whose};
use detente_gate::{Entrant, Rules, may_enter};
use detente_intel::Context;

/// How an indicator may be handled under this text, as far as its markings say.
pub(crate) fn handling(context: &Context, text: &Accord) -> Handling {
    let stated = context.markings.stated();
    let party = |name: &str| -> Option<PartyId> {
        let name = name.trim();
        let is = |party: &&Party| {
            party.handle == name
                || party.name.eq_ignore_ascii_case(name)
                || party.id.to_string() == name
        };
        text.parties.iter().find(is).map(|party| party.id)
    };
    let whose = |name: String| party(&name).map_or(Whose::Third, Whose::Party);
    let listed = |names: Vec<String>| {
        let mut parties: Vec<PartyId> = names.iter().filter_map(|name| party(name)).collect();
        parties.sort_unstable();
        parties.dedup();
        parties
    };
    Handling {
        category: stated.category.filter(|word| !word.is_empty() && word.len() <= MAX_LABEL),
        pap: stated.pap,
        threat: stated.threat.filter(|from| from != "unknown").map(whose),
        purpose: stated.purpose,
        // Names of others than the parties are nobody's here: they give no party the object.
        releasable: stated.releasable.map(listed),
        originator: stated.originator.map(whose),
    }
}

/// Decides which own indicators may enter a run or a filter that a peer learns from.
pub(crate) struct Door<'a> {
    text: &'a Accord,
    rules: Rules,
    own: &'a str,
    peer: &'a str,
    /// The most closed colour that the clause lets in, if it has a ceiling.
    ceiling: Option<Tlp>,
}

impl<'a> Door<'a> {
    /// For a run or a filter under a matching clause of the text.
    pub(crate) fn new(text: &'a Accord, (own, peer): (PartyId, PartyId), clause: &str) -> Door<'a> {
        let ceiling = match text.clause(clause).and_then(|clause| clause.rule.as_ref()) {
            Some(Rule::Match(rule)) => rule.max_tlp,
            _ => None,
        };
        let handle = |party| text.party(party).map_or("", |party| party.handle.as_str());
        Door { text, rules: Rules::new(text), own: handle(own), peer: handle(peer), ceiling }
    }

    /// Whether a context vouches for its indicator.
    pub(crate) fn vouches(&self, kind: Kind, context: &Context) -> bool {
        let entrant = Entrant {
            kind,
            tlp: context.markings.tlp().unwrap_or(self.text.default_tlp),
            marking_unknown: context.markings.is_closed(),
            labels: &context.labels,
            handling: &handling(context, self.text),
        };
        may_enter(&self.rules, (self.own, self.peer), self.ceiling, &entrant)
    }
}

#[cfg(test)]
mod tests {
    use detente_core::{Pap, Purpose};

    use super::*;

    fn text() -> Accord {
        let text = include_str!("../../../vectors/accord/sound.toml");
        Accord::parse(text.as_bytes()).expect("a sound text")
    }

    fn said(tags: &[&str]) -> Handling {
        let mut context = Context::from_source("test");
        for tag in tags {
            assert!(context.markings.add_tag(tag), "{tag}");
        }
        handling(&context, &text())
    }

    #[test]
    fn what_is_not_said_is_unknown() {
        assert_eq!(said(&["tlp:amber"]), Handling::default());
        assert_eq!(said(&["detente:threat-origin=\"unknown\""]), Handling::default());
    }

    #[test]
    fn names_of_parties_become_parties() {
        let text = text();
        let (a, b) = (text.parties[0].id, text.parties[1].id);
        let fingerprint = format!("detente:threat-origin=\"{b}\"");
        for tag in ["detente:threat-origin=B", "detente:threat-origin=\"cert beta\"", &fingerprint]
        {
            assert_eq!(said(&[tag]).threat, Some(Whose::Party(b)), "{tag}");
        }
        let listed = said(&["REL TO B, CERT Alpha, XYZ", "PAP:GREEN", "detente:originator=\"A\""]);
        let mut both = vec![a, b];
        both.sort_unstable();
        assert_eq!(listed.releasable, Some(both));
        assert_eq!((listed.pap, listed.originator), (Some(Pap::Green), Some(Whose::Party(a))));
    }

    #[test]
    fn a_name_that_is_no_partys_opens_nothing() {
        let said = said(&[
            "rel to USA",
            "ORCON",
            "detente:threat-origin=\"CERT Gamma\"",
            "detente:purpose=\"network-defence\"",
            "detente:category=\"power\"",
        ]);
        assert_eq!(said.releasable, Some(Vec::new()));
        assert_eq!((said.originator, said.threat), (Some(Whose::Third), Some(Whose::Third)));
        assert_eq!(said.purpose, Some(Purpose::NetworkDefence));
        assert_eq!(said.category.as_deref(), Some("power"));
    }
}
