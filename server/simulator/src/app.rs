//! Puts the routes together and serves them.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use axum::http::StatusCode;
use axum::{Router, middleware};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;

use crate::config::Config;
use crate::limits::SHUTDOWN_GRACE;
use crate::simulator::{SetupError, Simulator};
use crate::{control, graph, guard, page};

/// A simulator that serves.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stopping: tokio::sync::watch::Sender<bool>,
    server: JoinHandle<std::io::Result<()>>,
}

/// Starts a simulator on a listener, within the tokio runtime of the caller.
///
/// # Errors
///
/// [`SetupError`] when a phone of the configuration makes no sense or the listener cannot be used.
pub fn start(config: Config, listener: TcpListener) -> Result<Running, SetupError> {
    crate::use_tls();
    let address = listener.local_addr()?;
    let simulator = Simulator::new(config)?;
    let stopping = simulator.stopping.clone();
    let mut stopped = stopping.subscribe();
    let server = axum::serve(listener, router(simulator)).with_graceful_shutdown(async move {
        // An error means that the sender has gone, which ends the simulator too.
        let _ = stopped.wait_for(|stopping| *stopping).await;
    });
    Ok(Running { address, stopping, server: tokio::spawn(async move { server.await }) })
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it: no new connections, event streams end, calls under way have a moment to finish.
    pub async fn stop(self) {
        self.stopping.send_replace(true);
        let abort = self.server.abort_handle();
        if tokio::time::timeout(SHUTDOWN_GRACE, self.server).await.is_err() {
            abort.abort();
        }
    }
}

fn router(simulator: Arc<Simulator>) -> Router {
    Router::new()
        .merge(page::routes())
        .merge(control::routes())
        .merge(graph::routes().layer(middleware::from_fn_with_state(simulator.clone(), graph::head)))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(middleware::from_fn_with_state(simulator.clone(), guard::check))
        .layer(CatchPanicLayer::new())
        // Paths hold phone numbers and queries hold codes, so that only the route is logged.
        .layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
            let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
            tracing::debug_span!("request", method = %request.method(), route)
        }))
        .with_state(simulator)
}
