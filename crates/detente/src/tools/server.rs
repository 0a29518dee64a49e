//! The TAXII server of a serving node.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordVerifier as _};
use clap::Args;
use detente_store::{AccountRow, SqliteShelf};
use detente_taxii::Account;
use detente_web::{AuditLog, Credential, Ground, Listening, Rate, Service, Store, Tls};

use super::offer::house;
use super::views::{Counter, Views};
use super::{now, open_shelf, shelf_path};
use crate::command::Engine;
use crate::fail::{Failure, chain};
use crate::home::{Home, read_bounded, write_secret, write_with_mode};

/// Longest certificate or key file. Bytes.
const MAX_PEM: u64 = 256 * 1024;

/// The TAXII server for tools of the house.
#[derive(Clone, Debug, Default, Args)]
pub struct TaxiiArgs {
    /// Answer tools of the house by TAXII 2.1 on HOST:PORT too.
    #[arg(long, value_name = "HOST:PORT")]
    pub taxii: Option<String>,
    /// The server's certificate, PEM; without it one that signs itself is made and kept in the
    /// home.
    #[arg(long, value_name = "FILE", requires_all = ["taxii", "tls_key"])]
    pub tls_certificate: Option<PathBuf>,
    /// The key of the certificate, PEM.
    #[arg(long, value_name = "FILE", requires_all = ["taxii", "tls_certificate"])]
    pub tls_key: Option<PathBuf>,
    /// A name or address that the certificate of its own is for, beside localhost; may be repeated.
    #[arg(long, value_name = "NAME", requires = "taxii", conflicts_with = "tls_certificate")]
    pub tls_name: Vec<String>,
    /// Speak plain HTTP, on loopback alone: for a proxy on this machine that ends TLS. Failed
    /// logins of all who come through it count together; client certificates prove nothing.
    #[arg(long, requires = "taxii",
        conflicts_with_all = ["tls_certificate", "tls_key", "tls_name"])]
    pub taxii_plain: bool,
    /// Requests of one account: at most so many a second, and twice as many at once.
    #[arg(long, value_name = "COUNT", requires = "taxii", default_value_t = 1_000,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub taxii_rate: u32,
}

/// Accounts on the shelf.
struct Accounts(std::sync::Mutex<SqliteShelf>);

impl Accounts {
    fn find(
        &self,
        find: impl FnOnce(&SqliteShelf) -> Result<Option<AccountRow>, detente_taxii::ShelfError>,
    ) -> Result<Option<AccountRow>, String> {
        let shelf = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        find(&shelf).map_err(|error| error.to_string())
    }
}

impl Store for Accounts {
    fn by_name(&self, name: &str) -> Result<Option<Credential>, String> {
        let row = self.find(|shelf| shelf.account(name))?;
        Ok(row.map(|row| Credential { account: row.account, password: row.password }))
    }

    fn by_token(&self, hash: &[u8; 32]) -> Result<Option<Account>, String> {
        Ok(self.find(|shelf| shelf.account_of_token(hash))?.map(|row| row.account))
    }

    fn by_certificate(&self, hash: &[u8; 32]) -> Result<Option<Account>, String> {
        Ok(self.find(|shelf| shelf.account_of_certificate(hash))?.map(|row| row.account))
    }

    fn verify(&self, password: &str, hash: &str) -> bool {
        let parsed = PasswordHash::new(hash);
        parsed
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    }
}

/// Begins to answer tools, if it is asked for.
pub fn start(
    home: &Home,
    engine: &Engine,
    runtime: &tokio::runtime::Runtime,
    args: &TaxiiArgs,
) -> Result<Option<Listening>, Failure> {
    let Some(address) = &args.taxii else { return Ok(None) };
    let tls = if args.taxii_plain { None } else { Some(tls(home, args)?) };
    let mut key = [0; 32];
    crate::keystore::random(&mut key)?;
    let audit = home.dir().join("taxii-audit.ndjson");
    let audit = AuditLog::open(&audit).map_err(|error| Failure::io("opening", &audit, &error))?;
    let accounts = Accounts(std::sync::Mutex::new(open_shelf(home)?));
    let title = engine.shared.lock().card().value().name.clone();
    let path = shelf_path(home);
    let views = Views::start(home, engine, runtime)?;
    let offered = Arc::clone(&views);
    let service = Service::new(Ground {
        house: Box::new(move || house(&title, &offered.offers())),
        clock: Box::new(now),
        open: Box::new(move || match SqliteShelf::open(&path) {
            Ok(shelf) => Ok(Box::new(Counter::new(shelf, Arc::clone(&views)))),
            Err(error) => Err(chain(&error)),
        }),
        accounts: Box::new(accounts),
        key,
        rate: Rate {
            burst: 2.0 * f64::from(args.taxii_rate),
            per_second: f64::from(args.taxii_rate),
        },
        audit,
    });
    let listening = runtime
        .block_on(detente_web::listen(address, tls.as_ref(), Arc::new(service)))
        .map_err(|error| {
            let words = format!("listening for tools on {address}: {error}");
            let remedy = match address.contains(':') {
                true => "choose another address with --taxii",
                false => "give --taxii a host and a port, as in 127.0.0.1:8443",
            };
            Failure::environment("listen", words, remedy)
        })?;
    match &tls {
        Some(tls) => tracing::info!(
            "tools are answered at https://{}/taxii2/, certificate SHA-256 {}",
            listening.address,
            hex::encode(tls.fingerprint())
        ),
        None => tracing::info!("tools are answered at http://{}/taxii2/", listening.address),
    }
    Ok(Some(listening))
}

/// The certificate that was given, or the home's own, which is made the first time.
fn tls(home: &Home, args: &TaxiiArgs) -> Result<Tls, Failure> {
    let (certificate, key) = match (&args.tls_certificate, &args.tls_key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        _ => own_certificate(home, &args.tls_name)?,
    };
    let read = |path: &Path| read_bounded(path, MAX_PEM);
    Tls::new(&read(&certificate)?, &read(&key)?).map_err(|error| {
        let words = format!("{} and {}: {error}", certificate.display(), key.display());
        Failure::environment("tls", words, "give a PEM certificate and its PEM key")
    })
}

/// The home's own certificate. It is made once, and anew if it is to be for other names: who has
/// pinned it keeps it over restarts.
fn own_certificate(home: &Home, names: &[String]) -> Result<(PathBuf, PathBuf), Failure> {
    let (certificate, key) = (home.dir().join("taxii.crt"), home.dir().join("taxii.key"));
    let mut all = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    for name in names {
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    // Text before the PEM block is nobody's but ours (RFC 7468 section 5.2).
    let heading = format!("for {}\n", all.join(" "));
    let had = std::fs::read_to_string(&certificate).unwrap_or_default();
    let serves = !had.is_empty() && (names.is_empty() || had.starts_with(&heading));
    if !(serves && key.exists()) {
        let (chain, secret) = detente_web::self_signed(&all)
            .map_err(|error| Failure::usage("tls_name", error, "give host names or addresses"))?;
        write_secret(&key, secret.as_bytes())?;
        write_with_mode(&certificate, format!("{heading}{chain}").as_bytes(), 0o644)?;
    }
    Ok((certificate, key))
}
