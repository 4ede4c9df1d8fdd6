//! People at apps, in PostgreSQL: what the functions of the migrations take and give.

use async_trait::async_trait;
use loggin_protocol::{AppKey, PhoneNumber};
use serde_json::{Map, Value, json};
use tokio_postgres::types::Type;

use super::{
    PostgresStore, rows,
    writer::outcome_of,
    writes::{app_event, hex, text},
};
use crate::{
    phones,
    store::{ChangeOutcome, IdentityStore, MessageId, PeopleChange, Person, PersonQuery, StoreError},
};

fn query(query: &PersonQuery) -> Value {
    json!({
        "app_key": query.app_key.as_ref().map(AppKey::as_str),
        "phone_name": query.phone_name,
        "user_id": query.user_id.as_deref().map(text),
        "parent_user_id": query.parent_user_id.as_deref().map(text),
        "left_phone": query.left_phone.iter().map(|mac| hex(mac)).collect::<Vec<_>>(),
    })
}

fn person(person: &Person) -> Value {
    json!({
        "app_key": person.app_key.as_str(),
        "subject": person.subject.expose(),
        "version": person.version,
        "phone": person.phone.as_ref().map(PhoneNumber::expose),
        "phone_name": person.phone.as_ref().map(phones::name),
        "phone_shown": person.phone_shown,
        "user_id": person.user_id.as_deref().map(text),
        "parent_user_id": person.parent_user_id.as_deref().map(text),
        "identity_key": person.identity_key.map(|hash| hex(&hash)),
        "left_phone": person.left_phone.map(|mac| hex(&mac)),
        "changes": person.changes,
        "told": person.told,
    })
}

/// What becomes of people, as `write_people` of the migrations takes it.
pub(super) fn people_change(change: &PeopleChange) -> Value {
    let removed = change.removed.iter();
    let seen = change.seen.iter().map(|(wanted, found)| {
        let found = found.iter().map(|(subject, version)| (subject.expose(), Value::from(*version)));
        json!({ "query": query(wanted), "found": found.collect::<Map<_, _>>() })
    });
    let mut write = json!({
        "seen": seen.collect::<Vec<_>>(),
        "put": change.put.iter().map(person).collect::<Vec<_>>(),
        "removed": removed
            .map(|(app_key, subject)| json!({ "app_key": app_key.as_str(), "subject": subject.expose() }))
            .collect::<Vec<_>>(),
        "events": change.events.iter().map(app_event).collect::<Vec<_>>(),
    });
    if let Some((app_key, told)) = &change.told {
        write["told"] = json!({
            "app_key": app_key.as_str(),
            "subject": told.subject.expose(),
            "changes": told.changes,
        });
    }
    write
}

#[async_trait]
impl IdentityStore for PostgresStore {
    async fn people(&self, queries: &[PersonQuery]) -> Result<Vec<Person>, StoreError> {
        const SELECT: &str =
            "SELECT DISTINCT p.* FROM jsonb_array_elements($1::text::jsonb) q, people_found(q) p";
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let queries = Value::Array(queries.iter().map(query).collect()).to_string();
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
