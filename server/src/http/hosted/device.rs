//! `/openid/device`: where the code is typed that a device shows (RFC 8628).

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Form,
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    error::HostedError,
    pages::{DevicePage, Head, SIGN_IN, page},
    target::Target,
};
use crate::{http::routes::link, state::Server};

/// Most symbols that are put into the field.
const SHOWN: usize = 16;

/// A code, as an address or a form has it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    user_code: String,
}

/// Shows the form, with the code in it where the address has one: a person compares it, and sends it.
pub(super) async fn show(headers: HeaderMap, Query(typed): Query<Typed>) -> Response {
    form(&headers, &typed.user_code, false)
}

/// Leads to the sign-in for the device.
pub(super) async fn find(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Response {
    match Target::find_device(&server, peer, &headers, &typed.user_code).await {
        Ok(Some(target)) => Redirect::to(&format!("{SIGN_IN}?request={}", target.name())).into_response(),
        Ok(None) => form(&headers, &typed.user_code, true),
        Err(error) => HostedError::in_language_of(error, &headers).into_response(),
    }
}

fn form(headers: &HeaderMap, typed: &str, is_wrong: bool) -> Response {
    let language = link::language(None::<&str>, headers);
    let t = language.pages();
    let user_code: String = typed.chars().take(SHOWN).collect();
    let form = DevicePage {
        head: Head::new(language, t.device_title.to_owned(), ""),
        t,
        user_code: &user_code,
        is_wrong,
    };
    page(if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &form)
}
