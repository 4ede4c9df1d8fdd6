//! What becomes of a request that waits for a person: found by its browser, approved or refused, once.

use loggin_protocol::{Assurance, Confirm, Subject};
use serde::{Deserialize, Serialize};

use super::{
    Answer, Asked, AuthorizationRequest, OAuthError, OAuthErrorCode, OpenId, Scopes,
    request::Kept,
    secrets::{Kind, draw},
    subject::sub_of,
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{GrantData, OpenIdClient, OpenIdGrant, StoreError},
};

/// By what somebody signed in, as `amr` tells it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Method {
    /// A message of theirs came from WhatsApp.
    Message,
    /// They typed a one-time code.
    Code,
}

impl Method {
    /// As `amr` has it: `otp` is of RFC 8176, and a message from an account is nothing that stands there.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Message => "whatsapp",
            Self::Code => "otp",
        }
    }
}

/// Somebody who has signed in, now or in a session that is good.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) subject: Subject,
    /// What was done to confirm it.
    pub(crate) confirmation: Confirm,
    pub(crate) assurance: Assurance,
    pub(crate) methods: Vec<Method>,
    /// When they signed in, which may be long ago in a session.
    pub(crate) auth_time: UnixMillis,
    /// The session at this server, by a name that is told to clients (`sid`); no secret.
    pub(crate) session_id: Option<String>,
}

impl SignedIn {
    /// Why this is not what was asked for.
    fn shortcoming(&self, client: &OpenIdClient, asked: &Asked, now: UnixMillis) -> Option<OAuthError> {
        let refused = |description| Some(OAuthError::new(OAuthErrorCode::LoginRequired, description));
        if asked.expected_sub.as_ref().is_some_and(|sub| *sub != sub_of(client, self.subject)) {
            return refused("Somebody else has signed in than the client expects.");
        }
        if asked.confirm.is_some_and(|least| self.confirmation < least) {
            return refused("The sign-in was not confirmed as the client asks.");
        }
        let is_old = |most| now.since(self.auth_time) > most + limits::OPENID_MAX_AGE_SLACK;
        if asked.max_age.is_some_and(is_old) {
            return refused("The sign-in is longer ago than the client accepts.");
        }
        None
    }

    /// What a grant carries of it.
    pub(super) fn grant_data(&self, scope: Scopes) -> GrantData {
        GrantData {
            scope: scope.to_string(),
            redirect_uri: None,
            code_challenge: None,
            nonce: None,
            confirmation: self.confirmation,
            assurance: self.assurance.as_str().to_owned(),
            methods: self.methods.iter().map(|method| method.as_str().to_owned()).collect(),
            auth_time: self.auth_time.0,
        }
    }
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Handed {
    /// The browser is to be led back.
    Back(Answer),
    /// The request was answered before, or is over: there is nowhere to lead to.
    Gone,
}

impl OpenId {
    /// The request of this name, where it is one of this browser: `browser` is what its cookie holds, see
    /// `http::openid::browser`. `None` also where it was answered or is over, or its client or app is gone.
    pub(crate) async fn find_request(
        &self,
        id: &str,
        browser: &str,
    ) -> Result<Option<AuthorizationRequest>, StoreError> {
        let Some(kept) = self.store.openid_request(Kind::Request.hash(id)).await? else { return Ok(None) };
        if self.clock.now() >= kept.expires_at {
            return Ok(None);
        }
        let text = self.open_request(&kept);
        let data = text.and_then(|text| serde_json::from_slice::<Kept>(&text).ok());
        let Some(data) = data.filter(|data| data.is_of(browser)) else { return Ok(None) };
        let client = self.client(&kept.client_id).await?;
        Ok(client.map(|client| AuthorizationRequest {
            id: id.to_owned(),
            client,
            asked: data.asked,
            expires_at: kept.expires_at,
        }))
    }

    /// Has somebody be signed in to the client: the request is over, and the browser is led back with a code. Somebody
    /// else than the client expects, or who has done less than it asks, or signed in too long ago, is refused
    /// (`login_required`).
    pub(crate) async fn approve(
        &self,
        request: &AuthorizationRequest,
        signed_in: &SignedIn,
    ) -> Result<Handed, StoreError> {
        let AuthorizationRequest { id, client, asked, expires_at } = request;
        let now = self.clock.now();
        if now >= *expires_at {
            return Ok(Handed::Gone);
        }
        if let Some(error) = signed_in.shortcoming(client, asked, now) {
            return self.refuse(request, &error).await;
        }
        let (code, until) = (draw(&*self.random), now + limits::OPENID_CODE_VALID);
        let grant = OpenIdGrant {
            id: draw(&*self.random),
            client_id: client.id.clone(),
            app_key: client.app_key,
            subject: signed_in.subject,
            session_id: signed_in.session_id.clone(),
            code: Kind::Code.hash(&code),
            code_until: until,
            code_used_at: None,
            refresh: None,
            data: GrantData {
                redirect_uri: Some(asked.redirect_uri.clone()),
                code_challenge: asked.code_challenge.clone(),
                nonce: asked.nonce.clone(),
                ..signed_in.grant_data(asked.scope)
            },
            created_at: now,
            expires_at: until,
            revoked_at: None,
        };
        if !self.store.grant_openid_request(Kind::Request.hash(id), grant).await? {
            return Ok(Handed::Gone);
        }
        Ok(Handed::Back(asked.answer(&self.issuer, [("code", code)])))
    }

    /// Ends a request with an error.
    pub(crate) async fn refuse(
        &self,
        request: &AuthorizationRequest,
        error: &OAuthError,
    ) -> Result<Handed, StoreError> {
        if !self.store.take_openid_request(Kind::Request.hash(&request.id)).await? {
            return Ok(Handed::Gone);
        }
        Ok(Handed::Back(request.asked.refusal(&self.issuer, error)))
    }

    /// Whether somebody agreed to this before.
    pub(crate) async fn has_consent(
        &self,
        client: &OpenIdClient,
        subject: Subject,
        scope: Scopes,
    ) -> Result<bool, StoreError> {
        let kept = self.store.openid_consent(&client.id, subject).await?;
        Ok(kept.is_some_and(|kept| Scopes::parse(&kept).cover(scope)))
    }

    /// Keeps that somebody agreed to this, beside what they agreed to before.
    pub(crate) async fn remember_consent(
        &self,
        client: &OpenIdClient,
        subject: Subject,
        scope: Scopes,
    ) -> Result<(), StoreError> {
        let before = self.store.openid_consent(&client.id, subject).await?.unwrap_or_default();
        let scope = Scopes::parse(&before).with(scope).to_string();
        self.store.put_openid_consent(client, subject, scope, self.clock.now()).await
    }
}
