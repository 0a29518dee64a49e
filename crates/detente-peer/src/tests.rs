use detente_core::{AccordId, Digest, PartyId, RunId};
use proptest::prelude::*;

use crate::limits::MAX_FRAME;
use crate::{Frame, FrameKind, HEAD_LEN, Refusal, Request, Response, StreamId, frame_len};

fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..max)
}

fn request() -> impl Strategy<Value = Request> {
    let accord = || any::<[u8; 32]>().prop_map(AccordId::new);
    let id = || any::<[u8; 32]>();
    let parties = proptest::collection::vec(id().prop_map(PartyId::new), 0..4);
    let bodies = proptest::collection::vec((id(), bytes(40)), 0..4);
    prop_oneof![
        (any::<u16>(), id(), ".{0,20}").prop_map(|(version, party, software)| Request::Hello {
            version,
            party: PartyId::new(party),
            software,
        }),
        (accord(), "[a-z-]{0,20}", parties).prop_map(|(accord, slug, parties)| Request::OpenLog {
            accord,
            slug,
            parties
        }),
        (accord(), bytes(90)).prop_map(|(accord, body)| Request::AddCheckpoint { accord, body }),
        (accord(), any::<u64>(), bodies).prop_map(|(accord, start, bodies)| Request::Bodies {
            accord,
            start,
            bodies
        }),
        (accord(), bytes(90)).prop_map(|(accord, body)| Request::AddEntries { accord, body }),
        (accord(), id())
            .prop_map(|(accord, run)| Request::BeginMatch { accord, run: RunId::new(run) }),
        (accord(), id())
            .prop_map(|(accord, run)| Request::ResumeMatch { accord, run: RunId::new(run) }),
        (accord(), id()).prop_map(|(accord, release)| Request::OpenRelease {
            accord,
            release: Digest::new(release),
        }),
        Just(Request::Pull),
        (accord(), id(), any::<u32>()).prop_map(|(accord, filter, first)| {
            Request::FetchFilter { accord, filter: Digest::new(filter), first }
        }),
        (accord(), id(), any::<u32>()).prop_map(|(accord, from, offset)| {
            Request::FetchUpdate { accord, from: Digest::new(from), offset }
        }),
        (accord(), id(), bytes(90)).prop_map(|(accord, run, elements)| Request::Lookup {
            accord,
            run: RunId::new(run),
            elements,
        }),
    ]
}

fn response() -> impl Strategy<Value = Response> {
    prop_oneof![
        Just(Response::Done),
        any::<(u64, u64)>().prop_map(|(pending, next)| Response::LogState { pending, next }),
        ".{0,90}".prop_map(|line| Response::Cosigned { line }),
        any::<u32>().prop_map(|next| Response::ReleaseState { next }),
        (".{0,20}", ".{0,90}")
            .prop_map(|(code, words)| Response::Refused(Refusal::new(&code, words))),
        bytes(90).prop_map(|bytes| Response::FilterPart { bytes }),
        (any::<[u8; 32]>(), any::<u32>(), bytes(90)).prop_map(|(to, total, bytes)| {
            Response::UpdatePart { to: Digest::new(to), total, bytes }
        }),
        bytes(90).prop_map(|bytes| Response::Evaluated { bytes }),
    ]
}

proptest! {
    #[test]
    fn requests_come_back(request in request()) {
        prop_assert_eq!(Request::decode(&request.encode()).unwrap(), request);
    }

    #[test]
    fn responses_come_back(response in response()) {
        prop_assert_eq!(Response::decode(&response.encode()).unwrap(), response);
    }

    #[test]
    fn what_decodes_encodes_the_same(
        request in request(), at in any::<prop::sample::Index>(), value in any::<u8>(),
    ) {
        let mut bytes = request.encode();
        let at = at.index(bytes.len());
        bytes[at] = value;
        if let Ok(read) = Request::decode(&bytes) {
            prop_assert_eq!(read.encode(), bytes);
        }
    }

    #[test]
    fn foreign_bytes_never_panic(bytes in bytes(300)) {
        let _ = Request::decode(&bytes);
        let _ = Response::decode(&bytes);
        let _ = Frame::decode(&bytes);
    }

    #[test]
    fn frames_come_back(count in any::<u32>(), dialled in any::<bool>(), payload in bytes(200)) {
        let stream = StreamId::new(count, dialled);
        prop_assert_eq!(stream.is_dialler(), dialled);
        let frame = Frame { stream, kind: FrameKind::Data, payload };
        let bytes = frame.encode().unwrap();
        let head: [u8; HEAD_LEN] = bytes[..HEAD_LEN].try_into().unwrap();
        prop_assert_eq!(frame_len(head).unwrap(), bytes.len() - HEAD_LEN);
        prop_assert_eq!(Frame::decode(&bytes[HEAD_LEN..]).unwrap(), frame);
    }
}

#[test]
fn a_frame_that_claims_too_much_is_refused_before_it_is_read() {
    assert!(frame_len(u32::MAX.to_be_bytes()).is_err());
    assert!(frame_len([0, 0, 0, 9]).is_ok());
    let frame = Frame {
        stream: StreamId::new(0, true),
        kind: FrameKind::Data,
        payload: vec![0; MAX_FRAME],
    };
    assert!(frame.encode().is_err());
}

#[test]
fn a_list_is_not_allocated_by_what_its_head_claims() {
    // Bodies with 2^32 entries claimed.
    let mut bytes = vec![0x84, 0x04, 0x58, 0x20];
    bytes.extend([0; 32]);
    bytes.extend([0x00, 0x9a, 0xff, 0xff, 0xff, 0xff]);
    assert!(Request::decode(&bytes).is_err());
}
