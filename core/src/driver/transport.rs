//! HTTP, and the only module that names the library behind it.

mod failure;
mod resolver;
mod socket;
mod tcp;
mod tls;

use std::{
    fmt,
    io::{self, Read},
    sync::Arc,
    time::{Duration, SystemTime},
};

use rustls::ClientConfig;
use ureq::{
    Agent,
    config::{AutoHeaderValue, Config, ConfigBuilder},
    typestate::AgentScope,
    unversioned::transport::{ConnectProxyConnector, Connector, SocksConnector},
};
use url::Url;

use failure::{cause_of, cause_of_io};
use resolver::SystemResolver;
use tcp::RacingConnector;
use tls::TlsConnector;
pub(crate) use tls::{TlsOptions, Trust};

use super::Proxy;
use loggin_protocol::{
    AppKey, Cause, Confirm, Credential, Error, ErrorCode, PhoneNeed,
    wire::{ErrorBody, IDEMPOTENCY_KEY, REQUEST_ID},
};

/// Longest time to find and reach the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time for a call with all its tries, unless it says otherwise.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time for a stream's request to be sent, 10,000 tokens included.
const STREAM_SEND_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest time until a stream's response begins; the server looks each token up before.
const STREAM_RESPONSE_TIMEOUT: Duration = Duration::from_secs(20);
/// A stream this silent is lost: the server sends a comment every 15 s.
pub(crate) const STREAM_SILENCE: Duration = Duration::from_secs(45);
/// Room for what comes in: events are small, and ten streams are open.
const INPUT_BUFFER: usize = 8 << 10;
/// Room for what goes out.
const OUTPUT_BUFFER: usize = 16 << 10;
/// Longest response of a call: no response of the protocol comes near it.
pub(crate) const MAX_RESPONSE: u64 = 64 << 10;

/// How a client is set up; the same in every forked child.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) base_url: Url,
    pub(crate) secret_key: Option<Credential>,
    /// The app whose tokens it asks about, where it is known; the server refuses those of others.
    pub(crate) app_key: Option<AppKey>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) trust: Option<Arc<Trust>>,
    /// Whether its streams claim what they are told of, or only observe.
    pub(crate) is_redeemer: bool,
    /// The least confirmation that it accepts of the logins that it asks about.
    pub(crate) least: Confirm,
    /// Whether it needs the phone of whoever signs in.
    pub(crate) need: PhoneNeed,
    /// The page where its logins began, to which the message in WhatsApp leads back.
    pub(crate) return_to: Option<Arc<str>>,
    pub(crate) user_agent: String,
    pub(crate) max_retries: u32,
    /// How long a call takes at most that does not say otherwise.
    pub(crate) call_timeout: Duration,
    /// Given by the caller; otherwise each process makes its own.
    pub(crate) idempotency_key: Option<String>,
    /// How long a stream may be silent: [`STREAM_SILENCE`], less in tests.
    pub(crate) stream_silence: Duration,
}

/// A JSON request; all of ours are POSTs.
pub(crate) struct Request<'a> {
    pub(crate) path: &'a str,
    pub(crate) accept: &'a str,
    pub(crate) idempotency_key: &'a str,
    pub(crate) body: &'a [u8],
    /// The time for all of it, where it has one of its own.
    pub(crate) timeout: Option<Duration>,
}

/// A response of any status.
pub(crate) struct Response {
    pub(crate) status: u16,
    content_type: String,
    retry_after: Option<Duration>,
    request_id: Option<String>,
    /// The host that a redirect points to.
    location: Option<String>,
    body: Box<dyn Read + Send>,
}

/// The server was not reached, or did not answer.
#[derive(Debug)]
pub(crate) struct Unreached(pub(crate) Cause);

/// A client's way to its server. A stream has one of its own, so that it can be hung up on.
#[derive(Clone)]
pub(crate) struct Http(Agent);

/// What all connections of a client have in common: what worked, and the TLS sessions, which later ones resume.
#[derive(Clone)]
pub(crate) struct Network {
    tcp: RacingConnector,
    tls: Option<Arc<ClientConfig>>,
}

impl Network {
    pub(crate) fn new(settings: &Settings) -> Result<Self, Error> {
        let tls = settings.trust.as_ref().map(|trust| trust.config()).transpose()?;
        Ok(Self { tcp: RacingConnector::default(), tls })
    }

    fn agent(&self, config: Config) -> Agent {
        let connector =
            ().chain(SocksConnector::default())
                .chain(ConnectProxyConnector::default())
                .chain(self.tcp.clone())
                .chain(TlsConnector(self.tls.clone()));
        Agent::with_parts(config, connector, SystemResolver)
    }
}

/// How a client opens its streams: made with the client, and not again for each stream.
pub(crate) struct StreamConfig(Config, Network);

/// The same for its calls, each of which has a time of its own.
pub(crate) struct CallConfig(Config, Network);

impl CallConfig {
    pub(crate) fn new(settings: &Settings, network: Network) -> Result<Self, Error> {
        Ok(Self(configure(settings)?.build(), network))
    }
}

impl StreamConfig {
    /// What its connections have in common with those of other configurations.
    pub(crate) fn network(&self) -> Network {
        self.1.clone()
    }

    pub(crate) fn new(settings: &Settings, network: Network) -> Result<Self, Error> {
        let config = configure(settings)?
            .timeout_send_body(Some(STREAM_SEND_TIMEOUT))
            .timeout_recv_response(Some(STREAM_RESPONSE_TIMEOUT))
            .timeout_per_read(Some(settings.stream_silence));
        Ok(Self(config.build(), network))
    }
}

impl Http {
    /// For calls, one after the other.
    pub(crate) fn for_calls(config: &CallConfig) -> Self {
        Self(config.1.agent(config.0.clone()))
    }

    /// For a single stream.
    pub(crate) fn for_stream(config: &StreamConfig) -> Self {
        Self(config.1.agent(config.0.clone()))
    }

    /// Sends a request and returns as soon as the response's head is there.
    pub(crate) fn send(&self, settings: &Settings, request: &Request<'_>) -> Result<Response, Unreached> {
        #[cfg(test)]
        super::tests::panics::strike(&settings.base_url);
        let url = settings.base_url.join(request.path).map_err(|_| Unreached(Cause::Other))?;
        let mut builder = self
            .0
            .post(url.as_str())
            .header("Content-Type", "application/json")
            .header("Accept", request.accept)
            .header(IDEMPOTENCY_KEY, request.idempotency_key);
        if let Some(key) = &settings.secret_key {
            builder = builder.header("Authorization", format!("Bearer {}", key.expose()));
        }
        if let Some(timeout) = request.timeout {
            let no_less = builder.config().timeout_recv_response(None).timeout_send_body(None);
            builder = no_less.timeout_global(Some(timeout)).build();
        }
        let response = builder
            .send(request.body)
            .map_err(|error| Unreached(cause_of(&error, settings.proxy.is_some())))?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        Ok(Response {
            status: response.status().as_u16(),
            content_type: header("Content-Type").unwrap_or_default().to_ascii_lowercase(),
            retry_after: header("Retry-After").and_then(retry_after),
            request_id: header(REQUEST_ID).map(str::to_owned),
            location: header("Location").and_then(host_of),
            body: Box::new(response.into_body().into_reader()),
        })
    }

    /// Ends every connection at once, also one that a thread reads from; nothing can be sent after.
    pub(crate) fn hang_up(self) {
        self.0.shutdown();
    }
}

impl Response {
    pub(crate) fn is_event_stream(&self) -> bool {
        self.status == 200 && self.content_type.starts_with("text/event-stream")
    }

    /// How long the server asked to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The body as it arrives.
    pub(crate) fn into_stream(self) -> impl Read {
        self.body
    }

    /// The whole body, where it is JSON and of a size that the protocol knows.
    pub(crate) fn read_json(&mut self, longest: u64) -> Result<Vec<u8>, Error> {
        if !self.content_type.starts_with("application/json") {
            return Err(self.foreign());
        }
        let mut body = Vec::new();
        self.body.by_ref().take(longest + 1).read_to_end(&mut body).map_err(|error| lost_response(&error))?;
        if body.len() as u64 > longest {
            return Err(invalid_response(self.status));
        }
        Ok(body)
    }

    /// The error of a response that is somebody else's, such as a gateway's or a hotel's page.
    fn foreign(&self) -> Error {
        let (cause, message) = match (self.status, &self.location) {
            (300..=399, Some(host)) => (
                Cause::Redirect,
                format!("The server's response is a redirect to {host}, which is not followed."),
            ),
            (300..=399, None) => {
                (Cause::Redirect, "The server's response is a redirect, which is not followed.".to_owned())
            }
            (200..=299, _) => return invalid_response(self.status),
            (status, _) => {
                (Cause::Http(status), format!("The response, of status {status}, is none of this protocol."))
            }
        };
        Error::new(ErrorCode::InvalidResponse, message).with_status(self.status).with_cause(Some(cause))
    }

    /// The error that the response tells.
    ///
    /// # Errors
    /// `connection` where the response broke off, `invalid_response` where its body is no error of the protocol.
    pub(crate) fn read_error(&mut self) -> Result<Error, Error> {
        let body = self.read_json(MAX_RESPONSE)?;
        let mut body: ErrorBody = serde_json::from_slice(&body).map_err(|_| self.foreign())?;
        body.request_id = body.request_id.or_else(|| self.request_id.take());
        let error = body.into_error(self.status);
        if error.code() == ErrorCode::InvalidResponse {
            return Err(self.foreign());
        }
        let hint = error.retry_after().or(self.retry_after);
        Ok(error.with_retry_after(hint))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Settings").field("base_url", &self.base_url.as_str()).finish_non_exhaustive()
    }
}

/// A response that is none of this protocol.
pub(crate) fn invalid_response(status: u16) -> Error {
    Error::new(ErrorCode::InvalidResponse, "The server's response is none of this protocol.")
        .with_status(status)
        .with_cause(Some(Cause::Protocol))
}

fn lost_response(error: &io::Error) -> Error {
    Error::new(
        ErrorCode::Connection,
        format!("The connection was lost while the response was read: {}.", error.kind()),
    )
    .with_cause(Some(cause_of_io(error)))
}

/// The error of a call whose server was not reached.
pub(crate) fn unreached(cause: Cause) -> Error {
    Error::new(ErrorCode::Connection, format!("The server was not reached: {cause}.")).with_cause(Some(cause))
}

/// What a stream's body ended of.
pub(crate) fn cause_of_end(error: &io::Error) -> Cause {
    cause_of_io(error)
}

/// The host of an absolute URL, which is all of it that is shown: the rest may hold what is secret.
fn host_of(location: &str) -> Option<String> {
    Url::parse(location).ok()?.host_str().map(str::to_owned)
}

/// What streams and calls have in common. No redirect is followed: it would carry a key or a token elsewhere.
fn configure(settings: &Settings) -> Result<ConfigBuilder<AgentScope>, Error> {
    Ok(Agent::config_builder()
        .proxy(proxy(settings)?)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_resolve(Some(CONNECT_TIMEOUT))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .input_buffer_size(INPUT_BUFFER)
        .output_buffer_size(OUTPUT_BUFFER)
        .accept_encoding("identity")
        .user_agent(AutoHeaderValue::Provided(settings.user_agent.clone().into())))
}

/// The proxy in the library's own type, which has read the same URL once more.
fn proxy(settings: &Settings) -> Result<Option<ureq::Proxy>, Error> {
    let proxy = settings.proxy.as_ref().map(|proxy| ureq::Proxy::new(proxy.expose()));
    proxy.transpose().map_err(|_| {
        Error::new(ErrorCode::InvalidConfig, "The name or the password in the proxy's URL is malformed.")
    })
}

/// `Retry-After`: seconds, or a date.
fn retry_after(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after(" 30 "), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert!(retry_after("Fri, 31 Dec 2100 23:59:59 GMT").unwrap() > Duration::from_secs(60));
        assert_eq!(retry_after("soon"), None);
        assert_eq!(retry_after("-1"), None);
    }
}
