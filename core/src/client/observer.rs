//! The client for devices: it makes tokens and waits for logins, and leaves redeeming to the app's server.

use std::{fmt, time::Duration};

use loggin_protocol::{Confirm, Error, Observed, Token};

use super::{ClientState, CreatedToken, Loggin, LoginStatus};
use crate::driver::{Pending, Watch};

/// A client that only observes: for a phone, where no secret key may be.
///
/// It is told when a login is verified; the app's server, which is handed the token, redeems it and decides who is
/// signed in. It is cheap to clone, and all clones share their streams.
///
/// ```no_run
/// use loggin::Loggin;
///
/// let client = Loggin::builder().base_url("https://login.example").build_observer()?;
/// let login = client.create_token("8XKPQ2WN")?;
/// client.start_wait(login.token, None).wait()?;
/// // Now the app's server can redeem the token.
/// # Ok::<(), loggin::Error>(())
/// ```
#[derive(Clone)]
pub struct Observer {
    client: Loggin,
}

impl Observer {
    pub(crate) fn new(client: Loggin) -> Self {
        Self { client }
    }

    /// Makes a login for an app, offline.
    ///
    /// # Errors
    /// `invalid_app_key` where the app key is malformed.
    pub fn create_token(&self, app_key: &str) -> Result<CreatedToken, Error> {
        self.client.create_token(app_key)
    }

    /// Makes a login whose message has a text of its own: see [`Loggin::create_token_with_text`].
    ///
    /// # Errors
    /// `invalid_app_key` where the app key is malformed, `invalid_request` where the text is.
    pub fn create_token_with_text(&self, app_key: &str, text: &str) -> Result<CreatedToken, Error> {
        self.client.create_token_with_text(app_key, text)
    }

    /// Begins to wait until the person has signed in, for `timeout`, or as long as the client was set up for.
    ///
    /// # Errors
    /// Those of [`Loggin::wait_for_verify`], from the returned value, except `unauthorized` for want of a key. Where no
    /// app key is set, the login of any app is observed.
    pub fn start_wait<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
        timeout: Option<Duration>,
    ) -> Pending<Observed> {
        match self.client.admit_wait(token) {
            Ok((token, hub)) => hub.wait(token, timeout.unwrap_or(self.client.timeout())),
            Err(error) => Pending::settled(Err(error)),
        }
    }

    /// Begins a wait that also tells how far the login has come.
    ///
    /// # Errors
    /// Those of [`Observer::start_wait`], from [`Watch::next`].
    pub fn watch<T: TryInto<Token, Error: Into<Error>>>(&self, token: T, timeout: Option<Duration>) -> Watch {
        match self.client.admit_wait(token) {
            Ok((token, hub)) => hub.watch(token, timeout.unwrap_or(self.client.timeout())),
            Err(error) => Watch::failed(error),
        }
    }

    /// This client, accepting no less than this as confirmation: see [`Loggin::asking`].
    #[must_use = "the client that it is called on stays as it is"]
    pub fn asking(&self, confirm: Confirm) -> Self {
        Self { client: self.client.asking(confirm) }
    }

    /// This client, for logins that began at this page or in the app that opens it: see [`Loggin::returning_to`].
    #[must_use = "the client that it is called on stays as it is"]
    pub fn returning_to(&self, page: &str) -> Self {
        Self { client: self.client.returning_to(page) }
    }

    /// This client for a call of another language, which may leave either out.
    #[doc(hidden)]
    #[must_use = "the client that it is called on stays as it is"]
    pub fn asking_for(&self, confirm: Option<Confirm>, return_to: Option<&str>) -> Self {
        let asking = self.asking(confirm.unwrap_or_default());
        return_to.map_or_else(|| asking.clone(), |page| asking.returning_to(page))
    }

    /// Begins to hand in the digits that WhatsApp showed: see [`Loggin::start_confirm`].
    ///
    /// # Errors
    /// Those of [`Loggin::confirm`], from the returned value.
    pub fn start_confirm<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
        confirmation_code: &str,
        timeout: Option<Duration>,
    ) -> Pending<()> {
        self.client.start_confirm(token, confirmation_code, timeout)
    }

    /// Begins to ask how far a login has come: see [`Loggin::start_status`].
    ///
    /// # Errors
    /// Those of [`Loggin::status`], from the returned value.
    pub fn start_status<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
        timeout: Option<Duration>,
    ) -> Pending<LoginStatus> {
        self.client.start_status(token, timeout)
    }

    /// Hangs up, for a program that is about to be frozen. Waits go on, with their deadlines, and are told nothing
    /// until [`Observer::resume`].
    pub fn suspend(&self) {
        if let Ok(hub) = self.client.hub() {
            hub.suspend();
        }
    }

    /// Connects anew, at once, and learns what has happened meanwhile: for a program that was frozen, or whose network
    /// has changed.
    pub fn resume(&self) {
        self.client.resume();
    }

    /// How the client stands to its server, without asking it.
    pub fn state(&self) -> ClientState {
        self.client.state()
    }

    /// Ends every wait of this client and its clones with `closed`; later waits end the same way.
    pub fn close(&self) {
        self.client.close();
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Observer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loggin_protocol::ErrorCode;

    #[test]
    fn a_secret_key_is_refused() {
        let key = "lgsk_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK";
        let error = Loggin::builder().secret_key(key).build_observer().unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidConfig);
        assert!(!error.message().contains(&key[14..]));
    }

    #[test]
    fn a_malformed_token_is_refused_without_a_server() {
        let client = Loggin::builder().base_url("http://127.0.0.1:1").build_observer().unwrap();
        let outcome = client.start_wait("lgn1_", None).wait();
        assert_eq!(outcome.unwrap_err().code(), ErrorCode::InvalidToken);
    }

    #[test]
    fn a_token_of_another_app_is_refused_where_the_app_is_named_and_otherwise_observed() {
        let builder = Loggin::builder().base_url("https://127.0.0.1.example").timeout(Duration::ZERO);
        let any = builder.clone().build_observer().unwrap();
        let ours = builder.app_key("8XKPQ2WN").build_observer().unwrap();
        let theirs = any.create_token("ABCDEFGH").unwrap().token;
        assert_eq!(any.start_wait(theirs, None).wait().unwrap_err().code(), ErrorCode::Timeout);
        assert_eq!(ours.start_wait(theirs, None).wait().unwrap_err().code(), ErrorCode::UnknownApp);
    }

    #[test]
    fn a_cancelled_wait_ends_for_whoever_waits_and_for_nobody_else() {
        let client = Loggin::builder().build_observer().unwrap();
        let login = client.create_token("8XKPQ2WN").unwrap();
        let (cancelled, other) = (client.start_wait(login.token, None), client.start_wait(login.token, None));
        cancelled.cancel();
        assert_eq!(cancelled.result().unwrap().unwrap_err().code(), ErrorCode::Closed);
        assert_eq!(other.result(), None);
    }

    #[test]
    fn a_closed_observer_says_so() {
        let client = Loggin::builder().build_observer().unwrap();
        let login = client.create_token("8XKPQ2WN").unwrap();
        let wait = client.start_wait(login.token, None);
        client.close();
        assert_eq!(wait.wait().unwrap_err().code(), ErrorCode::Closed);
        assert_eq!(client.start_wait(login.token, None).wait().unwrap_err().code(), ErrorCode::Closed);
    }
}
