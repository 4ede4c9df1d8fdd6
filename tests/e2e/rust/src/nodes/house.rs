//! Several servers on one PostgreSQL, the people with their phones, and a load balancer before the servers.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use loggin::{AppKey, Loggin, Token};
use serde_json::{Value, json};

use super::{
    cluster::{self, Cluster},
    disk::Disk,
    node::Node,
    rounds::TIMES,
    wire::Wire,
};
use crate::{
    TEST_TIMEOUT,
    environment::{built, json_of, program},
    proxy::Proxy,
};

/// The first of the phones that are added one after the other.
const FIRST_PHONE: u64 = 917_000_000_000;

/// What the simulator and the servers share; nothing of it is anybody's.
const SHARED: [(&str, &str); 5] = [
    ("WHATSAPP_NUMBER", "15550001111"),
    ("WHATSAPP_PHONE_NUMBER_ID", "200000000000002"),
    ("WHATSAPP_ACCESS_TOKEN", "access-of-a-test"),
    ("WHATSAPP_APP_SECRET", "00000000000000000000000000000000"),
    ("WHATSAPP_VERIFY_TOKEN", "verify-of-a-test"),
];

/// Between two tries to deliver a webhook, in milliseconds, and how many there are: they outlast an outage.
const RETRY: (&str, usize) = ("100", 600);

/// Servers, their database, and the people who sign in.
pub struct House {
    pub(super) nodes: Vec<Node>,
    postgres: Mutex<Cluster>,
    /// The name of the database there.
    pub(super) database: String,
    /// What the database is on; `None` where this machine lets nobody mount one.
    pub(super) disk: Option<Disk>,
    /// Before the servers, for what WhatsApp sends: it ends with this.
    _webhooks: Proxy,
    simulator: Simulator,
    app_key: AppKey,
    secret_key: String,
    phones: AtomicU64,
}

/// A process that ends with this.
struct Simulator {
    process: Child,
    url: String,
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl House {
    /// Starts so many servers, which tell each other of changes or do not; `None` where PostgreSQL is not installed,
    /// which is said.
    pub fn start(nodes: usize, notify: bool) -> Option<Self> {
        let Some((postgres, disk)) = start_database() else {
            cluster::say_skipped("postgresql");
            return None;
        };
        let url = postgres.database();
        let database = url.strip_prefix("postgres:///").and_then(|url| url.split_once('?')).unwrap().0;
        let database = database.to_owned();
        let app = create_app(&url);
        // So that a full disk is soon in the way.
        assert!(postgres.run(&database, &["ALTER TABLE logins SET (fillfactor = 10)"]));
        let webhooks = Proxy::before(Vec::new());
        let simulator = Simulator::start(&webhooks.url());
        let nodes: Vec<Node> = (0..nodes)
            .map(|_| {
                let wire = Wire::to(postgres.folder());
                let (direct, own) = (postgres.folder().display(), wire.folder().display());
                let url = url.replace(&direct.to_string(), &own.to_string());
                Node::start(settings(url, notify, &simulator.url), wire)
            })
            .collect();
        webhooks.serve(nodes.iter().map(|node| node.address).collect());
        Some(Self {
            nodes,
            postgres: Mutex::new(postgres),
            database,
            disk,
            _webhooks: webhooks,
            simulator,
            app_key: AppKey::parse(app["app_key"].as_str().unwrap()).unwrap(),
            secret_key: app["secret_key"].as_str().unwrap().to_owned(),
            phones: AtomicU64::new(FIRST_PHONE),
        })
    }

    /// Does something to the database's server.
    pub(super) fn with_database<T>(&self, act: impl FnOnce(&mut Cluster) -> T) -> T {
        act(&mut self.postgres.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many messages each person of any round so far has got who got more than one, once nobody is owed any more.
    pub fn told_twice(&self) -> Vec<usize> {
        const NOBODY_IS_OWED: &str = "SELECT 1 / (NOT EXISTS (SELECT FROM outbox WHERE state <= 1))::int";
        let given_up = Instant::now() + TEST_TIMEOUT;
        while !self.with_database(|postgres| postgres.run(&self.database, &[NOBODY_IS_OWED])) {
            assert!(Instant::now() < given_up, "somebody is owed a message for ever");
        }
        let phones = FIRST_PHONE..self.phones.load(Ordering::Relaxed);
        let messages = phones.map(|phone| self.messages_to(&phone.to_string()));
        messages.filter(|messages| *messages > 1).collect()
    }

    /// A load balancer before the servers, which asks none of them how it is.
    pub(super) fn balancer(&self) -> Proxy {
        Proxy::before(self.nodes.iter().map(|node| node.address).collect())
    }

    /// A program of the app.
    pub(super) fn client(&self, url: &str) -> Loggin {
        let client = Loggin::builder().base_url(url).secret_key(&self.secret_key).timeout(TEST_TIMEOUT);
        client.build().unwrap()
    }

    pub(super) fn new_token(&self) -> Token {
        Token::from_secret(self.app_key, rand::random())
    }

    /// Adds a phone that nobody has used.
    pub(super) fn new_phone(&self) -> String {
        let number = self.phones.fetch_add(1, Ordering::Relaxed).to_string();
        self.control("phones", &json!({ "number": number }));
        number
    }

    /// Sends a text from a phone; the id of the message, once a server has said that it has it.
    pub(super) fn send(&self, phone: &str, text: &str) -> String {
        let sent = self.control(&format!("phones/{phone}/messages"), &json!({ "text": text }));
        let id = sent["message_id"].as_str().unwrap().to_owned();
        let mut attempts = sent["deliveries"].as_array().cloned().unwrap_or_default();
        while !attempts.iter().any(|attempt| attempt["status"] == 200) {
            let last = attempts.iter().filter_map(|attempt| attempt["seq"].as_u64()).max().unwrap_or(0);
            let timeout = TEST_TIMEOUT.as_millis();
            let query = format!("message_id={id}&after={last}&timeout_ms={timeout}");
            let told = self.look(&format!("deliveries?{query}"));
            attempts = told["deliveries"].as_array().cloned().unwrap_or_default();
            assert!(!attempts.is_empty(), "WhatsApp has given up a message");
        }
        id
    }

    /// Delivers a message again, several times at once; whether each was taken.
    pub(super) fn redeliver(&self, message_id: &str) -> bool {
        let again = json!({ "message_id": message_id, "times": TIMES, "concurrent": true });
        let told = self.control("redeliver", &again);
        let attempts = told["deliveries"].as_array().cloned().unwrap_or_default();
        attempts.len() == TIMES && attempts.iter().all(|attempt| attempt["status"] == 200)
    }

    /// How many messages a phone has got.
    pub(super) fn messages_to(&self, phone: &str) -> usize {
        let chat = self.look(&format!("phones/{phone}/messages"));
        let messages = chat["messages"].as_array().unwrap();
        messages.iter().filter(|message| message["from"] == "business").count()
    }

    /// Redeems a token at one of the servers, as somebody who has not tried before: `verified`, `pending`, or the code of
    /// an error.
    pub(super) fn redeem(&self, node: usize, token: &Token) -> String {
        let url = format!("http://{}/api/v1/tokens/verify", self.nodes[node % self.nodes.len()].address);
        let call = ureq::post(&url).config().http_status_as_error(false).build();
        let call = call.header("Authorization", format!("Bearer {}", self.secret_key));
        let body = json!({ "token": token.expose() }).to_string();
        let told = json_of(call.content_type("application/json").send(body));
        let word = told["status"].as_str().or(told["error"].as_str());
        word.expect("a response of the protocol").to_owned()
    }

    fn control(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/control/{path}", self.simulator.url);
        json_of(ureq::post(&url).content_type("application/json").send(body.to_string()))
    }

    fn look(&self, path: &str) -> Value {
        json_of(ureq::get(&format!("{}/control/{path}", self.simulator.url)).call())
    }
}

impl Simulator {
    fn start(webhooks: &str) -> Self {
        let mut command = Command::new(built("whatsapp-simulator"));
        let (pause, times) = RETRY;
        let process = command
            .env_clear()
            .envs(SHARED)
            .env("RUST_LOG", "error")
            .args(["--listen", "127.0.0.1:0", "--retry-ms", &vec![pause; times].join(",")])
            .args(["--webhook-url", &format!("{webhooks}/webhooks/whatsapp")])
            .stdout(Stdio::piped())
            .spawn();
        let mut process = process.expect("whatsapp-simulator starts; `make build-rust` builds it");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect("a ready line").to_owned();
        Self { process, url }
    }
}

/// A database server, on a disk of a known size where this machine lets anybody mount one; `None` where PostgreSQL is not
/// installed.
fn start_database() -> Option<(Cluster, Option<Disk>)> {
    // Few segments of its log are kept for later use, so that a full disk is soon in their way.
    const OPTIONS: &str = "-c listen_addresses='' -c min_wal_size=32MB";
    if !cluster::is_installed() {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let disk = Disk::at(&data);
    cluster::give(disk.as_ref().map_or(&data, Disk::place));
    let within = disk.as_ref().map(Disk::entered_by).unwrap_or_default();
    Some((Cluster::start_within(folder, within, OPTIONS), disk))
}

fn settings(url: String, notify: bool, simulator: &str) -> Vec<(&'static str, String)> {
    let mut settings: Vec<_> = SHARED.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    settings.extend([
        ("LOGGIN_DATABASE_URL", url),
        ("LOGGIN_NOTIFY", if notify { "on" } else { "off" }.to_owned()),
        ("LOGGIN_PUBLIC_URL", "https://login.example".to_owned()),
        ("LOGGIN_METRICS_LISTEN", "off".to_owned()),
        ("LOGGIN_LOG", std::env::var("LOGGIN_LOG").unwrap_or_else(|_| "off".to_owned())),
        ("WHATSAPP_GRAPH_URL", format!("{simulator}/v26.0")),
    ]);
    settings
}

/// An app whose people are written to when they have signed in.
fn create_app(url: &str) -> Value {
    let mut create = Command::new(program());
    create.env_clear().env("LOGGIN_DATABASE_URL", url).env("LOGGIN_LOG", "off");
    create.args([
        "app",
        "create",
        "--name",
        "A shop",
        "--confirm",
        "reply",
        "--messages-per-day",
        "none",
        "--json",
    ]);
    let made = create.output().unwrap();
    assert!(made.status.success(), "{made:?}");
    serde_json::from_slice(&made.stdout).unwrap()
}
