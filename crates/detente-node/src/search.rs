//! What is known here: one observable with all that was said of it, own lists, totals.

use std::collections::BTreeSet;

use detente_core::Kind;
use detente_core::object::Object;
use detente_intel::{Context, Observable, fates, score};

use crate::error::NodeError;
use crate::node::Node;
use crate::onward::KnownTerms;
use crate::ports::ReceivedRow;
use crate::report::{ContextReport, CountReport, FoundReport, ReceivedReport, SearchReport};

/// Words that are looked for at once. Count.
const MAX_WORDS: usize = 32;

impl Node {
    /// What is known of one observable, here and from others.
    ///
    /// # Errors
    /// [`NodeError::Denied`] if the text has no normal form.
    pub fn search(&self, query: &str) -> Result<SearchReport, NodeError> {
        let observable = named_observable(query)?;
        let control = self.control(&observable, self.party())?;
        let mut own = Vec::new();
        let sightings = self.store.sightings(&observable)?;
        let fates = fates(&sightings);
        for ((context, added), fate) in sightings.into_iter().zip(fates) {
            let derived = control.filter(|control| added >= control.since);
            let control = derived.map(|control| self.name_of(control.originator));
            let score = score(observable.kind(), &context, added, self.now());
            let fate = fate.map(|fate| fate.name().to_owned());
            own.push(ContextReport { control, score, fate, ..report_context(context) });
        }
        let mut received = self.store.received(&observable)?;
        let (now, all) = (self.now(), received.len());
        received.retain(|row| row.is_kept(now));
        let expired = (all - received.len()) as u64;
        // What came in several releases is one object, under the terms of the last.
        let mut seen = BTreeSet::new();
        let mut known = KnownTerms::default();
        received.reverse();
        received.retain(|row| seen.insert((row.from, row.address)));
        received.reverse();
        let held_out = !own.is_empty() && self.held_out()?.has(&observable);
        Ok(SearchReport {
            query: query.to_owned(),
            held_out,
            kind: observable.kind().name().to_owned(),
            value: observable.value().to_owned(),
            own,
            received: received
                .iter()
                .map(|row| self.report_received(row, &mut known))
                .collect::<Result<_, _>>()?,
            expired,
            feedback: self.told_of(&observable)?,
            warned: Vec::new(),
        })
    }

    pub(crate) fn report_received(
        &self,
        row: &ReceivedRow,
        known: &mut KnownTerms,
    ) -> Result<ReceivedReport, NodeError> {
        let object = Object::decode(&row.bytes).map_err(NodeError::damaged)?;
        let control = self.control_of(row, &object)?;
        Ok(ReceivedReport {
            control: control.map(|control| self.name_of(control.originator)),
            from: self.name_of(row.from),
            accord: self.book(row.accord)?.row.slug.clone(),
            clause: row.clause.clone(),
            tlp: object.tlp.to_string(),
            received: row.received.to_string(),
            release: row.release.to_string(),
            keep_until: row.keep_until.map(|until| until.to_string()),
            terms: self.terms_of(row, &object, known)?,
            source: object.source,
            labels: object.labels,
            comment: object.comment,
            address: row.address.to_string(),
            retracted: self.report_mark(row.accord, (row.from, row.address))?,
        })
    }

    /// Reads the words of `max` contexts at most that have come since, and says how many are left.
    ///
    /// # Errors
    /// [`NodeError::Store`].
    pub fn read_words(&mut self, max: usize) -> Result<u64, NodeError> {
        Ok(self.store.read_words(max)?)
    }

    /// Own observables of whose contexts one has all of these words, the newest contexts first. The
    /// last word may be a beginning.
    ///
    /// # Errors
    /// [`NodeError::Store`].
    pub fn find_words(&self, text: &str, max: usize) -> Result<Vec<FoundReport>, NodeError> {
        let mut words = Vec::new();
        detente_intel::words(text, &mut |word| words.push(word.to_owned()));
        words.truncate(MAX_WORDS);
        let found = self.store.own_with_words(&words, max)?;
        let report = |(observable, context): (Observable, Context)| FoundReport {
            kind: observable.kind().name().to_owned(),
            value: observable.value().to_owned(),
            context: report_context(context),
        };
        Ok(found.into_iter().map(report).collect())
    }

    /// Own observables, kind and value, of one kind or of all.
    ///
    /// # Errors
    /// [`NodeError::Store`].
    pub fn list(&self, kind: Option<Kind>) -> Result<Vec<(String, String)>, NodeError> {
        let kinds = kind.map_or_else(|| Kind::ALL.to_vec(), |kind| vec![kind]);
        let mut all = Vec::new();
        self.store.observables(&kinds, &mut |observable| {
            all.push((observable.kind().name().to_owned(), observable.value().to_owned()));
        })?;
        Ok(all)
    }

    /// How many indicators there are.
    ///
    /// # Errors
    /// [`NodeError::Store`].
    pub fn counts(&self) -> Result<CountReport, NodeError> {
        let kinds = self.store.counts()?;
        let received = self.store.received_counts()?;
        Ok(CountReport {
            kinds: kinds
                .into_iter()
                .map(|count| (count.kind.name().to_owned(), count.own, count.contexts))
                .collect(),
            received: received
                .into_iter()
                .map(|(party, count)| (self.name_of(party), count))
                .collect(),
        })
    }
}

fn report_context(context: Context) -> ContextReport {
    ContextReport {
        tlp: context.markings.tlp().map(|tlp| tlp.to_string()),
        closed: context.markings.is_closed(),
        source: context.source,
        labels: context.labels,
        description: context.description,
        origin: context.origin,
        ..ContextReport::default()
    }
}

/// The observable that a person names, in whatever spelling.
///
/// # Errors
/// [`NodeError::Denied`] if it is none.
pub fn named_observable(text: &str) -> Result<Observable, NodeError> {
    let token = detente_intel::refang(text.trim());
    Observable::detect(&token)
        // Asked for by name, a domain may have any suffix.
        .or_else(|fault| Observable::normalise_host(&token).map_err(|_| fault))
        .map_err(|fault| {
            NodeError::denied(
                "no_normal_form",
                format!("{text:?} is no observable: {fault}"),
                "give one domain, address, URL, hash or e-mail address",
            )
        })
}
