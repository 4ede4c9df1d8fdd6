//! One endpoint a file: its handler, its errors, its tests.

pub(crate) mod auth_start;
pub(crate) mod auth_status;
pub(crate) mod auth_verify;
pub(crate) mod confirm;
pub(crate) mod denied;
pub(crate) mod events;
pub(crate) mod fallback;
pub(crate) mod health;
pub(crate) mod link;
pub(crate) mod openapi;
#[cfg(test)]
mod tests;
pub(crate) mod verify;
pub(crate) mod webhook;
