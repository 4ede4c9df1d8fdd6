//! One stream as the books have it: what it carries, and how far it has come.

use std::time::Duration;

use super::{StreamId, board::LoginId};

/// A stream that is not ready in this time, its connection included, is kept back by something on the way.
const READY: Duration = Duration::from_secs(5);

/// What each token of a stream's request adds to that: ten thousand are half a megabyte, and the server looks each up.
const READY_PER_TOKEN: Duration = Duration::from_millis(1);

/// A stream that has been ready for so long works, whatever became of it.
const PROVED: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Stream {
    /// The tokens in the order of the request.
    pub(super) logins: Vec<LoginId>,
    pub(super) opened_at: Duration,
    /// A long poll counts as ready when it is opened: nothing is heard of it before its response.
    pub(super) ready_at: Option<Duration>,
    pub(super) is_poll: bool,
    /// It told something that was not known before.
    pub(super) is_news: bool,
    /// Pending tokens that depend on this stream.
    pub(super) carried: usize,
    /// It holds a token that was given up before its time: to be replaced.
    pub(super) is_stale: bool,
    /// Streams being opened that will take tokens over from this one.
    pub(super) successors: usize,
    /// The streams that this one takes tokens over from.
    pub(super) predecessors: Vec<StreamId>,
}

impl Stream {
    pub(super) fn is_ready(&self) -> bool {
        self.ready_at.is_some()
    }

    pub(super) fn is_eligible(&self) -> bool {
        self.is_ready() && self.successors == 0
    }

    /// Until when it may take to be ready.
    pub(super) fn ready_by(&self) -> Duration {
        let tokens = u32::try_from(self.logins.len()).unwrap_or(u32::MAX);
        self.opened_at + READY + READY_PER_TOKEN * tokens
    }

    /// Whether the server is there, as far as this stream can tell.
    pub(super) fn is_proved(&self, now: Duration) -> bool {
        !self.is_poll && self.ready_at.is_some_and(|ready_at| now.saturating_sub(ready_at) >= PROVED)
    }
}
