//! Moments in UTC as pages show them, and fields as people type them.

use std::{collections::HashMap, time::Duration};

use loggin_protocol::AppKey;

use super::{error::ConsoleError, zone::Zone};
use crate::clock::UnixMillis;

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// Most days that can be typed: ten years.
const MOST_DAYS: u64 = 3_650;

/// What a form holds.
pub(super) type Fields = HashMap<String, String>;

/// A field of a form; nothing where it is not sent.
pub(super) fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map(String::as_str).unwrap_or_default()
}

/// What people choose from, with what it means.
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) text: &'static str,
    pub(super) is_chosen: bool,
}

/// A moment, to the second.
pub(super) fn time(at: UnixMillis) -> String {
    format!("{} UTC", Zone::default().moment(at))
}

/// The day of a moment.
pub(super) fn day(at: UnixMillis) -> String {
    Zone::default().write(at, "%Y-%m-%d")
}

/// Parts of a field that white space or commas separate.
pub(super) fn list(text: &str) -> Vec<String> {
    let parts = text.split(|symbol: char| symbol.is_whitespace() || symbol == ',');
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The app with this key; one that cannot be one is nobody's.
pub(super) fn app_key(text: &str) -> Result<AppKey, ConsoleError> {
    AppKey::parse(text).map_err(|_| ConsoleError::NotFound)
}

/// A count; nothing is none.
pub(super) fn count(text: &str, name: &str) -> Result<Option<u32>, ConsoleError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |_| ConsoleError::Invalid(format!("{name}: must be a whole number, or empty"));
    text.parse().map(Some).map_err(wrong)
}

/// Days; nothing is none.
pub(super) fn days(text: &str, name: &str) -> Result<Option<Duration>, ConsoleError> {
    let Some(days) = count(text, name)? else { return Ok(None) };
    let days = u64::from(days);
    if days == 0 || days > MOST_DAYS {
        return Err(ConsoleError::Invalid(format!("{name}: must be 1 to {MOST_DAYS} days, or empty")));
    }
    Ok(Some(Duration::from_secs(days * DAY)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::START;

    #[test]
    fn what_is_typed_is_read_or_told_wrong() {
        assert_eq!(list(" a, b\r\nc\t"), ["a", "b", "c"]);
        assert_eq!(count(" 12 ", "quota").unwrap(), Some(12));
        assert_eq!(count(" ", "quota").unwrap(), None);
        assert_eq!(days("2", "ends").unwrap(), Some(Duration::from_hours(48)));
        for wrong in ["-1", "1.5", "twelve", "99999999999"] {
            let Err(ConsoleError::Invalid(said)) = count(wrong, "quota") else { panic!("{wrong}") };
            assert!(said.starts_with("quota: "), "{said}");
        }
        for wrong in ["0", "3651", "x"] {
            assert!(matches!(days(wrong, "ends"), Err(ConsoleError::Invalid(_))), "{wrong}");
        }
        assert!(matches!(app_key("x"), Err(ConsoleError::NotFound)));
        assert_eq!((time(START), day(START)), ("2026-09-26 10:00:00 UTC".into(), "2026-09-26".into()));
    }
}
