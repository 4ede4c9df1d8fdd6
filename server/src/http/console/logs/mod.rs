//! `GET /console/logs`: what became of logins and one-time codes, the latest first.
//!
//! Rows are made when something ends: of what is under way there is none. They hold no number, but its last digits and a
//! MAC, by which somebody who types the number finds its rows.

mod detail;
mod export;
mod filter;
mod row;
mod source;
mod tail;
pub(super) mod words;

use std::{collections::HashMap, sync::Arc};

use askama::Template;
use axum::{
    Router,
    extract::{Form, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use loggin_protocol::AppKey;
use serde::Deserialize;

pub(super) use filter::{FieldErrors, app_key};

use self::{
    filter::{Asked, LogsQuery},
    row::RowView,
    source::Source,
};
use super::{Admin, ConsoleError, Head, page};
use crate::{
    history::row::Cursor,
    limits, phones,
    state::Server,
    store::{HistoryPage, HistoryStart},
};

const PATH: &str = "/console/logs";

/// The routes of the log.
pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route(PATH, get(handle))
        .route("/console/logs.csv", get(export::handle))
        .route("/console/logs/tail", get(tail::handle))
        .route("/console/logs/person", post(person))
        .route("/console/logs/{row}", get(detail::handle))
        .route("/console/logs/{row}/number", post(detail::reveal))
}

/// Something to choose from a list: what is sent, what is shown, and whether it is chosen.
struct Choice {
    value: String,
    words: String,
    is_chosen: bool,
}

impl Choice {
    fn new(value: impl Into<String>, words: impl Into<String>, chosen: &str) -> Self {
        let value = value.into();
        Self { is_chosen: value == chosen.trim(), words: words.into(), value }
    }
}

#[derive(Template)]
#[template(path = "console/logs.html")]
struct LogsPage<'a> {
    head: Head,
    query: &'a LogsQuery,
    errors: &'a FieldErrors,
    zone: &'a str,
    apps: Vec<Choice>,
    kinds: Vec<Choice>,
    outcomes: Vec<Choice>,
    reasons: Vec<Choice>,
    rows: Vec<RowView>,
    /// Whether anything restricts the list.
    is_restricted: bool,
    is_first: bool,
    /// The addresses of the pages beside this one, of the file and of the stream, where there are such.
    newer: Option<String>,
    older: Option<String>,
    file: String,
    tail: Option<String>,
    /// How many rows were looked at for a page that has none.
    looked_at: u32,
}

async fn handle(
    State(server): State<Arc<Server>>,
    admin: Admin,
    Query(query): Query<LogsQuery>,
) -> Result<Response, ConsoleError> {
    let asked = query.read();
    list(&server, &admin, &query, asked).await
}

/// The page of these fields; where one makes no sense, the page says so and lists nothing.
async fn list(
    server: &Arc<Server>,
    admin: &Admin,
    query: &LogsQuery,
    asked: Asked,
) -> Result<Response, ConsoleError> {
    let names = source::app_names(server, admin).await?;
    let source = Source::new(Arc::clone(server), admin);
    let is_wrong = !asked.errors.is_empty();
    // Before the rows are read, so that the stream passes over none.
    let last = source.last().await?;
    let found = if is_wrong {
        HistoryPage::default()
    } else {
        source.page(&asked.filter, asked.start, limits::LOGS_PAGE).await?
    };
    let (rows, around) = arrange(found, asked.start);
    let address = |more: Option<(&str, String)>| {
        let more = more.as_ref().map(|(name, value)| (*name, value.as_str()));
        filter::address(PATH, &query.query(), more)
    };
    let is_first = asked.start == HistoryStart::Latest;
    let newest = rows.first().map_or(last, |row| row.id);
    let (path, after) = ("/console/logs/tail", Cursor(newest).to_string());
    let tail = (is_first && !is_wrong && asked.filter.until.is_none())
        .then(|| filter::address(path, &query.query(), Some(("after", &after))));
    let shown = LogsPage {
        head: Head::of(admin, "logs"),
        query,
        errors: &asked.errors,
        zone: &asked.zone.name,
        apps: apps(&names, &query.app),
        kinds: filter::KINDS
            .map(|kind| Choice::new(kind.as_str(), words::kind(kind), &query.kind))
            .into_iter()
            .collect(),
        outcomes: filter::OUTCOMES
            .map(|outcome| Choice::new(outcome.as_str(), words::outcome(outcome), &query.outcome))
            .into_iter()
            .collect(),
        reasons: filter::reasons()
            .into_iter()
            .map(|reason| Choice::new(reason, words::reason(reason), &query.reason))
            .collect(),
        is_restricted: query.restricts(),
        is_first,
        newer: around.newer.map(|id| address(Some(("after", Cursor(id).to_string())))),
        older: around.older.map(|id| address(Some(("before", Cursor(id).to_string())))),
        file: filter::address("/console/logs.csv", &query.query(), None),
        tail,
        looked_at: limits::HISTORY_LOOKED_AT,
        rows: rows.iter().map(|row| RowView::of(row, &names, &asked.zone)).collect(),
    };
    let status = if is_wrong { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Ok(page(status, &shown))
}

/// The apps to choose from, by name.
pub(super) fn apps_by_name(names: &HashMap<AppKey, String>) -> Vec<(AppKey, &str)> {
    let mut apps: Vec<_> = names.iter().map(|(app_key, name)| (*app_key, name.as_str())).collect();
    apps.sort_by(|one, other| one.1.cmp(other.1).then_with(|| one.0.as_str().cmp(other.0.as_str())));
    apps
}

fn apps(names: &HashMap<AppKey, String>, chosen: &str) -> Vec<Choice> {
    let chosen = app_key(chosen).map(|app_key| app_key.as_str().to_owned()).unwrap_or_default();
    apps_by_name(names)
        .into_iter()
        .map(|(app_key, name)| Choice::new(app_key.as_str(), format!("{name} ({app_key})"), &chosen))
        .collect()
}

/// Where the pages beside one begin.
#[derive(Debug, Default, PartialEq, Eq)]
struct Around {
    newer: Option<i64>,
    older: Option<i64>,
}

/// The rows of a page, the latest first, and what stands beside it.
fn arrange(found: HistoryPage, start: HistoryStart) -> (Vec<crate::store::HistoryRow>, Around) {
    let HistoryPage { mut rows, next } = found;
    let around = match start {
        HistoryStart::Latest => Around { newer: None, older: next },
        HistoryStart::Before(id) => {
            // The row itself is newer than this page.
            Around { newer: Some(rows.first().map_or(id - 1, |row| row.id)), older: next }
        }
        HistoryStart::After(id) => {
            rows.reverse();
            let older = rows.last().map_or(id + 1, |row| row.id);
            Around { newer: next.filter(|next| *next > id && !rows.is_empty()), older: Some(older) }
        }
    };
    (rows, around)
}

/// A whole number, and the fields of the list that it is looked for in.
#[derive(Debug, Deserialize)]
struct PersonForm {
    number: String,
    #[serde(flatten)]
    query: LogsQuery,
}

/// Goes to the rows of a number. It comes in a body, and stands in no address: there it is a MAC.
async fn person(
    State(server): State<Arc<Server>>,
    admin: Admin,
    Form(form): Form<PersonForm>,
) -> Result<Response, ConsoleError> {
    let PersonForm { number, mut query } = form;
    let Some(number) = phones::read(&number, None) else {
        let mut asked = query.read();
        asked.errors.add("number", "Give the whole number with its country code, such as +91 98765 43210.");
        return list(&server, &admin, &query, asked).await;
    };
    query.phone.clear();
    query.person = filter::person_name(&server.people.recipients.all_of(&[number.asked], &[]));
    Ok(Redirect::to(&filter::address(PATH, &query.query(), None)).into_response())
}

#[cfg(test)]
mod tests;
