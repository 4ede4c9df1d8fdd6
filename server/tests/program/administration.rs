//! What administrators do leaves a trace that holds no secret.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use serde_json::{Value, json};

use super::{app, create_app, program, refused, test_number};

#[test]
fn each_act_is_listed_and_logged_without_values() {
    let folder = tempfile::tempdir().unwrap();
    let made = create_app(folder.path(), &[]);
    let app_key = made["app_key"].as_str().unwrap();
    let update = ["update", app_key, "--new-secret-key", "--name", "Another 5hop", "--json"];
    let changed = app(folder.path(), &update);
    let secret_key = serde_json::from_slice::<Value>(&changed.stdout).unwrap()["secret_key"].clone();
    let added = test_number(folder.path(), &["add", "+15550001111", "--code", "918273"]);
    let removed = test_number(folder.path(), &["remove", "+15550001111"]);
    assert_eq!(test_number(folder.path(), &["remove", "+15550001111"]).status.code(), Some(1));
    assert_eq!(app(folder.path(), &["update", "00000000", "--name", "A"]).status.code(), Some(1));

    let listed = program(folder.path()).args(["audit", "--json"]).output().unwrap();
    let listed: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap();
    let told: Vec<Value> =
        listed.iter().map(|row| json!([row["act"], row["subject"], row["fields"]])).collect();
    let expected = [
        json!(["app_create", app_key, []]),
        json!(["app_update", app_key, ["name", "secret_key"]]),
        json!(["test_number_add", "…1111", []]),
        json!(["test_number_remove", "…1111", []]),
    ];
    assert_eq!(told, expected);
    assert!(listed.iter().all(|row| !row["actor"].as_str().unwrap().is_empty()));

    let logged: Vec<String> = [&changed, &added, &removed]
        .map(|output| String::from_utf8_lossy(&output.stderr).into_owned())
        .into();
    for (log, act) in logged.iter().zip(["app_update", "test_number_add", "test_number_remove"]) {
        assert!(log.contains(act), "{log}");
    }
    let all = logged.concat() + &Value::from(listed).to_string();
    for secret in [&secret_key.as_str().unwrap()[14..], "5hop", "918273", "5550001111"] {
        assert!(!all.contains(secret), "{secret}");
    }
    let page = program(folder.path()).arg("audit").output().unwrap();
    assert_eq!(String::from_utf8(page.stdout).unwrap().lines().count(), expected.len());
}

#[test]
fn an_endpoint_moves_and_keeps_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let made = create_app(folder.path(), &[]);
    let webhook = |arguments: &[&str]| {
        let mut command = program(folder.path());
        command.env("LOGGIN_WEBHOOK_SECRET", "0123456789abcdef0123456789abcdef");
        command.arg("webhook").args(arguments).output().unwrap()
    };
    let read = |output: std::process::Output| {
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let app_key = made["app_key"].as_str().unwrap();
    let added = read(webhook(&["add", app_key, "https://a.example/", "--event", "otp.sent", "--json"]));
    let id = added["endpoint_id"].as_str().unwrap();
    let moved = read(webhook(&["set", id, "--url", "https://b.example/", "--json"]));
    assert_eq!((&moved["url"], &moved["events"]), (&json!("https://b.example/"), &json!(["otp.sent"])));
    let every = read(webhook(&["set", id, "--every-event", "--json"]));
    assert_eq!((&every["url"], &every["events"]), (&moved["url"], &json!([])));
    for (arguments, said) in [
        (&["set", id, "--url", "https://10.0.0.1/"][..], "the URL leads to no public address"),
        (&["set", id, "--event", "login"], "--event: must be one of"),
        (&["set", id, "--every-event"], "nothing would change"),
        (&["set", "whe_0", "--every-event"], "there is no such endpoint"),
        (&["set", id], "required arguments"),
        (&["deliveries", id, "--limit", "0"], "0 is not in 1..=10000"),
    ] {
        let refused = webhook(arguments);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && told.contains(said), "{arguments:?}: {told}");
    }
    assert_eq!(read(webhook(&["deliveries", id, "--limit", "9", "--json"])), json!([]));
}

#[test]
fn a_shell_completes_commands_and_options() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let printed = program(folder.path()).args(["completions", shell]).output().unwrap();
        let script = String::from_utf8(printed.stdout).unwrap();
        assert!(script.contains("test-number") && script.ends_with('\n'), "{shell}");
        std::fs::write(folder.path().join(shell), script).unwrap();
    }
    // As bash does when somebody asks for what may follow these words.
    let complete = |words: &str, last: usize| {
        let script = format!(
            "source ./bash; COMP_WORDS=({words}); COMP_CWORD={last}; \
             _loggin-server loggin-server \"${{COMP_WORDS[{last}]}}\" \"${{COMP_WORDS[{last}-1]}}\"; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let shell =
            std::process::Command::new("bash").args(["-c", &script]).current_dir(&folder).output().unwrap();
        String::from_utf8(shell.stdout).unwrap()
    };
    assert_eq!(complete("loggin-server webh", 1), "webhook\n");
    assert_eq!(complete("loggin-server app rot", 2), "\n");
    assert_eq!(complete("loggin-server app key ro", 3), "rotate\n");
    assert_eq!(complete("loggin-server serve --tls-k", 2), "--tls-key\n");
}

#[test]
fn administrators_have_roles_and_an_owner_stays() {
    let folder = tempfile::tempdir().unwrap();
    let admin = |arguments: &[&str]| program(folder.path()).arg("admin").args(arguments).output().unwrap();
    assert!(admin(&["add", "Olga@shop.example", "--role", "owner"]).status.success());
    assert!(admin(&["add", "ben", "--role", "viewer", "--phone", "+919876543210"]).status.success());
    for refused in [
        &["add", "ben", "--role", "viewer"][..],
        &["add", "olga@shop.example", "--role", "editor"],
        &["add", "eve"],
        &["add", "eve", "--role", "viewer", "--phone", "12"],
        &["add", "eve", "--role", "viewer", "--phone", "+919876543210"],
        &["add", "eve", "--role", "viewer", "--app", "8XKPQ2WN"],
        &["add", "two words", "--role", "viewer"],
        &["add", " ", "--role", "viewer"],
        &["remove", "olga@shop.example"],
        &["remove", "nobody"],
    ] {
        assert_eq!(admin(refused).status.code(), Some(1), "{refused:?}");
    }
    assert_eq!(admin(&["add", "eve", "--role", "king"]).status.code(), Some(2));
    let listed: Value = serde_json::from_slice(&admin(&["list", "--json"]).stdout).unwrap();
    let listed: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|each| json!([each["name"], each["role"], each["phone"]]))
        .collect();
    assert_eq!(listed, [json!(["ben", "viewer", "…3210"]), json!(["olga@shop.example", "owner", null])]);
    assert!(admin(&["sign-out", "ben"]).status.success());
    assert_eq!(admin(&["sign-out", "nobody"]).status.code(), Some(1));
    assert!(admin(&["remove", "ben"]).status.success());
    let page = admin(&["list"]);
    assert_eq!(String::from_utf8(page.stdout).unwrap().lines().count(), 1);
}

#[test]
fn a_setting_that_is_not_text_is_refused() {
    for name in ["LOGGIN_LISTEN", "WHATSAPP_VERIFY_TOKEN"] {
        let said = refused(|command| {
            command.env(name, OsStr::from_bytes(b"s3cret\xff"));
        });
        assert!(said.contains(name) && !said.contains("s3cret"), "{said}");
    }
}
