//! People at apps, in SQLite.

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use rusqlite::{Connection, ToSql, params};

use super::{
    SqliteStore,
    connections::{all, execute},
    messages, rows, webhooks,
};
use crate::{
    phones,
    store::{ChangeOutcome, IdentityStore, MessageId, PeopleChange, Person, PersonQuery, StoreError},
};

/// A part for each name, so that each is found by its index.
const SELECT: &str = "SELECT * FROM people WHERE phone_name = ?1 AND (?5 IS NULL OR app_key = ?5)
    UNION SELECT * FROM people WHERE user_id = ?2 AND (?5 IS NULL OR app_key = ?5)
    UNION SELECT * FROM people WHERE parent_user_id = ?3 AND (?5 IS NULL OR app_key = ?5)
    UNION SELECT * FROM people WHERE left_phone IN (SELECT unhex(value) FROM json_each(?4))
        AND (?5 IS NULL OR app_key = ?5)";

fn find(db: &Connection, query: &PersonQuery) -> Result<Vec<Person>, StoreError> {
    let left: Vec<String> = query.left_phone.iter().map(|mac| HEXLOWER.encode(mac)).collect();
    let left = serde_json::to_string(&left).map_err(|_| StoreError::Unreadable("hash"))?;
    let app_key = query.app_key.map(|app_key| app_key.as_str().to_owned());
    let values = params![query.phone_name, query.user_id, query.parent_user_id, left, app_key];
    all(db, SELECT, values, rows::person)
}

/// Whether those that a decision was made upon are as they were.
pub(super) fn are_as_seen(db: &Connection, change: &PeopleChange) -> Result<bool, StoreError> {
    for (query, seen) in &change.seen {
        let mut found: Vec<_> =
            find(db, query)?.iter().map(|person| (person.subject, person.version)).collect();
        found.sort_unstable();
        if found != *seen {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes people, and what apps are told of them.
pub(super) fn write(db: &Connection, change: &PeopleChange) -> Result<(), StoreError> {
    const TOLD: &str = "UPDATE people SET told = max(told, ?3) WHERE app_key = ?1 AND subject = ?2";
    const DELETE: &str = "DELETE FROM people WHERE app_key = ?1 AND subject = ?2";
    // All of them first: what one had may be another's now.
    let put = change.put.iter().map(|person| (person.app_key, person.subject));
    for (app_key, subject) in put.chain(change.removed.iter().copied()) {
        execute(db, DELETE, params![app_key.as_str(), subject.expose()])?;
    }
    for person in &change.put {
        insert(db, person)?;
    }
    if let Some((app_key, told)) = &change.told {
        execute(db, TOLD, params![app_key.as_str(), told.subject.expose(), told.changes])?;
    }
    change.events.iter().try_for_each(|event| webhooks::queue(db, event).map(drop))
}

fn insert(db: &Connection, person: &Person) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO people
        (app_key, subject, version, phone, phone_name, phone_shown, user_id, parent_user_id, identity_key, left_phone,
         changes, told)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let values: &[&dyn ToSql] = params![
        person.app_key.as_str(),
        person.subject.expose(),
        person.version,
        person.phone.as_ref().map(loggin_protocol::PhoneNumber::expose),
        person.phone.as_ref().map(phones::name),
        person.phone_shown,
        person.user_id,
        person.parent_user_id,
        person.identity_key.as_ref().map(<[u8; 32]>::as_slice),
        person.left_phone.as_ref().map(<[u8; 32]>::as_slice),
        person.changes,
        person.told,
    ];
    execute(db, INSERT, values).map(drop)
}

#[async_trait]
impl IdentityStore for SqliteStore {
    async fn people(&self, queries: &[PersonQuery]) -> Result<Vec<Person>, StoreError> {
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let queries = queries.to_vec();
        let found = self.readers.read_few(move |db| {
            let mut found: Vec<Person> = Vec::new();
            for query in &queries {
                for person in find(db, query)? {
                    if !found.iter().any(|known| known.subject == person.subject) {
                        found.push(person);
                    }
                }
            }
            Ok(found)
        });
        found.await
    }

    async fn change_people(
        &self,
        change: PeopleChange,
        message: Option<MessageId>,
    ) -> Result<ChangeOutcome, StoreError> {
        let written = self.write_grouped(move |db| {
            if !are_as_seen(db, &change)? {
                return Ok(ChangeOutcome::Conflict);
            }
            if let Some(message) = &message
                && !messages::remember(db, message)?
            {
                return Ok(ChangeOutcome::Duplicate);
            }
            write(db, &change)?;
            Ok(ChangeOutcome::Applied)
        });
        written.await
    }
}
