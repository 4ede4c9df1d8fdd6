//! One delivery to an endpoint: a signed POST that is made once, follows nothing, and ends in time.

use std::{sync::Arc, time::Duration};

use ipnet::IpNet;
use loggin_protocol::webhook::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, WebhookSecret};
use reqwest::{
    Client, ClientBuilder, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect::Policy,
};
use url::Url;

use super::addresses::{Addresses, is_refused};
use crate::{clock::UnixMillis, limits, store::WebhookDelivery};

/// Time for a connection with TLS, which is part of the whole.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an idle connection is kept, and how many of one host.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// See [`IDLE_TIMEOUT`].
const IDLE_PER_HOST: usize = limits::WEBHOOKS_PER_ENDPOINT as usize;

/// The longest pause that a `Retry-After` header is believed to ask for.
const RETRY_AFTER_MAX: u64 = limits::WEBHOOK_PAUSE_MAX.as_secs();

/// Why an endpoint did not take a delivery, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Its URL, or what its name leads to, is none that webhooks go to.
    Address,
    /// The connection ended, or what was answered is no HTTP.
    Broken,
    /// There is no such name, no connection came about, or its certificate is not good.
    Connect,
    /// What it was signed with cannot be read with the keys of this server.
    Secret,
    /// It answered with another status than 2xx.
    Status,
    /// It did not answer in time.
    Timeout,
}

impl Failure {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Broken => "broken",
            Self::Connect => "connect",
            Self::Secret => "secret",
            Self::Status => "status",
            Self::Timeout => "timeout",
        }
    }
}

/// What an endpoint answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Responded {
    pub(super) status: Option<u16>,
    /// Why it did not take the delivery; none where it did.
    pub(super) failure: Option<Failure>,
    /// How long it asks to be left alone.
    pub(super) after: Option<Duration>,
}

impl From<Failure> for Responded {
    fn from(failure: Failure) -> Self {
        Self { status: None, failure: Some(failure), after: None }
    }
}

impl Responded {
    /// Whether the endpoint says that it is gone for good.
    pub(super) fn is_gone(&self) -> bool {
        self.status == Some(StatusCode::GONE.as_u16())
    }
}

/// Calls endpoints.
#[derive(Clone, Debug)]
pub(crate) struct WebhookCaller {
    encrypted: (Client, Addresses),
    /// For networks that the operator allows alone.
    plain: (Client, Addresses),
}

impl WebhookCaller {
    /// Makes a caller that calls public addresses, and those of these networks.
    ///
    /// # Errors
    /// Where TLS has no certificates to start from.
    pub(crate) fn new(allowed: &[IpNet]) -> Result<Self, reqwest::Error> {
        // The first caller in the process sets the provider; that it is there already is no failure.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let make = |builder: ClientBuilder, addresses: Addresses| {
            let client = builder.dns_resolver(Arc::new(addresses.clone())).build()?;
            Ok::<_, reqwest::Error>((client, addresses))
        };
        Ok(Self {
            encrypted: make(builder().https_only(true), Addresses::public_and(allowed))?,
            plain: make(builder().tls_certs_only([]), Addresses::only(allowed))?,
        })
    }

    /// A caller that calls nobody, and needs no certificates of the system.
    ///
    /// # Errors
    /// None are known.
    pub(crate) fn idle() -> Result<Self, reqwest::Error> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let nobody = (builder().tls_certs_only([]).build()?, Addresses::only(&[]));
        Ok(Self { encrypted: nobody.clone(), plain: nobody })
    }

    /// Makes a delivery now.
    pub(super) async fn call(
        &self,
        url: &str,
        delivery: &WebhookDelivery,
        secrets: &[WebhookSecret],
        now: UnixMillis,
    ) -> Responded {
        let called = tokio::time::timeout(limits::WEBHOOK_TIMEOUT, self.post(url, delivery, secrets, now));
        called.await.unwrap_or(Failure::Timeout.into())
    }

    async fn post(
        &self,
        url: &str,
        delivery: &WebhookDelivery,
        secrets: &[WebhookSecret],
        now: UnixMillis,
    ) -> Responded {
        let Ok(url) = Url::parse(url) else { return Failure::Address.into() };
        let (client, addresses) = if url.scheme() == "http" { &self.plain } else { &self.encrypted };
        if addresses.check_literal(&url).is_err() {
            return Failure::Address.into();
        }
        let seconds = u64::try_from(now.0 / 1_000).unwrap_or_default();
        let payload = delivery.payload.as_bytes();
        let signatures: Vec<String> =
            secrets.iter().map(|secret| secret.sign(&delivery.event_id, seconds, payload)).collect();
        let request = client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(ID_HEADER, &delivery.event_id)
            .header(TIMESTAMP_HEADER, seconds)
            .header(SIGNATURE_HEADER, signatures.join(" "))
            .body(delivery.payload.clone());
        match request.send().await {
            Ok(response) => read(response).await,
            Err(error) => without_response(&error).into(),
        }
    }
}

fn builder() -> ClientBuilder {
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(limits::WEBHOOK_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        // A proxy would look names up by itself.
        .no_proxy()
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
}

/// What a response says. Its body means nothing, and is kept nowhere.
async fn read(mut response: Response) -> Responded {
    let status = response.status();
    let after =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let after = after.map(|seconds: u64| Duration::from_secs(seconds.min(RETRY_AFTER_MAX)));
    let mut left = limits::WEBHOOK_RESPONSE;
    while let Ok(Some(chunk)) = response.chunk().await {
        let Some(rest) = left.checked_sub(chunk.len()) else { break };
        left = rest;
    }
    let failure = (!status.is_success()).then_some(Failure::Status);
    Responded { status: Some(status.as_u16()), failure, after: after.filter(|_| failure.is_some()) }
}

fn without_response(error: &reqwest::Error) -> Failure {
    if is_refused(error) || error.is_builder() {
        // The latter where the URL is of another scheme.
        return Failure::Address;
    }
    if error.is_timeout() {
        Failure::Timeout
    } else if error.is_connect() {
        Failure::Connect
    } else {
        Failure::Broken
    }
}
