//! Time and randomness as the server's parts take them: from outside, so that tests can set both.

use std::{
    fmt,
    ops::{Add, Sub},
    time::{Duration, SystemTime},
};

use jiff::Timestamp;
use rand::{Rng, rand_core::UnwrapErr, rngs::SysRng};

/// A moment in milliseconds since 1970, as the store keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UnixMillis(pub(crate) i64);

impl UnixMillis {
    /// How long after `earlier` this is; zero where it is not after it.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This moment, or `latest` where it lies beyond.
    ///
    /// Stored moments are read through this: a clock that was ahead for a while wrote some that lie as far in the
    /// future, and nobody is to wait for them longer than for one that was written now.
    pub(crate) fn no_later_than(self, latest: Self) -> Self {
        self.min(latest)
    }
}

impl Add<Duration> for UnixMillis {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for UnixMillis {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl From<SystemTime> for UnixMillis {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Self(0) + after,
            Err(before) => Self(0) - before.duration(),
        }
    }
}

impl From<UnixMillis> for SystemTime {
    fn from(moment: UnixMillis) -> Self {
        let distance = Duration::from_millis(moment.0.unsigned_abs());
        if moment.0 < 0 { Self::UNIX_EPOCH - distance } else { Self::UNIX_EPOCH + distance }
    }
}

impl From<UnixMillis> for Timestamp {
    fn from(moment: UnixMillis) -> Self {
        Self::from_millisecond(moment.0).unwrap_or(if moment.0 < 0 { Self::MIN } else { Self::MAX })
    }
}

/// Where the server reads the time of day.
pub(crate) trait Clock: fmt::Debug + Send + Sync {
    /// The time of day.
    fn now(&self) -> UnixMillis;
}

/// The clock of the operating system.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        SystemTime::now().into()
    }
}

/// Where the server takes secrets and random delays from.
pub(crate) trait Random: fmt::Debug + Send + Sync {
    /// Fills `bytes` with bits that nobody can foretell.
    fn fill(&self, bytes: &mut [u8]);
}

/// The generator of the operating system, asked each time: what it gives is in no memory of this process.
#[derive(Debug)]
pub(crate) struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // It panics where the system has none to give: no code is better than one that can be guessed.
        UnwrapErr(SysRng).fill_bytes(bytes);
    }
}

/// An array of random bytes.
pub(crate) fn random_bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

/// A random number below `bound`, which must not be 0; the bias is below one in 2^32 for any `u32`.
pub(crate) fn random_below(random: &dyn Random, bound: u32) -> u32 {
    let wide = u64::from_le_bytes(random_bytes(random));
    // The remainder is below `bound`, so it fits.
    u32::try_from(wide % u64::from(bound)).unwrap_or_default()
}
