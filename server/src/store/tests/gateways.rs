//! How every store keeps gateways for codes of other servers.

use loggin_protocol::AppKey;

use super::logins::{NOW, app};
use crate::{
    clock::UnixMillis,
    limits,
    store::{Act, App, Gateway, GatewayKind, Store},
};

/// Runs the suite, as `store_suite` does.
macro_rules! gateway_suite {
    ($open:path) => {
        gateway_suite!($open:
            gateways_are_kept_as_they_are,
            an_app_has_so_many_gateways_and_no_more,
            another_secret_takes_the_place_of_one_that_is_good_for_a_while,
            another_seal_is_kept_where_the_first_is_what_was_read,
            with_its_app_a_gateway_goes,
        );
    };
    ($open:path: $($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            // A store whose database is not installed is passed over, which has been said.
            let Some((store, _kept)) = $open().await else { return };
            $crate::store::tests::gateways::$test(&store).await;
        }
    )+};
}
pub(in crate::store) use gateway_suite;

const APP: &str = "8XKPQ2WN";
const LATER: UnixMillis = UnixMillis(NOW.0 + 60_000);

fn app_key() -> AppKey {
    AppKey::parse(APP).unwrap()
}

fn gateway(id: &str) -> Gateway {
    Gateway {
        id: id.to_owned(),
        app_key: app_key(),
        kind: GatewayKind::Supabase,
        secret: Some(vec![1, 2, 3]),
        old_secret: None,
        created_at: NOW,
    }
}

async fn act(store: &impl Store, act: Act) -> bool {
    store.administer(act, "alice".to_owned(), NOW).await.unwrap()
}

pub(in crate::store) async fn gateways_are_kept_as_they_are(store: &impl Store) {
    let with_old = Gateway { old_secret: Some((vec![4], LATER)), created_at: LATER, ..gateway("gw_1") };
    let bare = Gateway { secret: None, kind: GatewayKind::Zitadel, ..gateway("gw_2") };
    assert!(!act(store, Act::CreateGateway(bare.clone())).await, "there is no such app");
    assert!(store.insert_app(&app(APP)).await.unwrap());
    for gateway in [&with_old, &bare] {
        assert!(act(store, Act::CreateGateway(gateway.clone())).await);
        assert!(!act(store, Act::CreateGateway(gateway.clone())).await, "its id is taken");
        assert_eq!(store.gateway(&gateway.id).await.unwrap().as_ref(), Some(gateway));
    }
    assert_eq!(store.gateways(None).await.unwrap(), [bare.clone(), with_old]);
    assert_eq!(store.gateways(Some(app_key())).await.unwrap().len(), 2);
    assert_eq!(store.gateways(Some(AppKey::parse("00000000").unwrap())).await.unwrap(), []);
    assert_eq!(store.gateway("gw_\0").await.unwrap(), None);
    assert!(act(store, Act::DeleteGateway(app_key(), bare.id.clone())).await);
    assert!(!act(store, Act::DeleteGateway(app_key(), bare.id.clone())).await);
    let told = store.audit_page(Some(vec![app_key()]), None, 9).await.unwrap();
    let told: Vec<_> = told.iter().map(|(_, row)| (row.act.as_str(), row.fields.as_str())).collect();
    assert_eq!(
        told,
        [("gateway_delete", "gw_2"), ("gateway_create", "gw_2 zitadel"), ("gateway_create", "gw_1 supabase")]
    );
    let others = store.audit_page(Some(vec![AppKey::parse("00000000").unwrap()]), None, 9).await.unwrap();
    assert_eq!(others, []);
}

pub(in crate::store) async fn an_app_has_so_many_gateways_and_no_more(store: &impl Store) {
    assert!(store.insert_app(&app(APP)).await.unwrap());
    let other = App { app_key: AppKey::parse("00000000").unwrap(), ..app(APP) };
    assert!(store.insert_app(&other).await.unwrap());
    for number in 0..limits::GATEWAYS_PER_APP {
        assert!(act(store, Act::CreateGateway(gateway(&format!("gw_{number}")))).await);
    }
    assert!(!act(store, Act::CreateGateway(gateway("gw_more"))).await);
    let of_other = Gateway { app_key: other.app_key, ..gateway("gw_other") };
    assert!(act(store, Act::CreateGateway(of_other)).await);
}

pub(in crate::store) async fn another_secret_takes_the_place_of_one_that_is_good_for_a_while(
    store: &impl Store,
) {
    assert!(store.insert_app(&app(APP)).await.unwrap());
    let made = Gateway { secret: None, ..gateway("gw_1") };
    let rotate = |secret: u8| Act::RotateGateway(app_key(), "gw_1".to_owned(), vec![secret], LATER);
    assert!(!act(store, rotate(1)).await, "there is no such gateway");
    assert!(act(store, Act::CreateGateway(made.clone())).await);
    assert!(act(store, rotate(7)).await);
    let first = Gateway { secret: Some(vec![7]), ..made };
    assert_eq!(store.gateway("gw_1").await.unwrap(), Some(first.clone()), "there was none before");
    assert!(act(store, rotate(8)).await);
    let second = Gateway { secret: Some(vec![8]), old_secret: Some((vec![7], LATER)), ..first };
    assert_eq!(store.gateway("gw_1").await.unwrap(), Some(second));
}

pub(in crate::store) async fn another_seal_is_kept_where_the_first_is_what_was_read(store: &impl Store) {
    assert!(store.insert_app(&app(APP)).await.unwrap());
    let was = Gateway { old_secret: Some((vec![4], LATER)), ..gateway("gw_1") };
    assert!(act(store, Act::CreateGateway(was.clone())).await);
    let now = Gateway { secret: Some(vec![9]), old_secret: Some((vec![8], LATER)), ..was.clone() };
    store.reseal_gateway(&was, &now).await.unwrap();
    assert_eq!(store.gateway("gw_1").await.unwrap(), Some(now.clone()));
    let late = Gateway { secret: Some(vec![5]), ..was.clone() };
    store.reseal_gateway(&was, &late).await.unwrap();
    assert_eq!(store.gateway("gw_1").await.unwrap(), Some(now));
}

pub(in crate::store) async fn with_its_app_a_gateway_goes(store: &impl Store) {
    assert!(store.insert_app(&app(APP)).await.unwrap());
    assert!(act(store, Act::CreateGateway(gateway("gw_1"))).await);
    assert!(act(store, Act::DeleteApp(app_key())).await);
    assert_eq!(store.gateways(None).await.unwrap(), []);
}
