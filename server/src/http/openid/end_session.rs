//! `/openid/end-session`: where a client leads a browser whose person signs out.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{ConnectInfo, RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};

use super::{count, no_form, respond::CallFailure};
use crate::{
    http::{body, issuer_session},
    openid::{CallError, Parameters},
    state::Server,
};

/// Where somebody goes who signs out of a client that asks for no page of its own.
const START: &str = "/";

/// A request in the address.
pub(super) async fn by_query(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    end(&server, peer, &headers, query.as_bytes()).await.unwrap_or_else(|failure| failure.page())
}

/// A request in a form.
pub(super) async fn by_form(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match body::form(&headers, body).await {
        Ok(form) => end(&server, peer, &headers, &form).await.unwrap_or_else(|failure| failure.page()),
        Err(error) => no_form(&error).page(),
    }
}

async fn end(
    server: &Server,
    peer: SocketAddr,
    headers: &HeaderMap,
    text: &[u8],
) -> Result<Response, CallFailure> {
    count(server, peer, headers)?;
    let parameters = Parameters::parse(text).map_err(CallError::OAuth)?;
    let signed_out = server.openid.sign_out(&parameters).await?;
    if let Some(session_id) = &signed_out.session_id {
        issuer_session::end(server, session_id).await?;
    }
    Ok(Redirect::to(signed_out.location.as_deref().unwrap_or(START)).into_response())
}
