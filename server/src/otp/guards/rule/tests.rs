//! The rule: what it refuses, and that it refuses nothing else.

use proptest::prelude::*;

use super::*;
use crate::{
    store::{Learned, minute},
    tests::START,
};

/// When most are judged: half a day after the day began.
const NOW: UnixMillis = START;

fn settings() -> GuardSettings {
    GuardSettings { countries: Countries::Any, ..GuardSettings::default() }
}

fn sends(sent: u32, verified: u32) -> Sends {
    Sends { sent, verified }
}

/// Codes that were sent in each of the minutes before, the latest first, all old enough to have been typed.
fn recent(each: &[Sends]) -> GuardCounts {
    let first = minute(NOW) - 6;
    let recent = each.iter().zip(0..).map(|(sends, ago)| MinuteSends { minute: first - ago, sends: *sends });
    GuardCounts { recent: recent.collect(), ..GuardCounts::default() }
}

fn asked<'a>(country: &'a str, counts: &'a GuardCounts) -> Asked<'a> {
    Asked { country, counts, past: Past::default(), spread: Spread::default(), now: NOW }
}

fn refused(judgement: &Judgement) -> Option<Reason> {
    match judgement.verdict {
        Verdict::Refuse(refused) | Verdict::WouldRefuse(refused) => Some(refused.reason),
        Verdict::Allow => None,
    }
}

#[test]
fn codes_go_to_the_countries_that_are_listed_or_were_learned() {
    let counts = GuardCounts::default();
    let learned = Some(Learned { countries: vec!["IN".to_owned()], at: NOW });
    let these = Countries::These(vec!["DE".to_owned(), "IN".to_owned()]);
    let grace = limits::GUARD_LEARNED_GRACE;
    let country = Some(Reason::Country);
    for (countries, learned, name, at, expected) in [
        (Countries::Any, learned.clone(), "FR", NOW + grace, None),
        (Countries::Auto, None, "FR", NOW + grace, None),
        (these.clone(), None, "DE", NOW, None),
        (these, learned.clone(), "FR", NOW, country),
        (Countries::Auto, learned.clone(), "IN", NOW + grace, None),
        (Countries::Auto, learned, "FR", NOW + grace, country),
    ] {
        let settings = GuardSettings { countries, learned, ..settings() };
        let judged = judge(&settings, &Asked { now: at, ..asked(name, &counts) });
        assert_eq!(refused(&judged), expected, "{settings:?} {name}");
        assert_eq!(matches!(judged.verdict, Verdict::Refuse(_)), expected.is_some());
    }
}

#[test]
fn a_country_that_was_not_learned_is_warned_of_before_it_is_refused() {
    let counts = GuardCounts::default();
    let learned = Some(Learned { countries: vec!["IN".to_owned()], at: NOW });
    let settings = GuardSettings { countries: Countries::Auto, learned, ..settings() };
    let judged = judge(&settings, &asked("FR", &counts));
    let until = Some(NOW + limits::GUARD_LEARNED_GRACE);
    assert_eq!(judged.verdict, Verdict::WouldRefuse(Refused { reason: Reason::Country, until }));
}

#[test]
fn a_day_has_so_many_codes() {
    let settings = GuardSettings { per_day: Some(10), country_per_day: Some(5), ..settings() };
    let at = |today, country_today| {
        let counts = GuardCounts { today, country_today, ..GuardCounts::default() };
        judge(&settings, &asked("IN", &counts)).verdict
    };
    assert_eq!(at(9, 4), Verdict::Allow);
    let until = Some(next_day(NOW));
    assert_eq!(at(10, 4), Verdict::Refuse(Refused { reason: Reason::DayOfApp, until }));
    assert_eq!(at(9, 5), Verdict::Refuse(Refused { reason: Reason::DayOfCountry, until }));
}

#[test]
fn one_address_asks_for_so_much() {
    let counts = GuardCounts::default();
    let at = |countries, numbers| {
        let asked = Asked { spread: Spread { countries, numbers }, ..asked("IN", &counts) };
        refused(&judge(&settings(), &asked))
    };
    assert_eq!(at(limits::GUARD_CLIENT_COUNTRIES, limits::GUARD_CLIENT_NUMBERS), None);
    assert_eq!(at(limits::GUARD_CLIENT_COUNTRIES + 1, 1), Some(Reason::Client));
    assert_eq!(at(1, limits::GUARD_CLIENT_NUMBERS + 1), Some(Reason::Client));
}

#[test]
fn a_country_of_which_little_is_typed_is_paused() {
    let past = Past { country: sends(1_000, 900), others: Sends::default() };
    let at = |counts: &GuardCounts, past| judge(&settings(), &Asked { past, ..asked("IN", counts) });
    let few = recent(&[sends(30, 2), sends(29, 2)]);
    assert_eq!(at(&few, past).pause, None, "too few to judge a country with a past");
    assert!(at(&few, Past::default()).pause.is_some(), "and enough without one");
    let counts = recent(&[sends(30, 5), sends(30, 5)]);
    let judged = at(&counts, past);
    let pause = judged.pause.unwrap();
    assert_eq!((pause.until, pause.times), (NOW + FIRST_PAUSE, 1));
    let refusal = Refused { reason: Reason::Pause, until: Some(pause.until) };
    assert_eq!(judged.verdict, Verdict::Refuse(refusal));
    let usual = recent(&[sends(30, 26), sends(30, 27), sends(500, 0)]);
    assert!(at(&usual, past).pause.is_some(), "what is behind it is seen too");
    let usual = recent(&[sends(30, 26), sends(30, 27), sends(50, 45)]);
    assert_eq!(at(&usual, past).pause, None);
}

#[test]
fn what_is_new_may_be_typed_yet() {
    let now = minute(NOW);
    let counts = |ago| GuardCounts {
        recent: vec![MinuteSends { minute: now - ago, sends: sends(100, 0) }],
        ..GuardCounts::default()
    };
    let past = Past { country: sends(1_000, 900), others: Sends::default() };
    let is_paused = |ago| judge(&settings(), &Asked { past, ..asked("IN", &counts(ago)) }).pause.is_some();
    assert!(!is_paused(0), "of this minute");
    assert!(is_paused(2), "of the one before the last");
}

#[test]
fn pauses_in_a_row_are_longer_and_have_an_end() {
    let mut counts = recent(&[sends(20, 0)]);
    let mut lengths = Vec::new();
    for times in 0..12 {
        let until = UnixMillis((minute(NOW) - 60) * 60_000);
        counts.pause =
            Some(CountryPause { country: "IN".to_owned(), since: until - FIRST_PAUSE, until, times });
        let pause = judge(&settings(), &asked("IN", &counts)).pause.unwrap();
        assert_eq!(pause.times, times + 1);
        lengths.push(pause.until.since(pause.since));
    }
    assert_eq!(lengths[..3], [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]);
    assert_eq!(*lengths.last().unwrap(), LONGEST_PAUSE);
    assert!(lengths.is_sorted());
}

#[test]
fn what_led_to_a_pause_leads_to_no_other_one() {
    let mut counts = recent(&[sends(500, 0)]);
    let pause = |until| CountryPause { country: "IN".to_owned(), since: NOW - FIRST_PAUSE, until, times: 1 };
    counts.pause = Some(pause(NOW));
    assert_eq!(
        judge(&settings(), &asked("IN", &counts)),
        Judgement { verdict: Verdict::Allow, pause: None, by_minute: true }
    );
    counts.pause = Some(pause(NOW + FIRST_PAUSE));
    let judged = judge(&settings(), &asked("IN", &counts));
    assert_eq!((refused(&judged), judged.pause), (Some(Reason::Pause), None));
    // A clock that was ahead wrote it.
    counts.pause = Some(pause(NOW + LONGEST_PAUSE * 2));
    assert!(judge(&settings(), &asked("IN", &counts)).pause.is_none());
}

#[test]
fn a_range_of_numbers_is_found_out_before_its_country() {
    let at = |sent, verified| {
        let counts = GuardCounts { range: sends(sent, verified), ..recent(&[sends(sent, verified)]) };
        let past = Past { country: sends(1_000, 900), others: Sends::default() };
        let judged = judge(&settings(), &Asked { past, ..asked("IN", &counts) });
        assert_eq!(judged.pause, None);
        refused(&judged)
    };
    assert_eq!(at(ENOUGH_OF_RANGE - 1, 0), None, "nor is its country");
    assert_eq!(at(ENOUGH_OF_RANGE, 0), Some(Reason::Range));
    assert_eq!(at(50, 40), None);
}

#[test]
fn one_range_and_one_address_say_so_much_of_a_country_and_no_more() {
    let at = |range, numbers| {
        let counts = GuardCounts { range, ..GuardCounts::default() };
        let spread = Spread { countries: 1, numbers };
        judge(&settings(), &Asked { spread, ..asked("IN", &counts) }).by_minute
    };
    assert!(at(sends(2, 0), 3) && at(sends(9, 7), 0));
    assert!(!at(sends(3, 0), 1) && !at(sends(0, 0), 4));
}

#[test]
fn a_country_without_a_past_is_held_to_the_others() {
    let counts = recent(&[sends(40, 14)]);
    let at = |others| {
        let past = Past { country: sends(10, 10), others };
        judge(&settings(), &Asked { past, ..asked("IN", &counts) }).pause.is_some()
    };
    assert!(!at(sends(1_000, 700)) && !at(Sends::default()));
    let strict = GuardSettings { conversion: Some(90), ..settings() };
    let past = Past { country: sends(10, 10), others: sends(1_000, 900) };
    assert!(judge(&strict, &Asked { past, ..asked("IN", &counts) }).pause.is_some());
}

fn any_sends() -> impl Strategy<Value = Sends> {
    (0_u32..200)
        .prop_flat_map(|sent| (Just(sent), 0..=sent))
        .prop_map(|(sent, verified)| sends(sent, verified))
}

fn any_counts() -> impl Strategy<Value = GuardCounts> {
    let pause = prop::option::of((-90_000_000_i64..90_000_000, 0_u32..9));
    let recent_sends = prop::collection::vec(any_sends(), 0..30);
    (recent_sends, any_sends(), 0_u32..20_000, 0_u32..20_000, pause).prop_map(
        |(each, range, today, country_today, pause)| {
            let pause = pause.map(|(until, times)| {
                let until = UnixMillis(NOW.0 + until);
                CountryPause { country: "IN".to_owned(), since: until - FIRST_PAUSE, until, times }
            });
            GuardCounts { today, country_today, range, pause, ..recent(&each) }
        },
    )
}

proptest! {
    #[test]
    fn dry_run_refuses_what_enforce_does_and_off_nothing(
        counts in any_counts(), country in any_sends(), others in any_sends(), numbers in 0_u32..20,
    ) {
        let spread = Spread { countries: 1, numbers };
        let asked = Asked { past: Past { country, others }, spread, ..asked("IN", &counts) };
        let in_mode = |mode| judge(&GuardSettings { mode, ..settings() }, &asked);
        let (enforced, told, off) =
            (in_mode(GuardMode::Enforce), in_mode(GuardMode::DryRun), in_mode(GuardMode::Off));
        prop_assert_eq!(refused(&enforced), refused(&told));
        prop_assert!(!matches!(told.verdict, Verdict::Refuse(_)));
        prop_assert_eq!(off, Judgement { verdict: Verdict::Allow, pause: None, by_minute: false });
    }

    #[test]
    fn where_half_as_much_is_typed_as_usual_nothing_is_paused(
        each in prop::collection::vec(0_u32..100, 1..30), percent in 50_u32..=100,
    ) {
        // At the threshold itself the interval reaches beyond it.
        let each: Vec<Sends> = each.iter().map(|sent| sends(*sent, (sent * percent).div_ceil(100))).collect();
        let counts = recent(&each);
        let past = Past { country: sends(1_000, 1_000), others: Sends::default() };
        let judged = judge(&settings(), &Asked { past, ..asked("IN", &counts) });
        prop_assert_eq!(judged, Judgement { verdict: Verdict::Allow, pause: None, by_minute: true });
    }

    #[test]
    fn more_that_is_typed_never_refuses_more(counts in any_counts(), more in 0_u32..50) {
        let better = GuardCounts {
            range: Sends { verified: (counts.range.verified + more).min(counts.range.sent), ..counts.range },
            recent: counts.recent.iter().map(|one| MinuteSends {
                sends: Sends { verified: (one.sends.verified + more).min(one.sends.sent), ..one.sends }, ..*one
            }).collect(),
            ..counts.clone()
        };
        if refused(&judge(&settings(), &asked("IN", &counts))).is_none() {
            prop_assert_eq!(refused(&judge(&settings(), &asked("IN", &better))), None);
        }
    }

    #[test]
    fn the_upper_end_lies_above_the_part_and_below_one(sent in 1_u32..10_000, of in 0.0..=1.0_f64) {
        let typed = (f64::from(sent) * of).floor();
        let found = upper(typed, f64::from(sent));
        prop_assert!(found >= typed / f64::from(sent) && found <= 1.0 + 1e-9);
    }
}

#[test]
fn each_reason_has_an_ending_of_its_own() {
    let endings: std::collections::HashSet<Ending> =
        Reason::ALL.iter().map(|reason| reason.ending()).collect();
    assert_eq!(endings.len(), Reason::ALL.len());
    assert!(endings.iter().all(|ending| ending.outcome() == crate::store::Outcome::Refused));
}
