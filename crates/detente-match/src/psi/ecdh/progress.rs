//! How far a run of this matcher is.

use super::params::POINT_BYTES;

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

impl From<Progress> for crate::psi::Progress {
    /// Items are done as their points are; bytes are those of the points.
    fn from(progress: Progress) -> crate::psi::Progress {
        let items_total =
            u64::from(progress.own_blinded.total) + u64::from(progress.peer_blinded.total);
        let (done, total) = (progress.done(), progress.total());
        crate::psi::Progress {
            items_done: (items_total * done).checked_div(total).unwrap_or(0),
            items_total,
            bytes_done: done * POINT_BYTES as u64,
            bytes_total: total * POINT_BYTES as u64,
        }
    }
}
