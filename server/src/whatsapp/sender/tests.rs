//! Calls against a server that answers as the Graph API does.

use std::{
    io,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Uri},
};
use futures_util::stream;
use serde_json::json;
use tokio::{io::AsyncReadExt, net::TcpListener};

use super::*;

const TOKEN: &str = "EAAG0secret";

/// One call that the server received.
struct Call {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Value,
}

/// A server with one response, which keeps what it was asked.
#[derive(Clone)]
struct Graph {
    response: Arc<Mutex<Option<axum::response::Response>>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Graph {
    fn new(status: u16, headers: &[(&'static str, &'static str)], body: impl Into<Body>) -> Self {
        let mut response = axum::response::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        Self {
            response: Arc::new(Mutex::new(Some(response.body(body.into()).unwrap()))),
            calls: Arc::default(),
        }
    }

    /// Starts serving, and gives a client of it.
    async fn client(&self) -> GraphClient {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = client_of(&listener);
        let router = Router::new().fallback(response).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        client
    }

    /// Sends one text, and tells what became of it.
    async fn send(&self) -> Result<SentMessage, SendError> {
        let sent = self.client().await.send_buttons(&recipient(), "Hi", BUTTONS).await;
        assert_eq!(self.calls.lock().unwrap().len(), 1);
        sent
    }
}

async fn response(
    State(graph): State<Graph>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> axum::response::Response {
    let body = serde_json::from_slice(&body).unwrap();
    graph.calls.lock().unwrap().push(Call { method, uri, headers, body });
    graph.response.lock().unwrap().take().unwrap()
}

fn config(url: &str) -> GraphConfig {
    GraphConfig {
        graph_url: Url::parse(url).unwrap(),
        phone_number_id: "106540352242922".into(),
        access_token: AccessToken::new(TOKEN).unwrap(),
    }
}

fn client_of(listener: &TcpListener) -> GraphClient {
    GraphClient::new(config(&format!("http://{}/v26.0", listener.local_addr().unwrap()))).unwrap()
}

const BUTTONS: &[(&str, &str)] = &[("no", "Not me")];

fn recipient() -> Recipient {
    Recipient::Phone(phone("16505551234"))
}

fn phone(digits: &str) -> PhoneNumber {
    PhoneNumber::parse(digits).unwrap()
}

fn taken_over() -> String {
    json!({"messaging_product": "whatsapp", "contacts": [{"input": "+16505551234", "wa_id": "16505551235"}],
        "messages": [{"id": "wamid.OUT"}]})
    .to_string()
}

#[tokio::test]
async fn a_message_is_taken_over() {
    let graph = Graph::new(200, &[], taken_over());
    let sent = graph.client().await.send_buttons(&recipient(), "Hi", BUTTONS).await;
    let expected = SentMessage {
        id: "wamid.OUT".into(),
        status: SendStatus::Accepted,
        wa_id: Some(phone("16505551235")),
    };
    assert_eq!(sent, Ok(expected));

    let call = graph.calls.lock().unwrap().remove(0);
    assert_eq!((call.method, call.uri.path()), (Method::POST, "/v26.0/106540352242922/messages"));
    assert_eq!(call.headers["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(call.headers["content-type"], "application/json");
    assert_eq!(call.body, outbound::buttons(&recipient(), "Hi", BUTTONS));
}

#[tokio::test]
async fn every_kind_of_message_goes_out() {
    let to = recipient();
    let buttons = [("deny", "Not me")];
    let template =
        AuthTemplate { name: "verification_code", language: "en_US", code: "483920", callback_data: None };
    let contact = Graph::new(200, &[], taken_over());
    contact.client().await.request_contact(&to, "Your number?").await.unwrap();
    let question = Graph::new(200, &[], taken_over());
    question.client().await.send_buttons(&to, "You?", &buttons).await.unwrap();
    let code = Graph::new(200, &[], taken_over());
    let client = code.client().await;
    client.send_auth_template(&phone("16505551234"), &template).await.unwrap();

    let body = |graph: Graph| graph.calls.lock().unwrap().remove(0).body;
    assert_eq!(body(contact), outbound::contact_request(&to, "Your number?"));
    assert_eq!(body(question), outbound::buttons(&to, "You?", &buttons));
    assert_eq!(body(code), outbound::auth_template(&phone("16505551234"), &template));
}

#[tokio::test]
async fn an_answer_to_a_user_id_has_no_number() {
    let body = json!({"contacts": [{"input": "US.1", "user_id": "US.1"}], "messages": [{"id": "wamid.OUT"}]});
    let sent = Graph::new(200, &[], body.to_string()).send().await.unwrap();
    assert_eq!((sent.id.as_str(), sent.wa_id), ("wamid.OUT", None));
}

#[tokio::test]
async fn a_message_that_is_kept_back_is_told_from_one_on_its_way() {
    let cases = [
        (json!({"id": "wamid.OUT"}), SendStatus::Accepted),
        (json!({"id": "wamid.OUT", "message_status": "accepted"}), SendStatus::Accepted),
        (json!({"id": "wamid.OUT", "message_status": "held_for_quality_assessment"}), SendStatus::Held),
        (json!({"id": "wamid.OUT", "message_status": "paused"}), SendStatus::Paused),
        (json!({"id": "wamid.OUT", "message_status": "on_a_boat"}), SendStatus::Accepted),
        (json!({"id": "wamid.OUT", "message_status": 7}), SendStatus::Accepted),
    ];
    for (message, expected) in cases {
        let body = json!({ "messages": [message] }).to_string();
        assert_eq!(Graph::new(200, &[], body).send().await.unwrap().status, expected);
    }
}

#[tokio::test]
async fn a_gateway_that_fails_may_have_sent_the_message() {
    for status in [500, 502, 503, 504] {
        let graph = Graph::new(status, &[("retry-after", "20")], "<html>Bad gateway</html>");
        assert_eq!(graph.send().await, Err(SendError::Ambiguous), "{status}");
    }
}

#[tokio::test]
async fn each_class_of_error_is_told() {
    let error = |code: u32| {
        json!({"error": {"message": "(#1) …", "type": "OAuthException", "code": code,
            "error_data": {"messaging_product": "whatsapp", "details": "…"}, "fbtrace_id": "A4O5a8RAgePwbcGSu"}})
        .to_string()
    };
    let cases = [
        (429, 130_429, SendError::Retryable { after: None }),
        (400, 131_026, SendError::Permanent { code: 131_026 }),
        (401, 190, SendError::Operator { code: 190 }),
        (404, 132_001, SendError::Misconfigured { code: 132_001 }),
    ];
    for (status, code, expected) in cases {
        assert_eq!(Graph::new(status, &[], error(code)).send().await, Err(expected));
    }
}

#[tokio::test]
async fn a_pause_that_the_server_asks_for_is_told() {
    let pause = |seconds| Err(SendError::Retryable { after: Some(Duration::from_secs(seconds)) });
    let busy = |retry_after| Graph::new(429, &[("retry-after", retry_after)], "busy");
    assert_eq!(busy("20").send().await, pause(20));
    assert_eq!(busy("999999999999").send().await, pause(MAX_RETRY_AFTER_SECONDS));
    assert_eq!(busy("soon").send().await, Err(SendError::Retryable { after: None }));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let graph = Graph::new(307, &[("location", "/v26.0/elsewhere")], "");
    assert_eq!(graph.send().await, Err(SendError::Misconfigured { code: 307 }));
}

#[tokio::test]
async fn a_success_that_names_no_message_is_ambiguous() {
    let breaks_off = Body::from_stream(stream::iter([Ok(r#"{"messages":"#), Err(io::Error::other("gone"))]));
    let bodies = [
        Body::empty(),
        Body::from("<html>"),
        Body::from("{}"),
        Body::from(r#"{"messages":[]}"#),
        Body::from(r#"{"error":null}"#),
        Body::from(r#"{"error":{"message":"?"}}"#),
        Body::from(r#"{"messages":[{"id":""}]}"#),
        Body::from(format!(r#"{{"messages":[{{"id":"{}"}}]}}"#, "w".repeat(MAX_RESPONSE_BYTES))),
        breaks_off,
    ];
    for body in bodies {
        assert_eq!(Graph::new(200, &[], body).send().await, Err(SendError::Ambiguous));
    }
}

#[tokio::test]
async fn an_error_that_comes_as_a_success_is_an_error() {
    let graph = Graph::new(200, &[], r#"{"error":{"code":131026}}"#);
    assert_eq!(graph.send().await, Err(SendError::Permanent { code: 131_026 }));
}

#[tokio::test]
async fn a_server_that_is_not_there_was_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client_of(&listener);
    drop(listener);
    let sent = client.send_buttons(&recipient(), "Hi", BUTTONS).await;
    assert_eq!(sent, Err(SendError::Retryable { after: None }));
}

#[tokio::test]
async fn a_connection_that_ends_after_the_request_is_ambiguous() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client_of(&listener);
    let server = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            assert_ne!(connection.read_buf(&mut request).await.unwrap(), 0);
        }
        drop(connection);
        listener
    });
    let sent = client.send_buttons(&recipient(), "Hi", BUTTONS).await;
    assert_eq!(sent, Err(SendError::Ambiguous));
    // Nothing was sent a second time: no further connection waits.
    let listener = server.await.unwrap().into_std().unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn the_token_never_travels_in_clear() {
    for url in [
        "https://graph.facebook.com/v26.0",
        "http://127.0.0.1:8788/v26.0/",
        "http://localhost",
        "http://[::1]:1",
    ] {
        assert!(is_plain(&Url::parse(url).unwrap()).is_some(), "{url}");
    }
    for url in ["http://graph.facebook.com/v26.0", "http://10.0.0.1", "ftp://localhost", "data:text/plain,x"]
    {
        assert!(matches!(GraphClient::new(config(url)), Err(GraphConfigError::Url)), "{url}");
    }
}

#[test]
fn the_path_is_made_of_version_and_number() {
    let url = |base: &str, id: &str| messages_url(Url::parse(base).unwrap(), id).map(String::from);
    for base in ["https://graph.test/v26.0", "https://graph.test/v26.0/", "https://graph.test/v26.0?x#y"] {
        assert_eq!(url(base, "12").unwrap(), "https://graph.test/v26.0/12/messages");
    }
    for id in ["", "../1", "1/2", "1?x"] {
        assert!(matches!(url("https://graph.test", id), Err(GraphConfigError::PhoneNumberId)), "{id}");
    }
}

#[test]
fn secrets_are_not_shown() {
    for bad in ["", " ", "two words", "line\nbreak", "é"] {
        assert!(AccessToken::new(bad).is_none(), "{bad:?}");
    }
    let config = config("http://localhost");
    let shown = format!("{config:?}{:?}", GraphClient::new(config.clone()).unwrap());
    assert!(!shown.contains(TOKEN), "{shown}");
    let sent = SentMessage {
        id: "wamid.OUT".into(),
        status: SendStatus::Accepted,
        wa_id: Some(phone("16505551234")),
    };
    assert_eq!(format!("{sent:?}"), "SentMessage { .. }");
}
