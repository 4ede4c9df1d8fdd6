//! `GET /api/v1/admin/audit`: who did what.

use axum::Json;
use loggin_protocol::wire::ErrorBody;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    call::AdminCall,
    page::{Page, Paging, Parameters, cursor},
};
use crate::{history::row::moment, http::ApiError, store::AuditRow};

/// An act that was done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminAct)]
pub(super) struct AuditBody {
    at: String,
    /// Who did it: a user of the machine, an administrator of the console, or `key:` and the label of an access key.
    actor: String,
    act: String,
    /// What it was about, such as an app key or an endpoint's id.
    subject: String,
    /// The names of what changed; of secret keys their ids.
    fields: Vec<String>,
}

impl From<&AuditRow> for AuditBody {
    fn from(row: &AuditRow) -> Self {
        Self {
            at: moment(row.at),
            actor: row.actor.clone(),
            act: row.act.clone(),
            subject: row.subject.clone(),
            fields: row.fields.split_whitespace().map(str::to_owned).collect(),
        }
    }
}

/// Lists what administrators did, the latest first; to a key that reaches some apps, what was done to these.
#[utoipa::path(get, operation_id = "adminListActs", path = "/api/v1/admin/audit", tag = "admin", summary = "List acts of administrators",
    params(
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "How many at most; 100 where nothing is said."),
    ),
    responses(
        (status = 200, description = "A page of acts.", body = Page<AuditBody>),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["audit:read"]), ("api_key" = ["audit:read"])))]
pub(super) async fn list(
    call: AdminCall,
    Parameters(paging): Parameters<Paging>,
) -> Result<Json<Page<AuditBody>>, ApiError> {
    let (before, limit) = (paging.position()?, paging.limit()?);
    let page = call.administration().audit(&call.actor, before, limit).await?;
    Ok(Json(Page { data: page.rows.iter().map(AuditBody::from).collect(), next: cursor(page.next) }))
}
