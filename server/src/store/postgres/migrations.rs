//! The tables in PostgreSQL, brought to the version of this program.

use refinery::{Migration, Runner, error::Kind};
use tokio_postgres::{Client, Error, Transaction, types::Type};

use super::{
    failure::{PAUSE, failed},
    server::Server,
};
use crate::store::StoreError;

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// Where it is noted what was done to the tables.
const HISTORY: &str = "refinery_schema_history";

/// Whom the lock of those who start together is for: the name, in bytes.
pub(super) const LOCK: i64 = i64::from_be_bytes(*b"\0\0loggin");

/// The version that this program knows.
pub(in crate::store) fn latest() -> u32 {
    version_of(runner().get_migrations())
}

fn runner() -> Runner {
    embedded::migrations::runner()
}

fn version_of(migrations: &[Migration]) -> u32 {
    let latest = migrations.iter().map(Migration::version).max();
    latest.and_then(|version| u32::try_from(version).ok()).unwrap_or_default()
}

/// Brings the tables to this version, or refuses them.
///
/// The lock is one of a transaction that stays open on a connection of its own meanwhile: a pooler that changes connections
/// between transactions leaves that one alone, and the lock ends with it. Nobody waits for it in a transaction, which would
/// take a connection that the pooler may have no second one of.
pub(super) async fn migrate(server: &Server, client: &mut Client) -> Result<(), StoreError> {
    let mut is_told = false;
    // What somebody else is at looks like anything: only under the lock it is judged.
    while version(client).await.ok() != Some(latest()) {
        let mut other = server.connect().await?;
        let lock = other.transaction().await.map_err(|error| failed(&error))?;
        if is_locked(&lock).await.map_err(|error| failed(&error))? {
            let migrated = migrate_alone(client).await;
            // It ends with its connection in any case.
            let _ = lock.rollback().await;
            return migrated;
        }
        drop(lock);
        if !std::mem::replace(&mut is_told, true) {
            tracing::info!("another server makes the tables, and is waited for");
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Takes the lock, unless somebody else has it.
async fn is_locked(transaction: &Transaction<'_>) -> Result<bool, Error> {
    // It says nothing for as long as the steps take.
    transaction.batch_execute("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
    let locked =
        transaction.query_typed("SELECT pg_try_advisory_xact_lock($1)", &[(&LOCK, Type::INT8)]).await?;
    locked.first().map_or(Ok(false), |row| row.try_get(0))
}

async fn migrate_alone(client: &mut Client) -> Result<(), StoreError> {
    let before = version(client).await?;
    // Somebody else may have done it meanwhile.
    if before == latest() {
        return Ok(());
    }
    // All steps in one transaction: a step that fails leaves nothing behind.
    let ran = runner().set_grouped(true).run_async(client).await;
    ran.map_err(|error| match error.kind() {
        Kind::MissingVersion(_) | Kind::DivergentVersion(..) => StoreError::Newer,
        _ => StoreError::Database(Box::new(error)),
    })?;
    tracing::info!(before, version = latest(), "the tables were made");
    Ok(())
}

/// The version of the tables there, of which nothing is changed; `None` where there are none.
pub(in crate::store) async fn version_at(server: &Server) -> Result<Option<u32>, StoreError> {
    let version = version(&server.connect().await?).await?;
    Ok(Some(version).filter(|version| *version > 0))
}

/// The version of the tables; 0 where there are none. An error where they are not ours, or of a later version.
async fn version(client: &Client) -> Result<u32, StoreError> {
    const TABLES: &str = "SELECT count(*) FILTER (WHERE relname = $1) AS history,
        count(*) FILTER (WHERE relname = 'changes') AS ours, count(*) AS tables
        FROM pg_class c WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"; // an extension's
    const VERSION: &str = "SELECT coalesce(max(version), 0)::bigint FROM refinery_schema_history";
    let read = |error: Error| failed(&error);
    let values: [super::connections::Value<'_>; 1] = [(&HISTORY, Type::TEXT)];
    let row = client.query_typed_one(TABLES, &values).await.map_err(read)?;
    let count = |name: &str| row.try_get::<_, i64>(name).map_err(read);
    let (history, ours, tables) = (count("history")?, count("ours")?, count("tables")?);
    // Its history is made before everything else, and may be all that there is.
    if tables == history {
        return Ok(0);
    }
    if history == 0 || ours == 0 {
        return Err(StoreError::Foreign);
    }
    let row = client.query_typed_one(VERSION, &[]).await.map_err(read)?;
    let version: i64 = row.try_get(0).map_err(read)?;
    let version = u32::try_from(version).map_err(|_| StoreError::Foreign)?;
    if version > latest() { Err(StoreError::Newer) } else { Ok(version) }
}

/// Makes the tables in the empty database of a URL, and leaves it.
#[cfg(test)]
pub(crate) async fn make_tables(url: &str) {
    let server = Server::parse(url).unwrap();
    migrate(&server, &mut server.connect().await.unwrap()).await.unwrap();
}

/// Tables as an earlier version of this program made them.
#[cfg(test)]
pub(super) async fn migrate_to(client: &mut Client, version: u32) {
    let target = refinery::Target::Version(i32::try_from(version).unwrap());
    runner().set_target(target).run_async(client).await.unwrap();
}
