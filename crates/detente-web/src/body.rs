//! Bodies, taken whole up to a size and a time.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
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
