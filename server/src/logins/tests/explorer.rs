//! Every order of what people, callers and an attacker may do with one login, as far as it goes: whatever happens, nobody
//! is handed out a login that was confirmed by less than they asked for, nor by less than its app asks for, and none without
//! the proof that it names.
//!
//! The rules are those of `life`, the same that the server runs. Each change of a login is one compare-and-swap, so that
//! what happens at once happens in some order, and all orders are walked here. States are told apart without the clock, so
//! that they are finitely many. `EXPLORER_DEPTH` says how many steps are walked; `make explore` walks all there are.

use std::collections::{HashSet, VecDeque};

use super::*;
use crate::{
    logins::{
        choices::Choices,
        life::{Asks, Next, Seed},
    },
    store::Asker,
};

/// Steps from the first that `make test` walks.
const DEPTH: usize = 9;

/// The least states that are met on the way, so that a walk which ends too early is noticed.
const STATES: usize = 500;

/// From this on a deadline is far: a tombstone's.
const FAR: Duration = Duration::from_secs(3_600);

/// A person and somebody else.
const SENDERS: [&str; 2] = [PHONE, "919876543299"];

/// The app's server, and somebody who has got hold of the token.
const REDEEMERS: [[u8; 32]; 2] = [[1; 32], [2; 32]];

/// What may happen next.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Somebody waits who accepts no less than this.
    Wait(Confirm),
    /// Their page says where it can be returned to.
    WaitHere,
    /// Somebody redeems who accepts no less than this; that they wait first is a step of its own.
    Claim(usize, Confirm),
    /// Somebody sends the login's message, with or without their number.
    Message { sender: usize, is_hidden: bool },
    /// The sender shares their number.
    Share,
    /// The person types the digits that WhatsApp showed.
    TypeRight,
    /// Somebody guesses.
    TypeWrong,
    /// The person opens the link in the browser where the login began.
    ReturnRight,
    /// The link of another login is opened there.
    ReturnWrong,
    /// The person chooses the digits that they see where the login began.
    ChooseRight { is_old: bool },
    /// The person chooses others.
    ChooseWrong,
    /// The person says "not me".
    Deny,
    /// Time passes.
    Pass(Duration),
}

/// What has been done in the life of the login at hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(clippy::struct_excessive_bools)] // each was done or not, whatever the others
struct Proofs {
    code_was_sent: bool,
    link_was_sent: bool,
    match_was_sent: bool,
    reply_was_sent: bool,
    code_was_typed: bool,
    link_was_opened: bool,
    match_was_chosen: bool,
    was_denied: bool,
}

#[derive(Clone, Debug)]
struct World {
    login: Option<Login>,
    now: UnixMillis,
    proofs: Proofs,
    steps: Vec<Step>,
}

/// A world without the moments in it.
type Key = (Option<LoginKey>, Proofs);
type LoginKey =
    (State, i64, bool, bool, Option<String>, Option<i64>, Option<[u8; 32]>, bool, u8, Confirm, bool);

impl World {
    fn key(&self) -> Key {
        let until = |moment: UnixMillis| moment.0.saturating_sub(self.now.0).min(millis(FAR));
        let login = self.login.as_ref().map(|login| {
            (
                login.state,
                until(login.deadline),
                login.waited_for,
                login.phone.is_some(),
                login.user_id.clone(),
                login.verified_at.map(until),
                login.claimed_by,
                login.confirmation.is_some(),
                login.attempts_left,
                login.confirm,
                has_address(login),
            )
        });
        (login, self.proofs)
    }

    /// Everything that may happen in this world. Digits are known to the person once they were sent.
    fn possible(&self) -> Vec<Step> {
        let mut steps = vec![
            Step::Share,
            Step::TypeWrong,
            Step::ReturnWrong,
            Step::WaitHere,
            Step::Pass(life::EARLY),
            Step::Pass(life::REDEEMABLE),
            Step::Pass(FAR * 24),
        ];
        for confirm in Confirm::ALL {
            steps.push(Step::Wait(confirm));
            steps.extend((0..REDEEMERS.len()).map(|redeemer| Step::Claim(redeemer, confirm)));
        }
        for sender in 0..SENDERS.len() {
            steps.extend([false, true].map(|is_hidden| Step::Message { sender, is_hidden }));
        }
        if self.proofs.code_was_sent {
            steps.push(Step::TypeRight);
        }
        if self.proofs.link_was_sent {
            steps.push(Step::ReturnRight);
        }
        if self.proofs.match_was_sent {
            steps.extend([false, true].map(|is_old| Step::ChooseRight { is_old }));
            steps.push(Step::ChooseWrong);
        }
        if self.proofs.code_was_sent || self.proofs.reply_was_sent {
            steps.push(Step::Deny);
        }
        steps
    }

    fn after(&self, step: Step, app: &App, rules: Rules) -> Self {
        let mut world = self.clone();
        world.steps.push(step);
        if let Step::Pass(time) = step {
            world.now = world.now + time;
        }
        let login = world.login.take().and_then(|login| life::aged(login, world.now));
        if login.is_none() {
            world.proofs = Proofs::default();
        }
        match step {
            Step::TypeRight => world.proofs.code_was_typed = true,
            Step::ReturnRight => world.proofs.link_was_opened = true,
            Step::ChooseRight { .. } => world.proofs.match_was_chosen = true,
            Step::ChooseWrong | Step::Deny => world.proofs.was_denied = true,
            _ => {}
        }
        world.login = match next(login.clone(), step, app, world.now, rules) {
            Next::Keep(_) => login,
            Next::Delete => None,
            Next::Replace(login, owed) => {
                match owed {
                    Some(MessageKind::ConfirmationCode) => {
                        world.proofs.code_was_sent = true;
                        world.proofs.link_was_sent |= has_address(&login);
                    }
                    Some(MessageKind::MatchDigits) => world.proofs.match_was_sent = true,
                    Some(MessageKind::SignedIn) => world.proofs.reply_was_sent = true,
                    Some(MessageKind::SharePhone) | None => {}
                }
                Some(recognised(login))
            }
        };
        world
    }

    /// What is wrong with this world; `None` where nothing is.
    fn fault(&self, app: &App, rules: Rules) -> Option<String> {
        let login = self.login.as_ref()?;
        let mut redeemed = 0;
        for least in Confirm::ALL {
            let viewers = REDEEMERS.map(Viewer::Redeemer).into_iter().chain([Viewer::Observer]);
            for viewer in viewers {
                let View::Verified(session) = view(login, viewer, takes(rules.asked(least))) else {
                    continue;
                };
                redeemed += usize::from(viewer != Viewer::Observer && least == Confirm::None);
                if session.confirmation < least.max(app.confirm) {
                    return Some(format!(
                        "{viewer:?} asked for {least} and is told {}",
                        session.confirmation
                    ));
                }
                if !self.proofs.hold(session.confirmation, login.waited_for) {
                    return Some(format!("{} is told without its proof", session.confirmation));
                }
                if self.proofs.was_denied {
                    return Some("a login that was denied is told".to_owned());
                }
            }
        }
        (redeemed > 1).then(|| "two redeemed one login".to_owned())
    }
}

impl Proofs {
    /// Whether what a session says of its confirmation was done.
    fn hold(self, confirmation: Confirm, is_waited_for: bool) -> bool {
        match confirmation {
            Confirm::None => true,
            // What nobody waits for is told nobody, and its sender is written to once somebody does.
            Confirm::Reply => self.reply_was_sent || !is_waited_for,
            Confirm::Match => self.match_was_chosen,
            Confirm::Code => self.code_was_typed || self.link_was_opened,
        }
    }
}

/// The rules that are walked: the server's, or worse ones, of which the walk must tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rules {
    Real,
    /// Nobody is asked what they accept.
    WithoutAsking,
    /// Any digits that are chosen are right.
    WithoutLooking,
    /// Wrong digits are passed over.
    WithoutDenying,
    /// The link of any login is that of this one.
    WithoutComparing,
}

impl Rules {
    /// What is made of what somebody asks for.
    fn asked(self, confirm: Confirm) -> Confirm {
        if self == Self::WithoutAsking { Confirm::None } else { confirm }
    }
}

fn takes(confirm: Confirm) -> Takes {
    Takes { confirm, ..Takes::default() }
}

fn next(login: Option<Login>, step: Step, app: &App, now: UnixMillis, rules: Rules) -> Next {
    let seed = || Seed { confirmation: [9; 32], reference: "reference".to_owned() };
    let typed = |right| life::confirmed(login.clone(), |_| right, now);
    let returned = |right| {
        let is_right = |login: &Login| has_address(login) && (right || rules == Rules::WithoutComparing);
        life::returned(login.clone(), is_right, now)
    };
    let chosen = |right: bool, is_old| {
        let is_right = |login: &Login| Choices::of(login).map(|_| right || rules == Rules::WithoutLooking);
        life::chosen(login.clone(), is_right, is_old, now)
    };
    match step {
        Step::Wait(confirm) => {
            life::waited(login, code(), &Asks { confirm: rules.asked(confirm), asker: None }, seed, now)
        }
        Step::WaitHere => {
            let asker = Some(Asker::at_address("https://shop.example/".to_owned(), crate::tests::START));
            life::waited(login, code(), &Asks { confirm: Confirm::None, asker }, seed, now)
        }
        Step::Claim(redeemer, confirm) => {
            life::claimed(login, REDEEMERS[redeemer], takes(rules.asked(confirm)))
        }
        Step::Message { sender, is_hidden } => {
            let message = Message {
                sender: Evidence {
                    phone: (!is_hidden).then(|| phone(SENDERS[sender])),
                    user_id: Some(format!("IN.{sender}")),
                    ..Evidence::default()
                },
                sent_at: now,
                language: None,
            };
            life::received(login, code(), app, &message, &seed(), at(now))
        }
        Step::Share => life::phone_shared(login, &phone(PHONE), now, app, &seed(), now),
        Step::TypeRight => typed(true),
        Step::TypeWrong => typed(false),
        Step::ReturnRight => returned(true),
        Step::ReturnWrong => returned(false),
        Step::ChooseRight { is_old } => chosen(true, is_old),
        Step::ChooseWrong if rules == Rules::WithoutDenying => Next::Keep(Unchanged::Unconcerned),
        Step::ChooseWrong => chosen(false, false),
        Step::Deny => life::denied(login, now),
        Step::Pass(_) => login.map_or(Next::Keep(Unchanged::Unconcerned), |login| life::swept(login, now)),
    }
}

/// Walks all worlds within so many steps, the nearest first; how many there are, or the shortest way to a fault.
fn explore(app: &App, depth: usize, rules: Rules) -> Result<usize, String> {
    let begin = World { login: None, now: crate::tests::START, proofs: Proofs::default(), steps: Vec::new() };
    let mut seen = HashSet::from([begin.key()]);
    let mut open = VecDeque::from([begin]);
    while let Some(world) = open.pop_front() {
        if world.steps.len() == depth {
            continue;
        }
        for step in world.possible() {
            let after = world.after(step, app, rules);
            if let Some(fault) = after.fault(app, rules) {
                return Err(format!("{fault}: {:?}", after.steps));
            }
            if seen.insert(after.key()) {
                open.push_back(after);
            }
        }
    }
    Ok(seen.len())
}

/// Whether the message with the digits has a link back.
fn has_address(login: &Login) -> bool {
    login.asker.as_ref().is_some_and(|asker| asker.return_to.is_some())
}

fn apps() -> impl Iterator<Item = App> {
    let policies = [PhoneHidden::Ask, PhoneHidden::Fail];
    Confirm::ALL
        .into_iter()
        .flat_map(move |confirm| policies.map(|phone_hidden| App { confirm, phone_hidden, ..demo_app() }))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap()
}

#[test]
fn no_order_of_steps_hands_out_a_login_with_less_than_was_asked_for() {
    let depth = std::env::var("EXPLORER_DEPTH").map_or(DEPTH, |depth| depth.parse().unwrap());
    for app in apps() {
        let (confirm, phone_hidden) = (app.confirm, app.phone_hidden);
        let states = explore(&app, depth, Rules::Real).unwrap();
        println!(
            "confirm = {confirm}, phone_hidden = {phone_hidden:?}: {states} states within {depth} steps"
        );
        assert!(depth < DEPTH || states >= STATES, "{confirm}: {states}");
    }
}

#[test]
fn worse_rules_are_found_out() {
    for rules in [Rules::WithoutAsking, Rules::WithoutLooking, Rules::WithoutDenying, Rules::WithoutComparing]
    {
        let fault = apps().find_map(|app| explore(&app, DEPTH, rules).err());
        assert!(fault.is_some(), "{rules:?}");
    }
}
