//! The query of a request: paging and filters (sections 3.4, 5.3 to 5.8 of TAXII 2.1).

use std::borrow::Cow;

use crate::fault::Fault;
use crate::moment::Moment;
use crate::shelf::Which;

/// The most objects on one page, and how many come if none is asked for. Count.
pub const MAX_PAGE: usize = 1_000;
/// The most values of one filter. Count.
pub const MAX_VALUES: usize = 100;
/// The longest value of a filter. Bytes.
pub const MAX_VALUE: usize = 256;

/// What a request asks for, as its query says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) after: Option<Moment>,
    pub(crate) limit: usize,
    pub(crate) ids: Vec<String>,
    pub(crate) kinds: Vec<String>,
    /// None where the query names no version.
    pub(crate) which: Vec<Which>,
    pub(crate) specs: Vec<String>,
}

/// Which filters a resource knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// `added_after`, `limit` and `next`.
    pub(crate) pages: bool,
    /// `match[id]` and `match[type]`.
    pub(crate) names: bool,
    /// `match[version]`.
    pub(crate) versions: bool,
}

impl Filter {
    /// Reads a query.
    pub(crate) fn read(query: &str, known: Known) -> Result<Filter, Fault> {
        let mut filter = Filter {
            after: None,
            limit: MAX_PAGE,
            ids: Vec::new(),
            kinds: Vec::new(),
            which: Vec::new(),
            specs: Vec::new(),
        };
        let mut next = None;
        let mut seen = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let bad = |why: &str| Fault::Query { name: shown(name), why: why.to_owned() };
            let name = decoded(name).ok_or_else(|| bad("is no percent-encoded text"))?;
            let value = decoded(value).ok_or_else(|| bad("is no percent-encoded text"))?;
            if seen.contains(&name) {
                return Err(bad("stands there twice; separate values by commas"));
            }
            match &*name {
                "added_after" if known.pages => filter.after = Some(time(&value, bad)?),
                "limit" if known.pages => filter.limit = limit(&value, bad)?,
                "next" if known.pages => next = Some(token(&value, bad)?),
                "match[id]" if known.names => filter.ids = values(&value, bad)?,
                "match[type]" if known.names => filter.kinds = values(&value, bad)?,
                "match[version]" if known.versions => filter.which = which(&value, bad)?,
                "match[spec_version]" => filter.specs = specs(&value, bad)?,
                name if name.starts_with("match[") || known_name(name) => {
                    return Err(bad("is no filter of this resource"));
                }
                // What the standard does not name is nobody's filter (section 3.4).
                _ => {}
            }
            seen.push(name);
        }
        // A page goes on where the last one ended, if that is later.
        filter.after = filter.after.max(next);
        Ok(filter)
    }
}

/// The token with which a client asks for the page after this moment. It says nothing but a place
/// in the order; what a page holds is decided anew for each request, so a forged one opens nothing.
pub(crate) fn next_token(last: Moment) -> String {
    format!("a{:x}", last.micros())
}

fn token(value: &str, bad: impl Fn(&str) -> Fault) -> Result<Moment, Fault> {
    let place = value.strip_prefix('a').and_then(|hex| i64::from_str_radix(hex, 16).ok());
    place.and_then(Moment::of).ok_or_else(|| bad("was not given by this server"))
}

fn known_name(name: &str) -> bool {
    ["added_after", "limit", "next"].contains(&name)
}

fn time(value: &str, bad: impl Fn(&str) -> Fault) -> Result<Moment, Fault> {
    Moment::read(value).ok_or_else(|| bad("is no time such as 2026-01-02T03:04:05.000000Z"))
}

fn limit(value: &str, bad: impl Fn(&str) -> Fault) -> Result<usize, Fault> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || value.bytes().all(|byte| byte == b'0') {
        return Err(bad("is no whole number above 0"));
    }
    // One that fits nowhere is more than a page holds.
    Ok(value.parse().unwrap_or(MAX_PAGE).min(MAX_PAGE))
}

fn values(value: &str, bad: impl Fn(&str) -> Fault) -> Result<Vec<String>, Fault> {
    let mut all: Vec<String> = Vec::new();
    for one in value.split(',') {
        if one.is_empty() || one.len() > MAX_VALUE || all.len() >= MAX_VALUES {
            return Err(bad("takes 1 to 100 values of 1 to 256 bytes, separated by commas"));
        }
        if !all.iter().any(|known| known == one) {
            all.push(one.to_owned());
        }
    }
    Ok(all)
}

fn which(value: &str, bad: impl Fn(&str) -> Fault + Copy) -> Result<Vec<Which>, Fault> {
    let mut all = values(value, bad)?
        .iter()
        .map(|one| match one.as_str() {
            "last" => Ok(Which::Last),
            "first" => Ok(Which::First),
            "all" => Ok(Which::All),
            time => Moment::read(time).map(Which::At).ok_or_else(|| {
                bad("takes first, last, all, and times such as 2026-01-02T03:04:05.000Z")
            }),
        })
        .collect::<Result<Vec<_>, _>>()?;
    // `all` swallows the others.
    if all.contains(&Which::All) {
        all = vec![Which::All];
    }
    Ok(all)
}

fn specs(value: &str, bad: impl Fn(&str) -> Fault + Copy) -> Result<Vec<String>, Fault> {
    let all = values(value, bad)?;
    match all.iter().find(|one| !["2.0", "2.1"].contains(&one.as_str())) {
        Some(_) => Err(bad("takes 2.0 and 2.1")),
        None => Ok(all),
    }
}

/// A name as an error shows it.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// Percent-decoded text; a plus is a space, as in forms. None if it is no UTF-8.
pub(crate) fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                let hex = digits.iter().all(u8::is_ascii_hexdigit);
                let digits = str::from_utf8(digits).ok().filter(|_| hex)?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = after;
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: Known = Known { pages: true, names: true, versions: true };

    fn code(query: &str) -> &'static str {
        Filter::read(query, ALL).expect_err(query).code()
    }

    #[test]
    fn reads_what_the_standard_names() {
        let query = "added_after=2026-01-02T03:04:05.5Z&limit=20&match%5Btype%5D=indicator,malware\
                     &match[version]=first,2016-01-01T01%3A01%3A01.001Z&match[spec_version]=2.1\
                     &match[id]=a--1&unknown=1";
        let filter = Filter::read(query, ALL).expect("a query");
        assert_eq!(filter.after, Moment::read("2026-01-02T03:04:05.5Z"));
        assert_eq!((filter.limit, filter.kinds.len(), filter.ids.len()), (20, 2, 1));
        let at = Moment::read("2016-01-01T01:01:01.001Z").expect("a time");
        assert_eq!(filter.which, [Which::First, Which::At(at)]);
        assert_eq!(filter.specs, ["2.1"]);
        let all = Filter::read("match[version]=last,all", ALL).expect("a query");
        assert_eq!(all.which, [Which::All]);
        let huge = Filter::read("limit=99999999999999999999999", ALL).expect("a query");
        assert_eq!(huge.limit, MAX_PAGE);
    }

    #[test]
    fn refuses_what_means_nothing() {
        for bad in [
            "limit=0",
            "limit=-1",
            "limit=",
            "limit=1e3",
            "added_after=yesterday",
            "next=",
            "next=zz",
            "next=a",
            "next=affffffffffffffffff",
            "match[version]=newest",
            "match[spec_version]=3",
            "match[id]=",
            "match[id]=a,,b",
            "match[colour]=red",
            "limit=1&limit=2",
            "match[id]=%zz",
            "match[id]=%ff",
        ] {
            assert_eq!(code(bad), "bad_query", "{bad}");
        }
        let none = Known { pages: false, names: false, versions: false };
        assert!(Filter::read("limit=1", none).is_err());
    }

    #[test]
    fn a_page_goes_on_where_the_last_one_ended() {
        let last = Moment::read("2026-01-02T03:04:05.000001Z").expect("a time");
        let query = format!("added_after=2026-01-01T00:00:00Z&next={}", next_token(last));
        assert_eq!(Filter::read(&query, ALL).expect("a query").after, Some(last));
    }

    proptest! {
        #[test]
        fn no_query_panics(query in "\\PC{0,200}") {
            let _ = Filter::read(&query, ALL);
        }
    }
}
