//! What administrators do, as `administer` of the migrations takes it.

use loggin_protocol::PhoneNumber;
use serde_json::{Value, json};

use super::{
    gateways, guards, openid, webhooks,
    writes::{self, hex, text},
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{
        AccessKey, Act, Admin, App, AppEvent, AppSecretKey, CountryPause, DisabledFor, Role,
        admins::apps_text, rows::Numbered,
    },
};

/// A row of the audit: act, subject and fields.
pub(super) fn note(actor: &str, at: UnixMillis, [act, subject, fields]: [&str; 3]) -> Value {
    json!({ "at": at.0, "actor": text(actor), "act": act, "subject": text(subject), "fields": text(fields) })
}

/// An act, of which nothing is noted.
pub(super) fn unnoted(act: &Act) -> Value {
    let mut write = match act {
        Act::CreateApp(app, key) => with_app(app, Some(key)),
        Act::UpdateApp(app, _, key) => with_app(app, key.as_ref()),
        Act::DisableApp(app_key, since) => json!({ "app_key": app_key.as_str(), "moment": since.0 }),
        Act::EnableApp(app_key) | Act::DeleteApp(app_key) => json!({ "app_key": app_key.as_str() }),
        Act::CreateKey(new) => json!({ "key": key(new) }),
        Act::RotateKey(new, replaced, until) => json!({
            "app_key": new.app_key.as_str(),
            "key": key(new),
            "key_id": replaced.as_str(),
            "moment": new.created_at.0,
            "until": until.0,
        }),
        Act::RevokeKey(app_key, id, at) => {
            json!({ "app_key": app_key.as_str(), "key_id": id.as_str(), "moment": at.0, "until": at.0 })
        }
        Act::PutAdmin(new) => json!({ "admin": admin(new), "owner": Role::Owner.number() }),
        Act::RemoveAdmin(name) => json!({ "name": text(name), "owner": Role::Owner.number() }),
        Act::SignInAdmin(name, subject, at) => {
            json!({ "name": text(name), "subject": subject.expose(), "moment": at.0 })
        }
        Act::SignOutAdmin(name) => json!({ "name": text(name) }),
        Act::CreateAccessKey(new) => json!({ "key": access_key(new), "most": limits::ACCESS_KEYS }),
        Act::RevokeAccessKey(id, _, at) => json!({ "key_id": id.as_str(), "moment": at.0 }),
        Act::SetGuards(app_key, settings, _) => guards::row(*app_key, settings, None),
        Act::LearnCountries(app_key, settings, learned, event) => {
            with_event(guards::row(*app_key, settings, Some(learned)), event)
        }
        Act::PauseCountry(app_key, pause, event) => with_event(guards::pause_row(*app_key, pause), event),
        Act::ResumeCountry(app_key, country, at) => {
            let over = CountryPause { country: country.clone(), since: *at, until: *at, times: 0 };
            guards::pause_row(*app_key, &over)
        }
        Act::CreateGateway(gateway) => gateways::created(gateway),
        Act::RotateGateway(_, id, secret, until) => gateways::rotated(id, secret, *until),
        Act::DeleteGateway(_, id) => gateways::deleted(id),
        Act::AddWebhook(endpoint) => json!({ "endpoint": webhooks::endpoint(endpoint) }),
        Act::ChangeWebhook(id, url, events, _) => json!({
            "endpoint_id": text(id),
            "url": url.as_deref().map(text),
            "events": events.as_ref().map(|events| events.join(" ")),
        }),
        Act::RotateWebhook(id, secret, until) => {
            json!({ "endpoint_id": text(id), "secret": hex(secret), "until": until.0 })
        }
        Act::DisableWebhook(id, at) => json!({
            "endpoint_id": text(id), "moment": at.0, "why": DisabledFor::Administrator.number(),
        }),
        Act::EnableWebhook(id, now, until) => {
            json!({ "endpoint_id": text(id), "moment": now.0, "until": until.0 })
        }
        Act::DeleteWebhook(id) => json!({ "endpoint_id": text(id) }),
        Act::ReplayWebhook(replay) => json!({
            "endpoint_id": text(&replay.endpoint_id),
            "event_id": replay.event.as_deref().ok().map(text),
            "since": replay.event.as_ref().err().map(|since| since.0),
            "moment": replay.now.0,
            "until": replay.until.0,
        }),
        Act::TestWebhook(id, event) => {
            let mut event = writes::app_event(event);
            event["endpoint_id"] = text(id).into();
            json!({ "event": event })
        }
        Act::CreateClient(client) => openid::created(client),
        Act::RotateClient(id, hash, until) => openid::rotated(id, hash, *until),
        Act::DeleteClient(id) => json!({ "client": { "client_id": text(id) } }),
        Act::PutTestNumber(phone, test) => {
            json!({ "phone": phone.expose(), "code": test.code, "cooldown": test.cooldown })
        }
        Act::RemoveTestNumber(phone) => json!({ "phone": phone.expose() }),
        Act::MarkDevelopment => json!({}),
    };
    write["write"] = "act".into();
    write["act"] = act.name().into();
    write
}

/// What an app is told of where it is done.
fn with_event(mut write: Value, event: &AppEvent) -> Value {
    write["event"] = writes::app_event(event);
    write
}

/// An app, and a key that is its only good one from then on.
pub(super) fn with_app(app: &App, new: Option<&AppSecretKey>) -> Value {
    json!({
        "app": {
            "app_key": app.app_key.as_str(),
            "name": text(&app.name),
            "require_secret_key": app.require_secret_key,
            "hide_phone_from_browser": app.hide_phone_from_browser,
            "allowed_origins": text(&app.allowed_origins.join(" ")),
            "confirm": app.confirm.number(),
            "phone_hidden": app.phone_hidden.number(),
            "created_at": app.created_at.0,
            "calls_per_minute": app.calls_per_minute,
            "monthly_quota": app.monthly_quota,
            "live_only": app.live_only,
            "messages_per_day": app.messages_per_day,
            "history_days": app.history_days,
            "disabled_at": app.disabled_at.map(|at| at.0),
        },
        "app_key": app.app_key.as_str(),
        "key": new.map(key),
        "moment": new.map(|new| new.created_at.0),
    })
}

/// A key, and how many an app may have.
pub(super) fn key(key: &AppSecretKey) -> Value {
    json!({
        "app_key": key.app_key.as_str(),
        "key_id": key.id.as_str(),
        "key_hash": hex(&key.hash),
        "label": text(&key.label),
        "created_at": key.created_at.0,
        "last_used_at": key.last_used_at.map(|at| at.0),
        "expires_at": key.expires_at.map(|at| at.0),
        "most_good": limits::SECRET_KEYS_PER_APP,
        "most_ended": limits::ENDED_KEYS_PER_APP,
    })
}

fn admin(admin: &Admin) -> Value {
    json!({
        "name": text(&admin.name),
        "role": admin.role.number(),
        "phone": admin.phone.as_ref().map(PhoneNumber::expose),
        "apps": apps_text(admin.apps.as_deref()),
        "created_at": admin.created_at.0,
    })
}

fn access_key(key: &AccessKey) -> Value {
    json!({
        "key_id": key.id.as_str(),
        "key_hash": hex(&key.hash),
        "label": text(&key.label),
        "scopes": key.scopes.join(" "),
        "apps": apps_text(key.apps.as_deref()),
        "created_at": key.created_at.0,
        "expires_at": key.expires_at.map(|at| at.0),
    })
}
