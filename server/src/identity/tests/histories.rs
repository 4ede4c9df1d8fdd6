//! Random histories of a thousand people whose numbers and user ids change, whose numbers go to others, and of whom WhatsApp
//! tells late, twice and out of order; held against an oracle that knows who everybody is.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;

const PEOPLE: usize = 1_000;

/// Hardly more numbers than people, so that numbers come to new owners.
const NUMBERS: u32 = 1_050;

const STEPS: usize = 12_000;

/// A person, as the oracle knows them.
#[derive(Clone)]
struct Real {
    number: Option<u32>,
    user: u32,
    hides: bool,
    /// Under which subject they signed in last, and whether any of their names is another since.
    known: Option<Subject>,
    has_changed: bool,
}

/// What WhatsApp is still to tell, and how often.
struct Pending {
    previous: Evidence,
    current: Evidence,
}

struct History {
    kept: Kept,
    people: Vec<Real>,
    free: Vec<u32>,
    users: u32,
    pending: Vec<Pending>,
    /// Notices that were taken: a store takes each once.
    taken: HashSet<String>,
    /// Whose a subject is.
    owners: HashMap<Subject, usize>,
    /// Subjects that somebody had, and has no longer.
    lost: HashSet<Subject>,
    state: u64,
}

impl History {
    fn new(seed: u64) -> Self {
        let mut history = Self {
            kept: Kept::new(),
            people: Vec::new(),
            free: (0..NUMBERS).collect(),
            users: 0,
            pending: Vec::new(),
            taken: HashSet::new(),
            owners: HashMap::new(),
            lost: HashSet::new(),
            state: seed,
        };
        for _ in 0..PEOPLE {
            history.join();
        }
        history
    }

    /// A number below `limit`, by the generator splitmix64.
    fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    fn free_number(&mut self) -> Option<u32> {
        let count = self.free.len();
        (count > 0).then(|| self.below(count)).map(|position| self.free.swap_remove(position))
    }

    fn new_user(&mut self) -> u32 {
        self.users += 1;
        self.users
    }

    /// Somebody joins WhatsApp, where a number is to be had.
    fn join(&mut self) {
        let Some(number) = self.free_number() else { return };
        let (user, hides) = (self.new_user(), self.below(4) == 0);
        self.people.push(Real { number: Some(number), user, hides, known: None, has_changed: false });
    }

    fn shown(&self, person: usize, hides: bool) -> Evidence {
        let real = &self.people[person];
        names(real.number.filter(|_| !hides), Some(&real.user.to_string()))
    }

    fn step(&mut self) -> Result<(), TestCaseError> {
        let person = self.below(self.people.len());
        match self.below(20) {
            _ if self.people[person].number.is_none() => {}
            0 => self.change_number(person),
            1 => self.change_user(person),
            // They leave WhatsApp, and somebody else gets the number some time.
            2 => {
                let number = self.people[person].number.take();
                self.free.extend(number);
                self.join();
            }
            3 | 4 => self.tell(),
            _ => self.sign_in(person)?,
        }
        Ok(())
    }

    fn change_number(&mut self, person: usize) {
        let Some(number) = self.free_number() else { return };
        let (previous, user) = (self.shown(person, false), self.new_user());
        let left = self.people[person].number.replace(number);
        self.free.extend(left);
        (self.people[person].user, self.people[person].has_changed) = (user, true);
        let current = self.shown(person, false);
        self.pending.push(Pending { previous, current });
    }

    fn change_user(&mut self, person: usize) {
        let (previous, user) = (self.shown(person, true), self.new_user());
        (self.people[person].user, self.people[person].has_changed) = (user, true);
        let current = self.shown(person, true);
        self.pending.push(Pending { previous, current });
    }

    /// WhatsApp tells of something, which it may tell again.
    fn tell(&mut self) {
        let count = self.pending.len();
        if count == 0 {
            return;
        }
        let position = self.below(count);
        let again = self.below(4) == 0;
        let Pending { previous, current } = self.pending.swap_remove(position);
        let id = format!("{:?} {:?}", previous.user_id, current.user_id);
        if self.taken.insert(id) {
            self.kept.notice(previous.clone(), current.clone());
        }
        if again {
            self.pending.push(Pending { previous, current });
        }
    }

    fn sign_in(&mut self, person: usize) -> Result<(), TestCaseError> {
        let hides = self.people[person].hides && self.below(3) > 0;
        let names = self.shown(person, hides);
        let is_redeemed = self.below(5) > 0;
        let known = if is_redeemed { self.kept.sign_in(&names) } else { self.kept.message(&names) };
        let owner = *self.owners.entry(known.subject).or_insert(person);
        prop_assert_eq!(owner, person, "two people in one subject");
        let real = &mut self.people[person];
        let before = real.known.replace(known.subject);
        if before != Some(known.subject) {
            // To the app it is somebody new, which says it all.
            self.lost.extend(before);
            real.has_changed = false;
        } else if real.has_changed {
            // An app that knew them is told of it, if not by this login then by one before, which it did not redeem.
            prop_assert!(known.changes > 0, "a change is told");
        }
        if is_redeemed {
            real.has_changed = false;
            let again = self.kept.message(&names);
            prop_assert_eq!(again, Recognised { changes: 0, ..known }, "and told once");
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_taken_for_somebody_else_and_nobody_is_lost_in_silence(seed in any::<u64>()) {
        let mut history = History::new(seed);
        for _ in 0..STEPS {
            history.step()?;
        }
        // WhatsApp has told everything in the end.
        while !history.pending.is_empty() {
            history.tell();
        }
        let told: HashSet<String> = history.kept.news().into_iter().map(|(_, subject)| subject).collect();
        for subject in &history.lost {
            prop_assert!(told.contains(&subject.expose()), "a subject was lost without an event");
        }
        let seen = (history.lost.len(), told.len());
        prop_assert!(seen.0 > 10 && seen.1 > 100, "there was something to be seen: {seen:?}");
    }
}
