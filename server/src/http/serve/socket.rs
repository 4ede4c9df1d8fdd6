//! A socket with a deadline for its client to read: it notes whether it has taken all it was given, and fails where
//! nothing was taken for too long.

use std::{
    io,
    pin::Pin,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::{
    http::transport::Transport,
    telemetry::metrics::{self, Limit},
};

/// What is known of a socket's writes outside of it.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// Whether the socket took less than it was given, so that bytes of an earlier response still wait.
    blocked: AtomicBool,
    /// From when on nothing waits any more.
    last_moment: OnceLock<Instant>,
}

impl Writes {
    pub(super) fn are_blocked(&self) -> bool {
        self.blocked.load(Ordering::Relaxed)
    }

    /// From this moment on, a client that does not read at once is not waited for.
    pub(super) fn end_by(&self, moment: Instant) {
        // Whoever was first said so.
        let _ = self.last_moment.set(moment);
    }
}

/// A connection's socket.
#[derive(Debug)]
pub(super) struct Socket<W> {
    inner: TokioIo<Transport>,
    writes: W,
    timeout: Duration,
    /// When the client was waited for long enough, while it is: a timer is large, and this is rare.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<W: AsRef<Writes> + Unpin> Socket<W> {
    pub(super) fn new(transport: Transport, writes: W, timeout: Duration) -> Self {
        Self { inner: TokioIo::new(transport), writes, timeout, deadline: None }
    }

    pub(super) fn into_inner(self) -> Transport {
        self.inner.into_inner()
    }

    /// Notes what a write came to, and gives up one that has waited too long.
    fn noted<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let writes = self.writes.as_ref();
        writes.blocked.store(written.is_pending(), Ordering::Relaxed);
        if written.is_ready() {
            self.deadline = None;
            return written;
        }
        let last_moment = writes.last_moment.get().copied();
        let deadline =
            self.deadline.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + self.timeout)));
        if let Some(last_moment) = last_moment.filter(|moment| *moment < deadline.deadline()) {
            deadline.as_mut().reset(last_moment);
        }
        ready!(deadline.as_mut().poll(context));
        metrics::limit_hit(Limit::WriteTime);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<W: AsRef<Writes> + Unpin> Read for Socket<W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<W: AsRef<Writes> + Unpin> Write for Socket<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.noted(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, buffers);
        self.noted(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // TLS takes more than its socket does: what it keeps is with the system when this says so.
        let flushed = Pin::new(&mut self.inner).poll_flush(context);
        self.noted(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.inner).poll_shutdown(context);
        self.noted(done, context)
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, sync::Arc};

    use tokio::{
        io::AsyncReadExt,
        net::{TcpListener, TcpStream},
    };

    use super::*;

    const SOON: Duration = Duration::from_millis(20);
    const NEVER: Duration = Duration::from_secs(3_600);

    struct Noted(Arc<Writes>);

    impl AsRef<Writes> for Noted {
        fn as_ref(&self) -> &Writes {
            &self.0
        }
    }

    /// A socket that takes no more, and its client.
    async fn filled(timeout: Duration) -> (Socket<Noted>, Arc<Writes>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let writes = Arc::new(Writes::default());
        let mut socket = Socket::new(Transport::Plain(server), Noted(Arc::clone(&writes)), timeout);
        while !writes.are_blocked() {
            poll_fn(|context| {
                let _ = Pin::new(&mut socket).poll_write(context, &[0; 8 << 10]);
                Poll::Ready(())
            })
            .await;
        }
        (socket, writes, client)
    }

    async fn write(socket: &mut Socket<Noted>) -> io::Result<usize> {
        poll_fn(|context| Pin::new(&mut *socket).poll_write(context, b"x")).await
    }

    /// Writes on: what lies in the system's buffers may still move, and leave room for a little more.
    async fn given_up(socket: &mut Socket<Noted>) -> io::ErrorKind {
        loop {
            if let Err(error) = write(socket).await {
                return error.kind();
            }
        }
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_given_up() {
        let (mut socket, _, _client) = filled(SOON).await;
        assert_eq!(given_up(&mut socket).await, io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn at_the_end_it_is_given_up_sooner() {
        let (mut socket, writes, _client) = filled(NEVER).await;
        writes.end_by(Instant::now() + SOON);
        assert_eq!(given_up(&mut socket).await, io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn one_that_takes_some_is_waited_for() {
        let (mut socket, writes, client) = filled(NEVER).await;
        let reading = tokio::spawn(async move {
            let mut client = client;
            let _ = client.read_to_end(&mut Vec::new()).await;
        });
        assert_eq!(write(&mut socket).await.unwrap(), 1);
        assert!(!writes.are_blocked() && socket.deadline.is_none());
        drop(socket);
        reading.await.unwrap();
    }
}
