//! Whose tokens a client accepts. Anybody can have an app of their own on a shared server: a token that its owner signed
//! in to another app with must sign them in to nothing here.

use std::sync::{PoisonError, RwLock};

use super::invalid_config;
use loggin_protocol::{AppKey, Credential, Error, Token, of_another_app};

/// Apps that a client makes tokens for and remembers; an app's server has one, or few.
const MOST_MADE: usize = 64;

/// Who says which app it is; what is given in code says more than the environment.
#[derive(Default)]
pub(super) struct Named<'a> {
    pub(super) app_key: Option<&'a str>,
    pub(super) variable: Option<&'a str>,
    pub(super) has_secret_key: bool,
}

/// The apps whose tokens a client accepts.
#[derive(Debug)]
pub(super) struct Audience {
    app_key: Option<AppKey>,
    accepts_any: bool,
    /// Apps that this client made tokens for, where nothing else says whose it accepts.
    made: RwLock<Vec<AppKey>>,
}

impl Audience {
    /// The app that is named, or that the secret key belongs to. `accepts_any` is for where neither is there.
    ///
    /// # Errors
    /// `invalid_config` where what is named is no app key, or not that of the secret key.
    pub(super) fn new(
        named: &Named<'_>,
        secret_key: Option<&Credential>,
        accepts_any: bool,
    ) -> Result<Self, Error> {
        let of_key = secret_key.and_then(Credential::app_key);
        let variable = named.variable.filter(|_| !named.has_secret_key);
        let app_key = match named.app_key.or(variable) {
            Some(text) => Some(AppKey::parse(text).map_err(|error| invalid_config(error.message()))?),
            None => of_key,
        };
        if of_key.is_some() && of_key != app_key {
            return Err(invalid_config("The secret key belongs to another app than app_key names."));
        }
        Ok(Self { app_key, accepts_any, made: RwLock::default() })
    }

    /// The app whose tokens alone are accepted, where it is known.
    pub(super) fn app_key(&self) -> Option<AppKey> {
        self.app_key
    }

    /// The client makes a token for this app, so it is one of its own.
    pub(super) fn note_made(&self, app_key: AppKey) {
        if self.app_key.is_some() || self.accepts_any || self.has_made(app_key) {
            return;
        }
        let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
        if made.len() < MOST_MADE && !made.contains(&app_key) {
            made.push(app_key);
        }
    }

    /// # Errors
    /// `unknown_app` for a token of another app, `invalid_config` where nothing says whose tokens are accepted.
    pub(super) fn check(&self, token: &Token) -> Result<(), Error> {
        match self.app_key {
            Some(app_key) if app_key == token.app_key() => Ok(()),
            Some(_) => Err(of_another_app()),
            None if self.accepts_any || self.has_made(token.app_key()) => Ok(()),
            None => Err(invalid_config(
                "Set LOGGIN_APP_KEY, LOGGIN_SECRET_KEY or the option app_key: without them tokens of anybody's \
                 app would sign in here.",
            )),
        }
    }

    fn has_made(&self, app_key: AppKey) -> bool {
        self.made.read().unwrap_or_else(PoisonError::into_inner).contains(&app_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loggin_protocol::ErrorCode;

    const OURS: &str = "8XKPQ2WN";
    const THEIRS: &str = "ABCDEFGH";

    fn token(app_key: &str) -> Token {
        Token::from_secret(AppKey::parse(app_key).unwrap(), [7; 20])
    }

    fn secret_key() -> Credential {
        Credential::parse(&format!("lgsk_{OURS}_000G40R40M30E209185GR38E1W8124GK")).unwrap()
    }

    fn refusal(audience: &Audience, app_key: &str) -> Option<ErrorCode> {
        audience.check(&token(app_key)).err().map(|error| error.code())
    }

    #[test]
    fn a_token_of_another_app_is_refused_whoever_says_which_app_it_is() {
        let key = secret_key();
        let (option, variable) = (Some("8xkpq2wn"), Some(" 8XKPQ2WN "));
        for (named, secret_key) in [
            (Named { app_key: option, ..Named::default() }, None),
            (Named { variable, ..Named::default() }, None),
            (Named::default(), Some(&key)),
            (Named { app_key: option, variable: Some(THEIRS), ..Named::default() }, None),
            (Named { variable: Some(THEIRS), has_secret_key: true, ..Named::default() }, Some(&key)),
        ] {
            for accepts_any in [false, true] {
                let audience = Audience::new(&named, secret_key, accepts_any).unwrap();
                audience.note_made(AppKey::parse(THEIRS).unwrap());
                assert_eq!(refusal(&audience, OURS), None);
                assert_eq!(refusal(&audience, THEIRS), Some(ErrorCode::UnknownApp));
            }
        }
    }

    #[test]
    fn a_name_that_is_none_or_not_that_of_the_secret_key_is_refused() {
        let key = secret_key();
        for (named, secret_key) in [
            (Named { app_key: Some("none"), ..Named::default() }, None),
            (Named { variable: Some("none"), ..Named::default() }, None),
            (Named { app_key: Some(THEIRS), has_secret_key: true, ..Named::default() }, Some(&key)),
            (Named { variable: Some(THEIRS), ..Named::default() }, Some(&key)),
        ] {
            let error = Audience::new(&named, secret_key, true).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidConfig);
        }
    }

    #[test]
    fn without_a_name_tokens_of_apps_that_the_client_makes_tokens_for_are_accepted() {
        let audience = Audience::new(&Named::default(), None, false).unwrap();
        assert_eq!(refusal(&audience, OURS), Some(ErrorCode::InvalidConfig));
        audience.note_made(AppKey::parse(OURS).unwrap());
        assert_eq!(refusal(&audience, OURS), None);
        assert_eq!(refusal(&audience, THEIRS), Some(ErrorCode::InvalidConfig));
    }

    #[test]
    fn only_so_many_apps_are_remembered() {
        let audience = Audience::new(&Named::default(), None, false).unwrap();
        let app = |number: usize| AppKey::parse(&format!("{number:08}")).unwrap();
        (0..=MOST_MADE).chain(0..=MOST_MADE).for_each(|number| audience.note_made(app(number)));
        assert_eq!(audience.made.read().unwrap().len(), MOST_MADE);
        assert!(!audience.has_made(app(MOST_MADE)));
    }

    #[test]
    fn where_any_is_accepted_nothing_is_remembered() {
        let audience = Audience::new(&Named::default(), None, true).unwrap();
        audience.note_made(AppKey::parse(OURS).unwrap());
        assert_eq!(refusal(&audience, THEIRS), None);
        assert!(audience.made.read().unwrap().is_empty());
    }
}
