//! What a developer writes without an SDK: reqwest, a task and a connection for each login.

use std::sync::Arc;

use reqwest::{Client, Response, header};
use serde_json::{Value, json};
use tokio::{runtime::Runtime, sync::Semaphore};

use crate::child::{Plan, expect, respond, say};

/// Connections being opened at once: more of them overrun the server's queue of connections to accept.
pub(crate) const OPENING: usize = 64;

pub(crate) fn run() {
    rustls::crypto::ring::default_provider().install_default().expect("the first provider");
    let plan: &'static Plan = Box::leak(Box::new(Plan::read()));
    let runtime = Runtime::new().expect("a runtime");
    let client = Client::builder().no_proxy().http1_only().build().expect("valid options");
    let stamps = plan.stamps();
    say("warming");
    runtime.block_on(async {
        let mut events = Events::open(&client, plan, 0, plan.warm).await;
        events.verified().await;
    });
    say("warm");
    expect("go");
    let places = Arc::new(Semaphore::new(OPENING));
    for (number, token) in plan.tokens.iter().enumerate() {
        let (client, stamps, places) = (client.clone(), Arc::clone(&stamps), Arc::clone(&places));
        runtime.spawn(async move {
            let place = places.acquire_owned().await.expect("never closed");
            let mut events = Events::open(&client, plan, number, token).await;
            events.next().await;
            drop(place);
            events.verified().await;
            stamps.mark(number);
        });
    }
    say("started");
    respond(&stamps);
    runtime.shutdown_background();
}

/// The events of one response.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    async fn open(client: &Client, plan: &Plan, connection: usize, token: &str) -> Self {
        let request = client
            .post(plan.events_url(connection))
            .bearer_auth(plan.secret_key)
            .header("Idempotency-Key", "benchmark")
            .header(header::ACCEPT, "text/event-stream")
            .json(&json!({ "tokens": [token], "claim": true }));
        let response = request.send().await.expect("the server responds");
        let response = response.error_for_status().expect("it accepts the token");
        Self { response, text: String::new() }
    }

    /// Waits for the session of the login.
    async fn verified(&mut self) -> Value {
        loop {
            let event = self.next().await;
            let mut lines = event.lines();
            if lines.next() == Some("event: verified") {
                let data = lines.find_map(|line| line.strip_prefix("data: ")).expect("it has data");
                return serde_json::from_str(data).expect("which is JSON");
            }
        }
    }

    async fn next(&mut self) -> String {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event = self.text[..end].to_owned();
                self.text.drain(..end + 2);
                return event;
            }
            let chunk = self.response.chunk().await.expect("the stream goes on").expect("it has not ended");
            self.text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }
}
