//! Whose call it is, also behind proxies.

use std::{
    net::{IpAddr, SocketAddr},
    sync::atomic::{AtomicBool, Ordering},
};

use axum::http::HeaderMap;

use crate::{
    config::{ForwardedHeader, TrustedProxies},
    http::forwarded::hops,
    state::Server,
};

/// Whose call it is, where calls are counted by address; otherwise nobody asks behind which proxy it is.
pub(super) fn of(server: &Server, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
    if server.settings.counts_addresses {
        client(&server.settings.trusted_proxies, peer.ip(), headers)
    } else {
        peer.ip()
    }
}

/// Whose call it is: the last address that is not itself a trusted proxy's, as only what trusted proxies added is
/// believed. Where one of them names no address, the call counts as that proxy's own, so that nobody is without
/// an address to be counted by.
fn client(proxies: &TrustedProxies, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut known = peer.to_canonical();
    if !proxies.trust(known) {
        return known;
    }
    let mut hops = hops(proxies.header(), headers).peekable();
    if hops.peek().is_none_or(Option::is_none) {
        warn(proxies.header());
    }
    for hop in hops.map_while(|hop| hop) {
        known = hop;
        if !proxies.trust(hop) {
            break;
        }
    }
    known
}

/// Says once that a trusted proxy names nobody.
fn warn(header: ForwardedHeader) {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            ?header,
            "a trusted proxy does not say for whom it calls, so all its clients count as one: see \
             LOGGIN_TRUSTED_PROXIES and LOGGIN_FORWARDED_HEADER"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;
    use crate::config::ForwardedHeader;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn proxies(texts: &str) -> Option<TrustedProxies> {
        TrustedProxies::parse(texts.split(','), ForwardedHeader::XForwardedFor)
    }

    fn client(peer: &str, forwarded: &[&str]) -> IpAddr {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        // What the proxies do not write, a client may.
        headers.append("forwarded", "for=6.6.6.6".parse().unwrap());
        let proxies = proxies("127.0.0.0/8,10.0.0.1").unwrap();
        super::client(&proxies, address(peer), &headers)
    }

    #[test]
    fn only_what_trusted_proxies_say_is_believed() {
        for (peer, forwarded, expected) in [
            ("192.0.2.1", &["203.0.113.9"][..], "192.0.2.1"),
            ("127.0.0.1", &["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
            ("127.0.0.1", &["6.6.6.6, 203.0.113.9:17085"], "203.0.113.9"),
            ("127.0.0.1", &["6.6.6.6, [2001:db8::8]:4711, 127.0.0.1"], "2001:db8::8"),
            ("::ffff:127.0.0.1", &["6.6.6.6", "203.0.113.9, 127.0.0.1"], "203.0.113.9"),
            ("127.0.0.1", &["6.6.6.6, ::ffff:203.0.113.9, ::ffff:10.0.0.1"], "203.0.113.9"),
            // A call from within counts as that of the machine it began at.
            ("127.0.0.1", &["10.0.0.1, 127.0.0.2"], "10.0.0.1"),
        ] {
            assert_eq!(client(peer, forwarded), address(expected), "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_counts_as_the_last_proxy_that_can() {
        for (forwarded, expected) in [
            (&[][..], "127.0.0.1"),
            (&[""], "127.0.0.1"),
            (&["6.6.6.6, rubbish"], "127.0.0.1"),
            (&["6.6.6.6", "unknown"], "127.0.0.1"),
            (&["6.6.6.6,"], "127.0.0.1"),
            (&["6.6.6.6, rubbish, 10.0.0.1"], "10.0.0.1"),
        ] {
            assert_eq!(client("127.0.0.1", forwarded), address(expected), "{forwarded:?}");
        }
    }

    #[test]
    fn the_header_is_the_one_that_is_set() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "6.6.6.6".parse().unwrap());
        headers.append("forwarded", "for=_hidden, for=\"[2001:db8::8]:1\";proto=https".parse().unwrap());
        let proxies = TrustedProxies::loopback(ForwardedHeader::Forwarded);
        assert_eq!(super::client(&proxies, address("127.0.0.1"), &headers), address("2001:db8::8"));
    }

    fn unknown() -> impl Strategy<Value = IpAddr> {
        let proxies = TrustedProxies::loopback(ForwardedHeader::default());
        any::<IpAddr>().prop_filter("a proxy's own", move |address| !proxies.trust(*address))
    }

    proptest! {
        /// A client writes what it likes; its proxy appends the address that it saw.
        #[test]
        fn no_header_hides_the_address_that_a_proxy_adds(
            written in proptest::collection::vec("[ -~]{0,40}", 0..4),
            appended in unknown(),
            apart in any::<bool>(),
            port in proptest::option::of(any::<u16>()),
        ) {
            let added = match port {
                Some(port) => SocketAddr::new(appended, port).to_string(),
                None => appended.to_string(),
            };
            let mut values = written;
            match values.last_mut() {
                Some(last) if !apart => *last = format!("{last}, {added}"),
                _ => values.push(added),
            }
            let mut headers = HeaderMap::new();
            for value in &values {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            let proxies = TrustedProxies::loopback(ForwardedHeader::XForwardedFor);
            let found = super::client(&proxies, IpAddr::V4(Ipv4Addr::LOCALHOST), &headers);
            prop_assert_eq!(found, appended.to_canonical());
        }

        /// The same in the syntax of RFC 7239, where a quote that is left open hides it: then it is the
        /// proxy's own call.
        #[test]
        fn no_forwarded_header_names_another_than_the_proxy_saw(
            written in r#"(for=6\.6\.6\.6|by=|for=|[;,"\\ =]){0,9}"#,
            appended in unknown(),
        ) {
            let added = match appended {
                IpAddr::V4(address) => format!("for={address}"),
                IpAddr::V6(address) => format!("for=\"[{address}]\""),
            };
            let mut headers = HeaderMap::new();
            headers.append("forwarded", format!("{written}, {added};proto=https").parse().unwrap());
            let proxies = TrustedProxies::loopback(ForwardedHeader::Forwarded);
            let found = super::client(&proxies, IpAddr::V4(Ipv4Addr::LOCALHOST), &headers);
            prop_assert!(
                found == appended.to_canonical() || found == IpAddr::V4(Ipv4Addr::LOCALHOST),
                "{} {}", found, appended
            );
        }
    }
}
