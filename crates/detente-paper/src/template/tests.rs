//! Each template is a sound text once it is filled, and nothing of the template is left in it.

use detente_accord::{Accord, Rule, confusables};
use detente_core::{PartyId, UnixSeconds};

use super::{DEFAULT_TEMPLATE, Side, TEMPLATES, Template, TemplateFault, template};
use crate::{DocumentFormat, read_document, redline, write_document};

const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);
const NAMES: [&str; 13] = [
    "Alba", "Borea", "Cora", "Dora", "Esra", "Flora", "Gala", "Hera", "Iva", "Juno", "Kira",
    "Lola", "Mila",
];

fn sides(count: usize) -> Vec<Side> {
    let ids = (1..).map(|byte| PartyId::new([byte; 32]));
    let named = NAMES.iter().zip(ids).map(|(name, id)| Side { name: (*name).to_owned(), id });
    named.take(count).collect()
}

/// Each template with the fewest and with the most parties.
fn all() -> impl Iterator<Item = (&'static Template, usize, String)> {
    let sizes = |template: &'static Template| {
        [*template.parties.start(), *template.parties.end()].map(|count| (template, count))
    };
    TEMPLATES.iter().flat_map(sizes).map(|(template, count)| {
        let text = template.fill("x-1", &sides(count), NOW);
        (template, count, text.unwrap_or_else(|fault| panic!("{}: {fault:#?}", template.name)))
    })
}

#[test]
fn each_is_sound_and_expires_in_a_year() {
    for (template, count, text) in all() {
        let name = template.name;
        let accord = Accord::parse(text.as_bytes()).unwrap();
        assert_eq!((accord.slug.as_str(), accord.parties.len()), ("x-1", count), "{name}");
        assert_eq!(accord.expires.to_string(), "2028-01-15T00:00:00Z", "{name}");
        assert_eq!(accord.expired(NOW), [], "{name}");
        assert_eq!(accord.unread_languages(), [""; 0], "{name}");
        assert_eq!(confusables(&text).unwrap(), [], "{name}");
        for (party, side) in accord.parties.iter().zip(sides(count)) {
            assert_eq!((&party.name, party.id), (&side.name, side.id), "{name}");
        }
    }
}

#[test]
fn nothing_of_the_template_is_left() {
    for (template, _, text) in all() {
        let left = text.lines().find(|line| line.starts_with("#@"));
        assert_eq!(left, None, "{}", template.name);
        // Two signs with capitals between them are a placeholder.
        for word in text.split('@').skip(1) {
            let capitals = |c: char| c.is_ascii_uppercase() || c == '_';
            assert!(word.is_empty() || !word.chars().all(capitals), "{}: @{word}@", template.name);
        }
    }
}

#[test]
fn each_begins_with_what_it_is_for_and_has_lines_that_can_be_read() {
    for template in TEMPLATES {
        assert!(template.text.starts_with("# "), "{}", template.name);
        let long = template.text.lines().find(|line| line.chars().count() > 110);
        assert_eq!(long, None, "{}", template.name);
    }
}

#[test]
fn each_comes_back_from_its_documents() {
    for (template, _, text) in all() {
        for format in [DocumentFormat::Html, DocumentFormat::Markdown] {
            let document = write_document(&text, format).unwrap();
            assert_eq!(read_document(&document).unwrap(), text, "{}", template.name);
        }
        assert!(redline(&text, &text).unwrap().units.is_empty(), "{}", template.name);
    }
}

#[test]
fn it_has_room_for_its_parties_and_no_others() {
    for template in TEMPLATES {
        let (least, most) = (*template.parties.start(), *template.parties.end());
        for count in [0, 1, least - 1, most + 1] {
            let fault = template.fill("x", &sides(count), NOW);
            match fault {
                Err(fault @ TemplateFault::Parties { .. }) => {
                    assert_eq!(fault.code(), "template_parties");
                    assert!(!fault.remedy().is_empty());
                }
                other => panic!("{}: {other:?}", template.name),
            }
        }
    }
}

#[test]
fn names_are_unlike_and_found() {
    for one in TEMPLATES {
        assert_eq!(template(one.name), Some(one));
        assert!(!one.purpose.is_empty() && !one.purpose.contains('\n'));
    }
    assert_eq!(template(DEFAULT_TEMPLATE), TEMPLATES.first());
    assert_eq!(template("treaty"), None);
}

/// What is filled in is a name and nothing more, whatever stands in it.
#[test]
fn a_name_fills_nothing_but_its_place() {
    let names =
        ["@B_ROOT@", "\"\nroot = \"x", "a\\", "#@ end", "@EXPIRES@ and @SLUG@", "x@y.example"];
    let matching = template(DEFAULT_TEMPLATE).unwrap();
    for name in names {
        let mut two = sides(2);
        name.clone_into(&mut two[0].name);
        match matching.fill("x", &two, NOW) {
            Ok(text) => {
                let accord = Accord::parse(text.as_bytes()).unwrap();
                assert_eq!(accord.parties[0].name, name);
                assert_eq!(accord.parties[0].id, two[0].id);
                assert_eq!(accord.expires.to_string(), "2028-01-15T00:00:00Z");
            }
            Err(fault) => assert_eq!(fault.code(), "bad_draft", "{name:?}"),
        }
    }
    for slug in ["", "Upper Case", "x\"\n[exit]"] {
        assert_eq!(matching.fill(slug, &sides(2), NOW).unwrap_err().code(), "bad_draft");
    }
    let twice = [sides(1), sides(1)].concat();
    assert_eq!(matching.fill("x", &twice, NOW).unwrap_err().code(), "bad_draft");
}

#[test]
fn each_has_a_rule_that_lets_something_leave_and_one_that_keeps_victims() {
    for (template, _, text) in all() {
        let accord = Accord::parse(text.as_bytes()).unwrap();
        let rules = || accord.clauses.iter().filter_map(|clause| clause.rule.as_ref());
        assert!(rules().any(|rule| matches!(rule, Rule::Permit(_))), "{}", template.name);
        let keeps = |rule: &Rule| match rule {
            Rule::Forbid(rule) => {
                ["source", "victim"].iter().all(|label| rule.labels.iter().any(|own| own == label))
            }
            _ => false,
        };
        assert!(rules().any(keeps), "{}", template.name);
    }
}
