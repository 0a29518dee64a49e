//! What other parties have released to this one, as its own tools may read it.

use detente_core::object::Object;
use detente_core::{AccordId, Digest, PartyId, UnixSeconds};
use detente_intel::{Context, Observable};

use crate::error::NodeError;
use crate::node::Node;
use crate::object::observed;
use crate::ports::ReceivedRow;

/// What a party released about an observable under an accord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedItem {
    /// What is observed.
    pub observable: Observable,
    /// Each object that may still be kept, in the order in which they came.
    pub said: Vec<ReceivedSaid>,
}

/// An object that a party released, as a statement of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedSaid {
    /// Its words, as close as they were released or as they have been marked since.
    pub context: Context,
    /// When this came.
    pub received: UnixSeconds,
    /// When it was taken back, marked more closely, or when that was lifted.
    pub changed: Option<UnixSeconds>,
    /// Whether it is taken back.
    pub gone: bool,
}

/// An object that this party released, as a statement of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleasedSaid {
    /// When this party first released anything to the same one under the same accord.
    pub first: UnixSeconds,
    /// What is observed.
    pub observable: Observable,
    /// The object, as of when it was released.
    pub said: ReceivedSaid,
}

/// A retraction as it bears on what was received: its act, and whether it was lifted.
pub type Bearing = (Digest, bool);

impl Node {
    /// What came from a party under an accord behind a number of the store, the objects of
    /// `max` rows at most, with all that this party ever released of these observables; and the
    /// number up to which that is all. None when nothing came.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn received_news(
        &self,
        (accord, from): (AccordId, PartyId),
        after: u64,
        max: usize,
    ) -> Result<(Vec<ReceivedItem>, u64), NodeError> {
        let news = self.store.received_news((accord, from), after, max)?;
        let reached = news.last().map_or(after, |(number, _)| *number);
        let observables = news.into_iter().map(|(_, one)| one).collect();
        Ok((self.received_items((accord, from), observables)?, reached))
    }

    /// What a party's retractions under an accord bear on, whether they stand or were lifted, as
    /// far as it is here: each observable with all that this party ever released of it.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn received_marked(
        &self,
        (accord, from): (AccordId, PartyId),
    ) -> Result<Vec<ReceivedItem>, NodeError> {
        let mut observables = Vec::new();
        let all = self.state(accord)?.retractions.iter().filter(|taken| taken.author == from);
        for address in all.flat_map(|taken| taken.objects.iter()) {
            if let Some(object) = self.object_at(*address)? {
                observables.push(observed(&object)?);
            }
        }
        self.received_items((accord, from), observables)
    }

    fn received_items(
        &self,
        (accord, from): (AccordId, PartyId),
        mut observables: Vec<Observable>,
    ) -> Result<Vec<ReceivedItem>, NodeError> {
        observables.sort_by(|a, b| (a.kind(), a.value()).cmp(&(b.kind(), b.value())));
        observables.dedup();
        let now = self.now();
        let mut items = Vec::with_capacity(observables.len());
        for observable in observables {
            let mut said = Vec::new();
            for row in self.store.received(&observable)? {
                if (row.accord, row.from) == (accord, from) && row.is_kept(now) {
                    said.push(self.received_said(&row)?);
                }
            }
            items.push(ReceivedItem { observable, said });
        }
        Ok(items)
    }

    /// Two numbers that are others when rows up to a number of the store may be kept no longer, or
    /// were erased.
    ///
    /// # Errors
    /// [`NodeError::Store`].
    pub fn received_kept(
        &self,
        (accord, from): (AccordId, PartyId),
        upto: u64,
    ) -> Result<(u64, u64), NodeError> {
        Ok(self.store.received_kept((accord, from), upto, self.now())?)
    }

    /// The retractions of a party that bear on what it released under an accord.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn bearings(&self, accord: AccordId, from: PartyId) -> Result<Vec<Bearing>, NodeError> {
        let all = self.state(accord)?.retractions.iter().filter(|taken| taken.author == from);
        Ok(all.map(|taken| (taken.act, taken.lifted.is_some())).collect())
    }

    /// The releases of this party to another under an accord, by their acts, in the order of the
    /// record.
    ///
    /// # Errors
    /// [`NodeError::Unknown`].
    pub fn releases_to(&self, accord: AccordId, to: PartyId) -> Result<Vec<Digest>, NodeError> {
        let own = self.party();
        let all = self.state(accord)?.releases.iter().filter(|known| known.author == own);
        Ok(all.filter(|known| self.is_to(accord, known, to)).map(|known| known.act).collect())
    }

    /// All that this party has released to another under an accord, in the order of the record.
    /// Objects whose bytes are gone are left out.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn released(&self, accord: AccordId, to: PartyId) -> Result<Vec<ReleasedSaid>, NodeError> {
        let own = self.party();
        let all = self.state(accord)?.releases.iter().filter(|known| known.author == own);
        let releases: Vec<_> = all.filter(|known| self.is_to(accord, known, to)).collect();
        let first = releases.iter().map(|known| known.time).min();
        let mut objects = Vec::new();
        for known in releases {
            for named in known.objects.iter() {
                let Some(object) = self.object_at(named.object)? else { continue };
                let observable = observed(&object)?;
                let mut context = context_of(object);
                let (changed, gone) = self.marked(accord, (own, named.object), &mut context)?;
                let said = ReceivedSaid { context, received: known.time, changed, gone };
                let first = first.unwrap_or(known.time);
                objects.push(ReleasedSaid { first, observable, said });
            }
        }
        Ok(objects)
    }

    fn received_said(&self, row: &ReceivedRow) -> Result<ReceivedSaid, NodeError> {
        let object = Object::decode(&row.bytes).map_err(NodeError::damaged)?;
        let control = self.control_of(row, &object)?;
        let mut context = context_of(object);
        if let Some(control) = control {
            let name = self.name_of(control.originator).replace('"', "'");
            context.markings.add_text(&format!("detente:originator=\"{name}\""));
        }
        let of = (row.from, row.address);
        let (changed, gone) = self.marked(row.accord, of, &mut context)?;
        Ok(ReceivedSaid { context, received: row.received, changed, gone })
    }

    /// Marks the words of an object as closely as its releasing party has said since; when that
    /// changed last, and whether it is taken back.
    fn marked(
        &self,
        accord: AccordId,
        (author, address): (PartyId, Digest),
        context: &mut Context,
    ) -> Result<(Option<UnixSeconds>, bool), NodeError> {
        let state = self.state(accord)?;
        let Some(mark) = state.mark(author, address) else {
            let all = state.retractions.iter().filter(|taken| taken.author == author);
            let of = all.filter(|taken| taken.objects.contains(&address));
            return Ok((of.filter_map(|taken| taken.lifted).max(), false));
        };
        if let Some(tlp) = mark.tlp {
            context.markings.raise(tlp);
        }
        if let Some(pap) = mark.pap {
            context.markings.add_text(&format!("PAP:{}", pap.name().to_ascii_uppercase()));
        }
        Ok((Some(mark.time), mark.gone))
    }
}

/// The words of an object. What its releasing party did not understand is not understood here.
fn context_of(object: Object) -> Context {
    let seconds = |time: Option<UnixSeconds>| time.and_then(|time| i64::try_from(time.get()).ok());
    let mut context = Context::from_source(object.source.as_deref().unwrap_or(""));
    context.origin = object.origin;
    context.description = object.comment;
    context.confidence = object.confidence;
    context.valid_from = seconds(object.valid_from);
    context.valid_until = seconds(object.valid_until);
    for label in &object.labels {
        context.add_label(label);
    }
    context.markings.add_tlp(object.tlp);
    for text in &object.markings {
        if !context.markings.add_stix_id(text) {
            context.markings.add_text(text);
        }
    }
    if object.marking_unknown {
        context.markings.add_unknown("not understood by its releasing party");
    }
    context
}
