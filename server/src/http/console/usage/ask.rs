//! What is asked of the page about usage: an app, a time, the zone whose days count, and what a message costs.

use jiff::{Timestamp, civil::Date};
use loggin_protocol::AppKey;
use serde::Deserialize;

use crate::{
    clock::UnixMillis,
    history::usage::{self, Span},
    http::console::{
        logs::{FieldErrors, app_key},
        zone::Zone,
    },
    store::HOUR_MILLIS,
};

/// Most decimals of a price: Meta's have four.
const PRICE_DECIMALS: usize = 6;
/// Most digits before them.
const PRICE_DIGITS: usize = 4;

/// The fields as they were sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http::console) struct UsageQuery {
    pub(super) app: String,
    pub(super) range: String,
    pub(super) zone: String,
    pub(super) price: String,
}

/// A time up to now, and what it is divided into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Range {
    Day,
    Week,
    #[default]
    Month,
    Quarter,
    Year,
}

pub(super) const RANGES: [Range; 5] = [Range::Day, Range::Week, Range::Month, Range::Quarter, Range::Year];

impl Range {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Day => "Last 24 hours, by the hour",
            Self::Week => "Last 7 days, by the day",
            Self::Month => "Last 30 days, by the day",
            Self::Quarter => "Last 13 weeks, by the week",
            Self::Year => "Last 12 months, by the month",
        }
    }

    pub(super) fn span(self) -> Span {
        match self {
            Self::Day => Span::Hour,
            Self::Week | Self::Month => Span::Day,
            Self::Quarter => Span::Week,
            Self::Year => Span::Month,
        }
    }

    /// How a part of it is called on the axis and in tables.
    pub(super) fn forms(self) -> [&'static str; 2] {
        match self {
            Self::Day => ["%H:%M", "%a %H:%M"],
            Self::Week => ["%a %-d", "%a %-d %b %Y"],
            Self::Month => ["%-d %b", "%a %-d %b %Y"],
            Self::Quarter => ["%-d %b", "Week of %-d %b %Y"],
            Self::Year => ["%b", "%b %Y"],
        }
    }

    /// The first day, of which this one is the last.
    fn first_day(self, today: Date) -> Option<Date> {
        let days = jiff::Span::new();
        match self {
            Self::Day => Some(today),
            Self::Week => today.checked_sub(days.days(6)).ok(),
            Self::Month => today.checked_sub(days.days(29)).ok(),
            Self::Quarter => usage::first_day(today, Span::Week)?.checked_sub(days.weeks(12)).ok(),
            Self::Year => today.first_of_month().checked_sub(days.months(11)).ok(),
        }
    }

    /// The hour since 1970 in which it begins; `to` is the first that is not over.
    fn first_hour(self, now: UnixMillis, zone: &Zone, to: i64) -> i64 {
        if self == Self::Day {
            return to - 24;
        }
        let today = Timestamp::from(now).to_zoned_datetime(zone.zone.clone()).date();
        let begin = self.first_day(today).and_then(|day| day.to_zoned_datetime(zone.zone.clone()).ok());
        // An hour that the zone parts is of the day in which most of it is.
        let hour = |millis: i64| (millis - HOUR_MILLIS / 2 + HOUR_MILLIS - 1).div_euclid(HOUR_MILLIS);
        begin.map_or(to - 24, |begin| hour(begin.timestamp().as_millisecond()))
    }
}

/// What a message costs, in millionths of whatever it is paid in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Price(u64);

impl Price {
    fn read(text: &str) -> Result<Option<Self>, &'static str> {
        const WRONG: &str = "Give a price such as 0.0145.";
        let text = text.trim().replace(',', ".");
        if text.is_empty() {
            return Ok(None);
        }
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_price = is_digits(whole)
            && is_digits(part)
            && !(whole.is_empty() && part.is_empty())
            && whole.len() <= PRICE_DIGITS
            && part.len() <= PRICE_DECIMALS;
        if !is_price {
            return Err(WRONG);
        }
        format!("{whole}{part:0<PRICE_DECIMALS$}").parse().map(|price| Some(Self(price))).map_err(|_| WRONG)
    }

    /// What so many cost, to the hundredth.
    pub(super) fn of(self, count: u64) -> String {
        let hundredths = (u128::from(count) * u128::from(self.0) + 5_000) / 10_000;
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    }
}

/// What is asked for, as far as the fields make sense.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) app_key: Option<AppKey>,
    pub(super) range: Range,
    pub(super) zone: Zone,
    pub(super) price: Option<Price>,
    pub(super) from_hour: i64,
    pub(super) to_hour: i64,
    pub(super) errors: FieldErrors,
}

impl UsageQuery {
    pub(super) fn read(&self, now: UnixMillis) -> Asked {
        let mut errors = FieldErrors::default();
        let app = Some(self.app.trim()).filter(|app| !app.is_empty()).map(app_key);
        let app_key = app.transpose().unwrap_or_else(|message| {
            errors.add("app", message);
            None
        });
        let zone = Zone::read(&self.zone).unwrap_or_else(|message| {
            errors.add("zone", message);
            Zone::default()
        });
        let price = Price::read(&self.price).unwrap_or_else(|message| {
            errors.add("price", message);
            None
        });
        let named = RANGES.into_iter().find(|range| range.as_str() == self.range.trim());
        if named.is_none() && !self.range.trim().is_empty() {
            errors.add("range", "Choose one of the list.");
        }
        let range = named.unwrap_or_default();
        // The hour that is under way, too.
        let to_hour = now.0.div_euclid(HOUR_MILLIS) + 1;
        let from_hour = range.first_hour(now, &zone, to_hour);
        Asked { app_key, range, zone, price, from_hour, to_hour, errors }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMillis {
        UnixMillis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    fn asked(range: &str, zone: &str, now: &str) -> Asked {
        UsageQuery { range: range.to_owned(), zone: zone.to_owned(), ..UsageQuery::default() }.read(at(now))
    }

    #[test]
    fn a_range_begins_with_a_whole_part_of_it() {
        let now = "2026-11-28T02:30:00Z";
        for (range, zone, begin) in [
            ("day", "", "2026-11-27T03:00:00Z"),
            ("week", "", "2026-11-22T00:00:00Z"),
            ("month", "", "2026-10-30T00:00:00Z"),
            ("quarter", "", "2026-08-31T00:00:00Z"),
            ("year", "", "2025-12-01T00:00:00Z"),
            // There it is the day before.
            ("week", "America/New_York", "2026-11-21T05:00:00Z"),
            // Its day begins at 18:30, and half of that hour counts for it.
            ("week", "Asia/Kolkata", "2026-11-21T18:00:00Z"),
        ] {
            let asked = asked(range, zone, now);
            assert_eq!(UnixMillis(asked.from_hour * HOUR_MILLIS), at(begin), "{range} {zone}");
            assert_eq!(UnixMillis(asked.to_hour * HOUR_MILLIS), at("2026-11-28T03:00:00Z"));
            assert!(asked.errors.is_empty());
            let first = usage::begin(asked.from_hour, asked.range.span(), &asked.zone.zone);
            let before = usage::begin(asked.from_hour - 1, asked.range.span(), &asked.zone.zone);
            assert!(before < first, "{range} {zone}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_of_its_field() {
        let query = |field: &str, value: &str| {
            let fields = serde_json::json!({ field: value });
            serde_json::from_value::<UsageQuery>(fields).unwrap().read(at("2026-11-28T02:30:00Z")).errors
        };
        for (field, value) in [
            ("app", "nope"),
            ("range", "decade"),
            ("zone", "Mars"),
            ("price", "free"),
            ("price", "-1"),
            ("price", "1e9"),
            ("price", "."),
            ("price", "0.0000001"),
            ("price", "99999"),
        ] {
            assert!(query(field, value).of(field).is_some(), "{field}={value}");
        }
    }

    #[test]
    fn a_price_is_counted_exactly() {
        let of = |price: &str, count| Price::read(price).unwrap().unwrap().of(count);
        assert_eq!(
            (of("0.0145", 1_000), of("0,01", 3), of("2", 2), of(".5", 1)),
            ("14.50".to_owned(), "0.03".to_owned(), "4.00".to_owned(), "0.50".to_owned())
        );
        assert_eq!(of("9999.999999", u64::from(u32::MAX)), "42949672945705.03");
        assert_eq!(Price::read(" "), Ok(None));
    }
}
