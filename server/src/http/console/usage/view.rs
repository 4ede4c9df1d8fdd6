//! Counts as the page shows them: each chart, and the rows of the table beside it.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use loggin_protocol::AppKey;

use super::ask::{Asked, Price};
use crate::{
    administration::Quota,
    clock::UnixMillis,
    history::usage::{self, EndingBody, FunnelBody, PaceBody, Span, UsageBody},
    http::console::{
        charts::{self, Bar, Chart, Column, Width},
        logs::words,
    },
    store::{Ending, HistoryKind, Outcome},
};

/// Countries and reasons that a chart shows: what is less stands in the table.
const MOST_BARS: usize = 10;

/// What is shown of logins, or of codes.
pub(super) struct KindView {
    /// Names its parts in the page.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) total: FunnelBody,
    pub(super) success: String,
    pub(super) median: String,
    pub(super) p95: String,
    pub(super) over_time: Option<Chart>,
    pub(super) periods: Vec<FunnelRow>,
    pub(super) funnel: Option<Chart>,
    pub(super) stages: Vec<Row>,
    pub(super) pace: Option<Chart>,
    pub(super) steps: Vec<Row>,
    pub(super) failures: Option<Chart>,
    pub(super) reasons: Vec<Row>,
    pub(super) places: Option<Chart>,
    pub(super) countries: Vec<FunnelRow>,
}

/// How far those came that have something in common.
pub(super) struct FunnelRow {
    pub(super) label: String,
    pub(super) counts: FunnelBody,
    pub(super) success: String,
}

/// How many there were of something, and what part that is of all.
pub(super) struct Row {
    pub(super) label: String,
    pub(super) count: u64,
    pub(super) share: String,
}

/// What one app had.
pub(super) struct AppView {
    pub(super) app_key: String,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) counts: FunnelBody,
    pub(super) success: String,
}

/// Messages of one kind.
pub(super) struct MessageView {
    pub(super) kind: String,
    pub(super) class: &'static str,
    pub(super) costs: bool,
    pub(super) count: u64,
    pub(super) cost: Option<String>,
}

/// One-time codes of an app in this month.
pub(super) struct QuotaView {
    pub(super) app_key: String,
    pub(super) name: String,
    pub(super) quota: u32,
    pub(super) sent: u32,
    pub(super) left: u32,
    pub(super) is_short: bool,
}

impl From<Quota> for QuotaView {
    fn from(Quota { app_key, name, most, sent }: Quota) -> Self {
        let left = most.saturating_sub(sent);
        let is_short = u64::from(left) * 10 <= u64::from(most);
        Self { app_key: app_key.as_str().to_owned(), name, quota: most, sent, left, is_short }
    }
}

impl MessageView {
    pub(super) fn of(sent: &usage::MessagesBody, price: Option<&Price>) -> Self {
        let costs = sent.class == COSTS;
        let cost = price.filter(|_| costs).map(|price| price.of(sent.count));
        Self { kind: sent.kind.replace('_', " "), class: sent.class, costs, count: sent.count, cost }
    }
}

/// The class of messages that Meta asks money for.
const COSTS: &str = "authentication";

/// What all messages that cost something come to.
pub(super) fn cost(body: &UsageBody, price: Option<&Price>) -> Option<String> {
    let count = body.messages.iter().filter(|sent| sent.class == COSTS).map(|sent| sent.count).sum();
    price.map(|price| price.of(count))
}

/// Logins and codes, ours and other servers', each where there are any; codes of test numbers are no use.
pub(super) fn kinds(body: &UsageBody, asked: &Asked) -> Vec<KindView> {
    [HistoryKind::Login, HistoryKind::Code, HistoryKind::Gateway]
        .into_iter()
        .filter_map(|kind| of_kind(kind, body, asked))
        .collect()
}

fn of_kind(kind: HistoryKind, body: &UsageBody, asked: &Asked) -> Option<KindView> {
    let word = kind.as_str();
    let periods = periods(word, body, asked);
    let total = periods.iter().fold(FunnelBody::default(), |sum, (_, counts)| sum.with(counts));
    if total.started == 0 {
        return None;
    }
    let forms = asked.range.forms();
    let label = |begin: &Timestamp, form: &str| asked.zone.write(UnixMillis(begin.as_millisecond()), form);
    let column = |(begin, counts): &(Timestamp, FunnelBody)| Column {
        label: label(begin, forms[0]),
        part: counts.redeemed,
        whole: counts.started,
    };
    let columns: Vec<Column> = periods.iter().map(column).collect();
    let rows = periods.iter().rev().map(|(begin, counts)| FunnelRow::of(label(begin, forms[1]), *counts));
    let stages = stages(kind, &total);
    let pace = body.time_to_verify.iter().find(|pace| pace.kind == word);
    let steps = pace.map(steps).unwrap_or_default();
    let reasons = reasons(word, &body.endings);
    let countries: Vec<FunnelRow> = body
        .countries
        .iter()
        .filter(|country| country.kind == word && country.funnel.started > 0)
        .map(|country| {
            FunnelRow::of(country.country.clone().unwrap_or_else(|| "not known".to_owned()), country.funnel)
        })
        .collect();
    let of_country = |row: &FunnelRow| Bar { label: row.label.clone(), count: row.counts.started };
    let (id, title) = match kind {
        HistoryKind::Login => ("logins", "Logins"),
        HistoryKind::Code | HistoryKind::TestCode => ("codes", "One-time codes"),
        HistoryKind::Gateway => ("gateway", "Codes of other servers"),
    };
    Some(KindView {
        id,
        title,
        total,
        success: percent(total.redeemed, total.started),
        median: pace.map_or_else(|| "–".to_owned(), |pace| within(pace.median_ms)),
        p95: pace.map_or_else(|| "–".to_owned(), |pace| within(pace.p95_ms)),
        over_time: charts::columns(&columns, Width::Full),
        periods: rows.collect(),
        funnel: charts::bars(&bars(&stages)),
        stages,
        pace: charts::columns(&steps.iter().map(Row::column).collect::<Vec<_>>(), Width::Half),
        steps,
        failures: charts::bars(&bars(&reasons)),
        reasons,
        places: charts::bars(&countries.iter().take(MOST_BARS).map(of_country).collect::<Vec<_>>()),
        countries,
    })
}

/// Every part of the time that is asked for, those in which nothing began among them.
fn periods(kind: &str, body: &UsageBody, asked: &Asked) -> Vec<(Timestamp, FunnelBody)> {
    let span = asked.range.span();
    let mut counts: BTreeMap<Timestamp, FunnelBody> = BTreeMap::new();
    // A step that no part is shorter than: an hour, or a day that is shortened by an hour.
    let step = if span == Span::Hour { 1 } else { 23 };
    let hours = (asked.from_hour..asked.to_hour).step_by(step).chain([asked.to_hour - 1]);
    for hour in hours {
        counts.entry(usage::begin(hour, span, &asked.zone.zone)).or_default();
    }
    for period in body.periods.iter().filter(|period| period.kind == kind) {
        if let Ok(begin) = period.begin.parse() {
            let sum = counts.entry(begin).or_default();
            *sum = sum.with(&period.funnel);
        }
    }
    counts.into_iter().collect()
}

impl FunnelRow {
    fn of(label: String, counts: FunnelBody) -> Self {
        Self { label, counts, success: percent(counts.redeemed, counts.started) }
    }
}

impl Row {
    fn new(label: impl Into<String>, count: u64, all: u64) -> Self {
        Self { label: label.into(), count, share: percent(count, all) }
    }

    fn column(&self) -> Column {
        Column { label: self.label.clone(), part: self.count, whole: self.count }
    }
}

fn bars(rows: &[Row]) -> Vec<Bar> {
    rows.iter().take(MOST_BARS).map(|row| Bar { label: row.label.clone(), count: row.count }).collect()
}

/// How far they came; a code has ended with what it was made for once it is typed.
fn stages(kind: HistoryKind, total: &FunnelBody) -> Vec<Row> {
    let row = |label: &str, count| Row::new(label, count, total.started);
    if kind == HistoryKind::Login {
        return vec![
            row("Started", total.started),
            row("Message received", total.messages),
            row("Verified", total.verified),
            row("Redeemed", total.redeemed),
        ];
    }
    let last = match kind {
        // Nobody tells whether it was typed.
        HistoryKind::Gateway => row("Arrived", total.redeemed),
        _ => row("Typed", total.verified),
    };
    vec![row("Asked for", total.started), row("Taken by WhatsApp", total.messages), last]
}

fn steps(pace: &PaceBody) -> Vec<Row> {
    let all = pace.steps.iter().map(|step| step.count).sum();
    let label = |up_to: Option<i64>| {
        up_to.map_or_else(|| "longer".to_owned(), |millis| format!("{} s", millis / 1_000))
    };
    pace.steps.iter().map(|step| Row::new(label(step.up_to_ms), step.count, all)).collect()
}

/// What ended otherwise than it was wanted, by why; the most frequent first.
fn reasons(kind: &str, endings: &[EndingBody]) -> Vec<Row> {
    let failed: Vec<&EndingBody> = endings
        .iter()
        .filter(|ending| ending.kind == kind && ending.reason.is_some() && ending.count > 0)
        .collect();
    let all = failed.iter().map(|ending| ending.count).sum();
    let label = |ending: &EndingBody| {
        let outcome = outcome(ending.outcome).map_or(ending.outcome, words::outcome);
        format!("{outcome}: {}", ending.reason.map(words::reason).unwrap_or_default())
    };
    let mut rows: Vec<Row> = failed.iter().map(|ending| Row::new(label(ending), ending.count, all)).collect();
    rows.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.label.cmp(&other.label)));
    rows
}

fn outcome(word: &str) -> Option<Outcome> {
    Ending::ALL.into_iter().map(Ending::outcome).find(|outcome| outcome.as_str() == word)
}

/// What each app had, those with the most first.
pub(super) fn apps(body: &UsageBody, names: &HashMap<AppKey, String>) -> Vec<AppView> {
    let name = |app_key: &str| AppKey::parse(app_key).ok().and_then(|app_key| names.get(&app_key).cloned());
    let kind = |word: &str| match word {
        "login" => words::kind(HistoryKind::Login),
        "otp" => words::kind(HistoryKind::Code),
        "gateway" => words::kind(HistoryKind::Gateway),
        _ => words::kind(HistoryKind::TestCode),
    };
    let mut apps: Vec<AppView> = body
        .apps
        .iter()
        .map(|app| AppView {
            app_key: app.app_key.clone(),
            name: name(&app.app_key).unwrap_or_default(),
            kind: kind(app.kind),
            counts: app.funnel,
            success: percent(app.funnel.redeemed, app.funnel.started),
        })
        .collect();
    apps.sort_by_key(|app| std::cmp::Reverse(app.counts.started));
    apps
}

/// How many in a hundred, to a tenth.
fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let tenths = (u128::from(part) * 1_000 + u128::from(whole) / 2) / u128::from(whole);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn within(millis: Option<i64>) -> String {
    millis.map_or_else(|| "over 300 s".to_owned(), |millis| format!("≤ {} s", millis / 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{history::usage::PeriodBody, http::console::usage::ask::UsageQuery, store::HOUR_MILLIS};

    fn asked(range: &str, zone: &str) -> Asked {
        let now: Timestamp = "2026-11-28T02:30:00Z".parse().unwrap();
        let query = UsageQuery { range: range.to_owned(), zone: zone.to_owned(), ..UsageQuery::default() };
        query.read(UnixMillis(now.as_millisecond()))
    }

    fn body(periods: Vec<PeriodBody>) -> UsageBody {
        UsageBody {
            since: String::new(),
            until: String::new(),
            periods,
            apps: Vec::new(),
            endings: Vec::new(),
            countries: Vec::new(),
            time_to_verify: Vec::new(),
            messages: Vec::new(),
        }
    }

    #[test]
    fn every_part_of_a_range_is_shown() {
        for (range, zone, parts) in [
            ("day", "", 24),
            ("week", "", 7),
            ("month", "America/New_York", 30),
            ("month", "Asia/Kolkata", 30),
            ("quarter", "", 13),
            ("year", "Europe/London", 12),
        ] {
            let asked = asked(range, zone);
            let found = periods("login", &body(Vec::new()), &asked);
            assert_eq!(found.len(), parts, "{range} {zone}: {found:?}");
            assert!(found.iter().all(|(_, counts)| counts.started == 0));
        }
    }

    #[test]
    fn what_is_counted_stands_in_its_part() {
        let asked = asked("week", "");
        let begin = Timestamp::from_millisecond((asked.from_hour + 24) * HOUR_MILLIS).unwrap().to_string();
        let funnel = FunnelBody { started: 8, messages: 6, verified: 5, redeemed: 4, success_percent: None };
        let body = body(vec![PeriodBody { begin, kind: "login", funnel }]);
        let found = periods("login", &body, &asked);
        assert_eq!(found.iter().map(|(_, counts)| counts.started).collect::<Vec<_>>(), [0, 8, 0, 0, 0, 0, 0]);
        let views = kinds(&body, &asked);
        let logins = views.first().unwrap();
        assert_eq!((views.len(), logins.success.as_str(), logins.stages.len()), (1, "50.0 %", 4));
        assert_eq!(logins.stages[1].share, "75.0 %");
        assert!(logins.over_time.is_some() && logins.funnel.is_some() && logins.failures.is_none());
    }

    #[test]
    fn parts_are_told_to_a_tenth() {
        assert_eq!(
            (percent(1, 3), percent(2, 3), percent(0, 0)),
            ("33.3 %".into(), "66.7 %".into(), "–".into())
        );
        assert_eq!(percent(u64::MAX, u64::MAX), "100.0 %");
    }
}
