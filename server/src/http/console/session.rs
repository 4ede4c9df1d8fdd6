//! A session of the console: who is signed in and since when, sealed in a cookie that no script reads.
//!
//! Nothing of it is in the store but the generation of the administrator, by which all their sessions end at once.

use std::time::Duration;

use axum::http::HeaderMap;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use crate::{clock::UnixMillis, http::cookies, limits, state::Server, store::Admin};

/// The name of the cookie.
const NAME: &str = "loggin-console";

/// For what a session is sealed.
const OWNER: &[u8] = b"console";

/// Who is signed in.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Session {
    pub(super) name: String,
    /// That of the administrator when they signed in.
    pub(super) generation: i64,
    signed_in_at: i64,
}

impl Session {
    /// The session of somebody who signs in now.
    pub(super) fn begin(server: &Server, admin: &Admin) -> Self {
        Self { name: admin.name.clone(), generation: admin.generation, signed_in_at: server.clock.now().0 }
    }

    /// The session that a browser shows, if it is one and not over.
    pub(super) fn of(server: &Server, headers: &HeaderMap) -> Option<Self> {
        let jar = CookieJar::from_headers(headers);
        let sealed =
            BASE64URL_NOPAD.decode(jar.get(&cookies::name(server, NAME))?.value().as_bytes()).ok()?;
        let session: Self = serde_json::from_slice(&server.session_keys.open(OWNER, &sealed)?).ok()?;
        (session.age(server) < limits::CONSOLE_SESSION).then_some(session)
    }

    /// How long ago they signed in. A clock that was put back makes a session no younger than new.
    fn age(&self, server: &Server) -> Duration {
        server.clock.now().since(UnixMillis(self.signed_in_at))
    }

    /// Whether they signed in so lately that they are taken to sit there still.
    pub(super) fn is_recent(&self, server: &Server) -> bool {
        self.age(server) < limits::CONSOLE_RECENT
    }

    /// The cookie that keeps it; `None` where there is no key to seal it with.
    pub(super) fn cookie(&self, server: &Server) -> Option<Cookie<'static>> {
        let text = serde_json::to_vec(self).ok()?;
        let sealed = server.session_keys.seal(&*server.random, OWNER, &text)?;
        Some(cookies::build(server, NAME, BASE64URL_NOPAD.encode(&sealed), SameSite::Strict))
    }
}

/// A cookie that takes the session away.
pub(super) fn no_cookie(server: &Server) -> Cookie<'static> {
    cookies::removal(server, NAME, SameSite::Strict)
}
