use serde_json::Value;

use super::{UpgradeFault, upgrade};
use crate::{check, sco_id};

const RED: &str = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed";

fn observed(objects: &str, rest: &str) -> String {
    format!(
        r#"{{"type":"observed-data","id":"observed-data--b67d30ff-02ac-498a-92f9-32f845f448cf",
        "created":"2016-04-06T19:58:16.000Z","modified":"2016-04-06T19:58:16.000Z",
        "first_observed":"2015-12-21T19:00:00Z","last_observed":"2015-12-21T19:00:00Z",
        "number_observed":1{rest},"objects":{objects}}}"#
    )
}

fn raise(text: &str) -> Vec<Value> {
    let raised = upgrade(text.as_bytes()).expect(text);
    for bytes in &raised {
        let report = check(bytes);
        assert!(report.is_valid(), "{}: {:?}", String::from_utf8_lossy(bytes), report.findings());
    }
    raised.iter().map(|bytes| serde_json::from_slice(bytes).expect("JSON")).collect()
}

fn of<'v>(raised: &'v [Value], kind: &str) -> &'v Value {
    raised.iter().find(|object| object["type"] == kind).expect(kind)
}

#[test]
fn objects_refer_by_identifier() {
    // The referring object stands first: names follow from what is referred to.
    let raised = raise(&observed(
        r#"{"0":{"type":"network-traffic","src_ref":"1","dst_ref":"2","protocols":["tcp"]},
            "1":{"type":"ipv4-addr","value":"198.51.100.3","belongs_to_refs":["3"]},
            "2":{"type":"domain-name","value":"example.com","resolves_to_refs":["1"]},
            "3":{"type":"autonomous-system","number":1}}"#,
        "",
    ));
    let traffic = of(&raised, "network-traffic");
    assert_eq!(traffic["src_ref"], "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4");
    assert_eq!(traffic["dst_ref"], "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7");
    for object in &raised[..4] {
        let id = sco_id(object.as_object().expect("an object")).expect("an identifier");
        assert_eq!(object["id"], id.as_str());
    }
    let last = raised.last().expect("an observed-data");
    assert_eq!(last["object_refs"].as_array().map(Vec::len), Some(4));
    assert!(last.get("objects").is_none());
    assert_eq!(last["object_refs"][0], traffic["id"]);
}

#[test]
fn names_and_what_has_no_place() {
    let raised = raise(&observed(
        r#"{"0":{"type":"file","name":"a","created":"2016-01-01T00:00:00Z","is_encrypted":true,
                "hashes":{"ssdeep":"3:a:b"},"parent_directory_ref":"1",
                "extensions":{"archive-ext":{"contains_refs":["5"],"version":"5"}}},
            "1":{"type":"directory","path":"/a","accessed":"2016-01-01T00:00:00Z"},
            "2":{"type":"process","pid":1,"name":"n","arguments":["x"],"binary_ref":"0",
                "created":"2016-01-01T00:00:00Z","child_refs":["3"]},
            "3":{"type":"process","pid":2,"parent_ref":"2"},
            "4":{"type":"email-message","is_multipart":false,"subject":"s",
                "additional_header_fields":{"Reply-To":"a","X-Two":["b","c"]}},
            "5":{"type":"file","name":"b"}}"#,
        "",
    ));
    let file = of(&raised, "file");
    assert_eq!(file["ctime"], "2016-01-01T00:00:00Z");
    assert_eq!(file["x_stix20_is_encrypted"], true);
    assert_eq!(file["hashes"]["SSDEEP"], "3:a:b");
    assert_eq!(file["extensions"]["archive-ext"]["x_stix20_version"], "5");
    assert_eq!(of(&raised, "directory")["atime"], "2016-01-01T00:00:00Z");
    let process = of(&raised, "process");
    assert_eq!(process["image_ref"], file["id"]);
    assert_eq!(process["x_stix20_arguments"][0], "x");
    assert_eq!(of(&raised, "email-message")["additional_header_fields"]["Reply-To"][0], "a");
}

#[test]
fn the_same_bytes_give_the_same_objects() {
    let text = observed(r#"{"0":{"type":"process","pid":1},"1":{"type":"process","pid":1}}"#, "");
    let raised = raise(&text);
    assert_eq!(raised.len(), 3);
    assert_ne!(raised[0]["id"], raised[1]["id"]);
    assert_eq!(raised, raise(&text));
}

#[test]
fn one_thing_twice_is_one_object() {
    let raised = raise(&observed(
        r#"{"0":{"type":"email-addr","value":"a@example.com"},
            "1":{"type":"email-addr","value":"a@example.com","display_name":"A"}}"#,
        "",
    ));
    assert_eq!(raised.len(), 2);
    assert_eq!(raised[0]["display_name"], "A");
    assert_eq!(raised[1]["object_refs"].as_array().map(Vec::len), Some(1));
}

#[test]
fn rings_end() {
    let raised = raise(&observed(
        r#"{"0":{"type":"file","name":"a","extensions":{"archive-ext":{"contains_refs":["1"]}}},
            "1":{"type":"file","name":"b","extensions":{"archive-ext":{"contains_refs":["0"]}}}}"#,
        "",
    ));
    assert_eq!(raised.len(), 3);
}

#[test]
fn markings_are_carried_over() {
    let rest = format!(
        r#","object_marking_refs":["{RED}"],"granular_markings":[
        {{"marking_ref":"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
          "selectors":["number_observed","objects.0.accessed"]}},
        {{"marking_ref":"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
          "selectors":["objects.1","objects"]}}]"#
    );
    let raised = raise(&observed(
        r#"{"0":{"type":"directory","path":"/a","accessed":"2016-01-01T00:00:00Z"},
            "1":{"type":"mutex","name":"m"}}"#,
        &rest,
    ));
    for object in &raised {
        assert_eq!(object["object_marking_refs"][0], RED);
    }
    let directory = of(&raised, "directory");
    assert_eq!(directory["granular_markings"][0]["selectors"][0], "atime");
    let amber = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82";
    assert_eq!(directory["object_marking_refs"][1], amber);
    assert_eq!(of(&raised, "mutex")["object_marking_refs"], serde_json::json!([RED, amber]));
    let last = raised.last().expect("an observed-data");
    let selectors = &last["granular_markings"][0]["selectors"];
    assert_eq!(selectors, &serde_json::json!(["number_observed", "object_refs"]));
}

#[test]
fn a_few_markings_do_not_grow_into_many() {
    let objects: Vec<String> =
        (0..1000).map(|n| format!(r#""{n}":{{"type":"mutex","name":"{n}"}}"#)).collect();
    let refs = vec![format!("\"{RED}\""); 101].join(",");
    let text = observed(
        &format!("{{{}}}", objects.join(",")),
        &format!(r#","object_marking_refs":[{refs}]"#),
    );
    let fault = upgrade(text.as_bytes()).expect_err("too many markings");
    assert!(matches!(fault, UpgradeFault::TooManyMarkings { got: 101_000, .. }));
}
