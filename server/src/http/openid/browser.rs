//! What binds a request to the browser that brought it: a cookie, which the page of the sign-in looks at.
//!
//! Somebody who is sent the address of another's request has no such cookie, so nobody signs in to what somebody else began
//! (login CSRF); and nobody who knows a request's name can go on with it.

use axum::http::HeaderMap;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

use crate::state::Server;

/// The names of the cookie. Over https a browser takes the first from this server alone, and for all of its paths.
const NAMES: [&str; 2] = ["__Host-loggin-openid", "loggin-openid"];

/// Symbols of what it holds.
const SYMBOLS: usize = 32;

fn is_over_tls(server: &Server) -> bool {
    server.settings.public_origin.starts_with("https:")
}

fn name(server: &Server) -> &'static str {
    if is_over_tls(server) { NAMES[0] } else { NAMES[1] }
}

/// What a browser's cookie holds; `None` where it has none, or one that this server did not set.
pub(crate) fn of(server: &Server, headers: &HeaderMap) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    let value = jar.get(name(server))?.value().to_owned();
    let is_drawn = value.len() == SYMBOLS && value.bytes().all(|symbol| symbol.is_ascii_alphanumeric());
    is_drawn.then_some(value)
}

/// The cookie that holds this. It lasts as long as the browser is open, and is sent where another site led here: that is
/// how each sign-in begins.
pub(crate) fn cookie(server: &Server, value: String) -> Cookie<'static> {
    Cookie::build((name(server), value))
        .path("/")
        .http_only(true)
        .secure(is_over_tls(server))
        .same_site(SameSite::Lax)
        .build()
}
