//! One person in all tables of SQLite.

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use loggin_protocol::{AppKey, PhoneNumber};
use rusqlite::{Connection, Row, params, types::ValueRef};
use serde_json::{Map, Value, json};

use super::{
    admin,
    connections::{all, first, tolerated},
    rows,
    writer::{Exclusive, Work},
};
use crate::store::{
    ClearName, PeopleStore, PersonCounts, PersonNames, PersonRow, SealedResponse, SqliteStore, StoreError,
    Trail,
    admin::{EXPORT_PERSON, FORGET_PERSON, REVEAL_NUMBER},
};

// The names come as one JSON object, in which MACs are hexadecimal.
const IN_PHONES: &str = "IN (SELECT value FROM json_each(?1, '$.phones'))";
const IN_USER_IDS: &str = "IN (SELECT value FROM json_each(?1, '$.user_ids'))";
const IN_RECIPIENTS: &str = "IN (SELECT unhex(value) FROM json_each(?1, '$.recipients'))";
/// The first bytes of the same, by which the history is found.
const IN_BUCKETS: &str = "IN (SELECT substr(unhex(value), 1, 1) FROM json_each(?1, '$.recipients'))";
const IN_SUBJECTS: &str = "IN (SELECT unhex(value) FROM json_each(?1, '$.subjects'))";
const IN_CALLS: &str = "IN (SELECT unhex(value) FROM json_each(?1, '$.calls'))";

/// Each table with the rows that a person is in, in the order in which they are deleted: what leads to others goes last.
fn tables() -> [(&'static str, String); 17] {
    let login = format!("phone {IN_PHONES} OR user_id {IN_USER_IDS}");
    let session =
        format!("phone {IN_PHONES} OR wa_id {IN_PHONES} OR user_id {IN_USER_IDS} OR subject {IN_SUBJECTS}");
    let of_session = format!("session_id IN (SELECT session_id FROM otp_sessions WHERE {session})");
    let of_login = format!("code IN (SELECT code FROM logins WHERE {login})");
    // The issuer knows people by their subjects, which lead to nobody once the rows of `people` are gone.
    let known = format!("subject IN (SELECT subject FROM people WHERE {login})");
    [
        ("issuer_sessions", known.clone()),
        ("admins", format!("phone {IN_PHONES}")),
        ("openid_consents", known.clone()),
        ("openid_devices", known.clone()),
        ("openid_grants", known),
        ("otp_answers", format!("call_hash {IN_CALLS} OR {of_session}")),
        ("outbox", format!("recipient {IN_RECIPIENTS} OR {of_login}")),
        ("outbox_counts", format!("name {IN_RECIPIENTS}")),
        ("otp_recipients", format!("recipient {IN_RECIPIENTS}")),
        ("otp_phones", format!("subject {IN_SUBJECTS}")),
        ("otp_aliases", format!("subject {IN_SUBJECTS} OR account {IN_SUBJECTS}")),
        ("otp_test_numbers", format!("phone {IN_PHONES}")),
        ("otp_sessions", session),
        ("webhook_deliveries", login.clone()),
        ("people", login.clone()),
        ("history", format!("substr(recipient, 1, 1) {IN_BUCKETS} AND recipient {IN_RECIPIENTS}")),
        ("logins", login),
    ]
}

/// Columns that are nobody's data: the code of a test number lets its holder in.
const WITHHELD: (&str, &str) = ("otp_test_numbers", "code");

fn as_json(names: &PersonNames) -> Value {
    let hex = |macs: &[[u8; 32]]| macs.iter().map(|mac| HEXLOWER.encode(mac)).collect::<Vec<_>>();
    json!({
        "phones": names.phones,
        "user_ids": names.user_ids,
        "recipients": hex(&names.recipients),
        "subjects": hex(&names.subjects),
        "calls": hex(&names.calls),
    })
}

/// The names with the accounts that their subjects count for, and all subjects that count for these.
fn with_accounts(db: &Connection, mut names: PersonNames) -> Result<PersonNames, StoreError> {
    const ACCOUNTS: &str = "SELECT account AS name FROM otp_aliases
        WHERE subject IN (SELECT unhex(value) FROM json_each(?1, '$.subjects'))
        UNION SELECT subject AS name FROM otp_aliases WHERE account IN (
            SELECT unhex(value) FROM json_each(?1, '$.subjects')
            UNION SELECT account FROM otp_aliases
            WHERE subject IN (SELECT unhex(value) FROM json_each(?1, '$.subjects')))";
    let found = all(db, ACCOUNTS, [as_json(&names).to_string()], |row| rows::hash(row, "name"))?;
    names.subjects.extend(found.into_iter().flatten());
    Ok(names)
}

/// The columns of a row that are no bytes: those are MACs, hashes, or sealed.
fn columns(row: &Row<'_>, table: &str) -> Result<Map<String, Value>, StoreError> {
    let mut columns = Map::new();
    let names: Vec<String> = row.as_ref().column_names().map(str::to_owned).collect();
    for (position, name) in names.into_iter().enumerate() {
        if (table, name.as_str()) == WITHHELD {
            continue;
        }
        let value = match row.get_ref(position)? {
            ValueRef::Null | ValueRef::Blob(_) => continue,
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => number.into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        };
        columns.insert(name, value);
    }
    Ok(columns)
}

fn export(db: &Connection, names: PersonNames) -> Result<Vec<PersonRow>, StoreError> {
    let names = as_json(&with_accounts(db, names)?).to_string();
    let mut found = Vec::new();
    for (table, condition) in tables() {
        let mut statement = db.prepare(&format!("SELECT * FROM {table} WHERE {condition}"))?;
        let mut rows = statement.query([&names])?;
        while let Some(row) = rows.next()? {
            found.push(PersonRow { table, columns: columns(row, table)? });
        }
    }
    Ok(found)
}

fn forget(db: &Connection, names: PersonNames) -> Result<PersonCounts, StoreError> {
    let names = as_json(&with_accounts(db, names)?).to_string();
    let mut counts = PersonCounts::new();
    for (table, condition) in tables() {
        let deleted = db.execute(&format!("DELETE FROM {table} WHERE {condition}"), [&names])?;
        if deleted > 0 {
            counts.insert(table, deleted as u64);
        }
    }
    Ok(counts)
}

fn clear_name(row: &Row<'_>) -> Result<ClearName, StoreError> {
    let phones = [rows::phone_number(row, "phone")?, rows::phone_number(row, "wa_id")?];
    Ok(ClearName { phones: phones.into_iter().flatten().collect(), user_id: row.get("user_id")? })
}

fn clear_names(db: &Connection) -> Result<Vec<ClearName>, StoreError> {
    const SELECT: &str = "SELECT phone, NULL AS wa_id, user_id FROM logins
        WHERE phone IS NOT NULL OR user_id IS NOT NULL
        UNION ALL SELECT phone, wa_id, user_id FROM otp_sessions WHERE phone IS NOT NULL
        UNION ALL SELECT phone, NULL AS wa_id, user_id FROM webhook_deliveries
        WHERE phone IS NOT NULL OR user_id IS NOT NULL";
    let found = all(db, SELECT, [], |row| tolerated(clear_name(row)))?;
    Ok(found.into_iter().flatten().collect())
}

fn sealed(row: &Row<'_>) -> Result<SealedResponse, StoreError> {
    let call = rows::hash(row, "call_hash")?.ok_or(StoreError::Unreadable("hash"))?;
    Ok(SealedResponse { call, response: row.get("answer")? })
}

/// Takes what was deleted out of the log beside the file too, as far as nobody reads in it now.
fn clear_log(db: &Connection) -> Result<(), StoreError> {
    first(db, "PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map(drop)
}

#[async_trait]
impl PeopleStore for SqliteStore {
    async fn has_names_of_codes(&self) -> Result<bool, StoreError> {
        const SELECT: &str = "SELECT EXISTS (SELECT 1 FROM otp_phones) OR EXISTS (SELECT 1 FROM otp_answers)";
        let found = self.readers.read(|db| first(db, SELECT, [], |row| Ok(row.get(0)?)));
        Ok(found.await?.unwrap_or(false))
    }

    async fn clear_names(&self) -> Result<Vec<ClearName>, StoreError> {
        self.readers.read(clear_names).await
    }

    async fn sealed_responses(&self) -> Result<Vec<SealedResponse>, StoreError> {
        const SELECT: &str = "SELECT call_hash, answer FROM otp_answers WHERE answer IS NOT NULL";
        self.readers.read(|db| all(db, SELECT, [], sealed)).await
    }

    async fn numbers_ending(
        &self,
        app_key: AppKey,
        end: String,
        limit: u32,
    ) -> Result<Vec<PhoneNumber>, StoreError> {
        const SELECT: &str = "SELECT phone FROM people
            WHERE app_key = ?1 AND phone IS NOT NULL AND substr(phone, -length(?2)) = ?2 ORDER BY subject LIMIT ?3";
        let found = self.readers.read(move |db| {
            all(db, SELECT, params![app_key.as_str(), end, limit], |row| rows::phone_number(row, "phone"))
        });
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn note_reveal(&self, trail: Trail) -> Result<(), StoreError> {
        self.write_exclusive(move |db| {
            admin::note_row(db, &trail.actor, trail.at, [REVEAL_NUMBER, &trail.person, ""])
        })
        .await
    }

    async fn export_person(&self, names: PersonNames, trail: Trail) -> Result<Vec<PersonRow>, StoreError> {
        self.write_exclusive(move |db| {
            let rows = export(db, names)?;
            admin::note_row(db, &trail.actor, trail.at, [EXPORT_PERSON, &trail.person, ""])?;
            Ok(rows)
        })
        .await
    }

    async fn forget_person(&self, names: PersonNames, trail: Trail) -> Result<PersonCounts, StoreError> {
        let forgotten = self.write_exclusive(move |db| {
            let counts = forget(db, names)?;
            let tables = counts.keys().copied().collect::<Vec<_>>().join(" ");
            admin::note_row(db, &trail.actor, trail.at, [FORGET_PERSON, &trail.person, &tables])?;
            Ok(counts)
        });
        let counts = forgotten.await?;
        let clearing: Exclusive = Box::new(|db| {
            if let Err(error) = clear_log(db) {
                tracing::warn!(%error, "what was forgotten may stand beside the database for a while");
            }
        });
        self.jobs.send(Work::Exclusive(clearing).into()).await.map_err(|_| StoreError::Busy)?;
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::Arc};

    use super::*;
    use crate::store::{
        OutboxStore, Store,
        people::{WITH_PEOPLE, WITHOUT_PEOPLE},
        tests::{
            dump,
            people::{Somebody, trail},
        },
    };

    #[tokio::test]
    async fn of_every_table_it_is_known_whether_it_can_hold_a_person() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loggin.db");
        let store = SqliteStore::open(&path, 1, Arc::new(())).await.unwrap();
        store.close().await;
        let tables = dump::tables(&path);
        let found: BTreeSet<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
        let known = WITH_PEOPLE.into_iter().chain(WITHOUT_PEOPLE.iter().map(|(name, _)| *name));
        // The last is SQLite's own.
        let known = known.chain(["sqlite_sequence"]);
        assert_eq!(found, known.collect(), "a new table belongs to one of the two lists");
        let covered: BTreeSet<&str> = super::tables().into_iter().map(|(name, _)| name).collect();
        assert_eq!(covered, BTreeSet::from(WITH_PEOPLE));
    }

    #[tokio::test]
    async fn who_is_forgotten_is_nowhere_in_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loggin.db");
        let store = SqliteStore::open(&path, 1, Arc::new(())).await.unwrap();
        for number in 1..=2 {
            Somebody(number).enter(&store).await;
        }
        let names = |somebody: Somebody| [somebody.phone().expose().to_owned(), somebody.user_id()];
        let found = |somebody: Somebody| {
            let names = names(somebody);
            dump::where_found(&path, &[&names[0], &names[1]])
        };
        assert!(!found(Somebody(1)).is_empty());
        store.forget_person(Somebody(1).names(), trail()).await.unwrap();
        // What is written after it waits for what clears the log.
        store.purge_outbox_counts(crate::clock::UnixMillis(0), 1).await.unwrap();
        assert_eq!(found(Somebody(1)), Vec::<String>::new());
        assert!(!found(Somebody(2)).is_empty());
    }
}
