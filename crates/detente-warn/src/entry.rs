//! One entry of a list: its normal form by the type of the list, or why it has none.

use std::borrow::Cow;
use std::net::IpAddr;

use detente_core::Kind;
use detente_intel::{NormalFault, Observable};
use ipnet::IpNet;

use crate::kinds::KindSet;

/// The longest entry, in bytes: no observable is longer in normal form.
pub const MAX_ENTRY: usize = detente_intel::MAX_VALUE;

/// How much of a refused entry a [`Refusal`] shows, in characters.
pub const MAX_EXCERPT: usize = 80;

/// An entry that was left out of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which entry of the file, counted from 0.
    pub entry: usize,
    /// Its beginning, at most [`MAX_EXCERPT`] characters; empty if it is no text.
    pub excerpt: String,
    /// Why.
    pub fault: EntryFault,
}

/// Why an entry cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryFault {
    /// Nothing but white space.
    #[error("empty")]
    Empty,
    /// The type of the list asks for an address, prefix or host name, and this is none.
    #[error("the entry has no normal form")]
    Normal(#[from] NormalFault),
    /// A JSON value that is no text.
    #[error("not a text")]
    NotText,
    /// No delimiter such as `/` around a regular expression, or only one.
    #[error("a regular expression stands between delimiters, as in /.../i")]
    RegexDelimiter,
    /// A letter after the closing delimiter that is not supported.
    #[error("flag {0:?} of a regular expression is not supported")]
    RegexFlag(char),
    /// The engine refuses the expression.
    #[error("not a regular expression that is supported here: {0}")]
    RegexSyntax(String),
    /// Compiled larger than [`crate::MAX_REGEX_PROGRAM`].
    #[error("the regular expression needs more than {} bytes", crate::MAX_REGEX_PROGRAM)]
    RegexTooLarge,
    /// A construct that cannot run in linear time, or that PCRE reads differently.
    #[error("regular expressions with this construct are not supported: {0}")]
    RegexUnsupported(&'static str),
    /// Longer than [`MAX_ENTRY`].
    #[error("{got} bytes, at most {MAX_ENTRY} allowed")]
    TooLong {
        /// The length found, in bytes.
        got: usize,
    },
    /// The list has more regular expressions than [`crate::MAX_REGEXES`], or more bytes of
    /// substrings than [`crate::MAX_SUBSTRING_TEXT`].
    #[error("one too many for a list of this type")]
    TooMany,
}

impl EntryFault {
    /// A stable machine name.
    pub fn code(&self) -> &'static str {
        match self {
            EntryFault::Empty => "empty",
            EntryFault::Normal(fault) => fault.code(),
            EntryFault::NotText => "not_text",
            EntryFault::RegexDelimiter => "regex_delimiter",
            EntryFault::RegexFlag(_) => "regex_flag",
            EntryFault::RegexSyntax(_) => "regex_syntax",
            EntryFault::RegexTooLarge => "regex_too_large",
            EntryFault::RegexUnsupported(_) => "regex_unsupported",
            EntryFault::TooLong { .. } => "too_long",
            EntryFault::TooMany => "too_many",
        }
    }
}

/// An address or prefix, host bits cleared; an address alone is the prefix that holds only it.
pub(crate) fn prefix(text: &str) -> Result<IpNet, EntryFault> {
    let observable = Observable::normalise_address(text)?;
    prefix_of(&observable).ok_or(EntryFault::Normal(NormalFault::Address))
}

/// The prefix that an observable of an address kind stands for; `None` for other kinds.
pub(crate) fn prefix_of(observable: &Observable) -> Option<IpNet> {
    match observable.kind() {
        Kind::Ipv4 | Kind::Ipv6 => observable.value().parse::<IpAddr>().ok().map(IpNet::from),
        Kind::Ipv4Cidr | Kind::Ipv6Cidr => observable.value().parse().ok(),
        _ => None,
    }
}

/// A host name or address. Dots around it are dropped, as MISP does.
///
/// One label (`barclays`) and registry suffixes (`co.uk`) are no domains in normal form, but MISP's
/// lists have them, and they stand for every name below.
pub(crate) fn hostname(text: &str) -> Result<String, EntryFault> {
    let text = text.trim_matches('.');
    match Observable::normalise_host(text) {
        Ok(observable) if !matches!(observable.kind(), Kind::Ipv4Cidr | Kind::Ipv6Cidr) => {
            Ok(observable.value().to_owned())
        }
        Ok(_) => Err(EntryFault::Normal(NormalFault::Character('/'))),
        Err(fault @ (NormalFault::DomainOneLabel | NormalFault::DomainPublicSuffix)) => {
            // What stands below a suffix is a domain, and its spelling is what is wanted.
            const BELOW: &str = "a.a.";
            Observable::normalise(Kind::Domain, &format!("{BELOW}{text}"))
                .ok()
                .and_then(|below| below.value().strip_prefix(BELOW).map(str::to_owned))
                .ok_or(EntryFault::Normal(fault))
        }
        Err(fault) => Err(EntryFault::Normal(fault)),
    }
}

/// The spelling by which an entry of a `string` list is looked up: its normal form if it is an
/// observable of a kind that the list speaks of, else the text itself.
pub(crate) fn spelling(text: &str, kinds: KindSet) -> Cow<'_, str> {
    let found = Observable::detect(text).or_else(|fault| match fault {
        // A guess asks more of a name than its normal form does.
        NormalFault::UnknownSuffix => {
            let kind = if text.contains('@') { Kind::Email } else { Kind::Domain };
            Observable::normalise(kind, text)
        }
        other => Err(other),
    });
    let found = found.or_else(|fault| {
        [Kind::CertSha1, Kind::CertSha256]
            .into_iter()
            .filter(|kind| kinds.contains(*kind))
            .find_map(|kind| Observable::normalise(kind, text).ok())
            .ok_or(fault)
    });
    match found {
        Ok(observable) if observable.value() != text => Cow::Owned(observable.value().to_owned()),
        _ => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_masked() {
        let normal = |text| prefix(text).map(|net| net.to_string()).map_err(|f| f.code());
        assert_eq!(normal("198.51.100.7"), Ok("198.51.100.7/32".to_owned()));
        assert_eq!(normal("198.51.100.7/24"), Ok("198.51.100.0/24".to_owned()));
        assert_eq!(normal("2001:DB8::1/32"), Ok("2001:db8::/32".to_owned()));
        assert_eq!(normal("2001:db8::1"), Ok("2001:db8::1/128".to_owned()));
        assert_eq!(normal("::ffff:198.51.100.0/120"), Ok("198.51.100.0/24".to_owned()));
        assert_eq!(normal("0.0.0.0/0"), Ok("0.0.0.0/0".to_owned()));
        assert_eq!(normal("198.51.100.7/33"), Err("prefix_length"));
        assert_eq!(normal("010.0.0.1"), Err("address_octal"));
        assert_eq!(normal("example.com"), Err("address"));
    }

    #[test]
    fn host_names_keep_what_misp_s_lists_have() {
        let normal = |text| hostname(text).map_err(|fault| fault.code());
        for (text, expected) in [
            ("Example.COM.", "example.com"),
            (".barclays", "barclays"),
            ("corona", "corona"),
            ("co.uk", "co.uk"),
            ("foo.ck", "foo.ck"),
            ("\u{440}\u{444}", "xn--p1ai"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("198.51.100.7", "198.51.100.7"),
            ("2001:DB8:0::1", "2001:db8::1"),
        ] {
            assert_eq!(normal(text), Ok(expected.to_owned()), "{text}");
        }
        assert_eq!(normal("*.example.com"), Err("character"));
        assert_eq!(normal("198.51.100.0/24"), Err("character"));
        assert_eq!(normal("a..example.com"), Err("empty_label"));
        assert_eq!(normal("."), Err("empty"));
        assert_eq!(normal("a b"), Err("character"));
    }

    #[test]
    fn strings_are_looked_up_as_observables_are_written() {
        let all = KindSet::all();
        for (text, expected) in [
            ("Example.COM", "example.com"),
            ("host.Internal-Zone", "host.internal-zone"),
            ("D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427e"),
            ("http://EXAMPLE.com", "http://example.com/"),
            ("Bob@Example.com", "bob@example.com"),
            ("AS64500", "64500"),
            ("2001:DB8::0", "2001:db8::"),
            ("COM", "COM"),
            ("not an observable", "not an observable"),
        ] {
            assert_eq!(spelling(text, all), expected, "{text}");
        }
        let colons = ["AB"; 20].join(":");
        assert_eq!(spelling(&colons, KindSet::of(&[Kind::CertSha1])), "ab".repeat(20));
        assert_eq!(spelling(&colons, KindSet::of(&[Kind::Domain])), colons);
    }
}
