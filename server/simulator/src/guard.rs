//! Keeps other web sites out: a simulator on a loopback address has no login, so the browser of its own user is the way
//! in for a hostile page.
//!
//! A `Host` that is not this machine is refused, since a name that an attacker points here (DNS rebinding) would make
//! the browser treat us as his. A request that changes something must not come from another origin.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY as CONTENT_SECURITY_POLICY_HEADER, HOST, ORIGIN, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use url::{Host, Url};

use crate::link::is_loopback;
use crate::simulator::Simulator;

/// Nothing but our own files.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
     img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors ";

/// In nobody's frame.
const NOBODY: &str = "'none'";

/// What every response carries. The referrer stays on this origin: a page's address holds the text of a login link, and
/// without any referrer a browser would send `Origin: null` with our own forms.
const HEADERS: [(&str, &str); 2] =
    [("referrer-policy", "same-origin"), ("x-content-type-options", "nosniff")];

/// The policy of every response: in the frames of these origins, if any.
fn policy(framed_by: &[String]) -> String {
    let ancestors = if framed_by.is_empty() { NOBODY.to_owned() } else { framed_by.join(" ") };
    format!("{CONTENT_SECURITY_POLICY}{ancestors}")
}

/// The middleware.
pub(crate) async fn check(State(simulator): State<Arc<Simulator>>, request: Request, next: Next) -> Response {
    let mut response = match judge(&simulator.config.allowed_hosts, request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(reason) => (StatusCode::FORBIDDEN, reason).into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let framed_by = &simulator.config.framed_by;
    if framed_by.is_empty() {
        response.headers_mut().insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    // Origins are text of a header: what makes none refuses the page rather than its policy.
    match HeaderValue::from_str(&policy(framed_by)) {
        Ok(policy) => response.headers_mut().insert(CONTENT_SECURITY_POLICY_HEADER, policy),
        Err(_) => return (StatusCode::INTERNAL_SERVER_ERROR, "an origin is malformed").into_response(),
    };
    response
}

fn judge(allowed: &[String], method: &Method, headers: &HeaderMap) -> Result<(), &'static str> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).ok_or("a Host header is needed")?;
    let url = Url::parse(&format!("http://{host}/")).map_err(|_| "the Host header is malformed")?;
    let known = url.host().is_some_and(|host| is_loopback(&host) || is_allowed(allowed, &host));
    if !known {
        return Err("this Host is not served; see --allow-host");
    }
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or_default();
    let same = ["http://", "https://"].iter().any(|scheme| {
        origin.strip_prefix(scheme).is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    });
    if same { Ok(()) } else { Err("requests from other origins are refused") }
}

fn is_allowed(allowed: &[String], host: &Host<&str>) -> bool {
    let host = host.to_string();
    allowed.iter().any(|name| name.eq_ignore_ascii_case(&host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(method: &Method, host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        judge(&["sim.test".to_owned()], method, &headers).is_ok()
    }

    #[test]
    fn only_names_of_this_machine_are_served() {
        for host in [
            "127.0.0.1:8788",
            "127.9.9.9",
            "localhost:1",
            "LOCALHOST",
            "a.localhost",
            "[::1]:8788",
            "sim.test:80",
        ] {
            assert!(judged(&Method::GET, host, None), "{host}");
        }
        for host in [
            "example.com",
            "127.0.0.1.example.com",
            "localhost.example.com",
            "10.0.0.1",
            "[::2]",
            "",
            "a@b@c",
        ] {
            assert!(!judged(&Method::GET, host, None), "{host}");
        }
    }

    #[test]
    fn other_origins_may_look_but_not_act() {
        let host = "127.0.0.1:8788";
        assert!(judged(&Method::POST, host, None));
        assert!(judged(&Method::POST, host, Some("http://127.0.0.1:8788")));
        for origin in ["http://127.0.0.1:8787", "http://localhost:8788", "https://example.com", "null", ""] {
            assert!(!judged(&Method::POST, host, Some(origin)), "{origin}");
            assert!(!judged(&Method::DELETE, host, Some(origin)), "{origin}");
            assert!(judged(&Method::GET, host, Some(origin)), "{origin}");
        }
    }

    #[test]
    fn only_named_origins_may_frame_a_page() {
        assert!(policy(&[]).ends_with("; frame-ancestors 'none'"));
        let named = ["http://127.0.0.1:8787".to_owned(), "http://localhost:8787".to_owned()];
        assert!(policy(&named).ends_with("; frame-ancestors http://127.0.0.1:8787 http://localhost:8787"));
    }

    #[test]
    fn a_host_is_needed() {
        assert!(judge(&[], &Method::GET, &HeaderMap::new()).is_err());
    }
}
