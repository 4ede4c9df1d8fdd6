//! What Meta tells of the account, and who else answers and writes from the number.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlError, Input, read_number};
use crate::account_events::{self, DEFAULT_TEMPLATE, EVENTS};
use crate::act::Receipt;
use crate::phones::Handler;
use crate::renaming::{Renaming, RenamingError};
use crate::simulator::Simulator;
use crate::standing_by::{StandingByError, Writer};

type Shared = State<Arc<Simulator>>;
type ControlResult = Result<Json<Receipt>, ControlError>;

/// The events that can be asked for by name.
pub(super) async fn events() -> Json<Value> {
    let events: Vec<Value> = EVENTS
        .iter()
        .map(|event| json!({ "name": event.name, "label": event.label, "field": event.field }))
        .collect();
    Json(json!({ "events": events }))
}

/// An event by its name, or anything on any field.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventRequest {
    event: Option<String>,
    template: Option<String>,
    field: Option<String>,
    value: Option<Value>,
}

pub(super) async fn report(State(simulator): Shared, Input(request): Input<EventRequest>) -> ControlResult {
    let EventRequest { event, template, field, value } = request;
    match (event, field, value) {
        (Some(name), None, None) => {
            let event =
                account_events::find(&name).ok_or(ControlError::NotFound("there is no such event"))?;
            let template = template.as_deref().unwrap_or(DEFAULT_TEMPLATE);
            Ok(Json(simulator.report_event(event, template).await?))
        }
        (None, Some(field), Some(value)) => Ok(Json(simulator.report_notice(&field, value).await?)),
        _ => Err(ControlError::Invalid("event, or field and value".to_owned())),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HandlerRequest {
    handler: Handler,
}

pub(super) async fn hand_over(
    State(simulator): Shared,
    path: Path<String>,
    Input(request): Input<HandlerRequest>,
) -> ControlResult {
    let number = read_number(&path)?;
    Ok(Json(simulator.hand_over(&number, request.handler).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EchoRequest {
    from: Writer,
    text: String,
}

pub(super) async fn echo(
    State(simulator): Shared,
    path: Path<String>,
    Input(request): Input<EchoRequest>,
) -> ControlResult {
    let number = read_number(&path)?;
    Ok(Json(simulator.write_from_number(&number, request.from, &request.text).await?))
}

pub(super) async fn rename(
    State(simulator): Shared,
    path: Path<String>,
    Input(renaming): Input<Renaming>,
) -> ControlResult {
    let number = read_number(&path)?;
    Ok(Json(simulator.rename(&number, &renaming).await?))
}

pub(super) async fn register_anew(State(simulator): Shared, path: Path<String>) -> ControlResult {
    let number = read_number(&path)?;
    Ok(Json(simulator.register_anew(&number).await?))
}

impl From<StandingByError> for ControlError {
    fn from(error: StandingByError) -> Self {
        match error {
            StandingByError::NoPhone => Self::NotFound("there is no such phone"),
            StandingByError::Unchanged | StandingByError::NotTheAgents | StandingByError::NoApp => {
                Self::Conflict(error.to_string())
            }
            StandingByError::Text => Self::Invalid(error.to_string()),
            StandingByError::Busy(busy) => Self::Busy(busy),
        }
    }
}

impl From<RenamingError> for ControlError {
    fn from(error: RenamingError) -> Self {
        match error {
            RenamingError::NoPhone => Self::NotFound("there is no such phone"),
            RenamingError::Phone(error) => error.into(),
            RenamingError::Busy(busy) => Self::Busy(busy),
        }
    }
}
