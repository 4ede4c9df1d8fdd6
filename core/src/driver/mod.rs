//! The only part of the crate that does I/O, reads a clock, starts a thread or asks for randomness.

mod calls;
mod clock;
mod fork;
mod hub;
mod lines;
#[cfg(test)]
mod panics;
mod pending;
mod proxy;
mod reach;
#[cfg(test)]
mod silence;
#[cfg(test)]
mod sleep;
mod stream;
mod transport;
mod watch;
mod workers;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, OnceLock},
};

use rand::{TryRng, rngs::SysRng};

use crate::error::{Error, ErrorCode};
pub(crate) use calls::{Call, read_body, reader_of};
pub(crate) use hub::Hub;
pub use pending::Pending;
pub(crate) use proxy::{Proxy, is_loopback};
pub(crate) use reach::Reached;
pub(crate) use transport::{CALL_TIMEOUT, STREAM_SILENCE, Settings, TlsOptions, Trust};
pub use watch::{Update, Watch};

/// Bytes of an idempotency key: 128 bits are never met twice.
const IDEMPOTENCY_KEY_BYTES: usize = 16;

/// The hub of this process, one after each fork.
///
/// A forked child must not use its parent's hub: its threads are not there, its locks may be held for ever, and its
/// sockets belong to the parent. So the child appends a hub of its own.
pub(crate) struct Hubs {
    hub: Arc<Hub>,
    after_fork: OnceLock<Box<Hubs>>,
}

impl Hubs {
    pub(crate) fn new(settings: Arc<Settings>) -> Result<Self, Error> {
        Ok(Self { hub: Hub::new(settings)?, after_fork: OnceLock::new() })
    }

    pub(crate) fn settings(&self) -> &Settings {
        self.hub.settings()
    }

    /// The hub that belongs to this process.
    pub(crate) fn current(&self) -> Result<&Arc<Hub>, Error> {
        let mut last = self;
        while let Some(next) = last.after_fork.get() {
            last = next;
        }
        if last.hub.generation() == fork::generation() {
            return Ok(&last.hub);
        }
        let fresh = Self::new(Arc::clone(last.hub.settings()))?;
        Ok(&last.after_fork.get_or_init(|| Box::new(fresh)).hub)
    }
}

/// Random bytes from the operating system, at every call: a pool of them would be the same in a forked child.
///
/// # Errors
/// `internal` where the operating system has none to give.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|_| Error::new(ErrorCode::Internal, "The operating system gave no random bytes."))?;
    Ok(bytes)
}

/// Runs code that may panic; `None` where it did. The panic hook has reported it by then.
///
/// What the code has touched is either its own and gone with it, or behind locks of ours, which are never held over code
/// that may panic.
fn unwound<T>(code: impl FnOnce() -> T) -> Option<T> {
    let result = catch_unwind(AssertUnwindSafe(code));
    if result.is_err() {
        log::error!(target: "loggin", "a panic on a thread of the client was caught");
    }
    result.ok()
}

/// Random bits that only spread load: without any, all clients would keep step, but nothing breaks.
fn jitter() -> u64 {
    random().map_or(0, u64::from_ne_bytes)
}

/// A key that makes this client's calls its own.
fn new_idempotency_key() -> Result<String, Error> {
    use std::fmt::Write as _;
    let mut key = String::with_capacity(2 * IDEMPOTENCY_KEY_BYTES);
    for byte in random::<IDEMPOTENCY_KEY_BYTES>()? {
        // Writing to a string does not fail.
        let _ = write!(key, "{byte:02x}");
    }
    Ok(key)
}
