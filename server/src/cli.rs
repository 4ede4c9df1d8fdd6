//! The command line.

use std::{
    io::{IsTerminal, Write},
    net::SocketAddr,
    num::ParseIntError,
    path::{Path, PathBuf},
    process::ExitCode,
    str::FromStr,
};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use tokio::net::TcpListener;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::{
    app_commands,
    config::{LogFormat, Settings},
    dev, routes,
    run::{self, RunError},
    store::{Confirm, PhoneHidden},
    test_number_commands,
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
    Serve(ConfigArgs),
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
    /// Print the OpenAPI document.
    Openapi,
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
    /// Origin of a web page that may call, such as `https://example.com`, or `*` for any; may be repeated.
    #[arg(long = "allowed-origin", value_name = "URL", action = ArgAction::Append)]
    pub(crate) allowed_origins: Vec<String>,
    /// Show no phone number to who does not have the secret key [default: false].
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
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&RunError::Io("the runtime cannot be set up", error)),
    };
    match runtime.block_on(run(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &RunError) -> ExitCode {
    eprintln!("loggin-server: {error}");
    ExitCode::FAILURE
}

async fn run(command: Command) -> Result<(), RunError> {
    match command {
        Command::Dev(arguments) => {
            start_log(&environment(None)?)?;
            dev::run(arguments).await
        }
        Command::Serve(arguments) => {
            let settings = environment(arguments.config.as_deref())?;
            start_log(&settings)?;
            serve(&settings).await
        }
        Command::App { config, command } => {
            let settings = environment(config.config.as_deref())?;
            app_commands::run(&settings.database()?, command).await
        }
        Command::TestNumber { config, command } => {
            let settings = environment(config.config.as_deref())?;
            test_number_commands::run(&settings.database()?, command).await
        }
        Command::Openapi => {
            let document = routes::openapi::document().to_pretty_json();
            let document = document.map_err(|error| RunError::Refused(error.to_string()))?;
            print_line(&document)
        }
    }
}

fn environment(file: Option<&Path>) -> Result<Settings, RunError> {
    Ok(Settings::read(file, |name| std::env::var(name).ok())?)
}

async fn serve(settings: &Settings) -> Result<(), RunError> {
    let config = settings.config()?;
    if config.is_insecure() {
        tracing::warn!("LOGGIN_PUBLIC_URL is not https: tokens and results can be read on the way");
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| RunError::Io("LOGGIN_LISTEN: the address cannot be listened on", error))?;
    let address =
        listener.local_addr().map_err(|error| RunError::Io("the listener has no address", error))?;
    let store = run::open_store(&config.database).await?;
    test_number_commands::warn(&*store).await?;
    let ready = run::prepare(config, store, loggin::wire::MAX_TOKENS_WITHOUT_KEY)?;
    print_line(&format!("loggin-server listening on http://{address}"))?;
    ready.serve(listener, std::future::pending()).await
}

/// Writes to standard output at once: who started this program may wait for the line.
pub(crate) fn print_line(line: &str) -> Result<(), RunError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| RunError::Io("standard output", error))
}

fn start_log(settings: &Settings) -> Result<(), RunError> {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse(settings.log())
        .map_err(|_| {
            RunError::Refused("LOGGIN_LOG: must be a level, such as info, or a list of directives".into())
        })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match settings.log_format()? {
        LogFormat::Json => log.json().init(),
        LogFormat::Pretty => log.init(),
    }
    Ok(())
}
