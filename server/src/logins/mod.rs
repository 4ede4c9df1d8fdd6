//! The life of a login: the only functions that change one.
//!
//! Each change is a compare-and-swap in the store, tried again from what the login has become when something else
//! came first. What follows a change (waking who waits, a message to the person) hangs on its commit, see [`Publisher`]:
//! a caller's future may be dropped at any moment.

mod choices;
mod confirmation;
pub(crate) mod life;
mod publisher;
mod return_codes;
mod sweep;
#[cfg(test)]
mod tests;
mod transition;
mod view;
mod waiters;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use data_encoding::HEXLOWER;
use loggin_protocol::{Code, MatchDigits, PhoneNumber};

pub(crate) use choices::{Choices, button as match_button, read_button as read_match_button};
pub(crate) use confirmation::{ConfirmationCodes, DIGITS as CONFIRMATION_DIGITS};
pub(crate) use life::{Asks, Message, Unchanged};
pub(crate) use publisher::Publisher;
pub(crate) use return_codes::ReturnCode;
pub(crate) use transition::is_claimable;
pub(crate) use view::{Takes, View, Viewer, reason, view};
pub(crate) use waiters::{Slot, Waiters};

use crate::{
    apps::Apps,
    clock::{Clock, Random, UnixMillis, random_bytes},
    identity::Evidence,
    limits,
    phones::RecipientKeys,
    store::{App, Confirm, Login, MessageId, State, Store, StoreError},
    telemetry::traces,
};
use confirmation::Given;
use life::Seed;
use transition::Transition;

/// Random bytes of the name of a login in the buttons of messages about it.
const REFERENCE_BYTES: usize = 16;

/// All logins of the server.
#[derive(Debug)]
pub(crate) struct Logins {
    store: Arc<dyn Store>,
    apps: Arc<Apps>,
    waiters: Arc<Waiters>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    confirmation: Arc<ConfirmationCodes>,
    recipients: RecipientKeys,
}

/// What logins take from outside.
#[derive(Debug)]
pub(crate) struct LoginsParts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) apps: Arc<Apps>,
    pub(crate) waiters: Arc<Waiters>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) confirmation: Arc<ConfirmationCodes>,
    pub(crate) recipients: RecipientKeys,
}

/// A message that carries the code of a known app's login.
#[derive(Clone, Debug)]
pub(crate) struct CodeReceived {
    pub(crate) code: Code,
    pub(crate) app: Arc<App>,
    pub(crate) id: MessageId,
    pub(crate) message: Message,
}

/// A phone number that its owner shared, which finishes their logins that wait for it.
#[derive(Clone, Debug)]
pub(crate) struct PhoneShared {
    pub(crate) id: MessageId,
    pub(crate) user_id: String,
    pub(crate) phone: PhoneNumber,
    /// What else WhatsApp shows of its owner.
    pub(crate) sender: Evidence,
    pub(crate) sent_at: UnixMillis,
}

/// What a message did to a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// The login is this now.
    Changed(State),
    /// Its sender is told once more what they were told before.
    ToldAgain,
    /// The message was taken before.
    Redelivered,
    /// Nothing.
    Unchanged(Unchanged),
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
    Ended(loggin_protocol::ErrorCode),
    /// The login asks for no code, or not yet.
    NotAwaited,
}

impl Logins {
    pub(crate) fn new(parts: LoginsParts) -> Self {
        let LoginsParts { store, apps, waiters, clock, random, confirmation, recipients } = parts;
        Self { store, apps, waiters, clock, random, confirmation, recipients }
    }

    /// Somebody waits for these logins, and asks this of them; returns what they are now, in the same order.
    pub(crate) async fn wait(&self, codes: &[Code], asks: &Asks) -> Result<Vec<Login>, StoreError> {
        let transitions: Vec<Transition<()>> = codes.iter().map(|&code| Transition::new(code, ())).collect();
        let outcomes = self
            .transition(&transitions, HashMap::new(), |transition, login, seen| {
                life::waited(login, transition.code, asks, || self.seed(), seen.now)
            })
            .await?;
        // A wait makes the login that is missing, so each of them is there.
        Ok(outcomes.into_iter().filter_map(|outcome| outcome.login).collect())
    }

    /// Somebody redeems what of these is verified, as far as they take it; returns what they are now.
    ///
    /// They are taken to be what they are given as, which spares a read; where one has changed since, it is read.
    pub(crate) async fn claim(
        &self,
        logins: Vec<Login>,
        redeemer: [u8; 32],
        takes: Takes,
    ) -> Result<Vec<Login>, StoreError> {
        let transitions: Vec<Transition<()>> =
            logins.iter().map(|login| Transition::new(login.code, ())).collect();
        let verified = logins.iter().filter(|login| login.state == State::Verified);
        let spans: Vec<_> = verified.map(|login| traces::redeem(login.code)).collect();
        let known = logins.into_iter().map(|login| (login.code, login)).collect();
        let outcomes =
            self.transition(&transitions, known, |_, login, _| life::claimed(login, redeemer, takes)).await?;
        drop(spans);
        Ok(outcomes.into_iter().filter_map(|outcome| outcome.login).collect())
    }

    /// Messages with codes came; returns what each did, in their order. One that is there twice counts once.
    pub(crate) async fn receive(&self, received: Vec<CodeReceived>) -> Result<Vec<Received>, StoreError> {
        let mut seen = HashSet::new();
        let is_new: Vec<bool> = received.iter().map(|one| seen.insert((one.code, one.id.clone()))).collect();
        let once = received.into_iter().zip(&is_new).filter(|(_, is_new)| **is_new);
        let transitions: Vec<_> = once
            .map(|(one, _)| {
                let evidence = one.message.sender.clone();
                Transition::of_message(one.code, one.id, evidence, (one.app, one.message, self.seed()))
            })
            .collect();
        let outcomes = self
            .transition(&transitions, HashMap::new(), |transition, login, seen| {
                let (app, message, random) = &transition.input;
                life::received(login, transition.code, app, message, random, seen)
            })
            .await?;
        let mut outcomes = outcomes.iter().map(transition::TransitionOutcome::received);
        let of = |is_new: &bool| if *is_new { outcomes.next() } else { Some(Received::Redelivered) };
        Ok(is_new.iter().filter_map(of).collect())
    }

    /// A sender shared their phone number; returns what that did to each of the logins that wait for it.
    pub(crate) async fn share_phone(&self, shared: &PhoneShared) -> Result<Vec<Received>, StoreError> {
        let waiting = self.store.awaiting_phone(&shared.user_id, limits::LOGINS_PER_SHARED_NUMBER).await?;
        let mut transitions = Vec::with_capacity(waiting.len());
        for login in waiting {
            if let Some(app) = self.apps.find(login.code.app_key()).await? {
                let sender = Evidence {
                    phone: Some(shared.phone.clone()),
                    user_id: Some(shared.user_id.clone()),
                    ..shared.sender.clone()
                };
                let id = shared.id.clone();
                transitions.push(Transition::of_message(login.code, id, sender, (app, self.seed())));
            }
        }
        let outcomes = self
            .transition(&transitions, HashMap::new(), |transition, login, seen| {
                let (app, seed) = &transition.input;
                life::phone_shared(login, &shared.phone, shared.sent_at, app, seed, seen.now)
            })
            .await?;
        Ok(outcomes.iter().map(transition::TransitionOutcome::received).collect())
    }

    /// The sender of this login said "not me"; returns what that did.
    pub(crate) async fn deny(&self, code: Code) -> Result<Received, StoreError> {
        let transition = [Transition::new(code, ())];
        let outcomes = self
            .transition(&transition, HashMap::new(), |_, login, seen| life::denied(login, seen.now))
            .await?;
        let unchanged = Received::Unchanged(Unchanged::Ended);
        Ok(outcomes.first().map_or(unchanged, transition::TransitionOutcome::received))
    }

    /// The sender of this login chose these digits; returns what that did.
    pub(crate) async fn choose(
        &self,
        code: Code,
        digits: MatchDigits,
        is_old: bool,
    ) -> Result<Received, StoreError> {
        let is_right = |login: &Login| Choices::of(login).map(|choices| choices.right == digits);
        let transition = [Transition::new(code, ())];
        let outcomes = self
            .transition(&transition, HashMap::new(), |_, login, seen| {
                life::chosen(login, is_right, is_old, seen.now)
            })
            .await?;
        let unchanged = Received::Unchanged(Unchanged::Unconcerned);
        Ok(outcomes.first().map_or(unchanged, transition::TransitionOutcome::received))
    }

    /// A confirmation code was typed where the login began.
    pub(crate) async fn confirm(&self, code: Code, typed: &str) -> Result<Confirmation, StoreError> {
        self.confirm_by(code, Given::Digits(typed)).await
    }

    /// The link in WhatsApp was opened where the login began, and brought this.
    pub(crate) async fn come_back(&self, code: Code, value: &ReturnCode) -> Result<Confirmation, StoreError> {
        self.confirm_by(code, Given::Return(value)).await
    }

    async fn confirm_by(&self, code: Code, given: Given<'_>) -> Result<Confirmation, StoreError> {
        let is_right = |login: &Login| self.confirmation.confirms(login, &given);
        let transition = [Transition::new(code, ())];
        let outcomes = self
            .transition(&transition, HashMap::new(), |_, login, seen| match given {
                Given::Digits(_) => life::confirmed(login, is_right, seen.now),
                Given::Return(_) => life::returned(login, is_right, seen.now),
            })
            .await?;
        let Some(login) = outcomes.into_iter().find_map(|outcome| outcome.login) else {
            return Ok(Confirmation::NotAwaited);
        };
        Ok(match login.state {
            _ if login.state < State::Used && login.confirm != Confirm::Code => Confirmation::NotAwaited,
            State::AwaitingConfirmation => Confirmation::Wrong(login.attempts_left),
            State::Denied if login.attempts_left == 0 && login.verified_at.is_none() => Confirmation::Blocked,
            // A repeated call, whose first response was lost, is told the same again.
            State::Verified | State::Claimed if is_right(&login) => Confirmation::Verified,
            State::Verified | State::Claimed | State::Pending | State::MessageReceived => {
                Confirmation::NotAwaited
            }
            State::Used | State::Expired | State::Lapsed => {
                Confirmation::Ended(loggin_protocol::ErrorCode::Expired)
            }
            State::Denied => Confirmation::Ended(loggin_protocol::ErrorCode::Denied),
            State::PhoneHidden => Confirmation::Ended(loggin_protocol::ErrorCode::PhoneHidden),
        })
    }

    /// The digits that the sender of a login is to type where it began.
    #[cfg(test)]
    pub(crate) fn digits(&self, login: &Login) -> Option<crate::crypto::Digits> {
        Some(self.confirmation.digits(login.code, login.confirmation.as_ref()?))
    }

    /// What the link back of a login brings.
    #[cfg(test)]
    pub(crate) fn return_code(&self, login: &Login) -> Option<ReturnCode> {
        Some(self.confirmation.return_code(login.code, login.confirmation.as_ref()?))
    }

    fn seed(&self) -> Seed {
        let reference = random_bytes::<REFERENCE_BYTES>(&*self.random);
        Seed { confirmation: random_bytes(&*self.random), reference: HEXLOWER.encode(&reference) }
    }
}
