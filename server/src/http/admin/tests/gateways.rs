//! Gateways by the admin API: what is told of them, once, and noted.

use super::*;

#[tokio::test]
async fn acts_on_gateways_are_noted_and_a_secret_is_told_once() {
    let house = House::start().await;
    let key = house.key(Rights::all(), Some(&[OWN])).await;
    let before = house.acts().await;
    let send = async |method, path: &str, body| house.send(&key, method, path, body).await;
    let wish = json!({ "app_key": OWN, "kind": "supabase" });
    let made = send(Method::POST, "/gateways", Some(wish)).await;
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("v1,whsec_"));
    let id = made["gateway_id"].as_str().unwrap();
    assert_eq!(made["url"], format!("{}/api/v1/gateway/supabase/{id}", house.server.url));
    let gateway = format!("/gateways/{id}");
    let rotated = send(Method::POST, &format!("{gateway}/rotate"), Some(json!({ "overlap": 60 }))).await;
    assert!(rotated["old_secret_until"].is_string() && rotated["secret"] != made["secret"]);
    let shown = send(Method::GET, &gateway, None).await;
    assert_eq!((&shown["has_secret"], shown.get("secret")), (&json!(true), None));
    let theirs = json!({ "app_key": OWN, "kind": "zitadel", "secret": "0123456789abcdef" });
    let theirs = send(Method::POST, "/gateways", Some(theirs)).await;
    assert_eq!((&theirs["has_secret"], &theirs["secret"]), (&json!(true), &Value::Null), "they know it");
    send(Method::DELETE, &gateway, None).await;
    let noted = house.server.server.store.audit(limits::AUDIT_SHOWN).await.unwrap().split_off(before);
    let acts: Vec<_> = noted.iter().map(|row| (row.act.as_str(), row.subject.as_str())).collect();
    let expected = ["gateway_create", "gateway_rotate", "gateway_create", "gateway_delete"];
    assert_eq!(acts, expected.map(|act| (act, OWN)));
    assert!(noted.iter().all(|row| row.actor == "key:ci" && !row.fields.contains(secret)));
}

#[tokio::test]
async fn a_gateway_that_makes_no_sense_is_refused_by_the_name_of_what_is_wrong() {
    let house = House::start().await;
    let key = house.key(Rights::all(), None).await;
    for (body, field) in [
        (json!({ "app_key": OWN, "kind": "twilio" }), "`kind`"),
        (json!({ "app_key": OWN, "kind": "generic", "secret": "mine" }), "`secret`"),
        (json!({ "app_key": OWN, "kind": "supabase", "secret": "mine" }), "`secret`"),
    ] {
        let call = house.server.post("/api/v1/admin/gateways").bearer_auth(&key).json(&body);
        let refused: Value = call.send().await.unwrap().json().await.unwrap();
        assert_eq!(refused["error"], "invalid_request", "{body}");
        assert!(refused["message"].as_str().unwrap().contains(field), "{refused}");
    }
}
