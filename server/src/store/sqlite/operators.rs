//! Operators, in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use super::{
    connections::{all, execute},
    rows,
};
use crate::{
    clock::UnixMillis,
    store::{Operator, OperatorStore, Role, SqliteStore, StoreError, rows::Numbered},
};

/// Adds an operator, or gives one another role; `false` where nothing would change, or no owner would be left.
pub(super) fn put(db: &Connection, operator: &Operator) -> Result<bool, StoreError> {
    const PUT: &str = "INSERT INTO operators (name, role, created_at) SELECT ?1, ?2, ?3
        WHERE ?2 = ?4 OR EXISTS (SELECT 1 FROM operators WHERE role = ?4 AND name <> ?1)
        ON CONFLICT DO UPDATE SET role = excluded.role WHERE role <> excluded.role";
    let Operator { name, role, created_at } = operator;
    Ok(execute(db, PUT, params![name, role.number(), created_at.0, Role::Owner.number()])? == 1)
}

/// Removes an operator; `false` where there is none of this name, or it is the last owner.
pub(super) fn remove(db: &Connection, name: &str) -> Result<bool, StoreError> {
    const DELETE: &str = "DELETE FROM operators WHERE name = ?1
        AND (role <> ?2 OR (SELECT count(*) FROM operators WHERE role = ?2) > 1)";
    Ok(execute(db, DELETE, params![name, Role::Owner.number()])? == 1)
}

fn operator(row: &Row<'_>) -> Result<Operator, StoreError> {
    Ok(Operator {
        name: rows::text(row, "name")?.unwrap_or_default().to_owned(),
        role: Role::of_number(row.get("role")?)?,
        created_at: UnixMillis(row.get("created_at")?),
    })
}

#[async_trait]
impl OperatorStore for SqliteStore {
    async fn operators(&self) -> Result<Vec<Operator>, StoreError> {
        self.readers.read(|db| all(db, "SELECT * FROM operators ORDER BY name", [], operator)).await
    }
}
