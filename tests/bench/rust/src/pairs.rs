//! Load of one-time codes: people who have a code sent and type it, one after the other on each connection, and the
//! WhatsApp that takes the codes. The code is read from what WhatsApp was given.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Builder,
    task::JoinSet,
};

use crate::{
    child::{next_line, say},
    http::{Connection, whole_body},
};

/// The first person's number. Indian mobile numbers begin with 6 to 9, and ten million follow this one.
const FIRST_PHONE: u64 = 919_800_000_000;

/// Bytes of a message to WhatsApp; they have about 500.
const MESSAGE_BYTES: usize = 8 << 10;

/// What the driver asks for.
#[derive(Deserialize)]
struct Order {
    url: String,
    start_path: String,
    verify_path: String,
    secret_key: String,
    connections: u64,
    seconds: f64,
    /// Where the numbers of this order's people begin.
    first: u64,
    /// Whether the response to the start names a session, which the code is typed for, or the number does.
    by_session: bool,
}

/// Codes that WhatsApp was given, by number.
type Codes = Arc<Mutex<HashMap<String, String>>>;

/// How long the calls of one person took, in microseconds.
struct Pair {
    start: u64,
    verify: u64,
}

/// Prints where WhatsApp listens; then, for each line on standard input, an order, runs it and prints what it measured.
pub(crate) fn run() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let codes = Codes::default();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
    say(&format!("http://{}", listener.local_addr().expect("an address")));
    runtime.spawn(whatsapp(listener, Arc::clone(&codes)));
    loop {
        let line = next_line();
        if line.is_empty() {
            return;
        }
        let order: Arc<Order> = Arc::new(serde_json::from_str(&line).expect("the driver sends an order"));
        say(&runtime.block_on(measure(order, &codes)).to_string());
    }
}

async fn measure(order: Arc<Order>, codes: &Codes) -> Value {
    let began = Instant::now();
    let mut people = JoinSet::new();
    for connection in 0..order.connections {
        let (order, codes) = (Arc::clone(&order), Arc::clone(codes));
        people.spawn(async move {
            let mut call = Connection::open(&order.url).await;
            let mut pairs = Vec::new();
            for number in
                (order.first + connection..).step_by(usize::try_from(order.connections).unwrap_or(1))
            {
                if began.elapsed() >= Duration::from_secs_f64(order.seconds) {
                    break;
                }
                pairs.push(sign_in(&mut call, &order, &codes, FIRST_PHONE + number).await);
            }
            pairs
        });
    }
    let pairs: Vec<Pair> = people.join_all().await.into_iter().flatten().collect();
    let of = |part: fn(&Pair) -> u64| percentiles(pairs.iter().map(part).collect());
    json!({
        "pairs": pairs.len(),
        "seconds": began.elapsed().as_secs_f64(),
        "start": of(|pair| pair.start),
        "verify": of(|pair| pair.verify),
        "pair": of(|pair| pair.start + pair.verify),
    })
}

/// One person: a code is sent, read and typed.
async fn sign_in(call: &mut Connection, order: &Order, codes: &Codes, number: u64) -> Pair {
    let phone = format!("+{number}");
    let began = Instant::now();
    let field = if order.by_session { "phone" } else { "phoneNumber" };
    let started = post(call, &order.start_path, order, &json!({ field: phone })).await;
    let start = micros(began);
    let code = codes.lock().expect("no thread panicked").remove(&phone).expect("WhatsApp was given a code");
    let typed = if order.by_session {
        json!({ "session_id": started["session_id"], "otp_code": code })
    } else {
        json!({ "phoneNumber": phone, "code": code })
    };
    let began = Instant::now();
    post(call, &order.verify_path, order, &typed).await;
    Pair { start, verify: micros(began) }
}

async fn post(call: &mut Connection, path: &str, order: &Order, body: &Value) -> Value {
    let key = format!("x-api-key: {}\r\n", order.secret_key);
    let body = call.post(path, &key, &body.to_string()).await;
    serde_json::from_slice(&body).expect("the response is JSON")
}

pub(crate) fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

pub(crate) fn percentiles(mut times: Vec<u64>) -> Value {
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
    json!({ "p50": at(50), "p99": at(99) })
}

/// A WhatsApp that takes every message at once.
async fn whatsapp(listener: TcpListener, codes: Codes) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(take_messages(socket, Arc::clone(&codes)));
    }
}

async fn take_messages(mut socket: TcpStream, codes: Codes) -> Option<()> {
    socket.set_nodelay(true).ok()?;
    let mut bytes = Vec::with_capacity(MESSAGE_BYTES);
    loop {
        let body = loop {
            if let Some(body) = whole_body(&bytes) {
                break body;
            }
            (socket.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
        };
        let message: Value = serde_json::from_slice(&bytes[body.clone()]).expect("messages are JSON");
        bytes.drain(..body.end);
        let phone = message["to"].as_str()?.to_owned();
        let code = message["template"]["components"][0]["parameters"][0]["text"].as_str()?.to_owned();
        let contact = json!({ "input": phone, "wa_id": phone.trim_start_matches('+') });
        let response = json!({ "contacts": [contact], "messages": [{ "id": format!("wamid.{phone}") }] });
        codes.lock().expect("no thread panicked").insert(phone, code);
        let response = response.to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
        let response = format!("{head}{}\r\n\r\n{response}", response.len());
        socket.write_all(response.as_bytes()).await.ok()?;
    }
}
