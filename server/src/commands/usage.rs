//! `loggin-server usage`: how many logins and one-time codes there were, and how far they came.

use clap::{Args, ValueEnum};
use loggin_protocol::AppKey;

use super::{administrator::Administrator, logs::Moment, output::print_line, run::RunError};
use crate::{
    administration::usage_hours,
    clock::{Clock, SystemClock},
    history::usage::{FunnelBody, Span, UsageBody},
    store::{Location, UsageFilter},
};

/// What is counted, and how.
#[derive(Debug, Args)]
pub(super) struct UsageArgs {
    /// Of this app.
    #[arg(long, value_name = "APP_KEY")]
    app: Option<AppKey>,
    /// What is put together, in UTC; weeks begin on Monday.
    #[arg(long, default_value = "day")]
    by: SpanArg,
    /// Begun since then: a moment such as 2026-11-27T08:00:00Z, or how long ago, such as 2h or 30d; 7d where nothing is
    /// said. Whole hours count.
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Begun before then, likewise.
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// See [`Span`].
#[derive(Clone, Copy, Debug, ValueEnum)]
enum SpanArg {
    /// Hours.
    Hour,
    /// Days.
    Day,
    /// Weeks.
    Week,
    /// Months.
    Month,
}

impl From<SpanArg> for Span {
    fn from(argument: SpanArg) -> Self {
        match argument {
            SpanArg::Hour => Self::Hour,
            SpanArg::Day => Self::Day,
            SpanArg::Week => Self::Week,
            SpanArg::Month => Self::Month,
        }
    }
}

/// Prints what was asked for.
pub(super) async fn run(database: &Location, arguments: &UsageArgs) -> Result<(), RunError> {
    let user = Administrator::of(database).await?;
    let read = user.administration.usage(&user.actor, filter(arguments), arguments.by.into()).await;
    user.close().await;
    let body = read?;
    if arguments.json {
        let body = serde_json::to_string(&body).map_err(|error| RunError::Refused(error.to_string()))?;
        return print_line(&body);
    }
    tables(&body).iter().try_for_each(|line| print_line(line.trim_end()))
}

fn filter(arguments: &UsageArgs) -> UsageFilter {
    let now = SystemClock.now();
    let moment = |given: Option<Moment>| given.map(|moment| moment.seen_from(now));
    let hours = usage_hours(moment(arguments.since), moment(arguments.until), now);
    UsageFilter { app_key: arguments.app, ..hours }
}

fn tables(body: &UsageBody) -> Vec<String> {
    let mut lines = vec![funnel_head("BEGIN (UTC)")];
    lines.extend(body.periods.iter().map(|period| funnel(&period.begin, period.kind, &period.funnel)));
    lines.extend([String::new(), funnel_head("APP")]);
    lines.extend(body.apps.iter().map(|app| funnel(&app.app_key, app.kind, &app.funnel)));
    lines.extend([String::new(), funnel_head("COUNTRY")]);
    let country = |name: Option<&String>| name.map_or("--", String::as_str).to_owned();
    lines.extend(body.countries.iter().map(|of| funnel(&country(of.country.as_ref()), of.kind, &of.funnel)));
    lines.extend([String::new(), format!("{:20}  {:8}  {:>9}  REASON", "OUTCOME", "KIND", "COUNT")]);
    lines.extend(body.endings.iter().map(|ending| {
        let reason = ending.reason.unwrap_or_default();
        format!("{:20}  {:8}  {:>9}  {reason}", ending.outcome, ending.kind, ending.count)
    }));
    lines.extend([
        String::new(),
        format!("{:20}  {:8}  {:>9}  {:>9}", "TIME TO VERIFY", "KIND", "MEDIAN", "95 %"),
    ]);
    let within =
        |millis: Option<i64>| millis.map_or("longer".to_owned(), |millis| format!("≤ {} s", millis / 1_000));
    lines.extend(body.time_to_verify.iter().map(|pace| {
        format!("{:20}  {:8}  {:>9}  {:>9}", "", pace.kind, within(pace.median_ms), within(pace.p95_ms))
    }));
    lines.extend([String::new(), format!("{:20}  {:>19}  CLASS", "MESSAGES", "SENT")]);
    lines.extend(
        body.messages.iter().map(|sent| format!("{:20}  {:>19}  {}", sent.kind, sent.count, sent.class)),
    );
    lines
}

fn funnel_head(first: &str) -> String {
    format!(
        "{first:20}  {:8}  {:>9}  {:>9}  {:>9}  {:>9}  {:>7}",
        "KIND", "STARTED", "MESSAGES", "VERIFIED", "REDEEMED", "SUCCESS"
    )
}

fn funnel(first: &str, kind: &str, funnel: &FunnelBody) -> String {
    let FunnelBody { started, messages, verified, redeemed, success_percent } = funnel;
    let success = success_percent.map_or(String::new(), |percent| format!("{percent:.1} %"));
    format!("{first:20}  {kind:8}  {started:>9}  {messages:>9}  {verified:>9}  {redeemed:>9}  {success:>7}")
}
