//! `feed add`: asks a server what it has, and keeps which of it the house reads or adds to.

use std::path::{Path, PathBuf};

use detente_core::Tlp;
use detente_home::fail::{Failure, exit};
use detente_home::home::read_bounded;
use detente_http::LineFault;
use detente_show::safe;
use detente_store::{FeedRow, Filled, SqliteShelf};
use detente_taxii::client::{
    ClientFault, Cursor, FEED_BYTES, Feed, FeedState, Found, MAX_EVERY, MAX_FEED, Proof, Seen,
    Trust, Unclear, Way, address, choose, seek,
};
use detente_taxii::{Level, Moment, Terms};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::drive::{self, Bound};
use crate::feeds::{Feeds, failed};
use crate::show::Shown;

/// The longest file with a certificate or a key. Bytes.
const MAX_PEM: u64 = 256 * 1024;
/// The longest file with the list of authorities. Bytes.
const MAX_AUTHORITIES: u64 = 4 * 1024 * 1024;
/// The longest file with a password or token. Bytes.
const MAX_SECRET: u64 = 16 * 1024;
/// How long a server may take to show what it has. Seconds.
const MAX_SEEK: u32 = 300;
/// The shortest time between two polls. Seconds.
const MIN_EVERY: u32 = 10;

/// A feed as an operator asks for it: words that nobody has read yet.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The address.
    pub url: String,
    /// What to call it; the host without it.
    pub name: Option<String>,
    /// The collection, by id, alias or title.
    pub collection: Option<String>,
    /// A user, whose password is in a file.
    pub password: Option<(String, PathBuf)>,
    /// The file of a bearer token.
    pub token: Option<PathBuf>,
    /// The files of a client certificate and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// The file of the authorities that are trusted.
    pub authorities: Option<PathBuf>,
    /// The SHA-256 of the server's certificate, in hex.
    pub pin: Option<String>,
    /// The colour of what is not marked.
    pub unmarked: Option<String>,
    /// The colour that everything has at least.
    pub at_least: Option<String>,
    /// How often.
    pub every: String,
    /// The most bytes that it may take here; none for the usual.
    pub max_bytes: Option<u64>,
    /// Whether own objects are added there, and the closest of these.
    pub push: Option<String>,
}

/// What was found, and what is kept of it.
#[derive(Serialize)]
pub struct Added {
    /// The feed.
    pub feed: Shown,
    /// Whether a feed of this name was there, which goes on where it was.
    pub renewed: bool,
    server: String,
    collections: Vec<Seeing>,
    passed_over: Vec<PassedOver>,
}

/// A collection that the server shows.
#[derive(Serialize)]
struct Seeing {
    root: String,
    id: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    can_read: bool,
    can_write: bool,
    chosen: bool,
}

/// An API root that would not be read.
#[derive(Serialize)]
struct PassedOver {
    root: String,
    code: &'static str,
    error: String,
}

impl Feeds {
    /// Asks a server what it has, and keeps a feed, or renews one.
    ///
    /// # Errors
    /// [`Failure`]; nothing was kept.
    pub fn add(&self, request: &Request) -> Result<Added, Failure> {
        let url = address(&request.url)
            .map_err(|fault| Failure::usage(fault.code(), &fault, fault.remedy()))?;
        let (way, every) = (way(request)?, every(&request.every)?);
        let (trust, proof) = (trust(request)?, proof(request)?);
        let host = || url.host_str().unwrap_or_default().trim_matches(['[', ']']).replace(':', "-");
        let name = request.name.clone().unwrap_or_else(host);
        check_name(&name)?;
        let times = detente_http::Times::default();
        let client = detente_http::Client::new(url.clone(), &trust, &proof, times);
        let mut client = client.map_err(|error| drive::no_client(&error))?;
        let mut lasting = None;
        let over = Bound::new(self.now(), Some(MAX_SEEK));
        let seen = seek(&url, &mut |ask| {
            if over.is_over(self.now()) {
                let words = format!("it has not shown all that it has in {MAX_SEEK} s");
                return Err(ClientFault::Cut(words));
            }
            let mut came = client.send(ask);
            if let Err(LineFault::Ended(_)) = came {
                // What is asked here may be asked twice.
                came = client.send(ask);
            }
            if let Ok(answer) = &mut came {
                client.hide(answer);
            }
            came.map_err(|fault| {
                lasting = drive::lasting(&fault);
                ClientFault::from(fault)
            })
        });
        let seen = seen.map_err(|fault| {
            let mut failure = lasting.take().unwrap_or_else(|| drive::sorted(&fault));
            if failure.exit == exit::LINE {
                // Nothing was kept that could be tried again without being told.
                let remedy = "check address, port and network, then try again";
                failure.remedy = Some(remedy.to_owned());
            }
            failure
        })?;
        let found = choose(&seen, request.collection.as_deref(), way.is_push())
            .map_err(|unclear| not_clear(&unclear, &seen))?;
        let feed = Feed {
            name,
            root: (*found.root).clone(),
            collection: found.id.clone(),
            title: found.title.clone(),
            way,
            every,
            max_content: found.max_content,
            max_bytes: request.max_bytes.unwrap_or(FEED_BYTES).clamp(1, i64::MAX.unsigned_abs()),
            trust,
            proof,
            made: self.now(),
        };
        let mut shelf = self.shelf()?;
        let (row, renewed) = row(&shelf, feed)?;
        if !shelf.put_feed(&row).map_err(|error| failed(&error))? {
            let words = format!("there are {} feeds already", detente_store::MAX_FEEDS);
            return Err(Failure::refused("too_many_feeds", words, "remove one that is not needed"));
        }
        let filled = shelf.filled(&row.feed.name).map_err(|error| failed(&error))?;
        Ok(told(&row, &filled, (&seen, found), renewed))
    }
}

/// The feed as it is kept: one of the same name and collection goes on where it was.
fn row(shelf: &SqliteShelf, feed: Feed) -> Result<(FeedRow, bool), Failure> {
    let cursor = Cursor::default().to_json();
    let fresh = FeedState { cursor, next: feed.made, ..FeedState::default() };
    let Some(old) = shelf.feed(&feed.name).map_err(|error| failed(&error))? else {
        return Ok((FeedRow { feed, state: fresh }, false));
    };
    let same = old.feed.root == feed.root
        && old.feed.collection == feed.collection
        && old.feed.way.is_push() == feed.way.is_push();
    if !same {
        let words = format!("{} is a feed of another collection", feed.name);
        let remedy = "choose another --name, or remove that one first";
        return Err(Failure::refused("feed_exists", words, remedy));
    }
    // What is to be held more openly or closely from now on does not change what came before. But
    // what was too close to go was passed over, and goes now.
    let more = matches!(
        (old.feed.way, feed.way),
        (Way::Push { clearance: before }, Way::Push { clearance: now }) if before < now
    );
    let cursor = if more { fresh.cursor.clone() } else { old.state.cursor };
    let state = FeedState { cursor, ..fresh };
    // A moment that is not the one before: a poll that is under way must not move the new feed.
    let next = Moment::of(old.feed.made.micros().saturating_add(1)).unwrap_or(feed.made);
    Ok((FeedRow { feed: Feed { made: feed.made.max(next), ..feed }, state }, true))
}

fn not_clear(unclear: &Unclear, seen: &Seen) -> Failure {
    let mut words = unclear.to_string();
    // What would not be read may be why nothing is there.
    for (root, fault) in seen.passed_over.iter().take(5) {
        words.push_str(&format!("; {root} was passed over: {fault}"));
    }
    let remedy = match unclear {
        Unclear::Several(_) => "name one with --collection, by id, alias or title",
        Unclear::Unknown(_) => "run it without --collection to see which there are",
        Unclear::None(_) | Unclear::Forbidden { .. } => {
            "check the credentials, or ask the server's operator for the right"
        }
    };
    let exit = if let Unclear::Several(_) | Unclear::Unknown(_) = unclear {
        exit::USAGE
    } else {
        exit::REFUSED
    };
    Failure::new(exit, unclear.code(), words, remedy)
}

fn told(row: &FeedRow, filled: &Filled, (seen, chosen): (&Seen, &Found), renewed: bool) -> Added {
    let collections = seen.collections.iter().map(|one| Seeing {
        root: one.root.to_string(),
        id: one.id.clone(),
        title: one.title.clone(),
        alias: one.alias.clone(),
        can_read: one.can_read,
        can_write: one.can_write,
        chosen: one == chosen,
    });
    let passed_over = seen.passed_over.iter().map(|(root, fault)| PassedOver {
        root: root.clone(),
        code: fault.code(),
        error: fault.to_string(),
    });
    Added {
        feed: Shown::of(row, 0, filled),
        renewed,
        server: seen.title.clone(),
        collections: collections.collect(),
        passed_over: passed_over.collect(),
    }
}

impl Added {
    /// For people.
    pub fn text(&self) -> String {
        let mut text = format!("{} shows\n", safe(&self.server));
        for one in &self.collections {
            let rights = match (one.can_read, one.can_write) {
                (true, true) => "read, write",
                (true, false) => "read",
                (false, true) => "write",
                (false, false) => "nothing",
            };
            let mark = if one.chosen { '*' } else { ' ' };
            text.push_str(&format!("{mark} {}  {}  ({rights})\n", safe(&one.id), safe(&one.title)));
        }
        for one in &self.passed_over {
            text.push_str(&format!("! {}: {}\n", safe(&one.root), safe(&one.error)));
        }
        text.push_str(&self.feed.text());
        let word = if self.feed.push { "push" } else { "poll" };
        let name = safe(&self.feed.name);
        text.push_str(&format!(
            "`detente feed {word} {name}` does it now; `serve` when it is due\n"
        ));
        text
    }
}

fn check_name(name: &str) -> Result<(), Failure> {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !name.is_empty() && name.len() <= MAX_FEED && name.chars().all(sound) {
        return Ok(());
    }
    let words = format!("{name:?} is no name of a feed");
    let remedy = "give --name with 1 to 64 letters, digits, dots, hyphens and underscores";
    Err(Failure::usage("bad_feed_name", words, remedy))
}

fn level(text: &str) -> Result<Level, Failure> {
    if text == "closed" { Ok(Level::CLOSED) } else { colour(text).map(Level::of) }
}

fn colour(text: &str) -> Result<Tlp, Failure> {
    text.parse::<Tlp>()
        .map_err(|error| Failure::usage("bad_tlp", error, "see `detente feed add --help`"))
}

fn way(request: &Request) -> Result<Way, Failure> {
    if let Some(clearance) = &request.push {
        return Ok(Way::Push { clearance: level(clearance)? });
    }
    let unmarked = request.unmarked.as_deref().map(colour).transpose()?;
    let at_least = request.at_least.as_deref().map(colour).transpose()?;
    Ok(Way::Read { terms: Terms { unmarked, at_least } })
}

/// Reads a length of time: a number of seconds, or with a unit.
fn every(text: &str) -> Result<u32, Failure> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..) {
        Some("" | "s") => Some(1),
        Some("m") => Some(60),
        Some("h") => Some(3_600),
        Some("d") => Some(24 * 3_600),
        _ => None,
    };
    let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse::<u32>().ok().filter(|_| whole);
    let seconds = number.zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
    seconds.filter(|seconds| (MIN_EVERY..=MAX_EVERY).contains(seconds)).ok_or_else(|| {
        let words = format!("{text:?} is no time between {MIN_EVERY} seconds and 30 days");
        Failure::usage("bad_time", words, "write it as 30s, 15m, 1h or 2d")
    })
}

fn trust(request: &Request) -> Result<Trust, Failure> {
    if let Some(file) = &request.authorities {
        return Ok(Trust::Authorities(read_bounded(file, MAX_AUTHORITIES)?));
    }
    let Some(text) = &request.pin else { return Ok(Trust::System) };
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    let mut pin = [0; 32];
    hex::decode_to_slice(&digits, &mut pin).map_err(|_| {
        let words = format!("{text:?} is no SHA-256 of a certificate");
        let remedy = "give 64 hex digits, as `openssl x509 -fingerprint -sha256` prints them";
        Failure::usage("bad_pin", words, remedy)
    })?;
    Ok(Trust::Pin(pin))
}

fn proof(request: &Request) -> Result<Proof, Failure> {
    if let Some((user, file)) = &request.password {
        if user.contains(':') || user.chars().any(char::is_control) {
            let words = format!("{user:?} is no user of HTTP: it holds a colon or a control");
            return Err(Failure::usage("bad_user", words, "check --user"));
        }
        return Ok(Proof::Basic { user: user.clone(), password: secret(file)? });
    }
    if let Some(file) = &request.token {
        return Ok(Proof::Bearer(secret(file)?));
    }
    if let Some((chain, key)) = &request.certificate {
        let key = Zeroizing::new(read_bounded(key, MAX_PEM)?);
        return Ok(Proof::Certificate { chain: read_bounded(chain, MAX_PEM)?, key });
    }
    Ok(Proof::Nobody)
}

/// One line of text from a file.
fn secret(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let bytes = Zeroizing::new(read_bounded(file, MAX_SECRET)?);
    let bad = |words: &str| {
        let words = format!("{}: {words}", file.display());
        Failure::usage("bad_secret", words, "write it as one line of UTF-8 text")
    };
    let text = std::str::from_utf8(&bytes).map_err(|_| bad("it is not UTF-8"))?;
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() || line.chars().any(char::is_control) {
        return Err(bad("it is empty, or more than one line"));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{check_name, every};

    #[test]
    fn times_and_names() {
        for (text, seconds) in
            [("10", 10), ("90s", 90), ("15m", 900), ("1h", 3_600), ("30d", 2_592_000)]
        {
            assert_eq!(every(text).ok(), Some(seconds), "{text}");
        }
        for bad in ["", "0", "9", "h", "-1h", "1.5h", "+90", "31d", "1w", "99999999999h", "1 h"] {
            assert!(every(bad).is_err(), "{bad}");
        }
        assert!(check_name("h.example-1_a").is_ok());
        for bad in ["", "a b", "feed:x", "\u{e9}", &"x".repeat(65)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
