//! `POST /api/v1/gateway/<kind>/<gateway>`: another authentication server has a code of its own sent.
//!
//! It goes the way of a code that is made here, with its guards, limits, quota and history, but for that it is not kept
//! and cannot be typed here. It is for servers: no preflight of a browser is answered for it.

mod answer;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    body::Body,
    extract::{ConnectInfo, Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
    routing::post,
};
use loggin_protocol::ErrorCode;
use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::{
    gateway::{self, GatewaySecret, Unknown, Unreadable, Wanted},
    http::{
        ApiError,
        auth_call::AuthCall,
        body, client_address,
        request::{self, idempotency_key},
    },
    limits,
    otp::{NamedCall, OtpResponse, Recipient, StartOrder},
    state::Server,
    store::{Gateway, GatewayKind},
};

/// What a caller is told who is not known, whether or not there is such a gateway.
const UNKNOWN: ApiError = ApiError::new(
    ErrorCode::Unauthorized,
    "There is no such gateway, its app is disabled, or it has no secret yet.",
);

const NO_CODES: ApiError = ApiError::new(
    ErrorCode::NotFound,
    "This server sends no one-time codes: WHATSAPP_OTP_TEMPLATE and LOGGIN_OTP_SECRET are not set.",
);

/// The part of the OpenAPI document that describes this call.
#[derive(OpenApi)]
#[openapi(paths(handle))]
pub(crate) struct Document;

/// The route, below `/api/v1/gateway`.
pub(crate) fn routes() -> Router<Arc<Server>> {
    Router::new().route("/{kind}/{gateway_id}", post(handle))
}

/// A call whose caller is known.
struct Opened {
    gateway: Gateway,
    call: AuthCall,
}

/// Sends a code that another authentication server made.
#[utoipa::path(
    post,
    operation_id = "sendForeignCode",
    path = "/api/v1/gateway/{kind}/{gateway_id}",
    tag = "gateway",
    summary = "Send a code of another authentication server",
    params(
        ("kind" = String, Path, description = "`supabase`, `kratos`, `zitadel`, `authentik`, `keycloak` or `generic`."),
        ("gateway_id" = String, Path, description = "As `loggin-server gateway create` printed it."),
    ),
    request_body(content = Value, description = "What that server calls with: docs/gateway.md has each."),
    responses(
        (status = 200, description = "WhatsApp took the code over, or the phone is a test number; to Supabase also what went wrong, which it reads from the body of a 200.", body = Value),
        (status = "4XX", description = "The call was refused, in the shape that the other server reads."),
        (status = "5XX", description = "WhatsApp refuses the recipient (502), or cannot be reached, in the shape that the other server reads."),
    ),
    security(("secret_key" = []), ("api_key" = [])),
)]
pub(crate) async fn handle(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path((kind, gateway_id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(kind) = GatewayKind::of_word(&kind) else {
        return ApiError::new(ErrorCode::NotFound, "There is no gateway of this kind.").into_response();
    };
    let room = server.bodies.for_caller(None, client_address::of(&server, peer, &headers));
    let opened = async {
        let bytes = body::raw(body, limits::GATEWAY_BODY, room).await?;
        let opened = open(&server, kind, &gateway_id, &headers, &bytes).await?;
        Ok::<_, ApiError>((opened, bytes))
    };
    let response = match opened.await {
        Ok((opened, bytes)) => {
            let sent = send(&opened, &headers, &bytes).await;
            opened.call.respond(opened.call.counted(sent).await)
        }
        Err(error) => error.into_response(),
    };
    answer::in_shape_of(kind, response)
}

/// Who calls; nothing of the body is read before that is known.
async fn open(
    server: &Server,
    kind: GatewayKind,
    id: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Opened, ApiError> {
    let otp = server.otp.clone().ok_or(NO_CODES)?;
    let gateway = server.store.gateway(id).await?.filter(|gateway| gateway.kind == kind);
    let gateway = gateway.ok_or(UNKNOWN)?;
    let now = server.clock.now();
    let keys = server.gateway_keys.as_ref().ok_or(NO_CODES)?;
    let secrets: Vec<GatewaySecret> = keys.of(&gateway, now);
    if secrets.is_empty() {
        return Err(UNKNOWN);
    }
    let header = |name: &'static str| headers.get(name)?.to_str().ok();
    gateway::check(kind, &secrets, &header, body, now)?;
    let app = server.apps.find(gateway.app_key).await?.ok_or(UNKNOWN)?;
    request::note_app(app.app_key);
    Ok(Opened { gateway, call: AuthCall::for_app(otp, app) })
}

async fn send(opened: &Opened, headers: &HeaderMap, body: &[u8]) -> Result<Json<Value>, ApiError> {
    let Opened { gateway, call } = opened;
    call.check_used_up()?;
    let wanted = gateway::read(gateway.kind, body, is_form(headers))?;
    let recipient = call.otp.recipient(&call.app, &wanted.phone, wanted.region.as_deref()).await?;
    let order = StartOrder {
        app: Arc::clone(&call.app),
        call: named(opened, headers, &recipient, &wanted)?,
        recipient,
        length: 0,
        foreign: Some(wanted.code),
        meta: None,
        client_ip: wanted.client_ip,
        meter: Some(Arc::clone(&call.meter)),
    };
    let otp = Arc::clone(&call.otp);
    // On a task of its own: a caller that hangs up does not leave a code half sent.
    let started = call.otp.spawn(async move { otp.start(&order).await }).await;
    match started.map_err(|_| ApiError::new(ErrorCode::Internal, "The server failed."))?? {
        OtpResponse::Started { session_id, sent, quota_remaining } => Ok(Json(match gateway.kind {
            GatewayKind::Generic => json!({
                "session_id": session_id.to_string(),
                "sent": sent,
                "quota_remaining": quota_remaining,
            }),
            _ => json!({}),
        })),
        OtpResponse::Refused(refusal) => Err(refusal.into()),
        OtpResponse::Verified { .. } => {
            Err(ApiError::invalid_request("This is the response of another call."))
        }
    }
}

/// The name of a call, so that nothing is sent twice where it is repeated: what the caller named it, or the number and the
/// code. Supabase gives each of its own repetitions another id.
fn named(
    Opened { gateway, call }: &Opened,
    headers: &HeaderMap,
    recipient: &Recipient,
    wanted: &Wanted,
) -> Result<Option<NamedCall>, ApiError> {
    let Some(phone) = recipient.phone() else { return Ok(None) };
    let key = if gateway.kind == GatewayKind::Generic { idempotency_key(headers)? } else { None };
    let app_key = call.app.app_key;
    Ok(Some(if let Some(key) = key {
        let body = format!("{}\n{}", phone.expose(), wanted.code.expose());
        call.otp.named_call(app_key, &format!("gateway key {}", gateway.id), key, body.as_bytes())
    } else {
        let what = (phone, &wanted.code);
        call.otp.foreign_call(app_key, &gateway.id, what, gateway.kind.same_for())
    }))
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.map(|value| value.split(';').next().unwrap_or_default().trim());
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

impl From<Unknown> for ApiError {
    fn from(unknown: Unknown) -> Self {
        Self::with_message(unknown.code(), unknown.to_string())
    }
}

impl From<Unreadable> for ApiError {
    fn from(unreadable: Unreadable) -> Self {
        Self::with_message(unreadable.code(), unreadable.to_string())
    }
}
