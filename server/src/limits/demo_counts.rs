//! How often the demo is tried: by whom, and by everybody together, as its codes are paid for.

use std::{net::IpAddr, time::Duration};

use super::{
    DEMO_CODES_PER_ADDRESS, DEMO_CODES_PER_DAY, DEMO_TRIES_PER_ADDRESS, DEMO_WINDOW, WindowCounts, customer,
};
use crate::clock::UnixMillis;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Counts of one server.
#[derive(Debug)]
pub(crate) struct DemoCounts {
    codes: WindowCounts<IpAddr>,
    tries: WindowCounts<IpAddr>,
    all_codes: WindowCounts<()>,
}

impl Default for DemoCounts {
    fn default() -> Self {
        Self {
            codes: WindowCounts::new(DEMO_CODES_PER_ADDRESS, DEMO_WINDOW),
            tries: WindowCounts::new(DEMO_TRIES_PER_ADDRESS, DEMO_WINDOW),
            all_codes: WindowCounts::new(DEMO_CODES_PER_DAY, DAY),
        }
    }
}

impl DemoCounts {
    /// Whether one more code may be sent; else how long that is not so at most. An address that has had its own does not
    /// use up everybody's.
    pub(crate) fn count_code(&self, address: IpAddr, now: UnixMillis) -> Result<(), Duration> {
        if !self.codes.count(customer(address), 1, now) {
            return Err(DEMO_WINDOW);
        }
        if self.all_codes.count((), 1, now) { Ok(()) } else { Err(DAY) }
    }

    /// The same for a code that is typed.
    pub(crate) fn count_try(&self, address: IpAddr, now: UnixMillis) -> Result<(), Duration> {
        if self.tries.count(customer(address), 1, now) { Ok(()) } else { Err(DEMO_WINDOW) }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_790_416_800_000);

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(0xCB00_7100 + number).into()
    }

    #[test]
    fn an_address_has_its_own_and_all_together_have_a_day() {
        let counts = DemoCounts::default();
        for number in 0..DEMO_CODES_PER_DAY {
            assert_eq!(counts.count_code(address(number / DEMO_CODES_PER_ADDRESS), NOW), Ok(()));
        }
        // The first was refused nothing of everybody's: it has had its own.
        assert_eq!(counts.count_code(address(0), NOW), Err(DEMO_WINDOW));
        assert_eq!(counts.count_code(address(99), NOW), Err(DAY));
        assert_eq!(counts.count_code(address(0), NOW + DAY), Ok(()));
    }

    #[test]
    fn an_address_types_some_for_each() {
        let counts = DemoCounts::default();
        for _ in 0..DEMO_TRIES_PER_ADDRESS {
            assert_eq!(counts.count_try(address(0), NOW), Ok(()));
        }
        assert_eq!(counts.count_try(address(0), NOW), Err(DEMO_WINDOW));
        assert_eq!(counts.count_try(address(1), NOW), Ok(()));
        assert_eq!(counts.count_try(address(0), NOW + DEMO_WINDOW), Ok(()));
    }
}
