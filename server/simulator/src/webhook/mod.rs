//! What the business is told: payloads, their delivery and the record of it.

pub(crate) mod delivery;
pub(crate) mod journal;
pub(crate) mod payload;
pub(crate) mod verification;
