//! One client of one server: a request goes, a bounded answer comes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use detente_taxii::client::{ACCEPT, Answer, Ask, ClientFault, MAX_ANSWER, Proof, Trust};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;
use zeroize::Zeroizing;

use crate::secrets::Secrets;
use crate::tls::{Stranger, TlsFault, config};

/// The largest head of an answer. Bytes.
pub const MAX_HEAD: usize = 64 * 1024;
/// The most headers of an answer. Count.
pub const MAX_HEADERS: usize = 100;

/// Answers before the answer (1xx) that are passed over. Count.
pub const MAX_INTERIM: u32 = 100;

/// How long a server is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// For a connection with TLS on it.
    pub connect: Duration,
    /// For the head of an answer, and for each part of its body.
    pub part: Duration,
    /// For a request and all of its answer.
    pub whole: Duration,
}

impl Default for Times {
    fn default() -> Times {
        Times {
            connect: Duration::from_secs(20),
            // There are servers that search for a minute before they begin to answer.
            part: Duration::from_secs(120),
            whole: Duration::from_secs(600),
        }
    }
}

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// The line could not be had, or was cut: it may pass.
    #[error("{0}")]
    Cut(String),
    /// A line that was kept ended before any of the answer came. Whether the server has done what
    /// was asked, nobody knows.
    #[error("{0}")]
    Ended(String),
    /// The server is not the one that was meant, as far as its certificate says.
    #[error("the server's certificate is not trusted: {0}")]
    Untrusted(String),
    /// The server does not come to TLS with this client.
    #[error("the server refuses TLS: {0}")]
    Tls(String),
    /// The answer is larger than is read.
    #[error("the answer is larger than {MAX_ANSWER} bytes")]
    TooLarge,
    /// The credentials can't stand in a header.
    #[error("the credentials hold characters that HTTP can't carry")]
    Credentials,
}

impl LineFault {
    /// A stable machine name.
    pub const fn code(&self) -> &'static str {
        match self {
            LineFault::Cut(_) | LineFault::Ended(_) => "feed_cut",
            LineFault::Untrusted(_) => "feed_untrusted",
            LineFault::Tls(_) => "feed_tls",
            LineFault::TooLarge => "feed_page_too_large",
            LineFault::Credentials => "feed_credentials",
        }
    }
}

/// As a fault of the protocol, where nothing finer can be done about it.
impl From<LineFault> for ClientFault {
    fn from(fault: LineFault) -> ClientFault {
        match fault {
            LineFault::TooLarge => ClientFault::PageTooLarge { max: MAX_ANSWER },
            fault => ClientFault::Cut(fault.to_string()),
        }
    }
}

/// A line to a server.
type Line = SendRequest<Full<Bytes>>;

/// A client of one server. It keeps its connection as long as the server does; one that has ended a
/// line under a request gets a new one for each.
pub struct Client {
    server: Url,
    tls: Option<(Arc<ClientConfig>, Stranger)>,
    trust: Trust,
    secrets: Secrets,
    authorization: Option<HeaderValue>,
    times: Times,
    runtime: Runtime,
    line: Option<Line>,
    keeps: bool,
}

/// Says nothing of its credentials.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("server", &self.server.as_str()).finish_non_exhaustive()
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum NoClient {
    /// TLS can't be had.
    #[error(transparent)]
    Tls(#[from] TlsFault),
    /// The credentials are unusable.
    #[error(transparent)]
    Line(#[from] LineFault),
    /// The system refuses.
    #[error("the system gives no runtime: {0}")]
    System(#[from] std::io::Error),
}

impl NoClient {
    /// A stable machine name.
    pub const fn code(&self) -> &'static str {
        match self {
            NoClient::Tls(fault) => fault.code(),
            NoClient::Line(fault) => fault.code(),
            NoClient::System(_) => "runtime",
        }
    }
}

impl Client {
    /// A client of the server of this address, which must be one that
    /// [`detente_taxii::client::address`] takes. No connection is made yet.
    ///
    /// # Errors
    /// [`NoClient`].
    pub fn new(
        server: Url,
        trust: &Trust,
        proof: &Proof,
        times: Times,
    ) -> Result<Client, NoClient> {
        let tls = match server.scheme() {
            "https" => Some(config(trust, proof)?),
            _ => None,
        };
        let authorization = authorization(proof)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (trust, secrets) = (trust.clone(), Secrets::of(proof));
        Ok(Client {
            server,
            tls,
            trust,
            secrets,
            authorization,
            times,
            runtime,
            line: None,
            keeps: true,
        })
    }

    /// Sends a request and waits for its answer. A request that may have been served is not sent
    /// again: there are servers whose next answer would be another one.
    ///
    /// # Errors
    /// [`LineFault`].
    pub fn send(&mut self, ask: &Ask) -> Result<Answer, LineFault> {
        let request = self.request(ask)?;
        let whole = self.times.whole;
        let kept = self.line.take();
        let (server, tls, times) = (&self.server, self.tls.as_ref(), self.times);
        let trust = &self.trust;
        let done = self.runtime.block_on(async {
            let went = async {
                let mut request = request;
                if let Some(mut line) = still_open(kept).await {
                    request = match exchange(&mut line, request, times).await {
                        Ok(answer) => return Ok((answer, line)),
                        // Not a byte of it went: it is nothing new to ask once more.
                        Err(Broken { unsent: Some(unsent), .. }) => *unsent,
                        Err(Broken { fault: LineFault::Cut(why), begun: false, .. }) => {
                            return Err(LineFault::Ended(why));
                        }
                        Err(broken) => return Err(broken.fault),
                    };
                }
                let mut line = connect(server, (tls, trust), times).await?;
                match exchange(&mut line, request, times).await {
                    Ok(answer) => Ok((answer, line)),
                    Err(Broken { fault: LineFault::Cut(why), begun: false, .. })
                        if tls.is_some() =>
                    {
                        let hint = "a server that asks for a client certificate may end it so";
                        Err(LineFault::Cut(format!("{why} ({hint})")))
                    }
                    Err(broken) => Err(broken.fault),
                }
            };
            timeout(whole, went).await.unwrap_or_else(|_| {
                Err(LineFault::Cut(format!("no whole answer in {} s", whole.as_secs())))
            })
        });
        if let Err(LineFault::Ended(_)) = &done {
            self.keeps = false;
        }
        let (mut answer, line) = done?;
        self.secrets.hide(&mut answer, ask.body.is_some());
        self.line = self.keeps.then_some(line);
        Ok(answer)
    }

    /// Takes the house's own secrets out of an answer that holds no objects.
    pub fn hide(&self, answer: &mut Answer) {
        self.secrets.hide_all(answer);
    }

    /// A text of a server without the house's own secrets.
    pub fn without_secrets(&self, text: &str) -> String {
        self.secrets.without(text)
    }

    fn request(&self, ask: &Ask) -> Result<Request<Full<Bytes>>, LineFault> {
        let bad = |_| LineFault::Cut(format!("{} is no target of a request", ask.target));
        let method = if ask.body.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder()
            .method(method)
            .uri(&ask.target)
            .header(header::HOST, self.host())
            .header(header::USER_AGENT, concat!("detente/", env!("CARGO_PKG_VERSION")))
            .header(header::ACCEPT, ACCEPT)
            .header(header::ACCEPT_ENCODING, "identity");
        if ask.body.is_some() {
            request = request.header(header::CONTENT_TYPE, ACCEPT);
        }
        if let Some(secret) = &self.authorization {
            request = request.header(header::AUTHORIZATION, secret);
        }
        let body = ask.body.as_ref().map_or_else(Bytes::new, |body| Bytes::copy_from_slice(body));
        request.body(Full::new(body)).map_err(bad)
    }

    /// Host and port, if that is not the usual one.
    fn host(&self) -> String {
        let host = self.server.host_str().unwrap_or_default();
        self.server.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

fn authorization(proof: &Proof) -> Result<Option<HeaderValue>, LineFault> {
    let text = match proof {
        Proof::Basic { user, password } => {
            let pair = Zeroizing::new(format!("{user}:{}", **password));
            Zeroizing::new(format!("Basic {}", *Zeroizing::new(STANDARD.encode(pair.as_bytes()))))
        }
        Proof::Bearer(token) => Zeroizing::new(format!("Bearer {}", **token)),
        Proof::Nobody | Proof::Certificate { .. } => return Ok(None),
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| LineFault::Credentials)?;
    value.set_sensitive(true);
    Ok(Some(value))
}

async fn connect(
    server: &Url,
    (tls, trust): (Option<&(Arc<ClientConfig>, Stranger)>, &Trust),
    times: Times,
) -> Result<Line, LineFault> {
    let cut = |error: &dyn fmt::Display| LineFault::Cut(error.to_string());
    let host = server.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = server.port_or_known_default().unwrap_or(443);
    let connected = async {
        let stream = TcpStream::connect((bare.as_str(), port)).await;
        let stream = stream.map_err(|error| LineFault::Cut(format!("{host}: {error}")))?;
        let _ = stream.set_nodelay(true);
        let Some((tls, stranger)) = tls else { return speak(stream).await };
        let name = ServerName::try_from(bare.clone()).map_err(|error| cut(&error))?;
        let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await;
        let refused = |error| handshake(&error, || stranger.words(trust));
        speak(stream.map_err(refused)?).await
    };
    timeout(times.connect, connected).await.unwrap_or_else(|_| {
        Err(LineFault::Cut(format!("{host}: no connection in {} s", times.connect.as_secs())))
    })
}

/// Whether a handshake failed for what the certificate is, for what either side speaks, or in
/// passing.
fn handshake(error: &std::io::Error, stranger: impl Fn() -> String) -> LineFault {
    let Some(why) = of_tls(error) else { return LineFault::Cut(format!("TLS: {error}")) };
    if let rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented = why {
        return LineFault::Untrusted(format!("{why}{}", stranger()));
    }
    refused_tls(why).map_or_else(|| LineFault::Cut(format!("TLS: {error}")), LineFault::Tls)
}

/// The error of TLS among the causes of one.
fn of_tls<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut error = Some(error);
    while let Some(this) = error {
        // What an error of the system was made of is not among its sources.
        let inner = this.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let inner = inner.and_then(|inner| inner.downcast_ref());
        if let Some(found) = inner.or_else(|| this.downcast_ref()) {
            return Some(found);
        }
        error = this.source();
    }
    None
}

/// Why the two sides do not come to TLS, if no waiting mends it.
pub(crate) fn refused_tls(error: &rustls::Error) -> Option<String> {
    use rustls::{AlertDescription as Alert, Error, PeerIncompatible as Peer};
    let words = match error {
        Error::AlertReceived(Alert::ProtocolVersion)
        | Error::PeerIncompatible(
            Peer::ServerDoesNotSupportTls12Or13 | Peer::ServerTlsVersionIsDisabledByOurConfig,
        ) => "it speaks neither TLS 1.2 nor 1.3".to_owned(),
        Error::AlertReceived(Alert::CertificateRequired) => {
            "it asks for a client certificate".to_owned()
        }
        Error::AlertReceived(
            alert @ (Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError),
        ) => format!("it does not take the client certificate ({alert:?})"),
        Error::AlertReceived(Alert::HandshakeFailure) | Error::PeerIncompatible(_) => {
            format!("no common way, or it asks for a client certificate ({error})")
        }
        Error::AlertReceived(alert) => format!("its word is {alert:?}"),
        _ => return None,
    };
    Some(words)
}

async fn speak<S>(stream: S) -> Result<Line, LineFault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (line, connection) = Builder::new()
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| LineFault::Cut(error.to_string()))?;
    tokio::spawn(async move {
        // What breaks it is said to whoever waits for an answer on it.
        let _ = connection.await;
    });
    Ok(line)
}

/// A kept line, unless the server has ended it meanwhile.
async fn still_open(kept: Option<Line>) -> Option<Line> {
    let mut line = kept?;
    // What came on the line while it lay idle is looked at only when this thread has time.
    for _ in 0..2 {
        tokio::task::yield_now().await;
    }
    (!line.is_closed() && line.ready().await.is_ok()).then_some(line)
}

/// An exchange that failed.
struct Broken {
    fault: LineFault,
    /// Whether any of the answer had come.
    begun: bool,
    /// The request, if nothing of it went.
    unsent: Option<Box<Request<Full<Bytes>>>>,
}

async fn exchange(
    line: &mut Line,
    mut request: Request<Full<Bytes>>,
    times: Times,
) -> Result<Answer, Broken> {
    let cut = |words: String, begun| Broken { fault: LineFault::Cut(words), begun, unsent: None };
    let slow = || format!("nothing came for {} s", times.part.as_secs());
    let flood = Arc::new(Notify::new());
    let (many, interim) = (Arc::clone(&flood), AtomicU32::new(0));
    hyper::ext::on_informational(&mut request, move |_| {
        if interim.fetch_add(1, Ordering::Relaxed) >= MAX_INTERIM {
            many.notify_one();
        }
    });
    let sent = async {
        tokio::select! {
            biased;
            () = flood.notified() => None,
            sent = line.try_send_request(request) => Some(sent),
        }
    };
    let sent = timeout(times.part, sent).await;
    let Some(sent) = sent.map_or_else(|late| Some(Err(late)), |sent| sent.map(Ok)) else {
        return Err(cut(format!("more than {MAX_INTERIM} answers before the answer"), true));
    };
    let response = match sent {
        Ok(Ok(response)) => response,
        Ok(Err(mut error)) => {
            let unsent = error.take_message().map(Box::new);
            let error = error.into_error();
            if let Some(why) = of_tls(&error).and_then(refused_tls) {
                let fault = LineFault::Tls(why);
                return Err(Broken { fault, begun: true, unsent: None });
            }
            // An answer that is no HTTP has begun.
            return Err(Broken { unsent, ..cut(chain(&error), error.is_parse()) });
        }
        Err(_) => return Err(cut(slow(), true)),
    };
    let mut answer = head(&response);
    // What came in one piece, hyper takes though it is longer.
    let size = |(name, value): (&hyper::header::HeaderName, &HeaderValue)| {
        name.as_str().len() + value.len()
    };
    if response.headers().iter().map(size).sum::<usize>() > MAX_HEAD {
        return Err(cut("its head is longer than is read".to_owned(), true));
    }
    let mut body = response.into_body();
    if let Some(said) = hyper::body::Body::size_hint(&body).exact()
        && said > MAX_ANSWER as u64
    {
        return Err(Broken { fault: LineFault::TooLarge, begun: true, unsent: None });
    }
    loop {
        let frame = match timeout(times.part, body.frame()).await {
            Ok(None) => return Ok(answer),
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(error))) => return Err(cut(chain(&error), true)),
            Err(_) => return Err(cut(slow(), true)),
        };
        let Ok(part) = frame.into_data() else { continue };
        if answer.body.len() + part.len() > MAX_ANSWER {
            return Err(Broken { fault: LineFault::TooLarge, begun: true, unsent: None });
        }
        answer.body.extend_from_slice(&part);
    }
}

/// Status and headers; a header that is no text is left out.
fn head(response: &Response<Incoming>) -> Answer {
    let headers = response.headers().iter().filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    });
    Answer { status: response.status().as_u16(), headers: headers.collect(), body: Vec::new() }
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}
