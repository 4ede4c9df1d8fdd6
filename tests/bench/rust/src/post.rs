//! WhatsApp's part: posts signed messages with login codes, one after the other, and writes down when.

use std::{env, time::Duration};

use reqwest::Client;
use serde::Deserialize;
use serde_json::json;
use tokio::runtime::Builder;

use crate::{
    child::{next_line, say},
    clock::now_ns,
    message,
};

/// What to post.
#[derive(Deserialize)]
struct Order {
    app_secret: String,
    phone_number_id: String,
    codes: Vec<String>,
    timestamp: u64,
    first: u64,
    gap_ms: u64,
}

/// For each line on standard input, an order, posts it and prints when each post began and got its response.
pub(crate) fn run() {
    rustls::crypto::ring::default_provider().install_default().expect("the first provider");
    let server = env::args().nth(2).expect("loggin-bench post URL");
    let url = format!("{server}{}", message::PATH);
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    loop {
        let line = next_line();
        if line.is_empty() {
            return;
        }
        let order: Order = serde_json::from_str(&line).expect("the driver sends an order");
        // A client of its own for each order: the server has meanwhile closed an old connection.
        let client = Client::builder().no_proxy().build().expect("valid options");
        let posted = runtime.block_on(post_all(&client, &url, &order));
        say(&json!({ "posted": posted }).to_string());
    }
}

async fn post_all(client: &Client, url: &str, order: &Order) -> Vec<(String, u64, u64)> {
    let mut posted = Vec::new();
    for (number, code) in (order.first..).zip(&order.codes) {
        let body = message::body(&order.phone_number_id, number, code, order.timestamp);
        let signature = message::signature(&order.app_secret, &body);
        let request = client
            .post(url)
            .header("content-type", "application/json")
            .header("x-hub-signature-256", signature)
            .body(body);
        let began = now_ns();
        let response = request.send().await.expect("the server responds");
        response.error_for_status().expect("it takes the message");
        posted.push((code.clone(), began, now_ns()));
        tokio::time::sleep(Duration::from_millis(order.gap_ms)).await;
    }
    posted
}
