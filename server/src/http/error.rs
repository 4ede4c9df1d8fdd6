//! Errors as the API answers them.
//!
//! A handler returns an [`ApiError`]; the outermost layer writes its body, as only that knows the request's id.

use std::{borrow::Cow, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use loggin_protocol::{ErrorCode, wire::ErrorBody};

use crate::{store::StoreError, telemetry::metrics};

/// How long a caller shall wait where the server is short of something.
const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Marks the response of a call that is an error and has a body of its own, in the shape that its caller reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnBody;

/// Why a call is answered with an error.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    code: ErrorCode,
    message: Cow<'static, str>,
    /// In place of the code's own.
    status: Option<u16>,
    attempts_left: Option<u32>,
    retry_after: Option<Duration>,
}

impl ApiError {
    /// An error with a message for a developer; being static, it holds nothing of the request.
    pub(crate) const fn new(code: ErrorCode, message: &'static str) -> Self {
        Self { code, message: Cow::Borrowed(message), status: None, attempts_left: None, retry_after: None }
    }

    /// An error whose message names a field or a limit. It must hold nothing of the request either.
    pub(crate) fn with_message(code: ErrorCode, message: String) -> Self {
        Self { code, message: Cow::Owned(message), status: None, attempts_left: None, retry_after: None }
    }

    /// What is wrong with the request's form.
    pub(crate) const fn invalid_request(message: &'static str) -> Self {
        Self::new(ErrorCode::InvalidRequest, message)
    }

    /// Answers with another HTTP status than the code's own.
    pub(crate) const fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds how many tries are left for a code.
    pub(crate) const fn with_attempts_left(mut self, attempts: u32) -> Self {
        self.attempts_left = Some(attempts);
        self
    }

    /// Adds how long to wait before the next try.
    pub(crate) const fn with_retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// The error's code.
    pub(crate) const fn code(&self) -> ErrorCode {
        self.code
    }

    /// What it says to a developer.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The body, with the request's id.
    pub(crate) fn body(&self, request_id: &str) -> ErrorBody {
        ErrorBody {
            error: self.code.as_str().into(),
            message: self.message.clone(),
            request_id: Some(request_id.to_owned()),
            attempts_left: self.attempts_left,
            retry_after: self.retry_after.map(|delay| delay.as_secs_f64()),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        metrics::store_failed(error.failure());
        match error {
            StoreError::Busy => {}
            StoreError::NotReady(reason) => {
                tracing::error!(reason, "the store is not ready");
                return Self::new(ErrorCode::Unavailable, reason).with_retry_after(BUSY_RETRY_AFTER);
            }
            error => tracing::error!(%error, "the store failed"),
        }
        Self::new(ErrorCode::Unavailable, "The server's store cannot be reached at the moment.")
            .with_retry_after(BUSY_RETRY_AFTER)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status =
            self.status.or(self.code.http_status()).and_then(|status| StatusCode::from_u16(status).ok());
        let mut response = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        if let Some(delay) = self.retry_after {
            let seconds = delay.as_secs_f64().ceil();
            if let Ok(value) = HeaderValue::from_str(&seconds.to_string()) {
                response.headers_mut().insert(header::RETRY_AFTER, value);
            }
        }
        response.extensions_mut().insert(self);
        response
    }
}
