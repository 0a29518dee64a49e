//! TLS to a server: by the system's authorities, given ones, or one pinned certificate.

use std::sync::Arc;

use detente_taxii::client::{Proof, Trust};
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

/// What TLS needs to know for a server. TLS 1.2 too: not every server in use speaks 1.3.
pub(crate) fn config(trust: &Trust, proof: &Proof) -> Result<Arc<ClientConfig>, TlsFault> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let unusable = |error: Error| TlsFault::Unreadable(format!("TLS can't be had: {error}"));
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(unusable)?;
    let builder = match trust {
        Trust::System => builder.with_root_certificates(system()?),
        Trust::Authorities(pem) => builder.with_root_certificates(given(pem)?),
        Trust::Pin(pin) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pinned { pin: *pin, algorithms })),
    };
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
    Ok(Arc::new(config))
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
