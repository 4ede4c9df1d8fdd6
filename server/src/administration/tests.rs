//! What every call asks for first: its right, and that the app is within reach.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use loggin_protocol::SecretKey;
use tempfile::TempDir;

use super::*;
use crate::{
    gateway::GatewayKeys,
    history::usage::Span,
    outbox::webhooks::WebhookKeys,
    store::{
        App, AppSecretKey, Gateway, GatewayKind, HistoryFilter, HistoryStart, KeyId, UsageFilter,
        WebhookEndpoint,
        tests::{insert, login},
    },
    tests::{CountingRandom, ManualClock, START, demo_app, store},
};

const OWN: &str = "11111111";
const OTHER: &str = "22222222";

type Done<'a> = Pin<Box<dyn Future<Output = Result<(), AdministrationError>> + Send + 'a>>;

/// One call, about an app or about the whole server.
type Call = for<'a> fn(&'a Administration, &'a Actor, AppKey) -> Done<'a>;

/// A call in one line, whatever it gives back.
macro_rules! call {
    (|$administration:ident, $actor:ident, $app:ident| $call:expr) => {
        |$administration, $actor, $app| Box::pin(async move { $call.await.map(drop) })
    };
}

fn key(app: &str) -> AppKey {
    AppKey::parse(app).unwrap()
}

/// The id of the endpoint of an app.
fn endpoint_of(app_key: AppKey) -> String {
    format!("whe_{app_key}")
}

/// The id of the gateway of an app.
fn gateway_of(app_key: AppKey) -> String {
    format!("gw_{app_key}")
}

fn id() -> KeyId {
    KeyId::of_text("00000000")
}

/// Every other call about one app, with the right that it takes.
fn of_app() -> Vec<(&'static str, Right, Call)> {
    vec![
        ("app", Right::ReadApps, call!(|all, actor, app| all.app(actor, app))),
        ("keys", Right::ReadApps, call!(|all, actor, app| all.keys(actor, app))),
        (
            "update_app",
            Right::WriteApps,
            call!(|all, actor, app| all.update_app(actor, app, AppChanges::default())),
        ),
        ("pause_app", Right::WriteApps, call!(|all, actor, app| all.pause_app(actor, app))),
        ("resume_app", Right::WriteApps, call!(|all, actor, app| all.resume_app(actor, app))),
        ("delete_app", Right::WriteApps, call!(|all, actor, app| all.delete_app(actor, app))),
        (
            "update_app_with_new_key",
            Right::WriteKeys,
            call!(|all, actor, app| all.update_app_with_new_key(actor, app, AppChanges::default())),
        ),
        (
            "create_key",
            Right::WriteKeys,
            call!(|all, actor, app| all.create_key(
                actor,
                app,
                NewKey { label: "web".to_owned(), expires_in: None }
            )),
        ),
        (
            "rotate_key",
            Right::WriteKeys,
            call!(|all, actor, app| all.rotate_key(
                actor,
                app,
                &id(),
                KeyRotation { overlap: Duration::ZERO, expires_in: None }
            )),
        ),
        ("revoke_key", Right::WriteKeys, call!(|all, actor, app| all.revoke_key(actor, app, id()))),
        (
            "logs",
            Right::ReadLogs,
            call!(|all, actor, app| all.logs(
                actor,
                HistoryFilter { app_key: Some(app), ..HistoryFilter::default() },
                HistoryStart::Latest,
                1
            )),
        ),
        (
            "usage",
            Right::ReadUsage,
            call!(|all, actor, app| all.usage(
                actor,
                UsageFilter { app_key: Some(app), to_hour: 1, ..UsageFilter::default() },
                Span::Day
            )),
        ),
    ]
}

/// Every call about an endpoint of webhooks of one app, with the right that it takes.
fn of_webhooks() -> Vec<(&'static str, Right, Call)> {
    vec![
        ("webhooks", Right::ReadWebhooks, call!(|all, actor, app| all.webhooks(actor, Some(app)))),
        ("webhook", Right::ReadWebhooks, call!(|all, actor, app| all.webhook(actor, &endpoint_of(app)))),
        (
            "deliveries",
            Right::ReadWebhooks,
            call!(|all, actor, app| all.deliveries(actor, &endpoint_of(app), None, None, 1)),
        ),
        (
            "add_webhook",
            Right::WriteWebhooks,
            call!(|all, actor, app| all.add_webhook(
                actor,
                NewWebhook { app_key: app, url: "https://shop.example/".to_owned(), events: Vec::new() }
            )),
        ),
        (
            "change_webhook",
            Right::WriteWebhooks,
            call!(|all, actor, app| all.change_webhook(
                actor,
                &endpoint_of(app),
                WebhookChanges { url: Some("https://shop.example/moved".to_owned()), events: None }
            )),
        ),
        (
            "rotate_webhook",
            Right::WriteWebhooks,
            call!(|all, actor, app| all.rotate_webhook(actor, &endpoint_of(app), None)),
        ),
        (
            "disable_webhook",
            Right::WriteWebhooks,
            call!(|all, actor, app| all.disable_webhook(actor, &endpoint_of(app))),
        ),
        (
            "enable_webhook",
            Right::WriteWebhooks,
            call!(|all, actor, app| all.enable_webhook(actor, &endpoint_of(app))),
        ),
        (
            "replay_webhook",
            Right::WriteWebhooks,
            call!(|all, actor, app| all.replay_webhook(
                actor,
                &endpoint_of(app),
                ReplayChoice::Event("evt".to_owned())
            )),
        ),
        (
            "delete_webhook",
            Right::WriteWebhooks,
            call!(|all, actor, app| all.delete_webhook(actor, &endpoint_of(app))),
        ),
        (
            "test_webhook",
            Right::WriteWebhooks,
            call!(|all, actor, app| all.test_webhook(actor, &endpoint_of(app))),
        ),
    ]
}

/// Every call about a gateway of one app, with the right that it takes.
fn of_gateways() -> Vec<(&'static str, Right, Call)> {
    vec![
        ("gateways", Right::ReadGateways, call!(|all, actor, app| all.gateways(actor, Some(app)))),
        ("gateway", Right::ReadGateways, call!(|all, actor, app| all.gateway(actor, &gateway_of(app)))),
        (
            "create_gateway",
            Right::WriteGateways,
            call!(|all, actor, app| all.create_gateway(
                actor,
                NewGateway { app_key: app, kind: GatewayKind::Supabase, secret: None }
            )),
        ),
        (
            "rotate_gateway",
            Right::WriteGateways,
            call!(|all, actor, app| all.rotate_gateway(actor, &gateway_of(app), None, None)),
        ),
        (
            "delete_gateway",
            Right::WriteGateways,
            call!(|all, actor, app| all.delete_gateway(actor, &gateway_of(app))),
        ),
    ]
}

/// Every call about the whole server, with the right that it takes. Whoever reaches some apps only is refused.
fn of_server() -> Vec<(&'static str, Right, Call)> {
    vec![
        (
            "create_app",
            Right::WriteApps,
            call!(|all, actor, _app| all
                .create_app(actor, NewApp { name: "A".to_owned(), ..NewApp::default() })),
        ),
        ("test_numbers", Right::WriteTestNumbers, call!(|all, actor, _app| all.test_numbers(actor))),
        (
            "put_test_number",
            Right::WriteTestNumbers,
            call!(|all, actor, _app| all.put_test_number(
                actor,
                NewTestNumber {
                    number: "+12025550100".to_owned(),
                    code: "123456".to_owned(),
                    cooldown: true,
                    even_if_real: false
                }
            )),
        ),
        (
            "remove_test_number",
            Right::WriteTestNumbers,
            call!(|all, actor, _app| all.remove_test_number(actor, "+12025550100")),
        ),
        ("nodes", Right::ReadUsage, call!(|all, actor, _app| all.nodes(actor))),
        ("admins", Right::WriteAdmins, call!(|all, actor, _app| all.admins(actor))),
        (
            "put_admin",
            Right::WriteAdmins,
            call!(|all, actor, _app| all.put_admin(
                actor,
                AdminChanges {
                    name: "olga".to_owned(),
                    phone: None,
                    role: Some(crate::store::Role::Owner),
                    apps: None
                }
            )),
        ),
        ("remove_admin", Right::WriteAdmins, call!(|all, actor, _app| all.remove_admin(actor, "olga"))),
        ("sign_out_admin", Right::WriteAdmins, call!(|all, actor, _app| all.sign_out_admin(actor, "olga"))),
        ("access_keys", Right::WriteAdmins, call!(|all, actor, _app| all.access_keys(actor))),
        (
            "create_access_key",
            Right::WriteAdmins,
            call!(|all, actor, _app| all.create_access_key(
                actor,
                NewAccessKey {
                    label: "ci".to_owned(),
                    rights: Rights::of(&[Right::ReadLogs]),
                    apps: None,
                    expires_in: None
                }
            )),
        ),
        (
            "revoke_access_key",
            Right::WriteAdmins,
            call!(|all, actor, _app| all.revoke_access_key(actor, &id())),
        ),
    ]
}

/// Every call that lists what the actor reaches, with the right that it takes.
fn of_reach() -> Vec<(&'static str, Right, Call)> {
    vec![
        ("apps", Right::ReadApps, call!(|all, actor, _app| all.apps(actor))),
        ("gateways of all", Right::ReadGateways, call!(|all, actor, _app| all.gateways(actor, None))),
        ("webhooks of all", Right::ReadWebhooks, call!(|all, actor, _app| all.webhooks(actor, None))),
        (
            "logs of all",
            Right::ReadLogs,
            call!(|all, actor, _app| all.logs(actor, HistoryFilter::default(), HistoryStart::Latest, 1)),
        ),
        ("last_of_logs", Right::ReadLogs, call!(|all, actor, _app| all.last_of_logs(actor))),
        (
            "usage of all",
            Right::ReadUsage,
            call!(|all, actor, _app| all.usage(
                actor,
                UsageFilter { to_hour: 1, ..UsageFilter::default() },
                Span::Day
            )),
        ),
        ("audit", Right::ReadAudit, call!(|all, actor, _app| all.audit(actor, None, 1))),
    ]
}

fn actor(rights: Rights, apps: Option<&[&str]>) -> Actor {
    let apps = apps.map(|apps| apps.iter().copied().map(key).collect());
    Actor { name: "alice".to_owned(), rights, apps }
}

/// Two apps, each with a key, an endpoint and a login that ended.
async fn prepared() -> (Administration, Arc<dyn Store>, TempDir) {
    let (store, _, folder) = store().await;
    for (number, name) in [(1, OWN), (2, OTHER)] {
        let app_key = key(name);
        let app = App { app_key, ..demo_app() };
        let secret = SecretKey::from_secret(app_key, [number; 20]);
        let kept = AppSecretKey { id: id(), ..AppSecretKey::of(&secret, "first", START) };
        let made = store.administer(Act::CreateApp(app, kept), "somebody".to_owned(), START);
        assert!(made.await.unwrap());
        let endpoint = WebhookEndpoint {
            id: endpoint_of(app_key),
            app_key,
            url: "https://shop.example/".to_owned(),
            events: Vec::new(),
            secret: vec![1],
            old_secret: None,
            created_at: START,
            disabled: None,
            succeeded_at: None,
        };
        let added = store.administer(Act::AddWebhook(endpoint), "somebody".to_owned(), START);
        assert!(added.await.unwrap());
        let gateway = Gateway {
            id: gateway_of(app_key),
            app_key,
            kind: GatewayKind::Generic,
            secret: None,
            old_secret: None,
            created_at: START,
        };
        let added = store.administer(Act::CreateGateway(gateway), "somebody".to_owned(), START);
        assert!(added.await.unwrap());
    }
    let secrets = [b"0123456789abcdef0123456789abcdef".as_slice()];
    let rules = WebhookRules { keys: WebhookKeys::derive(secrets.into_iter()), networks: Arc::new([]) };
    let administration =
        Administration::new(Arc::clone(&store), ManualClock::new(), Arc::new(CountingRandom::default()));
    let keys = GatewayKeys::derive(secrets.into_iter());
    (administration.with_webhooks(rules).with_gateways(keys), store, folder)
}

#[tokio::test]
async fn every_call_is_refused_without_its_right() {
    let (administration, store, _folder) = prepared().await;
    let before = store.audit(99).await.unwrap();
    for (name, right, call) in
        of_app().into_iter().chain(of_webhooks()).chain(of_gateways()).chain(of_server()).chain(of_reach())
    {
        let others: Rights = Right::ALL.into_iter().filter(|other| *other != right).collect();
        for apps in [None, Some(&[OWN][..])] {
            let refused = call(&administration, &actor(others, apps), key(OWN)).await;
            let is_it = matches!(refused, Err(AdministrationError::Forbidden(missed)) if missed == right);
            assert!(is_it, "{name}: {refused:?}");
        }
    }
    assert_eq!(store.audit(99).await.unwrap(), before, "nothing was done");
}

#[tokio::test]
async fn an_app_out_of_reach_is_one_that_is_not_there() {
    let (administration, store, _folder) = prepared().await;
    let before = store.audit(99).await.unwrap();
    for (name, _, call) in of_app().into_iter().chain(of_webhooks()).chain(of_gateways()) {
        let mut refusals = Vec::new();
        for app in [OTHER, "33333333"] {
            let refused = call(&administration, &actor(Rights::all(), Some(&[OWN])), key(app)).await;
            assert!(matches!(refused, Err(AdministrationError::NotFound(_))), "{name}: {refused:?}");
            refusals.push(refused.unwrap_err().to_string().replace(app, ""));
        }
        assert_eq!(refusals[0], refusals[1], "{name}: nothing tells that the other is there");
    }
    for (name, right, call) in of_server() {
        let refused = call(&administration, &actor(Rights::all(), Some(&[OWN])), key(OWN)).await;
        let is_it = matches!(refused, Err(AdministrationError::Forbidden(missed)) if missed == right);
        assert!(is_it, "{name}: {refused:?}");
    }
    assert_eq!(store.audit(99).await.unwrap(), before, "nothing was done");
}

#[tokio::test]
async fn whoever_has_the_right_on_the_app_may() {
    for (name, right, call) in of_app().into_iter().chain(of_webhooks()).chain(of_gateways()) {
        let (administration, _store, _folder) = prepared().await;
        let rights = match name {
            // It changes the app besides.
            "update_app_with_new_key" => Rights::of(&[right, Right::WriteApps]),
            // It waits for a server to send something.
            "test_webhook" => continue,
            _ => Rights::of(&[right]),
        };
        let done = call(&administration, &actor(rights, Some(&[OWN])), key(OWN)).await;
        match name {
            "resume_app" | "enable_webhook" => {
                assert!(matches!(done, Err(AdministrationError::Refused(_))), "{name}: {done:?}");
            }
            "replay_webhook" => {
                let is_it = matches!(done, Err(AdministrationError::NotFound(Missing::Event)));
                assert!(is_it, "{name}: {done:?}");
            }
            _ => assert!(done.is_ok(), "{name}: {done:?}"),
        }
    }
}

#[tokio::test]
async fn lists_show_what_is_within_reach() {
    let (administration, store, _folder) = prepared().await;
    let history =
        |app: &str| crate::store::HistoryEntry { app_key: key(app), ..crate::store::tests::history_entry(1) };
    for (number, app) in [(1, OWN), (2, OTHER)] {
        let ended = crate::store::Change {
            end: Some(Box::new(history(app))),
            ..insert(login(number, crate::store::State::Claimed))
        };
        store.apply(vec![ended]).await.unwrap();
    }
    for (reach, seen) in [
        (Some(&[OWN][..]), &[OWN][..]),
        (Some(&[OTHER, "33333333"]), &[OTHER]),
        (Some(&[]), &[]),
        (None, &[OWN, OTHER]),
    ] {
        let actor = actor(Rights::all(), reach);
        let apps = administration.apps(&actor).await.unwrap();
        assert_eq!(apps.iter().map(|app| app.app_key.as_str()).collect::<Vec<_>>(), seen);
        let endpoints = administration.webhooks(&actor, None).await.unwrap();
        assert_eq!(endpoints.iter().map(|one| one.app_key.as_str()).collect::<Vec<_>>(), seen);
        let page = administration.logs(&actor, HistoryFilter::default(), HistoryStart::After(0), 9);
        let rows = page.await.unwrap().rows;
        assert_eq!(rows.iter().map(|row| row.entry.app_key.as_str()).collect::<Vec<_>>(), seen);
        let hour = rows.first().map_or(0, |row| row.entry.started_at.0 / crate::store::HOUR_MILLIS);
        let filter = UsageFilter { from_hour: hour, to_hour: hour + 1, ..UsageFilter::default() };
        let usage = administration.usage(&actor, filter, Span::Day).await.unwrap();
        assert_eq!(usage.apps.iter().map(|app| app.app_key.as_str()).collect::<Vec<_>>(), seen);
        let audit = administration.audit(&actor, None, 99).await.unwrap();
        let mut expected: Vec<(String, String)> = Vec::new();
        for app in seen {
            expected.push(("app_create".to_owned(), (*app).to_owned()));
            expected.push(("webhook_add".to_owned(), endpoint_of(key(app))));
            expected.push(("gateway_create".to_owned(), (*app).to_owned()));
        }
        expected.reverse();
        let told: Vec<(String, String)> = audit.rows.into_iter().map(|row| (row.act, row.subject)).collect();
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn the_audit_is_read_page_by_page_and_tells_the_actor() {
    let (administration, _store, _folder) = prepared().await;
    let alice = Actor::with_all_rights("alice".to_owned());
    administration.delete_webhook(&alice, &endpoint_of(key(OWN))).await.unwrap();
    administration.remove_test_number(&alice, "+12025550100").await.unwrap_err();
    let limited = actor(Rights::all(), Some(&[OWN]));
    let mut told = Vec::new();
    let mut before = None;
    loop {
        let page = administration.audit(&limited, before, 1).await.unwrap();
        told.extend(page.rows.into_iter().map(|row| (row.act, row.actor)));
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    let row = |act: &str, actor: &str| (act.to_owned(), actor.to_owned());
    let expected = [
        row("webhook_delete", "alice"),
        row("gateway_create", "somebody"),
        row("webhook_add", "somebody"),
        row("app_create", "somebody"),
    ];
    assert_eq!(told, expected, "also of an endpoint that is gone");
}

#[tokio::test]
async fn values_that_make_no_sense_name_their_field() {
    let (administration, _store, _folder) = prepared().await;
    let alice = Actor::with_all_rights("alice".to_owned());
    let policies = [
        ("calls_per_minute", AppPolicy { calls_per_minute: Some(0), ..AppPolicy::default() }),
        (
            "allowed_origins",
            AppPolicy {
                allowed_origins: OriginChange::Add(vec!["shop.example".to_owned()]),
                ..AppPolicy::default()
            },
        ),
        (
            "allowed_origins",
            AppPolicy {
                allowed_origins: OriginChange::Set(
                    (0..=crate::limits::ORIGINS_PER_APP).map(|n| format!("https://{n}.example")).collect(),
                ),
                ..AppPolicy::default()
            },
        ),
        (
            "hide_phone_from_browser",
            AppPolicy {
                hide_phone_from_browser: Some(true),
                require_secret_key: Some(false),
                ..AppPolicy::default()
            },
        ),
    ];
    for (expected, policy) in policies {
        let changes = AppChanges { policy, ..AppChanges::default() };
        let refused = administration.update_app(&alice, key(OWN), changes).await;
        let is_it = matches!(&refused, Err(AdministrationError::Invalid { field, .. }) if *field == expected);
        assert!(is_it, "{expected}: {refused:?}");
    }
    let origins = AppPolicy {
        allowed_origins: OriginChange::Set(vec!["https://shop.example".to_owned()]),
        ..AppPolicy::default()
    };
    let changes = AppChanges { name: Some(" Shop ".to_owned()), policy: origins };
    let app = administration.update_app(&alice, key(OWN), changes).await.unwrap();
    assert_eq!((app.name.as_str(), app.allowed_origins), ("Shop", vec!["https://shop.example".to_owned()]));
}
