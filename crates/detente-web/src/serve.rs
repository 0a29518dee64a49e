//! Listening and answering.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use detente_taxii::{
    Account, House, MAX_BODY, Method, Moment, Request, Response, Shelf, TAXII, refusal,
    refuse_body, serve,
};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;

use crate::audit::{AuditLog, Event};
use crate::body::{self, Leaving};
use crate::line::Watched;
use crate::login::{Porter, Refusal, Secret, Store, network};
use crate::rate::{Measures, Rate};
use crate::tls::Tls;

/// Connections at once.
pub const MAX_CONNECTIONS: usize = 1_024;
/// The handshake may take so long.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// The head of a request may take so long; between two requests a line may rest so long.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// A client that takes nothing is waited for so long.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most bytes of one request's headers.
const MAX_HEAD: usize = 32 * 1024;
/// Lines of one address at once: nobody takes all places.
const MAX_LINES: usize = 128;
/// The bytes of answers that clients have not taken yet, over all lines.
const MAX_LEAVING: usize = 256 * 1024 * 1024;
/// Requests that are answered from the shelf at once: each holds a way to it with its memory.
const WAYS: usize = 8;
/// A body waits so long for room, and a request for a way to the shelf.
const ROOM_TIME: Duration = Duration::from_secs(10);
/// What the audit keeps of a path that was refused. Bytes.
const MAX_ASKED: usize = 512;
/// The bytes of bodies that are held at once, over all lines.
const MAX_HELD: usize = 4 * MAX_BODY;

/// Opens one more way to the shelf.
pub type Opener = Box<dyn Fn() -> Result<Box<dyn Shelf + Send>, String> + Send + Sync>;

/// What a service stands on.
pub struct Ground {
    /// What there is now.
    pub house: Box<dyn Fn() -> House + Send + Sync>,
    /// The time now.
    pub clock: Box<dyn Fn() -> Moment + Send + Sync>,
    /// Opens a way to the shelf.
    pub open: Opener,
    /// Where accounts lie.
    pub accounts: Box<dyn Store>,
    /// Random bytes.
    pub key: [u8; 32],
    /// How often an account may ask.
    pub rate: Rate,
    /// Where it is written down.
    pub audit: AuditLog,
}

/// What answers.
pub struct Service {
    house: Box<dyn Fn() -> House + Send + Sync>,
    clock: Box<dyn Fn() -> Moment + Send + Sync>,
    shelves: Shelves,
    porter: Porter,
    rates: Measures<String>,
    audit: AuditLog,
    held: Arc<Semaphore>,
    leaving: Arc<Semaphore>,
    ways: Semaphore,
}

/// Ways to the shelf: as many as were used at once, [`WAYS`] at most.
struct Shelves {
    idle: Mutex<Vec<Box<dyn Shelf + Send>>>,
    open: Opener,
}

impl Shelves {
    fn with<T>(&self, deed: impl FnOnce(&mut dyn Shelf) -> T) -> Result<T, String> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut shelf = idle.map_or_else(&self.open, Ok)?;
        let done = deed(&mut *shelf);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(shelf);
        Ok(done)
    }
}

impl Service {
    /// A service on this ground.
    pub fn new(ground: Ground) -> Service {
        let Ground { house, clock, open, accounts, key, rate, audit } = ground;
        Service {
            house,
            clock,
            shelves: Shelves { idle: Mutex::default(), open },
            porter: Porter::new(accounts, key),
            rates: Measures::new(rate),
            audit,
            held: Arc::new(Semaphore::new(MAX_HELD)),
            leaving: Arc::new(Semaphore::new(MAX_LEAVING)),
            ways: Semaphore::new(WAYS),
        }
    }

    /// An answer as it goes on the line. Its bytes count until the client has taken them.
    async fn reply(
        &self,
        request: hyper::Request<Incoming>,
        from: &From,
    ) -> hyper::Response<Leaving> {
        let mut answer = self.answer(request, from).await;
        let counted =
            |answer: &Answer| u32::try_from(answer.response.body.len()).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.leaving).acquire_many_owned(counted(&answer));
        let room = timeout(ROOM_TIME, room).await.ok().and_then(Result::ok);
        if room.is_none() {
            answer = Answer::busy("others are taking much: try again");
        }
        answer.into_http().map(|body| Leaving::new(body, room))
    }

    async fn answer(&self, request: hyper::Request<Incoming>, from: &From) -> Answer {
        let now = (self.clock)();
        let (head, incoming) = request.into_parts();
        let secret = secret(&head.headers, from);
        let account = match self.porter.admit(secret.as_ref(), from.address.ip()).await {
            Ok(account) => account,
            Err(refused) => return self.turned_away(refused, secret.as_ref(), from, now),
        };
        if let Err(wait) = self.rates.take(account.name.clone(), Instant::now().into_std()) {
            return Answer::wait(wait, "the account asks more often than it may");
        }
        if head.headers.contains_key(header::CONTENT_ENCODING) {
            return Answer::of(refusal(415, "content_encoding", "send the body as it is"));
        }
        let method = match head.method {
            hyper::Method::GET => Method::Get,
            hyper::Method::POST => Method::Post,
            hyper::Method::DELETE => Method::Delete,
            _ => {
                let mut response = refusal(405, "method", "GET, POST and DELETE are taken here");
                response.headers.push(("Allow", "GET, POST, DELETE".to_owned()));
                return Answer::of(response);
            }
        };
        let mut request = Request {
            method,
            path: head.uri.path(),
            query: head.uri.query().unwrap_or(""),
            accept: text(&head.headers, header::ACCEPT),
            content_type: text(&head.headers, header::CONTENT_TYPE),
            body: &[],
        };
        if method == Method::Post
            && let Some(refused) = refuse_body(&(self.house)(), &account, &request)
        {
            body::pass_over(incoming).await;
            return Answer::of(refused);
        }
        let said = text(&head.headers, header::CONTENT_LENGTH).parse::<usize>().ok();
        // Bodies share the room that there is for them; who does not say how much takes the most.
        let room = match method {
            Method::Post => said.unwrap_or(MAX_BODY).min(MAX_BODY),
            Method::Get | Method::Delete => 0,
        };
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        let Ok(Ok(_room)) = timeout(ROOM_TIME, self.held.acquire_many(room)).await else {
            return Answer::busy("others are sending much: try again");
        };
        let body =
            match body::whole(incoming, if method == Method::Post { MAX_BODY } else { 0 }).await {
                Ok(body) => body,
                Err(refused) => return Answer::of(refused_body(&refused)),
            };
        request.body = &body;
        let Ok(Ok(_way)) = timeout(ROOM_TIME, self.ways.acquire()).await else {
            return Answer::busy("others are asking much: try again");
        };
        tokio::task::block_in_place(|| self.act(&account, &request, from, now))
    }

    /// Answers a request of a known account, and writes down what it gives away.
    fn act(&self, account: &Account, request: &Request<'_>, from: &From, now: Moment) -> Answer {
        let house = (self.house)();
        let answered = self.shelves.with(|shelf| serve(&house, account, request, now, shelf));
        let response = match answered {
            Ok(response) => response,
            Err(error) => {
                tracing::error!("the shelf can't be opened: {error}");
                return Answer::of(refusal(500, "store", "the store failed; nothing was changed"));
            }
        };
        let (time, address) = (now.to_string(), from.address.to_string());
        // How many these may be is bounded by the account's rate.
        let refused = match response.status {
            403 => Some("forbidden"),
            404 => Some("not_found"),
            _ => None,
        };
        let end = request.path.floor_char_boundary(MAX_ASKED);
        let path = request.path.get(..end).unwrap_or_default();
        let asked = refused.map(|_| format!("{} {path}", request.method.name()));
        let event = Event {
            time: &time,
            account: &account.name,
            from: &address,
            status: response.status,
            refused,
            asked: asked.as_deref(),
            audit: response.audit.as_ref(),
        };
        if (response.audit.is_some() || refused.is_some())
            && let Err(error) = self.audit.write(event)
        {
            tracing::error!("the audit can't be written: {error}");
            let words = "what would leave can't be written down; nothing leaves";
            return Answer::of(refusal(500, "audit", words));
        }
        Answer::of(response)
    }

    fn turned_away(
        &self,
        refused: Refusal,
        secret: Option<&Secret>,
        from: &From,
        now: Moment,
    ) -> Answer {
        let name = match secret {
            Some(Secret::Basic(name, _)) => name.as_str(),
            _ => "",
        };
        let answer = match refused {
            Refusal::Missing => {
                return Answer::challenge(
                    "show a name and password, a bearer token or a \
                                          certificate that the house knows",
                );
            }
            Refusal::Wrong => Answer::challenge("no account is proved by what was shown"),
            // Not written down: nothing bounds how many there are.
            Refusal::Wait(wait) => return Answer::wait(wait, "too many tries failed"),
            Refusal::Failed(error) => {
                tracing::error!("accounts can't be read: {error}");
                return Answer::of(refusal(500, "store", "the store failed"));
            }
        };
        let (time, address) = (now.to_string(), from.address.to_string());
        let event = Event {
            time: &time,
            account: name,
            from: &address,
            status: answer.response.status,
            refused: Some("login"),
            asked: None,
            audit: None,
        };
        if let Err(error) = self.audit.write(event) {
            tracing::error!("the audit can't be written: {error}");
        }
        answer
    }
}

/// Who is at the other end of a line.
struct From {
    address: SocketAddr,
    certificate: Option<[u8; 32]>,
}

/// An answer on its way.
struct Answer {
    response: Response,
}

impl Answer {
    fn of(response: Response) -> Answer {
        Answer { response }
    }

    fn challenge(words: &str) -> Answer {
        let mut response = refusal(401, "unauthenticated", words);
        let realm = "Basic realm=\"detente\", charset=\"UTF-8\"";
        response.headers.push(("WWW-Authenticate", realm.to_owned()));
        response.headers.push(("WWW-Authenticate", "Bearer realm=\"detente\"".to_owned()));
        Answer { response }
    }

    fn busy(words: &str) -> Answer {
        let mut response = refusal(503, "busy", words);
        response.headers.push(("Retry-After", "5".to_owned()));
        Answer { response }
    }

    fn wait(wait: Duration, words: &str) -> Answer {
        let mut response = refusal(429, "too_many_requests", words);
        response.headers.push(("Retry-After", wait.as_secs().saturating_add(1).to_string()));
        Answer { response }
    }

    fn into_http(self) -> hyper::Response<Full<Bytes>> {
        let Response { status, headers, body, .. } = self.response;
        let mut answer = hyper::Response::new(Full::new(Bytes::from(body)));
        *answer.status_mut() =
            hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
        let fixed = [
            (header::CONTENT_TYPE, TAXII),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        for (name, value) in fixed {
            answer.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        for (name, value) in headers {
            let name = HeaderName::try_from(name);
            if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
                answer.headers_mut().append(name, value);
            }
        }
        answer
    }
}

fn secret(headers: &HeaderMap, from: &From) -> Option<Secret> {
    match headers.get(header::AUTHORIZATION) {
        Some(value) => Secret::read(value.to_str().ok()?),
        None => from.certificate.map(Secret::Certificate),
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
}

fn refused_body(refused: &body::Refusal) -> Response {
    match refused {
        body::Refusal::TooLarge => {
            let words = format!("the body is larger than {MAX_BODY} bytes: send it in parts");
            refusal(413, "body_too_large", &words)
        }
        body::Refusal::TooSlow => refusal(408, "body_too_slow", "the body takes too long"),
        body::Refusal::Cut => refusal(400, "body_cut", "the body broke off"),
    }
}

/// A server that listens, until it is dropped.
pub struct Listening {
    /// Where it listens: with the port that the system chose, if 0 was asked for.
    pub address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Listens for tools on `host:port`. Without TLS on a loopback address alone: for a proxy on this
/// machine that ends TLS.
///
/// # Errors
/// The address can't be had, or is not this machine's alone where there is no TLS.
pub async fn listen(
    address: &str,
    tls: Option<&Tls>,
    service: Arc<Service>,
) -> std::io::Result<Listening> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    if tls.is_none() && !address.ip().is_loopback() {
        let words = "plain HTTP is answered on loopback addresses alone";
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, words));
    }
    let acceptor = tls.map(|tls| TlsAcceptor::from(Arc::clone(&tls.config)));
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let lines = Lines::default();
    let task = tokio::spawn(async move {
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let (tcp, address) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, most often: let some lines end first.
                    tracing::warn!("accepting a connection failed: {error}");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
            };
            let Some(counted) = lines.enter(address.ip()) else {
                tracing::debug!(%address, "too many lines of one address");
                continue;
            };
            let (acceptor, service) = (acceptor.clone(), Arc::clone(&service));
            tokio::spawn(async move {
                line(acceptor, tcp, address, service).await;
                drop((place, counted));
            });
        }
    });
    Ok(Listening { address, task })
}

/// How many lines each address has.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A line that is counted until it is dropped.
struct Counted(Lines, IpAddr);

impl Lines {
    fn enter(&self, address: IpAddr) -> Option<Counted> {
        let address = network(address);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(address).or_default();
        if *count >= MAX_LINES {
            return None;
        }
        *count += 1;
        Some(Counted(self.clone(), address))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut all = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.1);
            }
        }
    }
}

/// Serves one line to its end.
async fn line(
    acceptor: Option<TlsAcceptor>,
    tcp: TcpStream,
    address: SocketAddr,
    service: Arc<Service>,
) {
    let _ = tcp.set_nodelay(true);
    let Some(acceptor) = acceptor else {
        return answer(tcp, From { address, certificate: None }, service).await;
    };
    let Ok(Ok(tls)) = timeout(HANDSHAKE_TIME, acceptor.accept(tcp)).await else {
        tracing::debug!(%address, "a handshake failed");
        return;
    };
    let shown = tls.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let certificate = shown.map(|certificate| Sha256::digest(certificate.as_ref()).into());
    answer(tls, From { address, certificate }, service).await;
}

/// Answers what comes on a line.
async fn answer(
    line: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    from: From,
    service: Arc<Service>,
) {
    let address = from.address;
    let from = Arc::new(from);
    let io = TokioIo::new(Watched::new(line, PATIENCE));
    let answer = service_fn(move |request| {
        let (service, from) = (Arc::clone(&service), Arc::clone(&from));
        async move { Ok::<_, Infallible>(service.reply(request, &from).await) }
    });
    // HTTP/1.1 alone: a stream of HTTP/2 whose client opens no window holds its answer for ever.
    let ended = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(MAX_HEAD)
        .serve_connection(io, answer)
        .await;
    if let Err(error) = ended {
        tracing::debug!(%address, "a line ended: {error}");
    }
}
