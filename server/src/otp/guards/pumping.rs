//! A simulation, `make pumping`: attacks on an app's one-time codes among the people who use it, in virtual time, with the
//! whole of the one-time codes and a real store. It prints what was sent of each attack, and how many people were refused.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    fmt,
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use loggin_protocol::{ErrorCode, PhoneNumber};
use uuid::Uuid;

use crate::{
    clock::{Clock, UnixMillis},
    crypto::Digits,
    otp::{OtpError, OtpResponse, StartOrder, tests::Environment},
    phones,
    store::{Act, GuardSettings},
};

/// Requests of all attacks, and people.
const ATTACKS: usize = 100_000;
const PEOPLE: usize = 10_000;

const DAY: i64 = 24 * 60 * 60 * 1_000;

/// Days that the app is watched, and the first with an attack.
const DAYS: i64 = 14;
const ATTACKED_FROM: i64 = 3;

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
enum Attack {
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
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
enum Who {
    Person { index: usize, tries: u8, converts: u64 },
    Attacker(Attack),
}

#[derive(Clone, Debug)]
struct Request {
    who: Who,
    phone: String,
    client_ip: IpAddr,
}

/// Chance that is the same in each run: the generator `SplitMix64`.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn between(&mut self, from: i64, to: i64) -> i64 {
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
    fn typing(&mut self) -> Duration {
        let base = 6 + self.below(24);
        let slow = if self.below(10) == 0 { self.below(150) } else { 0 };
        Duration::from_secs(base + slow)
    }
}

/// Everything that is asked for at first, by when.
fn requests(chance: &mut Chance) -> Vec<(i64, Request)> {
    let mut requests = Vec::new();
    // A third of people are behind some address of their carrier.
    let carriers: Vec<IpAddr> = (0..160).map(|_| chance.address()).collect();
    for index in 0..PEOPLE {
        let mut share = chance.below(100);
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
        let at = chance.between(0, DAYS * DAY);
        requests.push((at, Request { who: Who::Person { index, tries: 0, converts }, phone, client_ip }));
    }
    for attack in [Attack::Dear, Attack::FewAddresses, Attack::Slow, Attack::Rotating, Attack::Mixed] {
        requests.extend(attack.requests(chance, ATTACKS / 5));
    }
    requests.sort_by_key(|(at, _)| *at);
    requests
}

impl Attack {
    fn requests(self, chance: &mut Chance, count: usize) -> Vec<(i64, Request)> {
        let (from, days) = match self {
            Self::Dear => (ATTACKED_FROM, 2),
            Self::FewAddresses => (5, 1),
            Self::Slow => (ATTACKED_FROM, DAYS - ATTACKED_FROM),
            Self::Rotating => (7, 2),
            Self::Mixed => (10, 3),
        };
        let addresses: Vec<IpAddr> =
            (0..if self == Self::FewAddresses { 40 } else { 5_000 }).map(|_| chance.address()).collect();
        let ranges: Vec<(&str, String)> = (0..40)
            .map(|range| {
                let (country, prefix, digits) = match self {
                    Self::Dear => DEAR[range % DEAR.len()],
                    Self::Slow => of_served(["IN", "BR", "DE"][range % 3]),
                    _ => of_served(["DE", "GB"][range % 2]),
                };
                let number = chance.number(country, prefix, digits);
                (country, number[..number.len() - 4].to_owned())
            })
            .collect();
        let mut one = |_| {
            let phone = match self {
                Self::Dear | Self::Slow | Self::Rotating => {
                    let (country, range) = &ranges[usize::try_from(chance.below(40)).unwrap()];
                    chance.number(country, range, 4)
                }
                Self::FewAddresses | Self::Mixed => {
                    let among = if self == Self::Mixed { ["IN", "BR", "MX"] } else { ["IN", "BR", "ID"] };
                    let (country, prefix, digits) =
                        of_served(among[usize::try_from(chance.below(3)).unwrap()]);
                    chance.number(country, prefix, digits)
                }
            };
            let client_ip = match self {
                Self::Slow | Self::Rotating => chance.address(),
                _ => addresses[usize::try_from(chance.below(addresses.len() as u64)).unwrap()],
            };
            let at = chance.between(from * DAY, (from + days) * DAY);
            (at, Request { who: Who::Attacker(self), phone, client_ip })
        };
        (0..count).map(&mut one).collect()
    }
}

fn of_served(country: &str) -> (&'static str, &'static str, usize) {
    let served = SERVED.iter().find(|(name, ..)| *name == country).unwrap();
    (served.0, served.2, served.3)
}

/// What came of it.
#[derive(Default)]
struct Outcome {
    /// Of each attack: requests, and codes that were sent.
    attacks: BTreeMap<Attack, (usize, usize)>,
    people: usize,
    /// People who got no code, by why, and those who got none while nothing was attacked.
    refused: BTreeMap<String, usize>,
    refused_in_peace: usize,
}

impl Outcome {
    fn sent(&self) -> usize {
        self.attacks.values().map(|(_, sent)| sent).sum()
    }

    fn refused(&self) -> usize {
        self.refused.values().sum()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |part: usize, whole: usize| {
            let (part, whole) = (u32::try_from(part).unwrap(), u32::try_from(whole.max(1)).unwrap());
            100.0 * f64::from(part) / f64::from(whole)
        };
        writeln!(out, "  {:14} {:>9} {:>7} {:>8}", "ATTACK", "REQUESTS", "SENT", "PERCENT")?;
        for (attack, (requests, sent)) in &self.attacks {
            let name = format!("{attack:?}");
            writeln!(out, "  {name:14} {requests:>9} {sent:>7} {:>7.2} %", percent(*sent, *requests))?;
        }
        let sent = self.sent();
        writeln!(out, "  {:14} {ATTACKS:>9} {sent:>7} {:>7.2} %", "all", percent(sent, ATTACKS))?;
        let refused = self.refused();
        writeln!(
            out,
            "  people {:>16} {refused:>7} {:>7.2} % refused",
            self.people,
            percent(refused, self.people)
        )?;
        for (why, count) in &self.refused {
            writeln!(out, "    {why}: {count}")?;
        }
        write!(out, "    before any attack: {}", self.refused_in_peace)
    }
}

/// A code to be typed: when, its session, and the code.
type Typing = Reverse<(i64, Uuid, String)>;

struct Simulation {
    env: Environment,
    chance: Chance,
    typing: BinaryHeap<Typing>,
    again: BinaryHeap<Reverse<(i64, usize)>>,
    requests: Vec<Request>,
    /// Whether each person got a code, and what they were refused for last.
    people: Vec<(bool, Option<(String, i64)>)>,
    outcome: Outcome,
}

impl Simulation {
    async fn new(settings: GuardSettings) -> Self {
        let env = Environment::new().await;
        let act = Act::SetGuards(env.app.app_key, Box::new(settings), vec!["mode"]);
        assert!(env.store.administer(act, "test".to_owned(), env.clock.now()).await.unwrap());
        Self {
            env,
            chance: Chance(16),
            typing: BinaryHeap::new(),
            again: BinaryHeap::new(),
            requests: Vec::new(),
            people: vec![(false, None); PEOPLE],
            outcome: Outcome { people: PEOPLE, ..Outcome::default() },
        }
    }

    async fn run(mut self) -> Outcome {
        let start = self.env.clock.now();
        let mut planned = requests(&mut self.chance).into_iter().peekable();
        let mut tick = 0;
        loop {
            let next = [
                planned.peek().map(|(at, _)| *at),
                self.typing.peek().map(|Reverse((at, ..))| *at),
                self.again.peek().map(|Reverse((at, _))| *at),
            ];
            let Some(at) = next.into_iter().flatten().min() else { break };
            while tick <= at {
                self.env.clock.set(UnixMillis(start.0 + tick));
                self.look_after().await;
                tick += 5 * 60 * 1_000;
            }
            self.env.clock.set(UnixMillis(start.0 + at));
            if next[1] == Some(at) {
                let Reverse((_, session, code)) = self.typing.pop().unwrap();
                let found = self.env.otp.find(self.env.app.app_key, &session.to_string()).await.unwrap();
                let _ = self.env.otp.verify(found.unwrap(), Digits::typed(&code).as_ref(), None, None).await;
            } else if next[2] == Some(at) {
                let Reverse((_, index)) = self.again.pop().unwrap();
                self.ask(self.requests[index].clone(), at).await;
            } else {
                let (_, request) = planned.next().unwrap();
                self.ask(request, at).await;
            }
        }
        for (got_one, refused) in self.people {
            let Some((why, at)) = refused.filter(|_| !got_one) else { continue };
            *self.outcome.refused.entry(why).or_default() += 1;
            self.outcome.refused_in_peace += usize::from(at < ATTACKED_FROM * DAY);
        }
        self.outcome
    }

    async fn look_after(&self) {
        self.env.otp.purge().await.unwrap();
        while self.env.store.count_history(5_000).await.unwrap() >= 5_000 {}
        self.env.otp.look_after_guards().await.unwrap();
    }

    async fn ask(&mut self, request: Request, at: i64) {
        let order = StartOrder { client_ip: Some(request.client_ip), ..self.env.order(&request.phone) };
        let response = self.env.otp.start(&order).await;
        let session = match &response {
            Ok(OtpResponse::Started { session_id, .. }) => Some(*session_id),
            _ => None,
        };
        let code = session.map(|_| self.env.codes.last());
        self.env.codes.sent.lock().unwrap().clear();
        match request.who {
            Who::Attacker(attack) => {
                let (requests, sent) = self.outcome.attacks.entry(attack).or_default();
                *requests += 1;
                *sent += usize::from(session.is_some());
                if attack == Attack::Mixed && self.chance.below(10) == 0 {
                    self.type_soon(session, code, at);
                }
            }
            Who::Person { index, tries, converts } => {
                let is_typed = self.chance.below(100) < converts;
                if let Some((session, code)) = session.zip(code) {
                    self.people[index].0 = true;
                    if is_typed {
                        self.type_soon(Some(session), Some(code), at);
                    }
                } else if let Some(why) = self.why(response).await {
                    self.people[index].1 = Some((why, at));
                }
                // Who gets no code, or loses it, tries once more at times.
                if (session.is_none() || !is_typed) && tries == 0 && self.chance.below(3) == 0 {
                    let later = at + self.chance.between(40_000, 180_000);
                    let who = Who::Person { index, tries: 1, converts };
                    self.again.push(Reverse((later, self.requests.len())));
                    self.requests.push(Request { who, ..request });
                }
            }
        }
    }

    fn type_soon(&mut self, session: Option<Uuid>, code: Option<String>, at: i64) {
        if let Some((session, code)) = session.zip(code) {
            let after = i64::try_from(self.chance.typing().as_millis()).unwrap();
            self.typing.push(Reverse((at + after, session, code)));
        }
    }

    /// Why a person was refused, as the history has it; none where it was for their own haste.
    async fn why(&self, response: Result<OtpResponse, OtpError>) -> Option<String> {
        let (Ok(OtpResponse::Refused(refusal)) | Err(OtpError::Refused(refusal))) = response else {
            return None;
        };
        assert!(refusal.by_guard || refusal.code == ErrorCode::RateLimited, "{refusal:?}");
        if !refusal.by_guard {
            return None;
        }
        let filter = crate::store::HistoryFilter::default();
        let page = self.env.store.history(filter, crate::store::HistoryStart::Latest, 1).await.unwrap();
        page.rows[0].entry.ending.reason().map(str::to_owned)
    }
}

#[tokio::test]
#[ignore = "minutes: `make pumping`"]
async fn attacks_are_stopped_and_people_are_not() {
    // What a new app has: nobody sets anything.
    let outcome = Simulation::new(GuardSettings::default()).await.run().await;
    println!("{outcome}");
    assert_eq!(outcome.attacks.values().map(|(requests, _)| requests).sum::<usize>(), ATTACKS);
    assert_eq!(outcome.refused_in_peace, 0);
    // More than the goal of one in a hundred: docs/operator.md says which attack does worst, and why.
    assert!(outcome.sent() * 100 <= ATTACKS * 4, "{} of {ATTACKS} were sent", outcome.sent());
}
