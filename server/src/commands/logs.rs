//! `loggin-server logs`: what became of logins and one-time codes.

use std::str::FromStr;

use clap::{Args, ValueEnum};
use loggin_protocol::AppKey;
use secrecy::ExposeSecret;
use tokio::time::sleep;

use super::{
    administrator::Administrator,
    app_key::Time,
    output::{moment, print_line},
    run::{self, RunError},
};
use crate::{
    administration,
    clock::{Clock, SystemClock, UnixMillis},
    config::Settings,
    history::row::{self, Cursor, RowBody},
    limits,
    phones::RecipientKeys,
    store::{Ending, HistoryFilter, HistoryKind, HistoryPage, HistoryRow, HistoryStart, Outcome},
};

/// Which of them are listed, and how.
#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// Go on with those that end from now on, until interrupted.
    #[arg(long)]
    follow: bool,
    /// Print JSON, one object a line.
    #[arg(long)]
    json: bool,
    /// Of this app.
    #[arg(long, value_name = "APP_KEY")]
    app: Option<AppKey>,
    /// Logins or codes.
    #[arg(long)]
    kind: Option<KindArg>,
    /// What became of them.
    #[arg(long)]
    outcome: Option<OutcomeArg>,
    /// Why, in the word that the list has for it.
    #[arg(long, value_parser = reason)]
    reason: Option<&'static str>,
    /// The country of the number, such as IN.
    #[arg(long, value_parser = country)]
    country: Option<String>,
    /// The last four digits of the number; or all, with the country code, which needs the secrets of the server's
    /// configuration.
    #[arg(long)]
    phone: Option<String>,
    /// Ended since then: a moment such as 2026-11-27T08:00:00Z, or how long ago, such as 2h or 7d.
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Ended before then, likewise.
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// The earliest after this one, of which a line of JSON has the cursor, in place of the latest.
    #[arg(long, value_name = "CURSOR")]
    after: Option<Cursor>,
    /// How many at most.
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

/// See [`HistoryKind`].
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum KindArg {
    /// Logins.
    Login,
    /// One-time codes.
    Otp,
    /// One-time codes of test numbers.
    OtpTest,
    /// One-time codes of other servers, sent by a gateway.
    Gateway,
}

impl From<KindArg> for HistoryKind {
    fn from(argument: KindArg) -> Self {
        match argument {
            KindArg::Login => Self::Login,
            KindArg::Otp => Self::Code,
            KindArg::OtpTest => Self::TestCode,
            KindArg::Gateway => Self::Gateway,
        }
    }
}

/// See [`Outcome`].
#[derive(Clone, Copy, Debug, ValueEnum)]
enum OutcomeArg {
    /// A login's result was handed out.
    Redeemed,
    /// A code was typed.
    Verified,
    /// A code of another server has arrived.
    Delivered,
    /// Time was over first.
    Expired,
    /// A login ended without a result.
    Denied,
    /// A login's result was taken back.
    Revoked,
    /// A code was taken no longer.
    Blocked,
    /// A code did not arrive.
    Failed,
}

impl From<OutcomeArg> for Outcome {
    fn from(argument: OutcomeArg) -> Self {
        match argument {
            OutcomeArg::Redeemed => Self::Redeemed,
            OutcomeArg::Verified => Self::Verified,
            OutcomeArg::Delivered => Self::Delivered,
            OutcomeArg::Expired => Self::Expired,
            OutcomeArg::Denied => Self::Denied,
            OutcomeArg::Revoked => Self::Revoked,
            OutcomeArg::Blocked => Self::Blocked,
            OutcomeArg::Failed => Self::Failed,
        }
    }
}

fn reason(text: &str) -> Result<&'static str, String> {
    let mut reasons: Vec<&str> = Ending::ALL.iter().filter_map(|ending| ending.reason()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    let found = reasons.iter().find(|reason| **reason == text).copied();
    found.ok_or_else(|| format!("must be one of {}", reasons.join(", ")))
}

fn country(text: &str) -> Result<String, &'static str> {
    let text = text.trim().to_ascii_uppercase();
    let is_code = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code { Ok(text) } else { Err("must be two letters, such as IN") }
}

/// A moment, or how long ago it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    At(UnixMillis),
    Ago(Time),
}

impl Moment {
    /// The moment, seen from now.
    pub(super) fn seen_from(self, now: UnixMillis) -> UnixMillis {
        match self {
            Self::At(moment) => moment,
            Self::Ago(time) => now - time.0,
        }
    }
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(moment) = text.trim().parse::<jiff::Timestamp>() {
            return Ok(Self::At(UnixMillis(moment.as_millisecond())));
        }
        let time = text.parse().map(Self::Ago);
        time.map_err(|_| "must be a moment such as 2026-11-27T08:00:00Z, or a time such as 2h or 7d")
    }
}

/// Lists what was asked for.
pub(super) async fn run(settings: &Settings, arguments: &LogsArgs) -> Result<(), RunError> {
    let filter = filter(settings, arguments)?;
    let user = Administrator::of(&run::location(settings)?).await?;
    let listed = list(&user, arguments, filter).await;
    user.close().await;
    listed
}

fn filter(settings: &Settings, arguments: &LogsArgs) -> Result<HistoryFilter, RunError> {
    let now = SystemClock.now();
    let (outcome, reason) = (arguments.outcome.map(Outcome::from), arguments.reason);
    let endings = (outcome.is_some() || reason.is_some()).then(|| row::endings(outcome, reason));
    if endings.as_ref().is_some_and(Vec::is_empty) {
        return Err(RunError::Refused("nothing has this outcome for this reason".into()));
    }
    let mut filter = HistoryFilter {
        app_key: arguments.app,
        kind: arguments.kind.map(HistoryKind::from),
        endings,
        country: arguments.country.clone(),
        since: arguments.since.map(|since| since.seen_from(now)),
        until: arguments.until.map(|until| until.seen_from(now)),
        ..HistoryFilter::default()
    };
    if let Some(phone) = &arguments.phone {
        match row::end_of_masked(phone) {
            Some(end) => filter.phone_end = Some(end.to_owned()),
            None => filter.recipients = Some(names(settings, phone)?),
        }
    }
    Ok(filter)
}

/// What the history calls the person with this number.
fn names(settings: &Settings, phone: &str) -> Result<Vec<[u8; 32]>, RunError> {
    let phone = administration::parse_number(phone)?;
    let secrets = settings.name_secrets()?.app;
    let keys = RecipientKeys::derive(secrets.iter().map(|secret| secret.expose_secret().as_bytes()));
    Ok(keys.all_of(&[phone], &[]))
}

async fn list(user: &Administrator, arguments: &LogsArgs, filter: HistoryFilter) -> Result<(), RunError> {
    // Before the rest is read, so that nothing which ends meanwhile is passed over.
    let last = user.administration.last_of_logs(&user.actor).await?;
    let start = arguments.after.map_or(HistoryStart::Latest, |Cursor(id)| HistoryStart::After(id));
    let (mut rows, reached) = gather(user, &filter, start, arguments.limit).await?;
    if arguments.after.is_none() {
        // People read on at the end.
        rows.reverse();
    }
    print(&rows, arguments.json)?;
    if !arguments.follow {
        return Ok(());
    }
    let listed = rows.last().map_or(last, |row| last.max(row.id));
    let mut after = if arguments.after.is_some() { reached.unwrap_or(listed) } else { listed };
    loop {
        let page = read(user, &filter, HistoryStart::After(after), limits::HISTORY_PAGE).await?;
        print(&page.rows, arguments.json)?;
        match page.next {
            Some(next) if next != after => after = next,
            _ => sleep(limits::FOLLOW_PAUSE).await,
        }
    }
}

async fn read(
    user: &Administrator,
    filter: &HistoryFilter,
    start: HistoryStart,
    limit: u32,
) -> Result<HistoryPage, RunError> {
    Ok(user.administration.logs(&user.actor, filter.clone(), start, limit).await?)
}

/// So many rows, or all that there are, and where the next would be looked for.
async fn gather(
    user: &Administrator,
    filter: &HistoryFilter,
    mut start: HistoryStart,
    limit: u32,
) -> Result<(Vec<HistoryRow>, Option<i64>), RunError> {
    let mut rows = Vec::new();
    loop {
        let wanted = u32::try_from(limit as usize - rows.len()).unwrap_or(u32::MAX).min(limits::HISTORY_PAGE);
        if wanted == 0 {
            return Ok((rows, position(start)));
        }
        let page = read(user, filter, start, wanted).await?;
        rows.extend(page.rows);
        let next = match (page.next, start) {
            (Some(next), HistoryStart::After(id)) if next > id => HistoryStart::After(next),
            (Some(next), HistoryStart::Latest | HistoryStart::Before(_)) => HistoryStart::Before(next),
            (next, _) => return Ok((rows, next)),
        };
        start = next;
    }
}

fn position(start: HistoryStart) -> Option<i64> {
    match start {
        HistoryStart::Latest => None,
        HistoryStart::Before(id) | HistoryStart::After(id) => Some(id),
    }
}

fn print(rows: &[HistoryRow], as_json: bool) -> Result<(), RunError> {
    for row in rows {
        let body = RowBody::from(row);
        if as_json {
            let line = serde_json::to_string(&body).map_err(|error| RunError::Refused(error.to_string()))?;
            print_line(&line)?;
        } else {
            print_line(&line(row, &body))?;
        }
    }
    Ok(())
}

/// A row for people: when it ended, what it was, what became of it, whose it was, and how long it took.
fn line(row: &HistoryRow, body: &RowBody) -> String {
    let outcome = match body.reason {
        Some(reason) => format!("{} ({reason})", body.outcome),
        None => body.outcome.to_owned(),
    };
    let took = row.entry.verified_at.map(|at| at.since(row.entry.started_at).as_secs_f64());
    let took = took.map_or(String::new(), |seconds| format!("{seconds:.1} s"));
    let (country, phone) = (body.country.as_deref().unwrap_or("--"), body.phone.as_deref().unwrap_or("-"));
    let line = format!(
        "{}  {}  {:8}  {outcome:26}  {country}  {phone:5}  {}  {took}",
        moment(row.entry.ended_at),
        body.app_key,
        body.kind,
        body.id,
    );
    line.trim_end().to_owned()
}
