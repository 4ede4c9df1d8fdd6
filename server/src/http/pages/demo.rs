//! `GET /demo`: both ways to sign in, live, with what happens underneath.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use loggin_protocol::ErrorCode;

use super::{
    Head, NoticePage, page,
    samples::{Sample, samples},
};
use crate::{config::DemoConfig, http::ApiError, state::Server, store::App};

#[derive(Template)]
#[template(path = "demo.html")]
struct DemoPage<'a> {
    head: Head,
    app_key: &'a str,
    app_name: &'a str,
    /// Whether the page itself may redeem: an app that asks for its secret key leaves that to its server.
    redeems: bool,
    sends_codes: bool,
    /// Where the simulator's phones are, in development, and the one that is shown.
    simulator: Option<&'a str>,
    phone: Option<String>,
    samples: Vec<Sample>,
}

/// Shows the demo, where there is one.
pub(super) async fn handle(State(server): State<Arc<Server>>) -> Response {
    match demo(&server).await {
        Ok(Some((demo, app))) => shown(&server, demo, &app),
        Ok(None) => page(
            StatusCode::NOT_FOUND,
            &NoticePage {
                head: Head::of(&server, "demo"),
                title: "No demo here",
                text: "Whoever runs this server lets people try it by setting LOGGIN_DEMO_APP to the key of an app.",
            },
            None,
        ),
        Err(error) => error.into_response(),
    }
}

/// The demo and its app, if it has one that works.
pub(super) async fn demo(server: &Server) -> Result<Option<(&DemoConfig, Arc<App>)>, ApiError> {
    let Some(demo) = &server.settings.demo else { return Ok(None) };
    Ok(server.apps.find(demo.app_key).await?.map(|app| (demo, app)))
}

fn shown(server: &Server, demo: &DemoConfig, app: &App) -> Response {
    let settings = &server.settings;
    let Ok(samples) = samples(&settings.public_origin, demo.app_key.as_str()) else {
        return ApiError::new(ErrorCode::Internal, "The page cannot be shown.").into_response();
    };
    let simulator = settings.development.then(|| settings.link_base.origin().ascii_serialization());
    let number = settings.whatsapp.number.digits();
    let demo_page = DemoPage {
        head: Head::of(server, "demo"),
        app_key: demo.app_key.as_str(),
        app_name: &app.name,
        redeems: !app.require_secret_key,
        sends_codes: demo.codes,
        simulator: simulator.as_deref(),
        phone: simulator.as_ref().map(|origin| format!("{origin}/{number}")),
        samples,
    };
    page(StatusCode::OK, &demo_page, simulator.as_deref())
}
