//! How far a login has come, for who asks now and does not wait.

use std::{collections::HashMap, time::Duration};

use super::Loggin;
use loggin_protocol::{
    Error, SessionPhone, Token,
    wire::{self, EVENTS_PATH, EventsRequest, EventsResponse, Progress, TokenEvent},
};

use crate::driver::{Call, Hub, Pending};

/// A token that is none. Its end is told at once, and so is the state of the token that stands beside it: a poll for that
/// one alone would be held until something happens.
const ENDS_AT_ONCE: &str = "";

/// How far a login has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoginStatus {
    /// Nothing has arrived yet.
    Pending,
    /// It has come so far, and has no result yet.
    Progress(Progress),
    /// The person has signed in. The token can be redeemed, or was.
    Verified,
}

impl LoginStatus {
    /// The status in a word: `pending`, `verified`, or that of the progress.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "pending",
            Self::Progress(progress) => progress.as_str(),
            Self::Verified => "verified",
        }
    }
}

impl<P: SessionPhone> Loggin<P> {
    /// How far a login has come, now: for a page that asks. It waits for nothing and redeems nothing. Who can wait is told
    /// sooner by [`Loggin::watch`].
    ///
    /// # Errors
    /// `expired`, `denied`, `phone_hidden`, `unknown_app` or `unauthorized` where the login has ended so, as the server
    /// says. `invalid_token`, `unknown_app` and `invalid_config` at once, as for [`Loggin::wait_for_verify`]. `rate_limited`
    /// for who asks too often, and `connection` where the server is not reached within the retries.
    pub fn status<T: TryInto<Token, Error: Into<Error>>>(&self, token: T) -> Result<LoginStatus, Error> {
        self.status_within(token, None)
    }

    /// The same, for so long at most with all tries.
    ///
    /// # Errors
    /// Those of [`Loggin::status`]; `connection` where the time is up.
    pub fn status_within<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
        timeout: Option<Duration>,
    ) -> Result<LoginStatus, Error> {
        let (token, hub) = self.admit(token)?;
        hub.make(status_call(hub, &token, timeout)?, reader_of(token))
    }

    /// The same without blocking the caller's thread.
    ///
    /// # Errors
    /// Those of [`Loggin::status`], from the returned value.
    pub fn status_async<T: TryInto<Token, Error: Into<Error>>>(&self, token: T) -> Pending<LoginStatus> {
        self.start_status(token, None)
    }

    /// Begins to ask, for so long at most with all tries.
    ///
    /// # Errors
    /// Those of [`Loggin::status`], from the returned value; `connection` where the time is up.
    pub fn start_status<T: TryInto<Token, Error: Into<Error>>>(
        &self,
        token: T,
        timeout: Option<Duration>,
    ) -> Pending<LoginStatus> {
        match self.admit(token) {
            Ok((token, hub)) => hub.begin(status_call(hub, &token, timeout), reader_of(token)),
            Err(error) => Pending::settled(Err(error)),
        }
    }
}

fn status_call(hub: &Hub, token: &Token, timeout: Option<Duration>) -> Result<Call, Error> {
    let request = EventsRequest {
        tokens: vec![token.expose(), ENDS_AT_ONCE.into()],
        claim: false,
        app_key: hub.settings().app_key.map(|app_key| app_key.to_string()),
        confirm: hub.settings().least,
        return_to: None,
        phone: hub.settings().need,
        known: HashMap::new(),
    };
    hub.token_call(EVENTS_PATH, &request, timeout)
}

/// Reads what a poll says of a token, which is nothing while nothing has arrived.
fn reader_of(token: Token) -> impl Fn(&[u8]) -> Result<LoginStatus, Error> + Send {
    let code = token.code();
    move |body| {
        let EventsResponse { events } = EventsResponse::parse(body).ok_or_else(wire::invalid_response)?;
        events.into_iter().try_fold(LoginStatus::Pending, |status, event| match event {
            TokenEvent::Progress(event) if event.code == code => Ok(LoginStatus::Progress(event.status)),
            TokenEvent::Verified(event) if event.code == code => {
                event.session.of_app(code.app_key()).map(|_| LoginStatus::Verified)
            }
            TokenEvent::Rejected(event) if event.code == Some(code) || event.token_index == Some(0) => {
                Err(Error::from_server(&event.error, &event.message))
            }
            _ => Ok(status),
        })
    }
}
