//! The command line.

mod app;
mod audit;
mod dev;
mod run;
mod startup;
mod test_number;

use std::{
    io::Write,
    net::SocketAddr,
    num::ParseIntError,
    path::{Path, PathBuf},
    process::ExitCode,
    str::FromStr,
    sync::Arc,
};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use tokio::net::TcpListener;

use self::{
    run::{Mode, RunError},
    startup::Addresses,
};
use crate::{
    config::Settings,
    http::routes,
    limits,
    logins::Publisher,
    store::{CommitListener, Confirm, PhoneHidden},
    telemetry::{Exporter, Log, log},
};

/// Sign in with WhatsApp, for any app.
#[derive(Debug, Parser)]
#[command(name = "loggin-server", version, about, long_about = None)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run server and phone simulator on this machine, with the app 8XKPQ2WN ready.
    Dev(DevArgs),
    /// Run the server as the configuration file and the environment say.
    Serve(ServeArgs),
    /// Add, list and change apps.
    App {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(subcommand)]
        command: AppCommand,
    },
    /// Add, list and remove test numbers, which have a fixed code and are never sent to.
    TestNumber {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(subcommand)]
        command: TestNumberCommand,
    },
    /// List what administrators did, the latest last.
    Audit {
        #[command(flatten)]
        config: ConfigArgs,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the OpenAPI document.
    Openapi,
}

#[derive(Debug, Args)]
struct ServeArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Serve a database that `dev` made, whose app lets any web page sign in without a secret key.
    #[arg(long)]
    development_data: bool,
}

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
}

#[derive(Debug, Args)]
struct ConfigArgs {
    /// Settings in TOML; the environment goes before them.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

/// What is done to apps.
#[derive(Debug, Subcommand)]
pub(crate) enum AppCommand {
    /// Add an app; prints its app key and, this once, its secret key.
    Create(CreateArgs),
    /// List all apps.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Change an app; what is not named stays.
    Update(UpdateArgs),
}

/// A new app.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// Name that people are shown.
    #[arg(long)]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Changes of an app.
#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// The app.
    pub(crate) app_key: String,
    /// Name that people are shown.
    #[arg(long)]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    /// Allow no origins, before those that are named are allowed.
    #[arg(long)]
    pub(crate) clear_allowed_origins: bool,
    /// Make a new secret key, and print it this once; the old one is worth nothing from then on.
    #[arg(long)]
    pub(crate) new_secret_key: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What an app chooses.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// Whether redeeming a token needs the secret key [default: true].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) require_secret_key: Option<bool>,
    /// Origin of a web page or web view that may call, such as `https://example.com`, `https://*.example.com` for all
    /// below it, `capacitor://localhost`, or `*` for any; may be repeated.
    #[arg(long = "allowed-origin", value_name = "URL", action = ArgAction::Append)]
    pub(crate) allowed_origins: Vec<String>,
    /// Show neither phone number nor user id to who does not have the secret key [default: false].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) hide_phone_from_browser: Option<bool>,
    /// What follows the message [default: none].
    #[arg(long)]
    pub(crate) confirm: Option<ConfirmArg>,
    /// What happens where WhatsApp hides the phone number [default: ask].
    #[arg(long)]
    pub(crate) phone_hidden: Option<PhoneHiddenArg>,
    /// Calls for one-time codes that the app's key may make in a minute [default: 120].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) calls_per_minute: Option<u32>,
    /// One-time codes that the app may have sent in a calendar month (UTC), or `none` [default: none].
    #[arg(long, value_name = "COUNT")]
    pub(crate) monthly_quota: Option<QuotaArg>,
    /// Messages to people that the app's logins may cost in a day, or `none` [default: 10000].
    #[arg(long, value_name = "COUNT")]
    pub(crate) messages_per_day: Option<QuotaArg>,
    /// Whether test numbers are refused [default: true].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) live_only: Option<bool>,
}

/// A quota, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QuotaArg(pub(crate) Option<u32>);

impl FromStr for QuotaArg {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" { Ok(Self(None)) } else { text.parse().map(|quota| Self(Some(quota))) }
    }
}

/// What is done to test numbers.
#[derive(Debug, Subcommand)]
pub(crate) enum TestNumberCommand {
    /// Add a number, or give one another code. No code is ever sent to it: it always has this one.
    Add {
        /// The number with its country code.
        number: String,
        /// Its code, 4 to 8 digits.
        #[arg(long)]
        code: String,
        /// Have no pause between two codes, for tests that run side by side.
        #[arg(long)]
        no_cooldown: bool,
        /// Take a number that may be a real person's: whoever knows its code is that person to every app that takes test
        /// numbers.
        #[arg(long)]
        even_if_real: bool,
    },
    /// List all, each with its code.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove a number.
    Remove {
        /// The number with its country code.
        number: String,
    },
}

/// See [`Confirm`].
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ConfirmArg {
    /// Nothing: the message signs in.
    None,
    /// An answer with a "not me" button.
    Reply,
    /// An answer with a code to be typed where the login began.
    Code,
}

impl From<ConfirmArg> for Confirm {
    fn from(argument: ConfirmArg) -> Self {
        match argument {
            ConfirmArg::None => Self::None,
            ConfirmArg::Reply => Self::Reply,
            ConfirmArg::Code => Self::Code,
        }
    }
}

/// See [`PhoneHidden`].
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PhoneHiddenArg {
    /// The sender is asked for it.
    Ask,
    /// The login fails.
    Fail,
}

impl From<PhoneHiddenArg> for PhoneHidden {
    fn from(argument: PhoneHiddenArg) -> Self {
        match argument {
            PhoneHiddenArg::Ask => Self::Ask,
            PhoneHiddenArg::Fail => Self::Fail,
        }
    }
}

/// Runs what the command line asks for.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut log = None;
    let ended = run(cli.command, &mut log);
    if let Err(error) = &ended {
        tell_failure(error, log.as_ref());
    }
    if let Some(log) = &log {
        log.flush();
    }
    if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Tells why the program ends: in the log where a program reads that, and else in a line for people.
fn tell_failure(error: &RunError, log: Option<&Log>) {
    let logged = log.is_some_and(Log::is_json) && tracing::enabled!(tracing::Level::ERROR);
    if logged {
        tracing::error!(%error, "the program ends");
    } else {
        if let Some(log) = log {
            log.flush();
        }
        log::print_last(format!("loggin-server: {error}"));
    }
}

fn run(command: Command, log: &mut Option<Log>) -> Result<(), RunError> {
    let mut start = |config: Option<&Path>| {
        let settings = Settings::read(config, std::env::vars_os())?;
        *log = Some(Log::start(&settings)?);
        Ok::<_, RunError>(settings)
    };
    match command {
        Command::Dev(arguments) => {
            let settings = start(None)?;
            block_on(dev::run(arguments, &settings))
        }
        Command::Serve(arguments) => {
            let settings = start(arguments.config.config.as_deref())?;
            block_on(serve(&settings, arguments.development_data))
        }
        Command::App { config, command } => {
            let database = start(config.config.as_deref())?.database()?;
            block_on(app::run(&database, command))
        }
        Command::TestNumber { config, command } => {
            let database = start(config.config.as_deref())?.database()?;
            block_on(test_number::run(&database, command))
        }
        Command::Audit { config, json } => {
            let database = start(config.config.as_deref())?.database()?;
            block_on(audit::list(&database, json))
        }
        Command::Openapi => {
            let document = routes::openapi::document().to_pretty_json();
            let document = document.map_err(|error| RunError::Refused(error.to_string()))?;
            print_line(&document)
        }
    }
}

fn block_on(work: impl Future<Output = Result<(), RunError>>) -> Result<(), RunError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| RunError::Io("the runtime cannot be set up", error))?;
    let ended = runtime.block_on(work);
    // What still reads or prints then may do so for ever.
    runtime.shutdown_background();
    ended
}

async fn serve(settings: &Settings, development_data: bool) -> Result<(), RunError> {
    let config = settings.config()?;
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| RunError::Io("LOGGIN_LISTEN: the address cannot be listened on", error))?;
    let server = listener.local_addr().map_err(|error| RunError::Io("the listener has no address", error))?;
    let exporter = run::listen_for_metrics(config.metrics).await?;
    let metrics = exporter.as_ref().map(Exporter::address);
    startup::tell_start(settings, &config, Addresses { server, metrics });
    startup::warn_about_settings(settings, &config);
    let publisher = Arc::new(Publisher::default());
    let store = run::open_store(&config.database, Arc::clone(&publisher) as Arc<dyn CommitListener>).await?;
    dev::check_serving(&*store, development_data).await?;
    startup::warn_about_data(&*store).await?;
    let ready = run::prepare(config, store, publisher, Mode::Production)?;
    announce(format!("loggin-server listening on http://{server}")).await?;
    ready.serve(listener, exporter, std::future::pending()).await
}

/// Writes to standard output at once: who started this program may wait for the line.
pub(crate) fn print_line(line: &str) -> Result<(), RunError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| RunError::Io("standard output", error))
}

/// The same from a program that serves: it does not wait for a reader who never comes.
pub(crate) async fn announce(line: String) -> Result<(), RunError> {
    let printing = tokio::task::spawn_blocking(move || print_line(&line));
    let Ok(printed) = tokio::time::timeout(limits::ANNOUNCEMENT, printing).await else {
        tracing::warn!("nobody reads standard output, where the address of the server is told");
        return Ok(());
    };
    printed.map_err(|_| RunError::Refused("standard output cannot be written to".into()))?
}
