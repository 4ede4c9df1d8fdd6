//! Something of which there is so much, held in shares: no holder has more than it may, and all together no more than
//! there is. A share goes back when it is dropped.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// So much of something. Holders are remembered only while they hold some, so there are never more than there is.
#[derive(Debug)]
pub(crate) struct Shares<K: Eq + Hash>(Arc<State<K>>);

#[derive(Debug)]
struct State<K: Eq + Hash> {
    all: usize,
    most: usize,
    taken: Mutex<Taken<K>>,
}

#[derive(Debug)]
struct Taken<K> {
    sum: usize,
    by_holder: HashMap<K, usize>,
}

/// What a holder has, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Share<K: Eq + Hash + Copy> {
    of: Shares<K>,
    holder: K,
    amount: usize,
}

/// Why there is no share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Short {
    /// All together hold as much as there is.
    All,
    /// The holder has as much as it may.
    Holder,
}

impl<K: Eq + Hash> Clone for Shares<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash + Copy> Shares<K> {
    /// `all` of it, of which one holder gets at most `most`.
    pub(crate) fn new(all: usize, most: usize) -> Self {
        Self(Arc::new(State { all, most, taken: Mutex::new(Taken { sum: 0, by_holder: HashMap::new() }) }))
    }

    /// A share of this size, which may be zero, to begin with.
    pub(crate) fn take(&self, holder: K, amount: usize) -> Result<Share<K>, Short> {
        let mut share = Share { of: self.clone(), holder, amount: 0 };
        share.grow(amount)?;
        Ok(share)
    }

    /// How much is held.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.taken().sum
    }

    fn taken(&self) -> MutexGuard<'_, Taken<K>> {
        // Held for a few instructions that do not panic; were it poisoned, its data would still be whole.
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash + Copy> Share<K> {
    /// Takes so much more; where that fails, the share stays as it is.
    pub(crate) fn grow(&mut self, more: usize) -> Result<(), Short> {
        if more == 0 {
            return Ok(());
        }
        let State { all, most, .. } = *self.of.0;
        let mut taken = self.of.taken();
        let held = taken.by_holder.get(&self.holder).copied().unwrap_or_default();
        if more > most.saturating_sub(held) {
            return Err(Short::Holder);
        }
        if more > all.saturating_sub(taken.sum) {
            return Err(Short::All);
        }
        taken.sum += more;
        taken.by_holder.insert(self.holder, held + more);
        self.amount += more;
        Ok(())
    }

    /// How much it is.
    pub(crate) fn amount(&self) -> usize {
        self.amount
    }
}

impl<K: Eq + Hash + Copy> Drop for Share<K> {
    fn drop(&mut self) {
        if self.amount == 0 {
            return;
        }
        let mut taken = self.of.taken();
        taken.sum -= self.amount;
        if let Some(held) = taken.by_holder.get_mut(&self.holder) {
            *held -= self.amount;
            if *held == 0 {
                taken.by_holder.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_more_than_it_may_and_all_no_more_than_there_is() {
        let shares = Shares::new(10, 6);
        let mut first = shares.take("a", 4).unwrap();
        assert_eq!(shares.take("a", 3).unwrap_err(), Short::Holder);
        first.grow(2).unwrap();
        assert_eq!(first.grow(1), Err(Short::Holder));
        assert_eq!(shares.take("b", 5).unwrap_err(), Short::All);
        let second = shares.take("b", 4).unwrap();
        assert_eq!((first.amount(), second.amount(), shares.held()), (6, 4, 10));
        drop(first);
        assert_eq!(shares.take("c", 6).unwrap().amount(), 6);
        drop(second);
        assert_eq!(shares.held(), 0);
        assert!(shares.taken().by_holder.is_empty());
    }

    #[test]
    fn a_share_of_nothing_is_always_there_and_leaves_nothing() {
        let shares = Shares::new(0, 0);
        let mut share = shares.take("a", 0).unwrap();
        assert_eq!(share.grow(1), Err(Short::Holder));
        assert_eq!(share.grow(usize::MAX), Err(Short::Holder));
        assert!(shares.taken().by_holder.is_empty());
    }
}
