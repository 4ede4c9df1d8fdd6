//! How a gateway is shown: its secret never, but for the once that it is made; and what is to be set at the other server.

use serde_json::{Value, json};
use url::Url;

use crate::{
    administration::GatewayMade,
    clock::{Clock, SystemClock, UnixMillis},
    commands::{
        output::{moment, print_line},
        run::RunError,
    },
    gateway::GatewaySecret,
    store::{Gateway, GatewayKind},
};

/// Where the other server calls.
fn url(gateway: &Gateway, public_url: &Url) -> String {
    let origin = public_url.origin().ascii_serialization();
    format!("{origin}/api/v1/gateway/{}/{}", gateway.kind.as_str(), gateway.id)
}

/// A gateway in one line.
pub(super) fn line(gateway: &Gateway) -> String {
    let Gateway { id, app_key, kind, .. } = gateway;
    let secret = if gateway.secret.is_some() { "has a secret" } else { "has no secret yet" };
    format!("{id}  {app_key}  {}  {secret}", kind.as_str())
}

/// A gateway in a few lines, and what to set.
pub(super) fn print(gateway: &Gateway, public_url: &Url, json: bool) -> Result<(), RunError> {
    let now = SystemClock.now();
    let url = url(gateway, public_url);
    if json {
        let mut value = as_json(gateway, now);
        value["url"] = url.into();
        return print_line(&value.to_string());
    }
    print_line(&format!("gateway_id  {}", gateway.id))?;
    print_line(&format!("app_key     {}", gateway.app_key))?;
    print_line(&format!("kind        {}", gateway.kind.as_str()))?;
    print_line(&format!("created     {}", moment(gateway.created_at)))?;
    print_line(&format!("url         {url}"))?;
    print_old_secret(gateway, now)?;
    print_settings(gateway)
}

fn print_old_secret(gateway: &Gateway, now: UnixMillis) -> Result<(), RunError> {
    match gateway.old_secret_until(now) {
        Some(until) => print_line(&format!("The secret before is good too, until {}.", moment(until))),
        None => Ok(()),
    }
}

/// A gateway whose secret is new, with the secret where it was made here.
pub(super) fn print_made(made: &GatewayMade, public_url: &Url, json: bool) -> Result<(), RunError> {
    let (GatewayMade { gateway, secret }, now) = (made, SystemClock.now());
    let url = url(gateway, public_url);
    let secret = secret.as_ref().map(GatewaySecret::expose);
    if json {
        let mut value = as_json(gateway, now);
        value["url"] = url.into();
        value["secret"] = secret.into();
        return print_line(&value.to_string());
    }
    print_line(&format!("gateway_id  {}", gateway.id))?;
    print_line(&format!("url         {url}"))?;
    if let Some(secret) = secret {
        print_line(&format!("secret      {secret}"))?;
    }
    print_old_secret(gateway, now)?;
    if secret.is_some() {
        print_line("The secret is shown this once.")?;
    }
    print_settings(gateway)
}

fn print_settings(gateway: &Gateway) -> Result<(), RunError> {
    print_line("")?;
    settings(gateway).into_iter().try_for_each(print_line)
}

/// What is to be set at the other server.
fn settings(gateway: &Gateway) -> Vec<&'static str> {
    let mut lines = match gateway.kind {
        GatewayKind::Supabase => vec![
            "Supabase: Authentication, Hooks, Send SMS hook, HTTPS: the URL, and the secret with its `v1,`.",
            "A server of your own has them in its environment:",
            "  GOTRUE_HOOK_SEND_SMS_ENABLED=true",
            "  GOTRUE_HOOK_SEND_SMS_URI=<url>",
            "  GOTRUE_HOOK_SEND_SMS_SECRETS=<secret>",
        ],
        GatewayKind::Kratos => vec![
            "Kratos: courier.channels, with `id: sms`, `type: http`, and in `request_config`:",
            "  url: <url>, method: POST, body: the Jsonnet of docs/gateway.md",
            "  auth: {type: api_key, config: {in: header, name: X-Api-Key, value: <secret>}}",
        ],
        GatewayKind::Zitadel => vec![
            "ZITADEL: add an SMS provider of the kind HTTP with the URL as its endpoint, and activate it.",
            "It shows a signing key once, which goes here:",
            "  loggin-server gateway rotate <gateway_id> --secret-file -",
        ],
        GatewayKind::Authentik => vec![
            "authentik: the stage SMS Authenticator Setup, with the provider Generic:",
            "  External API URL: <url>; API Auth Type: Bearer; API Auth Username: <secret>; no webhook mapping",
        ],
        GatewayKind::Keycloak => vec![
            "Keycloak, with the SMS authenticator of netzbegruenung/keycloak-mfa-plugins:",
            "  SMS API URL: <url>; API Secret: <secret>; Basic Auth Username: loggin",
            "  Message Attribute: text; Receiver Phone Number Attribute: to",
        ],
        GatewayKind::Generic => vec![
            "Your server: POST <url> with `Authorization: Bearer <secret>`",
            "  and the JSON {\"phone\": \"+919876543210\", \"code\": \"123456\"}",
        ],
    };
    if gateway.secret.is_none() {
        lines.push("Until then nobody is known here, and nothing is sent.");
    }
    lines
}

/// A gateway as JSON.
pub(super) fn as_json(gateway: &Gateway, now: UnixMillis) -> Value {
    json!({
        "gateway_id": gateway.id,
        "app_key": gateway.app_key,
        "kind": gateway.kind.as_str(),
        "has_secret": gateway.secret.is_some(),
        "created_at": moment(gateway.created_at),
        "old_secret_until": gateway.old_secret_until(now).map(moment),
    })
}
