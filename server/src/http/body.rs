//! Bodies of requests: read within a bound of bytes and time, then parsed.
//!
//! What is wrong with one is said without repeating any of it: bodies hold tokens. A body that is refused is not read to
//! its end; the connection sees to it that its sender learns why.

mod object;

use std::{ops::Deref, time::Duration};

use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, header},
};
use bytes::BytesMut;
use futures_util::StreamExt;
use loggin_protocol::ErrorCode;
use serde::de::DeserializeOwned;

use crate::{
    http::ApiError,
    limits::{self, Holder, Room, Share, Short},
    telemetry::metrics::{self, Limit},
};

const TOO_LARGE: ApiError =
    ApiError::new(ErrorCode::PayloadTooLarge, "The body is larger than this call allows.");
const NO_ROOM: ApiError =
    ApiError::new(ErrorCode::Unavailable, "The server holds as many large bodies as it may.")
        .with_retry_after(Duration::from_secs(1));
const TOO_MANY: ApiError =
    ApiError::new(ErrorCode::RateLimited, "This caller sends as many large bodies at once as it may.")
        .with_retry_after(Duration::from_secs(1));
/// The network's fault, not the caller's: what waits for a login asks again, instead of giving up.
const NOT_WHOLE: ApiError =
    ApiError::new(ErrorCode::Unavailable, "The body did not arrive in time, or not whole.");

// Otherwise they would need room.
const _: () = assert!(limits::SMALL_BODY <= limits::FREE_BODY);

/// Reads a JSON body of at most [`limits::SMALL_BODY`] bytes.
pub(crate) async fn json<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, ApiError> {
    json_and_bytes(headers, body).await.map(|(body, _)| body)
}

/// Reads a JSON body of at most [`limits::SMALL_BODY`] bytes, and gives its bytes too.
pub(crate) async fn json_and_bytes<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
) -> Result<(T, Collected), ApiError> {
    parsed(headers, body, limits::SMALL_BODY, None).await
}

/// Reads a JSON body of at most [`limits::FREE_BODY`] bytes, which needs no room.
pub(crate) async fn free_json<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, ApiError> {
    parsed(headers, body, limits::FREE_BODY, None).await.map(|(body, _)| body)
}

/// Reads a form of at most [`limits::OPENID_FORM`] bytes, which needs no room.
pub(crate) async fn form(headers: &HeaderMap, body: Body) -> Result<Collected, ApiError> {
    if !is_of_type(headers, "application/x-www-form-urlencoded") {
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, "The body must be a form."));
    }
    in_time(body, limits::OPENID_FORM, None).await
}

/// Reads a JSON body of at most `limit` bytes in this room.
pub(crate) async fn large_json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    room: Room<'_>,
) -> Result<T, ApiError> {
    parsed(headers, body, limit, Some(room)).await.map(|(body, _)| body)
}

async fn parsed<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    room: Option<Room<'_>>,
) -> Result<(T, Collected), ApiError> {
    if !is_of_type(headers, "application/json") {
        return Err(ApiError::new(
            ErrorCode::UnsupportedMediaType,
            "The body must be JSON, with `Content-Type: application/json`.",
        ));
    }
    let bytes = in_time(body, limit, room).await?;
    let body = object::read(&bytes)
        .ok_or(ApiError::invalid_request("The body is not the JSON object that this call takes."))?;
    Ok((body, bytes))
}

/// Reads a body of at most `limit` bytes in this room.
pub(crate) async fn raw(body: Body, limit: usize, room: Room<'_>) -> Result<Collected, ApiError> {
    in_time(body, limit, Some(room)).await
}

async fn in_time(body: Body, limit: usize, room: Option<Room<'_>>) -> Result<Collected, ApiError> {
    let collected = collect(body, limit, room);
    tokio::time::timeout(limits::BODY_TIMEOUT, collected).await.unwrap_or_else(|_| {
        metrics::limit_hit(Limit::BodyTime);
        Err(NOT_WHOLE)
    })
}

/// A body, and the room it takes.
pub(crate) struct Collected {
    bytes: BytesMut,
    room: Option<Share<Holder>>,
}

impl Deref for Collected {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

async fn collect(body: Body, limit: usize, room: Option<Room<'_>>) -> Result<Collected, ApiError> {
    // One that says how long it is need not be read to know.
    if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    let mut chunks = body.into_data_stream();
    let share = room.map(Room::take).transpose().map_err(no_room)?;
    let mut collected = Collected { bytes: BytesMut::new(), room: share };
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| NOT_WHOLE)?;
        if collected.bytes.len() + chunk.len() > limit {
            return Err(too_large());
        }
        collected.push(&chunk)?;
    }
    Ok(collected)
}

impl Collected {
    fn push(&mut self, chunk: &[u8]) -> Result<(), ApiError> {
        let length = self.bytes.len() + chunk.len();
        let needed = length.saturating_sub(limits::FREE_BODY).div_ceil(1 << 10);
        if let Some(room) = &mut self.room {
            room.grow(needed.saturating_sub(room.amount())).map_err(no_room)?;
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }
}

fn too_large() -> ApiError {
    metrics::limit_hit(Limit::BodyBytes);
    TOO_LARGE
}

fn no_room(short: Short) -> ApiError {
    metrics::limit_hit(Limit::Bodies);
    match short {
        Short::All => NO_ROOM,
        Short::Holder => TOO_MANY,
    }
}

fn is_of_type(headers: &HeaderMap, kind: &str) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.map(|value| value.split(';').next().unwrap_or_default().trim());
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case(kind))
}

#[cfg(test)]
pub(super) mod tests;
