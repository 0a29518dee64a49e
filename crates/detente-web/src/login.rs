//! Who is asking: by password, bearer token or client certificate.
//!
//! A password's hash is dear on purpose, so that it can't be guessed from a stolen file; one that
//! was proved is remembered under a keyed hash for a while, so that it does not cost that for each
//! request. Failures are counted by address and by name, before anything dear is done.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use detente_taxii::{Account, MAX_ACCOUNT};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::rate::{Measures, Rate};

/// The longest password. Bytes.
const MAX_PASSWORD: usize = 1_024;
/// The longest token. Bytes.
const MAX_TOKEN: usize = 512;
/// How long a proved password is remembered.
const REMEMBERED: Duration = Duration::from_secs(600);
/// Proved passwords that are remembered. Count.
const MAX_REMEMBERED: usize = 10_000;
/// Password hashes that are computed at once; each takes memory on purpose.
const HASHES_AT_ONCE: usize = 2;
/// How long a try waits for its turn.
const QUEUE_TIME: Duration = Duration::from_secs(10);
/// Failed tries: ten at once, then one in six seconds.
const FAILURES: Rate = Rate { burst: 10.0, per_second: 1.0 / 6.0 };

/// How the holder of an account proves itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// What it may then.
    pub account: Account,
    /// The hash of its password.
    pub password: Option<String>,
}

/// Where accounts lie.
pub trait Store: Send + Sync {
    /// The account of this name.
    ///
    /// # Errors
    /// The store failed.
    fn by_name(&self, name: &str) -> Result<Option<Credential>, String>;

    /// The account whose bearer token has this SHA-256.
    ///
    /// # Errors
    /// The store failed.
    fn by_token(&self, hash: &[u8; 32]) -> Result<Option<Account>, String>;

    /// The account whose certificate has this SHA-256.
    ///
    /// # Errors
    /// The store failed.
    fn by_certificate(&self, hash: &[u8; 32]) -> Result<Option<Account>, String>;

    /// Whether a password is that of this hash; dear on purpose.
    fn verify(&self, password: &str, hash: &str) -> bool;
}

/// What a request shows of who sends it.
#[derive(Debug)]
pub enum Secret {
    /// A name and a password.
    Basic(String, Zeroizing<String>),
    /// A bearer token.
    Bearer(Zeroizing<String>),
    /// A client certificate, by its SHA-256; TLS has proved its key.
    Certificate([u8; 32]),
}

/// Why nobody is let in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nothing was shown, or nothing that is understood.
    Missing,
    /// It proves no account.
    Wrong,
    /// Too many tries failed; wait.
    Wait(Duration),
    /// The store failed.
    Failed(String),
}

/// The one who lets in.
pub(crate) struct Porter {
    store: Box<dyn Store>,
    key: [u8; 32],
    remembered: Mutex<HashMap<[u8; 32], (String, Instant)>>,
    failures: Measures<Tried>,
    hashes: Semaphore,
}

/// Whose failures are counted.
#[derive(PartialEq, Eq, Hash)]
enum Tried {
    From(IpAddr),
    As(IpAddr, String),
}

/// Whose address it is: of IPv6 the network, for its holder has all of it.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6((u128::from(six) & (u128::MAX << 64)).into()),
        four @ IpAddr::V4(_) => four,
    }
}

impl Secret {
    /// Reads an `Authorization` header (RFC 7617, RFC 6750). `Token`, which is registered nowhere,
    /// is how the `TokenAuth` of OASIS's taxii2-client writes `Bearer`.
    pub(crate) fn read(header: &str) -> Option<Secret> {
        let (scheme, rest) = header.trim().split_once(' ')?;
        let rest = rest.trim();
        if ["bearer", "token"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            let fits = !rest.is_empty() && rest.len() <= MAX_TOKEN;
            return fits.then(|| Secret::Bearer(Zeroizing::new(rest.to_owned())));
        }
        let fits = rest.len() <= (MAX_ACCOUNT + 1 + MAX_PASSWORD).div_ceil(3) * 4;
        if !(scheme.eq_ignore_ascii_case("basic") && fits) {
            return None;
        }
        let bytes = Zeroizing::new(STANDARD.decode(rest).ok()?);
        let text = str::from_utf8(&bytes).ok()?;
        let (name, password) = text.split_once(':')?;
        let fits = name.len() <= MAX_ACCOUNT && password.len() <= MAX_PASSWORD;
        fits.then(|| Secret::Basic(name.to_owned(), Zeroizing::new(password.to_owned())))
    }
}

impl Porter {
    /// `key` is random: what is remembered is worth nothing without it.
    pub(crate) fn new(store: Box<dyn Store>, key: [u8; 32]) -> Porter {
        Porter {
            store,
            key,
            remembered: Mutex::new(HashMap::new()),
            failures: Measures::new(FAILURES),
            hashes: Semaphore::new(HASHES_AT_ONCE),
        }
    }

    /// Lets an account in, or says why not.
    pub(crate) async fn admit(
        &self,
        secret: Option<&Secret>,
        from: IpAddr,
    ) -> Result<Account, Refusal> {
        let secret = secret.ok_or(Refusal::Missing)?;
        let from = network(from);
        let now = tokio::time::Instant::now().into_std();
        self.failures.has(Tried::From(from), now).map_err(Refusal::Wait)?;
        let found = match secret {
            Secret::Basic(name, password) => {
                let found = self.by_password((name, from), password, now).await?;
                return found.ok_or(Refusal::Wrong);
            }
            Secret::Bearer(token) => {
                let hash = Sha256::digest(token.as_bytes()).into();
                self.store.by_token(&hash).map_err(Refusal::Failed)?
            }
            Secret::Certificate(hash) => {
                self.store.by_certificate(hash).map_err(Refusal::Failed)?
            }
        };
        found.ok_or_else(|| {
            let _ = self.failures.take(Tried::From(from), now);
            Refusal::Wrong
        })
    }

    async fn by_password(
        &self,
        (name, from): (&str, IpAddr),
        password: &Zeroizing<String>,
        now: Instant,
    ) -> Result<Option<Account>, Refusal> {
        let known = self.store.by_name(name).map_err(Refusal::Failed)?;
        let shown = self.shown(name, password);
        if let Some(Credential { account, password: Some(hash) }) = &known
            && self.remembers(&shown, hash, now)
        {
            return Ok(Some(account.clone()));
        }
        // Also of a name that is nobody's: how long it takes tells nobody who there is. A try is
        // counted before it is made, or many at once would all be the first; one that is right is
        // given back.
        let tried = || Tried::As(from, name.to_owned());
        self.failures.take(Tried::From(from), now).map_err(Refusal::Wait)?;
        self.failures.take(tried(), now).map_err(Refusal::Wait)?;
        let hash = known.as_ref().and_then(|known| known.password.clone());
        let Ok(place) = tokio::time::timeout(QUEUE_TIME, self.hashes.acquire()).await else {
            return Err(Refusal::Wait(QUEUE_TIME));
        };
        let right = self.verify(password, hash.as_deref().unwrap_or(NOBODY)).await;
        drop(place);
        match known {
            Some(Credential { account, password: Some(hash) }) if right => {
                self.failures.give_back(Tried::From(from), now);
                self.failures.give_back(tried(), now);
                self.remember(shown, hash, now);
                Ok(Some(account))
            }
            _ => Ok(None),
        }
    }

    async fn verify(&self, password: &str, hash: &str) -> bool {
        // Blocks one worker of the pool and no more: the places above are few.
        tokio::task::block_in_place(|| self.store.verify(password, hash))
    }

    fn shown(&self, name: &str, password: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name.as_bytes());
        hash.update(password.as_bytes());
        hash.finalize().into()
    }

    /// Whether this was proved against the same hash not long ago: another password or a password
    /// taken away is felt at once.
    fn remembers(&self, shown: &[u8; 32], hash: &str, now: Instant) -> bool {
        let all = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(shown).is_some_and(|(had, at)| had == hash && now.duration_since(*at) < REMEMBERED)
    }

    fn remember(&self, shown: [u8; 32], hash: String, now: Instant) {
        let mut all = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_REMEMBERED {
            all.retain(|_, (_, at)| now.duration_since(*at) < REMEMBERED);
            if all.len() >= MAX_REMEMBERED {
                all.clear();
            }
        }
        all.insert(shown, (hash, now));
    }
}

/// A hash of a password that nobody has: of the same cost as the others.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_or_nothing_is() {
        let basic = format!("basic {}", STANDARD.encode("siem:p:w"));
        match Secret::read(&basic) {
            Some(Secret::Basic(name, password)) => {
                assert_eq!((name.as_str(), password.as_str()), ("siem", "p:w"));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(Secret::read("Bearer abc"), Some(Secret::Bearer(_))));
        assert!(matches!(Secret::read("Token abc"), Some(Secret::Bearer(_))));
        let long = format!("Basic {}", STANDARD.encode(vec![b'x'; 4_000]));
        for bad in ["", "Basic", "Basic !!", "Basic eA==", "Digest x", "Bearer ", &long] {
            assert!(Secret::read(bad).is_none(), "{bad}");
        }
    }
}
