//! The connections that read.
//!
//! Statements are not kept prepared: each goes out with its values in one message, so that it does not matter which of a
//! pooler's connections it meets.

use std::time::Instant;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use tokio::time::timeout;
use tokio_postgres::{
    Error, Row,
    types::{ToSql, Type},
};

use super::{
    failure::{PAUSE, failed, is_away, may_be_tried_again},
    server::Server,
};
use crate::{limits, store::StoreError};

/// A value of a statement, and its type there.
pub(super) type Value<'a> = (&'a (dyn ToSql + Sync), Type);

/// A few connections, made when they are needed.
#[derive(Clone, Debug)]
pub(super) struct Connections(Pool);

impl Connections {
    pub(super) fn new(server: &Server) -> Result<Self, StoreError> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(server.config().clone(), server.tls()?, recycling);
        let pool = Pool::builder(manager)
            .max_size(limits::DATABASE_CONNECTIONS)
            .wait_timeout(Some(limits::DATABASE_PATIENCE))
            .create_timeout(Some(limits::DATABASE_PATIENCE))
            .runtime(Runtime::Tokio1)
            .build();
        pool.map(Self).map_err(|error| StoreError::Database(Box::new(error)))
    }

    /// The rows of a statement that can be run twice: it is, where its connection turns out to have ended.
    pub(super) async fn rows(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        match self.try_rows(sql, values).await? {
            Err(error) if error.is_closed() || may_be_tried_again(&error) => {
                self.try_rows(sql, values).await?.map_err(|error| failed(&error))
            }
            rows => rows.map_err(|error| failed(&error)),
        }
    }

    async fn try_rows(&self, sql: &str, values: &[Value<'_>]) -> Result<Result<Vec<Row>, Error>, StoreError> {
        let connection = self.connection().await?;
        let rows = timeout(limits::DATABASE_TIMEOUT, connection.query_typed(sql, values)).await;
        if rows.is_err() {
            // Nobody else shall wait for what it is still at.
            drop(Object::take(connection));
        }
        rows.map_err(|_| StoreError::NotReady("the database does not respond"))
    }

    /// A connection; where the database is not reached, it is waited for.
    async fn connection(&self) -> Result<Object, StoreError> {
        let given_up = Instant::now() + limits::DATABASE_PATIENCE;
        loop {
            match self.0.get().await {
                Err(PoolError::Backend(error)) if is_away(&error) && Instant::now() < given_up => {
                    tokio::time::sleep(PAUSE).await;
                }
                connection => return connection.map_err(not_given),
            }
        }
    }

    /// The first row of a statement that can be run twice.
    pub(super) async fn first(&self, sql: &str, values: &[Value<'_>]) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Lets nobody else in, and ends the connections.
    pub(super) fn close(&self) {
        self.0.close();
    }
}

fn not_given(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) => failed(&error),
        PoolError::Timeout(_) => StoreError::NotReady("no connection to the database is free"),
        _ => StoreError::Busy,
    }
}
