//! Who asks for codes, when, and for which numbers: people, and attackers.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use loggin_protocol::PhoneNumber;

use crate::phones;

pub(super) const DAY: i64 = 24 * 60 * 60 * 1_000;

/// Days that the app is watched, and the first with an attack.
pub(super) const DAYS: i64 = 14;
pub(super) const ATTACKED_FROM: i64 = 3;

/// From one burst to the next, and how long each is, in milliseconds.
const BURST: i64 = DAY / 20;
const BURST_LENGTH: i64 = 10 * 60 * 1_000;

/// People who sign up within a minute behind one address, and those who do within ten minutes of an advertisement.
const CLASS: usize = 30;
const SURGE: usize = 300;

/// The countries that the app has people in: how many of a hundred, what their mobile numbers begin with, how many digits
/// follow, and how many of a hundred type their code.
const SERVED: [(&str, u64, &str, usize, u64); 8] = [
    ("IN", 30, "919", 9, 88),
    ("BR", 20, "55119", 8, 90),
    ("DE", 15, "49151", 8, 95),
    ("MX", 10, "5255", 8, 87),
    ("ID", 10, "62812", 8, 85),
    ("GB", 8, "447911", 6, 94),
    ("NG", 5, "234803", 7, 86),
    ("AE", 2, "97150", 7, 92),
];

/// Countries that it has none in, and whose numbers cost much.
const DEAR: [(&str, &str, usize); 10] = [
    ("LV", "37121", 6),
    ("EE", "3725", 6),
    ("TN", "21620", 6),
    ("DZ", "213551", 6),
    ("SN", "22177", 7),
    ("LK", "9471", 7),
    ("GE", "995555", 6),
    ("AM", "37477", 6),
    ("UZ", "99890", 7),
    ("KE", "25471", 7),
];

/// How an attack goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Attack {
    /// Ranges of dear numbers, in countries where the app has nobody.
    Dear,
    /// Any numbers of the app's countries, from forty addresses.
    FewAddresses,
    /// Ranges of numbers in three of the app's countries, one request every ten minutes or so, each from another address.
    Slow,
    /// Ranges of numbers in two of the app's countries, within two days, each from another address.
    Rotating,
    /// Any numbers of three of the app's countries, from many addresses; one in ten is the attacker's own and typed.
    Mixed,
    /// Ranges of numbers in three of the app's countries on the first day, each from another address.
    FirstDay,
    /// Any numbers of three of the app's countries for all the days, each from another address.
    AllDays,
    /// The same for eight days, from few in an hour to many.
    Rising,
    /// Any numbers, within ten minutes of each hour or so of a day, from a thousand addresses; one in ten is typed.
    Bursts,
}

impl Attack {
    /// Those that the goal is about.
    pub(super) const OF_THE_GOAL: [Self; 5] =
        [Self::Dear, Self::FewAddresses, Self::Slow, Self::Rotating, Self::Mixed];

    /// Others, by which the rule was not made.
    pub(super) const OTHERS: [Self; 4] = [Self::FirstDay, Self::AllDays, Self::Rising, Self::Bursts];

    /// Whether some of the numbers are the attacker's own.
    pub(super) fn types_some(self) -> bool {
        matches!(self, Self::Mixed | Self::Bursts)
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who {
    Person { index: usize, tries: u8, converts: u64 },
    Attacker(Attack),
}

#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) who: Who,
    pub(super) phone: String,
    pub(super) client_ip: IpAddr,
}

/// Chance that is the same in each run: the generator `SplitMix64`.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.below(u64::try_from(to - from).unwrap())).unwrap()
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap())).collect()
    }

    /// A number of a country that begins so.
    fn number(&mut self, country: &str, prefix: &str, count: usize) -> String {
        loop {
            let number = format!("{prefix}{}", self.digits(count));
            let phone = PhoneNumber::parse(&number).unwrap();
            if phones::country(&phone).as_deref() == Some(country) && phones::may_be_somebodys(&phone) {
                return number;
            }
        }
    }

    fn address(&mut self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(0x1700_0000 + u32::try_from(self.below(1 << 27)).unwrap()))
    }

    /// How long somebody takes to type a code: 18 s in the middle, for some over a minute.
    pub(super) fn typing(&mut self) -> Duration {
        let base = 6 + self.below(24);
        let slow = if self.below(10) == 0 { self.below(150) } else { 0 };
        Duration::from_secs(base + slow)
    }
}

/// Everything that is asked for at first, by when.
pub(super) fn requests(
    chance: &mut Chance,
    people: usize,
    attacks: &[(Attack, usize)],
) -> Vec<(i64, Request)> {
    let mut requests = Vec::new();
    // A third of people are behind some address of their carrier.
    let carriers: Vec<IpAddr> = (0..160).map(|_| chance.address()).collect();
    for index in 0..people {
        // Those of the class are of the first country.
        let mut share = if index < CLASS { 0 } else { chance.below(100) };
        let (place, served) = SERVED
            .iter()
            .enumerate()
            .find(|(_, (_, weight, ..))| {
                let found = share < *weight;
                share = share.saturating_sub(*weight);
                found
            })
            .unwrap();
        let (country, _, prefix, count, converts) = *served;
        let phone = chance.number(country, prefix, count);
        let shared = usize::try_from(chance.below(20)).unwrap();
        let client_ip = if chance.below(3) == 0 { carriers[place * 20 + shared] } else { chance.address() };
        let (client_ip, at) = if index < CLASS {
            (carriers[0], DAY * 3 / 2 + chance.between(0, 60 * 1_000))
        } else if index < CLASS + SURGE {
            (client_ip, DAY * 5 / 2 + chance.between(0, 10 * 60 * 1_000))
        } else {
            (client_ip, chance.between(0, DAYS * DAY))
        };
        requests.push((at, Request { who: Who::Person { index, tries: 0, converts }, phone, client_ip }));
    }
    for (attack, count) in attacks {
        requests.extend(attack.requests(chance, *count));
    }
    requests.sort_by_key(|(at, _)| *at);
    requests
}

impl Attack {
    fn requests(self, chance: &mut Chance, count: usize) -> Vec<(i64, Request)> {
        let addresses = match self {
            Self::FewAddresses => 40,
            Self::Bursts => 1_000,
            _ => 5_000,
        };
        let addresses: Vec<IpAddr> = (0..addresses).map(|_| chance.address()).collect();
        let ranges: Vec<(&str, String)> = (0..40)
            .map(|range| {
                let (country, prefix, digits) = match self {
                    Self::Dear => DEAR[range % DEAR.len()],
                    Self::Slow => of_served(["IN", "BR", "DE"][range % 3]),
                    Self::FirstDay => of_served(["IN", "BR", "GB"][range % 3]),
                    _ => of_served(["DE", "GB"][range % 2]),
                };
                let number = chance.number(country, prefix, digits);
                (country, number[..number.len() - 4].to_owned())
            })
            .collect();
        let mut one = |_| {
            let phone = match self {
                Self::Dear | Self::Slow | Self::Rotating | Self::FirstDay => {
                    let (country, range) = &ranges[usize::try_from(chance.below(40)).unwrap()];
                    chance.number(country, range, 4)
                }
                Self::FewAddresses | Self::Mixed | Self::AllDays | Self::Rising | Self::Bursts => {
                    let among = if self == Self::Mixed { ["IN", "BR", "MX"] } else { ["IN", "BR", "ID"] };
                    let (country, prefix, digits) =
                        of_served(among[usize::try_from(chance.below(3)).unwrap()]);
                    chance.number(country, prefix, digits)
                }
            };
            let client_ip = match self {
                Self::Slow | Self::Rotating | Self::FirstDay | Self::AllDays | Self::Rising => {
                    chance.address()
                }
                _ => addresses[usize::try_from(chance.below(addresses.len() as u64)).unwrap()],
            };
            let at = self.moment(chance);
            (at, Request { who: Who::Attacker(self), phone, client_ip })
        };
        (0..count).map(&mut one).collect()
    }

    fn moment(self, chance: &mut Chance) -> i64 {
        let (from, days) = match self {
            Self::Dear => (ATTACKED_FROM, 2),
            Self::FewAddresses => (5, 1),
            Self::Slow => (ATTACKED_FROM, DAYS - ATTACKED_FROM),
            Self::Rotating => (7, 2),
            Self::Mixed => (10, 3),
            Self::FirstDay => (0, 1),
            Self::AllDays => (0, DAYS),
            Self::Rising => (4, 8),
            Self::Bursts => (6, 1),
        };
        let at = chance.between(0, days * DAY);
        from * DAY
            + match self {
                // The later of two moments: there are more of them towards the end.
                Self::Rising => at.max(chance.between(0, days * DAY)),
                Self::Bursts => at / BURST * BURST + chance.between(0, BURST_LENGTH),
                _ => at,
            }
    }
}

fn of_served(country: &str) -> (&'static str, &'static str, usize) {
    let served = SERVED.iter().find(|(name, ..)| *name == country).unwrap();
    (served.0, served.2, served.3)
}
