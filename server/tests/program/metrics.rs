//! The metrics as a collector gets them from the running program.

use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

use super::{
    Running, SETTINGS,
    log::{end, piped},
    refused,
};

/// Metrics in the text format.
pub(crate) struct Collected(String);

impl Collected {
    /// Collects where the server's first line says.
    pub(crate) async fn from(server: &Running, start: &Value) -> Self {
        let response = server.client.get(format!("http://{}/metrics", address(start))).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
        Self(response.text().await.unwrap())
    }

    /// The value of one series, which is a whole number.
    pub(crate) fn value(&self, series: &str) -> u64 {
        let line = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{series} is missing")).parse().unwrap()
    }
}

/// Where the metrics are, as the line says with which the server starts.
fn address(start: &Value) -> SocketAddr {
    start["fields"]["metrics"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn metrics_are_on_a_listener_of_their_own_on_this_machine() {
    let (server, log, start) = piped(&[]);
    assert_eq!(address(&start).ip(), "127.0.0.1".parse::<IpAddr>().unwrap());
    let first = Collected::from(&server, &start).await;
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(first.value(&format!("loggin_build_info{{version=\"{version}\"}}")), 1);
    assert!(first.value("process_open_fds") < first.value("process_max_fds"));

    for path in ["/metrics", "/metrics/"] {
        let public = server.client.get(format!("{}{path}", server.url)).send().await.unwrap();
        assert_eq!(public.status(), 404, "{path}");
    }
    let other = server.client.get(format!("http://{}/healthz", address(&start))).send().await.unwrap();
    assert_eq!(other.status(), 404);
    let unsigned = server.client.post(format!("{}/webhooks/whatsapp", server.url)).body("{}");
    assert_eq!(unsigned.send().await.unwrap().status(), 401);
    server.message("no code").await;

    let second = Collected::from(&server, &start).await;
    let moved = |series: &str| second.value(series) - first.value(series);
    assert_eq!(moved("loggin_webhooks_refused_total{reason=\"signature\"}"), 1);
    assert_eq!(moved("loggin_webhooks_refused_total{reason=\"unreadable\"}"), 0);
    let count = |status: &str| {
        let labels = format!("route=\"/webhooks/whatsapp\",method=\"POST\",status=\"{status}\"");
        second.value(&format!("loggin_http_request_duration_seconds_count{{{labels}}}"))
    };
    assert_eq!((count("4xx"), count("2xx")), (1, 1));
    end(server);
    drop(log);
}

#[test]
fn metrics_can_be_switched_off() {
    let (server, log, start) = piped(&[("LOGGIN_METRICS_LISTEN", "off")]);
    assert_eq!(start["fields"]["metrics"], "off");
    end(server);
    drop(log);
}

#[test]
fn a_port_for_metrics_that_is_in_use_stops_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refused(|command| {
        command.envs(SETTINGS).env("LOGGIN_METRICS_LISTEN", address);
    });
    assert!(said.contains("LOGGIN_METRICS_LISTEN"), "{said}");
}
