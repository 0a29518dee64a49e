//! Real TLS on loopback: who gets in is decided by a pinned key and nothing else.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use detente_core::PartyId;
use detente_node::ports::LinkError;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, NamedGroup, ProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{A, B, Told, answer, asks};
use crate::{
    Identity, Listening, NetError, Pins, Session, dial, listen, new_transport_key, resolve,
};

const SOON: Duration = Duration::from_secs(8);

fn identity() -> Identity {
    Identity::new(&new_transport_key().unwrap()).unwrap()
}

/// Knows these.
fn pins(known: &[(PartyId, &Identity)]) -> Pins {
    let known: Vec<(PartyId, Vec<u8>)> =
        known.iter().map(|(party, identity)| (*party, identity.spki().to_vec())).collect();
    Arc::new(move |spki| known.iter().find(|(_, key)| key == spki).map(|(party, _)| *party))
}

/// A node that listens, and the sessions that begin there.
struct Server {
    identity: Identity,
    listening: Listening,
    begun: mpsc::UnboundedReceiver<Session>,
}

impl Server {
    async fn of(known: &[(PartyId, &Identity)]) -> Server {
        let identity = identity();
        let (begins, begun) = mpsc::unbounded_channel();
        let begins = Arc::new(move |session| {
            let _ = begins.send(session);
        });
        let listening = listen(&identity, "127.0.0.1:0", pins(known), Told::echo(), begins);
        Server { listening: listening.await.unwrap(), identity, begun }
    }

    fn address(&self) -> String {
        self.listening.address.to_string()
    }

    async fn dialled(&self, by: &Identity) -> Result<Session, NetError> {
        dial(by, (B, self.identity.spki().to_vec()), &self.address(), Told::echo()).await
    }

    /// That the server still serves who it knows.
    async fn still_serves(&mut self, known: &Identity) {
        let session = self.dialled(known).await.unwrap();
        assert_eq!(asks(&session, 5).await, Ok(answer(5)));
        let theirs = timeout(SOON, self.begun.recv()).await.unwrap().unwrap();
        assert_eq!(asks(&theirs, 6).await, Ok(answer(6)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn known_keys_talk_and_either_side_asks() {
    let a = identity();
    let mut server = Server::of(&[(A, &a)]).await;
    let ours = server.dialled(&a).await.unwrap();
    let theirs = timeout(SOON, server.begun.recv()).await.unwrap().unwrap();
    use detente_node::ports::Link as _;
    assert_eq!((ours.peer(), theirs.peer()), (B, A));
    // Only one of the two could be dialled; both ask.
    assert_eq!(asks(&ours, 1).await, Ok(answer(1)));
    assert_eq!(asks(&theirs, 2).await, Ok(answer(2)));
    theirs.close();
    timeout(SOON, ours.closed()).await.unwrap();
    assert_eq!(asks(&ours, 3).await, Err(LinkError::Cut));
    server.still_serves(&a).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_another_key_is_not_talked_to() {
    let (a, other) = (identity(), identity());
    let mut server = Server::of(&[(A, &a)]).await;
    let wrong = dial(&a, (B, other.spki().to_vec()), &server.address(), Told::echo()).await;
    assert!(matches!(wrong, Err(NetError::Tls { .. })));
    let mut almost = server.identity.spki().to_vec();
    *almost.last_mut().unwrap() ^= 1;
    let wrong = dial(&a, (B, almost), &server.address(), Told::echo()).await;
    assert!(matches!(wrong, Err(NetError::Tls { .. })));
    assert!(timeout(Duration::from_millis(200), server.begun.recv()).await.is_err());
    server.still_serves(&a).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_client_gets_no_session() {
    let (a, stranger) = (identity(), identity());
    let mut server = Server::of(&[(A, &a)]).await;
    // The client's handshake ends before the server has looked at its key (RFC 8446 §2).
    if let Ok(session) = server.dialled(&stranger).await {
        assert_eq!(asks(&session, 1).await, Err(LinkError::Cut));
        timeout(SOON, session.closed()).await.unwrap();
    }
    assert!(timeout(Duration::from_millis(200), server.begun.recv()).await.is_err());
    server.still_serves(&a).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_longer_known_is_refused_next_time() {
    let a = identity();
    let known = Arc::new(Mutex::new(true));
    let (spki, still) = (a.spki().to_vec(), Arc::clone(&known));
    let pins: Pins = Arc::new(move |key| (*still.lock().unwrap() && key == spki).then_some(A));
    let own = identity();
    let (begins, mut begun) = mpsc::unbounded_channel();
    let begins = Arc::new(move |session| drop(begins.send(session)));
    let listening = listen(&own, "127.0.0.1:0", pins, Told::echo(), begins).await.unwrap();
    let address = listening.address.to_string();
    let spki = own.spki().to_vec();
    let first = dial(&a, (B, spki.clone()), &address, Told::echo()).await.unwrap();
    assert_eq!(asks(&first, 1).await, Ok(answer(1)));
    assert!(timeout(SOON, begun.recv()).await.unwrap().is_some());
    *known.lock().unwrap() = false;
    if let Ok(session) = dial(&a, (B, spki), &address, Told::echo()).await {
        assert_eq!(asks(&session, 1).await, Err(LinkError::Cut));
    }
    assert!(timeout(Duration::from_millis(200), begun.recv()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_tls_1_3_with_the_hybrid_key_exchange() {
    let (a, b) = (identity(), identity());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(b.server(pins(&[(A, &a)])).unwrap());
    let server = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut tls = acceptor.accept(tcp).await.unwrap();
        tls.write_all(b"x").await.unwrap();
        tls.flush().await.unwrap();
        let connection = tls.get_ref().1;
        let group = connection.negotiated_key_exchange_group().unwrap().name();
        let key = connection.peer_certificates().unwrap()[0].as_ref().to_vec();
        (connection.protocol_version(), group, key, connection.server_name().map(str::to_owned))
    });
    let connector = TlsConnector::from(a.client(pins(&[(B, &b)])).unwrap());
    let tcp = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = connector.connect(name, tcp).await.unwrap();
    tls.read_u8().await.unwrap();
    let connection = tls.get_ref().1;
    let expected = (Some(ProtocolVersion::TLSv1_3), NamedGroup::X25519MLKEM768);
    let group = connection.negotiated_key_exchange_group().unwrap().name();
    assert_eq!((connection.protocol_version(), group), expected);
    assert_eq!(connection.peer_certificates().unwrap()[0].as_ref(), b.spki());
    let (version, group, key, sni) = server.await.unwrap();
    assert_eq!((version, group), expected);
    assert_eq!(key, a.spki());
    assert_eq!(sni, None, "no name goes over the line");
}

/// Tries a handshake with a client of another make; true if the server lets it ask something.
async fn gets_in(config: ClientConfig, server: &Server) -> bool {
    let connector = TlsConnector::from(Arc::new(config));
    let tcp = TcpStream::connect(server.listening.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let Ok(Ok(mut tls)) = timeout(SOON, connector.connect(name, tcp)).await else { return false };
    // A server that refuses the client's key says so after the client's handshake.
    let mut byte = [0];
    tls.write_all(&[0, 0, 0, 0]).await.is_ok()
        && matches!(timeout(SOON, tls.read(&mut byte)).await, Ok(Ok(1)))
}

/// A client configuration that believes every server.
fn believing(provider: rustls::crypto::CryptoProvider, raw: bool) -> BuilderOf {
    let verifier = Arc::new(Believing { raw });
    ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier)
}

type BuilderOf = rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>;

#[derive(Debug)]
struct Believing {
    raw: bool,
}

impl rustls::client::danger::ServerCertVerifier for Believing {
    fn verify_server_cert(
        &self,
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        vec![rustls::SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.raw
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_another_make_get_no_session() {
    let a = identity();
    let mut server = Server::of(&[(A, &a)]).await;
    // Without any key.
    let keyless = believing(aws_lc_rs::default_provider(), true).with_no_client_auth();
    assert!(!gets_in(keyless, &server).await);
    // With a certificate instead of a raw key, though of a key of its own.
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    for raw in [true, false] {
        let config = believing(aws_lc_rs::default_provider(), raw)
            .with_client_auth_cert(
                vec![certified.cert.der().clone()],
                PrivateKeyDer::Pkcs8(key.clone_key()),
            )
            .unwrap();
        assert!(!gets_in(config, &server).await);
    }
    // With the right raw key, but without the hybrid key exchange.
    let classical = rustls::crypto::CryptoProvider {
        kx_groups: vec![aws_lc_rs::kx_group::X25519, aws_lc_rs::kx_group::SECP256R1],
        ..aws_lc_rs::default_provider()
    };
    let resolver = rustls::client::AlwaysResolvesClientRawPublicKeys::new(a.certified());
    let config = believing(classical, true).with_client_cert_resolver(Arc::new(resolver));
    assert!(!gets_in(config, &server).await);
    assert!(timeout(Duration::from_millis(200), server.begun.recv()).await.is_err());
    server.still_serves(&a).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_the_port_disturbs_nobody() {
    let a = identity();
    let mut server = Server::of(&[(A, &a)]).await;
    let cases: [&[u8]; 6] = [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        &[0; 100],
        &[0xff; 70_000],
        &[0x16, 0x03, 0x01, 0xff, 0xff, 0x01, 0x00],
        &[0x16, 0x03, 0x03, 0x00, 0x05, 0x01, 0xff, 0xff, 0xff, 0x03],
    ];
    for case in cases {
        let mut tcp = TcpStream::connect(server.listening.address).await.unwrap();
        let _ = tcp.write_all(case).await;
        let _ = tcp.shutdown().await;
        let mut rest = Vec::new();
        let read = timeout(SOON, tcp.read_to_end(&mut rest)).await;
        assert!(read.is_ok(), "the connection is left open");
        server.still_serves(&a).await;
    }
    assert!(timeout(Duration::from_millis(100), server.begun.recv()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn half_open_connections_are_bounded_and_time_out() {
    let a = identity();
    let mut server = Server::of(&[(A, &a)]).await;
    let mut idle = Vec::new();
    for _ in 0..127 {
        idle.push(TcpStream::connect(server.listening.address).await.unwrap());
    }
    // There is a place left.
    server.still_serves(&a).await;
    for _ in 0..20 {
        idle.push(TcpStream::connect(server.listening.address).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    // There is none: whoever comes waits.
    let waits = timeout(Duration::from_millis(500), server.dialled(&a)).await;
    assert!(waits.is_err(), "more handshakes than there are places");
    drop(idle);
    server.still_serves(&a).await;
    // One that says nothing is cut in the end.
    let mut silent = TcpStream::connect(server.listening.address).await.unwrap();
    let mut byte = [0];
    let cut = timeout(Duration::from_secs(20), silent.read(&mut byte)).await.unwrap();
    assert!(matches!(cut, Ok(0) | Err(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_are_none_say_so() {
    for address in ["", "localhost", "127.0.0.1:99999", "no such host:1", "256.0.0.1:1"] {
        let resolved = resolve(address).await;
        assert!(matches!(resolved, Err(NetError::Address(_))), "{address:?}");
    }
    // A port on which nobody listens.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = dial(&identity(), (B, Vec::new()), &free.to_string(), Told::echo()).await;
    assert!(matches!(refused, Err(NetError::Io { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_no_longer_listens_lets_nobody_in() {
    let a = identity();
    let server = Server::of(&[(A, &a)]).await;
    let (address, spki) = (server.address(), server.identity.spki().to_vec());
    drop(server);
    tokio::task::yield_now().await;
    let gone = timeout(SOON, dial(&a, (B, spki), &address, Told::echo())).await.unwrap();
    assert!(gone.is_err());
}

#[test]
fn a_transport_key_is_a_key_and_stays_secret() {
    assert!(matches!(Identity::new(b""), Err(NetError::Key(_))));
    assert!(matches!(Identity::new(&[0x30; 48]), Err(NetError::Key(_))));
    let (one, other) = (new_transport_key().unwrap(), new_transport_key().unwrap());
    assert_ne!(*one, *other);
    let identity = Identity::new(&one).unwrap();
    assert_eq!(identity.spki(), Identity::new(&one).unwrap().spki());
    assert_eq!(format!("{identity:?}"), "Identity(..)");
    // Ed25519 in a SubjectPublicKeyInfo (RFC 8410 §4).
    assert_eq!(identity.spki().len(), 44);
    assert_eq!(identity.spki()[..12], [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0]);
}
