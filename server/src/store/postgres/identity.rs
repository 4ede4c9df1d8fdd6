//! People at apps, in PostgreSQL: what the functions of the migrations take and give.

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_postgres::types::Type;

use super::{
    PostgresStore, rows,
    writer::outcome_of,
    writes::{hex, people_change, person_query, text},
};
use crate::store::{ChangeOutcome, IdentityStore, MessageId, PeopleChange, Person, PersonQuery, StoreError};

#[async_trait]
impl IdentityStore for PostgresStore {
    async fn people(&self, queries: &[PersonQuery]) -> Result<Vec<Person>, StoreError> {
        const SELECT: &str =
            "SELECT DISTINCT p.* FROM jsonb_array_elements($1::text::jsonb) q, people_found(q) p";
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let queries = Value::Array(queries.iter().map(person_query).collect()).to_string();
        let found = self.connections.rows(SELECT, &[(&queries, Type::TEXT)]).await?;
        found.iter().map(rows::person).collect()
    }

    async fn change_people(
        &self,
        change: PeopleChange,
        message: Option<MessageId>,
    ) -> Result<ChangeOutcome, StoreError> {
        let mut write = json!({ "people": people_change(&change) });
        if let Some(message) = message {
            write["phone_number_id"] = text(&message.phone_number_id).into();
            write["message_hash"] = hex(&message.hash).into();
            write["received_at"] = message.received_at.0.into();
        }
        let outcome = self.write_other(write).await?;
        outcome_of(outcome.as_i64().ok_or(StoreError::Unreadable("outcome"))?)
    }
}
