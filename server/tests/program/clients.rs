//! Clients of the OpenID issuer as an operator makes them while a server runs, and what such a client is answered.

use std::{path::Path, process::Output};

use serde_json::{Value, json};

use super::{Running, client, create_app, program};

const CALLBACK: &str = "https://wiki.example/cb";

fn openid_client(folder: &Path, arguments: &[&str]) -> Output {
    program(folder).arg("client").args(arguments).output().unwrap()
}

fn json_of(done: &Output) -> Value {
    assert!(done.status.success(), "{done:?}");
    serde_json::from_slice(&done.stdout).unwrap()
}

/// The status of a call of the token endpoint as this client, whose code is none.
async fn answered(server: &Running, id: &str, secret: &str) -> u16 {
    let call = client().post(format!("{}/openid/token", server.url));
    let call = call.header("Content-Type", "application/x-www-form-urlencoded");
    let call = call.body("grant_type=authorization_code&code=none");
    call.basic_auth(id, Some(secret)).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_secret_is_printed_once_and_lets_a_client_in_until_it_is_replaced() {
    let server = Running::start(&[("LOGGIN_LOG", "trace")]);
    let folder = server.folder.path();
    let app = create_app(folder, &[]);
    let app_key = app["app_key"].as_str().unwrap();
    let create = ["create", "--app", app_key, "--redirect-uri", CALLBACK, "--name", "Wiki", "--json"];
    let made = json_of(&openid_client(folder, &create));
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    assert!(id.starts_with(app_key) && secret.starts_with("lgcs_"));
    assert_eq!(answered(&server, id, secret).await, 400);
    assert_eq!(answered(&server, id, "lgcs_wrong").await, 401);

    let shown = json_of(&openid_client(folder, &["show", id, "--json"]));
    assert_eq!((&shown["name"], &shown["redirect_uris"]), (&json!("Wiki"), &json!([CALLBACK])));
    assert_eq!((&shown["pkce"], &shown["public"]), (&json!(true), &json!(false)));
    assert_eq!(json_of(&openid_client(folder, &["list", "--json"])), json!([shown]));

    let rotated = json_of(&openid_client(folder, &["rotate", id, "--overlap", "0", "--json"]));
    let next = rotated["client_secret"].as_str().unwrap();
    assert_eq!(answered(&server, id, secret).await, 401);
    assert_eq!(answered(&server, id, next).await, 400);
    assert!(openid_client(folder, &["delete", id]).status.success());
    assert_eq!(answered(&server, id, next).await, 401);
    assert_eq!(openid_client(folder, &["delete", id]).status.code(), Some(1));

    let audit = String::from_utf8(program(folder).args(["audit"]).output().unwrap().stdout).unwrap();
    for act in ["client_create", "client_rotate", "client_delete"] {
        assert!(audit.contains(act), "{audit}");
    }
    let (_, log) = server.stop();
    for secret in [secret, next] {
        assert!(!(log.clone() + &audit + &shown.to_string()).contains(&secret[5..]), "it is shown once");
    }
}

#[test]
fn clients_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let app = create_app(folder.path(), &[]);
    let app_key = app["app_key"].as_str().unwrap();
    let of_app = ["create", "--app", app_key];
    for arguments in [
        &[&of_app[..], &[]].concat(),
        &[&of_app[..], &["--redirect-uri", "http://wiki.example/cb"]].concat(),
        &[&of_app[..], &["--redirect-uri", "https://*.wiki.example/cb"]].concat(),
        &[&of_app[..], &["--redirect-uri", CALLBACK, "--public", "--without-pkce"]].concat(),
        &[&of_app[..], &["--redirect-uri", CALLBACK, "--email-domain", "example.com"]].concat(),
        &[&of_app[..], &["--redirect-uri", CALLBACK, "--algorithm", "HS256"]].concat(),
        &vec!["create", "--app", "00000000", "--redirect-uri", CALLBACK],
        &vec!["show", "none"],
        &vec!["rotate", "none"],
    ] {
        assert!(!openid_client(folder.path(), arguments).status.success(), "{arguments:?}");
    }
    let public = [&of_app[..], &["--redirect-uri", CALLBACK, "--public"]].concat();
    let made = openid_client(folder.path(), &public);
    let printed = String::from_utf8(made.stdout).unwrap();
    assert!(printed.contains("client_id") && !printed.contains("lgcs_"), "{printed}");
    let id = printed.split_whitespace().nth(1).unwrap().to_owned();
    assert_eq!(openid_client(folder.path(), &["rotate", &id]).status.code(), Some(1));
    let lines = String::from_utf8(openid_client(folder.path(), &["show", &id]).stdout).unwrap();
    assert!(lines.contains("kind                      public") && lines.contains(CALLBACK), "{lines}");
}
