//! What one browser has done about one request: the login that it waits for, and what its person said.
//!
//! It is sealed in a cookie of that browser, for that request alone. The token of the login stands nowhere else, so that
//! nobody who sees the page, its address or its link can redeem anything.

use axum::http::HeaderMap;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use loggin_protocol::{AppKey, Token};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::course::Done;
use crate::{clock::random_bytes, http::cookies, limits, state::Server};

/// For what it is sealed, together with the name of the request.
const OWNER: &str = "hosted sign-in ";

/// What the name of its cookie begins with; a name of the request follows.
const NAME: &str = "loggin-attempt-";

/// Bytes of that name: it tells the tabs of one browser apart, and is no secret.
const NAME_BYTES: usize = 6;

/// Bytes that name this browser as the redeemer of its login: what is asked for twice is the same call.
const REDEEMER_BYTES: usize = 16;

/// A code that was sent.
#[derive(Clone, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Sent {
    /// Of the one-time code.
    pub(super) session_id: String,
    /// The end of the number.
    pub(super) to: String,
}

/// What a browser has done about a request.
#[allow(clippy::struct_excessive_bools)] // each is something that was said by itself
#[derive(Clone, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Attempt {
    /// What the token of its login is made of.
    pub(super) secret: [u8; 20],
    pub(super) redeemer: [u8; REDEEMER_BYTES],
    /// Whether its login has begun.
    pub(super) has_login: bool,
    /// The code that was sent, where its person signs in by one.
    pub(super) sent: Option<Sent>,
    /// Whether its person signs in by a code.
    pub(super) by_code: bool,
    /// The session that began with it.
    pub(super) session_id: Option<String>,
    pub(super) chose: bool,
    pub(super) is_other: bool,
    pub(super) agreed: bool,
}

impl Attempt {
    /// A new one.
    pub(super) fn begin(server: &Server) -> Self {
        Self {
            secret: random_bytes(&*server.random),
            redeemer: random_bytes(&*server.random),
            has_login: false,
            sent: None,
            by_code: false,
            session_id: None,
            chose: false,
            is_other: false,
            agreed: false,
        }
    }

    /// The same with another login in the place of the one that has ended.
    pub(super) fn anew(&self, server: &Server) -> Self {
        let fresh = Self::begin(server);
        Self {
            secret: fresh.secret,
            redeemer: fresh.redeemer,
            has_login: false,
            session_id: None,
            ..self.clone()
        }
    }

    /// What this browser has done about a request, if anything.
    pub(super) fn of(server: &Server, headers: &HeaderMap, request: &str) -> Option<Self> {
        let jar = CookieJar::from_headers(headers);
        let value = jar.get(&cookies::name(server, &name(request)))?.value();
        let sealed = BASE64URL_NOPAD.decode(value.as_bytes()).ok()?;
        serde_json::from_slice(&server.session_keys.open(owner(request).as_bytes(), &sealed)?).ok()
    }

    /// Whether its login has to be looked at.
    pub(super) fn is_waiting(&self) -> bool {
        self.has_login && self.session_id.is_none()
    }

    /// The token of its login.
    pub(super) fn token(&self, app_key: AppKey) -> Token {
        Token::from_secret(app_key, self.secret)
    }

    /// What names it as the redeemer of that.
    pub(super) fn redeemer(&self) -> &[u8] {
        &self.redeemer
    }

    /// What has been done, where this session is the one that is looked at.
    pub(super) fn done(&self, session_id: Option<&str>) -> Done {
        Done {
            signed_in: session_id.is_some() && self.session_id.as_deref() == session_id,
            chose: self.chose,
            is_other: self.is_other && self.session_id.is_none(),
            agreed: self.agreed,
        }
    }

    /// The cookie that keeps it; `None` where there is no key to seal it with.
    pub(super) fn cookie(&self, server: &Server, request: &str) -> Option<Cookie<'static>> {
        let text = serde_json::to_vec(self).ok()?;
        let sealed = server.session_keys.seal(&*server.random, owner(request).as_bytes(), &text)?;
        let value = BASE64URL_NOPAD.encode(&sealed);
        let cookie = cookies::build(server, &name(request), value, SameSite::Lax);
        Some(cookies::kept(cookie, limits::HOSTED_ATTEMPT))
    }
}

/// A cookie that takes what was done about a request away.
pub(super) fn no_cookie(server: &Server, request: &str) -> Cookie<'static> {
    cookies::removal(server, &name(request), SameSite::Lax)
}

/// Cookies that take away what was done about requests that nobody goes on with: a browser shows all of them with each call,
/// and only so many fit. Browsers name the oldest first.
pub(super) fn no_others(server: &Server, headers: &HeaderMap, request: &str) -> Vec<Cookie<'static>> {
    let (own, prefix) = (cookies::name(server, &name(request)), cookies::name(server, NAME));
    let jar = CookieJar::from_headers(headers);
    let mut shown: Vec<&str> = Vec::new();
    for value in headers.get_all(axum::http::header::COOKIE).iter().filter_map(|value| value.to_str().ok()) {
        shown.extend(value.split(';').filter_map(|pair| pair.trim().split_once('=')).map(|(name, _)| name));
    }
    let others: Vec<&str> = shown
        .into_iter()
        .filter(|name| name.starts_with(&prefix) && *name != own && jar.get(name).is_some())
        .collect();
    let too_many = others.len().saturating_sub(limits::HOSTED_ATTEMPTS - 1);
    let names = others.into_iter().take(too_many).filter_map(|name| name.strip_prefix(&prefix));
    names.map(|name| cookies::removal(server, &format!("{NAME}{name}"), SameSite::Lax)).collect()
}

fn name(request: &str) -> String {
    format!("{NAME}{}", HEXLOWER.encode(&Sha256::digest(request)[..NAME_BYTES]))
}

fn owner(request: &str) -> String {
    format!("{OWNER}{request}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{APP, TestServer};

    fn shown(cookies: &[&Cookie<'_>]) -> HeaderMap {
        let pairs: Vec<String> =
            cookies.iter().map(|cookie| format!("{}={}", cookie.name(), cookie.value())).collect();
        let mut headers = HeaderMap::new();
        headers.insert("cookie", pairs.join("; ").parse().unwrap());
        headers
    }

    #[tokio::test]
    async fn an_attempt_is_of_its_request_and_nobody_reads_it() {
        let server = TestServer::start().await;
        let server = &server.server;
        let attempt = Attempt { chose: true, ..Attempt::begin(server) };
        let cookie = attempt.cookie(server, "one").unwrap();
        for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
            assert!(cookie.to_string().contains(attribute), "{cookie}");
        }
        assert!(Attempt::of(server, &shown(&[&cookie]), "one") == Some(attempt.clone()));
        assert!(Attempt::of(server, &shown(&[&cookie]), "other").is_none());
        // Under the name of another request it is not that one's.
        let moved = Cookie::new(cookies::name(server, &name("other")), cookie.value().to_owned());
        assert!(Attempt::of(server, &shown(&[&moved]), "other").is_none());
        let app_key = AppKey::parse(APP).unwrap();
        assert!(attempt.anew(server).token(app_key) != attempt.token(app_key));
        let opened = BASE64URL_NOPAD.decode(cookie.value().as_bytes()).unwrap();
        assert!(!opened.windows(6).any(|window| window == b"secret"));
    }

    #[tokio::test]
    async fn of_many_attempts_of_a_browser_the_latest_are_kept() {
        let server = TestServer::start().await;
        let server = &server.server;
        let made: Vec<_> = (0..limits::HOSTED_ATTEMPTS + 2)
            .map(|number| Attempt::begin(server).cookie(server, &number.to_string()).unwrap())
            .collect();
        let headers = shown(&made.iter().collect::<Vec<_>>());
        let last = (limits::HOSTED_ATTEMPTS + 1).to_string();
        let gone = no_others(server, &headers, &last);
        let names = |cookies: &[Cookie<'_>]| {
            cookies.iter().map(|cookie| cookie.name().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&gone), names(&made[..2]));
        assert_eq!(no_others(server, &shown(&made.iter().take(3).collect::<Vec<_>>()), "0").len(), 0);
    }
}
