//! Any bytes, in any format: no panic, everything accounted for, everything in normal form.

use proptest::prelude::*;

use super::super::{Format, parse_pattern};
use super::{dripped, run};

fn seeds() -> Vec<&'static str> {
    vec![
        "<?xml version=\"1.0\"?><ioc id=\"1\"><links><link rel=\"tlp\">RED</link></links><definition><Indicator operator=\"AND\" id=\"2\"><IndicatorItem id=\"3\" condition=\"is\"><Context search=\"Network/DNS\"/><Content>a&#46;com</Content></IndicatorItem><Indicator operator=\"OR\"><IndicatorItem condition=\"is\"><Context search=\"FileItem/Md5sum\"/><Content><![CDATA[d41d8cd98f00b204e9800998ecf8427e]]></Content></IndicatorItem></Indicator></Indicator></definition></ioc>",
        "127.0.0.1 localhost\n0.0.0.0 a.com b.org # c\n10.0.0.1 c.com\n",
        "{\"Attribute\":[{\"type\":\"domain\",\"value\":\"a.com\"}],\"Tag\":[{\"name\":\"tlp:red\"}]}",
        "# c\nevil.com # x\n1.2.3.4,y\n0.0.0.0 a.com b.org\nsee hxxp://evil[.]com/ and bob@evil.com\n",
        "type,indicator,tlp,comment\ndomain,evil.com,amber,\"a \"\"b\"\"\"\nip:port,1.2.3.4:80,red,\n",
        "{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\",\"pattern\":\"[domain-name:value = 'a.com' AND file:hashes.MD5 IN ('x')]\",\"object_marking_refs\":[\"marking-definition--1\"],\"granular_markings\":[{}]},{\"type\":\"file\",\"hashes\":{\"MD5\":\"d41d8cd98f00b204e9800998ecf8427e\"}}]}",
        "{\"response\":[{\"Event\":{\"uuid\":\"u\",\"Attribute\":[{\"type\":\"domain|ip\",\"value\":\"a.com|1.2.3.4\",\"Tag\":[{\"name\":\"tlp:red\"}]}],\"Object\":[{\"Attribute\":[{\"type\":\"md5\",\"value\":\"d41d8cd98f00b204e9800998ecf8427e\"}]}],\"Tag\":[{\"name\":\"x\"}]}}]}",
    ]
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), any::<u8>(), 0..5_u8);
    (prop::sample::select(seeds()), prop::collection::vec(edit, 0..6)).prop_map(|(seed, edits)| {
        let mut bytes = seed.as_bytes().to_vec();
        for (at, new, how) in edits {
            let at = at.index(bytes.len() + 1);
            match how {
                0 => bytes.insert(at, new),
                1 if at < bytes.len() => bytes[at] = new,
                2 if at < bytes.len() => drop(bytes.remove(at)),
                3 => bytes.truncate(at),
                _ => {
                    let tail = bytes.get(at..).unwrap_or(&[]).to_vec();
                    bytes.extend(tail);
                }
            }
            if bytes.is_empty() {
                bytes.push(new);
            }
        }
        bytes
    })
}

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    for format in Format::ALL {
        // `run` itself asserts that the account balances and that bounds hold.
        let (kept, summary) = run(format, bytes);
        let (drip, again) = dripped(format, bytes);
        prop_assert_eq!(&kept.taken, &drip.taken);
        prop_assert_eq!(summary, again);
        for indicator in &kept.taken {
            let observable = &indicator.observable;
            let exact =
                detente_intel::Observable::from_normal(observable.kind(), observable.value());
            prop_assert_eq!(exact.as_ref(), Ok(observable));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn readers_on_mutated_files(bytes in mutated()) {
        check(&bytes)?;
    }

    #[test]
    fn readers_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&bytes)?;
    }

    #[test]
    fn readers_on_any_utf16(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&[b"\xff\xfe", bytes.as_slice()].concat())?;
        check(&[b"\xfe\xff", bytes.as_slice()].concat())?;
    }

    #[test]
    fn lists_of_values_come_back_whole(values in prop::collection::vec("[a-z0-9]{3,20}\\.(com|org|net)", 1..40)) {
        let (kept, summary) = run(Format::List, values.join("\n"));
        let want: Vec<String> = values.iter().map(|v| format!("domain:{v}")).collect();
        prop_assert_eq!(kept.values(), want);
        prop_assert_eq!(summary.seen, values.len() as u64);
    }

    #[test]
    fn pattern_parser_never_panics(text in "[\\[\\]()a-z:.'= 0-9\\\\*/,<>!ANDORIT-]{0,80}") {
        let _ = parse_pattern(&text);
        let _ = parse_pattern(&format!("[a:b = '{text}']"));
    }

    #[test]
    fn quoted_values_survive(value in ".{0,60}") {
        let escaped = value.replace('\\', "\\\\").replace('\'', "\\'");
        let pattern = parse_pattern(&format!("[domain-name:value = '{escaped}']"));
        let values =
            pattern.map(|p| p.named().into_iter().map(|n| n.value.plain()).collect::<Vec<_>>());
        prop_assert_eq!(values, Ok(vec![value]));
    }
}
