//! TLS for tools: a certificate that they can check, and theirs if they have one.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Why TLS can't be had.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate or its key can't be read.
    #[error("{0}")]
    Unreadable(String),
    /// The two do not go together, or TLS can't use them.
    #[error("the certificate and the key are unusable: {0}")]
    Unusable(#[from] Error),
}

/// A server's certificate with its key.
#[derive(Clone)]
pub struct Tls {
    pub(crate) config: Arc<ServerConfig>,
    fingerprint: [u8; 32],
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(..)")
    }
}

/// A fresh certificate that signs itself, for these names and addresses, with its key; both as PEM.
///
/// # Errors
/// [`TlsError::Unreadable`]: a name is no host's, or there is no entropy.
pub fn self_signed(names: &[String]) -> Result<(String, Zeroizing<String>), TlsError> {
    let unusable = |error: rcgen::Error| TlsError::Unreadable(error.to_string());
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(unusable)?;
    let mut params = rcgen::CertificateParams::new(names.to_vec()).map_err(unusable)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "detente TAXII");
    let certificate = params.self_signed(&key).map_err(unusable)?;
    Ok((certificate.pem(), Zeroizing::new(key.serialize_pem())))
}

impl Tls {
    /// Takes a chain of certificates, the server's first, and its key, as PEM.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn new(chain: &[u8], key: &[u8]) -> Result<Tls, TlsError> {
        let unreadable =
            |what: &str, error: &dyn fmt::Display| TlsError::Unreadable(format!("{what}: {error}"));
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|error| unreadable("the certificate can't be read", &error))?;
        let first = chain.first().ok_or_else(|| {
            TlsError::Unreadable("no certificate is in the file: it must be PEM".to_owned())
        })?;
        let fingerprint = Sha256::digest(first.as_ref()).into();
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| unreadable("the key can't be read", &error))?;
        let provider = Arc::new(provider());
        // TLS 1.3 alone: whatever is maintained speaks it.
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(Arc::new(Anybody {
                algorithms: provider.signature_verification_algorithms,
            }))
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls { config: Arc::new(config), fingerprint })
    }

    /// The SHA-256 of the certificate.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }
}

/// Key exchange (with ML-KEM) and signatures of AWS-LC; what carries the bytes is ring's, whose
/// AES-GCM is nearly twice as fast where a processor has VAES without AVX-512.
fn provider() -> CryptoProvider {
    let cipher_suites = vec![
        ring::cipher_suite::TLS13_AES_256_GCM_SHA384,
        ring::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        ring::cipher_suite::TLS13_AES_128_GCM_SHA256,
    ];
    CryptoProvider { cipher_suites, ..aws_lc_rs::default_provider() }
}

/// Takes any client certificate whose key the client proves to have: whose it is, the accounts say,
/// by its SHA-256. None is asked for.
struct Anybody {
    algorithms: WebPkiSupportedAlgorithms,
}

impl fmt::Debug for Anybody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Anybody")
    }
}

impl ClientCertVerifier for Anybody {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not spoken here".to_owned()))
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
