//! The clock that all processes of one measurement share, and moments written down by it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Nanoseconds of the machine's monotonic clock, the one that Python's `time.monotonic_ns` and Node's
/// `process.hrtime` read: moments of different processes can be compared.
pub(crate) fn now_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a value of the right type that outlives the call.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    assert_eq!(failed, 0, "the monotonic clock can be read");
    let seconds = u64::try_from(time.tv_sec).expect("the clock is not negative");
    seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).expect("nor are its nanoseconds")
}

/// When each wait woke, by its number. Writing to it neither locks nor allocates.
#[derive(Debug)]
pub(crate) struct Stamps(Vec<AtomicU64>);

impl Stamps {
    pub(crate) fn new(waits: usize) -> Self {
        Self((0..waits).map(|_| AtomicU64::new(0)).collect())
    }

    /// Writes down that this wait woke now.
    pub(crate) fn mark(&self, wait: usize) {
        self.0[wait].store(now_ns(), Ordering::Release);
    }

    /// The waits that woke, each with its moment.
    pub(crate) fn marked(&self) -> Vec<(usize, u64)> {
        let moments = self.0.iter().map(|moment| moment.load(Ordering::Acquire));
        moments.enumerate().filter(|(_, moment)| *moment != 0).collect()
    }
}
