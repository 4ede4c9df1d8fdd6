//! The processes that share one PostgreSQL database.

use async_trait::async_trait;
use serde_json::json;
use tokio_postgres::Row;

use super::{
    PostgresStore,
    rows::{moment, value},
    writes::text,
};
use crate::{
    limits,
    store::{Node, NodeRow, NodeStore, StoreError},
};

const NODES: &str =
    "SELECT n.*, EXISTS (SELECT FROM leader l WHERE l.node = n.node AND l.until > clock_timestamp())
    AS leads FROM nodes n ORDER BY started_at, node";

fn read(row: &Row) -> Result<NodeRow, StoreError> {
    let node = Node {
        id: value(row, "node")?,
        host: value(row, "host")?,
        version: value(row, "version")?,
        started_at: moment(row, "started_at")?,
        seen_at: moment(row, "seen_at")?,
    };
    Ok(NodeRow { node, leads: value(row, "leads")? })
}

#[async_trait]
impl NodeStore for PostgresStore {
    fn node(&self) -> i64 {
        self.node
    }

    async fn put_node(&self, node: Node) -> Result<(), StoreError> {
        let (before, beyond) = node.bounds();
        let put = json!({
            "write": "put_node",
            "node": node.id,
            "host": text(&node.host),
            "version": text(&node.version),
            "started_at": node.started_at.0,
            "seen_at": node.seen_at.0,
            "before": before,
            "beyond": beyond,
            "most": limits::NODES,
        });
        self.write_other(put).await.map(drop)
    }

    async fn remove_node(&self, id: i64) -> Result<(), StoreError> {
        self.write_other(json!({ "write": "remove_node", "node": id })).await.map(drop)
    }

    async fn nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        self.connections.rows(NODES, &[]).await?.iter().map(read).collect()
    }
}
