//! The simulator as a whole: its health, its settings, a fresh start, and opening login links.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlError, Input};
use crate::page::phone_path;
use crate::pricing::Ledger;
use crate::setup::Setup;
use crate::simulator::Simulator;
use crate::world::{Senders, Settings};

type Shared = State<Arc<Simulator>>;

const INVALID_SETTINGS: &str = "allowed_recipients are at most 1,000 phone numbers; rates are dollars, 0 to 10, by \
    country in two capitals";

pub(super) async fn health(State(simulator): Shared) -> Json<Value> {
    Json(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "phone_number_id": simulator.config.phone_number_id,
        "waba_id": simulator.config.waba_id,
    }))
}

pub(super) async fn settings(State(simulator): Shared) -> Json<Settings> {
    Json(simulator.world().settings.clone())
}

pub(super) async fn set_settings(
    State(simulator): Shared,
    Input(settings): Input<Settings>,
) -> Result<Json<Settings>, ControlError> {
    if !settings.is_valid() {
        return Err(ControlError::Invalid(INVALID_SETTINGS.to_owned()));
    }
    simulator.world().settings = settings.clone();
    Ok(Json(settings))
}

/// Empties every chat, ends every fault and puts the first phones back; other phones go.
pub(super) async fn reset(State(simulator): Shared) -> Result<StatusCode, ControlError> {
    simulator.faults().clear();
    simulator.journal.clear();
    let mut world = simulator.world();
    world.settings = Settings::default();
    world.setup = Setup::default();
    world.templates.clear();
    world.senders = Senders::default();
    world.ledger = Ledger::default();
    world.phones.reset();
    simulator.add_cast(&mut world)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What was charged so far, by category and market.
pub(super) async fn prices(State(simulator): Shared) -> Json<Value> {
    let now = simulator.now();
    let world = simulator.world();
    Json(json!({
        "currency": "USD",
        "total": world.ledger.bill.total(),
        "lines": world.ledger.bill.lines(),
        "free_service_messages_left": world.ledger.free_left(world.settings.tariff(), now),
    }))
}

#[derive(Debug, Deserialize)]
pub(super) struct OpenLinkRequest {
    link: String,
    phone: Option<String>,
}

/// Resolves a login link; the text is what the person would then send.
pub(super) async fn open_link(
    State(simulator): Shared,
    Input(request): Input<OpenLinkRequest>,
) -> Result<Json<Value>, ControlError> {
    let opened = simulator.open_link(&request.link).await?;
    let phone = simulator.chosen_phone(request.phone.as_deref());
    let phone = phone.ok_or(ControlError::NotFound("there is no such phone"))?;
    Ok(Json(json!({
        "to": opened.to.as_str(),
        "to_business": opened.to == simulator.config.number,
        "text": opened.text,
        "phone": phone.as_str(),
        "page": phone_path(&phone, Some(&opened.text)),
    })))
}
