//! What the addresses of people, as apps tell them, have asked for, and what became of it.
//!
//! It is kept in memory, by each node for itself, under hashes that another start of the program makes anew. Where another
//! node was told that a code was typed, only the store knows.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
};

use hashlink::LinkedHashMap;
use loggin_protocol::{AppKey, PhoneNumber};
use uuid::Uuid;

use super::rule::{Caller, Spread, Try};
use crate::{clock::UnixMillis, limits};

/// Addresses, and their networks.
#[derive(Debug, Default)]
pub(super) struct Clients {
    hasher: RandomState,
    known: Mutex<Known>,
}

/// What is remembered, of each kind what was asked for longest ago first.
#[derive(Debug, Default)]
struct Known {
    asked: LinkedHashMap<u64, Vec<Number>>,
    /// Those of which a code was typed: who comes from another address each time drives them out no more.
    proven: LinkedHashMap<u64, Vec<Number>>,
    /// At whose wish codes were sent.
    sessions: LinkedHashMap<Uuid, Client>,
}

/// A number that an address asked for.
#[derive(Clone, Copy, Debug)]
struct Number {
    hash: u64,
    country: u64,
    at: UnixMillis,
    /// The code that was sent to it.
    code: Option<SentCode>,
}

#[derive(Clone, Copy, Debug)]
struct SentCode {
    session_id: Uuid,
    sent_at: UnixMillis,
    fate: Fate,
}

/// What became of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It may have been typed since.
    Open,
    Typed,
    /// It can be typed no more.
    Lapsed,
    /// It was not sent after all.
    NotSent,
}

/// One address at one app, and its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client {
    address: u64,
    network: u64,
}

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

/// The network of an address: a provider gives them out by a /24, and a /48 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() >> 8 << 8)),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 80 << 80)),
    }
}

impl Clients {
    /// An address at an app; a customer's addresses of IPv6 are one.
    pub(super) fn client(&self, app_key: AppKey, address: IpAddr) -> Client {
        let hash =
            |is_network: bool, address: IpAddr| self.hasher.hash_one((app_key.as_str(), is_network, address));
        Client { address: hash(false, limits::customer(address)), network: hash(true, network(address)) }
    }

    /// Notes that an address asks for a number; what speaks for and against it.
    pub(super) fn ask(&self, client: Client, phone: &PhoneNumber, country: &str, now: UnixMillis) -> Caller {
        let number = Number {
            hash: self.hasher.hash_one(phone.expose()),
            country: self.hasher.hash_one(country),
            at: now,
            code: None,
        };
        let mut known = self.known();
        for key in [client.network, client.address] {
            known.ask(key, number);
        }
        known.caller(client, now)
    }

    /// What speaks for and against the number that an address asked for last.
    pub(super) fn caller(&self, client: Client, now: UnixMillis) -> Caller {
        self.known().caller(client, now)
    }

    /// Notes that a code is sent to the number that an address asked for last.
    pub(super) fn sent(&self, client: Client, session_id: Uuid, now: UnixMillis) {
        let mut known = self.known();
        for key in [client.network, client.address] {
            let Some(last) = known.numbers(key).and_then(|numbers| numbers.last_mut()) else { continue };
            // A number that is typed again and again shows that one person is there.
            if last.code.is_none_or(|code| code.fate != Fate::Typed) {
                last.code = Some(SentCode { session_id, sent_at: now, fate: Fate::Open });
            }
        }
        make_room(&mut known.sessions, limits::GUARD_CLIENTS);
        known.sessions.insert(session_id, client);
    }

    /// Codes of an address and its network of which it is not known what became of them, the latest first: no more than are
    /// looked up for one call.
    pub(super) fn open(&self, client: Client) -> Vec<Uuid> {
        let mut known = self.known();
        let mut open = Vec::new();
        for key in [client.network, client.address] {
            let codes = known.numbers(key).into_iter().flatten().filter_map(|number| number.code);
            open.extend(
                codes.filter(|code| code.fate == Fate::Open).map(|code| (code.sent_at, code.session_id)),
            );
        }
        open.sort_unstable_by(|one, other| other.cmp(one));
        open.dedup();
        open.truncate(limits::GUARD_LOOKED_UP);
        open.into_iter().map(|(_, session_id)| session_id).collect()
    }

    /// Notes what became of a code, where it is known who asked for it.
    pub(super) fn settle(&self, session_id: Uuid, fate: Fate) {
        let mut known = self.known();
        let Some(client) = known.sessions.remove(&session_id) else { return };
        for key in [client.network, client.address] {
            for number in known.numbers(key).into_iter().flatten() {
                if let Some(code) = number.code.as_mut().filter(|code| code.session_id == session_id) {
                    code.fate = fate;
                }
            }
            if fate == Fate::Typed
                && let Some(numbers) = known.asked.remove(&key)
            {
                make_room(&mut known.proven, limits::GUARD_CLIENTS);
                known.proven.insert(key, numbers);
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn numbers(&mut self, key: u64) -> Option<&mut Vec<Number>> {
        self.proven.get_mut(&key).or_else(|| self.asked.get_mut(&key))
    }

    fn ask(&mut self, key: u64, number: Number) {
        let is_proven = self.proven.contains_key(&key);
        let kind = if is_proven { &mut self.proven } else { &mut self.asked };
        let mut numbers = kind.remove(&key).unwrap_or_default();
        let oldest = number.at - limits::GUARD_CLIENT_KEPT;
        // One from the future was noted by a clock that was ahead.
        numbers.retain(|one| oldest < one.at && one.at <= number.at);
        let before = numbers.iter().position(|one| one.hash == number.hash).map(|at| numbers.remove(at));
        if numbers.len() > limits::GUARD_CLIENT_MOST as usize {
            numbers.remove(0);
        }
        numbers.push(Number { code: before.and_then(|before| before.code), ..number });
        make_room(kind, limits::GUARD_CLIENTS);
        kind.insert(key, numbers);
    }

    fn caller(&mut self, client: Client, now: UnixMillis) -> Caller {
        let address = self.numbers(client.address).map(|numbers| (spread(numbers, now), tries(numbers)));
        let (spread, address) = address.unwrap_or_default();
        let network = self.numbers(client.network).map(|numbers| tries(numbers)).unwrap_or_default();
        Caller { spread, address, network }
    }
}

/// Forgets the oldest where there is no room for one more.
fn make_room<K: std::hash::Hash + Eq, V>(map: &mut LinkedHashMap<K, V>, most: usize) {
    while map.len() >= most && map.pop_front().is_some() {}
}

/// What was asked for in an hour and not typed.
fn spread(numbers: &[Number], now: UnixMillis) -> Spread {
    let oldest = now - limits::GUARD_CLIENT_WINDOW;
    let is_typed = |number: &Number| number.code.is_some_and(|code| code.fate == Fate::Typed);
    let (mut countries, mut count) = (HashSet::new(), 0);
    for number in numbers.iter().filter(|number| oldest < number.at && !is_typed(number)) {
        countries.insert(number.country);
        count += 1;
    }
    Spread { countries: u32::try_from(countries.len()).unwrap_or(u32::MAX), numbers: count }
}

/// Codes to other numbers than the last one: who asks for their own again is nobody else.
fn tries(numbers: &[Number]) -> Vec<Try> {
    let others = numbers.split_last().map_or(numbers, |(_, others)| others);
    let codes = others.iter().filter_map(|number| number.code).filter(|code| code.fate != Fate::NotSent);
    let mut tries: Vec<Try> =
        codes.map(|code| Try { at: code.sent_at, is_typed: code.fate == Fate::Typed }).collect();
    tries.sort_by_key(|one| one.at);
    tries
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tests::START;

    const MINUTE: Duration = Duration::from_secs(60);

    fn phone(number: u32) -> PhoneNumber {
        PhoneNumber::parse(&format!("9198765{number:05}")).unwrap()
    }

    fn client(clients: &Clients, address: &str) -> Client {
        clients.client(AppKey::parse("8XKPQ2WN").unwrap(), address.parse().unwrap())
    }

    /// Asks for a number, to which a code is sent.
    fn send(clients: &Clients, client: Client, number: u32, at: UnixMillis) -> Caller {
        let caller = clients.ask(client, &phone(number), "IN", at);
        clients.sent(client, Uuid::from_u128(number.into()), at);
        caller
    }

    #[test]
    fn numbers_and_countries_of_an_address_count_for_an_hour() {
        let clients = Clients::default();
        let one = client(&clients, "203.0.113.7");
        for (number, country) in [(1, "IN"), (2, "IN"), (2, "IN"), (3, "DE")] {
            clients.ask(one, &phone(number), country, START);
        }
        let spread = |number, country, at| clients.ask(one, &phone(number), country, at).spread;
        let half = START + limits::GUARD_CLIENT_WINDOW / 2;
        assert_eq!(spread(3, "DE", half), Spread { countries: 2, numbers: 3 });
        let hour = START + limits::GUARD_CLIENT_WINDOW;
        assert_eq!(spread(4, "IN", hour), Spread { countries: 2, numbers: 2 });
        assert_eq!(spread(4, "IN", START), Spread { countries: 1, numbers: 3 }, "a clock that was ahead");
        let other = client(&clients, "203.0.113.8");
        assert_eq!(clients.ask(other, &phone(9), "IN", START).spread.numbers, 1);
    }

    #[test]
    fn a_number_whose_code_was_typed_speaks_for_its_address() {
        let clients = Clients::default();
        let one = client(&clients, "2001:db8::1");
        assert_eq!(send(&clients, one, 1, START).address, []);
        assert_eq!(clients.open(one), [Uuid::from_u128(1)]);
        clients.settle(Uuid::from_u128(1), Fate::Typed);
        // The same customer.
        let same = client(&clients, "2001:db8::ffff");
        assert_eq!(one, same);
        let caller = send(&clients, same, 2, START + MINUTE);
        assert_eq!(caller.spread, Spread { countries: 1, numbers: 1 });
        assert_eq!(caller.address, [Try { at: START, is_typed: true }]);
        // Typed again, it shows no more than it did.
        send(&clients, same, 1, START + MINUTE * 2);
        let caller = clients.ask(same, &phone(3), "IN", START + MINUTE * 3);
        let untyped = Try { at: START + MINUTE, is_typed: false };
        assert_eq!(caller.address, [Try { at: START, is_typed: true }, untyped]);
    }

    #[test]
    fn a_network_adds_up_and_what_was_not_sent_says_nothing() {
        let clients = Clients::default();
        for (number, address) in [(1, "203.0.113.7"), (2, "203.0.113.8"), (3, "198.51.100.1")] {
            send(&clients, client(&clients, address), number, START);
        }
        let other = client(&clients, "203.0.113.9");
        let caller = clients.ask(other, &phone(4), "IN", START);
        assert_eq!((caller.address.len(), caller.network.len()), (0, 2));
        clients.settle(Uuid::from_u128(1), Fate::NotSent);
        clients.settle(Uuid::from_u128(2), Fate::Lapsed);
        let caller = clients.caller(other, START);
        assert_eq!(caller.network, [Try { at: START, is_typed: false }]);
        assert!(clients.open(other).is_empty());
        let six = |address: &str| client(&clients, address).network;
        assert_eq!(six("2001:db8:1:2::1"), six("2001:db8:1:3::1"));
        assert_ne!(six("2001:db8:1::1"), six("2001:db8:2::1"));
    }

    #[test]
    fn the_latest_codes_are_looked_up_and_no_more_than_so_many() {
        let clients = Clients::default();
        let one = client(&clients, "203.0.113.7");
        let most = u32::try_from(limits::GUARD_LOOKED_UP).unwrap();
        for number in 0..=most {
            send(&clients, one, number, START + MINUTE * number);
        }
        let latest: Vec<Uuid> = (1..=most).rev().map(|number| Uuid::from_u128(number.into())).collect();
        assert_eq!(clients.open(one), latest);
    }

    #[test]
    fn who_asks_again_for_a_number_is_not_held_to_its_last_code() {
        let clients = Clients::default();
        let one = client(&clients, "203.0.113.7");
        send(&clients, one, 1, START);
        assert_eq!(send(&clients, one, 1, START + MINUTE).address, []);
        assert_eq!(send(&clients, one, 2, START + MINUTE).address.len(), 1);
        let later = START + limits::GUARD_CLIENT_KEPT + MINUTE;
        assert_eq!(send(&clients, one, 3, later).address, []);
    }

    #[test]
    fn so_much_is_remembered_and_no_more() {
        let clients = Clients::default();
        let one = client(&clients, "203.0.113.7");
        send(&clients, one, 0, START);
        clients.settle(Uuid::from_u128(0), Fate::Typed);
        for number in 1..limits::GUARD_CLIENT_MOST * 3 {
            send(&clients, one, number, START);
        }
        let caller = clients.ask(one, &phone(99_999), "IN", START);
        assert_eq!(caller.spread.numbers, limits::GUARD_CLIENT_MOST + 1);
        for number in 0..limits::GUARD_CLIENTS as u64 + 10 {
            let stranger = Client { address: number, network: number };
            clients.ask(stranger, &phone(1), "IN", START + MINUTE);
            clients.sent(stranger, Uuid::from_u128(u128::from(number) + 1_000), START + MINUTE);
        }
        let known = clients.known();
        assert_eq!((known.asked.len(), known.sessions.len()), (limits::GUARD_CLIENTS, limits::GUARD_CLIENTS));
        assert_eq!(known.proven.len(), 2, "an address that has shown people, and its network");
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
