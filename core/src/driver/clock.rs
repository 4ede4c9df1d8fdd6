//! The time that waits count: by a clock that goes on while the computer sleeps, beside one that stands still meanwhile.
//!
//! [`Instant`] is the former on some platforms and the latter on others.

#![allow(unsafe_code)]

use std::time::{Duration, Instant};

/// Where a hub's time comes from.
pub(super) trait Clock: Send + Sync {
    /// Time since the hub was made, sleep included as far as the platform counts it.
    fn now(&self) -> Duration;

    /// The same without sleep; none where the platform does not tell the two apart.
    fn awake(&self) -> Option<Duration>;
}

/// The clocks of the operating system.
pub(super) struct SystemClock {
    started: Instant,
    with_sleep: Option<Duration>,
    awake: Option<Duration>,
}

impl SystemClock {
    pub(super) fn start() -> Self {
        Self { started: Instant::now(), with_sleep: imp::with_sleep(), awake: imp::awake() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        let since = |start| Some(imp::with_sleep()?.saturating_sub(start));
        self.with_sleep.and_then(since).unwrap_or_else(|| self.started.elapsed())
    }

    fn awake(&self) -> Option<Duration> {
        self.with_sleep?;
        Some(imp::awake()?.saturating_sub(self.awake?))
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
mod imp {
    use std::{mem::MaybeUninit, time::Duration};

    #[cfg(not(target_vendor = "apple"))]
    use libc::{CLOCK_BOOTTIME as WITH_SLEEP, CLOCK_MONOTONIC as AWAKE};
    /// What `mach_continuous_time` and `mach_absolute_time` count.
    #[cfg(target_vendor = "apple")]
    use libc::{CLOCK_MONOTONIC_RAW as WITH_SLEEP, CLOCK_UPTIME_RAW as AWAKE};

    pub(super) fn with_sleep() -> Option<Duration> {
        read(WITH_SLEEP)
    }

    pub(super) fn awake() -> Option<Duration> {
        read(AWAKE)
    }

    /// `None` where the kernel has no such clock.
    fn read(clock: libc::clockid_t) -> Option<Duration> {
        let mut time = MaybeUninit::<libc::timespec>::uninit();
        // SAFETY: the pointer is to memory of the type that the call writes.
        let status = unsafe { libc::clock_gettime(clock, time.as_mut_ptr()) };
        if status != 0 {
            return None;
        }
        // SAFETY: the call has succeeded, so it has written the time.
        let time = unsafe { time.assume_init() };
        Some(Duration::new(time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?))
    }
}

#[cfg(windows)]
mod imp {
    use std::time::Duration;

    use windows_sys::Win32::System::WindowsProgramming::{
        QueryInterruptTimePrecise, QueryUnbiasedInterruptTimePrecise,
    };

    /// What these clocks count in.
    const NANOSECONDS_A_TICK: u64 = 100;

    pub(super) fn with_sleep() -> Option<Duration> {
        read(QueryInterruptTimePrecise)
    }

    pub(super) fn awake() -> Option<Duration> {
        read(QueryUnbiasedInterruptTimePrecise)
    }

    fn read(query: unsafe extern "system" fn(*mut u64)) -> Option<Duration> {
        let mut ticks = 0;
        // SAFETY: both queries write an integer where they are told to.
        unsafe { query(&raw mut ticks) };
        Some(Duration::from_nanos(ticks.checked_mul(NANOSECONDS_A_TICK)?))
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple", windows)))]
mod imp {
    use std::time::Duration;

    pub(super) fn with_sleep() -> Option<Duration> {
        None
    }

    pub(super) fn awake() -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_go_together_while_the_computer_is_awake() {
        let clock = SystemClock::start();
        let (awake, now) = (clock.awake(), clock.now());
        let after = clock.started.elapsed();
        assert_eq!(
            awake.is_some(),
            cfg!(any(target_os = "linux", target_os = "android", target_vendor = "apple", windows))
        );
        assert!(now <= after && awake.is_none_or(|awake| awake <= now), "{awake:?} {now:?} {after:?}");
        assert!(clock.now() >= now && clock.awake() >= awake, "neither goes back");
    }
}
