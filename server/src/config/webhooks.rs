//! How webhooks to apps are signed, where they may go, and how long they are kept.

use std::{ops::RangeInclusive, time::Duration};

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};

use super::{ConfigError, Settings, list, proxies::network, wrong};

/// Under what the secrets of endpoints are kept.
pub(super) const SECRET: &str = "LOGGIN_WEBHOOK_SECRET";

/// Characters of such a secret: 128 bits in hexadecimal.
const SECRET_CHARS: usize = 32;

/// Days that deliveries may be kept which have ended. One at least: what is told again within it is told once.
const KEPT_DAYS: RangeInclusive<u32> = 1..=30;

/// How many that are, unless something else is said: as long as an event is tried to be delivered.
const DEFAULT_KEPT_DAYS: u32 = 3;

/// How webhooks are sent and kept.
#[derive(Clone, Debug)]
pub(crate) struct WebhookConfig {
    /// The secret in use first, then those being replaced; without one no webhook is sent.
    pub(crate) secrets: Vec<SecretString>,
    /// Networks that are not public, and may have endpoints all the same.
    pub(crate) networks: Vec<IpNet>,
    /// How long deliveries are kept that have ended.
    pub(crate) kept: Duration,
}

impl Settings {
    /// What is said of webhooks, with the secrets that stand in files; the rest of the settings is not looked at.
    pub(crate) fn webhooks(&self) -> Result<WebhookConfig, ConfigError> {
        self.with_secret(SECRET)?.webhooks_of_texts()
    }

    pub(super) fn webhooks_of_texts(&self) -> Result<WebhookConfig, ConfigError> {
        let secrets: Vec<SecretString> = self
            .optional(SECRET)
            .map(|value| list(value).map(SecretString::from).collect())
            .unwrap_or_default();
        if secrets.iter().any(|secret| secret.expose_secret().len() < SECRET_CHARS) {
            return Err(wrong(SECRET, "must have at least 32 characters: `openssl rand -hex 32` makes one"));
        }
        Ok(WebhookConfig { secrets, networks: self.webhook_networks()?, kept: self.webhooks_kept()? })
    }

    fn webhook_networks(&self) -> Result<Vec<IpNet>, ConfigError> {
        const NAME: &str = "LOGGIN_WEBHOOK_NETWORKS";
        let networks = self.optional(NAME).map(|value| list(value).map(network).collect::<Option<_>>());
        networks.unwrap_or_else(|| Some(Vec::new())).ok_or_else(|| {
            wrong(NAME, "must be addresses or networks such as 10.0.0.0/8, with commas between")
        })
    }

    fn webhooks_kept(&self) -> Result<Duration, ConfigError> {
        const NAME: &str = "LOGGIN_WEBHOOK_KEPT_DAYS";
        let days = match self.optional(NAME) {
            None => Some(DEFAULT_KEPT_DAYS),
            Some(value) => value.parse().ok().filter(|days| KEPT_DAYS.contains(days)),
        };
        let days = days.ok_or_else(|| wrong(NAME, "must be a number of days, from 1 to 30"))?;
        Ok(Duration::from_secs(u64::from(days) * 24 * 60 * 60))
    }

    /// What is wrong where an endpoint is to be added and there is nothing to keep its secret under.
    pub(crate) fn webhook_secret_missing() -> ConfigError {
        wrong(
            SECRET,
            "is not set, and the secrets of webhooks are kept under it: `openssl rand -hex 32` makes one",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<WebhookConfig, String> {
        let environment = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let read = Settings::read(None, environment).and_then(|settings| settings.webhooks());
        read.map_err(|error| error.setting().to_owned())
    }

    #[test]
    fn webhooks_are_off_unless_there_is_a_secret() {
        let config = read(&[]).unwrap();
        assert!(config.secrets.is_empty() && config.networks.is_empty());
        assert_eq!(config.kept, Duration::from_secs(3 * 24 * 60 * 60));
        let (one, two) = ("0".repeat(32), "1".repeat(32));
        let config = read(&[
            (SECRET, &format!("{one}, {two}")),
            ("LOGGIN_WEBHOOK_NETWORKS", "10.0.0.0/8,127.0.0.1"),
            ("LOGGIN_WEBHOOK_KEPT_DAYS", "1"),
        ])
        .unwrap();
        let secrets: Vec<&str> = config.secrets.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!((secrets, config.networks.len()), (vec![&*one, &*two], 2));
        assert!(!format!("{config:?}").contains(&one));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (name, value) in [
            (SECRET, "short"),
            ("LOGGIN_WEBHOOK_NETWORKS", "somewhere"),
            ("LOGGIN_WEBHOOK_KEPT_DAYS", "0"),
            ("LOGGIN_WEBHOOK_KEPT_DAYS", "31"),
        ] {
            assert_eq!(read(&[(name, value)]).unwrap_err(), name, "{value}");
        }
    }
}
