//! The own list of a run, read from the store page by page and never held whole.
//!
//! It is read twice: once for the commitment, once into the engine, whose keys depend on both
//! commitments. Both readings see the store as it stood at one moment, so that an import meanwhile
//! changes nothing, and the second is checked against the first: what is entered is what was
//! committed to. Texts are read a third time, of common items alone. Nobody holds the node but for
//! a page.

use std::collections::BTreeMap;

use detente_accord::{Accord, Pad};
use detente_core::{AccordId, Digest, Kind, PartyId};
use detente_intel::{Context, Observable};
use detente_log::RootBuilder;
use detente_match::{Progress, padded_len};

use super::{OnProgress, padding};
use crate::error::NodeError;
use crate::handling::Door;
use crate::lineage::Lineage;
use crate::node::{Node, Shared};
use crate::ports::{Moment, PageOf, Verdicts};
use crate::retraction::HeldOut;

/// Sightings that are read in one go. Count: a few milliseconds of the store.
const PAGE: usize = 4_096;

/// So many items stand between two of which the place is kept: a text is found again by reading
/// that many at most. Count: at 2^24 items, 65,536 are kept.
const STRIDE: usize = 256;

/// Which own observables enter, as they stood at one moment.
pub(super) struct Source {
    accord: AccordId,
    kinds: Vec<Kind>,
    moment: Moment,
    /// The text that says what may enter.
    text: Accord,
    own: PartyId,
    peer: PartyId,
    /// The matching clause of the text.
    clause: String,
    /// Tells what is derived from what others control; none if nothing can be.
    lineage: Option<Lineage>,
    /// What this side has only from what was taken back.
    held_out: HeldOut,
}

impl Source {
    /// Reads from the front.
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader {
            source: self,
            door: Door::new(&self.text, (self.own, self.peer), &self.clause),
            verdicts: Verdicts::default(),
            after: None,
            ended: false,
        }
    }
}

impl Node {
    /// The own observables of these kinds that may show to the peer under a matching clause, as
    /// they stand now.
    pub(super) fn source(
        &self,
        accord: AccordId,
        (peer, clause): (PartyId, &str),
        kinds: &[Kind],
    ) -> Result<Source, NodeError> {
        Ok(Source {
            accord,
            kinds: kinds.to_vec(),
            moment: self.store.moment()?,
            text: self.governing_with(accord, peer)?.clone(),
            own: self.party(),
            peer,
            clause: clause.to_owned(),
            lineage: self.lineage(peer)?,
            held_out: self.held_out()?,
        })
    }
}

/// Where a reading of a source stands.
pub(super) struct Reader<'a> {
    source: &'a Source,
    /// Which indicators enter.
    door: Door<'a>,
    verdicts: Verdicts,
    after: Option<Observable>,
    ended: bool,
}

impl Reader<'_> {
    /// The next items; none at the end.
    pub(super) fn next(&mut self, node: &Node) -> Result<Option<Vec<Observable>>, NodeError> {
        self.page(node, PAGE)
    }

    fn page(&mut self, node: &Node, max: usize) -> Result<Option<Vec<Observable>>, NodeError> {
        if self.ended {
            return Ok(None);
        }
        let source = self.source;
        let after = self.after.as_ref();
        let of = PageOf { kinds: &source.kinds, moment: source.moment, after, max };
        let door = &self.door;
        let mut vouches = |kind, context: &Context| door.vouches(kind, context);
        let mut page = node.store.vouched(&of, &mut self.verdicts, &mut vouches)?;
        page.items.retain(|item| !source.held_out.has(item));
        self.after = page.next;
        self.ended = self.after.is_none();
        if let Some(lineage) = source.lineage {
            let mut own = Vec::with_capacity(page.items.len());
            for item in page.items {
                if node.is_own_word(&item, lineage, &|kind, context| door.vouches(kind, context))? {
                    own.push(item);
                }
            }
            page.items = own;
        }
        Ok(Some(page.items))
    }

    /// Goes on from behind an observable.
    fn go_to(&mut self, after: Observable) {
        (self.after, self.ended) = (Some(after), false);
    }
}

/// A digest of items in their order, [`STRIDE`] at a time: a tenth of the work of a commitment.
struct Check {
    digest: Digest,
    waiting: Vec<Vec<u8>>,
}

impl Check {
    fn new() -> Check {
        Check { digest: Digest::new([0; 32]), waiting: Vec::with_capacity(STRIDE) }
    }

    fn push(&mut self, item: Vec<u8>) {
        self.waiting.push(item);
        if self.waiting.len() == STRIDE {
            self.fold();
        }
    }

    fn fold(&mut self) {
        let mut parts: Vec<&[u8]> = vec![self.digest.as_bytes()];
        parts.extend(self.waiting.iter().map(Vec::as_slice));
        self.digest = Digest::of("detente/match-list/1", &parts);
        self.waiting.clear();
    }

    fn finish(mut self) -> Digest {
        self.fold();
        self.digest
    }
}

/// Merkle root (RFC 6962) over salted items, dummies included, so that single positions can be
/// opened later and the root says nothing of the rest.
struct Commitment<'a> {
    seed: &'a [u8; 32],
    root: RootBuilder,
    next: u32,
}

impl Commitment<'_> {
    fn new(seed: &[u8; 32]) -> Commitment<'_> {
        Commitment { seed, root: RootBuilder::new(), next: 0 }
    }

    /// Enters the next item; an empty one stands for none.
    fn push(&mut self, item: &[u8]) -> Result<(), NodeError> {
        let salt = Digest::of("detente/match-salt/1", &[self.seed, &self.next.to_be_bytes()]);
        let leaf = Digest::of("detente/match-leaf/1", &[salt.as_bytes(), item]);
        self.next += 1;
        self.root.push_entry(leaf.as_bytes()).map_err(NodeError::damaged)
    }

    /// Fills up to `size`.
    fn finish(mut self, size: u32) -> Result<Digest, NodeError> {
        while self.next < size {
            self.push(&[])?;
        }
        Ok(Digest::new(*self.root.head().root.as_bytes()))
    }
}

/// The commitment to a list that is in memory.
pub(crate) fn commit(
    seed: &[u8; 32],
    items: &[Observable],
    size: u32,
) -> Result<Digest, NodeError> {
    let mut commitment = Commitment::new(seed);
    for item in items {
        commitment.push(&item.match_key())?;
    }
    commitment.finish(size)
}

/// What one side brings into a run: a list that was committed to.
pub(super) struct Entered {
    source: Source,
    /// The last item before each multiple of [`STRIDE`], from the first on.
    marks: Vec<Observable>,
    check: Digest,
    /// Items without padding. Count.
    pub(super) items: u32,
    /// Items with padding. Count.
    pub(super) size: u32,
    pub(super) commitment: Digest,
    pub(super) salt_seed: [u8; 32],
}

/// How a clause has a list entered.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Most items with padding. Count.
    pub(super) max: u32,
    /// How the list is filled up.
    pub(super) pad: Pad,
}

/// Reads a list, pads and commits to it. The node is held for one page at a time; a stop ends it.
pub(super) fn enter(
    shared: &Shared,
    source: Source,
    shape: Shape,
    salt_seed: [u8; 32],
    progress: OnProgress<'_>,
) -> Result<Entered, NodeError> {
    let total = shared.lock().store.count(&source.kinds)?;
    let mut commitment = Commitment::new(&salt_seed);
    let mut check = Check::new();
    let mut marks = Vec::new();
    let mut reader = source.reader();
    loop {
        let page = {
            let node = shared.lock();
            node.not_stopped(source.accord)?;
            reader.next(&node)?
        };
        let Some(items) = page else { break };
        for item in items {
            let key = item.match_key();
            commitment.push(&key)?;
            check.push(key);
            if (commitment.next as usize).is_multiple_of(STRIDE) {
                marks.push(item);
            }
        }
        if commitment.next > shape.max {
            break;
        }
        progress(Progress {
            items_done: commitment.next.into(),
            items_total: total,
            ..Progress::default()
        });
    }
    let items = commitment.next;
    let size = padded_len(items, padding(shape.pad));
    if size > shape.max {
        let max = shape.max;
        let more = if reader.ended { "" } else { " or more" };
        return Err(NodeError::denied(
            "match_too_many_items",
            format!("{items}{more} indicators ({size} with padding), the clause allows {max}"),
            "agree on a larger cap or on fewer kinds",
        ));
    }
    let commitment = commitment.finish(size)?;
    let check = check.finish();
    Ok(Entered { source, marks, check, items, size, commitment, salt_seed })
}

impl Entered {
    /// The items once more, as the engine takes them. The last is an error if they are not what was
    /// committed to.
    pub(super) fn keys<'a>(&'a self, shared: &'a Shared) -> Keys<'a> {
        let (page, check) = (Vec::new().into_iter(), Some(Check::new()));
        Keys { shared, entered: self, reader: self.source.reader(), page, check, read: 0 }
    }

    /// Reads the texts of items at these places, except of those that are there.
    pub(super) fn texts(
        &self,
        shared: &Shared,
        places: &[usize],
        texts: &mut BTreeMap<usize, Observable>,
    ) -> Result<(), NodeError> {
        let mut places: Vec<usize> =
            places.iter().copied().filter(|place| !texts.contains_key(place)).collect();
        places.sort_unstable();
        places.dedup();
        let mut reader = self.source.reader();
        let mut here: Vec<Observable> = Vec::new();
        // Places of what is here: from `first` on, before `next`.
        let (mut first, mut next) = (0, 0);
        for place in places {
            while place >= next {
                let mark = place / STRIDE * STRIDE;
                if mark > next {
                    reader.go_to(self.marks.get(place / STRIDE - 1).ok_or_else(changed)?.clone());
                    next = mark;
                }
                let page = reader.page(&shared.lock(), STRIDE)?;
                here = page.ok_or_else(changed)?;
                first = next;
                next += here.len();
            }
            let item = here.get(place - first).ok_or_else(changed)?;
            texts.insert(place, item.clone());
        }
        Ok(())
    }
}

/// The items of a list on their way into the engine.
pub(super) struct Keys<'a> {
    shared: &'a Shared,
    entered: &'a Entered,
    reader: Reader<'a>,
    page: std::vec::IntoIter<Observable>,
    /// Gone at the end.
    check: Option<Check>,
    read: u32,
}

impl Keys<'_> {
    fn key(&mut self) -> Result<Option<Vec<u8>>, NodeError> {
        let Some(check) = &mut self.check else { return Ok(None) };
        loop {
            if let Some(item) = self.page.next() {
                let key = item.match_key();
                check.push(key.clone());
                self.read += 1;
                // Before the engine hears of one more than was agreed.
                return if self.read > self.entered.items { Err(changed()) } else { Ok(Some(key)) };
            }
            match self.reader.next(&self.shared.lock())? {
                Some(items) => self.page = items.into_iter(),
                None => break,
            }
        }
        let same = self.check.take().is_none_or(|check| check.finish() == self.entered.check);
        if same { Ok(None) } else { Err(changed()) }
    }
}

impl Iterator for Keys<'_> {
    type Item = Result<Vec<u8>, NodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.key().transpose();
        if let Some(Err(_)) = key {
            self.check = None;
        }
        key
    }
}

/// What is in the store is not what was committed to.
fn changed() -> NodeError {
    NodeError::denied(
        "match_list_changed",
        "the store no longer holds the list that this side committed to",
        "offer a new run; let no other program write to this home",
    )
}
