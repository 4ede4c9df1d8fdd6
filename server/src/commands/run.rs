//! A server from its configuration to its end: the parts started, the signals heeded, the last write done.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use secrecy::ExposeSecret;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use url::Url;

use super::supervisor;
use crate::{
    administration::WebhookRules,
    clock::{SystemClock, SystemRandom, random_bytes},
    config::{self, Config, OtpConfig, TlsFiles, WebhookConfig},
    doctor::Resident,
    http::{
        self,
        serve::{self, Bounds},
        tls::{PairError, Tls},
    },
    limits,
    logins::Publisher,
    otp::TemplateSender,
    outbox::webhooks::{WebhookCaller, WebhookKeys, Webhooks},
    phones,
    state::{LONG_POLL, OtpParts, Parts, Server, Settings},
    store::{self, CommitListener, HOUR_MILLIS, HistoryPurge, Location, Node, Store, WrongLocation},
    telemetry::{Exporter, TracesError, process, vitals},
    whatsapp::{GraphClient, GraphConfig},
};

/// How often people are taken out of sessions that are over: they may stay a minute longer.
const PURGE_INTERVAL: Duration = Duration::from_secs(60);

/// How often old acts of administrators are forgotten: they are kept for days.
const TRIM_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Why the server did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    #[error(transparent)]
    Backup(#[from] store::BackupError),
    #[error(transparent)]
    Location(#[from] WrongLocation),
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error("the Graph API client: {0}")]
    Graph(#[from] crate::whatsapp::GraphConfigError),
    #[error("the client for webhooks: {0}")]
    Webhooks(#[source] reqwest::Error),
    #[error("{0}: {1}")]
    Io(&'static str, #[source] std::io::Error),
    #[error(transparent)]
    Tls(#[from] PairError),
    #[error(transparent)]
    Traces(#[from] TracesError),
    #[error("{0}")]
    Refused(String),
}

/// Whom a server is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One developer, on their own machine.
    Development,
    /// Everybody.
    Production,
}

impl Mode {
    /// Most tokens of a call that shows no secret key.
    fn tokens_without_key(self) -> usize {
        match self {
            Self::Development => loggin_protocol::wire::MAX_TOKENS,
            Self::Production => loggin_protocol::wire::MAX_TOKENS_WITHOUT_KEY,
        }
    }
}

/// A server that is ready to serve.
#[derive(Debug)]
pub(crate) struct Ready {
    server: Arc<Server>,
    tls: Option<Arc<Tls>>,
    stop: watch::Sender<bool>,
    background: tokio::task::JoinSet<()>,
    signals: Signals,
}

/// The signals that end a server. They are heeded from when these are there.
#[derive(Debug)]
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn heed() -> Result<Self, RunError> {
        let heed = |kind| signal(kind).map_err(|error| RunError::Io("signals cannot be heeded", error));
        Ok(Self { terminate: heed(SignalKind::terminate())?, interrupt: heed(SignalKind::interrupt())? })
    }

    /// Waits for one.
    async fn recv(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Where the settings say that the database is.
pub(crate) fn location(settings: &config::Settings) -> Result<Location, RunError> {
    let notify = settings.notify()?;
    Ok(Location::parse(&settings.database()?)?.with_notify(notify))
}

/// Opens a store for this process.
pub(crate) async fn open_store(
    location: &Location,
    listener: Arc<dyn CommitListener>,
) -> Result<Arc<dyn Store>, RunError> {
    let node = i64::from_le_bytes(random_bytes(&SystemRandom));
    Ok(store::open(location, node, listener).await?)
}

/// Listens for those who collect metrics, where that is wished for.
pub(crate) async fn listen_for_metrics(address: Option<SocketAddr>) -> Result<Option<Exporter>, RunError> {
    let Some(address) = address else { return Ok(None) };
    let exporter = Exporter::bind(address).await.map_err(|error| {
        RunError::Io("LOGGIN_METRICS_LISTEN: the address for the metrics cannot be listened on", error)
    })?;
    Ok(Some(exporter))
}

/// Reads the certificate, where TLS is to be spoken here.
pub(crate) async fn load_tls(files: Option<TlsFiles>) -> Result<Option<Arc<Tls>>, RunError> {
    let Some(files) = files else { return Ok(None) };
    let loading = tokio::task::spawn_blocking(|| Tls::load(files, Arc::new(SystemClock)));
    let loaded = loading.await.map_err(|_| RunError::Refused("the certificate cannot be read".to_owned()))?;
    Ok(Some(Arc::new(loaded?)))
}

/// Puts the parts together and starts what works in the background. From then on signals are heeded, so whoever is told
/// that the server is ready may stop it.
pub(crate) async fn prepare(
    config: Config,
    store: Arc<dyn Store>,
    publisher: Arc<Publisher>,
    mode: Mode,
) -> Result<Ready, RunError> {
    let client = GraphClient::new(GraphConfig {
        graph_url: config.whatsapp.graph_url.clone(),
        phone_number_id: config.whatsapp.phone_number_id.clone(),
        access_token: config.whatsapp.access_token.clone(),
    })?;
    if config.otp.is_some() {
        std::thread::spawn(phones::load);
    }
    let (retention, history) = (config.retention, config.history);
    let webhooks = webhooks(&config.webhooks, &store, &publisher)?;
    let webhook_rules = webhook_rules(&config.webhooks);
    let doctor =
        Resident::new(config.clone(), Arc::clone(&store), Arc::new(SystemClock), Arc::new(SystemRandom));
    vitals::start();
    // Before anybody can wait here.
    let cursor = store.cursor().await?;
    let (stop, stopping) = watch::channel(false);
    let server = Server::new(Parts {
        store,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        publisher,
        client: client.clone(),
        otp: config.otp.clone().map(|otp| otp_parts(otp, &client)),
        webhooks: webhook_rules,
        settings: settings(config, mode),
        doctor: Some(doctor),
        stopping: stopping.clone(),
    });
    let mut background = tokio::task::JoinSet::new();
    background.spawn(Arc::clone(&server.outbox).run(stopping.clone()));
    background.spawn(webhooks.run(stopping.clone()));
    let (looking, mut stopped) = (Arc::clone(&server), stopping);
    background.spawn(async move {
        tokio::select! {
            () = looking.logins.look_after(cursor) => {}
            () = purge_otp(&looking) => {}
            () = reseal_gateways(&looking) => {}
            () = look_after_guards(&looking) => {}
            () = looking.apps.keep_writing_uses() => {}
            () = look_after_openid(&looking) => {}
            () = trim_audit(&looking, retention) => {}
            () = purge_history(&looking, history) => {}
            () = purge_issuer_sessions(&looking) => {}
            () = keep_telling(&looking) => {}
            () = looking.waiters.run_wheel() => {}
            () = supervisor::feed_watchdog(Arc::clone(&looking.store)) => {}
            // An error means that whoever would tell is gone, which is the end too.
            _ = stopped.wait_for(|stopping| *stopping) => {}
        }
    });
    Ok(Ready { server, tls: None, stop, background, signals: Signals::heed()? })
}

/// Has the secrets of gateways be under the secret in use, and waits for ever.
async fn reseal_gateways(server: &Server) {
    if let Some(keys) = &server.gateway_keys {
        match keys.reseal_all(&server.store, &*server.random).await {
            Ok(0) => {}
            Ok(count) => {
                tracing::info!(count, "secrets of gateways are under the first LOGGIN_OTP_SECRET now");
            }
            Err(error) => tracing::warn!(%error, "secrets of gateways could not be looked through"),
        }
    }
    std::future::pending::<()>().await;
}

/// Forgets sessions of one-time codes, for ever.
async fn purge_otp(server: &Server) {
    let Some(otp) = &server.otp else {
        return std::future::pending().await;
    };
    let mut ticks = tokio::time::interval(PURGE_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let purged = match server.store.leads().await {
            Ok(true) => otp.purge().await,
            other => other.map(drop),
        };
        if let Err(error) = purged {
            tracing::warn!(%error, "the store could not be cleared; trying again");
        }
    }
}

/// Has guards learn what apps' countries are, for ever.
async fn look_after_guards(server: &Server) {
    let Some(otp) = &server.otp else {
        return std::future::pending().await;
    };
    let mut ticks = tokio::time::interval(limits::GUARD_LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let looked = match server.store.leads().await {
            Ok(true) => otp.look_after_guards().await,
            other => other.map(drop),
        };
        if let Err(error) = looked {
            tracing::warn!(%error, "the guards could not be looked after; trying again");
        }
    }
}

/// Forgets what the OpenID issuer needs no longer, and has its keys take turns, for ever.
async fn look_after_openid(server: &Server) {
    let mut ticks = tokio::time::interval(limits::OPENID_LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let looked = match server.store.leads().await {
            Ok(true) => server.openid.look_after().await,
            other => other.map(drop),
        };
        if let Err(error) = looked {
            tracing::warn!(%error, "the OpenID issuer could not be looked after; trying again");
        }
    }
}

/// Forgets acts of administrators that are older than they are to be kept, for ever.
async fn trim_audit(server: &Server, retention: Option<Duration>) {
    let Some(retention) = retention else {
        return std::future::pending().await;
    };
    let mut ticks = tokio::time::interval(TRIM_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = trim_audit_once(server, retention).await {
            tracing::warn!(%error, "the audit could not be trimmed; trying again");
        }
    }
}

/// The same once, where this process is the one that does it.
async fn trim_audit_once(server: &Server, retention: Duration) -> Result<(), store::StoreError> {
    if !server.store.leads().await? {
        return Ok(());
    }
    let before = server.clock.now() - retention;
    while server.store.trim_audit(before, limits::SWEEP).await? >= u64::from(limits::SWEEP) {}
    Ok(())
}

/// Forgets browsers that the issuer remembers no longer, for ever.
async fn purge_issuer_sessions(server: &Server) {
    let mut ticks = tokio::time::interval(TRIM_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = purge_issuer_sessions_once(server).await {
            tracing::warn!(%error, "sessions of the issuer could not be cleared; trying again");
        }
    }
}

/// The same once, where this process is the one that does it.
async fn purge_issuer_sessions_once(server: &Server) -> Result<(), store::StoreError> {
    let (store, most) = (&server.store, limits::SWEEP);
    let is_leader = store.leads().await?;
    let now = server.clock.now();
    while is_leader && store.purge_issuer_sessions(now, most).await? >= u64::from(most) {}
    Ok(())
}

/// Forgets what became of logins and codes longer ago than it is to be kept, for ever.
async fn purge_history(server: &Server, kept: Duration) {
    let mut ticks = tokio::time::interval(TRIM_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = purge_history_once(server, kept).await {
            tracing::warn!(%error, "the history could not be trimmed; trying again");
        }
    }
}

/// The same once, where this process is the one that does it.
async fn purge_history_once(server: &Server, kept: Duration) -> Result<(), store::StoreError> {
    if !server.store.leads().await? {
        return Ok(());
    }
    let now = server.clock.now();
    let purge = HistoryPurge {
        now,
        before: now - kept,
        hour: (now.0.div_euclid(24 * HOUR_MILLIS) - i64::from(limits::USAGE_DAYS)) * 24,
        most_unanswered: limits::LAPSED_PER_APP,
    };
    while server.store.purge_history(purge, limits::SWEEP).await? >= u64::from(limits::SWEEP) {}
    Ok(())
}

/// Says that this process is there, for ever.
async fn keep_telling(server: &Server) {
    let started_at = server.clock.now();
    let mut ticks = tokio::time::interval(limits::NODE_TOLD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let node = Node {
            id: server.store.node(),
            host: process::host(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at,
            seen_at: server.clock.now(),
        };
        if let Err(error) = server.store.put_node(node).await {
            tracing::warn!(%error, "that this server is there could not be noted; trying again");
        }
    }
}

fn otp_parts(config: OtpConfig, client: &GraphClient) -> OtpParts {
    let OtpConfig { template, language, secrets } = config;
    OtpParts { sender: Arc::new(TemplateSender { client: client.clone(), template, language }), secrets }
}

/// What delivers webhooks to apps. Without a secret that theirs are kept under nothing goes out; it is there all the
/// same, so that this shows, and what waits has an end.
fn webhooks(
    config: &WebhookConfig,
    store: &Arc<dyn Store>,
    publisher: &Publisher,
) -> Result<Arc<Webhooks>, RunError> {
    let secrets = config.secrets.iter().map(|secret| secret.expose_secret().as_bytes());
    let caller =
        if config.secrets.is_empty() { WebhookCaller::idle() } else { WebhookCaller::new(&config.networks) };
    Ok(Arc::new(Webhooks {
        store: Arc::clone(store),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        caller: caller.map_err(RunError::Webhooks)?,
        keys: WebhookKeys::derive(secrets),
        kept: config.kept,
        queued: Arc::clone(&publisher.webhooks),
    }))
}

/// What secrets endpoints of webhooks get; none without a secret to keep them under.
pub(super) fn webhook_rules(config: &WebhookConfig) -> Option<WebhookRules> {
    let secrets = config.secrets.iter().map(|secret| secret.expose_secret().as_bytes());
    (!config.secrets.is_empty()).then(|| WebhookRules {
        keys: WebhookKeys::derive(secrets),
        networks: config.networks.clone().into(),
    })
}

fn settings(config: Config, mode: Mode) -> Settings {
    Settings {
        public_origin: origin(&config.public_url),
        link_base: config.link_base,
        demo: config.demo,
        issuer_session: config.issuer_session,
        otp_template: config.otp.map(|otp| otp.template),
        trusted_proxies: Arc::new(config.trusted_proxies),
        counts_addresses: config.counts_addresses,
        whatsapp: config.whatsapp,
        bodies_kib: limits::BODIES_KIB,
        long_poll: LONG_POLL,
        tokens_without_key: mode.tokens_without_key(),
        development: mode == Mode::Development,
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

impl Ready {
    /// Speaks TLS, with the newest certificate, where there is one.
    pub(crate) fn speak_tls(&mut self, tls: Option<Arc<Tls>>) {
        if let Some(tls) = &tls {
            let (tls, mut stopping) = (Arc::clone(tls), self.server.stopping.clone());
            self.background.spawn(async move {
                tokio::select! {
                    () = tls.keep_current() => {}
                    // An error means that whoever would tell is gone, which is the end too.
                    _ = stopping.wait_for(|stopping| *stopping) => {}
                }
            });
        }
        self.tls = tls;
    }

    /// Serves until a signal tells to stop, or `ended` does; then ends streams, finishes calls and closes the store.
    pub(crate) async fn serve(
        mut self,
        listener: TcpListener,
        exporter: Option<Exporter>,
        ended: impl Future<Output = Result<(), RunError>>,
    ) -> Result<(), RunError> {
        let router = http::router(&self.server);
        let mut serving = tokio::spawn(serve::serve(
            listener,
            router,
            Bounds::of_this_process(),
            self.tls.clone(),
            Arc::clone(&self.server.settings.trusted_proxies),
            self.server.stopping.clone(),
        ));
        supervisor::tell_ready().await;
        // To the end: what a stop brings about is to be seen too.
        let exporting = exporter.map(|exporter| tokio::spawn(exporter.run()));
        let result = tokio::select! {
            // A signal goes before the failures that the same signal brings about.
            biased;
            () = self.signals.recv() => Ok(()),
            result = ended => result,
            // Nothing there ends by itself: whoever started this program starts it again.
            _ = self.background.join_next() => {
                Err(RunError::Refused("a part of the server ended, which is a defect".to_owned()))
            }
            _ = &mut serving => Err(RunError::Refused("the listener ended".to_owned())),
        };
        tracing::info!("stopping");
        let telling = tokio::spawn(supervisor::tell_stopping());
        self.stop(serving).await;
        if let Some(exporting) = exporting {
            exporting.abort();
        }
        let _ = telling.await;
        tracing::info!("stopped");
        result
    }

    /// Ends everything in its order, each part in the time that service managers leave.
    async fn stop(&mut self, mut serving: JoinHandle<()>) {
        let told = Instant::now();
        self.stop.send_replace(true);
        let background = told + limits::STOP_BACKGROUND;
        // It panics only through a defect, and the store is to be closed all the same.
        if !serving.is_finished() && timeout_at(background, &mut serving).await.is_err() {
            tracing::warn!("connections did not end in time, and are cut");
            serving.abort();
        }
        let all = async {
            if let Some(otp) = &self.server.otp {
                // Codes whose callers have left: what is not written is not known.
                otp.finish_tasks().await;
            }
            while self.background.join_next().await.is_some() {}
            if let Err(error) = self.server.apps.write_uses().await {
                tracing::warn!(%error, "the use of secret keys could not be noted");
            }
            if let Err(error) = self.server.store.remove_node(self.server.store.node()).await {
                tracing::warn!(%error, "that this server ends could not be noted");
            }
        };
        if timeout_at(background, all).await.is_err() {
            tracing::warn!("what works in the background did not end in time, and is cut off");
            self.background.abort_all();
        }
        if timeout_at(told + limits::STOP_STORE, self.server.store.close()).await.is_err() {
            tracing::error!("the store could not be closed in time; what it said to have written is there");
        }
    }
}
