//! Finding a collection from any address of a server.

use std::collections::BTreeMap;

use super::answer;
use crate::client::answer::{Answer, Ask, address};
use crate::client::fault::ClientFault;
use crate::client::seek::{Seen, choose, seek};

const DISCOVERY: &str = r#"{"title":"S","api_roots":["/one","https://h.example/two/","/one/",
    "https://other.example/three/","/gone/"]}"#;
const ROOT: &str = r#"{"title":"R","versions":["application/taxii+json;version=2.1"],
    "max_content_length":9765625}"#;
const OPEN: &str = r#"{"collections":[
    {"id":"91a7b528-80eb-42ed-a74d-c6fbd5a26116","title":"High","can_read":true,"can_write":false},
    {"id":"52892447-4d7e-4f70-b94d-d7f22742ff63","title":"Low","alias":"low","can_read":true,
     "can_write":true}]}"#;
const SHUT: &str = r#"{"collections":[{"id":"472c94ae","title":"Shut"}]}"#;

fn server(ask: &Ask) -> Result<Answer, ClientFault> {
    let pages: BTreeMap<&str, &str> = BTreeMap::from([
        ("/taxii2/", DISCOVERY),
        ("/one/", ROOT),
        ("/one/collections/", OPEN),
        ("/two/", ROOT),
        ("/two/collections/", SHUT),
    ]);
    assert_eq!(ask.body, None);
    Ok(match pages.get(ask.target.as_str()) {
        Some(page) => answer(200, &[], page),
        None if ask.target == "/moved/" => answer(301, &[("location", "/taxii2/")], ""),
        None => answer(404, &[], ""),
    })
}

fn seen(text: &str) -> Seen {
    seek(&address(text).expect(text), &mut server).expect(text)
}

#[test]
fn whatever_address_an_operator_has() {
    for text in ["https://h.example", "https://h.example/taxii2", "https://h.example/moved/"] {
        let seen = seen(text);
        assert_eq!((seen.title.as_str(), seen.collections.len()), ("S", 3), "{text}");
        assert_eq!(seen.passed_over.len(), 2, "the one elsewhere, and the one that is gone");
        assert_eq!(choose(&seen, None, false).expect_err("two").code(), "feed_several_collections");
        for name in ["Low", "low", "52892447-4D7E-4F70-B94D-D7F22742FF63"] {
            let found = choose(&seen, Some(name), true).expect(name);
            let objects = found.objects().expect("an address");
            assert_eq!(
                objects.as_str(),
                "https://h.example/one/collections/52892447-4d7e-4f70-b94d-d7f22742ff63/objects/"
            );
            assert_eq!(found.max_content, 9_765_625);
        }
        assert_eq!(choose(&seen, None, true).expect("one that can be written").title, "Low");
        assert_eq!(choose(&seen, Some("High"), true).expect_err("read").code(), "feed_forbidden");
        let none = choose(&seen, Some("none"), false).expect_err("none");
        assert_eq!(none.code(), "feed_unknown_collection");
    }
    let root = seen("https://h.example/one");
    assert_eq!((root.title.as_str(), root.collections.len()), ("R", 2));
    let id = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";
    for end in ["", "/", "/objects/"] {
        let named = seen(&format!("https://h.example/one/collections/{id}{end}"));
        assert_eq!(choose(&named, None, false).expect("the one").title, "High");
    }
    let shut = seen("https://h.example/two/");
    assert_eq!(choose(&shut, None, false).expect_err("none").code(), "feed_no_collection");
}

/// What one server writes otherwise than it should hides nothing that is needed.
#[test]
fn what_is_odd_and_not_needed_is_passed_over() {
    let seen = |text: &str, roots: &'static str, root: &'static str, listed: &'static str| {
        let mut exchange = |ask: &Ask| {
            let pages = BTreeMap::from([
                ("/taxii2/", roots),
                ("/api/", root),
                ("/api/collections/", listed),
            ]);
            Ok(pages
                .get(ask.target.as_str())
                .map_or_else(|| answer(404, &[], ""), |page| answer(200, &[], page)))
        };
        seek(&address(text).expect(text), &mut exchange).expect(text)
    };
    let listed = r#"{"collections":[{"id":7},{"id":".."},{"id":"."},{"id":""},null,
        {"id":"c","title":7,"alias":["x"],"can_read":"true","can_write":1}]}"#;
    for root in [
        r#"{"title":7,"versions":"application/taxii+json;version=2.1","max_content_length":"2000"}"#,
        r#"{"versions":["taxii-2.1"],"max_content_length":2e3}"#,
        r#"{"versions":{},"max_content_length":2000.0}"#,
    ] {
        // A proxy's server gives the names by which it is known inside.
        let roots = r#"{"title":null,"api_roots":["http://inside:8080/api/",7]}"#;
        let seen = seen("https://h.example/taxii2/", roots, root, listed);
        let found = choose(&seen, None, false).expect("the one");
        assert_eq!((found.id.as_str(), found.max_content), ("c", 2_000), "{root}");
        assert_eq!((found.title.as_str(), found.can_read, found.can_write), ("c", true, false));
        assert_eq!(found.root.as_str(), "https://h.example/api/");
        assert_eq!(seen.passed_over.len(), 5, "{:?}", seen.passed_over);
    }
    // What is not here under that path is named as it was given.
    let roots = r#"{"api_roots":["http://inside/none/","//inside/"]}"#;
    let none = seen("https://h.example/taxii2/", roots, "", "");
    let codes: Vec<&str> = none.passed_over.iter().map(|(_, fault)| fault.code()).collect();
    assert_eq!(codes, ["feed_address", "feed_address"]);
}

/// However many API roots there are, no more collections are held than a bound.
#[test]
fn collections_of_all_roots_have_one_bound() {
    let many: Vec<String> = (0..4_000).map(|n| format!(r#"{{"id":"{n}"}}"#)).collect();
    let many = format!(r#"{{"collections":[{}]}}"#, many.join(","));
    let mut exchange = |ask: &Ask| {
        Ok(match ask.target.as_str() {
            "/taxii2/" => answer(200, &[], r#"{"api_roots":["/a/","/b/","/c/"]}"#),
            target if target.ends_with("/collections/") => answer(200, &[], &many),
            _ => answer(200, &[], ROOT),
        })
    };
    let seen = seek(&address("https://h.example/taxii2/").expect("one"), &mut exchange);
    let seen = seen.expect("a server");
    assert_eq!((seen.collections.len(), seen.passed_over.len()), (8_000, 1));
}

#[test]
fn what_is_no_server() {
    let code = |body: &str| {
        let url = address("https://h.example/x/").expect("an address");
        let mut exchange = |_: &Ask| Ok(answer(200, &[], body));
        seek(&url, &mut exchange).expect_err(body).code()
    };
    assert_eq!(code("{}"), "feed_malformed");
    assert_eq!(code("[]"), "feed_malformed");
    assert_eq!(code(r#"{"versions":["taxii-2.0"]}"#), "feed_malformed");
    assert_eq!(code(r#"{"api_roots":{}}"#), "feed_malformed");
    let many = format!(r#"{{"api_roots":[{}"/a/"]}}"#, r#""/a/","#.repeat(100));
    assert_eq!(code(&many), "feed_too_many");
    let url = address("https://h.example/x/").expect("an address");
    let mut cut = |_: &Ask| Err(ClientFault::Cut("no route".to_owned()));
    assert_eq!(seek(&url, &mut cut).expect_err("cut").code(), "feed_cut");
}
