//! Answers of the issuer as responses: a browser led back, and errors in the shape of OAuth.

use std::time::Duration;

use askama::Template;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use serde_json::json;

use crate::{
    http::ApiError,
    openid::{Answer, CallError, OAuthError, OAuthErrorCode, ResponseMode},
    store::StoreError,
};

/// When to try again where an address calls too often: as long as it is counted.
const TOO_MANY_RETRY_AFTER: Duration = Duration::from_secs(60);

/// When to try again where the store fails.
const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);

/// What the page may do that leads back by a form: send it by itself. Where the form goes is not limited, as browsers hold
/// to that what the client leads on to as well; the address was compared with those of the client.
const FORM_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
);

/// What the page of an error may do: nothing.
const ERROR_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

#[derive(Template)]
#[template(path = "openid/form-post.html")]
struct FormPost<'a> {
    action: &'a str,
    parameters: &'a [(&'static str, String)],
}

#[derive(Template)]
#[template(path = "openid/error.html")]
struct ErrorPage<'a> {
    code: &'static str,
    text: &'a str,
}

/// Leads a browser back to the client. Every response has `no-referrer`, so nobody else learns of the address.
pub(crate) fn lead_back(answer: &Answer) -> Response {
    match answer.mode {
        ResponseMode::Query => match answer.location() {
            Some(location) => Redirect::to(location.as_str()).into_response(),
            None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
        ResponseMode::FormPost => {
            let form = FormPost { action: &answer.redirect_uri, parameters: &answer.parameters };
            match form.render() {
                Ok(text) => ([(header::CONTENT_SECURITY_POLICY, FORM_POLICY)], Html(text)).into_response(),
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
    }
}

/// A page for what nobody is led back with.
pub(crate) fn error_page(status: StatusCode, error: &OAuthError) -> Response {
    match (ErrorPage { code: error.code.as_str(), text: &error.description }).render() {
        Ok(text) => (status, [(header::CONTENT_SECURITY_POLICY, ERROR_POLICY)], Html(text)).into_response(),
        Err(_) => status.into_response(),
    }
}

/// Why a call of a client is answered with an error, and how.
#[derive(Debug)]
pub(crate) struct CallFailure {
    error: OAuthError,
    status: StatusCode,
    retry_after: Option<Duration>,
    /// How a client may prove what it is, where it was asked to by a header.
    challenge: Option<&'static str>,
}

impl CallFailure {
    /// The same as one call too many.
    pub(crate) fn too_many(mut self) -> Self {
        self.status = StatusCode::TOO_MANY_REQUESTS;
        self.retry_after = Some(TOO_MANY_RETRY_AFTER);
        self
    }

    /// The same with how the caller may prove itself (RFC 9110, section 11.6.1).
    pub(crate) fn challenged(mut self, challenge: &'static str) -> Self {
        self.status = StatusCode::UNAUTHORIZED;
        self.challenge = Some(challenge);
        self
    }

    /// The same as a page for people.
    pub(crate) fn page(&self) -> Response {
        error_page(self.status, &self.error)
    }
}

impl From<CallError> for CallFailure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::OAuth(error) => {
                let status = match error.code {
                    OAuthErrorCode::InvalidClient => StatusCode::UNAUTHORIZED,
                    OAuthErrorCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
                    OAuthErrorCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
                    _ => StatusCode::BAD_REQUEST,
                };
                Self { error, status, retry_after: None, challenge: None }
            }
            CallError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for CallFailure {
    fn from(error: StoreError) -> Self {
        // It counts the failure, and tells the log.
        let _ = ApiError::from(error);
        let code = OAuthErrorCode::TemporarilyUnavailable;
        let error = OAuthError::new(code, "The server's store cannot be reached at the moment.");
        Self {
            error,
            status: StatusCode::SERVICE_UNAVAILABLE,
            retry_after: Some(BUSY_RETRY_AFTER),
            challenge: None,
        }
    }
}

impl IntoResponse for CallFailure {
    fn into_response(self) -> Response {
        let body = json!({
            "error": self.error.code.as_str(),
            "error_description": self.error.description,
        });
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(delay) = self.retry_after {
            headers.insert(header::RETRY_AFTER, delay.as_secs().into());
        }
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}
