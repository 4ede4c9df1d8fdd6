//! TLS at the server's own door: the handshake, with the certificate that is the newest on the disk.

mod certificate;
mod pair;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
};
use tokio::{
    net::TcpStream,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_rustls::TlsAcceptor;

use self::certificate::Certificate;
use crate::{
    clock::Clock,
    config::TlsFiles,
    http::transport::{HTTP_2, Transport},
    limits,
    telemetry::metrics::{self, TlsHandshake},
};

pub(crate) use pair::PairError;

/// The application protocol of HTTP/1.1, as TLS negotiates it.
const HTTP_1_1: &[u8] = b"http/1.1";

/// TLS for the connections of this server.
#[derive(Debug)]
pub(crate) struct Tls {
    certificate: Arc<Certificate>,
    /// For connections of any kind.
    ordinary: Arc<ServerConfig>,
    /// For those whose first request is their last, which HTTP/2 knows no short way to say.
    brief: Arc<ServerConfig>,
}

impl Tls {
    /// Reads the files, and from then on serves with what they hold. It reads from the disk.
    pub(crate) fn load(files: TlsFiles, clock: Arc<dyn Clock>) -> Result<Self, PairError> {
        let provider = Arc::new(ring::default_provider());
        let certificate = Arc::new(Certificate::load(files, clock, Arc::clone(&provider))?);
        let config = |protocols| server_config(&provider, &certificate, protocols).map(Arc::new);
        Ok(Self { ordinary: config(&[HTTP_2, HTTP_1_1])?, brief: config(&[HTTP_1_1])?, certificate })
    }

    /// Shakes hands, within this time; `None` where the client could not.
    pub(crate) async fn accept(
        &self,
        socket: TcpStream,
        is_brief: bool,
        within: Duration,
    ) -> Option<Transport> {
        let config = if is_brief { &self.brief } else { &self.ordinary };
        let accepted = TlsAcceptor::from(Arc::clone(config)).accept(socket);
        let (result, transport) = match timeout(within, accepted).await {
            Ok(Ok(stream)) => (TlsHandshake::Done, Some(Transport::Tls(Box::new(stream)))),
            Ok(Err(_)) => (TlsHandshake::Failed, None),
            Err(_) => (TlsHandshake::Timeout, None),
        };
        metrics::tls_handshake(result);
        transport
    }

    /// Looks for newer files, for ever, and tells of a certificate that is about to end.
    pub(crate) async fn keep_current(&self) {
        let mut ticks = interval(limits::CERTIFICATE_LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let certificate = Arc::clone(&self.certificate);
            // Off the threads that serve, as it reads files.
            let _ = tokio::task::spawn_blocking(move || certificate.look()).await;
        }
    }
}

fn server_config(
    provider: &Arc<CryptoProvider>,
    certificate: &Arc<Certificate>,
    protocols: &[&[u8]],
) -> Result<ServerConfig, PairError> {
    let config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(PairError::Tls)?;
    let mut config = config.with_no_client_auth().with_cert_resolver(Arc::clone(certificate) as _);
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    // A client that comes again is spared most of the handshake, and nothing is kept here for it.
    config.ticketer = ring::Ticketer::new().map_err(PairError::Tls)?;
    Ok(config)
}
