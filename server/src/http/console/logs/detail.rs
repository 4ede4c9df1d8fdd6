//! `GET /console/logs/{row}`: one login or one-time code, step by step.
//!
//! The history keeps no number. `POST /console/logs/{row}/number` shows it where something else still has it: the app's
//! people, or the session of a code; that is noted before it is looked for.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

use super::{
    row::{after, seconds},
    source::{self, Source},
    words,
};
use crate::{
    administration::Right,
    clock::UnixMillis,
    history::row::{Cursor, RowBody},
    http::console::{Admin, ConsoleError, Head, page, words::Fields},
    state::Server,
    store::{HistoryEntry, HistoryFilter, HistoryKind, HistoryRow, HistoryStart},
};

/// A moment on the way.
struct Step {
    name: &'static str,
    /// The moment for machines and for people.
    at: String,
    shown: String,
    /// After the step before.
    later: Option<String>,
    tone: &'static str,
}

/// What is known of the whole number.
enum Number {
    /// It was not asked for.
    Masked,
    /// Nothing has it any more.
    Gone,
    Shown(String),
}

#[derive(Template)]
#[template(path = "console/log.html")]
struct LogPage {
    head: Head,
    row: String,
    app: String,
    app_key: String,
    kind: &'static str,
    id: String,
    outcome: &'static str,
    tone: &'static str,
    reason: Option<String>,
    what: &'static str,
    advice: Option<&'static str>,
    confirmation: Option<&'static str>,
    country: Option<String>,
    phone: Option<String>,
    number: Number,
    may_unmask: bool,
    took: Option<String>,
    steps: Vec<Step>,
}

pub(super) async fn handle(
    State(server): State<Arc<Server>>,
    admin: Admin,
    Path(row): Path<String>,
) -> Result<Response, ConsoleError> {
    let row = find(&server, &admin, &row).await?;
    show(&server, &admin, &row, Number::Masked).await
}

/// Shows the whole number to whoever may see it and has signed in a moment ago.
pub(super) async fn reveal(
    State(server): State<Arc<Server>>,
    admin: Admin,
    Path(row): Path<String>,
) -> Result<Response, ConsoleError> {
    admin.check_recent(&server, &Fields::new())?;
    let row = find(&server, &admin, &row).await?;
    let keys = &server.people.recipients;
    let number = server.administration.reveal_number(admin.actor(), keys, &row).await?;
    let number = number.map_or(Number::Gone, |number| Number::Shown(format!("+{}", number.expose())));
    show(&server, &admin, &row, number).await
}

async fn find(server: &Arc<Server>, admin: &Admin, row: &str) -> Result<HistoryRow, ConsoleError> {
    let Cursor(id) = row.parse().map_err(|_| ConsoleError::NotFound)?;
    let source = Source::new(Arc::clone(server), admin);
    let start = HistoryStart::After(id.saturating_sub(1));
    let page = source.page(&HistoryFilter::default(), start, 1).await?;
    page.rows.into_iter().find(|found| found.id == id).ok_or(ConsoleError::NotFound)
}

async fn show(
    server: &Arc<Server>,
    admin: &Admin,
    row: &HistoryRow,
    number: Number,
) -> Result<Response, ConsoleError> {
    let names = source::app_names(server, admin).await?;
    let (entry, body) = (&row.entry, RowBody::from(row));
    let outcome = entry.ending.outcome();
    let shown = LogPage {
        head: Head::of(admin, "logs"),
        row: Cursor(row.id).to_string(),
        app: names.get(&entry.app_key).cloned().unwrap_or_default(),
        app_key: body.app_key,
        kind: words::kind(entry.kind),
        id: body.id,
        outcome: words::outcome(outcome),
        tone: words::tone(outcome),
        reason: entry.ending.reason().map(words::reason),
        what: words::what(entry.ending),
        advice: words::advice(entry.ending),
        confirmation: body.confirmation.map(|_| words::confirmation(entry.confirm)),
        country: body.country,
        phone: body.phone,
        number,
        may_unmask: admin.actor().rights.has(Right::UnmaskPhones),
        took: entry.verified_at.map(|at| seconds(after(entry.started_at, at))),
        steps: steps(entry),
    };
    Ok(page(StatusCode::OK, &shown))
}

/// The moments that are known, in their order.
fn steps(entry: &HistoryEntry) -> Vec<Step> {
    let is_login = entry.kind == HistoryKind::Login;
    let outcome = entry.ending.outcome();
    let words = if is_login {
        ["Somebody began to wait", "The message came", "The sender was known"]
    } else {
        ["The app asked for a code", "WhatsApp took the message", "The code was typed"]
    };
    let mut moments = vec![(words[0], Some(entry.started_at), "plain")];
    moments.push((words[1], entry.message_at, "plain"));
    moments.push((words[2], entry.verified_at, "good"));
    // The code that is typed has ended with that.
    let is_told = !is_login && entry.verified_at.is_some();
    moments.push((words::outcome(outcome), (!is_told).then_some(entry.ended_at), words::tone(outcome)));
    let mut before: Option<UnixMillis> = None;
    let step = |(name, at, tone): (&'static str, Option<UnixMillis>, &'static str)| {
        let at = at?;
        let later = before.replace(at).map(|before| format!("+{}", seconds(after(before, at))));
        let machine = jiff::Timestamp::from(at).to_string();
        let shown = jiff::Timestamp::from(at).strftime("%Y-%m-%d %H:%M:%S%.3f UTC").to_string();
        Some(Step { name, at: machine, shown, later, tone })
    };
    moments.into_iter().filter_map(step).collect()
}
