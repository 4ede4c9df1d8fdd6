//! What PostgreSQL's store shows beside what every store must.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    time::timeout,
};
use tokio_postgres::Client;

use super::{PostgresStore, Server, migrations, writes};
use crate::{
    limits,
    store::{
        Act, AdminStore, Attempt, Begun, Change, ChangeOutcome, Commit, CommitListener, Login, MessageKind,
        OtpStore, OtpWrite, OutboxStore, Owed, PeopleChange, PersonQuery, Recognised, State, Store,
        StoreError,
        people::{WITH_PEOPLE, WITHOUT_PEOPLE},
        tests::{
            acts::act_suite,
            admins::admin_suite,
            cluster::{self, Cluster},
            gateways::gateway_suite,
            guards::guard_suite,
            history::history_suite,
            identity::{identity_suite, person},
            issuer_sessions::issuer_session_suite,
            keys::key_suite,
            logins::{app, insert, login, store_suite},
            nodes::node_suite,
            openid::openid_suite,
            otp::otp_store_suite,
            outbox::outbox_suite,
            people::people_suite,
            webhooks::webhook_suite,
        },
    },
    tests::{START, notifies},
};

/// Longer than anything here takes, so that a test which would wait for ever fails.
const LONG: Duration = Duration::from_secs(30);

/// What PostgreSQL calls its socket.
const SOCKET: &str = ".s.PGSQL.5432";

/// A store on a database of its own, and its URL; `None` where PostgreSQL is not installed.
pub(super) async fn open() -> Option<(PostgresStore, String)> {
    let url = cluster::shared()?.database();
    Some((open_at(&url, 1).await.unwrap(), url))
}

async fn open_at(url: &str, node: i64) -> Result<PostgresStore, StoreError> {
    open_told(url, node, Arc::new(())).await
}

async fn open_told(url: &str, node: i64, told: Arc<dyn CommitListener>) -> Result<PostgresStore, StoreError> {
    let server = Server::parse(url).unwrap().with_notify(notifies());
    PostgresStore::open(&server, node, told).await
}

/// A store that tells others of changes and hears of theirs, also where the other tests have none that does.
async fn open_heard(url: &str, node: i64) -> PostgresStore {
    let server = Server::parse(url).unwrap().with_notify(true);
    PostgresStore::open(&server, node, Arc::new(())).await.unwrap()
}

pub(super) async fn client(url: &str) -> Client {
    Server::parse(url).unwrap().connect().await.unwrap()
}

store_suite!(open);
otp_store_suite!(open);
outbox_suite!(open);
act_suite!(open);
guard_suite!(open);
history_suite!(open);
key_suite!(open);
node_suite!(open);
openid_suite!(open);
admin_suite!(open);
identity_suite!(open);
issuer_session_suite!(open);
people_suite!(open);
webhook_suite!(open);
gateway_suite!(open);

async fn apply(store: &PostgresStore, login: Login) -> Result<ChangeOutcome, StoreError> {
    store.apply(vec![insert(login)]).await.map(|outcomes| outcomes[0])
}

/// The logins that the look at what changed finds, from the beginning on.
async fn changed(store: &PostgresStore) -> Vec<Login> {
    store.changed_since(0, 100).await.unwrap().logins
}

#[tokio::test]
async fn another_node_is_followed_in_steps() {
    let Some((store, url)) = open().await else { return };
    let other = open_at(&url, 2).await.unwrap();
    let cursor = store.cursor().await.unwrap();
    let logins: Vec<Login> = (1..=3).map(|number| login(number, State::Pending)).collect();
    other.apply(logins.iter().cloned().map(insert).collect()).await.unwrap();
    apply(&store, login(4, State::Pending)).await.unwrap();
    let first = store.changed_since(cursor, 2).await.unwrap();
    assert_eq!(first.logins, logins[..2]);
    let second = store.changed_since(first.cursor, 2).await.unwrap();
    assert_eq!(second.logins, logins[2..]);
    let end = store.changed_since(second.cursor, 2).await.unwrap();
    assert_eq!(end.logins, []);
    assert_eq!(end.cursor, store.cursor().await.unwrap());
}

/// The order that `changed_since` rests on: nobody gets a position before all smaller ones are committed.
#[tokio::test]
async fn a_change_that_commits_late_is_not_passed_over() {
    let Some((store, url)) = open().await else { return };
    let mut slow = client(&url).await;
    let transaction = slow.transaction().await.unwrap();
    let position = transaction.query_one("SELECT begin_writing(1)", &[]).await.unwrap();
    let late = login(1, State::Verified);
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
        [&late.code.expose(), &position.get::<_, i64>(0)];
    transaction
        .execute(
            "INSERT INTO logins (code, app_key, state, version, deadline, waited_for, attempts_left, node, change)
             VALUES ($1, '8XKPQ2WN', 3, 1, 1790416800000, true, 0, 9, $2)",
            &values,
        )
        .await
        .unwrap();
    let mut early = std::pin::pin!(apply(&store, login(2, State::Verified)));
    // It has no position yet, so nobody can go on from there.
    assert!(timeout(Duration::from_millis(50), &mut early).await.is_err());
    assert_eq!(store.cursor().await.unwrap(), 0);
    transaction.commit().await.unwrap();
    assert_eq!(early.await.unwrap(), ChangeOutcome::Applied);
    assert_eq!(changed(&store).await, [late]);
}

#[tokio::test]
async fn of_many_nodes_that_write_at_once_each_follows_all_others() {
    let Some((first, url)) = open().await else { return };
    let second = open_at(&url, 2).await.unwrap();
    let third = open_at(&url, 3).await.unwrap();
    let write = async |store: &PostgresStore, numbers: std::ops::Range<u8>| {
        for number in numbers {
            assert_eq!(apply(store, login(number, State::Verified)).await.unwrap(), ChangeOutcome::Applied);
        }
    };
    let following = async {
        let (mut cursor, mut seen) = (0, 0);
        while seen < 120 {
            let changed = third.changed_since(cursor, 7).await.unwrap();
            seen += changed.logins.len();
            cursor = changed.cursor;
        }
        seen
    };
    let all = async { tokio::join!(write(&first, 0..60), write(&second, 60..120), following) };
    assert_eq!(timeout(LONG, all).await.unwrap().2, 120);
}

/// Panics at the first commit that it is told of.
#[derive(Debug, Default)]
struct FailsOnce(AtomicBool);

impl CommitListener for FailsOnce {
    fn committed(&self, commit: &Commit<'_>) {
        assert!(commit.changes.is_empty() || self.0.swap(true, Ordering::SeqCst), "once");
    }
}

#[tokio::test]
async fn what_could_not_be_told_is_read_by_the_look_at_what_changed() {
    let Some((_, url)) = open().await else { return };
    let store = open_told(&url, 2, Arc::new(FailsOnce::default())).await.unwrap();
    for number in 1..=2 {
        let outcome = apply(&store, login(number, State::Verified)).await.unwrap();
        assert_eq!(outcome, ChangeOutcome::Applied, "it is stored, and whoever asked is answered");
    }
    assert_eq!(changed(&store).await, [login(1, State::Verified)]);
}

#[tokio::test]
async fn what_a_connection_that_ends_did_not_write_is_written_on_another() {
    let Some((store, url)) = open().await else { return };
    // Somebody else holds the lock, and the connection that waits for it is ended.
    let mut other = client(&url).await;
    let lock = other.transaction().await.unwrap();
    lock.query_one("SELECT begin_writing(0)", &[]).await.unwrap();
    let mut applying = std::pin::pin!(apply(&store, login(2, State::Verified)));
    assert!(timeout(Duration::from_millis(50), &mut applying).await.is_err());
    let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    assert_eq!(lock.query_one(ended, &[]).await.unwrap().get::<_, i64>(0), 1);
    lock.commit().await.unwrap();
    // It says so, and so it is written on another connection.
    assert_eq!(applying.await.unwrap(), ChangeOutcome::Applied);
}

/// Stands between a store and the server; once it is told to, it ends each connection as soon as the server says
/// something, and says nothing itself.
async fn proxy(listener: UnixListener, server: PathBuf, cuts: Arc<AtomicBool>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let server = UnixStream::connect(&server).await.unwrap();
        let cuts = Arc::clone(&cuts);
        tokio::spawn(async move {
            let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
                (client.into_split(), server.into_split());
            let back = async {
                let mut bytes = vec![0; 1 << 16];
                loop {
                    let count = from_server.read(&mut bytes).await?;
                    if count == 0 || cuts.load(Ordering::SeqCst) {
                        return std::io::Result::Ok(());
                    }
                    to_client.write_all(&bytes[..count]).await?;
                }
            };
            tokio::select! {
                _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
                _ = back => {}
            }
        });
    }
}

#[tokio::test]
async fn what_may_have_been_committed_is_read_by_the_look_at_what_changed() {
    let Some(cluster) = cluster::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (cuts, direct) = (Arc::new(AtomicBool::new(false)), cluster.folder());
    let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
    let proxying = tokio::spawn(proxy(listener, direct.join(SOCKET), Arc::clone(&cuts)));
    let url = cluster.database();
    let proxied = url.replace(direct.to_str().unwrap(), folder.path().to_str().unwrap());
    let server = Server::parse(&proxied).unwrap().with_notify(false);
    let store = PostgresStore::open(&server, 1, Arc::new(())).await.unwrap();
    assert_eq!(apply(&store, login(1, State::Verified)).await.unwrap(), ChangeOutcome::Applied);
    assert_eq!(changed(&store).await, []);
    cuts.store(true, Ordering::SeqCst);
    assert!(apply(&store, login(2, State::Verified)).await.is_err(), "nobody knows");
    cuts.store(false, Ordering::SeqCst);
    let again = apply(&store, login(2, State::Verified)).await.unwrap();
    assert_eq!(again, ChangeOutcome::Conflict, "it was committed");
    assert!(changed(&store).await.contains(&login(2, State::Verified)));
    proxying.abort();
}

#[tokio::test]
async fn servers_that_start_together_make_the_tables_once() {
    let Some(cluster) = cluster::shared() else { return };
    let url = cluster.database();
    start_together(&url, &url).await;
}

#[tokio::test]
async fn servers_that_start_together_behind_a_pooler_make_the_tables_once() {
    let Some(cluster) = cluster::shared() else { return };
    let url = cluster.database();
    let Some((pooled, _pooler)) = cluster.pooled(&url) else { return };
    start_together(&pooled, &url).await;
}

/// Starts several servers at the same moment; what they did is looked up in the database itself.
async fn start_together(at: &str, url: &str) {
    let starting: Vec<_> = (0..8)
        .map(|node| {
            let server = Server::parse(at).unwrap().with_notify(false);
            tokio::spawn(async move { PostgresStore::open(&server, node, Arc::new(())).await.map(drop) })
        })
        .collect();
    for started in starting {
        timeout(LONG, started).await.expect("nobody waits for ever").unwrap().unwrap();
    }
    let db = client(url).await;
    let steps = db.query_one("SELECT count(*) FROM refinery_schema_history", &[]).await.unwrap();
    assert_eq!(steps.get::<_, i64>(0), i64::from(migrations::latest()));
    // As another server that is of a later version does: nobody left it behind.
    let lock = db.query_one("SELECT pg_try_advisory_lock($1)", &[&migrations::LOCK]).await.unwrap();
    assert!(lock.get::<_, bool>(0));
}

#[tokio::test]
async fn tables_of_a_later_version_and_of_others_are_left_alone() {
    let Some((_, newer)) = open().await else { return };
    let later = format!(
        "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
         VALUES ({}, 'later', '2030-01-01T00:00:00Z', '1')",
        migrations::latest() + 1
    );
    client(&newer).await.batch_execute(&later).await.unwrap();
    assert!(matches!(open_at(&newer, 1).await, Err(StoreError::Newer)));
    let foreign = cluster::shared().unwrap().database();
    let others = client(&foreign).await;
    others.batch_execute("CREATE TABLE apps (anything text)").await.unwrap();
    assert!(matches!(open_at(&foreign, 1).await, Err(StoreError::Foreign)));
    let tables =
        others.query_one("SELECT count(*) FROM pg_class WHERE relname = 'logins'", &[]).await.unwrap();
    assert_eq!(tables.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn tables_of_each_earlier_version_are_brought_to_this_one() {
    let Some(cluster) = cluster::shared() else { return };
    for version in 1..migrations::latest() {
        let url = cluster.database();
        let mut client = client(&url).await;
        migrations::migrate_to(&mut client, version).await;
        let store = open_at(&url, 1).await.unwrap();
        assert_eq!(apply(&store, login(1, State::Pending)).await.unwrap(), ChangeOutcome::Applied);
    }
}

#[tokio::test]
async fn a_text_with_a_character_that_the_database_has_not_is_kept_without_it() {
    let Some((store, _url)) = open().await else { return };
    let waiting = Login { user_id: Some("IN.\0".to_owned()), ..login(1, State::MessageReceived) };
    let other = login(2, State::Pending);
    let outcomes = store.apply(vec![insert(waiting.clone()), insert(other)]).await.unwrap();
    assert_eq!(outcomes, [ChangeOutcome::Applied; 2]);
    let found = store.awaiting_phone("IN.\0", 9).await.unwrap();
    assert_eq!(found.iter().map(|login| login.code).collect::<Vec<_>>(), [waiting.code]);
}

#[tokio::test]
async fn rows_of_the_audit_stay_as_they_are() {
    let Some((store, url)) = open().await else { return };
    assert!(store.administer(Act::MarkDevelopment, "alice".to_owned(), START).await.unwrap());
    let db = client(&url).await;
    for sql in ["DELETE FROM audit", "UPDATE audit SET act = 'nothing'", "TRUNCATE audit"] {
        assert!(db.batch_execute(sql).await.is_err(), "{sql}");
    }
    assert_eq!(store.audit(9).await.unwrap().len(), 1);
}

/// A connection keeps the plan that it made while there was nobody.
#[tokio::test]
async fn people_are_found_by_their_indexes_however_few_there_are() {
    let Some((_store, url)) = open().await else { return };
    let query = PersonQuery {
        app_key: Some(person(1).app_key),
        phone_name: Some("919876543210".to_owned()),
        user_id: Some("IN.1".to_owned()),
        parent_user_id: Some("IN.ENT.1".to_owned()),
        left_phone: vec![[1; 32], [2; 32]],
    };
    let people = PeopleChange {
        seen: vec![(query, Vec::new())],
        put: vec![person(1)],
        removed: vec![(person(1).app_key, person(2).subject)],
        told: Some((person(1).app_key, Recognised { subject: person(1).subject, changes: 1 })),
        events: Vec::new(),
    };
    let change = writes::people_change(&people).to_string();
    let mut db = client(&url).await;
    let transaction = db.transaction().await.unwrap();
    let seen = transaction.query_one("SELECT are_as_seen($1::text::jsonb)", &[&change]).await.unwrap();
    assert!(seen.get::<_, bool>(0));
    transaction.execute("SELECT write_people($1::text::jsonb)", &[&change]).await.unwrap();
    let scans = "SELECT seq_scan, idx_scan FROM pg_stat_xact_user_tables WHERE relname = 'people'";
    let scans = transaction.query_one(scans, &[]).await.unwrap();
    let (of_the_table, of_indexes): (i64, i64) = (scans.get(0), scans.get(1));
    assert_eq!(of_the_table, 0);
    // A name each, both MACs, the two that go, and the one that is told.
    assert_eq!(of_indexes, 8);
}

#[tokio::test]
async fn of_every_table_it_is_known_whether_it_can_hold_a_person() {
    let Some((_store, url)) = open().await else { return };
    let db = client(&url).await;
    let names = async |sql: &str| {
        let rows = db.query(sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get::<_, String>(0)).collect::<BTreeSet<_>>()
    };
    let found = names(
        "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
    )
    .await;
    let known = WITH_PEOPLE.into_iter().chain(WITHOUT_PEOPLE.iter().map(|(name, _)| *name));
    // Which node leads, and which migrations were made.
    let known = known.chain(["leader", "refinery_schema_history"]).map(str::to_owned);
    assert_eq!(found, known.collect(), "a new table belongs to one of the two lists");
    let covered = names("SELECT place FROM tables_with_people()").await;
    assert_eq!(covered, WITH_PEOPLE.into_iter().map(str::to_owned).collect());
}

#[tokio::test]
async fn of_fifty_that_redeem_one_login_at_two_nodes_one_wins() {
    let Some((first, url)) = open().await else { return };
    let second = open_at(&url, 2).await.unwrap();
    for number in 0..20 {
        apply(&first, login(number, State::Verified)).await.unwrap();
        let claims = (0..50).map(|redeemer: u8| {
            let claimed =
                Login { version: 2, claimed_by: Some([redeemer; 32]), ..login(number, State::Claimed) };
            let store = if redeemer.is_multiple_of(2) { &first } else { &second };
            store.apply(vec![Change { expected: Some(1), ..insert(claimed) }])
        });
        let outcomes = futures_util::future::join_all(claims).await;
        let won =
            outcomes.iter().filter(|outcome| matches!(outcome.as_deref(), Ok([ChangeOutcome::Applied])));
        assert_eq!(won.count(), 1);
        assert!(outcomes.iter().all(Result::is_ok));
    }
}

#[tokio::test]
async fn what_is_counted_or_sent_once_is_so_over_two_nodes() {
    let Some((first, url)) = open().await else { return };
    let second = open_at(&url, 2).await.unwrap();
    let both = [&first, &second];
    let app_key = app("00000000").app_key;
    let sends = (0..40).map(|number| {
        let send = OtpWrite::CountSend { app_key, month: 202_611, most: Some(10) };
        both[number % 2].write(vec![send])
    });
    let sent = futures_util::future::join_all(sends).await;
    assert_eq!(sent.iter().filter(|sent| matches!(sent, Ok(Ok(_)))).count(), 10);
    assert_eq!(first.otp_sends(app_key, 202_611).await.unwrap(), 10);

    let recipient = [7; 32];
    let owed = Owed { kind: MessageKind::SignedIn, recipient, now: START, most_per_day: None };
    let verified = Change { owed: Some(owed), ..insert(login(1, State::Verified)) };
    first.apply(vec![verified]).await.unwrap();
    let attempt = Attempt {
        code: login(1, State::Verified).code,
        serial: 1,
        recipient,
        now: START,
        until: START + LONG,
        pause: Duration::from_secs(6),
        burst: 10,
    };
    let begun = (0..10).map(|number: usize| both[number % 2].begin_message(attempt.clone()));
    let begun = futures_util::future::join_all(begun).await;
    assert_eq!(begun.iter().filter(|begun| matches!(begun, Ok(Begun::Taken))).count(), 1);
    assert_eq!(begun.iter().filter(|begun| matches!(begun, Ok(Begun::Gone))).count(), 9);
}

#[tokio::test]
async fn one_node_leads_until_it_closes() {
    let Some((first, url)) = open().await else { return };
    let second = open_at(&url, 2).await.unwrap();
    assert!(first.leads().await.unwrap() && first.leads().await.unwrap());
    assert!(!second.leads().await.unwrap());
    first.close().await;
    assert!(second.leads().await.unwrap());
    // Nor does one that is gone without a word lead for ever.
    let lapse = "UPDATE leader SET until = clock_timestamp() - interval '1 millisecond'";
    client(&url).await.batch_execute(lapse).await.unwrap();
    assert!(open_at(&url, 3).await.unwrap().leads().await.unwrap());
    assert!(!second.leads().await.unwrap());
}

/// As one that hangs, to which a way leads all the same: nobody would go on to the one that takes its place.
#[tokio::test]
async fn a_server_that_takes_connections_and_says_nothing_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let _listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
    let place = folder.path().display();
    let server = Server::parse(&format!("postgres:///x?user=me&connect_timeout=1&host={place}")).unwrap();
    let opened = timeout(LONG, server.connect()).await.expect("not waited for");
    assert!(matches!(opened, Err(StoreError::NotReady(_))));
}

#[tokio::test]
async fn other_nodes_are_told_of_news() {
    let Some(cluster) = cluster::shared() else { return };
    let url = cluster.database();
    let (store, other) = (open_heard(&url, 1).await, open_heard(&url, 2).await);
    // That it listens from now on.
    timeout(LONG, other.news()).await.unwrap();
    apply(&store, login(1, State::Verified)).await.unwrap();
    timeout(LONG, other.news()).await.unwrap();
    assert_eq!(changed(&other).await, [login(1, State::Verified)]);
    timeout(LONG, store.news()).await.unwrap();
    let own = timeout(Duration::from_millis(100), store.news()).await;
    assert!(own.is_err(), "a node does not heed itself");
}

#[tokio::test]
async fn a_pooler_that_changes_connections_between_transactions_is_in_nobodys_way() {
    let Some(cluster) = cluster::shared() else { return };
    let Some((url, _pooler)) = cluster.pooled(&cluster.database()) else { return };
    let open = async |node| {
        let server = Server::parse(&url).unwrap().with_notify(false);
        PostgresStore::open(&server, node, Arc::new(())).await.unwrap()
    };
    let stores = [open(1).await, open(2).await, open(3).await];
    let writing = stores.iter().zip([0_u8, 40, 80]).map(|(store, first)| async move {
        for number in first..first + 40 {
            assert_eq!(apply(store, login(number, State::Verified)).await.unwrap(), ChangeOutcome::Applied);
            assert!(store.count_pending().await.is_ok());
        }
    });
    futures_util::future::join_all(writing).await;
    for store in &stores {
        assert_eq!(changed(store).await.len(), 80);
        store.check().await.unwrap();
    }
    assert!(stores[0].leads().await.unwrap() && !stores[1].leads().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_ready_as_long_as_its_server_runs() {
    let Some(mut cluster) = Cluster::start() else { return };
    let url = cluster.database();
    let store = Arc::new(open_at(&url, 1).await.unwrap());
    store.check().await.unwrap();
    assert_eq!(apply(&store, login(1, State::Verified)).await.unwrap(), ChangeOutcome::Applied);
    // Whoever looks is told before a store that hangs is taken for a process that does.
    assert!(limits::DATABASE_READY + limits::DATABASE_READY_AGAIN <= limits::READY_TIMEOUT);
    cluster.pause();
    assert!(store.check().await.is_err());
    cluster.go_on();
    store.check().await.unwrap();
    cluster.stop();
    assert!(store.check().await.is_err());
    // What comes now waits, and is written when the server is back.
    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { apply(&store, login(2, State::Verified)).await }
    });
    tokio::task::block_in_place(|| cluster.resume());
    assert_eq!(waiting.await.unwrap().unwrap(), ChangeOutcome::Applied);
    store.check().await.unwrap();
    let codes = [1, 2].map(|number| login(number, State::Verified).code);
    assert_eq!(store.logins(&codes).await.unwrap().len(), 2, "what was acknowledged is there");
}
