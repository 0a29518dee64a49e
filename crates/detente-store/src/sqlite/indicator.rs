//! Own indicators: observables, contexts, and which came with which.
//!
//! Made for imports of a million lines in batches. A context is kept once however many lines share
//! it; a batch is sorted before it is written, so that neighbours in the table are written
//! together. The order in which contexts came is kept by a running number.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use detente_core::{Kind, UnixSeconds};
use detente_intel::{Context, Indicator, Observable, in_force};
use detente_node::ports::{Added, KindCount, ListPage, Moment, OwnRow, PageOf, Verdicts};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Transaction};

use super::context::{self, Newer, stored};
use super::fault::{Fault, damaged, number, sql};

/// Adds indicators; what is there already is passed over.
pub(super) fn put(
    tx: &Transaction<'_>,
    at: UnixSeconds,
    indicators: &[Indicator],
) -> Result<Added, Fault> {
    let (contexts, newer) = context::ids(tx, indicators)?;
    let mut batch: Vec<(&Indicator, i64)> = indicators.iter().zip(contexts).collect();
    // Stable: the contexts of one observable stay in the order in which they came.
    batch.sort_by_key(|(indicator, _)| key(&indicator.observable));
    let mut writer = Writer::new(tx, at)?;
    for same in batch.chunk_by(|(a, _), (b, _)| a.observable == b.observable) {
        writer.put(same)?;
    }
    writer.replace(tx, &newer)?;
    writer.finish(tx)
}

/// What observables are sorted by: kind code, then the bytes of the value.
fn key(observable: &Observable) -> (u8, &str) {
    (observable.kind().code(), observable.value())
}

/// Enters a sorted batch and keeps count.
struct Writer<'a> {
    at: i64,
    next: i64,
    added: [Added; Kind::ALL.len()],
    observe: CachedStatement<'a>,
    find: CachedStatement<'a>,
    sight: CachedStatement<'a>,
    again: CachedStatement<'a>,
}

impl<'a> Writer<'a> {
    fn new(tx: &'a Transaction<'_>, at: UnixSeconds) -> Result<Writer<'a>, Fault> {
        let observe = "INSERT INTO observable (kind, value, id) VALUES (?1, ?2, ?3)
            ON CONFLICT (kind, value) DO NOTHING";
        let find = "SELECT id FROM observable WHERE kind = ?1 AND value = ?2";
        let sight = "INSERT INTO sighting (observable, context, n, added) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (observable, context) DO NOTHING";
        let again = "UPDATE sighting SET n = ?3, added = ?4 WHERE observable = ?1 AND context = ?2";
        Ok(Writer {
            at: sql(at.get())?,
            next: tx.query_row("SELECT next FROM counter", [], |row| row.get(0))?,
            added: [Added::default(); Kind::ALL.len()],
            observe: tx.prepare_cached(observe)?,
            find: tx.prepare_cached(find)?,
            sight: tx.prepare_cached(sight)?,
            again: tx.prepare_cached(again)?,
        })
    }

    /// Enters one observable with its contexts, at least one. What is only taken back is no news of
    /// an observable that is not here.
    fn put(&mut self, same: &[(&Indicator, i64)]) -> Result<(), Fault> {
        let Some((first, _)) = same.first() else {
            return Ok(());
        };
        let (kind, value) = key(&first.observable);
        let said = same.iter().any(|(indicator, _)| !indicator.context.revoked);
        let new = said && self.observe.execute((kind, value, self.next))? == 1;
        let found = match new {
            true => Some(self.next),
            false => self.find.query_row((kind, value), |row| row.get(0)).optional()?,
        };
        let Some(id) = found else { return Ok(()) };
        let mut contexts = 0;
        for (indicator, context) in same {
            contexts += self.sight(id, *context, indicator.context.revoked)?;
        }
        self.count(kind, Added { observables: u64::from(new), contexts });
        Ok(())
    }

    /// Enters that an observable came with a context; says how many that are more. What is taken
    /// back once more is taken back later.
    fn sight(&mut self, id: i64, context: i64, revoked: bool) -> Result<u64, Fault> {
        let new = self.sight.execute((id, context, self.next, self.at))? == 1;
        if new || (revoked && self.again.execute((id, context, self.next, self.at))? == 1) {
            self.next += 1;
        }
        Ok(u64::from(new))
    }

    /// Where a context is newer than others of its object, enters that these are taken back of
    /// whatever it does not name.
    fn replace(&mut self, tx: &Transaction<'_>, newer: &[Newer]) -> Result<(), Fault> {
        let mut left = tx.prepare_cached(
            "SELECT observable FROM sighting AS old INDEXED BY sighting_by_context
            WHERE context = ?1 AND NOT EXISTS (SELECT 1 FROM sighting
                JOIN context ON context.id = sighting.context
                WHERE sighting.observable = old.observable
                AND context.key = ?2 AND context.modified = ?3 AND context.id <> ?4)",
        )?;
        let mut kind = tx.prepare_cached("SELECT kind FROM observable WHERE id = ?1")?;
        for Newer { key, modified, older, withdrawal } in newer {
            for old in older {
                let left: Vec<i64> = left
                    .query_map((old, key, modified, withdrawal), |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                for observable in left {
                    let contexts = self.sight(observable, *withdrawal, true)?;
                    let kind: u8 = kind.query_row([observable], |row| row.get(0))?;
                    self.count(kind, Added { observables: 0, contexts });
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, kind: u8, new: Added) {
        // Codes count from 1 without a gap; a test holds it.
        if let Some(added) = self.added.get_mut(usize::from(kind).wrapping_sub(1)) {
            *added = added.plus(new);
        }
    }

    fn finish(self, tx: &Transaction<'_>) -> Result<Added, Fault> {
        tx.execute("UPDATE counter SET next = ?1", [self.next])?;
        let text = "INSERT INTO tally (kind, own, contexts) VALUES (?1, ?2, ?3)
            ON CONFLICT (kind) DO UPDATE
            SET own = own + excluded.own, contexts = contexts + excluded.contexts";
        let mut tally = tx.prepare_cached(text)?;
        let mut sum = Added::default();
        for (kind, added) in Kind::ALL.iter().zip(self.added) {
            if added.contexts > 0 {
                tally.execute((kind.code(), sql(added.observables)?, sql(added.contexts)?))?;
            }
            sum = sum.plus(added);
        }
        Ok(sum)
    }
}

/// Kinds in the order of their codes, each once.
pub(super) fn sorted(kinds: &[Kind]) -> Vec<Kind> {
    Kind::ALL.into_iter().filter(|kind| kinds.contains(kind)).collect()
}

/// Calls `each` with the observables of these kinds, by kind code, then by value.
pub(super) fn each(
    conn: &Connection,
    kinds: &[Kind],
    each: &mut dyn FnMut(Observable),
) -> Result<(), Fault> {
    let mut values =
        conn.prepare_cached("SELECT value FROM observable WHERE kind = ?1 ORDER BY value")?;
    for kind in sorted(kinds) {
        let mut rows = values.query([kind.code()])?;
        while let Some(row) = rows.next()? {
            each(observable(kind, row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
        }
    }
    Ok(())
}

/// Now: sightings that come later have this number or a larger one.
pub(super) fn moment(conn: &Connection) -> Result<Moment, Fault> {
    let next = conn.query_row("SELECT next FROM counter", [], |row| number(row, 0))?;
    Ok(Moment(next))
}

/// As [`each`], but a page of it, and only observables of which some context that was there at the
/// moment is vouched for. Contexts are few against observables: each is asked about once while its
/// verdict is held.
pub(super) fn page(
    conn: &Connection,
    of: &PageOf<'_>,
    verdicts: &mut Verdicts,
    vouches: &mut dyn FnMut(Kind, &Context) -> bool,
) -> Result<ListPage, Fault> {
    let mut values = conn.prepare_cached(
        "SELECT value, context, n, added FROM observable
        JOIN sighting ON sighting.observable = observable.id
        WHERE kind = ?1 AND value > ?2 ORDER BY value",
    )?;
    let mut voucher = Voucher {
        moment: of.moment.0,
        find: conn.prepare_cached("SELECT json FROM context WHERE id = ?1")?,
        known: HashMap::new(),
        verdicts,
        vouches,
    };
    let mut page = ListPage::default();
    let mut looked_at = 0;
    // The observable whose sightings are being gathered.
    let mut last: Option<(Kind, String)> = None;
    let mut sightings: Vec<Sighting> = Vec::new();
    let begin = of.after.map_or(0, |after| after.kind().code());
    for kind in sorted(of.kinds).into_iter().filter(|kind| kind.code() >= begin) {
        let from = of.after.filter(|after| after.kind() == kind).map_or("", Observable::value);
        let mut rows = values.query((kind.code(), from))?;
        while let Some(row) = rows.next()? {
            let value = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            if last.as_ref().is_none_or(|(of, text)| *of != kind || text != value) {
                let full = looked_at >= of.max;
                if let Some((kind, text)) = last.take() {
                    let last = observable(kind, &text)?;
                    if voucher.vouched(kind, &mut sightings)? {
                        page.items.push(last.clone());
                    }
                    sightings.clear();
                    if full {
                        page.next = Some(last);
                        return Ok(page);
                    }
                }
                last = Some((kind, value.to_owned()));
            }
            looked_at += 1;
            let added = UnixSeconds::new(number(row, 3)?);
            sightings.push(Sighting { n: number(row, 2)?, context: row.get(1)?, added });
        }
    }
    if let Some((kind, text)) = last
        && voucher.vouched(kind, &mut sightings)?
    {
        page.items.push(observable(kind, &text)?);
    }
    Ok(page)
}

/// That an observable came with a context.
struct Sighting {
    n: u64,
    context: i64,
    added: UnixSeconds,
}

/// Contexts that are held while a page is read. Count.
const MAX_CONTEXTS: usize = 1_024;

/// Tells which observables are vouched for.
struct Voucher<'a> {
    moment: u64,
    find: CachedStatement<'a>,
    known: HashMap<i64, Context>,
    verdicts: &'a mut Verdicts,
    vouches: &'a mut dyn FnMut(Kind, &Context) -> bool,
}

impl Voucher<'_> {
    /// Whether any words in force vouch: what has been replaced, marked more closely or taken back
    /// since vouches for nothing.
    fn vouched(&mut self, kind: Kind, sightings: &mut Vec<Sighting>) -> Result<bool, Fault> {
        sightings.retain(|sighting| sighting.n < self.moment);
        sightings.sort_unstable_by_key(|sighting| sighting.n);
        let mut said = Vec::new();
        if sightings.len() > 1 {
            for one in &*sightings {
                said.push((self.context(one.context)?.clone(), one.added));
            }
            let whose = said.iter().map(|(context, _)| (&context.source, &context.origin));
            if whose.collect::<BTreeSet<_>>().len() < said.len() {
                let mut standing = in_force(said).into_iter().filter(|one| !one.context.revoked);
                return Ok(standing.any(|one| (self.vouches)(kind, &one.context)));
            }
        }
        for one in &*sightings {
            let verdict = match self.verdicts.held(kind, one.context) {
                Some(verdict) => verdict,
                None => {
                    let context = self.context(one.context)?.clone();
                    let verdict = !context.revoked && (self.vouches)(kind, &context);
                    self.verdicts.hold(kind, one.context, verdict);
                    verdict
                }
            };
            if verdict {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn context(&mut self, id: i64) -> Result<&Context, Fault> {
        if self.known.len() >= MAX_CONTEXTS {
            self.known.clear();
        }
        match self.known.entry(id) {
            Entry::Occupied(had) => Ok(had.into_mut()),
            Entry::Vacant(room) => {
                let json: String = self.find.query_row([id], |row| row.get(0))?;
                Ok(room.insert(stored(&json)?))
            }
        }
    }
}

/// A page of own observables with their sightings, by kind code, then by value. A context that many
/// lines share is read once.
pub(super) fn rows(
    conn: &Connection,
    kinds: &[Kind],
    after: Option<&Observable>,
    max: usize,
) -> Result<Vec<OwnRow>, Fault> {
    let mut values = conn.prepare_cached(
        "SELECT value, context, added FROM observable
        JOIN sighting ON sighting.observable = observable.id
        WHERE kind = ?1 AND value > ?2 ORDER BY value, n",
    )?;
    let mut contexts = conn.prepare_cached("SELECT json FROM context WHERE id = ?1")?;
    let mut known: HashMap<i64, Context> = HashMap::new();
    let mut rows: Vec<OwnRow> = Vec::new();
    let mut sightings = 0;
    let begin = after.map_or(0, |after| after.kind().code());
    for kind in sorted(kinds).into_iter().filter(|kind| kind.code() >= begin) {
        let from = after.filter(|after| after.kind() == kind).map_or("", Observable::value);
        let mut found = values.query((kind.code(), from))?;
        while let Some(row) = found.next()? {
            let value = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            let last = rows.last_mut().map(|row| &mut row.observable);
            if last.is_none_or(|last| last.kind() != kind || last.value() != value) {
                if sightings >= max {
                    return Ok(rows);
                }
                rows.push(OwnRow { observable: observable(kind, value)?, sightings: Vec::new() });
            }
            let (id, added) = (row.get(1)?, UnixSeconds::new(number(row, 2)?));
            let context = match known.get(&id) {
                Some(context) => context.clone(),
                None => {
                    let json: String = contexts.query_row([id], |row| row.get(0))?;
                    let context = stored(&json)?;
                    known.insert(id, context.clone());
                    context
                }
            };
            if let Some(row) = rows.last_mut() {
                row.sightings.push((context, added));
            }
            sightings += 1;
        }
    }
    Ok(rows)
}

/// Observables with sightings since a moment, with all of their sightings, and how far these go.
pub(super) fn changed(
    conn: &Connection,
    since: Moment,
    max: usize,
) -> Result<(Vec<OwnRow>, Moment), Fault> {
    let mut news = conn.prepare_cached(
        "SELECT n, observable FROM sighting INDEXED BY sighting_by_n
        WHERE n >= ?1 ORDER BY n LIMIT ?2",
    )?;
    let mut name = conn.prepare_cached("SELECT kind, value FROM observable WHERE id = ?1")?;
    let mut said = conn.prepare_cached(
        "SELECT json, added FROM sighting JOIN context ON context.id = sighting.context
        WHERE observable = ?1 ORDER BY n",
    )?;
    let mut reached = since;
    // In the order in which they came; one that came twice stands once.
    let (mut order, mut known) = (Vec::new(), BTreeSet::new());
    let mut rows = news.query((sql(since.0)?, i64::try_from(max).unwrap_or(i64::MAX)))?;
    while let Some(row) = rows.next()? {
        reached = Moment(number::<u64>(row, 0)?.saturating_add(1));
        let id: i64 = row.get(1)?;
        if known.insert(id) {
            order.push(id);
        }
    }
    let mut found = Vec::with_capacity(order.len());
    for id in order {
        let (code, value): (u8, String) =
            name.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut sightings = Vec::new();
        let mut rows = said.query([id])?;
        while let Some(row) = rows.next()? {
            let context = stored(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
            sightings.push((context, UnixSeconds::new(number(row, 1)?)));
        }
        found.push(OwnRow { observable: observable(kind(code)?, &value)?, sightings });
    }
    Ok((found, reached))
}

/// An observable as it was stored.
pub(super) fn observable(kind: Kind, value: &str) -> Result<Observable, Fault> {
    Observable::from_normal(kind, value)
        .map_err(|fault| damaged(format!("a stored {kind}: {fault}")))
}

/// When an own observable was first sighted.
pub(super) fn first_sighting(
    conn: &Connection,
    observable: &Observable,
) -> Result<Option<UnixSeconds>, Fault> {
    let text = "SELECT min(added) FROM observable
        JOIN sighting ON sighting.observable = observable.id WHERE kind = ?1 AND value = ?2";
    let mut first = conn.prepare_cached(text)?;
    let first: Option<i64> = first.query_row(key(observable), |row| row.get(0))?;
    let time = |first| u64::try_from(first).map_err(|_| damaged("a sighting is older than 1970"));
    Ok(first.map(time).transpose()?.map(UnixSeconds::new))
}

/// How many observables there are of these kinds.
pub(super) fn count(conn: &Connection, kinds: &[Kind]) -> Result<u64, Fault> {
    let counts = counts(conn)?;
    Ok(counts.iter().filter(|count| kinds.contains(&count.kind)).map(|count| count.own).sum())
}

/// Totals of each kind of which there is any, by kind code.
pub(super) fn counts(conn: &Connection) -> Result<Vec<KindCount>, Fault> {
    let mut rows = conn.prepare_cached("SELECT kind, own, contexts FROM tally ORDER BY kind")?;
    let mut rows = rows.query([])?;
    let mut counts = Vec::new();
    while let Some(row) = rows.next()? {
        let kind = kind(number(row, 0)?)?;
        counts.push(KindCount { kind, own: number(row, 1)?, contexts: number(row, 2)? });
    }
    Ok(counts)
}

/// A kind as it was stored.
pub(super) fn kind(code: u8) -> Result<Kind, Fault> {
    Kind::from_code(code).ok_or_else(|| damaged(format!("no kind of observable has code {code}")))
}

/// The contexts of an observable, in the order in which they came.
pub(super) fn contexts(conn: &Connection, observable: &Observable) -> Result<Vec<Context>, Fault> {
    Ok(sightings(conn, observable)?.into_iter().map(|(context, _)| context).collect())
}

/// The same, with the time at which each came first.
pub(super) fn sightings(
    conn: &Connection,
    observable: &Observable,
) -> Result<Vec<(Context, UnixSeconds)>, Fault> {
    let text = "SELECT json, added FROM observable
        JOIN sighting ON sighting.observable = observable.id
        JOIN context ON context.id = sighting.context
        WHERE kind = ?1 AND value = ?2 ORDER BY n";
    let mut rows = conn.prepare_cached(text)?;
    let mut rows = rows.query(key(observable))?;
    let mut sightings = Vec::new();
    while let Some(row) = rows.next()? {
        let context = stored(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
        sightings.push((context, UnixSeconds::new(number(row, 1)?)));
    }
    Ok(sightings)
}
