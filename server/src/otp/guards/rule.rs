//! Whether a code may be sent: a pure function of what an app's guards are set to and what they have counted.
//!
//! Where few of a place's codes are typed, somebody asks for them who does not want them. How strongly that speaks is weighed
//! by [`doubt`]: for a country, for a range of numbers, and for the address that asks. What it takes to refuse follows from
//! how often honest people may be taken for an attack.

mod doubt;

use std::time::Duration;

use doubt::{Doubt, Odds};

use crate::{
    clock::UnixMillis,
    limits,
    store::{
        Countries, CountryPause, DaySends, Ending, GuardCounts, GuardMode, GuardSettings, MinuteSends, Sends,
        day, minute, next_day,
    },
};

/// Honest codes of a country among which one leads to a pause by chance, at most.
const HONEST_TO_A_PAUSE: f64 = 100_000.0;

/// The same of what makes a country be looked at closely, and ends the codes of a range of numbers or of an address: that
/// concerns few people.
const HONEST_TO_DOUBT: f64 = 1_000.0;

/// Codes of a country that are sent after a pause before one of them must be typed.
const PROBES: f64 = 2.0;

/// Typed codes that make a country one of the app's that was not learned at first.
const LEARNED_LATER: u32 = 5;

/// Numbers of an address whose codes were typed that show people behind it.
const PEOPLE: usize = 2;

/// Codes that make a past.
const PAST_FROM: u32 = 50;

/// The part of codes that is typed where neither the country nor the app's others have a past: what is seen everywhere,
/// less a third.
const USUAL: f64 = 0.6;

/// The least past that is taken for one: where an attack goes on for weeks, it becomes the past.
const LEAST_PAST: f64 = 0.5;

/// The first pause of a country. Each in a row is twice as long as the one before, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(30 * 60);

/// See [`FIRST_PAUSE`]; what comes after it shows twice a day whether it is over.
const LONGEST_PAUSE: Duration = Duration::from_secs(12 * 60 * 60);

/// How long after a pause another one is the next in a row, and codes are looked at closely.
const IN_ROW: Duration = Duration::from_secs(24 * 60 * 60);

/// When to ask again about a range of numbers, whose codes may be typed meanwhile.
const RANGE_RETRY: Duration = Duration::from_secs(60 * 60);

/// The part of a country's codes that is typed in the end of which so many are by an age: mostly within a minute.
const TYPED_BY: [(Duration, f64); 4] = [
    (Duration::from_secs(300), 1.0),
    (Duration::from_secs(120), 0.9),
    (Duration::from_secs(60), 0.7),
    (Duration::from_secs(30), 0.4),
];

/// Why a code is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reason {
    /// The app's codes of the day are used up.
    DayOfApp,
    /// Those of the country are.
    DayOfCountry,
    /// One address asks for too much.
    Client,
    /// The app's codes do not go there.
    Country,
    /// Too few of the country's codes are typed.
    Pause,
    /// Too few codes of numbers like this one are typed.
    Range,
}

impl Reason {
    #[cfg(test)]
    pub(super) const ALL: [Self; 6] =
        [Self::DayOfApp, Self::DayOfCountry, Self::Client, Self::Country, Self::Pause, Self::Range];

    /// Its word in logs and metrics, and what stands in the history.
    pub(crate) fn ending(self) -> Ending {
        match self {
            Self::DayOfApp => Ending::DayOfApp,
            Self::DayOfCountry => Ending::DayOfCountry,
            Self::Client => Ending::ClientSpread,
            Self::Country => Ending::CountryNotAllowed,
            Self::Pause => Ending::CountryPaused,
            Self::Range => Ending::RangePaused,
        }
    }

    /// Whether codes that the address had typed may speak against it.
    pub(super) fn heeds_address(self) -> bool {
        matches!(self, Self::Client | Self::Pause | Self::Range)
    }

    /// Whether it does not hold for a number that has verified at the app before.
    pub(super) fn spares_known(self) -> bool {
        matches!(self, Self::Country | Self::Pause | Self::Range)
    }
}

/// A refusal, and until when it holds, where time ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) reason: Reason,
    pub(crate) until: Option<UnixMillis>,
}

/// What becomes of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is sent.
    Allow,
    /// It is not.
    Refuse(Refused),
    /// It is sent, and would not be if the guards refused.
    WouldRefuse(Refused),
}

impl Verdict {
    /// What speaks against the code, whether it is sent all the same or not.
    pub(super) fn refused(self) -> Option<Refused> {
        match self {
            Self::Allow => None,
            Self::Refuse(refused) | Self::WouldRefuse(refused) => Some(refused),
        }
    }
}

/// What part of its codes was typed in the days before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Past {
    pub(crate) country: Sends,
    /// The app's other countries together.
    pub(crate) others: Sends,
}

/// How far one address has gone in an hour, this number with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spread {
    pub(crate) countries: u32,
    pub(crate) numbers: u32,
}

/// A code that was sent at the wish of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Try {
    pub(crate) at: UnixMillis,
    pub(crate) is_typed: bool,
}

/// What is known of the address that asks, where the app tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) spread: Spread,
    /// Codes of the address, and of its network, in a day; the oldest first.
    pub(crate) address: Vec<Try>,
    pub(crate) network: Vec<Try>,
}

/// What is known of a code that is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) country: &'a str,
    pub(crate) counts: &'a GuardCounts,
    pub(crate) past: Past,
    pub(crate) caller: &'a Caller,
    pub(crate) now: UnixMillis,
}

/// What becomes of a code, and the pause that its country begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    pub(crate) pause: Option<CountryPause>,
    /// Whether the code counts for its country.
    pub(crate) by_minute: bool,
}

/// Judges a code.
pub(crate) fn judge(settings: &GuardSettings, asked: &Asked<'_>) -> Judgement {
    if settings.mode == GuardMode::Off {
        return Judgement { verdict: Verdict::Allow, pause: None, by_minute: false };
    }
    let weighed = odds(settings, asked).map(|odds| Weighed::of(asked, odds));
    let weighed = weighed.as_ref();
    let pause = weighed.and_then(|weighed| weighed.pause(asked));
    let refused = day_is_used_up(settings, asked)
        .or_else(|| spread(settings, asked))
        .or_else(|| country(settings, asked).filter(|refused| refused.until.is_none()))
        // A pause holds also where conversion is no longer looked at.
        .or_else(|| {
            weighed.map_or_else(|| paused(asked, None), |weighed| weighed.paused(asked, pause.as_ref()))
        })
        .or_else(|| weighed.and_then(|weighed| weighed.address(asked)))
        .or_else(|| weighed.and_then(|weighed| weighed.range(asked)));
    let verdict = match refused {
        Some(refused) if settings.mode == GuardMode::Enforce => Verdict::Refuse(refused),
        Some(refused) => Verdict::WouldRefuse(refused),
        // A country that is not refused yet.
        None => country(settings, asked).map_or(Verdict::Allow, Verdict::WouldRefuse),
    };
    Judgement { verdict, pause, by_minute: weighed.is_none_or(Weighed::is_new) }
}

fn day_is_used_up(settings: &GuardSettings, asked: &Asked<'_>) -> Option<Refused> {
    let is_used_up = |most: Option<u32>, sent: u32| most.is_some_and(|most| sent >= most);
    let reason = if is_used_up(settings.per_day, asked.counts.today) {
        Reason::DayOfApp
    } else if is_used_up(settings.country_per_day, asked.counts.country_today) {
        Reason::DayOfCountry
    } else {
        return None;
    };
    Some(Refused { reason, until: Some(next_day(asked.now)) })
}

fn spread(settings: &GuardSettings, asked: &Asked<'_>) -> Option<Refused> {
    let Spread { countries, numbers } = asked.caller.spread;
    let is_over = settings.client_countries.is_some_and(|most| countries > most)
        || settings.client_numbers.is_some_and(|most| numbers > most);
    is_over.then(|| client(asked))
}

fn client(asked: &Asked<'_>) -> Refused {
    Refused { reason: Reason::Client, until: Some(asked.now + limits::GUARD_CLIENT_WINDOW) }
}

/// Whether the app's codes do not go to this country. Where they will not soon, `until` is when.
fn country(settings: &GuardSettings, asked: &Asked<'_>) -> Option<Refused> {
    let is_missing = |countries: &[String]| !countries.iter().any(|one| one == asked.country);
    let Sends { sent, verified } = asked.past.country;
    // The first hundred miss a country that one in a hundred people is of.
    let has_people = verified >= LEARNED_LATER && verified >= sent / 2;
    let until = match (&settings.countries, &settings.learned) {
        (Countries::Any, _) | (Countries::Auto, None) => return None,
        (Countries::These(countries), _) => is_missing(countries).then_some(None),
        (Countries::Auto, Some(learned)) => {
            let refused_from = learned.at + limits::GUARD_LEARNED_GRACE;
            (is_missing(&learned.countries) && !has_people)
                .then_some(Some(refused_from).filter(|from| asked.now < *from))
        }
    };
    until.map(|until| Refused { reason: Reason::Country, until })
}

fn paused(asked: &Asked<'_>, begun: Option<&CountryPause>) -> Option<Refused> {
    let pause = begun.or(asked.counts.pause.as_ref()).filter(|pause| is_paused(pause, asked.now))?;
    Some(Refused { reason: Reason::Pause, until: Some(pause.until) })
}

/// One that lies further ahead than pauses can was written by a clock that was ahead.
fn is_paused(pause: &CountryPause, now: UnixMillis) -> bool {
    now < pause.until && pause.until <= now + LONGEST_PAUSE
}

/// How much speaks against a code, as logarithms.
struct Weighed {
    /// Of the country: by what is known, and where no code is typed that still can be.
    country: f64,
    country_at_worst: f64,
    /// How many pauses the country had in a row, where the last is over by less than [`IN_ROW`].
    pauses: u32,
    range: f64,
    address: f64,
    network: f64,
    /// Numbers of the address whose codes were typed.
    people: usize,
    /// What one code adds that was not typed.
    one: f64,
}

impl Weighed {
    fn of(asked: &Asked<'_>, odds: Odds) -> Self {
        let pauses = pauses_before(asked);
        let (country, country_at_worst) = of_country(asked, odds, pauses > 0);
        let Caller { address, network, .. } = asked.caller;
        Self {
            country,
            country_at_worst,
            pauses,
            range: of_range(&asked.counts.range, odds),
            address: of_tries(address, odds, asked.now),
            network: of_tries(network, odds, asked.now),
            people: address.iter().filter(|one| one.is_typed).count(),
            one: odds.untyped(1.0),
        }
    }

    /// The pause that a country begins now, of whose latest codes too few were typed.
    fn pause(&self, asked: &Asked<'_>) -> Option<CountryPause> {
        let is_paused = asked.counts.pause.as_ref().is_some_and(|pause| is_paused(pause, asked.now));
        if is_paused || self.country < HONEST_TO_A_PAUSE.ln() {
            return None;
        }
        let doubled = FIRST_PAUSE * 2_u32.saturating_pow(self.pauses.min(16));
        let until = asked.now + doubled.min(LONGEST_PAUSE);
        let times = self.pauses.saturating_add(1);
        Some(CountryPause { country: asked.country.to_owned(), since: asked.now, until, times })
    }

    /// Why a code is not sent to a country that is paused, or that may be again.
    fn paused(&self, asked: &Asked<'_>, begun: Option<&CountryPause>) -> Option<Refused> {
        if self.has_people() {
            return None;
        }
        // No more at once than would show that it goes on.
        let is_enough = self.is_country_doubted() && self.country_at_worst >= HONEST_TO_A_PAUSE.ln();
        let soon = Refused { reason: Reason::Pause, until: Some(asked.now + TYPED_BY[0].0) };
        paused(asked, begun).or_else(|| is_enough.then_some(soon))
    }

    fn address(&self, asked: &Asked<'_>) -> Option<Refused> {
        let is_doubted = self.address >= self.most() || self.network >= HONEST_TO_DOUBT.ln();
        is_doubted.then(|| client(asked))
    }

    fn range(&self, asked: &Asked<'_>) -> Option<Refused> {
        let is_spared = !self.is_looked_at() && self.is_probed(asked);
        let refused = Refused { reason: Reason::Range, until: Some(asked.now + RANGE_RETRY) };
        (self.range >= self.most() && !is_spared).then_some(refused)
    }

    /// What a range of numbers or an address is refused from. Where an attack was a short time ago, one code that was not typed is
    /// anybody's, and two are not; where one goes on, none is.
    fn most(&self) -> f64 {
        if self.is_country_doubted() {
            self.one * 0.5
        } else if self.pauses > 0 {
            self.one * 1.5
        } else {
            HONEST_TO_DOUBT.ln()
        }
    }

    fn is_country_doubted(&self) -> bool {
        self.country >= HONEST_TO_DOUBT.ln()
    }

    fn is_looked_at(&self) -> bool {
        self.is_country_doubted() || self.pauses > 0
    }

    /// Whether a range whose codes have ended gets one that shows whether it is over: after two days without any, then after
    /// four, and so on.
    fn is_probed(&self, asked: &Asked<'_>) -> bool {
        let latest = asked.counts.range.iter().find(|one| one.sends.sent > 0);
        let quiet = latest.map_or(0, |latest| day(asked.now).saturating_sub(latest.day));
        let probes = (self.range - HONEST_TO_DOUBT.ln()) / self.one;
        f64::from(i32::try_from(quiet).unwrap_or(i32::MAX)) >= 2.0 * probes.floor().exp2()
    }

    /// Whether people are behind the address, and nothing speaks against it or the number.
    fn has_people(&self) -> bool {
        self.people >= PEOPLE && self.is_new()
    }

    /// Whether nothing is known against the range and the address. What they bring beyond a first code says nothing of the
    /// country: they are found out by themselves.
    fn is_new(&self) -> bool {
        self.range.max(self.address) < self.one * 0.5
    }
}

/// Pauses in a row of which the last is over, and not for long. One of no times is one that an operator ended.
fn pauses_before(asked: &Asked<'_>) -> u32 {
    let over = asked.counts.pause.as_ref().filter(|pause| pause.until <= asked.now);
    over.filter(|pause| asked.now < pause.until + IN_ROW).map_or(0, |pause| pause.times)
}

/// When the first minute begins that counts after a pause. In the one that it ended in no codes were sent before, unless it
/// began in it too.
fn counted_from(pause: &CountryPause, now: UnixMillis) -> UnixMillis {
    let until = pause.until.no_later_than(now);
    let begun = UnixMillis(minute(until).saturating_mul(60_000));
    if pause.since < begun { begun } else { until }
}

fn of_country(asked: &Asked<'_>, odds: Odds, was_paused: bool) -> (f64, f64) {
    // After a pause, or as long a time without codes, few codes show whether it goes on.
    let probed = (HONEST_TO_A_PAUSE.ln() - (PROBES - 0.5) * odds.untyped(1.0)).max(0.0);
    let since = asked.counts.pause.as_ref().map_or(UnixMillis(0), |pause| counted_from(pause, asked.now));
    let mut doubt = Doubt::from(if was_paused { probed } else { 0.0 });
    let (mut open, mut last) = (0.0, since);
    for MinuteSends { minute, sends } in asked.counts.recent.iter().rev() {
        let begun = UnixMillis(minute.saturating_mul(60_000));
        if begun < since || sends.sent == 0 {
            continue;
        }
        if begun.since(last) >= FIRST_PAUSE {
            doubt.at_most(probed);
        }
        last = begun;
        let by_now = typed_by(asked.now.since(begun + Duration::from_secs(30)));
        // Codes that were not counted may be typed.
        let typed = sends.verified.min(sends.sent);
        let untyped = f64::from(sends.sent - typed);
        doubt.add(f64::from(typed) * odds.typed() + untyped * odds.untyped(by_now));
        open += untyped * (odds.untyped(1.0) - odds.untyped(by_now));
    }
    if asked.now.since(last) >= FIRST_PAUSE {
        doubt.at_most(probed);
    }
    (doubt.get(), doubt.get() + open)
}

fn of_range(days: &[DaySends], odds: Odds) -> f64 {
    let mut doubt = Doubt::from(0.0);
    for DaySends { sends, .. } in days.iter().rev() {
        let typed = sends.verified.min(sends.sent);
        doubt.add(f64::from(typed) * odds.typed() + f64::from(sends.sent - typed) * odds.untyped(1.0));
    }
    doubt.get()
}

fn of_tries(tries: &[Try], odds: Odds, now: UnixMillis) -> f64 {
    let mut doubt = Doubt::from(0.0);
    for one in tries {
        doubt.add(if one.is_typed { odds.typed() } else { odds.untyped(typed_by(now.since(one.at))) });
    }
    doubt.get()
}

/// What is weighed against what; `None` where that is not looked at.
fn odds(settings: &GuardSettings, asked: &Asked<'_>) -> Option<Odds> {
    let percent = settings.conversion?;
    let part =
        |sends: Sends| (sends.sent >= PAST_FROM).then(|| f64::from(sends.verified) / f64::from(sends.sent));
    let usual = part(asked.past.country).or_else(|| part(asked.past.others)).unwrap_or(USUAL);
    Some(Odds::of(usual.clamp(LEAST_PAST, 1.0), f64::from(percent) / 100.0))
}

/// The part of codes of this age that is typed by now of those that ever are.
fn typed_by(age: Duration) -> f64 {
    TYPED_BY.iter().find(|(from, _)| age >= *from).map_or(0.0, |(_, part)| *part)
}

#[cfg(test)]
mod tests;
