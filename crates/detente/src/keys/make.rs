//! What the command `key` makes: key files, cards and statements.
//!
//! Order of each deed: the new key is on the disk before the statement or card that names it, and
//! takes its place last. A home that was cut off in between holds both keys, and the node signs
//! with the one that is good.

use std::fs;
use std::path::{Path, PathBuf};

use detente_core::act::{Body, Paired};
use detente_core::key::{SigningKey, Suite};
use detente_core::party::{Card, Role};
use detente_core::roster::{Cause, Delegation, Entered, Holder, Revocation, Roster, Rotation};
use detente_core::sign::{Signable, Unverified, sign};
use detente_core::{AccordId, KeyId, PartyId, UnixSeconds};
use detente_net::{Identity, new_transport_key};
use serde::Serialize;

use super::statements::{armour, keep, load};
use super::{DelegateArgs, RenewArgs, RevokeArgs, RootArgs};
use crate::fail::{Failure, chain};
use crate::home::{Home, write_with_mode};
use crate::init::{key_name, new_key, read_card, signing_key};
use crate::keystore::Keystore;
use crate::verb::Context;
use crate::{run, world};

/// One thing that was made.
#[derive(Clone, Debug, Serialize)]
pub struct Made {
    /// What, in one line.
    pub what: String,
    /// The key that it is about.
    pub key: String,
    /// The file that was written for the user, if one was.
    pub file: Option<PathBuf>,
}

/// A home whose keys are changed.
struct Bench<'a> {
    home: &'a Home,
    keystore: Keystore,
    card: Card,
    roster: Roster,
    now: UnixSeconds,
}

impl<'a> Bench<'a> {
    fn open(context: &'a Context) -> Result<Bench<'a>, Failure> {
        let home = context.home();
        home.check()?;
        let card = read_card(home)?.into_value();
        let now = world::now();
        let mut roster = Roster::new(card.clone());
        // Which keys the party has by its own word, whatever accord they are used in.
        let entered = Entered { accord: AccordId::new([0; 32]), at: now };
        for body in load(home)? {
            let _ = roster.take(&body, entered);
        }
        let keystore = Keystore::new(context.passphrase().read(false)?)?;
        Ok(Bench { home, keystore, card, roster, now })
    }

    fn party(&self) -> PartyId {
        self.card.party()
    }

    /// A key of the home by the name of its file.
    fn key(&mut self, file: &str, name: &str) -> Result<Option<SigningKey>, Failure> {
        let path = self.home.key(file);
        if !path.exists() {
            return Ok(None);
        }
        signing_key(&self.keystore.read(&path, name)?).map(Some)
    }

    /// The suites in which a role has a key.
    fn suites(&self, role: Role) -> Vec<Suite> {
        let named = self.card.roles.iter().filter(|own| own.role == role);
        named.map(|own| own.key.suite()).collect()
    }

    /// The key of a role that is good now, if the home has it.
    fn role_key(&mut self, role: Role, suite: Suite) -> Result<Option<SigningKey>, Failure> {
        let entered = Entered { accord: AccordId::new([0; 32]), at: self.now };
        let name = key_name(role, suite);
        for file in [next(&name), name.clone()] {
            let found = self.key(&file, &name)?;
            if let Some(key) = found
                && self.roster.live(key.public().id(), entered).is_ok()
            {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    fn root(&mut self, args: &RootArgs) -> Result<Option<SigningKey>, Failure> {
        let path = args.root.clone().unwrap_or_else(|| self.home.key("root"));
        if args.root.is_none() && !path.exists() {
            return Ok(None);
        }
        let root = signing_key(&self.keystore.read(&path, "root")?)?;
        if root.public().id() == self.card.root.id() {
            return Ok(Some(root));
        }
        let words = format!("{} is not the root key of this party", path.display());
        Err(Failure::usage("other_root", words, "give the file of the right key"))
    }

    fn need_root(&mut self, args: &RootArgs) -> Result<SigningKey, Failure> {
        let root = self.root(args)?;
        root.ok_or_else(|| {
            Failure::usage(
                "no_root",
                "the root key is not in this home",
                "name its file with --root",
            )
        })
    }

    /// Writes a new key beside the one of this name.
    fn next_key(&mut self, name: &str, suite: Suite) -> Result<SigningKey, Failure> {
        new_key(self.home, &mut self.keystore, (&next(name), name), suite)
    }

    /// Finishes what was cut off: a new key that the party's word names takes its place, before
    /// another one is written over it.
    fn settle(&mut self) -> Result<(), Failure> {
        let entered = Entered { accord: AccordId::new([0; 32]), at: self.now };
        let named: Vec<(Role, Suite)> =
            self.card.roles.iter().map(|own| (own.role, own.key.suite())).collect();
        for (role, suite) in named {
            let name = key_name(role, suite);
            let waits = self.key(&next(&name), &name)?;
            if waits.is_some_and(|key| self.roster.live(key.public().id(), entered).is_ok()) {
                self.put_in_place(&name)?;
            }
        }
        Ok(())
    }

    /// Puts a new key file in the place of the old one, which is gone then.
    fn put_in_place(&self, name: &str) -> Result<(), Failure> {
        let (from, to) = (self.home.key(&next(name)), self.home.key(name));
        fs::rename(&from, &to).map_err(|error| Failure::io("renaming", &from, &error))?;
        let dir = to.parent().unwrap_or(Path::new("."));
        fs::File::open(dir)
            .and_then(|dir| dir.sync_all())
            .map_err(|error| Failure::io("writing", dir, &error))
    }

    /// Takes a statement over, if the party's own roster does.
    fn keep(&mut self, body: &Body) -> Result<(), Failure> {
        let entered = Entered { accord: AccordId::new([0; 32]), at: self.now };
        self.roster.take(body, entered).map_err(|fault| {
            Failure::refused(fault.code(), chain(&fault), "see `detente key list`")
        })?;
        keep(self.home, body)
    }

    /// The key that a person means: a role, or the beginning of a key's id.
    fn find(&self, name: &str) -> Result<Holder, Failure> {
        let mut holders = self.roster.holders().iter().rev();
        let found = match name.parse::<Role>() {
            Ok(role) => {
                holders.find(|own| own.role == role && own.lent.is_none() && own.ended.is_none())
            }
            Err(_) => {
                let is_meant = |own: &&Holder| own.key.id().to_string().starts_with(name);
                holders.find(|own| name.len() >= 8 && is_meant(own))
            }
        };
        found.cloned().ok_or_else(|| {
            let words = format!("no key of this party is {name:?}");
            Failure::usage("unknown_key", words, "name a role, or see `detente key list`")
        })
    }
}

/// The name of a key file until the key is in its place.
fn next(name: &str) -> String {
    format!("{name}.next")
}

fn pair<T: Signable + Clone>(said: &T, holder: &SigningKey, new: &SigningKey) -> Paired {
    Paired {
        by_holder: sign(said.clone(), holder).bytes().to_vec(),
        by_new: sign(said.clone(), new).bytes().to_vec(),
    }
}

/// A new key in the place of a role's, in each suite.
pub(super) fn rotate(context: &Context, role: Role) -> Result<Vec<Made>, Failure> {
    let _lock = run::lock(context.home())?;
    let mut bench = Bench::open(context)?;
    bench.settle()?;
    let mut all = Vec::new();
    for suite in bench.suites(role) {
        let Some(old) = bench.role_key(role, suite)? else {
            return Err(no_good_key(role));
        };
        let name = key_name(role, suite);
        let new = bench.next_key(&name, suite)?;
        let said = Rotation {
            party: bench.party(),
            old: old.public().id(),
            new: new.public().clone(),
            issued: bench.now,
        };
        bench.keep(&Body::RotateKey(pair(&said, &old, &new)))?;
        bench.put_in_place(&name)?;
        let (old, new) = (old.public().id(), new.public().id());
        all.push(made(format!("key of {role}: {} follows {}", new.short(), old.short()), new));
    }
    Ok(all)
}

fn no_good_key(role: Role) -> Failure {
    Failure::refused(
        "no_key",
        format!("this home has no good key for {role}"),
        "use the home that holds it, or make a new one with `detente key renew`",
    )
}

/// New keys and a new card.
pub(super) fn renew(context: &Context, args: &RenewArgs) -> Result<Vec<Made>, Failure> {
    if args.roles.is_empty() && !args.transport {
        return Err(Failure::usage("nothing_to_renew", "name a role or --transport", ""));
    }
    let _lock = run::lock(context.home())?;
    let mut bench = Bench::open(context)?;
    let root = bench.need_root(&args.root)?;
    bench.settle()?;
    let mut card = new_card(&bench.card, &bench.roster, bench.now);
    let mut all = Vec::new();
    let mut names = Vec::new();
    for own in card.roles.iter_mut().filter(|own| args.roles.contains(&own.role)) {
        let (role, suite) = (own.role, own.key.suite());
        let name = key_name(role, suite);
        let key = bench.next_key(&name, suite)?;
        own.key = key.public().clone();
        let id = key.public().id();
        all.push(made(format!("new key of {role} ({suite}): {}", id.short()), id));
        names.push(name);
    }
    // A card must not bring back what was revoked: new accords know only the card.
    if let Some(own) = card.roles.iter().find(|own| bench.roster.is_revoked(own.key.id())) {
        let words = format!("the key of {} was revoked", own.role);
        let remedy = format!("renew it too: detente key renew {}", own.role);
        return Err(Failure::refused("revoked_key", words, &remedy));
    }
    if names.is_empty() && !args.transport {
        let words = "the card has no such role";
        return Err(Failure::usage("unknown_role", words, "see `detente party card --json`"));
    }
    if args.transport {
        let net =
            |error: &detente_net::NetError| Failure::environment("transport_key", chain(error), "");
        let key = new_transport_key().map_err(|error| net(&error))?;
        let path = bench.home.key(&next("transport"));
        bench.keystore.write(&path, "transport", &key)?;
        card.transport = Identity::new(&key).map_err(|error| net(&error))?.spki().to_vec();
        all.push(made("new transport key".to_owned(), bench.card.root.id()));
    }
    let signed = sign(card, &root);
    write_with_mode(&bench.home.card(), signed.bytes(), 0o644)?;
    for name in &names {
        bench.put_in_place(name)?;
    }
    if args.transport {
        bench.put_in_place("transport")?;
    }
    let issued = signed.value().issued;
    all.push(made(format!("new card, made at {issued}"), bench.card.root.id()));
    Ok(all)
}

/// The next card of a party: with the keys that its offices have now, so that new accords begin
/// with them.
fn new_card(card: &Card, roster: &Roster, now: UnixSeconds) -> Card {
    let mut card = card.clone();
    for own in &mut card.roles {
        let mut holders = roster.holders().iter().rev();
        let holds = |other: &&Holder| {
            (other.role, other.key.suite()) == (own.role, own.key.suite())
                && other.lent.is_none()
                && other.ended.is_none()
        };
        if let Some(holder) = holders.find(holds) {
            own.key = holder.key.as_ref().clone();
        }
        // What this program gives the role, if it is newer than the card.
        let full = own.role.full_powers().iter();
        own.may.extend(full.filter(|kind| kind.moves_keys()));
        own.may.sort_unstable();
        own.may.dedup();
    }
    // The clock may stand where it stood.
    card.issued = now.max(UnixSeconds::new(card.issued.get() + 1));
    card
}

/// A key that acts for another.
pub(super) fn delegate(context: &Context, args: &DelegateArgs) -> Result<Vec<Made>, Failure> {
    let lock = run::lock(context.home())?;
    let (accord, _lock) = match &args.accord {
        None => (None, lock),
        Some(name) => {
            let local = run::Local::open(context.home(), lock, context.passphrase())?;
            let id = local.engine.shared.lock().find_accord(name)?;
            drop(local);
            (Some(id), run::lock(context.home())?)
        }
    };
    let mut bench = Bench::open(context)?;
    let Some(lender) = bench.role_key(args.role, args.suite)? else {
        return Err(no_good_key(args.role));
    };
    let mut may = args.may.clone();
    may.sort_unstable();
    may.dedup();
    let number = load(bench.home)?.len();
    let file = format!("deputy-{number:04}");
    let key = new_key(bench.home, &mut bench.keystore, (&file, &file), args.suite)?;
    let said = Delegation {
        party: bench.party(),
        by: lender.public().id(),
        key: key.public().clone(),
        to: args.to.clone(),
        may,
        accord,
        until: args.until,
        issued: bench.now,
    };
    let kept = match Delegation::decode(&said.encode()) {
        Ok(_) => bench.keep(&Body::Delegate(pair(&said, &lender, &key))),
        Err(error) => Err(Failure::usage("bad_delegation", error, "see `detente key delegate -h`")),
    };
    if let Err(failure) = kept {
        // Nothing names this key.
        let _ = fs::remove_file(bench.home.key(&file));
        return Err(failure);
    }
    let id = key.public().id();
    let what = format!("key {} acts for {} until {}", id.short(), args.role, args.until);
    Ok(vec![made(what, id)])
}

/// A key that is no longer good. Signed by the root if it is here, else by the minister, else by
/// the key itself.
pub(super) fn revoke(context: &Context, args: &RevokeArgs) -> Result<(Vec<Made>, Body), Failure> {
    if args.cause == Cause::Emergency {
        let words = "a revocation in an emergency is signed beforehand, and strikes backwards";
        return Err(Failure::usage("emergency", words, "see `detente key prepare`"));
    }
    let mut bench = Bench::open(context)?;
    let target = bench.find(&args.key)?;
    let id = target.key.id();
    let signer = match bench.root(&args.root)? {
        Some(root) => Some(root),
        None => match bench.role_key(Role::Minister, Suite::Hybrid)? {
            Some(minister) => Some(minister),
            None => {
                let own = bench.role_key(target.role, target.key.suite())?;
                own.filter(|key| key.public().id() == id)
            }
        },
    };
    let signer = signer.ok_or_else(|| {
        Failure::refused(
            "no_key",
            "this home has neither the root key, nor the minister's, nor the key itself",
            "name the file of the root key with --root, or enter a revocation that was signed \
             beforehand: detente key enter FILE",
        )
    })?;
    let said = Revocation {
        party: bench.party(),
        key: id,
        cause: args.cause,
        since: args.since,
        issued: bench.now,
    };
    let revocation = sign(said, &signer).bytes().to_vec();
    let body = Body::RevokeKey { revocation };
    bench.keep(&body)?;
    let what = format!("key {} of {} is no longer good: {}", id.short(), target.role, args.cause);
    Ok((vec![made(what, id)], body))
}

/// Emergency revocations of every key, signed by the root.
pub(super) fn prepare(
    context: &Context,
    out: &Path,
    root: &RootArgs,
) -> Result<Vec<Made>, Failure> {
    let mut bench = Bench::open(context)?;
    let root = bench.need_root(root)?;
    fs::create_dir_all(out).map_err(|error| Failure::io("creating", out, &error))?;
    let mut all = Vec::new();
    for own in bench.roster.holders().iter().filter(|own| own.ended.is_none()) {
        let id = own.key.id();
        let said = Revocation {
            party: bench.party(),
            key: id,
            cause: Cause::Emergency,
            since: None,
            issued: bench.now,
        };
        let heading = format!(
            "Revokes key {id} ({}) of {:?}, fingerprint {}.\nWhoever has this file can end that \
             key: detente key enter FILE\n",
            own.role,
            bench.card.name,
            bench.party()
        );
        let text = armour(sign(said, &root).bytes(), &heading);
        let path = out.join(format!("{}-{}.revocation", own.role, id.short()));
        write_with_mode(&path, text.as_bytes(), 0o600)?;
        let what = format!("revocation of key {} of {}", id.short(), own.role);
        all.push(Made { file: Some(path), ..made(what, id) });
    }
    Ok(all)
}

/// A revocation that was signed beforehand: if it is of an own key, it is kept and returned as a
/// statement.
pub(super) fn taken(context: &Context, revocation: &[u8]) -> Result<(Made, Option<Body>), Failure> {
    let read = Unverified::<Revocation>::read(revocation).map_err(|error| {
        Failure::refused("no_revocation", error, "give a file that `detente key prepare` wrote")
    })?;
    let said = read.claim();
    let what = format!("revocation of key {} of party {}", said.key.short(), said.party.short());
    let made = made(what, said.key);
    let card = read_card(context.home())?;
    if said.party != card.value().party() {
        return Ok((made, None));
    }
    let body = Body::RevokeKey { revocation: revocation.to_vec() };
    let mut bench = Bench::open(context)?;
    if !load(bench.home)?.contains(&body) {
        bench.keep(&body)?;
    }
    Ok((made, Some(body)))
}

fn made(what: String, key: KeyId) -> Made {
    Made { what, key: key.to_string(), file: None }
}
