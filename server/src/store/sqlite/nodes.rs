//! The processes that serve from one SQLite file: mostly it is one.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use super::connections::{all, execute};
use crate::{
    clock::UnixMillis,
    limits,
    store::{Node, NodeRow, NodeStore, SqliteStore, StoreError},
};

fn put(db: &Connection, node: &Node) -> Result<(), StoreError> {
    const PUT: &str = "INSERT INTO nodes (node, host, version, started_at, seen_at) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT DO UPDATE SET host = excluded.host, version = excluded.version, started_at = excluded.started_at,
        seen_at = excluded.seen_at";
    const FORGET: &str = "DELETE FROM nodes WHERE node <> ?1 AND (seen_at < ?2 OR seen_at > ?3
        OR node IN (SELECT node FROM nodes ORDER BY seen_at DESC LIMIT -1 OFFSET ?4))";
    let (before, beyond) = node.bounds();
    execute(db, PUT, params![node.id, node.host, node.version, node.started_at.0, node.seen_at.0])?;
    execute(db, FORGET, params![node.id, before, beyond, limits::NODES]).map(drop)
}

fn node(row: &Row<'_>) -> Result<NodeRow, StoreError> {
    let node = Node {
        id: row.get("node")?,
        host: row.get("host")?,
        version: row.get("version")?,
        started_at: UnixMillis(row.get("started_at")?),
        seen_at: UnixMillis(row.get("seen_at")?),
    };
    // Each does it by itself: see `Store::leads`.
    Ok(NodeRow { node, leads: true })
}

#[async_trait]
impl NodeStore for SqliteStore {
    fn node(&self) -> i64 {
        self.node
    }

    async fn put_node(&self, node: Node) -> Result<(), StoreError> {
        self.write_grouped(move |db| put(db, &node)).await
    }

    async fn remove_node(&self, id: i64) -> Result<(), StoreError> {
        const REMOVE: &str = "DELETE FROM nodes WHERE node = ?";
        self.write_grouped(move |db| execute(db, REMOVE, [id]).map(drop)).await
    }

    async fn nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        const SELECT: &str = "SELECT * FROM nodes ORDER BY started_at, node";
        self.readers.read(|db| all(db, SELECT, [], node)).await
    }
}
