//! Apps: added, listed, changed, paused and deleted.

use loggin_protocol::{AppKey, SecretKey};

use super::{Actor, Administration, AdministrationError, Missing, Right, keys::FIRST_LABEL};
use crate::{
    apps::origin,
    clock::random_bytes,
    limits,
    store::{Act, App, AppSecretKey, Confirm, PhoneHidden},
};

/// Longest name of an app, in characters: it stands in one line of a message.
const NAME_CHARS: usize = 60;

/// A new app.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewApp {
    /// The name that people are shown.
    pub(crate) name: String,
    pub(crate) policy: AppPolicy,
}

/// Changes of an app; what is not given stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct AppChanges {
    pub(crate) name: Option<String>,
    pub(crate) policy: AppPolicy,
}

/// What an app chooses; what is not given stays, or is as for a new app.
#[allow(clippy::option_option)] // what is not given stays, and none takes a quota away
#[derive(Clone, Debug, Default)]
pub(crate) struct AppPolicy {
    pub(crate) require_secret_key: Option<bool>,
    pub(crate) hide_phone_from_browser: Option<bool>,
    pub(crate) allowed_origins: OriginChange,
    pub(crate) confirm: Option<Confirm>,
    pub(crate) phone_hidden: Option<PhoneHidden>,
    pub(crate) calls_per_minute: Option<u32>,
    /// A quota, or none.
    pub(crate) monthly_quota: Option<Option<u32>>,
    pub(crate) messages_per_day: Option<Option<u32>>,
    /// Days, or as long as the server keeps it.
    pub(crate) history_days: Option<Option<u32>>,
    pub(crate) live_only: Option<bool>,
}

/// What becomes of the origins that may call, each as people write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OriginChange {
    /// These too.
    Add(Vec<String>),
    /// These alone.
    Set(Vec<String>),
}

impl Default for OriginChange {
    fn default() -> Self {
        Self::Add(Vec::new())
    }
}

impl Administration {
    /// The apps that the actor reaches, oldest first.
    pub(crate) async fn apps(&self, actor: &Actor) -> Result<Vec<App>, AdministrationError> {
        actor.check(Right::ReadApps)?;
        let mut apps = self.store.apps().await?;
        apps.retain(|app| actor.reaches(app.app_key));
        Ok(apps)
    }

    /// One app.
    pub(crate) async fn app(&self, actor: &Actor, app_key: AppKey) -> Result<App, AdministrationError> {
        self.reached(actor, Right::ReadApps, app_key).await
    }

    /// Adds an app, with its first secret key.
    pub(crate) async fn create_app(
        &self,
        actor: &Actor,
        new: NewApp,
    ) -> Result<(App, SecretKey), AdministrationError> {
        actor.check_everywhere(Right::WriteApps)?;
        let mut app = App {
            app_key: self.new_app_key(),
            name: name(&new.name)?,
            require_secret_key: true,
            hide_phone_from_browser: false,
            allowed_origins: Vec::new(),
            confirm: Confirm::None,
            phone_hidden: PhoneHidden::Ask,
            calls_per_minute: limits::CALLS_PER_MINUTE,
            monthly_quota: None,
            live_only: true,
            messages_per_day: Some(limits::MESSAGES_PER_APP),
            history_days: None,
            created_at: self.clock.now(),
            disabled_at: None,
        };
        apply(&mut app, new.policy)?;
        loop {
            let key = self.new_key(app.app_key);
            let kept = AppSecretKey::of(&key, FIRST_LABEL, app.created_at);
            if self.carry_out(actor, Act::CreateApp(app.clone(), kept)).await? {
                return Ok((app, key));
            }
            // Another app has the key once in a trillion times.
            app.app_key = self.new_app_key();
        }
    }

    /// Changes an app.
    pub(crate) async fn update_app(
        &self,
        actor: &Actor,
        app_key: AppKey,
        changes: AppChanges,
    ) -> Result<App, AdministrationError> {
        self.change(actor, app_key, changes, None).await
    }

    /// Changes an app and gives it a secret key that is its only good one from then on.
    pub(crate) async fn update_app_with_new_key(
        &self,
        actor: &Actor,
        app_key: AppKey,
        changes: AppChanges,
    ) -> Result<(App, SecretKey), AdministrationError> {
        actor.check_for(Right::WriteKeys, app_key)?;
        let key = self.new_key(app_key);
        let app = self.change(actor, app_key, changes, Some(&key)).await?;
        Ok((app, key))
    }

    async fn change(
        &self,
        actor: &Actor,
        app_key: AppKey,
        changes: AppChanges,
        key: Option<&SecretKey>,
    ) -> Result<App, AdministrationError> {
        let before = self.reached(actor, Right::WriteApps, app_key).await?;
        let mut app = before.clone();
        if let Some(given) = &changes.name {
            app.name = name(given)?;
        }
        apply(&mut app, changes.policy)?;
        let kept = key.map(|key| AppSecretKey::of(key, FIRST_LABEL, self.clock.now()));
        let act = Act::UpdateApp(app.clone(), changed(&before, &app, kept.is_some()), kept);
        self.done_to(actor, app_key, act).await?;
        Ok(app)
    }

    /// Has an app refuse everything, until it is resumed.
    pub(crate) async fn pause_app(&self, actor: &Actor, app_key: AppKey) -> Result<(), AdministrationError> {
        self.reached(actor, Right::WriteApps, app_key).await?;
        if self.carry_out(actor, Act::DisableApp(app_key, self.clock.now())).await? {
            return Ok(());
        }
        Err(AdministrationError::Refused(format!("the app {app_key} is disabled already")))
    }

    /// Has a paused app work again.
    pub(crate) async fn resume_app(&self, actor: &Actor, app_key: AppKey) -> Result<(), AdministrationError> {
        self.reached(actor, Right::WriteApps, app_key).await?;
        if self.carry_out(actor, Act::EnableApp(app_key)).await? {
            return Ok(());
        }
        Err(AdministrationError::Refused(format!("the app {app_key} is not disabled")))
    }

    /// Deletes an app with all that is its own.
    pub(crate) async fn delete_app(&self, actor: &Actor, app_key: AppKey) -> Result<(), AdministrationError> {
        actor.check_for(Right::WriteApps, app_key)?;
        self.done_to(actor, app_key, Act::DeleteApp(app_key)).await
    }

    /// Carries out what is done unless there is no such app.
    pub(super) async fn done_to(
        &self,
        actor: &Actor,
        app_key: AppKey,
        act: Act,
    ) -> Result<(), AdministrationError> {
        if self.carry_out(actor, act).await? {
            return Ok(());
        }
        Err(AdministrationError::NotFound(Missing::App(app_key)))
    }

    fn new_app_key(&self) -> AppKey {
        AppKey::from_random(random_bytes(&*self.random))
    }
}

/// The names of what is another now.
fn changed(before: &App, after: &App, has_new_key: bool) -> Vec<&'static str> {
    let fields = [
        ("name", before.name != after.name),
        ("secret_key", has_new_key),
        ("require_secret_key", before.require_secret_key != after.require_secret_key),
        ("hide_phone_from_browser", before.hide_phone_from_browser != after.hide_phone_from_browser),
        ("allowed_origins", before.allowed_origins != after.allowed_origins),
        ("confirm", before.confirm != after.confirm),
        ("phone_hidden", before.phone_hidden != after.phone_hidden),
        ("calls_per_minute", before.calls_per_minute != after.calls_per_minute),
        ("monthly_quota", before.monthly_quota != after.monthly_quota),
        ("live_only", before.live_only != after.live_only),
        ("messages_per_day", before.messages_per_day != after.messages_per_day),
        ("history_days", before.history_days != after.history_days),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

fn apply(app: &mut App, policy: AppPolicy) -> Result<(), AdministrationError> {
    let AppPolicy { require_secret_key, hide_phone_from_browser, allowed_origins, .. } = policy;
    app.require_secret_key = require_secret_key.unwrap_or(app.require_secret_key);
    app.hide_phone_from_browser = hide_phone_from_browser.unwrap_or(app.hide_phone_from_browser);
    app.confirm = policy.confirm.unwrap_or(app.confirm);
    app.phone_hidden = policy.phone_hidden.unwrap_or(app.phone_hidden);
    app.calls_per_minute = policy.calls_per_minute.unwrap_or(app.calls_per_minute);
    app.monthly_quota = policy.monthly_quota.unwrap_or(app.monthly_quota);
    app.messages_per_day = policy.messages_per_day.unwrap_or(app.messages_per_day);
    app.history_days = policy.history_days.unwrap_or(app.history_days);
    app.live_only = policy.live_only.unwrap_or(app.live_only);
    if app.history_days.is_some_and(|days| days > limits::HISTORY_DAYS) {
        let message = format!("must be {} at most", limits::HISTORY_DAYS);
        return Err(AdministrationError::invalid("history_days", message));
    }
    if app.calls_per_minute == 0 {
        return Err(AdministrationError::invalid("calls_per_minute", "must be 1 or more"));
    }
    change_origins(&mut app.allowed_origins, allowed_origins)?;
    if app.hide_phone_from_browser && !app.require_secret_key {
        return Err(AdministrationError::invalid(
            "hide_phone_from_browser",
            "needs `require_secret_key`: without it a browser can redeem the token, and a redeemer is told the number",
        ));
    }
    Ok(())
}

fn change_origins(origins: &mut Vec<String>, change: OriginChange) -> Result<(), AdministrationError> {
    let given = match change {
        OriginChange::Add(given) => given,
        OriginChange::Set(given) => {
            origins.clear();
            given
        }
    };
    for given in given {
        let origin = origin::parse_entry(&given)
            .map_err(|reason| AdministrationError::invalid("allowed_origins", reason))?;
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    if origins.len() > limits::ORIGINS_PER_APP {
        let message = format!("must be {} at most", limits::ORIGINS_PER_APP);
        return Err(AdministrationError::invalid("allowed_origins", message));
    }
    Ok(())
}

pub(super) fn name(given: &str) -> Result<String, AdministrationError> {
    let name = given.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
        let message = format!("must have 1 to {NAME_CHARS} characters, in one line");
        return Err(AdministrationError::invalid("name", message));
    }
    Ok(name.to_owned())
}
