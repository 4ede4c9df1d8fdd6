//! Who signed in: the result of a login, as a redeemer and as an observer see it.

use std::time::SystemTime;

use crate::{
    confirm::Confirm,
    error::{Error, ErrorCode},
    token::{AppKey, PhoneNumber},
    wire::{self, SessionBody},
};

/// Who signed in, as the server verified it.
///
/// `Debug` shows no phone number; [`PhoneNumber::expose`] gives its digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Session {
    /// The app that the person signed in to.
    pub app_key: AppKey,
    /// The phone number as WhatsApp reports it: digits with country code, without `+`.
    pub phone: PhoneNumber,
    /// The business-scoped WhatsApp user id, where WhatsApp told it.
    pub user_id: Option<Box<str>>,
    /// What the person did to confirm the login: no less than the app, or who waited, asked for.
    pub confirmation: Confirm,
    /// When the message arrived at the server, or the login was confirmed.
    pub verified_at: SystemTime,
}

/// Who signed in, as somebody is told who only observes: it proves nothing to anybody else.
///
/// `Debug` shows no phone number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Observed {
    /// The app that the person signed in to.
    pub app_key: AppKey,
    /// The phone number; none where the app shows it to its own server only.
    pub phone: Option<PhoneNumber>,
    /// The business-scoped WhatsApp user id, where WhatsApp told it.
    pub user_id: Option<Box<str>>,
    /// What the person did to confirm the login.
    pub confirmation: Confirm,
    /// When the message arrived at the server, or the login was confirmed.
    pub verified_at: SystemTime,
}

impl SessionBody {
    /// The session, where it is one of this app.
    ///
    /// # Errors
    /// `unknown_app` where it is another's: the token says which app it is for, whatever a server says.
    pub fn of_app(self, app_key: AppKey) -> Result<Self, Error> {
        if self.app_key == app_key { Ok(self) } else { Err(of_another_app()) }
    }

    /// The session, where it was confirmed by no less than this.
    ///
    /// # Errors
    /// `invalid_response` where it was: a server that does not know what was asked for hands out whatever it has.
    pub fn confirmed_by(self, least: Confirm) -> Result<Self, Error> {
        if self.confirmation >= least { Ok(self) } else { Err(less_than_asked_for()) }
    }
}

fn less_than_asked_for() -> Error {
    Error::new(
        ErrorCode::InvalidResponse,
        "The server hands out a login that was confirmed by less than was asked for.",
    )
}

/// The error for a token, or a session, of an app that is not the client's.
pub fn of_another_app() -> Error {
    Error::new(ErrorCode::UnknownApp, "The token belongs to another app.")
}

impl From<SessionBody> for Observed {
    fn from(body: SessionBody) -> Self {
        Self {
            app_key: body.app_key,
            phone: body.phone,
            user_id: body.user_id.map(String::into_boxed_str),
            confirmation: body.confirmation,
            verified_at: body.verified_at.0,
        }
    }
}

impl TryFrom<SessionBody> for Session {
    type Error = Error;

    /// A redeemer is always told the phone, so a response without one is none of this protocol.
    fn try_from(body: SessionBody) -> Result<Self, Error> {
        Ok(Self {
            app_key: body.app_key,
            phone: body.phone.ok_or_else(wire::invalid_response)?,
            user_id: body.user_id.map(String::into_boxed_str),
            confirmation: body.confirmation,
            verified_at: body.verified_at.0,
        })
    }
}
