//! What became of logins, as an operator looks at it while a server runs.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use super::{PHONE, Running, SETTINGS, create_app, program, token};

fn run(folder: &Path, command: &str, arguments: &[&str]) -> Output {
    program(folder).arg(command).args(arguments).envs(SETTINGS).output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Signs somebody in.
async fn sign_in(server: &Running, app: &Value) {
    let key = app["secret_key"].as_str();
    let body = json!({ "token": token(app).expose() });
    assert_eq!(server.post("/api/v1/tokens/verify", key, &body).await.status(), 200);
    server.message(&format!("Code: {}", token(app).code().expose())).await;
    let redeemed: Value = server.post("/api/v1/tokens/verify", key, &body).await.json().await.unwrap();
    assert_eq!(redeemed["status"], "verified");
}

#[tokio::test]
async fn a_login_is_listed_followed_and_counted_while_the_server_runs() {
    let server = Running::start(&[]);
    let folder = server.folder.path();
    let (app, other) = (create_app(folder, &[]), create_app(folder, &[]));
    let mut follower = program(folder)
        .args(["logs", "--follow", "--json"])
        .envs(SETTINGS)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut printed = BufReader::new(follower.stdout.take().unwrap());
    sign_in(&server, &app).await;
    let mut line = String::new();
    printed.read_line(&mut line).unwrap();
    follower.kill().unwrap();
    follower.wait().unwrap();
    let row: Value = serde_json::from_str(&line).unwrap();
    let told = [&row["app_key"], &row["kind"], &row["outcome"], &row["country"], &row["phone"]];
    let end = format!("…{}", &PHONE[PHONE.len() - 4..]);
    assert_eq!(told, [&app["app_key"], &json!("login"), &json!("redeemed"), &json!("IN"), &json!(end)]);
    assert_eq!((&row["reason"], &row["confirmation"]), (&Value::Null, &json!("none")));
    assert_eq!(row["id"], token(&app).login_id());
    assert!(row["verified_after_ms"].as_u64().is_some());

    let app_key = app["app_key"].as_str().unwrap();
    let (whole, last) = (format!("+{PHONE}"), &PHONE[PHONE.len() - 4..]);
    for asked in [
        &[][..],
        &["--app", app_key],
        &["--outcome", "redeemed", "--country", "in", "--kind", "login"],
        &["--phone", &whole],
        &["--phone", last, "--since", "1h"],
    ] {
        let output = run(folder, "logs", &[asked, &["--json"]].concat());
        assert_eq!(lines(&output), std::slice::from_ref(&row), "{asked:?}");
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains(PHONE) && !said.contains(&*token(&app).code().expose()));
    }
    let cursor = row["cursor"].as_str().unwrap();
    for asked in [
        &["--app", other["app_key"].as_str().unwrap()][..],
        &["--outcome", "denied"],
        &["--reason", "not_me"],
        &["--country", "DE"],
        &["--phone", "+4915112345678"],
        &["--until", "1h"],
        &["--after", cursor],
    ] {
        assert_eq!(
            lines(&run(folder, "logs", &[asked, &["--json"]].concat())),
            Vec::<Value>::new(),
            "{asked:?}"
        );
    }
    let page = String::from_utf8(run(folder, "logs", &[]).stdout).unwrap();
    assert!(page.lines().count() == 1 && page.contains("redeemed") && page.contains(&end), "{page}");

    let usage = lines(&run(folder, "usage", &["--json", "--app", app_key])).remove(0);
    let period = &usage["periods"][0];
    let funnel = ["started", "messages", "verified", "redeemed"].map(|step| period[step].as_u64());
    assert_eq!((funnel, &period["success_percent"]), ([Some(1); 4], &json!(100.0)));
    assert_eq!(
        usage["endings"],
        json!([{ "kind": "login", "outcome": "redeemed", "reason": null, "count": 1 }])
    );
    assert_eq!(usage["countries"][0]["country"], "IN");
    assert_eq!(usage["time_to_verify"][0]["median_ms"], 1_000);
    let nothing = lines(&run(folder, "usage", &["--json", "--app", other["app_key"].as_str().unwrap()]));
    assert_eq!(nothing[0]["periods"], json!([]));
    let page = String::from_utf8(run(folder, "usage", &["--by", "month"]).stdout).unwrap();
    assert!(page.contains("100.0 %") && page.contains(app_key), "{page}");
    assert!(server.stop().0.success());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    create_app(folder.path(), &[]);
    for (command, arguments, code) in [
        ("logs", &["--outcome", "gone"][..], 2),
        ("logs", &["--reason", "bad_luck"], 2),
        ("logs", &["--country", "India"], 2),
        ("logs", &["--since", "yesterday"], 2),
        ("logs", &["--after", "x"], 2),
        ("logs", &["--app", "x"], 2),
        ("logs", &["--outcome", "blocked", "--reason", "not_me"], 1),
        ("logs", &["--phone", "12"], 1),
        ("usage", &["--by", "year"], 2),
        ("usage", &["--since", "1h", "--until", "2h"], 1),
        ("usage", &["--since", "900d"], 1),
    ] {
        let output = run(folder.path(), command, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {output:?}");
        assert!(output.stdout.is_empty());
    }
    // A whole number is found by a MAC, and the last digits without it.
    let mut command = program(folder.path());
    let output = command.args(["logs", "--phone", "+919876543210"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("WHATSAPP_APP_SECRET"));
    assert!(program(folder.path()).args(["logs", "--phone", "3210"]).output().unwrap().status.success());
}
