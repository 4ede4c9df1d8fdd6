//! What guards against codes that are asked for to cost money are set to, what they count, and the calls for both that
//! every store offers.
//!
//! Counts are written with the codes themselves, see `OtpWrite::Guard`. Settings and pauses are changed by [`super::Act`].

use async_trait::async_trait;
use loggin_protocol::AppKey;

use super::StoreError;
use crate::{clock::UnixMillis, limits};

/// Milliseconds of a minute and of a day, in UTC, by which codes are counted.
const MINUTE_MILLIS: i64 = 60 * 1_000;
const DAY_MILLIS: i64 = 24 * 60 * MINUTE_MILLIS;

/// What stands for `auto` and `any` among countries.
const AUTO: &str = "auto";
const ANY: &str = "any";

/// Whether guards refuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum GuardMode {
    /// They do nothing.
    Off,
    /// They tell what they would refuse.
    DryRun,
    /// They refuse.
    #[default]
    Enforce,
}

impl GuardMode {
    /// Its word on the command line and in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::DryRun => "dry_run",
            Self::Enforce => "enforce",
        }
    }
}

/// The countries that an app's codes are sent to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Countries {
    /// Those of its first verified logins and codes, once there are enough of them; until then any.
    #[default]
    Auto,
    /// Any.
    Any,
    /// These, as ISO 3166 has them.
    These(Vec<String>),
}

impl Countries {
    /// As the tables and the command line have it; countries are separated by spaces.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Auto => AUTO.to_owned(),
            Self::Any => ANY.to_owned(),
            Self::These(countries) => countries.join(" "),
        }
    }

    pub(super) fn of_text(text: &str) -> Self {
        match text {
            AUTO => Self::Auto,
            ANY => Self::Any,
            countries => Self::These(countries_of(countries)),
        }
    }
}

pub(super) fn countries_of(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The countries of an app's first verified logins and codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Learned {
    pub(crate) countries: Vec<String>,
    pub(crate) at: UnixMillis,
}

/// What the guards of one app are set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GuardSettings {
    pub(crate) mode: GuardMode,
    pub(crate) countries: Countries,
    /// See [`Countries::Auto`]; what was learned is kept whatever is set.
    pub(crate) learned: Option<Learned>,
    /// Codes in a day, in UTC; of any country, and of each.
    pub(crate) per_day: Option<u32>,
    pub(crate) country_per_day: Option<u32>,
    /// In percent: a country of which a smaller part of its usual one is typed is paused.
    pub(crate) conversion: Option<u32>,
    /// Countries, and numbers, that one address may ask for in an hour without a code being typed.
    pub(crate) client_countries: Option<u32>,
    pub(crate) client_numbers: Option<u32>,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self {
            mode: GuardMode::default(),
            countries: Countries::default(),
            learned: None,
            per_day: Some(limits::GUARD_CODES_PER_DAY),
            country_per_day: Some(limits::GUARD_CODES_PER_COUNTRY),
            conversion: Some(limits::GUARD_CONVERSION),
            client_countries: Some(limits::GUARD_CLIENT_COUNTRIES),
            client_numbers: Some(limits::GUARD_CLIENT_NUMBERS),
        }
    }
}

/// A time in which a country's codes are not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CountryPause {
    pub(crate) country: String,
    pub(crate) since: UnixMillis,
    pub(crate) until: UnixMillis,
    /// How many there were in a row.
    pub(crate) times: u32,
}

/// Where a code goes and when it was asked for, as guards count it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GuardPlace {
    pub(crate) app_key: AppKey,
    pub(crate) country: String,
    /// A MAC of the number without its last digits.
    pub(crate) range: String,
    pub(crate) asked_at: UnixMillis,
}

impl GuardPlace {
    pub(crate) fn minute(&self) -> i64 {
        minute(self.asked_at)
    }

    pub(crate) fn day(&self) -> i64 {
        day(self.asked_at)
    }
}

/// The minute of a moment, since 1970.
pub(crate) fn minute(at: UnixMillis) -> i64 {
    at.0.div_euclid(MINUTE_MILLIS)
}

/// The day of a moment, since 1970, in UTC.
pub(crate) fn day(at: UnixMillis) -> i64 {
    at.0.div_euclid(DAY_MILLIS)
}

/// When the day after that of a moment begins.
pub(crate) fn next_day(at: UnixMillis) -> UnixMillis {
    UnixMillis(day(at).saturating_add(1).saturating_mul(DAY_MILLIS))
}

/// What is counted of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GuardCount {
    /// It is to be sent; refused beyond so many of a day. Where it says nothing of its country, it is not counted by the
    /// minute.
    Sent { most: Option<u32>, most_of_country: Option<u32>, by_minute: bool },
    /// It was typed.
    Verified,
    /// It was not sent after all; whether it was counted by the minute.
    NotSent { by_minute: bool },
}

/// Codes that were sent, and how many of them were typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sends {
    pub(crate) sent: u32,
    pub(crate) verified: u32,
}

/// What was sent in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MinuteSends {
    pub(crate) minute: i64,
    pub(crate) sends: Sends,
}

/// What was sent in one day, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DaySends {
    pub(crate) day: i64,
    pub(crate) sends: Sends,
}

/// What the guards know of a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GuardCounts {
    /// Codes of the app, and of the country, in this day.
    pub(crate) today: u32,
    pub(crate) country_today: u32,
    /// Those of the range by the day, the latest first, where they were read.
    pub(crate) range: Vec<DaySends>,
    /// Those of the country, by the minute; the latest first.
    pub(crate) recent: Vec<MinuteSends>,
    /// The country's last pause, which may be over.
    pub(crate) pause: Option<CountryPause>,
}

impl GuardCounts {
    /// Codes to the country since its last pause, as far as they were read.
    pub(crate) fn since_pause(&self) -> Sends {
        let from = self.pause.as_ref().map_or(UnixMillis(0), |pause| pause.until);
        let begun = |one: &&MinuteSends| UnixMillis(one.minute.saturating_mul(MINUTE_MILLIS));
        let since = self.recent.iter().filter(|one| begun(one) >= from);
        since.fold(Sends::default(), |sum, one| Sends {
            sent: sum.sent.saturating_add(one.sends.sent),
            verified: sum.verified.saturating_add(one.sends.verified),
        })
    }
}

/// What time takes away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuardPurge {
    pub(crate) now: UnixMillis,
}

impl GuardPurge {
    /// The first minute and day whose counts stay, and when a pause must have ended to go.
    pub(super) fn bounds(self) -> (i64, i64, i64) {
        let days = i64::from(limits::GUARD_RANGE_DAYS);
        (minute(self.now - limits::GUARD_LOOKED_BACK), day(self.now) - days, self.now.0 - days * DAY_MILLIS)
    }
}

/// Where guards are kept.
#[async_trait]
pub(crate) trait GuardStore {
    /// What an app's guards are set to; `None` where nobody has set them.
    async fn guards(&self, app_key: AppKey) -> Result<Option<GuardSettings>, StoreError>;
    /// What the guards know of a place but for its range.
    async fn guard_counts(&self, place: &GuardPlace) -> Result<GuardCounts, StoreError>;
    /// Codes of the range of a place in the days of [`limits::GUARD_RANGE_DAYS`], the latest first.
    async fn guard_range(&self, place: &GuardPlace) -> Result<Vec<DaySends>, StoreError>;
    /// The last pause of each country of an app, by their names.
    async fn guard_pauses(&self, app_key: AppKey) -> Result<Vec<CountryPause>, StoreError>;
    /// Forgets what is old; returns how many rows that were, up to `limit` of each kind.
    async fn purge_guards(&self, purge: GuardPurge, limit: u32) -> Result<u64, StoreError>;
}
