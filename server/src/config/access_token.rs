//! The token that stands for the business at WhatsApp's Graph API.

use secrecy::{ExposeSecret, SecretString};

/// The token; it is never shown.
#[derive(Clone, Debug)]
pub(crate) struct AccessToken(SecretString);

impl AccessToken {
    /// Takes a token; white space around it is cut off. `None` where it is empty or has characters that no token has.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_token = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_token.then(|| Self(text.into()))
    }

    /// What stands in the `Authorization` header.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}
