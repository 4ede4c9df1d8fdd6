//! Pages for people: what this server is, the demo, and the reference of the API.
//!
//! All that they load is in this program, and a strict policy lets them load nothing else.

mod assets;
mod codes;
mod demo;
mod home;
mod reference;
mod samples;
mod schema;

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use loggin_protocol::ErrorCode;

use crate::{http::ApiError, state::Server};

/// What a page may do: load what this server has, and ask this server. No text becomes markup, no form goes anywhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types 'none'";

/// The routes of the pages.
pub(super) fn routes() -> Router<Arc<Server>> {
    assets::routes()
        .route("/", get(home::handle))
        .route("/demo", get(demo::handle))
        .route("/demo/codes/start", post(codes::start))
        .route("/demo/codes/verify", post(codes::verify))
        .route("/docs", get(reference::handle))
}

/// What every page shows at its top.
struct Head {
    /// The page that this is.
    current: &'static str,
    has_demo: bool,
}

impl Head {
    fn of(server: &Server, current: &'static str) -> Self {
        Self { current, has_demo: server.settings.demo.is_some() }
    }
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage {
    head: Head,
    title: &'static str,
    text: &'static str,
}

/// Whether somebody wants to read rather than a program to know: a browser names HTML.
fn is_for_people(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|range| range.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/html"))
}

/// A page, which may show pages of one other origin in frames.
fn page(status: StatusCode, template: &impl Template, frames: Option<&str>) -> Response {
    let Ok(text) = template.render() else {
        return ApiError::new(ErrorCode::Internal, "The page cannot be shown.").into_response();
    };
    let policy = match frames {
        None => HeaderValue::from_static(POLICY),
        // A link of this server leads on to the other origin.
        Some(origin) => match HeaderValue::from_str(&format!("{POLICY}; frame-src 'self' {origin}")) {
            Ok(policy) => policy,
            Err(_) => return ApiError::new(ErrorCode::Internal, "The page cannot be shown.").into_response(),
        },
    };
    (status, [(header::CONTENT_SECURITY_POLICY, policy)], Html(text)).into_response()
}

#[cfg(test)]
mod tests;
