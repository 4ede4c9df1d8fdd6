//! How things are set up at Meta, for a test that plants what may be wrong there.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::{ControlError, Input};
use crate::setup::Setup;
use crate::simulator::Simulator;

type Shared = State<Arc<Simulator>>;

pub(super) async fn show(State(simulator): Shared) -> Json<Setup> {
    Json(simulator.world().setup.clone())
}

/// What is left out is as it should be.
pub(super) async fn set(
    State(simulator): Shared,
    Input(setup): Input<Setup>,
) -> Result<Json<Setup>, ControlError> {
    if !setup.is_valid() {
        return Err(ControlError::Invalid("lists have at most 100 texts, and headers are ASCII".to_owned()));
    }
    simulator.world().setup = setup.clone();
    Ok(Json(setup))
}
