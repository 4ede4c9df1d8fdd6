//! Gateways, by which other authentication servers have their codes sent, and the calls for them that every store offers.
//!
//! Administrators change them: see [`super::Act`].

use async_trait::async_trait;
use loggin_protocol::AppKey;

use super::StoreError;
use crate::clock::UnixMillis;

/// What calls a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum GatewayKind {
    /// authentik's SMS stage with a provider of the kind Generic.
    Authentik,
    /// A server of the operator's own, in the shape that docs/gateway.md describes.
    Generic,
    /// An SMS authenticator of Keycloak that calls an API over HTTP.
    Keycloak,
    /// Ory Kratos' courier, with a channel over HTTP.
    Kratos,
    /// Supabase Auth's hook that sends SMS.
    Supabase,
    /// ZITADEL's SMS provider of the kind HTTP.
    Zitadel,
}

impl GatewayKind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Authentik, Self::Generic, Self::Keycloak, Self::Kratos, Self::Supabase, Self::Zitadel];

    /// Its word in paths, tables and on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Authentik => "authentik",
            Self::Generic => "generic",
            Self::Keycloak => "keycloak",
            Self::Kratos => "kratos",
            Self::Supabase => "supabase",
            Self::Zitadel => "zitadel",
        }
    }

    /// The kind with this word.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One gateway: an app's codes come from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gateway {
    pub(crate) id: String,
    pub(crate) app_key: AppKey,
    pub(crate) kind: GatewayKind,
    /// By which its caller is known, sealed; none where it has none yet, so that nobody is.
    pub(crate) secret: Option<Vec<u8>>,
    /// By which its caller is known too, until then; sealed.
    pub(crate) old_secret: Option<(Vec<u8>, UnixMillis)>,
    pub(crate) created_at: UnixMillis,
}

/// Where gateways are kept.
#[async_trait]
pub(crate) trait GatewayStore {
    /// The gateways of an app, or of all, oldest first.
    async fn gateways(&self, app_key: Option<AppKey>) -> Result<Vec<Gateway>, StoreError>;
    /// A gateway.
    async fn gateway(&self, id: &str) -> Result<Option<Gateway>, StoreError>;
    /// Keeps the secrets of a gateway under another seal, if the first is what it was.
    async fn reseal_gateway(&self, was: &Gateway, now: &Gateway) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_by_their_words() {
        for kind in GatewayKind::ALL {
            assert_eq!(GatewayKind::of_word(kind.as_str()), Some(kind));
        }
        for word in ["", "Supabase", "twilio"] {
            assert_eq!(GatewayKind::of_word(word), None, "{word}");
        }
    }
}
