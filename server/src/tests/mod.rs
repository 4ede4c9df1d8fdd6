//! What the tests of this crate share: a clock that is turned by hand, repeatable randomness, and a whole server on
//! a port of its own.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use loggin_protocol::{AppKey, PhoneNumber, SecretKey, Token, link::WhatsAppNumber};
use reqwest::{Client, RequestBuilder, Response};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use uuid::Uuid;

use crate::{
    administration::WebhookRules,
    clock::{Clock, Random, UnixMillis},
    config::{
        AccessToken, DEFAULT_ISSUER_SESSION, DatabaseUrl, ForwardedHeader, TrustedProxies, WhatsAppConfig,
    },
    crypto::CodeText,
    http::{
        self,
        serve::{self, Bounds},
        tls::Tls,
    },
    limits,
    logins::Publisher,
    otp::CodeSender,
    outbox::webhooks::WebhookKeys,
    state::{OtpParts, Parts, Server, Settings},
    store::{
        self, App, AppSecretKey, CommitListener, Confirm, Location, MessageKind, PhoneHidden, SqliteStore,
        Store,
    },
    whatsapp::{GraphClient, GraphConfig, SendError, SendStatus, SentMessage},
};

/// The app of most tests: no secret key needed, any origin.
pub(crate) const APP: &str = "8XKPQ2WN";
/// The secret that webhooks are signed with.
pub(crate) const APP_SECRET: &str = "test_app_secret";
/// The id of the business's number.
pub(crate) const PHONE_NUMBER_ID: &str = "200000000000002";
/// The sender of most messages.
pub(crate) const PHONE: &str = "919876543210";
/// When the manual clock begins.
pub(crate) const START: UnixMillis = UnixMillis(1_790_416_800_000);

/// A clock that moves when told to.
#[derive(Debug)]
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(START.0)))
    }

    pub(crate) fn advance(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// As when a clock that was ahead is put right.
    pub(crate) fn turn_back(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).unwrap();
        self.0.fetch_sub(millis, Ordering::SeqCst);
    }
}

impl ManualClock {
    pub(crate) fn set(&self, now: UnixMillis) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::SeqCst))
    }
}

/// Random bits that are the same in each run, and never twice the same within one.
#[derive(Debug, Default)]
pub(crate) struct CountingRandom(AtomicU64);

impl Random for CountingRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            // Odd multiplier: each count gives another value.
            let next = self.0.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            chunk.copy_from_slice(&next.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A WhatsApp that takes every code and notes it, unless it is told what to answer next.
#[derive(Debug, Default)]
pub(crate) struct NotedCodes {
    pub(crate) sent: Mutex<Vec<(PhoneNumber, CodeText, Uuid)>>,
    pub(crate) responses: Mutex<VecDeque<Result<SentMessage, SendError>>>,
}

impl NotedCodes {
    /// The latest code.
    pub(crate) fn last(&self) -> String {
        self.sent.lock().unwrap().last().unwrap().1.expose().to_owned()
    }

    pub(crate) fn count(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    /// What WhatsApp answers to the next codes.
    pub(crate) fn will_respond(&self, responses: impl IntoIterator<Item = Result<SentMessage, SendError>>) {
        self.responses.lock().unwrap().extend(responses);
    }
}

#[async_trait]
impl CodeSender for NotedCodes {
    async fn send(
        &self,
        phone: &PhoneNumber,
        code: &CodeText,
        session_id: Uuid,
    ) -> Result<SentMessage, SendError> {
        self.sent.lock().unwrap().push((phone.clone(), code.clone(), session_id));
        let response = self.responses.lock().unwrap().pop_front();
        response.unwrap_or_else(|| {
            Ok(SentMessage {
                id: format!("wamid.{session_id}"),
                status: SendStatus::Accepted,
                wa_id: Some(phone.clone()),
            })
        })
    }
}

/// The secret of one-time codes.
pub(crate) const OTP_SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The secret key of the demo app.
pub(crate) fn demo_key() -> SecretKey {
    SecretKey::from_secret(AppKey::parse(APP).unwrap(), [7; 20])
}

/// An app with every default of `dev`.
pub(crate) fn demo_app() -> App {
    App {
        app_key: AppKey::parse(APP).unwrap(),
        name: "Demo".to_owned(),
        require_secret_key: false,
        hide_phone_from_browser: false,
        allowed_origins: vec!["*".to_owned()],
        confirm: Confirm::None,
        phone_hidden: PhoneHidden::Ask,
        calls_per_minute: limits::CALLS_PER_MINUTE,
        monthly_quota: None,
        live_only: false,
        messages_per_day: Some(limits::MESSAGES_PER_APP),
        history_days: None,
        created_at: START,
        disabled_at: None,
    }
}

/// An app with a secret key that redeeming needs, and no origins.
pub(crate) fn guarded_app(key: &str) -> (App, SecretKey) {
    let app_key = AppKey::parse(key).unwrap();
    let secret_key = guarded_key(app_key);
    let app = App { app_key, require_secret_key: true, allowed_origins: Vec::new(), ..demo_app() };
    (app, secret_key)
}

fn guarded_key(app_key: AppKey) -> SecretKey {
    SecretKey::from_secret(app_key, [42; 20])
}

/// Gives an app, which must be there, another secret key.
pub(crate) async fn add_key(store: &dyn Store, key: &SecretKey) {
    assert!(store.insert_secret_key(&AppSecretKey::of(key, "a test's", START)).await.unwrap());
}

/// Adds the demo app with its key.
async fn add_demo_app(store: &dyn Store) {
    assert!(store.insert_app(&demo_app()).await.unwrap());
    add_key(store, &demo_key()).await;
}

/// A token of the demo app.
pub(crate) fn token(number: u8) -> Token {
    token_of(APP, number)
}

pub(crate) fn token_of(app: &str, number: u8) -> Token {
    Token::from_secret(AppKey::parse(app).unwrap(), [number; 20])
}

/// Whether these tests are run on PostgreSQL: `TEST_STORE=postgresql`. Those that look into SQLite's file are passed
/// over then.
pub(crate) fn is_on_postgresql() -> bool {
    std::env::var_os("TEST_STORE").is_some_and(|store| store == "postgresql")
}

/// Whether servers on PostgreSQL tell each other of changes in these tests: not with `TEST_NOTIFY=off`, which leaves them to
/// the look at what changed.
pub(crate) fn notifies() -> bool {
    std::env::var_os("TEST_NOTIFY").is_none_or(|notify| notify != "off")
}

/// A store in a folder that is removed with it, and who is told of what it commits.
pub(crate) async fn store() -> (Arc<dyn Store>, Arc<Publisher>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (store, publisher) = store_in(&folder, 1).await;
    (store, publisher, folder)
}

/// The same in a folder that is there; `node` tells its processes apart.
pub(crate) async fn store_in(folder: &TempDir, node: i64) -> (Arc<dyn Store>, Arc<Publisher>) {
    let publisher = Arc::new(Publisher::default());
    let listener = Arc::clone(&publisher) as Arc<dyn CommitListener>;
    if is_on_postgresql() {
        let file = folder.path().join("url");
        if !file.exists() {
            let cluster = store::tests::cluster::shared().expect("PostgreSQL is installed");
            let tables = store::tests::tables(cluster);
            std::fs::write(&file, cluster.copy(tables, folder.path())).unwrap();
        }
        let url = DatabaseUrl::new(&std::fs::read_to_string(file).unwrap());
        let location = Location::parse(&url).unwrap().with_notify(notifies());
        return (store::open(&location, node, listener).await.unwrap(), publisher);
    }
    let store = SqliteStore::open(&folder.path().join("loggin.db"), node, listener).await.unwrap();
    (Arc::new(store), publisher)
}

/// A client of a Graph API that is at this URL.
pub(crate) fn graph_client(url: &str) -> GraphClient {
    let config = GraphConfig {
        graph_url: url.parse().unwrap(),
        phone_number_id: PHONE_NUMBER_ID.to_owned(),
        access_token: AccessToken::new("access").unwrap(),
    };
    GraphClient::new(config).unwrap()
}

/// A server that listens, and what it was made of.
pub(crate) struct TestServer {
    pub(crate) url: String,
    pub(crate) address: SocketAddr,
    pub(crate) server: Arc<Server>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) client: Client,
    pub(crate) codes: Arc<NotedCodes>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) serving: JoinHandle<()>,
    folder: Arc<TempDir>,
}

impl TestServer {
    /// A server with the demo app.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A server with the demo app, and settings of its own.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let (store, publisher, folder) = store().await;
        add_demo_app(&*store).await;
        let (bounds, parts) = (Bounds::default(), (store, publisher));
        Self::start_on(parts, Arc::new(folder), ManualClock::new(), Arc::default(), bounds, change).await
    }

    /// A server with the demo app, whose store tells `listener` of its commits.
    pub(crate) async fn start_told(publisher: Arc<Publisher>, listener: Arc<dyn CommitListener>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("loggin.db"), 1, listener).await.unwrap();
        add_demo_app(&store).await;
        let (bounds, store): (_, Arc<dyn Store>) = (Bounds::default(), Arc::new(store));
        let (folder, clock) = (Arc::new(folder), ManualClock::new());
        Self::start_on((store, publisher), folder, clock, Arc::default(), bounds, |_| {}).await
    }

    /// A server with the demo app that speaks TLS; its `client` cannot call it.
    pub(crate) async fn start_tls(tls: Arc<Tls>, change: impl FnOnce(&mut Bounds)) -> Self {
        let (store, publisher, folder) = store().await;
        store.insert_app(&demo_app()).await.unwrap();
        let mut bounds = Bounds::default();
        change(&mut bounds);
        let (parts, folder, clock) = ((store, publisher), Arc::new(folder), ManualClock::new());
        Self::start_over(Some(tls), parts, folder, clock, Arc::default(), bounds, |_| {}).await
    }

    /// A server with the demo app that holds connections to these bounds, and trusts no proxy.
    pub(crate) async fn start_bounded(change: impl FnOnce(&mut Bounds)) -> Self {
        let (store, publisher, folder) = store().await;
        add_demo_app(&*store).await;
        let mut bounds = Bounds::default();
        change(&mut bounds);
        let none = TrustedProxies::parse(["none"].into_iter(), ForwardedHeader::default()).unwrap();
        let (parts, folder, clock) = ((store, publisher), Arc::new(folder), ManualClock::new());
        Self::start_on(parts, folder, clock, Arc::default(), bounds, |settings| {
            settings.trusted_proxies = Arc::new(none);
        })
        .await
    }

    /// Another server on the same database, by the same clock and with the same WhatsApp.
    pub(crate) async fn another_node(&self) -> Self {
        let store = store_in(&self.folder, 2).await;
        let (clock, codes) = (Arc::clone(&self.clock), Arc::clone(&self.codes));
        let bounds = Bounds::default();
        Self::start_on(store, Arc::clone(&self.folder), clock, codes, bounds, |_| {}).await
    }

    async fn start_on(
        parts: (Arc<dyn Store>, Arc<Publisher>),
        folder: Arc<TempDir>,
        clock: Arc<ManualClock>,
        codes: Arc<NotedCodes>,
        bounds: Bounds,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        Self::start_over(None, parts, folder, clock, codes, bounds, change).await
    }

    async fn start_over(
        tls: Option<Arc<Tls>>,
        (store, publisher): (Arc<dyn Store>, Arc<Publisher>),
        folder: Arc<TempDir>,
        clock: Arc<ManualClock>,
        codes: Arc<NotedCodes>,
        bounds: Bounds,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopping) = watch::channel(false);
        let mut settings = settings(address);
        change(&mut settings);
        let server = Server::new(Parts {
            store,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random: Arc::new(CountingRandom::default()),
            publisher,
            client: graph_client("http://127.0.0.1:9/v26.0"),
            otp: Some(OtpParts {
                sender: Arc::clone(&codes) as Arc<dyn CodeSender>,
                secrets: vec![SecretString::from(OTP_SECRET)],
            }),
            webhooks: Some(webhook_rules()),
            settings,
            doctor: None,
            stopping: stopping.clone(),
        });
        let trusted = Arc::clone(&server.settings.trusted_proxies);
        let serving = serve::serve(listener, http::router(&server), bounds, tls, trusted, stopping);
        let serving = tokio::spawn(serving);
        let client =
            Client::builder().no_proxy().tls_certs_only([]).redirect(reqwest::redirect::Policy::none());
        // Whoever comes first sets the provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            url: format!("http://{address}"),
            address,
            server,
            clock,
            client: client.build().unwrap(),
            codes,
            stop,
            serving,
            folder,
        }
    }

    /// The database, opened by another process.
    pub(crate) fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join("loggin.db")).unwrap()
    }

    /// What people are owed now, in the order in which it is due.
    pub(crate) async fn owed(&self) -> Vec<MessageKind> {
        let due = self.server.store.due_messages(self.clock.now(), 1_000).await.unwrap();
        due.iter().map(|due| due.message.kind).collect()
    }

    /// The digits that the sender of this login is to type.
    pub(crate) async fn digits(&self, token: &Token) -> String {
        let login = self.server.store.logins(&[token.code()]).await.unwrap().remove(0);
        self.server.logins.digits(&login).unwrap().expose().to_owned()
    }

    /// Adds an app, with the secret key that [`guarded_app`] gives it.
    pub(crate) async fn add_app(&self, app: &App) {
        assert!(self.server.store.insert_app(app).await.unwrap());
        add_key(&*self.server.store, &guarded_key(app.app_key)).await;
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url))
    }

    /// Calls for one-time codes as the demo app's server.
    pub(crate) async fn auth(&self, route: &str, body: &Value) -> Response {
        self.auth_as(&demo_key(), None, route, body).await
    }

    /// Calls for one-time codes with this secret key and this `Idempotency-Key`.
    pub(crate) async fn auth_as(
        &self,
        key: &SecretKey,
        idempotency_key: Option<&str>,
        route: &str,
        body: &Value,
    ) -> Response {
        let call = self.post(&format!("/api/v1/auth/{route}")).bearer_auth(key.expose()).json(body);
        let call = match idempotency_key {
            Some(key) => call.header("Idempotency-Key", key),
            None => call,
        };
        call.send().await.unwrap()
    }

    /// Calls `/tokens/verify` as this redeemer.
    pub(crate) async fn verify(&self, token: &Token, key: &str) -> Response {
        let call = self.post("/api/v1/tokens/verify").json(&json!({ "token": token.expose() }));
        call.header("Idempotency-Key", key).send().await.unwrap()
    }

    /// A call of `/tokens/events` that claims as this redeemer, or observes.
    pub(crate) fn events(&self, tokens: &[Token], key: Option<&str>) -> RequestBuilder {
        let tokens: Vec<String> = tokens.iter().map(Token::expose).collect();
        let call =
            self.post("/api/v1/tokens/events").json(&json!({ "tokens": tokens, "claim": key.is_some() }));
        match key {
            Some(key) => call.header("Idempotency-Key", key),
            None => call,
        }
    }

    /// A stream, just begun.
    pub(crate) async fn stream(&self, tokens: &[Token], key: Option<&str>) -> EventReader {
        let response = self.events(tokens, key).send().await.unwrap();
        assert_eq!(response.status(), 200);
        EventReader::new(response)
    }

    /// Posts a signed webhook.
    pub(crate) async fn webhook(&self, payload: &Value) -> Response {
        let body = payload.to_string();
        let signature = sign(body.as_bytes());
        let call = self.post("/webhooks/whatsapp").header("X-Hub-Signature-256", signature);
        call.body(body).send().await.unwrap()
    }

    /// A person sends a message with this login's code.
    pub(crate) async fn tap(&self, token: &Token) {
        let message = text_message(&format!("Code: {}", token.code().expose()), &json!({}));
        let response = self.webhook(&webhook(&[message])).await;
        assert_eq!(response.status(), 200);
    }
}

/// What secrets of webhooks are kept under.
fn webhook_rules() -> WebhookRules {
    let secret = [OTP_SECRET.as_bytes()].into_iter();
    WebhookRules { keys: WebhookKeys::derive(secret), networks: Arc::new([]) }
}

fn settings(address: SocketAddr) -> Settings {
    Settings {
        whatsapp: WhatsAppConfig {
            number: WhatsAppNumber::parse("15550001111").unwrap(),
            phone_number_id: PHONE_NUMBER_ID.to_owned(),
            access_token: AccessToken::new("access").unwrap(),
            app_secrets: vec![SecretString::from(APP_SECRET)],
            verify_token: SecretString::from("verify me"),
            graph_url: "http://127.0.0.1:9/v26.0".parse().unwrap(),
        },
        public_origin: format!("http://{address}"),
        link_base: "https://wa.me".parse().unwrap(),
        otp_template: Some("verification_code".to_owned()),
        demo: None,
        issuer_session: DEFAULT_ISSUER_SESSION,
        trusted_proxies: Arc::new(TrustedProxies::loopback(ForwardedHeader::default())),
        counts_addresses: true,
        bodies_kib: limits::BODIES_KIB,
        long_poll: Duration::from_secs(25),
        tokens_without_key: loggin_protocol::wire::MAX_TOKENS_WITHOUT_KEY,
        development: false,
    }
}

/// The header that signs a webhook.
pub(crate) fn sign(body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).unwrap().chain_update(body);
    format!("sha256={}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}

/// A text message of [`PHONE`], sent when the manual clock began; what `change` names is replaced, null takes away.
pub(crate) fn text_message(text: &str, change: &Value) -> Value {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut message = json!({
        "from": PHONE,
        "from_user_id": "IN.1000",
        "id": format!("wamid.{}", NEXT.fetch_add(1, Ordering::SeqCst)),
        "timestamp": (START.0 / 1000).to_string(),
        "type": "text",
        "text": { "body": text },
    });
    for (name, value) in change.as_object().unwrap() {
        if value.is_null() {
            message.as_object_mut().unwrap().remove(name);
        } else {
            message[name] = value.clone();
        }
    }
    message
}

/// The body of a webhook with these messages.
pub(crate) fn webhook(messages: &[Value]) -> Value {
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550001111", "phone_number_id": PHONE_NUMBER_ID },
        "messages": messages,
    });
    let changes = json!([{ "field": "messages", "value": value }]);
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": changes }] })
}

/// Reads the events of a stream one by one.
pub(crate) struct EventReader {
    response: Response,
    text: String,
}

impl EventReader {
    pub(crate) fn new(response: Response) -> Self {
        Self { response, text: String::new() }
    }

    /// The next block: its fields by name; `None` at the end of the stream. A comment has an empty name.
    pub(crate) async fn block(&mut self) -> Option<HashMap<String, String>> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let fields = block.lines().map(|line| {
                    let (name, value) = line.split_once(':').unwrap();
                    (name.to_owned(), value.trim().to_owned())
                });
                let fields = fields.collect();
                self.text = rest.to_owned();
                return Some(fields);
            }
            let chunk = self.response.chunk().await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event with its data; comments are passed over.
    pub(crate) async fn event(&mut self) -> Option<(String, Value)> {
        loop {
            let mut block = self.block().await?;
            if let (Some(name), Some(data)) = (block.remove("event"), block.remove("data")) {
                return Some((name, serde_json::from_str(&data).unwrap()));
            }
        }
    }
}

/// The error code of a response, which must be an error with the body that all errors have.
pub(crate) async fn error_of(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["request_id"], id);
    assert!(!body["message"].as_str().unwrap().is_empty());
    (status, body["error"].as_str().unwrap().to_owned())
}
