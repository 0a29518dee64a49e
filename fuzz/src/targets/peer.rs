//! Targets of detente-peer: what arrives over the session.

use detente_core::{AccordId, Digest, PartyId, RunId};
use detente_peer::{Frame, FrameKind, HEAD_LEN, Refusal, Request, Response, StreamId, frame_len};

use crate::Target;

/// The table of this crate.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "peer_frame", run: frame, seeds: frame_seeds },
    Target { name: "peer_request", run: request, seeds: request_seeds },
    Target { name: "peer_response", run: response, seeds: response_seeds },
];

/// The length of a frame from its first bytes, then the frame.
fn frame(bytes: &[u8]) -> bool {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD_LEN>() else {
        return false;
    };
    let Ok(len) = frame_len(*head) else {
        return false;
    };
    let Some(body) = rest.get(..len) else {
        return false;
    };
    let frame = Frame::decode(body);
    if let Ok(frame) = &frame {
        let written = frame.encode().expect("a frame that was read");
        assert_eq!(written, bytes[..HEAD_LEN + len], "another form of the same frame was read");
    }
    frame.is_ok()
}

fn request(bytes: &[u8]) -> bool {
    let request = Request::decode(bytes);
    if let Ok(request) = &request {
        assert_eq!(request.encode(), bytes, "another form of the same request was read");
    }
    request.is_ok()
}

fn response(bytes: &[u8]) -> bool {
    let response = Response::decode(bytes);
    if let Ok(response) = &response {
        assert_eq!(response.encode(), bytes, "another form of the same response was read");
    }
    response.is_ok()
}

fn frame_seeds() -> Vec<Vec<u8>> {
    let frame = |kind, payload| {
        let frame = Frame { stream: StreamId::new(3, true), kind, payload };
        frame.encode().expect("a short frame")
    };
    vec![
        frame(FrameKind::Request, Request::Pull.encode()),
        frame(FrameKind::Response, Response::Done.encode()),
        frame(FrameKind::Data, vec![7; 40]),
        frame(FrameKind::End, Vec::new()),
    ]
}

fn request_seeds() -> Vec<Vec<u8>> {
    let accord = AccordId::new([1; AccordId::LEN]);
    let party = |fill| PartyId::new([fill; PartyId::LEN]);
    let requests = [
        Request::Hello { version: 1, party: party(2), software: "detente".into() },
        Request::OpenLog { accord, slug: "test-0".into(), parties: vec![party(2), party(3)] },
        Request::AddCheckpoint { accord, body: b"old 0\n\n".to_vec() },
        Request::Bodies { accord, start: 4, bodies: vec![([5; 32], vec![1, 2, 3])] },
        Request::AddEntries { accord, body: vec![0; 40] },
        Request::BeginMatch { accord, run: RunId::new([6; RunId::LEN]) },
        Request::OpenRelease { accord, release: Digest::new([7; 32]) },
        Request::Pull,
    ];
    requests.iter().map(Request::encode).collect()
}

fn response_seeds() -> Vec<Vec<u8>> {
    let responses = [
        Response::Done,
        Response::LogState { pending: 300, next: 256 },
        Response::Cosigned { line: "— a.example AAAA".into() },
        Response::ReleaseState { next: 2 },
        Response::Refused(Refusal::new("not_found", "no such accord")),
    ];
    responses.iter().map(Response::encode).collect()
}
