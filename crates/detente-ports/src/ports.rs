//! The four doors to the world: [`Store`], [`Clock`], [`Entropy`] and [`Link`].
//!
//! Use cases speak to the world only through them. They are synchronous: the rooms above bridge to
//! threads and sockets, and a simulation runs many nodes on one thread.

mod lookup;
mod tiles;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use detente_core::act::Salt;
use detente_core::{AccordId, Digest, Kind, PartyId, RunId, UnixSeconds};
use detente_intel::{Context, Indicator, Observable};
use detente_log::{Append, RightEdge};
use detente_peer::{Request, Response};

pub use lookup::{
    Evaluation, FilterRow, Finished, LookupStore, MAX_UPDATES_KEPT, UpdatePart, ValueRow, Vouchers,
};
pub use tiles::LogTiles;

/// Tells the time.
pub trait Clock: Send {
    /// The time now.
    fn now(&self) -> UnixSeconds;
}

/// Gives random bytes.
pub trait Entropy: Send {
    /// Fills a buffer with bytes that nobody can foresee.
    ///
    /// # Errors
    /// The system has no entropy to give.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// The system gave no entropy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no random bytes")]
pub struct EntropyError;

/// A session with one party's node.
pub trait Link: Send + Sync {
    /// Whose node it is; TLS has proved it.
    fn peer(&self) -> PartyId;

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// [`LinkError`] if the session ends first.
    fn request(&self, request: &Request) -> Result<Response, LinkError>;

    /// Opens a stream whose first message is the request.
    ///
    /// # Errors
    /// [`LinkError`] if the session ends first.
    fn open(&self, request: &Request) -> Result<Box<dyn Stream>, LinkError>;
}

impl<L: Link + ?Sized> Link for &L {
    fn peer(&self) -> PartyId {
        (**self).peer()
    }

    fn request(&self, request: &Request) -> Result<Response, LinkError> {
        (**self).request(request)
    }

    fn open(&self, request: &Request) -> Result<Box<dyn Stream>, LinkError> {
        (**self).open(request)
    }
}

/// A stream of messages in both directions.
pub trait Stream: Send {
    /// Sends a message; may wait until the line takes it.
    ///
    /// # Errors
    /// [`LinkError`] if the session ended.
    fn send(&mut self, message: Vec<u8>) -> Result<(), LinkError>;

    /// Waits for the next message; none if the other side sends no more.
    ///
    /// # Errors
    /// [`LinkError`] if the session ended.
    fn recv(&mut self) -> Result<Option<Vec<u8>>, LinkError>;

    /// The next message if it is here already.
    ///
    /// # Errors
    /// [`LinkError`] if the session ended.
    fn try_recv(&mut self) -> Result<Option<Vec<u8>>, LinkError>;
}

/// Why a session does not serve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The session ended.
    #[error("the line to the other node was cut")]
    Cut,
    /// The other node broke the protocol.
    #[error("the other node broke the protocol: {0}")]
    Misbehaved(String),
    /// The other node can't be reached.
    #[error("cannot reach {party}: {reason}")]
    Unreachable {
        /// Its name.
        party: String,
        /// Why, and what was tried.
        reason: String,
    },
}

/// Names one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogKey {
    /// The accord.
    pub accord: AccordId,
    /// Who writes it.
    pub party: PartyId,
}

/// An accord that this node takes part in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccordRow {
    /// Its id.
    pub id: AccordId,
    /// What the parties call it.
    pub slug: String,
    /// Its parties, sorted.
    pub parties: Vec<PartyId>,
}

/// One act as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// The leaf of the log: the signed header.
    pub leaf: Vec<u8>,
    /// The salt of the body.
    pub salt: Salt,
    /// The body.
    pub body: Vec<u8>,
}

/// What is stored of a log besides its entries and tiles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogRow {
    /// Right edge of the entries held; its size is the place of the next.
    pub edge: RightEdge,
    /// The newest checkpoint whose entries are all durable, with its cosignatures.
    pub checkpoint: Option<Vec<u8>>,
    /// For a mirrored log: checkpoints received whose entries may still be missing, oldest first.
    pub pending: Vec<Vec<u8>>,
}

/// What a write of entries brings.
pub struct LogAppend<'a> {
    /// The new acts.
    pub entries: &'a [EntryRow],
    /// The tiles they change; `append.old_size` must be what is stored.
    pub append: &'a Append,
    /// The checkpoint of the new size, for an own log.
    pub checkpoint: Option<&'a [u8]>,
}

/// A matching run as this node knows it beyond the record.
#[derive(Clone, PartialEq, Eq)]
pub struct RunRow {
    /// The run.
    pub run: RunId,
    /// The accord.
    pub accord: AccordId,
    /// The other side.
    pub peer: PartyId,
    /// The clause.
    pub clause: String,
    /// Whether this node offered it.
    pub initiator: bool,
    /// Secret from which the salts of the own commitment come: opens positions to an auditor.
    pub salt_seed: [u8; 32],
    /// Real items entered, without padding.
    pub items: u32,
    /// How many are common, once known.
    pub common: Option<u64>,
}

impl std::fmt::Debug for RunRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the seed: with it, a commitment can be opened.
        write!(f, "RunRow({}, {} items, common {:?})", self.run.short(), self.items, self.common)
    }
}

/// An object that came from a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedRow {
    /// SHA-256 of its bytes.
    pub address: Digest,
    /// The accord.
    pub accord: AccordId,
    /// Who released it.
    pub from: PartyId,
    /// The release, by the digest of its leaf.
    pub release: Digest,
    /// Place in the manifest.
    pub place: u32,
    /// The clause that let it go.
    pub clause: String,
    /// When it arrived.
    pub received: UnixSeconds,
    /// Until when it may be kept, if the clause says.
    pub keep_until: Option<UnixSeconds>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl ReceivedRow {
    /// Whether it may still be kept.
    pub fn is_kept(&self, now: UnixSeconds) -> bool {
        self.keep_until.is_none_or(|until| now < until)
    }
}

/// What of received objects stays though it is over its time.
#[derive(Clone, Debug, Default)]
pub struct Spared {
    /// What this node released itself: its bytes stay, not that they were received.
    pub own: BTreeSet<Digest>,
    /// What is under a hold: nothing of it goes.
    pub held: BTreeSet<Digest>,
}

/// How many indicators there are of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindCount {
    /// The kind.
    pub kind: Kind,
    /// Distinct own observables.
    pub own: u64,
    /// Contexts of them.
    pub contexts: u64,
}

/// A moment in the life of a store: which sightings there were. Own observables and their contexts
/// are added and not taken away, so whoever reads by one moment reads the same at any later time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub u64);

impl Moment {
    /// Before every sighting.
    pub const START: Moment = Moment(0);
}

/// Which page of own observables.
#[derive(Clone, Copy, Debug)]
pub struct PageOf<'a> {
    /// Of these kinds.
    pub kinds: &'a [Kind],
    /// As they stood then.
    pub moment: Moment,
    /// From behind this one on.
    pub after: Option<&'a Observable>,
    /// Sightings that are looked at, at most, but for further ones of the last observable. Count.
    pub max: usize,
}

/// A page of own observables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListPage {
    /// Those that are vouched for; may be none though more pages follow.
    pub items: Vec<Observable>,
    /// The observable behind which the next page begins; none at the end.
    pub next: Option<Observable>,
}

/// An own observable with what was said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnRow {
    /// What is observed.
    pub observable: Observable,
    /// Its contexts and when each came first, in the order in which they came.
    pub sightings: Vec<(Context, UnixSeconds)>,
}

/// Most verdicts that are held. Count: what is asked again costs a look at the context, so memory
/// stays bounded where nearly every indicator has a context of its own.
pub const MAX_VERDICTS: usize = 1 << 16;

/// Verdicts on contexts, by kind and by the store's number of the context, which has no meaning
/// outside.
#[derive(Clone, Debug, Default)]
pub struct Verdicts(BTreeMap<(Kind, i64), bool>);

impl Verdicts {
    /// The verdict on a context, if it is held.
    pub fn held(&self, kind: Kind, context: i64) -> Option<bool> {
        self.0.get(&(kind, context)).copied()
    }

    /// Holds a verdict.
    pub fn hold(&mut self, kind: Kind, context: i64, verdict: bool) {
        if self.0.len() >= MAX_VERDICTS {
            self.0.clear();
        }
        self.0.insert((kind, context), verdict);
    }
}

/// What an import added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Observables that were not there.
    pub observables: u64,
    /// Contexts that were not there.
    pub contexts: u64,
}

impl Added {
    /// Both together.
    pub const fn plus(self, other: Added) -> Added {
        Added {
            observables: self.observables + other.observables,
            contexts: self.contexts + other.contexts,
        }
    }
}

/// Keeps everything. Each method is one transaction: when it returns, its work is durable; when it
/// fails, nothing has changed. Only one process holds a home, so there is one writer.
pub trait Store: LookupStore + Send {
    /// Keeps the card of another party, by its id; a card that is there already is replaced.
    fn put_card(&mut self, party: PartyId, card: &[u8]) -> Result<(), StoreError>;

    /// All cards of other parties.
    fn cards(&self) -> Result<Vec<Vec<u8>>, StoreError>;

    /// Enters an accord; nothing happens if it is there.
    fn put_accord(&mut self, accord: &AccordRow) -> Result<(), StoreError>;

    /// All accords, by slug.
    fn accords(&self) -> Result<Vec<AccordRow>, StoreError>;

    /// What is stored of a log; the default if nothing is.
    fn log(&self, key: LogKey) -> Result<LogRow, StoreError>;

    /// Adds entries with their tiles and, for an own log, the new checkpoint, in one transaction.
    /// The staged bodies at these places are dropped.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the stored size is not `append.old_size`: a second writer.
    fn append(&mut self, key: LogKey, write: &LogAppend<'_>) -> Result<(), StoreError>;

    /// Replaces the newest checkpoint of a log by one of the same size with more cosignatures or,
    /// for a mirrored log, by a larger one. The size of the log must be at least `size`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if a checkpoint of a larger size is stored.
    fn put_checkpoint(&mut self, key: LogKey, size: u64, note: &[u8]) -> Result<(), StoreError>;

    /// Replaces the pending checkpoints of a mirrored log if they are still `before`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if they are not.
    fn put_pending(
        &mut self,
        key: LogKey,
        before: &[Vec<u8>],
        after: &[Vec<u8>],
    ) -> Result<(), StoreError>;

    /// Entries of a log, in order; fewer if the log ends before.
    fn entries(&self, key: LogKey, places: Range<u64>) -> Result<Vec<EntryRow>, StoreError>;

    /// The stored bytes of a hash tile, as wide as it is now; none if there is no such tile.
    fn tile(&self, key: LogKey, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps bodies whose leaves have not come yet, from place `start` on.
    fn stage_bodies(
        &mut self,
        key: LogKey,
        start: u64,
        bodies: &[(Salt, Vec<u8>)],
    ) -> Result<(), StoreError>;

    /// The staged bodies of these places, as far as they go without a gap from the first.
    fn staged_bodies(
        &self,
        key: LogKey,
        places: Range<u64>,
    ) -> Result<Vec<(Salt, Vec<u8>)>, StoreError>;

    /// Keeps a piece of evidence against a party: a code and the bytes that prove it.
    fn put_evidence(
        &mut self,
        party: PartyId,
        at: UnixSeconds,
        code: &str,
        bytes: &[u8],
    ) -> Result<(), StoreError>;

    /// Number of pieces of evidence by party and code.
    fn evidence(&self) -> Result<Vec<(PartyId, String, u64)>, StoreError>;

    /// Keeps in words what makes an own log look like an old copy to a peer, or takes it back.
    fn put_doubt(
        &mut self,
        accord: AccordId,
        peer: PartyId,
        doubt: Option<&str>,
    ) -> Result<(), StoreError>;

    /// Every such doubt.
    fn doubts(&self) -> Result<Vec<(AccordId, PartyId, String)>, StoreError>;

    /// Adds own indicators. The same context of the same observable is kept once.
    fn put_indicators(
        &mut self,
        at: UnixSeconds,
        indicators: &[Indicator],
    ) -> Result<Added, StoreError>;

    /// Calls `each` with every own observable of these kinds, in the order of kind code and value.
    fn observables(
        &self,
        kinds: &[Kind],
        each: &mut dyn FnMut(Observable),
    ) -> Result<(), StoreError>;

    /// Now, for [`Store::vouched`].
    fn moment(&self) -> Result<Moment, StoreError>;

    /// A page of the own observables of which some context is vouched for, in the order of kind
    /// code and value, as they stood at a moment. `vouches` is asked about a context when its
    /// verdict is not held; it must give one context of one kind the same verdict every time.
    fn vouched(
        &self,
        of: &PageOf<'_>,
        verdicts: &mut Verdicts,
        vouches: &mut dyn FnMut(Kind, &Context) -> bool,
    ) -> Result<ListPage, StoreError>;

    /// How many own observables there are of these kinds.
    fn count(&self, kinds: &[Kind]) -> Result<u64, StoreError>;

    /// How many indicators there are by kind.
    fn counts(&self) -> Result<Vec<KindCount>, StoreError>;

    /// The contexts of an own observable, in the order in which they came.
    fn contexts(&self, observable: &Observable) -> Result<Vec<Context>, StoreError>;

    /// The contexts of an own observable and when each came first, in the order in which they came.
    fn sightings(&self, observable: &Observable)
    -> Result<Vec<(Context, UnixSeconds)>, StoreError>;

    /// Own observables of these kinds with all that was said of them, in the order of kind code and
    /// value, from behind one on: so many that they have `max` sightings or a few more. None are
    /// left when none come.
    fn own_rows(
        &self,
        kinds: &[Kind],
        after: Option<&Observable>,
        max: usize,
    ) -> Result<Vec<OwnRow>, StoreError>;

    /// Own observables of which something was said since a moment, with all that was ever said of
    /// them, and the moment up to which these are all; so many that they have `max` new sightings
    /// at most. None when nothing was said since.
    fn own_changed(&self, since: Moment, max: usize) -> Result<(Vec<OwnRow>, Moment), StoreError>;

    /// Reads the words of `max` contexts at most that have come since it was called last; says how
    /// many are left. Count.
    fn read_words(&mut self, max: usize) -> Result<u64, StoreError>;

    /// Own observables and what is said of them in a context that has all of these words and is in
    /// force, the newest contexts first, `max` at most, of those whose words have been read. Words
    /// are those of [`detente_intel::words`]; the last may be the beginning of one. None for no
    /// words.
    fn own_with_words(
        &self,
        words: &[String],
        max: usize,
    ) -> Result<Vec<(Observable, Context)>, StoreError>;

    /// Keeps a run, with what is common if it is known.
    fn put_run(&mut self, run: &RunRow, matched: &[Observable]) -> Result<(), StoreError>;

    /// A run.
    fn run(&self, run: RunId) -> Result<Option<RunRow>, StoreError>;

    /// All runs of an accord, newest first.
    fn runs(&self, accord: AccordId) -> Result<Vec<RunRow>, StoreError>;

    /// What a run found at both sides.
    fn matched(&self, run: RunId) -> Result<Vec<Observable>, StoreError>;

    /// Whether a run of this accord with this peer found the observable at both sides.
    fn is_matched(
        &self,
        accord: AccordId,
        peer: PartyId,
        observable: &Observable,
    ) -> Result<bool, StoreError>;

    /// Keeps objects on their way out, by address, until and after they are acknowledged.
    fn put_released(&mut self, objects: &[(Digest, Vec<u8>)]) -> Result<(), StoreError>;

    /// The bytes of an object that this node released or received.
    fn object(&self, address: Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps objects that came from a peer.
    fn put_received(&mut self, objects: &[ReceivedRow]) -> Result<(), StoreError>;

    /// How many objects of a release are here from the front of its manifest without a gap.
    fn received_upto(&self, release: Digest) -> Result<u32, StoreError>;

    /// When an object first came from a party, if it is here.
    fn arrived(&self, from: PartyId, address: Digest) -> Result<Option<UnixSeconds>, StoreError>;

    /// The objects of a release that are here, by address.
    fn received_of(&self, release: Digest) -> Result<Vec<Digest>, StoreError>;

    /// Erases every received object whose time to be kept has ended by `now`, bytes and all, and
    /// says how many. Bytes stay that came another time too and may be kept, and what is spared.
    fn erase_expired(&mut self, now: UnixSeconds, spared: &Spared) -> Result<u64, StoreError>;

    /// What was received about an observable.
    fn received(&self, observable: &Observable) -> Result<Vec<ReceivedRow>, StoreError>;

    /// What came from a party under an accord behind a number: of each row its number and
    /// observable, in the order of numbers, `max` at most. Rows that come later have larger ones.
    fn received_news(
        &self,
        of: (AccordId, PartyId),
        after: u64,
        max: usize,
    ) -> Result<Vec<(u64, Observable)>, StoreError>;

    /// How many rows of a party under an accord up to a number may still be kept, and the sum of
    /// the seconds at which they came: both change when some are erased, also where others come in
    /// their place.
    fn received_kept(
        &self,
        of: (AccordId, PartyId),
        upto: u64,
        now: UnixSeconds,
    ) -> Result<(u64, u64), StoreError>;

    /// When an own observable was first sighted, by this node's clock; none if it is no own one.
    fn first_sighting(&self, observable: &Observable) -> Result<Option<UnixSeconds>, StoreError>;

    /// Erases objects that a party released to this node, in whichever of its releases they came.
    /// Their bytes stay if somebody else released them too, or if the flag says that this node did.
    fn erase_received(
        &mut self,
        from: PartyId,
        objects: &[(Digest, bool)],
    ) -> Result<(), StoreError>;

    /// How many objects were received, by party.
    fn received_counts(&self) -> Result<Vec<(PartyId, u64)>, StoreError>;
}

/// Why the store does not serve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The stored state is not what the write rests on.
    #[error("the stored state has changed: {0}")]
    Conflict(String),
    /// What is stored contradicts itself.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The disk or the database failed.
    #[error("the store failed: {0}")]
    Failed(String),
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// What is stored is older than what was written once: to write on would contradict it.
    #[error("an old copy of this home was put back: {0}")]
    OldCopy(String),
}

impl StoreError {
    /// What to do, if it can be said.
    pub const fn remedy(&self) -> Option<&'static str> {
        match self {
            StoreError::Full => Some("free disk space and run the command again"),
            StoreError::OldCopy(_) => Some(
                "restore the newer copy of this folder: until then nothing is written here; if \
                 there is none, agree with the other side on a new accord from a new home",
            ),
            _ => None,
        }
    }

    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            StoreError::Conflict(_) => "store_conflict",
            StoreError::Damaged(_) => "store_damaged",
            StoreError::Failed(_) => "store_failed",
            StoreError::Full => "store_full",
            StoreError::OldCopy(_) => "old_copy",
        }
    }
}
