//! Connections: accepted within bounds, served by HTTP code, and handed over to `event_stream` where a response is one.
//!
//! `axum::serve` has neither: it accepts without a bound, counts nobody by address, and gives no socket away.

mod bounds;
mod connection;
mod http2;
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
use crate::{config::TrustedProxies, http::tls::Tls, limits};

pub(crate) use bounds::Bounds;
pub(crate) use places::only_where_there_is_room;

/// How long nothing is accepted after the system was out of files: long enough for some to be closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stopping` turns true and the connections have ended, or their time is up.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    tls: Option<Arc<Tls>>,
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
            let (tls, stopping) = (tls.clone(), stopping.clone());
            let connection = Connection::new(router.clone(), peer, bounds, tls, place.crowded(), stopping);
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
    if let Some((started, transport)) = Box::pin(connection.serve(socket)).await {
        started.run(transport).await;
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
