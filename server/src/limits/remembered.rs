//! What was read lately, kept for a moment: so many entries, of which the oldest makes room for the newest.

use std::{
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use hashlink::LinkedHashMap;

/// Values by key, each believed for so long after it was read.
#[derive(Debug)]
pub(crate) struct Remembered<K: Eq + Hash, V> {
    most: usize,
    valid: Duration,
    /// In the order in which they were read.
    values: Mutex<LinkedHashMap<K, (Instant, V)>>,
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    /// At most so many values, each believed for so long.
    pub(crate) fn new(most: usize, valid: Duration) -> Self {
        Self { most, valid, values: Mutex::default() }
    }

    /// The value, where it is believed at this moment.
    pub(crate) fn recall(&self, key: &K, now: Instant) -> Option<V> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, value) = values.get(key)?;
        (now.saturating_duration_since(*read_at) < self.valid).then(|| value.clone())
    }

    /// Keeps a value that was read at this moment.
    pub(crate) fn keep(&self, key: K, value: V, now: Instant) {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.remove(&key);
        while values.len() >= self.most && values.pop_front().is_some() {}
        values.insert(key, (now, value));
    }

    /// Believes no value of this key any more.
    pub(crate) fn forget(&self, key: &K) {
        self.values.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_value_is_believed_for_its_time() {
        let remembered = Remembered::new(2, SECOND);
        let start = Instant::now();
        assert_eq!(remembered.recall(&"a", start), None);
        remembered.keep("a", 1, start);
        assert_eq!(remembered.recall(&"a", start + SECOND / 2), Some(1));
        assert_eq!(remembered.recall(&"a", start + SECOND), None);
        remembered.keep("a", 2, start + SECOND);
        assert_eq!(remembered.recall(&"a", start + SECOND), Some(2));
        remembered.forget(&"a");
        assert_eq!(remembered.recall(&"a", start + SECOND), None);
    }

    #[test]
    fn the_one_that_was_read_first_makes_room() {
        let remembered = Remembered::new(2, SECOND);
        let start = Instant::now();
        for key in ["a", "b", "a", "c"] {
            remembered.keep(key, (), start);
        }
        let known = ["a", "b", "c"].map(|key| remembered.recall(&key, start).is_some());
        assert_eq!(known, [true, false, true]);
    }
}
