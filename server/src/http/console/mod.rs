//! The console: pages on which administrators see and change what the server does.
//!
//! Pages are made here and work without scripts but for the sign-in and what is live. Each handler takes an [`Admin`], and
//! does what it does by the administration, which holds to what they may do.

mod admin;
mod again;
mod app;
mod apps;
mod audit;
mod charts;
mod error;
mod guards;
mod health;
mod kept;
mod logs;
mod people;
mod secret;
mod session;
mod sign_in;
mod usage;
mod webhooks;
mod words;
mod zone;

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};

use self::{admin::Admin, error::ConsoleError};
use super::caller::is_of_own_page;
use crate::{administration::Right, state::Server, store::Role};

/// What a page may do: as other pages of this server, and send forms to it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types 'none'",
);

/// The routes of the console.
pub(super) fn routes(server: &Arc<Server>) -> Router<Arc<Server>> {
    Router::new()
        .route("/console", get(apps::home))
        .route("/console/sign-in", get(sign_in::show).post(sign_in::redeem))
        .route("/console/sign-out", post(sign_in::sign_out))
        .route("/console/audit", get(audit::handle))
        .route(kept::PATH, get(again::handle))
        .merge(apps::routes())
        .merge(people::routes())
        .merge(webhooks::routes())
        .route("/console/usage", get(usage::handle))
        .route("/console/health", get(health::handle))
        .merge(logs::routes())
        .layer(middleware::from_fn_with_state(Arc::clone(server), only_own_pages))
}

/// Refuses what another site's page asks a browser to send, and has nothing be kept by caches.
async fn only_own_pages(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = if changes && !is_of_own_page(&server, request.headers()) {
        ConsoleError::OtherSite.into_response()
    } else {
        next.run(request).await
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What every page of the console shows at its top.
#[derive(Debug)]
struct Head {
    /// The page that this is.
    current: &'static str,
    /// Who is signed in; nobody at the sign-in.
    name: String,
    role: &'static str,
    is_owner: bool,
    /// Whether they reach the whole server.
    is_everywhere: bool,
}

impl Head {
    fn of(admin: &Admin, current: &'static str) -> Self {
        let actor = admin.actor();
        Self {
            current,
            name: actor.name.clone(),
            role: admin.role().as_str(),
            is_owner: admin.role() == Role::Owner,
            is_everywhere: actor.apps.is_none(),
        }
    }

    /// The top of a page that nobody is signed in to.
    fn of_nobody() -> Self {
        Self { current: "", name: String::new(), role: "", is_owner: false, is_everywhere: false }
    }
}

/// What somebody may do, for pages to show no more than that.
#[derive(Clone, Copy, Debug)]
struct May {
    write_apps: bool,
    write_keys: bool,
    write_webhooks: bool,
}

impl May {
    fn of(admin: &Admin) -> Self {
        let has = |right| admin.actor().rights.has(right);
        Self {
            write_apps: has(Right::WriteApps),
            write_keys: has(Right::WriteKeys),
            write_webhooks: has(Right::WriteWebhooks),
        }
    }
}

/// A page.
fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, [(header::CONTENT_SECURITY_POLICY, POLICY)], Html(text)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
