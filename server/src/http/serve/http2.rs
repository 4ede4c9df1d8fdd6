//! A connection that speaks HTTP/2: many calls at once, and waits among them.
//!
//! A wait leaves HTTP only where it has a socket for itself, which is so with HTTP/1.1. Here it is the body of its
//! response, and shares the connection with the other calls of its client.

use std::{convert::Infallible, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo, http::header, response::Response};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tower::ServiceExt;

use super::{
    Bounds,
    socket::{Socket, Writes},
};
use crate::{
    http::{
        event_body::{self, Patience},
        event_stream::Handover,
        transport::Transport,
    },
    limits,
};

/// What a socket tells of its writes.
struct SharedWrites(Arc<Writes>);

impl AsRef<Writes> for SharedWrites {
    fn as_ref(&self) -> &Writes {
        &self.0
    }
}

/// How many calls of a connection have no response yet, streams included.
#[derive(Clone, Debug)]
struct Calls(watch::Sender<usize>);

/// One of these calls, for as long as this lives.
struct Call(Calls);

impl Calls {
    fn begin(&self) -> Call {
        self.0.send_modify(|calls| *calls += 1);
        Call(self.clone())
    }

    /// Waits until there has been no call for so long.
    async fn idle_for(&self, time: Duration) {
        let mut calls = self.0.subscribe();
        loop {
            // The sender is in `self`, so this is no error.
            let _ = calls.wait_for(|calls| *calls == 0).await;
            tokio::select! {
                () = sleep(time) => return,
                _ = calls.changed() => {}
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.0.0.send_modify(|calls| *calls -= 1);
    }
}

/// A connection about to be served.
pub(super) struct Http2 {
    pub(super) router: Router,
    pub(super) peer: SocketAddr,
    pub(super) bounds: Bounds,
    pub(super) stopping: watch::Receiver<bool>,
}

impl Http2 {
    /// Serves calls until the connection ends, nobody has called for a while, or the server stops.
    pub(super) async fn serve(self, transport: Transport) {
        let writes = Arc::new(Writes::default());
        let calls = Calls(watch::channel(0).0);
        let socket = Socket::new(transport, SharedWrites(Arc::clone(&writes)), self.bounds.write_timeout);
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits::HTTP2_STREAMS)
            .max_header_list_size(u32::try_from(limits::HEAD_BYTES).unwrap_or(u32::MAX))
            .initial_stream_window_size(limits::HTTP2_STREAM_WINDOW)
            .initial_connection_window_size(limits::HTTP2_CONNECTION_WINDOW)
            .max_send_buf_size(limits::HTTP_BUFFER)
            .keep_alive_interval(limits::HTTP2_PING)
            .keep_alive_timeout(self.bounds.write_timeout);
        let service = service_fn(|request| {
            Box::pin(call(
                self.router.clone(),
                self.peer,
                Patience { ordinary: self.bounds.write_timeout, at_stop: self.bounds.stalled_at_stop },
                self.stopping.clone(),
                calls.begin(),
                request,
            ))
        });
        let mut serving = pin!(builder.serve_connection(socket, service));
        let mut stopping = self.stopping.clone();
        tokio::select! {
            _ = serving.as_mut() => return,
            () = calls.idle_for(limits::HEADER_TIMEOUT) => {}
            _ = stopping.wait_for(|stopping| *stopping) => {
                writes.end_by(Instant::now() + self.bounds.stalled_at_stop);
            }
        }
        serving.as_mut().graceful_shutdown();
        // What has its response by then, and does not take it, is waited for no longer.
        tokio::select! {
            _ = serving.as_mut() => {}
            () = calls.idle_for(self.bounds.stalled_at_stop) => {}
        }
    }
}

async fn call(
    router: Router,
    peer: SocketAddr,
    patience: Patience,
    stopping: watch::Receiver<bool>,
    call: Call,
    mut request: hyper::Request<Incoming>,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    let mut response = router.oneshot(request).await?;
    let handover = response.extensions_mut().remove::<Handover>();
    if let Some(stream) = handover.and_then(|handover| handover.take()) {
        // The body that it had on its way here was empty.
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = event_body::body(stream, patience, stopping, call);
    }
    Ok(response)
}
