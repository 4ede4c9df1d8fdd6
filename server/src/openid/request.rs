//! A request for somebody to sign in, as a browser brought it: read, validated and kept.

use std::{fmt, time::Duration};

use loggin_protocol::Confirm;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::{Answer, OAuthError, ResponseMode, Scopes, secrets::Kind};
use crate::{clock::UnixMillis, store::OpenIdClient};

/// What a client wants people to be shown.
#[allow(clippy::struct_excessive_bools)] // one for each word
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Prompt {
    /// Nothing: where that does not do, it is an error (`login_required`, `consent_required`).
    pub(crate) none: bool,
    /// The sign-in, though there is a session.
    pub(crate) login: bool,
    /// The question what the client may be told, though it was answered.
    pub(crate) consent: bool,
    /// A choice of who signs in.
    pub(crate) select_account: bool,
}

/// What a request asks for.
#[derive(Clone, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Asked {
    pub(crate) scope: Scopes,
    pub(crate) redirect_uri: String,
    pub(crate) response_mode: ResponseMode,
    pub(crate) state: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) code_challenge: Option<String>,
    /// The least confirmation that the client accepts, beside what the app asks for.
    pub(crate) confirm: Option<Confirm>,
    pub(crate) prompt: Prompt,
    /// How long ago somebody may have signed in at most.
    pub(crate) max_age: Option<Duration>,
    /// A number to begin with, as the client has it; anything may stand here.
    pub(crate) login_hint: Option<String>,
    /// Languages by their tags, the best first.
    pub(crate) ui_locales: Vec<String>,
    /// Whom the client expects, by the `sub` of an ID token that it had.
    pub(crate) expected_sub: Option<String>,
}

impl fmt::Debug for Asked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, prompt, .. } = self;
        formatter.debug_struct("Asked").field("scope", scope).field("prompt", prompt).finish_non_exhaustive()
    }
}

impl Asked {
    /// What leads back with an error.
    pub(crate) fn refusal(&self, issuer: &str, error: &OAuthError) -> Answer {
        let code = ("error", error.code.as_str().to_owned());
        let description = ("error_description", error.description.clone().into_owned());
        self.answer(issuer, [code, description])
    }

    /// What leads back: these parameters, the state, and who answers (RFC 9207).
    pub(super) fn answer<const N: usize>(&self, issuer: &str, first: [(&'static str, String); N]) -> Answer {
        let mut parameters = Vec::from(first);
        parameters.extend(self.state.clone().map(|state| ("state", state)));
        parameters.push(("iss", issuer.to_owned()));
        Answer { redirect_uri: self.redirect_uri.clone(), mode: self.response_mode, parameters }
    }
}

/// A request as it is kept: what it asks for, and which browser brought it.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Kept {
    /// Of the browser's cookie.
    browser: [u8; 32],
    pub(super) asked: Asked,
}

impl Kept {
    pub(super) fn new(browser: &str, asked: Asked) -> Self {
        Self { browser: Kind::Browser.hash(browser), asked }
    }

    /// Whether this browser brought it.
    pub(super) fn is_of(&self, browser: &str) -> bool {
        self.browser.ct_eq(&Kind::Browser.hash(browser)).into()
    }
}

/// A request that is valid, and waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuthorizationRequest {
    /// Its random name, which stands in the address of the page.
    pub(crate) id: String,
    /// Its app is `client.app_key`.
    pub(crate) client: OpenIdClient,
    pub(crate) asked: Asked,
    pub(crate) expires_at: UnixMillis,
}

impl AuthorizationRequest {
    /// What people are told that they sign in to, where that is not the app's own name.
    pub(crate) fn client_name(&self) -> Option<&str> {
        self.client.settings.name.as_deref()
    }

    /// Whether people are to be asked what the client may be told, unless they have been.
    pub(crate) fn needs_consent(&self) -> bool {
        self.client.settings.consent || self.asked.prompt.consent
    }
}
