//! Signing in to the console, by this server's own link flow, and out of it.
//!
//! The page makes a token as any app's page does, and hands it to this server, which redeems it: who holds the token began
//! the login. People type the digits that WhatsApp shows them on that page, so a link that somebody else made lets nobody in.

use std::{net::SocketAddr, sync::Arc};

use askama::Template;
use axum::{
    Json,
    body::Body,
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::CookieJar;
use loggin_protocol::{
    ErrorCode, Token,
    wire::{SessionBody, VerifyRequest},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    Head,
    admin::Admin,
    error::ConsoleError,
    page,
    session::{Session, no_cookie},
};
use crate::{
    apps::CONSOLE_APP,
    clock::random_bytes,
    http::{
        ApiError, body,
        caller::Caller,
        routes::verify::{parse_token, rejected, unknown_app},
    },
    logins::{Asks, Takes, View, Viewer, view},
    state::Server,
    store::Confirm,
};

/// Where somebody is led who wanted to go nowhere.
const START: &str = "/console";

/// Random bytes that name this server as the redeemer.
const REDEEMER_BYTES: usize = 16;

/// Where somebody wants to go.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    to: Option<String>,
    /// Whether they are signed in, and sign in again.
    #[serde(default)]
    again: Option<String>,
}

#[derive(Template)]
#[template(path = "console/sign-in.html")]
struct SignInPage {
    head: Head,
    app_key: &'static str,
    to: String,
    again: bool,
    has_admins: bool,
    is_simulated: bool,
}

/// Shows the page.
pub(super) async fn show(
    State(server): State<Arc<Server>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ConsoleError> {
    let sign_in = SignInPage {
        head: Head::of_nobody(),
        app_key: CONSOLE_APP,
        to: within_console(wanted.to),
        again: wanted.again.is_some(),
        has_admins: server.administration.has_admins().await?,
        is_simulated: server.settings.development,
    };
    Ok(page(StatusCode::OK, &sign_in))
}

/// An address of the console: nobody is led elsewhere.
fn within_console(to: Option<String>) -> String {
    let is_own = |to: &String| {
        let rest = to.strip_prefix(START);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
            && !to.chars().any(|symbol| symbol.is_control() || symbol == '\\')
    };
    to.filter(is_own).unwrap_or_else(|| START.to_owned())
}

/// Redeems the token of the page, and begins a session where its person may use the console.
pub(super) async fn redeem(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    const NOBODY: ApiError =
        ApiError::new(ErrorCode::Unauthorized, "This number is not one of an administrator.");
    let caller = Caller::of(&server, peer, &headers).await?;
    let request: VerifyRequest = body::json(&headers, body).await?;
    let token = parse_token(&request.token)?;
    if token.app_key().as_str() != CONSOLE_APP {
        return Err(unknown_app());
    }
    caller.count_waits(&server, 1)?;
    let session = redeemed(&server, &token).await?;
    let Some(admin) = server.administration.sign_in_admin(&session).await? else {
        tracing::warn!("somebody who is no administrator tried to sign in to the console");
        return Err(NOBODY);
    };
    let cookie = Session::begin(&server, &admin).cookie(&server).ok_or(NOBODY)?;
    let jar = CookieJar::new().add(cookie);
    Ok((jar, Json(json!({ "status": "verified" }))).into_response())
}

async fn redeemed(server: &Server, token: &Token) -> Result<SessionBody, ApiError> {
    let redeemer = random_bytes::<REDEEMER_BYTES>(&*server.random);
    let viewer = Viewer::redeemer(&redeemer);
    // As the app of the console asks for, said once more where it matters.
    let takes = Takes { confirm: Confirm::Code, ..Takes::default() };
    let asks = Asks { confirm: takes.confirm, asker: None };
    let mut logins = server.logins.wait(&[token.code()], &asks).await?;
    if let Viewer::Redeemer(key) = viewer {
        logins = server.logins.claim(logins, key, takes).await?;
    }
    let login = logins.first().ok_or_else(|| rejected(ErrorCode::Expired))?;
    match view(login, viewer, takes) {
        View::Verified(session) => Ok(session),
        View::Rejected(error) => Err(rejected(error)),
        View::Pending | View::Progress(_) | View::Claimable => {
            Err(ApiError::new(ErrorCode::Unauthorized, "The message has not come yet."))
        }
    }
}

/// Ends all sessions of whoever asks, also those of which somebody has a copy.
pub(super) async fn sign_out(
    State(server): State<Arc<Server>>,
    admin: Admin,
) -> Result<Response, ConsoleError> {
    server.administration.sign_out(admin.actor()).await?;
    let jar = CookieJar::new().add(no_cookie(&server));
    Ok((jar, Redirect::to("/console/sign-in")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_out_of_the_console() {
        let led = |to: &str| within_console(Some(to.to_owned()));
        for own in ["/console", "/console/apps/8XKPQ2WN", "/console/logs?app=8XKPQ2WN", "/console?x"] {
            assert_eq!(led(own), own);
        }
        for other in [
            "",
            "/",
            "//evil.example/console",
            "/consoles",
            "/console.evil.example",
            "https://evil.example/console",
            "/console\\..\\..",
            "/console/\u{9}/x",
        ] {
            assert_eq!(led(other), START, "{other}");
        }
        assert_eq!(within_console(None), START);
    }
}
