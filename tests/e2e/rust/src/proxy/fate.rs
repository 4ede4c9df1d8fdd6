//! What may become of a connection.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

/// The longest pause that a proxy of ours asks for, in seconds: below the 2 s in which a wait must end.
const LONGEST_RETRY_AFTER: u32 = 1;

/// How a connection ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// In order, as when a proxy restarts: FIN.
    Close,
    /// At once, as when a router forgets it: RST.
    Reset,
}

/// What becomes of a connection while the network is foul. All of it ends when the network is healed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing gets through, not even a byte.
    Refuse(Ending),
    /// The request is read, and gets this status and `Retry-After` in seconds.
    Respond(u16, u32),
    /// As a response of 429, and the connection stays: it is over once the client has done with the response and lets go.
    Busy(u32),
    /// Carried, with troubles.
    Carry(Course),
}

/// How a connection is carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// What happens to the request.
    pub up: Trouble,
    /// What happens to the response.
    pub down: Trouble,
    /// When and how it ends, whatever was carried.
    pub lifetime: Option<(Duration, Ending)>,
}

/// What happens to bytes on one way of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trouble {
    /// They get through.
    #[default]
    None,
    /// They come one by one.
    Split,
    /// They come this much later.
    Delay(Duration),
    /// So many get through, then the connection ends.
    CutAfter(usize, Ending),
    /// So many get through, then this way ends in order; the other one goes on.
    EndAfter(usize),
    /// So many get through; the rest comes when the network is healed.
    StallAfter(usize),
}

impl Fate {
    /// A connection that is carried as it should be.
    pub const FAIR: Self = Self::Carry(Course { up: Trouble::None, down: Trouble::None, lifetime: None });

    /// The fate of the n-th connection of a network with this seed.
    pub fn drawn(seed: u64, number: usize) -> Self {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        // Each connection has a sequence of its own: what becomes of it does not depend on the others' timing.
        let mut random =
            Xoshiro256PlusPlus::seed_from_u64(random.random::<u64>().wrapping_add(number as u64));
        // A pause that is asked for quiets the client for most of a round: few of them leave room for the rest.
        match random.random_range(0..24) {
            0..=2 => Self::Refuse(Ending::drawn(&mut random)),
            3 => Self::Respond(429, random.random_range(0..=LONGEST_RETRY_AFTER)),
            4 => Self::Respond(503, random.random_range(0..=LONGEST_RETRY_AFTER)),
            _ => Self::Carry(Course::drawn(&mut random)),
        }
    }
}

impl Ending {
    /// Any.
    pub fn drawn(random: &mut Xoshiro256PlusPlus) -> Self {
        if random.random() { Self::Close } else { Self::Reset }
    }
}

impl Course {
    fn drawn(random: &mut Xoshiro256PlusPlus) -> Self {
        let lifetime = (random.random_range(0..3) == 0)
            .then(|| (Duration::from_millis(random.random_range(0..400)), Ending::drawn(random)));
        // Requests of a round have 300 to 10,000 bytes; responses begin with a head of about 250.
        Self { up: Trouble::drawn(random, 6, 3_000), down: Trouble::drawn(random, 2, 1_500), lifetime }
    }
}

impl Trouble {
    /// None in `rarity - 1` of `rarity` cases, and then any; within so many bytes.
    fn drawn(random: &mut Xoshiro256PlusPlus, rarity: u32, reach: usize) -> Self {
        if random.random_range(0..rarity) > 0 {
            return Self::None;
        }
        match random.random_range(0..8) {
            0..=1 => Self::Split,
            2..=3 => Self::Delay(Duration::from_millis(random.random_range(0..300))),
            4 => Self::EndAfter(random.random_range(0..reach)),
            5..=6 => Self::CutAfter(random.random_range(0..reach), Ending::drawn(random)),
            _ => Self::StallAfter(random.random_range(0..reach)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_network_again() {
        let network = |seed| (0..50).map(|number| Fate::drawn(seed, number)).collect::<Vec<_>>();
        assert_eq!(network(7), network(7));
        assert_ne!(network(7), network(8));
    }

    #[test]
    fn everything_happens_to_some_connection() {
        let fates: Vec<_> = (0..2_000).map(|number| Fate::drawn(1, number)).collect();
        let courses: Vec<_> = fates
            .iter()
            .filter_map(|fate| if let Fate::Carry(course) = fate { Some(course) } else { None })
            .collect();
        for ending in [Ending::Close, Ending::Reset] {
            assert!(fates.contains(&Fate::Refuse(ending)));
            assert!(courses.iter().any(|course| matches!(course.lifetime, Some((_, end)) if end == ending)));
        }
        for status in [429, 503] {
            assert!(fates.contains(&Fate::Respond(status, 0)) && fates.contains(&Fate::Respond(status, 1)));
        }
        let troubles: [fn(&Trouble) -> bool; 6] = [
            |trouble| *trouble == Trouble::None,
            |trouble| *trouble == Trouble::Split,
            |trouble| matches!(trouble, Trouble::Delay(_)),
            |trouble| matches!(trouble, Trouble::CutAfter(..)),
            |trouble| matches!(trouble, Trouble::EndAfter(_)),
            |trouble| matches!(trouble, Trouble::StallAfter(_)),
        ];
        for is_it in troubles {
            assert!(courses.iter().any(|course| is_it(&course.up)));
            assert!(courses.iter().any(|course| is_it(&course.down)));
        }
    }
}
