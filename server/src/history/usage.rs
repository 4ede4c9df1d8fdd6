//! How much a server is used: counts by hours made into days, weeks and months, and what is to be seen in them.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil, tz::TimeZone};
use loggin_protocol::AppKey;
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::{
    Ending, Facet, HOUR_MILLIS, HistoryKind, MessageKind, Numbered, PACE, Store, StoreError, UsageCounts,
    UsageFilter, UsageHour, UsageValue,
};

/// What hours are put together to. Weeks begin on Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    Hour,
    Day,
    Week,
    Month,
}

/// All that a page about usage shows.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Usage)]
pub(crate) struct UsageBody {
    pub(crate) since: String,
    /// The first hour that does not count.
    pub(crate) until: String,
    pub(crate) periods: Vec<PeriodBody>,
    pub(crate) apps: Vec<AppBody>,
    pub(crate) endings: Vec<EndingBody>,
    pub(crate) countries: Vec<CountryBody>,
    pub(crate) time_to_verify: Vec<PaceBody>,
    pub(crate) messages: Vec<MessagesBody>,
}

/// How far the logins or codes came that began in some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = UsageFunnel)]
pub(crate) struct FunnelBody {
    pub(crate) started: u64,
    pub(crate) messages: u64,
    pub(crate) verified: u64,
    pub(crate) redeemed: u64,
    /// Of those that started, how many in a hundred were redeemed; none where none started.
    #[schema(required = true)]
    pub(crate) success_percent: Option<f64>,
}

/// What began in one hour, day, week or month.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = UsagePeriod)]
pub(crate) struct PeriodBody {
    pub(crate) begin: String,
    pub(crate) kind: &'static str,
    #[serde(flatten)]
    pub(crate) funnel: FunnelBody,
}

/// What began at one app.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = UsageApp)]
pub(crate) struct AppBody {
    pub(crate) app_key: String,
    pub(crate) kind: &'static str,
    #[serde(flatten)]
    pub(crate) funnel: FunnelBody,
}

/// What ended in one way.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = UsageEnding)]
pub(crate) struct EndingBody {
    pub(crate) kind: &'static str,
    pub(crate) outcome: &'static str,
    #[schema(required = true)]
    pub(crate) reason: Option<&'static str>,
    pub(crate) count: u64,
}

/// What came from one country.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = UsageCountry)]
pub(crate) struct CountryBody {
    /// None where no number was known.
    #[schema(required = true)]
    pub(crate) country: Option<String>,
    pub(crate) kind: &'static str,
    #[serde(flatten)]
    pub(crate) funnel: FunnelBody,
}

/// How long it took to a result.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = UsagePace)]
pub(crate) struct PaceBody {
    pub(crate) kind: &'static str,
    /// Half of them took no longer, to the next step of the scale; none where it was longer than the scale.
    #[schema(required = true)]
    pub(crate) median_ms: Option<i64>,
    /// 95 in a hundred took no longer, likewise.
    #[schema(required = true)]
    pub(crate) p95_ms: Option<i64>,
    pub(crate) steps: Vec<StepBody>,
}

/// How many took no longer than this, and longer than the step before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = UsageStep)]
pub(crate) struct StepBody {
    /// None for what took longer than the scale.
    #[schema(required = true)]
    pub(crate) up_to_ms: Option<i64>,
    pub(crate) count: u64,
}

/// Messages that WhatsApp took.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = UsageMessages)]
pub(crate) struct MessagesBody {
    /// What was said.
    pub(crate) kind: &'static str,
    /// How WhatsApp classes it: a template for authentication costs, an answer within a conversation does not.
    pub(crate) class: &'static str,
    pub(crate) count: u64,
}

impl From<UsageCounts> for FunnelBody {
    fn from(counts: UsageCounts) -> Self {
        let UsageCounts { started, messages, verified, redeemed, .. } = counts;
        Self { started, messages, verified, redeemed, success_percent: percent(redeemed, started) }
    }
}

impl FunnelBody {
    /// The sum of both.
    pub(crate) fn with(&self, other: &Self) -> Self {
        let (started, redeemed) = (self.started + other.started, self.redeemed + other.redeemed);
        Self {
            started,
            messages: self.messages + other.messages,
            verified: self.verified + other.verified,
            redeemed,
            success_percent: percent(redeemed, started),
        }
    }
}

/// To a tenth.
#[allow(clippy::cast_precision_loss)] // counts are far below 2^52
fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 * 1_000.0 / whole as f64).round() / 10.0)
}

/// Reads what is shown of the usage in these hours, by the clocks of a zone.
pub(crate) async fn read(
    store: &dyn Store,
    filter: UsageFilter,
    span: Span,
    zone: &TimeZone,
) -> Result<UsageBody, StoreError> {
    let hours = store.usage_by_hour(filter.clone()).await?;
    let endings = store.usage_by(filter.clone(), Facet::Endings).await?;
    let countries = store.usage_by(filter.clone(), Facet::Countries).await?;
    let pace = store.usage_by(filter.clone(), Facet::Pace).await?;
    let messages = store.usage_by(filter.clone(), Facet::Messages).await?;
    Ok(UsageBody {
        since: begin_of(filter.from_hour).to_string(),
        until: begin_of(filter.to_hour).to_string(),
        periods: periods(&hours, span, zone),
        apps: apps(&endings),
        endings: ended(&endings)?,
        countries: of_countries(&countries),
        time_to_verify: paces(&pace)?,
        messages: sent(&messages)?,
    })
}

fn begin_of(hour: i64) -> Timestamp {
    Timestamp::from_millisecond(hour.saturating_mul(HOUR_MILLIS)).unwrap_or(Timestamp::MAX)
}

/// When the hour, day, week or month begins that this hour is in. Where a zone parts hours, one is of the day in which most
/// of it is.
pub(crate) fn begin(hour: i64, span: Span, zone: &TimeZone) -> Timestamp {
    let at = begin_of(hour);
    if span == Span::Hour {
        return at;
    }
    let middle = hour.saturating_mul(HOUR_MILLIS).saturating_add(HOUR_MILLIS / 2);
    let date = Timestamp::from_millisecond(middle).unwrap_or(at).to_zoned_datetime(zone.clone()).date();
    first_day(date, span)
        .and_then(|date| date.to_zoned_datetime(zone.clone()).ok())
        .map_or(at, |zoned| zoned.timestamp())
}

/// The first day of the day, week or month that this one is in.
pub(crate) fn first_day(date: civil::Date, span: Span) -> Option<civil::Date> {
    match span {
        Span::Hour | Span::Day => Some(date),
        Span::Week => {
            let since_monday = i64::from(date.weekday().to_monday_zero_offset());
            date.checked_sub(jiff::Span::new().days(since_monday)).ok()
        }
        Span::Month => Some(date.first_of_month()),
    }
}

fn periods(hours: &[UsageHour], span: Span, zone: &TimeZone) -> Vec<PeriodBody> {
    let mut sums: BTreeMap<(Timestamp, HistoryKind), UsageCounts> = BTreeMap::new();
    for UsageHour { hour, kind, counts } in hours {
        *sums.entry((begin(*hour, span, zone), *kind)).or_default() += *counts;
    }
    let body = |((begin, kind), counts): ((Timestamp, HistoryKind), UsageCounts)| PeriodBody {
        begin: begin.to_string(),
        kind: kind.as_str(),
        funnel: counts.into(),
    };
    sums.into_iter().map(body).collect()
}

/// The sums of what has the same key.
fn summed<K: Ord>(values: &[UsageValue], key: impl Fn(&UsageValue) -> K) -> BTreeMap<K, UsageCounts> {
    let mut sums: BTreeMap<K, UsageCounts> = BTreeMap::new();
    for value in values {
        *sums.entry(key(value)).or_default() += value.counts;
    }
    sums
}

fn apps(values: &[UsageValue]) -> Vec<AppBody> {
    let name = |app_key: &AppKey| app_key.as_str().to_owned();
    let sums = summed(values, |value| (name(&value.app_key), value.kind));
    let body = |((app_key, kind), counts)| AppBody {
        app_key,
        kind: HistoryKind::as_str(kind),
        funnel: UsageCounts::into(counts),
    };
    sums.into_iter().map(body).collect()
}

fn ended(values: &[UsageValue]) -> Result<Vec<EndingBody>, StoreError> {
    let sums = summed(values, |value| (value.kind, value.value.clone()));
    let body = |((kind, value), counts): ((HistoryKind, String), UsageCounts)| {
        let ending = Ending::of_number(number(&value)?)?;
        let (outcome, reason) = (ending.outcome().as_str(), ending.reason());
        Ok(EndingBody { kind: kind.as_str(), outcome, reason, count: counts.ends })
    };
    sums.into_iter().map(body).collect()
}

/// The countries, those with the most first.
fn of_countries(values: &[UsageValue]) -> Vec<CountryBody> {
    let sums = summed(values, |value| (value.kind, value.value.clone()));
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.started));
    let body = |((kind, country), counts): ((HistoryKind, String), UsageCounts)| CountryBody {
        country: Some(country).filter(|country| !country.is_empty()),
        kind: kind.as_str(),
        funnel: counts.into(),
    };
    sums.into_iter().map(body).collect()
}

fn paces(values: &[UsageValue]) -> Result<Vec<PaceBody>, StoreError> {
    let mut kinds: BTreeMap<HistoryKind, BTreeMap<usize, u64>> = BTreeMap::new();
    for value in values {
        let step = usize::try_from(number(&value.value)?).map_err(|_| StoreError::Unreadable("step"))?;
        // What is taken back later counts once.
        *kinds.entry(value.kind).or_default().entry(step).or_default() += value.counts.verified;
    }
    let body = |(kind, steps): (HistoryKind, BTreeMap<usize, u64>)| PaceBody {
        kind: kind.as_str(),
        median_ms: quantile(&steps, 50),
        p95_ms: quantile(&steps, 95),
        steps: steps
            .iter()
            .map(|(step, count)| StepBody { up_to_ms: PACE.get(*step).copied(), count: *count })
            .collect(),
    };
    Ok(kinds.into_iter().map(body).collect())
}

/// What so many in a hundred took at most.
fn quantile(steps: &BTreeMap<usize, u64>, percent: u64) -> Option<i64> {
    let all: u64 = steps.values().sum();
    let wanted = (all * percent).div_ceil(100);
    let mut seen = 0;
    for (step, count) in steps {
        seen += count;
        if seen >= wanted {
            return PACE.get(*step).copied();
        }
    }
    None
}

/// The number of a one-time code among the kinds of messages.
const ONE_TIME_CODE: i64 = 0;

fn sent(values: &[UsageValue]) -> Result<Vec<MessagesBody>, StoreError> {
    let sums = summed(values, |value| value.value.clone());
    let body = |(value, counts): (String, UsageCounts)| {
        let (kind, class) = match number(&value)? {
            ONE_TIME_CODE => ("one_time_code", "authentication"),
            number => (word(MessageKind::of_number(number)?), "service"),
        };
        Ok(MessagesBody { kind, class, count: counts.ends })
    };
    sums.into_iter().map(body).collect()
}

fn word(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::SharePhone => "share_phone",
        MessageKind::ConfirmationCode => "confirmation_code",
        MessageKind::MatchDigits => "match_digits",
        MessageKind::SignedIn => "signed_in",
    }
}

fn number(value: &str) -> Result<i64, StoreError> {
    value.parse().map_err(|_| StoreError::Unreadable("count"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond() / HOUR_MILLIS
    }

    #[test]
    fn hours_are_put_together_in_utc() {
        let cases = [
            ("2026-11-27T23:00:00Z", "2026-11-27T23:00:00Z", "2026-11-27T00:00:00Z", "2026-11-23T00:00:00Z"),
            ("2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z"),
            ("2027-01-01T05:00:00Z", "2027-01-01T05:00:00Z", "2027-01-01T00:00:00Z", "2026-12-28T00:00:00Z"),
        ];
        for (at, of_hour, of_day, of_week) in cases {
            for (span, expected) in [(Span::Hour, of_hour), (Span::Day, of_day), (Span::Week, of_week)] {
                assert_eq!(begin(hour(at), span, &TimeZone::UTC).to_string(), expected, "{at} {span:?}");
            }
        }
        assert_eq!(
            begin(hour("2026-11-27T23:00:00Z"), Span::Month, &TimeZone::UTC).to_string(),
            "2026-11-01T00:00:00Z"
        );
    }

    #[test]
    fn a_day_is_one_of_the_zone_to_the_hour() {
        let cases = [
            ("America/New_York", "2026-11-27T04:00:00Z", "2026-11-26T05:00:00Z"),
            ("America/New_York", "2026-11-27T05:00:00Z", "2026-11-27T05:00:00Z"),
            // Half of this hour is of either day.
            ("Asia/Kolkata", "2026-11-27T18:00:00Z", "2026-11-27T18:30:00Z"),
            ("Asia/Kolkata", "2026-11-27T17:00:00Z", "2026-11-26T18:30:00Z"),
        ];
        for (zone, at, day) in cases {
            let zone = TimeZone::get(zone).unwrap();
            assert_eq!(begin(hour(at), Span::Day, &zone).to_string(), day, "{at}");
        }
    }

    #[test]
    fn what_began_in_one_day_is_one_sum() {
        let of = |at: &str, kind, started| UsageHour {
            hour: hour(at),
            kind,
            counts: UsageCounts { ends: started, started, messages: 2, verified: 2, redeemed: 1 },
        };
        let (login, code) = (HistoryKind::Login, HistoryKind::Code);
        let hours = [
            of("2026-11-26T23:00:00Z", login, 3),
            of("2026-11-27T00:00:00Z", login, 3),
            of("2026-11-27T09:00:00Z", login, 5),
            of("2026-11-27T09:00:00Z", code, 4),
        ];
        let days: Vec<_> = periods(&hours, Span::Day, &TimeZone::UTC)
            .into_iter()
            .map(|day| (day.begin, day.kind, day.funnel.started, day.funnel.success_percent))
            .collect();
        let expected = [
            ("2026-11-26T00:00:00Z".to_owned(), "login", 3, Some(33.3)),
            ("2026-11-27T00:00:00Z".to_owned(), "login", 8, Some(25.0)),
            ("2026-11-27T00:00:00Z".to_owned(), "otp", 4, Some(25.0)),
        ];
        assert_eq!(days, expected);
        assert_eq!(FunnelBody::from(UsageCounts::default()).success_percent, None);
    }

    #[test]
    fn a_quantile_is_the_step_that_so_many_reach() {
        let steps = |counts: &[(usize, u64)]| counts.iter().copied().collect::<BTreeMap<_, _>>();
        assert_eq!(quantile(&steps(&[]), 50), None);
        assert_eq!(quantile(&steps(&[(3, 1)]), 50), Some(PACE[3]));
        let many = steps(&[(0, 50), (1, 44), (2, 1), (PACE.len(), 5)]);
        assert_eq!((quantile(&many, 50), quantile(&many, 95)), (Some(PACE[0]), Some(PACE[2])));
        assert_eq!(quantile(&steps(&[(0, 94), (PACE.len(), 6)]), 95), None, "longer than the scale");
    }
}
