//! How every store keeps who may use the console, and which programs may administer.

use std::time::Duration;

use loggin_protocol::{AppKey, PhoneNumber, Subject};

use super::logins::NOW;
use crate::{
    clock::UnixMillis,
    limits,
    store::{AccessKey, Act, Admin, KeyId, Role, Store},
};

/// Runs the suite against what `$open` makes: see `store_suite`.
macro_rules! admin_suite {
    ($open:path) => {
        admin_suite!($open:
            admins_are_kept_and_change_their_roles,
            there_is_an_owner_as_soon_as_there_is_anybody,
            who_signed_in_first_is_the_only_one_who_does,
            a_number_is_of_one_administrator,
            keys_of_programs_are_kept_until_they_end,
            keys_of_programs_are_as_many_as_there_may_be,
        );
    };
    ($open:path: $($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            let Some((store, _kept)) = $open().await else { return };
            $crate::store::tests::admins::$test(&store).await;
        }
    )+};
}
pub(in crate::store) use admin_suite;

fn admin(name: &str, role: Role) -> Admin {
    Admin {
        name: name.to_owned(),
        role,
        phone: None,
        subject: None,
        apps: None,
        generation: 0,
        created_at: NOW,
        signed_in_at: None,
    }
}

pub(super) fn with_phone(name: &str, digits: &str) -> Admin {
    Admin { phone: Some(PhoneNumber::parse(digits).unwrap()), ..admin(name, Role::Owner) }
}

fn subject(number: u8) -> Subject {
    Subject::from_random([number; 20])
}

async fn done(store: &impl Store, act: Act) -> bool {
    store.administer(act, "root".to_owned(), NOW).await.unwrap()
}

async fn put(store: &impl Store, name: &str, role: Role) -> bool {
    done(store, Act::PutAdmin(admin(name, role))).await
}

async fn remove(store: &impl Store, name: &str) -> bool {
    done(store, Act::RemoveAdmin(name.to_owned())).await
}

pub(in crate::store) async fn admins_are_kept_and_change_their_roles(store: &impl Store) {
    assert_eq!(store.admins().await.unwrap(), []);
    assert!(put(store, "olga", Role::Owner).await);
    assert!(put(store, "ben", Role::Viewer).await);
    assert!(!put(store, "ben", Role::Viewer).await, "nothing would change");
    let roles = [admin("ben", Role::Viewer), admin("olga", Role::Owner)];
    assert_eq!(store.admins().await.unwrap(), roles);
    let of_apps = Admin {
        apps: Some(vec![AppKey::parse("8XKPQ2WN").unwrap(), AppKey::parse("00000000").unwrap()]),
        ..admin("ben", Role::Editor)
    };
    assert!(done(store, Act::PutAdmin(of_apps.clone())).await);
    assert_eq!(store.admins().await.unwrap()[0], of_apps);
    let of_none = Admin { apps: Some(Vec::new()), ..of_apps };
    assert!(done(store, Act::PutAdmin(of_none.clone())).await);
    assert_eq!(store.admins().await.unwrap()[0], of_none, "no app is not all apps");
    assert!(remove(store, "ben").await && !remove(store, "ben").await);
    let told: Vec<_> =
        store.audit(9).await.unwrap().into_iter().map(|row| (row.act, row.subject, row.fields)).collect();
    let row = |act: &str, name: &str, role: &str| (act.to_owned(), name.to_owned(), role.to_owned());
    let expected = [
        row("admin_add", "olga", "owner"),
        row("admin_add", "ben", "viewer"),
        row("admin_add", "ben", "editor"),
        row("admin_add", "ben", "editor"),
        row("admin_remove", "ben", ""),
    ];
    assert_eq!(told, expected);
}

pub(in crate::store) async fn there_is_an_owner_as_soon_as_there_is_anybody(store: &impl Store) {
    assert!(!put(store, "ben", Role::Editor).await);
    assert!(put(store, "olga", Role::Owner).await);
    assert!(!put(store, "olga", Role::Viewer).await);
    assert!(!remove(store, "olga").await);
    assert!(put(store, "ben", Role::Owner).await);
    assert!(put(store, "olga", Role::Viewer).await);
    assert!(remove(store, "olga").await && !remove(store, "ben").await);
    assert_eq!(store.admins().await.unwrap(), [admin("ben", Role::Owner)]);
}

pub(in crate::store) async fn who_signed_in_first_is_the_only_one_who_does(store: &impl Store) {
    let sign_in = |number| Act::SignInAdmin("olga".to_owned(), subject(number), NOW);
    assert!(!done(store, sign_in(1)).await, "nobody has this name");
    assert!(put(store, "olga", Role::Owner).await);
    assert!(!done(store, sign_in(1)).await, "nobody is let in without a number");
    let olga = with_phone("olga", "919876543210");
    assert!(done(store, Act::PutAdmin(olga.clone())).await);
    assert!(done(store, sign_in(1)).await && done(store, sign_in(1)).await);
    assert!(!done(store, sign_in(2)).await, "the number is another person's now");
    let signed_in = Admin {
        subject: Some(subject(1)),
        signed_in_at: Some(NOW),
        generation: 1,
        created_at: NOW,
        ..olga.clone()
    };
    assert_eq!(store.admins().await.unwrap(), std::slice::from_ref(&signed_in));
    assert!(done(store, Act::SignOutAdmin("olga".to_owned())).await);
    assert!(!done(store, Act::SignOutAdmin("ben".to_owned())).await);
    assert_eq!(store.admins().await.unwrap()[0].generation, 2);
    // Another number is another person, whose sessions are none of before.
    assert!(done(store, Act::PutAdmin(with_phone("olga", "919876543211"))).await);
    let other = &store.admins().await.unwrap()[0];
    assert_eq!((other.subject, other.generation), (None, 3));
    assert!(done(store, sign_in(2)).await);
}

pub(in crate::store) async fn a_number_is_of_one_administrator(store: &impl Store) {
    assert!(done(store, Act::PutAdmin(with_phone("olga", "919876543210"))).await);
    assert!(!done(store, Act::PutAdmin(with_phone("ben", "919876543210"))).await);
    assert!(done(store, Act::PutAdmin(with_phone("ben", "919876543211"))).await);
    assert!(!done(store, Act::PutAdmin(with_phone("ben", "919876543210"))).await);
    assert_eq!(store.admins().await.unwrap().len(), 2);
}

fn access_key(number: u8) -> AccessKey {
    let hash = [number; 32];
    AccessKey {
        id: KeyId::of_hash(&hash),
        hash,
        label: format!("program {number}"),
        scopes: vec!["apps:read".to_owned(), "logs:read".to_owned()],
        apps: Some(vec![AppKey::parse("8XKPQ2WN").unwrap()]),
        created_at: NOW,
        last_used_at: None,
        expires_at: Some(NOW + Duration::from_hours(1)),
    }
}

pub(in crate::store) async fn keys_of_programs_are_kept_until_they_end(store: &impl Store) {
    let first = access_key(1);
    let second = AccessKey { apps: None, expires_at: None, ..access_key(2) };
    for key in [&first, &second] {
        assert!(done(store, Act::CreateAccessKey(key.clone())).await);
    }
    assert!(!done(store, Act::CreateAccessKey(first.clone())).await, "its id is taken");
    assert_eq!(store.access_keys().await.unwrap(), [first.clone(), second.clone()]);
    let later = NOW + Duration::from_mins(90);
    let note = |at: UnixMillis| store.note_access(&second.id, at, at - limits::KEY_USE_PAUSE);
    note(NOW).await.unwrap();
    note(NOW + Duration::from_mins(10)).await.unwrap();
    assert_eq!(store.access_keys().await.unwrap()[1].last_used_at, Some(NOW));
    note(later).await.unwrap();
    assert_eq!(store.access_keys().await.unwrap()[1].last_used_at, Some(later));
    let revoke = |key: &AccessKey, at| Act::RevokeAccessKey(key.id.clone(), key.label.clone(), at);
    assert!(!done(store, revoke(&first, later)).await, "it has ended");
    assert!(done(store, revoke(&second, later)).await && !done(store, revoke(&second, later)).await);
    assert!(!store.access_keys().await.unwrap()[1].is_good(later));
    assert_eq!(store.trim_audit(NOW, 9).await.unwrap(), 0);
    store.trim_audit(later, 9).await.unwrap();
    let kept: Vec<_> = store.access_keys().await.unwrap().into_iter().map(|key| key.id).collect();
    assert_eq!(kept, [second.id]);
}

pub(in crate::store) async fn keys_of_programs_are_as_many_as_there_may_be(store: &impl Store) {
    for number in 0..limits::ACCESS_KEYS {
        let key = access_key(u8::try_from(number).unwrap());
        assert!(done(store, Act::CreateAccessKey(key)).await);
    }
    assert!(!done(store, Act::CreateAccessKey(access_key(200))).await);
    let ended = access_key(0);
    assert!(done(store, Act::RevokeAccessKey(ended.id, ended.label, NOW)).await);
    assert!(done(store, Act::CreateAccessKey(access_key(200))).await);
}
