//! Sockets and nothing else: the floor that no client can get below, and what streams cost the server.

use std::sync::Arc;

use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream, runtime::Builder, sync::Semaphore};

use crate::{
    child::{Plan, expect, respond, say},
    peer::OPENING,
};

/// Bytes read at once: an event has some 300.
const READ: usize = 1 << 10;

pub(crate) fn run() {
    let plan: &'static Plan = Box::leak(Box::new(Plan::read()));
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let stamps = plan.stamps();
    say("warming");
    runtime.block_on(async {
        let mut socket = open(plan, 0, &[plan.warm]).await;
        until(&mut socket, "event: verified").await;
    });
    say("warm");
    expect("go");
    let places = Arc::new(Semaphore::new(OPENING));
    for (number, tokens) in plan.tokens.chunks(plan.tokens_a_connection).enumerate() {
        let (stamps, places) = (Arc::clone(&stamps), Arc::clone(&places));
        runtime.spawn(async move {
            let place = places.acquire_owned().await.expect("never closed");
            let mut socket = open(plan, number, tokens).await;
            until(&mut socket, "event: ready").await;
            drop(place);
            until(&mut socket, "event: verified").await;
            stamps.mark(number);
        });
    }
    say("started");
    respond(&stamps);
    runtime.shutdown_background();
}

async fn open(plan: &Plan, connection: usize, tokens: &[&str]) -> TcpStream {
    let url = plan.urls[connection % plan.urls.len()];
    let host = url.strip_prefix("http://").expect("a plain address");
    let body = json!({ "tokens": tokens, "claim": true }).to_string();
    let head = format!(
        "POST /api/v1/tokens/events HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\
         idempotency-key: benchmark\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        plan.secret_key,
        body.len()
    );
    let mut socket = TcpStream::connect(host).await.expect("the server listens");
    socket.set_nodelay(true).expect("a socket");
    socket.write_all((head + &body).as_bytes()).await.expect("it reads");
    socket
}

/// Reads until this stands in what was read; the server writes each event at once.
async fn until(socket: &mut TcpStream, wanted: &str) {
    loop {
        socket.readable().await.expect("the stream goes on");
        if read_some(socket).is_some_and(|text| text.contains(wanted)) {
            return;
        }
    }
}

/// A buffer on the stack: ten thousand connections that wait shall hold none.
fn read_some(socket: &TcpStream) -> Option<String> {
    let mut bytes = [0; READ];
    match socket.try_read(&mut bytes) {
        Ok(length) => {
            assert_ne!(length, 0, "the stream has not ended");
            Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
        }
        Err(_) => None,
    }
}
