//! `GET /console/usage`: how many logins and one-time codes there were, how far they came, how long it took, and what they
//! cost. Each chart has its table beside it.

mod ask;
mod view;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};

use self::{
    ask::{Asked, RANGES, UsageQuery},
    view::{AppView, KindView, MessageView, QuotaView},
};
use super::{
    Admin, ConsoleError, Head,
    logs::{FieldErrors, apps_by_name},
    page,
};
use crate::{
    administration::Quota,
    clock::UnixMillis,
    history::usage::UsageBody,
    state::Server,
    store::{App, UsageFilter},
};

/// Something to choose from a list.
struct Choice {
    value: String,
    words: String,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "console/usage.html")]
struct UsagePage<'a> {
    head: Head,
    query: &'a UsageQuery,
    errors: &'a FieldErrors,
    zone: &'a str,
    apps: Vec<Choice>,
    ranges: Vec<Choice>,
    /// Words for the time that is shown.
    range: &'static str,
    kinds: Vec<KindView>,
    by_app: Vec<AppView>,
    messages: Vec<MessageView>,
    /// What all messages that cost something come to, where a price was given.
    cost: Option<String>,
    quotas: Vec<QuotaView>,
    /// Whether counts by the hour are off by half an hour in this zone.
    parts_hours: bool,
}

pub(super) async fn handle(
    State(server): State<Arc<Server>>,
    admin: Admin,
    Query(query): Query<UsageQuery>,
) -> Result<Response, ConsoleError> {
    let now = server.clock.now();
    let asked = query.read(now);
    let apps = server.administration.apps(admin.actor()).await?;
    let body = read(&server, &admin, &asked).await?;
    let mut quotas = server.administration.quotas(admin.actor()).await?;
    quotas.retain(|quota| asked.app_key.is_none_or(|wanted| wanted == quota.app_key));
    let shown = shown(Head::of(&admin, "usage"), &query, &asked, &apps, &body, quotas, now);
    let status = if asked.errors.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    Ok(page(status, &shown))
}

async fn read(server: &Server, admin: &Admin, asked: &Asked) -> Result<UsageBody, ConsoleError> {
    let filter = UsageFilter {
        app_key: asked.app_key,
        from_hour: asked.from_hour,
        to_hour: asked.to_hour,
        ..UsageFilter::default()
    };
    Ok(server.administration.usage_in(admin.actor(), filter, asked.range.span(), &asked.zone.zone).await?)
}

fn shown<'a>(
    head: Head,
    query: &'a UsageQuery,
    asked: &'a Asked,
    apps: &[App],
    body: &UsageBody,
    quotas: Vec<Quota>,
    now: UnixMillis,
) -> UsagePage<'a> {
    let names = apps.iter().map(|app| (app.app_key, app.name.clone())).collect();
    let choices = apps_by_name(&names).into_iter().map(|(app_key, name)| Choice {
        value: app_key.as_str().to_owned(),
        words: format!("{name} ({app_key})"),
        is_chosen: asked.app_key == Some(app_key),
    });
    let ranges = RANGES.map(|range| Choice {
        value: range.as_str().to_owned(),
        words: range.words().to_owned(),
        is_chosen: range == asked.range,
    });
    let messages: Vec<MessageView> =
        body.messages.iter().map(|sent| MessageView::of(sent, asked.price.as_ref())).collect();
    UsagePage {
        head,
        query,
        errors: &asked.errors,
        zone: &asked.zone.name,
        apps: choices.collect(),
        ranges: ranges.into_iter().collect(),
        range: asked.range.words(),
        kinds: view::kinds(body, asked),
        by_app: view::apps(body, &names),
        cost: view::cost(body, asked.price.as_ref()),
        messages,
        quotas: quotas.into_iter().map(QuotaView::from).collect(),
        parts_hours: asked.zone.parts_hours(now),
    }
}

#[cfg(test)]
mod tests;
