//! The endpoints as clients call them, over HTTP; a person is signed in by the test, in the page's place.

use std::collections::BTreeSet;

use data_encoding::BASE64;
use loggin_protocol::{PhoneNumber, Subject};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::{
    limits,
    openid::{
        Handed,
        tests::{CALLBACK, CHALLENGE, SECRET, VERIFIER, add, client, somebody},
    },
    store::{OpenIdClient, PeopleChange, Person, tests::person},
    tests::{PHONE, TestServer},
};

/// Cookie and name of a request that waits for a person.
struct Waiting {
    cookie: String,
    id: String,
}

struct Issuer {
    server: TestServer,
    subject: Subject,
}

fn location(response: &Response) -> Url {
    let text = response.headers()["location"].to_str().unwrap();
    Url::parse("http://own.example").unwrap().join(text).unwrap()
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// Names and values as a query or a form has them.
fn encoded(pairs: &[(&str, impl AsRef<str>)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| (*name, value.as_ref()));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The same as the body of a call.
fn with_form(call: RequestBuilder, pairs: &[(&str, impl AsRef<str>)]) -> RequestBuilder {
    call.header("Content-Type", "application/x-www-form-urlencoded").body(encoded(pairs))
}

impl Issuer {
    async fn start() -> Self {
        Self::start_with(&[client()]).await
    }

    async fn start_with(clients: &[OpenIdClient]) -> Self {
        let server = TestServer::start().await;
        for client in clients {
            add(&*server.server.store, client).await;
        }
        let person = Person {
            app_key: client().app_key,
            phone: Some(PhoneNumber::parse(PHONE).unwrap()),
            user_id: Some("IN.1".to_owned()),
            ..person(1)
        };
        let subject = person.subject;
        let put = PeopleChange { put: vec![person], ..PeopleChange::default() };
        server.server.store.change_people(put, None).await.unwrap();
        Self { server, subject }
    }

    fn asked() -> Vec<(&'static str, String)> {
        [
            ("client_id", client().id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid phone offline_access"),
            ("state", "xyz"),
            ("nonce", "n-0"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
    }

    fn authorize(&self, pairs: &[(&str, String)]) -> RequestBuilder {
        self.server.get(&format!("/openid/authorize?{}", encoded(pairs)))
    }

    fn waiting(response: &Response) -> Waiting {
        assert_eq!(response.status(), 303);
        let to = location(response);
        assert_eq!(to.path(), "/openid/sign-in");
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Waiting { cookie, id: parameter(&to, "request").unwrap() }
    }

    /// Signs the person in, as the page does.
    async fn approve(&self, waiting: &Waiting) -> crate::openid::Answer {
        let openid = &self.server.server.openid;
        let browser = waiting.cookie.split_once('=').unwrap().1;
        let request = openid.find_request(&waiting.id, browser).await.unwrap().unwrap();
        match openid.approve(&request, &somebody(self.subject)).await.unwrap() {
            Handed::Back(answer) => answer,
            Handed::Gone => panic!("it is gone"),
        }
    }

    /// A code that the client was sent.
    async fn code(&self) -> String {
        let response = self.authorize(&Self::asked()).send().await.unwrap();
        let answer = self.approve(&Self::waiting(&response)).await;
        parameter(&answer.location().unwrap(), "code").unwrap()
    }

    fn post(&self, path: &str, pairs: &[(&str, &str)]) -> RequestBuilder {
        with_form(self.server.post(path), pairs)
    }

    async fn redeem(&self, code: &str) -> Response {
        let form = redeeming(code);
        self.post("/openid/token", &form).basic_auth(client().id, Some(SECRET)).send().await.unwrap()
    }

    async fn tokens(&self) -> Value {
        let response = self.redeem(&self.code().await).await;
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    async fn userinfo(&self, token: &str) -> Response {
        self.server.get("/openid/userinfo").bearer_auth(token).send().await.unwrap()
    }
}

fn redeeming(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

/// Status and name of an error, which must have the shape of OAuth's.
async fn error_of(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["cache-control"], "no-store");
    let body: Value = response.json().await.unwrap();
    assert!(!body["error_description"].as_str().unwrap().is_empty());
    (status, body["error"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn what_discovery_names_is_there() {
    let issuer = Issuer::start().await;
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        let response = issuer.server.get(path).header("Origin", "https://page.example").send().await.unwrap();
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        let told: Value = response.json().await.unwrap();
        assert_eq!(told["issuer"], issuer.server.url.as_str());
        for (name, url) in told.as_object().unwrap() {
            if !name.ends_with("_endpoint") && name != "jwks_uri" {
                continue;
            }
            let path = url.as_str().unwrap().strip_prefix(&issuer.server.url).unwrap();
            let (by_get, by_post) = (
                issuer.server.get(path).send().await.unwrap(),
                issuer.server.post(path).send().await.unwrap(),
            );
            let both = [by_get.status().as_u16(), by_post.status().as_u16()];
            assert!(both.iter().any(|status| *status != 404 && *status != 405), "{path} {both:?}");
        }
    }
}

#[tokio::test]
async fn keys_are_told_without_their_secret_half() {
    let issuer = Issuer::start().await;
    let response = issuer.server.get("/openid/jwks").send().await.unwrap();
    assert_eq!(response.headers()["cache-control"], "public, max-age=3600");
    let told: Value = response.json().await.unwrap();
    let keys = told["keys"].as_array().unwrap();
    let algorithms: BTreeSet<&str> = keys.iter().map(|key| key["alg"].as_str().unwrap()).collect();
    assert_eq!(algorithms, BTreeSet::from(["ES256", "EdDSA", "RS256"]));
    for key in keys {
        assert!(["d", "p", "q", "dp", "dq", "qi", "k"].iter().all(|name| key.get(name).is_none()));
    }
    let again: Value = issuer.server.get("/openid/jwks").send().await.unwrap().json().await.unwrap();
    assert_eq!(told, again, "they are made once");
}

#[tokio::test]
async fn somebody_signs_in_and_the_client_is_told_who_it_is() {
    let issuer = Issuer::start().await;
    let response = issuer.authorize(&Issuer::asked()).send().await.unwrap();
    let answer = issuer.approve(&Issuer::waiting(&response)).await;
    let back = answer.location().unwrap();
    assert!(back.as_str().starts_with(CALLBACK));
    assert_eq!(parameter(&back, "state").as_deref(), Some("xyz"));
    assert_eq!(parameter(&back, "iss").as_deref(), Some(issuer.server.url.as_str()));

    let response = issuer.redeem(&parameter(&back, "code").unwrap()).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["cache-control"]),
        (200, &"no-store".parse().unwrap())
    );
    let tokens: Value = response.json().await.unwrap();
    let keys: Value = issuer.server.get("/openid/jwks").send().await.unwrap().json().await.unwrap();
    let id_token = tokens["id_token"].as_str().unwrap();
    let header = jsonwebtoken::decode_header(id_token).unwrap();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header.kid.clone().unwrap());
    let key = jsonwebtoken::DecodingKey::from_jwk(&serde_json::from_value(key.unwrap().clone()).unwrap());
    let mut rules = jsonwebtoken::Validation::new(header.alg);
    rules.set_audience(&[client().id]);
    rules.set_issuer(&[&issuer.server.url]);
    // The clock of these tests stands still.
    rules.validate_exp = false;
    let read = jsonwebtoken::decode::<Value>(id_token, &key.unwrap(), &rules).unwrap().claims;
    assert_eq!((&read["nonce"], &read["sub"]), (&json!("n-0"), &json!(issuer.subject.expose())));

    let response = issuer.userinfo(tokens["access_token"].as_str().unwrap()).await;
    let expected = json!({
        "sub": issuer.subject.expose(),
        "phone_number": format!("+{PHONE}"),
        "phone_number_verified": true,
        "whatsapp_user_id": "IN.1",
    });
    assert_eq!(response.json::<Value>().await.unwrap(), expected);
}

#[tokio::test]
async fn a_browser_is_led_nowhere_that_the_client_did_not_register() {
    let issuer = Issuer::start().await;
    for (name, value) in [
        ("redirect_uri", "https://evil.example/"),
        ("redirect_uri", "https://client.example/cb/../evil"),
        ("redirect_uri", ""),
        ("client_id", "8XKPQ2WN-NOBODY11"),
        ("client_id", ""),
    ] {
        let mut asked = Issuer::asked();
        asked.iter_mut().filter(|(known, _)| *known == name).for_each(|pair| pair.1 = value.to_owned());
        let response = issuer.authorize(&asked).send().await.unwrap();
        assert_eq!(response.status(), 400, "{name} {value}");
        assert!(
            !response.headers().contains_key("location") && !response.headers().contains_key("set-cookie")
        );
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!response.text().await.unwrap().contains("evil"));
    }
    let mut asked = Issuer::asked();
    asked.retain(|(name, _)| *name != "code_challenge");
    let response = issuer.authorize(&asked).send().await.unwrap();
    let back = location(&response);
    assert_eq!(parameter(&back, "error").as_deref(), Some("invalid_request"));
    assert_eq!(parameter(&back, "state").as_deref(), Some("xyz"));
    assert_eq!(parameter(&back, "iss").as_deref(), Some(issuer.server.url.as_str()));
}

#[tokio::test]
async fn a_request_opens_for_the_browser_that_brought_it_alone() {
    let issuer = Issuer::start().await;
    let waiting = Issuer::waiting(&issuer.authorize(&Issuer::asked()).send().await.unwrap());
    let openid = &issuer.server.server.openid;
    let headers = |cookie: &str| {
        let mut headers = axum::http::HeaderMap::new();
        headers.insert("cookie", cookie.parse().unwrap());
        headers
    };
    let found = async |cookie: &str| {
        let browser = super::browser::of(&issuer.server.server, &headers(cookie)).unwrap_or_default();
        openid.find_request(&waiting.id, &browser).await.unwrap().is_some()
    };
    assert!(found(&waiting.cookie).await);
    for other in ["loggin-openid=00000000000000000000000000000000", "loggin-openid=", "other=1"] {
        assert!(!found(other).await, "{other}");
    }
    // Another tab keeps the cookie, and both requests go on.
    let call = issuer.authorize(&Issuer::asked()).header("Cookie", &waiting.cookie);
    let second = Issuer::waiting(&call.send().await.unwrap());
    assert_eq!(second.cookie, waiting.cookie);
    assert!(second.id != waiting.id && found(&waiting.cookie).await);
}

#[tokio::test]
async fn a_form_brings_a_request_and_another_leads_back() {
    let issuer = Issuer::start().await;
    let mut asked = Issuer::asked();
    asked.push(("response_mode", "form_post".to_owned()));
    let state = "\"><script>alert(1)</script>";
    asked.iter_mut().filter(|(name, _)| *name == "state").for_each(|pair| pair.1 = state.to_owned());
    let response = with_form(issuer.server.post("/openid/authorize"), &asked).send().await.unwrap();
    let answer = issuer.approve(&Issuer::waiting(&response)).await;
    let response = super::respond::lead_back(&answer);
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let body = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
    let page = String::from_utf8(body.to_vec()).unwrap();
    assert!(page.contains(&format!("action=\"{CALLBACK}\"")), "{page}");
    assert!(page.contains("name=\"code\"") && !page.contains("<script>alert"), "{page}");
}

#[tokio::test]
async fn a_client_proves_itself_in_one_way() {
    let public = OpenIdClient { id: "8XKPQ2WN-PUBLIC11".to_owned(), secret: None, ..client() };
    let issuer = Issuer::start_with(&[client(), public.clone()]).await;
    let id = client().id;
    let id = id.as_str();
    let wrong = "lgcs_11111111111111111111111111111111";
    let call = |more: &[(&'static str, &str)]| {
        let code = "00000000000000000000000000000000";
        let mut form: Vec<(&str, String)> =
            redeeming(code).iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        form.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        with_form(issuer.server.post("/openid/token"), &form)
    };
    let known = (400, "invalid_grant".to_owned());
    let unknown = (401, "invalid_client".to_owned());
    for (call, expected) in [
        (call(&[("client_id", id), ("client_secret", SECRET)]), &known),
        (call(&[]).basic_auth(id, Some(SECRET)), &known),
        (call(&[("client_id", id)]).basic_auth(id, Some(SECRET)), &known),
        (call(&[("client_id", public.id.as_str())]), &known),
        (call(&[("client_id", id)]), &unknown),
        (call(&[("client_id", id), ("client_secret", wrong)]), &unknown),
        (call(&[]).basic_auth(id, Some(wrong)), &unknown),
        (call(&[]).basic_auth("nobody", Some(SECRET)), &unknown),
        (call(&[("client_secret", SECRET)]).basic_auth(id, Some(SECRET)), &unknown),
        (call(&[("client_id", public.id.as_str()), ("client_secret", SECRET)]), &unknown),
        (call(&[]), &unknown),
    ] {
        assert_eq!(&error_of(call.send().await.unwrap()).await, expected);
    }
    let refused = call(&[]).basic_auth(id, Some(wrong)).send().await.unwrap();
    assert!(refused.headers()["www-authenticate"].to_str().unwrap().starts_with("Basic "));
    let encoded = BASE64.encode(format!("{id}:{SECRET}").as_bytes());
    let plain = issuer.server.post("/openid/token").header("Authorization", format!("Basic {encoded}"));
    let refused = plain.json(&json!({ "grant_type": "authorization_code" })).send().await.unwrap();
    assert_eq!(error_of(refused).await, (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn a_code_that_is_shown_again_ends_what_it_gave() {
    let issuer = Issuer::start().await;
    let code = issuer.code().await;
    let tokens: Value = issuer.redeem(&code).await.json().await.unwrap();
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(issuer.userinfo(token).await.status(), 200);
    assert_eq!(error_of(issuer.redeem(&code).await).await, (400, "invalid_grant".to_owned()));
    let refused = issuer.userinfo(token).await;
    let challenge = refused.headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    assert_eq!(error_of(refused).await, (401, "invalid_token".to_owned()));
}

#[tokio::test]
async fn tokens_are_refreshed_looked_into_and_revoked() {
    let issuer = Issuer::start().await;
    let tokens = issuer.tokens().await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let by_client =
        |path: &str, pairs: &[(&str, &str)]| issuer.post(path, pairs).basic_auth(client().id, Some(SECRET));
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let next: Value = by_client("/openid/token", &form).send().await.unwrap().json().await.unwrap();
    let token = next["access_token"].as_str().unwrap();
    let looked = by_client("/openid/introspect", &[("token", token)]).send().await.unwrap();
    let looked: Value = looked.json().await.unwrap();
    assert_eq!((&looked["active"], &looked["sub"]), (&json!(true), &json!(issuer.subject.expose())));
    let by_nobody = issuer.post("/openid/introspect", &[("token", token)]).send().await.unwrap();
    assert_eq!(error_of(by_nobody).await, (401, "invalid_client".to_owned()));
    let revoked = by_client("/openid/revoke", &[("token", token)]).send().await.unwrap();
    assert_eq!(revoked.status(), 200);
    assert_eq!(issuer.userinfo(token).await.status(), 401);
    let looked = by_client("/openid/introspect", &[("token", token)]).send().await.unwrap();
    assert_eq!(looked.json::<Value>().await.unwrap(), json!({ "active": false }));
}

#[tokio::test]
async fn a_request_is_pushed_and_a_device_given_its_codes() {
    let issuer = Issuer::start().await;
    let pushing = with_form(issuer.server.post("/openid/par"), &Issuer::asked());
    let pushed = pushing.basic_auth(client().id, Some(SECRET)).send().await.unwrap();
    assert_eq!(pushed.status(), 201);
    let pushed: Value = pushed.json().await.unwrap();
    let uri = pushed["request_uri"].as_str().unwrap().to_owned();
    let brought = [("client_id", client().id), ("request_uri", uri)];
    Issuer::waiting(&issuer.authorize(&brought).send().await.unwrap());
    let call = issuer.post("/openid/device-authorization", &[("scope", "openid")]);
    let codes = call.basic_auth(client().id, Some(SECRET)).send().await.unwrap();
    let codes: Value = codes.json().await.unwrap();
    let page = format!("{}/openid/device", issuer.server.url);
    assert_eq!(codes["verification_uri"], page);
    let code = codes["user_code"].as_str().unwrap();
    assert!(issuer.server.server.openid.find_device(code).await.unwrap().is_some());
}

#[tokio::test]
async fn signing_out_leads_where_the_client_registered() {
    let issuer = Issuer::start().await;
    let tokens = issuer.tokens().await;
    let end =
        |pairs: &[(&str, &str)]| issuer.server.get(&format!("/openid/end-session?{}", encoded(pairs))).send();
    let hint = ("id_token_hint", tokens["id_token"].as_str().unwrap());
    let elsewhere = end(&[hint, ("post_logout_redirect_uri", "https://evil.example/")]).await.unwrap();
    assert_eq!(elsewhere.status(), 400);
    assert_eq!(end(&[]).await.unwrap().status(), 400);
    assert_eq!(issuer.userinfo(tokens["access_token"].as_str().unwrap()).await.status(), 200);
    let bye = [hint, ("post_logout_redirect_uri", "https://client.example/bye"), ("state", "1")];
    let response = end(&bye).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), location(&response).as_str()),
        (303, "https://client.example/bye?state=1")
    );
    assert_eq!(issuer.userinfo(tokens["access_token"].as_str().unwrap()).await.status(), 401);
}

#[tokio::test]
async fn an_address_makes_so_many_calls_in_a_minute() {
    let issuer = Issuer::start().await;
    let guess = || {
        let form = [("client_id", client().id), ("client_secret", "wrong".to_owned())];
        with_form(issuer.server.post("/openid/token"), &form)
    };
    for _ in 0..limits::OPENID_CALLS_PER_ADDRESS {
        assert_eq!(guess().send().await.unwrap().status(), 401);
    }
    let refused = guess().send().await.unwrap();
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(error_of(refused).await, (429, "temporarily_unavailable".to_owned()));
    // Who proves what it is does not wait behind that.
    let answered = issuer.redeem("00000000000000000000000000000000").await;
    assert_eq!(error_of(answered).await, (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn pages_of_any_origin_call_what_no_cookie_opens() {
    let issuer = Issuer::start().await;
    let preflight = async |path: &str| {
        let url = format!("{}{path}", issuer.server.url);
        let call = issuer.server.client.request(reqwest::Method::OPTIONS, url);
        let call = call.header("Origin", "https://page.example");
        let response = call.header("Access-Control-Request-Method", "POST").send().await.unwrap();
        let allowed = response.headers().get("access-control-allow-origin").cloned();
        assert!(!response.headers().contains_key("access-control-allow-credentials"));
        allowed.map(|origin| origin.to_str().unwrap().to_owned())
    };
    for path in ["/openid/token", "/openid/userinfo", "/openid/revoke", "/openid/jwks"] {
        assert_eq!(preflight(path).await.as_deref(), Some("*"), "{path}");
    }
    for path in ["/openid/authorize", "/openid/introspect", "/openid/par", "/openid/end-session"] {
        assert_eq!(preflight(path).await, None, "{path}");
    }
}
