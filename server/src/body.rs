//! Bodies of requests: read within a bound of bytes and time, then parsed.
//!
//! What is wrong with one is said without repeating any of it: bodies hold tokens.

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use loggin::ErrorCode;
use serde::de::DeserializeOwned;

use crate::{error::ApiError, limits};

const TOO_LARGE: ApiError =
    ApiError::new(ErrorCode::PayloadTooLarge, "The body is larger than this call allows.");
const TOO_SLOW: ApiError = ApiError::invalid_request("The body did not arrive in time, or not whole.");

/// Reads a JSON body of at most `limit` bytes.
pub(crate) async fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<T, ApiError> {
    if !is_json(headers) {
        return Err(ApiError::new(
            ErrorCode::UnsupportedMediaType,
            "The body must be JSON, with `Content-Type: application/json`.",
        ));
    }
    let bytes = raw(body, limit).await?;
    serde_json::from_slice(&bytes)
        .map_err(|_| ApiError::invalid_request("The body is not the JSON object that this call takes."))
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn raw(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    tokio::time::timeout(limits::BODY_TIMEOUT, collect(body, limit)).await.unwrap_or(Err(TOO_SLOW))
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let mut chunks = body.into_data_stream();
    let mut collected = BytesMut::new();
    let mut excess = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| TOO_SLOW)?;
        if excess == 0 && collected.len() + chunk.len() <= limit {
            collected.extend_from_slice(&chunk);
            continue;
        }
        // The rest is read and dropped, as the sender may not look for an answer before it is done.
        collected = BytesMut::new();
        excess += chunk.len();
        if excess > limits::EXCESS_BODY {
            break;
        }
    }
    if excess > 0 { Err(TOO_LARGE) } else { Ok(collected.freeze()) }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.map(|value| value.split(';').next().unwrap_or_default().trim());
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}
