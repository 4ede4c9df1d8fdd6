//! A server from its configuration to its end: the parts started, the signals heeded, the last write done.

use std::{path::Path, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use url::Url;

use crate::{
    app::{self, LONG_POLL, OtpParts, Parts, Server, Settings},
    clock::{SystemClock, SystemRandom, random_bytes},
    config::{Config, OtpConfig},
    limits,
    otp::TemplateSender,
    outbox::{self, Outbox},
    phones, serve,
    store::{SqliteStore, Store},
    whatsapp::{GraphClient, GraphConfig},
};

/// How often people are taken out of sessions that are over: they may stay a minute longer.
const PURGE_INTERVAL: Duration = Duration::from_secs(60);

/// Why the server did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    #[error("the Graph API client: {0}")]
    Graph(#[from] crate::whatsapp::GraphConfigError),
    #[error("{0}: {1}")]
    Io(&'static str, #[source] std::io::Error),
    #[error("{0}")]
    Refused(String),
}

/// A server that is ready to serve.
#[derive(Debug)]
pub(crate) struct Ready {
    server: Arc<Server>,
    stop: watch::Sender<bool>,
    background: tokio::task::JoinSet<()>,
}

/// Opens a store for this process.
pub(crate) async fn open_store(path: &Path) -> Result<Arc<dyn Store>, RunError> {
    let node = i64::from_le_bytes(random_bytes(&SystemRandom));
    Ok(Arc::new(SqliteStore::open(path, node).await?))
}

/// Puts the parts together and starts what works in the background.
pub(crate) fn prepare(
    config: Config,
    store: Arc<dyn Store>,
    tokens_without_key: usize,
) -> Result<Ready, RunError> {
    let client = GraphClient::new(GraphConfig {
        graph_url: config.whatsapp.graph_url.clone(),
        phone_number_id: config.whatsapp.phone_number_id.clone(),
        access_token: config.whatsapp.access_token.clone(),
    })?;
    if config.otp.is_some() {
        std::thread::spawn(phones::load);
    }
    let (stop, stopping) = watch::channel(false);
    let (outbox, answers) = Outbox::channel();
    let server = Server::new(Parts {
        store,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        outbox,
        otp: config.otp.clone().map(|otp| otp_parts(otp, &client)),
        settings: settings(config, tokens_without_key),
        stopping: stopping.clone(),
    });
    let mut background = tokio::task::JoinSet::new();
    background.spawn(outbox::run(answers, client, stopping.clone()));
    let (looking, mut stopped) = (Arc::clone(&server), stopping);
    background.spawn(async move {
        tokio::select! {
            () = looking.logins.look_after() => {}
            () = purge_otp(&looking) => {}
            () = looking.waiters.run_wheel() => {}
            // An error means that whoever would tell is gone, which is the end too.
            _ = stopped.wait_for(|stopping| *stopping) => {}
        }
    });
    Ok(Ready { server, stop, background })
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
        if let Err(error) = otp.purge().await {
            tracing::warn!(%error, "the store could not be cleared; trying again");
        }
    }
}

fn otp_parts(config: OtpConfig, client: &GraphClient) -> OtpParts {
    let OtpConfig { template, language, secrets } = config;
    OtpParts { sender: Arc::new(TemplateSender { client: client.clone(), template, language }), secrets }
}

fn settings(config: Config, tokens_without_key: usize) -> Settings {
    Settings {
        public_origin: origin(&config.public_url),
        link_base: config.link_base,
        trusted_proxies: config.trusted_proxies,
        whatsapp: config.whatsapp,
        long_poll: LONG_POLL,
        tokens_without_key,
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

impl Ready {
    /// Serves until a signal tells to stop, or `failed` ends; then ends streams, finishes calls and closes the store.
    pub(crate) async fn serve(
        mut self,
        listener: TcpListener,
        failed: impl Future<Output = RunError>,
    ) -> Result<(), RunError> {
        let mut terminate = signal(SignalKind::terminate())
            .map_err(|error| RunError::Io("signals cannot be heeded", error))?;
        let mut interrupt = signal(SignalKind::interrupt())
            .map_err(|error| RunError::Io("signals cannot be heeded", error))?;
        let router = app::router(&self.server);
        let mut serving = tokio::spawn(serve::serve(listener, router, self.server.stopping.clone()));
        let result = tokio::select! {
            // A signal goes before the failures that the same signal brings about.
            biased;
            _ = terminate.recv() => Ok(()),
            _ = interrupt.recv() => Ok(()),
            error = failed => Err(error),
            _ = &mut serving => Err(RunError::Refused("the listener ended".to_owned())),
        };
        tracing::info!("stopping");
        let stopped_at = tokio::time::Instant::now();
        self.stop.send_replace(true);
        if !serving.is_finished() {
            // It panics only through a defect, and the store is to be closed all the same.
            let _ = serving.await;
        }
        if let Some(otp) = &self.server.otp {
            // Codes whose callers have left: sending one takes less than that, and what is not written is not known.
            let _ = tokio::time::timeout_at(stopped_at + limits::SHUTDOWN, otp.finish_tasks()).await;
        }
        while self.background.join_next().await.is_some() {}
        self.server.store.close().await;
        result
    }
}
