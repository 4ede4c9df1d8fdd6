//! What the machine that waits is held to: by a simulated server in virtual time, and by sequences of what can happen.

#[cfg(test)]
mod machine;
pub(super) mod simulation;
pub(super) mod steps;
#[cfg(test)]
mod storm;
