//! The user who runs this program, as an administrator who may do everything; and what they are told where nothing is done.

use std::sync::Arc;

use loggin_protocol::AppKey;
use secrecy::ExposeSecret;

use super::run::{self, RunError};
use crate::{
    administration::{Actor, Administration, AdministrationError, Missing},
    clock::{SystemClock, SystemRandom},
    config::Settings,
    gateway::GatewayKeys,
    limits,
    store::{Location, Store},
    telemetry::process,
};

/// The user, and the database that they act on.
pub(super) struct Administrator {
    store: Arc<dyn Store>,
    pub(super) administration: Administration,
    pub(super) actor: Actor,
}

impl Administrator {
    /// Opens the database.
    pub(super) async fn of(database: &Location) -> Result<Self, RunError> {
        Ok(Self::on(run::open_store(database, Arc::new(())).await?))
    }

    /// The user of this program, on a store that is open.
    pub(super) fn on(store: Arc<dyn Store>) -> Self {
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
        let administration = Administration::new(Arc::clone(&store), clock, random);
        Self { store, administration, actor: Actor::with_all_rights(process::user()) }
    }

    /// Lets endpoints of webhooks have secrets, as the settings say.
    pub(super) fn with_webhooks(self, settings: &Settings) -> Result<Self, RunError> {
        let rules = run::webhook_rules(&settings.webhooks()?);
        let rules = rules.ok_or_else(Settings::webhook_secret_missing)?;
        Ok(Self { administration: self.administration.with_webhooks(rules), ..self })
    }

    /// Lets gateways have secrets, as the settings say.
    pub(super) fn with_gateways(self, settings: &Settings) -> Result<Self, RunError> {
        let secrets = settings.gateway_secrets()?;
        let keys = GatewayKeys::derive(secrets.iter().map(|secret| secret.expose_secret().as_bytes()));
        Ok(Self { administration: self.administration.with_gateways(keys), ..self })
    }

    pub(super) async fn close(&self) {
        self.store.close().await;
    }
}

/// The app key that is named on the command line.
pub(super) fn app_key(given: &str) -> Result<AppKey, RunError> {
    AppKey::parse(given).map_err(|error| RunError::Refused(error.message().into()))
}

impl From<AdministrationError> for RunError {
    fn from(error: AdministrationError) -> Self {
        match error {
            AdministrationError::Store(error) => error.into(),
            AdministrationError::NoOtpSecret => Settings::gateway_secret_missing().into(),
            AdministrationError::NoWebhookSecret => Settings::webhook_secret_missing().into(),
            AdministrationError::Refused(message) => Self::Refused(message),
            AdministrationError::NotFound(missing) => Self::Refused(not_found(missing)),
            AdministrationError::Invalid { field, message } => Self::Refused(invalid(field, &message)),
            forbidden @ AdministrationError::Forbidden(_) => Self::Refused(forbidden.to_string()),
        }
    }
}

fn not_found(missing: Missing) -> String {
    match missing {
        Missing::AccessKey => "there is no such access key that is good (`access-key list`)".to_owned(),
        Missing::Admin => "there is no administrator of this name".to_owned(),
        Missing::App(app_key) => format!("there is no app {app_key}"),
        Missing::Client => "there is no such client (`client list`)".to_owned(),
        Missing::Event => {
            "nothing is delivered again: no such event is kept (`webhook deliveries`)".to_owned()
        }
        Missing::Gateway => "there is no such gateway (`gateway list`)".to_owned(),
        Missing::Key => "the app has no such key that is good (`app key list`)".to_owned(),
        Missing::TestNumber => "there is no such test number".to_owned(),
        Missing::Webhook => "there is no such endpoint (`webhook list`)".to_owned(),
    }
}

/// What is wrong with a value, by the name that it has on the command line.
fn invalid(field: &'static str, message: &str) -> String {
    match field {
        "admin" => format!("the name {message}"),
        "allowed_origins" => format!("--allowed-origin: {message}"),
        "apps" => format!("--app: {message}"),
        "events" => format!("--event: {message}"),
        "even_if_real" => "the number may be a real person's, and whoever knows its code would be that person: take one \
                           that nobody has, such as +12025550100 to +12025550199, or add --even-if-real"
            .to_owned(),
        "hide_phone_from_browser" => {
            "--hide-phone-from-browser needs --require-secret-key true: without it a browser can redeem the token, and \
             a redeemer is told the number"
                .to_owned()
        }
        "number" => format!("the number {message}"),
        "secret" => format!("--secret-file: {message}"),
        "since" => {
            format!("--since must be before --until, and not more than {} days", limits::USAGE_DAYS)
        }
        "url" => format!("the URL {message}"),
        field => format!("--{}: {message}", field.replace('_', "-")),
    }
}
