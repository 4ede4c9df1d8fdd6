//! A server with its simulator, in processes of their own, and the people who sign in.

use std::{
    env,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
};

use loggin::{AppKey, Code, Loggin, Token};
use serde_json::{Value, json};

use crate::TEST_TIMEOUT;

/// The app that `loggin-server dev` has ready.
pub const DEMO_APP: &str = "8XKPQ2WN";

/// The phone that signs in.
pub const PHONE: &str = "919876543210";

/// The first of the phones that are added one after the other.
const FIRST_PHONE: u64 = 917_000_000_000;

/// Messages with codes that the server takes from one sender in a minute.
pub(crate) const MESSAGES_PER_PHONE: usize = 30;

/// Messages of one webhook call: a debug build is done with their codes in a few seconds.
const MESSAGES_PER_CALL: usize = 250;

/// How a server is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// As a service manager does: SIGTERM.
    Terminate,
    /// As a power cut does: SIGKILL.
    Kill,
}

/// A server with its simulator; both end when this is dropped.
pub struct Environment {
    server: Child,
    /// The server's base URL.
    pub url: String,
    simulator: String,
    phones: AtomicU64,
}

impl Environment {
    /// The secret key of the demo app.
    pub const SECRET_KEY: &'static str = "lgsk_8XKPQ2WN_DEM0DEM0DEM0DEM0DEM0DEM0DEM0DEM0";

    /// Starts both; the programs must have been built.
    pub fn start() -> Self {
        Self::launch("127.0.0.1:0", None)
    }

    /// Starts both with a folder that outlives them.
    pub fn start_in(data: &Path) -> Self {
        Self::launch("127.0.0.1:0", Some(data))
    }

    /// Changes the demo app of a server that was started in this folder, which knows of it a second later.
    pub fn update_app(&self, data: &Path, policy: &[&str]) {
        let database = format!("sqlite:{}", data.join("loggin.db").display());
        let mut update = Command::new(program());
        update.env("LOGGIN_DATABASE_URL", database).args(["app", "update", DEMO_APP, "--json"]).args(policy);
        let updated = update.output().unwrap();
        assert!(updated.status.success(), "{updated:?}");
    }

    /// Ends the server, and returns what starts it again in the same folder and on the same port.
    pub fn stop(mut self, how: Stop) -> impl FnOnce(&Path) -> Self {
        let address = self.address();
        match how {
            Stop::Kill => self.server.kill().unwrap(),
            Stop::Terminate => {
                let id = self.server.id().to_string();
                assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
            }
        }
        let status = self.server.wait().unwrap();
        assert_eq!(status.success(), how == Stop::Terminate, "{status}");
        move |data| Self::launch(&address.to_string(), Some(data))
    }

    fn launch(listen: &str, data: Option<&Path>) -> Self {
        let mut server = Command::new(program());
        server.args(["dev", "--listen", listen, "--simulator-listen", "127.0.0.1:0"]);
        if let Some(data) = data {
            server.arg("--data").arg(data);
        }
        for level in ["LOGGIN_LOG", "RUST_LOG"] {
            if env::var_os(level).is_none() {
                server.env(level, "warn");
            }
        }
        let mut server =
            server.stdout(Stdio::piped()).spawn().expect("loggin-server starts; `make build-rust` builds it");
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let mut url_after = |prefix: &str| {
            let line = lines.by_ref().map(Result::unwrap).find(|line| line.starts_with(prefix));
            let line = line.expect("the server says where it listens");
            line[prefix.len()..].trim().to_owned()
        };
        let url = url_after("loggin-server listening on ");
        let simulator = url_after("phone simulator on ");
        let environment = Self { server, url, simulator, phones: AtomicU64::new(FIRST_PHONE) };
        environment.control("phones", &json!({ "number": PHONE, "name": "Asha" }));
        environment
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.url.strip_prefix("http://").and_then(|address| address.parse().ok()).expect("host and port")
    }

    /// A client of the server.
    pub fn client(&self) -> Loggin {
        client_of(&self.url)
    }

    /// Opens a login link on the phone and taps Send; the message text that was sent.
    pub fn tap(&self, link: &str) -> String {
        let opened = self.control("open-link", &json!({ "link": link }));
        let text = opened["text"].as_str().expect("the link has a text").to_owned();
        self.send(&text);
        text
    }

    /// Sends a text from the phone.
    pub fn send(&self, text: &str) {
        self.send_from(PHONE, text);
    }

    /// Sends a text from a phone. Once this returns, the server has made durable what it means.
    pub fn send_from(&self, phone: &str, text: &str) {
        let sent = self.control(&format!("phones/{phone}/messages"), &json!({ "text": text }));
        assert_eq!(sent["status"], 200, "the webhook is taken");
    }

    /// Adds a phone that nobody has used.
    pub fn new_phone(&self) -> String {
        let number = self.phones.fetch_add(1, Ordering::Relaxed).to_string();
        self.control("phones", &json!({ "number": number }));
        number
    }

    /// Signs in to all these logins, from as many phones as it takes. Once this returns, all are verified.
    pub fn sign_in(&self, codes: &[Code]) {
        let mut messages = Vec::new();
        for codes in codes.chunks(MESSAGES_PER_PHONE) {
            let phone = self.new_phone();
            let texts = codes.iter().map(Code::expose);
            messages.extend(texts.map(|text| json!({ "phone": phone.as_str(), "text": text })));
        }
        for messages in messages.chunks(MESSAGES_PER_CALL) {
            let sent = self.control("batch", &json!({ "messages": messages }));
            assert_eq!(sent["status"], 200, "the webhook is taken");
        }
    }

    /// The messages on a phone; waits for the first.
    pub fn messages_on(&self, phone: &str) -> Vec<Value> {
        self.messages_after(phone, 0)
    }

    /// The messages on a phone that came after this one; waits for the first.
    pub fn messages_after(&self, phone: &str, seq: u64) -> Vec<Value> {
        let timeout = TEST_TIMEOUT.as_millis();
        let query = format!("after={seq}&timeout_ms={timeout}");
        let url = format!("{}/control/phones/{phone}/messages?{query}", self.simulator);
        let mut chat = json_of(ureq::get(&url).call());
        chat["messages"].take().as_array().cloned().unwrap_or_default()
    }

    /// The one-time code that a phone shows last; waits for one.
    pub fn code_on(&self, phone: &str) -> String {
        let messages = self.messages_on(phone);
        let code = messages.last().and_then(|message| message["code"].as_str());
        code.expect("the phone shows a code").to_owned()
    }

    /// Tells the simulator something, and gives its response.
    pub fn control(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/control/{path}", self.simulator);
        json_of(ureq::post(&url).content_type("application/json").send(body.to_string()))
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

pub(crate) fn json_of(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Value {
    let text = response.expect("the simulator responds").into_body().read_to_string().unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A client whose waits end with the test.
pub(crate) fn client_of(url: &str) -> Loggin {
    Loggin::builder().base_url(url).timeout(TEST_TIMEOUT).build().unwrap()
}

/// Tokens of the demo app, without their links: checking the texts of thousands takes a debug build seconds.
pub fn new_tokens(count: usize) -> Vec<Token> {
    let app_key = AppKey::parse(DEMO_APP).unwrap();
    (0..count).map(|_| Token::from_secret(app_key, rand::random())).collect()
}

/// The server's program: named by the environment, or beside this one.
pub(crate) fn program() -> PathBuf {
    env::var_os("LOGGIN_SERVER_BIN").map_or_else(|| built("loggin-server"), PathBuf::from)
}

/// A program of the workspace, which is built beside this one.
pub(crate) fn built(name: &str) -> PathBuf {
    let mut path = env::current_exe().unwrap();
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.join(name)
}
