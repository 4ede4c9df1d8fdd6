//! How every store keeps what the OpenID issuer needs.

use std::time::Duration;

use loggin_protocol::{AppKey, Confirm, Subject};

use super::{
    identity::person,
    logins::{NOW, app},
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{
        Act, DeviceApproval, DeviceState, GrantData, OpenIdClient, OpenIdDevice, OpenIdGrant, OpenIdKey,
        OpenIdRequest, OpenIdSettings, PeopleChange, Redeeming, Redemption, SigningAlgorithm, Store,
    },
};

/// Runs the suite against what `$open` makes: see `store_suite`.
macro_rules! openid_suite {
    ($open:path) => {
        openid_suite!($open:
            clients_are_kept_as_they_are_and_go_with_their_app,
            a_secret_is_replaced_and_a_client_without_one_gets_none,
            clients_of_one_sector_have_one_salt,
            an_app_has_as_many_clients_as_it_may,
            a_request_is_taken_once,
            a_code_is_redeemed_once_and_a_second_time_ends_its_grant,
            of_many_who_show_one_code_at_once_one_is_the_first,
            a_refresh_token_is_used_once_and_an_older_one_ends_its_grant,
            a_session_ends_with_what_was_granted_in_it,
            a_key_of_a_generation_is_made_once,
            a_device_is_answered_and_granted_once,
            what_is_over_is_forgotten,
            a_person_is_found_behind_a_grant,
        );
    };
    ($open:path: $($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            let Some((store, _kept)) = $open().await else { return };
            $crate::store::tests::openid::$test(&store).await;
        }
    )+};
}
pub(in crate::store) use openid_suite;

const SECOND: Duration = Duration::from_secs(1);
const APP: &str = "8XKPQ2WN";

/// How often many show one code at once: a few times, or as often as `RACE_ROUNDS` says.
fn rounds() -> u32 {
    std::env::var("RACE_ROUNDS").map_or(3, |rounds| rounds.parse().unwrap())
}

pub(in crate::store) fn client(number: u8) -> OpenIdClient {
    OpenIdClient {
        id: format!("{APP}-0000000{number}"),
        app_key: AppKey::parse(APP).unwrap(),
        secret: Some([number; 32]),
        old_secret: None,
        settings: OpenIdSettings {
            name: Some("Wiki".to_owned()),
            redirect_uris: vec!["https://client.example/cb".to_owned()],
            sector: format!("client{number}.example"),
            pkce: true,
            algorithm: SigningAlgorithm::Es256,
            ..OpenIdSettings::default()
        },
        salt: [number; 32],
        created_at: NOW + SECOND * number.into(),
    }
}

pub(in crate::store) fn grant(number: u8, subject: Subject) -> OpenIdGrant {
    OpenIdGrant {
        id: format!("grant{number}"),
        client_id: client(1).id,
        app_key: client(1).app_key,
        subject,
        session_id: Some("session".to_owned()),
        code: [number; 32],
        code_until: NOW + SECOND * 60,
        code_used_at: None,
        refresh: None,
        data: data(),
        created_at: NOW,
        expires_at: NOW + SECOND * 60,
        revoked_at: None,
    }
}

fn data() -> GrantData {
    GrantData {
        scope: "openid phone".to_owned(),
        redirect_uri: Some("https://client.example/cb".to_owned()),
        code_challenge: Some("challenge".to_owned()),
        nonce: Some("n".to_owned()),
        confirmation: Confirm::Match,
        assurance: "normal".to_owned(),
        methods: vec!["whatsapp".to_owned()],
        auth_time: NOW.0,
    }
}

pub(in crate::store) fn device(number: u8) -> OpenIdDevice {
    OpenIdDevice {
        hash: [number; 32],
        user_code: [number + 100; 32],
        client_id: client(1).id,
        scope: "openid".to_owned(),
        state: DeviceState::Waiting,
        approval: None,
        polled_at: None,
        pause: SECOND * 5,
        expires_at: NOW + SECOND * 600,
    }
}

pub(in crate::store) fn approval(subject: Subject) -> DeviceApproval {
    DeviceApproval { subject, session_id: None, data: data() }
}

pub(in crate::store) fn request(number: u8) -> OpenIdRequest {
    OpenIdRequest {
        hash: [number; 32],
        client_id: client(1).id,
        data: vec![number; 9],
        expires_at: NOW + SECOND * 600,
    }
}

fn subject(number: u8) -> Subject {
    Subject::from_random([number; 20])
}

async fn done(store: &impl Store, act: Act) -> bool {
    store.administer(act, "root".to_owned(), NOW).await.unwrap()
}

async fn create(store: &impl Store, client: &OpenIdClient) -> bool {
    done(store, Act::CreateClient(Box::new(client.clone()))).await
}

/// A store with an app and a client of it.
async fn begin(store: &impl Store) {
    assert!(store.insert_app(&app(APP)).await.unwrap());
    assert!(create(store, &client(1)).await);
}

/// Adds a grant by way of a request.
pub(in crate::store) async fn put_grant(store: &impl Store, grant: &OpenIdGrant) {
    let waiting = OpenIdRequest { hash: [200; 32], ..request(1) };
    store.put_openid_request(waiting).await.unwrap();
    assert!(store.grant_openid_request([200; 32], grant.clone()).await.unwrap());
}

fn redeeming(shown: u8, refresh: Option<u8>, now: UnixMillis) -> Redeeming {
    let refresh = refresh.map(|number| ([number; 32], NOW + SECOND * 1_000));
    Redeeming { shown: [shown; 32], refresh, now, expires_at: NOW + SECOND * 1_000 }
}

pub(in crate::store) async fn clients_are_kept_as_they_are_and_go_with_their_app(store: &impl Store) {
    assert!(!create(store, &client(1)).await, "there is no such app");
    begin(store).await;
    assert!(!create(store, &client(1)).await, "there is one of its id");
    let public = OpenIdClient { secret: None, ..client(2) };
    assert!(create(store, &public).await);
    assert_eq!(store.openid_client(&client(1).id).await.unwrap(), Some(client(1)));
    let all = [client(1), public];
    assert_eq!(store.openid_clients(None).await.unwrap(), all);
    assert_eq!(store.openid_clients(Some(client(1).app_key)).await.unwrap(), all);
    assert_eq!(store.openid_clients(Some(AppKey::parse("00000000").unwrap())).await.unwrap(), []);

    put_grant(store, &grant(1, subject(1))).await;
    store.put_openid_request(request(2)).await.unwrap();
    store.put_openid_consent(&client(1), subject(1), "openid".to_owned(), NOW).await.unwrap();
    assert!(store.put_openid_device(device(3)).await.unwrap());
    assert!(done(store, Act::DeleteApp(client(1).app_key)).await);
    assert_eq!(store.openid_clients(None).await.unwrap(), []);
    assert_eq!(store.openid_grant("grant1").await.unwrap(), None);
    assert_eq!(store.openid_request([2; 32]).await.unwrap(), None);
    assert_eq!(store.openid_consent(&client(1).id, subject(1)).await.unwrap(), None);
    assert_eq!(store.openid_device([3; 32]).await.unwrap(), None);
    let audit = store.audit(9).await.unwrap();
    assert_eq!((audit[0].act.as_str(), &audit[0].subject), ("client_create", &client(1).id));
    let own = store.audit_page(Some(vec![client(1).app_key]), None, 9).await.unwrap();
    assert_eq!(own.len(), 3);
    let others = store.audit_page(Some(vec![AppKey::parse("00000000").unwrap()]), None, 9).await.unwrap();
    assert_eq!(others.len(), 0);
}

pub(in crate::store) async fn a_secret_is_replaced_and_a_client_without_one_gets_none(store: &impl Store) {
    begin(store).await;
    let public = OpenIdClient { secret: None, ..client(2) };
    assert!(create(store, &public).await);
    let until = NOW + SECOND * 60;
    assert!(done(store, Act::RotateClient(client(1).id, [9; 32], until)).await);
    let rotated = OpenIdClient { secret: Some([9; 32]), old_secret: Some(([1; 32], until)), ..client(1) };
    assert_eq!(store.openid_client(&client(1).id).await.unwrap(), Some(rotated));
    assert!(!done(store, Act::RotateClient(public.id.clone(), [9; 32], until)).await);
    assert!(!done(store, Act::RotateClient("none".to_owned(), [9; 32], until)).await);
    assert!(done(store, Act::DeleteClient(public.id.clone())).await);
    assert!(!done(store, Act::DeleteClient(public.id)).await);
}

pub(in crate::store) async fn clients_of_one_sector_have_one_salt(store: &impl Store) {
    begin(store).await;
    let mut same = client(2);
    same.settings.sector = client(1).settings.sector;
    assert!(create(store, &same).await && create(store, &client(3)).await);
    let salts: Vec<_> =
        store.openid_clients(None).await.unwrap().iter().map(|client| client.salt[0]).collect();
    assert_eq!(salts, [1, 1, 3]);
}

pub(in crate::store) async fn an_app_has_as_many_clients_as_it_may(store: &impl Store) {
    begin(store).await;
    for number in 1..limits::OPENID_CLIENTS_PER_APP {
        let more = OpenIdClient { id: format!("{APP}-{number}"), ..client(2) };
        assert!(create(store, &more).await);
    }
    assert!(!create(store, &client(3)).await);
    assert!(done(store, Act::DeleteClient(client(1).id)).await);
    assert!(create(store, &client(3)).await);
}

pub(in crate::store) async fn a_request_is_taken_once(store: &impl Store) {
    begin(store).await;
    store.put_openid_request(request(1)).await.unwrap();
    assert_eq!(store.openid_request([1; 32]).await.unwrap(), Some(request(1)));
    assert_eq!(store.openid_request([2; 32]).await.unwrap(), None);
    assert!(store.take_openid_request([1; 32]).await.unwrap());
    assert!(!store.take_openid_request([1; 32]).await.unwrap());
    let granted = grant(1, subject(1));
    assert!(!store.grant_openid_request([1; 32], granted.clone()).await.unwrap());
    assert_eq!(store.openid_grant("grant1").await.unwrap(), None);
    store.put_openid_request(request(1)).await.unwrap();
    assert!(store.grant_openid_request([1; 32], granted.clone()).await.unwrap());
    assert!(!store.grant_openid_request([1; 32], grant(2, subject(1))).await.unwrap());
    assert_eq!(store.openid_grant("grant1").await.unwrap(), Some(granted.clone()));
    assert_eq!(store.openid_grant_of_code([1; 32]).await.unwrap(), Some(granted));
    assert_eq!(store.openid_grant_of_code([2; 32]).await.unwrap(), None);
}

pub(in crate::store) async fn a_code_is_redeemed_once_and_a_second_time_ends_its_grant(store: &impl Store) {
    begin(store).await;
    let before = grant(1, subject(1));
    put_grant(store, &before).await;
    let redeem = async |redeeming| store.redeem_openid_code(redeeming).await.unwrap();
    assert_eq!(redeem(redeeming(9, None, NOW)).await, Redemption::Over);
    let late = redeeming(1, Some(5), before.code_until);
    assert_eq!(redeem(late).await, Redemption::Over);
    assert_eq!(store.openid_grant("grant1").await.unwrap(), Some(before.clone()));
    assert_eq!(redeem(redeeming(1, Some(5), NOW + SECOND)).await, Redemption::Done);
    let used = OpenIdGrant {
        code_used_at: Some(NOW + SECOND),
        refresh: Some(([5; 32], NOW + SECOND * 1_000)),
        expires_at: NOW + SECOND * 1_000,
        ..before
    };
    assert_eq!(store.openid_grant("grant1").await.unwrap(), Some(used.clone()));
    assert_eq!(redeem(redeeming(1, Some(6), NOW + SECOND * 2)).await, Redemption::Replayed);
    assert_eq!(redeem(redeeming(1, Some(6), NOW + SECOND * 3)).await, Redemption::Replayed);
    let ended = OpenIdGrant { revoked_at: Some(NOW + SECOND * 2), ..used };
    assert_eq!(store.openid_grant("grant1").await.unwrap(), Some(ended));
    assert!(!store.revoke_openid_grant("grant1", NOW + SECOND * 4).await.unwrap());
}

pub(in crate::store) async fn of_many_who_show_one_code_at_once_one_is_the_first(store: &impl Store) {
    begin(store).await;
    for round in 0..rounds() {
        let number = u8::try_from(round % 200).unwrap();
        let id = format!("round{round}");
        put_grant(store, &OpenIdGrant { id: id.clone(), ..grant(number, subject(1)) }).await;
        let shown = (0..50).map(|other| store.redeem_openid_code(redeeming(number, Some(other), NOW)));
        let became = futures_util::future::join_all(shown).await;
        let count = |what| became.iter().filter(|one| *one.as_ref().unwrap() == what).count();
        assert_eq!((count(Redemption::Done), count(Redemption::Replayed)), (1, 49));
        let ended = store.openid_grant(&id).await.unwrap().unwrap();
        assert!(ended.revoked_at.is_some() && ended.code_used_at.is_some());
        // Its code may come again two hundred rounds later.
        store.purge_openid(ended.expires_at, 10).await.unwrap();
    }
}

pub(in crate::store) async fn a_refresh_token_is_used_once_and_an_older_one_ends_its_grant(
    store: &impl Store,
) {
    begin(store).await;
    put_grant(store, &grant(1, subject(1))).await;
    let refresh = async |redeeming| store.refresh_openid_grant("grant1", redeeming).await.unwrap();
    assert_eq!(refresh(redeeming(5, Some(6), NOW)).await, Redemption::Over, "it has none yet");
    let redeemed = store.redeem_openid_code(redeeming(1, Some(5), NOW)).await.unwrap();
    assert_eq!(redeemed, Redemption::Done);
    let over = redeeming(5, Some(6), NOW + SECOND * 1_000);
    assert_eq!(refresh(over).await, Redemption::Over);
    assert_eq!(refresh(redeeming(5, Some(6), NOW + SECOND)).await, Redemption::Done);
    let other = store.refresh_openid_grant("grant9", redeeming(6, Some(7), NOW)).await.unwrap();
    assert_eq!(other, Redemption::Over);
    assert_eq!(refresh(redeeming(6, Some(7), NOW + SECOND)).await, Redemption::Done);
    assert_eq!(store.openid_grant("grant1").await.unwrap().unwrap().revoked_at, None);
    assert_eq!(refresh(redeeming(5, Some(8), NOW + SECOND * 2)).await, Redemption::Replayed);
    let ended = store.openid_grant("grant1").await.unwrap().unwrap();
    assert_eq!(ended.revoked_at, Some(NOW + SECOND * 2));
    assert_eq!(refresh(redeeming(7, Some(8), NOW + SECOND * 3)).await, Redemption::Over);
}

pub(in crate::store) async fn a_session_ends_with_what_was_granted_in_it(store: &impl Store) {
    begin(store).await;
    let elsewhere = OpenIdGrant { session_id: Some("another".to_owned()), ..grant(2, subject(1)) };
    let grants = [grant(1, subject(1)), elsewhere, grant(3, subject(1)), grant(4, subject(1))];
    for one in &grants {
        put_grant(store, one).await;
    }
    for number in 1..=3 {
        store.redeem_openid_code(redeeming(number, None, NOW)).await.unwrap();
    }
    assert!(store.revoke_openid_grant("grant3", NOW).await.unwrap());
    let ended = store.end_openid_session("session", NOW + SECOND).await.unwrap();
    let ids: Vec<_> = ended.iter().map(|grant| (grant.id.as_str(), grant.revoked_at)).collect();
    assert_eq!(ids, [("grant1", None)]);
    assert_eq!(store.end_openid_session("session", NOW + SECOND).await.unwrap(), []);
    let ended_at = async |id: &str| store.openid_grant(id).await.unwrap().unwrap().revoked_at;
    assert_eq!(ended_at("grant1").await, Some(NOW + SECOND));
    assert_eq!((ended_at("grant2").await, ended_at("grant3").await), (None, Some(NOW)));
}

pub(in crate::store) async fn a_key_of_a_generation_is_made_once(store: &impl Store) {
    let key = |algorithm, generation| OpenIdKey {
        algorithm,
        generation,
        kid: format!("kid{generation}"),
        sealed: vec![1, 2, 3],
        jwk: "{}".to_owned(),
        signs_from: NOW,
    };
    let own = |generation| key(SigningAlgorithm::Rs256, generation);
    let other = key(SigningAlgorithm::EdDsa, 1);
    for one in [own(1), own(2), other.clone()] {
        assert!(store.put_openid_key(one).await.unwrap());
    }
    assert!(!store.put_openid_key(OpenIdKey { kid: "other".to_owned(), ..own(2) }).await.unwrap());
    assert_eq!(store.openid_keys().await.unwrap(), [own(1), own(2), other.clone()]);
    store.drop_openid_keys(SigningAlgorithm::Rs256, 2).await.unwrap();
    assert_eq!(store.openid_keys().await.unwrap(), [own(2), other]);
}

pub(in crate::store) async fn a_device_is_answered_and_granted_once(store: &impl Store) {
    begin(store).await;
    assert!(store.put_openid_device(device(1)).await.unwrap());
    assert!(!store.put_openid_device(OpenIdDevice { hash: [9; 32], ..device(1) }).await.unwrap());
    assert_eq!(store.openid_device([1; 32]).await.unwrap(), Some(device(1)));
    assert_eq!(store.openid_device_of_user([101; 32]).await.unwrap(), Some(device(1)));
    assert_eq!(store.openid_device_of_user([102; 32]).await.unwrap(), None);
    store.poll_openid_device([1; 32], NOW + SECOND, SECOND * 10).await.unwrap();
    let polled = OpenIdDevice { polled_at: Some(NOW + SECOND), pause: SECOND * 10, ..device(1) };
    assert_eq!(store.openid_device([1; 32]).await.unwrap(), Some(polled.clone()));
    let granted = OpenIdGrant { code_used_at: Some(NOW), ..grant(1, subject(1)) };
    assert!(!store.grant_openid_device([1; 32], granted.clone()).await.unwrap(), "nobody approved");
    let approved = approval(subject(1));
    let late = device(1).expires_at;
    assert!(!store.answer_openid_device([1; 32], Some(approved.clone()), late).await.unwrap());
    assert!(store.answer_openid_device([1; 32], Some(approved.clone()), NOW).await.unwrap());
    assert!(!store.answer_openid_device([1; 32], None, NOW).await.unwrap());
    let answered = OpenIdDevice { state: DeviceState::Approved, approval: Some(approved), ..polled };
    assert_eq!(store.openid_device([1; 32]).await.unwrap(), Some(answered));
    assert!(store.grant_openid_device([1; 32], granted.clone()).await.unwrap());
    assert!(!store.grant_openid_device([1; 32], grant(2, subject(1))).await.unwrap());
    assert_eq!(store.openid_grant("grant1").await.unwrap(), Some(granted));
    assert!(store.put_openid_device(device(2)).await.unwrap());
    assert!(store.answer_openid_device([2; 32], None, NOW).await.unwrap());
    assert_eq!(store.openid_device([2; 32]).await.unwrap().unwrap().state, DeviceState::Refused);
}

pub(in crate::store) async fn what_is_over_is_forgotten(store: &impl Store) {
    begin(store).await;
    for number in 1..=3 {
        let expires_at = NOW + SECOND * number.into();
        put_grant(store, &OpenIdGrant { expires_at, ..grant(number, subject(1)) }).await;
        store.put_openid_request(OpenIdRequest { expires_at, ..request(number) }).await.unwrap();
        assert!(store.put_openid_device(OpenIdDevice { expires_at, ..device(number) }).await.unwrap());
    }
    assert_eq!(store.purge_openid(NOW, 10).await.unwrap(), 0);
    assert_eq!(store.purge_openid(NOW + SECOND * 2, 1).await.unwrap(), 3);
    assert_eq!(store.purge_openid(NOW + SECOND * 2, 10).await.unwrap(), 3);
    assert_eq!(store.openid_grant("grant2").await.unwrap(), None);
    assert!(store.openid_grant("grant3").await.unwrap().is_some());
    assert!(store.openid_request([3; 32]).await.unwrap().is_some());
    assert!(store.openid_device([3; 32]).await.unwrap().is_some());
}

pub(in crate::store) async fn a_person_is_found_behind_a_grant(store: &impl Store) {
    let known = person(1);
    let (app_key, subject) = (known.app_key, known.subject);
    assert_eq!(store.openid_person(app_key, subject).await.unwrap(), None);
    store
        .change_people(PeopleChange { put: vec![known.clone()], ..PeopleChange::default() }, None)
        .await
        .unwrap();
    let found = store.openid_person(app_key, subject).await.unwrap().unwrap();
    assert_eq!((found.phone, found.user_id), (known.phone, known.user_id));
    let elsewhere = AppKey::parse("00000000").unwrap();
    assert_eq!(store.openid_person(elsewhere, subject).await.unwrap(), None);
}
