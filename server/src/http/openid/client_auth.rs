//! Which client calls, and whether it has proved that: by HTTP Basic, in the form, or, without a secret, by its id alone.

use std::net::SocketAddr;

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use data_encoding::BASE64;
use percent_encoding::percent_decode_str;

use super::{count, no_form, respond::CallFailure};
use crate::{
    http::{body, request},
    openid::{CallError, OAuthError, OAuthErrorCode, Parameters},
    state::Server,
    store::OpenIdClient,
};

/// What a client is told that showed no secret, or a wrong one.
const CHALLENGE: &str = "Basic realm=\"OpenID\", charset=\"UTF-8\"";

/// What a client shows.
struct Shown {
    id: String,
    secret: Option<String>,
    /// Whether it stood in a header.
    in_header: bool,
}

/// Whether a call needs a client's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// The client's, where it has one.
    Client,
    /// A secret in any case.
    Secret,
}

/// Reads the form of a call, and which client makes it.
pub(super) async fn call(
    server: &Server,
    peer: SocketAddr,
    headers: &HeaderMap,
    body: Body,
    needs: Needs,
) -> Result<(OpenIdClient, Parameters), CallFailure> {
    let form = body::form(headers, body).await.map_err(|error| no_form(&error))?;
    let form = Parameters::parse(&form).map_err(CallError::OAuth)?;
    let refused = async |in_header: bool, description| {
        // Who guesses is counted, and who proves what it is never waits behind that.
        count(server, peer, headers)?;
        let error = OAuthError::new(OAuthErrorCode::InvalidClient, description);
        let failure = CallFailure::from(CallError::OAuth(error));
        Err(if in_header { failure.challenged(CHALLENGE) } else { failure })
    };
    let shown = match shown(headers, &form) {
        Ok(shown) => shown,
        Err(description) => return refused(true, description).await,
    };
    let Some(client) = server.openid.client(&shown.id).await? else {
        return refused(shown.in_header, "The client is not known, or its secret is wrong.").await;
    };
    let is_proved = match &shown.secret {
        Some(secret) => client.has_secret(secret, server.clock.now()),
        None => !client.is_confidential() && needs == Needs::Client,
    };
    if !is_proved {
        return refused(shown.in_header, "The client is not known, or its secret is wrong.").await;
    }
    if !client.is_confidential() {
        count(server, peer, headers)?;
    }
    request::note_app(client.app_key);
    Ok((client, form))
}

/// What the call shows, in one way alone (RFC 6749, section 2.3).
fn shown(headers: &HeaderMap, form: &Parameters) -> Result<Shown, &'static str> {
    if form.repeats(&["client_id", "client_secret"]) {
        return Err("A client shows its id and its secret once.");
    }
    let in_form = form.get("client_id");
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        let id = in_form.ok_or("The call names no client.")?.to_owned();
        return Ok(Shown { id, secret: form.get("client_secret").map(str::to_owned), in_header: false });
    };
    let (id, secret) = value.to_str().ok().and_then(basic).ok_or("`Authorization` is not HTTP Basic.")?;
    if form.get("client_secret").is_some() || in_form.is_some_and(|other| other != id) {
        return Err("A client shows its id and its secret once.");
    }
    Ok(Shown { id, secret: Some(secret), in_header: true })
}

/// Id and secret of HTTP Basic, each encoded as in a form before (RFC 6749, section 2.3.1).
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(BASE64.decode(encoded.trim().as_bytes()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decode = |text: &str| Some(percent_decode_str(text).decode_utf8().ok()?.into_owned());
    Some((decode(id)?, decode(secret)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_is_read_as_clients_write_it() {
        let encoded = |text: &str| format!("Basic {}", BASE64.encode(text.as_bytes()));
        let read = |text: &str| basic(&encoded(text));
        let pair = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        assert_eq!(read("8XKPQ2WN-AAAA1111:lgcs_1"), pair("8XKPQ2WN-AAAA1111", "lgcs_1"));
        assert_eq!(read("a%3Ab:c%20d:e"), pair("a:b", "c d:e"));
        assert_eq!(basic(&encoded("a:b").replace("Basic", "basic")), pair("a", "b"));
        for wrong in ["Bearer abc", "Basic", "Basic !!!", &encoded("nothing")] {
            assert_eq!(basic(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_client_shows_what_it_is_once() {
        let form = |text: &str| Parameters::parse(text.as_bytes()).unwrap();
        let mut headers = HeaderMap::new();
        assert!(shown(&headers, &form("")).is_err());
        assert!(shown(&headers, &form("client_id=a&client_id=a")).is_err());
        assert!(!shown(&headers, &form("client_id=a&client_secret=b")).unwrap().in_header);
        let value = format!("Basic {}", BASE64.encode(b"a:b"));
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        assert!(shown(&headers, &form("client_id=a")).unwrap().in_header);
        assert!(shown(&headers, &form("client_id=c")).is_err());
        assert!(shown(&headers, &form("client_secret=b")).is_err());
    }
}
