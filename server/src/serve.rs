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
    /// Whether a call is being answered.
    busy: AtomicBool,
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
            // What a client has not asked for by now, it asks the next server.
            None if ended || (told && shared.is_idle()) => Poll::Ready(None),
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
    shared.busy.store(true, Ordering::Relaxed);
    request.extensions_mut().insert(ConnectInfo(peer));
    let version = request.version();
    let mut response = router.oneshot(request).await?;
    let handover = response.extensions_mut().remove::<Handover>();
    let Some(stream) = handover.and_then(|handover| handover.take()) else {
        shared.busy.store(false, Ordering::Relaxed);
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

    /// Whether no call is being answered, and every byte of the answers before is with the system.
    fn is_idle(&self) -> bool {
        !self.busy.load(Ordering::Relaxed) && !self.blocked.load(Ordering::Relaxed)
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::testing::{TestServer, token};

    async fn exchange(server: &TestServer, request: &str) -> String {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn heads_that_are_too_large_are_refused() {
        let server = TestServer::start().await;
        let many = "X-A: b\r\n".repeat(limits::HEADERS + 1);
        let long = format!("X-A: {}\r\n", "b".repeat(limits::HEAD_BYTES));
        for headers in [many, long] {
            let answer =
                exchange(&server, &format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{headers}\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        }
    }

    #[tokio::test]
    async fn what_is_no_http_is_cut_off() {
        let server = TestServer::start().await;
        let answer = exchange(&server, "\u{16}\u{3}\u{1} this looks like TLS\r\n\r\n").await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert_eq!(server.get("/healthz").send().await.unwrap().status(), 200);
    }

    #[tokio::test]
    async fn an_idle_connection_does_not_hold_up_the_end() {
        let server = TestServer::start().await;
        let mut idle = TcpStream::connect(server.address).await.unwrap();
        idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        idle.read_exact(&mut [0; 12]).await.unwrap();
        let mut fresh = TcpStream::connect(server.address).await.unwrap();
        fresh.write_all(b"GET /hea").await.unwrap();
        assert_eq!(server.get("/healthz").send().await.unwrap().status(), 200);
        server.stop.send_replace(true);
        server.serving.await.unwrap();
        idle.read_to_end(&mut Vec::new()).await.unwrap();
        assert!(TcpStream::connect(server.address).await.is_err());
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_loses_nothing_before_its_stream() {
        let server = TestServer::start().await;
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 << 10).unwrap();
        let mut socket = socket.connect(server.address).await.unwrap();
        let before = "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n".repeat(400);
        let body = serde_json::json!({ "tokens": [token(1).expose()] }).to_string();
        let length = body.len();
        let stream = format!(
            "POST /api/v1/tokens/events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        let (mut reading, mut writing) = socket.split();
        let mut answers = Vec::new();
        let write = async { writing.write_all((before + &stream).as_bytes()).await.unwrap() };
        let read = async {
            let mut part = [0; 1 << 10];
            while !answers.ends_with(b"\n\n\r\n") {
                let count = reading.read(&mut part).await.unwrap();
                assert_ne!(count, 0, "the stream was not begun");
                answers.extend_from_slice(&part[..count]);
            }
        };
        tokio::join!(write, read);
        let answers = String::from_utf8(answers).unwrap();
        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 401);
        let document = server.get("/openapi.json").send().await.unwrap().text().await.unwrap();
        assert_eq!(answers.matches(&document).count(), 400);
    }
}
