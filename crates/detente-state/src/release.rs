//! Releases and receipts, and what they use up of the caps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Effect, State};
use detente_core::act::{Act, Header, ManifestEntry, Mode, ReleaseBody, Way};
use detente_core::{Digest, Pap, PartyId, RunId, Tlp};
use detente_core::{Span, UnixSeconds};

/// An object of a release, as far as later acts ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its address.
    pub object: Digest,
    /// The clause under which it left.
    pub clause: Arc<str>,
    /// The colour under which it left.
    pub tlp: Tlp,
    /// The PAP colour under which it left, if it had one.
    pub pap: Option<Pap>,
}

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
    /// Its objects, ascending by address, each once.
    pub objects: Arc<[Named]>,
    /// What it used of each clause.
    pub by_clause: BTreeMap<String, Released>,
    /// Its manifest, by digest.
    pub manifest: Digest,
    /// The other side's receipt.
    pub receipt: Option<Receipt>,
}

impl ReleaseState {
    /// As its author's act tells it.
    pub fn of(act: Digest, (author, time): (PartyId, UnixSeconds), body: &ReleaseBody) -> Self {
        let mut by_clause: BTreeMap<String, Released> = BTreeMap::new();
        for entry in &body.manifest {
            let used = by_clause.entry(entry.clause.clone()).or_default();
            *used = used.plus(Released { count: 1, bytes: entry.facts.bytes.into() });
        }
        ReleaseState {
            act,
            author,
            time,
            run: body.run,
            to: body.to,
            objects: objects(&body.manifest, &by_clause),
            by_clause,
            manifest: body.manifest_digest(),
            receipt: None,
        }
    }

    /// The object with this address, if it is in it.
    pub fn object(&self, address: Digest) -> Option<&Named> {
        let at = self.objects.binary_search_by_key(&address, |known| known.object);
        at.ok().and_then(|at| self.objects.get(at))
    }
}

/// The objects of a manifest. One that it names twice is one, under the clause named last.
fn objects(manifest: &[ManifestEntry], by_clause: &BTreeMap<String, Released>) -> Arc<[Named]> {
    let clauses: BTreeMap<&str, Arc<str>> =
        by_clause.keys().map(|clause| (clause.as_str(), Arc::from(clause.as_str()))).collect();
    let of = |entry: &ManifestEntry| {
        Some(Named {
            object: entry.object,
            clause: Arc::clone(clauses.get(entry.clause.as_str())?),
            tlp: entry.facts.tlp,
            pap: entry.facts.handling.pap,
        })
    };
    let mut all: Vec<Named> = manifest.iter().rev().filter_map(of).collect();
    all.sort_by_key(|known| known.object);
    all.dedup_by_key(|known| known.object);
    all.into()
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
            .fold(0, |sum: u64, release| sum.saturating_add(release.objects.len() as u64))
    }

    pub(super) fn release(&mut self, act: &Act, body: &ReleaseBody) -> Result<Effect, String> {
        let checked = self.check_release(act.header(), body);
        let by = (act.header().author, act.header().time);
        let list = if checked.is_ok() { &mut self.releases } else { &mut self.void_releases };
        list.push(ReleaseState::of(act.digest(), by, body));
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
