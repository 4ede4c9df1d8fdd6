//! The issuer as clients meet it, without its endpoints: on a store of its own, by a clock that is turned by hand.

use std::{sync::Arc, time::Duration};

use loggin_protocol::{AppKey, Assurance, Confirm, PhoneNumber, Subject};
use serde_json::Value;
use tempfile::TempDir;
use url::form_urlencoded;

use super::*;
use crate::{
    store::{OpenIdSettings, PeopleChange, Person, SigningAlgorithm},
    tests::{APP, APP_SECRET, CountingRandom, ManualClock, PHONE, START, demo_app, store},
};

/// Where the client of these tests has people sent back to.
pub(crate) const CALLBACK: &str = "https://client.example/cb";

/// Appendix B of RFC 7636.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The secret of the client of these tests.
pub(crate) const SECRET: &str = "lgcs_00000000000000000000000000000000";

const ISSUER: &str = "https://login.example";
const SECOND: Duration = Duration::from_secs(1);

/// A client with a secret that has to use PKCE.
pub(crate) fn client() -> OpenIdClient {
    OpenIdClient {
        id: "8XKPQ2WN-TEST1111".to_owned(),
        app_key: AppKey::parse(APP).unwrap(),
        secret: Some(secret_hash(SECRET)),
        old_secret: None,
        settings: OpenIdSettings {
            redirect_uris: vec![CALLBACK.to_owned()],
            post_logout_redirect_uris: vec!["https://client.example/bye".to_owned()],
            sector: "client.example".to_owned(),
            pkce: true,
            // Keys of RSA take long to draw.
            algorithm: SigningAlgorithm::EdDsa,
            ..OpenIdSettings::default()
        },
        salt: [3; 32],
        created_at: START,
    }
}

/// Keeps a client.
pub(crate) async fn add(store: &dyn Store, client: &OpenIdClient) {
    let act = crate::store::Act::CreateClient(Box::new(client.clone()));
    assert!(store.administer(act, "alice".to_owned(), START).await.unwrap());
}

/// Somebody who signed in a moment ago.
pub(crate) fn somebody(subject: Subject) -> SignedIn {
    SignedIn {
        subject,
        confirmation: Confirm::Code,
        assurance: Assurance::Normal,
        methods: vec![Method::Message],
        auth_time: START,
        session_id: Some("session-1".to_owned()),
    }
}

/// An issuer with one client, and one person that its app knows.
struct Issuer {
    openid: OpenId,
    clock: Arc<ManualClock>,
    store: Arc<dyn Store>,
    client: OpenIdClient,
    subject: Subject,
    _folder: TempDir,
}

/// An issuer on this store, which has not looked at any app yet.
fn openid(store: &Arc<dyn Store>, clock: &Arc<ManualClock>) -> OpenId {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    let apps = Arc::new(Apps::new(Arc::clone(store), Arc::clone(&clock), false));
    let random = Arc::new(CountingRandom::default());
    OpenId::new((Arc::clone(store), apps), (clock, random), ISSUER.to_owned(), [APP_SECRET.as_bytes()])
}

fn parameters(pairs: &[(&str, &str)]) -> Parameters {
    let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Parameters::parse(text.as_bytes()).unwrap()
}

/// The value of this name that a browser brings back.
fn brought(answer: &Answer, name: &str) -> Option<String> {
    answer.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
}

impl Issuer {
    async fn new() -> Self {
        Self::with(client()).await
    }

    async fn with(client: OpenIdClient) -> Self {
        let (store, _, folder) = store().await;
        assert!(store.insert_app(&demo_app()).await.unwrap());
        add(&*store, &client).await;
        let person = Person {
            app_key: client.app_key,
            phone: Some(PhoneNumber::parse(PHONE).unwrap()),
            user_id: Some("IN.1".to_owned()),
            ..crate::store::tests::person(1)
        };
        let subject = person.subject;
        let put = PeopleChange { put: vec![person], ..PeopleChange::default() };
        store.change_people(put, None).await.unwrap();
        let clock = ManualClock::new();
        Self { openid: openid(&store, &clock), clock, store, client, subject, _folder: folder }
    }

    /// What a browser brings, with some parameters more.
    fn asks(&self, more: &[(&str, &str)]) -> Parameters {
        let mut pairs = vec![
            ("client_id", self.client.id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid phone offline_access"),
            ("state", "xyz"),
            ("nonce", "n-0"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        pairs.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        pairs.extend(more);
        parameters(&pairs)
    }

    /// A request that waits for a person.
    async fn request(&self, more: &[(&str, &str)]) -> AuthorizationRequest {
        let Begun::SignIn(id) = self.openid.begin(&self.asks(more), "browser").await.unwrap() else {
            panic!("it is refused");
        };
        self.openid.find_request(&id, "browser").await.unwrap().unwrap()
    }

    async fn approve(&self, request: &AuthorizationRequest, signed_in: &SignedIn) -> Handed {
        self.openid.approve(request, signed_in).await.unwrap()
    }

    /// A code that was sent back to the client.
    async fn code(&self, more: &[(&str, &str)]) -> String {
        let request = self.request(more).await;
        let Handed::Back(answer) = self.approve(&request, &somebody(self.subject)).await else {
            panic!("it is gone");
        };
        brought(&answer, "code").unwrap()
    }

    async fn exchange(&self, pairs: &[(&str, &str)]) -> Result<Tokens, OAuthErrorCode> {
        exchange(&self.openid, &self.client, pairs).await
    }

    async fn redeem(&self, code: &str) -> Result<Tokens, OAuthErrorCode> {
        self.exchange(&redeeming(code)).await
    }

    async fn refresh(&self, token: &str) -> Result<Tokens, OAuthErrorCode> {
        self.exchange(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    async fn is_good(&self, token: &str) -> bool {
        self.openid.access(token).await.unwrap().is_some()
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

async fn exchange(
    openid: &OpenId,
    client: &OpenIdClient,
    pairs: &[(&str, &str)],
) -> Result<Tokens, OAuthErrorCode> {
    openid.exchange(client, &parameters(pairs)).await.map_err(|error| match error {
        CallError::OAuth(error) => error.code,
        CallError::Store(error) => panic!("{error}"),
    })
}

/// What an ID token says, signature and end aside.
fn said(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

#[tokio::test]
async fn a_person_is_led_back_with_a_code_that_is_worth_tokens() {
    let issuer = Issuer::new().await;
    let request = issuer.request(&[]).await;
    let Handed::Back(answer) = issuer.approve(&request, &somebody(issuer.subject)).await else {
        panic!("it is gone");
    };
    assert_eq!(answer.redirect_uri, CALLBACK);
    assert_eq!(brought(&answer, "state").as_deref(), Some("xyz"));
    // RFC 9207: a client of several issuers is told which answers.
    assert_eq!(brought(&answer, "iss").as_deref(), Some(ISSUER));
    let tokens = issuer.redeem(&brought(&answer, "code").unwrap()).await.unwrap();
    assert_eq!((tokens.token_type, tokens.expires_in), ("Bearer", 3_600));
    assert_eq!(tokens.scope.to_string(), "openid phone offline_access");
    let claims = said(&tokens.id_token);
    for (name, value) in [
        ("iss", Value::from(ISSUER)),
        ("aud", issuer.client.id.clone().into()),
        ("sub", issuer.subject.expose().into()),
        ("nonce", "n-0".into()),
        ("acr", "urn:loggin:acr:code".into()),
        ("amr", serde_json::json!(["whatsapp"])),
        ("sid", "session-1".into()),
        ("auth_time", (START.0 / 1_000).into()),
        ("phone_number_verified", true.into()),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert!(claims["phone_number"].as_str().unwrap().starts_with('+'));
    let access = issuer.openid.access(&tokens.access_token).await.unwrap().unwrap();
    let told = issuer.openid.userinfo(&access.client, &access.grant, access.scope).await.unwrap();
    assert_eq!((&told["sub"], &told["phone_number"]), (&claims["sub"], &claims["phone_number"]));
    issuer.clock.advance(limits::OPENID_ACCESS_VALID);
    assert!(!issuer.is_good(&tokens.access_token).await, "it is over");
}

#[tokio::test]
async fn a_request_is_of_the_browser_that_brought_it() {
    let issuer = Issuer::new().await;
    let Begun::SignIn(id) = issuer.openid.begin(&issuer.asks(&[]), "browser").await.unwrap() else {
        panic!("it is refused");
    };
    let found =
        async |id: &str, browser: &str| issuer.openid.find_request(id, browser).await.unwrap().is_some();
    assert!(found(&id, "browser").await);
    assert!(!found(&id, "another").await && !found(&id, "").await && !found("other", "browser").await);
    issuer.clock.advance(limits::OPENID_REQUEST_VALID);
    assert!(!found(&id, "browser").await, "it is over");
}

#[tokio::test]
async fn a_request_is_answered_once() {
    let issuer = Issuer::new().await;
    let (request, signed_in) = (issuer.request(&[]).await, somebody(issuer.subject));
    let error = OAuthError::new(OAuthErrorCode::AccessDenied, "The person refused.");
    assert!(matches!(issuer.approve(&request, &signed_in).await, Handed::Back(_)));
    assert_eq!(issuer.approve(&request, &signed_in).await, Handed::Gone);
    assert_eq!(issuer.openid.refuse(&request, &error).await.unwrap(), Handed::Gone);
    let request = issuer.request(&[("response_mode", "form_post")]).await;
    let Handed::Back(answer) = issuer.openid.refuse(&request, &error).await.unwrap() else {
        panic!("it is gone");
    };
    assert_eq!(answer.mode, ResponseMode::FormPost);
    assert_eq!(brought(&answer, "error").as_deref(), Some("access_denied"));
    assert_eq!(brought(&answer, "state").as_deref(), Some("xyz"));
    assert_eq!(issuer.approve(&request, &signed_in).await, Handed::Gone);
}

#[tokio::test]
async fn who_did_less_than_the_client_asks_is_not_signed_in() {
    let issuer = Issuer::new().await;
    let late = SignedIn { auth_time: START - Duration::from_secs(66), ..somebody(issuer.subject) };
    let weak = SignedIn { confirmation: Confirm::Match, ..somebody(issuer.subject) };
    let asked = [("max_age", "60"), ("acr_values", "urn:loggin:acr:code")];
    for signed_in in [&late, &weak] {
        let request = issuer.request(&asked).await;
        let Handed::Back(answer) = issuer.approve(&request, signed_in).await else { panic!("it is gone") };
        assert_eq!(brought(&answer, "error").as_deref(), Some("login_required"));
        assert_eq!(brought(&answer, "code"), None);
    }
    let tokens = issuer.redeem(&issuer.code(&asked).await).await.unwrap();
    let expected = [("id_token_hint", tokens.id_token.as_str())];
    let request = issuer.request(&expected).await;
    let other = somebody(Subject::from_random([9; 20]));
    let Handed::Back(answer) = issuer.approve(&request, &other).await else { panic!("it is gone") };
    assert_eq!(brought(&answer, "error").as_deref(), Some("login_required"));
    assert!(!issuer.code(&expected).await.is_empty());
    for hint in ["rubbish", &tokens.access_token, &format!("{}x", tokens.id_token)] {
        let begun = issuer.openid.begin(&issuer.asks(&[("id_token_hint", hint)]), "browser").await.unwrap();
        assert!(matches!(begun, Begun::Back(_)));
    }
}

#[tokio::test]
async fn a_code_is_good_for_whoever_asked_for_it_alone() {
    let issuer = Issuer::new().await;
    let code = issuer.code(&[]).await;
    let right = redeeming(&code);
    let other_verifier = VERIFIER.replace('d', "e");
    for (name, value) in [
        ("code_verifier", other_verifier.as_str()),
        ("code_verifier", ""),
        ("redirect_uri", "https://client.example/other"),
        ("redirect_uri", ""),
        ("code", "00000000000000000000000000000000"),
    ] {
        let mut wrong = right;
        wrong.iter_mut().filter(|(known, _)| *known == name).for_each(|pair| pair.1 = value);
        assert_eq!(issuer.exchange(&wrong).await, Err(OAuthErrorCode::InvalidGrant), "{name}");
    }
    let other = OpenIdClient { id: "8XKPQ2WN-OTHER111".to_owned(), ..client() };
    add(&*issuer.store, &other).await;
    assert_eq!(exchange(&issuer.openid, &other, &right).await, Err(OAuthErrorCode::InvalidGrant));
    // None of that has used it, nor ended anything.
    assert!(issuer.redeem(&code).await.is_ok());

    let late = issuer.code(&[]).await;
    issuer.clock.advance(limits::OPENID_CODE_VALID);
    assert_eq!(issuer.redeem(&late).await, Err(OAuthErrorCode::InvalidGrant));
}

#[tokio::test]
async fn a_code_without_a_challenge_takes_no_verifier() {
    let mut old = client();
    old.settings.pkce = false;
    let issuer = Issuer::with(old).await;
    let bare = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = issuer.code(&bare).await;
    assert_eq!(issuer.redeem(&code).await, Err(OAuthErrorCode::InvalidGrant));
    assert!(issuer.exchange(&redeeming(&code)[..3]).await.is_ok());
}

#[tokio::test]
async fn a_code_that_is_shown_again_ends_all_that_it_gave() {
    let issuer = Issuer::new().await;
    let code = issuer.code(&[]).await;
    let tokens = issuer.redeem(&code).await.unwrap();
    let refresh = tokens.refresh_token.unwrap();
    assert!(issuer.is_good(&tokens.access_token).await);
    let later = issuer.refresh(&refresh).await.unwrap();
    assert_eq!(issuer.redeem(&code).await, Err(OAuthErrorCode::InvalidGrant));
    assert!(!issuer.is_good(&tokens.access_token).await && !issuer.is_good(&later.access_token).await);
    assert_eq!(issuer.refresh(&later.refresh_token.unwrap()).await, Err(OAuthErrorCode::InvalidGrant));
}

#[tokio::test]
async fn a_refresh_token_is_used_once_and_a_second_time_ends_the_family() {
    let issuer = Issuer::new().await;
    let first = issuer.redeem(&issuer.code(&[]).await).await.unwrap();
    let first_token = first.refresh_token.unwrap();
    let second = issuer.refresh(&first_token).await.unwrap();
    let second_token = second.refresh_token.unwrap();
    assert_ne!(first_token, second_token);
    assert_eq!(said(&second.id_token)["auth_time"], said(&first.id_token)["auth_time"]);
    assert_eq!(said(&second.id_token).get("nonce"), None);
    assert!(issuer.is_good(&first.access_token).await && issuer.is_good(&second.access_token).await);
    assert_eq!(issuer.refresh(&first_token).await, Err(OAuthErrorCode::InvalidGrant));
    assert!(!issuer.is_good(&second.access_token).await);
    assert_eq!(issuer.refresh(&second_token).await, Err(OAuthErrorCode::InvalidGrant));
}

#[tokio::test]
async fn a_refresh_token_is_narrowed_and_not_widened_and_ends() {
    let issuer = Issuer::new().await;
    let tokens = issuer.redeem(&issuer.code(&[("scope", "openid offline_access")]).await).await.unwrap();
    let token = tokens.refresh_token.unwrap();
    let scoped =
        |scope| [("grant_type", "refresh_token"), ("refresh_token", token.as_str()), ("scope", scope)];
    assert_eq!(issuer.exchange(&scoped("openid phone")).await, Err(OAuthErrorCode::InvalidScope));
    let narrow = issuer.exchange(&scoped("openid")).await.unwrap();
    assert_eq!(narrow.scope.to_string(), "openid");
    let next = narrow.refresh_token.unwrap();
    issuer.clock.advance(limits::OPENID_REFRESH_VALID.saturating_sub(SECOND));
    let last = issuer.refresh(&next).await.unwrap().refresh_token.unwrap();
    issuer.clock.advance(limits::OPENID_REFRESH_VALID);
    assert_eq!(issuer.refresh(&last).await, Err(OAuthErrorCode::InvalidGrant));
    let without = issuer.redeem(&issuer.code(&[("scope", "openid")]).await).await.unwrap();
    assert_eq!(without.refresh_token, None);
}

#[tokio::test]
async fn what_is_revoked_ends_with_all_of_its_sign_in() {
    let issuer = Issuer::new().await;
    let other = OpenIdClient { id: "8XKPQ2WN-OTHER111".to_owned(), ..client() };
    add(&*issuer.store, &other).await;
    for by_refresh in [true, false] {
        let tokens = issuer.redeem(&issuer.code(&[]).await).await.unwrap();
        let refresh = tokens.refresh_token.unwrap();
        let shown = if by_refresh { &refresh } else { &tokens.access_token };
        let form = parameters(&[("token", shown)]);
        issuer.openid.revoke(&other, &form).await.unwrap();
        assert!(issuer.is_good(&tokens.access_token).await, "another client ends nothing");
        let worth = issuer.openid.introspect(&issuer.client, &form).await.unwrap();
        assert_eq!((&worth["active"], &worth["client_id"]), (&true.into(), &issuer.client.id.clone().into()));
        issuer.openid.revoke(&issuer.client, &form).await.unwrap();
        assert!(!issuer.is_good(&tokens.access_token).await);
        let worth = issuer.openid.introspect(&issuer.client, &form).await.unwrap();
        assert_eq!(worth, serde_json::json!({ "active": false }));
        assert_eq!(issuer.refresh(&refresh).await, Err(OAuthErrorCode::InvalidGrant));
    }
    issuer.openid.revoke(&issuer.client, &parameters(&[("token", "rubbish")])).await.unwrap();
}

#[tokio::test]
async fn who_signs_out_ends_what_was_granted_in_the_session() {
    let issuer = Issuer::new().await;
    let tokens = issuer.redeem(&issuer.code(&[]).await).await.unwrap();
    let sign_out = async |pairs: &[(&str, &str)]| issuer.openid.sign_out(&parameters(pairs)).await;
    let hint = ("id_token_hint", tokens.id_token.as_str());
    for wrong in [
        &[][..],
        &[("id_token_hint", "rubbish")],
        &[hint, ("client_id", "8XKPQ2WN-OTHER111")],
        &[hint, ("post_logout_redirect_uri", "https://evil.example/")],
        &[hint, ("post_logout_redirect_uri", "https://client.example/bye/")],
    ] {
        assert!(sign_out(wrong).await.is_err(), "{wrong:?}");
        assert!(issuer.is_good(&tokens.access_token).await);
    }
    // The token is a hint also when it is over.
    issuer.clock.advance(limits::OPENID_ID_TOKEN_VALID.saturating_sub(SECOND));
    let bye = [hint, ("post_logout_redirect_uri", "https://client.example/bye"), ("state", "s 1")];
    let signed_out = sign_out(&bye).await.unwrap();
    assert_eq!(signed_out.location.as_deref(), Some("https://client.example/bye?state=s+1"));
    assert_eq!(signed_out.session_id.as_deref(), Some("session-1"));
    assert!(!issuer.is_good(&tokens.access_token).await);
}

#[tokio::test]
async fn a_request_that_was_pushed_is_used_once_by_its_client() {
    let issuer = Issuer::new().await;
    let push = async || issuer.openid.push(&issuer.client, &issuer.asks(&[])).await.unwrap().0;
    let uri = push().await;
    let begin = async |client: &str, uri: &str| {
        let query = parameters(&[("client_id", client), ("request_uri", uri), ("scope", "rubbish")]);
        issuer.openid.begin(&query, "browser").await.unwrap()
    };
    let other = OpenIdClient { id: "8XKPQ2WN-OTHER111".to_owned(), ..client() };
    add(&*issuer.store, &other).await;
    assert!(matches!(begin(&other.id, &uri).await, Begun::Untrusted(_)));
    // What stands beside it does not count.
    assert!(matches!(begin(&issuer.client.id, &uri).await, Begun::SignIn(_)));
    assert!(matches!(begin(&issuer.client.id, &uri).await, Begun::Untrusted(_)));
    let late = push().await;
    issuer.clock.advance(limits::OPENID_PUSHED_VALID);
    assert!(matches!(begin(&issuer.client.id, &late).await, Begun::Untrusted(_)));
    let elsewhere = issuer.asks(&[("redirect_uri", "https://evil.example/")]);
    assert!(issuer.openid.push(&issuer.client, &elsewhere).await.is_err());
}

#[tokio::test]
async fn a_device_waits_until_somebody_has_typed_its_code() {
    let issuer = Issuer::new().await;
    let begin = async || {
        let form = parameters(&[("scope", "openid phone offline_access")]);
        issuer.openid.begin_device(&issuer.client, &form).await.unwrap()
    };
    let codes = begin().await;
    let ask = async |codes: &DeviceCodes| {
        let asked = [("grant_type", exchange::DEVICE_GRANT), ("device_code", codes.device_code.as_str())];
        issuer.exchange(&asked).await
    };
    assert_eq!(ask(&codes).await, Err(OAuthErrorCode::AuthorizationPending));
    assert_eq!(ask(&codes).await, Err(OAuthErrorCode::SlowDown));
    issuer.clock.advance(limits::OPENID_DEVICE_PAUSE);
    assert_eq!(ask(&codes).await, Err(OAuthErrorCode::SlowDown), "the pause is longer now");
    let device = issuer.openid.find_device(&codes.user_code.to_lowercase()).await.unwrap().unwrap();
    assert_eq!(device.scope.to_string(), "openid phone offline_access");
    assert!(issuer.openid.approve_device(&device, &somebody(issuer.subject)).await.unwrap());
    assert!(!issuer.openid.refuse_device(&device).await.unwrap());
    assert!(issuer.openid.find_device(&codes.user_code).await.unwrap().is_none());
    let tokens = ask(&codes).await.unwrap();
    assert_eq!(said(&tokens.id_token)["sub"], issuer.subject.expose());
    assert!(issuer.is_good(&tokens.access_token).await);
    assert!(issuer.refresh(&tokens.refresh_token.unwrap()).await.is_ok());
    assert_eq!(ask(&codes).await, Err(OAuthErrorCode::InvalidGrant), "once");

    let refused = begin().await;
    let device = issuer.openid.find_device(&refused.user_code).await.unwrap().unwrap();
    assert!(issuer.openid.refuse_device(&device).await.unwrap());
    assert_eq!(ask(&refused).await, Err(OAuthErrorCode::AccessDenied));
    let late = begin().await;
    issuer.clock.advance(limits::OPENID_DEVICE_VALID);
    assert!(issuer.openid.find_device(&late.user_code).await.unwrap().is_none());
    assert_eq!(ask(&late).await, Err(OAuthErrorCode::ExpiredToken));
}

#[tokio::test]
async fn what_somebody_agreed_to_is_remembered_for_this_client() {
    let issuer = Issuer::new().await;
    let (subject, client) = (issuer.subject, &issuer.client);
    let has =
        async |scope: &str| issuer.openid.has_consent(client, subject, Scopes::parse(scope)).await.unwrap();
    assert!(!has("openid").await);
    issuer.openid.remember_consent(client, subject, Scopes::parse("openid")).await.unwrap();
    assert!(has("openid").await && !has("openid phone").await);
    issuer.openid.remember_consent(client, subject, Scopes::parse("phone")).await.unwrap();
    assert!(has("openid phone").await);
}

#[tokio::test]
async fn a_client_of_a_disabled_app_does_nothing() {
    let issuer = Issuer::new().await;
    let tokens = issuer.redeem(&issuer.code(&[]).await).await.unwrap();
    let request = issuer.request(&[]).await;
    let act = crate::store::Act::DisableApp(issuer.client.app_key, START);
    assert!(issuer.store.administer(act, "alice".to_owned(), START).await.unwrap());
    let openid = openid(&issuer.store, &issuer.clock);
    assert!(openid.access(&tokens.access_token).await.unwrap().is_none());
    assert!(openid.find_request(&request.id, "browser").await.unwrap().is_none());
    let begun = openid.begin(&issuer.asks(&[]), "browser").await.unwrap();
    assert!(matches!(begun, Begun::Untrusted(_)));
}

#[tokio::test]
async fn keys_take_turns_and_old_tokens_are_checked_meanwhile() {
    let issuer = Issuer::new().await;
    let kids = async || {
        let keys = issuer.store.openid_keys().await.unwrap();
        keys.into_iter().map(|key| key.kid).collect::<Vec<_>>()
    };
    let first = issuer.redeem(&issuer.code(&[]).await).await.unwrap();
    assert_eq!(kids().await.len(), 1);
    issuer.clock.advance(limits::OPENID_KEY_SIGNS.saturating_sub(limits::OPENID_KEY_AHEAD));
    issuer.openid.look_after().await.unwrap();
    assert_eq!(kids().await.len(), 2);
    assert!(issuer.openid.hint(&first.id_token).await.unwrap().is_some());
    let signed_by = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    let second = issuer.redeem(&issuer.code(&[("max_age", "99999999")]).await).await.unwrap();
    assert_eq!(signed_by(&second.id_token), signed_by(&first.id_token), "it does not sign yet");
    issuer.clock.advance(limits::OPENID_KEY_AHEAD);
    let third = issuer.redeem(&issuer.code(&[]).await).await.unwrap();
    assert_eq!(signed_by(&third.id_token), kids().await[1]);
    issuer.clock.advance(limits::OPENID_KEY_KEPT);
    issuer.openid.look_after().await.unwrap();
    assert_eq!(kids().await.len(), 1);
    assert!(issuer.openid.hint(&first.id_token).await.unwrap().is_none());
}

#[tokio::test]
async fn nothing_secret_is_in_a_debug_text() {
    let issuer = Issuer::new().await;
    let request = issuer.request(&[("login_hint", "+919876543210")]).await;
    let Handed::Back(answer) = issuer.approve(&request, &somebody(issuer.subject)).await else {
        panic!("it is gone");
    };
    let code = brought(&answer, "code").unwrap();
    let tokens = issuer.redeem(&code).await.unwrap();
    let grant = issuer.openid.access(&tokens.access_token).await.unwrap().unwrap().grant;
    let text = format!("{request:?} {answer:?} {tokens:?} {grant:?} {:?}", issuer.client);
    for secret in [&code, &tokens.access_token, &tokens.id_token, "919876543210", SECRET, "xyz", "n-0"] {
        assert!(!text.contains(secret), "{secret}");
    }
}
