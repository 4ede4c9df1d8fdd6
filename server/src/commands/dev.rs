//! `loggin-server dev`: server and phone simulator on one machine, with an app ready and nothing to set up.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use clap::Args;
use data_encoding::HEXLOWER;
use ipnet::IpNet;
use loggin_protocol::{AppKey, PhoneNumber, SecretKey, link::WhatsAppNumber};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::{Child, ChildStdout, Command},
    sync::oneshot,
};
use url::Url;

use super::{
    audit,
    output::announce,
    run::{self, Mode, RunError},
    startup::{self, Addresses},
};
use crate::{
    apps::{DEMO_SECRET_KEY, origin::ANY_ORIGIN},
    clock::{Clock, SystemClock, SystemRandom, random_bytes},
    config::{
        AccessToken, Config, DEFAULT_ISSUER_SESSION, DEFAULT_OTP_LANGUAGE, DemoConfig, ForwardedHeader,
        OtpConfig, Settings, TrustedProxies, WebhookConfig, WhatsAppConfig,
    },
    limits,
    logins::Publisher,
    store::{
        Act, Admin, App, AppSecretKey, CommitListener, Confirm, GuardMode, GuardSettings, Location,
        PhoneHidden, Role, Store,
    },
    telemetry::Exporter,
};

/// The app that is ready. It needs no secret key to sign in by a message, and any web page may call for it.
const DEMO_APP: &str = "8XKPQ2WN";

/// The template of one-time codes: the simulator takes every name for an approved one.
const OTP_TEMPLATE: &str = "verification_code";

/// The business's number: of the range that is set aside for stories, so nobody has it.
const NUMBER: &str = "15550100000";

/// The number's id: no real account has it.
const PHONE_NUMBER_ID: &str = "100000000000001";

/// Who may use the console: one of the simulator's people, who is there from the start.
const OWNER: (&str, &str) = ("ana", "15550002222");

/// The program of the simulator, which stands beside this one.
const SIMULATOR: &str = "whatsapp-simulator";

/// What the simulator prints before its URL once it can be used.
const SIMULATOR_READY: &str = "listening on ";

/// The version in the path of the simulator's Graph API: any is served.
const GRAPH_VERSION: &str = "v26.0";

/// File of the database in the data folder.
const DATABASE: &str = "loggin.db";

/// Where `dev` listens and keeps its data.
#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// Address of the server; port 0 takes any that is free.
    #[arg(long, default_value = "127.0.0.1:8787", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// Address of the phone simulator; port 0 takes any that is free.
    #[arg(long, default_value = "127.0.0.1:8788", value_name = "ADDRESS")]
    pub(crate) simulator_listen: SocketAddr,
    /// Folder of the database; without one, what is stored is gone at the end.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Ends when standard input does: with the program that started this one, however that ends.
    #[arg(long)]
    pub(crate) exit_with_parent: bool,
}

/// Secrets, new at each start. But for the last, the server and its simulator share them.
struct Secrets {
    app_secret: String,
    verify_token: String,
    access_token: String,
    /// The server's alone.
    otp_secret: String,
}

/// Runs both until a signal tells to stop.
pub(crate) async fn run(arguments: DevArgs, settings: &Settings) -> Result<(), RunError> {
    let (folder, _temporary) = data_folder(arguments.data)?;
    let publisher = Arc::new(Publisher::default());
    let listener = Arc::clone(&publisher) as Arc<dyn CommitListener>;
    let location = Location::file(folder.join(DATABASE));
    let store = run::open_store(&location, listener).await?;
    mark(&*store).await?;
    add_demo_app(&*store).await?;
    add_owner(&*store).await?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|error| RunError::Io("--listen: the address cannot be listened on", error))?;
    let address =
        listener.local_addr().map_err(|error| RunError::Io("the listener has no address", error))?;
    let secrets = Secrets {
        app_secret: random_text(),
        verify_token: random_text(),
        access_token: random_text(),
        otp_secret: random_text(),
    };
    let (mut simulator, simulator_url) =
        start_simulator(arguments.simulator_listen, address, &secrets).await?;
    // Only where it is asked for: several of these run side by side.
    let exporter = run::listen_for_metrics(settings.metrics_or(None)?).await?;
    let metrics = exporter.as_ref().map(Exporter::address);
    let webhooks = webhooks(settings.webhooks()?);
    let config = Config { metrics, webhooks, ..config(address, &simulator_url, &secrets)? };
    startup::tell_start(settings, &config, &location, Addresses { server: address, metrics });
    startup::warn_about_names(settings);
    let ready = run::prepare(config, store, publisher, Mode::Development).await?;
    announce(format!("loggin-server listening on http://{address}")).await?;
    announce(format!("phone simulator on {}", simulator_url.as_str().trim_end_matches('/'))).await?;
    // Who waits for the lines above may listen no longer.
    let _ = announce(format!("app {DEMO_APP}, secret key {DEMO_SECRET_KEY}")).await;
    let _ = announce(format!("console on http://{address}/console, for Ana Torres and her phone")).await;
    // Held, as waiting for a process closes what is left of its input, and the simulator ends with that.
    let _input = simulator.stdin.take();
    let ended = async {
        tokio::select! {
            () = input_closed(), if arguments.exit_with_parent => Ok(()),
            status = simulator.wait() => {
                let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                Err(RunError::Refused(format!("the phone simulator ended: {status}")))
            }
        }
    };
    ready.serve(listener, exporter, ended).await
}

/// Standard input has come to its end. It is read on a thread of its own, which the end of the process takes along.
async fn input_closed() {
    let (closed, wait) = oneshot::channel();
    std::thread::spawn(move || {
        // What somebody types is passed over.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        closed.send(())
    });
    let _ = wait.await;
}

/// Webhooks go to this machine too, where the developer's app is. Whoever adds an endpoint needs the same secret, so it
/// is not drawn here.
fn webhooks(config: WebhookConfig) -> WebhookConfig {
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].map(IpNet::from);
    WebhookConfig { networks: config.networks.into_iter().chain(loopback).collect(), ..config }
}

/// Marks the database as this command's own. One that holds apps of others is left alone: it would be open to
/// everybody afterwards.
async fn mark(store: &dyn Store) -> Result<(), RunError> {
    if !store.is_development().await? {
        let is_demo = |app: &App| app.app_key.as_str() == DEMO_APP;
        if !store.apps().await?.iter().all(is_demo) {
            return Err(RunError::Refused(
                "--data: the database there is not of `dev`, which would open it to everybody: choose another \
                 folder"
                    .into(),
            ));
        }
        audit::administer(store, Act::MarkDevelopment).await?;
    }
    Ok(())
}

/// The folder of the database, and what removes it at the end where it is a temporary one.
fn data_folder(given: Option<PathBuf>) -> Result<(PathBuf, Option<TempDir>), RunError> {
    if let Some(folder) = given {
        std::fs::create_dir_all(&folder).map_err(|error| RunError::Io("--data: the folder", error))?;
        return Ok((folder, None));
    }
    let temporary = tempfile::Builder::new().prefix("loggin-dev-").tempdir();
    let temporary = temporary.map_err(|error| RunError::Io("no temporary folder can be made", error))?;
    Ok((temporary.path().to_owned(), Some(temporary)))
}

fn random_text() -> String {
    HEXLOWER.encode(&random_bytes::<16>(&SystemRandom))
}

/// Starts the simulator and waits until it can be used. It ends when this program does, as its input then ends.
async fn start_simulator(
    listen: SocketAddr,
    server: SocketAddr,
    secrets: &Secrets,
) -> Result<(Child, Url), RunError> {
    let program = simulator_path()?;
    let mut child = Command::new(program)
        .args(["--listen", &listen.to_string()])
        .args(["--webhook-url", &format!("http://{server}/webhooks/whatsapp")])
        .args(["--phone-number-id", PHONE_NUMBER_ID])
        .args(["--number", NUMBER])
        .args(framed_by(server))
        .arg("--exit-with-parent")
        .env("WHATSAPP_APP_SECRET", &secrets.app_secret)
        .env("WHATSAPP_VERIFY_TOKEN", &secrets.verify_token)
        .env("WHATSAPP_ACCESS_TOKEN", &secrets.access_token)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Ctrl-C is for this program, which ends the simulator in its turn.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| RunError::Io("the phone simulator cannot be started", error))?;
    let Some(stdout) = child.stdout.take() else {
        return Err(RunError::Refused("the phone simulator has no output".into()));
    };
    Ok((child, read_url(stdout).await?))
}

/// The pages that show a phone in a frame: this server's own, by each name that a developer has for this machine.
fn framed_by(server: SocketAddr) -> Vec<String> {
    let localhost = server.ip().is_loopback().then(|| format!("http://localhost:{}", server.port()));
    let origins = [format!("http://{server}")].into_iter().chain(localhost);
    origins.flat_map(|origin| ["--framed-by".to_owned(), origin]).collect()
}

fn simulator_path() -> Result<PathBuf, RunError> {
    let own = std::env::current_exe()
        .map_err(|error| RunError::Io("where this program stands is unknown", error))?;
    let name = format!("{SIMULATOR}{}", std::env::consts::EXE_SUFFIX);
    let path = own.with_file_name(name);
    if path.is_file() {
        return Ok(path);
    }
    Err(RunError::Refused(format!(
        "the phone simulator is missing: {} should be there (`cargo build -p {SIMULATOR}` makes it)",
        path.display()
    )))
}

/// Reads the line that names the simulator's URL, and passes on whatever it prints afterwards.
async fn read_url(stdout: ChildStdout) -> Result<Url, RunError> {
    let mut lines = BufReader::new(stdout).lines();
    let no_url = || RunError::Refused("the phone simulator ended before it could be used".into());
    let url = loop {
        let line: Option<String> = lines
            .next_line()
            .await
            .map_err(|error: io::Error| RunError::Io("the phone simulator's output", error))?;
        let line = line.ok_or_else(no_url)?;
        if let Some(url) = line.strip_prefix(SIMULATOR_READY) {
            break Url::parse(url.trim()).map_err(|_| no_url())?;
        }
    };
    tokio::spawn(async move {
        // A full pipe would stop it.
        while let Ok(Some(_)) = lines.next_line().await {}
    });
    Ok(url)
}

async fn add_demo_app(store: &dyn Store) -> Result<(), RunError> {
    let refused = |error: loggin_protocol::Error| RunError::Refused(error.message().into());
    let key = SecretKey::parse(DEMO_SECRET_KEY).map_err(refused)?;
    let app = App {
        app_key: AppKey::parse(DEMO_APP).map_err(refused)?,
        name: "Loggin demo".to_owned(),
        require_secret_key: false,
        hide_phone_from_browser: false,
        allowed_origins: vec![ANY_ORIGIN.to_owned()],
        confirm: Confirm::None,
        phone_hidden: PhoneHidden::Ask,
        calls_per_minute: limits::CALLS_PER_MINUTE,
        monthly_quota: None,
        live_only: false,
        messages_per_day: Some(limits::MESSAGES_PER_APP),
        history_days: None,
        created_at: SystemClock.now(),
        disabled_at: None,
    };
    // In a folder that was used before, the app is there, with what was changed about it since.
    store.insert_app(&app).await?;
    if store.guards(app.app_key).await?.is_none() {
        // Numbers here are made up, and nobody pays for a message.
        let off = GuardSettings { mode: GuardMode::Off, ..GuardSettings::default() };
        audit::administer(store, Act::SetGuards(app.app_key, Box::new(off), vec!["mode"])).await?;
    }
    if store.secret_keys(app.app_key).await?.is_empty() {
        let key = AppSecretKey::of(&key, "published", app.created_at);
        store.insert_secret_key(&key).await?;
    }
    Ok(())
}

/// Lets one of the simulator's people use the console, unless they were taken off since.
async fn add_owner(store: &dyn Store) -> Result<(), RunError> {
    if !store.admins().await?.is_empty() {
        return Ok(());
    }
    let (name, number) = OWNER;
    let phone = PhoneNumber::parse(number);
    let phone = phone.map_err(|_| RunError::Refused("the owner's number cannot be used".into()))?;
    let owner = Admin {
        name: name.to_owned(),
        role: Role::Owner,
        phone: Some(phone),
        subject: None,
        apps: None,
        generation: 0,
        created_at: SystemClock.now(),
        signed_in_at: None,
    };
    audit::administer(store, Act::PutAdmin(owner)).await.map(drop)
}

fn config(address: SocketAddr, simulator: &Url, secrets: &Secrets) -> Result<Config, RunError> {
    let refused = |what: &str| RunError::Refused(format!("{what} cannot be used"));
    Ok(Config {
        listen: address,
        metrics: None,
        tls: None,
        public_url: Url::parse(&format!("http://{address}")).map_err(|_| refused("the address"))?,
        link_base: simulator.clone(),
        trusted_proxies: TrustedProxies::loopback(ForwardedHeader::default()),
        counts_addresses: false,
        retention: None,
        history: limits::DEVELOPMENT_HISTORY,
        issuer_session: DEFAULT_ISSUER_SESSION,
        whatsapp: WhatsAppConfig {
            number: WhatsAppNumber::parse(NUMBER).map_err(|_| refused("the number"))?,
            phone_number_id: PHONE_NUMBER_ID.to_owned(),
            access_token: AccessToken::new(&secrets.access_token)
                .ok_or_else(|| refused("the access token"))?,
            app_secrets: vec![SecretString::from(secrets.app_secret.as_str())],
            verify_token: SecretString::from(secrets.verify_token.as_str()),
            graph_url: simulator.join(GRAPH_VERSION).map_err(|_| refused("the simulator's URL"))?,
        },
        otp: Some(OtpConfig {
            template: OTP_TEMPLATE.to_owned(),
            language: DEFAULT_OTP_LANGUAGE.to_owned(),
            secrets: vec![SecretString::from(secrets.otp_secret.as_str())],
        }),
        demo: Some(DemoConfig {
            app_key: AppKey::parse(DEMO_APP).map_err(|_| refused("the app"))?,
            codes: true,
        }),
        webhooks: WebhookConfig { secrets: Vec::new(), networks: Vec::new(), kept: Duration::ZERO },
    })
}
