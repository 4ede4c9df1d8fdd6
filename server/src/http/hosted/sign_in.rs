//! `/openid/sign-in`: the page that signs people in whom a client sent here, and what its forms do.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use axum::{
    Form,
    extract::{ConnectInfo, Query, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    attempt::Attempt,
    code,
    error::HostedError,
    pages::SIGN_IN,
    visit::{Shown, Visit},
};
use crate::{
    crypto::Digits,
    http::routes::confirm::attempts_left,
    logins::{CONFIRMATION_DIGITS, Confirmation},
    openid::{OAuthError, OAuthErrorCode},
    state::Server,
};

/// What a form holds.
type Fields = HashMap<String, String>;

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map(String::as_str).unwrap_or_default()
}

/// Shows what comes next.
pub(super) async fn show(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Query(shown): Query<Shown>,
) -> Response {
    let visit = match Visit::begin(&server, peer, &headers, &shown.request).await {
        Ok(visit) => visit,
        Err(error) => return error.in_language_of(&headers).into_response(),
    };
    let language = visit.language;
    visit.go_on(None).await.unwrap_or_else(|error| error.said_in(language).into_response())
}

/// Does what a form asks for.
pub(super) async fn act(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    let visit = match Visit::begin(&server, peer, &headers, field(&fields, "request")).await {
        Ok(visit) => visit.after_form(),
        Err(error) => return error.in_language_of(&headers).into_response(),
    };
    let language = visit.language;
    carry_out(visit, &fields).await.unwrap_or_else(|error| error.said_in(language).into_response())
}

async fn carry_out(mut visit: Visit<'_>, fields: &Fields) -> Result<Response, HostedError> {
    match field(fields, "act") {
        "cancel" => {
            const CANCELLED: OAuthError =
                OAuthError::new(OAuthErrorCode::AccessDenied, "The person did not go on.");
            visit.refuse(&CANCELLED).await
        }
        "confirm" => confirm(visit, field(fields, "digits")).await,
        "again" => {
            let fresh = visit.attempt().anew(visit.server);
            visit.attempt = Some(fresh);
            Ok(show_again(visit))
        }
        "continue" => {
            visit.attempt = Some(Attempt { chose: true, is_other: false, ..visit.attempt() });
            visit.go_on(None).await
        }
        "other" => {
            visit.attempt = Some(Attempt { is_other: true, chose: false, ..visit.attempt() });
            Ok(show_again(visit))
        }
        "by_code" if visit.can_use_code() => {
            visit.attempt = Some(Attempt { by_code: true, sent: None, ..visit.attempt() });
            Ok(show_again(visit))
        }
        "by_link" => {
            visit.attempt = Some(Attempt { by_code: false, sent: None, ..visit.attempt() });
            Ok(show_again(visit))
        }
        "send" => code::send(visit, field(fields, "phone")).await,
        "verify" => match code::verify(&mut visit, field(fields, "code")).await? {
            Some(wrong) => Ok(code::show(visit, "", Some(&wrong))),
            None => visit.go_on(None).await,
        },
        "allow" => {
            visit.attempt = Some(Attempt { agreed: true, ..visit.attempt() });
            visit.go_on(None).await
        }
        _ => Ok(show_again(visit)),
    }
}

/// Has the browser load the page, so that loading it again sends no form.
fn show_again(visit: Visit<'_>) -> Response {
    let address = format!("{SIGN_IN}?request={}", visit.name);
    visit.with_cookies(Redirect::to(&address).into_response())
}

/// Takes the digits that WhatsApp showed. A text that cannot be them costs no try.
async fn confirm(visit: Visit<'_>, typed: &str) -> Result<Response, HostedError> {
    let Some(attempt) = &visit.attempt else { return Ok(show_again(visit)) };
    let code = visit.looker().code(attempt);
    let digits = Digits::typed(typed).filter(|typed| typed.count() == usize::from(CONFIRMATION_DIGITS));
    let outcome = match digits {
        Some(digits) => visit.server.logins.confirm(code, digits.expose()).await?,
        None => match attempts_left(visit.server, code).await? {
            Some(left) => Confirmation::Wrong(left),
            None => Confirmation::NotAwaited,
        },
    };
    let Confirmation::Wrong(left) = outcome else { return visit.go_on(None).await };
    let says = visit.language.filled(visit.t().wrong_code, &[("count", &left.to_string())]);
    visit.go_on(Some(says)).await
}
