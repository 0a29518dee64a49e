//! What MISP says of an attribute beside it: sightings, and clusters of galaxies.
//!
//! A cluster also stands among the tags in what MISP exports; where other programs leave the tag
//! out, its `tag_name` is a label all the same. It marks nothing.

use serde_json::Value;

use detente_intel::{Context, MAX_LABELS};

use super::misp::time;

/// A label for what somebody has told to be no sign of anything.
const FALSE_POSITIVE: &str = "misp:false-positive";

/// Takes sightings into the times of a context (MISP data model, `Sighting`): type 0 says when it
/// was seen, 1 that it is a false positive, 2 when it ends.
pub(super) fn add_sightings(context: &mut Context, sightings: &Value) {
    for sighting in sightings.as_array().into_iter().flatten() {
        let at = time(&sighting.get("date_sighting").cloned());
        let kind = sighting.get("type");
        let kind = kind.and_then(|kind| match kind {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        });
        match (kind, at) {
            (Some(0), Some(at)) => {
                context.first_seen = Some(context.first_seen.map_or(at, |had| had.min(at)));
                context.last_seen = Some(context.last_seen.map_or(at, |had| had.max(at)));
            }
            (Some(1), _) => context.add_label(FALSE_POSITIVE),
            (Some(2), Some(at)) => {
                context.valid_until = Some(context.valid_until.map_or(at, |had| had.min(at)));
            }
            _ => {}
        }
    }
}

/// The labels of the clusters of galaxies, each once; one more than is kept, so that a cut is
/// noted.
pub(super) fn add_galaxies(labels: &mut Vec<String>, galaxies: &Value) {
    let lists = galaxies.as_array().into_iter().flatten();
    let clusters = lists.filter_map(|galaxy| galaxy.get("GalaxyCluster")?.as_array()).flatten();
    for name in clusters.filter_map(|cluster| cluster.get("tag_name")?.as_str()) {
        if labels.len() <= MAX_LABELS && !labels.iter().any(|had| had == name) {
            labels.push(name.to_owned());
        }
    }
}
