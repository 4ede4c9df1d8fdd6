//! Load of whole logins: a stream is opened, the signed message posted, the event read, the token redeemed. And logins
//! that only wait, on shared streams or on one each. With several servers, each of these calls is of another one.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use loggin::{AppKey, Token};
use rand::random;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    runtime::Builder,
    sync::{
        Mutex, Semaphore,
        mpsc::{self, UnboundedReceiver},
    },
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use crate::{
    child::{next_line, say},
    http::Connection,
    message,
    pairs::{micros, percentiles},
};

/// Streams that are opened at the same time.
const OPENING: usize = 64;

/// Where the servers are, and what their app and their WhatsApp prove themselves with.
#[derive(Deserialize)]
struct Target {
    urls: Vec<String>,
    app_key: String,
    secret_key: String,
    app_secret: String,
    phone_number_id: String,
}

/// What the driver asks for.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Order {
    /// Sign people in, one after the other on each of the workers. `claim`: the stream redeems, as an SDK's does.
    Logins { workers: u64, seconds: f64, first: u64, claim: bool },
    /// Begin to wait for so many logins that nobody finishes, on streams of so many tokens.
    Hold { logins: usize, tokens_a_stream: usize },
    /// Open so many streams, each for one token, and observe them.
    Open { streams: usize },
    /// Finish logins of those streams, so many a second, and time each from its message to its event.
    Publish { a_second: u32, seconds: f64, first: u64 },
}

/// For each line on standard input, an order to the target of the first line, does it and prints what it measured.
pub(crate) fn run() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let target: Arc<Target> =
        Arc::new(serde_json::from_str(&next_line()).expect("the driver sends a target"));
    let mut observed = Observed::default();
    loop {
        let line = next_line();
        if line.is_empty() {
            return;
        }
        let order = serde_json::from_str(&line).expect("the driver sends an order");
        let found = runtime.block_on(async {
            match order {
                Order::Logins { workers, seconds, first, claim } => {
                    logins(&target, workers, Duration::from_secs_f64(seconds), first, claim).await
                }
                Order::Hold { logins, tokens_a_stream } => hold(&target, logins, tokens_a_stream).await,
                Order::Open { streams } => {
                    let began = Instant::now();
                    observed = open(&target, streams).await;
                    json!({ "count": streams, "seconds": began.elapsed().as_secs_f64() })
                }
                Order::Publish { a_second, seconds, first } => {
                    publish(&target, &mut observed, a_second, Duration::from_secs_f64(seconds), first).await
                }
            }
        });
        say(&found.to_string());
    }
}

async fn logins(target: &Arc<Target>, workers: u64, time: Duration, first: u64, claim: bool) -> Value {
    let began = Instant::now();
    let mut people = JoinSet::new();
    for worker in 0..workers {
        let target = Arc::clone(target);
        people.spawn(async move {
            let mut calls = Vec::new();
            for url in &target.urls {
                calls.push(Connection::open(url).await);
            }
            let mut times = Vec::new();
            for number in (first + worker..).step_by(usize::try_from(workers).unwrap_or(1)) {
                if began.elapsed() >= time {
                    break;
                }
                let began = Instant::now();
                target.sign_in(&mut calls, number, claim).await;
                times.push(micros(began));
            }
            times
        });
    }
    let times: Vec<u64> = people.join_all().await.into_iter().flatten().collect();
    json!({ "count": times.len(), "seconds": began.elapsed().as_secs_f64(), "time": percentiles(times) })
}

async fn hold(target: &Arc<Target>, logins: usize, tokens_a_stream: usize) -> Value {
    let began = Instant::now();
    let tokens: Vec<Token> = (0..logins).map(|_| target.new_token()).collect();
    let places = Arc::new(Semaphore::new(OPENING));
    let mut opening = JoinSet::new();
    for (place, tokens) in tokens.chunks(tokens_a_stream).enumerate() {
        let (target, places, tokens) = (Arc::clone(target), Arc::clone(&places), tokens.to_vec());
        opening.spawn(async move {
            let _place = places.acquire().await.expect("never closed");
            let stream = target.wait_for(place, &tokens, true).await;
            tokio::spawn(stream.drain());
        });
    }
    opening.join_all().await;
    json!({ "count": logins, "seconds": began.elapsed().as_secs_f64() })
}

/// Streams that are open, and when their events came.
#[derive(Default)]
struct Observed {
    streams: Vec<Watched>,
    events: Option<UnboundedReceiver<Duration>>,
}

/// One stream's token, the place of its server, and when its message was sent.
struct Watched {
    token: Token,
    place: usize,
    sent: Arc<OnceLock<Instant>>,
}

async fn open(target: &Arc<Target>, streams: usize) -> Observed {
    let places = Arc::new(Semaphore::new(OPENING));
    let (told, events) = mpsc::unbounded_channel();
    let mut opening = JoinSet::new();
    for place in 0..streams {
        let (target, places, told) = (Arc::clone(target), Arc::clone(&places), told.clone());
        opening.spawn(async move {
            let _place = places.acquire().await.expect("never closed");
            let (token, sent) = (target.new_token(), Arc::new(OnceLock::<Instant>::new()));
            let mut stream = target.wait_for(place, &[token], false).await;
            let watched = Watched { token, place, sent: Arc::clone(&sent) };
            tokio::spawn(async move {
                stream.until("event: verified").await;
                let time = sent.get().expect("the message was sent before").elapsed();
                // Whoever measures may have enough.
                let _ = told.send(time);
            });
            watched
        });
    }
    Observed { streams: opening.join_all().await, events: Some(events) }
}

async fn publish(
    target: &Arc<Target>,
    observed: &mut Observed,
    a_second: u32,
    time: Duration,
    first: u64,
) -> Value {
    let events = observed.events.as_mut().expect("streams were opened before");
    let mut ticks = interval(Duration::from_secs(1) / a_second);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (began, mut count) = (Instant::now(), 0);
    let idle = || Mutex::new(Vec::<Connection>::new());
    let calls: Arc<Vec<_>> = Arc::new(target.urls.iter().map(|_| idle()).collect());
    let mut posting = JoinSet::new();
    for number in first.. {
        if began.elapsed() >= time {
            break;
        }
        ticks.tick().await;
        let Watched { token, place, sent } =
            observed.streams.pop().expect("there are more streams than messages");
        let (target, calls) = (Arc::clone(target), Arc::clone(&calls));
        count += 1;
        posting.spawn(async move {
            let place = target.place(place + 1);
            let kept = calls[place].lock().await.pop();
            let mut call = match kept {
                Some(call) => call,
                None => Connection::open(&target.urls[place]).await,
            };
            sent.set(Instant::now()).expect("each is sent once");
            target.post_message(&mut call, &token, number).await;
            calls[place].lock().await.push(call);
        });
    }
    posting.join_all().await;
    let mut times = Vec::with_capacity(count);
    while times.len() < count {
        let time = events.recv().await.expect("the streams go on");
        times.push(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }
    let worst = times.iter().copied().max();
    let seconds = began.elapsed().as_secs_f64();
    json!({ "count": count, "seconds": seconds, "time": percentiles(times), "worst": worst })
}

impl Target {
    fn new_token(&self) -> Token {
        Token::from_secret(AppKey::parse(&self.app_key).expect("an app key"), random())
    }

    /// The place of the server whose turn it is.
    fn place(&self, turn: usize) -> usize {
        turn % self.urls.len()
    }

    /// Opens a stream for these tokens, and returns once it is ready.
    async fn wait_for(&self, turn: usize, tokens: &[Token], claim: bool) -> Connection {
        let tokens: Vec<String> = tokens.iter().map(Token::expose).collect();
        let body = json!({ "tokens": tokens, "claim": claim }).to_string();
        let mut stream = Connection::open(&self.urls[self.place(turn)]).await;
        stream.send("/api/v1/tokens/events", &self.headers("stream"), &body).await;
        stream.until("event: ready").await;
        stream
    }

    async fn sign_in(&self, calls: &mut [Connection], number: u64, claim: bool) {
        let (token, turn) = (self.new_token(), usize::try_from(number).unwrap_or_default());
        let mut stream = self.wait_for(turn, &[token], claim).await;
        self.post_message(&mut calls[self.place(turn + 1)], &token, number).await;
        stream.until("event: verified").await;
        if !claim {
            let body = json!({ "token": token.expose() }).to_string();
            let redeem = &mut calls[self.place(turn + 2)];
            redeem.post("/api/v1/tokens/verify", &self.headers("verify"), &body).await;
        }
    }

    async fn post_message(&self, calls: &mut Connection, token: &Token, number: u64) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let body = message::body(&self.phone_number_id, number, &token.code().expose(), now);
        let signature = message::signature(&self.app_secret, &body);
        calls.post(message::PATH, &format!("x-hub-signature-256: {signature}\r\n"), &body).await;
    }

    fn headers(&self, key: &str) -> String {
        format!("authorization: Bearer {}\r\nidempotency-key: {key}\r\n", self.secret_key)
    }
}
