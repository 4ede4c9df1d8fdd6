//! What clients read of the issuer by themselves: where its endpoints are, what it can do, and its public keys.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderName, header},
};
use serde_json::{Value, json};

use super::{
    AUTHORIZE, DEVICE, END_SESSION, INTROSPECT, JWKS, PAR, REVOKE, TOKEN, USERINFO, respond::CallFailure,
};
use crate::{
    limits,
    openid::{ResponseMode, Scope, all_acr},
    state::Server,
    store::SigningAlgorithm,
};

/// For how long both may be kept.
fn kept() -> [(HeaderName, String); 1] {
    [(header::CACHE_CONTROL, format!("public, max-age={}", limits::OPENID_KEYS_CACHED))]
}

/// The metadata of OpenID Connect Discovery and of RFC 8414.
pub(super) async fn configuration(
    State(server): State<Arc<Server>>,
) -> ([(HeaderName, String); 1], Json<Value>) {
    let issuer = server.openid.issuer();
    let at = |path: &str| format!("{issuer}{path}");
    let by_secret = ["client_secret_basic", "client_secret_post"];
    let by_any = ["client_secret_basic", "client_secret_post", "none"];
    let configuration = json!({
        "issuer": issuer,
        "authorization_endpoint": at(AUTHORIZE),
        "token_endpoint": at(TOKEN),
        "userinfo_endpoint": at(USERINFO),
        "jwks_uri": at(JWKS),
        "pushed_authorization_request_endpoint": at(PAR),
        "revocation_endpoint": at(REVOKE),
        "introspection_endpoint": at(INTROSPECT),
        "end_session_endpoint": at(END_SESSION),
        "device_authorization_endpoint": at(DEVICE),
        "scopes_supported": Scope::ALL.map(Scope::as_str),
        "response_types_supported": ["code"],
        "response_modes_supported": ResponseMode::ALL.map(ResponseMode::as_str),
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": SigningAlgorithm::ALL.map(SigningAlgorithm::as_str),
        "token_endpoint_auth_methods_supported": by_any,
        "revocation_endpoint_auth_methods_supported": by_any,
        "introspection_endpoint_auth_methods_supported": by_secret,
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": all_acr(),
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_supported": [
            "iss", "sub", "aud", "azp", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid",
            "assurance", "phone_number", "phone_number_verified", "whatsapp_user_id", "email",
            "email_verified",
        ],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "require_pushed_authorization_requests": false,
        "authorization_response_iss_parameter_supported": true,
        "service_documentation": at("/docs"),
    });
    (kept(), Json(configuration))
}

/// The public keys.
pub(super) async fn keys(
    State(server): State<Arc<Server>>,
) -> Result<([(HeaderName, String); 1], Json<Value>), CallFailure> {
    Ok((kept(), Json(server.openid.key_set().await?)))
}
