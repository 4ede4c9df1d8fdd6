//! The only part of the crate that does I/O, reads a clock, starts a thread or asks for randomness.

mod calls;
mod clock;
mod fork;
mod hub;
mod in_flight;
mod pages;
mod pending;
mod proxy;
mod random;
mod reach;
mod slot;
mod stream;
#[cfg(test)]
mod tests;
mod thread;
mod transport;
mod waiter;
mod watch;
mod watched;
mod workers;

use std::sync::{Arc, OnceLock};

pub(crate) use calls::{Call, read_body, reader_of};
pub(crate) use hub::Hub;
use loggin_protocol::Error;
pub use pending::Pending;
pub(crate) use proxy::{Proxy, is_loopback};
pub(crate) use random::random;
pub(crate) use reach::Reached;
pub(crate) use transport::{CALL_TIMEOUT, STREAM_SILENCE, Settings, TlsOptions, Trust};
pub use watch::{Update, Watch};

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
