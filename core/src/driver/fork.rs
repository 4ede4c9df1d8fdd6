//! Tells whether this process is still the one that made a hub.

#![allow(unsafe_code)]

/// How many times this process's line of ancestors has forked since the first hub was made.
pub(super) fn generation() -> u64 {
    imp::generation()
}

#[cfg(unix)]
mod imp {
    use std::sync::{
        Once,
        atomic::{AtomicU64, Ordering},
    };

    static GENERATION: AtomicU64 = AtomicU64::new(0);
    static REGISTER: Once = Once::new();

    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn generation() -> u64 {
        REGISTER.call_once(|| {
            // SAFETY: the handler only adds to an atomic, which is allowed between fork and exec.
            unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        });
        GENERATION.load(Ordering::Relaxed)
    }
}

#[cfg(not(unix))]
mod imp {
    /// There is no fork.
    pub(super) fn generation() -> u64 {
        0
    }
}
