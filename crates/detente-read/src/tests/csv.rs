//! CSV: headers, types, quotes, bounds.

use detente_core::{Kind, Tlp};

use super::super::{Column, CsvMapping, Format, MAX_COLUMNS, MAX_RECORD, Options, Role};
use super::{dripped, options, run, run_with};

#[test]
fn a_header_gives_columns_their_meaning() {
    let content = "Type,Indicator,TLP,Comment,Confidence,First Seen,Tags\r\n\
                   domain,EVIL.com,TLP:AMBER,\"says \"\"hi\"\",\nthen leaves\",80,2020-01-01,\"a, b\"\r\n\
                   ip:port,1.2.3.4:443,,,high,never,\r\n\
                   sha256_hash,abc,,,,,\r\n\
                   mutex,Global\\x,,,,,\r\n\
                   ,,,,,,\r\n\
                   domain,,,only a comment,,,\r\n";
    let (kept, summary) = run(Format::Auto, content);
    assert_eq!(summary.format, Format::Csv);
    assert_eq!(kept.values(), ["domain:evil.com", "ipv4:1.2.3.4"]);
    let first = &kept.taken[0].context;
    assert_eq!(first.markings.tlp(), Some(Tlp::Amber));
    assert_eq!(first.description.as_deref(), Some("says \"hi\",\nthen leaves"));
    assert_eq!((first.confidence, first.first_seen), (Some(80), Some(1_577_836_800)));
    assert_eq!(first.labels, ["a", "b"]);
    let second = &kept.taken[1].context;
    assert_eq!(second.extra["port"], "443");
    assert_eq!((&*second.extra["confidence"], &*second.extra["firstseen"]), ("high", "never"));
    assert_eq!(
        kept.codes(),
        [("line 5".to_owned(), "digest_length"), ("line 6".to_owned(), "unsupported_type")]
    );
    assert_eq!(summary.skipped["header"], 1);
    assert_eq!(summary.skipped["blank"], 1);
    assert_eq!(summary.skipped["no_observable"], 1);
}

#[test]
fn several_typed_columns() {
    let content = "date;url;ip;md5\n2020-01-01;hxxp://evil[.]com/;1.2.3.4;d41d8cd98f00b204e9800998ecf8427e\n\
                   2020-01-02;;2.3.4.5;\n";
    let (kept, _) = run(Format::Csv, content);
    assert_eq!(
        kept.values(),
        [
            "url:http://evil.com/",
            "ipv4:1.2.3.4",
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            "ipv4:2.3.4.5"
        ]
    );
}

#[test]
fn a_header_behind_a_hash() {
    let content = "################\n# A feed        #\n# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\"\n\
                   \"2020-01-01 10:00:00\",\"77\",\"1.2.3.4:80\",\"ip:port\"\n# end\n";
    let (kept, summary) = run(Format::Auto, content);
    assert_eq!(kept.values(), ["ipv4:1.2.3.4"]);
    assert_eq!(kept.taken[0].context.origin.as_deref(), Some("77"));
    assert_eq!(summary.skipped["comment"], 4);
}

#[test]
fn without_header_the_first_value_counts() {
    let content = "\"2020-01-01\",\"evil.com\",\"botnet\"\n\"2020-01-02\",\"x\",\"y\"\n\"a\",\"1.2.3.400\",\"y\"\n";
    let (kept, summary) = run(Format::Csv, content);
    assert_eq!(kept.values(), ["domain:evil.com"]);
    assert_eq!(kept.taken[0].context.description.as_deref(), Some("2020-01-01, botnet"));
    assert_eq!(summary.skipped["no_observable"], 1);
    assert_eq!(kept.codes(), [("line 3".to_owned(), "address")]);
}

#[test]
fn the_caller_may_say_what_is_what() {
    let mapping = CsvMapping {
        delimiter: Some(b'|'),
        has_header: Some(false),
        columns: vec![
            (Column::Index(1), Role::Value(Some(Kind::CertSha1))),
            (Column::Index(0), Role::Comment),
            (Column::Index(9), Role::Tlp),
        ],
    };
    let content = "note|da39a3ee5e6b4b0d3255bfef95601890afd80709\nnote|evil.com\n";
    let (kept, _) = run_with(&Options { csv: Some(mapping), ..options(Format::Csv) }, content);
    assert_eq!(kept.values(), ["cert-sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709"]);
    assert_eq!(kept.codes().len(), 1);

    let mapping = CsvMapping {
        has_header: Some(true),
        columns: vec![(Column::Name("What".to_owned()), Role::Value(None))],
        ..CsvMapping::default()
    };
    let content = "when,WHAT\n2020,evil.com\n";
    let (kept, _) = run_with(&Options { csv: Some(mapping), ..options(Format::Csv) }, content);
    assert_eq!(kept.values(), ["domain:evil.com"]);
}

#[test]
fn records_beyond_the_bounds_are_passed_over() {
    let wide = "x,".repeat(MAX_COLUMNS + 1);
    let long = "y".repeat(MAX_RECORD + 1);
    let content = format!("indicator,comment\na.com,1\n{wide}\nb.com,2\nz.com,{long}\nc.com,3\n");
    let (kept, _) = run(Format::Csv, &content);
    assert_eq!(kept.values(), ["domain:a.com", "domain:b.com", "domain:c.com"]);
    assert_eq!(
        kept.codes(),
        [("line 3".to_owned(), "record_too_large"), ("line 5".to_owned(), "record_too_large")]
    );
    // A quote that is never closed swallows the rest, and the report says from where.
    let content = format!("indicator,comment\na.com,1\nb.com,\"{}", "z.com,2\n".repeat(MAX_RECORD));
    let (kept, _) = run(Format::Csv, &content);
    assert_eq!(kept.values(), ["domain:a.com"]);
    assert_eq!(kept.codes(), [("line 3".to_owned(), "record_too_large")]);
}

#[test]
fn empty_lines_are_counted() {
    for end in ["\n", "\r\n"] {
        let content = ["indicator,comment", "", "a.com,1", "", "", "bad one,2", ""].join(end);
        let (kept, summary) = run(Format::Csv, content);
        assert_eq!(summary.skipped["blank"], 3, "{end:?}");
        assert_eq!(kept.codes()[0].0, "line 6", "{end:?}");
        assert_eq!((summary.lines, summary.seen), (6, 6), "{end:?}");
    }
}

#[test]
fn unknown_colours_close() {
    let (kept, summary) = run(Format::Csv, "indicator,tlp\nevil.com,internal\n");
    assert!(kept.taken[0].context.markings.is_closed());
    assert_eq!(summary.closed, 1);
}

#[test]
fn byte_by_byte_gives_the_same() {
    let content = b"indicator,comment\r\n\"a.com\",\"x\ny\"\r\nb.com,\xff\nc.com,z";
    let (whole, one) = run(Format::Csv, content);
    let (drip, two) = dripped(Format::Csv, content);
    assert_eq!(whole.codes(), [("line 4".to_owned(), "not_utf8")]);
    assert_eq!((whole.taken, one), (drip.taken, two));
}

#[test]
fn without_a_heading_no_second_value_is_lost() {
    for (content, taken, refused) in [
        ("1.2.3.4\tevil.com\n", 2, 0),
        ("\"2020-01-01\",\"1.2.3.4\",\"evil.com\"\n", 1, 1),
        ("\"2020-01-01\",\"evil.com\",\"https://report.com/x\"\n", 1, 0),
    ] {
        let (kept, _) = run(Format::Csv, content);
        assert_eq!((kept.taken.len(), kept.refused.len()), (taken, refused), "{content}");
    }
}

#[test]
fn the_guard_of_a_formula_is_taken_off() {
    let content = "indicator,type,comment,id\n\
                   '-a-.evil.com,domain,'=1+1,'+7\n\
                   evil.com,domain,'@x,''a'\n\
                   bad.com,domain,\"'\tx\",\"'\ry\"\n\
                   last.com,domain,'tis,'\n";
    let (kept, _) = run(Format::Csv, content);
    assert_eq!(
        kept.values(),
        ["domain:-a-.evil.com", "domain:evil.com", "domain:bad.com", "domain:last.com"]
    );
    let said = |at: usize| {
        let context = &kept.taken[at].context;
        (context.description.as_deref().unwrap_or(""), context.origin.as_deref().unwrap_or(""))
    };
    assert_eq!(
        [said(0), said(1), said(2), said(3)],
        [("=1+1", "+7"), ("@x", "'a'"), ("x", "y"), ("'tis", "'")]
    );
}
