//! `GET /api/v1/admin/logs`: what became of logins and one-time codes, as JSON by the page, or as CSV in one stream.

use axum::{
    Json,
    body::Body,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use loggin_protocol::{ErrorCode, wire::ErrorBody};
use serde::Deserialize;

use super::{
    call::AdminCall,
    page::{Page, Paging, Parameters, app_key, choice, cursor, moment},
};
use crate::{
    administration::{Actor, Administration, AdministrationError},
    history::{
        csv,
        row::{self, RowBody},
    },
    http::ApiError,
    limits,
    store::{Ending, HistoryFilter, HistoryKind, HistoryStart, Outcome},
};

/// The content type of an export.
const CSV: &str = "text/csv; charset=utf-8";

/// Which rows are asked for.
#[derive(Deserialize)]
pub(super) struct LogsQuery {
    app_key: Option<String>,
    kind: Option<String>,
    outcome: Option<String>,
    reason: Option<String>,
    country: Option<String>,
    since: Option<String>,
    until: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

/// Lists logins and codes that ended at the apps that the key reaches, the latest first. Of numbers the last digits are told.
///
/// A page may have fewer rows than `limit`, or none, and yet a `next`: only so many rows are looked at for a page. With
/// `Accept: text/csv` all rows come in one stream, without pages.
#[utoipa::path(get, operation_id = "adminListLogs", path = "/api/v1/admin/logs", tag = "admin", summary = "List what became of logins and codes",
    params(
        ("app_key" = Option<String>, Query, description = "Of this app."),
        ("kind" = Option<String>, Query, description = "`login`, `otp`, `otp_test` for codes of test numbers, or `gateway` for codes of other servers."),
        ("outcome" = Option<String>, Query, description = "`redeemed`, `verified`, `expired`, `denied`, `revoked`, `blocked` or `failed`."),
        ("reason" = Option<String>, Query, description = "Why, in the word that the rows have for it."),
        ("country" = Option<String>, Query, description = "The country of the number, such as `IN`."),
        ("since" = Option<String>, Query, description = "Ended since then; RFC 3339."),
        ("until" = Option<String>, Query, description = "Ended before then; RFC 3339."),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "How many at most; 100 where nothing is said."),
    ),
    responses(
        (status = 200, description = "A page of rows, or all of them as CSV.", content((Page<RowBody> = "application/json"), (String = "text/csv"))),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["logs:read"]), ("api_key" = ["logs:read"])))]
pub(super) async fn list(
    call: AdminCall,
    Parameters(query): Parameters<LogsQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let filter = filter(&query)?;
    let start = query.paging.position()?.map_or(HistoryStart::Latest, HistoryStart::Before);
    let limit = query.paging.limit()?;
    if accepts_csv(&headers) {
        return export(call.administration().clone(), call.actor, filter, start).await;
    }
    let page = call.administration().logs(&call.actor, filter, start, limit).await?;
    let data = page.rows.iter().map(RowBody::from).collect();
    Ok(Json(Page { data, next: cursor(page.next) }).into_response())
}

fn filter(query: &LogsQuery) -> Result<HistoryFilter, ApiError> {
    let kinds = HistoryKind::ALL;
    let outcomes = Ending::ALL.map(|ending| (ending.outcome().as_str(), ending.outcome()));
    let mut reasons: Vec<(&str, &'static str)> =
        Ending::ALL.into_iter().filter_map(Ending::reason).map(|reason| (reason, reason)).collect();
    reasons.sort_unstable();
    reasons.dedup();
    let outcome: Option<Outcome> = choice("outcome", query.outcome.as_deref(), &outcomes)?;
    let reason = choice("reason", query.reason.as_deref(), &reasons)?;
    Ok(HistoryFilter {
        app_key: query.app_key.as_deref().map(app_key).transpose()?,
        kind: choice("kind", query.kind.as_deref(), &kinds.map(|kind| (kind.as_str(), kind)))?,
        endings: (outcome.is_some() || reason.is_some()).then(|| row::endings(outcome, reason)),
        country: query.country.as_deref().map(country).transpose()?,
        since: moment("since", query.since.as_deref())?,
        until: moment("until", query.until.as_deref())?,
        ..HistoryFilter::default()
    })
}

fn country(given: &str) -> Result<String, ApiError> {
    let is_code = given.len() == 2 && given.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_code {
        return Ok(given.to_ascii_uppercase());
    }
    Err(ApiError::new(ErrorCode::InvalidRequest, "`country` must be two letters, such as IN."))
}

/// Whether CSV is asked for by its name.
fn accepts_csv(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    let mut types = accepted.flat_map(|value| value.split(','));
    types.any(|one| one.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/csv"))
}

/// All rows in one stream, which is read from the store page by page as its reader takes it. Where the store fails in the
/// middle the stream is cut off, which HTTP tells from an end.
async fn export(
    administration: Administration,
    actor: Actor,
    filter: HistoryFilter,
    start: HistoryStart,
) -> Result<Response, ApiError> {
    let pages = Pages { administration, actor, filter };
    // What is wrong with the call is said before anything is sent.
    let (first, next) = pages.read(start).await?;
    let begun = (pages, Some((csv::HEAD.to_owned() + &first, next)));
    let chunks = stream::try_unfold(begun, |(pages, ready)| async move {
        let Some((text, next)) = ready else { return Ok(None) };
        let then = match next {
            Some(position) => Some(pages.read(HistoryStart::Before(position)).await?),
            None => None,
        };
        Ok::<_, AdministrationError>(Some((Bytes::from(text), (pages, then))))
    });
    Ok(([(header::CONTENT_TYPE, CSV)], Body::from_stream(chunks)).into_response())
}

/// What an export reads.
struct Pages {
    administration: Administration,
    actor: Actor,
    filter: HistoryFilter,
}

impl Pages {
    /// The rows of a page as text, and where the next one begins.
    async fn read(&self, start: HistoryStart) -> Result<(String, Option<i64>), AdministrationError> {
        let (filter, most) = (self.filter.clone(), limits::HISTORY_PAGE);
        let page = self.administration.logs(&self.actor, filter, start, most).await?;
        Ok((page.rows.iter().map(|row| csv::line(&RowBody::from(row))).collect(), page.next))
    }
}
