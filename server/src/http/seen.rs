//! What this server saw of a call, told to a doctor who asks: see `doctor::probe`.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue},
    middleware::Next,
    response::Response,
};

use super::forwarded::hops;
use crate::{
    config::{ForwardedHeader, TrustedProxies},
    doctor::probe::{self, Seen},
    state::Server,
};

/// The layer around all routes.
pub(super) async fn layer(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let seen = request.headers().get(probe::ASKED).and_then(|asked| {
        let asked = asked.to_str().ok()?;
        if !probe::is_asked(&server.app_secrets, asked, server.clock.now()) {
            return None;
        }
        let ConnectInfo(peer) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
        let seen = see(&server.settings.trusted_proxies, *peer, request.headers());
        HeaderValue::from_str(&seen.to_string()).ok()
    });
    let mut response = next.run(request).await;
    if let Some(seen) = seen {
        response.headers_mut().insert(probe::SEEN, seen);
    }
    response
}

fn see(proxies: &TrustedProxies, peer: SocketAddr, headers: &HeaderMap) -> Seen {
    let header = proxies.header();
    let other = match header {
        ForwardedHeader::XForwardedFor => ForwardedHeader::Forwarded,
        ForwardedHeader::Forwarded => ForwardedHeader::XForwardedFor,
    };
    let mut hops_named = hops(header, headers).peekable();
    let last = hops_named.peek().copied().flatten();
    Seen {
        is_trusted: proxies.trust(peer.ip()),
        header,
        hops: hops_named.count(),
        last,
        others: hops(other, headers).count(),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        clock::Clock,
        doctor::probe::{self, Seen},
        tests::{APP_SECRET, TestServer},
        whatsapp::AppSecret,
    };

    #[tokio::test]
    async fn only_who_knows_the_app_secret_is_told_what_was_seen() {
        let server = TestServer::start().await;
        let asked = |secret: &str| probe::ask(&AppSecret::new(secret).unwrap(), server.clock.now());
        let call = async |asked: &str| {
            let call = server.get("/openapi.json").header(probe::ASKED, asked);
            let call = call.header("x-forwarded-for", "203.0.113.77, 198.51.100.7");
            let response = call.header("forwarded", "for=203.0.113.77").send().await.unwrap();
            response.headers().get(probe::SEEN).map(|seen| seen.to_str().unwrap().to_owned())
        };
        let seen = Seen::parse(&call(&asked(APP_SECRET)).await.unwrap()).unwrap();
        assert!(seen.is_trusted);
        assert_eq!((seen.hops, seen.others), (2, 1));
        assert_eq!(seen.last, "198.51.100.7".parse().ok());
        assert_eq!(call(&asked("another secret")).await, None);
        assert_eq!(call("1").await, None);
    }

    #[tokio::test]
    async fn a_stream_tells_it_too() {
        let server = TestServer::start().await;
        let asked = probe::ask(&AppSecret::new(APP_SECRET).unwrap(), server.clock.now());
        let call = server.events(&[crate::tests::token(1)], None).header(probe::ASKED, asked);
        let response = call.send().await.unwrap();
        let seen = Seen::parse(response.headers()[probe::SEEN].to_str().unwrap()).unwrap();
        assert_eq!((seen.hops, seen.last, seen.others), (0, None, 0));
    }
}
