//! How every store carries out what administrators do, and notes it.

use loggin_protocol::{PhoneNumber, SecretKey};

use super::logins::{NOW, app};
use crate::store::{Act, App, AppSecretKey, Store, TestNumber};

/// Runs the suite against what `$open` makes: see `store_suite`.
macro_rules! act_suite {
    ($open:path) => {
        act_suite!($open:
            what_is_done_is_noted_and_what_is_not_is_not,
            the_mark_of_development_is_made_once_and_stays,
        );
    };
    ($open:path: $($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            let Some((store, _kept)) = $open().await else { return };
            $crate::store::tests::acts::$test(&store).await;
        }
    )+};
}
pub(in crate::store) use act_suite;

async fn does(store: &impl Store, act: Act) -> bool {
    store.administer(act, "alice".to_owned(), NOW).await.unwrap()
}

async fn noted(store: &impl Store) -> Vec<(String, String, String)> {
    let rows = store.audit(9).await.unwrap();
    assert!(rows.iter().all(|row| row.actor == "alice" && row.at == NOW));
    rows.into_iter().map(|row| (row.act, row.subject, row.fields)).collect()
}

pub(in crate::store) async fn what_is_done_is_noted_and_what_is_not_is_not(store: &impl Store) {
    let app = app("00000000");
    let changed = App { name: "Another".to_owned(), ..app.clone() };
    let phone = PhoneNumber::parse("15550001111").unwrap();
    let test = TestNumber { code: "123456".to_owned(), cooldown: true };
    let key = |number| AppSecretKey::of(&SecretKey::from_secret(app.app_key, [number; 20]), "a", NOW);
    assert!(!does(store, Act::UpdateApp(changed.clone(), vec!["name"], None)).await);
    assert!(does(store, Act::CreateApp(app.clone(), key(1))).await);
    assert!(!does(store, Act::CreateApp(app.clone(), key(1))).await);
    let update = Act::UpdateApp(changed.clone(), vec!["name", "secret_key"], Some(key(2)));
    assert!(does(store, update).await);
    assert!(!does(store, Act::RemoveTestNumber(phone.clone())).await);
    assert!(does(store, Act::PutTestNumber(phone.clone(), test)).await);
    assert!(does(store, Act::RemoveTestNumber(phone)).await);
    let row = |act: &str, subject: &str, fields: &str| (act.into(), subject.into(), fields.into());
    let expected = [
        row("app_create", app.app_key.as_str(), ""),
        row("app_update", app.app_key.as_str(), "name secret_key"),
        row("test_number_add", "…1111", ""),
        row("test_number_remove", "…1111", ""),
    ];
    assert_eq!(noted(store).await, expected);
    assert_eq!(store.audit(1).await.unwrap()[0].act, "test_number_remove");
    assert_eq!(store.app(app.app_key).await.unwrap(), Some(changed));
    let good: Vec<_> = store.secret_keys(app.app_key).await.unwrap();
    let good: Vec<_> = good.into_iter().filter(|key| key.is_good(NOW)).collect();
    assert_eq!(good, [key(2)]);
    assert!(store.test_numbers().await.unwrap().is_empty());
}

pub(in crate::store) async fn the_mark_of_development_is_made_once_and_stays(store: &impl Store) {
    assert!(!store.is_development().await.unwrap());
    assert!(does(store, Act::MarkDevelopment).await);
    assert!(!does(store, Act::MarkDevelopment).await);
    assert!(store.is_development().await.unwrap());
    assert_eq!(noted(store).await, [("development_data".into(), String::new(), String::new())]);
}
