//! The OpenID issuer: what any program that takes an issuer's URL signs people in with, by WhatsApp.
//!
//! The endpoints stand in `http/openid`; here are the rules. Requests are validated by [`OpenId::begin`], which keeps them
//! for ten minutes under a random name. The page on which people sign in goes by that name:
//!
//! 1. `/openid/authorize` answers 303 to `/openid/sign-in?request=<id>`, and sets a cookie (`http::openid::browser`) that
//!    is bound to the request. [`OpenId::find_request`] finds a request for that browser alone: who is sent the address by
//!    somebody else can do nothing with it.
//! 2. The page signs the person in, at least as `asked.confirm` says, and asks for consent where
//!    [`AuthorizationRequest::needs_consent`] says so and [`OpenId::has_consent`] knows of none that covers it.
//! 3. [`OpenId::approve`] takes the request away and gives the [`Answer`] that leads the browser back with a code; of two
//!    calls one gets it. [`OpenId::refuse`] leads back with an error. `http::openid::respond` makes either a response.
//!
//! A device is given codes at `/openid/device-authorization`, and shows people one of them, which the page at
//! `/openid/device` finds by [`OpenId::find_device`] and answers by [`OpenId::approve_device`] or
//! [`OpenId::refuse_device`].

mod access_token;
mod acr;
mod answer;
mod approving;
mod claims;
mod clients;
mod devices;
mod ending;
mod error;
mod exchange;
mod keys;
mod parameters;
mod pkce;
pub(crate) mod redirect_uri;
mod request;
mod scopes;
mod secrets;
mod subject;
#[cfg(test)]
pub(crate) mod tests;
mod validate;

use std::sync::Arc;

use crate::{
    apps::Apps,
    clock::{Clock, Random},
    crypto::SealKeys,
    limits,
    store::{OpenIdClient, OpenIdRequest, Store, StoreError},
};

pub(crate) use acr::{acr_of, all as all_acr};
pub(crate) use answer::{Answer, ResponseMode};
pub(crate) use approving::{Handed, Method, SignedIn};
pub(crate) use clients::{draw_secret, new_client_id, secret_hash};
pub(crate) use devices::{DeviceCodes, DeviceRequest};
pub(crate) use error::{OAuthError, OAuthErrorCode};
pub(crate) use exchange::{CallError, Tokens};
pub(crate) use parameters::Parameters;
pub(crate) use request::{Asked, AuthorizationRequest, Prompt};
pub(crate) use scopes::{Scope, Scopes};
pub(crate) use subject::sub_of;

use self::{
    request::Kept,
    secrets::{Kind, draw},
};

/// What keys of the issuer are made for.
const DOMAIN: &[u8] = b"loggin openid v1\n";

/// What the name of a pushed request begins with (RFC 9126).
const PUSHED: &str = "urn:ietf:params:oauth:request_uri:";

/// For what a request is sealed.
const REQUEST_OWNER: &[u8] = b"openid request";

/// The issuer of one server.
#[derive(Debug)]
pub(crate) struct OpenId {
    store: Arc<dyn Store>,
    apps: Arc<Apps>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// The server's own public origin.
    issuer: String,
    /// Under what private keys and requests are kept, and access tokens are made.
    keys: SealKeys,
}

/// Where a browser is led that brought a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// To the page of the sign-in, by the name of the request.
    SignIn(String),
    /// Back to the client, with an error.
    Back(Answer),
    /// Nowhere: the request names no client, or no address of it.
    Untrusted(OAuthError),
}

impl OpenId {
    /// The issuer of a server at this origin, whose keys are made from these secrets, the one in use first.
    pub(crate) fn new<'a>(
        (store, apps): (Arc<dyn Store>, Arc<Apps>),
        (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
        issuer: String,
        secrets: impl IntoIterator<Item = &'a [u8]>,
    ) -> Self {
        Self { store, apps, clock, random, issuer, keys: SealKeys::derive(secrets, DOMAIN) }
    }

    /// Its URL.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The client with this id, unless there is none or its app is disabled.
    pub(crate) async fn client(&self, id: &str) -> Result<Option<OpenIdClient>, StoreError> {
        let Some(client) = self.store.openid_client(id).await? else { return Ok(None) };
        Ok(self.apps.find(client.app_key).await?.map(|_| client))
    }

    /// A new secret for a browser's cookie, to which its requests are bound.
    pub(crate) fn draw_browser(&self) -> String {
        draw(&*self.random)
    }

    /// Takes a request that a browser brought, whose cookie holds this.
    pub(crate) async fn begin(&self, query: &Parameters, browser: &str) -> Result<Begun, StoreError> {
        let untrusted = |code, description| Ok(Begun::Untrusted(OAuthError::new(code, description)));
        let Some(client) = self.client_of(query).await? else {
            return untrusted(OAuthErrorCode::InvalidClient, "`client_id` names no client.");
        };
        let mut pushed = None;
        if let Some(uri) = query.get("request_uri") {
            pushed = self.take_pushed(&client, uri).await?;
            if pushed.is_none() {
                let description = "`request_uri` names no request of this client that waits.";
                return untrusted(OAuthErrorCode::InvalidRequestUri, description);
            }
        }
        let parameters = pushed.as_ref().unwrap_or(query);
        let asked = match validate::validate(&client, parameters) {
            Ok(asked) => asked,
            Err(refused) => {
                return Ok(match refused.answer(&self.issuer) {
                    Some(answer) => Begun::Back(answer),
                    None => Begun::Untrusted(refused.error().clone()),
                });
            }
        };
        let asked = match self.with_hint(&client, parameters, asked).await? {
            Ok(asked) => asked,
            Err(answer) => return Ok(Begun::Back(answer)),
        };
        let (id, kept) = (draw(&*self.random), Kept::new(browser, asked));
        let text = serde_json::to_vec(&kept).map_err(|_| StoreError::Unreadable("request"))?;
        self.keep(Kind::Request.hash(&id), &client, &text, limits::OPENID_REQUEST_VALID).await?;
        Ok(Begun::SignIn(id))
    }

    async fn client_of(&self, parameters: &Parameters) -> Result<Option<OpenIdClient>, StoreError> {
        match parameters.get("client_id") {
            Some(id) => self.client(id).await,
            None => Ok(None),
        }
    }

    /// The same with whom the client expects, where it shows an ID token; one that is not its own is an error.
    async fn with_hint(
        &self,
        client: &OpenIdClient,
        parameters: &Parameters,
        asked: Asked,
    ) -> Result<Result<Asked, Answer>, StoreError> {
        let Some(token) = parameters.get("id_token_hint") else { return Ok(Ok(asked)) };
        let hint = self.hint(token).await?.filter(|hint| hint.aud == client.id);
        let Some(hint) = hint else {
            let error = OAuthError::invalid_request("`id_token_hint` is no ID token of this client.");
            return Ok(Err(asked.refusal(&self.issuer, &error)));
        };
        Ok(Ok(Asked { expected_sub: Some(hint.sub), ..asked }))
    }

    /// Keeps a request that a client pushed; its name, and how many seconds it is good.
    pub(crate) async fn push(
        &self,
        client: &OpenIdClient,
        form: &Parameters,
    ) -> Result<(String, u64), CallError> {
        if form.get("request_uri").is_some() {
            return Err(OAuthError::invalid_request("`request_uri` is what is answered here.").into());
        }
        // What is wrong is told at once; what is right is looked at again when it is used.
        validate::validate(client, form).map_err(|refused| refused.error().clone())?;
        let (id, valid) = (draw(&*self.random), limits::OPENID_PUSHED_VALID);
        self.keep(Kind::Pushed.hash(&id), client, form.to_text().as_bytes(), valid).await?;
        Ok((format!("{PUSHED}{id}"), valid.as_secs()))
    }

    /// Takes away a request that a client pushed.
    async fn take_pushed(&self, client: &OpenIdClient, uri: &str) -> Result<Option<Parameters>, StoreError> {
        let Some(id) = uri.strip_prefix(PUSHED) else { return Ok(None) };
        let hash = Kind::Pushed.hash(id);
        let kept = self.store.openid_request(hash).await?;
        let is_good =
            |kept: &OpenIdRequest| kept.client_id == client.id && self.clock.now() < kept.expires_at;
        let Some(kept) = kept.filter(is_good) else { return Ok(None) };
        if !self.store.take_openid_request(hash).await? {
            return Ok(None);
        }
        Ok(self.open_request(&kept).and_then(|text| Parameters::parse(&text).ok()))
    }

    async fn keep(
        &self,
        hash: [u8; 32],
        client: &OpenIdClient,
        text: &[u8],
        valid: std::time::Duration,
    ) -> Result<(), StoreError> {
        const NO_KEY: StoreError = StoreError::Unreadable("key that seals");
        let data = self.keys.seal(&*self.random, REQUEST_OWNER, text).ok_or(NO_KEY)?;
        let expires_at = self.clock.now() + valid;
        let request = OpenIdRequest { hash, client_id: client.id.clone(), data, expires_at };
        self.store.put_openid_request(request).await
    }

    /// What a request says; `None` where it was kept under a secret that is not known any more.
    fn open_request(&self, kept: &OpenIdRequest) -> Option<Vec<u8>> {
        self.keys.open(REQUEST_OWNER, &kept.data)
    }

    /// Forgets what is over, and has keys take turns.
    pub(crate) async fn look_after(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        while self.store.purge_openid(now, limits::SWEEP).await? >= u64::from(limits::SWEEP) {}
        self.turn_keys().await
    }
}
