//! The way to the webhook: its address, and one signed call at a time.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use url::Url;

use crate::limits::{DELIVERIES_CONCURRENT_MAX, DELIVERIES_QUEUED_MAX, WEBHOOK_TIMEOUT};
use crate::signing::{self, Signing};

/// The header that carries the signature.
const SIGNATURE_HEADER: &str = "x-hub-signature-256";

/// As whom Meta calls.
const USER_AGENT: &str = "facebookexternalua";

/// Put in front of the secret for a signature that must not match.
const WRONG_KEY_PREFIX: &str = "not ";

/// Posts to the webhook.
pub(crate) struct Courier {
    client: reqwest::Client,
    url: RwLock<Url>,
    app_secret: SecretString,
    calls: Semaphore,
    /// Places for deliveries that wait.
    pub(crate) queue: Arc<Semaphore>,
}

impl Courier {
    pub(crate) fn new(url: Url, app_secret: SecretString) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(WEBHOOK_TIMEOUT)
            .no_proxy()
            .build()?;
        Ok(Self {
            client,
            url: RwLock::new(url),
            app_secret,
            calls: Semaphore::new(DELIVERIES_CONCURRENT_MAX),
            queue: Arc::new(Semaphore::new(DELIVERIES_QUEUED_MAX)),
        })
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub(crate) fn url(&self) -> Url {
        self.url.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_url(&self, url: Url) {
        *self.url.write().unwrap_or_else(PoisonError::into_inner) = url;
    }

    /// One call; says the status, or why there is none, and how long it took.
    pub(crate) async fn post(&self, body: Bytes, signing: Signing) -> (Result<u16, &'static str>, Duration) {
        let Ok(_call) = self.calls.acquire().await else {
            return (Err("stopped"), Duration::ZERO);
        };
        let request = self.client.post(self.url()).header("content-type", "application/json");
        let request = match signing {
            Signing::Valid => request.header(SIGNATURE_HEADER, signing::signature(&self.app_secret, &body)),
            Signing::Wrong => {
                let key =
                    SecretString::from(format!("{WRONG_KEY_PREFIX}{}", self.app_secret.expose_secret()));
                request.header(SIGNATURE_HEADER, signing::signature(&key, &body))
            }
            Signing::Missing => request,
        };
        let began = Instant::now();
        let response = request.body(body).send().await;
        let status = response.map(|response| response.status().as_u16()).map_err(|error| {
            if error.is_timeout() {
                "timeout"
            } else if error.is_connect() {
                "connection_refused"
            } else {
                "connection_lost"
            }
        });
        (status, began.elapsed())
    }
}
