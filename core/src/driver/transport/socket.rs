//! A connection as the HTTP library reads and writes it. The library's own cannot be made of a socket that is there.

use std::{
    fmt,
    io::{self, Read, Write},
    net::TcpStream,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use ureq::{
    Error as HttpError,
    unversioned::transport::{Buffers, LazyBuffers, NextTimeout, ShutdownHandle, Transport},
};

pub(super) struct Socket {
    /// Shared with who hangs up.
    stream: Arc<TcpStream>,
    buffers: LazyBuffers,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, buffers: LazyBuffers) -> Self {
        Self { stream: Arc::new(stream), buffers }
    }

    pub(super) fn shutdown_handle(&self) -> Weak<dyn ShutdownHandle> {
        Arc::<TcpStream>::downgrade(&self.stream) as _
    }
}

impl Transport for Socket {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), HttpError> {
        let timeout = timeout.for_write();
        taken(self.stream.set_write_timeout(span(timeout)?))?;
        (&*self.stream)
            .write_all(&self.buffers.output()[..amount])
            .map_err(|error| late_or_lost(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, HttpError> {
        let timeout = timeout.for_read();
        let span = span(timeout)?;
        let began = Instant::now();
        let mut left = span;
        let amount = loop {
            taken(self.stream.set_read_timeout(left))?;
            match (&*self.stream).read(self.buffers.input_append_buf()) {
                Ok(amount) => break amount,
                // A signal interrupts a read that has a timeout, whatever the program asked for.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    left = span.map(|span| span.saturating_sub(began.elapsed()));
                    if left.is_some_and(|left| left.is_zero()) {
                        return Err(HttpError::Timeout(timeout.reason));
                    }
                }
                Err(error) => return Err(late_or_lost(error, timeout)),
            }
        };
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// Between two requests there is nothing to read: neither bytes nor the other side's end.
    fn is_open(&mut self) -> bool {
        let is_quiet = || {
            self.stream.set_nonblocking(true)?;
            let read = (&*self.stream).read(&mut [0]);
            self.stream.set_nonblocking(false)?;
            Ok::<_, io::Error>(read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock))
        };
        is_quiet().unwrap_or(false)
    }
}

/// The time as the socket takes it; none for one that does not end.
fn span(timeout: NextTimeout) -> Result<Option<Duration>, HttpError> {
    if timeout.after.is_not_happening() {
        return Ok(None);
    }
    if timeout.after.is_zero() {
        return Err(HttpError::Timeout(timeout.reason));
    }
    Ok(Some(*timeout.after))
}

/// Systems of Apple take no timeout once the other side has closed, while there may be something to read.
fn taken(set: io::Result<()>) -> io::Result<()> {
    match set {
        Err(error) if cfg!(target_vendor = "apple") && error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

fn late_or_lost(error: io::Error, timeout: NextTimeout) -> HttpError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => HttpError::Timeout(timeout.reason),
        _ => HttpError::Io(error),
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Socket").finish_non_exhaustive()
    }
}
