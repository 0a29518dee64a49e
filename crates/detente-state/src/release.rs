//! Releases and receipts, and what they use up of the caps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::retraction::{Named, named};
use super::{Effect, State};
use detente_core::act::{Act, Header, Mode, ReleaseBody, Way};
use detente_core::{Digest, PartyId, RunId};
use detente_core::{Span, UnixSeconds};

/// A release as the acts tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseState {
    /// The act, by the digest of its leaf.
    pub act: Digest,
    /// Who released.
    pub author: PartyId,
    /// When, by the author's clock.
    pub time: UnixSeconds,
    /// The run it rests on.
    pub run: Option<RunId>,
    /// Who receives it, if it says so.
    pub to: Option<PartyId>,
    /// Objects in it.
    pub objects: usize,
    /// Their addresses, sorted.
    pub addresses: Arc<[Digest]>,
    /// What it used of each clause.
    pub by_clause: BTreeMap<String, Released>,
    /// Its manifest, by digest.
    pub manifest: Digest,
    /// Its objects, ascending by address.
    pub named: Arc<[Named]>,
    /// Its objects by address, and the clause under which each left.
    pub contents: Arc<BTreeMap<Digest, String>>,
    /// The other side's receipt.
    pub receipt: Option<Receipt>,
}

impl ReleaseState {
    /// Whether an object with this address is in it.
    pub fn has(&self, address: Digest) -> bool {
        self.addresses.binary_search(&address).is_ok()
    }
}

/// A receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Who acknowledged.
    pub by: PartyId,
    /// When, by that party's clock.
    pub time: UnixSeconds,
}

/// How much left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// Objects.
    pub count: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Released {
    /// Both together; stays at the maximum instead of overflowing.
    pub const fn plus(self, other: Released) -> Released {
        Released {
            count: self.count.saturating_add(other.count),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

impl State {
    /// What `author` released under `clause` in the window of `per` that ends `now`. Releases that
    /// came to nothing count too: what their author signed may have left before an act that voids
    /// them came to be known.
    pub fn released(&self, author: PartyId, clause: &str, per: Span, now: UnixSeconds) -> Released {
        let from = now.minus(per);
        self.releases
            .iter()
            .chain(&self.void_releases)
            .filter(|release| release.author == author && release.time > from)
            .filter_map(|release| release.by_clause.get(clause))
            .fold(Released::default(), |sum, used| sum.plus(*used))
    }

    /// Objects that `author` released to `to` with effect in the window of `per` that ends `now`. A
    /// release goes to whom it names, else to the other side of the run it rests on; without
    /// either, to the only other party.
    pub fn came(&self, author: PartyId, to: PartyId, per: Span, now: UnixSeconds) -> u64 {
        let from = now.minus(per);
        let two = self.parties.len() == 2 && self.parties.contains_key(&to);
        let meant = |release: &&ReleaseState| match (release.to, release.run) {
            (Some(named), _) => named == to,
            (None, None) => two,
            (None, Some(run)) => self.runs.get(&run).is_some_and(|run| run.has(to)),
        };
        let own = self.releases.iter().filter(|release| release.author == author);
        own.filter(|release| release.time > from)
            .filter(meant)
            .fold(0, |sum: u64, release| sum.saturating_add(release.objects as u64))
    }

    pub(super) fn release(&mut self, act: &Act, body: &ReleaseBody) -> Result<Effect, String> {
        let checked = self.check_release(act.header(), body);
        let header = act.header();
        let mut by_clause: BTreeMap<String, Released> = BTreeMap::new();
        for entry in &body.manifest {
            let used = by_clause.entry(entry.clause.clone()).or_default();
            *used = used.plus(Released { count: 1, bytes: entry.facts.bytes.into() });
        }
        let mut addresses: Vec<Digest> = body.manifest.iter().map(|entry| entry.object).collect();
        addresses.sort_unstable();
        let contents: BTreeMap<Digest, String> =
            body.manifest.iter().map(|entry| (entry.object, entry.clause.clone())).collect();
        let list = if checked.is_ok() { &mut self.releases } else { &mut self.void_releases };
        list.push(ReleaseState {
            act: act.digest(),
            author: header.author,
            time: header.time,
            run: body.run,
            to: body.to,
            objects: body.manifest.len(),
            addresses: addresses.into(),
            by_clause,
            manifest: body.manifest_digest(),
            named: named(&body.manifest),
            contents: Arc::new(contents),
            receipt: None,
        });
        checked.map(|()| Effect::InEffect)
    }

    fn check_release(&self, header: &Header, body: &ReleaseBody) -> Result<(), String> {
        match self.in_force_at(header.time) {
            Ok(accord) if accord.digest != body.text => {
                return Err("another text is in force".to_owned());
            }
            Ok(_) => {}
            Err(error) => self.check_provisional(header, body).map_err(|()| error.to_string())?,
        }
        if let Some(to) = body.to
            && (to == header.author || !self.parties.contains_key(&to))
        {
            return Err("it names a receiver that is no other party".to_owned());
        }
        if let Some(run) = body.run {
            let known = self.runs.get(&run).filter(|known| known.has(header.author));
            let run = known.ok_or("the release rests on a run that the party took no part in")?;
            if body.to.is_some_and(|to| !run.has(to)) {
                return Err("it names a receiver that took no part in its run".to_owned());
            }
            let backed = run.backed_release(header);
            if run.agreed().is_none() && !backed {
                return Err("the release rests on a run that both sides did not close alike".into());
            }
            if run.offer.mode == Mode::Count {
                return Err("the release rests on a run that told only how many".into());
            }
            if !backed {
                return Err(
                    "the release rests on a run of which the party did not learn the answer".into(),
                );
            }
        }
        Ok(())
    }

    /// Before a text is in force: some other party and the author must apply each clause that the
    /// release names, as far as the author had seen.
    fn check_provisional(&self, header: &Header, body: &ReleaseBody) -> Result<(), ()> {
        let mut others = self.parties.keys().filter(|to| **to != header.author);
        let clauses: BTreeSet<&str> = body.manifest.iter().map(|e| e.clause.as_str()).collect();
        let all = |to: &PartyId| {
            let way = Way { from: header.author, to: *to };
            let mut each = clauses.iter();
            each.all(|id| self.applies(body.text, (id, way), Some(header), header.time))
        };
        if !clauses.is_empty() && others.any(all) { Ok(()) } else { Err(()) }
    }

    pub(super) fn receipt(
        &mut self,
        header: &Header,
        release: Digest,
        manifest: Digest,
    ) -> Result<Effect, String> {
        let known = self.releases.iter_mut().find(|known| known.act == release);
        let known = known.ok_or("no such release")?;
        if known.author == header.author {
            return Err("a party can't acknowledge its own release".to_owned());
        }
        if known.to.is_some_and(|to| to != header.author) {
            return Err("the release went to another party".to_owned());
        }
        if known.manifest != manifest {
            return Err("it acknowledges another manifest".to_owned());
        }
        if known.receipt.is_some() {
            return Err("the release is acknowledged already".to_owned());
        }
        known.receipt = Some(Receipt { by: header.author, time: header.time });
        Ok(Effect::InEffect)
    }
}

/// The clauses of a release, in words.
pub(super) fn clauses(release: &ReleaseBody) -> String {
    let mut clauses: Vec<&str> = release.manifest.iter().map(|e| e.clause.as_str()).collect();
    clauses.sort_unstable();
    clauses.dedup();
    clauses.join(", ")
}
