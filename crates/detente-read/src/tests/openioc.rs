//! OpenIOC of both versions.

use detente_core::Tlp;

use super::super::{Format, MAX_XML_ATTRIBUTES, MAX_XML_DEPTH, MAX_XML_PART};
use super::{Kept, dripped, run};

fn item(condition: &str, term: &str, content: &str) -> String {
    format!(
        "<IndicatorItem id=\"i-{term}\" condition=\"{condition}\">\
         <Context document=\"x\" search=\"{term}\" type=\"mir\"/>\
         <Content type=\"string\">{content}</Content></IndicatorItem>"
    )
}

fn group(operator: &str, members: &[String]) -> String {
    let members = members.concat();
    format!("<Indicator operator=\"{operator}\" id=\"g-{operator}\">{members}</Indicator>")
}

/// A document of OpenIOC 1.0 with this metadata and this group.
fn old(metadata: &str, group: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"us-ascii\"?>\n\
         <ioc xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" id=\"d-1\" \
         xmlns=\"http://schemas.mandiant.com/2010/ioc\" last-modified=\"2020-01-01T00:00:00\">\n\
         {metadata}<definition>{group}</definition>\n</ioc>\n"
    )
}

fn host(name: &str) -> String {
    item("is", "Network/DNS", name)
}

fn ioc(text: impl AsRef<str>) -> Kept {
    let (kept, summary) = run(Format::Auto, text.as_ref());
    assert_eq!(summary.format, Format::OpenIoc);
    kept
}

#[test]
fn both_versions_say_the_same() {
    let md5 = "D41D8CD98F00B204E9800998ECF8427E";
    let members = [
        item("is", "FileItem/Md5sum", md5),
        item("is", "PortItem/remoteIP", "192.0.2.1"),
        item("is", "UrlHistoryItem/URL", "http://a.com/?a=1&amp;b=2"),
        item("is", "Email/From", "<![CDATA[Bob@evil.com]]>"),
        item("is", "RouteEntryItem/Destination", " EVIL.com\n"),
        item("is", "Network/URI", "evil.com/&#x61;"),
    ];
    let metadata = "<short_description>S</short_description><description>D &lt;1&gt;</description>\
        <keywords>bot, loader</keywords><authored_by>A</authored_by>\
        <authored_date>2020-01-01T00:00:00</authored_date><links>\
        <link rel=\"threatgroup\">APT0</link><link rel=\"report\" href=\"http://r.com/\">R</link>\
        <link rel=\"license\">Apache 2.0</link></links>";
    let group = group("OR", &members);
    let first = ioc(old(metadata, &group));
    let second = ioc(format!(
        "<OpenIOC xmlns=\"http://openioc.org/schemas/OpenIOC_1.1\" id=\"d-1\" \
         last-modified=\"2020-01-01T00:00:00\" published-date=\"0001-01-01T00:00:00\">\
         <metadata>{metadata}</metadata><criteria>{}</criteria><parameters/></OpenIOC>",
        group.replace("condition=", "preserve-case=\"false\" negate=\"false\" condition=")
    ));
    assert_eq!(
        first.values(),
        [
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            "ipv4:192.0.2.1",
            "url:http://a.com/?a=1&b=2",
            "email:bob@evil.com",
            "domain:evil.com",
            "url:http://evil.com/a",
        ]
    );
    assert_eq!(first.taken, second.taken);
    let context = &first.taken[0].context;
    assert_eq!(context.origin.as_deref(), Some("i-FileItem/Md5sum"));
    assert_eq!(context.description.as_deref(), Some("S; D <1>"));
    assert_eq!(context.labels, ["bot", "loader", "APT0"]);
    assert_eq!((&*context.extra["openioc_author"], &*context.extra["openioc_id"]), ("A", "d-1"));
    assert_eq!(context.extra["openioc_links"], "report: R http://r.com/\nlicense: Apache 2.0");
    assert_eq!(context.extra["openioc_group"], "g-OR");
    assert!(context.markings.is_unmarked());
}

#[test]
fn what_names_no_single_value_is_refused() {
    let negated = host("b.com").replace("condition=", "negate=\"true\" condition=");
    let kept = ioc(old(
        "",
        &group(
            "OR",
            &[
                item("contains", "Network/DNS", "evil"),
                item("matches", "Network/DNS", "evil\\.(com|net)"),
                item("starts-with", "UrlHistoryItem/URL", "http://evil.com/"),
                item("isnot", "Network/DNS", "a.com"),
                item("containsnot", "Network/DNS", "a.com"),
                negated,
                item("is", "FileItem/FileName", "x.exe"),
                item("is", "Email/To", "victim@a.com"),
                item("is", "PortItem/localIP", "192.0.2.1"),
                item("is", "FileItem/Sha256sum", "abc"),
                item("is", "PortItem/remoteIP", "[192.0.2.1 TO 192.0.2.9]"),
                item("is", "Network/DNS", "evil[.]com"),
                item("is", "Network/DNS", ""),
                item("IS", "Network/DNS", "ok.com"),
            ],
        ),
    ));
    assert_eq!(kept.values(), ["domain:ok.com"]);
    let codes: Vec<&str> = kept.codes().iter().map(|(_, code)| *code).collect();
    assert_eq!(
        codes,
        [
            "pattern_operator",
            "pattern_operator",
            "pattern_operator",
            "pattern_negated",
            "pattern_negated",
            "pattern_negated",
            "unsupported_type",
            "unsupported_type",
            "unsupported_type",
            "digest_length",
            "address",
            "character",
            "empty",
        ]
    );
    assert_eq!(kept.codes()[1].0, "ioc[0].IndicatorItem[1] (line 3)");
}

#[test]
fn parts_of_conjunctions_are_labelled() {
    let size = item("is", "FileItem/SizeInBytes", "7");
    let kept = ioc(old(
        "",
        &group(
            "OR",
            &[
                host("alone.com"),
                group("AND", &[host("a1.com"), size.clone()]),
                group("AND", &[host("single.com")]),
                group("AND", &[group("OR", &[host("b1.com"), host("b2.com")]), size.clone()]),
                group("AND", &[group("AND", &[group("OR", &[host("c1.com"), host("c2.com")])])]),
                group("OR", &[group("AND", &[size, host("d1.com")]), host("d2.com")]),
                group("XOR", &[host("e1.com"), host("e2.com")]),
            ],
        ),
    ));
    let parts: Vec<(&str, bool)> = kept
        .taken
        .iter()
        .map(|i| (i.observable.value(), i.context.labels == ["stix:part-of-conjunction"]))
        .collect();
    assert_eq!(
        parts,
        [
            ("alone.com", false),
            ("a1.com", true),
            ("single.com", false),
            ("b1.com", true),
            ("b2.com", true),
            ("c1.com", false),
            ("c2.com", false),
            ("d1.com", true),
            ("d2.com", false),
            ("e1.com", true),
            ("e2.com", true),
        ]
    );
}

#[test]
fn what_says_how_to_handle_it_counts_wherever_it_stands() {
    let link = |rel: &str, text: &str| format!("<links><link rel=\"{rel}\">{text}</link></links>");
    for (metadata, tlp, closed) in [
        (link("tlp", "AMBER"), Some(Tlp::Amber), false),
        (link("TLP", "<![CDATA[amber]]><x>y</x>"), Some(Tlp::Amber), false),
        (link("note", "TLP:RED"), Some(Tlp::Red), false),
        ("<keywords>x; tlp:green</keywords>".to_owned(), Some(Tlp::Green), false),
        (link("sharing", "members only"), None, true),
        (link("license", "For members only"), None, true),
        (link("category", "Backdoor"), None, false),
        (
            "<parameters><param id=\"p\" ref-id=\"r\" name=\"tlp\"><value>RED</value></param>\
          </parameters>"
                .to_owned(),
            Some(Tlp::Red),
            false,
        ),
    ] {
        let text = old(&metadata, &group("OR", &[host("a.com")]));
        let behind = text.replace(&metadata, "").replace("</ioc>", &format!("{metadata}</ioc>"));
        for text in [text, behind] {
            let kept = ioc(&text);
            let markings = &kept.taken[0].context.markings;
            assert_eq!((markings.tlp(), markings.is_closed()), (tlp, closed), "{text}");
        }
    }
}

#[test]
fn several_documents_in_one_file() {
    let one = old("<links><link rel=\"tlp\">RED</link></links>", &group("OR", &[host("a.com")]));
    let two = old("", &group("OR", &[host("b.com"), item("is", "x/y", "z")]));
    let strip = |text: &str| text.split_once('\n').expect("a declaration").1.to_owned();
    let text = format!("<iocs>{}{}{}</iocs>", strip(&one), strip(&two), strip(&old("", "")));
    let (kept, summary) = run(Format::OpenIoc, &text);
    assert_eq!(kept.values(), ["domain:a.com", "domain:b.com"]);
    assert!(kept.taken[1].context.markings.is_unmarked());
    assert_eq!(kept.codes()[0].0, "ioc[1].IndicatorItem[1] (line 5)");
    assert_eq!(summary.skipped["no_observable"], 1);
}

#[test]
fn what_breaks_off_says_so_and_closes_what_came_before() {
    let good = old("", &group("OR", &[host("a.com")]));
    let (head, tail) = good.split_at(good.find("</definition>").expect("it is there"));
    for (text, code, taken) in [
        (String::new(), "xml_cut", 0),
        ("<".to_owned(), "xml_cut", 0),
        ("<!-- open".to_owned(), "xml_cut", 0),
        (head.to_owned(), "xml_cut", 1),
        (format!("{head}<In"), "xml_cut", 1),
        (format!("{head}</wrong>{tail}"), "xml_syntax", 1),
        (format!("{head}&unknown;{tail}"), "xml_syntax", 1),
        (format!("{head}<x a=\"&lol;\"/>{tail}"), "xml_syntax", 1),
        (format!("{head}<x a=\"1\" a=\"2\"/>{tail}"), "xml_syntax", 1),
        (
            format!(
                "{head}<x{}/>{tail}",
                (0..=MAX_XML_ATTRIBUTES)
                    .fold(String::new(), |all, n| { format!("{all} a{n}=\"\"") })
            ),
            "xml_syntax",
            1,
        ),
        (format!("{head}{}{tail}", "<x>".repeat(MAX_XML_DEPTH)), "object_too_deep", 1),
        (format!("{head}{}", "<x>".repeat(1_000_000)), "object_too_deep", 1),
        (format!("{head}<!--{}-->{tail}", "x".repeat(MAX_XML_PART)), "xml_too_large", 1),
        (format!("{head}{}", "x".repeat(3 * MAX_XML_PART)), "xml_too_large", 1),
        (format!("{good}<ioc/>"), "xml_syntax", 1),
        (format!("{good}more"), "xml_syntax", 1),
        ("evil.com\n".to_owned(), "xml_syntax", 0),
        ("<html><body>evil.com</body></html>".to_owned(), "unknown_xml", 0),
        (format!("<!DOCTYPE ioc [<!ENTITY a \"evil.com\">]>{good}"), "xml_doctype", 0),
        (
            "<!DOCTYPE x [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><ioc>&b;</ioc>".to_owned(),
            "xml_doctype",
            0,
        ),
        ("<!DOCTYPE ioc SYSTEM \"file:///etc/passwd\"><ioc/>".to_owned(), "xml_doctype", 0),
    ] {
        let (kept, summary) = run(Format::OpenIoc, &text);
        let shown: String = text.chars().take(300).collect();
        assert_eq!(kept.taken.len(), taken, "{shown}");
        assert_eq!(summary.broken.map(|b| b.code()), Some(code), "{shown}");
        // Of a document that had ended nothing is missing.
        let whole = text.starts_with(&good);
        let closed = kept.taken.iter().all(|i| i.context.markings.is_closed() != whole);
        assert!(closed, "{shown}");
    }
    let latin = [head.as_bytes(), b"<x>\xe9</x>", tail.as_bytes()].concat();
    let (_, summary) = run(Format::OpenIoc, latin);
    assert_eq!(summary.broken.map(|b| b.code()), Some("not_utf8"));
}

#[test]
fn byte_by_byte_gives_the_same() {
    let text = old(
        "<description>a\r\n\u{fc}</description>",
        &group("AND", &[host("a.com"), host("\u{fc}.com")]),
    );
    let (whole, one) = run(Format::OpenIoc, &text);
    let (drip, two) = dripped(Format::OpenIoc, text.as_bytes());
    assert_eq!((whole.taken.len(), one.bytes), (2, text.len() as u64));
    assert_eq!((whole.taken, one), (drip.taken, two));
}
