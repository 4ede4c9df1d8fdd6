//! Forms for what is not the person's own doing: who answers a chat, what else is sent from the number, another number
//! for a person, and what Meta tells of the account.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::response::Redirect;
use axum::routing::post;
use serde::Deserialize;

use super::{PageError, Shared, phone_path};
use crate::account_events::{self, DEFAULT_TEMPLATE};
use crate::phones::Handler;
use crate::renaming::{Renaming, RenamingError};
use crate::simulator::Simulator;
use crate::standing_by::{StandingByError, Writer};
use crate::webhook::payload::Update;

/// The routes of these forms.
pub(super) fn routes() -> Router<Arc<Simulator>> {
    Router::new()
        .route("/account", post(report))
        .route("/coexistence", post(set_coexistence))
        .route("/phone/{number}/handler", post(hand_over))
        .route("/phone/{number}/echo", post(echo))
        .route("/phone/{number}/identity", post(rename))
}

#[derive(Deserialize)]
struct EventForm {
    event: String,
}

async fn report(State(simulator): Shared, Form(form): Form<EventForm>) -> Result<Redirect, PageError> {
    let event = account_events::find(&form.event)
        .ok_or_else(|| PageError::Invalid("There is no such event.".to_owned()))?;
    let (update, _) = simulator.prepare_event(event, DEFAULT_TEMPLATE);
    // This page lists the calls, so it waits for the first.
    simulator
        .deliver(update)
        .await
        .map_err(|error| PageError::Invalid(format!("Nothing was sent: {error}.")))?;
    Ok(Redirect::to("/"))
}

#[derive(Deserialize)]
struct CoexistenceForm {
    on: bool,
}

async fn set_coexistence(State(simulator): Shared, Form(form): Form<CoexistenceForm>) -> Redirect {
    simulator.world().settings.coexistence = form.on;
    Redirect::to("/")
}

#[derive(Deserialize)]
struct HandlerForm {
    handler: Handler,
}

async fn hand_over(
    State(simulator): Shared,
    Path(number): Path<String>,
    Form(form): Form<HandlerForm>,
) -> Result<Redirect, PageError> {
    let number = simulator.chosen_phone(Some(&number)).ok_or(PageError::NoPhone)?;
    match simulator.prepare_handover(&number, form.handler) {
        Ok((update, _)) => simulator.tell_behind(update),
        // Somebody else was faster: the chat is as it was asked for.
        Err(StandingByError::Unchanged) => {}
        Err(error) => return Err(nothing_done(error)),
    }
    Ok(Redirect::to(&phone_path(&number, None)))
}

#[derive(Deserialize)]
struct EchoForm {
    from: Writer,
    text: String,
}

async fn echo(
    State(simulator): Shared,
    Path(number): Path<String>,
    Form(form): Form<EchoForm>,
) -> Result<Redirect, PageError> {
    let number = simulator.chosen_phone(Some(&number)).ok_or(PageError::NoPhone)?;
    let (update, _) = simulator.prepare_echo(&number, form.from, &form.text).map_err(nothing_done)?;
    simulator.tell_behind(update);
    Ok(Redirect::to(&phone_path(&number, None)))
}

#[derive(Deserialize)]
struct IdentityForm {
    #[serde(default)]
    number: String,
}

async fn rename(
    State(simulator): Shared,
    Path(number): Path<String>,
    Form(form): Form<IdentityForm>,
) -> Result<Redirect, PageError> {
    let number = simulator.chosen_phone(Some(&number)).ok_or(PageError::NoPhone)?;
    let new = Some(form.number).filter(|number| !number.trim().is_empty());
    let renaming = Renaming { number: new, ..Renaming::default() };
    let (update, _, number) =
        simulator.prepare_renaming(&number, &renaming).map_err(|error| match error {
            RenamingError::NoPhone => PageError::NoPhone,
            error => PageError::Invalid(format!("Nothing was changed: {error}.")),
        })?;
    simulator.tell_behind(update);
    Ok(Redirect::to(&phone_path(&number, None)))
}

fn nothing_done(error: StandingByError) -> PageError {
    match error {
        StandingByError::NoPhone => PageError::NoPhone,
        error => PageError::Invalid(format!("Nothing was done: {error}.")),
    }
}

impl Simulator {
    /// Tells the webhook while the page goes on.
    pub(super) fn tell_behind(self: &Arc<Self>, update: Update) {
        let simulator = self.clone();
        tokio::spawn(async move {
            if simulator.deliver(update).await.is_err() {
                tracing::warn!("dropped an update: too many deliveries are waiting");
            }
        });
    }
}
