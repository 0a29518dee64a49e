//! Look-ups with a side that cheats: in its filter, its updates, its evaluation, its queries.

use std::cell::RefCell;
use std::sync::Mutex;

use detente_core::act::{Blame, Close, Outcome};
use detente_core::{AccordId, Digest, PartyId, Tlp};
use detente_node::ports::{Link, LinkError, LookupStore as _, Stream};
use detente_node::{NodeError, push, refresh};
use detente_peer::{Request, Response};
use detente_testkit::{SimLink, Terms, World};

use crate::lookup::{CLAUSE, CLAUSE_ID, ask, ask_over, domains, found, listed, publish_at_b};
use crate::{assert_sound, code, refusal};

type Change = Box<dyn Fn(&Request, Response) -> Response + Send + Sync>;

/// A line whose far end answers something else.
struct Lying {
    line: SimLink,
    change: Change,
}

impl Lying {
    fn new(world: &World, change: Change) -> Lying {
        Lying { line: world.link(0, 1), change }
    }
}

impl Link for Lying {
    fn peer(&self) -> PartyId {
        self.line.peer()
    }

    fn request(&self, request: &Request) -> Result<Response, LinkError> {
        let response = self.line.request(request)?;
        Ok((self.change)(request, response))
    }

    fn open(&self, request: &Request) -> Result<Box<dyn Stream>, LinkError> {
        self.line.open(request)
    }
}

fn flip(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    let at = at % bytes.len();
    bytes[at] ^= 0x10;
    bytes
}

fn fetch(world: &World, accord: AccordId, link: &dyn Link) -> Result<u64, NodeError> {
    let shared = &world.members[0].shared;
    Ok(refresh(shared, link, accord, CLAUSE_ID, &mut |_| {})?.bytes)
}

#[test]
fn a_false_filter_is_found_and_not_kept() {
    let (world, accord) = listed(20, 60);
    publish_at_b(&world, accord, false).unwrap();
    for at in [0, 1, 2, 7, 1000, 9000] {
        let change: Change = Box::new(move |_, response| match response {
            Response::FilterPart { bytes } => Response::FilterPart { bytes: flip(bytes, at) },
            other => other,
        });
        let code = code(fetch(&world, accord, &Lying::new(&world, change)));
        let known = ["bucket_malformed", "filter_differs", "filter_miscounted"];
        assert!(known.contains(&code.as_str()), "{at}: {code}");
        let state = world.node(0).state(accord).unwrap().clone();
        let digest = state.filters[0].filter.digest;
        let scope = scope(accord);
        let store = world.members[0].store.real();
        assert_eq!(store.filter(scope, digest).unwrap().map(|row| row.whole), None);
    }
    let empty: Change = Box::new(|_, response| match response {
        Response::FilterPart { .. } => Response::FilterPart { bytes: Vec::new() },
        other => other,
    });
    assert_eq!(code(fetch(&world, accord, &Lying::new(&world, empty))), "filter_short");
    // The same node still fetches the true one.
    assert!(fetch(&world, accord, &world.link(0, 1)).unwrap() > 0);
}

fn scope(accord: AccordId) -> Digest {
    Digest::of("detente/lookup-scope/1", &[accord.as_bytes(), CLAUSE_ID.as_bytes()])
}

#[test]
fn a_false_update_is_found_and_the_old_filter_stays() {
    let (world, accord) = listed(21, 60);
    publish_at_b(&world, accord, false).unwrap();
    fetch(&world, accord, &world.link(0, 1)).unwrap();
    let held = world.members[0].store.real().whole_filter(scope(accord)).unwrap();
    world.members[1].hold_domains(&["n60.example", "n61.example"], Tlp::Green);
    publish_at_b(&world, accord, false).unwrap();
    for at in 0..24 {
        let change: Change = Box::new(move |_, response| match response {
            Response::UpdatePart { to, total, bytes } => {
                Response::UpdatePart { to, total, bytes: flip(bytes, at) }
            }
            other => other,
        });
        let code = code(fetch(&world, accord, &Lying::new(&world, change)));
        let known = ["update_malformed", "update_misfits", "filter_differs", "filter_miscounted"];
        assert!(known.contains(&code.as_str()), "{at}: {code}");
        let still = world.members[0].store.real().whole_filter(scope(accord)).unwrap();
        assert_eq!(still, held);
    }
    let endless: Change = Box::new(|_, response| match response {
        Response::UpdatePart { to, bytes, .. } => {
            Response::UpdatePart { to, total: u32::MAX, bytes }
        }
        other => other,
    });
    assert_eq!(code(fetch(&world, accord, &Lying::new(&world, endless))), "update_part");
    assert!(fetch(&world, accord, &world.link(0, 1)).unwrap() > 0);
    assert_eq!(found(&ask(&world, accord, &domains(59..63)).unwrap()).len(), 3);
}

#[test]
fn a_false_evaluation_is_found_and_on_record() {
    for at in [0, 40, 4 * 32, 4 * 32 + 63] {
        let (world, accord) = listed(22, 60);
        publish_at_b(&world, accord, false).unwrap();
        let change: Change = Box::new(move |_, response| match response {
            Response::Evaluated { bytes } => Response::Evaluated { bytes: flip(bytes, at) },
            other => other,
        });
        let result = ask_over(&world, accord, &Lying::new(&world, change), &domains(0..4));
        let code = code(result);
        let known = ["proof_failed", "invalid_element"];
        assert!(known.contains(&code.as_str()), "{at}: {code}");
        let state = world.node(0).state(accord).unwrap().clone();
        let run = state.runs.values().next().unwrap();
        let close = &run.closes[&world.members[0].id].1;
        let Close { outcome: Outcome::Aborted { blame, .. }, .. } = close else {
            panic!("{close:?}");
        };
        assert_eq!(*blame, Blame::Peer);
        assert_eq!(run.agreed(), None);
        world.sync().unwrap();
        assert_sound(&world, accord);
    }
}

/// A line over which each query goes twice, with something between.
struct Twice<'a> {
    line: SimLink,
    between: &'a (dyn Fn() + Send + Sync),
    asked: Mutex<Vec<(Request, Response, Response)>>,
}

impl Link for Twice<'_> {
    fn peer(&self) -> PartyId {
        self.line.peer()
    }

    fn request(&self, request: &Request) -> Result<Response, LinkError> {
        let first = self.line.request(request)?;
        if matches!(request, Request::Lookup { .. }) {
            (self.between)();
            let second = self.line.request(request)?;
            self.asked.lock().unwrap().push((request.clone(), first.clone(), second));
        }
        Ok(first)
    }

    fn open(&self, request: &Request) -> Result<Box<dyn Stream>, LinkError> {
        self.line.open(request)
    }
}

/// A query, and what it is answered the first and the second time.
fn asked_twice(
    world: &World,
    accord: AccordId,
    between: &(dyn Fn() + Send + Sync),
) -> (Request, Response, Response) {
    let line = Twice { line: world.link(0, 1), between, asked: Mutex::default() };
    // The asker's own node may see the stop too.
    let _ = ask_over(world, accord, &line, &domains(0..4));
    let mut asked = line.asked.into_inner().unwrap();
    assert_eq!(asked.len(), 1);
    asked.remove(0)
}

/// What ends a first answer ends its repetition.
#[test]
fn a_query_is_not_answered_again_when_it_was_stopped_or_its_text_is_gone() {
    let (world, accord) = listed(26, 60);
    publish_at_b(&world, accord, false).unwrap();
    let stop = || {
        world.node(1).stop(accord, "a leak", None).unwrap();
    };
    let (_, first, second) = asked_twice(&world, accord, &stop);
    assert!(matches!(first, Response::Evaluated { .. }), "{first:?}");
    assert_eq!(refusal(&second), "stopped");

    let (world, accord) = listed(27, 60);
    publish_at_b(&world, accord, false).unwrap();
    let more = || Terms { more: CLAUSE.to_owned(), ..Terms::default() };
    let replace = || {
        let title = "Another title".to_owned();
        assert_eq!(world.agree(&Terms { title, ..more() }), accord);
    };
    let (_, first, second) = asked_twice(&world, accord, &replace);
    assert!(matches!(first, Response::Evaluated { .. }), "{first:?}");
    assert_eq!(refusal(&second), "match_not_open");

    let (world, accord) = listed(28, 60);
    publish_at_b(&world, accord, false).unwrap();
    let (_, first, second) = asked_twice(&world, accord, &|| world.clock_tick(10 * 365 * 86_400));
    assert!(matches!(first, Response::Evaluated { .. }), "{first:?}");
    assert_eq!(refusal(&second), "not_in_force");
}

#[test]
fn a_query_is_answered_once_in_the_same_bytes() {
    let (world, accord) = listed(23, 60);
    publish_at_b(&world, accord, false).unwrap();
    let acts = || world.node(1).history(accord).unwrap().len();
    let before = Mutex::new(0);
    let note = || *before.lock().unwrap() = acts();
    // Again in the same bytes: the same answer, and nothing new on record but the asker's close.
    let (request, first, second) = asked_twice(&world, accord, &note);
    assert!(matches!(first, Response::Evaluated { .. }), "{first:?}");
    assert_eq!(first, second);
    assert_eq!(acts(), *before.lock().unwrap() + 1);
    let before = acts();
    // The asker has closed it: the reply is not kept any more.
    assert_eq!(refusal(&world.link(0, 1).request(&request).unwrap()), "match_not_open");
    assert_eq!(acts(), before);
    // The same query with other elements is another one, and not open.
    let Request::Lookup { run, mut elements, .. } = request else { panic!() };
    let swapped: Vec<u8> = [&elements[32..64], &elements[..32], &elements[64..]].concat();
    let other = Request::Lookup { accord, run, elements: swapped };
    let refused = world.link(0, 1).request(&other).unwrap();
    assert_eq!(refusal(&refused), "match_not_open");
    elements.truncate(32);
    let short = Request::Lookup { accord, run, elements };
    assert_eq!(refusal(&world.link(0, 1).request(&short).unwrap()), "match_not_open");
    assert_eq!(acts(), before);
}

#[test]
fn elements_must_be_those_that_were_offered() {
    for (count, want) in [(3, "query_size"), (0, "query_size"), (4, "invalid_element")] {
        let (world, accord) = listed(24, 60);
        publish_at_b(&world, accord, false).unwrap();
        fetch(&world, accord, &world.link(0, 1)).unwrap();
        // A's own node offers; what goes over the line is something else.
        let sent = RefCell::new(None);
        struct Swapping<'a>(SimLink, usize, &'a Mutex<Option<Response>>);
        impl Link for Swapping<'_> {
            fn peer(&self) -> PartyId {
                self.0.peer()
            }
            fn request(&self, request: &Request) -> Result<Response, LinkError> {
                let Request::Lookup { accord, run, .. } = request else {
                    return self.0.request(request);
                };
                let elements = vec![0xff; self.1 * 32];
                let other = Request::Lookup { accord: *accord, run: *run, elements };
                let response = self.0.request(&other)?;
                *self.2.lock().unwrap() = Some(response.clone());
                Ok(response)
            }
            fn open(&self, request: &Request) -> Result<Box<dyn Stream>, LinkError> {
                self.0.open(request)
            }
        }
        let seen = Mutex::new(None);
        let line = Swapping(world.link(0, 1), count, &seen);
        let code = code(ask_over(&world, accord, &line, &domains(0..4)));
        assert_eq!(code, want);
        sent.replace(seen.into_inner().unwrap());
        assert_eq!(refusal(sent.borrow().as_ref().unwrap()), want);
        let state = world.node(1).state(accord).unwrap().clone();
        let run = state.runs.values().next().unwrap();
        let close = &run.closes[&world.members[1].id].1;
        assert!(matches!(close.outcome, Outcome::Aborted { blame: Blame::Peer, .. }), "{close:?}");
        world.sync().unwrap();
        assert_sound(&world, accord);
    }
}

/// A line over which each query is begun as a run before it goes as a query.
struct Begun {
    line: SimLink,
    answer: Mutex<Option<Response>>,
}

impl Link for Begun {
    fn peer(&self) -> PartyId {
        self.line.peer()
    }

    fn request(&self, request: &Request) -> Result<Response, LinkError> {
        if let Request::Lookup { accord, run, .. } = request {
            let begin = Request::BeginMatch { accord: *accord, run: *run };
            let first = self.line.open(&begin)?.recv()?;
            let first = first.map(|bytes| Response::decode(&bytes).unwrap());
            *self.answer.lock().unwrap() = first;
        }
        self.line.request(request)
    }

    fn open(&self, request: &Request) -> Result<Box<dyn Stream>, LinkError> {
        self.line.open(request)
    }
}

/// All engines have names here, so the mode must keep a query from being taken up as a run: that
/// would put a commitment to the holder's whole list on record.
#[test]
fn a_query_is_not_taken_up_as_a_run() {
    let (world, accord) = listed(29, 60);
    publish_at_b(&world, accord, false).unwrap();
    let line = Begun { line: world.link(0, 1), answer: Mutex::default() };
    let code = code(ask_over(&world, accord, &line, &domains(0..4)));
    let first = line.answer.into_inner().unwrap().unwrap();
    assert_eq!((refusal(&first), code.as_str()), ("match_not_open", "match_not_open"));
    let state = world.node(1).state(accord).unwrap().clone();
    let run = state.runs.values().next().unwrap();
    assert!(run.answer.is_none());
    world.sync().unwrap();
    assert_sound(&world, accord);
}

#[test]
fn a_stranger_gets_neither_filter_nor_update() {
    let (world, accord) = listed(25, 60);
    publish_at_b(&world, accord, false).unwrap();
    push(&world.members[1].shared, &world.link(1, 0), accord).unwrap();
    let filter = world.node(0).state(accord).unwrap().filters[0].filter.digest;
    // The holder itself is no asker, and A has nothing to give.
    let at_a = world.link(1, 0);
    let refused = at_a.request(&Request::FetchFilter { accord, filter, first: 0 }).unwrap();
    assert_eq!(refusal(&refused), "lookup_no_filter");
    let at_b = world.link(0, 1);
    let unknown = Digest::new([9; 32]);
    let request = Request::FetchFilter { accord, filter: unknown, first: 0 };
    assert_eq!(refusal(&at_b.request(&request).unwrap()), "lookup_no_filter");
    let request = Request::FetchUpdate { accord, from: filter, offset: 0 };
    assert_eq!(refusal(&at_b.request(&request).unwrap()), "lookup_no_update");
    // Behind the last bucket there is nothing.
    let request = Request::FetchFilter { accord, filter, first: u32::MAX };
    let none = at_b.request(&request).unwrap();
    assert_eq!(none, Response::FilterPart { bytes: Vec::new() });
    // A stop ends fetching too.
    world.node(1).stop(accord, "a leak", None).unwrap();
    let request = Request::FetchFilter { accord, filter, first: 0 };
    assert_eq!(refusal(&at_b.request(&request).unwrap()), "stopped");
}

#[test]
fn an_update_has_no_bytes_behind_its_end() {
    let (world, accord) = listed(29, 60);
    publish_at_b(&world, accord, false).unwrap();
    let filter = world.node(1).state(accord).unwrap().filters[0].filter.digest;
    let at_b = world.link(0, 1);
    let request = Request::FetchUpdate { accord, from: filter, offset: 0 };
    world.members[1].hold_domains(&["n60.example"], Tlp::Green);
    publish_at_b(&world, accord, false).unwrap();
    let Response::UpdatePart { total, bytes, .. } = at_b.request(&request).unwrap() else {
        panic!("there is an update now")
    };
    assert_eq!(total as usize, bytes.len());
    let update =
        |offset| at_b.request(&Request::FetchUpdate { accord, from: filter, offset }).unwrap();
    match update(total - 1) {
        Response::UpdatePart { bytes: last, .. } => assert_eq!(last, bytes[bytes.len() - 1..]),
        other => panic!("{other:?}"),
    }
    for offset in [total, total + 1, u32::MAX] {
        assert_eq!(refusal(&update(offset)), "lookup_update_ends");
    }
}
