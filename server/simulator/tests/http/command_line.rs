//! The program, as another program starts it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::fixture::{ACCESS_TOKEN, ANA, APP_SECRET, BUSINESS, PHONE_NUMBER_ID, Receiver, VERIFY_TOKEN};

fn program(webhook: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whatsapp-simulator"));
    command
        .args(["--listen", "127.0.0.1:0", "--webhook-url", webhook, "--phone-number-id", PHONE_NUMBER_ID])
        .args(["--number", BUSINESS, "--exit-with-parent"])
        .env("WHATSAPP_APP_SECRET", format!("{APP_SECRET},an-older-one"))
        .env("WHATSAPP_VERIFY_TOKEN", VERIFY_TOKEN)
        .env("WHATSAPP_ACCESS_TOKEN", ACCESS_TOKEN)
        .env("RUST_LOG", "trace")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Closes standard input and waits for the end; the rest of what it wrote.
fn end(mut child: Child, mut output: impl std::io::Read) -> (bool, String, String) {
    drop(child.stdin.take());
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    (child.wait().unwrap().success(), rest, errors)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_where_it_listens_and_ends_with_its_parent() {
    let receiver = Receiver::start().await;
    let mut child = program(&receiver.url()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let base = line.trim_end().strip_prefix("listening on ").unwrap().to_owned();

    let code = "8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB";
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let send = client.post(format!("{base}/control/phones/{ANA}/messages")).json(&json!({ "text": code }));
    assert_eq!(send.send().await.unwrap().json::<Value>().await.unwrap()["status"], 200);
    client.get(format!("{base}/{BUSINESS}?text={code}")).send().await.unwrap();
    assert!(receiver.calls(1).await[0].is_signed(), "the first of several secrets signs");

    let (success, rest, log) = tokio::task::spawn_blocking(move || end(child, output)).await.unwrap();
    assert!(success);
    assert_eq!(rest, "", "one line and no more");
    assert!(log.contains("webhook"));
    for secret in [APP_SECRET, ACCESS_TOKEN, VERIFY_TOKEN, ANA, code] {
        assert!(!log.contains(secret), "a secret stands in the log");
    }
}

#[test]
fn a_missing_setting_stops_it() {
    let output = program("http://127.0.0.1:1/").env_remove("WHATSAPP_APP_SECRET").output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    let output = program("not a url").output().unwrap();
    assert!(!output.status.success());
}
