//! The store: whether it opens, writes, and finds again; its version, its disk, and what should not be in it.
//!
//! A database that is of another version, or is not there, is not opened: that would change it, perhaps below a server
//! that runs.

use std::{io, sync::Arc};

use loggin_protocol::AppKey;

use crate::{
    apps::is_published_key,
    clock::{Clock, SystemClock},
    doctor::{codes, finding::Finding, subject::Subject},
    limits,
    store::{self, Location, Store, StoreError},
};

pub(in crate::doctor) const NAME: &str = "store";

const DATABASE_URL: &str = "LOGGIN_DATABASE_URL";

/// Why a check is not made that needs what is in the database.
pub(in crate::doctor) const UNREAD: &str = "the store cannot be read";

/// Marks changes of this process; it makes none.
const NODE: i64 = 0;

pub(in crate::doctor) async fn check(subject: &Subject) -> Vec<Finding> {
    let location = match location(subject) {
        Ok(location) => location,
        Err(lacking) => return vec![Finding::skipped(NAME, lacking)],
    };
    let mut found: Vec<Finding> = location.free_space().and_then(disk).into_iter().collect();
    match open(location).await {
        Ok(store) => {
            let looked = look(&*store).await;
            store.close().await;
            found.extend(looked.unwrap_or_else(|error| vec![fails(&error)]));
        }
        Err(finding) => found.push(finding),
    }
    if found.is_empty() {
        let (engine, version) = (location.engine(), location.version());
        let message =
            format!("the database ({engine}) opens, writes and finds again; its version is {version}");
        found.push(Finding::ok(NAME, message));
    }
    found
}

/// The key of an app that is not disabled, if there is one; an error where that cannot be looked up.
pub(in crate::doctor) async fn app_key(subject: &Subject) -> Result<Option<AppKey>, String> {
    let store = opened(subject).await?;
    let apps = store.apps().await;
    store.close().await;
    let taken = apps.map_err(|_| UNREAD)?.into_iter().find(|app| app.disabled_at.is_none());
    Ok(taken.map(|app| app.app_key))
}

/// The store, to be closed again; an error where it does not open.
pub(super) async fn opened(subject: &Subject) -> Result<Arc<dyn Store>, String> {
    open(location(subject)?).await.map_err(|finding| finding.message)
}

/// Where the database is; an error where that is not known.
fn location(subject: &Subject) -> Result<&Location, String> {
    subject.location.as_ref().ok_or_else(|| format!("{DATABASE_URL} is wrong or missing"))
}

/// Opens a database of this version.
async fn open(location: &Location) -> Result<Arc<dyn Store>, Finding> {
    let latest = location.version();
    match store::version_at(location).await {
        Ok(Some(version)) if version < latest => {
            let message = format!("the database has version {version}, and this program {latest}");
            Err(Finding::of(NAME, &codes::STORE_OLDER, message))
        }
        Ok(Some(_)) => store::open(location, NODE, Arc::new(())).await.map_err(|error| fails(&error)),
        Ok(None) => Err(Finding::of(NAME, &codes::STORE_MISSING, "there is no database yet")),
        Err(error) => Err(fails(&error)),
    }
}

pub(in crate::doctor) fn fails(error: &StoreError) -> Finding {
    let known = match error {
        StoreError::Foreign => &codes::STORE_FOREIGN,
        StoreError::Newer => &codes::STORE_NEWER,
        _ => &codes::STORE_FAILS,
    };
    Finding::of(NAME, known, error.to_string())
}

pub(in crate::doctor) async fn look(store: &dyn Store) -> Result<Vec<Finding>, StoreError> {
    store.check().await?;
    let mut found = Vec::new();
    if store.is_development().await? {
        let message = "the database is one of `loggin-server dev`: its app lets any web page sign in";
        found.push(Finding::of(NAME, &codes::DEVELOPMENT_DATA, message));
    }
    let (apps, now) = (store.apps().await?, SystemClock.now());
    if apps.is_empty() {
        found.push(Finding::of(NAME, &codes::NO_APPS, "there is no app, so nobody can sign in"));
    }
    for app in &apps {
        let keys = store.secret_keys(app.app_key).await?;
        if keys.iter().any(|key| key.is_good(now) && is_published_key(key.hash)) {
            let message = format!("the app {} has the secret key that stands in the source", app.app_key);
            found.push(Finding::of(NAME, &codes::PUBLISHED_KEY, message));
        }
    }
    let numbers = store.test_numbers().await?.len();
    if numbers > 0 {
        let message = format!("there are {numbers} test numbers: whoever knows one's code is that number");
        found.push(Finding::of(NAME, &codes::TEST_NUMBERS, message));
    }
    Ok(found)
}

/// Judges the disk that the database is on, or will be.
fn disk(free: io::Result<u64>) -> Option<Finding> {
    match free {
        Ok(free) => room(free),
        Err(error) => {
            let message = format!("the folder of the database cannot be looked at: {}", error.kind());
            Some(Finding::of(NAME, &codes::STORE_FAILS, message))
        }
    }
}

fn room(free: u64) -> Option<Finding> {
    let known = match free {
        ..limits::FREE_SPACE => &codes::DISK_FULL,
        limits::FREE_SPACE..limits::FREE_SPACE_SENSIBLE => &codes::DISK_LOW,
        _ => return None,
    };
    Some(Finding::of(NAME, known, format!("{} MiB of the database's disk are free", free >> 20)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::DatabaseUrl;

    async fn opened(path: &Path) -> Result<(), &'static str> {
        let location = Location::file(path.to_owned());
        let store = open(&location).await.map_err(|finding| finding.code)?;
        store.close().await;
        Ok(())
    }

    #[tokio::test]
    async fn only_a_database_of_this_version_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loggin.db");
        assert_eq!(opened(&path).await, Err("store_missing"));
        assert!(!path.exists(), "the doctor makes none");
        let location = Location::file(path.clone());
        store::open(&location, 1, Arc::new(())).await.unwrap().close().await;
        assert_eq!(opened(&path).await, Ok(()));
        let latest = location.version();
        for (version, code) in [(latest - 1, "store_older"), (latest + 1, "store_newer")] {
            let database = rusqlite::Connection::open(&path).unwrap();
            database.pragma_update(None, "user_version", version).unwrap();
            drop(database);
            assert_eq!(opened(&path).await, Err(code));
            let database = rusqlite::Connection::open(&path).unwrap();
            let left: u32 = database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
            assert_eq!(left, version);
        }
        let foreign = folder.path().join("other.db");
        rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        assert_eq!(opened(&foreign).await, Err("store_foreign"));
        std::fs::write(&foreign, "no database at all, but a text of some length").unwrap();
        assert_eq!(opened(&foreign).await, Err("store_fails"));
    }

    #[tokio::test]
    async fn a_postgresql_is_looked_at_like_a_file() {
        let Some(cluster) = store::tests::cluster::shared() else { return };
        let code = async |url: &str| {
            let location = Location::parse(&DatabaseUrl::new(url)).unwrap();
            assert!(location.free_space().is_none());
            let store = open(&location).await.map_err(|finding| finding.code)?;
            let looked = look(&*store).await.unwrap();
            store.close().await;
            Ok::<_, &str>(looked.iter().map(|finding| finding.code).collect::<Vec<_>>())
        };
        let url = cluster.database();
        assert_eq!(code(&url).await, Err("store_missing"));
        let location = Location::parse(&DatabaseUrl::new(&url)).unwrap();
        store::open(&location, 1, Arc::new(())).await.unwrap().close().await;
        assert_eq!(code(&url).await, Ok(vec!["no_apps"]));
        let (database, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        // One step alone has no neighbour's number in its way.
        let alone = "DELETE FROM refinery_schema_history h
            WHERE version < (SELECT max(version) FROM refinery_schema_history)";
        database.batch_execute(alone).await.unwrap();
        for (change, expected) in [("+ 1", "store_newer"), ("- 2", "store_older")] {
            let sql = format!("UPDATE refinery_schema_history SET version = version {change}");
            database.batch_execute(&sql).await.unwrap();
            assert_eq!(code(&url).await, Err(expected));
        }
        database.batch_execute("DROP TABLE refinery_schema_history").await.unwrap();
        assert_eq!(code(&url).await, Err("store_foreign"));
        assert_eq!(code("postgres://127.0.0.1:9/loggin?user=a&connect_timeout=5").await, Err("store_fails"));
    }

    #[test]
    fn the_disk_is_judged_by_what_is_free() {
        let code = |free| room(free).map(|found| found.code);
        assert_eq!(code(0), Some("disk_full"));
        assert_eq!(code(limits::FREE_SPACE), Some("disk_low"));
        assert_eq!(code(limits::FREE_SPACE_SENSIBLE), None);
    }
}
