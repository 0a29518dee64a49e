//! Makes a party: its keys, its card, its empty store.

use detente_core::key::{Seed, SigningKey, Suite};
use detente_core::party::{Card, Role, RoleKey};
use detente_core::sign::sign;
use detente_net::{Identity, new_transport_key};
use detente_node::report::PartyReport;
use detente_node::{Keys, report_card};
use detente_store::SqliteStore;
use zeroize::Zeroizing;

use crate::fail::Failure;
use crate::home::{Config, Home, MAX_CARD_FILE, read_bounded, write_secret, write_with_mode};
use crate::keystore::{Keystore, random};
use crate::world;

/// What a new party is told.
pub struct NewParty<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it listens, if it does.
    pub listen: Option<&'a str>,
    /// Where others reach it, if that is another address.
    pub address: Option<&'a str>,
    /// What its root signs with; each role has a hybrid key, and one of this suite.
    pub suite: Suite,
}

/// Makes keys, card and store in a new home. The card is written last: a home without one is none.
pub fn init(
    home: &Home,
    party: &NewParty<'_>,
    passphrase: Zeroizing<String>,
) -> Result<PartyReport, Failure> {
    check(party)?;
    let was_there = home.dir().exists();
    home.create()?;
    // Two at once would mix their keys.
    let Some(_lock) = home.try_lock()? else {
        return Err(home.busy());
    };
    // The other one may have ended just before.
    home.create()?;
    let made = make(home, party, passphrase);
    if made.is_err() && !was_there {
        // Half a home is none; what failed says more than what could not be taken away.
        let _ = std::fs::remove_dir_all(home.dir());
    }
    made
}

fn make(
    home: &Home,
    party: &NewParty<'_>,
    passphrase: Zeroizing<String>,
) -> Result<PartyReport, Failure> {
    let mut keystore = Keystore::new(passphrase)?;
    let root = new_key(home, &mut keystore, ("root", "root"), party.suite)?;
    let mut roles = Vec::new();
    for role in Role::ALL {
        for suite in Suite::ALL.into_iter().filter(|suite| *suite <= party.suite) {
            let name = key_name(role, suite);
            let key = new_key(home, &mut keystore, (&name, &name), suite)?.public().clone();
            roles.push(RoleKey { role, key, may: role.full_powers().to_vec() });
        }
    }
    let transport = new_transport_key().map_err(|error| net(&error))?;
    keystore.write(&home.key("transport"), "transport", &transport)?;
    let identity = Identity::new(&transport).map_err(|error| net(&error))?;
    let card = Card {
        name: party.name.to_owned(),
        root: root.public().clone(),
        roles,
        transport: identity.spki().to_vec(),
        log_key: note_key(home, &mut keystore, "log")?,
        mirror_key: note_key(home, &mut keystore, "mirror")?,
        address: party.address.or(party.listen).map(str::to_owned),
        issued: world::now(),
    };
    let signed = sign(card, &root);
    // What others would refuse is not made: a name with hidden characters, say.
    let card = Card::open(signed.bytes()).map_err(|error| {
        let words = format!("the card would be refused: {}", crate::fail::chain(&error));
        Failure::usage("bad_party", words, "use a plain name of at most 120 bytes")
    })?;
    SqliteStore::open(home.database())
        .map_err(|error| Failure::environment("store", crate::fail::chain(&error), ""))?;
    let config = Config { listen: party.listen.map(str::to_owned) };
    let text = toml::to_string(&config)
        .map_err(|error| Failure::environment("config", error, "report this"))?;
    write_secret(&home.config(), text.as_bytes())?;
    write_with_mode(&home.card(), card.bytes(), 0o644)?;
    Ok(report_card(card.value()))
}

fn check(party: &NewParty<'_>) -> Result<(), Failure> {
    for address in [party.listen, party.address].into_iter().flatten() {
        let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none_or(|port| port == 0) {
            return Err(Failure::usage(
                "bad_address",
                format!("{address:?} is no address"),
                "write HOST:PORT with a port from 1 to 65535, for example 0.0.0.0:8443",
            ));
        }
    }
    Ok(())
}

fn net(error: &detente_net::NetError) -> Failure {
    Failure::environment("transport_key", crate::fail::chain(error), "")
}

/// The name of a role's key: of its file, and of what is authenticated with it.
pub(crate) fn key_name(role: Role, suite: Suite) -> String {
    match suite {
        Suite::Hybrid => role.name().to_owned(),
        other @ Suite::Cnsa2 => format!("{role}.{other}"),
    }
}

/// Makes a key in a file; `name` is what is authenticated with it.
pub(crate) fn new_key(
    home: &Home,
    keystore: &mut Keystore,
    (file, name): (&str, &str),
    suite: Suite,
) -> Result<SigningKey, Failure> {
    let len = match suite {
        Suite::Hybrid => Seed::LEN,
        Suite::Cnsa2 => Seed::CNSA2_LEN,
    };
    let mut bytes = Zeroizing::new(vec![0; len]);
    random(bytes.as_mut())?;
    keystore.write(&home.key(file), name, bytes.as_ref())?;
    signing_key(bytes.as_ref())
}

pub(crate) fn signing_key(bytes: &[u8]) -> Result<SigningKey, Failure> {
    let bad = || Failure::environment("key_file", "a key file holds no key", "restore a backup");
    let seed = Seed::from_bytes(bytes).ok_or_else(bad)?;
    SigningKey::from_seed(&seed).map_err(|_| bad())
}

fn note_key(home: &Home, keystore: &mut Keystore, name: &str) -> Result<[u8; 32], Failure> {
    let mut seed = Zeroizing::new([0; 32]);
    random(seed.as_mut())?;
    keystore.write(&home.key(name), name, seed.as_ref())?;
    Ok(public_note_key(&seed))
}

fn public_note_key(seed: &[u8; 32]) -> [u8; 32] {
    detente_core::key::ed25519_public(seed)
}

/// The card of a home, checked.
pub fn read_card(home: &Home) -> Result<detente_core::sign::Verified<Card>, Failure> {
    let bytes = read_bounded(&home.card(), MAX_CARD_FILE)?;
    Card::open(&bytes).map_err(|error| {
        let words = format!("the card of this home is unsound: {}", crate::fail::chain(&error));
        Failure::environment("own_card", words, "restore a backup")
    })
}

/// Unlocks the keys that a node signs with. The root key stays locked.
pub fn unlock(home: &Home, passphrase: Zeroizing<String>) -> Result<(Keys, Identity), Failure> {
    let mut keystore = Keystore::new(passphrase)?;
    let mut roles = Vec::new();
    let suites = |role: Role| Suite::ALL.map(|suite| (role, suite));
    for (role, suite) in Role::ALL.into_iter().flat_map(suites) {
        let name = key_name(role, suite);
        // A rotation that was cut off has left both.
        for file in [name.clone(), format!("{name}.next")] {
            let path = home.key(&file);
            // A home may lack a role key on purpose: the minister's may be kept elsewhere.
            if path.exists() {
                roles.push((role, signing_key(&keystore.read(&path, &name)?)?));
            }
        }
    }
    let deputies = deputies(home, &mut keystore)?;
    let statements = crate::keys::load(home)?;
    let mut seed = |name: &str| -> Result<Zeroizing<[u8; 32]>, Failure> {
        let bytes = keystore.read(&home.key(name), name)?;
        let array: [u8; 32] = bytes.as_slice().try_into().map_err(|_| {
            Failure::environment("key_file", format!("the {name} key is none"), "restore a backup")
        })?;
        Ok(Zeroizing::new(array))
    };
    let (log, mirror) = (seed("log")?, seed("mirror")?);
    let identity = identity(home, &mut keystore)?;
    Ok((Keys { roles, deputies, statements, log, mirror }, identity))
}

/// Most keys to which powers were lent, in one home.
const MAX_DEPUTIES: u32 = 512;

/// The keys to which powers were lent: the statements say whose.
fn deputies(home: &Home, keystore: &mut Keystore) -> Result<Vec<SigningKey>, Failure> {
    let mut deputies = Vec::new();
    // Numbered by the statement that names them, so there are gaps.
    for number in 0..MAX_DEPUTIES {
        let name = format!("deputy-{number:04}");
        let path = home.key(&name);
        if path.exists() {
            deputies.push(signing_key(&keystore.read(&path, &name)?)?);
        }
    }
    Ok(deputies)
}

/// The transport key that the card names: a renewal that was cut off has left two.
fn identity(home: &Home, keystore: &mut Keystore) -> Result<Identity, Failure> {
    let card = read_card(home)?;
    let mut last = None;
    for file in ["transport.next", "transport"] {
        let path = home.key(file);
        if file == "transport" || path.exists() {
            let bytes = keystore.read(&path, "transport")?;
            let found = Identity::new(&bytes).map_err(|error| net(&error))?;
            if found.spki() == card.value().transport {
                return Ok(found);
            }
            last = Some(found);
        }
    }
    last.ok_or_else(|| Failure::environment("key_file", "no transport key", "restore a backup"))
}
