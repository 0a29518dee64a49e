//! The door to where objects lie: [`Shelf`].

use crate::account::Level;
use crate::moment::Moment;

/// An object on its way to the shelf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming<'a> {
    /// Its STIX id.
    pub id: &'a str,
    /// Its type.
    pub kind: &'a str,
    /// Its STIX version: `2.0` or `2.1`.
    pub spec: &'static str,
    /// When it was modified, else created; none if it says neither: then its version is the moment
    /// at which it came.
    pub version: Option<Moment>,
    /// How close it is held.
    pub level: Level,
    /// Who made it, by its own words.
    pub creator: Option<&'a str>,
    /// Its bytes, as they came.
    pub bytes: &'a [u8],
}

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is new; its date added.
    Added(Moment),
    /// The same bytes lie there already: since when, and how close they are held.
    Known(Moment, Level),
    /// Other bytes lie there under the same id and version; they stay, as close as this.
    Differs(Level),
    /// Versions of another creator lie there under the same id, which only that one may add to
    /// (STIX 2.1 section 3.6); they stay, as close as this.
    Foreign(Level),
}

/// What is said of an object without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its STIX id.
    pub id: &'a str,
    /// When it came; no two objects on a shelf came at the same moment.
    pub added: Moment,
    /// Its version.
    pub version: Moment,
    /// Its STIX version: `2.0` or `2.1`.
    pub spec: &'static str,
}

/// Which versions of an object are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// The newest.
    Last,
    /// The oldest.
    First,
    /// Each.
    All,
    /// That of this moment.
    At(Moment),
}

/// Which objects of a collection are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The collection's key.
    pub collection: String,
    /// The closest level that may be seen.
    pub clearance: Level,
    /// Added after this moment, exclusively.
    pub after: Option<Moment>,
    /// Of these ids; of all if there is none.
    pub ids: Vec<String>,
    /// Of these types; of all if there is none.
    pub kinds: Vec<String>,
    /// Of these versions; at least one.
    pub which: Vec<Which>,
    /// Of these STIX versions; of all if there is none.
    pub specs: Vec<String>,
    /// At most so many.
    pub limit: usize,
    /// At most so many bytes, but for one object. None where bytes are not asked for.
    pub max_bytes: Option<usize>,
}

/// What a shelf says that is not up to date yet.
pub const BEHIND: &str = "not up to date yet";

/// The shelf failed; the cause is for the log, not for the account.
#[derive(Debug, thiserror::Error)]
#[error("the store of objects failed: {0}")]
pub struct ShelfError(pub String);

/// Several things to do on a shelf.
pub type Deed<'a> = &'a mut dyn FnMut(&mut dyn Shelf) -> Result<(), ShelfError>;

/// Where objects lie. What a method does, it does whole or not at all.
pub trait Shelf {
    /// Does several things whole or not at all.
    ///
    /// # Errors
    /// [`ShelfError`], of the deed too; nothing was done.
    fn together(&mut self, deed: Deed<'_>) -> Result<(), ShelfError>;

    /// Puts objects into a collection and says what became of each, in their order. The moments at
    /// which they come ascend, and are not before `now`.
    ///
    /// # Errors
    /// [`ShelfError`]; nothing was put.
    fn put(
        &mut self,
        collection: &str,
        now: Moment,
        objects: &[Incoming<'_>],
    ) -> Result<Vec<Put>, ShelfError>;

    /// Hands over what is meant in the order in which it came, each with its bytes if these are
    /// limited; says whether there is more.
    ///
    /// # Errors
    /// [`ShelfError`].
    fn page(
        &self,
        query: &Query,
        each: &mut dyn FnMut(Entry<'_>, &[u8]),
    ) -> Result<bool, ShelfError>;

    /// Takes what is meant away and says how many.
    ///
    /// # Errors
    /// [`ShelfError`]; nothing was taken.
    fn delete(&mut self, query: &Query) -> Result<u64, ShelfError>;

    /// Takes everything from a collection.
    ///
    /// # Errors
    /// [`ShelfError`]; nothing was taken.
    fn clear(&mut self, collection: &str) -> Result<(), ShelfError>;

    /// How far a collection that is a view of something has been brought; 0 if never.
    ///
    /// # Errors
    /// [`ShelfError`].
    fn reached(&self, view: &str) -> Result<u64, ShelfError>;

    /// Keeps how far it has been brought.
    ///
    /// # Errors
    /// [`ShelfError`].
    fn reach(&mut self, view: &str, moment: u64) -> Result<(), ShelfError>;

    /// Remembers that an account brought these objects to a collection, each with the moment since
    /// which it lies there and how close, until they are [taken](Shelf::take_brought).
    ///
    /// # Errors
    /// [`ShelfError`]; none is remembered.
    fn bring(
        &mut self,
        account: &str,
        collection: &str,
        objects: &[(Moment, Level)],
    ) -> Result<(), ShelfError>;

    /// What was brought and not taken yet, in the order in which it came: what came together is
    /// not parted, and once there are `max` objects or [`MAX_BROUGHT`] bytes, no more is added.
    /// What does not lie there any more is not among it. Also says up to where this goes: nothing
    /// is left if it goes nowhere.
    ///
    /// # Errors
    /// [`ShelfError`].
    fn brought(&self, max: usize) -> Result<(Vec<Brought>, Option<u64>), ShelfError>;

    /// Forgets what was brought up to there.
    ///
    /// # Errors
    /// [`ShelfError`]; nothing is forgotten.
    fn take_brought(&mut self, upto: u64) -> Result<(), ShelfError>;

    /// Keeps what became of a request.
    ///
    /// # Errors
    /// [`ShelfError`].
    fn put_status(
        &mut self,
        root: &str,
        account: &str,
        now: Moment,
        status: &StatusRow,
    ) -> Result<(), ShelfError>;

    /// What became of a request of this root and account, if it is still kept.
    ///
    /// # Errors
    /// [`ShelfError`].
    fn status(
        &self,
        of: (&str, &str),
        id: &str,
        now: Moment,
    ) -> Result<Option<Vec<u8>>, ShelfError>;
}

/// About how many bytes of what was brought are read at a time.
pub const MAX_BROUGHT: usize = 8 * 1024 * 1024;

/// What an account brought at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// The account.
    pub account: String,
    /// The objects, each with how close it is held.
    pub objects: Vec<(Level, Vec<u8>)>,
}

/// A status resource to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusRow {
    /// Its id, a UUID.
    pub id: String,
    /// The resource as JSON.
    pub json: Vec<u8>,
}
