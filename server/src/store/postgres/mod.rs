//! The store of many machines: a PostgreSQL server that several nodes share.
//!
//! Reads run on a few connections. Everything written goes through one connection of each node, which groups what waits
//! into one statement, see [`writer`]. The statement is a call of `write_group`, which the migrations define.
//!
//! **Order.** `changed_since` must not pass over a change that is committed late. A sequence would: of two transactions
//! the one with the later number may be committed first, and whoever reads then goes on from there. Here every
//! transaction first updates the one row of `changes`, from which it takes its positions, and keeps that row locked until
//! it is committed. The next one gets the lock only after that commit can be seen by all. So positions are committed in
//! their order: whoever sees one sees all before it. The lock costs that one group is written at a time, over all nodes;
//! as groups grow with what waits, that bounds commits in a second, not changes. In return no two writers meet on any
//! row: no deadlocks, nothing to be tried again, and each rule holds across nodes as it does in SQLite. A node that stops
//! in the middle holds nobody up: the transaction is one statement, which the server has as a whole or not at all.

mod acts;
mod admin;
mod connections;
mod failure;
mod gateways;
mod guards;
mod health;
mod history;
mod identity;
mod issuer_sessions;
mod migrations;
mod nodes;
mod notify;
mod openid;
mod otp;
mod outbox;
mod people;
#[cfg(test)]
mod plan_tests;
mod ready;
mod rows;
mod server;
#[cfg(test)]
mod tests;
mod tls;
#[cfg(test)]
mod tls_tests;
mod webhooks;
mod writer;
mod writes;

#[cfg(test)]
pub(crate) use migrations::make_tables;

use std::sync::Arc;

use async_trait::async_trait;
use loggin_protocol::{AppKey, Code};
use serde_json::{Value, json};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};
use tokio_postgres::{Row, types::Type};

use self::{
    connections::Connections,
    ready::Readiness,
    rows::{tolerated, value},
    writer::{Job, Own, SharedOwn, Work, Writer},
    writes::text,
};
use super::{App, Change, ChangeOutcome, Changed, CommitListener, Login, Stage, Store, StoreError};
use crate::{clock::UnixMillis, limits};

pub(super) use migrations::{latest, version_at};
pub(super) use server::Server;

/// A store in a PostgreSQL database.
#[derive(Debug)]
pub(crate) struct PostgresStore {
    connections: Connections,
    jobs: mpsc::Sender<Job>,
    /// Marks this process.
    node: i64,
    /// What marks its changes.
    own: SharedOwn,
    readiness: Readiness,
    /// Rung when another node told of a change.
    heard: Arc<Notify>,
    /// What tells other nodes and listens to them; it ends with the store.
    _notifying: JoinSet<()>,
}

impl PostgresStore {
    /// Opens the database, and brings its tables to this version.
    ///
    /// `node` tells this process apart from others that use the same database; `listener` is told of what this one
    /// commits.
    pub(super) async fn open(
        server: &Server,
        node: i64,
        listener: Arc<dyn CommitListener>,
    ) -> Result<Self, StoreError> {
        let mut client = server.connect().await?;
        migrations::migrate(server, &mut client).await?;
        let connections = Connections::new(server)?;
        let (news, heard) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let mut notifying = JoinSet::new();
        if server.notifies() {
            notifying.spawn(notify::tell(connections.clone(), Arc::clone(&news), node));
            notifying.spawn(notify::listen(server.clone(), Arc::clone(&heard), node));
        }
        let (jobs, queue) = mpsc::channel(limits::WRITE_QUEUE);
        let own = SharedOwn::new(node);
        let readiness = Readiness::default();
        let (server, health) = (server.clone(), readiness.health());
        let writer = Writer { server, client: Some(client), own: own.clone(), listener, health, news };
        tokio::spawn(writer.run(queue));
        Ok(Self { connections, jobs, node, own, readiness, heard, _notifying: notifying })
    }

    async fn send(&self, work: Work) -> Result<(), StoreError> {
        self.jobs.send(work.into()).await.map_err(|_| StoreError::Busy)
    }

    /// Makes writes that need no position, each as `write_other` of the migrations takes it; what became of each.
    async fn write_others(&self, writes: Vec<Value>) -> Result<Vec<Value>, StoreError> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let (done, written) = oneshot::channel();
        self.send(Work::Others { writes, done }).await?;
        written.await.map_err(|_| StoreError::NotWritten)?
    }

    async fn write_other(&self, write: Value) -> Result<Value, StoreError> {
        self.write_others(vec![write]).await?.pop().ok_or(StoreError::NotWritten)
    }

    /// Makes such a write; how many rows it changed.
    async fn write_rows(&self, write: Value) -> Result<u64, StoreError> {
        self.write_other(write).await?["rows"].as_u64().ok_or(StoreError::Unreadable("count"))
    }
}

fn logins_of(rows: &[Row]) -> Result<Vec<Login>, StoreError> {
    rows.iter().map(rows::login).collect()
}

// The numbers name the tombstones' states: see `State`. Each finds what is over, and what lies further ahead than it can.
const LIVING: &str = "(SELECT * FROM logins WHERE state <= 4 AND deadline <= $1 ORDER BY deadline LIMIT $3)
    UNION ALL (SELECT * FROM logins WHERE state <= 4 AND deadline > $2 ORDER BY deadline LIMIT $3)";

const ENDED: &str = "(SELECT * FROM logins WHERE state > 4 AND deadline <= $1 ORDER BY deadline LIMIT $3)
    UNION ALL (SELECT * FROM logins WHERE state > 4 AND deadline > $2 ORDER BY deadline LIMIT $3)";

const CHANGED: &str = "SELECT * FROM logins WHERE change > $1 AND (node <> $3 OR change > $4)
    ORDER BY change LIMIT $2";

const LEAD: &str = "UPDATE leader SET node = $1, until = clock_timestamp() + $2 * interval '1 millisecond'
    WHERE node = $1 OR until < clock_timestamp() RETURNING 1";

const STEP_DOWN: &str = "UPDATE leader SET until = '-infinity' WHERE node = $1";

#[async_trait]
impl Store for PostgresStore {
    async fn app(&self, app_key: AppKey) -> Result<Option<App>, StoreError> {
        const SELECT: &str = "SELECT * FROM apps WHERE app_key = $1";
        let row = self.connections.first(SELECT, &[(&app_key.as_str(), Type::TEXT)]).await?;
        row.map(|row| rows::app(&row)).transpose()
    }

    async fn apps(&self) -> Result<Vec<App>, StoreError> {
        let rows = self.connections.rows("SELECT * FROM apps ORDER BY created_at, app_key", &[]).await?;
        rows.iter().map(rows::app).collect()
    }

    async fn insert_app(&self, app: &App) -> Result<bool, StoreError> {
        self.put_app("app_create", app).await
    }

    #[cfg(test)]
    async fn update_app(&self, app: &App) -> Result<bool, StoreError> {
        self.put_app("app_update", app).await
    }

    async fn logins(&self, codes: &[Code]) -> Result<Vec<Login>, StoreError> {
        const SELECT: &str = "SELECT * FROM logins WHERE code = ANY ($1)";
        if codes.is_empty() {
            return Ok(Vec::new());
        }
        let codes: Vec<String> = codes.iter().map(Code::expose).collect();
        logins_of(&self.connections.rows(SELECT, &[(&codes, Type::TEXT_ARRAY)]).await?)
    }

    async fn apply(&self, changes: Vec<Change>) -> Result<Vec<ChangeOutcome>, StoreError> {
        let mut changes = changes.into_iter();
        let mut waiting = Vec::new();
        // In parts, so that a stream of 10,000 tokens does not hold up a webhook behind it.
        loop {
            let part: Vec<Change> = changes.by_ref().take(limits::CHANGES_PER_JOB).collect();
            if part.is_empty() {
                break;
            }
            let (done, outcomes) = oneshot::channel();
            self.send(Work::Apply { changes: part, done }).await?;
            waiting.push(outcomes);
        }
        let mut outcomes = Vec::new();
        for part in waiting {
            outcomes.extend(part.await.map_err(|_| StoreError::NotWritten)??);
        }
        Ok(outcomes)
    }

    async fn awaiting_phone(&self, user_id: &str, limit: u32) -> Result<Vec<Login>, StoreError> {
        const SELECT: &str = "SELECT * FROM logins WHERE state = 1 AND user_id = $1
            ORDER BY change DESC LIMIT $2";
        let user_id = text(user_id);
        let values: [_; 2] = [(&user_id as _, Type::TEXT), (&i64::from(limit) as _, Type::INT8)];
        logins_of(&self.connections.rows(SELECT, &values).await?)
    }

    async fn by_reply(&self, reference: &str) -> Result<Option<Login>, StoreError> {
        const SELECT: &str = "SELECT * FROM logins WHERE reply_reference = $1";
        let row = self.connections.first(SELECT, &[(&text(reference), Type::TEXT)]).await?;
        row.map(|row| rows::login(&row)).transpose()
    }

    async fn taken_back(&self, app_key: AppKey, limit: u32) -> Result<Vec<Code>, StoreError> {
        const SELECT: &str =
            "SELECT code FROM logins WHERE app_key = $1 AND state = 7 AND claimed_by IS NOT NULL
            ORDER BY deadline DESC LIMIT $2";
        let values: [_; 2] = [(&app_key.as_str() as _, Type::TEXT), (&i64::from(limit) as _, Type::INT8)];
        self.connections.rows(SELECT, &values).await?.iter().map(rows::code).collect()
    }

    async fn without_result(&self, app_key: AppKey, limit: u32) -> Result<u32, StoreError> {
        const COUNT: &str = "SELECT count(*) FROM
            (SELECT FROM logins WHERE app_key = $1 AND state <= 2 LIMIT $2) found";
        let values: [_; 2] = [(&app_key.as_str() as _, Type::TEXT), (&i64::from(limit) as _, Type::INT8)];
        let count = self.count(COUNT, &values).await?;
        Ok(u32::try_from(count).unwrap_or(limit))
    }

    async fn count_pending(&self) -> Result<u64, StoreError> {
        let count = self.count("SELECT count(*) FROM logins WHERE state <= 2", &[]).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    async fn due(
        &self,
        stage: Stage,
        now: UnixMillis,
        horizon: UnixMillis,
        limit: u32,
    ) -> Result<Vec<Login>, StoreError> {
        let select = match stage {
            Stage::Living => LIVING,
            Stage::Ended => ENDED,
        };
        let most = i64::from(limit);
        let values: [_; 3] =
            [(&now.0 as _, Type::INT8), (&horizon.0 as _, Type::INT8), (&most as _, Type::INT8)];
        let rows = self.connections.rows(select, &values).await?;
        let due: Vec<Option<Login>> =
            rows.iter().map(|row| tolerated(rows::login(row))).collect::<Result<_, _>>()?;
        Ok(due.into_iter().flatten().take(limit as usize).collect())
    }

    async fn trim_lapsed(&self, most: u32, limit: u32) -> Result<u64, StoreError> {
        const CROWDED: &str = "SELECT app_key, count(*) AS lapsed FROM logins WHERE state = 9
            GROUP BY app_key HAVING count(*) > $1";
        let crowded = self.connections.rows(CROWDED, &[(&i64::from(most), Type::INT8)]).await?;
        let mut gone = 0;
        for row in &crowded {
            let excess = (value::<i64>(row, "lapsed")? - i64::from(most)).min(limit.into());
            let app_key = rows::app_key(row)?;
            let trim = json!({ "write": "trim_lapsed", "app_key": app_key.as_str(), "limit": excess });
            gone += self.write_rows(trim).await?;
        }
        Ok(gone)
    }

    async fn purge_messages(
        &self,
        now: UnixMillis,
        before: UnixMillis,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let purge = json!({ "write": "purge_messages", "now": now.0, "before": before.0, "limit": limit });
        self.write_rows(purge).await
    }

    async fn cursor(&self) -> Result<i64, StoreError> {
        let row = self.connections.first("SELECT last FROM changes", &[]).await?;
        row.map_or(Err(StoreError::Unreadable("position")), |row| value(&row, "last"))
    }

    async fn changed_since(&self, cursor: i64, limit: u32) -> Result<Changed, StoreError> {
        // Before the position is read: what is published later is then at worst told twice.
        let Own { node, published } = self.own.get();
        let last = self.cursor().await?;
        if last == cursor {
            return Ok(Changed { logins: Vec::new(), cursor });
        }
        let most = i64::from(limit);
        let values: [_; 4] = [
            (&cursor as _, Type::INT8),
            (&most as _, Type::INT8),
            (&node as _, Type::INT8),
            (&published as _, Type::INT8),
        ];
        let rows = self.connections.rows(CHANGED, &values).await?;
        // Rows written since `last` was read may be among them: they move the cursor further, never past a row.
        let mut reached = if rows.len() < limit as usize { last } else { cursor };
        let mut logins = Vec::with_capacity(rows.len());
        for row in &rows {
            reached = reached.max(value(row, "change")?);
            logins.extend(tolerated(rows::login(row))?);
        }
        Ok(Changed { logins, cursor: reached })
    }

    async fn news(&self) {
        self.heard.notified().await;
    }

    async fn leads(&self) -> Result<bool, StoreError> {
        let lease = writes::millis(limits::LEASE);
        let lease = f64::from(u32::try_from(lease).unwrap_or(u32::MAX));
        let values: [_; 2] = [(&self.node as _, Type::INT8), (&lease as _, Type::FLOAT8)];
        Ok(self.connections.first(LEAD, &values).await?.is_some())
    }

    fn engine(&self) -> &'static str {
        "PostgreSQL"
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.readiness.check(&self.jobs, &self.connections).await
    }

    async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.send(Work::Close(done)).await.is_ok() {
            // An error means that the writer is gone already, with nothing left to write.
            let _ = closed.await;
        }
        // Another node need not wait for the end of the lease. Where that fails, it does.
        let node: [connections::Value<'_>; 1] = [(&self.node, Type::INT8)];
        let _ = timeout(limits::READY_TIMEOUT, self.connections.first(STEP_DOWN, &node)).await;
        self.connections.close();
    }
}

impl PostgresStore {
    async fn count(&self, sql: &str, values: &[connections::Value<'_>]) -> Result<i64, StoreError> {
        let row = self.connections.first(sql, values).await?;
        row.map_or(Ok(0), |row| value(&row, "count"))
    }
}
