//! One connection, until it ends or a response goes on as a stream.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::SystemTime,
};

use axum::{
    Router,
    body::HttpBody,
    extract::ConnectInfo,
    http::{HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioTimer;
use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    sync::watch,
    time::{Instant, timeout},
};
use tower::ServiceExt;

use super::{
    Bounds,
    http2::Http2,
    places::Crowded,
    socket::{Socket, Writes},
};
use crate::{
    http::{
        event_stream::{EventStream, Handover, Head},
        tls::Tls,
        transport::Transport,
    },
    limits,
};

/// Bytes read at once of a request that was answered already.
const EXCESS_AT_ONCE: usize = 8 << 10;

/// A response that goes on as a stream.
pub(super) struct Started {
    stream: EventStream,
    head: Head,
}

impl Started {
    /// Writes the stream to its end.
    pub(super) async fn run(self, transport: Transport) {
        self.stream.run(transport, self.head).await;
    }
}

/// What the two sides of a connection share: the service that answers, and the socket below it.
#[derive(Default)]
struct Shared {
    started: Mutex<Option<Started>>,
    /// Whether a call is being answered.
    busy: AtomicBool,
    /// Whether some of the latest request's body was not read.
    unread: AtomicBool,
    writes: Writes,
}

/// What [`Shared`] is to a socket.
struct SharedWrites(Arc<Shared>);

impl AsRef<Writes> for SharedWrites {
    fn as_ref(&self) -> &Writes {
        &self.0.writes
    }
}

/// How HTTP ended on a connection.
enum End {
    Stream(Started),
    /// The client went, does not read, or took too long.
    Gone,
    /// What the client has not asked for by now, it asks the next server.
    Idle,
    /// What it sends on means nothing.
    Responded,
}

/// A connection about to be served.
pub(super) struct Connection {
    router: Router,
    peer: SocketAddr,
    bounds: Bounds,
    tls: Option<Arc<Tls>>,
    crowded: Option<Crowded>,
    stopping: watch::Receiver<bool>,
    shared: Arc<Shared>,
}

impl Connection {
    pub(super) fn new(
        router: Router,
        peer: SocketAddr,
        bounds: Bounds,
        tls: Option<Arc<Tls>>,
        crowded: Option<Crowded>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self { router, peer, bounds, tls, crowded, stopping, shared: Arc::default() }
    }

    /// Serves calls, until the connection ends or a response goes on as a stream.
    pub(super) async fn serve(self, socket: TcpStream) -> Option<(Started, Transport)> {
        // Events are small, and each is to arrive at once; where the system cannot do so, they arrive later.
        let _ = socket.set_nodelay(true);
        if self.crowded.is_none() {
            return self.serve_over(socket).await;
        }
        // Places are kept for many who come and go.
        timeout(limits::RESERVED_TIMEOUT, self.serve_over(socket)).await.ok().flatten()
    }

    async fn serve_over(self, socket: TcpStream) -> Option<(Started, Transport)> {
        let transport = self.shake_hands(socket).await?;
        if transport.is_http2() {
            let Self { router, peer, bounds, stopping, .. } = self;
            // Larger than what HTTP/1.1 needs, which most connections speak.
            Box::pin(Http2 { router, peer, bounds, stopping }.serve(transport)).await;
            return None;
        }
        self.serve_http1(transport).await
    }

    /// What to speak HTTP over; `None` where TLS is spoken here and the client does not, in time.
    async fn shake_hands(&self, socket: TcpStream) -> Option<Transport> {
        let Some(tls) = &self.tls else { return Some(Transport::Plain(socket)) };
        let within = match self.crowded {
            Some(_) => self.bounds.reserved_header_timeout,
            None => self.bounds.handshake_timeout,
        };
        let mut stopping = self.stopping.clone();
        tokio::select! {
            transport = tls.accept(socket, self.crowded.is_some(), within) => transport,
            _ = stopping.wait_for(|stopping| *stopping) => None,
        }
    }

    async fn serve_http1(self, transport: Transport) -> Option<(Started, Transport)> {
        let shared = &self.shared;
        let header_timeout = match self.crowded {
            Some(_) => self.bounds.reserved_header_timeout,
            None => limits::HEADER_TIMEOUT,
        };
        let socket = Socket::new(transport, SharedWrites(Arc::clone(shared)), self.bounds.write_timeout);
        let mut serving = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout)
            .max_headers(limits::HEADERS)
            .max_header_size(limits::HEAD_BYTES)
            .max_buf_size(limits::HTTP_BUFFER)
            .serve_connection(socket, service_fn(|request| Box::pin(self.call(request))));
        let mut stopping = self.stopping.clone();
        let mut stop = pin!(stopping.wait_for(|stopping| *stopping));
        let mut told = false;
        let end = std::future::poll_fn(|context| {
            if !told && stop.as_mut().poll(context).is_ready() {
                told = true;
                shared.writes.end_by(Instant::now() + self.bounds.stalled_at_stop);
                Pin::new(&mut serving).graceful_shutdown();
            }
            let ended = Pin::new(&mut serving).poll(context);
            if let Some(started) = shared.take_started() {
                return Poll::Ready(End::Stream(started));
            }
            match ended {
                Poll::Ready(Ok(())) if shared.unread.load(Ordering::Relaxed) => Poll::Ready(End::Responded),
                // Its head was refused.
                Poll::Ready(Err(error)) if error.is_parse() => Poll::Ready(End::Responded),
                Poll::Ready(_) => Poll::Ready(End::Gone),
                Poll::Pending if told && shared.is_idle() => Poll::Ready(End::Idle),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        let mut socket = serving.into_parts().io.into_inner();
        match end {
            End::Stream(started) => return Some((started, socket)),
            End::Gone => {}
            End::Idle => socket.close().await,
            End::Responded => self.read_on(&mut socket).await,
        }
        None
    }

    /// Reads on what was answered already, within bounds: closing the socket would reset the connection, and the client
    /// might not see the response.
    async fn read_on(&self, socket: &mut Transport) {
        // Done already, unless the client has gone.
        socket.close().await;
        let mut stopping = self.stopping.clone();
        let mut buffer = vec![0; EXCESS_AT_ONCE];
        let reading = async {
            let mut excess = 0;
            while let Ok(Ok(count @ 1..)) = timeout(limits::EXCESS_PAUSE, socket.read(&mut buffer)).await {
                excess += count;
                if excess > limits::EXCESS_BODY {
                    break;
                }
            }
        };
        tokio::select! {
            _ = timeout(limits::EXCESS_TIMEOUT, reading) => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }

    /// Answers one call. One that goes on as a stream is left where the connection finds it, and never answered here.
    async fn call(&self, request: hyper::Request<Incoming>) -> Result<Response, Infallible> {
        let shared = &self.shared;
        shared.busy.store(true, Ordering::Relaxed);
        let version = request.version();
        let is_small = HttpBody::size_hint(request.body())
            .upper()
            .is_some_and(|bytes| bytes <= limits::FREE_BODY as u64);
        let mut request = request.map(|body| NotedBody::new(body, Arc::clone(shared)));
        request.extensions_mut().insert(ConnectInfo(self.peer));
        if let Some(crowded) = &self.crowded {
            request.extensions_mut().insert(crowded.clone());
        }
        let mut response = self.router.clone().oneshot(request).await?;
        let handover = response.extensions_mut().remove::<Handover>();
        let Some(stream) = handover.and_then(|handover| handover.take()) else {
            shared.busy.store(false, Ordering::Relaxed);
            if self.crowded.is_some() || (!is_small && shared.unread.load(Ordering::Relaxed)) {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            return Ok(response);
        };
        let (head, _) = response.into_parts();
        shared.put_started(Started { stream, head: Head::new(&head, version, SystemTime::now()) });
        std::future::pending().await
    }
}

impl Shared {
    fn put_started(&self, started: Started) {
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) = Some(started);
    }

    /// Whether no call is being answered, and every byte of the responses before is with the system.
    fn is_idle(&self) -> bool {
        !self.busy.load(Ordering::Relaxed) && !self.writes.are_blocked()
    }

    /// The stream, once every byte of the responses before it is with the system.
    fn take_started(&self) -> Option<Started> {
        if self.writes.are_blocked() {
            return None;
        }
        self.started.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A request's body that notes whether it was read to its end.
struct NotedBody {
    inner: Incoming,
    shared: Arc<Shared>,
}

impl NotedBody {
    fn new(inner: Incoming, shared: Arc<Shared>) -> Self {
        let body = Self { inner, shared };
        body.note();
        body
    }

    fn note(&self) {
        self.shared.unread.store(!self.inner.is_end_stream(), Ordering::Relaxed);
    }
}

impl Body for NotedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        match polled {
            Poll::Ready(None) => self.shared.unread.store(false, Ordering::Relaxed),
            Poll::Ready(Some(_)) => self.note(),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
