//! `loggin-server serve`: the server for everybody, as the configuration file and the environment say.

use std::{ffi::OsString, path::PathBuf, sync::Arc};

use clap::Args;
use tokio::net::TcpListener;

use super::{
    ConfigArgs,
    output::announce,
    run::{self, Mode, RunError},
    startup::{self, Addresses},
};
use crate::{
    config::Settings,
    logins::Publisher,
    store::{CommitListener, Store},
    telemetry::Exporter,
};

/// What `serve` is told.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    pub(super) config: ConfigArgs,
    /// Serve a database that `dev` made, whose app lets any web page sign in without a secret key.
    #[arg(long)]
    pub(super) development_data: bool,
    /// Speak TLS with this certificate and its chain, in PEM; `LOGGIN_TLS_CERT` says the same.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,
    /// The key of that certificate, in PEM; `LOGGIN_TLS_KEY` says the same.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
}

impl ServeArgs {
    /// What the command line says of settings, which goes before the environment.
    pub(super) fn settings(&self) -> impl Iterator<Item = (OsString, OsString)> {
        let files = [("LOGGIN_TLS_CERT", &self.tls_cert), ("LOGGIN_TLS_KEY", &self.tls_key)];
        files.into_iter().filter_map(|(name, file)| Some((name.into(), file.as_ref()?.into())))
    }
}

/// Serves until a signal tells to stop.
pub(super) async fn run(settings: &Settings, development_data: bool) -> Result<(), RunError> {
    let config = settings.config()?;
    let location = run::location(settings)?;
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| RunError::Io("LOGGIN_LISTEN: the address cannot be listened on", error))?;
    let server = listener.local_addr().map_err(|error| RunError::Io("the listener has no address", error))?;
    let exporter = run::listen_for_metrics(config.metrics).await?;
    // After the metrics, which are told when it ends.
    let tls = run::load_tls(config.tls.clone()).await?;
    let metrics = exporter.as_ref().map(Exporter::address);
    startup::tell_start(settings, &config, &location, Addresses { server, metrics });
    startup::warn_about_settings(settings, &config);
    let publisher = Arc::new(Publisher::default());
    let store = run::open_store(&location, Arc::clone(&publisher) as Arc<dyn CommitListener>).await?;
    check_data(&*store, development_data).await?;
    startup::warn_about_data(&*store).await?;
    let mut ready = run::prepare(config, store, publisher, Mode::Production).await?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    ready.speak_tls(tls);
    announce(format!("loggin-server listening on {scheme}://{server}")).await?;
    ready.serve(listener, exporter, std::future::pending()).await
}

/// Refuses to serve a database that `dev` made, unless that is meant.
async fn check_data(store: &dyn Store, meant: bool) -> Result<(), RunError> {
    if meant || !store.is_development().await? {
        return Ok(());
    }
    Err(RunError::Refused(
        "LOGGIN_DATABASE_URL: `loggin-server dev` made this database, and its app lets any web page sign in \
         without a secret key; choose another, or say --development-data"
            .into(),
    ))
}
