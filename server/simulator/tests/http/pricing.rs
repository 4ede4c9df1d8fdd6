//! What messages of the business cost: by webhook, in the control API and on the pages.

use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::{ANA, Call, Fixture, RAVI, SHEENA, buttons_to, code_to, text_to};

async fn set(fixture: &Fixture, settings: Value) -> u16 {
    let request = fixture.request(Method::PUT, "/control/settings").json(&settings);
    request.send().await.unwrap().status().as_u16()
}

/// `pricing` of every status so far, once there are this many calls.
async fn pricing(fixture: &Fixture, calls: usize) -> Vec<Value> {
    let calls = fixture.receiver.calls(calls).await;
    calls.iter().filter_map(|call| call.status().get("pricing").cloned()).collect()
}

#[tokio::test]
async fn replies_cost_once_the_free_ones_are_used_up() {
    let fixture = Fixture::start().await;
    assert_eq!(set(&fixture, json!({ "free_service_messages": 1 })).await, 200);
    fixture.text(ANA, "hello").await;
    assert_eq!(fixture.get("/control/prices").await["free_service_messages_left"], 1);
    fixture.sent(text_to(ANA)).await;
    fixture.receiver.calls(3).await;
    fixture.sent(buttons_to(ANA)).await;
    let told = pricing(&fixture, 5).await;
    let expected = |billable: bool, kind: &str| json!({ "billable": billable, "pricing_model": "PMP", "type": kind, "category": "service" });
    assert_eq!(told, [expected(false, "free_customer_service"), expected(true, "regular")]);
    let bill = fixture.get("/control/prices").await;
    let line = |kind: &str, amount: f64| json!({ "category": "service", "type": kind, "market": "US", "messages": 1, "unpriced": 0, "amount": amount });
    assert_eq!(bill["lines"], json!([line("free_customer_service", 0.0), line("regular", 0.0034)]));
    assert_eq!(bill["total"], json!({ "messages": 2, "unpriced": 0, "amount": 0.0034 }));
    assert_eq!((&bill["currency"], &bill["free_service_messages_left"]), (&json!("USD"), &json!(0)));
    let chat = fixture.chat(ANA, 0).await;
    assert_eq!(
        (chat[0].get("pricing"), &chat[2]["pricing"]["amount"], &chat[2]["pricing"]["market"]),
        (None, &json!(0.0034), &json!("US"))
    );
    assert_eq!(fixture.get(&format!("/control/phones/{ANA}")).await["charged"], bill["total"]);
}

#[tokio::test]
async fn codes_cost_always_and_each_market_has_its_rate() {
    let fixture = Fixture::start().await;
    assert_eq!(set(&fixture, json!({ "rates": { "IN": 0.0014 } })).await, 200);
    for phone in [ANA, RAVI, "5511987654321", "4915550002222"] {
        fixture.sent(code_to(phone, "483920")).await;
    }
    let bill = fixture.get("/control/prices").await;
    assert_eq!(bill["total"], json!({ "messages": 4, "unpriced": 1, "amount": 0.0116 }));
    let amounts: Vec<(&Value, &Value)> =
        bill["lines"].as_array().unwrap().iter().map(|line| (&line["market"], &line["amount"])).collect();
    let expected = [("BR", 0.0068), ("DE", 0.0), ("IN", 0.0014), ("US", 0.0034)]
        .map(|(market, amount)| (json!(market), json!(amount)));
    assert_eq!(amounts, expected.each_ref().map(|(market, amount)| (market, amount)));
    let chat = fixture.chat("4915550002222", 0).await;
    assert_eq!(chat[0]["pricing"]["amount"], Value::Null);
    assert_eq!(bill["free_service_messages_left"], 1_000);
}

#[tokio::test]
async fn a_hidden_number_is_charged_by_its_country() {
    let fixture = Fixture::start().await;
    assert_eq!(set(&fixture, json!({ "free_service_messages": 0 })).await, 200);
    fixture.text(SHEENA, "hello").await;
    let user = fixture.get(&format!("/control/phones/{SHEENA}")).await["user_id"].clone();
    fixture
        .sent(json!({"messaging_product": "whatsapp", "recipient": user, "type": "interactive",
            "interactive": {"type": "request_contact_info", "body": {"text": "Share your number."},
                "action": {"name": "request_contact_info"}}}))
        .await;
    assert_eq!(pricing(&fixture, 3).await[0]["type"], "regular");
    assert_eq!(fixture.get("/control/prices").await["total"]["amount"], 0.0034);
}

#[tokio::test]
async fn what_reaches_nobody_costs_nothing() {
    let fixture = Fixture::start().await;
    fixture.fault(json!({ "graph": { "failed_status": 131_026 } })).await;
    fixture.sent(code_to(ANA, "483920")).await;
    fixture.fault(json!({ "graph": { "message_status": "paused" } })).await;
    fixture.sent(code_to(ANA, "483920")).await;
    fixture.fault(json!({ "graph": { "code": 130_429 } })).await;
    assert_eq!(fixture.refused(code_to(ANA, "483920")).await, 130_429);
    assert_eq!(fixture.receiver.calls(1).await[0].status()["status"], "failed");
    assert_eq!(fixture.get("/control/prices").await["total"]["messages"], 0);
    fixture.sent(code_to(ANA, "483920")).await;
    assert_eq!(fixture.get("/control/prices").await["total"]["messages"], 1);
    assert_eq!(fixture.request(Method::POST, "/control/reset").send().await.unwrap().status(), 204);
    assert_eq!(fixture.get("/control/prices").await["total"]["messages"], 0);
}

#[tokio::test]
async fn without_a_payment_method_only_free_messages_are_sent() {
    let fixture = Fixture::start().await;
    let unpaid = json!({ "payment_method": false, "free_service_messages": 1 });
    assert_eq!(set(&fixture, unpaid).await, 200);
    fixture.text(ANA, "hello").await;
    assert_eq!(fixture.refused(code_to(ANA, "483920")).await, 131_042);
    fixture.sent(text_to(ANA)).await;
    assert_eq!(fixture.refused(text_to(ANA)).await, 131_042);
    let later = json!({ "payment_method": false, "free_service_messages": 1, "report_errors": "status" });
    assert_eq!(set(&fixture, later).await, 200);
    fixture.sent(text_to(ANA)).await;
    let calls = fixture.receiver.calls(4).await;
    let failed = calls.iter().map(Call::status).find(|status| status["status"] == "failed").unwrap();
    assert_eq!(failed["errors"][0]["code"], 131_042);
}

#[tokio::test]
async fn rates_that_make_no_sense_are_refused() {
    let fixture = Fixture::start().await;
    for rates in [json!({ "in": 1.0 }), json!({ "IN": -0.1 }), json!({ "IN": 11 }), json!({ "IN": "x" })] {
        assert_eq!(set(&fixture, json!({ "rates": rates })).await, 400, "{rates}");
    }
}

#[tokio::test]
async fn the_pages_show_what_was_charged() {
    let fixture = Fixture::start().await;
    fixture.text(ANA, "hello").await;
    fixture.sent(text_to(ANA)).await;
    fixture.sent(code_to(ANA, "483920")).await;
    fixture.sent(code_to(RAVI, "483920")).await;
    let page =
        async |path: &str| fixture.request(Method::GET, path).send().await.unwrap().text().await.unwrap();
    let here = page(&format!("/phone/{ANA}")).await;
    let bill = page(&format!("/phone/{ANA}/bill")).await;
    for html in [&here, &bill] {
        assert!(html.contains("<dd>2 messages, $0.0034</dd>"), "{html}");
        assert!(html.contains("<dd>3 messages, $0.0034 and 1 without a known rate</dd>"), "{html}");
        assert!(html.contains("<dd>999 service messages this month</dd>"), "{html}");
    }
    for price in ["free", "$0.0034"] {
        assert!(here.contains(&format!(r#"<span class="price">{price}</span>"#)), "{price}");
    }
    let list = page("/").await;
    assert!(list.contains("$0.0034 and 1 without") && !list.contains("This phone"));
}
