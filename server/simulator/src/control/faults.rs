//! What goes wrong next.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlError, Input, deliveries};
use crate::faults::{Faults, GraphFault, WebhookFault};
use crate::simulator::Simulator;

type Shared = State<Arc<Simulator>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultRequest {
    webhook: Option<WebhookFault>,
    graph: Option<GraphFault>,
}

pub(super) async fn add(
    State(simulator): Shared,
    Input(request): Input<FaultRequest>,
) -> Result<Json<Value>, ControlError> {
    let mut faults = simulator.faults();
    if let Some(fault) = request.webhook {
        faults.add_webhook(fault)?;
    }
    if let Some(fault) = request.graph {
        faults.add_graph(fault)?;
    }
    Ok(Json(describe(&faults)))
}

pub(super) async fn list(State(simulator): Shared) -> Json<Value> {
    Json(describe(&simulator.faults()))
}

/// Ends every fault; what was held back goes out now, in one call.
pub(super) async fn clear(State(simulator): Shared) -> Result<Json<Value>, ControlError> {
    let held = simulator.faults().clear();
    let attempts = if held.is_empty() { Vec::new() } else { simulator.redeliver(&held).await? };
    Ok(Json(deliveries::response_body(&attempts)))
}

fn describe(faults: &Faults) -> Value {
    let (webhook, graph) = faults.pending();
    json!({ "webhook": webhook, "graph": graph, "held": faults.held() })
}
