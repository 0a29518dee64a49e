//! The client as a function, against servers that are made up.

mod model;
mod poll;
mod push;
mod seek;

use crate::client::answer::Answer;
use crate::message::TAXII;
use crate::moment::Moment;

/// The time of this machine in all tests.
fn now() -> Moment {
    Moment::read("2026-06-01T00:00:00Z").expect("a time")
}

/// An answer with this status, headers and body.
fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut all = vec![("content-type".to_owned(), TAXII.to_owned())];
    all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Answer { status, headers: all, body: body.as_bytes().to_vec() }
}
