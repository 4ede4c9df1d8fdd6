//! Who signed in: the result of a login, as a redeemer and as an observer see it.

use std::{fmt, time::SystemTime};

use crate::{
    confirm::Confirm,
    error::{Error, ErrorCode},
    identity::{Assurance, PhoneNeed, Subject},
    token::{AppKey, PhoneNumber},
    wire::{self, SessionBody},
};

/// Who signed in, as the server verified it.
///
/// `P` is what is known of the phone: a [`PhoneNumber`], or an `Option` of it for whoever takes sessions of people who hide
/// theirs. `Debug` shows neither phone nor subject; [`PhoneNumber::expose`] and [`Subject::expose`] give them.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Session<P = PhoneNumber> {
    /// The app that the person signed in to.
    pub app_key: AppKey,
    /// The phone number as WhatsApp reports it: digits with country code, without `+`.
    pub phone: P,
    /// The business-scoped WhatsApp user id, where WhatsApp told it.
    pub user_id: Option<Box<str>>,
    /// The person at this app, whatever becomes of number and user id: the key of an app's table of users.
    pub subject: Subject,
    /// What the person did to confirm the login: no less than the app, or who waited, asked for.
    pub confirmation: Confirm,
    /// Whether the number, or who owns it, is new to this subject since its last login.
    pub assurance: Assurance,
    /// When the message arrived at the server, or the login was confirmed.
    pub verified_at: SystemTime,
}

/// Who signed in, as somebody is told who only observes: it proves nothing to anybody else.
///
/// `Debug` shows neither phone nor subject.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Observed {
    /// The app that the person signed in to.
    pub app_key: AppKey,
    /// The phone number; none where the person hides it, or the app shows it to its own server only.
    pub phone: Option<PhoneNumber>,
    /// The business-scoped WhatsApp user id, where WhatsApp told it.
    pub user_id: Option<Box<str>>,
    /// The person at this app, whatever becomes of number and user id.
    pub subject: Subject,
    /// What the person did to confirm the login.
    pub confirmation: Confirm,
    /// Whether the number, or who owns it, is new to this subject since its last login.
    pub assurance: Assurance,
    /// When the message arrived at the server, or the login was confirmed.
    pub verified_at: SystemTime,
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::PhoneNumber {}
    impl Sealed for Option<crate::PhoneNumber> {}
}

/// What a session may know of the phone: a [`PhoneNumber`], or an `Option` of it.
pub trait SessionPhone: Clone + fmt::Debug + Send + Sync + 'static + sealed::Sealed {
    /// What a caller of such sessions asks for.
    const NEED: PhoneNeed;

    /// Reads what the server told.
    #[doc(hidden)]
    fn told(phone: Option<PhoneNumber>) -> Option<Self>;
}

impl SessionPhone for PhoneNumber {
    const NEED: PhoneNeed = PhoneNeed::Required;

    fn told(phone: Option<PhoneNumber>) -> Option<Self> {
        phone
    }
}

impl SessionPhone for Option<PhoneNumber> {
    const NEED: PhoneNeed = PhoneNeed::Optional;

    fn told(phone: Option<PhoneNumber>) -> Option<Self> {
        Some(phone)
    }
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

    /// The session, where it has what its caller needs of the phone.
    ///
    /// # Errors
    /// `invalid_response` where it has not: the server should have said `phone_hidden`.
    pub fn told_to(self, need: PhoneNeed) -> Result<Self, Error> {
        if self.phone.is_some() || need == PhoneNeed::Optional {
            Ok(self)
        } else {
            Err(wire::invalid_response())
        }
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

impl TryFrom<SessionBody> for Observed {
    type Error = Error;

    fn try_from(body: SessionBody) -> Result<Self, Error> {
        Ok(Self {
            app_key: body.app_key,
            phone: body.phone,
            user_id: body.user_id.map(String::into_boxed_str),
            subject: body.subject,
            confirmation: body.confirmation,
            assurance: body.assurance,
            verified_at: body.verified_at.0,
        })
    }
}

impl<P: SessionPhone> TryFrom<SessionBody> for Session<P> {
    type Error = Error;

    /// A redeemer that needs the phone is always told it, so a response without one is none of this protocol.
    fn try_from(body: SessionBody) -> Result<Self, Error> {
        Ok(Self {
            app_key: body.app_key,
            phone: P::told(body.phone).ok_or_else(wire::invalid_response)?,
            user_id: body.user_id.map(String::into_boxed_str),
            subject: body.subject,
            confirmation: body.confirmation,
            assurance: body.assurance,
            verified_at: body.verified_at.0,
        })
    }
}

/// `Debug` of who signed in. A user id stands for a person too.
macro_rules! shown_in_part {
    ($name:ident$(<$phone:ident>)?) => {
        impl$(<$phone: fmt::Debug>)? fmt::Debug for $name$(<$phone>)? {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut shown = formatter.debug_struct(stringify!($name));
                shown.field("app_key", &self.app_key).field("phone", &self.phone);
                shown.field("subject", &self.subject).field("confirmation", &self.confirmation);
                shown.field("assurance", &self.assurance).field("verified_at", &self.verified_at);
                shown.finish_non_exhaustive()
            }
        }
    };
}

shown_in_part!(Session<P>);
shown_in_part!(Observed);
shown_in_part!(SessionBody);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Timestamp;

    fn body(phone: Option<&str>) -> SessionBody {
        SessionBody {
            app_key: AppKey::parse("8XKPQ2WN").unwrap(),
            phone: phone.map(|phone| PhoneNumber::parse(phone).unwrap()),
            user_id: Some("IN.13491208655302741918".into()),
            subject: Subject::from_random([7; 20]),
            confirmation: Confirm::None,
            assurance: Assurance::Changed,
            verified_at: Timestamp(SystemTime::UNIX_EPOCH),
        }
    }

    #[test]
    fn a_session_without_a_phone_is_only_for_who_takes_one() {
        let with: Session = body(Some("919876543210")).try_into().unwrap();
        assert_eq!(with.phone.expose(), "919876543210");
        let without = Session::<PhoneNumber>::try_from(body(None)).unwrap_err();
        assert_eq!(without.code(), ErrorCode::InvalidResponse);
        let taken: Session<Option<PhoneNumber>> = body(None).try_into().unwrap();
        assert_eq!((taken.phone, taken.subject, taken.assurance), (None, with.subject, with.assurance));
        assert_eq!(Observed::try_from(body(None)).unwrap().phone, None);
        for (need, phone, is_told) in [
            (PhoneNeed::Required, Some("919876543210"), true),
            (PhoneNeed::Required, None, false),
            (PhoneNeed::Optional, None, true),
        ] {
            assert_eq!(body(phone).told_to(need).is_ok(), is_told);
        }
    }

    #[test]
    fn who_it_was_does_not_show() {
        let body = body(Some("919876543210"));
        let session: Session = body.clone().try_into().unwrap();
        let any: Session<Option<PhoneNumber>> = body.clone().try_into().unwrap();
        let observed = Observed::try_from(body.clone()).unwrap();
        for shown in
            [format!("{body:?}"), format!("{session:?}"), format!("{any:?}"), format!("{observed:?}")]
        {
            assert!(shown.contains("Changed"), "{shown}");
            for hidden in ["9198", "lgsu_", &body.subject.expose()[5..], "IN.1349"] {
                assert!(!shown.contains(hidden), "{shown}");
            }
        }
    }
}
