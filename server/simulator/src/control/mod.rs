//! The control API: what a test, or a person at a terminal, does to the simulated world. All JSON under `/control`.

mod account;
mod deliveries;
mod faults;
mod phones;
mod setup;
mod world;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{delete, get, post};
use axum::{Router, middleware};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::watch;

use crate::act::ActError;
use crate::delivery::BusyError;
use crate::faults::FaultError;
use crate::limits::{CONTROL_BODY_BYTES_MAX, WAIT_MS_MAX};
use crate::link::LinkError;
use crate::number::Number;
use crate::phones::PhoneError;
use crate::simulator::Simulator;

/// The routes below `/control`.
pub(crate) fn routes() -> Router<Arc<Simulator>> {
    Router::new()
        .route("/control/health", get(world::health))
        .route("/control/reset", post(world::reset))
        .route("/control/settings", get(world::settings).put(world::set_settings))
        .route("/control/prices", get(world::prices))
        .route("/control/setup", get(setup::show).put(setup::set))
        .route("/control/open-link", post(world::open_link))
        .route("/control/faults", get(faults::list).post(faults::add).delete(faults::clear))
        .route("/control/deliveries", get(deliveries::list))
        .route("/control/redeliver", post(deliveries::redeliver))
        .route("/control/batch", post(deliveries::batch))
        .route("/control/webhook", post(deliveries::raw))
        .route("/control/webhook/verify", post(deliveries::verify))
        .route("/control/phones", get(phones::list).post(phones::put))
        .route("/control/phones/{number}", delete(phones::remove).get(phones::show))
        .route("/control/phones/{number}/messages", get(phones::messages).post(phones::send))
        .route("/control/phones/{number}/previews", get(phones::previews))
        .route("/control/phones/{number}/edit", post(phones::edit))
        .route("/control/phones/{number}/revoke", post(phones::revoke))
        .route("/control/phones/{number}/react", post(phones::react))
        .route("/control/phones/{number}/tap", post(phones::tap))
        .route("/control/phones/{number}/contact", post(phones::contact))
        .route("/control/phones/{number}/read", post(phones::read))
        .route("/control/phones/{number}/handler", post(account::hand_over))
        .route("/control/phones/{number}/echo", post(account::echo))
        .route("/control/phones/{number}/identity", post(account::rename))
        .route("/control/phones/{number}/key", post(account::register_anew))
        .route("/control/account", get(account::events).post(account::report))
        .route("/control/{*path}", get(unknown).post(unknown).put(unknown).delete(unknown))
        .layer(middleware::map_response(no_store))
        .layer(DefaultBodyLimit::max(CONTROL_BODY_BYTES_MAX))
}

async fn unknown() -> ControlError {
    ControlError::NotFound("there is no such control call")
}

/// Chats hold codes: no cache may keep them.
async fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert("cache-control", axum::http::HeaderValue::from_static("no-store"));
    response
}

/// A call that cannot be done.
#[derive(Debug)]
pub(crate) enum ControlError {
    Busy(BusyError),
    Conflict(String),
    Invalid(String),
    NotFound(&'static str),
    Unreachable(LinkError),
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let (status, code, message) = match self {
            Self::Busy(error) => (StatusCode::SERVICE_UNAVAILABLE, "busy", error.to_string()),
            Self::Conflict(message) => (StatusCode::CONFLICT, "conflict", message),
            Self::Invalid(message) => (StatusCode::BAD_REQUEST, "invalid_request", message),
            Self::NotFound(message) => (StatusCode::NOT_FOUND, "not_found", message.to_owned()),
            Self::Unreachable(error) => (StatusCode::BAD_GATEWAY, "unreachable", error.to_string()),
        };
        (status, Json(json!({ "error": code, "message": message }))).into_response()
    }
}

impl From<ActError> for ControlError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Busy(busy) => Self::Busy(busy),
            ActError::NoPhone => Self::NotFound("there is no such phone"),
            ActError::NoMessage => Self::NotFound("there is no such message in this chat"),
            ActError::NoButton | ActError::Silent => Self::Conflict(error.to_string()),
            ActError::Text => Self::Invalid(error.to_string()),
        }
    }
}

impl From<BusyError> for ControlError {
    fn from(error: BusyError) -> Self {
        Self::Busy(error)
    }
}

impl From<FaultError> for ControlError {
    fn from(error: FaultError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<LinkError> for ControlError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Unknown | LinkError::Number => Self::Invalid(error.to_string()),
            LinkError::Unreachable | LinkError::NoRedirect => Self::Unreachable(error),
        }
    }
}

impl From<PhoneError> for ControlError {
    fn from(error: PhoneError) -> Self {
        match error {
            PhoneError::Taken | PhoneError::Full => Self::Conflict(error.to_string()),
            PhoneError::Name | PhoneError::Number | PhoneError::UserId => Self::Invalid(error.to_string()),
        }
    }
}

/// A JSON body; what is wrong with it is answered as every other error.
pub(crate) struct Input<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::JsonDataError(error)) => {
                Err(ControlError::Invalid(error.body_text()).into_response())
            }
            Err(error) => {
                let body = json!({ "error": "invalid_request", "message": error.body_text() });
                Err((error.status(), Json(body)).into_response())
            }
        }
    }
}

/// The number in a path.
fn read_number(Path(text): &Path<String>) -> Result<Number, ControlError> {
    Number::parse(text).map_err(|error| ControlError::Invalid(error.to_string()))
}

/// Looks again at every change until there is something to see or the time is up; an empty list is a response too.
async fn poll<T>(
    mut changes: watch::Receiver<u64>,
    timeout_ms: u64,
    mut look: impl FnMut() -> Vec<T>,
) -> Vec<T> {
    let wait = Duration::from_millis(timeout_ms.min(WAIT_MS_MAX));
    let seen = tokio::time::timeout(wait, async {
        loop {
            changes.borrow_and_update();
            let found = look();
            if !found.is_empty() || changes.changed().await.is_err() {
                return found;
            }
        }
    });
    seen.await.unwrap_or_default()
}
