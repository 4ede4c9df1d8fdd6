//! Access keys as an operator makes them while a server runs, and what a program does with one.

use std::{
    path::Path,
    process::Output,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Running, client, create_app, program};

/// How soon a running server knows of a change, with room for a slow machine.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);

fn access_key(folder: &Path, arguments: &[&str]) -> Output {
    program(folder).arg("access-key").args(arguments).output().unwrap()
}

fn made(folder: &Path, arguments: &[&str]) -> Value {
    let done = access_key(folder, &[&["create", "--json"], arguments].concat());
    assert!(done.status.success(), "{done:?}");
    serde_json::from_slice(&done.stdout).unwrap()
}

async fn apps(server: &Running, key: &str) -> reqwest::Response {
    let url = format!("{}/api/v1/admin/apps", server.url);
    client().get(url).bearer_auth(key).send().await.unwrap()
}

/// The status of a call with this key once it is another than `before`.
async fn status_after(server: &Running, key: &str, before: u16) -> u16 {
    let begun = Instant::now();
    loop {
        let status = apps(server, key).await.status().as_u16();
        if status != before {
            return status;
        }
        assert!(begun.elapsed() < KNOWN_WITHIN, "a change is known within a second");
    }
}

#[tokio::test]
async fn a_key_is_printed_once_and_lets_a_program_in_until_it_is_revoked() {
    let server = Running::start(&[("LOGGIN_LOG", "trace")]);
    let folder = server.folder.path();
    let (own, other) = (create_app(folder, &[]), create_app(folder, &[]));
    let app_key = own["app_key"].as_str().unwrap();
    let key =
        made(folder, &["--label", "ci", "--scope", "apps:read", "--scope", "apps:write", "--app", app_key]);
    let shown = key["access_key"].as_str().unwrap();
    assert!(shown.starts_with("lgad_"));
    assert_eq!(status_after(&server, shown, 401).await, 200);
    let listed: Value = apps(&server, shown).await.json().await.unwrap();
    let seen: Vec<&Value> = listed["data"].as_array().unwrap().iter().map(|app| &app["app_key"]).collect();
    assert_eq!(seen, [&own["app_key"]]);
    let of_other = format!("{}/api/v1/admin/apps/{}", server.url, other["app_key"].as_str().unwrap());
    let refused = client().delete(of_other).bearer_auth(shown).send().await.unwrap();
    assert_eq!(refused.status(), 404);
    let of_own = format!("{}/api/v1/admin/apps/{app_key}", server.url);
    let changed = client().patch(of_own).bearer_auth(shown).json(&json!({ "name": "Renamed" }));
    assert_eq!(changed.send().await.unwrap().status(), 200);

    let keys = access_key(folder, &["list", "--json"]).stdout;
    let keys: Vec<Value> = serde_json::from_slice(&keys).unwrap();
    assert_eq!(
        (&keys[0]["scopes"], &keys[0]["apps"]),
        (&json!(["apps:read", "apps:write"]), &json!([app_key]))
    );
    assert!(keys[0]["last_used_at"].is_string());
    let id = key["key_id"].as_str().unwrap();
    assert!(access_key(folder, &["revoke", id]).status.success());
    assert_eq!(status_after(&server, shown, 200).await, 401);
    assert_eq!(access_key(folder, &["revoke", id]).status.code(), Some(1));

    let audit = String::from_utf8(program(folder).args(["audit"]).output().unwrap().stdout).unwrap();
    assert!(audit.contains("key:ci  app_update") && audit.contains("access_key_revoke"), "{audit}");
    let lines = String::from_utf8(access_key(folder, &["list"]).stdout).unwrap();
    let (_, log) = server.stop();
    assert!(log.contains("an administrator acted"));
    assert!(!(log + &audit + &lines).contains(&shown[14..]), "it is shown once");
}

#[test]
fn keys_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["create", "--label", "ci"][..],
        &["create", "--label", "ci", "--scope", "everything"],
        &["create", "--label", " ", "--scope", "logs:read"],
        &["create", "--label", "ci", "--scope", "logs:read", "--app", "00000000"],
        &["create", "--label", "ci", "--scope", "logs:read", "--expires-in", "0"],
        &["revoke", "00000000"],
    ] {
        assert!(!access_key(folder.path(), arguments).status.success(), "{arguments:?}");
    }
    let made = access_key(folder.path(), &["create", "--label", "ci", "--scope", "logs:read"]);
    let printed = String::from_utf8(made.stdout).unwrap();
    assert!(printed.contains("access_key  lgad_") && printed.contains("this once"), "{printed}");
}
