//! Look-ups.

use detente_core::{Digest, Kind, RunId, UnixSeconds};
use detente_intel::{Context, Indicator};
use detente_node::ports::{
    Evaluation, FilterRow, Finished, MAX_UPDATES_KEPT, Store, StoreError, UpdatePart, ValueRow,
};

use super::{Done, digest, observable};

fn fill(store: &mut dyn Store) -> Done {
    let indicator = |text: &str, source: &str| -> Result<Indicator, StoreError> {
        Ok(Indicator { observable: observable(text)?, context: Context::from_source(source) })
    };
    let all = [
        indicator("b.example.com", "open")?,
        indicator("a.example.com", "open")?,
        indicator("a.example.com", "shut")?,
        indicator("c.example.com", "shut")?,
        indicator("10.0.0.1", "open")?,
        indicator("10.0.0.2", "shut")?,
    ];
    store.put_indicators(UnixSeconds::new(1), &all)?;
    Ok(())
}

pub(super) fn values_stay_with_observables(store: &mut dyn Store) -> Done {
    fill(store)?;
    let kinds = [Kind::Domain, Kind::Ipv4];
    let open = Context::from_source("open");
    let vouchers = store.vouchers(&kinds, &mut |_, context| *context == open)?;
    let first = Evaluation { scope: digest(1), key: digest(2) };
    let rows = |store: &dyn Store, evaluation, after: Option<&str>, max| {
        let after = after.map(observable).transpose()?;
        let rows = store.value_rows(&vouchers, evaluation, after.as_ref(), max)?;
        let told = |row: ValueRow| (row.observable.value().to_owned(), row.value, row.place);
        Ok::<_, StoreError>(rows.into_iter().map(told).collect::<Vec<_>>())
    };
    let all = rows(store, first, None, 9)?;
    let names: Vec<&str> = all.iter().map(|row| row.0.as_str()).collect();
    let want: Vec<&str> = if Kind::Domain.code() < Kind::Ipv4.code() {
        vec!["a.example.com", "b.example.com", "10.0.0.1"]
    } else {
        vec!["10.0.0.1", "a.example.com", "b.example.com"]
    };
    assert_eq!(names, want);
    assert_eq!(rows(store, first, None, 2)?, all[..2]);
    assert_eq!(rows(store, first, Some(want[0]), 9)?, all[1..]);
    store.put_values(first, &[(all[2].2, u64::MAX), (all[0].2, 7)])?;
    let values = |store: &dyn Store, evaluation| -> Result<Vec<Option<u64>>, StoreError> {
        Ok(rows(store, evaluation, None, 9)?.into_iter().map(|row| row.1).collect())
    };
    assert_eq!(values(store, first)?, [Some(7), None, Some(u64::MAX)]);
    let elsewhere = Evaluation { scope: digest(3), key: digest(2) };
    assert_eq!(values(store, elsewhere)?, [None, None, None]);
    store.put_values(elsewhere, &[(all[1].2, 5)])?;
    // Another key of the scope: the values under the older one go, those elsewhere stay.
    let second = Evaluation { scope: digest(1), key: digest(4) };
    store.put_values(second, &[(all[1].2, 6)])?;
    assert_eq!(values(store, first)?, [None, None, None]);
    assert_eq!(values(store, second)?, [None, Some(6), None]);
    assert_eq!(values(store, elsewhere)?, [None, Some(5), None]);
    Ok(())
}

pub(super) fn filters_come_in_buckets(store: &mut dyn Store) -> Done {
    let (scope, name) = (digest(1), digest(2));
    let bucket = |n: u8| vec![n; usize::from(n)];
    assert_eq!(store.filter(scope, name)?, None);
    store.put_buckets(scope, (name, 9), 0, &[bucket(1), bucket(0)])?;
    let gap = store.put_buckets(scope, (name, 9), 3, &[bucket(3)]);
    assert!(super::is_conflict(&gap));
    let other = store.put_buckets(scope, (name, 8), 2, &[bucket(3)]);
    assert!(super::is_conflict(&other));
    store.put_buckets(scope, (name, 9), 2, &[bucket(2)])?;
    let row = FilterRow { name, items: 9, held: 3, whole: false };
    assert_eq!(store.filter(scope, name)?, Some(row));
    assert_eq!(store.whole_filter(scope)?, None);
    assert_eq!(store.buckets(scope, name, 1..9)?, [bucket(0), bucket(2)]);
    assert_eq!(store.filter(digest(9), name)?, None);
    store.put_buckets(scope, (name, 9), 0, &[bucket(5)])?;
    assert_eq!(store.buckets(scope, name, 0..9)?, [bucket(5)]);
    let finished = Finished { scope, name, digest: digest(3), update: None };
    store.finish_filter(&finished)?;
    let whole = FilterRow { name: digest(3), items: 9, held: 1, whole: true };
    assert_eq!(store.whole_filter(scope)?, Some(whole));
    assert_eq!(store.buckets(scope, digest(3), 0..1)?, [bucket(5)]);
    assert!(super::is_conflict(&store.finish_filter(&finished)));
    assert!(super::is_conflict(&store.put_buckets(scope, (digest(3), 9), 1, &[])));
    store.drop_filter(scope, digest(3))?;
    assert_eq!(store.whole_filter(scope)?, None);
    assert_eq!(store.buckets(scope, digest(3), 0..1)?, Vec::<Vec<u8>>::new());
    Ok(())
}

/// An update, read in parts of two bytes.
fn whole_update(
    store: &dyn Store,
    scope: Digest,
    from: Digest,
) -> Result<Option<(Digest, Vec<u8>)>, StoreError> {
    let mut all = Vec::new();
    loop {
        let offset = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let Some(part) = store.update_part(scope, from, offset, 2)? else { return Ok(None) };
        assert!(part.bytes.len() <= 2 && part.total >= all.len() as u64);
        if part.bytes.is_empty() {
            assert_eq!(part.total, all.len() as u64);
            return Ok(Some((part.to, all)));
        }
        all.extend(part.bytes);
    }
}

pub(super) fn updates_come_in_parts(store: &mut dyn Store) -> Done {
    let scope = digest(1);
    let bytes = [0, 1, 2, 0, 4];
    store.put_buckets(scope, (digest(200), 1), 0, &[vec![1]])?;
    let update = Some((digest(7), &bytes[..]));
    store.finish_filter(&Finished { scope, name: digest(200), digest: digest(8), update })?;
    assert_eq!(whole_update(store, scope, digest(7))?, Some((digest(8), bytes.to_vec())));
    let parts: [(u32, usize, &[u8]); 7] = [
        (0, 5, &bytes),
        (0, 9, &bytes),
        (3, 1, &[0]),
        (4, 9, &[4]),
        (5, 9, &[]),
        (u32::MAX, 9, &[]),
        (1, 0, &[]),
    ];
    for (offset, max, want) in parts {
        let part = store.update_part(scope, digest(7), offset, max)?;
        let want = UpdatePart { to: digest(8), total: 5, bytes: want.to_vec() };
        assert_eq!(part, Some(want), "{offset} {max}");
    }
    Ok(())
}

pub(super) fn updates_lead_on(store: &mut dyn Store) -> Done {
    let scope = digest(1);
    let mut next = |from: Option<u8>, to: u8| -> Done {
        store.put_buckets(scope, (digest(200), 1), 0, &[vec![to]])?;
        let update = [to];
        let update = from.map(|from| (digest(from), &update[..]));
        store.finish_filter(&Finished { scope, name: digest(200), digest: digest(to), update })
    };
    next(None, 10)?;
    for n in 11..=20 {
        next(Some(n - 1), n)?;
    }
    let kept = u8::try_from(MAX_UPDATES_KEPT).unwrap_or(u8::MAX);
    assert_eq!(whole_update(store, scope, digest(19))?, Some((digest(20), vec![20])));
    assert_eq!(
        whole_update(store, scope, digest(20 - kept))?,
        Some((digest(21 - kept), vec![21 - kept]))
    );
    assert_eq!(whole_update(store, scope, digest(19 - kept))?, None);
    assert_eq!(whole_update(store, digest(2), digest(19))?, None);
    let whole = store.whole_filter(scope)?.map(|row| row.name);
    assert_eq!((whole, store.filter(scope, digest(19))?), (Some(digest(20)), None));
    // Back to what it was: no circle.
    let mut next = |from: Option<u8>, to: u8| -> Done {
        store.put_buckets(scope, (digest(200), 1), 0, &[vec![to]])?;
        let update = [to];
        let update = from.map(|from| (digest(from), &update[..]));
        store.finish_filter(&Finished { scope, name: digest(200), digest: digest(to), update })
    };
    next(Some(20), 19)?;
    assert_eq!(whole_update(store, scope, digest(19))?, None);
    assert_eq!(whole_update(store, scope, digest(20))?, Some((digest(19), vec![19])));
    store.put_buckets(scope, (digest(200), 1), 0, &[vec![0]])?;
    let anew = Finished { scope, name: digest(200), digest: digest(99), update: None };
    store.finish_filter(&anew)?;
    assert_eq!(whole_update(store, scope, digest(20))?, None);
    Ok(())
}

pub(super) fn what_was_asked_keeps_its_order(store: &mut dyn Store) -> Done {
    let run = RunId::new([1; 32]);
    let asked = [observable("b.example.com")?, observable("10.0.0.1")?];
    assert_eq!(store.asked(run)?, []);
    store.put_asked(run, &asked)?;
    assert_eq!(store.asked(run)?, asked);
    assert!(super::is_failed(&store.put_asked(run, &asked)), "a query is kept once");
    Ok(())
}
