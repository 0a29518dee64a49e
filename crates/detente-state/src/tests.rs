//! A small world of parties with cards, logs and clocks, and what their acts amount to.

mod apply;
mod attack;
mod consent;
mod duty;
mod keys;
mod life;
mod lookup;
mod matching;
mod order;
mod release;
mod retraction;
mod stand;
mod suspend;
mod words;

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use super::{Effect, Event, Logs, State};
use detente_core::UnixSeconds;
use detente_core::act::{Act, Admission, Body, Header, Seen};
use detente_core::key::{Seed, SigningKey};
use detente_core::party::{Card, Role, RoleKey};
use detente_core::sign::{Verified, sign};
use detente_core::{AccordId, Digest, PartyId};

/// The second at which the parties of a world enter their cards: in January 2027.
pub(crate) const START: u64 = 1_800_000_000;
/// Seconds of a day.
pub(crate) const DAY: u64 = 86_400;

/// Party numbers of a world.
pub(crate) const A: usize = 0;
pub(crate) const B: usize = 1;
pub(crate) const C: usize = 2;

/// A sound text between two parties, the one of the tests of texts.
const SOUND: &str = include_str!("../../detente-accord/src/tests/sound.toml");

/// The key pair whose seed is `fill` throughout; made once.
fn key(fill: u8) -> &'static SigningKey {
    static KEYS: Mutex<BTreeMap<u8, &'static SigningKey>> = Mutex::new(BTreeMap::new());
    let mut keys = KEYS.lock().unwrap();
    keys.entry(fill).or_insert_with(|| {
        let seed = Seed::new([fill; 64]);
        Box::leak(Box::new(SigningKey::from_seed(&seed).unwrap()))
    })
}

/// A card of a party whose keys come from `fill`.
fn card(name: &str, fill: u8) -> Verified<Card> {
    let roles = Role::ALL
        .into_iter()
        .map(|role| RoleKey {
            role,
            key: key(fill + role.code()).public().clone(),
            may: role.full_powers().to_vec(),
        })
        .collect();
    let card = Card {
        name: name.to_owned(),
        root: key(fill).public().clone(),
        roles,
        transport: vec![1; 44],
        log_key: [fill; 32],
        mirror_key: [fill + 1; 32],
        address: Some("127.0.0.1:1".to_owned()),
        issued: UnixSeconds::new(1),
    };
    sign(card, key(fill))
}

/// The number from which a party's keys come.
fn fill(party: usize) -> u8 {
    10 * (u8::try_from(party).unwrap() + 1)
}

/// The id of a party by its number.
pub(crate) fn id(party: usize) -> PartyId {
    PartyId::new(*key(fill(party)).public().id().as_bytes())
}

/// The sound text between `parties` parties with their true ids, A's authority left to its card.
pub(crate) fn text(parties: usize) -> String {
    let third = format!(
        "[[party]]\nid = \"C\"\nname = \"CERT Gamma\"\nroot = \"{}\"\n\n[[definition]]",
        id(C)
    );
    let narrowed =
        "[[authority]]\nparty = \"A\"\nrole = \"minister\"\nmay = [\"propose\", \"sign\"]\n\n";
    assert!(SOUND.contains(narrowed));
    let text = SOUND
        .replace(&"a".repeat(64), &id(A).to_string())
        .replace(&"b".repeat(64), &id(B).to_string())
        .replace(narrowed, "");
    if parties == 3 { text.replacen("[[definition]]", &third, 1) } else { text }
}

/// `from` must be there once, so that a change of the sound text breaks the test that rests on it.
#[track_caller]
pub(crate) fn swap(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replace(from, to)
}

pub(crate) fn digest_of(text: &str) -> Digest {
    Digest::plain(text.as_bytes())
}

/// Parties with their logs. Every act passes [`Admission`].
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) accord: AccordId,
    pub(crate) ids: Vec<PartyId>,
    admissions: Vec<Admission>,
    pub(crate) logs: Vec<Vec<Act>>,
    salt: u8,
}

impl World {
    /// Parties that have entered their cards.
    pub(crate) fn new(parties: usize) -> World {
        static WORLDS: [OnceLock<World>; 4] = [const { OnceLock::new() }; 4];
        WORLDS[parties].get_or_init(|| World::begun(parties)).clone()
    }

    fn begun(parties: usize) -> World {
        let ids: Vec<PartyId> = (0..parties).map(id).collect();
        let accord = AccordId::derive("test-0", &ids);
        let mut world = World {
            accord,
            admissions: ids.iter().map(|id| Admission::new(accord, *id)).collect(),
            logs: vec![Vec::new(); parties],
            ids,
            salt: 0,
        };
        for (party, name) in ["CERT Alpha", "CERT Beta", "CERT Gamma"][..parties].iter().enumerate()
        {
            let card: Verified<_> = card(name, fill(party));
            let body = Body::Designate { card: card.bytes().to_vec() };
            world.act_seen((party, Role::Minister), START, &vec![0; parties], body);
        }
        world
    }

    /// Parties with a text in force since `START + parties`.
    pub(crate) fn agreed(parties: usize, text: &str) -> World {
        let mut world = World::new(parties);
        world.agree(text, START);
        world
    }

    /// Proposes and signs a text by all: the last one `parties` seconds after `time`.
    pub(crate) fn agree(&mut self, text: &str, time: u64) {
        let bytes = text.as_bytes().to_vec();
        self.act(A, Role::Head, time, Body::Propose { text: bytes, base: None });
        for party in 0..self.ids.len() {
            let text = digest_of(text);
            let time = time + 1 + party as u64;
            self.act(party, Role::Minister, time, Body::Sign { text });
        }
    }

    /// The next act of a party that has seen all that the others did.
    pub(crate) fn act(&mut self, party: usize, role: Role, time: u64, body: Body) -> Digest {
        let sizes: Vec<u64> = self.logs.iter().map(|log| log.len() as u64).collect();
        self.act_seen((party, role), time, &sizes, body)
    }

    /// The next act of a party that has seen so many entries of each log.
    pub(crate) fn act_seen(
        &mut self,
        who: (usize, Role),
        time: u64,
        sizes: &[u64],
        body: Body,
    ) -> Digest {
        let key = key(fill(who.0) + who.1.code());
        self.enter((who.0, key), (time, sizes), None, body)
    }

    /// The next act of a party that has seen all, signed by the key that comes from `fill`.
    pub(crate) fn act_by(&mut self, (party, fill): (usize, u8), time: u64, body: Body) -> Digest {
        self.act_with((party, key(fill)), time, body)
    }

    /// The next act of a party that has seen so many entries of each log, by the key that comes
    /// from `fill`.
    pub(crate) fn act_unseen(
        &mut self,
        (party, fill): (usize, u8),
        time: u64,
        sizes: &[u64],
        body: Body,
    ) -> Digest {
        self.enter((party, key(fill)), (time, sizes), None, body)
    }

    /// The same by any key.
    pub(crate) fn act_with(&mut self, who: (usize, &SigningKey), time: u64, body: Body) -> Digest {
        let sizes: Vec<u64> = self.logs.iter().map(|log| log.len() as u64).collect();
        self.enter(who, (time, &sizes), None, body)
    }

    /// The next act of a party that has seen all, in the place of an earlier one.
    pub(crate) fn act_superseding(
        &mut self,
        who: (usize, Role),
        time: u64,
        supersedes: Digest,
        body: Body,
    ) -> Digest {
        let sizes: Vec<u64> = self.logs.iter().map(|log| log.len() as u64).collect();
        let key = key(fill(who.0) + who.1.code());
        self.enter((who.0, key), (time, &sizes), Some(supersedes), body)
    }

    fn enter(
        &mut self,
        (party, key): (usize, &SigningKey),
        (time, sizes): (u64, &[u64]),
        supersedes: Option<Digest>,
        body: Body,
    ) -> Digest {
        let mut seen: Vec<Seen> = (0..self.ids.len())
            .filter(|other| *other != party && sizes[*other] > 0)
            .map(|other| Seen {
                party: self.ids[other],
                size: sizes[other],
                root: Digest::of("root", &[&sizes[other].to_be_bytes()]).as_bytes().to_owned(),
            })
            .collect();
        seen.sort();
        let header = Header {
            accord: self.accord,
            author: self.ids[party],
            kind: body.kind(),
            sequence: self.logs[party].len() as u64,
            time: UnixSeconds::new(time),
            supersedes,
            seen,
            body: Digest::new([0; 32]),
        };
        self.salt = self.salt.wrapping_add(1);
        let act = Act::create(header, body, [self.salt; 32], key);
        let admitted = self.admissions[party]
            .admit(act.leaf(), *act.salt(), act.body_bytes())
            .unwrap_or_else(|fault| panic!("{fault:?}"));
        let digest = admitted.digest();
        self.logs[party].push(admitted);
        digest
    }

    /// The logs, filled party by party.
    pub(crate) fn gather(&self) -> Logs {
        let mut logs = Logs::new(self.accord, &self.ids);
        for act in self.logs.iter().flatten() {
            logs.push(act.clone());
        }
        logs
    }

    pub(crate) fn state(&self) -> State {
        self.gather().fold()
    }

    /// What an act did.
    #[track_caller]
    pub(crate) fn effect(&self, act: Digest) -> Effect {
        self.event(act).effect
    }

    #[track_caller]
    pub(crate) fn event(&self, act: Digest) -> Event {
        let state = self.state();
        let event = state.history.iter().find(|event| event.act == act);
        event.expect("the act is folded").clone()
    }

    /// The act took effect.
    #[track_caller]
    pub(crate) fn holds(&self, act: Digest) {
        assert_eq!(self.effect(act), Effect::InEffect);
    }

    /// The act is void, and the reason says this.
    #[track_caller]
    pub(crate) fn void(&self, act: Digest, says: &str) {
        match self.effect(act) {
            Effect::Void { reason } => assert!(reason.contains(says), "{reason:?}"),
            other => panic!("{other:?}"),
        }
    }

    /// The act's key had no power, and the reason says this.
    #[track_caller]
    pub(crate) fn unconfirmed(&self, act: Digest, says: &str) {
        match self.effect(act) {
            Effect::Unconfirmed { reason } => assert!(reason.contains(says), "{reason:?}"),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn at(time: u64) -> UnixSeconds {
    UnixSeconds::new(time)
}

pub(crate) fn stop() -> Body {
    Body::Stop { reason: "a leak".to_owned() }
}

pub(crate) fn resume() -> Body {
    Body::Resume { reason: "mended".to_owned(), act: None }
}

pub(crate) fn refuse(text: Digest) -> Body {
    Body::Refuse { text, reason: "too wide".to_owned() }
}

pub(crate) fn denounce(text: Digest, effective: u64) -> Body {
    Body::Denounce { text, reason: "over".to_owned(), effective: at(effective) }
}

pub(crate) fn propose(text: &str) -> Body {
    Body::Propose { text: text.as_bytes().to_vec(), base: None }
}
