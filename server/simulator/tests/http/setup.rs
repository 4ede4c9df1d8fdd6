//! How things are set up at Meta: what the Graph API tells of it, and what a test plants.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::fixture::{ACCESS_TOKEN, APP_SECRET, Fixture, PHONE_NUMBER_ID};

const ACCOUNT: &str = whatsapp_simulator::DEFAULT_WABA_ID;
const APP: &str = "100000000000003";

async fn ask(fixture: &Fixture, path: &str, token: &str) -> Response {
    fixture.request(Method::GET, &format!("/v26.0/{path}")).bearer_auth(token).send().await.unwrap()
}

async fn told(fixture: &Fixture, path: &str) -> Value {
    ask(fixture, path, ACCESS_TOKEN).await.json().await.unwrap()
}

async fn plant(fixture: &Fixture, setup: Value) -> u16 {
    fixture.request(Method::PUT, "/control/setup").json(&setup).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_token_tells_what_it_is() {
    let fixture = Fixture::start().await;
    let own = format!("debug_token?input_token={ACCESS_TOKEN}");
    let token = told(&fixture, &own).await["data"].clone();
    assert_eq!((&token["is_valid"], &token["expires_at"]), (&json!(true), &json!(0)));
    assert_eq!((&token["app_id"], &token["scopes"][1]), (&json!(APP), &json!("whatsapp_business_messaging")));
    assert_eq!(token["granular_scopes"][0]["target_ids"], json!([ACCOUNT]));
    assert_eq!(told(&fixture, "debug_token?input_token=other").await["data"]["is_valid"], false);
    assert_eq!(told(&fixture, "debug_token").await["error"]["code"], 100);

    plant(&fixture, json!({ "token_expires_at": 1, "permissions": [] })).await;
    let token = told(&fixture, &own).await["data"].clone();
    assert_eq!((&token["is_valid"], &token["scopes"]), (&json!(false), &json!([])));
    plant(&fixture, json!({ "token_refused": true })).await;
    assert_eq!(told(&fixture, &own).await["error"]["code"], 190);
}

#[tokio::test]
async fn a_number_tells_its_standing_and_what_may_send() {
    let fixture = Fixture::start().await;
    let fields = format!("{PHONE_NUMBER_ID}?fields=status,name_status,health_status");
    let number = told(&fixture, &fields).await;
    assert_eq!((&number["status"], &number["name_status"]), (&json!("CONNECTED"), &json!("APPROVED")));
    assert_eq!(number["health_status"]["can_send_message"], "AVAILABLE");
    assert_eq!(number["health_status"]["entities"].as_array().unwrap().len(), 4);
    assert_eq!(number.get("quality_rating"), None);

    let blocked = json!([{ "entity_type": "WABA", "can_send_message": "BLOCKED", "error_code": 141_006 }]);
    plant(&fixture, json!({ "number_status": "BANNED", "blocked": blocked })).await;
    let number = told(&fixture, &fields).await;
    assert_eq!((&number["status"], &number["name_status"]), (&json!("BANNED"), &json!("APPROVED")));
    assert_eq!(number["health_status"]["can_send_message"], "BLOCKED");
    let account = &number["health_status"]["entities"][1];
    assert_eq!((&account["id"], &account["errors"][0]["error_code"]), (&json!(ACCOUNT), &json!(141_006)));
    plant(&fixture, json!({ "number_foreign": true })).await;
    assert_eq!(told(&fixture, &fields).await["error"]["code"], 100);
}

#[tokio::test]
async fn an_app_tells_itself_where_its_webhooks_go() {
    let fixture = Fixture::start().await;
    let path = format!("{APP}/subscriptions");
    let own = format!("{APP}|{APP_SECRET}");
    let subscription: Value = ask(&fixture, &path, &own).await.json().await.unwrap();
    let subscription = &subscription["data"][0];
    assert_eq!(subscription["callback_url"], fixture.receiver.url());
    assert_eq!(subscription["fields"][0]["name"], "messages");
    for (token, code) in [(ACCESS_TOKEN.to_owned(), 15), (format!("{APP}|another"), 190)] {
        let refused: Value = ask(&fixture, &path, &token).await.json().await.unwrap();
        assert_eq!(refused["error"]["code"], code);
    }
}

#[tokio::test]
async fn an_account_tells_which_apps_share_it() {
    let fixture = Fixture::start().await;
    plant(&fixture, json!({ "app_subscribed": false, "other_apps": ["7"] })).await;
    let path = format!("{ACCOUNT}/subscribed_apps");
    let ids = async || {
        let apps = told(&fixture, &path).await["data"].as_array().unwrap().clone();
        apps.iter().map(|app| app["whatsapp_business_api_data"]["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids().await, [json!("7")]);
    let subscribe = fixture.request(Method::POST, &format!("/v26.0/{path}")).bearer_auth(ACCESS_TOKEN);
    assert_eq!(subscribe.send().await.unwrap().status(), 200);
    assert_eq!(ids().await, [json!("7"), json!(APP)]);
}

#[tokio::test]
async fn templates_are_found_by_a_part_of_their_name() {
    let fixture = Fixture::start().await;
    let path = format!("{ACCOUNT}/message_templates");
    let names = async |query: &str| {
        let templates = told(&fixture, &format!("{path}{query}")).await["data"].as_array().unwrap().clone();
        templates.iter().map(|template| template["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(names("").await.is_empty());
    assert_eq!(names("?name=any").await, ["any"]);
    let create = fixture.request(Method::POST, &format!("/v26.0/{path}")).bearer_auth(ACCESS_TOKEN);
    let created = create.json(&json!({ "name": "sign_in_code", "category": "authentication" })).send().await;
    assert_eq!(created.unwrap().status(), 200);
    assert_eq!(names("?name=code").await, ["sign_in_code"]);
    assert!(names("?name=any").await.is_empty());
}

#[tokio::test]
async fn the_head_of_a_response_tells_the_version_and_the_time() {
    let fixture = Fixture::start().await;
    let head = async || ask(&fixture, PHONE_NUMBER_ID, ACCESS_TOKEN).await.headers().clone();
    assert_eq!(head().await["facebook-api-version"], "v26.0");
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    plant(&fixture, json!({ "date": date, "served_version": "v27.0" })).await;
    assert_eq!(head().await["date"], date);
    assert_eq!(head().await["facebook-api-version"], "v27.0");
    let reset = fixture.request(Method::POST, "/control/reset").json(&json!({})).send().await.unwrap();
    assert_eq!(reset.status(), 204);
    assert_eq!(head().await["facebook-api-version"], "v26.0");
}

#[tokio::test]
async fn a_setup_that_makes_no_sense_is_refused() {
    let fixture = Fixture::start().await;
    for setup in [json!({ "date": "\n" }), json!({ "other_apps": vec!["7"; 101] }), json!({ "dates": "" })] {
        assert_eq!(plant(&fixture, setup.clone()).await, 400, "{setup}");
    }
    assert_eq!(plant(&fixture, json!({})).await, 200);
    let setup = fixture.get("/control/setup").await;
    assert_eq!((&setup["platform_type"], &setup["blocked"]), (&json!("CLOUD_API"), &json!([])));
}
