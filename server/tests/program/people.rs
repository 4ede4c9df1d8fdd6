//! One person, told of and forgotten by an operator.

use std::{path::Path, process::Output};

use serde_json::{Value, json};

use super::{PHONE, Running, SECRETS, SETTINGS, create_app, program, token};

fn person(folder: &Path, command: &str, phone: &str) -> Output {
    let mut program = program(folder);
    program.args([command, phone]).envs(SETTINGS).env("LOGGIN_LOG", "trace").output().unwrap()
}

#[tokio::test]
async fn a_person_is_told_of_and_forgotten_while_the_server_runs() {
    let server = Running::start(&[]);
    let folder = server.folder.path();
    let app = create_app(folder, &[]);
    let key = app["secret_key"].as_str();
    server.message(&format!("Code: {}", token(&app).code().expose())).await;

    let told = person(folder, "export", &format!("+{PHONE}"));
    assert!(told.status.success(), "{told:?}");
    let log = String::from_utf8(told.stderr).unwrap();
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["tables"]["logins"][0]["user_id"], "IN.4711");
    assert_eq!(told["phone"], format!("+{PHONE}"));

    let forgotten = person(folder, "forget", &format!("+{PHONE}"));
    assert!(forgotten.status.success(), "{forgotten:?}");
    let forget_log = String::from_utf8(forgotten.stderr).unwrap();
    let forgotten: Value = serde_json::from_slice(&forgotten.stdout).unwrap();
    assert_eq!(forgotten["deleted_rows"]["logins"], 1);
    assert_eq!(forgotten["person"], told["person"]);
    let body = json!({ "token": token(&app).expose() });
    let now: Value = server.post("/api/v1/tokens/verify", key, &body).await.json().await.unwrap();
    assert_eq!(now["status"], "pending", "the result has gone with them");

    let audit = program(folder).args(["audit", "--json"]).output().unwrap();
    let audit = String::from_utf8(audit.stdout).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&audit).unwrap();
    let trail: Vec<_> = rows[1..].iter().map(|row| (&row["act"], &row["subject"])).collect();
    let name = &told["person"];
    assert_eq!(trail, [(&json!("person_export"), name), (&json!("person_forget"), name)]);
    let all = log + &forget_log + &audit;
    for secret in SECRETS.iter().chain(&[PHONE, &PHONE[2..], "IN.4711"]) {
        assert!(!all.contains(secret), "{secret}");
    }
    assert!(server.stop().0.success());
}

#[test]
fn who_cannot_be_found_for_certain_is_not_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    create_app(folder.path(), &[]);
    for (name, phone) in [("WHATSAPP_APP_SECRET", PHONE), ("", "12"), ("", "not a number")] {
        let mut command = program(folder.path());
        let output = command.args(["forget", phone]).envs(SETTINGS).env_remove(name).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(name) && output.stdout.is_empty());
    }
    // A server that sends no codes has no secret for them.
    let mut command = program(folder.path());
    let output = command.args(["forget", PHONE]).env("WHATSAPP_APP_SECRET", SETTINGS[5].1).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}
