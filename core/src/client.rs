//! The client: one method for each thing a user wants to do.

mod audience;
mod base_url;

use std::{collections::HashMap, convert::Infallible, env, fmt, sync::Arc, time::Duration};

use audience::{Audience, Named};
use base_url::parse_base_url;

use crate::{
    driver::{self, ClientState, Hub, Hubs, Pending, Proxy, STREAM_SILENCE, Settings, is_loopback},
    error::{Error, ErrorCode},
    link::{self, WhatsAppNumber},
    observer::Observer,
    otp::Otp,
    qr,
    session::Session,
    token::{AppKey, Code, Credential, Token},
};

/// The local server that `loggin-server dev` starts.
pub const DEFAULT_BASE_URL: &str = "http://127.0.0.1:8787";

/// How long a wait lasts: the server ends a login after the same time.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// How long a call that is no wait takes, all its tries together.
pub const DEFAULT_CALL_TIMEOUT: Duration = driver::CALL_TIMEOUT;

/// How often a call that fails in passing is repeated.
pub const DEFAULT_MAX_RETRIES: u32 = 2;

/// Most repetitions that may be asked for: beyond them a caller waits for minutes without knowing.
pub const MAX_RETRIES: u32 = 10;

/// Longest idempotency key, in bytes: what fits in any store's index.
pub const MAX_IDEMPOTENCY_KEY: usize = 128;

/// A client of one Loggin server: makes tokens, waits for logins, redeems tokens.
///
/// It is cheap to clone, and all clones share their streams: thousands of waits need a handful of connections. It may
/// be used from any thread, and in a forked child.
///
/// ```no_run
/// use loggin::Loggin;
///
/// let client = Loggin::from_env()?;
/// let login = client.create_token("8XKPQ2WN")?;
/// println!("Open {} and tap Send", login.link);
/// let session = client.wait_for_verify(login.token)?;
/// println!("{} signed in to {}", session.phone.expose(), session.app_key);
/// # Ok::<(), loggin::Error>(())
/// ```
#[derive(Clone)]
pub struct Loggin {
    inner: Arc<Inner>,
}

struct Inner {
    hubs: Hubs,
    audience: Audience,
    whatsapp_number: Option<WhatsAppNumber>,
    timeout: Duration,
}

/// A new login: its secret token and the link that the person opens.
///
/// `Debug` shows neither the token nor the code.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreatedToken {
    /// The secret that redeems the login. Keep it; never show it.
    pub token: Token,
    /// Opens WhatsApp with the message written; it holds the code, not the token.
    pub link: String,
    /// The public half, which the message carries.
    pub code: Code,
}

impl CreatedToken {
    /// The link as a QR picture, SVG.
    ///
    /// # Errors
    /// `invalid_request` where the link is too long for a QR picture.
    pub fn qr_svg(&self) -> Result<String, Error> {
        qr::svg(&self.link)
    }

    /// The link as a QR picture of characters, for a terminal.
    ///
    /// # Errors
    /// `invalid_request` where the link is too long for a QR picture.
    pub fn qr_terminal(&self) -> Result<String, Error> {
        qr::terminal(&self.link)
    }
}

impl fmt::Debug for CreatedToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CreatedToken").field("app_key", &self.token.app_key()).finish_non_exhaustive()
    }
}

impl Loggin {
    /// A client set up by the environment: `LOGGIN_BASE_URL`, `LOGGIN_APP_KEY`, `LOGGIN_SECRET_KEY` and
    /// `LOGGIN_WHATSAPP_NUMBER`.
    ///
    /// # Errors
    /// `invalid_config` where one of them is malformed.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// Begins a client whose options are given in code. What is not given comes from the environment.
    pub fn builder() -> LogginBuilder {
        LogginBuilder::default()
    }

    /// Makes a login for an app, offline.
    ///
    /// # Errors
    /// `invalid_app_key` where the app key is malformed.
    pub fn create_token(&self, app_key: &str) -> Result<CreatedToken, Error> {
        self.create(app_key, None)
    }

    /// Makes a login whose message has a text of its own.
    ///
    /// The text must contain `{code}` once, be at most 200 characters long with the code filled in, and have no `+`
    /// and no emoji.
    ///
    /// # Errors
    /// `invalid_app_key` where the app key is malformed, `invalid_request` where the text is.
    pub fn create_token_with_text(&self, app_key: &str, text: &str) -> Result<CreatedToken, Error> {
        self.create(app_key, Some(text))
    }

    fn create(&self, app_key: &str, text: Option<&str>) -> Result<CreatedToken, Error> {
        let token = Token::from_secret(AppKey::parse(app_key)?, driver::random()?);
        let code = token.code();
        let text = link::message_text(text, &code)?;
        let link = match self.inner.whatsapp_number {
            Some(number) => link::wa_me_link(number, &text),
            None => link::server_link(&self.hub()?.settings().base_url, &code),
        };
        self.inner.audience.note_made(token.app_key());
        Ok(CreatedToken { token, link, code })
    }

    /// Blocks until the person has signed in, for 300 s at most unless the client was set up otherwise.
    ///
    /// # Errors
    /// `invalid_token` at once where the token is malformed. `timeout` at the deadline. `expired`, `already_used`,
    /// `denied`, `phone_hidden`, `unknown_app` or `unauthorized` as the server says. `closed` when the client is.
    /// A server that is away is waited for. `unknown_app` at once for a token of another app, and `invalid_config` where
    /// nothing says whose tokens are accepted: see [`LogginBuilder::app_key`].
    pub fn wait_for_verify<T: TryInto<Token, Error: Into<Error>>>(&self, token: T) -> Result<Session, Error> {
        self.wait_for_verify_async(token).wait()
    }

    /// Waits until the person has signed in. The future needs no particular runtime; dropping it ends the wait.
    ///
    /// # Errors
    /// Those of [`Loggin::wait_for_verify`].
    pub fn wait_for_verify_async<T: TryInto<Token, Error: Into<Error>>>(&self, token: T) -> Pending<Session> {
        self.start_wait(token, None)
    }

    /// Begins a wait with a deadline of its own.
    ///
    /// # Errors
    /// Those of [`Loggin::wait_for_verify`], from the returned value.
    pub fn start_wait<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
        timeout: Option<Duration>,
    ) -> Pending<Session> {
        let patience = timeout.unwrap_or(self.timeout());
        match self.admit(token) {
            Ok((token, hub)) => hub.wait(token, patience),
            Err(error) => Pending::settled(Err(error)),
        }
    }

    /// Redeems a token, as an app's server does with the one that a browser hands in. `None` while nobody has signed
    /// in.
    ///
    /// # Errors
    /// `invalid_token` where the token is malformed. `expired`, `already_used`, `denied`, `phone_hidden`,
    /// `unknown_app`, `unauthorized` or `rate_limited` as the server says. `connection` where it is not reached
    /// within the retries. `unknown_app` and `invalid_config` at once, as for [`Loggin::wait_for_verify`].
    pub fn verify_token<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
    ) -> Result<Option<Session>, Error> {
        self.verify_token_within(token, None)
    }

    /// Redeems a token, for so long at most with all tries.
    ///
    /// # Errors
    /// Those of [`Loggin::verify_token`]; `connection` where the time is up.
    pub fn verify_token_within<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
        timeout: Option<Duration>,
    ) -> Result<Option<Session>, Error> {
        let (token, hub) = self.admit(token)?;
        hub.make(hub.verify_call(&token, timeout)?, driver::reader_of(token))
    }

    /// Redeems a token without blocking the caller's thread.
    ///
    /// # Errors
    /// Those of [`Loggin::verify_token`], from the returned value.
    pub fn verify_token_async<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
    ) -> Pending<Option<Session>> {
        self.start_verify(token, None)
    }

    /// Begins to redeem a token, for so long at most with all tries.
    ///
    /// # Errors
    /// Those of [`Loggin::verify_token`], from the returned value; `connection` where the time is up.
    pub fn start_verify<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
        timeout: Option<Duration>,
    ) -> Pending<Option<Session>> {
        match self.admit(token) {
            Ok((token, hub)) => hub.begin(hub.verify_call(&token, timeout), driver::reader_of(token)),
            Err(error) => Pending::settled(Err(error)),
        }
    }

    /// A token that this client may ask about, and what asks.
    pub(crate) fn admit<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
    ) -> Result<(Token, &Arc<Hub>), Error> {
        let token = token.try_into().map_err(Into::into)?;
        self.inner.audience.check(&token)?;
        Ok((token, self.hub()?))
    }

    /// How long a wait lasts that does not say otherwise.
    pub(crate) fn timeout(&self) -> Duration {
        self.inner.timeout
    }

    /// One-time codes over WhatsApp: sends a code to a phone, and checks the one that was typed. It needs the app's
    /// secret key.
    pub fn otp(&self) -> Otp {
        Otp::of(self.clone())
    }

    /// How the client stands to its server, without asking it.
    pub fn state(&self) -> ClientState {
        self.hub().map_or_else(|_| ClientState::default(), |hub| hub.client_state())
    }

    /// Ends every wait and call of this client and its clones with `closed`; later ones end the same way.
    pub fn close(&self) {
        if let Ok(hub) = self.hub() {
            hub.close();
        }
    }

    pub(crate) fn hub(&self) -> Result<&Arc<Hub>, Error> {
        self.inner.hubs.current()
    }
}

impl fmt::Debug for Loggin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Loggin").finish_non_exhaustive()
    }
}

impl TryFrom<&str> for Token {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl TryFrom<&String> for Token {
    type Error = Error;

    fn try_from(text: &String) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

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
        let user_agent =
            self.user_agent.unwrap_or_else(|| concat!("loggin-rust/", env!("CARGO_PKG_VERSION")).into());
        let settings = Settings {
            base_url,
            secret_key,
            app_key: audience.app_key(),
            proxy,
            is_redeemer,
            user_agent,
            max_retries,
            call_timeout: self.call_timeout.unwrap_or(DEFAULT_CALL_TIMEOUT),
            idempotency_key: self.idempotency_key.map(check_idempotency_key).transpose()?,
            stream_silence: STREAM_SILENCE,
        };
        let hubs = Hubs::new(Arc::new(settings))?;
        let timeout = self.timeout.unwrap_or(DEFAULT_TIMEOUT);
        Ok(Loggin { inner: Arc::new(Inner { hubs, audience, whatsapp_number, timeout }) })
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

fn invalid_config(message: &str) -> Error {
    Error::new(ErrorCode::InvalidConfig, message)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_options_are_named_when_the_client_is_built() {
        let builders = [
            Loggin::builder().secret_key("lgsk_8XKPQ2WN_short"),
            Loggin::builder().secret_key("LGN1_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK"),
            Loggin::builder().secret_key("sk_live_too_short"[..15].to_owned()),
            Loggin::builder().secret_key("sk_live_with a space"),
            Loggin::builder().whatsapp_number("0123"),
            Loggin::builder().max_retries(11),
            Loggin::builder().idempotency_key(""),
            Loggin::builder().idempotency_key("line\nbreak"),
            Loggin::builder().proxy("ftp://proxy.example"),
            Loggin::builder().proxy("http://%ff@proxy.example"),
        ];
        for builder in builders {
            assert_eq!(builder.build().unwrap_err().code(), ErrorCode::InvalidConfig);
        }
    }

    #[test]
    fn tokens_are_new_each_time_and_their_links_hold_the_code_only() {
        let client = Loggin::builder().whatsapp_number("+1 555 000 1111").build().unwrap();
        let (one, two) = (client.create_token("8xkpq2wn").unwrap(), client.create_token("8XKPQ2WN").unwrap());
        assert!(one.token != two.token);
        assert!(one.link.starts_with("https://wa.me/15550001111?text=Send%20this%20message"));
        assert!(one.link.ends_with(&one.code.expose()));
        assert!(!one.link.contains(&one.token.expose()[14..]));
        let client = Loggin::builder().base_url("https://login.example/wa").build().unwrap();
        let login = client.create_token("8XKPQ2WN").unwrap();
        assert_eq!(login.link, format!("https://login.example/wa/l/{}", login.code.expose()));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let key = "lgsk_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK";
        let builder = Loggin::builder().secret_key(key).idempotency_key("hidden-key");
        let client = builder.clone().build().unwrap();
        let login = client.create_token("8XKPQ2WN").unwrap();
        let shown =
            format!("{builder:?} {client:?} {login:?} {:?}", client.inner.hubs.current().unwrap().settings());
        for secret in [&key[14..], "hidden-key", &login.token.expose()[14..], &login.code.expose()[9..]] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn a_malformed_token_is_refused_without_a_server() {
        let client = Loggin::builder().base_url("http://127.0.0.1:1").build().unwrap();
        assert_eq!(client.wait_for_verify("lgn1_").unwrap_err().code(), ErrorCode::InvalidToken);
        assert_eq!(client.verify_token("lgn1_").unwrap_err().code(), ErrorCode::InvalidToken);
    }

    #[test]
    fn away_from_this_machine_or_in_production_a_client_accepts_tokens_of_its_own_apps() {
        let theirs = Loggin::builder().build().unwrap().create_token("ABCDEFGH").unwrap().token;
        for builder in [
            Loggin::builder().base_url("https://127.0.0.1.example"),
            Loggin::builder().base_url("http://127.0.0.1:1").production(true),
        ] {
            let client = builder.max_retries(0).timeout(Duration::ZERO).build().unwrap();
            let ours = client.create_token("8XKPQ2WN").unwrap().token;
            assert_eq!(client.wait_for_verify(ours).unwrap_err().code(), ErrorCode::Timeout);
            assert_eq!(client.wait_for_verify(theirs).unwrap_err().code(), ErrorCode::InvalidConfig);
            assert_eq!(client.verify_token(theirs).unwrap_err().code(), ErrorCode::InvalidConfig);
            assert_eq!(
                client.verify_token_async(theirs).wait().unwrap_err().code(),
                ErrorCode::InvalidConfig
            );
        }
        let client =
            Loggin::builder().base_url("http://127.0.0.1:1").timeout(Duration::ZERO).build().unwrap();
        assert_eq!(client.wait_for_verify(theirs).unwrap_err().code(), ErrorCode::Timeout);
    }

    #[test]
    fn a_stream_may_be_silent_for_three_signs_of_life() {
        let client = Loggin::builder().build().unwrap();
        let settings = client.inner.hubs.current().unwrap().settings();
        assert_eq!(settings.stream_silence, Duration::from_secs(45));
    }

    #[test]
    fn a_closed_client_says_so() {
        let client = Loggin::builder().build().unwrap();
        let login = client.create_token("8XKPQ2WN").unwrap();
        client.close();
        assert_eq!(client.wait_for_verify(login.token).unwrap_err().code(), ErrorCode::Closed);
        assert_eq!(client.verify_token(login.token).unwrap_err().code(), ErrorCode::Closed);
    }
}
