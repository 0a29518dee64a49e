//! What a new text changes in matching clauses. What enters a run leaves no object, so that the
//! table has no cell of it: the terms are compared, and told in plain words.

use std::collections::BTreeMap;

use detente_accord::{Accord, MatchRule, Rule};

use super::words::told_by;

/// The matching clauses whose terms differ, a line each.
pub(super) fn changes(before: &Accord, after: &Accord) -> Vec<String> {
    let (before, after) = (rules(before), rules(after));
    let mut lines = Vec::new();
    for (id, rule) in &before {
        match after.get(id) {
            Some(other) if other == rule => {}
            Some(other) => {
                lines.push(format!(
                    "clause {id} matches otherwise: {}; before: {}",
                    terms(other),
                    terms(rule)
                ));
            }
            None => lines.push(format!("clause {id} matches no more; before: {}", terms(rule))),
        }
    }
    let new = after.iter().filter(|(id, _)| !before.contains_key(*id));
    lines.extend(new.map(|(id, rule)| format!("clause {id} matches: {}", terms(rule))));
    lines
}

fn rules(accord: &Accord) -> BTreeMap<&str, &MatchRule> {
    let rules = accord.clauses.iter().filter_map(|clause| match &clause.rule {
        Some(Rule::Match(rule)) => Some((clause.id.as_str(), rule)),
        _ => None,
    });
    rules.collect()
}

/// What a run tells, of which kinds, and how often.
fn terms(rule: &MatchRule) -> String {
    let kinds: Vec<&str> = rule.kinds.iter().map(|kind| kind.name()).collect();
    format!(
        "{} ({}); {} runs and {} items in {}",
        told_by(rule),
        kinds.join(", "),
        rule.budget.runs,
        rule.budget.items,
        rule.budget.per
    )
}

#[cfg(test)]
mod tests {
    use detente_accord::Accord;

    use super::changes;

    fn text(ceiling: Option<&str>) -> Accord {
        let sound = include_str!("../../../../vectors/accord/sound.toml");
        let (from, shown) = ("max_items = 1000", "{pad}");
        assert!(sound.contains(from) && sound.contains(shown));
        let text = match ceiling {
            None => sound.to_owned(),
            Some(colour) => sound
                .replacen(from, &format!("{from}, max_tlp = \"{colour}\""), 1)
                .replace(shown, &format!("{shown} ({{max_tlp}})")),
        };
        Accord::parse(text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}"))
    }

    #[test]
    fn a_ceiling_that_moves_is_told_with_the_one_before() {
        assert!(changes(&text(None), &text(None)).is_empty());
        let lines = changes(&text(Some("green")), &text(Some("amber")));
        let [line] = &lines[..] else { panic!("{lines:?}") };
        let (now, before) = line.split_once("; before: ").unwrap();
        assert!(now.contains("clause 1 matches otherwise") && now.contains("TLP:AMBER enters"));
        assert!(before.contains("TLP:GREEN enters"), "{line}");
        let lines = changes(&text(Some("green")), &text(None));
        assert!(lines.len() == 1 && !lines[0].split("; before").next().unwrap().contains("enters"));
    }
}
