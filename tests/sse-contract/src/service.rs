//! The contract's resources: the service, and a client of an event stream for each that was created.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json, Router,
    extract::{Path, State, rejection::JsonRejection},
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, sync::Notify};

use crate::client::{Client, StreamRequest};

/// Optional features that the SDK's parts have. The README says why the others are left out.
const CAPABILITIES: [&str; 7] =
    ["bom", "headers", "last-event-id", "post", "read-timeout", "report", "restart"];

#[derive(Default)]
struct Service {
    clients: Mutex<Clients>,
    stop: Notify,
}

#[derive(Default)]
struct Clients {
    by_id: HashMap<u64, Client>,
    last_id: u64,
}

#[derive(Serialize)]
struct StatusResponse {
    name: &'static str,
    capabilities: [&'static str; CAPABILITIES.len()],
}

#[derive(Deserialize)]
struct CommandRequest {
    command: String,
}

/// Serves until a request asks to stop.
///
/// # Errors
/// Where the listener fails.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    let service = Arc::new(Service::default());
    let router = Router::new()
        .route("/", get(status).post(create).delete(stop))
        .route("/streams/{id}", post(command).delete(close))
        .with_state(Arc::clone(&service));
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            service.stop.notified().await;
            service.clients().by_id.clear();
        })
        .await
}

impl Service {
    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn status() -> Json<StatusResponse> {
    Json(StatusResponse { name: "loggin", capabilities: CAPABILITIES })
}

async fn stop(State(service): State<Arc<Service>>) -> StatusCode {
    service.stop.notify_one();
    StatusCode::NO_CONTENT
}

async fn create(
    State(service): State<Arc<Service>>,
    request: Result<Json<StreamRequest>, JsonRejection>,
) -> Response {
    let Some(client) = request.ok().and_then(|Json(request)| Client::start(request)) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut clients = service.clients();
    clients.last_id += 1;
    let id = clients.last_id;
    clients.by_id.insert(id, client);
    (StatusCode::CREATED, [(LOCATION, format!("/streams/{id}"))]).into_response()
}

async fn command(
    State(service): State<Arc<Service>>,
    Path(id): Path<u64>,
    request: Result<Json<CommandRequest>, JsonRejection>,
) -> StatusCode {
    let clients = service.clients();
    let Some(client) = clients.by_id.get(&id) else {
        return StatusCode::NOT_FOUND;
    };
    match request {
        Ok(Json(request)) if request.command == "restart" => {
            client.restart();
            StatusCode::NO_CONTENT
        }
        _ => StatusCode::BAD_REQUEST,
    }
}

async fn close(State(service): State<Arc<Service>>, Path(id): Path<u64>) -> StatusCode {
    match service.clients().by_id.remove(&id) {
        // Dropping it ends it.
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }
}
