//! `/console/again`: a form that waited for another sign-in, shown to whoever sent it to be sent once more.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::CookieJar;

use super::{
    Head,
    admin::Admin,
    error::ConsoleError,
    kept::{self, Form},
    page,
};
use crate::state::Server;

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
    let jar = CookieJar::new().add(kept::no_cookie(&server));
    let Some(form) = kept::form(&server, admin.session(), &headers) else {
        return Ok((jar, Redirect::to("/console")).into_response());
    };
    Ok((jar, page(StatusCode::OK, &AgainPage { head: Head::of(&admin, ""), form })).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        http::console::fixture::{location, sign_in},
        limits,
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
        let shown = olga.with_cookie(&server, kept::PATH, &kept).send().await.unwrap();
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
            let nothing = who.with_cookie(&server, kept::PATH, cookie).send().await.unwrap();
            assert_eq!((nothing.status().as_u16(), location(&nothing)), (303, "/console"));
        }
        server.clock.advance(limits::CONSOLE_FORM);
        let late = olga.with_cookie(&server, kept::PATH, &kept).send().await.unwrap();
        assert_eq!(location(&late), "/console");
    }
}
