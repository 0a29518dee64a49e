//! The known answers of `vectors/normal-form.json`, and properties that hold for any text.

use detente_core::Kind;
use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Vectors {
    version: u16,
    normal: Vec<Normal>,
    refused: Vec<Refused>,
    detected: Vec<Detected>,
    undetected: Vec<Undetected>,
}

#[derive(Deserialize)]
struct Normal {
    kind: String,
    r#in: String,
    out_kind: String,
    out: String,
}

#[derive(Deserialize)]
struct Refused {
    kind: String,
    r#in: String,
    code: String,
}

#[derive(Deserialize)]
struct Detected {
    r#in: String,
    kind: String,
    out: String,
}

#[derive(Deserialize)]
struct Undetected {
    r#in: String,
    code: String,
}

fn vectors() -> Vectors {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/normal-form.json"));
    serde_json::from_str(text).expect("the vectors are well formed")
}

fn kind(name: &str) -> Kind {
    name.parse().expect("a known kind")
}

#[test]
fn good_vectors() {
    let vectors = vectors();
    assert_eq!(vectors.version, NORMAL_FORM_VERSION);
    assert!(vectors.normal.len() > 80);
    for v in vectors.normal {
        let got = Observable::normalise(kind(&v.kind), &v.r#in);
        let want = Observable { kind: kind(&v.out_kind), value: v.out };
        assert_eq!(got.as_ref(), Ok(&want), "{} {:?}", v.kind, v.r#in);
        assert_eq!(Observable::from_normal(want.kind, &want.value), Ok(want));
    }
}

#[test]
fn bad_vectors() {
    for v in vectors().refused {
        let got = Observable::normalise(kind(&v.kind), &v.r#in).map_err(|fault| fault.code());
        assert_eq!(got, Err(v.code.as_str()), "{} {:?}", v.kind, v.r#in);
    }
}

#[test]
fn detected_vectors() {
    for v in vectors().detected {
        let want = Observable { kind: kind(&v.kind), value: v.out };
        assert_eq!(Observable::detect(&v.r#in), Ok(want), "{:?}", v.r#in);
    }
}

#[test]
fn undetected_vectors() {
    for v in vectors().undetected {
        let got = Observable::detect(&v.r#in).map_err(|fault| fault.code());
        assert_eq!(got, Err(v.code.as_str()), "{:?}", v.r#in);
    }
}

#[test]
fn every_kind_has_good_and_bad_vectors() {
    let vectors = vectors();
    for kind in Kind::ALL {
        assert!(vectors.normal.iter().any(|v| v.out_kind == kind.name()), "{kind}");
    }
    for v in &vectors.normal {
        // One spelling only: whatever differs from its normal form is refused as such.
        let exact = Observable::from_normal(kind(&v.kind), &v.r#in);
        assert_eq!(exact.is_ok(), v.kind == v.out_kind && v.r#in == v.out, "{:?}", v.r#in);
    }
}

#[test]
fn match_keys_tell_kinds_apart() {
    let digest = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    let file = Observable::normalise(Kind::Sha1, digest).expect("a digest");
    let certificate = Observable::normalise(Kind::CertSha1, digest).expect("a digest");
    assert_ne!(file.match_key(), certificate.match_key());
    assert_eq!(file.match_key()[0], Kind::Sha1.code());
    assert_eq!(Observable::from_match_key(&file.match_key()), Ok(file));
    assert!(Observable::from_match_key(b"").is_err());
    assert!(Observable::from_match_key(b"\x01EVIL.com").is_err());
    assert!(Observable::from_match_key(b"\xffevil.com").is_err());
    assert!(Observable::from_match_key(b"\x01\xff").is_err());
}

/// Texts that come close to observables of every kind.
fn near() -> impl Strategy<Value = String> {
    let vectors = vectors();
    let mut seeds: Vec<String> = vectors.normal.into_iter().map(|v| v.r#in).collect();
    seeds.extend(vectors.refused.into_iter().map(|v| v.r#in));
    let mutated = (proptest::sample::select(seeds), any::<u16>(), any::<char>(), 0..4_u8).prop_map(
        |(seed, at, new, how)| {
            let mut chars: Vec<char> = seed.chars().collect();
            let at = usize::from(at) % (chars.len() + 1);
            match how {
                0 => chars.insert(at, new),
                1 if at < chars.len() => chars[at] = new,
                2 if at < chars.len() => drop(chars.remove(at)),
                _ => chars.extend(seed.chars().take(at)),
            }
            chars.into_iter().collect()
        },
    );
    prop_oneof![
        4 => mutated,
        1 => ".{0,60}",
        1 => "[a-zA-Z0-9._-]{1,40}\\.[a-z]{2,5}",
        1 => "([0-9a-fA-F]{0,4}:){1,8}[0-9a-fA-F]{0,4}(/[0-9]{1,3})?",
        1 => "[0-9]{1,3}(\\.[0-9]{1,3}){2,4}(/[0-9]{1,2})?",
        1 => "(https?|ftp|ldap|tcp)://[^ ]{0,40}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn idempotent_and_bounded(text in near()) {
        for kind in Kind::ALL {
            if let Ok(first) = Observable::normalise(kind, &text) {
                prop_assert!(first.value.len() <= MAX_VALUE && !first.value.is_empty());
                prop_assert!(first.match_key().len() <= MAX_MATCH_KEY);
                prop_assert!(first.value.is_ascii(), "{:?}", first);
                prop_assert!(!first.value.bytes().any(|b| b.is_ascii_control() || b == b' '));
                let again = Observable::normalise(first.kind, &first.value);
                prop_assert_eq!(again.as_ref(), Ok(&first));
                let exact = Observable::from_normal(first.kind, &first.value);
                prop_assert_eq!(exact, Ok(first));
            }
        }
    }

    #[test]
    fn detect_agrees_with_normalise(text in near()) {
        if let Ok(found) = Observable::detect(&text) {
            let again = Observable::from_normal(found.kind, &found.value);
            prop_assert_eq!(again, Ok(found));
        }
    }

    #[test]
    fn case_and_space_do_not_matter(name in "[a-z0-9_-]{1,20}(\\.[a-z0-9-]{1,20}){0,2}\\.[a-z]{2,6}") {
        let plain = Observable::normalise(Kind::Domain, &name);
        let shouted = Observable::normalise(Kind::Domain, &format!(" {}.\r\n", name.to_uppercase()));
        prop_assert_eq!(plain, shouted);
    }

    #[test]
    fn every_address_is_valid(v4 in any::<u32>(), v6 in any::<u128>(), length in 0..=128_u8) {
        let v4 = std::net::Ipv4Addr::from(v4);
        let v6 = std::net::Ipv6Addr::from(v6);
        prop_assert!(Observable::normalise(Kind::Ipv4, &v4.to_string()).is_ok());
        prop_assert!(Observable::normalise(Kind::Ipv6, &v6.to_string()).is_ok());
        let segments: Vec<String> = v6.segments().iter().map(|s| format!("{s:04X}")).collect();
        let long = format!("{}/{length}", segments.join(":"));
        let short = format!("{v6}/{length}");
        prop_assert_eq!(
            Observable::normalise(Kind::Ipv6Cidr, &long),
            Observable::normalise(Kind::Ipv6Cidr, &short)
        );
        let valid = Observable::normalise(Kind::Ipv6Cidr, &short).is_ok();
        prop_assert!(valid, "{}", short);
    }

    #[test]
    fn every_plain_name_is_valid(labels in proptest::collection::vec("[a-z0-9]{1,30}", 1..6)) {
        let name = format!("{}.example", labels.join("."));
        prop_assert_eq!(
            Observable::normalise(Kind::Domain, &name).map(|o| o.value),
            Ok(name)
        );
    }

    #[test]
    fn the_fast_way_gives_what_uts46_gives(name in "[a-zA-Z0-9_-]{1,12}(\\.[a-zA-Z0-9_-]{1,12}){1,3}") {
        if let Ok(found) = Observable::normalise(Kind::Domain, &name) {
            let slow = idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::EMPTY);
            prop_assert_eq!(slow.map(|s| s.into_owned()).ok(), Some(found.value));
        }
    }

    #[test]
    fn domains_and_addresses_never_overlap(text in near()) {
        let domain = Observable::normalise(Kind::Domain, &text).is_ok();
        let address = Observable::normalise_address(&text).is_ok();
        prop_assert!(!(domain && address), "{:?}", text);
    }
}
