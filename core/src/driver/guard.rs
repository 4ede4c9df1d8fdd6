//! What is left of a call that panics: code that is not ours must not take a thread with it that others depend on.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs code that may panic; `None` where it did. The panic hook has reported it by then.
///
/// What the code has touched is either its own and gone with it, or behind locks of ours, which are never held over code
/// that may panic.
pub(super) fn unwound<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code)).ok()
}
