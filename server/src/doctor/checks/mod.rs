//! The checks, one a file. Each has a name, and finds one thing or more.

pub(super) mod account;
pub(super) mod app_webhooks;
pub(super) mod clock;
pub(super) mod guards;
pub(super) mod health;
pub(super) mod limit;
pub(super) mod number;
pub(super) mod proxies;
pub(super) mod settings;
pub(super) mod store;
pub(super) mod stream;
pub(super) mod subscription;
pub(super) mod template;
pub(super) mod token;
pub(super) mod version;
pub(super) mod webhook;
