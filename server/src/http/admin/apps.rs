//! `/api/v1/admin/apps`: apps listed, added, changed, paused and deleted.

use axum::{Json, body::Body, extract::Path, http::HeaderMap, http::StatusCode};
use loggin_protocol::wire::ErrorBody;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{
    call::AdminCall,
    page::{Page, Paging, Parameters, app_key, by_time},
};
use crate::{
    administration::{AppChanges, AppPolicy, NewApp, OriginChange},
    history::row::moment,
    http::{ApiError, body},
    store::{App, Confirm, PhoneHidden},
};

/// An app.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminApp)]
pub(super) struct AppBody {
    app_key: String,
    /// The name that people are shown.
    name: String,
    /// Whether redeeming a token needs a secret key.
    require_secret_key: bool,
    /// Whether neither number nor user id is told to who has no secret key.
    hide_phone_from_browser: bool,
    allowed_origins: Vec<String>,
    confirm: ConfirmBody,
    phone_hidden: PhoneHiddenBody,
    /// Calls for one-time codes that a secret key may make in a minute.
    calls_per_minute: u32,
    /// One-time codes in a calendar month (UTC).
    #[schema(required = true)]
    monthly_quota: Option<u32>,
    /// Messages to people that the app's logins may cost in a day.
    #[schema(required = true)]
    messages_per_day: Option<u32>,
    /// Days that what became of its logins and codes is kept, where the server keeps that for longer.
    #[schema(required = true)]
    history_days: Option<u32>,
    /// Whether test numbers are refused.
    live_only: bool,
    created_at: String,
    /// Since when it is paused.
    #[schema(required = true)]
    paused_at: Option<String>,
}

/// An app with its first secret key, which is told this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminNewApp)]
pub(super) struct NewAppBody {
    #[serde(flatten)]
    app: AppBody,
    secret_key: String,
}

/// What follows the message of a login.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AdminConfirm)]
enum ConfirmBody {
    None,
    Reply,
    Match,
    Code,
}

/// What happens where WhatsApp hides the number.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AdminPhoneHidden)]
enum PhoneHiddenBody {
    Ask,
    Fail,
    Allow,
}

impl From<Confirm> for ConfirmBody {
    fn from(confirm: Confirm) -> Self {
        match confirm {
            Confirm::Reply => Self::Reply,
            Confirm::Match => Self::Match,
            Confirm::Code => Self::Code,
            Confirm::None => Self::None,
        }
    }
}

impl From<ConfirmBody> for Confirm {
    fn from(confirm: ConfirmBody) -> Self {
        match confirm {
            ConfirmBody::None => Self::None,
            ConfirmBody::Reply => Self::Reply,
            ConfirmBody::Match => Self::Match,
            ConfirmBody::Code => Self::Code,
        }
    }
}

impl From<PhoneHidden> for PhoneHiddenBody {
    fn from(phone_hidden: PhoneHidden) -> Self {
        match phone_hidden {
            PhoneHidden::Ask => Self::Ask,
            PhoneHidden::Fail => Self::Fail,
            PhoneHidden::Allow => Self::Allow,
        }
    }
}

impl From<PhoneHiddenBody> for PhoneHidden {
    fn from(phone_hidden: PhoneHiddenBody) -> Self {
        match phone_hidden {
            PhoneHiddenBody::Ask => Self::Ask,
            PhoneHiddenBody::Fail => Self::Fail,
            PhoneHiddenBody::Allow => Self::Allow,
        }
    }
}

impl From<&App> for AppBody {
    fn from(app: &App) -> Self {
        Self {
            app_key: app.app_key.as_str().to_owned(),
            name: app.name.clone(),
            require_secret_key: app.require_secret_key,
            hide_phone_from_browser: app.hide_phone_from_browser,
            allowed_origins: app.allowed_origins.clone(),
            confirm: app.confirm.into(),
            phone_hidden: app.phone_hidden.into(),
            calls_per_minute: app.calls_per_minute,
            monthly_quota: app.monthly_quota,
            messages_per_day: app.messages_per_day,
            history_days: app.history_days,
            live_only: app.live_only,
            created_at: moment(app.created_at),
            paused_at: app.disabled_at.map(moment),
        }
    }
}

/// A new app. What is not given is as for an app of the command line.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminAppRequest)]
pub(super) struct CreateRequest {
    /// The name that people are shown: 1 to 60 characters.
    name: String,
    #[serde(flatten)]
    policy: PolicyRequest,
}

/// Changes of an app. What is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminAppChanges)]
pub(super) struct UpdateRequest {
    name: Option<String>,
    #[serde(flatten)]
    policy: PolicyRequest,
}

/// What an app chooses.
#[allow(clippy::option_option)] // what is not given stays, and null takes it away
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminAppPolicy)]
struct PolicyRequest {
    require_secret_key: Option<bool>,
    hide_phone_from_browser: Option<bool>,
    /// Origins of web pages that may call, such as `https://example.com`: these alone.
    allowed_origins: Option<Vec<String>>,
    confirm: Option<ConfirmBody>,
    phone_hidden: Option<PhoneHiddenBody>,
    #[schema(minimum = 1)]
    calls_per_minute: Option<u32>,
    /// Null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    monthly_quota: Option<Option<u32>>,
    /// Null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    messages_per_day: Option<Option<u32>>,
    /// Null for as long as the server keeps it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, maximum = 730)]
    history_days: Option<Option<u32>>,
    live_only: Option<bool>,
}

/// A value that may be null, which is another thing than none.
#[allow(clippy::option_option)] // what is not given stays, and null takes it away
pub(super) fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(value).map(Some)
}

impl From<PolicyRequest> for AppPolicy {
    fn from(request: PolicyRequest) -> Self {
        Self {
            require_secret_key: request.require_secret_key,
            hide_phone_from_browser: request.hide_phone_from_browser,
            allowed_origins: request.allowed_origins.map_or_else(OriginChange::default, OriginChange::Set),
            confirm: request.confirm.map(Confirm::from),
            phone_hidden: request.phone_hidden.map(PhoneHidden::from),
            calls_per_minute: request.calls_per_minute,
            monthly_quota: request.monthly_quota,
            messages_per_day: request.messages_per_day,
            history_days: request.history_days,
            live_only: request.live_only,
        }
    }
}

/// Lists the apps that the key reaches, oldest first.
#[utoipa::path(get, operation_id = "adminListApps", path = "/api/v1/admin/apps", tag = "admin", summary = "List apps",
    params(
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "How many at most; 100 where nothing is said."),
    ),
    responses(
        (status = 200, description = "A page of apps.", body = Page<AppBody>),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["apps:read"]), ("api_key" = ["apps:read"])))]
pub(super) async fn list(
    call: AdminCall,
    Parameters(paging): Parameters<Paging>,
) -> Result<Json<Page<AppBody>>, ApiError> {
    let apps = call.administration().apps(&call.actor).await?;
    paging.page_of(apps, |app| by_time(app.created_at, app.app_key), |app| app.into()).map(Json)
}

/// Adds an app, with a first secret key.
#[utoipa::path(post, operation_id = "adminCreateApp", path = "/api/v1/admin/apps", tag = "admin", summary = "Add an app",
    request_body = CreateRequest,
    responses(
        (status = 201, description = "The app, and this once its secret key.", body = NewAppBody),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["apps:write"]), ("api_key" = ["apps:write"])))]
pub(super) async fn create(
    call: AdminCall,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<NewAppBody>), ApiError> {
    let request: CreateRequest = body::free_json(&headers, body).await?;
    let new = NewApp { name: request.name, policy: request.policy.into() };
    let (app, key) = call.administration().create_app(&call.actor, new).await?;
    Ok((StatusCode::CREATED, Json(NewAppBody { app: (&app).into(), secret_key: key.expose() })))
}

/// Shows an app.
#[utoipa::path(get, operation_id = "adminShowApp", path = "/api/v1/admin/apps/{app_key}", tag = "admin", summary = "Show an app",
    params(("app_key" = String, Path)),
    responses(
        (status = 200, description = "The app.", body = AppBody),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["apps:read"]), ("api_key" = ["apps:read"])))]
pub(super) async fn show(call: AdminCall, Path(key): Path<String>) -> Result<Json<AppBody>, ApiError> {
    let app = call.administration().app(&call.actor, app_key(&key)?).await?;
    Ok(Json((&app).into()))
}

/// Changes an app; what is not given stays.
#[utoipa::path(patch, operation_id = "adminUpdateApp", path = "/api/v1/admin/apps/{app_key}", tag = "admin", summary = "Change an app",
    params(("app_key" = String, Path)),
    request_body = UpdateRequest,
    responses(
        (status = 200, description = "The app as it is now.", body = AppBody),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["apps:write"]), ("api_key" = ["apps:write"])))]
pub(super) async fn update(
    call: AdminCall,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<AppBody>, ApiError> {
    let request: UpdateRequest = body::free_json(&headers, body).await?;
    let changes = AppChanges { name: request.name, policy: request.policy.into() };
    let app = call.administration().update_app(&call.actor, app_key(&key)?, changes).await?;
    Ok(Json((&app).into()))
}

/// Deletes an app with its logins, one-time codes and keys, for ever.
#[utoipa::path(delete, operation_id = "adminDeleteApp", path = "/api/v1/admin/apps/{app_key}", tag = "admin", summary = "Delete an app",
    params(("app_key" = String, Path)),
    responses(
        (status = 204, description = "It is gone."),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["apps:write"]), ("api_key" = ["apps:write"])))]
pub(super) async fn remove(call: AdminCall, Path(key): Path<String>) -> Result<StatusCode, ApiError> {
    call.administration().delete_app(&call.actor, app_key(&key)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has an app start no logins and refuse all calls, until it is resumed.
#[utoipa::path(post, operation_id = "adminPauseApp", path = "/api/v1/admin/apps/{app_key}/pause", tag = "admin", summary = "Pause an app",
    params(("app_key" = String, Path)),
    responses(
        (status = 204, description = "It is paused."),
        (status = "4XX", description = "The call was refused; 409 where it was paused before.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["apps:write"]), ("api_key" = ["apps:write"])))]
pub(super) async fn pause(call: AdminCall, Path(key): Path<String>) -> Result<StatusCode, ApiError> {
    call.administration().pause_app(&call.actor, app_key(&key)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has a paused app work again.
#[utoipa::path(post, operation_id = "adminResumeApp", path = "/api/v1/admin/apps/{app_key}/resume", tag = "admin", summary = "Resume an app",
    params(("app_key" = String, Path)),
    responses(
        (status = 204, description = "It works again."),
        (status = "4XX", description = "The call was refused; 409 where it was not paused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["apps:write"]), ("api_key" = ["apps:write"])))]
pub(super) async fn resume(call: AdminCall, Path(key): Path<String>) -> Result<StatusCode, ApiError> {
    call.administration().resume_app(&call.actor, app_key(&key)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
