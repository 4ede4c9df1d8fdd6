//! Access and refresh tokens.
//!
//! An access token is opaque, and no JWT of RFC 9068: nobody reads it but this server, which is the only resource that it
//! opens, and a JWT that others check by themselves goes on when it was revoked. It names its grant, sealed under a key that
//! is not in the database, so that no row is written for it, and is worth nothing once the grant has ended. A refresh token
//! names its grant too: of its grant's tokens the store knows the hash of the last one, and any other is one that was used.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::{
    OpenId, Scopes,
    secrets::{Kind, draw},
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{OpenIdClient, OpenIdGrant, StoreError},
};

/// What they begin with, by which people and scanners know them.
const ACCESS: &str = "lgat_";
const REFRESH: &str = "lgrt_";

/// For what an access token is sealed.
const OWNER: &[u8] = b"openid access token";

/// Symbols of a grant's id and of a secret.
const SYMBOLS: usize = 32;

/// What an access token says.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Said {
    grant: String,
    scope: Scopes,
    /// In milliseconds since 1970.
    expires_at: i64,
}

/// An access token that is good.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) grant: OpenIdGrant,
    pub(crate) client: OpenIdClient,
    pub(crate) scope: Scopes,
    pub(crate) expires_at: UnixMillis,
}

impl OpenId {
    /// An access token of a grant.
    pub(super) fn access_token(&self, grant_id: &str, scope: Scopes, now: UnixMillis) -> Option<String> {
        let expires_at = (now + limits::OPENID_ACCESS_VALID).0;
        let said = Said { grant: grant_id.to_owned(), scope, expires_at };
        let sealed = self.keys.seal(&*self.random, OWNER, &serde_json::to_vec(&said).ok()?)?;
        Some(format!("{ACCESS}{}", BASE64URL_NOPAD.encode(&sealed)))
    }

    /// The grant, scopes and end of an access token that this server made.
    fn said(&self, token: &str) -> Option<Said> {
        let sealed = BASE64URL_NOPAD.decode(token.strip_prefix(ACCESS)?.as_bytes()).ok()?;
        serde_json::from_slice(&self.keys.open(OWNER, &sealed)?).ok()
    }

    /// What an access token opens; `None` where it is none of this server, is over, or its grant has ended.
    pub(crate) async fn access(&self, token: &str) -> Result<Option<Access>, StoreError> {
        let Some(said) = self.said(token) else { return Ok(None) };
        let expires_at = UnixMillis(said.expires_at);
        if self.clock.now() >= expires_at {
            return Ok(None);
        }
        let Some(grant) = self.live_grant(&said.grant).await? else { return Ok(None) };
        let client = self.client(&grant.client_id).await?;
        Ok(client.map(|client| Access { grant, client, scope: said.scope, expires_at }))
    }

    /// The grant with this id, unless it has ended or its code was not redeemed.
    pub(super) async fn live_grant(&self, id: &str) -> Result<Option<OpenIdGrant>, StoreError> {
        let grant = self.store.openid_grant(id).await?;
        Ok(grant.filter(|grant| grant.revoked_at.is_none() && grant.code_used_at.is_some()))
    }

    /// The grant that a token names, whichever kind it is.
    pub(super) fn grant_of_token(&self, token: &str) -> Option<String> {
        self.said(token).map(|said| said.grant).or_else(|| grant_of_refresh(token).map(str::to_owned))
    }

    /// A new refresh token of a grant.
    pub(super) fn draw_refresh(&self, grant_id: &str) -> String {
        format!("{REFRESH}{grant_id}_{}", draw(&*self.random))
    }
}

/// The hash by which the store knows a refresh token.
pub(super) fn refresh_hash(token: &str) -> [u8; 32] {
    Kind::Refresh.hash(token)
}

/// The grant that a refresh token names.
pub(super) fn grant_of_refresh(token: &str) -> Option<&str> {
    let (grant, secret) = token.strip_prefix(REFRESH)?.split_once('_')?;
    let is_drawn = |text: &str| {
        text.len() == SYMBOLS
            && text.bytes().all(|symbol| symbol.is_ascii_digit() || symbol.is_ascii_uppercase())
    };
    (is_drawn(grant) && is_drawn(secret)).then_some(grant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_names_its_grant() {
        let (grant, secret) = ("A".repeat(32), "7".repeat(32));
        let token = format!("lgrt_{grant}_{secret}");
        assert_eq!(grant_of_refresh(&token), Some(grant.as_str()));
        for wrong in [
            "",
            "lgrt_",
            &format!("lgat_{grant}_{secret}"),
            &format!("lgrt_{grant}{secret}"),
            &format!("lgrt_{grant}_{secret}_"),
            &format!("lgrt_{}_{secret}", grant.to_lowercase()),
        ] {
            assert_eq!(grant_of_refresh(wrong), None, "{wrong}");
        }
    }
}
