//! Refusals, as TAXII's error messages (section 3.6.1 of TAXII 2.1).

use serde::Serialize;

use crate::message::{Response, TAXII};

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no such resource, or the account may not know of it.
    #[error("there is no {0} here, or this account may not see it")]
    NotFound(&'static str),
    /// The account may not do this.
    #[error("this account may not {0}")]
    Forbidden(&'static str),
    /// The resource knows no such method.
    #[error("this resource takes {0} only")]
    Method(&'static str),
    /// The answer would have a media type that is not accepted.
    #[error("answers have the media type {TAXII}: accept it")]
    Accept,
    /// The body has another media type.
    #[error("send a body of the media type {TAXII}")]
    ContentType,
    /// A part of the query can't be read, or means nothing here.
    #[error("{name}: {why}")]
    Query {
        /// Which parameter.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// The body is no envelope.
    #[error("the body is no envelope: {0}")]
    Envelope(String),
    /// The body holds more objects than one request may.
    #[error("more than {max} objects in one request: send them in parts")]
    TooMany {
        /// How many there may be.
        max: usize,
    },
    /// The collection is being brought up to date.
    #[error("this collection is being brought up to date: ask again")]
    Behind,
    /// The shelf failed.
    #[error("the store failed; nothing was changed")]
    Shelf,
}

/// TAXII's error message.
#[derive(Serialize)]
struct Message<'a> {
    title: &'a str,
    description: String,
    error_code: &'a str,
    http_status: String,
}

impl Fault {
    /// A stable machine name.
    pub const fn code(&self) -> &'static str {
        match self {
            Fault::NotFound(_) => "not_found",
            Fault::Forbidden(_) => "forbidden",
            Fault::Method(_) => "method",
            Fault::Accept => "accept",
            Fault::ContentType => "content_type",
            Fault::Query { .. } => "bad_query",
            Fault::Envelope(_) => "bad_envelope",
            Fault::TooMany { .. } => "too_many_objects",
            Fault::Behind => "busy",
            Fault::Shelf => "store",
        }
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Fault::NotFound(_) => 404,
            Fault::Forbidden(_) => 403,
            Fault::Method(_) => 405,
            Fault::Accept => 406,
            Fault::ContentType => 415,
            Fault::Query { .. } => 400,
            Fault::Envelope(_) => 422,
            Fault::TooMany { .. } => 413,
            Fault::Behind => 503,
            Fault::Shelf => 500,
        }
    }

    /// The refusal as an answer.
    pub fn answer(&self) -> Response {
        let mut response = refusal(self.status(), self.code(), &self.to_string());
        if let Fault::Method(allowed) = self {
            response.headers.push(("Allow", (*allowed).to_owned()));
        }
        if let Fault::Behind = self {
            response.headers.push(("Retry-After", "2".to_owned()));
        }
        response
    }
}

/// A refusal with this status, code and reason: for what the line itself refuses, too.
pub fn refusal(status: u16, code: &str, words: &str) -> Response {
    let title = match status {
        400 | 422 => "Bad request",
        401 => "Authentication needed",
        403 => "Forbidden",
        404 => "Not found",
        405 => "Method not allowed",
        406 => "Not acceptable",
        408 => "Request timeout",
        413 => "Too large",
        415 => "Unsupported media type",
        429 => "Too many requests",
        _ => "Failure",
    };
    let description = words.to_owned();
    let message = Message { title, description, error_code: code, http_status: status.to_string() };
    Response::of(status, &message)
}
