//! Listens for the nodes of known parties.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use detente_core::PartyId;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::dial::resolve;
use crate::session::{Handler, Session};
use crate::tls::{Identity, NetError, Pins};

/// The handshake may take so long.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Connections that may be in their handshake at once.
const MAX_HANDSHAKES: usize = 128;

/// A listening node.
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

/// Listens on `host:port`. Each known party that connects gets a session, which `begun` hears of.
///
/// # Errors
/// [`NetError`] if the address can't be had.
pub async fn listen(
    identity: &Identity,
    address: &str,
    pins: Pins,
    handler: Arc<dyn Handler>,
    begun: Arc<dyn Fn(Session) + Send + Sync>,
) -> Result<Listening, NetError> {
    let addresses = resolve(address).await?;
    let what = format!("listening on {address}");
    let listener = TcpListener::bind(addresses.as_slice())
        .await
        .map_err(|source| NetError::Io { what: what.clone(), source })?;
    let address = listener.local_addr().map_err(|source| NetError::Io { what, source })?;
    let acceptor = TlsAcceptor::from(identity.server(Arc::clone(&pins))?);
    let places = Arc::new(Semaphore::new(MAX_HANDSHAKES));
    let task = tokio::spawn(async move {
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let tcp = match listener.accept().await {
                Ok((tcp, _)) => tcp,
                Err(error) => {
                    // Out of descriptors, most often: let some sessions end first.
                    tracing::warn!("accepting a connection failed: {error}");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
            };
            let (acceptor, pins) = (acceptor.clone(), Arc::clone(&pins));
            let (handler, begun) = (Arc::clone(&handler), Arc::clone(&begun));
            tokio::spawn(async move {
                if let Some((tls, peer)) = accept(acceptor, tcp, &pins).await {
                    begun(Session::start(tls, peer, false, handler));
                }
                drop(place);
            });
        }
    });
    Ok(Listening { address, task })
}

async fn accept(
    acceptor: TlsAcceptor,
    tcp: TcpStream,
    pins: &Pins,
) -> Option<(tokio_rustls::server::TlsStream<TcpStream>, PartyId)> {
    let _ = tcp.set_nodelay(true);
    let tls = match timeout(HANDSHAKE_TIME, acceptor.accept(tcp)).await {
        Ok(Ok(tls)) => tls,
        Ok(Err(error)) => {
            tracing::debug!("a handshake failed: {error}");
            return None;
        }
        Err(_) => return None,
    };
    let spki = tls.get_ref().1.peer_certificates()?.first()?.as_ref().to_vec();
    let peer = pins(&spki)?;
    Some((tls, peer))
}
