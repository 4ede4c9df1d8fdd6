//! Whatever happens in whatever order, the laws of a login hold.

use proptest::prelude::*;

use super::*;
use crate::logins::life::{Next, Seed};

#[derive(Clone, Debug)]
enum Transition {
    Wait,
    Message { sender: u8, hidden: bool, age: u64 },
    Share { sender: u8, age: u64 },
    Claim { redeemer: u8, phone: PhoneNeed },
    Confirm { right: bool },
    Deny,
    Pass { seconds: u64 },
}

fn transition() -> impl Strategy<Value = Transition> {
    prop_oneof![
        2 => Just(Transition::Wait),
        3 => (0..3_u8, any::<bool>(), 0..400_u64)
            .prop_map(|(sender, hidden, age)| Transition::Message { sender, hidden, age }),
        1 => (0..3_u8, 0..400_u64).prop_map(|(sender, age)| Transition::Share { sender, age }),
        3 => (0..3_u8, prop::sample::select(PhoneNeed::ALL.to_vec()))
            .prop_map(|(redeemer, phone)| Transition::Claim { redeemer, phone }),
        1 => any::<bool>().prop_map(|right| Transition::Confirm { right }),
        1 => Just(Transition::Deny),
        3 => (0..400_u64).prop_map(|seconds| Transition::Pass { seconds }),
    ]
}

fn number(sender: u8) -> PhoneNumber {
    phone(&format!("9198765432{sender:02}"))
}

fn next(login: Option<Login>, transition: &Transition, app: &App, now: UnixMillis) -> Next {
    let seed = Seed { confirmation: [9; 32], reference: "reference".to_owned() };
    match *transition {
        Transition::Wait => life::waited(login, code(), &Asks::default(), || seed.clone(), now),
        Transition::Message { sender, hidden, age } => {
            let message = Message {
                sender: Evidence {
                    phone: (!hidden).then(|| number(sender)),
                    user_id: Some(format!("IN.{sender}")),
                    ..Evidence::default()
                },
                sent_at: now - Duration::from_secs(age),
                language: None,
            };
            life::received(login, code(), app, &message, &seed, at(now))
        }
        Transition::Share { sender, age } => {
            let own = format!("IN.{sender}");
            let login = login.filter(|login| login.user_id.as_deref() == Some(&own));
            life::phone_shared(login, &number(sender), now - Duration::from_secs(age), app, &seed, now)
        }
        Transition::Claim { redeemer, phone } => {
            life::claimed(login, [redeemer; 32], Takes { phone, ..Takes::default() })
        }
        Transition::Confirm { right } => life::confirmed(login, |_| right, now),
        Transition::Deny => life::denied(login, now),
        Transition::Pass { .. } => {
            login.map_or(Next::Keep(Unchanged::Unconcerned), |login| life::swept(login, now))
        }
    }
}

proptest! {
    #[test]
    fn the_laws_hold(
        transitions in prop::collection::vec(transition(), 1..40),
        confirm in prop::sample::select(Confirm::ALL.to_vec()),
        phone_hidden in prop::sample::select(vec![PhoneHidden::Ask, PhoneHidden::Fail, PhoneHidden::Allow]),
    ) {
        let app = App { confirm, phone_hidden, ..demo_app() };
        let mut now = crate::tests::START;
        let mut login: Option<Login> = None;
        // Of one life, which ends when nothing remembers it.
        let mut winner: Option<[u8; 32]> = None;
        let mut sender: Option<String> = None;
        for transition in transitions {
            if let Transition::Pass { seconds } = transition {
                now = now + Duration::from_secs(seconds);
            }
            login = login.and_then(|login| life::aged(login, now));
            if login.is_none() {
                (winner, sender) = (None, None);
            }
            let before = login.clone();
            if let Next::Replace(changed, owed) = next(login.clone(), &transition, &app, now) {
                // Nobody is written to before somebody waits, nor about a login that has ended.
                prop_assert!(owed.is_none() || (changed.waited_for && changed.state < State::Used));
                if let Some(before) = &before {
                    // Nothing ended comes back, and nothing goes back.
                    prop_assert!(before.state < State::Used || changed.state == State::Denied);
                    prop_assert!(changed.state >= before.state);
                }
                prop_assert!(changed.deadline > now);
                login = Some(recognised(changed));
            }
            let Some(login) = &login else { continue };
            if let Some(user_id) = &login.user_id {
                prop_assert_eq!(sender.get_or_insert_with(|| user_id.clone()), user_id);
            }
            if let Some(claimed_by) = login.claimed_by {
                prop_assert_eq!(*winner.get_or_insert(claimed_by), claimed_by);
            }
            prop_assert_eq!(login.state >= State::Used, life::is_tombstone(login));
            if life::is_tombstone(login) {
                prop_assert!(login.phone.is_none() && login.user_id.is_none());
                let is_taken_back = login.state == State::Denied && login.claimed_by.is_some();
                let most = if is_taken_back { life::TAKEN_BACK } else { life::TOMBSTONE };
                prop_assert!(login.deadline <= now + most);
            }
            // A session tells the sender's number, unless its redeemer needs none, and is told one redeemer at most.
            for phone in PhoneNeed::ALL {
              let takes = Takes { phone, ..Takes::default() };
              let redeemers = (0..3_u8).map(|redeemer| Viewer::Redeemer([redeemer; 32]));
              let told = redeemers.filter_map(|viewer| match view(login, viewer, takes) {
                View::Verified(session) => Some(session),
                _ => None,
              });
              let told: Vec<_> = told.collect();
              prop_assert!(told.len() <= 1);
              for session in told {
                prop_assert!(session.phone.is_some() || phone == PhoneNeed::Optional);
                prop_assert!(login.deadline <= UnixMillis::from(session.verified_at.0) + life::REDEEMABLE);
              }
            }
        }
    }
}
