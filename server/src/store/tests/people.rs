//! How every store tells of a person, and forgets them.

use std::{collections::BTreeSet, time::Duration};

use loggin_protocol::{AppKey, PhoneNumber};
use uuid::Uuid;

use super::{
    admins,
    history::entry,
    identity::person,
    issuer_sessions,
    logins::{NOW, app, insert, login},
    openid,
    otp::{phone, session},
    webhooks::{endpoint, event},
};
use crate::{
    store::{
        Act, AppEvent, Change, ClearName, EventKind, Login, MessageKind, OtpCall, OtpDelivery, OtpPhone,
        OtpSession, OtpWrite, Owed, PeopleChange, Person, PersonNames, State, Store, TestNumber, Trail,
        people::WITH_PEOPLE,
    },
    whatsapp::DeliveryStatus,
};

/// Runs the suite against what `$open` makes: see `store_suite`.
macro_rules! people_suite {
    ($open:path) => {
        people_suite!($open:
            a_person_is_told_of_in_every_table_and_forgotten_in_each,
            who_stands_in_clear_is_found,
            numbers_that_count_as_one_account_are_forgotten_together,
            numbers_are_found_by_their_end_and_the_look_is_noted,
        );
    };
    ($open:path: $($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            let Some((store, _kept)) = $open().await else { return };
            $crate::store::tests::people::$test(&store).await;
        }
    )+};
}
pub(in crate::store) use people_suite;

const SECOND: Duration = Duration::from_secs(1);

/// A person of these tests, by their number in them.
#[derive(Clone, Copy)]
pub(in crate::store) struct Somebody(pub(in crate::store) u8);

impl Somebody {
    pub(in crate::store) fn phone(self) -> PhoneNumber {
        PhoneNumber::parse(&format!("91987654321{}", self.0)).unwrap()
    }

    pub(in crate::store) fn user_id(self) -> String {
        format!("IN.471{}", self.0)
    }

    fn person(self) -> Person {
        Person { phone: Some(self.phone()), user_id: Some(self.user_id()), ..person(self.0) }
    }

    fn session_id(self) -> Uuid {
        Uuid::from_u128(self.0.into())
    }

    fn subject(self) -> [u8; 32] {
        [self.0 + 100; 32]
    }

    fn account(self) -> [u8; 32] {
        [self.0 + 200; 32]
    }

    pub(in crate::store) fn names(self) -> PersonNames {
        PersonNames {
            phones: vec![self.phone().expose().to_owned()],
            user_ids: vec![self.user_id()],
            recipients: vec![[self.0; 32]],
            subjects: vec![self.subject()],
            calls: vec![[self.0; 32]],
        }
    }

    fn writes(self) -> Vec<OtpWrite> {
        let call = OtpCall { hash: [self.0; 32], body_mac: [self.0; 32] };
        let row = OtpPhone { subject: self.account(), version: 1, ..phone(1) };
        let session = OtpSession {
            session_id: self.session_id(),
            subject: self.subject(),
            phone: Some(self.phone()),
            ..session(1)
        };
        let (recipient, until) = ([self.0; 32], NOW + SECOND * 60);
        vec![
            OtpWrite::Join { from: self.subject(), version: 0, into: self.account() },
            OtpWrite::Phone(row),
            OtpWrite::Session(session),
            OtpWrite::Turn { recipient, now: NOW, pause: SECOND, until },
            OtpWrite::Response { call, session_id: None, response: vec![1], now: NOW },
        ]
    }

    /// Has a code sent to this person, of whom WhatsApp then tells.
    async fn get_code(self, store: &impl Store) {
        assert!(store.write(self.writes()).await.unwrap().is_ok());
        let delivery = OtpDelivery {
            session_id: self.session_id(),
            delivery: DeliveryStatus::Sent,
            wa_id: Some(self.phone()),
            user_id: Some(self.user_id()),
            event: None,
        };
        store.deliveries(vec![delivery]).await.unwrap();
    }

    /// Puts this person into every table that can hold one.
    pub(in crate::store) async fn enter(self, store: &impl Store) {
        let login = Login {
            phone: Some(self.phone()),
            user_id: Some(self.user_id()),
            ..login(self.0, State::Verified)
        };
        let known = PeopleChange { put: vec![self.person()], ..PeopleChange::default() };
        store.change_people(known, None).await.unwrap();
        let (kind, recipient) = (MessageKind::SignedIn, [self.0; 32]);
        let owed = Owed { kind, recipient, now: NOW, most_per_day: None };
        let end = Some(Box::new(entry(self.0)));
        store.apply(vec![Change { owed: Some(owed), end, ..insert(login) }]).await.unwrap();
        self.get_code(store).await;
        let test = TestNumber { code: "918273".to_owned(), cooldown: true };
        store.put_test_number(&self.phone(), &test).await.unwrap();
        let admin = admins::with_phone(&format!("admin{}", self.0), self.phone().expose());
        assert!(store.administer(Act::PutAdmin(admin), "alice".to_owned(), NOW).await.unwrap());
        // The app is there already, or there is another person.
        let _ = store.insert_app(&app("8XKPQ2WN")).await.unwrap();
        let _ = store.put_webhook_endpoint(&endpoint("a", &[])).await.unwrap();
        let told = AppEvent {
            phone: Some(self.phone().expose().to_owned()),
            user_id: Some(self.user_id()),
            ..event(&self.0.to_string(), EventKind::LoginVerified)
        };
        store.queue_events(vec![told]).await.unwrap();
        self.use_openid(store).await;
    }

    /// Signs this person in through OpenID, in a browser and on a device.
    async fn use_openid(self, store: &impl Store) {
        let subject = self.person().subject;
        // It is there already, or there is another person.
        let act = Act::CreateClient(Box::new(openid::client(1)));
        let _ = store.administer(act, "alice".to_owned(), NOW).await.unwrap();
        openid::put_grant(store, &openid::grant(self.0, subject)).await;
        let (client, scope) = (openid::client(1), "openid".to_owned());
        store.put_openid_consent(&client, subject, scope, NOW).await.unwrap();
        assert!(store.put_openid_device(openid::device(self.0)).await.unwrap());
        let approval = Some(openid::approval(subject));
        assert!(store.answer_openid_device([self.0; 32], approval, NOW).await.unwrap());
        store.put_issuer_session(issuer_sessions::session(self.0)).await.unwrap();
    }

    /// The tables that tell of this person.
    async fn tables(self, store: &impl Store) -> BTreeSet<&'static str> {
        let rows = store.export_person(self.names(), trail()).await.unwrap();
        rows.into_iter().map(|row| row.table).collect()
    }
}

pub(in crate::store) fn trail() -> Trail {
    Trail { actor: "alice".to_owned(), at: NOW, person: "c0ffee".to_owned() }
}

pub(in crate::store) async fn a_person_is_told_of_in_every_table_and_forgotten_in_each(store: &impl Store) {
    assert!(store.insert_app(&app("8XKPQ2WN")).await.unwrap());
    assert!(!store.has_names_of_codes().await.unwrap());
    let (one, other) = (Somebody(1), Somebody(2));
    for somebody in [one, other] {
        somebody.enter(store).await;
    }
    assert!(store.has_names_of_codes().await.unwrap());
    let all = BTreeSet::from(WITH_PEOPLE);
    assert_eq!(one.tables(store).await, all);
    let rows = store.export_person(one.names(), trail()).await.unwrap();
    let told: Vec<_> = rows.iter().flat_map(|row| row.columns.values()).collect();
    for value in [one.phone().expose().to_owned(), one.user_id()] {
        assert!(told.contains(&&value.into()));
    }
    let others = [other.phone().expose().to_owned(), other.user_id(), "918273".to_owned()];
    assert!(others.into_iter().all(|value| !told.contains(&&value.into())));

    let counts = store.forget_person(one.names(), trail()).await.unwrap();
    assert_eq!(counts.keys().copied().collect::<BTreeSet<_>>(), all);
    assert!(one.tables(store).await.is_empty());
    assert_eq!(other.tables(store).await, all);
    assert!(store.forget_person(one.names(), trail()).await.unwrap().is_empty());
    let mut audit = store.audit(20).await.unwrap();
    audit.retain(|row| row.act.starts_with("person"));
    assert!(audit.iter().all(|row| row.subject == "c0ffee" && row.actor == "alice" && row.at == NOW));
    let forgotten: Vec<_> = audit.iter().filter(|row| row.act == "person_forget").collect();
    let told: BTreeSet<_> = forgotten[0].fields.split(' ').collect();
    assert_eq!((forgotten.len(), told), (2, all), "a trail stays, also where there was nothing");
}

pub(in crate::store) async fn who_stands_in_clear_is_found(store: &impl Store) {
    assert_eq!(store.clear_names().await.unwrap(), []);
    let received = Login { user_id: Some("IN.1".to_owned()), ..login(1, State::MessageReceived) };
    store.apply(vec![insert(received), insert(login(2, State::Pending))]).await.unwrap();
    Somebody(3).get_code(store).await;
    let expected = [
        ClearName { phones: Vec::new(), user_id: Some("IN.1".to_owned()) },
        ClearName { phones: vec![Somebody(3).phone(); 2], user_id: Some(Somebody(3).user_id()) },
    ];
    assert_eq!(store.clear_names().await.unwrap(), expected);
    let sealed = store.sealed_responses().await.unwrap();
    assert_eq!((sealed.len(), sealed[0].call, &sealed[0].response), (1, [3; 32], &vec![1]));
}

pub(in crate::store) async fn numbers_that_count_as_one_account_are_forgotten_together(store: &impl Store) {
    assert!(store.write(Somebody(1).writes()).await.unwrap().is_ok());
    // A session whose person has left, of another number that WhatsApp named for the account.
    let other = [77; 32];
    let session = OtpSession { session_id: Uuid::from_u128(9), subject: other, phone: None, ..session(9) };
    let join = OtpWrite::Join { from: other, version: 0, into: Somebody(1).account() };
    assert!(store.write(vec![join, OtpWrite::Session(session)]).await.unwrap().is_ok());
    let names = PersonNames { subjects: vec![other], ..PersonNames::default() };
    store.forget_person(names, trail()).await.unwrap();
    assert_eq!(store.otp_session(Uuid::from_u128(9)).await.unwrap(), None);
    for subject in [other, Somebody(1).subject(), Somebody(1).account()] {
        assert_eq!(store.otp_phone(&subject).await.unwrap(), None);
    }
}

pub(in crate::store) async fn numbers_are_found_by_their_end_and_the_look_is_noted(store: &dyn Store) {
    let put = [Somebody(1).person(), Somebody(2).person(), Person { phone: None, ..Somebody(3).person() }];
    let app_key = put[0].app_key;
    store.change_people(PeopleChange { put: put.to_vec(), ..PeopleChange::default() }, None).await.unwrap();
    let found = async |app_key, end: &str, limit| {
        let found = store.numbers_ending(app_key, end.to_owned(), limit).await.unwrap();
        found.iter().map(|phone| phone.expose().to_owned()).collect::<BTreeSet<_>>()
    };
    let [first, second] = [Somebody(1), Somebody(2)].map(|somebody| somebody.phone().expose().to_owned());
    assert_eq!(found(app_key, "3211", 9).await, BTreeSet::from([first.clone()]));
    assert_eq!(found(app_key, "1", 9).await, BTreeSet::from([first.clone()]));
    assert_eq!(found(app_key, "0000", 9).await, BTreeSet::new());
    assert_eq!(found(AppKey::parse("00000000").unwrap(), "3211", 9).await, BTreeSet::new());
    assert_eq!(found(app_key, &second[8..], 1).await.len(), 1);
    let trail = Trail { actor: "alice".to_owned(), at: NOW, person: "the name of a row".to_owned() };
    store.note_reveal(trail).await.unwrap();
    let noted = store.audit(9).await.unwrap().pop().unwrap();
    assert_eq!(
        (noted.actor.as_str(), noted.act.as_str(), noted.subject.as_str(), noted.fields.as_str(), noted.at),
        ("alice", "number_reveal", "the name of a row", "", NOW)
    );
}
