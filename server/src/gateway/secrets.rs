//! The secrets by which callers are known: kept sealed under `LOGGIN_OTP_SECRET`, which is not in the database, as a
//! signature is checked with the secret itself.

use std::{fmt, sync::Arc};

use loggin_protocol::{
    base32,
    webhook::{SECRET_BYTES, WebhookSecret},
};

use crate::{
    clock::{Random, UnixMillis, random_bytes},
    crypto::SealKeys,
    store::{Gateway, GatewayKind, Store, StoreError},
};

/// What the keys are derived for that secrets of gateways are sealed with.
const DOMAIN: &[u8] = b"loggin gateway secret v1\n";

/// What a secret begins with that is shown and not signed with.
const PREFIX: &str = "lggw_";

/// What stands before Supabase's secrets: the version of their signatures.
const SUPABASE_PREFIX: &str = "v1,";

/// Characters of a key that ZITADEL makes: it has made 32 so far. Fewer would be guessed, and more are none of its.
const ZITADEL_CHARS: std::ops::RangeInclusive<usize> = 16..=128;

/// A secret, as the other server has it; it redacts itself.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct GatewaySecret(String);

impl GatewaySecret {
    /// A new secret for such a gateway; none for one whose server makes it.
    pub(crate) fn draw(kind: GatewayKind, random: &dyn Random) -> Option<Self> {
        match kind {
            GatewayKind::Zitadel => None,
            GatewayKind::Supabase => {
                let secret = WebhookSecret::from_bytes(random_bytes::<SECRET_BYTES>(random));
                Some(Self(format!("{SUPABASE_PREFIX}{}", secret.expose())))
            }
            GatewayKind::Authentik | GatewayKind::Generic | GatewayKind::Keycloak | GatewayKind::Kratos => {
                Some(Self(format!("{PREFIX}{}", base32::encode(&random_bytes::<20>(random)))))
            }
        }
    }

    /// Reads a secret that the other server made; an error says what it has to be.
    pub(crate) fn theirs(kind: GatewayKind, text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        match kind {
            GatewayKind::Supabase => {
                let secret = WebhookSecret::parse(text.strip_prefix(SUPABASE_PREFIX).unwrap_or(text));
                let secret = secret.map_err(|_| "must be `v1,whsec_` and base64, as Supabase shows it")?;
                Ok(Self(format!("{SUPABASE_PREFIX}{}", secret.expose())))
            }
            GatewayKind::Zitadel => {
                let is_key =
                    ZITADEL_CHARS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
                is_key
                    .then(|| Self(text.to_owned()))
                    .ok_or("must be the signing key that ZITADEL showed when the provider was added")
            }
            GatewayKind::Authentik | GatewayKind::Generic | GatewayKind::Keycloak | GatewayKind::Kratos => {
                Err("is made here for this kind")
            }
        }
    }

    /// The secret that Standard Webhooks are signed with; none where it is none.
    pub(super) fn of_webhooks(&self) -> Option<WebhookSecret> {
        WebhookSecret::parse(self.0.strip_prefix(SUPABASE_PREFIX)?).ok()
    }

    /// The secret itself, for who shows it once, or compares with it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    #[cfg(test)]
    pub(super) fn of_text(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for GatewaySecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("GatewaySecret(<redacted>)")
    }
}

/// Seals secrets of gateways, and opens them.
#[derive(Clone, Debug)]
pub(crate) struct GatewayKeys {
    keys: SealKeys,
    /// The key that is in use alone, by which it is known what is still under another.
    first: SealKeys,
}

impl GatewayKeys {
    /// Keys of these secrets, the one in use first.
    pub(crate) fn derive<'a>(secrets: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        let first = SealKeys::derive(secrets.clone().take(1), DOMAIN);
        Self { keys: SealKeys::derive(secrets, DOMAIN), first }
    }

    /// A secret as it is kept; `None` where there is no key.
    pub(crate) fn seal(&self, random: &dyn Random, id: &str, secret: &GatewaySecret) -> Option<Vec<u8>> {
        self.first.seal(random, id.as_bytes(), secret.0.as_bytes())
    }

    fn open(&self, id: &str, sealed: &[u8]) -> Option<GatewaySecret> {
        String::from_utf8(self.keys.open(id.as_bytes(), sealed)?).ok().map(GatewaySecret)
    }

    /// The secrets by which the caller of a gateway is known at this moment.
    pub(crate) fn of(&self, gateway: &Gateway, now: UnixMillis) -> Vec<GatewaySecret> {
        let old = gateway.old_secret.as_ref().filter(|(_, until)| now < *until).map(|(sealed, _)| sealed);
        let sealed = gateway.secret.iter().chain(old);
        sealed.filter_map(|sealed| self.open(&gateway.id, sealed)).collect()
    }

    /// The gateway with its secrets under the key in use; `None` where they are.
    fn resealed(&self, random: &dyn Random, gateway: &Gateway) -> Option<Gateway> {
        let again = |sealed: &[u8]| {
            if self.first.open(gateway.id.as_bytes(), sealed).is_some() {
                return None;
            }
            self.seal(random, &gateway.id, &self.open(&gateway.id, sealed)?)
        };
        let secret = again(gateway.secret.as_ref()?)?;
        let old = gateway.old_secret.clone();
        let old_secret = old.map(|(sealed, until)| (again(&sealed).unwrap_or(sealed), until));
        Some(Gateway { secret: Some(secret), old_secret, ..gateway.clone() })
    }

    /// Has all secrets be under the key in use, so that an older one can be taken away; how many that were.
    pub(crate) async fn reseal_all(
        &self,
        store: &Arc<dyn Store>,
        random: &dyn Random,
    ) -> Result<usize, StoreError> {
        let mut resealed = 0;
        for gateway in store.gateways(None).await? {
            if let Some(again) = self.resealed(random, &gateway) {
                store.reseal_gateway(&gateway, &again).await?;
                resealed += 1;
            }
        }
        Ok(resealed)
    }
}

#[cfg(test)]
mod tests {
    use loggin_protocol::AppKey;

    use super::*;
    use crate::tests::{APP, CountingRandom, START};

    fn keys(secrets: &[&str]) -> GatewayKeys {
        GatewayKeys::derive(secrets.iter().map(|secret| secret.as_bytes()))
    }

    #[test]
    fn a_secret_has_the_form_that_its_server_takes() {
        let random = CountingRandom::default();
        for kind in GatewayKind::ALL {
            let drawn = GatewaySecret::draw(kind, &random);
            assert_eq!(drawn.is_none(), kind == GatewayKind::Zitadel);
            let Some(drawn) = drawn else { continue };
            assert_eq!(drawn.expose().starts_with("v1,whsec_"), kind == GatewayKind::Supabase);
            assert_ne!(GatewaySecret::draw(kind, &random), Some(drawn.clone()));
            assert_eq!(format!("{drawn:?}"), "GatewaySecret(<redacted>)");
        }
        let theirs = GatewaySecret::theirs;
        let supabase = "v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        for text in [supabase, " whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"] {
            assert_eq!(theirs(GatewayKind::Supabase, text).unwrap().expose(), supabase);
        }
        assert_eq!(theirs(GatewayKind::Zitadel, " 0123456789abcdef\n").unwrap().expose(), "0123456789abcdef");
        for (kind, text) in [
            (GatewayKind::Supabase, "v1,whsec_"),
            (GatewayKind::Supabase, "v1a,whpk_AAAA"),
            (GatewayKind::Zitadel, "short"),
            (GatewayKind::Zitadel, "two words of a key"),
            (GatewayKind::Generic, "0123456789abcdef0123456789abcdef"),
        ] {
            assert!(theirs(kind, text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_secret_is_good_under_keys_in_rotation_and_for_its_gateway_until_its_end() {
        let random = CountingRandom::default();
        let secrets = ["new", "old"].map(|name| GatewaySecret(name.to_owned()));
        let seal = |secret| keys(&["old"]).seal(&random, "gw_1", secret).unwrap();
        let gateway = Gateway {
            id: "gw_1".to_owned(),
            app_key: AppKey::parse(APP).unwrap(),
            kind: GatewayKind::Generic,
            secret: Some(seal(&secrets[0])),
            old_secret: Some((seal(&secrets[1]), START)),
            created_at: START,
        };
        let before = UnixMillis(START.0 - 1);
        assert_eq!(keys(&["new", "old"]).of(&gateway, before), secrets);
        assert_eq!(keys(&["old"]).of(&gateway, START), secrets[..1]);
        assert_eq!(keys(&["new"]).of(&gateway, before), []);
        let other = Gateway { id: "gw_2".to_owned(), ..gateway.clone() };
        assert_eq!(keys(&["old"]).of(&other, before), []);
        let none = Gateway { secret: None, old_secret: None, ..gateway.clone() };
        assert_eq!(keys(&["old"]).of(&none, before), []);
        let resealed = keys(&["new", "old"]).resealed(&random, &gateway).unwrap();
        assert_eq!(keys(&["new"]).of(&resealed, before), secrets);
        assert_eq!(keys(&["new", "old"]).resealed(&random, &resealed), None);
    }
}
