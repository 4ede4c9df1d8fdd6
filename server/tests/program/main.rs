//! The program as an operator runs it: its settings, its apps, its log and its end.

#![allow(clippy::unwrap_used, clippy::expect_used)] // only what is marked as a test is excepted by itself

mod access_keys;
mod administration;
mod backup;
mod clients;
#[allow(dead_code)] // the tests of the store use the rest
#[path = "../../src/store/tests/cluster.rs"]
mod cluster;
mod development;
mod keys;
mod log;
mod logs;
mod messages;
mod metrics;
mod nodes;
mod people;
mod supervisor;
mod tls;
mod traces;

use std::{
    fs::File,
    io::{BufRead, BufReader},
    ops::{Deref, DerefMut},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
};

use axum::{Json, Router, routing::post};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use loggin_protocol::{AppKey, Token};
use reqwest::{Client, redirect::Policy};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;
use tokio::net::TcpListener;

const PROGRAM: &str = env!("CARGO_BIN_EXE_loggin-server");
const PHONE: &str = "919876543210";

/// The environment that `serve` needs; its secrets stand in no message and no log.
const SETTINGS: [(&str, &str); 10] = [
    ("LOGGIN_LISTEN", "127.0.0.1:0"),
    ("LOGGIN_PUBLIC_URL", "https://login.example"),
    ("WHATSAPP_NUMBER", "15550001111"),
    ("WHATSAPP_PHONE_NUMBER_ID", "200000000000002"),
    ("WHATSAPP_ACCESS_TOKEN", "EAAsecretaccess"),
    ("WHATSAPP_APP_SECRET", "newappsecret0123, oldappsecret0123"),
    ("WHATSAPP_VERIFY_TOKEN", "verifysecret"),
    // Nothing listens there: what is to be sent is not.
    ("WHATSAPP_GRAPH_URL", "http://127.0.0.1:9/v26.0"),
    ("WHATSAPP_OTP_TEMPLATE", "verification_code"),
    ("LOGGIN_OTP_SECRET", "newotpsecret0123456789abcdef01234567, oldotpsecret0123456789abcdef01234567"),
];
const SECRETS: [&str; 6] =
    ["EAAsecretaccess", "newappsecret", "oldappsecret", "verifysecret", "newotpsecret", "oldotpsecret"];

fn program(folder: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("LOGGIN_DATABASE_URL", database(folder));
    command
}

fn database(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("a.db").display())
}

/// A client with connections of its own.
fn client() -> Client {
    // Whoever comes first sets the provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().tls_certs_only([]).redirect(Policy::none()).build().unwrap()
}

fn app(folder: &Path, arguments: &[&str]) -> Output {
    program(folder).arg("app").args(arguments).output().unwrap()
}

fn test_number(folder: &Path, arguments: &[&str]) -> Output {
    program(folder).arg("test-number").args(arguments).output().unwrap()
}

fn create_app(folder: &Path, arguments: &[&str]) -> Value {
    let made = app(folder, &[&["create", "--name", "A shop", "--json"], arguments].concat());
    assert!(made.status.success(), "{made:?}");
    serde_json::from_slice(&made.stdout).unwrap()
}

fn token(app: &Value) -> Token {
    Token::from_secret(AppKey::parse(app["app_key"].as_str().unwrap()).unwrap(), [7; 20])
}

/// A program that does not outlive its test, also where that fails.
struct Program(Child);

impl Deref for Program {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Program {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // One that has ended already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server in a process of its own.
struct Running {
    child: Program,
    url: String,
    client: Client,
    folder: TempDir,
}

impl Running {
    fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_as(&[PROGRAM, "serve"], settings)
    }

    /// The same in a process that may have so many files open.
    fn start_with_files(files: u32, settings: &[(&str, &str)]) -> Self {
        let limited = format!("ulimit -n {files} && exec \"$0\" serve");
        Self::start_as(&["/bin/sh", "-c", &limited, PROGRAM], settings)
    }

    fn start_as(command: &[&str], settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        Self::start_program(folder, command, settings, log.into())
    }

    /// A server on the database in this folder, whose log goes somewhere.
    fn start_in(folder: TempDir, settings: &[(&str, &str)], arguments: &[&str], log: Stdio) -> Self {
        let command = [&[PROGRAM, "serve"], arguments].concat();
        Self::start_program(folder, &command, settings, log)
    }

    fn start_program(folder: TempDir, command: &[&str], settings: &[(&str, &str)], log: Stdio) -> Self {
        let mut program = Command::new(command[0]);
        program.args(&command[1..]).env_clear().env("LOGGIN_DATABASE_URL", database(folder.path()));
        let command = program.envs(SETTINGS).envs(settings.iter().copied());
        let mut child = Program(command.stdout(Stdio::piped()).stderr(log).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("loggin-server listening on ").expect("a ready line").to_owned();
        Self { child, url, client: client(), folder }
    }

    async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> reqwest::Response {
        let call = self.client.post(format!("{}{path}", self.url)).header("Idempotency-Key", "key");
        let call = if let Some(key) = key { call.bearer_auth(key) } else { call };
        call.json(body).send().await.unwrap()
    }

    /// A message with this text, signed with the older of two secrets.
    async fn message(&self, text: &str) {
        let sent_at = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs().to_string();
        let message = json!({
            "from": PHONE, "from_user_id": "IN.4711", "id": "wamid.SECRETID", "timestamp": sent_at,
            "type": "text", "text": { "body": text },
        });
        let metadata = json!({ "display_phone_number": "1", "phone_number_id": "200000000000002" });
        let value = json!({ "messaging_product": "whatsapp", "metadata": metadata, "messages": [message] });
        let changes = json!([{ "field": "messages", "value": value }]);
        let body =
            json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": changes }] });
        let body = body.to_string();
        let mac = Hmac::<Sha256>::new_from_slice(b"oldappsecret0123").unwrap().chain_update(&body);
        let signature = format!("sha256={}", HEXLOWER.encode(&mac.finalize().into_bytes()));
        let call = self.client.post(format!("{}/webhooks/whatsapp", self.url)).body(body);
        let response = call.header("X-Hub-Signature-256", signature).send().await.unwrap();
        assert_eq!(response.status(), 200);
    }

    /// Tells the server to end, as a service manager does.
    fn terminate(&self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }

    /// Ends the server as a power cut does; the folder of its database is left.
    fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.folder
    }

    /// Ends the server; returns how it ended, and its log.
    fn stop(mut self) -> (ExitStatus, String) {
        self.terminate();
        let status = self.child.wait().unwrap();
        (status, std::fs::read_to_string(self.folder.path().join("log")).unwrap())
    }
}

#[tokio::test]
async fn a_full_login_at_trace_level_leaks_nothing() {
    for format in ["pretty", "json"] {
        let server = Running::start(&[("LOGGIN_LOG", "trace"), ("LOGGIN_LOG_FORMAT", format)]);
        let app = create_app(server.folder.path(), &["--confirm", "reply"]);
        let key = app["secret_key"].as_str().unwrap();
        let token = token(&app);
        let code = token.code().expose();
        let body = json!({ "tokens": [token.expose(), "lgn1_RUBBISH"], "claim": true });
        let mut stream = server.post("/api/v1/tokens/events", Some(key), &body).await;
        let link = server.client.get(format!("{}/l/{code}", server.url));
        assert_eq!(link.send().await.unwrap().status(), 302);
        server.message(&format!("Code: {code}")).await;
        let mut events = String::new();
        while let Some(chunk) = stream.chunk().await.unwrap() {
            events.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        assert!(events.contains("event: verified") && events.contains(PHONE), "{events}");
        let body = json!({ "token": token.expose() });
        assert_eq!(server.post("/api/v1/tokens/verify", Some(key), &body).await.status(), 200);
        assert_eq!(server.post("/api/v1/tokens/verify", Some(&key[1..]), &body).await.status(), 401);

        let (status, log) = server.stop();
        assert!(status.success(), "{status}");
        assert!(log.contains("/api/v1/tokens/events") && log.contains("/l/{code}"), "the log is not one");
        let groups = code[9..].replace('-', "");
        let secrets =
            [&token.expose()[14..], &code[9..], &groups, &key[14..], PHONE, "IN.4711", "SECRETID", "RUBBISH"];
        for secret in secrets.iter().chain(&SECRETS) {
            assert!(!log.to_uppercase().contains(&secret.to_uppercase()), "{format}: {secret}");
        }
        if format == "json" {
            assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
        }
    }
}

/// A WhatsApp that takes every message; its URL, and the codes that it took.
async fn graph() -> (String, Arc<Mutex<Vec<String>>>) {
    let codes = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&codes);
    let handler = move |Json(message): Json<Value>| {
        let code = message["template"]["components"][0]["parameters"][0]["text"].as_str().unwrap().to_owned();
        taken.lock().unwrap().push(code);
        let contacts = json!([{ "input": message["to"], "wa_id": PHONE }]);
        async move { Json(json!({ "contacts": contacts, "messages": [{ "id": "wamid.OTPSECRETID" }] })) }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v26.0", listener.local_addr().unwrap());
    let router = Router::new().route("/v26.0/200000000000002/messages", post(handler));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, codes)
}

#[tokio::test]
async fn a_one_time_code_at_trace_level_leaks_nothing() {
    let (graph_url, codes) = graph().await;
    let settings =
        [("LOGGIN_LOG", "trace"), ("LOGGIN_LOG_FORMAT", "json"), ("WHATSAPP_GRAPH_URL", &*graph_url)];
    let server = Running::start(&settings);
    let app = create_app(server.folder.path(), &["--monthly-quota", "5", "--calls-per-minute", "9"]);
    let key = app["secret_key"].as_str();
    let start = json!({ "phone": format!("+{PHONE}"), "meta": "metasecret" });
    let started = server.post("/api/v1/auth/start", key, &start).await;
    assert_eq!(started.headers()["ratelimit-remaining"], "8");
    let started: Value = started.json().await.unwrap();
    assert_eq!(started["quota_remaining"], 4, "{started}");
    let code = codes.lock().unwrap()[0].clone();
    let typed = |code: &str| json!({ "session_id": started["session_id"], "otp_code": code });
    // As another call than the first: what `post` names is one call of each kind.
    let wrong = server.client.post(format!("{}/api/v1/auth/verify", server.url)).bearer_auth(key.unwrap());
    assert_eq!(wrong.json(&typed("98761234")).send().await.unwrap().status(), 422);
    let verified: Value = server.post("/api/v1/auth/verify", key, &typed(&code)).await.json().await.unwrap();
    assert_eq!((&verified["status"], &verified["meta"]), (&json!("verified"), &json!("metasecret")));

    let (status, log) = server.stop();
    assert!(status.success() && log.contains("/api/v1/auth/verify"), "the log is not one");
    let secrets = [&key.unwrap()[14..], PHONE, "98761234", "OTPSECRETID", "metasecret"];
    for secret in secrets.iter().chain(&SECRETS) {
        assert!(!log.contains(secret), "{secret}");
    }
    // Six digits may stand anywhere in a log; as a value of their own they would be the code.
    assert!(!log.contains(&format!("\"{code}\"")) && !log.contains(&format!(" {code} ")));
}

#[tokio::test]
async fn a_test_number_is_known_to_a_running_server_and_marked_in_its_log() {
    let folder = tempfile::tempdir().unwrap();
    assert!(test_number(folder.path(), &["add", "+1 202 555 0100", "--code", "0000"]).status.success());
    let log = File::create(folder.path().join("log")).unwrap();
    let server = Running::start_in(folder, &[], &[], Stdio::from(log));
    let folder = server.folder.path();
    let app = create_app(folder, &["--live-only", "false"]);
    assert!(
        test_number(folder, &["add", "+1 555 000-1111", "--code", "123456", "--no-cooldown"])
            .status
            .success()
    );
    let start = json!({ "phone": "+15550001111" });
    // An app that was not told so knows no test numbers.
    let live = create_app(folder, &[]);
    assert_eq!(live["live_only"], true);
    let refused = server.post("/api/v1/auth/start", live["secret_key"].as_str(), &start).await;
    assert_eq!(refused.status(), 422);
    let started: Value =
        server.post("/api/v1/auth/start", app["secret_key"].as_str(), &start).await.json().await.unwrap();
    assert_eq!(started["sent_via_engine"], false, "{started}");
    let typed = json!({ "session_id": started["session_id"], "otp_code": "123456" });
    let verified = server.post("/api/v1/auth/verify", app["secret_key"].as_str(), &typed).await;
    assert_eq!(verified.status(), 200);

    let listed = test_number(folder, &["list", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed, json!({ "+12025550100": "0000", "+15550001111": "123456" }));
    assert!(test_number(folder, &["remove", "12025550100"]).status.success());
    assert!(test_number(folder, &["remove", "15550001111"]).status.success());
    // A number that may be somebody's is taken only where that is meant.
    let real = ["add", "+91 98765 43210", "--code", "123456"];
    assert_eq!(test_number(folder, &real).status.code(), Some(1));
    assert!(test_number(folder, &[&real[..], &["--even-if-real"]].concat()).status.success());
    assert!(test_number(folder, &["remove", "919876543210"]).status.success());
    for arguments in [
        &["remove", "15550001111"][..],
        &["add", "+15550001111", "--code", "123"],
        &["add", "+15550001111", "--code", "123456789"],
        &["add", "+15550001111", "--code", "12345x"],
        &["add", "12", "--code", "123456"],
        &["add", "+1555000111x", "--code", "123456"],
    ] {
        assert_eq!(test_number(folder, arguments).status.code(), Some(1), "{arguments:?}");
    }
    assert!(test_number(folder, &["list"]).stdout.is_empty());
    let log = server.stop().1;
    assert!(log.contains("test_number=true"));
    assert!(log.lines().any(|line| line.contains("WARN") && line.contains("test numbers")), "{log}");
}

#[tokio::test]
async fn a_server_without_a_template_sends_no_codes() {
    let server = Running::start(&[("WHATSAPP_OTP_TEMPLATE", ""), ("LOGGIN_OTP_SECRET", "")]);
    let app = create_app(server.folder.path(), &[]);
    let start = json!({ "phone": format!("+{PHONE}") });
    for (key, status) in [(app["secret_key"].as_str(), 404), (None, 401)] {
        assert_eq!(server.post("/api/v1/auth/start", key, &start).await.status(), status);
    }
    assert!(server.stop().0.success());
}

#[tokio::test]
async fn a_new_app_and_a_changed_one_are_known_to_a_running_server() {
    let server = Running::start(&[]);
    let unknown = token(&json!({ "app_key": "00000000" }));
    let verify = |token: &Token| json!({ "token": token.expose() });
    assert_eq!(server.post("/api/v1/tokens/verify", None, &verify(&unknown)).await.status(), 404);
    let folder = server.folder.path();
    let app_made = create_app(folder, &["--allowed-origin", "https://Shop.example:443/"]);
    assert_eq!(app_made["allowed_origins"], json!(["https://shop.example"]));
    let key = app_made["secret_key"].as_str().unwrap();
    let token = token(&app_made);
    assert_eq!(server.post("/api/v1/tokens/verify", Some(key), &verify(&token)).await.status(), 200);
    assert_eq!(server.post("/api/v1/tokens/verify", None, &verify(&token)).await.status(), 401);

    let app_key = app_made["app_key"].as_str().unwrap();
    let changed = app(folder, &["update", app_key, "--new-secret-key", "--name", "Another", "--json"]);
    let changed: Value = serde_json::from_slice(&changed.stdout).unwrap();
    assert_ne!(changed["secret_key"], app_made["secret_key"]);
    let listed = app(folder, &["list", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!((&listed[0]["name"], &listed[0]["secret_key"]), (&json!("Another"), &Value::Null));
    assert!(server.stop().0.success());
}

#[test]
fn apps_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["create", "--name", ""][..],
        &["create", "--name", "A", "--allowed-origin", "shop.example"],
        &["create", "--name", "A", "--allowed-origin", "https://shop.example/path"],
        &["create", "--name", "A", "--allowed-origin", "https://*.example"],
        &["create", "--name", "A", "--hide-phone-from-browser", "--require-secret-key", "false"],
        &["update", "00000000", "--name", "A"],
        &["update", "rubbish"],
    ] {
        assert_eq!(app(folder.path(), arguments).status.code(), Some(1), "{arguments:?}");
    }
    let listed = app(folder.path(), &["list"]);
    assert!(listed.status.success() && listed.stdout.is_empty());
}

#[tokio::test]
async fn an_open_stream_does_not_hold_up_the_end() {
    let server = Running::start(&[]);
    let app = create_app(server.folder.path(), &["--require-secret-key", "false"]);
    let body = json!({ "tokens": [token(&app).expose()] });
    let mut stream = server.post("/api/v1/tokens/events", None, &body).await;
    let first = stream.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"event: ready\n"));
    assert!(server.stop().0.success());
    let last = stream.chunk().await.unwrap().unwrap();
    assert!(last.starts_with(b"retry: "));
    assert!(stream.chunk().await.unwrap().is_none());
}

#[tokio::test]
async fn a_server_whose_connections_take_all_files_still_works() {
    let (graph_url, codes) = graph().await;
    let mut server = Running::start_with_files(120, &[("WHATSAPP_GRAPH_URL", &graph_url)]);
    let app = create_app(server.folder.path(), &[]);
    let key = app["secret_key"].as_str();
    let token = token(&app);
    let verify = json!({ "token": token.expose() });
    // The connection of an app's server, which is there before the crowd.
    let pending: Value = server.post("/api/v1/tokens/verify", key, &verify).await.json().await.unwrap();
    assert_eq!(pending["status"], "pending");
    let own = std::mem::replace(&mut server.client, client());
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    let crowd: Vec<_> = (0..100).map(|_| std::net::TcpStream::connect(&address).unwrap()).collect();

    let refused = server.client.get(format!("{}/openapi.json", server.url)).send().await.unwrap();
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["connection"]),
        (503, &"close".parse().unwrap())
    );
    for path in ["/healthz", "/readyz"] {
        let told = server.client.get(format!("{}{path}", server.url)).send().await.unwrap();
        assert_eq!(told.status(), 200, "{path}");
    }
    server.message(&format!("Code: {}", token.code().expose())).await;
    server.client = own;
    let verified: Value = server.post("/api/v1/tokens/verify", key, &verify).await.json().await.unwrap();
    assert_eq!(verified["status"], "verified");
    let start = json!({ "phone": format!("+{PHONE}") });
    assert_eq!(server.post("/api/v1/auth/start", key, &start).await.status(), 200);
    assert_eq!(codes.lock().unwrap().len(), 1);
    assert!(server.stop().0.success());
    drop(crowd);
}

fn refused(change: impl FnOnce(&mut Command)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(folder.path());
    command.arg("serve").envs(SETTINGS);
    change(&mut command);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_missing_setting_stops_the_start_and_is_named() {
    for (name, _) in SETTINGS[1..7].iter().chain(&SETTINGS[8..]) {
        let said = refused(|command| {
            command.env_remove(name);
        });
        assert!(said.contains(name), "{name}: {said}");
    }
}

#[test]
fn a_senseless_setting_stops_the_start_and_its_value_is_not_shown() {
    for (name, value) in [
        ("LOGGIN_LISTEN", "s3nseless"),
        ("LOGGIN_DATABASE_URL", "mysql://s3nseless"),
        ("LOGGIN_PUBLIC_URL", "s3nseless"),
        ("LOGGIN_PUBLIC_URL", "https://user:s3nseless@login.example"),
        ("LOGGIN_TRUSTED_PROXIES", "s3nseless"),
        ("LOGGIN_FORWARDED_HEADER", "s3nseless"),
        ("LOGGIN_LOG", "s3nseless=nolevel"),
        ("LOGGIN_LOG_FORMAT", "s3nseless"),
        ("WHATSAPP_NUMBER", "s3nseless"),
        ("WHATSAPP_PHONE_NUMBER_ID", "s3nseless"),
        ("WHATSAPP_ACCESS_TOKEN", "s3nse less"),
        ("WHATSAPP_APP_SECRET", " , "),
        ("WHATSAPP_APP_SECRET", "0123456789abcdef0123456789abcdef, s3nseless"),
        ("WHATSAPP_VERIFY_TOKEN", " "),
        ("WHATSAPP_VERIFY_TOKEN", "s3nse"),
        ("LOGGIN_METRICS_LISTEN", "s3nseless"),
        ("WHATSAPP_GRAPH_URL", "http://s3nseless.example"),
        ("WHATSAPP_OTP_TEMPLATE", "s3nse less"),
        ("WHATSAPP_OTP_LANGUAGE", "s3nse-less"),
        ("LOGGIN_OTP_SECRET", "s3nseless"),
        ("LOGGIN_OTP_SECRET", "0123456789abcdef0123456789abcdef,s3nseless"),
    ] {
        let said = refused(|command| {
            command.env(name, value);
        });
        assert!(said.contains(name) && !said.contains("s3nse"), "{name}: {said}");
    }
}

#[test]
fn a_file_of_settings_is_read_and_what_is_wrong_in_it_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loggin.toml");
    let with = |text: &str| {
        std::fs::write(&file, text).unwrap();
        refused(|command| {
            command.arg("--config").arg(&file).env_remove("WHATSAPP_VERIFY_TOKEN");
        })
    };
    assert!(with("[whatsapp]\nnumber = \"15550001111\"").contains("WHATSAPP_VERIFY_TOKEN"));
    for (text, named) in [
        ("[whatsapp]\nverify_token = \"s3cret", "line 2"),
        ("[whatsapp]\nverify_tokn = \"s3cret\"", "whatsapp.verify_tokn"),
        ("[whatsapp]\nverify_token = 4711", "whatsapp.verify_token"),
    ] {
        let said = with(text);
        assert!(said.contains(named) && !said.contains("s3cret") && !said.contains("4711"), "{said}");
    }
}

#[test]
fn dev_without_its_simulator_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("loggin-server");
    std::fs::copy(PROGRAM, &alone).unwrap();
    let listen = ["--listen", "127.0.0.1:0", "--simulator-listen", "127.0.0.1:0"];
    let output = Command::new(&alone).arg("dev").args(listen).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("whatsapp-simulator"));
}
