//! The address by which a caller is counted, and how many streams each holds.

use std::net::{IpAddr, Ipv6Addr};

use crate::limits::{self, Share, Shares};

/// How many streams each address holds.
#[derive(Clone, Debug)]
pub(crate) struct StreamCounts(Shares<IpAddr>);

/// One stream that is counted for as long as this lives.
#[derive(Debug)]
pub(crate) struct CountedStream(#[expect(dead_code, reason = "held for its end")] Share<IpAddr>);

impl Default for StreamCounts {
    fn default() -> Self {
        // All together are bounded by the connections.
        Self(Shares::new(usize::MAX, limits::STREAMS_PER_ADDRESS))
    }
}

impl StreamCounts {
    /// Counts one more stream; `None` where the address holds as many as it may.
    pub(crate) fn count(&self, address: IpAddr) -> Option<CountedStream> {
        self.0.take(customer(address), 1).ok().map(CountedStream)
    }
}

/// The address by which a client is counted: a provider gives one customer a whole /64 of IPv6.
pub(crate) fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
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
        assert_eq!(counts.0.held(), 0);
    }
}
