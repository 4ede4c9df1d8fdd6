//! What administrators do: held to their rights and to the apps that they reach, validated, carried out and noted.
//!
//! The command line, the admin API and the console go this way alike. Each call looks at the right first, and at the reach
//! before it tells anything of an app: one that is out of reach is answered as one that is not there.

mod access;
mod actor;
mod admins;
mod apps;
mod clients;
mod gateways;
mod guards;
mod keys;
mod nodes;
mod numbers;
mod reading;
mod sign_in;
mod test_numbers;
mod webhooks;

use std::sync::Arc;

use loggin_protocol::AppKey;

use self::access::AccessKeys;
use crate::{
    clock::{Clock, Random, UnixMillis},
    gateway::GatewayKeys,
    store::{Act, App, Store, StoreError},
};

pub(crate) use access::{AccessError, NewAccessKey};
pub(crate) use actor::{Actor, Right, Rights};
pub(crate) use admins::AdminChanges;
pub(crate) use apps::{AppChanges, AppPolicy, NewApp, OriginChange};
pub(crate) use clients::NewClient;
pub(crate) use gateways::{GatewayMade, NewGateway};
pub(crate) use guards::{CountryChange, GuardChanges, GuardView};
pub(crate) use keys::{KeyRotation, NewKey, RotatedKey};
pub(crate) use nodes::NodeView;
pub(crate) use numbers::Quota;
pub(crate) use reading::usage_hours;
pub(crate) use test_numbers::{NewTestNumber, parse_number};
pub(crate) use webhooks::{NewWebhook, ReplayChoice, WebhookChanges, WebhookRules};

/// What an administrator asked for and there is not, as far as they can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Missing {
    #[error("access key that is good")]
    AccessKey,
    #[error("administrator")]
    Admin,
    #[error("app {0}")]
    App(AppKey),
    #[error("client")]
    Client,
    #[error("gateway")]
    Gateway,
    #[error("endpoint of webhooks")]
    Webhook,
    #[error("event that is kept")]
    Event,
    #[error("secret key that is good")]
    Key,
    #[error("test number")]
    TestNumber,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdministrationError {
    /// The actor lacks this right, or has it for some apps only where it concerns the whole server.
    #[error("this needs the right {}", .0.as_str())]
    Forbidden(Right),
    /// There is no such thing, or it is of an app that the actor does not reach.
    #[error("there is no such {0}")]
    NotFound(Missing),
    /// A value that makes no sense; the message stands behind the name of the field.
    #[error("{field}: {message}")]
    Invalid { field: &'static str, message: String },
    /// What is there does not allow it.
    #[error("{0}")]
    Refused(String),
    /// `LOGGIN_OTP_SECRET` is not set, and secrets of gateways are kept under it.
    #[error("LOGGIN_OTP_SECRET is not set, and the secrets of gateways are kept under it")]
    NoOtpSecret,
    /// `LOGGIN_WEBHOOK_SECRET` is not set, and secrets of webhooks are kept under it.
    #[error("LOGGIN_WEBHOOK_SECRET is not set, and the secrets of webhooks are kept under it")]
    NoWebhookSecret,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AdministrationError {
    fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { field, message: message.into() }
    }
}

/// What administrators do, on one store.
#[derive(Clone, Debug)]
pub(crate) struct Administration {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    webhooks: Option<WebhookRules>,
    gateways: Option<GatewayKeys>,
    access: Arc<AccessKeys>,
}

impl Administration {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let access = Arc::new(AccessKeys::new(Arc::clone(&store), Arc::clone(&clock)));
        Self { store, clock, random, webhooks: None, gateways: None, access }
    }

    /// Who a program is, by the key that it shows.
    pub(crate) fn access(&self) -> &AccessKeys {
        &self.access
    }

    /// The same, where endpoints of webhooks can get secrets.
    pub(crate) fn with_webhooks(self, rules: WebhookRules) -> Self {
        Self { webhooks: Some(rules), ..self }
    }

    /// The same, where gateways can get secrets.
    pub(crate) fn with_gateways(self, keys: GatewayKeys) -> Self {
        Self { gateways: Some(keys), ..self }
    }

    /// Carries out an act, whose actor may do it; `false` where it is not done. What is done is noted in the database with
    /// it, and told in the log.
    pub(crate) async fn carry_out(&self, actor: &Actor, act: Act) -> Result<bool, StoreError> {
        carry_out(&*self.store, &actor.name, act, self.clock.now()).await
    }

    /// The app, where the actor has this right on it.
    async fn reached(
        &self,
        actor: &Actor,
        right: Right,
        app_key: AppKey,
    ) -> Result<App, AdministrationError> {
        actor.check_for(right, app_key)?;
        self.store.app(app_key).await?.ok_or(AdministrationError::NotFound(Missing::App(app_key)))
    }
}

/// Carries out an act of whom the audit tells by this name: see [`Administration::carry_out`].
pub(crate) async fn carry_out(
    store: &dyn Store,
    actor: &str,
    act: Act,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let (name, subject, fields) = (act.name(), act.subject(), act.fields());
    let done = store.administer(act, actor.to_owned(), now).await?;
    if done {
        tracing::info!(act = name, subject, fields, actor, "an administrator acted");
    }
    Ok(done)
}

#[cfg(test)]
mod tests;
