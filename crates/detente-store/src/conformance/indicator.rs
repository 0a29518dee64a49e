//! Own indicators: dedupe, order, totals.

use detente_core::{Kind, UnixSeconds};
use detente_intel::Observable;
use detente_intel::{Context, Indicator};
use detente_node::ports::{Added, KindCount, Moment, OwnRow, PageOf, Store, StoreError, Verdicts};

use super::{Done, observable};

const NOW: UnixSeconds = UnixSeconds::new(1_700_000_000);

fn indicator(text: &str, source: &str) -> Result<Indicator, StoreError> {
    Ok(Indicator { observable: observable(text)?, context: Context::from_source(source) })
}

fn added(observables: u64, contexts: u64) -> Added {
    Added { observables, contexts }
}

pub(super) fn same_is_kept_once(store: &mut dyn Store) -> Done {
    assert_eq!(store.counts()?, []);
    assert_eq!(store.put_indicators(NOW, &[])?, added(0, 0));
    let a = indicator("a.example.com", "one")?;
    let b = indicator("b.example.com", "one")?;
    let ip = indicator("192.0.2.1", "one")?;
    let batch = [a.clone(), b, a.clone(), ip, a.clone()];
    assert_eq!(store.put_indicators(NOW, &batch)?, added(3, 3));
    assert_eq!(store.put_indicators(NOW, &batch)?, added(0, 0));
    let again = [indicator("a.example.com", "two")?, a, indicator("a.example.com", "two")?];
    assert_eq!(store.put_indicators(NOW, &again)?, added(0, 1));
    let domain = KindCount { kind: Kind::Domain, own: 2, contexts: 3 };
    let ipv4 = KindCount { kind: Kind::Ipv4, own: 1, contexts: 1 };
    assert_eq!(store.counts()?, [domain, ipv4]);
    assert_eq!(store.count(&[Kind::Domain])?, 2);
    assert_eq!(store.count(&[Kind::Ipv4, Kind::Domain, Kind::Ipv4, Kind::Url])?, 3);
    assert_eq!(store.count(&[])?, 0);
    Ok(())
}

pub(super) fn first_sighting_is_the_oldest(store: &mut dyn Store) -> Done {
    let one = observable("a.example.com")?;
    assert_eq!(store.first_sighting(&one)?, None);
    for (at, source) in [(9, "one"), (5, "two"), (7, "three")] {
        store.put_indicators(UnixSeconds::new(at), &[indicator("a.example.com", source)?])?;
    }
    assert_eq!(store.first_sighting(&one)?, Some(UnixSeconds::new(5)));
    assert_eq!(store.first_sighting(&observable("b.example.com")?)?, None);
    Ok(())
}

pub(super) fn contexts_keep_their_order(store: &mut dyn Store) -> Done {
    let put = |store: &mut dyn Store, at, lines: &[(&str, &str)]| -> Done {
        let lines: Result<Vec<_>, _> = lines.iter().map(|(o, s)| indicator(o, s)).collect();
        store.put_indicators(UnixSeconds::new(at), &lines?).map(|_| ())
    };
    let (x, y) = ("x.example.com", "y.example.com");
    put(store, 9, &[(y, "c"), (y, "a"), (x, "b"), (x, "c"), (y, "b")])?;
    // An older clock, and a context that another observable had first.
    put(store, 3, &[(x, "d"), (x, "a"), (x, "c")])?;
    let sources = |text| -> Result<Vec<String>, StoreError> {
        let contexts = store.contexts(&observable(text)?)?;
        Ok(contexts.into_iter().map(|context| context.source).collect())
    };
    assert_eq!(sources(x)?, ["b", "c", "d", "a"]);
    assert_eq!(sources(y)?, ["c", "a", "b"]);
    assert_eq!(sources("z.example.com")?, [""; 0]);
    // When each came first: a second coming changes nothing.
    let came = store.sightings(&observable(x)?)?;
    let came: Vec<u64> = came.iter().map(|(_, at)| at.get()).collect();
    assert_eq!(came, [9, 9, 3, 3]);
    // The whole context comes back, not its source alone.
    let mut full = indicator(x, "e")?;
    full.context.add_label("c2");
    full.context.add_extra("port", "443");
    full.context.description = Some("quote ' and \u{1f4a3}".to_owned());
    full.context.valid_from = Some(-5);
    store.put_indicators(NOW, std::slice::from_ref(&full))?;
    assert_eq!(store.contexts(&full.observable)?.last(), Some(&full.context));
    Ok(())
}

pub(super) fn changes_are_found(store: &mut dyn Store) -> Done {
    assert_eq!(store.own_changed(Moment::START, 9)?, (vec![], Moment::START));
    for (value, source) in [("b.example.com", "z"), ("a.example.com", "z"), ("192.0.2.1", "z")] {
        store.put_indicators(NOW, &[indicator(value, source)?])?;
    }
    let values = |rows: &[OwnRow]| -> Vec<String> {
        rows.iter().map(|row| row.observable.value().to_owned()).collect()
    };
    let (all, now) = store.own_changed(Moment::START, 9)?;
    assert_eq!(values(&all), ["b.example.com", "a.example.com", "192.0.2.1"]);
    assert_eq!(now, store.moment()?);
    assert_eq!(store.own_changed(now, 9)?, (vec![], now));
    // What is said anew of an observable brings all that was ever said of it.
    store.put_indicators(NOW, &[indicator("b.example.com", "y")?])?;
    let (news, later) = store.own_changed(now, 9)?;
    assert_eq!(values(&news), ["b.example.com"]);
    let sources: Vec<_> = news[0].sightings.iter().map(|(said, _)| &said.source).collect();
    assert_eq!(sources, ["z", "y"]);
    // In steps of any size the same, and what is there already changes nothing.
    store.put_indicators(NOW, &[indicator("b.example.com", "y")?])?;
    assert_eq!(store.own_changed(later, 9)?.0, []);
    for max in 1..5 {
        let (mut since, mut told) = (Moment::START, Vec::new());
        loop {
            let (rows, upto) = store.own_changed(since, max)?;
            if rows.is_empty() {
                break;
            }
            assert!(upto.0 > since.0);
            (since, told) = (upto, [told, values(&rows)].concat());
        }
        told.sort();
        told.dedup();
        assert_eq!(since, store.moment()?);
        assert_eq!(told, ["192.0.2.1", "a.example.com", "b.example.com"]);
    }
    Ok(())
}

pub(super) fn words_are_found(store: &mut dyn Store) -> Done {
    let mut say = |value: &str, source: &str, text: &str, label: &str| -> Done {
        let mut one = indicator(value, source)?;
        one.context.description = Some(text.to_owned());
        one.context.add_label(label);
        store.put_indicators(NOW, &[one]).map(|_| ())
    };
    say("a.example.com", "feed", "Emotet loader, seen in Z\u{fc}rich", "malware")?;
    say("b.example.com", "feed", "Emotet loader, seen in Z\u{fc}rich", "malware")?;
    say("192.0.2.1", "desk", "scanner of the AND-team", "noise")?;
    let find = |words: &[&str], max| -> Result<Vec<String>, StoreError> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let found = store.own_with_words(&words, max)?;
        Ok(found.into_iter().map(|(one, _)| one.value().to_owned()).collect())
    };
    assert_eq!(find(&["emotet"], 9)?, [""; 0], "not read yet");
    // Both of the first came with one context.
    assert_eq!([store.read_words(0)?, store.read_words(1)?, store.read_words(9)?], [2, 1, 0]);
    let find = |words: &[&str], max| -> Result<Vec<String>, StoreError> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let found = store.own_with_words(&words, max)?;
        Ok(found.into_iter().map(|(one, _)| one.value().to_owned()).collect())
    };
    assert_eq!(find(&["emotet"], 9)?, ["a.example.com", "b.example.com"]);
    assert_eq!(find(&["EMOTET", "zurich"], 1)?, ["a.example.com"]);
    assert_eq!(find(&["malware", "emo"], 9)?.len(), 2, "the last may be a beginning");
    assert_eq!(find(&["emo", "malware"], 9)?, [""; 0]);
    assert_eq!(find(&["desk"], 9)?, ["192.0.2.1"], "the source too");
    assert_eq!(find(&["Z\u{fc}"], 9)?.len(), 2, "read as what is kept");
    // Operators are words, and what is no word finds nothing.
    assert_eq!(find(&["AND"], 9)?, ["192.0.2.1"]);
    for strange in ["\"", "*", "NEAR(", "a OR b", "words:emotet", "\"emotet\" OR x", ""] {
        assert!(find(&[strange], 9)?.len() < 3, "{strange}");
    }
    assert_eq!(find(&[], 9)?, [""; 0]);
    Ok(())
}

/// What is in force of an observable: the description of each, "-" for what is taken back.
fn in_force_of(store: &dyn Store, value: &str) -> Result<Vec<String>, StoreError> {
    let observable = indicator(value, "x")?.observable;
    let standing = detente_intel::in_force(store.sightings(&observable)?);
    let told = standing.into_iter().map(|one| match one.context.revoked {
        true => "-".to_owned(),
        false => one.context.description.unwrap_or_default(),
    });
    Ok(told.collect())
}

pub(super) fn newer_words_of_an_object_take_the_place_of_older_ones(store: &mut dyn Store) -> Done {
    const ID: &str = "indicator--e828b379-4e03-4974-9ac4-e53a884c97c1";
    let mut at = 0;
    let mut say = |store: &mut dyn Store, of: (&str, &str), text: &str, values: &[&str]| -> Done {
        at += 1;
        let mut all = Vec::new();
        for value in values {
            let mut one = indicator(value, of.0)?;
            one.context.origin = Some(of.1.to_owned());
            one.context.revoked = text == "-";
            let versions = ["one", "two", "three", "four", "-", "five"];
            let version = versions.iter().position(|known| text.starts_with(known));
            one.context.modified = version.and_then(|at| i64::try_from(at).ok());
            one.context.description = Some(text.to_owned());
            all.push(one);
        }
        store.put_indicators(UnixSeconds::new(at), &all).map(|_| ())
    };
    let (a, b) = ("a.example.com", "b.example.com");
    let both = |store: &dyn Store| -> Result<[Vec<String>; 2], StoreError> {
        Ok([in_force_of(store, a)?, in_force_of(store, b)?])
    };
    let told = |a: &[&str], b: &[&str]| {
        [a, b].map(|all| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    };
    let open = |store: &dyn Store| -> Result<Vec<String>, StoreError> {
        let of = PageOf { kinds: &[Kind::Domain], moment: store.moment()?, after: None, max: 9 };
        let page = store.vouched(&of, &mut Verdicts::default(), &mut |_, _| true)?;
        Ok(page.items.iter().map(|item| item.value().to_owned()).collect())
    };
    // Nothing is here that could be taken back.
    say(store, ("feed", ID), "-", &[a])?;
    assert_eq!((both(store)?, open(store)?), (told(&[], &[]), vec![]));
    say(store, ("feed", ID), "one", &[a])?;
    let before = store.moment()?;
    say(store, ("feed", ID), "two", &[b])?;
    assert_eq!((both(store)?, open(store)?), (told(&["-"], &["two"]), vec![b.to_owned()]));
    // Who follows the list hears of both.
    assert_eq!(store.own_changed(before, 9)?.0.len(), 2);
    // What was said before is no news.
    say(store, ("feed", ID), "one", &[a])?;
    assert_eq!(both(store)?, told(&["-"], &["two"]));
    say(store, ("feed", ID), "three", &[a, b])?;
    assert_eq!(both(store)?, told(&["three"], &["three"]));
    say(store, ("feed", ID), "four", &[b])?;
    assert_eq!(both(store)?, told(&["-"], &["four"]), "taken back once more");
    // Other sources and objects are not touched, nor what only shares a number.
    say(store, ("other", ID), "other", &[a])?;
    say(store, ("feed", "17"), "x", &[a])?;
    say(store, ("feed", "17"), "y", &[b])?;
    assert_eq!(in_force_of(store, a)?, ["x", "other", "-"]);
    say(store, ("feed", ID), "-", &[b])?;
    assert_eq!(in_force_of(store, b)?, ["-", "y"]);
    say(store, ("feed", ID), "five", &[b])?;
    assert_eq!(in_force_of(store, b)?, ["five", "y"]);
    store.read_words(99)?;
    let words = |text: &str| store.own_with_words(&[text.to_owned()], 9).map(|all| all.len());
    assert_eq!([words("two")?, words("five")?, words("x")?], [0, 1, 1], "of what is in force");
    // What one version says of two values in two ways stands beside each other.
    say(store, ("feed", ID), "five of another", &[a])?;
    assert_eq!(in_force_of(store, a)?[0], "five of another");
    assert_eq!(in_force_of(store, b)?, ["five", "y"]);
    // An older one that comes late takes no place.
    let c = "c.example.com";
    say(store, ("feed", ID), "four, late", &[b, c])?;
    assert_eq!(
        (in_force_of(store, b)?, in_force_of(store, c)?),
        (vec!["five".to_owned(), "y".to_owned()], vec!["-".to_owned()])
    );
    // Rows that share a UUID and are no versions of it: no row takes another's place.
    say(store, ("table", ID), "a row", &[a])?;
    say(store, ("table", ID), "b row", &[b])?;
    assert!(in_force_of(store, a)?.contains(&"a row".to_owned()));
    Ok(())
}

pub(super) fn rows_come_in_pages(store: &mut dyn Store) -> Done {
    assert_eq!(store.own_rows(&Kind::ALL, None, 10)?, []);
    let lines = [
        ("b.example.com", "z"),
        ("192.0.2.1", "z"),
        ("b.example.com", "a"),
        ("a.example.com", "z"),
        ("c.example.com", "z"),
    ];
    for (at, (value, source)) in (1..).zip(lines) {
        store.put_indicators(UnixSeconds::new(at), &[indicator(value, source)?])?;
    }
    let all = store.own_rows(&Kind::ALL, None, usize::MAX)?;
    let told: Vec<(&str, Vec<(&str, u64)>)> = all
        .iter()
        .map(|row| {
            let said = row.sightings.iter();
            let said = said.map(|(context, at)| (context.source.as_str(), at.get())).collect();
            (row.observable.value(), said)
        })
        .collect();
    let b = vec![("z", 1), ("a", 3)];
    let known = [
        ("a.example.com", vec![("z", 4)]),
        ("b.example.com", b),
        ("c.example.com", vec![("z", 5)]),
        ("192.0.2.1", vec![("z", 2)]),
    ];
    assert_eq!(told, known);
    // In pages of any size the same, each observable whole.
    for max in 1..6 {
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let page = store.own_rows(&Kind::ALL, after.as_ref(), max)?;
            let Some(last) = page.last() else { break };
            after = Some(last.observable.clone());
            paged.extend(page);
        }
        assert_eq!(paged, all, "{max}");
    }
    assert_eq!(store.own_rows(&[Kind::Ipv4], None, 9)?.len(), 1);
    assert_eq!(store.own_rows(&[], None, 9)?, []);
    Ok(())
}

pub(super) fn observables_come_sorted(store: &mut dyn Store) -> Done {
    // Bytewise: a hyphen before a dot before a digit before a letter; 10 before 9.
    let sorted = [
        "a-b.example.com",
        "a.example.com",
        "a1.example.com",
        "ab.example.com",
        "10.0.0.1",
        "10.0.0.10",
        "9.9.9.9",
        "http://example.com/A",
        "http://example.com/a",
    ];
    for batch in [&sorted[4..], &sorted[..6]] {
        let lines: Result<Vec<_>, _> =
            batch.iter().rev().map(|text| indicator(text, "one")).collect();
        store.put_indicators(NOW, &lines?)?;
    }
    let mut found = Vec::new();
    let kinds = [Kind::Url, Kind::Domain, Kind::Ipv4, Kind::Domain, Kind::Asn];
    store.observables(&kinds, &mut |observable| {
        found.push(observable.value().to_owned());
    })?;
    assert_eq!(found, sorted);
    found.clear();
    store.observables(&[Kind::Ipv4], &mut |observable| {
        found.push(observable.value().to_owned());
    })?;
    assert_eq!(found, sorted[4..7]);
    store.observables(&[], &mut |observable| {
        found.push(observable.value().to_owned());
    })?;
    assert_eq!(found.len(), 3);
    Ok(())
}

pub(super) fn caller_may_read_meanwhile(store: &mut dyn Store) -> Done {
    let lines: Result<Vec<_>, _> =
        ["a.example.com", "b.example.com"].map(|text| indicator(text, "one")).into_iter().collect();
    store.put_indicators(NOW, &lines?)?;
    let mut read = Vec::new();
    store.observables(&[Kind::Domain], &mut |observable| {
        read.push(store.contexts(&observable));
    })?;
    let one = Ok(vec![Context::from_source("one")]);
    assert_eq!(read, [one.clone(), one]);
    store.put_indicators(NOW, &[indicator("c.example.com", "one")?])?;
    assert_eq!(store.count(&[Kind::Domain])?, 3);
    Ok(())
}

/// All that is vouched for, read in pages of so many sightings.
fn pages(store: &dyn Store, moment: Moment, max: usize) -> Result<Vec<String>, StoreError> {
    let kinds = [Kind::Domain, Kind::Ipv4];
    let mut verdicts = Verdicts::default();
    let mut asked = Vec::new();
    let mut vouches = |kind: Kind, context: &Context| {
        asked.push((kind, context.source.clone()));
        context.source == "open"
    };
    let mut found = Vec::new();
    let mut after: Option<Observable> = None;
    loop {
        let of = PageOf { kinds: &kinds, moment, after: after.as_ref(), max };
        let page = store.vouched(&of, &mut verdicts, &mut vouches)?;
        assert!(page.items.len() <= max);
        found.extend(page.items.iter().map(|item| item.value().to_owned()));
        match page.next {
            Some(next) => assert!(after.replace(next.clone()) != Some(next), "it goes on"),
            None => break,
        }
    }
    asked.sort();
    let all = asked.len();
    asked.dedup();
    assert_eq!(asked.len(), all, "each context is asked about once a kind");
    Ok(found)
}

pub(super) fn lists_come_in_pages(store: &mut dyn Store) -> Done {
    let put = |store: &mut dyn Store, lines: &[(&str, &str)]| -> Done {
        let lines: Result<Vec<_>, _> = lines.iter().map(|(o, s)| indicator(o, s)).collect();
        store.put_indicators(NOW, &lines?).map(|_| ())
    };
    let empty = store.moment()?;
    put(store, &[("b.example.com", "open"), ("a.example.com", "shut"), ("10.0.0.1", "open")])?;
    put(store, &[("a.example.com", "open"), ("c.example.com", "shut"), ("10.0.0.2", "shut")])?;
    put(store, &[("http://example.com/", "open"), ("b.example.com", "shut")])?;
    let want = ["a.example.com", "b.example.com", "10.0.0.1"];
    let then = store.moment()?;
    for max in 1..12 {
        assert_eq!(pages(store, then, max)?, want, "{max}");
        assert_eq!(pages(store, empty, max)?, [""; 0], "{max}");
    }
    // What comes later is not there at the moment: neither an observable nor a context that would
    // vouch for an older one.
    put(store, &[("aa.example.com", "open"), ("c.example.com", "open"), ("10.0.0.2", "open")])?;
    let now = store.moment()?;
    let more = ["a.example.com", "aa.example.com", "b.example.com", "c.example.com", "10.0.0.1"];
    for max in 1..12 {
        assert_eq!(pages(store, then, max)?, want, "{max}");
        let found = pages(store, now, max)?;
        assert_eq!((&found[..5], found[5].as_str()), (&more.map(String::from)[..], "10.0.0.2"));
    }
    Ok(())
}
