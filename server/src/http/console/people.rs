//! `/console/people`: who may use the console. Only owners see and change it.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};

use super::{
    Head,
    admin::Admin,
    error::ConsoleError,
    page,
    words::{self, Fields},
};
use crate::{
    administration::AdminChanges,
    phones,
    state::Server,
    store::{self, Role},
};

/// The routes of administrators.
pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new().route("/console/people", get(list).post(change))
}

struct PersonRow {
    name: String,
    role: &'static str,
    phone: String,
    apps: String,
    signed_in: Option<String>,
}

#[derive(Template)]
#[template(path = "console/people.html")]
struct PeoplePage {
    head: Head,
    people: Vec<PersonRow>,
    wrong: Option<String>,
}

fn row(admin: store::Admin) -> PersonRow {
    let keys = |apps: Vec<loggin_protocol::AppKey>| {
        apps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    PersonRow {
        name: admin.name,
        role: admin.role.as_str(),
        phone: admin.phone.as_ref().map_or_else(|| "none: cannot sign in".to_owned(), phones::masked),
        apps: admin.apps.map_or_else(|| "all".to_owned(), keys),
        signed_in: admin.signed_in_at.map(words::time),
    }
}

async fn list(State(server): State<Arc<Server>>, admin: Admin) -> Result<Response, ConsoleError> {
    listed(&server, &admin, StatusCode::OK, None).await
}

async fn listed(
    server: &Server,
    admin: &Admin,
    status: StatusCode,
    wrong: Option<String>,
) -> Result<Response, ConsoleError> {
    let people = server.administration.admins(admin.actor()).await?;
    let people_page =
        PeoplePage { head: Head::of(admin, "people"), people: people.into_iter().map(row).collect(), wrong };
    Ok(page(status, &people_page))
}

/// Carries out what a form of the page asks for, as its `act` says.
async fn change(
    State(server): State<Arc<Server>>,
    admin: Admin,
    Form(fields): Form<Fields>,
) -> Result<Response, ConsoleError> {
    admin.check_recent(&server, &fields)?;
    match carried_out(&server, &admin, &fields).await {
        Ok(()) => Ok(Redirect::to("/console/people").into_response()),
        Err(ConsoleError::Invalid(wrong)) => {
            listed(&server, &admin, StatusCode::UNPROCESSABLE_ENTITY, Some(wrong)).await
        }
        Err(error) => Err(error),
    }
}

async fn carried_out(server: &Server, admin: &Admin, fields: &Fields) -> Result<(), ConsoleError> {
    let field = |name: &str| fields.get(name).map(|text| text.trim()).unwrap_or_default();
    let (all, actor) = (&server.administration, admin.actor());
    match field("act") {
        "put" => {
            let role = Role::of_name(field("role"));
            let apps = words::list(field("apps"));
            let apps: Vec<_> = apps.iter().map(|key| words::app_key(key)).collect::<Result<_, _>>()?;
            let phone = Some(field("phone")).filter(|phone| !phone.is_empty()).map(str::to_owned);
            let changes = AdminChanges {
                name: field("name").to_owned(),
                phone,
                role,
                apps: Some((!apps.is_empty()).then_some(apps)),
            };
            all.put_admin(actor, changes).await?;
        }
        "remove" => all.remove_admin(actor, field("name")).await?,
        "sign_out" => all.sign_out_admin(actor, field("name")).await?,
        _ => return Err(ConsoleError::Invalid("This form is not known here.".to_owned())),
    }
    Ok(())
}
