//! The server's parts put together, and its routes.

use std::{hash::RandomState, net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Router, middleware,
    routing::{get, post},
};
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use url::Url;

use crate::{
    apps::Apps,
    client_address::{IpNetwork, StreamCounts},
    clock::{Clock, Random},
    config::{Secret, WhatsAppConfig},
    cors, limits,
    logins::{KEY_DOMAIN, Logins},
    mac_keys::MacKeys,
    otp::{CodeSender, Otp},
    outbox::Outbox,
    recipient_keys::RecipientKeys,
    request, routes,
    store::Store,
    waiters::Waiters,
    whatsapp::AppSecret,
    window_counts::WindowCounts,
};

/// How long a long poll waits at most.
pub(crate) const LONG_POLL: Duration = Duration::from_secs(25);

/// What every handler has at hand.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) apps: Apps,
    pub(crate) logins: Logins,
    /// One-time codes, where the server is set up to send them.
    pub(crate) otp: Option<Arc<Otp>>,
    pub(crate) waiters: Arc<Waiters>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) outbox: Outbox,
    pub(crate) hasher: RandomState,
    /// Messages with codes, by the hash of their sender.
    pub(crate) sender_counts: WindowCounts<u64>,
    /// Tokens waited for without a secret key, by address.
    pub(crate) wait_counts: WindowCounts<IpAddr>,
    pub(crate) streams: StreamCounts,
    pub(crate) app_secrets: Vec<AppSecret>,
    pub(crate) settings: Settings,
    /// Turns true when the server is told to stop.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// What the handlers need of the configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) whatsapp: WhatsAppConfig,
    /// The origin under which people reach this server.
    pub(crate) public_origin: String,
    /// What stands before the number in a link; `https://wa.me` but in development.
    pub(crate) link_base: Url,
    pub(crate) trusted_proxies: Vec<IpNetwork>,
    pub(crate) long_poll: Duration,
    /// Most tokens of a call that shows no secret key.
    pub(crate) tokens_without_key: usize,
}

/// What the server takes from outside.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) outbox: Outbox,
    pub(crate) otp: Option<OtpParts>,
    pub(crate) settings: Settings,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// What one-time codes take from outside.
#[derive(Debug)]
pub(crate) struct OtpParts {
    pub(crate) sender: Arc<dyn CodeSender>,
    /// The secret in use first, then those being replaced.
    pub(crate) secrets: Vec<Secret>,
}

impl Server {
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        let waiters = Arc::new(Waiters::default());
        let secrets = &parts.settings.whatsapp.app_secrets;
        let confirmation_keys =
            MacKeys::derive(secrets.iter().map(|secret| secret.expose().as_bytes()), KEY_DOMAIN);
        let recipients = RecipientKeys::derive(secrets.iter().map(|secret| secret.expose().as_bytes()));
        let otp = parts.otp.map(|otp| {
            Arc::new(Otp::new(
                Arc::clone(&parts.store),
                Arc::clone(&parts.clock),
                Arc::clone(&parts.random),
                otp.sender,
                otp.secrets.iter().map(|secret| secret.expose().as_bytes()),
                recipients,
            ))
        });
        let app_secrets = secrets.iter().filter_map(|secret| AppSecret::new(secret.expose())).collect();
        Arc::new(Self {
            apps: Apps::new(Arc::clone(&parts.store)),
            logins: Logins::new(
                Arc::clone(&parts.store),
                Arc::clone(&waiters),
                Arc::clone(&parts.clock),
                Arc::clone(&parts.random),
                confirmation_keys,
            ),
            otp,
            store: parts.store,
            waiters,
            clock: parts.clock,
            random: parts.random,
            outbox: parts.outbox,
            hasher: RandomState::new(),
            sender_counts: WindowCounts::new(limits::MESSAGES_PER_SENDER, limits::SENDER_WINDOW),
            wait_counts: WindowCounts::new(limits::WAITS_PER_ADDRESS, limits::WAITS_WINDOW),
            streams: StreamCounts::default(),
            app_secrets,
            settings: parts.settings,
            stopping: parts.stopping,
        })
    }
}

/// All routes, with what surrounds each call.
pub(crate) fn router(server: &Arc<Server>) -> Router {
    let api = Router::new()
        .route("/tokens/events", post(routes::events::handle))
        .route("/tokens/verify", post(routes::verify::handle))
        .route("/tokens/confirm", post(routes::confirm::handle))
        .route("/auth/start", post(routes::auth_start::handle))
        .route("/auth/verify", post(routes::auth_verify::handle))
        .route("/auth/status", get(routes::auth_status::handle))
        // Before the layer, which answers preflights: a method that no route has comes this way.
        .method_not_allowed_fallback(routes::fallback::method_not_allowed)
        .layer(middleware::from_fn_with_state(Arc::clone(server), cors::layer));
    Router::new()
        .nest("/api/v1", api)
        .route("/l/{code}", get(routes::link::handle))
        .route("/webhooks/whatsapp", get(routes::webhook::subscribe).post(routes::webhook::handle))
        .route("/healthz", get(routes::health::alive))
        .route("/readyz", get(routes::health::ready))
        .route("/openapi.json", get(routes::openapi::handle))
        .fallback(routes::fallback::not_found)
        .method_not_allowed_fallback(routes::fallback::method_not_allowed)
        .layer(CatchPanicLayer::custom(routes::fallback::panicked))
        .layer(middleware::from_fn(request::layer))
        .with_state(Arc::clone(server))
}
