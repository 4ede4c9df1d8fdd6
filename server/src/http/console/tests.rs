//! The console as a browser gets it.

use std::time::Duration;

use loggin_protocol::PhoneNumber;
use serde_json::json;

use super::{
    fixture::{location, put, sign_in},
    session::Session,
};
use crate::{
    limits,
    store::{
        Act, Admin, EventKind, Role,
        tests::{event, webhook_endpoint},
    },
    tests::{APP, PHONE, START, TestServer, error_of, guarded_app, token},
};

/// What a page shows as a secret that was just made.
fn secret(page: &str) -> &str {
    page.split("id=\"secret\">").nth(1).unwrap().split('<').next().unwrap()
}

const PAGES: [&str; 4] = ["/console/apps", "/console/apps/8XKPQ2WN", "/console/webhooks", "/console/audit"];

#[tokio::test]
async fn who_is_not_signed_in_is_led_to_the_sign_in_and_back() {
    let server = TestServer::start().await;
    for path in PAGES.iter().chain(&["/console/people", "/console"]) {
        let response = server.get(path).send().await.unwrap();
        assert_eq!(response.status(), 303, "{path}");
        let to = location(&response).strip_prefix("/console/sign-in?to=").unwrap();
        assert_eq!(to.replace("%2F", "/"), *path);
    }
    let page = server.get("/console/sign-in").send().await.unwrap();
    assert_eq!(page.headers()["cache-control"], "no-store");
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("form-action 'self'") && policy.contains("frame-ancestors 'none'"));
    assert!(page.text().await.unwrap().contains("admin add"), "nobody may use it yet");
}

#[tokio::test]
async fn forged_foreign_and_old_cookies_are_refused() {
    let server = TestServer::start().await;
    let olga = sign_in(&server, "olga", Role::Owner, None).await;
    assert!(olga.page(&server, "/console/apps").await.contains("olga"));
    let refused = async |cookie: &str| {
        let response = server.get("/console/apps").header("Cookie", cookie).send().await.unwrap();
        assert_eq!(response.status(), 303, "{cookie}");
    };
    let (name, value) = olga.cookie.split_once('=').unwrap();
    for position in [0, value.len() / 2, value.len() - 1] {
        let mut forged = value.as_bytes().to_vec();
        forged[position] = if forged[position] == b'A' { b'B' } else { b'A' };
        refused(&format!("{name}={}", String::from_utf8(forged).unwrap())).await;
    }
    for forged in ["", "x", "AAAA", &value[..40]] {
        refused(&format!("{name}={forged}")).await;
    }
    // That of another server: its keys are of another secret.
    let other = TestServer::start_with(|settings| {
        settings.whatsapp.app_secrets = vec!["another".into()];
    })
    .await;
    refused(&sign_in(&other, "olga", Role::Owner, None).await.cookie).await;
    // A copy that somebody has is worth nothing after a sign-out.
    let gone = olga.post(&server, "/console/sign-out", &[]).send().await.unwrap();
    assert_eq!((gone.status().as_u16(), location(&gone)), (303, "/console/sign-in"));
    assert!(gone.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    refused(&olga.cookie).await;
    // One of somebody who was removed, and one that is too old.
    let ben = sign_in(&server, "ben", Role::Viewer, None).await;
    let remove = Act::RemoveAdmin("ben".to_owned());
    assert!(server.server.store.administer(remove, "root".to_owned(), START).await.unwrap());
    refused(&ben.cookie).await;
    let eve = sign_in(&server, "eve", Role::Viewer, None).await;
    server.clock.advance(limits::CONSOLE_SESSION.checked_sub(Duration::from_secs(1)).unwrap());
    eve.page(&server, "/console/apps").await;
    server.clock.advance(Duration::from_secs(1));
    refused(&eve.cookie).await;
}

#[tokio::test]
async fn a_cookie_is_for_this_server_alone_and_for_no_script() {
    let server = TestServer::start_with(|settings| {
        "https://login.example".clone_into(&mut settings.public_origin);
    })
    .await;
    let admin = put(&server, "olga", Role::Owner, None).await;
    let cookie = Session::begin(&server.server, &admin).cookie(&server.server).unwrap().to_string();
    assert!(cookie.starts_with("__Host-loggin-console="), "{cookie}");
    for attribute in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("olga") && !cookie.contains("Domain"), "{cookie}");
}

#[tokio::test]
async fn a_page_of_another_site_can_do_nothing() {
    let server = TestServer::start().await;
    let olga = sign_in(&server, "olga", Role::Owner, None).await;
    for (name, value) in [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")] {
        let request = server
            .post("/console/apps/8XKPQ2WN")
            .header("Cookie", &olga.cookie)
            .header(name, value)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body("act=pause");
        assert_eq!(request.send().await.unwrap().status(), 403, "{name}");
    }
    let nothing_said = server.post("/console/sign-out").header("Cookie", &olga.cookie).send().await.unwrap();
    assert_eq!(nothing_said.status(), 403);
    assert!(olga.page(&server, "/console/apps").await.contains(">on<"));
}

#[tokio::test]
async fn an_app_and_its_keys_are_made_shown_once_and_ended() {
    let server = TestServer::start().await;
    let olga = sign_in(&server, "olga", Role::Owner, None).await;
    let made = olga.post(&server, "/console/apps", &[("name", " Shop <b> ")]).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let made = made.text().await.unwrap();
    let key = secret(&made).to_owned();
    let app_key = key.split('_').nth(1).unwrap().to_owned();
    let path = format!("/console/apps/{app_key}");
    let shown = olga.page(&server, &path).await;
    assert!(!shown.contains(&key) && shown.contains("Shop &#60;b&#62;"), "{shown}");
    let call = async |key: &str| {
        let call = server.get("/api/v1/auth/status?session_id=00000000-0000-4000-8000-000000000000");
        call.header("Authorization", format!("Bearer {key}")).send().await.unwrap().status().as_u16()
    };
    assert_eq!(call(&key).await, 404, "the key is good, and there is no such session");
    let new = olga.post(&server, &path, &[("act", "create_key"), ("label", "web"), ("days", "")]);
    let second = secret(&new.send().await.unwrap().text().await.unwrap()).to_owned();
    let first_id = shown.split("name=\"key\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let rotate = olga.post(&server, &path, &[("act", "rotate_key"), ("key", first_id)]);
    let third = secret(&rotate.send().await.unwrap().text().await.unwrap()).to_owned();
    assert!(key != second && second != third);
    let revoked =
        olga.post(&server, &path, &[("act", "revoke_key"), ("key", first_id)]).send().await.unwrap();
    assert_eq!(location(&revoked), path);
    let acts: Vec<_> = server.server.store.audit(9).await.unwrap();
    let acts: Vec<_> = acts.iter().filter(|row| row.actor == "olga").map(|row| row.act.as_str()).collect();
    assert_eq!(acts, ["app_create", "key_create", "key_rotate", "key_revoke"]);
    let wrong = olga.post(&server, &path, &[("act", "delete"), ("typed", "no")]).send().await.unwrap();
    assert_eq!(wrong.status(), 422);
    let gone = olga.post(&server, &path, &[("act", "delete"), ("typed", &app_key)]).send().await.unwrap();
    assert_eq!(location(&gone), "/console/apps");
    assert_eq!(olga.get(&server, &path).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn settings_are_saved_or_what_is_wrong_is_said() {
    let server = TestServer::start().await;
    let olga = sign_in(&server, "olga", Role::Owner, None).await;
    let form = |quota, origins| {
        [
            ("act", "save"),
            ("name", "Corner shop"),
            ("confirm", "match"),
            ("phone_hidden", "fail"),
            ("require_secret_key", "on"),
            ("allowed_origins", origins),
            ("calls_per_minute", "60"),
            ("monthly_quota", quota),
            ("messages_per_day", ""),
            ("history_days", "30"),
        ]
    };
    let path = "/console/apps/8XKPQ2WN";
    let saved = olga.post(&server, path, &form("500", "https://shop.example")).send().await.unwrap();
    assert_eq!(saved.status(), 200);
    let app = server.server.store.app(loggin_protocol::AppKey::parse(APP).unwrap()).await.unwrap().unwrap();
    assert_eq!(
        (app.name.as_str(), app.monthly_quota, app.messages_per_day),
        ("Corner shop", Some(500), None)
    );
    assert_eq!(app.history_days, Some(30));
    assert_eq!((app.allowed_origins, app.live_only), (vec!["https://shop.example".to_owned()], false));
    for (quota, origins) in [("many", "https://shop.example"), ("1", "nonsense")] {
        let refused = olga.post(&server, path, &form(quota, origins)).send().await.unwrap();
        assert_eq!(refused.status(), 422);
        assert!(refused.text().await.unwrap().contains("role=\"alert\""));
    }
    let unknown = olga.post(&server, path, &[("act", "explode")]).send().await.unwrap();
    assert_eq!(unknown.status(), 422);
}

#[tokio::test]
async fn secrets_are_shown_to_who_signed_in_lately() {
    let server = TestServer::start().await;
    let olga = sign_in(&server, "olga", Role::Owner, None).await;
    server.clock.advance(limits::CONSOLE_RECENT);
    let path = "/console/apps/8XKPQ2WN";
    for form in [
        vec![("act", "create_key"), ("label", "web")],
        vec![("act", "rotate_key"), ("key", "00")],
        vec![("act", "delete"), ("typed", APP)],
    ] {
        let led = olga.post(&server, path, &form).send().await.unwrap();
        assert_eq!(led.status(), 303);
        assert_eq!(location(&led), "/console/sign-in?to=%2Fconsole%2Fagain&again=1");
    }
    for (path, form) in [("/console/apps", [("name", "x")]), ("/console/people", [("act", "put")])] {
        assert_eq!(olga.post(&server, path, &form).send().await.unwrap().status(), 303);
    }
    let paused = olga.post(&server, path, &[("act", "pause")]).send().await.unwrap();
    assert_eq!(location(&paused), path, "what shows nothing needs no other sign-in");
}

#[tokio::test]
async fn a_viewer_changes_nothing_and_an_editor_no_people() {
    let server = TestServer::start().await;
    let viewer = sign_in(&server, "vera", Role::Viewer, None).await;
    let editor = sign_in(&server, "ed", Role::Editor, None).await;
    for path in PAGES {
        let page = viewer.page(&server, path).await;
        let forms = page.matches("method=\"post\"").count();
        let allowed = if path.starts_with("/console/apps/") { 3 } else { 1 };
        assert!(forms <= allowed, "{path}: a form beside that of the sign-out, or those that are disabled");
    }
    let before = server.server.store.audit(100).await.unwrap().len();
    let app = "/console/apps/8XKPQ2WN";
    for (path, form) in [
        ("/console/apps", vec![("name", "x")]),
        (app, vec![("act", "pause")]),
        (app, vec![("act", "create_key"), ("label", "x")]),
        (app, vec![("act", "revoke_key"), ("key", "00")]),
        (app, vec![("act", "delete"), ("typed", APP)]),
        ("/console/webhooks", vec![("app", APP), ("url", "https://shop.example/hook")]),
        ("/console/people", vec![("act", "put"), ("name", "vera"), ("role", "owner")]),
    ] {
        let refused = viewer.post(&server, path, &form).send().await.unwrap();
        assert_eq!(refused.status(), 403, "{path} {form:?}");
    }
    for form in
        [vec![("act", "put"), ("name", "ed"), ("role", "owner")], vec![("act", "remove"), ("name", "root")]]
    {
        assert_eq!(editor.post(&server, "/console/people", &form).send().await.unwrap().status(), 403);
    }
    assert_eq!(editor.get(&server, "/console/people").send().await.unwrap().status(), 403);
    assert_eq!(server.server.store.audit(100).await.unwrap().len(), before);
}

#[tokio::test]
async fn who_sees_one_app_sees_and_changes_no_other() {
    let server = TestServer::start().await;
    let (mut other, _) = guarded_app("7YYYYYYY");
    other.name = "Other shop".to_owned();
    assert!(server.server.store.insert_app(&other).await.unwrap());
    let editor = sign_in(&server, "ed", Role::Editor, Some(&[APP])).await;
    let other_page = format!("/console/apps/{}", other.app_key);
    let owner = sign_in(&server, "olga", Role::Owner, None).await;
    let _ = owner.post(&server, &other_page, &[("act", "pause")]).send().await.unwrap();
    for path in ["/console/apps", "/console/webhooks", "/console/audit"] {
        let page = editor.page(&server, path).await;
        assert!(!page.contains(other.app_key.as_str()) && !page.contains(&other.name), "{path}");
    }
    assert_eq!(editor.get(&server, &other_page).send().await.unwrap().status(), 404);
    for act in ["resume", "save", "create_key"] {
        let form =
            [("act", act), ("label", "x"), ("confirm", "none"), ("phone_hidden", "ask"), ("name", "x")];
        assert_eq!(editor.post(&server, &other_page, &form).send().await.unwrap().status(), 404, "{act}");
    }
    let new = editor.post(&server, "/console/apps", &[("name", "x")]).send().await.unwrap();
    assert_eq!(new.status(), 403, "an app of its own would be out of reach");
}

#[tokio::test]
async fn an_endpoint_moves_and_its_deliveries_are_read_page_by_page() {
    let server = TestServer::start().await;
    let olga = sign_in(&server, "olga", Role::Owner, None).await;
    let endpoint = webhook_endpoint("whe_1", &["otp.sent"]);
    assert!(server.server.store.put_webhook_endpoint(&endpoint).await.unwrap());
    let path = "/console/webhooks/whe_1";
    let form = |url| [("act", "save"), ("url", url), ("login.revoked", "on")];
    for (url, why) in [("http://shop.example/", "https"), ("https://10.0.0.1/", "public")] {
        let refused = olga.post(&server, path, &form(url)).send().await.unwrap();
        assert_eq!(refused.status(), 422);
        let page = refused.text().await.unwrap();
        assert!(page.contains(&format!("value=\"{url}\"")) && page.contains(why), "{page}");
        assert!(page.contains("name=\"login.revoked\" checked"));
    }
    let moved = olga.post(&server, path, &form("https://shop.example/new")).send().await.unwrap();
    assert_eq!(location(&moved), path);
    let kept = server.server.store.webhook_endpoint("whe_1").await.unwrap().unwrap();
    assert_eq!(
        (kept.url.as_str(), &kept.events[..]),
        ("https://shop.example/new", &["login.revoked".to_owned()][..])
    );
    assert_eq!(kept.secret, endpoint.secret);
    let told = (0..=limits::WEBHOOKS_SHOWN)
        .map(|number| event(&format!("evt_{number:03}"), EventKind::LoginRevoked));
    server.server.store.queue_events(told.collect()).await.unwrap();
    let first = olga.page(&server, path).await;
    assert!(first.contains("evt_000") && !first.contains("evt_100") && !first.contains(">Latest<"));
    let older = first.split("?after=").nth(1).unwrap().split('"').next().unwrap();
    let second = olga.page(&server, &format!("{path}?after={older}")).await;
    assert!(second.contains("evt_100") && !second.contains("evt_000") && second.contains(">Latest<"));
    assert!(!second.contains(">Older<"));
    assert_eq!(olga.get(&server, &format!("{path}?after=x")).send().await.unwrap().status(), 404);
    server.clock.advance(limits::CONSOLE_RECENT);
    let led = olga.post(&server, path, &form("https://elsewhere.example/")).send().await.unwrap();
    assert!(location(&led).ends_with("again=1"), "people are told of there");
}

#[tokio::test]
async fn a_token_of_another_app_or_of_nobody_begins_no_session() {
    let server = TestServer::start().await;
    let post = async |token: &str| {
        server
            .post("/console/sign-in")
            .header("Origin", &server.server.settings.public_origin)
            .json(&json!({ "token": token }))
            .send()
            .await
            .unwrap()
    };
    server.tap(&token(1)).await;
    let foreign = post(&token(1).expose()).await;
    assert_eq!(error_of(foreign).await, (404, "unknown_app".to_owned()));
    let own = loggin_protocol::Token::from_secret(
        loggin_protocol::AppKey::parse(crate::apps::CONSOLE_APP).unwrap(),
        [7; 20],
    );
    assert_eq!(error_of(post(&own.expose()).await).await, (401, "unauthorized".to_owned()));
    // The app is nobody's: no secret key redeems for it, and no page of another origin waits.
    let redeemed = server.verify(&own, "x").await;
    assert_eq!(error_of(redeemed).await, (401, "unauthorized".to_owned()));
}

#[tokio::test]
async fn the_first_with_a_number_is_the_only_one_whom_it_lets_in() {
    let server = TestServer::start().await;
    let all = &server.server.administration;
    let phone = PhoneNumber::parse(PHONE).unwrap();
    let admin = Admin { phone: Some(phone.clone()), ..put(&server, "olga", Role::Owner, None).await };
    let put = Act::PutAdmin(admin);
    assert!(server.server.store.administer(put, "root".to_owned(), START).await.unwrap());
    let session = |phone: Option<&str>, person: u8| loggin_protocol::wire::SessionBody {
        app_key: loggin_protocol::AppKey::parse(crate::apps::CONSOLE_APP).unwrap(),
        phone: phone.map(|digits| PhoneNumber::parse(digits).unwrap()),
        user_id: None,
        subject: loggin_protocol::Subject::from_random([person; 20]),
        confirmation: crate::store::Confirm::Code,
        assurance: loggin_protocol::Assurance::Normal,
        verified_at: loggin_protocol::wire::Timestamp(START.into()),
    };
    let name = async |session| all.sign_in_admin(&session).await.unwrap().map(|admin| admin.name);
    assert_eq!(name(session(Some("15550001111"), 1)).await, None);
    assert_eq!(name(session(Some(PHONE), 1)).await.as_deref(), Some("olga"));
    assert_eq!(name(session(Some(PHONE), 2)).await, None, "somebody else has the number now");
    assert_eq!(name(session(None, 1)).await.as_deref(), Some("olga"), "whatever their number is now");
}

#[tokio::test]
async fn guards_are_shown_and_set_on_the_page_of_their_app() {
    let server = TestServer::start().await;
    let olga = sign_in(&server, "olga", Role::Owner, None).await;
    let path = "/console/apps/8XKPQ2WN";
    let form = |countries, per_day| {
        [
            ("act", "set_guards"),
            ("mode", "dry_run"),
            ("countries", countries),
            ("per_day", per_day),
            ("country_per_day", ""),
            ("conversion", "40"),
            ("client_countries", "2"),
            ("client_numbers", "5"),
        ]
    };
    let saved = olga.post(&server, path, &form("IN,DE", "700")).send().await.unwrap();
    assert_eq!(saved.status(), 200);
    let page = olga.page(&server, path).await;
    for shown in ["value=\"DE,IN\"", "value=\"700\"", "value=\"40\"", "value=\"dry_run\" checked"] {
        assert!(page.contains(shown), "{shown}");
    }
    for (countries, per_day) in [("Atlantis", "700"), ("IN", "lots"), ("", "700")] {
        let refused = olga.post(&server, path, &form(countries, per_day)).send().await.unwrap();
        assert_eq!(refused.status(), 422, "{countries} {per_day}");
    }
    let viewer = sign_in(&server, "vera", Role::Viewer, None).await;
    let refused = viewer.post(&server, path, &form("any", "")).send().await.unwrap();
    assert_eq!(refused.status(), 403);
}
