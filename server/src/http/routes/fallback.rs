//! Answers where no route or method matches, or a handler panicked.

use std::any::Any;

use axum::response::{IntoResponse, Response};
use loggin_protocol::ErrorCode;

use crate::http::ApiError;

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

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, http::Request, middleware, routing::get};
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;
    use crate::http::request;

    #[tokio::test]
    async fn a_panic_is_an_internal_error() {
        async fn panics() -> &'static str {
            panic!("a defect");
        }
        let router: Router = Router::new()
            .route("/", get(panics))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(middleware::from_fn(request::layer));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), 500);
        assert!(response.headers().contains_key("x-request-id"));
    }
}
