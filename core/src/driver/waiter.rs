//! Who waits for a login: where its outcome is put, in the form that its owner may have it.

use super::{slot::Slot, watched::Watched};
use loggin_protocol::{
    Error,
    waits::Outcome,
    wire::{Progress, SessionBody},
};

/// What a wait comes to: a session of a redeemer, or what an observer is told.
pub(crate) trait Told: TryFrom<SessionBody, Error = Error> + Clone + Send + 'static {}

impl<T: TryFrom<SessionBody, Error = Error> + Clone + Send + 'static> Told for T {}

/// Who waits.
pub(super) trait Waiter: Send + Sync {
    /// Tells how far the login has come.
    fn tell(&self, progress: Progress);

    /// Puts the outcome in.
    fn settle(&self, outcome: Outcome);
}

impl<T: Told> Waiter for Slot<T> {
    fn tell(&self, _: Progress) {}

    fn settle(&self, outcome: Outcome) {
        Slot::settle(self, outcome.and_then(TryInto::try_into));
    }
}

impl<T: Told> Waiter for Watched<T> {
    fn tell(&self, progress: Progress) {
        self.advance(progress);
    }

    fn settle(&self, outcome: Outcome) {
        self.slot.settle(outcome.and_then(TryInto::try_into));
    }
}
