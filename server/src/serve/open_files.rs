//! How many files this process may have open: every connection is one.
//!
//! Systems start a process with a low limit for the sake of old programs and let it raise that itself, up to a second
//! limit that its operator sets (`LimitNOFILE` of systemd, `ulimit -Hn`).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit as far as it may be; returns it, or `None` where there is none.
pub(super) fn raise_limit() -> Option<usize> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // Some systems have a bound of their own below the second limit: then the first one stays.
    let raised =
        current != maximum && setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let limit = if raised { maximum } else { current };
    limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
}
