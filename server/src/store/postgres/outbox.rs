//! Messages that people are owed, in PostgreSQL.

use std::time::Duration;

use async_trait::async_trait;
use loggin_protocol::Code;
use serde_json::json;
use tokio_postgres::types::Type;

use super::{
    PostgresStore,
    rows::{self, tolerated},
    writes,
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{
        Attempt, Begun, DueMessage, Ended, Login, MessageState, OutboxMessage, OutboxStore, Store, StoreError,
    },
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

// Those that are over, and those so far ahead that a clock which was wrong wrote them.
const DUE: &str = "(SELECT * FROM outbox WHERE state <= 1 AND due_at <= $1 ORDER BY due_at LIMIT $3)
    UNION ALL (SELECT * FROM outbox WHERE state <= 1 AND due_at > $2 ORDER BY due_at LIMIT $3)";

#[async_trait]
impl OutboxStore for PostgresStore {
    async fn due_messages(&self, now: UnixMillis, limit: u32) -> Result<Vec<DueMessage>, StoreError> {
        let (beyond, most) = ((now + limits::MESSAGE_PAUSE_MAX).0, i64::from(limit));
        let values: [_; 3] =
            [(&now.0 as _, Type::INT8), (&beyond as _, Type::INT8), (&most as _, Type::INT8)];
        let rows = self.connections.rows(DUE, &values).await?;
        let messages = rows.iter().map(|row| tolerated(rows::message(row)));
        let messages: Vec<Option<OutboxMessage>> = messages.collect::<Result<_, _>>()?;
        let messages: Vec<OutboxMessage> = messages.into_iter().flatten().take(limit as usize).collect();
        let codes: Vec<Code> = messages.iter().map(|message| message.code).collect();
        let logins: Vec<Login> = self.logins(&codes).await?;
        let with_login = |message: OutboxMessage| {
            let login = logins.iter().find(|login| login.code == message.code).cloned();
            DueMessage { message, login }
        };
        Ok(messages.into_iter().map(with_login).collect())
    }

    async fn next_message(&self) -> Result<Option<UnixMillis>, StoreError> {
        self.moment("SELECT min(due_at) FROM outbox WHERE state <= 1").await
    }

    async fn oldest_message(&self) -> Result<Option<UnixMillis>, StoreError> {
        self.moment("SELECT min(queued_at) FROM outbox WHERE state <= 1").await
    }

    async fn begin_message(&self, attempt: Attempt) -> Result<Begun, StoreError> {
        let begun = self.write_other(writes::begin_message(&attempt)).await?;
        match begun["begun"].as_str() {
            Some("taken") => Ok(Begun::Taken),
            Some("gone") => Ok(Begun::Gone),
            Some("later") => {
                let at = begun["at"].as_i64().ok_or(StoreError::Unreadable("moment"))?;
                Ok(Begun::Later(UnixMillis(at)))
            }
            _ => Err(StoreError::Unreadable("outcome")),
        }
    }

    async fn end_message(
        &self,
        code: Code,
        serial: i64,
        ended: Ended,
        recipient: [u8; 32],
    ) -> Result<(), StoreError> {
        let code = code.expose();
        let is_sent = matches!(ended, Ended::Finally { state: MessageState::Sent, .. });
        let counted = is_sent.then(|| writes::history_message(code.as_ref(), serial));
        let end = writes::end_message(code.as_ref(), serial, ended, &recipient);
        self.write_others(std::iter::once(end).chain(counted).collect()).await.map(drop)
    }

    async fn purge_outbox_counts(&self, now: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        let purge =
            json!({ "write": "purge_outbox_counts", "before": (now - DAY).0, "now": now.0, "limit": limit });
        self.write_rows(purge).await
    }
}

impl PostgresStore {
    async fn moment(&self, sql: &str) -> Result<Option<UnixMillis>, StoreError> {
        let row = self.connections.first(sql, &[]).await?;
        let moment = row.map(|row| row.try_get::<_, Option<i64>>(0)).transpose();
        let moment = moment.map_err(|error| super::failure::failed(&error))?;
        Ok(moment.flatten().map(UnixMillis))
    }
}
