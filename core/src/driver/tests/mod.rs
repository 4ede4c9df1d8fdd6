//! The driver as a whole: against servers that fall silent, code that panics and clocks that stand still.

pub(super) mod panics;
mod silence;
mod sleep;
