//! Cookies that are for this server alone, and for no script.
//!
//! Over https a browser takes one with `__Host-` before its name from this server alone, and for all of its paths; on a
//! developer's machine there is no https.

use std::time::Duration;

use axum_extra::extract::cookie::{Cookie, SameSite};

use crate::state::Server;

/// What browsers hold to one host.
const HOST: &str = "__Host-";

fn is_over_tls(server: &Server) -> bool {
    server.settings.public_origin.starts_with("https:")
}

/// The name of a cookie as browsers know it.
pub(super) fn name(server: &Server, name: &str) -> String {
    if is_over_tls(server) { format!("{HOST}{name}") } else { name.to_owned() }
}

/// A cookie.
pub(super) fn build(server: &Server, of: &str, value: String, same_site: SameSite) -> Cookie<'static> {
    Cookie::build((name(server, of), value))
        .path("/")
        .http_only(true)
        .secure(is_over_tls(server))
        .same_site(same_site)
        .build()
}

/// A cookie that takes one away.
pub(super) fn removal(server: &Server, of: &str, same_site: SameSite) -> Cookie<'static> {
    let mut cookie = build(server, of, String::new(), same_site);
    cookie.make_removal();
    cookie
}

/// The same, which a browser keeps for so long, also when it is closed.
pub(super) fn kept(cookie: Cookie<'static>, duration: Duration) -> Cookie<'static> {
    Cookie::parse(format!("{cookie}; Max-Age={}", duration.as_secs())).unwrap_or(cookie)
}
