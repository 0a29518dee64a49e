//! The parts of a URL in normal form that a sensor sees.

/// A URL's parts. User and password are not sent in what a sensor sees, so they are left out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts<'u> {
    pub(crate) scheme: &'u str,
    /// A domain or an address; an IPv6 address in brackets.
    pub(crate) host: &'u str,
    /// The port, if it is not the scheme's own.
    pub(crate) port: Option<&'u str>,
    /// Path and query.
    pub(crate) path: &'u str,
}

pub(crate) fn parts(url: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match host_port.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (host_port, None),
    };
    (!host.is_empty()).then_some(Parts { scheme, host, port, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_come_apart() {
        for (url, host, port, path) in [
            ("http://a.b/", "a.b", None, "/"),
            ("http://u:p@a.b:8080/x@y:1?q=/", "a.b", Some("8080"), "/x@y:1?q=/"),
            ("http://[2001:db8::1]/", "[2001:db8::1]", None, "/"),
            ("http://[2001:db8::1]:81/", "[2001:db8::1]", Some("81"), "/"),
            ("tcp://a.b:1", "a.b", Some("1"), ""),
            ("irc://a.b?x", "a.b", None, "?x"),
        ] {
            let parts = parts(url).expect("a URL");
            assert_eq!((parts.host, parts.port, parts.path), (host, port, path), "{url}");
        }
        assert_eq!(parts("a.b/c"), None);
    }
}
