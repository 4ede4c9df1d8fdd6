//! Whether a code may be sent: a pure function of what an app's guards are set to and what they have counted.
//!
//! Where few of a place's codes are typed, somebody asks for them who does not want them. That is judged by the upper end of
//! a confidence interval: few codes tell little, and it takes more of them to refuse than to doubt.

use std::time::Duration;

use crate::{
    clock::UnixMillis,
    limits,
    store::{
        Countries, CountryPause, Ending, GuardCounts, GuardMode, GuardSettings, MinuteSends, Sends, next_day,
    },
};

/// Standard deviations of the interval: one in two hundred places beyond it is there by chance.
const DEVIATIONS: f64 = 2.58;

/// Codes of a country with a past that are judged: a range of numbers is found out with fewer, and its country is not
/// paused for it.
const ENOUGH_WITH_PAST: f64 = 60.0;

/// The same of a country without a past, or that was paused a short time ago.
const ENOUGH_WITHOUT: f64 = 12.0;

/// Codes of a range of numbers that are judged: below these the interval reaches half of any past.
const ENOUGH_OF_RANGE: u32 = 9;

/// Codes of one range of numbers that were not typed, and numbers of one address, that say something of their country: what
/// one of them brings beyond that is found out by itself.
const SAYS_ENOUGH: u32 = 3;

/// Codes that make a past.
const PAST_FROM: u32 = 50;

/// The part of codes that is typed where neither the country nor the app's others have a past: what is seen everywhere,
/// less a third.
const USUAL: f64 = 0.6;

/// The least past that is taken for one: where an attack goes on for weeks, it becomes the past.
const LEAST_PAST: f64 = 0.3;

/// The first pause of a country. Each in a row is twice as long as the one before, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(30 * 60);

/// See [`FIRST_PAUSE`]; what comes after it shows twice a day whether it is over.
const LONGEST_PAUSE: Duration = Duration::from_secs(12 * 60 * 60);

/// How long after a pause another one is the next in a row.
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

/// What is known of a code that is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) country: &'a str,
    pub(crate) counts: &'a GuardCounts,
    pub(crate) past: Past,
    /// Of the address that asks, where the app tells it.
    pub(crate) spread: Spread,
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
    let pause = pause(settings, asked);
    let refused = day(settings, asked)
        .or_else(|| client(settings, asked))
        .or_else(|| country(settings, asked).filter(|refused| refused.until.is_none()))
        .or_else(|| paused(asked, pause.as_ref()))
        .or_else(|| range(settings, asked));
    let verdict = match refused {
        Some(refused) if settings.mode == GuardMode::Enforce => Verdict::Refuse(refused),
        Some(refused) => Verdict::WouldRefuse(refused),
        // A country that is not refused yet.
        None => country(settings, asked).map_or(Verdict::Allow, Verdict::WouldRefuse),
    };
    let Sends { sent, verified } = asked.counts.range;
    let by_minute = sent.saturating_sub(verified) < SAYS_ENOUGH && asked.spread.numbers <= SAYS_ENOUGH;
    Judgement { verdict, pause, by_minute }
}

fn day(settings: &GuardSettings, asked: &Asked<'_>) -> Option<Refused> {
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

fn client(settings: &GuardSettings, asked: &Asked<'_>) -> Option<Refused> {
    let Spread { countries, numbers } = asked.spread;
    let is_over = settings.client_countries.is_some_and(|most| countries > most)
        || settings.client_numbers.is_some_and(|most| numbers > most);
    let until = Some(asked.now + limits::GUARD_CLIENT_WINDOW);
    is_over.then_some(Refused { reason: Reason::Client, until })
}

/// Whether the app's codes do not go to this country. Where they will not soon, `until` is when.
fn country(settings: &GuardSettings, asked: &Asked<'_>) -> Option<Refused> {
    let is_missing = |countries: &[String]| !countries.iter().any(|one| one == asked.country);
    let until = match (&settings.countries, &settings.learned) {
        (Countries::Any, _) | (Countries::Auto, None) => return None,
        (Countries::These(countries), _) => is_missing(countries).then_some(None),
        (Countries::Auto, Some(learned)) => {
            let refused_from = learned.at + limits::GUARD_LEARNED_GRACE;
            is_missing(&learned.countries).then_some(Some(refused_from).filter(|from| asked.now < *from))
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

/// The pause that a country begins now, of whose latest codes too few were typed.
fn pause(settings: &GuardSettings, asked: &Asked<'_>) -> Option<CountryPause> {
    let least = least(settings, asked)?;
    let before = asked.counts.pause.as_ref();
    if before.is_some_and(|before| is_paused(before, asked.now)) {
        return None;
    }
    // What led to a pause leads to no second one.
    let since = before.map_or(UnixMillis(0), |before| before.until.no_later_than(asked.now));
    let in_row = before.filter(|before| asked.now < before.until + IN_ROW).map_or(0, |before| before.times);
    let has_past = asked.past.country.sent >= PAST_FROM && in_row == 0;
    let mut enough = if has_past { ENOUGH_WITH_PAST } else { ENOUGH_WITHOUT };
    let (mut expected, mut typed) = (0.0, 0.0);
    for MinuteSends { minute, sends } in &asked.counts.recent {
        // A minute that a pause ended in has codes from before it.
        let begun = UnixMillis(minute.saturating_mul(60_000));
        if begun < since {
            break;
        }
        expected += f64::from(sends.sent) * typed_by(asked.now.since(begun + Duration::from_secs(30)));
        // Codes that were not counted may be typed.
        typed += f64::from(sends.verified.min(sends.sent));
        if expected >= enough {
            if upper(typed, expected) < least {
                return Some(begin(asked, in_row.saturating_add(1)));
            }
            // More of the past makes it surer, and may hide what is new.
            enough *= 2.0;
        }
    }
    None
}

fn begin(asked: &Asked<'_>, times: u32) -> CountryPause {
    let doubled = FIRST_PAUSE * 2_u32.saturating_pow(times.saturating_sub(1).min(16));
    let until = asked.now + doubled.min(LONGEST_PAUSE);
    CountryPause { country: asked.country.to_owned(), since: asked.now, until, times }
}

fn range(settings: &GuardSettings, asked: &Asked<'_>) -> Option<Refused> {
    let least = least(settings, asked)?;
    let Sends { sent, verified } = asked.counts.range;
    let is_bad = sent >= ENOUGH_OF_RANGE && upper(f64::from(verified), f64::from(sent)) < least;
    is_bad.then_some(Refused { reason: Reason::Range, until: Some(asked.now + RANGE_RETRY) })
}

/// The least part of codes that must be typed; `None` where that is not looked at.
fn least(settings: &GuardSettings, asked: &Asked<'_>) -> Option<f64> {
    let percent = settings.conversion?;
    let part =
        |sends: Sends| (sends.sent >= PAST_FROM).then(|| f64::from(sends.verified) / f64::from(sends.sent));
    let usual = part(asked.past.country).or_else(|| part(asked.past.others)).unwrap_or(USUAL);
    Some(usual.clamp(LEAST_PAST, 1.0) * f64::from(percent) / 100.0)
}

/// The part of codes of this age that is typed by now of those that ever are.
fn typed_by(age: Duration) -> f64 {
    TYPED_BY.iter().find(|(from, _)| age >= *from).map_or(0.0, |(_, part)| *part)
}

/// The upper end of Wilson's interval for the part that `typed` of `sent` is.
fn upper(typed: f64, sent: f64) -> f64 {
    let (part, square) = ((typed / sent).min(1.0), DEVIATIONS * DEVIATIONS);
    let spread = (part * (1.0 - part) / sent + square / (4.0 * sent * sent)).sqrt();
    (part + square / (2.0 * sent) + DEVIATIONS * spread) / (1.0 + square / sent)
}

#[cfg(test)]
mod tests;
