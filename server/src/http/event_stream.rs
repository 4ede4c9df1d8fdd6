//! An event stream, once its call has been answered: it has left the HTTP machinery, and writes to its socket itself.
//!
//! A connection that HTTP code serves holds buffers of 16 KB and more for requests that may follow. On a stream none
//! follow, so all that is kept here is the socket and the subscription. This is why it is not `axum::response::sse`: a
//! held connection of that takes 22.6 KB, one of this some 4. The price is that chunks are framed here; over HTTP/2, whose
//! connections are shared, `event_body` has the same parts.

use std::{
    fmt::Write,
    future::poll_fn,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::{Duration, SystemTime},
};

use axum::http::{HeaderName, HeaderValue, Version, header, response};
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use loggin_protocol::{
    sse::{encode_comment, encode_event, encode_retry},
    wire::{ReadyEvent, TokenEvent},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{
    clock::{Random, random_below},
    http::{
        subscription::{Subscription, Woken},
        transport::Transport,
    },
    limits,
    telemetry::metrics::{self, HeldStream, Limit},
};

/// Text of the comment that keeps a stream alive.
const HEARTBEAT: &str = "";

/// Bounds of the wish how long clients shall wait before they connect again when the server stops: spread, so that
/// its successor is not met by all of them at once.
const RETRY_FROM: Duration = Duration::from_millis(500);
/// See [`RETRY_FROM`]: the width of that range, its end included.
const RETRY_WIDTH_MS: u32 = 1_001;

/// Bytes read at once of what a client sends into its stream, which is only looked at for its end.
const DISCARD: usize = 256;

/// Ends a body that is sent in chunks.
const LAST_CHUNK: &str = "0\r\n\r\n";

/// A stream about to begin.
#[derive(Debug)]
pub(crate) struct EventStream {
    subscription: Subscription,
    first: String,
    held: HeldStream,
}

/// A stream on its way through the layers, as an extension of its response.
#[derive(Clone, Debug)]
pub(crate) struct Handover(Arc<Mutex<Option<EventStream>>>);

impl EventStream {
    /// A stream that begins with `ready` and these events.
    pub(crate) fn new(subscription: Subscription, events: &[TokenEvent]) -> Self {
        let pending = subscription.open();
        let ready = TokenEvent::Ready(ReadyEvent { pending });
        let first = encode(std::iter::once(&ready).chain(events));
        Self { subscription, first, held: HeldStream::new() }
    }

    /// The form that an extension must have.
    pub(crate) fn into_extension(self) -> Handover {
        Handover(Arc::new(Mutex::new(Some(self))))
    }

    /// Writes the head and everything that follows, until all logins have ended, the client goes, or the server
    /// stops.
    pub(crate) async fn run(self, mut transport: Transport, head: Head) {
        let Head { mut text, framing } = head;
        let (first, mut parts) = self.into_parts();
        framing.push(&mut text, &first);
        drop(first);
        let last = parts.is_over();
        if last {
            framing.end(&mut text);
        }
        if write(&mut transport, text).await.is_ok() && !last {
            // An error of the socket means that the client has gone, which is nobody's fault.
            let _ = pump(&mut transport, &mut parts, framing).await;
        }
        // Whoever sees the end of the stream finds nothing of it here any more.
        drop(parts);
        transport.close().await;
    }

    /// What the stream begins with, and what follows.
    pub(crate) fn into_parts(self) -> (String, Parts) {
        (self.first, Parts { subscription: self.subscription, _held: self.held })
    }
}

/// What a stream writes at once.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) text: String,
    /// Whether the stream ends after it.
    pub(crate) is_last: bool,
}

/// What a stream writes after its beginning.
#[derive(Debug)]
pub(crate) struct Parts {
    subscription: Subscription,
    _held: HeldStream,
}

impl Parts {
    /// Whether nothing follows.
    pub(crate) fn is_over(&self) -> bool {
        self.subscription.open() == 0
    }

    /// Waits for the next part; `None` where the stream is to be cut. Nothing is lost where this is given up while it
    /// waits, and the stream is to end where it is given up after that.
    pub(crate) async fn next(&mut self) -> Option<Part> {
        let woken = self.subscription.woken().await;
        self.part(woken).await
    }

    async fn part(&mut self, woken: Woken) -> Option<Part> {
        let mut text = String::new();
        let is_last;
        match woken {
            Woken::Changed(logins) => match self.subscription.events(&logins).await {
                Ok(events) => {
                    text = encode(&events);
                    is_last = self.is_over();
                }
                // The client connects again, and is told what it missed.
                Err(error) => {
                    tracing::warn!(%error, "a stream is cut: the store failed");
                    return None;
                }
            },
            Woken::Heartbeat => {
                // Boxed, as it is rare: a waiting stream should be small.
                let ended = Box::pin(self.subscription.ends_with_app()).await;
                text = encode(&ended);
                encode_comment(&mut text, HEARTBEAT);
                is_last = self.is_over();
            }
            Woken::Stopping => {
                encode_retry(&mut text, retry_delay(self.subscription.random()));
                is_last = true;
            }
        }
        Some(Part { text, is_last })
    }
}

impl Handover {
    /// Takes the stream, once.
    pub(crate) fn take(&self) -> Option<EventStream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

async fn pump(transport: &mut Transport, parts: &mut Parts, framing: Framing) -> io::Result<()> {
    let mut received = 0;
    loop {
        let woken = tokio::select! {
            woken = parts.subscription.woken() => woken,
            discarded = poll_fn(|context| discard(transport, context)) => {
                received += discarded?;
                if received > limits::BYTES_INTO_STREAM {
                    metrics::limit_hit(Limit::StreamInput);
                    return Ok(());
                }
                continue;
            }
        };
        let Some(Part { text, is_last }) = parts.part(woken).await else { return Ok(()) };
        let mut out = String::with_capacity(text.len() + 16);
        framing.push(&mut out, &text);
        if is_last {
            framing.end(&mut out);
        }
        write(transport, out).await?;
        if is_last {
            return Ok(());
        }
    }
}

/// Reads what the client sent, and drops it; the end of its side is an error here, as it does not read any more. The
/// bytes are on the stack only, so a stream that waits holds none.
fn discard(transport: &mut Transport, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
    let mut bytes = [0; DISCARD];
    let mut buffer = ReadBuf::new(&mut bytes);
    ready!(Pin::new(transport).poll_read(context, &mut buffer))?;
    match buffer.filled().len() {
        0 => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
        count => Poll::Ready(Ok(count)),
    }
}

/// Writes at once where the socket takes it, which is nearly always, and waits for a slow client a bounded time.
async fn write(transport: &mut Transport, text: String) -> io::Result<()> {
    let mut rest = text.as_bytes();
    let at_once = poll_fn(|context| Poll::Ready(send(transport, &mut rest, context))).await;
    if let Poll::Ready(written) = at_once {
        return written;
    }
    let slowly = poll_fn(|context| send(transport, &mut rest, context));
    // Boxed, as a timer is large and this is rare.
    let written = Box::pin(tokio::time::timeout(limits::WRITE_TIMEOUT, slowly)).await;
    if written.is_err() {
        metrics::limit_hit(Limit::WriteTime);
    }
    written?
}

/// Writes what the socket takes, until nothing of it is left here.
fn send(transport: &mut Transport, rest: &mut &[u8], context: &mut Context<'_>) -> Poll<io::Result<()>> {
    while !rest.is_empty() {
        match ready!(Pin::new(&mut *transport).poll_write(context, rest))? {
            0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            written => *rest = rest.get(written..).unwrap_or_default(),
        }
    }
    Pin::new(transport).poll_flush(context)
}

fn retry_delay(random: &dyn Random) -> Duration {
    RETRY_FROM + Duration::from_millis(random_below(random, RETRY_WIDTH_MS).into())
}

fn encode<'a>(events: impl IntoIterator<Item = &'a TokenEvent>) -> String {
    let mut text = String::new();
    for event in events {
        let (name, data) = event.to_parts();
        encode_event(&mut text, name, &data);
    }
    text
}

/// How the end of the body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// In chunks, so that a stream which was cut differs from one which ended.
    Chunked,
    /// By the end of the connection, for clients of HTTP/1.0.
    Close,
}

impl Framing {
    fn of(version: Version) -> Self {
        if version == Version::HTTP_10 { Self::Close } else { Self::Chunked }
    }

    fn push(self, out: &mut String, text: &str) {
        match self {
            // A chunk of no bytes would be the end.
            _ if text.is_empty() => {}
            Self::Close => out.push_str(text),
            Self::Chunked => {
                // Writing to a string does not fail.
                let _ = write!(out, "{:x}\r\n{text}\r\n", text.len());
            }
        }
    }

    fn end(self, out: &mut String) {
        if self == Self::Chunked {
            out.push_str(LAST_CHUNK);
        }
    }
}

/// The head of a stream's response, ready to be written.
#[derive(Debug)]
pub(crate) struct Head {
    text: String,
    framing: Framing,
}

impl Head {
    /// The head of this response to a client of this version, at this time.
    pub(crate) fn new(parts: &response::Parts, version: Version, now: SystemTime) -> Self {
        let framing = Framing::of(version);
        let mut text = format!("HTTP/1.1 {}\r\n", parts.status);
        let mut line = |name: &HeaderName, value: &HeaderValue| {
            // Every value here was made by this server from text.
            // Writing to a string does not fail.
            let _ = write!(text, "{name}: {}\r\n", value.to_str().unwrap_or_default());
        };
        for (name, value) in &parts.headers {
            if *name != header::CONTENT_LENGTH {
                line(name, value);
            }
        }
        if let Some(date) = http_date(now) {
            line(&header::DATE, &date);
        }
        line(&header::CONNECTION, &HeaderValue::from_static("close"));
        if framing == Framing::Chunked {
            line(&header::TRANSFER_ENCODING, &HeaderValue::from_static("chunked"));
        }
        text.push_str("\r\n");
        Self { text, framing }
    }
}

/// The value of the `Date` header.
fn http_date(now: SystemTime) -> Option<HeaderValue> {
    let now = Timestamp::try_from(now).ok()?;
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok()?;
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_http_has_them() {
        let then = SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_999);
        assert_eq!(http_date(then).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
