//! `/openid/authorize`: where a client leads a browser, and from where it is led to the page of the sign-in.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{ConnectInfo, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::CookieJar;

use super::{browser, count, no_form, respond};
use crate::{
    http::body,
    openid::{Begun, CallError, Parameters},
    state::Server,
};

use respond::CallFailure;

/// A request in the address.
pub(super) async fn by_query(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    match begin(&server, peer, &headers, query.as_bytes()).await {
        Ok(response) => response,
        Err(failure) => failure.page(),
    }
}

/// A request in a form (OpenID Connect Core, section 3.1.2.1). Browsers send no cookie with a form of another site, so it
/// begins with a new one.
pub(super) async fn by_form(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let form = match body::form(&headers, body).await {
        Ok(form) => form,
        Err(error) => return no_form(&error).page(),
    };
    match begin(&server, peer, &headers, &form).await {
        Ok(response) => response,
        Err(failure) => failure.page(),
    }
}

async fn begin(
    server: &Server,
    peer: SocketAddr,
    headers: &HeaderMap,
    text: &[u8],
) -> Result<Response, CallFailure> {
    count(server, peer, headers)?;
    let parameters = Parameters::parse(text).map_err(CallError::OAuth)?;
    // A browser that has one keeps it: several of its tabs sign in at once.
    let secret = browser::of(server, headers).unwrap_or_else(|| server.openid.draw_browser());
    Ok(match server.openid.begin(&parameters, &secret).await? {
        Begun::SignIn(id) => {
            let jar = CookieJar::new().add(browser::cookie(server, secret));
            (jar, Redirect::to(&format!("/openid/sign-in?request={id}"))).into_response()
        }
        Begun::Back(answer) => respond::lead_back(&answer),
        Begun::Untrusted(error) => respond::error_page(StatusCode::BAD_REQUEST, &error),
    })
}
