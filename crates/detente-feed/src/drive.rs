//! What reading and adding have in common: the client, waits, and what is kept at the end.

use std::sync::mpsc;
use std::time::Duration;

use detente_home::fail::{Failure, exit};
use detente_home::keystore;
use detente_http::{Client, LineFault, NoClient, Times};
use detente_store::{FeedRow, SqliteShelf};
use detente_taxii::Moment;
use detente_taxii::client::{BETWEEN, By, ClientFault, Feed, FeedState};

use crate::feeds::failed;
use crate::report::FeedReport;

/// The longest wait in the midst of a poll; a longer one ends it. Seconds.
const MAX_WAIT: u64 = 60;

/// Why a poll or push ended before its end.
pub struct Broken {
    /// For people.
    pub failure: Failure,
    /// How long the server asks to be left alone. Seconds.
    pub wait: Option<u64>,
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Broken {
        Broken { failure, wait: None }
    }
}

impl From<ClientFault> for Broken {
    fn from(fault: ClientFault) -> Broken {
        let wait = if let ClientFault::Busy { wait, .. } = &fault { *wait } else { None };
        Broken { failure: sorted(&fault), wait }
    }
}

/// How long a poll or push may take before others have their turn.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    begun: Moment,
    seconds: Option<u32>,
}

impl Bound {
    /// A bound of so many seconds from now on; none without them.
    pub const fn new(begun: Moment, seconds: Option<u32>) -> Bound {
        Bound { begun, seconds }
    }

    /// Whether the time is over. A clock that was set back ends nothing sooner than planned.
    pub fn is_over(self, now: Moment) -> bool {
        let gone = now.micros().saturating_sub(self.begun.micros());
        self.seconds.is_some_and(|seconds| gone >= i64::from(seconds) * 1_000_000)
    }

    /// How it ends: it goes on when the others have had their turn, if it has come any further.
    pub fn end(self, report: &mut FeedReport) -> Result<(), Broken> {
        if report.pages > 0 {
            report.unfinished = true;
            return Ok(());
        }
        let words = format!("no page came in {} s", self.seconds.unwrap_or_default());
        Err(ClientFault::Cut(words).into())
    }
}

/// The feed is not the one any more that was begun with.
pub fn changed(name: &str) -> Failure {
    let words = format!("{name} was removed or added anew meanwhile: this poll has ended");
    Failure::refused("feed_changed", words, "see `detente feed list` for what it is now")
}

/// The client for a feed.
pub fn client(feed: &Feed) -> Result<Client, Failure> {
    Client::new(feed.root.clone(), &feed.trust, &feed.proof, Times::default())
        .map_err(|error| no_client(&error))
}

/// A client that can't be had, as commands say it.
pub fn no_client(error: &NoClient) -> Failure {
    let remedy = "check --ca, --pin, --certificate and --key, or the credentials";
    Failure::environment(error.code(), error, remedy)
}

/// A fault of another server, as commands say it.
pub fn sorted(fault: &ClientFault) -> Failure {
    let exit = match fault.by() {
        By::Line => exit::LINE,
        By::Operator => exit::REFUSED,
        By::Server => exit::PEER,
    };
    Failure::new(exit, fault.code(), fault, fault.remedy())
}

/// What is wrong with the line and no matter of time.
pub fn lasting(fault: &LineFault) -> Option<Failure> {
    match fault {
        LineFault::Cut(_) | LineFault::Ended(_) | LineFault::TooLarge => None,
        LineFault::Untrusted(_) => Some(Failure::refused(
            fault.code(),
            fault,
            "compare the certificate with the server's operator, then add the feed again with \
             --pin, or with the --ca that signed it",
        )),
        LineFault::Tls(_) => Some(Failure::refused(
            fault.code(),
            fault,
            "ask the server's operator which TLS it speaks, and whether it asks for a client \
             certificate (--certificate, --key)",
        )),
        LineFault::Credentials => Some(Failure::usage(fault.code(), fault, "check the file")),
    }
}

/// Waits as long as is worth it.
pub fn wait(seconds: u64, why: Option<ClientFault>) -> Result<(), Broken> {
    if let (true, Some(why)) = (seconds > MAX_WAIT, &why) {
        return Err(Broken { failure: sorted(why), wait: Some(seconds) });
    }
    if let Some(why) = why {
        tracing::debug!("waiting {seconds} s: {why}");
    }
    // Something to wait on for a while.
    let (_never, clock) = mpsc::channel::<()>();
    let _ = clock.recv_timeout(Duration::from_secs(seconds.min(MAX_WAIT)));
    Ok(())
}

/// A number that nobody else has, to spread waits.
pub fn seed() -> Result<u64, Failure> {
    let mut bytes = [0; 8];
    keystore::random(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// So many seconds later.
fn later(at: Moment, seconds: u64) -> Option<Moment> {
    let micros = i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
    Moment::of(at.micros().saturating_add(micros))
}

/// Until when a server has asked to be left alone, if that is still to come.
pub fn left_alone(row: &FeedRow, now: Moment) -> Option<Moment> {
    let outcome = row.state.outcome.as_deref()?;
    let before: FeedReport = serde_json::from_str(outcome).ok()?;
    before.left_alone_until.as_deref().and_then(Moment::read).filter(|until| *until > now)
}

/// Keeps what came of a feed and when it is due again.
pub fn settle(
    shelf: &mut SqliteShelf,
    (row, at): (&FeedRow, Moment),
    report: &mut FeedReport,
    broken: Option<Broken>,
) -> Result<(), Failure> {
    // What is not at its end goes on as soon as the others have had their turn.
    let mut seconds = if report.unfinished { 0 } else { u64::from(row.feed.every) };
    let mut failures = 0;
    if let Some(Broken { failure, wait }) = broken {
        failures = row.state.failures.saturating_add(1);
        report.left_alone_until =
            wait.and_then(|seconds| later(at, seconds)).map(|at| at.to_string());
        // What the operator must mend is not asked for more often than planned; what passes is
        // tried sooner, if the plan is slower than that.
        let backed_off = BETWEEN.after(failures, seed()?, wait);
        let passes = failure.exit == exit::LINE;
        seconds = if passes { backed_off } else { backed_off.max(seconds) };
        report.failed = Some(failure);
    }
    let next = later(at, seconds).unwrap_or(at);
    (report.at, report.next) = (at.to_string(), next.to_string());
    let outcome = serde_json::to_string(report)
        .map_err(|error| Failure::environment("json", error, "report this"))?;
    let state = FeedState { cursor: String::new(), outcome: Some(outcome), next, failures };
    shelf.put_outcome(&row.feed, &state).map_err(|error| failed(&error))?;
    Ok(())
}
