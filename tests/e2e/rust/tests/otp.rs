//! One-time codes through the real server and simulator: the person reads the code on the phone and types it.
#![allow(clippy::unwrap_used)]

use loggin_e2e::{Environment, PHONE};
use serde_json::{Value, json};

/// Calls of the demo app's server; status and body.
fn call(environment: &Environment, route: &str, key: &str, body: &Value) -> (u16, Value) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let call =
        agent.post(format!("{}/api/v1/auth/{route}", environment.url)).content_type("application/json");
    let mut response = call.header("X-Api-Key", key).send(body.to_string()).unwrap();
    let text = response.body_mut().read_to_string().unwrap();
    (response.status().as_u16(), serde_json::from_str(&text).unwrap())
}

#[test]
fn a_person_reads_the_code_on_the_phone_and_types_it() {
    let environment = Environment::start();
    let key = Environment::SECRET_KEY;
    let order = json!({ "phone": format!("+{PHONE}"), "otp_length": 8, "meta": { "cart": 7 } });
    let (status, started) = call(&environment, "start", key, &order);
    assert_eq!((status, &started["expires_in"]), (200, &json!(300)), "{started}");
    let code = environment.code_on(PHONE);
    assert_eq!(code.len(), 8);

    let typed = |code: &str| {
        let body = json!({ "session_id": started["session_id"], "otp_code": code });
        call(&environment, "verify", key, &body)
    };
    let wrong: String = code.chars().map(|digit| if digit == '0' { '1' } else { '0' }).collect();
    let (status, error) = typed(&wrong);
    assert_eq!((status, &error["attempts_left"]), (422, &json!(4)), "{error}");
    let (status, verified) = typed(&code);
    assert_eq!((status, &verified["phone"], &verified["meta"]["cart"]), (200, &json!(PHONE), &json!(7)));
    assert_eq!(typed(&code).0, 409);
    assert_eq!(call(&environment, "start", &key.replace("DEM0", "AAAA"), &order).0, 401);
}

#[test]
fn a_person_without_whatsapp_is_told_apart_from_a_server_that_is_busy() {
    let environment = Environment::start();
    let number = environment.new_phone();
    let order = json!({ "phone": format!("+{number}") });
    environment.control("phones", &json!({ "number": number, "on_whatsapp": false }));
    let (status, error) = call(&environment, "start", Environment::SECRET_KEY, &order);
    assert_eq!((status, error["error"].as_str()), (502, Some("send_failed")));
    environment.control("phones", &json!({ "number": number, "on_whatsapp": true }));
    // Twice: once for the try that certainly was not sent, and once for the second.
    let fault = json!({ "graph": { "count": 2, "code": 130_429, "http_status": 429 } });
    environment.control("faults", &fault);
    let (status, error) = call(&environment, "start", Environment::SECRET_KEY, &order);
    assert_eq!((status, error["error"].as_str()), (503, Some("unavailable")), "{error}");
    assert!(error["retry_after"].as_u64().unwrap() > 0);
    assert_eq!(call(&environment, "start", Environment::SECRET_KEY, &order).0, 200);
}

#[test]
fn a_person_who_did_not_ask_for_a_code_cancels_it() {
    let environment = Environment::start();
    let order = json!({ "phone": format!("+{PHONE}") });
    let (_, started) = call(&environment, "start", Environment::SECRET_KEY, &order);
    let code = environment.code_on(PHONE);
    let tapped =
        environment.control(&format!("phones/{PHONE}/tap"), &json!({ "button_id": "DID_NOT_REQUEST_CODE" }));
    assert_eq!(tapped["status"], 200);
    let body = json!({ "session_id": started["session_id"], "otp_code": code });
    let (status, error) = call(&environment, "verify", Environment::SECRET_KEY, &body);
    assert_eq!((status, error["error"].as_str()), (422, Some("expired")));
}

#[test]
fn a_response_of_whatsapp_that_gets_lost_sends_nothing_twice() {
    let environment = Environment::start();
    let order = json!({ "phone": format!("+{PHONE}") });
    environment.control("faults", &json!({ "graph": { "lose_answer": true } }));
    let (status, error) = call(&environment, "start", Environment::SECRET_KEY, &order);
    assert_eq!((status, error["error"].as_str()), (503, Some("unavailable")));
    let (status, error) = call(&environment, "start", Environment::SECRET_KEY, &order);
    assert_eq!((status, error["error"].as_str()), (429, Some("rate_limited")));
    assert_eq!(environment.messages_on(PHONE).len(), 1);
}
