//! A form that waits for another sign-in of who sent it: sealed in a cookie of their browser alone, for some minutes.
//!
//! Only forms of the console's own pages are kept, and nothing is done with one before its sender says so once more.

use std::collections::{BTreeMap, HashMap};

use axum::http::HeaderMap;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::session::Session;
use crate::{clock::UnixMillis, http::cookies, limits, state::Server};

/// Where somebody is led after the sign-in.
pub(super) const PATH: &str = "/console/again";

/// The name of the cookie.
const NAME: &str = "loggin-form";

/// For what a form is sealed.
const OWNER: &[u8] = b"console form";

/// A form as it was sent.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Form {
    /// Who sent it, in which generation of their sessions.
    name: String,
    generation: i64,
    at: i64,
    /// Where it was sent.
    pub(super) path: String,
    pub(super) fields: BTreeMap<String, String>,
}

/// The cookie that keeps a form; `None` where it is too large for one, or there is no key to seal it with.
pub(super) fn keep(
    server: &Server,
    session: &Session,
    path: &str,
    fields: &HashMap<String, String>,
) -> Option<Cookie<'static>> {
    let form = Form {
        name: session.name.clone(),
        generation: session.generation,
        at: server.clock.now().0,
        path: path.to_owned(),
        fields: fields.clone().into_iter().collect(),
    };
    let sealed = server.session_keys.seal(&*server.random, OWNER, &serde_json::to_vec(&form).ok()?)?;
    let value = BASE64URL_NOPAD.encode(&sealed);
    if value.len() > limits::CONSOLE_FORM_BYTES {
        return None;
    }
    let cookie = cookies::build(server, NAME, value, SameSite::Strict);
    Some(cookies::kept(cookie, limits::CONSOLE_FORM))
}

/// A cookie that takes the form away.
pub(super) fn no_cookie(server: &Server) -> Cookie<'static> {
    cookies::removal(server, NAME, SameSite::Strict)
}

/// The form that a browser has, where it is of this session.
pub(super) fn form(server: &Server, session: &Session, headers: &HeaderMap) -> Option<Form> {
    let jar = CookieJar::from_headers(headers);
    let value = jar.get(&cookies::name(server, NAME))?.value();
    let sealed = BASE64URL_NOPAD.decode(value.as_bytes()).ok()?;
    let form: Form = serde_json::from_slice(&server.session_keys.open(OWNER, &sealed)?).ok()?;
    let is_own = (&form.name, form.generation) == (&session.name, session.generation);
    let age = server.clock.now().since(UnixMillis(form.at));
    (is_own && age < limits::CONSOLE_FORM).then_some(form)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{http::console::fixture::put, store::Role, tests::TestServer};

    #[tokio::test]
    async fn sessions_that_were_ended_take_their_forms_with_them() {
        let server = TestServer::start().await;
        let admin = put(&server, "olga", Role::Owner, None).await;
        let session = Session::begin(&server.server, &admin);
        let fields = HashMap::from([("act".to_owned(), "delete".to_owned())]);
        let cookie = keep(&server.server, &session, "/console/apps/8XKPQ2WN", &fields).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("cookie", format!("{}={}", cookie.name(), cookie.value()).parse().unwrap());
        assert!(form(&server.server, &session, &headers).is_some());
        let later = Session::begin(&server.server, &crate::store::Admin { generation: 1, ..admin });
        assert_eq!(form(&server.server, &later, &headers), None);
        server.clock.advance(limits::CONSOLE_FORM.checked_sub(Duration::from_millis(1)).unwrap());
        assert!(form(&server.server, &session, &headers).is_some());
        let large = HashMap::from([("url".to_owned(), "x".repeat(limits::CONSOLE_FORM_BYTES))]);
        assert_eq!(keep(&server.server, &session, "/console/webhooks", &large), None);
    }
}
