//! Whose names are whose: by example, and against an oracle that knows who everybody is.

mod histories;

use loggin_protocol::{AppKey, PhoneNumber, Subject};
use serde_json::{Value, json};

use super::{Evidence, Gathered, Notice, Rules, known_phone};
use crate::{
    phones::RecipientKeys,
    store::{PeopleChange, Person, Recognised},
    tests::{APP, START},
};

/// The people of one app, as a store would keep them.
struct Kept {
    people: Gathered,
    recipients: RecipientKeys,
    /// What the app was told of people.
    told: Vec<Value>,
    fresh: u32,
}

fn app_key() -> AppKey {
    AppKey::parse(APP).unwrap()
}

fn phone(number: u32) -> PhoneNumber {
    PhoneNumber::parse(&format!("9198{number:08}")).unwrap()
}

/// Names of a message: the number and the user id, each where there is one.
fn names(number: Option<u32>, user: Option<&str>) -> Evidence {
    let user_id = user.map(|user| format!("IN.{user}"));
    Evidence { phone: number.map(phone), user_id, ..Evidence::default() }
}

impl Kept {
    fn new() -> Self {
        let recipients = RecipientKeys::derive([b"secret".as_slice()]);
        Self { people: Gathered::default(), recipients, told: Vec::new(), fresh: 0 }
    }

    fn rules(&self) -> Rules<'_> {
        Rules { recipients: &self.recipients, now: START }
    }

    /// Somebody sends a message with these names.
    fn message(&mut self, names: &Evidence) -> Recognised {
        self.fresh += 1;
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&self.fresh.to_le_bytes());
        let fresh = Subject::from_random(bytes);
        let rules = self.rules();
        let found = self.people.find(&rules.query(Some(app_key()), names));
        let (recognised, change) = rules.recognise(app_key(), names, &found, fresh);
        self.apply(&change);
        recognised
    }

    /// The same, and the app redeems the login.
    fn sign_in(&mut self, names: &Evidence) -> Recognised {
        let recognised = self.message(names);
        if let Some(mut person) = self.person(recognised.subject) {
            person.told = person.told.max(recognised.changes);
            self.apply(&PeopleChange { put: vec![person], ..PeopleChange::default() });
        }
        recognised
    }

    fn notice(&mut self, previous: Evidence, current: Evidence) {
        let rules = self.rules();
        let mut found: Vec<&Person> = Vec::new();
        for names in [&previous, &current] {
            for person in self.people.find(&rules.query(Some(app_key()), names)) {
                if !found.iter().any(|known| known.subject == person.subject) {
                    found.push(person);
                }
            }
        }
        let change = rules.noticed(&Notice { previous, current }, &found);
        if let Some(change) = change {
            self.apply(&change);
        }
    }

    fn apply(&mut self, change: &PeopleChange) {
        self.people.take(change);
        for event in &change.events {
            self.told.push(serde_json::from_str::<Value>(&event.payload).unwrap()["data"].clone());
        }
    }

    fn person(&self, subject: Subject) -> Option<Person> {
        self.people.of_subject(app_key(), subject).cloned()
    }

    /// The changes that the app was told of since the last look, each with whom it concerns.
    fn news(&mut self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        self.told.drain(..).map(|data| (text(&data["change"]), text(&data["subject"]))).collect()
    }
}

fn news(change: &str, of: Recognised) -> (String, String) {
    (change.to_owned(), of.subject.expose())
}

#[test]
fn a_person_is_one_subject_by_whichever_name_comes() {
    let mut kept = Kept::new();
    let first = kept.sign_in(&names(Some(1), None));
    assert_eq!(first.changes, 0);
    for seen in [names(Some(1), Some("a")), names(None, Some("a")), names(Some(1), None)] {
        assert_eq!(kept.sign_in(&seen), first, "{seen:?}");
    }
    assert_ne!(kept.sign_in(&names(Some(2), Some("b"))).subject, first.subject);
    assert_eq!(kept.news(), []);
}

#[test]
fn a_number_with_another_user_id_has_another_owner() {
    let mut kept = Kept::new();
    let former = kept.sign_in(&names(Some(1), Some("a")));
    let owner = kept.message(&names(Some(1), Some("b")));
    assert_ne!(owner.subject, former.subject);
    assert_eq!(owner.changes, 1, "an app that keeps its users by number is warned");
    assert_eq!(kept.news(), [news("recycled", former)]);
    // Once that login is redeemed, all is said.
    assert_eq!(kept.sign_in(&names(Some(1), Some("b"))), owner);
    let later = kept.sign_in(&names(Some(1), Some("b")));
    assert_eq!(later, Recognised { changes: 0, ..owner });
    // The former owner comes back by their user id, with another number.
    let back = kept.sign_in(&names(Some(2), Some("a")));
    assert_eq!((back.subject, back.changes), (former.subject, 1));
    assert_eq!(kept.sign_in(&names(Some(2), Some("a"))).changes, 0);
}

#[test]
fn a_new_number_is_told_by_an_event_and_by_the_next_login() {
    let mut kept = Kept::new();
    let before = kept.sign_in(&names(Some(1), Some("a")));
    kept.notice(names(Some(1), Some("a")), names(Some(2), Some("b")));
    assert_eq!(
        kept.told,
        [json!({
            "app_key": APP, "subject": before.subject.expose(), "change": "number",
            "phone": phone(2).expose(), "previous_phone": phone(1).expose(),
            "user_id": "IN.b", "previous_user_id": "IN.a", "occurred_at": "2026-09-26T10:00:00.000Z",
        })]
    );
    let after = kept.sign_in(&names(Some(2), Some("b")));
    assert_eq!((after.subject, after.changes), (before.subject, 1));
    assert_eq!(kept.sign_in(&names(Some(2), Some("b"))).changes, 0);
    // Whoever gets the number that was left is somebody else, of whom an app that keeps numbers is warned.
    let stranger = kept.sign_in(&names(Some(1), Some("c")));
    assert_ne!(stranger.subject, before.subject);
    assert_eq!(stranger.changes, 1);
}

#[test]
fn a_user_id_that_changes_alone_takes_the_number_back_until_it_is_shown_again() {
    let mut kept = Kept::new();
    let person = kept.sign_in(&names(Some(1), Some("a")));
    let hidden = |kept: &Kept, user: &str| {
        let seen = names(None, Some(user));
        known_phone(&kept.people.find(&kept.rules().query(Some(app_key()), &seen)), &seen)
    };
    assert_eq!(hidden(&kept, "a"), Some(phone(1)));
    kept.notice(names(None, Some("a")), names(None, Some("b")));
    kept.news();
    assert_eq!(hidden(&kept, "b"), None);
    let after = kept.sign_in(&names(None, Some("b")));
    assert_eq!((after.subject, after.changes), (person.subject, 1));
    kept.sign_in(&names(Some(1), Some("b")));
    assert_eq!(hidden(&kept, "b"), Some(phone(1)));
}

#[test]
fn the_id_that_portfolios_share_and_the_key_of_an_account_are_names_too() {
    let mut kept = Kept::new();
    let with = |user: &str, key: u8| Evidence {
        parent_user_id: Some("IN.ENT.1".to_owned()),
        identity_key: Some([key; 32]),
        ..names(Some(1), Some(user))
    };
    let first = kept.sign_in(&with("a", 1));
    assert_eq!(kept.sign_in(&with("a", 1)).changes, 0);
    let moved = kept.sign_in(&with("b", 1));
    assert_eq!((moved.subject, moved.changes), (first.subject, 1));
    assert_eq!(kept.news(), [news("user_id", first)]);
    assert_eq!(kept.sign_in(&with("b", 2)).changes, 2);
    assert_eq!(kept.news(), [news("identity", first)]);
    // A notice says so also where the key was not known.
    let other = kept.sign_in(&names(Some(2), Some("c")));
    let key = Evidence { identity_key: Some([9; 32]), ..names(Some(2), Some("c")) };
    kept.notice(names(Some(2), Some("c")), key.clone());
    assert_eq!(kept.news(), [news("identity", other)]);
    kept.notice(names(Some(2), Some("c")), key);
    assert_eq!(kept.news(), []);
}

#[test]
fn two_people_who_turn_out_to_be_one_are_not_joined() {
    let mut kept = Kept::new();
    let by_number = kept.sign_in(&names(Some(1), None));
    let by_user = kept.sign_in(&names(None, Some("a")));
    assert_ne!(by_number.subject, by_user.subject);
    let both = kept.sign_in(&names(Some(1), Some("a")));
    assert_eq!(both.subject, by_user.subject);
    assert_eq!(kept.news(), [news("recycled", by_number)], "the app can join its users itself");
    assert_eq!(kept.person(by_number.subject), None);
    // A notice that comes after the first message from the new number.
    let old = kept.sign_in(&names(Some(5), Some("e")));
    let new = kept.sign_in(&names(Some(6), Some("f")));
    kept.notice(names(Some(5), Some("e")), names(Some(6), Some("f")));
    assert_eq!(kept.news(), [news("number", old)]);
    assert_eq!((kept.person(old.subject), kept.sign_in(&names(Some(6), Some("f")))), (None, new));
}

#[test]
fn a_notice_that_names_no_user_id_is_about_nobody_who_has_one_by_now() {
    let mut kept = Kept::new();
    // Without a user id on either side the number is all that there is.
    let person = kept.sign_in(&names(Some(1), None));
    kept.notice(names(Some(1), None), names(Some(2), None));
    assert_eq!(kept.news(), [news("number", person)]);
    assert_eq!(kept.sign_in(&names(Some(2), None)).subject, person.subject);
    // The number's present owner is not carried to where a former one went: they lose it until they show it again.
    let owner = kept.sign_in(&names(Some(3), Some("c")));
    kept.notice(names(Some(3), None), names(Some(4), Some("z")));
    assert_eq!(kept.news(), [news("number", owner)]);
    assert_ne!(kept.sign_in(&names(Some(4), Some("z"))).subject, owner.subject);
    let again = kept.sign_in(&names(Some(3), Some("c")));
    assert_eq!((again.subject, again.changes), (owner.subject, 1));
    // Nor is somebody meant whose user id is another than the notice names.
    kept.news();
    kept.notice(names(Some(3), Some("y")), names(Some(8), Some("x")));
    assert_eq!(kept.news(), []);
}

#[test]
fn a_message_that_was_delivered_tells_the_number_of_who_had_none() {
    let mut kept = Kept::new();
    let hidden = kept.sign_in(&names(None, Some("a")));
    let other = kept.sign_in(&names(Some(2), Some("b")));
    let deliver = |kept: &mut Kept, seen: &Evidence| {
        let rules = kept.rules();
        let found = kept.people.find(&rules.query(Some(app_key()), seen));
        let change = rules.delivered(seen, &found);
        if let Some(change) = &change {
            kept.apply(change);
        }
        change.is_some()
    };
    assert!(!deliver(&mut kept, &names(Some(2), Some("a"))), "another has it");
    assert!(!deliver(&mut kept, &names(Some(3), Some("b"))), "they have one");
    assert!(!deliver(&mut kept, &names(Some(3), Some("z"))), "nobody is known so");
    assert!(deliver(&mut kept, &names(Some(1), Some("a"))));
    assert_eq!(kept.person(hidden.subject).unwrap().phone, Some(phone(1)));
    assert_eq!(kept.person(other.subject).unwrap().phone, Some(phone(2)));
    assert_eq!(kept.news(), []);
}
