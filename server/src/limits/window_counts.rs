//! How much each of many did lately: counts in windows of fixed length, for bounds that need not be exact.

use std::{
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hashlink::LinkedHashMap;

use crate::{clock::UnixMillis, limits};

/// Counts by key.
#[derive(Debug)]
pub(crate) struct WindowCounts<K> {
    most: u32,
    window: Duration,
    keys: usize,
    /// In the order in which the windows began.
    counts: Mutex<LinkedHashMap<K, Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    since: UnixMillis,
    count: u32,
}

impl<K: Eq + Hash> WindowCounts<K> {
    /// Counts that let each key do `most` in a window.
    pub(crate) fn new(most: u32, window: Duration) -> Self {
        Self::with_keys(most, window, limits::KEYS_COUNTED)
    }

    /// The same for so many keys at once. Beyond them the window that began first is given up, and no other.
    fn with_keys(most: u32, window: Duration, keys: usize) -> Self {
        Self { most, window, keys, counts: Mutex::default() }
    }

    /// Counts so much more; tells whether it is within what one key may do.
    pub(crate) fn count(&self, key: K, amount: usize, now: UnixMillis) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let amount = u32::try_from(amount).unwrap_or(u32::MAX);
        if let Some(window) = counts.get_mut(&key) {
            // A clock that was ahead, and is not any more, holds nobody up longer than a window.
            window.since = window.since.min(now);
            if now.since(window.since) < self.window {
                window.count = window.count.saturating_add(amount);
                return window.count <= self.most;
            }
            counts.remove(&key);
        }
        while counts.front().is_some_and(|(_, oldest)| now.since(oldest.since) >= self.window)
            || counts.len() >= self.keys
        {
            counts.pop_front();
        }
        counts.insert(key, Window { since: now, count: amount });
        amount <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::START;

    const WINDOW: Duration = Duration::from_secs(60);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn each_key_does_so_much_in_a_window() {
        let counts = WindowCounts::new(3, WINDOW);
        assert!(counts.count("a", 2, START) && counts.count("a", 1, START));
        assert!(!counts.count("a", 1, START));
        assert!(counts.count("b", 3, START));
        assert!(!counts.count("c", usize::MAX, START));
        assert!(counts.count("a", 3, START + WINDOW));
        assert!(!counts.count("a", 1, START + WINDOW));
    }

    #[test]
    fn windows_that_are_over_are_forgotten() {
        let counts = WindowCounts::new(1, WINDOW);
        for key in 0..100 {
            assert!(counts.count(key, 1, START));
        }
        assert!(counts.count(100, 1, START + WINDOW));
        assert_eq!(counts.counts.lock().unwrap().len(), 1);
    }

    #[test]
    fn the_oldest_window_makes_room_and_no_other() {
        let counts = WindowCounts::with_keys(1, WINDOW, 3);
        for (key, second) in [("a", 0), ("b", 1), ("c", 2)] {
            assert!(counts.count(key, 1, START + SECOND * second));
        }
        // Begins anew, and so is the youngest.
        assert!(counts.count("a", 1, START + WINDOW));
        assert!(counts.count("d", 1, START + WINDOW));
        assert_eq!(counts.counts.lock().unwrap().len(), 3);
        for key in ["a", "c", "d"] {
            assert!(!counts.count(key, 1, START + WINDOW), "{key}");
        }
        assert!(counts.count("b", 1, START + WINDOW));
    }

    #[test]
    fn a_clock_that_was_ahead_holds_nobody_up() {
        let counts = WindowCounts::new(1, WINDOW);
        let ahead = START + WINDOW * 1_000;
        assert!(counts.count("a", 1, ahead));
        assert!(!counts.count("a", 1, START));
        assert!(!counts.count("a", 1, START + WINDOW - SECOND));
        assert!(counts.count("a", 1, START + WINDOW));
    }
}
