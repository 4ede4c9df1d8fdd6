//! Deliveries to an endpoint that answers as told, by a clock that is turned by hand.

mod stored;

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, header::LOCATION},
    response::{IntoResponse, Response},
    routing::post,
};
use ipnet::IpNet;
use loggin_protocol::{
    AppKey,
    webhook::{self, WebhookEvent, WebhookSecret},
};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;
use crate::{
    events,
    store::{Act, DeliveryState},
    tests::{APP, CountingRandom, ManualClock, demo_app, store},
};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What an endpoint does with a delivery.
#[derive(Clone, Copy)]
enum Does {
    Answers(u16),
    /// It answers with this header too.
    Asks(u16, u64),
    Redirects,
    /// It answers with so many bytes.
    Fills(usize),
    /// It never answers.
    Hangs,
}

/// A delivery as it arrived: the path, the headers and the body.
type Arrived = (String, HeaderMap, Bytes);

/// A server of an app, with as many endpoints as there are paths.
#[derive(Clone, Default)]
struct Receiver {
    arrived: Arc<Mutex<Vec<Arrived>>>,
    does: Arc<Mutex<HashMap<String, VecDeque<Does>>>>,
    connections: Arc<Notify>,
}

impl Receiver {
    async fn start(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new().route("/{path}", post(Self::take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        port
    }

    async fn take(
        State(receiver): State<Self>,
        Path(path): Path<String>,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response {
        receiver.arrived.lock().unwrap().push((path.clone(), headers, body));
        receiver.connections.notify_one();
        let does = {
            let mut does = receiver.does.lock().unwrap();
            let queue = does.entry(path).or_default();
            // The last goes on for ever.
            if queue.len() > 1 { queue.pop_front() } else { queue.front().copied() }
        };
        let status = |status: u16| axum::http::StatusCode::from_u16(status).unwrap();
        match does.unwrap_or(Does::Answers(204)) {
            Does::Answers(code) => status(code).into_response(),
            Does::Asks(code, seconds) => {
                (status(code), [("retry-after", seconds.to_string())]).into_response()
            }
            Does::Redirects => (status(307), [(LOCATION, "/elsewhere")]).into_response(),
            Does::Fills(bytes) => vec![b'a'; bytes].into_response(),
            Does::Hangs => std::future::pending().await,
        }
    }

    fn will(&self, path: &str, does: &[Does]) {
        self.does.lock().unwrap().insert(path.to_owned(), does.iter().copied().collect());
    }

    fn arrived(&self) -> Vec<Arrived> {
        std::mem::take(&mut *self.arrived.lock().unwrap())
    }

    fn count(&self, path: &str) -> usize {
        self.arrived.lock().unwrap().iter().filter(|(arrived, ..)| arrived == path).count()
    }
}

struct Environment {
    receiver: Receiver,
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    webhooks: Arc<Webhooks>,
    port: u16,
    folder: TempDir,
}

fn keys(secret: &str) -> WebhookKeys {
    WebhookKeys::derive([secret.as_bytes()].into_iter())
}

fn app_key() -> AppKey {
    AppKey::parse(APP).unwrap()
}

impl Environment {
    async fn new() -> Self {
        Self::with_networks(&["127.0.0.0/8".parse().unwrap()]).await
    }

    async fn with_networks(networks: &[IpNet]) -> Self {
        let (store, publisher, folder) = store().await;
        store.insert_app(&demo_app()).await.unwrap();
        let (receiver, clock) = (Receiver::default(), ManualClock::new());
        let webhooks = Webhooks {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random: Arc::new(CountingRandom::default()),
            caller: WebhookCaller::new(networks).unwrap(),
            keys: keys("one"),
            kept: DAY * 3,
            queued: Arc::clone(&publisher.webhooks),
        };
        let port = receiver.start().await;
        Self { receiver, store, clock, webhooks: Arc::new(webhooks), port, folder }
    }

    fn endpoint(&self, id: &str) -> (WebhookEndpoint, WebhookSecret) {
        let (secret, sealed) = self.webhooks.keys.draw(&*self.webhooks.random, id).unwrap();
        let endpoint = WebhookEndpoint {
            id: id.to_owned(),
            app_key: app_key(),
            url: format!("http://127.0.0.1:{}/{id}", self.port),
            events: Vec::new(),
            secret: sealed,
            old_secret: None,
            created_at: self.clock.now(),
            disabled: None,
            succeeded_at: None,
        };
        (endpoint, secret)
    }

    async fn add(&self, id: &str) -> WebhookSecret {
        let (endpoint, secret) = self.endpoint(id);
        assert!(self.store.put_webhook_endpoint(&endpoint).await.unwrap());
        secret
    }

    /// Stores an event for every endpoint that wants it.
    async fn happens(&self, name: &str) {
        self.store.queue_events(vec![events::test(app_key(), name, self.clock.now())]).await.unwrap();
    }

    async fn round(&self) -> Vec<Arrived> {
        self.webhooks.round().await;
        self.receiver.arrived()
    }

    /// Whether a look leaves the process listening for what is stored.
    async fn listens(&self) -> bool {
        self.webhooks.look(&mut Running::default(), &mut None, &mut None).await.unwrap()
    }

    async fn only(&self, id: &str) -> WebhookDelivery {
        self.store.webhook_deliveries(id, None, None, 1).await.unwrap().remove(0)
    }

    /// What a receiver makes of a delivery.
    fn read(
        &self,
        arrived: &Arrived,
        secret: &WebhookSecret,
    ) -> Result<WebhookEvent, loggin_protocol::Error> {
        let headers = arrived.1.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        webhook::verify(&arrived.2, headers, &secret.expose(), self.clock.now().into())
    }
}

#[tokio::test]
async fn an_event_goes_out_signed_and_once() {
    let env = Environment::new().await;
    let secret = env.add("a").await;
    env.happens("one").await;
    let [arrived] = &env.round().await[..] else { panic!("one delivery") };
    let event = env.read(arrived, &secret).unwrap();
    assert_eq!((event.kind.as_str(), event.id), ("webhook.test", env.only("a").await.event_id));
    assert_eq!(arrived.1["content-type"], "application/json");
    assert_eq!(env.only("a").await.state, DeliveryState::Delivered);
    assert!(env.round().await.is_empty());
    // Nothing of the secret is in the database.
    env.store.close().await;
    let file = std::fs::read(env.folder.path().join("loggin.db")).unwrap_or_default();
    let text = secret.expose();
    assert!(!file.windows(text.len()).any(|window| window == text.as_bytes()));
}

#[tokio::test]
async fn nobody_listens_for_events_that_no_endpoint_is_told() {
    let env = Environment::new().await;
    env.happens("one").await;
    assert!(!env.listens().await);
    env.add("a").await;
    assert!(env.listens().await);
    let act = Act::DisableWebhook("a".to_owned(), env.clock.now());
    assert!(env.store.administer(act, "alice".to_owned(), env.clock.now()).await.unwrap());
    assert!(!env.listens().await);
}

#[tokio::test]
async fn while_a_secret_is_replaced_both_sign() {
    let env = Environment::new().await;
    let old = env.add("a").await;
    let (new, sealed) = env.webhooks.keys.draw(&*env.webhooks.random, "a").unwrap();
    let until = env.clock.now() + HOUR;
    let act = Act::RotateWebhook("a".to_owned(), sealed, until);
    assert!(env.store.administer(act, "alice".to_owned(), env.clock.now()).await.unwrap());
    env.happens("one").await;
    let arrived = env.round().await.remove(0);
    assert!(env.read(&arrived, &old).is_ok() && env.read(&arrived, &new).is_ok());
    env.clock.advance(HOUR);
    env.happens("two").await;
    let arrived = env.round().await.remove(0);
    assert!(env.read(&arrived, &old).is_err() && env.read(&arrived, &new).is_ok());
}

#[tokio::test]
async fn what_is_not_taken_is_tried_ever_more_rarely_for_three_days_and_then_the_endpoint_is_disabled() {
    let env = Environment::new().await;
    env.add("a").await;
    env.receiver.will("a", &[Does::Answers(500)]);
    env.happens("one").await;
    let start = env.clock.now();
    let mut tried = Vec::new();
    loop {
        assert_eq!(env.round().await.len(), 1);
        tried.push(env.clock.now().since(start));
        let delivery = env.only("a").await;
        if delivery.state == DeliveryState::GivenUp {
            break;
        }
        assert_eq!((delivery.status, delivery.failure.as_deref()), (Some(500), Some("status")));
        env.clock.advance(delivery.due_at.since(env.clock.now()));
    }
    assert!((12..20).contains(&tried.len()), "{tried:?}");
    assert!(tried[1] >= limits::WEBHOOK_PAUSE && tried[1] <= limits::WEBHOOK_PAUSE * 2, "{tried:?}");
    let pauses: Vec<Duration> = tried.windows(2).map(|pair| pair[1].checked_sub(pair[0]).unwrap()).collect();
    assert!(pauses.iter().all(|pause| *pause <= limits::WEBHOOK_HORIZON), "{pauses:?}");
    assert_eq!(tried.last(), Some(&limits::WEBHOOK_GIVEN_UP));
    let endpoint = env.store.webhook_endpoint("a").await.unwrap().unwrap();
    assert_eq!(endpoint.disabled, Some((env.clock.now(), DisabledFor::Failing)));
    assert_eq!(env.store.webhook_health().await.unwrap().failing, 1);
    env.happens("two").await;
    assert!(env.round().await.is_empty());
    // The operator mends it, and has what was given up delivered.
    env.receiver.will("a", &[Does::Answers(200)]);
    let now = env.clock.now();
    for act in [
        Act::EnableWebhook("a".to_owned(), now, now + DAY),
        Act::ReplayWebhook(crate::store::Replay {
            endpoint_id: "a".to_owned(),
            event: Err(start),
            now,
            until: now + DAY,
        }),
    ] {
        assert!(env.store.administer(act, "alice".to_owned(), now).await.unwrap());
    }
    assert_eq!(env.round().await.len(), 1);
    assert_eq!(env.only("a").await.state, DeliveryState::Delivered);
}

#[tokio::test]
async fn an_endpoint_that_takes_some_events_is_not_disabled_for_one_that_it_never_takes() {
    let env = Environment::new().await;
    env.add("a").await;
    env.receiver.will("a", &[Does::Answers(500)]);
    env.happens("one").await;
    env.round().await;
    env.receiver.will("a", &[Does::Answers(200)]);
    env.happens("two").await;
    env.round().await;
    env.receiver.will("a", &[Does::Answers(500)]);
    env.clock.advance(limits::WEBHOOK_GIVEN_UP);
    env.round().await;
    let given_up = env.store.webhook_deliveries("a", Some(DeliveryState::GivenUp), None, 9).await.unwrap();
    assert_eq!(given_up.len(), 1);
    assert_eq!(env.store.webhook_endpoint("a").await.unwrap().unwrap().disabled, None);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_what_is_gone_is_told_nothing_more() {
    let env = Environment::new().await;
    env.add("a").await;
    env.receiver.will("a", &[Does::Redirects, Does::Asks(429, 3_600), Does::Answers(410)]);
    env.happens("one").await;
    assert_eq!(env.round().await.len(), 1);
    assert_eq!(env.receiver.count("elsewhere"), 0);
    assert_eq!(env.only("a").await.status, Some(307));
    env.clock.advance(limits::WEBHOOK_PAUSE * 2);
    assert_eq!(env.round().await.len(), 1);
    assert!(env.only("a").await.due_at >= env.clock.now() + HOUR, "the pause that it asks for");
    env.clock.advance(HOUR * 2);
    assert_eq!(env.round().await.len(), 1);
    assert_eq!(env.only("a").await.state, DeliveryState::GivenUp);
    let endpoint = env.store.webhook_endpoint("a").await.unwrap().unwrap();
    assert_eq!(endpoint.disabled.map(|(_, why)| why), Some(DisabledFor::Gone));
}

#[tokio::test]
async fn no_private_address_is_called_however_it_is_named() {
    let env = Environment::with_networks(&[]).await;
    let port = env.port;
    let urls = [
        format!("http://127.0.0.1:{port}/a"),
        format!("https://127.0.0.1:{port}/a"),
        format!("https://localhost:{port}/a"),
        format!("http://localhost:{port}/a"),
        format!("https://[::ffff:127.0.0.1]:{port}/a"),
        "ftp://app.example/".to_owned(),
        "nothing".to_owned(),
    ];
    for (number, url) in urls.into_iter().enumerate() {
        let id = number.to_string();
        let endpoint = WebhookEndpoint { url: url.clone(), ..env.endpoint(&id).0 };
        assert!(env.store.put_webhook_endpoint(&endpoint).await.unwrap());
        env.happens(&id).await;
        env.webhooks.round().await;
        let delivery = env.only(&id).await;
        assert_eq!((delivery.status, delivery.failure.as_deref()), (None, Some("address")), "{url}");
    }
    assert!(env.receiver.arrived().is_empty());
}

#[tokio::test]
async fn a_name_that_leads_into_an_allowed_network_is_called() {
    let env = Environment::new().await;
    let (endpoint, _) = env.endpoint("a");
    let endpoint = WebhookEndpoint { url: format!("http://localhost:{}/a", env.port), ..endpoint };
    assert!(env.store.put_webhook_endpoint(&endpoint).await.unwrap());
    env.happens("one").await;
    assert_eq!(env.round().await.len(), 1);
    // Over TLS the same server is reached, and cannot speak it.
    let url = format!("https://localhost:{}/b", env.port);
    let endpoint = WebhookEndpoint { url, ..env.endpoint("b").0 };
    assert!(env.store.put_webhook_endpoint(&endpoint).await.unwrap());
    env.happens("two").await;
    env.webhooks.round().await;
    assert_eq!(env.only("b").await.failure.as_deref(), Some("connect"));
}

#[tokio::test]
async fn a_response_of_any_length_is_read_so_far_and_no_further() {
    let env = Environment::new().await;
    env.add("a").await;
    env.receiver.will("a", &[Does::Fills(64 << 20)]);
    env.happens("one").await;
    assert_eq!(env.round().await.len(), 1);
    assert_eq!(env.only("a").await.state, DeliveryState::Delivered);
}

#[tokio::test]
async fn an_endpoint_that_hangs_keeps_nobody_else_waiting() {
    let env = Environment::new().await;
    for id in ["hangs", "works"] {
        env.add(id).await;
    }
    env.receiver.will("hangs", &[Does::Hangs]);
    for number in 0..20 {
        env.happens(&number.to_string()).await;
    }
    let mut running = Running::default();
    let most = limits::WEBHOOKS_PER_ENDPOINT as usize;
    while env.receiver.count("works") < 20 || env.receiver.count("hangs") < most {
        env.webhooks.begin(&mut running).await.unwrap();
        tokio::select! {
            () = env.receiver.connections.notified() => {}
            Some(ended) = running.tasks.join_next() => running.free(&ended.unwrap()),
        }
    }
    assert_eq!(env.receiver.count("hangs"), most);
}

#[tokio::test]
async fn what_is_stored_goes_out_at_once_and_from_the_one_that_leads() {
    let env = Environment::new().await;
    let secret = env.add("a").await;
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(Arc::clone(&env.webhooks).run(stopping));
    for number in 0..30 {
        env.happens(&number.to_string()).await;
    }
    while env.receiver.count("a") < 30 {
        env.receiver.connections.notified().await;
    }
    stop.send_replace(true);
    running.await.unwrap();
    let arrived = env.receiver.arrived();
    let ids: HashSet<String> = arrived.iter().map(|one| env.read(one, &secret).unwrap().id).collect();
    assert_eq!(ids.len(), 30);
}

#[tokio::test]
async fn secrets_are_sealed_anew_under_the_first_key_and_unreadable_without() {
    let env = Environment::new().await;
    env.add("a").await;
    let random = CountingRandom::default();
    let both = WebhookKeys::derive([b"two".as_slice(), b"one"].into_iter());
    assert_eq!(both.reseal_all(&env.store, &random).await.unwrap(), 1);
    assert_eq!(both.reseal_all(&env.store, &random).await.unwrap(), 0);
    let endpoint = env.store.webhook_endpoint("a").await.unwrap().unwrap();
    let now = env.clock.now();
    assert!(keys("two").of(&endpoint, now).is_some() && keys("one").of(&endpoint, now).is_none());
    env.happens("one").await;
    assert!(env.round().await.is_empty(), "nothing goes out unsigned");
    assert_eq!(env.only("a").await.failure.as_deref(), Some("secret"));
}

#[tokio::test]
async fn what_ended_is_forgotten_after_a_while() {
    let env = Environment::new().await;
    env.add("a").await;
    env.happens("one").await;
    env.round().await;
    env.clock.advance(env.webhooks.kept);
    env.webhooks.purge().await.unwrap();
    assert_eq!(env.store.webhook_deliveries("a", None, None, 9).await.unwrap().len(), 1);
    env.clock.advance(HOUR);
    env.webhooks.purge().await.unwrap();
    assert_eq!(env.store.webhook_deliveries("a", None, None, 9).await.unwrap(), []);
}
