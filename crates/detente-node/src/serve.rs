//! Answers a peer: one place where foreign requests meet use cases.

use detente_core::AccordId;
use detente_peer::{Refusal, Request, Response, VERSION};

use crate::error::{Class, NodeError};
use crate::lookup::{answer_lookup, filter_part, forget_reply, update_part};
use crate::matching::{OnProgress, respond_match, resume_match};
use crate::node::Shared;
use crate::ports::{Link, Stream};
use crate::push::{push, push_all};
use crate::release::Arrived;
use crate::report::MatchReport;

/// Answers a request of the peer at the other end of `link`.
///
/// An error of our own becomes a refusal that says no more than its code; what the peer did wrong
/// it is told in full.
pub fn respond(shared: &Shared, link: &dyn Link, request: &Request) -> Response {
    match answer(shared, link, request) {
        Ok(response) => response,
        Err(error) => Response::Refused(match error.class() {
            Class::Environment => Refusal::new("internal", "the node can't do this now"),
            _ => Refusal::new(error.code(), crate::mirror::chain(&error)),
        }),
    }
}

fn answer(shared: &Shared, link: &dyn Link, request: &Request) -> Result<Response, NodeError> {
    let peer = link.peer();
    match request {
        Request::Hello { version, party, .. } => {
            if *version != VERSION {
                let words = format!("this node speaks version {VERSION}, not {version}");
                return Ok(Response::Refused(Refusal::new("other_version", words)));
            }
            if *party != peer {
                let words = "the greeting names another party than the session's key";
                return Ok(Response::Refused(Refusal::new("other_party", words)));
            }
            Ok(Response::Done)
        }
        Request::OpenLog { accord, slug, parties } => {
            shared.lock().open_log(peer, *accord, slug, parties)
        }
        Request::AddCheckpoint { accord, body } => {
            shared.lock().add_checkpoint(peer, *accord, body)
        }
        Request::Bodies { accord, start, bodies } => {
            shared.lock().stage_bodies(peer, *accord, *start, bodies)
        }
        Request::AddEntries { accord, body } => {
            let added = shared.lock().add_entries(peer, *accord, body);
            // Its close of a query may be among them.
            forget_reply(shared, peer, *accord);
            added
        }
        Request::BeginMatch { .. } | Request::ResumeMatch { .. } => {
            Ok(Response::Refused(Refusal::new("needs_stream", "a match needs a stream")))
        }
        Request::OpenRelease { accord, release } => {
            let arrived = shared.lock().open_release(peer, *accord, *release)?;
            bring_receipt(shared, link, *accord, arrived)
        }
        Request::PutObjects(batch) => {
            let arrived = shared.lock().put_objects(peer, batch)?;
            bring_receipt(shared, link, batch.accord(), arrived)
        }
        Request::FetchFilter { accord, filter, first } => {
            filter_part(shared, peer, *accord, (*filter, *first))
        }
        Request::FetchUpdate { accord, from, offset } => {
            update_part(shared, peer, *accord, (*from, *offset))
        }
        Request::Lookup { accord, run, elements } => {
            answer_lookup(shared, link, (*accord, *run), elements)
        }
        Request::Pull => match push_all(shared, link) {
            // What the asker itself does not want it need not be told of.
            Ok(()) | Err(NodeError::PeerRefused(_)) => Ok(Response::Done),
            Err(error) => Err(error),
        },
    }
}

/// Brings a receipt that was entered over before the sender goes.
fn bring_receipt(
    shared: &Shared,
    link: &dyn Link,
    accord: AccordId,
    arrived: Arrived,
) -> Result<Response, NodeError> {
    if arrived.receipt {
        push(shared, link, accord)?;
    }
    Ok(arrived.response)
}

/// Answers a stream that the peer opens.
///
/// # Errors
/// [`NodeError`]; the peer has been told what concerns it.
pub fn respond_stream(
    shared: &Shared,
    link: &dyn Link,
    request: &Request,
    stream: &mut dyn Stream,
    progress: OnProgress<'_>,
) -> Result<Option<MatchReport>, NodeError> {
    match request {
        Request::BeginMatch { accord, run } => {
            respond_match(shared, link, (*accord, *run), stream, progress).map(Some)
        }
        Request::ResumeMatch { accord, run } => {
            resume_match(shared, link, (*accord, *run), stream, progress).map(Some)
        }
        _ => {
            let refusal = Refusal::new("needs_no_stream", "this request needs no stream");
            stream.send(Response::Refused(refusal).encode())?;
            Ok(None)
        }
    }
}
