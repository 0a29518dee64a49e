//! Counterparts that do not keep to the protocol: unknown ones, and known ones with bad manners.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use detente_core::PartyId;
use detente_core::key::{Seed, SigningKey, ed25519_public};
use detente_core::party::{Card, Role, RoleKey};
use detente_core::sign::{Verified, sign};
use detente_core::{AccordId, UnixSeconds, log_origin};
use detente_log::{CheckpointBody, KeyName, NoteSigner, Origin, RootBuilder};
use detente_net::{Handler, Identity, Session, dial, new_transport_key};
use detente_node::ports::{Link, Stream};
use detente_peer::{Refusal, Request, Response};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer,
    UnixTime,
};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::client::TlsStream;

use super::home::Home;
use super::process::pause;

/// A party whose program is this test.
pub struct Hostile {
    /// Drives its sockets.
    pub runtime: Runtime,
    /// Its card, as sound as any.
    pub card: Verified<Card>,
    transport: Vec<u8>,
    log_seed: [u8; 32],
}

impl Hostile {
    /// A party with fixed keys and a fresh transport key. It can be dialled nowhere.
    pub fn new(name: &str) -> Hostile {
        let key = |byte| SigningKey::from_seed(&Seed::new([byte; Seed::LEN])).unwrap();
        let transport = new_transport_key().unwrap().to_vec();
        let log_seed = [0x66; 32];
        let card = Card {
            name: name.to_owned(),
            root: key(0x61).public().clone(),
            roles: vec![RoleKey {
                role: Role::Minister,
                key: key(0x62).public().clone(),
                may: Role::Minister.full_powers().to_vec(),
            }],
            transport: Identity::new(&transport).unwrap().spki().to_vec(),
            log_key: ed25519_public(&log_seed),
            mirror_key: ed25519_public(&[0x67; 32]),
            address: None,
            issued: UnixSeconds::new(1_767_225_600),
        };
        Hostile {
            runtime: Runtime::new().unwrap(),
            card: sign(card, &key(0x61)),
            transport,
            log_seed,
        }
    }

    /// Its id.
    pub fn party(&self) -> PartyId {
        self.card.value().party()
    }

    /// Its card as `party add` reads it.
    pub fn card_file(&self) -> String {
        format!("{{\"card\": \"{}\"}}", STANDARD.encode(self.card.bytes()))
    }

    /// A session with a home that serves.
    pub fn session(&self, home: &Home, manners: Manners) -> Session {
        let card = card_of(home);
        let identity = Identity::new(&self.transport).unwrap();
        let to = (card.value().party(), card.value().transport.clone());
        let address = home.address.as_deref().unwrap();
        let dialled = dial(&identity, to, address, Arc::new(manners));
        self.runtime.block_on(dialled).unwrap()
    }

    /// A TLS line to a home, on which anything can be said.
    pub fn raw(&self, home: &Home) -> Raw<'_> {
        let address = home.address.as_deref().unwrap();
        let connector = tokio_rustls::TlsConnector::from(config(&self.transport));
        let name = ServerName::IpAddress(std::net::IpAddr::from([127, 0, 0, 1]).into());
        let line = self.runtime.block_on(async {
            let tcp = TcpStream::connect(address).await.unwrap();
            connector.connect(name, tcp).await.unwrap()
        });
        Raw { runtime: &self.runtime, line }
    }

    /// An accord id of this party with another, with what `OpenLog` tells of it.
    pub fn accord(&self, slug: &str, with: PartyId) -> (AccordId, Request) {
        let mut parties = vec![self.party(), with];
        parties.sort_unstable();
        let accord = AccordId::derive(slug, &parties);
        let slug = slug.to_owned();
        let opening = Request::OpenLog { accord, slug, parties };
        (accord, opening)
    }

    /// A request to a witness: a checkpoint of this party's log, of one entry.
    pub fn checkpoint(&self, accord: AccordId, old: u64, entry: &[u8]) -> Request {
        let name = log_origin(accord, self.party());
        let signer = NoteSigner::new(KeyName::new(&name).unwrap(), &self.log_seed);
        let mut tree = RootBuilder::new();
        tree.push_entry(entry).unwrap();
        let body = CheckpointBody::new(Origin::new(&name).unwrap(), tree.head());
        let note = body.sign(&[&signer]).unwrap();
        Request::AddCheckpoint { accord, body: format!("old {old}\n\n{note}").into_bytes() }
    }
}

/// A client whose key no card names: tries to greet, and gives what came back.
pub fn stranger(home: &Home) -> Result<Response, String> {
    let hostile = Hostile::new("Stranger");
    let session = hostile.session(home, Manners::Polite);
    let hello = Request::Hello {
        version: detente_peer::VERSION,
        party: hostile.party(),
        software: "stranger".to_owned(),
    };
    // In TLS 1.3 a client hears of its refusal only after its own last word.
    session.request(&hello).map_err(|error| error.to_string())
}

/// The card of a home, checked.
pub fn card_of(home: &Home) -> Verified<Card> {
    let report = home.json(&["party", "card"]);
    let bytes = STANDARD.decode(super::text(&report, "card")).unwrap();
    Card::open(&bytes).unwrap()
}

/// A TLS line on which anything can be said.
pub struct Raw<'a> {
    runtime: &'a Runtime,
    line: TlsStream<TcpStream>,
}

impl Raw<'_> {
    /// Says these bytes; false if the line is cut.
    pub fn say(&mut self, bytes: &[u8]) -> bool {
        let line = &mut self.line;
        self.runtime.block_on(async {
            let written = line.write_all(bytes).await;
            written.is_ok() && line.flush().await.is_ok()
        })
    }

    /// Reads until the other end cuts the line; gives the bytes, or none if it has not done so after
    /// so many seconds.
    pub fn cut_within(&mut self, seconds: u64) -> Option<Vec<u8>> {
        let line = &mut self.line;
        self.runtime.block_on(async {
            let mut heard = Vec::new();
            let end = line.read_to_end(&mut heard);
            let limit = Duration::from_secs(seconds);
            // However the line ends, it ends.
            let ended = tokio::time::timeout(limit, end).await.is_ok();
            ended.then_some(heard)
        })
    }
}

/// How such a party answers what it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manners {
    /// Greets, and refuses all else.
    Polite,
    /// Never answers, and keeps the line.
    Mute,
}

impl Handler for Manners {
    fn respond(&self, link: &dyn Link, request: &Request) -> Response {
        if *self == Manners::Mute {
            // Keeps the line busy meanwhile, so that it does not look dead.
            while link.request(&Request::Pull).is_ok() {
                pause(1_000);
            }
        }
        match request {
            Request::Hello { .. } | Request::Pull => Response::Done,
            _ => Response::Refused(Refusal::new("polite", "no, thank you")),
        }
    }

    fn respond_stream(&self, _link: &dyn Link, _request: &Request, _stream: &mut dyn Stream) {}
}

/// TLS as our nodes speak it, with this key, to whoever answers.
fn config(pkcs8: &[u8]) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::CryptoProvider {
        kx_groups: vec![aws_lc_rs::kx_group::X25519MLKEM768],
        ..aws_lc_rs::default_provider()
    });
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8.to_vec()));
    let key = provider.key_provider.load_private_key(der).unwrap();
    let spki = CertificateDer::from(key.public_key().unwrap().to_vec());
    let own = rustls::sign::CertifiedKey::new(vec![spki], key);
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_client_cert_resolver(Arc::new(
            rustls::client::AlwaysResolvesClientRawPublicKeys::new(Arc::new(own)),
        ));
    Arc::new(config)
}

/// Speaks with anyone.
struct Anyone;

impl fmt::Debug for Anyone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Anyone")
    }
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let spki = SubjectPublicKeyInfoDer::from(cert.as_ref());
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature_with_raw_key(message, &spki, dss, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
