//! Each clause in plain words: what it lets leave, forbids, tells or asks.

use detente_accord::{
    Accord, Asks, Clause, Forbid, MatchRule, Pad, Permit, Rule, Side, ThreatFrom,
};
use detente_core::act::{Learn, Mode};
use detente_core::{Kind, ObjectKind};

/// Every clause that has a rule, in plain words, and what holds besides.
pub fn words(accord: &Accord) -> Vec<String> {
    let mut words: Vec<String> = accord.clauses.iter().flat_map(clause_words).collect();
    words.push(format!("an unmarked indicator counts as {}", accord.default_tlp));
    words.push(
        "closed whatever the clauses say: markings that nobody here understands, lists of \
         receivers without the receiver, and what its originator has not consented to"
            .to_owned(),
    );
    if accord.clauses.iter().any(speaks_of_others) {
        words.push(
            "this version holds and releases indicators alone; of other objects nothing leaves yet"
                .to_owned(),
        );
    }
    words
}

/// Whether a permission speaks of objects that no node can move today.
fn speaks_of_others(clause: &Clause) -> bool {
    match &clause.rule {
        Some(Rule::Permit(rule)) => rule.asks.objects.iter().any(|object| !object.is_movable()),
        _ => false,
    }
}

fn clause_words(clause: &Clause) -> Vec<String> {
    let id = &clause.id;
    match &clause.rule {
        Some(Rule::Permit(rule)) => vec![format!("clause {id}: {}", permit_words(rule))],
        Some(Rule::Forbid(rule)) => vec![format!("clause {id}: {}", forbid_words(rule))],
        Some(Rule::Match(rule)) => {
            let mut words = vec![format!("clause {id}: {}", told_by(rule))];
            let low = Kind::guessable(&rule.kinds);
            if !low.is_empty() {
                words.push(format!(
                    "clause {id}: {} can be guessed one by one: in {} a party may test {} guesses \
                     against the other's list",
                    low.join(", "),
                    rule.budget.per,
                    rule.budget.items
                ));
            }
            words
        }
        Some(Rule::Oblige(duty)) => vec![format!(
            "clause {id}: on {} {} must {} within {} from {}; this is shown, not enforced",
            duty.on,
            duty.actor,
            duty.verb,
            duty.deadline.within,
            duty.deadline.clock.name()
        )],
        None => Vec::new(),
    }
}

fn permit_words(rule: &Permit) -> String {
    let matched = match rule.only {
        detente_accord::Only::Any => "",
        detente_accord::Only::Matched => "matched ",
    };
    let mut words = format!(
        "{} may release {matched}{} to {}, marked up to {}",
        rule.from,
        objects(&rule.asks, &rule.kinds),
        receiver(&rule.from, &rule.to),
        rule.max_tlp
    );
    if let Some(max) = rule.max_pap {
        words.push_str(&format!(" and up to {max}"));
    }
    words.push_str(&asks_words(&rule.asks));
    if rule.releasable {
        words.push_str(", only what is marked as releasable to the receiver");
    }
    match &rule.cap {
        None => words.push_str("; without a cap"),
        Some(cap) => {
            words.push_str(&format!("; at most {} objects in {}", cap.count, cap.per));
            if let Some(bytes) = cap.bytes {
                words.push_str(&format!(" and {bytes} bytes"));
            }
        }
    }
    if let Some(ratio) = &rule.reciprocity {
        words.push_str(&format!(
            "; in {} {} for {} that came, and {} more",
            ratio.per, ratio.give, ratio.take, ratio.slack
        ));
    }
    if !rule.transforms.is_empty() {
        let out: Vec<&str> = rule.transforms.iter().map(|transform| transform.name()).collect();
        words.push_str(&format!("; in the form {}", out.join(", ")));
    }
    if let Some(onward) = rule.onward {
        words.push_str(&format!("; onward: {}", onward.name()));
    }
    if let Some(told) = &rule.feedback {
        words.push_str(&format!("; feedback {} from {}", told, told.clock.name()));
    }
    if let Some(kept) = &rule.retention {
        words.push_str(&format!("; kept {} from {}", kept, kept.clock.name()));
    }
    if let Some(ends) = rule.expires {
        words.push_str(&format!("; until {ends}"));
    }
    words
}

fn forbid_words(rule: &Forbid) -> String {
    let mut what = String::new();
    if rule.asks.objects != [ObjectKind::Indicator] && rule.asks.objects != ObjectKind::ALL {
        what.push_str(&format!(" among {}", objects(&rule.asks, &rule.kinds)));
    }
    if !rule.kinds.is_empty() {
        let kinds: Vec<&str> = rule.kinds.iter().map(|kind| kind.name()).collect();
        what.push_str(&format!(" of kind {}", kinds.join(" or ")));
    }
    if !rule.labels.is_empty() {
        what.push_str(&format!(" labelled {}", rule.labels.join(" or ")));
    }
    if let Some(tlp) = rule.min_tlp {
        what.push_str(&format!(" marked {tlp} or closer"));
    }
    if let Some(pap) = rule.min_pap {
        what.push_str(&format!(" marked {pap} or closer, or without PAP"));
    }
    let asks = asks_words(&rule.asks);
    let unknown = if asks.is_empty() { "" } else { ", nor anything of which that is unknown," };
    format!("nothing{what}{asks}{unknown} leaves from {} to {}", rule.from, rule.to)
}

/// What a rule is about, in the plural.
fn objects(asks: &Asks, kinds: &[Kind]) -> String {
    let each = asks.objects.iter().map(|object| match object {
        ObjectKind::Indicator if kinds.is_empty() => "indicators".to_owned(),
        ObjectKind::Indicator => {
            let kinds: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
            format!("indicators ({})", kinds.join(", "))
        }
        ObjectKind::Sighting => "sightings".to_owned(),
        ObjectKind::MalwareSample => "malware samples".to_owned(),
        ObjectKind::Report => "reports".to_owned(),
        ObjectKind::Vulnerability => "vulnerabilities".to_owned(),
    });
    each.collect::<Vec<_>>().join(", ")
}

fn asks_words(asks: &Asks) -> String {
    let mut words = String::new();
    if !asks.categories.is_empty() {
        words.push_str(&format!(", about {}", asks.categories.join(" or ")));
    }
    if !asks.threat.is_empty() {
        let from = asks.threat.iter().map(|from| match from {
            ThreatFrom::Party(handle) => format!("the territory of {handle}"),
            ThreatFrom::Third => "a territory of no party".to_owned(),
            ThreatFrom::Unknown => "an unknown place".to_owned(),
        });
        words.push_str(&format!(", of threats from {}", from.collect::<Vec<_>>().join(" or ")));
    }
    if !asks.purposes.is_empty() {
        let purposes: Vec<&str> = asks.purposes.iter().map(|purpose| purpose.name()).collect();
        words.push_str(&format!(", given for {}", purposes.join(" or ")));
    }
    words
}

/// The receiver beside a sender that may be any party.
fn receiver(from: &Side, to: &Side) -> String {
    match (from, to) {
        (_, Side::Any) => "any other party".to_owned(),
        (_, Side::Handle(handle)) => handle.clone(),
    }
}

/// What a clause tells to whom, look-ups or runs, and up to which colour anything enters.
pub(super) fn told_by(rule: &MatchRule) -> String {
    let enters = rule
        .max_tlp
        .map_or_else(String::new, |max| format!("; only what is marked up to {max} enters"));
    let Some(terms) = &rule.lookup else { return told(rule) + &enters };
    let holder = &terms.holder;
    let asker = rule.between.iter().find(|handle| *handle != holder).map_or("", String::as_str);
    let kinds: Vec<&str> = rule.kinds.iter().map(|kind| kind.name()).collect();
    format!(
        "{asker} learns of each value that it asks whether {holder} lists it ({}), at most {} \
         values in {}, and that {holder} lists at most {}; {holder} learns how many values {asker} \
         asks at most and when, neither which nor what is found; not post-quantum{enters}",
        kinds.join(", "),
        rule.budget.items,
        rule.budget.per,
        terms.filter_items
    )
}

/// What a run tells to whom, besides whether it took place.
fn told(rule: &MatchRule) -> String {
    let who = match rule.learn {
        Learn::Both => "both parties",
        Learn::Initiator => "the party that offers a run, and not the other,",
    };
    let what = match rule.mode {
        Mode::Which => "which items both hold".to_owned(),
        Mode::Payload => format!(
            "which items both hold, and brings within the run what this table lets leave of the \
             matched ones, up to {} bytes an item",
            rule.payload_bytes.unwrap_or_default()
        ),
        Mode::Count => {
            "how many items both hold, but not which, as long as both keep to the protocol"
                .to_owned()
        }
        Mode::Lookup => "which of its own items the other side lists".to_owned(),
    };
    let size = match rule.pad {
        Pad::None => "the true size of the other's list".to_owned(),
        Pad::PowerOfTwo => "the size of the other's list, rounded up to a power of two".to_owned(),
        Pad::Multiple(of) => {
            format!("the size of the other's list, rounded up to a multiple of {of}")
        }
    };
    format!(
        "matching tells {who} {what}; besides, each side learns {size}, at most {}",
        rule.max_items
    )
}

#[cfg(test)]
mod tests {
    use detente_accord::Accord;

    /// The template of matching, between two parties.
    fn template() -> String {
        include_str!("../../../../accords/matching.toml")
            .replace("@SLUG@", "x")
            .replace("@EXPIRES@", "2028-01-15")
            .replace("@A_NAME@", "Alba")
            .replace("@B_NAME@", "Borea")
            .replace("@A_ROOT@", &"01".repeat(32))
            .replace("@B_ROOT@", &"02".repeat(32))
    }

    fn words(edits: &[(&str, &str)]) -> String {
        let mut text = template();
        for (from, to) in edits {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        super::words(&Accord::parse(text.as_bytes()).unwrap()).join("\n")
    }

    #[test]
    fn what_a_run_tells_is_said_truly() {
        let which = words(&[]);
        assert!(which.contains("matching tells both parties which items both hold"), "{which}");
        assert!(which.contains("rounded up to a power of two, at most 262144"), "{which}");
        let count = words(&[
            ("mode = \"which\"", "mode = \"count\""),
            ("answer = \"both\"", "answer = \"initiator\""),
            ("pad = \"power-of-two\"", "pad = \"none\""),
        ]);
        assert!(count.contains("tells the party that offers a run, and not the other,"), "{count}");
        assert!(count.contains("how many items both hold, but not which"), "{count}");
        assert!(!count.contains("which items"), "{count}");
        assert!(count.contains("true size"), "{count}");
    }

    #[test]
    fn a_run_with_contexts_is_shown_as_one() {
        let words = words(&[
            ("mode = \"which\"", "mode = \"payload\"\npayload_bytes = 1024"),
            ("{pad}.\"", "{pad}; contexts up to {payload_bytes} bytes.\""),
        ]);
        assert!(words.contains("which items both hold, and brings within the run what"), "{words}");
        assert!(words.contains("up to 1024 bytes an item"), "{words}");
    }

    #[test]
    fn the_ceiling_of_a_run_is_said() {
        let ceiling = [
            ("max_items = 262144", "max_items = 262144\nmax_tlp = \"green\""),
            ("{pad}.", "{pad}. What enters is marked up to {max_tlp}."),
        ];
        let words = words(&ceiling);
        assert!(words.contains("; only what is marked up to TLP:GREEN enters"), "{words}");
    }

    #[test]
    fn a_prohibition_says_which_kinds() {
        let narrow = words(&[
            ("labels = [\"source\", \"victim\"]", "labels = [\"victim\"]\nkinds = [\"url\"]"),
            ("Nothing labelled", "Nothing of {kinds} labelled"),
        ]);
        assert!(narrow.contains("nothing of kind url labelled victim leaves"), "{narrow}");
    }
}
