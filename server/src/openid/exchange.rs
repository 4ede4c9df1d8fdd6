//! What the token endpoint does: codes, refresh tokens and devices exchanged for tokens.

use serde::Serialize;

use super::{
    OAuthError, OAuthErrorCode, OpenId, Parameters, Scope, Scopes, access_token, pkce, secrets::Kind,
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{OpenIdClient, OpenIdGrant, Redeeming, Redemption, StoreError},
};

/// The grant type by which devices ask for tokens.
pub(super) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Why a call of the issuer failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("{0}")]
    OAuth(OAuthError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<OAuthError> for CallError {
    fn from(error: OAuthError) -> Self {
        Self::OAuth(error)
    }
}

/// What the token endpoint answers.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) token_type: &'static str,
    pub(crate) expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
    pub(crate) scope: Scopes,
    pub(crate) id_token: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tokens").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// A refresh token to be given out, and its end.
type Refresh = Option<(String, UnixMillis)>;

impl OpenId {
    /// Exchanges what a client shows, which has proved that it is this one.
    pub(crate) async fn exchange(
        &self,
        client: &OpenIdClient,
        form: &Parameters,
    ) -> Result<Tokens, CallError> {
        const NAMES: [&str; 6] =
            ["grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "device_code"];
        if form.repeats(&NAMES) {
            return Err(OAuthError::invalid_request("A parameter came more than once.").into());
        }
        match form.get("grant_type") {
            Some("authorization_code") => self.redeem_code(client, form).await,
            Some("refresh_token") => self.refresh(client, form).await,
            Some(DEVICE_GRANT) => self.redeem_device(client, form).await,
            Some(_) => Err(OAuthError::new(
                OAuthErrorCode::UnsupportedGrantType,
                "`grant_type` is `authorization_code`, `refresh_token` or that of RFC 8628.",
            )
            .into()),
            None => Err(OAuthError::invalid_request("`grant_type` is missing.").into()),
        }
    }

    async fn redeem_code(&self, client: &OpenIdClient, form: &Parameters) -> Result<Tokens, CallError> {
        let Some(code) = form.get("code") else {
            return Err(OAuthError::invalid_request("`code` is missing.").into());
        };
        let shown = Kind::Code.hash(code);
        let grant = self.store.openid_grant_of_code(shown).await?;
        // Whoever shows a code without being who asked for it learns nothing of it, and ends nothing.
        let grant = grant.filter(|grant| grant.client_id == client.id && is_asker(grant, form));
        let grant = grant.ok_or_else(OAuthError::invalid_grant)?;
        let (scope, now) = (Scopes::parse(&grant.data.scope), self.clock.now());
        let refresh = self.next_refresh(&grant, scope, now);
        let redemption = self.store.redeem_openid_code(redeeming(shown, &refresh, now)).await?;
        taken(redemption, "a code was shown again")?;
        let nonce = grant.data.nonce.clone();
        self.tokens(client, &grant, scope, refresh, nonce.as_deref()).await
    }

    async fn refresh(&self, client: &OpenIdClient, form: &Parameters) -> Result<Tokens, CallError> {
        let Some(token) = form.get("refresh_token") else {
            return Err(OAuthError::invalid_request("`refresh_token` is missing.").into());
        };
        let id = access_token::grant_of_refresh(token).ok_or_else(OAuthError::invalid_grant)?;
        let grant = self.store.openid_grant(id).await?.filter(|grant| grant.client_id == client.id);
        let grant = grant.ok_or_else(OAuthError::invalid_grant)?;
        let granted = Scopes::parse(&grant.data.scope);
        let scope = match form.get("scope") {
            Some(_) => super::validate::scope(client, form)?,
            None => granted,
        };
        if !granted.cover(scope) {
            let description = "`scope` has more in it than was granted.";
            return Err(OAuthError::new(OAuthErrorCode::InvalidScope, description).into());
        }
        let now = self.clock.now();
        let refresh = self.next_refresh(&grant, granted, now);
        let redeeming = redeeming(access_token::refresh_hash(token), &refresh, now);
        let redemption = self.store.refresh_openid_grant(id, redeeming).await?;
        taken(redemption, "a refresh token was shown again")?;
        self.tokens(client, &grant, scope, refresh, None).await
    }

    /// The next refresh token of a grant, where it has such, and until when it is good.
    pub(super) fn next_refresh(&self, grant: &OpenIdGrant, scope: Scopes, now: UnixMillis) -> Refresh {
        let longest = grant.created_at + limits::OPENID_REFRESH_LONGEST;
        let until = (now + limits::OPENID_REFRESH_VALID).no_later_than(longest);
        scope.has(Scope::OfflineAccess).then(|| (self.draw_refresh(&grant.id), until))
    }

    /// The tokens of a grant.
    pub(super) async fn tokens(
        &self,
        client: &OpenIdClient,
        grant: &OpenIdGrant,
        scope: Scopes,
        refresh: Refresh,
        nonce: Option<&str>,
    ) -> Result<Tokens, CallError> {
        const NO_KEY: StoreError = StoreError::Unreadable("key that seals");
        let access_token = self.access_token(&grant.id, scope, self.clock.now()).ok_or(NO_KEY)?;
        let id_token = self.id_token(client, grant, scope, &access_token, nonce).await?;
        Ok(Tokens {
            access_token,
            token_type: "Bearer",
            expires_in: limits::OPENID_ACCESS_VALID.as_secs(),
            refresh_token: refresh.map(|(token, _)| token),
            scope,
            id_token,
        })
    }
}

/// Whether a code is shown by who asked for it: sent to the same address, with the verifier of the challenge. One that comes
/// without a challenge is no downgrade of one that has it (RFC 9700, section 4.8.2).
fn is_asker(grant: &OpenIdGrant, form: &Parameters) -> bool {
    let is_address = grant.data.redirect_uri.as_deref() == form.get("redirect_uri");
    let is_proved = match (&grant.data.code_challenge, form.get("code_verifier")) {
        (Some(challenge), Some(verifier)) => pkce::is_proof(challenge, verifier),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    is_address && is_proved
}

/// What is written where something is redeemed.
pub(super) fn redeeming(shown: [u8; 32], refresh: &Refresh, now: UnixMillis) -> Redeeming {
    let refresh = refresh.as_ref().map(|(token, until)| (access_token::refresh_hash(token), *until));
    let accessed_until = now + limits::OPENID_ACCESS_VALID;
    let expires_at = refresh.map_or(accessed_until, |(_, until)| until.max(accessed_until));
    Redeeming { shown, refresh, now, expires_at }
}

/// An error where something could not be redeemed; what was used before is told in the log.
fn taken(redemption: Redemption, replayed: &'static str) -> Result<(), OAuthError> {
    match redemption {
        Redemption::Done => Ok(()),
        Redemption::Replayed => {
            tracing::warn!("{replayed}, and all tokens of its sign-in have ended");
            Err(OAuthError::invalid_grant())
        }
        Redemption::Over => Err(OAuthError::invalid_grant()),
    }
}
