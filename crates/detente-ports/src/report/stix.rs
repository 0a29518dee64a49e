//! What became of the STIX objects of a file, beside the indicators that were read from them.

use serde::{Deserialize, Serialize};

/// The STIX objects of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StixReport {
    /// Objects met.
    pub objects: u64,
    /// Objects that came to the shelf.
    pub added: u64,
    /// Objects that lay there already, byte for byte.
    pub known: u64,
    /// Objects that stay out because others lie there under the same id and version.
    pub differ: u64,
    /// Objects that can't lie on a shelf.
    pub refused: u64,
    /// Objects that lie on the shelf now, by how close they are held: a colour, or `closed`.
    #[serde(default)]
    pub levels: Vec<(String, u64)>,
    /// What closes those that are closed, the most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed_by: Vec<(String, u64)>,
    /// Objects of STIX 2.1 that were made of those of 2.0.
    #[serde(default)]
    pub raised: u64,
    /// Objects that break a MUST of the standard; they are kept as they came.
    pub must: u64,
    /// Objects that break no MUST and do not follow a SHOULD.
    pub should: u64,
    /// The first that the shelf did not take or that break a MUST; all of them, and what is only
    /// advised, if asked for.
    pub remarks: Vec<StixRemark>,
}

/// What is said of one STIX object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StixRemark {
    /// Which object of the file, counted from 0.
    pub object: u64,
    /// Its id, as far as it has one.
    pub id: String,
    /// `must` or `should`; `differs`, `foreign` or `refused` by the shelf, or `unraised`.
    pub level: String,
    /// Stable code.
    pub code: String,
    /// The property, in the syntax of STIX selectors; empty for the whole.
    pub path: String,
    /// In words.
    pub words: String,
}
