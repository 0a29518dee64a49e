//! STIX patterns.

use detente_pattern::{Constant, MAX_COMPARISONS, MAX_DEPTH, Operator};

use super::super::parse_pattern;

fn paths(text: &str) -> Vec<(String, &'static str, Vec<String>, bool)> {
    let pattern = parse_pattern(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
    pattern
        .comparisons()
        .into_iter()
        .map(|c| {
            let values = c.constants.iter().map(Constant::plain).collect();
            (c.path.plain(), c.operator.text(), values, c.negated)
        })
        .collect()
}

fn one(
    path: &str,
    operator: &'static str,
    value: &str,
) -> (String, &'static str, Vec<String>, bool) {
    (path.to_owned(), operator, vec![value.to_owned()], false)
}

/// Shapes of STIX 2.1 section 9.8: the pattern, its comparisons, whether anything is joined by AND.
const EXAMPLES: &[(&str, usize, bool)] = &[
    (
        "[file:hashes.'SHA-256' = 'aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f']",
        1,
        false,
    ),
    (
        "[email-message:from_ref.value MATCHES '.+\\\\@example\\\\.com$' AND email-message:body_multipart[*].body_raw_ref.name MATCHES '^Final Report.+\\\\.exe$']",
        2,
        true,
    ),
    (
        "[file:hashes.MD5 = '79054025255fb1a26e4bc422aef54eb4'] FOLLOWEDBY [windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\\\foo\\\\bar'] WITHIN 300 SECONDS",
        2,
        true,
    ),
    (
        "[user-account:account_type = 'unix' AND user-account:user_id = '1007' AND user-account:account_login = 'Peter'] AND [user-account:account_type = 'unix']",
        4,
        true,
    ),
    (
        "[artifact:mime_type = 'application/vnd.tcpdump.pcap' AND artifact:payload_bin MATCHES '\\\\xd4\\\\xc3\\\\xb2\\\\xa1']",
        2,
        true,
    ),
    (
        "[network-traffic:dst_ref.type = 'domain-name' AND network-traffic:dst_ref.value = 'example.com'] REPEATS 5 TIMES WITHIN 1800 SECONDS",
        2,
        true,
    ),
    (
        "[ipv4-addr:value = '198.51.100.1/32' OR ipv4-addr:value = '203.0.113.33/32' OR ipv6-addr:value = '2001:0db8:dead:beef:dead:beef:dead:0001/128']",
        3,
        false,
    ),
    (
        "([file:name = 'pdf.exe'] OR [file:size = 371712]) START t'2014-01-13T07:03:17Z' STOP t'2014-01-15T07:03:17Z'",
        2,
        false,
    ),
    ("[file:extensions.'windows-pebinary-ext'.sections[*].entropy > 7.0]", 1, false),
    (
        "[process:command_line MATCHES '^.+>-add GlobalSign.cer -c -s -r localMachine Root$'] FOLLOWEDBY [process:command_line MATCHES '^.+>-add']",
        2,
        true,
    ),
    (
        "[network-traffic:dst_ref.value ISSUBSET '2001:0db8:dead:beef:0000:0000:0000:0000/64']",
        1,
        false,
    ),
    ("[EXISTS file:hashes AND NOT file:size > 3]", 2, true),
    ("[windows-registry-key:key NOT IN ('a', 'b')]", 1, false),
    ("[artifact:payload_bin = b'AAEC' OR artifact:payload_bin = h'00ff']", 2, false),
];

#[test]
fn the_examples_of_the_standard_parse() {
    for (text, count, conjunction) in EXAMPLES {
        let pattern = parse_pattern(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
        let got = (pattern.comparisons().len(), pattern.is_conjunction());
        assert_eq!(got, (*count, *conjunction), "{text}");
    }
}

#[test]
fn values_and_paths_come_out_plain() {
    assert_eq!(
        paths("[domain-name:value='evil.com']"),
        [one("domain-name:value", "=", "evil.com")]
    );
    assert_eq!(
        paths("[ file:hashes . 'SHA-256' = 'x' ]").len() + paths("[file:hashes.sha256='x']").len(),
        2
    );
    assert_eq!(paths("[file:hashes.'SHA-256' = 'aa']"), [one("file:hashes.SHA-256", "=", "aa")]);
    assert_eq!(paths(r"[file:name = 'it\'s \\ here']"), [one("file:name", "=", r"it's \ here")]);
    assert_eq!(
        paths("[autonomous-system:number = 64496]"),
        [one("autonomous-system:number", "=", "64496")]
    );
    assert_eq!(
        paths("[ipv4-addr:value IN ('1.2.3.4','5.6.7.8')]")[0].2,
        ["1.2.3.4".to_owned(), "5.6.7.8".to_owned()]
    );
    assert!(paths("[domain-name:value NOT = 'x']")[0].3);
    assert!(paths("[NOT domain-name:value = 'x']")[0].3);
    assert_eq!(paths("[a:b == 'x' or a:b != 'y' /* c */]")[1].1, Operator::NotEqual.text());
    // Text that looks defanged stays as it is: patterns are not refanged.
    assert_eq!(paths("[url:value MATCHES 'evil[.]com']")[0].2, ["evil[.]com"]);
}

#[test]
fn what_is_no_pattern_is_refused_at_its_place() {
    for (text, at) in [
        ("", 0),
        ("domain-name:value = 'x'", 0),
        ("[]", 1),
        ("[domain-name:value]", 18),
        ("[domain-name = 'x']", 13),
        ("[domain-name:value = 'x'", 24),
        ("[domain-name:value = 'x]", 24),
        ("[domain-name:value = x]", 21),
        ("[domain-name:value = 'x'] AND", 29),
        ("[domain-name:value = 'x'] NEAR [a:b = 1]", 26),
        ("[domain-name:value = 'x'] trailing", 26),
        ("([a:b = 1]", 10),
        ("[a:b IN ('x'", 12),
        ("[a:b = 'x'] WITHIN 5 MINUTES", 21),
        ("[a:b[0 = 'x']", 7),
        ("[a:b = 1e5]", 8),
        ("[a:b = 1] /* open", 10),
    ] {
        let fault = parse_pattern(text).expect_err(text);
        assert_eq!(fault.at(), at, "{text}: {fault}");
    }
}

#[test]
fn bounds_hold() {
    let deep = |n: usize| format!("[{}a:b = 1{}]", "(".repeat(n), ")".repeat(n));
    assert!(parse_pattern(&deep(MAX_DEPTH)).is_ok());
    assert!(parse_pattern(&deep(MAX_DEPTH + 1)).is_err());
    assert!(parse_pattern(&deep(100_000)).is_err());
    assert!(parse_pattern(&format!("{}[a:b = 1]", "(".repeat(100_000))).is_err());
    let many = |n: usize| format!("[a:b IN ({})]", vec!["1"; n].join(","));
    assert!(parse_pattern(&many(MAX_COMPARISONS)).is_ok());
    assert!(parse_pattern(&many(MAX_COMPARISONS + 1)).is_err());
}
