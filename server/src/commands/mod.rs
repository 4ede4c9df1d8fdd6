//! The command line.

mod access_key;
mod admin;
mod administrator;
mod app;
mod app_key;
mod app_state;
mod app_view;
mod audit;
mod client;
mod dev;
mod doctor;
mod gateway;
mod guard;
mod logs;
mod nodes;
mod output;
mod person;
mod run;
mod serve;
mod startup;
mod supervisor;
mod template;
mod test_number;
mod usage;
mod webhook;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use self::{
    access_key::AccessKeyCommand,
    admin::AdminCommand,
    app::AppCommand,
    client::ClientCommand,
    dev::DevArgs,
    doctor::DoctorArgs,
    gateway::GatewayCommand,
    guard::GuardCommand,
    logs::LogsArgs,
    output::{print_line, tell_failure},
    person::Wish,
    run::RunError,
    serve::ServeArgs,
    template::TemplateCommand,
    test_number::TestNumberCommand,
    usage::UsageArgs,
    webhook::WebhookCommand,
};
use crate::{
    config::Settings,
    http::routes,
    limits, store,
    telemetry::{Log, Traces},
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
    #[command(flatten)]
    Data(DataCommand),
    /// Show the templates of messages that the account has at Meta.
    Template {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(subcommand)]
        command: TemplateCommand,
    },
    /// Look at everything that a login needs, and say what to do.
    Doctor(DoctorArgs),
    /// Print the OpenAPI document.
    Openapi,
    /// Print what has a shell complete these commands.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// What is done on the database that the configuration names.
#[derive(Debug, Subcommand)]
enum DataCommand {
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
    /// Guard one-time codes against being asked for to cost money: show, set, and end pauses.
    Guard {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(subcommand)]
        command: GuardCommand,
    },
    /// Tell apps of what happens by webhooks: add, list, try and change where, and deliver again.
    Webhook {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(subcommand)]
        command: WebhookCommand,
    },
    /// Let programs sign people in through OpenID: add, list, show and delete clients, and replace their secrets.
    Client {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(subcommand)]
        command: ClientCommand,
    },
    /// Send the codes of other authentication servers: add, list and delete gateways, and replace their secrets.
    Gateway {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(subcommand)]
        command: GatewayCommand,
    },
    /// Add, list, remove and sign out who may use the console.
    Admin {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(subcommand)]
        command: AdminCommand,
    },
    /// Add, list and revoke keys by which programs administer this server.
    AccessKey {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(subcommand)]
        command: AccessKeyCommand,
    },
    /// List what became of logins and one-time codes, the latest last.
    Logs {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(flatten)]
        arguments: LogsArgs,
    },
    /// Count logins and one-time codes: how far they came, how long it took, and why they failed.
    Usage {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(flatten)]
        arguments: UsageArgs,
    },
    /// List the servers that share the database.
    Nodes {
        #[command(flatten)]
        config: ConfigArgs,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List what administrators did, the latest last.
    Audit {
        #[command(flatten)]
        config: ConfigArgs,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print what the database holds of a person, as JSON. It needs the secrets of the server's configuration.
    Export {
        #[command(flatten)]
        config: ConfigArgs,
        /// The person's number, with its country code.
        phone: String,
    },
    /// Delete what the database holds of a person. It needs the secrets of the server's configuration.
    Forget {
        #[command(flatten)]
        config: ConfigArgs,
        /// The person's number, with its country code.
        phone: String,
    },
    /// Copy the database to a new file, also while a server runs, and look through the copy.
    Backup {
        #[command(flatten)]
        config: ConfigArgs,
        /// The file to be made; it must not exist.
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
struct ConfigArgs {
    /// Settings in TOML; the environment goes before them.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

/// Runs what the command line asks for.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let (mut log, mut traces) = (None, None);
    let ended = run(cli.command, &mut log, &mut traces);
    if let Some(traces) = &traces {
        traces.end(limits::TRACES_FLUSH);
    }
    if let Err(error) = &ended {
        tell_failure(error, log.as_ref());
    }
    if let Some(log) = &log {
        log.flush();
    }
    if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(command: Command, log: &mut Option<Log>, traces: &mut Option<Traces>) -> Result<(), RunError> {
    let mut start_with = |config: Option<&Path>, arguments: &mut dyn Iterator<Item = _>, serves| {
        let settings = Settings::read(config, std::env::vars_os().chain(arguments))?;
        if serves {
            *traces = Traces::from_environment()?;
        }
        *log = Some(Log::start(&settings, traces.as_ref())?);
        Ok::<_, RunError>(settings)
    };
    let mut start = |config: Option<&Path>| start_with(config, &mut std::iter::empty(), false);
    match command {
        Command::Dev(arguments) => {
            let settings = start_with(None, &mut std::iter::empty(), true)?;
            block_on(dev::run(arguments, &settings))
        }
        Command::Serve(arguments) => {
            let settings = start_with(arguments.config.config.as_deref(), &mut arguments.settings(), true)?;
            block_on(serve::run(&settings, arguments.development_data))
        }
        Command::Data(command) => run_on_database(command, start),
        Command::Template { config, command } => {
            let settings = start(config.config.as_deref())?;
            block_on(template::run(settings, command))
        }
        // Without a log: what it would say, and what is wrong with it, is in the report.
        Command::Doctor(arguments) => block_on(doctor::run(arguments)),
        Command::Openapi => {
            let document = routes::openapi::document().to_pretty_json();
            let document = document.map_err(|error| RunError::Refused(error.to_string()))?;
            print_line(&document)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "loggin-server", &mut script);
            print_line(String::from_utf8_lossy(&script).trim_end())
        }
    }
}

fn run_on_database(
    command: DataCommand,
    mut start: impl FnMut(Option<&Path>) -> Result<Settings, RunError>,
) -> Result<(), RunError> {
    match command {
        DataCommand::App { config, command } => {
            let database = run::location(&start(config.config.as_deref())?)?;
            block_on(app::run(&database, command))
        }
        DataCommand::TestNumber { config, command } => {
            block_on(test_number::run(&run::location(&start(config.config.as_deref())?)?, command))
        }
        DataCommand::Guard { config, command } => {
            block_on(guard::run(&run::location(&start(config.config.as_deref())?)?, command))
        }
        DataCommand::Client { config, command } => {
            block_on(client::run(&run::location(&start(config.config.as_deref())?)?, command))
        }
        DataCommand::Admin { config, command } => {
            block_on(admin::run(&run::location(&start(config.config.as_deref())?)?, command))
        }
        DataCommand::AccessKey { config, command } => {
            let database = run::location(&start(config.config.as_deref())?)?;
            block_on(access_key::run(&database, command))
        }
        DataCommand::Webhook { config, command } => {
            let settings = start(config.config.as_deref())?;
            block_on(webhook::run(&settings, command))
        }
        DataCommand::Gateway { config, command } => {
            let settings = start(config.config.as_deref())?;
            block_on(gateway::run(&settings, command))
        }
        DataCommand::Logs { config, arguments } => {
            let settings = start(config.config.as_deref())?;
            block_on(logs::run(&settings, &arguments))
        }
        DataCommand::Usage { config, arguments } => {
            let database = run::location(&start(config.config.as_deref())?)?;
            block_on(usage::run(&database, &arguments))
        }
        DataCommand::Nodes { config, json } => {
            let database = run::location(&start(config.config.as_deref())?)?;
            block_on(nodes::list(&database, json))
        }
        DataCommand::Audit { config, json } => {
            let database = run::location(&start(config.config.as_deref())?)?;
            block_on(audit::list(&database, json))
        }
        DataCommand::Export { config, phone } => {
            let settings = start(config.config.as_deref())?;
            block_on(person::run(&settings, &phone, Wish::Export))
        }
        DataCommand::Forget { config, phone } => {
            let settings = start(config.config.as_deref())?;
            block_on(person::run(&settings, &phone, Wish::Forget))
        }
        DataCommand::Backup { config, file } => {
            let database = run::location(&start(config.config.as_deref())?)?;
            let _bar = output::progress("copying");
            // It gets its name once it was looked through.
            let bytes = store::back_up(&database, &file)?;
            print_line(&format!("{}  {bytes} bytes, whole", file.display()))
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
