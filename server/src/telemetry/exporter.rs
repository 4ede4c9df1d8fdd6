//! `GET /metrics`, on a listener of its own: what an operator's network sees is not what everybody reaches.
//!
//! It is plain and small: a handful of connections, each with little time for its request, so that whoever stalls
//! here holds no file that a login needs.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tower::ServiceExt;

use super::{log, metrics};
use crate::limits;

/// How long nothing is accepted after an error: long enough for some file to be closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The text format of Prometheus.
const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// What gives the metrics to whoever collects them.
#[derive(Debug)]
pub(crate) struct Exporter {
    listener: TcpListener,
    address: SocketAddr,
}

impl Exporter {
    /// Listens on this address, and has everything counted from now on.
    pub(crate) async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        metrics::install().map_err(io::Error::other)?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves for ever.
    pub(crate) async fn run(self) {
        let router = Router::new().route("/metrics", get(respond));
        let places = Arc::new(Semaphore::new(limits::METRICS_CONNECTIONS));
        tokio::join!(take_in(), accept(self.listener, router, places));
    }
}

/// Between two collections, or where nobody collects, what was told is kept singly.
async fn take_in() {
    let mut ticks = interval(limits::METRICS_TAKEN_IN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        metrics::take_in();
    }
}

async fn accept(listener: TcpListener, router: Router, places: Arc<Semaphore>) {
    loop {
        // The semaphore is never closed, so there is always a place in the end.
        let place = Arc::clone(&places).acquire_owned().await.ok();
        let Ok((socket, _)) = listener.accept().await else {
            // The system is out of files, as a rule, which the server itself warns about.
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let serving = serve(socket, router.clone());
        tokio::spawn(async move {
            let _ = timeout(limits::METRICS_CONNECTION_TIME, serving).await;
            drop(place);
        });
    }
}

async fn serve(socket: TcpStream, router: Router) {
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.into_response()) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::METRICS_CONNECTION_TIME)
        .keep_alive(false)
        .max_headers(limits::HEADERS)
        .serve_connection(TokioIo::new(socket), service);
    // Errors here are the client's: it went, or did not speak HTTP.
    let _ = connection.await;
}

async fn respond() -> Response {
    // Off the threads that serve: it looks at every open file.
    let text =
        tokio::task::spawn_blocking(|| metrics::render(log::dropped_lines())).await.unwrap_or_default();
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()
}
