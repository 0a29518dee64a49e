//! Hosts files as a format of their own.

use super::super::Format;
use super::{dripped, run};

#[test]
fn blocked_names_are_indicators_and_addresses_never() {
    let content = "# Title: ads\n127.0.0.1 localhost localhost.localdomain\n::1 ip6-localhost\n\
        255.255.255.255 broadcasthost\nfe80::1%lo0 localhost\n\n\
        0.0.0.0 Bad.example alias.example # seen in mail\n127.0.0.1\tbad.org#now\r\n\
        :: six.example\n::1 localhost-login.com\n0.0.0.0 0.0.0.0\n127.0.53.53 collision.com\n";
    let (kept, summary) = run(Format::Hosts, content);
    assert_eq!(
        kept.values(),
        [
            "domain:bad.example",
            "domain:alias.example",
            "domain:bad.org",
            "domain:six.example",
            "domain:localhost-login.com",
            "domain:collision.com",
        ]
    );
    assert_eq!(kept.codes(), []);
    let said: Vec<Option<&str>> =
        kept.taken.iter().map(|i| i.context.description.as_deref()).collect();
    assert_eq!(said, [Some("seen in mail"), Some("seen in mail"), Some("now"), None, None, None]);
    assert_eq!(summary.skipped["hosts_boilerplate"], 6);
    assert_eq!((summary.skipped["comment"], summary.skipped["blank"], summary.lines), (1, 1, 12));
}

#[test]
fn what_blocks_no_name_is_refused() {
    for (line, code) in [
        ("192.0.2.1 bad.example", "hosts_address"),
        ("10.0.0.1 fileserver localhost", "hosts_address"),
        ("255.255.255.255 bad.example", "hosts_address"),
        ("bad.example", "hosts_line"),
        ("0.0.0.0", "hosts_line"),
        ("0.0.0.0 # bad.example", "hosts_line"),
        ("127.1 bad.example", "hosts_line"),
        ("0.0.0.0 nosuch", "domain_one_label"),
        ("0.0.0.0 *.bad.example", "wildcard"),
        ("0.0.0.0 1.2.3.4", "domain_top"),
        ("0.0.0.0 bad[.]example", "character"),
        ("0.0.0.0 http://bad.example/", "character"),
        ("0.0.0.0 com", "domain_one_label"),
    ] {
        let (kept, _) = run(Format::Hosts, line);
        assert_eq!(
            (kept.values(), kept.codes()),
            (vec![], vec![("line 1".to_owned(), code)]),
            "{line}"
        );
    }
    let (kept, _) = run(Format::Hosts, b"0.0.0.0 a.com\n0.0.0.0 \xff.com\n0.0.0.0 b.com");
    assert_eq!(kept.codes(), [("line 2".to_owned(), "not_utf8")]);
    assert_eq!(kept.values().len(), 2);
}

#[test]
fn only_a_clear_one_is_told_by_itself() {
    let many = |line: &str| line.repeat(2000);
    for (content, format) in [
        ("127.0.0.1 localhost\n0.0.0.0 bad.example\n".to_owned(), Format::Hosts),
        ("0.0.0.0 bad.example".to_owned(), Format::Hosts),
        ("# a list\r\n\r\n127.0.0.1  bad.example # x\r\n".to_owned(), Format::Hosts),
        (many("0.0.0.0 bad.example\n"), Format::Hosts),
        ("10.0.0.5 printer\n0.0.0.0 bad.example\n".to_owned(), Format::Hosts),
        // The addresses may be meant, or there is none.
        (
            "192.0.2.1 evil.example\n0.0.0.0 bad.example\n192.0.2.2 evil.org\n".to_owned(),
            Format::List,
        ),
        ("127.0.0.1 localhost\n".to_owned(), Format::List),
        ("0.0.0.0 bad.example\nevil.example\n".to_owned(), Format::List),
        ("0.0.0.0 bad.example, as seen\n".to_owned(), Format::List),
        ("0.0.0.0\n".to_owned(), Format::List),
        ("1.2.3.4\n".to_owned(), Format::List),
    ] {
        let (_, summary) = run(Format::Auto, &content);
        assert_eq!(summary.format, format, "{}", content.lines().next().unwrap_or(""));
    }
}

#[test]
fn byte_by_byte_gives_the_same() {
    let content = b"0.0.0.0 a.com # x\r\n\n10.0.0.1 b.com\n:: c.com";
    let (whole, one) = run(Format::Hosts, content);
    let (drip, two) = dripped(Format::Hosts, content);
    assert_eq!((whole.taken, one), (drip.taken, two));
}
