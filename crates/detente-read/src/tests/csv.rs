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
}

/// A table of rows without quotes, some lines of which are written otherwise.
fn table(rows: usize, others: &[(usize, &str)]) -> String {
    let mut content = "value,type,comment\n".to_owned();
    for row in 0..rows {
        match others.iter().find(|(at, _)| *at == row) {
            Some((_, line)) => content.push_str(line),
            None => content.push_str(&format!("host{row}.com,domain,note {row}")),
        }
        content.push('\n');
    }
    content
}

#[test]
fn a_quote_that_nobody_closed_costs_its_line() {
    let open = (5, "host5.com,domain,\"note 5");
    for (others, refused) in [
        // To the end of the file.
        (vec![open], vec!["line 7"]),
        // To another one, which begins a cell or ends one.
        (vec![open, (8, "host8.com,domain,\"note 8\"")], vec!["line 7"]),
        (vec![open, (8, "host8.com,domain,\"note 8")], vec!["line 7", "line 10"]),
        (vec![(5, "host5.com,domain,\""), (8, "host8.com,domain,\"")], vec!["line 7", "line 10"]),
        (vec![(5, "host5.com,domain,\""), (6, "host6.com,domain,\"")], vec!["line 7", "line 8"]),
        (vec![open, (8, "host8.com,domain,\"two\nlines\"")], vec!["line 7"]),
    ] {
        for rows in [20, 60_000] {
            let content = table(rows, &others);
            let (kept, summary) = run(Format::Auto, &content);
            let codes: Vec<String> = kept.codes().into_iter().map(|(place, _)| place).collect();
            assert_eq!(codes, refused, "{rows} {others:?}");
            assert!(kept.codes().iter().all(|(_, code)| *code == "unclosed_quote"));
            assert_eq!(summary.taken, (rows - refused.len()) as u64, "{rows} {others:?}");
            assert_eq!(summary.bytes, content.len() as u64);
            assert_eq!(summary.lines, content.lines().count() as u64);
            assert!(summary.broken.is_none());
        }
    }
    let content = table(20, &[open, (9, "host9.com,domain,\"")]).replace('\n', "\r\n");
    let (whole, one) = run(Format::Auto, &content);
    let (drip, two) = dripped(Format::Auto, content.as_bytes());
    assert_eq!(one.taken, 18);
    assert_eq!((whole.taken, one), (drip.taken, two));
}

#[test]
fn cells_of_several_lines_are_meant() {
    let text = "\"one line\n\nsaid \"\"evil.com\"\", and more, and more\n# and, \nanother\"";
    let long = format!("\"{}\"", "a line of text, with commas, and more of it\n".repeat(3_000));
    for cell in [text, &long] {
        let line = format!("host5.com,domain,{cell}");
        let (kept, summary) = run(Format::Auto, table(20, &[(5, &line)]));
        assert_eq!((summary.taken, kept.refused.len()), (20, 0), "{:?}", kept.codes());
    }
    // Beyond the bound it is one record, and left out as one.
    let long = format!("\"{}\"", "a line of text\n".repeat(30_000));
    let line = format!("host5.com,domain,{long}");
    let (kept, summary) = run(Format::Auto, table(20, &[(5, &line)]));
    assert_eq!(kept.codes(), [("line 7".to_owned(), "record_too_large")]);
    assert_eq!((summary.taken, summary.broken.is_none()), (19, true));
    // What is not closed and cannot be held is the end.
    let (kept, summary) = run(Format::Auto, table(20, &[(5, line.trim_end_matches('"'))]));
    assert_eq!(kept.codes(), [("line 7".to_owned(), "unclosed_quote")]);
    assert!(summary.taken == 5 && summary.broken.is_some());
}

#[test]
fn quotes_to_no_purpose_cost_no_time() {
    // From each line's quote on, everything to the end is one cell.
    let content = |lines| format!("value,comment\n{}", "a\"b,\"c\n".repeat(lines));
    let (kept, summary) = run(Format::Csv, content(100));
    assert_eq!((kept.refused.len(), summary.broken), (100, None));
    // What may be read again is bounded: then it is said to be lost.
    let (kept, summary) = run(Format::Csv, content(30_000));
    assert!((50..1_000).contains(&kept.refused.len()), "{}", kept.refused.len());
    assert_eq!(summary.broken.map(|reason| reason.code()), Some("unclosed_quote"));
}

#[test]
fn every_line_before_an_open_quote_is_accounted_for() {
    let mut content = table(20, &[(5, "host5.com,domain,\"two"), (6, "lines\",\"open")]);
    content.push_str("host20.com,domain,\"");
    let (kept, summary) = run(Format::Auto, &content);
    let places: Vec<String> = kept.codes().into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["line 7", "line 8", "line 22"]);
    assert_eq!(summary.taken, 18);
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

/// What a table says of the handling counts, wherever it stands; as MISP writes its CSV, too.
#[test]
fn tags_among_labels_count() {
    let text = "value,label\na.com,\"tlp:red,c2\"\nb.com,PAP:RED\n";
    let (kept, _) = run(Format::Csv, text);
    let markings = |at: usize| &kept.taken[at].context.markings;
    assert_eq!(markings(0).tlp(), Some(Tlp::Red));
    assert_eq!(kept.taken[0].context.labels, ["c2"]);
    assert_eq!(markings(1).texts(), ["PAP:RED"]);
    let text = "uuid,value,attribute_tag\n1,a.com,\"tlp:red,PAP:RED\"\n";
    let (kept, _) = run(Format::Csv, text);
    assert_eq!(kept.taken[0].context.markings.tlp(), Some(Tlp::Red));
}

#[test]
fn what_is_no_time_or_number_is_told() {
    let text = "value,confidence,first_seen,valid_until\n\
        a.com,101,02.03.2026,gestern\nb.com,,,\nc.com,100,2026-01-01,99999-01-01\n";
    let (kept, summary) = run(Format::Csv, text);
    assert_eq!(kept.taken.len(), 3);
    let told: Vec<_> = summary.unread.into_iter().collect();
    assert_eq!(told, [("confidence", 1), ("first-seen", 1), ("valid-until", 2)]);
    assert_eq!(kept.taken[0].context.extra["validuntil"], "gestern");
}

#[test]
fn a_column_that_is_not_there_is_named() {
    let mapping = |name: &str| CsvMapping {
        columns: vec![(Column::Name(name.to_owned()), Role::Value(None))],
        ..CsvMapping::default()
    };
    let with = |name: &str, text: &str| {
        let csv = Some(mapping(name));
        run_with(&Options { csv, ..options(Format::Csv) }, text)
    };
    let text = "host,comment,confidence\na.com,x,1\nb.com,y,2\n";
    let (kept, summary) = with("hosst", text);
    assert!(kept.taken.is_empty());
    let why = summary.broken.map(|reason| reason.to_string()).unwrap_or_default();
    assert!(why.contains("hosst") && why.contains("host, comment, confidence"), "{why}");
    assert_eq!(with("Host", text).0.taken.len(), 2);
    let (_, summary) = with("host", "a.com,x\nb.com,y\n");
    let why = summary.broken.map(|reason| reason.to_string()).unwrap_or_default();
    assert!(why.contains("no heading"), "{why}");
}
