//! Which addresses webhooks may go to: those of the public internet, and networks that the operator allows.
//!
//! Whoever chooses an endpoint's URL could otherwise have this server call what stands beside it. Names are looked up by
//! the client's own resolver, which gives out only addresses that were judged: the one that is judged is the one that is
//! connected to.

use std::{
    error::Error,
    iter,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, LazyLock},
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Networks of IPv4 that are nobody's on the internet, by IANA's registry of special addresses.
const NOT_PUBLIC: [(Ipv4Addr, u8); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The only network of IPv6 that is public, and what within it is not: protocols that carry IPv4, and documentation.
const GLOBAL: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// See [`GLOBAL`].
const NOT_GLOBAL: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Where NAT64 has the addresses of IPv4.
const NAT64: (Ipv6Addr, u8) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Bytes of an endpoint's URL: more than any server takes.
const MAX_URL: usize = 2_000;

static IPV4: LazyLock<Vec<Ipv4Net>> = LazyLock::new(|| NOT_PUBLIC.into_iter().map(net4).collect());
static IPV6: LazyLock<Vec<Ipv6Net>> = LazyLock::new(|| NOT_GLOBAL.into_iter().map(net6).collect());

fn net4((address, bits): (Ipv4Addr, u8)) -> Ipv4Net {
    Ipv4Net::new_assert(address, bits)
}

fn net6((address, bits): (Ipv6Addr, u8)) -> Ipv6Net {
    Ipv6Net::new_assert(address, bits)
}

/// Which addresses are called.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    /// Networks that are not public and are called all the same.
    allowed: Arc<[IpNet]>,
    /// Whether public ones are.
    public: bool,
}

/// An endpoint is at an address that is not called.
#[derive(Debug, thiserror::Error)]
#[error("the address is not one that webhooks go to")]
pub(super) struct AddressRefused;

impl Addresses {
    /// Public ones, and these networks.
    pub(super) fn public_and(allowed: &[IpNet]) -> Self {
        Self { allowed: allowed.into(), public: true }
    }

    /// These networks alone.
    pub(super) fn only(allowed: &[IpNet]) -> Self {
        Self { allowed: allowed.into(), public: false }
    }

    fn may_call(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.iter().any(|network| network.contains(&address)) || (self.public && is_public(address))
    }

    /// Judges the address that a URL names by itself, which no resolver is asked for.
    pub(super) fn check_literal(&self, url: &Url) -> Result<(), AddressRefused> {
        let address = match url.host() {
            Some(Host::Domain(_)) => return Ok(()),
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            None => return Err(AddressRefused),
        };
        if self.may_call(address) { Ok(()) } else { Err(AddressRefused) }
    }

    /// Those of these addresses that may be called; an error where there are none.
    fn judged(&self, found: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, AddressRefused> {
        let judged: Vec<SocketAddr> = found.filter(|address| self.may_call(address.ip())).collect();
        if judged.is_empty() { Err(AddressRefused) } else { Ok(judged) }
    }
}

impl Resolve for Addresses {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.clone();
        Box::pin(async move {
            // The port is the URL's.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let judged = addresses.judged(found)?;
            Ok(Box::new(judged.into_iter()) as Addrs)
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !IPV4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) if net6(NAT64).contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            is_public(Ipv4Addr::new(a, b, c, d).into())
        }
        IpAddr::V6(address) => {
            net6(GLOBAL).contains(&address) && !IPV6.iter().any(|network| network.contains(&address))
        }
    }
}

/// Whether a call failed because its address is none that is called.
pub(super) fn is_refused(error: &(dyn Error + 'static)) -> bool {
    let mut causes = iter::successors(Some(error), |&error| error.source());
    causes.any(<dyn Error>::is::<AddressRefused>)
}

/// Where a URL leads that does not lead where webhooks go.
const NOWHERE: &str = "leads to no public address, nor into LOGGIN_WEBHOOK_NETWORKS";

/// Reads a URL for an endpoint.
///
/// # Errors
/// What is wrong with it, to stand behind "the URL".
pub(crate) fn check_url(text: &str, allowed: &[IpNet]) -> Result<String, &'static str> {
    read(text, allowed).map(|(url, _)| url.into())
}

/// Looks at a URL as it would be called now. A name that cannot be looked up leads nowhere, and is not judged.
///
/// # Errors
/// What is wrong with it, to stand behind "the URL".
pub(crate) async fn check_reach(text: &str, allowed: &[IpNet]) -> Result<(), &'static str> {
    let (url, addresses) = read(text, allowed)?;
    let Some(Host::Domain(name)) = url.host() else { return Ok(()) };
    match tokio::net::lookup_host((name, 0)).await {
        Ok(found) => addresses.judged(found).map(drop).map_err(|_| NOWHERE),
        Err(_) => Ok(()),
    }
}

/// A URL, and the addresses that it may lead to.
fn read(text: &str, allowed: &[IpNet]) -> Result<(Url, Addresses), &'static str> {
    let url = Url::parse(text.trim()).map_err(|_| "is none")?;
    let addresses = match url.scheme() {
        "https" => Addresses::public_and(allowed),
        "http" if !allowed.is_empty() => Addresses::only(allowed),
        _ => return Err("must begin with https://; http:// is for networks in LOGGIN_WEBHOOK_NETWORKS"),
    };
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("must have no user, no password and no fragment");
    }
    if url.as_str().len() > MAX_URL {
        return Err("is longer than 2,000 bytes");
    }
    addresses.check_literal(&url).map_err(|_| NOWHERE)?;
    Ok((url, addresses))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        Addresses::public_and(&[]).may_call(text.parse().unwrap())
    }

    #[test]
    fn only_addresses_of_the_internet_are_called() {
        for text in
            ["1.1.1.1", "172.15.255.255", "172.32.0.0", "100.128.0.1", "2606:4700::1111", "64:ff9b::101:101"]
        {
            assert!(public(text), "{text}");
        }
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
        ] {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn a_network_that_is_allowed_is_called_and_no_other() {
        let allowed: [IpNet; 2] = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        for addresses in [Addresses::public_and(&allowed), Addresses::only(&allowed)] {
            let may_call = |text: &str| addresses.may_call(text.parse().unwrap());
            assert!(may_call("10.9.9.9") && may_call("::ffff:10.9.9.9") && may_call("fd00::1"));
            assert!(!may_call("127.0.0.1") && !may_call("192.168.0.1") && !may_call("fe80::1"));
            assert_eq!(may_call("1.1.1.1"), addresses.public);
        }
    }

    #[test]
    fn an_address_in_a_url_is_judged_however_it_is_written() {
        let check = |text: &str| Addresses::public_and(&[]).check_literal(&Url::parse(text).unwrap()).is_ok();
        for text in
            ["https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://[::1]/", "https://0/"]
        {
            assert!(!check(text), "{text}");
        }
        assert!(
            check("https://1.1.1.1/") && check("https://localhost/"),
            "names are judged when they are looked up"
        );
    }

    #[test]
    fn of_several_addresses_those_that_may_be_called_are_given_out() {
        let addresses = Addresses::public_and(&[]);
        let found = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect()
        };
        let judged = addresses.judged(found(&["127.0.0.1", "1.1.1.1"]).into_iter()).unwrap();
        assert_eq!(judged, found(&["1.1.1.1"]));
        assert!(addresses.judged(found(&["127.0.0.1", "::1"]).into_iter()).is_err());
        assert!(addresses.judged(iter::empty()).is_err());
    }

    #[tokio::test]
    async fn a_name_is_judged_by_what_it_leads_to_now() {
        let allowed: [IpNet; 2] = ["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        assert_eq!(check_reach("https://localhost/hook", &[]).await, Err(NOWHERE));
        assert_eq!(check_reach("https://localhost/hook", &allowed).await, Ok(()));
        assert_eq!(check_reach("http://localhost/hook", &allowed).await, Ok(()));
        assert_eq!(check_reach("https://127.0.0.1/hook", &[]).await, Err(NOWHERE));
        assert_eq!(check_reach("https://name.invalid/hook", &[]).await, Ok(()));
        assert!(check_reach("http://localhost/hook", &[]).await.is_err());
    }

    #[test]
    fn a_url_of_an_endpoint_is_judged_when_it_is_added() {
        let allowed: [IpNet; 1] = ["127.0.0.0/8".parse().unwrap()];
        assert_eq!(check_url(" https://app.example/hook?a=b ", &[]).unwrap(), "https://app.example/hook?a=b");
        assert_eq!(check_url("http://127.0.0.1:8000", &allowed).unwrap(), "http://127.0.0.1:8000/");
        for text in [
            "",
            "app.example",
            "ftp://app.example",
            "http://app.example",
            "https://127.0.0.1",
            "https://10.0.0.1/",
            "https://[::1]/",
            "https://user:password@app.example/",
            "https://app.example/#part",
        ] {
            assert!(check_url(text, &[]).is_err(), "{text}");
        }
        for text in ["http://10.0.0.1/", "http://1.1.1.1/"] {
            assert!(check_url(text, &allowed).is_err(), "{text}");
        }
    }
}
