//! Several servers on one PostgreSQL: what one takes in, another tells and a third redeems.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{PROGRAM, Running, cluster, token};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// A password, which the server does not ask for: it stands in no log.
const PASSWORD: &str = "databasesecret";

fn with_password(url: &str) -> String {
    url.replace("user=loggin", &format!("user=loggin&password={PASSWORD}"))
}

fn create_app(url: &str) -> Value {
    let made = std::process::Command::new(PROGRAM)
        .env_clear()
        .env("LOGGIN_DATABASE_URL", url)
        .args(["app", "create", "--name", "A shop", "--json"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    serde_json::from_slice(&made.stdout).unwrap()
}

fn node(url: &str, notify: &str) -> Running {
    Running::start(&[("LOGGIN_DATABASE_URL", url), ("LOGGIN_NOTIFY", notify)])
}

/// What comes on a stream, up to and with this text.
async fn until(stream: &mut Response, text: &str) -> String {
    let reading = async {
        let mut events = String::new();
        while !events.contains(text) {
            let chunk = stream.chunk().await.unwrap().expect("the stream ends too early");
            events.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        events
    };
    timeout(LONG, reading).await.unwrap()
}

async fn status(node: &Running, path: &str) -> u16 {
    node.client.get(format!("{}{path}", node.url)).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_login_goes_through_three_servers() {
    let Some(cluster) = cluster::shared() else { return };
    let (told, untold) = (cluster.database(), cluster.database());
    // Also behind what passes nothing on of what they tell each other, where that is installed.
    let (pooled, _pooler) = cluster.pooled(&cluster.database()).unzip();
    for (url, notify) in [(Some(told), "on"), (Some(untold), "off"), (pooled, "off")] {
        let Some(url) = url else { continue };
        let url = with_password(&url);
        let app = create_app(&url);
        let key = app["secret_key"].as_str();
        let [takes, waits, redeems] = [(); 3].map(|()| node(&url, notify));
        let token = token(&app);
        let body = json!({ "tokens": [token.expose()] });
        let mut stream = waits.post("/api/v1/tokens/events", key, &body).await;
        until(&mut stream, "event: ready").await;
        takes.message(&format!("Code: {}", token.code().expose())).await;
        until(&mut stream, "event: verified").await;
        let verify = json!({ "token": token.expose() });
        let redeemed: Value = redeems.post("/api/v1/tokens/verify", key, &verify).await.json().await.unwrap();
        assert_eq!(redeemed["status"], "verified");
        // By another one, at another server, not a second time.
        let again = takes.client.post(format!("{}/api/v1/tokens/verify", takes.url)).json(&verify);
        let again =
            again.bearer_auth(key.unwrap()).header("Idempotency-Key", "another").send().await.unwrap();
        let again: Value = again.json().await.unwrap();
        assert_ne!(again["status"], "verified", "{again}");
        for node in [takes, waits, redeems] {
            let (status, log) = node.stop();
            assert!(status.success(), "{log}");
            assert!(log.contains("postgresql") && !log.contains(PASSWORD));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_ready_again_once_its_database_is() {
    let Some(mut cluster) = cluster::Cluster::start() else { return };
    let url = cluster.database();
    let app = create_app(&url);
    let server = node(&url, "on");
    assert_eq!(status(&server, "/readyz").await, 200);
    tokio::task::block_in_place(|| cluster.stop());
    assert_eq!(status(&server, "/readyz").await, 503);
    assert_eq!(status(&server, "/healthz").await, 200);
    tokio::task::block_in_place(|| cluster.resume());
    let recovering = async { while status(&server, "/readyz").await != 200 {} };
    timeout(LONG, recovering).await.unwrap();
    let token = token(&app);
    server.message(&format!("Code: {}", token.code().expose())).await;
    let verify = json!({ "token": token.expose() });
    let verified = server.post("/api/v1/tokens/verify", app["secret_key"].as_str(), &verify).await;
    assert_eq!(verified.json::<Value>().await.unwrap()["status"], "verified");
    assert!(server.stop().0.success());
}
