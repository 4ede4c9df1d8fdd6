//! Browsers of tests, each with cookies of its own and without scripts.

use std::collections::BTreeMap;

use loggin_protocol::AppKey;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use url::{Url, form_urlencoded::Serializer};

use super::pages::SIGN_IN;
use crate::{
    store::{Act, OpenIdClient, OpenIdSettings},
    tests::{APP, START, TestServer, text_message, webhook},
};

/// Where the client of these tests is sent its answers.
pub(super) const CALLBACK: &str = "https://client.example/cb";

/// What a browser was shown, or where it was led.
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) location: String,
    pub(super) policy: String,
    pub(super) text: String,
}

impl Page {
    async fn of(response: Response) -> Self {
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        Self {
            status: response.status().as_u16(),
            location: header("location"),
            policy: header("content-security-policy"),
            text: response.text().await.unwrap(),
        }
    }

    /// What stands between these in the page.
    pub(super) fn between(&self, before: &str, after: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(before)?;
        let (found, _) = rest.split_once(after)?;
        Some(found.replace("&#38;", "&").replace("&amp;", "&"))
    }

    /// Where a browser without scripts goes by itself.
    pub(super) fn refresh(&self) -> Option<String> {
        self.between(";url=", "\"")
    }

    /// The link to WhatsApp.
    pub(super) fn link(&self) -> String {
        self.between("id=\"link\" href=\"", "\"").expect("there is a link")
    }

    /// What the login has come to.
    pub(super) fn state(&self) -> String {
        self.between("data-state=\"", "\"").unwrap_or_default()
    }

    /// What the client is told, whether the browser is led there or goes by itself.
    pub(super) fn told(&self) -> BTreeMap<String, String> {
        let address = match self.status {
            303 => self.location.clone(),
            _ => self.refresh().expect("the page leads back"),
        };
        assert!(address.starts_with(CALLBACK), "{address}");
        Url::parse(&address).unwrap().query_pairs().into_owned().collect()
    }
}

/// A browser.
pub(super) struct Browser<'a> {
    server: &'a TestServer,
    pub(super) cookies: BTreeMap<String, String>,
    pub(super) languages: &'static str,
}

impl<'a> Browser<'a> {
    pub(super) fn new(server: &'a TestServer) -> Self {
        Self { server, cookies: BTreeMap::new(), languages: "en" }
    }

    async fn send(&mut self, call: RequestBuilder) -> Page {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let call = call.header("Cookie", cookies.join("; ")).header("Accept-Language", self.languages);
        let response = call.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Page::of(response).await
    }

    pub(super) async fn get(&mut self, address: &str) -> Page {
        self.send(self.server.get(address)).await
    }

    /// Sends a form of the server's own page.
    pub(super) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        let origin = self.server.server.settings.public_origin.clone();
        self.post_from(&origin, path, form).await
    }

    pub(super) async fn post_from(&mut self, origin: &str, path: &str, form: &[(&str, &str)]) -> Page {
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let call = self.server.post(path).header("Origin", origin).body(body);
        self.send(call.header("Content-Type", "application/x-www-form-urlencoded")).await
    }

    /// Sends a form of the sign-in page, and follows where it leads on this server.
    pub(super) async fn act(&mut self, request: &str, act: &str, fields: &[(&str, &str)]) -> Page {
        let form: Vec<_> = [("request", request), ("act", act)].iter().chain(fields).copied().collect();
        let page = self.post(SIGN_IN, &form).await;
        if page.status == 303 && page.location.starts_with('/') {
            return self.get(&page.location).await;
        }
        page
    }
}

/// The name of a request, as it stands in the address of its page.
pub(super) fn request_of(address: &str) -> String {
    let (_, request) = address.split_once("request=").unwrap();
    request.split('&').next().unwrap().to_owned()
}

/// Somebody sends the message of a link.
pub(super) async fn tap(server: &TestServer, link: &str, change: &Value) {
    let link = Url::parse(link).unwrap();
    let text = link.query_pairs().find(|(name, _)| name == "text").unwrap().1.into_owned();
    let response = server.webhook(&webhook(&[text_message(&text, change)])).await;
    assert_eq!(response.status(), 200);
}

/// Somebody else than the sender of most messages.
pub(super) fn another_sender() -> Value {
    json!({ "from": "4915112345678", "from_user_id": "DE.1000" })
}

/// Adds a client of an app; its id is that of the app.
pub(super) async fn add_client(server: &TestServer, app: &str, consent: bool) {
    let client = OpenIdClient {
        id: format!("client-{app}"),
        app_key: AppKey::parse(app).unwrap(),
        secret: None,
        old_secret: None,
        settings: OpenIdSettings {
            name: Some("Wiki".to_owned()),
            redirect_uris: vec![CALLBACK.to_owned()],
            consent,
            pkce: true,
            ..OpenIdSettings::default()
        },
        salt: [1; 32],
        created_at: START,
    };
    let act = Act::CreateClient(Box::new(client));
    assert!(server.server.store.administer(act, "olga".to_owned(), START).await.unwrap());
}

/// The address of a client's request, with what else it asks for.
pub(super) fn authorize(app: &str, asks: &[(&str, &str)]) -> String {
    let query = Serializer::new(String::new())
        .append_pair("client_id", &format!("client-{app}"))
        .append_pair("redirect_uri", CALLBACK)
        .append_pair("response_type", "code")
        .append_pair("scope", "openid phone")
        .append_pair("state", "a state")
        .append_pair("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        .append_pair("code_challenge_method", "S256")
        .extend_pairs(asks)
        .finish();
    format!("/openid/authorize?{query}")
}

impl Browser<'_> {
    /// Goes where a client of the demo app sends it; the request, and what is shown first.
    pub(super) async fn arrive(&mut self, asks: &[(&str, &str)]) -> (String, Page) {
        self.arrive_at(APP, asks).await
    }

    pub(super) async fn arrive_at(&mut self, app: &str, asks: &[(&str, &str)]) -> (String, Page) {
        let led = self.get(&authorize(app, asks)).await;
        assert_eq!(led.status, 303, "{}", led.text);
        (request_of(&led.location), self.get(&led.location).await)
    }

    /// Signs in, and gives what the client is told.
    pub(super) async fn sign_in(&mut self, asks: &[(&str, &str)]) -> BTreeMap<String, String> {
        let (_, page) = self.arrive(asks).await;
        tap(self.server, &page.link(), &json!({})).await;
        self.get(&page.refresh().unwrap()).await.told()
    }
}

/// A form that a program sends.
pub(super) async fn program(server: &TestServer, path: &str, form: &[(&str, &str)]) -> Response {
    let body = Serializer::new(String::new()).extend_pairs(form).finish();
    let call = server.post(path).header("Content-Type", "application/x-www-form-urlencoded");
    call.body(body).send().await.unwrap()
}
