//! A warning that may come with every message of a bad hour: said now and then, with how often it would have been.

use std::sync::{Mutex, PoisonError};

use crate::{clock::UnixMillis, limits};

/// How often something may be said.
#[derive(Debug)]
pub(crate) struct Throttled {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    said_at: Option<UnixMillis>,
    suppressed: u64,
}

impl Throttled {
    /// At most once in [`limits::WARNING_PAUSE`].
    pub(crate) const fn new() -> Self {
        Self { state: Mutex::new(State { said_at: None, suppressed: 0 }) }
    }

    /// Whether to say it now: how often it was not said since the last time, or `None` where it was said a moment ago.
    ///
    /// A clock that was set back does not silence it.
    pub(crate) fn due(&self, now: UnixMillis) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |said_at: UnixMillis| said_at <= now && now.since(said_at) < limits::WARNING_PAUSE;
        if state.said_at.is_some_and(is_recent) {
            state.suppressed = state.suppressed.saturating_add(1);
            return None;
        }
        state.said_at = Some(now);
        Some(std::mem::take(&mut state.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tests::START;

    const MINUTE: Duration = limits::WARNING_PAUSE;

    #[test]
    fn it_is_said_once_in_its_time_and_the_rest_is_counted() {
        let warning = Throttled::new();
        assert_eq!(warning.due(START), Some(0));
        assert_eq!(warning.due(START), None);
        assert_eq!(warning.due(START + MINUTE - Duration::from_millis(1)), None);
        assert_eq!(warning.due(START + MINUTE), Some(2));
        assert_eq!(warning.due(START + MINUTE * 9), Some(0));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_silence_it() {
        let warning = Throttled::new();
        assert_eq!(warning.due(START + MINUTE * 60), Some(0));
        assert_eq!(warning.due(START), Some(0));
        assert_eq!(warning.due(START), None);
    }
}
