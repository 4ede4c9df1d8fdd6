//! `/api/v1/admin/apps/{app_key}/keys`: secret keys listed, made, replaced and revoked. A key is told once, when it is made.

use std::time::Duration;

use axum::{
    Json,
    body::Body,
    extract::Path,
    http::{HeaderMap, StatusCode},
};
use loggin_protocol::wire::ErrorBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    call::AdminCall,
    page::{Page, Paging, Parameters, app_key, by_time, seconds},
};
use crate::{
    administration::{KeyRotation, NewKey},
    clock::UnixMillis,
    history::row::moment,
    http::{ApiError, body},
    store::{AppSecretKey, KeyId},
};

/// How long the old key is taken beside the new one where nothing is said.
const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

/// A secret key, without the key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminKey)]
pub(super) struct KeyBody {
    key_id: String,
    app_key: String,
    label: String,
    created_at: String,
    /// To the hour.
    #[schema(required = true)]
    last_used_at: Option<String>,
    #[schema(required = true)]
    expires_at: Option<String>,
    /// Whether it is taken now.
    good: bool,
}

/// A secret key that was just made. The key is told this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminNewKey)]
pub(super) struct NewKeyBody {
    #[serde(flatten)]
    kept: KeyBody,
    secret_key: String,
}

/// A secret key in the place of another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminRotatedKey)]
pub(super) struct RotatedKeyBody {
    #[serde(flatten)]
    new: NewKeyBody,
    replaces: ReplacedBody,
}

/// The key that was replaced.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminReplacedKey)]
struct ReplacedBody {
    key_id: String,
    /// Until when it is taken.
    expires_at: String,
}

impl KeyBody {
    fn of(key: &AppSecretKey, now: UnixMillis) -> Self {
        Self {
            key_id: key.id.to_string(),
            app_key: key.app_key.as_str().to_owned(),
            label: key.label.clone(),
            created_at: moment(key.created_at),
            last_used_at: key.last_used_at.map(moment),
            expires_at: key.expires_at.map(moment),
            good: key.is_good(now),
        }
    }
}

/// A new secret key.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminKeyRequest)]
pub(super) struct CreateRequest {
    /// What to call it, for instance by the server that it is for: 1 to 60 characters.
    label: String,
    /// After so many seconds it ends by itself; never where nothing is said.
    #[schema(minimum = 1, maximum = 315_360_000)]
    expires_in: Option<u32>,
}

/// A secret key in the place of another, with its label.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminRotation)]
pub(super) struct RotateRequest {
    /// For so many seconds the old key is still taken; a day where nothing is said.
    #[schema(maximum = 315_360_000)]
    overlap: Option<u32>,
    /// After so many seconds the new one ends by itself; never where nothing is said.
    #[schema(minimum = 1, maximum = 315_360_000)]
    expires_in: Option<u32>,
}

/// Lists the secret keys of an app by their ids, those that ended lately among them, oldest first.
#[utoipa::path(get, operation_id = "adminListKeys", path = "/api/v1/admin/apps/{app_key}/keys", tag = "admin", summary = "List secret keys",
    params(
        ("app_key" = String, Path),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "How many at most; 100 where nothing is said."),
    ),
    responses(
        (status = 200, description = "A page of keys.", body = Page<KeyBody>),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["apps:read"]), ("api_key" = ["apps:read"])))]
pub(super) async fn list(
    call: AdminCall,
    Path(key): Path<String>,
    Parameters(paging): Parameters<Paging>,
) -> Result<Json<Page<KeyBody>>, ApiError> {
    let keys = call.administration().keys(&call.actor, app_key(&key)?).await?;
    let now = call.server().clock.now();
    let page = paging.page_of(keys, |key| by_time(key.created_at, &key.id), |key| KeyBody::of(key, now));
    page.map(Json)
}

/// Adds a secret key to an app.
#[utoipa::path(post, operation_id = "adminCreateKey", path = "/api/v1/admin/apps/{app_key}/keys", tag = "admin", summary = "Add a secret key",
    params(("app_key" = String, Path)),
    request_body = CreateRequest,
    responses(
        (status = 201, description = "The key, this once.", body = NewKeyBody),
        (status = "4XX", description = "The call was refused; 409 where the app has as many keys as it may.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["keys:write"]), ("api_key" = ["keys:write"])))]
pub(super) async fn create(
    call: AdminCall,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<NewKeyBody>), ApiError> {
    let request: CreateRequest = body::free_json(&headers, body).await?;
    let new = NewKey { label: request.label, expires_in: seconds("expires_in", request.expires_in)? };
    let (key, kept) = call.administration().create_key(&call.actor, app_key(&key)?, new).await?;
    let kept = KeyBody::of(&kept, kept.created_at);
    Ok((StatusCode::CREATED, Json(NewKeyBody { kept, secret_key: key.expose() })))
}

/// Adds a secret key in the place of another; both are taken for a while.
#[utoipa::path(post, operation_id = "adminRotateKey", path = "/api/v1/admin/apps/{app_key}/keys/{key_id}/rotate", tag = "admin", summary = "Replace a secret key",
    params(("app_key" = String, Path), ("key_id" = String, Path)),
    request_body = RotateRequest,
    responses(
        (status = 201, description = "The new key, this once.", body = RotatedKeyBody),
        (status = "4XX", description = "The call was refused; 404 where the app has no such key that is good.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["keys:write"]), ("api_key" = ["keys:write"])))]
pub(super) async fn rotate(
    call: AdminCall,
    Path((key, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<RotatedKeyBody>), ApiError> {
    let request: RotateRequest = body::free_json(&headers, body).await?;
    let rotation = KeyRotation {
        overlap: seconds("overlap", request.overlap)?.unwrap_or(OVERLAP),
        expires_in: seconds("expires_in", request.expires_in)?,
    };
    let id = KeyId::of_text(&id);
    let rotated = call.administration().rotate_key(&call.actor, app_key(&key)?, &id, rotation).await?;
    let kept = KeyBody::of(&rotated.kept, rotated.kept.created_at);
    let new = NewKeyBody { kept, secret_key: rotated.key.expose() };
    let replaces = ReplacedBody { key_id: rotated.replaced.to_string(), expires_at: moment(rotated.until) };
    Ok((StatusCode::CREATED, Json(RotatedKeyBody { new, replaces })))
}

/// Has a secret key be worth nothing from now on.
#[utoipa::path(delete, operation_id = "adminRevokeKey", path = "/api/v1/admin/apps/{app_key}/keys/{key_id}", tag = "admin", summary = "Revoke a secret key",
    params(("app_key" = String, Path), ("key_id" = String, Path)),
    responses(
        (status = 204, description = "It is taken no longer; servers that know it learn so within a second."),
        (status = "4XX", description = "The call was refused; 404 where the app has no such key that is good.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["keys:write"]), ("api_key" = ["keys:write"])))]
pub(super) async fn revoke(
    call: AdminCall,
    Path((key, id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    call.administration().revoke_key(&call.actor, app_key(&key)?, KeyId::of_text(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
