//! `/console/again`: a form that waited for another sign-in, shown to whoever sent it to be sent once more.
//!
//! What was typed is in a sealed cookie of their browser alone, for some minutes, and only pages of the console's own have it
//! set. Nothing is done before they say so.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::{
    Head,
    admin::Admin,
    error::ConsoleError,
    page,
    session::{self, Session},
    words::Fields,
};
use crate::{clock::UnixMillis, limits, state::Server};

/// Where somebody is led after the sign-in.
pub(super) const PATH: &str = "/console/again";

/// The names of the cookie, over https and on a developer's machine.
const NAMES: [&str; 2] = ["__Host-loggin-form", "loggin-form"];

/// For what a form is sealed.
const OWNER: &[u8] = b"console form";

/// A form as it was sent.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Form {
    /// Who sent it, in which generation of their sessions.
    name: String,
    generation: i64,
    at: i64,
    /// Where it was sent.
    path: String,
    fields: BTreeMap<String, String>,
}

/// The cookie that keeps a form; `None` where it is too large for one, or there is no key to seal it with.
pub(super) fn keep(
    server: &Server,
    session: &Session,
    path: &str,
    fields: &Fields,
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
    let cookie = session::cookie(server, NAMES, value);
    Cookie::parse(format!("{cookie}; Max-Age={}", limits::CONSOLE_FORM.as_secs())).ok()
}

/// The form that a browser has, where it is of this session.
fn kept(server: &Server, session: &Session, headers: &HeaderMap) -> Option<Form> {
    let jar = CookieJar::from_headers(headers);
    let value = jar.get(session::name(server, NAMES))?.value();
    let sealed = BASE64URL_NOPAD.decode(value.as_bytes()).ok()?;
    let form: Form = serde_json::from_slice(&server.session_keys.open(OWNER, &sealed)?).ok()?;
    let is_own = (&form.name, form.generation) == (&session.name, session.generation);
    let age = server.clock.now().since(UnixMillis(form.at));
    (is_own && age < limits::CONSOLE_FORM).then_some(form)
}

#[derive(Template)]
#[template(path = "console/again.html")]
struct AgainPage {
    head: Head,
    form: Form,
}

/// Shows the form once, or leads to the console where there is none.
pub(super) async fn handle(
    State(server): State<Arc<Server>>,
    admin: Admin,
    headers: HeaderMap,
) -> Result<Response, ConsoleError> {
    let mut gone = session::cookie(&server, NAMES, String::new());
    gone.make_removal();
    let jar = CookieJar::new().add(gone);
    let Some(form) = kept(&server, admin.session(), &headers) else {
        return Ok((jar, Redirect::to("/console")).into_response());
    };
    Ok((jar, page(StatusCode::OK, &AgainPage { head: Head::of(&admin, ""), form })).into_response())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        http::console::fixture::{location, put, sign_in},
        store::Role,
        tests::TestServer,
    };

    fn cookie_of(response: &reqwest::Response) -> String {
        response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_form_is_sent_again_by_whoever_sent_it_and_by_nobody_else() {
        let server = TestServer::start().await;
        let olga = sign_in(&server, "olga", Role::Owner, None).await;
        server.clock.advance(limits::CONSOLE_RECENT);
        let path = "/console/apps/8XKPQ2WN";
        let form = [("act", "create_key"), ("label", "<web> \"1\""), ("days", "")];
        let led = olga.post(&server, path, &form).send().await.unwrap();
        assert_eq!(location(&led), "/console/sign-in?to=%2Fconsole%2Fagain&again=1");
        let kept = cookie_of(&led);
        assert!(kept.starts_with("loggin-form=") && !kept.contains("web"), "{kept}");
        let described = led.headers()["set-cookie"].to_str().unwrap();
        for attribute in ["HttpOnly", "SameSite=Strict", "Max-Age=600"] {
            assert!(described.contains(attribute), "{described}");
        }
        // She signs in once more.
        let olga = sign_in(&server, "olga", Role::Owner, None).await;
        let shown = olga.with_cookie(&server, PATH, &kept).send().await.unwrap();
        assert!(shown.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"), "it is shown once");
        let shown = shown.text().await.unwrap();
        assert!(shown.contains("action=\"/console/apps/8XKPQ2WN\""), "{shown}");
        assert!(shown.contains("name=\"label\" value=\"&#60;web&#62; &#34;1&#34;\""), "{shown}");
        let made = olga.post(&server, path, &form).send().await.unwrap();
        assert_eq!(made.status(), 201);
        // Another administrator, a cookie that was changed, and one that is old, lead nowhere.
        let ben = sign_in(&server, "ben", Role::Owner, None).await;
        let mut forged = kept.clone().into_bytes();
        let last = forged.len() - 1;
        forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        for (who, cookie) in [(&ben, &kept), (&olga, &forged)] {
            let nothing = who.with_cookie(&server, PATH, cookie).send().await.unwrap();
            assert_eq!((nothing.status().as_u16(), location(&nothing)), (303, "/console"));
        }
        server.clock.advance(limits::CONSOLE_FORM);
        let late = olga.with_cookie(&server, PATH, &kept).send().await.unwrap();
        assert_eq!(location(&late), "/console");
    }

    #[tokio::test]
    async fn sessions_that_were_ended_take_their_forms_with_them() {
        let server = TestServer::start().await;
        let admin = put(&server, "olga", Role::Owner, None).await;
        let session = Session::begin(&server.server, &admin);
        let fields = Fields::from([("act".to_owned(), "delete".to_owned())]);
        let cookie = keep(&server.server, &session, "/console/apps/8XKPQ2WN", &fields).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("cookie", format!("{}={}", cookie.name(), cookie.value()).parse().unwrap());
        assert!(kept(&server.server, &session, &headers).is_some());
        let later = Session::begin(&server.server, &crate::store::Admin { generation: 1, ..admin });
        assert_eq!(kept(&server.server, &later, &headers), None);
        server.clock.advance(limits::CONSOLE_FORM - Duration::from_millis(1));
        assert!(kept(&server.server, &session, &headers).is_some());
        let large = Fields::from([("url".to_owned(), "x".repeat(limits::CONSOLE_FORM_BYTES))]);
        assert_eq!(keep(&server.server, &session, "/console/webhooks", &large), None);
    }
}
