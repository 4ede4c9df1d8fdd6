//! Which proxies are believed, and the header in which they say whom they call for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::HeaderName;
use ipnet::{IpNet, Ipv4Net};

/// What switches the trust in proxies off.
const NONE: &str = "none";

/// Bits before an IPv4 address that is written as one of IPv6.
const MAPPED_PREFIX: u8 = 96;

/// The proxies that are believed, and the header in which they say whom they call for.
#[derive(Clone, Debug)]
pub(crate) struct TrustedProxies {
    networks: Vec<IpNet>,
    header: ForwardedHeader,
    region_header: Option<HeaderName>,
}

impl TrustedProxies {
    /// Reads addresses and networks such as `10.0.0.0/8`, or `none`.
    pub(crate) fn parse<'a>(texts: impl Iterator<Item = &'a str>, header: ForwardedHeader) -> Option<Self> {
        let texts: Vec<&str> = texts.collect();
        let networks = match *texts {
            [text] if text.eq_ignore_ascii_case(NONE) => Vec::new(),
            _ => texts.into_iter().map(network).collect::<Option<_>>()?,
        };
        Some(Self { networks, header, region_header: None })
    }

    /// The addresses of this machine itself.
    pub(crate) fn loopback(header: ForwardedHeader) -> Self {
        const IPV4: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);
        let networks = vec![IPV4.into(), IpAddr::V6(Ipv6Addr::LOCALHOST).into()];
        Self { networks, header, region_header: None }
    }

    /// The same with the header in which they name the region of whom they call for.
    pub(crate) fn with_region_header(self, region_header: Option<HeaderName>) -> Self {
        Self { region_header, ..self }
    }

    /// The header in which they name the region of whom they call for.
    pub(crate) fn region_header(&self) -> Option<&HeaderName> {
        self.region_header.as_ref()
    }

    /// Whether this is the address of such a proxy.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// The header that they write.
    pub(crate) fn header(&self) -> ForwardedHeader {
        self.header
    }
}

/// The one header that the trusted proxies write.
///
/// Only one is read: a proxy passes on unchanged what a client wrote into the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ForwardedHeader {
    #[default]
    XForwardedFor,
    Forwarded,
}

impl ForwardedHeader {
    /// The header of this name, if it is one of the two.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::XForwardedFor, Self::Forwarded]
            .into_iter()
            .find(|header| header.name().eq_ignore_ascii_case(name))
    }

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }
}

/// A network, or the address of one machine; one of IPv4 also where it is written as one of IPv6.
pub(super) fn network(text: &str) -> Option<IpNet> {
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

    #[test]
    fn the_header_is_one_of_two() {
        assert_eq!(ForwardedHeader::parse("Forwarded"), Some(ForwardedHeader::Forwarded));
        assert_eq!(ForwardedHeader::parse("X-Forwarded-For"), Some(ForwardedHeader::XForwardedFor));
        assert_eq!(ForwardedHeader::parse("X-Real-IP"), None);
    }
}
