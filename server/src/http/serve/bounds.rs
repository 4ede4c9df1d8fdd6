//! What connections are held to, and how many files this process may have open: every connection is one.
//!
//! Systems start a process with a low limit of files for the sake of old programs and let it raise that itself, up to a
//! second limit that its operator sets (`LimitNOFILE` of systemd, `ulimit -Hn`).

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::limits;

/// What connections are held to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Connections at once.
    pub(crate) connections: usize,
    /// Connections beyond these, for webhooks and health.
    pub(crate) reserved: usize,
    /// Connections of one address, unless it is a trusted proxy's.
    pub(crate) per_address: usize,
    /// Connections of one address among the reserved ones, unless it is a trusted proxy's.
    pub(crate) reserved_per_address: usize,
    /// Time in which a client must take some of what is written.
    pub(crate) write_timeout: Duration,
    /// The same once the server stops.
    pub(crate) stalled_at_stop: Duration,
    /// Time for a client to shake hands, where TLS is spoken.
    pub(crate) handshake_timeout: Duration,
    /// Time to do so on a reserved connection, and to send the head of a request there.
    pub(crate) reserved_header_timeout: Duration,
}

impl Bounds {
    /// The bounds of this process, which is allowed as many open files as it can be from here on.
    pub(crate) fn of_this_process() -> Self {
        let bounds = Self::for_files(raise_limit());
        tracing::info!(
            connections = bounds.connections,
            per_address = bounds.per_address,
            "connections at once"
        );
        bounds
    }

    /// The bounds of a process that may have so many files open; `None` where there is no limit.
    fn for_files(files: Option<usize>) -> Self {
        let files = files.unwrap_or(usize::MAX);
        let kept = limits::FILES_RESERVED.min(files / 2);
        let connections = limits::CONNECTIONS.min(files - kept);
        Self {
            connections,
            reserved: limits::RESERVED_CONNECTIONS.min(kept / 4),
            per_address: limits::CONNECTIONS_PER_ADDRESS.min(connections.div_ceil(4)),
            reserved_per_address: limits::RESERVED_CONNECTIONS_PER_ADDRESS,
            write_timeout: limits::WRITE_TIMEOUT,
            stalled_at_stop: limits::STALLED_AT_STOP,
            handshake_timeout: limits::HANDSHAKE_TIMEOUT,
            reserved_header_timeout: limits::RESERVED_HEADER_TIMEOUT,
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self::for_files(None)
    }
}

/// Raises the limit as far as it may be; returns it, or `None` where there is none.
fn raise_limit() -> Option<usize> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // Some systems have a bound of their own below the second limit: then the first one stays.
    let raised =
        current != maximum && setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let limit = if raised { maximum } else { current };
    limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_leave_files_to_everything_else() {
        let of = |files| {
            let bounds = Bounds::for_files(files);
            (bounds.connections, bounds.reserved, bounds.per_address)
        };
        assert_eq!(of(None), (65_536, 64, 2_000));
        assert_eq!(of(Some(65_536)), (65_280, 64, 2_000));
        assert_eq!(of(Some(1_024)), (768, 64, 192));
        assert_eq!(of(Some(120)), (60, 15, 15));
        assert_eq!(of(Some(0)), (0, 0, 0));
    }
}
