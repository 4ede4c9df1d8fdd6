//! `loggin-server nodes`: the servers that share the database.

use serde_json::{Value, json};

use super::{
    administrator::Administrator,
    output::{moment, print_line},
    run::RunError,
};
use crate::{administration::NodeView, store::Location};

/// Lists the servers on this database, the one that was started first before the others.
pub(super) async fn list(database: &Location, json: bool) -> Result<(), RunError> {
    let user = Administrator::of(database).await?;
    let nodes = user.administration.nodes(&user.actor).await;
    user.close().await;
    let nodes = nodes?;
    if json {
        let nodes: Vec<Value> = nodes.iter().map(as_json).collect();
        return print_line(&Value::from(nodes).to_string());
    }
    nodes.iter().try_for_each(|node| print_line(&line(node)))
}

fn line(NodeView { node, leads, is_missed, .. }: &NodeView) -> String {
    let state = match (is_missed, leads) {
        (true, _) => "missed",
        (false, true) => "up  leads",
        (false, false) => "up",
    };
    let (since, seen) = (moment(node.started_at), moment(node.seen_at));
    format!("{}  {}  {}  since {since}  seen {seen}  {state}", node.name(), node.host, node.version)
}

fn as_json(NodeView { node, leads, is_missed, .. }: &NodeView) -> Value {
    json!({
        "node_id": node.name(),
        "host": node.host,
        "version": node.version,
        "started_at": moment(node.started_at),
        "seen_at": moment(node.seen_at),
        "missed": is_missed,
        "leads": leads,
    })
}
