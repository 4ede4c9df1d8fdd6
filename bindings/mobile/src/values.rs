//! What crosses the border: objects, not records, where there is a secret or a phone number inside. The generators
//! give a record a text form that shows all of it; an object shows nothing.

use std::{sync::Arc, time::SystemTime};

use loggin::{Cause, LogginBuilder, Observed, Progress};

/// How the client names itself to the server.
pub(crate) const USER_AGENT: &str = concat!("loggin-mobile/", env!("CARGO_PKG_VERSION"));

/// Sets an option where it is given.
pub(crate) fn apply<T>(
    builder: LogginBuilder,
    value: Option<T>,
    set: fn(LogginBuilder, T) -> LogginBuilder,
) -> LogginBuilder {
    match value {
        Some(value) => set(builder, value),
        None => builder,
    }
}

/// A new login.
#[derive(uniffi::Object)]
pub struct CreatedToken {
    created: loggin::CreatedToken,
}

#[uniffi::export]
impl CreatedToken {
    /// The secret.
    pub fn token(&self) -> String {
        self.created.token.expose()
    }

    /// Opens WhatsApp with the message written.
    pub fn link(&self) -> String {
        self.created.link.clone()
    }

    /// The public half.
    pub fn code(&self) -> String {
        self.created.code.expose()
    }
}

impl From<loggin::CreatedToken> for CreatedToken {
    fn from(created: loggin::CreatedToken) -> Self {
        Self { created }
    }
}

/// Who signed in, as this device is told.
#[derive(uniffi::Object)]
pub struct Session {
    observed: Observed,
}

#[uniffi::export]
impl Session {
    /// The app that the person signed in to.
    pub fn app_key(&self) -> String {
        self.observed.app_key.to_string()
    }

    /// Digits with country code; none where the person hides it, or the app shows it to its own server only.
    pub fn phone(&self) -> Option<String> {
        self.observed.phone.as_ref().map(|phone| phone.expose().into())
    }

    /// The business-scoped WhatsApp user id, where WhatsApp told it.
    pub fn user_id(&self) -> Option<String> {
        self.observed.user_id.as_deref().map(Into::into)
    }

    /// The person at this app, whatever becomes of number and user id.
    pub fn subject(&self) -> String {
        self.observed.subject.expose()
    }

    /// What the person did to confirm the login, as the protocol names it.
    pub fn confirmation(&self) -> String {
        self.observed.confirmation.to_string()
    }

    /// Whether the number or its owner is new to this subject, as the protocol names it.
    pub fn assurance(&self) -> String {
        self.observed.assurance.as_str().into()
    }

    /// When the message arrived at the server, or the login was confirmed.
    pub fn verified_at(&self) -> SystemTime {
        self.observed.verified_at
    }
}

impl From<Observed> for Session {
    fn from(observed: Observed) -> Self {
        Self { observed }
    }
}

/// How a client stands to its server; nothing of it is secret.
#[derive(Debug, uniffi::Record)]
pub struct ClientState {
    /// Whether a stream is ready.
    pub is_connected: bool,
    /// Since when it is or, with a cause, since when the server has not been reached.
    pub since: Option<SystemTime>,
    /// Why the server was not reached the last time.
    pub cause: Option<String>,
}

impl From<loggin::ClientState> for ClientState {
    fn from(state: loggin::ClientState) -> Self {
        let loggin::ClientState { is_connected, since, cause, .. } = state;
        Self { is_connected, since, cause: cause.map(Cause::name) }
    }
}

/// What is new about a watched login.
#[derive(uniffi::Enum)]
pub enum Update {
    /// WhatsApp handed over a message with the code.
    MessageReceived,
    /// The person was asked to type a code where the login began.
    AwaitingConfirmation,
    /// The person was asked to choose these digits in WhatsApp: show them.
    AwaitingMatch {
        /// Two digits.
        digits: String,
    },
    /// A step that this version does not know, from a newer server.
    Unrecognized {
        /// Its name in the protocol.
        status: String,
    },
    /// The person has signed in: the last update.
    Verified {
        /// Who it was.
        session: Arc<Session>,
    },
}

impl From<Progress> for Update {
    fn from(progress: Progress) -> Self {
        match progress {
            Progress::MessageReceived => Self::MessageReceived,
            Progress::AwaitingConfirmation => Self::AwaitingConfirmation,
            Progress::AwaitingMatch(digits) => Self::AwaitingMatch { digits: digits.to_string() },
            other => Self::Unrecognized { status: other.as_str().to_owned() },
        }
    }
}
