//! `/api/v1/admin/nodes`: the servers that share the database.

use axum::Json;
use loggin_protocol::wire::ErrorBody;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    call::AdminCall,
    page::{Page, Paging, Parameters, by_time},
};
use crate::{administration::NodeView, history::row::moment, http::ApiError};

/// A server that shares the database.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminNode)]
pub(super) struct NodeBody {
    /// It is another one with each start.
    node_id: String,
    /// The name of its machine.
    host: String,
    version: String,
    started_at: String,
    /// When it last said that it is there, which it does every 30 seconds.
    seen_at: String,
    /// Whether it has said nothing for 90 seconds: it is likely gone. After a day it is forgotten.
    missed: bool,
    /// Whether it does what one server alone does: forgetting what is old, and delivering webhooks.
    leads: bool,
    /// Whether it is the one that answers.
    this: bool,
}

impl From<&NodeView> for NodeBody {
    fn from(NodeView { node, leads, is_missed, is_this }: &NodeView) -> Self {
        Self {
            node_id: node.name(),
            host: node.host.clone(),
            version: node.version.clone(),
            started_at: moment(node.started_at),
            seen_at: moment(node.seen_at),
            missed: *is_missed,
            leads: *leads,
            this: *is_this,
        }
    }
}

/// Lists the servers that share the database, the one that was started first before the others.
#[utoipa::path(get, operation_id = "adminListNodes", path = "/api/v1/admin/nodes", tag = "admin", summary = "List servers",
    params(
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "How many at most; 100 where nothing is said."),
    ),
    responses(
        (status = 200, description = "A page of servers.", body = Page<NodeBody>),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["usage:read"]), ("api_key" = ["usage:read"])))]
pub(super) async fn list(
    call: AdminCall,
    Parameters(paging): Parameters<Paging>,
) -> Result<Json<Page<NodeBody>>, ApiError> {
    let nodes = call.administration().nodes(&call.actor).await?;
    let key = |view: &NodeView| by_time(view.node.started_at, view.node.name());
    paging.page_of(nodes, key, |view| view.into()).map(Json)
}
