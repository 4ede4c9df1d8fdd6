//! How clients are named, and how they prove which they are.

use loggin_protocol::AppKey;
use subtle::ConstantTimeEq;

use super::secrets::{Kind, draw};
use crate::{
    clock::{Random, UnixMillis},
    store::OpenIdClient,
};

/// What a client's secret begins with, by which people and scanners know it.
const SECRET: &str = "lgcs_";

/// Symbols that tell a client from others of its app.
const ID_SYMBOLS: usize = 8;

/// An id for a new client of this app.
pub(crate) fn new_client_id(random: &dyn Random, app_key: AppKey) -> String {
    format!("{app_key}-{}", &draw(random)[..ID_SYMBOLS])
}

/// A new secret.
pub(crate) fn draw_secret(random: &dyn Random) -> String {
    format!("{SECRET}{}", draw(random))
}

/// The hash by which the store knows a client's secret.
pub(crate) fn secret_hash(secret: &str) -> [u8; 32] {
    Kind::ClientSecret.hash(secret)
}

impl OpenIdClient {
    /// Whether this is its secret, or the one before while that is taken.
    pub(crate) fn has_secret(&self, secret: &str, now: UnixMillis) -> bool {
        let shown = secret_hash(secret);
        let is_shown = |known: &[u8; 32]| bool::from(known.ct_eq(&shown));
        let old = self.old_secret.filter(|(_, until)| now < *until).map(|(hash, _)| hash);
        self.secret.as_ref().is_some_and(is_shown) || old.as_ref().is_some_and(is_shown)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        openid::tests::client,
        tests::{APP, CountingRandom, START},
    };

    #[test]
    fn a_secret_that_was_replaced_is_taken_for_a_while() {
        let random = CountingRandom::default();
        let (old, new) = (draw_secret(&random), draw_secret(&random));
        let until = START + Duration::from_secs(60);
        let rotated = OpenIdClient {
            secret: Some(secret_hash(&new)),
            old_secret: Some((secret_hash(&old), until)),
            ..client()
        };
        assert!(rotated.has_secret(&new, START) && rotated.has_secret(&old, START));
        assert!(rotated.has_secret(&new, until) && !rotated.has_secret(&old, until));
        assert!(!rotated.has_secret("", START) && !rotated.has_secret(&new.to_lowercase(), START));
        let public = OpenIdClient { secret: None, old_secret: None, ..rotated };
        assert!(!public.has_secret(&new, START));
    }

    #[test]
    fn a_client_is_named_after_its_app() {
        let id = new_client_id(&CountingRandom::default(), AppKey::parse(APP).unwrap());
        assert!(id.starts_with("8XKPQ2WN-") && id.len() == 17, "{id}");
    }
}
