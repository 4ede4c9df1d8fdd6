//! The client: one method for each thing a user wants to do.

mod audience;
mod base_url;
mod builder;
mod confirm;
mod denied;
mod observer;
mod otp;
mod state;
mod status;

use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use audience::Audience;
pub use builder::LogginBuilder;
use loggin_protocol::{
    AppKey, Code, Confirm, Error, ErrorCode, PhoneNeed, PhoneNumber, Session, SessionPhone, Token,
    link::{self, WhatsAppNumber},
    wire::MAX_RETURN_TO,
};
pub use observer::Observer;
#[doc(hidden)]
pub use otp::client_ip_of;
pub use otp::{Meta, Otp, OtpRequest, OtpResult, OtpSession};
pub use state::ClientState;
pub use status::LoginStatus;

use crate::driver::{self, Hub, Hubs, Pending, Watch};

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
/// `P` is what its sessions know of the phone: [`Loggin::phone_optional`] gives a client that also signs in people who hide
/// theirs.
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
pub struct Loggin<P: SessionPhone = PhoneNumber> {
    inner: Arc<Inner>,
    /// The least confirmation that this clone accepts.
    least: Confirm,
    /// Whether this clone needs the phone. One of which the sessions are without may all the same.
    need: PhoneNeed,
    /// The page where the logins of its waits begin, where the message in WhatsApp is to lead back.
    return_to: Option<Arc<str>>,
    sessions: PhantomData<fn() -> P>,
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
    /// The link as a QR code, SVG.
    ///
    /// # Errors
    /// `invalid_request` where the link is too long for a QR code.
    #[cfg(feature = "qr")]
    pub fn qr_svg(&self) -> Result<String, Error> {
        crate::qr::svg(&self.link)
    }

    /// The link as a QR code of characters, for a terminal.
    ///
    /// # Errors
    /// `invalid_request` where the link is too long for a QR code.
    #[cfg(feature = "qr")]
    pub fn qr_terminal(&self) -> Result<String, Error> {
        crate::qr::terminal(&self.link)
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

    fn of(inner: Arc<Inner>) -> Self {
        Self {
            inner,
            least: Confirm::None,
            need: PhoneNeed::Required,
            return_to: None,
            sessions: PhantomData,
        }
    }
}

impl<P: SessionPhone> Loggin<P> {
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
    pub fn wait_for_verify<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
    ) -> Result<Session<P>, Error> {
        self.wait_for_verify_async(token).wait()
    }

    /// Waits until the person has signed in. The future needs no particular runtime; dropping it ends the wait.
    ///
    /// # Errors
    /// Those of [`Loggin::wait_for_verify`].
    pub fn wait_for_verify_async<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
    ) -> Pending<Session<P>> {
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
    ) -> Pending<Session<P>> {
        let patience = timeout.unwrap_or(self.timeout());
        match self.admit_wait(token) {
            Ok((token, hub)) => hub.wait(token, patience),
            Err(error) => Pending::settled(Err(error)),
        }
    }

    /// Begins a wait that also tells how far the login has come, such as that a person has to type a code now
    /// ([`Loggin::confirm`]). It redeems as every wait of this client does.
    ///
    /// ```no_run
    /// use loggin::{Loggin, Progress, Update};
    ///
    /// let client = Loggin::from_env()?;
    /// let login = client.create_token("8XKPQ2WN")?;
    /// let watch = client.watch(login.token, None);
    /// let session = loop {
    ///     match watch.wait_next()? {
    ///         Update::Progress(Progress::AwaitingConfirmation) => println!("Type the code that WhatsApp shows"),
    ///         Update::Progress(_) => {}
    ///         Update::Verified(session) => break session,
    ///     }
    /// };
    /// # Ok::<(), loggin::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Loggin::wait_for_verify`], from [`Watch::next`] and [`Watch::wait_next`].
    pub fn watch<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
        timeout: Option<Duration>,
    ) -> Watch<Session<P>> {
        match self.admit_wait(token) {
            Ok((token, hub)) => hub.watch(token, timeout.unwrap_or(self.timeout())),
            Err(error) => Watch::failed(error),
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
    ) -> Result<Option<Session<P>>, Error> {
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
    ) -> Result<Option<Session<P>>, Error> {
        let (token, hub) = self.admit(token)?;
        hub.make(hub.verify_call(&token, timeout)?, driver::reader_of(token, self.least, self.need))
    }

    /// Redeems a token without blocking the caller's thread.
    ///
    /// # Errors
    /// Those of [`Loggin::verify_token`], from the returned value.
    pub fn verify_token_async<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
    ) -> Pending<Option<Session<P>>> {
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
    ) -> Pending<Option<Session<P>>> {
        match self.admit(token) {
            Ok((token, hub)) => {
                let reader = driver::reader_of(token, self.least, self.need);
                hub.begin(hub.verify_call(&token, timeout), reader)
            }
            Err(error) => Pending::settled(Err(error)),
        }
    }

    /// This client, accepting no less than this as confirmation of the logins that it waits for, watches and redeems. A
    /// login that was verified with less is confirmed first: [`Loggin::watch`] tells what the page has to ask for or to show.
    ///
    /// It asks for more only: what the app itself asks for is never undercut. Both are one redeemer, and closing either
    /// closes both.
    ///
    /// ```no_run
    /// use loggin::{Confirm, Loggin, Progress, Update};
    ///
    /// let client = Loggin::from_env()?.asking(Confirm::Match);
    /// let login = client.create_token("8XKPQ2WN")?;
    /// let watch = client.watch(login.token, None);
    /// let session = loop {
    ///     match watch.wait_next()? {
    ///         Update::Progress(Progress::AwaitingMatch(digits)) => println!("Tap {digits} in WhatsApp"),
    ///         Update::Progress(_) => {}
    ///         Update::Verified(session) => break session,
    ///     }
    /// };
    /// assert!(session.confirmation >= Confirm::Match);
    /// # Ok::<(), loggin::Error>(())
    /// ```
    ///
    /// # Errors
    /// Of its waits and calls: `already_used` where the login was redeemed with less; `invalid_response` where the server
    /// is of a version that does not know the confirmation.
    #[must_use = "the client that it is called on stays as it is"]
    pub fn asking(&self, confirm: Confirm) -> Self {
        self.asking_as(self.least.max(confirm), self.need)
    }

    /// This client, also signing in people who hide their phone number in WhatsApp: the phone of its sessions is an
    /// `Option`. The app must be set up for it (`require_phone = false`); the key of its users is [`Session::subject`].
    ///
    /// For a client that requires the phone, the login of such a person is `phone_hidden`. It is not spent by that: this
    /// client can redeem the same token. Both are one redeemer, and closing either closes both.
    ///
    /// ```no_run
    /// use loggin::Loggin;
    ///
    /// let client = Loggin::from_env()?.phone_optional();
    /// let login = client.create_token("8XKPQ2WN")?;
    /// let session = client.wait_for_verify(login.token)?;
    /// let phone = session.phone.as_ref().map_or("no number", |phone| phone.expose());
    /// println!("{} signed in, with {phone}", session.subject.expose());
    /// # Ok::<(), loggin::Error>(())
    /// ```
    #[must_use = "the client that it is called on stays as it is"]
    pub fn phone_optional(&self) -> Loggin<Option<PhoneNumber>> {
        self.asking_as(self.least, PhoneNeed::Optional)
    }

    /// This client for a call of another language, whose own types say whether there is always a phone. What a call does not
    /// say is as for the client.
    #[doc(hidden)]
    pub fn asking_for(
        &self,
        confirm: Option<Confirm>,
        require_phone: Option<bool>,
        return_to: Option<&str>,
    ) -> Loggin<Option<PhoneNumber>> {
        let need = require_phone.map_or(self.need, PhoneNeed::of);
        let asking = self.asking_as(self.least.max(confirm.unwrap_or_default()), need);
        return_to.map_or_else(|| asking.clone(), |page| asking.returning_to(page))
    }

    fn asking_as<Q: SessionPhone>(&self, least: Confirm, need: PhoneNeed) -> Loggin<Q> {
        let (inner, return_to) = (Arc::clone(&self.inner), self.return_to.clone());
        Loggin { inner, least, need, return_to, sessions: PhantomData }
    }

    /// This client, for logins that began at this page on the person's own phone: where the app asks for `code`, the message
    /// with the digits has a link to the page, or to the app that opens it, as well.
    ///
    /// The page is of an origin that the app allows, without query and fragment and of at most 200 characters; the server
    /// passes over any other, and the digits do as ever. What the link brings stands behind `#loggin=` in its fragment:
    /// [`Loggin::confirm`] takes it in place of the digits, with the token that the page's browser or the app has kept. Its
    /// waits and watches say where they began; calls do not. Each page has a connection of its own: of more than 64 at a time,
    /// logins go on without a link. Both are one redeemer, and closing either closes both.
    ///
    /// ```no_run
    /// # let brought = "";
    /// use loggin::{Confirm, Loggin};
    ///
    /// let client = Loggin::from_env()?.asking(Confirm::Code).returning_to("https://shop.example/login");
    /// let login = client.create_token("8XKPQ2WN")?;
    /// let wait = client.start_wait(login.token, None);
    /// // The page hands in what stands behind `#loggin=`:
    /// client.confirm(login.token, brought)?;
    /// let session = wait.wait()?;
    /// # Ok::<(), loggin::Error>(())
    /// ```
    #[must_use = "the client that it is called on stays as it is"]
    pub fn returning_to(&self, page: &str) -> Self {
        let page = (page.chars().count() <= MAX_RETURN_TO).then(|| Arc::from(page));
        Self { return_to: page, ..self.clone() }
    }

    /// A token that this client may ask about, and what asks.
    pub(crate) fn admit<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
    ) -> Result<(Token, &Arc<Hub>), Error> {
        let token = token.try_into().map_err(Into::into)?;
        self.inner.audience.check(&token)?;
        Ok((token, self.hub()?.asking(self.least, self.need)?))
    }

    /// The same for a wait, whose message may lead back to a page.
    pub(crate) fn admit_wait<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
    ) -> Result<(Token, Arc<Hub>), Error> {
        let (token, hub) = self.admit(token)?;
        Ok((token, hub.returning_to(self.return_to.as_ref(), token.app_key())?))
    }

    /// How long a wait lasts that does not say otherwise.
    pub(crate) fn timeout(&self) -> Duration {
        self.inner.timeout
    }

    /// One-time codes over WhatsApp: sends a code to a phone, and checks the one that was typed. It needs the app's
    /// secret key.
    pub fn otp(&self) -> Otp {
        Otp::of(self.asking_as(self.least, PhoneNeed::Required))
    }

    /// The URL of its server, with a slash at its end.
    pub fn base_url(&self) -> &str {
        self.inner.hubs.settings().base_url.as_str()
    }

    /// The app whose tokens it accepts, where the options or the environment say it.
    #[doc(hidden)]
    pub fn app_key(&self) -> Option<AppKey> {
        self.inner.hubs.settings().app_key
    }

    /// How the client stands to its server, without asking it.
    pub fn state(&self) -> ClientState {
        let Ok(hub) = self.hub() else { return ClientState::default() };
        let proxy = hub.settings().proxy.as_ref().map(ToString::to_string);
        ClientState::new(hub.reached(), proxy)
    }

    /// Has all waits connect anew, at once, and learn what has happened meanwhile: call it when the network has changed.
    ///
    /// A connection that died without a word is else noticed after 45 s of silence. Where the platform tells that the
    /// computer was asleep (Linux, Android, Apple's, Windows), the client does this by itself, within a second. The waits'
    /// deadlines count the sleep.
    pub fn resume(&self) {
        if let Ok(hub) = self.hub() {
            hub.resume();
        }
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

fn invalid_config(message: &str) -> Error {
    Error::new(ErrorCode::InvalidConfig, message)
}

impl<P: SessionPhone> fmt::Debug for Loggin<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Loggin");
        shown.field("base_url", &self.base_url());
        shown.field("app_key", &self.app_key().map(|key| key.to_string()));
        shown.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loggin_protocol::ErrorCode;

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
