//! `/console/apps`: the apps that somebody sees, and new ones.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form, Router,
    extract::State,
    http::StatusCode,
    response::{Redirect, Response},
    routing::get,
};
use loggin_protocol::AppKey;
use serde::Deserialize;

use super::{
    Head, May,
    admin::Admin,
    app,
    error::ConsoleError,
    page,
    secret::SecretPage,
    words::{self, Fields},
};
use crate::{administration::NewApp, state::Server, store::App};

/// Leads on from `/console`: the apps are what all else is about.
pub(super) async fn home(_admin: Admin) -> Redirect {
    Redirect::to("/console/apps")
}

/// The routes of apps and of one of them.
pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/console/apps", get(list).post(create))
        .route("/console/apps/{app_key}", get(app::show).post(app::change))
}

struct AppRow {
    app_key: AppKey,
    name: String,
    confirm: &'static str,
    created: String,
    paused: Option<String>,
}

#[derive(Template)]
#[template(path = "console/apps.html")]
struct AppsPage {
    head: Head,
    may_create: bool,
    apps: Vec<AppRow>,
    /// What is wrong with what was typed.
    wrong: Option<String>,
    typed: String,
}

fn row(app: App) -> AppRow {
    AppRow {
        app_key: app.app_key,
        name: app.name,
        confirm: app.confirm.as_str(),
        created: words::day(app.created_at),
        paused: app.disabled_at.map(words::time),
    }
}

async fn list(State(server): State<Arc<Server>>, admin: Admin) -> Result<Response, ConsoleError> {
    shown(&server, &admin, StatusCode::OK, None, String::new()).await
}

async fn shown(
    server: &Server,
    admin: &Admin,
    status: StatusCode,
    wrong: Option<String>,
    typed: String,
) -> Result<Response, ConsoleError> {
    let apps = server.administration.apps(admin.actor()).await?;
    let apps_page = AppsPage {
        head: Head::of(admin, "apps"),
        may_create: May::of(admin).write_apps && admin.actor().apps.is_none(),
        apps: apps.into_iter().map(row).collect(),
        wrong,
        typed,
    };
    Ok(page(status, &apps_page))
}

#[derive(Debug, Deserialize)]
struct CreateForm {
    name: String,
}

/// Adds an app, and shows its secret key this once.
async fn create(
    State(server): State<Arc<Server>>,
    admin: Admin,
    Form(form): Form<CreateForm>,
) -> Result<Response, ConsoleError> {
    let typed = Fields::from([("name".to_owned(), form.name.clone())]);
    admin.check_recent(&server, &typed)?;
    let new = NewApp { name: form.name.clone(), ..NewApp::default() };
    match server.administration.create_app(admin.actor(), new).await.map_err(ConsoleError::from) {
        Ok((app, key)) => Ok(page(
            StatusCode::CREATED,
            &SecretPage {
                head: Head::of(&admin, "apps"),
                title: format!("{} is there", app.name),
                what: "secret key",
                secret: key.expose(),
                public: Some(("app key", app.app_key.to_string())),
                back: format!("/console/apps/{}", app.app_key),
            },
        )),
        Err(ConsoleError::Invalid(wrong)) => {
            shown(&server, &admin, StatusCode::UNPROCESSABLE_ENTITY, Some(wrong), form.name).await
        }
        Err(error) => Err(error),
    }
}
