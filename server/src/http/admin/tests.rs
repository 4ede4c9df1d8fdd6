//! Every route of the admin API by the OpenAPI document: who is let in, to what, and what is noted.

mod gateways;

use std::{sync::Arc, time::Duration};

use loggin_protocol::AppKey;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::{
    administration::{Actor, NewAccessKey, NewGateway, NewTestNumber, NewWebhook, Right, Rights},
    clock::Clock,
    events,
    history::row::moment,
    http::{body::tests::spoiled, routes::openapi::document},
    limits,
    store::{
        Act, AppEvent, Change, ChangeOutcome, CountryPause, EventKind, GatewayKind, HistoryEntry, KeyId,
        Sends, State,
        tests::{event, history_entry, insert, login},
    },
    tests::{TestServer, error_of, guarded_app},
};

const OWN: &str = "11111111";
const OTHER: &str = "22222222";
/// There is no such app.
const NOBODYS: &str = "33333333";

/// Calls that list what the key reaches, and take no app.
const LISTS: [&str; 2] = ["adminListActs", "adminListApps"];

/// One call, as the document has it.
struct Operation {
    id: String,
    method: Method,
    path: String,
    scope: Right,
    /// Whether it takes an app, and whether it must.
    takes_app: bool,
    has_body: bool,
}

fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(document()).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/api/v1/admin/") {
            continue;
        }
        for (method, operation) in methods.as_object().unwrap() {
            let scope = operation["security"][0]["access_key"][0].as_str().unwrap();
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let in_query =
                parameters.filter(|parameter| parameter["in"] == "query" && parameter["name"] == "app_key");
            let id = operation["operationId"].as_str().unwrap().to_owned();
            let has_body = operation["requestBody"].is_object();
            let of_body = has_body && !body(&id, OWN)["app_key"].is_null();
            operations.push(Operation {
                takes_app: path.contains("{app_key}")
                    || path.contains("{endpoint_id}")
                    || path.contains("{gateway_id}")
                    || in_query.count() > 0
                    || of_body,
                method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
                path: path.clone(),
                scope: Right::of_word(scope).unwrap(),
                id,
                has_body,
            });
        }
    }
    assert!(operations.len() > 30);
    operations
}

/// A body that makes sense.
fn body(id: &str, app: &str) -> Value {
    match id {
        "adminCreateApp" => json!({ "name": "Shop" }),
        "adminUpdateApp" => json!({ "name": "Another" }),
        "adminUpdateGuards" => json!({ "mode": "dry_run" }),
        "adminCreateKey" => json!({ "label": "web" }),
        "adminRotateKey" | "adminRotateWebhook" | "adminRotateGateway" => json!({ "overlap": 60 }),
        "adminAddWebhook" => json!({ "app_key": app, "url": "https://shop.example/hook" }),
        "adminCreateGateway" => json!({ "app_key": app, "kind": "supabase" }),
        "adminUpdateWebhook" => json!({ "url": "https://shop.example/moved" }),
        "adminReplayWebhook" => json!({ "given_up_within": 60 }),
        "adminPutTestNumber" => json!({ "number": "+12025550100", "code": "1234" }),
        "adminCreateAccessKey" => json!({ "label": "more", "scopes": ["logs:read"] }),
        "adminPutAdmin" => json!({ "name": "olga", "role": "owner" }),
        other => panic!("{other} takes a body that this test does not know"),
    }
}

/// A server with two apps, each with a key, an endpoint, a gateway and a login that ended; and the ids of the endpoints and
/// of the gateways.
struct House {
    server: TestServer,
    endpoints: [String; 2],
    gateways: [String; 2],
}

impl House {
    async fn start() -> Self {
        let server = TestServer::start().await;
        let owner = Actor::with_all_rights("olga".to_owned());
        let (mut endpoints, mut gateways) = (Vec::new(), Vec::new());
        for (number, name) in [(1, OWN), (2, OTHER)] {
            let (app, _) = guarded_app(name);
            server.add_app(&app).await;
            let new = NewWebhook {
                app_key: app.app_key,
                url: "https://shop.example/".to_owned(),
                events: Vec::new(),
            };
            endpoints.push(server.server.administration.add_webhook(&owner, new).await.unwrap().0.id);
            let new = NewGateway { app_key: app.app_key, kind: GatewayKind::Generic, secret: None };
            gateways.push(server.server.administration.create_gateway(&owner, new).await.unwrap().gateway.id);
            add_rows(&server, app.app_key, number, 1).await;
        }
        let test = NewTestNumber {
            number: "+12025550100".to_owned(),
            code: "123456".to_owned(),
            cooldown: true,
            even_if_real: false,
        };
        server.server.administration.put_test_number(&owner, test).await.unwrap();
        let (endpoints, gateways) = (endpoints.try_into().unwrap(), gateways.try_into().unwrap());
        Self { server, endpoints, gateways }
    }

    /// A key with these rights that reaches these apps.
    async fn key(&self, rights: Rights, apps: Option<&[&str]>) -> String {
        let apps = apps.map(|apps| apps.iter().map(|app| AppKey::parse(app).unwrap()).collect());
        let new = NewAccessKey { label: "ci".to_owned(), rights, apps, expires_in: None };
        let owner = Actor::with_all_rights("olga".to_owned());
        let made = self.server.server.administration.create_access_key(&owner, new).await.unwrap();
        made.0.expose()
    }

    /// A call about an app, whatever it needs.
    fn call(&self, operation: &Operation, key: Option<&str>, app: &str) -> RequestBuilder {
        let [endpoint, gateway] = match app {
            OWN => [self.endpoints[0].as_str(), &self.gateways[0]],
            OTHER => [self.endpoints[1].as_str(), &self.gateways[1]],
            _ => ["whe_ffffffffffffffff", "gw_ffffffffffffffff"],
        };
        let path = operation
            .path
            .replace("{app_key}", app)
            .replace("{endpoint_id}", endpoint)
            .replace("{gateway_id}", gateway)
            .replace("{country}", "IN")
            .replace("{key_id}", "00000000")
            .replace("{number}", "12025550100")
            .replace("{admin_name}", "olga");
        assert!(!path.contains('{'), "{path} has a parameter that this test does not know");
        let in_query = operation.takes_app && !operation.has_body && !operation.path.contains('{');
        let query = if in_query { format!("?app_key={app}") } else { String::new() };
        let url = format!("{}{path}{query}", self.server.url);
        let mut call = self.server.client.request(operation.method.clone(), url);
        if operation.has_body {
            call = call.json(&body(&operation.id, app));
        }
        match key {
            Some(key) => call.bearer_auth(key),
            None => call,
        }
    }

    async fn get(&self, path: &str, key: &str) -> Response {
        self.server.get(&format!("/api/v1/admin{path}")).bearer_auth(key).send().await.unwrap()
    }

    /// What a call with this key brings, which is done.
    async fn send(&self, key: &str, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/api/v1/admin{path}", self.server.url);
        let call = self.server.client.request(method, url).header("X-Api-Key", key);
        let call = if let Some(body) = body { call.json(&body) } else { call };
        let response = call.send().await.unwrap();
        let status = response.status();
        let body = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {body}");
        serde_json::from_str(&body).unwrap_or_default()
    }

    /// What was noted by now.
    async fn acts(&self) -> usize {
        self.server.server.store.audit(limits::AUDIT_SHOWN).await.unwrap().len()
    }
}

/// Adds logins of an app that ended.
async fn add_rows(server: &TestServer, app_key: AppKey, number: u8, count: u16) {
    let entry = |row: u16| HistoryEntry { app_key, name: format!("{row}"), ..history_entry(number) };
    for row in 0..count {
        let login = login(number, State::Claimed);
        let ended = Change { end: Some(Box::new(entry(row))), ..insert(login.clone()) };
        let gone = Change { expected: Some(1), write: crate::store::Write::Delete, ..insert(login) };
        let outcomes = server.server.store.apply(vec![ended, gone]).await.unwrap();
        assert_eq!(outcomes, [ChangeOutcome::Applied, ChangeOutcome::Applied]);
    }
}

#[tokio::test]
async fn nobody_is_let_in_without_an_access_key() {
    let house = House::start().await;
    let (_, secret_key) = guarded_app(OWN);
    let made_up = "lgad_00000000_00000000000000000000000000000000";
    let acts = house.acts().await;
    for operation in operations() {
        for key in [None, Some(&*secret_key.expose()), Some(made_up)] {
            let refused = house.call(&operation, key, OWN).send().await.unwrap();
            assert_eq!(error_of(refused).await, (401, "unauthorized".to_owned()), "{}", operation.id);
        }
    }
    assert_eq!(house.acts().await, acts, "nothing was done");
}

#[tokio::test]
async fn a_key_does_nothing_beyond_its_scopes() {
    let house = House::start().await;
    for right in Right::ALL {
        let others: Rights = Right::ALL.into_iter().filter(|other| *other != right).collect();
        let key = house.key(others, None).await;
        let acts = house.acts().await;
        for operation in operations().into_iter().filter(|operation| operation.scope == right) {
            let refused = house.call(&operation, Some(&key), OWN).send().await.unwrap();
            assert_eq!(error_of(refused).await, (403, "unauthorized".to_owned()), "{}", operation.id);
        }
        assert_eq!(house.acts().await, acts, "nothing was done");
    }
}

#[tokio::test]
async fn an_app_out_of_reach_is_not_there() {
    let house = House::start().await;
    let key = house.key(Rights::all(), Some(&[OWN])).await;
    let acts = house.acts().await;
    for operation in operations() {
        let mut refusals = Vec::new();
        for app in [OTHER, NOBODYS] {
            let response = house.call(&operation, Some(&key), app).send().await.unwrap();
            if LISTS.contains(&&*operation.id) {
                assert_eq!(response.status(), 200, "{}", operation.id);
                continue;
            }
            let expected = if operation.takes_app { (404, "not_found") } else { (403, "unauthorized") };
            let mut body: Value = {
                assert_eq!(response.status().as_u16(), expected.0, "{}", operation.id);
                response.json().await.unwrap()
            };
            assert_eq!(body["error"], expected.1, "{}", operation.id);
            body["request_id"] = Value::Null;
            refusals.push(body);
        }
        assert!(refusals.windows(2).all(|pair| pair[0] == pair[1]), "{}: it is told", operation.id);
    }
    assert_eq!(house.acts().await, acts, "nothing was done");
}

#[tokio::test]
async fn lists_and_exports_have_nothing_of_apps_out_of_reach() {
    let house = House::start().await;
    let everything = house.key(Rights::all(), None).await;
    let limited = [
        house.key(Rights::all(), Some(&[OWN])).await,
        house.key(Rights::all(), Some(&[OWN, "8XKPQ2WN"])).await,
    ];
    let without_app =
        |operation: &Operation| operation.method == Method::GET && !operation.path.contains('{');
    for operation in operations().into_iter().filter(without_app) {
        let path = operation.path.strip_prefix("/api/v1/admin").unwrap();
        let read = async |key: &str, accept: &str| {
            let call = house.server.get(&format!("{}?since=2026-01-01T00:00:00Z", operation.path));
            let response = call.bearer_auth(key).header("Accept", accept).send().await.unwrap();
            let is_refused = response.status() == 403;
            (is_refused, response.text().await.unwrap())
        };
        for accept in ["application/json", "text/csv"] {
            for key in &limited {
                let (is_refused, text) = read(key, accept).await;
                let is_of_server =
                    ["/access-keys", "/admins", "/health", "/nodes", "/test-numbers"].contains(&path);
                assert_eq!(is_refused, is_of_server, "{path}");
                assert!(
                    is_refused || ["/audit", "/webhooks", "/gateways"].contains(&path) || text.contains(OWN),
                    "{path}: {text}"
                );
                let ids = [OTHER, &house.endpoints[1], &house.gateways[1]];
                assert!(ids.iter().all(|id| !text.contains(id)), "{path}: {text}");
            }
            let (_, all) = read(&everything, accept).await;
            let is_of_apps = ["/apps", "/logs", "/usage", "/webhooks", "/gateways", "/audit"].contains(&path);
            assert_eq!(all.contains(OTHER), is_of_apps, "{path}: {all}");
        }
    }
}

/// What the next test does, in its order.
const ACTS: &str = "app_create app_update app_disable app_enable guard_set key_create key_rotate key_revoke webhook_add webhook_update webhook_rotate \
                    webhook_disable webhook_enable webhook_delete test_number_add test_number_remove admin_add admin_add admin_sign_out \
                    admin_remove access_key_create access_key_revoke app_delete";

#[tokio::test]
async fn each_act_is_noted_with_the_name_of_the_key() {
    let house = House::start().await;
    let key = house.key(Rights::all(), None).await;
    let before = house.acts().await;
    let send = async |method, path: &str, body| house.send(&key, method, path, body).await;
    let app = send(Method::POST, "/apps", Some(json!({ "name": "Shop", "monthly_quota": 9 }))).await;
    assert!(app["secret_key"].as_str().unwrap().starts_with("lgsk_"));
    let path = format!("/apps/{}", app["app_key"].as_str().unwrap());
    let changes = json!({ "monthly_quota": null, "history_days": 7, "confirm": "code", "allowed_origins": ["https://a.example"] });
    let updated = send(Method::PATCH, &path, Some(changes)).await;
    assert_eq!((&updated["monthly_quota"], &updated["name"]), (&Value::Null, &json!("Shop")));
    assert_eq!((&app["history_days"], &updated["history_days"]), (&Value::Null, &json!(7)));
    assert_eq!(
        (&updated["confirm"], &updated["allowed_origins"]),
        (&json!("code"), &json!(["https://a.example"]))
    );
    send(Method::POST, &format!("{path}/pause"), None).await;
    send(Method::POST, &format!("{path}/resume"), None).await;
    send(Method::PATCH, &format!("{path}/guards"), Some(body("adminUpdateGuards", OWN))).await;
    let new = send(Method::POST, &format!("{path}/keys"), Some(json!({ "label": "web" }))).await;
    let keys = format!("{path}/keys/{}", new["key_id"].as_str().unwrap());
    let rotated = send(Method::POST, &format!("{keys}/rotate"), Some(json!({}))).await;
    assert_eq!(rotated["replaces"]["key_id"], new["key_id"]);
    send(Method::DELETE, &keys, None).await;
    let webhook =
        json!({ "app_key": app["app_key"], "url": "https://a.example/", "events": ["login.verified"] });
    let webhook = send(Method::POST, "/webhooks", Some(webhook)).await;
    assert!(webhook["secret"].as_str().unwrap().starts_with("whsec_"));
    let webhook = format!("/webhooks/{}", webhook["endpoint_id"].as_str().unwrap());
    let moved = send(Method::PATCH, &webhook, Some(json!({ "url": "https://b.example/" }))).await;
    assert_eq!((&moved["url"], &moved["events"]), (&json!("https://b.example/"), &json!(["login.verified"])));
    send(Method::POST, &format!("{webhook}/rotate"), Some(json!({}))).await;
    send(Method::POST, &format!("{webhook}/disable"), None).await;
    send(Method::POST, &format!("{webhook}/enable"), None).await;
    send(Method::DELETE, &webhook, None).await;
    send(Method::POST, "/test-numbers", Some(body("adminPutTestNumber", OWN))).await;
    send(Method::DELETE, "/test-numbers/+12025550100", None).await;
    send(Method::POST, "/admins", Some(json!({ "name": "olga", "role": "owner", "phone": "+15550001111" })))
        .await;
    send(Method::POST, "/admins", Some(json!({ "name": "vera", "role": "viewer", "apps": [OWN] }))).await;
    send(Method::POST, "/admins/vera/sign-out", None).await;
    send(Method::DELETE, "/admins/vera", None).await;
    let made = send(Method::POST, "/access-keys", Some(body("adminCreateAccessKey", OWN))).await;
    send(Method::DELETE, &format!("/access-keys/{}", made["key_id"].as_str().unwrap()), None).await;
    send(Method::DELETE, &path, None).await;
    let noted = house.server.server.store.audit(limits::AUDIT_SHOWN).await.unwrap().split_off(before);
    assert_eq!(noted.iter().map(|row| row.act.as_str()).collect::<Vec<_>>().join(" "), ACTS);
    assert!(noted.iter().all(|row| row.actor == "key:ci"));
    let told: Value = house.get("/audit?limit=1", &key).await.json().await.unwrap();
    assert_eq!(
        (&told["data"][0]["act"], &told["data"][0]["actor"]),
        (&json!("app_delete"), &json!("key:ci"))
    );
    for secret in [&app["secret_key"], &new["secret_key"], &made["access_key"]] {
        let lists = house.get("/access-keys", &key).await.text().await.unwrap()
            + &house.get("/audit", &key).await.text().await.unwrap();
        assert!(!lists.contains(secret.as_str().unwrap()));
    }
}

#[tokio::test]
async fn guards_are_shown_set_and_their_pauses_ended() {
    let house = House::start().await;
    let key = house.key(Rights::all(), None).await;
    let path = format!("/apps/{OWN}/guards");
    let shown: Value = house.get(&path, &key).await.json().await.unwrap();
    assert_eq!((&shown["mode"], &shown["countries"]), (&json!("enforce"), &json!("auto")));
    let changes = json!({ "countries": ["in", "DE"], "per_day": null, "client_numbers": 5 });
    let set = house.send(&key, Method::PATCH, &path, Some(changes)).await;
    assert_eq!((&set["countries"], &set["per_day"]), (&json!(["DE", "IN"]), &Value::Null));
    assert_eq!((&set["client_numbers"], &set["mode"]), (&json!(5), &shown["mode"]));
    let set = house.send(&key, Method::PATCH, &path, Some(json!({ "add_countries": ["FR"] }))).await;
    assert_eq!(set["countries"], json!(["DE", "FR", "IN"]));
    let (own, since) = (AppKey::parse(OWN).unwrap(), house.server.clock.now());
    let until = since + limits::GUARD_LOOKED_BACK;
    let pause = CountryPause { country: "IN".to_owned(), since, until, times: 2 };
    let event = Box::new(events::country_paused(own, &pause, Sends::default()));
    let act = Act::PauseCountry(own, pause, event);
    assert!(house.server.server.store.administer(act, "guards".to_owned(), since).await.unwrap());
    let shown: Value = house.get(&path, &key).await.json().await.unwrap();
    let paused = json!([{ "country": "IN", "since": moment(since), "until": moment(until), "times": 2 }]);
    assert_eq!(shown["paused"], paused);
    let resume = format!("{path}/pauses/in");
    house.send(&key, Method::DELETE, &resume, None).await;
    let call = house.server.client.delete(format!("{}/api/v1/admin{resume}", house.server.url));
    let again = call.bearer_auth(&key).send().await.unwrap();
    assert_eq!(error_of(again).await, (409, "invalid_request".to_owned()));
    let shown: Value = house.get(&path, &key).await.json().await.unwrap();
    assert_eq!(shown["paused"], json!([]));
    // Who reaches the app alone sees what was done to its guards, and what guards did themselves.
    let limited = house.key(Rights::all(), Some(&[OWN])).await;
    let told: Value = house.get("/audit", &limited).await.json().await.unwrap();
    let acts = told["data"].as_array().unwrap().iter().map(|row| row["act"].as_str().unwrap());
    let expected = ["guard_resume", "guard_pause", "guard_set", "guard_set", "gateway_create", "webhook_add"];
    assert_eq!(acts.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let house = House::start().await;
    let key = house.key(Rights::all(), None).await;
    let own = AppKey::parse(OWN).unwrap();
    add_rows(&house.server, own, 3, 4).await;
    let told: Vec<AppEvent> = (0..5)
        .map(|number| AppEvent { app_key: Some(own), ..event(&format!("evt_{number}"), EventKind::OtpSent) })
        .collect();
    house.server.server.store.queue_events(told).await.unwrap();
    let deliveries = format!("/webhooks/{}/deliveries", house.endpoints[0]);
    for (path, rows) in [
        ("/apps", 3),
        ("/logs", 6),
        ("/webhooks", 2),
        ("/gateways", 2),
        ("/audit", 6),
        ("/access-keys", 1),
        (deliveries.as_str(), 5),
    ] {
        let whole: Value = house.get(path, &key).await.json().await.unwrap();
        let mut whole = whole["data"].as_array().unwrap().clone();
        assert_eq!(whole.len(), rows, "{path}");
        let (mut read, mut cursor) = (Vec::new(), String::new());
        loop {
            let page: Value = house.get(&format!("{path}?limit=2{cursor}"), &key).await.json().await.unwrap();
            assert!(page["data"].as_array().unwrap().len() <= 2, "{path}");
            read.extend(page["data"].as_array().unwrap().clone());
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        // A key's use is noted meanwhile.
        for row in read.iter_mut().chain(&mut whole) {
            row["last_used_at"] = Value::Null;
        }
        assert_eq!(read, whole, "{path}");
    }
}

#[tokio::test]
async fn an_export_has_every_row_and_no_whole_number() {
    let house = House::start().await;
    let key = house.key(Rights::of(&[Right::ReadLogs]), Some(&[OWN])).await;
    let rows = u16::try_from(limits::HISTORY_PAGE).unwrap() + 2;
    add_rows(&house.server, AppKey::parse(OWN).unwrap(), 3, rows).await;
    let call = house.server.get("/api/v1/admin/logs").bearer_auth(&key).header("Accept", "text/csv");
    let response = call.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8");
    let text = response.text().await.unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), usize::from(rows) + 2, "with the head and the row that was there");
    assert!(lines[0].starts_with("app_key,kind,id,"));
    assert!(lines[1..].iter().all(|line| line.starts_with(OWN) && line.contains(",…3210,")));
    for wrong in ["?kind=all", "?since=yesterday", "?cursor=1", "?limit=0", "?country=India", "?app_key=1"] {
        let url = format!("/api/v1/admin/logs{wrong}");
        let call = house.server.get(&url).bearer_auth(&key).header("Accept", "text/csv");
        assert_eq!(error_of(call.send().await.unwrap()).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn keys_that_ended_are_refused() {
    let house = House::start().await;
    let owner = Actor::with_all_rights("olga".to_owned());
    let administration = &house.server.server.administration;
    let revoked = house.key(Rights::all(), None).await;
    let new = NewAccessKey {
        label: "short".to_owned(),
        rights: Rights::all(),
        apps: None,
        expires_in: Some(Duration::from_secs(60)),
    };
    let expiring = administration.create_access_key(&owner, new).await.unwrap().0.expose();
    assert_eq!(house.get("/apps", &revoked).await.status(), 200);
    assert_eq!(house.get("/apps", &expiring).await.status(), 200);
    house.server.clock.advance(Duration::from_secs(60));
    assert_eq!(error_of(house.get("/apps", &expiring).await).await, (401, "unauthorized".to_owned()));
    let id = KeyId::of_text(&revoked["lgad_".len()..][..8]);
    administration.revoke_access_key(&owner, &id).await.unwrap();
    assert_eq!(error_of(house.get("/apps", &revoked).await).await, (401, "unauthorized".to_owned()));
    let node = house.server.another_node().await;
    let refused = node.get("/api/v1/admin/apps").bearer_auth(&revoked).send().await.unwrap();
    assert_eq!(error_of(refused).await, (401, "unauthorized".to_owned()));
}

#[tokio::test]
async fn a_key_makes_so_many_calls_in_a_minute() {
    let house = House::start().await;
    let key = house.key(Rights::all(), None).await;
    let id = KeyId::of_text(&key["lgad_".len()..][..8]);
    let most = usize::try_from(limits::ADMIN_CALLS_PER_MINUTE).unwrap();
    let counts = &house.server.server.admin_counts;
    assert!(counts.count(id, most - 1, house.server.clock.now()));
    assert_eq!(house.get("/apps", &key).await.status(), 200);
    let refused = house.get("/apps", &key).await;
    assert_eq!(refused.headers()["retry-after"], "60");
    assert_eq!(error_of(refused).await, (429, "rate_limited".to_owned()));
    let other = house.key(Rights::of(&[Right::ReadApps]), None).await;
    let node = house.server.another_node().await;
    assert_eq!(node.get("/api/v1/admin/apps").bearer_auth(&other).send().await.unwrap().status(), 200);
    house.server.clock.advance(limits::CALLS_WINDOW);
    assert_eq!(house.get("/apps", &key).await.status(), 200);
}

#[tokio::test]
async fn no_preflight_is_answered() {
    let server = TestServer::start().await;
    for operation in operations() {
        let url = format!("{}{}", server.url, operation.path);
        let call = server.client.request(Method::OPTIONS, url).header("Origin", "https://shop.example");
        let call = call.header("Access-Control-Request-Method", operation.method.as_str());
        let response = call.send().await.unwrap();
        assert!(response.headers().get("access-control-allow-origin").is_none());
        assert_eq!(error_of(response).await, (405, "method_not_allowed".to_owned()), "{}", operation.id);
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_its_name() {
    let house = House::start().await;
    let key = house.key(Rights::all(), None).await;
    let send = async |method: Method, path: &str, body: Value| {
        let url = format!("{}/api/v1/admin{path}", house.server.url);
        let call = house.server.client.request(method, url).bearer_auth(&key).json(&body);
        let body: Value = call.send().await.unwrap().json().await.unwrap();
        (body["error"].as_str().unwrap().to_owned(), body["message"].as_str().unwrap().to_owned())
    };
    let own = format!("/apps/{OWN}");
    let keys = format!("/apps/{OWN}/keys");
    let guards = format!("/apps/{OWN}/guards");
    let endpoint = format!("/webhooks/{}", house.endpoints[0]);
    let webhook = format!("{endpoint}/replay");
    for (method, path, body, field) in [
        (Method::POST, "/apps", json!({ "name": " " }), "`name`"),
        (Method::PATCH, &own, json!({ "calls_per_minute": 0 }), "`calls_per_minute`"),
        (Method::PATCH, &own, json!({ "history_days": 731 }), "`history_days`"),
        (Method::PATCH, &own, json!({ "allowed_origins": ["shop"] }), "`allowed_origins`"),
        (Method::PATCH, &own, json!({ "confirm": "maybe" }), "body"),
        (Method::PATCH, &guards, json!({ "countries": ["India"] }), "`countries`"),
        (Method::PATCH, &guards, json!({ "countries": "any", "add_countries": ["IN"] }), "`add_countries`"),
        (Method::PATCH, &guards, json!({ "conversion": 91 }), "`conversion`"),
        (Method::PATCH, &guards, json!({ "mode": "on" }), "body"),
        (Method::POST, &keys, json!({ "label": "lgsk_1" }), "`label`"),
        (Method::POST, &keys, json!({ "label": "a", "expires_in": 0 }), "`expires_in`"),
        (Method::POST, &keys, json!({ "label": "a", "expires_in": 400_000_000 }), "`expires_in`"),
        (Method::POST, "/webhooks", json!({ "app_key": OWN, "url": "http://10.0.0.1" }), "`url`"),
        (
            Method::POST,
            "/webhooks",
            json!({ "app_key": OWN, "url": "https://a.example", "events": ["a"] }),
            "`events`",
        ),
        (Method::PATCH, &endpoint, json!({ "url": "https://10.0.0.1/" }), "`url`"),
        (Method::PATCH, &endpoint, json!({ "url": "http://shop.example/" }), "`url`"),
        (Method::PATCH, &endpoint, json!({ "events": ["login"] }), "`events`"),
        (Method::PATCH, &endpoint, json!({}), "nothing would change"),
        (Method::POST, &webhook, json!({}), "`event_id`"),
        (
            Method::POST,
            "/test-numbers",
            json!({ "number": "+919876543210", "code": "1234" }),
            "`even_if_real`",
        ),
        (Method::POST, "/access-keys", json!({ "label": "a", "scopes": ["all"] }), "`scopes`"),
        (Method::POST, "/admins", json!({ "name": "new" }), "`role`"),
    ] {
        let (error, message) = send(method, path, body).await;
        assert_eq!(error, "invalid_request", "{path}: {message}");
        assert!(message.contains(field), "{path}: {message}");
    }
    let full = json!({ "name": "a", "x": "y".repeat(limits::FREE_BODY) });
    assert_eq!(send(Method::POST, "/apps", full).await.0, "payload_too_large");
    let twice = house.get("/apps?limit=1&limit=2", &key).await;
    assert_eq!(error_of(twice).await, (400, "invalid_request".to_owned()));
    let paused = house.server.post(&format!("/api/v1/admin{own}/resume")).bearer_auth(&key);
    assert_eq!(error_of(paused.send().await.unwrap()).await, (409, "invalid_request".to_owned()));
    let store = Arc::clone(&house.server.server.store);
    assert!(store.app(AppKey::parse(OWN).unwrap()).await.unwrap().is_some());
}

#[tokio::test]
async fn each_call_takes_one_object_and_nothing_else() {
    let house = House::start().await;
    let key = house.key(Rights::all(), None).await;
    for operation in operations().into_iter().filter(|operation| operation.has_body) {
        for spoiled in spoiled(&body(&operation.id, OWN)) {
            let call = house.call(&operation, Some(&key), OWN).body(spoiled.clone());
            let refused = error_of(call.send().await.unwrap()).await;
            let expected = (400, "invalid_request".to_owned());
            assert_eq!(refused, expected, "{} {}", operation.id, spoiled.escape_ascii());
        }
    }
}
