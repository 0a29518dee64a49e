use serde_json::json;

use super::*;
use crate::list::{List, MAX_SUBSTRING_TEXT};
use crate::pcre::MAX_REGEXES;
use crate::setting::Setting;

fn list(name: &str, match_type: &str, attributes: &[&str], entries: &[&str]) -> List {
    let text = json!({
        "name": name, "type": match_type, "matching_attributes": attributes, "list": entries,
    });
    List::read(text.to_string().as_bytes()).expect("a list")
}

fn observable(kind: Kind, value: &str) -> Observable {
    Observable::normalise(kind, value).expect("an observable")
}

fn entries(index: &Index, kind: Kind, value: &str) -> Vec<(String, String)> {
    let finding = index.check(&observable(kind, value));
    finding.hits.iter().map(|hit| (hit.list.name.clone(), hit.entry.to_string())).collect()
}

#[test]
fn an_empty_index_clears_everything() {
    let index = Index::build([]).expect("an index");
    let finding = index.check(&observable(Kind::Domain, "example.com"));
    assert_eq!((finding.verdict(), finding.hits.len()), (Verdict::Clear, 0));
}

#[test]
fn one_list_that_blocks_is_enough() {
    let build = |settings: [Setting; 2]| {
        let lists = ["a", "b"].map(|name| list(name, "hostname", &[], &["example.com"]));
        Index::build(lists.into_iter().zip(settings)).expect("an index")
    };
    let verdict = |index: &Index| index.check(&observable(Kind::Domain, "example.com")).verdict();
    assert_eq!(verdict(&build([Setting::Inform, Setting::Block])), Verdict::Block);
    assert_eq!(verdict(&build([Setting::Inform, Setting::Off])), Verdict::Inform);
    assert_eq!(verdict(&build([Setting::Off, Setting::Off])), Verdict::Clear);
    let off = build([Setting::Off, Setting::Inform]);
    assert_eq!(entries(&off, Kind::Domain, "example.com"), [("b".into(), "example.com".into())]);
    assert_eq!((off.lists().len(), off.lists()[0].entries), (2, 1));
}

#[test]
fn hits_come_in_the_order_of_the_lists_whatever_their_type() {
    let lists = [
        list("1", "regex", &[], &["/evil/"]),
        list("2", "substring", &[], &["evil"]),
        list("3", "cidr", &[], &["0.0.0.0/0"]),
        list("4", "string", &[], &["evil.example"]),
        list("5", "hostname", &[], &["example"]),
    ];
    let lists = lists.into_iter().map(|list| (list, Setting::Inform));
    let index = Index::build(lists).expect("an index");
    let names: Vec<_> = entries(&index, Kind::Domain, "evil.example")
        .into_iter()
        .map(|(name, entry)| format!("{name} {entry}"))
        .collect();
    assert_eq!(names, ["1 /evil/", "2 evil", "4 evil.example", "5 example"]);
}

#[test]
fn a_list_hits_only_kinds_that_it_speaks_of() {
    for match_type in ["string", "substring", "hostname", "regex"] {
        let entry = if match_type == "regex" { "/example/" } else { "example.com" };
        let lists = [(list("a", match_type, &["email-src"], &[entry]), Setting::Block)];
        let index = Index::build(lists).expect("an index");
        assert!(entries(&index, Kind::Domain, "example.com").is_empty(), "{match_type}");
    }
}

#[test]
fn hosts_of_urls_are_found_wherever_they_stand() {
    let host = |kind, value| {
        let observable = observable(kind, value);
        host_of(&observable).map(str::to_owned)
    };
    for (url, expected) in [
        ("http://example.com", "example.com"),
        ("http://example.com?q=http://b.example/", "example.com"),
        ("https://u:p%40@Example.com:8443/@b.example", "example.com"),
        ("http://example.com./", "example.com"),
        ("http://[2001:DB8::1]:8080/", "2001:db8::1"),
        ("http://198.51.100.7:80/", "198.51.100.7"),
        ("tcp://example.com:443", "example.com"),
        ("ssh://git@example.com?x", "example.com"),
    ] {
        assert_eq!(host(Kind::Url, url).as_deref(), Some(expected), "{url}");
    }
    assert_eq!(host(Kind::Email, "bob@example.com").as_deref(), Some("example.com"));
    assert_eq!(host(Kind::Ipv4Cidr, "198.51.100.0/24"), None);
    assert_eq!(host(Kind::Md5, &"a".repeat(32)), None);
}

#[test]
fn no_name_above_an_address_is_looked_up() {
    let lists = [(list("a", "hostname", &[], &["198.51.100.7", "a7"]), Setting::Block)];
    let index = Index::build(lists).expect("an index");
    assert_eq!(entries(&index, Kind::Ipv4, "198.51.100.7").len(), 1);
    assert!(entries(&index, Kind::Url, "http://1.198.51.100/").is_empty());
    assert_eq!(entries(&index, Kind::Domain, "example.a7").len(), 1);
}

#[test]
fn two_lists_of_one_name_are_refused() {
    let lists = ["a", "a"].map(|name| (list(name, "string", &[], &["b"]), Setting::Off));
    let fault = Index::build(lists).expect_err("a repeated name");
    assert_eq!(fault.code(), "repeated_name");
}

#[test]
fn bounds_name_the_list_that_went_over() {
    let many = vec!["/a/"; MAX_REGEXES];
    let lists = [list("a", "regex", &[], &many), list("b", "regex", &[], &["/b/"])];
    let fault = Index::build(lists.map(|list| (list, Setting::Inform))).expect_err("too many");
    assert_eq!(fault.code(), "too_many_regexes");
    assert!(fault.to_string().contains("\"b\""), "{fault}");

    let long: Vec<String> = (0..MAX_SUBSTRING_TEXT / 2000).map(|n| format!("{n:02000}")).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    let lists = [list("a", "substring", &[], &long), list("b", "substring", &[], &long[..2])];
    let fault = Index::build(lists.map(|list| (list, Setting::Inform))).expect_err("too long");
    assert_eq!(fault.code(), "substrings_too_long");
    assert!(fault.to_string().contains("\"b\""), "{fault}");

    let lists = (0..=MAX_LISTS)
        .map(|number| (list(&number.to_string(), "string", &[], &["a"]), Setting::Off));
    assert_eq!(Index::build(lists).expect_err("too many").code(), "too_many_lists");
}

#[test]
fn regexes_too_large_together_are_refused() {
    let entries: Vec<String> = (0..200).map(|n| format!("/{n}[a-z]{{800}}[0-9]{{800}}/")).collect();
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    let list = list("a", "regex", &[], &entries);
    assert_eq!(list.refused_total(), 0);
    let fault = Index::build([(list, Setting::Inform)]).expect_err("too large");
    assert_eq!(fault.code(), "regexes_too_large");
}

#[test]
fn threads_may_share_an_index() {
    let lists = [(list("a", "hostname", &[], &["example.com"]), Setting::Block)];
    let index = Index::build(lists).expect("an index");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(entries(&index, Kind::Domain, "a.example.com").len(), 1));
        }
    });
}
