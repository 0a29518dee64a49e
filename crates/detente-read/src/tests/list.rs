//! Lists, hosts files, `value,comment`, free text.

use super::super::{Format, MAX_LINE};
use super::{dripped, run};

fn values(content: &str) -> Vec<String> {
    run(Format::List, content).0.values()
}

#[test]
fn every_line_is_accounted_for() {
    let content = "# head\n\n1.2.3.4\r\nEVIL.com\n; x\n// y\nhxxp://evil[.]com/a\nnonsense\n1.2.3\n\
                   http://evil.com/cut…\nevil.com/cut...\n*.evil.com\nlast.com";
    let (kept, summary) = run(Format::List, content);
    assert_eq!(
        kept.values(),
        ["ipv4:1.2.3.4", "domain:evil.com", "url:http://evil.com/a", "domain:last.com"]
    );
    assert_eq!(
        kept.codes(),
        [
            ("line 8".to_owned(), "unrecognised"),
            ("line 9".to_owned(), "address"),
            ("line 10".to_owned(), "truncated"),
            ("line 11".to_owned(), "truncated"),
            ("line 12".to_owned(), "wildcard"),
        ]
    );
    assert_eq!((summary.lines, summary.seen), (13, 13));
    assert_eq!(summary.skipped["comment"], 3);
    assert_eq!(summary.skipped["blank"], 1);
}

#[test]
fn bytes_that_are_no_text_cost_one_line() {
    let (kept, _) = run(Format::List, b"a.com\n\xff\xfe.com\nb.com\n");
    assert_eq!(kept.values(), ["domain:a.com", "domain:b.com"]);
    assert_eq!(kept.codes(), [("line 2".to_owned(), "not_utf8")]);
}

#[test]
fn a_long_line_is_passed_over() {
    for length in [MAX_LINE, MAX_LINE + 1, 5 * MAX_LINE] {
        let content = format!("a.com\n{}\nb.com\n", "x".repeat(length));
        let (kept, _) = run(Format::List, content);
        assert_eq!(kept.values(), ["domain:a.com", "domain:b.com"]);
        let code = if length > MAX_LINE { "line_too_long" } else { "too_long" };
        assert_eq!(kept.codes(), [("line 2".to_owned(), code)], "{length}");
        assert!(kept.refused[0].excerpt.chars().count() <= 81);
    }
}

#[test]
fn comments_stay_with_their_value() {
    for (line, comment) in [
        ("evil.com # seen in mail", "seen in mail"),
        ("evil.com,seen in mail", "seen in mail"),
        ("evil.com;seen in mail", "seen in mail"),
        ("evil.com\tseen in mail", "seen in mail"),
        ("\"evil.com\", \"see https://report.com/x\"", "\"see https://report.com/x\""),
        ("hxxp://evil.com/a,b, seen in mail", "seen in mail"),
    ] {
        let (kept, _) = run(Format::List, line);
        assert_eq!(kept.taken.len(), 1, "{line}");
        assert_eq!(kept.taken[0].context.description.as_deref(), Some(comment), "{line}");
    }
    assert_eq!(values("http://evil.com/a,b;c"), ["url:http://evil.com/a,b;c"]);
    assert_eq!(values("1.1.1.1, 2.2.2.2,3.3.3.3").len(), 3);
    assert_eq!(values("http://a.com/,http://b.com/").len(), 2);
}

#[test]
fn ports_stand_beside_the_address() {
    let (kept, _) =
        run(Format::List, "1.2.3.4:8080\nevil.com:443\n[2001:db8::1]:53\n1.2.3.4:99999\n");
    assert_eq!(kept.values(), ["ipv4:1.2.3.4", "domain:evil.com", "ipv6:2001:db8::1"]);
    assert_eq!(kept.taken[0].context.extra["port"], "8080");
    assert_eq!(kept.codes().len(), 1);
}

#[test]
fn hosts_files() {
    let content = "127.0.0.1 localhost\n::1 ip6-localhost\n0.0.0.0 evil.com bad.org # ads\n\
                   0.0.0.0 0.0.0.0\n0.0.0.0 nosuch\n";
    let (kept, summary) = run(Format::List, content);
    assert_eq!(kept.values(), ["domain:evil.com", "domain:bad.org"]);
    assert_eq!(summary.skipped["hosts_boilerplate"], 3);
    assert_eq!(kept.codes(), [("line 5".to_owned(), "unrecognised")]);
}

#[test]
fn free_text_gives_up_its_observables() {
    let text = "The loader calls hxxps://evil[.]example/gate (and 1.2.3.4:443), see bad.com.\n\
                Hash: d41d8cd98f00b204e9800998ecf8427e; mail: bob[at]evil.com, AS64496.\n\
                IPv6 2001:db8:0:0::1 too. It runs setup.sh and main.rs, or x.exe at 12:30:45.\n\
                The end.In other news, std::io is v1.2.3 and e.g. nothing.\n\
                Cut: http://evil.com/abc… and 1.2.3.400 and 01.2.3.4\n";
    let (kept, summary) = run(Format::List, text);
    assert_eq!(
        kept.values(),
        [
            "url:https://evil.example/gate",
            "ipv4:1.2.3.4",
            "domain:bad.com",
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            "email:bob@evil.com",
            "asn:64496",
            "ipv6:2001:db8::1",
        ]
    );
    assert_eq!(
        kept.codes(),
        [
            ("line 3".to_owned(), "ambiguous_name"),
            ("line 3".to_owned(), "ambiguous_name"),
            ("line 5".to_owned(), "truncated"),
            ("line 5".to_owned(), "address"),
            ("line 5".to_owned(), "address_octal"),
        ]
    );
    assert_eq!(summary.skipped["no_observable"], 1);
    assert!(
        kept.taken[0].context.description.as_ref().is_some_and(|d| d.starts_with("The loader"))
    );
}

/// Each of these lines once lost a value without a word.
#[test]
fn what_is_not_taken_from_a_line_is_refused() {
    for (line, taken, refused) in [
        ("1.1.1.1 \u{202e}4.4.4.4", &["ipv4:1.1.1.1"][..], &["idna"][..]),
        ("seen ev\u{200e}il.com at\u{ad}tack", &[], &["idna"]),
        ("beacons to host:1.2.3.4:8080 at night", &["ipv4:1.2.3.4"], &[]),
        (
            "ip:1.2.3.4 md5:d41d8cd98f00b204e9800998ecf8427e",
            &["ipv4:1.2.3.4", "md5:d41d8cd98f00b204e9800998ecf8427e"],
            &[],
        ),
        ("c2:evil[.]com is up", &["domain:evil.com"], &[]),
        ("the range 10.0.0.0/33 was meant", &[], &["prefix_length"]),
        ("the range 10.0.0.0-10.0.0.255 was meant", &[], &["domain_top"]),
        ("1.2.3.4\tevil.com", &["ipv4:1.2.3.4", "domain:evil.com"], &[]),
        ("1.2.3.4\tevil.com\tseen twice", &["ipv4:1.2.3.4"], &["unnamed_column"]),
        ("1.2.3.4, https://report.com/x, seen", &["ipv4:1.2.3.4"], &[]),
        ("a:b::c std::io v1.2.3.4 note:setup", &[], &[]),
    ] {
        let (kept, _) = run(Format::List, line);
        let codes: Vec<&str> = kept.codes().iter().map(|(_, code)| *code).collect();
        assert_eq!(
            (kept.values().as_slice(), codes.as_slice()),
            (taken.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>().as_slice(), refused),
            "{line}"
        );
    }
    // However many labels there are, and however long they are.
    assert!(values(&format!("x {}", "a:".repeat(30_000))).is_empty());
}

#[test]
fn patterns_are_not_torn_into_values() {
    let (kept, _) =
        run(Format::List, "the rule /evil\\.com\\/[a-z]+/ matches ^foo\\.(bar|baz)$ only\n");
    assert_eq!(kept.values(), Vec::<String>::new());
    for line in [
        r"http://evil\.com/[a-z]+",
        r"http://evil\.com/.*",
        r"https?://evil\.com/",
        r"evil\.com/(a|b)",
        r"^evil\.com$",
        "http://evil\\.com/.*\tseen",
    ] {
        let (kept, _) = run(Format::List, line);
        assert_eq!((kept.values().len(), kept.refused.len()), (0, 1), "{line}");
    }
    assert_eq!(values(r"evil\.com"), ["domain:evil.com"]);
    let row = "url,comment\n\"http://evil\\.com/[0-9]+\",x\n";
    let (kept, _) = run(Format::Csv, row);
    assert_eq!((kept.values().len(), kept.codes()[0].1), (0, "character"));
}

#[test]
fn excerpts_are_safe_to_print() {
    let (kept, _) = run(Format::List, "\u{1b}[31mx\u{202e}moc.live\u{7}\n");
    assert_eq!(kept.refused.len(), 1);
    assert!(kept.refused[0].excerpt_is_plain());
}

impl super::super::Refusal {
    fn excerpt_is_plain(&self) -> bool {
        !self.excerpt.chars().any(|c| c.is_control() || c == '\u{202e}')
    }
}

#[test]
fn byte_by_byte_gives_the_same() {
    let content = b"a.com\r\n# x\n1.2.3.4,comment\n\nlast.org";
    let (whole, one) = run(Format::List, content);
    let (drip, two) = dripped(Format::List, content);
    assert_eq!((whole.taken, one), (drip.taken, two));
}
