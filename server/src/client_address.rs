//! Addresses of clients: which proxies are believed, and whose call it is behind them.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::atomic::{AtomicBool, Ordering},
};

use axum::http::HeaderMap;
use ipnet::{IpNet, Ipv4Net};

use crate::forwarded::ForwardedHeader;

/// What switches the trust in proxies off.
const NONE: &str = "none";

/// Bits before an IPv4 address that is written as one of IPv6.
const MAPPED_PREFIX: u8 = 96;

/// The proxies that are believed, and the header in which they say whom they call for.
#[derive(Debug)]
pub(crate) struct TrustedProxies {
    networks: Vec<IpNet>,
    header: ForwardedHeader,
    /// Whether it was logged that one of them names nobody.
    warned: AtomicBool,
}

impl TrustedProxies {
    /// Reads addresses and networks such as `10.0.0.0/8`, or `none`.
    pub(crate) fn parse<'a>(texts: impl Iterator<Item = &'a str>, header: ForwardedHeader) -> Option<Self> {
        let texts: Vec<&str> = texts.collect();
        let networks = match *texts {
            [text] if text.eq_ignore_ascii_case(NONE) => Vec::new(),
            _ => texts.into_iter().map(network).collect::<Option<_>>()?,
        };
        Some(Self { networks, header, warned: AtomicBool::new(false) })
    }

    /// The addresses of this machine itself.
    pub(crate) fn loopback(header: ForwardedHeader) -> Self {
        const IPV4: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);
        let networks = vec![IPV4.into(), IpAddr::V6(Ipv6Addr::LOCALHOST).into()];
        Self { networks, header, warned: AtomicBool::new(false) }
    }

    /// Whether this is the address of such a proxy.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// Whose call it is: the last address that is not itself a trusted proxy's, as only what trusted proxies added is
    /// believed. Where one of them names no address, the call counts as that proxy's own, so that nobody is without
    /// an address to be counted by.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut known = peer.to_canonical();
        if !self.trust(known) {
            return known;
        }
        let mut hops = self.header.hops(headers).peekable();
        if hops.peek().is_none_or(Option::is_none) {
            self.warn();
        }
        for hop in hops.map_while(|hop| hop) {
            known = hop;
            if !self.trust(hop) {
                break;
            }
        }
        known
    }

    fn warn(&self) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                header = ?self.header,
                "a trusted proxy does not say for whom it calls, so all its clients count as one: see \
                 LOGGIN_TRUSTED_PROXIES and LOGGIN_FORWARDED_HEADER"
            );
        }
    }
}

/// A network, or the address of one machine; one of IPv4 also where it is written as one of IPv6.
fn network(text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
    let mapped = match network.addr().to_canonical() {
        IpAddr::V4(address) => {
            network.prefix_len().checked_sub(MAPPED_PREFIX).map(|prefix| (address, prefix))
        }
        IpAddr::V6(_) => None,
    };
    match (network, mapped) {
        (IpNet::V6(_), Some((address, prefix))) => Ipv4Net::new(address, prefix).ok().map(IpNet::from),
        _ => Some(network),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn proxies(texts: &str) -> Option<TrustedProxies> {
        TrustedProxies::parse(texts.split(','), ForwardedHeader::XForwardedFor)
    }

    #[test]
    fn networks_contain_their_addresses() {
        let cases = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.9.9.9/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "::ffff:192.0.2.7", true),
            ("::ffff:192.0.2.7", "192.0.2.7", true),
            ("::ffff:10.0.0.0/104", "10.255.0.1", true),
            ("::ffff:10.0.0.0/104", "11.0.0.1", false),
            ("192.0.2.7", "192.0.2.6", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::1", "::1", true),
            ("::/0", "::1", true),
            ("::/0", "127.0.0.1", false),
            ("none", "127.0.0.1", false),
            ("None", "::1", false),
        ];
        for (network, inside, expected) in cases {
            assert_eq!(proxies(network).unwrap().trust(address(inside)), expected, "{network} {inside}");
        }
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/-1", "none,10.0.0.1", "nobody"] {
            assert!(proxies(bad).is_none(), "{bad}");
        }
    }

    fn client(peer: &str, forwarded: &[&str]) -> IpAddr {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        // What the proxies do not write, a client may.
        headers.append("forwarded", "for=6.6.6.6".parse().unwrap());
        proxies("127.0.0.0/8,10.0.0.1").unwrap().client(address(peer), &headers)
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
        assert_eq!(proxies.client(address("127.0.0.1"), &headers), address("2001:db8::8"));
        assert_eq!(ForwardedHeader::parse("Forwarded"), Some(ForwardedHeader::Forwarded));
        assert_eq!(ForwardedHeader::parse("X-Forwarded-For"), Some(ForwardedHeader::XForwardedFor));
        assert_eq!(ForwardedHeader::parse("X-Real-IP"), None);
    }

    fn stranger() -> impl Strategy<Value = IpAddr> {
        let proxies = TrustedProxies::loopback(ForwardedHeader::default());
        any::<IpAddr>().prop_filter("a proxy's own", move |address| !proxies.trust(*address))
    }

    proptest! {
        /// A client writes what it likes; its proxy appends the address that it saw.
        #[test]
        fn no_header_hides_the_address_that_a_proxy_adds(
            written in proptest::collection::vec("[ -~]{0,40}", 0..4),
            appended in stranger(),
            apart in any::<bool>(),
            port in proptest::option::of(any::<u16>()),
        ) {
            let added = match port {
                Some(port) => std::net::SocketAddr::new(appended, port).to_string(),
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
            let found = proxies.client(IpAddr::V4(Ipv4Addr::LOCALHOST), &headers);
            prop_assert_eq!(found, appended.to_canonical());
        }

        /// The same in the syntax of RFC 7239, where a quote that is left open hides it: then it is the
        /// proxy's own call.
        #[test]
        fn no_forwarded_header_names_another_than_the_proxy_saw(
            written in r#"(for=6\.6\.6\.6|by=|for=|[;,"\\ =]){0,9}"#,
            appended in stranger(),
        ) {
            let added = match appended {
                IpAddr::V4(address) => format!("for={address}"),
                IpAddr::V6(address) => format!("for=\"[{address}]\""),
            };
            let mut headers = HeaderMap::new();
            headers.append("forwarded", format!("{written}, {added};proto=https").parse().unwrap());
            let proxies = TrustedProxies::loopback(ForwardedHeader::Forwarded);
            let found = proxies.client(IpAddr::V4(Ipv4Addr::LOCALHOST), &headers);
            prop_assert!(
                found == appended.to_canonical() || found == IpAddr::V4(Ipv4Addr::LOCALHOST),
                "{} {}", found, appended
            );
        }
    }
}
