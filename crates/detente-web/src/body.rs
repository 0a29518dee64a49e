//! Bodies, taken whole up to a size and a time.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout, timeout_at};

/// A body may pause so long.
const PAUSE: Duration = Duration::from_secs(20);
/// And may take so long in all.
const WHOLE: Duration = Duration::from_secs(300);
/// Room for a body before its first byte is here. Bytes.
const FIRST_ROOM: u64 = 1024 * 1024;

/// What is read of a refused body before it is answered. Bytes.
const MAX_DRAINED: usize = 256 * 1024 * 1024;

/// Why a body is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is larger than it may be.
    TooLarge,
    /// It takes too long.
    TooSlow,
    /// The line broke off.
    Cut,
}

/// An answer's body with the room that it takes, until it is gone.
pub(crate) struct Leaving {
    body: Full<Bytes>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Leaving {
    pub(crate) fn new(body: Full<Bytes>, room: Option<OwnedSemaphorePermit>) -> Leaving {
        Leaving { body, _room: room }
    }
}

impl Body for Leaving {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        // Not before it has been polled: hyper drops what has ended, and the room with it.
        false
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Takes a body of at most `max` bytes.
pub(crate) async fn whole(mut body: Incoming, max: usize) -> Result<Vec<u8>, Refusal> {
    let said = body.size_hint().lower();
    if said > max as u64 {
        drain(&mut body).await;
        return Err(Refusal::TooLarge);
    }
    let end = Instant::now() + WHOLE;
    // What is said is not yet here: room grows with what comes.
    let mut bytes = Vec::with_capacity(usize::try_from(said.min(FIRST_ROOM)).unwrap_or(0));
    loop {
        let frame = timeout_at(end, timeout(PAUSE, body.frame())).await;
        let frame = frame.map_err(|_| Refusal::TooSlow)?.map_err(|_| Refusal::TooSlow)?;
        let Some(frame) = frame else { return Ok(bytes) };
        let Ok(data) = frame.map_err(|_| Refusal::Cut)?.into_data() else { continue };
        if data.len() > max - bytes.len() {
            drain(&mut body).await;
            return Err(Refusal::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
}

/// Lets a client whose request is refused by its head finish.
pub(crate) async fn pass_over(mut body: Incoming) {
    drain(&mut body).await;
}

/// Lets a client that sends blindly finish, within bounds: else it meets a cut line instead of the
/// refusal. Nothing is kept.
async fn drain(body: &mut Incoming) {
    let end = Instant::now() + PAUSE;
    let mut left = MAX_DRAINED;
    while let Ok(Some(Ok(frame))) = timeout_at(end, body.frame()).await {
        let length = frame.data_ref().map_or(0, bytes::Bytes::len);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}
