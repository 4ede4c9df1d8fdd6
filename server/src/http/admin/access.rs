//! `/api/v1/admin/access-keys` and `/api/v1/admin/admins`: which programs and people administer. A key is told once, when it
//! is made.

use axum::{
    Json,
    body::Body,
    extract::Path,
    http::{HeaderMap, StatusCode},
};
use loggin_protocol::{AppKey, wire::ErrorBody};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    call::AdminCall,
    page::{Page, Paging, Parameters, app_key, by_time, choice, seconds},
};
use crate::{
    administration::{AdminChanges, NewAccessKey, Right},
    clock::UnixMillis,
    history::row::moment,
    http::{ApiError, body},
    phones,
    store::{AccessKey, Admin, KeyId, Role},
};

/// An access key, without the key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminAccessKey)]
pub(super) struct AccessKeyBody {
    key_id: String,
    label: String,
    scopes: Vec<String>,
    /// The apps that it reaches; null for all.
    #[schema(required = true)]
    apps: Option<Vec<String>>,
    created_at: String,
    /// To the hour.
    #[schema(required = true)]
    last_used_at: Option<String>,
    #[schema(required = true)]
    expires_at: Option<String>,
    /// Whether it is taken now.
    good: bool,
}

/// An access key that was just made. The key is told this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminNewAccessKey)]
pub(super) struct NewAccessKeyBody {
    #[serde(flatten)]
    kept: AccessKeyBody,
    access_key: String,
}

/// Somebody who may use the console.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminPerson)]
pub(super) struct AdminBody {
    name: String,
    role: RoleBody,
    /// The number but for its last digits.
    #[schema(required = true)]
    phone: Option<String>,
    /// The apps that they see; null for all.
    #[schema(required = true)]
    apps: Option<Vec<String>>,
    created_at: String,
    #[schema(required = true)]
    signed_in_at: Option<String>,
}

/// What an administrator may do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AdminRole)]
enum RoleBody {
    Owner,
    Editor,
    Viewer,
}

impl From<Role> for RoleBody {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Editor => Self::Editor,
            Role::Viewer => Self::Viewer,
        }
    }
}

impl From<RoleBody> for Role {
    fn from(role: RoleBody) -> Self {
        match role {
            RoleBody::Owner => Self::Owner,
            RoleBody::Editor => Self::Editor,
            RoleBody::Viewer => Self::Viewer,
        }
    }
}

fn names(apps: Option<&[AppKey]>) -> Option<Vec<String>> {
    apps.map(|apps| apps.iter().map(|app_key| app_key.as_str().to_owned()).collect())
}

fn app_keys(given: &[String]) -> Result<Vec<AppKey>, ApiError> {
    given.iter().map(|key| app_key(key)).collect()
}

impl AccessKeyBody {
    fn of(key: &AccessKey, now: UnixMillis) -> Self {
        Self {
            key_id: key.id.to_string(),
            label: key.label.clone(),
            scopes: key.scopes.clone(),
            apps: names(key.apps.as_deref()),
            created_at: moment(key.created_at),
            last_used_at: key.last_used_at.map(moment),
            expires_at: key.expires_at.map(moment),
            good: key.is_good(now),
        }
    }
}

impl From<&Admin> for AdminBody {
    fn from(admin: &Admin) -> Self {
        Self {
            name: admin.name.clone(),
            role: admin.role.into(),
            phone: admin.phone.as_ref().map(phones::masked),
            apps: names(admin.apps.as_deref()),
            created_at: moment(admin.created_at),
            signed_in_at: admin.signed_in_at.map(moment),
        }
    }
}

/// A new access key.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminAccessKeyRequest)]
pub(super) struct CreateRequest {
    /// What to call it: the audit tells what it does as `key:` and this. 1 to 60 characters.
    label: String,
    /// What it may do, such as `logs:read`: no more than the key that makes it.
    scopes: Vec<String>,
    /// The apps that it reaches; all where nothing is said.
    apps: Option<Vec<String>>,
    /// After so many seconds it ends by itself; never where nothing is said.
    #[schema(minimum = 1, maximum = 315_360_000)]
    expires_in: Option<u32>,
}

/// An administrator, as they are to be. What is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminPersonRequest)]
pub(super) struct PutAdminRequest {
    /// The name by which the audit tells them, such as an address of e-mail.
    name: String,
    /// A new administrator needs one.
    role: Option<RoleBody>,
    /// Their WhatsApp number with its country code, by which they sign in.
    phone: Option<String>,
    /// The apps that they see.
    apps: Option<Vec<String>>,
    /// Have them see all apps again.
    #[serde(default)]
    all_apps: bool,
}

/// Lists access keys by their ids, those that ended lately among them, oldest first.
#[utoipa::path(get, operation_id = "adminListAccessKeys", path = "/api/v1/admin/access-keys", tag = "admin", summary = "List access keys",
    params(
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "How many at most; 100 where nothing is said."),
    ),
    responses(
        (status = 200, description = "A page of keys.", body = Page<AccessKeyBody>),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["admins:write"]), ("api_key" = ["admins:write"])))]
pub(super) async fn keys(
    call: AdminCall,
    Parameters(paging): Parameters<Paging>,
) -> Result<Json<Page<AccessKeyBody>>, ApiError> {
    let keys = call.administration().access_keys(&call.actor).await?;
    let now = call.server().clock.now();
    let key = |key: &AccessKey| by_time(key.created_at, &key.id);
    paging.page_of(keys, key, |key| AccessKeyBody::of(key, now)).map(Json)
}

/// Adds an access key, which may do no more than the one that makes it.
#[utoipa::path(post, operation_id = "adminCreateAccessKey", path = "/api/v1/admin/access-keys", tag = "admin", summary = "Add an access key",
    request_body = CreateRequest,
    responses(
        (status = 201, description = "The key, this once.", body = NewAccessKeyBody),
        (status = "4XX", description = "The call was refused; 409 where there are as many as there may be.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["admins:write"]), ("api_key" = ["admins:write"])))]
pub(super) async fn create_key(
    call: AdminCall,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<NewAccessKeyBody>), ApiError> {
    let request: CreateRequest = body::free_json(&headers, body).await?;
    let words = Right::ALL.map(|right| (right.as_str(), right));
    let rights: Result<Vec<Option<Right>>, ApiError> =
        request.scopes.iter().map(|scope| choice("scopes", Some(scope), &words)).collect();
    let new = NewAccessKey {
        label: request.label,
        rights: rights?.into_iter().flatten().collect(),
        apps: request.apps.as_deref().map(app_keys).transpose()?,
        expires_in: seconds("expires_in", request.expires_in)?,
    };
    let (secret, kept) = call.administration().create_access_key(&call.actor, new).await?;
    let kept = AccessKeyBody::of(&kept, kept.created_at);
    Ok((StatusCode::CREATED, Json(NewAccessKeyBody { kept, access_key: secret.expose() })))
}

/// Has an access key be worth nothing from now on.
#[utoipa::path(delete, operation_id = "adminRevokeAccessKey", path = "/api/v1/admin/access-keys/{key_id}", tag = "admin", summary = "Revoke an access key",
    params(("key_id" = String, Path)),
    responses(
        (status = 204, description = "It is taken no longer; servers that know it learn so within a second."),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["admins:write"]), ("api_key" = ["admins:write"])))]
pub(super) async fn revoke_key(call: AdminCall, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    call.administration().revoke_access_key(&call.actor, &KeyId::of_text(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists administrators by their names; of numbers the end is told.
#[utoipa::path(get, operation_id = "adminListAdmins", path = "/api/v1/admin/admins", tag = "admin", summary = "List administrators",
    params(
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "How many at most; 100 where nothing is said."),
    ),
    responses(
        (status = 200, description = "A page of administrators.", body = Page<AdminBody>),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["admins:write"]), ("api_key" = ["admins:write"])))]
pub(super) async fn admins(
    call: AdminCall,
    Parameters(paging): Parameters<Paging>,
) -> Result<Json<Page<AdminBody>>, ApiError> {
    let admins = call.administration().admins(&call.actor).await?;
    paging.page_of(admins, |admin| admin.name.clone(), |admin| admin.into()).map(Json)
}

/// Lets somebody use the console, or changes what they may do there.
#[utoipa::path(post, operation_id = "adminPutAdmin", path = "/api/v1/admin/admins", tag = "admin", summary = "Add an administrator",
    request_body = PutAdminRequest,
    responses(
        (status = 200, description = "The administrator as they are now.", body = AdminBody),
        (status = "4XX", description = "The call was refused; 409 where nothing would change, another has the number, or no owner would be left.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["admins:write"]), ("api_key" = ["admins:write"])))]
pub(super) async fn put_admin(
    call: AdminCall,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<AdminBody>, ApiError> {
    let request: PutAdminRequest = body::free_json(&headers, body).await?;
    let apps = match (request.all_apps, &request.apps) {
        (true, Some(_)) => {
            return Err(ApiError::invalid_request("Either `apps` or `all_apps` may stand there."));
        }
        (true, None) => Some(None),
        (false, Some(apps)) => Some(Some(app_keys(apps)?)),
        (false, None) => None,
    };
    let role = request.role.map(Role::from);
    let changes = AdminChanges { name: request.name, phone: request.phone, role, apps };
    let admin = call.administration().put_admin(&call.actor, changes).await?;
    Ok(Json((&admin).into()))
}

/// Removes an administrator, whose sessions are over.
#[utoipa::path(delete, operation_id = "adminRemoveAdmin", path = "/api/v1/admin/admins/{admin_name}", tag = "admin", summary = "Remove an administrator",
    params(("admin_name" = String, Path)),
    responses(
        (status = 204, description = "They are none any more."),
        (status = "4XX", description = "The call was refused; 409 where there is none of this name, or they are the last owner.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["admins:write"]), ("api_key" = ["admins:write"])))]
pub(super) async fn remove_admin(call: AdminCall, Path(name): Path<String>) -> Result<StatusCode, ApiError> {
    call.administration().remove_admin(&call.actor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all sessions of an administrator, at once and on every server.
#[utoipa::path(post, operation_id = "adminSignOutAdmin", path = "/api/v1/admin/admins/{admin_name}/sign-out", tag = "admin", summary = "Sign an administrator out",
    params(("admin_name" = String, Path)),
    responses(
        (status = 204, description = "Whoever had a session of theirs signs in anew."),
        (status = "4XX", description = "The call was refused; 404 where there is none of this name.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["admins:write"]), ("api_key" = ["admins:write"])))]
pub(super) async fn sign_out_admin(
    call: AdminCall,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    call.administration().sign_out_admin(&call.actor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
