//! The digits that WhatsApp showed, typed where the login began: for apps that ask for a confirmation code.

use std::time::Duration;

use super::Loggin;
use loggin_protocol::{
    Error, SessionPhone, Token,
    wire::{CONFIRM_PATH, ConfirmRequest, ConfirmResponse},
};

use crate::driver::{self, Call, Hub, Pending};

impl<P: SessionPhone> Loggin<P> {
    /// Hands in the digits that WhatsApp showed, or what its link brought ([`Loggin::returning_to`]), for a login that is
    /// [`crate::Progress::AwaitingConfirmation`] (apps with `confirm = code`). It is verified then, and its waits end. It needs
    /// no secret key.
    ///
    /// ```no_run
    /// # let (token, typed) = ("lgn1_", "");
    /// use loggin::{ErrorCode, Loggin};
    ///
    /// let client = Loggin::from_env()?;
    /// match client.confirm(token, typed) {
    ///     Ok(()) => println!("signed in"),
    ///     Err(error) if error.code() == ErrorCode::InvalidCode => println!("{:?} tries left", error.attempts_left()),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok::<(), loggin::Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_code`, with the tries that are left, where the digits are wrong; `blocked` after too many tries;
    /// `expired` where they come too late; `invalid_request` where the login asks for none, or not yet. `invalid_token`,
    /// `unknown_app` and `invalid_config` at once, as for [`Loggin::wait_for_verify`]. `connection` where the server is not
    /// reached within the retries.
    pub fn confirm<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
        confirmation_code: &str,
    ) -> Result<(), Error> {
        self.confirm_within(token, confirmation_code, None)
    }

    /// The same, for so long at most with all tries.
    ///
    /// # Errors
    /// Those of [`Loggin::confirm`]; `connection` where the time is up.
    pub fn confirm_within<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
        confirmation_code: &str,
        timeout: Option<Duration>,
    ) -> Result<(), Error> {
        let (token, hub) = self.admit(token)?;
        hub.make(confirm_call(hub, &token, confirmation_code, timeout)?, read_confirmed)
    }

    /// The same without blocking the caller's thread.
    ///
    /// # Errors
    /// Those of [`Loggin::confirm`], from the returned value.
    pub fn confirm_async<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
        confirmation_code: &str,
    ) -> Pending<()> {
        self.start_confirm(token, confirmation_code, None)
    }

    /// Begins to hand the digits in, for so long at most with all tries.
    ///
    /// # Errors
    /// Those of [`Loggin::confirm`], from the returned value; `connection` where the time is up.
    pub fn start_confirm<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
        confirmation_code: &str,
        timeout: Option<Duration>,
    ) -> Pending<()> {
        match self.admit(token) {
            Ok((token, hub)) => {
                hub.begin(confirm_call(hub, &token, confirmation_code, timeout), read_confirmed)
            }
            Err(error) => Pending::settled(Err(error)),
        }
    }
}

fn confirm_call(hub: &Hub, token: &Token, code: &str, timeout: Option<Duration>) -> Result<Call, Error> {
    let request = ConfirmRequest { token: token.expose(), confirmation_code: code.to_owned() };
    hub.token_call(CONFIRM_PATH, &request, timeout)
}

fn read_confirmed(body: &[u8]) -> Result<(), Error> {
    driver::read_body(body).map(|ConfirmResponse::Verified| ())
}
