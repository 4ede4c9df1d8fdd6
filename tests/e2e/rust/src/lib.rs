//! Starts the real server with its simulator on free ports, and acts as the person with the phone.
#![allow(clippy::missing_panics_doc, clippy::unwrap_used, clippy::expect_used)] // a test's tool: what fails here fails the test

use std::{
    env,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

/// The phone that signs in.
pub const PHONE: &str = "919876543210";

/// A server with its simulator; both end when this is dropped.
pub struct World {
    server: Child,
    /// The server's base URL.
    pub url: String,
    simulator: String,
}

impl World {
    /// Starts both; the programs must have been built.
    pub fn start() -> Self {
        let mut server = Command::new(program())
            .args(["dev", "--listen", "127.0.0.1:0", "--simulator-listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("loggin-server starts; `make build-rust` builds it");
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let mut url_after = |prefix: &str| {
            let line = lines.by_ref().map(Result::unwrap).find(|line| line.starts_with(prefix));
            let line = line.expect("the server says where it listens");
            line[prefix.len()..].trim().to_owned()
        };
        let url = url_after("loggin-server listening on ");
        let simulator = url_after("phone simulator on ");
        let world = Self { server, url, simulator };
        world.control("phones", &json!({ "number": PHONE, "name": "Asha" }));
        world
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
        self.control(&format!("phones/{PHONE}/messages"), &json!({ "text": text }));
    }

    fn control(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/control/{path}", self.simulator);
        let answer = ureq::post(&url).content_type("application/json").send(body.to_string());
        let text = answer.expect("the simulator answers").into_body().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The server's program: named by the environment, or beside this test.
fn program() -> PathBuf {
    if let Some(path) = env::var_os("LOGGIN_SERVER_BIN") {
        return path.into();
    }
    let mut path = env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.join("loggin-server")
}
