//! The options of a client, and what is made of them.

use std::{collections::HashMap, env, fmt, path::PathBuf, sync::Arc, time::Duration};

use super::{
    DEFAULT_BASE_URL, DEFAULT_CALL_TIMEOUT, DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT, Inner, Loggin,
    MAX_IDEMPOTENCY_KEY, MAX_RETRIES,
    audience::{Audience, Named},
    base_url::parse_base_url,
    invalid_config,
    observer::Observer,
};
use loggin_protocol::{Confirm, Credential, Error, PhoneNeed, link::WhatsAppNumber};

use crate::driver::{Hubs, Proxy, STREAM_SILENCE, Settings, TlsOptions, Trust, is_loopback};

/// The options of a client. What is not given comes from the environment, and then from the defaults.
#[derive(Clone, Default)]
#[must_use]
pub struct LogginBuilder {
    base_url: Option<String>,
    secret_key: Option<String>,
    app_key: Option<String>,
    whatsapp_number: Option<String>,
    timeout: Option<Duration>,
    max_retries: Option<u32>,
    call_timeout: Option<Duration>,
    allow_insecure_http: bool,
    idempotency_key: Option<String>,
    is_production: bool,
    proxy: Option<String>,
    tls: TlsOptions,
    user_agent: Option<String>,
    environment: Option<HashMap<String, String>>,
}

impl LogginBuilder {
    /// The server. `LOGGIN_BASE_URL`; `http://127.0.0.1:8787` by default.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// The app's secret key, on an app's server only. `LOGGIN_SECRET_KEY`; none by default. With the base URL of
    /// another server that sends one-time codes by the same API, that server's key.
    pub fn secret_key(mut self, key: impl Into<String>) -> Self {
        self.secret_key = Some(key.into());
        self
    }

    /// The app whose tokens are accepted; those of others are `unknown_app`. `LOGGIN_APP_KEY`, or the app of the secret
    /// key.
    ///
    /// Without any of them a client accepts tokens of the apps that it makes tokens for itself, up to 64; with a server
    /// on this machine, which is for development, all of them. Anything else is `invalid_config`, as anybody can have an
    /// app of their own on a shared server. So no request may choose the app that a token is made for.
    pub fn app_key(mut self, app_key: impl Into<String>) -> Self {
        self.app_key = Some(app_key.into());
        self
    }

    /// The number that links open a chat with. `LOGGIN_WHATSAPP_NUMBER`; without it links go through the server.
    pub fn whatsapp_number(mut self, number: impl Into<String>) -> Self {
        self.whatsapp_number = Some(number.into());
        self
    }

    /// How long a wait lasts unless it says otherwise; 300 s by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How often a call that fails in passing is repeated, 0 to 10; twice by default. Waits are not calls: they go on
    /// until their deadline.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = Some(retries);
        self
    }

    /// How long a call that is no wait takes at most, all its tries together, unless it says otherwise; 10 s by default.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = Some(timeout);
        self
    }

    /// Allows `http:` to a host other than this one. Tokens and keys then cross the network readable.
    pub fn allow_insecure_http(mut self, allow: bool) -> Self {
        self.allow_insecure_http = allow;
        self
    }

    /// Makes this client the same redeemer as others with the same key: 1 to 128 visible ASCII characters. By default
    /// each client, and each forked child, is a redeemer of its own.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// The environment says that this is production, also where the server is on this machine.
    #[doc(hidden)]
    pub fn production(mut self, is_production: bool) -> Self {
        self.is_production = is_production;
        self
    }

    /// The proxy to go through, `http://host:port` or `socks5://host:port` with a name and a password where it asks for
    /// them, or `none`. By default the environment says it, by curl's rules: `HTTPS_PROXY` for https, the lower-case
    /// `http_proxy` for http, then `ALL_PROXY`, less what `NO_PROXY` names, and never for this machine.
    pub fn proxy(mut self, proxy: impl Into<String>) -> Self {
        self.proxy = Some(proxy.into());
        self
    }

    /// A file of certificates, PEM, whose issuers are trusted beside the bundled ones: a company's own. The files that
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` name are read too.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.tls.ca_file = Some(path.into());
        self
    }

    /// The same as text.
    pub fn ca_pem(mut self, pem: impl Into<String>) -> Self {
        self.tls.ca_pem = Some(pem.into());
        self
    }

    /// A file with the certificate by which this client shows who it is, those that lead to its issuer, and its private
    /// key, all of them PEM.
    pub fn client_cert_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.tls.client_cert_file = Some(path.into());
        self
    }

    /// The same as text.
    pub fn client_cert_pem(mut self, pem: impl Into<String>) -> Self {
        self.tls.client_cert_pem = Some(pem.into());
        self
    }

    /// Variables that are read in place of the process's environment.
    #[doc(hidden)]
    pub fn environment(mut self, variables: HashMap<String, String>) -> Self {
        self.environment = Some(variables);
        self
    }

    /// How the client names itself to the server: the bindings say which language they are for.
    #[doc(hidden)]
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// Makes the client. It opens no connection before it is used.
    ///
    /// # Errors
    /// `invalid_config` where an option is malformed: a URL that is neither https nor on this machine, a number or
    /// key that is none, an app key that is not that of the secret key.
    pub fn build(self) -> Result<Loggin, Error> {
        self.build_as(true)
    }

    /// Makes a client for a device that is not the app's own, such as a phone: it waits without redeeming.
    ///
    /// # Errors
    /// Those of [`LogginBuilder::build`], and `invalid_config` where there is a secret key: whoever takes the app
    /// apart would have it.
    pub fn build_observer(self) -> Result<Observer, Error> {
        if self.secret_key.is_some() || self.variable("LOGGIN_SECRET_KEY").is_some() {
            return Err(invalid_config(
                "A secret key must not be on a device: whoever takes the app apart has it. \
                 Hand the token to the app's server, which redeems it.",
            ));
        }
        self.build_as(false).map(Observer::new)
    }

    fn build_as(self, is_redeemer: bool) -> Result<Loggin, Error> {
        let base_url = self.base_url.clone().or_else(|| self.variable("LOGGIN_BASE_URL"));
        let base_url =
            parse_base_url(base_url.as_deref().unwrap_or(DEFAULT_BASE_URL), self.allow_insecure_http)?;
        let app_key_variable = self.variable("LOGGIN_APP_KEY");
        let named = Named {
            app_key: self.app_key.as_deref(),
            variable: app_key_variable.as_deref(),
            has_secret_key: self.secret_key.is_some(),
        };
        let secret_key = self.secret_key.clone().or_else(|| self.variable("LOGGIN_SECRET_KEY"));
        let secret_key = secret_key.map(|key| parse_secret_key(&key)).transpose()?;
        let is_development = is_loopback(&base_url) && !self.is_production;
        let audience = Audience::new(&named, secret_key.as_ref(), !is_redeemer || is_development)?;
        let number = self.whatsapp_number.clone().or_else(|| self.variable("LOGGIN_WHATSAPP_NUMBER"));
        let whatsapp_number = number.map(|number| WhatsAppNumber::parse(&number)).transpose()?;
        let max_retries = self.max_retries.unwrap_or(DEFAULT_MAX_RETRIES);
        if max_retries > MAX_RETRIES {
            return Err(invalid_config("max_retries is 10 at most."));
        }
        let proxy = Proxy::choose(&base_url, self.proxy.as_deref(), &|name| self.variable(name))?;
        let is_secure = base_url.scheme() == "https" || proxy.as_ref().is_some_and(Proxy::is_https);
        let trust =
            is_secure.then(|| Trust::read(&self.tls, &|name| self.variable(name))).transpose()?.map(Arc::new);
        let user_agent =
            self.user_agent.unwrap_or_else(|| concat!("loggin-rust/", env!("CARGO_PKG_VERSION")).into());
        let way = proxy.as_ref().map_or_else(|| "by itself".to_owned(), |proxy| format!("through {proxy}"));
        log::debug!(target: "loggin", "a client of {base_url} connects {way}");
        let settings = Settings {
            base_url,
            secret_key,
            app_key: audience.app_key(),
            proxy,
            trust,
            is_redeemer,
            least: Confirm::None,
            need: PhoneNeed::Required,
            return_to: None,
            user_agent,
            max_retries,
            call_timeout: self.call_timeout.unwrap_or(DEFAULT_CALL_TIMEOUT),
            idempotency_key: self.idempotency_key.map(check_idempotency_key).transpose()?,
            stream_silence: STREAM_SILENCE,
        };
        let hubs = Hubs::new(Arc::new(settings))?;
        let timeout = self.timeout.unwrap_or(DEFAULT_TIMEOUT);
        Ok(Loggin::of(Arc::new(Inner { hubs, audience, whatsapp_number, timeout })))
    }

    /// A variable of the environment; an empty one counts as none.
    fn variable(&self, name: &str) -> Option<String> {
        let value = match &self.environment {
            Some(variables) => variables.get(name).cloned(),
            None => env::var(name).ok(),
        };
        value.filter(|value| !value.trim().is_empty())
    }
}

impl fmt::Debug for LogginBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LogginBuilder").finish_non_exhaustive()
    }
}

fn parse_secret_key(text: &str) -> Result<Credential, Error> {
    Credential::parse(text).ok_or_else(|| {
        invalid_config("The secret key does not have the form lgsk_, app key, _ and 32 symbols.")
    })
}

fn check_idempotency_key(key: String) -> Result<String, Error> {
    if (1..=MAX_IDEMPOTENCY_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(key);
    }
    Err(invalid_config("An idempotency key is 1 to 128 visible ASCII characters."))
}
