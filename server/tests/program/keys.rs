//! Secret keys and apps as an operator changes them while a server runs.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Running, app, create_app, program, token};

/// How soon a running server knows of a change, with room for a slow machine.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);

fn key(folder: &Path, arguments: &[&str]) -> Value {
    let done = app(folder, &[&["key"], arguments, &["--json"]].concat());
    assert!(done.status.success(), "{done:?}");
    serde_json::from_slice(&done.stdout).unwrap()
}

/// The statuses and error codes that calls with this key get, until it is another than `before`.
async fn status_after(server: &Running, key: &str, before: u16) -> (u16, Value) {
    let body = json!({ "token": token(&json!({ "app_key": &key[5..13] })).expose() });
    let begun = Instant::now();
    loop {
        let response = server.post("/api/v1/tokens/verify", Some(key), &body).await;
        let status = response.status().as_u16();
        if status != before {
            return (status, response.json::<Value>().await.unwrap()["error"].clone());
        }
        assert!(begun.elapsed() < KNOWN_WITHIN, "a change is known within a second");
    }
}

#[tokio::test]
async fn a_key_is_replaced_without_a_gap_and_a_revoked_one_is_refused_soon() {
    let server = Running::start(&[("LOGGIN_LOG", "trace")]);
    let folder = server.folder.path();
    let made = create_app(folder, &[]);
    let (app_key, first) = (made["app_key"].as_str().unwrap(), made["secret_key"].as_str().unwrap());
    let body = json!({ "token": token(&made).expose() });
    let taken = async |key: &str| {
        server.post("/api/v1/tokens/verify", Some(key), &body).await.status().as_u16() == 200
    };
    assert!(taken(first).await);

    let rotated = key(folder, &["rotate", app_key]);
    let second = rotated["secret_key"].as_str().unwrap();
    assert_eq!(status_after(&server, second, 401).await.0, 200);
    assert!(taken(first).await, "both are taken for a day");
    let first_id = rotated["replaces"]["key_id"].as_str().unwrap();
    assert_eq!(app(folder, &["key", "rotate", app_key]).status.code(), Some(1), "which one?");
    let listed = key(folder, &["list", app_key]);
    let goods: Vec<_> = listed.as_array().unwrap().iter().map(|key| (&key["key_id"], &key["good"])).collect();
    assert_eq!(goods, [(&json!(first_id), &json!(true)), (&rotated["key_id"], &json!(true))]);

    assert!(app(folder, &["key", "revoke", app_key, first_id]).status.success());
    assert_eq!(status_after(&server, first, 200).await, (401, json!("unauthorized")));
    assert!(taken(second).await);
    assert_eq!(app(folder, &["key", "revoke", app_key, first_id]).status.code(), Some(1));
    let third = key(folder, &["rotate", app_key, "--overlap", "0", "--expires-in", "90d"]);
    assert_eq!(status_after(&server, second, 200).await, (401, json!("unauthorized")));
    let fourth = key(folder, &["create", app_key, "--label", "another server"]);
    let fifth = app(folder, &["update", app_key, "--new-secret-key", "--json"]);
    let fifth: Value = serde_json::from_slice(&fifth.stdout).unwrap();
    let fifth = fifth["secret_key"].as_str().unwrap();
    assert_eq!(status_after(&server, fifth, 401).await.0, 200);
    assert!(!taken(fourth["secret_key"].as_str().unwrap()).await, "it is the only one");

    let audit = program(folder).args(["audit", "--json"]).output().unwrap();
    let (status, log) = server.stop();
    assert!(status.success());
    let told = log + &String::from_utf8(audit.stdout).unwrap() + &listed.to_string();
    assert!(told.contains("key_rotate") && told.contains("key_revoke") && told.contains("key_create"));
    for key in
        [first, second, third["secret_key"].as_str().unwrap(), fourth["secret_key"].as_str().unwrap(), fifth]
    {
        assert!(!told.contains(&key[14..]));
    }
}

#[tokio::test]
async fn the_use_of_a_key_is_there_after_the_server() {
    let server = Running::start(&[]);
    let folder = server.folder.path().to_owned();
    let made = create_app(&folder, &[]);
    let key_used = made["secret_key"].as_str();
    let body = json!({ "token": token(&made).expose() });
    assert_eq!(server.post("/api/v1/tokens/verify", key_used, &body).await.status(), 200);
    server.terminate();
    let mut server = server;
    assert!(server.child.wait().unwrap().success());
    let listed = key(&folder, &["list", made["app_key"].as_str().unwrap()]);
    assert!(listed[0]["last_used_at"].is_string(), "{listed}");
    assert_eq!(listed[0]["label"], "first");
}

#[tokio::test]
async fn a_disabled_app_refuses_calls_until_it_is_enabled_and_a_deleted_one_is_gone() {
    let server = Running::start(&[]);
    let folder = server.folder.path();
    let made = create_app(folder, &["--require-secret-key", "false"]);
    let (app_key, secret_key) = (made["app_key"].as_str().unwrap(), made["secret_key"].as_str().unwrap());
    let body = json!({ "token": token(&made).expose() });
    assert_eq!(server.post("/api/v1/tokens/verify", Some(secret_key), &body).await.status(), 200);

    assert!(app(folder, &["disable", app_key]).status.success());
    assert_eq!(app(folder, &["disable", app_key]).status.code(), Some(1));
    assert_eq!(status_after(&server, secret_key, 200).await, (401, json!("unauthorized")));
    let response = server.post("/api/v1/tokens/verify", None, &body).await;
    assert_eq!(response.status(), 404);
    assert_eq!(response.json::<Value>().await.unwrap()["error"], "unknown_app");
    let start = json!({ "phone": "+919876543210" });
    assert_eq!(server.post("/api/v1/auth/start", Some(secret_key), &start).await.status(), 401);
    let shown = app(folder, &["show", app_key, "--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert!(shown["disabled_at"].is_string() && shown["keys"][0]["good"] == true, "{shown}");
    assert!(app(folder, &["enable", app_key]).status.success());
    assert_eq!(status_after(&server, secret_key, 401).await.0, 200);

    assert_eq!(app(folder, &["delete", app_key]).status.code(), Some(1));
    assert!(app(folder, &["show", app_key]).status.success(), "it was not meant");
    assert!(app(folder, &["delete", app_key, "--yes"]).status.success());
    assert_eq!(status_after(&server, secret_key, 200).await, (401, json!("unauthorized")));
    assert_eq!(app(folder, &["show", app_key]).status.code(), Some(1));
    let rows = program(folder).args(["audit", "--json"]).output().unwrap();
    let rows: Vec<Value> = serde_json::from_slice(&rows.stdout).unwrap();
    let acts: Vec<_> = rows.iter().map(|row| row["act"].as_str().unwrap()).collect();
    assert_eq!(acts, ["app_create", "app_disable", "app_enable", "app_delete"]);
    assert!(server.stop().0.success());
}
