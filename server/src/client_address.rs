//! Addresses of clients: which proxies are believed, whose call it is behind them, and how many streams each holds.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::HeaderMap;

use crate::limits;

/// The header in which proxies pass on whom they call for, each adding the address that called it.
const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// A block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IpNetwork {
    address: IpAddr,
    prefix: u8,
}

impl IpNetwork {
    /// Reads an address, or an address and the length of its prefix, such as `10.0.0.0/8`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.trim().parse().ok().filter(|prefix| *prefix <= longest)?,
            None => longest,
        };
        Some(Self { address, prefix })
    }

    /// The addresses of this machine itself.
    pub(crate) fn loopback() -> Vec<Self> {
        vec![
            Self { address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), prefix: 8 },
            Self { address: IpAddr::V6(Ipv6Addr::LOCALHOST), prefix: 128 },
        ]
    }

    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.prefix);
                let bits = |address: Ipv4Addr| u32::from(address).checked_shr(shift).unwrap_or_default();
                bits(own) == bits(other)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.prefix);
                let bits = |address: Ipv6Addr| u128::from(address).checked_shr(shift).unwrap_or_default();
                bits(own) == bits(other)
            }
            _ => false,
        }
    }
}

/// Whose call it is; `None` where it comes from a trusted proxy that does not say.
///
/// Only the addresses that trusted proxies added are believed, so it is the last one that is not itself a proxy's.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNetwork]) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = peer.to_canonical();
    if !is_trusted(peer) {
        return Some(peer);
    }
    let values = headers.get_all(X_FORWARDED_FOR).into_iter();
    let hops: Vec<&str> =
        values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).collect();
    let hops = hops.iter().rev().map(|hop| hop.trim().parse::<IpAddr>());
    hops.map_while(Result::ok).map(|address| address.to_canonical()).find(|address| !is_trusted(*address))
}

/// How many streams each address holds; a provider gives one customer a whole /64 of IPv6, so that counts as one.
#[derive(Clone, Debug, Default)]
pub(crate) struct StreamCounts(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One stream that is counted for as long as this lives.
#[derive(Debug)]
pub(crate) struct CountedStream {
    counts: StreamCounts,
    address: IpAddr,
}

impl StreamCounts {
    /// Counts one more stream; `None` where the address holds as many as it may.
    pub(crate) fn count(&self, address: IpAddr) -> Option<CountedStream> {
        let address = customer(address);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= limits::STREAMS_PER_ADDRESS {
            return None;
        }
        *count += 1;
        Some(CountedStream { counts: self.clone(), address })
    }
}

impl Drop for CountedStream {
    fn drop(&mut self) {
        let mut counts = self.counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = counts.entry(self.address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// The address by which a client is counted.
pub(crate) fn customer(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_contain_their_addresses() {
        let cases = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "::1", true),
            ("::/0", "127.0.0.1", false),
        ];
        for (network, inside, expected) in cases {
            let network = IpNetwork::parse(network).unwrap();
            assert_eq!(network.contains(address(inside)), expected, "{network:?} {inside}");
        }
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/-1"] {
            assert_eq!(IpNetwork::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_what_trusted_proxies_say_is_believed() {
        let trusted = IpNetwork::loopback();
        let client = |peer: &str, forwarded: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append(X_FORWARDED_FOR, value.parse().unwrap());
            }
            client_address(address(peer), &headers, &trusted)
        };
        assert_eq!(client("192.0.2.1", &["203.0.113.9"]), Some(address("192.0.2.1")));
        assert_eq!(client("127.0.0.1", &["6.6.6.6, 203.0.113.9"]), Some(address("203.0.113.9")));
        assert_eq!(
            client("::ffff:127.0.0.1", &["6.6.6.6", "203.0.113.9, 127.0.0.1"]),
            Some(address("203.0.113.9"))
        );
        assert_eq!(client("127.0.0.1", &["6.6.6.6, rubbish"]), None);
        assert_eq!(client("127.0.0.1", &[]), None);
    }

    #[test]
    fn an_address_holds_so_many_streams_and_no_more() {
        let counts = StreamCounts::default();
        let held: Vec<_> = (0..limits::STREAMS_PER_ADDRESS)
            .map(|number| counts.count(address(&format!("2001:db8::{number:x}"))).unwrap())
            .collect();
        assert!(counts.count(address("2001:db8::ffff:1")).is_none());
        let other = counts.count(address("2001:db8:0:1::")).unwrap();
        drop(held);
        assert!(counts.count(address("2001:db8::1")).is_some());
        drop(other);
        assert!(counts.0.lock().unwrap().is_empty());
    }
}
