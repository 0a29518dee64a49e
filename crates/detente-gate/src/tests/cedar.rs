//! A second engine: the permissions and prohibitions of a text as Cedar policies, and the same
//! answer on every cell.
//!
//! Cedar denies by default and a `forbid` overrides every `permit`, as here. The policies are
//! written from the text as it was read, with nothing of the gate's own tables.

use std::str::FromStr as _;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, RestrictedExpression,
};
use detente_accord::{Accord, Asks, Only, Rule, Side, ThreatFrom};
use detente_core::{Kind, ObjectKind, Whose};
use proptest::prelude::*;

use super::laws::{Cell, atoms, clauses};
use super::{NOW, accord, id};

/// The policies of a text; what has expired is left out.
fn policies(text: &Accord) -> PolicySet {
    let mut policies = String::new();
    for clause in &text.clauses {
        let (effect, conditions) = match &clause.rule {
            Some(Rule::Permit(rule)) if rule.expires.is_none_or(|ends| NOW < ends) => {
                let mut when = scope(&rule.from, &rule.to, &rule.asks, &rule.kinds);
                when.push(format!("context.tlp <= {}", rule.max_tlp.code()));
                if rule.only == Only::Matched {
                    when.push("context.matched".to_owned());
                }
                if let Some(max) = rule.max_pap {
                    when.push(format!("context has pap && context.pap <= {}", max.code()));
                }
                if rule.releasable {
                    when.push("context.listed".to_owned());
                }
                when.extend(asked(&rule.asks).into_iter().map(|(fact, list)| {
                    // Of this one fact a permission may name the unknown.
                    let unknown =
                        fact == "threat" && rule.asks.threat.contains(&ThreatFrom::Unknown);
                    let known = format!("context has {fact} && [{list}].contains(context.{fact})");
                    if unknown { format!("!(context has {fact}) || ({known})") } else { known }
                }));
                ("permit", when)
            }
            Some(Rule::Forbid(rule)) => {
                let mut when = scope(&rule.from, &rule.to, &rule.asks, &rule.kinds);
                if let Some(min) = rule.min_tlp {
                    when.push(format!("context.tlp >= {}", min.code()));
                }
                if let Some(min) = rule.min_pap {
                    when.push(format!("!(context has pap) || context.pap >= {}", min.code()));
                }
                if !rule.labels.is_empty() {
                    when.push(format!("context.labels.containsAny([{}])", quoted(&rule.labels)));
                }
                when.extend(asked(&rule.asks).into_iter().map(|(fact, list)| {
                    format!("!(context has {fact}) || [{list}].contains(context.{fact})")
                }));
                ("forbid", when)
            }
            _ => continue,
        };
        let when: Vec<String> = conditions.iter().map(|one| format!("({one})")).collect();
        let when = when.join(" && ");
        policies += &format!("{effect}(principal, action, resource) when {{ {when} }};\n");
    }
    PolicySet::from_str(&policies).unwrap_or_else(|fault| panic!("{fault}\n{policies}"))
}

fn quoted<T: ToString>(words: &[T]) -> String {
    let words = words.iter().map(|word| format!("{:?}", word.to_string()));
    words.collect::<Vec<_>>().join(", ")
}

/// Direction and object.
fn scope(from: &Side, to: &Side, asks: &Asks, kinds: &[Kind]) -> Vec<String> {
    let mut when = vec!["principal != resource".to_owned()];
    for (side, who) in [(from, "principal"), (to, "resource")] {
        if let Side::Handle(handle) = side {
            when.push(format!("{who} == Party::{handle:?}"));
        }
    }
    let mut objects: Vec<&str> = Vec::new();
    for object in &asks.objects {
        match object {
            ObjectKind::Indicator if kinds.is_empty() => objects.extend(Kind::ALL.map(Kind::name)),
            ObjectKind::Indicator => objects.extend(kinds.iter().map(|kind| kind.name())),
            other => objects.push(other.name()),
        }
    }
    when.push(format!("[{}].contains(context.object)", quoted(&objects)));
    when
}

/// The facts that a rule asks for, and the values that it lists.
fn asked(asks: &Asks) -> Vec<(&'static str, String)> {
    let known = asks.threat.iter().filter(|from| **from != ThreatFrom::Unknown);
    let threats: Vec<String> = known.map(ToString::to_string).collect();
    let mut asked = Vec::new();
    if !asks.categories.is_empty() {
        asked.push(("category", quoted(&asks.categories)));
    }
    if !asks.threat.is_empty() {
        asked.push(("threat", quoted(&threats)));
    }
    if !asks.purposes.is_empty() {
        asked.push(("purpose", quoted(&asks.purposes)));
    }
    asked
}

fn party(handle: &str) -> EntityUid {
    EntityUid::from_str(&format!("Party::{handle:?}")).unwrap()
}

/// A cell as a request; a fact that is unknown is not there.
fn request(cell: &Cell) -> Request {
    let text = |word: &str| RestrictedExpression::new_string(word.to_owned());
    let (facts, handling) = (&cell.facts, &cell.facts.handling);
    let object = match facts.object {
        ObjectKind::Indicator => facts.kind.name(),
        other => other.name(),
    };
    let labels = facts.labels.iter().map(|label| text(label));
    let mut known = vec![
        ("object".to_owned(), text(object)),
        ("tlp".to_owned(), RestrictedExpression::new_long(facts.tlp.code().into())),
        ("matched".to_owned(), RestrictedExpression::new_bool(cell.matched)),
        ("listed".to_owned(), RestrictedExpression::new_bool(handling.releasable.is_some())),
        ("labels".to_owned(), RestrictedExpression::new_set(labels)),
    ];
    let mut add = |name: &str, value| known.push((name.to_owned(), value));
    if let Some(pap) = handling.pap {
        add("pap", RestrictedExpression::new_long(pap.code().into()));
    }
    if let Some(category) = &handling.category {
        add("category", text(category));
    }
    if let Some(whose) = handling.threat {
        let handles = ["A", "B", "C"];
        let own = handles.into_iter().find(|handle| whose == Whose::Party(id(handle)));
        add("threat", text(own.unwrap_or("third")));
    }
    if let Some(purpose) = handling.purpose {
        add("purpose", text(purpose.name()));
    }
    let context = Context::from_pairs(known).unwrap();
    let action = EntityUid::from_str("Action::\"release\"").unwrap();
    Request::new(party(cell.from), action, party(cell.to), context, None).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn cedar_agrees_on_every_cell(clauses in clauses(), pick in 0usize..1000) {
        let text = accord(&clauses);
        let (policies, entities) = (policies(&text), Entities::empty());
        let authorizer = Authorizer::new();
        for (cell, clause) in atoms(&text, pick) {
            let answer = authorizer.is_authorized(&request(&cell), &policies, &entities);
            prop_assert_eq!(answer.diagnostics().errors().count(), 0);
            let open = answer.decision() == Decision::Allow;
            prop_assert_eq!(clause.is_some(), open, "{:?}", cell);
        }
    }
}
