//! Bodies of requests: read within a bound of bytes and time, then parsed.
//!
//! What is wrong with one is said without repeating any of it: bodies hold tokens.

use std::{ops::Deref, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::BytesMut;
use futures_util::StreamExt;
use loggin::ErrorCode;
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    error::ApiError,
    limits,
    telemetry::metrics::{self, Limit},
};

const TOO_LARGE: ApiError =
    ApiError::new(ErrorCode::PayloadTooLarge, "The body is larger than this call allows.");
const NO_ROOM: ApiError =
    ApiError::new(ErrorCode::Unavailable, "The server holds as many large bodies as it may.")
        .with_retry_after(Duration::from_secs(1));
/// The network's fault, not the caller's: what waits for a login asks again, instead of giving up.
const NOT_WHOLE: ApiError =
    ApiError::new(ErrorCode::Unavailable, "The body did not arrive in time, or not whole.");

/// Reads a JSON body of at most `limit` bytes.
pub(crate) async fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<T, ApiError> {
    json_and_bytes(headers, body, limit).await.map(|(body, _)| body)
}

/// Reads a JSON body of at most `limit` bytes, and gives its bytes too.
pub(crate) async fn json_and_bytes<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<(T, Collected), ApiError> {
    if !is_json(headers) {
        return Err(ApiError::new(
            ErrorCode::UnsupportedMediaType,
            "The body must be JSON, with `Content-Type: application/json`.",
        ));
    }
    let bytes = raw(body, limit).await?;
    let body = serde_json::from_slice(&bytes)
        .map_err(|_| ApiError::invalid_request("The body is not the JSON object that this call takes."))?;
    Ok((body, bytes))
}

/// A body, and the room it takes among all bodies.
pub(crate) struct Collected {
    bytes: BytesMut,
    room: Option<SemaphorePermit<'static>>,
}

impl Deref for Collected {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Room for large bodies, in KiB: memory is the process's, and so is this.
static ROOM: Semaphore = Semaphore::const_new(limits::BODIES_KIB);

/// Reads a body of at most `limit` bytes.
pub(crate) async fn raw(body: Body, limit: usize) -> Result<Collected, ApiError> {
    let collected = tokio::time::timeout(limits::BODY_TIMEOUT, collect(body, limit, &ROOM)).await;
    collected.unwrap_or_else(|_| {
        metrics::limit_hit(Limit::BodyTime);
        Err(NOT_WHOLE)
    })
}

async fn collect(body: Body, limit: usize, room: &'static Semaphore) -> Result<Collected, ApiError> {
    let mut chunks = body.into_data_stream();
    let mut collected = Collected { bytes: BytesMut::new(), room: None };
    let mut excess = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| NOT_WHOLE)?;
        if excess == 0 && collected.bytes.len() + chunk.len() <= limit {
            collected.push(&chunk, room)?;
            continue;
        }
        // The rest is read and dropped, as the sender may not look for an answer before it is done.
        collected = Collected { bytes: BytesMut::new(), room: None };
        excess += chunk.len();
        if excess > limits::EXCESS_BODY {
            break;
        }
    }
    if excess > 0 {
        metrics::limit_hit(Limit::BodyBytes);
        return Err(TOO_LARGE);
    }
    Ok(collected)
}

impl Collected {
    fn push(&mut self, chunk: &[u8], room: &'static Semaphore) -> Result<(), ApiError> {
        let length = self.bytes.len() + chunk.len();
        let needed = length.saturating_sub(limits::FREE_BODY).div_ceil(1 << 10);
        let held = self.room.as_ref().map_or(0, SemaphorePermit::num_permits);
        if needed > held {
            let more = u32::try_from(needed - held).unwrap_or(u32::MAX);
            let more = room.try_acquire_many(more).map_err(|_| {
                metrics::limit_hit(Limit::Bodies);
                NO_ROOM
            })?;
            match &mut self.room {
                Some(room) => room.merge(more),
                None => self.room = Some(more),
            }
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.map(|value| value.split(';').next().unwrap_or_default().trim());
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    static SMALL_ROOM: Semaphore = Semaphore::const_new(64);

    #[tokio::test]
    async fn a_body_that_is_cut_off_may_be_sent_again() {
        let cut = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let body = Body::from_stream(futures_util::stream::iter([Ok(vec![b'{']), Err(cut)]));
        assert_eq!(collect(body, 1 << 10, &SMALL_ROOM).await.err().unwrap().code(), ErrorCode::Unavailable);
    }

    async fn collected(kib: usize) -> Result<Collected, ApiError> {
        let chunks = (0..kib).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 1 << 10]));
        let body = Body::from_stream(futures_util::stream::iter(chunks));
        collect(body, 1 << 20, &SMALL_ROOM).await
    }

    #[tokio::test]
    async fn large_bodies_share_their_room_and_small_ones_need_none() {
        let first = collected(8 + 40).await.unwrap();
        assert_eq!(first.len(), 48 << 10);
        assert_eq!(collected(8 + 25).await.err().unwrap().code(), ErrorCode::Unavailable);
        let second = collected(8 + 24).await.unwrap();
        assert_eq!(collected(8).await.unwrap().len(), 8 << 10);
        assert_eq!(collected(9).await.err().unwrap().code(), ErrorCode::Unavailable);
        drop((first, second));
        assert_eq!(SMALL_ROOM.available_permits(), 64);
        assert_eq!(collected(2_000).await.err().unwrap().code(), ErrorCode::Unavailable);
        assert_eq!(SMALL_ROOM.available_permits(), 64);
    }
}
