//! Requests to another server and its answers, without the line on which they travel.

use serde::de::IgnoredAny;
use url::Url;

use crate::client::fault::{ClientFault, shortened};
use crate::message::TAXII;

/// The largest body that is read of an answer. Bytes.
pub const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// Redirects that are followed for one request. Count.
pub const MAX_HOPS: u8 = 5;
/// The longest address. Bytes.
pub const MAX_URL: usize = 4_096;

/// What is asked for. `Accept` is [`TAXII`], and so is `Content-Type` where there is a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Path and query on the server.
    pub target: String,
    /// What is added; none where something is read.
    pub body: Option<Vec<u8>>,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers by lower-case name; those that are no text are left out by who read them.
    pub headers: Vec<(String, String)>,
    /// The body, as it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header by its lower-case name; the first if it stands there twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the head says where the body ends; else it ends with the line, and nobody can tell
    /// its end from a cut.
    pub(crate) fn is_framed(&self) -> bool {
        let coding = self.header("transfer-encoding").map(|coding| coding.rsplit(',').next());
        self.status == 204
            || match coding {
                Some(last) => last.is_some_and(|last| last.trim().eq_ignore_ascii_case("chunked")),
                None => self.header("content-length").is_some(),
            }
    }

    /// Refuses a body that ended with the line before its JSON did.
    pub(crate) fn check_end(&self) -> Result<(), ClientFault> {
        let ends = || serde_json::from_slice::<IgnoredAny>(&self.body);
        if !self.is_framed() && ends().is_err_and(|error| error.is_eof()) {
            return Err(ClientFault::Cut("the line ended in the midst of an answer".to_owned()));
        }
        Ok(())
    }

    /// Whether the body is what it should be: TAXII 2.1, as it is, in UTF-8.
    pub(crate) fn check(&self) -> Result<(), ClientFault> {
        let encoding = self.header("content-encoding").unwrap_or("").trim();
        if !(encoding.is_empty() || encoding.eq_ignore_ascii_case("identity")) {
            return Err(ClientFault::Encoded { found: shortened(encoding) });
        }
        let found = self.header("content-type").unwrap_or("");
        if is_known(found) {
            return Ok(());
        }
        let found = if found.is_empty() { "of no media type".to_owned() } else { shortened(found) };
        Err(ClientFault::MediaType { found })
    }
}

/// Whether a body of this media type is read. There are servers that call their answers JSON or
/// STIX; a version, if one is named, must be 2.1, and a character set UTF-8.
fn is_known(header: &str) -> bool {
    let mut parts = header.split(';').map(str::trim);
    let name = parts.next().unwrap_or("");
    let names = ["application/taxii+json", "application/stix+json", "application/json"];
    // The name of TAXII 2.0 needs the version beside it.
    let old = name.eq_ignore_ascii_case("application/vnd.oasis.taxii+json")
        && parts.clone().any(|part| part.to_ascii_lowercase().starts_with("version"));
    (old || names.iter().any(|known| name.eq_ignore_ascii_case(known)))
        && parts.all(|part| match part.split_once('=') {
            Some((name, value)) => {
                let value = value.trim().trim_matches('"').trim();
                match name.trim().to_ascii_lowercase().as_str() {
                    "version" => value == "2.1",
                    "charset" => ["utf-8", "utf8", "us-ascii"]
                        .iter()
                        .any(|known| value.eq_ignore_ascii_case(known)),
                    _ => true,
                }
            }
            None => true,
        })
}

/// Reads an address that an operator gives: HTTPS, or HTTP to this machine itself.
///
/// # Errors
/// [`ClientFault::Address`].
pub fn address(text: &str) -> Result<Url, ClientFault> {
    let bad = |why| ClientFault::Address { url: shown(text), why };
    if text.len() > MAX_URL {
        return Err(bad("longer than an address may be"));
    }
    let url =
        Url::parse(text.trim()).map_err(|_| bad("no address such as https://host/taxii2/"))?;
    if !(url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url))) {
        return Err(bad("only https:// is asked, and http:// on this machine itself"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(bad("names no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // The error must not say it again.
        let url = format!("{}://...@{}", url.scheme(), url.host_str().unwrap_or(""));
        let why = "holds credentials: give them with --user and --password-file";
        return Err(ClientFault::Address { url, why });
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("has a query or fragment: give the path alone"));
    }
    Ok(slashed(url))
}

/// An address as it is said in an error: without what may be a secret in it.
fn shown(text: &str) -> String {
    let bare = text.split(['?', '#']).next().unwrap_or("");
    let shown = match bare.rsplit_once('@') {
        Some((before, after)) => {
            let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
            let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
            format!("{scheme}...@{after}")
        }
        None => bare.to_owned(),
    };
    shortened(&if bare.len() < text.len() { format!("{shown}...") } else { shown })
}

/// Whether an address is this machine's own, by its text alone: no name is resolved.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The address with a slash at the end of its path: TAXII's paths have one, and what is joined to
/// one without would take its last part's place.
pub(crate) fn slashed(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url
}

/// Path and query of an address.
pub(crate) fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// Whether two addresses are of one scheme, host and port: credentials go to no other.
pub(crate) fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host_str() == other.host_str()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// Where a redirect leads, on the same server; none if the answer is no redirect.
pub(crate) fn redirected(
    server: &Url,
    asked: &str,
    answer: &Answer,
    hops: &mut u8,
) -> Result<Option<String>, ClientFault> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let to = answer.header("location").unwrap_or("");
    let bad = |why| ClientFault::Redirect { to: shortened(to), why };
    if to.is_empty() || to.len() > MAX_URL {
        return Err(bad("no address"));
    }
    let here = server.join(asked).map_err(|_| bad("no address"))?;
    let there = here.join(to).map_err(|_| bad("no address"))?;
    if !same_origin(server, &there) {
        return Err(bad("another server, or another way to it: that is not followed"));
    }
    *hops += 1;
    if *hops > MAX_HOPS {
        return Err(bad("one redirect too many"));
    }
    Ok(Some(target(&there)))
}

/// A request that reads.
pub(crate) const fn get(target: String) -> Ask {
    Ask { target, body: None }
}

/// What a request for TAXII says it accepts.
pub const ACCEPT: &str = TAXII;

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(header: &str) -> Answer {
        let headers = vec![("content-type".to_owned(), header.to_owned())];
        Answer { status: 200, headers, body: Vec::new() }
    }

    #[test]
    fn media_types() {
        for good in [
            TAXII,
            "application/taxii+json",
            "application/taxii+json; version=2.1",
            "application/taxii+json ; version = \"2.1\" ; charset=UTF-8",
            "Application/Taxii+JSON;charset=utf-8",
            "application/json",
            "application/stix+json;version=2.1",
            "application/vnd.oasis.taxii+json; version=2.1",
        ] {
            assert_eq!(typed(good).check(), Ok(()), "{good}");
        }
        for bad in [
            "",
            "text/html",
            "application/taxii+json;version=2.0",
            "application/vnd.oasis.taxii+json; version=2.0",
            "application/vnd.oasis.taxii+json",
            "application/taxii+json;charset=utf-16",
            "application/taxii+json2",
        ] {
            assert_eq!(typed(bad).check().expect_err(bad).code(), "feed_media_type", "{bad}");
        }
        let mut answer = typed(TAXII);
        answer.headers.push(("content-encoding".to_owned(), "gzip".to_owned()));
        assert_eq!(answer.check().expect_err("compressed").code(), "feed_encoded");
    }

    #[test]
    fn whether_the_end_of_a_body_can_be_told() {
        let of = |status, name: &str, value: &str| {
            let headers = vec![(name.to_owned(), value.to_owned())];
            Answer { status, headers, body: b"{".to_vec() }
        };
        for framed in [
            of(200, "content-length", "0"),
            of(204, "x", ""),
            of(200, "transfer-encoding", "chunked"),
            of(200, "transfer-encoding", "gzip, Chunked"),
        ] {
            assert!(framed.is_framed() && framed.check_end().is_ok(), "{framed:?}");
        }
        for open in [of(200, "x", ""), of(200, "transfer-encoding", "chunked, gzip")] {
            assert!(!open.is_framed(), "{open:?}");
            assert_eq!(open.check_end().expect_err("cut").code(), "feed_cut");
            let whole = Answer { body: b"{}".to_vec(), ..open.clone() };
            assert_eq!(whole.check_end(), Ok(()));
            // What is no JSON is not cut.
            assert_eq!(Answer { body: b"<html>".to_vec(), ..open }.check_end(), Ok(()));
        }
    }

    #[test]
    fn addresses() {
        for (good, read) in [
            ("https://h.example/taxii2", "https://h.example/taxii2/"),
            (" https://h.example ", "https://h.example/"),
            ("http://127.0.0.1:5000/taxii2/", "http://127.0.0.1:5000/taxii2/"),
            ("http://[::1]:5000/", "http://[::1]:5000/"),
            ("http://localhost/", "http://localhost/"),
        ] {
            assert_eq!(address(good).map(|url| url.to_string()), Ok(read.to_owned()));
        }
        for bad in [
            "",
            "h.example",
            "http://h.example/",
            "http://127.0.0.1.example/",
            "ftp://h.example/",
            "file:///etc/passwd",
            "https://user:secret@h.example/",
            "http://user:secret@h.example/",
            "user:secret@h.example",
            "https://user:secret@h.example:port/",
            "https://h.example/?key=secret",
            "h.example/?key=secret",
            "https://h.example/#secret",
        ] {
            let fault = address(bad).expect_err(bad);
            assert_eq!(fault.code(), "feed_address", "{bad}");
            assert!(!fault.to_string().contains("secret"), "{fault}");
        }
    }

    #[test]
    fn redirects_stay_on_the_server() {
        let server = address("https://h.example/taxii2/").expect("an address");
        let to = |to: &str, hops: &mut u8| {
            let headers = vec![("location".to_owned(), to.to_owned())];
            let answer = Answer { status: 301, headers, body: Vec::new() };
            redirected(&server, "/api/collections?x=1", &answer, hops)
        };
        let there = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(to("/api/collections/?x=1", &mut 0), there("/api/collections/?x=1"));
        assert_eq!(to("https://h.example:443/b/", &mut 0), there("/b/"));
        assert_eq!(to("more/", &mut 0), there("/api/more/"));
        for bad in ["", "http://h.example/b/", "https://other.example/", "https://h.example:444/"] {
            assert_eq!(to(bad, &mut 0).expect_err(bad).code(), "feed_redirect", "{bad}");
        }
        assert!(to("/again/", &mut { MAX_HOPS }).is_err());
        assert_eq!(redirected(&server, "/", &Answer::default(), &mut 0), Ok(None));
    }
}
