//! One server of several, in a process of its own.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::wire::Wire;
use crate::environment::program;

/// Longer than `/readyz` takes, whatever the store does.
const READY: Duration = Duration::from_secs(10);

/// A server, and the way to its database.
pub(super) struct Node {
    process: Mutex<Child>,
    pub(super) address: SocketAddr,
    pub(super) wire: Wire,
    settings: Vec<(&'static str, String)>,
}

impl Node {
    /// Starts one on a free port.
    pub(super) fn start(settings: Vec<(&'static str, String)>, wire: Wire) -> Self {
        let (process, address) = launch(&settings, "127.0.0.1:0");
        Self { process: Mutex::new(process), address, wire, settings }
    }

    /// Ends it as a power cut does.
    pub(super) fn kill(&self) {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Ends it as a service manager does.
    pub(super) fn terminate(&self) {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let id = process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let status = process.wait().unwrap();
        assert!(status.success(), "{status}");
    }

    /// Starts it again where it was; it serves when this returns.
    pub(super) fn restart(&self) {
        let (process, _) = launch(&self.settings, &self.address.to_string());
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = process;
    }

    /// Whether it says that it is ready.
    pub(super) fn is_ready(&self) -> bool {
        let url = format!("http://{}/readyz", self.address);
        ureq::get(&url).config().timeout_global(Some(READY)).build().call().is_ok()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let process = self.process.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Already gone is as good.
        let _ = process.kill();
        let _ = process.wait();
    }
}

fn launch(settings: &[(&str, String)], listen: &str) -> (Child, SocketAddr) {
    let mut command = Command::new(program());
    command.arg("serve").env_clear().envs(settings.iter().map(|(name, value)| (name, value)));
    let mut process = command
        .env("LOGGIN_LISTEN", listen)
        .stdout(Stdio::piped())
        .spawn()
        .expect("loggin-server starts; `make build-rust` builds it");
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("loggin-server listening on http://").expect("a ready line");
    (process, url.parse().expect("host and port"))
}
