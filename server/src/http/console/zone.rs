//! The time zone in which a page tells times: asked for by its IANA name, UTC where nobody asks.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::clock::UnixMillis;

/// Most characters of a zone's name; the longest has 32.
const MAX_NAME: usize = 64;

/// How a moment is written in lists.
const MOMENT: &str = "%Y-%m-%d %H:%M:%S";

/// A zone, and its name as the page goes on asking for it.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    pub(super) name: String,
    pub(super) zone: TimeZone,
}

impl Default for Zone {
    fn default() -> Self {
        Self { name: "UTC".to_owned(), zone: TimeZone::UTC }
    }
}

impl Zone {
    /// The zone of this name; UTC for an empty one.
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        const UNKNOWN: &str = "There is no such time zone: give a name such as Asia/Kolkata.";
        let text = text.trim();
        if text.is_empty() || text.eq_ignore_ascii_case("UTC") {
            return Ok(Self::default());
        }
        if text.len() > MAX_NAME {
            return Err(UNKNOWN);
        }
        let zone = TimeZone::get(text).map_err(|_| UNKNOWN)?;
        let name = zone.iana_name().unwrap_or(text).to_owned();
        Ok(Self { name, zone })
    }

    /// A moment as people read it, to the second.
    pub(super) fn moment(&self, at: UnixMillis) -> String {
        self.write(at, MOMENT)
    }

    /// The same in another form.
    pub(super) fn write(&self, at: UnixMillis, form: &str) -> String {
        Timestamp::from(at).to_zoned_datetime(self.zone.clone()).strftime(form).to_string()
    }

    /// The moment at which clocks there show what a form sends, such as 2026-11-28T09:30. A time that a clock skips is
    /// the one after it.
    pub(super) fn instant(&self, text: &str) -> Result<UnixMillis, &'static str> {
        let time: DateTime =
            text.trim().parse().map_err(|_| "Give a date and a time, such as 2026-11-28T09:30.")?;
        let zoned = time.to_zoned_datetime(self.zone.clone()).map_err(|_| "There is no such time.")?;
        Ok(UnixMillis(zoned.timestamp().as_millisecond()))
    }

    /// Whether its clocks do not change the hour when those of UTC do: counts by the hour are up to half an hour off.
    pub(super) fn parts_hours(&self, at: UnixMillis) -> bool {
        self.zone.to_offset(Timestamp::from(at)).seconds() % 3_600 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: UnixMillis = UnixMillis(1_796_083_200_000);

    #[test]
    fn a_zone_is_known_by_its_name() {
        let kolkata = Zone::read(" asia/kolkata ").unwrap();
        assert_eq!(
            (kolkata.name.as_str(), kolkata.moment(AT)),
            ("Asia/Kolkata", "2026-12-01 05:30:00".to_owned())
        );
        assert!(kolkata.parts_hours(AT));
        let utc = Zone::read("").unwrap();
        assert_eq!((utc.name.as_str(), utc.moment(AT)), ("UTC", "2026-12-01 00:00:00".to_owned()));
        assert!(!utc.parts_hours(AT) && !Zone::read("America/New_York").unwrap().parts_hours(AT));
        for text in ["Mars/Olympus", "../etc/passwd", &"x".repeat(80)] {
            assert!(Zone::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_a_form_sends_is_a_time_of_the_zone() {
        let kolkata = Zone::read("Asia/Kolkata").unwrap();
        assert_eq!(kolkata.instant("2026-12-01T05:30"), Ok(AT));
        assert_eq!(Zone::default().instant("2026-12-01T00:00:00"), Ok(AT));
        for text in ["", "yesterday", "2026-13-01T00:00"] {
            assert!(kolkata.instant(text).is_err(), "{text}");
        }
    }
}
