//! Bounds of the guards of one-time codes.

use std::time::Duration;

/// Codes of an app in a day, unless its guards are told otherwise: as many as [`super::MESSAGES_PER_APP`].
pub(crate) const GUARD_CODES_PER_DAY: u32 = 10_000;

/// Codes of an app for one country in a day, unless its guards are told otherwise: half of all.
pub(crate) const GUARD_CODES_PER_COUNTRY: u32 = 5_000;

/// In percent of what it usually is: the part of a country's codes that is typed below which it is paused. Between days
/// it differs by a tenth or so.
pub(crate) const GUARD_CONVERSION: u32 = 50;

/// Countries that one address of a person may ask for in an hour without a code being typed: people share numbers of two
/// countries in a household.
pub(crate) const GUARD_CLIENT_COUNTRIES: u32 = 3;

/// The same of numbers: a class that signs up within a minute, behind one address.
pub(crate) const GUARD_CLIENT_NUMBERS: u32 = 30;

/// The most that may be set for [`GUARD_CLIENT_NUMBERS`] and [`GUARD_CLIENT_COUNTRIES`]: so many are remembered of an
/// address.
pub(crate) const GUARD_CLIENT_MOST: u32 = 50;

/// Codes of an address and its network that are looked up for a call that is refused, where another node may have been told that
/// they were typed: whoever asks on and on has the store read no more than these each time.
pub(crate) const GUARD_LOOKED_UP: usize = 8;

/// Addresses of people, and networks, of which it is remembered what they asked for, and as many where a code was typed:
/// some 120 MB where each has asked for as much as is remembered of it, and 15 where each has asked for two numbers. Beyond
/// them the one that asked longest ago is forgotten.
pub(crate) const GUARD_CLIENTS: usize = 20_000;

/// How long an address' asking counts.
pub(crate) const GUARD_CLIENT_WINDOW: Duration = Duration::from_secs(60 * 60);

/// How long it is remembered what became of its codes: over a weekend.
pub(crate) const GUARD_CLIENT_KEPT: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// Verified logins and codes from which on an app's countries are known.
pub(crate) const GUARD_LEARNED_FROM: u64 = 100;

/// How long after that other countries are refused: time for an operator to read what was learned, and to add to it. What
/// is typed in the first half of it counts by then, as the past leaves out a day.
pub(crate) const GUARD_LEARNED_GRACE: Duration = Duration::from_secs(48 * 60 * 60);

/// How far back codes are looked at by the minute.
pub(crate) const GUARD_LOOKED_BACK: Duration = Duration::from_secs(24 * 60 * 60);

/// Minutes with codes of one country that are looked at, the latest: a call reads no more rows.
pub(crate) const GUARD_MINUTES: u32 = 240;

/// Days in which codes of a range of numbers count: whoever comes back to it each day does not begin anew.
pub(crate) const GUARD_RANGE_DAYS: u32 = 14;

/// How long what was read for guards is believed: a burst goes a little over, and a call in it costs no read.
pub(crate) const GUARD_VALID: Duration = Duration::from_secs(1);

/// How long what a country usually is, is believed: it is counted over days.
pub(crate) const GUARD_PAST_VALID: Duration = Duration::from_secs(10 * 60);

/// Days that make up what a country usually is.
pub(crate) const GUARD_PAST_DAYS: i64 = 30;

/// Places and apps of which what was read for guards is remembered: some 10 MB.
pub(crate) const GUARDS_REMEMBERED: usize = 5_000;

/// How often what guards do is said of one app, country and guard.
pub(crate) const GUARD_TOLD: Duration = Duration::from_secs(60);

/// How often apps without learned countries are looked at, and what is old of guards is forgotten.
pub(crate) const GUARD_LOOK: Duration = Duration::from_secs(5 * 60);
