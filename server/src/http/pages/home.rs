//! `GET /`: what this server is, for whoever opens its address in a browser.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use loggin_protocol::ErrorCode;

use super::{Head, is_for_people, page};
use crate::{http::ApiError, state::Server};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    head: Head,
    origin: &'a str,
    sends_codes: bool,
    development: bool,
}

/// Shows the page to people; there is nothing here for programs.
pub(super) async fn handle(State(server): State<Arc<Server>>, headers: HeaderMap) -> Response {
    let mut response = if is_for_people(&headers) {
        let home = HomePage {
            head: Head::of(&server, "home"),
            origin: &server.settings.public_origin,
            sends_codes: server.otp.is_some(),
            development: server.settings.development,
        };
        page(StatusCode::OK, &home, None)
    } else {
        const ELSEWHERE: ApiError = ApiError::new(
            ErrorCode::NotFound,
            "There is no endpoint here: they are under /api/v1, and /openapi.json describes them.",
        );
        ELSEWHERE.into_response()
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    response
}
