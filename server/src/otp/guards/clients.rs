//! What the addresses of people, as apps tell them, have asked for within an hour.
//!
//! It is kept in memory, by each node for itself, under hashes that another start of the program makes anew. A number whose
//! code was typed counts no more, which only the store knows.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use hashlink::LinkedHashMap;
use loggin_protocol::{AppKey, PhoneNumber};
use uuid::Uuid;

use super::rule::Spread;
use crate::{clock::UnixMillis, limits};

/// Addresses, the one that asked longest ago first.
#[derive(Debug, Default)]
pub(super) struct Clients {
    hasher: RandomState,
    asked: Mutex<LinkedHashMap<u64, Vec<Number>>>,
}

/// A number that an address asked for.
#[derive(Clone, Copy, Debug)]
struct Number {
    hash: u64,
    country: u64,
    /// The latest code that was sent to it.
    session_id: Option<Uuid>,
    at: UnixMillis,
}

/// One address at one app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client(u64);

/// An address that tells people apart: none of a network of its own, behind which a proxy stands, or everybody.
pub(crate) fn is_told_apart(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                // Of carriers, behind which their customers stand.
                || (address.octets()[0] == 100 && address.octets()[1] & 0b1100_0000 == 64))
        }
        IpAddr::V6(address) => {
            !(address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local())
        }
    }
}

impl Clients {
    /// An address at an app; a customer's addresses of IPv6 are one.
    pub(super) fn client(&self, app_key: AppKey, address: IpAddr) -> Client {
        Client(self.hasher.hash_one((app_key.as_str(), limits::customer(address))))
    }

    /// Notes that an address asks for a number; what it has asked for in the hour, and the sessions of that.
    pub(super) fn ask(
        &self,
        client: Client,
        phone: &PhoneNumber,
        country: &str,
        now: UnixMillis,
    ) -> (Spread, Vec<Uuid>) {
        let (hash, country) = (self.hasher.hash_one(phone.expose()), self.hasher.hash_one(country));
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let mut numbers = asked.remove(&client.0).unwrap_or_default();
        let oldest = now - limits::GUARD_CLIENT_WINDOW;
        // One from the future was noted by a clock that was ahead.
        numbers.retain(|number| oldest < number.at && number.at <= now);
        let known = numbers.iter().position(|number| number.hash == hash).map(|at| numbers.remove(at));
        if numbers.len() > limits::GUARD_CLIENT_MOST as usize {
            numbers.remove(0);
        }
        let session_id = known.and_then(|known| known.session_id);
        numbers.push(Number { hash, country, session_id, at: now });
        let (spread, sessions) =
            (spread(&numbers), numbers.iter().filter_map(|one| one.session_id).collect());
        while asked.len() >= limits::GUARD_CLIENTS && asked.pop_front().is_some() {}
        asked.insert(client.0, numbers);
        (spread, sessions)
    }

    /// Notes that a code is sent to the number that an address asked for last.
    pub(super) fn sent(&self, client: Client, session_id: Uuid) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = asked.get_mut(&client.0).and_then(|numbers| numbers.last_mut()) {
            last.session_id = Some(session_id);
        }
    }

    /// Forgets numbers whose codes were typed; what counts now.
    pub(super) fn typed(&self, client: Client, sessions: &HashSet<Uuid>) -> Spread {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(numbers) = asked.get_mut(&client.0) else { return Spread::default() };
        numbers.retain(|number| number.session_id.is_none_or(|id| !sessions.contains(&id)));
        spread(numbers)
    }
}

fn spread(numbers: &[Number]) -> Spread {
    let countries: HashSet<u64> = numbers.iter().map(|number| number.country).collect();
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    Spread { countries: count(countries.len()), numbers: count(numbers.len()) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tests::START;

    fn phone(number: u32) -> PhoneNumber {
        PhoneNumber::parse(&format!("9198765{number:05}")).unwrap()
    }

    fn client(clients: &Clients, address: &str) -> Client {
        clients.client(AppKey::parse("8XKPQ2WN").unwrap(), address.parse().unwrap())
    }

    #[test]
    fn numbers_and_countries_of_an_address_count_for_an_hour() {
        let clients = Clients::default();
        let one = client(&clients, "203.0.113.7");
        for (number, country) in [(1, "IN"), (2, "IN"), (2, "IN"), (3, "DE")] {
            clients.ask(one, &phone(number), country, START);
        }
        let (spread, _) = clients.ask(one, &phone(3), "DE", START + limits::GUARD_CLIENT_WINDOW / 2);
        assert_eq!(spread, Spread { countries: 2, numbers: 3 });
        let (spread, _) = clients.ask(one, &phone(4), "IN", START + limits::GUARD_CLIENT_WINDOW);
        assert_eq!(spread, Spread { countries: 2, numbers: 2 });
        let (spread, _) = clients.ask(one, &phone(4), "IN", START);
        assert_eq!(spread, Spread { countries: 1, numbers: 1 }, "a clock that was ahead");
        let (spread, _) = clients.ask(client(&clients, "203.0.113.8"), &phone(9), "IN", START);
        assert_eq!(spread.numbers, 1);
    }

    #[test]
    fn a_number_whose_code_was_typed_counts_no_more() {
        let clients = Clients::default();
        let one = client(&clients, "2001:db8::1");
        clients.ask(one, &phone(1), "IN", START);
        clients.sent(one, Uuid::from_u128(1));
        // The same customer.
        let same = client(&clients, "2001:db8::ffff");
        assert_eq!(one, same);
        let (spread, sessions) = clients.ask(same, &phone(2), "DE", START);
        assert_eq!((spread.numbers, sessions.clone()), (2, vec![Uuid::from_u128(1)]));
        assert_eq!(clients.typed(same, &HashSet::from_iter(sessions)), Spread { countries: 1, numbers: 1 });
    }

    #[test]
    fn so_much_is_remembered_and_no_more() {
        let clients = Clients::default();
        let one = client(&clients, "203.0.113.7");
        for number in 0..limits::GUARD_CLIENT_MOST * 3 {
            clients.ask(one, &phone(number), "IN", START);
        }
        let (spread, _) = clients.ask(one, &phone(99_999), "IN", START);
        assert_eq!(spread.numbers, limits::GUARD_CLIENT_MOST + 1);
        for number in 0..limits::GUARD_CLIENTS as u64 + 10 {
            clients.ask(Client(number), &phone(1), "IN", START + Duration::from_secs(1));
        }
        assert_eq!(clients.asked.lock().unwrap().len(), limits::GUARD_CLIENTS);
    }

    #[test]
    fn addresses_of_proxies_tell_nobody_apart() {
        let is_one = |address: &str| is_told_apart(address.parse().unwrap());
        for address in ["203.0.113.7", "2001:db8::1", "100.128.0.1", "::ffff:198.51.100.1"] {
            assert!(is_one(address), "{address}");
        }
        for address in [
            "10.0.0.1",
            "192.168.1.9",
            "127.0.0.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "100.64.3.2",
            "::ffff:10.0.0.1",
            "0.0.0.0",
        ] {
            assert!(!is_one(address), "{address}");
        }
    }
}
