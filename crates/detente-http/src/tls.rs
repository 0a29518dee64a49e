//! TLS to a server: by the system's authorities, given ones, or one pinned certificate.

use std::sync::{Arc, Mutex, PoisonError};

use detente_taxii::client::{Proof, Trust};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore};
use rustls::{SignatureScheme, version};
use sha2::{Digest as _, Sha256};

/// Why there can be no TLS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    /// This machine has no list of authorities.
    #[error("this machine has no list of certificate authorities")]
    NoAuthorities,
    /// The authorities, the certificate or its key can't be read.
    #[error("{0}")]
    Unreadable(String),
}

impl TlsFault {
    /// A stable machine name.
    pub const fn code(&self) -> &'static str {
        match self {
            TlsFault::NoAuthorities => "feed_no_authorities",
            TlsFault::Unreadable(_) => "feed_certificate",
        }
    }
}

/// The certificate that was not trusted last, by the SHA-256 of its DER bytes: a person can compare
/// and pin it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stranger(Arc<Mutex<Option<[u8; 32]>>>);

impl Stranger {
    fn note(&self, certificate: &CertificateDer<'_>) {
        let found: [u8; 32] = Sha256::digest(certificate.as_ref()).into();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
    }

    /// Its SHA-256 in hex, with what was expected.
    pub(crate) fn words(&self, trust: &Trust) -> String {
        let Some(found) = *self.0.lock().unwrap_or_else(PoisonError::into_inner) else {
            return String::new();
        };
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match trust {
            Trust::Pin(pin) => format!("; its SHA-256 is {}, not {}", hex(&found), hex(pin)),
            _ => format!("; its SHA-256 is {}", hex(&found)),
        }
    }
}

/// What TLS needs to know for a server, and the certificate that it will not trust. TLS 1.2 too:
/// not every server in use speaks 1.3.
pub(crate) fn config(
    trust: &Trust,
    proof: &Proof,
) -> Result<(Arc<ClientConfig>, Stranger), TlsFault> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let stranger = Stranger::default();
    let by = |roots: RootCertStore| {
        let builder =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let unusable =
            |error| TlsFault::Unreadable(format!("the authorities are unusable: {error}"));
        builder.build().map_err(unusable)
    };
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        Trust::System => by(system()?)?,
        Trust::Authorities(pem) => by(given(pem)?)?,
        Trust::Pin(pin) => Arc::new(Pinned { pin: *pin, algorithms }),
    };
    let unusable = |error: Error| TlsFault::Unreadable(format!("TLS can't be had: {error}"));
    let noting = Noting { verifier, stranger: stranger.clone() };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(noting));
    let mut config = match proof {
        Proof::Certificate { chain, key } => {
            let chain = certificates("the client certificate", chain)?;
            let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
                TlsFault::Unreadable("the key of the client certificate is no PEM key".to_owned())
            })?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                TlsFault::Unreadable(format!("client certificate and key are unusable: {error}"))
            })?
        }
        _ => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((Arc::new(config), stranger))
}

fn system() -> Result<RootCertStore, TlsFault> {
    let mut roots = RootCertStore::empty();
    // Some that can't be read are of no matter where others can.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsFault::NoAuthorities) } else { Ok(roots) }
}

fn given(pem: &[u8]) -> Result<RootCertStore, TlsFault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("the authority", pem)? {
        roots.add(certificate).map_err(|error| {
            TlsFault::Unreadable(format!("the authority is no usable certificate: {error}"))
        })?;
    }
    Ok(roots)
}

fn certificates(what: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(TlsFault::Unreadable(format!("{what} is no PEM certificate"))),
    }
}

/// Judges as another one does, and notes whom that refuses.
#[derive(Debug)]
struct Noting {
    verifier: Arc<dyn ServerCertVerifier>,
    stranger: Stranger,
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verifier = &self.verifier;
        verifier
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .inspect_err(|_| self.stranger.note(end_entity))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Takes one certificate alone, whatever it says of itself.
#[derive(Debug)]
struct Pinned {
    pin: [u8; 32],
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found: [u8; 32] = Sha256::digest(end_entity.as_ref()).into();
        if found == self.pin {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
