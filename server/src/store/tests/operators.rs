//! How every store keeps who operates.

use super::logins::NOW;
use crate::store::{Act, Operator, Role, Store};

/// Runs the suite against what `$open` makes: see `store_suite`.
macro_rules! operator_suite {
    ($open:path) => {
        operator_suite!($open:
            operators_are_kept_and_change_their_roles,
            there_is_an_owner_as_soon_as_there_is_anybody,
        );
    };
    ($open:path: $($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            let Some((store, _kept)) = $open().await else { return };
            $crate::store::tests::operators::$test(&store).await;
        }
    )+};
}
pub(in crate::store) use operator_suite;

fn operator(name: &str, role: Role) -> Operator {
    Operator { name: name.to_owned(), role, created_at: NOW }
}

async fn put(store: &impl Store, name: &str, role: Role) -> bool {
    store.administer(Act::PutOperator(operator(name, role)), "root".to_owned(), NOW).await.unwrap()
}

async fn remove(store: &impl Store, name: &str) -> bool {
    store.administer(Act::RemoveOperator(name.to_owned()), "root".to_owned(), NOW).await.unwrap()
}

pub(in crate::store) async fn operators_are_kept_and_change_their_roles(store: &impl Store) {
    assert_eq!(store.operators().await.unwrap(), []);
    assert!(put(store, "olga", Role::Owner).await);
    assert!(put(store, "ben", Role::Viewer).await);
    assert!(!put(store, "ben", Role::Viewer).await, "nothing would change");
    let roles = [operator("ben", Role::Viewer), operator("olga", Role::Owner)];
    assert_eq!(store.operators().await.unwrap(), roles);
    assert!(put(store, "ben", Role::Operator).await);
    assert_eq!(store.operators().await.unwrap()[0], operator("ben", Role::Operator));
    assert!(remove(store, "ben").await && !remove(store, "ben").await);
    let told: Vec<_> =
        store.audit(9).await.unwrap().into_iter().map(|row| (row.act, row.subject, row.fields)).collect();
    let row = |act: &str, name: &str, role: &str| (act.to_owned(), name.to_owned(), role.to_owned());
    let expected = [
        row("operator_add", "olga", "owner"),
        row("operator_add", "ben", "viewer"),
        row("operator_add", "ben", "operator"),
        row("operator_remove", "ben", ""),
    ];
    assert_eq!(told, expected);
}

pub(in crate::store) async fn there_is_an_owner_as_soon_as_there_is_anybody(store: &impl Store) {
    assert!(!put(store, "ben", Role::Operator).await);
    assert!(put(store, "olga", Role::Owner).await);
    assert!(!put(store, "olga", Role::Viewer).await);
    assert!(!remove(store, "olga").await);
    assert!(put(store, "ben", Role::Owner).await);
    assert!(put(store, "olga", Role::Viewer).await);
    assert!(remove(store, "olga").await && !remove(store, "ben").await);
    assert_eq!(store.operators().await.unwrap(), [operator("ben", Role::Owner)]);
}
