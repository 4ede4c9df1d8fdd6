//! Messages to people outlive the server and the outages of WhatsApp, and are sent once.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use axum::{Json, Router, extract::State, routing::post};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};

use super::{Running, create_app, token};

/// What only a defect takes longer than.
const DEADLOCK: Duration = Duration::from_secs(60);

/// A Graph API that is away until it is opened.
struct Graph {
    address: SocketAddr,
    url: String,
}

impl Graph {
    async fn away() -> Self {
        // The port is free again when this is dropped, and whoever calls it is refused.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, url: format!("http://{address}/v26.0") }
    }

    /// Takes messages from now on, and gives each on.
    async fn open(&self) -> mpsc::UnboundedReceiver<Value> {
        async fn take(
            State(taken): State<Arc<mpsc::UnboundedSender<Value>>>,
            message: Json<Value>,
        ) -> Json<Value> {
            taken.send(message.0).unwrap();
            Json(json!({ "messages": [{ "id": "wamid.1" }] }))
        }
        let (taken, messages) = mpsc::unbounded_channel();
        let router = Router::new().route("/v26.0/200000000000002/messages", post(take));
        let listener = TcpListener::bind(self.address).await.unwrap();
        tokio::spawn(async move { axum::serve(listener, router.with_state(Arc::new(taken))).await });
        messages
    }
}

async fn next(messages: &mut mpsc::UnboundedReceiver<Value>) -> Value {
    tokio::time::timeout(DEADLOCK, messages.recv()).await.expect("a message is sent").unwrap()
}

/// A server on which a person has sent the code of a login whose app asks for digits, which it has tried to send them
/// once; its app, and the rest of its log.
async fn asked(graph: &Graph) -> (Running, Value, impl Iterator) {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("WHATSAPP_GRAPH_URL", &*graph.url), ("LOGGIN_LOG", "debug")];
    let mut server = Running::start_in(folder, &settings, &[], Stdio::piped());
    let mut log = BufReader::new(server.child.stderr.take().unwrap()).lines();
    let app = create_app(server.folder.path(), &["--confirm", "code"]);
    let token = token(&app);
    let body = json!({ "token": token.expose() });
    let waits = server.post("/api/v1/tokens/verify", app["secret_key"].as_str(), &body).await;
    assert_eq!(waits.json::<Value>().await.unwrap()["status"], "pending");
    server.message(&token.code().expose()).await;
    // In the middle of a try nobody could say whether WhatsApp has the message, and it is not sent again.
    let retried = tokio::task::spawn_blocking(move || {
        let delayed = log.find(|line| line.as_ref().unwrap().contains("outcome=\"delayed\""));
        delayed.expect("a first try that failed").unwrap();
        log
    });
    (server, app, retried.await.unwrap())
}

/// Types the digits of a message where its login began.
async fn confirm(server: &Running, app: &Value, message: &Value) {
    let digits = message["interactive"]["body"]["text"].as_str().unwrap().split(' ').next().unwrap();
    let body = json!({ "token": token(app).expose(), "confirmation_code": digits });
    let confirmed = server.post("/api/v1/tokens/confirm", app["secret_key"].as_str(), &body).await;
    assert_eq!(confirmed.status(), 200);
}

fn again(folder: tempfile::TempDir, graph: &Graph) -> Running {
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    Running::start_in(folder, &[("WHATSAPP_GRAPH_URL", &graph.url)], &[], Stdio::from(log))
}

#[tokio::test]
async fn a_server_that_is_killed_after_it_took_a_message_sends_what_it_owes_when_it_is_back() {
    let graph = Graph::away().await;
    let (server, app, _log) = asked(&graph).await;
    let folder = server.kill();
    let mut messages = graph.open().await;
    let server = again(folder, &graph);
    let message = next(&mut messages).await;
    assert_eq!(message["to"], format!("+{}", super::PHONE));
    confirm(&server, &app, &message).await;
    // Whatever else was on its way has been sent by the end.
    assert!(server.stop().0.success());
    assert!(messages.try_recv().is_err(), "once");
}

#[tokio::test]
async fn an_outage_of_whatsapp_delays_a_message_and_a_stop_in_it_loses_none() {
    let graph = Graph::away().await;
    let (server, app, _log) = asked(&graph).await;
    server.terminate();
    let Running { mut child, folder, .. } = server;
    assert!(child.wait().unwrap().success());
    let server = again(folder, &graph);
    let mut messages = graph.open().await;
    let message = next(&mut messages).await;
    confirm(&server, &app, &message).await;
    assert!(server.stop().0.success());
    assert!(messages.try_recv().is_err(), "once");
}
