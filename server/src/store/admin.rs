//! What administrators do, written together with the row that tells so.

use async_trait::async_trait;
use loggin_protocol::{AppKey, PhoneNumber, Subject};

use super::{
    AccessKey, Admin, App, AppEvent, AppSecretKey, CountryPause, Gateway, GuardSettings, KeyId, Learned,
    OpenIdClient, StoreError, TestNumber, WebhookEndpoint,
};
use crate::clock::UnixMillis;

/// One act.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Adds an app with its first secret key; not done where its key is taken.
    CreateApp(App, AppSecretKey),
    /// Replaces an app; not done where there is none with its key. The names are of what changed. A secret key is the
    /// only good one from then on.
    UpdateApp(App, Vec<&'static str>, Option<AppSecretKey>),
    /// Has an app refuse everything from this moment on; not done where it does.
    DisableApp(AppKey, UnixMillis),
    /// Has a disabled app work again; not done where it is not disabled.
    EnableApp(AppKey),
    /// Deletes an app with all that is its own.
    DeleteApp(AppKey),
    /// Adds a secret key; not done where the app has as many as it may.
    CreateKey(AppSecretKey),
    /// Adds a secret key in the place of another, which ends then; not done where there is no such good one.
    RotateKey(AppSecretKey, KeyId, UnixMillis),
    /// Has a secret key end now; not done where there is no such good one.
    RevokeKey(AppKey, KeyId, UnixMillis),
    /// Adds an administrator, or changes one; not done where nothing would change, another has the number, or no owner
    /// would be left.
    PutAdmin(Admin),
    /// Removes an administrator; not done where there is none of this name, or they are the last owner.
    RemoveAdmin(String),
    /// Has an administrator be this person from now on; not done where they are another one.
    SignInAdmin(String, Subject, UnixMillis),
    /// Ends the sessions of an administrator; not done where there is none of this name.
    SignOutAdmin(String),
    /// Adds a key of a program; not done where there are as many as there may be.
    CreateAccessKey(AccessKey),
    /// Has a key of a program, of this label, end now; not done where there is no such good one.
    RevokeAccessKey(KeyId, String, UnixMillis),
    /// Adds a test number, or gives one another code.
    PutTestNumber(PhoneNumber, TestNumber),
    /// Removes a test number; not done where it is none.
    RemoveTestNumber(PhoneNumber),
    /// Marks the database as one for development, once.
    MarkDevelopment,
    /// Sets the guards of an app; the names are of what changed. What was learned stays.
    SetGuards(AppKey, Box<GuardSettings>, Vec<&'static str>),
    /// Keeps which countries an app's first logins came from, beside its guards as they are, and tells the app; not done where
    /// that is known.
    LearnCountries(AppKey, Box<GuardSettings>, Learned, Box<AppEvent>),
    /// Pauses a country of an app, and tells the app; not done where it is paused.
    PauseCountry(AppKey, CountryPause, Box<AppEvent>),
    /// Ends the pause of a country of an app; not done where there is none.
    ResumeCountry(AppKey, String, UnixMillis),
    /// Adds a gateway; not done where its app has as many as it may.
    CreateGateway(Gateway),
    /// Has the caller of an app's gateway be known by another sealed secret; by the one before too until then.
    RotateGateway(AppKey, String, Vec<u8>, UnixMillis),
    /// Deletes a gateway of an app.
    DeleteGateway(AppKey, String),
    /// Adds an endpoint of webhooks; not done where its app has as many as it may.
    AddWebhook(WebhookEndpoint),
    /// Gives an endpoint another URL, and other events, where there are such; not done where there is no such endpoint. The
    /// names are of what changed.
    ChangeWebhook(String, Option<String>, Option<Vec<String>>, Vec<&'static str>),
    /// Has another sealed secret sign the webhooks of an endpoint; the one before signs too until then.
    RotateWebhook(String, Vec<u8>, UnixMillis),
    /// Has an endpoint be told nothing from this moment on; not done where it is not told.
    DisableWebhook(String, UnixMillis),
    /// Has an endpoint be told again from this moment on, and what waits for it not be given up before the other.
    EnableWebhook(String, UnixMillis, UnixMillis),
    /// Deletes an endpoint with its deliveries.
    DeleteWebhook(String),
    /// Has deliveries of an endpoint be made again.
    ReplayWebhook(Replay),
    /// Stores an event for one endpoint; not done where that is disabled.
    TestWebhook(String, Box<AppEvent>),
    /// Adds a client of the issuer; not done where its app has as many as it may. One of the same sector gives it its salt.
    CreateClient(Box<OpenIdClient>),
    /// Gives a client another secret, by its hash; the one before is taken until then. Not done where it has none.
    RotateClient(String, [u8; 32], UnixMillis),
    /// Deletes a client with all that it was given; not done where there is none.
    DeleteClient(String),
}

/// What is delivered again.
#[derive(Clone, Debug)]
pub(crate) struct Replay {
    pub(crate) endpoint_id: String,
    /// One event, whatever became of it; or all that were stored since then and given up.
    pub(crate) event: Result<String, UnixMillis>,
    pub(crate) now: UnixMillis,
    /// When it is given up.
    pub(crate) until: UnixMillis,
}

/// What the audit calls it when a person was told of, or forgotten: see [`super::PeopleStore`].
pub(crate) const EXPORT_PERSON: &str = "person_export";
/// See [`EXPORT_PERSON`].
pub(crate) const FORGET_PERSON: &str = "person_forget";
/// What the audit calls it when somebody asks for the whole number of a login or code.
pub(crate) const REVEAL_NUMBER: &str = "number_reveal";

/// Digits of a test number that are told: enough to tell some from each other, too few to call anybody.
const DIGITS_TOLD: usize = 4;

impl Act {
    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::CreateApp(..) => "app_create",
            Self::UpdateApp(..) => "app_update",
            Self::DisableApp(..) => "app_disable",
            Self::EnableApp(_) => "app_enable",
            Self::DeleteApp(_) => "app_delete",
            Self::CreateKey(_) => "key_create",
            Self::RotateKey(..) => "key_rotate",
            Self::RevokeKey(..) => "key_revoke",
            Self::PutAdmin(_) => "admin_add",
            Self::RemoveAdmin(_) => "admin_remove",
            Self::SignInAdmin(..) => "admin_sign_in",
            Self::SignOutAdmin(_) => "admin_sign_out",
            Self::CreateAccessKey(_) => "access_key_create",
            Self::RevokeAccessKey(..) => "access_key_revoke",
            Self::PutTestNumber(..) => "test_number_add",
            Self::RemoveTestNumber(_) => "test_number_remove",
            Self::MarkDevelopment => "development_data",
            Self::SetGuards(..) => "guard_set",
            Self::LearnCountries(..) => "guard_learn",
            Self::PauseCountry(..) => "guard_pause",
            Self::ResumeCountry(..) => "guard_resume",
            Self::CreateGateway(_) => "gateway_create",
            Self::RotateGateway(..) => "gateway_rotate",
            Self::DeleteGateway(..) => "gateway_delete",
            Self::AddWebhook(_) => "webhook_add",
            Self::ChangeWebhook(..) => "webhook_update",
            Self::RotateWebhook(..) => "webhook_rotate",
            Self::DisableWebhook(..) => "webhook_disable",
            Self::EnableWebhook(..) => "webhook_enable",
            Self::DeleteWebhook(_) => "webhook_delete",
            Self::ReplayWebhook(_) => "webhook_replay",
            Self::TestWebhook(..) => "webhook_test",
            Self::CreateClient(_) => "client_create",
            Self::RotateClient(..) => "client_rotate",
            Self::DeleteClient(_) => "client_delete",
        }
    }

    /// What it is about.
    pub(crate) fn subject(&self) -> String {
        match self {
            Self::CreateApp(app, _) | Self::UpdateApp(app, ..) => app.app_key.as_str().to_owned(),
            Self::DisableApp(app_key, _)
            | Self::EnableApp(app_key)
            | Self::DeleteApp(app_key)
            | Self::RevokeKey(app_key, ..)
            | Self::SetGuards(app_key, ..)
            | Self::LearnCountries(app_key, ..)
            | Self::PauseCountry(app_key, ..)
            | Self::ResumeCountry(app_key, ..)
            | Self::RotateGateway(app_key, ..)
            | Self::DeleteGateway(app_key, _) => app_key.as_str().to_owned(),
            Self::CreateGateway(gateway) => gateway.app_key.as_str().to_owned(),
            Self::CreateKey(key) | Self::RotateKey(key, ..) => key.app_key.as_str().to_owned(),
            Self::PutAdmin(admin) => admin.name.clone(),
            Self::RemoveAdmin(name) | Self::SignInAdmin(name, ..) | Self::SignOutAdmin(name) => name.clone(),
            Self::CreateAccessKey(key) => key.label.clone(),
            Self::RevokeAccessKey(_, label, _) => label.clone(),
            Self::PutTestNumber(phone, _) | Self::RemoveTestNumber(phone) => {
                let digits = phone.expose();
                format!("…{}", &digits[digits.len().saturating_sub(DIGITS_TOLD)..])
            }
            Self::MarkDevelopment => String::new(),
            Self::AddWebhook(endpoint) => endpoint.id.clone(),
            Self::ChangeWebhook(id, ..)
            | Self::RotateWebhook(id, ..)
            | Self::DisableWebhook(id, _)
            | Self::EnableWebhook(id, ..)
            | Self::DeleteWebhook(id)
            | Self::TestWebhook(id, _)
            | Self::RotateClient(id, ..)
            | Self::DeleteClient(id) => id.clone(),
            Self::ReplayWebhook(replay) => replay.endpoint_id.clone(),
            Self::CreateClient(client) => client.id.clone(),
        }
    }

    /// The names of what changed, separated by spaces; of secret keys their ids, the new one first; of an administrator
    /// the role; of a webhook the app, or the event; of a gateway its id.
    pub(crate) fn fields(&self) -> String {
        match self {
            Self::UpdateApp(_, fields, _)
            | Self::SetGuards(_, _, fields)
            | Self::ChangeWebhook(_, _, _, fields) => fields.join(" "),
            Self::CreateKey(key) => key.id.to_string(),
            Self::RotateKey(key, replaced, _) => format!("{} {replaced}", key.id),
            Self::RevokeKey(_, id, _) | Self::RevokeAccessKey(id, ..) => id.to_string(),
            Self::PutAdmin(admin) => admin.role.as_str().to_owned(),
            Self::CreateAccessKey(key) => key.id.to_string(),
            Self::LearnCountries(_, _, learned, _) => learned.countries.join(" "),
            Self::PauseCountry(_, pause, _) => pause.country.clone(),
            Self::ResumeCountry(_, country, _) => country.clone(),
            Self::CreateGateway(gateway) => format!("{} {}", gateway.id, gateway.kind.as_str()),
            Self::RotateGateway(_, id, ..) | Self::DeleteGateway(_, id) => id.clone(),
            Self::AddWebhook(endpoint) => endpoint.app_key.as_str().to_owned(),
            Self::ReplayWebhook(replay) => replay.event.clone().unwrap_or_default(),
            _ => String::new(),
        }
    }
}

/// An act that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuditRow {
    pub(crate) at: UnixMillis,
    pub(crate) actor: String,
    pub(crate) act: String,
    pub(crate) subject: String,
    pub(crate) fields: String,
}

/// What administrators do.
#[async_trait]
pub(crate) trait AdminStore {
    /// Does this, and notes who did it when; both or neither. `false` where it is not done.
    async fn administer(&self, act: Act, actor: String, at: UnixMillis) -> Result<bool, StoreError>;
    /// The latest acts, oldest first.
    #[cfg(test)]
    async fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        let page = self.audit_page(None, None, limit).await?;
        Ok(page.into_iter().rev().map(|(_, row)| row).collect())
    }
    /// The latest acts before this position, or the latest of all, each with its position, the latest first. Where apps are
    /// given, only acts on them, on their secret keys, their clients, their gateways and their endpoints of webhooks.
    async fn audit_page(
        &self,
        apps: Option<Vec<AppKey>>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, AuditRow)>, StoreError>;
    /// Deletes acts from before this moment, up to `limit` of them, and secret keys that ended before it; returns how many
    /// rows that were. Nothing else deletes an act, and nothing the mark of a database for development.
    async fn trim_audit(&self, before: UnixMillis, limit: u32) -> Result<u64, StoreError>;
    /// Whether the database is marked as one for development.
    async fn is_development(&self) -> Result<bool, StoreError>;
}
