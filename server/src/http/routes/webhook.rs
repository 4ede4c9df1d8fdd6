//! `GET` and `POST /webhooks/whatsapp`: what Meta calls.
//!
//! A response of 200 means that everything in the call is durable; anything else has it delivered again, for days.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{ConnectInfo, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use loggin_protocol::{ErrorCode, wire::ErrorBody};
use secrecy::ExposeSecret;
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::{
    http::{ApiError, body, client_address, intake},
    limits,
    state::Server,
    telemetry::{
        metrics::{self, WebhookRefusal},
        vitals,
    },
    whatsapp,
};

/// The header that signs a call's body.
const SIGNATURE: &str = "x-hub-signature-256";

/// How Meta asks whether this is the server that its operator set up.
#[derive(Deserialize)]
pub(crate) struct Subscription {
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    #[serde(rename = "hub.verify_token")]
    verify_token: Option<String>,
    #[serde(rename = "hub.challenge")]
    challenge: Option<String>,
}

/// Gives a challenge back to whoever knows the verify token.
#[utoipa::path(
    get,
    operation_id = "confirmWebhook",
    path = "/webhooks/whatsapp",
    tag = "webhooks",
    summary = "Confirm the webhook's address",
    params(
        ("hub.mode" = String, Query, description = "Always `subscribe`."),
        ("hub.verify_token" = String, Query, description = "The configured token."),
        ("hub.challenge" = String, Query, description = "What is given back."),
    ),
    responses(
        (status = 200, description = "The challenge.", body = String, content_type = "text/plain"),
        (status = 403, description = "The token is another."),
    ),
)]
pub(crate) async fn subscribe(
    State(server): State<Arc<Server>>,
    query: Result<Query<Subscription>, QueryRejection>,
) -> Result<Response, ApiError> {
    let expected = server.settings.whatsapp.verify_token.expose_secret().as_bytes();
    let given = query.ok().and_then(|Query(query)| {
        let subscribes = query.mode.as_deref() == Some("subscribe");
        let known = bool::from(query.verify_token?.as_bytes().ct_eq(expected));
        query.challenge.filter(|_| subscribes && known)
    });
    let Some(challenge) = given else {
        metrics::webhook_refused(WebhookRefusal::VerifyToken);
        tracing::warn!("the webhook's address was asked for with another WHATSAPP_VERIFY_TOKEN");
        return Ok(StatusCode::FORBIDDEN.into_response());
    };
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], challenge).into_response())
}

/// Takes a call's updates.
#[utoipa::path(
    post,
    operation_id = "deliverWebhook",
    path = "/webhooks/whatsapp",
    tag = "webhooks",
    summary = "Deliver updates",
    params(("X-Hub-Signature-256" = String, Header, description = "HMAC-SHA256 over the body's bytes.")),
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses(
        (status = 200, description = "Everything is durable."),
        (status = 400, description = "This is no webhook.", body = ErrorBody),
        (status = 401, description = "The signature is missing or wrong.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
)]
pub(crate) async fn handle(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    const UNSIGNED: ApiError =
        ApiError::new(ErrorCode::InvalidSignature, "The body is not signed with the app secret.");
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
    if !signature.is_some_and(whatsapp::is_signature) {
        metrics::webhook_refused(WebhookRefusal::Signature);
        return Err(UNSIGNED);
    }
    let address = client_address::of(&server, peer, &headers);
    let body = body::raw(body, limits::WEBHOOK_BODY, server.bodies.for_webhook(address)).await?;
    if !whatsapp::verify_signature(&server.app_secrets, signature, &body) {
        metrics::webhook_refused(WebhookRefusal::Signature);
        return Err(UNSIGNED);
    }
    vitals::webhook_taken();
    let updates = whatsapp::parse(&body).map_err(|error| {
        metrics::webhook_refused(WebhookRefusal::Unreadable);
        tracing::warn!(%error, "a signed webhook could not be read");
        ApiError::invalid_request("The body is no webhook of WhatsApp.")
    })?;
    intake::take(&server, updates).await?;
    Ok(StatusCode::OK)
}

#[cfg(test)]
mod tests {
    use loggin_protocol::Token;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        languages::Language,
        store::{Confirm, MessageKind, PhoneHidden, State},
        tests::{
            APP, PHONE, START, TestServer, demo_app, error_of, sign, text_message, token, token_of, webhook,
        },
    };

    /// What the store holds of a login.
    async fn state(server: &TestServer, token: &Token) -> Option<State> {
        let logins = server.server.store.logins(&[token.code()]).await.unwrap();
        logins.first().map(|login| login.state)
    }

    fn message(token: &Token, change: &Value) -> Value {
        text_message(&format!("Code: {}", token.code().expose()), change)
    }

    async fn challenge(server: &TestServer, query: &str) -> (u16, String) {
        let response = server.get(&format!("/webhooks/whatsapp?{query}")).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    #[tokio::test]
    async fn the_challenge_is_given_back_to_who_knows_the_token() {
        let server = TestServer::start().await;
        let right = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify%20me";
        assert_eq!(challenge(&server, right).await, (200, "1158201444".to_owned()));
        for wrong in [
            "",
            "hub.mode=subscribe&hub.challenge=1&hub.verify_token=guess",
            "hub.mode=subscribe&hub.challenge=1",
            "hub.mode=subscribe&hub.verify_token=verify%20me",
            "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=verify%20me",
        ] {
            assert_eq!(challenge(&server, wrong).await, (403, String::new()), "{wrong}");
        }
    }

    #[tokio::test]
    async fn what_is_not_signed_is_not_read() {
        let server = TestServer::start().await;
        let body = webhook(&[message(&token(1), &json!({}))]).to_string();
        let other = sign(b"another body");
        for signature in [None, Some("sha256=00"), Some("rubbish"), Some(other.as_str())] {
            let mut call = server.post("/webhooks/whatsapp").body(body.clone());
            if let Some(signature) = signature {
                call = call.header(SIGNATURE, signature);
            }
            let response = call.send().await.unwrap();
            assert_eq!(error_of(response).await, (401, "invalid_signature".to_owned()), "{signature:?}");
        }
        assert_eq!(state(&server, &token(1)).await, None);
    }

    #[tokio::test]
    async fn signed_rubbish_is_refused() {
        let server = TestServer::start().await;
        for body in ["", "not JSON", "[]", "{\"object\":\"whatsapp_business_account\"}"] {
            let call = server.post("/webhooks/whatsapp").header(SIGNATURE, sign(body.as_bytes()));
            let response = call.body(body).send().await.unwrap();
            assert_eq!(error_of(response).await, (400, "invalid_request".to_owned()), "{body}");
        }
    }

    #[tokio::test]
    async fn a_signed_message_verifies_once_answered() {
        let server = TestServer::start().await;
        server.tap(&token(1)).await;
        assert_eq!(state(&server, &token(1)).await, Some(State::Verified));
    }

    #[tokio::test]
    async fn the_language_of_a_message_is_kept_with_its_login() {
        let server = TestServer::start().await;
        let text = Language::Bengali.message().replace("{code}", &token(1).code().expose());
        server.webhook(&webhook(&[text_message(&text, &json!({}))])).await;
        let login = server.server.store.logins(&[token(1).code()]).await.unwrap().remove(0);
        assert_eq!(login.language, Some(Language::Bengali));
    }

    #[tokio::test]
    async fn an_unknown_number_id_is_taken_and_changes_nothing() {
        let server = TestServer::start().await;
        let mut payload = webhook(&[message(&token(1), &json!({}))]);
        payload["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "1".into();
        assert_eq!(server.webhook(&payload).await.status(), 200);
        assert_eq!(state(&server, &token(1)).await, None);
    }

    #[tokio::test]
    async fn a_redelivered_call_changes_nothing() {
        let server = TestServer::start().await;
        let payload = webhook(&[message(&token(1), &json!({}))]);
        assert_eq!(server.webhook(&payload).await.status(), 200);
        assert_eq!(server.verify(&token(1), "key").await.status(), 200);
        assert_eq!(server.webhook(&payload).await.status(), 200);
        assert_eq!(state(&server, &token(1)).await, Some(State::Claimed));
    }

    #[tokio::test]
    async fn a_thousand_updates_in_one_call_are_all_durable() {
        let server = TestServer::start().await;
        let tokens: Vec<Token> = (0..1_000_u32)
            .map(|number| {
                let mut secret = [0; 20];
                secret[..4].copy_from_slice(&number.to_le_bytes());
                Token::from_secret(demo_app().app_key, secret)
            })
            .collect();
        let messages: Vec<Value> = tokens
            .iter()
            .enumerate()
            .map(|(number, token)| {
                let (from, id) = (format!("91987654{number:04}"), format!("IN.{number}"));
                message(token, &json!({ "from": from, "from_user_id": id }))
            })
            .collect();
        assert_eq!(server.webhook(&webhook(&messages)).await.status(), 200);
        let codes: Vec<_> = tokens.iter().map(Token::code).collect();
        let logins = server.server.store.logins(&codes).await.unwrap();
        assert_eq!(logins.iter().filter(|login| login.state == State::Verified).count(), 1_000);
    }

    #[tokio::test]
    async fn four_megabytes_are_too_many() {
        let server = TestServer::start().await;
        let body = vec![b' '; 4 << 20];
        let call = server.post("/webhooks/whatsapp").header(SIGNATURE, sign(&body));
        let response = call.body(body).send().await.unwrap();
        assert_eq!(error_of(response).await, (413, "payload_too_large".to_owned()));
    }

    #[tokio::test]
    async fn three_megabytes_are_taken() {
        let server = TestServer::start().await;
        let mut body = webhook(&[message(&token(1), &json!({}))]).to_string();
        body.push_str(&" ".repeat((3 << 20) - body.len()));
        let call = server.post("/webhooks/whatsapp").header(SIGNATURE, sign(body.as_bytes()));
        assert_eq!(call.body(body).send().await.unwrap().status(), 200);
        assert_eq!(state(&server, &token(1)).await, Some(State::Verified));
    }

    #[tokio::test]
    async fn codes_of_unknown_apps_and_other_messages_are_left_out() {
        let server = TestServer::start().await;
        let unknown = token_of("00000000", 1);
        let messages = [
            message(&unknown, &json!({})),
            message(&token(1), &json!({ "context": { "forwarded": true } })),
            message(&token(1), &json!({ "group_id": "1" })),
            message(&token(1), &json!({ "type": "novelty" })),
            text_message(APP, &json!({})),
        ];
        assert_eq!(server.webhook(&webhook(&messages)).await.status(), 200);
        assert_eq!(state(&server, &unknown).await, None);
        assert_eq!(state(&server, &token(1)).await, None);
    }

    #[tokio::test]
    async fn different_codes_in_one_text_verify_nothing() {
        let server = TestServer::start().await;
        let (one, other) = (token(1).code().expose(), token(2).code().expose());
        // Without anything between them they are one place, with readings across both.
        let joined = format!("{one}{other}").replace('-', "");
        for text in [format!("{one} {other}"), format!("Sign in: {one}. Or {other}"), joined.clone()] {
            let sent = server.webhook(&webhook(&[text_message(&text, &json!({}))])).await;
            assert_eq!(sent.status(), 200);
            assert_eq!(state(&server, &token(1)).await, None, "{text}");
            assert_eq!(state(&server, &token(2)).await, None, "{text}");
        }
        // Of one place, the reading counts that somebody waits for.
        let _waiting = server.stream(&[token(2)], None).await;
        server.webhook(&webhook(&[text_message(&joined, &json!({}))])).await;
        assert_eq!(state(&server, &token(2)).await, Some(State::Verified));
        assert_eq!(state(&server, &token(1)).await, None);
        // The same code twice is one.
        server.webhook(&webhook(&[text_message(&format!("{one}, {one}"), &json!({}))])).await;
        assert_eq!(state(&server, &token(1)).await, Some(State::Verified));
    }

    #[tokio::test]
    async fn what_meta_business_agent_handles_counts_and_what_meta_says_of_the_account_is_taken() {
        let server = TestServer::start().await;
        let mut standby = webhook(&[message(&token(1), &json!({}))]);
        standby["entry"][0]["changes"][0]["field"] = "standby".into();
        assert_eq!(server.webhook(&standby).await.status(), 200);
        assert_eq!(state(&server, &token(1)).await, Some(State::Verified));
        let changes = json!([{ "field": "account_update", "value": { "event": "ACCOUNT_RESTRICTION" } }]);
        let account =
            json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": changes }] });
        assert_eq!(server.webhook(&account).await.status(), 200);
    }

    #[tokio::test]
    async fn messages_of_every_kind_are_judged_by_their_age() {
        let server = TestServer::start().await;
        let _waiting = server.stream(&[token(1)], None).await;
        let old = (START.0 / 1_000 - 301).to_string();
        server.webhook(&webhook(&[message(&token(1), &json!({ "timestamp": old }))])).await;
        assert_eq!(state(&server, &token(1)).await, Some(State::Pending));
        server.webhook(&webhook(&[message(&token(1), &json!({ "from": null }))])).await;
        assert_eq!(state(&server, &token(1)).await, Some(State::MessageReceived));
        let phones = json!([{ "phone": format!("+{PHONE}"), "wa_id": PHONE, "type": "CELL" }]);
        let contacts = json!([{ "origin": "contact_request", "phones": phones }]);
        let change = json!({ "from": null, "type": "contacts", "text": null, "contacts": contacts,
            "timestamp": old });
        server.webhook(&webhook(&[text_message("", &change)])).await;
        assert_eq!(state(&server, &token(1)).await, Some(State::MessageReceived));
    }

    #[tokio::test]
    async fn a_hidden_number_is_asked_for_and_the_shared_one_verifies() {
        let server = TestServer::start().await;
        let _waiting = server.stream(&[token(1)], None).await;
        let hidden = json!({ "from": null });
        assert_eq!(server.webhook(&webhook(&[message(&token(1), &hidden)])).await.status(), 200);
        assert_eq!(state(&server, &token(1)).await, Some(State::MessageReceived));
        assert_eq!(server.owed().await, [MessageKind::SharePhone]);
        let contact = |origin: &str| {
            let phones = json!([{ "phone": format!("+{PHONE}"), "wa_id": PHONE, "type": "CELL" }]);
            let contacts = json!([{ "origin": origin, "phones": phones }]);
            text_message("", &json!({ "from": null, "type": "contacts", "text": null, "contacts": contacts }))
        };
        assert_eq!(server.webhook(&webhook(&[contact("other")])).await.status(), 200);
        assert_eq!(state(&server, &token(1)).await, Some(State::MessageReceived));
        assert_eq!(server.webhook(&webhook(&[contact("contact_request")])).await.status(), 200);
        assert_eq!(state(&server, &token(1)).await, Some(State::Verified));
    }

    #[tokio::test]
    async fn only_the_sender_can_say_not_me() {
        let server = TestServer::start().await;
        let app =
            crate::store::App { confirm: Confirm::Reply, phone_hidden: PhoneHidden::Fail, ..demo_app() };
        assert!(server.server.store.update_app(&app).await.unwrap());
        let _waiting = server.stream(&[token(1)], None).await;
        server.tap(&token(1)).await;
        assert_eq!(server.owed().await, [MessageKind::SignedIn]);
        let login = server.server.store.logins(&[token(1).code()]).await.unwrap().remove(0);
        let tap = |reference: &str, change: Value| {
            let button =
                json!({ "type": "button_reply", "button_reply": { "id": reference, "title": "Not me" } });
            let mut message =
                text_message("", &json!({ "type": "interactive", "text": null, "interactive": button }));
            for (name, value) in change.as_object().unwrap() {
                message[name] = value.clone();
            }
            webhook(&[message])
        };
        let reference = format!("not-me:{}", login.reply_reference.unwrap());
        let unknown = json!({ "from": "15550002222", "from_user_id": "US.2" });
        assert_eq!(server.webhook(&tap(&reference, unknown)).await.status(), 200);
        assert_eq!(server.webhook(&tap("not-me:guess", json!({}))).await.status(), 200);
        assert_eq!(state(&server, &token(1)).await, Some(State::Verified));
        assert_eq!(server.webhook(&tap(&reference, json!({}))).await.status(), 200);
        assert_eq!(state(&server, &token(1)).await, Some(State::Denied));
    }

    #[tokio::test]
    async fn a_sender_of_too_many_codes_is_left_out_for_a_while() {
        let server = TestServer::start().await;
        let most = u8::try_from(limits::MESSAGES_PER_SENDER).unwrap();
        for number in 0..=most {
            server.tap(&token(number)).await;
        }
        assert_eq!(state(&server, &token(most - 1)).await, Some(State::Verified));
        assert_eq!(state(&server, &token(most)).await, None);
        server.clock.advance(limits::SENDER_WINDOW);
        server.tap(&token(most)).await;
        assert_eq!(state(&server, &token(most)).await, Some(State::Verified));
    }
}
