//! Connections: accepted within bounds, served by HTTP code, and handed over to `stream` where an answer is an event
//! stream.

mod connection;
mod open_files;
mod places;
mod socket;
#[cfg(test)]
mod tests;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use self::{
    connection::Connection,
    places::{Place, Places, Vacant},
};
use crate::{client_address::TrustedProxies, limits};

pub(crate) use places::only_where_there_is_room;

/// How long nothing is accepted after the system was out of files: long enough for some to be closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What connections are held to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Connections at once.
    pub(crate) connections: usize,
    /// Connections beyond these, for webhooks and health.
    pub(crate) reserved: usize,
    /// Connections of one address, unless it is a trusted proxy's.
    pub(crate) per_address: usize,
    /// Connections of one address among the reserved ones, unless it is a trusted proxy's.
    pub(crate) reserved_per_address: usize,
    /// Time in which a client must take some of what is written.
    pub(crate) write_timeout: Duration,
    /// The same once the server stops.
    pub(crate) stalled_at_stop: Duration,
    /// Time to send the head of a request on a reserved connection.
    pub(crate) reserved_header_timeout: Duration,
}

impl Bounds {
    /// The bounds of this process, which is allowed as many open files as it can be from here on.
    pub(crate) fn of_this_process() -> Self {
        let bounds = Self::for_files(open_files::raise_limit());
        tracing::info!(
            connections = bounds.connections,
            per_address = bounds.per_address,
            "connections at once"
        );
        bounds
    }

    /// The bounds of a process that may have so many files open; `None` where there is no limit.
    fn for_files(files: Option<usize>) -> Self {
        let files = files.unwrap_or(usize::MAX);
        let kept = limits::FILES_RESERVED.min(files / 2);
        let connections = limits::CONNECTIONS.min(files - kept);
        Self {
            connections,
            reserved: limits::RESERVED_CONNECTIONS.min(kept / 4),
            per_address: limits::CONNECTIONS_PER_ADDRESS.min(connections.div_ceil(4)),
            reserved_per_address: limits::RESERVED_CONNECTIONS_PER_ADDRESS,
            write_timeout: limits::WRITE_TIMEOUT,
            stalled_at_stop: limits::STALLED_AT_STOP,
            reserved_header_timeout: limits::RESERVED_HEADER_TIMEOUT,
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self::for_files(None)
    }
}

/// Serves until `stopping` turns true and the connections have ended, or their time is up.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    trusted: Arc<TrustedProxies>,
    mut stopping: watch::Receiver<bool>,
) {
    let places = Places::new(bounds, trusted);
    let mut connections = JoinSet::new();
    let mut out_of_files = false;
    loop {
        let (socket, peer, vacant) = tokio::select! {
            accepted = accept(&listener, &places, &mut out_of_files) => accepted,
            // An error means that whoever would tell is gone, which is the end too.
            _ = stopping.wait_for(|stopping| *stopping) => break,
            Some(_) = connections.join_next() => continue,
        };
        if let Some(place) = places.admit(vacant, peer.ip()) {
            let connection = Connection::new(router.clone(), peer, bounds, place.crowded(), stopping.clone());
            connections.spawn(run(connection, socket, place));
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits::SHUTDOWN, all).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

async fn run(connection: Connection, socket: TcpStream, place: Place) {
    // Small once it is handed over: what HTTP needs is boxed, and dropped by then.
    if let Some((started, socket)) = Box::pin(connection.serve(socket)).await {
        started.run(socket).await;
    }
    drop(place);
}

async fn accept(
    listener: &TcpListener,
    places: &Places,
    out_of_files: &mut bool,
) -> (TcpStream, SocketAddr, Vacant) {
    let vacant = places.vacant().await;
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                *out_of_files = false;
                return (socket, peer, vacant);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Once, not ten times a second for as long as it lasts.
                if !std::mem::replace(out_of_files, true) {
                    tracing::warn!(%error, "no connection can be accepted at the moment");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
