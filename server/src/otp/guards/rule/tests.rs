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

static NOBODY: Caller =
    Caller { spread: Spread { countries: 0, numbers: 0 }, address: Vec::new(), network: Vec::new() };

fn asked<'a>(country: &'a str, counts: &'a GuardCounts) -> Asked<'a> {
    Asked { country, counts, past: Past::default(), caller: &NOBODY, now: NOW }
}

/// A country's past in which nine of ten codes are typed.
fn usual() -> Past {
    Past { country: sends(1_000, 900), others: Sends::default() }
}

/// Codes of a range on days before this one.
fn range(days: &[(i64, u32, u32)]) -> Vec<DaySends> {
    let of_day = |&(ago, sent, verified)| DaySends { day: day(NOW) - ago, sends: sends(sent, verified) };
    days.iter().map(of_day).collect()
}

/// Codes of an address, each a minute after the other, the last long enough ago to have been typed.
fn tries(typed: &[bool]) -> Vec<Try> {
    let ago = |index: usize| Duration::from_secs(60) * u32::try_from(typed.len() + 9 - index).unwrap();
    typed.iter().enumerate().map(|(index, &is_typed)| Try { at: NOW - ago(index), is_typed }).collect()
}

/// One that was over a while ago, of so many in a row.
fn over(times: u32) -> CountryPause {
    let until = NOW - Duration::from_secs(3_600);
    CountryPause { country: "IN".to_owned(), since: until - FIRST_PAUSE, until, times }
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
fn a_country_that_was_not_learned_at_first_is_one_where_its_people_type() {
    let counts = GuardCounts::default();
    let learned = Some(Learned { countries: vec!["IN".to_owned()], at: NOW });
    let settings = GuardSettings { countries: Countries::Auto, learned, ..settings() };
    let at = |sent, verified| {
        let past = Past { country: sends(sent, verified), others: sends(1_000, 900) };
        let now = NOW + limits::GUARD_LEARNED_GRACE;
        refused(&judge(&settings, &Asked { past, now, ..asked("AE", &counts) }))
    };
    assert_eq!(at(6, LEARNED_LATER), None);
    assert_eq!(at(6, LEARNED_LATER - 1), Some(Reason::Country), "too few");
    assert_eq!(at(40, LEARNED_LATER), Some(Reason::Country), "an attacker's own among many");
}

#[test]
fn one_address_asks_for_so_much() {
    let counts = GuardCounts::default();
    let at = |countries, numbers| {
        let caller = Caller { spread: Spread { countries, numbers }, ..Caller::default() };
        refused(&judge(&settings(), &Asked { caller: &caller, ..asked("IN", &counts) }))
    };
    assert_eq!(at(limits::GUARD_CLIENT_COUNTRIES, limits::GUARD_CLIENT_NUMBERS), None);
    assert_eq!(at(limits::GUARD_CLIENT_COUNTRIES + 1, 1), Some(Reason::Client));
    assert_eq!(at(1, limits::GUARD_CLIENT_NUMBERS + 1), Some(Reason::Client));
}

#[test]
fn an_address_whose_codes_nobody_types_is_refused() {
    let counts = GuardCounts::default();
    let judged = |caller: &Caller| {
        refused(&judge(&settings(), &Asked { past: usual(), caller, ..asked("IN", &counts) }))
    };
    let address = |typed: &[bool]| judged(&Caller { address: tries(typed), ..Caller::default() });
    assert_eq!((address(&[false; 4]), address(&[false; 8])), (None, Some(Reason::Client)));
    // Who has some numbers of their own; an office in which one in six lost theirs.
    assert_eq!(
        address(&[false, false, false, false, true, false, false, false, false]),
        Some(Reason::Client)
    );
    assert_eq!(address(&[false, true, true, true, true, true].repeat(8)), None);
    let network = Caller { network: tries(&[false; 8]), ..Caller::default() };
    assert_eq!(judged(&network), Some(Reason::Client));
    // A class of thirty that signs up at one moment: nobody has typed yet.
    let class = vec![Try { at: NOW - Duration::from_secs(25), is_typed: false }; 29];
    assert_eq!(judged(&Caller { address: class.clone(), network: class, ..Caller::default() }), None);
}

#[test]
fn a_country_of_which_little_is_typed_is_paused() {
    let at = |counts: &GuardCounts, past| judge(&settings(), &Asked { past, ..asked("IN", counts) });
    assert_eq!(at(&recent(&[sends(5, 0)]), usual()).pause, None, "so few are by chance");
    let counts = recent(&[sends(10, 0)]);
    let judged = at(&counts, usual());
    let pause = judged.pause.unwrap();
    assert_eq!((pause.until, pause.times), (NOW + FIRST_PAUSE, 1));
    let refusal = Refused { reason: Reason::Pause, until: Some(pause.until) };
    assert_eq!(judged.verdict, Verdict::Refuse(refusal));
    assert_eq!(at(&counts, Past::default()).pause, None, "it takes more without a past");
    assert!(at(&recent(&[sends(20, 0)]), Past::default()).pause.is_some());
    let good = recent(&[sends(30, 26), sends(30, 27), sends(50, 45)]);
    assert_eq!(at(&good, usual()).pause, None);
    let hidden = recent(&[sends(12, 0), sends(500, 450)]);
    assert!(at(&hidden, usual()).pause.is_some(), "what was good before hides nothing");
    let healed = recent(&[sends(60, 54), sends(12, 0)]);
    assert_eq!(at(&healed, usual()).pause, None, "what is good since makes up for it");
}

#[test]
fn what_is_new_may_be_typed_yet() {
    let now = minute(NOW);
    let counts = |ago, sent| GuardCounts {
        recent: vec![MinuteSends { minute: now - ago, sends: sends(sent, 0) }],
        ..GuardCounts::default()
    };
    let judged = |ago, sent| judge(&settings(), &Asked { past: usual(), ..asked("IN", &counts(ago, sent)) });
    assert_eq!(refused(&judged(0, 100)), None, "of this minute");
    assert!(judged(2, 100).pause.is_some(), "of the one before the last");
    assert_eq!((judged(1, 10).pause, judged(3, 12).pause.is_some()), (None, true));
}

#[test]
fn pauses_in_a_row_are_longer_and_have_an_end() {
    let mut lengths = Vec::new();
    for times in 1..12 {
        let counts = GuardCounts { pause: Some(over(times)), ..recent(&[sends(20, 0)]) };
        let pause = judge(&settings(), &asked("IN", &counts)).pause.unwrap();
        assert_eq!(pause.times, times + 1);
        lengths.push(pause.until.since(pause.since));
    }
    assert_eq!(lengths[..3], [FIRST_PAUSE * 2, FIRST_PAUSE * 4, FIRST_PAUSE * 8]);
    assert_eq!(*lengths.last().unwrap(), LONGEST_PAUSE);
    assert!(lengths.is_sorted());
}

#[test]
fn after_a_pause_two_codes_show_whether_it_is_over() {
    let at = |each: &[Sends]| {
        let counts = GuardCounts { pause: Some(over(1)), ..recent(each) };
        let judged = judge(&settings(), &Asked { past: usual(), ..asked("IN", &counts) });
        (refused(&judged), judged.pause.map(|pause| pause.times))
    };
    assert_eq!(at(&[]), (None, None));
    assert_eq!(at(&[sends(1, 0)]), (None, None));
    assert_eq!(at(&[sends(2, 0)]), (Some(Reason::Pause), Some(2)));
    assert_eq!(at(&[sends(3, 2)]), (None, None));
    // Two that may still be typed: no third one meanwhile, and no pause for them.
    let open = MinuteSends { minute: minute(NOW), sends: sends(2, 0) };
    let counts = GuardCounts { pause: Some(over(1)), recent: vec![open], ..GuardCounts::default() };
    let judged = judge(&settings(), &Asked { past: usual(), ..asked("IN", &counts) });
    assert_eq!((refused(&judged), judged.pause), (Some(Reason::Pause), None));
}

#[test]
fn where_an_attack_goes_on_a_code_goes_to_those_of_whom_nothing_is_known() {
    let at = |pause: Option<CountryPause>, each: &[Sends], untyped: u32, typed: &[bool]| {
        let counts = GuardCounts { pause, range: range(&[(1, untyped, 0)]), ..recent(each) };
        let caller = Caller { address: tries(typed), ..Caller::default() };
        refused(&judge(&settings(), &Asked { past: usual(), caller: &caller, ..asked("IN", &counts) }))
    };
    let (good, bad) = ([sends(30, 28)], [sends(6, 0)]);
    assert_eq!(at(None, &good, 2, &[false, false]), None, "in peace");
    // After a pause one is anybody's, and two are not.
    assert_eq!(at(Some(over(1)), &good, 1, &[false]), None);
    assert_eq!(at(Some(over(1)), &good, 2, &[]), Some(Reason::Range));
    assert_eq!(at(Some(over(1)), &good, 0, &[false, false]), Some(Reason::Client));
    // While there is doubt, none is.
    assert_eq!(at(None, &bad, 0, &[]), None);
    assert_eq!(at(None, &bad, 1, &[]), Some(Reason::Range));
    assert_eq!(at(None, &bad, 0, &[false]), Some(Reason::Client));
}

#[test]
fn an_address_with_people_behind_it_gets_codes_in_a_pause() {
    let pause = CountryPause { until: NOW + FIRST_PAUSE, since: NOW, ..over(1) };
    let at = |typed: &[bool], untyped| {
        let counts = GuardCounts {
            pause: Some(pause.clone()),
            range: range(&[(0, untyped, 0)]),
            ..GuardCounts::default()
        };
        let caller = Caller { address: tries(typed), ..Caller::default() };
        refused(&judge(&settings(), &Asked { past: usual(), caller: &caller, ..asked("IN", &counts) }))
    };
    assert_eq!(at(&[true, true], 0), None);
    assert_eq!(at(&[false, true, true], 0), None, "the two came later");
    assert_eq!(at(&[true], 0), Some(Reason::Pause), "one is anybody");
    assert_eq!(
        at(&[true, true, false], 0),
        Some(Reason::Pause),
        "one code that was not typed, and it is over"
    );
    assert_eq!(at(&[true, true], 1), Some(Reason::Pause), "the range speaks against it");
}

#[test]
fn a_time_without_codes_is_as_good_as_a_pause() {
    // Somebody gave up an hour ago, before it was enough for a pause.
    let ago = minute(NOW) - 60;
    let counts = GuardCounts {
        recent: vec![MinuteSends { minute: ago, sends: sends(30, 0) }],
        ..GuardCounts::default()
    };
    let judged = judge(&settings(), &Asked { past: usual(), ..asked("IN", &counts) });
    assert_eq!((refused(&judged), judged.pause), (None, None));
    let mut more = counts;
    more.recent.insert(0, MinuteSends { minute: minute(NOW) - 6, sends: sends(2, 0) });
    assert!(judge(&settings(), &Asked { past: usual(), ..asked("IN", &more) }).pause.is_some());
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
    let at = |days: &[(i64, u32, u32)]| {
        let counts = GuardCounts { range: range(days), ..GuardCounts::default() };
        refused(&judge(&settings(), &Asked { past: usual(), ..asked("IN", &counts) }))
    };
    assert_eq!(at(&[(0, 4, 0)]), None);
    assert_eq!(at(&[(0, 6, 0)]), Some(Reason::Range));
    assert_eq!(at(&[(0, 2, 0), (1, 2, 0), (3, 2, 0)]), Some(Reason::Range), "over days too");
    assert_eq!(at(&[(0, 50, 40)]), None);
    assert_eq!(at(&[(0, 6, 0), (1, 50, 45)]), Some(Reason::Range), "what was good before hides nothing");
}

#[test]
fn a_range_gets_a_code_again_after_days_without_any() {
    let at = |days: &[(i64, u32, u32)]| {
        let counts = GuardCounts { range: range(days), ..GuardCounts::default() };
        refused(&judge(&settings(), &Asked { past: usual(), ..asked("IN", &counts) }))
    };
    assert_eq!(at(&[(1, 5, 0)]), Some(Reason::Range));
    assert_eq!(at(&[(2, 5, 0)]), None);
    // It was not typed: twice as long.
    assert_eq!(at(&[(2, 1, 0), (4, 5, 0)]), Some(Reason::Range));
    assert_eq!(at(&[(4, 1, 0), (6, 5, 0)]), None);
    assert_eq!(at(&[(0, 1, 1), (2, 5, 0)]), None, "it was");
}

#[test]
fn one_range_and_one_address_say_so_much_of_a_country_and_no_more() {
    let at = |days: &[(i64, u32, u32)], typed: &[bool]| {
        let counts = GuardCounts { range: range(days), ..GuardCounts::default() };
        let caller = Caller { address: tries(typed), ..Caller::default() };
        judge(&settings(), &Asked { caller: &caller, ..asked("IN", &counts) }).by_minute
    };
    assert!(at(&[], &[]) && at(&[(0, 9, 7)], &[true]));
    assert!(!at(&[(0, 1, 0)], &[]) && !at(&[], &[false]));
}

#[test]
fn a_country_without_a_past_is_held_to_the_others() {
    let counts = recent(&[sends(40, 14)]);
    let at = |others| {
        let past = Past { country: sends(10, 10), others };
        judge(&settings(), &Asked { past, ..asked("IN", &counts) }).pause.is_some()
    };
    assert!(!at(sends(1_000, 700)) && !at(Sends::default()) && at(sends(1_000, 950)));
    // Where an attack goes on for weeks, it becomes the past, and is not believed.
    let counts = recent(&[sends(60, 4)]);
    let past = Past { country: sends(1_000, 100), others: Sends::default() };
    assert!(judge(&settings(), &Asked { past, ..asked("IN", &counts) }).pause.is_some());
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
        |(each, of_range, today, country_today, pause)| {
            let pause = pause.map(|(until, times)| {
                let until = UnixMillis(NOW.0 + until);
                CountryPause { country: "IN".to_owned(), since: until - FIRST_PAUSE, until, times }
            });
            let range = vec![DaySends { day: day(NOW), sends: of_range }];
            GuardCounts { today, country_today, range, pause, ..recent(&each) }
        },
    )
}

proptest! {
    #[test]
    fn dry_run_refuses_what_enforce_does_and_off_nothing(
        counts in any_counts(), country in any_sends(), others in any_sends(), numbers in 0_u32..50,
    ) {
        let caller = Caller { spread: Spread { countries: 1, numbers }, ..Caller::default() };
        let asked = Asked { past: Past { country, others }, caller: &caller, ..asked("IN", &counts) };
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
        // At the threshold itself the sum stays where it is.
        let each: Vec<Sends> = each.iter().map(|sent| sends(*sent, (sent * percent).div_ceil(100))).collect();
        let counts = recent(&each);
        let past = Past { country: sends(1_000, 1_000), others: Sends::default() };
        let judged = judge(&settings(), &Asked { past, ..asked("IN", &counts) });
        prop_assert_eq!(judged, Judgement { verdict: Verdict::Allow, pause: None, by_minute: true });
    }

    #[test]
    fn more_that_is_typed_never_refuses_more(counts in any_counts(), more in 0_u32..50) {
        let better = GuardCounts {
            range: counts.range.iter().map(|one| DaySends {
                sends: Sends { verified: (one.sends.verified + more).min(one.sends.sent), ..one.sends }, ..*one
            }).collect(),
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
    fn what_is_typed_speaks_for_people_and_what_is_not_the_more_the_older_it_is(
        part in 0.5..=1.0_f64, least in 0.01..=1.0_f64, by_now in 0.0..=1.0_f64,
    ) {
        let odds = Odds::of(part, least);
        prop_assert!(odds.typed() < 0.0 && odds.untyped(0.0).abs() < 1e-9);
        prop_assert!(odds.untyped(by_now) >= 0.0 && odds.untyped(by_now) <= odds.untyped(1.0));
        // Of fewer than must be typed the sum rises, of more it falls.
        let at = |part: f64| part * odds.typed() + (1.0 - part) * odds.untyped(1.0);
        let must = (part * least).min(part * 0.85);
        prop_assert!(at(must * 0.99) > 0.0 && at(must.mul_add(1.01, 1e-6)) < 0.0);
    }
}

/// Codes of people whose conversion is a tenth below the usual, at the least that is taken for honest: a generator of chance with
/// a million codes, in which a sum may not reach what a pause takes more often than its name says.
#[test]
fn honest_codes_lead_to_pauses_as_seldom_as_is_said() {
    let odds = Odds::of(0.9, 0.5);
    let (mut chance, mut doubt) = (16_u64, Doubt::from(0.0));
    let (mut pauses, mut doubted) = (0, 0);
    let mut is_doubted = false;
    for _ in 0..1_000_000 {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let is_typed = chance >> 40 < (1_u64 << 24) * 81 / 100;
        doubt.add(if is_typed { odds.typed() } else { odds.untyped(1.0) });
        let was_doubted = std::mem::replace(&mut is_doubted, doubt.get() >= HONEST_TO_DOUBT.ln());
        doubted += u32::from(is_doubted && !was_doubted);
        if doubt.get() >= HONEST_TO_A_PAUSE.ln() {
            pauses += 1;
            doubt = Doubt::from(0.0);
        }
    }
    assert!(pauses <= 10 && doubted <= 1_000, "{pauses} pauses, {doubted} doubts");
    assert!(doubted > 0, "the chance is one");
}

#[test]
fn each_reason_has_an_ending_of_its_own() {
    let endings: std::collections::HashSet<Ending> =
        Reason::ALL.iter().map(|reason| reason.ending()).collect();
    assert_eq!(endings.len(), Reason::ALL.len());
    assert!(endings.iter().all(|ending| ending.outcome() == crate::store::Outcome::Refused));
}
