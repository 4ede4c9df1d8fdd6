//! How much each of many did lately: counts in windows of fixed length, for bounds that need not be exact.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{clock::UnixMillis, limits};

/// Counts by key.
#[derive(Debug)]
pub(crate) struct WindowCounts<K> {
    most: u32,
    window: Duration,
    counts: Mutex<HashMap<K, (UnixMillis, u32)>>,
}

impl<K: Eq + Hash> WindowCounts<K> {
    /// Counts that let each key do `most` in a window.
    pub(crate) fn new(most: u32, window: Duration) -> Self {
        Self { most, window, counts: Mutex::default() }
    }

    /// Counts so much more; tells whether it is within what one key may do.
    pub(crate) fn count(&self, key: K, amount: usize, now: UnixMillis) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= limits::KEYS_COUNTED {
            counts.retain(|_, (since, _)| now.since(*since) < self.window);
        }
        if counts.len() >= limits::KEYS_COUNTED {
            counts.clear();
        }
        let (since, count) = counts.entry(key).or_insert((now, 0));
        if now.since(*since) >= self.window {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(u32::try_from(amount).unwrap_or(u32::MAX));
        *count <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::START;

    const WINDOW: Duration = Duration::from_secs(60);

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
    fn keys_are_forgotten_before_they_are_too_many() {
        let counts = WindowCounts::new(1, WINDOW);
        for key in 0..limits::KEYS_COUNTED {
            assert!(counts.count(key, 1, START));
        }
        assert!(counts.count(usize::MAX, 1, START + WINDOW));
        assert_eq!(counts.counts.lock().unwrap().len(), 1);
    }
}
