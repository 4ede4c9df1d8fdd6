//! `GET /console`: where administrators begin.

use axum::response::Redirect;

use super::admin::Admin;

/// Leads on to the apps, which all else is about.
pub(super) async fn handle(_admin: Admin) -> Redirect {
    Redirect::to("/console/apps")
}
