//! How long the issuer's sign-in page remembers a browser.

use std::{ops::RangeInclusive, time::Duration};

use super::{ConfigError, Settings, wrong};
use crate::limits;

/// Hours that a browser may be remembered.
const HOURS: RangeInclusive<u32> = 1..=limits::ISSUER_SESSION_DAYS * 24;

/// Hours where nothing else is said, 30 days: each sign-in costs a message, and people sign in to most apps more often.
pub(crate) const DEFAULT_HOURS: u32 = 30 * 24;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// How long a browser is remembered where nothing else is said.
pub(crate) const DEFAULT_ISSUER_SESSION: Duration = HOUR.saturating_mul(DEFAULT_HOURS);

impl Settings {
    pub(super) fn issuer_session(&self) -> Result<Duration, ConfigError> {
        const NAME: &str = "LOGGIN_OPENID_SESSION_HOURS";
        let hours = match self.optional(NAME) {
            None => Some(DEFAULT_HOURS),
            Some(value) => value.parse().ok().filter(|hours| HOURS.contains(hours)),
        };
        hours
            .map(|hours| HOUR * hours)
            .ok_or_else(|| wrong(NAME, "must be a number of hours, from 1 to 2160"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_remembered_for_some_hours() {
        for (given, hours) in [
            (None, Some(720)),
            (Some("1"), Some(1)),
            (Some("2160"), Some(2_160)),
            (Some("2161"), None),
            (Some("0"), None),
            (Some("-1"), None),
            (Some("a day"), None),
        ] {
            let environment = given.map(|hours| ("LOGGIN_OPENID_SESSION_HOURS".into(), hours.into()));
            let settings = Settings::read(None, environment.into_iter()).unwrap();
            assert_eq!(settings.issuer_session().ok(), hours.map(|hours| HOUR * hours), "{given:?}");
        }
        assert_eq!(DEFAULT_ISSUER_SESSION, HOUR * 720);
    }
}
