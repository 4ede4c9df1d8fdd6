//! How long it is kept what became of logins and one-time codes, and what administrators did.

use std::{ops::RangeInclusive, time::Duration};

use super::{ConfigError, Settings, wrong};
use crate::limits;

/// Days that acts of administrators may be kept: a month at least, as an act is not to be gone before anybody looks.
const RETENTION_DAYS: RangeInclusive<u32> = 30..=3_650;

/// Days that rows may be kept; with none, hours are counted all the same.
const DAYS: RangeInclusive<u32> = 0..=limits::HISTORY_DAYS;

/// Days that rows are kept where nothing else is said: a quarter of a year, so that a month can be compared with the one
/// before.
const DEFAULT_DAYS: u32 = 90;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Settings {
    pub(super) fn retention(&self) -> Result<Option<Duration>, ConfigError> {
        const NAME: &str = "LOGGIN_RETENTION_DAYS";
        let Some(value) = self.optional(NAME) else { return Ok(None) };
        let days = value.parse().ok().filter(|days| RETENTION_DAYS.contains(days));
        let days = days.ok_or_else(|| wrong(NAME, "must be a number of days, from 30 to 3650"))?;
        Ok(Some(DAY * days))
    }

    pub(super) fn history(&self) -> Result<Duration, ConfigError> {
        const NAME: &str = "LOGGIN_HISTORY_DAYS";
        let days = match self.optional(NAME) {
            None => Some(DEFAULT_DAYS),
            Some(value) => value.parse().ok().filter(|days| DAYS.contains(days)),
        };
        days.map(|days| DAY * days).ok_or_else(|| wrong(NAME, "must be a number of days, from 0 to 730"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_is_kept_for_some_days() {
        for (given, days) in [
            (None, Some(90)),
            (Some("0"), Some(0)),
            (Some("730"), Some(730)),
            (Some("731"), None),
            (Some("-1"), None),
        ] {
            let environment = given.map(|days| ("LOGGIN_HISTORY_DAYS".into(), days.into()));
            let settings = Settings::read(None, environment.into_iter()).unwrap();
            assert_eq!(settings.history().ok(), days.map(|days| DAY * days), "{given:?}");
        }
    }
}
