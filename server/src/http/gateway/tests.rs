//! The call over HTTP: each server is known and read, nothing is sent twice, and errors have the shape that each reads.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use loggin_protocol::{AppKey, webhook::WebhookSecret};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::{
    administration::{Actor, GatewayMade, NewGateway},
    clock::{Clock, UnixMillis},
    gateway::GatewaySecret,
    limits,
    otp::life,
    store::{Act, App, Countries, Gateway, GatewayKind, GuardSettings},
    tests::{APP, PHONE, TestServer, demo_app, error_of},
    whatsapp::SendError,
};

const SECOND: Duration = Duration::from_secs(1);
const ZITADEL_KEY: &str = "0123456789abcdef0123456789abcdef";

fn owner() -> Actor {
    Actor::with_all_rights("olga".to_owned())
}

/// A server with the demo app and one gateway of a kind.
struct House {
    server: TestServer,
    gateway: Gateway,
    secret: String,
}

impl House {
    async fn of(kind: GatewayKind) -> Self {
        Self::on(TestServer::start().await, kind).await
    }

    async fn on(server: TestServer, kind: GatewayKind) -> Self {
        let secret = (kind == GatewayKind::Zitadel).then(|| ZITADEL_KEY.to_owned());
        let new = NewGateway { app_key: AppKey::parse(APP).unwrap(), kind, secret };
        let made = server.server.administration.create_gateway(&owner(), new).await.unwrap();
        let secret = told(&made).unwrap_or_else(|| ZITADEL_KEY.to_owned());
        Self { server, gateway: made.gateway, secret }
    }

    fn path(&self) -> String {
        format!("/api/v1/gateway/{}/{}", self.gateway.kind.as_str(), self.gateway.id)
    }

    /// A call that shows the gateway's secret.
    fn shown(&self, body: &Value) -> RequestBuilder {
        self.server.post(&self.path()).bearer_auth(&self.secret).json(body)
    }

    /// A call as Supabase makes it.
    fn hook(&self, id: &str, body: &Value) -> RequestBuilder {
        self.signed_hook(&self.secret, id, self.server.clock.now(), body)
    }

    fn signed_hook(&self, secret: &str, id: &str, at: UnixMillis, body: &Value) -> RequestBuilder {
        let secret = WebhookSecret::parse(secret.strip_prefix("v1,").unwrap()).unwrap();
        let (body, seconds) = (body.to_string(), at.0.unsigned_abs() / 1_000);
        let signature = secret.sign(id, seconds, body.as_bytes());
        let call = self.server.post(&self.path()).header("Content-Type", "application/json");
        let call = call.header("webhook-id", id).header("webhook-timestamp", seconds.to_string());
        call.header("webhook-signature", signature).body(body)
    }

    fn sent(&self) -> Vec<(String, String)> {
        let sent = self.server.codes.sent.lock().unwrap();
        sent.iter().map(|(phone, code, _)| (phone.expose().to_owned(), code.expose().to_owned())).collect()
    }
}

fn told(made: &GatewayMade) -> Option<String> {
    made.secret.as_ref().map(|secret: &GatewaySecret| secret.expose().to_owned())
}

fn of_supabase(phone: &str, otp: &str) -> Value {
    json!({ "user": { "phone": phone }, "sms": { "otp": otp, "phone": phone } })
}

fn generic(phone: &str, code: &str) -> Value {
    json!({ "phone": format!("+{phone}"), "code": code })
}

async fn json_of(call: RequestBuilder) -> (u16, Value) {
    let response = call.send().await.unwrap();
    let status = response.status().as_u16();
    assert_eq!(content_type(&response), "application/json");
    (status, response.json().await.unwrap())
}

fn content_type(response: &Response) -> &str {
    response.headers()["content-type"].to_str().unwrap()
}

#[tokio::test]
async fn each_server_has_its_code_sent() {
    use GatewayKind as Kind;
    let cases = [
        (Kind::Kratos, json!({ "recipient": "+919876543210", "template_data": { "login_code": "730951" } })),
        (Kind::Authentik, json!({ "To": "+91 98765-43210", "Body": "730951", "Message": "Code: 730951" })),
        (Kind::Keycloak, json!({ "to": "0091 9876543210", "text": "730951 is your code." })),
        (Kind::Generic, json!({ "phone": "098765 43210", "country_code": "IN", "code": "730951" })),
        (Kind::Supabase, of_supabase(PHONE, "730951")),
    ];
    for (kind, body) in cases {
        let house = House::of(kind).await;
        let call = if kind == Kind::Supabase { house.hook("msg_1", &body) } else { house.shown(&body) };
        let (status, answered) = json_of(call).await;
        assert_eq!(status, 200, "{kind:?}: {answered}");
        assert_eq!(house.sent(), [(PHONE.to_owned(), "730951".to_owned())], "{kind:?}");
        match kind {
            Kind::Generic => {
                assert_eq!((&answered["sent"], answered["session_id"].is_string()), (&json!(true), true));
            }
            _ => assert_eq!(answered, json!({}), "{kind:?}"),
        }
    }
}

#[tokio::test]
async fn a_form_of_keycloaks_extension_is_read() {
    let house = House::of(GatewayKind::Keycloak).await;
    let form = "text=Your+code+is+602184.&to=%2B919876543210&from=Loggin";
    let call = house.server.post(&house.path()).basic_auth("loggin", Some(&house.secret));
    let call = call.header("Content-Type", "application/x-www-form-urlencoded").body(form);
    assert_eq!(json_of(call).await.0, 200);
    assert_eq!(house.sent(), [(PHONE.to_owned(), "602184".to_owned())]);
}

#[tokio::test]
async fn nobody_else_is_let_in_and_nothing_tells_which_gateways_there_are() {
    let house = House::of(GatewayKind::Generic).await;
    let body = generic(PHONE, "123456");
    let to = |path: String| house.server.post(&path).bearer_auth(&house.secret).json(&body);
    let other_kind = house.path().replace("generic", "kratos");
    let unknown = format!("{}0", house.path());
    for path in [other_kind, unknown] {
        let response = to(path.clone()).send().await.unwrap();
        assert_eq!(response.status(), 401, "{path}");
    }
    let wrong = house.server.post(&house.path()).bearer_auth("lggw_0").json(&body);
    assert_eq!(error_of(wrong.send().await.unwrap()).await, (401, "unauthorized".to_owned()));
    let none = house.server.post(&house.path()).json(&body);
    assert_eq!(error_of(none.send().await.unwrap()).await, (401, "unauthorized".to_owned()));
    let no_kind = to(house.path().replace("generic", "twilio"));
    assert_eq!(error_of(no_kind.send().await.unwrap()).await, (404, "not_found".to_owned()));
    let get = house.server.get(&house.path()).send().await.unwrap();
    assert_eq!(error_of(get).await, (405, "method_not_allowed".to_owned()));
    assert_eq!(house.sent(), []);
    let house = House::of(GatewayKind::Generic).await;
    let disabled = App { disabled_at: Some(house.server.clock.now()), ..demo_app() };
    assert!(house.server.server.store.update_app(&disabled).await.unwrap());
    let refused = house.shown(&body).send().await.unwrap();
    assert_eq!(error_of(refused).await, (401, "unauthorized".to_owned()));
    assert_eq!(house.sent(), []);
}

#[tokio::test]
async fn a_signature_is_looked_at_before_the_body() {
    let house = House::of(GatewayKind::Supabase).await;
    let now = house.server.clock.now();
    let other = "v1,whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let body = of_supabase(PHONE, "123456");
    let old = UnixMillis(now.0 - 301_000);
    for call in [
        house.signed_hook(other, "msg_1", now, &body),
        house.signed_hook(&house.secret, "msg_1", old, &body),
        house.signed_hook(other, "msg_1", now, &json!([1])),
        house.server.post(&house.path()).json(&body),
        house.server.post(&house.path()).bearer_auth(&house.secret).json(&body),
    ] {
        let (status, answered) = json_of(call).await;
        assert_eq!((status, &answered["error"]["http_code"]), (401, &json!(401)), "{answered}");
    }
    let (status, answered) = json_of(house.hook("msg_1", &json!([1]))).await;
    assert_eq!((status, &answered["error"]["http_code"]), (400, &json!(400)));
    assert_eq!(house.sent(), []);
    assert_eq!(json_of(house.hook("msg_1", &body)).await.0, 200);
}

#[tokio::test]
async fn what_is_repeated_is_not_sent_again() {
    let house = House::of(GatewayKind::Supabase).await;
    let body = of_supabase(PHONE, "123456");
    // Supabase gives its own repetitions other ids.
    for id in ["msg_1", "msg_1", "msg_2"] {
        assert_eq!(json_of(house.hook(id, &body)).await, (200, json!({})));
    }
    // Recorded on its way, and repeated for as long as the signature is taken: that of a clock that is ahead for longest.
    let ahead = house.server.clock.now() + SECOND * 299;
    let recorded =
        || house.signed_hook(&house.secret, "msg_3", ahead, &of_supabase("919876543211", "654321"));
    assert_eq!(json_of(recorded()).await.0, 200);
    house.server.clock.advance(SECOND * 598);
    assert_eq!(json_of(recorded()).await, (200, json!({})));
    house.server.clock.advance(SECOND * 2);
    assert_eq!(json_of(recorded()).await.0, 401);
    assert_eq!(house.sent().len(), 2);

    let house = House::of(GatewayKind::Generic).await;
    let call =
        |key: &'static str, code: &str| house.shown(&generic(PHONE, code)).header("Idempotency-Key", key);
    let first = json_of(call("one", "123456")).await;
    assert_eq!(json_of(call("one", "123456")).await, first);
    let (status, other) = json_of(call("one", "654321")).await;
    assert_eq!((status, &other["error"]), (400, &json!("invalid_request")));
    assert_eq!(house.sent().len(), 1);
}

#[tokio::test]
async fn a_secret_is_replaced_while_the_one_before_is_good() {
    let house = House::of(GatewayKind::Supabase).await;
    let administration = &house.server.server.administration;
    let (olga, id) = (owner(), &house.gateway.id);
    let rotated = administration.rotate_gateway(&olga, id, None, Some(SECOND * 60)).await.unwrap();
    let new = told(&rotated).unwrap();
    assert_ne!(new, house.secret);
    let call = async |secret: &str, code: &str| {
        let now = house.server.clock.now();
        let body = of_supabase(&format!("91987654{code}"), code);
        json_of(house.signed_hook(secret, "msg", now, &body)).await.0
    };
    assert_eq!((call(&house.secret, "1111").await, call(&new, "2222").await), (200, 200));
    house.server.clock.advance(SECOND * 60);
    assert_eq!((call(&house.secret, "3333").await, call(&new, "4444").await), (401, 200));
    administration.delete_gateway(&owner(), &house.gateway.id).await.unwrap();
    assert_eq!(call(&new, "5555").await, 401);
}

#[tokio::test]
async fn a_gateway_waits_for_the_key_that_zitadel_makes() {
    let server = TestServer::start().await;
    let (app_key, kind) = (AppKey::parse(APP).unwrap(), GatewayKind::Zitadel);
    let administration = &server.server.administration;
    let new = NewGateway { app_key, kind, secret: None };
    let made = administration.create_gateway(&owner(), new).await.unwrap();
    assert!(made.secret.is_none() && made.gateway.secret.is_none());
    let body =
        json!({ "contextInfo": { "recipientPhoneNumber": "+919876543210" }, "args": { "oTP": "64883313" } });
    let body = body.to_string();
    let path = format!("/api/v1/gateway/zitadel/{}", made.gateway.id);
    let call = |key: &str| {
        let seconds = server.clock.now().0 / 1_000;
        let mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
        let mac = mac.chain_update(format!("{seconds}.{body}")).finalize().into_bytes();
        let header = format!("t={seconds},v1={}", data_encoding::HEXLOWER.encode(&mac));
        server.post(&path).header("ZITADEL-Signature", header).body(body.clone()).send()
    };
    for key in ["", ZITADEL_KEY] {
        let response = call(key).await.unwrap();
        assert_eq!(error_of(response).await, (401, "unauthorized".to_owned()));
    }
    let id = &made.gateway.id;
    assert!(administration.rotate_gateway(&owner(), id, None, None).await.is_err(), "it makes its own");
    administration.rotate_gateway(&owner(), id, Some(ZITADEL_KEY.to_owned()), None).await.unwrap();
    assert_eq!(call(ZITADEL_KEY).await.unwrap().status(), 200);
    assert_eq!(server.codes.last(), "64883313");
    assert_eq!(error_of(call("").await.unwrap()).await, (401, "invalid_signature".to_owned()));
}

#[tokio::test]
async fn errors_have_the_shape_and_the_status_that_each_server_reads() {
    let not_on_whatsapp = async |house: &House| {
        house.server.codes.will_respond([Err(SendError::Permanent { code: 131_026 })]);
    };
    let house = House::of(GatewayKind::Supabase).await;
    not_on_whatsapp(&house).await;
    let refused = house.hook("msg_1", &of_supabase(PHONE, "123456")).send().await.unwrap();
    assert!(
        !refused.headers().contains_key("retry-after") && refused.headers().contains_key("ratelimit-limit")
    );
    assert_eq!(refused.status(), 200);
    let expected =
        json!({ "error": { "http_code": 502, "message": "WhatsApp does not deliver to this number." } });
    assert_eq!(refused.json::<Value>().await.unwrap(), expected);
    let (status, no_number) = json_of(house.hook("msg_2", &of_supabase("12", "123456"))).await;
    assert_eq!((status, &no_number["error"]["http_code"]), (200, &json!(422)));
    assert_eq!(json_of(house.hook("msg_3", &of_supabase(PHONE, "123456"))).await, (200, json!({})));
    let (status, again) = json_of(house.hook("msg_4", &of_supabase(PHONE, "654321"))).await;
    assert_eq!((status, &again["error"]["http_code"]), (200, &json!(429)));

    let house = House::of(GatewayKind::Kratos).await;
    let kratos =
        |code: &str| json!({ "recipient": "+919876543210", "template_data": { "login_code": code } });
    house.shown(&kratos("111111")).send().await.unwrap();
    let again = house.shown(&kratos("222222")).send().await.unwrap();
    assert_eq!((again.status().as_u16(), &again.headers()["retry-after"]), (429, &"30".parse().unwrap()));
    let error = again.json::<Value>().await.unwrap()["error"].take();
    assert_eq!((&error["code"], &error["status"]), (&json!(429), &json!("Too Many Requests")));
    assert_eq!(error["reason"], "rate_limited");

    let house = House::of(GatewayKind::Authentik).await;
    not_on_whatsapp(&house).await;
    let refused = house.shown(&json!({ "To": "+919876543210", "Body": "123456" })).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), content_type(&refused)), (502, "text/plain; charset=utf-8"));
    assert_eq!(refused.text().await.unwrap(), "WhatsApp does not deliver to this number.");

    let house = House::of(GatewayKind::Generic).await;
    for (body, status, error) in [
        (json!({ "phone": "+919876543210" }), 400, "invalid_request"),
        (json!({ "code": "123456" }), 422, "invalid_phone"),
        (generic(PHONE, "123"), 400, "invalid_request"),
        (generic("12", "123456"), 422, "invalid_phone"),
    ] {
        let refused = error_of(house.shown(&body).send().await.unwrap()).await;
        assert_eq!(refused, (status, error.to_owned()), "{body}");
    }
    let large = json!({ "phone": "x".repeat(limits::GATEWAY_BODY) });
    let refused = error_of(house.shown(&large).send().await.unwrap()).await;
    assert_eq!(refused, (413, "payload_too_large".to_owned()));
}

#[tokio::test]
async fn the_apps_limits_and_guards_hold_at_its_gateways() {
    let server = TestServer::start().await;
    let limited = App { calls_per_minute: 2, ..demo_app() };
    assert!(server.server.store.update_app(&limited).await.unwrap());
    let house = House::on(server, GatewayKind::Generic).await;
    let call = async |number: u8| {
        let phone = format!("9198765432{number:02}");
        house.shown(&generic(&phone, "123456")).send().await.unwrap()
    };
    let first = call(1).await;
    assert_eq!(
        (first.status().as_u16(), &first.headers()["ratelimit-remaining"]),
        (200, &"1".parse().unwrap())
    );
    assert_eq!(call(2).await.status(), 200);
    assert_eq!(error_of(call(3).await).await, (429, "rate_limited".to_owned()));
    house.server.clock.advance(SECOND * 60);
    let german =
        GuardSettings { countries: Countries::These(vec!["DE".to_owned()]), ..GuardSettings::default() };
    let act = Act::SetGuards(AppKey::parse(APP).unwrap(), Box::new(german), vec!["countries"]);
    let now = house.server.clock.now();
    assert!(house.server.server.store.administer(act, "olga".to_owned(), now).await.unwrap());
    house.server.clock.advance(life::COOLDOWN);
    assert_eq!(error_of(call(4).await).await, (422, "blocked".to_owned()));
    assert_eq!(house.sent().len(), 2);
}

#[tokio::test]
async fn how_far_it_came_is_told_to_the_apps_server() {
    let house = House::of(GatewayKind::Generic).await;
    let (_, answered) = json_of(house.shown(&generic(PHONE, "123456"))).await;
    let session = answered["session_id"].as_str().unwrap().to_owned();
    let status = house.server.get(&format!("/api/v1/auth/status?session_id={session}"));
    let status = status.bearer_auth(crate::tests::demo_key().expose()).send().await.unwrap();
    let status: Value = status.json().await.unwrap();
    assert_eq!((&status["status"], &status["delivery"]), (&json!("pending"), &json!("accepted")));
    let typed = house.server.auth("verify", &json!({ "session_id": session, "otp_code": "123456" })).await;
    assert_eq!(error_of(typed).await, (404, "session_not_found".to_owned()));
}
