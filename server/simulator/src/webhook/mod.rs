//! What the business is told: payloads, the way to its webhook and the record of what went there.

pub(crate) mod courier;
pub(crate) mod journal;
pub(crate) mod payload;
