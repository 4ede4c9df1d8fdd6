//! The secrets of endpoints: kept sealed under `LOGGIN_WEBHOOK_SECRET`, which is not in the database.

use std::sync::Arc;

use loggin_protocol::webhook::{SECRET_BYTES, WebhookSecret};

use crate::{
    clock::{Random, UnixMillis, random_bytes},
    crypto::SealKeys,
    store::{Store, StoreError, WebhookEndpoint},
};

/// What the keys are derived for that secrets of endpoints are sealed with.
const DOMAIN: &[u8] = b"loggin webhook secret v1\n";

/// Seals secrets of endpoints, and opens them.
#[derive(Clone, Debug)]
pub(crate) struct WebhookKeys {
    keys: SealKeys,
    /// The key that is in use alone, by which it is known what is still under another.
    first: SealKeys,
}

impl WebhookKeys {
    /// Keys of these secrets, the one in use first.
    pub(crate) fn derive<'a>(secrets: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        let first = SealKeys::derive(secrets.clone().take(1), DOMAIN);
        Self { keys: SealKeys::derive(secrets, DOMAIN), first }
    }

    /// A new secret of an endpoint, and as it is kept; `None` where there is no key.
    pub(crate) fn draw(&self, random: &dyn Random, endpoint_id: &str) -> Option<(WebhookSecret, Vec<u8>)> {
        let secret = WebhookSecret::from_bytes(random_bytes::<SECRET_BYTES>(random));
        let sealed = self.seal(random, endpoint_id, &secret)?;
        Some((secret, sealed))
    }

    fn seal(&self, random: &dyn Random, endpoint_id: &str, secret: &WebhookSecret) -> Option<Vec<u8>> {
        self.first.seal(random, endpoint_id.as_bytes(), secret.expose().as_bytes())
    }

    fn open(&self, endpoint_id: &str, sealed: &[u8]) -> Option<WebhookSecret> {
        let text = String::from_utf8(self.keys.open(endpoint_id.as_bytes(), sealed)?).ok()?;
        WebhookSecret::parse(&text).ok()
    }

    /// The secrets that sign for an endpoint at this moment, the one in use first; `None` where that cannot be read.
    pub(super) fn of(&self, endpoint: &WebhookEndpoint, now: UnixMillis) -> Option<Vec<WebhookSecret>> {
        let mut secrets = vec![self.open(&endpoint.id, &endpoint.secret)?];
        let old = endpoint.old_secret.as_ref().filter(|(_, until)| now < *until);
        secrets.extend(old.and_then(|(sealed, _)| self.open(&endpoint.id, sealed)));
        Some(secrets)
    }

    /// Whether the secret in use of an endpoint can be read.
    pub(crate) fn is_readable(&self, endpoint: &WebhookEndpoint) -> bool {
        self.open(&endpoint.id, &endpoint.secret).is_some()
    }

    /// The endpoint with its secrets under the key in use; `None` where they are.
    fn resealed(&self, random: &dyn Random, endpoint: &WebhookEndpoint) -> Option<WebhookEndpoint> {
        let again = |sealed: &[u8]| {
            if self.first.open(endpoint.id.as_bytes(), sealed).is_some() {
                return None;
            }
            self.seal(random, &endpoint.id, &self.open(&endpoint.id, sealed)?)
        };
        let secret = again(&endpoint.secret)?;
        let old = endpoint.old_secret.clone();
        let old_secret = old.map(|(sealed, until)| (again(&sealed).unwrap_or(sealed), until));
        Some(WebhookEndpoint { secret, old_secret, ..endpoint.clone() })
    }

    /// Has all secrets be under the key in use, so that an older one can be taken away; how many that were.
    pub(super) async fn reseal_all(
        &self,
        store: &Arc<dyn Store>,
        random: &dyn Random,
    ) -> Result<usize, StoreError> {
        let mut resealed = 0;
        for endpoint in store.webhook_endpoints(None).await? {
            if let Some(again) = self.resealed(random, &endpoint) {
                store.reseal_webhook(&endpoint, &again).await?;
                resealed += 1;
            }
        }
        Ok(resealed)
    }
}
