//! `GET /api/v1/admin/usage`: how many logins and one-time codes there were, and how far they came.

use axum::Json;
use loggin_protocol::wire::ErrorBody;
use serde::Deserialize;

use super::{
    call::AdminCall,
    page::{Parameters, app_key, choice, moment},
};
use crate::{
    administration::usage_hours,
    history::usage::{Span, UsageBody},
    http::ApiError,
    store::UsageFilter,
};

/// What is counted.
#[derive(Deserialize)]
pub(super) struct UsageQuery {
    app_key: Option<String>,
    by: Option<String>,
    since: Option<String>,
    until: Option<String>,
}

/// Counts what began in some hours at the apps that the key reaches.
#[utoipa::path(get, operation_id = "adminShowUsage", path = "/api/v1/admin/usage", tag = "admin", summary = "Count logins and codes",
    params(
        ("app_key" = Option<String>, Query, description = "Of this app."),
        ("by" = Option<String>, Query, description = "What hours are put together to, in UTC: `hour`, `day`, `week` or `month`; days where nothing is said."),
        ("since" = Option<String>, Query, description = "Begun since then, in whole hours; a week ago where nothing is said. RFC 3339."),
        ("until" = Option<String>, Query, description = "Begun before then, likewise; the hour under way where nothing is said."),
    ),
    responses(
        (status = 200, description = "The counts.", body = UsageBody),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["usage:read"]), ("api_key" = ["usage:read"])))]
pub(super) async fn show(
    call: AdminCall,
    Parameters(query): Parameters<UsageQuery>,
) -> Result<Json<UsageBody>, ApiError> {
    let spans = [("hour", Span::Hour), ("day", Span::Day), ("week", Span::Week), ("month", Span::Month)];
    let span = choice("by", query.by.as_deref(), &spans)?.unwrap_or(Span::Day);
    let since = moment("since", query.since.as_deref())?;
    let until = moment("until", query.until.as_deref())?;
    let hours = usage_hours(since, until, call.server().clock.now());
    let app_key = query.app_key.as_deref().map(app_key).transpose()?;
    let filter = UsageFilter { app_key, ..hours };
    Ok(Json(call.administration().usage(&call.actor, filter, span).await?))
}
