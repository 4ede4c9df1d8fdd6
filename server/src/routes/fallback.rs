//! Answers where no route or method matches, or a handler panicked.

use std::any::Any;

use axum::response::{IntoResponse, Response};
use loggin::ErrorCode;

use crate::error::ApiError;

/// There is no such path.
pub(crate) async fn not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "There is no such endpoint.")
}

/// There is such a path, but not with this method.
pub(crate) async fn method_not_allowed() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed, "This endpoint does not take this method.")
}

/// A handler panicked: a defect of this program. What it said may hold anything, so only the fact is logged.
#[allow(clippy::needless_pass_by_value)] // the form that the layer asks for
pub(crate) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    ApiError::new(ErrorCode::Internal, "The server failed.").into_response()
}
