//! Dials a party's node.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use detente_core::PartyId;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::session::{Handler, Session};
use crate::tls::{Identity, NetError};

/// Connecting and the handshake may take so long.
const DIAL_TIME: Duration = Duration::from_secs(10);

/// The socket addresses of `host:port`.
///
/// # Errors
/// [`NetError::Address`].
pub async fn resolve(address: &str) -> Result<Vec<SocketAddr>, NetError> {
    let bad = || NetError::Address(address.chars().take(300).collect());
    let found: Vec<SocketAddr> =
        tokio::net::lookup_host(address).await.map_err(|_| bad())?.collect();
    if found.is_empty() { Err(bad()) } else { Ok(found) }
}

/// Connects to the node of `party` and begins a session. The other end must hold the private half
/// of `spki`.
///
/// # Errors
/// [`NetError`].
pub async fn dial(
    identity: &Identity,
    (party, spki): (PartyId, Vec<u8>),
    address: &str,
    handler: Arc<dyn Handler>,
) -> Result<Session, NetError> {
    let late = || NetError::Timeout(address.to_owned());
    let addresses = resolve(address).await?;
    let tcp = timeout(DIAL_TIME, TcpStream::connect(addresses.as_slice()))
        .await
        .map_err(|_| late())?
        .map_err(|source| NetError::Io { what: format!("connecting to {address}"), source })?;
    let _ = tcp.set_nodelay(true);
    let pins = Arc::new(move |key: &[u8]| (key == spki).then_some(party));
    let connector = TlsConnector::from(identity.client(pins)?);
    // The name is not sent and not checked: the key is.
    let name = ServerName::IpAddress(std::net::IpAddr::from([127, 0, 0, 1]).into());
    let tls = timeout(DIAL_TIME, connector.connect(name, tcp))
        .await
        .map_err(|_| late())?
        .map_err(|source| NetError::Tls { with: address.to_owned(), source })?;
    Ok(Session::start(tls, party, true, handler))
}
