//! `GET /l/<code>`: sends a browser on to WhatsApp, with the message typed in.
//!
//! Link previews fetch it too, so it stores and changes nothing. No log holds its path.

use std::sync::Arc;

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use loggin::{
    Code, ErrorCode,
    link::{message_text, percent_encode},
};

use crate::{app::Server, error::ApiError};

/// Sends on to WhatsApp.
#[utoipa::path(
    get,
    path = "/l/{code}",
    tag = "links",
    summary = "Open WhatsApp with the message of a login",
    params(("code" = String, Path, description = "The login's code.")),
    responses(
        (status = 302, description = "To WhatsApp."),
        (status = 404, description = "This is no code.", body = super::openapi::Error),
    ),
)]
pub(crate) async fn handle(
    State(server): State<Arc<Server>>,
    code: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    const NO_CODE: ApiError = ApiError::new(ErrorCode::NotFound, "There is no sign-in under this address.");
    let Path(code) = code.map_err(|_| NO_CODE)?;
    let code = Code::parse(&code).map_err(|_| NO_CODE)?;
    let text = message_text(None, &code).map_err(|_| NO_CODE)?;
    let base = server.settings.link_base.as_str().trim_end_matches('/');
    let number = server.settings.whatsapp.number.digits();
    let location = format!("{base}/{number}?text={}", percent_encode(&text));
    Ok((StatusCode::FOUND, [(header::LOCATION, location)]).into_response())
}
