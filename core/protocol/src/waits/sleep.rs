//! Tells from two clocks that the computer was asleep: one counts that time, the other stands still meanwhile.

use std::time::Duration;

/// How long the clocks are left alone while somebody waits. Whoever opens a laptop notices no second, and a look costs
/// microseconds.
const LOOK: Duration = Duration::from_secs(1);

/// Shorter sleeps do not count until they add up: connections outlive them, and on a busy machine the two clocks are
/// read that far apart.
pub(super) const SHORTEST: Duration = Duration::from_secs(2);

/// What the clocks said.
#[derive(Debug, Default)]
pub(super) struct Sleep {
    looked_at: Option<Duration>,
    /// How far the one is behind the other, as of the last sleep.
    behind: Option<Duration>,
}

impl Sleep {
    /// Compares the clocks; whether the computer was asleep.
    pub(super) fn look(&mut self, now: Duration, awake: Duration) -> bool {
        self.looked_at = Some(now);
        let behind = now.saturating_sub(awake);
        let has_slept = self.behind.is_some_and(|before| behind.saturating_sub(before) >= SHORTEST);
        if has_slept || self.behind.is_none() {
            self.behind = Some(behind);
        }
        has_slept
    }

    /// When to look again; none on a platform that has but one clock.
    pub(super) fn next_look(&self) -> Option<Duration> {
        self.looked_at.map(|last| last + LOOK)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::simulation::{LATENCY, Simulation, ms},
        *,
    };
    use crate::error::ErrorCode;

    /// Waits last this long unless a test says otherwise.
    const TIMEOUT: Duration = Duration::from_secs(300);

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_sleep_is_told_once() {
        let mut sleep = Sleep::default();
        assert!(!sleep.look(s(1_000), s(400)), "what was before is nobody's business");
        assert!(!sleep.look(s(1_001), s(401)));
        assert!(sleep.look(s(1_062), s(402)));
        assert!(!sleep.look(s(1_063), s(403)));
    }

    #[test]
    fn short_sleeps_add_up() {
        let mut sleep = Sleep::default();
        let looks: Vec<_> = (1..=5).map(|look| sleep.look(look * s(2), look * s(1))).collect();
        assert_eq!(looks, [false, false, true, false, true]);
    }

    #[test]
    fn clocks_that_go_alike_tell_of_none() {
        let mut sleep = Sleep::default();
        assert_eq!(sleep.next_look(), None);
        assert!((0..10_000).all(|look| !sleep.look(s(look), s(look))));
        assert_eq!(sleep.next_look(), Some(s(9_999) + LOOK));
    }

    #[test]
    fn a_clock_that_is_read_late_is_no_sleep() {
        let mut sleep = Sleep::default();
        assert!(!sleep.look(s(1), s(2)));
        assert!(!sleep.look(s(4), s(3)));
        assert!(!sleep.look(s(4), s(5)));
    }

    #[test]
    fn after_a_sleep_all_waits_connect_anew_at_once() {
        let mut simulation = Simulation::new();
        for number in 0..300 {
            simulation.wait(number, TIMEOUT);
            simulation.run_for(ms(10));
        }
        simulation.run_for(ms(500));
        let dead = simulation.ready_streams();
        let before = simulation.opened;
        simulation.fall_asleep_for(s(60));
        assert_eq!(
            (simulation.opened, simulation.streams.len()),
            (before + 1, 1),
            "one stream for all of them"
        );
        simulation.verify(1);
        simulation.run_for(LATENCY);
        assert!(simulation.outcomes[&1].is_ok(), "what happened meanwhile is told at once");
        assert!(!dead.contains(&simulation.ready_streams()[0]));
        assert_eq!(simulation.outcomes.len(), 1);
    }

    #[test]
    fn a_sleep_counts_for_the_deadline_of_a_wait() {
        let mut simulation = Simulation::new();
        simulation.wait(1, s(300));
        simulation.wait(2, s(302));
        simulation.run_for(s(1));
        simulation.fall_asleep_for(s(300));
        assert_eq!(simulation.settled_with(0), Some(ErrorCode::Timeout));
        simulation.verify(2);
        simulation.run_for(LATENCY);
        assert!(simulation.outcomes[&1].is_ok());
        assert_eq!(simulation.machine.poll_deadline(), None, "nobody looks at clocks for nobody");
    }

    #[test]
    fn what_fell_asleep_while_it_opened_was_not_kept_back() {
        let mut simulation = Simulation::new();
        simulation.latency = s(1);
        simulation.wait(1, TIMEOUT);
        simulation.run_for(ms(500));
        simulation.fall_asleep_for(s(60));
        simulation.verify(1);
        simulation.run_for(simulation.latency);
        assert!(simulation.outcomes[&0].is_ok());
        assert_eq!((simulation.opened, simulation.polled), (2, 0));
    }

    #[test]
    fn a_sleep_ends_the_pauses_of_an_outage() {
        let mut simulation = Simulation::new();
        simulation.is_up = false;
        simulation.wait(1, TIMEOUT);
        simulation.run_for(s(120));
        simulation.is_up = true;
        simulation.fall_asleep_for(s(10));
        assert_eq!(simulation.streams.len(), 1);
        simulation.verify(1);
        simulation.run_for(LATENCY);
        assert!(simulation.outcomes[&0].is_ok());
    }

    #[test]
    fn a_sleep_while_suspended_resumes_nothing() {
        let mut simulation = Simulation::new();
        simulation.wait(1, TIMEOUT);
        simulation.run_for(ms(500));
        simulation.suspend();
        simulation.fall_asleep_for(s(60));
        simulation.run_for(s(60));
        assert_eq!((simulation.opened, simulation.streams.len()), (1, 0));
        simulation.resume();
        simulation.verify(1);
        simulation.run_for(LATENCY);
        assert!(simulation.outcomes[&0].is_ok());
    }

    #[test]
    fn a_nap_leaves_streams_alone() {
        let mut simulation = Simulation::new();
        simulation.wait(1, TIMEOUT);
        simulation.run_for(ms(500));
        simulation.fall_asleep_for(ms(1_900));
        simulation.verify(1);
        assert!(simulation.outcomes[&0].is_ok());
        assert_eq!(simulation.opened, 1);
    }
}
