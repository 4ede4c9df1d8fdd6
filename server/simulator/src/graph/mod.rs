//! The Graph API: routes, authorization and faults.

pub(crate) mod account;
mod inspection;
pub(crate) mod message;
pub(crate) mod send;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, DATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Json, Response};
use axum::routing::{get, post};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use crate::faults::GraphFault;
use crate::graph_error::GraphError;
use crate::limits::BODY_BYTES_MAX;
use crate::simulator::Simulator;

/// What a proxy in front of Meta might answer.
const PROXY_PAGE: &str = "<!doctype html><title>Error</title><p>Sorry, something went wrong.</p>";

/// The bytes before the break when a response is lost: the start of any JSON response.
const CUT_RESPONSE: &[u8] = b"{\"messaging_product\":";

/// The header that tells which version was served.
const SERVED_VERSION: HeaderName = HeaderName::from_static("facebook-api-version");

type Parameters = HashMap<String, String>;

/// The routes; `{version}` is `v` and a number.
pub(crate) fn routes() -> Router<Arc<Simulator>> {
    Router::new()
        .route("/{version}/debug_token", get(inspect_token))
        .route("/{version}/{id}", get(number))
        .route("/{version}/{id}/messages", post(messages))
        .route("/{version}/{id}/subscriptions", get(list_subscriptions).post(subscriptions))
        .route("/{version}/{id}/subscribed_apps", get(list_subscribed_apps).post(subscribe_app))
        .route("/{version}/{id}/message_templates", get(list_templates).post(create_template))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// What stands in the head of every response: the version that is served, and the time of day where it is another one
/// than this machine's.
pub(crate) async fn head(State(simulator): State<Arc<Simulator>>, request: Request, next: Next) -> Response {
    let asked = request.uri().path().split('/').nth(1).unwrap_or_default().to_owned();
    let mut response = next.run(request).await;
    let (served, date) = {
        let setup = &simulator.world().setup;
        (setup.served_version.clone().unwrap_or(asked), setup.date.clone())
    };
    let headers = [(SERVED_VERSION, Some(served)), (DATE, date)];
    for (name, value) in headers {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn inspect_token(
    State(simulator): State<Arc<Simulator>>,
    Path(version): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let result = simulator.authorize(&version, &headers, &parameters);
    let input = parameters.get("input_token").map(String::as_str);
    simulator.respond(result.and_then(|()| simulator.inspect_token(input)))
}

async fn list_subscriptions(
    State(simulator): State<Arc<Simulator>>,
    Path((version, id)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let result = simulator.authorize(&version, &headers, &parameters).and_then(|()| {
        if shown_token(&headers, &parameters).is_some_and(|token| simulator.is_access_token(token)) {
            return Err(GraphError::new(15));
        }
        simulator.list_subscriptions(&id)
    });
    simulator.respond(result)
}

async fn list_subscribed_apps(
    State(simulator): State<Arc<Simulator>>,
    Path((version, id)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let result = simulator.authorize_account(&version, &id, &headers, &parameters, "get");
    simulator.respond(result.map(|()| simulator.list_subscribed_apps()))
}

async fn subscribe_app(
    State(simulator): State<Arc<Simulator>>,
    Path((version, id)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let result = simulator.authorize_account(&version, &id, &headers, &parameters, "post");
    simulator.respond(result.map(|()| simulator.subscribe_app()))
}

async fn number(
    State(simulator): State<Arc<Simulator>>,
    Path((version, id)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let result = simulator.authorize(&version, &headers, &parameters).and_then(|()| {
        if id != simulator.config.phone_number_id || simulator.world().setup.number_foreign {
            return Err(GraphError::no_object("get"));
        }
        Ok(simulator.describe_number(parameters.get("fields").map(String::as_str)))
    });
    simulator.respond(result)
}

async fn messages(
    State(simulator): State<Arc<Simulator>>,
    Path((version, id)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(error) = simulator.authorize(&version, &headers, &parameters) {
        return simulator.respond(Err(error));
    }
    let fault = simulator.faults().take_graph();
    if let Some(fault) = &fault {
        tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
        if let Some(response) = simulator.fail(fault) {
            return response;
        }
    }
    let result = if id == simulator.config.phone_number_id {
        read_json(&body)
            .and_then(|body| message::parse(&body))
            .and_then(|request| simulator.handle_message(request, fault.as_ref()))
    } else {
        Err(GraphError::no_object("post"))
    };
    if let Some(fault) = &fault {
        tokio::time::sleep(Duration::from_millis(fault.hold_ms)).await;
        if fault.lose_answer {
            return lost_response();
        }
    }
    simulator.respond(result)
}

async fn subscriptions(
    State(simulator): State<Arc<Simulator>>,
    Path((version, _app_id)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = read_form(&parameters, &headers, &body);
    let token = form.get("access_token").and_then(Value::as_str).map(str::to_owned);
    let parameters = token.map(|token| ("access_token".to_owned(), token)).into_iter().collect();
    if let Err(error) = simulator.authorize(&version, &headers, &parameters) {
        return simulator.respond(Err(error));
    }
    let result = simulator.subscribe(&form).await;
    simulator.respond(result)
}

async fn create_template(
    State(simulator): State<Arc<Simulator>>,
    Path((version, id)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let result = simulator.authorize_account(&version, &id, &headers, &parameters, "post");
    let result = result.and_then(|()| read_json(&body)).and_then(|body| simulator.create_template(&body));
    simulator.respond(result)
}

async fn list_templates(
    State(simulator): State<Arc<Simulator>>,
    Path((version, id)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let result = simulator.authorize_account(&version, &id, &headers, &parameters, "get");
    simulator.respond(result.map(|()| simulator.list_templates(parameters.get("name").map(String::as_str))))
}

impl Simulator {
    fn authorize(
        &self,
        version: &str,
        headers: &HeaderMap,
        parameters: &Parameters,
    ) -> Result<(), GraphError> {
        if !is_version(version) {
            return Err(GraphError::no_object("any"));
        }
        let token = shown_token(headers, parameters).ok_or_else(|| GraphError::new(104))?;
        // An app's own token is its id and its secret.
        let app_secret = token.split_once('|').map(|(_, secret)| secret);
        let is_accepted = self.is_access_token(token) && !self.world().setup.token_refused;
        if is_accepted || app_secret == Some(self.config.app_secret.expose_secret()) {
            Ok(())
        } else {
            Err(GraphError::new(190))
        }
    }

    pub(super) fn is_access_token(&self, token: &str) -> bool {
        token == self.config.access_token.expose_secret()
    }

    fn authorize_account(
        &self,
        version: &str,
        id: &str,
        headers: &HeaderMap,
        parameters: &Parameters,
        method: &str,
    ) -> Result<(), GraphError> {
        self.authorize(version, headers, parameters)?;
        if id == self.config.waba_id { Ok(()) } else { Err(GraphError::no_object(method)) }
    }

    fn respond(&self, result: Result<Value, GraphError>) -> Response {
        match result {
            Ok(body) => Json(body).into_response(),
            Err(error) => error.respond(&self.identifiers.trace()),
        }
    }

    /// The response of a fault that keeps the call from having any effect.
    fn fail(&self, fault: &GraphFault) -> Option<Response> {
        if let Some(code) = fault.code {
            let error = GraphError::new(code).with_status(fault.http_status, fault.retry_after);
            return Some(self.respond(Err(error)));
        }
        let status = StatusCode::from_u16(fault.http_status?).ok()?;
        Some((status, Html(PROXY_PAGE)).into_response())
    }
}

/// The token that a call shows, in its header or its query.
fn shown_token<'a>(headers: &'a HeaderMap, parameters: &'a Parameters) -> Option<&'a str> {
    let bearer = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("OAuth ")));
    bearer.or_else(|| parameters.get("access_token").map(String::as_str))
}

fn is_version(version: &str) -> bool {
    version.strip_prefix('v').and_then(|number| number.split_once('.')).is_some_and(|(major, minor)| {
        [major, minor].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

fn read_json(body: &[u8]) -> Result<Value, GraphError> {
    serde_json::from_slice(body).map_err(|_| GraphError::new(100).details("The body is not JSON"))
}

/// Parameters may stand in the query, in a form or in JSON.
fn read_form(parameters: &Parameters, headers: &HeaderMap, body: &[u8]) -> Map<String, Value> {
    let mut form: Map<String, Value> =
        parameters.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect();
    let is_json =
        headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if is_json {
        form.extend(serde_json::from_slice::<Map<String, Value>>(body).unwrap_or_default());
    } else {
        form.extend(
            url::form_urlencoded::parse(body)
                .map(|(key, value)| (key.into_owned(), Value::String(value.into_owned()))),
        );
    }
    form
}

/// Begins a response and breaks off: the client cannot know whether its message was taken.
fn lost_response() -> Response {
    let broken = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "broken off by a fault");
    let parts = [Ok(Bytes::from_static(CUT_RESPONSE)), Err(broken)];
    let body = Body::from_stream(futures_util::stream::iter(parts));
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_v_and_a_number() {
        assert!(is_version("v26.0") && is_version("v9.1"));
        for version in ["26.0", "v26", "v.0", "v26.", "vx.0", "phone"] {
            assert!(!is_version(version), "{version}");
        }
    }
}
