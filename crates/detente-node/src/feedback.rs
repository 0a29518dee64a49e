//! What came of received objects, told to who released them; and objects that may no longer be
//! kept, erased and said so.

use std::collections::{BTreeMap, BTreeSet};

use detente_core::act::{
    Act, ActKind, Body, Done, Erasure, Feedback, FeedbackLine, MAX_FEEDBACK, Upshot,
};
use detente_core::party::Role;
use detente_core::{AccordId, Digest, UnixSeconds};
use detente_intel::Observable;
use detente_state::{Named, ReleaseState};

use crate::error::NodeError;
use crate::named::only;
use crate::node::Node;
use crate::ports::Spared;
use crate::report::{EraseReport, FeedbackReport};
use crate::search::named_observable;

/// What is told of which objects.
#[derive(Clone, Debug)]
pub struct Telling<'a> {
    /// About one observable, in whatever spelling; none for all objects of a release.
    pub value: Option<&'a str>,
    /// Of one release, by the start of its digest; none for all that brought the observable.
    pub release: Option<&'a str>,
    /// What came of them.
    pub upshot: Upshot,
    /// How often they were seen; 0 unless they were sighted. Count.
    pub sighted: u32,
    /// In words.
    pub note: &'a str,
}

impl Node {
    /// Says what came of received objects: one act for each release that they came in, or several
    /// if it has more objects than one act holds.
    ///
    /// # Errors
    /// [`NodeError::Denied`] if nothing was received that is meant, or the body may not be so.
    pub fn feedback(
        &mut self,
        accord: AccordId,
        telling: &Telling<'_>,
        role: Option<Role>,
    ) -> Result<Vec<Digest>, NodeError> {
        let meant = self.meant(accord, telling)?;
        if meant.is_empty() {
            return Err(NodeError::denied(
                "nothing_received",
                "nothing was received under this accord that is meant",
                "see `detente search VALUE`, and `detente accord duties`",
            ));
        }
        let role = self.role_for(accord, ActKind::Feedback, role, None)?;
        let mut acts = Vec::new();
        for (release, objects) in meant {
            let objects: Vec<Digest> = objects.into_iter().collect();
            for objects in objects.chunks(MAX_FEEDBACK) {
                let (upshot, sighted) = (telling.upshot, telling.sighted);
                let line = |object: &Digest| FeedbackLine { object: *object, upshot, sighted };
                let lines = objects.iter().map(line).collect();
                let body = Feedback { release, lines, note: telling.note.to_owned() };
                body.check().map_err(|words| {
                    let remedy = "give --times N with `sighted`, and with nothing else";
                    NodeError::denied("not_a_feedback", words, remedy)
                })?;
                acts.push((role, Body::Feedback(body)));
            }
        }
        self.enter(accord, acts)
    }

    /// The objects that are meant, by release.
    fn meant(
        &self,
        accord: AccordId,
        telling: &Telling<'_>,
    ) -> Result<BTreeMap<Digest, BTreeSet<Digest>>, NodeError> {
        let named = telling.release.map(|name| self.release_named(accord, name)).transpose()?;
        let mut meant: BTreeMap<Digest, BTreeSet<Digest>> = BTreeMap::new();
        match (telling.value, named) {
            (Some(value), named) => {
                let now = self.now();
                for row in self.store.received(&named_observable(value)?)? {
                    let here = row.accord == accord && named.is_none_or(|own| own == row.release);
                    if here && row.is_kept(now) {
                        meant.entry(row.release).or_default().insert(row.address);
                    }
                }
            }
            (None, Some(release)) => {
                let objects = self.store.received_of(release)?;
                if !objects.is_empty() {
                    meant.insert(release, objects.into_iter().collect());
                }
            }
            (None, None) => {
                return Err(NodeError::denied(
                    "nothing_named",
                    "neither a value nor a release is named",
                    "name an observable, or a release with --release",
                ));
            }
        }
        Ok(meant)
    }

    fn release_named(&self, accord: AccordId, name: &str) -> Result<Digest, NodeError> {
        let releases = self.state(accord)?.releases.iter().map(|known| known.act);
        let remedy = "see `detente accord history ACCORD --json`";
        only(releases, |act| *act, name).ok_or_else(|| NodeError::unknown("release", name, remedy))
    }

    /// What receivers have told of own objects that are about an observable.
    pub(crate) fn told_of(
        &self,
        observable: &Observable,
    ) -> Result<Vec<FeedbackReport>, NodeError> {
        let own = self.party();
        let mut reports = Vec::new();
        for book in self.books() {
            let releases = book.state.releases.iter().filter(|release| release.author == own);
            for release in releases {
                for (by, account) in book.state.accounts_of(release.act) {
                    for (address, told) in &account.told {
                        if !self.is_about(*address, observable)? {
                            continue;
                        }
                        reports.push(FeedbackReport {
                            from: self.name_of(by),
                            accord: book.row.slug.clone(),
                            release: release.act.to_string(),
                            object: address.to_string(),
                            upshot: told.upshot.name().to_owned(),
                            sighted: told.sighted,
                            at: told.time.to_string(),
                            act: told.act.to_string(),
                            note: note_of(book.act(by, told.act)),
                        });
                    }
                }
            }
        }
        Ok(reports)
    }

    /// Erases what may no longer be kept, and says so on record: release by release, what is no
    /// longer here of what this party received and its clause bounds. What this party has released
    /// itself it keeps: that is its own. What it has answered to keep although it was taken back (a
    /// legal hold) stays, out of use and late by its clause, until it answers otherwise.
    ///
    /// The bytes go first. If that is done and the acts fail, the next time finds what is gone and
    /// not said.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn erase_expired(&mut self) -> Result<EraseReport, NodeError> {
        let now = self.now();
        let own = self.party();
        let mut spared = Spared::default();
        for state in self.books().map(|book| &book.state) {
            // Not void ones: whoever signs one keeps no object by it.
            for release in state.releases.iter().filter(|release| release.author == own) {
                spared.own.extend(release.objects.iter().map(|known| known.object));
            }
            for taken in &state.retractions {
                if taken.answer_of(own).is_some_and(|answer| answer.said.done == Done::Kept) {
                    spared.held.extend(taken.objects.iter().copied());
                }
            }
        }
        let erased = self.store.erase_expired(now, &spared)?;
        let mut report = EraseReport { erased, acts: Vec::new() };
        let accords: Vec<AccordId> = self.accords().into_iter().map(|(id, _)| id).collect();
        for accord in accords {
            let gone = self.gone(accord, now)?;
            if gone.is_empty() {
                continue;
            }
            let role = self.role_for(accord, ActKind::Erase, None, None)?;
            let acts = gone.into_iter().map(|erasure| (role, Body::Erase(erasure))).collect();
            let slug = self.book(accord)?.row.slug.clone();
            let acts = self.enter(accord, acts)?;
            report.acts.extend(acts.into_iter().map(|act| (slug.clone(), act.to_string())));
        }
        Ok(report)
    }

    /// What was received whole and acknowledged, is over its time, is no longer here, and was not
    /// said to be erased.
    fn gone(&self, accord: AccordId, now: UnixSeconds) -> Result<Vec<Erasure>, NodeError> {
        let own = self.party();
        let book = self.book(accord)?;
        let received =
            |release: &&ReleaseState| release.receipt.is_some_and(|receipt| receipt.by == own);
        let mut all = Vec::new();
        for release in book.state.releases.iter().filter(received) {
            let said = book.state.account_of(release.act, own).map(|account| &account.erased);
            let told = |object: &Digest| said.is_some_and(|said| said.contains_key(object));
            let open: Vec<&Named> =
                release.objects.iter().filter(|known| !told(&known.object)).collect();
            if open.is_empty() {
                continue;
            }
            let here: BTreeSet<Digest> = self.store.received_of(release.act)?.into_iter().collect();
            let over = |clause: &str| {
                self.kept_until(accord, release, clause).is_some_and(|until| until <= now)
            };
            let mut objects = Vec::new();
            for Named { object, clause, .. } in open {
                // Also gone is what stays for another reason only once its bytes are.
                let gone = !here.contains(object) && over(clause);
                if gone && self.store.object(*object)?.is_none() {
                    objects.push(*object);
                }
            }
            if !objects.is_empty() {
                all.push(Erasure { release: release.act, objects });
            }
        }
        Ok(all)
    }
}

fn note_of(act: Option<&Act>) -> String {
    match act.map(Act::body) {
        Some(Body::Feedback(own)) => own.note.clone(),
        _ => String::new(),
    }
}
