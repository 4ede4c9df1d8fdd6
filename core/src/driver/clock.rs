//! The time that a client goes by. It counts the hours in which the machine sleeps, as the server's does.

use std::time::{Duration, Instant};

#[cfg(test)]
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) struct Clock {
    /// Goes on while the machine sleeps, where the operating system tells such a time.
    began: boot_time::Instant,
    /// Stands still then, on Linux, Android and systems of Apple.
    awake: Instant,
    #[cfg(test)]
    slept_in_test: AtomicU64,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self {
            began: boot_time::Instant::now(),
            awake: Instant::now(),
            #[cfg(test)]
            slept_in_test: AtomicU64::new(0),
        }
    }

    pub(super) fn now(&self) -> Duration {
        let now = self.began.elapsed();
        #[cfg(test)]
        let now = now + Duration::from_millis(self.slept_in_test.load(Ordering::Relaxed));
        now
    }

    /// How long the machine has slept altogether; nothing where the operating system does not tell.
    pub(super) fn slept(&self) -> Duration {
        let awake = self.awake.elapsed();
        self.now().saturating_sub(awake)
    }

    #[cfg(test)]
    pub(super) fn jump(&self, time: Duration) {
        self.slept_in_test.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }
}
