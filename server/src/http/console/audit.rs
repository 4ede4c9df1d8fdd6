//! `/console/audit`: who did what, the latest first.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;

use super::{Head, admin::Admin, error::ConsoleError, page, words};
use crate::{state::Server, store::AuditRow};

/// Acts on one page.
const SHOWN: u32 = 100;

/// Where the page begins.
#[derive(Debug, Deserialize)]
pub(super) struct Position {
    #[serde(default)]
    before: Option<i64>,
}

struct ActRow {
    at: String,
    row: AuditRow,
}

#[derive(Template)]
#[template(path = "console/audit.html")]
struct AuditPage {
    head: Head,
    acts: Vec<ActRow>,
    is_latest: bool,
    next: Option<i64>,
}

/// Shows acts.
pub(super) async fn handle(
    State(server): State<Arc<Server>>,
    Query(position): Query<Position>,
    admin: Admin,
) -> Result<Response, ConsoleError> {
    let found = server.administration.audit(admin.actor(), position.before, SHOWN).await?;
    let audit_page = AuditPage {
        head: Head::of(&admin, "audit"),
        acts: found.rows.into_iter().map(|row| ActRow { at: words::time(row.at), row }).collect(),
        is_latest: position.before.is_none(),
        next: found.next,
    };
    Ok(page(StatusCode::OK, &audit_page))
}
