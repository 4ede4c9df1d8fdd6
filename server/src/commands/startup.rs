//! What the log says when a server starts: what it is, what it was told, and what an operator should look at.

use std::net::SocketAddr;

use crate::{
    apps::is_published_key,
    clock::{Clock, SystemClock},
    config::{Config, PublicSetting, Settings},
    limits,
    store::{Location, Store, StoreError},
    telemetry::process,
};

/// Where the server really listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) server: SocketAddr,
    pub(crate) metrics: Option<SocketAddr>,
}

/// What stands for the address of something that is off.
const OFF: &str = "off";

/// Logs what starts. No secret is shown, only how many there are.
pub(crate) fn tell_start(settings: &Settings, config: &Config, location: &Location, addresses: Addresses) {
    let files = process::most_files();
    let metrics = addresses.metrics.map_or_else(|| OFF.to_owned(), |address| address.to_string());
    let (whatsapp, otp) = (&config.whatsapp, config.otp.as_ref());
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %addresses.server,
        metrics,
        public_url = %config.public_url,
        trusted_proxies = settings.shown(PublicSetting::TrustedProxies).unwrap_or("loopback"),
        database = location.engine(),
        database_at = %location,
        database_version = location.version(),
        sqlite = location.sqlite(),
        phone_number_id = whatsapp.phone_number_id,
        graph_url = %whatsapp.graph_url,
        app_secrets = whatsapp.app_secrets.len(),
        otp_template = otp.map(|otp| otp.template.as_str()),
        otp_language = otp.map(|otp| otp.language.as_str()),
        demo_app = config.demo.as_ref().map(|demo| demo.app_key.as_str()),
        demo_codes = config.demo.as_ref().is_some_and(|demo| demo.codes),
        otp_secrets = otp.map_or(0, |otp| otp.secrets.len()),
        log = settings.shown(PublicSetting::Log).unwrap_or("info"),
        files,
        connections = limits::CONNECTIONS,
        pending_per_app = limits::PENDING_PER_APP,
        "starting"
    );
}

/// Warns of settings that work, but should not stay.
pub(crate) fn warn_about_settings(settings: &Settings, config: &Config) {
    if config.is_insecure() {
        tracing::warn!("LOGGIN_PUBLIC_URL is not https: tokens and results can be read on the way");
    }
    for setting in config.doubtful_secrets() {
        tracing::warn!(setting, "the secret is shorter or plainer than it should be: see docs/operations.md");
    }
    warn_about_names(settings);
    let files = process::most_files();
    if (1..limits::FILES_SENSIBLE).contains(&files) {
        tracing::warn!(files, "the limit of open files is low: each person who waits in a browser holds one");
    }
}

/// Warns of names in the environment that are nearly those of settings.
pub(crate) fn warn_about_names(settings: &Settings) {
    for (name, nearest) in settings.misspelt() {
        tracing::warn!(name, nearest, "the environment has a name that is no setting: is it misspelt?");
    }
}

/// Warns of what the database holds and a server for everybody should not.
pub(crate) async fn warn_about_data(store: &dyn Store) -> Result<(), StoreError> {
    let numbers = store.test_numbers().await?.len();
    if numbers > 0 {
        tracing::warn!(
            numbers,
            "there are test numbers: whoever knows one's code is that number to the apps"
        );
    }
    for app in store.apps().await? {
        let keys = store.secret_keys(app.app_key).await?;
        if !keys.iter().any(|key| key.is_good(SystemClock.now()) && is_published_key(key.hash)) {
            continue;
        }
        tracing::warn!(
            app_key = %app.app_key,
            "an app has the secret key that `loggin-server dev` publishes, which is refused here: \
             give it another with `app update --new-secret-key`, and look at its origins"
        );
    }
    Ok(())
}
