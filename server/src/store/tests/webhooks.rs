//! How every store keeps what apps are told by webhooks.

use std::time::Duration;

use loggin_protocol::AppKey;
use uuid::Uuid;

use super::{
    logins::{NOW, app, insert, login},
    otp::session,
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{
        Act, AppEvent, Change, ChangeOutcome, DeliveriesPurged, DeliveryEnd, DeliveryPosition, DeliveryPurge,
        DeliveryState, DisabledFor, EventKind, OtpDelivery, OtpOutcome, OtpRefusal, OtpWrite, Replay, State,
        Store, Tried, WebhookDelivery, WebhookEndpoint, WebhookHealth,
    },
    whatsapp::DeliveryStatus,
};

/// Runs the suite, as `store_suite` does.
macro_rules! webhook_suite {
    ($open:path) => {
        webhook_suite!($open:
            endpoints_are_kept_as_they_are,
            an_event_is_stored_with_its_change_or_not_at_all,
            an_event_is_stored_with_its_code_or_not_at_all,
            an_endpoint_is_told_what_it_wants_and_once,
            of_each_endpoint_some_deliveries_are_due,
            deliveries_are_read_page_by_page,
            a_try_ends_as_it_is_told,
            an_endpoint_that_takes_nothing_is_disabled_and_one_that_takes_some_is_not,
            what_was_given_up_is_delivered_again,
            what_is_old_or_too_much_goes,
            with_its_app_an_endpoint_goes,
            another_seal_takes_the_place_of_the_one_that_was_read,
        );
    };
    ($open:path: $($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            // A store whose database is not installed is passed over, which has been said.
            let Some((store, _kept)) = $open().await else { return };
            $crate::store::tests::webhooks::$test(&store).await;
        }
    )+};
}
pub(in crate::store) use webhook_suite;

const APP: &str = "8XKPQ2WN";
const SECOND: Duration = Duration::from_secs(1);
const LATER: UnixMillis = UnixMillis(NOW.0 + 60_000);

fn app_key() -> AppKey {
    AppKey::parse(APP).unwrap()
}

pub(crate) fn endpoint(id: &str, events: &[&str]) -> WebhookEndpoint {
    WebhookEndpoint {
        id: id.to_owned(),
        app_key: app_key(),
        url: "https://app.example/hook".to_owned(),
        events: events.iter().map(|&name| name.to_owned()).collect(),
        secret: vec![1, 2, 3],
        old_secret: None,
        created_at: NOW,
        disabled: None,
        succeeded_at: None,
    }
}

pub(crate) fn event(id: &str, kind: EventKind) -> AppEvent {
    AppEvent {
        id: id.to_owned(),
        app_key: Some(app_key()),
        kind,
        payload: format!("{{\"id\":\"{id}\"}}"),
        phone: None,
        user_id: None,
        at: NOW,
        until: NOW + SECOND * 3_600,
    }
}

/// Adds the app, and endpoints that want every event.
async fn with_endpoints(store: &impl Store, ids: &[&str]) {
    assert!(store.insert_app(&app(APP)).await.unwrap());
    for id in ids {
        assert!(store.put_webhook_endpoint(&endpoint(id, &[])).await.unwrap());
    }
}

async fn does(store: &impl Store, act: Act) -> bool {
    store.administer(act, "alice".to_owned(), NOW).await.unwrap()
}

async fn due(store: &impl Store, now: UnixMillis) -> Vec<WebhookDelivery> {
    store.due_deliveries(now, 8, 100).await.unwrap()
}

/// Which events are due for which endpoint.
async fn due_names(store: &impl Store) -> Vec<(String, String)> {
    let mut names: Vec<_> =
        due(store, LATER).await.into_iter().map(|due| (due.event_id, due.endpoint_id)).collect();
    names.sort();
    names
}

fn names(names: &[(&str, &str)]) -> Vec<(String, String)> {
    names.iter().map(|&(event, endpoint)| (event.to_owned(), endpoint.to_owned())).collect()
}

fn end(event_id: &str, tried: Tried, at: UnixMillis) -> DeliveryEnd {
    let (status, failure) = match tried {
        Tried::Delivered => (Some(204), None),
        _ => (Some(500), Some("status")),
    };
    DeliveryEnd { event_id: event_id.to_owned(), endpoint_id: "a".to_owned(), at, tried, status, failure }
}

pub(in crate::store) async fn endpoints_are_kept_as_they_are(store: &impl Store) {
    assert!(!does(store, Act::AddWebhook(endpoint("a", &[]))).await, "there is no such app");
    assert!(store.insert_app(&app(APP)).await.unwrap());
    let full = WebhookEndpoint {
        old_secret: Some((vec![9], LATER)),
        disabled: Some((NOW, DisabledFor::Gone)),
        succeeded_at: Some(NOW),
        ..endpoint("a", &["login.verified", "otp.failed"])
    };
    assert!(does(store, Act::AddWebhook(full.clone())).await);
    assert!(!does(store, Act::AddWebhook(full.clone())).await, "its id is taken");
    assert_eq!(store.webhook_endpoint("a").await.unwrap(), Some(full.clone()));
    assert_eq!(store.webhook_endpoint("b").await.unwrap(), None);
    assert!(!store.has_webhook_endpoint().await.unwrap(), "it is disabled");
    assert_eq!(store.webhook_endpoints(None).await.unwrap(), std::slice::from_ref(&full));
    assert_eq!(store.webhook_endpoints(Some(app_key())).await.unwrap(), std::slice::from_ref(&full));
    let other = AppKey::parse("00000000").unwrap();
    assert_eq!(store.webhook_endpoints(Some(other)).await.unwrap(), []);
    assert!(does(store, Act::RotateWebhook("a".to_owned(), vec![7], LATER)).await);
    let rotated = WebhookEndpoint { secret: vec![7], old_secret: Some((full.secret.clone(), LATER)), ..full };
    assert_eq!(store.webhook_endpoint("a").await.unwrap(), Some(rotated.clone()));
    let url = "https://other.example/".to_owned();
    let moved = Act::ChangeWebhook("a".to_owned(), Some(url.clone()), None, vec!["url"]);
    assert!(does(store, moved).await);
    let every = Act::ChangeWebhook("a".to_owned(), None, Some(Vec::new()), vec!["events"]);
    assert!(does(store, every).await);
    let changed = WebhookEndpoint { url: url.clone(), events: Vec::new(), ..rotated };
    assert_eq!(store.webhook_endpoint("a").await.unwrap(), Some(changed));
    assert!(!does(store, Act::ChangeWebhook("b".to_owned(), Some(url), None, vec!["url"])).await);
    assert!(does(store, Act::EnableWebhook("a".to_owned(), NOW, LATER)).await);
    assert!(store.has_webhook_endpoint().await.unwrap());
    assert!(!does(store, Act::EnableWebhook("a".to_owned(), NOW, LATER)).await);
    assert!(does(store, Act::DisableWebhook("a".to_owned(), NOW)).await);
    assert!(!does(store, Act::DisableWebhook("a".to_owned(), NOW)).await);
    let disabled = store.webhook_endpoint("a").await.unwrap().unwrap().disabled;
    assert_eq!(disabled, Some((NOW, DisabledFor::Administrator)));
    assert!(!does(store, Act::RotateWebhook("b".to_owned(), vec![7], LATER)).await);
    assert!(does(store, Act::DeleteWebhook("a".to_owned())).await);
    assert!(!does(store, Act::DeleteWebhook("a".to_owned())).await);
    for number in 0..limits::WEBHOOKS_PER_APP {
        assert!(store.put_webhook_endpoint(&endpoint(&number.to_string(), &[])).await.unwrap());
    }
    assert!(!store.put_webhook_endpoint(&endpoint("more", &[])).await.unwrap());
    let told: Vec<_> = store.audit(99).await.unwrap().into_iter().map(|row| (row.act, row.subject)).collect();
    let acts = [
        "webhook_add",
        "webhook_rotate",
        "webhook_update",
        "webhook_update",
        "webhook_enable",
        "webhook_disable",
        "webhook_delete",
    ];
    assert_eq!(told, acts.map(|act| (act.to_owned(), "a".to_owned())));
}

pub(in crate::store) async fn an_event_is_stored_with_its_change_or_not_at_all(store: &impl Store) {
    with_endpoints(store, &["a"]).await;
    let told = |number, id| Change {
        event: Some(Box::new(event(id, EventKind::LoginVerified))),
        ..insert(login(number, State::Verified))
    };
    let waited = insert(login(9, State::Pending));
    let changes = vec![waited, told(1, "one"), told(1, "never"), told(2, "two")];
    let outcomes = store.apply(changes).await.unwrap();
    assert_eq!(outcomes[1..], [ChangeOutcome::Applied, ChangeOutcome::Conflict, ChangeOutcome::Applied]);
    assert_eq!(due_names(store).await, names(&[("one", "a"), ("two", "a")]));
    let [first, ..] = &due(store, LATER).await[..] else { panic!("there are two") };
    assert_eq!((first.state, first.tries, first.queued_at), (DeliveryState::Waiting, 0, NOW));
    assert_eq!((first.kind.as_str(), first.until), ("login.verified", NOW + SECOND * 3_600));
    assert_eq!(first.payload, format!("{{\"id\":\"{}\"}}", first.event_id));
}

pub(in crate::store) async fn an_event_is_stored_with_its_code_or_not_at_all(store: &impl Store) {
    with_endpoints(store, &["a"]).await;
    let begin = |number: u128, id| {
        vec![
            OtpWrite::Event(Box::new(event(id, EventKind::OtpSent))),
            OtpWrite::Session(crate::store::OtpSession { session_id: Uuid::from_u128(number), ..session(1) }),
        ]
    };
    assert!(store.write(begin(1, "one")).await.unwrap().is_ok());
    let failed = |id| {
        vec![
            OtpWrite::Failed { session_id: Uuid::from_u128(1), failure: 1 },
            OtpWrite::UncountSend { app_key: app_key(), month: 202_611 },
            OtpWrite::Event(Box::new(event(id, EventKind::OtpFailed))),
        ]
    };
    assert!(store.write(failed("two")).await.unwrap().is_ok());
    let again: OtpOutcome = store.write(failed("never")).await.unwrap();
    assert_eq!(again, Err(OtpRefusal::Known));
    let delivered = |id| OtpDelivery {
        session_id: Uuid::from_u128(1),
        delivery: DeliveryStatus::Delivered,
        wa_id: None,
        user_id: None,
        event: Some(Box::new(event(id, EventKind::OtpDelivered))),
    };
    store.deliveries(vec![delivered("three"), delivered("three")]).await.unwrap();
    assert_eq!(due_names(store).await, names(&[("one", "a"), ("three", "a"), ("two", "a")]));
}

pub(in crate::store) async fn an_endpoint_is_told_what_it_wants_and_once(store: &impl Store) {
    with_endpoints(store, &["a"]).await;
    assert!(store.put_webhook_endpoint(&endpoint("b", &["otp.failed", "login.denied"])).await.unwrap());
    let off = WebhookEndpoint { disabled: Some((NOW, DisabledFor::Failing)), ..endpoint("c", &[]) };
    assert!(store.put_webhook_endpoint(&off).await.unwrap());
    let of = |id, kind, app_key| AppEvent { app_key, ..event(id, kind) };
    let other = AppKey::parse("00000000").unwrap();
    let events = vec![
        of("1", EventKind::LoginVerified, Some(app_key())),
        of("2", EventKind::LoginDenied, Some(app_key())),
        of("2", EventKind::LoginDenied, Some(app_key())),
        of("3", EventKind::LoginDenied, Some(other)),
        of("4", EventKind::NumberAlarm, None),
    ];
    store.queue_events(events).await.unwrap();
    store.queue_events(Vec::new()).await.unwrap();
    assert_eq!(due_names(store).await, names(&[("1", "a"), ("2", "a"), ("2", "b"), ("4", "a")]));
    assert!(does(store, Act::TestWebhook("b".to_owned(), Box::new(event("5", EventKind::Test)))).await);
    assert!(!does(store, Act::TestWebhook("c".to_owned(), Box::new(event("6", EventKind::Test)))).await);
    assert_eq!(store.webhook_delivery("5", "a").await.unwrap(), None);
    assert!(store.webhook_delivery("5", "b").await.unwrap().is_some());
}

pub(in crate::store) async fn of_each_endpoint_some_deliveries_are_due(store: &impl Store) {
    with_endpoints(store, &["a", "b"]).await;
    let numbered = |number: u8, app_key| AppEvent {
        at: NOW + SECOND * number.into(),
        app_key,
        ..event(&format!("{number:02}"), EventKind::NumberAlarm)
    };
    store.queue_events((0..20).map(|number| numbered(number, Some(app_key()))).collect()).await.unwrap();
    assert_eq!(store.due_deliveries(NOW - SECOND, 3, 100).await.unwrap(), []);
    let found = store.due_deliveries(LATER, 3, 100).await.unwrap();
    let mut found: Vec<_> = found.into_iter().map(|due| (due.event_id, due.endpoint_id)).collect();
    found.sort();
    let expected = ["00", "01", "02"].map(|event| [(event, "a"), (event, "b")]);
    assert_eq!(found, names(&expected.concat()));
    assert_eq!(store.due_deliveries(LATER, 3, 4).await.unwrap().len(), 4);
    let latest = store.webhook_deliveries("a", None, None, 2).await.unwrap();
    assert_eq!([&*latest[0].event_id, &*latest[1].event_id], ["19", "18"]);
    assert_eq!(store.webhook_deliveries("a", Some(DeliveryState::GivenUp), None, 2).await.unwrap(), []);
    assert_eq!(store.webhook_health().await.unwrap(), WebhookHealth { oldest: Some(NOW), failing: 0 });
}

pub(in crate::store) async fn deliveries_are_read_page_by_page(store: &impl Store) {
    with_endpoints(store, &["a"]).await;
    // Some are of the same moment.
    let numbered = |number: u8| AppEvent {
        at: NOW + SECOND * (number / 3).into(),
        ..event(&format!("{number}"), EventKind::OtpSent)
    };
    store.queue_events((0..9).map(numbered).collect()).await.unwrap();
    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let page = store.webhook_deliveries("a", None, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(DeliveryPosition::of(last));
        read.extend(page.into_iter().map(|delivery| delivery.event_id));
    }
    assert_eq!(read.concat(), "678345012");
    let (waiting, since) =
        (Some(DeliveryState::Waiting), DeliveryPosition { queued_at: NOW, event_id: "1".to_owned() });
    let rest = store.webhook_deliveries("a", waiting, Some(since), 9).await.unwrap();
    assert_eq!(rest.iter().map(|delivery| delivery.event_id.as_str()).collect::<Vec<_>>(), ["2"]);
}

pub(in crate::store) async fn a_try_ends_as_it_is_told(store: &impl Store) {
    with_endpoints(store, &["a"]).await;
    store.queue_events(vec![event("1", EventKind::OtpSent)]).await.unwrap();
    let retry = Tried::Retry { due_at: LATER };
    assert!(!store.end_delivery(end("1", retry, NOW)).await.unwrap());
    assert_eq!(due(store, LATER - SECOND).await, []);
    let tried = store.webhook_delivery("1", "a").await.unwrap().unwrap();
    assert_eq!((tried.tries, tried.status, tried.failure.as_deref()), (1, Some(500), Some("status")));
    assert!(!store.end_delivery(end("1", Tried::Delivered, LATER)).await.unwrap());
    let done = store.webhook_delivery("1", "a").await.unwrap().unwrap();
    assert_eq!((done.state, done.tries, done.status), (DeliveryState::Delivered, 2, Some(204)));
    assert_eq!((done.failure, done.ended_at), (None, Some(LATER)));
    assert_eq!(store.webhook_endpoint("a").await.unwrap().unwrap().succeeded_at, Some(LATER));
    // What somebody else was still at changes nothing any more.
    assert!(!store.end_delivery(end("1", retry, LATER)).await.unwrap());
    assert_eq!(due_names(store).await, []);
    assert_eq!(store.webhook_health().await.unwrap(), WebhookHealth::default());
}

pub(in crate::store) async fn an_endpoint_that_takes_nothing_is_disabled_and_one_that_takes_some_is_not(
    store: &impl Store,
) {
    with_endpoints(store, &["a"]).await;
    let events = ["1", "2", "3"].map(|id| event(id, EventKind::OtpSent));
    store.queue_events(events.to_vec()).await.unwrap();
    let given_up = Tried::GivenUp { why: DisabledFor::Failing };
    store.end_delivery(end("1", Tried::Delivered, LATER)).await.unwrap();
    assert!(!store.end_delivery(end("2", given_up, LATER)).await.unwrap());
    let gone = Tried::GivenUp { why: DisabledFor::Gone };
    assert!(store.end_delivery(end("3", gone, LATER)).await.unwrap());
    let disabled = store.webhook_endpoint("a").await.unwrap().unwrap().disabled;
    assert_eq!(disabled, Some((LATER, DisabledFor::Gone)));
    assert_eq!(store.webhook_health().await.unwrap().failing, 1);
    assert!(does(store, Act::EnableWebhook("a".to_owned(), LATER, LATER)).await);
    let late = AppEvent { at: LATER + SECOND, ..event("4", EventKind::OtpSent) };
    store.queue_events(vec![late]).await.unwrap();
    assert!(store.end_delivery(end("4", given_up, LATER + SECOND)).await.unwrap());
    // It is told nothing from now on.
    store.queue_events(vec![event("5", EventKind::OtpSent)]).await.unwrap();
    assert_eq!(due_names(store).await, []);
}

pub(in crate::store) async fn what_was_given_up_is_delivered_again(store: &impl Store) {
    with_endpoints(store, &["a"]).await;
    let events = ["1", "2", "3"].map(|id| event(id, EventKind::OtpSent));
    store.queue_events(events.to_vec()).await.unwrap();
    store.end_delivery(end("3", Tried::Delivered, NOW)).await.unwrap();
    for id in ["1", "2"] {
        store.end_delivery(end(id, Tried::GivenUp { why: DisabledFor::Failing }, NOW)).await.unwrap();
    }
    let replay = |event| {
        Act::ReplayWebhook(Replay { endpoint_id: "a".to_owned(), event, now: NOW, until: NOW + SECOND * 9 })
    };
    assert!(!does(store, replay(Ok("9".to_owned()))).await);
    assert!(!does(store, replay(Err(NOW + SECOND))).await);
    assert!(does(store, replay(Ok("3".to_owned()))).await);
    assert_eq!(due_names(store).await, names(&[("3", "a")]));
    assert!(does(store, replay(Err(NOW))).await);
    assert_eq!(due_names(store).await.len(), 3);
    let again = store.webhook_delivery("1", "a").await.unwrap().unwrap();
    assert_eq!((again.tries, again.ended_at, again.until), (0, None, NOW + SECOND * 9));
}

pub(in crate::store) async fn what_is_old_or_too_much_goes(store: &impl Store) {
    with_endpoints(store, &["a"]).await;
    let at = |id: &str, seconds| AppEvent { at: NOW + SECOND * seconds, ..event(id, EventKind::OtpSent) };
    let events = (0..6).map(|number| at(&number.to_string(), number));
    store.queue_events(events.collect()).await.unwrap();
    store.end_delivery(end("0", Tried::Delivered, NOW)).await.unwrap();
    store.end_delivery(end("1", Tried::Delivered, LATER)).await.unwrap();
    let ahead = Tried::Retry { due_at: NOW + SECOND * 1_000_000 };
    store.end_delivery(end("5", ahead, NOW)).await.unwrap();
    let purge = DeliveryPurge { now: LATER, before: LATER, horizon: LATER + SECOND * 99, most_waiting: 3 };
    let purged = store.purge_deliveries(purge, 10).await.unwrap();
    assert_eq!(purged, DeliveriesPurged { old: 1, dropped: 1 });
    assert_eq!(due_names(store).await, names(&[("3", "a"), ("4", "a"), ("5", "a")]));
    assert!(store.webhook_delivery("1", "a").await.unwrap().is_some());
    // Days later nothing is left of what waits for an endpoint that is disabled.
    let before = NOW + SECOND * 4_000;
    let purge = DeliveryPurge { now: before, before, horizon: before, ..purge };
    assert_eq!(store.purge_deliveries(purge, 10).await.unwrap(), DeliveriesPurged { old: 1, dropped: 3 });
    assert_eq!(store.webhook_deliveries("a", None, None, 9).await.unwrap(), []);
}

pub(in crate::store) async fn with_its_app_an_endpoint_goes(store: &impl Store) {
    with_endpoints(store, &["a"]).await;
    store.queue_events(vec![event("1", EventKind::OtpSent)]).await.unwrap();
    assert!(does(store, Act::DeleteApp(app_key())).await);
    assert_eq!(store.webhook_endpoints(None).await.unwrap(), []);
    assert_eq!(store.webhook_delivery("1", "a").await.unwrap(), None);
}

pub(in crate::store) async fn another_seal_takes_the_place_of_the_one_that_was_read(store: &impl Store) {
    with_endpoints(store, &["a"]).await;
    let was = endpoint("a", &[]);
    let now = WebhookEndpoint { secret: vec![5], ..was.clone() };
    store.reseal_webhook(&was, &now).await.unwrap();
    assert_eq!(store.webhook_endpoint("a").await.unwrap(), Some(now.clone()));
    let late = WebhookEndpoint { secret: vec![6], ..was.clone() };
    store.reseal_webhook(&was, &late).await.unwrap();
    assert_eq!(store.webhook_endpoint("a").await.unwrap(), Some(now), "it is another one meanwhile");
}
