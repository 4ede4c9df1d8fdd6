//! The issuer's pages: people sign in on them whom a client sent here, and say what it may know.
//!
//! They are made here, and work without scripts: a page that waits is loaded again every few seconds, or at once where its
//! script hears of it. Each looks at the request anew, signs in whoever has tapped, and then does what [`course`] says.

mod attempt;
mod code;
mod course;
mod device;
mod error;
mod events;
mod login;
mod pages;
mod sign_in;
mod steps;
mod target;
mod visit;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, Method, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};

use self::error::HostedError;
use super::caller::is_of_own_page;
use crate::{limits, state::Server};

/// The routes of the pages.
pub(super) fn routes(server: &Arc<Server>) -> Router<Arc<Server>> {
    Router::new()
        .route(pages::SIGN_IN, get(sign_in::show).post(sign_in::act))
        .route(pages::EVENTS, get(events::handle))
        .route(pages::DEVICE, get(device::show).post(device::find))
        .layer(DefaultBodyLimit::max(limits::SMALL_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(server), only_own_pages))
}

/// Refuses what another site's page asks a browser to send, and has nothing be kept by caches.
async fn only_own_pages(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = if changes && !is_of_own_page(&server, request.headers()) {
        HostedError::OtherSite.in_language_of(request.headers()).into_response()
    } else {
        next.run(request).await
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
