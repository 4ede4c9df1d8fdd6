//! One person in all tables of PostgreSQL.

use async_trait::async_trait;
use loggin_protocol::{AppKey, PhoneNumber};
use serde_json::{Map, Value, json};
use tokio_postgres::types::Type;

use super::{
    PostgresStore, acts,
    connections::Value as Bound,
    rows::{self, tolerated, value},
    writes::{hex, text},
};
use crate::store::{
    ClearName, PeopleStore, PersonCounts, PersonNames, PersonRow, SealedResponse, StoreError, Trail,
    admin::{EXPORT_PERSON, FORGET_PERSON, REVEAL_NUMBER},
    people::WITH_PEOPLE,
};

/// A write that tells of a person or forgets them, and is noted as this act.
fn write(name: &str, act: &str, names: &PersonNames, trail: &Trail) -> Value {
    let macs = |macs: &[[u8; 32]]| macs.iter().map(|mac| hex(mac)).collect::<Vec<_>>();
    json!({
        "write": name,
        "names": {
            "phones": names.phones,
            "user_ids": names.user_ids.iter().map(|id| text(id)).collect::<Vec<_>>(),
            "recipients": macs(&names.recipients),
            "subjects": macs(&names.subjects),
            "calls": macs(&names.calls),
        },
        // The database says which tables there were.
        "note": acts::note(&trail.actor, trail.at, [act, &trail.person, ""]),
    })
}

fn table(name: &str) -> Result<&'static str, StoreError> {
    WITH_PEOPLE.into_iter().find(|known| *known == name).ok_or(StoreError::Unreadable("table"))
}

fn person_row(row: &Value) -> Result<PersonRow, StoreError> {
    let columns: Option<&Map<String, Value>> = row["columns"].as_object();
    Ok(PersonRow {
        table: table(row["table"].as_str().unwrap_or_default())?,
        columns: columns.ok_or(StoreError::Unreadable("row"))?.clone(),
    })
}

#[async_trait]
impl PeopleStore for PostgresStore {
    async fn has_names_of_codes(&self) -> Result<bool, StoreError> {
        const SELECT: &str =
            "SELECT EXISTS (SELECT FROM otp_phones) OR EXISTS (SELECT FROM otp_answers) AS found";
        let row = self.connections.first(SELECT, &[]).await?;
        row.map_or(Ok(false), |row| value(&row, "found"))
    }

    async fn clear_names(&self) -> Result<Vec<ClearName>, StoreError> {
        const SELECT: &str = "SELECT phone, NULL::text AS wa_id, user_id FROM logins
            WHERE phone IS NOT NULL OR user_id IS NOT NULL
            UNION ALL SELECT phone, wa_id, user_id FROM otp_sessions WHERE phone IS NOT NULL
            UNION ALL SELECT phone, NULL::text AS wa_id, user_id FROM webhook_deliveries
            WHERE phone IS NOT NULL OR user_id IS NOT NULL";
        let rows = self.connections.rows(SELECT, &[]).await?;
        let found = rows.iter().map(|row| tolerated(rows::clear_name(row)));
        Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    async fn sealed_responses(&self) -> Result<Vec<SealedResponse>, StoreError> {
        const SELECT: &str = "SELECT call_hash, answer FROM otp_answers WHERE answer IS NOT NULL";
        self.connections.rows(SELECT, &[]).await?.iter().map(rows::sealed_response).collect()
    }

    async fn numbers_ending(
        &self,
        app_key: AppKey,
        end: String,
        limit: u32,
    ) -> Result<Vec<PhoneNumber>, StoreError> {
        const SELECT: &str = "SELECT phone FROM people
            WHERE app_key = $1 AND phone IS NOT NULL AND right(phone, length($2)) = $2 ORDER BY subject LIMIT $3";
        let (app_key, limit) = (app_key.as_str(), i64::from(limit));
        let values: [Bound<'_>; 3] = [(&app_key, Type::TEXT), (&end, Type::TEXT), (&limit, Type::INT8)];
        let rows = self.connections.rows(SELECT, &values).await?;
        let found = rows.iter().map(|row| rows::phone_number(row, "phone"));
        Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    async fn note_reveal(&self, trail: Trail) -> Result<(), StoreError> {
        // Of nobody, it tells nothing and is noted.
        let nobody = PersonNames::default();
        self.write_other(write("export_person", REVEAL_NUMBER, &nobody, &trail)).await.map(drop)
    }

    async fn export_person(&self, names: PersonNames, trail: Trail) -> Result<Vec<PersonRow>, StoreError> {
        let found = self.write_other(write("export_person", EXPORT_PERSON, &names, &trail)).await?;
        let rows = found.as_array().ok_or(StoreError::Unreadable("row"))?;
        rows.iter().map(person_row).collect()
    }

    async fn forget_person(&self, names: PersonNames, trail: Trail) -> Result<PersonCounts, StoreError> {
        let counts = self.write_other(write("forget_person", FORGET_PERSON, &names, &trail)).await?;
        let counts = counts.as_object().ok_or(StoreError::Unreadable("count"))?;
        let count = |rows: &Value| rows.as_u64().ok_or(StoreError::Unreadable("count"));
        counts.iter().map(|(name, rows)| Ok((table(name)?, count(rows)?))).collect()
    }
}
