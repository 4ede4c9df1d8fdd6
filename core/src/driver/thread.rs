//! Threads of the client, and what becomes of a panic on one of them.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    thread::{self, JoinHandle},
};

use loggin_protocol::{Error, ErrorCode};

/// Stack of our threads: they read, decode and call back, and recurse nowhere.
const STACK_SIZE: usize = 256 << 10;

/// Starts a thread of this name.
///
/// # Errors
/// That of the operating system, where it has none to give.
pub(super) fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    thread::Builder::new().name(name.into()).stack_size(STACK_SIZE).spawn(work)
}

/// The error for what needs a thread.
pub(super) fn no_thread() -> Error {
    Error::new(ErrorCode::Unavailable, "The operating system gave no thread.")
}

/// Runs code that may panic; `None` where it did. The panic hook has reported it by then.
///
/// What the code has touched is either its own and gone with it, or behind locks of ours, which are never held over code
/// that may panic.
pub(super) fn unwound<T>(code: impl FnOnce() -> T) -> Option<T> {
    let result = catch_unwind(AssertUnwindSafe(code));
    if result.is_err() {
        log::error!(target: "loggin", "a panic on a thread of the client was caught");
    }
    result.ok()
}
