//! Logins that their persons took back after the app had redeemed them.

use super::Loggin;
use loggin_protocol::{
    Error, ErrorCode, SessionPhone, Token,
    wire::{DENIED_PATH, DeniedRequest, DeniedResponse, MAX_LOGIN_IDS},
};

use crate::driver::{self, Call, Hub, Pending};

impl<P: SessionPhone> Loggin<P> {
    /// The name of a token's login, offline: keep it with the session that you make, for [`Loggin::denied_logins`]. It
    /// tells nothing and opens nothing.
    ///
    /// # Errors
    /// `invalid_token` where the token is malformed.
    pub fn login_id<T: TryInto<Token, Error: Into<Error>>>(&self, token: T) -> Result<String, Error> {
        token.try_into().map(|token| token.login_id()).map_err(Into::into)
    }

    /// Those of these logins whose person tapped "Not me" in WhatsApp after the app had redeemed the result (apps with
    /// `confirm = reply`): end what came of them. The server remembers it for 90 days. Of none, none is asked for.
    ///
    /// # Errors
    /// `invalid_request` for more than 100 logins. `unauthorized` without the app's secret key. `connection` where the
    /// server is not reached within the retries and the time.
    pub fn denied_logins<S: AsRef<str>>(&self, login_ids: &[S]) -> Result<Vec<String>, Error> {
        if login_ids.is_empty() {
            return Ok(Vec::new());
        }
        let hub = self.hub()?;
        hub.make(denied_call(hub, login_ids)?, read_denied)
    }

    /// The same without blocking the caller's thread.
    ///
    /// # Errors
    /// Those of [`Loggin::denied_logins`], from the returned value.
    pub fn denied_logins_async<S: AsRef<str>>(&self, login_ids: &[S]) -> Pending<Vec<String>> {
        if login_ids.is_empty() {
            return Pending::settled(Ok(Vec::new()));
        }
        match self.hub() {
            Ok(hub) => hub.begin(denied_call(hub, login_ids), read_denied),
            Err(error) => Pending::settled(Err(error)),
        }
    }
}

fn denied_call<S: AsRef<str>>(hub: &Hub, login_ids: &[S]) -> Result<Call, Error> {
    if login_ids.len() > MAX_LOGIN_IDS {
        return Err(Error::new(ErrorCode::InvalidRequest, "A call asks about 100 logins at most."));
    }
    let login_ids = login_ids.iter().map(|login_id| login_id.as_ref().to_owned()).collect();
    hub.call_once(DENIED_PATH, &DeniedRequest { login_ids }, None)
}

fn read_denied(body: &[u8]) -> Result<Vec<String>, Error> {
    Ok(driver::read_body::<DeniedResponse>(body)?.denied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_checked_before_anybody_is_asked() {
        let keyless = Loggin::builder().build().unwrap();
        let login = keyless.create_token("8XKPQ2WN").unwrap();
        let login_id = keyless.login_id(login.token).unwrap();
        assert_eq!(login_id, login.code.login_id());
        assert_eq!(keyless.login_id("lgn1_").unwrap_err().code(), ErrorCode::InvalidToken);
        assert_eq!(keyless.denied_logins::<&str>(&[]).unwrap(), [""; 0]);
        assert_eq!(keyless.denied_logins_async::<&str>(&[]).wait().unwrap(), [""; 0]);
        for (login_ids, code) in [
            (vec![login_id.clone()], ErrorCode::Unauthorized),
            (vec![login_id; 101], ErrorCode::InvalidRequest),
        ] {
            assert_eq!(keyless.denied_logins(&login_ids).unwrap_err().code(), code);
            assert_eq!(keyless.denied_logins_async(&login_ids).wait().unwrap_err().code(), code);
        }
    }
}
