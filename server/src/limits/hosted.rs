//! Bounds of the issuer's pages.

use std::time::Duration;

/// Browsers that the issuer remembers for one person at one app, the latest: a phone, computers, and those of years.
pub(crate) const ISSUER_SESSIONS_PER_PERSON: u32 = 20;

/// Days that such a browser may be remembered: as long as it is remembered that somebody took back the login it began with.
pub(crate) const ISSUER_SESSION_DAYS: u32 = 90;

/// How long a browser remembers what it has done about one request of a client: as long as the request waits.
pub(crate) const HOSTED_ATTEMPT: Duration = Duration::from_mins(10);

/// How many of these a browser remembers, some 700 bytes each of the [`super::HEAD_BYTES`] of its calls: nobody has more tabs
/// that sign in.
pub(crate) const HOSTED_ATTEMPTS: usize = 5;

/// Codes that one address may have sent on the issuer's pages in [`HOSTED_CODES_WINDOW`]: an office behind one address fits,
/// and what the guards of an app let through is paid for.
pub(crate) const HOSTED_CODES_PER_ADDRESS: u32 = 30;

/// User codes of devices that one address may type in [`HOSTED_CODES_WINDOW`]: there are 20^8 of them.
pub(crate) const DEVICE_CODES_PER_ADDRESS: u32 = 30;

/// See [`HOSTED_CODES_PER_ADDRESS`].
pub(crate) const HOSTED_CODES_WINDOW: Duration = Duration::from_hours(1);
