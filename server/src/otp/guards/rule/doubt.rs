//! How strongly codes speak for an attack: Wald's sequential probability ratio test, as Page's cumulative sum.
//!
//! Each code adds the logarithm of how much likelier an attack makes what became of it. The sum does not fall below zero, so
//! that what was good for long hides nothing new. Honest people make it reach the logarithm of N by chance, and in fewer than
//! one of N codes.

/// The part of the usual that honest people type at least: between days it differs by a tenth or so.
const HONEST: f64 = 0.9;

/// How near to that the least that must be typed may come: nothing tells what is the same apart.
const NEAREST: f64 = 0.95;

/// More than a typed code takes away in any case, and halvings by which it is found how much: as exact as a number is.
const MOST_TYPED: f64 = 700.0;
const HALVINGS: u32 = 60;

/// What part of the codes is typed: by people, and in an attack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Odds {
    honest: f64,
    attack: f64,
}

impl Odds {
    /// Where `usual` is typed, and `least` is the part of it that must be: of fewer the sum rises in the long run, of more it
    /// falls.
    pub(super) fn of(usual: f64, least: f64) -> Self {
        let honest = usual * HONEST;
        let least = (usual * least).min(honest * NEAREST);
        let attack = |typed: f64| Self { honest, attack: honest * (-typed).exp() };
        let (mut below, mut above) = ((honest / least).ln(), MOST_TYPED);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(below, above);
            if (1.0 - least) * attack(middle).untyped(1.0) > least * middle {
                below = middle;
            } else {
                above = middle;
            }
        }
        attack(above)
    }

    /// What a code adds that was not typed, where `by_now` of those are that ever will be.
    pub(super) fn untyped(self, by_now: f64) -> f64 {
        ((1.0 - self.attack * by_now) / (1.0 - self.honest * by_now)).ln()
    }

    /// What a code adds that was typed: less than nothing.
    pub(super) fn typed(self) -> f64 {
        (self.attack / self.honest).ln()
    }
}

/// What has added up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doubt(f64);

impl From<f64> for Doubt {
    fn from(at_first: f64) -> Self {
        Self(at_first)
    }
}

impl Doubt {
    pub(super) fn add(&mut self, weight: f64) {
        self.0 = (self.0 + weight).max(0.0);
    }

    pub(super) fn at_most(&mut self, most: f64) {
        self.0 = self.0.min(most);
    }

    pub(super) fn get(self) -> f64 {
        self.0
    }
}
