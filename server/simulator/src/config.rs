//! What a simulator is started with.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::SecretString;
use url::Url;

use crate::limits::{RETRY_DELAYS, STATUS_PAUSE};
use crate::number::Number;
use crate::phones::PhoneSpec;

/// The settings of one simulator: one business number, one webhook.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where webhooks are posted.
    pub webhook_url: Url,
    /// Signs webhooks.
    pub app_secret: SecretString,
    /// Sent with the webhook verification.
    pub verify_token: SecretString,
    /// What `Authorization: Bearer` must carry on the Graph API.
    pub access_token: SecretString,
    /// The id under which the business number sends.
    pub phone_number_id: String,
    /// The WhatsApp Business account id, `entry[].id` of every webhook.
    pub waba_id: String,
    /// The business number.
    pub number: Number,
    /// The name that a phone shows for the business.
    pub business_name: String,
    /// `Host` names that are served beside those of this machine.
    pub allowed_hosts: Vec<String>,
    /// Origins whose pages may show a phone in a frame.
    pub framed_by: Vec<String>,
    /// Pauses before the second and every later attempt of a delivery; as many attempts as pauses, plus one.
    pub retry_delays: Vec<Duration>,
    /// Pause between the statuses of one message.
    pub status_pause: Duration,
    /// The phones that exist at the start. The first opens links that name no phone.
    pub phones: Vec<PhoneSpec>,
    /// Where the time comes from.
    pub clock: Clock,
    /// Makes every identifier repeatable.
    pub seed: Option<u64>,
}

impl Config {
    /// Settings with every default, for the values that have none.
    pub fn new(
        webhook_url: Url,
        number: Number,
        phone_number_id: impl Into<String>,
        secrets: Secrets,
    ) -> Self {
        Self {
            webhook_url,
            app_secret: secrets.app_secret,
            verify_token: secrets.verify_token,
            access_token: secrets.access_token,
            phone_number_id: phone_number_id.into(),
            waba_id: DEFAULT_WABA_ID.to_owned(),
            number,
            business_name: DEFAULT_BUSINESS_NAME.to_owned(),
            allowed_hosts: Vec::new(),
            framed_by: Vec::new(),
            retry_delays: RETRY_DELAYS.to_vec(),
            status_pause: STATUS_PAUSE,
            phones: PhoneSpec::cast(),
            clock: Clock::system(),
            seed: None,
        }
    }
}

/// The account id when none is given: no real account has it.
pub const DEFAULT_WABA_ID: &str = "100000000000001";

/// The business name when none is given.
pub const DEFAULT_BUSINESS_NAME: &str = "Your business";

/// The three secrets that Meta and a server share.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Signs webhooks.
    pub app_secret: SecretString,
    /// Sent with the webhook verification.
    pub verify_token: SecretString,
    /// What `Authorization: Bearer` must carry on the Graph API.
    pub access_token: SecretString,
}

/// A source of the time of day.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self::new(SystemTime::now)
    }

    /// A clock that asks `now`.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn unix_seconds(&self) -> u64 {
        (self.0)().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clock")
    }
}
