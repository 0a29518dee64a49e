//! Envelopes of another server (section 3.7 of TAXII 2.1), with bounds.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::client::fault::{ClientFault, shortened};

/// The most objects of one page. Count.
pub const MAX_PAGE_OBJECTS: usize = 100_000;
/// The longest `next`. Bytes.
pub const MAX_NEXT: usize = 4_096;

/// A page as it came.
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    /// Its objects, byte for byte.
    pub(crate) objects: Vec<&'a RawValue>,
    /// Whether it says that there is more; none if it says nothing.
    pub(crate) more: Option<bool>,
    /// The token of the next page.
    pub(crate) next: Option<String>,
}

/// A list of which no more is held than may be.
pub(crate) struct Bounded<T, const MAX: usize>(pub(crate) Vec<T>);

impl<T, const MAX: usize> Default for Bounded<T, MAX> {
    fn default() -> Self {
        Bounded(Vec::new())
    }
}

/// How the reading of a list fails that is too long.
const TOO_MANY: &str = "too many in a list";

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Bounded<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T, const MAX: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for List<T, MAX> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
                let mut all = Vec::new();
                while all.len() < MAX {
                    match list.next_element()? {
                        Some(one) => all.push(one),
                        None => return Ok(all),
                    }
                }
                match list.next_element::<IgnoredAny>()? {
                    Some(_) => Err(A::Error::custom(TOO_MANY)),
                    None => Ok(all),
                }
            }

            // There are servers that write null for an empty list.
            fn visit_unit<E: serde::de::Error>(self) -> Result<Vec<T>, E> {
                Ok(Vec::new())
            }
        }

        deserializer.deserialize_any(List::<T, MAX>(PhantomData)).map(Bounded)
    }
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow, default)]
    objects: Bounded<&'a RawValue, MAX_PAGE_OBJECTS>,
    #[serde(default)]
    more: Option<bool>,
    #[serde(borrow, default)]
    next: Option<&'a RawValue>,
}

/// Reads a page. An empty body is an empty page.
pub(crate) fn envelope(body: &[u8]) -> Result<Envelope<'_>, ClientFault> {
    if body.trim_ascii().is_empty() {
        return Ok(Envelope { objects: Vec::new(), more: None, next: None });
    }
    let body = object("envelope", body)?;
    let raw: Raw<'_> = serde_json::from_slice(body)
        .map_err(|error| malformed("envelope", ("objects", MAX_PAGE_OBJECTS), &error))?;
    let next = match raw.next.map(|next| next.get().trim()) {
        None | Some("null" | "\"\"") => None,
        Some(text) => Some(token(text)?),
    };
    Ok(Envelope { objects: raw.objects.0, more: raw.more, next })
}

/// A token: a string, or a number as some servers write it.
fn token(text: &str) -> Result<String, ClientFault> {
    let bad = |why: &str| ClientFault::Malformed { what: "envelope", why: why.to_owned() };
    let token = if text.starts_with('"') {
        serde_json::from_str::<String>(text).map_err(|_| bad("its next is no text"))?
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.to_owned()
    } else {
        return Err(bad("its next is no text"));
    };
    if token.len() > MAX_NEXT {
        return Err(bad("its next is longer than is read"));
    }
    Ok(token)
}

/// Reads a resource that is small and plain; its lists hold at most so many of these.
pub(crate) fn resource<T: DeserializeOwned>(
    what: &'static str,
    list: (&'static str, usize),
    body: &[u8],
) -> Result<T, ClientFault> {
    let body = object(what, body)?;
    serde_json::from_slice(body).map_err(|error| malformed(what, list, &error))
}

/// The body from its first brace. Serde would take a list of the values in the right order too. A
/// byte order mark, which some servers write, is passed over (RFC 8259 section 8.1).
fn object<'a>(what: &'static str, body: &'a [u8]) -> Result<&'a [u8], ClientFault> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    if body.first() == Some(&b'{') {
        return Ok(body);
    }
    Err(ClientFault::Malformed { what, why: "it is no JSON object".to_owned() })
}

fn malformed(
    what: &'static str,
    (list, max): (&'static str, usize),
    error: &serde_json::Error,
) -> ClientFault {
    let words = error.to_string();
    if words.starts_with(TOO_MANY) {
        return ClientFault::TooMany { what: list, max };
    }
    ClientFault::Malformed { what, why: shortened(&words) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(body: &[u8]) -> &'static str {
        envelope(body).expect_err("a fault").code()
    }

    #[test]
    fn pages_as_servers_write_them() {
        let page = envelope(br#" {"more":true,"next":"a","objects":[{"b": 1.0e2},2]} "#);
        let page = page.expect("a page");
        assert_eq!((page.more, page.next.as_deref()), (Some(true), Some("a")));
        assert_eq!(page.objects[0].get(), r#"{"b": 1.0e2}"#);
        let page = envelope(br#"{"next":20,"objects":null,"x":{}}"#).expect("a page");
        assert_eq!((page.more, page.next.as_deref(), page.objects.len()), (None, Some("20"), 0));
        for empty in [
            &b"{}"[..],
            b"",
            b" \n",
            b"\xef\xbb\xbf{}",
            br#"{"next":null,"more":null}"#,
            br#"{"next":""}"#,
        ] {
            let page = envelope(empty).expect("a page");
            assert!(page.next.is_none() && page.objects.is_empty());
        }
        let bundle = br#"{"type":"bundle","id":"bundle--1","objects":[{}]}"#;
        assert_eq!(envelope(bundle).expect("a page").objects.len(), 1);
    }

    #[test]
    fn what_is_no_page() {
        for bad in [
            &b"["[..],
            b"[]",
            b"null",
            b"<html>",
            b"{",
            br#"{"objects":{}}"#,
            br#"{"objects":[1}"#,
            br#"{"objects":[],"objects":[]}"#,
            br#"{"more":"yes"}"#,
            br#"{"next":{}}"#,
            br#"{"next":-1}"#,
            b"{\"objects\":[\"\xff\"]}",
            br#"{"objects":[]} {}"#,
        ] {
            assert_eq!(code(bad), "feed_malformed", "{}", String::from_utf8_lossy(bad));
        }
        let long = format!(r#"{{"next":"{}"}}"#, "x".repeat(MAX_NEXT + 1));
        assert_eq!(code(long.as_bytes()), "feed_malformed");
        let many = format!(r#"{{"objects":[{}0]}}"#, "0,".repeat(MAX_PAGE_OBJECTS));
        assert_eq!(code(many.as_bytes()), "feed_too_many");
    }

    #[test]
    fn a_million_levels_and_huge_numbers_are_passed_over() {
        let deep = format!(r#"{{"objects":[{}{}]}}"#, "[".repeat(1 << 20), "]".repeat(1 << 20));
        assert_eq!(envelope(deep.as_bytes()).expect("a page").objects.len(), 1);
        let deep = format!(r#"{{"x":{}"#, "[".repeat(1 << 20));
        assert_eq!(code(deep.as_bytes()), "feed_malformed");
        let huge = format!(r#"{{"objects":[1e999999999,{}]}}"#, "9".repeat(100_000));
        assert_eq!(envelope(huge.as_bytes()).expect("a page").objects.len(), 2);
    }

    proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = envelope(&body);
        }
    }
}
