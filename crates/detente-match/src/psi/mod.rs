//! Matchers: protocols that find what two lists have in common.
//!
//! Each matcher is a folder; they share the terms (`params.rs`), the faults (`error.rs`) and the
//! two structs below.

pub(crate) mod ecdh;

/// What an ended run tells this end. It exists only if both ends confirmed the same transcript
/// and, where both learn, the same answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Places of the common items in the list given to the session, ascending; present if this
    /// end learns which.
    pub common: Option<Vec<usize>>,
    /// Number of common items; present if this end learns anything.
    pub count: Option<u64>,
    /// Digest of all messages of both directions; equal at both ends.
    pub transcript: [u8; 32],
}

/// One of the four streams of points of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Points done.
    pub done: u32,
    /// Points to do; 0 if this stream is not part of the run.
    pub total: u32,
}

/// How far a run is, in points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Our points that we sent.
    pub own_blinded: Part,
    /// Our points that the peer answered.
    pub own_answered: Part,
    /// The peer's points that we received.
    pub peer_blinded: Part,
    /// The peer's points that we answered.
    pub peer_answered: Part,
}

impl Progress {
    fn parts(&self) -> [Part; 4] {
        [self.own_blinded, self.own_answered, self.peer_blinded, self.peer_answered]
    }

    /// Points done over all streams.
    pub fn done(&self) -> u64 {
        self.parts().iter().map(|part| u64::from(part.done)).sum()
    }

    /// Points to do over all streams.
    pub fn total(&self) -> u64 {
        self.parts().iter().map(|part| u64::from(part.total)).sum()
    }
}
