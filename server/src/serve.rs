//! Connections: accepted, served by HTTP code, and handed over to `stream` where an answer is an event stream.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use axum::{Router, extract::ConnectInfo, response::Response};
use hyper::{
    body::Incoming,
    rt::{Read, ReadBufCursor, Write},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tower::ServiceExt;

use crate::{
    limits,
    stream::{EventStream, Handover, Head},
};

/// How long nothing is accepted after the system was out of files: long enough for some to be closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An answer that goes on as a stream.
struct Started {
    stream: EventStream,
    head: Head,
}

/// What the two sides of a connection share: the service that answers, and the socket below it.
#[derive(Default)]
struct Shared {
    started: Mutex<Option<Started>>,
    /// Whether the socket took less than it was given, so that bytes of an earlier answer still wait.
    blocked: AtomicBool,
}

/// Serves until `stopping` turns true and the connections have ended, or their time is up.
pub(crate) async fn serve(listener: TcpListener, router: Router, mut stopping: watch::Receiver<bool>) {
    let slots = Arc::new(Semaphore::new(limits::CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            // An error means that whoever would tell is gone, which is the end too.
            _ = stopping.wait_for(|stopping| *stopping) => break,
            Some(_) = connections.join_next() => continue,
        };
        let (socket, peer, slot) = accepted;
        let connection = connection(socket, peer, router.clone(), stopping.clone());
        connections.spawn(async move {
            // Small once it is handed over: what HTTP needs is boxed, and dropped by then.
            if let Some((started, socket)) = Box::pin(connection).await {
                started.stream.run(socket, started.head).await;
            }
            drop(slot);
        });
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits::SHUTDOWN, all).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<tokio::sync::OwnedSemaphorePermit>) {
    // The semaphore is never closed, so there is always a permit in the end.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => return (socket, peer, slot),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted at the moment");
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

/// Serves calls, until the connection ends or an answer goes on as a stream.
async fn connection(
    socket: TcpStream,
    peer: SocketAddr,
    router: Router,
    mut stopping: watch::Receiver<bool>,
) -> Option<(Started, TcpStream)> {
    // Events are small, and each is to arrive at once; where the system cannot do so, they arrive later.
    let _ = socket.set_nodelay(true);
    let shared = Arc::new(Shared::default());
    let service = service_fn(|request| Box::pin(call(router.clone(), Arc::clone(&shared), peer, request)));
    let socket = Socket { inner: TokioIo::new(socket), shared: Arc::clone(&shared) };
    let mut serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEADER_TIMEOUT)
        .max_headers(limits::HEADERS)
        .max_header_size(limits::HEAD_BYTES)
        .serve_connection(socket, service);
    let mut stop = pin!(stopping.wait_for(|stopping| *stopping));
    let mut told = false;
    let started = poll_fn(|context| {
        if !told && stop.as_mut().poll(context).is_ready() {
            told = true;
            Pin::new(&mut serving).graceful_shutdown();
        }
        // Errors here are the client's: it went, or did not speak HTTP.
        let ended = serving.poll_without_shutdown(context).is_ready();
        match shared.take_started() {
            Some(started) => Poll::Ready(Some(started)),
            None if ended => Poll::Ready(None),
            None => Poll::Pending,
        }
    })
    .await;
    let mut socket = serving.into_parts().io.inner.into_inner();
    if let Some(started) = started {
        return Some((started, socket));
    }
    // The client may have gone already.
    let _ = tokio::io::AsyncWriteExt::shutdown(&mut socket).await;
    None
}

/// Answers one call. One that goes on as a stream is left where the connection finds it, and never answered here.
async fn call(
    router: Router,
    shared: Arc<Shared>,
    peer: SocketAddr,
    mut request: hyper::Request<Incoming>,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    let version = request.version();
    let mut response = router.oneshot(request).await?;
    let handover = response.extensions_mut().remove::<Handover>();
    let Some(stream) = handover.and_then(|handover| handover.take()) else {
        return Ok(response);
    };
    let (head, _) = response.into_parts();
    shared.put_started(Started { stream, head: Head::new(&head, version, SystemTime::now()) });
    std::future::pending().await
}

impl Shared {
    fn put_started(&self, started: Started) {
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) = Some(started);
    }

    /// The stream, once every byte of the answers before it is with the system.
    fn take_started(&self) -> Option<Started> {
        if self.blocked.load(Ordering::Relaxed) {
            return None;
        }
        self.started.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A socket that notes whether it has taken all it was given.
struct Socket {
    inner: TokioIo<TcpStream>,
    shared: Arc<Shared>,
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl Socket {
    fn noted<T>(&self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.shared.blocked.store(polled.is_pending(), Ordering::Relaxed);
        polled
    }
}

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.noted(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, buffers);
        self.noted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
