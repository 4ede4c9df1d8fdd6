//! Phones: adding them, acting with them, reading their chats.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlError, Input, poll, read_number};
use crate::act::{Act, Envelope, Forwarding, Origin, Receipt};
use crate::chat::{ChatMessage, Preview};
use crate::number::Number;
use crate::phones::{PhoneSpec, PhoneView};
use crate::simulator::Simulator;

type Shared = State<Arc<Simulator>>;
type ControlResult<T> = Result<Json<T>, ControlError>;

/// What every call that reaches the webhook may say beside its own.
#[derive(Debug, Default, Deserialize)]
struct EnvelopeRequest {
    timestamp: Option<u64>,
    age_seconds: Option<u64>,
    phone_number_id: Option<String>,
}

impl EnvelopeRequest {
    fn read(self, now: u64) -> Envelope {
        let aged = self.age_seconds.map(|age| now.saturating_sub(age));
        Envelope { timestamp: self.timestamp.or(aged), phone_number_id: self.phone_number_id }
    }
}

pub(super) async fn list(State(simulator): Shared) -> Json<Value> {
    let now = simulator.now();
    let world = simulator.world();
    let phones: Vec<PhoneView> = world.phones.in_order().into_iter().map(|phone| phone.view(now)).collect();
    Json(json!({ "phones": phones }))
}

pub(super) async fn put(State(simulator): Shared, Input(spec): Input<PhoneSpec>) -> ControlResult<PhoneView> {
    let now = simulator.now();
    let mut world = simulator.world();
    if Number::parse(&spec.number).is_ok_and(|number| number == simulator.config.number) {
        return Err(ControlError::Conflict("this is the number of the business".to_owned()));
    }
    let number = world.phones.put(&simulator.config.waba_id, &spec)?;
    let phone = world.phones.get(&number).ok_or(ControlError::NotFound("there is no such phone"))?;
    Ok(Json(phone.view(now)))
}

pub(super) async fn show(State(simulator): Shared, path: Path<String>) -> ControlResult<PhoneView> {
    let number = read_number(&path)?;
    let world = simulator.world();
    let phone = world.phones.get(&number).ok_or(ControlError::NotFound("there is no such phone"))?;
    Ok(Json(phone.view(simulator.now())))
}

pub(super) async fn remove(State(simulator): Shared, path: Path<String>) -> Result<StatusCode, ControlError> {
    let number = read_number(&path)?;
    if simulator.world().phones.remove(&number) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ControlError::NotFound("there is no such phone"))
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct MessagesQuery {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    timeout_ms: u64,
}

pub(super) async fn messages(
    State(simulator): Shared,
    path: Path<String>,
    Query(query): Query<MessagesQuery>,
) -> ControlResult<Value> {
    let messages: Vec<ChatMessage> =
        of_chat(&simulator, &path, &query, |message| Some(message.clone())).await?;
    Ok(Json(json!({ "messages": messages })))
}

/// What WhatsApp's robot asked for, of links in messages to this phone.
pub(super) async fn previews(
    State(simulator): Shared,
    path: Path<String>,
    Query(query): Query<MessagesQuery>,
) -> ControlResult<Value> {
    let previews: Vec<Preview> =
        of_chat(&simulator, &path, &query, |message| message.preview.clone()).await?;
    Ok(Json(json!({ "previews": previews })))
}

/// What is taken of the messages that a phone has, once there is any.
async fn of_chat<T>(
    simulator: &Simulator,
    path: &Path<String>,
    query: &MessagesQuery,
    take: impl Fn(&ChatMessage) -> Option<T>,
) -> Result<Vec<T>, ControlError> {
    let number = read_number(path)?;
    let changes = {
        let world = simulator.world();
        world.phones.get(&number).ok_or(ControlError::NotFound("there is no such phone"))?.subscribe()
    };
    let taken = poll(changes, query.timeout_ms, || {
        let world = simulator.world();
        let messages = world.phones.get(&number).into_iter().flat_map(|phone| phone.chat.iter());
        messages.filter(|message| message.seq > query.after).filter_map(&take).collect()
    });
    Ok(taken.await)
}

#[derive(Debug, Deserialize)]
pub(super) struct SendRequest {
    text: String,
    #[serde(default)]
    forwarding: Forwarding,
    group_id: Option<String>,
    reply_to: Option<String>,
    #[serde(flatten)]
    envelope: EnvelopeRequest,
}

pub(super) async fn send(
    state: Shared,
    path: Path<String>,
    Input(request): Input<SendRequest>,
) -> ControlResult<Receipt> {
    let SendRequest { text, forwarding, group_id, reply_to, envelope } = request;
    act(state, path, Act::Text { text, forwarding, group_id, reply_to }, envelope).await
}

#[derive(Debug, Deserialize)]
pub(super) struct EditRequest {
    message_id: String,
    text: String,
    #[serde(flatten)]
    envelope: EnvelopeRequest,
}

pub(super) async fn edit(
    state: Shared,
    path: Path<String>,
    Input(request): Input<EditRequest>,
) -> ControlResult<Receipt> {
    let EditRequest { message_id, text, envelope } = request;
    act(state, path, Act::Edit { message_id, text }, envelope).await
}

#[derive(Debug, Deserialize)]
pub(super) struct ReactRequest {
    message_id: String,
    emoji: Option<String>,
    #[serde(flatten)]
    envelope: EnvelopeRequest,
}

pub(super) async fn react(
    state: Shared,
    path: Path<String>,
    Input(request): Input<ReactRequest>,
) -> ControlResult<Receipt> {
    let ReactRequest { message_id, emoji, envelope } = request;
    act(state, path, Act::React { message_id, emoji }, envelope).await
}

#[derive(Debug, Deserialize)]
pub(super) struct RevokeRequest {
    message_id: String,
    #[serde(flatten)]
    envelope: EnvelopeRequest,
}

pub(super) async fn revoke(
    state: Shared,
    path: Path<String>,
    Input(request): Input<RevokeRequest>,
) -> ControlResult<Receipt> {
    let RevokeRequest { message_id, envelope } = request;
    act(state, path, Act::Revoke { message_id }, envelope).await
}

#[derive(Debug, Deserialize)]
pub(super) struct TapRequest {
    message_id: Option<String>,
    button_id: Option<String>,
    #[serde(flatten)]
    envelope: EnvelopeRequest,
}

pub(super) async fn tap(
    state: Shared,
    path: Path<String>,
    Input(request): Input<TapRequest>,
) -> ControlResult<Receipt> {
    let TapRequest { message_id, button_id, envelope } = request;
    act(state, path, Act::Tap { message_id, button_id }, envelope).await
}

#[derive(Debug, Deserialize)]
pub(super) struct ContactRequest {
    origin: Origin,
    number: Option<String>,
    name: Option<String>,
    #[serde(flatten)]
    envelope: EnvelopeRequest,
}

pub(super) async fn contact(
    state: Shared,
    path: Path<String>,
    Input(request): Input<ContactRequest>,
) -> ControlResult<Receipt> {
    let ContactRequest { origin, number, name, envelope } = request;
    let number = number.map(|text| read_number(&Path(text))).transpose()?;
    act(state, path, Act::ShareContact { origin, number, name }, envelope).await
}

pub(super) async fn read(State(simulator): Shared, path: Path<String>) -> Result<StatusCode, ControlError> {
    let number = read_number(&path)?;
    if simulator.world().phones.get(&number).is_none() {
        return Err(ControlError::NotFound("there is no such phone"));
    }
    simulator.read_by_person(&number).await;
    Ok(StatusCode::NO_CONTENT)
}

async fn act(
    State(simulator): Shared,
    path: Path<String>,
    act: Act,
    envelope: EnvelopeRequest,
) -> ControlResult<Receipt> {
    let number = read_number(&path)?;
    let envelope = envelope.read(simulator.now());
    Ok(Json(simulator.act(&number, act, envelope).await?))
}
