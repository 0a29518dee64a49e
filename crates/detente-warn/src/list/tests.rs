use detente_core::Kind;
use serde_json::{Value, json};

use super::*;

fn read(value: &Value) -> Result<List, ListFault> {
    List::read(value.to_string().as_bytes())
}

fn refused(list: &List) -> Vec<(usize, &'static str)> {
    list.refusals().iter().map(|refusal| (refusal.entry, refusal.fault.code())).collect()
}

#[test]
fn the_head_of_a_file_is_kept() {
    let list = read(&json!({
        "name": " Public resolvers ", "description": "Generated", "version": 20250101,
        "type": "cidr", "matching_attributes": ["ip-src", "unknown"], "list": ["192.0.2.1"],
        "category": "known",
    }))
    .expect("a list");
    assert_eq!((list.name(), list.description()), ("Public resolvers", "Generated"));
    assert_eq!((list.version(), list.match_type(), list.entries()), (20250101, MatchType::Cidr, 1));
    assert!(list.kinds().contains(Kind::Ipv6Cidr) && !list.kinds().contains(Kind::Domain));
}

#[test]
fn what_misp_fills_in_is_filled_in() {
    let list = read(&json!({"name": "a", "list": ["b"]})).expect("a list");
    assert_eq!((list.version(), list.match_type()), (1, MatchType::String));
    assert_eq!(list.kinds(), KindSet::all());
    let list = read(&json!({
        "name": "a", "version": "7", "type": ["hostname", "string"], "matching_attributes": null,
        "list": {"example.com": "a comment", "example.net": null},
    }))
    .expect("a list");
    assert_eq!((list.version(), list.match_type(), list.entries()), (7, MatchType::Hostname, 2));
    assert_eq!(list.kinds(), KindSet::all());
}

#[test]
fn a_list_of_other_types_speaks_of_nothing() {
    let list = read(&json!({"name": "a", "matching_attributes": ["filename"], "list": ["b"]}));
    assert!(list.expect("a list").kinds().is_empty());
}

#[test]
fn mail_must_be_named_to_count_as_named() {
    let names_mail = |attributes: Value| {
        let list = json!({"name": "a", "matching_attributes": attributes, "list": []});
        read(&list).expect("a list").names_mail
    };
    assert!(names_mail(json!(["domain", "email-dst"])));
    assert!(
        !names_mail(json!(["ALL"])) && !names_mail(json!(["domain"])) && !names_mail(json!([]))
    );
}

#[test]
fn each_bad_entry_is_told_with_its_place() {
    let long = "a".repeat(MAX_ENTRY + 1);
    let list = read(&json!({
        "name": "a", "type": "hostname", "list": ["good.example", "", 1, "b@d", long, "x.example"],
    }))
    .expect("a list");
    assert_eq!(list.entries(), 2);
    assert_eq!(refused(&list), [(1, "empty"), (2, "not_text"), (3, "character"), (4, "too_long")]);
    assert_eq!(list.refusals()[3].excerpt.len(), MAX_EXCERPT);
    assert_eq!(list.refusals()[1].excerpt, "");
}

#[test]
fn refusals_are_counted_beyond_those_kept() {
    let entries = vec![""; MAX_REFUSALS + 5];
    let list = read(&json!({"name": "a", "list": entries})).expect("a list");
    assert_eq!((list.refusals().len(), list.refused_total()), (MAX_REFUSALS, MAX_REFUSALS + 5));
}

#[test]
fn bounds_hold() {
    let code = |value: Value| read(&value).expect_err("over a bound").code();
    assert_eq!(code(json!({"name": "n".repeat(MAX_NAME + 1), "list": []})), "name_too_long");
    let description = "d".repeat(MAX_DESCRIPTION + 1);
    assert_eq!(
        code(json!({"name": "a", "description": description, "list": []})),
        "description_too_long"
    );
    let attributes = vec!["domain"; MAX_MATCHING_ATTRIBUTES + 1];
    assert_eq!(
        code(json!({"name": "a", "matching_attributes": attributes, "list": []})),
        "too_many_attributes"
    );
    let fault = List::read(&vec![b' '; MAX_LIST + 1]).expect_err("too large");
    assert_eq!(fault.code(), "too_large");
}

#[test]
fn too_many_entries_are_counted_and_refused() {
    let mut text = String::from(r#"{"name": "many", "list": [""#);
    text.push_str(&r#"a",""#.repeat(MAX_ENTRIES));
    text.push_str(r#"a"]}"#);
    let fault = List::read(text.as_bytes()).expect_err("one too many");
    let expected =
        format!("list \"many\": {} entries, at most {MAX_ENTRIES} allowed", MAX_ENTRIES + 1);
    assert_eq!((fault.code(), fault.to_string()), ("too_many_entries", expected));
}

#[test]
fn more_substrings_than_the_automaton_takes_are_told() {
    let entries: Vec<String> =
        (0..MAX_SUBSTRING_TEXT / 2000 + 3).map(|n| format!("{n:02000}")).collect();
    let list = read(&json!({"name": "a", "type": "substring", "list": entries})).expect("a list");
    assert_eq!(list.entries(), MAX_SUBSTRING_TEXT / 2000);
    assert!(list.refusals().iter().all(|refusal| refusal.fault == EntryFault::TooMany));
    assert_eq!(list.refused_total(), 3);
}

#[test]
fn more_regexes_than_the_bound_are_told() {
    let entries = vec!["/a/"; MAX_REGEXES + 2];
    let list = read(&json!({"name": "a", "type": "regex", "list": entries})).expect("a list");
    assert_eq!((list.entries(), list.refused_total()), (MAX_REGEXES, 2));
}

#[test]
fn nesting_is_bounded() {
    let deep = format!(r#"{{"name": "a", "list": [{}]}}"#, "[".repeat(100_000));
    assert_eq!(List::read(deep.as_bytes()).expect_err("too deep").code(), "json");
}

/// Left-out expressions cost as much as others: a file of them must not be read for hours.
#[test]
fn expressions_that_are_left_out_count_too() {
    let count = MAX_REGEXES + 3;
    let list = json!({"name": "a", "type": "regex", "list": vec!["/[/"; count]});
    let refused = refused(&read(&list).expect("a list"));
    assert_eq!(refused.get(MAX_REGEXES - 1), Some(&(MAX_REGEXES - 1, "regex_syntax")));
    assert_eq!(refused.get(MAX_REGEXES..).map(<[_]>::len), Some(3));
    assert!(refused.iter().skip(MAX_REGEXES).all(|(_, code)| *code == "too_many"));
}
