//! `/console/apps/{app_key}`: one app, what it chooses, and its secret keys. Each form says by `act` what it is for.

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use loggin_protocol::AppKey;

use super::{
    Head, May,
    admin::Admin,
    error::ConsoleError,
    guards::{GuardFields, guard_changes, guard_fields},
    page,
    secret::SecretPage,
    words::{self, Choice, Fields, field},
};
use crate::{
    administration::{AppChanges, AppPolicy, KeyRotation, NewKey, OriginChange},
    state::Server,
    store::{App, AppSecretKey, Confirm, KeyId, PhoneHidden},
};

/// How long an old key is still taken unless something else is chosen.
const OVERLAP: Duration = Duration::from_hours(24);

/// Each way to confirm, with what it stops and what it costs.
const CONFIRMS: [(Confirm, &str); 4] = [
    (
        Confirm::None,
        "The message signs in. It stops nobody who has another person send a link of theirs; it costs nothing.",
    ),
    (
        Confirm::Reply,
        "The message signs in, and one message back names the app and has a “Not me” button. A link of somebody else is \
         noticed and taken back; the message costs nothing within the conversation.",
    ),
    (
        Confirm::Match,
        "The page shows two digits, to be picked out of three in WhatsApp. It stops links of somebody else; it costs one \
         tap.",
    ),
    (
        Confirm::Code,
        "WhatsApp gets six digits, to be typed on the page. It stops links of somebody else, also where people guess; it \
         costs the typing.",
    ),
];

/// Each way to deal with a hidden number.
const HIDDEN: [(PhoneHidden, &str, &str); 3] = [
    (PhoneHidden::Ask, "ask", "WhatsApp asks the person for it, and the login waits."),
    (PhoneHidden::Fail, "fail", "The login fails with phone_hidden."),
    (PhoneHidden::Allow, "allow", "The person signs in without one: the app knows them by their subject."),
];

struct KeyRow {
    id: KeyId,
    label: String,
    created: String,
    last_used: Option<String>,
    expires: Option<String>,
    is_good: bool,
}

#[derive(Template)]
#[template(path = "console/app.html")]
struct AppPage {
    head: Head,
    may: May,
    app: App,
    created: String,
    paused: Option<String>,
    confirms: Vec<Choice>,
    hidden: Vec<Choice>,
    origins: String,
    monthly_quota: String,
    messages_per_day: String,
    history_days: String,
    keys: Vec<KeyRow>,
    guards: GuardFields,
    wrong: Option<String>,
    saved: bool,
}

/// Shows an app.
pub(super) async fn show(
    State(server): State<Arc<Server>>,
    Path(app_key): Path<String>,
    admin: Admin,
) -> Result<Response, ConsoleError> {
    shown(&server, &admin, words::app_key(&app_key)?, StatusCode::OK, None).await
}

async fn shown(
    server: &Server,
    admin: &Admin,
    app_key: AppKey,
    status: StatusCode,
    wrong: Option<String>,
) -> Result<Response, ConsoleError> {
    let app = server.administration.app(admin.actor(), app_key).await?;
    let keys = server.administration.keys(admin.actor(), app_key).await?;
    let guards = server.administration.guards(admin.actor(), app_key).await?;
    let now = server.clock.now();
    let number = |count: Option<u32>| count.map_or_else(String::new, |count| count.to_string());
    let app_page = AppPage {
        head: Head::of(admin, "apps"),
        may: May::of(admin),
        created: words::day(app.created_at),
        paused: app.disabled_at.map(words::time),
        confirms: CONFIRMS
            .map(|(confirm, text)| choice(confirm.as_str(), text, app.confirm == confirm))
            .into(),
        hidden: HIDDEN.map(|(hidden, value, text)| choice(value, text, app.phone_hidden == hidden)).into(),
        origins: app.allowed_origins.join("\n"),
        monthly_quota: number(app.monthly_quota),
        messages_per_day: number(app.messages_per_day),
        history_days: number(app.history_days),
        keys: keys.into_iter().map(|key| KeyRow { is_good: key.is_good(now), ..key_row(key) }).collect(),
        guards: guard_fields(&guards),
        wrong,
        saved: status == StatusCode::ACCEPTED,
        app,
    };
    Ok(page(if status == StatusCode::ACCEPTED { StatusCode::OK } else { status }, &app_page))
}

fn choice(value: &'static str, text: &'static str, is_chosen: bool) -> Choice {
    Choice { value, text, is_chosen }
}

fn key_row(key: AppSecretKey) -> KeyRow {
    KeyRow {
        id: key.id,
        label: key.label,
        created: words::day(key.created_at),
        last_used: key.last_used_at.map(words::time),
        expires: key.expires_at.map(words::time),
        is_good: true,
    }
}

/// Carries out what a form of the page asks for.
pub(super) async fn change(
    State(server): State<Arc<Server>>,
    Path(app_key): Path<String>,
    admin: Admin,
    Form(fields): Form<Fields>,
) -> Result<Response, ConsoleError> {
    let app_key = words::app_key(&app_key)?;
    match carried_out(&server, &admin, app_key, &fields).await {
        Err(ConsoleError::Invalid(wrong)) => {
            shown(&server, &admin, app_key, StatusCode::UNPROCESSABLE_ENTITY, Some(wrong)).await
        }
        other => other,
    }
}

async fn carried_out(
    server: &Server,
    admin: &Admin,
    app_key: AppKey,
    fields: &Fields,
) -> Result<Response, ConsoleError> {
    let (all, actor) = (&server.administration, admin.actor());
    let key_id = KeyId::of_text(field(fields, "key"));
    let again = || Redirect::to(&format!("/console/apps/{app_key}")).into_response();
    match field(fields, "act") {
        "save" => {
            all.update_app(actor, app_key, changes(fields)?).await?;
            return shown(server, admin, app_key, StatusCode::ACCEPTED, None).await;
        }
        "set_guards" => {
            all.set_guards(actor, app_key, &guard_changes(fields)?).await?;
            return shown(server, admin, app_key, StatusCode::ACCEPTED, None).await;
        }
        "resume_country" => all.resume_country(actor, app_key, field(fields, "country")).await?,
        "pause" => all.pause_app(actor, app_key).await?,
        "resume" => all.resume_app(actor, app_key).await?,
        "delete" => {
            admin.check_recent(server, fields)?;
            if field(fields, "typed").trim() != app_key.as_str() {
                return Err(ConsoleError::Invalid("To delete the app, type its key.".to_owned()));
            }
            all.delete_app(actor, app_key).await?;
            return Ok(Redirect::to("/console/apps").into_response());
        }
        "create_key" => {
            admin.check_recent(server, fields)?;
            let new = NewKey {
                label: field(fields, "label").to_owned(),
                expires_in: words::days(field(fields, "days"), "ends after")?,
            };
            let (key, _) = all.create_key(actor, app_key, new).await?;
            return Ok(secret_page(admin, app_key, key.expose()));
        }
        "rotate_key" => {
            admin.check_recent(server, fields)?;
            let overlap = words::days(field(fields, "overlap"), "overlap")?.unwrap_or(OVERLAP);
            let rotation = KeyRotation { overlap, expires_in: None };
            let rotated = all.rotate_key(actor, app_key, &key_id, rotation).await?;
            return Ok(secret_page(admin, app_key, rotated.key.expose()));
        }
        "revoke_key" => all.revoke_key(actor, app_key, key_id).await?,
        _ => return Err(ConsoleError::Invalid("This form is not known here.".to_owned())),
    }
    Ok(again())
}

fn secret_page(admin: &Admin, app_key: AppKey, secret: String) -> Response {
    let secret_page = SecretPage {
        head: Head::of(admin, "apps"),
        title: "A new secret key".to_owned(),
        what: "secret key",
        secret,
        public: Some(("app key", app_key.to_string())),
        back: format!("/console/apps/{app_key}"),
    };
    page(StatusCode::CREATED, &secret_page)
}

/// What the form of an app says: all of it, for a box that is not ticked is not sent.
fn changes(fields: &Fields) -> Result<AppChanges, ConsoleError> {
    let is_ticked = |name: &str| fields.contains_key(name);
    let confirm = CONFIRMS.into_iter().find(|(confirm, _)| confirm.as_str() == field(fields, "confirm"));
    let hidden = HIDDEN.into_iter().find(|(_, value, _)| *value == field(fields, "phone_hidden"));
    let unknown = || ConsoleError::Invalid("This choice is not known here.".to_owned());
    let calls = words::count(field(fields, "calls_per_minute"), "calls a minute")?;
    Ok(AppChanges {
        name: Some(field(fields, "name").to_owned()),
        policy: AppPolicy {
            require_secret_key: Some(is_ticked("require_secret_key")),
            hide_phone_from_browser: Some(is_ticked("hide_phone_from_browser")),
            allowed_origins: OriginChange::Set(words::list(field(fields, "allowed_origins"))),
            confirm: Some(confirm.ok_or_else(unknown)?.0),
            phone_hidden: Some(hidden.ok_or_else(unknown)?.0),
            calls_per_minute: calls,
            monthly_quota: Some(words::count(field(fields, "monthly_quota"), "codes a month")?),
            messages_per_day: Some(words::count(field(fields, "messages_per_day"), "messages a day")?),
            history_days: Some(words::count(field(fields, "history_days"), "days of history")?),
            live_only: Some(is_ticked("live_only")),
        },
    })
}
