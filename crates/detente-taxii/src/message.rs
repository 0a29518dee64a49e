//! Requests and responses, without the line on which they travel.

/// The media type of TAXII 2.1 (section 1.6.8.1).
pub const TAXII: &str = "application/taxii+json;version=2.1";
/// The media type of STIX 2.1 objects in TAXII (section 1.6.8.2).
pub const STIX: &str = "application/stix+json;version=2.1";

/// The longest path with its query. Bytes.
pub const MAX_TARGET: usize = 16 * 1024;

/// What may be done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Add.
    Post,
    /// Take away.
    Delete,
}

impl Method {
    /// As HTTP names it.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        }
    }
}

/// A request whose sender is known.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What is to be done.
    pub method: Method,
    /// The path, as it came: percent-encoded.
    pub path: &'a str,
    /// The query without its question mark, as it came.
    pub query: &'a str,
    /// The `Accept` header; empty if there was none.
    pub accept: &'a str,
    /// The `Content-Type` header; empty if there was none.
    pub content_type: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside `Content-Type` and `Content-Length`.
    pub headers: Vec<(&'static str, String)>,
    /// The body: JSON of media type [`TAXII`], or nothing.
    pub body: Vec<u8>,
    /// What was read or changed, for the audit.
    pub audit: Option<Audit>,
}

/// What an answer gave away or changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Audit {
    /// The collection.
    pub collection: String,
    /// `read`, `manifest`, `versions`, `add` or `delete`.
    pub deed: &'static str,
    /// How many objects.
    pub objects: u64,
    /// When the first of them was added; none if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// When the last of them was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Of which object, if one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
}

impl Response {
    /// An answer with this JSON.
    pub(crate) fn json(status: u16, body: Vec<u8>) -> Response {
        Response { status, headers: Vec::new(), body, audit: None }
    }

    /// An answer with this value as JSON.
    pub(crate) fn of<T: serde::Serialize>(status: u16, value: &T) -> Response {
        // Plain data: it is always JSON.
        Response::json(status, serde_json::to_vec(value).unwrap_or_default())
    }
}

/// Whether an `Accept` header takes TAXII 2.1 (sections 1.6.8 and 3.1 of TAXII 2.1). The version
/// may be left out; a missing header takes anything (RFC 9110 section 12.5.1).
pub(crate) fn accepts(header: &str) -> bool {
    header.trim().is_empty()
        || header.split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or("");
            let known = ["application/taxii+json", "application/*", "*/*"];
            known.iter().any(|known| name.eq_ignore_ascii_case(known)) && parts.all(suits)
        })
}

/// Whether a body is said to be a TAXII 2.1 document.
pub(crate) fn is_taxii(header: &str) -> bool {
    let mut parts = header.split(';').map(str::trim);
    let name = parts.next().unwrap_or("");
    name.eq_ignore_ascii_case("application/taxii+json") && parts.all(suits)
}

/// Whether a parameter of a media type asks for what there is.
fn suits(parameter: &str) -> bool {
    match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("version") => {
            value.trim().trim_matches('"') == "2.1"
        }
        Some((name, value)) if name.trim().eq_ignore_ascii_case("q") => {
            value.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types() {
        for good in [
            "",
            TAXII,
            "application/taxii+json",
            "application/taxii+json; version=2.1",
            "Application/TAXII+json;Version=\"2.1\"",
            "*/*",
            "text/html, */*;q=0.1",
            "application/*",
        ] {
            assert!(accepts(good), "{good}");
        }
        for bad in [
            "text/html",
            "application/json",
            "application/taxii+json;version=2.0",
            "application/vnd.oasis.taxii+json; version=2.0",
            "application/taxii+json;version=2.1;q=0",
            "*/*;q=0",
        ] {
            assert!(!accepts(bad), "{bad}");
        }
        assert!(is_taxii(TAXII) && is_taxii("application/taxii+json"));
        for bad in ["", "application/json", "*/*", "application/taxii+json;version=2.0"] {
            assert!(!is_taxii(bad), "{bad}");
        }
    }
}
