//! Reading a collection: pages of objects, manifests, versions; and taking objects away.

use serde::Serialize;

use crate::fault::Fault;
use crate::filter::{Filter, Known, next_token};
use crate::house::Collection;
use crate::message::{Audit, Response};
use crate::moment::Moment;
use crate::serve::Desk;
use crate::shelf::{BEHIND, Entry, Query, ShelfError, Which};

/// The most bytes of objects on one page, but for one object alone.
pub const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;

const PAGED: Known = Known { pages: true, names: true, versions: true };
const ONE: Known = Known { pages: true, names: false, versions: true };
const VERSIONS: Known = Known { pages: true, names: false, versions: false };
const DELETED: Known = Known { pages: false, names: false, versions: true };

/// The moments of a page: of its first and last object.
#[derive(Default)]
struct Span {
    count: u64,
    ends: Option<(Moment, Moment)>,
}

impl Span {
    fn see(&mut self, entry: &Entry<'_>) {
        self.count += 1;
        let first = self.ends.map_or(entry.added, |(first, _)| first);
        self.ends = Some((first, entry.added));
    }

    /// The token of the next page, if there is one.
    fn next(&self, more: bool) -> Option<String> {
        self.ends.filter(|_| more).map(|(_, last)| next_token(last))
    }

    /// Puts headers and audit beside the answer (section 3.3 of TAXII 2.1).
    fn put(&self, response: &mut Response, (collection, deed): (&str, &'static str)) {
        let mut audit = Audit {
            collection: collection.to_owned(),
            deed,
            objects: self.count,
            ..Audit::default()
        };
        if let Some((first, last)) = self.ends {
            response.headers.push(("X-TAXII-Date-Added-First", first.to_string()));
            response.headers.push(("X-TAXII-Date-Added-Last", last.to_string()));
            audit.first = Some(first.to_string());
            audit.last = Some(last.to_string());
        }
        response.audit = Some(audit);
    }
}

fn query(desk: &Desk<'_>, collection: &Collection, filter: Filter) -> Query {
    let which = if filter.which.is_empty() { vec![Which::Last] } else { filter.which };
    Query {
        collection: collection.key.clone(),
        clearance: desk.account.clearance,
        after: filter.after,
        ids: filter.ids,
        kinds: filter.kinds,
        which,
        specs: filter.specs,
        limit: filter.limit,
        max_bytes: None,
    }
}

fn may_read(desk: &Desk<'_>, collection: &Collection) -> Result<(), Fault> {
    if desk.account.may_read(&collection.key) {
        Ok(())
    } else {
        Err(Fault::Forbidden("read this collection"))
    }
}

/// Answers with a page of objects (section 5.4).
pub(crate) fn objects(desk: &Desk<'_>, collection: &Collection) -> Result<Response, Fault> {
    may_read(desk, collection)?;
    let filter = Filter::read(desk.request.query, PAGED)?;
    envelope(desk, query(desk, collection, filter))
}

/// Answers with one object (section 5.6).
pub(crate) fn object(desk: &Desk<'_>, from: &Collection, id: &str) -> Result<Response, Fault> {
    may_read(desk, from)?;
    let filter = Filter::read(desk.request.query, ONE)?;
    let (goes_on, filtered) =
        (filter.after.is_some(), !matches!(filter.which.as_slice(), [] | [Which::Last]));
    let mut query = query(desk, from, filter);
    query.ids = vec![id.to_owned()];
    let mut response = envelope(desk, query)?;
    let none = response.audit.as_ref().is_none_or(|audit| audit.objects == 0);
    if none && !goes_on && !filtered {
        return Err(Fault::NotFound("object"));
    }
    if let Some(audit) = &mut response.audit {
        audit.object = Some(id.to_owned());
    }
    Ok(response)
}

/// An envelope (section 3.7) with what is meant. The objects' bytes go into it as they came.
fn envelope(desk: &Desk<'_>, mut query: Query) -> Result<Response, Fault> {
    query.max_bytes = Some(MAX_PAGE_BYTES);
    let mut span = Span::default();
    let mut body: Vec<u8> = b"{".to_vec();
    let more = desk.shelf.page(&query, &mut |entry, bytes| {
        body.extend_from_slice(if span.count == 0 { b"\"objects\":[" } else { b"," });
        body.extend_from_slice(bytes);
        span.see(&entry);
    });
    let more = more.map_err(failed)?;
    // An empty list is no list (section 3.7).
    if span.count > 0 {
        body.extend_from_slice(format!("],\"more\":{more}").as_bytes());
        if let Some(next) = span.next(more) {
            body.extend_from_slice(format!(",\"next\":\"{next}\"").as_bytes());
        }
    }
    body.push(b'}');
    let mut response = Response::json(200, body);
    span.put(&mut response, (&query.collection, "read"));
    Ok(response)
}

/// Why there is no page.
fn failed(error: ShelfError) -> Fault {
    if error.0 == BEHIND { Fault::Behind } else { Fault::Shelf }
}

#[derive(Serialize)]
struct Record {
    id: String,
    date_added: String,
    version: String,
    media_type: String,
}

#[derive(Serialize)]
struct Page<T: Serialize> {
    more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(flatten)]
    list: T,
}

#[derive(Serialize)]
struct Manifest {
    objects: Vec<Record>,
}

#[derive(Serialize)]
struct Versions {
    versions: Vec<String>,
}

/// Answers with what is said of objects, without them (section 5.3).
pub(crate) fn manifest(desk: &Desk<'_>, collection: &Collection) -> Result<Response, Fault> {
    may_read(desk, collection)?;
    let filter = Filter::read(desk.request.query, PAGED)?;
    let mut objects = Vec::new();
    let (more, span) = listed(desk, &query(desk, collection, filter), |entry| {
        objects.push(Record {
            id: entry.id.to_owned(),
            date_added: entry.added.to_string(),
            version: entry.version.to_string(),
            media_type: format!("application/stix+json;version={}", entry.spec),
        });
    })?;
    let mut response = paged(more, &span, Manifest { objects });
    span.put(&mut response, (&collection.key, "manifest"));
    Ok(response)
}

/// Answers with the versions of one object (section 5.8).
pub(crate) fn versions(desk: &Desk<'_>, of: &Collection, id: &str) -> Result<Response, Fault> {
    may_read(desk, of)?;
    let filter = Filter::read(desk.request.query, VERSIONS)?;
    let goes_on = filter.after.is_some();
    let mut query = query(desk, of, filter);
    (query.ids, query.which) = (vec![id.to_owned()], vec![Which::All]);
    let mut versions = Vec::new();
    let (more, span) = listed(desk, &query, |entry| versions.push(entry.version.to_string()))?;
    if span.count == 0 && !goes_on {
        return Err(Fault::NotFound("object"));
    }
    let mut response = paged(more, &span, Versions { versions });
    span.put(&mut response, (&of.key, "versions"));
    Ok(response)
}

/// A page of what is listed; an empty list is no list (sections 3.7 and 5.3).
fn paged(more: bool, span: &Span, list: impl Serialize) -> Response {
    if span.count == 0 {
        return Response::json(200, b"{}".to_vec());
    }
    Response::of(200, &Page { more, next: span.next(more), list })
}

/// Goes through what is meant, without bytes: whether there is more, and the moments.
fn listed(
    desk: &Desk<'_>,
    query: &Query,
    mut each: impl FnMut(Entry<'_>),
) -> Result<(bool, Span), Fault> {
    let mut span = Span::default();
    let more = desk.shelf.page(query, &mut |entry, _| {
        span.see(&entry);
        each(entry);
    });
    Ok((more.map_err(failed)?, span))
}

/// Takes an object away (section 5.7): all of its versions, unless the query names some. The
/// account must see them: what it may not know of is not there.
pub(crate) fn delete(desk: &mut Desk<'_>, from: &Collection, id: &str) -> Result<Response, Fault> {
    if !(from.takes && desk.account.may_write(&from.key) && desk.account.may_read(&from.key)) {
        return Err(Fault::Forbidden("take objects from this collection"));
    }
    let filter = Filter::read(desk.request.query, DELETED)?;
    let all = filter.which.is_empty();
    let mut query = query(desk, from, filter);
    query.ids = vec![id.to_owned()];
    if all {
        query.which = vec![Which::All];
    }
    let taken = desk.shelf.delete(&query).map_err(|_| Fault::Shelf)?;
    if let (Some(other), true) = (&from.raises_to, taken > 0) {
        // What was made of it goes with it.
        let made = Query { collection: other.clone(), ..query };
        desk.shelf.delete(&made).map_err(|_| Fault::Shelf)?;
    }
    match taken {
        0 => Err(Fault::NotFound("object")),
        objects => {
            let mut response = Response::json(200, Vec::new());
            response.audit = Some(Audit {
                collection: from.key.clone(),
                deed: "delete",
                objects,
                object: Some(id.to_owned()),
                ..Audit::default()
            });
            Ok(response)
        }
    }
}
