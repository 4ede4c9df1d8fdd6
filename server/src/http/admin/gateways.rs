//! `/api/v1/admin/gateways`: where other authentication servers have their codes sent.
//!
//! A secret is told once, when it is made.

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
    page::{Page, Paging, Parameters, app_key, by_time, choice, seconds},
};
use crate::{
    administration::{GatewayMade, NewGateway},
    history::row::moment,
    http::{ApiError, body},
    store::{Gateway, GatewayKind},
};

/// Where another server calls.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminGateway)]
pub(super) struct GatewayBody {
    gateway_id: String,
    app_key: String,
    /// `supabase`, `kratos`, `zitadel`, `authentik`, `keycloak` or `generic`.
    kind: &'static str,
    url: String,
    /// Without one the other server is not known yet.
    has_secret: bool,
    created_at: String,
    /// Until when the secret before is good too.
    #[schema(required = true)]
    old_secret_until: Option<String>,
}

/// A gateway whose secret is new. The secret is told this once, and not where the other server made it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminNewGateway)]
pub(super) struct NewGatewayBody {
    #[serde(flatten)]
    gateway: GatewayBody,
    #[schema(required = true)]
    secret: Option<String>,
}

impl GatewayBody {
    fn of(gateway: &Gateway, call: &AdminCall) -> Self {
        let server = call.server();
        let (origin, kind) = (&server.settings.public_origin, gateway.kind.as_str());
        Self {
            gateway_id: gateway.id.clone(),
            app_key: gateway.app_key.as_str().to_owned(),
            kind,
            url: format!("{origin}/api/v1/gateway/{kind}/{}", gateway.id),
            has_secret: gateway.secret.is_some(),
            created_at: moment(gateway.created_at),
            old_secret_until: gateway.old_secret_until(server.clock.now()).map(moment),
        }
    }

    fn with_secret(made: &GatewayMade, call: &AdminCall) -> NewGatewayBody {
        let secret = made.secret.as_ref().map(|secret| secret.expose().to_owned());
        NewGatewayBody { gateway: Self::of(&made.gateway, call), secret }
    }
}

/// Which gateways are asked for.
#[derive(Deserialize)]
pub(super) struct ListQuery {
    app_key: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

/// A new gateway.
#[derive(Deserialize, ToSchema)]
#[schema(as = AdminCreateGateway)]
pub(super) struct CreateRequest {
    app_key: String,
    /// `supabase`, `kratos`, `zitadel`, `authentik`, `keycloak` or `generic`.
    kind: String,
    /// The secret that the other server made, where it makes it.
    secret: Option<String>,
}

/// Another secret.
#[derive(Deserialize, ToSchema)]
#[schema(as = AdminRotateGateway)]
pub(super) struct RotateRequest {
    /// The secret that the other server made, where it makes it.
    secret: Option<String>,
    /// For so many seconds the old secret is good too; a day where nothing is said.
    #[schema(maximum = 315_360_000)]
    overlap: Option<u32>,
}

/// Lists gateways, the oldest first.
#[utoipa::path(get, operation_id = "adminListGateways", path = "/api/v1/admin/gateways", tag = "admin", summary = "List gateways",
    params(
        ("app_key" = Option<String>, Query, description = "Only those of this app."),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "How many at most; 100 where nothing is said."),
    ),
    responses(
        (status = 200, description = "A page of gateways.", body = Page<GatewayBody>),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["gateways:read"]), ("api_key" = ["gateways:read"])))]
pub(super) async fn list(
    call: AdminCall,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Json<Page<GatewayBody>>, ApiError> {
    let of_app = query.app_key.as_deref().map(app_key).transpose()?;
    let gateways = call.administration().gateways(&call.actor, of_app).await?;
    let key = |gateway: &Gateway| by_time(gateway.created_at, &gateway.id);
    query.paging.page_of(gateways, key, |gateway| GatewayBody::of(gateway, &call)).map(Json)
}

/// Has the codes of another authentication server be sent.
#[utoipa::path(post, operation_id = "adminCreateGateway", path = "/api/v1/admin/gateways", tag = "admin", summary = "Add a gateway",
    request_body = CreateRequest,
    responses(
        (status = 201, description = "The gateway, and this once its secret.", body = NewGatewayBody),
        (status = "4XX", description = "The call was refused; 409 where the app has as many gateways as it may.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["gateways:write"]), ("api_key" = ["gateways:write"])))]
pub(super) async fn create(
    call: AdminCall,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<NewGatewayBody>), ApiError> {
    let CreateRequest { app_key: key, kind, secret } = body::free_json(&headers, body).await?;
    let kinds = GatewayKind::ALL.map(|kind| (kind.as_str(), kind));
    let kind = choice("kind", Some(&kind), &kinds)?;
    let kind = kind.ok_or(ApiError::invalid_request("`kind` is needed."))?;
    let new = NewGateway { app_key: app_key(&key)?, kind, secret };
    let made = call.administration().create_gateway(&call.actor, new).await?;
    Ok((StatusCode::CREATED, Json(GatewayBody::with_secret(&made, &call))))
}

/// Shows a gateway.
#[utoipa::path(get, operation_id = "adminShowGateway", path = "/api/v1/admin/gateways/{gateway_id}", tag = "admin", summary = "Show a gateway",
    params(("gateway_id" = String, Path)),
    responses(
        (status = 200, description = "The gateway.", body = GatewayBody),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["gateways:read"]), ("api_key" = ["gateways:read"])))]
pub(super) async fn show(call: AdminCall, Path(id): Path<String>) -> Result<Json<GatewayBody>, ApiError> {
    let gateway = call.administration().gateway(&call.actor, &id).await?;
    Ok(Json(GatewayBody::of(&gateway, &call)))
}

/// Deletes a gateway: the other server is not known from then on.
#[utoipa::path(delete, operation_id = "adminDeleteGateway", path = "/api/v1/admin/gateways/{gateway_id}", tag = "admin", summary = "Delete a gateway",
    params(("gateway_id" = String, Path)),
    responses(
        (status = 204, description = "It is gone."),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["gateways:write"]), ("api_key" = ["gateways:write"])))]
pub(super) async fn remove(call: AdminCall, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    call.administration().delete_gateway(&call.actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a gateway another secret; both are good for a while.
#[utoipa::path(post, operation_id = "adminRotateGateway", path = "/api/v1/admin/gateways/{gateway_id}/rotate", tag = "admin", summary = "Replace the secret of a gateway",
    params(("gateway_id" = String, Path)),
    request_body = RotateRequest,
    responses(
        (status = 200, description = "The gateway, and this once its new secret.", body = NewGatewayBody),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["gateways:write"]), ("api_key" = ["gateways:write"])))]
pub(super) async fn rotate(
    call: AdminCall,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<NewGatewayBody>, ApiError> {
    let RotateRequest { secret, overlap } = body::free_json(&headers, body).await?;
    let overlap = seconds("overlap", overlap)?;
    let made = call.administration().rotate_gateway(&call.actor, &id, secret, overlap).await?;
    Ok(Json(GatewayBody::with_secret(&made, &call)))
}
