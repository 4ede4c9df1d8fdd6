//! The life of a login: the only functions that change one.
//!
//! Each change is a compare-and-swap in the store, tried again from what the login has become when something else
//! came first. What changed wakes whoever waits for it on this node.

pub(crate) mod life;
mod sweep;
#[cfg(test)]
mod tests;
mod view;

use std::{collections::HashMap, sync::Arc};

use loggin::{Code, PhoneNumber};

pub(crate) use life::Message;
pub(crate) use view::{View, Viewer, reason, view};

use crate::{
    clock::{Clock, Random, UnixMillis, random_bytes},
    digits::Digits,
    limits,
    mac_keys::MacKeys,
    store::{App, Change, Login, MessageId, Outcome, State, Store, StoreError},
    waiters::Waiters,
};
use life::AnswerSeed;

/// Random bytes of the name of a login in a "not me" button.
const REFERENCE_BYTES: usize = 16;

/// What the keys for the MACs of confirmation codes are derived for.
pub(crate) const KEY_DOMAIN: &[u8] = b"loggin confirmation v1\n";

/// Digits of a confirmation code.
const CONFIRMATION_DIGITS: u8 = 6;

/// All logins of the server.
#[derive(Debug)]
pub(crate) struct Logins {
    store: Arc<dyn Store>,
    waiters: Arc<Waiters>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    confirmation_keys: MacKeys,
}

/// A message that carries the code of a known app's login.
#[derive(Debug)]
pub(crate) struct CodeReceived {
    pub(crate) code: Code,
    pub(crate) app: Arc<App>,
    pub(crate) id: MessageId,
    pub(crate) message: Message,
}

/// What a message, or a shared number, brought about; it tells what to answer.
#[derive(Debug)]
pub(crate) struct Progressed {
    pub(crate) login: Login,
    pub(crate) app: Arc<App>,
    /// The code to be typed where the login began, for a login that awaits it.
    pub(crate) digits: Digits,
}

/// What became of a typed confirmation code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmation {
    /// It was right: the login is verified.
    Verified,
    /// It was wrong; so many tries are left.
    Wrong(u8),
    /// It was wrong too often.
    Blocked,
    /// The login has ended.
    Ended(loggin::ErrorCode),
    /// The login asks for no code, or not yet.
    NotAwaited,
}

/// One change to be made.
struct Step<T> {
    code: Code,
    message: Option<MessageId>,
    input: T,
}

/// What became of a step.
struct Settled {
    /// The login as it is now; `None` where there is none.
    login: Option<Login>,
    changed: bool,
}

impl Logins {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        waiters: Arc<Waiters>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        confirmation_keys: MacKeys,
    ) -> Self {
        Self { store, waiters, clock, random, confirmation_keys }
    }

    /// Somebody waits for these logins; returns what they are now, in the same order.
    pub(crate) async fn wait(&self, codes: &[Code]) -> Result<Vec<Login>, StoreError> {
        let steps: Vec<Step<()>> = codes.iter().map(|&code| step(code, ())).collect();
        let settled = self
            .settle(&steps, HashMap::new(), |step, login, now| life::waited(login, step.code, now))
            .await?;
        // A wait makes the login that is missing, so each of them is there.
        Ok(settled.into_iter().filter_map(|settled| settled.login).collect())
    }

    /// Somebody redeems what of these is verified; returns what they are now.
    ///
    /// They are taken to be what they are given as, which spares a read; where one has changed since, it is read.
    pub(crate) async fn claim(
        &self,
        logins: Vec<Login>,
        redeemer: [u8; 32],
    ) -> Result<Vec<Login>, StoreError> {
        let steps: Vec<Step<()>> = logins.iter().map(|login| step(login.code, ())).collect();
        let known = logins.into_iter().map(|login| (login.code, login)).collect();
        let settled = self
            .settle(&steps, known, |_, login, _| login.and_then(|login| life::claimed(login, redeemer)))
            .await?;
        Ok(settled.into_iter().filter_map(|settled| settled.login).collect())
    }

    /// Messages with codes came; returns what they brought about.
    pub(crate) async fn receive(&self, received: Vec<CodeReceived>) -> Result<Vec<Progressed>, StoreError> {
        let mut steps = Vec::with_capacity(received.len());
        for one in received {
            let (seed, digits) = self.answer_seed(one.code);
            steps.push(Step {
                code: one.code,
                message: Some(one.id),
                input: (one.app, one.message, seed, digits),
            });
        }
        let settled = self
            .settle(&steps, HashMap::new(), |step, login, now| {
                let (app, message, seed, _) = &step.input;
                life::received(login, step.code, app, message, seed, now)
            })
            .await?;
        let progressed = settled.into_iter().zip(steps).filter_map(|(settled, step)| {
            let (app, _, _, digits) = step.input;
            progressed(settled, app, digits)
        });
        Ok(progressed.collect())
    }

    /// A sender shared the phone number that these logins wait for.
    pub(crate) async fn share_phone(
        &self,
        logins: Vec<(Login, Arc<App>)>,
        phone: &PhoneNumber,
    ) -> Result<Vec<Progressed>, StoreError> {
        let mut steps = Vec::with_capacity(logins.len());
        for (login, app) in logins {
            let (seed, digits) = self.answer_seed(login.code);
            steps.push(step(login.code, (app, seed, digits)));
        }
        let settled = self
            .settle(&steps, HashMap::new(), |step, login, now| {
                let (app, seed, _) = &step.input;
                life::phone_shared(login?, phone, app, seed, now)
            })
            .await?;
        let progressed = settled.into_iter().zip(steps).filter_map(|(settled, step)| {
            let (app, _, digits) = step.input;
            progressed(settled, app, digits)
        });
        Ok(progressed.collect())
    }

    /// The sender of this login said "not me"; tells whether that changed anything.
    pub(crate) async fn deny(&self, code: Code) -> Result<bool, StoreError> {
        let settled =
            self.settle(&[step(code, ())], HashMap::new(), |_, login, now| life::denied(login?, now)).await?;
        Ok(settled.iter().any(|settled| settled.changed))
    }

    /// A confirmation code was typed where the login began.
    pub(crate) async fn confirm(&self, code: Code, typed: &str) -> Result<Confirmation, StoreError> {
        let right = |login: &Login| {
            let mac = login.confirmation.as_ref();
            mac.is_some_and(|mac| {
                self.confirmation_keys.check(mac, code.expose().as_bytes(), typed.as_bytes())
            })
        };
        let settled = self
            .settle(&[step(code, ())], HashMap::new(), |_, login, now| {
                let login = login?;
                let right = right(&login);
                life::confirmed(login, right, now)
            })
            .await?;
        let Some(login) = settled.into_iter().find_map(|settled| settled.login) else {
            return Ok(Confirmation::NotAwaited);
        };
        Ok(match login.state {
            State::AwaitingConfirmation => Confirmation::Wrong(login.attempts_left),
            State::Denied if login.attempts_left == 0 && login.verified_at.is_none() => Confirmation::Blocked,
            // A repeated call, whose first answer was lost, is told the same again.
            State::Verified | State::Claimed if right(&login) => Confirmation::Verified,
            State::Verified | State::Claimed | State::Pending | State::MessageReceived => {
                Confirmation::NotAwaited
            }
            State::Used | State::Expired => Confirmation::Ended(loggin::ErrorCode::Expired),
            State::Denied => Confirmation::Ended(loggin::ErrorCode::Denied),
            State::PhoneHidden => Confirmation::Ended(loggin::ErrorCode::PhoneHidden),
        })
    }

    fn answer_seed(&self, code: Code) -> (AnswerSeed, Digits) {
        let digits = Digits::random(&*self.random, CONFIRMATION_DIGITS);
        let reference = random_bytes::<REFERENCE_BYTES>(&*self.random);
        let seed = AnswerSeed {
            confirmation: self.confirmation_keys.mac(code.expose().as_bytes(), digits.expose().as_bytes()),
            reference: hex::encode(reference),
        };
        (seed, digits)
    }

    /// Makes the change that `rule` finds for each step, if any, and wakes who waits for it.
    ///
    /// `known` are rows as they were a moment ago. Where the rule changes one that is stale, it is read and tried again.
    async fn settle<T>(
        &self,
        steps: &[Step<T>],
        mut known: HashMap<Code, Login>,
        rule: impl Fn(&Step<T>, Option<Login>, UnixMillis) -> Option<Login>,
    ) -> Result<Vec<Settled>, StoreError> {
        let mut settled: Vec<Option<Settled>> = steps.iter().map(|_| None).collect();
        for _ in 0..limits::CONFLICTS {
            let open = || steps.iter().zip(&settled).filter(|(_, settled)| settled.is_none());
            let unknown: Vec<Code> =
                open().map(|(step, _)| step.code).filter(|code| !known.contains_key(code)).collect();
            let read = self.store.logins(&unknown).await?;
            known.extend(read.into_iter().map(|login| (login.code, login)));

            let now = self.clock.now();
            let mut changes = Vec::new();
            let mut positions = Vec::new();
            for (position, step) in steps.iter().enumerate() {
                if settled[position].is_some() {
                    continue;
                }
                let row = known.get(&step.code);
                let expected = row.map(|login| login.version);
                let login = row.cloned().and_then(|login| life::aged(login, now));
                match rule(step, login.clone(), now) {
                    Some(next) => {
                        changes.push(change(expected, next, step.message.clone()));
                        positions.push(position);
                    }
                    None => {
                        settled[position] = Some(Settled { login, changed: false });
                    }
                }
            }
            if changes.is_empty() {
                return Ok(settled.into_iter().flatten().collect());
            }
            let outcomes = self.store.apply(changes.clone()).await?;
            for ((position, change), outcome) in positions.into_iter().zip(changes).zip(outcomes) {
                settled[position] = self.settled(outcome, change, &known);
            }
            known.clear();
        }
        if settled.iter().any(Option::is_none) {
            return Err(StoreError::Busy);
        }
        Ok(settled.into_iter().flatten().collect())
    }

    /// What an outcome means for its step: `None` where it is to be tried again.
    fn settled(&self, outcome: Outcome, change: Change, known: &HashMap<Code, Login>) -> Option<Settled> {
        match outcome {
            Outcome::Applied => {
                // Nobody waits for news that a login is waited for, or was redeemed by another.
                if !matches!(change.login.state, State::Pending | State::Claimed) {
                    self.waiters.wake(&change.login);
                }
                Some(Settled { login: Some(change.login), changed: true })
            }
            Outcome::Duplicate => {
                Some(Settled { login: known.get(&change.login.code).cloned(), changed: false })
            }
            Outcome::Conflict => None,
        }
    }
}

fn step<T>(code: Code, input: T) -> Step<T> {
    Step { code, message: None, input }
}

fn change(expected: Option<i64>, login: Login, message: Option<MessageId>) -> Change {
    let version = expected.unwrap_or_default() + 1;
    Change { expected, login: Login { version, ..login }, message }
}

fn progressed(settled: Settled, app: Arc<App>, digits: Digits) -> Option<Progressed> {
    let login = settled.login.filter(|_| settled.changed)?;
    Some(Progressed { login, app, digits })
}
