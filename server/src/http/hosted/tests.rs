//! The issuer's pages as a browser without scripts gets them.

use std::time::Duration;

use serde_json::{Value, json};

use super::fixture::{
    Browser, CALLBACK, Page, add_client, another_sender, authorize, program, request_of, tap,
};
use crate::{
    clock::Clock,
    limits,
    logins::life,
    store::{App, Confirm, State},
    tests::{APP, EventReader, TestServer, demo_app, guarded_app, is_on_postgresql},
};

const OTHER: &str = "11111111";
const HOUR: Duration = Duration::from_secs(3_600);

/// A server with a client of the demo app.
async fn start() -> TestServer {
    let server = TestServer::start().await;
    add_client(&server, APP, false).await;
    server
}

/// The same where the app asks for this confirmation.
async fn start_confirmed(confirm: Confirm) -> TestServer {
    let server = start().await;
    assert!(server.server.store.update_app(&App { confirm, ..demo_app() }).await.unwrap());
    server
}

/// The digits that WhatsApp shows who has sent the message of the only login.
async fn digits(server: &TestServer, page: &Page) -> String {
    let link = page.link();
    let code = loggin_protocol::Code::parse(link.rsplit_once("%20").unwrap().1).unwrap();
    let login = server.server.store.logins(&[code]).await.unwrap().remove(0);
    server.server.logins.digits(&login).unwrap().expose().to_owned()
}

#[tokio::test]
async fn a_tap_signs_in_without_a_script() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let (request, first) = browser.arrive(&[]).await;
    assert_eq!((first.status, first.state().as_str()), (200, "pending"));
    assert!(
        first.text.contains("<h1>Sign in to Demo</h1>") && first.text.contains("<svg "),
        "{}",
        first.text
    );
    for policy in ["frame-ancestors 'none'", "script-src 'self'", "form-action 'self'", "default-src 'none'"]
    {
        assert!(first.policy.contains(policy), "{}", first.policy);
    }
    assert!(
        !first.text.contains("lgn1_") && !first.text.contains("<style") && !first.text.contains(" style=")
    );
    // The page that is loaded again shows the same link.
    let again = browser.get(&first.refresh().unwrap()).await;
    assert_eq!(again.link(), first.link());
    tap(&server, &first.link(), &json!({})).await;
    let done = browser.get(&first.refresh().unwrap()).await;
    assert_eq!(done.status, 200, "a page leads back, whatever led to it");
    let told = done.told();
    assert_eq!(told.keys().collect::<Vec<_>>(), ["code", "iss", "state"]);
    assert_eq!((told["state"].as_str(), &told["iss"]), ("a state", &server.url));
    assert!(done.text.contains("id=\"leave\""), "there is a way on where nothing happens by itself");
    // The request is over, and so is what the browser did about it.
    assert!(browser.cookies.keys().all(|name| !name.contains("attempt")), "{:?}", browser.cookies.keys());
    assert_eq!(browser.get(&format!("/openid/sign-in?request={request}")).await.status, 400);
    // Who comes again is known.
    let (_, known) = browser.arrive(&[]).await;
    assert_eq!(known.status, 303);
    assert!(known.told()["code"] != told["code"]);
}

#[tokio::test]
async fn people_cancel_and_the_client_is_told() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let (request, _) = browser.arrive(&[]).await;
    let gone = browser.act(&request, "cancel", &[]).await;
    assert_eq!((gone.status, gone.told()["error"].as_str()), (200, "access_denied"));
    assert_eq!(browser.get(&format!("/openid/sign-in?request={request}")).await.status, 400);
}

#[tokio::test]
async fn a_link_that_has_run_out_is_replaced_and_signs_nobody_in() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let (request, first) = browser.arrive(&[]).await;
    server.clock.advance(life::PENDING);
    let expired = browser.get(&first.refresh().unwrap()).await;
    assert_eq!(expired.state(), "expired");
    assert!(expired.text.contains("value=\"again\"") && expired.refresh().is_none(), "{}", expired.text);
    let fresh = browser.act(&request, "again", &[]).await;
    assert_eq!(fresh.state(), "pending");
    assert!(fresh.link() != first.link());
    tap(&server, &first.link(), &json!({})).await;
    assert_eq!(browser.get(&fresh.refresh().unwrap()).await.state(), "pending");
    // Its clock has gone on, and so has the sender's.
    let late = (server.clock.now().0 / 1_000).to_string();
    tap(&server, &fresh.link(), &json!({ "timestamp": late })).await;
    assert!(browser.get(&fresh.refresh().unwrap()).await.told().contains_key("code"));
    // The request itself runs out too.
    let (request, _) = browser.arrive(&[("prompt", "login")]).await;
    server.clock.advance(HOUR);
    let over = browser.get(&format!("/openid/sign-in?request={request}")).await;
    assert_eq!(over.status, 400);
    assert!(over.text.contains("This sign-in is over"), "{}", over.text);
}

#[tokio::test]
async fn digits_that_whatsapp_shows_are_typed_on_the_page() {
    let server = start_confirmed(Confirm::Code).await;
    let mut browser = Browser::new(&server);
    let (request, first) = browser.arrive(&[]).await;
    tap(&server, &first.link(), &json!({})).await;
    let asked = browser.get(&first.refresh().unwrap()).await;
    assert_eq!(asked.state(), "awaiting_confirmation");
    assert!(asked.text.contains("name=\"digits\"") && asked.refresh().is_none(), "what is typed stays");
    let right = digits(&server, &first).await;
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for (typed, left) in [(wrong, "4"), ("rubbish", "4"), (wrong, "3")] {
        let refused = browser.act(&request, "confirm", &[("digits", typed)]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains(&format!("Tries left: {left}")), "{typed}: {}", refused.text);
    }
    let spaced = format!(" {}-{}", &right[..3], &right[3..]);
    let done = browser.act(&request, "confirm", &[("digits", &spaced)]).await;
    assert!(done.told().contains_key("code"));
}

#[tokio::test]
async fn who_types_wrong_digits_too_often_begins_anew() {
    let server = start_confirmed(Confirm::Code).await;
    let mut browser = Browser::new(&server);
    let (request, first) = browser.arrive(&[]).await;
    tap(&server, &first.link(), &json!({})).await;
    let right = digits(&server, &first).await;
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let mut last = None;
    for _ in 0..5 {
        last = Some(browser.act(&request, "confirm", &[("digits", wrong)]).await);
    }
    let blocked = last.unwrap();
    assert!(blocked.text.contains("Too many wrong codes. Start again"), "{}", blocked.text);
    let late = browser.act(&request, "confirm", &[("digits", &right)]).await;
    assert!(late.text.contains("Too many wrong codes. Start again"), "{}", late.text);
    assert_eq!(browser.act(&request, "again", &[]).await.state(), "pending");
}

#[tokio::test]
async fn digits_to_choose_in_whatsapp_are_shown_on_the_page_alone() {
    let server = start_confirmed(Confirm::Match).await;
    let mut browser = Browser::new(&server);
    let (_, first) = browser.arrive(&[]).await;
    tap(&server, &first.link(), &json!({})).await;
    let asked = browser.get(&first.refresh().unwrap()).await;
    assert_eq!(asked.state(), "awaiting_match");
    let shown = asked.between("<strong>", "</strong>").unwrap();
    assert!(shown.len() == 2 && shown.bytes().all(|digit| digit.is_ascii_digit()), "{shown}");
    assert!(asked.refresh().is_some() && !asked.text.contains("name=\"digits\""));
}

#[tokio::test]
async fn a_client_asks_for_more_confirmation_than_the_app_and_never_for_less() {
    for (app, asked, state) in [
        (Confirm::None, "urn:loggin:acr:code", "awaiting_confirmation"),
        (Confirm::None, "urn:loggin:acr:match", "awaiting_match"),
        (Confirm::Code, "urn:loggin:acr:none", "awaiting_confirmation"),
    ] {
        let server = start_confirmed(app).await;
        let mut browser = Browser::new(&server);
        let (_, first) = browser.arrive(&[("acr_values", asked)]).await;
        tap(&server, &first.link(), &json!({})).await;
        assert_eq!(browser.get(&first.refresh().unwrap()).await.state(), state, "{asked}");
    }
    // Who is remembered with less signs in again.
    let server = start().await;
    let mut browser = Browser::new(&server);
    browser.sign_in(&[]).await;
    let (_, more) = browser.arrive(&[("acr_values", "urn:loggin:acr:code")]).await;
    assert_eq!(more.state(), "pending");
}

#[tokio::test]
async fn who_says_not_me_is_not_signed_in() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let (request, first) = browser.arrive(&[]).await;
    let code = loggin_protocol::Code::parse(first.link().rsplit_once("%20").unwrap().1).unwrap();
    tap(&server, &first.link(), &json!({})).await;
    server.server.logins.deny(code).await.unwrap();
    let denied = browser.get(&first.refresh().unwrap()).await;
    assert_eq!(denied.state(), "denied");
    assert_eq!(browser.act(&request, "again", &[]).await.state(), "pending");
    // Nor is remembered who says so afterwards.
    let told = browser.sign_in(&[]).await;
    assert!(told.contains_key("code"));
    assert_eq!(browser.arrive(&[]).await.1.status, 303);
    let (_, next) = browser.arrive(&[("prompt", "login")]).await;
    let code = loggin_protocol::Code::parse(next.link().rsplit_once("%20").unwrap().1).unwrap();
    tap(&server, &next.link(), &json!({})).await;
    assert!(browser.get(&next.refresh().unwrap()).await.told().contains_key("code"));
    server.server.logins.deny(code).await.unwrap();
    assert_eq!(browser.arrive(&[]).await.1.state(), "pending");
}

#[tokio::test]
async fn what_is_silent_is_answered_at_once() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let silent = |more: &[(&'static str, &'static str)]| {
        [("prompt", "none")].into_iter().chain(more.iter().copied()).collect::<Vec<_>>()
    };
    let error = |page: &Page| {
        assert_eq!(page.status, 303);
        page.told().get("error").cloned()
    };
    let (_, nobody) = browser.arrive(&silent(&[])).await;
    assert_eq!(error(&nobody).as_deref(), Some("login_required"));
    browser.sign_in(&[]).await;
    for (asks, expected) in [
        (&[][..], None),
        (&[("max_age", "60")], None),
        (&[("login_hint", "+91 98765 43210")], None),
        (&[("login_hint", "+49 1511 2345678")], Some("login_required")),
        (&[("acr_values", "urn:loggin:acr:code")], Some("login_required")),
    ] {
        let (_, page) = browser.arrive(&silent(asks)).await;
        assert_eq!(error(&page).as_deref(), expected, "{asks:?}");
    }
    server.clock.advance(HOUR);
    for (most, expected) in [("3600", None), ("3599", Some("login_required")), ("0", Some("login_required"))]
    {
        let (_, page) = browser.arrive(&[("prompt", "none"), ("max_age", most)]).await;
        assert_eq!(error(&page).as_deref(), expected, "{most}");
    }
    server.clock.advance(server.server.settings.issuer_session);
    let (_, late) = browser.arrive(&silent(&[])).await;
    assert_eq!(error(&late).as_deref(), Some("login_required"));
}

#[tokio::test]
async fn who_is_remembered_signs_in_again_where_that_is_asked() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    browser.sign_in(&[]).await;
    server.clock.advance(Duration::from_secs(60));
    for asks in [[("prompt", "login")], [("max_age", "0")], [("max_age", "59")]] {
        let (_, page) = browser.arrive(&asks).await;
        assert_eq!(page.state(), "pending", "{asks:?}");
        let late = (server.clock.now().0 / 1_000).to_string();
        tap(&server, &page.link(), &json!({ "timestamp": late })).await;
        let done = browser.get(&page.refresh().unwrap()).await;
        assert!(done.told().contains_key("code"), "{asks:?}");
        server.clock.advance(Duration::from_secs(60));
    }
}

#[tokio::test]
async fn people_choose_who_they_are() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    browser.sign_in(&[]).await;
    for asks in [[("prompt", "select_account")], [("login_hint", "+49 1511 2345678")]] {
        let (request, page) = browser.arrive(&asks).await;
        assert!(
            page.text.contains("Continue as …3210") && !page.text.contains("919876543210"),
            "{}",
            page.text
        );
        assert!(browser.act(&request, "continue", &[]).await.told().contains_key("code"));
    }
    let (request, _) = browser.arrive(&[("prompt", "select_account")]).await;
    let other = browser.act(&request, "other", &[]).await;
    assert_eq!(other.state(), "pending");
    tap(&server, &other.link(), &another_sender()).await;
    assert!(browser.get(&other.refresh().unwrap()).await.told().contains_key("code"));
    let (_, page) = browser.arrive(&[("prompt", "select_account")]).await;
    assert!(page.text.contains("Continue as …5678"), "{}", page.text);
}

#[tokio::test]
async fn nobody_goes_on_with_what_another_browser_began() {
    let server = start().await;
    let (mut own, mut other) = (Browser::new(&server), Browser::new(&server));
    let (request, page) = own.arrive(&[]).await;
    let address = format!("/openid/sign-in?request={request}");
    // Neither without a cookie, nor with those of a request of one's own.
    assert_eq!(other.get(&address).await.status, 400);
    other.arrive(&[]).await;
    let refused = other.get(&address).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("begun in another browser"), "{}", refused.text);
    for act in ["cancel", "continue", "allow", "again", "confirm"] {
        assert_eq!(other.act(&request, act, &[]).await.status, 400, "{act}");
    }
    tap(&server, &page.link(), &json!({})).await;
    assert_eq!(other.get(&address).await.status, 400);
    assert!(own.get(&address).await.told().contains_key("code"));
    // With what the first browser has of the request, but not what it came with, nothing goes on either.
    let (request, _) = own.arrive(&[("prompt", "login")]).await;
    let stolen = own.cookies.iter().filter(|(name, _)| name.contains("attempt"));
    other.cookies = stolen.map(|(name, value)| (name.clone(), value.clone())).collect();
    assert_eq!(other.get(&format!("/openid/sign-in?request={request}")).await.status, 400);
}

#[tokio::test]
async fn forms_of_other_sites_do_nothing() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let (request, first) = browser.arrive(&[]).await;
    for origin in ["https://evil.example", "null", ""] {
        let form = [("request", request.as_str()), ("act", "cancel")];
        assert_eq!(browser.post_from(origin, "/openid/sign-in", &form).await.status, 403, "{origin}");
    }
    assert_eq!(browser.get(&first.refresh().unwrap()).await.link(), first.link());
}

#[tokio::test]
async fn an_apps_people_are_that_apps_alone() {
    let server = start().await;
    let (app, _) = guarded_app(OTHER);
    server.add_app(&app).await;
    add_client(&server, OTHER, false).await;
    let mut browser = Browser::new(&server);
    browser.sign_in(&[]).await;
    let (_, page) = browser.arrive_at(OTHER, &[]).await;
    assert_eq!(page.state(), "pending");
    let (_, silent) = browser.arrive_at(OTHER, &[("prompt", "none")]).await;
    assert_eq!(silent.told()["error"], "login_required");
    // Nor does what the browser holds for the one open the other.
    let value = browser.cookies[&format!("loggin-session-{APP}")].clone();
    browser.cookies.insert(format!("loggin-session-{OTHER}"), value);
    let (_, forged) = browser.arrive_at(OTHER, &[("prompt", "none")]).await;
    assert_eq!(forged.told()["error"], "login_required");
}

#[tokio::test]
async fn each_sign_in_has_a_session_of_its_own() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let name = format!("loggin-session-{APP}");
    // One that somebody put there before is not the one that is signed in.
    browser.cookies.insert(name.clone(), "A".repeat(43));
    browser.sign_in(&[]).await;
    let first = browser.cookies[&name].clone();
    assert!(first != "A".repeat(43));
    browser.sign_in(&[("prompt", "login")]).await;
    assert!(browser.cookies[&name] != first);
    let mut thief = Browser::new(&server);
    thief.cookies.insert(name, first);
    let (_, page) = thief.arrive(&[("prompt", "none")]).await;
    assert_eq!(page.told()["error"], "login_required", "the one before has ended");
    // The store has no secret that opens one.
    if !is_on_postgresql() {
        let held = browser.cookies.values().cloned().collect::<Vec<_>>();
        let sql = "SELECT hex(secret_hash) FROM issuer_sessions";
        let db = server.database();
        let mut statement = db.prepare(sql).unwrap();
        let hashes: Vec<String> =
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(hashes.len(), 1);
        assert!(!held.contains(&hashes[0]));
    }
}

#[tokio::test]
async fn who_signs_out_at_a_client_is_remembered_no_longer() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let told = browser.sign_in(&[]).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "client-8XKPQ2WN"),
        ("code", told["code"].as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    ];
    let tokens: Value = program(&server, "/openid/token", &form).await.json().await.unwrap();
    let token = tokens["id_token"].as_str().unwrap();
    let (_, known) = browser.arrive(&[("prompt", "none")]).await;
    assert!(known.told().contains_key("code"));
    let out = program(&server, "/openid/end-session", &[("id_token_hint", token)]).await;
    assert_eq!(out.status(), 303);
    let (_, gone) = browser.arrive(&[("prompt", "none")]).await;
    assert_eq!(gone.told()["error"], "login_required");
}

#[tokio::test]
async fn a_code_is_typed_in_the_place_of_the_link() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let (request, _) = browser.arrive(&[("login_hint", "+91 98765 43210")]).await;
    let form = browser.act(&request, "by_code", &[]).await;
    assert!(
        form.text.contains("name=\"phone\"") && form.text.contains("value=\"+91 98765 43210\""),
        "{}",
        form.text
    );
    let refused = browser.act(&request, "send", &[("phone", "12")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("look like a phone number"), "{}", refused.text);
    let sent = browser.act(&request, "send", &[("phone", "+91 98765 43210")]).await;
    assert!(sent.text.contains("We sent a code to …3210"), "{}", sent.text);
    assert!(!sent.text.contains("98765"), "{}", sent.text);
    // Nobody asks for another code at once, and the link is one tap away.
    let mut other = Browser::new(&server);
    let (others, _) = other.arrive(&[]).await;
    other.act(&others, "by_code", &[]).await;
    let early = other.act(&others, "send", &[("phone", "+91 98765 43210")]).await;
    assert!(early.status == 422 && early.text.contains("too quick"), "{}", early.text);
    assert_eq!(other.act(&others, "by_link", &[]).await.state(), "pending");
    let wrong = if server.codes.last() == "000000" { "000001" } else { "000000" };
    let refused = browser.act(&request, "verify", &[("code", wrong)]).await;
    assert!(refused.status == 422 && refused.text.contains("Tries left"), "{}", refused.text);
    let code = server.codes.last();
    assert!(browser.act(&request, "verify", &[("code", &code)]).await.told().contains_key("code"));
    // Who has the number is the same person by a link.
    let (_, known) = browser.arrive(&[("prompt", "select_account")]).await;
    assert!(known.text.contains("Continue as …3210"), "{}", known.text);
}

#[tokio::test]
async fn a_client_that_is_somebody_elses_asks_what_it_may_know() {
    let server = TestServer::start().await;
    add_client(&server, APP, true).await;
    let mut browser = Browser::new(&server);
    let (request, page) = browser.arrive(&[]).await;
    tap(&server, &page.link(), &json!({})).await;
    let asked = browser.get(&page.refresh().unwrap()).await;
    for part in ["Wiki asks to know", "your phone number", "…3210", "value=\"allow\""] {
        assert!(asked.text.contains(part), "{part}: {}", asked.text);
    }
    // It is asked again until it is answered, and silently not at all.
    let (_, silent) = browser.arrive(&[("prompt", "none")]).await;
    assert_eq!(silent.told()["error"], "consent_required");
    assert!(browser.act(&request, "allow", &[]).await.told().contains_key("code"));
    let (_, known) = browser.arrive(&[("prompt", "none")]).await;
    assert!(known.told().contains_key("code"));
    let (request, again) = browser.arrive(&[("prompt", "consent")]).await;
    assert!(again.text.contains("Wiki asks to know"), "{}", again.text);
    assert_eq!(browser.act(&request, "cancel", &[]).await.told()["error"], "access_denied");
}

#[tokio::test]
async fn a_device_is_let_in_by_who_types_its_code() {
    let server = start().await;
    let ask = async || -> Value {
        let form = [("client_id", "client-8XKPQ2WN"), ("scope", "openid")];
        program(&server, "/openid/device-authorization", &form).await.json().await.unwrap()
    };
    let device = ask().await;
    let typed = device["user_code"].as_str().unwrap().to_lowercase().replace('-', " ");
    let mut browser = Browser::new(&server);
    let shown = browser.get("/openid/device?user_code=BCDF-GHJK").await;
    assert!(shown.text.contains("value=\"BCDF-GHJK\""), "{}", shown.text);
    let wrong = browser.post("/openid/device", &[("user_code", "BCDF-GHJK")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("No device shows this code"), "{}", wrong.text);
    let led = browser.post("/openid/device", &[("user_code", &typed)]).await;
    assert_eq!(led.status, 303);
    let request = request_of(&led.location);
    let page = browser.get(&led.location).await;
    tap(&server, &page.link(), &json!({})).await;
    let asked = browser.get(&page.refresh().unwrap()).await;
    assert!(asked.text.contains("Let Wiki sign in as you on the device that shows"), "{}", asked.text);
    assert!(asked.text.contains("in front of you"), "{}", asked.text);
    let done = browser.act(&request, "allow", &[]).await;
    assert!(done.text.contains("The device is connected"), "{}", done.text);
    let poll = async |device: &Value| {
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", "client-8XKPQ2WN"),
            ("device_code", device["device_code"].as_str().unwrap()),
        ];
        let polled = program(&server, "/openid/token", &form).await;
        (polled.status().as_u16(), polled.json::<Value>().await.unwrap())
    };
    assert!(poll(&device).await.1["id_token"].is_string());
    // Who is remembered is asked again each time, and may refuse.
    let other = ask().await;
    let typed = other["user_code"].as_str().unwrap();
    let led = browser.post("/openid/device", &[("user_code", typed)]).await;
    let asked = browser.get(&led.location).await;
    assert!(asked.text.contains("Let Wiki sign in as you"), "{}", asked.text);
    let refused = browser.act(&request_of(&led.location), "cancel", &[]).await;
    assert!(refused.text.contains("was not connected"), "{}", refused.text);
    let (status, told) = poll(&other).await;
    assert_eq!((status, told["error"].as_str()), (400, Some("access_denied")));
    assert_eq!(browser.get(&led.location).await.status, 400);
}

#[tokio::test]
async fn who_guesses_codes_of_devices_is_stopped() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    for _ in 0..limits::DEVICE_CODES_PER_ADDRESS {
        assert_eq!(browser.post("/openid/device", &[("user_code", "BCDFGHJK")]).await.status, 422);
    }
    for address in ["/openid/device", "/openid/sign-in"] {
        let form = [("user_code", "BCDFGHJK"), ("request", "device-BCDFGHJK"), ("act", "allow")];
        assert_eq!(browser.post(address, &form).await.status, 429, "{address}");
    }
}

#[tokio::test]
async fn two_tabs_of_a_browser_sign_in_side_by_side() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let (_, first) = browser.arrive(&[]).await;
    let (_, second) = browser.arrive(&[]).await;
    assert!(first.link() != second.link());
    tap(&server, &second.link(), &json!({})).await;
    assert!(browser.get(&second.refresh().unwrap()).await.told().contains_key("code"));
    // In the other, who they are is known by now.
    assert!(browser.get(&first.refresh().unwrap()).await.told().contains_key("code"));
}

#[tokio::test]
async fn the_page_speaks_the_language_that_is_asked_for() {
    let server = start().await;
    for (locales, accepted, lang, says) in [
        ("hi", "de", "lang=\"hi\" dir=\"ltr\"", "Demo"),
        ("xx ar", "de", "lang=\"ar\" dir=\"rtl\"", "\u{2068}Demo\u{2069}"),
        ("", "de-CH, en;q=0.5", "lang=\"de\" dir=\"ltr\"", "Bei Demo anmelden"),
        ("xx", "yy", "lang=\"en\" dir=\"ltr\"", "Sign in to Demo"),
    ] {
        let mut browser = Browser::new(&server);
        browser.languages = accepted;
        let (_, page) = browser.arrive(&[("ui_locales", locales)]).await;
        assert!(page.text.contains(lang) && page.text.contains(says), "{locales} {accepted}: {}", page.text);
    }
}

#[tokio::test]
async fn a_stream_tells_the_page_of_its_own_login() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let (request, page) = browser.arrive(&[]).await;
    let address = page.between("data-watch=\"", "\"").unwrap();
    assert_eq!(address, format!("/openid/sign-in/events?request={request}"));
    let cookies: Vec<_> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let call = server.get(&address).header("Cookie", cookies.join("; "));
    let mut stream = EventReader::new(call.send().await.unwrap());
    assert_eq!(stream.event().await.unwrap().0, "ready");
    tap(&server, &page.link(), &json!({})).await;
    assert_eq!(stream.event().await.unwrap().0, "verified");
    assert!(stream.event().await.is_none());
    // Nobody else is told anything, and a browser does not ask again.
    let stranger = server.get(&address).send().await.unwrap();
    assert_eq!(stranger.status(), 204);
}

#[tokio::test]
async fn an_app_that_is_disabled_signs_nobody_in() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let led = browser.get(&authorize(APP, &[])).await;
    let disabled_at = Some(server.clock.now());
    assert!(server.server.store.update_app(&App { disabled_at, ..demo_app() }).await.unwrap());
    while server.server.apps.find(demo_app().app_key).await.unwrap().is_some() {}
    assert_eq!(browser.get(&led.location).await.status, 400);
    assert!(!request_of(&led.location).is_empty());
}

#[tokio::test]
async fn a_login_ends_with_the_token_nowhere_but_in_the_cookie() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let (_, page) = browser.arrive(&[]).await;
    let code = loggin_protocol::Code::parse(page.link().rsplit_once("%20").unwrap().1).unwrap();
    tap(&server, &page.link(), &json!({})).await;
    browser.get(&page.refresh().unwrap()).await;
    let login = server.server.store.logins(&[code]).await.unwrap().remove(0);
    assert_eq!(login.state, State::Claimed, "it is redeemed by the server, once");
}
