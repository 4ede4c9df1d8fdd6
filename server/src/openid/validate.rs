//! Requests validated, in the order of RFC 6749, section 4.1.2.1: where client or address are wrong nobody is led anywhere;
//! everything else is told to the client.

use std::time::Duration;

use super::{
    Answer, Asked, OAuthError, OAuthErrorCode, Parameters, Prompt, ResponseMode, Scope, Scopes, acr, pkce,
    redirect_uri,
};
use crate::{limits, store::OpenIdClient};

/// Why a request is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Nobody is led to the address that it names.
    Untrusted(OAuthError),
    /// The client is told.
    Told(Box<Asked>, OAuthError),
}

impl Refused {
    /// The error.
    pub(super) fn error(&self) -> &OAuthError {
        match self {
            Self::Untrusted(error) | Self::Told(_, error) => error,
        }
    }

    /// What leads back to the client, where that is to be done.
    pub(super) fn answer(&self, issuer: &str) -> Option<Answer> {
        match self {
            Self::Untrusted(_) => None,
            Self::Told(asked, error) => Some(asked.refusal(issuer, error)),
        }
    }
}

/// Names that may come once alone.
const ONCE: [&str; 14] = [
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "prompt",
    "max_age",
    "login_hint",
    "ui_locales",
    "acr_values",
    "id_token_hint",
    "code_challenge",
    "code_challenge_method",
    "request_uri",
];

/// What a request of this client asks for.
pub(super) fn validate(client: &OpenIdClient, parameters: &Parameters) -> Result<Asked, Refused> {
    let mut asked = trusted(client, parameters).map_err(Refused::Untrusted)?;
    match fill(client, parameters, &mut asked) {
        Ok(()) => Ok(asked),
        Err(error) => Err(Refused::Told(Box::new(asked), error)),
    }
}

/// What is needed to lead back with an error.
fn trusted(client: &OpenIdClient, parameters: &Parameters) -> Result<Asked, OAuthError> {
    if parameters.repeats(&["client_id", "redirect_uri"]) {
        return Err(OAuthError::invalid_request("A parameter came more than once."));
    }
    let Some(redirect_uri) = parameters.get("redirect_uri") else {
        return Err(OAuthError::invalid_request("`redirect_uri` is missing."));
    };
    if !redirect_uri::is_registered(&client.settings.redirect_uris, redirect_uri) {
        return Err(OAuthError::invalid_request("`redirect_uri` is none that the client has registered."));
    }
    let mode = parameters.get("response_mode").and_then(ResponseMode::of_word);
    Ok(Asked {
        scope: Scopes::default(),
        redirect_uri: redirect_uri.to_owned(),
        response_mode: mode.unwrap_or_default(),
        state: parameters.get("state").map(str::to_owned),
        nonce: None,
        code_challenge: None,
        confirm: None,
        prompt: Prompt::default(),
        max_age: None,
        login_hint: None,
        ui_locales: Vec::new(),
        expected_sub: None,
    })
}

fn fill(client: &OpenIdClient, parameters: &Parameters, asked: &mut Asked) -> Result<(), OAuthError> {
    if parameters.repeats(&ONCE) {
        return Err(OAuthError::invalid_request("A parameter came more than once."));
    }
    if parameters.get("response_mode").is_some_and(|mode| ResponseMode::of_word(mode).is_none()) {
        return Err(OAuthError::invalid_request("`response_mode` is `query` or `form_post`."));
    }
    match parameters.get("response_type") {
        Some("code") => {}
        Some(_) => {
            let description = "`response_type` is `code`: there is no implicit flow.";
            return Err(OAuthError::new(OAuthErrorCode::UnsupportedResponseType, description));
        }
        None => return Err(OAuthError::invalid_request("`response_type` is missing.")),
    }
    if parameters.get("request").is_some() {
        let description = "Requests are parameters, or pushed; `request` is not read.";
        return Err(OAuthError::new(OAuthErrorCode::RequestNotSupported, description));
    }
    asked.scope = scope(client, parameters)?;
    asked.code_challenge = code_challenge(client, parameters)?;
    asked.prompt = prompt(parameters.get("prompt").unwrap_or_default())?;
    asked.max_age = max_age(parameters)?;
    asked.nonce = parameters.get("nonce").map(str::to_owned);
    asked.confirm = parameters.get("acr_values").and_then(acr::confirm_of);
    asked.login_hint = parameters
        .get("login_hint")
        .filter(|hint| hint.len() <= limits::OPENID_HINT_BYTES)
        .map(str::to_owned);
    let locales = parameters.get("ui_locales").unwrap_or_default().split_ascii_whitespace();
    asked.ui_locales = locales.take(limits::OPENID_LOCALES).map(str::to_owned).collect();
    Ok(())
}

/// The scopes that the client is given of those that it asks for.
pub(super) fn scope(client: &OpenIdClient, parameters: &Parameters) -> Result<Scopes, OAuthError> {
    let scope = Scopes::parse(parameters.get("scope").unwrap_or_default());
    if !scope.has(Scope::OpenId) {
        return Err(OAuthError::new(OAuthErrorCode::InvalidScope, "`scope` must have `openid` in it."));
    }
    // An address is told to clients that have a domain for it alone.
    Ok(if client.settings.email_domain.is_some() { scope } else { scope.without(Scope::Email) })
}

fn code_challenge(client: &OpenIdClient, parameters: &Parameters) -> Result<Option<String>, OAuthError> {
    let method = parameters.get("code_challenge_method");
    let Some(challenge) = parameters.get("code_challenge") else {
        if client.settings.pkce || method.is_some() {
            return Err(OAuthError::invalid_request(
                "`code_challenge` is missing: PKCE with S256 is needed.",
            ));
        }
        return Ok(None);
    };
    if method != Some("S256") {
        return Err(OAuthError::invalid_request("`code_challenge_method` must be `S256`."));
    }
    if !pkce::is_challenge(challenge) {
        return Err(OAuthError::invalid_request("`code_challenge` is no SHA-256 in base64url."));
    }
    Ok(Some(challenge.to_owned()))
}

fn prompt(text: &str) -> Result<Prompt, OAuthError> {
    let mut prompt = Prompt::default();
    for word in text.split_ascii_whitespace() {
        match word {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "consent" => prompt.consent = true,
            "select_account" => prompt.select_account = true,
            _ => {
                return Err(OAuthError::invalid_request(
                    "`prompt` is `none`, or some of `login`, `consent`, `select_account`.",
                ));
            }
        }
    }
    if prompt.none && prompt != (Prompt { none: true, ..Prompt::default() }) {
        return Err(OAuthError::invalid_request("`prompt` is `none` alone."));
    }
    Ok(prompt)
}

fn max_age(parameters: &Parameters) -> Result<Option<Duration>, OAuthError> {
    let Some(seconds) = parameters.get("max_age") else { return Ok(None) };
    let seconds: u32 =
        seconds.parse().map_err(|_| OAuthError::invalid_request("`max_age` is a number of seconds."))?;
    Ok(Some(Duration::from_secs(seconds.into())))
}

#[cfg(test)]
mod tests {
    use loggin_protocol::Confirm;

    use super::*;
    use crate::openid::tests::{CALLBACK, CHALLENGE, client};

    /// A request that is right, with some parameters in the place of its own; without those that are empty.
    fn request(changes: &[(&str, &str)]) -> Parameters {
        let mut pairs = vec![
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid phone"),
            ("state", "xyz"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        pairs.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        pairs.extend(changes);
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Parameters::parse(text.as_bytes()).unwrap()
    }

    fn told(changes: &[(&str, &str)]) -> OAuthErrorCode {
        match validate(&client(), &request(changes)) {
            Err(Refused::Told(asked, error)) => {
                assert_eq!(asked.redirect_uri, CALLBACK);
                error.code
            }
            other => panic!("{changes:?}: {other:?}"),
        }
    }

    #[test]
    fn what_is_asked_for_is_read() {
        let asked = validate(
            &client(),
            &request(&[
                ("nonce", "n-0"),
                ("prompt", "login consent"),
                ("max_age", "60"),
                ("login_hint", "+91 98765 43210"),
                ("ui_locales", "de-DE en"),
                ("acr_values", "urn:loggin:acr:match"),
                ("response_mode", "form_post"),
                ("unknown", "x"),
            ]),
        );
        let asked = asked.unwrap();
        assert_eq!(asked.scope.to_string(), "openid phone");
        assert_eq!((asked.state.as_deref(), asked.nonce.as_deref()), (Some("xyz"), Some("n-0")));
        assert_eq!(asked.response_mode, ResponseMode::FormPost);
        assert_eq!(asked.code_challenge.as_deref(), Some(CHALLENGE));
        assert!(asked.prompt.login && asked.prompt.consent && !asked.prompt.none);
        assert_eq!(asked.max_age, Some(Duration::from_secs(60)));
        assert_eq!(asked.login_hint.as_deref(), Some("+91 98765 43210"));
        assert_eq!(asked.ui_locales, ["de-DE", "en"]);
        assert_eq!(asked.confirm, Some(Confirm::Match));
    }

    #[test]
    fn nobody_is_led_to_an_address_that_is_not_registered() {
        let wrong = [
            "https://evil.example/cb",
            "https://client.example/cb/",
            "https://client.example/cb?x",
            "https://client.example@evil.example/cb",
            "",
        ];
        for uri in wrong {
            // Also where everything else is wrong too.
            for more in [("response_type", "token"), ("scope", "openid")] {
                let refused = validate(&client(), &request(&[("redirect_uri", uri), more]));
                assert!(matches!(refused, Err(Refused::Untrusted(_))), "{uri}");
            }
        }
        let twice = request(&[("redirect_uri", CALLBACK), ("redirect_uri", CALLBACK)]);
        assert!(matches!(validate(&client(), &twice), Err(Refused::Untrusted(_))));
    }

    #[test]
    fn everything_else_is_told_to_the_client() {
        use OAuthErrorCode as Code;
        for (changes, code) in [
            (&[("response_type", "")][..], Code::InvalidRequest),
            (&[("response_type", "token")], Code::UnsupportedResponseType),
            (&[("response_type", "code id_token")], Code::UnsupportedResponseType),
            (&[("response_mode", "fragment")], Code::InvalidRequest),
            (&[("scope", "phone")], Code::InvalidScope),
            (&[("scope", "")], Code::InvalidScope),
            (&[("code_challenge", "")], Code::InvalidRequest),
            (&[("code_challenge", "short")], Code::InvalidRequest),
            (&[("code_challenge_method", "plain")], Code::InvalidRequest),
            (&[("code_challenge_method", "")], Code::InvalidRequest),
            (&[("prompt", "none login")], Code::InvalidRequest),
            (&[("prompt", "create")], Code::InvalidRequest),
            (&[("max_age", "-1")], Code::InvalidRequest),
            (&[("state", "a"), ("state", "b")], Code::InvalidRequest),
            (&[("request", "e30.e30.")], Code::RequestNotSupported),
        ] {
            assert_eq!(told(changes), code, "{changes:?}");
        }
    }

    #[test]
    fn only_a_client_with_a_secret_may_go_without_pkce_and_where_it_was_registered_so() {
        let bare = request(&[("code_challenge", ""), ("code_challenge_method", "")]);
        assert!(validate(&client(), &bare).is_err());
        let mut without = client();
        without.settings.pkce = false;
        assert_eq!(validate(&without, &bare).unwrap().code_challenge, None);
        assert!(validate(&without, &request(&[])).unwrap().code_challenge.is_some());
        assert!(validate(&without, &request(&[("code_challenge", "")])).is_err());
    }

    #[test]
    fn an_address_is_for_clients_that_have_a_domain() {
        let with_email = request(&[("scope", "openid email")]);
        assert_eq!(validate(&client(), &with_email).unwrap().scope.to_string(), "openid");
        let mut demanding = client();
        demanding.settings.email_domain = Some("whatsapp.invalid".to_owned());
        assert_eq!(validate(&demanding, &with_email).unwrap().scope.to_string(), "openid email");
    }
}
