//! What ends tokens: revocation (RFC 7009), introspection of what is good (RFC 7662), and signing out (RP-initiated logout).

use jsonwebtoken::Validation;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{OAuthError, OpenId, Parameters, access_token, claims::seconds, exchange::CallError, sub_of};
use crate::store::{OpenIdClient, StoreError};

/// What an ID token that comes back says.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Hint {
    pub(crate) sub: String,
    pub(crate) aud: String,
    #[serde(default)]
    pub(crate) sid: Option<String>,
}

/// Where somebody goes who has signed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedOut {
    /// The session that has ended, where the token names one.
    pub(crate) session_id: Option<String>,
    /// The client's page; this server's own where it asks for none.
    pub(crate) location: Option<String>,
}

impl OpenId {
    /// What an ID token of this issuer says, though it may be over: it is a hint.
    pub(crate) async fn hint(&self, token: &str) -> Result<Option<Hint>, StoreError> {
        let Ok(header) = jsonwebtoken::decode_header(token) else { return Ok(None) };
        let keys = self.checking_keys().await?;
        let Some((algorithm, key)) = header.kid.and_then(|kid| keys.get(&kid).cloned()) else {
            return Ok(None);
        };
        let mut rules = Validation::new(algorithm);
        rules.validate_exp = false;
        // Whose it is, the caller compares.
        rules.validate_aud = false;
        rules.set_issuer(&[&self.issuer]);
        rules.set_required_spec_claims(&["iss", "sub", "aud"]);
        Ok(jsonwebtoken::decode::<Hint>(token, &key, &rules).ok().map(|read| read.claims))
    }

    /// Ends all that hangs on the grant of a token, if it is the client's own. That there was none is not told.
    pub(crate) async fn revoke(&self, client: &OpenIdClient, form: &Parameters) -> Result<(), CallError> {
        let Some(token) = form.get("token") else {
            return Err(OAuthError::invalid_request("`token` is missing.").into());
        };
        let Some(id) = self.grant_of_token(token) else { return Ok(()) };
        let grant = self.store.openid_grant(&id).await?.filter(|grant| grant.client_id == client.id);
        if let Some(grant) = grant {
            self.store.revoke_openid_grant(&grant.id, self.clock.now()).await?;
        }
        Ok(())
    }

    /// What a token of the client's app is worth.
    pub(crate) async fn introspect(
        &self,
        client: &OpenIdClient,
        form: &Parameters,
    ) -> Result<Value, CallError> {
        let Some(token) = form.get("token") else {
            return Err(OAuthError::invalid_request("`token` is missing.").into());
        };
        let inactive = json!({ "active": false });
        if let Some(access) = self.access(token).await? {
            if access.grant.app_key != client.app_key {
                return Ok(inactive);
            }
            return Ok(json!({
                "active": true,
                "token_type": "Bearer",
                "scope": access.scope.to_string(),
                "client_id": access.client.id,
                "sub": sub_of(&access.client, access.grant.subject),
                "aud": access.client.id,
                "iss": self.issuer,
                "exp": seconds(access.expires_at),
                "auth_time": access.grant.data.auth_time.div_euclid(1_000),
            }));
        }
        let Some(id) = access_token::grant_of_refresh(token) else { return Ok(inactive) };
        // Another client's refresh token is nobody else's business.
        let grant = self.live_grant(id).await?.filter(|grant| grant.client_id == client.id);
        let is_good = |(hash, until): &([u8; 32], _)| {
            *hash == access_token::refresh_hash(token) && self.clock.now() < *until
        };
        let Some((grant, (_, until))) =
            grant.and_then(|grant| grant.refresh.filter(is_good).map(|refresh| (grant, refresh)))
        else {
            return Ok(inactive);
        };
        Ok(json!({
            "active": true,
            "scope": grant.data.scope,
            "client_id": client.id,
            "sub": sub_of(client, grant.subject),
            "iss": self.issuer,
            "exp": seconds(until),
        }))
    }

    /// Ends the session that an ID token is of, with what was granted in it. Without a token of this issuer nothing ends:
    /// anybody's page could sign people out.
    pub(crate) async fn sign_out(&self, form: &Parameters) -> Result<SignedOut, CallError> {
        let invalid = |description| Err(OAuthError::invalid_request(description).into());
        let Some(token) = form.get("id_token_hint") else {
            return invalid("`id_token_hint` is missing: sign-out begins with the ID token of the sign-in.");
        };
        let Some(hint) = self.hint(token).await? else {
            return invalid("`id_token_hint` is no ID token of this issuer.");
        };
        if form.get("client_id").is_some_and(|id| id != hint.aud) {
            return invalid("`client_id` is not the client of the ID token.");
        }
        let Some(client) = self.client(&hint.aud).await? else {
            return invalid("There is no client any more that the ID token is of.");
        };
        let location = match form.get("post_logout_redirect_uri") {
            Some(uri) if client.settings.post_logout_redirect_uris.iter().any(|known| known == uri) => {
                let mut url = url::Url::parse(uri)
                    .map_err(|_| OAuthError::invalid_request("`post_logout_redirect_uri` is no URL."))?;
                if let Some(state) = form.get("state") {
                    url.query_pairs_mut().append_pair("state", state);
                }
                Some(url.into())
            }
            Some(_) => return invalid("`post_logout_redirect_uri` is none that the client has registered."),
            None => None,
        };
        if let Some(session_id) = &hint.sid {
            self.store.end_openid_session(session_id, self.clock.now()).await?;
        }
        Ok(SignedOut { session_id: hint.sid, location })
    }
}
